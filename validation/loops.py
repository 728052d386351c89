"""Coverage of the intervals of loops without a model; writes docs/validation/loops.md and .json.

Loops have random levels, noise, steps, sense and switching fields.  A square loop with one switch
per direction is known to lie between two readings, so those intervals hold it always.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np

from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.inference.loop import fit_free_loop

RESULT = Path("docs/validation/loops.json")
KINDS = ("square", "square, noisy", "square, scattered sweeps", "tanh", "tanh, not saturated",
         "Langevin", "error function")  # fmt: skip
MACHINE = "2-core x86-64 VM"
SYMBOLS = ("R_P", "R_AP", "TMR", "H_c", "H_off")


def loop(kind, seed):
    """Return fields, readings and the truth of a random loop."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    reach, points = 100.0, int(rng.integers(41, 121))
    sweeps = 6 if "sweeps" in kind else 1
    up = np.linspace(-reach, reach, points)
    h = np.tile(np.append(up, up[::-1]), sweeps)
    falling = np.tile(np.arange(2 * points) >= points, sweeps)
    number = np.repeat(np.arange(2 * sweeps), points)
    sense = rng.choice([-1, 1])
    coercive, offset = rng.uniform(5, 40), rng.uniform(-30, 30)
    low = 10 ** rng.uniform(2, 5)
    tmr = rng.uniform(0.05, 2.0)
    noise = low * tmr * (rng.uniform(0.15, 0.35) if "noisy" in kind else rng.uniform(0.003, 0.05))
    centre = np.where(falling, offset - coercive, offset + coercive)
    if kind.startswith("square"):
        if sweeps > 1:
            centre = centre + rng.normal(0, rng.uniform(2, 6), 2 * sweeps)[number]
        part = np.where(h > centre, 1.0, -1.0)
    else:
        width = rng.uniform(60, 90) if "not" in kind else rng.uniform(10, 30)
        x = (h - centre) / width
        if kind == "Langevin":
            part = 1 / np.tanh(3 * x + 1e-9) - 1 / (3 * x + 1e-9)
        elif kind == "error function":
            from scipy.special import erf

            part = erf(x * np.sqrt(np.pi) / 2)
        else:
            part = np.tanh(x)
    r = low * (1 + tmr * (1 + sense * part) / 2) + noise * rng.normal(size=h.size)
    truth = {"R_P": low, "R_AP": low * (1 + tmr), "TMR": tmr, "H_c": coercive, "H_off": offset}
    return h, r, truth


def one(case):
    """Return whether each interval holds the truth, or the reason why there is none."""
    kind, seed = case
    h, r, truth = loop(kind, seed)
    try:
        fit = fit_free_loop(h, r)
    except SmtjError as error:
        return kind, str(error)
    found = {e.symbol: e for e in fit.estimates}
    held = {
        s: bool(found[s].interval[0] <= truth[s] <= found[s].interval[1])
        for s in SYMBOLS
        if s in found
    }
    return kind, {"held": held, "square": bool(fit.square)}


def main():
    """Run all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loops", type=int, default=300, help="per kind")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    cases = [(kind, seed) for kind in KINDS for seed in range(arguments.loops)]
    with ProcessPoolExecutor(arguments.workers) as pool:
        found = list(pool.map(one, cases, chunksize=8))
    rows = {}
    for kind in KINDS:
        own = [result for name, result in found if name == kind]
        fitted = [result for result in own if not isinstance(result, str)]
        rows[kind] = {
            "loops": len(own),
            "refused": len(own) - len(fitted),
            "square": sum(each["square"] for each in fitted),
            "coverage": {
                s: float(np.mean([each["held"][s] for each in fitted if s in each["held"]]))
                for s in SYMBOLS
            },
        }
    write_text(RESULT, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    write_text(RESULT.with_suffix(".md"), table(rows, date.today().isoformat()))


def table(rows, day):
    """Return the table in Markdown."""
    lines = [
        "# Validation: loops without a model",
        "",
        "How often the 95 % intervals of random loops hold the truth "
        "(`python validation/loops.py`). Loops have either sense, a TMR of 5 to 200 %, a width or "
        "steps of their own and noise of 0.3 to 5 % of the separation; noisy ones 15 to 35 %. The "
        "switch of a square loop that was swept once lies between two readings: such an interval "
        "holds it with certainty, not in 95 %.",
        "",
        f"| loops | fitted | {' | '.join(SYMBOLS)} |",
        "| --- " * (2 + len(SYMBOLS)) + "|",
    ]
    for kind, row in rows.items():
        numbers = " | ".join(f"{100 * row['coverage'][s]:.1f} %" for s in SYMBOLS)
        lines.append(f"| {kind} | {row['loops'] - row['refused']}/{row['loops']} | {numbers} |")
    return "\n".join([*lines, "", f"*{day}, {MACHINE}.*"]) + "\n"


if __name__ == "__main__":
    main()

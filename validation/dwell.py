"""Measure the coverage of intervals of dwell times; writes docs/validation/dwell.json.

Random telegraph traces of three readings per shorter dwell time are fitted; 93 to 97 % of the 95 %
intervals must contain the true value, and they must be at most 1.3 times as wide as the Cramér-Rao
bound, which is estimated from the scatter of the score over simulations at the truth.  Traces of
other kinds must get other verdicts.
"""

import argparse
import json
import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from smtj import provenance
from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.inference.telegraph.climb import slopes
from smtj.inference.telegraph.fit import fit_trace
from smtj.inference.telegraph.readings import clean
from smtj.inference.telegraph.start import TWO, neutral

RESULT = Path("docs/validation/dwell.json")
SHORTER, RATIOS = 3.0, (1.0, 20.0)
SWITCHES, READINGS = (50, 150), (1000, 4000)
MAX_NOISE, FREE_OF_NOISE = 0.3, 0.1
"""Largest σ/D, and the fraction of traces without any."""
SCORES, MIN_NOISE = 100, 0.03

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """A kind of traces: window over interval, and fraction of outliers."""

    name: str
    window: float
    outliers: float
    part: float
    """How many of them for each case asked for."""


KINDS = (
    Kind("instantaneous", 0.0, 0.0, 1),
    Kind("full window", 1.0, 0.0, 1),
    Kind("half window", 0.5, 0.0, 0.25),
    Kind("instantaneous, 2 % outliers", 0.0, 0.02, 0.25),
    Kind("full window, 2 % outliers", 1.0, 0.02, 0.25),
)


@dataclass(frozen=True)
class Case:
    """A trace's truth; times in readings, levels in D."""

    dwell_high: float
    dwell_low: float
    noise: float
    bend: float
    """Part of the drift that is bent; the drift is one D in all."""
    readings: int
    window: float
    outliers: float
    seed: int


def cases(kind: Kind, count: int) -> Iterator[Case]:
    """Yield random truths, the same for every count."""
    for number in range(count):
        rng = np.random.default_rng([KINDS.index(kind), number])
        longer = SHORTER * math.exp(rng.uniform(*np.log(RATIOS)))
        dwells = [SHORTER, longer] if rng.random() < 0.5 else [longer, SHORTER]
        noise = 0.0 if rng.random() < FREE_OF_NOISE else rng.uniform(0, MAX_NOISE)
        wanted = rng.uniform(*SWITCHES) * (SHORTER + longer) / 2
        yield Case(
            *dwells,
            noise=noise,
            bend=float(rng.integers(2)),
            readings=int(np.clip(wanted, *READINGS)),
            window=kind.window,
            outliers=kind.outliers,
            seed=int(rng.integers(2**32)),
        )


def fractions(rng: np.random.Generator, case: Case) -> Floats:
    """Simulate the switching events, and return the fraction of each reading spent high."""
    time = np.arange(1.0, case.readings + 1)
    p = case.dwell_high / (case.dwell_high + case.dwell_low)
    start = rng.random() < p
    mean = np.array([case.dwell_low, case.dwell_high])
    events, states = [np.zeros(1)], [np.array([start])]
    while events[-1][-1] < time[-1]:
        after = (states[-1][-1] + np.arange(1, 1001)) % 2 == 1
        before = ~after
        events.append(events[-1][-1] + np.cumsum(rng.exponential(mean[before.astype(int)])))
        states.append(after)
    when, high = np.concatenate(events), np.concatenate(states)
    if case.window == 0:
        return high[np.searchsorted(when, time, side="right") - 1].astype(np.float64)
    so_far = np.concatenate([[0.0], np.cumsum(np.diff(when) * high[:-1])])
    ends = np.interp(time, when, so_far) - np.interp(time - case.window, when, so_far)
    return ends / case.window


def observed(rng: np.random.Generator, case: Case, high: Floats) -> tuple[Floats, Floats]:
    """Return time and signal: the fraction of time high on a drift, with noise and outliers."""
    time = np.arange(1.0, case.readings + 1)
    x = time / case.readings
    # A straight line, or three quarters of an arch that begins anywhere.
    arch = np.sin(1.5 * np.pi * x + rng.uniform(0, 2 * np.pi)) / 2
    drift = rng.choice([-1, 1]) * ((1 - case.bend) * x + case.bend * arch)
    signal = drift + high + case.noise * rng.standard_normal(x.size)
    off = rng.random(x.size) < case.outliers
    signal[off] += rng.uniform(-5, 5, off.sum())
    return time, signal


def bound(case: Case) -> Floats:
    """Return the Cramér-Rao bound of the errors of ln τ_high and ln τ_low, levels being unknown."""
    rng = np.random.default_rng([case.seed, 1])
    time = np.arange(1.0, case.readings + 1)
    noise = max(case.noise, MIN_NOISE)
    scores = []
    for _ in range(SCORES):
        readings = clean(time, fractions(rng, case) + noise * rng.standard_normal(time.size))
        truth = neutral(TWO, {"window": case.window}).with_values(
            time=np.log([case.dwell_low, case.dwell_high]),
            offset=-readings.centre / readings.scale,
            gap=-math.log(readings.scale),
            scale=math.log(noise / readings.scale),
            outliers=1e-9,
        )
        free = truth.free & (np.array(TWO.names) != "outliers")
        each = slopes(readings, readings.signal, replace(truth, free=free))
        scores.append(each.sum(axis=0)[[1, 0, *range(2, each.shape[1])]])
    s = np.array(scores)
    # The inverse of a scattering matrix is too large by a known factor (a Wishart matrix's).
    inverse = np.linalg.inv(s.T @ s) * (SCORES - s.shape[1] - 1)
    return np.sqrt(np.diag(inverse)[:2])


def run(case: Case) -> dict[str, object]:
    """Fit one trace; return what became of it."""
    rng = np.random.default_rng([case.seed, 0])
    time, signal = observed(rng, case, fractions(rng, case))
    try:
        fit = fit_trace(time, signal, case.window)
    except SmtjError as error:
        return {"verdict": str(error)}
    truth = np.array([case.dwell_high, case.dwell_low])
    ends = np.array(fit.intervals())
    half = np.log(ends[:, 1] / ends[:, 0]) / 2
    return {
        "verdict": fit.verdict,
        "covered": ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).tolist(),
        "too_long": (ends[:, 0] > truth).tolist(),
        "width": half.tolist(),
        "over_bound": (half / (1.959964 * bound(case))).tolist(),
    }


OTHERS = {
    "one level": "one level",
    "two independent pairs of levels": "two fluctuators",
    "uncorrelated samples": "faster than the sampling",
}
"""Kinds of traces that have no two levels with dwell times, and what is to be said of them."""


def other_verdict(kind: str, number: int) -> str:
    """Return the verdict on a trace of another kind; instantaneous and full-window ones in turn."""
    rng = np.random.default_rng([len(KINDS) + list(OTHERS).index(kind), number])
    window = 0.0 if kind == "uncorrelated samples" else float(number % 2)
    case = Case(3.0, 5.0, rng.uniform(0.02, MAX_NOISE), 1.0, 2000, window, 0.01, 0)
    if kind == "uncorrelated samples":
        case = replace(case, dwell_high=0.1, dwell_low=0.3)
    high = np.zeros(case.readings) if kind == "one level" else fractions(rng, case)
    if kind == "two independent pairs of levels":
        high = high + 0.6 * fractions(rng, replace(case, dwell_high=20.0, dwell_low=25.0))
    time, signal = observed(rng, case, high)
    return fit_trace(time, signal, window).verdict


def summary(found: list[dict[str, object]]) -> dict[str, object]:
    """Return coverage, widths and verdicts of a kind of traces."""
    good = [one for one in found if one["verdict"] == "two levels"]
    others = [one["verdict"] for one in found if one["verdict"] != "two levels"]
    both = {key: np.array([one[key] for one in good]) for key in good[0] if key != "verdict"}
    return {
        "traces": len(found),
        "two_levels": len(good),
        "other_verdicts": {name: others.count(name) for name in sorted(set(others))},
        "coverage": dict(
            zip(("high", "low"), both["covered"].mean(axis=0).round(4).tolist(), strict=True)
        ),
        "coverage_error": round(math.sqrt(0.95 * 0.05 / len(good)), 4),
        "interval_above_truth": both["too_long"].mean(axis=0).round(4).tolist(),
        "width_over_bound": dict(
            zip(("high", "low"), both["over_bound"].mean(axis=0).round(3).tolist(), strict=True)
        ),
    }


def main() -> None:
    """Fit all kinds of traces, print a table and write it down."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    results: dict[str, object] = {}
    table = Table("readings", "traces", "two levels", "cover τ_high", "cover τ_low", "width/bound")
    with ProcessPoolExecutor(options.processes) as pool:
        for kind in KINDS:
            planned = list(cases(kind, round(options.cases * kind.part)))
            ended = pool.map(run, planned, chunksize=10)
            result = summary(list(track(ended, kind.name, len(planned))))
            results[kind.name] = result
            table.add_row(
                kind.name,
                str(result["traces"]),
                str(result["two_levels"]),
                *(f"{100 * value:.1f} %" for value in result["coverage"].values()),
                " ".join(f"{value:.2f}" for value in result["width_over_bound"].values()),
            )
        others = {}
        for kind in OTHERS:
            ended = pool.map(partial(other_verdict, kind), range(round(options.cases / 5)))
            verdicts = list(track(ended, kind, round(options.cases / 5)))
            others[kind] = {name: verdicts.count(name) for name in sorted(set(verdicts))}
    about = {"date": date.today().isoformat(), **provenance.versions()}
    content = {"about": about, "result": results, "verdicts_on_other_traces": others}
    write_text(options.out, json.dumps(content, indent=1) + "\n")
    console = Console()
    console.print(table)
    for kind, verdicts in others.items():
        console.print(f"{kind}: {', '.join(f'{n} {name}' for name, n in verdicts.items())}")
    console.print(options.out)


if __name__ == "__main__":
    main()

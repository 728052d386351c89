"""Compare every shipped card with its paper.  Writes docs/gallery.md.

The ladder of ``smtj ladder`` and a short simulated motion are recorded for each card in
docs/validation/gallery.json; the page is made of it.  ``--render`` writes the page alone.
"""

import argparse
import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from scipy.constants import electron_volt

from smtj import provenance
from smtj.card import DeviceCard, load_card, shipped_cards
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import driven_macrospin
from smtj.dynamics.macrospin.simulate import trajectories
from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.physics.device import vcma_point
from smtj.physics.free_layer import drive_field, easy_axis, macrospin
from smtj.units import convert, format_quantity, format_time
from smtj.validity import compare_formulas, compare_low_barrier, find_limits
from smtj.validity.limits import safe_ranges
from smtj.validity.low_barrier import with_low_barrier

RECORD, PAGE = Path("docs/validation/gallery.json"), Path("docs/gallery.md")
SIZE, LOOKS, INTERVAL, SEED = 1024, 160, 0.5e-9, 5
"""Of the simulated motion: trajectories, looks at each, time between them in s."""
COMMAND = "python validation/gallery.py"


def main() -> None:
    """Compute and render, or render alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--render", action="store_true", help="write the page from the recorded numbers"
    )
    if not parser.parse_args().render:
        found = {name: record(load_card(name)) for name in track(shipped_cards(), "cards")}
        about = {"date": date.today().isoformat(), **provenance.versions()}
        write_text(RECORD, json.dumps({"about": about, "result": found}, indent=1) + "\n")
    print(write_text(PAGE, page(json.loads(RECORD.read_text()))))


def record(card: DeviceCard) -> dict[str, Any]:
    """What is recorded of a card."""
    return {**numbers(card), "motion": motion(card), "validity": validity(card)}


def numbers(card: DeviceCard) -> dict[str, Any]:
    """What follows from a card at once."""
    point = vcma_point(card)
    count = dict.fromkeys(("paper", "derived", "measured", "assumed"), 0)
    for _, value, _ in card.values():
        count[value.provenance] += 1
    log_high, _ = point.log_dwell_times(point.offset_field)
    return {
        "title": card.title,
        "reference": card.reference,
        "stability_factor": float(point.stability_factor),
        "slope_per_oersted": float(point.slope) * convert(1, "Oe", "A/m"),
        "log_dwell_time": float(log_high),
        "provenance": count,
        "published": [[what, printed, ours(card)] for what, printed, ours in PUBLISHED[card.name]],
    }


def motion(card: DeviceCard) -> dict[str, float]:
    """How long the simulated motion along the easy axis remembers, at H_s."""
    field = drive_field(card, float(vcma_point(card).offset_field))
    system = driven_macrospin(card, field, 0.0)
    start = equilibrium_directions(macrospin(card), (0.0, 0.0, 0.0), SIZE, SEED)
    m = trajectories(system, start, INTERVAL, LOOKS, SIZE, SEED, dtype=np.float32)
    along = m.astype(float) @ np.array(easy_axis(card))
    near, far = ((along[j:] * along[: LOOKS - j]).mean(axis=0) for j in (10, 20))
    after = float(far.mean())
    if after > 0.7 * float(near.mean()):
        return {"after_10_ns": after}
    everything = np.arange(SIZE)
    groups = [np.setdiff1d(everything, g) for g in np.array_split(everything, 32)]
    times = np.array([time(near, far, kept) for kept in groups])
    return {
        "after_10_ns": after,
        "time_in_ns": time(near, far, everything),
        "error_in_ns": math.sqrt(31 / 32 * float(np.sum((times - times.mean()) ** 2))),
    }


def time(near: Any, far: Any, kept: Any) -> float:
    """The time in ns in which what is left of the correlation after 5 ns falls to 1/e."""
    return 5 / math.log(float(near[kept].mean()) / float(far[kept].mean()))


def validity(card: DeviceCard) -> dict[str, Any]:
    """The ladder in short: how many comparisons agree, those that differ, and the safe ranges."""
    try:
        own = compare_formulas(card)
        limits = find_limits(card)
        simulated = compare_low_barrier(with_low_barrier(card))
    except SmtjError as error:
        return {"refused": str(error)}
    compared = [row for row in (*own, *simulated) if row.against]
    return {
        "compared": len(compared),
        "agree": sum(row.agrees for row in compared),
        "differ": [[row.quantity, row.route, row.verdict] for row in compared if not row.agrees],
        "words": safe_ranges(limits),
    }


def page(content: dict[str, Any]) -> str:
    """Render docs/gallery.md."""
    result, about = content["result"], content["about"]
    head = ["card", "device", "Δ", "w (1/Oe)", "dwell time at H_s", "paper / derived / assumed"]
    rows = [
        [
            f"[`{name}`](#{name})",
            found["title"],
            f"{found['stability_factor']:.3g}",
            f"{found['slope_per_oersted']:.3g}",
            format_time(math.exp(found["log_dwell_time"])),
            " / ".join(str(found["provenance"][k]) for k in ("paper", "derived", "assumed")),
        ]
        for name, found in result.items()
    ]
    sections = [HEAD, table(head, rows), PICTURE, *(section(*entry) for entry in result.items())]
    made = f"smtj {about['git_revision'] or 'working tree'}, {about['platform']}, 2 cores"
    return "\n\n".join([*sections, f"*{about['date']}, {made}, `{COMMAND}`.*"]) + "\n"


def section(name: str, found: dict[str, Any]) -> str:
    """Render a card's own part."""
    lines = [f"## {name}", f"{found['title']}. {found['reference']}."]
    lines.append(table(["published", "in the paper", "of the card"], found["published"]))
    motion = found["motion"]
    if "time_in_ns" in motion:
        lines.append(
            f"Simulated motion forgets in {motion['time_in_ns']:.2f} ± {motion['error_in_ns']:.2f} "
            "ns, 1/e of its autocorrelation."
        )
    else:
        lines.append(
            f"Simulated motion stays in its well: ⟨m(0) m(t)⟩ along the easy axis is "
            f"{motion['after_10_ns']:.2f} after 10 ns."
        )
    found = found["validity"]
    if "refused" in found:
        lines.append(f"`smtj ladder {name}` reports: {found['refused']}.")
        return "\n\n".join(lines)
    lines.append(
        f"`smtj ladder {name}`: {found['agree']} of {found['compared']} comparisons agree. "
        "These differ:"
    )
    lines.append(table(["quantity", "route", "verdict"], found["differ"]))
    lines.append("\n".join(f"- {sentence}" for sentence in found["words"]))
    return "\n\n".join(lines)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Format a Markdown table."""
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in cells)


def barriers(card: DeviceCard) -> str:
    """Both barriers at zero field, over k_B T."""
    point = vcma_point(card)
    high, low = (float(t) - point.log_attempt_time for t in point.log_dwell_times(0.0))
    return f"{high:.1f} and {low:.1f} k_BT"


def dwell(voltage: float) -> Callable[[DeviceCard], str]:
    """The dwell time at H_s at a voltage."""

    def found(card: DeviceCard) -> str:
        point = vcma_point(card, voltage)
        return format_time(math.exp(float(point.log_dwell_times(point.offset_field)[0])))

    return found


def tuning(card: DeviceCard) -> str:
    """The standard deviation of a Gaussian as wide as the rate of switching over the field."""
    # 1/cosh(w δ/2) has fallen to a half at δ = 2 arcosh(2)/w.
    half = 2 * math.acosh(2) / abs(float(vcma_point(card).slope))
    sigma = half / math.sqrt(2 * math.log(2))
    return format_quantity(sigma, "A/m", "Oe", 3)


def centres(card: DeviceCard) -> str:
    """H_s under the spin torque of two voltages."""
    found = [float(card.at(voltage=volts).offset_field) for volts in (0.08, -0.07)]
    return " and ".join(f"{convert(field, 'A/m', 'Oe'):.1f}" for field in found) + " Oe"


PUBLISHED: dict[str, list[tuple[str, str, Callable[[DeviceCard], str]]]] = {
    "cai2019": [
        ("ξ of 34 mT/V", "26 fJ/(V m)", lambda c: c.vcma.shown("coefficient")),
        ("telegraph noise, sampled each 120 ms, 0 V", "seen", dwell(0.0)),
        ("at −200 mV", "slower", dwell(-0.2)),
        ("at +200 mV", "faster", dwell(0.2)),
    ],
    "funatsu2022": [("dwell times", "0.3 ms to seconds", dwell(0.0))],
    "mizrahi2018": [
        (
            "fastest junction, 8.87 k_BT with 1 GHz: switches",
            "70 kHz",
            lambda c: f"{1e-3 / sum(map(float, vcma_point(c).dwell_times(0.0))):.1f} kHz",
        )
    ],
    "reiss2019": [
        (
            "barrier of 8.33 A nm² with K* = 13.5 kJ/m³",
            "1.3 eV",
            lambda c: f"{float(vcma_point(c).barrier) / electron_volt:.3f} eV",
        ),
        ("width of the tuning curve", "6.29 Oe (80 mV), 6.95 Oe (−70 mV)", tuning),
        ("its centre at 80 mV and at −70 mV", "157.8 and 180.6 Oe", centres),
    ],
    "schnitzspan2023": [
        ("dwell times", "below 10 ns", dwell(0.0)),
        ("autocorrelation time", "down to 5 ns", lambda c: "simulated, below"),
    ],
    "sidielvalli2025": [("barriers of both states at zero field", "26 and 51 k_BT", barriers)],
}
"""What is compared: what, as printed, and the card's."""

HEAD = """\
# A gallery of devices

The cards that come with smtj: `smtj card show NAME` prints every value with its provenance and
source, `load_card("NAME")` loads the card. A value is `paper` if it is printed there. If the paper
itself was not available, the source says so: *abstract*, or *transcription* for numbers that others
have published from its text. Missing values are `assumed`; for reliable results make a card of your
own device by [measuring it](measuring.md).

Axes are those of the film for every card: x along the ellipse, y across it in the plane, z along
the normal. Two of the devices are magnetised in the plane (negative H_K1): their states lie along
x, and the field in the plane drives them. A voltage acts on their normal, so it changes how fast
they precess and hardly their barrier.

`sidielvalli2025` is a counter-example: a memory cell. It does not switch by itself, so it cannot
serve as a neuron; `smtj train` reports how long one would wait between reads."""

PICTURE = """\
```python
from itertools import cycle
from pathlib import Path

import numpy as np
from smtj import load_card, operating_point, plot
from smtj.card import shipped_cards

with plot.figure(5.0, 3.0) as (fig, axes):
    for name, va in zip(shipped_cards(), cycle(["bottom", "top"]), strict=False):
        point = operating_point(load_card(name))
        delta = float(point.stability_factor)
        log_dwell = float(point.log_dwell_times(point.offset_field)[0])
        axes.plot(delta, log_dwell / np.log(10), "o", color=plot.BLUE)
        axes.annotate(f" {name}", (delta, log_dwell / np.log(10)), va=va, fontsize=8)
    line = np.array([0, 45])
    axes.plot(line, (line + np.log(1e-9)) / np.log(10), ":", color=plot.GREY)
    axes.set_xlabel(r"Barrier $\\Delta = E_\\mathrm{b}/k_\\mathrm{B}T$")
    axes.set_ylabel(r"$\\log_{10}$ of the dwell time at $H_\\mathrm{s}$ (s)")
    axes.set_xlim(0, 55)
    plot.save(fig, Path("gallery"))
```

![Dwell time at H_s against the barrier of every card](figures/gallery.png)

The dotted line is τ0 = 1 ns. `reiss2019` lies far below it: reversal that can nucleate at many
places has a prefactor that no macrospin has."""

if __name__ == "__main__":
    main()

"""Beyond the paper: its device in a netlist, against the card."""

from pathlib import Path

import numpy as np

from smtj import circuits, plot
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.paper.texts import figure
from smtj.report.figure import FigureResult
from smtj.units import convert

BIASES = 3
FIELDS = 5
RELAXATIONS, STEPS = 400.0, 4.0


def make(card: DeviceCard, out: Path) -> FigureResult:
    """Compare the exported equations with the card, and ngspice with both where it is installed."""
    law = circuits.circuit_law(card)
    show = convert(1.0, law.unit, card.drive.unit)
    volts = np.linspace(-card.voltage_limit, card.voltage_limit, 81)
    wells = card.at(volts, law.midpoint * show).resistances()
    some = volts[::10]
    found = law.evaluate(some, law.midpoint)
    runs: list[tuple[float, float, int, str]] = []
    with plot.figure(6.6, 2.8, ncols=2) as (drawing, (left, right)):
        for name, ohm, state in (("gh", wells.high, "high"), ("gl", wells.low, "low")):
            colour = plot.RED if name == "gh" else plot.BLUE
            left.plot(1e3 * volts, 1e6 * volts / ohm, color=colour, label=f"card, {state}")
            left.plot(1e3 * some, 1e6 * some * found[name], "o", color=colour)
        left.set_xlabel("Voltage (mV)")
        left.set_ylabel("Current (µA)")
        left.legend()
        colours = (plot.BLUE, plot.GREY, plot.RED)
        for colour, bias in zip(colours, np.linspace(-0.5, 0.5, BIASES), strict=True):
            v = float(bias * card.voltage_limit) or card.read_voltage
            point = card.under_bias(v)
            w, middle = float(point.slope) * show, float(point.offset_field) / show
            x = np.linspace(middle - 4 / w, middle + 4 / w, 101)
            right.plot(
                x, point.switching_probability(x * show), color=colour, label=f"{1e3 * v:.0f} mV"
            )
            for drive in np.linspace(middle - 2.5 / w, middle + 2.5 / w, FIELDS):
                runs.append((v, float(drive), len(runs) + 1, colour))
        measured = _simulated(card, runs)
        for (_, drive, _, colour), (share, error) in zip(runs, measured, strict=False):
            right.errorbar(drive, share, error, fmt="o", color=colour)
        right.set_xlabel(card.drive.label)
        right.set_ylabel("P(high)")
        right.legend(title="Bias", loc="upper left")
        images = plot.save(drawing, out / "circuit")
    said = "run in ngspice" if measured else "(ngspice is not installed, so none were run)"
    numbers = {
        "ln_dwell_time_error": law.rate_error,
        "conductance_error": law.conductance_error,
        "ngspice": [
            {"voltage_v": v, "drive": drive, "p_high": share, "standard_error": error}
            for (v, drive, _, _), (share, error) in zip(runs, measured, strict=False)
        ],
    }
    return figure(
        "circuit",
        images,
        numbers,
        [],
        card=card.name,
        rate=law.rate_error,
        conductance=law.conductance_error,
        said=said,
        relaxations=RELAXATIONS,
    )


def _simulated(
    card: DeviceCard, runs: list[tuple[float, float, int, str]]
) -> list[tuple[float, float]]:
    """P(high) of each run with its standard error; nothing without ngspice."""
    found = []
    for volts, drive, seed, _ in runs:
        bench = circuits.bench(
            card, "junction", voltage=volts, drive=drive, relaxations=RELAXATIONS, steps=STEPS
        )
        try:
            result = circuits.simulate(bench.text(seed))
        except SmtjError as error:
            if "not installed" in str(error):
                return []
            raise
        share = float((circuits.states(result, "v(q)", bench.step) > 0.5).mean())
        found.append((share, float(np.sqrt(2 * share * (1 - share) / RELAXATIONS))))
    return found

"""Exported circuits against the card in ngspice, and their cost.

Writes docs/validation/circuits.md.
The tests marked ``proof`` in tests/circuits hold the same numbers to their limits.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np

from smtj import circuits, load_card
from smtj.files import write_text
from smtj.units import Oe

sys.path += ["tests", "tests/circuits"]
from test_ngspice import BIASES, measured, netlist, telegraph_scores

RESULT = Path("docs/validation/circuits.md")
TEMPERATURES = (280.0, 300.0)
AROUND = (0.8, 0.4, 0.0, -0.4, -0.8)
"""Ln odds at the five biases."""


def scores(number, bias, temperature):
    """Run one junction for a thousand relaxation times at 20 steps each."""
    card = load_card("cai2019")
    rest = card.under_bias(bias, temperature)
    field = float(rest.offset_field) + AROUND[number] / float(rest.slope)
    point = card.at(bias, field, temperature)
    step = float(np.exp(point.log_relaxation_time())) / 20
    rows = (
        f"Vp p 0 {bias}\nVh h 0 {field / Oe:.12g}\nX1 p 0 h q cai2019 dt={step:.12g}",
        ".save v(q) i(vp)",
        f".tran {step} {20_000 * step}",
    )
    found = circuits.simulate(
        netlist(card, *rows, seed=int(temperature) + number, temperature=temperature)
    )
    q = circuits.states(found, "v(q)", step) > 0.5
    high, low = (np.atleast_1d(t) for t in point.dwell_times())
    current = -circuits.states(found, "i(vp)", step)
    ohm = point.resistances()
    wanted = {True: float(ohm.high), False: float(ohm.low)}
    off = max(abs(bias / np.median(current[q == s]) / r - 1) for s, r in wanted.items())
    return telegraph_scores(q[None], step, high, low), int((np.diff(q * 1) != 0).sum()), off


def cost(card, devices, steps=2000):
    """CPU time in µs per device and step."""
    law = circuits.circuit_law(card)
    step = law.relaxation_time / 20
    name = law.card.name
    rows = [f"Vp p 0 {law.bias:g}", f"Vh h 0 {law.midpoint:.10g}"]
    rows += [f"X{k} p 0 h q{k} {name} dt={step:.8g}" for k in range(devices)]
    rows += [".save v(q0)", f".tran {step:.8g} {steps * step:.8g}"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.cir")
        text = netlist(card, *rows).replace(" reltol=1e-6", "")  # as a user would
        path.write_text(text, encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(
            ["ngspice", "-b", "-r", str(path.with_suffix(".raw")), str(path)],
            capture_output=True,
            check=True,
        )
        spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    return 1e6 * spent / devices / steps


def main():
    """Write the page."""
    lines = [
        "# Validation: circuits",
        "",
        "The subcircuit of `cai2019` in ngspice against the card "
        "(`python validation/circuits.py`): a thousand relaxation times at each of five biases and "
        "two temperatures, twenty steps in each. z of P(high), of both dwell times and of the "
        "correlation of neighbouring steps, by the exact chain of the sampled two-state process; "
        "the last column is the largest relative deviation of I(V) in either state.",
        "",
        "| T | bias | switches | z, P(high) | z, τ_high | z, τ_low | z, correlation | I(V) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    every = []
    for temperature in TEMPERATURES:
        for number, bias in enumerate(BIASES):
            z, switches, off = scores(number, bias, temperature)
            every += list(z)
            shown = " | ".join(f"{v:+.2f}" for v in z)
            lines.append(
                f"| {temperature:g} K | {1e3 * bias:g} mV | {switches} | {shown} | {off:.0e} |"
            )
    square = np.mean(np.square(every))
    lines += ["", f"Mean z² of all {len(every)}: {square:.2f} (1 expected).", ""]
    lines += [
        "CPU time in µs per device and step:",
        "",
        "| card | 1 device | 10 devices | 100 devices |",
        "| --- | --- | --- | --- |",
    ]
    for label, card in (
        ("`cai2019`, with physics", load_card("cai2019")),
        ("measured behaviour with its change under bias", measured("field")),
    ):
        spent = [cost(card, n, 2000 if n < 100 else 200) for n in (1, 10, 100)]
        lines.append(f"| {label} | " + " | ".join(f"{s:.0f}" for s in spent) + " |")
    lines += [
        "",
        "The tests marked `proof` in `tests/circuits` hold the p-bit to its sigmoid at five "
        "inputs, the neuron to its mean and variance, the AND gate to its truth table and to "
        "Boltzmann's weights, and the Verilog-A module's dwells, P(high) and independence, in "
        "EVAS, to the card.",
        "",
        f"*{date.today()}, ngspice {version()}, {os.cpu_count()}-core {platform.machine()} VM.*",
        "",
    ]
    write_text(RESULT, "\n".join(lines))
    print("\n".join(lines))


def version():
    """The version of ngspice."""
    said = subprocess.run(["ngspice", "--version"], capture_output=True, text=True, check=True)
    return next(w for w in said.stdout.replace("-", " ").split() if w[0].isdigit())


if __name__ == "__main__":
    main()

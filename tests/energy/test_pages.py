"""Every joule and watt of the pages is what the code gives."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from closeness import close_to
from smtj.energy import Accuracy, Assumptions, Workload, published, survey
from smtj.energy.costs import joules
from smtj.energy.report import sigmoid_energy, tilt_field_per_volt, with_interval
from smtj.energy.uncertainty import joules_of
from smtj.nn import strain_coupling, wire_coupling
from smtj.units import Oe

DOCS = Path(__file__).parents[2] / "docs"
ENERGY = re.compile(r"([\d.]+(?: \([\d.]+–[\d.]+\))?) ([afpnµm]?J)\b(?!/)")


@pytest.fixture(scope="module")
def record():
    return json.loads((DOCS / "validation" / "energy.json").read_text())


@pytest.fixture(scope="module")
def found(record, card):
    """Return the survey of the recorded network, with the stability factors that were best."""
    table = record["accuracy"]
    work = record["workload"]
    work = Workload(**{**work, "devices": tuple(work["devices"]), "bias_voltages": ()})
    accuracy = Accuracy(
        tuple(table["reads"]),
        tuple(table["bit_error_rate"]),
        np.array(table["accuracy"]),
        record["achievable"],
        table["images"],
        work,
    )
    factors = sorted(set(record["stability_factors"].values()))
    return survey(work, card, accuracy, stability_factors=factors)


def test_the_recorded_joules_are_those_of_the_code(record, found):
    now = joules_of(found)
    assert set(now) == set(record["joules"])
    for column, parts in record["joules"].items():
        assert now[column] == close_to(parts, rel=1e-6), column


def test_every_joule_of_the_page_on_costs_is_computed(record, found):
    page = (DOCS / "energy.md").read_text()
    stated, gated = found.stated, found.gated
    known = {
        joules(energy)
        for energy in (
            stated.per_read(stated.junction),
            stated.per_read(stated.junction + stated.source),
            gated.per_read(gated.junction),
            stated.synapses,
            sigmoid_energy(found.workload),
            *(entry.low for entry in published() if entry.unit == "J"),
            *(value for _, value, quantity in Assumptions().items() if quantity.unit == "J"),
        )
    }
    for column, parts in joules_of(found).items():
        known |= {joules(energy) for energy in parts.values()}
        around = record["intervals"][column]
        known |= {with_interval(parts[p], *around[p]) for p in parts if p in around}
    for effect in record["sensitivity"]["effects"]:
        ends = (*effect["at_low"].values(), *effect["at_high"].values())
        known |= {joules(energy) for energy in ends if energy is not None}
    text = page.replace("\n", " ")
    shown = {f"{number} {unit}" for number, unit in ENERGY.findall(text)}
    assert len(shown) > 30
    assert shown <= known, sorted(shown - known)


def test_the_page_lists_every_assumption():
    page = (DOCS / "energy.md").read_text()
    names = [name for name, _, _ in Assumptions().items()]
    assert f"each of the {len(names)} assumptions" in page
    table = page[page.index("| name | value | source |") :]
    missing = [n for n in names if f"`{n}`" not in table and f"`_{n.split('_')[-1]}`" not in table]
    assert missing == []


def test_the_page_says_what_no_part_stands(found):
    page = " ".join((DOCS / "energy.md").read_text().split())
    limits = {limit.name: limit for limit in found.stated.drive_limits("oersted")}
    assert f"{float(limits['electromigration'].value) / 1e10:.0f} MA/cm² rms" in page
    assert "(50 MA/cm²" in " ".join(found.beyond["oersted"].exceeded) and "and 50 at a" in page
    most = float(Assumptions().drive_reach) * found.stated.reach.rms
    assert (
        f"the network needs {most / Oe:.0f} Oe: {most / tilt_field_per_volt(found.card):.0f} V"
        in page
    )


def test_the_page_on_neurons_gives_the_power_of_wire_and_film(card):
    page = (DOCS / "neuron.md").read_text()
    x = torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0))
    wire, film = wire_coupling(card, 1), strain_coupling(card, 1)
    heat = float(wire.driver.heat(wire.drive(x)).mean())
    assert f"{1e3 * float(wire.power(x)):.1f} mW per neuron for inputs of unit" in page
    assert f"{1e6 * heat:.1f} µW of it heat the wire" in page
    assert f"per input: {1e15 * float(film.power(x, 1.0)):.0f} fJ for inputs of unit" in page

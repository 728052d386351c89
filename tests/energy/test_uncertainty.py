"""Intervals hold what they promise, and a sensitivity says what an assumption does."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj.energy import Assumptions, sensitivity, survey
from smtj.energy.report import with_interval
from smtj.energy.uncertainty import prediction_interval

COUNT, TRIALS = 8, 1500


@pytest.mark.parametrize("chance", [None, 0.1, 0.5])
def test_the_interval_holds_95_percent_of_further_values(chance):
    """Of log-normal energies, and of such as jump by a third where a read more is needed."""
    rng = np.random.default_rng(1)
    if chance is None:
        energies = rng.lognormal(-20, 0.2, (TRIALS, COUNT + 1))
    else:
        energies = 3e-9 * np.where(rng.random((TRIALS, COUNT + 1)) < chance, 4 / 3, 1.0)
    held = 0
    for *seen, further in energies:
        low, high = prediction_interval(seen)
        held += low * (1 - 1e-12) <= further <= high * (1 + 1e-12)
    spread = math.sqrt(0.95 * 0.05 / TRIALS)
    assert held / TRIALS > 0.95 - 4 * spread
    # Where energies do not jump, no more than that.
    assert chance is not None or held / TRIALS < 0.95 + 4 * spread


def test_one_value_has_no_interval():
    assert all(math.isnan(end) for end in prediction_interval([1e-9]))


def test_an_energy_and_its_interval_share_a_prefix():
    assert with_interval(8.104e-7, 7.13e-7, 1.3149e-6) == "810 (713–1315) nJ"


def test_every_assumption_is_moved_to_both_sides():
    for name, value, quantity in Assumptions().items():
        low, high = (float(getattr(a, name)) for a in Assumptions().moved(name))
        assert low <= float(value) <= high and low < high, name
        assert quantity.doc


def test_a_sensitivity_is_what_the_formulas_say(card):
    found = survey((784, 400, 10), card)
    assert "(16 reads per neuron, the voltage always on)" in " ".join(found.remarks)
    assert found.to_dict()["front"] == found.to_dict()["best"] == {}
    names = ("supply_voltage", "wire_distance", "cell_area")
    moved = sensitivity(found, names=names)
    wires = "as stated, oersted"
    effects = {effect.name: effect for effect in moved.effects}
    supply = effects["supply_voltage"]
    # All of it but the heat in junctions, comparator, counter and standby is drawn from the supply.
    assert supply.at_high[wires] == close_to(2 * moved.own[wires], rel=1e-3)
    assert moved.ordered(wires)[0].name == "supply_voltage"
    assert {e.name for e in moved.ordered(wires)} == {"supply_voltage", "wire_distance"}
    text = moved.table().text(200)
    assert text.index("supply_voltage") < text.index("cell_area") and "75 nm to 300 nm" in text
    axes = moved.plot(column=wires)
    assert axes.get_xlabel() == f"Energy of all neurons, {wires} (J)"
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    for effect in moved.ordered(wires):
        shown = ends[2 * moved.ordered(wires).index(effect) :][:2]
        assert shown == close_to([effect.at_low[wires], effect.at_high[wires]])
    assert {e["name"] for e in moved.to_dict()["effects"]} == set(names)

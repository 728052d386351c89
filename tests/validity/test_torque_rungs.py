"""The ladder's rungs of spin torque."""

import pytest

from closeness import close_to
from smtj import load_card
from smtj.physics.device import with_stability_factor
from smtj.validity.torque import compare_torque, has_torque, simulate_torque, torque_remark

TORQUE = {"spin_torque.polarisation": 0.6, "magnetism.damping": 0.2}


@pytest.fixture(scope="module")
def upright():
    return with_stability_factor(load_card("funatsu2022").replace(TORQUE), 4.0)


def test_a_card_without_a_torque_has_no_such_rung():
    assert not has_torque(load_card("cai2019"))


def test_the_compact_law_has_half_of_a_perpendicular_torque(upright):
    exact, law, _, other = compare_torque(upright, None)
    assert law.verdict.startswith("differs") and 0.5 < law.value / exact.value < 0.75
    assert other.value == close_to(-law.value)
    assert "at no voltage up to 0.4 V_c" in torque_remark(upright, None)


@pytest.mark.slow
def test_simulated_motion_under_torque_is_occupied_as_exactly_calculated(upright):
    exact, simulated = simulate_torque(upright, None, 5, None)
    assert abs(simulated.z) < 3
    assert simulated.error < 0.01 and abs(exact.value - 0.5) > 0.15

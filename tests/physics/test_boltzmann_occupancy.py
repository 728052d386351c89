"""P(high) of a card by Boltzmann: exact slope and offset, names, stray field."""

import numpy as np
import pytest

from closeness import close_to
from smtj.card import load_card
from smtj.physics.dwell import exact_log_dwell_times
from smtj.physics.free_layer import boltzmann_occupancy
from smtj.units import Oe

CARD = load_card("cai2019")
VOLTAGES = np.array([-0.2, 0.0, 0.2])


def _log_odds(card, field, voltage):
    p, _ = boltzmann_occupancy(card, 0.0, 0.0, field, voltage)
    return np.log(p / (1 - p))


@pytest.mark.parametrize(
    ("tilt", "slopes", "offset"),
    [("0 deg", (0.180, 0.179, 0.178), 0.0), ("9 deg", (0.178, 0.177, 0.176), -13.9)],
)
def test_slope_and_offset_of_the_design_notes(tilt, slopes, offset):
    """Read off P(high) as one reads a measurement, not from the derivative."""
    card = CARD.replace({"magnetism.easy_axis_tilt": tilt})
    odds = _log_odds(card, (offset + np.array([[-2.0], [0.0], [2.0]])) * Oe, VOLTAGES)
    assert (odds[2] - odds[0]) / 4 == close_to(slopes, abs=6e-4)
    assert odds[1] == close_to([0, 0, 0], abs=0.05 * 0.18)


def test_the_reference_layer_names_the_states():
    turned = CARD.replace({"magnetism.reference_layer_angle": 0.0})
    one, average = boltzmann_occupancy(CARD, 100.0, 50.0, 400.0, 0.1)
    other, same = boltzmann_occupancy(turned, 100.0, 50.0, 400.0, 0.1)
    assert one + other == close_to(1.0, abs=1e-15)
    np.testing.assert_array_equal(average.mean, same.mean)


def test_a_given_offset_field_is_the_midpoint():
    card = CARD.replace({"switching.offset_field": "12 Oe", "switching.offset_field_per_volt": 0})
    p, _ = boltzmann_occupancy(card, 0.0, 0.0, 12 * Oe, VOLTAGES)
    assert p == close_to([0.5, 0.5, 0.5], abs=1e-12)


def test_exact_dwell_times_spend_the_time_that_boltzmann_has():
    card = CARD.replace({"magnetism.damping": 0.3})
    p, _ = boltzmann_occupancy(card, 200.0, 0.0, 900.0, 0.1)
    high, low = exact_log_dwell_times(card, 200.0, 0.0, 900.0, 0.1)
    assert 1 / (1 + np.exp(low - high)) == close_to(float(p), rel=1e-9)


def test_a_gradient_flows_from_the_voltage(torch):
    voltage = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    p, _ = boltzmann_occupancy(CARD, 0.0, 0.0, 500.0, voltage)
    (gradient,) = torch.autograd.grad(p, voltage)
    step = 1e-4
    ends = [float(boltzmann_occupancy(CARD, 0.0, 0.0, 500.0, 0.1 + s * step)[0]) for s in (1, -1)]
    assert float(gradient) == close_to((ends[0] - ends[1]) / (2 * step), rel=1e-5)

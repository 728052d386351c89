"""What reading does to a device, and what there is to read."""

import math

import numpy as np
import pytest

from smtj.physics.device import operating_point
from smtj.physics.junction import card_wells
from smtj.physics.readout.back_action import (
    back_action,
    critical_voltages,
    log_dwell_times_under_bias,
    voltage_limit,
)
from smtj.physics.readout.signal import read_signal


@pytest.fixture(scope="module")
def with_torque(card):
    return card.replace({"spin_torque.polarisation": "0.6"})


def test_the_signal_is_that_of_the_wells_and_not_the_tmr(card):
    signal = read_signal(card, np.array([1e-3, 0.2]))
    assert signal.contrast[0] < 0.15 < float(card.electrical.tmr)
    # G is linear in cos θ, and the reference lies along -x.
    wells = card_wells(card, 0.0, 0.0, float(operating_point(card).offset_field))
    change = abs(wells.up[0] - wells.down[0])
    assert change == pytest.approx(0.31, abs=0.03)
    g_p, tmr = 1e-3, float(card.electrical.tmr)
    expected = 1e-3 * g_p * (1 - 1 / (1 + tmr)) / 2 * change
    assert signal.difference[0] == pytest.approx(expected, rel=2e-3)
    # The TMR falls with bias.
    assert signal.contrast[1] < signal.contrast[0]


def test_the_power_is_weighted_by_the_states(card):
    signal = read_signal(card, 0.01)
    assert float(signal.power(1.0)) == pytest.approx(1e-4 / float(signal.high))
    assert float(signal.power(0.0)) == pytest.approx(1e-4 / float(signal.low))


def test_vcma_alone_changes_the_slope_by_what_eq_5_says(card):
    action = back_action(card, np.array([0.0, 0.05]))
    assert action.shift[0] == 0 and action.dwell_ratio[0] == 1
    slope, rest = (float(operating_point(card, v).slope) for v in (0.05, 0.0))
    x = np.linspace(-8, 8, 4001)
    expected = np.abs(1 / (1 + np.exp(-x * slope / rest)) - 1 / (1 + np.exp(-x))).max()
    assert action.shift[1] == pytest.approx(expected, rel=1e-2)


def test_a_voltage_that_is_seldom_on_disturbs_less(card):
    shifts = back_action(card, 0.1, np.array([0.0, 0.01, 0.1, 1.0])).shift
    assert shifts[0] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(shifts) > 0)


def test_the_limit_is_where_the_shift_reaches_its_tolerance(card):
    limit = voltage_limit(card, 0.01)
    assert back_action(card, limit).shift <= 0.01 < back_action(card, 1.04 * limit).shift
    assert voltage_limit(card, 0.5) == float(card.switching.voltage_limit)
    assert voltage_limit(card, 0.01, duty=0.05) > limit


def test_without_a_section_there_is_no_spin_torque(card):
    assert critical_voltages(card) == (math.inf, math.inf)


def test_spin_torque_favours_the_well_it_pulls_to(card, with_torque):
    high, low = critical_voltages(with_torque)
    # A positive voltage pulls towards the reference layer, away from the high state.
    assert high < 0 and abs(high) < abs(low)
    offset = float(operating_point(card).offset_field)
    plain, _ = log_dwell_times_under_bias(card, offset, 0.02)
    pulled, _ = log_dwell_times_under_bias(with_torque, offset, 0.02)
    delta = plain - math.log(card.thermal.attempt_time)
    assert float(pulled - plain) == pytest.approx(float(delta) * 0.02 / high, rel=1e-9)
    assert voltage_limit(with_torque, 0.01) < voltage_limit(card, 0.01) / 20

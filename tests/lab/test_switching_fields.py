"""Where a device switches in a slow sweep."""

import numpy as np
import pytest

import smtj
from closeness import close_to
from smtj.lab import Instrument
from smtj.lab.switching_fields import switching_fields
from smtj.units import Oe

STEPS = np.arange(-1500, 1501, 30) * Oe


@pytest.mark.slow
def test_median_and_spread_are_those_of_simulated_sweeps():
    once_a_second = Instrument(interval=1.0, integration_time=0.0)
    data = smtj.lab.field_sweep(
        "sidielvalli2025", STEPS, sweeps=200, instrument=once_a_second, seed=1
    )
    high = data.resistance.values > float(data.resistance.mean())
    found = switching_fields("sidielvalli2025", STEPS, 1.0)
    # The first reading in the other state, half a step after the switch on average.
    between = (STEPS[1:] + STEPS[:-1]) / 2
    rising = between[high[::2].argmax(axis=1) - 1]
    falling = between[::-1][(~high[1::2, ::-1]).argmax(axis=1) - 1]
    for simulated, middle, spread in (
        (rising, found.rising, found.rising_spread),
        (falling, found.falling, found.falling_spread),
    ):
        assert abs(np.median(simulated) - middle) < 15 * Oe + 4 * spread / np.sqrt(100)
        assert np.std(simulated) == close_to(np.hypot(spread, 30 * Oe / np.sqrt(12)), rel=0.3)


def test_a_faster_sweep_has_a_wider_loop_about_the_same_middle():
    slow, fast = (switching_fields("sidielvalli2025", STEPS, time) for time in (10.0, 0.01))
    assert fast.coercive > slow.coercive + 50 * Oe
    assert abs(fast.offset - slow.offset) < 20 * Oe


def test_a_field_that_favours_one_state_everywhere_switches_nothing():
    assert np.isnan(switching_fields("sidielvalli2025", STEPS + 4000 * Oe, 1.0).offset)


def test_a_device_that_switches_within_a_step_has_no_coercive_field():
    assert switching_fields("cai2019", np.arange(-200, 201, 10) * Oe, 1.0).coercive == 0

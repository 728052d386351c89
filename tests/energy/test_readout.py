"""How good a read is and what it needs, each against another route."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from closeness import close_to
from smtj.energy import Assumptions
from smtj.energy.readout import (
    allowed_noise,
    error_rate,
    gain,
    gain_bandwidth,
    shortest_time,
    usable_difference,
)
from smtj.physics.constants import BOLTZMANN
from smtj.physics.readout.flicker import flicker_factor
from smtj.physics.readout.signal import read_signal

ASSUMED = Assumptions()


@pytest.fixture(scope="module")
def signal(card):
    return read_signal(card, 1e-3)


@pytest.mark.parametrize("ratio", [1e-4, 0.03, 1.0])
def test_1_f_noise_of_an_average_is_the_integral_of_its_density(ratio):
    time, longest = 1e-6 * ratio, 1e-6

    def passed(log_f):  # K/f times the square of the average's response, per ln f
        return np.sinc(math.exp(log_f) * time) ** 2

    start = math.log(1 / longest)
    parts = np.linspace(start, math.log(3e3 / time), 1000)
    total = sum(quad(passed, a, b)[0] for a, b in pairwise(parts))
    assert float(flicker_factor(time, longest)) == close_to(total, rel=1e-4)


def test_an_offset_that_is_corrected_during_a_read_averages_like_white_noise():
    one = float(flicker_factor(1e-3, 1e-3))
    assert float(flicker_factor(20e-3, 1e-3)) == close_to(one / 20)


def test_at_a_millivolt_1_f_noise_is_twice_the_white_noise_of_a_read_of_106_ns(signal):
    """A corner of 1 MHz lies below 1/(106 ns), and yet its noise exceeds the amplifier's white."""
    assert 2 * 1e6 * 106e-9 * float(flicker_factor(106e-9, 1e-3)) == close_to(1.75, rel=0.01)
    white = ASSUMED.replace({"amplifier_corner": "0 Hz", "junction_flicker": "0"})
    ratio = shortest_time(signal, ASSUMED, 5e-9, 1e-3) / shortest_time(signal, white, 5e-9, 1e-3)
    assert 10 < float(ratio) < 30


def test_errors_are_those_of_simulated_currents(signal):
    """Sample both states' averaged currents, with offsets at their worst, and count errors."""
    rng = np.random.default_rng(5)
    time, e_n, count = 4e-7, 8e-9, 400_000
    grainy = ASSUMED.replace({"junction_flicker": "1e-5"})
    factor = float(flicker_factor(time, 1e-3))
    share = 0.9 * float(signal.difference)
    errors, noise = [], []
    for ohm in (float(signal.high), float(signal.low)):
        junction = 4 * BOLTZMANN * 300 / ohm + 0.4e-12**2
        variance = junction / (2 * time) + 1e-5 * (1e-3 / ohm) ** 2 * factor
        variance += (e_n / ohm) ** 2 * (1 / (2 * time) + 1e6 * factor)
        noise.append(math.sqrt(variance))
    offset = 5e-6 * (1 / float(signal.high) + 1 / float(signal.low))
    for sigma in noise:
        distance = (share - offset) * sigma / sum(noise)
        errors.append(np.mean(sigma * rng.standard_normal(count) > distance))
    found = float(error_rate(signal, grainy, e_n, time))
    bound = 4 * math.sqrt(found / count)
    assert all(abs(error - found) < bound for error in errors)


def test_time_and_noise_are_inverses_of_the_error_rate(signal):
    rates = np.array([1e-6, 1e-3, 0.1])
    times = shortest_time(signal, ASSUMED, 5e-9, rates)
    assert error_rate(signal, ASSUMED, 5e-9, times) == close_to(rates, rel=1e-6)
    noise = allowed_noise(signal, ASSUMED, 3 * times, rates)
    assert np.all(noise > 5e-9)
    assert error_rate(signal, ASSUMED, noise, 3 * times) == close_to(rates, rel=1e-6)


def test_a_signal_below_the_offsets_cannot_be_read(card):
    small = read_signal(card, 5e-5)
    assert float(usable_difference(small, ASSUMED)) == 0
    assert float(shortest_time(small, ASSUMED, 5e-9, 1e-3)) == math.inf
    assert float(error_rate(small, ASSUMED, 5e-9, 1.0)) == 0.5


def test_the_gain_lifts_a_tenth_of_the_signal_to_the_comparators_offset(signal):
    half = 1e-3 * (1 / float(signal.low) - 1 / float(signal.high)) / 2
    mean = (1 / float(signal.low) + 1 / float(signal.high)) / 2
    assert float(gain(signal, ASSUMED)) * 0.1 * half / mean == close_to(5e-3)
    # Three time constants: 5 % of a step remain after a read.
    corner = float(gain_bandwidth(signal, ASSUMED, 1e-6)) / float(gain(signal, ASSUMED))
    assert math.exp(-2 * math.pi * corner * 1e-6) == close_to(math.exp(-3))
    assert float(gain(read_signal_of(signal, 1e3), ASSUMED)) == 1


def read_signal_of(signal, volts):
    return type(signal)(np.asarray(volts), signal.high, signal.low, signal.temperature)


def test_the_error_rate_has_the_quality_of_both_deviations(signal):
    ideal = ASSUMED.replace(
        {"amplifier_corner": "0 Hz", "junction_flicker": "0", "amplifier_offset": "0 V"}
    )
    time = 1e-7
    sigma = [
        math.sqrt((4 * BOLTZMANN * 300 / ohm + 0.4e-12**2 + (5e-9 / ohm) ** 2) / (2 * time))
        for ohm in (float(signal.high), float(signal.low))
    ]
    expected = norm.sf(0.9 * float(signal.difference) / sum(sigma))
    assert float(error_rate(signal, ideal, 5e-9, time)) == close_to(expected, rel=1e-3)

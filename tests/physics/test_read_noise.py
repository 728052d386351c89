"""Noise of a read: its limits, its errors against a simulation, and its dimensions."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj.physics.constants import BOLTZMANN, ELEMENTARY_CHARGE
from smtj.physics.readout.noise import (
    Amplifier,
    amplifier_noise,
    bit_error_rate,
    current_deviation,
    junction_noise,
    probability_with_bit_errors,
    read_time,
    threshold,
)
from smtj.units import convert, parse_quantity

OHM, KELVIN = 1200.0, 300.0
AMPLIFIER = Amplifier(5e-9, 4e-13)


def test_noise_is_johnsons_without_a_voltage_and_shot_noise_at_a_large_one():
    johnson = 4 * BOLTZMANN * KELVIN / OHM
    assert float(junction_noise(0.0, OHM, KELVIN)) == close_to(johnson, rel=1e-15)
    assert float(junction_noise(1e-9, OHM, KELVIN)) == close_to(johnson, rel=1e-12)
    shot = 2 * ELEMENTARY_CHARGE * 2.0 / OHM
    assert float(junction_noise(2.0, OHM, KELVIN)) == close_to(shot, rel=1e-12)


def test_noise_is_less_than_the_two_added_and_more_than_either():
    volts = np.geomspace(1e-4, 0.5, 50)
    johnson, shot = 4 * BOLTZMANN * KELVIN / OHM, 2 * ELEMENTARY_CHARGE * volts / OHM
    found = junction_noise(volts, OHM, KELVIN)
    assert np.all(found < johnson + shot)
    assert np.all(found > np.maximum(johnson, shot))
    assert np.array_equal(found, junction_noise(-volts, OHM, KELVIN))


def test_noise_is_that_of_tunnelling_both_ways():
    # Forward and backward Poisson streams with detailed balance: 2e (I+ + I-), I+ - I- = I.
    volts = np.array([1e-5, 1e-3, 0.02, 0.1])
    ratio = np.exp(-ELEMENTARY_CHARGE * volts / (BOLTZMANN * KELVIN))
    forward = volts / OHM / (1 - ratio)
    expected = 2 * ELEMENTARY_CHARGE * forward * (1 + ratio)
    assert junction_noise(volts, OHM, KELVIN) == close_to(expected, rel=1e-9)


def test_series_and_closed_form_meet():
    edge = 2 * BOLTZMANN * KELVIN * 1e-3 / ELEMENTARY_CHARGE
    below, above = (float(junction_noise(edge * f, OHM, KELVIN)) for f in (1 - 1e-9, 1 + 1e-9))
    assert below == close_to(above, rel=1e-11)


@pytest.mark.parametrize("function", [junction_noise, bit_error_rate, read_time])
def test_numpy_and_pytorch_agree_and_gradients_are_finite(function, torch):
    arguments = {
        junction_noise: (0.0, OHM, KELVIN),
        bit_error_rate: (3e-8, 2.4e-23, 2.8e-23, 1e-7),
        read_time: (3e-8, 2.4e-23, 2.8e-23, 1e-3),
    }[function]
    tensors = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arguments]
    found = function(*tensors)
    found.backward()
    assert float(found.detach()) == close_to(float(function(*arguments)), rel=1e-12)
    assert all(math.isfinite(float(t.grad)) for t in tensors)


def test_errors_are_a_coin_without_a_voltage_and_vanish_in_time():
    noise = float(junction_noise(0.0, OHM, KELVIN))
    assert float(bit_error_rate(0.0, noise, noise, 1.0)) == 0.5
    volts = np.array([1e-9, 1e-7, 1e-5])
    rates = bit_error_rate(0.1 * volts / OHM, noise, noise, 1e-7)
    assert rates[0] == close_to(0.5, abs=1e-5)
    assert np.all(np.diff(rates) < 0)
    assert float(bit_error_rate(1e-7, noise, noise, 1e-3)) < 1e-100


def test_read_time_is_the_inverse_of_the_error_rate():
    rates = np.array([1e-12, 1e-6, 1e-3, 0.1, 0.49])
    times = read_time(7e-8, 2.4e-23, 2.8e-23, rates)
    assert bit_error_rate(7e-8, 2.4e-23, 2.8e-23, times) == close_to(rates, rel=1e-9)
    assert np.isinf(read_time(0.0, 2.4e-23, 2.8e-23, 1e-3))
    # Half the signal takes four times as long.
    assert read_time(3.5e-8, 2.4e-23, 2.8e-23, rates) == close_to(4 * times, rel=1e-12)


def test_errors_are_those_of_simulated_reads():
    """White noise averaged over a window, sample by sample, against its threshold."""
    rng = np.random.default_rng(1)
    high, low, s_high, s_low = 1.0e-6, 1.07e-6, 2.0e-23, 6.0e-23
    step, samples, reads = 1e-10, 100, 200_000
    time = samples * step
    expected = float(bit_error_rate(low - high, s_high, s_low, time))
    cut = float(threshold(high, low, s_high, s_low))
    assert high < cut < low
    for mean, density, wrong in ((high, s_high, np.greater), (low, s_low, np.less)):
        # The variance of a sample of white noise is half its one-sided density over the step; the
        # mean of normal samples is normal, and drawn in one piece after ten thousand by samples.
        by_sample = rng.normal(mean, math.sqrt(density / (2 * step)), (10_000, samples)).mean(1)
        deviation = float(current_deviation(density, time))
        z_spread = (by_sample.std() / deviation - 1) * math.sqrt(2 * by_sample.size)
        assert abs(z_spread) < 4
        found = float(wrong(rng.normal(mean, deviation, reads), cut).mean())
        z = (found - expected) / math.sqrt(expected * (1 - expected) / reads)
        assert abs(z) < 4


def test_bit_errors_are_another_probability():
    rng = np.random.default_rng(2)
    p, error, reads = 0.8, 0.07, 200_000
    flipped = (rng.random(reads) < p) ^ (rng.random(reads) < error)
    expected = float(probability_with_bit_errors(p, error))
    z = (flipped.mean() - expected) / math.sqrt(expected * (1 - expected) / reads)
    assert abs(z) < 4
    assert float(probability_with_bit_errors(0.5, error)) == 0.5


def test_the_amplifiers_two_noises_add_as_powers():
    alone = amplifier_noise(AMPLIFIER, 0.0)
    assert alone == close_to(1.6e-25)
    assert amplifier_noise(AMPLIFIER, 1e-3) - alone == close_to(2.5e-23)


def test_dimensions_by_the_units_library():
    charge_current = convert(1, "C A", "A^2/Hz")
    assert charge_current == convert(1, "J/K K/ohm", "A^2/Hz") == 1
    assert convert(1, "V^2/Hz/ohm^2", "A^2/Hz") == 1
    # (A²/Hz)/A² is a time.
    assert convert(1, "A^2/Hz/A^2", "s") == 1
    assert parse_quantity("5 nV/Hz^0.5", "V/Hz^0.5") == 5e-9

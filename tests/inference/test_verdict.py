"""One, two or more levels, or too fast: each kind of trace gets its verdict."""

import math

import numpy as np
import pytest
from telegraph_events import fractions, trace

from smtj.errors import SmtjError
from smtj.inference.telegraph.fit import fit_trace, sample_states

TIME = np.arange(1.0, 2001)
DRIFT = np.sin(4 * TIME / TIME.size) / 2


def noise_of(rng, size, outliers):
    noise = size * rng.standard_normal(TIME.size)
    off = rng.random(TIME.size) < outliers
    noise[off] += rng.uniform(-2, 2, off.sum())
    return noise


@pytest.mark.slow
@pytest.mark.parametrize("outliers", [0.0, 0.02])
@pytest.mark.parametrize("window", [0.0, 1.0])
def test_drift_and_noise_are_one_level(window, outliers):
    for seed in range(5):
        rng = np.random.default_rng([seed, 0])
        signal = 3 + DRIFT + noise_of(rng, rng.uniform(0.05, 0.5), outliers)
        fit = fit_trace(TIME, signal, window)
        assert fit.verdict == "one level"
        assert fit.evidence.gain_of_second_level < 5
        assert np.abs(fit.low - 3 - DRIFT).max() < 0.3
        assert math.isnan(fit.dwell_high)
        assert fit.intervals() == ((0.0, math.inf), (0.0, math.inf))
        assert fit.switches == 0
        assert "one level" in fit.warnings[0]
    with pytest.raises(SmtjError, match="no states to draw"):
        sample_states(fit, TIME, signal, window)


@pytest.mark.slow
@pytest.mark.parametrize("window", [0.0, 1.0])
@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_two_independent_fluctuators_are_more_than_two_levels(window, noise):
    for seed in range(4):
        rng = np.random.default_rng([seed, 1])
        signal = fractions(rng, 3.0, 5.0, TIME, window) + 0.6 * fractions(
            rng, 20.0, 25.0, TIME, window
        )
        fit = fit_trace(TIME, signal + DRIFT + noise_of(rng, noise, 0.0), window)
        assert fit.verdict == "more than two levels"
        assert fit.evidence.gain_of_third_level > 20
        assert "do not bear out" in " ".join(fit.warnings)


@pytest.mark.parametrize("middle", [0.35, 0.5])
def test_three_levels_in_a_row_are_more_than_two(middle):
    rng = np.random.default_rng(2)
    state, states = 1, []
    for _ in TIME:
        if rng.random() < 0.15:
            state = 1 if state != 1 else rng.choice([0, 2])
        states.append(state)
    signal = np.array([0, middle, 1])[states] + DRIFT + noise_of(rng, 0.1, 0.01)
    assert fit_trace(TIME, signal).verdict == "more than two levels"


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_uncorrelated_samples_give_an_occupancy_and_upper_bounds(noise):
    """At dwell times of a tenth of the interval nothing is left of the correlation."""
    z = []
    for seed in range(10):
        rng = np.random.default_rng([seed, 3])
        signal = fractions(rng, 0.1, 0.25, TIME) + DRIFT + noise_of(rng, noise, 0.01)
        fit = fit_trace(TIME, signal)
        assert fit.verdict == "faster than the sampling"
        assert math.isnan(fit.dwell_high)
        (low_high, up_high), (low_low, up_low) = fit.intervals()
        assert low_high == low_low == 0
        assert 0.1 < up_high < 1.5
        assert 0.25 < up_low < 2
        assert fit.separation == pytest.approx(1, abs=0.06)
        z.append((fit.log_odds - np.log(0.1 / 0.25)) / np.sqrt(fit.log_odds_variance))
        low, up = fit.occupancy_interval()
        assert low < fit.occupancy < up
        assert "sample faster" in fit.warnings[0]
    assert np.abs(np.mean(z)) < 4 / np.sqrt(10)
    assert np.std(z) < 2


def test_upper_bounds_hold_where_some_correlation_is_left():
    """Of traces with ρ = 0.05 some show it and some do not; either way the interval is honest."""
    held, bounded, dwell = 0, 0, 2 / 3
    for seed in range(30):
        rng = np.random.default_rng([seed, 4])
        signal = fractions(rng, dwell, dwell, TIME) + noise_of(rng, 0.2, 0.0)
        fit = fit_trace(TIME, signal)
        held += fit.intervals()[0][0] <= dwell <= fit.intervals()[0][1]
        bounded += fit.verdict == "faster than the sampling"
        assert fit.verdict in ("two levels", "faster than the sampling")
    assert 0 < bounded < 30
    assert held >= 25


@pytest.mark.slow
@pytest.mark.parametrize("window", [0.0, 1.0])
def test_a_good_trace_is_hardly_ever_called_anything_else(window):
    for seed in range(12):
        rng = np.random.default_rng([seed, 5])
        dwells = rng.permutation([3.0, 3.0 * 20 ** rng.random()])
        noise, drift = 0.3 * rng.random(), ["line", "bend"][seed % 2]
        time, signal = trace(rng, dwells, 2500, window, noise, drift, 0.01)
        fit = fit_trace(time, signal, window)
        assert fit.verdict == "two levels"
        assert fit.evidence.gain_of_second_level > 20
        assert fit.evidence.sentence.startswith("two levels: ln odds against one level")
        assert fit.evidence.gain_of_third_level < 5


def test_readings_that_average_longer_than_said_are_remarked_on():
    rng = np.random.default_rng(6)
    signal = fractions(rng, 2.0, 3.0, TIME, 1.0) + 0.02 * rng.standard_normal(TIME.size)
    assert fit_trace(TIME, signal, 1.0).warnings == ()
    fit = fit_trace(TIME, signal, 0.0)
    assert fit.warnings

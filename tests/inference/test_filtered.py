"""The law of the averaged telegraph against simulation, differences and numerical integrals."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.stats import chi2, norm

from smtj.inference.telegraph.drift import straight
from smtj.inference.telegraph.likelihood import Model, Trace, expectation
from smtj.inference.telegraph.window_law import (
    fraction_densities,
    fraction_law,
    node_count,
    node_weights,
)
from smtj.physics.resistance import averaged_at_voltage

RATES = [(0.5, 0.2), (3.0, 1.0), (0.05, 8.0), (40.0, 25.0)]
"""Window over τ_high and over τ_low."""
PAIRS = [(0, 0), (0, 1), (1, 0), (1, 1)]


def simulated(rng, a, b, windows):
    """Start, end and fraction high of many windows of length 1, switch by switch."""
    start = rng.random(windows) < b / (a + b)
    state, left, high = start.copy(), np.ones(windows), np.zeros(windows)
    while (left > 0).any():
        dwell = np.minimum(rng.exponential(np.where(state, 1 / a, 1 / b)), left)
        high += dwell * state
        left = left - dwell
        state ^= left > 0
    return start, state, high


@pytest.mark.parametrize(("a", "b"), RATES)
def test_fractions_are_distributed_as_simulated(a, b):
    """Share in ten classes, state at the start and at the end: χ² of 200,000 windows."""
    windows, p = 200_000, b / (a + b)
    start, end, fraction = simulated(np.random.default_rng(0), a, b, windows)
    edges = np.linspace(0, 1, 11)
    chi_squared, freedom = 0.0, -1
    for k, (s, e) in enumerate(PAIRS):
        mine = fraction[(start == s) & (end == e)]
        inside = mine[(mine > 1e-9) & (mine < 1 - 1e-9)]
        seen = np.histogram(inside, edges)[0].tolist()
        expected = [
            quad(lambda f, k=k: fraction_densities(np.array([f]), a, b)[0][0, k], low, high)[0]
            for low, high in pairwise(edges)
        ]
        if s == e:
            seen.append(mine.size - inside.size)
            expected.append(np.exp(-a if s else -b))
        expected = windows * (p if s else 1 - p) * np.array(expected)
        enough = expected > 5
        chi_squared += (((seen - expected) ** 2 / expected)[enough]).sum()
        freedom += enough.sum()
    assert chi2.sf(chi_squared, freedom) > 1e-3


@pytest.mark.parametrize("bend", [0.0, 0.4, 3.0])
@pytest.mark.parametrize(("a", "b"), RATES)
def test_totals_are_those_of_the_two_state_process(a, b, bend):
    nodes = node_count(1.0, 1 / a, 1 / b, 0.3, bend)
    totals = fraction_law(1.0, 1 / a, 1 / b, nodes, bend).totals
    # Rows of the rate matrix: from low, from high.
    np.testing.assert_allclose(totals[:4], expm([[-b, b], [a, -a]]).ravel(), atol=2e-7)
    # Mean time high before each end, by an integral over the moment at which it is high.
    for start in (0, 1):
        mean = quad(lambda t, s=start: expm(np.array([[-b, b], [a, -a]]) * t)[s, 1], 0, 1)[0]
        assert totals[12 + 2 * start : 14 + 2 * start].sum() == pytest.approx(mean, abs=2e-7)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.2), (3.0, 1.0)])
def test_heights_are_those_of_an_averaged_current(a, b):
    """Mean and mean square of readings V over mean current, in one pair of states, by integrals."""
    high, low = 1400.0, 1000.0
    law = fraction_law(1.0, 1 / a, 1 / b, 60, (high - low) / low)
    height = (averaged_at_voltage(law.table[:, 12], high, low) - low) / (high - low)
    np.testing.assert_allclose(height, np.linspace(0, 1, 61), atol=1e-12)
    for power in (1, 2):
        expected = quad(
            lambda f, m=power: (
                fraction_densities(np.array([f]), a, b)[0][0, 1]
                * ((averaged_at_voltage(f, high, low) - low) / (high - low)) ** m
            ),
            0,
            1,
        )[0]
        assert height**power @ law.table[:, 1] == pytest.approx(expected, rel=1e-7)


def test_slopes_are_those_of_the_densities():
    fraction, a, b, step = np.linspace(0, 1, 9), 2.0, 0.7, 1e-6
    _, by_a, by_b = fraction_densities(fraction, a, b)
    up, down = np.exp(step), np.exp(-step)
    difference = (
        fraction_densities(fraction, a * up, b)[0] - fraction_densities(fraction, a * down, b)[0]
    )
    np.testing.assert_allclose(by_a, difference / (2 * step), atol=1e-8)
    difference = (
        fraction_densities(fraction, a, b * up)[0] - fraction_densities(fraction, a, b * down)[0]
    )
    np.testing.assert_allclose(by_b, difference / (2 * step), atol=1e-8)
    law = fraction_law(1.0, 1 / a, 1 / b, 40)
    difference = (
        fraction_law(1.0, up / a, 1 / b, 40).totals - fraction_law(1.0, down / a, 1 / b, 40).totals
    )
    np.testing.assert_allclose(law.totals[4:8], difference[:4] / (2 * step), atol=1e-8)


def test_a_window_of_many_dwells_averages_and_does_not_overflow():
    """Mean p and variance 2p(1 - p) t_c/T of the time average of a long window."""
    a, b = 3e4, 1e4
    p, variance = b / (a + b), 2 * a * b / (a + b) ** 3
    nodes = node_count(1.0, 1 / a, 1 / b, 0.3)
    fraction = np.linspace(0, 1, nodes + 1)
    density = fraction_law(1.0, 1 / a, 1 / b, nodes).table[:, :2].sum(axis=1)
    assert density.sum() == pytest.approx(1, rel=1e-6)
    assert fraction @ density == pytest.approx(p, rel=1e-4)
    assert (fraction - p) ** 2 @ density == pytest.approx(variance, rel=1e-3)


def test_node_weights_integrate_polynomials():
    fraction, weights = np.linspace(0, 1, 21), node_weights(20)
    for power in range(8):
        assert fraction**power @ weights == pytest.approx(1 / (power + 1), rel=1e-13)


@pytest.mark.parametrize("noise", [0.3, 0.02, 0.004])
def test_the_likelihood_is_the_integral_over_fractions_and_states(noise):
    """Three readings with gaps, by adaptive quadrature: also where the noise is narrow."""
    window, dwell_high, dwell_low, outliers, wide = 1.0, 2.0, 3.0, 0.01, 0.2
    a, b = window / dwell_high, window / dwell_low
    time, signal = np.array([1.0, 2.3, 3.3]), np.array([0.013, 0.61, 1.0 - 0.7 * noise])
    rates = np.array([[-1 / dwell_low, 1 / dwell_low], [1 / dwell_high, -1 / dwell_high]])
    chances = np.array([dwell_low, dwell_high]) / (dwell_high + dwell_low)
    for gap, y in zip([0, 0.3, 0], signal, strict=True):
        within = np.empty((2, 2))
        for k, (s, e) in enumerate(PAIRS):
            around = np.clip(y + noise * np.array([-9, -3, 0, 3, 9]), 0, 1)
            value = sum(
                quad(
                    lambda f, k=k, y=y: (
                        fraction_densities(np.array([f]), a, b)[0][0, k] * norm.pdf(y, f, noise)
                    ),
                    low,
                    high,
                    epsabs=1e-12,
                )[0]
                for low, high in pairwise(around)
            )
            if s == e:
                value += np.exp(-a if s else -b) * norm.pdf(y, s, noise)
            within[s, e] = (1 - outliers) * value
        within += outliers * wide * expm(rates * window)
        chances = chances @ expm(rates * gap) @ within
    model = Model(dwell_high, dwell_low, 1.0, noise, outliers, wide, straight(time), np.zeros(2))
    found = expectation(Trace(time, signal, window), model).log_likelihood
    assert found == pytest.approx(np.log(chances.sum()), abs=3e-5)

"""Closed forms of repeated reads against covariances summed one by one, and against histories."""

import numpy as np
import pytest
from scipy.special import ndtr

from smtj.dynamics import readings
from smtj.physics.readout.repeated import comparator_probability, effective_reads


def reads_one_by_one(count: int, interval: float, tau: float, window: float) -> float:
    """N_eff from the autocorrelation, integrated by quadrature over every pair of windows."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    times = 0.5 * window * (nodes + 1)
    total = 0.0
    for k in range(-count + 1, count):
        if k == 0:
            # Both sides of the cusp at equal times, one triangle of the square.
            inner = np.array(
                [(weights / 2 * t) @ np.exp(-(t * (1 - nodes) / 2) / tau) for t in times]
            )
            same = weights @ inner / window if window else 1.0
            total += count * same
        else:
            apart = abs(k) * interval + times[:, None] - times
            total += (count - abs(k)) * (weights @ np.exp(-apart / tau) @ weights) / 4
    return count**2 / total


@pytest.mark.parametrize("count", [1, 2, 7, 30])
@pytest.mark.parametrize(
    ("interval", "window"),
    [(1.0, 0.0), (1.0, 0.3), (1.0, 1.0), (0.01, 0.005), (8.0, 2.0), (1e-3, 0.0)],
)
def test_effective_reads_are_what_the_covariances_leave(
    count: int, interval: float, window: float
) -> None:
    expected = reads_one_by_one(count, interval, 0.7, window)
    np.testing.assert_allclose(effective_reads(count, interval, 0.7, window), expected, rtol=1e-9)


def test_effective_reads_have_their_limits() -> None:
    assert effective_reads(16, 1e9, 1.0) == 16
    np.testing.assert_allclose(effective_reads(16, 1e-9, 1.0), 1, rtol=1e-8)
    rho = np.exp(-0.5)
    np.testing.assert_allclose(
        effective_reads(60_000, 0.5, 1.0) / 60_000, (1 - rho) / (1 + rho), rtol=1e-4
    )
    # A window of many relaxation times is as good as half as many snapshots.
    np.testing.assert_allclose(effective_reads(1, 1e9, 1.0, 1e6), 0.5e6, rtol=1e-5)
    # Either side of where the series begin.
    for x in (1e-3, 1e-5 / 16):
        near = effective_reads(16, x * np.array([1 - 1e-9, 1 + 1e-9]), 1.0, 0.0)
        np.testing.assert_allclose(near[0], near[1], rtol=1e-8)
    assert effective_reads([1, 2], np.ones((3, 1)), 1.0).shape == (3, 2)


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("window", [0.3, 2.0, 20.0])
def test_a_comparator_decides_as_histories_do(window: float, noise: float) -> None:
    p = np.array([0.1, 0.35, 0.5, 0.8])
    many = 40_000
    share, _ = readings(
        np.repeat(-np.log(1 - p), many), np.repeat(-np.log(p), many), 0.0, [window], seed=1
    )
    rng = np.random.default_rng(2)
    level = share.reshape(4, many) + noise * rng.standard_normal((4, many))
    found, expected = (level > 0.5).mean(axis=1), comparator_probability(p, window, 1.0, noise)
    z = (found - expected) / np.sqrt(expected * (1 - expected) / many)
    assert np.abs(z).max() < 4


def test_a_comparator_of_a_snapshot_reads_the_state() -> None:
    p = np.array([0.0, 0.2, 0.5, 1.0])
    np.testing.assert_allclose(comparator_probability(p, 0.0, 1.0), p, atol=1e-12)
    # Q = 1/(2 noise) standard deviations to the threshold.
    error = ndtr(-1.25)
    expected = error + (1 - 2 * error) * p
    np.testing.assert_allclose(comparator_probability(p, 0.0, 1.0, 0.4), expected, atol=1e-10)
    # Fast devices are averaged out, and the comparator is a step.
    np.testing.assert_allclose(
        comparator_probability([0.4, 0.5, 0.6], 1e4, 1.0), [0, 0.5, 1], atol=1e-9
    )

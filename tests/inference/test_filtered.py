"""What a response sees of the states during an interval, against simulation and integrals."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm

from closeness import close_to
from smtj.inference.telegraph.kernels.interval import NODES, fill_chances, interval_laws

RATES = [(0.5, 0.2), (3.0, 1.0), (0.05, 0.08)]
"""1/τ_high and 1/τ_low per interval."""


def generator(a, b):
    return np.array([[-b, b], [a, -a]])


def law(rates, levels, window, pole, bend=0.0):
    """Chances of the new state alone and otherwise, and mean and variance of the level then."""
    shape = (1, *rates.shape, NODES + 1 if window else 1)
    atoms, parts = np.zeros(shape[:3]), [np.zeros(shape) for _ in range(3)]
    interval_laws(rates, np.asarray(levels, float), np.ones(1), window, pole, bend, atoms, *parts)
    chance, means, variances = (part[0] for part in parts)
    total = chance.sum(axis=-1)
    weight = chance / np.where(total > 0, total, 1)[..., None]
    mean = (weight * means).sum(axis=-1)
    square = (weight * (variances + means**2)).sum(axis=-1)
    return atoms[0], total, mean, square - mean**2


def chances_after(rates, time):
    out = np.empty(rates.shape)
    fill_chances(rates, time, out, np.empty((2, *rates.shape)))
    return out


def simulated(rng, a, b, count, window, pole):
    """Start, end and driving level of many intervals of length 1, switch by switch."""
    start = rng.random(count) < b / (a + b)
    state, now, seen = start.copy(), np.zeros(count), np.zeros(count)
    alone = np.ones(count, bool)

    def weight(t):
        if pole:
            return np.expm1(t / pole) / np.expm1(1 / pole)
        return np.clip((t - 1 + window) / window, 0, 1)

    while (now < 1).any():
        dwell = np.minimum(rng.exponential(np.where(state, 1 / a, 1 / b)), 1 - now)
        seen += (weight(now + dwell) - weight(now)) * state
        now = now + dwell
        switched = now < 1
        alone &= ~(switched & (weight(now) > 0))
        state ^= switched
    return start, state, seen, alone


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize(("window", "pole"), [(1.0, 0.0), (0.4, 0.0), (0.0, 0.7), (0.0, 4.0)])
def test_the_law_of_an_interval_is_that_of_simulated_switches(rates, window, pole):
    count = 200_000
    start, end, seen, alone = simulated(np.random.default_rng(0), *rates, count, window, pole)
    atoms, spread, means, variances = law(generator(*rates), [0, 1], window, pole)
    for i in (0, 1):
        for j in (0, 1):
            mine = (start == i) & (end == j)
            total = np.count_nonzero(start == i)
            for expected, found in (
                (atoms[i, j], np.count_nonzero(mine & alone) / total),
                (spread[i, j], np.count_nonzero(mine & ~alone) / total),
            ):
                assert found == close_to(expected, abs=4 * np.sqrt(0.25 / total))
            rest = seen[mine & ~alone]
            if rest.size > 500:
                assert rest.mean() == close_to(
                    means[i, j], abs=0.02 + 4 * rest.std() / np.sqrt(rest.size)
                )
                assert rest.var() == close_to(variances[i, j], rel=0.15, abs=0.003)


@pytest.mark.parametrize("rates", RATES)
def test_without_a_response_the_new_state_alone_is_seen(rates):
    matrix = generator(*rates)
    atoms, spread, *_ = law(matrix, [0, 1], 0.0, 0.0)
    np.testing.assert_allclose(atoms, expm(matrix), rtol=1e-12)
    assert not spread.any()


def test_chances_are_matrix_exponentials_of_any_size_and_time():
    rng = np.random.default_rng(1)
    for size in (2, 3, 4):
        matrix = rng.exponential(1, (size, size))
        np.fill_diagonal(matrix, 0)
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        for time in (1e-3, 0.5, 30.0):
            np.testing.assert_allclose(chances_after(matrix, time), expm(matrix * time), atol=1e-9)
        stationary = chances_after(matrix, 1e9)
        np.testing.assert_allclose(stationary, stationary[:1].repeat(size, axis=0), atol=1e-7)


def test_a_long_window_averages():
    """Mean p and variance 2p(1 - p) t_c/T of the time average of a long window."""
    a, b = 60.0, 20.0
    p = b / (a + b)
    _, spread, means, variances = law(generator(a, b), [0, 1], 1.0, 0.0)
    np.testing.assert_allclose(spread.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(means, p, atol=0.02)
    # Looked at in a dozen moments, its variance is that of a dozen samples at least.
    assert (variances < p * (1 - p) / 6).all()


def test_at_a_constant_voltage_the_inverse_averages():
    """At 1 and 2 ohm a reading that is half the time high is 1.33 ohm."""
    _, _, means, variances = law(generator(0.01, 0.01), [0, 1], 1.0, 0.0, bend=1.0)
    mean = quad(lambda f: 1 / (1 - f / 2) - 1, 0, 1)[0]
    square = quad(lambda f: (1 / (1 - f / 2) - 1) ** 2, 0, 1)[0]
    assert means[0, 1] == close_to(mean, abs=0.06)
    assert variances[0, 1] == close_to(square - mean**2, rel=0.25)

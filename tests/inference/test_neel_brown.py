"""ln τ(H) gives barrier and field apart, with intervals that cover what made the data."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, chi2

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.barrier import fit_barrier
from smtj.inference.stats.estimate import DECADE
from smtj.physics.constants import BOLTZMANN
from smtj.physics.switching import log_dwell_times, slope
from smtj.units import Oe

DELTA, H_K, H_S, LOG_TAU0 = 18.5, 560 * Oe, -13.9 * Oe, math.log(1e-9)
FIELD = np.linspace(-150, 150, 21) * Oe
REPETITIONS = 200


def scan(field, dwells, rng=None, log_tau0=LOG_TAU0, h_k=H_K, correlation=0.3):
    """Dwell times as so many dwells a field would give them; exact without a generator."""
    high, low = log_dwell_times(DELTA, (field - H_S) / h_k, log_tau0)
    covariance = np.array([[1, correlation], [correlation, 1]]) / dwells
    if rng is not None:
        noise = rng.multivariate_normal([0, 0], covariance, size=field.size)
        high, low = high + noise[:, 0], low + noise[:, 1]
    return field, high, low, np.broadcast_to(covariance, (field.size, 2, 2))


def truth(log_tau0=LOG_TAU0, h_k=H_K):
    tau0 = math.exp(log_tau0)
    return DELTA, h_k, H_S, slope(DELTA, h_k), log_tau0, tau0


def loss(theta, field, high, low, covariance):
    """χ² of (Δ, H_k/H_K, H_s/H_K, ln τ0), written out again."""
    delta, h_k, h_s, log_tau0 = theta
    h = (field / H_K - h_s) / h_k
    models = (log_tau0 + delta * (1 + h) ** 2, log_tau0 + delta * (1 - h) ** 2)
    miss = np.array([high - models[0], low - models[1]])
    return np.einsum("if,fij,jf->", miss, np.linalg.inv(covariance), miss)


@pytest.mark.parametrize("h_k", [H_K, -H_K], ids=["rising", "falling"])
def test_exact_dwell_times_give_the_exact_device(h_k):
    fit = fit_barrier(*scan(FIELD, 1000, h_k=h_k), LOG_TAU0)
    np.testing.assert_allclose([e.value for e in fit.estimates], truth(h_k=h_k), rtol=1e-6)
    assert fit.chi_squared == close_to(0, abs=1e-6)
    assert fit.remarks == ()
    assert fit.degrees_of_freedom == 39
    assert [e.unit for e in fit.estimates] == ["", "A/m", "A/m", "m/A", "", "s"]
    barrier = fit.barrier(300.0)
    assert barrier.value == close_to(DELTA * BOLTZMANN * 300, rel=1e-6)
    assert barrier.error / barrier.value == close_to(fit.stability_factor.error / DELTA)


def test_a_wrong_attempt_time_moves_the_barrier_by_as_much_as_its_error_says():
    """A decade in τ0 is 2.3 in E_b/k_BT, where the curvature tells nothing."""
    data = scan(np.linspace(-20, 10, 5) * Oe, 100)
    right, wrong = (fit_barrier(*data, LOG_TAU0 + shift) for shift in (0, DECADE))
    moved = right.stability_factor.value - wrong.stability_factor.value
    assert moved == close_to(2.3, abs=0.03)
    assert right.stability_factor.error == close_to(moved, rel=0.02)
    exact = fit_barrier(*data, LOG_TAU0, 0.0)
    assert exact.stability_factor.error < 0.06
    assert exact.log_attempt_time.error == 0
    assert exact.stability_factor.value == close_to(DELTA)


def test_standard_errors_are_those_of_the_likelihood():
    """Here with τ0 so vague that the curvature alone fixes it."""
    data = scan(FIELD, 2000, np.random.default_rng(1))
    fit = fit_barrier(*data, LOG_TAU0, 1e4)
    scale = np.array([1, H_K, H_K, 1])
    numbers = (fit.stability_factor, fit.effective_field, fit.offset_field, fit.log_attempt_time)
    best = np.array([e.value for e in numbers]) / scale
    assert loss(best, *data) == close_to(fit.chi_squared)
    step = 1e-3 * np.eye(4)
    hessian = np.array(
        [
            [
                (
                    loss(best + a + b, *data)
                    - loss(best + a - b, *data)
                    - loss(best - a + b, *data)
                    + loss(best - a - b, *data)
                )
                / 4e-6
                for a in step
            ]
            for b in step
        ]
    )
    expected = 2 * np.linalg.inv(hessian) * np.outer(scale, scale)
    errors = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), errors, rtol=0.02)
    found = fit.covariance / np.outer(errors, errors)
    np.testing.assert_allclose(found, expected / np.outer(errors, errors), atol=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("field", "dwells"), [(FIELD, 300), (FIELD[8:12], 1000)])
def test_intervals_cover_the_truth(field, dwells):
    """τ0 known within a decade: the error of the barrier is mostly its."""
    rng = np.random.default_rng(2)
    covered, sums = np.zeros(6), []
    for _ in range(REPETITIONS):
        log_tau0 = LOG_TAU0 + DECADE * rng.standard_normal()
        fit = fit_barrier(*scan(field, dwells, rng, log_tau0), LOG_TAU0)
        covered += _within(fit, truth(log_tau0))
        sums.append(fit.chi_squared)
    for count in covered:
        assert binomtest(int(count), REPETITIONS, 0.95).pvalue > 1e-3, covered / REPETITIONS
    _assert_is_chi_squared(sums, fit.degrees_of_freedom)


def test_a_law_that_is_not_eq_3_and_4_does_not_fit():
    _, high, low, covariance = scan(FIELD, 1000)
    bump = np.cos(FIELD / (20 * Oe))
    assert fit_barrier(FIELD, high + 0.2 * bump, low, covariance, LOG_TAU0).p_value < 1e-6
    assert fit_barrier(FIELD, high, low, covariance, LOG_TAU0).p_value == close_to(1)


def test_fields_beyond_the_last_barrier_are_refused():
    near = scan(np.linspace(-500, 500, 11) * Oe, 1000)
    assert fit_barrier(*near, LOG_TAU0).remarks == ()
    far = scan(np.linspace(-600, 600, 11) * Oe, 1000)
    with pytest.raises(SmtjError, match=r"600 Oe lies beyond \|h\| = 1.* than 560 Oe"):
        fit_barrier(*far, LOG_TAU0)
    perhaps = scan(np.linspace(-545, 560, 3) * Oe, 2)
    assert "the field of 560 Oe may lie beyond" in fit_barrier(*perhaps, LOG_TAU0).remarks[0]


GOOD = scan(FIELD[:3], 100)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({0: [0.0, 0.0, 0.0]}, "two different fields"),
        ({0: [0.0, 1.0, math.nan]}, "must be finite"),
        ({1: [0.0, math.inf, 1.0]}, "must be finite"),
        ({1: [0.0, 1.0]}, "differ in number"),
        ({3: np.zeros((3, 2, 2))}, "positive definite"),
        ({3: np.full((3, 2, 2), 1.0)}, "positive definite"),
        ({3: np.array([[[1, 0.9], [0.1, 1]]] * 3)}, "symmetric"),
        ({1: [1.0, 1.0, 1.0], 2: [0.0, 0.0, 0.0]}, "does not change with field"),
        ({1: [-30.0, -31.0, -32.0], 2: [-32.0, -31.0, -30.0]}, "give a shorter attempt time"),
        ({4: math.nan}, "attempt time must be finite"),
        ({5: -1.0}, "standard error 0 or more"),
    ],
)
def test_impossible_data_are_refused(changes, message):
    arguments = [*GOOD, LOG_TAU0, DECADE]
    for position, value in changes.items():
        arguments[position] = value
    with pytest.raises(SmtjError, match=message):
        fit_barrier(*arguments)


def _within(fit, values):
    pairs = zip(fit.estimates, values, strict=True)
    return np.array([e.interval[0] <= value <= e.interval[1] for e, value in pairs])


def _assert_is_chi_squared(sums, freedom):
    error = chi2.std(freedom) / math.sqrt(len(sums))
    assert abs(np.mean(sums) - freedom) < 4 * error

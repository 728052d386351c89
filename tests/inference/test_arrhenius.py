"""τ(T) gives barrier and attempt time, with intervals that cover what made the data."""

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import binomtest, chi2

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.barrier import fit_arrhenius
from smtj.physics.constants import BOLTZMANN
from smtj.physics.device import vcma_point

TEMPERATURE = np.array([280.0, 290, 300, 310, 320, 330])
BARRIER, LOG_TAU0 = 18.5 * BOLTZMANN * 300, math.log(1e-9)
ERROR = np.array([0.02, 0.05, 0.03, 0.1, 0.02, 0.04])
EXACT = LOG_TAU0 + BARRIER / (BOLTZMANN * TEMPERATURE)


def test_exact_dwell_times_give_the_exact_device():
    fit = fit_arrhenius(TEMPERATURE, EXACT, ERROR)
    found = [e.value for e in fit.estimates]
    np.testing.assert_allclose(found, [BARRIER, 18.5, LOG_TAU0, 1e-9], rtol=1e-9)
    assert fit.chi_squared == close_to(0, abs=1e-9)
    assert fit.degrees_of_freedom == 4
    assert fit.p_value == close_to(1)
    np.testing.assert_allclose(fit.log_dwell_time(TEMPERATURE), EXACT, rtol=1e-12)
    assert fit_arrhenius(TEMPERATURE, EXACT, ERROR, 150.0).stability_factor.value == close_to(37)


def test_errors_are_those_of_an_independent_fit():
    y = EXACT + ERROR * np.random.default_rng(1).standard_normal(6)
    fit = fit_arrhenius(TEMPERATURE, y, ERROR)
    best, covariance = curve_fit(
        lambda t, delta, log_tau0: log_tau0 + delta * 300 / t,
        TEMPERATURE,
        y,
        p0=(10, -10),
        sigma=ERROR,
        absolute_sigma=True,
    )
    scale = np.array([BOLTZMANN * 300, 1])
    assert fit.stability_factor.value == close_to(best[0], rel=1e-6)
    assert fit.log_attempt_time.value == close_to(best[1], rel=1e-6)
    np.testing.assert_allclose(fit.covariance, covariance * np.outer(scale, scale), rtol=1e-4)
    assert fit.attempt_time.interval == tuple(np.exp(fit.log_attempt_time.interval))


def test_intervals_cover_the_truth():
    rng, repetitions, covered, sums = np.random.default_rng(2), 1000, np.zeros(4), []
    truth = (BARRIER, 18.5, LOG_TAU0, 1e-9)
    for _ in range(repetitions):
        fit = fit_arrhenius(TEMPERATURE, EXACT + ERROR * rng.standard_normal(6), ERROR)
        pairs = zip(fit.estimates, truth, strict=True)
        covered += [e.interval[0] <= value <= e.interval[1] for e, value in pairs]
        sums.append(fit.chi_squared)
    for count in covered:
        assert binomtest(int(count), repetitions, 0.95).pvalue > 1e-3, covered / repetitions
    assert np.mean(sums) == close_to(4, abs=4 * chi2.std(4) / math.sqrt(repetitions))


def test_a_bent_line_does_not_fit():
    bent = EXACT + 1e-4 * (TEMPERATURE - 300) ** 2
    assert fit_arrhenius(TEMPERATURE, bent, 0.01 * np.ones(6)).p_value < 1e-6


def test_data_without_a_barrier_get_a_remark():
    flat = fit_arrhenius(TEMPERATURE, np.zeros(6), ERROR)
    assert "the data show no barrier" in flat.remarks[-1]
    assert len(fit_arrhenius(TEMPERATURE, EXACT, ERROR).remarks) == 1


def test_a_barrier_that_falls_with_temperature_looks_too_high(card):
    def line_and_card(device):
        point, own = vcma_point(device, temperature=TEMPERATURE), vcma_point(device)
        log_tau = own.log_attempt_time + np.asarray(point.stability_factor)
        return fit_arrhenius(TEMPERATURE, log_tau, ERROR), float(own.barrier), own.log_attempt_time

    line, barrier, _ = line_and_card(card)
    assert line.barrier.value == close_to(barrier, rel=1e-9)

    hot = card.replace({"thermal.curie_temperature": 1000.0})
    line, barrier, log_tau0 = line_and_card(hot)
    # The tangent: E_b - T dE_b/dT at about the middle of the range, and ln τ0 + (dE_b/dT)/k_B.
    below, above = (float(vcma_point(hot, temperature=300.0 + d).barrier) for d in (-1, 1))
    steepness = (above - below) / 2
    assert steepness < 0
    assert line.barrier.value == close_to(barrier - 300 * steepness, rel=0.03)
    shift = line.log_attempt_time.value - log_tau0
    assert shift == close_to(steepness / BOLTZMANN, rel=0.1)


@pytest.mark.parametrize(
    ("temperature", "log_tau", "error", "message"),
    [
        ([300, 310], [1, 2], [1, 1], "three different temperatures"),
        ([300, 300, 310], [1, 2, 3], [1, 1, 1], "three different temperatures"),
        ([300, 310, -1], [1, 2, 3], [1, 1, 1], "above 0"),
        ([300, 310, 320], [1, 2, math.nan], [1, 1, 1], "finite"),
        ([300, 310, 320], [1, 2, 3], [1, 1, 0], "above 0"),
        ([300, 310, 320], [1, 2], [1, 1, 1], "differ in number"),
    ],
)
def test_impossible_data_are_refused(temperature, log_tau, error, message):
    with pytest.raises(SmtjError, match=message):
        fit_arrhenius(temperature, log_tau, error)


def test_a_reference_temperature_is_above_zero():
    with pytest.raises(SmtjError, match="reference temperature"):
        fit_arrhenius(TEMPERATURE, EXACT, ERROR, 0.0)

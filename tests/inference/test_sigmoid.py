"""The sigmoid fit gives back what made the data, with error bars that mean what they say."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit
from scipy.stats import binomtest, chi2

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.sigmoid import estimate_inflation, fit_sigmoid, variance_inflation
from smtj.inference.stats.distributions import wilson_interval
from smtj.units import convert

FIELD = np.arange(-60.0, 41.0, 5.0)
SLOPE, OFFSET = 0.132, -13.9
TRUTH = expit(SLOPE * (FIELD - OFFSET))
REPETITIONS = 150


def sampled_telegraph(probability, correlation, samples, rng):
    """Draw successive reads of stationary two-state processes, exactly, at any interval."""
    chance = rng.random((samples, *np.shape(probability)))
    states = np.empty(chance.shape, dtype=bool)
    states[0] = chance[0] < probability
    for i in range(1, samples):
        states[i] = chance[i] < probability + correlation * (states[i - 1] - probability)
    return states


def test_exact_probabilities_give_the_exact_sigmoid():
    fit = fit_sigmoid(FIELD, 1e6 * TRUTH, 1e6)
    assert fit.slope == close_to(SLOPE, rel=1e-7)
    assert fit.offset_field == close_to(OFFSET, rel=1e-7)
    assert fit.deviance == close_to(0, abs=1e-6)
    assert fit.p_value == close_to(1)
    np.testing.assert_allclose(fit.probability(FIELD), TRUTH, rtol=1e-6)


def test_a_falling_sigmoid_has_a_negative_slope():
    fit = fit_sigmoid(-FIELD, 1e6 * TRUTH, 1e6)
    assert fit.slope == close_to(-SLOPE, rel=1e-7)
    assert fit.offset_field == close_to(-OFFSET, rel=1e-7)


def test_the_unit_of_the_field_does_not_matter():
    high = np.random.default_rng(1).binomial(1000, TRUTH)
    one, other = fit_sigmoid(FIELD, high, 1000), fit_sigmoid(80 * FIELD + 7, high, 1000)
    assert other.slope == close_to(one.slope / 80, rel=1e-6)
    assert other.offset_field == close_to(80 * one.offset_field + 7, rel=1e-6)
    assert other.slope_error == close_to(one.slope_error / 80, rel=1e-5)
    assert other.deviance == close_to(one.deviance, rel=1e-6)


def test_standard_errors_are_those_of_the_likelihood():
    """The covariance is the inverse of the curvature, found here by finite differences."""
    high = np.random.default_rng(2).binomial(1000, TRUTH)
    fit = fit_sigmoid(FIELD, high, 1000, scattered=False)

    def loss(w, h_s):
        eta = w * (FIELD - h_s)
        return (1000 * np.logaddexp(0, eta) - high * eta).sum()

    w, h_s, dw, dh = fit.slope, fit.offset_field, 1e-4, 1e-2
    hessian = np.empty((2, 2))
    hessian[0, 0] = (loss(w + dw, h_s) - 2 * loss(w, h_s) + loss(w - dw, h_s)) / dw**2
    hessian[1, 1] = (loss(w, h_s + dh) - 2 * loss(w, h_s) + loss(w, h_s - dh)) / dh**2
    corners = [loss(w + i * dw, h_s + j * dh) * i * j for i in (-1, 1) for j in (-1, 1)]
    hessian[0, 1] = hessian[1, 0] = sum(corners) / (4 * dw * dh)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(hessian), rtol=2e-3, atol=1e-7)


def test_intervals_end_where_the_likelihood_ratio_test_rejects():
    """The other parameter is freed here by a minimiser that knows nothing of logistic curves."""
    field, high, total = np.arange(-3.0, 4.0), np.array([1, 0, 4, 9, 13, 20, 19]), 20

    def loss(w, h_s):
        eta = w * (field - h_s)
        return (total * np.logaddexp(0, eta) - high * eta).sum()

    def least(function):
        return minimize_scalar(function, bounds=(-5, 5), method="bounded").fun

    fit = fit_sigmoid(field, high, total, scattered=False)
    best = loss(fit.slope, fit.offset_field)
    slopes, offsets = fit.intervals(0.9)
    for w in slopes:
        assert 2 * (least(lambda h_s, w=w: loss(w, h_s)) - best) == close_to(
            chi2.ppf(0.9, 1), rel=1e-3
        )
    for h_s in offsets:
        assert 2 * (least(lambda w, h_s=h_s: loss(w, h_s)) - best) == close_to(
            chi2.ppf(0.9, 1), rel=1e-3
        )
    assert slopes[0] < fit.slope < slopes[1]
    assert offsets[0] < fit.offset_field < offsets[1]
    # A steep curve is harder to tell from a steeper one.
    assert slopes[1] - fit.slope > fit.slope - slopes[0]
    mirrored = fit_sigmoid(-field, high, total, scattered=False).intervals(0.9)
    np.testing.assert_allclose(mirrored[0], [-slopes[1], -slopes[0]], rtol=1e-5)
    np.testing.assert_allclose(mirrored[1], [-offsets[1], -offsets[0]], rtol=1e-5)


def test_offset_has_no_bounds_where_the_slope_may_be_zero():
    fit = fit_sigmoid(np.arange(5.0), [4, 5, 6, 5, 6], 10)
    (low, high), offset = fit.intervals()
    assert low < 0 < high
    assert offset == (-math.inf, math.inf)
    slope_row, offset_row = fit.estimates
    assert slope_row.bounded
    assert not offset_row.bounded
    assert math.isinf(offset_row.error)


@pytest.mark.proof
def test_p_values_are_uniform_where_half_the_points_are_saturated():
    """50 reads at 20 points; χ² would hardly ever doubt a curve, right or wrong."""
    field = np.linspace(-12, 12, 20)
    truth = expit(field - 0.1)
    rare = 50 * np.minimum(truth, 1 - truth) < 0.5
    assert rare.sum() >= 10
    high = _rng(6).binomial(50, truth, size=(1000, 20))
    fits = [fit_sigmoid(field, counts, 50, seed=i) for i, counts in enumerate(high)]
    p_values = np.array([fit.p_value for fit in fits])
    assert 0.03 < np.mean(p_values < 0.05) < 0.07
    # Half of them below one half: a share of 1000 has a standard error of 1.6 %.
    assert np.mean(p_values < 0.5) == close_to(0.5, abs=0.06)
    naive = chi2.sf([fit.deviance for fit in fits], 18)
    assert np.mean(naive < 0.05) < 0.01


def test_a_curve_that_is_no_sigmoid_is_flagged_and_its_errors_widened():
    share = np.array([0, 0, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 1, 1])
    field = np.arange(share.size) - 5.0
    fit = fit_sigmoid(field, 200 * share, 200)
    assert fit.not_a_sigmoid
    assert fit.p_value < 1e-3
    assert "not a sigmoid (p < 0.001)" in fit.verdict
    # As the scatter relative to that of counting, and a little more: it is known from nine points.
    counting = fit_sigmoid(field, 200 * share, 200, scattered=False)
    factor = np.sqrt(fit.deviance / 9)
    assert factor * 0.8 < fit.slope_error / counting.slope_error < 2 * factor
    assert fit.field_scatter > 0
    (low, high), _ = fit.intervals()
    assert high - low > 2 * 1.96 * fit.slope_error

    right = fit_sigmoid(field, np.rint(200 * expit(field)), 200)
    assert not right.not_a_sigmoid
    assert right.field_scatter == 0
    assert right.verdict.startswith("consistent with a sigmoid (p = ")


def test_goodness_of_fit_takes_its_randomness_from_the_seed():
    high = [0, 3, 14, 35, 50]
    first, again, other = (fit_sigmoid(np.arange(5), high, 50, seed=s).p_value for s in (1, 1, 2))
    assert first == again != other
    assert first == close_to(other, abs=0.12)


@pytest.mark.parametrize(
    ("unit", "symbols", "units"),
    [
        ("A/m", ("w", "H_s"), (("m/A", "1/Oe"), ("A/m", "Oe"))),
        ("V", ("w", "V_s"), (("1/V", "1/V"), ("V", "V"))),
    ],
)
def test_rows_carry_the_numbers_and_their_units(unit, symbols, units):
    fit = fit_sigmoid(FIELD, _rng(7).binomial(1000, TRUTH), 1000, unit=unit)
    rows = fit.estimates
    assert tuple(row.symbol for row in rows) == symbols
    assert tuple((row.unit, row.display_unit) for row in rows) == units
    for row in rows:
        convert(1.0, row.unit, row.display_unit)
        assert row.interval[0] < row.value < row.interval[1]
    assert (rows[0].value, rows[0].error) == (fit.slope, fit.slope_error)
    assert (rows[1].value, rows[1].error) == (fit.offset_field, fit.offset_error)
    with pytest.raises(SmtjError, match="give A/m or V"):
        fit_sigmoid(FIELD, 500, 1000, unit="K")


@pytest.mark.slow
@pytest.mark.parametrize(
    "known",
    [pytest.param(True, marks=pytest.mark.proof), False],
    ids=["known", "estimated"],
)
def test_intervals_cover_the_truth_under_serial_correlation(known):
    """Reads correlate by up to 0.7; without the inflation 95 % would be 70 %."""
    rho = 0.7 * np.exp(-(((FIELD - OFFSET) / 40) ** 2))
    shape = (REPETITIONS, FIELD.size)
    states = sampled_telegraph(
        np.broadcast_to(TRUTH, shape), np.broadcast_to(rho, shape), 1000, np.random.default_rng(3)
    )
    inflation = (
        np.broadcast_to(variance_inflation(rho), shape) if known else estimate_inflation(states)
    )
    pairs = zip(states.sum(axis=0), inflation, strict=True)
    fits = [fit_sigmoid(FIELD, high, 1000, f) for high, f in pairs]
    intervals = [fit.intervals() for fit in fits]
    for i, truth in enumerate((SLOPE, OFFSET)):
        covered = sum(pair[i][0] <= truth <= pair[i][1] for pair in intervals)
        assert binomtest(covered, REPETITIONS, 0.95).pvalue > 1e-3, covered / REPETITIONS
    mean = np.mean([fit.deviance for fit in fits])
    spread = chi2.std(FIELD.size - 2) / np.sqrt(REPETITIONS)
    # The likelihood ratio is χ² for many reads; the estimate errs on the safe side at the ends.
    assert FIELD.size - 2 - 5 < mean < FIELD.size - 2 + 1 + 4 * spread


def test_the_inflation_is_that_of_the_mean():
    rho, p = 0.6, 0.3
    states = sampled_telegraph(np.full(20_000, p), np.full(20_000, rho), 400, _rng(4))
    variance = states.mean(axis=0).var()
    expected = p * (1 - p) / 400 * variance_inflation(rho)
    # Exact is smaller by 2ρ(1 - ρ^n)/(n (1 - ρ)²) relative to 1, half a per cent here.
    assert variance == close_to(float(expected), rel=0.03)
    estimate = np.median(estimate_inflation(states))
    assert estimate == close_to(float(variance_inflation(rho)), rel=0.05)


def test_samples_have_the_probability_and_correlation_they_were_drawn_with():
    chains = 5000
    p = np.repeat([[0.1], [0.5], [0.9]], chains, axis=1)
    rho = np.repeat([[0.0], [0.5], [0.9]], chains, axis=1)
    states = sampled_telegraph(p, rho, 60, _rng(5))
    # Chains are independent: the scatter between them is the error of their mean.
    share = states.mean(axis=0)
    error = share.std(axis=1) / np.sqrt(chains)
    assert np.all(np.abs(share.mean(axis=1) - p[:, 0]) < 4 * error)
    centred = states - p
    products = (centred[1:] * centred[:-1]).mean(axis=0) / (p * (1 - p))
    error = products.std(axis=1) / np.sqrt(chains)
    assert np.all(np.abs(products.mean(axis=1) - rho[:, 0]) < 4 * error)


def test_wilson_interval_solves_its_equation():
    low, high = wilson_interval([0, 30, 1000], 1000, 2.0, level=0.95)
    p = np.array([0, 0.03, 1])
    for bound in (low, high):
        inner = (bound > 1e-12) & (bound < 1 - 1e-12)
        z = (p - bound)[inner] / np.sqrt(bound * (1 - bound) / 500)[inner]
        np.testing.assert_allclose(np.abs(z), 1.959964, rtol=1e-6)
    assert low[0] == close_to(0, abs=1e-15)
    assert high[-1] == close_to(1)


@pytest.mark.parametrize(
    ("field", "high", "total", "inflation", "message"),
    [
        ([0, 1, 2], [0, 0, 0], 10, 1, "every read is low"),
        ([0, 1, 2], [10, 10, 10], 10, 1, "every read is high"),
        ([0, 1, 2], [0, 5, 10], 10, 1, "more closely spaced"),
        ([0, 1, 2], [10, 0, 0], 10, 1, "more closely spaced"),
        ([0, 1], [1, 5], 10, 1, "three different fields"),
        ([0, 0, 0], [1, 5, 9], 10, 1, "three different fields"),
        ([0, 1, 2], [1, 5, 11], 10, 1, "from 0 to the number of reads"),
        ([0, 1, np.nan], [1, 5, 9], 10, 1, "finite"),
        ([0, 1, 2], [1, 5, 9], 10, 0.5, "1 or more"),
        ([0, 1, 2], [1, 5], 10, 1, "differ in number"),
        ([0, 1, 2], [5, 5, 5], 10, 1, "does not depend on the field"),
        (range(20_000), 5, 10, 1, "readings of a trace"),
    ],
)
def test_impossible_data_are_refused(field, high, total, inflation, message):
    with pytest.raises(SmtjError, match=message):
        fit_sigmoid(field, high, total, inflation)


def _rng(seed):
    return np.random.default_rng(seed)


@pytest.mark.slow
def test_a_field_that_scatters_from_point_to_point_is_found_and_allowed_for():
    rng, field, held, found = _rng(12), np.linspace(-3, 3, 13), [], []
    for seed in range(24):
        moved = field + 0.2 * rng.normal(size=field.size)
        fit = fit_sigmoid(field, rng.binomial(2000, expit(moved)), 2000, seed=seed)
        (low, high), (left, right) = fit.intervals()
        held += [low < 1 < high, left < 0 < right]
        found.append(fit.field_scatter)
    assert np.mean(held) > 0.85
    assert np.median(found) == close_to(0.2, rel=0.25)
    assert "scatters by" in fit.verdict


def test_plateaus_are_found_and_not_taken_for_scatter():
    rng, field = _rng(7), np.linspace(-6, 6, 21)
    held, plain = [], []
    for seed in range(6):
        high = rng.binomial(500, 0.04 + 0.88 * expit(field - 0.3))
        fit = fit_sigmoid(field, high, 500, seed=seed)
        bounds = [*fit.intervals(), *(one.interval for one in fit.plateaus)]
        held += [low < t < up for (low, up), t in zip(bounds, (1, 0.3, 0.04, 0.92), strict=True)]
        moved = field + 0.3 * rng.normal(size=field.size)
        plain.append(fit_sigmoid(field, rng.binomial(500, expit(moved)), 500, seed=seed).plateaus)
    assert np.mean(held) > 0.85
    assert sum(map(bool, plain)) <= 1
    assert fit.probability(60) == close_to(fit.ends[1])
    assert "which P does not leave" in fit.verdict


def test_a_field_that_may_be_off_widens_intervals_less_the_more_points_there_are():
    ratios = []
    for points in (7, 61):
        field = np.linspace(-3, 3, points)
        high = np.rint(1000 * expit(field))
        both = [np.ptp(fit_sigmoid(field, high, 1000, scattered=s).intervals(), axis=1)
                for s in (True, False)]  # fmt: skip
        ratios.append(both[0] / both[1])
    few, many = ratios
    assert np.all((many > 1) & (many < few) & (few < 1.2))


def test_single_reads_cannot_tell_of_a_field_that_is_off():
    field = np.linspace(-4, 4, 200)
    high = _rng(3).binomial(1, expit(field))
    with_scatter, without = (fit_sigmoid(field, high, 1, scattered=s) for s in (True, False))
    np.testing.assert_allclose(with_scatter.intervals(), without.intervals(), rtol=1e-4)

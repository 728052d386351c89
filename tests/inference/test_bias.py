"""w(V) gives ξ back, frees what the data identify, and says which model they support."""

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import binom, binomtest, chi2

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.bias import compare_bias_models, fit_bias
from smtj.inference.bias.models import MODELS
from smtj.inference.bias.observed import HighCounts
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.device import vcma_point
from smtj.units import convert

VOLTAGE = np.linspace(-0.2, 0.2, 7)
XI = 26e-15
REPETITIONS = 100


def slopes(card, voltage=VOLTAGE, relative=0.02, rng=None, temperature=None):
    """w of a card at voltages, with noise if there is a generator, and its standard errors."""
    w = np.asarray(vcma_point(card, voltage, temperature).slope)
    sigma = relative * np.abs(w)
    return voltage, w if rng is None else w + sigma * rng.standard_normal(w.size), sigma


@pytest.fixture(scope="module")
def consistent(card):
    return card.replace({"switching.model": "self-consistent"})


def by_symbol(fit):
    return {e.symbol: e for e in fit.estimates}


@pytest.mark.parametrize("angle", ["180 deg", "0 deg"], ids=["rising", "falling"])
def test_exact_slopes_give_the_exact_device(card, angle):
    turned = card.replace({"magnetism.reference_layer_angle": angle})
    other = turned.replace({"vcma.coefficient": XI / 2, "vcma.anisotropy_field_per_volt": None})
    fit = fit_bias(*slopes(turned), other)
    found = by_symbol(fit)
    assert found["ξ"].value == close_to(XI, rel=1e-6)
    assert found["H_k,eff"].value == close_to(convert(560, "Oe", "A/m"), rel=1e-6)
    assert found["w(0)"].value == close_to(float(vcma_point(turned).slope), rel=1e-6)
    assert math.copysign(1, found["w(0)"].value) == (1 if angle == "180 deg" else -1)
    np.testing.assert_allclose(fit.fitted, vcma_point(turned, VOLTAGE).slope, rtol=1e-6)
    assert fit.chi_squared == close_to(0, abs=1e-8)
    assert (fit.degrees_of_freedom, fit.freed) == (5, ("the scale of w", "ξ"))
    assert fit.taken_from_card == ("H_in",)


def test_exact_slopes_of_the_self_consistent_model_give_its_volume(consistent):
    fit = fit_bias(*slopes(consistent), consistent, "self-consistent")
    assert by_symbol(fit)["V*"].value == close_to(3254e-27, rel=1e-6)
    assert fit.freed == ("the scale of w",)
    assert fit.taken_from_card == ("ξ", "H_in")
    assert any(reason.startswith("ξ is taken from the card") for reason in fit.remarks)
    np.testing.assert_allclose(fit.fitted, vcma_point(consistent, VOLTAGE).slope, rtol=1e-7)


def test_precise_slopes_identify_more_of_the_self_consistent_model(consistent):
    fit = fit_bias(*slopes(consistent, relative=5e-4), consistent, "self-consistent")
    assert by_symbol(fit)["ξ"].value == close_to(XI, rel=1e-3)
    assert "ξ" in fit.freed


@pytest.mark.parametrize("temperature", [None, 330.0])
def test_the_models_are_those_of_the_card(card, temperature):
    hot = card.replace({"thermal.curie_temperature": 1000.0})
    for name, make in MODELS.items():
        own = hot.replace({"switching.model": name})
        model = make(own, temperature)
        values = model.card_values
        expected = vcma_point(own, VOLTAGE, temperature).slope
        np.testing.assert_allclose(model.slope(VOLTAGE, values), expected, rtol=1e-10)
        field = model.quantities["in_plane"].of(values)
        assert field == close_to(own.magnetism.in_plane_bias_field)
        assert model.quantities["vcma"].of(values) == close_to(XI)


def test_errors_are_those_of_an_independent_fit(card):
    """Eq. 5 and 6 written out again, with H_k,eff and ξ free."""
    v, w, sigma = slopes(card, rng=np.random.default_rng(1))
    m_s, h_in = 1.18e6, convert(8.76, "mT", "A/m")
    k_0, thickness, mgo = m_s * 0.056 / 2, 1.62e-9, 0.8e-9

    def law(voltage, h_k, xi):
        k_eff = k_0 - xi * 1e-15 * voltage / (thickness * mgo)
        h_k1 = 2 * k_eff / (VACUUM_PERMEABILITY * m_s)
        return 4 * k_eff * (1 - h_in / h_k1) ** 2 * 3254e-27 / (BOLTZMANN * 300 * h_k * 1e4)

    best, covariance = curve_fit(law, v, w, (4, 20), sigma, absolute_sigma=True)
    found = by_symbol(fit_bias(v, w, sigma, card))
    for symbol, value, error, unit in zip(
        ("H_k,eff", "ξ"), best, np.sqrt(np.diag(covariance)), (1e4, 1e-15), strict=True
    ):
        assert found[symbol].value == close_to(value * unit, rel=1e-5)
        assert found[symbol].error == close_to(error * unit, rel=1e-3)


@pytest.mark.slow
def test_intervals_cover_the_truth(card):
    rng, sums = np.random.default_rng(2), []
    truth = {
        "w(0)": float(vcma_point(card).slope),
        "H_k,eff": convert(560, "Oe", "A/m"),
        "ξ": XI,
    }
    covered = dict.fromkeys(truth, 0)
    for _ in range(REPETITIONS):
        fit = fit_bias(*slopes(card, relative=0.02, rng=rng), card)
        sums.append(fit.chi_squared)
        assert fit.taken_from_card == ("H_in",)
        for symbol, e in by_symbol(fit).items():
            covered[symbol] += e.interval[0] <= truth[symbol] <= e.interval[1]
    for count in covered.values():
        assert binomtest(count, REPETITIONS, 0.95).pvalue > 1e-3, covered
    assert np.mean(sums) == close_to(5, abs=4 * chi2.std(5) / math.sqrt(REPETITIONS))


@pytest.mark.slow
def test_a_bent_line_frees_the_in_plane_field(card):
    """At 20 mT and up to 0.8 V the line bends; a card that has another H_in does not matter."""
    device = card.replace({"magnetism.in_plane_bias_field": "20 mT"})
    voltage, rng, repetitions = np.linspace(-0.8, 0.8, 13), np.random.default_rng(3), 50
    own = card.replace({"magnetism.in_plane_bias_field": "15 mT"})
    truth = {"ξ": XI, "|H_in|": convert(20, "mT", "A/m")}
    covered = dict.fromkeys(truth, 0)
    for _ in range(repetitions):
        fit = fit_bias(*slopes(device, voltage, 0.005, rng), own)
        assert fit.taken_from_card == ()
        found = by_symbol(fit)
        for symbol, value in truth.items():
            covered[symbol] += found[symbol].interval[0] <= value <= found[symbol].interval[1]
    for count in covered.values():
        assert binomtest(count, repetitions, 0.95).pvalue > 1e-3, covered
    # Held at a wrong value instead, H_in takes ξ along with it, by many of its standard errors.
    narrow = fit_bias(*slopes(device, relative=0.005), own)
    assert narrow.taken_from_card == ("H_in",)
    assert abs(by_symbol(narrow)["ξ"].value - XI) > 3 * by_symbol(narrow)["ξ"].error


def test_eq_6_is_a_straight_line_of_which_the_data_know_two_numbers(card):
    result = compare_bias_models(*slopes(card), card)
    assert np.max(np.abs(result.line.fitted / result.cai2019.fitted - 1)) < 1e-3
    assert result.curvature_p_value > 0.9
    assert "w(V) is consistent with a straight line" in result.verdict
    scale, vcma, rest = result.cai2019.relative_errors
    assert scale < vcma < 0.1
    assert rest > 1
    assert abs(result.cai2019.correlations[1, 2]) > 0.9999
    np.testing.assert_allclose(np.diag(result.cai2019.correlations), 1)
    assert "H_in is taken from the card" in result.cai2019.remarks[1]
    constant, steepness = result.line.coefficients
    assert constant.value == close_to(float(vcma_point(card).slope), rel=1e-3)
    assert steepness.value / constant.value == close_to(-0.84, abs=0.01)


@pytest.mark.slow
def test_the_polynomials_are_those_of_numpy(card):
    v, w, sigma = slopes(card, rng=np.random.default_rng(4))
    result = compare_bias_models(v, w, sigma, card)
    for degree, fit in ((1, result.line), (2, result.parabola)):
        best, covariance = np.polyfit(v, w, degree, w=1 / sigma, cov="unscaled")
        np.testing.assert_allclose([c.value for c in fit.coefficients], best[::-1], rtol=1e-9)
        errors = np.sqrt(np.diag(covariance))[::-1]
        np.testing.assert_allclose([c.error for c in fit.coefficients], errors, rtol=1e-9)
    assert result.line.degrees_of_freedom == 5
    assert len(result.estimates) == len({(e.name, e.symbol, e.value) for e in result.estimates})


@pytest.mark.slow
def test_the_verdict_is_the_model_that_made_the_data(card, consistent):
    result = compare_bias_models(*slopes(card), card)
    assert result.best is result.cai2019
    assert result.verdict.startswith("the data support the model cai2019")

    # Slopes that hardly change are those of cai2019 with hardly any VCMA, too.
    result = compare_bias_models(*slopes(consistent, rng=np.random.default_rng(6)), card)
    assert abs(result.difference) < 6
    xi = by_symbol(result.cai2019)["ξ"]
    assert abs(xi.value) < 0.2 * XI
    assert any("standard errors from the card's 26 fJ/(V m)" in r for r in result.cai2019.remarks)
    assert "with ξ and H_in of the card they support the model self-consistent" in result.verdict

    result = compare_bias_models(*slopes(card, np.linspace(-0.2, 0.2, 5), 0.5), card)
    assert result.best is None
    assert result.verdict.startswith("the data do not separate the two models")
    for fit in (result.cai2019, result.self_consistent):
        assert fit.freed == ("the scale of w",)


def test_the_barrier_may_not_vanish_to_bend_a_model(card):
    """Without a barrier the self-consistent w falls as steeply as that of cai2019 does."""
    device = card.replace({"magnetism.in_plane_bias_field": "38 mT"})
    fit = fit_bias(*slopes(device, relative=0.05), device, "self-consistent")
    assert any("leaves the device no barrier at" in reason for reason in fit.remarks)
    assert fit.freed == ("the scale of w",)
    assert fit.p_value < 1e-6


@pytest.mark.proof
def test_slopes_that_no_model_has_are_said_to_fit_none(card):
    v, w, sigma = slopes(card, relative=0.01)
    bent = w * (1 + 10 * v**2)
    result = compare_bias_models(v, bent, sigma, card)
    assert "but even cai2019 does not fit" in result.verdict
    assert "w(V) is curved" in result.verdict


def test_the_criteria_count_parameters(card):
    fit = fit_bias(*slopes(card, rng=np.random.default_rng(5)), card)
    assert fit.aic == close_to(fit.chi_squared + 4)
    assert 0 < fit.p_value < 1


@pytest.mark.parametrize(
    ("voltage", "slope", "error", "message"),
    [
        ([0, 0.1], [1, 1], [1, 1], "three different voltages"),
        ([0, 0, 0.1], [1, 1, 1], [1, 1, 1], "three different voltages"),
        ([0, 0.1, math.inf], [1, 1, 1], [1, 1, 1], "finite"),
        ([0, 0.1, 0.2], [1, math.nan, 1], [1, 1, 1], "finite"),
        ([0, 0.1, 0.2], [1, 1, 1], [1, 1, 0], "above 0"),
        ([0, 0.1, 0.2], [1, 1], [1, 1, 1], "differ in number"),
        (
            [0, 0.1, 0.2],
            [-1, -1, -1],
            [1, 1, 1],
            "opposite sign to that of card cai2019, 0.132 1/Oe",
        ),
    ],
)
def test_impossible_data_are_refused(card, voltage, slope, error, message):
    for model in MODELS:
        with pytest.raises(SmtjError, match=message):
            fit_bias(voltage, slope, error, card, model)


def test_a_card_without_barrier_is_refused(card):
    flat = card.replace({"magnetism.in_plane_bias_field": "60 mT"})
    for model in MODELS:
        with pytest.raises(SmtjError, match="card cai2019 has no barrier at zero bias"):
            fit_bias(*slopes(card), flat, model)


def test_counts_have_the_residuals_of_their_deviance() -> None:
    odds, high, total = np.array([-3.0, 0.5, 2.0]), np.array([9.0, 50.0, 100.0]), 100.0
    found = HighCounts(high, np.full(3, total)).residuals(np.stack([odds, 0 * odds], axis=1))
    p = 1 / (1 + np.exp(-odds))
    deviance = 2 * (binom.logpmf(high, total, high / total) - binom.logpmf(high, total, p))
    np.testing.assert_allclose(found, np.sign(high / total - p) * np.sqrt(deviance), rtol=1e-9)

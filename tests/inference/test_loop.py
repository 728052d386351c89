"""Loops give back the resistances, the anisotropy field and the angle that made them."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.loop import fit_loop
from smtj.inference.loop.model import LoopData, occupancy_distribution
from smtj.inference.loop.optimise import search
from smtj.inference.stats.likelihood import covariance_at, maximise
from smtj.lab import Instrument, field_sweep
from smtj.physics.device import barrier_and_reduced_field
from smtj.physics.junction import state_resistances
from smtj.units import Oe, convert

H_K1 = convert(56, "mT", "A/m")
TRUTH = {"R_P": 1000.0, "TMR": 0.8, "R_AP": 1800.0, "H_K1": H_K1, "tilt": math.radians(9)}
SEEDS = 100


def fields(span=1200, parallel=23, perpendicular=9, sweeps=2):
    """H_∥ and H_⊥ of loops along both directions, one after the other."""
    x = np.tile(np.linspace(-span, span, parallel) * Oe, sweeps)
    z = np.tile(np.linspace(-240, 240, perpendicular) * Oe, sweeps)
    return np.append(x, 0 * z), np.append(0 * x, z)


def loops(card, noise, seed, voltage=1e-3, kind="either", **shape):
    """Loops of independent readings: of either state, of the mean, or of any occupancy of both."""
    rng = np.random.default_rng(seed)
    x, z = fields(**shape)
    states = state_resistances(card, x, 0.0, z, voltage)
    delta, h = barrier_and_reduced_field(card, x, 0.0, z, voltage)
    p = 1 / (1 + np.exp(-4 * delta * h))
    occupancy = {
        "either": np.asarray(rng.random(p.size) < p, dtype=float),
        "mean": p,
        "any": rng.beta(2 * p + 1e-3, 2 * (1 - p) + 1e-3),
    }[kind]
    resistance = 1 / (occupancy / states.high + (1 - occupancy) / states.low)
    return x, z, resistance + noise * rng.standard_normal(p.size)


def measured(card, noise, seed, span=1200, **bias):
    """Loops by the virtual laboratory, hysteresis and averaging windows included."""
    parallel, perpendicular = np.linspace(-span, span, 41), np.linspace(-240, 240, 25)
    parts = []
    lab = Instrument(noise=noise)
    for number, steps in enumerate(((0.0, parallel * Oe), (perpendicular * Oe, 0.0))):
        data = field_sweep(card, *steps, instrument=lab, seed=seed + number, **bias)
        parts.append(data.resistance.to_numpy().ravel())
    return *fields(span, 41, 25), np.concatenate(parts)


def by_symbol(reading):
    return {e.symbol: e for e in reading.estimates}


@pytest.mark.slow
@pytest.mark.parametrize("current", [10e-6, 150e-6])
def test_loops_of_the_laboratory_give_the_card_back(card, current):
    fit = fit_loop(*measured(card, 1.0, 5, current=current), card, current=current)
    assert fit.best is fit.tilted
    assert fit.tilted.chi_squared < 1.3 * fit.tilted.degrees_of_freedom
    assert fit.untilted.chi_squared > 10 * fit.untilted.degrees_of_freedom
    found = by_symbol(fit.best)
    for symbol, value in TRUTH.items():
        assert abs(found[symbol].value - value) < 3.5 * found[symbol].error, symbol
        assert found[symbol].value == close_to(value, rel=0.02)
    assert found["σ"].value == close_to(1.0, rel=0.3)
    assert "support the tilted easy axis" in fit.verdict


@pytest.mark.slow
@pytest.mark.parametrize("voltage", [-0.2, 0.2])
def test_values_are_those_at_zero_bias(card, voltage):
    """At 200 mV the TMR is 69 %, and H_K1 differs by 6.8 mT; at -200 mV the loop lags behind."""
    fit = fit_loop(*measured(card, 2.0, 11, voltage=voltage), card, voltage=voltage)
    found = by_symbol(fit.tilted)
    for symbol, value in TRUTH.items():
        assert abs(found[symbol].value - value) < 3.5 * found[symbol].error, symbol
        assert found[symbol].value == close_to(value, rel=0.03)


def test_the_start_may_be_far_from_the_device(card):
    other = card.replace(
        {
            "magnetism.anisotropy_field": "80 mT",
            "magnetism.easy_axis_tilt": "3 deg",
            "electrical.parallel_resistance": "5 kohm",
            "electrical.tmr": "20 %",
        }
    )
    fit = fit_loop(*loops(card, 3.0, 2), other, voltage=1e-3)
    found = by_symbol(fit.tilted)
    for symbol, value in TRUTH.items():
        assert abs(found[symbol].value - value) < 3.5 * found[symbol].error, symbol


@pytest.mark.proof
@pytest.mark.parametrize(("kind", "window"), [("either", "0 ms"), ("mean", "120 ms")])
def test_intervals_cover_the_truth(card, kind, window):
    reader = card.replace({"switching.integration_time": window})
    seeds = 20 if kind == "mean" else SEEDS
    covered = dict.fromkeys(("R_P", "TMR", "tilt", "H_K1"), 0)
    for seed in range(seeds):
        x, z, r = loops(card, 10.0, seed, kind=kind)
        different, index = np.unique(np.stack([x, z], axis=1), axis=0, return_inverse=True)
        data = LoopData(*different.T, index, r, voltage=1e-3, current=None)

        def tilted(tilt, field):
            return reader.replace(
                {"magnetism.easy_axis_tilt": max(tilt, 0), "magnetism.anisotropy_field": field}
            )

        found = search(reader, tilted, data, (TRUTH["tilt"], H_K1), (0, 1), "the fit")
        errors = 1.96 * np.sqrt(np.diag(found.covariance))
        truth = np.log(1000), np.log(0.8), TRUTH["tilt"], np.log(H_K1)
        for symbol, i in (("R_P", 0), ("TMR", 1), ("tilt", 2), ("H_K1", 3)):
            covered[symbol] += abs(found.theta[i] - truth[i]) < errors[i]
    for count in covered.values():
        assert binomtest(int(count), seeds, 0.95).pvalue > 2e-3, covered


def test_readings_of_any_occupancy_do_not_bias_the_levels(card):
    found = by_symbol(
        fit_loop(*loops(card, 5.0, 3, kind="any", sweeps=4), card, voltage=1e-3).tilted
    )
    for symbol, value in TRUTH.items():
        assert abs(found[symbol].value - value) < 3.5 * found[symbol].error, symbol


@pytest.mark.slow
def test_outliers_hardly_matter(card):
    x, z, r = loops(card, 5.0, 4)
    clean = by_symbol(fit_loop(x, z, r, card, voltage=1e-3).tilted)
    r[[7, 30, 60]] *= [3, 0.3, 1.5]
    spoilt = by_symbol(fit_loop(x, z, r, card, voltage=1e-3).tilted)
    for symbol in TRUTH:
        assert abs(spoilt[symbol].value - clean[symbol].value) < 1.5 * clean[symbol].error


def test_the_ambiguity_is_stated_and_both_readings_given(card):
    """A small tilt, and averaged loops along H_∥ alone: no telegraph signal to tell by."""
    device = card.replace({"magnetism.easy_axis_tilt": "2 deg"})
    fit = fit_loop(*loops(device, 20.0, 7, kind="mean", perpendicular=0), card, voltage=1e-3)
    assert abs(fit.difference) < 6
    assert fit.verdict.startswith("the data do not separate the two interpretations of the angle")
    assert fit.ambiguity.startswith("one angle, two interpretations: an easy axis tilted by ")
    assert "with H_in = 8.76 mT of the card, or an in-plane field of" in fit.ambiguity
    for reading in (fit.tilted, fit.untilted):
        assert reading.chi_squared == close_to(reading.degrees_of_freedom, rel=0.5)
        assert len(reading.taken_from_card) == 1
    assert fit.tilted.angle.unit == "rad"
    assert fit.untilted.angle.unit == "A/m"


@pytest.mark.slow
def test_a_device_without_tilt_is_found_out(card):
    upright = card.replace(
        {"magnetism.easy_axis_tilt": "0 deg", "magnetism.in_plane_bias_field": "12 mT"}
    )
    fit = fit_loop(*loops(upright, 3.0, 7), card, voltage=1e-3)
    assert fit.best is fit.untilted
    found = by_symbol(fit.untilted)
    assert abs(found["H_in"].value - convert(12, "mT", "A/m")) < 3.5 * found["H_in"].error
    assert abs(found["R_P"].value - 1000) < 3.5 * found["R_P"].error


def test_loops_that_do_not_saturate_say_that_they_extrapolate(card):
    short, long = (
        fit_loop(*loops(card, 2.0, 8, span=span), card, voltage=1e-3).tilted for span in (500, 2000)
    )
    assert "do not saturate parallel" in short.remarks[0]
    assert "extrapolated" in short.remarks[0]
    assert long.remarks == ()
    assert short.tmr.error > 2 * long.tmr.error


def test_the_occupancy_distribution_has_the_mean_and_variance_of_a_telegraph():
    log_up, log_down = (
        g.ravel() for g in np.meshgrid(np.linspace(-6, 6, 9), np.linspace(-6, 6, 9))
    )
    occupancy = occupancy_distribution(log_up, log_down)
    rest = 1 - occupancy.all_up - occupancy.all_down
    centre, width = (occupancy.start + occupancy.end) / 2, occupancy.end - occupancy.start
    p = 1 / (1 + np.exp(log_down - log_up))
    np.testing.assert_allclose(occupancy.all_up, p * np.exp(-np.exp(-log_up)), atol=1e-12)
    mean = occupancy.all_up + rest * centre
    np.testing.assert_allclose(mean, p, atol=0.04)
    # The variance of an average of exp(-rate |t - t'|) over the window, by brute force.
    t = (np.arange(400) + 0.5) / 400
    rate = np.exp(-log_up) + np.exp(-log_down)
    kernel = np.abs(t[:, None] - t)
    factor = [np.mean(np.exp(-each * kernel)) for each in rate]
    second = occupancy.all_up + rest * (centre**2 + width**2 / 12)
    np.testing.assert_allclose(second - mean**2, p * (1 - p) * np.array(factor), atol=0.02)


def test_the_maximum_of_a_likelihood_is_the_least_squares_line():
    rng = np.random.default_rng(9)
    x = np.linspace(-1, 1, 400)
    y = 1 + 2 * x + 0.5 * rng.standard_normal(400)

    def densities(theta):
        noise = np.exp(theta[2])
        return -((y - theta[0] - theta[1] * x) ** 2) / (2 * noise**2) - np.log(noise)

    theta = maximise(densities, np.zeros(3))
    best, covariance = np.polyfit(x, y, 1, cov="unscaled")
    np.testing.assert_allclose(theta[:2], best[::-1], atol=1e-3)
    assert np.exp(theta[2]) == close_to(np.std(y - np.polyval(best, x)), rel=1e-3)
    errors = np.sqrt(np.diag(covariance_at(densities, theta, "the fit")))
    np.testing.assert_allclose(errors[:2], 0.5 * np.sqrt(np.diag(covariance))[::-1], rtol=0.15)
    assert errors[2] == close_to(1 / math.sqrt(800), rel=0.15)


def test_a_perpendicular_loop_alone_does_not_give_the_tmr(card):
    x, z, r = loops(card, 3.0, 10, parallel=0, perpendicular=41)
    with pytest.raises(SmtjError, match="does not determine R_P; sweep the field along"):
        fit_loop(x, z, r, card, voltage=1e-3)


def test_a_reference_layer_the_other_way_round_is_noticed(card):
    x, z, r = loops(card, 3.0, 10)
    turned = card.replace({"magnetism.reference_layer_angle": "0 deg"})
    with pytest.raises(SmtjError, match="reverse its reference layer"):
        fit_loop(x, z, r, turned, voltage=1e-3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x, z, r: (x[:5], z, r), "differ in number"),
        (lambda x, z, r: (x[:5], z[:5], r[:5]), "8 different fields"),
        (lambda x, z, r: (x, z, np.full_like(r, 1e3)), "does not change at all"),
        (lambda x, z, r: (x, z, -r), "above 0"),
        (lambda x, z, r: (x, z, np.where(x > 0, np.nan, r)), "finite"),
        (lambda x, z, r: (np.where(z > 0, np.inf, x), z, r), "finite"),
    ],
)
def test_impossible_data_are_refused(card, spoil, message):
    data = spoil(*loops(card, 3.0, 10))
    with pytest.raises(SmtjError, match=message):
        fit_loop(*data, card, voltage=1e-3)
    with pytest.raises(SmtjError, match=message):
        fit_loop(*data, card, current=1e-6)


def test_impossible_bias_and_cards_are_refused(card):
    data = loops(card, 3.0, 10)
    with pytest.raises(SmtjError, match="bias voltage or current"):
        fit_loop(*data, card, voltage=math.nan)
    with pytest.raises(SmtjError, match="bias voltage or current"):
        fit_loop(*data, card, current=math.inf)
    flat = card.replace({"magnetism.anisotropy_field": "-20 mT"})
    with pytest.raises(SmtjError, match="lies in the plane"):
        fit_loop(*data, flat, voltage=1e-3)

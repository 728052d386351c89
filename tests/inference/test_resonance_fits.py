"""Fits of H_K1, H_K2, damping and films to numbers of which the truth is known."""

import math

import numpy as np
import pandas as pd
import pytest

from closeness import close_to
from smtj import fit, load_card
from smtj.card import Value
from smtj.errors import SmtjError
from smtj.inference.resonance.coefficients import damping_estimates, vcma_estimates
from smtj.inference.resonance.film import FilmLines, better_geometry, fit_film
from smtj.inference.resonance.wells.from_lines import Points, fit_points, starting_fields
from smtj.inference.resonance.wells.from_spectra import fit_spectra_of_wells
from smtj.inference.resonance.wells.model import EQ_7, FixedFields, WellResonances, well_resonances
from smtj.inference.resonance.wells.projection import WellSpectrum, curves, joined, projected
from smtj.inference.stats.line import fit_line
from smtj.physics.constants import VACUUM_PERMEABILITY
from smtj.physics.resonance.frequency import (
    FREQUENCY_PER_FIELD,
    in_plane_film_frequency,
    printed_frequency,
)
from smtj.physics.resonance.line_shapes import driven_oscillator, lorentzian
from smtj.physics.resonance.spectrum import signal, well_lines
from smtj.units import Oe

TESLA = 1 / VACUUM_PERMEABILITY
OERSTED = 1e-4 * TESLA
CARD = load_card("cai2019")
FIELDS = np.array([-110, -300, -500, -700, -1000, -1500]) * OERSTED
TILTED = FixedFields(
    0.0, float(CARD.magnetism.in_plane_bias_field), float(CARD.magnetism.easy_axis_tilt)
)


def points_at(h_k1, h_k2, fixed, x, z, error):
    """Return the deepest wells' resonances without noise."""
    found = well_resonances(h_k1, h_k2, fixed, x, z)
    f = found.frequency[np.arange(x.size), found.deepest]
    return Points(x, z, f, np.full(x.size, error))


def test_the_model_without_fixed_fields_is_eq_7():
    """In the plane below saturation sin θ_M = H/H_K1, for H_K2 = 0."""
    h = np.array([0.01, 0.03]) * TESLA
    found = well_resonances(0.056 * TESLA, 0.0, EQ_7, h, np.zeros(2))
    theta = np.arcsin(h / (0.056 * TESLA))
    expected = printed_frequency(h, math.pi / 2, theta, 0.056 * TESLA, 0.0)
    np.testing.assert_allclose(found.frequency, np.stack([expected, expected], -1), rtol=1e-9)


def test_lines_at_both_signs_give_the_offset_of_the_field():
    rng = np.random.default_rng(4)
    offset, error = 20 * OERSTED, 2e6
    applied = np.array([-400, -250, -100, 100, 250, 400, 600]) * OERSTED
    there = well_resonances(0.05 * TESLA, -0.003 * TESLA, EQ_7, applied - offset, np.zeros(7))
    truth = there.of_deepest(there.frequency)
    deviations = []
    for _ in range(40):
        data = truth + error * rng.normal(size=7)
        fit = fit_points(Points(applied, np.zeros(7), data, np.full(7, error)), EQ_7, 0.06 * TESLA)
        first, second, shift = fit.estimates
        assert shift.symbol == "H_off"
        pairs = ((first, 0.05 * TESLA), (second, -0.003 * TESLA), (shift, offset))
        deviations.append([(e.value - true) / e.error for e, true in pairs])
    assert np.all(np.abs(np.mean(deviations, axis=0)) < 0.6)
    assert np.all(np.abs(np.std(deviations, axis=0) - 1) < 0.3)


@pytest.mark.parametrize("turn", [0.0, math.pi / 2])
def test_an_offset_is_not_fitted_to_one_sign_or_to_several_directions(turn):
    applied = np.array([100.0, 250.0, 400.0, -100.0, -250.0]) * OERSTED
    x, z = applied.copy(), np.zeros(5)
    x[3:], z[3:] = -applied[3:] * math.cos(turn), -applied[3:] * math.sin(turn)
    fit = fit_points(points_at(0.05 * TESLA, 0.0, EQ_7, x, z, 1e6), EQ_7, 0.06 * TESLA)
    assert fit.offset is None


@pytest.mark.parametrize("fixed", [EQ_7, TILTED])
@pytest.mark.parametrize(("k1", "k2"), [(0.056, 0.0), (0.056, 0.008), (0.047, -0.006)])
def test_points_without_noise_give_the_truth_back(fixed, k1, k2):
    """From no better start than a field that is 40 % off."""
    z = np.zeros(FIELDS.size)
    data = points_at(k1 * TESLA, k2 * TESLA, fixed, FIELDS, z, 1e6)
    fit = fit_points(data, fixed, 0.08 * TESLA)
    assert fit.separable
    assert fit.anisotropy_field == close_to(k1 * TESLA, rel=1e-5)
    assert fit.second_order_field == close_to(k2 * TESLA, abs=1e-5 * TESLA)
    assert fit.chi_squared < 1e-3


@pytest.mark.proof
def test_points_cover_the_truth():
    """z-scores of 60 noisy repeats, both fields."""
    z, truth = [], np.array([0.056, 0.005]) * TESLA
    clean = points_at(*truth, EQ_7, FIELDS, np.zeros(FIELDS.size), 2e6)
    rng = np.random.default_rng(2)
    for _ in range(60):
        noisy = Points(
            clean.field_x, clean.field_z, clean.frequency + 2e6 * rng.normal(size=6), clean.error
        )
        fit = fit_points(noisy, EQ_7, 0.05 * TESLA)
        found = np.array([fit.anisotropy_field, fit.second_order_field])
        z.append((found - truth) / np.sqrt(np.diag(fit.covariance)))
    assert np.all(np.abs(np.mean(z, axis=0)) < 0.45)
    assert np.all((np.std(z, axis=0) > 0.72) & (np.std(z, axis=0) < 1.3))


@pytest.mark.parametrize(
    ("x", "z", "ratio", "advice"),
    [
        ([-0.011], [0.0], 1.0, "in the plane beyond saturation"),
        ([0.0, 0.0], [0.02, 0.05], 1.0, "in the plane beyond saturation"),
        ([0.12, 0.2], [0.0, 0.0], 0.0, "along the normal"),
    ],
)
def test_what_cannot_be_told_apart_is_not_given(x, z, ratio, advice):
    """A combination that is right instead, and which field would help."""
    k1, k2 = 0.056 * TESLA, 0.006 * TESLA
    x, z = np.array(x) * TESLA, np.array(z) * TESLA
    fit = fit_points(points_at(k1, k2, EQ_7, x, z, 1e6), EQ_7, k1)
    assert not fit.separable
    assert math.isnan(fit.second_order_field)
    assert fit.ratio == close_to(ratio, abs=0.12)
    assert fit.anisotropy_field == close_to(k1 - fit.ratio * k2, rel=0.012)
    assert len(fit.estimates) == 1
    assert any(advice in remark for remark in fit.remarks)


def test_a_second_branch_is_named():
    """One field in the plane belongs to two values; the expected is taken, the other told."""
    x = np.array([0.07]) * TESLA
    data = points_at(0.056 * TESLA, 0.0, EQ_7, x, np.zeros(1), 1e6)
    near = fit_points(data, EQ_7, 0.05 * TESLA)
    far = fit_points(data, EQ_7, 0.09 * TESLA)
    assert near.anisotropy_field == close_to(0.056 * TESLA, rel=1e-6)
    assert far.anisotropy_field == close_to(math.hypot(0.07, 0.0313) * TESLA, rel=1e-3)
    assert any("fits as well" in remark for remark in near.remarks)


def test_scatter_beyond_the_errors_widens_them():
    """And is told."""
    clean = points_at(0.056 * TESLA, 0.0, EQ_7, FIELDS, np.zeros(6), 1e5)
    off = 1e6 * np.random.default_rng(3).normal(size=6)
    fit = fit_points(Points(FIELDS, np.zeros(6), clean.frequency + off, clean.error), EQ_7, 4e4)
    honest = fit_points(clean, EQ_7, 4e4)
    assert fit.error > 4 * honest.error
    assert any("widened" in remark for remark in fit.remarks)


def test_no_line_is_refused():
    """In one sentence."""
    none = np.empty(0)
    with pytest.raises(SmtjError, match="no line"):
        fit_points(Points(none, none, none, none), EQ_7, 0.0)


def spectra_of(card, rng, noise=0.5e-6, fields=FIELDS):
    """Return noisy spectra of a card."""
    f = np.linspace(0.4e9, 4.5e9, 206)
    clean = signal(
        type(lines := well_lines(card, fields, 0.0, 0.0))(*(entry[:, None] for entry in lines)), f
    )
    data = clean + noise * rng.standard_normal(clean.shape)
    heights = np.hypot(lines.symmetric.sum(-1), lines.antisymmetric.sum(-1)) * lines.occupancy
    rows = zip(data, fields, heights, strict=True)
    return [WellSpectrum(f, row, noise, h, 0.0, tuple(height)) for row, h, height in rows]


@pytest.mark.slow
def test_spectra_of_both_wells_cover_the_truth_where_their_lines_overlap():
    """H_K1, H_K2 and α of the paper's card, tilted and with H_in, over 24 measurements."""
    rng, z = np.random.default_rng(5), []
    card = CARD.replace({"magnetism.second_order_anisotropy_field": 0.003 * TESLA})
    truth = np.array([0.056, 0.003]) * TESLA
    for _ in range(24):
        fit = fit_spectra_of_wells(spectra_of(card, rng), TILTED, [tuple(truth * 0.99)], 0.025)
        a = fit.anisotropy
        found = np.array([a.anisotropy_field, a.second_order_field])
        z.append(
            [
                *(found - truth) / np.sqrt(np.diag(a.covariance)),
                (a.damping - 0.02) / a.damping_error,
            ]
        )
        assert a.separable
    assert np.all(np.abs(np.mean(z, axis=0)) < 0.7)
    assert np.all((np.std(z, axis=0) > 0.55) & (np.std(z, axis=0) < 1.5))


def test_spectra_at_one_field_fix_a_combination():
    """Two lines or not."""
    data = spectra_of(CARD, np.random.default_rng(6), fields=FIELDS[:1])
    fit = fit_spectra_of_wells(data, TILTED, [(0.0557 * TESLA, 0.0)], 0.02).anisotropy
    assert not fit.separable
    assert abs(fit.anisotropy_field - 0.056 * TESLA) < 4 * fit.error


def test_vcma_carries_the_errors_of_the_stack():
    """34 mT/V is 26 fJ/(V m); 3, 2 and 5 % of M_s, t and t_MgO add up in squares."""
    v = np.array([-0.1, 0.0, 0.1, 0.2])
    line = fit_line(v, (0.056 - 0.034 * v) * TESLA, np.full(4, 1e-4 * TESLA), "H_K1")
    given = {
        "magnetism.saturation_magnetisation": (1.18e6, 0.03),
        "geometry.free_layer_thickness": (1.62e-9, 0.02),
        "geometry.tunnel_barrier_thickness": (0.8e-9, 0.05),
    }
    card = CARD.replace(
        {name: Value(x, "measured", "", share * x) for name, (x, share) in given.items()}
    )
    per_volt, xi = vcma_estimates(line, card)
    assert per_volt.value == close_to(0.034 * TESLA)
    own = 1e-4 * TESLA / math.sqrt(((v - v.mean()) ** 2).sum())
    assert per_volt.error == close_to(own)
    assert xi.value == close_to(26e-15, rel=2e-3)
    share = math.hypot(own / per_volt.value, 0.03, 0.02, 0.05)
    assert xi.error == close_to(share * xi.value)
    alone = vcma_estimates(line, CARD)[1]
    assert alone.error == close_to(own / per_volt.value * xi.value)


def test_damping_from_widths():
    """With a width that damping does not explain, and from too few lines to tell."""
    trace, alpha = np.array([2e9, 3e9, 5e9, 8e9]), 0.03
    half = trace / 2 * alpha / (1 + alpha**2) + 5e6
    (gilbert, extra), remarks = damping_estimates(trace, half, np.full(4, 1e5))
    assert gilbert.value == close_to(alpha, rel=1e-6)
    assert extra.value == close_to(5e6, rel=1e-4)
    assert not remarks
    (gilbert,), remarks = damping_estimates(trace[:1], half[:1] - 5e6, np.full(1, 1e5))
    assert gilbert.value == close_to(alpha, rel=1e-6)
    assert "too few" in remarks[0]


def film_lines(m_eff, gamma, alpha, geometry, error):
    """Return lines of a film at 9 frequencies, fields in A/m."""
    f = np.linspace(13e9, 17e9, 9)
    h = (
        f / gamma + m_eff
        if geometry == "perpendicular"
        else (np.sqrt((m_eff / 2) ** 2 + (f / gamma) ** 2) - m_eff / 2)
    )
    width = 2 * OERSTED + alpha * f / gamma
    return FilmLines(f, h, np.full(9, error), width, np.full(9, error))


@pytest.mark.parametrize("geometry", ["in-plane", "perpendicular"])
def test_films_give_their_numbers_back(geometry):
    """M_eff, γ, α and ΔH_0, and which way the field pointed."""
    gamma = 0.995 * FREQUENCY_PER_FIELD
    lines = film_lines(1700 * OERSTED, gamma, 1e-3, geometry, 0.3 * OERSTED)
    fit = fit_film(lines, geometry)
    assert fit.effective_magnetisation == close_to(1700 * OERSTED, rel=1e-6)
    assert fit.frequency_per_field == close_to(gamma, rel=1e-7)
    assert fit.damping == close_to(1e-3, rel=1e-6)
    assert fit.inhomogeneous_half_width == close_to(2 * OERSTED, rel=1e-6)
    np.testing.assert_allclose(fit.frequency(lines.field), lines.frequency, rtol=1e-9)
    np.testing.assert_allclose(fit.half_width(lines.frequency), lines.half_width, rtol=1e-9)
    assert better_geometry(lines)[0] == geometry


@pytest.mark.slow
def test_films_cover_the_truth():
    """z-scores of M_eff, γ, α and ΔH_0 over 100 repeats."""
    rng = np.random.default_rng(8)
    clean = film_lines(1700 * OERSTED, FREQUENCY_PER_FIELD, 1e-3, "in-plane", 0.3 * OERSTED)
    truth = np.array([1700 * OERSTED, FREQUENCY_PER_FIELD, 1700 * OERSTED, 1e-3, 2 * OERSTED])
    z = []
    for _ in range(100):
        field, width = (
            entry + 0.3 * OERSTED * rng.normal(size=9) for entry in (clean.field, clean.half_width)
        )
        fit = fit_film(
            FilmLines(clean.frequency, field, clean.position_error, width, clean.half_width_error),
            "in-plane",
        )
        z.append([(e.value - t) / e.error for e, t in zip(fit.estimates, truth, strict=True)])
    assert np.all(np.abs(np.mean(z, axis=0)) < 0.35)
    assert np.all((np.std(z, axis=0) > 0.78) & (np.std(z, axis=0) < 1.22))


def test_a_film_needs_three_frequencies():
    """Two leave no doubt and no check."""
    lines = film_lines(1700 * OERSTED, FREQUENCY_PER_FIELD, 1e-3, "in-plane", 1.0)
    parts = (lines.frequency, lines.field, lines.position_error)
    two = [part[:2] for part in (*parts, lines.half_width, lines.half_width_error)]
    with pytest.raises(SmtjError, match="3 frequencies"):
        fit_film(FilmLines(*two), "in-plane")
    with pytest.raises(SmtjError, match="3 fields"):
        fit_film(FilmLines(*two, swept="frequency"), "in-plane")


@pytest.mark.parametrize("geometry", ["in-plane", "perpendicular"])
def test_a_film_swept_in_frequency_is_that_swept_in_field(geometry):
    """Its line is as wide as the rate at which the precession of its layer decays."""
    gamma, m_eff, damping = 1.02 * FREQUENCY_PER_FIELD, 5000 * OERSTED, 8e-3
    field = np.linspace(6000, 12000, 7) * OERSTED
    if geometry == "in-plane":
        stiffness = np.array([field, field + m_eff])
    else:
        stiffness = np.array([field - m_eff, field - m_eff])
    frequency = gamma * np.sqrt(stiffness.prod(axis=0))
    half_width = damping * gamma * stiffness.mean(axis=0)
    error = np.full(7, 1e6)
    lines = FilmLines(frequency, field, error, half_width, error, swept="frequency")
    assert better_geometry(lines)[0] == geometry
    fit = fit_film(lines, geometry)
    assert fit.effective_magnetisation == close_to(m_eff, rel=1e-5)
    assert fit.frequency_per_field == close_to(gamma, rel=1e-6)
    assert fit.damping == close_to(damping, rel=1e-5)
    assert abs(fit.inhomogeneous_half_width) < 1e-3 * OERSTED
    # Errors of a straight line in f, by least squares.
    if geometry == "perpendicular":
        lever = np.sqrt(((field - field.mean()) ** 2).sum())
        assert fit.estimates[1].error == close_to(1e6 / lever, rel=1e-3)


@pytest.mark.parametrize("near", [0.03, 0.042, 0.06])
def test_a_line_near_saturation_does_not_lead_astray(near):
    """Its frequency is so steep, and its error so small, that it fits only very close to truth."""
    x = np.array([23.6, 40.2, 16.1, -13.5, 30.9, -86.8, 84.9, 50.0]) * 1e-3 * TESLA
    error = np.array([1.5, 0.02, 0.7, 0.6, 1.4, 2.5, 1.0, 1.9]) * 1e6
    truth = np.array([0.04186, 0.00655]) * TESLA
    clean = points_at(*truth, EQ_7, x, np.zeros(8), 1.0)
    noise = error * np.random.default_rng(11).normal(size=8)
    data = Points(x, np.zeros(8), clean.frequency + noise, error)
    fit = fit_points(data, EQ_7, near * TESLA)
    assert abs(fit.anisotropy_field - truth[0]) < 4 * fit.error
    assert abs(fit.second_order_field - truth[1]) < 4 * math.sqrt(fit.covariance[1, 1])
    assert fit.p_value > 1e-3
    assert not any("fits as well" in remark for remark in fit.remarks)


def test_lines_of_either_well_lead_to_the_fields():
    """The start may not know which well a line is of, nor that one of them is of none."""
    truth = np.array([0.056, 0.006]) * TESLA
    found = well_resonances(*truth, TILTED, FIELDS, np.zeros(6))
    well = np.where(found.exists.all(axis=1), 1 - found.deepest, found.deepest)
    frequency = found.frequency[np.arange(6), well]
    frequency[3] = 6e9
    data = Points(FIELDS, np.zeros(6), frequency, np.full(6, 1e6))
    best = np.array(starting_fields(data, TILTED))
    assert np.abs(best - truth).max(axis=1).min() < 0.008 * TESLA


def test_spectra_find_the_fields_from_the_best_of_several_starts():
    """Of which all but one are far off."""
    truth = np.array([0.056, 0.003]) * TESLA
    card = CARD.replace({"magnetism.second_order_anisotropy_field": truth[1]})
    data = spectra_of(card, np.random.default_rng(9))
    starts = [(0.045 * TESLA, 0.0), tuple(truth * 0.99), (0.07 * TESLA, 0.01 * TESLA)]
    fit = fit_spectra_of_wells(data, TILTED, starts, 0.025).anisotropy
    assert abs(fit.anisotropy_field - truth[0]) < 4 * fit.error
    assert fit.p_value > 1e-3


@pytest.mark.parametrize("apart", [3e8, 1e7, 0.0])
def test_projections_are_linear_least_squares(apart):
    """By the pseudo-inverse, for lines that overlap and that coincide."""
    f, damping, size = np.linspace(1e9, 3e9, 80), 0.02, np.array([2.0, 0.7])
    rng = np.random.default_rng(3)
    given = ((1.0, -0.05), (0.5, 0.4))
    spectra = [
        WellSpectrum(f[k:], 5 * rng.normal(size=80 - k), 2.0 + k, 0, 0, e)
        for k, e in enumerate(given)
    ]
    position = np.array([[1.7e9, 1.7e9 + apart], [2e9, 2e9]])
    exists = np.array([[True, True], [True, False]])
    wells = WellResonances(position, np.full((2, 2), 8e9), exists, np.zeros(2, dtype=int))
    data = joined(spectra)
    found = projected(data, wells, damping, size)
    expected, ranks = [], 0
    for i, spectrum in enumerate(spectra):
        columns = [np.ones(80 - i), spectrum.frequency - 2e9]
        for well in np.flatnonzero(exists[i]):
            at = position[i, well] / math.sqrt(1 + damping**2)
            width = damping * 8e9 / (2 * (1 + damping**2))
            columns += driven_oscillator(spectrum.frequency, at, width)
        design = np.stack(columns, axis=1) / np.linalg.norm(columns, axis=1) / spectrum.error
        rows = np.zeros((2, design.shape[1]))
        if exists[i].all():
            # No line is thought less than half of the other.
            for part in (0, 1):
                for well, height in ((0, 1.0), (1, -0.5)):
                    norm = np.linalg.norm(columns[2 + 2 * well + part])
                    sign = 1 - 2 * well
                    rows[part, 2 + 2 * well + part] = sign / (height * size[i] * norm)
        design = np.vstack([design, rows])
        signal = np.append(spectrum.signal / spectrum.error, [0.0, 0.0])
        expected.append(signal - design @ (np.linalg.pinv(design) @ signal))
        ranks += np.linalg.matrix_rank(design, tol=1e-9)
    np.testing.assert_allclose(found.residual, np.concatenate(expected), atol=1e-9)
    assert found.heights == ranks
    for curve, spectrum, left in zip(curves(data, found), spectra, expected, strict=True):
        near = spectrum.signal - spectrum.error * left[:-2]
        np.testing.assert_allclose(curve, near, atol=1e-8)


def test_a_narrow_minimum_is_found_where_the_first_fit_is_bad():
    """Fields on either side of saturation, a percent apart, hide it from a coarse search."""
    x = np.array([-47.2, -29.3, 14.3, 58.3, 34.1, 118.0, 80.3, -120.6]) * 1e-3 * TESLA
    error = np.array([1.0, 1.5, 0.7, 0.6, 1.0, 1.8, 2.1, 3.3]) * 1e6
    truth = np.array([0.059613, 0.005336]) * TESLA
    clean = points_at(*truth, EQ_7, x, np.zeros(8), 1.0)
    fit = fit_points(Points(x, np.zeros(8), clean.frequency, error), EQ_7, 0.064 * TESLA)
    assert fit.anisotropy_field == close_to(truth[0], rel=1e-6)
    assert fit.second_order_field == close_to(truth[1], rel=1e-4)


def test_fields_beyond_any_magnet_are_a_wrong_unit():
    """Millitesla in a column that says tesla."""
    field = np.array([100.0, 200.0, 400.0]) * TESLA
    one = np.ones(3)
    lines = FilmLines(np.array([6e9, 9e9, 12e9]), field, TESLA * one, TESLA * one, TESLA * one)
    with pytest.raises(SmtjError, match=r"a line lies at 400 T, .* check its unit"):
        better_geometry(lines)


def test_a_gyromagnetic_ratio_of_no_ferromagnet_puts_the_unit_in_doubt():
    field = np.array([300.0, 600.0, 1000.0, 1400.0]) * OERSTED
    frequency = in_plane_film_frequency(field, 9000 * OERSTED)
    error = np.full(4, 0.3 * OERSTED)
    for scale, doubted in ((1.0, False), (0.1, True)):
        lines = FilmLines(frequency, scale * field, error, 10 * error, error)
        remarks = " ".join(fit_film(lines, "in-plane").remarks)
        assert ("10 times that of the free electron" in remarks) == doubted


def bias_series(fields, offset, slope=-0.02):
    """Table of spectra at some voltages; ``fields`` in mT by voltage in mV."""
    rng, frequency, tables = np.random.default_rng(3), np.linspace(0.2e9, 1.8e9, 81), []
    for voltage, at in fields.items():
        x = (np.array(at) - offset) * 1e-3 * TESLA
        first = (0.05 + slope * 1e-3 * voltage) * TESLA
        there = well_resonances(first, -0.003 * TESLA, EQ_7, x, np.zeros(x.size))
        for field, centre in zip(at, there.of_deepest(there.frequency), strict=True):
            line = lorentzian(frequency, centre, 4e7)[0] + 0.01 * rng.standard_normal(81)
            tables.append(pd.DataFrame({
                "voltage [mV]": voltage, "field_in_plane [mT]": field,
                "frequency [GHz]": frequency / 1e9, "signal [uV]": line,
            }))  # fmt: skip
    return pd.concat(tables)


def test_a_voltage_with_one_sign_of_the_field_has_the_offset_of_the_others():
    both, one = (-30, -20, -10, 10, 20, 30), (10, 20, 25, 30)
    resonance = fit(bias_series({-100: both, 0: both, 100: one}, offset=2.0))
    slope = resonance["-dH_K1/dV"]
    assert abs(slope.value - 0.02 * TESLA) < 3 * slope.error
    assert slope.error < 0.002 * TESLA


def test_fields_beyond_saturation_give_the_slope_of_h_k1_alone():
    some = (70, 80, 90)
    resonance = fit(bias_series({-100: some, 0: some, 100: some}, offset=0.0))
    slope = resonance["-dH_K1/dV"]
    assert abs(slope.value - 0.02 * TESLA) < 3 * slope.error
    assert "do not determine H_K2" in " ".join(resonance.parts[-1].remarks)


def test_a_voltage_that_separates_nothing_does_not_cost_the_slope():
    some = (10, 20, 25, 30)
    resonance = fit(bias_series({-100: some, 0: some, 50: (20,), 100: some}, offset=0.0))
    slope = resonance["-dH_K1/dV"]
    assert abs(slope.value - 0.02 * TESLA) < 3 * slope.error
    assert "at 50 mV the lines do not separate H_K1 from H_K2" in " ".join(
        resonance.parts[-1].remarks
    )


def test_lines_at_both_signs_of_a_shifted_field_give_the_shift():
    frequency = np.repeat([6e9, 9e9, 12e9, 15e9], 2)
    size = np.array([field_of_resonance(f) for f in frequency])
    sign = np.tile([1.0, -1.0], 4)
    rng = np.random.default_rng(1)
    error = np.full(8, 2.0 * Oe)
    field = sign * size + 30 * Oe + error * rng.normal(size=8)
    width = 20 * Oe + 0.01 * frequency / FREQUENCY_PER_FIELD
    fit = fit_film(FilmLines(frequency, field, error, width, error), "in-plane")
    by = {e.symbol: e for e in fit.estimates}
    assert by["H_off"].interval[0] < 30 * Oe < by["H_off"].interval[1]
    assert by["M_eff"].interval[0] < 1e4 * Oe < by["M_eff"].interval[1]
    assert by["H_off"].error < 2 * Oe


def field_of_resonance(frequency):
    """|H| at which a film of M_eff = 10 kOe resonates, in A/m."""
    reduced, half = frequency / FREQUENCY_PER_FIELD, 0.5e4 * Oe
    return np.sqrt(reduced**2 + half**2) - half

"""Fits answer any finite numbers, whatever their size: by a result, or by one sentence."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeness import close_to
from smtj import load_card
from smtj.errors import SmtjError
from smtj.inference.barrier import fit_arrhenius, fit_barrier
from smtj.inference.bias import compare_bias_models
from smtj.inference.loop import fit_loop
from smtj.inference.resonance import (
    FilmLines,
    SpectrumFit,
    better_geometry,
    damping_estimates,
    fit_film,
    fit_spectrum,
)
from smtj.inference.resonance.wells.from_lines import Points, fit_points
from smtj.inference.resonance.wells.from_spectra import fit_spectra_of_wells
from smtj.inference.resonance.wells.model import EQ_7, FixedFields, well_resonances
from smtj.inference.resonance.wells.projection import WellSpectrum
from smtj.inference.sigmoid import (
    detect_quantisation,
    fit_fractions,
    fit_scan,
    fit_scan_of_means,
    fit_sigmoid,
)
from smtj.inference.stats.least_squares import minimise
from smtj.inference.stats.line import LineFit, fit_line
from smtj.physics.resonance.frequency import in_plane_film_frequency

FACTORS = st.sampled_from([1.0, 1.0, 1.0, 1.0, -1.0, 1e-300, 1e-150, 1e-9, 1e9, 1e150, 1e300])
LARGEST = np.finfo(float).max
CARD = load_card("cai2019")
TILTED = FixedFields(0.0, 7e3, 0.15)
X = np.linspace(-1.0, 1.3, 24)
RNG = np.random.default_rng(1)
NOISE = RNG.standard_normal(24)
ONE = np.ones(24)


@st.composite
def spoilt(draw, good):
    """Return good data in other units, with up to three entries replaced by any finite number."""
    with np.errstate(over="ignore"):
        data = [np.clip(draw(FACTORS) * c, -LARGEST, LARGEST) for c in good]
    for _ in range(draw(st.integers(0, 3))):
        column, row = draw(st.integers(0, len(good) - 1)), draw(st.integers(0, 23))
        data[column][row] = draw(st.floats(allow_nan=False, allow_infinity=False))
    if draw(st.booleans()):
        length = draw(st.integers(1, 23))
        data = [column[:length] for column in data]
    return data


def covariance_of(variance):
    return variance[:, None, None] * np.array([[1.0, 0.2], [0.2, 1.0]])


def film(*columns):
    lines = FilmLines(*columns)
    geometry, _ = better_geometry(lines)
    return fit_film(lines, geometry)


def wells(frequency, signal, error, x, z):
    spectra = [
        WellSpectrum(frequency, turned, *(float(entry[i]) for entry in (error, x, z)), (1.0, 0.5))
        for i, turned in ((0, signal), (-1, signal[::-1]))
    ]
    return fit_spectra_of_wells(spectra, TILTED, [(4e4, 0.0)], 0.02).anisotropy


P_HIGH = 1 / (1 + np.exp(-3 * X))
PEAK = 1e-5 / (1 + (X / 0.2) ** 2) + 1e-7 * NOISE
OF_FILM = in_plane_film_frequency(1e5 * (2 + X), 8e5)
OF_EQ_7 = np.abs(well_resonances(4e4, 3e3, EQ_7, 6e4 * X, 0 * X).frequency[:, 0])
QUICK = {
    "line": ((X, 2 * X + 0.1 * NOISE, 0.1 * ONE), lambda x, y, s: fit_line(x, y, s, "the points")),
    "sigmoid": ((X, np.rint(100 * P_HIGH), 100 * ONE), fit_sigmoid),
    "fractions": (
        (X, np.round(P_HIGH, 2)),
        lambda h, p: fit_fractions(h, p, detect_quantisation(p, 100)).sigmoid,
    ),
    "scan": (
        (X, 3 * X + 0.2 * NOISE, 0.04 * ONE, P_HIGH, ONE),
        lambda *data: fit_scan(*data).sigmoid,
    ),
    "barrier": (
        (2e3 * X, -3 + X, -3 - X, 0.01 * ONE),
        lambda h, a, b, v: fit_barrier(h, a, b, covariance_of(v), -20.7),
    ),
    "arrhenius": ((300 + 30 * X, -3 + X, 0.05 * ONE), fit_arrhenius),
    "damping": ((2e9 * (2 + X), 1e7 * (4 + X), 1e6 * ONE), damping_estimates),
    "spectrum": ((X, PEAK), lambda x, y: fit_spectrum(x, y, "lorentzian")),
    "exact spectrum": ((1e9 * (2 + X), PEAK), lambda x, y: fit_spectrum(x, y, "exact")),
    "known errors": (
        (X, PEAK, 1e-7 * ONE),
        lambda x, y, s: fit_spectrum(x, y, "derivative", sigma=s),
    ),
}
SLOW = {
    "film": ((OF_FILM, 1e5 * (2 + X), 1e2 * ONE, 1e3 * (2 + X), 1e2 * ONE), film),
    "means": ((8 * X, 5 + 1 / (1 + np.exp(-8 * X)) + 0.01 * NOISE, 0.01 * ONE), fit_scan_of_means),
    "points": (
        (6e4 * X, 0 * X, OF_EQ_7, 1e6 * ONE),
        lambda *data: fit_points(Points(*data), EQ_7, 4e4),
    ),
    "wells": ((1e9 * (2 + X), PEAK, 1e-7 * ONE, 2e4 * ONE, 0 * X), wells),
    "bias": (
        (0.2 * X, 1e-3 * (1.6 - 0.3 * X), 1e-5 * ONE),
        lambda *data: compare_bias_models(*data, CARD),
    ),
    "loop": (
        (1e5 * X, 1300 + 500 * np.tanh(3 * X) + NOISE),
        lambda h, r: fit_loop(h, 0.0, r, CARD, voltage=1e-3),
    ),
}


def numbers_of(found):
    """Return what a fit found, as numbers."""
    if isinstance(found, LineFit):
        return [found.intercept, found.slope, found.slope_error]
    if isinstance(found, SpectrumFit):
        return [number for line in found.lines for number in (line.position, line.half_width)]
    assert getattr(found, "verdict", "none")
    estimates = found[0] if isinstance(found, tuple) else found.estimates
    return [number for e in estimates for number in (e.value, e.error, *e.interval)]


def answers(fit, data):
    """Assert that a fit gives numbers, or one sentence."""
    try:
        found = fit(*data)
    except SmtjError as error:
        assert str(error)
    else:
        assert not np.isnan(numbers_of(found)).any(), found


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_finite_numbers_give_a_result_or_one_sentence(name, data):
    good, fit = QUICK[name]
    answers(fit, data.draw(spoilt(good)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_any_finite_numbers_give_a_result_or_one_sentence_also_of_models(name, data):
    good, fit = SLOW[name]
    answers(fit, data.draw(spoilt(good)))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_the_data_that_are_spoilt_are_good_and_their_fits_pickle(name):
    good, fit = {**QUICK, **SLOW}[name]
    found = fit(*good)
    assert np.isfinite(numbers_of(found)).all()
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(numbers_of(again), numbers_of(found))


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused(name, number):
    """Among the fields and the like; only log-odds of a scan may be missing."""
    (first, *others), fit = {**QUICK, **SLOW}[name]
    with pytest.raises(SmtjError):
        fit(np.append(number, first[1:]), *others)


def test_steps_to_where_a_model_has_no_value_are_rejected():
    """A root below 0, a logarithm, and an overflow of the standard library."""

    def residuals(p):
        x = np.arange(1.0, 9.0)
        with np.errstate(invalid="ignore"):
            return 10 * (np.sqrt(4 * x) - np.sqrt(p["a"] * x) - math.exp(400 * p["b"]) + 1)

    found = minimise(residuals, {"a": 0.01, "b": 0.0}, "the fit")
    assert found.values["a"] == close_to(4.0)
    assert found.values["b"] == close_to(0.0, abs=1e-6)


def test_a_model_without_a_value_at_the_start_is_said():
    with pytest.raises(SmtjError, match="the start of the fit"):
        minimise(lambda p: np.full(5, p["a"] * math.nan), {"a": 1.0}, "the fit")

"""Fits answer any finite numbers by a result without NaN or by one sentence, whatever their size."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from smtj.inference.resonance.wells.model import EQ_7, FixedFields
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

SCALES = st.sampled_from([1e-300, 1e-150, 1e-9, 1.0, 1e4, 1e9, 1e150, 1e300])
CARD = load_card("cai2019")
TILTED = FixedFields(0.0, 7e3, 0.15)


@st.composite
def columns(draw, count, least=1, most=14):
    """Return some columns of equally many numbers, each of a size of its own."""
    size = draw(st.integers(least, most))
    number = st.one_of(st.floats(-1, 1), st.sampled_from([0.0, 1.0, -1.0, 0.5]))
    return [
        np.array(draw(st.lists(number, min_size=size, max_size=size))) * draw(SCALES)
        for _ in range(count)
    ]


@st.composite
def ramps(draw, count, least=8, most=24):
    """Return columns of which the first rises evenly, as that of a sweep does."""
    first, *others = draw(columns(count, least, most))
    return [np.linspace(draw(st.floats(-1, 1)), 2, first.size) * draw(SCALES), *others]


def covariance_of(high, low):
    """A matrix at each field that may be one of (ln τ_high, ln τ_low)."""
    return np.stack([np.diag([abs(a) + abs(b), abs(b)]) for a, b in zip(high, low, strict=True)])


def film(x, y, dy, w, dw):
    lines = FilmLines(np.abs(y), np.abs(x), np.abs(dy), w, np.abs(dw))
    geometry, _ = better_geometry(lines)
    return fit_film(lines, geometry)


def wells(f, s, a, b, c):
    one = WellSpectrum(f, s, float(abs(a[0])), float(b[0]), float(c[0]), (1.0, 0.5))
    two = WellSpectrum(f, s[::-1], float(abs(a[-1])), float(b[-1]), float(c[-1]), (1.0, 0.5))
    return fit_spectra_of_wells([one, two], TILTED, [(4e4, 0.0)], 0.02).anisotropy


QUICK = {
    "line": (columns(3), lambda x, y, s: fit_line(x, y, np.abs(s), "the points")),
    "sigmoid": (columns(3), lambda h, n, t: fit_sigmoid(h, np.abs(n), np.abs(t))),
    "fractions": (
        columns(2),
        lambda h, p: fit_fractions(h, p, detect_quantisation(np.abs(p), 50)).sigmoid,
    ),
    "scan": (columns(4), lambda h, o, v, p: fit_scan(h, 1e3 * o, np.abs(v), p).sigmoid),
    "means": (ramps(3), lambda h, y, s: fit_scan_of_means(h, y, np.abs(s))),
    "barrier": (columns(4), lambda h, a, b, c: fit_barrier(h, a, b, covariance_of(b, c), -20.7)),
    "arrhenius": (columns(3), lambda t, y, s: fit_arrhenius(np.abs(t), y, np.abs(s))),
    "damping": (columns(3), lambda t, w, s: damping_estimates(np.abs(t), w, np.abs(s))),
    "film": (columns(5), film),
    "spectrum": (ramps(2), lambda x, y: fit_spectrum(x, y, "lorentzian")),
    "exact spectrum": (columns(2, 8, 24), lambda x, y: fit_spectrum(np.abs(x), y, "exact")),
}
SLOW = {
    "points": (columns(4), lambda x, z, f, s: fit_points(Points(x, z, f, np.abs(s)), EQ_7, 4e4)),
    "wells": (ramps(5), wells),
    "bias": (columns(3), lambda v, w, s: compare_bias_models(v, w, np.abs(s), CARD)),
    "loop": (ramps(2), lambda h, r: fit_loop(h, 0.0, np.abs(r), CARD, voltage=1e-3)),
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


@pytest.mark.parametrize("name", QUICK)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_finite_numbers_give_a_result_or_one_sentence(name, data):
    strategy, fit = QUICK[name]
    answers(fit, data.draw(strategy))


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_finite_numbers_give_a_result_or_one_sentence_also_of_models(name, data):
    strategy, fit = SLOW[name]
    answers(fit, data.draw(strategy))


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
@pytest.mark.parametrize("spoilt", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused(name, spoilt):
    """In the first column at least, where no fit takes NaN for a missing number."""
    _, fit = {**QUICK, **SLOW}[name]
    count = fit.__code__.co_argcount
    x = np.linspace(1.0, 2.0, 24)
    x[3] = spoilt
    with pytest.raises(SmtjError):
        fit(x, *(np.linspace(0.1, 0.9, 24) for _ in range(count - 1)))


def test_steps_to_where_a_model_has_no_value_are_rejected():
    """A root below 0, a logarithm, and an overflow of the standard library."""

    def residuals(p):
        x = np.arange(1.0, 9.0)
        with np.errstate(invalid="ignore"):
            return 10 * (np.sqrt(4 * x) - np.sqrt(p["a"] * x) - math.exp(400 * p["b"]) + 1)

    found = minimise(residuals, {"a": 0.01, "b": 0.0}, "the fit")
    assert found.values["a"] == pytest.approx(4.0)
    assert found.values["b"] == pytest.approx(0.0, abs=1e-6)


def test_a_model_without_a_value_at_the_start_is_said():
    with pytest.raises(SmtjError, match="the start of the fit"):
        minimise(lambda p: np.full(5, p["a"] * math.nan), {"a": 1.0}, "the fit")

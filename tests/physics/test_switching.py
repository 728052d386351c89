"""Eq. 2-5: dwell times and probability, two routes to the same numbers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeness import close_to
from smtj.physics import switching
from smtj.units import convert

LOG_ATTEMPT_TIME = math.log(1e-9)
deltas = st.floats(0, 150)
fields = st.floats(-1e3, 1e3)


@settings(deadline=None)
@given(deltas, st.floats(-1, 1))
def test_eq_5_follows_from_eq_2_to_4(delta, h):
    h_k, h_s = 44563.0, -1104.0
    field = h_s + h * h_k
    eq_5 = switching.switching_probability(field, switching.slope(delta, h_k), h_s)
    tau_high = 1e-9 * math.exp(delta * (1 + h) ** 2)
    tau_low = 1e-9 * math.exp(delta * (1 - h) ** 2)
    # A relative error of 4Δ·2^-52 in the exponent, and P moves by a quarter of it at most.
    assert eq_5 == close_to(tau_high / (tau_low + tau_high), abs=2e-13)
    reduced = switching.reduced_field(field, h_s, h_k)
    log_high, log_low = switching.log_dwell_times(delta, reduced, LOG_ATTEMPT_TIME)
    eq_2 = switching.probability_from_dwell_times(log_high, log_low)
    assert eq_5 == close_to(eq_2, abs=2e-13)
    found_high, found_low = switching.dwell_times(delta, reduced, LOG_ATTEMPT_TIME)
    assert found_high == close_to(tau_high, rel=1e-11)
    assert found_low == close_to(tau_low, rel=1e-11)


@settings(deadline=None)
@given(st.floats(0, 1e4), st.floats(-1e14, 1e14))
def test_logarithms_are_finite_at_any_field(delta, field):
    h = switching.reduced_field(field, -1104.0, 44563.0)
    assert abs(h) <= 1
    for logarithm in switching.log_dwell_times(delta, h, LOG_ATTEMPT_TIME):
        assert math.isfinite(logarithm)
        assert logarithm >= LOG_ATTEMPT_TIME


def test_dwell_times_clamp_beyond_the_effective_field():
    """The squares of Eq. 3 and 4 would rise again beyond |h| = 1."""
    h = switching.reduced_field(np.array([-9.0, -1, 0, 1, 9]) * 560, 0.0, 560.0)
    assert h.tolist() == [-1, -1, 0, 1, 1]
    high, low = switching.dwell_times(10.0, h, LOG_ATTEMPT_TIME)
    assert low[-2:] == close_to([1e-9, 1e-9])
    assert high[:2] == close_to([1e-9, 1e-9])


def test_dwell_times_may_overflow_without_a_warning(torch):
    high, low = switching.dwell_times(1e3, 0.5, LOG_ATTEMPT_TIME)
    assert math.isinf(high)
    assert math.isfinite(low)
    high, low = switching.dwell_times(torch.tensor(1e3), 0.5, LOG_ATTEMPT_TIME)
    assert torch.isinf(high)


@pytest.mark.parametrize("oersted", [-1e9, -1e3, 0.0, 1e3, 1e9])
@pytest.mark.parametrize("kind", ["float", "NumPy", "PyTorch"])
def test_probability_is_finite_at_huge_fields(oersted, kind, request):
    array = request.getfixturevalue("torch").tensor if kind == "PyTorch" else np.asarray
    make = float if kind == "float" else array
    field = make(convert(oersted, "Oe", "A/m"))
    p = switching.switching_probability(field, 1.66e-3, -1104.0)
    assert 0 <= float(p) <= 1
    if abs(oersted) == 1e9:
        assert float(p) == (oersted > 0)
    h = switching.reduced_field(field, -1104.0, 44563.0)
    p = switching.probability_from_dwell_times(*switching.log_dwell_times(1e4, h, -20.7))
    assert 0 <= float(p) <= 1


@settings(deadline=None)
@given(deltas.filter(lambda delta: delta > 1e-3), st.floats(1, 1e6))
def test_effective_field_undoes_the_slope(delta, h_k):
    slope = switching.slope(delta, h_k)
    assert switching.effective_field(delta, slope) == close_to(h_k, rel=1e-14)


def test_effective_field_without_barrier_is_finite():
    assert switching.effective_field(0.0, 2e-3) == close_to(2e3)


@settings(deadline=None)
@given(fields, st.floats(-50, 50))
def test_midpoint_and_slope_of_eq_5(offset, distance):
    w = 0.13
    p = switching.switching_probability(offset + distance, w, offset)
    assert math.log(p / (1 - p)) == close_to(w * distance, abs=1e-11)

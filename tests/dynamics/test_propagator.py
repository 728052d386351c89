"""The closed-form propagator: the laws of a Markov process, and the exponential of its rates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from closeness import close_to
from smtj.dynamics import occupancy, propagator
from smtj.dynamics.telegraph.propagator import dwell_times, relaxation_rate, switching_chances
from smtj.errors import SmtjError

MAX_LOG = math.log(1e300)
log_dwells = st.floats(math.log(1e-12), MAX_LOG)
similar_log_dwells = st.floats(-20.0, 20.0)
times = st.one_of(st.just(0.0), st.floats(-30.0, MAX_LOG).map(math.exp))
similar_times = st.floats(-20.0, 20.0).map(math.exp)


@given(log_dwells, log_dwells, times)
def test_probabilities_lie_between_0_and_1(log_high: float, log_low: float, time: float) -> None:
    share = occupancy(log_high, log_low)
    from_low, from_high = propagator(log_high, log_low, time)
    assert 0.0 <= from_low <= share * (1 + 1e-15)
    assert share - 1e-15 <= from_high <= 1.0


@given(log_dwells, log_dwells, times, times)
def test_two_steps_are_one_chapman_kolmogorov(
    log_high: float, log_low: float, first: float, second: float
) -> None:
    up, down = switching_chances(log_high, log_low, first)
    up_again, down_again = switching_chances(log_high, log_low, second)
    # The chance of a switch may be 1e-300: compared by ratio, not by difference.
    assert up * (1 - down_again) + (1 - up) * up_again == close_to(
        switching_chances(log_high, log_low, first + second)[0], rel=1e-12, abs=1e-305
    )
    assert down * (1 - up_again) + (1 - down) * down_again == close_to(
        switching_chances(log_high, log_low, first + second)[1], rel=1e-12, abs=1e-305
    )


@given(log_dwells, log_dwells, times)
def test_the_occupation_is_stationary(log_high: float, log_low: float, time: float) -> None:
    share = occupancy(log_high, log_low)
    from_low, from_high = propagator(log_high, log_low, time)
    assert share * from_high + (1 - share) * from_low == close_to(share, rel=1e-12, abs=1e-15)


@given(log_dwells, log_dwells, times)
def test_detailed_balance(log_high: float, log_low: float, time: float) -> None:
    up, down = switching_chances(log_high, log_low, time)
    flow_up, flow_down = occupancy(log_low, log_high) * up, occupancy(log_high, log_low) * down
    assert flow_up == close_to(flow_down, rel=1e-12, abs=1e-305)


@given(similar_log_dwells, similar_log_dwells, similar_times)
def test_it_is_the_exponential_of_the_rates(log_high: float, log_low: float, time: float) -> None:
    leave_high, leave_low = math.exp(-log_high), math.exp(-log_low)
    # So far the exponential of a matrix keeps its digits.
    time = min(time, 30.0 / (leave_high + leave_low))
    rates = np.array([[-leave_low, leave_low], [leave_high, -leave_high]])
    exact = linalg.expm(rates * time)
    np.testing.assert_allclose(propagator(log_high, log_low, time), exact[:, 1], atol=1e-12)


def test_no_time_changes_nothing_and_long_times_everything() -> None:
    assert propagator(0.3, -1.2, 0.0) == (0.0, 1.0)
    np.testing.assert_allclose(propagator(0.3, -1.2, 1e300), occupancy(0.3, -1.2), rtol=1e-15)
    assert occupancy(0.3, -1.2) == close_to(1 / (1 + math.exp(-1.5)), rel=1e-15)


def test_rare_switches_keep_their_digits() -> None:
    up, down = switching_chances(math.log(1e300), math.log(1e280), 1.0)
    assert (up, down) == (close_to(1e-280, rel=1e-10), close_to(1e-300, rel=1e-10))


def test_arguments_broadcast() -> None:
    log_high, log_low = np.array([0.0, 1.0, 2.0]), np.array([[0.5], [-0.5]])
    from_low, from_high = propagator(log_high, log_low, 0.7)
    assert from_low.shape == from_high.shape == (2, 3)
    assert from_low[1, 2] == propagator(2.0, -0.5, 0.7)[0]


def test_dwell_times_beyond_floats_keep_what_matters() -> None:
    high, low = dwell_times(np.array([1e4, -1e4, 3.0]), np.array([0.0, -1e4 + 1.0, 2.0]))
    assert np.isfinite([high, low]).all()
    assert high[0] > 1e299
    assert low[1] / high[1] == close_to(math.e)
    assert (high[2], low[2]) == (close_to(math.exp(3.0)), close_to(math.exp(2.0)))
    assert 0.0 < relaxation_rate(1e4, 1e4) < 1e-299
    assert 1e299 < relaxation_rate(0.0, -1e4) < np.inf


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((math.nan, 0.0, 1.0), "logarithms of the dwell times must be finite"),
        ((0.0, math.inf, 1.0), "logarithms of the dwell times must be finite"),
        ((0.0, 0.0, -1.0), "time must be a finite number of seconds, 0 or more"),
        ((0.0, 0.0, math.nan), "time must be a finite number of seconds, 0 or more"),
    ],
)
def test_impossible_arguments(arguments: tuple[float, float, float], message: str) -> None:
    with pytest.raises(SmtjError, match=message):
        propagator(*arguments)

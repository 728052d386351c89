"""Readings: averages over windows, against closed forms and against switches one by one."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from smtj import streams
from smtj.dynamics import occupancy, propagator, readings, samples_at, switching_times
from smtj.dynamics.telegraph.window_kernels import MARGIN, MAX_SIMULATED_SWITCHES, fill_readings

Floats = NDArray[np.float64]
States = NDArray[np.uint8]

# The histories are fixed by their seeds, so that these limits cannot fail by chance.
MIN_P_VALUE = 1e-3
MAX_Z = 4.0
DEVICES = 20_000


class Case(NamedTuple):
    """Mean dwell times in units of the window."""

    high: float
    low: float


CASES = {
    "slow": Case(20.0, 30.0),
    "comparable": Case(0.7, 0.4),
    "comparable, lopsided": Case(5.0, 0.05),
    "few a window": Case(0.03, 0.04),
    "fast": Case(1e-3, 2e-3),
    "fast, lopsided": Case(1e-3, 1e-5),
    "very fast": Case(1e-8, 3e-8),
    "very fast, lopsided": Case(1e-11, 2e-8),
    "faster than anything": Case(1e-24, 2e-24),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = numba.get_num_threads()
    yield lambda n: numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
    numba.set_num_threads(before)


def read_once(case: Case, seed: int) -> tuple[Floats, States]:
    """One reading of one time unit of many devices."""
    share, state = readings(np.full(DEVICES, math.log(case.high)), math.log(case.low), 0, 1, seed)
    return share[0], state[0]


def telegraph_numbers(case: Case) -> tuple[float, float, float]:
    """P(high), correlation time, and variance of the mean over one time unit."""
    p = case.high / (case.high + case.low)
    time = 1 / (1 / case.high + 1 / case.low)
    return p, time, p * (1 - p) * 2 * time * (1 + time * math.expm1(-1 / time))


def assert_mean(values: Floats, exact: float) -> None:
    assert abs(values.mean() - exact) < MAX_Z * values.std() / math.sqrt(values.size)


def test_mean_and_variance_of_the_share(case: Case) -> None:
    share, _ = read_once(case, 1)
    p, _, variance = telegraph_numbers(case)
    assert share.min() >= 0.0 and share.max() <= 1.0
    deviation = (share - p) / math.sqrt(variance)
    assert_mean(deviation, 0.0)
    assert_mean(deviation**2, 1.0)


def test_the_share_and_the_state_at_the_end_belong_together(case: Case) -> None:
    share, state = read_once(case, 2)
    p, time, variance = telegraph_numbers(case)
    assert_mean(state - p, 0.0)
    # The mean over the window of the covariance of each moment with the end.
    covariance = p * (1 - p) * time * -math.expm1(-1 / time)
    scale = math.sqrt(variance * p * (1 - p))
    assert_mean((share - p) * (state - p) / scale, covariance / scale)


def test_the_end_of_a_window_follows_the_propagator() -> None:
    for window in (0.1, 1.0, 3.0):
        for start, chance in zip((0, 1), propagator(0.3, -0.2, window), strict=True):
            _, state = readings(np.full(DEVICES, 0.3), -0.2, 0.0, window, 3, start=start)
            assert_mean(state.astype(np.float64), float(chance))


def by_method(window: float, few: float, margin: float, seed: int) -> tuple[Floats, States]:
    """Read many devices with mean dwell times of 1 and 0.6, by a method that is made to act."""
    share, state = np.empty((1, DEVICES)), np.empty((1, DEVICES), np.uint8)
    fill_readings(
        np.full((1, 1), 1.0),
        np.full((1, 1), 0.6),
        np.array([[0.0], [window]]),
        np.full(DEVICES, 1.0 / 1.6),
        np.array([seed, 0], np.uint32),
        share,
        state,
        few,
        margin,
    )
    return share[0], state[0]


@pytest.mark.slow
@pytest.mark.parametrize("window", [0.5, 5.0, 60.0, 700.0])
@pytest.mark.parametrize(
    ("few", "margin"),
    [(MAX_SIMULATED_SWITCHES, MARGIN), (1.0, MARGIN), (0.0, -4.0), (0.0, 0.0)],
    ids=["as it is used", "stretches to the last", "always halved", "halved every other time"],
)
def test_stretches_have_the_law_of_single_switches(
    window: float, few: float, margin: float
) -> None:
    share, state = by_method(window, few, margin, 4)
    exact_share, exact_state = by_method(window, math.inf, 0.0, 5)
    assert (share != exact_share).any()
    assert stats.ks_2samp(share, exact_share).pvalue > MIN_P_VALUE
    for end in (0, 1):
        # Of both ends apart, so that this is the law of the pair.
        of_end, exact_of_end = share[state == end], exact_share[exact_state == end]
        assert stats.ks_2samp(of_end, exact_of_end).pvalue > MIN_P_VALUE
    difference = state.mean() - exact_state.mean()
    assert abs(difference) < MAX_Z * state.std() * math.sqrt(2 / DEVICES)


def time_spent_high(times: Floats, state: int, edges: Floats) -> Floats:
    """Share of the intervals between edges that a history of switching times spends high."""
    at = np.concatenate(([0.0], times))
    states = (state + np.arange(at.size)) % 2
    spent = np.concatenate(([0.0], np.cumsum(np.diff(at) * states[:-1])))
    last = np.searchsorted(at, edges, side="right") - 1
    total = spent[last] + (edges - at[last]) * states[last]
    return np.diff(total) / np.diff(edges)


@pytest.mark.parametrize("window", [0.3, 8.0, 40.0])
def test_readings_that_tile_time_are_averages_of_one_history(window: float) -> None:
    high, low, count = 1.5, 0.8, 12_000
    logs = math.log(high), math.log(low)
    edges = window * np.arange(count + 1)
    history = time_spent_high(*switching_times(*logs, edges[-1], seed=6), edges)
    share = readings(*logs, 0.0, np.full(count, window), seed=7)[0][:, 0]
    apart = max(1, math.ceil(6.0 / window))
    assert stats.ks_2samp(history[::apart], share[::apart]).pvalue > MIN_P_VALUE
    p, time, _ = telegraph_numbers(Case(high / window, low / window))
    exact = p * (1 - p) * (time * -math.expm1(-1 / time)) ** 2
    for values in (history, share):
        products = (values[:-1] - p) * (values[1:] - p)
        # Products closer than some correlation times are not independent: means of batches are.
        assert_mean(products[: products.size // 100 * 100].reshape(-1, 100).mean(axis=1), exact)


def test_dead_time_between_windows() -> None:
    dead = np.array([0.0, 0.5])
    share, _ = readings(np.full(DEVICES, 0.1), -0.4, dead, 0.7, seed=8)
    p, time, _ = telegraph_numbers(Case(math.exp(0.1) / 0.7, math.exp(-0.4) / 0.7))
    exact = p * (1 - p) * (time * -math.expm1(-1 / time)) ** 2 * math.exp(-0.5 / 0.7 / time)
    assert_mean((share[0] - p) * (share[1] - p), exact)


def test_readings_without_a_window_show_the_state() -> None:
    share, state = readings(0.1, -0.4, np.full(20_000, 0.6), 0.0, seed=9)
    np.testing.assert_array_equal(share, state)
    for before, chance in zip((0, 1), propagator(0.1, -0.4, 0.6), strict=True):
        assert_mean(share[1:][state[:-1] == before], float(chance))


def test_changing_dwell_times_are_followed() -> None:
    rng = np.random.default_rng(0)
    log_high, log_low = rng.uniform(-1.5, 1.5, (2, 30, 1))
    dead, window = rng.uniform(0.0, 0.5, 30), rng.uniform(0.1, 1.0, 30)
    share, state = readings(log_high, log_low, dead, window, seed=10, start=np.ones(DEVICES))
    high = 1.0
    for i in range(30):
        after_low, after_high = propagator(log_high[i, 0], log_low[i, 0], dead[i])
        high = high * after_high + (1 - high) * after_low
        # P relaxes from here on: its mean over the window.
        p = occupancy(log_high[i, 0], log_low[i, 0])
        x = window[i] * (math.exp(-log_high[i, 0]) + math.exp(-log_low[i, 0]))
        assert_mean(share[i], p + (high - p) * -math.expm1(-x) / x)
        high = p + (high - p) * math.exp(-x)
        assert_mean(state[i].astype(np.float64), high)


def test_dwell_times_of_any_size_side_by_side() -> None:
    log_tau = np.log([1e300, 1e-12, 1e-300])
    log_high, log_low = np.meshgrid(log_tau, log_tau)
    share, state = readings(log_high.ravel(), log_low.ravel(), 1e-3, np.full(200, 0.1), seed=11)
    p = occupancy(log_high.ravel(), log_low.ravel())
    frozen, lopsided = [0], [1, 2, 3, 5, 6, 7]
    assert (share[:, frozen] == state[0, frozen]).all()
    np.testing.assert_allclose(share[:, lopsided], p[lopsided] * np.ones((200, 1)), atol=1e-200)
    assert abs(share[:, 4] - 0.5).max() < 1e-4
    assert (share[:, 8] == 0.5).all() and 0 < state[:, 8].sum() < 200


def test_logarithms_beyond_floats() -> None:
    share, state = readings([9e3, -9e3, -9e3], [9e3, 9e3, -9e3 + 1.0], 1.0, np.ones(500), seed=12)
    assert (share[:, 0] == state[0, 0]).all()
    assert not share[:, 1].any()
    np.testing.assert_allclose(share[:, 2], 1 / (1 + math.e), rtol=1e-12)
    assert_mean(state[:, 2].astype(np.float64), 1 / (1 + math.e))


def test_readings_depend_on_the_seed_and_on_nothing_else(threads: Callable[[int], None]) -> None:
    rng = np.random.default_rng(1)
    log_high, log_low = rng.uniform(-8.0, 1.0, (2, 130, 200))
    window = rng.uniform(0.0, 2.0, 130)
    threads(1)
    share, state = readings(log_high, log_low, 0.1, window, seed=13)
    threads(2)
    again, state_again = readings(log_high, log_low, 0.1, window, seed=13)
    np.testing.assert_array_equal(share, again)
    np.testing.assert_array_equal(state, state_again)
    few, _ = readings(log_high[:, :3], log_low[:, :3], 0.1, window, seed=13)
    np.testing.assert_array_equal(share[:, :3], few)
    assert (share != readings(log_high, log_low, 0.1, window, seed=14)[0]).any()


def test_numbers_stand_for_rows_and_columns() -> None:
    rows, columns = np.log([[0.5], [0.01]]), np.log([0.1, 1.0, 3.0])
    whole, _ = readings(*np.broadcast_arrays(rows, columns), [0.2, 0.2], [1.0, 1.0], seed=15)
    assert whole.shape == (2, 3)
    np.testing.assert_array_equal(whole, readings(rows, columns, 0.2, 1.0, seed=15)[0])
    one_row, _ = readings(rows[0], columns, 0.2, [1.0, 1.0], seed=15)
    np.testing.assert_array_equal(whole[0], one_row[0])
    assert readings(0.0, 0.0, 0.0, 1.0, seed=15)[0].shape == (1, 1)


def test_a_history_goes_on_from_its_last_states() -> None:
    log_tau = np.full(DEVICES, 1.0)
    _, state = readings(log_tau, log_tau, 0.0, 1.0, seed=16)
    later = samples_at(log_tau, log_tau, [0.0, 0.2], seed=17, start=state[-1])
    np.testing.assert_array_equal(later[0], state[-1])
    stay = float(propagator(1.0, 1.0, 0.2)[1])
    assert_mean((later[1] == state[-1]).astype(np.float64), stay)


@pytest.mark.parametrize("shape", [1.0, 2.0, 17.0, 4e3, 3e9])
def test_gamma_draws(shape: float) -> None:
    generator = np.array([1, 2, 3, 4], np.uint32)
    draws = np.array([streams.gamma(generator, shape) for _ in range(20_000)])
    assert stats.kstest(draws, "gamma", args=(shape,)).pvalue > MIN_P_VALUE


def test_gamma_draws_of_the_largest_shapes() -> None:
    generator = np.array([1, 2, 3, 4], np.uint32)
    shape = 1e20
    scores = [(streams.gamma(generator, shape) - shape) / math.sqrt(shape) for _ in range(5000)]
    assert stats.kstest(scores, "norm").pvalue > MIN_P_VALUE


def test_uniform_and_exponential_draws() -> None:
    generator = np.array([1, 2, 3, 4], np.uint32)
    uniform = np.array([streams.uniform(generator) for _ in range(20_000)])
    assert stats.kstest(uniform, "uniform").pvalue > MIN_P_VALUE
    assert abs(np.corrcoef(uniform[1:], uniform[:-1])[0, 1]) * math.sqrt(20_000) < MAX_Z
    exponential = [streams.exponential(generator) for _ in range(20_000)]
    assert stats.kstest(exponential, "expon").pvalue > MIN_P_VALUE

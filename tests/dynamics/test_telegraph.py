"""Switching times and samples: their laws, and that nothing but the seed decides them."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from smtj.dynamics import (
    occupancy,
    packed_samples,
    propagator,
    readings,
    samples,
    samples_at,
    switching_times,
)
from smtj.dynamics.telegraph import process as telegraph
from smtj.dynamics.telegraph import window_kernels
from smtj.dynamics.telegraph.propagator import switching_chances
from smtj.errors import SmtjError

States = NDArray[np.uint8]

# The histories are fixed by their seeds, so that these limits cannot fail by chance.
MIN_P_VALUE = 1e-3
MAX_Z = 4.0

# ln τ_high, ln τ_low in units of the interval: slow, alike, fast, lopsided both ways.
RATES = [(3.0, 3.5), (0.0, 0.0), (-1.0, 0.5), (-4.0, -4.5), (4.0, -2.0), (-2.0, 4.0)]
LOG_HIGH, LOG_LOW = np.array(RATES).T


def device_grid(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(size)
    log_high, log_low = rng.uniform(-3.0, 3.0, (2, size))
    return log_high, log_low


def switch_scores(states: States, chances: tuple[Any, Any]) -> NDArray[np.float64]:
    """How far the numbers of switches are from their expectation, in standard deviations.

    Out of both states, for each device; the chances may differ from step to step.
    """
    scores = []
    for state, chance in zip((0, 1), chances, strict=True):
        there = states[:-1] == state
        p = np.broadcast_to(chance, there.shape)
        switched = (there & (states[1:] != state)).sum(axis=0)
        expected = (p * there).sum(axis=0)
        scores.append((switched - expected) / np.sqrt((p * (1 - p) * there).sum(axis=0)))
    return np.array(scores)


def assert_normal(scores: NDArray[np.float64]) -> None:
    assert abs(scores).max() < MAX_Z
    assert stats.chi2.sf((scores**2).sum(), scores.size) > MIN_P_VALUE


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = numba.get_num_threads()
    yield lambda n: numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
    numba.set_num_threads(before)


def test_samples_follow_the_propagator() -> None:
    states = samples(LOG_HIGH, LOG_LOW, 1.0, 50_000, seed=1)
    assert states.dtype == np.uint8
    assert_normal(switch_scores(states, switching_chances(LOG_HIGH, LOG_LOW, 1.0)))


def test_samples_of_devices_with_intervals_of_their_own() -> None:
    interval = np.array([0.5, 0.1, 2.0, 0.02, 1.0, 1.0])
    states = samples(LOG_HIGH, LOG_LOW, interval, 50_000, seed=2)
    assert_normal(switch_scores(states, switching_chances(LOG_HIGH, LOG_LOW, interval)))


def test_samples_at_any_times_follow_the_propagator() -> None:
    gaps = np.random.default_rng(0).exponential(1.0, 50_000)
    states = samples_at(LOG_HIGH, LOG_LOW, np.cumsum(gaps), seed=3)
    chances = switching_chances(LOG_HIGH, LOG_LOW, gaps[1:, None])
    assert_normal(switch_scores(states, chances))


def test_samples_at_uniform_times_are_the_uniform_ones() -> None:
    log_high, log_low = device_grid(700)
    uniform = samples(log_high, log_low, 0.5, 900, seed=4)
    np.testing.assert_array_equal(
        uniform, samples_at(log_high, log_low, 0.5 * np.arange(1, 901), seed=4)
    )


def test_the_state_at_the_beginning_is_in_equilibrium() -> None:
    devices = 40_000
    for log_high, log_low in RATES:
        share = float(occupancy(log_high, log_low))
        first = samples_at(np.full(devices, log_high), log_low, [0.0], seed=5)
        score = (first.mean() - share) / math.sqrt(share * (1 - share) / devices)
        assert abs(score) < MAX_Z


def test_autocorrelation_decays_at_the_relaxation_rate() -> None:
    devices, log_high, log_low = 60_000, 0.4, -0.3
    states = samples(np.full(devices, log_high), log_low, 0.1, 21, seed=6).astype(np.float64)
    share = float(occupancy(log_high, log_low))
    rate = math.exp(-log_high) + math.exp(-log_low)
    for lag in (1, 3, 10, 20):
        products = (states[0] - share) * (states[lag] - share)
        exact = share * (1 - share) * math.exp(-0.1 * lag * rate)
        assert abs(products.mean() - exact) < MAX_Z * products.std() / math.sqrt(devices)


def test_samples_are_not_correlated_between_devices() -> None:
    states = samples(np.zeros(64), 0.0, 30.0, 20_000, seed=7).astype(np.float64)
    correlation = np.corrcoef(states.T)[np.triu_indices(64, 1)] * math.sqrt(20_000)
    assert stats.kstest(correlation, "norm").pvalue > MIN_P_VALUE


@pytest.mark.parametrize("devices", [1, 7, 32, 70, 1027, 2100])
@pytest.mark.parametrize("count", [0, 1, 6])
def test_packed_samples_are_the_samples_packed(devices: int, count: int) -> None:
    log_high, log_low = device_grid(devices)
    bytes_ = samples(log_high, log_low, 1.0, count, seed=8)
    bits = packed_samples(log_high, log_low, 1.0, count, seed=8)
    assert bytes_.shape == (count, devices)
    np.testing.assert_array_equal(bits, np.packbits(bytes_, axis=1))
    np.testing.assert_array_equal(bytes_, np.unpackbits(bits, axis=1, count=devices))


def test_frozen_devices_never_switch() -> None:
    log_tau, start = np.full(256, math.log(1e300)), np.arange(256) % 2
    assert (samples(log_tau, log_tau, 1.0, 20_000, seed=9, start=start) == start).all()
    assert (samples_at(log_tau, log_tau, np.arange(20_000), seed=9, start=start) == start).all()


def test_a_start_is_the_state_at_time_0() -> None:
    start = np.array([1, 0, 1, 0, 0, 1])
    states = samples_at(LOG_HIGH, LOG_LOW, [0.0, 0.0, 1.0], seed=10, start=start)
    np.testing.assert_array_equal(states[:2], [start, start])
    devices = 40_000
    for begin, chance in zip((0, 1), propagator(0.4, -0.3, 0.5), strict=True):
        state = samples(np.full(devices, 0.4), -0.3, 0.5, 1, seed=11, start=begin)
        score = (state.mean() - chance) / math.sqrt(chance * (1 - chance) / devices)
        assert abs(score) < MAX_Z


@pytest.mark.parametrize("draw", [samples, packed_samples])
def test_samples_depend_on_the_seed_and_on_nothing_else(
    draw: Callable[..., States], threads: Callable[[int], None]
) -> None:
    log_high, log_low = device_grid(4000)
    threads(1)
    alone = draw(log_high, log_low, 1.0, 600, 12)
    threads(2)
    np.testing.assert_array_equal(alone, draw(log_high, log_low, 1.0, 600, 12))
    assert (alone != draw(log_high, log_low, 1.0, 600, 13)).any()
    # 40 devices are worked on by another kernel, or another loop of it.
    few = draw(log_high[:40], log_low[:40], 1.0, 600, 12)
    np.testing.assert_array_equal(alone[:, : few.shape[1]], few)


def test_samples_at_depend_on_the_seed_and_on_nothing_else(threads: Callable[[int], None]) -> None:
    log_high, log_low = device_grid(4000)
    times = np.cumsum(np.random.default_rng(1).exponential(1.0, 600))
    threads(1)
    alone = samples_at(log_high, log_low, times, 12)
    threads(2)
    np.testing.assert_array_equal(alone, samples_at(log_high, log_low, times, 12))
    np.testing.assert_array_equal(alone[:, :3], samples_at(log_high[:3], log_low[:3], times, 12))


def test_a_seed_may_be_several_numbers() -> None:
    one, other = (samples(np.zeros(99), 0.0, 1.0, 99, seed) for seed in ((1, 2), (2, 1)))
    np.testing.assert_array_equal(one, samples(np.zeros(99), 0.0, 1.0, 99, [1, 2]))
    assert (one != other).any()


def test_dwells_between_switching_times_are_exponential() -> None:
    log_high, log_low = math.log(2e-3), math.log(5e-3)
    times, state = switching_times(log_high, log_low, 50.0, seed=14)
    assert times[0] > 0.0 and times[-1] < 50.0
    dwells = np.diff(times)
    # After the first switch the device is in the other state.
    high, low = (dwells[state::2], dwells[1 - state :: 2])
    assert stats.kstest(high, "expon", args=(0, 2e-3)).pvalue > MIN_P_VALUE
    assert stats.kstest(low, "expon", args=(0, 5e-3)).pvalue > MIN_P_VALUE
    assert abs(stats.spearmanr(high[: low.size][:-1], low[1 : high.size]).statistic) < 0.05


def test_the_number_of_switches_in_a_history() -> None:
    # With equal dwell times the switches are a Poisson process.
    numbers = np.array([switching_times(0.0, 0.0, 20.0, seed=(15, i))[0].size for i in range(800)])
    assert abs(numbers.mean() - 20.0) < MAX_Z * math.sqrt(20.0 / 800)
    assert stats.chi2.sf((800 - 1) * numbers.var(ddof=1) / 20.0, 799) > MIN_P_VALUE
    assert stats.chi2.cdf((800 - 1) * numbers.var(ddof=1) / 20.0, 799) > MIN_P_VALUE


def test_a_history_begins_in_equilibrium_or_as_told() -> None:
    first = np.array([switching_times(0.0, 1.0, 0.1, seed=(16, i))[1] for i in range(2000)])
    share = float(occupancy(0.0, 1.0))
    assert abs(first.mean() - share) < MAX_Z * math.sqrt(share * (1 - share) / 2000)
    assert [switching_times(0.0, 1.0, 0.1, 17, start)[1] for start in (0, 1)] == [0, 1]


def test_switching_times_do_not_depend_on_how_memory_is_taken() -> None:
    key = np.array([1, 2], np.uint32)
    small, large = (
        window_kernels.sample_switches(1.0, 2.0, 100.0, 0.5, key, size) for size in (8, 1000)
    )
    np.testing.assert_array_equal(small[0], large[0])
    assert small[1] == large[1]


def test_a_short_or_frozen_history_has_no_switches() -> None:
    assert switching_times(0.0, 0.0, 0.0, seed=18)[0].size == 0
    assert switching_times(690.0, 690.0, 1e200, seed=18)[0].size == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: samples(math.nan, 0.0, 1.0, 1, 0), "dwell times must be finite"),
        (lambda: samples(0.0, 0.0, -1.0, 1, 0), "the interval must be a finite number of seconds"),
        (lambda: samples(0.0, 0.0, 1.0, -1, 0), "count is -1; it must be 0 or more"),
        (lambda: samples(0.0, 0.0, 1.0, 1, 0, start=2), "start must be 0 for low or 1 for high"),
        (lambda: samples(np.zeros(3), np.zeros(2), 1.0, 1, 0), "do not fit together"),
        (lambda: samples(np.zeros(3), 0.0, 1.0, 1, 0, start=[0, 1]), "do not fit together"),
        (lambda: samples(np.zeros((2, 3)), 0.0, 1.0, 1, 0), r"it must be \(devices,\)"),
        (lambda: samples_at(0.0, 0.0, [1.0, 0.5], 0), "numbers that do not decrease"),
        (lambda: samples_at(0.0, 0.0, 1.0, 0), "must be one row of numbers"),
        (lambda: samples_at(0.0, 0.0, [-1.0], 0), "each time must be a finite number"),
        (lambda: switching_times(0.0, 0.0, math.inf, 0), "the duration must be a finite number"),
        (lambda: switching_times(-25.0, -25.0, 1.0, 0), "7.2e[+]10 switches are expected in 1 s"),
        (lambda: switching_times(-900.0, -900.0, 1.0, 0), "switches are expected in 1 s"),
        (lambda: readings(0.0, 0.0, -1.0, 1.0, 0), "each dead time must be a finite number"),
        (
            lambda: readings(0.0, 0.0, 0.0, math.nan, 0),
            "each integration time must be a finite number",
        ),
        (lambda: readings(np.zeros((2, 1)), 0.0, [0.0] * 3, 1.0, 0), r"shape \(2, 1\), dead times"),
        (lambda: readings(np.zeros((0, 1)), 0.0, 0.0, 1.0, 0), "at least one device"),
    ],
)
def test_impossible_arguments(call: Callable[[], object], message: str) -> None:
    with pytest.raises(SmtjError, match=message):
        call()


def test_a_history_too_long_is_refused_before_memory_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telegraph, "MAX_SWITCHES", 100)
    assert switching_times(0.0, 0.0, 90.0, seed=19)[0].size < 200
    with pytest.raises(SmtjError, match="shorten the duration"):
        switching_times(0.0, 0.0, 110.0, seed=19)

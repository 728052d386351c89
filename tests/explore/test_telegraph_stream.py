"""The streaming trace: the exact process, however it is cut into frames."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj.explore.stream import POINTS, StreamState, advance, screen_of, spread_of_mean

HIGH, LOW = math.log(0.2), math.log(0.05)


def run(
    trace: StreamState, frames: int, interval: float, count: int = 3
) -> tuple[StreamState, np.ndarray]:
    readings = []
    for _ in range(frames):
        trace, occupancy = advance(trace, HIGH, LOW, interval, count)
        readings.append(occupancy)
    return trace, np.concatenate(readings)


def test_equal_seeds_give_equal_traces_and_others_do_not() -> None:
    (one, first), (other, second) = run(StreamState(5), 40, 0.05), run(StreamState(5), 40, 0.05)
    assert one == other
    assert (first == second).all()
    assert (run(StreamState(6), 40, 0.05)[1] != first).any()


def test_the_trace_counts_its_readings_and_continues_from_its_state() -> None:
    trace, occupancy = run(StreamState(1), 7, 1e-6)
    assert (trace.frame, trace.reading) == (7, 21)
    # So short a time is spent in one state.
    assert (occupancy == occupancy[0]).all()
    assert trace.state == occupancy[0]


@pytest.mark.slow
def test_the_occupancy_and_its_spread_are_those_of_the_process() -> None:
    length, traces = 2.0, 400
    means = [run(StreamState(seed), 20, length / 60)[1].mean() for seed in range(traces)]
    p = 0.8
    sigma = spread_of_mean(HIGH, LOW, length)
    assert abs(np.mean(means) - p) < 4 * sigma / math.sqrt(traces)
    # The standard deviation of a standard deviation, with room for a kurtosis of about 4.
    assert abs(np.std(means) / sigma - 1) < 4 * math.sqrt(0.75 / traces)


@pytest.mark.parametrize("length", [1e-6, 1e-2, 1.0, 1e4, 1e9])
def test_the_spread_has_its_limits(length: float) -> None:
    sigma, tau = spread_of_mean(HIGH, LOW, length), 0.04
    assert sigma <= 0.4 + 1e-12
    if length < 1e-4 * tau:
        assert sigma == close_to(0.4, rel=1e-3)
    if length > 1e4 * tau:
        assert sigma == close_to(0.4 * math.sqrt(2 * tau / length), rel=1e-3)


@pytest.mark.parametrize("logs", [(-20.0, -21.0), (-2.0, 3.0), (40.0, -4.0), (900.0, 900.0)])
def test_a_screen_shows_the_device_switching(logs: tuple[float, float]) -> None:
    screen = screen_of(*logs)
    digit = screen / 10 ** math.floor(math.log10(screen) + 1e-9)
    assert min(abs(digit - step) for step in (1, 2, 5)) < 1e-6
    cycle = float(np.logaddexp(*logs))
    if cycle < 20:
        assert 5 < screen / math.exp(cycle) < 40


def test_a_frozen_device_stays_where_it_is() -> None:
    trace, occupancy = advance(StreamState(0), 900.0, 900.0, 1e12 / POINTS, 50)
    assert set(occupancy) <= {0.0, 1.0}
    assert len(set(occupancy)) == 1
    assert trace.state == occupancy[0]

"""An endless telegraph trace: the exact two-state process, a few readings at a time."""

import math
from dataclasses import dataclass, replace

import numpy as np

from smtj.dynamics import readings
from smtj.physics.switching import log_relaxation_time
from smtj.typing import Floats

POINTS = 480
"""Readings per screen."""
CYCLES = 15
"""Cycles from high to low and back on an automatic screen."""
MIN_SCREEN, MAX_SCREEN = 1e-9, 1e12
"""Length of a screen in s."""


@dataclass(frozen=True)
class StreamState:
    """The state of a trace."""

    seed: int
    """Seed of the history."""
    frame: int = 0
    """Frames drawn so far."""
    reading: int = 0
    """Readings taken so far."""
    state: int | None = None
    """Last state, 1 for high; the first is sampled from equilibrium."""


def advance(
    trace: StreamState, log_dwell_high: float, log_dwell_low: float, interval: float, count: int
) -> tuple[StreamState, Floats]:
    """Take the next readings, each an average over the interval since the one before.

    Takes ln(τ_high/s), ln(τ_low/s) and the interval in s; returns the new state, and the occupancy
    of the high state in each reading, shape (count,).
    """
    shape = np.ones((count, 1))
    occupancy, state = readings(
        log_dwell_high * shape,
        log_dwell_low * shape,
        0.0,
        interval,
        seed=[trace.seed, trace.frame],
        start=trace.state,
    )
    later = replace(
        trace, frame=trace.frame + 1, reading=trace.reading + count, state=int(state[-1, 0])
    )
    return later, occupancy[:, 0]


def screen_of(log_dwell_high: float, log_dwell_low: float) -> float:
    """Return a screen length in s, 1, 2 or 5 times a power of ten, that shows switching."""
    cycle = np.logaddexp(log_dwell_high, log_dwell_low) + math.log(CYCLES)
    length = math.exp(min(max(float(cycle), math.log(MIN_SCREEN)), math.log(MAX_SCREEN)))
    decade = 10.0 ** math.floor(math.log10(length))
    return min((1, 2, 5, 10), key=lambda step: abs(math.log(step * decade / length))) * decade


def spread_of_mean(log_dwell_high: float, log_dwell_low: float, length: float) -> float:
    """Return the standard deviation of the occupancy of the high state over a length in s.

    σ² = 2P(1 - P)(τ/L)(1 - (τ/L)(1 - e^{-L/τ})) with 1/τ = 1/τ_high + 1/τ_low, which follows from
    the exponential autocorrelation of the process.
    """
    p = 1 / (1 + math.exp(min(log_dwell_low - log_dwell_high, 700.0)))
    log_ratio = float(log_relaxation_time(log_dwell_high, log_dwell_low)) - math.log(length)
    if log_ratio > 12:  # far less than one dwell: the occupancy is 0 or 1
        return math.sqrt(p * (1 - p))
    ratio = math.exp(max(log_ratio, -700.0))
    forgotten = -math.expm1(-1 / ratio) if ratio > 1e-3 else 1.0
    return math.sqrt(max(2 * p * (1 - p) * ratio * (1 - ratio * forgotten), 0.0))

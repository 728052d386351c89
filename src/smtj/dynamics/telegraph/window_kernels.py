"""Compiled switching times and averages over windows, the same for any number of threads.

A window may hold a few switches or 10^30.  Few are simulated one by one.  Many are sampled in
stretches of cycles, a dwell in either state each: n dwells of mean τ add up to τ Gamma(n).  A
stretch ends a little before the window does, and the rest of the window starts again, so a handful
of stretches leads to single switches.  If a stretch ends beyond the window, its halves are sampled
given the whole: the first m of n dwells that add up to s take s · Beta(m, n - m).  The half in
which the window ends is halved again, down to one cycle.  All this is exact; the length of the
stretches changes the cost, not the distribution.
"""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import int64, njit, prange, uint8
from numpy.typing import NDArray

from smtj.streams import exponential, gamma, seed_generator, uniform
from smtj.typing import Floats

BLOCK = 64
"""Devices of a block."""
PARALLEL_FROM = 20_000
"""Readings from which threads pay."""
MAX_SIMULATED_SWITCHES = 16.0
"""Expected cycles up to which switches are simulated one by one."""
MARGIN = 2.5
"""Standard deviations by which a stretch is expected to end before the window."""
MAX_SWITCHES = 1e32
"""Expected cycles beyond which an average equals its mean to rounding."""

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}
States: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint32]


@njit(**_options)
def _stretch(left, dwell_here, dwell_there, margin):
    """Number of cycles that probably end within the time ``left`` of a window, at least one.

    n cycles of mean c and standard deviation s take n c + margin · √n s = left.
    """
    cycle = dwell_here + dwell_there
    half = 0.5 * margin * math.hypot(dwell_here / cycle, dwell_there / cycle)
    return max(np.floor((math.sqrt(half * half + left / cycle) - half) ** 2), 1.0)


@njit(**_options)
def _first_part(generator, m, n, total):
    """Sum of the first m of n exponential dwells that add up to ``total``, and that of the rest."""
    first, rest = gamma(generator, m), gamma(generator, n - m)
    return total * (first / (first + rest)), total * (rest / (first + rest))


@njit(**_options)
def _times_within(generator, left, n, here, there):
    """Split the rest of a window that ends within n cycles; see :func:`_times`.

    The cycles spend ``here`` in the state in which they begin and ``there`` in the other; ``left``
    is less than the sum.
    """
    stayed, gone = 0.0, 0.0
    while n > 1.0:
        m = np.floor(0.5 * n)
        here_first, here_rest = _first_part(generator, m, n, here)
        there_first, there_rest = _first_part(generator, m, n, there)
        if here_first + there_first <= left:
            left -= here_first + there_first
            stayed += here_first
            gone += there_first
            n, here, there = n - m, here_rest, there_rest
        else:
            n, here, there = m, here_first, there_first
    if left < here:
        return stayed + left, gone, False
    return stayed + here, gone + (left - here), True


@njit(**_options)
def _times(generator, window, dwell_here, dwell_there, few, margin):
    """Split a window into the times in its initial and in the other state.

    The third result is whether it ends in the other.
    """
    left, stayed, gone = window, 0.0, 0.0
    while left > few * (dwell_here + dwell_there):
        n = _stretch(left, dwell_here, dwell_there, margin)
        here, there = dwell_here * gamma(generator, n), dwell_there * gamma(generator, n)
        if here + there > left:
            here, there, other = _times_within(generator, left, n, here, there)
            return stayed + here, gone + there, other
        left -= here + there
        stayed += here
        gone += there
    while True:
        here = dwell_here * exponential(generator)
        if here >= left:
            return stayed + left, gone, False
        left -= here
        stayed += here
        there = dwell_there * exponential(generator)
        if there >= left:
            return stayed, gone + left, True
        left -= there
        gone += there


@njit(**_options)
def read_window(generator, high, window, dwell_high, dwell_low, few, margin):
    """Fraction of a window spent high, and whether it ends high.

    ``few`` and ``margin`` change only the cost; see :func:`fill_readings`.
    """
    if window > MAX_SWITCHES * (dwell_high + dwell_low):
        fraction = dwell_high / (dwell_high + dwell_low)
        return fraction, uniform(generator) < fraction
    here, there = (dwell_high, dwell_low) if high else (dwell_low, dwell_high)
    stayed, gone, other = _times(generator, window, here, there, few, margin)
    return min((stayed if high else gone) / window, 1.0), high != other


@njit(**_options)
def wait(generator, high, time, dwell_high, dwell_low):
    """Return whether a device is high after a time, by the exact propagator."""
    leave = dwell_low if high else dwell_high
    chance = leave / (dwell_high + dwell_low)
    chance *= -math.expm1(-time * (1.0 / dwell_high + 1.0 / dwell_low))
    return high != (uniform(generator) < chance)


@njit(**_options)
def _read_block(dwell_high, dwell_low, timing, begin, key, method, fraction, state, block):
    """Take all readings of the devices of a block."""
    readings, devices = fraction.shape
    first = block * BLOCK
    size = min(BLOCK, devices - first)
    generators, high = np.empty((BLOCK, 4), np.uint32), np.empty(BLOCK, np.bool_)
    for i in range(size):
        seed_generator(generators[i], first + i, *key)
        high[i] = uniform(generators[i]) < begin[first + i]
    # Rows and columns of length one hold for all.
    next_row = 1 if dwell_high.shape[0] > 1 else 0
    next_column = 1 if dwell_high.shape[1] > 1 else 0
    for t in range(readings):
        dead_time, window = timing[0, t], timing[1, t]
        for i in range(size):
            device, average = first + i, 0.0
            on = dwell_high[t * next_row, device * next_column]
            off = dwell_low[t * next_row, device * next_column]
            if dead_time > 0.0:
                high[i] = wait(generators[i], high[i], dead_time, on, off)
            if window > 0.0:
                average, high[i] = read_window(generators[i], high[i], window, on, off, *method)
            elif high[i]:
                average = 1.0
            fraction[t, device] = average
            state[t, device] = uint8(high[i])


@njit(**_options)
def _read_serial(dwell_high, dwell_low, timing, begin, key, method, fraction, state):
    for block in range((fraction.shape[1] + BLOCK - 1) // BLOCK):
        _read_block(dwell_high, dwell_low, timing, begin, key, method, fraction, state, block)


@njit(parallel=True, **_options)
def _read_parallel(dwell_high, dwell_low, timing, begin, key, method, fraction, state):
    for block in prange((fraction.shape[1] + BLOCK - 1) // BLOCK):
        # The type of the serial loop: prange's own would compile everything again.
        _read_block(
            dwell_high, dwell_low, timing, begin, key, method, fraction, state, int64(block)
        )


@njit(**_options)
def _switch(generator, time, high, dwell_high, dwell_low, duration, out):
    """Fill ``out`` with switching times; the number of them, and time and state at the last.

    Time reaches ``duration`` once there are no more.
    """
    for n in range(out.shape[0]):
        time += (dwell_high if high else dwell_low) * exponential(generator)
        if time >= duration:
            return n, time, high
        out[n] = time
        high = not high
    return out.shape[0], time, high


@njit(**_options)
def _begin(generator, begin, k0, k1):
    seed_generator(generator, 0, k0, k1)
    return uniform(generator) < begin


def fill_readings(
    dwell_high: Floats,
    dwell_low: Floats,
    timing: Floats,
    begin: Floats,
    key: Words,
    fraction: Floats,
    state: States,
    few: float = MAX_SIMULATED_SWITCHES,
    margin: float = MARGIN,
) -> None:
    """Fill ``fraction`` and ``state`` with the readings of devices, shape (readings, devices).

    They are the fraction of each window spent high and the state at its end.  Mean dwell times are
    in s, shape (readings or 1, devices or 1), 1e-300 to 1e300; ``timing`` holds dead time and
    window of each reading in s, shape (2, readings); ``begin`` is the probability to begin high,
    shape (devices,).  The two words of ``key`` and the index of a device determine its history.
    ``few`` and ``margin`` are as :data:`MAX_SIMULATED_SWITCHES` and :data:`MARGIN`.
    """
    fill = _read_serial if fraction.size < PARALLEL_FROM else _read_parallel
    words, method = (key[0], key[1]), (float(few), float(margin))
    fill(dwell_high, dwell_low, timing, begin, words, method, fraction, state)


def sample_switches(
    dwell_high: float, dwell_low: float, duration: float, begin: float, key: Words, size: int
) -> tuple[Floats, bool]:
    """Return the switching times of a device in s, and whether it begins high.

    Mean dwell times, 1e-300 to 1e300, and duration are in s; ``begin`` is the probability to begin
    high; two words of ``key`` determine the history; a block of memory holds ``size`` times.
    """
    generator = np.empty(4, np.uint32)
    first = high = bool(_begin(generator, begin, key[0], key[1]))
    parts, time = [], 0.0
    while True:
        part = np.empty(size)
        n, time, high = _switch(generator, time, high, dwell_high, dwell_low, duration, part)
        parts.append(part[:n])
        if time >= duration:
            return (parts[0] if len(parts) == 1 else np.concatenate(parts)), first

"""Random histories of two-state devices: a continuous-time Markov process, simulated exactly.

A device leaves its high state at the rate 1/τ_high and its low one at 1/τ_low.  The dwell times are
given by their logarithms, as in Eq. 3 and 4, and may have any size.

The seed and a device's index in the last dimension determine its history, regardless of the number
of threads and of other devices.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.dynamics.telegraph.propagator import (
    checked_dwell_times,
    checked_times,
    dwell_times,
    occupancy,
    relaxation_rate,
    switching_chances,
)
from smtj.errors import SmtjError
from smtj.typing import Floats

States: TypeAlias = NDArray[np.uint8]
Thresholds: TypeAlias = NDArray[np.int32]
Words: TypeAlias = NDArray[np.uint32]
Seed: TypeAlias = int | Sequence[int]
"""A whole number of 0 or more, or several of them; equal seeds give equal histories."""

MAX_SWITCHES = 2**31
"""Largest expected number of switches, 16 GiB of memory."""


def switching_times(
    log_dwell_high: float,
    log_dwell_low: float,
    duration: float,
    seed: Seed,
    start: int | None = None,
) -> tuple[Floats, int]:
    """Sample the times at which one device switches, by Gillespie's method.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s).
    duration
        Length of the history in s.
    seed
        Determines the history.
    start
        Initial state, 1 for high; by default sampled from equilibrium.

    Returns
    -------
    tuple
        Increasing times in s between 0 and ``duration``, and the state before the first, 0 or 1.
        8 bytes per switch.

    Raises
    ------
    SmtjError
        A dwell time is not finite, the duration or the start is impossible, or more than
        ``MAX_SWITCHES`` switches are expected.
    """
    from smtj.dynamics.telegraph import window_kernels

    log_high, log_low = checked_dwell_times(log_dwell_high, log_dwell_low)
    length = float(checked_times(duration, "the duration"))
    high, low = (float(dwell) for dwell in dwell_times(log_high, log_low))
    begin = _initial_probability(log_high.reshape(1), log_low.reshape(1), start)
    expected = 2.0 * (length / (high + low))
    if expected > MAX_SWITCHES:
        raise SmtjError(
            f"{expected:.3g} switches are expected in {length:.3g} s, more than memory should hold "
            f"({MAX_SWITCHES:.3g}); shorten the duration, or take samples or readings"
        )
    size = int(expected + 6.0 * np.sqrt(expected)) + 16
    times, first = window_kernels.sample_switches(
        high, low, length, float(begin[0]), _key(seed), size
    )
    return times, int(first)


def samples(
    log_dwell_high: ArrayLike,
    log_dwell_low: ArrayLike,
    interval: ArrayLike,
    count: int,
    seed: Seed,
    start: ArrayLike | None = None,
) -> States:
    """Sample the states of devices at uniform spacing, by the exact propagator.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s), shape (devices,) or numbers.
    interval
        Time between samples in s, one for all devices or one per device.
    count
        Samples of each device, the first one interval after the beginning.
    seed
        Determines the histories.
    start
        Initial states, 1 for high, shape (devices,) or a number; by default sampled from
        equilibrium.  Pass the last samples, and another seed, to continue a history.

    Returns
    -------
    NDArray
        0 for low and 1 for high, shape (count, devices).  One byte per sample.

    Raises
    ------
    SmtjError
        A dwell time is not finite, or an interval, the count or a start is impossible.

    Notes
    -----
    Switching probabilities per interval are rounded to multiples of 2^-32; a device with less than
    half of that never switches.
    """
    from smtj.dynamics.telegraph import kernels

    chances, begin = _steps(log_dwell_high, log_dwell_low, interval, start)
    out = np.empty((_checked_count(count), begin.size), np.uint8)
    kernels.fill_samples(*chances, begin, _key(seed), kernels.BYTES, out)
    return out


def packed_samples(
    log_dwell_high: ArrayLike,
    log_dwell_low: ArrayLike,
    interval: ArrayLike,
    count: int,
    seed: Seed,
    start: ArrayLike | None = None,
) -> States:
    """Sample as :func:`samples` does, eight devices to a byte; arguments and errors as there.

    Returns
    -------
    NDArray
        ``np.packbits(samples(...), axis=1)``, shape (count, devices/8 rounded up): the first device
        in the most significant bit of the first byte, unused bits 0.  ``np.unpackbits`` with
        ``axis=1, count=devices`` undoes it.
    """
    from smtj.dynamics.telegraph import kernels

    chances, begin = _steps(log_dwell_high, log_dwell_low, interval, start)
    out = np.empty((_checked_count(count), (begin.size + 7) // 8), np.uint8)
    kernels.fill_samples(*chances, begin, _key(seed), kernels.BITS, out)
    return out


def samples_at(
    log_dwell_high: ArrayLike,
    log_dwell_low: ArrayLike,
    times: ArrayLike,
    seed: Seed,
    start: ArrayLike | None = None,
) -> States:
    """Sample the states of devices at any times, by the exact propagator.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s), shape (devices,) or numbers.
    times
        Nondecreasing times in s from the beginning, shape (times,).
    seed
        Determines the histories.
    start
        Initial states, as in :func:`samples`.

    Returns
    -------
    NDArray
        0 for low and 1 for high, shape (times, devices).  Probabilities are rounded
        as in :func:`samples`.

    Raises
    ------
    SmtjError
        A dwell time is not finite, a time is negative or before the one ahead of it, or a start is
        impossible.
    """
    from smtj.dynamics.telegraph import kernels

    t = checked_times(times, "each time")
    gaps = np.diff(t, prepend=0.0) if t.ndim == 1 else np.full(1, -1.0)
    if (gaps < 0).any():
        raise SmtjError("the times of samples must be one row of numbers that do not decrease")
    log_high, log_low = _broadcast(*checked_dwell_times(log_dwell_high, log_dwell_low))
    begin = _initial_probability(log_high, log_low, start)
    mean = np.array(np.broadcast_to(occupancy(log_high, log_low), begin.shape))
    rate = np.array(np.broadcast_to(relaxation_rate(log_high, log_low), begin.shape))
    out = np.empty((t.size, begin.size), np.uint8)
    kernels.fill_samples_at(mean, rate, gaps, begin, _key(seed), out)
    return out


def readings(
    log_dwell_high: ArrayLike,
    log_dwell_low: ArrayLike,
    dead_time: ArrayLike,
    integration_time: ArrayLike,
    seed: Seed,
    start: ArrayLike | None = None,
) -> tuple[Floats, States]:
    """Sample readings that average the state, with dwell times that may change at every reading.

    Reading i uses the dwell times of row i: its dead time passes unrecorded, then the state is
    averaged over the integration time.  The average is exact for any number of switches and costs
    a microsecond or two at most; beyond 1e32 switches it equals the mean to rounding.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s) that broadcast to (readings, devices).
    dead_time, integration_time
        In s, 0 or more; numbers or shape (readings,).
    seed
        Determines the histories.
    start
        Initial states, 1 for high, shape (devices,) or a number; by default sampled from
        equilibrium at the dwell times of the first reading.

    Returns
    -------
    tuple
        Fraction of each integration time spent high, 0 to 1, and the state at its end, 0 or 1;
        shape (readings, devices).  An integration time of 0 s gives the state itself.  Memory is 9
        bytes per reading plus 16 per pair of dwell times.  Pass the last states, and another seed,
        to continue.

    Raises
    ------
    SmtjError
        A dwell time is not finite, a time or a start is impossible, or shapes do not fit.
    """
    from smtj.dynamics.telegraph import window_kernels

    log_high, log_low = _broadcast(*checked_dwell_times(log_dwell_high, log_dwell_low))
    log_high, log_low = np.atleast_2d(log_high), np.atleast_2d(log_low)
    dead = checked_times(dead_time, "each dead time")
    length = checked_times(integration_time, "each integration time")
    try:
        (count,) = np.broadcast_shapes(log_high.shape[:-1], dead.shape, length.shape)
    except ValueError:
        raise SmtjError(
            f"dwell times have shape {log_high.shape}, dead times {dead.shape} and integration "
            f"times {length.shape}; they must fit (readings, devices), (readings,) and (readings,)"
        ) from None
    if log_high.size == 0:
        raise SmtjError("readings need dwell times of at least one device and one reading")
    begin = _initial_probability(log_high[0], log_low[0], start)
    high, low = (np.ascontiguousarray(dwell) for dwell in dwell_times(log_high, log_low))
    timing = np.stack([np.broadcast_to(dead, count), np.broadcast_to(length, count)])
    average, state = np.empty((count, begin.size)), np.empty((count, begin.size), np.uint8)
    window_kernels.fill_readings(high, low, timing, begin, _key(seed), average, state)
    return average, state


def _steps(
    log_dwell_high: ArrayLike,
    log_dwell_low: ArrayLike,
    interval: ArrayLike,
    start: ArrayLike | None,
) -> tuple[tuple[Thresholds, Thresholds], Floats]:
    """Return the thresholds for leaving low and high, and the probability to begin high."""
    from smtj.dynamics.telegraph import kernels

    log_high, log_low, step = _broadcast(
        *checked_dwell_times(log_dwell_high, log_dwell_low),
        checked_times(interval, "the interval"),
    )
    begin = _initial_probability(log_high, log_low, start)
    leave_low, leave_high = (
        kernels.thresholds(np.broadcast_to(chance, begin.shape))
        for chance in switching_chances(log_high, log_low, step)
    )
    return (leave_low, leave_high), begin


def _broadcast(*arrays: Floats) -> tuple[Floats, ...]:
    try:
        return np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise SmtjError(f"dwell times and times of shapes {shapes} do not fit together") from None


def _initial_probability(log_high: Floats, log_low: Floats, start: ArrayLike | None) -> Floats:
    """Return the probability of each device to begin high; 0 or 1 if given."""
    chance = occupancy(log_high, log_low)
    if start is not None:
        given = np.asarray(start)
        if not np.isin(given, (0, 1)).all():
            raise SmtjError("start must be 0 for low or 1 for high")
        chance = _broadcast(given.astype(np.float64), chance)[0]
    if chance.ndim > 1:
        raise SmtjError(f"dwell times and start have shape {chance.shape}; it must be (devices,)")
    return np.array(chance, ndmin=1)


def _checked_count(count: int) -> int:
    if count < 0:
        raise SmtjError(f"count is {count}; it must be 0 or more")
    return count


def _key(seed: Seed) -> Words:
    return np.random.SeedSequence(seed).generate_state(2, np.uint32).astype(np.uint32)

"""Random histories of two-state devices: a continuous-time Markov process, simulated exactly.

A device leaves its high state at the rate 1/τ_high and its low one at 1/τ_low.  The dwell times are
given by their logarithms, as Eq. 3 and 4 have them, and may be of any size.

A device's history is decided by the seed and its own number, the place in the last dimension: the
number of threads does not change it, nor do other devices.
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

Floats: TypeAlias = NDArray[np.float64]
States: TypeAlias = NDArray[np.uint8]
Thresholds: TypeAlias = NDArray[np.int32]
Words: TypeAlias = NDArray[np.uint32]
Seed: TypeAlias = int | Sequence[int]
"""A whole number of 0 or more, or several of them; equal seeds give equal histories."""

MAX_SWITCHES = 2**31
"""Expected switching times of a history that fits memory, 16 GiB."""


def switching_times(
    log_dwell_high: float,
    log_dwell_low: float,
    duration: float,
    seed: Seed,
    start: int | None = None,
) -> tuple[Floats, int]:
    """Draw the times at which one device switches, by Gillespie's method.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s).
    duration
        Length of the history in s.
    seed
        Decides the history.
    start
        State at the beginning, 1 for high; drawn from equilibrium where it is None.

    Returns
    -------
    tuple
        Increasing times in s between 0 and ``duration``, and the state before the first, 0 or 1.
        Memory is 8 bytes a switch.

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
    begin = _chance_to_begin(log_high.reshape(1), log_low.reshape(1), start)
    expected = 2.0 * (length / (high + low))
    if expected > MAX_SWITCHES:
        raise SmtjError(
            f"{expected:.3g} switches are expected in {length:.3g} s, more than memory should hold "
            f"({MAX_SWITCHES:.3g}); shorten the duration, or take samples or readings"
        )
    size = int(expected + 6.0 * np.sqrt(expected)) + 16
    times, first = window_kernels.draw_switches(
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
    """Draw the states of devices at uniform spacing, by the exact propagator.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s), shape (devices,) or numbers.
    interval
        Time between samples in s, one for all devices or one each.
    count
        Samples of each device, the first one interval after the beginning.
    seed
        Decides the histories.
    start
        States at the beginning, 1 for high, shape (devices,) or a number; drawn from equilibrium
        where it is None.  A history goes on where an earlier one ended with its last samples as the
        start, and another seed.

    Returns
    -------
    NDArray
        0 for low and 1 for high, shape (count, devices).  Memory is one byte a sample, 100 MB for
        10^8, and less than 100 kB a thread besides.

    Raises
    ------
    SmtjError
        A dwell time is not finite, or an interval, the count or a start is impossible.

    Notes
    -----
    The chance to be in the other state one interval later is rounded to a multiple of 2^-32; a
    device whose chance is less than half of that stays where it is.
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
    """Draw what :func:`samples` draws, eight devices to a byte.

    Arguments and errors as there.

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
    """Draw the states of devices at any times, by the exact propagator.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s), shape (devices,) or numbers.
    times
        In s after the beginning, 0 or more and not decreasing, shape (times,).
    seed
        Decides the histories.
    start
        States at the beginning, as in :func:`samples`.

    Returns
    -------
    NDArray
        0 for low and 1 for high, shape (times, devices).  Chances are rounded as in
        :func:`samples`.

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
    begin = _chance_to_begin(log_high, log_low, start)
    share = np.array(np.broadcast_to(occupancy(log_high, log_low), begin.shape))
    rate = np.array(np.broadcast_to(relaxation_rate(log_high, log_low), begin.shape))
    out = np.empty((t.size, begin.size), np.uint8)
    kernels.fill_samples_at(share, rate, gaps, begin, _key(seed), out)
    return out


def readings(
    log_dwell_high: ArrayLike,
    log_dwell_low: ArrayLike,
    dead_time: ArrayLike,
    window: ArrayLike,
    seed: Seed,
    start: ArrayLike | None = None,
) -> tuple[Floats, States]:
    """Average devices over windows of time, with dwell times that may change at every reading.

    Reading i takes place at the dwell times of row i: its dead time passes without a record, then
    the device is watched for the length of its window.  The average is exact however often the
    device switches in a window, from never to 1e30 times and more, and costs a microsecond or two
    at most; beyond 1e32 times, it is the mean, from which it would differ by less than rounding.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s) that broadcast to (readings, devices).
    dead_time, window
        In s, 0 or more; numbers or shape (readings,).
    seed
        Decides the histories.
    start
        States before the first reading, 1 for high, shape (devices,) or a number; drawn from
        equilibrium at the dwell times of the first reading where it is None.

    Returns
    -------
    tuple
        Share of each window that was spent high, 0 to 1, and the state at its end, 0 or 1; shape
        (readings, devices).  A window of 0 s shows the state itself.  Memory is 9 bytes a reading,
        and 16 bytes for each pair of dwell times given; go on with the last states as the start,
        and another seed.

    Raises
    ------
    SmtjError
        A dwell time is not finite, a time or a start is impossible, or shapes do not fit.
    """
    from smtj.dynamics.telegraph import window_kernels

    log_high, log_low = _broadcast(*checked_dwell_times(log_dwell_high, log_dwell_low))
    log_high, log_low = np.atleast_2d(log_high), np.atleast_2d(log_low)
    dead, length = checked_times(dead_time, "each dead time"), checked_times(window, "each window")
    try:
        (count,) = np.broadcast_shapes(log_high.shape[:-1], dead.shape, length.shape)
    except ValueError:
        raise SmtjError(
            f"dwell times have shape {log_high.shape}, dead times {dead.shape} and windows "
            f"{length.shape}; they must fit (readings, devices), (readings,) and (readings,)"
        ) from None
    if log_high.size == 0:
        raise SmtjError("readings need dwell times of at least one device and one reading")
    begin = _chance_to_begin(log_high[0], log_low[0], start)
    high, low = (np.ascontiguousarray(dwell) for dwell in dwell_times(log_high, log_low))
    timing = np.stack([np.broadcast_to(dead, count), np.broadcast_to(length, count)])
    share, state = np.empty((count, begin.size)), np.empty((count, begin.size), np.uint8)
    window_kernels.fill_readings(high, low, timing, begin, _key(seed), share, state)
    return share, state


def _steps(
    log_dwell_high: ArrayLike,
    log_dwell_low: ArrayLike,
    interval: ArrayLike,
    start: ArrayLike | None,
) -> tuple[tuple[Thresholds, Thresholds], Floats]:
    """Return the thresholds of a step, leaving low and high, and the chance to begin high."""
    from smtj.dynamics.telegraph import kernels

    log_high, log_low, step = _broadcast(
        *checked_dwell_times(log_dwell_high, log_dwell_low),
        checked_times(interval, "the interval"),
    )
    begin = _chance_to_begin(log_high, log_low, start)
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


def _chance_to_begin(log_high: Floats, log_low: Floats, start: ArrayLike | None) -> Floats:
    """Return for each device the chance to be high at the beginning; 0 or 1 if that is given."""
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

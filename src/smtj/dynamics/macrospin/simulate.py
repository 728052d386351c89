"""Random histories of a macrospin: the stochastic Landau-Lifshitz-Gilbert equation (s-LLG).

The equation and its terms are those of :mod:`smtj.dynamics.macrospin.driven`.  It is solved by
Heun's method in Stratonovich's sense with a fixed time step.

A trajectory is decided by the seed and its own number: neither the number of threads, nor how many
run beside it, nor in which portions it is computed changes a bit of it.  In float32 and in float64
the thermal field is the same.

Functions here record what their names say and store nothing else; those of
:mod:`smtj.dynamics.macrospin.passages` watch for thresholds.  They tell ``progress``, a function
of what is done and of all, how far they are.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from smtj.dynamics.macrospin.blocks import Numbers, new_blocks, precision
from smtj.dynamics.macrospin.driven import DrivenMacrospin, checked_directions, ensemble
from smtj.dynamics.macrospin.run import Progress, pairs_of, portion_of, record, tell
from smtj.dynamics.macrospin.time_step import longest_step
from smtj.errors import SmtjError
from smtj.typing import Floats


class Averages(NamedTuple):
    """Averages over time, for each trajectory."""

    mean: Floats
    """⟨m⟩, shape (trajectories, 3)."""
    products: Floats
    """⟨m_i m_j⟩, shape (trajectories, 3, 3)."""


def default_time_step(system: DrivenMacrospin, size: int = 1) -> float:
    """The time step in s that is taken unless another is given.

    It is short against precession, damping and noise:
    :data:`smtj.dynamics.macrospin.time_step.DEFAULT`. Infinite where there is neither a field nor
    noise.  Arguments and errors as in :func:`final_state`.
    """
    return longest_step(ensemble(system, size))


def final_state(
    system: DrivenMacrospin,
    start: ArrayLike,
    duration: float,
    size: int,
    seed: int = 0,
    *,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Numbers:
    """Where trajectories are after a time.

    Parameters
    ----------
    system
        The macrospin and what acts on it.
    start
        Unit vectors m at the beginning, shape (3,) or (trajectories, 3).
    duration
        In s.
    size
        How many trajectories.
    seed
        Decides the thermal field.
    time_step
        The longest step in s that may be taken; a pair of steps divides what is recorded evenly.
    dtype
        float32, which is faster, or float64.
    progress
        Told how far it is.

    Returns
    -------
    NDArray
        m, shape (trajectories, 3).

    Raises
    ------
    SmtjError
        A shape does not fit, a number is impossible, or the time step is too long.
    """
    numbers = ensemble(system, size)
    step, pairs = pairs_of(numbers, duration, time_step)
    blocks = new_blocks(numbers, checked_directions(start, size), step, seed, dtype)
    portion = portion_of(numbers)
    for since in range(0, pairs, portion):
        record(numbers, blocks, step, since, (min(portion, pairs - since) - 1, 1), 1)
        tell(progress, min(since + portion, pairs), pairs)
    return blocks.directions(size)


def trajectories(
    system: DrivenMacrospin,
    start: ArrayLike,
    interval: float,
    count: int,
    size: int = 1,
    seed: int = 0,
    *,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Numbers:
    """Directions at regular times, the first one interval after the beginning.

    Parameters
    ----------
    interval
        Time between two records in s.
    count
        How many records.
    system, start, size, seed, time_step, dtype, progress
        As in :func:`final_state`, with its errors.

    Returns
    -------
    NDArray
        m, shape (count, trajectories, 3); 12 or 24 bytes a record.
    """
    return window_means(
        system,
        start,
        interval,
        0.0,
        count,
        size,
        seed,
        time_step=time_step,
        dtype=dtype,
        progress=progress,
    )


def window_means(
    system: DrivenMacrospin,
    start: ArrayLike,
    interval: float,
    window: float,
    count: int,
    size: int = 1,
    seed: int = 0,
    *,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Numbers:
    """Directions averaged over the last part of regular intervals, as an instrument reads them.

    Parameters
    ----------
    interval
        From the end of a window to the end of the next, in s.
    window
        Its length in s, up to the interval; rounded to a whole number of pairs of steps, and the
        instant at its end if it is shorter than that.
    count
        How many windows.
    system, start, size, seed, time_step, dtype, progress
        As in :func:`final_state`, with its errors.

    Returns
    -------
    NDArray
        Means of m, shape (count, trajectories, 3).
    """
    if count < 0 or not 0 <= window <= interval:
        raise SmtjError(
            f"{count} windows of {window:g} s in intervals of {interval:g} s cannot be; there must "
            "be none or more, and no window longer than its interval"
        )
    numbers = ensemble(system, size)
    step, pairs = pairs_of(numbers, interval, time_step)
    inside = max(round(window / (2 * step)), 1)
    blocks = new_blocks(numbers, checked_directions(start, size), step, seed, dtype)
    out = np.empty((count, 3, size), precision(dtype))
    portion = max(portion_of(numbers) // pairs, 1)
    for first in range(0, count, portion):
        records = min(portion, count - first)
        part = record(numbers, blocks, step, first * pairs, (pairs - inside, inside), records)
        out[first : first + records] = part
        tell(progress, first + records, count)
    return np.moveaxis(out, 1, 2)


def averages(
    system: DrivenMacrospin,
    start: ArrayLike,
    interval: float,
    count: int,
    size: int = 1,
    seed: int = 0,
    *,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Averages:
    """Averages of m and of its products, such as ⟨m_z²⟩, over looks at regular times.

    Parameters
    ----------
    interval, count
        Time between two looks in s, and how many there are.
    system, start, size, seed, time_step, dtype, progress
        As in :func:`final_state`, with its errors.
    """
    if count < 1:
        raise SmtjError(f"an average over {count} looks cannot be; it needs one or more")
    numbers = ensemble(system, size)
    step, pairs = pairs_of(numbers, interval, time_step)
    blocks = new_blocks(numbers, checked_directions(start, size), step, seed, dtype)
    mean, products = np.zeros((size, 3)), np.zeros((size, 3, 3))
    portion = max(portion_of(numbers) // pairs, 1)
    for first in range(0, count, portion):
        records = min(portion, count - first)
        m = record(numbers, blocks, step, first * pairs, (pairs - 1, 1), records)
        exact = m.astype(np.float64)
        mean += exact.sum(axis=0).T
        products += np.einsum("rik,rjk->kij", exact, exact)
        tell(progress, first + records, count)
    return Averages(mean / count, products / count)

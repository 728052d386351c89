"""Random histories of a macrospin: the stochastic Landau-Lifshitz-Gilbert equation (s-LLG).

The equation and its terms are those of :mod:`smtj.dynamics.macrospin.driven`.  It is solved by
Heun's method in Stratonovich's sense with a fixed time step.

The seed and its index determine a trajectory to the bit, regardless of threads, of other
trajectories and of portions.  The thermal field is the same in float32 and float64.

:mod:`smtj.dynamics.macrospin.passages` has first passage times.  ``progress`` is called with
(done, total).
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
    """The default time step in s, short against precession, damping and noise.

    See :data:`smtj.dynamics.macrospin.time_step.DEFAULT`.  Infinite with neither field nor noise.
    Arguments and errors as in :func:`final_state`.
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
    """Directions m of trajectories after a duration in s, shape (trajectories, 3).

    ``start`` holds unit vectors, shape (3,) or (trajectories, 3); ``size`` is the number of
    trajectories, ``seed`` that of the thermal field.  ``time_step`` is an upper limit in s;
    recording times are multiples of a pair of steps.  ``dtype`` is float32, which is faster, or
    float64.  Calls ``progress(done, total)``.  Raises SmtjError if a shape does not fit, a value is
    impossible, or the time step is too long.
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
    """Directions m at regular times, shape (count, trajectories, 3); 12 or 24 bytes per record.

    The first is one ``interval``, in s, after the beginning.  Other arguments and errors are those
    of :func:`final_state`.
    """
    return mean_directions(
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


def mean_directions(
    system: DrivenMacrospin,
    start: ArrayLike,
    interval: float,
    integration_time: float,
    count: int,
    size: int = 1,
    seed: int = 0,
    *,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Numbers:
    """Directions averaged over the end of regular intervals, as an instrument reads them.

    Returns ``count`` means of m, shape (count, trajectories, 3), one per ``interval`` in s.  The
    integration time in s is rounded to whole pairs of steps; shorter ones give the instant at the
    end of the interval.  Other arguments and errors are those of :func:`final_state`.
    """
    if count < 0 or not 0 <= integration_time <= interval:
        raise SmtjError(
            f"{count} readings of {integration_time:g} s every {interval:g} s are "
            "impossible; give 0 or more, each no longer than the interval"
        )
    numbers = ensemble(system, size)
    step, pairs = pairs_of(numbers, interval, time_step)
    inside = max(round(integration_time / (2 * step)), 1)
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
    """Averages over time of m and of its products, such as ⟨m_z²⟩.

    There are ``count`` samples, one per ``interval`` in s.  Other arguments and errors are those of
    :func:`final_state`.
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

"""Random histories of a macrospin: the stochastic Landau-Lifshitz-Gilbert equation (s-LLG).

The equation and its terms are those of :mod:`smtj.dynamics.driven`.  It is solved by Heun's method
in Stratonovich's sense with a fixed time step.

A trajectory is decided by the seed and its own number: neither the number of threads, nor how many
run beside it, nor in which portions it is computed changes a bit of it.  In float32 and in float64
the thermal field is the same.

Functions here record what their names say and store nothing else.  Those that take long tell
``progress``, a function of what is done and of all, how far they are.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from smtj.dynamics.blocks import Blocks, Numbers, drive, key, lane_table, new_blocks, precision
from smtj.dynamics.blocks import response as response_of
from smtj.dynamics.driven import DrivenMacrospin, Ensemble, checked_directions, ensemble
from smtj.dynamics.time_step import checked_step, longest_step
from smtj.dynamics.waveform import Waveform
from smtj.errors import SmtjError
from smtj.streams import LANES

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Progress = Callable[[int, int], None]

PORTION = 2**23
"""Steps of all trajectories together between two reports of progress, about 0.1 s."""
CONTINUITY = 0.5825971579
"""-ζ(1/2)/√(2π): by how many standard deviations of a step Brownian motion that is looked at after
each step is beyond a threshold, on average, when it is first found there (M. Broadie, P. Glasserman
and S. Kou, Math. Finance 7, 325 (1997), doi:10.1111/1467-9965.00035)."""


class Averages(NamedTuple):
    """Averages over time, for each trajectory."""

    mean: Floats
    """⟨m⟩, shape (trajectories, 3)."""
    products: Floats
    """⟨m_i m_j⟩, shape (trajectories, 3, 3)."""


class Switches(NamedTuple):
    """When trajectories switched; directions alternate."""

    time: Floats
    """In s, shape (trajectories, most); nan after the last one."""
    starts_up: NDArray[np.bool_]
    """Whether each trajectory begins above the middle of the thresholds."""
    count: Whole
    """How many switches there were, more than are recorded where memory was full."""


def time_step(
    system: DrivenMacrospin, trajectories: int = 1
) -> float:
    """The time step in s that is taken unless another is given.

    It is short against precession, damping and noise: :data:`smtj.dynamics.time_step.DEFAULT`.
    Errors as in :func:`final_state`; infinite where there is neither a field nor noise.
    """
    return longest_step(ensemble(system, trajectories))


def final_state(
    system: DrivenMacrospin,
    start: ArrayLike,
    duration: float,
    trajectories: int,
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
    trajectories
        How many.
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
    numbers = ensemble(system, trajectories)
    step, pairs = _pairs(numbers, duration, time_step)
    blocks = new_blocks(numbers, checked_directions(start, trajectories), step, seed, dtype)
    portion = _portion(numbers)
    for since in range(0, pairs, portion):
        _record(numbers, blocks, step, since, (min(portion, pairs - since) - 1, 1), 1)
        _tell(progress, min(since + portion, pairs), pairs)
    return blocks.directions(trajectories)


def trajectories(
    system: DrivenMacrospin,
    start: ArrayLike,
    interval: float,
    count: int,
    trajectories: int = 1,
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
    system, start, trajectories, seed, time_step, dtype, progress
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
        trajectories,
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
    trajectories: int = 1,
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
    system, start, trajectories, seed, time_step, dtype, progress
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
    numbers = ensemble(system, trajectories)
    step, pairs = _pairs(numbers, interval, time_step)
    inside = max(round(window / (2 * step)), 1)
    blocks = new_blocks(numbers, checked_directions(start, trajectories), step, seed, dtype)
    out = np.empty((count, 3, trajectories), precision(dtype))
    portion = max(_portion(numbers) // pairs, 1)
    for first in range(0, count, portion):
        records = min(portion, count - first)
        part = _record(numbers, blocks, step, first * pairs, (pairs - inside, inside), records)
        out[first : first + records] = part
        _tell(progress, first + records, count)
    return np.moveaxis(out, 1, 2)


def histogram(
    system: DrivenMacrospin,
    start: ArrayLike,
    interval: float,
    count: int,
    bins: int,
    trajectories: int = 1,
    seed: int = 0,
    *,
    along: ArrayLike | None = None,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Whole:
    """How often a component of m is found in equal bins between -1 and 1.

    Parameters
    ----------
    interval, count
        Time between two looks in s, and how many there are.
    bins
        How many.
    along
        Unit vector of the component; the easy axis by default.
    system, start, trajectories, seed, time_step, dtype, progress
        As in :func:`final_state`, with its errors.

    Returns
    -------
    NDArray
        Counts, shape (trajectories, bins).  The looks of one trajectory are correlated; errors
        follow from the spread between trajectories.
    """
    if bins < 1:
        raise SmtjError(f"a histogram of {bins} bins cannot be; it needs one or more")
    numbers = ensemble(system, trajectories)
    axis = _axis(numbers) if along is None else checked_directions(along, trajectories)
    counts = np.zeros((trajectories, bins), np.int64)
    offset = bins * np.arange(trajectories)

    def look(m: Numbers) -> None:
        component = np.einsum("rik,ki->rk", m, axis)
        place = np.clip(((component + 1) * (bins / 2)).astype(np.int64), 0, bins - 1)
        found = np.bincount((place + offset).ravel(), minlength=counts.size)
        counts.ravel()[:] += found

    _visit(numbers, start, (interval, count), seed, (time_step, dtype, progress), look)
    return counts


def averages(
    system: DrivenMacrospin,
    start: ArrayLike,
    interval: float,
    count: int,
    trajectories: int = 1,
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
    system, start, trajectories, seed, time_step, dtype, progress
        As in :func:`final_state`, with its errors.
    """
    if count < 1:
        raise SmtjError(f"an average over {count} looks cannot be; it needs one or more")
    numbers = ensemble(system, trajectories)
    mean, products = np.zeros((trajectories, 3)), np.zeros((trajectories, 3, 3))

    def look(m: Numbers) -> None:
        exact = m.astype(np.float64)
        mean[:] += exact.sum(axis=0).T
        products[:] += np.einsum("rik,rjk->kij", exact, exact)

    _visit(numbers, start, (interval, count), seed, (time_step, dtype, progress), look)
    return Averages(mean / count, products / count)


def switching_events(
    system: DrivenMacrospin,
    start: ArrayLike,
    duration: float,
    trajectories: int = 1,
    seed: int = 0,
    *,
    thresholds: tuple[float, float] = (-0.5, 0.5),
    most: int = 1024,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Switches:
    """When m·n, the component along the easy axis, switches, by a Schmitt trigger.

    A trajectory that is up switches when m·n falls below the lower threshold, one that is down
    when it rises above the upper one.  Every step is looked at; thresholds are moved by what is
    missed between steps (:data:`CONTINUITY`), so that the times are those of the continuous motion.

    Parameters
    ----------
    duration
        In s.
    thresholds
        Lower and upper one, between -1 and 1.
    most
        How many times of each trajectory are recorded, in 8 bytes each; all are counted.
    system, start, trajectories, seed, time_step, dtype, progress
        As in :func:`final_state`, with its errors.
    """
    from smtj.dynamics import llg_kernels as rows
    from smtj.dynamics import passage_kernels

    low, high = thresholds
    if not -1 < low <= high < 1 or most < 1:
        raise SmtjError(
            f"thresholds of {low:g} and {high:g} cannot be; they must rise and lie between -1 and "
            "1, and at least one event must be recorded"
        )
    numbers = ensemble(system, trajectories)
    step, pairs = _pairs(numbers, duration, time_step)
    directions = checked_directions(start, trajectories)
    blocks = new_blocks(numbers, directions, step, seed, dtype)
    up = (directions * _axis(numbers)).sum(axis=1) > (low + high) / 2
    limits = np.stack([low + _missed(numbers, step, low), high - _missed(numbers, step, high)])
    table = blocks.numbers.reshape(-1, rows.ROWS, LANES)
    for trajectory, is_up in enumerate(up):
        block, lane = divmod(trajectory, LANES)
        table[block, rows.SIDE, lane] = -1 if is_up else 1
        limit = -limits[0, trajectory] if is_up else limits[1, trajectory]
        table[block, rows.LIMIT, lane] = limit
    steps = np.full((trajectories, most), -1, np.int64)
    counts = np.zeros(trajectories, np.int64)
    portion = _portion(numbers)
    for since in range(0, pairs, portion):
        now = min(portion, pairs - since)
        passage_kernels.watch_switches(
            blocks.numbers,
            blocks.generators,
            blocks.response,
            drive(numbers, step, since, now),
            limits,
            2 * since,
            now,
            steps,
            counts,
        )
        _tell(progress, since + now, pairs)
    return Switches(np.where(steps >= 0, steps * step, np.nan), up, counts)


def dwell_times(switches: Switches) -> tuple[Floats, Floats]:
    """Times in s between recorded switches, up and down; all trajectories one after the other.

    The dwell before a trajectory's first switch, and the one after its last, are left out.
    """
    dwell = np.diff(switches.time, axis=1)
    # After the first switch a trajectory is where it did not begin.
    odd = np.arange(dwell.shape[1]) % 2 == 1
    up = switches.starts_up[:, None] == odd
    known = np.isfinite(dwell)
    return dwell[known & up], dwell[known & ~up]


def first_passage_times(
    system: DrivenMacrospin,
    start: ArrayLike,
    threshold: float,
    trajectories: int,
    seed: int = 0,
    *,
    longest: float = np.inf,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Floats:
    """When m·n, the component along the easy axis, first passes a threshold.

    A trajectory that begins above waits to fall below, one that begins below to rise above; steps
    are looked at as in :func:`switching_events`.  What is applied must not change with time.

    Parameters
    ----------
    threshold
        Between -1 and 1.
    longest
        Time in s after which a trajectory is given up; without it, all are waited for.
    system, start, trajectories, seed, time_step, dtype, progress
        As in :func:`final_state`, with its errors; progress counts trajectories.

    Returns
    -------
    NDArray
        In s, shape (trajectories,); infinite where it took longer.
    """
    import numba

    from smtj.dynamics import llg_kernels as rows
    from smtj.dynamics import passage_kernels

    if not -1 < threshold < 1 or not longest > 0:
        raise SmtjError(
            f"a threshold of {threshold:g} within {longest:g} s cannot be passed; it must lie "
            "between -1 and 1, and the time be above 0 s"
        )
    numbers = ensemble(system, trajectories)
    if any(isinstance(entry, Waveform) for entry in (numbers.voltage, *numbers.field)):
        raise SmtjError(
            "first passage times need a field and a voltage that do not change; use "
            "switching_events for waveforms"
        )
    step = _step(numbers, time_step)
    directions = checked_directions(start, trajectories)
    load = lane_table(numbers, directions, step)
    at_rest, per_volt, factor = response_of(numbers, step)
    _, (volts,), (fields,) = drive(numbers, step, 0, 1)
    load[rows.FIELD_X : rows.PULL_Z + 1] = at_rest + per_volt * volts
    load[rows.FIELD_X : rows.FIELD_Z + 1] += factor * fields
    above = (directions * _axis(numbers)).sum(axis=1) > threshold
    load[rows.SIDE] = np.where(above, -1.0, 1.0)
    load[rows.LIMIT] = load[rows.SIDE] * threshold - _missed(numbers, step, threshold)
    # Long queues keep lanes busy, several a thread keep threads busy.
    blocks = max(min(-(-trajectories // LANES), 4 * numba.get_num_threads()), 1)
    ends = np.linspace(0, trajectories, blocks + 1).astype(np.int64)
    queues = np.stack([ends[:-1], ends[1:]], axis=1)
    lanes = np.zeros((blocks, rows.ROWS * LANES), precision(dtype))
    lanes[:, rows.Z * LANES : (rows.Z + 1) * LANES] = 1.0
    generators = np.ones((blocks, 4 * LANES), np.uint32)
    who, since = np.full((blocks, LANES), -1, np.int64), np.zeros((blocks, LANES), np.int64)
    steps = np.full(trajectories, -1, np.int64)
    given_up = 2**61 if longest == np.inf else max(round(longest / (2 * step)), 1)
    portion, now = max(PORTION // (2 * LANES * blocks), 1), 0
    while (queues[:, 0] < queues[:, 1]).any() or (who >= 0).any() or now == 0:
        passage_kernels.watch_passages(
            lanes,
            generators,
            who,
            since,
            queues,
            now,
            portion,
            given_up,
            tuple(key(seed)),
            load,
            steps,
        )
        now += portion
        _tell(progress, trajectories - int((who >= 0).sum() + (queues[:, 1] - queues[:, 0]).sum()),
              trajectories)
    return np.where(steps >= 0, steps * step, np.inf)


def _step(numbers: Ensemble, time_step: float | None) -> float:
    """Return the time step that is given, checked, or the default one."""
    if time_step is not None:
        return checked_step(numbers, time_step)
    step = longest_step(numbers)
    if step == np.inf:
        raise SmtjError("without a field and without noise nothing happens; give a time step")
    return step


def _pairs(numbers: Ensemble, length: float, time_step: float | None) -> tuple[float, int]:
    """Return the time step in s and the pairs of steps that a length of time is divided into."""
    if not 0 < length < np.inf:
        raise SmtjError(f"a time of {length:g} s cannot be simulated; it must be above 0 s")
    pairs = int(np.ceil(length / (2 * _step(numbers, time_step)) * (1 - 1e-12)))
    return length / (2 * pairs), pairs


def _portion(numbers: Ensemble) -> int:
    """Pairs of steps between two reports of progress."""
    return max(PORTION // (2 * max(numbers.trajectories, 8)), 1)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _axis(numbers: Ensemble) -> Floats:
    """Return the easy axis of each trajectory, shape (trajectories, 3)."""
    x, z = numbers.axis
    return np.stack([x, np.zeros_like(x), z], axis=1)


def _missed(numbers: Ensemble, step: float, threshold: float) -> Floats:
    """By how much m·n is beyond a threshold, on average, at the step that first finds it there."""
    turn = numbers.precession * np.sqrt((1 + numbers.damping**2) * numbers.noise_density * step)
    return np.asarray(CONTINUITY * turn * np.sqrt(1 - threshold**2))


def _record(
    numbers: Ensemble, blocks: Blocks, step: float, since: int, timing: tuple[int, int], count: int
) -> Numbers:
    """Go on from pair ``since`` for some records; shape (count, 3, trajectories)."""
    from smtj.dynamics import record_kernels

    out = np.empty((count, 3, numbers.trajectories), blocks.numbers.dtype)
    applied = drive(numbers, step, since, count * sum(timing))
    record_kernels.record_means(
        blocks.numbers, blocks.generators, blocks.response, applied, timing, out
    )
    return out


def _visit(
    numbers: Ensemble,
    start: ArrayLike,
    timing: tuple[float, int],
    seed: int,
    options: tuple[float | None, DTypeLike, Progress | None],
    look: Callable[[Numbers], None],
) -> None:
    """Show ``look`` the directions at regular times, shape (records, 3, trajectories)."""
    (interval, count), (time_step, dtype, progress) = timing, options
    step, pairs = _pairs(numbers, interval, time_step)
    directions = checked_directions(start, numbers.trajectories)
    blocks = new_blocks(numbers, directions, step, seed, dtype)
    portion = max(_portion(numbers) // pairs, 1)
    for first in range(0, count, portion):
        records = min(portion, count - first)
        look(_record(numbers, blocks, step, first * pairs, (pairs - 1, 1), records))
        _tell(progress, first + records, count)

"""When a macrospin passes thresholds: switching events and first passage times.

The equation is solved as in :mod:`smtj.dynamics.macrospin.simulate`.  Every step is looked at.
Motion that is looked at only after each step is found beyond a threshold late; so thresholds are
moved towards where m comes from by what is missed on average, :data:`CONTINUITY`, and the times
are those of the continuous motion.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from smtj.dynamics.macrospin import llg_kernels as rows
from smtj.dynamics.macrospin import passage_kernels
from smtj.dynamics.macrospin.blocks import drive, key, lane_table, new_blocks, precision, response
from smtj.dynamics.macrospin.driven import DrivenMacrospin, Ensemble, checked_directions, ensemble
from smtj.dynamics.macrospin.run import (
    PORTION,
    Progress,
    easy_axis,
    pairs_of,
    portion_of,
    step_of,
    tell,
)
from smtj.dynamics.macrospin.waveform import Waveform
from smtj.errors import SmtjError
from smtj.streams import LANES
from smtj.typing import Floats

Whole = NDArray[np.int64]

CONTINUITY = 0.5825971579
"""-ζ(1/2)/√(2π): by how many standard deviations of a step Brownian motion that is looked at after
each step is beyond a threshold, on average, when it is first found there (M. Broadie, P. Glasserman
and S. Kou, Math. Finance 7, 325 (1997), doi:10.1111/1467-9965.00035)."""


class Switches(NamedTuple):
    """When trajectories switched; directions alternate."""

    time: Floats
    """In s, shape (trajectories, most); nan after the last one."""
    starts_up: NDArray[np.bool_]
    """Whether each trajectory begins above the middle of the thresholds."""
    total: Whole
    """How many switches there were, more than are recorded where memory was full."""


def switching_events(
    system: DrivenMacrospin,
    start: ArrayLike,
    duration: float,
    size: int = 1,
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
    when it rises above the upper one.

    Parameters
    ----------
    duration
        In s.
    thresholds
        Lower and upper one, between -1 and 1.
    most
        How many times of each trajectory are recorded, in 8 bytes each; all are counted.
    system, start, size, seed, time_step, dtype, progress
        As in :func:`smtj.dynamics.macrospin.simulate.final_state`, with its errors.
    """
    low, high = thresholds
    if not -1 < low <= high < 1 or most < 1:
        raise SmtjError(
            f"thresholds of {low:g} and {high:g} cannot be; they must rise and lie between -1 and "
            "1, and at least one event must be recorded"
        )
    numbers = ensemble(system, size)
    step, pairs = pairs_of(numbers, duration, time_step)
    directions = checked_directions(start, size)
    blocks = new_blocks(numbers, directions, step, seed, dtype)
    up = (directions * easy_axis(numbers)).sum(axis=1) > (low + high) / 2
    limits = np.stack([low + _missed(numbers, step, low), high - _missed(numbers, step, high)])
    table = blocks.numbers.reshape(-1, rows.ROWS, LANES)
    block, lane = np.divmod(np.arange(size), LANES)
    table[block, rows.SIDE, lane] = np.where(up, -1.0, 1.0)
    table[block, rows.LIMIT, lane] = np.where(up, -limits[0], limits[1])
    steps = np.full((size, most), -1, np.int64)
    counts = np.zeros(size, np.int64)
    portion = portion_of(numbers)
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
        tell(progress, since + now, pairs)
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
    size: int,
    seed: int = 0,
    *,
    longest: float = np.inf,
    time_step: float | None = None,
    dtype: DTypeLike = np.float64,
    progress: Progress | None = None,
) -> Floats:
    """When m·n, the component along the easy axis, first passes a threshold.

    A trajectory that begins above waits to fall below, one that begins below to rise above.  What
    is applied must not change with time.

    Parameters
    ----------
    threshold
        Between -1 and 1.
    longest
        Time in s after which a trajectory is given up; without it, all are waited for.
    system, start, size, seed, time_step, dtype, progress
        As in :func:`smtj.dynamics.macrospin.simulate.final_state`, with its errors; progress counts
        trajectories.

    Returns
    -------
    NDArray
        In s, shape (trajectories,); infinite where it took longer.
    """
    if not -1 < threshold < 1 or not longest > 0:
        raise SmtjError(
            f"a threshold of {threshold:g} within {longest:g} s cannot be passed; it must lie "
            "between -1 and 1, and the time be above 0 s"
        )
    numbers = ensemble(system, size)
    if any(isinstance(entry, Waveform) for entry in (numbers.voltage, *numbers.field)):
        raise SmtjError(
            "first passage times need a field and a voltage that do not change; use "
            "switching_events for waveforms"
        )
    if longest == np.inf and not (numbers.noise_density > 0).all():
        raise SmtjError(
            "without thermal noise a threshold may never be passed; give the longest time to wait"
        )
    step = step_of(numbers, time_step)
    directions = checked_directions(start, size)
    load = lane_table(numbers, directions, step)
    at_rest, per_volt, factor = response(numbers, step)
    _, (volts,), (fields,) = drive(numbers, step, 0, 1)
    load[rows.FIELD_X : rows.PULL_Z + 1] = at_rest + per_volt * volts
    load[rows.FIELD_X : rows.FIELD_Z + 1] += factor * fields
    above = (directions * easy_axis(numbers)).sum(axis=1) > threshold
    load[rows.SIDE] = np.where(above, -1.0, 1.0)
    load[rows.LIMIT] = load[rows.SIDE] * threshold - _missed(numbers, step, threshold)
    # Long queues keep lanes busy, several a thread keep threads busy.
    blocks = max(min(-(-size // LANES), 4 * numba.get_num_threads()), 1)
    ends = np.linspace(0, size, blocks + 1).astype(np.int64)
    queues = np.stack([ends[:-1], ends[1:]], axis=1)
    lanes = np.zeros((blocks, rows.ROWS * LANES), precision(dtype))
    lanes[:, rows.Z * LANES : (rows.Z + 1) * LANES] = 1.0
    generators = np.ones((blocks, 4 * LANES), np.uint32)
    who, since = np.full((blocks, LANES), -1, np.int64), np.zeros((blocks, LANES), np.int64)
    steps = np.full(size, -1, np.int64)
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
        waiting = int((who >= 0).sum() + (queues[:, 1] - queues[:, 0]).sum())
        tell(progress, size - waiting, size)
    return np.where(steps >= 0, steps * step, np.inf)


def _missed(numbers: Ensemble, step: float, threshold: float) -> Floats:
    """By how much m·n is beyond a threshold, on average, at the step that first finds it there."""
    turn = numbers.precession * np.sqrt((1 + numbers.damping**2) * numbers.noise_density * step)
    return np.asarray(CONTINUITY * turn * np.sqrt(1 - threshold**2))

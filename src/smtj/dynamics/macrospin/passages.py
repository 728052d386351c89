"""First passage times of a macrospin.

The equation is solved as in :mod:`smtj.dynamics.macrospin.simulate`, and m is compared with the
threshold after every step.  That detects a crossing late, so the threshold is shifted towards the
start by the average overshoot missed, :data:`CONTINUITY`; the times are those of continuous motion.
"""

import numba
import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from smtj.dynamics.macrospin import llg_kernels as rows
from smtj.dynamics.macrospin import passage_kernels
from smtj.dynamics.macrospin.blocks import key, lane_table, precision, response
from smtj.dynamics.macrospin.driven import DrivenMacrospin, Ensemble, checked_directions, ensemble
from smtj.dynamics.macrospin.run import (
    PORTION,
    Progress,
    easy_axis,
    step_of,
    tell,
)
from smtj.dynamics.macrospin.waveform import Waveform
from smtj.errors import SmtjError
from smtj.streams import LANES
from smtj.typing import Floats

CONTINUITY = 0.5825971579
"""-ζ(1/2)/√(2π): by how many standard deviations of a step Brownian motion that is looked at after
each step is beyond a threshold, on average, when it is first found there (M. Broadie, P. Glasserman
and S. Kou, Math. Finance 7, 325 (1997), doi:10.1111/1467-9965.00035)."""


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
    """When m·n, the component along the easy axis, first passes a threshold between -1 and 1.

    Returns times in s, shape (trajectories,), infinite beyond ``longest`` in s; by default all run
    to the end.  A trajectory that begins above waits to fall below, one that begins below to rise
    above.  The drive must be constant.  Other arguments and errors are those of
    :func:`smtj.dynamics.macrospin.simulate.final_state`; progress counts trajectories.
    """
    if not -1 < threshold < 1 or not longest > 0:
        raise SmtjError(
            f"threshold is {threshold:g} and longest is {longest:g} s; the threshold must lie "
            "between -1 and 1, and the time must be above 0 s"
        )
    numbers = ensemble(system, size)
    if any(isinstance(entry, Waveform) for entry in (numbers.voltage, *numbers.field)):
        raise SmtjError("first passage times need a constant field and voltage, not a waveform")
    if longest == np.inf and not (numbers.noise_density > 0).all():
        raise SmtjError(
            "without thermal noise a threshold may never be passed; give the longest time to wait"
        )
    step = step_of(numbers, time_step)
    directions = checked_directions(start, size)
    load = lane_table(numbers, directions, step)
    load[rows.FIELD_X : rows.PULL_Z + 1], _, _ = response(numbers, step)
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
    """Return by how much m·n exceeds a threshold, on average, when a step first detects it."""
    turn = numbers.precession * np.sqrt((1 + numbers.damping**2) * numbers.noise_density * step)
    return np.asarray(CONTINUITY * turn * np.sqrt(1 - threshold**2))

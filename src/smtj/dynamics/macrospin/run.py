"""Time step, portions and records of all macrospin simulations."""

from collections.abc import Callable

import numpy as np

from smtj.dynamics.macrospin import record_kernels
from smtj.dynamics.macrospin.blocks import Blocks, Numbers, drive
from smtj.dynamics.macrospin.driven import Ensemble
from smtj.dynamics.macrospin.time_step import checked_step, longest_step
from smtj.errors import SmtjError
from smtj.typing import Floats

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

PORTION = 2**23
"""Steps of all trajectories together between two reports of progress, about 0.1 s."""


def step_of(numbers: Ensemble, time_step: float | None) -> float:
    """Return the given time step, checked, or the default one."""
    if time_step is not None:
        return checked_step(numbers, time_step)
    step = longest_step(numbers)
    if step == np.inf:
        raise SmtjError("without field and noise there is no natural time step; give time_step")
    return step


def pairs_of(numbers: Ensemble, length: float, time_step: float | None) -> tuple[float, int]:
    """Return the time step in s and the number of pairs of steps in a length of time."""
    if not 0 < length < np.inf:
        raise SmtjError(f"a time of {length:g} s cannot be simulated; it must be above 0 s")
    pairs = int(np.ceil(length / (2 * step_of(numbers, time_step)) * (1 - 1e-12)))
    return length / (2 * pairs), pairs


def portion_of(numbers: Ensemble) -> int:
    """Return the pairs of steps between two reports of progress."""
    return max(PORTION // (2 * max(numbers.trajectories, 8)), 1)


def tell(progress: Progress | None, done: int, total: int) -> None:
    """Report progress, if wanted."""
    if progress is not None:
        progress(done, total)


def easy_axis(numbers: Ensemble) -> Floats:
    """Return the easy axis of each trajectory, shape (trajectories, 3)."""
    x, z = numbers.axis
    return np.stack([x, np.zeros_like(x), z], axis=1)


def record(
    numbers: Ensemble, blocks: Blocks, step: float, since: int, timing: tuple[int, int], count: int
) -> Numbers:
    """Continue from pair ``since`` for some records; shape (count, 3, trajectories)."""
    (dead, window), portion = timing, portion_of(numbers)
    while count == 1 and dead > portion:
        record(numbers, blocks, step, since, (portion - 1, 1), 1)
        since, dead = since + portion, dead - portion
    out = np.empty((count, 3, numbers.trajectories), blocks.numbers.dtype)
    applied = drive(numbers, step, since, count * (dead + window))
    record_kernels.record_means(
        blocks.numbers, blocks.generators, blocks.response, applied, (dead, window), out
    )
    return out

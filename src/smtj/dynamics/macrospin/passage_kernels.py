"""Compiled first passages: runs that watch m·n at every step.

A lane has a side and a limit (see :mod:`.llg_kernels`); what to do when it is reported is decided
here, outside the loops over the lanes, since it is rare.
"""

from typing import Any

import numpy as np
from numba import njit, prange

from smtj.dynamics.macrospin.llg_kernels import ALONG, LIMIT, SIDE, reports, seed_lane, step
from smtj.dynamics.macrospin.normal_kernels import WORDS, fill_normals, fill_words
from smtj.streams import LANES

_NEVER = np.int64(2**62)

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(forceinline=True, **_options)
def _reported(b, i):
    return b[SIDE * LANES + i] * b[ALONG * LANES + i] > b[LIMIT * LANES + i]


@njit(**_options)
def _next_trajectories(b, generators, who, since, queue, now, longest, key, load):
    """Refill lanes that are free or have taken too long; return the pair of the next deadline."""
    deadline = _NEVER
    for i in range(LANES):
        if b[SIDE * LANES + i] == 0 or now >= since[i] + longest:
            who[i] = -1
            b[SIDE * LANES + i] = 0
            if queue[0] < queue[1]:
                trajectory = queue[0]
                queue[0] += 1
                who[i], since[i] = trajectory, now
                for row in range(load.shape[0]):
                    b[row * LANES + i] = load[row, trajectory]
                seed_lane(generators, i, trajectory, key[0], key[1])
        if who[i] >= 0:
            deadline = min(deadline, since[i] + longest)
    return deadline


@njit(**_options)
def _note_passages(b, who, since, time, steps):
    """Record passages and free their lanes."""
    for i in range(LANES):
        if _reported(b, i):
            steps[who[i]] = time - 2 * since[i]
            b[SIDE * LANES + i] = 0


@njit(**_options)
def _passage_block(b, generators, who, since, queue, now, pairs, longest, key, load, steps):
    """Advance the trajectories of one block's queue; see :func:`watch_passages`."""
    words, normals = np.empty(WORDS * LANES, np.uint32), np.empty(WORDS * LANES, np.float32)
    deadline = _next_trajectories(b, generators, who, since, queue, now, longest, key, load)
    for n in range(now, now + pairs):
        if deadline == _NEVER:
            break
        fill_words(generators, words, LANES)
        fill_normals(words, normals, LANES)
        step(b, normals, 0, LANES)
        early = reports(b, LANES) > 0
        if early:
            _note_passages(b, who, since, 2 * n + 1, steps)
        step(b, normals, 1, LANES)
        late = reports(b, LANES) > 0
        if late:
            _note_passages(b, who, since, 2 * n + 2, steps)
        if early or late or n + 1 >= deadline:
            deadline = _next_trajectories(
                b, generators, who, since, queue, n + 1, longest, key, load
            )


@njit(parallel=True, **_options)
def watch_passages(blocks, generators, who, since, queues, now, pairs, longest, key, load, steps):
    """Take a number of pairs of steps; a lane whose trajectory has passed takes the next.

    blocks and generators as in :func:`smtj.dynamics.macrospin.record_kernels.record_means`; who,
    since (blocks, LANES): trajectory of each lane, -1 for none, and the pair in which it began;
    queues (blocks, 2): the next trajectory of each block and the end of its range; now: pairs taken
    before; longest: pairs after which a trajectory is abandoned; load (ROWS, trajectories): initial
    rows of a lane; steps (trajectories,): output, the steps to each passage.
    """
    for block in prange(blocks.shape[0]):
        b, g, own, began = blocks[block], generators[block], who[block], since[block]
        queue = queues[block]
        _passage_block(b, g, own, began, queue, now, pairs, longest, key, load, steps)

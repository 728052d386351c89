"""Compiled runs of blocks of trajectories that record at regular times, the same for any threads.

They continue from the state of a block and its generators and leave them at the end, so a long run
may consist of short ones.
"""

from typing import Any

import numpy as np
from numba import njit, prange

from smtj.dynamics.macrospin.llg_kernels import FIELD_X, PULL_Z, like, seed_lane, step
from smtj.dynamics.macrospin.normal_kernels import WORDS, fill_normals, fill_words
from smtj.streams import LANES

DRIVEN = PULL_Z + 1 - FIELD_X
"""Rows of a block that a drive may change."""

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(**_options)
def seed_blocks(generators, trajectories, k0, k1):
    """Seed the generators, shape (blocks, 4 LANES), of all trajectories from a key."""
    for trajectory in range(trajectories):
        lane = trajectory % LANES
        seed_lane(generators[trajectory // LANES], lane, trajectory, k0, k1)


@njit(**_options)
def _set_drive(b, first, response, drive, segment):
    """Set the drive of a block: base + change per volt · V, plus the scaled applied field."""
    base, per_volt, factor = response
    _, volts, fields = drive
    if volts.shape[1] == 1 and fields.shape[2] == 1:
        v = like(volts[segment, 0], b[0])
        for j in range(DRIVEN * LANES):
            b[FIELD_X * LANES + j] = base[j] + per_volt[j] * v
        for row in range(3):
            h = like(fields[segment, row, 0], b[0])
            if h != 0:
                for i in range(LANES):
                    b[(FIELD_X + row) * LANES + i] += factor[i] * h
        return
    # A waveform for each trajectory; the last ones stand for lanes without one.
    for i in range(LANES):
        v = like(volts[segment, min(first + i, volts.shape[1] - 1)], b[0])
        for row in range(DRIVEN):
            j = row * LANES + i
            value = base[j] + per_volt[j] * v
            if row < 3:
                h = fields[segment, row, min(first + i, fields.shape[2] - 1)]
                value += factor[i] * like(h, b[0])
            b[FIELD_X * LANES + j] = value


@njit(forceinline=True, **_options)
def follow_drive(b, first, response, drive, clock):
    """Set the drive of the next two steps; ``clock`` holds the segment and its remaining pairs."""
    if clock[1] == 0:
        clock[0] += 1
        segment = clock[0]
        clock[1] = drive[0][segment] - (drive[0][segment - 1] if segment > 0 else 0)
        _set_drive(b, first, response, drive, segment)
    clock[1] -= 1


@njit(forceinline=True, **_options)
def lanes_of(block, trajectories):
    """Return how many lanes of a block are used: a whole number of vectors."""
    return min((trajectories - block * LANES + 7) // 8 * 8, LANES)


@njit(**_options)
def _record_block(b, generators, lanes, first, response, drive, timing, out):
    """Record the trajectories of one block; see :func:`record_means`."""
    dead, window = timing
    clock, sums = np.zeros(2, np.int64), np.empty(3 * LANES)
    clock[0] = -1
    words, normals = np.empty(WORDS * LANES, np.uint32), np.empty(WORDS * LANES, np.float32)
    for record in range(out.shape[0]):
        sums[:] = 0.0
        for n in range(dead + window):
            follow_drive(b, first, response, drive, clock)
            fill_words(generators, words, lanes)
            fill_normals(words, normals, lanes)
            step(b, normals, 0, lanes)
            step(b, normals, 1, lanes)
            if n >= dead:
                for i in range(3 * LANES):
                    sums[i] += b[i]
        for row in range(3):
            for i in range(min(lanes, out.shape[2] - first)):
                out[record, row, first + i] = sums[row * LANES + i] / window


@njit(parallel=True, **_options)
def record_means(blocks, generators, response, drive, timing, out):
    """Record m, averaged over the last pairs of steps of each interval, into ``out``.

    Shapes: blocks (blocks, ROWS LANES) and generators (blocks, 4 LANES); response: the rows from
    FIELD_X on at rest and per volt (blocks, DRIVEN LANES), and the factor of an applied field
    (blocks, LANES); drive: the pairs at which its segments end (segments,), its voltage and field
    in each, (segments, trajectories or 1) and (segments, 3, trajectories or 1); timing: pairs of an
    interval before the window and within it, a window of one pair being the instant at its end; out
    (records, 3, trajectories).
    """
    for block in prange(blocks.shape[0]):
        lanes, first = lanes_of(block, out.shape[2]), block * LANES
        b, g = blocks[block], generators[block]
        own = (response[0][block], response[1][block], response[2][block])
        _record_block(b, g, lanes, first, own, drive, timing, out)

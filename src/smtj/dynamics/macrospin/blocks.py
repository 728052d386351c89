"""Trajectories in blocks for the compiled kernels, and the tables these read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from smtj.dynamics.macrospin import llg_kernels as rows
from smtj.dynamics.macrospin import record_kernels
from smtj.dynamics.macrospin.driven import Ensemble
from smtj.dynamics.macrospin.waveform import Waveform
from smtj.errors import SmtjError
from smtj.streams import LANES
from smtj.typing import Floats

STREAM = 0x4C4C47
"""Separates the streams of trajectories from others of the same seed."""

Words = NDArray[np.uint32]
Numbers = NDArray[np.floating[Any]]
Response = tuple[Floats, Floats, Floats]
"""Rows from FIELD_X on at rest and per volt, shape (rows, trajectories), and the factor of an
applied field, shape (trajectories,)."""
Packed = tuple[Numbers, Numbers, Numbers]
"""The same in blocks, shape (blocks, rows LANES) and (blocks, LANES)."""
Drive = tuple[NDArray[np.int64], Floats, Floats]


@dataclass(frozen=True)
class Blocks:
    """The state of trajectories and their response to a drive; changed in place by the kernels."""

    numbers: Numbers
    """Shape (blocks, ROWS LANES)."""
    generators: Words
    """Shape (blocks, 4 LANES)."""
    response: Packed
    """See :func:`smtj.dynamics.macrospin.record_kernels.record_means`."""

    def directions(self, trajectories: int) -> Numbers:
        """m of each trajectory, shape (trajectories, 3)."""
        m = self.numbers.reshape(-1, rows.ROWS, LANES)[:, : rows.Z + 1]
        return np.moveaxis(m, 1, 2).reshape(-1, 3)[:trajectories].copy()


def key(seed: int) -> Words:
    """Return the two words that, with a trajectory's index, determine its thermal field."""
    if seed < 0:
        raise SmtjError(f"the seed is {seed}; it must be 0 or more")
    state = np.random.SeedSequence(seed, spawn_key=(STREAM,)).generate_state(2, np.uint32)
    return np.asarray(state, dtype=np.uint32)


def precision(dtype: DTypeLike) -> np.dtype[Any]:
    """Return float32 or float64; reject other types."""
    given = np.dtype(dtype)
    if given not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise SmtjError(f"trajectories are computed in float32 or float64, not in {given}")
    return given


def new_blocks(
    ensemble: Ensemble, start: Floats, step: float, seed: int, dtype: DTypeLike
) -> Blocks:
    """Return blocks of trajectories at their starting directions, shape (trajectories, 3)."""
    table = lane_table(ensemble, start, step)
    blocks = -(-ensemble.trajectories // LANES)
    # Lanes without a trajectory have no field and stay where they are.
    idle = np.zeros((rows.ROWS, 1))
    idle[rows.Z] = 1.0
    numbers = _packed(table, idle, blocks, dtype)
    generators = np.ones((blocks, 4 * LANES), np.uint32)
    record_kernels.seed_blocks(generators, ensemble.trajectories, *key(seed))
    at_rest, per_volt, factor = response(ensemble, step)
    nothing = np.zeros((1, 1))
    packed = (
        _packed(at_rest, nothing, blocks, dtype),
        _packed(per_volt, nothing, blocks, dtype),
        _packed(factor[None], nothing, blocks, dtype),
    )
    return Blocks(numbers, generators, packed)


def _packed(table: Floats, idle: Floats, blocks: int, dtype: DTypeLike) -> Numbers:
    """Return rows, shape (rows, trajectories), as blocks, shape (blocks, rows LANES)."""
    padded = np.broadcast_to(idle, (len(table), blocks * LANES)).copy()
    padded[:, : table.shape[1]] = table
    turned = np.moveaxis(padded.reshape(len(table), blocks, LANES), 1, 0)
    return np.ascontiguousarray(turned.reshape(blocks, -1), dtype=precision(dtype))


def lane_table(ensemble: Ensemble, start: Floats, step: float) -> Floats:
    """Return the initial rows of each lane, without drive, shape (ROWS, trajectories)."""
    spin, (axis_x, axis_z) = ensemble.spin, ensemble.axis
    per_field = ensemble.precession * step
    table = np.zeros((rows.ROWS, ensemble.trajectories))
    table[rows.X], table[rows.Y], table[rows.Z] = start.T
    table[rows.NOISE] = per_field * np.sqrt(ensemble.noise_density / step)
    table[rows.DAMPING] = ensemble.damping
    table[rows.SECOND] = per_field * spin.second_order_field
    table[rows.SHAPE] = per_field * spin.in_plane_anisotropy_field
    table[rows.AXIS_X], table[rows.AXIS_Z] = axis_x, axis_z
    return table


def response(ensemble: Ensemble, step: float) -> Response:
    """Return the effect of a drive, in the units of the kernels: rows at rest, which include what
    is constant, and the change of waveforms."""
    spin, per_field = ensemble.spin, ensemble.precession * step
    vcma, field_like, damping_like = ensemble.torques
    size = (record_kernels.DRIVEN, ensemble.trajectories)
    at_rest, per_volt = np.zeros(size), np.zeros(size)
    at_rest[rows.FIELD_X - rows.FIELD_X] = per_field * spin.in_plane_bias_field
    at_rest[rows.FIRST - rows.FIELD_X] = per_field * spin.anisotropy_field
    per_volt[rows.FIRST - rows.FIELD_X] = -per_field * vcma
    for k, (p, added) in enumerate(zip(ensemble.reference, ensemble.field_per_volt, strict=True)):
        along_p = (field_like - ensemble.damping * damping_like) * p
        per_volt[k] = per_field * (along_p + added)
        pull = per_field * (1 + ensemble.damping**2) * damping_like * p
        per_volt[rows.PULL_X - rows.FIELD_X + k] = pull
    for k, component in enumerate(ensemble.field):
        if not isinstance(component, Waveform):
            at_rest[k] += per_field * component
    if not isinstance(ensemble.voltage, Waveform):
        at_rest += per_volt * ensemble.voltage
    return at_rest, per_volt, np.asarray(per_field)


def drive(ensemble: Ensemble, step: float, since: int, pairs: int) -> Drive:
    """Return voltage and field over pairs of steps, from pair ``since`` on, in as few segments.

    What is constant is 0 here, since :func:`response` has it.
    """
    quantities = (ensemble.voltage, *ensemble.field)
    edges = 2 * step * np.arange(since, since + pairs + 1, dtype=np.float64)
    means = [
        quantity.means(edges) if isinstance(quantity, Waveform) else np.zeros((1, 1))
        for quantity in quantities
    ]
    changes = np.zeros(pairs, np.bool_)
    for mean in means:
        if len(mean) > 1:
            changes[:-1] |= (np.diff(mean, axis=0) != 0).any(axis=1)
    changes[-1] = True
    ends = np.flatnonzero(changes) + 1

    def at_ends(mean: Floats) -> Floats:
        return np.ascontiguousarray(np.broadcast_to(mean, (pairs, mean.shape[1]))[ends - 1])

    volts, *components = (at_ends(mean) for mean in means)
    fields = np.stack(np.broadcast_arrays(*components), axis=1)
    return ends.astype(np.int64), volts, np.ascontiguousarray(fields)

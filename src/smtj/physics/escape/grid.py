"""The edges of the elements of a grid over the sphere."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.errors import SmtjError
from smtj.physics.escape.stationary import Stationary, passes, stationary_points
from smtj.physics.magnetics.equilibrium import ReducedEnergy
from smtj.typing import Floats

MIN_ROWS, MIN_COLUMNS = 8, 4
MAX_ELEMENTS = 4000
"""About 1 GB of memory."""
LOW_DAMPING = 0.1
"""Damping below which the layer around the separatrix, not the wells, sets the grid."""
POLAR_STEPS, AZIMUTHAL_STEPS = 360, 180
DENSER = 2.0
"""Extra density of elements near the saddles."""
WIDTH = 0.5
"""Width of that region in rad."""
RELEVANT = 5.0
"""Saddles higher than the lowest by more than this many k_B T are ignored."""
TOLERATED = 15.0
"""Most k_B T that the ring between the wells may dip below the lowest saddle: e^15 of 1e16."""
LOW = 3.0
"""Barrier in k_B T below which wells that do not mix are no states."""
MIXED = 2.0
"""k_B T by which barriers between wells of one state must stay below that between the states."""
MAX_BARRIER = 600.0
"""Highest barrier in k_B T whose exponential is a float."""

NO_BARRIER = (
    "this macrospin has one well at this field, so there is no barrier to escape over; give a "
    "smaller field or a larger anisotropy field"
)


class Pass(NamedTuple):
    """The pass between the upper and the lower well."""

    theta: float
    """Angle of the lowest saddle from the easy axis in rad."""
    phi: Floats
    """Angles around it at which there are saddles."""
    energy: float
    """U of the lowest; the highest in the plane of the easier axes where there is no barrier."""
    barrier: bool = True
    """Whether it divides the states; else they are halves of the sphere."""


class Grid(NamedTuple):
    """Elements in two angles, in rad."""

    energy: Callable[[Floats, Floats, Floats], Floats]
    """U of the components of m along φ = 0, φ = π/2 and θ = 0."""
    theta: Floats
    """Edges, from 0 to π, or between the edges of a band."""
    phi: Floats
    """Edges, once around."""
    up: NDArray[np.bool_]
    """Whether an element belongs to the upper well, shape (rows · columns,)."""
    axes: tuple[int, int, int] = (0, 1, 2)
    """Which components a, b and c of the energy those along φ = 0, φ = π/2 and θ = 0 are."""


class Plan(NamedTuple):
    """A first guess at the number of elements, and how they are placed."""

    rows: int
    columns: int
    place: Callable[[int, int], Grid]
    """The grid of so many rows and columns."""

    def grid(self, refinement: float, damping: float) -> Grid:
        """Place elements ``refinement`` times as dense along either angle.

        Raises SmtjError if there would be more than ``MAX_ELEMENTS``.
        """
        rows, columns = round(refinement * self.rows), round(refinement * self.columns)
        if rows * columns > MAX_ELEMENTS:
            raise SmtjError(
                f"exact escape rates at a damping of {damping:g} would need more than "
                f"{MAX_ELEMENTS} elements; give a larger damping or a smaller in-plane field or "
                "anisotropy"
            )
        return self.place(rows, columns)


def find_pass(energy: ReducedEnergy) -> Pass:
    """Find the ring around the easy axis that lies between the wells.

    Where there is one well, as in a field that takes the other away or in an easy plane, or several
    that no barrier divides, both states are halves of the sphere.  A state may have several wells.
    Raises SmtjError if these do not mix, all wells lie on one side, or the barrier is too high.
    """
    theta = np.linspace(0.0, math.pi, POLAR_STEPS + 1)
    phi = np.arange(AZIMUTHAL_STEPS, dtype=np.float64) * (2 * math.pi / AZIMUTHAL_STEPS)
    sin = np.sin(theta)[:, None]
    u = np.asarray(energy(sin * np.cos(phi), sin * np.sin(phi), np.cos(theta)[:, None]))
    points, lowest = stationary_points(energy), u.min(axis=1)
    bottoms = _bottoms(np.pad(lowest, 1, constant_values=np.inf))
    top = bottoms[0] + int(np.argmax(lowest[bottoms[0] : bottoms[-1] + 1]))
    joined = len(bottoms) <= 2 and _joined(energy, points, math.cos(theta[top]), lowest[top])
    low = lowest[top] - u.min() < LOW and not joined
    if low or max(len(points.minima.energy), len(bottoms)) < 2:
        # Nothing in the plane across the hardest axis is out of reach.
        ceiling = float(np.max(u[:, [0, AZIMUTHAL_STEPS // 2]]))
        return Pass(math.pi / 2, phi[[int(np.argmin(u[POLAR_STEPS // 2]))]], ceiling, False)
    saddle = np.min(points.saddles.energy, initial=np.inf)
    if len(bottoms) < 2 or (np.isfinite(saddle) and lowest[top] < saddle - TOLERATED):
        raise SmtjError(
            "exact escape rates need one well on either side of the easy axis, but both wells of "
            "this macrospin lie on one side; give a larger anisotropy field"
        )
    if not joined:
        raise SmtjError(
            "exact escape rates need two states, one on either side of the easy axis, but this "
            "macrospin has more, with barriers between them; give a smaller in-plane or "
            "second-order anisotropy"
        )
    if lowest[top] - u.min() > MAX_BARRIER:
        raise SmtjError(
            f"the barrier of {lowest[top] - u.min():.0f} k_B T is too high for exact escape rates "
            f"without symmetry; it must be at most {MAX_BARRIER:.0f} k_B T"
        )
    around = _bottoms(np.concatenate([u[top, -1:], u[top], u[top, :1]]))
    around = around[u[top, around] <= lowest[top] + RELEVANT]
    saddles = np.asarray(phi[around] if len(around) else phi, dtype=np.float64)
    return Pass(float(theta[top]), saddles, float(lowest[top]))


def _joined(energy: ReducedEnergy, points: Stationary, top: float, height: float) -> bool:
    """Whether wells on the same side of c = top mix long before any is left to the other."""
    depth, side = points.minima.energy, points.minima.direction[:, 2] > top
    if depth.size <= 2:
        return True
    through = passes(energy, points)
    for state in (side, ~side):
        # The wells are in order, the deepest first.
        deepest, *others = np.flatnonzero(state)
        climbs = points.saddles.energy[through[deepest, others]] - depth[others]
        if np.any(climbs > height - depth[deepest] - MIXED):
            return False
    return True


def plan_sphere(energy: ReducedEnergy, damping: float, over: Pass) -> Plan:
    """Plan a grid over the whole sphere, in angles from the easy axis and around it."""
    across = abs(float(energy.across)) + abs(float(energy.sideways)) + abs(float(energy.shape)) / 2
    across += abs(float(energy.second_across)) / 4 + abs(float(energy.second_hard)) / 4
    along = abs(float(energy.along)) + abs(float(energy.first)) / 2 + abs(float(energy.second)) / 4
    layer = max(1.0, LOW_DAMPING / damping) ** 0.35

    def place(rows: int, columns: int) -> Grid:
        upper = min(max(round(rows * over.theta / math.pi), 2), rows - 2)
        theta = np.concatenate(
            [
                np.linspace(0.0, over.theta, upper + 1),
                np.linspace(over.theta, math.pi, rows - upper + 1)[1:],
            ]
        )
        up = np.repeat(np.arange(rows) < upper, columns)
        return Grid(energy.__call__, theta, _around(columns, over.phi), up)

    return Plan(
        round(max(MIN_ROWS, 1.8 * layer * math.sqrt(along + across))),
        round(max(MIN_COLUMNS, 1.8 * layer * math.sqrt(2 * across))),
        place,
    )


def _bottoms(padded: Floats) -> NDArray[np.intp]:
    """Return the indices of the minima of a list padded by one entry at either end."""
    middle = padded[1:-1]
    return np.flatnonzero((middle < padded[:-2]) & (middle <= padded[2:]))


def _around(columns: int, saddles: Floats) -> Floats:
    """Return the edges in φ, denser near the saddles; from one saddle to itself."""
    phi = saddles[0] + np.linspace(0.0, 2 * math.pi, 4097)
    apart = np.abs(np.angle(np.exp(1j * (phi[:, None] - saddles)))).min(axis=1)
    density = 1 + DENSER * np.exp(-((apart / WIDTH) ** 2))
    total = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return np.asarray(np.interp(np.linspace(0.0, total[-1], columns + 1), total, phi))

"""Elements in the band of directions that an easy plane leaves to the magnetisation.

A layer magnetised in its plane has an anisotropy of some 1 T against the normal and of some 10 mT
in the plane.  It hardly leaves the plane, and precesses in ellipses thirty times as long as they
are high.  Elements around the easy axis would have to be small everywhere; in angles from the hard
axis, a band of few rows around the plane holds all that counts, and the wells lie side by side in
it.  In these angles the motion is that of a pendulum with friction and noise (H. A. Kramers,
Physica 7, 284 (1940), doi:10.1016/S0031-8914(40)90098-2).
"""

import math

import numpy as np
from numpy.typing import NDArray

from smtj.physics.escape.elements import CEILING
from smtj.physics.escape.grid import Grid, Pass, Plan
from smtj.physics.magnetics.equilibrium import ReducedEnergy
from smtj.typing import Floats

MIN_ROWS, MIN_COLUMNS = 4, 8
ROWS_PER_WIDTH = 0.45
"""Rows per standard deviation of the angle out of the plane."""
LOW_FRICTION = 0.3
"""Friction below which the layer around the separatrix sets the grid, in units of the precession
in a well."""
THETA_STEPS, PHI_STEPS = 2000, 720
HALVES = (-math.pi / 2, math.pi / 2)
"""The φ between both halves of the sphere."""


def plan_band(energy: ReducedEnergy, damping: float, over: Pass) -> Plan | None:
    """Plan a grid in a band around the plane across the hard axis y, or None if there is none.

    Beyond the band U is more than ``CEILING`` k_B T above the saddle in all directions.
    """
    poles = [float(energy(0.0, side, 0.0)) for side in (1.0, -1.0)]
    if min(poles) < over.energy + CEILING:
        return None
    theta = np.linspace(0.0, math.pi, THETA_STEPS + 1)
    phi = np.arange(PHI_STEPS, dtype=np.float64) * (2 * math.pi / PHI_STEPS)
    sin = np.sin(theta)[:, None]

    def turned(a: Floats, b: Floats, c: Floats) -> Floats:
        """Return U of components along the easy axis, across it in the plane, and out of it."""
        return np.asarray(energy(b, c, a))

    u = turned(sin * np.cos(phi), sin * np.sin(phi), np.cos(theta)[:, None])
    inside = np.flatnonzero(u.min(axis=1) < over.energy + CEILING)
    edges = inside[0] - 1, inside[-1] + 1
    if edges[0] < 1 or edges[1] >= THETA_STEPS or inside.size != inside[-1] - inside[0] + 1:
        return None
    divides = _divides(np.asarray(u.min(axis=0)), phi) if over.barrier else HALVES
    if divides is None:
        return None
    of_plane = (energy.along, energy.across, energy.first, energy.second, energy.second_across)
    in_plane = sum(abs(float(entry)) for entry in of_plane)
    stiffness = abs(float(energy.shape)) + abs(float(energy.second_hard)) + in_plane
    # Without a barrier to speak of k_B T drives the motion.
    friction = damping * math.sqrt(stiffness / max(in_plane, 1.0))
    layer = max(1.0, LOW_FRICTION / friction) ** 0.35
    low, high = float(theta[edges[0]]), float(theta[edges[1]])
    width = (high - low) * math.sqrt(stiffness)

    def place(rows: int, columns: int) -> Grid:
        first, second = divides
        upper = max(round(columns * (second - first) / (2 * math.pi)), 2)
        around = np.concatenate(
            [
                np.linspace(first, second, upper + 1),
                np.linspace(second, first + 2 * math.pi, max(columns - upper, 2) + 1)[1:],
            ]
        )
        up = np.tile(np.arange(around.size - 1) < upper, rows)
        return Grid(turned, np.linspace(low, high, rows + 1), around, up, (2, 0, 1))

    return Plan(
        max(MIN_ROWS, round(ROWS_PER_WIDTH * layer * width)),
        max(MIN_COLUMNS, round(1.8 * layer * math.sqrt(2 * in_plane))),
        place,
    )


def _divides(lowest: Floats, phi: Floats) -> tuple[float, float] | None:
    """Return the two φ between the wells, from -π to the up well at 0 and on; None without them."""
    before, after = np.roll(lowest, 1), np.roll(lowest, -1)
    tops: NDArray[np.intp] = np.flatnonzero((lowest >= before) & (lowest > after))
    if tops.size != 2:
        return None
    first, second = np.sort(np.angle(np.exp(1j * phi[tops])))
    return (float(first), float(second)) if first < 0 < second else None

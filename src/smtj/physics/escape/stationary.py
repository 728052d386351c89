"""Where a macrospin's energy is stationary: wells, saddles and tops, by Newton's method.

:mod:`smtj.physics.magnetics.wells` finds the minima of many fields at once; here all stationary
points of one energy are wanted, saddles among them, with their second derivatives.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.physics.magnetics.equilibrium import ReducedEnergy
from smtj.typing import Floats

STARTS = 300
ITERATIONS = 40
MAX_STEP = 0.2
"""Largest step of an iteration, in rad."""
RESOLUTION = 1e-5
"""Distance below which two points are the same."""
DESCENT_STEPS = 4000
ARRIVED = 0.999
"""Cosine of the angle to a well at which a point has fallen into it."""
DEGENERATE = 1e-9
"""Curvature over the largest energy below which a point belongs to a ring of points."""


class Stationary(NamedTuple):
    """Stationary points of one energy, deepest first."""

    direction: Floats
    """Components a, b, c of :class:`smtj.physics.magnetics.equilibrium.ReducedEnergy`, shape
    (points, 3)."""
    energy: Floats
    """U, shape (points,)."""
    curvature: Floats
    """Eigenvalues of the second derivatives of U on the sphere, ascending, shape (points, 2)."""

    @property
    def minima(self) -> "Stationary":
        """The wells."""
        return self.of(self.curvature[:, 0] > 0)

    @property
    def saddles(self) -> "Stationary":
        """The saddles: the energy falls along one line and rises along the other."""
        return self.of((self.curvature[:, 0] < 0) & (self.curvature[:, 1] > 0))

    def of(self, wanted: NDArray[np.bool_]) -> "Stationary":
        """The wanted ones among them."""
        return Stationary(*(entry[wanted] for entry in self))


def stationary_points(energy: ReducedEnergy) -> Stationary:
    """All isolated stationary points of one energy, of numbers.

    Points whose curvature vanishes along a line are left out.
    """
    energy = ReducedEnergy(*(float(entry) for entry in energy))
    scale = sum(abs(entry) for entry in energy)
    m = _spread_over_the_sphere(STARTS)
    for _ in range(ITERATIONS):
        first, second = _tangents(m)
        gradient, matrix = _derivatives(energy, m, first, second)
        # A point of no curvature would send the step to infinity; it is limited below anyway.
        matrix = matrix + 1e-14 * scale * np.eye(2)
        step = -np.linalg.solve(matrix, gradient[..., None])[..., 0]
        size = np.linalg.norm(step, axis=-1, keepdims=True)
        step = step * np.minimum(1.0, MAX_STEP / np.maximum(size, 1e-300))
        m = m + step[:, :1] * first + step[:, 1:] * second
        m = m / np.linalg.norm(m, axis=-1, keepdims=True)
    gradient, matrix = _derivatives(energy, m, *_tangents(m))
    curvature = np.linalg.eigvalsh(matrix)
    settled = np.linalg.norm(gradient, axis=-1) <= 1e-11 * scale
    regular = np.min(np.abs(curvature), axis=-1) > DEGENERATE * scale
    m, curvature = m[settled & regular], curvature[settled & regular]
    kept = _distinct(m)
    m, curvature = m[kept], curvature[kept]
    u = np.asarray(energy(*m.T))
    order = np.argsort(u, kind="stable")
    return Stationary(m[order], u[order], curvature[order])


def upper_wells(points: Stationary) -> NDArray[np.bool_]:
    """Which wells are the up state: those with c ≥ 0 or, of two, the upper one."""
    c = points.minima.direction[:, 2]
    return np.asarray(c == c.max() if c.size == 2 else c >= 0)


def passes(energy: ReducedEnergy, points: Stationary) -> NDArray[np.intp]:
    """The number of the saddle, the highest on the easiest way, between any two wells.

    Shape (wells, wells); -1 from a well to itself, and where no way was found.
    """
    wells = len(points.minima.energy)
    group, found = np.arange(wells), np.full((wells, wells), -1)
    for saddle, (one, other) in enumerate(zip(*saddle_ends(energy, points), strict=True)):
        joined = np.equal.outer(group, [group[one], group[other]])
        if group[one] != group[other]:
            new = np.outer(joined[:, 0], joined[:, 1])
            found[new | new.T] = saddle
            group[joined[:, 1]] = group[one]
    return found


def saddle_ends(
    energy: ReducedEnergy, points: Stationary
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The numbers of the wells to either side of every saddle."""
    energy = ReducedEnergy(*(float(entry) for entry in energy))
    saddles, minima = points.saddles, points.minima
    m = saddles.direction
    first, second = _tangents(m)
    _, matrix = _derivatives(energy, m, first, second)
    _, vectors = np.linalg.eigh(matrix)
    down = vectors[:, :1, 0] * first + vectors[:, 1:, 0] * second
    one, other = (_nearest_after_descent(energy, m + s * 1e-3 * down, minima) for s in (1, -1))
    return one, other


def _spread_over_the_sphere(count: int) -> Floats:
    """Return points on a spiral from pole to pole, evenly spaced."""
    i = np.arange(count) + 0.5
    c = 1 - 2 * i / count
    angle = math.pi * (1 + math.sqrt(5)) * i
    radius = np.sqrt(1 - c**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), c], axis=-1)


def _tangents(m: Floats) -> tuple[Floats, Floats]:
    axis = np.eye(3)[np.argmin(np.abs(m), axis=-1)]
    first = np.cross(axis, m)
    first = first / np.linalg.norm(first, axis=-1, keepdims=True)
    return first, np.cross(m, first)


def _slope(energy: ReducedEnergy, m: Floats) -> Floats:
    """Return the derivatives of U by a, b and c."""
    a, b, c = m.T
    across = energy.across - energy.second_across * a**3
    sideways = energy.sideways - energy.shape * b - energy.second_hard * b**3
    along = energy.along + energy.first * c - energy.second * c**3
    return -np.stack([across, sideways, along], axis=-1)


def _derivatives(
    energy: ReducedEnergy, m: Floats, first: Floats, second: Floats
) -> tuple[Floats, Floats]:
    """Return gradient (n, 2) and second derivatives (n, 2, 2) of U along two tangents."""
    slope = _slope(energy, m)
    tangents = np.stack([first, second], axis=1)
    gradient = np.einsum("nik,nk->ni", tangents, slope)
    bend = np.zeros_like(m)
    bend[:, 0] = 3 * energy.second_across * m[:, 0] ** 2
    bend[:, 1] = 3 * energy.second_hard * m[:, 1] ** 2 + energy.shape
    bend[:, 2] = 3 * energy.second * m[:, 2] ** 2 - energy.first
    matrix = np.einsum("nik,nk,njk->nij", tangents, bend, tangents)
    radial = np.einsum("nk,nk->n", m, slope)
    return gradient, matrix - radial[:, None, None] * np.eye(2)


def _distinct(m: Floats) -> list[int]:
    kept: list[int] = []
    for number, point in enumerate(m):
        if all(np.linalg.norm(point - m[other]) > RESOLUTION for other in kept):
            kept.append(number)
    return kept


def _nearest_after_descent(
    energy: ReducedEnergy, m: Floats, minima: Stationary
) -> NDArray[np.intp]:
    """Return the number of the well that each point falls into."""
    scale = sum(abs(entry) for entry in energy)
    near = m @ minima.direction.T
    for _ in range(DESCENT_STEPS):
        m = m / np.linalg.norm(m, axis=-1, keepdims=True)
        slope = _slope(energy, m)
        across = slope - np.einsum("nk,nk->n", m, slope)[:, None] * m
        m = m - 0.2 / scale * across
        near = m @ minima.direction.T
        if np.all(near.max(axis=-1) > ARRIVED):
            break
    return np.asarray(np.argmax(near, axis=-1))

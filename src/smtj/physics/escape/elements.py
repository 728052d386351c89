"""The Fokker-Planck operator on a grid of spectral elements over the sphere.

In weak form the operator of :mod:`smtj.physics.escape` is

  -∫ v L f e^{-U} = D ∫ e^{-U} [∇v·∇f - (1/α) m·(∇v × ∇f)],

the second term being precession, integrated by parts.  A spin torque adds a drift d_t, the part of
a constant vector d that is tangential to the sphere: -D ∫ e^{-U} v d·∇f.  It is laid on elements in
two angles, θ from an axis and φ around it, with polynomials through the Gauss-Lobatto points, which
are the points of the quadrature too (A. T. Patera, J. Comput. Phys. 54, 468 (1984),
doi:10.1016/0021-9991(84)90128-1).  Rows of every element sum to zero exactly, so probability is
conserved, and so do columns where nothing but the energy acts; at the edge of a band that does not
reach the poles it is reflected.

Every row is multiplied by e^U of its point, which keeps numbers of order one in wells of any depth.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.typing import Floats

ORDER = 8
"""Order of the polynomials."""
POINTS = ORDER + 1
CEILING = 20.0
"""Height over the saddle in k_B T at which U is levelled off."""
ROUNDING = 1.0
"""Width of the bend there in k_B T: at the saddle it changes U by 2e-9."""

Integers = NDArray[np.intp]


class Elements(NamedTuple):
    """Element matrices; E elements of P = POINTS² points, N points in all."""

    stiffness: Floats
    """Rows (tested by v) of -L/D, each times e^U of its point; shape (E, P, P)."""
    point: Integers
    """Number of each point, shape (E, P); all points at a pole are one."""
    energy: Floats
    """U of the points less its least value, shape (N,)."""
    log_mass: Floats
    """ln of ∫ e^{-U} of each point's part of the sphere, U less its minimum, shape (N,)."""
    area: Floats
    """Part of the sphere that each point of an element has within it, shape (E, P)."""


def build(
    energy: Callable[[Floats, Floats, Floats], Floats],
    damping: float,
    theta: Floats,
    phi: Floats,
    saddle: float,
    drift: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Elements:
    """Discretise the operator on a grid.

    Far above the saddle U is levelled off, and the drift with it: the magnetisation never gets
    there, but a grid that does not resolve e^{-U} would oscillate.  ``energy`` is U of the
    components of m along φ = 0, φ = π/2 and θ = 0, in which ``drift`` is d; ``theta`` and ``phi``
    are the edges of the elements in rad, from 0 to π or less, and once around; ``saddle`` is U of
    the saddle.
    """
    x, w, slope = lobatto()
    rows, columns = len(theta) - 1, len(phi) - 1
    half_theta, half_phi = np.diff(theta) / 2, np.diff(phi) / 2
    at_theta = theta[:-1, None] + half_theta[:, None] * (1 + x)
    at_phi = phi[:-1, None] + half_phi[:, None] * (1 + x)
    shape = (rows, columns, POINTS, POINTS)
    polar = np.broadcast_to(at_theta[:, None, :, None], shape)
    sin = np.sin(polar)
    with_poles = theta[0] == 0
    if with_poles:
        # The sine of π is not 0 as a float.
        sin[-1, :, -1, :] = 0.0
    cos_phi, sin_phi = np.cos(at_phi)[:, None, :], np.sin(at_phi)[:, None, :]
    u = np.asarray(energy(sin * cos_phi, sin * sin_phi, np.cos(polar)))
    below = (saddle + CEILING - u) / ROUNDING
    u = saddle + CEILING - ROUNDING * np.logaddexp(0.0, below)
    u = u - u.min()
    in_theta, in_phi = half_theta[:, None, None, None], half_phi[:, None, None]
    weights = w[:, None] * w
    # Weights relative to the middle of their element do not overflow.
    middle = u.mean(axis=(2, 3), keepdims=True)
    density = np.exp(middle - u) * weights
    flat = (rows * columns, POINTS, POINTS)
    # At a pole f does not depend on φ, and the term with its derivative vanishes.
    over_sin = np.divide(1.0, sin, out=np.zeros(shape), where=sin > 0)
    along_theta = (density * sin * in_phi / in_theta).reshape(flat)
    along_phi = (density * over_sin * in_theta / in_phi).reshape(flat)
    turning = (density / damping).reshape(flat)
    matrix = np.einsum("lj,ik,eil->eijkl", slope, slope, turning)
    matrix -= np.einsum("ki,jl,ekj->eijkl", slope, slope, turning)
    first = np.einsum("ai,ak,eaj->ejik", slope, slope, along_theta)
    second = np.einsum("bj,bl,eib->eijl", slope, slope, along_phi)
    for i in range(POINTS):
        matrix[:, :, i, :, i] += first[:, i]
        matrix[:, i, :, i, :] += second[:, i]
    if any(drift):
        pushed = density / (1 + np.exp(-below))
        d_a, d_b, d_c = drift
        out = d_a * cos_phi + d_b * sin_phi
        push_theta = pushed * (out * np.cos(polar) - d_c * sin) * sin * in_phi
        push_phi = pushed * (d_b * cos_phi - d_a * sin_phi) * in_theta
        first = np.einsum("ik,eij->eijk", slope, push_theta.reshape(flat))
        second = np.einsum("jl,eij->eijl", slope, push_phi.reshape(flat))
        for j in range(POINTS):
            matrix[:, :, j, :, j] -= first[:, :, j]
            matrix[:, j, :, j, :] -= second[:, j]
    size = POINTS * POINTS
    matrix = matrix.reshape(-1, size, size)
    matrix *= np.exp(u - middle).reshape(-1, size, 1)
    point = _numbering(rows, columns, with_poles)
    count = int(point.max()) + 1
    at_point = np.empty(count)
    at_point[point.ravel()] = u.ravel()
    # Masses relative to e^{-U} of the point itself are of the order of the areas.
    area = np.broadcast_to(weights * sin * in_theta * in_phi, shape)
    areas = np.bincount(point.ravel(), area.ravel(), count)
    # The quadrature gives a pole no weight.
    with np.errstate(divide="ignore"):
        log_mass = np.log(areas) - at_point
    return Elements(matrix, point, at_point, log_mass, area.reshape(-1, size))


@functools.cache
def lobatto() -> tuple[Floats, Floats, Floats]:
    """Gauss-Lobatto points and weights, and the derivative at point i of polynomial j, (i, j)."""
    legendre = np.polynomial.legendre
    highest = np.zeros(POINTS)
    highest[-1] = 1.0
    inner = np.sort(legendre.legroots(legendre.legder(highest)).real)
    x = np.concatenate([[-1.0], inner, [1.0]])
    w = 2 / (ORDER * POINTS * legendre.legval(x, highest) ** 2)
    apart = x[:, None] - x + np.eye(POINTS)
    factor = 1 / np.prod(apart, axis=1)
    slope = factor / factor[:, None] / apart
    np.fill_diagonal(slope, 0.0)
    np.fill_diagonal(slope, -slope.sum(axis=1))
    return x, w, slope


def _numbering(rows: int, columns: int, with_poles: bool) -> Integers:
    """Return the number of every point of every element, shape (rows · columns, POINTS²)."""
    around, last = columns * ORDER, rows * ORDER
    i = np.arange(rows)[:, None, None, None] * ORDER + np.arange(POINTS)[:, None]
    j = (np.arange(columns)[:, None, None] * ORDER + np.arange(POINTS)) % around
    if not with_poles:
        return np.asarray(i * around + j).reshape(rows * columns, POINTS * POINTS)
    inside = 1 + (i - 1) * around + j
    number = np.where(i == 0, 0, np.where(i == last, 1 + (last - 1) * around, inside))
    return np.asarray(number).reshape(rows * columns, POINTS * POINTS)

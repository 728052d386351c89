"""Escape with symmetry about the easy axis: quadratures without cancellation.

Then U depends on c = m·n alone and -L f = -D e^U d/dc[(1 - c²) e^{-U} df/dc]; precession drops out,
so that all rates go as α/(1 + α²).  Every integrand below is of one sign and is summed as a
logarithm, so times keep their relative precision at any barrier.
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.magnetics.equilibrium import ReducedEnergy, reduced_energy
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats

NODES = 16
"""Gauss-Legendre nodes per panel."""
STEP = 4.0
"""Largest change of U over a panel in k_B T: 16 nodes integrate e^4 to rounding."""
MIN_PANELS = 8
SCAN = 2001
"""Directions between the poles searched for a barrier."""
SHALLOW = 6.0
"""Barrier in k_B T below which λ1 is not so small that an eigensolver would lose it: the second
mode can be as slow there as the first, or slower where a field has emptied a well."""
FEWEST, MORE = 32, 2.0
"""Legendre polynomials of the eigensolver: so many, and so many times the root of U's slope."""
ITERATIONS = 300
"""10 are usual, as behind a barrier no other mode is as slow."""
TOLERANCE = 1e-12
"""Change of ln λ1 at which the iteration ends."""
CHUNK = 1 << 16
"""Nodes processed at once, few enough for the cache."""
ROUNDING = 1e-12
"""Relative size of transverse fields that counts as rounding."""


def is_axial(energy: ReducedEnergy) -> NDArray[np.bool_]:
    """Where the energy is symmetric about the easy axis, up to rounding."""
    size = 1 + np.abs(energy.along) + np.abs(energy.first) + np.abs(energy.second)
    rest = np.abs(energy.across) + np.abs(energy.sideways) + np.abs(energy.shape)
    rest = rest + np.abs(energy.second_across) + np.abs(energy.second_hard)
    return np.asarray(rest <= ROUNDING * size)


def has_barrier(energy: ReducedEnergy) -> NDArray[np.bool_]:
    """Where an energy that is symmetric about the easy axis has a top between its poles."""
    c = np.cos(np.linspace(0.0, np.pi, SCAN))
    h, k1, k2 = (
        np.asarray(entry)[..., None] for entry in (energy.along, energy.first, energy.second)
    )
    # dU/dc turns from rising to falling.
    rises = h + k1 * c - k2 * c**3 < 0
    return np.asarray(np.any(~rises[..., :-1] & rises[..., 1:], axis=-1))


def log_first_passage_time(
    spin: Macrospin,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    damping: ArrayLike,
    start: ArrayLike,
    target: ArrayLike,
) -> Floats:
    """ln of the mean first passage time in s from m·n = ``start`` to m·n = ``target``.

    It is (1/D) ∫ e^{U(c)}/(1 - c²) ∫ e^{-U(c')} dc' dc, the outer integral from start to target and
    the inner one from the pole behind the start, which reflects.  The spin holds numbers or NumPy
    arrays, the applied field is in A/m without the spin's in-plane bias field, ``damping``
    Gilbert's α; start in [-1, 1] differs from target in (-1, 1), since no path meets a pole
    exactly.  All broadcast together.  Raises SmtjError if field or energy is not symmetric about
    the easy axis, a threshold is out of its range, or the damping is not above 0.
    """
    energy, log_d = _axial_energy(spin, field_x, field_y, field_z, damping)
    c0, c1 = np.asarray(start, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if not np.all((np.abs(c0) <= 1) & (np.abs(c1) < 1) & (c0 != c1)):
        raise SmtjError(
            "a first passage needs two different thresholds of m·n, the start from -1 to 1 and the "
            "target between them, e.g. from -0.5 to 0.5"
        )
    c0, c1, log_d, *entries = np.broadcast_arrays(c0, c1, log_d, *energy)
    # A passage down is one up, seen from the other pole.
    turned = np.where(c1 < c0, -1.0, 1.0)
    along, _, _, first, second, *_ = entries
    parts = (turned * along, first, second, turned * c0, turned * c1)
    return np.asarray(_in_chunks(_log_passage, *parts) - log_d)


def log_axial_relaxation_rate(energy: ReducedEnergy) -> Floats:
    """ln(λ1/D) of energies that are symmetric about the easy axis.

    λ1 is the lowest eigenvalue of the modes that do not turn about the axis.  Behind a barrier it
    is found by iterating f ← (-L)⁻¹ f, two quadratures of one sign each, else by an eigensolver.
    Uses the field along the axis, k_1 and k_2 of
    :func:`smtj.physics.magnetics.equilibrium.reduced_energy`.  Raises SmtjError if the iteration
    does not settle, because each of two barriers makes a mode about as slow as the other.
    """
    entries = np.broadcast_arrays(energy.along, energy.first, energy.second)
    return _in_chunks(_log_rate, *(np.asarray(entry, dtype=np.float64) for entry in entries))


def log_axial_rate_of_halves(energy: ReducedEnergy) -> Floats:
    """ln of 1/D over the integral of the correlation of the occupancy of the halves of the sphere.

    It is P_up P_down over ∫ Φ² e^U/(1 - c²) dc, Φ = ∫ (s - P_up) e^{-U} dc/Z up to c, with s = 1 in
    the upper half: two quadratures of one sign.  Energies as in :func:`log_axial_relaxation_rate`.
    """
    entries = np.broadcast_arrays(energy.along, energy.first, energy.second)
    return _in_chunks(_log_halves, *(np.asarray(entry, dtype=np.float64) for entry in entries))


class _Grid(NamedTuple):
    """Panels with nodes, as distances s from the lower pole; shape (n, panels, nodes)."""

    s: Floats
    log_weight: Floats
    """ln of the quadrature weights."""
    half: Floats
    """Half the width of the panels, shape (n, panels, 1)."""
    u: Floats
    log_sin_squared: Floats
    """ln(1 - c²)."""


def _axial_energy(
    spin: Macrospin,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    damping: ArrayLike,
) -> tuple[ReducedEnergy, Floats]:
    fields = (np.asarray(f, dtype=np.float64) for f in (field_x, field_y, field_z))
    energy = reduced_energy(spin, *fields)
    if not np.all(is_axial(energy)):
        raise SmtjError(
            "first passage times need a field along the easy axis and no anisotropy in the plane; "
            "leave the tilt, the in-plane field and the shape anisotropy out"
        )
    return energy, log_diffusion(spin, damping)


def _panels(along: Floats, first: Floats, second: Floats) -> int:
    """Panels of [-1, 1] across each of which U changes by at most ``STEP``."""
    steepest = np.max(np.abs(along) + np.abs(first) + np.abs(second), initial=0.0)
    return max(MIN_PANELS, int(np.ceil(2 * steepest / STEP)))


def _in_chunks(function: Callable[..., Floats], *entries: Floats) -> Floats:
    """Call a function of arrays of shape (n,) on pieces that fit into memory."""
    shape, flat = entries[0].shape, [np.ravel(entry) for entry in entries]
    size = max(1, CHUNK // (NODES * _panels(*flat[:3])))
    pieces = [
        function(*(entry[begin : begin + size] for entry in flat))
        for begin in range(0, flat[0].size, size)
    ]
    return np.concatenate([np.zeros(0), *pieces]).reshape(shape)


def _log_passage(
    along: Floats, first: Floats, second: Floats, start: Floats, target: Floats
) -> Floats:
    """Return ln(D T) of passages up."""
    panels = _panels(along, first, second)
    steps = np.linspace(0.0, 1.0, panels + 1)
    behind = (1 + start)[:, None] * steps
    ahead = (1 + start)[:, None] + (target - start)[:, None] * steps
    grid = _grid(along, first, second, np.concatenate([behind, ahead[:, 1:]], axis=1))
    inner = _log_cumulative(grid, -grid.u)
    ahead_of_start = _Grid(*(entry[:, panels:] for entry in grid))
    return _log_sum(
        ahead_of_start.log_weight
        + ahead_of_start.u
        - ahead_of_start.log_sin_squared
        + inner[:, panels:]
    )


def _log_rate(along: Floats, first: Floats, second: Floats) -> Floats:
    """Return ln(λ1/D)."""
    entries = np.stack([along, first, second])
    shallow, found = _barrier(*entries) < SHALLOW, np.empty(along.shape)
    for part, rate in ((shallow, _log_shallow_rate), (~shallow, _log_rate_behind_barrier)):
        if part.any():
            found[part] = rate(*entries[:, part])
    return found


def _barrier(along: Floats, first: Floats, second: Floats) -> Floats:
    """Return the height in k_B T of the top above the shallower well, 0 without one."""
    c = np.cos(np.linspace(0.0, np.pi, SCAN))
    h, k1, k2 = (entry[:, None] for entry in (along, first, second))
    u = np.asarray(ReducedEnergy(h, 0.0, 0.0, k1, k2, 0.0)(0.0, 0.0, c))
    above = np.minimum.accumulate(u, axis=1)
    below = np.minimum.accumulate(u[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((u - np.maximum(above, below)).max(axis=1))


def _log_shallow_rate(along: Floats, first: Floats, second: Floats) -> Floats:
    """Return ln(λ1/D) by an eigensolver, whose rounding errors are 1e-16 of its largest entries.

    With f = e^{U/2} g the operator is symmetric, -d/dc[(1 - c²) dg/dc] + W g, W = (1 - c²) U'²/4 -
    [(1 - c²) U']'/2, a polynomial: in Legendre polynomials all its integrals are exact.
    """
    steepest = float(np.max(np.abs(along) + np.abs(first) + np.abs(second), initial=0.0))
    number = FEWEST + math.ceil(MORE * math.sqrt(steepest))
    c, polynomials, weighted = _legendre(number)
    h, k1, k2 = (entry[:, None] for entry in (along, first, second))
    slope, bend = -(h + k1 * c - k2 * c**3), -(k1 - 3 * k2 * c**2)
    well = (1 - c**2) * (slope**2 / 4 - bend / 2) + c * slope
    matrix = np.einsum("qi,nq,qj->nij", weighted, well, polynomials, optimize=True)
    degree = np.arange(number)
    matrix[:, degree, degree] += degree * (degree + 1.0)
    return np.asarray(np.log(np.linalg.eigvalsh(matrix)[:, 1]))


@functools.lru_cache(maxsize=8)
def _legendre(number: int) -> tuple[Floats, Floats, Floats]:
    """Return nodes, normal Legendre polynomials there, and these times the quadrature's weights."""
    # W has degree 8.
    nodes, own = np.polynomial.legendre.leggauss(number + 4)
    c, weights = np.asarray(nodes, dtype=np.float64), np.asarray(own, dtype=np.float64)
    values = np.polynomial.legendre.legvander(c, number - 1) * np.sqrt(np.arange(number) + 0.5)
    return c, values, np.asarray(weights[:, None] * values, dtype=np.float64)


def _log_rate_behind_barrier(along: Floats, first: Floats, second: Floats) -> Floats:
    """Return ln(λ1/D) where the first mode is far slower than others.

    The field is turned so that the lower pole is the more occupied: there f is a constant that is
    small against its change from pole to pole, and is found by adding up from that side.
    """
    panels = _panels(along, first, second)
    edges = np.broadcast_to(np.linspace(0.0, 2.0, panels + 1), (along.size, panels + 1))
    grid = _grid(-np.abs(along), first, second, edges)
    log_z = _log_sum(grid.log_weight - grid.u)
    log_h, found = _log_committor(grid), np.full(along.shape, np.nan)
    for _ in range(ITERATIONS):
        log_mean = _log_sum(grid.log_weight - grid.u + log_h) - log_z
        log_g, positive = _log_difference(log_h, log_mean[:, None, None])
        # Up to where f changes sign its integral is taken from below, beyond it from above.
        log_flux = np.where(
            positive,
            _log_cumulative_down(grid, log_g - grid.u, positive),
            _log_cumulative(grid, log_g - grid.u, ~positive),
        )
        log_slope = log_flux + grid.u - grid.log_sin_squared
        before, found = (
            found,
            (
                _log_sum(grid.log_weight - grid.u + 2 * log_g)
                - _log_sum(grid.log_weight + log_flux + log_slope)
            ),
        )
        if np.all(np.abs(found - before) <= TOLERANCE * (1 + np.abs(found))):
            return found
        log_h = _log_cumulative(grid, log_slope)
    raise SmtjError(
        "the relaxation rate did not settle: the second mode of the magnetisation is about as slow "
        "as the first, so there is no single rate; give a macrospin with one barrier"
    )


def _log_halves(along: Floats, first: Floats, second: Floats) -> Floats:
    # An even number of panels has an edge at the line between the halves.
    panels = 2 * ((_panels(along, first, second) + 1) // 2)
    edges = np.broadcast_to(np.linspace(0.0, 2.0, panels + 1), (along.size, panels + 1))
    grid = _grid(along, first, second, edges)
    weight, half = grid.log_weight - grid.u, panels // 2
    low, high = _log_sum(weight[:, :half]), _log_sum(weight[:, half:])
    below, above = _log_cumulative(grid, -grid.u), _log_cumulative_down(grid, -grid.u)
    # Up to the line Φ is -P_up Z(below)/Z, beyond it -P_down Z(above)/Z.
    log_flux = np.concatenate(
        [below[:, :half] + high[:, None, None], above[:, half:] + low[:, None, None]], axis=1
    )
    log_both = np.logaddexp(low, high)
    slowness = _log_sum(grid.log_weight + 2 * log_flux + grid.u - grid.log_sin_squared)
    # Φ and both occupancies are over Z, whose powers leave one.
    return np.asarray(low + high + log_both - slowness)


def _log_committor(grid: _Grid) -> Floats:
    """Return ln f of an f that changes at the barrier and is nearly constant in the wells.

    Started from any other f the iteration would linger at a faster mode of the lower well, which
    weighs so much more than the upper one.
    """
    above, below = _log_cumulative_down(grid, -grid.u), _log_cumulative(grid, -grid.u)
    flat = grid.u.reshape(len(grid.u), -1)
    top = np.argmax(flat, axis=1)[:, None]
    upper = np.take_along_axis(above.reshape(flat.shape), top, axis=1)[..., None]
    log_flux = np.minimum(np.minimum(above, below), upper)
    return _log_cumulative(grid, log_flux + grid.u - grid.log_sin_squared)


def _grid(along: Floats, first: Floats, second: Floats, edges: Floats) -> _Grid:
    x, w = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges, axis=1)[..., None] / 2
    s = edges[:, :-1, None] + half * (1 + x)
    c = s - 1
    h, k1, k2 = (entry[:, None, None] for entry in (along, first, second))
    energy = ReducedEnergy(h, 0.0, 0.0, k1, k2, 0.0)
    # Panels behind a start at the pole have no width.
    with np.errstate(divide="ignore"):
        log_weight = np.log(half) + np.log(w)
        log_sin_squared = np.log(s * (2 - s))
    return _Grid(s, log_weight, half, np.asarray(energy(0.0, 0.0, c)), log_sin_squared)


def _log_sum(log_terms: Floats) -> Floats:
    """Return the logarithm of the sum over panels and nodes."""
    top = log_terms.max(axis=(1, 2), keepdims=True)
    total = np.exp(log_terms - top).sum(axis=(1, 2))
    return np.asarray(top[:, 0, 0] + np.log(total))


def _log_difference(log_a: Floats, log_b: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return ln|a - b| and whether a > b, or equal."""
    apart = log_a - log_b
    with np.errstate(divide="ignore"):
        log_size = np.maximum(log_a, log_b) + np.log(-np.expm1(-np.abs(apart)))
    return log_size, apart >= 0


def _log_cumulative(
    grid: _Grid, log_values: Floats, positive: NDArray[np.bool_] | None = None
) -> Floats:
    """Return the logarithm of the integral from the first edge to each node.

    Where ``positive`` is given, values elsewhere are negative and come last; their results have
    no meaning.
    """
    top = log_values.max(axis=2, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    values = np.exp(log_values - top)
    if positive is not None:
        values = np.where(positive, values, -values)
    weights, to_nodes = _cumulative_weights()
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.log(np.maximum(grid.half * (values @ to_nodes.T), 0.0)) + top
        whole = np.log(np.maximum(grid.half[..., 0] * (values @ weights), 0.0)) + top[..., 0]
    before = np.full(whole.shape, -np.inf)
    before[:, 1:] = np.logaddexp.accumulate(whole, axis=1)[:, :-1]
    return np.asarray(np.logaddexp(before[..., None], own))


def _log_cumulative_down(
    grid: _Grid, log_values: Floats, positive: NDArray[np.bool_] | None = None
) -> Floats:
    """Return the logarithm of the integral from each node to the last edge."""
    turned = _Grid(*(entry[:, ::-1, ::-1] for entry in grid))
    sign = None if positive is None else positive[:, ::-1, ::-1]
    return _log_cumulative(turned, log_values[:, ::-1, ::-1], sign)[:, ::-1, ::-1]


@functools.cache
def _cumulative_weights() -> tuple[Floats, Floats]:
    """Return the Gauss weights, and those of the integral from -1 to each node, shape (k, k)."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    degrees = np.arange(NODES)
    # ∫ P_n = (P_{n+1} - P_{n-1})/(2n + 1), and the values of P_n at the nodes are orthogonal.
    values = np.polynomial.legendre.legvander(x, NODES)
    below = np.concatenate([-np.ones((NODES, 1)), values[:, : NODES - 1]], axis=1)
    integrals = (values[:, 1:] - below[:, :NODES]) / (2 * degrees + 1)
    coefficients = (2 * degrees[:, None] + 1) / 2 * values[:, :NODES].T * w
    return w, integrals @ coefficients

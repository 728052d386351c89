"""The relaxation rate of any macrospin, without symmetry.

λ1 is the lowest eigenvalue of -L.  An eigensolver loses it among rounding errors of the wells'
fast modes beyond 25 k_B T; here inverse iteration is split in such a way that every step keeps its
relative precision.  With one point held in either well, A and B, the operator has no slow mode,
and f = a + b q + w: q, the committor, is 0 at A and 1 at B; w, which is 0 at both, follows the
source.  The constant b, however large, comes from the balance of one well: what its source makes
must flow through the line between the wells, and the flux is taken from the few rows there, where
e^{-U} is as small as the rate.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.physics.escape.axial import has_barrier, is_axial, log_axial_relaxation_rate
from smtj.physics.escape.band import plan_band
from smtj.physics.escape.condensed import Condensed, condense, factor, solve
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.escape.elements import Elements, build
from smtj.physics.escape.grid import NO_BARRIER, Grid, find_pass, plan_sphere
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights, reduced_energy
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats

TOLERANCE = 1e-6
"""Relative change of λ1 from one grid to the next at which the finer one is taken."""
REFINEMENT = 1.4
"""By which elements grow in number along either angle."""
ITERATIONS = 300
SETTLED = 1e-11
"""Relative change of λ1 at which the iteration ends."""


def log_relaxation_rate(
    spin: Macrospin,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    damping: ArrayLike,
) -> Floats:
    """ln of λ1 in 1/s, the rate at which the occupancy of the wells returns to equilibrium.

    With energy and field symmetric about the easy axis it is a quadrature (2 ms per field at 60 k_B
    T), else a sparse system per field: 0.2 to 0.5 s at a damping of 0.1, more at lower ones.  Its
    elements cover the sphere or, in a strong easy plane, a band around that plane.  The grid is
    refined until λ1 changes by less than 1e-6; the remaining error is far smaller.

    The spin holds numbers or NumPy arrays, the applied field is in A/m without the spin's in-plane
    bias field, ``damping`` Gilbert's α.  All broadcast together.  Raises SmtjError if there is not
    one well on either side of the easy axis, or the damping is not above 0 or too low to resolve
    the layer around the separatrix within memory.
    """
    fields = (np.asarray(f, dtype=np.float64) for f in (field_x, field_y, field_z))
    log_d = log_diffusion(spin, damping)
    alpha = np.asarray(damping, dtype=np.float64)
    *entries, alpha, log_d = np.broadcast_arrays(*reduced_energy(spin, *fields), alpha, log_d)
    found, flat = np.empty(alpha.size), ReducedEnergy(*(entry.reshape(-1) for entry in entries))
    axial = is_axial(flat)
    if not np.all(has_barrier(flat)[axial]):
        raise SmtjError(NO_BARRIER)
    found[axial] = log_axial_relaxation_rate(ReducedEnergy(*(entry[axial] for entry in flat)))
    for place in np.flatnonzero(~axial):
        one = ReducedEnergy(*(float(entry[place]) for entry in flat))
        if not find_pass(one).barrier:
            raise SmtjError(NO_BARRIER)
        found[place] = log_rate_on_sphere(one, float(alpha.reshape(-1)[place]))
    return np.asarray(found.reshape(alpha.shape) + log_d)


def log_dwell_times(
    spin: Macrospin,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    damping: ArrayLike,
) -> tuple[Floats, Floats]:
    """ln of τ_up and τ_down in s: the two-state reduction of the relaxation.

    They are defined by 1/τ_up + 1/τ_down = λ1 and τ_up/τ_down = Z_up/Z_down, the states being the
    halves of the sphere around the easy axis and opposite to it.  Arguments and errors
    as in :func:`log_relaxation_rate`.
    """
    fields = [np.asarray(f, dtype=np.float64) for f in (field_x, field_y, field_z)]
    log_rate = log_relaxation_rate(spin, fields[0], fields[1], fields[2], damping)
    log_up, log_down = log_weights(spin, fields[2], fields[0], fields[1])
    log_both = np.logaddexp(log_up, log_down) - log_rate
    return log_both - log_down, log_both - log_up


def log_rate_on_sphere(
    energy: ReducedEnergy, damping: float, tolerance: float = TOLERANCE, slow: float = 1.0
) -> float:
    """ln(λ1/D) of one energy, symmetric or not, to a tolerance of ln λ1.

    Where there is one well it is the rate at which the occupancy of the halves of the sphere
    relaxes, 1 over the integral of its correlation.  ``slow`` is the weight of ln λ1 where there
    are two, the rest being that of this rate.  Errors else as in :func:`log_relaxation_rate`.
    """
    over = find_pass(energy)
    slow = slow if over.barrier else 0.0
    if slow < 1:
        over = over._replace(theta=math.pi / 2)  # the line between the halves
    plan, band = plan_sphere(energy, damping, over), plan_band(energy, damping, over)
    if band is not None and band.rows * band.columns < plan.rows * plan.columns:
        plan = band
    refinement, before = 1.0, np.nan
    while True:
        grid = plan.grid(refinement, damping)
        elements = build(grid.energy, damping, grid.theta, grid.phi, over.energy)
        found = slow * _log_rate(elements, grid) if slow > 0 else 0.0
        if slow < 1:
            found += (1 - slow) * _log_rate_of_halves(elements, grid)
        if abs(found - before) < tolerance:
            return found
        refinement, before = REFINEMENT * refinement, found


class _Sides(NamedTuple):
    """The two states on a grid, the rarer of them and how f flows into it."""

    rare: NDArray[np.bool_]
    """Whether a point belongs to the rarer state, shape (N,)."""
    flux: Floats
    """Weights of f that give what flows into it, shape (N,)."""
    held: tuple[int, int]
    """Places in the skeleton of the points A, common, and B, rare."""


def _log_rate(elements: Elements, grid: Grid) -> float:
    """Return ln(λ1/D) on a grid; nan where the grid is too coarse for a positive one."""
    system = condense(elements)
    mass = np.exp(elements.log_mass)
    sides = _sides(elements, system, grid, mass)
    problem = factor(system, sides.held)
    rare, total, b_place = sides.rare, mass.sum(), sides.held[1]
    area = np.exp(elements.log_mass + elements.energy)
    nothing = np.zeros(mass.shape)
    committor = solve(problem, nothing, b_place, 1.0)
    capacity = sides.flux @ committor
    f, rate = committor - mass @ committor / total, np.nan
    for _ in range(ITERATIONS):
        source = mass * f
        follower = solve(problem, area * f, b_place, 0.0)
        made = source[rare].sum()
        following = (made - sides.flux @ follower) / capacity * committor + follower
        following -= mass @ following / total
        before, rate = rate, made / (mass * following)[rare].sum()
        f = following * rate
        if abs(rate - before) <= SETTLED * abs(rate):
            return float(np.log(rate)) if rate > 0 else np.nan
    raise SmtjError(
        "the relaxation rate did not settle: the second mode of the magnetisation is about as slow "
        "as the first, so there is no single rate; give a macrospin with one barrier"
    )


def _log_rate_of_halves(elements: Elements, grid: Grid) -> float:
    """Return ln of 1/D over the integral of the correlation of the occupancy.

    It is ln(λ1/D) where the slowest mode is all that the occupancy sees, as behind a barrier.
    """
    system, mass = condense(elements), np.exp(elements.log_mass)
    held = int(np.argmin(elements.energy[system.skeleton]))
    problem = factor(system, (held,))
    area, mass = np.exp(elements.log_mass + elements.energy), mass / mass.sum()
    whole, upper = (
        np.bincount(elements.point[side].ravel(), elements.area[side].ravel(), len(mass))
        for side in (slice(None), grid.up)
    )
    f = upper / np.where(whole > 0, whole, 1.0)
    f -= mass @ f
    following = solve(problem, area * f, held, 0.0)
    following -= mass @ following
    # The mean square of the occupancy, which jumps from half to half.
    up = float(np.exp(-elements.energy) @ upper / (np.exp(-elements.energy) @ whole))
    return float(np.log(up * (1 - up) / ((mass * f) @ following)))


def _sides(elements: Elements, system: Condensed, grid: Grid, mass: Floats) -> _Sides:
    up, down = np.zeros(mass.shape, dtype=bool), np.zeros(mass.shape, dtype=bool)
    up[elements.point[grid.up]] = True
    down[elements.point[~grid.up]] = True
    up_is_rare = mass[up].sum() < mass[~up].sum()
    rare = up if up_is_rare else ~up
    # The flux through the line between the wells arrives in the elements below it: the sum of
    # their rows off the line, which is minus that of the rows on it.
    line = up & down
    below = ~grid.up & line[elements.point].any(axis=1)
    point = elements.point[below]
    on_line = np.where(line[point], np.exp(-elements.energy[point]), 0.0)
    leaving = np.einsum("er,erp->ep", on_line, elements.stiffness[below])
    flux = -np.bincount(point.ravel(), leaving.ravel(), len(mass))
    u = elements.energy[system.skeleton]
    common, of_rare = (
        int(np.argmin(np.where(rare[system.skeleton] == side, u, np.inf))) for side in (False, True)
    )
    return _Sides(rare, np.asarray(-flux if up_is_rare else flux), (common, of_rare))

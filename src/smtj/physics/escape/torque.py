"""Escape under spin torque, where no energy decides how the states are occupied.

A damping-like torque γμ0 a (p - (m·p) m), a field a along the reference layer p, adds a drift to
the operator of :mod:`smtj.physics.escape`.  Solved for dm/dt the equation of motion is one of
precession in H - α a p and of damping towards H + (a/α) p, so that with U of the field H - α a p

  L f = D [Δf - ∇U·∇f + (1/α) (m × ∇U)·∇f + d_t·∇f],    d = (1 + α²)/α a p,

a in units of k_B T/(μ0 μ) and d_t the part of d that is tangential to the sphere.

If the energy is symmetric about the easy axis n and p lies along it, precession drops out and the
torque is exactly a field (a/α) p·n along n.  Else the stationary density has no closed form: it is
the left null vector of L on the grid, and dwell times follow from it and from the relaxation rate
λ1 by 1/τ_up + 1/τ_down = λ1 and τ_up/τ_down = P_up/P_down, P the stationary occupancy of both
halves of the sphere.  What is given here is the change of ln τ by the torque, taken on two
grids alike, which can be added to any law of the dwell times without it.
"""

import math

import numpy as np

from smtj.errors import SmtjError
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.escape.axial import is_axial
from smtj.physics.escape.band import plan_band
from smtj.physics.escape.condensed import condense, factor, left_null_vector, solve
from smtj.physics.escape.elements import Elements, build
from smtj.physics.escape.grid import Grid, find_pass, plan_sphere
from smtj.physics.escape.relaxation import ITERATIONS, REFINEMENT
from smtj.physics.escape.two_states import log_axial_two_state_rates, weight_of_slow_mode
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats

Vector = tuple[float, float, float]
"""Components a, b and c of :class:`smtj.physics.magnetics.equilibrium.ReducedEnergy`."""

TOLERANCE = 1e-3
"""Change of ln τ from one grid to the next at which the finer one is taken."""
COARSE = 0.75
"""Density of the first grid, relative to that which exact rates begin with."""
SETTLED_RATE, WANDERED, LAST = 1e-8, 5e-4, 10
"""Relative change of λ1 at which the iteration ends, and that over the last iterations below which
it ends too: rounding errors are as large where one state is rare."""
MAX_BARRIER = 20.0
"""Barrier in k_B T up to which times are calculated."""
LONGEST = 16.5
"""ln(D τ) of the shorter dwell time up to which it is: rounding errors are 1e-11 of D."""
RAREST = 16.5
"""ln of the ratio of the dwell times up to which both are calculated, for the same reason."""
SMALLER = 0.8
"""Volumes from which higher barriers are extrapolated, one over the other."""


def axial_log_changes(energy: ReducedEnergy, torque: Floats, damping: float) -> Floats:
    """Change of ln τ_up and ln τ_down where torque and energy are symmetric about the easy axis.

    Exact at any barrier, 4 ms each.  Energies of shape (n,); the torque is its part along the axis,
    shape (n,), otherwise as in :func:`log_changes`.  Returns shape (n, 2).
    """
    energy = ReducedEnergy(*(np.asarray(entry, dtype=np.float64) for entry in energy))
    pushed = energy._replace(along=energy.along + torque / damping)
    return _axial_log_times(pushed) - _axial_log_times(energy)


def log_changes(
    energy: ReducedEnergy, torque: Vector, damping: float, tolerance: float = TOLERANCE
) -> tuple[float, float]:
    """Change of ln τ_up and ln τ_down by a spin torque.

    Exact by quadrature where all is symmetric about the easy axis; else from a sparse system on the
    sphere.  If the shorter dwell time exceeds e^16.5/D, the longer one e^16.5 times the shorter, or
    the barrier 20 k_B T, the change is extrapolated as a straight line in the volume of the layer,
    its leading term being the work of the torque.

    Parameters
    ----------
    energy
        U without the torque; numbers.
    torque
        μ0 μ a p/(k_B T), a = h_DL V the damping-like torque as a field.
    damping
        Gilbert's α.
    tolerance
        Of both changes.

    Raises
    ------
    SmtjError
        There is not one well on either side of the easy axis, the damping is too low to resolve, or
        the torque leaves no slow mode.

    Examples
    --------
    >>> energy = ReducedEnergy(0.0, 0.0, 0.0, 16.0, 0.0, 0.0)
    >>> up, down = log_changes(energy, (0.0, 0.0, 0.02), damping=0.02)
    >>> round(up, 3), round(down, 3)  # as a field of 1/16 of H_k along the axis
    (0.963, -0.885)
    """
    energy = ReducedEnergy(*(float(entry) for entry in energy))
    if not any(torque):
        return 0.0, 0.0
    if is_axial(energy) and abs(torque[0]) + abs(torque[1]) <= 1e-9 * abs(torque[2]):
        one = ReducedEnergy(*(np.array([entry]) for entry in energy))
        up, down = axial_log_changes(one, np.array([torque[2]]), damping)[0]
        return float(up), float(down)
    barrier = _shallower(energy)
    whole = min(1.0, MAX_BARRIER / barrier) if barrier > 0 else 1.0
    at_whole = _scaled(energy, torque, whole, damping, tolerance)
    while at_whole is None:
        whole *= SMALLER
        at_whole = _scaled(energy, torque, whole, damping, tolerance)
    if whole == 1:
        return float(at_whole[0]), float(at_whole[1])
    at_less = _scaled(energy, torque, SMALLER * whole, damping, tolerance)
    assert at_less is not None  # its barriers are lower
    up, down = at_whole + (at_whole - at_less) * (1 - whole) / (whole * (1 - SMALLER))
    return float(up), float(down)


def _axial_log_times(energy: ReducedEnergy) -> Floats:
    """Return ln(D τ) of the up and the down well, shape (n, 2); sides are halves of the sphere."""
    upright = Macrospin(
        BOLTZMANN / VACUUM_PERMEABILITY, energy.first, energy.second, 0.0, 0.0, 0.0, 1.0
    )
    up, down = log_weights(upright, energy.along)
    both = np.logaddexp(up, down) - log_axial_two_state_rates(energy)
    return np.stack([both - down, both - up], axis=-1)


def _shallower(energy: ReducedEnergy) -> float:
    """Return the lower of both barriers in k_B T, to the resolution of a coarse grid."""
    over = find_pass(energy)
    theta, phi = np.linspace(0, np.pi, 181), np.linspace(0, 2 * np.pi, 180)
    sin = np.sin(theta)[:, None]
    u = np.asarray(energy(sin * np.cos(phi), sin * np.sin(phi), np.cos(theta)[:, None]))
    up = theta < over.theta
    return over.energy - max(float(u[up].min()), float(u[~up].min()))


def _scaled(
    energy: ReducedEnergy, torque: Vector, volume: float, damping: float, tolerance: float
) -> Floats | None:
    """Return the changes for a part of the volume; None if the barriers are too high for them."""
    energy = ReducedEnergy(*(entry * volume for entry in energy))
    a, b, c = (entry * volume for entry in torque)
    shifted = energy._replace(
        across=energy.across - damping * a,
        sideways=energy.sideways - damping * b,
        along=energy.along - damping * c,
    )
    strength = (1 + damping**2) / damping
    drift = (strength * a, strength * b, strength * c)
    # That of the energy without the torque for both, as what is wanted is their difference.
    slow = weight_of_slow_mode(energy)
    pushed = _on_sphere(shifted, drift, damping, tolerance, slow)
    still = (0.0, 0.0, 0.0)
    rest = None if pushed is None else _on_sphere(energy, still, damping, tolerance, slow)
    return None if pushed is None or rest is None else pushed - rest


def _on_sphere(
    energy: ReducedEnergy, drift: Vector, damping: float, tolerance: float, slow: float
) -> Floats | None:
    """Return ln(D τ) of both wells, None if they are too long, or one too rare, to be calculated.

    ``slow`` is the weight of ln λ1 in that of the rate, where there are two wells.
    """
    found_pass = find_pass(energy)
    over = found_pass._replace(theta=math.pi / 2, barrier=False)
    plan, band = plan_sphere(energy, damping, over), plan_band(energy, damping, over)
    if band is not None and band.rows * band.columns < plan.rows * plan.columns:
        plan = band
    slow = slow if found_pass.barrier else 0.0
    refinement, before, hold_up = COARSE, np.full(2, np.nan), float(energy.along) >= 0
    while True:
        grid = plan.grid(refinement, damping)
        turned = (drift[grid.axes[0]], drift[grid.axes[1]], drift[grid.axes[2]])
        elements = build(grid.energy, damping, grid.theta, grid.phi, over.energy, turned)
        found = _log_times(elements, grid, hold_up, slow)
        if (found[0] < found[1]) == hold_up:
            hold_up = not hold_up
            found = _log_times(elements, grid, hold_up, slow)
        if found.min() > LONGEST or float(np.ptp(found)) > RAREST:
            return None
        if np.all(np.abs(found - before) < tolerance):
            return found
        refinement, before = REFINEMENT * refinement, found


def _log_times(elements: Elements, grid: Grid, hold_up: bool, slow: float) -> Floats:
    """Return ln(D τ) of the up and the down well on a grid; nan where it is too coarse.

    The rate is that of :mod:`smtj.physics.escape.two_states`: λ1, and with a weight of 1 - ``slow``
    that of the correlation, which the first iteration gives.

    One point is held in the up or the down well.  It must be the well that is left more slowly: the
    balance of the other one then needs no more precision than the rate at which it is left.
    """
    system = condense(elements)
    up_area, down_area = (
        np.bincount(elements.point[side].ravel(), elements.area[side].ravel(), len(elements.energy))
        for side in (grid.up, ~grid.up)
    )
    there = (up_area if hold_up else down_area)[system.skeleton] > 0
    held = int(np.argmin(np.where(there, elements.energy[system.skeleton], np.inf)))
    problem = factor(system, (held,))
    y = left_null_vector(problem, len(elements.energy), held)
    area = up_area + down_area
    up, down = float(y @ up_area), float(y @ down_area)
    density, up, down = y * area / (up + down), up / (up + down), down / (up + down)
    f, of_halves, rates = up_area / np.where(area > 0, area, 1.0) - up, np.nan, [np.nan]
    for iteration in range(ITERATIONS):
        following = solve(problem, area * f, held, 0.0)
        following -= density @ following
        if iteration == 0:
            of_halves = up * down / float((density * f) @ following)
        rates.append(float((density * f) @ f / ((density * f) @ following)))
        f = following / np.sqrt(abs(density @ following**2))
        if slow == 0 or _settled(rates):
            rate = of_halves if slow == 0 else rates[-1]
            if not (rate > 0 and of_halves > 0 and up > 0 and down > 0):
                return np.full(2, np.nan)
            log_rate = slow * np.log(rate) + (1 - slow) * np.log(of_halves)
            return np.array([-log_rate - np.log(down), -log_rate - np.log(up)])
    raise SmtjError(
        "the dwell times under this spin torque are not those of two states: the second mode of "
        "the magnetisation is about as slow as the first; give a smaller voltage"
    )


def _settled(rates: list[float]) -> bool:
    before, rate = rates[-2:]
    if abs(rate - before) <= SETTLED_RATE * abs(rate):
        return True
    return len(rates) > LAST and float(np.ptp(rates[-LAST:])) <= WANDERED * abs(rate)

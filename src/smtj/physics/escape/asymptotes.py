"""Dwell times in the limit of a high barrier, by author.

Néel-Brown with a fixed τ0 depends on the barrier alone.  Brown's asymptote has the prefactor of
an energy symmetric about the easy axis; Langer's that of one without symmetry, which crosses a
saddle, not a ring.  Langer's holds for intermediate to high damping; at α ≪ 1 and a low barrier,
where paths circle the well many times before they lose k_B T, it is too fast.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.physics.escape.axial import is_axial
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.escape.grid import NO_BARRIER
from smtj.physics.escape.stationary import (
    Stationary,
    passes,
    saddle_ends,
    stationary_points,
    upper_wells,
)
from smtj.physics.magnetics.equilibrium import ReducedEnergy, reduced_energy
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats


def neel_log_dwell_times(
    spin: Macrospin,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    log_attempt_time: float,
) -> tuple[Floats, Floats]:
    """ln of τ0 e^ΔU in s for the up and the down well: Néel-Brown with a fixed τ0.

    ΔU is the height of the lowest saddle over the well, in k_B T, of the full energy; in Eq. 3, 4
    and 6 it is that of H_K1 and the field alone.  The spin holds numbers or NumPy arrays; the
    applied field is in A/m, without the spin's in-plane bias field; ``log_attempt_time`` is
    ln(τ0/s).  All broadcast together.  Raises SmtjError if there are not two wells.
    """
    energy = _energies(spin, field_x, field_y, field_z)
    heights = [_heights(ReducedEnergy(*one)) for one in zip(*map(np.ravel, energy), strict=True)]
    shape = np.shape(energy.along)
    up, down = np.reshape(heights, (-1, 2)).T
    return log_attempt_time + up.reshape(shape), log_attempt_time + down.reshape(shape)


def brown_log_dwell_times(
    spin: Macrospin,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    damping: ArrayLike,
) -> tuple[Floats, Floats]:
    """ln of τ_up and τ_down in s by Brown's asymptote, for high barriers.

    1/τ_up = D (1 - c_s²) √(|U_s''|/2π) e^{U_s}/Z_up, U(c) having its top at c_s, and Z_up =
    e^{-U}/|U'| of a well at the pole or e^{-U} √(2π/U'') of a cone.  Without an H_K2 it is
    (2 D/√π) σ^{3/2} (1 - h²) (1 + h) e^{-σ(1 + h)²}, with σ = Δ and h = H/H_K1; h → -h gives
    τ_down.  W. F. Brown, Phys. Rev. 130, 1677 (1963), doi:10.1103/PhysRev.130.1677, Eq. 4.47.

    Spin and field are as in :func:`neel_log_dwell_times`, ``damping`` is Gilbert's α.  Raises
    SmtjError if field or energy is not symmetric about the easy axis, or there is not one barrier.
    """
    energy = _energies(spin, field_x, field_y, field_z)
    if not np.all(is_axial(energy)):
        raise SmtjError(
            "Brown's asymptote needs a field along the easy axis and no anisotropy across it; "
            "leave the tilt, the in-plane field and the shape anisotropy out"
        )
    log_d = log_diffusion(spin, damping)
    given = np.broadcast_arrays(energy.along, energy.first, energy.second)
    found = [_log_axial_times(*one) for one in zip(*map(np.ravel, given), strict=True)]
    up, down = np.reshape(found, (-1, 2)).T.reshape(2, *given[0].shape)
    return np.asarray(up - log_d), np.asarray(down - log_d)


def langer_log_dwell_times(
    spin: Macrospin,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    damping: ArrayLike,
) -> tuple[Floats, Floats]:
    """ln of τ_up and τ_down in s over saddles, intermediate to high damping.

    1/τ = Σ (λ+/2π) √(c_1 c_2/|s_1 s_2|) e^{-ΔU} over the saddles, c and s the curvatures of U at
    well and saddle (of several wells in a state √(c_1 c_2) e^U is the inverse of the sum of its
    inverses), and λ+ = (D/2) [√((s_1 - s_2)² - 4 s_1 s_2/α²) - s_1 - s_2] the rate at which
    the damped precession leaves the saddle.  J. S. Langer, Ann. Phys. 54, 258 (1969),
    doi:10.1016/0003-4916(69)90153-5; W. F. Brown, IEEE Trans. Magn. 15, 1196 (1979),
    doi:10.1109/TMAG.1979.1060329; W. T. Coffey and Y. P. Kalmykov, J. Appl. Phys. 112, 121301
    (2012), doi:10.1063/1.4754272.

    Spin and field are as in :func:`neel_log_dwell_times`, ``damping`` is Gilbert's α.  Raises
    SmtjError if there are not two wells, or the energy is symmetric about the easy axis, so that it
    has a ring for a saddle.
    """
    alpha, log_d = np.asarray(damping, dtype=np.float64), log_diffusion(spin, damping)
    energy = _energies(spin, field_x, field_y, field_z)
    if np.any(is_axial(energy)):
        raise SmtjError(
            "this macrospin is symmetric about its easy axis and has a ring, not a saddle, to "
            "cross; take Brown's asymptote"
        )
    *entries, alpha, log_d = np.broadcast_arrays(*energy, alpha, log_d)
    flat = zip(*(np.ravel(entry) for entry in entries), np.ravel(alpha), strict=True)
    found = [_log_escape_times(ReducedEnergy(*one), a) for *one, a in flat]
    up, down = np.reshape(found, (-1, 2)).T
    return up.reshape(alpha.shape) - log_d, down.reshape(alpha.shape) - log_d


def _energies(
    spin: Macrospin, field_x: ArrayLike, field_y: ArrayLike, field_z: ArrayLike
) -> ReducedEnergy:
    fields = (np.asarray(f, dtype=np.float64) for f in (field_x, field_y, field_z))
    return reduced_energy(spin, *fields)


def _heights(energy: ReducedEnergy) -> tuple[float, float]:
    """Return the height of the barrier in k_B T over the up and the down well."""
    if is_axial(energy):
        return _axial_heights(energy)
    points, up = _two_states(energy)
    deepest = int(np.argmax(up)), int(np.argmax(~up))
    saddle = points.saddles.energy[passes(energy, points)[deepest]]
    high, low = (float(saddle - points.minima.energy[well]) for well in deepest)
    return high, low


def _two_states(energy: ReducedEnergy) -> tuple[Stationary, NDArray[np.bool_]]:
    """Return the stationary points, and which of the wells are the up state."""
    points = stationary_points(energy)
    up = upper_wells(points)
    if up.all() or not up.any() or not len(points.saddles.energy):
        raise SmtjError(NO_BARRIER)
    return points, up


def _axial_heights(energy: ReducedEnergy) -> tuple[float, float]:
    _, u, top = _along_axis(energy.along, energy.first, energy.second)
    return float(u[top] - u[top + 1 :].min()), float(u[top] - u[:top].min())


def _along_axis(along: float, first: float, second: float) -> tuple[Floats, Floats, int]:
    """Return the stationary points c with both poles, U there, and the number of the top."""
    roots = np.roots([-second, 0.0, first, along])
    inner = np.sort(roots[np.isreal(roots) & (np.abs(roots) < 1)].real)
    c = np.concatenate([[-1.0], inner, [1.0]])
    u = -along * c - first * c**2 / 2 + second * c**4 / 4
    tops = np.flatnonzero((u[1:-1] > u[:-2]) & (u[1:-1] > u[2:])) + 1
    if len(tops) > 1:
        raise SmtjError(
            "this macrospin has a third well, across its easy axis, so there is no single barrier; "
            "give a smaller second-order anisotropy"
        )
    if not len(tops):
        raise SmtjError(NO_BARRIER)
    return c, u, int(tops[0])


def _log_axial_times(along: float, first: float, second: float) -> tuple[float, float]:
    """Return ln(D τ) of the up and the down well by Brown's asymptote."""
    c, u, top = _along_axis(along, first, second)
    slope, bend = -along - first * c + second * c**3, 3 * second * c**2 - first
    over = u[top] + math.log(2 * math.pi / -bend[top]) / 2 - math.log1p(-(c[top] ** 2))
    times = []
    for state in (slice(top + 1, None), slice(0, top)):
        well = range(len(c))[state][int(np.argmin(u[state]))]
        at_pole = well in (0, len(c) - 1)
        width = 1 / abs(slope[well]) if at_pole else math.sqrt(2 * math.pi / bend[well])
        times.append(over - u[well] + math.log(width))
    return times[0], times[1]


def _log_escape_times(energy: ReducedEnergy, damping: float) -> tuple[float, float]:
    """Return ln(D τ) of the up and the down well."""
    points, up = _two_states(energy)
    one, other = saddle_ends(energy, points)
    saddles, minima = points.saddles.of(up[one] != up[other]), points.minima
    s1, s2 = saddles.curvature.T
    growth = (np.sqrt((s1 - s2) ** 2 - 4 * s1 * s2 / damping**2) - s1 - s2) / 2
    log_flux = np.logaddexp.reduce(
        np.log(growth / (2 * math.pi)) - np.log(-s1 * s2) / 2 - saddles.energy
    )
    log_weights = -np.log(minima.curvature.prod(axis=1)) / 2 - minima.energy
    high, low = (float(np.logaddexp.reduce(log_weights[state]) - log_flux) for state in (up, ~up))
    return high, low

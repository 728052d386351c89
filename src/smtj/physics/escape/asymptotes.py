"""Dwell times in the limit of a high barrier, by author.

Néel-Brown with a fixed τ0 depends on the barrier alone.  Brown's asymptote has the prefactor of
an energy symmetric about the easy axis; Langer's that of one without symmetry, which crosses a
saddle, not a ring.  Langer's holds for intermediate to high damping; at α ≪ 1 and a low barrier,
where paths circle the well many times before they lose k_B T, it is too fast.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.physics.escape.axial import is_axial
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.escape.grid import NO_BARRIER
from smtj.physics.escape.stationary import connecting_saddles, stationary_points
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
    """ln of τ_up and τ_down in s by Brown's asymptote, σ ≫ 1.

    1/τ_up = (2 D/√π) σ^{3/2} (1 - h²) (1 + h) e^{-σ(1 + h)²}, with σ = Δ and h = H/H_K1; h → -h
    gives τ_down.  W. F. Brown, Phys. Rev. 130, 1677 (1963), doi:10.1103/PhysRev.130.1677, Eq. 4.47.
    Spin and field are as in :func:`neel_log_dwell_times`, ``damping`` is Gilbert's α.  Raises
    SmtjError if field or energy is not symmetric about the easy axis, there is an H_K2, or there is
    no barrier.
    """
    energy = _energies(spin, field_x, field_y, field_z)
    if not (np.all(is_axial(energy)) and np.all(energy.second == 0)):
        raise SmtjError(
            "Brown's asymptote needs a field along the easy axis and no anisotropy but H_K1; "
            "leave the tilt, the in-plane field, the shape anisotropy and H_K2 out"
        )
    sigma = energy.first / 2
    if not np.all((sigma > 0) & (np.abs(energy.along) < energy.first)):
        raise SmtjError(NO_BARRIER)
    h = energy.along / energy.first
    common = -log_diffusion(spin, damping) - np.log(2 / math.sqrt(math.pi) * sigma**1.5)
    common = common - np.log1p(-(h**2))
    return (
        np.asarray(common - np.log1p(h) + sigma * (1 + h) ** 2),
        np.asarray(common - np.log1p(-h) + sigma * (1 - h) ** 2),
    )


def langer_log_dwell_times(
    spin: Macrospin,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    damping: ArrayLike,
) -> tuple[Floats, Floats]:
    """ln of τ_up and τ_down in s over saddles, intermediate to high damping.

    1/τ = Σ (λ+/2π) √(c_1 c_2/|s_1 s_2|) e^{-ΔU} over the saddles, c and s the curvatures of U at
    well and saddle, and λ+ = (D/2) [√((s_1 - s_2)² - 4 s_1 s_2/α²) - s_1 - s_2] the rate at which
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
    points = stationary_points(energy)
    saddles, minima = connecting_saddles(energy, points), points.minima
    if len(minima.energy) != 2 or not len(saddles.energy):
        raise SmtjError(NO_BARRIER)
    up = int(np.argmax(minima.direction[:, 2]))
    heights = saddles.energy[0] - minima.energy
    return float(heights[up]), float(heights[1 - up])


def _axial_heights(energy: ReducedEnergy) -> tuple[float, float]:
    roots = np.roots([-energy.second, 0.0, energy.first, energy.along])
    inner = np.sort(roots[np.isreal(roots) & (np.abs(roots) < 1)].real)
    c = np.concatenate([[-1.0], inner, [1.0]])
    u = np.asarray(energy(0.0, 0.0, c))
    tops = np.flatnonzero((u[1:-1] > u[:-2]) & (u[1:-1] > u[2:])) + 1
    if len(tops) != 1:
        raise SmtjError(NO_BARRIER)
    top = int(tops[0])
    return float(u[top] - u[top + 1 :].min()), float(u[top] - u[:top].min())


def _log_escape_times(energy: ReducedEnergy, damping: float) -> tuple[float, float]:
    """Return ln(D τ) of the up and the down well."""
    points = stationary_points(energy)
    saddles, minima = connecting_saddles(energy, points), points.minima
    if len(minima.energy) != 2 or not len(saddles.energy):
        raise SmtjError(NO_BARRIER)
    s1, s2 = saddles.curvature.T
    growth = (np.sqrt((s1 - s2) ** 2 - 4 * s1 * s2 / damping**2) - s1 - s2) / 2
    log_attempts = np.log(growth / (2 * math.pi)) - np.log(-s1 * s2) / 2
    up = int(np.argmax(minima.direction[:, 2]))
    times = [
        -np.logaddexp.reduce(
            log_attempts
            + np.log(minima.curvature[well].prod()) / 2
            - (saddles.energy - minima.energy[well])
        )
        for well in (up, 1 - up)
    ]
    return float(times[0]), float(times[1])

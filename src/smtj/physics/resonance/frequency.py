"""Ferromagnetic resonance of the free layer: Eq. 7, and the general case.

Both follow from the energy of :mod:`smtj.physics.magnetics.wells`.  Eq. 7 is its closed form for a
field in the plane of the film normal, a magnetisation that lies in that plane too, and neither a
tilted axis nor anisotropy or bias field in the plane.  The general route takes the second
derivatives of the same energy on the sphere (J. Smit and H. G. Beljers, Philips Res. Rep. 10, 113
(1955)) in Cartesian tangents of the sphere, which unlike the polar angles have no pole where they
fail (L. Baselgia et al., Phys. Rev. B 38, 2237 (1988), doi:10.1103/PhysRevB.38.2237).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from smtj.physics.arrays import Array, as_arrays
from smtj.physics.constants import GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats

FREQUENCY_PER_FIELD = GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY / (2 * math.pi)
"""γμ0/2π of a free electron in Hz/(A/m), 28.02 GHz/T."""


class Stiffness(NamedTuple):
    """Second derivatives of the energy, as fields, along two tangents of the sphere."""

    first: Floats
    """Unit tangent e_1, shape (..., 3); e_2 = m × e_1."""
    second: Floats
    """Unit tangent e_2, shape (..., 3)."""
    matrix: Floats
    """∂²e/∂e_i∂e_j in A/m, shape (..., 2, 2), e in units of μ0 M_s."""


def printed_frequency(
    field: Array,
    field_angle: Array,
    angle: Array,
    anisotropy_field: Array,
    second_order_field: Array,
    frequency_per_field: float = FREQUENCY_PER_FIELD,
) -> Array:
    """f_r = (μ0 γ/2π) √(f_1 f_2) in Hz, Eq. 7 as printed; NaN where f_1 f_2 < 0 (no minimum).

    H_ext, H_K1 and H_K2 are in A/m, the angles θ_H of the field and θ_M of the magnetisation from
    the film normal in rad, μ0 γ/2π in Hz/(A/m); all broadcast together.  θ_M is that in
    equilibrium: atan2(m_x, m_z) of a minimum of :func:`smtj.physics.magnetics.wells.all_minima`.
    """
    xp, (h, theta_h, theta, h_k1, h_k2) = as_arrays(
        field, field_angle, angle, anisotropy_field, second_order_field
    )
    cos = xp.cos(theta)
    zeeman = h * xp.cos(theta_h - theta)
    f_1 = zeeman + h_k1 * cos**2 - h_k2 * cos**4
    f_2 = zeeman + h_k1 * xp.cos(2 * theta) - h_k2 * (xp.cos(2 * theta) + xp.cos(4 * theta)) / 2
    product = f_1 * f_2
    return frequency_per_field * xp.sqrt(xp.where(product >= 0, product, math.nan))


def stiffness(
    spin: Macrospin,
    direction: ArrayLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
) -> Stiffness:
    """Second derivatives of a macrospin's energy in equilibrium.

    The spin holds numbers or NumPy arrays; ``direction`` holds unit vectors m of minima, shape
    (..., 3), broadcast with the applied field in A/m, without the spin's in-plane bias field.
    """
    m = np.asarray(direction, dtype=np.float64)
    m_x, m_y, m_z = np.moveaxis(m, -1, 0)
    tilt = np.asarray(spin.easy_axis_tilt, dtype=np.float64)
    sin, cos = np.sin(tilt), np.cos(tilt)
    along = m_x * sin + m_z * cos
    h_k1, h_k2, shape = (
        spin.anisotropy_field,
        spin.second_order_field,
        spin.in_plane_anisotropy_field,
    )
    # The field along m: what turns a gradient on the sphere into second derivatives there.
    radial = (
        (np.asarray(field_x) + spin.in_plane_bias_field) * m_x
        + np.asarray(field_y) * m_y
        + np.asarray(field_z) * m_z
        + h_k1 * along**2
        - h_k2 * along**4
        - shape * m_y**2
    )
    first, second = _tangents(m)
    curvature = -(h_k1 - 3 * h_k2 * along**2)

    def entry(one: Floats, other: Floats, diagonal: float) -> Floats:
        axis = (one[..., 0] * sin + one[..., 2] * cos) * (other[..., 0] * sin + other[..., 2] * cos)
        sideways = one[..., 1] * other[..., 1]
        return np.asarray(diagonal * radial + curvature * axis + shape * sideways)

    mixed = entry(first, second, 0.0)
    rows = [[entry(first, first, 1.0), mixed], [mixed, entry(second, second, 1.0)]]
    matrix = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    return Stiffness(first, second, matrix)


def resonance_frequency(
    matrix: ArrayLike, frequency_per_field: float = FREQUENCY_PER_FIELD
) -> Floats:
    """f_r = (μ0 γ/2π) √det A in Hz, of second derivatives A in A/m, shape (..., 2, 2).

    Damping, which Eq. 7 leaves out too, divides it by √(1 + α²).  NaN if A is not that of a
    minimum.
    """
    a = np.asarray(matrix, dtype=np.float64)
    determinant = a[..., 0, 0] * a[..., 1, 1] - a[..., 0, 1] * a[..., 1, 0]
    return frequency_per_field * np.sqrt(np.where(determinant >= 0, determinant, np.nan))


def in_plane_film_frequency(
    field: Array, effective_magnetisation: Array, frequency_per_field: Array = FREQUENCY_PER_FIELD
) -> Array:
    """Kittel's f_r = (μ0 γ/2π) √(H (H + M_eff)) in Hz of a film saturated in its plane.

    It is Eq. 7 at θ_H = θ_M = 90° with H_K1 = -M_eff (C. Kittel, Phys. Rev. 73, 155 (1948),
    doi:10.1103/PhysRev.73.155).  H along the plane and M_eff in A/m, μ0 γ/2π in Hz/(A/m).
    """
    return frequency_per_field * (field * (field + effective_magnetisation)) ** 0.5


def _tangents(m: Floats) -> tuple[Floats, Floats]:
    """Two unit tangents of the sphere at m that make a right-handed frame with it."""
    # The axis that m is farthest from lies well across it.
    axis = np.eye(3)[np.argmin(np.abs(m), axis=-1)]
    first = np.cross(axis, m)
    first = first / np.linalg.norm(first, axis=-1, keepdims=True)
    return first, np.cross(m, first)

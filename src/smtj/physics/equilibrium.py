"""Occupation of the two states by exact Boltzmann integration of the macrospin energy.

With Eq. 3-5 this is the second route to the sigmoid: occupation depends only on the *difference*
of the two wells' free energies, so the slope that follows hardly knows the barrier between them.

A value costs 2 · 96 · 64 nodes, about a millisecond and a megabyte while it is computed.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import device

from smtj.physics.arrays import Array, as_arrays
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.direction import offset_field

POLAR_NODES = 96
AZIMUTHAL_NODES = 64


class Macrospin(NamedTuple):
    """What the energy of a macrospin depends on; SI units, broadcast together."""

    moment: Array
    """Magnetic moment M_s V* in A m²."""
    anisotropy_field: Array
    """H_K1 in A/m, about the tilted axis."""
    second_order_field: Array
    """H_K2 in A/m, with the sign of Eq. 7."""
    in_plane_anisotropy_field: Array
    """(N_y - N_x) M_s in A/m; x is the easier of the two."""
    in_plane_bias_field: Array
    """H_in in A/m, along +x."""
    easy_axis_tilt: Array
    """Tilt of the easy axis from z towards +x, in rad."""
    temperature: Array
    """T in K."""


def log_weights(spin: Macrospin, field_z: Array) -> tuple[Array, Array]:
    """Logarithms of the partition functions of the up and the down state.

    The up state is the half of the sphere around the easy axis, the down state the other half.
    The energy is e = -μ0 M_s [H·m + ½ H_K1 (m·n)² - ¼ H_K2 (m·n)⁴ - ½ H_shape m_y²], the one
    that Eq. 7 follows from.

    Parameters
    ----------
    spin
        The macrospin.
    field_z
        H_⊥ in A/m.

    Returns
    -------
    tuple
        ln Z_up and ln Z_down, of the broadcast shape; their difference is ln(P/(1 - P)) of the up
        state.
    """
    up, down = _halves(spin, field_z)
    return up.log_weight, down.log_weight


def log_odds_slope(spin: Macrospin, field_z: Array) -> Array:
    """d ln(P/(1 - P))/dH_⊥ in 1/(A/m): (μ0 M_s V*/k_B T) (⟨m_z⟩_up - ⟨m_z⟩_down), exactly.

    For a deep barrier along z it tends to 2 μ0 M_s V*/(k_B T).  Arguments as in
    :func:`log_weights`.
    """
    up, down = _halves(spin, field_z)
    return _energy_scale(spin) * (up.mean_z - down.mean_z)


def sigmoid_of_equilibrium(spin: Macrospin) -> tuple[Array, Array]:
    """Slope w in 1/(A/m) and offset H_s in A/m of the exact P(high | H_⊥) at its midpoint.

    The midpoint is exactly :func:`smtj.physics.direction.offset_field`: there the total field lies
    across the easy axis, so the energy does not change under m·n → -m·n, which swaps the states.
    """
    midpoint = offset_field(spin.in_plane_bias_field, spin.easy_axis_tilt)
    return log_odds_slope(spin, midpoint), midpoint


class _State(NamedTuple):
    """Boltzmann averages over one half of the sphere."""

    log_weight: Array
    mean_z: Array


def _energy_scale(spin: Macrospin) -> Array:
    """μ0 M_s V*/(k_B T) in 1/(A/m): what turns a field into a reduced energy."""
    return VACUUM_PERMEABILITY * spin.moment / (BOLTZMANN * spin.temperature)


def _halves(spin: Macrospin, field_z: Array) -> tuple[_State, _State]:
    """Return the averages over the half sphere around the easy axis and over the opposite one."""
    xp, values = as_arrays(field_z, *spin)
    field, *entries = (value[..., None, None] for value in values)
    nodes = Macrospin(*entries)
    h_in, tilt = nodes.in_plane_bias_field, nodes.easy_axis_tilt
    u, m_y, across, weights = _nodes(xp, field)
    scale = _energy_scale(nodes)

    def half(along: Array) -> _State:
        m_x = along * xp.sin(tilt) + across * xp.cos(tilt)
        m_z = along * xp.cos(tilt) - across * xp.sin(tilt)
        anisotropy = (
            nodes.anisotropy_field * along**2 / 2
            - nodes.second_order_field * along**4 / 4
            - nodes.in_plane_anisotropy_field * m_y**2 / 2
        )
        exponent = scale * (field * m_z + h_in * m_x + anisotropy)
        top = xp.max(exponent, axis=(-2, -1), keepdims=True)
        density = weights * xp.exp(exponent - top)
        total = xp.sum(density, axis=(-2, -1))
        mean_z = xp.sum(m_z * density, axis=(-2, -1)) / total
        return _State(top[..., 0, 0] + xp.log(total), mean_z)

    return half(u), half(-u)


def _nodes(xp: Any, like: Array) -> tuple[Array, Array, Array, Array]:
    """Return m·n, m_y, the third component and the quadrature weights on half a half sphere."""

    def convert(values: np.ndarray[Any, Any]) -> Array:
        return xp.asarray(values, dtype=like.dtype, device=device(like))

    # The energy is even in m_y, so half the circle is enough; there equal weights converge
    # exponentially.
    angle = (np.arange(AZIMUTHAL_NODES) + 0.5) * (math.pi / AZIMUTHAL_NODES)
    nodes, node_weights = np.polynomial.legendre.leggauss(POLAR_NODES)
    u = (nodes[:, None] + 1) / 2
    radius = np.sqrt(1 - u**2)
    weights = node_weights[:, None] * (math.pi / AZIMUTHAL_NODES)
    return (
        convert(u),
        convert(radius * np.sin(angle)),
        convert(radius * np.cos(angle)),
        convert(weights),
    )

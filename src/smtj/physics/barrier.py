"""The energy barrier between the two states (Eq. 1 and 6)."""

from smtj.physics.arrays import Array, as_arrays
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY


def energy_barrier(
    energy_density: Array,
    saturation_magnetisation: Array,
    transverse_field: Array,
    activation_volume: Array,
) -> Array:
    """E_b = K_eff (1 - |H_in|/H_k)² V* with μ0 H_k = 2K_eff/M_s (Eq. 6, written as a square).

    Without a transverse field it is Eq. 1.  For |H_in| ≥ H_k or K_eff ≤ 0 there is no barrier and
    the result is 0; the printed polynomial would rise again (:func:`printed_energy_barrier`).  The
    sign of H_in does not matter: the magnetisation reverses through the side of the field.

    Parameters
    ----------
    energy_density
        K_eff in J/m³ at the bias voltage.
    saturation_magnetisation, transverse_field
        M_s and H_in, the field across the easy axis, in A/m.
    activation_volume
        V* in m³.

    Returns
    -------
    Array
        E_b in J, never negative; its gradients are finite everywhere.

    Examples
    --------
    >>> float(energy_barrier(33040.0, 1.18e6, 6971.0, 3254e-27))
    7.65e-20
    """
    xp, (k_eff, m_s, field, volume) = as_arrays(
        energy_density, saturation_magnetisation, transverse_field, activation_volume
    )
    # K_eff (1 - |H_in|/H_k)² = depth²/K_eff, which stays finite as K_eff goes to zero.
    depth = k_eff - VACUUM_PERMEABILITY * m_s * xp.abs(field) / 2
    safe_k_eff = xp.where(depth > 0, k_eff, xp.ones_like(depth))
    return xp.clip(depth, min=0) ** 2 / safe_k_eff * volume


def biaxial_energy_barrier(
    first: Array,
    shape: Array,
    saturation_magnetisation: Array,
    field_across: Array,
    field_hard: Array,
    activation_volume: Array,
) -> Array:
    """E_b = ½ μ0 M_s H_1 (1 - x)² V* of a layer with an easy, a middle and a hard axis.

    A field along the middle axis lowers the barrier as in Eq. 6, x = |H_a|/H_1.  One along the hard
    axis tilts wells and saddle alike: x = 1 - √[1 - H_b²/(H_s (H_s + H_1))] until the saddle
    reaches the hard axis at |H_b| = H_s, x = 1 - √(1 + H_s/H_1) [1 - |H_b|/(H_s + H_1)] beyond.
    Each is exact by itself; of both x is the root of the sum of their squares, which is exact
    where H_s = 0.

    Parameters
    ----------
    first, shape
        H_1 and H_s of :class:`smtj.physics.magnetics.frame.Frame`, in A/m.
    saturation_magnetisation, field_across, field_hard
        M_s, H_a and H_b in A/m.
    activation_volume
        V* in m³.

    Returns
    -------
    Array
        E_b in J, never negative; 0 where H_1 ≤ 0.

    Examples
    --------
    >>> float(biaxial_energy_barrier(3.2e4, 9.8e5, 1.1e6, 0.0, 2e5, 1.645e-24) / 1.380649e-23 / 300)
    8.43
    """
    xp, (h_1, h_s, m_s, a, b, volume) = as_arrays(
        first, shape, saturation_magnetisation, field_across, field_hard, activation_volume
    )
    safe = xp.where(h_1 > 0, h_1, xp.ones_like(h_1))
    across, hard = xp.abs(a) / safe, xp.abs(b)
    both = safe + h_s
    within = hard < h_s
    left = xp.where(within, 1 - hard**2 / (xp.where(within, h_s, xp.ones_like(h_s)) * both), 0.0)
    # The root has no gradient at zero, not even in a branch that is thrown away.
    tilting = 1 - xp.sqrt(xp.where(left > 0, left, xp.ones_like(left)))
    beyond = 1 - xp.sqrt(both / safe) * (1 - hard / both)
    along_hard = xp.where(within, tilting, beyond)
    squared = across**2 + along_hard**2
    size = xp.where(squared > 0, xp.sqrt(xp.where(squared > 0, squared, 1.0 + 0 * squared)), 0.0)
    depth = xp.clip(1 - size, min=0) ** 2 * xp.clip(h_1, min=0)
    return VACUUM_PERMEABILITY * m_s * depth / 2 * volume


def printed_energy_barrier(
    energy_density: Array,
    saturation_magnetisation: Array,
    transverse_field: Array,
    activation_volume: Array,
) -> Array:
    """Eq. 6 as printed, E_b = (K_eff - H_in M_s + M_s² H_in²/(4K_eff)) V*, with μ0 inserted.

    Arguments as in :func:`energy_barrier`, with which it agrees for 0 ≤ H_in ≤ H_k.  For comparison
    only: it rises again beyond H_k, grows for negative H_in and diverges at K_eff = 0.
    """
    zeeman = VACUUM_PERMEABILITY * saturation_magnetisation * transverse_field
    return (energy_density - zeeman + zeeman**2 / (4 * energy_density)) * activation_volume


def stability_factor(barrier: Array, temperature: Array) -> Array:
    """Δ = E_b/(k_B T), dimensionless, from J and K."""
    return barrier / (BOLTZMANN * temperature)

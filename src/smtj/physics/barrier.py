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

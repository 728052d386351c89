"""The energy barrier between the two states (Eq. 1 and 6)."""

from smtj.physics.arrays import Array, as_arrays
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY


def energy_barrier(
    energy_density: Array,
    saturation_magnetisation: Array,
    transverse_field: Array,
    activation_volume: Array,
) -> Array:
    """E_b = K_eff (1 - |H_in|/H_k)² V* with μ0 H_k = 2K_eff/M_s (Eq. 6 as the square that it is).

    Without transverse field it is Eq. 1.  Past |H_in| = H_k, and for K_eff ≤ 0, there is no
    barrier and the result is 0, where the printed polynomial would rise again
    (:func:`printed_energy_barrier`).  The sign of H_in does not matter: the magnetisation turns
    over through the side of the field, which is -x for a field along -x.

    Parameters
    ----------
    energy_density
        K_eff in J/m³, at the bias voltage in question.
    saturation_magnetisation
        M_s in A/m.
    transverse_field
        H_in in A/m, the field across the easy axis.
    activation_volume
        V* in m³.

    Returns
    -------
    Array
        E_b in J, of the broadcast shape, never negative; its gradients are finite everywhere.
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
    """Eq. 6 as printed, E_b = (K_eff - H_in M_s + M_s² H_in²/(4K_eff)) V*, with μ0 put in.

    The same arguments and units as :func:`energy_barrier`, with which it agrees for
    0 ≤ H_in ≤ H_k.  Outside it is kept for comparison only: it rises again beyond H_k, grows for
    negative H_in and diverges at K_eff = 0.
    """
    zeeman = VACUUM_PERMEABILITY * saturation_magnetisation * transverse_field
    return (energy_density - zeeman + zeeman**2 / (4 * energy_density)) * activation_volume


def stability_factor(barrier: Array, temperature: Array) -> Array:
    """Δ = E_b/(k_B T), dimensionless, from J and K."""
    return barrier / (BOLTZMANN * temperature)

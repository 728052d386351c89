"""Anisotropy of the free layer: the three terms of Eq. 1, its field, and how voltage moves it.

The VCMA coefficient ξ of a field per volt is :func:`smtj.card.consistency.vcma_coefficient`,
since a card checks the two against each other.
"""

from smtj.physics.arrays import Array
from smtj.physics.constants import VACUUM_PERMEABILITY


def shape_energy_density(saturation_magnetisation: Array, factor_x: Array) -> Array:
    """K_shape = ½ μ0 M_s² N_x of Eq. 1 in J/m³, from M_s in A/m and the factor along the long axis.

    The magnetisation reverses through the long axis, the lowest saddle, so the energy of that
    saddle enters the barrier with a plus sign, as in Eq. 1.
    """
    return 0.5 * VACUUM_PERMEABILITY * saturation_magnetisation**2 * factor_x


def demagnetising_energy_density(saturation_magnetisation: Array, factor_z: Array) -> Array:
    """K_d of Eq. 1 in J/m³, ½ μ0 M_s² N_z, from M_s in A/m and the factor along the normal."""
    return 0.5 * VACUUM_PERMEABILITY * saturation_magnetisation**2 * factor_z


def perpendicular_energy_density(interface_anisotropy: Array, thickness: Array) -> Array:
    """K_⊥ of Eq. 1 in J/m³, K_i/t, from K_i in J/m² and the free-layer thickness in m.

    References
    ----------
    S. Ikeda et al., Nat. Mater. 9, 721 (2010), doi:10.1038/nmat2804.
    """
    return interface_anisotropy / thickness


def effective_energy_density(
    k_shape: Array, k_perpendicular: Array, k_demagnetising: Array
) -> Array:
    """K_0,eff = K_shape + K_⊥ - K_d in J/m³ (Eq. 1); negative when the layer lies in the plane."""
    return k_shape + k_perpendicular - k_demagnetising


def anisotropy_field(energy_density: Array, saturation_magnetisation: Array) -> Array:
    """H_K1 = 2K_eff/(μ0 M_s) in A/m, from J/m³ and A/m; the H_K1 of Eq. 7."""
    return 2 * energy_density / (VACUUM_PERMEABILITY * saturation_magnetisation)


def energy_density_of_field(field: Array, saturation_magnetisation: Array) -> Array:
    """K_eff = ½ μ0 M_s H_K1 in J/m³; the inverse of :func:`anisotropy_field`."""
    return 0.5 * VACUUM_PERMEABILITY * saturation_magnetisation * field


def voltage_energy_density(
    vcma_coefficient: Array, voltage: Array, tunnel_barrier_thickness: Array, thickness: Array
) -> Array:
    """Reduction of K_eff by a bias voltage, ξ V/(t_d t) in J/m³ (Eq. 6, second line).

    ξ in J/(V m), positive if a positive voltage lowers the perpendicular anisotropy; V in V; t_d
    of the MgO and t of the free layer in m.
    """
    return vcma_coefficient * voltage / (tunnel_barrier_thickness * thickness)

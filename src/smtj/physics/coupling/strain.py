"""Strain from a ferroelectric below the junction: what it does to the magnetisation.

Strain acts through the magnetoelastic energy -(3/2) λ_s σ m_x², which does not tell m from -m: it
cannot favour one of two opposite states.  The paper has it «tune the effective field», which is the
first of two readings here.  The second is what such a term does to the paper's own device: it turns
the tilted easy axis, and the in-plane field H_in then weighs the two states differently.
"""

import math
from dataclasses import dataclass

from smtj.errors import SmtjError
from smtj.physics.arrays import Array
from smtj.physics.constants import VACUUM_PERMEABILITY, VACUUM_PERMITTIVITY
from smtj.physics.coupling.oersted import SUPPLY_VOLTAGE
from smtj.physics.magnetics.direction import offset_field


def magnetoelastic_energy_density(
    magnetostriction: Array, youngs_modulus: Array, strain: Array
) -> Array:
    """K_me = (3/2) λ_s Y ε in J/m³, of uniaxial strain ε and stress Yε along x.

    λ_s and ε are plain numbers, Y is in Pa.  B. D. Cullity and C. D. Graham, Introduction to
    Magnetic Materials, 2nd ed., Wiley (2009), Ch. 8, doi:10.1002/9780470386323.
    """
    return 1.5 * magnetostriction * youngs_modulus * strain


def magnetoelastic_field(energy_density: Array, saturation_magnetisation: Array) -> Array:
    """H_me = 2 K_me/(μ0 M_s) in A/m; K_me in J/m³ and M_s in A/m."""
    return 2 * energy_density / (VACUUM_PERMEABILITY * saturation_magnetisation)


def tilt_offset_field(
    energy_density: Array, magnetoelastic: Array, easy_axis_tilt: Array, in_plane_bias_field: Array
) -> Array:
    """H_⊥ in A/m that would move P(high) as the strained easy axis does, to first order in K_me.

    Beside -K_eff (m·n)² the term -K_me m_x² turns n to 2θ' = atan2(K sin 2θ, K cos 2θ - K_me), and
    H_s = -H_in tan θ moves by H_in (tan θ' - tan θ) ≈ H_in tan(θ) K_me/K_eff: 0 without H_in and
    without tilt.

    Parameters
    ----------
    energy_density, magnetoelastic
        K_eff and K_me in J/m³.
    easy_axis_tilt
        θ of n from z towards +x, in rad.
    in_plane_bias_field
        H_in in A/m, along +x.
    """
    return -offset_field(in_plane_bias_field, easy_axis_tilt) * magnetoelastic / energy_density


@dataclass(frozen=True)
class Ferroelectric:
    """A ferroelectric film below the junction that strains it; all values are assumptions.

    Piezoelectric coefficient and permittivity are of the order of thin PZT films, the free layer's
    magnetostriction and modulus those usual for CoFeB.
    """

    piezoelectric_coefficient: float = 82e-12
    """Strain along x per electric field, in m/V."""
    thickness: float = 100e-9
    """Of the film, in m."""
    area: float = 1e-12
    """Of the film below one neuron, in m²."""
    relative_permittivity: float = 1000.0
    largest_voltage: float = 1.0
    """Of the driver, in V, of either sign."""
    magnetostriction: float = 30e-6
    """λ_s of the free layer."""
    youngs_modulus: float = 160e9
    """Y of the free layer in Pa."""
    supply_voltage: float = SUPPLY_VOLTAGE
    """Of the driver, in V."""

    def __post_init__(self) -> None:
        """Reject impossible films."""
        for name, value in vars(self).items():
            if not 0 < value < math.inf:
                raise SmtjError(f"{name} of the ferroelectric is {value:g}; it must be above 0")

    @property
    def strain_per_volt(self) -> float:
        """ε per V: the piezoelectric coefficient over the thickness."""
        return self.piezoelectric_coefficient / self.thickness

    @property
    def largest_drive(self) -> float:
        """Largest voltage of the driver in V."""
        return self.largest_voltage

    @property
    def capacitance(self) -> float:
        """Of the film below one neuron, in F."""
        permittivity = self.relative_permittivity * VACUUM_PERMITTIVITY
        return permittivity * self.area / self.thickness

    def energy_density(self, voltage: Array) -> Array:
        """K_me in J/m³ at a voltage in V."""
        strain = self.strain_per_volt * voltage
        return magnetoelastic_energy_density(self.magnetostriction, self.youngs_modulus, strain)

    def power(self, drive: Array, interval: float | None) -> Array:
        """Power C |V| V_dd/interval in W that the supply gives for charging to V once per input.

        The charge C |V| comes from the supply and none returns; 0 for a held voltage (None).
        """
        if interval is None:
            return 0 * drive
        return self.capacitance * abs(drive) * self.supply_voltage / interval

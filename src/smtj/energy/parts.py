"""What the parts around a junction spend: amplifier, Oersted wire, strained ferroelectric."""

import math

from smtj.energy.assumptions import Assumptions
from smtj.physics.constants import BOLTZMANN, ELEMENTARY_CHARGE

VACUUM_PERMITTIVITY = 8.8541878188e-12
"""ε0 in F/m, CODATA 2022."""


def amplifier_power(table: Assumptions, temperature: float) -> float:
    """Supply power in W of an amplifier of voltage noise e_n: V_dd NEF² (π/2) 4k_BT (k_BT/e)/e_n².

    This is the definition of the noise efficiency factor, solved for the supply current
    (M. Steyaert and W. Sansen, IEEE J. Solid-State Circuits 22, 1163 (1987),
    doi:10.1109/JSSC.1987.1052869); quieter amplifiers need more current, as 1/e_n².
    """
    thermal = BOLTZMANN * temperature
    noise = float(table.amplifier_noise) ** 2
    current = (
        float(table.noise_efficiency) ** 2
        * (math.pi / 2)
        * 4
        * thermal
        * (thermal / ELEMENTARY_CHARGE)
        / noise
    )
    return float(table.supply_voltage) * current


def wire_power(table: Assumptions, current: float) -> float:
    """I²R of a wire and what its driver takes, I times its headroom, in W; I in A."""
    section = float(table.wire_width * table.wire_thickness)
    ohm = float(table.wire_resistivity) * float(table.wire_length) / section
    return ohm * current**2 + float(table.driver_headroom) * abs(current)


def strain_energy(table: Assumptions, field: float) -> float:
    """½ C V² in J of a ferroelectric that stands for a field in A/m; C = ε ε0 A/t.

    Strain changes the anisotropy, which is even in m and favours neither well by itself; that it
    acts as a field is the paper's word, and only its charge is counted.
    """
    film = float(table.ferroelectric_area) / float(table.ferroelectric_thickness)
    capacitance = float(table.ferroelectric_permittivity) * VACUUM_PERMITTIVITY * film
    return 0.5 * capacitance * (field / float(table.strain_field_per_volt)) ** 2

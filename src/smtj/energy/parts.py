"""What the parts around a junction spend: amplifier, Oersted wire, strained ferroelectric."""

import math

import numpy as np
from numpy.typing import ArrayLike

from smtj.energy.assumptions import Assumptions
from smtj.physics.constants import BOLTZMANN, ELEMENTARY_CHARGE
from smtj.physics.coupling.oersted import OerstedWire
from smtj.physics.coupling.strain import Ferroelectric
from smtj.typing import Floats


def amplifier_power(table: Assumptions, voltage_noise: ArrayLike, temperature: float) -> Floats:
    """Supply power in W of an amplifier of voltage noise e_n: V_dd NEF² (π/2) 4k_BT (k_BT/e)/e_n².

    This is the definition of the noise efficiency factor, solved for the supply current
    (M. Steyaert and W. Sansen, IEEE J. Solid-State Circuits 22, 1163 (1987),
    doi:10.1109/JSSC.1987.1052869); quieter amplifiers need more current, as 1/e_n².
    """
    thermal = BOLTZMANN * temperature
    current = (
        float(table.noise_efficiency) ** 2
        * (math.pi / 2)
        * 4
        * thermal
        * (thermal / ELEMENTARY_CHARGE)
        / np.asarray(voltage_noise) ** 2
    )
    return np.asarray(float(table.supply_voltage) * current)


def wire(table: Assumptions) -> OerstedWire:
    """The wire of the table."""
    return OerstedWire(
        width=float(table.wire_width),
        thickness=float(table.wire_thickness),
        length=float(table.wire_length),
        distance=float(table.wire_distance),
        resistivity=float(table.wire_resistivity),
    )


def wire_power(table: Assumptions, current: float) -> float:
    """I²R of the wire and what its driver takes, I times its headroom, in W; I in A."""
    return float(wire(table).power(current)) + float(table.driver_headroom) * abs(current)


def strain_energy(table: Assumptions, field: float) -> float:
    """½ C V² in J of a ferroelectric that stands for a field in A/m.

    Strain changes the anisotropy, which is even in m and favours neither well by itself; that it
    acts as a field is the paper's word, and only its charge is counted.
    """
    film = Ferroelectric(
        thickness=float(table.ferroelectric_thickness),
        area=float(table.ferroelectric_area),
        relative_permittivity=float(table.ferroelectric_permittivity),
    )
    return 0.5 * film.capacitance * (field / float(table.strain_field_per_volt)) ** 2

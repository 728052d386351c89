"""What the parts around a junction spend: amplifier, Oersted wire, strained ferroelectric."""

import math

import numpy as np
from numpy.typing import ArrayLike

from smtj.energy.assumptions import Assumptions
from smtj.physics.constants import BOLTZMANN, ELEMENTARY_CHARGE
from smtj.physics.coupling.oersted import OerstedWire
from smtj.physics.coupling.strain import Ferroelectric
from smtj.typing import Floats


def amplifier_power(assumed: Assumptions, voltage_noise: ArrayLike, temperature: float) -> Floats:
    """Return an amplifier's supply power in W: V_dd NEF² (π/2) 4k_BT (k_BT/e)/e_n².

    The definition of the noise efficiency factor, solved for the supply current (M. Steyaert and
    W. Sansen, IEEE J. Solid-State Circuits 22, 1163 (1987), doi:10.1109/JSSC.1987.1052869).
    """
    thermal = BOLTZMANN * temperature
    current = (
        float(assumed.noise_efficiency) ** 2
        * (math.pi / 2)
        * 4
        * thermal
        * (thermal / ELEMENTARY_CHARGE)
        / np.asarray(voltage_noise) ** 2
    )
    return np.asarray(float(assumed.supply_voltage) * current)


def wire(assumed: Assumptions) -> OerstedWire:
    """Return the assumed Oersted wire."""
    return OerstedWire(
        width=float(assumed.wire_width),
        thickness=float(assumed.wire_thickness),
        length=float(assumed.wire_length),
        distance=float(assumed.wire_distance),
        resistivity=float(assumed.wire_resistivity),
    )


def wire_power(assumed: Assumptions, current: float) -> float:
    """Return I²R of the wire plus I times the driver's headroom, in W; I in A."""
    return float(wire(assumed).power(current)) + float(assumed.driver_headroom) * abs(current)


def strain_energy(assumed: Assumptions, field: float) -> float:
    """Return ½ C V² in J of a ferroelectric that stands in for a field in A/m.

    Strain changes the anisotropy, which is even in m and favours neither well by itself; that it
    acts as a field is the paper's claim, and only the charge is counted.
    """
    film = Ferroelectric(
        thickness=float(assumed.ferroelectric_thickness),
        area=float(assumed.ferroelectric_area),
        relative_permittivity=float(assumed.ferroelectric_permittivity),
    )
    return 0.5 * film.capacitance * (field / float(assumed.strain_field_per_volt)) ** 2

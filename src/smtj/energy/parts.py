"""What the parts around a junction take from the supply: amplifier, Oersted wire, strained film.

Every current comes from the one supply voltage, so a wire takes V_dd |I| and not I²R, a film
V_dd C |V| and not half of C V².
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf

from smtj.energy.assumptions import Assumptions
from smtj.physics.constants import BOLTZMANN, ELEMENTARY_CHARGE
from smtj.physics.coupling.oersted import OerstedWire
from smtj.physics.coupling.strain import Ferroelectric
from smtj.typing import Floats


class Reach(NamedTuple):
    """The fields that a driver must make: normally distributed over neurons and inputs, in A/m."""

    mean: float
    """Part of H_s that no permanent magnet makes."""
    spread: float
    """Standard deviation, that of the log-odds over w."""

    @property
    def rms(self) -> float:
        """Root of the mean square."""
        return math.hypot(self.mean, self.spread)

    @property
    def magnitude(self) -> float:
        """Mean magnitude, that of a folded normal distribution."""
        if self.spread == 0:
            return abs(self.mean)
        x = self.mean / self.spread
        width = math.sqrt(2 / math.pi) * math.exp(-(x**2) / 2)
        return self.spread * width + self.mean * float(erf(x / math.sqrt(2)))


def amplifier_power(
    assumed: Assumptions, voltage_noise: ArrayLike, gain_bandwidth: ArrayLike, temperature: float
) -> Floats:
    """Return an amplifier's supply power in W, for its noise or for its speed, whichever is more.

    For the noise e_n the current is NEF² (π/2) 4k_BT (k_BT/e)/e_n², the definition of the noise
    efficiency factor (M. Steyaert and W. Sansen, IEEE J. Solid-State Circuits 22, 1163 (1987),
    doi:10.1109/JSSC.1987.1052869); for the gain-bandwidth product f it is 2 · 2πf C/(g_m/I), with
    the transconductance g_m = 2πf C that drives the load C, in two branches.
    """
    thermal = BOLTZMANN * temperature
    for_noise = (
        float(assumed.noise_efficiency) ** 2
        * (math.pi / 2)
        * 4
        * thermal
        * (thermal / ELEMENTARY_CHARGE)
        / np.asarray(voltage_noise) ** 2
    )
    transconductance = 2 * math.pi * np.asarray(gain_bandwidth) * float(assumed.amplifier_load)
    for_speed = 2 * transconductance / float(assumed.transconductance_efficiency)
    return np.asarray(float(assumed.supply_voltage) * np.maximum(for_noise, for_speed))


def wire(assumed: Assumptions) -> OerstedWire:
    """Return the assumed Oersted wire."""
    return OerstedWire(
        width=float(assumed.wire_width),
        thickness=float(assumed.wire_thickness),
        length=float(assumed.wire_length),
        distance=float(assumed.wire_distance),
        resistivity=float(assumed.wire_resistivity),
        largest_current=float(assumed.wire_current),
        supply_voltage=float(assumed.supply_voltage),
    )


def wire_power(assumed: Assumptions, reach: Reach) -> float:
    """Return the mean V_dd |I| in W of a wire and its driver."""
    made = wire(assumed)
    return float(made.power(reach.magnitude / made.field_per_drive))


def film(assumed: Assumptions) -> Ferroelectric:
    """Return the assumed ferroelectric film."""
    return Ferroelectric(
        thickness=float(assumed.ferroelectric_thickness),
        area=float(assumed.ferroelectric_area),
        relative_permittivity=float(assumed.ferroelectric_permittivity),
        largest_voltage=float(assumed.film_voltage),
        supply_voltage=float(assumed.supply_voltage),
    )


def strain_energy(assumed: Assumptions, reach: Reach) -> float:
    """Return the mean V_dd C |V| in J of a film that stands in for a field, charged once.

    Strain changes the anisotropy, which is even in m and favours neither well by itself; that it
    acts as a field is the paper's claim, and only the charge is counted.
    """
    volts = reach.magnitude / float(assumed.strain_field_per_volt)
    return float(film(assumed).power(volts, 1.0))

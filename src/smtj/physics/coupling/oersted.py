"""The field of a wire beside the junction, by which the paper drives the next layer's neurons."""

import math
from dataclasses import dataclass
from typing import Any

from smtj.errors import SmtjError
from smtj.physics.arrays import Array, as_arrays


def conductor_field(
    current: Array, width: Array, thickness: Array, lateral: Array, height: Array
) -> tuple[Array, Array]:
    """Field of a long conductor of rectangular cross-section, outside and inside (Biot and Savart).

    With a uniform current density, u = x ± W/2 and v = z ± T/2, the sums over the four corners

    H_x = (I/2πWT) Σ ± [v atan(u/v) + (u/2) ln(u² + v²)]
    H_z = -(I/2πWT) Σ ± [u atan(v/u) + (v/2) ln(u² + v²)]

    in A/m are the thin wire's field, I/(2πr), integrated over the cross-section.

    Parameters
    ----------
    current
        I in A, along +y.
    width, thickness
        W along x and T along z, in m.
    lateral, height
        x and z of the point from the middle of the conductor, in m; all broadcast together.

    Returns
    -------
    tuple
        H_x and H_z in A/m.

    Examples
    --------
    >>> h_x, h_z = conductor_field(5e-3, 100e-9, 200e-9, 150e-9, 0.0)
    >>> float(h_x), float(h_z)  # A/m
    (0.0, -4775.0)
    """
    xp, (i, w, t, x, z) = as_arrays(current, width, thickness, lateral, height)
    # Logarithms of ratios near 1 far away, so that the corners cancel with small numbers.
    size = x**2 + z**2 + w**2 + t**2
    in_plane, normal = 0.0, 0.0
    for of_u in (1, -1):
        for of_v in (1, -1):
            u, v = x + of_u * w / 2, z + of_v * t / 2
            squared = u**2 + v**2
            # At a corner itself u ln(u² + v²) is 0.
            log = xp.log(xp.where(squared > 0, squared, size) / size) / 2
            in_plane = in_plane + of_u * of_v * (_times_angle(xp, v, u) + u * log)
            normal = normal - of_u * of_v * (_times_angle(xp, u, v) + v * log)
    scale = i / (2 * math.pi * w * t)
    return scale * in_plane, scale * normal


def _times_angle(xp: Any, a: Array, b: Array) -> Array:
    """a atan(b/a), which is even in a and 0 at a = 0."""
    return xp.abs(a) * xp.atan2(b, xp.abs(a))


SUPPLY_VOLTAGE = 1.2
"""Of the circuits around a junction, in V; the assumption ``supply_voltage`` of costs."""


@dataclass(frozen=True)
class OerstedWire:
    """A wire along the long axis of the junction, at its side; all values are assumptions.

    The paper only says that the output is «converted to a current passing through a wire».  A wire
    beside the junction, in the plane of the free layer, makes a field along its normal and none in
    the plane; one above or below it does the opposite.
    """

    width: float = 100e-9
    """In m."""
    thickness: float = 200e-9
    """In m."""
    length: float = 1e-6
    """In m; that much of it belongs to one neuron."""
    distance: float = 150e-9
    """From the middle of the wire to the middle of the junction, in m."""
    height: float = 0.0
    """Of the junction above the wire, in m."""
    resistivity: float = 4e-8
    """In ohm m; of copper that narrow, about twice the bulk."""
    largest_current: float = 5e-3
    """Of the driver, in A; 25 MA/cm² in the default wire, more than electromigration allows."""
    supply_voltage: float = SUPPLY_VOLTAGE
    """Of the driver, in V."""

    def __post_init__(self) -> None:
        """Reject impossible wires."""
        for name, value in vars(self).items():
            if name != "height" and not 0 < value < math.inf:
                raise SmtjError(f"{name} of the wire is {value:g}; it must be above 0")
        if self.distance <= self.width / 2:
            raise SmtjError(
                f"distance of the wire is {self.distance:g} m, but its width {self.width:g} m "
                "reaches as far; the junction must lie beside it"
            )

    @property
    def field_per_drive(self) -> float:
        """H_⊥ at the junction per current, in A/m per A, counted positive."""
        return abs(float(self._field()[1]))

    @property
    def in_plane_field_per_drive(self) -> float:
        """The part in the plane, across the long axis, in A/m per A: it lowers the barrier."""
        return abs(float(self._field()[0]))

    @property
    def largest_drive(self) -> float:
        """Largest current of the driver in A."""
        return self.largest_current

    @property
    def resistance(self) -> float:
        """Resistance of one neuron's part of the wire, in ohm."""
        return self.resistivity * self.length / (self.width * self.thickness)

    def power(self, drive: Array, interval: float | None = None) -> Array:
        """Power V_dd |I| in W that the supply gives while a current in A flows.

        It is the same for any interval between inputs; I²R of it heats the wire, the rest the
        driver.
        """
        return self.supply_voltage * abs(drive)

    def heat(self, current: Array) -> Array:
        """Heat I²R in W in the wire, of a current in A."""
        return self.resistance * current**2

    def _field(self) -> tuple[Array, Array]:
        """Return H_x and H_z at the junction per current, in A/m per A."""
        return conductor_field(1.0, self.width, self.thickness, self.distance, self.height)

"""The field of a wire beside the junction: how the paper's network feeds its next neurons."""

import math
from dataclasses import dataclass

from smtj.errors import SmtjError
from smtj.physics.arrays import Array, as_arrays


def strip_field(current: Array, width: Array, lateral: Array, height: Array) -> tuple[Array, Array]:
    """Field of a long flat wire, beside and above it (Biot and Savart).

    H_x = (I/2πW) [atan2(z, x - W/2) - atan2(z, x + W/2)] and
    H_z = (I/4πW) ln{[(x - W/2)² + z²]/[(x + W/2)² + z²]} in A/m.  Far away their size is that of a
    thin wire, I/(2πr).  In the wire's own plane H_x jumps at the wire; the value is that above it.

    Parameters
    ----------
    current
        I in A, along +y.
    width
        W of the wire along x, in m.
    lateral, height
        x and z of the point from the middle of the wire, in m; all broadcast together.
    """
    xp, (i, w, x, z) = as_arrays(current, width, lateral, height)
    near, far = x - w / 2, x + w / 2
    in_plane = i / (2 * math.pi * w) * (xp.atan2(z, near) - xp.atan2(z, far))
    normal = i / (4 * math.pi * w) * xp.log((near**2 + z**2) / (far**2 + z**2))
    return in_plane, normal


@dataclass(frozen=True)
class OerstedWire:
    """A flat wire along the long axis of the junction, at its side; all values are assumptions.

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
    """Of the driver, in A; 2.5 × 10¹¹ A/m² in the default wire."""

    def __post_init__(self) -> None:
        """Reject impossible wires."""
        for name in ("width", "thickness", "length", "distance", "resistivity", "largest_current"):
            if not 0 < getattr(self, name) < math.inf:
                raise SmtjError(
                    f"{name} of the wire is {getattr(self, name):g}; it must be above 0"
                )
        if self.distance <= self.width / 2:
            raise SmtjError(
                f"distance of the wire is {self.distance:g} m, but its width {self.width:g} m "
                "reaches as far; the junction must lie beside it"
            )

    @property
    def field_per_drive(self) -> float:
        """H_⊥ at the junction per current, in A/m per A, counted positive."""
        return abs(float(strip_field(1.0, self.width, self.distance, self.height)[1]))

    @property
    def in_plane_field_per_drive(self) -> float:
        """The part in the plane, across the long axis, in A/m per A: it lowers the barrier."""
        return abs(float(strip_field(1.0, self.width, self.distance, self.height)[0]))

    @property
    def largest_drive(self) -> float:
        """Largest current of the driver in A."""
        return self.largest_current

    @property
    def resistance(self) -> float:
        """Of the part that belongs to one neuron, in ohm."""
        return self.resistivity * self.length / (self.width * self.thickness)

    def power(self, drive: Array, interval: float | None = None) -> Array:
        """Heat I²R in W while a current in A flows; the same for any interval between inputs."""
        return self.resistance * drive**2

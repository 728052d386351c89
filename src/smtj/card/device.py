"""The device card: a stochastic magnetic tunnel junction, every number with its source."""

from typing import TYPE_CHECKING, Any, Self

from pydantic import model_validator

from smtj.card.base import FIELD, IN_PLANE_FIELD, Card, Drive, reject_text
from smtj.card.consistency import agree, vcma_coefficient
from smtj.card.operation import Electrical, Switching, Thermal, Variability
from smtj.card.section import broken_rule
from smtj.card.structure import Geometry, Magnetism, SpinTorque, Vcma
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smtj.physics.device import OperatingPoint
    from smtj.physics.drives import DrivenPoint

DIRECTIONS = ("field_in_plane", "field_across", "field_out_of_plane")
"""Components of a field: along the ellipse, across it in the plane, along the normal."""


class DeviceCard(Card):
    """A device by its physics: geometry, magnetism, electrics, how it is driven, read and varied.

    Examples
    --------
    >>> import smtj
    >>> from smtj.units import mV
    >>> card = smtj.load_card("cai2019").replace({"thermal.temperature": "310 K"})
    >>> card.thermal.shown("temperature"), card.thermal.temperature.provenance
    ('310 K', 'assumed')
    >>> float(card.at(voltage=-200 * mV).stability_factor)
    20.86
    """

    geometry: Geometry
    magnetism: Magnetism
    vcma: Vcma
    spin_torque: SpinTorque | None = None
    electrical: Electrical
    thermal: Thermal
    switching: Switching
    variability: Variability

    @model_validator(mode="after")
    def _vcma_agrees(self) -> Self:
        stated, per_volt = self.vcma.coefficient, self.vcma.anisotropy_field_per_volt
        if stated is None or per_volt is None:
            return self
        given = (
            per_volt,
            self.magnetism.saturation_magnetisation,
            self.geometry.free_layer_thickness,
            self.geometry.tunnel_barrier_thickness,
        )
        implied = vcma_coefficient(*given)
        errors = [v.standard_error / abs(v) for v in (stated, *given) if v and v.standard_error]
        if not agree(stated, implied, errors):
            found = Vcma.quantities()["coefficient"].text(implied, 4)
            raise broken_rule(
                f"vcma.coefficient is {self.vcma.shown('coefficient')}, but "
                "vcma.anisotropy_field_per_volt "
                f"({self.vcma.shown('anisotropy_field_per_volt')}) with M_s and the two "
                f"thicknesses gives {found}; make them agree within 2 % or their standard "
                "errors, or leave one of them out"
            )
        return self

    @property
    def drive(self) -> Drive:
        """The field along the normal, H_⊥, or along x, H_∥, where the states lie in the plane."""
        return IN_PLANE_FIELD if self._in_plane else FIELD

    @property
    def drive_condition(self) -> str:
        """``"field_out_of_plane"``, or ``"field_in_plane"`` where the states lie in the plane."""
        return "field_in_plane" if self._in_plane else "field_out_of_plane"

    @property
    def _in_plane(self) -> bool:
        from smtj.physics.free_layer import states_in_plane

        return states_in_plane(self)

    @property
    def drive_limit(self) -> float:
        """``switching.field_limit`` in A/m."""
        return float(self.switching.field_limit)

    @property
    def bias_voltage(self) -> float:
        """0 V: the bias at which a neuron works if none is given."""
        return 0.0

    @property
    def voltage_limit(self) -> float:
        """``switching.voltage_limit`` in V."""
        return float(self.switching.voltage_limit)

    @property
    def read_voltage(self) -> float:
        """``electrical.read_voltage`` in V."""
        return float(self.electrical.read_voltage)

    @property
    def temperature(self) -> float:
        """``thermal.temperature`` in K."""
        return float(self.thermal.temperature)

    @property
    def sampling_interval(self) -> float:
        """``switching.sampling_interval`` in s."""
        return float(self.switching.sampling_interval)

    @property
    def integration_time(self) -> float:
        """``switching.integration_time`` in s."""
        return float(self.switching.integration_time)

    @property
    def conditions(self) -> dict[str, float]:
        """No field, and the card's read voltage and temperature."""
        return {
            "field_out_of_plane": 0.0,
            "field_in_plane": 0.0,
            "voltage": self.read_voltage,
            "temperature": self.temperature,
        }

    @property
    def reading_noise(self) -> tuple[float, float]:
        """None: the noise is the instrument's."""
        return 0.0, 0.0

    @property
    def spreads(self) -> Variability:
        """The section ``variability``."""
        return self.variability

    @property
    def barrier_sets_slope(self) -> bool:
        """True in the model cai2019; in the self-consistent one the barrier drops out of w."""
        return self.switching.model == "cai2019"

    def at(
        self,
        voltage: Any = None,
        field: Any = None,
        temperature: Any = None,
        current: Any = None,
        *,
        field_in_plane: Any = None,
        field_across: Any = None,
        field_out_of_plane: Any = None,
    ) -> "OperatingPoint | DrivenPoint":
        """What follows under a voltage in V or a current in A, a field and a temperature in K.

        ``field`` is the card's :attr:`drive`, in A/m: H_⊥ or, where the states lie in the plane,
        H_∥.  The other components are those along the ellipse (x, H_∥), across it in the plane (y)
        and along the normal (z, H_⊥).  Numbers or arrays, by default no voltage, no field and the
        card's temperature.

        Dwell times and P(high) include VCMA and, where the card has them, both spin torques and
        Joule's heat; at a constant current each state has its own voltage.  See
        :mod:`smtj.physics.drives`.

        Raises
        ------
        SmtjError
            There are a voltage and a current, or the drive is given twice.

        Examples
        --------
        >>> import smtj
        >>> from smtj.units import Oe, mV
        >>> card = smtj.load_card("funatsu2022").replace({"spin_torque.polarisation": 0.6})
        >>> point = card.at(voltage=2 * mV, field=20 * Oe)
        >>> round(float(point.switching_probability()), 2)
        0.36
        """
        from smtj.physics.drives import device_point

        reject_text(voltage=voltage, field=field, temperature=temperature, current=current)
        components = {
            "field_in_plane": field_in_plane,
            "field_across": field_across,
            "field_out_of_plane": field_out_of_plane,
        }
        reject_text(**components)
        own = components.pop(self.drive_condition)
        if own is not None and field is not None:
            raise SmtjError(
                f"field and {self.drive_condition} are the same for card {self.name}, as it is its "
                "drive; give one of them"
            )
        others = {name: 0.0 if given is None else given for name, given in components.items()}
        others[self.drive_condition] = 0.0
        x, y, z = (others[name] for name in DIRECTIONS)
        drive = field if own is None else own
        return device_point(self, voltage, drive, temperature, current, (x, y, z))

    def under_bias(
        self, voltage: Any = None, temperature: Any = None
    ) -> "OperatingPoint | DrivenPoint":
        """As :meth:`at`, at no field."""
        return self.at(voltage, temperature=temperature)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot P(high) and the resistances of both states against the field.

        At no voltage and at both ends of ``switching.voltage_limit``.
        """
        import numpy as np

        return self.at(self.voltage_limit * np.array([-1.0, 0.0, 1.0])).plot(ax)

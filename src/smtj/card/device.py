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
        self, voltage: Any = None, field: Any = None, temperature: Any = None, current: Any = None
    ) -> "OperatingPoint":
        """What follows at a voltage in V, a field in A/m and a temperature in K.

        The field is the card's :attr:`drive`: H_⊥ or, where the states lie in the plane, H_∥.
        Numbers or arrays, by default no voltage, no field and the card's temperature; see
        :func:`smtj.physics.device.operating_point`.
        """
        from smtj.physics.device import operating_point

        reject_text(voltage=voltage, field=field, temperature=temperature, current=current)
        if current is not None:
            raise SmtjError(
                f"card {self.name} has no law for a current; give voltage= in V instead"
            )
        bias = 0.0 if voltage is None else voltage
        return operating_point(self, bias, temperature, 0.0 if field is None else field)

    def under_bias(self, voltage: Any = None, temperature: Any = None) -> "OperatingPoint":
        """As :meth:`at`, at no field."""
        return self.at(voltage, temperature=temperature)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot P(high) and the resistances of both states against the field.

        At no voltage and at both ends of ``switching.voltage_limit``.
        """
        import numpy as np

        return self.at(self.voltage_limit * np.array([-1.0, 0.0, 1.0])).plot(ax)

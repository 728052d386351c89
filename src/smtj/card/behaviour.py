"""The behavioural card: what was measured of a device, and nothing else."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from smtj.card.base import (
    CURRENT,
    FIELD,
    IN_PLANE_FIELD,
    NO_DRIVE,
    VOLTAGE,
    Card,
    Drive,
    reject_text,
)
from smtj.card.operation import Variability
from smtj.card.quantity import Quantity
from smtj.card.section import Section, broken_rule, default
from smtj.card.value import Value
from smtj.errors import CardError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smtj.physics.measured import MeasuredPoint

PHYSICS = ("geometry", "magnetism", "vcma", "spin_torque", "electrical", "thermal", "switching")
"""Sections that a behavioural card does not have."""
SPREADS_OF_FIELD = ("offset_spread", "magnetic_noise", "offset_drift")


class Behaviour(Section):
    """Levels and dwell times hold at the middle of the response, or without a response where the
    device was measured.  At u = ln(odds of the high state) from the middle, ln τ_high is
    ln dwell_time + (½ + a) u + c u², and ln τ_low is ln dwell_time - (½ - a) u + c u²."""

    resistance_high: Annotated[
        Value | None, Quantity("ohm", "ohm", 6500, "resistance of the high state", above=0)
    ] = None
    resistance_low: Annotated[
        Value | None, Quantity("ohm", "ohm", 5000, "resistance of the low state", above=0)
    ] = None
    noise_high: Annotated[
        Value | None, Quantity("ohm", "ohm", 50, "rms noise of a reading, high state", at_least=0)
    ] = None
    noise_low: Annotated[
        Value | None, Quantity("ohm", "ohm", 50, "rms noise of a reading, low state", at_least=0)
    ] = None
    dwell_time: Annotated[
        Value | None,
        Quantity("s", "ms", 5, "of both states at the middle of the response", above=0),
    ] = None
    dwell_asymmetry: Annotated[
        Value | None, Quantity("", "", 0.1, "a of the law above; 0 if left out")
    ] = None
    dwell_curvature: Annotated[
        Value | None, Quantity("", "", 0.004, "c of the law above; 0 if left out")
    ] = None
    dwell_time_high: Annotated[
        Value | None, Quantity("s", "ms", 8, "τ_high where it was measured", above=0)
    ] = None
    dwell_time_low: Annotated[
        Value | None, Quantity("s", "ms", 5, "τ_low where it was measured", above=0)
    ] = None
    field_out_of_plane: Annotated[
        Value | None, Quantity("A/m", "Oe", 0, "H_⊥ of the measurement")
    ] = None
    field_in_plane: Annotated[Value | None, Quantity("A/m", "Oe", 0, "H_∥ of the measurement")] = (
        None
    )
    read_voltage: Annotated[
        Value | None, Quantity("V", "mV", 10, "voltage across the junction in the measurement")
    ] = None
    temperature: Annotated[Value, Quantity("K", "K", 300, "of the measurement", above=0)]
    sampling_interval: Annotated[
        Value | None, Quantity("s", "ms", 1, "time from read to read", above=0)
    ] = None
    integration_time: Annotated[
        Value | None, Quantity("s", "ms", 0, "time over which one read averages", at_least=0)
    ] = None

    @model_validator(mode="after")
    def _levels_are_in_order(self) -> Self:
        high, low = self.resistance_high, self.resistance_low
        if (high is None) != (low is None):
            raise broken_rule(
                "behaviour has one of resistance_high and resistance_low; give both or neither"
            )
        if high is not None and low is not None and not high > low:
            raise broken_rule(
                f"behaviour.resistance_high ({self.shown('resistance_high')}) must be above "
                f"behaviour.resistance_low ({self.shown('resistance_low')})"
            )
        return self

    @model_validator(mode="after")
    def _dwell_times_are_complete(self) -> Self:
        if (self.dwell_time_high is None) != (self.dwell_time_low is None):
            raise broken_rule(
                "behaviour has one of dwell_time_high and dwell_time_low; give both or neither"
            )
        return self


class FieldResponse(Section):
    """P(high | H) = 1/(1 + exp(-w (H - H_s))); the entries per volt say what a bias changes, from
    behaviour.read_voltage on."""

    direction: Annotated[
        Literal["out_of_plane", "in_plane"], Field(description="out_of_plane or in_plane")
    ] = "out_of_plane"
    slope: Annotated[Value, Quantity("m/A", "1/Oe", 0.14, "w; negative if H empties the state")]
    midpoint: Annotated[Value, Quantity("A/m", "Oe", -14, "H_s, where P(high) is one half")]
    limit: Annotated[Value, Quantity("A/m", "Oe", 50, "largest |H| that was applied", above=0)]
    high_gradient: Annotated[
        Value | None, Quantity("ohm m/A", "ohm/Oe", 0.1, "dR_high/dH, if it was seen")
    ] = None
    low_gradient: Annotated[
        Value | None, Quantity("ohm m/A", "ohm/Oe", 0.1, "dR_low/dH, if it was seen")
    ] = None
    slope_per_volt: Annotated[
        Value | None, Quantity("m/A/V", "1/Oe/V", -0.1, "dw/dV, if it was measured")
    ] = None
    midpoint_per_volt: Annotated[
        Value | None, Quantity("A/m/V", "Oe/V", 2, "dH_s/dV, if it was measured")
    ] = None
    log_dwell_time_per_volt: Annotated[
        Value | None, Quantity("1/V", "1/V", -15, "d ln(dwell_time)/dV, if it was measured")
    ] = None
    voltage_limit: Annotated[
        Value | None, Quantity("V", "mV", 200, "largest |V| that was applied", above=0)
    ] = None


class VoltageResponse(Section):
    """P(high | V) = 1/(1 + exp(-w (V - V_s)))."""

    slope: Annotated[Value, Quantity("1/V", "1/mV", 0.02, "w; negative if V empties the state")]
    midpoint: Annotated[Value, Quantity("V", "mV", 0, "V_s, where P(high) is one half")]
    limit: Annotated[Value, Quantity("V", "mV", 100, "largest |V| that was applied", above=0)]
    high_gradient: Annotated[
        Value | None, Quantity("ohm/V", "ohm/V", -100, "dR_high/dV, if it was seen")
    ] = None
    low_gradient: Annotated[
        Value | None, Quantity("ohm/V", "ohm/V", 0, "dR_low/dV, if it was seen")
    ] = None


class CurrentResponse(Section):
    """P(high | I) = 1/(1 + exp(-w (I - I_s)))."""

    slope: Annotated[Value, Quantity("1/A", "1/uA", 0.5, "w; negative if I empties the state")]
    midpoint: Annotated[Value, Quantity("A", "uA", 2, "I_s, where P(high) is one half")]
    limit: Annotated[Value, Quantity("A", "uA", 10, "largest |I| that was applied", above=0)]
    high_gradient: Annotated[
        Value | None, Quantity("ohm/A", "ohm/uA", -1, "dR_high/dI, if it was seen")
    ] = None
    low_gradient: Annotated[
        Value | None, Quantity("ohm/A", "ohm/uA", 0, "dR_low/dI, if it was seen")
    ] = None


Response: TypeAlias = FieldResponse | VoltageResponse | CurrentResponse


class BehaviouralCard(Card):
    """A device by what was measured of it: levels, noise, dwell times, and P over a drive.

    With u = w (x - x_s), the natural logarithm of the odds of the high state,

        ln τ_high = ln τ + (½ + a) u + c u²,   ln τ_low = ln τ - (½ - a) u + c u².

    Without a response, all holds where the device was measured.  A neuron then takes its input in
    units of ln odds, as the drive that would cause them is unknown.

    Examples
    --------
    >>> import smtj
    >>> data = smtj.lab.trace("cai2019", 2000, instrument=smtj.lab.Instrument(noise=5.0))
    >>> del data.attrs["card"]  # as measured: no card is known
    >>> card = smtj.fit(data).card(name="mine")
    >>> card.drive.name, card.behaviour.resistance_high.provenance
    ('none', 'measured')
    >>> smtj.lab.trace(card, 100).resistance.size
    100
    """

    behaviour: Behaviour
    field_response: FieldResponse | None = None
    voltage_response: VoltageResponse | None = None
    current_response: CurrentResponse | None = None
    variability: Variability | None = None

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], where: str = "(unnamed)") -> Self:
        """Make a card from the tables of a card file; see :meth:`Card.from_mapping`."""
        both = [name for name in PHYSICS if name in data]
        if both:
            raise CardError(
                f"card {where} has the sections behaviour and {both[0]}; a card has what was "
                "measured or the physics, not both: leave one of them out"
            )
        return super().from_mapping(data, where)

    @model_validator(mode="after")
    def _one_drive(self) -> Self:
        given = [
            name
            for name in ("field_response", "voltage_response", "current_response")
            if getattr(self, name) is not None
        ]
        if len(given) > 1:
            raise broken_rule(f"a device has one drive, but here are {' and '.join(given)}")
        b = self.behaviour
        if given and b.dwell_time_high is not None:
            raise broken_rule(
                "behaviour.dwell_time_high and dwell_time_low are of a device without a response; "
                f"with {given[0]} give behaviour.dwell_time, that at the middle"
            )
        if not given and (b.dwell_time is not None or b.dwell_time_high is None):
            raise broken_rule(
                "without a response (field_response, voltage_response or current_response) "
                "behaviour needs dwell_time_high and dwell_time_low, and no dwell_time"
            )
        if self.response is not None and float(self.response.slope) == 0.0:
            raise broken_rule(f"{given[0]}.slope is 0; a device that responds has another")
        return self

    @model_validator(mode="after")
    def _spreads_fit_the_drive(self) -> Self:
        if self.variability is None:
            return self
        if self.variability.barrier_spread > 0:
            raise broken_rule(
                "variability.barrier_spread is above 0, but a behavioural card has no barrier; "
                "use slope_spread"
            )
        if self.drive.name != "field":
            for name in SPREADS_OF_FIELD:
                if getattr(self.variability, name) > 0:
                    raise broken_rule(
                        f"variability.{name} is a field above 0, but this device is not driven by "
                        "a field; set it to 0 Oe"
                    )
        return self

    @property
    def response(self) -> Response | None:
        """The response to the drive; None if it is unknown."""
        return self.field_response or self.voltage_response or self.current_response

    def require(self, *names: str) -> list[float]:
        """Values by dotted name.

        Raises
        ------
        CardError
            The card lacks one of them; the message names all that are missing.
        """
        found, missing = [], []
        for name in names:
            section, _, field = name.partition(".")
            value = getattr(getattr(self, section), field, None)
            found.append(math.nan if value is None else float(value))
            if value is None:
                missing.append(name)
        if missing:
            named = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
            are, it = ("are", "them") if len(missing) > 1 else ("is", "it")
            raise CardError(
                f"card {self.name} lacks what was not measured: {named} {are} missing here; "
                f"measure and fit {it}, or write {it} into the card"
            )
        return found

    @property
    def drive(self) -> Drive:
        """What was swept, or no drive."""
        if self.field_response is not None:
            return FIELD if self.field_response.direction == "out_of_plane" else IN_PLANE_FIELD
        if self.voltage_response is not None:
            return VOLTAGE
        return NO_DRIVE if self.current_response is None else CURRENT

    @property
    def drive_condition(self) -> str:
        """The drive as a condition of a measurement, e.g. ``"field_out_of_plane"``; else empty."""
        if self.field_response is not None:
            return f"field_{self.field_response.direction}"
        return "" if self.response is None else self.drive.name

    @property
    def follows_bias(self) -> bool:
        """Whether the card knows what a bias voltage changes."""
        return self.field_response is not None and self.field_response.slope_per_volt is not None

    @property
    def drive_limit(self) -> float:
        """Largest drive that was applied; infinite if none was."""
        return math.inf if self.response is None else float(self.response.limit)

    @property
    def bias_voltage(self) -> float:
        """V in V of the measurement; 0 if it is unknown, or is the drive."""
        own = self.behaviour.read_voltage
        return 0.0 if own is None or self.drive.name == "voltage" else float(own)

    @property
    def voltage_limit(self) -> float:
        """Largest |V| in V at which the response was measured."""
        response = self.field_response
        if response is not None and response.voltage_limit is not None:
            return float(response.voltage_limit)
        return abs(self.bias_voltage)

    @property
    def read_voltage(self) -> float:
        """V in V of the measurement; of a device driven by a voltage that at the middle."""
        if self.voltage_response is not None and self.behaviour.read_voltage is None:
            return float(self.voltage_response.midpoint)
        return self.require("behaviour.read_voltage")[0]

    @property
    def temperature(self) -> float:
        """T in K of the measurement."""
        return float(self.behaviour.temperature)

    @property
    def sampling_interval(self) -> float:
        """Time from read to read in s."""
        return self.require("behaviour.sampling_interval")[0]

    @property
    def integration_time(self) -> float:
        """Time in s over which a read averages."""
        return self.require("behaviour.integration_time")[0]

    @property
    def conditions(self) -> dict[str, float]:
        """Those of the measurement as far as they are known; a field that is the drive is 0, a
        voltage or current that is the drive is that at the middle."""
        b = self.behaviour
        known = {
            "field_out_of_plane": b.field_out_of_plane,
            "field_in_plane": b.field_in_plane,
            "voltage": b.read_voltage,
            "temperature": b.temperature,
        }
        found = {name: float(value) for name, value in known.items() if value is not None}
        if self.field_response is not None:
            found[f"field_{self.field_response.direction}"] = 0.0
        elif self.voltage_response is not None:
            found["voltage"] = float(self.voltage_response.midpoint)
        elif self.current_response is not None:
            found.pop("voltage", None)
            found["current"] = float(self.current_response.midpoint)
        return found

    @property
    def reading_noise(self) -> tuple[float, float]:
        """That of the measurement; 0 if it is unknown."""
        return float(self.behaviour.noise_high or 0.0), float(self.behaviour.noise_low or 0.0)

    @property
    def spreads(self) -> Variability:
        """The section ``variability``; without it no spread is known, and none is assumed."""
        return NO_SPREADS if self.variability is None else self.variability

    @property
    def barrier_sets_slope(self) -> bool:
        """False: there is no barrier."""
        return False

    def at(
        self, voltage: Any = None, field: Any = None, temperature: Any = None, current: Any = None
    ) -> "MeasuredPoint":
        """What was measured, at other values of the drive.

        Parameters
        ----------
        voltage, field, current
            In V, A/m and A, numbers or arrays.  The one that is the drive is 0 if it is not given;
            the others must be those of the measurement, which they are if not given.
        temperature
            T in K; that of the measurement.

        Raises
        ------
        CardError
            The card does not know what such conditions change.
        """
        from smtj.physics.measured import measured_point

        reject_text(voltage=voltage, field=field, temperature=temperature, current=current)
        return measured_point(self, voltage, field, current, temperature)

    def under_bias(self, voltage: Any = None, temperature: Any = None) -> "MeasuredPoint":
        """The response at a bias, which must be that of the measurement unless the card says what
        a voltage changes."""
        from smtj.physics.measured import measured_response

        return measured_response(self, 0.0, voltage, temperature)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot P(high) against the drive, with the resistances of both states if they are known."""
        return self.under_bias().plot(ax)


NO_SPREADS = Variability(
    slope_spread=default(0.0),
    offset_spread=default(0.0),
    barrier_spread=default(0.0),
    magnetic_noise=default(0.0),
    magnetic_noise_correlation_time=default(1.0),
)

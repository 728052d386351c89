"""The behavioural card: what was measured of a device, and nothing else."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import model_validator

from smtj.card.base import (
    CURRENT,
    FIELD,
    IN_PLANE_FIELD,
    NO_DRIVE,
    UNKNOWN_FIELD,
    VOLTAGE,
    Card,
    Drive,
    reject_text,
)
from smtj.card.laws import (
    CurrentLevels,
    Levels,
    Loop,
    Observable,
    PulseResponse,
    TemperatureResponse,
    VoltageLevels,
)
from smtj.card.operation import Variability
from smtj.card.responses import (
    Behaviour,
    CurrentResponse,
    FieldResponse,
    Response,
    VoltageResponse,
)
from smtj.card.section import broken_rule, default
from smtj.errors import CardError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smtj.physics.measured import MeasuredPoint

PHYSICS = ("geometry", "magnetism", "vcma", "spin_torque", "electrical", "thermal", "switching")
"""Sections that a behavioural card does not have."""
FIELDS = {"out_of_plane": FIELD, "in_plane": IN_PLANE_FIELD, "unknown": UNKNOWN_FIELD}
"""The drive by the direction of the field."""
RESISTANCES = ("behaviour.resistance_high", "behaviour.resistance_low")
READ_VOLTAGE = "behaviour.read_voltage"
SPREADS_OF_FIELD = ("offset_spread", "magnetic_noise", "offset_drift")


class BehaviouralCard(Card):
    """A device by what was measured of it: levels, noise, dwell times, and P over a drive.

    With u = w (x - x_s), the natural logarithm of the odds of the high state,

        ln τ_high = ln τ + (½ + a) u + c u²,   ln τ_low = ln τ - (½ - a) u + c u².

    Without a response, all holds where the device was measured.  A neuron then takes its input in
    units of ln odds, as the drive that would cause them is unknown.

    Levels are resistances, or voltages or currents where the bias is unknown; the laboratory then
    reads these.  Loops and pulses alone make a card too, of which the laboratory gives loops.

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
    voltage_levels: VoltageLevels | None = None
    current_levels: CurrentLevels | None = None
    temperature_response: TemperatureResponse | None = None
    loop: Loop | None = None
    pulse_response: PulseResponse | None = None
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
        alone = any(s is not None for s in (self.loop, self.pulse_response, b.resistance_high))
        if not given and (b.dwell_time is not None or (b.dwell_time_high is None and not alone)):
            raise broken_rule(
                "without a response (field_response, voltage_response or current_response) "
                "behaviour needs dwell_time_high and dwell_time_low, and no dwell_time"
            )
        if self.temperature_response is not None and b.dwell_time_high is None:
            raise broken_rule(
                "temperature_response needs behaviour.dwell_time_high and dwell_time_low, those at "
                "behaviour.temperature, on a card without a response to a drive"
            )
        if self.response is not None and float(self.response.slope) == 0.0:
            raise broken_rule(f"{given[0]}.slope is 0; a device that responds has another")
        return self

    @model_validator(mode="after")
    def _one_kind_of_levels(self) -> Self:
        named = {
            "behaviour.resistance_high": self.behaviour.resistance_high,
            "voltage_levels": self.voltage_levels,
            "current_levels": self.current_levels,
        }
        given = [name for name, levels in named.items() if levels is not None]
        if len(given) > 1:
            raise broken_rule(f"a card has levels of one kind, but here are {' and '.join(given)}")
        biased = self.voltage_response is not None or self.current_response is not None
        if self.levels is not None and biased:
            raise broken_rule(
                f"{given[0]} hold at a constant bias that is unknown, but the drive of "
                f"{self.drive.name}_response is the bias; give behaviour.resistance_high and "
                "resistance_low"
            )
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

    @property
    def levels(self) -> Levels | None:
        """Levels in volts or amperes; None if they are resistances, or unknown."""
        return self.voltage_levels or self.current_levels

    @property
    def switches(self) -> bool:
        """Whether P(high) or dwell times of both states are known, as a neuron needs them."""
        return self.response is not None or self.behaviour.dwell_time_high is not None

    @property
    def observable(self) -> Observable:
        """What the laboratory reads: the resistance, or what stands in for it."""
        return "resistance" if self.levels is None else self.levels.observable

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
                f"{self._remedy(missing, it)} write {it} into the card"
            )
        return found

    def _remedy(self, missing: list[str], it: str) -> str:
        """How what is missing comes onto the card."""
        if not set(missing) <= {READ_VOLTAGE, *RESISTANCES}:
            return f"measure and fit {it}, or"
        if self.levels is not None:
            held = "current" if self.levels.observable == "voltage" else "voltage"
            return (
                f"fit the data again with --{held} ({held}=), which turns the levels of a "
                f"{self.observable} into resistances, or"
            )
        if self.behaviour.resistance_high is None:
            return (
                "fit readings of a resistance, or of a voltage at a known current, whose column is "
                'named if its header does not say so (--column "voltage=HEADER [V]" --current '
                '"10 uA"), or'
            )
        if self.voltage_response is not None:
            return "the voltage was swept, so choose one to read at and"
        return "fit the data again with --voltage (voltage=), or"

    @property
    def drive(self) -> Drive:
        """What was swept, or no drive."""
        if self.field_response is not None:
            return FIELDS[self.field_response.direction]
        if self.voltage_response is not None:
            return VOLTAGE
        return NO_DRIVE if self.current_response is None else CURRENT

    @property
    def drive_condition(self) -> str:
        """The drive as a condition of a measurement, e.g. ``"field_out_of_plane"``; else empty."""
        if self.field_response is not None:
            return f"field_{self.field_response.component}"
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
    def drive_range(self) -> tuple[float, float]:
        """Lowest and highest drive that were applied; without them, up to the limit of both
        signs."""
        own, limit = self.response, self.drive_limit
        if own is None or own.lowest is None or own.highest is None:
            return -limit, limit
        return float(own.lowest), float(own.highest)

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
            found[f"field_{self.field_response.component}"] = 0.0
        elif self.voltage_response is not None:
            found["voltage"] = float(self.voltage_response.midpoint)
        elif self.current_response is not None:
            found.pop("voltage", None)
            found["current"] = float(self.current_response.midpoint)
        return found

    @property
    def reading_noise(self) -> tuple[float, float]:
        """That of the measurement, in the unit of :attr:`observable`; 0 if it is unknown."""
        if self.levels is not None:
            return float(self.levels.noise_high or 0.0), float(self.levels.noise_low or 0.0)
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

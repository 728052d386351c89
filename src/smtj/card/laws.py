"""Sections for what was measured besides the response: levels in volts or amperes, τ(T), loops,
and P against the length of a pulse."""

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from smtj.card.quantity import Quantity
from smtj.card.responses import Directed, Direction
from smtj.card.section import Section, broken_rule
from smtj.card.value import Value

Observable: TypeAlias = Literal["resistance", "voltage", "current"]
"""What a measurement of the state reads."""


class _Levels(Section):
    observable: ClassVar[Observable]

    @model_validator(mode="after")
    def _levels_differ(self) -> Self:
        high, low = (getattr(self, state) for state in ("high", "low"))
        if float(high) == float(low):
            name = f"{self.observable}_levels"
            raise broken_rule(f"{name}.high and {name}.low are both {self.shown('high')}")
        return self


class VoltageLevels(_Levels):
    """The voltage of both states at a constant current that is unknown; with a known one, the
    levels are behaviour.resistance_high and resistance_low.  At ln odds u from the middle of the
    response, a level is high + high_per_log_odds u."""

    observable = "voltage"

    high: Annotated[Value, Quantity("V", "mV", 65, "in the state of high resistance")]
    low: Annotated[Value, Quantity("V", "mV", 50, "in the state of low resistance")]
    noise_high: Annotated[
        Value | None, Quantity("V", "mV", 0.5, "rms noise of a reading, high state", at_least=0)
    ] = None
    noise_low: Annotated[
        Value | None, Quantity("V", "mV", 0.5, "rms noise of a reading, low state", at_least=0)
    ] = None
    high_per_log_odds: Annotated[
        Value | None, Quantity("V", "mV", 0.1, "change of the high level with u, if it was seen")
    ] = None
    low_per_log_odds: Annotated[
        Value | None, Quantity("V", "mV", 0.1, "change of the low level with u, if it was seen")
    ] = None


class CurrentLevels(_Levels):
    """The current of both states at a constant voltage that is unknown; with a known one, the
    levels are behaviour.resistance_high and resistance_low.  At ln odds u from the middle of the
    response, a level is high + high_per_log_odds u."""

    observable = "current"

    high: Annotated[Value, Quantity("A", "uA", 1.5, "in the state of high resistance")]
    low: Annotated[Value, Quantity("A", "uA", 2, "in the state of low resistance")]
    noise_high: Annotated[
        Value | None, Quantity("A", "uA", 0.05, "rms noise of a reading, high state", at_least=0)
    ] = None
    noise_low: Annotated[
        Value | None, Quantity("A", "uA", 0.05, "rms noise of a reading, low state", at_least=0)
    ] = None
    high_per_log_odds: Annotated[
        Value | None, Quantity("A", "uA", 0.01, "change of the high level with u, if it was seen")
    ] = None
    low_per_log_odds: Annotated[
        Value | None, Quantity("A", "uA", 0.01, "change of the low level with u, if it was seen")
    ] = None


Levels: TypeAlias = VoltageLevels | CurrentLevels
"""Levels that no resistance follows from."""


class TemperatureResponse(Section):
    """ln τ(T) = ln τ + E_b/k_B (1/T - 1/T_m) of each state, with τ in behaviour.dwell_time_high and
    dwell_time_low, at behaviour.temperature T_m; the attempt time is τ exp(-E_b/k_B T_m)."""

    stability_factor_high: Annotated[Value, Quantity("", "", 18, "E_b/k_B T_m of the high state")]
    stability_factor_low: Annotated[Value, Quantity("", "", 17, "E_b/k_B T_m of the low state")]
    lowest: Annotated[Value, Quantity("K", "K", 280, "lowest T of the measurement", above=0)]
    highest: Annotated[Value, Quantity("K", "K", 340, "highest T of the measurement", above=0)]
    attempt_time: Annotated[
        Value | None,
        Quantity(
            "s", "ns", 1, "of the mean of both ln τ, for information; no law uses it", above=0
        ),
    ] = None

    @model_validator(mode="after")
    def _range_is_in_order(self) -> Self:
        if not self.lowest < self.highest:
            raise broken_rule(
                f"temperature_response.lowest ({self.shown('lowest')}) must be below "
                f"temperature_response.highest ({self.shown('highest')})"
            )
        return self


class Loop(Directed):
    """Switching of the resistance in a slow sweep of the field; a rising field switches at
    offset_field + coercive_field, a falling one at offset_field - coercive_field.  The levels are
    behaviour.resistance_high and resistance_low, or those of voltage_levels or current_levels."""

    direction: Direction = "out_of_plane"
    shape: Annotated[
        Literal["square", "rounded"],
        Field(description="square, or rounded if it passes through values between the levels"),
    ] = "square"
    sense: Annotated[
        Literal["rises", "falls"],
        Field(description="whether the resistance rises or falls with the field"),
    ] = "rises"
    offset_field: Annotated[Value, Quantity("A/m", "Oe", 20, "H of the middle of the loop")]
    coercive_field: Annotated[
        Value | None, Quantity("A/m", "Oe", 100, "half the width of the loop", at_least=0)
    ] = None
    limit: Annotated[Value, Quantity("A/m", "Oe", 300, "largest |H| that was applied", above=0)]


class PulseResponse(Section):
    """P(t) = 1 - exp(-(t/τ)^β) of pulses of length t, each applied to a device that was reset."""

    dwell_time: Annotated[
        Value, Quantity("s", "ns", 40, "τ of the state that the pulse leaves, during it", above=0)
    ]
    shape: Annotated[
        Value | None, Quantity("", "", 1, "β; 1, a constant rate, if left out", above=0)
    ] = None
    voltage: Annotated[Value | None, Quantity("V", "mV", 500, "of the pulse, if known")] = None
    current: Annotated[Value | None, Quantity("A", "uA", 50, "of the pulse, if known")] = None
    longest: Annotated[Value, Quantity("s", "ns", 200, "longest pulse that was applied", above=0)]

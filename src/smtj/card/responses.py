"""The sections of a card of measured behaviour: what was measured, and the response to a drive."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from smtj.card.quantity import Quantity
from smtj.card.section import Section, broken_rule
from smtj.card.value import Value

Direction = Annotated[
    Literal["out_of_plane", "in_plane", "unknown"],
    Field(description="out_of_plane, in_plane, or unknown if the data do not state it"),
]


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


class Directed(Section):
    """A section of a field along a direction."""

    direction: Direction

    @property
    def component(self) -> Literal["out_of_plane", "in_plane"]:
        """Of a field of unknown direction, that along the film normal stands for it."""
        return "in_plane" if self.direction == "in_plane" else "out_of_plane"


class FieldResponse(Directed):
    """P(high | H) = 1/(1 + exp(-w (H - H_s))); the entries per volt say what a bias changes, from
    behaviour.read_voltage on."""

    direction: Direction = "out_of_plane"
    slope: Annotated[Value, Quantity("m/A", "1/Oe", 0.14, "w; negative if H empties the state")]
    midpoint: Annotated[Value, Quantity("A/m", "Oe", -14, "H_s, where P(high) is one half")]
    limit: Annotated[Value, Quantity("A/m", "Oe", 50, "largest |H| that was applied", above=0)]
    lowest: Annotated[Value | None, Quantity("A/m", "Oe", -60, "lowest H that was applied")] = None
    highest: Annotated[Value | None, Quantity("A/m", "Oe", 40, "highest H that was applied")] = None
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
    lowest: Annotated[Value | None, Quantity("V", "mV", -50, "lowest V that was applied")] = None
    highest: Annotated[Value | None, Quantity("V", "mV", 100, "highest V that was applied")] = None
    high_gradient: Annotated[
        Value | None, Quantity("ohm/V", "ohm/V", -100, "dR_high/dV at V_s, if it was seen")
    ] = None
    low_gradient: Annotated[
        Value | None, Quantity("ohm/V", "ohm/V", 0, "dR_low/dV at V_s, if it was seen")
    ] = None
    high_curvature: Annotated[
        Value | None, Quantity("ohm/V^2", "ohm/V^2", -9e3, "of R_high, times (V - V_s)²")
    ] = None
    low_curvature: Annotated[
        Value | None, Quantity("ohm/V^2", "ohm/V^2", 0, "of R_low, times (V - V_s)²")
    ] = None


class CurrentResponse(Section):
    """P(high | I) = 1/(1 + exp(-w (I - I_s)))."""

    slope: Annotated[Value, Quantity("1/A", "1/uA", 0.5, "w; negative if I empties the state")]
    midpoint: Annotated[Value, Quantity("A", "uA", 2, "I_s, where P(high) is one half")]
    limit: Annotated[Value, Quantity("A", "uA", 10, "largest |I| that was applied", above=0)]
    lowest: Annotated[Value | None, Quantity("A", "uA", -5, "lowest I that was applied")] = None
    highest: Annotated[Value | None, Quantity("A", "uA", 10, "highest I that was applied")] = None
    high_gradient: Annotated[
        Value | None, Quantity("ohm/A", "ohm/uA", -1, "dR_high/dI at I_s, if it was seen")
    ] = None
    low_gradient: Annotated[
        Value | None, Quantity("ohm/A", "ohm/uA", 0, "dR_low/dI at I_s, if it was seen")
    ] = None
    high_curvature: Annotated[
        Value | None, Quantity("ohm/A^2", "ohm/A^2", -1e12, "of R_high, times (I - I_s)²")
    ] = None
    low_curvature: Annotated[
        Value | None, Quantity("ohm/A^2", "ohm/A^2", 0, "of R_low, times (I - I_s)²")
    ] = None


Response: TypeAlias = FieldResponse | VoltageResponse | CurrentResponse
"""The response to whatever was swept."""

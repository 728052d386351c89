"""The sections of a card that say how the device conducts, switches, is read and varies."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from smtj.card.quantity import Quantity
from smtj.card.section import Section, broken_rule, default
from smtj.card.value import Value


class Electrical(Section):
    """Give parallel_resistance or resistance_area_product, not both."""

    parallel_resistance: Annotated[
        Value | None,
        Quantity(unit="ohm", show="kohm", example=1, above=0, doc="R_P of the junction"),
    ] = None
    resistance_area_product: Annotated[
        Value | None,
        Quantity(unit="ohm m^2", show="ohm um^2", example=10, above=0, doc="RA of the stack"),
    ] = None
    tmr: Annotated[
        Value,
        Quantity(unit="", show="%", example=80, above=0, doc="(R_AP - R_P)/R_P at zero bias"),
    ]
    tmr_half_voltage: Annotated[
        Value | None,
        Quantity(unit="V", show="V", example=0.5, above=0, doc="bias at which TMR has halved"),
    ] = None
    read_voltage: Annotated[
        Value, Quantity(unit="V", show="mV", example=1, doc="bias at which the state is read")
    ]

    @model_validator(mode="after")
    def _one_resistance(self) -> Self:
        given = (self.parallel_resistance is not None) + (self.resistance_area_product is not None)
        if given == 0:
            raise broken_rule(
                "electrical.parallel_resistance is missing, and so is "
                "electrical.resistance_area_product; give one, "
                'e.g. parallel_resistance = { value = "1 kohm", provenance = "measured" }'
            )
        if given == 2:
            raise broken_rule(
                "electrical has parallel_resistance and resistance_area_product, of which one "
                "follows from the other; leave one out"
            )
        return self


class Thermal(Section):
    """Without curie_temperature nothing but k_B T changes with temperature."""

    temperature: Annotated[
        Value, Quantity(unit="K", show="K", example=300, above=0, doc="of the device and the card")
    ]
    attempt_time: Annotated[
        Value, Quantity(unit="s", show="ns", example=1, above=0, doc="τ0 of the dwell times")
    ]
    curie_temperature: Annotated[
        Value | None,
        Quantity(unit="K", show="K", example=1120, above=0, doc="T_C; above the temperature"),
    ] = None
    bloch_exponent: Annotated[
        Value,
        Quantity(unit="", show="", example=1.5, above=0, doc="b in M_s ~ 1 - (T/T_C)^b"),
    ] = default(1.5)
    anisotropy_exponent: Annotated[
        Value,
        Quantity(unit="", show="", example=2, at_least=0, doc="n in K_i ~ M_s^n"),
    ] = default(2.0)

    @model_validator(mode="after")
    def _is_magnetic(self) -> Self:
        if self.curie_temperature is not None and self.temperature >= self.curie_temperature:
            raise broken_rule(
                f"thermal.temperature ({self.temperature:g} K) is not below "
                f"thermal.curie_temperature ({self.curie_temperature:g} K); a free layer that "
                "hot is not magnetic"
            )
        return self


class Switching(Section):
    """Which law gives the switching probability, and how the device is driven and read."""

    model: Annotated[
        Literal["cai2019", "self-consistent"],
        Field(description="cai2019 (H_k,eff as given here) or self-consistent (it follows E_b)"),
    ]
    dwell_times: Annotated[
        Literal["neel-brown", "exact"],
        Field(
            description="neel-brown (Eq. 3, 4 and 6 with attempt_time) or exact (escape rates of "
            "the macrospin with its damping)"
        ),
    ] = "neel-brown"
    effective_anisotropy_field: Annotated[
        Value | None,
        Quantity(
            unit="A/m", show="Oe", example=560, above=0, doc="H_k,eff; the model cai2019 needs it"
        ),
    ] = None
    offset_field: Annotated[
        Value | None,
        Quantity(unit="A/m", show="Oe", example=-14, doc="H_s at zero bias; derived when left out"),
    ] = None
    offset_field_per_volt: Annotated[
        Value, Quantity(unit="A/m/V", show="Oe/V", example=0, doc="dH_s/dV")
    ] = default(0.0)
    field_limit: Annotated[
        Value,
        Quantity(
            unit="A/m", show="Oe", example=100, above=0, doc="largest |H| that a coupling may apply"
        ),
    ]
    voltage_limit: Annotated[
        Value, Quantity(unit="V", show="mV", example=200, above=0, doc="largest |V| of the bias")
    ]
    sampling_interval: Annotated[
        Value, Quantity(unit="s", show="ms", example=120, above=0, doc="time from read to read")
    ]
    integration_time: Annotated[
        Value,
        Quantity(
            unit="s", show="ms", example=20, at_least=0, doc="time over which one read averages"
        ),
    ]

    @model_validator(mode="after")
    def _model_has_its_field(self) -> Self:
        if self.model == "cai2019" and self.effective_anisotropy_field is None:
            raise broken_rule(
                "switching.effective_anisotropy_field is missing and the model cai2019 needs it; "
                'give e.g. effective_anisotropy_field = { value = "560 Oe", provenance = '
                '"assumed" }, or choose model = "self-consistent"'
            )
        return self

    @model_validator(mode="after")
    def _reads_do_not_overlap(self) -> Self:
        if self.integration_time > self.sampling_interval:
            raise broken_rule(
                f"switching.integration_time ({self.shown('integration_time')}"
                ") exceeds switching.sampling_interval "
                f"({self.shown('sampling_interval')}); reads cannot overlap"
            )
        return self


class Variability(Section):
    """How devices differ from one another (standard deviations), and the noise in their field."""

    slope_spread: Annotated[
        Value,
        Quantity(unit="", show="%", example=5, at_least=0, below=1, doc="of the slope w, relative"),
    ]
    offset_spread: Annotated[
        Value, Quantity(unit="A/m", show="Oe", example=1, at_least=0, doc="of the offset field H_s")
    ]
    barrier_spread: Annotated[
        Value,
        Quantity(unit="", show="%", example=0, at_least=0, below=1, doc="of the barrier, relative"),
    ]
    magnetic_noise: Annotated[
        Value, Quantity(unit="A/m", show="Oe", example=1, at_least=0, doc="rms field noise")
    ]
    magnetic_noise_correlation_time: Annotated[
        Value,
        Quantity(unit="s", show="s", example=1, above=0, doc="time over which the noise changes"),
    ]
    offset_drift: Annotated[
        Value,
        Quantity(
            unit="A/m", show="Oe", example=0.1, at_least=0, doc="of H_s, per decade of time in s"
        ),
    ] = default(0.0)
    field_limit_spread: Annotated[
        Value,
        Quantity(
            unit="", show="%", example=0, at_least=0, below=1, doc="of the field limit, relative"
        ),
    ] = default(0.0)
    temperature_spread: Annotated[
        Value, Quantity(unit="K", show="K", example=0, at_least=0, doc="from chip to chip")
    ] = default(0.0)
    stuck_high: Annotated[
        Value,
        Quantity(
            unit="", show="%", example=0, at_least=0, at_most=1, doc="share of devices always high"
        ),
    ] = default(0.0)
    stuck_low: Annotated[
        Value,
        Quantity(
            unit="", show="%", example=0, at_least=0, at_most=1, doc="share of devices always low"
        ),
    ] = default(0.0)

    @model_validator(mode="after")
    def _no_more_stuck_than_all(self) -> Self:
        if self.stuck_high + self.stuck_low > 1:
            raise broken_rule(
                f"variability.stuck_high ({self.shown('stuck_high')}) and variability.stuck_low "
                f"({self.shown('stuck_low')}) are more than all devices; give less of either"
            )
        return self

"""The sections of a card on conduction, switching, reading and variability."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from smtj.card.quantity import Quantity
from smtj.card.section import Section, broken_rule, default
from smtj.card.value import Value


class Electrical(Section):
    """Give parallel_resistance or resistance_area_product, not both."""

    parallel_resistance: Annotated[
        Value | None, Quantity("ohm", "kohm", 1, "R_P of the junction", above=0)
    ] = None
    resistance_area_product: Annotated[
        Value | None, Quantity("ohm m^2", "ohm um^2", 10, "RA of the stack", above=0)
    ] = None
    tmr: Annotated[
        Value, Quantity("", "%", 80, "(R_AP - R_P)/R_P at zero bias", above=0, at_most=1e3)
    ]
    tmr_half_voltage: Annotated[
        Value | None, Quantity("V", "V", 0.5, "bias at which TMR has halved", above=0)
    ] = None
    read_voltage: Annotated[Value, Quantity("V", "mV", 1, "bias at which the state is read")]

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
                "electrical has parallel_resistance and resistance_area_product, but one follows "
                "from the other; leave one out"
            )
        return self


class Thermal(Section):
    """Without curie_temperature nothing but k_B T changes with temperature."""

    temperature: Annotated[Value, Quantity("K", "K", 300, "of the device and the card", above=0)]
    attempt_time: Annotated[Value, Quantity("s", "ns", 1, "τ0 of the dwell times", above=0)]
    curie_temperature: Annotated[
        Value | None, Quantity("K", "K", 1120, "T_C; above the temperature", above=0)
    ] = None
    bloch_exponent: Annotated[Value, Quantity("", "", 1.5, "b in M_s ~ 1 - (T/T_C)^b", above=0)] = (
        default(1.5)
    )
    anisotropy_exponent: Annotated[Value, Quantity("", "", 2, "n in K_i ~ M_s^n", at_least=0)] = (
        default(2.0)
    )

    thermal_resistance: Annotated[
        Value | None,
        Quantity("K/W", "K/mW", 50, "R_th: rise of T per watt of Joule's heat", at_least=0),
    ] = None

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
    """The model of the switching probability, and how the device is driven and read."""

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
        Value | None, Quantity("A/m", "Oe", 560, "H_k,eff; the model cai2019 needs it", above=0)
    ] = None
    offset_field: Annotated[
        Value | None, Quantity("A/m", "Oe", -14, "H_s at zero bias; derived when left out")
    ] = None
    offset_field_per_volt: Annotated[Value, Quantity("A/m/V", "Oe/V", 0, "dH_s/dV")] = default(0.0)
    field_limit: Annotated[
        Value, Quantity("A/m", "Oe", 100, "largest |H| that a coupling may apply", above=0)
    ]
    voltage_limit: Annotated[Value, Quantity("V", "mV", 200, "largest |V| of the bias", above=0)]
    sampling_interval: Annotated[Value, Quantity("s", "ms", 120, "time from read to read", above=0)]
    integration_time: Annotated[
        Value, Quantity("s", "ms", 20, "time over which one read averages", at_least=0)
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
    """Device-to-device standard deviations, and the noise in the field."""

    slope_spread: Annotated[
        Value, Quantity("", "%", 5, "of the slope w, relative", at_least=0, below=1)
    ]
    offset_spread: Annotated[Value, Quantity("A/m", "Oe", 1, "of the offset field H_s", at_least=0)]
    barrier_spread: Annotated[
        Value, Quantity("", "%", 0, "of the barrier, relative", at_least=0, below=1)
    ]
    magnetic_noise: Annotated[Value, Quantity("A/m", "Oe", 1, "rms field noise", at_least=0)]
    magnetic_noise_correlation_time: Annotated[
        Value, Quantity("s", "s", 1, "time over which the noise changes", above=0)
    ]
    offset_drift: Annotated[
        Value, Quantity("A/m", "Oe", 0.1, "of H_s, per decade of time in s", at_least=0)
    ] = default(0.0)
    field_limit_spread: Annotated[
        Value, Quantity("", "%", 0, "of the field limit, relative", at_least=0, below=1)
    ] = default(0.0)
    temperature_spread: Annotated[Value, Quantity("K", "K", 0, "from chip to chip", at_least=0)] = (
        default(0.0)
    )
    stuck_high: Annotated[
        Value, Quantity("", "%", 0, "fraction of devices stuck high", at_least=0, at_most=1)
    ] = default(0.0)
    stuck_low: Annotated[
        Value, Quantity("", "%", 0, "fraction of devices stuck low", at_least=0, at_most=1)
    ] = default(0.0)

    @model_validator(mode="after")
    def _at_most_all_stuck(self) -> Self:
        if self.stuck_high + self.stuck_low > 1:
            raise broken_rule(
                f"variability.stuck_high ({self.shown('stuck_high')}) and variability.stuck_low "
                f"({self.shown('stuck_low')}) add up to more than 100 %; reduce one of them"
            )
        return self

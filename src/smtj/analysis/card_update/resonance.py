"""What resonance says, written into a card."""

from smtj.analysis.card_update.switching import Measured
from smtj.card import DeviceCard, Value
from smtj.physics.device import operating_point
from smtj.physics.magnetics.anisotropy import anisotropy_field


def with_anisotropy(
    card: DeviceCard,
    first: Measured,
    second: Measured,
    voltage: float,
    source: str,
) -> DeviceCard:
    """Have a card's H_K1, at zero bias by the card's ξ, and H_K2 be measured ones; in A/m.

    The barrier follows from H_K1; an interface anisotropy that says otherwise is left out.
    """
    bias = [operating_point(card, v) for v in (0.0, voltage)]
    moved = [float(anisotropy_field(b.energy_density, b.saturation_magnetisation)) for b in bias]
    at_zero = first.value + moved[0] - moved[1]
    return card.replace(
        {
            "magnetism.anisotropy_field": Value(at_zero, "measured", source, first.error),
            "magnetism.interface_anisotropy": None,
            "magnetism.second_order_anisotropy_field": Value(
                second.value, "measured", source, second.error
            ),
        }
    )


def with_damping(card: DeviceCard, damping: Measured, source: str) -> DeviceCard:
    """Have a card's Gilbert damping be a measured one, if it is one that a material can have."""
    if not 0 < damping.value <= 1:
        return card
    value = Value(damping.value, "measured", source, damping.error)
    return card.replace({"magnetism.damping": value})


def with_field_per_volt(
    card: DeviceCard, field_per_volt: Measured, coefficient: Measured, source: str
) -> DeviceCard:
    """Have a card's -dH_K1/dV in A/m/V and ξ in J/(V m) be measured ones."""
    return card.replace(
        {
            "vcma.coefficient": Value(
                coefficient.value,
                "measured",
                f"{source}, with M_s, t and t_MgO of the card",
                coefficient.error,
            ),
            "vcma.anisotropy_field_per_volt": Value(
                field_per_volt.value, "measured", source, field_per_volt.error
            ),
        }
    )

"""The sliders of a device, and the card they configure."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from smtj.card import DeviceCard, Value
from smtj.physics.device import vcma_point
from smtj.physics.free_layer import anisotropy_terms, factors, zero_bias_energy_density
from smtj.physics.magnetics.anisotropy import anisotropy_field
from smtj.units import convert, format_quantity, mV

SET = "set in the explorer"


@dataclass(frozen=True)
class ControlValues:
    """A device and its operating conditions; SI units."""

    field_out_of_plane: float
    """H_⊥ in A/m."""
    field_in_plane: float
    """H_∥ in A/m."""
    voltage: float
    """V in V."""
    temperature: float
    """T in K."""
    thickness: float
    """t of the free layer in m."""
    tilt: float
    """Tilt of the easy axis in rad."""


class Slider(NamedTuple):
    """A slider, in its display unit."""

    name: str
    """Field of :class:`ControlValues`."""
    label: str
    unit: str
    si_unit: str
    start: float
    end: float
    step: float
    value: float


def values_of_card(card: DeviceCard) -> ControlValues:
    """Return the values of an unchanged card, at zero field and its read voltage."""
    return ControlValues(
        field_out_of_plane=0.0,
        field_in_plane=0.0,
        voltage=float(card.electrical.read_voltage),
        temperature=float(card.thermal.temperature),
        thickness=float(card.geometry.free_layer_thickness),
        tilt=float(card.magnetism.easy_axis_tilt),
    )


def sliders(card: DeviceCard) -> list[Slider]:
    """Return a card's sliders, each over the useful range of its quantity."""
    own = values_of_card(card)
    field = _round_up(convert(card.switching.field_limit, "A/m", "Oe"))
    h_k1 = anisotropy_field(zero_bias_energy_density(card, own.temperature), _magnetisation(card))
    in_plane = _round_up(convert(max(abs(float(h_k1)), card.switching.field_limit), "A/m", "Oe"))
    limit = convert(card.switching.voltage_limit, "V", "mV")
    kelvin, nanometre = own.temperature, convert(own.thickness, "m", "nm")
    curie = card.thermal.curie_temperature
    hottest = math.floor(min(kelvin + 120, math.inf if curie is None else 0.95 * curie))
    degrees, millivolts = convert(own.tilt, "rad", "deg"), own.voltage / mV
    return [
        Slider("field_out_of_plane", "Field H⊥", "Oe", "A/m", -field, field, field / 200, 0.0),
        Slider(
            "field_in_plane", "In-plane field H∥", "Oe", "A/m", -in_plane, in_plane,
            in_plane / 200, 0.0,
        ),
        Slider("voltage", "Bias voltage V", "mV", "V", -limit, limit, limit / 200, millivolts),
        Slider(
            "temperature", "Temperature T", "K", "K", max(math.ceil(kelvin - 150), 4),
            max(hottest, math.ceil(kelvin)), 1.0, kelvin,
        ),
        Slider(
            "thickness", "Free layer t", "nm", "m", round(0.8 * nanometre, 2),
            round(1.2 * nanometre, 2), 0.005, nanometre,
        ),
        Slider("tilt", "Tilt of the easy axis", "°", "rad", 0.0, max(45.0, degrees), 0.5, degrees),
    ]  # fmt: skip


def configured_card(card: DeviceCard, values: ControlValues) -> DeviceCard:
    """Return the card with thickness, tilt, temperature and read voltage of the sliders.

    A new thickness keeps K_i, M_s, ξ, V*/V and the outline, as
    :func:`smtj.physics.free_layer.barrier_against_thickness` does; a new temperature applies the
    card's temperature laws.  The model ``cai2019`` keeps the card's H_k,eff.

    Raises
    ------
    CardError
        The values do not describe a valid device.
    SmtjError
        The temperature is not below the card's Curie temperature.
    """
    own = values_of_card(card)
    if values.temperature != own.temperature:
        card = _at_temperature(card, values.temperature)
    if values.thickness != own.thickness:
        card = _at_thickness(card, values.thickness)
    changes = {}
    if values.tilt != own.tilt:
        changes["magnetism.easy_axis_tilt"] = _assumed(values.tilt)
    if values.voltage != own.voltage:
        changes["electrical.read_voltage"] = _assumed(values.voltage)
    return card.replace(changes) if changes else card


def card_to_save(card: DeviceCard, values: ControlValues) -> DeviceCard:
    """Return the configured card to save, with the fields, which no card holds, in its notes."""
    fields = ", ".join(
        f"{name} = {format_quantity(value, 'A/m', 'Oe', 4)}"
        for name, value in (("H⊥", values.field_out_of_plane), ("H∥", values.field_in_plane))
    )
    note = f"Set in the explorer from card {card.name}, at {fields}."
    notes = f"{card.notes.strip()} {note}" if card.notes else note
    return configured_card(card, values).replace({"name": f"{card.name}_as_set", "notes": notes})


def _at_temperature(card: DeviceCard, temperature: float) -> DeviceCard:
    changes = {"thermal.temperature": _assumed(temperature)}
    magnetism, vcma = card.magnetism, card.vcma
    if card.thermal.curie_temperature is None:
        return card.replace(changes)
    m_s = _magnetisation(card, temperature)
    ratio = m_s / magnetism.saturation_magnetisation
    h_k1 = float(anisotropy_field(zero_bias_energy_density(card, temperature), m_s))
    changes |= {
        "magnetism.saturation_magnetisation": _assumed(m_s),
        "magnetism.anisotropy_field": _assumed(h_k1),
        "magnetism.in_plane_anisotropy_field": _assumed(
            magnetism.in_plane_anisotropy_field * ratio
        ),
    }
    if vcma.anisotropy_field_per_volt is not None:
        changes["vcma.anisotropy_field_per_volt"] = _assumed(vcma.anisotropy_field_per_volt / ratio)
    return card.replace({**changes, "magnetism.interface_anisotropy": None})


def _at_thickness(card: DeviceCard, thickness: float) -> DeviceCard:
    geometry, vcma = card.geometry, card.vcma
    _, k_perpendicular, _ = anisotropy_terms(card)
    ratio = thickness / geometry.free_layer_thickness
    changes = {
        "geometry.free_layer_thickness": _assumed(thickness),
        "geometry.activation_volume": _assumed(geometry.activation_volume * ratio),
        "magnetism.interface_anisotropy": _assumed(k_perpendicular * geometry.free_layer_thickness),
    }
    if geometry.demagnetising_factor_x is not None:
        for axis, factor in zip("xyz", factors(card, thickness), strict=True):
            changes[f"geometry.demagnetising_factor_{axis}"] = _assumed(float(factor))
    if vcma.anisotropy_field_per_volt is not None:
        changes["vcma.anisotropy_field_per_volt"] = _assumed(vcma.anisotropy_field_per_volt / ratio)
    return card.replace({**changes, "magnetism.anisotropy_field": None})


def _magnetisation(card: DeviceCard, temperature: float | None = None) -> float:
    return float(vcma_point(card, 0.0, temperature).saturation_magnetisation)


def _assumed(value: float) -> Value:
    return Value(value, "assumed", SET)


def _round_up(value: float) -> float:
    """Round up to 1, 2, 5 or 10 times a power of ten."""
    decade = 10.0 ** math.floor(math.log10(value))
    return next(step * decade for step in (1, 2, 5, 10) if step * decade >= value * (1 - 1e-9))

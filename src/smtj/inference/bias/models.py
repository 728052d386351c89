"""The slope w against bias voltage by both switching models, as functions of what a fit may free.

Three numbers, each of about 1: the scale of w as a factor on the card's, ξ as the fraction of K_eff
that a volt takes away, and H_in as a fraction of H_K1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.physics import barrier, switching
from smtj.physics.device import OperatingPoint, vcma_point
from smtj.physics.free_layer import macrospin, vcma_coefficient
from smtj.physics.magnetics import anisotropy, equilibrium
from smtj.typing import Floats
from smtj.units import format_quantity

PARAMETERS = ("scale", "vcma", "in_plane")
"""Order of the parameters everywhere."""

SLOPE = "w(0)"
"""Symbol of the slope at zero bias, the only number that changes sign with w."""

MAX_ENERGY = 1e4
"""Largest energy, over that of the card, at which a Boltzmann integral is worth its nodes."""

LABELS = {"scale": "the scale of w", "vcma": "ξ", "in_plane": "H_in"}


@dataclass(frozen=True)
class Derived:
    """A number of the device that follows from the parameters."""

    name: str
    symbol: str
    unit: str
    display_unit: str
    of: Callable[[Mapping[str, float]], float]


@dataclass(frozen=True)
class BiasModel:
    """A switching model of one card."""

    name: str
    slope: Callable[[Floats, Mapping[str, float]], Floats]
    """|w| in 1/(A/m) at voltages in V, shape (voltages,), from the parameters."""
    has_barrier: Callable[[Floats, Mapping[str, float]], NDArray[np.bool_]]
    """Whether there are two states at the voltages."""
    card_values: Mapping[str, float]
    """The parameters of the card itself."""
    scale_quantities: tuple[Derived, ...]
    """What the scale means for the device."""
    quantities: Mapping[str, Derived]
    """What the other parameters mean for it, by parameter."""
    steepness_is_vcma: bool
    """Whether w follows E_b, so the steepness of w(V) is ξ."""
    held: str
    """What the scale takes from the card, in a sentence."""


def cai2019_model(card: DeviceCard, temperature: float | None) -> BiasModel:
    """w = 4E_b(V)/(k_B T H_k,eff) with Eq. 6 and H_k,eff held; the scale moves H_k,eff.

    The card may name any model.  ``temperature`` is T in K of the measurement; None for the card's.
    Raises SmtjError if the card has no barrier, or its temperature is impossible.
    """
    point = _point(card, temperature)
    own_field = card.switching.effective_anisotropy_field
    h_k = abs(float(point.effective_field if own_field is None else own_field))
    own_slope = float(switching.slope(point.stability_factor, h_k))
    delta = _stability_factor(card, point)
    zero = np.zeros(1)

    def slope(voltage: Floats, p: Mapping[str, float]) -> Floats:
        at_zero, *others = delta(np.append(0.0, voltage), p)
        # No barrier at 0 V leaves no slope to scale; the fit then turns back.
        relative = np.array(others) / max(at_zero, 1e-6)
        return np.asarray(p["scale"] * own_slope * relative)

    def effective_field(p: Mapping[str, float]) -> float:
        return float(switching.effective_field(delta(zero, p)[0], p["scale"] * own_slope))

    return BiasModel(
        name="cai2019",
        slope=slope,
        has_barrier=lambda voltage, p: delta(voltage, p) > 0,
        card_values=_card_values(card, point),
        scale_quantities=(
            Derived("slope at zero bias", SLOPE, "m/A", "1/Oe", lambda p: p["scale"] * own_slope),
            Derived("effective field", "H_k,eff", "A/m", "Oe", effective_field),
        ),
        quantities=_quantities(card, point),
        steepness_is_vcma=True,
        held=(
            "w(V) gives only the ratio of E_b and H_k,eff: E_b at zero bias is that of the card "
            f"({float(point.stability_factor):.4g} k_BT), as are K_eff and the thicknesses that "
            "define ξ; errors of the card's values are not in the errors here"
        ),
    )


def self_consistent_model(card: DeviceCard, temperature: float | None) -> BiasModel:
    """w by exact Boltzmann integration; the scale moves V*, to which w is nearly proportional.

    Arguments and errors as in :func:`cai2019_model`.
    """
    point, own = _point(card, temperature), macrospin(card, 0.0, temperature)
    own_volume = float(card.geometry.activation_volume)
    delta = _stability_factor(card, point)

    def slope(voltage: Floats, p: Mapping[str, float]) -> Floats:
        falls = 1 - p["vcma"] * voltage
        if not abs(p["scale"]) * max(np.abs(falls).max(), abs(p["in_plane"])) < MAX_ENERGY:
            return np.full(voltage.shape, np.nan)
        spin = own._replace(
            moment=own.moment * p["scale"],
            anisotropy_field=own.anisotropy_field * falls,
            in_plane_bias_field=own.anisotropy_field * p["in_plane"],
        )
        return np.asarray(equilibrium.sigmoid_of_equilibrium(spin)[0])

    zero = np.zeros(1)
    m_s = format_quantity(float(point.saturation_magnetisation), "A/m", "kA/m", 4)
    return BiasModel(
        name="self-consistent",
        slope=slope,
        has_barrier=lambda voltage, p: delta(voltage, p) > 0,
        card_values=_card_values(card, point),
        scale_quantities=(
            Derived("slope at zero bias", SLOPE, "m/A", "1/Oe", lambda p: float(slope(zero, p)[0])),
            Derived("activation volume", "V*", "m^3", "nm^3", lambda p: own_volume * p["scale"]),
        ),
        quantities=_quantities(card, point),
        steepness_is_vcma=False,
        held=(
            "w(V) gives only the product of M_s and V*, as the barrier drops out: M_s is that of "
            f"the card ({m_s}); errors of the card's values are not in the errors here"
        ),
    )


MODELS: dict[str, Callable[[DeviceCard, float | None], BiasModel]] = {
    "cai2019": cai2019_model,
    "self-consistent": self_consistent_model,
}
"""The switching models by name."""


def as_array(values: Mapping[str, float]) -> Floats:
    """Return parameters as an array in the order of :data:`PARAMETERS`."""
    return np.array([values[name] for name in PARAMETERS])


def as_mapping(values: Floats) -> dict[str, float]:
    """Undo :func:`as_array`."""
    return dict(zip(PARAMETERS, values.tolist(), strict=True))


def _point(card: DeviceCard, temperature: float | None) -> OperatingPoint:
    point = vcma_point(card, 0.0, temperature)
    if not float(point.barrier) > 0:
        raise SmtjError(
            f"card {card.name} has no barrier at zero bias, so w(V) cannot be fitted; "
            "start from a card with one"
        )
    return point


def _card_values(card: DeviceCard, point: OperatingPoint) -> dict[str, float]:
    return {
        "scale": 1.0,
        "vcma": vcma_coefficient(card) / _whole(card, point),
        "in_plane": abs(float(card.magnetism.in_plane_bias_field)) / _anisotropy_field(point),
    }


def _whole(card: DeviceCard, point: OperatingPoint) -> float:
    """ξ in J/(V m) at which 1 V removes all of K_eff."""
    geometry = card.geometry
    per_volt = anisotropy.voltage_energy_density(
        1.0, 1.0, geometry.tunnel_barrier_thickness, geometry.free_layer_thickness
    )
    return float(point.energy_density) / float(per_volt)


def _anisotropy_field(point: OperatingPoint) -> float:
    return float(anisotropy.anisotropy_field(point.energy_density, point.saturation_magnetisation))


def _stability_factor(
    card: DeviceCard, point: OperatingPoint
) -> Callable[[Floats, Mapping[str, float]], Floats]:
    """Return Δ of Eq. 6 as a function of voltage and the parameters, their scale excepted."""
    k_eff, m_s = float(point.energy_density), float(point.saturation_magnetisation)
    field, volume = _anisotropy_field(point), float(card.geometry.activation_volume)

    def delta(voltage: Floats, p: Mapping[str, float]) -> Floats:
        energy = barrier.energy_barrier(
            k_eff * (1 - p["vcma"] * voltage), m_s, p["in_plane"] * field, volume
        )
        return np.asarray(barrier.stability_factor(energy, point.temperature))

    return delta


def _quantities(card: DeviceCard, point: OperatingPoint) -> dict[str, Derived]:
    whole, field = _whole(card, point), _anisotropy_field(point)
    return {
        "vcma": Derived(
            "VCMA coefficient", "ξ", "J/(V m)", "fJ/(V m)", lambda p: p["vcma"] * whole
        ),
        "in_plane": Derived(
            "in-plane field", "|H_in|", "A/m", "mT", lambda p: abs(p["in_plane"]) * field
        ),
    }

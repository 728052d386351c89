"""What was measured, written into a card: each value with its standard error and its source.

A measurement rarely fixes one number of the card alone.  P(high | H) fixes w, which is the ratio
of barrier and field; dwell times fix the barrier; two resistances fix R_P and TMR once the angles
of the wells are known.  Each function here says which numbers it moves and which it takes from
the card, and what it moves then makes the card's own physics give the measured value back.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from smtj.card import DeviceCard, Value
from smtj.card.consistency import ellipse_volume
from smtj.errors import SmtjError
from smtj.physics.constants import BOLTZMANN
from smtj.physics.device import OperatingPoint, operating_point
from smtj.physics.junction import state_resistances
from smtj.physics.magnetics.anisotropy import anisotropy_field

ROUNDS = 6
WIDEST = 50.0
"""How far a value may move from the card's, as a factor, before the card is the wrong one."""


class Measured(NamedTuple):
    """A value with its standard error, in SI units."""

    value: float
    error: float


def with_sigmoid(
    card: DeviceCard,
    slope: Measured,
    offset_field: Measured,
    voltage: float,
    temperature: float,
    source: str,
) -> DeviceCard:
    """Have a card give a measured w and H_s back.

    In the model ``cai2019``, w = 4E_b/(k_B T H_k,eff): E_b stays the card's and H_k,eff moves.  In
    the self-consistent one the barrier drops out of w and V* moves.  A slope of the other sign
    turns the reference layer round.

    Parameters
    ----------
    card
        The card to start from.
    slope
        w in 1/(A/m).
    offset_field
        H_s in A/m.
    voltage, temperature
        Bias in V and T in K of the measurement.
    source
        What it was measured from.

    Raises
    ------
    SmtjError
        No value that a device can have gives this slope.
    """
    card = _with_sign(card, slope.value, source)
    per_volt = float(card.switching.offset_field_per_volt)
    zero_bias = offset_field.value - per_volt * voltage
    card = card.replace(
        {"switching.offset_field": Value(zero_bias, "measured", source, offset_field.error)}
    )
    share = abs(slope.error / slope.value)
    if card.switching.model == "cai2019":
        delta = float(operating_point(card, voltage, temperature).stability_factor)
        h_k = abs(4 * delta / slope.value)
        if not h_k > 0:
            raise SmtjError(
                f"card {card.name} has no barrier at {voltage:g} V, so that no slope can follow "
                "from it; fit dwell times first, or start from another card"
            )
        return card.replace(
            {
                "switching.effective_anisotropy_field": Value(
                    h_k, "measured", f"w of {source}, with E_b of the card", share * h_k
                )
            }
        )
    volume = _solved(
        card,
        "geometry.activation_volume",
        lambda point: abs(float(point.slope)) - abs(slope.value),
        voltage,
        temperature,
    )
    text = f"w of {source}"
    value = Value(volume, "measured", text, share * volume)
    return card.replace({"geometry.activation_volume": value})


def with_barrier(
    card: DeviceCard, stability_factor: Measured, voltage: float, temperature: float, source: str
) -> DeviceCard:
    """Have a card give a measured Δ = E_b/(k_B T) back, by what the switching model leaves free.

    In the model ``cai2019`` V* moves.  In the self-consistent one V* belongs to w, so H_K1 moves.

    Parameters
    ----------
    card
        The card to start from.
    stability_factor
        Δ at ``voltage`` and ``temperature``; its error includes that of τ0.
    voltage, temperature
        Bias in V and T in K of the measurement.
    source
        What it was measured from.

    Raises
    ------
    SmtjError
        No value that a device can have gives this barrier.
    """
    share = stability_factor.error / stability_factor.value
    if card.switching.model == "cai2019":
        name = "geometry.activation_volume"
    else:
        name = "magnetism.anisotropy_field"
        card = _with_anisotropy_field(card)
    found = _solved(
        card,
        name,
        lambda point: float(point.stability_factor) - stability_factor.value,
        voltage,
        temperature,
    )
    return card.replace({name: Value(found, "measured", f"E_b of {source}", share * abs(found))})


def with_sigmoid_and_barrier(
    card: DeviceCard,
    slope: Measured,
    offset_field: Measured,
    stability_factor: Measured,
    voltage: float,
    temperature: float,
    source: str,
) -> DeviceCard:
    """Have a card give a measured w, H_s and Δ back at once.

    Arguments and errors as in :func:`with_sigmoid` and :func:`with_barrier`.
    """
    where = (voltage, temperature, source)
    # In the self-consistent model w knows H_K1 a little, and Δ knows V*.
    for _ in range(1 if card.switching.model == "cai2019" else ROUNDS):
        card = with_barrier(card, stability_factor, *where)
        card = with_sigmoid(card, slope, offset_field, *where)
    return card


def with_attempt_time(card: DeviceCard, log_attempt_time: Measured, source: str) -> DeviceCard:
    """Have a card's τ0 be a measured one; ln(τ0/s) and its error are given."""
    tau = math.exp(log_attempt_time.value)
    value = Value(tau, "measured", source, tau * log_attempt_time.error)
    return card.replace({"thermal.attempt_time": value})


def with_coefficient(card: DeviceCard, coefficient: Measured, source: str) -> DeviceCard:
    """Have a card's ξ in J/(V m) be a measured one; its field per volt then follows from it."""
    value = Value(coefficient.value, "measured", source, coefficient.error)
    return card.replace({"vcma.coefficient": value, "vcma.anisotropy_field_per_volt": None})


def with_levels(
    card: DeviceCard,
    high: Measured,
    low: Measured,
    voltage: float,
    field_in_plane: float,
    field_out_of_plane: float,
    source: str,
) -> DeviceCard:
    """Have a card give the measured resistances of both states back, by its R_P and TMR.

    The angles of the wells are the card's: of the full TMR a telegraph signal shows the part that
    they leave.

    Parameters
    ----------
    card
        The card to start from.
    high, low
        Resistances of the two states in ohm.
    voltage, field_in_plane, field_out_of_plane
        Bias in V and applied field in A/m of the measurement.
    source
        What they were measured from.

    Raises
    ------
    SmtjError
        With the card's angles no R_P and TMR give these resistances.
    """
    values = np.array([high.value, low.value])

    def solved(levels: np.ndarray) -> np.ndarray:
        return _parallel_and_tmr(card, levels, voltage, field_in_plane, field_out_of_plane)

    found = solved(values)
    errors = np.zeros(2)
    for i, error in enumerate((high.error, low.error)):
        moved = values.copy()
        moved[i] += error
        errors = np.hypot(errors, solved(moved) - found)
    text = f"levels of {source}, with the card's angles"
    return card.replace(
        {
            "electrical.parallel_resistance": Value(found[0], "measured", text, errors[0]),
            "electrical.resistance_area_product": None,
            "electrical.tmr": Value(found[1], "measured", text, errors[1]),
        }
    )


def _parallel_and_tmr(
    card: DeviceCard, levels: np.ndarray, voltage: float, parallel: float, perpendicular: float
) -> np.ndarray:
    """Return R_P and TMR that give two resistances; conductances are linear in 1/R_P, 1/R_AP."""
    unit = card.replace(
        {
            "electrical.parallel_resistance": 1.0,
            "electrical.resistance_area_product": None,
            "electrical.tmr": 1.0,
            "electrical.tmr_half_voltage": None,
        }
    )
    states = state_resistances(unit, parallel, 0.0, perpendicular, voltage)
    # With R_P = 1 and TMR = 1, G = share + (1 - share)/2 of parallel conductance.
    share = 2 / np.array([float(states.high), float(states.low)]) - 1
    if not share[1] - share[0] > 1e-6:
        raise SmtjError(
            f"with the angles of card {card.name} both states have the same resistance, so that "
            "R_P and TMR cannot follow from two levels; start from a card with a tilted easy axis"
        )
    g_high, g_low = 1 / levels
    g_antiparallel, g_parallel = np.linalg.solve(
        [[1 - share[0], share[0]], [1 - share[1], share[1]]], [g_high, g_low]
    )
    half = card.electrical.tmr_half_voltage
    tmr = g_parallel / g_antiparallel - 1 if g_antiparallel > 0 else math.inf
    if half is not None:
        tmr *= 1 + (voltage / half) ** 2
    if not (math.isfinite(tmr) and tmr > 0 and g_parallel > 0):
        raise SmtjError(
            f"levels of {levels[0]:.4g} and {levels[1]:.4g} ohm are too far apart for the angles "
            f"of card {card.name}; give it the angles of the device"
        )
    return np.array([1 / g_parallel, tmr])


def _with_sign(card: DeviceCard, slope: float, source: str) -> DeviceCard:
    if slope == 0 or not math.isfinite(slope):
        raise SmtjError(f"the slope w of {source} is {slope:g}; a neuron needs one that is not 0")
    if float(operating_point(card).slope) * slope > 0:
        return card
    # Along +x instead of -x, up instead of down: through the origin.
    turned = math.remainder(float(card.magnetism.reference_layer_angle) + math.pi, 2 * math.pi)
    polar = math.pi - float(card.magnetism.reference_layer_polar_angle)
    text = f"the sign of w in {source}"
    return card.replace(
        {
            "magnetism.reference_layer_angle": Value(turned, "derived", text),
            "magnetism.reference_layer_polar_angle": Value(polar, "derived", text),
        }
    )


def _with_anisotropy_field(card: DeviceCard) -> DeviceCard:
    """Return the card with H_K1 in the place of its interface anisotropy."""
    if card.magnetism.anisotropy_field is not None and card.magnetism.interface_anisotropy is None:
        return card
    k_eff = operating_point(card, 0.0).energy_density
    field = float(anisotropy_field(k_eff, card.magnetism.saturation_magnetisation))
    changes = {"magnetism.anisotropy_field": field, "magnetism.interface_anisotropy": None}
    return card.replace(changes)


def _solved(
    card: DeviceCard,
    name: str,
    miss: Callable[[OperatingPoint], float],
    voltage: float,
    temperature: float,
) -> float:
    """Return the value of a card's number at which ``miss`` is 0; it rises with the number."""
    from scipy.optimize import brentq

    section, _, field = name.partition(".")
    own = float(getattr(getattr(card, section), field))

    def missed(logarithm: float) -> float:
        changed = card.replace({name: own * math.exp(logarithm)})
        return miss(operating_point(changed, voltage, temperature))

    most = math.log(WIDEST)
    if name == "geometry.activation_volume":
        geometry = card.geometry
        whole = ellipse_volume(geometry.length, geometry.width, geometry.free_layer_thickness)
        most = min(most, math.log(whole / own))
    low, high = missed(-math.log(WIDEST)), missed(most)
    if not low < 0 < high:
        limit = "the whole free layer" if name == "geometry.activation_volume" else f"{WIDEST:g}x"
        raise SmtjError(
            f"no {name} between 1/{WIDEST:g} of that of card {card.name} and {limit} gives what "
            "was measured; start from a card that is closer to the device"
        )
    return own * math.exp(brentq(missed, -math.log(WIDEST), most, xtol=1e-12))


def dwell_times_to_barrier(
    log_dwell_high: float, log_dwell_low: float, covariance: np.ndarray, log_attempt_time: Measured
) -> tuple[Measured, float]:
    """Δ and h from one pair of dwell times and a known τ0: Eq. 3 and 4 solved for both.

    √ln(τ_high/τ0) = √Δ (1 + h) and √ln(τ_low/τ0) = √Δ (1 - h).

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ/s).
    covariance
        Of the two, shape (2, 2).
    log_attempt_time
        ln(τ0/s) with its error, which is most of the error of Δ.

    Returns
    -------
    tuple
        Δ with its error, and h.

    Raises
    ------
    SmtjError
        A dwell time is not longer than τ0.
    """
    a, b = log_dwell_high - log_attempt_time.value, log_dwell_low - log_attempt_time.value
    if not (a > 0 and b > 0):
        raise SmtjError("a dwell time is shorter than the attempt time, so there is no barrier")
    root = (math.sqrt(a) + math.sqrt(b)) / 2
    gradient = root * np.array([0.5 / math.sqrt(a), 0.5 / math.sqrt(b)])
    variance = gradient @ covariance @ gradient + (gradient.sum() * log_attempt_time.error) ** 2
    h = (math.sqrt(a) - math.sqrt(b)) / (2 * root)
    return Measured(root**2, math.sqrt(variance)), h


def barrier_in_joule(stability_factor: Measured, temperature: float) -> Measured:
    """E_b in J from Δ at a temperature in K."""
    scale = BOLTZMANN * temperature
    return Measured(scale * stability_factor.value, scale * stability_factor.error)

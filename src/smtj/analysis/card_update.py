"""Fitted values written into a card, each with its standard error and its source.

A measurement rarely fixes one number of the card alone: P(high | H) fixes w, the ratio of barrier
and field; dwell times fix the barrier; two resistances fix R_P and TMR for known angles of the
wells.  Each function says which numbers it changes and which it takes from the card; afterwards
the card's own physics returns the fitted value.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from smtj.analysis.result import CARD_DIGITS
from smtj.card import DeviceCard, Value
from smtj.card.consistency import ellipse_volume
from smtj.card.value import Provenance
from smtj.errors import SmtjError
from smtj.inference.stats.distributions import chi_squared_p_value
from smtj.inference.stats.estimate import Estimate
from smtj.inference.stats.least_squares import UNLIKELY
from smtj.physics.device import (
    OperatingPoint,
    vcma_point,
    with_stability_factor,
)
from smtj.physics.free_layer import offset_field, states_in_plane
from smtj.physics.junction import state_resistances
from smtj.physics.magnetics.anisotropy import anisotropy_field
from smtj.typing import Floats
from smtj.units import convert, round_to_error

ROUNDS = 6
MAX_FACTOR = 50.0
"""By which a value may differ from the card's; beyond, the card is the wrong one to start from."""
CHANCE = 3.0
"""Standard errors by which a w may exceed that of the whole free layer by chance."""


STEP = 1e-4
"""Relative step of a level, by which R_P and TMR are differentiated."""


class Measured(NamedTuple):
    """A value with its standard error, in SI units."""

    value: float
    error: float

    def on_card(self, source: str, provenance: Provenance = "measured") -> Value:
        """Return it as a value of a card; an unbounded error is left out."""
        return Value(
            self.value, provenance, source, self.error if math.isfinite(self.error) else None
        )


def measured(estimate: Estimate) -> Measured:
    """Return value and standard error of an estimate."""
    return Measured(estimate.value, estimate.error)


def with_sigmoid(
    card: DeviceCard,
    slope: Measured,
    offset_field: Measured,
    voltage: float,
    temperature: float,
    source: str,
) -> DeviceCard:
    """Give a card the w and H_s that were measured.

    In the model ``cai2019``, w = 4E_b/(k_B T H_k,eff): E_b stays the card's and H_k,eff changes.
    In the self-consistent model the barrier drops out of w and V* changes.  A slope of opposite
    sign turns the reference layer round.

    w is in 1/(A/m) and H_s in A/m, at a bias in V and a temperature in K.  Like its siblings this
    raises SmtjError if no possible device has these values.
    """
    card = _with_sign(card, slope.value, source)
    moved = _moved_by(card, voltage, temperature)
    zero_bias = Measured(offset_field.value - moved, offset_field.error)
    card = card.replace({"switching.offset_field": zero_bias.on_card(source)})
    relative_error = abs(slope.error / slope.value)
    if card.switching.model == "cai2019":
        delta = float(vcma_point(card, voltage, temperature).stability_factor)
        h_k = abs(4 * delta / slope.value)
        if not h_k > 0:
            raise SmtjError(
                f"card {card.name} has no barrier at {voltage:g} V, so no slope follows from it; "
                "fit dwell times first, or choose another base card"
            )
        value = Measured(h_k, relative_error * h_k)
        text = f"w of {source}, with E_b of the card"
        return card.replace(
            {"switching.effective_anisotropy_field": value.on_card(text, "derived")}
        )
    volume = _solved(
        card,
        "geometry.activation_volume",
        lambda point: abs(float(point.slope)) - abs(slope.value),
        voltage,
        temperature,
        CHANCE * slope.error,
    )
    value = Measured(volume, relative_error * volume)
    text = f"w of {source}, with M_s of the card"
    return card.replace({"geometry.activation_volume": value.on_card(text, "derived")})


def with_barrier(
    card: DeviceCard, stability_factor: Measured, voltage: float, temperature: float, source: str
) -> DeviceCard:
    """Give a card the Δ = E_b/(k_B T) that was measured.

    In the model ``cai2019`` V* changes.  In the self-consistent one V* belongs to w, so H_K1 does,
    or the anisotropy in the plane where the states lie there.

    Its error includes that of τ0.
    """
    if card.switching.model == "cai2019":
        name = "geometry.activation_volume"
        made = with_stability_factor(card, stability_factor.value, voltage, temperature)
        found = float(made.geometry.activation_volume)
    else:
        name = "magnetism.in_plane_anisotropy_field"
        if not states_in_plane(card):
            name = "magnetism.anisotropy_field"
            card = _with_anisotropy_field(card)
        found = _solved(
            card,
            name,
            lambda point: float(point.stability_factor) - stability_factor.value,
            voltage,
            temperature,
        )
    error = abs(found) * stability_factor.error / stability_factor.value
    text = f"E_b of {source}, with the anisotropy of the card"
    if name != "geometry.activation_volume":
        text = f"E_b of {source}, with V* of the card"
    return card.replace({name: Measured(found, error).on_card(text, "derived")})


def with_log_odds(
    card: DeviceCard,
    log_odds: Measured,
    voltage: float,
    temperature: float,
    field_out_of_plane: float,
    field_in_plane: float,
    source: str,
) -> DeviceCard:
    """Give a card the H_s at which its w yields the ln(odds of the high state) of one field.

    Nothing else says where the middle of P(H) lies; w stays the card's.
    """
    # It brings interpolation of SciPy, which a fit without a base card does without.
    from smtj.physics.dwell import card_log_dwell_times

    own = float(vcma_point(card, voltage, temperature).slope)
    where = (field_in_plane, 0.0, field_out_of_plane, voltage, temperature)
    high, low = card_log_dwell_times(card, *where, law="neel-brown")
    # ln(odds) falls by w for each A/m by which H_s rises.
    moved = (float(high) - float(low) - log_odds.value) / own
    offset = float(offset_field(card, 0.0)) + moved
    value = Measured(offset, abs(log_odds.error / own))
    text = f"dwell times of {source}, with w of the card"
    return card.replace({"switching.offset_field": value.on_card(text, "derived")})


def with_sigmoid_and_barrier(
    card: DeviceCard,
    slope: Measured,
    offset_field: Measured,
    stability_factor: Measured,
    voltage: float,
    temperature: float,
    source: str,
) -> DeviceCard:
    """Give a card w, H_s and Δ at once; see :func:`with_sigmoid` and :func:`with_barrier`."""
    where = (voltage, temperature, source)
    # In the self-consistent model w depends on H_K1 a little, and Δ on V*.
    for _ in range(1 if card.switching.model == "cai2019" else ROUNDS):
        card = with_barrier(card, stability_factor, *where)
        card = with_sigmoid(card, slope, offset_field, *where)
    return card


def with_attempt_time(card: DeviceCard, log_attempt_time: Measured, source: str) -> DeviceCard:
    """Give a card the τ0 that was measured, as ln(τ0/s) with its error."""
    tau = math.exp(log_attempt_time.value)
    value = Measured(tau, tau * log_attempt_time.error)
    return card.replace({"thermal.attempt_time": value.on_card(source)})


def with_barrier_and_attempt_time(
    card: DeviceCard,
    slope: Measured,
    offset_field: Measured,
    stability_factor: Measured,
    log_attempt_time: Measured,
    voltage: float,
    temperature: float,
    source: str,
) -> DeviceCard:
    """Give a card w, H_s, and Δ with the τ0 that belongs to it.

    Dwell times against field weigh the card's τ0 against their curvature; they determine
    ln τ0 + Δ, so that Δ alone, beside another τ0, would give other dwell times.
    """
    own = math.log(card.thermal.attempt_time)
    if not math.isclose(log_attempt_time.value, own, abs_tol=1e-9):
        tau = math.exp(log_attempt_time.value)
        # As the card writes it, so that rounding changes no dwell time.
        number, _ = round_to_error(tau, tau * log_attempt_time.error, "s", "ns", CARD_DIGITS)
        tau = convert(float(number), "ns", "s") or tau
        moved = stability_factor.value + log_attempt_time.value - math.log(tau)
        stability_factor = Measured(moved, stability_factor.error)
        value = Measured(tau, tau * log_attempt_time.error)
        text = f"ln τ(H) of {source}, with τ0 of the card"
        card = card.replace({"thermal.attempt_time": value.on_card(text, "derived")})
    where = (voltage, temperature, source)
    return with_sigmoid_and_barrier(card, slope, offset_field, stability_factor, *where)


def with_coefficient(card: DeviceCard, coefficient: Measured, source: str) -> DeviceCard:
    """Give a card the ξ in J/(V m) that was measured; its field per volt then follows from ξ."""
    value = coefficient.on_card(source)
    return card.replace({"vcma.coefficient": value, "vcma.anisotropy_field_per_volt": None})


class Levels(NamedTuple):
    """The resistances of both states in ohm, and where they were measured."""

    high: Measured
    low: Measured
    voltage: float
    """In V."""
    field_in_plane: float
    """Applied, in A/m."""
    field_out_of_plane: float


def with_levels(card: DeviceCard, measured: Sequence[Levels], source: str) -> DeviceCard:
    """Give a card the R_P and TMR that reproduce the measured resistances of both states.

    The angles of the wells are the card's: a telegraph signal shows the part of the TMR that they
    leave.  Of several pairs of levels the R_P and TMR are averaged by their errors, which are
    widened where they scatter by more than chance.
    """
    pairs, weights = [], []
    for one in measured:
        values = np.array([one.high.value, one.low.value])
        conditions = (one.voltage, one.field_in_plane, one.field_out_of_plane)
        found = _parallel_and_tmr(card, values, *conditions)
        # A whole error of a level that is hardly seen may leave no TMR.
        steps = STEP * np.diag(values)
        slopes = [
            (_parallel_and_tmr(card, values + step, *conditions) - found) / step.sum()
            for step in steps
        ]
        moved = np.stack(slopes, axis=1) * [one.high.error, one.low.error]
        pairs.append(found)
        weights.append(np.linalg.inv(moved @ moved.T))
    covariance = np.linalg.inv(np.sum(weights, axis=0))
    mean = covariance @ np.einsum("nij,nj->i", weights, pairs)
    away = np.array(pairs) - mean
    chi_squared = float(np.einsum("ni,nij,nj->", away, weights, away))
    freedom = 2 * (len(pairs) - 1)
    if freedom and chi_squared_p_value(chi_squared, freedom) < UNLIKELY:
        covariance *= chi_squared / freedom
    text = f"levels of {source}, with the card's angles"
    resistance, tmr = (
        Measured(float(value), float(error)).on_card(text, "derived")
        for value, error in zip(mean, np.sqrt(np.diag(covariance)), strict=True)
    )
    return card.replace(
        {
            "electrical.parallel_resistance": resistance,
            "electrical.resistance_area_product": None,
            "electrical.tmr": tmr,
        }
    )


def _parallel_and_tmr(
    card: DeviceCard, levels: Floats, voltage: float, in_plane: float, out_of_plane: float
) -> Floats:
    """Return R_P and TMR that give two resistances; conductances are linear in 1/R_P, 1/R_AP."""
    unit = card.replace(
        {
            "electrical.parallel_resistance": 1.0,
            "electrical.resistance_area_product": None,
            "electrical.tmr": 1.0,
            "electrical.tmr_half_voltage": None,
        }
    )
    states = state_resistances(unit, in_plane, 0.0, out_of_plane, voltage)
    # With R_P = 1 and TMR = 1, G = part + (1 - part)/2 of the parallel conductance.
    part = 2 / np.array([float(states.high), float(states.low)]) - 1
    if not part[1] - part[0] > 1e-6:
        raise SmtjError(
            f"with the angles of card {card.name} both states have the same resistance, so R_P and "
            "TMR cannot follow from two levels; choose a base card with a tilted easy axis"
        )
    g_antiparallel, g_parallel = np.linalg.solve(np.stack([1 - part, part], axis=1), 1 / levels)
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


def _moved_by(card: DeviceCard, voltage: float, temperature: float) -> float:
    """Return by how much a voltage moves H_s in A/m: by torque, heat and H_s per volt."""
    if voltage == 0:
        return 0.0
    there, at_rest = (card.at(volts, temperature=temperature) for volts in (voltage, 0.0))
    return float(there.offset_field) - float(at_rest.offset_field)


def _with_sign(card: DeviceCard, slope: float, source: str) -> DeviceCard:
    if slope == 0 or not math.isfinite(slope):
        raise SmtjError(f"the slope w of {source} is {slope:g}; a neuron needs one that is not 0")
    if float(vcma_point(card).slope) * slope > 0:
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
    """Return the card with H_K1 instead of its interface anisotropy."""
    if card.magnetism.anisotropy_field is not None and card.magnetism.interface_anisotropy is None:
        return card
    k_eff = vcma_point(card, 0.0).energy_density
    field = float(anisotropy_field(k_eff, card.magnetism.saturation_magnetisation))
    changes = {"magnetism.anisotropy_field": field, "magnetism.interface_anisotropy": None}
    return card.replace(changes)


def _solved(
    card: DeviceCard,
    name: str,
    miss: Callable[[OperatingPoint], float],
    voltage: float,
    temperature: float,
    tolerance: float = 0.0,
) -> float:
    """Return the value of a card's number at which ``miss``, which rises with it, is 0.

    The whole free layer is taken where it misses by no more than a tolerance.
    """
    from scipy.optimize import brentq

    section, _, field = name.partition(".")
    own = float(getattr(getattr(card, section), field))

    def missed(logarithm: float) -> float:
        changed = card.replace({name: own * math.exp(logarithm)})
        return miss(vcma_point(changed, voltage, temperature))

    most, limit = math.log(MAX_FACTOR), f"{MAX_FACTOR:g}x"
    if name == "geometry.activation_volume":
        geometry = card.geometry
        whole = ellipse_volume(geometry.length, geometry.width, geometry.free_layer_thickness)
        most, limit = min(most, math.log(whole / own)), "the whole free layer"
        if -tolerance < missed(most) <= 0:
            return own * math.exp(most)
    least = -math.log(MAX_FACTOR)
    if not missed(least) < 0 < missed(most):
        raise SmtjError(
            f"no {name} between 1/{MAX_FACTOR:g} of that of card {card.name} and {limit} agrees "
            "with the measurement; choose a base card closer to the device"
        )
    return own * math.exp(brentq(missed, least, most, xtol=1e-12))


def dwell_times_to_barrier(
    log_dwell_high: float, log_dwell_low: float, covariance: Floats, log_attempt_time: Measured
) -> tuple[Measured, float]:
    """Δ and h from one pair of dwell times and a known τ0, by Eq. 3 and 4.

    √ln(τ_high/τ0) = √Δ (1 + h) and √ln(τ_low/τ0) = √Δ (1 - h).

    Dwell times and τ0 come as ln(τ/s); the error of τ0 is the main part of that of Δ.
    """
    a, b = log_dwell_high - log_attempt_time.value, log_dwell_low - log_attempt_time.value
    if not (a > 0 and b > 0):
        raise SmtjError("a dwell time is shorter than the attempt time, so there is no barrier")
    root = (math.sqrt(a) + math.sqrt(b)) / 2
    gradient = root * np.array([0.5 / math.sqrt(a), 0.5 / math.sqrt(b)])
    variance = gradient @ covariance @ gradient + (gradient.sum() * log_attempt_time.error) ** 2
    h = (math.sqrt(a) - math.sqrt(b)) / (2 * root)
    return Measured(root**2, math.sqrt(variance)), h


def with_anisotropy(
    card: DeviceCard, first: Measured, second: Measured, voltage: float, source: str
) -> DeviceCard:
    """Give a card the measured H_K1, moved to zero bias by the card's ξ, and H_K2, in A/m.

    The barrier follows from H_K1; an interface anisotropy is dropped.
    """
    bias = [vcma_point(card, v) for v in (0.0, voltage)]
    moved = [float(anisotropy_field(b.energy_density, b.saturation_magnetisation)) for b in bias]
    at_zero = Measured(first.value + moved[0] - moved[1], first.error)
    return card.replace(
        {
            "magnetism.anisotropy_field": at_zero.on_card(source),
            "magnetism.interface_anisotropy": None,
            "magnetism.second_order_anisotropy_field": second.on_card(source),
        }
    )


def with_damping(card: DeviceCard, damping: Measured, source: str) -> DeviceCard:
    """Give a card the Gilbert damping that was measured, if it is between 0 and 1."""
    if not 0 < damping.value <= 1:
        return card
    return card.replace({"magnetism.damping": damping.on_card(source)})


def with_field_per_volt(
    card: DeviceCard, field_per_volt: Measured, coefficient: Measured, source: str
) -> DeviceCard:
    """Give a card the -dH_K1/dV in A/m/V and the ξ in J/(V m) that were measured."""
    stack = f"{source}, with M_s, t and t_MgO of the card"
    return card.replace(
        {
            "vcma.coefficient": coefficient.on_card(stack),
            "vcma.anisotropy_field_per_volt": field_per_volt.on_card(source),
        }
    )

"""What the paper's numbers imply, computed from a card, for the audit."""

import math
from typing import NamedTuple

import numpy as np

from smtj.card import DeviceCard, consistency
from smtj.physics import barrier, switching
from smtj.physics.device import OperatingPoint, vcma_point
from smtj.physics.free_layer import anisotropy_terms, barrier_against_thickness, vcma_coefficient
from smtj.physics.junction import card_wells, parallel_resistance
from smtj.physics.magnetics import anisotropy
from smtj.typing import Floats
from smtj.units import convert

VOLTAGES = np.array([-0.2, 0.0, 0.2])
"""Ends and middle of the bias range of Fig. 4, in V."""
_BIAS = np.linspace(VOLTAGES[0], VOLTAGES[-1], 81)
VISIBLE_CURVATURE = 0.03
"""Deviation from a line, relative to w, that data as in Fig. 2(d) could just show: twice the
standard error of one fitted w."""


def magnetisation_for(card: DeviceCard, coefficient: float, thickness: float) -> float:
    """Return the M_s in A/m that turns the card's field per volt into ξ in J/(V m).

    ``thickness`` in m is that of the layer taken to be free.
    """
    per_ampere_per_metre = consistency.vcma_coefficient(
        field_per_volt(card), 1.0, thickness, card.geometry.tunnel_barrier_thickness
    )
    return coefficient / per_ampere_per_metre


def implied_coefficient(card: DeviceCard) -> float:
    """Return ξ in J/(V m) from the card's M_s, field per volt and thicknesses."""
    return consistency.vcma_coefficient(
        field_per_volt(card),
        card.magnetism.saturation_magnetisation,
        card.geometry.free_layer_thickness,
        card.geometry.tunnel_barrier_thickness,
    )


def field_per_volt(card: DeviceCard) -> float:
    """Return -dH_K1/dV in A/(m V): the card's own, else from ξ."""
    given = card.vcma.anisotropy_field_per_volt
    if given is not None:
        return float(given)
    per_unit = consistency.vcma_coefficient(
        1.0,
        card.magnetism.saturation_magnetisation,
        card.geometry.free_layer_thickness,
        card.geometry.tunnel_barrier_thickness,
    )
    return vcma_coefficient(card) / per_unit


def volume(card: DeviceCard) -> float:
    """Return the volume of the whole free layer in m³."""
    geometry = card.geometry
    return consistency.ellipse_volume(
        geometry.length, geometry.width, geometry.free_layer_thickness
    )


def whole_ellipse_stability(card: DeviceCard, *, bias_field: bool) -> float:
    """Return Δ at zero bias if the whole ellipse reversed at once, with or without H_in."""
    point = vcma_point(card)
    h_in = float(card.magnetism.in_plane_bias_field) if bias_field else 0.0
    e_b = barrier.energy_barrier(
        point.energy_density, point.saturation_magnetisation, h_in, volume(card)
    )
    return float(barrier.stability_factor(e_b, point.temperature))


def midpoint_dwell_times(card: DeviceCard) -> Floats:
    """Return τ in s at H_⊥ = H_s, where both dwell times are equal, at :data:`VOLTAGES`."""
    point = vcma_point(card, VOLTAGES)
    high, _ = point.dwell_times(point.offset_field)
    return np.asarray(high)


def slopes(card: DeviceCard, model: str) -> Floats:
    """Return the slope w in 1/Oe at :data:`VOLTAGES` by a switching model."""
    point = vcma_point(card.replace({"switching.model": model}), VOLTAGES)
    return np.broadcast_to(point.slope, VOLTAGES.shape) * convert(1, "Oe", "A/m")


def curvature(card: DeviceCard, bias_field: float | None = None) -> float:
    """Return the largest deviation of w(V) from a line over ±200 mV, relative to its mean.

    By Eq. 6 with constant H_k,eff, at an H_in in A/m (``bias_field``), by default the card's.
    """
    h_in = float(card.magnetism.in_plane_bias_field) if bias_field is None else bias_field
    return _deviation(vcma_point(card, _BIAS), h_in)


def bias_field_for_curvature(card: DeviceCard, deviation: float) -> float:
    """Return the H_in in A/m that bends w(V) by a relative deviation, other values unchanged.

    Infinite if no H_in does so before the barrier vanishes at +200 mV.
    """
    from scipy.optimize import brentq

    point = vcma_point(card, _BIAS)
    fields = anisotropy.anisotropy_field(point.energy_density, point.saturation_magnetisation)
    # Beyond it there is no barrier left at the upper end of the range.
    most = 0.98 * float(np.min(fields))
    if most <= 0 or _deviation(point, most) < deviation:
        return math.inf
    return float(brentq(lambda h: _deviation(point, h) - deviation, 0.0, most))


def _deviation(point: OperatingPoint, bias_field: float) -> float:
    """Return the curvature of E_b ∝ w over the bias range, at an H_in in A/m."""
    e_b = np.asarray(
        barrier.energy_barrier(
            point.energy_density, point.saturation_magnetisation, bias_field, 1.0
        )
    )
    if not e_b.any():
        return 0.0
    line = np.polynomial.Polynomial.fit(_BIAS, e_b, 1)(_BIAS)
    return float(np.abs(e_b - line).max() / e_b.mean())


class Eq5(NamedTuple):
    """Eq. 5 beside Eq. 2 of Eq. 3 and 4."""

    inside: float
    """Largest difference of the probabilities for |h| ≤ 1."""
    printed_beyond: float
    """ln(τ_low/τ0) at h = 1.5 by Eq. 4 as printed, which rises again."""
    ours_beyond: float
    """The same, clamped."""


def eq_5(card: DeviceCard) -> Eq5:
    """Compare Eq. 5 with what it is derived from."""
    point = vcma_point(card)
    field = point.offset_field + np.linspace(-1, 1, 401) * point.effective_field
    from_times = switching.probability_from_dwell_times(*point.log_dwell_times(field))
    inside = np.abs(from_times - point.switching_probability(field)).max()
    delta, h = float(point.stability_factor), 1.5
    _, printed = switching.log_dwell_times(delta, h, 0.0)
    _, clamped = switching.log_dwell_times(delta, float(switching.reduced_field(h, 0, 1)), 0.0)
    return Eq5(float(inside), float(printed), float(clamped))


class Eq6(NamedTuple):
    """Eq. 6 as printed beside its square; in k_B T, for H_in up to and beyond H_k."""

    inside: float
    """Largest difference for 0 ≤ H_in ≤ H_k."""
    printed_beyond: float
    """The printed polynomial at H_in = 1.5 H_k."""
    nonlinear_term: float
    """(M_s H_in)²/(4K_eff) over K_eff at the card's H_in: small if Eq. 6 is linear in V."""


def eq_6(card: DeviceCard) -> Eq6:
    """Compare the printed polynomial of Eq. 6 with its square."""
    point = vcma_point(card)
    k_eff, m_s = point.energy_density, point.saturation_magnetisation
    h_k = float(anisotropy.anisotropy_field(k_eff, m_s))
    v = card.geometry.activation_volume

    def in_kt(e_b: Floats | float) -> Floats:
        return np.asarray(barrier.stability_factor(e_b, point.temperature))

    h_in = np.linspace(0, h_k, 101)
    printed = in_kt(barrier.printed_energy_barrier(k_eff, m_s, h_in, v))
    square = in_kt(barrier.energy_barrier(k_eff, m_s, h_in, v))
    beyond = in_kt(barrier.printed_energy_barrier(k_eff, m_s, 1.5 * h_k, v))
    ratio = float(card.magnetism.in_plane_bias_field) / h_k
    return Eq6(float(np.abs(printed - square).max()), float(beyond), ratio**2)


def stability_with_more_anisotropy(card: DeviceCard, fraction: float) -> float:
    """Return Δ at zero bias if K_⊥ of Eq. 1 were larger by a fraction."""
    point = vcma_point(card)
    _, k_perpendicular, _ = anisotropy_terms(card)
    e_b = barrier.energy_barrier(
        point.energy_density + fraction * k_perpendicular,
        point.saturation_magnetisation,
        card.magnetism.in_plane_bias_field,
        card.geometry.activation_volume,
    )
    return float(barrier.stability_factor(e_b, point.temperature))


def thickness_without_barrier(card: DeviceCard) -> float:
    """Return the smallest thickness in m, at or above the card's, without a barrier (Eq. 1, 6)."""
    own = float(card.geometry.free_layer_thickness)
    thickness = own * np.linspace(1, 2, 4001)
    gone = np.asarray(barrier_against_thickness(card, thickness)) <= 0
    return float(thickness[gone.argmax()]) if gone.any() else math.inf


def oersted_field(card: DeviceCard, distance: float) -> float:
    """Return I/(2πd), the field in A/m of a long wire with the read current at a distance in m."""
    current = card.electrical.read_voltage / parallel_resistance(card)
    return current / (2 * math.pi * distance)


def wells(card: DeviceCard, field_x: float = 0.0, field_z: float = 0.0) -> list[float]:
    """Angles of the wells from the film normal, in rad in [0, 2π), positive towards +x.

    Parameters
    ----------
    card
        The device.
    field_x, field_z
        Applied field in A/m; the card's in-plane bias field comes on top.

    Returns
    -------
    list of float
        Two at zero field on a bistable device, one past its coercive field; in rising order.
    """
    found = card_wells(card, field_x, 0.0, field_z)
    both = ((found.up, found.up_exists), (found.down, found.down_exists))
    return sorted(math.atan2(m[0], m[2]) % (2 * math.pi) for m, exists in both if exists)

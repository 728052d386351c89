"""The curves of a configured device; SI units, no plotting.

Cards here come from :func:`smtj.explore.controls.configured_card`, so temperature, thickness and
tilt are those of the sliders.  Dwell times follow Eq. 3, 4 and 6 whatever the card says: exact
ones are too slow for a slider.
"""

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.card import DeviceCard, Value
from smtj.explore.controls import SET, ControlValues, configured_card, values_of_card
from smtj.lab.stfmr import DRIVE
from smtj.physics.device import barrier_and_reduced_field, log_dwell_times_in_field, vcma_point
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.free_layer import high_state_is_up, macrospin
from smtj.physics.junction import card_wells, state_resistances, with_stray_field
from smtj.physics.magnetics.equilibrium import reduced_energy
from smtj.physics.magnetics.frame import along, frame
from smtj.physics.resonance.spectrum import WellLines, signal, well_lines
from smtj.physics.switching import probability_from_dwell_times
from smtj.typing import Floats

MODELS = ("cai2019", "self-consistent")
"""The two switching models."""
MIN_BARRIER = 1.0
"""Stability factor below which two states cannot be told apart."""
FEW_VOLTAGES = 5
"""Voltages at which the self-consistent model is integrated; its w(V) is nearly linear."""


class Landscape(NamedTuple):
    """Energy of the free layer in the plane of film normal and long axis."""

    angle: Floats
    """Of the magnetisation from the normal towards +x, in rad; shape (angles,)."""
    energy: Floats
    """In k_B T above the minimum, same shape."""
    well_angle: Floats
    """Of the high and of the low state, in rad; shape (2,)."""
    well_energy: Floats
    """In k_B T, shape (2,)."""
    well_exists: NDArray[np.bool_]
    """Shape (2,)."""


class StateSpectrum(NamedTuple):
    """A rectified spectrum and the contribution of each state."""

    frequency: Floats
    """In Hz, shape (frequencies,)."""
    total: Floats
    """In V, same shape."""
    high: Floats
    low: Floats
    position: Floats
    """Resonance of the high and the low state in Hz, shape (2,)."""
    half_width: Floats
    """In Hz, shape (2,)."""


class View(NamedTuple):
    """Everything plotted of a configured device."""

    card: DeviceCard
    """The configured card."""
    present: "Present"
    probability: dict[str, Floats]
    """P(high) at the fields, by switching model."""
    slope: dict[str, Floats]
    """w in 1/(A/m) at the voltages, by switching model."""
    landscape: Landscape
    spectrum: StateSpectrum


class Present(NamedTuple):
    """The device at the present field, voltage and temperature."""

    log_dwell_high: float
    """ln(τ_high/s)."""
    log_dwell_low: float
    probability: float
    """P(high)."""
    stability_factor: float
    """Δ in the in-plane field."""
    slope: float
    """w in 1/(A/m) in the in-plane field."""
    resistance_high: float
    """In ohm."""
    resistance_low: float


def view(
    card: DeviceCard, values: ControlValues, fields: Floats, limit: float, voltages: int
) -> View:
    """Compute everything plotted, from the unchanged card and the values of its sliders.

    ``fields`` are H_⊥ in A/m of P(H_⊥); w(V) has ``voltages`` points between ± ``limit`` in V.

    Raises
    ------
    SmtjError
        The values do not describe a valid device.
    """
    configured = configured_card(card, values)
    at_any_voltage = configured_card(card, replace(values, voltage=values_of_card(card).voltage))
    return View(
        configured,
        present(configured, values),
        {name: probability(of, values, fields) for name, of in by_model(configured).items()},
        {
            name: slopes(of, values.field_in_plane, limit, voltages)
            for name, of in by_model(at_any_voltage).items()
        },
        landscape(configured, values),
        spectrum(configured, values),
    )


def by_model(card: DeviceCard) -> dict[str, DeviceCard]:
    """Return the card under each switching model; a missing H_k,eff is taken as H_K1.

    An in-plane layer has no such H_k,eff; the model ``cai2019`` is then left out.
    """
    cards = {}
    for model in MODELS:
        changes: dict[str, object] = {"switching.model": model}
        if model == "cai2019" and card.switching.effective_anisotropy_field is None:
            h_k1 = float(macrospin(card).anisotropy_field)
            if h_k1 <= 0:
                continue
            changes["switching.effective_anisotropy_field"] = Value(h_k1, "assumed", SET)
        cards[model] = card.replace(changes)
    return cards


def present(card: DeviceCard, values: ControlValues) -> Present:
    """Return dwell times, P(high), barrier and resistances at the current values."""
    where = (values.field_in_plane, 0.0, values.field_out_of_plane, values.voltage)
    logs = card_log_dwell_times(card, *where, law="neel-brown")
    log_high, log_low = (float(log) for log in logs)
    delta, _ = barrier_and_reduced_field(card, *where)
    (slope,) = _slopes(card, values.field_in_plane, np.array([values.voltage]))
    states = state_resistances(card, *where)
    return Present(
        log_high,
        log_low,
        float(probability_from_dwell_times(log_high, log_low)),
        float(delta),
        float(slope),
        float(states.high),
        float(states.low),
    )


def doubts(now: Present, valley: Landscape) -> str:
    """Return where the formulas of two states do not hold, in a sentence; empty if they do.

    Eq. 3 to 6 take two wells for granted, with a barrier that depends on the field across the axis
    alone; the landscape is the energy itself.
    """
    if now.stability_factor < MIN_BARRIER:
        return (
            f"E_b is {now.stability_factor:.2g} k_BT, so no barrier holds two states apart and "
            "Eq. 3 to 6 do not hold: disregard dwell times, P(high), slope and trace. The "
            "landscape is the energy itself, and still holds."
        )
    if not valley.well_exists.all():
        there = "high" if valley.well_exists[0] else "low"
        return (
            f"Only the {there} state has a well here, so Eq. 3 to 6, which take two for granted, "
            "do not hold: the device stays there. The landscape is the energy itself, and still "
            "holds."
        )
    return ""


def probability(card: DeviceCard, values: ControlValues, fields: Floats) -> Floats:
    """Return P(high) at perpendicular fields in A/m and the current in-plane field."""
    where = (values.field_in_plane, 0.0, fields, values.voltage)
    logs = card_log_dwell_times(card, *where, law="neel-brown")
    return np.asarray(probability_from_dwell_times(*logs))


def landscape(card: DeviceCard, values: ControlValues, angles: int = 241) -> Landscape:
    """Return energy against the angle of the magnetisation, and the two rest positions."""
    spin = macrospin(card, values.voltage)
    x, z = with_stray_field(card, values.field_in_plane, values.field_out_of_plane, values.voltage)
    reduced, axes = reduced_energy(spin, x, 0.0, z), frame(spin)

    def energy_at(angle: Floats) -> Floats:
        m = np.sin(angle), np.zeros_like(angle), np.cos(angle)
        return np.asarray(reduced(*(along(axis, *m) for axis in axes[:3])))

    wells = card_wells(card, values.field_in_plane, 0.0, values.field_out_of_plane, values.voltage)
    order = [0, 1] if high_state_is_up(card) else [1, 0]
    directions = np.stack([wells.up, wells.down])[order]
    exists = np.array([wells.up_exists, wells.down_exists])[order]
    rest = np.arctan2(directions[:, 0], directions[:, 2])
    # Show a well near -180 degrees beside the others, not at the far end.
    rest = np.where(rest < -math.pi / 2, rest + 2 * math.pi, rest)
    angle = np.linspace(-math.pi / 2, 3 * math.pi / 2, angles)
    energy = energy_at(angle)
    lowest = min(float(energy.min()), float(energy_at(rest).min()))
    return Landscape(angle, energy - lowest, rest, energy_at(rest) - lowest, exists)


@lru_cache(maxsize=64)
def slopes(card: DeviceCard, field_in_plane: float, limit: float, count: int) -> Floats:
    """Return the slope w in 1/(A/m) of P(high | H_⊥) at voltages from -limit to limit in V.

    It does not depend on the present voltage, so results are cached.
    """
    voltages = np.linspace(-limit, limit, count)
    if card.switching.model == "self-consistent":
        few = np.linspace(-limit, limit, FEW_VOLTAGES)
        return np.interp(voltages, few, _slopes(card, field_in_plane, few))
    return _slopes(card, field_in_plane, voltages)


def _slopes(card: DeviceCard, field_in_plane: float, voltages: Floats) -> Floats:
    bias = voltages[:, None]
    offset = vcma_point(card).offset_field + card.switching.offset_field_per_volt * bias
    midpoint = offset - field_in_plane * math.tan(card.magnetism.easy_axis_tilt)
    step = np.array([-1.0, 1.0])
    log_high, log_low = log_dwell_times_in_field(card, field_in_plane, 0.0, midpoint + step, bias)
    odds = np.asarray(log_high - log_low)
    return np.asarray((odds[:, 1] - odds[:, 0]) / 2)


def spectrum(card: DeviceCard, values: ControlValues, points: int = 400) -> StateSpectrum:
    """Return rectified voltage against frequency at the present field and bias.

    The frequencies reach 2.5, 5, 10, 20 ... GHz, as far as the lines of both states need.
    """
    where = (values.field_in_plane, 0.0, values.field_out_of_plane, values.voltage)
    lines = well_lines(card, *where, DRIVE)
    order = [0, 1] if high_state_is_up(card) else [1, 0]
    end = _highest_frequency(lines.position, lines.half_width)
    frequency = np.linspace(end / points, end, points)

    def of(well: int) -> Floats:
        alone = np.zeros(2)
        alone[well] = 1.0
        return signal(WellLines(*lines[:-1], lines.occupancy * alone), frequency)

    high, low = (of(well) for well in order)
    place = lines.position[order], lines.half_width[order]
    return StateSpectrum(frequency, high + low, high, low, *place)


def _highest_frequency(position: Floats, half_width: Floats) -> float:
    need = float(np.nanmax(position + 4 * half_width, initial=0.0))
    return next(end * 1e9 for end in (2.5, 5, 10, 20, 50, 100, 1000) if end * 1e9 >= need)

"""The curves of a device as set, each from a card and its knobs; SI units, nothing drawn.

A card here is one that :func:`smtj.explore.knobs.as_set` made, so that its temperature, thickness
and tilt are those of the knobs.  Dwell times are those of Eq. 3, 4 and 6 whatever the card says:
exact ones take too long for a slider.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.card import DeviceCard, Value
from smtj.explore.knobs import SET, Knobs
from smtj.lab.resonance import DRIVE
from smtj.physics.device import (
    barrier_and_reduced_field,
    high_state_is_up,
    log_dwell_times_in_field,
    macrospin,
    operating_point,
)
from smtj.physics.equilibrium import reduced_energy
from smtj.physics.junction import card_wells, state_resistances, with_stray_field
from smtj.physics.spectrum import WellLines, signal, well_lines
from smtj.physics.switching import probability_from_dwell_times

Floats = NDArray[np.float64]

MODELS = ("cai2019", "self-consistent")
"""The two switching models."""
FEW_VOLTAGES = 5
"""Voltages at which the self-consistent model is integrated; its w(V) is nearly straight."""


class Landscape(NamedTuple):
    """The energy of the free layer in the plane of film normal and long axis."""

    angle: Floats
    """Of the magnetisation from the normal towards +x, in rad; shape (angles,)."""
    energy: Floats
    """In k_B T above the lowest of them, same shape."""
    well_angle: Floats
    """Of the high and of the low state, in rad; shape (2,)."""
    well_energy: Floats
    """In k_B T, shape (2,)."""
    well_exists: NDArray[np.bool_]
    """Shape (2,)."""


class Spectrum(NamedTuple):
    """A rectified spectrum and the share that each state has in it."""

    total: Floats
    """In V, shape (frequencies,)."""
    high: Floats
    low: Floats
    position: Floats
    """Resonance of the high and the low state in Hz, shape (2,)."""
    half_width: Floats
    """In Hz, shape (2,)."""


class Present(NamedTuple):
    """The device at the present field, voltage and temperature."""

    log_dwell_high: float
    """ln(τ_high/s)."""
    log_dwell_low: float
    probability: float
    """P(high)."""
    stability_factor: float
    """Δ in the in-plane field."""
    resistance_high: float
    """In ohm."""
    resistance_low: float


def by_model(card: DeviceCard) -> dict[str, DeviceCard]:
    """Return the card under each switching model; a missing H_k,eff is taken to be H_K1.

    A layer that lies in the plane has no such H_k,eff, and the model ``cai2019`` is then left out.
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


def present(card: DeviceCard, knobs: Knobs) -> Present:
    """Return dwell times, P(high), barrier and resistances at the knobs."""
    where = (knobs.field_parallel, 0.0, knobs.field_perpendicular, knobs.voltage)
    log_high, log_low = (float(log) for log in log_dwell_times_in_field(card, *where))
    delta, _ = barrier_and_reduced_field(card, *where)
    states = state_resistances(card, *where)
    return Present(
        log_high,
        log_low,
        float(probability_from_dwell_times(log_high, log_low)),
        float(delta),
        float(states.high),
        float(states.low),
    )


def probability(card: DeviceCard, knobs: Knobs, fields: Floats) -> Floats:
    """P(high) at perpendicular fields in A/m, in the in-plane field of the knobs."""
    where = (knobs.field_parallel, 0.0, fields, knobs.voltage)
    return np.asarray(probability_from_dwell_times(*log_dwell_times_in_field(card, *where)))


def landscape(card: DeviceCard, knobs: Knobs, angles: int = 241) -> Landscape:
    """Energy against the angle of the magnetisation, and where the two states rest."""
    spin = macrospin(card, knobs.voltage)
    x, z = with_stray_field(card, knobs.field_parallel, knobs.field_perpendicular, knobs.voltage)
    reduced = reduced_energy(spin, x, 0.0, z)

    def energy_at(angle: Floats) -> Floats:
        from_axis = angle - float(card.magnetism.easy_axis_tilt)
        return np.asarray(reduced(np.sin(from_axis), 0.0, np.cos(from_axis)))

    wells = card_wells(card, knobs.field_parallel, 0.0, knobs.field_perpendicular, knobs.voltage)
    order = [0, 1] if high_state_is_up(card) else [1, 0]
    directions = np.stack([wells.up, wells.down])[order]
    exists = np.array([wells.up_exists, wells.down_exists])[order]
    rest = np.arctan2(directions[:, 0], directions[:, 2])
    # A well near -180 degrees is drawn beside the others, not at the far end.
    rest = np.where(rest < -math.pi / 2, rest + 2 * math.pi, rest)
    angle = np.linspace(-math.pi / 2, 3 * math.pi / 2, angles)
    energy = energy_at(angle)
    lowest = min(float(energy.min()), float(energy_at(rest).min()))
    return Landscape(angle, energy - lowest, rest, energy_at(rest) - lowest, exists)


def slopes(card: DeviceCard, knobs: Knobs, voltages: Floats) -> Floats:
    """Slope w in 1/(A/m) of P(high | H_⊥) at voltages in V, in the in-plane field of the knobs."""
    bias = np.asarray(voltages, dtype=np.float64)[:, None]
    if card.switching.model == "self-consistent":
        few = np.linspace(bias[0, 0], bias[-1, 0], FEW_VOLTAGES)
        return np.interp(voltages, few, _slopes(card, knobs, few[:, None]))
    return _slopes(card, knobs, bias)


def _slopes(card: DeviceCard, knobs: Knobs, bias: Floats) -> Floats:
    offset = operating_point(card).offset_field + card.switching.offset_field_per_volt * bias
    midpoint = offset - knobs.field_parallel * math.tan(card.magnetism.easy_axis_tilt)
    step = np.array([-1.0, 1.0])
    where = (knobs.field_parallel, 0.0, midpoint + step, bias)
    log_high, log_low = log_dwell_times_in_field(card, *where)
    odds = np.asarray(log_high - log_low)
    return np.asarray((odds[:, 1] - odds[:, 0]) / 2)


def spectrum(card: DeviceCard, knobs: Knobs, frequencies: Floats) -> Spectrum:
    """Rectified voltage against frequencies in Hz, at the field and bias of the knobs."""
    where = (knobs.field_parallel, 0.0, knobs.field_perpendicular, knobs.voltage)
    lines = well_lines(card, *where, DRIVE)
    order = [0, 1] if high_state_is_up(card) else [1, 0]

    def of(well: int) -> Floats:
        alone = np.zeros(2)
        alone[well] = 1.0
        return signal(WellLines(*lines[:-1], lines.share * alone), frequencies)

    high, low = (of(well) for well in order)
    return Spectrum(high + low, high, low, lines.position[order], lines.half_width[order])


def highest_frequency(position: Floats, half_width: Floats) -> float:
    """Return the end in Hz of an axis that shows both lines: 2, 5, 10, 20 ... GHz."""
    need = float(np.nanmax(position + 4 * half_width, initial=0.0))
    return next(end * 1e9 for end in (2.5, 5, 10, 20, 50, 100, math.inf) if end * 1e9 >= need)

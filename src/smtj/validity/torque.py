"""Spin torque in the ladder: exact changes of dwell times, the compact law and simulated motion."""

import math
from collections.abc import Callable

import numpy as np

from smtj.card import DeviceCard
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import driven_macrospin
from smtj.dynamics.macrospin.simulate import trajectories
from smtj.physics.device import vcma_point
from smtj.physics.dwell import exact_log_dwell_times
from smtj.physics.free_layer import drive_field, easy_axis, high_state_is_up, macrospin
from smtj.physics.junction import with_stray_field
from smtj.physics.readout.back_action import critical_voltages
from smtj.physics.switching import probability_from_dwell_times
from smtj.physics.torque.dwell import log_dwell_changes
from smtj.physics.torque.fields import torque_fields
from smtj.typing import Floats
from smtj.validity.comparison import Comparison, compared, reference
from smtj.validity.low_barrier import affordable

PARTS = (-0.4, -0.2, -0.1, 0.1, 0.2, 0.4)
"""Voltages over the |V_c| of the high state."""
SHOWN, SIMULATED = 0.2, 0.1
"""The voltage of the table, and that of the simulation."""
FAIR = 0.2
"""Relative deviation of a change of ln τ up to which the compact law is called safe."""
RECORDS, BURN_IN = 240, 12
PER_RELAXATION = 2.0


def has_torque(card: DeviceCard) -> bool:
    """Whether a damping-like torque acts on a card's free layer."""
    return torque_fields(card).damping_like != 0


def compare_torque(card: DeviceCard, temperature: float | None) -> list[Comparison]:
    """Compare the compact law Δ V/V_c with the exact change of ln τ, at H_s and 0.2 V_c."""
    exact, compact = _changes(card, np.array([SHOWN]), temperature)
    found = []
    for state, name in enumerate(("high", "low")):
        what = f"change of ln τ_{name} by the torque at {SHOWN:g} V_c"
        base = reference(what, "Fokker-Planck with torque", float(exact[state, 0]), "", "")
        law = compared(base, "compact law, Δ V/V_c", float(compact[state, 0]))
        found += [base, law]
    return found


def torque_remark(card: DeviceCard, temperature: float | None) -> str:
    """State where the compact law holds."""
    exact, compact = _changes(card, np.array(PARTS), temperature)
    fair = np.all(np.abs(compact / exact - 1) <= FAIR, axis=0)
    ratio = float(np.median(exact / compact))
    within = f"within {100 * FAIR:.0f} % of the exact change of both ln τ"
    said = f"the exact change is {ratio:.2g} times that of the compact law (median)"
    if not fair.any():
        return f"Spin torque: Δ(1 + V/V_c) is {within} at no voltage up to 0.4 V_c; {said}."
    if fair.all():
        return f"Spin torque: Δ(1 + V/V_c) is {within} up to ±0.4 V_c."
    held = ", ".join(f"{part:+g}" for part in np.array(PARTS)[fair])
    return f"Spin torque: Δ(1 + V/V_c) is {within} at V/V_c of {held} only; {said}."


def simulate_torque(
    card: DeviceCard,
    temperature: float | None,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> list[Comparison]:
    """Compare P(high) of simulated motion under torque with the exact one, at H_s and 0.1 V_c."""
    voltage = SIMULATED * _unit(card)
    fields = drive_field(card, float(np.asarray(vcma_point(card).offset_field)))
    high, low = exact_log_dwell_times(card, *fields, voltage, temperature)
    rate = float(np.exp(-high) + np.exp(-low))
    x, z = (float(part) for part in with_stray_field(card, fields[0], fields[2], 0.0))
    spin = macrospin(card, voltage, temperature)
    system = driven_macrospin(card, fields, voltage, temperature)
    interval = 1 / (PER_RELAXATION * rate)
    records, size = affordable(system, interval, RECORDS)
    m = trajectories(
        system,
        equilibrium_directions(spin, (x, 0.0, z), size, seed),
        interval,
        BURN_IN + records,
        size,
        seed,
        dtype=np.float32,
        progress=progress,
    )[BURN_IN:]
    is_high = (m @ np.array(easy_axis(card)) > 0) == high_state_is_up(card)
    each = is_high.mean(axis=0)
    what = f"P(high) under torque at H_s and {SIMULATED:g} V_c"
    exact = float(probability_from_dwell_times(high, low))
    base = reference(what, "Fokker-Planck with torque", exact, "", "")
    error = float(each.std(ddof=1) / math.sqrt(each.size))
    route = f"s-LLG, {size} trajectories"
    return [base, compared(base, route, float(each.mean()), error)]


def _unit(card: DeviceCard) -> float:
    """Return the smaller |V_c| of both states in V."""
    return min(abs(volts) for volts in critical_voltages(card))


def _changes(card: DeviceCard, parts: Floats, temperature: float | None) -> tuple[Floats, Floats]:
    """Return exact and compact changes of ln τ_high and ln τ_low, shape (2, parts)."""
    point = vcma_point(card, 0.0, temperature)
    voltage = parts * _unit(card)
    fields = drive_field(card, float(np.asarray(point.offset_field)))
    exact = np.stack(log_dwell_changes(card, *fields, voltage, temperature))
    delta = float(np.asarray(point.stability_factor))
    compact = np.stack([delta * voltage / v_c for v_c in critical_voltages(card)])
    return exact, compact

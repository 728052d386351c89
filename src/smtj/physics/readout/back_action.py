"""Back-action: what a read voltage does to the state it reads, by VCMA, torques and heat.

While the voltage is on, VCMA moves the barrier (Eq. 6), a field-like torque acts as a field along
the reference layer, a damping-like one heats or cools the precession in a well, and the current
heats the junction: see :mod:`smtj.physics.dwell`.  The voltage at which a well loses its damping is
V_c = α H̄/(h_DL m·p), H̄ the mean stiffness field of the well.

A voltage with a duty cycle below 1 changes the mean rates in proportion.  That is the whole effect
if reads follow each other within a relaxation time, and an upper bound if the device forgets one
read before the next.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import BehaviouralCard, CardLike, DeviceCard, as_card, as_device
from smtj.errors import SmtjError
from smtj.physics.device import vcma_point
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.free_layer import drive_field, high_state_is_up, macrospin, reference_direction
from smtj.physics.junction import card_wells, with_stray_field
from smtj.physics.resonance.frequency import stiffness
from smtj.physics.switching import log_relaxation_time
from smtj.physics.torque.fields import torque_fields
from smtj.typing import Floats

FIELDS = 201
"""Fields at which the shift of P(high) is evaluated."""
VOLTAGES = 301
"""Candidate voltages of :func:`voltage_limit`, 3 % apart."""
AT_ONCE = 151
"""Candidates that are tried together."""


@dataclass(frozen=True)
class BackAction:
    """How much reading disturbs a device; entries have the shape of the read voltage."""

    shift: Floats
    """Largest |P(high | V) - P(high | 0)| over the card's field range."""
    dwell_ratio: Floats
    """Relaxation time in the field H_s with the voltage on, over that without."""
    log_relaxation_time: Floats
    """ln(τ_rel/s) there with the voltage on, τ_rel = 1/(1/τ_high + 1/τ_low)."""


def back_action(card: CardLike, voltage: ArrayLike, duty: ArrayLike = 1.0) -> BackAction:
    """How much a read voltage disturbs a device, by Eq. 3-6, the card's torques and heat.

    The voltage is in V, of any shape, and broadcasts with its duty cycle, 0 to 1.  A card without a
    section ``spin_torque`` has VCMA only; a behavioural card was measured with the voltage on, so
    nothing changes.  Raises CardError or SmtjError as
    :func:`smtj.physics.device.vcma_point`.
    """
    card = as_card(card)
    if isinstance(card, BehaviouralCard):
        return _of_measured(card, voltage, duty)
    card = as_device(card)
    bias, on_time = (np.asarray(v, dtype=np.float64) for v in (voltage, duty))
    limit = float(card.switching.field_limit)
    centre = float(np.asarray(vcma_point(card).offset_field))
    fields = np.append(np.linspace(-limit, limit, FIELDS), centre)
    log_high, log_low = log_dwell_times_under_bias(card, fields, bias[..., None])
    rest_high, rest_low = log_dwell_times_under_bias(card, fields, 0.0)
    mean_high = _mean_rate(log_high, rest_high, on_time[..., None])
    mean_low = _mean_rate(log_low, rest_low, on_time[..., None])
    moved, rest = 1 / (1 + np.exp(mean_high - mean_low)), 1 / (1 + np.exp(rest_low - rest_high))
    on = log_relaxation_time(log_high[..., -1], log_low[..., -1])
    off = log_relaxation_time(rest_high[..., -1], rest_low[..., -1])
    shape = np.broadcast_shapes(bias.shape, on_time.shape)
    return BackAction(
        shift=np.asarray(np.abs(moved - rest).max(axis=-1)),
        dwell_ratio=np.broadcast_to(np.exp(on - off), shape),
        log_relaxation_time=np.broadcast_to(on, shape),
    )


def _of_measured(card: BehaviouralCard, voltage: ArrayLike, duty: ArrayLike) -> BackAction:
    """Return no back-action: the behaviour was measured with the read voltage on."""
    if np.any(np.asarray(duty) < 1):
        raise SmtjError(
            f"card {card.name} holds what was measured with the read voltage on, and does not know "
            "how the device behaves without it; read with the voltage always on"
        )
    bias = np.asarray(voltage, dtype=np.float64)
    point = card.under_bias() if card.drive.name == "voltage" else card.under_bias(bias)
    log_time = point.log_relaxation_time(point.offset_field)
    nothing = np.zeros(bias.shape)
    return BackAction(
        shift=nothing,
        dwell_ratio=nothing + 1,
        log_relaxation_time=nothing + np.asarray(log_time),
    )


def log_dwell_times_under_bias(
    card: DeviceCard, field: ArrayLike, voltage: ArrayLike
) -> tuple[Floats, Floats]:
    """ln(τ_high/s) and ln(τ_low/s) with a voltage on, by Eq. 3-6 and all that the voltage does.

    The field that drives the card's device in A/m and the voltage in V broadcast together.
    """
    h, v = np.asarray(field, dtype=np.float64), np.asarray(voltage, dtype=np.float64)
    return card_log_dwell_times(card, *drive_field(card, h), v, law="neel-brown")


def critical_voltages(card: CardLike) -> tuple[float, float]:
    """V_c = α H̄/(h_DL m·p) in V of the high and the low state; infinite without a torque.

    At -V_c the well loses its damping.
    """
    card = as_device(card)
    torque = torque_fields(card).damping_like
    if torque == 0:
        return math.inf, math.inf
    offset = float(np.asarray(vcma_point(card).offset_field))
    field_x, _, field_z = drive_field(card, offset)
    wells, spin = card_wells(card, field_x, 0.0, field_z), macrospin(card)
    x, z = with_stray_field(card, field_x, field_z, 0.0)
    found = []
    for m in (wells.up, wells.down):
        mean = float(np.trace(stiffness(spin, m, x, 0.0, z).matrix) / 2)
        along = float(m @ np.array(reference_direction(card)))
        push = torque * along
        found.append(float(card.magnetism.damping) * mean / push if push else math.inf)
    up, down = found
    return (up, down) if high_state_is_up(card) else (down, up)


def voltage_limit(card: CardLike, tolerance: float, duty: float = 1.0) -> float:
    """Largest read voltage in V that shifts P(high) by no more than ``tolerance`` at any field.

    ``duty`` is the voltage's duty cycle; the card's ``switching.voltage_limit`` is never exceeded.
    """
    card = as_device(card)
    most = float(card.switching.voltage_limit)
    voltages = most * np.geomspace(1e-4, 1, VOLTAGES)
    # Upwards, since larger voltages cost more.
    for first in range(0, VOLTAGES, AT_ONCE):
        tried = voltages[first : first + AT_ONCE]
        over = back_action(card, np.stack([tried, -tried]), duty).shift.max(axis=0)
        too_much = np.flatnonzero(over > tolerance)
        if too_much.size:
            last = first + int(too_much[0]) - 1
            return float(voltages[last]) if last >= 0 else 0.0
    return most


def _mean_rate(log_on: Floats, log_off: Floats, duty: Floats) -> Floats:
    """Return the logarithm of the mean rate of leaving a state."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(np.log(duty) - log_on, np.log1p(-duty) - log_off))

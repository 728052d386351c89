"""What a resistance loop should look like: both wells' angles, and where the readings lie.

A reading may catch either state, or average over both if the device switches within its window.
How often it does which follows from the card's dwell times, and these are only a start: their
speed, how their ratio changes with field and where it is 1 are fitted along, and tell nothing of
the angle and H_K1.  So loops of any speed are described, and loops of few readings a field as well.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.card import DeviceCard
from smtj.inference.loop.window import Share, share_of_window
from smtj.physics import resistance
from smtj.physics.device import log_dwell_times_in_field
from smtj.physics.free_layer import high_state_is_up, reference_direction
from smtj.physics.junction import card_wells
from smtj.typing import Floats

PARAMETERS = ("r_p", "tmr", "angle", "h_k", "noise", "odds", "shift", "speed")
"""ln(R_P/ohm), ln(TMR), the angle of the reading, ln of H_K1 in A/m and of the noise in ohm; ln of
the factor on the card's log-odds of the states, a shift of these, and ln of the factor on the
card's rates."""

FLOOR = 0.02
"""Share of readings that are in either state alike, whatever its occupation: a loop faster than
the device lags behind its equilibrium."""
ANYWHERE = 0.02
"""Share of readings that lie anywhere between the states, whatever the speed."""
STRAY = 1e-3
"""Share of readings that may lie anywhere at all: outliers."""
ANGLE_STEP, FIELD_STEP = 1e-4, 0.04
"""Steps of the derivatives by the angle and by ln H_K1."""
MIN_WINDOW = 1e-6
"""Window in s of a card that reads at once."""


@dataclass(frozen=True, eq=False)
class LoopData:
    """The readings of loops, by the different fields among them."""

    field_x: Floats
    """H_∥ in A/m, shape (fields,)."""
    field_z: Floats
    """H_⊥ in A/m, shape (fields,)."""
    index: NDArray[np.intp]
    """Field of each reading, shape (readings,)."""
    resistance: Floats
    """In ohm, shape (readings,)."""
    voltage: float | None
    """Bias in V, for loops at constant voltage."""
    current: float | None
    """Bias in A, for loops at constant current."""


class Junction(NamedTuple):
    """Both wells at the different fields, shape (fields,)."""

    up: Floats
    """Cosine to the reference layer of the well along the easy axis."""
    down: Floats
    log_tau_up: Floats
    """ln of the dwell time over the window of a reading, both by the card (Eq. 3, 4 and 6)."""
    log_tau_down: Floats


class Levels(NamedTuple):
    """What each reading may be; resistances in ohm."""

    up: Floats
    down: Floats
    share: Share


CardOf = Callable[[float, float], DeviceCard]
"""The card with an angle and an H_K1 in A/m, as a reading of the angle has it."""


def junction_of(
    card: DeviceCard, data: LoopData, voltage_up: Floats | float, voltage_down: Floats | float
) -> tuple[Junction, NDArray[np.bool_]]:
    """Return the cosines of both wells, each at its own voltage in V, and which wells exist."""
    x, z = data.field_x, data.field_z
    # At constant voltage both states have the same one, and their wells are found at once.
    same = voltage_up is voltage_down
    voltage = np.stack(
        [np.broadcast_to(v, x.shape) for v in (voltage_up, voltage_down)][: 1 if same else 2]
    )
    wells = card_wells(card, x, 0.0, z, voltage)
    reference = np.array(reference_direction(card))
    log_high, log_low = log_dwell_times_in_field(card, x, 0.0, z, voltage)
    log_up, log_down = (log_high, log_low) if high_state_is_up(card) else (log_low, log_high)
    log_window = math.log(float(card.switching.integration_time) or MIN_WINDOW)
    junction = Junction(
        up=wells.up[0] @ reference,
        down=wells.down[-1] @ reference,
        log_tau_up=np.asarray(log_up)[0] - log_window,
        log_tau_down=np.asarray(log_down)[-1] - log_window,
    )
    return junction, np.stack([wells.up_exists[0], wells.down_exists[-1]])


def linearised(
    card_of: CardOf, data: LoopData, theta: Floats, voltages: tuple[Any, Any]
) -> tuple[Callable[[Floats], Junction], NDArray[np.bool_]]:
    """Return the junction with cosines that are linear in angle and ln H_K1 around ``theta``.

    The wells take milliseconds to find, and a likelihood is asked for hundreds of times.  The
    second value is of the fields, shape (fields,): whether the same wells exist for an H_K1 a few
    per cent smaller and larger.  Where one is about to vanish, the resistance would fix H_K1 as
    sharply as no device does, which is not at rest there.
    """
    angle, log_h_k = theta[2], theta[3]

    def at(d_angle: float, d_log: float) -> tuple[Junction, NDArray[np.bool_]]:
        card = card_of(angle + d_angle, math.exp(log_h_k + d_log))
        return junction_of(card, data, *voltages)

    (base, exist), (turned, _) = at(0.0, 0.0), at(ANGLE_STEP, 0.0)
    (softer, fewer), (harder, more) = at(0.0, -FIELD_STEP), at(0.0, FIELD_STEP)
    regular = np.all((exist == fewer) & (exist == more), axis=0)
    by_angle, by_field = (
        np.stack([(b.up - a.up) / step, (b.down - a.down) / step])
        for a, b, step in ((base, turned, ANGLE_STEP), (softer, harder, 2 * FIELD_STEP))
    )

    def junction(moved: Floats) -> Junction:
        change = (moved[2] - angle) * by_angle + (moved[3] - log_h_k) * by_field
        up, down = np.clip(np.stack([base.up, base.down]) + change * regular, -1, 1)
        return base._replace(up=up, down=down)

    return junction, regular


def share_of(junction: Junction, theta: Floats) -> Share:
    """Return how readings are shared between the wells at each field, by the last parameters."""
    middle = (junction.log_tau_up + junction.log_tau_down) / 2 - theta[7]
    odds = math.exp(theta[5]) * (junction.log_tau_up - junction.log_tau_down) + theta[6]
    return share_of_window(middle + odds / 2, middle - odds / 2)


def levels_of(
    data: LoopData,
    junction: Junction,
    share: Share,
    theta: Floats,
    voltages: tuple[Any, Any],
    half_voltage: float | None,
) -> Levels:
    """Return what the two wells would read, and how readings are shared between them."""
    r_p, tmr = math.exp(theta[0]), math.exp(theta[1])
    up, down = (
        np.asarray(resistance.resistance_at_bias(r_p, tmr, cosine, voltage, half_voltage))
        for cosine, voltage in zip((junction.up, junction.down), voltages, strict=True)
    )
    return Levels(up[data.index], down[data.index], Share(*(part[data.index] for part in share)))


def log_densities(data: LoopData, levels: Levels, theta: Floats) -> Floats:
    """Return ln of the probability density of each reading in 1/ohm, shape (readings,)."""
    density = _components(data, levels, theta).sum(axis=0)
    return np.asarray(np.log((1 - STRAY) * density + STRAY / (3 * np.ptp(data.resistance))))


def misfit(data: LoopData, levels: Levels, theta: Floats, noise: float) -> float:
    """Return χ² of the readings: from the state, or the range of averages, that is likeliest."""
    y = data.resistance
    start, end = np.sort(_range(data, levels), axis=0)
    low, high = np.minimum(levels.up, levels.down), np.maximum(levels.up, levels.down)
    likeliest = np.argmax(_components(data, levels, theta), axis=0)
    expected = np.choose(
        likeliest, [levels.up, levels.down, np.clip(y, start, end), np.clip(y, low, high)]
    )
    return float(np.sum(((y - expected) / noise) ** 2))


def _components(data: LoopData, levels: Levels, theta: Floats) -> Floats:
    """Densities of being up, down, averaged, or anywhere between, shape (4, readings)."""
    y, noise, share = data.resistance, math.exp(theta[4]), levels.share
    start, end = _range(data, levels)
    averaged = 1 - share.all_up - share.all_down
    pure = 1 - FLOOR - ANYWHERE
    return np.stack(
        [
            (pure * share.all_up + FLOOR / 2) * _normal(y, levels.up, noise),
            (pure * share.all_down + FLOOR / 2) * _normal(y, levels.down, noise),
            pure * averaged * _box(y, start, end, noise),
            ANYWHERE * _box(y, levels.up, levels.down, noise),
        ]
    )


def _range(data: LoopData, levels: Levels) -> Floats:
    """Resistance in ohm at both ends of the box of shares, shape (2, readings)."""
    average = (
        resistance.averaged_at_voltage if data.current is None else resistance.averaged_at_current
    )
    ends = np.stack([levels.share.start, levels.share.end])
    return np.asarray(average(ends, levels.up, levels.down))


def _box(y: Floats, start: Floats, end: Floats, noise: float) -> Floats:
    """Density of a uniform distribution with noise; no narrower than a share of the noise."""
    from scipy.special import ndtr

    width = np.maximum(np.abs(end - start), 1e-2 * noise)
    low = (start + end - width) / 2
    return np.asarray((ndtr((y - low) / noise) - ndtr((y - low - width) / noise)) / width)


def _normal(y: Floats, mean: Floats, noise: float) -> Floats:
    z = (y - mean) / noise
    return np.asarray(np.exp(-(z**2) / 2) / (math.sqrt(2 * math.pi) * noise))

"""Model of a resistance loop: both wells' angles, and where the readings lie.

A reading may catch either state, or average over both if the device switches within its
integration time.  How often it does follows from the card's dwell times, and these are only a
start: their speed, how their ratio changes with field and where it is 1 are fitted too, and do not
constrain the angle and H_K1.  So loops of any speed are described, also with few readings per
field.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.card import DeviceCard
from smtj.physics import resistance
from smtj.physics.arrays import logistic
from smtj.physics.device import log_dwell_times_in_field
from smtj.physics.free_layer import high_state_is_up, reference_direction
from smtj.physics.junction import card_wells
from smtj.physics.readout.repeated import window_variance
from smtj.typing import Floats

PARAMETERS = ("r_p", "tmr", "angle", "h_k", "noise", "odds", "shift", "speed")
"""ln(R_P/ohm), ln(TMR), the angle of the interpretation, ln of H_K1 in A/m and of the noise in ohm;
ln of the factor on the card's log-odds of the states, a shift of these, and ln of the factor on
the card's rates."""

FLOOR = 0.02
"""Fraction of readings in either state alike, whatever its occupancy: a loop faster than the device
lags behind its equilibrium."""
ANYWHERE = 0.02
"""Fraction of readings that lie anywhere between the states, whatever the speed."""
STRAY = 1e-3
"""Fraction of readings that may lie anywhere at all: outliers."""
ANGLE_STEP, FIELD_STEP = 1e-4, 0.04
"""Steps of the derivatives with respect to the angle and to ln H_K1."""
MIN_INTEGRATION_TIME = 1e-6
"""In s, for cards without one."""
_MAX_LOG_RATE = 50.0


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
    """ln of the card's dwell time over the integration time (Eq. 3, 4 and 6)."""
    log_tau_down: Floats


class Occupancy(NamedTuple):
    """Distribution of the fraction of an integration time spent in the upper well, at each field.

    Exactly, it has a mass at 1 and at 0, of readings without a switch, and a density between them.
    Here the density is a box of the right mass, mean and variance.
    """

    all_up: Floats
    """Probability of no switch, up all the time."""
    all_down: Floats
    start: Floats
    """Where the box of the other readings begins, and where it ends."""
    end: Floats


class Levels(NamedTuple):
    """What each reading may be; resistances in ohm."""

    up: Floats
    down: Floats
    occupancy: Occupancy


CardOf = Callable[[float, float], DeviceCard]
"""The card with an angle and an H_K1 in A/m, by one interpretation of the angle."""


def junction_of(
    card: DeviceCard, data: LoopData, voltage_up: Floats | float, voltage_down: Floats | float
) -> tuple[Junction, NDArray[np.bool_]]:
    """Return both wells, each at its own voltage in V, and which of them exist."""
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
    log_time = math.log(float(card.switching.integration_time) or MIN_INTEGRATION_TIME)
    junction = Junction(
        up=wells.up[0] @ reference,
        down=wells.down[-1] @ reference,
        log_tau_up=np.asarray(log_up)[0] - log_time,
        log_tau_down=np.asarray(log_down)[-1] - log_time,
    )
    return junction, np.stack([wells.up_exists[0], wells.down_exists[-1]])


def linearised(
    card_of: CardOf, data: LoopData, theta: Floats, voltages: tuple[Any, Any]
) -> tuple[Callable[[Floats], Junction], NDArray[np.bool_]]:
    """Return the junction with cosines that are linear in angle and ln H_K1 around ``theta``.

    The wells take milliseconds to find, and the likelihood is evaluated hundreds of times.  The
    second value, of shape (fields,), says whether the same wells exist for an H_K1 a few per cent
    smaller and larger.  Where one is about to vanish, the resistance would fix H_K1 far more
    sharply than a real device does, which is not at rest there.
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


def occupancy_of(junction: Junction, theta: Floats) -> Occupancy:
    """Return how readings are distributed over the wells at each field, by the last parameters."""
    middle = (junction.log_tau_up + junction.log_tau_down) / 2 - theta[7]
    odds = math.exp(theta[5]) * (junction.log_tau_up - junction.log_tau_down) + theta[6]
    return occupancy_distribution(middle + odds / 2, middle - odds / 2)


def occupancy_distribution(log_up: Floats, log_down: Floats) -> Occupancy:
    """Distribution of the fraction of time that a stationary two-state process spends up.

    Both arguments are ln of the mean dwell times over the integration time.
    """
    rate_up, rate_down = (
        np.exp(np.clip(-log, -_MAX_LOG_RATE, _MAX_LOG_RATE)) for log in (log_up, log_down)
    )
    p = np.asarray(logistic(log_up - log_down))
    all_up, all_down = p * np.exp(-rate_up), (1 - p) * np.exp(-rate_down)
    rest = np.maximum(1 - all_up - all_down, 1e-12)
    variance = p * (1 - p) * window_variance(rate_up + rate_down)
    mean = np.clip((p - all_up) / rest, 0, 1)
    second = (variance + p**2 - all_up) / rest
    half = np.sqrt(3 * np.clip(second - mean**2, 0, 1 / 12))
    return Occupancy(all_up, all_down, np.maximum(mean - half, 0), np.minimum(mean + half, 1))


def levels_of(
    data: LoopData,
    junction: Junction,
    occupancy: Occupancy,
    theta: Floats,
    voltages: tuple[Any, Any],
    half_voltage: float | None,
) -> Levels:
    """Return the resistance of both wells, and how readings are distributed over them."""
    r_p, tmr = math.exp(theta[0]), math.exp(theta[1])
    up, down = (
        np.asarray(resistance.resistance_at_bias(r_p, tmr, cosine, voltage, half_voltage))
        for cosine, voltage in zip((junction.up, junction.down), voltages, strict=True)
    )
    parts = Occupancy(*(part[data.index] for part in occupancy))
    return Levels(up[data.index], down[data.index], parts)


def log_densities(data: LoopData, levels: Levels, theta: Floats) -> Floats:
    """Return ln of the probability density of each reading in 1/ohm, shape (readings,)."""
    density = _components(data, levels, theta).sum(axis=0)
    return np.asarray(np.log((1 - STRAY) * density + STRAY / (3 * np.ptp(data.resistance))))


def misfit(data: LoopData, levels: Levels, theta: Floats, noise: float) -> float:
    """Return χ² of the readings from the likeliest state or range of averages."""
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
    y, noise, occupancy = data.resistance, math.exp(theta[4]), levels.occupancy
    start, end = _range(data, levels)
    averaged = 1 - occupancy.all_up - occupancy.all_down
    pure = 1 - FLOOR - ANYWHERE
    return np.stack(
        [
            (pure * occupancy.all_up + FLOOR / 2) * _normal(y, levels.up, noise),
            (pure * occupancy.all_down + FLOOR / 2) * _normal(y, levels.down, noise),
            pure * averaged * _box(y, start, end, noise),
            ANYWHERE * _box(y, levels.up, levels.down, noise),
        ]
    )


def _range(data: LoopData, levels: Levels) -> Floats:
    """Resistance in ohm at both ends of the box, shape (2, readings)."""
    average = (
        resistance.averaged_at_voltage if data.current is None else resistance.averaged_at_current
    )
    ends = np.stack([levels.occupancy.start, levels.occupancy.end])
    return np.asarray(average(ends, levels.up, levels.down))


def _box(y: Floats, start: Floats, end: Floats, noise: float) -> Floats:
    """Density of a uniform distribution with noise, at least 1 % of the noise wide."""
    from scipy.special import ndtr

    width = np.maximum(np.abs(end - start), 1e-2 * noise)
    low = (start + end - width) / 2
    return np.asarray((ndtr((y - low) / noise) - ndtr((y - low - width) / noise)) / width)


def _normal(y: Floats, mean: Floats, noise: float) -> Floats:
    z = (y - mean) / noise
    return np.asarray(np.exp(-(z**2) / 2) / (math.sqrt(2 * math.pi) * noise))

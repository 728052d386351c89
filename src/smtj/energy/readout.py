"""How good a read is and what it needs: usable signal, noise, time, amplifier.

The comparator's offset takes a share of the signal, which sets the amplifier's gain; the
amplifier's own offset takes 2 V_offset G of the difference ΔI.  The noise of what is left,

    σ² = S/(2t) + K L(t),

has the white density S of junction and amplifier and the strength K of their 1/f noise (see
:mod:`smtj.physics.readout.flicker`); Q and the bit error rate follow as in
:mod:`smtj.physics.readout.noise`, with the threshold where a read errs as often in either state.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from smtj.energy.assumptions import Assumptions
from smtj.physics.readout.flicker import flicker_factor
from smtj.physics.readout.noise import junction_noise
from smtj.physics.readout.signal import ReadSignal
from smtj.typing import Floats

MIN_TIME, MAX_TIME = 1e-13, 1e4
"""Between which a read time is sought, in s."""
HALVINGS = 64


def usable_difference(signal: ReadSignal, assumed: Assumptions) -> Floats:
    """Return what offsets leave of ΔI, in A; 0 where they exceed it."""
    share = 1 - float(assumed.offset_share)
    offset = float(assumed.amplifier_offset) * (1 / signal.high + 1 / signal.low)
    return np.asarray(np.maximum(share * np.abs(signal.difference) - offset, 0.0))


def gain(signal: ReadSignal, assumed: Assumptions) -> Floats:
    """Return the amplifier's voltage gain, at least 1.

    Half of the signal, ΔI/2 over the mean conductance, times the gain and ``offset_share``, is the
    comparator's offset.
    """
    mean = (1 / signal.high + 1 / signal.low) / 2
    half = np.abs(signal.difference) / (2 * mean)
    with np.errstate(divide="ignore"):
        needed = float(assumed.comparator_offset) / (float(assumed.offset_share) * half)
    return np.asarray(np.maximum(needed, 1.0))


def gain_bandwidth(signal: ReadSignal, assumed: Assumptions, time: ArrayLike) -> Floats:
    """Return the gain-bandwidth product in Hz with which the amplifier settles within a read."""
    settling = float(assumed.amplifier_settling)
    return np.asarray(gain(signal, assumed) * settling / (2 * math.pi * np.asarray(time)))


def error_rate(
    signal: ReadSignal, assumed: Assumptions, voltage_noise: ArrayLike, time: ArrayLike
) -> Floats:
    """Return the bit error rate ½ erfc(Q/√2) of reads of a time in s, with e_n in V/√Hz."""
    quality = usable_difference(signal, assumed) / _deviations(signal, assumed, voltage_noise, time)
    return np.asarray(ndtr(-quality))


def shortest_time(
    signal: ReadSignal, assumed: Assumptions, voltage_noise: ArrayLike, rate: ArrayLike
) -> Floats:
    """Return the time in s after which reads err at a rate, infinite if they always err more."""
    wanted, noise = -ndtri(np.asarray(rate, dtype=np.float64)), np.asarray(voltage_noise)
    usable = usable_difference(signal, assumed)
    shape = np.broadcast_shapes(usable.shape, wanted.shape, noise.shape)
    low, high = (np.full(shape, math.log(end)) for end in (MIN_TIME, MAX_TIME))

    def good(log_time: Floats) -> NDArray[np.bool_]:
        deviations = _deviations(signal, assumed, noise, np.exp(log_time))
        return np.asarray(usable >= wanted * deviations)

    never = ~good(high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = good(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.asarray(np.where(never, np.inf, np.exp(high)))


def allowed_noise(
    signal: ReadSignal, assumed: Assumptions, time: ArrayLike, rate: ArrayLike
) -> Floats:
    """Return the largest e_n in V/√Hz with which reads of a time in s err at no more than a rate.

    It stays within the range that the assumptions give; the smallest may err more often.
    """
    time, wanted = np.asarray(time, dtype=np.float64), -ndtri(np.asarray(rate, dtype=np.float64))
    # √(a + x p) + √(b + x q) = c for x = e_n²; s = √(b + x q) solves a quadratic equation.
    a, b = (_junction_variance(signal, assumed, ohm, time) for ohm in (signal.high, signal.low))
    weight = _amplifier_weight(assumed, time)
    p, q = weight / signal.high**2, weight / signal.low**2
    c = usable_difference(signal, assumed) / wanted
    ratio = p / q
    rest = c**2 - a + b * ratio
    s = rest / (c + np.sqrt(np.maximum(c**2 + (ratio - 1) * rest, 0.0)))
    squared = np.where(s > 0, (s**2 - b) / q, 0.0)
    quietest = float(assumed.amplifier_noise)
    noisiest = quietest * float(assumed.amplifier_noise_range)
    return np.asarray(np.clip(np.sqrt(np.maximum(squared, 0.0)), quietest, noisiest))


def _deviations(
    signal: ReadSignal, assumed: Assumptions, voltage_noise: ArrayLike, time: ArrayLike
) -> Floats:
    """Return σ_high + σ_low in A."""
    time = np.asarray(time, dtype=np.float64)
    weight = _amplifier_weight(assumed, time) * np.asarray(voltage_noise) ** 2
    high, low = (
        np.sqrt(_junction_variance(signal, assumed, ohm, time) + weight / ohm**2)
        for ohm in (signal.high, signal.low)
    )
    return np.asarray(high + low)


def _amplifier_weight(assumed: Assumptions, time: Floats) -> Floats:
    """Variance of the averaged voltage noise over e_n², in Hz."""
    flicker = flicker_factor(time, float(assumed.autozero_interval))
    return np.asarray(1 / (2 * time) + float(assumed.amplifier_corner) * flicker)


def _junction_variance(
    signal: ReadSignal, assumed: Assumptions, resistance: Floats, time: Floats
) -> Floats:
    """Variance in A² of the current noises of junction and amplifier after averaging."""
    white = junction_noise(signal.voltage, resistance, signal.temperature)
    white = white + float(assumed.amplifier_current_noise) ** 2
    strength = float(assumed.junction_flicker) * (signal.voltage / resistance) ** 2
    factor = flicker_factor(time, float(assumed.autozero_interval))
    return np.asarray(white / (2 * time) + strength * factor)

"""Devices that always read the same, since their currents miss the threshold that all share.

A read compares the current of a junction with a threshold midway between the nominal currents of
both states.  Spreads of the resistance R_P, of the TMR, and offsets of amplifier and comparator
move a device's own currents past it: the state then makes no difference.  With the contrast
c = R_high/R_low - 1 of a device, a deviation of R_P by c/2 is enough, so a contrast of a tenth
stands a spread of a few per cent only.  A threshold of each device's own (auto-zero of the
comparator on both states) leaves the offset alone.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from smtj.physics.readout.signal import ReadSignal
from smtj.typing import Floats

NODES = 801
"""Nodes of the mean over each normal distribution, whose integrand may be a step."""
REACH = 6.0
"""Standard deviations that count."""


class StuckFractions(NamedTuple):
    """Fractions of devices that read the same in both states."""

    high: Floats
    """Always high: both currents lie below the threshold."""
    low: Floats


def stuck_fractions(
    signal: ReadSignal,
    resistance_spread: ArrayLike = 0.0,
    tmr_spread: ArrayLike = 0.0,
    offset: ArrayLike = 0.0,
) -> StuckFractions:
    """Return how many devices always read high, and how many low, without noise.

    Parameters
    ----------
    signal
        The nominal device at its read voltage.
    resistance_spread
        Standard deviation of ln R_P, which scales the resistance of both states.
    tmr_spread
        Standard deviation of the logarithm of the contrast between the states.
    offset
        Standard deviation in V of the offset at the amplifier's input.  All three broadcast.

    Examples
    --------
    >>> import smtj
    >>> from smtj.physics.readout.signal import read_signal
    >>> signal = read_signal("cai2019", 1e-3)
    >>> high, low = stuck_fractions(signal, resistance_spread=0.05)
    >>> print(f"{high + low:.0%} of the devices")
    36% of the devices
    """
    from scipy.special import ndtr

    given = (resistance_spread, tmr_spread, offset)
    r, t, v = np.broadcast_arrays(*(np.asarray(x, np.float64)[..., None, None] for x in given))
    z = np.linspace(-REACH, REACH, NODES)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    low, high = (float(abs(signal.voltage) / ohm) for ohm in (signal.low, signal.high))
    mean = (1 / float(signal.low) + 1 / float(signal.high)) / 2
    # A higher TMR lowers the current of the high state alone.
    of_high = low / (1 + (low / high - 1) * np.exp(t * z[:, None]))
    threshold = np.maximum((low + high) / 2 + v * mean * z, 1e-300)
    # I e^(-r x) is below the threshold for x above ln(I/threshold)/r, a step without a spread.
    narrow = np.maximum(r, 1e-12)
    below = [ndtr(-np.log(current / threshold) / narrow) for current in (low, of_high)]
    both = weight[:, None] * weight
    always_high = (both * np.minimum(*below)).sum((-2, -1))
    always_low = (both * (1 - np.maximum(*below))).sum((-2, -1))
    return StuckFractions(np.asarray(always_high), np.asarray(always_low))

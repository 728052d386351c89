"""Does the readout ring?  What follows a switch, averaged over those that are followed by quiet."""

import math

import numpy as np
from numpy.typing import NDArray

from smtj.inference.stats.estimate import NORMAL_MAD
from smtj.inference.telegraph.start import hysteresis
from smtj.typing import Floats

LENGTH = 16
"""Readings before and after a switch in which there is no other."""
SETTLED = 8
"""Of these the first after which the response has come to rest."""
MIN_SWITCHES, SIGNIFICANT, MIN_SIZE = 10, 6.0, 0.03
"""Switches of each direction that are needed, standard errors, and fraction of the step."""
ALIKE = 1.6
"""Standard deviation from switch to switch over that from reading to reading."""


def overshoot(z: Floats, low: float, high: float) -> float:
    """Return by which fraction of a step readings pass the level that they settle at; 0 if they do
    not, or if that cannot be told.

    Parameters
    ----------
    z
        Readings less baseline.
    low, high
        Levels, roughly.
    """
    gap = high - low
    is_high = hysteresis(z, low + 0.3 * gap, low + 0.7 * gap)
    rises, falls = (_responses(z, is_high, to) for to in (True, False))
    if min(len(rises), len(falls)) < MIN_SWITCHES:
        return 0.0
    step = float(rises[:, SETTLED:].mean() - falls[:, SETTLED:].mean())
    beyond = np.concatenate([rises, -falls])
    beyond -= beyond[:, SETTLED:].mean(axis=1, keepdims=True)
    early = beyond[:, :SETTLED]
    mean, error = early.mean(axis=0), early.std(axis=0) / math.sqrt(len(early))
    if not (mean > np.maximum(SIGNIFICANT * error, MIN_SIZE * step)).any():
        return 0.0
    # A readout rings alike after each switch; further levels are passed and reached now and then.
    scatter = beyond - beyond.mean(axis=0)
    noise = NORMAL_MAD * float(np.median(np.abs(np.diff(scatter, axis=1)))) / math.sqrt(2)
    is_alike = float(scatter.std()) < ALIKE * noise
    return float(mean.max() / step) if is_alike else 0.0


def _responses(z: Floats, is_high: NDArray[np.bool_], to: bool) -> Floats:
    """Return the readings after each switch to a state, (switches, LENGTH)."""
    switches = np.flatnonzero(is_high[1:] != is_high[:-1]) + 1
    ends = np.concatenate([[0], switches, [z.size]])
    before, after = np.diff(ends)[:-1], np.diff(ends)[1:]
    quiet = (before >= LENGTH) & (after >= LENGTH) & (is_high[switches] == to)
    return np.asarray(z[switches[quiet][:, None] + np.arange(LENGTH)])

"""How the share of time that a reading's window sees in one state is distributed, in short.

Exactly, it has a mass at 1 and at 0, of windows without a switch, and a density between them.
Here the density is a box of the right mass, mean and variance.
"""

from typing import NamedTuple

import numpy as np

from smtj.physics.arrays import logistic
from smtj.typing import Floats

_LARGEST = 50.0


class Share(NamedTuple):
    """Of the time in the upper well, at each field."""

    all_up: Floats
    """Probability of a window without a switch, up all the time."""
    all_down: Floats
    start: Floats
    """Where the box of the other windows begins, and where it ends."""
    end: Floats


def share_of_window(log_up: Floats, log_down: Floats) -> Share:
    """Distribution of the share that a stationary two-state process spends in its upper state.

    Parameters
    ----------
    log_up, log_down
        ln of the mean dwell times over the length of the window.
    """
    rate_up, rate_down = (np.exp(np.clip(-log, -_LARGEST, _LARGEST)) for log in (log_up, log_down))
    p = np.asarray(logistic(log_up - log_down))
    all_up, all_down = p * np.exp(-rate_up), (1 - p) * np.exp(-rate_down)
    rest = np.maximum(1 - all_up - all_down, 1e-12)
    variance = p * (1 - p) * _variance_factor(rate_up + rate_down)
    mean = np.clip((p - all_up) / rest, 0, 1)
    second = (variance + p**2 - all_up) / rest
    half = np.sqrt(3 * np.clip(second - mean**2, 0, 1 / 12))
    return Share(all_up, all_down, np.maximum(mean - half, 0), np.minimum(mean + half, 1))


def _variance_factor(rate: Floats) -> Floats:
    """Variance of a mean over a window, over that of a moment; the rate times the window given."""
    small = rate < 1e-3
    x = np.where(small, 1.0, rate)
    return np.where(small, 1 - rate / 3, 2 * (x + np.expm1(-x)) / x**2)

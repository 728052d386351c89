"""Traces of resistance, fitted in the scale in which their noise is alike at both levels.

At a constant voltage the current averages over a reading, which is V over the mean current.
Whether the noise is equal at both levels in resistance or in current is not known beforehand: the
resistance is fitted first, and if it does not show two levels, the conductance too.  A drift of the
resistance, which shifts both levels alike, would change the separation of the conductances, as the
conductance of a level goes with its square; so the drift found by a first fit is subtracted before.
"""

import math
from dataclasses import dataclass

import numpy as np

from smtj.inference.telegraph.fit import fit_trace
from smtj.inference.telegraph.result import TraceFit
from smtj.physics.resistance import linear_in_occupancy, resistance_of
from smtj.typing import Floats

MAX_CHANGE = 0.1
"""Change of the separation by a drift, over the noise, above which the drift is subtracted."""
MAX_ROUNDS = 4
"""Two are usual if the resistance drifts."""


@dataclass(frozen=True, eq=False)
class FittedSignal:
    """Readings in the scale in which they are fitted, resistance or conductance."""

    signal: Floats
    """In ohm, shape (readings,)."""
    middle: float
    """R0 of :func:`smtj.physics.resistance.linear_in_occupancy`; 0 if the signal is R itself."""
    drift: Floats | float
    """Subtracted from the resistance before, in ohm; its mean is 0."""

    @property
    def log_slope(self) -> float:
        """Σ ln(d signal/d resistance), which makes log-likelihoods comparable."""
        if self.middle == 0:
            return 0.0
        return float(2 * np.log(np.abs(2 - self.signal / self.middle)).sum())

    def resistance(self, level: Floats) -> Floats:
        """Return a level of the signal at each reading as a resistance in ohm."""
        return np.asarray(resistance_of(level, self.middle) + self.drift)


def fit_resistance(
    time: Floats,
    resistance: Floats,
    integration_time: float,
    at_current: bool,
    min_switches: int,
) -> tuple[TraceFit, FittedSignal]:
    """Fit a trace of resistances.

    Parameters
    ----------
    time, resistance
        In s and ohm, shape (readings,).
    integration_time
        Time over which a reading averages in s; 0 for instantaneous readings.
    at_current
        Whether a current was held.
    min_switches
        As in :func:`smtj.inference.telegraph.fit.fit_trace`.

    Returns
    -------
    tuple
        The fit and the signal that was fitted: the resistance, or if that shows more than two
        levels the conductance, provided that it shows two and is more likely.

    Raises
    ------
    SmtjError
        The trace is too short, or switches too rarely.
    """
    pole = -math.inf if at_current else 0.0
    fit = fit_trace(time, resistance, integration_time, pole=pole, min_switches=min_switches)
    signal = FittedSignal(resistance, 0.0, 0.0)
    if at_current or fit.verdict != "more than two levels" or resistance.min() <= 0:
        return fit, signal
    # If the current is noisy, the resistance is noisier at the high level, which may look like a
    # third one.
    other, others = _fit_conductance(time, resistance, integration_time)
    more_likely = other.log_likelihood + others.log_slope > fit.log_likelihood
    conclusive = other.verdict == "two levels" and other.switches >= min_switches
    return (other, others) if more_likely and conclusive else (fit, signal)


def _fit_conductance(
    time: Floats, resistance: Floats, integration_time: float
) -> tuple[TraceFit, FittedSignal]:
    """Fit the conductance of a trace, at least twice if its resistance drifts."""
    drift: Floats | float = 0.0
    for _ in range(MAX_ROUNDS):
        values, middle = linear_in_occupancy(resistance - drift, False)
        signal = FittedSignal(values, middle, drift)
        fit = fit_trace(time, values, integration_time, min_switches=0)
        # How far the drift changes the separation of the levels; 0 for one level.
        change = 2 * float(np.ptp(fit.low)) / middle * fit.separation
        if change <= MAX_CHANGE * fit.noise:
            break
        level = signal.resistance(fit.low)
        drift = level - level.mean()
    return fit, signal

"""A trace of resistances, and the scale in which its noise is that of one instrument.

At a constant voltage the current of a window averages, and a reading is V over its mean.  Whether
the noise is as large at both levels in the resistance or in the current no law says: the resistance
is fitted first, and where it does not look like two levels the conductance, too.  There a drift of
the resistance, which adds to both levels alike, would move them apart, as the conductance of a
level goes with its square.  So the drift that a first fit finds is taken out before.
"""

import math
from dataclasses import dataclass

import numpy as np

from smtj.inference.telegraph.fit import fit_trace
from smtj.inference.telegraph.result import TraceFit
from smtj.physics.resistance import linear_in_occupancy, resistance_of
from smtj.typing import Floats

APART = 0.1
"""Change of the separation over noise, as a drift makes it, from which it is taken out."""
ROUNDS = 4
"""Most fits; two are usual where the resistance drifts."""


@dataclass(frozen=True, eq=False)
class ReadingsInShare:
    """Readings in the scale in which they are fitted, resistance or conductance."""

    signal: Floats
    """In ohm, shape (readings,)."""
    middle: float
    """R0 of :func:`smtj.physics.resistance.linear_in_occupancy`; 0 where the signal is R itself."""
    drift: Floats | float
    """What was taken from the resistance before, in ohm; its mean is 0."""

    @property
    def log_slope(self) -> float:
        """Σ ln(slope of the signal by the resistance), by which log-likelihoods compare."""
        if self.middle == 0:
            return 0.0
        return float(2 * np.log(np.abs(2 - self.signal / self.middle)).sum())

    def resistance(self, level: Floats) -> Floats:
        """Return a level of the signal at each reading as a resistance in ohm."""
        return np.asarray(resistance_of(level, self.middle) + self.drift)


def fit_resistance(
    time: Floats, resistance: Floats, window: float, at_current: bool, min_switches: int
) -> tuple[TraceFit, ReadingsInShare]:
    """Fit a trace of resistances.

    Parameters
    ----------
    time, resistance
        In s and ohm, shape (readings,).
    window
        Time over which a reading averages in s; 0 for an instant.
    at_current
        Whether a current was held.
    min_switches
        As in :func:`smtj.inference.telegraph.fit.fit_trace`.

    Returns
    -------
    tuple
        The fit, and what it is a fit of: the resistance, or where that shows more than two levels
        the conductance, if it shows two and is likelier.

    Raises
    ------
    SmtjError
        The trace is too short, or switches too rarely.
    """
    pole = -math.inf if at_current else 0.0
    fit = fit_trace(time, resistance, window, pole=pole, min_switches=min_switches)
    readings = ReadingsInShare(resistance, 0.0, 0.0)
    if at_current or fit.verdict != "more than two levels" or resistance.min() <= 0:
        return fit, readings
    # Of a current that is noisy the resistance is noisier at the high level, which may look like
    # a third one.
    other, others = _fit_conductance(time, resistance, window)
    is_likelier = other.log_likelihood + others.log_slope > fit.log_likelihood
    tells = other.verdict == "two levels" and other.switches >= min_switches
    return (other, others) if is_likelier and tells else (fit, readings)


def _fit_conductance(
    time: Floats, resistance: Floats, window: float
) -> tuple[TraceFit, ReadingsInShare]:
    """Fit the conductance of a trace, and at least twice where its resistance drifts."""
    drift: Floats | float = 0.0
    for _ in range(ROUNDS):
        signal, middle = linear_in_occupancy(resistance - drift, False)
        readings = ReadingsInShare(signal, middle, drift)
        fit = fit_trace(time, signal, window, min_switches=0)
        if not _moves_apart(fit, middle):
            break
        # What a fit of levels that move apart takes for the drift is nearly it.
        level = readings.resistance(fit.low)
        drift = level - level.mean()
    return fit, readings


def _moves_apart(fit: TraceFit, middle: float) -> bool:
    """Whether the drift changes the separation of the levels visibly; False for one level."""
    change = 2 * float(np.ptp(fit.low)) / middle * fit.separation
    return change > APART * fit.noise

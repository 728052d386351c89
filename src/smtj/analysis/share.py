"""A trace in a scale in which a reading averages as the time spent in each state does.

At a constant voltage that is the conductance.  A drift of the resistance, which adds to both
levels alike, would move them apart there: the conductance of a level goes with its square.  So the
drift that a first fit finds is taken out before the readings are scaled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.analysis.setting import linear_in_share, resistance_of
from smtj.fit.telegraph import fit_trace
from smtj.fit.trace_fit import TraceFit

Floats = NDArray[np.float64]

APART = 0.1
"""Change of the separation over noise, as a drift makes it, from which it is taken out."""
ROUNDS = 4
"""Most fits; two are usual where the resistance drifts."""


@dataclass(frozen=True, eq=False)
class ReadingsInShare:
    """Readings in a scale that is linear in the share of time."""

    signal: Floats
    """In ohm, shape (readings,)."""
    middle: float
    """R0 of :func:`.setting.linear_in_share`; 0 where the signal is the resistance itself."""
    drift: Floats | float
    """What was taken from the resistance before, in ohm; its mean is 0."""

    def resistance(self, level: Floats) -> Floats:
        """Return a level of the signal at each reading as a resistance in ohm."""
        return np.asarray(resistance_of(level, self.middle) + self.drift)


def fit_resistance(
    time: Floats, resistance: Floats, window: float, at_current: bool, least_switches: int
) -> tuple[TraceFit, ReadingsInShare]:
    """Fit a trace of resistances.

    Parameters
    ----------
    time, resistance
        In s and ohm, shape (readings,).
    window
        Time over which a reading averages in s.  Where it is 0 nothing averages, and the
        resistance is fitted as it is.
    at_current
        Whether a current was held.
    least_switches
        As in :func:`smtj.fit.telegraph.fit_trace`.

    Returns
    -------
    tuple
        The fit, and what it is a fit of.

    Raises
    ------
    SmtjError
        The trace is too short, or switches too rarely.
    """
    if at_current or window == 0:
        fit = fit_trace(time, resistance, window, least_switches=least_switches)
        return fit, ReadingsInShare(resistance, 0.0, 0.0)
    drift: Floats | float = 0.0
    for _ in range(ROUNDS):
        signal, middle = linear_in_share(resistance - drift, False)
        readings = ReadingsInShare(signal, middle, drift)
        fit = fit_trace(time, signal, window, least_switches=least_switches)
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

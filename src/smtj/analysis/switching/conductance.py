"""Traces of resistance, fitted in the scale in which their noise is alike at both levels.

At a constant voltage the current averages over a reading, which is V over the mean current.
Whether the noise is equal at both levels in resistance or in current is not known beforehand: the
resistance is fitted first, and if it does not show two levels, the conductance too.  A drift of the
resistance, which shifts both levels alike, would change the separation of the conductances, as the
conductance of a level goes with its square; so the drift found by a first fit is subtracted before.
"""

from dataclasses import dataclass

import numpy as np

from smtj.inference.telegraph.fit import fit_trace
from smtj.inference.telegraph.result import TraceFit
from smtj.physics.resistance import resistance_of
from smtj.typing import Floats


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
) -> tuple[TraceFit, FittedSignal]:
    """Fit a trace of resistances in ohm at times in s.

    The states may have noise of their own, so the resistance itself is fitted at either bias.
    """
    inverse = not at_current and resistance.min() > 0
    fit = fit_trace(time, resistance, integration_time, averages_inverse=inverse)
    return fit, FittedSignal(resistance, 0.0, 0.0)

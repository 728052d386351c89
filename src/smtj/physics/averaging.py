"""Readings that average over time: the conductance at constant voltage, the resistance at constant
current."""

import numpy as np

from smtj.typing import Floats


def linear_in_share(
    resistance: Floats, at_current: bool, middle: float | None = None
) -> tuple[Floats, float]:
    """Return readings so scaled that they average as the time spent in each state does.

    At a constant current the voltage averages and with it R; at a constant voltage the current,
    so 1/R does, here as 2R0 - R0²/R, which near R0 is R.

    Parameters
    ----------
    resistance
        In ohm.
    at_current
        Whether a current was held.
    middle
        R0 in ohm; by default the median.

    Returns
    -------
    tuple
        Readings in ohm, and R0 for :func:`resistance_of`, which is 0 at a constant current.
    """
    if at_current:
        return resistance, 0.0
    if middle is None:
        middle = float(np.median(resistance))
    return 2 * middle - middle**2 / resistance, middle


def resistance_of(level: Floats | float, middle: float) -> Floats:
    """Return a level of :func:`linear_in_share` as a resistance in ohm."""
    values = np.asarray(level, dtype=np.float64)
    return values if middle == 0 else middle**2 / (2 * middle - values)

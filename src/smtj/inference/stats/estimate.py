"""One fitted number: what every result of a fit is reported as, in tables and in JSON."""

import math
from dataclasses import dataclass

import numpy as np

NORMAL_95 = 1.959963984540054
"""Half-width of a two-sided 95 % interval in standard errors of a normal distribution."""


@dataclass(frozen=True)
class Estimate:
    """A number that data gave, with its uncertainty; SI units inside."""

    name: str
    """What it is, in words."""
    symbol: str
    value: float
    """Best value; infinite where the data set no bound to it."""
    error: float
    """Standard error; infinite where the data do not bound the value on both sides."""
    interval: tuple[float, float]
    """95 % confidence interval; an end is infinite where the data set no bound."""
    unit: str
    """The SI unit of the numbers above."""
    display_unit: str
    """The unit to print them in."""

    @property
    def bounded(self) -> bool:
        """Whether the data bound the value on both sides."""
        return all(math.isfinite(end) for end in self.interval)


def normal_estimate(
    name: str, symbol: str, value: float, error: float, unit: str = "", display_unit: str = ""
) -> Estimate:
    """Report a value of which the error is normally distributed.

    Parameters
    ----------
    name, symbol, unit, display_unit
        As in :class:`Estimate`.
    value, error
        The value and its standard error, in ``unit``.
    """
    value, half = float(value), NORMAL_95 * float(error)
    interval = (value - half, value + half)
    return Estimate(name, symbol, value, float(error), interval, unit, display_unit)


def attempt_time_estimate(log_attempt_time: Estimate) -> Estimate:
    """τ0 in s of ln(τ0/s), its interval that of the logarithm."""
    low, high = log_attempt_time.interval
    with np.errstate(over="ignore"):
        low, value, high = (float(x) for x in np.exp([low, log_attempt_time.value, high]))
    error = value * log_attempt_time.error if math.isfinite(log_attempt_time.error) else math.inf
    return Estimate("attempt time", "τ0", value, error, (low, high), "s", "ns")

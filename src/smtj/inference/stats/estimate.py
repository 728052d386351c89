"""One fitted number: what every result of a fit is reported as, in tables and in JSON."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from smtj.units import convert, round_to_error

DECADE = math.log(10)
"""Standard error of ln τ0 where nothing is said of it: a decade."""
NORMAL_95 = 1.959963984540054
"""Half-width of a two-sided 95 % interval in standard errors of a normal distribution."""
NORMAL_MAD = 1.4826
"""Standard deviation of a normal distribution over the median distance from its median."""


@dataclass(frozen=True, repr=False)
class Estimate:
    """A fitted number with its uncertainty; SI units inside.

    Examples
    --------
    >>> slope = normal_estimate("slope", "w", 1.655e-3, 5.1e-5, "m/A", "1/Oe")
    >>> slope
    w = 0.1317 ± 0.0041 1/Oe, 95 % interval 0.1237 … 0.1397
    >>> slope.to("1/mT").value
    1.317...
    """

    name: str
    """What it is, in words."""
    symbol: str
    value: float
    """Best value; infinite if the data do not bound it."""
    error: float
    """Standard error; infinite if the data do not bound the value on both sides."""
    interval: tuple[float, float]
    """95 % confidence interval; an end is infinite where the data give no bound."""
    unit: str
    """The SI unit of the numbers above."""
    display_unit: str
    """The unit to print them in."""
    condition: str = ""
    """Where it holds, e.g. ``"at 100 mV"``; empty if there is only one such number."""

    @property
    def bounded(self) -> bool:
        """Whether the data bound the value on both sides."""
        return all(math.isfinite(end) for end in self.interval)

    def to(self, unit: str) -> "Estimate":
        """Return the estimate with its numbers in another unit, e.g. ``"1/Oe"``.

        Raises
        ------
        UnitError
            The unit is unknown or measures something else.
        """
        value, error, low, high = (
            convert(number, self.unit, unit) for number in (self.value, self.error, *self.interval)
        )
        return replace(
            self, value=value, error=error, interval=(low, high), unit=unit, display_unit=unit
        )

    def row(self) -> list[str]:
        """Return name, symbol, value, standard error and interval, rounded by the error."""
        low, high = map(self._end, self.interval)
        value, error = self._rounded(self.value)
        return [
            f"{self.name} {self.condition}".rstrip(),
            self.symbol,
            f"{value} {self.display_unit}".rstrip(),
            error or ("∞" if math.isinf(self.error) else ""),
            f"{low} … {high}",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; numbers that are not finite become None."""
        low, high = self.interval
        return {
            "name": self.name,
            "symbol": self.symbol,
            "condition": self.condition,
            "value": _finite(self.value),
            "standard_error": _finite(self.error),
            "interval_95": [_finite(low), _finite(high)],
            "unit": self.unit,
        }

    def __repr__(self) -> str:
        _, _, _, _, interval = self.row()
        value, error = self._rounded(self.value)
        number = " ".join(filter(None, (value, error and f"± {error}", self.display_unit)))
        where = f" {self.condition}" if self.condition else ""
        return f"{self.symbol or self.name}{where} = {number}, 95 % interval {interval}"

    def _rounded(self, number: float) -> tuple[str, str]:
        return round_to_error(number, self.error, self.unit, self.display_unit)

    def _end(self, end: float) -> str:
        if abs(end) > 0.1 * self.error:
            return self._rounded(end)[0]
        # An end much nearer to 0 than the error is long would be rounded away.
        return round_to_error(end, 0.1 * abs(end), self.unit, self.display_unit)[0]


def normal_estimate(
    name: str, symbol: str, value: float, error: float, unit: str = "", display_unit: str = ""
) -> Estimate:
    """Report a value with a normally distributed error.

    ``error`` is the standard error, in ``unit`` like the value; the rest is as in
    :class:`Estimate`.
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


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None

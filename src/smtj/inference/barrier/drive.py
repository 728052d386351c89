"""ln τ of both states against a drive: a line each, as first order in field, voltage or current.

A drive x tilts the double well, so that to first order ln τ_high and ln τ_low are straight lines in
x; where they cross, both states are equally likely, and P(high) = 1/{1 + exp[-w (x - x_0)]} with
w the difference of their slopes (Brown, Phys. Rev. 130, 1677 (1963), doi:10.1103/PhysRev.130.1677).
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.estimate import Estimate
from smtj.inference.stats.line import LineFit, fit_line
from smtj.typing import Floats

MIN_DRIVES = 3
"""Fewest values of the drive."""


@dataclass(frozen=True, eq=False)
class DriveFit:
    """Lines of ln(τ/s) against a drive, in its SI unit."""

    high: LineFit
    low: LineFit
    quantile: float
    """Half-width of a 95 % interval in standard errors."""
    scatter: float
    """Standard deviation of ln τ about the lines if that gave the errors; else 0."""
    cross: Floats = field(default_factory=lambda: np.zeros((2, 2)))
    """Covariance of intercept and slope of the high line (rows) with those of the low one."""

    @property
    def crossing(self) -> tuple[float, float]:
        """The drive at which both dwell times are equal, and its standard error."""
        level = self.high.intercept - self.low.intercept
        slope = self.high.slope - self.low.slope
        x = -level / slope
        gradient = np.array([1.0, x])
        return x, math.sqrt(gradient @ self._combined(1.0, -1.0) @ gradient) / abs(slope)

    @property
    def log_time_at_crossing(self) -> tuple[float, float]:
        """ln τ where both dwell times are equal, and its standard error.

        The place is as uncertain as the lines: of a state whose dwell time does not change with the
        drive the other's error does not matter.
        """
        x, _ = self.crossing
        gradient, slope = np.array([1.0, x]), self.high.slope - self.low.slope
        of_high, of_low = -self.low.slope / slope, self.high.slope / slope
        variance = gradient @ self._combined(of_high, of_low) @ gradient
        return float(self.high.at(x)), math.sqrt(variance)

    @property
    def asymmetry(self) -> tuple[float, float]:
        """By how much more than half of w is that of ln τ_high, and its standard error."""
        slope = self.slope[0]
        variance = self._combined(-self.low.slope, self.high.slope)[1, 1]
        return self.high.slope / slope - 0.5, math.sqrt(variance) / slope**2

    def _combined(self, of_high: float, of_low: float) -> Floats:
        """Covariance of a sum of intercepts, and of slopes, with these factors."""
        own = of_high**2 * self.high.covariance + of_low**2 * self.low.covariance
        return np.asarray(own + of_high * of_low * (self.cross + self.cross.T))

    @property
    def slope(self) -> tuple[float, float]:
        """w = d ln(τ_high/τ_low)/dx, and its standard error."""
        return self.high.slope - self.low.slope, math.sqrt(self._combined(1.0, -1.0)[1, 1])

    def estimates(self, unit: str, display_unit: str, symbol: str) -> tuple[Estimate, ...]:
        """Return the dwell times without drive, their slopes, w and where they cross.

        ``unit`` and ``display_unit`` are those of the drive, ``symbol`` its letter.
        """
        per, shown = f"1/{unit}" if unit != "A/m" else "m/A", f"1/{display_unit}"
        found = []
        for state, line in (("high", self.high), ("low", self.low)):
            tau, error = math.exp(line.intercept), line.intercept_error
            reach = math.exp(self.quantile * error)
            found.append(
                Estimate(
                    f"dwell time {state} at {symbol} = 0",
                    f"τ_{state},0",
                    tau,
                    tau * error,
                    (tau / reach, tau * reach),
                    "s",
                    "ms",
                )
            )
            found.append(
                self._normal(
                    f"slope of ln τ_{state}",
                    f"d ln τ_{state}/d{symbol}",
                    (line.slope, line.slope_error),
                    per,
                    shown,
                )
            )
        found.append(self._normal("slope of ln odds", "w", self.slope, per, shown))
        if abs(self.slope[0]) > self.quantile * self.slope[1]:
            found.append(
                self._normal(
                    "drive of equal dwell times",
                    f"{symbol}_s",
                    self.crossing,
                    unit,
                    display_unit,
                )
            )
        return tuple(found)

    def _normal(
        self, name: str, symbol: str, value: tuple[float, float], unit: str, shown: str
    ) -> Estimate:
        middle, error = value
        reach = self.quantile * error
        return Estimate(name, symbol, middle, error, (middle - reach, middle + reach), unit, shown)


@guarded("the fit of ln τ against a drive")
def fit_drive(
    drive: ArrayLike, log_dwell_times: ArrayLike, errors: ArrayLike | None = None
) -> DriveFit:
    """Fit a line to ln τ of each state against a drive.

    Parameters
    ----------
    drive
        In its SI unit, shape (n,).
    log_dwell_times
        ln(τ/s) of the high and the low state, shape (n, 2).
    errors
        Their standard errors, shape (n, 2); by default equal for all, and from the scatter of both
        states about their lines.

    Raises
    ------
    SmtjError
        There are fewer than :data:`MIN_DRIVES` values of the drive, or a number is not finite.

    Examples
    --------
    >>> x = np.array([-1.0, 0.0, 1.0, 2.0])
    >>> logs = np.stack([-3 - 0.5 * x, -3 + 0.5 * x], axis=1) + [[0.01], [-0.01], [0.01], [0.0]]
    >>> fit = fit_drive(x, logs)
    >>> print(f"{fit.slope[0]:.2f}, {fit.crossing[0]:.2f}")
    -1.00, 0.00
    """
    from scipy.special import stdtrit

    x, logs = np.asarray(drive, dtype=np.float64), np.asarray(log_dwell_times, dtype=np.float64)
    if np.unique(x).size < MIN_DRIVES:
        raise SmtjError(
            f"dwell times at {np.unique(x).size} values of the drive do not make a line; "
            f"{MIN_DRIVES} are needed"
        )
    if errors is not None:
        sigma = np.asarray(errors, dtype=np.float64)
        high, low = (
            fit_line(x, logs[:, row], sigma[:, row], f"ln τ_{state}")
            for row, state in enumerate(("high", "low"))
        )
        return DriveFit(high, low, float(stdtrit(math.inf, 0.975)), 0.0)
    lines = [np.polynomial.Polynomial.fit(x, logs[:, row], 1) for row in (0, 1)]
    residuals = np.stack([logs[:, row] - line(x) for row, line in enumerate(lines)])
    freedom = 2 * (x.size - 2)
    # Tables without scatter have been rounded or calculated.
    scatter = max(math.sqrt(float((residuals**2).sum()) / freedom), 1e-9)
    flat: Floats = np.full(x.size, scatter)
    high, low = (
        fit_line(x, logs[:, row], flat, f"ln τ_{state}")
        for row, state in enumerate(("high", "low"))
    )
    return DriveFit(high, low, float(stdtrit(freedom, 0.975)), scatter)

"""A straight line through numbers with standard errors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.inference.stats.checks import checked_points, guarded, require_finite
from smtj.inference.stats.least_squares import ExcessScatter, excess_scatter, minimise
from smtj.typing import Floats


@dataclass(frozen=True, eq=False)
class LineFit:
    """y = intercept + slope x, in the units of the data."""

    intercept: float
    slope: float
    covariance: Floats
    """Of intercept and slope, shape (2, 2), widened where the points scatter too much."""
    scatter: ExcessScatter

    @property
    def intercept_error(self) -> float:
        """Standard error of the intercept."""
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def slope_error(self) -> float:
        """Standard error of the slope."""
        return float(np.sqrt(self.covariance[1, 1]))

    def at(self, x: ArrayLike) -> Floats:
        """Return the line at x."""
        return np.asarray(self.intercept + self.slope * np.asarray(x))


@guarded("the fit of a straight line")
def fit_line(x: ArrayLike, y: ArrayLike, error: ArrayLike, data: str) -> LineFit:
    """Fit a straight line by weighted least squares.

    Points and the standard errors of y have shape (n,); messages call them ``data``.  Raises
    SmtjError if there are fewer than two points, all share one x, or a number is not finite.

    Examples
    --------
    >>> line = fit_line([0, 1, 2], [1.0, 3.1, 4.9], [0.1, 0.1, 0.1], "the points")
    >>> print(f"{line.slope:.2f} ± {line.slope_error:.2f}")
    1.95 ± 0.07
    """
    x, y, sigma = checked_points(x, y, error, "points", data)
    unit_x, unit_y = float(np.abs(x).max()) or 1.0, float(np.abs(y).max()) or 1.0

    def residuals(p: Mapping[str, float]) -> Floats:
        return np.asarray((y - unit_y * (p["intercept"] + p["slope"] * x / unit_x)) / sigma)

    start = {"intercept": float(y.mean()) / unit_y, "slope": 0.0}
    found = minimise(residuals, start, f"the straight line through {data}")
    scatter = excess_scatter(found, data, "a straight line")
    units = np.array([unit_y, unit_y / unit_x])
    intercept, slope = (np.array([found.values[name] for name in start]) * units).tolist()
    covariance = scatter.factor * found.covariance * np.outer(units, units)
    require_finite(f"the straight line through {data}", intercept, slope, covariance)
    return LineFit(intercept, slope, covariance, scatter)

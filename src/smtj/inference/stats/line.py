"""A straight line through numbers with standard errors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.inference.stats.excess_scatter import Scatter, scatter_of
from smtj.inference.stats.least_squares import minimise
from smtj.typing import Floats


@dataclass(frozen=True, eq=False)
class StraightLine:
    """y = intercept + slope x, in the units of the data."""

    intercept: float
    slope: float
    covariance: Floats
    """Of intercept and slope, shape (2, 2), widened where the points scatter too much."""
    scatter: Scatter

    def at(self, x: ArrayLike) -> Floats:
        """The line at x."""
        return np.asarray(self.intercept + self.slope * np.asarray(x))


def fit_straight_line(x: ArrayLike, y: ArrayLike, error: ArrayLike, data: str) -> StraightLine:
    """Fit a straight line.

    Parameters
    ----------
    x, y, error
        Points and the standard errors of y, shape (n,), at two different x or more.
    data
        What messages call them.

    Raises
    ------
    SmtjError
        There are fewer than two points, or all at one x.
    """
    x, y, sigma = (np.asarray(entry, dtype=np.float64) for entry in (x, y, error))
    unit_x, unit_y = float(np.abs(x).max()) or 1.0, float(np.abs(y).max()) or 1.0

    def residuals(p: Mapping[str, float]) -> Floats:
        return np.asarray((y - unit_y * (p["intercept"] + p["slope"] * x / unit_x)) / sigma)

    start = {"intercept": float(y.mean()) / unit_y, "slope": 0.0}
    found = minimise(residuals, start, f"the straight line through {data}")
    scatter = scatter_of(found, data, "a straight line")
    units = np.array([unit_y, unit_y / unit_x])
    return StraightLine(
        intercept=found.values["intercept"] * units[0],
        slope=found.values["slope"] * units[1],
        covariance=scatter.excess * found.covariance * np.outer(units, units),
        scatter=scatter,
    )

"""Quantiles, p-values and intervals of the usual distributions."""

import math

import numpy as np
from numpy.typing import ArrayLike

from smtj.typing import Floats


def normal_quantile(level: float) -> float:
    """Half-width of a two-sided interval, in standard errors of a normal distribution."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def chi_squared_p_value(chi_squared: float, degrees_of_freedom: int) -> float:
    """Chance of a χ² at least as large if the model is right; NaN without degrees of freedom."""
    from scipy.special import chdtrc

    if degrees_of_freedom == 0:
        return math.nan
    return float(chdtrc(degrees_of_freedom, max(chi_squared, 0.0)))


class ChiSquared:
    """A fit of least squares: has ``chi_squared`` and ``degrees_of_freedom``."""

    chi_squared: float
    degrees_of_freedom: int

    @property
    def p_value(self) -> float:
        """Chance of a χ² at least as large if the model is right; NaN without freedom."""
        return chi_squared_p_value(self.chi_squared, self.degrees_of_freedom)


def wilson_interval(
    high: ArrayLike, total: ArrayLike, inflation: ArrayLike = 1.0, level: float = 0.6827
) -> tuple[Floats, Floats]:
    """Confidence interval of a probability from counts; never empty, never outside [0, 1].

    ``high`` and ``total`` count high reads and all reads; ``inflation`` is f of correlated reads, 1
    for independent ones; ``level`` is by default the confidence of one standard error.  E. B.
    Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> low, high = wilson_interval(0, 100, level=0.95)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.000 to 0.037
    """
    n = np.asarray(total, dtype=np.float64) / np.asarray(inflation, dtype=np.float64)
    p = np.asarray(high, dtype=np.float64) / np.asarray(total, dtype=np.float64)
    z = normal_quantile(level)
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # Rounding must not exclude the fraction itself, as it would where all reads are alike.
    return np.clip(middle - half, 0, p), np.clip(middle + half, p, 1)

"""Confidence interval of a ratio of which the denominator may be 0 within its error."""

import math

from smtj.inference.stats.estimate import NORMAL_95
from smtj.typing import Floats


def ratio_interval(
    numerator: float,
    gradient: Floats,
    denominator: float,
    factor: float,
    covariance: Floats,
) -> tuple[float, float]:
    """Fieller's 95 % interval of a ratio that can only be positive.

    Every ratio r is in it for which numerator - r denominator does not differ from 0.  A negative
    denominator counts from the nearest possible one, 0.

    Parameters
    ----------
    numerator, gradient
        The numerator and its derivatives with respect to the parameters, shape (parameters,).
    denominator, factor
        The denominator, which is ``factor`` times the last parameter.
    covariance
        Of the parameters, shape (parameters, parameters).

    Returns
    -------
    tuple
        Both ends; the upper one is infinite where the denominator may be 0.

    References
    ----------
    E. C. Fieller, J. R. Stat. Soc. B 16, 175 (1954), doi:10.1111/j.2517-6161.1954.tb00159.x.
    """
    n_n, n_d = gradient @ covariance @ gradient, factor * (gradient @ covariance[:, -1])
    d_d = factor**2 * covariance[-1, -1]
    z2 = NORMAL_95**2 + (denominator**2 / d_d if denominator < 0 else 0.0)
    quadratic = denominator**2 - z2 * d_d
    linear = numerator * denominator - z2 * n_d
    constant = numerator**2 - z2 * n_n
    root = math.sqrt(max(linear**2 - quadratic * constant, 0.0))
    if quadratic > 0:
        return max((linear - root) / quadratic, 0.0), float((linear + root) / quadratic)
    if constant <= 0:
        return 0.0, math.inf
    # The positive of the two roots, written so that it stays finite where quadratic is 0.
    return float(constant / (linear + root)), math.inf

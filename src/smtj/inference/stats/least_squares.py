"""Nonlinear least squares on residuals in units of their standard errors, by lmfit."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from smtj.errors import SmtjError
from smtj.typing import Floats


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where the sum of squared residuals is least."""

    values: Mapping[str, float]
    """Parameters by name."""
    covariance: Floats
    """Their covariance in the order of :attr:`values`, from residuals that have unit variance."""
    chi_squared: float
    degrees_of_freedom: int
    """Number of residuals less that of parameters."""


def minimise(
    residuals: Callable[[Mapping[str, float]], Floats],
    start: Mapping[str, float],
    fit: str,
    most_evaluations: int = 2000,
) -> Minimum:
    """Find the parameters that make the sum of squared residuals least.

    Parameters
    ----------
    residuals
        From parameters by name to (data - model)/(standard error), shape (residuals,).
    start
        Where to start, by name; parameters of comparable size, about 1, serve best.
    fit
        What an error message calls the fit, e.g. ``"the fit of ln τ(H)"``.
    most_evaluations
        How often the residuals may be asked for before the search is given up.

    Raises
    ------
    SmtjError
        There are fewer residuals than parameters, the data leave a parameter undetermined, or no
        minimum is found.
    """
    import lmfit

    if (found_residuals := len(residuals(start))) < len(start):
        raise SmtjError(
            f"{fit} has {found_residuals} numbers for {len(start)} parameters; give more data"
        )
    parameters = lmfit.create_params(**start)
    names = list(start)
    minimizer = lmfit.Minimizer(
        lambda current: residuals(current.valuesdict()),
        parameters,
        scale_covar=False,
        max_nfev=most_evaluations,
    )
    found = minimizer.leastsq(xtol=1e-10, ftol=1e-10)
    covariance = getattr(found, "covar", None)
    if not found.success:
        raise SmtjError(f"{fit} finds no minimum; the data may not belong to this model")
    if covariance is None or not np.all(np.isfinite(covariance)):
        raise SmtjError(f"{fit} is undetermined: the data do not tell {' and '.join(names)} apart")
    return Minimum(
        values={name: float(found.params[name].value) for name in names},
        covariance=np.asarray(covariance, dtype=np.float64),
        chi_squared=float(np.sum(np.square(found.residual))),
        degrees_of_freedom=len(found.residual) - len(names),
    )


def chi_squared_p_value(chi_squared: float, degrees_of_freedom: int) -> float:
    """Chance of a χ² at least as large if the model is right; NaN where no freedom is left."""
    from scipy.stats import chi2

    if degrees_of_freedom == 0:
        return math.nan
    return float(chi2.sf(chi_squared, degrees_of_freedom))

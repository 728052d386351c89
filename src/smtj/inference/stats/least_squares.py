"""Nonlinear least squares on residuals in units of their standard errors, by lmfit."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.stats.checks import require_finite
from smtj.inference.stats.distributions import ChiSquared
from smtj.typing import Floats

Residuals: TypeAlias = Callable[[Mapping[str, float]], Floats]
"""From parameters by name to (data - model)/(standard error), shape (residuals,)."""

UNLIKELY = 1e-3
"""p-value below which the standard errors of the data are taken to be too small."""
MAX_ROUNDS = 20
"""Rounds in which :func:`covariance_over_errors` may settle."""
SETTLED = 0.02
"""Relative change of every standard error at which it has."""
STEP = 1e-6
"""Of finite differences, in parameters of about 1."""


@dataclass(frozen=True, eq=False)
class Minimum(ChiSquared):
    """The least sum of squared residuals."""

    values: Mapping[str, float]
    """Parameters by name."""
    covariance: Floats
    """In the order of :attr:`values`, for residuals of unit variance."""
    chi_squared: float
    degrees_of_freedom: int
    """Number of residuals less that of parameters."""


@dataclass(frozen=True)
class ExcessScatter:
    """How much more data scatter about a fit than their standard errors allow."""

    p_value: float
    """Chance of so bad a fit if the model is right; NaN without degrees of freedom."""
    factor: float
    """Factor on all variances; 1 where the data scatter as they should."""
    remarks: tuple[str, ...]


def minimise(
    residuals: Residuals, start: Mapping[str, float], fit: str, max_evaluations: int = 2000
) -> Minimum:
    """Find the parameters with the least sum of squared residuals.

    ``start`` gives initial parameters by name, best of a size of about 1.  A step at which a
    residual is not finite, or its computation fails, is rejected like one that raises the sum of
    squares.  Raises SmtjError, which names the fit as ``fit``, e.g. ``"the fit of ln τ(H)"``, if
    there are fewer residuals than parameters, the model has no value at the start, the data leave a
    parameter undetermined, or ``max_evaluations`` of the residuals find no minimum.
    """
    import lmfit

    first = np.asarray(residuals(start))
    if (count := len(first)) < len(start):
        raise SmtjError(f"{fit} has {count} numbers for {len(start)} parameters; give more data")
    require_finite(f"the start of {fit}", first)
    worse = np.full(first.shape, 10 * float(np.abs(first).max()) + 1)

    def evaluated(current: lmfit.Parameters) -> Floats:
        try:
            found = np.asarray(residuals(current.valuesdict()))
        except (ArithmeticError, np.linalg.LinAlgError):
            return worse
        return found if np.isfinite(found).all() else worse

    names = list(start)
    minimizer = lmfit.Minimizer(
        evaluated,
        lmfit.create_params(**start),
        scale_covar=False,
        max_nfev=max_evaluations,
    )
    found = minimizer.leastsq(xtol=1e-10, ftol=1e-10)
    covariance = getattr(found, "covar", None)
    if not found.success:
        raise SmtjError(f"{fit} finds no minimum; the data may not follow this model")
    if covariance is None or not np.all(np.isfinite(covariance)):
        raise SmtjError(f"{fit} is undetermined: the data do not separate {' and '.join(names)}")
    chi_squared = float(np.sum(np.square(found.residual)))
    require_finite(fit, chi_squared, np.sqrt(np.diag(covariance)))
    return Minimum(
        values={name: float(found.params[name].value) for name in names},
        covariance=np.asarray(covariance, dtype=np.float64),
        chi_squared=chi_squared,
        degrees_of_freedom=len(found.residual) - len(names),
    )


def excess_scatter(found: Minimum, data: str, model: str) -> ExcessScatter:
    """Compare the scatter about a fit with the standard errors; ``data`` and ``model`` in words."""
    if not found.p_value < UNLIKELY:
        return ExcessScatter(found.p_value, 1.0, ())
    factor = found.chi_squared / found.degrees_of_freedom
    return ExcessScatter(
        found.p_value,
        factor,
        (
            f"{data} scatter {math.sqrt(factor):.1f} times as far about {model} as their errors "
            f"allow (p = {found.p_value:.1g}); the errors are widened by that",
        ),
    )


def covariance_over_errors(residuals: Residuals, minimum: Minimum) -> Floats:
    """Covariance from central differences of the residuals over one standard error.

    The minimum's own covariance is the start.  Where a well is about to vanish, its line moves
    without limit and comes and goes: derivatives at one point then show a jump that no datum may
    have seen.  Over a standard error, a jump counts for what it changes.  Where the residuals are
    linear this is the minimum's covariance.
    """
    names, covariance = list(minimum.values), minimum.covariance
    at = np.array([minimum.values[name] for name in names])

    def change(step: Floats) -> Floats:
        ends = [residuals(dict(zip(names, (at + s).tolist(), strict=True))) for s in (step, -step)]
        return (ends[0] - ends[1]) / 2

    for _ in range(MAX_ROUNDS):
        # Steps along the axes of the error ellipse, so correlation hides none of them.
        scale = np.sqrt(np.diag(covariance))
        size, axes = np.linalg.eigh(covariance / np.outer(scale, scale))
        steps = scale[:, None] * axes * np.sqrt(size)
        changes = np.stack([change(step) for step in steps.T], axis=1)
        found = steps @ np.linalg.inv(changes.T @ changes) @ steps.T
        settled = np.all(np.abs(np.sqrt(np.diag(found)) / scale - 1) < SETTLED)
        covariance = found
        if settled:
            break
    return covariance


def forward_jacobian(function: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Derivatives of a function of parameters of about 1, shape (values, parameters)."""
    base, steps = np.asarray(function(at)), STEP * np.eye(at.size)
    return np.stack([(function(at + step) - base) / STEP for step in steps], axis=-1)

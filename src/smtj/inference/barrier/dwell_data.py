"""Dwell times against field, checked and brought to numbers of about 1 for a fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.typing import Floats

FIT = "the fit of dwell times against field"
"""What its error messages call it."""


@dataclass(frozen=True, eq=False)
class RateData:
    """Dwell times at fields that are centred and scaled to about 1."""

    field: Floats
    log_tau: Floats
    """(fields, 2), high first."""
    inverse_root: Floats
    """(fields, 2, 2): turns a residual into two of unit variance."""
    centre: float
    scale: float

    def residuals(self, height: float, slope: float, offset: float, curvature: float) -> Floats:
        """Misfit of height ± slope x/2 + curvature x², x = field - offset, in standard errors."""
        x = self.field - offset
        even, odd = height + curvature * x**2, slope / 2 * x
        misfit = self.log_tau - np.stack([even + odd, even - odd], axis=1)
        return np.asarray(np.einsum("fij,fj->fi", self.inverse_root, misfit).ravel())


def checked_rates(
    field: ArrayLike,
    log_tau_high: ArrayLike,
    log_tau_low: ArrayLike,
    covariance: ArrayLike,
    fewest: int,
) -> RateData:
    """Check what a fit of dwell times against field is given.

    Parameters
    ----------
    field
        H_⊥ in A/m, shape (fields,).
    log_tau_high, log_tau_low
        ln(τ_high/s) and ln(τ_low/s), shape (fields,).
    covariance
        Of the two at each field, shape (fields, 2, 2).
    fewest
        Number of different fields that the fit needs, 2 or 3.

    Raises
    ------
    SmtjError
        There are fewer fields, numbers are not finite, their shapes differ, or a covariance is
        not symmetric and positive definite.
    """
    h = np.atleast_1d(np.asarray(field, dtype=np.float64))
    high, low = (
        np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (log_tau_high, log_tau_low)
    )
    cov = np.asarray(covariance, dtype=np.float64)
    if h.ndim != 1 or high.shape != h.shape or low.shape != h.shape or cov.shape != (h.size, 2, 2):
        raise SmtjError(
            "dwell times and fields differ in number; give one ln τ_high, one ln τ_low and one "
            "2 x 2 covariance a field"
        )
    if np.unique(h).size < fewest:
        words = {2: "two", 3: "three"}
        raise SmtjError(f"{FIT} needs {words[fewest]} different fields or more")
    if not all(np.isfinite(a).all() for a in (h, high, low, cov)):
        raise SmtjError("fields, logarithms of dwell times and their covariances must be finite")
    try:
        inverse_root = np.linalg.inv(np.linalg.cholesky(cov))
    except np.linalg.LinAlgError:
        inverse_root = np.empty(0)
    if not (inverse_root.size and np.allclose(cov, np.swapaxes(cov, 1, 2), rtol=1e-6, atol=0)):
        raise SmtjError(
            "a covariance of ln τ_high and ln τ_low is not symmetric and positive definite; give "
            "variances above 0 and correlations between -1 and 1"
        )
    centre, scale = float(h.mean()), float(np.ptp(h))
    return RateData(
        (h - centre) / scale, np.stack([high, low], axis=1), inverse_root, centre, scale
    )


def starting_rates(data: RateData) -> tuple[float, float, float, float]:
    """Height, slope, offset and curvature from sum and difference of the two, unweighted.

    Raises
    ------
    SmtjError
        The ratio of the dwell times does not change with field.
    """
    high, low = data.log_tau.T
    slope, intercept = np.polyfit(data.field, high - low, 1)
    if abs(slope) < 1e-12 * max(1.0, abs(intercept)):
        raise SmtjError(
            "the ratio of the dwell times does not change with field; measure over more fields"
        )
    offset = -intercept / slope
    squared = (data.field - offset) ** 2
    if np.ptp(squared) < 1e-9 * np.max(squared):
        return float(np.mean(high + low) / 2), float(slope), float(offset), 0.0
    curvature, height = np.polyfit(squared, (high + low) / 2, 1)
    return float(height), float(slope), float(offset), float(curvature)

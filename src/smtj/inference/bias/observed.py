"""What is known of a biased device: dwell times of both states, or counts of the high state.

Residuals are signed roots of the deviance, so that their sum of squares is twice the fall of the
log-likelihood, for few switches and rare states too.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.typing import Floats


@dataclass(frozen=True, eq=False)
class DwellTimes:
    """ln(τ/s) of both states under several conditions."""

    log_times: Floats
    """High and low state, shape (n, 2)."""
    root: Floats
    """Cholesky factors of their covariances, shape (n, 2, 2)."""
    counted: bool
    """Whether each time is a mean over as many dwells as its error says, else normal in ln τ."""
    stated: bool
    """Whether the errors are known, else their size follows from the scatter about the fit."""

    @property
    def size(self) -> int:
        """Number of independent residuals."""
        return int(self.log_times.size)

    def residuals(self, log_times: Floats) -> Floats:
        """Misfit in standard errors, shape (2n,).

        A mean over N exponential dwells has a deviance of 2N (e^d - 1 - d), d its ln τ less the
        true one.
        """
        away = self.log_times - log_times
        if self.counted:
            with np.errstate(over="ignore"):
                away = np.sign(away) * np.sqrt(2 * np.maximum(np.expm1(away) - away, 0.0))
        whitened = np.linalg.solve(self.root, away[..., None])[..., 0]
        return np.asarray(whitened.ravel(), dtype=np.float64)

    def widened(self, factor: float) -> "DwellTimes":
        """Return the same with errors larger by a factor."""
        return replace(self, root=factor * self.root)


@dataclass(frozen=True, eq=False)
class HighCounts:
    """How many of independent reads are high under several conditions."""

    high: Floats
    """Shape (n,)."""
    total: Floats
    stated: bool = True

    @property
    def size(self) -> int:
        """Number of independent residuals."""
        return int(self.high.size)

    def residuals(self, log_times: Floats) -> Floats:
        """Signed roots of the deviance of the counts, shape (n,)."""
        odds = log_times[:, 0] - log_times[:, 1]
        fraction, p = self.high / self.total, 1 / (1 + np.exp(-odds))
        with np.errstate(divide="ignore", invalid="ignore"):
            # ln P and ln(1 - P) without losing the rare state.
            parts = (
                (fraction, -np.logaddexp(0, -odds)),
                (1 - fraction, -np.logaddexp(0, odds)),
            )
            terms = [np.where(f > 0, f * (np.log(f) - log), 0.0) for f, log in parts]
        deviance = 2 * self.total * np.maximum(terms[0] + terms[1], 0.0)
        return np.asarray(np.sign(fraction - p) * np.sqrt(deviance))

    def widened(self, factor: float) -> "HighCounts":
        """Return counts of as many fewer reads as a factor on the errors amounts to."""
        return replace(self, high=self.high / factor**2, total=self.total / factor**2)


Observed = DwellTimes | HighCounts


def dwell_times(
    log_high: ArrayLike,
    log_low: ArrayLike,
    covariance: ArrayLike | None = None,
    *,
    counted: bool = False,
) -> DwellTimes:
    """Check dwell times.

    Parameters
    ----------
    log_high, log_low
        ln(τ/s), shape (n,).
    covariance
        Of both, shape (n, 2, 2); by default equal for all and unknown.
    counted
        Whether each time is a mean over dwells, as that of a trace.

    Raises
    ------
    SmtjError
        Shapes differ, a number is not finite, or a covariance is not positive definite.
    """
    high, low = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (log_high, log_low))
    if high.ndim != 1 or high.shape != low.shape:
        raise SmtjError("give one dwell time of either state per condition")
    stated = covariance is not None
    unit = np.broadcast_to(np.eye(2), (high.size, 2, 2))
    spread = unit if covariance is None else np.asarray(covariance, dtype=np.float64)
    if spread.shape != (high.size, 2, 2):
        raise SmtjError("give one 2 x 2 covariance of ln τ_high and ln τ_low per condition")
    logs = np.stack([high, low], axis=1)
    if not (np.isfinite(logs).all() and np.isfinite(spread).all()):
        raise SmtjError("logarithms of dwell times and their covariances must be finite")
    try:
        root = np.asarray(np.linalg.cholesky(spread), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise SmtjError(
            "a covariance of ln τ_high and ln τ_low is not positive definite; give variances above "
            "0 and correlations between -1 and 1"
        ) from None
    return DwellTimes(logs, root, counted and stated, stated)


def high_counts(high: ArrayLike, total: ArrayLike) -> HighCounts:
    """Check counts of high reads, of all reads, shape (n,) each.

    Raises SmtjError if a count is impossible.
    """
    found, reads = np.broadcast_arrays(
        np.atleast_1d(np.asarray(high, dtype=np.float64)), np.asarray(total, dtype=np.float64)
    )
    if not ((found >= 0) & (found <= reads) & (reads > 0)).all():
        raise SmtjError("of some reads, one or more, between none and all can be high")
    return HighCounts(found, reads)

"""The sigmoid P(high | H) of Eq. 5 from counts of high readings, by maximum likelihood.

Reads of a telegraph signal that follow each other faster than it switches are not independent: N
of them tell as much as N/f independent ones.  f is the variance inflation, (1 + ρ)/(1 - ρ) for a
two-state process of which successive reads correlate by ρ.  Here every count is weighted by 1/f,
which keeps the estimates right and makes their standard errors honest.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.physics.arrays import logistic
from smtj.physics.switching import switching_probability

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SigmoidFit:
    """A fitted P(high | H) = 1/(1 + exp[-w (H - H_s)]), in the unit of the fields it was given."""

    slope: float
    """w, in 1/field."""
    offset_field: float
    """H_s, in the unit of the fields."""
    covariance: Floats
    """Covariance of (w, H_s), shape (2, 2)."""
    deviance: float
    """Twice the log-likelihood that a free probability at every field would gain, serial
    correlation taken into account; about as large as :attr:`degrees_of_freedom` where the sigmoid
    is right."""
    degrees_of_freedom: int
    """Number of fields less two."""

    @property
    def slope_error(self) -> float:
        """Standard error of w."""
        return math.sqrt(self.covariance[0, 0])

    @property
    def offset_error(self) -> float:
        """Standard error of H_s."""
        return math.sqrt(self.covariance[1, 1])

    @property
    def p_value(self) -> float:
        """Chance of a deviance at least as large if the sigmoid is right (χ², many reads)."""
        from scipy.stats import chi2

        return float(chi2.sf(self.deviance, self.degrees_of_freedom))

    def probability(self, field: ArrayLike) -> Floats:
        """P(high) of the fit at a field."""
        values = np.asarray(field, dtype=np.float64)
        return np.asarray(switching_probability(values, self.slope, self.offset_field))

    def intervals(self, level: float = 0.95) -> tuple[tuple[float, float], tuple[float, float]]:
        """Confidence intervals of w and of H_s, from the normal approximation."""
        z = _normal_quantile(level)
        w, h_s = z * self.slope_error, z * self.offset_error
        return (
            (self.slope - w, self.slope + w),
            (self.offset_field - h_s, self.offset_field + h_s),
        )


def fit_sigmoid(
    field: ArrayLike, high: ArrayLike, total: ArrayLike, inflation: ArrayLike = 1.0
) -> SigmoidFit:
    """Fit P(high | H) to counts, by binomial maximum likelihood.

    Parameters
    ----------
    field
        H at which the reads were taken, in any unit; shape (fields,).
    high, total
        Number of high reads, and of all reads, at each field; broadcast to ``field``.
    inflation
        Variance inflation f at each field, 1 for independent reads; see
        :func:`inflation_of_correlation` and :func:`estimated_inflation`.

    Returns
    -------
    SigmoidFit
        w, H_s, their covariance, and how well the sigmoid fits.

    Raises
    ------
    SmtjError
        The counts are impossible, there are fewer than three fields, or the reads turn from all
        low to all high between two fields, so that no slope is too steep for them.
    """
    h, n_high, n, f = _checked(field, high, total, inflation)
    centre, scale = float(h.mean()), float(np.ptp(h)) or 1.0
    x = (h - centre) / scale
    intercept, steepness = _maximise(x, n_high / f, n / f)
    eta = intercept + steepness * x
    p = logistic(eta)
    information = _information(x, (n / f) * p * (1 - p))
    # (w, H_s) of (intercept, steepness): w = b/s, H_s = centre - s a/b.
    jacobian = np.array([[0, 1 / scale], [-scale / steepness, scale * intercept / steepness**2]])
    covariance = jacobian @ np.linalg.inv(information) @ jacobian.T
    return SigmoidFit(
        slope=steepness / scale,
        offset_field=centre - scale * intercept / steepness,
        covariance=covariance,
        deviance=_deviance(n_high, n, p, f),
        degrees_of_freedom=len(h) - 2,
    )


def inflation_of_correlation(correlation: ArrayLike) -> Floats:
    """f = (1 + ρ)/(1 - ρ): by how much serial correlation inflates the variance of a mean.

    Exact for many reads of a stationary two-state process, whose autocorrelation is ρ^k.

    Parameters
    ----------
    correlation
        ρ between successive reads, in [0, 1).
    """
    rho = np.asarray(correlation, dtype=np.float64)
    return (1 + rho) / (1 - rho)


def estimated_inflation(states: ArrayLike) -> Floats:
    """Variance inflation f estimated from the reads themselves, taken as a two-state process.

    ρ is 1 less the two chances of leaving a state between successive reads.  Half a transition
    is added to each, so that a state that was hardly seen does not make them 0 or 1.  Reads that
    alternate more than by chance count as independent.

    Parameters
    ----------
    states
        Reads in their order, True for high; shape (reads, ...).

    Returns
    -------
    array
        f ≥ 1, of shape (...).
    """
    high = np.asarray(states, dtype=bool)
    before, after = high[:-1], high[1:]
    leaves_high = ((before & ~after).sum(axis=0) + 0.5) / (before.sum(axis=0) + 1)
    leaves_low = ((~before & after).sum(axis=0) + 0.5) / ((~before).sum(axis=0) + 1)
    return inflation_of_correlation(np.clip(1 - leaves_high - leaves_low, 0, None))


def wilson_interval(
    high: ArrayLike, total: ArrayLike, inflation: ArrayLike = 1.0, level: float = 0.6827
) -> tuple[Floats, Floats]:
    """Confidence interval of a probability from counts; never empty, never outside [0, 1].

    Parameters
    ----------
    high, total
        Number of high reads, and of all reads.
    inflation
        Variance inflation f.
    level
        Confidence; by default that of one standard error.

    References
    ----------
    E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi:10.1080/01621459.1927.10502953.
    """
    n = np.asarray(total, dtype=np.float64) / np.asarray(inflation, dtype=np.float64)
    p = np.asarray(high, dtype=np.float64) / np.asarray(total, dtype=np.float64)
    z = _normal_quantile(level)
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def _normal_quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def _checked(
    field: ArrayLike, high: ArrayLike, total: ArrayLike, inflation: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    h = np.atleast_1d(np.asarray(field, dtype=np.float64))
    given = (high, total, inflation)
    try:
        n_high, n, f = (np.broadcast_to(np.asarray(a, dtype=np.float64), h.shape) for a in given)
    except ValueError:
        raise SmtjError("counts and fields differ in number; give one count a field") from None
    if h.ndim != 1 or np.unique(h).size < 3:
        raise SmtjError("a sigmoid needs counts at three different fields or more")
    if not (np.isfinite(h).all() and (n > 0).all() and (n_high >= 0).all() and (n_high <= n).all()):
        raise SmtjError("fields must be finite, and counts from 0 to the number of reads, above 0")
    if not (f >= 1).all():
        raise SmtjError("a variance inflation must be 1 or more; 1 stands for independent reads")
    with_high, with_low = h[n_high > 0], h[n_high < n]
    if with_high.size == 0 or with_low.size == 0:
        state = "low" if with_high.size == 0 else "high"
        raise SmtjError(f"every read is {state}; choose fields on both sides of the offset field")
    if with_high.min() >= with_low.max() or with_low.min() >= with_high.max():
        raise SmtjError(
            "the reads turn from all low to all high at one step, so that no slope is too steep; "
            "measure at fields closer together"
        )
    return h, n_high, n, f


def _maximise(x: Floats, high: Floats, total: Floats) -> tuple[float, float]:
    """Return intercept and steepness of the log-odds that maximise the binomial likelihood."""
    from scipy.optimize import minimize

    scale = total.sum()

    def loss(theta: Floats) -> float:
        eta = theta[0] + theta[1] * x
        return float((total * np.logaddexp(0, eta) - high * eta).sum() / scale)

    def gradient(theta: Floats) -> Floats:
        residual = total * logistic(theta[0] + theta[1] * x) - high
        return np.asarray([residual.sum() / scale, residual @ x / scale])

    def hessian(theta: Floats) -> Floats:
        p = logistic(theta[0] + theta[1] * x)
        return _information(x, total * p * (1 - p) / scale)

    # The loss is convex: whatever the start, there is one minimum.
    found = minimize(
        loss, np.zeros(2), jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-10}
    )
    return float(found.x[0]), float(found.x[1])


def _information(x: Floats, weight: Floats) -> Floats:
    """Fisher information of (intercept, steepness)."""
    cross = weight @ x
    return np.array([[weight.sum(), cross], [cross, weight @ x**2]])


def _deviance(high: Floats, total: Floats, p: Floats, inflation: Floats) -> float:
    from scipy.special import xlogy

    low = total - high
    gain = xlogy(high, high / total) + xlogy(low, low / total) - xlogy(high, p) - xlogy(low, 1 - p)
    return float(2 * (gain / inflation).sum())

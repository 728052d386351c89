"""How the residuals of a spectrum are correlated, and what that does to the errors of its fit.

A lock-in amplifier whose time constant is longer than a step makes neighbours alike.  The
residuals of a fit are less alike than the noise was, since the fit follows the noise; what it takes
away is computed for the process that was found, and given back (three rounds suffice).  The process
is autoregressive, of the order that Akaike's criterion prefers.
"""

from dataclasses import dataclass

import numpy as np

from smtj.typing import Floats

MAX_ORDER = 4
"""Highest order of the process: of a lock-in's low pass of as many poles."""
POINTS_PER_ORDER = 10
"""Points that a coefficient takes."""
PENALTY = 2.0
"""What a coefficient must gain in twice the log-likelihood (Akaike's criterion)."""
MAX_REFLECTION = 0.995
"""Coefficients beyond are no longer told from a drift."""
ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Noise:
    """The correlation of stationary noise, as a filter."""

    power: Floats | None
    """Spectral density at the frequencies of ``numpy.fft.rfft`` of twice as many points or more,
    of mean 1; None for white noise."""

    def applied(self, columns: Floats) -> Floats:
        """Correlation matrix times columns, shapes (points, columns)."""
        if self.power is None:
            return columns
        size = 2 * (self.power.size - 1)
        turned = self.power[:, None] * np.fft.rfft(columns, size, axis=0)
        return np.asarray(np.fft.irfft(turned, size, axis=0)[: len(columns)])

    def correlation(self, lags: int) -> Floats:
        """Autocorrelation at lags of 0 to ``lags`` points, shape (lags + 1,)."""
        if self.power is None:
            return np.asarray(np.eye(1, lags + 1)[0])
        return np.asarray(np.fft.irfft(self.power)[: lags + 1])


WHITE = Noise(None)


def noise_of(residual: Floats, basis: Floats) -> Noise:
    """Estimate the correlation of the noise from what a fit left.

    Parameters
    ----------
    residual
        In units of the points' standard errors, in the order of the measurement; (points,).
    basis
        Orthonormal columns that span the derivatives of the model, (points, parameters).

    Returns
    -------
    Noise
        White where no correlation is seen, and where neighbours alternate.
    """
    n = residual.size
    orders = min(MAX_ORDER, n // POINTS_PER_ORDER)
    products = _lagged(residual[:, None], residual[:, None], orders)
    if orders == 0 or products[0] == 0:
        return WHITE
    points = n - np.arange(orders + 1)
    noise, covariance = WHITE, products / n
    for _ in range(ROUNDS):
        coefficients = _coefficients(covariance, n)
        if coefficients.size == 0:
            return WHITE
        noise = Noise(_power(coefficients, n))
        expected = _expected_products(noise, basis, orders)
        correlation = noise.correlation(orders)
        variance = products[0] / expected[0]
        covariance = products / points + variance * (correlation - expected / points)
    return noise


def _lagged(left: Floats, right: Floats, orders: int) -> Floats:
    """Return sums over all points of left times right, right 0 to ``orders`` points later."""
    n = len(left)
    return np.array([np.sum(left[: n - lag] * right[lag:]) for lag in range(orders + 1)])


def _expected_products(noise: Noise, basis: Floats, orders: int) -> Floats:
    """Return what lagged products of residuals sum to if the noise of variance 1 is this one.

    With M = 1 - QQᵀ the covariance of residuals is MRM = R - UQᵀ - QUᵀ, U = RQ - Q(QᵀRQ)/2, of
    which the sums along diagonals are looked for.
    """
    n = len(basis)
    turned = noise.applied(basis)
    taken = turned - basis @ (basis.T @ turned) / 2
    lost = _lagged(taken, basis, orders) + _lagged(basis, taken, orders)
    return (n - np.arange(orders + 1)) * noise.correlation(orders) - lost


def _coefficients(covariance: Floats, points: int) -> Floats:
    """Return the coefficients of the autoregressive process, by Levinson's recursion."""
    best: Floats = np.empty(0)
    current, remaining, score = best, covariance[0], 0.0
    for order in range(1, covariance.size):
        forward = covariance[order] - current @ covariance[order - 1 : 0 : -1]
        reflection = forward / remaining
        if abs(reflection) >= MAX_REFLECTION:
            reflection = np.copysign(MAX_REFLECTION, reflection)
        current = np.append(current - reflection * current[::-1], reflection)
        remaining *= 1 - reflection**2
        now = points * np.log(remaining / covariance[0]) + PENALTY * order
        if now < score:
            best, score = current, now
    return best


def _power(coefficients: Floats, points: int) -> Floats:
    """Return the spectral density of an autoregressive process, of mean 1."""
    size = 2 ** int(np.ceil(np.log2(2 * points)))
    gain = np.abs(np.fft.rfft(np.concatenate([[1.0], -coefficients]), size)) ** -2
    return np.asarray(gain / np.fft.irfft(gain)[0])

"""Errors of a spectrum's fit, its likelihood, and the chance that it has no line at all.

A lock-in amplifier whose time constant is longer than a step correlates neighbouring points.  The
residuals of a fit are less correlated than the noise was, since the fit follows the noise; what it
takes away is computed for the process found and added back (three rounds suffice).  The process is
autoregressive, of the order that Akaike's criterion prefers.
"""

import math
from dataclasses import dataclass

import numpy as np

from smtj.inference.resonance.lines.model import Projection, Spectrum, design
from smtj.typing import Floats

CELLS_PER_POINT = 1.0
"""Places and widths, per point, at which noise can independently look like a line."""
MAX_ORDER = 4
"""Highest order of the noise process: that of a lock-in's low pass of as many poles."""
POINTS_PER_ORDER = 10
"""Points needed per coefficient."""
PENALTY = 2.0
"""Gain in twice the log-likelihood that a coefficient needs (Akaike's criterion)."""
MAX_REFLECTION = 0.995
"""Coefficients beyond cannot be distinguished from a drift."""
ROUNDS = 3
_SINGULAR = 1e-12
"""Ratio of singular values below which the data leave a parameter undetermined."""


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of a fit and its likelihood, from the residuals."""

    covariance: Floats
    """Of position, half width and both amplitudes of each line in turn, in the units of the fit."""
    baseline: Floats
    """Coefficients of the baseline, in V."""
    variance: float
    """Of weighted residuals: 1 where standard errors were given, else that of the noise in V²."""
    inflation: float
    """As in :class:`smtj.inference.resonance.SpectrumFit`."""
    log_likelihood: float
    baseline_log_likelihood: float
    significance: float


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


def errors(spectrum: Spectrum, parameters: Floats, found: Projection, absolute: bool) -> Errors:
    """Return the errors of a fit, ``found`` at the ``parameters`` with the least sum of squares.

    ``absolute`` says that the weights are those of known standard errors.
    """
    lines, n = parameters.size // 2, spectrum.x.size
    model = design(spectrum, parameters, found.amplitudes)
    size = np.linalg.norm(model, axis=0)
    basis, triangle = np.linalg.qr(model / np.where(size > 0, size, 1))
    turn, singular, right = np.linalg.svd(triangle)
    left = basis @ turn
    squares = float(found.residual @ found.residual)
    noise = noise_of(found.residual, left)
    between = left.T @ noise.applied(left)
    plain = 1.0 if absolute else squares / (n - size.size)
    variance = 1.0 if absolute else squares / (n - float(np.trace(between)))
    back = right.T / np.maximum(singular, _SINGULAR) / np.where(size > 0, size, 1)[:, None]
    white, covariance = plain * back @ back.T, variance * back @ between @ back.T
    growth = np.sqrt(np.maximum(np.diag(white) / np.diag(covariance), 1.0))
    covariance *= np.outer(growth, growth)
    own = slice(0, 4 * lines)
    ratio = np.diag(covariance)[own] / np.diag(white)[own]
    inflation = float(np.exp(np.mean(np.log(ratio))))
    if singular[-1] < _SINGULAR * singular[0] or not size.all():
        covariance = np.full_like(covariance, math.inf)
    amplitudes = (model[:, 4 * i + 2 : 4 * i + 4] for i in range(lines))
    lineless = spectrum.weight * spectrum.raw_signal - sum(
        both @ pair for both, pair in zip(amplitudes, found.amplitudes.reshape(-1, 2), strict=True)
    )
    baseline = np.linalg.lstsq(model[:, own.stop :], lineless, rcond=None)[0]
    whole = float(spectrum.signal @ spectrum.signal)
    return Errors(
        covariance=covariance[own, own],
        baseline=np.asarray(baseline, dtype=np.float64),
        variance=variance,
        inflation=inflation,
        log_likelihood=_log_likelihood(spectrum, squares, absolute),
        baseline_log_likelihood=_log_likelihood(spectrum, whole, absolute),
        significance=_significance(
            whole - squares, squares, lines, n, n - size.size, inflation, absolute
        ),
    )


def _log_likelihood(spectrum: Spectrum, squares: float, absolute: bool) -> float:
    """Return that of normal noise, with the best variance where none is known."""
    n, own = spectrum.x.size, float(np.sum(np.log(spectrum.weight)))
    if absolute:
        return own - squares / 2 - n / 2 * math.log(2 * math.pi)
    # A fit without any residuals is as good as numbers of 16 digits allow.
    rounding = n * (np.finfo(float).eps * float(np.abs(spectrum.raw_signal).max())) ** 2
    variance = max(squares, rounding, np.finfo(float).tiny) / n
    return own - n / 2 * (math.log(2 * math.pi * variance) + 1)


def _significance(
    gain: float,
    squares: float,
    lines: int,
    points: int,
    freedom: int,
    inflation: float,
    absolute: bool,
) -> float:
    """Return the chance that noise looks as much like a line anywhere.

    The chance at one place and width is that of an F-test (of χ² where the noise is known) with
    the four parameters of a line; the best place has at most that times the number of places (see
    Davies, https://doi.org/10.1093/biomet/74.1.33, for two free parameters).
    """
    # scipy.special is much faster here than scipy.stats.
    from scipy.special import chdtrc, fdtrc

    tried, cells = 4 * lines, (CELLS_PER_POINT * points) ** lines
    if absolute:
        chance = float(chdtrc(tried, gain / inflation))
    elif squares <= 0:
        chance = 0.0 if gain > 0 else 1.0
    else:
        effective = max(freedom / inflation, 1.0)
        chance = float(fdtrc(tried, effective, gain / squares * freedom / inflation / tried))
    return min(1.0, cells * chance)


def noise_of(residual: Floats, basis: Floats) -> Noise:
    """Estimate the correlation of the noise from the residuals of a fit.

    ``residual`` is in units of the points' standard errors, in the order of the measurement, shape
    (points,); the orthonormal columns of ``basis``, shape (points, parameters), span the
    derivatives of the model.  Noise without correlation counts as white, and so does noise whose
    neighbours alternate.
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
    """Return the expected sums of lagged products of residuals for this noise of variance 1.

    They are the sums along the diagonals of the covariance of residuals, MRM = R - UQᵀ - QUᵀ with
    M = 1 - QQᵀ and U = RQ - Q(QᵀRQ)/2.
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

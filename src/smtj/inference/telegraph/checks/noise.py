"""How well noise alone, without levels, describes a record.

Two levels have to beat any noise that laboratories know, or they are found in the slow part of 1/f
noise and in the tail of a skewed one.  Here noise is a Gaussian process with a smooth spectrum,
A/f^γ + C/(1 + (sin πf/q)²) + B with f in 1/interval, seen through a monotone curve that gives it
skewness or tails: that of Student's t, w = sinh(δ asinh((y - m)/s) - ε) (M. C. Jones and A.
Pewsey, Biometrika 96, 761 (2009), doi:10.1093/biomet/asp053), or w = δ asinh((y - m)/s) + γ, of
which a lognormal is a limit (N. L. Johnson, Biometrika 36, 149 (1949), doi:10.2307/2332539).  Its
values have one maximum, whereas those of two levels that are well apart have two.  Its likelihood
is that of the periodogram (P. Whittle, Ark. Mat. 2, 423 (1953)).

Or noise is an autoregression whose innovations are seen through such a curve.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from smtj.typing import Floats

Curve = Callable[[Floats, Floats], tuple[Floats, Floats]]
Ends = tuple[tuple[float, float], ...]

ARCHED: Ends = ((-5.0, 5.0), (-6.0, 3.0), (-4.0, 4.0), (-2.0, 1.5))
JOHNSON: Ends = ((-6.0, 6.0), (-8.0, 4.0), (-15.0, 15.0), (-2.0, 3.0))
STUDENT: Ends = ((-5.0, 5.0), (-6.0, 3.0), (0.7, 5.0))
"""Bounds of the parameters of a curve."""
BANDS = 64
"""Of the spectrum, evenly in ln f at most."""
STEEPEST = 3.0
"""Largest γ."""
ORDERS = 8
"""Of the autoregression, at most."""
LEAN = 2.0
"""γ at the start, against the skewness."""
SHAPED = 20_000
"""Readings that the curve is fitted to at most."""


def noise_merit(signal: Floats) -> float:
    """Return the log-likelihood of evenly sampled readings as noise, less half of ln n for each
    parameter (BIC).

    The signal, shape (readings,), is free of drift.
    """
    price = 0.5 * math.log(signal.size)
    mean, spread = float(signal.mean()), float(signal.std())
    if not spread > 0:
        return math.inf
    plain = (signal - mean) / spread
    jacobian = -signal.size * math.log(spread)
    merits = [_spectral_merit(plain, price) - price]
    for w, log_slope, parameters in _through_curves(plain):
        merits.append(_spectral_merit(w, price) + log_slope - (1 + parameters) * price)
    phi = autoregression(plain)
    if phi.size:
        merits.append(_innovations_merit(_innovations(plain, phi), price) - phi.size * price)
    return max(merits) + jacobian


def _through_curves(x: Floats) -> Iterator[tuple[Floats, float, int]]:
    """Yield values seen through the likeliest curve of each kind, the sum of the logarithms of its
    slopes, and the number of its parameters."""
    for curve, ends in CURVES:
        w, slope = curve(x, _likeliest(curve, ends, x[:: max(x.size // SHAPED, 1)]))
        yield w, float(slope.sum()), len(ends)


def autoregression(signal: Floats) -> Floats:
    """Return the coefficients of the best autoregression (BIC), by the method of Burg, which keeps
    sharp lines."""
    n, price = signal.size, math.log(signal.size)
    forward = signal - signal.mean()
    backward, phi = forward.copy(), np.empty(0, np.float64)
    variance = float(forward @ forward) / n
    best: Floats = phi
    lowest = n * math.log(max(variance, np.finfo(float).tiny))
    for order in range(1, ORDERS + 1):
        ahead, behind = forward[1:], backward[:-1]
        both = float(ahead @ ahead + behind @ behind)
        if not both > 0:
            break
        reflection = 2 * float(ahead @ behind) / both
        forward, backward = ahead - reflection * behind, behind - reflection * ahead
        phi = np.concatenate([phi - reflection * phi[::-1], [reflection]])
        variance *= 1 - reflection**2
        cost = n * math.log(max(variance, np.finfo(float).tiny)) + order * price
        if cost < lowest:
            best, lowest = phi, cost
    return best


def _innovations(signal: Floats, phi: Floats) -> Floats:
    """Return what an autoregression leaves of a signal, the first readings as they are."""
    centred: Floats = signal - signal.mean()
    out = centred.copy()
    for lag, coefficient in enumerate(phi, 1):
        out[lag:] -= coefficient * centred[:-lag]
    return out


def _innovations_merit(x: Floats, price: float) -> float:
    """Return the log-likelihood of independent values with one maximum, less its price."""
    spread = float(x.std())
    if not spread > 0:
        return math.inf
    plain, merits = x / spread, []
    for w, log_slope, parameters in _through_curves(plain):
        normal = -0.5 * float(w @ w) - 0.5 * w.size * math.log(2 * math.pi)
        merits.append(normal + log_slope - (1 + parameters) * price)
    return max(merits) - x.size * math.log(spread)


def _arched(x: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return w and the logarithm of its slope, for m, ln s, ε and ln δ."""
    u, tail = (x - at[0]) * math.exp(-at[1]), math.exp(at[3])
    bent = tail * np.arcsinh(u) - at[2]
    return np.sinh(bent), at[3] - at[1] + np.log(np.cosh(bent)) - 0.5 * np.log1p(u * u)


def _student(x: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return w and the logarithm of its slope, for m, ln s and ln ν."""
    from scipy.special import gammaln, ndtri, stdtr

    u, nu = (x - at[0]) * math.exp(-at[1]), math.exp(at[2])
    w = -np.copysign(ndtri(stdtr(nu, -np.abs(u))), u)
    norm = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * math.log(nu / 2)
    return w, norm - (nu + 1) / 2 * np.log1p(u * u / nu) + 0.5 * w * w - at[1]


def _johnson(x: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return w and the logarithm of its slope, for m, ln s, γ and ln δ."""
    u = (x - at[0]) * math.exp(-at[1])
    return math.exp(at[3]) * np.arcsinh(u) + at[2], at[3] - at[1] - 0.5 * np.log1p(u * u)


def _likeliest(curve: Curve, ends: Ends, x: Floats) -> Floats:
    """Return the likeliest parameters for independent readings of mean 0 and variance 1."""
    from scipy.optimize import minimize

    def cost(at: Floats) -> float:
        w, slope = curve(x, at)
        return float(np.mean(0.5 * w * w - slope))

    lean = -math.copysign(LEAN, float(np.mean((x - x.mean()) ** 3))) if curve is _johnson else 0.0
    start = np.clip([float(np.median(x)), 0.0, lean, 0.0][: len(ends)], *np.transpose(ends))
    return np.asarray(minimize(cost, start, method="L-BFGS-B", bounds=ends).x)


CURVES: tuple[tuple[Curve, Ends], ...] = (
    (_arched, ARCHED),
    (_johnson, JOHNSON),
    (_student, STUDENT),
)


def _spectral_merit(w: Floats, price: float) -> float:
    """Return the log-likelihood under the best smooth spectrum, less the price of its parameters.

    A constant spectrum, one with each of the other parts and one with both are tried.
    """
    from scipy.optimize import minimize

    n = w.size
    power = np.abs(np.fft.rfft(w - w.mean())[1:]) ** 2 / n
    frequency = np.arange(1, power.size + 1) / n
    weight = np.ones(power.size)
    if n % 2 == 0:
        weight[-1] = 0.5
    # Bands that are narrow against the changes of a smooth spectrum.
    edges = np.unique(np.geomspace(1, power.size + 1, BANDS + 1).astype(int)) - 1
    counts = np.add.reduceat(weight, edges[:-1])
    means = np.add.reduceat(weight * power, edges[:-1]) / counts
    log_f, log_sine = (
        np.add.reduceat(weight * np.log(each), edges[:-1]) / counts
        for each in (frequency, np.sin(np.pi * frequency))
    )
    total = float(np.log(np.maximum(counts @ means / counts.sum(), np.finfo(float).tiny)))

    def cost(at: Floats, slow: bool, lorentzian: bool) -> tuple[float, Floats]:
        """Return minus the log-likelihood and its slopes."""
        parts = [np.full(log_f.size, math.exp(at[0]))]
        slopes = [parts[0]]
        if slow:
            parts.append(np.exp(at[1] - at[2] * (log_f - log_f[0])))
            slopes += [parts[-1], -(log_f - log_f[0]) * parts[-1]]
        if lorentzian:
            beyond = np.exp(2 * (log_sine - at[-1]))
            parts.append(np.exp(at[-2]) / (1 + beyond))
            slopes += [parts[-1], 2 * parts[-1] * beyond / (1 + beyond)]
        s = np.sum(parts, axis=0)
        pull = counts * (1 - means / s) / s
        return float(counts @ (np.log(2 * math.pi * s) + means / s)), np.array(slopes) @ pull

    # That of an autoregression, which may ring.
    phi = autoregression(w)
    gain = np.abs(np.fft.rfft(np.append(1.0, -phi), n)[1:]) ** -2
    scale = float(weight @ (power / gain) / weight.sum())
    fit = float(weight @ (np.log(2 * math.pi * scale * gain) + power / (scale * gain)))
    best = -fit - price * (1 + phi.size)
    for slow, lorentzian in ((False, False), (True, False), (False, True), (True, True)):
        corners = np.linspace(log_sine[0], log_sine[-1], 5)[1:-1] if lorentzian else [0.0]
        for corner in corners:
            start, ends = [total], [(total - 25, total + 3)]
            if slow:
                start += [total + 2, 1.0]
                ends += [(total - 15, total + 25), (0.2, STEEPEST)]
            if lorentzian:
                start += [total + 1, float(corner)]
                ends += [(total - 15, total + 25), (float(log_sine[0]), 1.0)]
            found = minimize(
                cost, start, (slow, lorentzian), method="L-BFGS-B", jac=True, bounds=ends
            )
            best = max(best, -float(found.fun) - price * len(start))
    return best

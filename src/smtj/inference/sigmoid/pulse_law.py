"""P against the length of a pulse: 1 - exp(-(t/τ)^β), by maximum likelihood.

A device that leaves its state at a constant rate 1/τ during a pulse has β = 1 (thermal activation).
A rate that changes during the pulse, or differs from pulse to pulse, gives another β: the law of
W. Weibull, J. Appl. Mech. 18, 293 (1951), doi:10.1115/1.4010337.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.distributions import chi_squared_p_value
from smtj.inference.stats.estimate import Estimate
from smtj.typing import Floats

SIGNIFICANT, WEAK = 0.001, 0.05
"""p-values below which the law, and β = 1, are rejected."""
MIN_LENGTHS = 3
"""Fewest lengths of the pulse."""

_THRESHOLD = 3.841458820694124
_MAX_LOG = 40.0

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class PulseFit:
    """A fitted P(t) = 1 - exp(-(t/τ)^β)."""

    time_constant: float
    """τ in s."""
    shape: float
    """β; 1 unless the data reject that."""
    interval: Interval
    """95 % interval of τ."""
    shape_interval: Interval
    """95 % interval of β, which is fitted to see whether it is 1."""
    exponential: bool
    """Whether β = 1 is consistent with the data and was used."""
    p_value: float
    """Chance of so large a deviance if the law is right; NaN without degrees of freedom."""
    inflation: float
    """Factor on all variances; 1 unless the law is rejected."""
    length: Floats
    """In s, shape (lengths,)."""
    high: Floats
    total: Floats

    @property
    def rejected(self) -> bool:
        """Whether the points scatter more about the law than counting explains."""
        return self.p_value < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """Whether the law holds, in a sentence."""
        low, high = self.shape_interval
        own = f"β would be {low:.2g} to {high:.2g}"
        if self.rejected:
            return (
                f"the points scatter {math.sqrt(self.inflation):.1f} times as far about 1 - "
                f"exp[-(t/τ)^β] as counting explains; the intervals allow for that; {own}"
            )
        if self.exponential:
            return f"consistent with a constant rate, 1 - exp(-t/τ) (p = {self.p_value:.2g}); {own}"
        return (
            "not of a constant rate, but consistent with 1 - exp[-(t/τ)^β] "
            f"(p = {self.p_value:.2g})"
        )

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """τ, and β if it is not 1, with their 95 % intervals."""
        tau = self.time_constant
        error = tau * math.log(self.interval[1] / self.interval[0]) / (2 * math.sqrt(_THRESHOLD))
        found = [Estimate("time constant", "τ", tau, error, self.interval, "s", "ns")]
        if not self.exponential:
            width = (self.shape_interval[1] - self.shape_interval[0]) / (2 * math.sqrt(_THRESHOLD))
            found.append(Estimate("shape", "β", self.shape, width, self.shape_interval, "", ""))
        return tuple(found)

    def probability(self, length: ArrayLike) -> Floats:
        """Return P at pulses of these lengths in s."""
        t = np.asarray(length, dtype=np.float64)
        return np.asarray(-np.expm1(-((t / self.time_constant) ** self.shape)))


@guarded("the fit of P against the length of a pulse")
def fit_pulse_law(length: ArrayLike, high: ArrayLike, total: ArrayLike) -> PulseFit:
    """Fit 1 - exp(-(t/τ)^β) to counts of switched pulses.

    Parameters
    ----------
    length
        Length of the pulses in s, above 0, shape (lengths,).
    high, total
        Pulses that switched, and all, shape (lengths,); need not be whole numbers.

    Raises
    ------
    SmtjError
        There are fewer than :data:`MIN_LENGTHS` lengths, all pulses have switched or none, or P
        does not rise with the length.

    Examples
    --------
    >>> t = np.array([5e-9, 20e-9, 40e-9, 80e-9, 160e-9])
    >>> n = np.full(5, 200.0)
    >>> fit = fit_pulse_law(t, np.round(n * -np.expm1(-t / 40e-9)), n)
    >>> print(f"{fit.time_constant * 1e9:.0f} ns, {fit.exponential}")
    40 ns, True
    """
    t, k, n = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (length, high, total)))
    _check(t, k, n)
    x = np.log(t)
    start = float(np.interp(0.632, np.maximum.accumulate(k / n), x))
    with_shape = _minimum(lambda v: _deviance(x, k, n, v[0], v[1]), [start, 0.0])
    exponential = _minimum(lambda v: _deviance(x, k, n, v[0], 0.0), [start])
    if with_shape[1] < -3:
        raise SmtjError(
            "P does not rise with the length of the pulse; if it is that of staying, give 1 - P"
        )
    own = _deviance(x, k, n, *with_shape)
    simple = _deviance(x, k, n, exponential[0], 0.0)
    freedom = t.size - 2
    p_value = chi_squared_p_value(own, freedom) if freedom > 0 else math.nan
    inflation = max(own / freedom, 1.0) if p_value < SIGNIFICANT else 1.0
    is_simple = chi_squared_p_value((simple - own) / inflation, 1) >= WEAK
    scaled = _THRESHOLD * inflation

    def of_time(log_time: float) -> float:
        if is_simple:
            return _deviance(x, k, n, log_time, 0.0) - simple
        shape = _minimum(lambda v: _deviance(x, k, n, log_time, v[0]), [with_shape[1]])
        return _deviance(x, k, n, log_time, shape[0]) - own

    def of_shape(log_shape: float) -> float:
        time = _minimum(lambda v: _deviance(x, k, n, v[0], log_shape), [with_shape[0]])
        return _deviance(x, k, n, time[0], log_shape) - own

    best = exponential[0] if is_simple else with_shape[0]
    ends = [_crossing(of_time, best, step, scaled) for step in (-0.05, 0.05)]
    shapes = [_crossing(of_shape, with_shape[1], step, scaled) for step in (-0.05, 0.05)]
    if is_simple and freedom > 0:
        p_value = chi_squared_p_value(simple, t.size - 1)
    return PulseFit(
        time_constant=math.exp(best),
        shape=1.0 if is_simple else math.exp(with_shape[1]),
        interval=(math.exp(ends[0]), math.exp(ends[1])),
        shape_interval=(math.exp(shapes[0]), math.exp(shapes[1])),
        exponential=is_simple,
        p_value=p_value,
        inflation=inflation,
        length=t,
        high=k,
        total=n,
    )


def _check(t: Floats, k: Floats, n: Floats) -> None:
    if not (np.isfinite(t).all() and (t > 0).all()):
        raise SmtjError("the lengths of pulses must be above 0")
    if not ((n > 0).all() and (k >= 0).all() and (k <= n).all()):
        raise SmtjError("counts must be from 0 to the number of pulses, above 0")
    if np.unique(t).size < MIN_LENGTHS:
        raise SmtjError(f"P at {MIN_LENGTHS} lengths of the pulse or more makes a curve")
    if not 0 < k.sum() < n.sum():
        state = "none" if not k.sum() else "all"
        raise SmtjError(f"{state} of the pulses switched; choose lengths about the time constant")


def _deviance(x: Floats, k: Floats, n: Floats, log_time: float, log_shape: float) -> float:
    """Twice the log-likelihood that a free probability at every length would gain."""
    from scipy.special import xlogy

    exponent = np.exp(np.clip(math.exp(min(log_shape, 5.0)) * (x - log_time), -700, 6))
    p = -np.expm1(-exponent)
    expected, other = np.maximum(n * p, 1e-300), np.maximum(n * np.exp(-exponent), 1e-300)
    terms = xlogy(k, k / expected) + xlogy(n - k, (n - k) / other)
    return float(2 * terms.sum())


def _minimum(function: Callable[[Floats], float], start: list[float]) -> list[float]:
    from scipy.optimize import minimize

    found = minimize(function, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})
    return [float(value) for value in found.x]


def _crossing(curve: Callable[[float], float], best: float, step: float, threshold: float) -> float:
    """Where a curve rises above a threshold, on the side of the best value that step points to."""
    from scipy.optimize import brentq

    inner, outer = best, best + step
    while curve(outer) < threshold:
        inner, outer, step = outer, outer + 2 * step, 2 * step
        if abs(outer - best) > _MAX_LOG:
            return outer
    return float(brentq(lambda v: curve(v) - threshold, inner, outer, xtol=1e-7))

"""The relaxation time of both states against a drive, with P(high) beside it or alone.

Both dwell times change exponentially with the drive x, as in :mod:`smtj.inference.barrier.drive`.
With their geometric mean e^m and the log-odds L = ln(τ_high/τ_low), both straight lines in x, the
relaxation time is 1/(1/τ_high + 1/τ_low), so that ln τ = m - ln[2 cosh(L/2)], and P = 1/(1 + e^-L)
(S. Machlup, J. Appl. Phys. 25, 341 (1954), doi:10.1063/1.1721637).  P and τ are measured apart, so
their errors are independent; those of the dwell times that follow from them are not.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.barrier.drive import MIN_DRIVES, DriveFit
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.estimate import Estimate
from smtj.inference.stats.least_squares import Minimum, excess_scatter, minimise
from smtj.inference.stats.line import LineFit
from smtj.inference.stats.logistic import maximise
from smtj.physics.arrays import logistic
from smtj.typing import Floats

MIN_ALONE = 6
"""Fewest relaxation times whose four parameters are fitted without P."""
CLEAR = 5.0
"""Slope of ln(τ_high/τ_low) over its error from which the maximum of τ is one."""
FIT = "the fit of ln τ and P against a drive"
_ROUNDS, _SETTLED, _DOUBLINGS = 50, 1e-3, 5
# Tables without scatter have been rounded or calculated.
_LEAST = 1e-9
# Slopes of ln(τ_high/τ_low) over the range of the drive from which the fit of τ alone begins.
_STARTS = (2.0, 5.0, 10.0)
_ONE_SIDED = (
    "the relaxation time shows no maximum, on both sides of which it falls, so it does not give "
    "the dwell times of both states; give P(AP) beside it, or a wider range"
)
_NAMES = ("level", "tilt", "odds", "slope")


@guarded(FIT)
def fit_relaxation(
    drive: ArrayLike,
    log_time: ArrayLike,
    errors: ArrayLike | None = None,
    high: ArrayLike | None = None,
    total: ArrayLike | None = None,
) -> DriveFit:
    """Fit lines to ln τ of both states, given what both have in common.

    Parameters
    ----------
    drive
        In its SI unit, shape (n,).
    log_time
        Logarithm of the relaxation time in s, shape (n,).
    errors
        Standard errors of ``log_time``, shape (n,); by default equal, and from its scatter.
    high, total
        Reads of the high state and all reads, shape (n,); without them the states are unknown, and
        that called high is the one that a rising drive favours.

    Raises
    ------
    SmtjError
        There are too few values of the drive, or the data do not determine both lines.

    Examples
    --------
    >>> x = np.linspace(-3.0, 3.0, 9)
    >>> noise = 0.01 * np.cos(9 * x)
    >>> fit = fit_relaxation(x, -3 - np.log(2 * np.cosh(x)) + noise)
    >>> print(f"{fit.slope[0]:.2f} at {fit.crossing[0]:.2f}")
    2.00 at 0.00
    """
    from scipy.special import stdtrit

    x, logs = (np.asarray(v, dtype=np.float64) for v in (drive, log_time))
    least = MIN_DRIVES if high is not None else MIN_ALONE
    if (count := np.unique(x).size) < least:
        raise SmtjError(
            f"relaxation times at {count} values of the drive do not give the dwell times of both "
            f"states; {least} are needed"
        )
    middle, unit = float(x.mean()), float(np.ptp(x)) / 2
    design = np.stack([np.ones_like(x), (x - middle) / unit], axis=-1)
    k, n = (np.zeros_like(x) if v is None else np.asarray(v, np.float64) for v in (high, total))
    sigma = np.full_like(x, 0.1) if errors is None else np.asarray(errors, dtype=np.float64)
    freedom = math.inf
    for _ in range(_ROUNDS):
        found = _minimum(design, logs, sigma, k, n)
        theta = np.array([found.values[name] for name in _NAMES])
        of_time = _slopes(design, theta) / sigma[:, None]
        p = logistic(design @ theta[2:])
        of_odds = np.sqrt(n * p * (1 - p))[:, None] * np.hstack([np.zeros_like(design), design])
        try:
            covariance = np.linalg.inv(of_time.T @ of_time + of_odds.T @ of_odds)
        except np.linalg.LinAlgError:
            raise SmtjError(_ONE_SIDED) from None
        if errors is not None:
            break
        # What the times themselves fix of the parameters is not left for their scatter.
        freedom = x.size - float(np.trace(of_time @ covariance @ of_time.T))
        rest = logs - _log_time(design, theta)
        size = max(math.sqrt(float(rest @ rest) / freedom), _LEAST)
        done = abs(size / sigma[0] - 1) < _SETTLED
        sigma = np.full_like(x, size)
        if done or size == _LEAST:
            break
    if high is None and theta[3] < 0:
        theta, covariance = _exchanged(theta, covariance)
    if high is None and theta[3] < CLEAR * math.sqrt(covariance[3, 3]):
        raise SmtjError(_ONE_SIDED)
    scatter = excess_scatter(found, "P and the relaxation time", "the lines of ln τ")
    # Intercept and slope of ln τ_high, then of ln τ_low, from the four parameters.
    to_line = np.array([[1.0, -middle / unit], [0.0, 1 / unit]])
    transform = np.block([[to_line, to_line / 2], [to_line, -to_line / 2]])
    values = transform @ theta
    both = scatter.factor * transform @ covariance @ transform.T
    return DriveFit(
        LineFit(float(values[0]), float(values[1]), both[:2, :2], scatter),
        LineFit(float(values[2]), float(values[3]), both[2:, 2:], replace(scatter, remarks=())),
        float(stdtrit(freedom, 0.975)),
        float(sigma[0]) if errors is None else 0.0,
        both[:2, 2:],
    )


@guarded(FIT)
def estimates_of_times(
    fit: DriveFit,
    drive: ArrayLike,
    log_time: ArrayLike,
    errors: ArrayLike | None,
    unit: str,
    display_unit: str,
    symbol: str,
) -> tuple[Estimate, ...]:
    """Return what relaxation times tell without P: |w|, where the dwell times are equal, and how
    long they are there.

    ``fit`` is that of the times, ``unit`` and so on are as for :meth:`DriveFit.estimates`.  The
    interval of the place is that of the profile likelihood, as the errors of a maximum between two
    slopes are far from those of linear parameters.
    """
    x, logs = (np.asarray(v, dtype=np.float64) for v in (drive, log_time))
    sigma = np.full_like(x, fit.scatter) if errors is None else np.asarray(errors, np.float64)
    sigma = sigma * math.sqrt(fit.high.scatter.factor)
    signed = {one.symbol: one for one in fit.estimates(unit, display_unit, symbol)}
    place, error = fit.crossing
    first = (float(fit.high.at(place)), (fit.high.slope + fit.low.slope) / 2, fit.slope[0])
    scales = (1.0, 1 / float(np.ptp(x)), 1 / float(np.ptp(x)))
    start = {n: v / s for n, v, s in zip(_NAMES[:3], first, scales, strict=True)}

    def rise(at: float) -> float:
        def residuals(values: Mapping[str, float]) -> Floats:
            level, tilt, slope = (values[n] * s for n, s in zip(_NAMES, scales, strict=False))
            half = slope * (x - at) / 2
            expected = level + tilt * (x - at) - np.logaddexp(half, -half)
            return np.asarray((logs - expected) / sigma)

        return minimise(residuals, start, FIT).chi_squared

    least = rise(place)
    ends = [_end(lambda at: rise(at) - least - fit.quantile**2, place, s * error) for s in (-1, 1)]
    where = signed.get(f"{symbol}_s")
    assert where is not None
    log, own = fit.log_time_at_crossing
    tau, reach = math.exp(log), math.exp(fit.quantile * own)
    return (
        replace(signed["w"], name="slope of ln odds, size", symbol="|w|"),
        replace(where, interval=(ends[0], ends[1])),
        Estimate(
            f"dwell time at {symbol}_s",
            "τ_s",
            tau,
            tau * own,
            (tau / reach, tau * reach),
            "s",
            "ms",
        ),
    )


def _end(excess: Callable[[float], float], place: float, step: float) -> float:
    """Where a profile crosses its limit, from ``place`` in the direction of ``step``."""
    from scipy.optimize import brentq

    inner = place
    for _ in range(_DOUBLINGS):
        outer = inner + step
        if excess(outer) > 0:
            return float(brentq(excess, inner, outer, rtol=1e-4))
        inner, step = outer, 2 * step
    return math.copysign(math.inf, step)


def _log_time(design: Floats, theta: Floats) -> Floats:
    odds = design @ theta[2:]
    return np.asarray(design @ theta[:2] - np.logaddexp(odds / 2, -odds / 2))


def _slopes(design: Floats, theta: Floats) -> Floats:
    """Derivatives of ln τ by the parameters, shape (n, 4)."""
    of_odds = -np.tanh(design @ theta[2:] / 2) / 2
    return np.hstack([design, of_odds[:, None] * design])


def _minimum(design: Floats, logs: Floats, sigma: Floats, k: Floats, n: Floats) -> Minimum:
    from scipy.special import xlogy

    counted = bool(n.any())

    def residuals(values: Mapping[str, float]) -> Floats:
        theta = np.array([values[name] for name in _NAMES])
        of_time = (logs - _log_time(design, theta)) / sigma
        if not counted:
            return np.asarray(of_time)
        # The squares of these add up to the deviance, so their least sum is of greatest likelihood.
        odds = design @ theta[2:]
        log_p, log_q = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
        deviance = xlogy(k, k / n) + xlogy(n - k, 1 - k / n) - k * log_p - (n - k) * log_q
        sign = np.sign(k / n - np.exp(log_p))
        return np.concatenate([of_time, sign * np.sqrt(2 * np.maximum(deviance, 0.0))])

    level = float(logs.max()) + math.log(2)
    if counted:
        starts = [tuple(np.ravel(maximise(design, k, n)).tolist())]
    else:
        centre = float(design[int(logs.argmax()), 1])
        starts = [(-centre * slope, slope) for slope in _STARTS]
    tried, reason = [], None
    for odds, slope in starts:
        first = {"level": level, "tilt": 0.0, "odds": odds, "slope": slope}
        try:
            tried.append(minimise(residuals, first, FIT))
        except SmtjError as error:
            reason = error
    if not tried and not counted:
        raise SmtjError(_ONE_SIDED)
    if not tried:
        assert reason is not None
        raise reason
    return min(tried, key=lambda one: one.chi_squared)


def _exchanged(theta: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """The same times, with high and low exchanged."""
    signs = np.array([1.0, 1.0, -1.0, -1.0])
    return signs * theta, covariance * np.outer(signs, signs)

"""The sigmoid P(high | H) from traces, analysed one by one.

A trace of length T is worth n = λT/2 independent reads, λ = 1/τ_high + 1/τ_low: so many reads
would give the occupancy of the high state the same variance, p(1 - p)/n, and the log-odds
L = ln(τ_high/τ_low) the variance 1/[n p(1 - p)].  The occupancies enter the binomial likelihood of
:func:`smtj.inference.sigmoid.fit.fit_sigmoid` as so many reads.  No trace gives L better than with
the variance 2(τ_high + τ_low)/T: a continuous record has T/(τ_high + τ_low) dwells in either
state, and the variance of ln τ of so many exponential dwells is one over their number
(Cramér-Rao).

An occupancy is unbiased.  But n has to be estimated from the same trace, and a trace with
accidentally long dwells gives other log-odds *and* another n; with each n as found, the slope
comes out a third of a standard error too steep (11 fields within ±3/w, 50 switches at the outer
ones).  Two things avoid it.  First, a cycle has one dwell in each state, so ln τ_high and ln τ_low
have independent errors of equal size, and the error of their sum is uncorrelated with that of
their difference L.  Of λ only what depends on the sum is kept,

    y = ln λ - ln[2 cosh(L/2)] = -(ln τ_high + ln τ_low)/2,

and the rest is taken from the fitted L.  Second, by Eq. 3 and 4 y is quadratic in the field.  A
parabola through all fields knows it better than a single trace, and also covers fields where a
trace has too few switches.

At such fields an occupancy is made of few dwells of random length, so it scatters with longer
tails than a count does.  Of the n reads of c cycles only n c/(c + 1) are counted.  In simulated
scans with saturated fields, 95 % intervals of w then cover it in 94.5 instead of 93 % of cases;
without saturated fields they are 2 % wider than the Cramér-Rao bound.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.sigmoid.counts import checked_counts
from smtj.inference.sigmoid.fit import SigmoidFit, fit_sigmoid
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.logistic import maximise, straight_line
from smtj.physics.arrays import logistic
from smtj.typing import Floats

_MAX_MEASURED_LOG_ODDS, _MAX_LOG_ODDS = 30.0, 40.0
"""Largest |L| of a trace that counts as measured, and of the fit."""
_MAX_ITERATIONS = 50


@dataclass(frozen=True, eq=False)
class ScanFit:
    """A sigmoid fitted to a scan of traces."""

    sigmoid: SigmoidFit
    """w and H_s; its counts are effective reads, at the fields that were used."""
    remarks: tuple[str, ...]
    """Caveats, in sentences."""


@guarded("the fit of P(H)")
def fit_scan(
    field: ArrayLike,
    log_odds: ArrayLike,
    variance: ArrayLike,
    occupancy: ArrayLike | None = None,
    duration: ArrayLike = 1.0,
    seed: int = 0,
) -> ScanFit:
    """Fit P(high | H) to the log-odds of traces, one trace at each field.

    ``field`` is H and ``log_odds`` ln(τ_high/τ_low) of each trace, shape (fields,), the latter NaN
    or infinite where it has too few switches; there ``variance``, that of the log-odds, is ignored
    and ``occupancy``, the fraction of time at the high level, is used.  Such a field counts as many
    reads as the time scale at the other fields implies, and at least one; one with NaN is left out.
    A remark counts those left out: traces that happened to switch seldom are those with the longest
    dwell times.

    ``duration``, in any unit, is needed where the traces differ in length.  ``seed`` seeds the
    curves simulated to judge how well the sigmoid fits.  Raises SmtjError if arrays differ in
    shape, a variance or duration is not positive, or fewer than two fields have log-odds; and as
    :func:`smtj.inference.sigmoid.fit.fit_sigmoid`.

    Examples
    --------
    >>> fit = fit_scan([-20, -10, 0, 10, 20], [-3.9, -2.1, 0.1, 1.9, 4.1], [0.1] * 5).sigmoid
    >>> print(f"w = {fit.slope:.3f} ± {fit.slope_error:.3f}")
    w = 0.200 ± 0.012
    """
    h, odds, spread, length, fractions = _of_one_shape(
        field, log_odds, variance, duration, math.nan if occupancy is None else occupancy
    )
    known = np.abs(odds) < _MAX_MEASURED_LOG_ODDS
    if not ((spread[known] > 0).all() and (length > 0).all()):
        raise SmtjError("variances of log-odds and durations of traces must be above 0")
    fractions = np.where(known, logistic(odds), fractions)
    used = np.isfinite(fractions)
    rate = np.full(h.shape, math.nan)
    rate[known] = 2 * (2 * np.cosh(odds[known] / 2)) ** 2 / spread[known] / length[known]
    fit = _fit_occupancies(h[used], fractions[used], rate[used], length[used], seed)
    remark = (
        f"{np.sum(~used)} of {h.size} fields were left out because of too few switches; the "
        "fraction of high readings there would make the slope more certain and less biased"
    )
    return ScanFit(fit, () if used.all() else (remark,))


def _fit_occupancies(
    field: Floats, occupancy: Floats, rate: Floats, duration: Floats, seed: int
) -> SigmoidFit:
    """Fit occupancies of the high state, each as many reads as λ at the fitted log-odds implies.

    ``rate`` is λ as found at each field, NaN where unknown; all of shape (fields,).
    """
    checked_counts(field, occupancy, 1.0, 1.0)
    known = np.isfinite(rate)
    if known.sum() < 2:
        raise SmtjError(
            "fewer than two traces have enough switches for dwell times; measure longer, or at "
            "fields nearer to the offset field"
        )
    design = straight_line((field - field.mean()) / np.ptp(field))
    found = np.log(occupancy[known]) - np.log1p(-occupancy[known])
    sums = np.log(rate[known]) - _log_cosh(found)
    start = rate[known] * duration[known] / 2
    theta = maximise(design[known], occupancy[known] * start, start)
    n = np.ones_like(field)
    for _ in range(_MAX_ITERATIONS):
        odds = np.clip(design @ theta, -_MAX_LOG_ODDS, _MAX_LOG_ODDS)
        pq = np.asarray(logistic(odds) * logistic(-odds))
        rates = np.exp(_smooth(design[:, 1], known, sums, (pq * n)[known]) + _log_cosh(odds))
        cycles = duration * rates * pq
        # The state in which a trace begins is one read, however slow the device is.
        n = np.maximum(rates * duration / 2 * cycles / (cycles + 1), 1)
        before, theta = theta, maximise(design, occupancy * n, n, start=theta)
        if np.abs(design @ (theta - before)).max() < 1e-4:
            break
    return fit_sigmoid(field, occupancy * n, n, seed=seed)


def _smooth(x: Floats, known: NDArray[np.bool_], values: Floats, weight: Floats) -> Floats:
    """Fit a parabola to the values known at some x, and return it at all x.

    Beyond the known ones it does not rise above its value at their end: by Eq. 3 and 4 it falls
    there, and too small a rate is on the safe side.
    """
    inside = x[known]
    powers = np.arange(min(3, np.unique(inside).size))
    root = np.sqrt(weight)
    design = inside[:, None] ** powers
    coefficients = np.linalg.lstsq(design * root[:, None], values * root, rcond=None)[0]

    def parabola(at: Floats) -> Floats:
        return np.asarray(at[:, None] ** powers @ coefficients)

    return np.minimum(parabola(x), parabola(np.clip(x, inside.min(), inside.max())))


def _log_cosh(log_odds: Floats) -> Floats:
    """ln[2 cosh(L/2)], which is -ln[p(1 - p)]/2."""
    return np.logaddexp(log_odds / 2, -log_odds / 2)


def _of_one_shape(first: ArrayLike, *others: ArrayLike) -> tuple[Floats, ...]:
    """Return arrays of floats of the shape of the first."""
    field = np.atleast_1d(np.asarray(first, dtype=np.float64))
    try:
        values = [np.broadcast_to(np.asarray(a, dtype=np.float64), field.shape) for a in others]
    except ValueError:
        raise SmtjError("fields and values differ in number; give one value per field") from None
    return field, *values

"""The sigmoid P(high | H) from traces analysed one by one, or from instantaneous reads.

No trace of length T tells the log-odds better than with the variance 2(τ_high + τ_low)/T
(:func:`log_odds_information`): a continuous record has T/(τ_high + τ_low) dwells in either state,
and ln τ of so many exponential dwells has one over their number for its variance (Cramér-Rao).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.sigmoid.autocorrelation import estimated_inflation
from smtj.inference.sigmoid.occupancy import MIN_SWITCHES, fit_time_shares
from smtj.inference.sigmoid.sigmoid import SigmoidFit
from smtj.physics.arrays import logistic
from smtj.typing import Floats

_MAX_LOG_ODDS = 30.0
"""A larger ratio of dwell times no trace can tell."""
_SURELY_INDEPENDENT = 0.999
"""Independent reads, by reads, that are no longer told from 1."""


@dataclass(frozen=True, eq=False)
class ScanFit:
    """A sigmoid fitted to a scan of traces."""

    sigmoid: SigmoidFit
    """w and H_s; its counts are effective reads, at the fields that were used."""
    remarks: tuple[str, ...]
    """What a user of the numbers should know, in sentences."""


def fit_scan(
    field: ArrayLike,
    log_odds: ArrayLike,
    variance: ArrayLike,
    share: ArrayLike | None = None,
    duration: ArrayLike = 1.0,
    seed: int = 0,
) -> ScanFit:
    """Fit P(high | H) to the log-odds that traces gave, one trace at each field.

    Parameters
    ----------
    field
        H in any unit, shape (fields,).
    log_odds
        ln(τ_high/τ_low) of each trace; NaN or infinite where it has too few switches to tell, as
        one that stays at one level.
    variance
        Of the log-odds; not looked at where they are not finite.
    share
        Share of time at the high level, looked at where the log-odds are not finite.  Such a field
        counts as many reads as the time scale at the other fields implies, and one at least; one
        with NaN is left out.
    duration
        Lengths of the traces, in any unit; needed where they differ.
    seed
        Seed of the curves that are drawn to judge how well the sigmoid fits.

    Returns
    -------
    ScanFit
        A remark names the number of fields that had to be left out.  It matters, since traces
        that happened to switch seldom are those with the longest dwell times.

    Raises
    ------
    SmtjError
        Arrays differ in shape, a variance or duration is not positive, fewer than two fields
        have log-odds; and as :func:`smtj.inference.sigmoid.sigmoid.fit_sigmoid`.
    """
    h, odds, spread, length, shares = _of_one_shape(
        field, log_odds, variance, duration, math.nan if share is None else share
    )
    known = np.abs(odds) < _MAX_LOG_ODDS
    if not ((spread[known] > 0).all() and (length > 0).all()):
        raise SmtjError("variances of log-odds and durations of traces must be above 0")
    shares = np.where(known, logistic(odds), shares)
    used = np.isfinite(shares)
    rate = np.full(h.shape, math.nan)
    rate[known] = 2 * (2 * np.cosh(odds[known] / 2)) ** 2 / spread[known] / length[known]

    def reads(rate: Floats) -> Floats:
        return rate * length[used] / 2

    fit = fit_time_shares(h[used], shares[used], rate[used], length[used], reads, seed=seed)
    remark = (
        f"{np.sum(~used)} of {h.size} fields were left out, at which too few switches were seen; "
        "the share of high readings there would make the slope more certain, and less biased"
    )
    return ScanFit(fit, () if used.all() else (remark,))


def fit_scan_of_states(field: ArrayLike, states: ArrayLike, seed: int = 0) -> SigmoidFit:
    """Fit P(high | H) to instantaneous reads without noise, taken one after the other.

    Parameters
    ----------
    field
        H in any unit, shape (fields,).
    states
        True for high; shape (samples, fields).
    seed
        As in :func:`fit_scan`.

    Returns
    -------
    SigmoidFit
        Serial correlation is estimated by
        :func:`smtj.inference.sigmoid.autocorrelation.estimated_inflation`.

    Raises
    ------
    SmtjError
        Fewer than two fields have 5 switches; and as
        :func:`smtj.inference.sigmoid.sigmoid.fit_sigmoid`.
    """
    high = np.asarray(states, dtype=bool)
    samples, share = len(high), high.mean(axis=0)
    # Reads that correlate by ρ = exp(-λΔt) are worth N (1 - ρ)/(1 + ρ) = N tanh(λΔt/2) each.
    rate = 2 * np.arctanh(np.minimum(1 / estimated_inflation(high), _SURELY_INDEPENDENT))
    switches = (high[1:] != high[:-1]).sum(axis=0)
    rate = np.where(switches >= MIN_SWITCHES, rate, math.nan)

    def reads(rate: Floats) -> Floats:
        return samples * np.tanh(rate / 2)

    (h, shares) = _of_one_shape(field, share)
    return fit_time_shares(h, shares, rate, samples, reads, seed=seed)


def log_odds_information(
    dwell_high: ArrayLike, dwell_low: ArrayLike, duration: ArrayLike
) -> Floats:
    """Fisher information about ln(τ_high/τ_low) in a continuous record: T/[2(τ_high + τ_low)].

    It is that with both dwell times free; ln τ_high + ln τ_low is orthogonal to it.  All in s.
    """
    high, low, time = (np.asarray(a, dtype=np.float64) for a in (dwell_high, dwell_low, duration))
    return np.asarray(time / (2 * (high + low)))


def _of_one_shape(first: ArrayLike, *others: ArrayLike) -> tuple[Floats, ...]:
    """Return arrays of floats of the shape of the first."""
    field = np.atleast_1d(np.asarray(first, dtype=np.float64))
    try:
        values = [np.broadcast_to(np.asarray(a, dtype=np.float64), field.shape) for a in others]
    except ValueError:
        raise SmtjError("fields and values differ in number; give one value a field") from None
    return field, *values

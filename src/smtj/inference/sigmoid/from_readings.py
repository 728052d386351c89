"""The sigmoid P(high | H) from readings that average over an integration time."""

import math

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.sigmoid.occupancy import MIN_SWITCHES, fit_time_shares
from smtj.inference.sigmoid.sigmoid import SigmoidFit
from smtj.typing import Floats


def fit_scan_of_readings(
    field: ArrayLike,
    readings: ArrayLike,
    window: float = 1.0,
    noise: float = 0.0,
    seed: int = 0,
) -> SigmoidFit:
    """Fit P(high | H) to readings that average over an integration time, by mean occupation.

    Counting the readings above a threshold gives too steep a slope where the device switches
    within the integration time.  Their mean is the share of time in the high state all the same.
    Its variance follows from how fast the readings fluctuate.

    Parameters
    ----------
    field
        H in any unit, shape (fields,).
    readings
        Share of the integration time that was spent high, 0 for the low level and 1 for the high
        one, in the order they were taken; shape (readings, fields).
    window
        Integration time over the interval between readings, above 0, at most 1.
    noise
        Standard deviation of the instrument noise of one reading, in level separations.
    seed
        As in :func:`fit_scan`.

    Returns
    -------
    SigmoidFit
        Levels are taken as exactly known: an error of theirs is not in the errors of the fit.

    Raises
    ------
    SmtjError
        Readings are not finite, their means not from 0 to 1, the window or noise impossible, or
        fewer than two fields tell a time scale; and as
        :func:`smtj.inference.sigmoid.sigmoid.fit_sigmoid`.
    """
    values = np.asarray(readings, dtype=np.float64)
    h = np.asarray(field, dtype=np.float64)
    if values.ndim != 2 or h.shape != values.shape[1:] or len(values) < 2:
        raise SmtjError("readings must be a table of shape (readings, fields), 2 readings or more")
    if not (0 < window <= 1 and noise >= 0):
        raise SmtjError("a window must be above 0 and at most 1, and noise 0 or more")
    number, mean = len(values), values.mean(axis=0)
    if not (np.abs(mean - 0.5) < 0.6).all():
        raise SmtjError(
            "mean readings must be from 0 to 1; scale them so that 0 is the low level and 1 the "
            "high one"
        )
    share = np.clip(mean, 0, 1)
    rate = _rate_of_readings(values, share, window, noise)

    def reads(rate: Floats) -> Floats:
        return 1 / _variance_of_mean(rate, number, window)

    return fit_time_shares(h, share, rate, number / window, reads, noise**2 / number, seed)


def _rate_of_readings(readings: Floats, share: Floats, window: float, noise: float) -> Floats:
    """Return λ times the integration time; NaN where fewer than 5 switches are to be expected.

    Where successive readings correlate it follows from how much.  Otherwise it follows from how
    much smaller their variance is than that of the states; where the windows are too short for
    that, it is at least so large that readings an interval apart do not correlate.
    """
    centred = readings - share
    pq, margin = share * (1 - share), 3 / math.sqrt(len(readings))
    excess = np.mean(centred**2, axis=0) - noise**2
    # Where the device hardly switches, chance decides what noise leaves.
    known = (pq > 0) & (excess > margin * noise**2)
    states = np.where(known, pq, 1.0)
    correlation = np.mean(centred[1:] * centred[:-1], axis=0) / states
    # Variance and covariance fall with λ.
    grid = np.logspace(6, -6, 6001)
    fast = np.interp(excess / states, _variance_factor(grid), grid)
    slow, least = (
        np.interp(value, _covariance_factor(grid, window), grid)
        for value in (correlation, np.maximum(correlation, 0) + margin)
    )
    rate = np.where(correlation > 0.5, slow, np.maximum(fast, least))
    switches = 2 * len(readings) / window * rate * pq
    return np.where(known & (switches >= MIN_SWITCHES), rate, math.nan)


def _variance_factor(rate: Floats) -> Floats:
    """Variance of a mean over a time t, in p(1 - p): 2 (u - 1 + e^-u)/u², u = λt."""
    # The difference is lost to rounding where u is small.
    small = rate < 1e-3
    u = np.where(small, 1.0, rate)
    return np.where(small, 1 - rate / 3, 2 * (u + np.expm1(-u)) / u**2)


def _covariance_factor(rate: Floats, window: float) -> Floats:
    """Covariance of the means over successive windows, in p(1 - p)."""
    return np.asarray((np.expm1(-rate) / rate) ** 2 * np.exp(-rate * (1 / window - 1)))


def _variance_of_mean(rate: Floats, number: int, window: float) -> Floats:
    """Variance of the mean of so many readings, in p(1 - p)."""
    decay, left = np.exp(-rate / window), -np.expm1(-rate / window)
    # Σ (1 - k/N) decay^(k - 1) over the lags k from 1 to N.
    lags = (1 - (1 - decay**number) / (number * left)) / left
    covariance = _covariance_factor(rate, window)
    return np.asarray((_variance_factor(rate) + 2 * covariance * lags) / number)

"""Checks of a telegraph fit that do not use its likelihood: dwell statistics and memory.

The autocorrelation of a two-state process falls as e^(-t/t_c) with
1/t_c = 1/τ_high + 1/τ_low, and its spectrum is a Lorentzian of corner frequency 1/(2π t_c); both
are estimated here from the signal without a likelihood or states, and are to agree with the fit.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.stats.estimate import Estimate
from smtj.inference.telegraph.start import winsorised
from smtj.typing import Floats
from smtj.units import suitable_unit

EXPECTED = 8.0
"""Least expected number of ends of dwells in a class of the test."""
BLOCKS = (8, 32)
"""Least and most parts of a trace, of which each is left out once for the standard error."""
BLOCK_TIMES = 50.0
"""Correlation times in a part, if it need not be longer."""
LAG_TIMES = 3.0
"""Correlation times up to which the autocorrelation counts."""
RANGE = 3.0
"""By which the logarithm of t_c is sought on either side of a rough value."""
STEPS = 30
MIN_READINGS = 200
EVEN = 1e-3
"""By how much intervals may differ, relative to their mean, to be equal."""
FEW = 0.02
"""Readings over all that may be missing from an even series."""


@dataclass(frozen=True)
class ExponentialTest:
    """Test whether the chance that a dwell ends depends on its age."""

    chi_squared: float
    degrees_of_freedom: int
    """0 where there are too few dwells to test anything."""

    @property
    def p_value(self) -> float:
        """Chance of a χ² at least as large if the dwells are exponential."""
        from scipy.special import chdtrc

        if self.degrees_of_freedom == 0:
            return 1.0
        return float(chdtrc(self.degrees_of_freedom, self.chi_squared))


def exponential_test(states: ArrayLike) -> ExponentialTest:
    """Test that dwells are exponential, on the states of evenly spaced readings.

    Sampled exponential dwells last a geometric number of readings, also where dwells shorter than
    the interval are missed: whatever its age, a dwell has the same chance to end before the next
    reading.  Ends are counted by age, in classes of about equal expected number, against that;
    the first dwell of each state sequence, of which the beginning was not seen, is left out, and
    the last counts until the trace ends.

    Parameters
    ----------
    states
        0 or 1, shape (readings,).  Of a noisy or averaged trace take
        :func:`smtj.inference.telegraph.fit.sample_states`: from the most probable path short dwells
        are missing.

    Returns
    -------
    ExponentialTest
        Sum over both states.
    """
    s = np.asarray(states).astype(bool)
    ends = np.flatnonzero(s[1:] != s[:-1]) + 1
    chi_squared, freedom = 0.0, 0
    if ends.size > 0:
        lengths = np.diff(np.append(ends, s.size))
        has_ended = np.arange(lengths.size) < lengths.size - 1
        for state in (False, True):
            mine = s[ends] == state
            more, degrees = _chi_squared(lengths[mine], has_ended[mine])
            chi_squared, freedom = chi_squared + more, freedom + degrees
    return ExponentialTest(chi_squared, freedom)


def _chi_squared(lengths: NDArray[np.intp], has_ended: NDArray[np.bool_]) -> tuple[float, int]:
    """χ² of ends against ages, and its degrees of freedom, for dwells of whole readings."""
    if lengths.size == 0:
        return 0.0, 0
    size = int(lengths.max()) + 1
    ended = np.bincount(lengths[has_ended], minlength=size)[1:]
    # A dwell of n readings had n chances to end; the one that the trace cuts off n - 1.
    lasted = np.where(has_ended, lengths, lengths - 1)
    at_risk = lengths.size - np.cumsum(np.bincount(lasted, minlength=size))[:-1]
    chance = ended.sum() / max(at_risk.sum(), 1)
    if not 0 < chance < 1:
        return 0.0, 0
    classes = int(ended.sum() / EXPECTED)
    if classes < 2:
        return 0.0, 0
    expected = np.cumsum(chance * at_risk)
    which = np.minimum((expected - chance * at_risk / 2) / expected[-1] * classes, classes - 1)
    which = which.astype(np.intp)
    seen = np.bincount(which, ended, classes)
    exposed = np.bincount(which, at_risk, classes)
    used = exposed > 0
    variance = exposed[used] * chance * (1 - chance)
    chi_squared = float(((seen[used] - chance * exposed[used]) ** 2 / variance).sum())
    return chi_squared, int(used.sum()) - 1


def autocorrelation_time(time: ArrayLike, signal: ArrayLike, low: ArrayLike = 0.0) -> Estimate:
    """Estimate t_c in s from the measured autocorrelation.

    a e^(-kΔt/t_c) is fitted to the covariance at the lags k ≥ 1 up to three correlation times:
    noise that does not correlate is in lag 0 alone, and readings that average over a window change
    a but not the fall.  The error is the jackknife's over blocks of the trace.

    Parameters
    ----------
    time
        Of the readings, in s, evenly spaced.
    signal, low
        Readings, and the low level under them, which carries the drift (``fit.low``).

    Raises
    ------
    SmtjError
        The readings are too few, unevenly spaced, or do not correlate.
    """
    y, interval = _even(time, signal, low)
    rough = _rough_time(y)
    blocks = _blocks(y, rough)
    lags = _lags(rough, blocks.shape[1])
    each = np.array([[_covariance(block, k) for k in range(1, lags + 1)] for block in blocks])

    def log_time(weight: Floats) -> float:
        return _fall(weight @ each / weight.sum(), rough)

    jackknife = _jackknife(log_time, len(blocks))
    return _estimate("autocorrelation time", "t_c", "s", jackknife, interval)


def memory_time(signal: Floats) -> float:
    """Return t_c over the interval, as :func:`autocorrelation_time`, without its error.

    Parameters
    ----------
    signal
        Evenly spaced readings without drift.

    Raises
    ------
    SmtjError
        Readings do not correlate, or do so over all of the trace.
    """
    y = winsorised(signal)
    y = y - y.mean()
    rough = _rough_time(y)
    lags = range(1, _lags(rough, y.size) + 1)
    return math.exp(_fall(np.array([_covariance(y, k) for k in lags]), rough))


def corner_frequency(time: ArrayLike, signal: ArrayLike, low: ArrayLike = 0.0) -> Estimate:
    """Estimate the corner frequency 1/(2π t_c) in Hz from the power spectrum.

    The Lorentzian with all its aliases, as a periodogram of a block sees it, and a white floor, are
    fitted to the mean periodogram of blocks (Bartlett) by Whittle's likelihood.  In the samples'
    covariance a e^(-kΔt/t_c) noise changes lag 0 alone, and so does, but for the amplitude, the
    average over a window (sinc² in the spectrum): the floor, which may be negative, takes up both.
    The error is the jackknife's over the blocks.

    Parameters
    ----------
    time, signal, low
        As in :func:`autocorrelation_time`.

    Raises
    ------
    SmtjError
        As there.

    References
    ----------
    A. M. Sykulski et al., Biometrika 106, 251 (2019), doi:10.1093/biomet/asy071.
    """
    y, interval = _even(time, signal, low)
    rough = _rough_time(y)
    blocks = _blocks(y, rough)
    power = np.abs(np.fft.rfft(blocks, axis=1)[:, 1:]) ** 2 / blocks.shape[1]

    def log_frequency(weight: Floats) -> float:
        return -_whittle(weight @ power / weight.sum(), blocks.shape[1], rough)

    try:
        jackknife = _jackknife(log_frequency, len(blocks))
    except np.linalg.LinAlgError:
        raise SmtjError(
            "the power spectrum is flat up to half the sampling rate, so its corner cannot be "
            "found; sample faster"
        ) from None
    return _estimate("corner frequency", "f_c", "Hz", jackknife, 1 / (2 * np.pi * interval))


def _even(time: ArrayLike, signal: ArrayLike, low: ArrayLike) -> tuple[Floats, float]:
    """Return the signal less drift and mean, outliers drawn in, and the interval."""
    t = np.asarray(time, dtype=np.float64)
    y = np.asarray(signal, dtype=np.float64) - np.asarray(low, dtype=np.float64)
    if t.ndim != 1 or t.shape != y.shape or t.size < MIN_READINGS:
        raise SmtjError(
            f"an autocorrelation needs one time a reading and at least {MIN_READINGS} readings"
        )
    steps = np.diff(t)
    interval = float(np.median(steps))
    count = np.maximum(np.rint(steps / max(interval, np.finfo(np.float64).tiny)), 1)
    interval = float(steps.sum() / count.sum())
    if count.sum() < (1 + FEW) * t.size:
        # In the place of a few that are missing stands the reading before.
        y = np.repeat(y, np.append(count, 1).astype(np.intp))
    if not (np.abs(steps - count * interval).max() < EVEN * interval and y.size > count.sum()):
        raise SmtjError("an autocorrelation needs evenly spaced readings; cut the trace at gaps")
    y = winsorised(y / max(float(np.abs(y).max()), np.finfo(np.float64).tiny))
    return y - y.mean(), interval


def _rough_time(y: Floats) -> float:
    """Return t_c over the interval from the first lags at which noise does not count."""
    one, two = _covariance(y, 1), _covariance(y, 2)
    # Without any correlation the covariance at one lag scatters by the variance over √n.
    if one < 3 * _covariance(y, 0) / math.sqrt(y.size):
        raise SmtjError("successive readings do not correlate; sample faster to see the memory")
    ratio = min(max(two / one, 0.02), 1 - 2 / y.size)
    return -1 / math.log(ratio)


def _covariance(y: Floats, lag: int) -> float:
    """Return the covariance at a lag; as a sum, since starting threads for a product is slower."""
    return float((y[: y.size - lag] * y[lag:]).mean())


def _lags(rough: float, length: int) -> int:
    """Return up to which lag the autocorrelation counts."""
    lags = max(math.ceil(LAG_TIMES * rough), 2)
    if lags >= length:
        raise SmtjError("the signal correlates over all of the trace; measure longer")
    return lags


def _blocks(y: Floats, rough: float) -> Floats:
    """Return a trace as rows of equal length."""
    count = int(np.clip(y.size / (BLOCK_TIMES * rough), *BLOCKS))
    length = y.size // count
    return y[: count * length].reshape(count, length)


def _fall(covariance: Floats, rough: float) -> float:
    """Return ln(t_c/Δt) of the exponential closest to a covariance at lags 1, 2, ..."""
    from scipy.optimize import minimize_scalar

    lags = np.arange(1, covariance.size + 1)

    def misfit(log_time: float) -> float:
        shape = np.exp(-lags * math.exp(-log_time))
        amplitude = (shape @ covariance) / (shape @ shape)
        return float(((covariance - amplitude * shape) ** 2).sum() / (covariance @ covariance))

    middle = math.log(rough)
    found = minimize_scalar(misfit, bounds=(middle - RANGE, middle + RANGE), method="bounded")
    return float(found.x)


def _whittle(power: Floats, length: int, rough: float) -> float:
    """Return ln(t_c/Δt) of the spectrum that makes a mean periodogram most likely."""
    from scipy.optimize import minimize_scalar

    lags = np.arange(length)

    def loss(log_time: float) -> float:
        covariance = np.exp(-lags * math.exp(-log_time)) * (1 - lags / length)
        shape = 2 * np.fft.rfft(covariance).real[1:] - 1
        return _loss_of_shape(power, np.stack([shape, np.ones_like(shape)], axis=1))

    middle = math.log(rough)
    found = minimize_scalar(
        loss, bounds=(middle - RANGE, middle + RANGE), method="bounded", options={"xatol": 1e-4}
    )
    return float(found.x)


def _loss_of_shape(power: Floats, shapes: Floats) -> float:
    """Return Whittle's loss at the best amplitudes of spectral shapes, by weighted regression."""
    spectrum = np.full_like(power, power.mean())
    least = 1e-3 * power.mean()
    loss = math.inf
    for _ in range(STEPS):
        weighted = shapes / spectrum[:, None] ** 2
        amplitudes = np.linalg.solve(weighted.T @ shapes, weighted.T @ power)
        spectrum = np.maximum(shapes @ amplitudes, least)
        before, loss = loss, float((np.log(spectrum) + power / spectrum).mean())
        if abs(before - loss) < 1e-9:
            break
    return loss


def _jackknife(statistic: Callable[[Floats], float], count: int) -> tuple[float, float, float]:
    """Return a statistic of weighted blocks, its error, and the half-width of its 95 % interval.

    The error is from leaving one out at a time; the interval is that of Student's t.
    """
    from scipy.special import stdtrit

    every = statistic(np.ones(count))
    left_out = np.array([statistic(1 - row) for row in np.eye(count)])
    error = math.sqrt((count - 1) / count * float(((left_out - left_out.mean()) ** 2).sum()))
    return every, error, float(stdtrit(count - 1, 0.975)) * error


def _estimate(
    name: str,
    symbol: str,
    unit: str,
    jackknife: tuple[float, float, float],
    scale: float,
) -> Estimate:
    """Report a quantity of which the logarithm was found."""
    log, error, half = jackknife
    value = scale * math.exp(log)
    interval = (value * math.exp(-half), value * math.exp(half))
    return Estimate(
        name, symbol, value, value * error, interval, unit, suitable_unit(value, unit) or unit
    )

"""The two-state master equation in closed form: occupancy, relaxation and transitions."""

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.physics.switching import probability_from_dwell_times
from smtj.typing import Floats

# Just inside the range of logarithms of a float64.
_MAX_LOG = 690.0


def occupancy(log_dwell_high: ArrayLike, log_dwell_low: ArrayLike) -> Floats:
    """P(high) in equilibrium, τ_high/(τ_high + τ_low) (Eq. 2).

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s); any shapes that broadcast.

    Raises
    ------
    SmtjError
        A dwell time is not a finite number.
    """
    log_high, log_low = checked_dwell_times(log_dwell_high, log_dwell_low)
    return np.asarray(probability_from_dwell_times(log_high, log_low))


def relaxation_rate(log_dwell_high: ArrayLike, log_dwell_low: ArrayLike) -> Floats:
    """Relaxation rate 1/τ_high + 1/τ_low in 1/s, limited to 1e±299.

    Arguments and errors as in :func:`occupancy`.
    """
    log_high, log_low = checked_dwell_times(log_dwell_high, log_dwell_low)
    rate = np.logaddexp(-log_high, -log_low)
    return np.asarray(np.exp(np.clip(rate, -_MAX_LOG, _MAX_LOG)))


def switching_chances(
    log_dwell_high: ArrayLike, log_dwell_low: ArrayLike, time: ArrayLike
) -> tuple[Floats, Floats]:
    """Probability to be in the other state after a time, starting low and starting high.

    P(high)(1 - e^-rt) and (1 - P(high))(1 - e^-rt) with the relaxation rate r = 1/τ_high + 1/τ_low;
    to full relative precision however small.  Arguments and errors as in :func:`propagator`.
    """
    log_high, log_low = checked_dwell_times(log_dwell_high, log_dwell_low)
    t = checked_times(time)
    with np.errstate(over="ignore", under="ignore"):
        forgotten = -np.expm1(-t * relaxation_rate(log_high, log_low))
        return occupancy(log_high, log_low) * forgotten, occupancy(log_low, log_high) * forgotten


def propagator(
    log_dwell_high: ArrayLike, log_dwell_low: ArrayLike, time: ArrayLike
) -> tuple[Floats, Floats]:
    """Probability to be high after a time, starting low and starting high.

    The solution of dP/dt = (1 - P)/τ_low - P/τ_high: P relaxes to the occupancy at the rate
    1/τ_high + 1/τ_low.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s), for instance from
        :func:`smtj.physics.device.log_dwell_times_in_field`; any shapes that broadcast.
    time
        In s, 0 or more; any shape that broadcasts with them.

    Raises
    ------
    SmtjError
        A dwell time is not a finite number, or a time is not one of 0 or more.

    Examples
    --------
    >>> from_low, from_high = propagator(0.0, 0.0, 0.5)  # dwell times of 1 s
    >>> float(from_low), float(from_high)
    (0.316, 0.684)
    """
    from_low, from_high = switching_chances(log_dwell_high, log_dwell_low, time)
    return from_low, 1.0 - from_high


def dwell_times(log_dwell_high: Floats, log_dwell_low: Floats) -> tuple[Floats, Floats]:
    """τ_high and τ_low in s, within 1e±300, from logarithms of any size.

    Shorter dwell times keep their ratio and with it P(high); longer ones never end anyway.
    """
    below = np.maximum(-_MAX_LOG - np.minimum(log_dwell_high, log_dwell_low), 0.0)
    return (
        np.exp(np.minimum(log_dwell_high + below, _MAX_LOG)),
        np.exp(np.minimum(log_dwell_low + below, _MAX_LOG)),
    )


def checked_dwell_times(
    log_dwell_high: ArrayLike, log_dwell_low: ArrayLike
) -> tuple[Floats, Floats]:
    """Return logarithms of dwell times as arrays; reject any that are not finite."""
    high = np.asarray(log_dwell_high, dtype=np.float64)
    low = np.asarray(log_dwell_low, dtype=np.float64)
    if not (np.isfinite(high).all() and np.isfinite(low).all()):
        raise SmtjError("the logarithms of the dwell times must be finite numbers")
    return high, low


def checked_times(time: ArrayLike, name: str = "time") -> Floats:
    """Return times as an array; reject any that are negative or not finite."""
    t = np.asarray(time, dtype=np.float64)
    if not (np.isfinite(t).all() and (t >= 0).all()):
        raise SmtjError(f"{name} must be a finite number of seconds, 0 or more")
    return t

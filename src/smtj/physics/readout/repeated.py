"""Repeated reads of a two-state device: the effects of correlation and of averaging.

A device that is high with probability P forgets its state at the rate 1/τ_r = 1/τ_high + 1/τ_low:
the autocorrelation of its state is exp(-t/τ_r).  A read may be a snapshot of the state, or its
average over an integration time W.  With x = W/τ_r the average has the variance

    P(1 - P) g,   g = 2 (x - 1 + e^-x)/x²,

and two averages that begin kT apart, T ≥ W, have the covariance

    P(1 - P) s ρ^k,   s = (2 sinh(x/2)/x)²,   ρ = e^-T/τ_r,

both from integrals of the autocorrelation.
"""

import numpy as np
from numpy.typing import ArrayLike

from smtj.typing import Floats

_SMALL = 1e-3
"""x below which a series replaces g, to its last digits."""
_NEARLY_ONE = 1e-5
"""N T/τ_r below which a series replaces the sum over lags."""
_NODES = 200
"""Points at which the law of an average is integrated over the noise of the reading."""
_REACH = 8.0
"""Standard deviations of the noise that count."""


def effective_reads(
    reads: ArrayLike,
    interval: ArrayLike,
    relaxation_time: ArrayLike,
    integration_time: ArrayLike = 0.0,
) -> Floats:
    """Number of independent snapshots whose mean is as uncertain as that of N correlated reads.

    N_eff = N/(g + 2 s Σ_k (1 - k/N) ρ^k), k from 1 to N - 1; g and s as above, 1 for snapshots
    (for those see A. D. Sokal, in Functional Integration, Plenum (1997), Eq. 2.15,
    doi:10.1007/978-1-4899-0319-8_6).  It falls to 1 where the reads are much faster than the
    device; averaging makes it larger than N where the device is faster still.

    Parameters
    ----------
    reads
        N, 1 or more.
    interval
        T in s, from the beginning of one read to that of the next.
    relaxation_time
        τ_r in s, above 0.
    integration_time
        W in s, 0 to T; 0 for snapshots.  All broadcast together.

    Returns
    -------
    array
        P(1 - P) over the variance of the mean, of the broadcast shape.
    """
    n, step, tau, w = np.broadcast_arrays(
        *(
            np.asarray(v, dtype=np.float64)
            for v in (reads, interval, relaxation_time, integration_time)
        )
    )
    y, x = step / tau, w / tau
    # s ρ^k as e^-(T - W)/τ_r times powers that do not overflow however large x is.
    between = np.exp(x - y) * _mean_decay(x) ** 2 * _sum_over_lags(n, y)
    return np.asarray(n / (window_variance(x) + 2 * between))


def comparator_probability(
    probability: ArrayLike,
    integration_time: ArrayLike,
    relaxation_time: ArrayLike,
    noise: float = 0.0,
) -> Floats:
    """Probability that a read, averaged and noisy, lies above the middle of the two levels.

    A device spends more than half of W high when its departures from high in W/2 spent there are no
    more than those from low in W/2 spent there; both are Poisson numbers, K of mean W/2τ_high and M
    of W/2τ_low, so that

        P(above) = P(M > K) + P P(M = K)

    (the occupation time of P. J. Pedler, J. Appl. Prob. 8, 381 (1971), doi:10.2307/3211908).  A
    device that switches within W makes this steeper than ``probability``, P(high) in equilibrium,
    which the function returns for W = 0 without noise.  W and τ_r are in s and all broadcast
    together; ``noise`` is a reading's standard deviation in units of the separation of the levels.
    """
    p, w, tau = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (probability, integration_time, relaxation_time))
    )
    x = w / tau
    if noise == 0:
        return _beyond(p, x, 0.5)
    from scipy.special import ndtr

    # A threshold outside the levels is passed always or never.
    low, high = max(0.0, 0.5 - _REACH * noise), min(1.0, 0.5 + _REACH * noise)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    found = np.full(p.shape, ndtr((low - 0.5) / noise))
    for node, weight in zip(nodes, weights, strict=True):
        level = 0.5 * (low + high) + 0.5 * (high - low) * node
        density = np.exp(-0.5 * ((level - 0.5) / noise) ** 2) / (noise * np.sqrt(2 * np.pi))
        found += 0.5 * (high - low) * weight * density * _beyond(p, x, level)
    return found


def _beyond(p: Floats, x: Floats, level: float) -> Floats:
    """Probability to spend more than a fraction ``level`` of x = W/τ_r high, from equilibrium."""
    from scipy.special import chndtr

    # τ_high = τ_r/(1 - P) and τ_low = τ_r/P.
    k, m = (1 - p) * x * level, p * x * (1 - level)
    # Skellam's law of M - K by the non-central chi-square one, as scipy.stats.skellam has it.
    above, at_least = chndtr(2 * m, 2, 2 * k), 1 - chndtr(2 * k, 2, 2 * m)
    return np.asarray((1 - p) * above + p * at_least)


def window_variance(x: Floats) -> Floats:
    """g = 2 (x - 1 + e^-x)/x²."""
    safe = np.where(x < _SMALL, 1.0, x)
    return np.where(x < _SMALL, 1 - x / 3 + x**2 / 12, 2 * (safe + np.expm1(-safe)) / safe**2)


def _mean_decay(x: Floats) -> Floats:
    """(1 - e^-x)/x, the mean of e^-t over t from 0 to x."""
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, -np.expm1(-safe) / safe)


def _sum_over_lags(n: Floats, y: Floats) -> Floats:
    """Σ_k (1 - k/N) e^-(k-1)y over k from 1 to N - 1."""
    near = n * y < _NEARLY_ONE
    safe = np.where(near, 1.0, y)
    forgotten = -np.expm1(-safe)
    whole = (1 + np.expm1(-n * safe) / (n * forgotten)) / forgotten
    series = np.exp(np.where(near, y, 0.0)) * ((n - 1) / 2 - y * (n**2 - 1) / 6)
    return np.where(near, series, whole)

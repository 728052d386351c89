"""How many independent reads a row of correlated ones is worth."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def effective_reads(reads: ArrayLike, interval: ArrayLike, relaxation_time: ArrayLike) -> Floats:
    """N_eff: independent reads whose mean varies as much as that of N reads of a telegraph.

    The state forgets itself as ρ = e^(-Δt/τ_rel) from read to read, so that the variance of the
    mean of N reads is P(1 - P)/N · [1 + 2 Σ_k (1 - k/N) ρ^k], k from 1 to N - 1.  The sum is
    closed here; for many reads N_eff is N (1 - ρ)/(1 + ρ).

    Parameters
    ----------
    reads
        N, 1 or more.
    interval
        Δt from read to read in s.
    relaxation_time
        τ_rel = 1/(1/τ_high + 1/τ_low) in s.  All broadcast together.

    Returns
    -------
    ndarray
        Between 1 (all reads see the same state) and N.
    """
    n, dt, tau = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (reads, interval, relaxation_time))
    )
    x = dt / tau
    rho, lost = np.exp(-x), -np.expm1(-x)
    # Where nearly nothing is forgotten the closed form cancels; there its series is 1 exactly.
    safe = np.where(lost > 1e-8, lost, 1.0)
    inflation = (1 + rho) / safe - 2 * rho * -np.expm1(-n * x) / (n * safe**2)
    found = np.where(lost > 1e-8, n / inflation, 1 + (n - 1 / n) * x / 3)
    return np.asarray(np.clip(found, 1.0, n))

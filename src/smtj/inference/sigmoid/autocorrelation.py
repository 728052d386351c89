"""By how much the serial correlation of reads inflates the variance of their mean."""

import numpy as np
from numpy.typing import ArrayLike

from smtj.typing import Floats


def inflation_of_correlation(correlation: ArrayLike) -> Floats:
    """f = (1 + ρ)/(1 - ρ): by how much serial correlation inflates the variance of a mean.

    Exact for many reads of a stationary two-state process, whose autocorrelation is ρ^k.

    Parameters
    ----------
    correlation
        ρ between successive reads, in [0, 1).
    """
    rho = np.asarray(correlation, dtype=np.float64)
    return (1 + rho) / (1 - rho)


def estimated_inflation(states: ArrayLike) -> Floats:
    """Variance inflation f estimated from the reads themselves, taken as a two-state process.

    ρ is 1 less the two chances of leaving a state between successive reads.  Half a transition
    is added to each, so that a state that was hardly seen does not make them 0 or 1.  Reads that
    alternate more than by chance count as independent.

    Parameters
    ----------
    states
        Reads in their order, True for high; shape (reads, ...).

    Returns
    -------
    array
        f ≥ 1, of shape (...).
    """
    high = np.asarray(states, dtype=bool)
    before, after = high[:-1], high[1:]
    leaves_high = ((before & ~after).sum(axis=0) + 0.5) / (before.sum(axis=0) + 1)
    leaves_low = ((~before & after).sum(axis=0) + 0.5) / ((~before).sum(axis=0) + 1)
    return inflation_of_correlation(np.clip(1 - leaves_high - leaves_low, 0, None))

"""Counts of high reads at each field, and what serial correlation leaves of them.

Reads of a telegraph signal that follow each other faster than it switches are not independent: N
of them tell as much as N/f independent ones.  f is the variance inflation, (1 + ρ)/(1 - ρ) for a
two-state process whose successive reads correlate by ρ.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.typing import Floats

MAX_FIELDS, MAX_READS = 10_000, 1e15


@dataclass(frozen=True, eq=False)
class Counts:
    """High reads among all reads at each field; arrays of shape (fields,)."""

    field: Floats
    high: Floats
    total: Floats
    inflation: Floats
    """Variance inflation of the counts: ``total / inflation`` independent reads."""

    @property
    def independent(self) -> Floats:
        """Number of independent reads that carry the same information."""
        return self.total / self.inflation


def checked_counts(
    field: ArrayLike, high: ArrayLike, total: ArrayLike, inflation: ArrayLike
) -> Counts:
    """Return counts as arrays or raise; arguments and errors as in :func:`fit_sigmoid`."""
    h = np.atleast_1d(np.asarray(field, dtype=np.float64))
    given = (high, total, inflation)
    try:
        n_high, n, f = (np.broadcast_to(np.asarray(a, dtype=np.float64), h.shape) for a in given)
    except ValueError:
        raise SmtjError("counts and fields differ in number; give one count per field") from None
    if h.ndim != 1 or np.unique(h).size < 3:
        raise SmtjError("a sigmoid needs counts at three different fields or more")
    if not (np.isfinite(h).all() and (n > 0).all() and (n_high >= 0).all() and (n_high <= n).all()):
        raise SmtjError("fields must be finite, and counts from 0 to the number of reads, above 0")
    if not (n <= MAX_READS).all():
        raise SmtjError(f"counts must not exceed {MAX_READS:g} reads per field")
    if not ((f >= 1) & (f < math.inf)).all():
        raise SmtjError("a variance inflation must be 1 or more; give 1 for independent reads")
    if h.size > MAX_FIELDS:
        raise SmtjError(
            f"{h.size} fields are too many for a curve of P(H); if these are the readings of a "
            "trace, count the high ones at each field"
        )
    with_high, with_low = h[n_high > 0], h[n_high < n]
    if with_high.size == 0 or with_low.size == 0:
        state = "low" if with_high.size == 0 else "high"
        raise SmtjError(f"every read is {state}; choose fields on both sides of the offset field")
    if with_high.min() >= with_low.max() or with_low.min() >= with_high.max():
        raise SmtjError(
            "the reads turn from all low to all high in one step, so the slope has no upper bound; "
            "measure at more closely spaced fields"
        )
    return Counts(h, n_high, n, f)


def variance_inflation(correlation: ArrayLike) -> Floats:
    """f = (1 + ρ)/(1 - ρ): how much serial correlation inflates the variance of a mean.

    ρ in [0, 1) is that between successive reads.  Exact for many reads of a stationary two-state
    process, whose autocorrelation is ρ^k.
    """
    rho = np.asarray(correlation, dtype=np.float64)
    return (1 + rho) / (1 - rho)


def estimate_inflation(states: ArrayLike) -> Floats:
    """Estimate the variance inflation f ≥ 1 from the reads themselves, as a two-state process.

    ``states`` are the reads in their order, True for high, shape (reads, ...); f has shape (...).
    ρ is 1 less the two probabilities of leaving a state between successive reads.  Half a
    transition is added to each, so a rarely visited state makes neither 0 nor 1.  Reads that
    alternate more than by chance count as independent.
    """
    high = np.asarray(states, dtype=bool)
    before, after = high[:-1], high[1:]
    leaves_high = ((before & ~after).sum(axis=0) + 0.5) / (before.sum(axis=0) + 1)
    leaves_low = ((~before & after).sum(axis=0) + 0.5) / ((~before).sum(axis=0) + 1)
    return variance_inflation(np.clip(1 - leaves_high - leaves_low, 0, None))

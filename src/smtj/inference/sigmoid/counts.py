"""Counts of high reads, one at each field."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.typing import Floats

_MAX_FIELDS = 10_000


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
        """Number of independent reads that tell as much."""
        return self.total / self.inflation


def checked_counts(
    field: ArrayLike, high: ArrayLike, total: ArrayLike, inflation: ArrayLike
) -> Counts:
    """Return counts as arrays, or say what is wrong with them; as :func:`fit_sigmoid`."""
    h = np.atleast_1d(np.asarray(field, dtype=np.float64))
    given = (high, total, inflation)
    try:
        n_high, n, f = (np.broadcast_to(np.asarray(a, dtype=np.float64), h.shape) for a in given)
    except ValueError:
        raise SmtjError("counts and fields differ in number; give one count a field") from None
    if h.ndim != 1 or np.unique(h).size < 3:
        raise SmtjError("a sigmoid needs counts at three different fields or more")
    if not (np.isfinite(h).all() and (n > 0).all() and (n_high >= 0).all() and (n_high <= n).all()):
        raise SmtjError("fields must be finite, and counts from 0 to the number of reads, above 0")
    if not (f >= 1).all():
        raise SmtjError("a variance inflation must be 1 or more; 1 stands for independent reads")
    if h.size > _MAX_FIELDS:
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
            "the reads turn from all low to all high at one step, so that no slope is too steep; "
            "measure at fields closer together"
        )
    return Counts(h, n_high, n, f)


def wilson_interval(
    high: ArrayLike, total: ArrayLike, inflation: ArrayLike = 1.0, level: float = 0.6827
) -> tuple[Floats, Floats]:
    """Confidence interval of a probability from counts; never empty, never outside [0, 1].

    Parameters
    ----------
    high, total
        Number of high reads, and of all reads.
    inflation
        Variance inflation f.
    level
        Confidence; by default that of one standard error.

    References
    ----------
    E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi:10.1080/01621459.1927.10502953.
    """
    n = np.asarray(total, dtype=np.float64) / np.asarray(inflation, dtype=np.float64)
    p = np.asarray(high, dtype=np.float64) / np.asarray(total, dtype=np.float64)
    z = normal_quantile(level)
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # Rounding must not put the share itself outside, as it would where all reads are alike.
    return np.clip(middle - half, 0, p), np.clip(middle + half, p, 1)


def normal_quantile(level: float) -> float:
    """Half-width of a two-sided interval, in standard errors of a normal distribution."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))

"""How many reads a table of probabilities was taken with, by how coarse its numbers are.

A share of n reads is a multiple of 1/n.  Where every share is a multiple of 0.02, n was rather 50
than the 100 that stand in the table, and its errors are √2 larger than they look.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.sigmoid.goodness import SIGNIFICANT
from smtj.inference.sigmoid.sigmoid import SigmoidFit, fit_sigmoid
from smtj.typing import Floats

TINY = 1e-3
"""A grain is reported where chance would produce it more rarely than this."""

_MAX_DECIMALS = 9
_CANDIDATES = 1000
"""No grain finer than one in so many is looked for."""


@dataclass(frozen=True)
class Granularity:
    """The number of reads that shares of high reads speak for."""

    stated: int
    """Number of reads that the data claim."""
    likely: int
    """Number of reads that the shares speak for; the stated one where nothing is wrong with it."""
    chance: float
    """Chance that shares of so many reads as stated would be as coarse as these."""
    sentence: str | None
    """What to tell the user; nothing where the stated number may be right."""


@dataclass(frozen=True, eq=False)
class CurveFit:
    """A sigmoid fitted to shares of high reads."""

    granularity: Granularity
    fit: SigmoidFit
    """The fit to be used, with the likely number of reads."""
    as_stated: SigmoidFit
    """The fit with the stated number, for comparison: the same w and H_s, narrower errors."""

    @property
    def sentence(self) -> str:
        """Which number of reads was used, and what the fit says with either."""
        grain, used = self.granularity, self.fit.verdict
        if grain.likely == grain.stated:
            return f"fitted with {grain.stated} reads a point: {used}"
        # A p-value from draws is a bound where none of them was as far off.
        p = self.as_stated.p_value
        shown = f"{p:.1g}" if p >= SIGNIFICANT else f"below {SIGNIFICANT:g}"
        return (
            f"fitted with {grain.likely} reads a point instead of the {grain.stated} stated: "
            f"{used}; with {grain.stated} reads p would be {shown}"
        )


def granularity(probability: ArrayLike, reads: int) -> Granularity:
    """Find out whether shares of high reads are coarser than their number of reads explains.

    Shares of 0 and 1 say nothing, for they are multiples of everything.  For every other share
    the chance of being a multiple of the grain is that of a binomial count of the stated number
    of reads with the share itself for its probability, which makes such multiples likely.  The
    product of these chances, times the number of grains that were looked for, is the chance that
    is reported.

    Parameters
    ----------
    probability
        Shares of high reads in [0, 1], of all points that were measured alike; any shape.  They
        may have been rounded to decimals, and need not be exact as floats.
    reads
        Number of reads of each that the data claim.

    Returns
    -------
    Granularity
        The coarsest grain that all shares have.  Multiples of 0.1 or 0.01 may come from rounding
        and count as such: nothing is said of them.

    Raises
    ------
    SmtjError
        A share is not within [0, 1], or the number of reads is not 1 or more.
    """
    shares = np.asarray(probability, dtype=np.float64).ravel()
    if not ((shares >= 0) & (shares <= 1)).all():
        raise SmtjError("shares of high reads must be from 0 to 1")
    if reads != int(reads) or reads < 1:
        raise SmtjError(f"the number of reads is {reads:g}; it must be a whole number, 1 or more")
    n = int(reads)
    inner = shares[(shares > 1e-9) & (shares < 1 - 1e-9)]
    if not inner.size:
        return Granularity(n, n, 1.0, None)
    decimals = _decimals(inner)
    half_digit = 0.5 * 10.0**-decimals if decimals < _MAX_DECIMALS else 0.0
    tolerance = half_digit * (1 + 1e-6) + 2e-9
    candidates = range(2, min(n, _CANDIDATES + 1))
    coarse = next((m for m in candidates if _are_multiples(inner, m, tolerance).all()), None)
    if coarse is None:
        return Granularity(n, n, 1.0, None)
    chances = [_chance_of_multiple(share, n, coarse, decimals, tolerance) for share in inner]
    chance = min(1.0, math.prod(chances) * len(candidates))
    if chance >= TINY:
        return Granularity(n, n, chance, None)
    return Granularity(
        n,
        coarse,
        chance,
        f"every share of high reads is a multiple of {1 / coarse:.4g}, which shares of {n} reads "
        f"would be with a chance of {chance:.0e}; there were rather {coarse} reads a point",
    )


def fit_shares(
    field: ArrayLike, probability: ArrayLike, granularity: Granularity, seed: int = 0
) -> CurveFit:
    """Fit P(high | H) to shares of high reads of which the number of reads may be misstated.

    The likely number of reads counts.  It leaves w and H_s as they are; the errors are then wide
    enough, and a curve is not called a bad sigmoid only because its reads were counted twice.

    Parameters
    ----------
    field
        H in any unit, shape (fields,).
    probability
        Share of high reads at each field.
    granularity
        From :func:`granularity` of the shares of this curve and of all that were measured alike;
        a single curve has often too few points to tell.
    seed
        As in :func:`smtj.inference.sigmoid.sigmoid.fit_sigmoid`.

    Raises
    ------
    SmtjError
        As :func:`smtj.inference.sigmoid.sigmoid.fit_sigmoid`.
    """
    shares = np.asarray(probability, dtype=np.float64)
    used, as_stated = (
        fit_sigmoid(field, shares * n, n, seed=seed)
        for n in (granularity.likely, granularity.stated)
    )
    return CurveFit(granularity, used, as_stated)


def _decimals(shares: Floats) -> int:
    """Number of decimals that the shares have, up to the digits that floats leave uncertain."""
    return next(
        (d for d in range(1, _MAX_DECIMALS) if np.abs(np.round(shares, d) - shares).max() < 1e-9),
        _MAX_DECIMALS,
    )


def _are_multiples(shares: Floats, grain: int, tolerance: float) -> NDArray[np.bool_]:
    """Whether shares are multiples of 1/grain but for rounding."""
    return np.abs(np.rint(shares * grain) / grain - shares) <= tolerance


def _chance_of_multiple(
    share: float, reads: int, grain: int, decimals: int, tolerance: float
) -> float:
    """Chance that a share of so many reads, neither 0 nor 1, is a multiple of 1/grain."""
    from scipy.stats import binom

    middle, reach = share * reads, 10 * math.sqrt(reads * share * (1 - share)) + 10
    low, high = max(1, math.floor(middle - reach)), min(reads - 1, math.ceil(middle + reach))
    counts = np.arange(low, high + 1)
    chances = binom.pmf(counts, reads, share)
    fitting = _are_multiples(np.round(counts / reads, decimals), grain, tolerance)
    return float(chances[fitting].sum() / chances.sum())

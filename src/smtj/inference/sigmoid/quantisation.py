"""How many reads a table of probabilities was taken with, from how coarse its numbers are.

A fraction of n reads is a multiple of 1/n.  Where every fraction is a multiple of 0.02, n was
rather 50 than the 100 stated in the table, and its errors are √2 larger than they look.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.sigmoid.fit import SigmoidFit, fit_sigmoid
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.logistic import SIGNIFICANT
from smtj.typing import Floats

UNLIKELY = 1e-3
"""Chance below which a coarse grain is reported."""

_MAX_DECIMALS = 9
_MAX_GRAIN = 1000


@dataclass(frozen=True)
class Quantisation:
    """The number of reads that fractions of high reads are consistent with."""

    stated: int
    """Number of reads that the data claim."""
    likely: int
    """Number of reads that the fractions show; the stated one where nothing contradicts it."""
    chance: float
    """Chance that fractions of as many reads as stated are as coarse as these."""
    remarks: tuple[str, ...]
    """A sentence where the stated number is unlikely."""


@dataclass(frozen=True, eq=False)
class FractionFit:
    """A sigmoid fitted to fractions of high reads."""

    quantisation: Quantisation
    sigmoid: SigmoidFit
    """The fit to use, with the likely number of reads."""
    as_stated: SigmoidFit
    """The fit with the stated number, for comparison: the same w and H_s, narrower errors."""

    @property
    def reads(self) -> str:
        """The number of reads per point, or their range."""
        n = self.sigmoid.counts.total
        return f"{n.min():.0f}" + (f" to {n.max():.0f}" if np.ptp(n) > 0 else "")

    @property
    def verdict(self) -> str:
        """Which number of reads was used, and how good the fit is with either."""
        grain, used = self.quantisation, self.sigmoid.verdict
        if grain.likely == grain.stated or np.ptp(self.sigmoid.counts.total) > 0:
            return f"fitted with {self.reads} reads per point: {used}"
        # A p-value from simulated curves is a bound where none of them was as far off.
        p = self.as_stated.p_value
        shown = f"{p:.1g}" if p >= SIGNIFICANT else f"below {SIGNIFICANT:g}"
        return (
            f"fitted with {grain.likely} reads per point instead of the {grain.stated} stated: "
            f"{used}; with {grain.stated} reads p would be {shown}"
        )


def detect_quantisation(probability: ArrayLike, reads: int) -> Quantisation:
    """Find out whether fractions of high reads are coarser than their number of reads explains.

    Fractions of 0 and 1 say nothing, as they are multiples of everything.  For every other one, the
    chance of being a multiple of the grain is that of a binomial count of the stated number of
    reads with the fraction itself as its probability, which makes such multiples likely.  The
    product of these chances, times the number of grains tried, is the chance reported.

    ``probability``, of any shape, holds fractions in [0, 1] of all points measured alike, perhaps
    rounded to decimals or not exact as floats; the data claim ``reads`` reads of each.  Returns the
    coarsest grain that all have, but not multiples of 0.1 or 0.01, which rounding may make.  Raises
    SmtjError for a fraction outside [0, 1] or fewer than 1 reads.
    """
    fractions = np.asarray(probability, dtype=np.float64).ravel()
    if not ((fractions >= 0) & (fractions <= 1)).all():
        raise SmtjError("fractions of high reads must be from 0 to 1")
    if not math.isfinite(reads) or reads != int(reads) or reads < 1:
        raise SmtjError(f"the number of reads is {reads:g}; it must be a whole number, 1 or more")
    n = int(reads)
    inner = fractions[(fractions > 1e-9) & (fractions < 1 - 1e-9)]
    if not inner.size:
        return Quantisation(n, n, 1.0, ())
    decimals = _decimals(inner)
    half_digit = 0.5 * 10.0**-decimals if decimals < _MAX_DECIMALS else 0.0
    tolerance = half_digit * (1 + 1e-6) + 2e-9
    candidates = range(2, min(n, _MAX_GRAIN + 1))
    coarse = next((m for m in candidates if _are_multiples(inner, m, tolerance).all()), None)
    if coarse is None:
        return Quantisation(n, n, 1.0, ())
    chances = [_chance_of_multiple(f, n, coarse, decimals, tolerance) for f in inner]
    chance = min(1.0, math.prod(chances) * len(candidates))
    if chance >= UNLIKELY:
        return Quantisation(n, n, chance, ())
    remark = (
        f"every fraction of high reads is a multiple of {1 / coarse:.4g}, which {n} reads would "
        f"give with a chance of {chance:.0e}; there were rather {coarse} reads per point"
    )
    return Quantisation(n, coarse, chance, (remark,))


@guarded("the fit of P(H)")
def fit_fractions(
    field: ArrayLike,
    probability: ArrayLike,
    quantisation: Quantisation,
    seed: int = 0,
    unit: str = "A/m",
    reads: ArrayLike | None = None,
) -> FractionFit:
    """Fit P(high | H) to fractions of high reads whose number of reads may be misstated.

    The likely number of reads is used.  It leaves w and H_s unchanged; the errors are then wide
    enough, and a curve is not called a bad sigmoid because its reads were counted twice.

    ``field`` is H of each fraction, shape (fields,).  ``quantisation`` is from
    :func:`detect_quantisation` of this curve and of all measured alike; a single curve often has
    too few points.  ``reads``, of the shape of ``field``, are used where they differ from point to
    point.  The rest, SmtjError included, is that of
    :func:`smtj.inference.sigmoid.fit.fit_sigmoid`.
    """
    fractions = np.asarray(probability, dtype=np.float64)
    if reads is not None and np.ptp(reads) > 0:
        n = np.asarray(reads, dtype=np.float64)
        one = fit_sigmoid(field, fractions * n, n, seed=seed, unit=unit)
        return FractionFit(quantisation, one, one)
    likely, stated = quantisation.likely, quantisation.stated
    used = fit_sigmoid(field, fractions * likely, likely, seed=seed, unit=unit)
    as_stated = fit_sigmoid(
        field, fractions * stated, stated, seed=seed, unit=unit, scattered=False
    )
    return FractionFit(quantisation, used, as_stated)


def _decimals(fractions: Floats) -> int:
    """Return the number of decimals, up to the digits that floats leave uncertain."""
    errors = ((d, np.abs(np.round(fractions, d) - fractions)) for d in range(1, _MAX_DECIMALS))
    return next((d for d, error in errors if error.max() < 1e-9), _MAX_DECIMALS)


def _are_multiples(fractions: Floats, grain: int, tolerance: float) -> NDArray[np.bool_]:
    """Return whether fractions are multiples of 1/grain but for rounding."""
    return np.abs(np.rint(fractions * grain) / grain - fractions) <= tolerance


def _chance_of_multiple(
    fraction: float, reads: int, grain: int, decimals: int, tolerance: float
) -> float:
    """Chance that a fraction of so many reads, neither 0 nor 1, is a multiple of 1/grain."""
    from scipy.stats import binom

    middle, reach = fraction * reads, 10 * math.sqrt(reads * fraction * (1 - fraction)) + 10
    low, high = max(1, math.floor(middle - reach)), min(reads - 1, math.ceil(middle + reach))
    counts = np.arange(low, high + 1)
    chances = binom.pmf(counts, reads, fraction)
    fitting = _are_multiples(np.round(counts / reads, decimals), grain, tolerance)
    return float(chances[fitting].sum() / chances.sum())

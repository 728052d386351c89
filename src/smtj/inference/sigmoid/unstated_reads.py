"""How many reads are behind fractions whose table does not say so.

If all fractions are multiples of 1/n coarser than their digits, there were n reads each.  Otherwise
the scatter about the sigmoid tells: of n reads a fraction scatters with variance p(1 - p)/n, so
Pearson's χ² equals its degrees of freedom at the right n (P. McCullagh, J. A. Nelder, Generalized
Linear Models, 2nd ed. (1989), Sec. 4.5, doi:10.1201/9780203753736).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.sigmoid.pulse_law import fit_pulse_law
from smtj.inference.sigmoid.quantisation import detect_quantisation
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.estimate import NORMAL_95
from smtj.inference.stats.logistic import maximise, straight_line
from smtj.physics.arrays import logistic
from smtj.typing import Floats

MIN_POINTS = 4
"""Fewest points by whose scatter a number of reads is estimated."""

_MAX_DECIMALS = 6
_MAX_READS = 1e9
# Of pulses, for a curve whose scatter then says how many there were.
_PROVISIONAL = 1000.0


@dataclass(frozen=True)
class UnstatedReads:
    """The number of reads that fractions are consistent with."""

    reads: int
    """Reads that each fraction counts as."""
    remark: str
    """How that was found."""


@guarded("the number of reads")
def reads_of_fractions(
    drive: ArrayLike, probability: ArrayLike, curve: ArrayLike = 0
) -> UnstatedReads:
    """Return the number of reads behind each fraction of high reads, alike in several curves.

    Parameters
    ----------
    drive
        Field, voltage or current of each fraction, shape (points,).
    probability
        Fractions in [0, 1], shape (points,).
    curve
        Whole number of the curve to which each belongs, shape (points,).

    Raises
    ------
    SmtjError
        There are too few points to estimate their scatter.

    Examples
    --------
    >>> x = np.linspace(-60, 30, 19)
    >>> counts = np.random.default_rng(1).binomial(250, 1 / (1 + np.exp(-(x + 14) / 7)))
    >>> reads_of_fractions(x, counts / 250).reads
    250
    """
    x = np.asarray(drive, dtype=np.float64)
    fractions, found = _by_multiples(probability)
    if found is not None:
        return found
    if np.unique(x).size < MIN_POINTS:
        raise _too_few(np.unique(x).size)
    design = straight_line((x - x.mean()) / (float(np.ptp(x)) or 1.0))
    curves = np.broadcast_to(np.asarray(curve), x.shape)
    p = np.empty_like(x)
    for number in np.unique(curves):
        own = design[curves == number]
        theta = maximise(own, fractions[curves == number], np.ones(len(own)))
        p[curves == number] = logistic(own @ theta)
    return _by_scatter(fractions, p, "sigmoid", 2 * np.unique(curves).size)


@guarded("the number of pulses")
def reads_of_pulses(length: ArrayLike, probability: ArrayLike) -> UnstatedReads:
    """Return the number of pulses behind each fraction that has switched after a length of time.

    As :func:`reads_of_fractions`, with the scatter about 1 - exp[-(t/τ)^β] of
    :func:`smtj.inference.sigmoid.fit_pulse_law`.

    Examples
    --------
    >>> t = np.geomspace(5e-9, 160e-9, 12)
    >>> counts = np.random.default_rng(1).binomial(250, -np.expm1(-t / 40e-9))
    >>> reads_of_pulses(t, counts / 250).reads
    250
    """
    t = np.asarray(length, dtype=np.float64)
    fractions, found = _by_multiples(probability)
    if found is not None:
        return found
    if np.unique(t).size < MIN_POINTS:
        raise _too_few(np.unique(t).size)
    p = fit_pulse_law(t, fractions * _PROVISIONAL, _PROVISIONAL).probability(t)
    return _by_scatter(fractions, p, "curve")


def _by_multiples(probability: ArrayLike) -> tuple[Floats, UnstatedReads | None]:
    fractions = np.asarray(probability, dtype=np.float64)
    if not ((fractions >= 0) & (fractions <= 1)).all():
        raise SmtjError("fractions of high reads must be from 0 to 1")
    finest = 10 ** _decimals(fractions)
    grain = detect_quantisation(fractions, finest)
    if grain.likely >= finest:
        return fractions, None
    return fractions, UnstatedReads(
        grain.likely,
        f"the number of reads is not stated; every fraction is a multiple of 1/{grain.likely}, "
        f"so {grain.likely} reads each are assumed (reads=, --reads)",
    )


def _too_few(points: int) -> SmtjError:
    return SmtjError(
        f"the number of reads is not stated, and {points} points are too few to find it from "
        "their scatter; state it by reads= (--reads)"
    )


def _by_scatter(fractions: Floats, p: Floats, curve: str, parameters: int = 2) -> UnstatedReads:
    """The number of reads at which fractions scatter about their curve as they do."""
    from scipy.special import stdtrit

    weight = np.clip(p * (1 - p), 1e-12, None)
    freedom = max(fractions.size - parameters, 1)
    rounding = 1 / (12 * 10 ** (2 * _decimals(fractions)))
    variance = np.maximum((fractions - p) ** 2 - rounding, 0.0)
    chi = float((variance / weight).sum())
    n = freedom / chi if chi > 0 else _MAX_READS
    # The intervals of so many reads are those of a t-distribution.
    n *= (NORMAL_95 / float(stdtrit(freedom, 0.975))) ** 2
    most = min(10 ** _decimals(fractions), _MAX_READS)
    if n > most:
        return UnstatedReads(
            int(most),
            f"the number of reads is not stated; the points lie on the {curve} as closely as their "
            f"digits show, so the intervals are those of {int(most)} reads (reads=, --reads)",
        )
    reads = max(math.floor(n), 1)
    return UnstatedReads(
        reads,
        f"the number of reads is not stated; the points scatter about the {curve} like those of "
        f"{reads} reads, by which the intervals are calculated (reads=, --reads)",
    )


def _decimals(fractions: Floats) -> int:
    errors = ((d, np.abs(np.round(fractions, d) - fractions)) for d in range(1, _MAX_DECIMALS))
    return next((d for d, error in errors if error.max() < 1e-9), _MAX_DECIMALS)

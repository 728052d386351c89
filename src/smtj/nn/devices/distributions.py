"""Sources of variation between devices: a distribution times a scale.

A distribution turns a standard normal number into a value about a nominal one.  All of them start
from the same standard numbers, so that chips of one seed are alike under every scale and every
distribution: the device that is far out stays far out.  A new one is a function::

    def two_batches(nominal, scale, standard):
        return nominal + scale * np.sign(standard)

    Variability.of_card(card, offset_spread=Source(two_batches, 80.0, "A/m"))
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from smtj.errors import SmtjError

Numbers: TypeAlias = NDArray[np.float64]
Distribution: TypeAlias = Callable[[float, float, Numbers], Numbers]
"""Values from a nominal one, a scale and standard normal numbers."""

DEGREES_OF_FREEDOM = 3
"""Of the heavy-tailed distribution; the fewest whose standard deviation exists."""


def normal(nominal: float, scale: float, standard: Numbers) -> Numbers:
    """Nominal plus scale times a normal number; the scale is the standard deviation."""
    return nominal + scale * standard


def log_normal(nominal: float, scale: float, standard: Numbers) -> Numbers:
    """Nominal times exp(scale times a normal number), which never changes its sign.

    The scale is the standard deviation of the logarithm, the relative spread where it is small.

    Raises
    ------
    SmtjError
        The nominal value is zero.
    """
    if nominal == 0:
        raise SmtjError(
            "a log-normal spread multiplies, and what is nominally zero stays zero; use normal, "
            "uniform or heavy_tailed"
        )
    return nominal * np.exp(scale * standard)


def uniform(nominal: float, scale: float, standard: Numbers) -> Numbers:
    """Uniform about nominal; the scale is the standard deviation, the half-width √3 times it."""
    from scipy.special import ndtr

    return nominal + scale * math.sqrt(3) * (2 * ndtr(standard) - 1)


def heavy_tailed(nominal: float, scale: float, standard: Numbers) -> Numbers:
    """Student's t with 3 degrees of freedom about nominal; the scale is the standard deviation.

    One device in 160 is out by four standard deviations or more; of a normal law, one in 16,000.
    """
    from scipy.special import ndtr, stdtrit

    # By the nearer tail, so that far-out numbers keep their digits.
    tail = -stdtrit(DEGREES_OF_FREEDOM, ndtr(-np.abs(standard)))
    deviation = math.sqrt(DEGREES_OF_FREEDOM / (DEGREES_OF_FREEDOM - 2))
    return nominal + scale * np.copysign(tail, standard) / deviation


DISTRIBUTIONS: dict[str, Distribution] = {
    law.__name__: law for law in (normal, log_normal, uniform, heavy_tailed)
}
"""Distributions by name, as files have them; add yours to save chips that are drawn from it."""


@dataclass(frozen=True)
class Source:
    """How one quantity varies from device to device, or from chip to chip.

    Raises
    ------
    SmtjError
        The scale is negative or not finite.
    """

    distribution: Distribution
    scale: float
    """Standard deviation, in ``unit``; 0 for none."""
    unit: str = ""
    """SI unit, ``""`` for a relative spread."""

    def __post_init__(self) -> None:
        """Refuse a scale that is none."""
        if not 0 <= self.scale < math.inf:
            raise SmtjError(f"the scale of a source is {self.scale}; it must be 0 or more")

    def draw(self, nominal: float, standard: Numbers) -> Numbers:
        """Values about a nominal one, from standard normal numbers of any shape."""
        if self.scale == 0:
            return np.full(standard.shape, nominal)
        return self.distribution(nominal, self.scale, standard)

    @property
    def law(self) -> str:
        """Name of the distribution."""
        return getattr(self.distribution, "__name__", str(self.distribution))

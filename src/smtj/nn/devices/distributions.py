"""Sources of variation between devices: a distribution times a scale.

A distribution turns a standard normal number into a value around a nominal one.  All start from
the same standard numbers, so chips of one seed are alike under every scale and distribution: an
outlier stays an outlier.  A new distribution is a function::

    def two_batches(nominal, scale, standard):
        return nominal + scale * np.sign(standard)

    Variability.of_card(card, offset_spread=Source(two_batches, 80.0, "A/m"))
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from smtj.errors import SmtjError
from smtj.typing import Floats

Distribution: TypeAlias = Callable[[float, float, Floats], Floats]
"""Maps a nominal value, a scale and standard normal numbers to values."""

DEGREES_OF_FREEDOM = 3
"""Of the heavy-tailed distribution; the smallest number with a finite standard deviation."""


def normal(nominal: float, scale: float, standard: Floats) -> Floats:
    """Return nominal + scale · z; the scale is the standard deviation."""
    return nominal + scale * standard


def log_normal(nominal: float, scale: float, standard: Floats) -> Floats:
    """Return nominal · exp(scale · z), which never changes sign.

    The scale is the standard deviation of the logarithm, for small values the relative spread.
    """
    if nominal == 0:
        raise SmtjError(
            "a log-normal spread multiplies, so a nominal value of zero stays zero; use normal, "
            "uniform or heavy_tailed"
        )
    return nominal * np.exp(scale * standard)


def uniform(nominal: float, scale: float, standard: Floats) -> Floats:
    """Return uniform values; the scale is the standard deviation, the half-width √3 times it."""
    from scipy.special import ndtr

    return nominal + scale * math.sqrt(3) * (2 * ndtr(standard) - 1)


def heavy_tailed(nominal: float, scale: float, standard: Floats) -> Floats:
    """Return Student's t with 3 degrees of freedom; the scale is the standard deviation.

    One device in 160 deviates by four standard deviations or more; normally, one in 16,000.
    """
    from scipy.special import ndtr, stdtrit

    # From the nearer tail, so outliers keep their precision.
    tail = -stdtrit(DEGREES_OF_FREEDOM, ndtr(-np.abs(standard)))
    deviation = math.sqrt(DEGREES_OF_FREEDOM / (DEGREES_OF_FREEDOM - 2))
    return nominal + scale * np.copysign(tail, standard) / deviation


DISTRIBUTIONS: dict[str, Distribution] = {
    law.__name__: law for law in (normal, log_normal, uniform, heavy_tailed)
}
"""Distributions by the names used in files; add yours to save chips sampled from it."""


@dataclass(frozen=True)
class Source:
    """How one quantity varies from device to device, or from chip to chip."""

    distribution: Distribution
    scale: float
    """Standard deviation, in ``unit``; 0 for none."""
    unit: str = ""
    """SI unit, ``""`` for a relative spread."""

    def __post_init__(self) -> None:
        """Check the scale."""
        if not 0 <= self.scale < math.inf:
            raise SmtjError(f"a source has the scale {self.scale}; it must be 0 or more")

    def sample(self, nominal: float, standard: Floats) -> Floats:
        """Return values around a nominal one, from standard normal numbers of any shape."""
        if self.scale == 0:
            return np.full(standard.shape, nominal)
        return self.distribution(nominal, self.scale, standard)

    @property
    def law(self) -> str:
        """Name of the distribution."""
        return getattr(self.distribution, "__name__", str(self.distribution))

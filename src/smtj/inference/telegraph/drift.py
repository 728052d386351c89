"""Levels of a telegraph trace: the slow drift under it, and where a fit of them can start."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from smtj.inference.telegraph.kernels.spline import fill_regression, fill_spline
from smtj.typing import Floats

INTERVALS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Of the cubic splines that are tried."""
CYCLES_AN_INTERVAL = 10
"""Fewer pairs of dwells between two knots, and the drift could follow the telegraph."""


@dataclass(frozen=True)
class Drift:
    """Basis of a slow drift: a straight line, or a cubic spline with equal intervals."""

    start: float
    """Time of the first knot, in s."""
    width: float
    """Time between knots, in s."""
    degree: int
    """1 or 3."""
    intervals: int

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.intervals + self.degree

    def values(self, time: Floats, coefficients: Floats) -> Floats:
        """Return the drift at every time."""
        out = np.empty_like(time)
        fill_spline(time, self.start, self.width, self.degree, self.intervals, coefficients, out)
        return out

    def regression(self, time: Floats, value: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """Return matrix and right-hand side of the normal equations of a weighted regression."""
        gram, right = np.zeros((self.size, self.size)), np.zeros(self.size)
        fill_regression(
            time, value, weight, self.start, self.width, self.degree, self.intervals, gram, right
        )
        return gram, right

    def fit(self, time: Floats, value: Floats, weight: Floats) -> Floats:
        """Return the coefficients of a weighted regression."""
        gram, right = self.regression(time, value, weight)
        return np.asarray(np.linalg.solve(gram + self.stiffness, right))

    @cached_property
    def stiffness(self) -> Floats:
        """Ties coefficients that no reading decides (gaps) to the others, (size, size).

        Second differences of the coefficients weigh a millionth of a reading.
        """
        second = np.diff(np.eye(self.size), n=2, axis=0)
        return np.asarray(1e-6 * (second.T @ second))

    def moved_to(self, other: "Drift", coefficients: Floats, time: Floats) -> Floats:
        """Return the coefficients in another basis of the drift that comes closest."""
        return other.fit(time, self.values(time, coefficients), np.ones_like(time))


def straight(time: Floats) -> Drift:
    """Return the basis of a straight line over a trace."""
    return Drift(float(time[0]), float(time[-1] - time[0]), 1, 1)


def bent(time: Floats, intervals: int) -> Drift:
    """Return the basis of a cubic spline over a trace."""
    return Drift(float(time[0]), float(time[-1] - time[0]) / intervals, 3, intervals)


def drifts(time: Floats, cycle: float) -> Iterator[Drift]:
    """Yield the bases to be tried, ever more flexible, none fit to follow a telegraph.

    Parameters
    ----------
    time
        Of the readings, in s.
    cycle
        τ_high + τ_low, in s.
    """
    yield straight(time)
    for intervals in INTERVALS:
        basis = bent(time, intervals)
        if intervals > 1 and basis.width < CYCLES_AN_INTERVAL * cycle:
            return
        yield basis

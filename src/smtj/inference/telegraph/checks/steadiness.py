"""Do the dwell times stay the same over a record?

Switches out of each state are counted in blocks of the record.  A smooth change of the logarithms
of both rates has to be no better than chance, with the scatter that the blocks themselves show:
recrossings make switches come in clusters.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.typing import Floats
from smtj.units import format_scaled

BLOCKS, DEGREES = 24, (1, 3)
"""Blocks in which switches are counted, and degrees of the polynomial of ln of a rate in time."""
MIN_SWITCHES = 60
CHANCE = 5e-4
"""Of such a change in a steady record, below which it is told."""
MATTERS = 1.3
"""Ratio of dwell times of two quarters from which a change matters."""
LONG_STEP = 2.5
"""Median intervals after which it is not known how often the device has switched."""
NEWTON = 25
QUARTERS = ("first", "second", "third", "last")


@dataclass(frozen=True)
class Change:
    """How dwell times change over a record."""

    high: Floats
    """Mean dwell in s in each quarter, shape (4,), NaN where there was none; likewise ``low``."""
    low: Floats

    @property
    def sentence(self) -> str:
        """What is to be said of it."""
        parts = [
            f"{name} is {format_scaled(float(times[first]), 's', 2)} in its {QUARTERS[first]} "
            f"quarter and {format_scaled(float(times[last]), 's', 2)} in its {QUARTERS[last]}"
            for name, times in (("τ_high", self.high), ("τ_low", self.low))
            for first, last in [sorted((int(np.nanargmin(times)), int(np.nanargmax(times))))]
            if _matters(times)
        ]
        return (
            f"the dwell times change over the record: {', '.join(parts)}; the fit gives averages. "
            'Wait until the device is steady, or fit one stretch (--only "time=START:STOP s")'
        )


def change(time: Floats, states: NDArray[np.uint8], interval: float) -> Change | None:
    """Return how dwell times change, None if they stay the same as far as can be told.

    Parameters
    ----------
    time, states
        Of each reading, in s, and sampled from what the readings leave possible, 0 or 1.
    interval
        Median interval in s.
    """
    step = np.diff(time)
    counts = step < LONG_STEP * interval
    before, switched = states[:-1] == 1, states[1:] != states[:-1]
    each = [(counts & switched & own, step * (counts & own)) for own in (before, ~before)]
    if min(int(left.sum()) for left, _ in each) < MIN_SWITCHES / 2:
        return None
    edges = np.linspace(0, step.size, BLOCKS + 1).astype(np.intp)[:-1]
    counted = [
        (np.add.reduceat(left, edges), np.add.reduceat(stayed, edges)) for left, stayed in each
    ]
    if min(_chance(counted, degree) for degree in DEGREES) > CHANCE:
        return None
    quarters = edges[:: BLOCKS // 4]
    high, low = (
        np.where(total > 0, total / np.maximum(np.add.reduceat(left, quarters), 1), math.nan)
        for left, stayed in each
        for total in [np.add.reduceat(stayed, quarters)]
    )
    return Change(high, low) if _matters(high) or _matters(low) else None


def _chance(counted: list[tuple[NDArray[np.intp], Floats]], degree: int) -> float:
    """Return how likely a steady record changes as much, by a polynomial of a degree."""
    from scipy.special import fdtrc

    found = [_regression(counts, exposure, degree) for counts, exposure in counted]
    gain, rest = (sum(parts) for parts in zip(*found, strict=True))
    freedom = 2 * degree, 2 * (BLOCKS - 1 - degree)
    scatter = max(rest / freedom[1], 1.0)
    return float(fdtrc(*freedom, gain / freedom[0] / scatter))


def _matters(times: Floats) -> bool:
    return bool(np.nanmax(times) > MATTERS * np.nanmin(times))


def _regression(counts: NDArray[np.intp], exposure: Floats, degree: int) -> tuple[float, float]:
    """Return by how much a rate that changes beats a constant one (twice ln of the likelihood), and
    what is left of χ², by Poisson regression."""
    seen = exposure > 0
    n, exposed = counts[seen].astype(np.float64), exposure[seen] / exposure.sum()
    x = np.linspace(-1, 1, BLOCKS)[seen]
    basis = np.polynomial.legendre.legvander(x, degree)
    theta = np.zeros(degree + 1)
    theta[0] = math.log(n.sum())
    for _ in range(NEWTON):
        expected = exposed * np.exp(np.clip(basis @ theta, -30, 30))
        slope, curvature = basis.T @ (n - expected), (basis.T * expected) @ basis
        move = np.linalg.lstsq(curvature, slope, rcond=1e-9)[0]
        theta += move / max(1.0, float(np.abs(move).max()))
    constant = n.sum() * exposed
    gain = 2 * float(n @ (np.log(expected) - np.log(constant)) - (expected - constant).sum())
    return max(gain, 0.0), float(((n - expected) ** 2 / expected).sum())

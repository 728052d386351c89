"""How well a curve of probabilities fits counts, by simulating counts from it.

The deviance is a χ² only where every expected count is large.  A scan has fields at which nearly
every read is the same, where it is not: too small as a rule, and too large once in a while.
"""

from dataclasses import dataclass

import numpy as np

from smtj.inference.sigmoid.logistic import deviance, maximise, straight_line
from smtj.physics.arrays import logistic
from smtj.typing import Floats

SIGNIFICANT = 0.001
"""A curve is not a sigmoid where the chance of so bad a fit is below this."""

_FIRST, _MOST, _MAX_NUMBERS = 500, 1_000_000, 1_000_000
"""Curves drawn at first and at most; numbers drawn at once."""


@dataclass(frozen=True)
class Goodness:
    """What deviance to expect of a right curve, and the chance of one as large as was found."""

    p_value: float
    """At least one in a million and 1."""
    expected_deviance: float


def goodness_of_sigmoid(
    x: Floats, theta: Floats, total: Floats, observed: float, seed: int
) -> Goodness:
    """Compare a deviance with those of counts drawn from the fitted sigmoid and fitted again.

    Five hundred curves are drawn; where it is not clear from them on which side of
    :data:`SIGNIFICANT` the p-value lies, more, up to a million.

    Parameters
    ----------
    x
        Fields, scaled so that they differ by about 1; shape (fields,).
    theta
        Fitted a and b of the log-odds a + b x.
    total
        Number of independent reads, which need not be an integer: as many as the nearest integer
        are drawn, and given its weight.
    observed
        Deviance of the data.
    seed
        Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    design = straight_line(x)
    p = logistic(design @ theta)
    reads = np.maximum(np.rint(total), 1).astype(np.int64)

    def draw(count: int) -> Floats:
        return rng.binomial(reads, p, size=(count, len(x))) * (total / reads)

    def refitted(high: Floats) -> Floats:
        again = logistic(maximise(design, high, total, start=theta) @ design.T)
        return deviance(high, total, again)

    first = refitted(draw(_FIRST))
    # Sums of thousands of logarithms differ in their last digits.
    least = observed * (1 - 1e-9)
    drawn, exceeding = _FIRST, int((first >= least).sum())
    while drawn < _MOST and not _clear(exceeding, drawn):
        chunk = min(drawn, _MAX_NUMBERS // len(x))
        high = draw(chunk)
        # A fit again can only lessen the deviance.
        high = high[deviance(high, total, p) >= least]
        exceeding += int((refitted(high) >= least).sum())
        drawn += chunk
    return Goodness((exceeding + 1) / (drawn + 1), float(first.mean()))


def _clear(exceeding: int, drawn: int) -> bool:
    """Whether more draws would hardly change the verdict, nor a p-value that is not tiny."""
    expected = SIGNIFICANT * drawn
    decided = abs(exceeding - expected) > 3 * max(expected**0.5, 1)
    return decided and (exceeding >= 20 or drawn >= 4000)

"""What the bits of a sampled telegraph are worth, in closed form.

States read at equal intervals are a chain of two states, whatever the interval: a device that was
read high is read high again with the probability P + (1 - P) κ, κ = exp(-T/τ_r).
"""

import math
from dataclasses import dataclass

import numpy as np

from smtj.errors import SmtjError


@dataclass(frozen=True)
class Chain:
    """Bits of which each depends on the one before and on nothing else.

    Examples
    --------
    >>> chain = Chain.of_dwell_times(1e-3, 1e-3, 0.5e-3)  # read at the relaxation time
    >>> round(chain.entropy, 3), round(chain.min_entropy, 3)
    (0.9, 0.548)
    """

    stay_low: float
    """Probability that a 0 follows a 0."""
    stay_high: float
    """Probability that a 1 follows a 1."""

    @classmethod
    def of_dwell_times(cls, high: float, low: float, interval: float) -> "Chain":
        """Reads at an interval in s of a device with dwell times in s.

        Raises
        ------
        SmtjError
            One of them is not above 0.
        """
        if not min(high, low, interval) > 0:
            raise SmtjError(
                f"dwell times of {high:g} and {low:g} s and an interval of {interval:g} s; all "
                "must be above 0"
            )
        p, kept = high / (high + low), math.exp(-interval * (1 / high + 1 / low))
        return cls(1 - p * (1 - kept), p + (1 - p) * kept)

    @property
    def probability(self) -> float:
        """P(1)."""
        leave = 2 - self.stay_low - self.stay_high
        return (1 - self.stay_low) / leave if leave > 0 else 0.5

    @property
    def bias(self) -> float:
        """P(1) - ½."""
        return self.probability - 0.5

    @property
    def correlation(self) -> float:
        """κ, between neighbours; κ^k over k bits."""
        return self.stay_low + self.stay_high - 1

    @property
    def entropy(self) -> float:
        """Shannon entropy rate in bits per bit."""
        p = self.probability
        return (1 - p) * _binary(self.stay_low) + p * _binary(self.stay_high)

    @property
    def min_entropy(self) -> float:
        """Rate of min-entropy in bits per bit: that of the likeliest long sequence.

        It stays in one state or alternates.
        """
        alternate = math.sqrt((1 - self.stay_low) * (1 - self.stay_high))
        return max(0.0, -math.log2(max(self.stay_low, self.stay_high, alternate)))

    @property
    def steepest(self) -> float:
        """Largest |2p - 1| of the next bit's probability p, whatever the one before."""
        return max(abs(2 * self.stay_low - 1), abs(2 * self.stay_high - 1))

    def detectable(self, bits: float) -> float:
        """Standard errors by which bias or correlation shows in so many bits."""
        return math.sqrt(bits) * max(2 * abs(self.bias), abs(self.correlation))

    def von_neumann(self) -> tuple[float, "Chain"]:
        """Bits left of each by von Neumann's rule, and their own chain.

        Of pairs of bits, 01 gives 0, 10 gives 1 and equal bits nothing.  Both come equally often,
        as a chain of two states is reversible, so no bias is left; but a correlation is.
        """
        step = np.array([[self.stay_low, 1 - self.stay_low], [1 - self.stay_high, self.stay_high]])
        # f(s): chance that the next bit given out is a 1 (pair 10), after a pair that ended in s.
        again = np.array([[step[s, a] * step[a, a] for a in (0, 1)] for s in (0, 1)])
        out = np.array([step[s, 1] * step[1, 0] for s in (0, 1)])
        f = np.linalg.solve(np.eye(2) - again, out)
        p = self.probability
        rate = p * step[1, 0]
        # A 1 is the pair 10, which ends in 0; a 0 ends in 1.
        return float(rate), Chain(float(1 - f[1]), float(f[0]))

    def xor(self, streams: int) -> "Chain":
        """The XOR of independent equal streams: exact at P = ½, else its lower bound.

        The bound takes every bit as predictable as from all the states it is made of.
        """
        if abs(self.bias) < 1e-12:
            kept = self.correlation**streams
            return Chain((1 + kept) / 2, (1 + kept) / 2)
        best = (1 + self.steepest**streams) / 2
        return Chain(best, best)


def _binary(p: float) -> float:
    """Entropy of a bit of probability p."""
    return sum(-q * math.log2(q) for q in (p, 1 - p) if q > 0)

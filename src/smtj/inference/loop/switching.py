"""Switching, coercive and offset fields of the sweeps of a loop, with their intervals."""

import math

import numpy as np

from smtj.inference.loop.branches import Switch
from smtj.inference.stats.estimate import Estimate

EDGE = 0.01
"""Widening of the fields between which a switch happened, in steps, for readings on a switch."""


def switching_estimate(name: str, symbol: str, switches: list[Switch]) -> tuple[Estimate, int]:
    """Mean switching field of several sweeps, and the degrees of freedom of its error.

    These are 0 where the field is known to lie between two readings.
    """
    low, high = (np.array([getattr(s, end) for s in switches]) for end in ("low", "high"))
    step = float((high - low).mean())
    if low.max() < high.min() or len(switches) == 1:
        ends = float(low.max()), float(high.min())
        value = sum(ends) / 2
        edge = EDGE * (ends[1] - ends[0])
        interval = (ends[0] - edge, ends[1] + edge)
        error = (ends[1] - ends[0]) / math.sqrt(12)
        return Estimate(name, symbol, value, error, interval, "A/m", "Oe"), 0
    middles, m = (low + high) / 2, len(switches)
    # The scatter of the middles holds what the steps of the field add to it, unless all are alike.
    error = math.sqrt(max(float(middles.var(ddof=1)), step**2 / 12) / m)
    half = _quantile(m - 1) * error
    value = float(middles.mean())
    return Estimate(name, symbol, value, error, (value - half, value + half), "A/m", "Oe"), m - 1


def _quantile(freedom: float) -> float:
    """Half of a 95 % interval in standard errors."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def middle_or_width(up: Estimate, down: Estimate, sign: int, sweeps: list[int]) -> Estimate:
    """Coercive (sign -1) or offset (+1) field of both switching fields.

    ``sweeps`` are the degrees of freedom of both.  Where they are 0, steps of the field may shift
    both ends alike or oppositely, so half-widths are added.
    """
    value = (up.value + sign * down.value) / 2
    error = math.hypot(up.error, down.error) / 2
    if min(sweeps) > 0:
        # Satterthwaite's degrees of freedom.
        parts = [e.error**4 / freedom for e, freedom in zip((up, down), sweeps, strict=True)]
        half = _quantile((2 * error) ** 4 / sum(parts)) * error
        interval = (value - half, value + half)
    else:
        low, high = sorted(sign * end for end in down.interval)
        interval = ((up.interval[0] + low) / 2, (up.interval[1] + high) / 2)
    if sign < 0 and value < 0:
        value, interval = -value, (-interval[1], -interval[0])
    name, symbol = ("coercive field", "H_c") if sign < 0 else ("offset field", "H_off")
    return Estimate(name, symbol, value, error, interval, "A/m", "Oe")

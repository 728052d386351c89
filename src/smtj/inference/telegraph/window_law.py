"""The averaged telegraph: the law of the fraction f of a window that a two-state process spends
high.

Within a window of length T the fraction has an atom where nothing switches, and a density where
something does.  With a = T/τ_high, b = T/τ_low and z = 2 √(a b f (1 - f)) the densities, jointly
with the state at the end and given that at the start, are

    low to low    √(a b (1 - f)/f)  I_1(z) e^-(a f + b (1 - f)),   atom e^-b at f = 0,
    low to high   b I_0(z) e^-(a f + b (1 - f)),
    high to low   a I_0(z) e^-(a f + b (1 - f)),
    high to high  √(a b f/(1 - f))  I_1(z) e^-(a f + b (1 - f)),   atom e^-a at f = 1,

the occupation time of a two-state Markov process (P. J. Pedler, J. Appl. Prob. 8, 381 (1971),
doi:10.2307/3211908).  They are entire functions of f, so that an equally spaced rule with corrected
ends integrates them to high order.

A reading lies at the height g between the levels.  Where the signal averages, g = f.  Where its
inverse does, as that of a resistance at a constant voltage, which is V over the mean current,

    g = f/[1 + ρ (1 - f)],   f = g (1 + ρ)/(1 + ρ g),   ρ = D/low level,

and nodes that are equally spaced in g serve as well.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from smtj.typing import Floats

ORDER = 8
"""Points at each end whose weights are corrected."""
MIN_NODES = 20
NODES_OF_NOISE, NODES_OF_FRACTION = 2.0, 4.0
"""Nodes in the standard deviation of the noise, and in that of f."""


@dataclass(frozen=True, eq=False)
class FractionLaw:
    """Law of the height g of a reading, on nodes g = k/K; pairs are LL, LH, HL, HH."""

    table: Floats
    """Weight of a node times density and its slopes by ln τ_high and ln τ_low, then the fraction f
    of the window spent high, (K + 1, 13)."""
    atoms: Floats
    """e^-b, e^-a and their slopes by the logarithm of the dwell time they depend on, (4,)."""
    totals: Floats
    """Over all g: P(pair), its two slopes, and E[f; pair], (16,)."""


def fraction_densities(fraction: Floats, a: float, b: float) -> tuple[Floats, Floats, Floats]:
    """Return the densities of f with the state at the end, and their slopes by ln a and ln b.

    Parameters
    ----------
    fraction
        f in [0, 1], shape (n,).
    a, b
        Window length over τ_high, and over τ_low.

    Returns
    -------
    tuple of arrays
        Each of shape (n, 4): low to low, low to high, high to low, high to high, atoms left out.
    """
    from scipy.special import i0e, i1e

    high, low = a * fraction, b * (1 - fraction)
    z = np.sqrt(high * low)
    # The scaled Bessel functions take e^2z out, which leaves the square of a difference: no
    # overflow however long the window is.
    scale = np.exp(-((np.sqrt(high) - np.sqrt(low)) ** 2))
    zero = scale * i0e(2 * z)
    one = scale * np.divide(i1e(2 * z), z, out=np.ones_like(z), where=z > 0)
    within = z * z * one
    density = np.stack([a * low * one, b * zero, a * zero, b * high * one], axis=1)
    by_a = np.stack([a * low * zero, b * within, a * (zero + within), b * high * zero], axis=1)
    by_b = np.stack([a * low * zero, b * (zero + within), a * within, b * high * zero], axis=1)
    return density, by_a - high[:, None] * density, by_b - low[:, None] * density


def node_count(
    window: float, dwell_high: float, dwell_low: float, relative_noise: float, bend: float = 0.0
) -> int:
    """Return into how many parts g is divided, so that noise and density are both resolved.

    Parameters
    ----------
    window, dwell_high, dwell_low
        Window length and dwell times, in s.
    relative_noise
        Standard deviation of the noise over the separation of the levels.
    bend
        ρ, 0 or more.
    """
    total = dwell_high + dwell_low
    p, relaxation_time = dwell_high / total, dwell_high * dwell_low / total
    # g changes the least with f at the low level.
    width = math.sqrt(2 * p * (1 - p) * relaxation_time / window) / (1 + bend)
    needed = math.ceil(max(NODES_OF_NOISE / relative_noise, NODES_OF_FRACTION / width))
    return max(needed, int(MIN_NODES * (1 + bend)))


def fraction_law(
    window: float, dwell_high: float, dwell_low: float, nodes: int, bend: float = 0.0
) -> FractionLaw:
    """Return the law for a window, dwell times in s and ρ, on ``nodes`` + 1 nodes."""
    a, b = window / dwell_high, window / dwell_low
    height = np.linspace(0, 1, nodes + 1)
    fraction = height * (1 + bend) / (1 + bend * height)
    density, by_a, by_b = fraction_densities(fraction, a, b)
    weights = node_weights(nodes) * (1 + bend) / (1 + bend * height) ** 2
    table = np.concatenate([density, -by_a, -by_b], axis=1) * weights[:, None]
    stay_low, stay_high = math.exp(-b), math.exp(-a)
    atoms = np.array([stay_low, stay_high, b * stay_low, a * stay_high])
    totals = np.concatenate([table.sum(axis=0), fraction @ table[:, :4]])
    totals[[0, 3, 8, 7, 15]] += stay_low, stay_high, atoms[2], atoms[3], stay_high
    return FractionLaw(np.column_stack([table, fraction]), atoms, totals)


@lru_cache(maxsize=32)
def node_weights(nodes: int) -> Floats:
    """Return weights of the equally spaced rule on [0, 1], exact for polynomials below ORDER.

    The trapezoidal rule with Gregory's end corrections: Σ c_j j^m = -ζ(-m), except for
    m = 0, where it is ζ(0), over the first points at each end.
    """
    powers = np.arange(ORDER)
    moments = np.array([-1 / 2, 1 / 12, 0, -1 / 120, 0, 1 / 252, 0, -1 / 240])
    corrections = np.linalg.solve(powers[None, :].astype(float) ** powers[:, None], moments)
    weights = np.ones(nodes + 1)
    weights[:ORDER] += corrections
    weights[-ORDER:] += corrections[::-1]
    return weights / nodes

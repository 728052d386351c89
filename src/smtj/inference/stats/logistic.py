"""Binomial likelihood of a logistic curve: maximum, profiles and goodness of fit.

The log-odds of a high read are η = offset + design θ, with one row of the design per field.  The
loss is minus the log-likelihood; it is convex in θ, so it has one minimum.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.physics.arrays import logistic
from smtj.typing import Floats

SIGNIFICANT, WEAK = 0.001, 0.05
"""Probabilities of so bad a fit below which a curve is not a sigmoid, or only marginally one."""

_MAX_ITERATIONS, _MAX_HALVINGS = 100, 30
_MIN_GAIN = 1e-7
"""Twice the gain in log-likelihood; the next Newton step would gain about its square."""
_MAX_STEP = 5.0
"""Newton step in log-odds; larger ones reach where every probability is 0 or 1."""
_MIN_SAMPLES, _MAX_SAMPLES, _MAX_NUMBERS = 500, 1_000_000, 1_000_000
"""Simulated curves at first and at most; numbers sampled at once."""


def agreement(p_value: float) -> str:
    """Return how well a curve that is not refused agrees with its law, in words."""
    return "consistent" if p_value >= WEAK else "marginally consistent"


def straight_line(x: Floats) -> Floats:
    """Design of η = a + b x, shape (fields, 2)."""
    return np.stack([np.ones_like(x), x], axis=-1)


def maximise(
    design: Floats,
    high: Floats,
    total: Floats,
    offset: Floats | float = 0.0,
    start: ArrayLike = 0.0,
) -> Floats:
    """Return the θ of greatest likelihood, shape (..., parameters), of many data sets at once.

    ``design`` has shape (fields, parameters), with one or two parameters.  ``high`` and ``total``
    reads, shapes (..., fields) and (fields,), need not be integers.  The log-odds ``offset`` at θ =
    0 broadcasts to (fields,), the initial θ ``start`` to (..., parameters).  Where the likelihood
    rises forever, because every read can be predicted, θ stops where it no longer rises noticeably.
    """
    sets = np.atleast_2d(high)
    theta = np.array(np.broadcast_to(start, (len(sets), design.shape[1])), dtype=np.float64)
    products = design[:, :, None] * design[:, None, :]
    # Only the sets that still move are iterated.
    left, counts, eta = np.arange(len(sets)), sets, offset + theta @ design.T
    before = loss(eta, counts, total)
    for _ in range(_MAX_ITERATIONS):
        p = logistic(eta)
        slope = (counts - total * p) @ design
        step = _newton_step(np.tensordot(total * p * (1 - p), products, axes=1), slope)
        longest = np.abs(step @ design.T).max(axis=1)
        step /= np.maximum(longest / _MAX_STEP, 1.0)[:, None]
        after = loss(eta + step @ design.T, counts, total)
        # Halve steps that go past the minimum and up its other side.
        for _ in range(_MAX_HALVINGS):
            worse = after > before + 1e-13 * np.abs(before)
            if not worse.any():
                break
            step[worse] /= 2
            after = loss(eta + step @ design.T, counts, total)
        theta[left] += step
        moves = (slope * step).sum(axis=1) > _MIN_GAIN
        left, counts, before = left[moves], counts[moves], after[moves]
        if not left.size:
            break
        eta = offset + theta[left] @ design.T
    return theta.reshape(*np.shape(high)[:-1], design.shape[1])


def least_loss(direction: Floats, high: Floats, total: Floats, offset: Floats | float) -> float:
    """Return the least loss along η = offset + t direction; all of shape (fields,)."""
    t, low, up = 0.0, -math.inf, math.inf
    longest = _MAX_STEP / float(np.abs(direction).max())
    for _ in range(_MAX_ITERATIONS):
        p = logistic(offset + t * direction)
        slope = float(direction @ (high - total * p))
        curvature = float(direction**2 @ (total * p * (1 - p)))
        # The slope falls with t, so its sign says on which side the minimum lies.
        low, up = (t, up) if slope > 0 else (low, t)
        step = math.copysign(min(abs(slope) / max(curvature, 1e-300), longest), slope)
        t = t + step if low <= t + step <= up else (low + up) / 2
        if slope * step < _MIN_GAIN:
            break
    return float(loss(offset + t * direction, high, total))


def loss(eta: Floats, high: Floats, total: Floats) -> Floats:
    """Return minus the log-likelihood without the binomial coefficients; shape (...,)."""
    return np.asarray((total * np.logaddexp(0, eta) - high * eta).sum(axis=-1))


def information(x: Floats, weight: Floats) -> Floats:
    """Fisher information of (a, b) in η = a + b x, from total·p(1 - p) at each x."""
    cross = weight @ x
    return np.array([[weight.sum(), cross], [cross, weight @ x**2]])


def deviances(fractions: Floats, reads: Floats, p: Floats) -> Floats:
    """Twice the log-likelihood that a free probability at each field gains over ``p``, of shape
    (..., fields)."""
    from scipy.special import xlogy

    gain = xlogy(fractions, fractions) + xlogy(1 - fractions, 1 - fractions)
    return np.asarray(2 * reads * (gain - xlogy(fractions, p) - xlogy(1 - fractions, 1 - p)))


def deviance(high: Floats, total: Floats, p: Floats) -> Floats:
    """Return the sum of :func:`deviances` of ``high`` of ``total`` reads."""
    return np.asarray(deviances(high / total, total, p).sum(axis=-1))


def crossing(curve: Callable[[float], float], best: float, step: float, threshold: float) -> float:
    """Return where a profile that is 0 at ``best`` first exceeds a threshold.

    ``step`` is doubled until it does; infinite where it never does.
    """
    from scipy.optimize import brentq

    def excess(value: float) -> float:
        # The root of a profile is nearly a straight line.
        return math.sqrt(max(curve(value), 0.0)) - math.sqrt(threshold)

    inside, reach = best, step
    for _ in range(60):
        if excess(best + reach) > 0:
            return float(brentq(excess, inside, best + reach, xtol=1e-6 * abs(step)))
        inside, reach = best + reach, 2 * reach
    return math.copysign(math.inf, step)


@dataclass(frozen=True)
class Goodness:
    """Deviance expected of a correct curve, and the probability of one as large as observed."""

    p_value: float
    """From one in a million to 1."""
    expected_deviance: float


def goodness_of_fit(
    x: Floats, theta: Floats, total: Floats, observed: float, seed: int
) -> Goodness:
    """Compare a deviance with those of counts simulated from the fitted sigmoid and refitted.

    The deviance is a χ² only where every expected count is large.  Scans have fields at which
    nearly every read is the same, where it is usually too small and occasionally too large.  Five
    hundred curves are simulated, and more, up to a million, until it is clear on which side of
    :data:`SIGNIFICANT` the p-value lies.

    ``x`` are the fields, scaled to differ by about 1, shape (fields,); ``theta`` are the fitted a
    and b of the log-odds a + b x; ``observed`` is the deviance of the data.  Of ``total``, the
    number of independent reads, the nearest integer is sampled and given its weight.
    """
    rng = np.random.default_rng(seed)
    design = straight_line(x)
    p = logistic(design @ theta)
    reads = np.maximum(np.rint(total), 1).astype(np.int64)

    def sample(count: int) -> Floats:
        return rng.binomial(reads, p, size=(count, len(x))) * (total / reads)

    def refitted(high: Floats) -> Floats:
        again = logistic(maximise(design, high, total, start=theta) @ design.T)
        return deviance(high, total, again)

    first = refitted(sample(_MIN_SAMPLES))
    # Sums of thousands of logarithms differ in their last digits.
    least = observed * (1 - 1e-9)
    sampled, exceeding = _MIN_SAMPLES, int((first >= least).sum())
    while sampled < _MAX_SAMPLES and not _is_clear(exceeding, sampled):
        chunk = min(sampled, _MAX_NUMBERS // len(x))
        high = sample(chunk)
        # A refit can only lower the deviance.
        high = high[deviance(high, total, p) >= least]
        exceeding += int((refitted(high) >= least).sum())
        sampled += chunk
    return Goodness((exceeding + 1) / (sampled + 1), float(first.mean()))


def _is_clear(exceeding: int, sampled: int) -> bool:
    """Return whether more samples would hardly change the verdict or a p-value that is not tiny."""
    expected = SIGNIFICANT * sampled
    decided = abs(exceeding - expected) > 3 * max(expected**0.5, 1)
    return decided and (exceeding >= 20 or sampled >= 4000)


def _newton_step(information: Floats, slope: Floats) -> Floats:
    """Solve for one or two parameters, shapes (sets, k, k) and (sets, k)."""
    # Far out on a likelihood that rises forever the information is singular.
    ridge = 1e-12 * np.trace(information, axis1=1, axis2=2) + 1e-300
    information = information + ridge[:, None, None] * np.eye(slope.shape[1])
    return np.asarray(np.linalg.solve(information, slope[..., None])[..., 0])

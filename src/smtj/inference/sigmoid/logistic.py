"""Binomial likelihood of a logistic curve: its maximum for many data sets at once, and profiles.

The log-odds of a high read are η = offset + design θ, one row of the design a field.  The loss is
minus the log-likelihood; it is convex in θ, so that from any start there is one minimum.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from smtj.physics.arrays import logistic
from smtj.typing import Floats

_ITERATIONS, _HALVINGS = 100, 30
_MIN_GAIN = 1e-7
"""Of log-likelihood, twice: the next Newton step would gain about its square."""
_MAX_STEP = 5.0
"""In log-odds, so that a Newton step does not run into where every probability is 0 or 1."""


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
    """Return the θ of greatest likelihood.

    Where the likelihood rises for ever, because every read can be predicted, θ stops where it no
    longer rises noticeably.

    Parameters
    ----------
    design
        Shape (fields, parameters).
    high, total
        High and all reads; shapes (..., fields) and (fields,).  They need not be integers.
    offset
        Log-odds at θ = 0; broadcasts to (fields,).
    start
        θ to start from; broadcasts to (..., parameters).

    Returns
    -------
    array
        Shape (..., parameters).
    """
    sets = np.atleast_2d(high)
    theta = np.array(np.broadcast_to(start, (len(sets), design.shape[1])), dtype=np.float64)
    products = design[:, :, None] * design[:, None, :]
    # Of the sets that still move.
    left, counts, eta = np.arange(len(sets)), sets, offset + theta @ design.T
    before = loss(eta, counts, total)
    for _ in range(_ITERATIONS):
        p = logistic(eta)
        slope = (counts - total * p) @ design
        step = _newton_step(np.tensordot(total * p * (1 - p), products, axes=1), slope)
        longest = np.abs(step @ design.T).max(axis=1)
        step /= np.maximum(longest / _MAX_STEP, 1.0)[:, None]
        after = loss(eta + step @ design.T, counts, total)
        # Halve steps that go past the minimum and up its other side.
        for _ in range(_HALVINGS):
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
    """Return the least loss along η = offset + t direction, t free; of one set, shape (fields,)."""
    t, low, up = 0.0, -math.inf, math.inf
    longest = _MAX_STEP / float(np.abs(direction).max())
    for _ in range(_ITERATIONS):
        p = logistic(offset + t * direction)
        slope = float(direction @ (high - total * p))
        curvature = float(direction**2 @ (total * p * (1 - p)))
        # The slope falls with t, so that its sign says on which side the minimum lies.
        low, up = (t, up) if slope > 0 else (low, t)
        step = math.copysign(min(abs(slope) / max(curvature, 1e-300), longest), slope)
        t = t + step if low <= t + step <= up else (low + up) / 2
        if slope * step < _MIN_GAIN:
            break
    return float(loss(offset + t * direction, high, total))


def loss(eta: Floats, high: Floats, total: Floats) -> Floats:
    """Return minus the log-likelihood, the binomial coefficients left out; shape (...,)."""
    return np.asarray((total * np.logaddexp(0, eta) - high * eta).sum(axis=-1))


def information(x: Floats, weight: Floats) -> Floats:
    """Fisher information of (a, b) in η = a + b x, from total·p(1 - p) at each x."""
    cross = weight @ x
    return np.array([[weight.sum(), cross], [cross, weight @ x**2]])


def deviance(high: Floats, total: Floats, p: Floats) -> Floats:
    """Twice the log-likelihood that a free probability at every field gains on ``p``."""
    from scipy.special import xlogy

    low = total - high
    share = high / total
    gain = xlogy(high, share) + xlogy(low, 1 - share) - xlogy(high, p) - xlogy(low, 1 - p)
    return np.asarray(2 * gain.sum(axis=-1))


def crossing(curve: Callable[[float], float], best: float, step: float, threshold: float) -> float:
    """Where a profile that is 0 at ``best`` first exceeds a threshold, going by ``step``.

    The step is doubled until it does; infinite where it never does.
    """
    from scipy.optimize import brentq

    def excess(value: float) -> float:
        # Its root is nearly a straight line.
        return math.sqrt(max(curve(value), 0.0)) - math.sqrt(threshold)

    inside, reach = best, step
    for _ in range(60):
        if excess(best + reach) > 0:
            return float(brentq(excess, inside, best + reach, xtol=1e-6 * abs(step)))
        inside, reach = best + reach, 2 * reach
    return math.copysign(math.inf, step)


def _newton_step(information: Floats, slope: Floats) -> Floats:
    """Solve for one or two parameters, shapes (sets, k, k) and (sets, k)."""
    # Far out on a likelihood that rises for ever the information is singular.
    ridge = 1e-12 * np.trace(information, axis1=1, axis2=2) + 1e-300
    information = information + ridge[:, None, None] * np.eye(slope.shape[1])
    return np.asarray(np.linalg.solve(information, slope[..., None])[..., 0])

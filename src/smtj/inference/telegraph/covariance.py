"""Covariance of the parameters of a fit, of its levels and of its dwell times."""

import numpy as np

from smtj.inference.telegraph.climb import at_bounds, slopes
from smtj.inference.telegraph.model import Model, expectation
from smtj.inference.telegraph.readings import ROUNDING, Readings
from smtj.typing import Floats


def covariance_of(readings: Readings, z: Floats, model: Model) -> Floats:
    """Return the covariance of all parameters, 0 for those that are fixed or at a bound."""
    index = np.flatnonzero(model.free)
    each = slopes(readings, z, model)
    slope = each.sum(axis=0)
    information = each.T @ each - np.outer(slope, slope) / len(each)
    held, names = at_bounds(readings, model, slope), np.array(model.layout.names)[index]
    if held[names == "scale"].any():
        # Without noise the levels are exact, and their slopes no random numbers.
        held |= np.isin(names, ("offset", "gap", "ratio"))
    diagonal = np.where(held, 0.0, np.diag(information))
    keep = diagonal > 1e-10 * diagonal.max()
    scale = 1 / np.sqrt(diagonal[keep])
    inner = information[np.ix_(keep, keep)] * np.outer(scale, scale)
    inverse = np.linalg.pinv(inner, rcond=1e-9, hermitian=True) * np.outer(scale, scale)
    out = np.zeros((model.theta.size, model.theta.size))
    out[np.ix_(index[keep], index[keep])] = inverse
    if held[names == "scale"].any() and model.layout.states == 2:
        place = [int(model.layout.index[name][0]) for name in ("offset", "gap")]
        out[np.ix_(place, place)] = _of_scatter(readings, z, model)
    return out


def of_levels(model: Model, covariance: Floats, scale: float) -> Floats:
    """Return the covariance of the low and the high level, of which the unit may overflow."""
    index, turn = model.layout.index, np.zeros((2, len(covariance)))
    turn[:, index["offset"]] = 1.0
    turn[1, index["gap"]] = np.exp(model.get("gap"))
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(turn @ covariance @ turn.T * scale * scale)


def log_dwells(model: Model, covariance: Floats) -> tuple[Floats, Floats]:
    """Return ln of the mean dwell in each state, in intervals, and the covariance."""
    here = -np.log(-np.diag(model.rates))
    turn = np.zeros((here.size, model.theta.size))
    for i in model.layout.index["time"]:
        theta = model.theta.copy()
        theta[i] += 1e-4
        turn[:, i] = (-np.log(-np.diag(model.layout.rates(theta))) - here) / 1e-4
    return here, turn @ covariance @ turn.T


def _of_scatter(readings: Readings, z: Floats, model: Model) -> Floats:
    """Return the covariance of the low level and of ln of the gap from the scatter of the readings,
    where there is less noise than the likelihood allows."""
    found = expectation(readings, z, model)
    high = found.occupied[:, 0].astype(np.float64)
    square = (z - found.response) ** 2 * found.inlier
    low_variance, high_variance = (
        float(square @ weight) / max(float(found.inlier @ weight), 1.0) ** 2
        for weight in (1 - high, high)
    )
    # All readings of a level may be rounded alike.
    low_variance += (ROUNDING * readings.step) ** 2
    high_variance += (ROUNDING * readings.step) ** 2
    gap = float(np.diff(model.levels)[0])
    both = -low_variance / gap
    return np.array([[low_variance, both], [both, (low_variance + high_variance) / gap**2]])

"""Which imperfections a trace has: the model grows by what its slopes ask for."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smtj.inference.telegraph.baseline import Baseline, find_lines, sharpened
from smtj.inference.telegraph.climb import Maximum, climb, slopes
from smtj.inference.telegraph.model import ORDERS, Model, expectation
from smtj.inference.telegraph.readings import Readings
from smtj.inference.telegraph.start import refit
from smtj.typing import Floats

ROUNDS, TRIED, SETTLED = 9, 3, 1e-4
RESPONSES = ("pole", "window")
MIN_LOSS = 20.0
"""By which the log-likelihood falls where a baseline has gone astray."""
MARGIN = 2.0
"""By which a score test must exceed the price of its parameters (BIC)."""
LAGS = 2.5
"""Standard errors from which readings lag behind the states."""
MANY_OUTLIERS = 0.005
"""Fraction from which they may be a tail."""
FIRST_STEPS, STEPS, PUSH = 6, 5, {"pole": 0.3, "window": 0.3, "tail": 0.05}
"""Where parameters that start at their bound are let go."""


def grown(
    readings: Readings, model: Model, base: Baseline, given: frozenset[str] = frozenset()
) -> tuple[Maximum, Baseline]:
    """Return the maximum of a model with the imperfections that the readings show.

    A Lagrange multiplier test of each imperfection at the maximum without it picks the next.

    Parameters
    ----------
    readings, model, base
        The trace, and where to start.
    given
        Kinds of parameters that are not to be fitted: their values are known.
    """
    model = replace(model, is_rough=True)
    top = climb(readings, readings.signal - base.values(readings.time), model, FIRST_STEPS)
    dropped: set[str] = set()
    best_seen = top, base
    for _ in range(ROUNDS):
        base = refit(readings, top.model, _with_lines(readings, top.model, base))
        z = readings.signal - base.values(readings.time)
        top = climb(readings, z, top.model, STEPS)
        if top.log_likelihood < best_seen[0].log_likelihood - MIN_LOSS:
            # A baseline that follows the states.
            top, base = best_seen
            z = readings.signal - base.values(readings.time)
        best_seen = top, base
        # Which of them the first slope asks for most is not yet the best one.
        asked = _asked_for(readings, z, top.model, given, dropped)[:TRIED]
        if not asked:
            break
        found = [climb(readings, z, _richer(top.model, *one), STEPS) for one in asked]
        gains = [
            one.log_likelihood - top.log_likelihood - _price(where.size, readings)
            for one, (_, where) in zip(found, asked, strict=True)
        ]
        best = int(np.argmax(gains))
        if gains[best] > 0:
            top = found[best]
        dropped |= {name for gain, (name, _) in zip(gains, asked, strict=True) if gain <= 0}
    z = readings.signal - base.values(readings.time)
    top = climb(readings, z, top.model, STEPS)
    if model.layout.states == 2:
        # Growing may have led into noise that looks like states: once more from the start.
        for other in _from_start(model, top.model, given, _lags(readings, z, top.model)):
            again = climb(readings, z, other, 2 * STEPS)
            gain = again.log_likelihood - top.log_likelihood
            if gain > _price(again.size - top.size, readings):
                top = again
    return climb(readings, z, replace(top.model, is_rough=False), settled=SETTLED), base


def _lags(readings: Readings, z: Floats, model: Model) -> bool:
    """Whether readings lie on the side of the level that the state has just left, or those after
    them off the level that it has reached."""
    found = expectation(readings, z, model)
    rest = (z - found.response) * found.inlier
    change = np.diff(found.occupied[:, 0])
    then, after = change * rest[1:], change[:-1] * rest[2:]
    return bool(
        then.sum() < -LAGS * np.linalg.norm(then) or abs(after.sum()) > LAGS * np.linalg.norm(after)
    )


def _from_start(model: Model, found: Model, given: frozenset[str], lags: bool) -> list[Model]:
    """Return starts with the imperfections that were found, and with those that a score test
    misses: a pole beside a memory or for a window, any response if the readings lag, and heavy
    tails that look like outliers."""
    index = model.layout.index
    frees = [found.free] if found.order or not found.is_instant else []
    asked = {"pole"} if frees else set()
    if lags:
        asked = set(RESPONSES)
    if float(found.get("outliers")[0]) > MANY_OUTLIERS:
        asked.add("tail")
    for name in sorted(asked - given):
        if not found.free[index[name]].any():
            free = found.free.copy()
            if name in RESPONSES:
                for other in RESPONSES:
                    free[index[other]] = False
            free[index[name]] = True
            frees.append(free)
    out = []
    for free in frees:
        values = {name: value for name, value in PUSH.items() if free[index[name]].any()}
        out.append(replace(model, free=free).with_values(**values))
    return out


def _richer(model: Model, name: str, where: NDArray[np.intp]) -> Model:
    """Return a model with some more parameters free."""
    free = model.free.copy()
    free[where] = True
    richer = replace(model, free=free)
    return richer.with_values(**{name: PUSH[name]}) if name in PUSH else richer


def _with_lines(readings: Readings, model: Model, base: Baseline) -> Baseline:
    """Return the baseline with the lines that its residuals show, without coefficients for new."""
    time = readings.time
    drift_free = readings.signal - base.values(time)
    found = expectation(readings, drift_free, model)
    rest = (drift_free - found.response) * found.inlier
    known = base.lines
    if known.size:
        known = sharpened(time, rest + base.hum(time), known)
    lines = find_lines(time, rest, readings.interval, known, readings.is_regular)
    more = np.zeros(2 * (lines.size - known.size))
    return replace(base, lines=lines, coefficients=np.append(base.coefficients, more))


def _price(parameters: int, readings: Readings) -> float:
    """Return by how much parameters must raise the log-likelihood (BIC)."""
    return 0.5 * parameters * math.log(readings.size)


def _asked_for(
    readings: Readings, z: Floats, model: Model, given: frozenset[str], dropped: set[str]
) -> list[tuple[str, NDArray[np.intp]]]:
    """Return the kinds of parameters that a score test asks for, the most significant first, and
    their places."""
    index, free = model.layout.index, model.free
    candidates = {
        name: index[name]
        for name in ("ratio", "pole", "window", "skew", "tail")
        if name not in given
        and name not in dropped
        and index[name].size
        and not free[index[name]].any()
    }
    # A pole and a window are not told apart well enough for both.
    if free[index["pole"]].any() or free[index["window"]].any():
        candidates.pop("pole", None)
        candidates.pop("window", None)
    orders = int(free[index["memory"]].sum())
    if readings.is_regular and orders < ORDERS and "memory" not in dropped:
        candidates["memory"] = index["memory"][orders : orders + 1]
    if float(model.get("scale")[0]) <= math.log(readings.min_noise):
        # Noise that is less than can be seen has no shape and no memory.
        candidates = {name: own for name, own in candidates.items() if name in RESPONSES}
    wider = free.copy()
    for own in candidates.values():
        wider[own] = True
    each, order = slopes(readings, z, replace(model, free=wider)), np.flatnonzero(wider)
    scores = {}
    for name, own in candidates.items():
        columns = free[order] | np.isin(order, own)
        score = _score_test(each[:, columns], np.isin(order[columns], own), name in PUSH)
        scores[name] = score - 2 * _price(own.size, readings) - MARGIN
    return [(n, candidates[n]) for n in sorted(scores, key=lambda n: -scores[n]) if scores[n] > 0]


def _score_test(each: Floats, tested: NDArray[np.bool_], one_sided: bool) -> float:
    """Return the score statistic of some columns, given that the others are at their maximum."""
    information, slope = each.T @ each, each.sum(axis=0)
    rest = ~tested
    solved = np.linalg.lstsq(
        information[np.ix_(rest, rest)], information[np.ix_(rest, tested)], rcond=1e-10
    )[0]
    own = information[np.ix_(tested, tested)] - information[np.ix_(tested, rest)] @ solved
    g = slope[tested] - solved.T @ slope[rest]
    if one_sided and g[0] <= 0:
        return 0.0
    return float(g @ np.linalg.lstsq(own, g, rcond=1e-10)[0])

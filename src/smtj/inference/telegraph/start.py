"""Starting values: rough levels, dwell times and baseline, the likeliest of many guesses."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smtj.inference.stats.estimate import NORMAL_MAD
from smtj.inference.telegraph.baseline import Baseline, bent, best_baseline, straight
from smtj.inference.telegraph.climb import climb
from smtj.inference.telegraph.model import Layout, Model, expectation, gains
from smtj.inference.telegraph.readings import Readings
from smtj.typing import Floats

TWO = Layout(2)
Known = Mapping[str, float]
NOTHING: Known = {}
QUANTILES = ((0.05, 0.95), (0.2, 0.8), (0.5, 0.95), (0.05, 0.5), (0.5, 0.99), (0.01, 0.5))
"""Between them lie the levels of traces that are high for 5 to 95 % of the time."""
RARE, SELDOM, MIN_PAIRS = 4.0, 0.05, 3
"""Distance over noise from which readings are far from the rest, the part of them below which they
are seldom, and how often one has to follow another."""
MIN_SEPARATION = 0.3
"""Least distance of levels in standard deviations of the signal."""
BENDS, STRETCHES, MIN_STRETCH = 3, 5, 400
OFFSETS_PER_SEPARATION, MAX_OFFSETS = 8, 80
BLOCK_CYCLES, MIN_BLOCKS = 3.0, 16
SMALL_STEP = 2.0
"""Of the offset from block to block, in eighths of the separation, that costs one unit of ln."""
BLOCKS, MIN_BLOCK, STEADY, STEADY_NOISE = 16, 20, 3.5, 0.3
"""Stretches whose mean residuals are looked at, their least length, the standard errors up to which
they lie still, and the noise over the separation up to which that can be told."""
STEADY_INLIERS = 0.8
"""Least part of such a stretch that is no outlier."""
MIN_JUMP = 0.3
"""Least height of a jump over the separation that is sought."""


def winsorised(signal: Floats) -> Floats:
    """Return a signal with its outliers pulled in, safe for regressions."""
    low, high = np.quantile(signal, (0.02, 0.98))
    return np.clip(signal, 2 * low - high, 2 * high - low) if high > low else signal


def hysteresis(signal: Floats, low: float, high: float) -> NDArray[np.bool_]:
    """Return states by two thresholds: high from the upper one on until below the lower one."""
    event = np.where(signal > high, 1, np.where(signal < low, 0, -1))
    decided = np.flatnonzero(event >= 0)
    if decided.size == 0:
        return np.zeros(signal.size, bool)
    last = np.maximum.accumulate(np.where(event >= 0, np.arange(signal.size), decided[0]))
    return np.asarray(event[last] == 1)


def neutral(layout: Layout, known: Known = NOTHING) -> Model:
    """Return a model with white noise, all else neutral or known."""
    theta = layout.column({
        "time": 3.0, "offset": 0.0, "gap": 0.0, "scale": -1.0, "ratio": 0.0, "outliers": 0.005,
        "memory": 0.0, "pole": 0.0, "window": 0.0, "skew": 0.0, "tail": 0.0,
    })  # fmt: skip
    fixed = ("ratio", "memory", "pole", "window", "skew", "tail")
    free = np.array([name not in fixed for name in layout.names])
    return Model(layout, theta, free).with_values(**known)


def guesses(z: Floats, known: Known = NOTHING) -> Iterator[Model]:
    """Yield rough two-level models of a signal less baseline."""
    ends = np.quantile(z, QUANTILES)
    if np.diff(ends, axis=1).max() <= MIN_SEPARATION:
        # Both levels are seen in less than a hundredth of the readings, or there is only one.
        ends = np.array([[z.min(), max(z.max(), z.min() + 2 * MIN_SEPARATION)]])
    for below, above in ends.tolist():
        gap = above - below
        if gap > MIN_SEPARATION:
            yield _guess(z, below, above, known)
    centre = float(np.median(z))
    noise = NORMAL_MAD * float(np.median(np.abs(z - centre)))
    for far in (z - centre > RARE * noise, centre - z > RARE * noise):
        # A level that is rarely seen looks like outliers that follow each other.
        if far.mean() < SELDOM and np.count_nonzero(far[1:] & far[:-1]) >= MIN_PAIRS:
            level = float(np.median(z[far]))
            yield _guess(z, min(centre, level), max(centre, level), known)


def _guess(z: Floats, below: float, above: float, known: Known) -> Model:
    """Return a rough model of two levels at these values."""
    gap = above - below
    is_high = hysteresis(z, below + 0.3 * gap, below + 0.7 * gap)
    fraction = min(max(float(is_high.mean()), 0.01), 0.99)
    cycles = max(int(np.count_nonzero(is_high[1:] & ~is_high[:-1])), 1)
    cycle = max(z.size / cycles, 4.0)
    rest = z - below - gap * is_high
    noise = float(np.median(np.abs(rest - np.median(rest)))) * NORMAL_MAD
    noise = min(max(noise, 0.03 * gap), 0.4 * gap)
    return neutral(TWO, known).with_values(
        time=np.log([(1 - fraction) * cycle, fraction * cycle]),
        offset=below, gap=math.log(gap), scale=math.log(noise),
    )  # fmt: skip


def best_guess(
    readings: Readings, z: Floats, known: Known = NOTHING, steps: int = 3
) -> tuple[Model, float]:
    """Return the likeliest model after some steps from each of the better guesses."""
    ranked = sorted(guesses(z, known), key=lambda m: -float(gains(readings, z, m).sum()))
    climbed = [climb(readings, z, model, steps) for model in ranked[:3]]
    best = max(climbed, key=lambda top: top.log_likelihood)
    return best.model, best.log_likelihood


def start(readings: Readings, lines: Floats, known: Known = NOTHING) -> tuple[Model, Baseline]:
    """Return rough parameters of two levels and the baseline under them, with given hum."""
    time, signal = readings.time, readings.signal
    clipped = winsorised(signal)
    one, scored = np.ones(time.size), []
    flat, curved = (
        replace(shape, lines=lines).fit(time, clipped, one)[0]
        for shape in (straight(time), bent(time, BENDS))
    )
    for base in (flat, curved):
        model, _ = best_guess(readings, signal - base.values(time), known)
        scored.append(settle(readings, model, base))
        if _is_steady(readings, *scored[0][:2]):
            return scored[0][:2]
    followed = follow(readings, signal - flat.hum(time), lines, known)
    if followed is not None:
        scored.append(settle(readings, *followed))
    return max(scored, key=lambda one: one[2])[:2]


def _is_steady(readings: Readings, model: Model, base: Baseline) -> bool:
    """Whether the levels lie still: residuals of blocks average out, as those of white noise do."""
    z = readings.signal - base.values(readings.time)
    found = expectation(readings, z, model)
    rest, inlier = z - found.response, found.inlier.astype(np.float64)
    size = readings.size // BLOCKS
    if size < MIN_BLOCK or float(model.spread.max()) > STEADY_NOISE * float(
        np.diff(model.levels)[0]
    ):
        return False
    rows = (BLOCKS, size)
    weight = inlier[: BLOCKS * size].reshape(rows).sum(axis=1)
    if weight.min() < STEADY_INLIERS * size:
        # A level that a jump has moved away from both looks like outliers.
        return False
    means = (inlier * rest)[: BLOCKS * size].reshape(rows).sum(axis=1) / weight
    return float(np.abs(means * np.sqrt(weight)).max()) < STEADY * float(model.spread.max())


def settle(
    readings: Readings, model: Model, base: Baseline, rounds: int = 2, steps: int = 4
) -> tuple[Model, Baseline, float]:
    """Return model and baseline improved in turns, and how good they are (BIC)."""
    time, signal = readings.time, readings.signal
    for _ in range(rounds):
        base = refit(readings, model, base)
        z = signal - base.values(time)
        model = climb(readings, z, model, steps).model
    merit = float(gains(readings, z, model).sum())
    return model, base, merit - 0.5 * (base.size + base.jumps.size) * math.log(time.size)


def refit(readings: Readings, model: Model, base: Baseline) -> Baseline:
    """Return the best baseline under the states that a model expects; its mean is kept."""
    z = readings.signal - base.values(readings.time)
    found = expectation(readings, z, model)
    rest = readings.signal - found.response
    rates = -np.diag(model.rates)
    cycle = readings.interval * float((1 / rates).sum()) if model.layout.states > 1 else 0.0
    phi = model.autoregression[0] if readings.is_regular else np.empty(0)
    weight = found.inlier.astype(np.float64)
    return best_baseline(readings.time, rest, weight, phi, base, cycle)


def follow(
    readings: Readings, signal: Floats, lines: Floats, known: Known
) -> tuple[Model, Baseline] | None:
    """Find levels in short stretches, then follow the low one through drift and jumps.

    The offset of the levels is one of a grid in each block of a few cycles; the path through the
    blocks is the likeliest for which a small step is cheap and a jump has a fixed price.
    """
    n = readings.size
    length = max(n // STRETCHES, MIN_STRETCH)
    if n < 2 * length:
        return None
    models = []
    for first in np.linspace(0, n - length, STRETCHES).astype(np.intp).tolist():
        part = slice(first, first + length)
        piece = readings.part(part)
        model, gained = best_guess(piece, signal[part], known)
        models.append((gained, model))
    # The stretch of median separation.
    models.sort(key=lambda one: float(one[1].get("gap")[0]))
    model = models[len(models) // 2][1]
    gap = float(np.exp(model.get("gap")[0]))
    low, high = np.quantile(signal, (0.01, 0.99))
    count = int(min((high - low) / gap * OFFSETS_PER_SEPARATION + 3, MAX_OFFSETS))
    offsets = np.linspace(low - 0.2 * gap, high - 0.8 * gap, max(count, 3))
    if offsets[-1] - offsets[0] < 0.2 * gap:
        return None
    each = np.array([
        gains(readings, signal, model.with_values(offset=offset)) for offset in offsets
    ])  # fmt: skip
    cycle = float(np.exp(model.get("time")).sum())
    block = int(min(max(BLOCK_CYCLES * cycle, 20), max(n // MIN_BLOCKS, 1)))
    edges = np.arange(0, n, block)
    score = np.add.reduceat(each, edges, axis=1).T
    step = np.abs(offsets[:, None] - offsets) / gap * OFFSETS_PER_SEPARATION
    price = np.minimum((step / SMALL_STEP) ** 2, 3 + math.log(n))
    best, came = score[0], []
    for row in score[1:]:
        reached = best[:, None] - price
        came.append(reached.argmax(axis=0))
        best = reached.max(axis=0) + row
    path = [int(best.argmax())]
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    path.reverse()
    jumps, values = [], np.repeat(offsets[path], block)[:n]
    for k in range(1, len(path)):
        if abs(offsets[path[k]] - offsets[path[k - 1]]) > MIN_JUMP * gap:
            first, last = edges[k - 1], min(edges[k] + block, n)
            ahead = each[path[k - 1], first:last] - each[path[k], first:last]
            at = first + 1 + int(np.cumsum(ahead)[:-1].argmax())
            jumps.append(readings.time[min(at, n - 1)])
            values[first:at], values[at:last] = offsets[path[k - 1]], offsets[path[k]]
    # Response under the followed offset, then a smooth baseline through what is left.
    model = model.with_values(offset=0.0)
    found = expectation(readings, signal - values, model)
    base = replace(straight(readings.time), jumps=np.array(jumps), lines=lines)
    phi = model.autoregression[0] if readings.is_regular else np.empty(0)
    rest = readings.signal - found.response
    weight = found.inlier.astype(np.float64)
    base = best_baseline(readings.time, rest, weight, phi, base, cycle * readings.interval)
    return model, base

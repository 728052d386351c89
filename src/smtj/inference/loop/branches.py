"""Sweeps of a field: where they turn, and where the resistance switches within each."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from smtj.inference.stats.estimate import NORMAL_MAD
from smtj.typing import Floats

TURN = 0.05
"""Way back, relative to the range of the fields, that begins a new sweep."""
MIN_READINGS = 4
OUTLIER = 4.5
"""Distance from a level in standard deviations from which a reading belongs to neither."""
RESOLVED = 6.0
"""Separation of two levels, in standard deviations, at which single readings show the state."""


@dataclass(frozen=True)
class Branch:
    """Readings while the field rises or falls."""

    readings: slice
    rising: bool
    ordered: bool = True
    """False for fields in no order, which were sorted."""


@dataclass(frozen=True)
class Switch:
    """A change of level within a branch."""

    rising: bool
    """Whether the field rose."""
    low: float
    high: float
    """Fields between which it happened, the lower one first."""
    upwards: bool
    """Whether the resistance rises with the field here."""
    repeated: bool = False
    """Whether readings went back and forth between the levels within these fields."""


def split(field: Floats) -> list[Branch]:
    """Split fields in the order of measurement where they turn round."""
    tolerance = TURN * float(np.ptp(field))
    turns, extreme, direction = [0], 0, 0
    for i, value in enumerate(field):
        step = value - field[extreme]
        if direction == 0:
            if abs(step) > tolerance:
                direction, extreme = (1 if step > 0 else -1), i
        elif step * direction >= 0:
            extreme = i
        elif abs(step) > tolerance:
            turns.append(extreme)
            extreme, direction = i, -direction
    edges = [*turns, len(field)]
    branches = [
        Branch(slice(start, end), bool(field[end - 1] >= field[start]))
        for start, end in pairwise(edges)
        if end > start
    ]
    if len(branches) > max(3, len(field) / MIN_READINGS):
        return [Branch(slice(0, len(field)), True, ordered=False)]
    return branches


def two_levels(resistance: Floats) -> tuple[float, float, float]:
    """Return the low level, the high level, and the noise about them, ignoring outliers."""
    values = np.sort(resistance)
    count = np.arange(1, values.size)
    total = np.cumsum(values)[:-1]
    means = total / count, (values.sum() - total) / (values.size - count)
    # Otsu: the split with the largest variance between both groups.
    best = int(np.argmax(count * (values.size - count) * (means[1] - means[0]) ** 2)) + 1
    low, high = (float(np.median(part)) for part in (values[:best], values[best:]))
    distance = np.minimum(np.abs(resistance - low), np.abs(resistance - high))
    noise = NORMAL_MAD * float(np.median(distance))
    return low, high, max(noise, 1e-9 * (abs(high) + abs(low)), 1e-300)


def switches_of(
    field: Floats, resistance: Floats, branch: Branch, levels: tuple[float, float], noise: float
) -> tuple[list[Switch], Floats]:
    """Return the switches within a branch, and the state of each reading: 0, 1, or NaN between."""
    low, high = levels
    h, r = field[branch.readings], resistance[branch.readings]
    if high - low > RESOLVED * noise:
        state = np.where(r > (low + high) / 2, 1.0, 0.0)
        state[np.minimum(np.abs(r - low), np.abs(r - high)) > OUTLIER * noise] = math.nan
        return _by_reading(h, state, branch.rising), state
    return _by_likelihood(h, r, levels, noise, branch.rising)


def _by_reading(h: Floats, state: Floats, rising: bool) -> list[Switch]:
    seen = np.flatnonzero(np.isfinite(state)).tolist()
    changes = [(i, j) for i, j in pairwise(seen) if state[i] != state[j]]
    if not changes:
        return []

    def switch(first: tuple[int, int], last: tuple[int, int]) -> Switch:
        ends = sorted((float(h[first[0]]), float(h[last[1]])))
        upwards = (state[last[1]] > state[first[0]]) == rising
        return Switch(rising, ends[0], ends[1], bool(upwards), first != last)

    groups = [[changes[0]]]
    # Changes back and forth, a few readings apart, are one switch with telegraph noise.
    near = 0.15 * float(np.ptp(h))
    for change in changes[1:]:
        if abs(h[change[0]] - h[groups[-1][-1][1]]) < near:
            groups[-1].append(change)
        else:
            groups.append([change])
    return [switch(group[0], group[-1]) for group in groups if len(group) % 2]


def _by_likelihood(
    h: Floats, r: Floats, levels: tuple[float, float], noise: float, rising: bool
) -> tuple[list[Switch], Floats]:
    """Find the one switch of greatest likelihood, where noise hides the state of a reading."""
    from scipy.special import chdtri

    low, high = levels
    gain = ((r - low) ** 2 - (r - high) ** 2) / noise**2
    # χ² of high readings before or after each change, relative to all readings low.
    before = np.concatenate([[0.0], np.cumsum(gain)])
    cost = np.stack([-before, before - before[-1]])
    way, at = (int(i) for i in np.unravel_index(np.argmin(cost), cost.shape))
    position = np.arange(r.size)
    state = np.where((position < at) == (way == 0), 1.0, 0.0)
    flat = min(cost[0, 0], cost[0, -1])
    if at in (0, r.size) or flat - cost[way, at] < 2 * math.log(r.size) + 8:
        return [], state
    inside = np.flatnonzero(cost[way] < cost[way, at] + float(chdtri(1, 0.05)))
    inside = inside[(inside > 0) & (inside < r.size)]
    ends = sorted((float(h[inside.min() - 1]), float(h[inside.max()])))
    return [Switch(rising, ends[0], ends[1], (way == 1) == rising)], state

"""The verdict: two levels have to beat one, and further levels have to beat two."""

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from smtj.inference.telegraph.baseline import Baseline
from smtj.inference.telegraph.climb import Maximum, climb
from smtj.inference.telegraph.model import Layout, Model, expectation, gains
from smtj.inference.telegraph.readings import Readings
from smtj.inference.telegraph.search import grown
from smtj.inference.telegraph.start import neutral
from smtj.typing import Floats

Verdict = Literal[
    "two levels", "three levels", "four levels", "two fluctuators", "one level", "wandering",
    "faster than the sampling",
]  # fmt: skip

MIN_GAIN = 5.0
"""By which a richer description must beat a simpler one, in units of ln of the odds (BIC)."""
CORRELATED = 0.5
"""Correlation between readings above which nobody doubts it."""
NO_CORRELATION = 0.01
"""Correlation between readings below which their density alone speaks for two levels."""
ONE_SIDED_95 = 2.706
"""Likelihood ratio of one parameter at its limit, at 5 %."""
UNCORRELATED = 40.0
"""Relaxation times per interval at which nothing is left of the correlation."""
WANDERS = 2.0
"""Slow part of a signal without levels over its fast noise, from which it wanders."""
APART, MIN_OCCUPANCY, MIN_VISITS, MIN_DWELL = 2.0, 0.005, 10.0, 3.0
"""What a further level needs: distance over noise, fraction of the time, visits, and readings (or
times of the response) per visit."""
GUESSES = (-0.7, 0.25, 0.5, 0.75, 1.7)
"""Where a third level is tried, over the separation of two."""
SHARES = (0.2, 0.5, 0.8)
"""Of one of two equal fluctuators in a rate, at the start."""
FOLLOWED, FIRST_STEPS, STEPS, SHORT = 3, 4, 20, 5000
CLUSTERINGS = 20
"""Starts of the search for clusters."""
EXAMINED = 20_000
"""Readings that are examined for further levels at most."""


@dataclass(frozen=True)
class Evidence:
    """The verdict, and the gains (ln of the odds) that it rests on."""

    verdict: Verdict
    gain_of_second_level: float
    gain_of_third_level: float
    correlation: float
    """Of the states between successive readings."""

    @property
    def sentence(self) -> str:
        """The verdict with its reason."""
        second = f"log-odds against one level {self.gain_of_second_level:.0f}"
        if self.verdict in ("one level", "wandering"):
            return f"{self.verdict}: log-odds of two levels {self.gain_of_second_level:.1f}"
        if self.verdict == "faster than the sampling":
            return f"two levels, but successive readings do not correlate; {second}"
        if self.verdict == "two levels":
            return f"two levels: {second}"
        return f"{self.verdict}: log-odds against two levels {self.gain_of_third_level:.0f}"


def merit(top: Maximum, base: Baseline, readings: Readings) -> float:
    """Return the log-likelihood less the price of all parameters (BIC)."""
    return top.log_likelihood - 0.5 * (top.size + base.size) * math.log(readings.size)


def one_level(readings: Readings, base: Baseline) -> tuple[Maximum, Baseline]:
    """Return the best description of a trace by one level, noise with memory, and a baseline."""
    model = neutral(Layout(1))
    model = replace(model, free=model.free & (np.array(model.layout.names) != "offset"))
    flat, _, _ = base.fit(readings.time, readings.signal, np.ones(readings.size))
    noise = float(np.std(readings.signal - flat.values(readings.time)))
    model = model.with_values(scale=math.log(max(noise, readings.min_noise)))
    return grown(readings, model, flat)


def uncorrelated(readings: Readings, z: Floats, model: Model) -> tuple[Model, float]:
    """Return the best two-level model whose states do not correlate, and its log-likelihood."""
    best, total = model, -math.inf
    occupancy = float(model.occupancy[1])
    for _ in range(30):
        found = with_relaxation(best, occupancy, 1 / UNCORRELATED)
        top = climb(readings, z, replace(found, free=found.free & ~_named(found, "time")), 3)
        gained, best, total = top.log_likelihood - total, top.model, top.log_likelihood
        if gained < 0.1:
            break
        occupancy = float(expectation(readings, z, best).occupied.mean())
    return replace(best, free=model.free), total


def with_relaxation(model: Model, occupancy: float, time: float) -> Model:
    """Return a two-level model with another occupancy of the high level and relaxation time."""
    p = min(max(occupancy, 1e-4), 1 - 1e-4)
    return model.with_values(time=np.log([time / p, time / (1 - p)]))


def longest_relaxation(readings: Readings, z: Floats, model: Model, highest: float) -> float:
    """Return the upper 95 % limit of the relaxation time of an uncorrelated trace, in intervals."""
    from scipy.optimize import brentq

    p = float(model.occupancy[1])

    def fall(log_time: float) -> float:
        tried = with_relaxation(model, p, math.exp(log_time))
        return 2 * (highest - float(gains(readings, z, tried).sum())) - ONE_SIDED_95

    ends = (-math.log(UNCORRELATED), math.log(readings.size))
    if fall(ends[0]) >= 0:
        return 1 / UNCORRELATED
    return math.exp(float(brentq(fall, *ends, xtol=1e-4)))


def lifted(model: Model, layout: Layout, levels: Floats, times: Floats) -> Model:
    """Return a model of more states with the noise and the response of one of two."""
    new = neutral(layout)
    free = new.free.copy()
    values: dict[str, Floats | float] = {"offset": levels[0], "time": times}
    values["gap"] = np.log(np.diff(levels) if not layout.is_pair else levels[[1, 2]] - levels[0])
    for name in ("scale", "outliers", "memory", "pole", "window", "tail"):
        values[name] = model.get(name)
        free[layout.index[name]] = model.free[model.layout.index[name]]
    return replace(new, free=free).with_values(**values)


def further_levels(readings: Readings, z: Floats, two: Model) -> list[Maximum]:
    """Return the best three levels, four, and two fluctuators, with white noise and without a
    response, where they beat two levels like that."""
    white = replace(two, free=two.free & ~_named(two, "memory", "pole", "window"))
    white = white.with_values(memory=0.0, pole=0.0, window=0.0)
    if not two.is_instant or two.order:
        white = climb(readings, z, white, FIRST_STEPS).model
    low, high = white.levels
    gap, times = high - low, white.get("time")
    three, pair = Layout(3), Layout(4, is_pair=True)
    place = [np.sort([low, high, low + part * gap]) for part in GUESSES]
    threes = [lifted(white, three, levels, np.full(6, times.mean() + 1)) for levels in place]
    pairs = []
    for part, slower in product((0.35, 0.65, 1.0), (1.5, -1.5)):
        levels = low + gap * np.array([0, 1.0, part, 1.0 + part]) - 0.5 * part * gap
        pairs.append(lifted(white, pair, levels, np.concatenate([times, times + slower])))
    for part in (0.3, 0.45):
        # The sum of both spans what two levels took for their separation.
        levels = low + gap * np.array([0, 1 - part, part, 1.0])
        pairs.append(lifted(white, pair, levels, np.concatenate([times, times])))
    fours = [_clustered(z, white, Layout(4))]
    own, free = float(gains(readings, z, white).sum()), int(white.free.sum())
    out = []
    for starts in ([*threes, _clustered(z, white, three)], fours, pairs):
        best = _best_of(readings, z, starts)
        price = 0.5 * (best.size - free) * math.log(readings.size)
        if best.log_likelihood - own - price > 0 and has_dwells(readings, best.model):
            out.append(best)
    return out


def _clustered(z: Floats, white: Model, layout: Layout) -> Model:
    """Return a start whose levels are where the readings cluster."""
    from scipy.cluster.vq import kmeans

    levels, distance = kmeans(z[:SHORT], layout.states, iter=CLUSTERINGS, rng=0)
    times = np.full(len(layout.moves), white.get("time").mean() + 1)
    start = lifted(white, layout, np.sort(levels), times)
    noise = math.log(max(distance, 1e-2 * float(np.ptp(levels))))
    # What two levels call outliers may be a level.
    return start.with_values(scale=noise, outliers=neutral(layout).get("outliers"))


def _best_of(readings: Readings, z: Floats, starts: list[Model]) -> Maximum:
    """Return the best description that some steps from the likeliest starts find."""
    likely = sorted(starts, key=lambda model: -float(gains(readings, z, model).sum()))
    tried = (climb(readings, z, model, 2) for model in likely[:FOLLOWED])
    best = max(tried, key=lambda top: top.log_likelihood)
    return climb(readings, z, best.model, FIRST_STEPS)


def followed(readings: Readings, z: Floats, two: Model, best: Maximum) -> Maximum | None:
    """Return the maximum with the noise and response of two levels, None if it cannot beat them."""
    full = with_noise_of(two, best.model)
    if two.is_instant and two.order == 0:
        return climb(readings, z, full, STEPS)
    # A short look first: what the memory or the response explains gains nothing more.
    part = slice(0, min(SHORT, readings.size))
    own = float(gains(readings, z, two)[part].sum())
    found = climb(readings.part(part), z[part], full, FIRST_STEPS)
    return climb(readings, z, found.model, STEPS) if found.log_likelihood > own + 2 else None


def with_noise_of(two: Model, model: Model) -> Model:
    """Return a model of more levels with the noise and the response of two, to be fitted."""
    layout = model.layout
    full = lifted(two, layout, model.levels, model.get("time"))
    if layout.is_pair:
        return full
    free = full.free.copy()
    free[layout.index["ratio"]] = True
    return replace(full, free=free).with_values(ratio=model.get("ratio"))


def without_level(four: Model, empty: int) -> Model:
    """Return a start of three levels from four of which one is hardly visited."""
    kept = np.delete(np.arange(4), empty)
    rates = np.maximum(four.rates[np.ix_(kept, kept)], 1e-6)
    layout = Layout(3)
    times = np.array([-math.log(rates[move]) for move in layout.moves])
    return lifted(four, layout, four.levels[kept], times)


def as_pair(four: Model) -> Model:
    """Return a start of two independent fluctuators from four levels in any order."""
    low, first, second, _ = four.levels
    levels = np.array([low, first, second, first + second - low])
    rates = np.maximum(four.rates, 1e-6)
    times = -np.log([rates[0, 1], rates[1, 0], rates[0, 2], rates[2, 0]])
    return lifted(four, Layout(4, is_pair=True), levels, times)


def equal_pair(readings: Readings, z: Floats, three: Model) -> Maximum:
    """Return the best two fluctuators of one size whose sums are three levels."""
    layout = Layout(4, is_pair=True)
    order = np.argsort(three.levels)
    low, middle, high = three.levels[order]
    rates = np.maximum(three.rates[np.ix_(order, order)], 1e-6)
    starts = []
    for up, down in product(SHARES, SHARES):
        # From the lowest level either goes up, from the highest either comes down.
        rate = [part * rates[0, 1] for part in (up, 1 - up)]
        back = [part * rates[2, 1] for part in (down, 1 - down)]
        times = -np.log([rate[0], back[0], rate[1], back[1]])
        starts.append(lifted(three, layout, np.array([low, middle, middle, high]), times))
    return climb(readings, z, _best_of(readings, z, starts).model, STEPS)


def _named(model: Model, *names: str) -> NDArray[np.bool_]:
    return np.isin(model.layout.names, names)


def has_dwells(readings: Readings, model: Model) -> bool:
    """Whether each level is apart from the others and is visited often and long enough to count."""
    levels, spread = np.sort(model.levels), float(model.spread.mean())
    if np.diff(levels).min() < APART * spread:
        return False
    occupancy, dwells = model.occupancy, -1 / np.diag(model.rates)
    # A slow fluctuator beside a fast one leads to each level often.
    visits = occupancy * readings.size / dwells
    if model.layout.is_pair:
        dwells = np.exp(model.get("time"))
    response = max(1.0, float(model.get("pole")[0]))
    return bool(
        occupancy.min() > MIN_OCCUPANCY and visits.min() > MIN_VISITS
        and dwells.min() > MIN_DWELL * response
    )  # fmt: skip

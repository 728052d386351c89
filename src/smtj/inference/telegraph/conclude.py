"""Which verdict a trace gets: one level, two, more, wandering, or faster than the sampling."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from smtj.inference.telegraph import evidence as ev
from smtj.inference.telegraph.assembly import Assembly
from smtj.inference.telegraph.baseline import Baseline, straight
from smtj.inference.telegraph.checks.noise import noise_merit
from smtj.inference.telegraph.climb import Maximum
from smtj.inference.telegraph.evidence import Evidence, Verdict
from smtj.inference.telegraph.model import Model, expectation, most_probable_states
from smtj.inference.telegraph.more_levels import (
    BETTER,
    equal_fluctuators,
    further,
    merit_on,
    own_levels,
)
from smtj.inference.telegraph.pilot import Thinned
from smtj.inference.telegraph.readings import Readings
from smtj.inference.telegraph.result import TraceFit
from smtj.typing import Floats

KURTOSIS = (2.7, 4.0)
FOLLOW = 4.0
"""Outliers that follow outliers over what chance makes of them, from which they are a level."""
SEEN_APART = 3.0
"""Levels that are less apart, over the noise, have to beat noise of any spectrum and shape."""
REMEMBERS = 0.3
"""Correlation of successive readings from which further levels are sought."""
MIN_EVENTS = 2
"""Switches without which a trace has one level, with a jump."""


def conclude(
    given: Readings, part: Thinned, top: Maximum, base: Baseline, step: Callable[[], None]
) -> TraceFit:
    """Return the result of a fit.

    Parameters
    ----------
    given, part
        The trace, and the part of it on which ``top`` was found.
    top, base
        The best description by two levels, and its baseline.
    step
        Called twice on the way if there are two levels.
    """
    pilot, z = part.pilot, part.pilot.signal - base.values(part.pilot.time)
    one, one_base = ev.one_level(pilot, base)
    second = ev.merit(top, base, pilot) - ev.merit(one, one_base, pilot)
    correlation, is_fast, ratio_model, highest = 1.0, False, top.model, top.log_likelihood
    relaxation = 1 / float(-np.trace(top.model.rates))
    has_no_memory = part.stride == 1 and math.exp(-1 / relaxation) < ev.NO_CORRELATION
    if top.model.is_instant and part.stride == 1:
        correlation = math.exp(-1 / relaxation)
        if correlation < ev.CORRELATED:
            ratio_model, free_of_it = ev.uncorrelated(pilot, z, top.model)
            highest = max(highest, free_of_it)
            is_fast = 2 * (highest - free_of_it) < ev.ONE_SIDED_95
    switches = _expected_switches(top.model, pilot)
    looks_like_noise = has_no_memory or _seen_apart(top.model, relaxation) < SEEN_APART
    noise = -math.inf
    if pilot.is_regular and (is_fast or looks_like_noise):
        noise = _merit_of_noise(pilot, base, one_base)
        second = min(second, ev.merit(top, base, pilot) - noise)
    is_one = (
        second < ev.MIN_GAIN or switches < MIN_EVENTS or (is_fast and not _is_bimodal(top.model))
    )
    examined = pilot if pilot.size <= ev.EXAMINED else pilot.part(slice(0, ev.EXAMINED))
    third, more = -math.inf, None
    if is_one and (one.model.order or _remembers(pilot, one_base)):
        # Levels that two do not describe look like a memory.
        third, more = further(examined, top, base)
        least = max(merit_on(examined, one, one_base), noise * examined.size / pilot.size)
        if more is not None and merit_on(examined, *more) < least:
            more = None
    if is_one and more is None:
        if switches < MIN_EVENTS and second > ev.MIN_GAIN:
            one, one_base = _with_steps(pilot, z, top.model, base)
        wanders = _wanders(one, one_base, pilot)
        verdict: Verdict = "wandering" if wanders else "one level"
        evidence = Evidence(verdict, second, -math.inf, correlation)
        return Assembly(given, part, one, one_base, evidence).without_levels()
    if is_fast and more is None:
        evidence = Evidence("faster than the sampling", second, -math.inf, correlation)
        fast = replace(top, model=ratio_model)
        longest = ev.longest_relaxation(pilot, z, ratio_model, highest)
        return Assembly(given, part, fast, base, evidence).too_fast(longest)
    is_odd = base.jumps.size or not (top.model.is_plain and _is_usual(pilot, z, top.model))
    if more is None and is_odd:
        # A further level gives noise a shape or a memory, or looks like jumps or outliers.
        third, more = further(examined, top, base)
    if more is not None:
        best, best_base = own_levels(pilot, *more)
        layout = best.model.layout
        name: Verdict = "three levels" if layout.states == 3 else "four levels"
        twins = equal_fluctuators(pilot, best, best_base)
        if twins is not None and twins.log_likelihood > best.log_likelihood + BETTER:
            best, twins = twins, None
            layout = best.model.layout
        if layout.is_pair:
            name = "two fluctuators"
        evidence = Evidence(name, second, third, correlation)
        return Assembly(given, part, best, best_base, evidence).several(twins)
    evidence = Evidence("two levels", second, third, correlation)
    return Assembly(given, part, top, base, evidence).two(step)


def _remembers(readings: Readings, base: Baseline) -> bool:
    """Whether successive readings correlate clearly about a baseline."""
    rest = readings.signal - base.values(readings.time)
    rest -= rest.mean()
    return float(rest[1:] @ rest[:-1]) > REMEMBERS * float(rest @ rest)


def _seen_apart(model: Model, relaxation: float) -> float:
    """Return how far the levels are apart in the readings, over the noise: a slow response sees
    less of short dwells."""
    apart = float(np.diff(model.levels)[0] / model.spread.mean())
    slow = max(float(model.get("pole")[0]), float(model.get("window")[0]) / 2)
    return apart * math.sqrt(relaxation / (relaxation + slow))


def _is_bimodal(model: Model) -> bool:
    """Whether the readings of two levels have two maxima."""
    (low, high), spread, share = model.levels, model.spread, model.occupancy
    x = np.linspace(low - spread[0], high + spread[1], 400)[:, None]
    density = np.exp(-0.5 * ((x - model.levels) / spread) ** 2) @ (share / spread)
    return int(np.count_nonzero(np.diff(np.sign(np.diff(density))) < 0)) > 1


def _merit_of_noise(readings: Readings, base: Baseline, other: Baseline) -> float:
    """Return the merit of noise without levels on either baseline, on one if they are alike."""
    price = 0.5 * math.log(readings.size)
    alike = base.size == other.size and np.array_equal(base.jumps, other.jumps)
    signal = _unrounded(readings.signal)
    return max(
        noise_merit(signal - own.values(readings.time)) - price * own.size
        for own in ((other,) if alike else (base, other))
    )


def _unrounded(signal: Floats) -> Floats:
    """Return readings that have been rounded anywhere within their steps, as a density of noise
    would peak at each."""
    values = np.unique(signal)
    if values.size > signal.size / 4:
        return signal
    steps = np.random.default_rng(0).random(signal.size) - 0.5
    return np.asarray(signal + float(np.median(np.diff(values))) * steps)


def _with_steps(
    readings: Readings, z: Floats, model: Model, base: Baseline
) -> tuple[Maximum, Baseline]:
    """Return the description by one level with a jump where two levels have a switch."""
    states = most_probable_states(readings, z, model)
    jumps = readings.time[1:][states[1:] != states[:-1]]
    jumps = np.sort(np.append(base.jumps, jumps))
    return ev.one_level(readings, replace(straight(readings.time), jumps=jumps, lines=base.lines))


def _expected_switches(model: Model, readings: Readings) -> float:
    """Return how many switches a two-level model expects."""
    return float(readings.size * -2 * model.occupancy[0] * model.rates[0, 0])


def _wanders(one: Maximum, base: Baseline, readings: Readings) -> bool:
    """Whether the slow part of a signal without levels is large against its fast noise."""
    fast = float(one.model.scales[0])
    time = readings.time
    drift = base.without_jumps().values(time) - base.hum(time)
    slow = float(np.std(drift)) if base.size - 2 * base.lines.size > 2 else 0.0
    memory = float(one.model.spread[0]) if one.model.order else 0.0
    return max(slow, memory) > ev.WANDERS * fast


def _is_usual(readings: Readings, z: Floats, model: Model) -> bool:
    """Whether residuals in units of their noise have the kurtosis of a Gaussian, roughly, and
    outliers do not follow each other."""
    found = expectation(readings, z, model)
    low, high = model.spread
    rest = (z - found.response) / (low + (high - low) * found.occupied[:, 0])
    square = (rest * found.inlier) ** 2
    off = 1 - found.inlier
    pairs, expected = float(off[1:] @ off[:-1]), float(off.sum()) ** 2 / off.size
    is_bell = KURTOSIS[0] < float((square**2).mean() / square.mean() ** 2) < KURTOSIS[1]
    return is_bell and pairs < FOLLOW * (expected + 1)

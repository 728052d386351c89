"""Three or four levels, or two fluctuators, in a trace that two levels do not describe."""

import math
from dataclasses import replace

import numpy as np

from smtj.inference.telegraph import evidence as ev
from smtj.inference.telegraph.baseline import Baseline
from smtj.inference.telegraph.climb import Maximum, climb
from smtj.inference.telegraph.covariance import covariance_of
from smtj.inference.telegraph.model import Layout, Model, gains
from smtj.inference.telegraph.readings import Readings
from smtj.inference.telegraph.start import refit, settle

SIMPLER_STEPS = 10
SETTLING, ENOUGH_SETTLED = 10, 10.0
"""Turns of levels and baseline at most, and the gain with which they go on."""
BETTER, WORSE = 2.0, -5.0
"""Log-likelihood over that of three levels from which they are two equal fluctuators, and from
which they may be."""
EQUALLY_FAR = 3.0
"""Standard errors by which the distances of equally distant levels differ at most."""
SELDOM_ACROSS = 0.15
"""Rate between the outer of three levels over that to the middle one."""


def further(
    readings: Readings, top: Maximum, base: Baseline
) -> tuple[float, tuple[Maximum, Baseline] | None]:
    """Return the gain of more levels over two, and their description with its baseline, None if
    there are not."""
    z = readings.signal - base.values(readings.time)
    least = merit_on(readings, top, base)
    bases = [(base, top.model)]
    if base.jumps.size:
        # What looked like jumps of the baseline may be further levels.
        flat = settle(readings, top.model, base.without_jumps(), 1)[1]
        z = readings.signal - flat.values(readings.time)
        bases.append((flat, climb(readings, z, top.model).model))
    tried = []
    for own_base, two in bases:
        z = readings.signal - own_base.values(readings.time)
        tried += [(own_base, two, one) for one in ev.further_levels(readings, z, two)]
    simple = [_without_noise_of_two(readings, *one) for one in tried]
    gain, best = _best(readings, [one for one in simple if one is not None], least)
    if best is not None:
        return gain, best
    found = []
    for own_base, two, one in tried:
        z = readings.signal - own_base.values(readings.time)
        full = ev.followed(readings, z, two, one)
        if full is not None:
            found.append((full, own_base))
    return _best(readings, found, least)


def own_levels(readings: Readings, found: Maximum, base: Baseline) -> tuple[Maximum, Baseline]:
    """Return several levels on a baseline and with a noise of their own."""
    best, base = _own_baseline(readings, found, base)
    # What is left of a drift looks like a memory.
    for _ in range(2):
        base = refit(readings, best.model, base)
        best = climb(readings, readings.signal - base.values(readings.time), best.model)
        best = _simplest(readings, best, base)
    return _without_empty(readings, best, base), base


def merit_on(readings: Readings, top: Maximum, base: Baseline) -> float:
    """Return the merit of a description on other readings than those on which it was found."""
    z = readings.signal - base.values(readings.time)
    here = Maximum(top.model, float(gains(readings, z, top.model).sum()))
    return ev.merit(here, base, readings)


def _best(
    readings: Readings, found: list[tuple[Maximum, Baseline]], least: float
) -> tuple[float, tuple[Maximum, Baseline] | None]:
    """Return by how much the best description whose levels have dwells beats ``least``, and it."""
    pairs = []
    for top, base in found:
        if len(top.model.levels) == 4 and not top.model.layout.is_pair:
            # Each may be the sum of two fluctuators.
            z = readings.signal - base.values(readings.time)
            pairs.append((climb(readings, z, ev.as_pair(top.model)), base))
    merits = [
        (ev.merit(*one, readings) - least, one)
        for one in [*found, *pairs]
        if ev.has_dwells(readings, one[0].model)
    ]
    gain, best = max(merits, key=lambda one: one[0], default=(-math.inf, None))
    return (gain, best) if gain > ev.MIN_GAIN else (-math.inf, None)


def _settled(readings: Readings, model: Model, base: Baseline) -> tuple[Maximum, Baseline]:
    """Return model and baseline improved in turns, until neither gains."""
    merit = -math.inf
    for _ in range(SETTLING):
        model, base, now = settle(readings, model, base, 1)
        if now < merit + ENOUGH_SETTLED:
            break
        merit = now
    return climb(readings, readings.signal - base.values(readings.time), model), base


def _own_baseline(readings: Readings, best: Maximum, base: Baseline) -> tuple[Maximum, Baseline]:
    """Return several levels on the baseline that suits them: that of two levels may follow the
    others, by jumps or by its bends."""
    merit = merit_on(readings, best, base)
    others = [base.without_jumps()] if base.jumps.size else []
    if base.jumps.size or base.intervals > 1:
        others.append(base.smoother(readings.time))
    for other in others:
        settled, other = _settled(readings, best.model, other)
        # On the way there all readings may have become outliers, or one level another.
        again = _on_other_baseline(readings, best.model, other)
        found = max(settled, again, key=lambda top: ev.merit(top, other, readings))
        own = ev.merit(found, other, readings)
        if own > merit:
            best, base, merit = found, other, own
    return best, base


def _on_other_baseline(readings: Readings, model: Model, base: Baseline) -> Maximum:
    """Return levels on a baseline from which any of them may have been counted."""
    z = readings.signal - base.values(readings.time)
    shifts = np.unique(np.subtract.outer(model.levels, model.levels))
    moved = [model.with_values(offset=model.get("offset") + shift) for shift in shifts]
    return climb(readings, z, max(moved, key=lambda one: float(gains(readings, z, one).sum())))


def _without_empty(readings: Readings, best: Maximum, base: Baseline) -> Maximum:
    """Return four levels less one that has no dwells of its own now that the baseline fits."""
    if best.model.layout != Layout(4) or ev.has_dwells(readings, best.model):
        return best
    z = readings.signal - base.values(readings.time)
    three = climb(readings, z, ev.without_level(best.model, int(best.model.occupancy.argmin())))
    is_better = ev.merit(three, base, readings) > ev.merit(best, base, readings) - ev.MIN_GAIN
    return three if is_better and ev.has_dwells(readings, three.model) else best


def _without_noise_of_two(
    readings: Readings, base: Baseline, two: Model, found: Maximum
) -> tuple[Maximum, Baseline] | None:
    """Return white levels without a response and their baseline, None if they need what two levels
    have of both."""
    if two.is_plain:
        return None
    top, base = _settled(readings, found.model, base)
    z = readings.signal - base.values(readings.time)
    full = climb(readings, z, ev.with_noise_of(two, top.model), ev.FIRST_STEPS)
    return (top, base) if ev.merit(full, base, readings) < ev.merit(top, base, readings) else None


def _simplest(readings: Readings, best: Maximum, base: Baseline) -> Maximum:
    """Return a description without what two levels had to make of the others."""
    z, names = readings.signal - base.values(readings.time), np.array(best.model.layout.names)
    for name in ("memory", "pole", "window", "skew", "tail"):
        own = names == name
        if best.model.free[own].any():
            model = replace(best.model, free=best.model.free & ~own).with_values(**{name: 0.0})
            simpler = climb(readings, z, model, SIMPLER_STEPS)
            if ev.merit(simpler, base, readings) > ev.merit(best, base, readings):
                best = simpler
    return best


def equal_fluctuators(readings: Readings, top: Maximum, base: Baseline) -> Maximum | None:
    """Return two fluctuators of one size that describe three levels about as well: these are as far
    apart and the outer ones hardly follow each other."""
    model, z = top.model, readings.signal - base.values(readings.time)
    if model.layout != Layout(3):
        return None
    order = np.argsort(model.levels)
    rates = model.rates[np.ix_(order, order)]
    if max(rates[0, 2] / rates[0, 1], rates[2, 0] / rates[2, 1]) > SELDOM_ACROSS:
        return None
    first, second = model.layout.index["gap"]
    own = covariance_of(readings, z, model)[np.ix_([first, second], [first, second])]
    error = math.sqrt(max(float(own[0, 0] + own[1, 1] - 2 * own[0, 1]), 0.0))
    if abs(float(model.theta[first] - model.theta[second])) > EQUALLY_FAR * error:
        return None
    pair = ev.equal_pair(readings, z, model)
    return pair if pair.log_likelihood > top.log_likelihood + WORSE else None

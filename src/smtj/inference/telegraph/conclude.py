"""Assemble the result of a fit: the verdict, and the numbers that go with it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.inference.stats.estimate import NORMAL_95, NORMAL_MAD
from smtj.inference.telegraph import evidence as ev
from smtj.inference.telegraph.baseline import Baseline, straight
from smtj.inference.telegraph.checks.noise import noise_merit
from smtj.inference.telegraph.checks.overshoot import overshoot
from smtj.inference.telegraph.checks.passages import Passages, passages
from smtj.inference.telegraph.checks.second_route import MEMORY, Route, routes
from smtj.inference.telegraph.checks.steadiness import change
from smtj.inference.telegraph.checks.told import contradiction
from smtj.inference.telegraph.climb import Maximum, at_bounds, bounds, climb, slopes
from smtj.inference.telegraph.evidence import Evidence, Verdict
from smtj.inference.telegraph.model import (
    Layout,
    Model,
    expectation,
    expectations,
    gains,
    most_probable_states,
    sample_path,
)
from smtj.inference.telegraph.pilot import Thinned
from smtj.inference.telegraph.readings import MIN_NOISE, Readings, named_readings
from smtj.inference.telegraph.remarks import SLOW_RESPONSE, imperfections, warnings_of
from smtj.inference.telegraph.result import Level, Times, TraceFit
from smtj.inference.telegraph.start import refit, settle
from smtj.typing import Floats
from smtj.units import format_scaled

LOOKED_AT = 1 << 18
"""Readings of a long trace on which other routes are tried."""
KURTOSIS = (2.7, 4.0)
FOLLOW = 4.0
"""Outliers that follow outliers over what chance makes of them, from which they are a level."""
UNLIKELY, LIKELY = 0.02, 0.5
"""Chance of recrossings up to which they are no matter, and from which they are told."""
FAST_POLE, CRUDE = 1 / SLOW_RESPONSE, 0.3
"""Pole over the shorter dwell time from which the law of a reading is too rough to be exact, and
the error of ln of the dwell times for each 1 beyond."""
SIMPLER_STEPS = 10
SETTLING, ENOUGH_SETTLED = 10, 10.0
"""Turns of levels and baseline at most, and the gain with which they go on."""
OUTLIER = 0.1
"""Chance to be none below which a reading is one."""
SEEN_APART = 3.0
"""Levels that are less apart, over the noise, have to beat noise of any spectrum and shape."""
REMEMBERS = 0.3
"""Correlation of successive readings from which further levels are sought."""
MIN_EVENTS = 2
"""Switches without which a trace has one level, with a jump."""
BETTER, WORSE = 2.0, -5.0
"""Log-likelihood over that of three levels from which they are two equal fluctuators, and from
which they may be."""
EQUALLY_FAR = 3.0
"""Standard errors by which the distances of equally distant levels differ at most."""
PLAIN, FAR_OFF = 0.12, 12.0
"""Noise over the separation up to which each reading shows its state, and standard deviations from
a level beyond which a reading does not count for it."""
SELDOM_ACROSS = 0.15
"""Rate between the outer of three levels over that to the middle one."""
PASSES, ENOUGH, DIFFERENCE = 8, 0.005, 1e-5
_UNKNOWN = np.full((2, 2), math.nan)


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
        third, more = _further(examined, top, base)
        least = max(_merit(examined, one, one_base), noise * examined.size / pilot.size)
        if more is not None and _merit(examined, *more) < least:
            more = None
    if is_one and more is None:
        if switches < MIN_EVENTS and second > ev.MIN_GAIN:
            one, one_base = _with_steps(pilot, z, top.model, base)
        wanders = _wanders(one, one_base, pilot)
        verdict: Verdict = "wandering" if wanders else "one level"
        evidence = Evidence(verdict, second, -math.inf, correlation)
        return _Assembly(given, part, one, one_base, evidence).without_levels()
    if is_fast and more is None:
        evidence = Evidence("faster than the sampling", second, -math.inf, correlation)
        fast = replace(top, model=ratio_model)
        longest = ev.longest_relaxation(pilot, z, ratio_model, highest)
        return _Assembly(given, part, fast, base, evidence).too_fast(longest)
    is_odd = base.jumps.size or not (top.model.is_plain and _is_usual(pilot, z, top.model))
    if more is None and is_odd:
        # A further level gives noise a shape or a memory, or looks like jumps or outliers.
        third, more = _further(examined, top, base)
    if more is not None:
        best, best_base = _own_baseline(pilot, *more)
        # What is left of a drift looks like a memory.
        for _ in range(2):
            best_base = refit(pilot, best.model, best_base)
            best = climb(pilot, pilot.signal - best_base.values(pilot.time), best.model)
            best = _simplest(pilot, best, best_base)
        best = _without_empty(pilot, best, best_base)
        layout = best.model.layout
        name: Verdict = "three levels" if layout.states == 3 else "four levels"
        twins = _equal_fluctuators(pilot, best, best_base)
        if twins is not None and twins.log_likelihood > best.log_likelihood + BETTER:
            best, twins = twins, None
            layout = best.model.layout
        if layout.is_pair:
            name = "two fluctuators"
        evidence = Evidence(name, second, third, correlation)
        return _Assembly(given, part, best, best_base, evidence).several(twins)
    evidence = Evidence("two levels", second, third, correlation)
    return _Assembly(given, part, top, base, evidence).two(step)


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


def _merit(readings: Readings, top: Maximum, base: Baseline) -> float:
    """Return the merit of a description on other readings than those on which it was found."""
    z = readings.signal - base.values(readings.time)
    here = Maximum(top.model, float(gains(readings, z, top.model).sum()))
    return ev.merit(here, base, readings)


def _with_steps(
    readings: Readings, z: Floats, model: Model, base: Baseline
) -> tuple[Maximum, Baseline]:
    """Return the description by one level with a jump where two levels have a switch."""
    states = most_probable_states(readings, z, model)
    jumps = readings.time[1:][states[1:] != states[:-1]]
    jumps = np.sort(np.append(base.jumps, jumps))
    return ev.one_level(readings, replace(straight(readings.time), jumps=jumps, lines=base.lines))


def _further(
    readings: Readings, top: Maximum, base: Baseline
) -> tuple[float, tuple[Maximum, Baseline] | None]:
    """Return the gain of more levels over two, and their description with its baseline, None if
    there are not."""
    z = readings.signal - base.values(readings.time)
    least = _merit(readings, top, base)
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
    merit = _merit(readings, best, base)
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


def _expected_switches(model: Model, readings: Readings) -> float:
    """Return how many switches a two-level model expects."""
    return float(readings.size * -2 * model.occupancy[0] * model.rates[0, 0])


def _wanders(one: Maximum, base: Baseline, readings: Readings) -> bool:
    """Whether the slow part of a signal without levels is large against its fast noise."""
    fast = float(one.model.scales[0])
    slow = float(np.std(base.without_jumps().values(readings.time))) if base.size > 2 else 0.0
    memory = float(one.model.spread[0]) if one.model.order else 0.0
    return max(slow, memory) > ev.WANDERS * fast


@dataclass(frozen=True, eq=False)
class _Assembly:
    given: Readings
    part: Thinned
    top: Maximum
    base: Baseline
    evidence: Evidence

    def _common(self, model: Model, base: Baseline, warnings: tuple[str, ...]) -> dict[str, Any]:
        """Return the fields that every verdict has."""
        given, scale = self.given, self.given.scale
        model = _at_full_rate(model, self.part)
        # In place, as a record may fill much of the memory.
        z = base.values(given.time)
        np.subtract(given.signal, z, out=z)
        has_levels = model.layout.states > 1
        fraction = np.zeros(given.size, np.float32)
        states = np.zeros(given.size, np.uint8)
        total = self.top.log_likelihood * given.size / self.part.pilot.size
        remarks = given.remarks
        if has_levels:
            first, last = float(model.levels[0]), float(model.levels[-1])
            height = (model.levels[1:] - model.levels[0]) / (model.levels[-1] - model.levels[0])
            is_window = float(model.get("window")[0]) > 0 and model.layout.states == 2
            outlying, total = np.zeros(given.size, bool), 0.0
            for part, found in expectations(given, z, model):
                fraction[part] = found.occupied @ height.astype(np.float32)
                if is_window:
                    # Of the window, not at its end.
                    seen = np.clip((found.response - first) / (last - first), 0, 1)
                    fraction[part] = seen * (1 + model.bend) / (1 + model.bend * seen)
                outlying[part] = found.inlier < OUTLIER
                total += found.log_likelihood
            off = np.flatnonzero(given.spread_out(outlying))
            if off.size:
                what = "is an outlier" if off.size == 1 else "are outliers"
                remarks += (f"{named_readings(off)} {what} and hardly counted",)
            states = _by_level(model)[most_probable_states(given, z, model)]
        low = np.subtract(given.signal, z, out=z)
        low += float(model.levels[0])
        low *= scale
        low += given.centre
        first_last = given.time[[0, -1]]
        ends = base.values(first_last) - base.hum(first_last)
        pole, window = float(model.get("pole")[0]), float(model.get("window")[0])
        separation = float(model.levels.max() - model.levels.min()) if has_levels else math.nan
        return {
            "evidence": self.evidence,
            "chain": model if has_levels else None,
            "low": given.spread_out(low),
            "fraction": given.spread_out(fraction),
            "states": given.spread_out(states),
            "separation": separation * scale,
            "noise": float(model.spread.mean()) * scale,
            "outliers": float(model.get("outliers")[0]),
            "bandwidth": 1 / (2 * math.pi * pole * given.interval) if pole > 0 else math.inf,
            "integration_time": window * given.interval,
            "hum": tuple(float(line) for line in base.lines),
            "jumps": tuple(float(jump) for jump in base.jumps),
            "drift": float(ends[1] - ends[0]) * scale,
            "log_likelihood": total - given.size * math.log(scale),
            "remarks": (*remarks, *imperfections(model, base, given)),
            "warnings": warnings,
        }

    def without_levels(self) -> TraceFit:
        """Return the result for a trace that does not switch."""
        nothing = Times(math.nan, math.nan, _UNKNOWN)
        warning = (
            "the signal wanders or relaxes without levels, so it has no dwell times; wait until it "
            "has settled, or look for levels in a stretch (--only \"time=START:STOP s\")"
            if self.evidence.verdict == "wandering" else
            self._steps() if self.base.jumps.size else
            "the readings have one level only: the device stays in one state, or it switches so "
            "much faster than a reading takes that only the average is seen"
        )  # fmt: skip
        return TraceFit(
            dwell_high=math.nan, dwell_low=math.nan, log_covariance=_UNKNOWN,
            upper_bounds=(math.inf, math.inf), events=nothing, log_odds=math.nan,
            log_odds_variance=math.nan, levels=(), fluctuators=(), level_covariance=_UNKNOWN,
            **self._common(self.top.model, self.base, (warning,)),
        )  # fmt: skip

    def _steps(self) -> str:
        """Return what is to be said of a signal that steps a few times."""
        given, jumps = self.given, np.sort(self.base.jumps)
        parts = np.split(given.signal, np.searchsorted(given.time, jumps))
        means = [given.centre + given.scale * float(part.mean()) for part in parts if part.size]
        often = "once" if jumps.size == 1 else f"{jumps.size} times"
        values = " to ".join(f"{mean:.5g}" for mean in means)
        when = ", ".join(format_scaled(float(jump), "s") for jump in jumps)
        return (
            f"the signal steps {often}, from {values} at {when}, which is too rare for dwell "
            "times; measure longer"
        )

    def too_fast(self, longest: float) -> TraceFit:
        """Return the result for a trace whose readings do not correlate."""
        model, pilot = self.top.model, self.part.pilot
        z = pilot.signal - self.base.values(pilot.time)
        p, step = float(model.occupancy[1]), 0.1
        odds = math.log(p / (1 - p))

        def at(log_odds: float) -> float:
            tried = ev.with_relaxation(model, 1 / (1 + math.exp(-log_odds)), 1 / ev.UNCORRELATED)
            return float(gains(pilot, z, tried).sum())

        curvature = (2 * at(odds) - at(odds + step) - at(odds - step)) / step**2
        longest *= self.given.interval
        warning = (
            "successive readings do not correlate: they give the occupancy of each state but not "
            f"its dwell time; τ_high is below {format_scaled(longest / (1 - p), 's', 2)} and τ_low "
            f"below {format_scaled(longest / p, 's', 2)} (95 %); sample faster to measure them"
        )
        timeless = replace(model, free=model.free & (np.array(model.layout.names) != "time"))
        return TraceFit(
            dwell_high=math.nan, dwell_low=math.nan, log_covariance=_UNKNOWN,
            upper_bounds=(longest / (1 - p), longest / p),
            events=Times(math.nan, math.nan, _UNKNOWN), log_odds=odds,
            log_odds_variance=pilot.size / self.given.size / max(curvature, 1e-12),
            levels=_levels(model, self, np.full((2, 2), math.nan)), fluctuators=(),
            level_covariance=_of_levels(model, covariance_of(pilot, z, timeless), self.given.scale),
            **self._common(model, self.base, (warning,)),
        )  # fmt: skip

    def two(self, step: Callable[[], None]) -> TraceFit:
        """Return the result for two levels."""
        top, base, covariance = self._refined()
        step()
        model = top.model
        unit = self.part.every.interval
        order = np.array([1, 0])
        logs = covariance[np.ix_(order, order)]
        low, high = np.exp(model.get("time")) * unit
        events = Times(float(high), float(low), logs)
        dwells, warnings = events, []
        own = self.part.every
        if own.size > LOOKED_AT:
            own = own.part(slice(0, LOOKED_AT))
        seen = own.signal - base.values(own.time)
        others = routes(own, seen, model)
        warnings += self._ringing(model, base)
        pilot = self.part.pilot
        against = contradiction(pilot, base, top)
        if against is not None:
            warnings.append(against)
        path = sample_path(pilot, pilot.signal - base.values(pilot.time), model, 0)
        changed = change(pilot.time, path, pilot.interval)
        if changed is not None:
            warnings.append(changed.sentence)
            # Dwell times that change lengthen the signal's memory.
            others = tuple(route for route in others if route.name != MEMORY)
        if own.is_regular:
            states = path if own is pilot else sample_path(own, seen, model, 0)
            has_memory = base.jumps.size == 0 and changed is None
            passed = passages(seen, states, model, has_memory)
            if passed is not None and passed.chance > UNLIKELY:
                dwells = _longer(events, passed)
                if passed.chance > LIKELY:
                    warnings.append(
                        "the signal often turns back between the levels (recrossings): the dwell "
                        "times are those from level to level, the times between crossings count "
                        "every one"
                    )
                    # The memory is that of passages, but thresholds count every crossing.
                    others = tuple(route for route in others if route.name == MEMORY)
        hidden = float(model.get("pole")[0]) / float(np.exp(model.get("time")).min()) - FAST_POLE
        if hidden > 0:
            rough = dwells.log_covariance + (CRUDE * hidden) ** 2
            dwells = replace(dwells, log_covariance=rough)
        rows = np.sqrt(np.diag(dwells.log_covariance))
        for route in others:
            ours = dwells.relaxation_time / unit
            if route.contradicts(ours, float(rows.mean())):
                dwells, sentence = _widened(dwells, route, ours, unit)
                warnings.append(sentence)
        step()
        logs = dwells.log_covariance
        covariance = _of_levels(model, covariance, self.given.scale)
        model, covariance = self._with_mean_levels(model, base, covariance)
        fit = TraceFit(
            dwell_high=dwells.high, dwell_low=dwells.low, log_covariance=logs,
            upper_bounds=(math.inf, math.inf), events=events,
            log_odds=math.log(dwells.high / dwells.low),
            log_odds_variance=float(logs[0, 0] + logs[1, 1] - 2 * logs[0, 1]),
            levels=(), fluctuators=(),
            level_covariance=covariance,
            **self._common(model, base, ()),
        )  # fmt: skip
        levels = _levels(model, self, logs[::-1, ::-1], np.array([dwells.low, dwells.high]))
        if float(model.get("scale")[0]) <= math.log(self.part.pilot.min_noise):
            # There is less noise than the likelihood allows.
            noise = self._scatter(model, base)
            levels = tuple(replace(o, noise=n) for o, n in zip(levels, noise, strict=True))
            fit = replace(fit, noise=float(np.mean(noise)))
        return replace(
            fit, levels=levels, warnings=(*warnings, *warnings_of(fit, self.given, model, unit))
        )

    def _with_mean_levels(
        self, model: Model, base: Baseline, covariance: Floats
    ) -> tuple[Model, Floats]:
        """Return mean readings as levels, and their covariance, where these are plain to see.

        The law of the likelihood moves levels if noise has another skewness than its own, or is
        less than the least that it allows; a mean needs no law.
        """
        own = self.part.every
        is_skewed = bool(model.get("skew").any())
        is_least = float(model.get("scale")[0]) <= math.log(self.part.pilot.min_noise)
        gap = float(np.diff(model.levels)[0])
        is_plain = model.is_instant and not model.order and model.spread.max() < PLAIN * gap
        if not (is_plain and (is_skewed or is_least)):
            return model, covariance
        z, means, variances = own.signal - base.values(own.time), [], []
        states = most_probable_states(own, z, model)
        for k, (level, spread) in enumerate(zip(model.levels, model.spread, strict=True)):
            inside = z[(states == k) & (np.abs(z - level) < FAR_OFF * spread)]
            if inside.size < 2:
                return model, covariance
            means.append(float(inside.mean()))
            variances.append(
                float(inside.var()) / inside.size * self.given.scale * self.given.scale
            )
        moved = model.with_values(offset=means[0], gap=math.log(means[1] - means[0]))
        more = np.maximum(np.array(variances) - np.diag(covariance), 0.0)
        return moved, covariance + np.diag(more)

    def _scatter(self, model: Model, base: Baseline) -> list[float]:
        """Return the noise of the low and of the high state, from the bulk of the readings."""
        pilot = self.part.pilot
        z = pilot.signal - base.values(pilot.time)
        states = most_probable_states(pilot, z, model)
        own = [np.abs(z[states == k] - model.levels[k]) for k in (0, 1)]
        scale = NORMAL_MAD * self.given.scale
        return [scale * float(np.median(each)) if each.size else 0.0 for each in own]

    def _ringing(self, model: Model, base: Baseline) -> list[str]:
        """Return what is to be said of a readout that rings."""
        pilot = self.part.pilot
        z = pilot.signal - base.values(pilot.time)
        size = overshoot(z, float(model.levels.min()), float(model.levels.max()))
        if not (size and pilot.is_regular):
            return []
        does = "looks like further levels" if len(model.levels) > 2 else "shifts the levels"
        return [
            f"after a switch the readings pass the level at which they settle by {100 * size:.0f} "
            f"% of the step, as of a readout that rings, which {does}; measure with more "
            "bandwidth, or filter the ringing"
        ]

    def several(self, twins: Maximum | None) -> TraceFit:
        """Return the result for more than two levels, which may also be equal fluctuators."""
        model, pilot, base = self.top.model, self.part.pilot, self.base
        z = pilot.signal - base.values(pilot.time)
        covariance = covariance_of(pilot, z, model)
        unit = self.part.every.interval
        dwells, logs = _log_dwells(model, covariance)
        levels = _levels(model, self, logs, np.exp(dwells) * unit)
        fluctuators: tuple[Times, ...] = ()
        alike = []
        if model.layout.is_pair:
            fluctuators = _fluctuators(model, covariance, unit)
            main = fluctuators[0]
        else:
            if twins is not None:
                own = covariance_of(pilot, z, twins.model)
                fluctuators = _fluctuators(twins.model, own, unit)
                alike = [
                    "the levels are equally far apart and the outer ones do not follow each other: "
                    "two fluctuators of one size look the same, and their dwell times stand beside "
                    "those of the levels"
                ]
            ends = [int(model.levels.argmax()), int(model.levels.argmin())]
            high, low = (float(np.exp(dwells[i]) * unit) for i in ends)
            main = Times(high, low, logs[np.ix_(ends, ends)])
        own = main.log_covariance
        of = "larger fluctuator" if model.layout.is_pair else "outer levels"
        warnings = (
            *self._ringing(model, base),
            *alike,
            "there are more than two levels; as one pair of dwell times (fit.dwells in Python) "
            f"count those of the {of}",
        )
        return TraceFit(
            dwell_high=main.high, dwell_low=main.low, log_covariance=own,
            upper_bounds=(math.inf, math.inf), events=main,
            log_odds=math.log(main.high / main.low),
            log_odds_variance=float(own[0, 0] + own[1, 1] - 2 * own[0, 1]),
            levels=levels, fluctuators=fluctuators, level_covariance=_UNKNOWN,
            **self._common(model, base, warnings),
        )  # fmt: skip

    def _refined(self) -> tuple[Maximum, Baseline, Floats]:
        """Return the maximum over all (thinned) readings, by Newton's steps from the pilot's."""
        pilot, every = self.part.pilot, self.part.every
        z = pilot.signal - self.base.values(pilot.time)
        covariance = covariance_of(pilot, z, self.top.model)
        if every is pilot:
            return self.top, self.base, covariance
        covariance *= pilot.size / every.size
        model, base = self.top.model, refit(every, self.top.model, self.base)
        z = every.signal - base.values(every.time)
        total, index = float(gains(every, z, model).sum()), np.flatnonzero(model.free)
        low, high = bounds(every, model)
        for _ in range(PASSES):
            slope = np.array([_slope(every, z, model, int(i), total) for i in index])
            slope[at_bounds(every, model, slope)] = 0.0
            theta = model.theta.copy()
            theta[index] += covariance[np.ix_(index, index)] @ slope
            tried = replace(model, theta=np.clip(theta, low, high))
            found = float(gains(every, z, tried).sum())
            if not found > total:
                break
            gained, model, total = found - total, tried, found
            if gained < ENOUGH:
                break
        return Maximum(model, total), base, covariance


def _fluctuators(model: Model, covariance: Floats, unit: float) -> tuple[Times, Times]:
    """Return the dwell times of two independent fluctuators, the larger first."""
    low_a, high_a, low_b, high_b = (np.exp(model.get("time")) * unit).tolist()
    first, second = (model.layout.index["time"][place] for place in ([1, 0], [3, 2]))
    a = Times(high_a, low_a, covariance[np.ix_(first, first)])
    b = Times(high_b, low_b, covariance[np.ix_(second, second)])
    gaps = model.get("gap")
    return (a, b) if gaps[0] >= gaps[1] else (b, a)


def _equal_fluctuators(readings: Readings, top: Maximum, base: Baseline) -> Maximum | None:
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


def _longer(events: Times, passed: Passages) -> Times:
    """Return times from level to level of the same occupancy as those between crossings."""
    longer = math.exp(passed.log_ratio)
    covariance = events.log_covariance + passed.variance
    return Times(events.high * longer, events.low * longer, covariance)


def _of_levels(model: Model, covariance: Floats, scale: float) -> Floats:
    """Return the covariance of the low and the high level, of which the unit may overflow."""
    index, turn = model.layout.index, np.zeros((2, len(covariance)))
    turn[:, index["offset"]] = 1.0
    turn[1, index["gap"]] = np.exp(model.get("gap"))
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(turn @ covariance @ turn.T * scale * scale)


def _slope(readings: Readings, z: Floats, model: Model, place: int, here: float) -> float:
    """Return the slope of the log-likelihood, ``here`` at the model, by one parameter."""
    theta = model.theta.copy()
    theta[place] += DIFFERENCE
    return (float(gains(readings, z, replace(model, theta=theta)).sum()) - here) / DIFFERENCE


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
    if readings.min_noise > MIN_NOISE:
        # All readings of a level may be rounded alike.
        low_variance += readings.min_noise**2
        high_variance += readings.min_noise**2
    gap = float(np.diff(model.levels)[0])
    both = -low_variance / gap
    return np.array([[low_variance, both], [both, (low_variance + high_variance) / gap**2]])


def _log_dwells(model: Model, covariance: Floats) -> tuple[Floats, Floats]:
    """Return ln of the mean dwell in each state, in intervals, and the covariance."""
    here = -np.log(-np.diag(model.rates))
    turn = np.zeros((here.size, model.theta.size))
    for i in model.layout.index["time"]:
        theta = model.theta.copy()
        theta[i] += 1e-4
        turn[:, i] = (-np.log(-np.diag(model.layout.rates(theta))) - here) / 1e-4
    return here, turn @ covariance @ turn.T


def _widened(dwells: Times, route: Route, ours: float, unit: float) -> tuple[Times, str]:
    """Return times whose intervals reach towards a contradicting route, and what is to be said."""
    half = 0.5 * math.log(route.relaxation_time / ours)
    wider = replace(dwells, log_covariance=dwells.log_covariance + half**2)
    return wider, (
        f"the {route.name} gives a relaxation time of "
        f"{format_scaled(route.relaxation_time * unit, 's')}, the likelihood "
        f"{format_scaled(ours * unit, 's')}; the likelihood is preferred, as it counts missed "
        "dwells, and its intervals are widened"
    )


def _by_level(model: Model) -> NDArray[np.uint8]:
    """Return the rank of each state's level."""
    return np.argsort(np.argsort(model.levels)).astype(np.uint8)


def _mean_baseline(time: Floats, base: Baseline) -> float:
    """Return the mean of a baseline, of its longest stretch if it jumps: another one may be a
    calibration."""
    ends = np.concatenate([[0], np.searchsorted(time, np.sort(base.jumps)), [time.size]])
    longest = int(np.diff(ends).argmax())
    return float(base.values(time[ends[longest] : ends[longest + 1]]).mean())


def _levels(
    model: Model, own: _Assembly, logs: Floats, dwells: Floats | None = None
) -> tuple[Level, ...]:
    given, out = own.given, []
    mean = _mean_baseline(given.time[:: max(given.size >> 12, 1)], own.base)
    for k in np.argsort(model.levels):
        value = math.nan if dwells is None else float(dwells[k])
        spread = (
            math.exp(min(NORMAL_95 * math.sqrt(max(logs[k, k], 0.0)), 700.0))
            if dwells is not None
            else math.nan
        )
        out.append(Level(
            value=given.centre + given.scale * (float(model.levels[k]) + mean),
            noise=given.scale * float(model.spread[k]),
            occupancy=float(model.occupancy[k]),
            dwell=value,
            dwell_interval=(value / spread, value * spread),
        ))  # fmt: skip
    return tuple(out)


def _at_full_rate(model: Model, part: Thinned) -> Model:
    """Return the model of a thinned trace for all its readings; its noise is taken as white."""
    if part.stride == 1:
        return model
    times = model.get("time") + math.log(part.stride)
    white = model.with_values(
        time=times, memory=0.0, window=0.0, pole=model.get("pole") * part.stride
    )
    wider = math.log(float(model.autoregression[1]))
    return replace(white, free=white.free & (np.array(white.layout.names) != "memory")).with_values(
        scale=white.get("scale") + wider
    )

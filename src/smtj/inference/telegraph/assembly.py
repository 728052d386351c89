"""The result of a fit: the numbers that go with a verdict, and what is said beside them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.inference.stats.estimate import NORMAL_95, NORMAL_MAD
from smtj.inference.telegraph import evidence as ev
from smtj.inference.telegraph.baseline import Baseline
from smtj.inference.telegraph.checks.overshoot import overshoot
from smtj.inference.telegraph.checks.passages import Passages, passages
from smtj.inference.telegraph.checks.second_route import MEMORY, Route, routes
from smtj.inference.telegraph.checks.steadiness import change
from smtj.inference.telegraph.checks.told import contradiction
from smtj.inference.telegraph.climb import Maximum, at_bounds, bounds
from smtj.inference.telegraph.covariance import covariance_of, log_dwells, of_levels
from smtj.inference.telegraph.evidence import Evidence
from smtj.inference.telegraph.model import (
    Model,
    expectations,
    gains,
    most_probable_states,
    sample_path,
)
from smtj.inference.telegraph.pilot import Thinned
from smtj.inference.telegraph.readings import Readings, named_readings
from smtj.inference.telegraph.remarks import SLOW_RESPONSE, imperfections, warnings_of
from smtj.inference.telegraph.result import Level, Times, TraceFit
from smtj.inference.telegraph.start import refit
from smtj.typing import Floats
from smtj.units import format_scaled

LOOKED_AT = 1 << 18
"""Readings of a long trace on which other routes are tried."""
UNLIKELY, LIKELY = 0.02, 0.5
"""Chance of recrossings up to which they are no matter, and from which they are told."""
FAST, CRUDE = {"pole": 1 / SLOW_RESPONSE, "window": 1.5}, {"pole": 0.3, "window": 0.6}
"""Response over the shorter dwell time from which the law of a reading is too rough to be exact,
and the error of ln of the dwell times and of the odds for each 1 beyond."""
MOST = 1.0
"""That is, at most."""
SHAPE, OF_LEVELS = 0.01, 0.5
"""Error of a level over the separation where a response is fitted, whose shape may be another than
a single pole or a window, and for each 1 of the error of ln of the dwell times."""
STRETCHES, STANDS_OUT = 6, 4.0
"""Stretches between jumps whose means tell how the signal wanders, and step over their scatter."""
OUTLIER = 0.1
"""Chance to be none below which a reading is one."""
PLAIN, FAR_OFF = 0.12, 12.0
"""Noise over the separation up to which each reading shows its state, and standard deviations from
a level beyond which a reading does not count for it."""
PASSES, ENOUGH, DIFFERENCE = 8, 0.005, 1e-5
_UNKNOWN = np.full((2, 2), math.nan)


@dataclass(frozen=True, eq=False)
class Assembly:
    """Makes the result of a trace from its best description and the verdict on it."""

    given: Readings
    part: Thinned
    """The part of the trace on which :attr:`top` was found."""
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
            self._steps() if self._has_steps() else
            "the readings have one level only: the device stays in one state, or it switches so "
            "much faster than a reading takes that only the average is seen"
        )  # fmt: skip
        return TraceFit(
            dwell_high=math.nan, dwell_low=math.nan, log_covariance=_UNKNOWN,
            upper_bounds=(math.inf, math.inf), events=nothing, log_odds=math.nan,
            log_odds_variance=math.nan, levels=(), fluctuators=(), level_covariance=_UNKNOWN,
            **self._common(self.top.model, self.base, (warning,)),
        )  # fmt: skip

    def _has_steps(self) -> bool:
        """Whether jumps of the baseline stand out of its wandering, as means of stretches show."""
        given, jumps = self.given, np.sort(self.base.jumps)
        parts = np.split(given.signal, np.searchsorted(given.time, jumps))
        if not jumps.size or min(part.size for part in parts) < STRETCHES:
            return bool(jumps.size)
        means = [[one.mean() for one in np.array_split(part, STRETCHES)] for part in parts]
        scatter = float(np.mean([np.std(each, ddof=1) for each in means]))
        steps = np.abs(np.diff([np.mean(each) for each in means]))
        return bool(steps.min() > STANDS_OUT * scatter)

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
            level_covariance=of_levels(model, covariance_of(pilot, z, timeless), self.given.scale),
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
            passed = passages(own, seen, states, model, has_memory)
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
        hidden = _hidden(model)
        dwells = replace(dwells, log_covariance=dwells.log_covariance + hidden**2)
        rows = np.sqrt(np.diag(dwells.log_covariance))
        for route in others:
            ours = dwells.relaxation_time / unit
            if route.contradicts(ours, float(rows.mean())):
                dwells, sentence = _widened(dwells, route, ours, unit)
                warnings.append(sentence)
        step()
        logs = dwells.log_covariance
        odds = float(logs[0, 0] + logs[1, 1] - 2 * logs[0, 1])
        if dwells.high > events.high:
            # Passages of a recrossing signal are fewer than its switches.
            duration = float(np.diff(own.time).sum()) * self.given.size / own.size
            odds = max(odds, 2 * (dwells.high + dwells.low) / duration)
        covariance = of_levels(model, covariance, self.given.scale)
        model, covariance = self._with_mean_levels(model, base, covariance)
        covariance = covariance + self._of_shape(model, hidden) ** 2 * np.eye(2)
        fit = TraceFit(
            dwell_high=dwells.high, dwell_low=dwells.low, log_covariance=logs,
            upper_bounds=(math.inf, math.inf), events=events,
            log_odds=math.log(dwells.high / dwells.low),
            log_odds_variance=odds + hidden**2,
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

    def _of_shape(self, model: Model, hidden: float) -> float:
        """Return the error of a level by the shape of the response, ``hidden`` that of ln of the
        dwell times by dwells that it hides."""
        free = model.free[[int(model.layout.index[name][0]) for name in ("pole", "window")]]
        gap = float(np.diff(model.levels)[0]) * self.given.scale
        return gap * (SHAPE * bool(free.any()) + OF_LEVELS * hidden)

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
        dwells, logs = log_dwells(model, covariance)
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


def _hidden(model: Model) -> float:
    """Return the error of ln of the dwell times by dwells that the response hides."""
    shorter = float(np.exp(model.get("time")).min())
    beyond = (CRUDE[name] * (float(model.get(name)[0]) / shorter - FAST[name]) for name in FAST)
    return min(max(0.0, *beyond), MOST)


def _longer(events: Times, passed: Passages) -> Times:
    """Return times from level to level of the same occupancy as those between crossings."""
    longer = math.exp(passed.log_ratio)
    covariance = events.log_covariance + passed.variance
    return Times(events.high * longer, events.low * longer, covariance)


def _slope(readings: Readings, z: Floats, model: Model, place: int, here: float) -> float:
    """Return the slope of the log-likelihood, ``here`` at the model, by one parameter."""
    theta = model.theta.copy()
    theta[place] += DIFFERENCE
    return (float(gains(readings, z, replace(model, theta=theta)).sum()) - here) / DIFFERENCE


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
    model: Model, own: Assembly, logs: Floats, dwells: Floats | None = None
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

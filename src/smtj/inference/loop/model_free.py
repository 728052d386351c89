"""R_P, R_AP, TMR, coercive and offset field of a loop without a model of the device.

A loop is square where its readings keep to two levels, and each sweep switches between two
neighbouring readings; else it is rounded (:mod:`smtj.inference.loop.rounded`).  The lower level is
that of the parallel state.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.loop.branches import (
    MIN_READINGS,
    Branch,
    Switch,
    split,
    switches_of,
    two_levels,
)
from smtj.inference.loop.rounded import MAX_SLOPE, Rounded, fit_rounded, inflation
from smtj.inference.loop.switching import middle_or_width, switching_estimate
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.estimate import NORMAL_MAD, Estimate, normal_estimate
from smtj.typing import Floats

MIN_LOOP_READINGS = 8
MIN_SIGNIFICANCE = 5.0
"""Separation of the levels in standard errors below which a loop shows none."""
NO_TMR = (
    "the levels are not of one sign, so there is no TMR: an amplifier has an offset, or the "
    "readings are those of another quantity"
)
CURVED, STRUCTURED = 0.3, 4.0
"""Scatter about the levels, over their separation and over the noise from reading to reading, from
which readings keep to no levels."""
SLOPED = 4.5
"""Significance of the slope of a level, in standard errors, from which it is fitted."""
HARDER = 1.5
"""Least switching field of a reference layer over the largest of the free layer."""
MIN_GAIN = 8.0
"""Gain in Akaike's criterion from which a loop with two levels counts as rounded."""


@dataclass(frozen=True, eq=False)
class FreeLoop:
    """Levels and switching fields of a loop; SI units."""

    square: bool
    rises: bool | None
    """Whether R rises with the field; None if it does both."""
    parallel_resistance: Estimate
    antiparallel_resistance: Estimate
    tmr: Estimate | None
    """None if the levels are not of one sign, as with an offset of an amplifier."""
    fields: tuple[Estimate, ...]
    """Switching fields, then coercive and offset field, as far as the loop has them."""
    noise: Estimate
    remarks: tuple[str, ...]
    branches: tuple[Branch, ...]
    curves: tuple[Floats, ...]
    """Resistance in ohm at the readings of each branch."""

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All fitted numbers."""
        return (
            self.parallel_resistance,
            self.antiparallel_resistance,
            *([] if self.tmr is None else [self.tmr]),
            *self.fields,
            self.noise,
        )


@guarded("the fit of the loop")
def fit_free_loop(field: ArrayLike, resistance: ArrayLike) -> FreeLoop:
    """Fit the levels and the switching fields of a loop of any sense and shape.

    Parameters
    ----------
    field
        H of each reading in A/m, in the order of measurement, which shows where sweeps turn.
    resistance
        In ohm, shape (readings,); or a signal that follows it, of any sign.

    Returns
    -------
    FreeLoop
        Levels with 95 % intervals.  Where the readings do not reach saturation, the levels are
        extrapolated and the intervals say how far.  A switch is somewhere between the two readings
        on either side: such an interval holds it with certainty.

    Raises
    ------
    SmtjError
        There are too few readings, a number is impossible, or the resistance does not depend on
        the field.

    Examples
    --------
    >>> h = np.concatenate([np.linspace(-300, 300, 61), np.linspace(300, -300, 61)])
    >>> switched = np.where(np.arange(122) < 61, h > 85, h > -45)
    >>> r = np.where(switched, 1000.0, 1400.0) + np.random.default_rng(0).normal(size=122)
    >>> loop = fit_free_loop(h, r)
    >>> print(f"TMR {loop.tmr.value:.3f}, {loop.fields[-1].name} {loop.fields[-1].value:.0f} A/m")
    TMR 0.400, offset field 20 A/m
    """
    h, r = (np.asarray(a, dtype=np.float64).ravel() for a in (field, resistance))
    if h.size != r.size:
        raise SmtjError("fields and resistances of a loop differ in number")
    if not (np.isfinite(h).all() and np.isfinite(r).all()):
        raise SmtjError("fields and resistances of a loop must be finite")
    if h.size < MIN_LOOP_READINGS or np.unique(h).size < MIN_READINGS:
        raise SmtjError(
            f"a loop needs {MIN_LOOP_READINGS} readings or more at {MIN_READINGS} different fields"
        )
    if np.ptp(r) <= 1e-12 * np.abs(r).max():
        raise SmtjError("the resistance of the loop does not change at all")
    branches = split(h)
    if not branches[0].ordered:
        order = np.argsort(h, kind="stable")
        h, r = h[order], r[order]
    if np.median(r) < 0:
        return _mirrored(_fit(h, -r, branches))
    return _fit(h, r, branches)


def _fit(h: Floats, r: Floats, branches: list[Branch]) -> FreeLoop:
    """Fit readings of which most are above 0."""
    square = _square(h, r, branches)
    kind = np.zeros(h.size)
    if len({b.rising for b in branches}) > 1:
        for b in branches:
            kind[b.readings] = 0.0 if b.rising else 1.0
    clean = np.ones(h.size, dtype=bool)
    rounded = fit_rounded(h, r, kind, with_intervals=False)
    for _ in range(3):
        size = NORMAL_MAD * float(np.median(np.abs(rounded.residuals)))
        keep = clean.copy()
        keep[clean] = np.abs(rounded.residuals) < max(6 * size, 1e-9 * np.ptp(r))
        if keep.sum() == clean.sum() or keep.sum() < 0.9 * h.size:
            break
        clean = keep
        rounded = fit_rounded(h[clean], r[clean], kind[clean], with_intervals=False)
    if square is not None:
        steps = np.abs(np.diff(h))
        unresolved = rounded.width < float(np.median(steps[steps > 0]))
        better = square.criterion - _criterion(rounded, h.size, int((~clean).sum()))
        if unresolved or better < MIN_GAIN:
            return square.result(h, r, branches)
    rest, outliers = r[clean] - r[clean].mean(), int((~clean).sum())
    flat = h.size * math.log(float(rest @ rest)) + 2 + 4 * outliers
    if flat - _criterion(rounded, h.size, outliers) < MIN_GAIN and inflation(rest) == 1:
        raise SmtjError(
            "the resistance of the loop does not change with the field by more than its noise; "
            "sweep further, or average longer"
        )
    return _rounded_result(h, r, kind, clean, branches)


def _mirrored(loop: FreeLoop) -> FreeLoop:
    """Return the loop of the readings of which these are the negative ones."""

    def level(of: Estimate, like: Estimate) -> Estimate:
        low, high = of.interval
        return replace(like, value=-of.value, error=of.error, interval=(-high, -low))

    low, high = loop.parallel_resistance, loop.antiparallel_resistance
    return replace(
        loop,
        rises=None if loop.rises is None else not loop.rises,
        parallel_resistance=level(high, low),
        antiparallel_resistance=level(low, high),
        curves=tuple(-curve for curve in loop.curves),
    )


def _criterion(fit: Rounded, readings: int, outliers: int) -> float:
    """Akaike's criterion, each outlier counted as a parameter."""
    return readings * math.log(max(fit.squares, 1e-300)) + 2 * (fit.parameters + 2 * outliers)


@dataclass(frozen=True, eq=False)
class _Square:
    state: Floats
    """Of each reading: 0, 1, or NaN for outliers and readings between the levels."""
    switches: list[list[Switch]]
    """Of each branch."""
    criterion: float

    def result(self, h: Floats, r: Floats, branches: list[Branch]) -> FreeLoop:
        low, high = (_level(h, r, self.state == s) for s in (0, 1))
        remarks = []
        if low.changes and high.changes:
            remarks.append("both levels change with the field and are given at zero field")
        elif low.changes or high.changes:
            name = "parallel" if low.changes else "antiparallel"
            remarks.append(f"the {name} level changes with the field and is given at zero field")
        outliers = int(np.sum(~np.isfinite(self.state)))
        if outliers:
            lie = "lies" if outliers == 1 else "lie"
            remarks.append(f"of {h.size} readings {outliers} {lie} on neither level: left out")
        fields, senses, notes = _fields(self.switches, branches, h)
        remarks += notes
        if low.value <= 0:
            remarks.append(NO_TMR)
        noise = math.sqrt((low.squares + high.squares) / max(low.freedom + high.freedom, 1))
        mean = np.where(self.state == 1, high.at(h), low.at(h))
        mean[~np.isfinite(self.state)] = math.nan
        return FreeLoop(
            square=True,
            rises=senses.pop() if len(senses) == 1 else None,
            parallel_resistance=low.estimate("parallel resistance", "R_P"),
            antiparallel_resistance=high.estimate("antiparallel resistance", "R_AP"),
            tmr=_tmr(low, high),
            fields=fields,
            noise=_noise(noise, low.freedom + high.freedom),
            remarks=("the loop is square: readings keep to two levels", *remarks),
            branches=tuple(branches),
            curves=tuple(mean[b.readings] for b in branches),
        )


def _square(h: Floats, r: Floats, branches: list[Branch]) -> _Square | None:
    """Assign readings to two levels; None if they do not keep to them."""
    low, high, noise = two_levels(r)
    for _ in range(4):
        if high - low <= 1e-9 * abs(high):
            return None
        found = [switches_of(h, r, b, (low, high), noise) for b in branches]
        state = np.concatenate([each[1] for each in found])
        parts = [r[state == s] for s in (0, 1)]
        if min(part.size for part in parts) < 3:
            return None
        low, high = (float(part.mean()) for part in parts)
        residuals = np.concatenate([part - part.mean() for part in parts])
        noise = max(float(residuals.std()), 1e-9 * abs(high))
    switches = [each[0] for each in found]
    count = sum(map(len, switches))
    error = noise * math.sqrt(sum(1 / part.size for part in parts))
    if count == 0 or high - low < MIN_SIGNIFICANCE * error:
        return None
    outliers = int(np.sum(~np.isfinite(state)))
    if outliers > 2 * count + 0.05 * r.size:
        return None
    # Slopes of the levels must not speak for a rounded loop, unless they join the levels.
    lines = [_level(h, r, state == s) for s in (0, 1)]
    change = max(float(np.ptp(line.at(h))) for line in lines)
    if change > MAX_SLOPE * (high - low):
        return None
    squares = max(sum(line.squares for line in lines), 1e-300)
    rough = NORMAL_MAD * float(np.median(np.abs(np.diff(r)))) / math.sqrt(2)
    rest = math.sqrt(squares / r.size)
    if rest > max(CURVED * (high - low), STRUCTURED * rough):
        # What is left is no noise, as on a curve between the levels.
        return None
    numbers = 2 + sum(line.coefficients.size - 1 for line in lines) + count + 2 * outliers
    criterion = r.size * math.log(squares) + 2 * numbers
    return _Square(state, switches, criterion)


@dataclass(frozen=True, eq=False)
class _Level:
    coefficients: Floats
    """Of a constant, a straight line or a parabola against the field."""
    error: float
    """Of the first one."""
    squares: float
    freedom: int

    @property
    def value(self) -> float:
        """At zero field, if it changes with the field."""
        return float(self.coefficients[0])

    @property
    def changes(self) -> bool:
        """Whether it changes with the field."""
        return self.coefficients.size > 1

    def at(self, h: Floats) -> Floats:
        return np.asarray(np.polynomial.polynomial.polyval(h, self.coefficients))

    @property
    def half(self) -> float:
        """Half of the 95 % interval."""
        from scipy.special import stdtrit

        return float(stdtrit(max(self.freedom, 1), 0.975)) * self.error

    def estimate(self, name: str, symbol: str) -> Estimate:
        least = 0.0 if self.value > 0 else -math.inf
        interval = (max(self.value - self.half, least), self.value + self.half)
        return Estimate(name, symbol, self.value, self.error, interval, "ohm", "ohm")


def _level(h: Floats, r: Floats, used: Floats) -> _Level:
    """Return the level of the used readings, bent and sloped as far as they show it clearly."""
    x, y = h[used], r[used]
    scale = max(float(np.abs(x).max()), 1e-300)
    # Resistances of either state bend and slope with the field.
    for degree in (2, 1, 0) if y.size >= 10 and np.ptp(x) > 0 else (0,):
        design = np.vander(x / scale, degree + 1, increasing=True)
        found, *_ = np.linalg.lstsq(design, y, rcond=None)
        residuals = y - design @ found
        freedom = y.size - degree - 1
        squares = float(residuals @ residuals)
        variance = squares / max(freedom, 1) * inflation(residuals)
        errors = np.sqrt(np.diag(np.linalg.pinv(design.T @ design)) * variance)
        if degree == 0 or abs(found[-1]) > SLOPED * errors[-1]:
            break
    powers = scale ** np.arange(degree + 1)
    return _Level(found / powers, float(errors[0]), squares, freedom)


def _tmr(low: _Level, high: _Level) -> Estimate | None:
    """TMR with an interval from that of the ratio of both levels, if they are above 0."""
    if low.value <= 0:
        return None
    ratio = high.value / low.value
    error, half = (
        ratio * math.hypot(a / high.value, b / low.value)
        for a, b in ((high.error, low.error), (high.half, low.half))
    )
    interval = (ratio - half - 1, ratio + half - 1)
    return Estimate("TMR", "TMR", ratio - 1, error, interval, "", "%")


def _noise(noise: float, freedom: int) -> Estimate:
    return normal_estimate(
        "noise", "σ", noise, noise / math.sqrt(2 * max(freedom, 1)), "ohm", "ohm"
    )


def _fields(
    switches: list[list[Switch]], branches: list[Branch], h: Floats
) -> tuple[tuple[Estimate, ...], set[bool], list[str]]:
    """Return switching, coercive and offset fields, the senses of the switches, and remarks."""
    senses = {s.upwards for each in switches for s in each}
    remarks = []
    if any(s.repeated for each in switches for s in each):
        remarks.append(
            "readings go back and forth between the levels near the switching; the interval of "
            "the switching field spans them"
        )
    if not branches[0].ordered:
        remarks.append("the fields are in no order, so the loop has no coercive field")
        every = [s for each in switches for s in each]
        if any(len(each) > 1 for each in switches):
            return (), senses, remarks
        return (switching_estimate("offset field", "H_off", every)[0],), senses, remarks
    reference: list[Switch] = []
    if any(len(each) > 1 for each in switches):
        layers = _by_layer([each for each in switches if each])
        if layers is None:
            remarks.append(
                "some sweeps switch more than once, as where the reference layer switches too; a "
                "minor loop would give the coercive field of the free layer"
            )
            return (), senses, remarks
        free, reference = layers
        turned = [(s.low < r.low) == s.rising for s, r in zip(free, reference, strict=True)]
        remarks.append(
            "each sweep switches twice; the switch at the smaller field is taken for the free "
            "layer's, the other for the reference layer's"
            + (
                ", which turns between them, so that its stray field is in H_c and not in H_off; a "
                "minor loop tells them apart"
                if all(turned)
                else ""
            )
        )
    else:
        free = [s for each in switches for s in each]
    estimates, sweeps = [], []
    for rising, word in ((True, "rising"), (False, "falling")):
        own = [s for s in free if s.rising == rising]
        if own:
            name = f"switching field, {word} field"
            estimate, freedom = switching_estimate(name, f"H_{word}", own)
            estimates.append(estimate)
            sweeps.append(freedom)
        else:
            remarks.append(
                f"no sweep of {word} field switches, so coercive and offset field are unknown"
            )
    if len(estimates) == 2:
        up, down = estimates
        estimates += [middle_or_width(up, down, sign, sweeps) for sign in (-1, 1)]
    for rising, word in ((True, "rising"), (False, "falling")):
        if own := [s for s in reference if s.rising == rising]:
            name = f"reference layer, {word} field"
            estimates.append(switching_estimate(name, f"H_ref_{word}", own)[0])
    return tuple(estimates), senses, remarks


def _by_layer(sweeps: list[list[Switch]]) -> tuple[list[Switch], list[Switch]] | None:
    """Return the switches of the free and of the reference layer of sweeps that have one of each,
    None if they are not told apart by the size of the field."""
    if any(len(each) != 2 for each in sweeps):
        return None
    ordered = [sorted(each, key=lambda s: abs(s.low + s.high)) for each in sweeps]
    free, reference = ([each[i] for each in ordered] for i in (0, 1))
    largest = max(abs(s.low + s.high) for s in free)
    if min(abs(s.low + s.high) for s in reference) < HARDER * largest:
        return None
    return free, reference


def _rounded_result(
    h: Floats, r: Floats, kind: Floats, clean: NDArray[np.bool_], branches: list[Branch]
) -> FreeLoop:
    from scipy.special import stdtrit

    fit = fit_rounded(h[clean], r[clean], kind[clean])
    freedom = max(int(clean.sum()) - fit.parameters, 1)
    noise = math.sqrt(fit.squares / freedom)
    if fit.intervals[0][0] <= 0 and math.isinf(fit.intervals[1][1]) and fit.inflation > 1:
        raise SmtjError(
            "the resistance does not go from one level to another as the field rises, so R_P and "
            "R_AP cannot be read off; sweep the field along the reference layer"
        )
    if 2 * abs(fit.half) < MIN_SIGNIFICANCE * noise * 2 / math.sqrt(h.size):
        raise SmtjError(
            "the resistance hardly depends on the field: the levels of the two states do not show; "
            "sweep the field along the reference layer, and further"
        )
    t = float(stdtrit(freedom, 0.975))
    low, high = fit.middle - abs(fit.half), fit.middle + abs(fit.half)
    reached = [float(end) for end in (fit.model.min(), fit.model.max())]
    short = [
        name
        for name, missing in (("parallel", reached[0] - low), ("antiparallel", high - reached[1]))
        if missing > 0.02 * (high - low)
    ]
    remarks = [f"the loop is rounded; of the shapes tried the {fit.shape} fits best"]
    if fit.bends.size:
        remarks.append("the levels change with the field and are given at zero field")
    if short:
        remarks.append(
            f"the readings do not reach the {' nor the '.join(short)} level, which is "
            "extrapolated; the intervals allow for other shapes"
        )
    if fit.inflation > 1:
        remarks.append(
            "the readings do not scatter independently about the curve (another shape, drift, or "
            f"slow noise), so variances are multiplied by {fit.inflation:.1f}"
        )
    outliers = int((~clean).sum())
    if outliers:
        remarks.append(f"{outliers} of {h.size} readings are outliers and left out")
    errors = np.sqrt(np.diag(fit.centre_covariance))

    def of(
        name: str, symbol: str, value: float, error: float, least: float = -math.inf
    ) -> Estimate:
        ends = (max(value - t * error, least), value + t * error)
        return Estimate(name, symbol, float(value), float(error), ends, "A/m", "Oe")

    fields: tuple[Estimate, ...]
    if fit.centre.size == 2:
        up, down = fit.centre
        weights = np.array([[0.5, -0.5], [0.5, 0.5]])
        both = np.sqrt(np.diag(weights @ fit.centre_covariance @ weights.T))
        coercive = abs(up - down) / 2
        fields = (
            of("field of half the change, rising field", "H_rising", up, errors[0]),
            of("field of half the change, falling field", "H_falling", down, errors[1]),
            of("coercive field", "H_c", coercive, both[0], 0.0),
            of("offset field", "H_off", (up + down) / 2, both[1]),
        )
        if coercive < t * both[0]:
            remarks.append("sweeps of rising and falling field coincide: no hysteresis shows")
    else:
        fields = (of("field of half the change", "H_half", fit.centre[0], errors[0]),)
        remarks.append(
            "the field was swept one way only, so coercive and offset field are unknown"
            if branches[0].ordered
            else "the fields are in no order, so the loop has no coercive field"
        )
    names = [("parallel resistance", "R_P"), ("antiparallel resistance", "R_AP")]
    values = [low, high]
    if low > 0:
        names.append(("TMR", "TMR"))
        values.append((high - low) / low)
    else:
        remarks.append(NO_TMR)
    levels = [
        Estimate(
            *name, value, (ends[1] - ends[0]) / (2 * t), ends,
            *(("", "%") if name[1] == "TMR" else ("ohm", "ohm")),
        )
        for name, value, ends in zip(names, values, fit.intervals, strict=True)
    ]  # fmt: skip
    return FreeLoop(
        square=False,
        rises=fit.half > 0,
        parallel_resistance=levels[0],
        antiparallel_resistance=levels[1],
        tmr=levels[2] if low > 0 else None,
        fields=fields,
        noise=_noise(noise, freedom),
        remarks=tuple(remarks),
        branches=tuple(branches),
        curves=tuple(fit.resistance(h[b.readings], int(kind[b.readings.start])) for b in branches),
    )

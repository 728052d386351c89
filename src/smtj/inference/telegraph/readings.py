"""The readings of a trace, checked, cleaned and brought to a common scale."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.typing import Floats

MIN_READINGS = 50
OVERFLOW = 1e37
"""Instruments write 9.9E37 (IEEE 488.2) for an overflow or a missing reading."""
MAX_OVERFLOWS = 0.2
FAR = 20.0
"""Distance from the bulk, in its range, from which a reading is left out altogether."""
LOST = 1.5
"""Median intervals after which the noise has no memory."""
REGULAR, SAME = 0.9, 0.02
"""Fraction of intervals that equal their median, within the second number, in a regular record."""
MAX_KINDS = 1024
MIN_VALUES = 5
"""Different values below which readings are levels without noise rather than rounded."""
RETURNS = 0.1
"""Part of the changes that lead to one value, from which it is a level without noise."""
RARE = 0.005
"""Part of the readings below which a value is left to outliers."""
EVEN_STEPS = 0.01
"""Relative difference of steps that are equal."""
REPEATED = 0.1
"""Part of unrounded readings that equal the one before from which they have been filtered."""
ROUNDING = 0.29
"""Standard deviation of a rounding error over the step, 1/√12."""
MIN_NOISE = 0.02
"""Least noise over the standard deviation of the signal; keeps exact readings finitely likely."""
COARSE, PER_SCALE, PLACES, PER_NOISE = 0.5, 5.0, 8, 1.6
"""Step over the scale from which readings are looked at within it, at how many places for each
scale, at how many in all, and how far these are apart at most over the noise."""
MOSTLY_NEW = 0.6
"""Part of the readings that differ from those before, from which an instrument repeats none."""
OUTLIER_RANGE, BULK = 5.0, (0.02, 0.98)


@dataclass(frozen=True, eq=False)
class Readings:
    """Cleaned readings, in units of their spread, with what the fit must know of their times."""

    time: Floats
    """In s, increasing."""
    signal: Floats
    """(readings - centre)/scale."""
    kinds: NDArray[np.int32]
    """Kind of the interval before each reading; 0 for the first."""
    intervals: Floats
    """Length of each kind of interval over the median."""
    interval: float
    """Median interval in s."""
    is_regular: bool
    """Whether nearly all intervals are equal, as noise with memory needs."""
    centre: float
    scale: float
    step: float
    """To which the readings are rounded, over the scale; 0 if none is seen."""
    used: NDArray[np.bool_] | None
    """Which of the given readings are used; None for all."""
    remarks: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of readings."""
        return self.signal.size

    @cached_property
    def cell(self) -> Floats:
        """Places within a step at which the unrounded reading may be, from its middle; a step that
        is small against the separation is noise, which is as good and faster."""
        count = min(math.ceil(PER_SCALE * self.step), PLACES) if self.step > COARSE else 1
        return self.step * ((np.arange(count) + 0.5) / count - 0.5)

    @cached_property
    def min_noise(self) -> float:
        """Least noise that the resolution allows, over the scale."""
        places = self.cell.size
        return max(MIN_NOISE, self.step * (ROUNDING if places == 1 else 1 / PER_NOISE / places))

    @cached_property
    def outlier_density(self) -> float:
        """Density of outliers: one over a range wide enough that none looks like a switch."""
        low, high = np.quantile(self.signal[:: max(self.size >> 16, 1)], BULK)
        return 1 / max(float(np.ptp(self.signal)), OUTLIER_RANGE * float(high - low))

    def spread_out(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values for all given readings; those left out get the value before them."""
        if self.used is None:
            return values
        return np.asarray(values[np.maximum(np.cumsum(self.used) - 1, 0)])

    def part(self, index: slice) -> "Readings":
        """Return a stretch of consecutive readings."""
        kinds = self.kinds[index].copy()
        kinds[0] = 0
        return Readings(
            self.time[index], self.signal[index], kinds, self.intervals, self.interval,
            self.is_regular, self.centre, self.scale, self.step, None, (),
        )  # fmt: skip


def clean(time: ArrayLike, signal: ArrayLike) -> Readings:
    """Check a trace; leave out overflows, readings that are far off, and repetitions.

    Raises
    ------
    SmtjError
        The readings are too few, mostly overflows, all equal or out of order.
    """
    t, y = (np.ascontiguousarray(values, dtype=np.float64) for values in (time, signal))
    if t.ndim != 1 or t.shape != y.shape:
        raise SmtjError(
            f"time has the shape {t.shape} and the signal {y.shape}; give one time per reading"
        )
    if t.size < MIN_READINGS:
        raise SmtjError(f"a trace needs at least {MIN_READINGS} readings; this one has {t.size}")
    if not math.isfinite(float(t.sum())):
        bad = int(np.flatnonzero(~np.isfinite(t))[0])
        raise SmtjError(f"time is {t[bad]} at reading {bad}; leave such readings out")
    late = t[1:] > t[:-1]
    if not late.all():
        i = int(np.argmin(late))
        raise SmtjError(
            f"time does not increase from reading {i} to {i + 1}; sort the readings and leave "
            "duplicates out"
        )
    used, remarks = _usable(y)
    new = _measured_anew(y if used is None else y[used])
    if new is not None:
        remarks.append(
            f"a value stands {1 / new.mean():.3g} times on average, as the instrument was read "
            "faster than it measures; repetitions are left out"
        )
        used = np.ones(y.size, bool) if used is None else used
        used[used] = new
    if used is not None:
        t, y = t[used], y[used]
    if y.size < MIN_READINGS:
        raise SmtjError(f"only {y.size} readings are finite; at least {MIN_READINGS} are needed")
    if np.ptp(y) == 0:
        raise SmtjError(f"every reading is {y[0]:g}; a constant signal has no states")
    steps = np.diff(t)
    interval = _interval(steps)
    kinds, intervals = _kinds(steps / interval)
    some = y[:: max(y.size >> 14, 1)]
    low, high = np.quantile(some, BULK)
    centre = float(np.median(some))
    top = float(np.abs(some).max())
    inner = np.clip(some, 2 * low - high, 2 * high - low) / top if high > low else np.zeros(1)
    # Over the largest, whose square may exceed all floats.
    scale = top * float(np.std(inner))
    scale = scale if scale > 1e-9 * np.ptp(y) else float(np.ptp(y))
    resolution = _resolution(some)
    if resolution > 0.05 * scale:
        remarks.append(f"the readings are rounded to steps of {resolution:.3g}")
    remarks += _limits(y)
    return Readings(
        time=t,
        signal=(y - centre) / scale,
        kinds=kinds,
        intervals=intervals,
        interval=interval,
        is_regular=bool(np.mean(np.abs(steps / interval - 1) < SAME) > REGULAR),
        centre=centre,
        scale=scale,
        step=resolution / scale,
        used=used,
        remarks=tuple(remarks),
    )


def _interval(steps: Floats) -> float:
    """Return the median interval; of rounded times without gaps the mean, which is exact."""
    median = float(np.median(steps))
    mean = float(steps.mean())
    has_gaps = float(steps.max()) > LOST * median
    return median if has_gaps or abs(mean - median) > SAME * median else mean


def _usable(y: Floats) -> tuple[NDArray[np.bool_] | None, list[str]]:
    """Return which readings are neither overflows nor far off, None for all, and remarks."""
    with np.errstate(invalid="ignore"):
        used = np.abs(y) < OVERFLOW
    # Genuine signals of such a size have no small readings beside them.
    if used.any() or not np.isfinite(y).all():
        missing = np.flatnonzero(~used)
    else:
        used, missing = np.ones(y.size, bool), np.empty(0, np.intp)
    remarks = []
    if missing.size > MAX_OVERFLOWS * y.size:
        raise SmtjError(
            f"{missing.size} of {y.size} readings are overflows or not finite; the instrument was "
            "out of range: choose a larger one"
        )
    if missing.size:
        remarks.append(
            f"{named_readings(missing)} left out: {y[missing[0]]:.3g} is an overflow of the "
            "instrument"
        )
    low, high = np.quantile(y[used][:: max(y.size >> 16, 1)], BULK)
    if high > low:
        far = used & (np.abs(y - (low + high) / 2) > FAR * (high - low))
        if 0 < far.sum() <= MAX_OVERFLOWS * y.size:
            off = np.flatnonzero(far)
            remarks.append(
                f"{named_readings(off)} left out: {y[off[0]]:.3g} is far from all others"
            )
            used &= ~far
    return (None if used.all() else used), remarks


def _measured_anew(y: Floats) -> NDArray[np.bool_] | None:
    """Return which readings are no repetition of the one before; None where few are, where nearly
    all are, or where rounding explains them."""
    new = np.concatenate([[True], y[1:] != y[:-1]])
    if new.mean() > MOSTLY_NEW or new.sum() < MIN_READINGS:
        return None
    values, number = np.unique(y[new], return_counts=True)
    # What returns again and again is a level without noise.
    if values.size < new.sum() / 2 or number.max() > RETURNS * new.sum():
        return None
    return new


def named_readings(index: NDArray[np.intp]) -> str:
    """Name readings by their number, the first as 0."""
    named = ", ".join(str(i) for i in index[:5])
    return f"reading{'s' if index.size > 1 else ''} {named}" + (
        f" and {index.size - 5} more" if index.size > 5 else ""
    )


def _kinds(steps: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Sort intervals, in medians, into kinds of equal length; kind 0 is before the first reading,
    kind 1 a median interval."""
    kinds = np.ones(steps.size + 1, np.int32)
    kinds[0] = 0
    odd = np.flatnonzero(np.abs(steps - 1) > 1e-3)
    lengths = np.empty(0)
    if odd.size:
        rounded = np.round(steps[odd], 3)
        lengths, which = np.unique(rounded, return_inverse=True)
        if lengths.size > MAX_KINDS:
            # Logarithmic classes, within 1 %.
            code = np.round(np.log(steps[odd]) / 0.01)
            codes, which = np.unique(code, return_inverse=True)
            lengths = np.array([steps[odd][which == k].mean() for k in range(codes.size)])
        lengths = np.maximum(lengths, 1e-6)
        kinds[odd + 1] = which + 2
    return kinds, np.concatenate([[1e9, 1.0], lengths])


def _limits(y: Floats) -> list[str]:
    """Say that an instrument has hardly a step, or repeats readings."""
    some = y[:: max(y.size >> 14, 1)]
    values, number = np.unique(some, return_counts=True)
    # Outliers may have set the range.
    common = values[number > RARE * some.size]
    if 2 < common.size < MIN_VALUES:
        steps = np.diff(common)
        if np.ptp(steps) < EVEN_STEPS * steps.max():
            return [
                f"the readings take {common.size} values only, {steps.mean():.3g} apart: levels "
                "are known no better than that, and closer ones not seen; choose a finer range"
            ]
    if values.size < some.size / 4:
        return []
    found = []
    inside = (y > values[0]) & (y < values[-1])
    repeated = float(np.mean((y[1:] == y[:-1]) & inside[1:]))
    if repeated > REPEATED:
        found.append(
            f"{100 * repeated:.2g} % of the readings repeat the one before, as behind a median "
            "filter, which makes levels of noise and hides dwells; fit the record before it"
        )
    return found


def _resolution(y: Floats) -> float:
    """Return the step to which readings are rounded, 0 if none is seen."""
    values = np.unique(y)
    if values.size < MIN_VALUES or values.size > y.size / 4:
        return 0.0
    steps = np.diff(values)
    steps = steps[steps > 1e-9 * (values[-1] - values[0])]
    return float(np.quantile(steps, 0.1)) if steps.size else 0.0

"""Splitting a data set with any number of spectra into single ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from smtj.errors import DataError
from smtj.measurement.checks import require
from smtj.measurement.conditions import SAME, Codes, condition_codes, part_of, positions
from smtj.measurement.format.messages import listed
from smtj.measurement.format.schema import FIELDS, LABELS, SIGNALS
from smtj.measurement.locations import reading_place, source_of
from smtj.measurement.long_format import Array, column_names, long_columns, readings_in
from smtj.typing import Floats

if TYPE_CHECKING:
    import xarray as xr

MIN_SWEEP_POINTS = 5
"""Fewest readings of a spectrum."""

STAYS = 5 * SAME
"""Largest change during a sweep of what is not swept, relative to the largest of its kind."""

_CONDITIONS = ("voltage", "current", "temperature")
# A sweep ends where it turns back by this fraction of its range, unless it only wobbles at its
# start by less than this fraction.
_RETURN = 0.5
_WOBBLE = 0.1
# Smallest tangent of an angle between field and axis that exceeds the noise of a magnetometer.
_TILT = 0.02

Direction = tuple[float, float]


@dataclass(frozen=True)
class Sweep:
    """One spectrum."""

    swept: Literal["frequency", "field"]
    """What changes from reading to reading."""
    x: Floats
    """Its values in Hz, or in A/m with sign along ``direction``, shape (readings,), in the order
    in which they were taken."""
    dataset: "xr.Dataset"
    """The readings, dimension ``reading``; conditions and labels are scalar coordinates."""
    conditions: dict[str, float]
    """SI floats by name: the frequency, or the known components of the field, and voltage, current
    and temperature if known."""
    direction: Direction | None
    """Unit vector (out of plane, in plane) along which the field is swept, with its larger
    component positive; None if the frequency is swept."""
    static_field: Direction
    """Constant part of the field (out of plane, in plane) in A/m: the field is
    ``static_field + x * direction``, or ``static_field`` if the frequency is swept."""


class _Readings(NamedTuple):
    """Frequency and fields by name, shape (readings,) each."""

    scaled: Mapping[str, Floats]
    """Relative to the largest of their kind."""
    codes: Mapping[str, Codes]
    """Equal for readings of the same value."""


class _Split(NamedTuple):
    """Readings split into sweeps under the hypothesis that certain columns are swept."""

    sweeps: list[Codes]
    """Positions in the data set, for each sweep."""
    swept: tuple[str, ...]
    steady: tuple[str, ...]
    """Constant columns, without those that are only noise."""
    short: bool
    """Whether most sweeps are too short."""
    wander: float
    """Relative change during a sweep of all that is not swept."""


def sweeps(dataset: "xr.Dataset") -> list[Sweep]:
    """Split a data set into single spectra.

    Readings are first separated by label, voltage, current and temperature.  One of the latter
    whose values are shared by fewer than :data:`MIN_SWEEP_POINTS` readings was measured and is
    not a condition; of voltage and current, the one with more values.  Within such a group, in the
    order of readings, frequency or field is swept if it changes from reading to reading while the
    other stays constant; of the field, one component or both.

    Values that differ by less than :data:`SAME` of the largest of their kind are equal, and their
    mean over a sweep is its condition.  So are those of a field that is only noise, like that of a
    magnetometer at zero field.

    A sweep ends where a condition changes, and where it turns back by more than half of its range:
    repeated sweeps, and the ways up and down, are separate spectra; a turning point belongs to the
    first.  Values that never repeat and are in no order are one spectrum.

    Parameters
    ----------
    dataset
        Of any dimensions, with frequency, field, and a signal or a channel of a lock-in amplifier.

    Returns
    -------
    list of Sweep
        In the order of their first readings.

    Raises
    ------
    DataError
        A quantity is missing, neither frequency nor field is swept while the other stays constant,
        the field is not swept along a straight line, or a sweep has fewer than
        :data:`MIN_SWEEP_POINTS` readings.
    """
    require(dataset, "frequency")
    for names in (FIELDS, SIGNALS):
        if not set(names) & {str(name) for name in dataset.variables}:
            require(dataset, *names)
    columns = long_columns(dataset, column_names(dataset))
    size = readings_in(dataset)
    constant = _constant(columns, size)
    readings = _scaled(columns, size)
    found = []
    for group in positions(condition_codes({name: columns[name] for name in constant}, size, SAME)):
        split = _split(dataset, readings, group)
        found += [(part, split.swept) for part in split.sweeps]
    found.sort(key=lambda item: int(item[0][0]))
    return [_sweep(dataset, columns, constant, *item) for item in found]


def _constant(columns: Mapping[str, Array], size: int) -> list[str]:
    """Labels, and those of voltage, current and temperature that were set and not measured."""
    values = {
        name: 1 + int(condition_codes({name: columns[name]}, size, SAME).max())
        for name in _CONDITIONS
        if name in columns
    }
    most = max(size, MIN_SWEEP_POINTS) / MIN_SWEEP_POINTS
    chosen = [name for name, number in values.items() if number <= most]
    if {"voltage", "current"} <= set(chosen):
        distinct = {name: np.unique(columns[name]).size for name in ("voltage", "current")}
        measured = max(distinct, key=distinct.__getitem__)
        if distinct["voltage"] != distinct["current"] and values[measured] > 1:
            chosen.remove(measured)
    return [*chosen, *(name for name in LABELS if name in columns)]


def _scaled(columns: Mapping[str, Array], size: int) -> _Readings:
    fields = [name for name in FIELDS if name in columns]
    scales = dict.fromkeys(fields, np.hypot.reduce([columns[name] for name in fields]).max())
    scales["frequency"] = columns["frequency"].max()
    scaled = {name: columns[name] / (scale or 1.0) for name, scale in scales.items()}
    codes = {
        # The appended 1 makes the resolution relative to 1.
        name: condition_codes({name: np.append(values, 1.0)}, size + 1, SAME)[:-1]
        for name, values in scaled.items()
    }
    return _Readings(scaled, codes)


def _split(dataset: "xr.Dataset", readings: _Readings, group: Codes) -> _Split:
    """Split readings that differ only in frequency and field into sweeps."""
    if group.size < MIN_SWEEP_POINTS:
        raise _too_short(dataset, group, "under the same conditions")
    fields = [name for name in FIELDS if name in readings.scaled]
    single = [_supposed(readings, group, (name,)) for name in ("frequency", *fields)]
    splits = [split for split in single if split is not None]
    best = min(splits, key=lambda split: (split.short, split.wander), default=None)
    if len(fields) == 2 and (best is None or _is_oblique(readings, best)):
        best = _supposed(readings, group, tuple(fields)) or best
    if best is None:
        raise DataError(
            f"{source_of(dataset)}: neither frequency nor field changes while the other stays "
            f"within {STAYS * 100:g} %, in {group.size} readings from "
            f"{reading_place(dataset, int(group[0]))} on: a spectrum needs {MIN_SWEEP_POINTS} "
            "successive readings at one field or at one frequency"
        )
    for part in best.sweeps:
        _check_sweep(dataset, readings, part, best)
    return best


def _supposed(readings: _Readings, group: Codes, swept: tuple[str, ...]) -> _Split | None:
    """Split under the hypothesis that these columns are swept; None if it cannot be true."""
    scaled = readings.scaled
    rest = [name for name in scaled if name not in swept]
    steady = tuple(n for n in rest if n not in FIELDS or not _is_noise(scaled[n][group]))
    changes = np.zeros(group.size - 1, dtype=np.bool_)
    for name in steady:
        changes |= np.diff(readings.codes[name][group]) != 0
    # Otherwise almost every reading would be a sweep.
    if 2 * changes.sum() > group.size:
        return None
    runs = np.split(group, np.flatnonzero(changes) + 1)
    parts = [part for run in runs for part in _passes_of(readings, run, swept)]
    wander = _median_span(readings, parts, steady)
    if wander > STAYS or wander >= _median_span(readings, parts, swept):
        return None
    short = bool(np.median([part.size for part in parts]) < MIN_SWEEP_POINTS)
    return _Split(parts, swept, steady, short, _median_span(readings, parts, rest))


def _is_oblique(readings: _Readings, split: _Split) -> bool:
    """Whether, in sweeps of one component of the field, the other one changes with it."""
    if split.swept == ("frequency",):
        return False
    other = next(name for name in FIELDS if name not in split.swept)
    slopes = []
    for part in split.sweeps:
        x = readings.scaled[split.swept[0]][part]
        x = x - x.mean()
        slopes.append(abs(x @ readings.scaled[other][part]) / (x @ x) if x.any() else 0.0)
    return bool(np.median(slopes) > _TILT)


def _median_span(readings: _Readings, parts: list[Codes], names: Iterable[str]) -> float:
    """Change of columns during a typical sweep; the largest of them."""
    spans = (
        float(np.median([np.ptp(readings.scaled[name][part]) for part in parts])) for name in names
    )
    return max(spans, default=0.0)


def _is_noise(values: Floats) -> bool:
    """Whether values have neither a trend nor levels, like those of a magnetometer at one field.

    The steps of noise have twice its variance, one in three has the sign of its predecessor, and
    most values occur once.
    """
    steps = np.diff(values)
    has_trend = steps.size < 2 or np.mean(steps[1:] * steps[:-1] > 0) > 0.5
    has_levels = 2 * np.unique(values).size <= values.size or np.mean(steps**2) <= values.var()
    return not has_trend and not has_levels


def _passes_of(readings: _Readings, run: Codes, swept: tuple[str, ...]) -> list[Codes]:
    x = _projected(np.stack([readings.scaled[name][run] for name in swept], axis=-1))[0]
    passes = _passes(x)
    short = np.median([len(part) for part in passes]) < MIN_SWEEP_POINTS
    if short and np.unique(x).size == x.size:
        return [run]
    return [run[part] for part in passes]


def _passes(x: Floats) -> list[Codes]:
    """Split a sequence where it turns back by more than half of its range, and so its parts."""
    parts = np.split(np.arange(x.size), _turns(x))
    if len(parts) == 1:
        return parts
    return [part[inner] for part in parts for inner in _passes(x[part])]


def _turns(x: Floats) -> list[int]:
    """Where a new part begins, after each point at which a sequence turns back."""
    back, wobble = _RETURN * float(np.ptp(x)), _WOBBLE * float(np.ptp(x))
    values = x.tolist()
    turns: list[int] = []
    start = high = low = now = 0
    while now < len(values):
        value = values[now]
        high = now if value > values[high] else high
        low = now if value < values[low] else low
        if values[high] - value > back and values[high] - values[start] > wobble:
            turns.append(_turn(x, high, now, back))
        elif value - values[low] > back and values[start] - values[low] > wobble:
            turns.append(_turn(x, low, now, back))
        else:
            now += 1
            continue
        start = high = low = now = turns[-1]
    return turns


def _turn(x: Floats, extreme: int, end: int, back: float) -> int:
    """Where the way back begins: after a jump, else in the middle of the extreme values."""
    steps = np.abs(np.diff(x[extreme : end + 1]))
    if steps.max() > back:
        return extreme + int(steps.argmax()) + 1
    return extreme + int((steps > 0).argmax()) // 2 + 1


def _projected(points: Floats) -> tuple[Floats, Floats, Floats]:
    """Positions of points, shape (n, dims), along a line, distances from it, and its direction."""
    if points.shape[1] == 1:
        return points[:, 0], np.zeros(1), np.ones(1)
    centred = points - points.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    direction *= np.sign(direction[np.abs(direction).argmax()])
    along = points @ direction
    return along, centred - np.outer(centred @ direction, direction), direction


def _check_sweep(dataset: "xr.Dataset", readings: _Readings, part: Codes, split: _Split) -> None:
    if part.size < MIN_SWEEP_POINTS:
        stays = "field" if split.swept == ("frequency",) else "frequency"
        raise _too_short(dataset, part, f"at the same {stays}")
    where = f"{source_of(dataset)}: in the sweep from {reading_place(dataset, int(part[0]))} on"
    for name in split.steady:
        change = np.ptp(readings.scaled[name][part])
        if change > STAYS:
            raise DataError(
                f"{where} {name} changes by {change * 100:.2g} % of its largest value: it must "
                f"stay within {STAYS * 100:g} % while {listed(split.swept)} changes"
            )
    beside = _projected(np.stack([readings.scaled[name][part] for name in split.swept], axis=-1))[1]
    if np.ptp(beside, axis=0).max() > STAYS:
        raise DataError(
            f"{where} the field turns: sweep it along a straight line, and label sweeps in several "
            "directions in a column direction"
        )


def _too_short(dataset: "xr.Dataset", part: Codes, conditions: str) -> DataError:
    readings = f"{part.size} reading{'s' if part.size > 1 else ''}"
    return DataError(
        f"{source_of(dataset)}: the sweep from {reading_place(dataset, int(part[0]))} on has "
        f"{readings}: a spectrum needs {MIN_SWEEP_POINTS} or more {conditions}, in succession"
    )


def _sweep(
    dataset: "xr.Dataset",
    columns: Mapping[str, Array],
    constant: list[str],
    part: Codes,
    swept: tuple[str, ...],
) -> Sweep:
    still = [name for name in ("frequency", *FIELDS) if name in columns and name not in swept]
    means = {n: _mean(columns[n][part]) for n in (*still, *constant) if n not in LABELS}
    shared = means | {name: columns[name][part[0]] for name in constant if name in LABELS}
    own = {name: values[part] for name, values in columns.items() if name not in shared}
    readings = part_of(dataset, own, shared)
    points = np.stack([columns[name][part] for name in swept], axis=-1)
    x, _, along = _projected(points)
    if swept == ("frequency",):
        static = means.get(FIELDS[0], 0.0), means.get(FIELDS[1], 0.0)
        return Sweep("frequency", x, readings, means, None, static)
    beside = points.mean(axis=0) - x.mean() * along if len(swept) > 1 else np.zeros(1)
    direction = dict(zip(swept, along.tolist(), strict=True))
    static_of = means | dict(zip(swept, beside.tolist(), strict=True))
    first, second = FIELDS
    return Sweep(
        "field",
        x,
        readings,
        means,
        (direction.get(first, 0.0), direction.get(second, 0.0)),
        (static_of.get(first, 0.0), static_of.get(second, 0.0)),
    )


def _mean(values: Floats) -> float:
    """The mean; of equal values exactly their value, and never -0."""
    return float(values[0] if np.ptp(values) == 0 else values.mean()) + 0.0

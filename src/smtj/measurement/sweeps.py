"""Spectra, one by one, of a data set that holds any number of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.checks import require
from smtj.measurement.conditions import SAME, condition_codes, part_of
from smtj.measurement.format.schema import FIELDS, LABELS, SIGNALS
from smtj.measurement.format.wording import listed
from smtj.measurement.locations import reading_place, source_of
from smtj.measurement.long_format import column_names, long_columns, readings_in
from smtj.typing import Floats

if TYPE_CHECKING:
    import xarray as xr

MIN_SWEEP_POINTS = 5
"""Readings that make a spectrum."""

STAYS = 5 * SAME
"""By how much, relative to the largest of its kind, what stays may wander during a sweep."""

_SETTINGS = ("voltage", "current", "temperature")
# A sweep ends where it turns back by this part of its range, but not at a start that wobbles by
# less than that part of it.
_RETURN = 0.5
_WOBBLE = 0.1
# The tangent of an angle between field and axis that is told from the noise of a magnetometer.
_TILT = 0.02

Indices = NDArray[np.int64]
Direction = tuple[float, float]


@dataclass(frozen=True)
class Sweep:
    """One spectrum."""

    swept: Literal["frequency", "field"]
    """What changes from reading to reading."""
    x: Floats
    """Its values in Hz, or in A/m with sign along ``direction``, shape (readings,); in the order
    in which they were taken."""
    dataset: "xr.Dataset"
    """The readings, dimension ``reading``; conditions and labels are scalar coordinates."""
    conditions: dict[str, float]
    """What stays, as SI floats by name: the frequency, or the known components of the field, and
    voltage, current and temperature where they are known."""
    direction: Direction | None
    """Unit vector (perpendicular, parallel) along which the field is swept; its larger component is
    positive; None where the frequency is swept."""
    static_field: Direction
    """What of the field (perpendicular, parallel) stays, in A/m: the field is
    ``static_field + x * direction``, or ``static_field`` alone where the frequency is swept."""


@dataclass(frozen=True)
class _Readings:
    """Frequency and fields of the long form by name, shape (readings,) each."""

    scaled: Mapping[str, Floats]
    """Relative to the largest of their kind."""
    codes: Mapping[str, Indices]
    """Which readings have the same setting, as numbers."""


@dataclass(frozen=True)
class _Split:
    """Readings split into sweeps on the supposition of what is swept."""

    sweeps: list[Indices]
    """Positions in the data set, of each sweep."""
    swept: tuple[str, ...]
    """The columns that change."""
    steady: tuple[str, ...]
    """Those that stay; what merely jitters is not among them."""
    short: bool
    """Whether most of the sweeps are too short."""
    wander: float
    """How much all that is not swept changes during a sweep, relative to the largest."""


def sweeps(dataset: "xr.Dataset") -> list[Sweep]:
    """Split a data set into single spectra.

    Readings of different labels, voltages, currents or temperatures are told apart first.  A
    voltage, current or temperature that fewer than :data:`MIN_SWEEP_POINTS` readings share is
    measured and no condition; of voltage and current it is the one that has more values.  In what
    is left, in the order of readings, that of frequency and field is swept that changes from
    reading to reading while the other stays; of the two components of the field, one or both.

    Settings that differ by less than :data:`SAME` of the largest of their kind in the data set are
    one setting, and their mean over a sweep is its condition.  A field that differs by more and is
    but noise, as that of a magnetometer at zero field, is one setting too.

    A sweep ends where a condition changes, and where what is swept turns back by more than half of
    its range under these conditions: repeated sweeps are one spectrum each, and so are the ways up
    and down, of which a single turning point belongs to the first.  Values that never occur twice
    and are in no order are one spectrum.

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
        Something is missing, neither frequency nor field is swept while the other stays, the field
        is swept along no straight line, or a sweep has fewer than :data:`MIN_SWEEP_POINTS`
        readings.
    """
    _check_columns(dataset)
    columns = long_columns(dataset, column_names(dataset))
    constant = _constant(columns, readings_in(dataset))
    readings = _scaled(columns)
    found = []
    for group in _grouped(columns, constant):
        split = _split(dataset, readings, group)
        found += [(part, split.swept) for part in split.sweeps]
    found.sort(key=lambda item: int(item[0][0]))
    return [_sweep(dataset, columns, constant, *item) for item in found]


def _check_columns(dataset: "xr.Dataset") -> None:
    require(dataset, "frequency")
    for names in (FIELDS, SIGNALS):
        if not set(names) & {str(name) for name in dataset.variables}:
            require(dataset, *names)


def _constant(columns: Mapping[str, NDArray[Any]], size: int) -> list[str]:
    """Labels, and what of voltage, current and temperature was set and not measured."""
    known = [name for name in _SETTINGS if name in columns]
    distinct = {name: np.unique(columns[name]).size for name in known}
    values = {
        name: 1 + int(condition_codes({name: columns[name]}, size, SAME).max()) for name in known
    }
    chosen = [
        name for name in known if values[name] * MIN_SWEEP_POINTS <= max(size, MIN_SWEEP_POINTS)
    ]
    if {"voltage", "current"} <= set(chosen) and distinct["voltage"] != distinct["current"]:
        measured = max(("voltage", "current"), key=distinct.__getitem__)
        if values[measured] > 1:
            chosen.remove(measured)
    return [*chosen, *(name for name in LABELS if name in columns)]


def _grouped(columns: Mapping[str, NDArray[Any]], constant: list[str]) -> list[Indices]:
    size = columns["frequency"].size
    codes = condition_codes({name: columns[name] for name in constant}, size, SAME)
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1])


def _scaled(columns: Mapping[str, NDArray[Any]]) -> _Readings:
    size = columns["frequency"].size
    fields = [columns[name] for name in FIELDS if name in columns]
    scales = {name: np.hypot.reduce(fields).max() for name in FIELDS if name in columns}
    scales["frequency"] = columns["frequency"].max()
    scaled = {name: columns[name] / (scale or 1.0) for name, scale in scales.items()}
    codes = {
        # Relative to 1, which a value of its own makes sure is the largest.
        name: condition_codes({name: np.append(values, 1.0)}, size + 1, SAME)[:-1]
        for name, values in scaled.items()
    }
    return _Readings(scaled, codes)


def _split(dataset: "xr.Dataset", readings: _Readings, group: Indices) -> _Split:
    """Readings under the same conditions but for frequency and field, as sweeps."""
    place = reading_place(dataset, int(group[0]))
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
            f"within {STAYS * 100:g} %, in {group.size} readings from {place} on: a spectrum has "
            f"{MIN_SWEEP_POINTS} readings or more at one field or at one frequency, one after the "
            "other"
        )
    for part in best.sweeps:
        _check_sweep(dataset, readings, part, best)
    return best


def _supposed(readings: _Readings, group: Indices, swept: tuple[str, ...]) -> _Split | None:
    """Split on the supposition that this is swept; None if it cannot be."""
    rest = [name for name in readings.scaled if name not in swept]
    codes = {name: readings.codes[name][group] for name in rest}
    jitter = [n for n in rest if n in FIELDS and _is_noise(readings.scaled[n][group])]
    steady = tuple(name for name in rest if name not in jitter)
    changes = np.zeros(group.size - 1, dtype=np.bool_)
    for name in steady:
        changes |= np.diff(codes[name]) != 0
    # Where every reading has settings of its own, there would be as many sweeps as readings.
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
    """Whether, in sweeps of one component of the field, the other one goes with it."""
    if split.swept == ("frequency",):
        return False
    other = next(name for name in FIELDS if name not in split.swept)
    slopes = []
    for part in split.sweeps:
        x = readings.scaled[split.swept[0]][part]
        x = x - x.mean()
        slopes.append(abs(x @ readings.scaled[other][part]) / (x @ x) if x.any() else 0.0)
    return bool(np.median(slopes) > _TILT)


def _median_span(readings: _Readings, parts: list[Indices], names: Iterable[str]) -> float:
    """By how much columns change during a sweep, that of them which changes most."""
    spans = (
        float(np.median([np.ptp(readings.scaled[name][part]) for part in parts])) for name in names
    )
    return max(spans, default=0.0)


def _is_noise(values: Floats) -> bool:
    """Whether values have neither a trend nor levels, as those of a magnetometer at one field.

    Their steps then have twice their variance, one step in three has the sign of the last, and most
    values occur once.
    """
    steps = np.diff(values)
    has_trend = steps.size < 2 or np.mean(steps[1:] * steps[:-1] > 0) > 0.5
    has_levels = 2 * np.unique(values).size <= values.size or np.mean(steps**2) <= values.var()
    return not has_trend and not has_levels


def _passes_of(readings: _Readings, run: Indices, swept: tuple[str, ...]) -> list[Indices]:
    x = _projected(np.stack([readings.scaled[name][run] for name in swept], axis=-1))[0]
    passes = _passes(x)
    short = np.median([len(part) for part in passes]) < MIN_SWEEP_POINTS
    if short and np.unique(x).size == x.size:
        return [run]
    return [run[part] for part in passes]


def _passes(x: Floats) -> list[NDArray[np.int64]]:
    """Split a sequence where it turns back by more than half of its range, and the parts again."""
    parts = np.split(np.arange(x.size), _turns(x))
    if len(parts) == 1:
        return parts
    return [part[inner] for part in parts for inner in _passes(x[part])]


def _turns(x: Floats) -> list[int]:
    """Where a new part begins, after each point from which a sequence turns back."""
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
    """Where the way back begins: after a jump, else at the extreme, half of a flat one."""
    steps = np.abs(np.diff(x[extreme : end + 1]))
    if steps.max() > back:
        return extreme + int(steps.argmax()) + 1
    equal = int((steps > 0).argmax())
    return extreme + equal // 2 + 1


def _projected(points: Floats) -> tuple[Floats, Floats, Floats]:
    """Points, shape (n, dims), along the line through them, beside it, and its direction."""
    if points.shape[1] == 1:
        return points[:, 0], np.zeros(1), np.ones(1)
    centred = points - points.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    direction *= np.sign(direction[np.abs(direction).argmax()])
    along = points @ direction
    return along, centred - np.outer(centred @ direction, direction), direction


def _check_sweep(dataset: "xr.Dataset", readings: _Readings, part: Indices, split: _Split) -> None:
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
            f"{where} the field turns: sweep it along a straight line, and tell sweeps in several "
            "directions apart by a label, in a column direction"
        )


def _too_short(dataset: "xr.Dataset", part: Indices, conditions: str) -> DataError:
    readings = f"{part.size} reading{'s' if part.size > 1 else ''}"
    return DataError(
        f"{source_of(dataset)}: the sweep from {reading_place(dataset, int(part[0]))} on has "
        f"{readings}: a spectrum has {MIN_SWEEP_POINTS} or more {conditions}, one after the other"
    )


def _sweep(
    dataset: "xr.Dataset",
    columns: Mapping[str, NDArray[Any]],
    constant: list[str],
    part: Indices,
    swept: tuple[str, ...],
) -> Sweep:
    rest = [name for name in ("frequency", *FIELDS) if name in columns and name not in swept]
    means = {
        name: _mean(columns[name][part])
        for name in (*rest, *constant)
        if name in columns and name not in LABELS
    }
    labels = {name: columns[name][part[0]] for name in constant if name in LABELS}
    setting = {**means, **labels}
    readings = part_of(
        dataset,
        {name: values[part] for name, values in columns.items() if name not in setting},
        setting,
    )
    if swept == ("frequency",):
        static = tuple(means.get(name, 0.0) for name in FIELDS)
        x = columns["frequency"][part]
        return Sweep("frequency", x, readings, means, None, (static[0], static[1]))
    points = np.stack([columns[name][part] for name in swept], axis=-1)
    x, _, along = _projected(points)
    beside = points.mean(axis=0) - x.mean() * along if len(swept) > 1 else np.zeros(1)
    direction = dict(zip(swept, along.tolist(), strict=True))
    static_of = {**means, **dict(zip(swept, beside.tolist(), strict=True))}
    return Sweep(
        "field",
        x,
        readings,
        means,
        (direction.get(FIELDS[0], 0.0), direction.get(FIELDS[1], 0.0)),
        (static_of.get(FIELDS[0], 0.0), static_of.get(FIELDS[1], 0.0)),
    )


def _mean(values: Floats) -> float:
    """The mean; of equal values the value itself, to the last bit."""
    # What is added makes -0.0 a plain 0.
    return float(values[0] if np.ptp(values) == 0 else values.mean()) + 0.0

"""Files that hold a series of measurements, one per table or one per column."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from smtj.errors import DataError
from smtj.measurement.format.excel import read_sheet
from smtj.measurement.format.header import split_header
from smtj.measurement.format.options import ReadOptions
from smtj.measurement.format.schema import QUANTITIES, name_of
from smtj.measurement.format.text.dialect import read_dialect
from smtj.measurement.loading import load
from smtj.measurement.locations import BINARY, READING, TOUCHSTONE, WORKBOOKS
from smtj.measurement.side_by_side import beside, blocks, load_beside, load_blocks
from smtj.measurement.stated import STATED, conditions_in_name, remark

if TYPE_CHECKING:
    import xarray as xr

MIN_COLUMNS = 3
"""Fewest columns of a series."""
MEASURED = ("resistance", "voltage", "current", "signal", "probability")
"""Quantities that may stand in one column per condition."""

_CONDITION = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?\s*[A-Za-zµμ]+")
_BEFORE = re.compile(r"(?:[\s(\[_@,]|\bat\b|(?<=[\s(\[_@,])\w+\s*=)*$")
_ALONE = re.compile(r"\w+\s*=\s*")
_UNIT = re.compile(r"[\[(]\s*([^\])]+?)\s*[\])]\s*$")


def load_tables(
    path: str | Path, columns: Mapping[str, str] | None = None, **options: Any
) -> "list[xr.Dataset]":
    """Read a data file, and everything in it if it has a table or a column per condition.

    Takes the arguments of :func:`smtj.measurement.load`.  The sheets of a workbook, or the groups
    of a file, are read one by one if they have the same columns and their names, or what stands
    beside the tables, state conditions that differ; else the first is read alone.  So are columns
    whose headers differ in a condition, as in ``R(-20 Oe)`` and ``R(-10 Oe)``, beside one of times.
    """
    file = Path(path).expanduser()
    reason = None
    try:
        first = load(file, columns, **options)
    except DataError as error:
        reason = error
    if not columns and (reason is not None or not _shows_state(first)):
        series = _series(_headers(file, options))
        if series:
            every = [_column(file, one, series, options) for one in series]
            return [_as_table(every)] if series[0].quantity == "probability" else every
    if not columns and (reason is not None or not _shows_state(first)):
        whole = _side_by_side(file, options)
        if whole is not None:
            return [whole]
    if reason is not None:
        raise reason
    alike = first.encoding.get("alike", ())
    if options.get("sheet") is not None or not alike:
        return [first]
    every = [load(file, columns, **{**options, "sheet": name}) for name in alike]
    for name in STATED:
        known = {float(one[name]) for one in every if name in one.variables and not one[name].ndim}
        if len(known) == len(every):
            for one in every:
                remark(one, f"{len(every)} tables alike are read, one per condition")
            return every
    return [first]


def _side_by_side(file: Path, options: Mapping[str, Any]) -> "xr.Dataset | None":
    """Read repeats, directions or whole sweeps that stand beside each other, if that is so."""
    own = options.get("ignore", ())

    def read(named: Mapping[str, str], ignored: Sequence[str]) -> "xr.Dataset":
        return load(file, named, **{**options, "ignore": [*own, *ignored]})

    headers = _headers(file, options)
    columns, tables = beside(headers), blocks(headers)
    if columns:
        return load_beside(columns, read)
    return load_blocks(tables, read) if tables else None


def _shows_state(dataset: "xr.Dataset") -> bool:
    """Whether there is something that was measured."""
    names = {str(name) for name in dataset.variables}
    return bool(names & {*MEASURED, "channel_x", "probability", "high", "dwell_time_high"})


def _as_table(parts: "Sequence[xr.Dataset]") -> "xr.Dataset":
    """Return tables of P, one per condition, as one with a column of the condition."""
    import xarray as xr

    long = [part.assign({n: (READING, np.full(part.sizes[READING], float(part[n])), part[n].attrs)
                         for n in part.variables if not part[n].ndim and n in STATED})
            for part in parts]  # fmt: skip
    found = xr.concat(long, READING, data_vars="minimal", coords="minimal", compat="override")
    found.attrs = parts[0].attrs
    found.encoding = {**parts[0].encoding, "readings": None}
    for name in parts[0].variables:
        found[name].encoding |= parts[0][name].encoding
    return found


class _Column(NamedTuple):
    """A column of a series."""

    position: int
    quantity: str
    """What is in it."""
    unit: str
    condition: str
    """What its header states."""
    value: float
    header: str
    """In the file."""
    of_condition: str
    """That of the condition in it."""
    time: tuple[int, str] | None = None
    """Position and unit of its own times, if each column has them."""


def _series(headers: Sequence[str]) -> list[_Column]:
    """Return the columns whose headers differ in one condition; empty if there are too few."""
    found = [column for n, header in enumerate(headers) if (column := _of_header(n, header))]
    kinds = {(column.quantity, column.unit, column.condition) for column in found}
    values = {column.value for column in found}
    alike = len(kinds) == 1 and len(values) == len(found)
    if not alike or len(found) < MIN_COLUMNS:
        return []
    times = [one for n, h in enumerate(headers) if (one := _of_header(n, h, ("time",)))]
    own = {(time.condition, time.value): (time.position, time.unit) for time in times}
    return [one._replace(time=own.get((one.condition, one.value))) for one in found]


def _of_header(position: int, header: str, quantities: Sequence[str] = MEASURED) -> _Column | None:
    place = _CONDITION.search(header)
    conditions = list(conditions_in_name(header))
    if place is None or len(conditions) != 1:
        return None
    above = "" if _ALONE.fullmatch(header[: place.start()]) else header[: place.start()]
    name, own = split_header(_BEFORE.sub("", above))
    quantity = name_of(name) if name else "signal"
    beside = _UNIT.search(header[place.end() :].lstrip(" )]"))
    unit = beside[1] if beside else own
    condition, value, of_condition, _ = conditions[0]
    if quantity is None or quantity not in quantities or quantity == condition:
        return None
    plain = "a.u." if quantity == "signal" else QUANTITIES[quantity].unit
    return _Column(position, quantity, unit or plain, condition, value, header, of_condition)


def _column(
    file: Path, one: _Column, series: Sequence[_Column], options: Mapping[str, Any]
) -> "xr.Dataset":
    """Read one column of a series, with the times and its condition."""
    others = [f"#{column.position + 1}" for column in series if column is not one]
    ignore = [*options.get("ignore", ()), *others]
    column = {one.quantity: f"#{one.position + 1}" + f" [{one.unit or 1}]"}
    if one.time is not None:
        column["time"] = f"#{one.time[0] + 1} [{one.time[1]}]"
    dataset = load(file, column, **{**options, "ignore": ignore})
    unit = QUANTITIES[one.condition].unit
    dataset[one.condition] = ((), one.value, {"units": unit})
    dataset[one.condition].encoding["header"] = one.of_condition
    dataset.attrs.pop("ignored_columns", None)
    what = "curve" if one.quantity == "probability" else "trace"
    remark(dataset, f"{len(series)} columns alike are read as one {what} per condition")
    return dataset


def _headers(file: Path, options: Mapping[str, Any]) -> Sequence[str]:
    """The headers of a file of text or a workbook; empty for others."""
    read = ReadOptions.of(None, **{k: v for k, v in options.items() if k != "progress"})
    suffix = file.suffix.lower()
    try:
        if suffix in WORKBOOKS:
            return read_sheet(file, read.sheet, read.skip_rows).headers
        if suffix in BINARY or TOUCHSTONE.fullmatch(suffix):
            return ()
        return read_dialect(file, read.skip_rows).headers
    except (DataError, OSError):
        return ()

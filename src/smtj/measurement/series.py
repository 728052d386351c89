"""Files that hold a series of measurements, one per table or one per column."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from smtj.errors import DataError
from smtj.measurement.format.condition_header import conditioned
from smtj.measurement.format.excel import read_sheet
from smtj.measurement.format.header import split_header
from smtj.measurement.format.messages import quoted
from smtj.measurement.format.options import ReadOptions
from smtj.measurement.format.schema import FIELDS, QUANTITIES, name_of
from smtj.measurement.format.text.dialect import read_dialect
from smtj.measurement.joining import joined
from smtj.measurement.loading import check_file, load
from smtj.measurement.locations import BINARY, TOUCHSTONE, WORKBOOKS
from smtj.measurement.side_by_side import beside, blocks, load_beside, load_blocks
from smtj.measurement.stated import STATED, remark

if TYPE_CHECKING:
    import xarray as xr

MIN_COLUMNS = 3
"""Fewest conditions of a series whose headers do not say what was measured."""
MEASURED = ("resistance", "voltage", "current", "signal", "probability")
"""Quantities that may stand in one column per condition."""
TABLES = (
    *("probability", "probability_low", "probability_error", "high", "low", "reads", "switched"),
    *("dwell_time_high", "dwell_time_low", "rate_high", "rate_low"),
)
"""Those of a table, of which several may."""


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
    check_file(file)
    reason = None
    try:
        first = load(file, columns, **options)
    except DataError as error:
        reason = error
    if not columns and (reason is not None or not _shows_state(first)):
        series = _series(_headers(file, options), file)
        if series:
            return _of_series(file, series, options)
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
    whole = load_blocks(tables, headers, read) if tables else None
    return load_beside(columns, read) if whole is None and columns else whole


def _shows_state(dataset: "xr.Dataset") -> bool:
    """Whether there is something that was measured."""
    names = {str(name) for name in dataset.variables}
    if names <= {"voltage", "current", "temperature"} and len(names) == 1:
        return False  # a drive, beside columns that are not understood
    return bool(names & {*MEASURED, "channel_x", "probability", "high", "dwell_time_high"})


class _Group(NamedTuple):
    """The columns of one condition."""

    condition: str
    value: float
    """SI."""
    header: str
    """What the condition is called."""
    has_unit: bool
    columns: Mapping[str, tuple[int, str | None]]
    """Position and unit by quantity, which is "" if the headers name none."""


def _series(headers: Sequence[str], file: Path) -> list[_Group]:
    """Return the columns whose headers differ in one condition; empty if there are too few.

    Raises DataError if that is a field without a unit.
    """
    found: dict[tuple[str, float], _Group] = {}
    for position, header in enumerate(headers):
        one = conditioned(header)
        if one is None or one.quantity not in ("", "time", *MEASURED, *TABLES):
            continue
        key = (one.condition, one.value)
        group = found.setdefault(key, _Group(*key, one.header, one.has_unit, {}))
        if one.quantity in group.columns:
            return []
        columns = {**group.columns, one.quantity: (position, one.unit)}
        found[key] = group._replace(columns=columns)
    groups = [group for group in found.values() if set(group.columns) != {"time"}]
    # Without counts of the high state, N_P is the number of pulses.
    groups = [
        group._replace(columns={{"low": "reads"}.get(n, n): c for n, c in group.columns.items()})
        if "low" in group.columns and not {"high", "reads"} & set(group.columns)
        else group
        for group in groups
    ]
    kinds = {(group.condition, *sorted(group.columns)) for group in groups}
    quantities = set(groups[0].columns) - {"time"} if groups else set()
    several = len(quantities) > 1 and not quantities <= set(TABLES)
    fewest = MIN_COLUMNS if quantities == {""} else 1
    if len(kinds) != 1 or several or len(groups) < fewest:
        return []
    if groups[0].condition in FIELDS and not groups[0].has_unit:
        first = headers[min(position for position, _ in groups[0].columns.values())]
        raise DataError(
            f"{file}: column {quoted(first)} states a field without a unit: write it as e.g. "
            f'"{first.strip()} Oe", or give each field its own file (--from-name)'
        )
    return groups


def _of_series(
    file: Path, series: Sequence[_Group], options: Mapping[str, Any]
) -> "list[xr.Dataset]":
    """Read the columns of each condition, as one table if they are parts of one."""
    names = set(series[0].columns)
    if names != {""}:
        every = [_columns(file, one, series, options) for one in series]
        return [joined(every)] if names & set(TABLES) else every
    if "time" not in {name_of(split_header(header)[0]) for header in _headers(file, options)}:
        # Beside a field or a bias and no times, numbers from 0 to 1 are probabilities.
        try:
            every = [_columns(file, one, series, options, "probability") for one in series]
        except DataError:
            every = []
        if every and len({*STATED} & set(every[0].variables)) > 1:
            remark(every[0], "columns of numbers from 0 to 1 are taken for P(high)")
            return [joined(every)]
    return [_columns(file, one, series, options, "signal") for one in series]


def _columns(
    file: Path,
    one: _Group,
    series: Sequence[_Group],
    options: Mapping[str, Any],
    nameless: str = "",
) -> "xr.Dataset":
    """Read the columns of one condition, with the times and its value."""
    others = [group.columns.values() for group in series if group is not one]
    ignore = [f"#{position + 1}" for columns in others for position, _ in columns]
    columns = {}
    for name, (position, unit) in one.columns.items():
        quantity = name or nameless
        plain = "a.u." if quantity == "signal" else QUANTITIES[quantity].unit
        columns[quantity] = f"#{position + 1} [{unit or plain or 1}]"
    ignore += options.get("ignore", ())
    dataset = load(file, columns, **{**options, "ignore": ignore})
    dataset[one.condition] = ((), one.value, {"units": QUANTITIES[one.condition].unit})
    dataset[one.condition].encoding["header"] = one.header
    dataset.attrs.pop("ignored_columns", None)
    what = "curve" if set(columns) & set(TABLES) else "trace"
    remark(dataset, f"{len(series)} columns alike are read as one {what} per condition")
    if not one.has_unit:
        remark(dataset, f"no unit is stated for {one.header} in the headers; SI is assumed")
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

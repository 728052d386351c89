"""What was understood of a data file, what was not, and how to fit it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.errors import DataError
from smtj.measurement.checks import increasing_time
from smtj.measurement.conditions import CONDITIONS, direction_stated, groups, kind_of, observable_of
from smtj.measurement.format.columns import Match, match_columns
from smtj.measurement.format.excel import read_sheet
from smtj.measurement.format.header import split_header
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.options import ReadOptions
from smtj.measurement.format.schema import (
    FIELDS,
    LABELS,
    NAMES,
    QUANTITIES,
    has_no_direction,
)
from smtj.measurement.format.text.dialect import BLANKS, Dialect, read_dialect
from smtj.measurement.locations import BINARY, READING, TOUCHSTONE, WORKBOOKS
from smtj.measurement.series import load_tables
from smtj.measurement.stated import REMARKS, unknown_attributes
from smtj.tables import Table, Tabular
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr

HEAD = ("column", "read as", "unit", "from", "to")
"""Head of the table of columns."""

MIN_VALUES = 4
"""Values of a drive below which the scatter of P does not show the number of reads."""
NO_DIRECTION = "field (direction not stated)"
"""What a column of a field is called whose header names no direction."""

_SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars", BLANKS: "blanks"}
_KINDS = {
    "probability": "a table of probabilities",
    "dwell": "a table of dwell times",
    "trace": "a trace",
    "scan": "traces under several conditions",
    "loop": "a loop",
    "bias_loop": "a loop against voltage or current",
    "angle": "a sweep of the angle",
    "spectrum": "spectra",
}


@dataclass(frozen=True, repr=False)
class FileDescription(Tabular):
    """What was understood of a file."""

    path: Path
    about: tuple[str, ...]
    """How it is written."""
    columns: tuple[tuple[str, str, str, str, str], ...]
    """Header, meaning, unit, and smallest and largest value of each column."""
    kind: str
    """What it is, in words; empty if it cannot be fitted."""
    remarks: tuple[str, ...]
    """Conditions, what was concluded, and what was not understood."""
    problem: str = ""
    """Why it cannot be read or fitted; else empty."""
    needs_reads: bool = False
    """Whether a fit needs the number of reads, which the file does not state."""

    def table(self) -> Table:
        """Return it as a table with its remarks."""
        title = f"{self.path.name}: {self.kind or 'not understood'}"
        notes = [f"{note[:1].upper()}{note[1:]}" for note in (*self.about, *self.remarks)]
        return Table(title, HEAD, self.columns, notes)


def describe(
    path: str | Path, columns: Mapping[str, str] | None = None, **options: Any
) -> FileDescription:
    """Return what is understood of a data file, without fitting it.

    Takes the arguments of :func:`smtj.measurement.load`.  A file that cannot be read is described
    as far as it was understood, with the reason; only one that is missing raises DataError.
    """
    file = Path(path).expanduser()
    try:
        tables = load_tables(file, columns, **options)
    except DataError as error:
        if not file.is_file():
            raise
        return _unread(file, columns or {}, options, str(error))
    dataset, problem, kind = tables[0], "", ""
    try:
        kind = _KINDS[kind_of(dataset)]
        shown = observable_of(dataset)
        if kind == _KINDS["trace"] and shown not in (None, "resistance"):
            kind += f" of the {str(shown).replace('_', ' ')}"
        if "time" in dataset.variables and kind_of(dataset) in ("trace", "scan"):
            for _, readings in groups(dataset):
                increasing_time(readings)
    except DataError as error:
        problem = str(error)
    return FileDescription(
        file,
        _about(file, options),
        _columns(dataset),
        kind,
        _remarks(dataset),
        problem,
        not problem and _needs_reads(dataset),
    )


def _needs_reads(dataset: "xr.Dataset") -> bool:
    """Whether P alone does not show the number of reads: of pulses, or of few or equal values."""
    if "probability" not in dataset or "reads" in dataset:
        return False
    if np.ptp(dataset["probability"].values) == 0:
        return True
    names = [name for name in CONDITIONS if name in dataset.variables]
    sizes = {name: np.unique(dataset[name].values).size for name in names}
    lengths = sizes.pop("pulse_length", 1)
    most = max(sizes.values(), default=1)
    return lengths > most or most < MIN_VALUES


def _columns(dataset: "xr.Dataset") -> tuple[tuple[str, str, str, str, str], ...]:
    names = [str(name) for name in dataset.variables]
    known = [n for n in NAMES if n in names and dataset[n].ndim]
    return tuple(
        (
            str(dataset[name].encoding.get("header", "")),
            _meaning(dataset, name),
            *_range(dataset, name),
        )
        for name in sorted(known, key=names.index)
    )


def _meaning(dataset: "xr.Dataset", name: str) -> str:
    if name in FIELDS and not direction_stated(dataset, name):
        return NO_DIRECTION
    return name.replace("_", " ")


def _named(name: str, header: str) -> str:
    if name in FIELDS and has_no_direction(split_header(header)[0]):
        return NO_DIRECTION
    return name.replace("_", " ")


def _range(dataset: "xr.Dataset", name: str) -> tuple[str, str, str]:
    values = np.asarray(dataset[name].values)
    if name in LABELS:
        distinct = sorted(set(values.tolist()))
        return "", distinct[0], distinct[-1]
    unit, display = QUANTITIES[name].unit, QUANTITIES[name].display_unit
    low, high = (
        format_quantity(float(end), unit, display, 6).removesuffix(display).strip()
        for end in (values.min(), values.max())
    )
    return display, low, high


def _remarks(dataset: "xr.Dataset") -> tuple[str, ...]:
    found = [_sampling(dataset)]
    found += [
        f"{_meaning(dataset, name)} {_range(dataset, name)[1]} {_range(dataset, name)[0]}".strip()
        + " for all readings"
        for name in NAMES
        if name in dataset.variables and not dataset[name].ndim and name in QUANTITIES
    ]
    found += [str(remark) for remark in dataset.attrs.get(REMARKS, ())]
    assumed = list(dataset.attrs.get("assumed_units", ()))
    if assumed:
        found.append(f"no unit is stated for {listed(assumed)}; SI is assumed")
    ignored = [quoted(str(header)) for header in dataset.attrs.get("ignored_columns", ())]
    if ignored:
        found.append(f"not used: {listed(ignored)}")
    found += unknown_attributes(dataset)
    if "resistance_from" in dataset.attrs:
        found.append(f"the resistance is {dataset.attrs['resistance_from']}")
    return tuple(filter(None, found))


def _sampling(dataset: "xr.Dataset") -> str:
    size = dataset.sizes.get(READING)
    if size is None:
        return f"dimensions: {listed(f'{name} {n}' for name, n in dataset.sizes.items())}"
    if "time" not in dataset.variables or size < 3 or dataset["time"].ndim != 1:
        return f"{size} readings"
    steps = np.diff(dataset["time"].values)
    middle = float(np.median(steps))
    if middle <= 0:
        return f"{size} readings, whose times do not increase"
    even = "" if np.ptp(steps) <= 0.01 * middle else ", not evenly"
    whole = float(dataset["time"].values[-1] - dataset["time"].values[0])
    return (
        f"{size} readings, {format_quantity(middle, 's', 'ms', 6)} apart{even}, over "
        f"{format_quantity(whole, 's', 's', 6)}"
    )


def _about(file: Path, options: Mapping[str, Any]) -> tuple[str, ...]:
    read = ReadOptions.of(None, **_plain(options))
    suffix = file.suffix.lower()
    if suffix in BINARY or TOUCHSTONE.fullmatch(suffix):
        return (f"a {suffix} file",)
    try:
        if suffix in WORKBOOKS:
            sheet = read_sheet(file, read.sheet, read.skip_rows, True)
            return (
                f"a workbook; sheet {quoted(sheet.name)}, data from row {sheet.rows[0].number}",
            )
        return _of_text(read_dialect(file, read.skip_rows, True))
    except (DataError, OSError):
        return ()


def _of_text(dialect: Dialect) -> tuple[str, ...]:
    comma = ", decimal commas" if dialect.decimal == "," else ""
    encoding = dialect.encoding.removesuffix("-sig").upper()
    first = (
        f"text in {encoding}, columns separated by {_SEPARATORS[dialect.separator]}{comma}; "
        f"readings from line {dialect.lines + 1}"
    )
    made = (f"in the layout of {dialect.instrument}",) if dialect.instrument else ()
    return (first, *made)


def _unread(
    file: Path, columns: Mapping[str, str], options: Mapping[str, Any], problem: str
) -> FileDescription:
    """Describe a file that cannot be loaded, as far as its header."""
    read = ReadOptions.of(columns, **_plain(options))
    headers: tuple[str, ...] = ()
    try:
        if file.suffix.lower() in WORKBOOKS:
            headers = read_sheet(file, read.sheet, read.skip_rows, True).headers
        elif file.suffix.lower() not in BINARY:
            headers = read_dialect(file, read.skip_rows, True).headers
        found: Match | None = match_columns(headers, columns, str(file), read.ignore)
    except (DataError, OSError):
        found = None
    known = {c.position: c for c in found.columns} if found is not None else {}
    rows = tuple(
        (
            header or f"#{n + 1}",
            _named(known[n].name, header) if n in known else "?",
            (known[n].unit or "") if n in known else "",
            "",
            "",
        )
        for n, header in enumerate(headers)
    )
    return FileDescription(file, _about(file, options), rows, "", (), problem)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "progress"}

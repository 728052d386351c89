"""Read the columns of a text file with pandas, and locate a wrong cell."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.format.clock import seconds_of
from smtj.measurement.format.columns import Column, Match
from smtj.measurement.format.messages import (
    MISSING,
    OVERFLOWS,
    is_grouped,
    is_missing,
    is_number,
    ungrouped,
    wrong_cell,
    wrong_width,
)
from smtj.measurement.format.missing import MAX_FOOTER, MIN_READINGS, Complete, complete
from smtj.measurement.format.options import Progress
from smtj.measurement.format.states import WORDED, state_of, states_of, unknown_state
from smtj.measurement.format.text.dialect import BLANKS, Dialect, split_at_blanks
from smtj.measurement.format.values import in_unit, split_error, split_value, without_errors

CHUNK = 1 << 19
"""Rows parsed at a time."""

_SPELLED = [
    sign + spelled(word)
    for words, signs in ((MISSING, ("",)), (OVERFLOWS, ("", "-", "+")))
    for word in words
    for sign in signs
    for spelled in (str, str.upper, str.title)
]
_MISSING = ["", "-nan", "-NaN", "-NAN", "NaN", *_SPELLED]


def read_text(
    path: Path,
    dialect: Dialect,
    match: Match,
    progress: Progress | None = None,
    readings: int | None = None,
) -> Complete:
    """Read the recognised columns of a text file by name, shape (readings,).

    Numbers are floats in the file's units; labels are text.  ``progress`` is called with bytes.
    Lines that follow the readings and hold none are left out; ``readings`` is their number if it is
    known.

    Raises DataError if a row has too many or too few cells, a cell is not a number, or many are
    blank.
    """
    try:
        arrays = _parsed(path, dialect, match, progress, readings)
    except UnicodeDecodeError:
        return read_text(path, replace(dialect, encoding="latin-1"), match, progress, readings)
    except (ValueError, csv.Error) as error:
        if not dialect.grouped and _is_grouped(path, dialect, match):
            return read_text(path, replace(dialect, grouped=True), match, progress, readings)
        found = _without_footer(path, dialect, match, progress) if readings is None else None
        if found is None:
            raise _fault(path, dialect, match, str(error)) from error
        return found

    named = dict(zip((column.name for column in match.columns), arrays, strict=True))
    whole = complete(named, match, lambda reading: _row(path, dialect, reading))
    if whole is not None and not (
        whole.kept is not None and _is_short(path, dialect, match, whole.kept)
    ):
        return whole
    if not any((a == "").any() if a.dtype.kind == "U" else np.isnan(a).any() for a in arrays):
        # Infinite or too large, of which the check of values says more.
        return Complete(named)
    found = _without_footer(path, dialect, match, progress) if readings is None else None
    if found is None:
        raise _fault(path, dialect, match, "it has blank cells")
    return found


def read_united(
    path: Path, dialect: Dialect, match: Match, paired: tuple[int, ...] = ()
) -> Complete:
    """As :func:`read_text`, of cells such as ``"5.2 kΩ"``, each with a unit of its own; slowly.

    Those at the positions ``paired`` hold an error, too, which counts as a cell behind all others.
    """
    columns: dict[str, list[Any]] = {column.name: [] for column in match.columns}
    numbers = []
    for number, cells in records(path, dialect):
        if len(cells) != len(dialect.headers):
            raise DataError(
                f"{path}: row {number}: {wrong_width(len(cells), len(dialect.headers))}"
            )
        numbers.append(number)
        parts = without_errors(cells, paired)
        for column in match.columns:
            cell = parts[column.position]
            value: Any = cell if column.unit is None else in_unit(cell, column.unit)
            if value is None and not is_missing(cell):
                raise DataError(f"{path}: row {number}, {wrong_cell(column.header, cell)}")
            columns[column.name].append(np.nan if value is None else value)
    arrays = {name: np.array(values) for name, values in columns.items()}
    whole = complete(arrays, match, lambda reading: numbers[reading])
    if whole is None:
        raise _fault(path, dialect, match, "it has blank cells")
    return whole


def first_with_units(path: Path, dialect: Dialect) -> list[str]:
    """Return the cells of the first reading if any is a number with its unit or error; else
    none."""
    try:
        first = next(records(path, dialect), (0, []))[1]
    except csv.Error:
        return []  # reading the table says what is wrong
    return first if any(split_value(cell) or split_error(cell) for cell in first) else []


def _without_footer(
    path: Path, dialect: Dialect, match: Match, progress: Progress | None
) -> Complete | None:
    """Read the readings before lines that hold none; None if there is no such end."""
    rows = _rows_before_footer(path, dialect, match)
    if rows is None:
        return None
    found = read_text(path, dialect, match, progress, rows)
    place = _row(path, dialect, rows)
    return replace(found, remarks=(*found.remarks, f"from row {place} on nothing is read"))


def _row(path: Path, dialect: Dialect, reading: int) -> int | None:
    found = next(islice(records(path, dialect), reading, None), None)
    return None if found is None else found[0]


def _is_short(path: Path, dialect: Dialect, match: Match, kept: NDArray[np.int64]) -> bool:
    """Whether the first row left out ends too early, unless it is the last one of the file.

    A file that was cut off while it was written ends so.
    """
    first = next(n for n, row in enumerate([*kept.tolist(), -1]) if n != row)
    rest = islice(records(path, dialect), first, None)
    cells, after = next(rest)[1], next(rest, None)
    return after is not None and len(cells) <= max(c.position for c in match.columns)


def records(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the row number in the file and the cells of each reading, slowly."""
    last = 0
    # A line of separators alone is a reading whose cells are blank, also where they are tabs.
    blank = " \t\r\n".replace(dialect.separator, "")

    def lines() -> Iterator[str]:
        nonlocal last
        with path.open(encoding=dialect.encoding, errors="replace") as file:
            for last, line in enumerate(file, 1):
                row = line if '"' in line else line.partition("#")[0]
                if last > dialect.lines and row.strip(blank):
                    yield row

    if dialect.separator == BLANKS:
        for line in lines():
            yield last, split_at_blanks(line)
        return
    for cells in csv.reader(lines(), delimiter=dialect.separator, skipinitialspace=True):
        yield last, [cell.strip(" \t\r\n") for cell in cells]


def _parsed(
    path: Path,
    dialect: Dialect,
    match: Match,
    progress: Progress | None,
    readings: int | None,
) -> list[NDArray[Any]]:
    import pandas as pd

    width = len(dialect.headers)
    # pandas would take surplus cells of the first row for an index.
    number, cells = next(records(path, dialect))
    if len(cells) > width:
        raise DataError(f"{path}: row {number}: {wrong_width(len(cells), width)}")
    names = [str(position) for position in range(width)]
    numbers = [
        names[column.position]
        for column in match.columns
        if column.unit is not None and not _is_text(column, dialect)
    ]
    parts: dict[str, list[NDArray[Any]]] = {names[c.position]: [] for c in match.columns}
    size = path.stat().st_size
    with path.open("rb") as raw, TextIOWrapper(raw, encoding=dialect.encoding) as file:
        for _ in range(dialect.lines):
            file.readline()
        # With fixed types pandas rejects a column that it would otherwise read as text.
        chunks = pd.read_csv(
            StringIO(ungrouped(file.read())) if dialect.grouped else file,
            sep=dialect.separator,
            header=None,
            names=names,
            index_col=False,
            dtype={name: "float64" if name in numbers else "str" for name in names},
            na_values=dict.fromkeys(numbers, _MISSING),
            decimal=dialect.decimal,
            keep_default_na=False,
            skipinitialspace=True,
            comment="#",
            chunksize=CHUNK,
            nrows=readings,
            thousands={".": ",", ",": "."}[dialect.decimal] if dialect.grouped else None,
        )
        for chunk in chunks:
            for name, arrays in parts.items():
                values = chunk[name].to_numpy()
                # A view would keep the whole chunk in memory.
                arrays.append(
                    values.copy() if name in numbers else np.strings.strip(values.astype(np.str_))
                )
            if progress is not None:
                progress(raw.tell(), size)
    # One column after the other, so only one is in memory twice.
    whole = [np.concatenate(parts.pop(names[column.position])) for column in match.columns]
    return [
        _read(array, column) if _is_text(column, dialect) else array
        for column, array in zip(match.columns, whole, strict=True)
    ]


def _is_grouped(path: Path, dialect: Dialect, match: Match) -> bool:
    """Whether some numbers have signs between their thousands, and all others none."""
    numbers = [c.position for c in match.columns if c.unit is not None]
    some = False
    try:
        for _, cells in records(path, dialect):
            for cell in (cells[n] for n in numbers if n < len(cells)):
                grouped = is_grouped(cell, dialect.decimal)
                some |= grouped
                if not (grouped or is_number(cell, dialect.decimal) or is_missing(cell)):
                    return False
    except csv.Error:
        return False
    return some


def _rows_before_footer(path: Path, dialect: Dialect, match: Match) -> int | None:
    """Return how many readings come before lines that hold none; None if there is no such end.

    A line without a number in a column of numbers is no reading that is merely wrong; nor is one
    with text there below a blank line, as ``Mean,1090``.
    """
    numbers = [c.position for c in match.columns if c.unit is not None]

    def is_reading(cells: list[str], of_all: bool) -> bool:
        found = (n < len(cells) and is_number(cells[n], dialect.decimal) for n in numbers)
        return all(found) if of_all else any(found)

    first, after, last = None, 0, dialect.lines
    is_below = False
    try:
        for position, (number, cells) in enumerate(records(path, dialect)):
            is_below |= first is None and position > 0 and number > last + 1
            last = number
            if first is not None and is_reading(cells, is_below):
                return None
            if first is None and not is_reading(cells, is_below):
                first = position
            elif first is None:
                is_below = False
            after += first is not None
            if after > MAX_FOOTER:
                return None
    except csv.Error:
        return None
    return first if first is not None and first >= MIN_READINGS else None


def _is_text(column: Column, dialect: Dialect) -> bool:
    """Whether a column of times holds text, perhaps dates, or one of states holds words."""
    return column.name in ("time", *WORDED) and column.position in dialect.texts


def _read(cells: NDArray[Any], column: Column) -> NDArray[Any]:
    """Return dates as seconds, or words as states."""
    found = (seconds_of if column.name == "time" else states_of)(cells.tolist())
    if found is None:
        raise ValueError("times are neither numbers nor dates, or states neither words nor numbers")
    return found


def _fault(path: Path, dialect: Dialect, match: Match, reason: str) -> DataError:
    """Return an error for the first wrong row, or else for the reason that pandas gives."""
    try:
        for number, cells in records(path, dialect):
            row = f"{path}: row {number}"
            if dialect.instrument == "LabVIEW" and cells[0] == "Channels":
                return DataError(
                    f"{row} begins another segment, with a header of its own: give each segment "
                    "its own file, or write one header only"
                )
            if len(cells) != len(dialect.headers):
                return DataError(f"{row}: {wrong_width(len(cells), len(dialect.headers))}")
            for column in match.columns:
                cell = cells[column.position]
                decimal = dialect.decimal
                right = is_number(cell, decimal) or is_grouped(cell, decimal)
                wrong = column.unit is not None and not right
                if column.name in WORDED and column.position in dialect.texts:
                    if state_of(cell) is None:
                        return DataError(f"{row}, {unknown_state(column.header, cell)}")
                    continue
                if not cell.strip() or wrong:
                    return DataError(f"{row}, {wrong_cell(column.header, cell)}")
    except csv.Error as error:
        reason = str(error)
    if "EOF inside string" in reason:
        return DataError(f"{path} has a quotation mark that is never closed: delete or close it")
    plain = " ".join(reason.replace(". ", ": ").split())
    return DataError(
        f"{path} cannot be read as a table ({plain}): expected rows of values with one separator "
        "between them"
    )

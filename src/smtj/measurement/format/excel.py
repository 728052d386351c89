"""Tables in the sheets of a workbook, laid out like a text file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.format.binary.arrays import damaged, wanted_table
from smtj.measurement.format.clock import seconds_of
from smtj.measurement.format.columns import Column, Match
from smtj.measurement.format.header import recognised
from smtj.measurement.format.layout import Layout, Row, find_layout
from smtj.measurement.format.messages import (
    is_date,
    is_missing,
    is_number,
    listed,
    wrong_cell,
    wrong_width,
)
from smtj.measurement.format.missing import MAX_FOOTER, MIN_READINGS, Complete, complete
from smtj.measurement.format.states import WORDED, state_of, unknown_state
from smtj.measurement.format.values import (
    in_unit,
    with_errors_of_cells,
    with_units_of_cells,
    without_errors,
)

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
# In "1,234" it may stand between thousands.
_SURELY_DECIMAL = re.compile(r"[+-]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))(?:[eE][+-]?\d+)?")
MAX_SHEET = 1_048_576
"""Most rows of an Excel sheet."""


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook."""

    name: str
    others: tuple[str, ...]
    """Names of other sheets that hold a table too."""
    comments: tuple[str, ...]
    """Rows that begin with ``#``."""
    preamble: tuple[tuple[str, ...], ...]
    """Cells of the rows above the header."""
    headers: tuple[str, ...]
    """One per column."""
    rows: tuple[Row, ...]
    """One per reading, with its number in the sheet, from 1, and all cells up to the last one."""
    alike: tuple[str, ...] = ()
    """Names of all sheets with the same headers, if there are several."""


def read_sheet(
    path: Path, wanted: str | None = None, skip_rows: int = 0, nameless: bool = False
) -> Sheet:
    """Read the first sheet of a workbook that holds a table, or the ``wanted`` one.

    Raises DataError if the file is not a workbook, or no sheet has a header and rows.
    """
    contents = _contents(path)
    if wanted is not None:
        name = wanted_table(path, wanted, list(contents))
        contents = {name: contents[name]}
    tables = {}
    for name, rows in contents.items():
        kept = [row for row in rows if row.number > skip_rows]
        comments = tuple(row.cells[0] for row in kept if row.cells[0].startswith("#"))
        body = [row for row in kept if not row.cells[0].startswith("#")]
        if body:
            tables[name] = (comments, body, find_layout(_even(body)))
    if not tables:
        raise DataError(f"{path} is empty: expected a header and one row per reading")
    ranked = sorted(tables, key=lambda name: -_worth(tables[name][2]))
    best = ranked[0]
    others = tuple(name for name in ranked[1:] if _worth(tables[name][2]) > 1)
    comments, body, layout = tables[best]
    headers = layout.headers if layout is not None else ()
    alike = [n for n, (_, _, one) in tables.items() if headers and one and one.headers == headers]
    sheet = _sheet(path, best, others, comments, body, layout, nameless)
    return replace(sheet, alike=tuple(alike) if len(alike) > 1 else ())


def sheet_columns(path: Path, sheet: Sheet, match: Match) -> Complete:
    """Return the recognised columns of a sheet by name, shape (readings,).

    Numbers are floats in the file's units; labels are text.  Raises DataError, which names
    ``path``, if a row has too many cells, or a cell is not a number, or many are blank.  Lines
    below the table that hold no reading, such as a mean or notes, are left out.
    """
    size = _before_footer(sheet.rows, match)
    if size < len(sheet.rows):
        whole = sheet_columns(path, replace(sheet, rows=sheet.rows[:size]), match)
        remark = f"from row {sheet.rows[size].number} on nothing is read"
        return replace(whole, remarks=(*whole.remarks, remark))
    for number, cells in sheet.rows:
        if len(cells) > len(sheet.headers):
            raise DataError(f"{path}: row {number}: {wrong_width(len(cells), len(sheet.headers))}")
    arrays = {column.name: _column(path, sheet.rows, column) for column in match.columns}
    found = complete(arrays, match, lambda reading: sheet.rows[reading].number)
    if found is None:
        for column in match.columns:
            for row in sheet.rows:
                _value(path, row, column, required=True)
    return found or Complete(arrays)


def _before_footer(rows: Sequence[Row], match: Match) -> int:
    """Return how many rows come before lines below a blank row or without a number."""
    columns = [column for column in match.columns if column.unit is not None]

    def numbers(row: Row) -> int:
        return sum(is_number(_cell(row, column)) for column in columns)

    last = len(rows)
    while last and len(rows) - last <= MAX_FOOTER and numbers(rows[last - 1]) < len(columns):
        last -= 1
    if last < MIN_READINGS or len(rows) - last > MAX_FOOTER:
        return len(rows)
    for first in range(last, len(rows)):
        below_blank = rows[first].number > rows[first - 1].number + 1
        if below_blank or not any(map(numbers, rows[first:])):
            return first
    return len(rows)


def _sheet(
    path: Path,
    name: str,
    others: tuple[str, ...],
    comments: tuple[str, ...],
    body: Sequence[Row],
    layout: Layout | None,
    nameless: bool,
) -> Sheet:
    headers = layout.headers if layout is not None else ()
    first = layout.first if layout is not None else 1
    if not headers and layout is not None and nameless:
        width = len(_even(body)[layout.first].cells)
        headers = tuple(f"#{n}" for n in range(1, width + 1))
    if not headers:
        if any(map(is_number, body[0].cells)):
            raise DataError(
                f"{path} has no header but begins with {listed(body[0].cells)}: name the columns "
                'in the first row, e.g. "time [s]" and "resistance [ohm]"'
            )
        if len(body) == 1:
            raise DataError(f"{path} has a header but no rows: expected one row per reading")
        headers, first = body[0].cells, 1
    names = {row.number for row in layout.header_rows} if layout is not None else {1}
    preamble = tuple(row.cells for row in body[:first] if row.number not in names)
    rows = tuple(body[first:])
    named, paired = with_errors_of_cells(headers, rows[0].cells)
    if paired:
        blank = [""] * len(headers)
        padded = (Row(n, (*cells, *blank[len(cells) :])) for n, cells in rows)
        rows = tuple(Row(n, without_errors(cells, paired)) for n, cells in padded)
    headers = tuple(with_units_of_cells(named, rows[0].cells))
    return Sheet(name, others, comments, preamble, headers, rows)


def _worth(layout: Layout | None) -> int:
    """How much a sheet looks like measured data: recognised headers."""
    if layout is None:
        return 0
    known = {found[0] for h in layout.headers if (found := recognised(h)) is not None}
    return 1 + len(known)


def _even(rows: Sequence[Row]) -> list[Row]:
    """Rows of one length; a sheet does not store the blank cells at their ends."""
    width = max(len(row.cells) for row in rows)
    return [Row(number, cells + ("",) * (width - len(cells))) for number, cells in rows]


def _contents(path: Path) -> dict[str, list[Row]]:
    """The rows with content of every sheet, by name."""
    from python_calamine import CalamineWorkbook

    with (
        damaged(path, "Excel workbook", "save it again as .xlsx or .csv"),
        CalamineWorkbook.from_path(str(path)) as workbook,
    ):
        return {
            name: _filled(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in workbook.sheet_names
        }


def _filled(rows: Iterable[Sequence[Any]]) -> list[Row]:
    found = []
    for number, cells in enumerate(rows, 1):
        texts = [_text(cell) for cell in cells]
        width = max((n for n, text in enumerate(texts, 1) if text), default=0)
        if width:
            found.append(Row(number, tuple(texts[:width])))
    every = [cell for row in found for cell in row.cells if "," in cell]
    if not any(map(_SURELY_DECIMAL.fullmatch, every)):
        return found
    # Numbers that a program wrote as text, with their decimal comma.
    return [
        Row(n, tuple(c.replace(",", ".") if _DECIMAL_COMMA.fullmatch(c) else c for c in cells))
        for n, cells in found
    ]


def _text(cell: Any) -> str:
    """A cell as text; a whole number without a decimal point, a time in seconds."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, timedelta):
        return repr(cell.total_seconds())
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell).strip()


def _column(path: Path, rows: Sequence[Row], column: Column) -> NDArray[Any]:
    if column.name == "time":
        cells = [_cell(row, column) for row in rows]
        seconds = seconds_of(cells) if is_date(cells[0]) else None
        if seconds is not None:
            return seconds
    values = [_value(path, row, column) for row in rows]
    return np.array(values, dtype=np.str_ if column.unit is None else np.float64)


def _cell(row: Row, column: Column) -> str:
    return row.cells[column.position] if column.position < len(row.cells) else ""


def _value(path: Path, row: Row, column: Column, required: bool = False) -> str | float:
    """The text or number in a cell; NaN if it is missing and not required."""
    text = _cell(row, column)
    if column.unit is not None and is_missing(text) and not required:
        return float("nan")
    value = text if column.unit is None else in_unit(text, column.unit)
    if value is None and column.name in WORDED and text:
        value = state_of(text)
        if value is None:
            raise DataError(f"{path}: row {row.number}, {unknown_state(column.header, text)}")
    if not text or value is None:
        raise DataError(f"{path}: row {row.number}, {wrong_cell(column.header, text)}")
    return value


def write_sheet(
    stream: IO[bytes], path: Path, lines: Sequence[str], columns: Mapping[str, NDArray[Any]]
) -> None:
    """Write a workbook of one sheet.

    ``lines`` are rows of one cell above the header; ``columns`` are floats or text by header, shape
    (readings,).  Raises DataError, which names ``path``, if there are more rows than Excel allows.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    rows = len(lines) + 1 + next(iter(columns.values())).size
    if rows > MAX_SHEET:
        raise DataError(
            f"{path} needs {rows} rows and Excel allows {MAX_SHEET}: save it as .csv or .nc"
        )
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("readings")

    def cell(value: Any, kind: str) -> Any:
        made = WriteOnlyCell(sheet, value=value)
        # openpyxl would round numbers to 16 digits and take "=A" for a formula.
        made.data_type = kind
        return made

    for line in (*([line] for line in lines), list(columns)):
        sheet.append([cell(text, "s") for text in line])
    kinds = ["n" if values.dtype.kind in "fiu" else "s" for values in columns.values()]
    texts = [
        map(repr, v.tolist()) if k == "n" else map(str, v)
        for v, k in zip(columns.values(), kinds, strict=True)
    ]
    for row in zip(*texts, strict=True):
        sheet.append([cell(text, kind) for text, kind in zip(row, kinds, strict=True)])
    workbook.save(stream)

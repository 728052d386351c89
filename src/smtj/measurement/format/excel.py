"""Tables in the first sheet of an Excel workbook, laid out like a text file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.format.columns import Column, Match
from smtj.measurement.format.messages import is_number, listed, wrong_cell, wrong_width

MAX_SHEET = 1_048_576
"""Most rows of an Excel sheet."""

Row = tuple[int, tuple[Any, ...]]
"""Row number in the sheet, from 1, and cells up to the last that is not blank."""


@dataclass(frozen=True)
class Sheet:
    """The first sheet of a workbook."""

    comments: tuple[str, ...]
    """Rows that begin with ``#``."""
    headers: tuple[str, ...]
    """One per column."""
    rows: tuple[Row, ...]
    """One per reading."""


def read_sheet(path: Path) -> Sheet:
    """Read the first sheet of a workbook.

    Raises DataError if the file is not a workbook, or the sheet has no header or no rows.
    """
    comments: list[str] = []
    rows: list[Row] = []
    for number, cells in _rows(path):
        if isinstance(cells[0], str) and cells[0].lstrip().startswith("#"):
            comments.append(cells[0].strip())
        else:
            rows.append((number, cells))
    if not rows:
        raise DataError(f"{path} is empty: expected a header and one row per reading")
    _, headers = rows.pop(0)
    if any(isinstance(cell, int | float) for cell in headers):
        begins = listed(str(cell) for cell in headers)
        raise DataError(
            f"{path} has no header but begins with {begins}: name the columns in the first row, "
            'e.g. "time [s]" and "resistance [ohm]"'
        )
    if not rows:
        raise DataError(f"{path} has a header but no rows: expected one row per reading")
    names = ("" if cell is None else str(cell).strip() for cell in headers)
    return Sheet(tuple(comments), tuple(names), tuple(rows))


def sheet_columns(path: Path, sheet: Sheet, match: Match) -> dict[str, NDArray[Any]]:
    """Return the recognised columns of a sheet by name, shape (readings,).

    Numbers are floats in the file's units; labels are text.  Raises DataError, which names
    ``path``, if a row has too many cells, or a cell is blank or not a number.
    """
    for number, cells in sheet.rows:
        if len(cells) > len(sheet.headers):
            raise DataError(f"{path}: row {number}: {wrong_width(len(cells), len(sheet.headers))}")
    return {column.name: _column(path, sheet.rows, column) for column in match.columns}


def _rows(path: Path) -> Iterator[Row]:
    import openpyxl

    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheet = workbook.worksheets[0]
            # Some instruments write a wrong size into the file.
            sheet.reset_dimensions()
            yield from _filled(sheet.iter_rows(values_only=True))
        finally:
            workbook.close()
    except Exception as error:  # openpyxl raises whatever zip and XML raise
        raise DataError(
            f"{path} is not an intact Excel workbook: save it again as .xlsx or .csv"
        ) from error


def _filled(rows: Iterable[Sequence[Any]]) -> Iterator[Row]:
    for number, cells in enumerate(rows, 1):
        width = max((n for n, cell in enumerate(cells, 1) if not _is_blank(cell)), default=0)
        if width:
            yield number, tuple(cells[:width])


def _is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _column(path: Path, rows: Iterable[Row], column: Column) -> NDArray[Any]:
    values = [_value(path, number, cells, column) for number, cells in rows]
    return np.array(values, dtype=np.str_ if column.unit is None else np.float64)


def _value(path: Path, number: int, cells: Sequence[Any], column: Column) -> str | float:
    cell = cells[column.position] if column.position < len(cells) else None
    text = "" if cell is None else str(cell).strip()
    fits = not isinstance(cell, bool) and is_number(text)
    if not text or (column.unit is not None and not fits):
        raise DataError(f"{path}: row {number}, {wrong_cell(column.header, text)}")
    return text if column.unit is None else float(text)


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

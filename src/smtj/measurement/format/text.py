"""The columns of a text file, by pandas, and the place of a wrong cell in it."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.format.columns import Match
from smtj.measurement.format.dialect import BLANKS, Dialect, split_at_blanks
from smtj.measurement.format.messages import is_number, wrong_cell, wrong_width

CHUNK = 1 << 19
"""Rows parsed at a time."""


def read_text(path: Path, dialect: Dialect, match: Match) -> dict[str, NDArray[Any]]:
    """Read the recognised columns of a text file by name, shape (readings,).

    Numbers are floats in the file's units; labels are text.  Raises DataError if a row has too many
    or too few cells, or a cell is blank or not a number.
    """
    try:
        arrays = _parsed(path, dialect, match)
    except UnicodeDecodeError:
        return read_text(path, replace(dialect, encoding="latin-1"), match)
    except (ValueError, csv.Error) as error:
        raise _fault(path, dialect, match, str(error)) from error
    blank = [array == "" if array.dtype.kind == "U" else np.isnan(array) for array in arrays]
    if any(cells.any() for cells in blank):
        raise _fault(path, dialect, match, "it has blank cells")
    return {column.name: array for column, array in zip(match.columns, arrays, strict=True)}


def records(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the row number in the file and the cells of each reading, slowly."""
    last = 0

    def lines() -> Iterator[str]:
        nonlocal last
        with path.open(encoding=dialect.encoding, errors="replace") as file:
            for last, line in enumerate(file, 1):
                row = line if '"' in line else line.partition("#")[0]
                if last > dialect.lines and row.strip(" \t\r\n"):
                    yield row

    if dialect.separator == BLANKS:
        for line in lines():
            yield last, split_at_blanks(line)
        return
    for cells in csv.reader(lines(), delimiter=dialect.separator, skipinitialspace=True):
        yield last, [cell.strip(" \t\r\n") for cell in cells]


def _parsed(path: Path, dialect: Dialect, match: Match) -> list[NDArray[Any]]:
    import pandas as pd

    width = len(dialect.headers)
    # pandas would take surplus cells of the first row for an index.
    number, cells = next(records(path, dialect))
    if len(cells) > width:
        raise DataError(f"{path}: row {number}: {wrong_width(len(cells), width)}")
    names = [str(position) for position in range(width)]
    numbers = [names[column.position] for column in match.columns if column.unit is not None]
    parts: dict[str, list[NDArray[Any]]] = {names[c.position]: [] for c in match.columns}
    with path.open(encoding=dialect.encoding) as file:
        for _ in range(dialect.lines):
            file.readline()
        # With fixed types pandas rejects a column that it would otherwise read as text.
        chunks = pd.read_csv(
            file,
            sep=dialect.separator,
            header=None,
            names=names,
            index_col=False,
            dtype={name: "float64" if name in numbers else "str" for name in names},
            na_values={name: [""] for name in numbers},
            keep_default_na=False,
            skipinitialspace=True,
            comment="#",
            chunksize=CHUNK,
        )
        for chunk in chunks:
            for name, arrays in parts.items():
                values = chunk[name].to_numpy()
                # A view would keep the whole chunk in memory.
                arrays.append(
                    values.copy() if name in numbers else np.strings.strip(values.astype(np.str_))
                )
    # One column after the other, so only one is in memory twice.
    return [np.concatenate(parts.pop(names[column.position])) for column in match.columns]


def _fault(path: Path, dialect: Dialect, match: Match, reason: str) -> DataError:
    """Return an error for the first wrong row, or else for the reason that pandas gives."""
    try:
        for number, cells in records(path, dialect):
            row = f"{path}: row {number}"
            if len(cells) != len(dialect.headers):
                return DataError(f"{row}: {wrong_width(len(cells), len(dialect.headers))}")
            for column in match.columns:
                cell = cells[column.position]
                if not cell.strip() or (column.unit is not None and not is_number(cell)):
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

"""The numbers of a text file, by pandas, and where in it a wrong one stands."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.format.cells import is_number, wrong_cell, wrong_width
from smtj.measurement.format.columns import Match
from smtj.measurement.format.dialect import BLANKS, Head, split_at_blanks

CHUNK = 1 << 19
"""Rows parsed at a time."""


def read_text(path: Path, head: Head, match: Match) -> dict[str, NDArray[Any]]:
    """Read the columns of a text file that smtj knows.

    Parameters
    ----------
    path
        The file.
    head
        How it is written.
    match
        What its columns are.

    Returns
    -------
    dict
        Floats in the file's units, and text, by name; shape (readings,).

    Raises
    ------
    DataError
        A row has too many or too few cells, or a cell is blank or no number.
    """
    try:
        arrays = _parsed(path, head, match)
    except UnicodeDecodeError:
        return read_text(path, replace(head, encoding="latin-1"), match)
    except (ValueError, csv.Error) as error:
        raise _fault(path, head, match, str(error)) from error
    blank = [array == "" if array.dtype.kind == "U" else np.isnan(array) for array in arrays]
    if any(cells.any() for cells in blank):
        raise _fault(path, head, match, "it has blank cells")
    return {column.name: array for column, array in zip(match.columns, arrays, strict=True)}


def records(path: Path, head: Head) -> Iterator[tuple[int, list[str]]]:
    """Yield the row number in the file and the cells of each reading, slowly."""
    last = 0

    def lines() -> Iterator[str]:
        nonlocal last
        with path.open(encoding=head.encoding, errors="replace") as file:
            for last, line in enumerate(file, 1):
                row = line if '"' in line else line.partition("#")[0]
                if last > head.lines and row.strip(" \t\r\n"):
                    yield row

    if head.separator == BLANKS:
        for line in lines():
            yield last, split_at_blanks(line)
        return
    for cells in csv.reader(lines(), delimiter=head.separator, skipinitialspace=True):
        yield last, [cell.strip(" \t\r\n") for cell in cells]


def _parsed(path: Path, head: Head, match: Match) -> list[NDArray[Any]]:
    import pandas as pd

    _check_first_row(path, head)
    names = [str(position) for position in range(len(head.headers))]
    numbers = [names[column.position] for column in match.columns if column.unit is not None]
    parts: dict[str, list[NDArray[Any]]] = {names[c.position]: [] for c in match.columns}
    with path.open(encoding=head.encoding) as file:
        for _ in range(head.lines):
            file.readline()
        # Forced types make pandas refuse what it would else guess to be a column of text.
        chunks = pd.read_csv(
            file,
            sep=head.separator,
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
                # A copy, for a view would keep the whole chunk.
                arrays.append(values.copy() if name in numbers else _stripped(values))
    # One column after the other, so that only one is in memory twice.
    return [np.concatenate(parts.pop(names[column.position])) for column in match.columns]


def _stripped(texts: NDArray[Any]) -> NDArray[np.str_]:
    return np.strings.strip(texts.astype(np.str_))


def _check_first_row(path: Path, head: Head) -> None:
    """Pandas would take surplus cells of the first row for an index."""
    number, cells = next(records(path, head))
    if len(cells) > len(head.headers):
        raise DataError(f"{path}: row {number}: {wrong_width(len(cells), len(head.headers))}")


def _fault(path: Path, head: Head, match: Match, reason: str) -> DataError:
    """What is wrong with a file that pandas refused."""
    try:
        found = (_wrong_row(path, head, match, *row) for row in records(path, head))
        return next((error for error in found if error), _unreadable(path, reason))
    except csv.Error as error:
        return _unreadable(path, str(error))


def _wrong_row(
    path: Path, head: Head, match: Match, number: int, cells: list[str]
) -> DataError | None:
    """What is wrong with a row; None where nothing is."""
    row = f"{path}: row {number}"
    if len(cells) != len(head.headers):
        return DataError(f"{row}: {wrong_width(len(cells), len(head.headers))}")
    for column in match.columns:
        cell = cells[column.position]
        if not cell.strip() or (column.unit is not None and not is_number(cell)):
            return DataError(f"{row}, {wrong_cell(column.header, cell)}")
    return None


def _unreadable(path: Path, reason: str) -> DataError:
    if "EOF inside string" in reason:
        return DataError(f"{path} has a quotation mark that is never closed: delete or close it")
    plain = " ".join(reason.replace(". ", ": ").split())
    return DataError(
        f"{path} cannot be read as a table ({plain}): it would be rows of values with one "
        "separator between them"
    )

"""Readings that are missing, or that an instrument wrote as an overflow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.measurement.format.columns import Match
from smtj.measurement.format.messages import listed, quoted

OVERFLOW = 9e36
"""Instruments write 9.9E37 for an overflow and 9.91E37 for no reading."""
MAX_MISSING = 0.1
"""Fraction of rows that may lack a value; more are an error."""
MIN_READINGS, MAX_FOOTER = 10, 50
"""Fewest readings before, and most lines of, what may follow them."""


@dataclass(frozen=True)
class Complete:
    """The columns of a table without the rows that lack a value."""

    arrays: dict[str, NDArray[Any]]
    """By name, shape (readings,)."""
    kept: NDArray[np.int64] | None = None
    """Which rows of the table they are; None if all."""
    remarks: tuple[str, ...] = ()
    """What was left out."""


def complete(
    arrays: Mapping[str, NDArray[Any]], match: Match, row_of: Callable[[int], int | None]
) -> Complete | None:
    """Leave out the rows that lack a number of a recognised column, if they are few.

    ``row_of`` returns the row in the file of a reading, from 1, or None if it has none.  Returns
    None if more rows lack one than may be left out, or a label is missing.
    """
    missing = {c.name: missing_in(arrays[c.name]) for c in match.columns}
    flawed = {name: rows for name, rows in missing.items() if rows.any()}
    if not flawed:
        return Complete(dict(arrays))
    empty = {name for name, rows in flawed.items() if rows.all()}
    if empty and empty < missing.keys() and len(next(iter(missing.values()))) >= MIN_READINGS:
        # A meter writes an overflow for what it did not measure.
        found = complete(
            {name: array for name, array in arrays.items() if name not in empty},
            replace(match, columns=tuple(c for c in match.columns if c.name not in empty)),
            row_of,
        )
        headers = listed(quoted(c.header) for c in match.columns if c.name in empty)
        remark = f"no reading stands in column {headers}, which is left out"
        return found and replace(found, remarks=(*found.remarks, remark))
    without = np.logical_or.reduce(list(flawed.values()))
    if without.mean() > MAX_MISSING or any(arrays[name].dtype.kind == "U" for name in flawed):
        return None
    remarks = []
    for column in match.columns:
        rows = flawed.get(column.name)
        if rows is None:
            continue
        values, first = arrays[column.name], int(rows.argmax())
        over = values.dtype.kind == "f" and abs(values[first]) >= OVERFLOW
        what = f"{values[first]:g}, an overflow" if over else "not a number"
        place = row_of(first)
        where = f"row {place}" if place is not None else f"reading {first + 1}"
        count = int(rows.sum())
        others = f" and {listed([f'{count - 1} more'])}" if count > 1 else ""
        remarks.append(f"column {quoted(column.header)} is {what} at {where}{others}; left out")
    kept = np.flatnonzero(~without)
    return Complete({name: array[kept] for name, array in arrays.items()}, kept, tuple(remarks))


def missing_in(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where a column lacks a number, or its text."""
    if values.dtype.kind == "U":
        return np.asarray(values == "")
    # One pass where nothing is wrong, as in nearly every file.
    with np.errstate(over="ignore", invalid="ignore"):
        largest = float(np.abs(values).max()) if values.size else 0.0
    if largest < OVERFLOW:
        return np.zeros(values.size, dtype=np.bool_)
    return np.asarray(~(np.abs(values) < OVERFLOW))

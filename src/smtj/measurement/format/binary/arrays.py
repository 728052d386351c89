"""Named arrays of a binary file as the columns of a table."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.format.columns import Column, Match, match_columns
from smtj.measurement.format.header import recognised
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.missing import Complete, complete
from smtj.measurement.format.options import ReadOptions
from smtj.measurement.format.preamble import Pairs, Sampling, sampling_of
from smtj.measurement.format.stamps import lock_in_headers, ticks_refused


@dataclass(frozen=True)
class Arrays:
    """Arrays of one length, and what stands beside them."""

    columns: Mapping[str, NDArray[Any]]
    """By header, ``name [unit]``; shape (readings,)."""
    pairs: Pairs = ()
    """Key and values, as a preamble has."""
    sampling: Sampling | None = None


@dataclass(frozen=True)
class Chosen:
    """The table that was read, its columns in the units of the file."""

    match: Match
    content: Complete
    arrays: Arrays
    remarks: tuple[str, ...]
    name: str
    """Of the table."""
    alike: tuple[str, ...] = ()
    """Names of all tables with the same columns, if there are several."""


@contextmanager
def damaged(path: Path, kind: str, remedy: str = "fetch or save it again") -> Iterator[None]:
    """Turn whatever a reader raises in the block into a DataError that names ``path``.

    The libraries raise many kinds of exceptions for damaged files, OSError among them; only those
    of the operating system, which have a number, and missing packages are passed on.  A damaged
    size may ask for more memory than there is.
    """
    try:
        yield
    except (DataError, ImportError):
        raise
    except OSError as error:
        if error.errno is not None and error.strerror is not None and "\n" not in str(error):
            raise
        raise DataError(f"{path} is not an intact {kind}: {remedy}") from error
    except Exception as error:
        raise DataError(f"{path} is not an intact {kind}: {remedy}") from error


def choose_table(path: Path, tables: Mapping[str, Arrays], options: ReadOptions) -> Chosen:
    """Return the columns of the table with the most known ones, or of the one asked for.

    Raises DataError, which names ``path``, if there is no table, or its columns cannot be read.
    """
    filled = {
        name: table
        for name, table in tables.items()
        if table.columns and all(np.size(values) for values in table.columns.values())
    }
    if not filled:
        raise DataError(f"{path} has no arrays of numbers: expected one array per quantity")
    if options.sheet is not None:
        name = wanted_table(path, options.sheet, list(filled))
    else:
        name = max(filled, key=lambda table: len(_known(filled[table])))
    chosen = filled[name]
    headers = list(chosen.columns)
    of_lock_in = lock_in_headers(headers)
    if of_lock_in is not None:
        chosen = _of_lock_in(path, chosen, of_lock_in, options)
        headers = of_lock_in
    sampling = chosen.sampling or sampling_of(chosen.pairs)
    timed = sampling is not None or options.interval is not None
    found = match_columns(headers, options.columns, str(path), options.ignore, timed=timed)
    arrays = {c.name: _values(path, c, chosen.columns[headers[c.position]]) for c in found.columns}
    content = complete(arrays, found, lambda _: None)
    if content is None:
        columns = listed(quoted(column.header) for column in found.columns)
        raise DataError(
            f"{path}: more than a tenth of the values of {columns} are "
            "missing: delete these readings, or leave a column out (--ignore HEADER)"
        )
    others = [other for other in filled if other != name and len(_known(filled[other])) > 1]
    remarks = content.remarks
    if others and options.sheet is None:
        every = listed(map(quoted, others))
        remarks = (*remarks, f"table {quoted(name)} is read, not {every} (--sheet)")
    alike = tuple(n for n, t in filled.items() if list(t.columns) == list(filled[name].columns))
    return Chosen(found, content, chosen, remarks, name, alike if len(alike) > 1 else ())


def _of_lock_in(path: Path, table: Arrays, headers: list[str], options: ReadOptions) -> Arrays:
    """The table of a demodulator, whose stamps are ticks if they are whole numbers."""
    stamps = next(v for n, v in table.columns.items() if n.casefold() == "timestamp")
    whole = stamps.dtype.kind in "iu" or bool((stamps == np.rint(stamps)).all())
    if not whole:
        headers[headers.index("clock ticks")] = "time [s]"
    elif options.interval is None:
        raise ticks_refused(path, float(np.median(np.diff(stamps.astype(np.float64)))))
    return replace(table, columns=dict(zip(headers, table.columns.values(), strict=True)))


def wanted_table(path: Path, wanted: str, names: list[str]) -> str:
    """Return the name of the sheet or group that a user names, perhaps by its number from 1.

    Raises DataError if there is none.
    """
    if wanted in names:
        return wanted
    if wanted.isascii() and wanted.isdigit() and 0 < int(wanted) <= len(names):
        return names[int(wanted) - 1]
    raise DataError(
        f"{path} has no table {quoted(wanted)}: choose one of {listed(map(quoted, names), 'or')} "
        "by sheet= (--sheet)"
    )


def same_length(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the most common length over 1; others are no columns of the table.

    A matrix of readings, with the times along one side and conditions along the other, is read row
    by row.
    """
    plain = {name: np.squeeze(np.asarray(values)) for name, values in arrays.items()}
    grid = _grid(plain)
    if grid:
        return grid
    columns = {
        n: v for n, v in plain.items() if v.ndim == 1 and v.size > 1 and v.dtype.kind in "fiubUSOM"
    }
    sizes = [values.size for values in columns.values()]
    if not sizes:
        return {}
    size = max(sizes, key=lambda one: (sizes.count(one), one))
    return {name: values for name, values in columns.items() if values.size == size}


def _grid(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns of a matrix and of what stands along its sides; empty if there is none."""
    known = {name: found[0] for name in arrays if (found := recognised(name)) is not None}
    numbers = {name: arrays[name] for name in known if arrays[name].dtype.kind in "fiu"}
    matrices = [name for name, values in numbers.items() if values.ndim == 2]
    vectors = {name: values for name, values in numbers.items() if values.ndim == 1}
    if len(matrices) != 1:
        return {}
    matrix = numbers[matrices[0]]
    times = [n for n, v in vectors.items() if known[n] == "time" and v.size in matrix.shape]
    by_time = bool(times) and vectors[times[0]].size != matrix.shape[1]
    first = any(values.size == matrix.shape[0] for values in vectors.values())
    if by_time or not (times or first):
        matrix = matrix.T
    rows, columns = matrix.shape
    along = {
        n: np.repeat(v, columns) for n, v in vectors.items() if v.size == rows and n not in times
    }
    if not along:
        return {}
    across = {n: np.tile(v, rows) for n, v in vectors.items() if n in times}
    return {**along, **across, matrices[0]: matrix.ravel()}


def single_values(arrays: Mapping[str, Any]) -> Pairs:
    """Return the arrays of one value as text, as a preamble has."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, value in arrays.items():
        array = np.asarray(value)
        if array.size == 1 and array.dtype.kind in "fiubUSO":
            one = array.reshape(-1)[0]
            text = one.decode(errors="replace") if isinstance(one, bytes) else str(one)
            found.append((name, (text,)))
    return found


def _known(table: Arrays) -> set[str]:
    return {found[0] for header in table.columns if (found := recognised(header)) is not None}


def _values(path: Path, column: Column, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind in "SO":
        values = np.array(
            [v.decode(errors="replace") if isinstance(v, bytes) else v for v in values]
        )
    if column.unit is None:
        return values.astype(np.str_)
    if values.dtype.kind == "M":
        return np.asarray((values - values[0]) / np.timedelta64(1, "s"), dtype=np.float64)
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{path}: {quoted(column.header)} is not numeric: store it as numbers"
        ) from None

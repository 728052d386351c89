"""Where a value of a data set is, for messages: file and row."""

import csv
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj.errors import DataError
from smtj.measurement.format.excel import read_sheet
from smtj.measurement.format.options import ReadOptions
from smtj.measurement.format.text.dialect import read_dialect
from smtj.measurement.format.text.parse import records

if TYPE_CHECKING:
    import xarray as xr

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
"""Suffixes of workbooks."""
BINARY = (".nc", ".h5", ".hdf5", ".he5", ".mat", ".tdms", ".parquet", ".pq", ".npz", ".npy")
"""Suffixes of files whose readings are in no row."""
TOUCHSTONE = re.compile(r"\.s\d+p")
"""Suffixes of scattering parameters."""
READING = "reading"
"""The one dimension of a data set in long form."""


def mark_source(dataset: "xr.Dataset", path: Path, options: ReadOptions | None = None) -> None:
    """Record the file of a data set; unlike an attribute, this is not saved with it."""
    kept = {
        key: dataset.encoding[key]
        for key in ("kept", "alike", "table", "unknown")
        if key in dataset.encoding
    }
    dataset.encoding = {
        "source": str(path),
        "readings": dataset.sizes.get(READING),
        "options": options or ReadOptions(),
        **kept,
    }


def source_of(dataset: "xr.Dataset") -> str:
    """Return the name of a data set in messages: its file if it has one."""
    return str(dataset.encoding.get("source", "the data set"))


def reading_place(dataset: "xr.Dataset", reading: int) -> str:
    """Return where a reading of the long form, counted from 0, is found.

    This is its row in the file, or its number from 1 if the data set was changed after loading.
    """
    encoding = dataset.encoding
    loaded = "source" in encoding and encoding.get("readings") == dataset.sizes.get(READING, -1)
    if loaded and "kept" in encoding:
        reading = int(encoding["kept"][reading])
    options = encoding.get("options", ReadOptions())
    row = _row(Path(encoding["source"]), reading, options) if loaded else None
    return f"reading {reading + 1}" if row is None else f"row {row}"


def value_place(dataset: "xr.Dataset", name: str, index: int) -> str:
    """Return the location of the element of a variable with this flat index."""
    variable = dataset[name]
    if variable.dims == (READING,):
        return reading_place(dataset, index)
    steps = np.unravel_index(index, variable.shape)
    places = (f"{dim} {int(n) + 1}" for dim, n in zip(variable.dims, steps, strict=True))
    return ", ".join(places) or "its only value"


def _row(path: Path, reading: int, options: ReadOptions) -> int | None:
    """The row in a file; None if the file is not a table or is gone."""
    suffix = path.suffix.lower()
    try:
        if suffix in WORKBOOKS:
            sheet = read_sheet(path, options.sheet, options.skip_rows, options.nameless)
            return sheet.rows[reading].number
        if suffix in BINARY or TOUCHSTONE.fullmatch(suffix):
            return None
        dialect = read_dialect(path, options.skip_rows, options.nameless)
        found = next(islice(records(path, dialect), reading, None), None)
    except (OSError, DataError, IndexError, csv.Error):
        return None
    return None if found is None else found[0]

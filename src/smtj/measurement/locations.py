"""Where a value of a data set stands, as a message says it: in which file, in which row."""

import csv
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj.errors import DataError
from smtj.measurement.format.dialect import read_head
from smtj.measurement.format.excel import read_sheet
from smtj.measurement.format.text import records

if TYPE_CHECKING:
    import xarray as xr

READING = "reading"
"""The one dimension of a data set in long form."""


def mark_source(dataset: "xr.Dataset", path: Path) -> None:
    """Remember of which file a data set is; unlike an attribute, it is not saved with it."""
    dataset.encoding = {"source": str(path), "readings": dataset.sizes.get(READING)}


def source_of(dataset: "xr.Dataset") -> str:
    """Return what messages call the origin of a data set: its file if it has one."""
    return str(dataset.encoding.get("source", "the data set"))


def reading_place(dataset: "xr.Dataset", reading: int) -> str:
    """Return where a reading of the long form stands, which counts from 0.

    This is the row of the file where the data set is still as it was loaded, else the number of
    the reading, from 1.
    """
    encoding = dataset.encoding
    loaded = "source" in encoding and encoding.get("readings") == dataset.sizes.get(READING, -1)
    row = _row(Path(encoding["source"]), reading) if loaded else None
    return f"reading {reading + 1}" if row is None else f"row {row}"


def value_place(dataset: "xr.Dataset", name: str, index: int) -> str:
    """Return where the element of a variable with this flat index stands."""
    variable = dataset[name]
    if variable.dims == (READING,):
        return reading_place(dataset, index)
    steps = np.unravel_index(index, variable.shape)
    places = (f"{dim} {int(n) + 1}" for dim, n in zip(variable.dims, steps, strict=True))
    return ", ".join(places) or "its only value"


def _row(path: Path, reading: int) -> int | None:
    """The row of a file; None where it is no table, or is not there any more."""
    try:
        if path.suffix.lower() == ".xlsx":
            return read_sheet(path).rows[reading][0]
        if path.suffix.lower() == ".nc":
            return None
        found = next(islice(records(path, read_head(path)), reading, None), None)
    except (OSError, DataError, IndexError, csv.Error):
        return None
    return None if found is None else found[0]

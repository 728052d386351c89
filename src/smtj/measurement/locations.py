"""Where a value of a data set is, for messages: file and row."""

import csv
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj.errors import DataError
from smtj.measurement.format.dialect import read_dialect
from smtj.measurement.format.excel import read_sheet
from smtj.measurement.format.text import records

if TYPE_CHECKING:
    import xarray as xr

READING = "reading"
"""The one dimension of a data set in long form."""


def mark_source(dataset: "xr.Dataset", path: Path) -> None:
    """Record the file of a data set; unlike an attribute, this is not saved with it."""
    dataset.encoding = {"source": str(path), "readings": dataset.sizes.get(READING)}


def source_of(dataset: "xr.Dataset") -> str:
    """Return the name of a data set in messages: its file if it has one."""
    return str(dataset.encoding.get("source", "the data set"))


def reading_place(dataset: "xr.Dataset", reading: int) -> str:
    """Return where a reading of the long form, counted from 0, is found.

    This is its row in the file, or its number from 1 if the data set was changed after loading.
    """
    encoding = dataset.encoding
    loaded = "source" in encoding and encoding.get("readings") == dataset.sizes.get(READING, -1)
    row = _row(Path(encoding["source"]), reading) if loaded else None
    return f"reading {reading + 1}" if row is None else f"row {row}"


def value_place(dataset: "xr.Dataset", name: str, index: int) -> str:
    """Return where the element of a variable with this flat index is found."""
    variable = dataset[name]
    if variable.dims == (READING,):
        return reading_place(dataset, index)
    steps = np.unravel_index(index, variable.shape)
    places = (f"{dim} {int(n) + 1}" for dim, n in zip(variable.dims, steps, strict=True))
    return ", ".join(places) or "its only value"


def _row(path: Path, reading: int) -> int | None:
    """The row in a file; None if the file is not a table or is gone."""
    try:
        if path.suffix.lower() == ".xlsx":
            return read_sheet(path).rows[reading][0]
        if path.suffix.lower() == ".nc":
            return None
        found = next(islice(records(path, read_dialect(path)), reading, None), None)
    except (OSError, DataError, IndexError, csv.Error):
        return None
    return None if found is None else found[0]

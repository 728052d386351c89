"""Data sets of several conditions, one below the other."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj.errors import DataError
from smtj.measurement.conditions import CONDITIONS
from smtj.measurement.format.messages import listed
from smtj.measurement.format.schema import LABELS
from smtj.measurement.locations import READING

if TYPE_CHECKING:
    import xarray as xr

STATED = (*CONDITIONS, "frequency", "angle", *LABELS)
"""What may be the same for all readings of a file."""


def joined(parts: "Sequence[xr.Dataset]") -> "xr.Dataset":
    """Return data sets of the same quantities as one; what is one number in each is a column."""
    import xarray as xr

    def column(part: "xr.Dataset", name: str) -> tuple[object, ...]:
        return READING, np.full(part.sizes[READING], part[name].values), part[name].attrs

    long = [
        part.assign(
            {n: column(part, n) for n in STATED if n in part.variables and not part[n].ndim}
        )
        for part in parts
    ]
    found = xr.concat(long, READING, data_vars="minimal", coords="minimal", compat="override")
    found.attrs = parts[0].attrs
    # Rows of the file no longer number the readings.
    found.encoding = {**parts[0].encoding, "readings": None, "kept": None}
    for name in parts[0].variables:
        # Of files, the name of each said its own.
        own = {key: v for key, v in parts[0][name].encoding.items() if key != "pattern"}
        found[name].encoding |= own
    return found


def of_folder(parts: "Sequence[xr.Dataset]", folder: Path) -> "xr.Dataset":
    """Return the files of a folder as one data set.

    Raises DataError if they hold different quantities, or their conditions do not differ.
    """
    if len(parts) == 1:
        return parts[0]
    kinds = {frozenset(map(str, part.variables)) for part in parts}
    known = {tuple(str(part[n].values) for n in STATED if n in part.variables and not part[n].ndim)
             for part in parts}  # fmt: skip
    reason = None
    if len(kinds) > 1:
        first, *others = sorted(sorted(kind) for kind in kinds)
        reason = f"some hold {listed(first)} and others {listed(others[0])}"
    elif len(known) < len(parts):
        reason = "nothing states the condition of each (from_name= says where it stands)"
    if reason is not None:
        raise DataError(
            f"{folder} is a folder of {len(parts)} files, which are no single data set, as "
            f"{reason}: load one of them, or fit the folder (smtj.fit)"
        )
    return joined(parts)

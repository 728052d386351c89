"""Readings under some conditions alone, as one branch of a file of several."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from smtj.errors import DataError, SmtjError
from smtj.measurement.conditions import SAME, part_of
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.schema import LABELS, QUANTITIES
from smtj.measurement.locations import source_of
from smtj.measurement.long_format import Array, column_names, long_columns
from smtj.units import format_quantity, parse_quantity

if TYPE_CHECKING:
    import xarray as xr

MAX_LISTED = 8
"""Values of a condition that an error lists."""


def parse_only(options: Sequence[str]) -> dict[str, float | str]:
    """Read options such as ``"voltage=0.8 V"`` and ``"branch=P->AP"``.

    Raises SmtjError if one is no quantity or label with a value.
    """
    found: dict[str, float | str] = {}
    for option in options:
        name, equals, text = (part.strip() for part in option.partition("="))
        if name in LABELS and text:
            found[name] = text
        elif name in QUANTITIES and equals:
            try:
                found[name] = parse_quantity(text, QUANTITIES[name].unit)
            except SmtjError as error:
                raise SmtjError(f"--only: {error}") from None
        else:
            raise SmtjError(
                f'--only is "{option}"; give a condition or a label of the file with its value, '
                'e.g. "voltage=0.8 V" or "branch=P->AP"'
            )
    return found


def select(datasets: "Sequence[xr.Dataset]", only: Mapping[str, float | str]) -> "list[xr.Dataset]":
    """Return the readings at which quantities, in SI, and labels have the given values.

    Raises
    ------
    DataError
        No data set has such readings; the message lists those that there are.
    """
    found = [one for dataset in datasets if (one := _selected(dataset, only)) is not None]
    if found:
        return found
    raise DataError("; ".join(_missing(dataset, only) for dataset in datasets[:3]))


def _selected(dataset: "xr.Dataset", only: Mapping[str, float | str]) -> "xr.Dataset | None":
    """Return the readings of a data set; None if there are none."""
    names = column_names(dataset)
    if not set(only) <= set(names):
        return None
    columns = long_columns(dataset, names)
    keep = np.logical_and.reduce([_has(columns[name], value) for name, value in only.items()])
    if not keep.any():
        return None
    part = part_of(dataset, {name: values[keep] for name, values in columns.items()}, {})
    part.encoding |= dataset.encoding
    return part


def _has(values: Array, wanted: float | str) -> Array:
    if isinstance(wanted, str):
        return np.asarray(np.char.strip(values.astype(str)) == wanted)
    size = max(float(np.abs(values).max()), abs(wanted))
    return np.asarray(np.abs(values - wanted) <= SAME * size)


def _missing(dataset: "xr.Dataset", only: Mapping[str, float | str]) -> str:
    names = column_names(dataset)
    lacks = [name for name in only if name not in names]
    if lacks:
        return f"{source_of(dataset)} has no column {listed(map(quoted, lacks))} to choose by"
    told = []
    for name, values in long_columns(dataset, only).items():
        distinct = list(dict.fromkeys(values.tolist()))
        unit = "" if name in LABELS else QUANTITIES[name].unit
        shown = [
            str(value)
            if not unit
            else format_quantity(value, unit, QUANTITIES[name].display_unit, 4)
            for value in distinct[:MAX_LISTED]
        ]
        more = "" if len(distinct) <= MAX_LISTED else f" and {len(distinct) - MAX_LISTED} more"
        told.append(f"{name} {listed(shown)}{more}")
    return f"{source_of(dataset)} has no reading under these conditions: it has {'; '.join(told)}"

"""Readings under some conditions alone, as one branch of a file of several."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

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

Chosen: TypeAlias = float | tuple[float, float] | str
"""A value in SI, the ends of a range of them, or a label."""
MAX_LISTED = 8
"""Values of a condition that an error lists."""


def parse_only(options: Sequence[str]) -> dict[str, Chosen]:
    """Read options such as ``"voltage=0.8 V"``, ``"time=2:30 s"`` and ``"branch=P->AP"``.

    Raises SmtjError if one is no quantity or label with a value.
    """
    found: dict[str, Chosen] = {}
    for option in options:
        name, equals, text = (part.strip() for part in option.partition("="))
        if name in LABELS and text:
            found[name] = text
        elif name in QUANTITIES and equals:
            try:
                found[name] = _value_or_range(text, QUANTITIES[name].unit)
            except SmtjError as error:
                raise SmtjError(f"--only: {error}") from None
        else:
            raise SmtjError(
                f'--only is "{option}"; give a condition or a label of the file with its value, '
                'e.g. "voltage=0.8 V", "time=2:30 s" or "branch=P->AP"'
            )
    return found


def _value_or_range(text: str, unit: str) -> Chosen:
    """Read ``"0.8 V"``, or ``"2:30 s"`` from 2 to 30 s, in SI."""
    numbers, _, own = text.partition(" ")
    ends = [parse_quantity(f"{number} {own}".strip(), unit) for number in numbers.split(":")]
    if len(ends) == 1:
        return ends[0]
    if len(ends) > 2 or not ends[0] < ends[1]:
        raise SmtjError(f'"{text}" is no range; write its lower and its upper end, e.g. "2:30 s"')
    return ends[0], ends[1]


def select(datasets: "Sequence[xr.Dataset]", only: Mapping[str, Chosen]) -> "list[xr.Dataset]":
    """Return the readings at which quantities, in SI, and labels have the given values, or lie in
    the given ranges.

    Raises
    ------
    DataError
        No data set has such readings; the message lists those that there are.
    """
    found = [one for dataset in datasets if (one := _selected(dataset, only)) is not None]
    if found:
        return found
    raise DataError("; ".join(_missing(dataset, only) for dataset in datasets[:3]))


def _selected(dataset: "xr.Dataset", only: Mapping[str, Chosen]) -> "xr.Dataset | None":
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


def _has(values: Array, wanted: Chosen) -> Array:
    if isinstance(wanted, str):
        return np.asarray(np.char.strip(values.astype(str)) == wanted)
    if isinstance(wanted, tuple):
        return np.asarray((values >= wanted[0]) & (values <= wanted[1]))
    size = max(float(np.abs(values).max()), abs(wanted))
    return np.asarray(np.abs(values - wanted) <= SAME * size)


def _missing(dataset: "xr.Dataset", only: Mapping[str, Chosen]) -> str:
    names = column_names(dataset)
    lacks = [name for name in only if name not in names]
    if lacks:
        return f"{source_of(dataset)} has no column {listed(map(quoted, lacks))} to choose by"
    columns = long_columns(dataset, only)
    told = [f"{name} {_shown(name, values, only[name])}" for name, values in columns.items()]
    return f"{source_of(dataset)} has no reading under these conditions: it has {'; '.join(told)}"


def _shown(name: str, values: Array, wanted: Chosen) -> str:
    """Return the values of a column in words, or their range where one was asked for."""
    if name in LABELS:
        texts = list(dict.fromkeys(map(str, values.tolist())))
    else:
        quantity = QUANTITIES[name]
        is_range = isinstance(wanted, tuple)
        ends = [float(values.min()), float(values.max())]
        texts = [
            format_quantity(value, quantity.unit, quantity.display_unit, 4) if quantity.unit
            else f"{value:g}"
            for value in (ends if is_range else dict.fromkeys(values.tolist()))
        ]  # fmt: skip
        if is_range:
            return " to ".join(texts)
    more = f" and {len(texts) - MAX_LISTED} more" if len(texts) > MAX_LISTED else ""
    return listed(texts[:MAX_LISTED]) + more

"""Tables in HDF5 files: the datasets of a group, or the fields of a compound dataset."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.measurement.format.binary.arrays import Arrays, damaged, same_length, single_values
from smtj.measurement.format.layout import with_unit
from smtj.measurement.format.preamble import Pairs

_UNITS = ("units", "unit", "Unit", "Units", "UNIT", "UNITS")
_NAMES = ("columns", "names", "column_names", "labels")


def read_hdf5(path: Path) -> dict[str, Arrays]:
    """Return the tables of an HDF5 file by the path of their group.

    The unit of a dataset is its attribute ``units`` or ``unit``; datasets of one value and the
    attributes of a group, and of those that it is in, are conditions.  Raises DataError if the
    file is damaged or no HDF5.
    """
    import h5py

    tables: dict[str, Arrays] = {}

    def visit(name: str, item: Any) -> None:
        above = _above(item) if name else []
        if isinstance(item, h5py.Group):
            tables[name or "/"] = _with(_group(item), above)
        elif item.dtype.names is not None and item.ndim == 1:
            tables[name] = _with(_compound(item), above)
        elif item.ndim == 2 and 1 < item.shape[1] <= 64 and (names := _names(item)):
            content = item[()]
            columns = {header: content[:, n] for n, header in enumerate(names[: item.shape[1]])}
            tables[name] = Arrays(columns, [*_attributes(item), *above])

    with damaged(path, "HDF5 file"), h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
        if log := _labber(file):
            tables = log
    return tables


def _labber(file: Any) -> dict[str, Arrays]:
    """The log of Labber: a matrix of steps, channels and entries, its names and units apart."""
    try:
        content, names = file["Data/Data"][()], file["Data/Channel names"][()]
        known = {_text(row[0]): _text(row["unitPhys"]) for row in file["Channels"][()]}
    except (KeyError, ValueError, IndexError):
        return {}
    if content.ndim != 3 or content.shape[1] != len(names):
        return {}
    headers = [with_unit(name, known.get(name) or None) for name in (_text(n[0]) for n in names)]
    # The first step is the innermost.
    columns = {header: content[:, n].T.ravel() for n, header in enumerate(headers)}
    columns = _records(file, columns, known) or columns
    return {"Labber": Arrays(columns, _attributes(file))}


def _records(
    file: Any, steps: Mapping[str, NDArray[Any]], units: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """Return what a digitizer recorded at each step, with times, and the steps beside it; empty if
    Labber's log has no such records.

    A record has the shape (points, 1, steps), and beside it its start and sampling.
    """
    entries = next(iter(steps.values())).size
    traces = file.get("Traces", {})
    found: dict[str, NDArray[Any]] = {}
    for name in traces:
        record, sampling = traces[name], traces.get(f"{name}_t0dt")
        unit = str(record.attrs.get("x, unit", "s")) or "s"
        if sampling is None or record.ndim != 3 or record.shape[1:] != (1, entries) or unit != "s":
            continue
        start, step = np.broadcast_to(sampling[()], (entries, 2)).T
        points = np.arange(record.shape[0])
        found["time [s]"] = (start[:, None] + np.outer(step, points)).ravel()
        header = with_unit(name, units.get(name) or None)
        found[header] = record[:, 0, :].T.ravel()
    if not found:
        return {}
    size = next(iter(found.values())).size
    same = {header: values for header, values in found.items() if values.size == size}
    return {h: np.repeat(values, size // entries) for h, values in steps.items()} | same


def _group(group: Any) -> Arrays:
    import h5py

    items = {name: item for name, item in group.items() if isinstance(item, h5py.Dataset)}
    plain = {n: item for n, item in items.items() if item.dtype.names is None and item.ndim <= 2}
    values = {_header(name, item): item[()] for name, item in plain.items() if item.size}
    beside = [pair for item in plain.values() for pair in _attributes(item)]
    return Arrays(same_length(values), [*_attributes(group), *single_values(values), *beside])


def _compound(item: Any) -> Arrays:
    content = item[()]
    return Arrays({name: content[name] for name in content.dtype.names}, _attributes(item))


def _above(item: Any) -> Pairs:
    """The attributes of the groups that an item is in, from the nearest on."""
    found: list[tuple[str, tuple[str, ...]]] = []
    while item.name != "/":
        item = item.parent
        found += _attributes(item)
    return found


def _with(table: Arrays, above: Pairs) -> Arrays:
    return replace(table, pairs=[*table.pairs, *above])


def _header(name: str, item: Any) -> str:
    given = [item.attrs[key] for key in _UNITS if key in item.attrs]
    return with_unit(name, _text(given[0]) if given else None)


def _names(item: Any) -> list[str]:
    for key in _NAMES:
        if key in item.attrs and np.size(item.attrs[key]) >= item.shape[1]:
            return [_text(name) for name in np.ravel(item.attrs[key])]
    return []


def _attributes(item: Any) -> Pairs:
    plain: Mapping[str, Any] = {
        str(key): value for key, value in item.attrs.items() if not isinstance(value, np.void)
    }
    return single_values(plain)


def _text(value: Any) -> str:
    one = np.ravel(np.asarray(value, dtype=object))[0]
    return one.decode(errors="replace") if isinstance(one, bytes) else str(one)

"""Names and remarks of data files, as people read them."""

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from smtj.measurement import observable_of, source_of
from smtj.measurement.format.header import split_header
from smtj.measurement.format.messages import listed
from smtj.measurement.format.schema import FIELDS, QUANTITIES
from smtj.measurement.format.suggest import SET, condition_of, words_of
from smtj.measurement.stated import unknown_attributes

if TYPE_CHECKING:
    import xarray as xr

MAX_HINTS = 2
"""Columns of which it is said how to name them."""
MAX_NAMED = 3
"""Files that are named; more are counted."""


def source_name(datasets: "Sequence[xr.Dataset]") -> str:
    """Return the name of the data: their files, or what their names share and how many there are.

    For example ``"RTN_H=*Oe.csv (9 files)"``.
    """
    names = list(dict.fromkeys(Path(source_of(dataset)).name for dataset in datasets))
    if len(names) <= MAX_NAMED:
        return file_names(names)
    first = _shared(names)
    last = _shared([name[len(first) :][::-1] for name in names])[::-1]
    every = file_names(names)
    return f"{first}*{last} ({every})" if first.strip("._- ") else every


def scatter_for_errors(law: str, scatter: float) -> str:
    """Say what stands for the errors of dwell times in a table that states none."""
    return f"no errors are stated; those of ln τ are their scatter about the {law}, {scatter:.2g}"


def _shared(names: Sequence[str]) -> str:
    """Return what all names begin with."""
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*names, strict=False))
    return "".join(column[0] for column in columns)


def file_names(names: Sequence[str]) -> str:
    """Return the names of files, or how many there are."""
    names = list(dict.fromkeys(names))
    return ", ".join(names) if len(names) <= MAX_NAMED else f"{len(names)} files"


def file_remarks(datasets: "Sequence[xr.Dataset]") -> list[str]:
    """Return what was assumed when files were read, one remark for all files it applies to."""
    found: dict[str, list[str]] = {}
    for dataset in datasets:
        arbitrary = dataset.attrs.get("arbitrary_units", ())
        remarks = [
            f"{column} has no unit in its header; SI is assumed"
            for column in dataset.attrs.get("assumed_units", ())
            if column not in arbitrary
        ]
        remarks += [f"{column} is in arbitrary units, shown as V" for column in arbitrary]
        ignored = dataset.attrs.get("ignored_columns", ())
        if ignored:
            remarks.append(f"columns not used: {', '.join(str(column) for column in ignored)}")
        remarks += _hints(dataset)
        remarks += [str(sentence) for sentence in dataset.attrs.get("reading_remarks", ())]
        remarks += unknown_attributes(dataset)
        if "resistance_from" in dataset.attrs:
            remarks.append(f"resistance is {dataset.attrs['resistance_from']}")
        for remark in remarks:
            found.setdefault(remark, []).append(Path(source_of(dataset)).name)
    if len(datasets) == 1:
        return list(found)
    found = _joined(found)
    return [f"{remark} ({file_names(names)})" for remark, names in found.items()]


def _hints(dataset: "xr.Dataset") -> list[str]:
    """Name the option for columns that seem to hold a condition, which is unknown."""
    observed = observable_of(dataset)
    names = {str(name) for name in dataset.variables}
    open_ = {"voltage", "current", "temperature"} - names
    if not names & set(FIELDS):
        open_.add(FIELDS[0])
    if not observed or "time" not in names:
        # What a table was measured at hardly matters to its fit.
        open_ = set()
    if "voltage" in names | {observed} and "current" in names | {observed}:
        open_ -= {"voltage", "current"}
    found = []
    for header in map(str, dataset.attrs.get("ignored_columns", ())):
        name, unit = split_header(header)
        quantity = condition_of(header)
        if quantity is None and unit is None and words_of(header) & SET - {"set"}:
            # What a source gave, where a meter read the other.
            quantity = {"current": "voltage", "voltage": "current"}.get(observed or "")
        if quantity is None:
            continue
        shown = unit or {"voltage": "V", "current": "A"}.get(
            quantity, QUANTITIES[quantity].display_unit
        )
        called = "field" if quantity in FIELDS else quantity
        if quantity in open_:
            option = f'--column "{called}={name} [{shown}]"'
        elif quantity == observed and quantity in ("voltage", "current"):
            own = str(dataset[quantity].encoding.get("header", quantity))
            option = f'--column "signal={own}" --column "{called}={name} [{shown}]"'
        else:
            continue
        held = "bias" if quantity == observed else called
        found.append(f'if column "{header}" is the {held}, name it by columns= ({option})')
    return found[:MAX_HINTS]


def _joined(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Put into one remark what differs from file to file only in its values."""
    ends: dict[str, list[str]] = {}
    for remark in found:
        values, _, origin = remark.partition(", from ")
        if origin:
            ends.setdefault(origin, []).append(values)
    joined = {}
    for remark, names in found.items():
        origin = remark.partition(", from ")[2]
        several = ends.get(origin, [])
        if len(several) < 2:
            joined[remark] = names
        elif remark.startswith(several[0]):
            each = origin.replace("name of the file", "names of the files")
            each = re.sub(r"name of its (\w+)", r"names of their \1s", each)
            files = [name for other, own in found.items() if other.endswith(origin) for name in own]
            joined[f"from {each}: {listed(several)}"] = files
    return joined

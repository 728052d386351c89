"""Names and remarks of data files, as people read them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smtj.measurement import source_of

if TYPE_CHECKING:
    import xarray as xr

MAX_NAMED = 3
"""Files that are named; more are counted."""


def source_name(datasets: "Sequence[xr.Dataset]") -> str:
    """Return the name of the data: their files, or how many there are."""
    return file_names([Path(source_of(dataset)).name for dataset in datasets])


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
        remarks += [str(sentence) for sentence in dataset.attrs.get("reading_remarks", ())]
        if "resistance_from" in dataset.attrs:
            remarks.append(f"resistance is {dataset.attrs['resistance_from']}")
        for remark in remarks:
            found.setdefault(remark, []).append(Path(source_of(dataset)).name)
    return [f"{file_names(names)}: {remark}" for remark, names in found.items()]

"""What was found in a measurement, as people read it: rows of a table, remarks, a card's name."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from smtj.analysis.finding import Part
from smtj.card import DeviceCard
from smtj.inference.stats.estimate import Estimate
from smtj.measurement import source_of
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr

MAX_NAMED = 4
"""Files that are counted instead of named."""
HEAD = ("", "symbol", "value", "±", "95 % interval")
"""Head of a table whose rows are those of :func:`row`."""


def row(estimate: Estimate) -> list[str]:
    """Name, symbol, value, standard error and 95 % interval of a fitted number."""
    low, high = (_number(end, estimate) for end in estimate.interval)
    value = format_quantity(estimate.value, estimate.unit, estimate.display_unit, 5)
    error = _number(estimate.error, estimate, 2)
    return [estimate.name, estimate.symbol, value, error, f"{low} … {high}"]


def as_sentences(remarks: Iterable[str]) -> list[str]:
    """Remarks with a capital and a full stop."""
    return [f"{remark[:1].upper()}{remark[1:]}." for remark in remarks]


def named(names: list[str]) -> str:
    """Names of files, or how many there are."""
    return ", ".join(names) if len(names) < MAX_NAMED else f"{len(names)} files"


def remarks_of_files(datasets: "list[xr.Dataset]") -> list[str]:
    """What was taken for granted when files were read, a remark for all that it holds for."""
    found: dict[str, list[str]] = {}
    for dataset in datasets:
        arbitrary = dataset.attrs.get("arbitrary_units", ())
        remarks = [
            f"{column} has no unit in its header; SI is taken"
            for column in dataset.attrs.get("assumed_units", ())
            if column not in arbitrary
        ]
        remarks += [f"{column} is in arbitrary units; they are called V" for column in arbitrary]
        ignored = dataset.attrs.get("ignored_columns", ())
        if ignored:
            remarks.append(f"not used: {', '.join(str(column) for column in ignored)}")
        if "resistance_from" in dataset.attrs:
            remarks.append(f"resistance is {dataset.attrs['resistance_from']}")
        for remark in remarks:
            found.setdefault(remark, []).append(Path(source_of(dataset)).name)
    return [f"{named(names)}: {remark}" for remark, names in found.items()]


def measured_card(card: DeviceCard, parts: Iterable[Part], file: str) -> DeviceCard:
    """Write what was found into a card, and name it after a file.

    Parameters
    ----------
    card
        The card to start from.
    parts
        What was found.
    file
        Name of a file, of which the stem becomes the card's name, spelt as an identifier.

    Raises
    ------
    SmtjError
        No device gives what was found.
    """
    for part in parts:
        card = part.onto(card)
    stem = "".join(c if c.isascii() and c.isalnum() else "_" for c in Path(file).stem)
    name = stem if stem[:1].isalpha() or stem[:1] == "_" else f"_{stem}"
    return card.replace({"name": name})


def _number(value: float, estimate: Estimate, digits: int = 4) -> str:
    text = format_quantity(value, estimate.unit, estimate.display_unit, digits)
    return text.removesuffix(estimate.display_unit).strip() if estimate.display_unit else text

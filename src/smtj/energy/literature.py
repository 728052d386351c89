"""Published costs to compare with, from ``published.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from smtj.tables import Table
from smtj.units import format_quantity, parse_quantity


@dataclass(frozen=True)
class Published:
    """A published cost or range of costs, with its source."""

    name: str
    quantity: str
    """What is counted, e.g. ``"energy per bit"``."""
    low: float
    high: float
    """The same as ``low`` if one number is printed."""
    unit: str
    """SI unit of both."""
    display_unit: str
    source: str
    note: str = ""


@cache
def published() -> tuple[Published, ...]:
    """Return the published costs."""
    text = Path(__file__).with_name("published.toml").read_text(encoding="utf-8")
    made = []
    for entry in tomllib.loads(text)["cost"]:
        low, high = (entry.pop(end) for end in ("low", "high"))
        unit, shown = entry["unit"], low.partition(" ")[2]
        entry["low"], entry["high"] = (parse_quantity(end, unit) for end in (low, high))
        made.append(Published(**entry, display_unit=shown))
    return tuple(made)


def published_table() -> Table:
    """Return the published costs as a table."""
    rows = []
    for entry in published():
        low, high = (
            format_quantity(end, entry.unit, entry.display_unit, 3)
            for end in (entry.low, entry.high)
        )
        cost = low if entry.low == entry.high else f"{low} to {high}"
        rows.append([entry.name, f"{cost}, {entry.quantity}", entry.note, entry.source])
    return Table("Published, for comparison", ("device", "cost", "note", "source"), rows)

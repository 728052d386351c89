"""One number, found by one route, beside the route that it is compared with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from smtj.tables import Table
from smtj.units import format_with_error

SAME, CLOSE, ROUGH = 1e-6, 0.05, 1.0
"""Relative differences up to which a number without error is the same, close, and rough."""
MAX_Z = 3.0


@dataclass(frozen=True)
class Comparison:
    """One quantity by one route; SI units."""

    quantity: str
    """The quantity and its conditions."""
    route: str
    """How it was found."""
    value: float
    error: float
    """Standard error of a simulation; 0 for a calculation."""
    unit: str
    display_unit: str
    against: str
    """The reference route; empty for the reference itself."""
    expected: float
    """The value of the reference."""

    @property
    def ratio(self) -> float:
        """Value over expected value."""
        return self.value / self.expected

    @property
    def z(self) -> float:
        """Difference in standard errors; NaN for a calculation."""
        return (self.value - self.expected) / self.error if self.error > 0 else math.nan

    @property
    def agrees(self) -> bool:
        """Whether the two agree within three standard errors, or 5 % without an error."""
        if self.error > 0:
            return abs(self.z) < MAX_Z
        return abs(self.ratio - 1) <= CLOSE

    @property
    def verdict(self) -> str:
        """The outcome in a word or two."""
        if not self.against:
            return "reference"
        if self.error > 0:
            return f"agrees, z = {self.z:+.1f}" if self.agrees else f"differs, z = {self.z:+.1f}"
        difference = abs(self.ratio - 1)
        if difference <= SAME:
            return "the same"
        shown = f"{100 * (self.ratio - 1):+.1f} %" if difference < ROUGH else f"× {self.ratio:.3g}"
        return f"{'close' if self.agrees else 'differs'}, {shown}"

    def to_dict(self) -> dict[str, Any]:
        """All entries as plain types; z is None for a calculation."""
        return {
            "quantity": self.quantity,
            "route": self.route,
            "value": self.value,
            "standard_error": self.error,
            "unit": self.unit,
            "against": self.against,
            "expected": self.expected,
            "z": self.z if math.isfinite(self.z) else None,
            "verdict": self.verdict,
        }


def reference(quantity: str, route: str, value: float, unit: str, display_unit: str) -> Comparison:
    """Return the route that others to the same quantity are compared with."""
    return Comparison(quantity, route, value, 0.0, unit, display_unit, "", value)


def compared(base: Comparison, route: str, value: float, error: float = 0.0) -> Comparison:
    """Return another route to the quantity of ``base``, compared with it."""
    return Comparison(
        base.quantity, route, value, error, base.unit, base.display_unit, base.route, base.value
    )


def table(title: str, comparisons: Sequence[Comparison], notes: Sequence[str] = ()) -> Table:
    """Return a table with one row per route."""
    rows, last = [], ""
    for found in comparisons:
        value = format_with_error(found.value, found.error, found.unit, found.display_unit)
        quantity = "" if found.quantity == last else found.quantity
        rows.append((quantity, found.route, value, found.verdict))
        last = found.quantity
    return Table(title, ("quantity", "route", "value", "against the reference"), rows, notes)

"""One number, got by one route, beside the route that it is compared to."""

import math
from dataclasses import dataclass

SAME, CLOSE, ROUGH = 1e-6, 0.05, 1.0
"""Relative differences up to which a number without error is the same, close, and rough."""
MAX_Z = 3.0


@dataclass(frozen=True)
class Rung:
    """One quantity by one route; SI units."""

    quantity: str
    """What it is and at what conditions."""
    route: str
    """How it was got."""
    value: float
    error: float
    """Standard error of a simulation; 0 for a calculation."""
    unit: str
    display_unit: str
    against: str
    """The route that it is compared to; empty for that route itself."""
    expected: float
    """The value of that route."""

    @property
    def ratio(self) -> float:
        """Value over expected one."""
        return self.value / self.expected

    @property
    def z(self) -> float:
        """Standard errors between both; NaN for a calculation."""
        return (self.value - self.expected) / self.error if self.error > 0 else math.nan

    @property
    def agrees(self) -> bool:
        """Whether the two agree: within three standard errors, or 5 % of each other."""
        if self.error > 0:
            return abs(self.z) < MAX_Z
        return abs(self.ratio - 1) <= CLOSE

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if not self.against:
            return "reference"
        if self.error > 0:
            return f"agrees, z = {self.z:+.1f}" if self.agrees else f"differs, z = {self.z:+.1f}"
        difference = abs(self.ratio - 1)
        if difference <= SAME:
            return "the same"
        shown = f"{100 * (self.ratio - 1):+.1f} %" if difference < ROUGH else f"× {self.ratio:.3g}"
        return f"{'close' if self.agrees else 'differs'}, {shown}"


def reference(quantity: str, route: str, value: float, unit: str, display_unit: str) -> Rung:
    """Return the route that others of the same quantity are compared to."""
    return Rung(quantity, route, value, 0.0, unit, display_unit, "", value)


def compared(base: Rung, route: str, value: float, error: float = 0.0) -> Rung:
    """Return another route to the quantity of ``base``, compared to it."""
    return Rung(
        base.quantity, route, value, error, base.unit, base.display_unit, base.route, base.value
    )

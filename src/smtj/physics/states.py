"""The two states of a junction, and the rows of a table of quantities that follow from a card."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from smtj.physics.arrays import Array
from smtj.typing import Floats
from smtj.units import format_quantity, format_time


@dataclass(frozen=True)
class StateResistances:
    """Both states of a junction, of the broadcast shape of the fields, the bias and the rest."""

    high: Floats
    """Resistance in ohm of the state named high."""
    low: Floats
    """Resistance in ohm of the state named low."""
    voltage_high: Floats
    """Voltage in V across the junction in the high state."""
    voltage_low: Floats
    """Voltage in V across the junction in the low state."""


class Derived(NamedTuple):
    """A derived quantity, as a row of a table."""

    name: str
    symbol: str
    value: Array
    unit: str
    display_unit: str
    source: str

    @property
    def text(self) -> str:
        """The value in the display unit, or the range of several."""
        values = np.asarray(self.value.tolist() if hasattr(self.value, "tolist") else self.value)
        ends = dict.fromkeys((float(values.min()), float(values.max())))
        if self.unit == "s":
            return " … ".join(map(format_time, ends))
        return " … ".join(format_quantity(v, self.unit, self.display_unit, 4) for v in ends)

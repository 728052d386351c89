"""Fields at which a device switches in a slow sweep, from its dwell times and the sweep's speed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, as_card
from smtj.lab.instrument import BiasKind
from smtj.lab.readings import two_states
from smtj.typing import Floats

ONE_SIGMA = 0.8413447
"""Chance below one standard deviation above the mean, of a normal law."""


@dataclass(frozen=True)
class SwitchingFields:
    """Median fields of the first switch of many sweeps, in A/m; nan if a sweep does not switch."""

    rising: float
    falling: float
    rising_spread: float
    """Half the distance of the quantiles at ± one standard deviation, from sweep to sweep."""
    falling_spread: float

    @property
    def coercive(self) -> float:
        """Half the width of the loop, 0 for a device that switches faster than it is swept."""
        return max(self.rising - self.falling, 0.0) / 2

    @property
    def offset(self) -> float:
        """Middle of the loop."""
        return (self.rising + self.falling) / 2

    @property
    def spread(self) -> float:
        """Standard deviation of both from loop to loop."""
        return math.hypot(self.rising_spread, self.falling_spread) / 2


def switching_fields(
    card: CardLike,
    field: ArrayLike,
    time: float,
    along: str = "field_out_of_plane",
    conditions: Mapping[str, float] | None = None,
) -> SwitchingFields:
    """Return the fields at which a device leaves its state in a sweep up and a sweep down.

    The sweep begins in the state that lives longer there.  It is left at the rate 1/τ(H), so that
    half of all sweeps have switched where the time spent over τ adds up to ln 2.

    Parameters
    ----------
    card
        The device, or the name or path of its card.
    field
        Rising steps of the sweep in A/m, shape (fields,).
    time
        Spent at each, in s.
    along
        ``"field_out_of_plane"`` or ``"field_in_plane"``.
    conditions
        SI values of the other field, voltage or current, and temperature; by default the card's.

    Examples
    --------
    >>> import numpy as np
    >>> from smtj.units import Oe
    >>> found = switching_fields("sidielvalli2025", np.arange(-1500, 1501, 20) * Oe, 1.0)
    >>> round(found.coercive / Oe), round(found.offset / Oe)
    (337, 236)
    """
    device, steps = as_card(card), np.asarray(field, dtype=np.float64)
    given = {**device.conditions, **(conditions or {})}
    kind: BiasKind = "current" if "current" in given and "voltage" not in given else "voltage"
    rows = np.zeros((steps.size, 4))
    rows[:, 2] = given.get(kind, device.read_voltage if kind == "voltage" else 0.0)
    rows[:, 3] = given.get("temperature", device.temperature)
    for column, name in enumerate(("field_in_plane", "field_out_of_plane")):
        rows[:, column] = steps if name == along else given.get(name, 0.0)
    _, _, log_high, log_low = two_states(device, kind, rows)
    # By the state that lives longer where each sweep begins.
    logs = np.stack([log_low, log_high])
    first, last = int(np.argmax(logs[:, 0])), int(np.argmax(logs[:, -1]))
    if first == last:
        return SwitchingFields(math.nan, math.nan, math.nan, math.nan)
    rising, rising_spread = _left(steps, time * np.exp(-logs[first]))
    falling, falling_spread = _left(steps[::-1], time * np.exp(-logs[last])[::-1])
    return SwitchingFields(rising, falling, rising_spread, falling_spread)


def _left(field: Floats, hazard: Floats) -> tuple[float, float]:
    """Return median and half width of where a state is left, given the hazard of each step."""
    # The field goes straight from step to step, so that a switch lies between two readings.
    passed = np.concatenate([[0.0], np.cumsum(np.minimum(hazard[1:], 1e9))])
    ends = -np.log1p(-np.array([1 - ONE_SIGMA, 0.5, ONE_SIGMA]))
    if passed[-1] < ends[-1]:
        return math.nan, math.nan
    low, middle, high = np.interp(ends, passed, field)
    return float(middle), float(abs(high - low) / 2)

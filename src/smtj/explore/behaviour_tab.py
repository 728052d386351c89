"""The device tab of a behavioural card: its drive, P(high), and the telegraph noise."""

# Panel leaves its constructors without types.
# mypy: disallow-untyped-calls=False

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from smtj.card import BehaviouralCard, Card
from smtj.errors import SmtjError
from smtj.explore import charts
from smtj.explore.components import choice, slider
from smtj.explore.device_tab import FIELDS, PACES, DeviceTab, rows_as_html
from smtj.explore.numbers import Number, time_text
from smtj.physics.measured import LEVELS, MeasuredPoint
from smtj.typing import Floats
from smtj.units import convert

REACH = 6.0
"""Range of the drive from the middle, in units of 1/w, if no range was measured."""
LABELS = {
    "field": "Field H",
    "voltage": "Voltage V",
    "current": "Current I",
    "none": "Drive, ln odds from the measured",
}


class MeasuredState(NamedTuple):
    """The device at the present drive."""

    log_dwell_high: float
    """ln(τ_high/s)."""
    log_dwell_low: float
    probability: float
    """P(high)."""
    resistance_high: float
    """In ohm; of a card with levels in volts or amperes these, in their display unit."""
    resistance_low: float


class BehaviourTab(DeviceTab):
    """The device of one session, as it was measured."""

    card: Any
    drive: float = 0.0
    """The drive in its SI unit."""

    def use(self, card: Card) -> None:
        """Show another behavioural card.

        Raises
        ------
        SmtjError
            The card lacks levels or dwell times, without which there is no telegraph noise.
        """
        if not isinstance(card, BehaviouralCard):
            raise SmtjError(f"card {card.name} has physics; start smtj explore with it")
        require_telegraph_noise(card)
        self.card = card
        point = card.under_bias()
        drive = card.drive
        width = 1 / abs(float(point.slope))
        middle = float(point.offset_field)
        known = math.isfinite(card.drive_limit)
        low, high = card.drive_range if known else (middle - REACH * width, middle + REACH * width)
        self.scale = convert(1.0, drive.unit, drive.show)
        self.drive = 0.0 if drive.name == "none" else middle
        self.fields = np.linspace(low, high, FIELDS)
        ends = low * self.scale, high * self.scale
        self.controls.items = [
            slider(
                "drive", LABELS[drive.name], drive.show, *ends, (ends[1] - ends[0]) / 400,
                self.drive * self.scale,
            ),
            choice("pace", "Trace", PACES, self.pace),
        ]  # fmt: skip
        self.controls.actions = [["reset", "Reset"]]
        axis = drive.label.replace(r"$H_\perp$", "H⊥").replace(r"$H_\parallel$", "H∥")
        self.plots["probability"].xaxis.axis_label = axis
        what, (_, _, shown) = card.observable, LEVELS[card.observable]
        unit = {"ohm": "Ω", "uA": "µA"}.get(shown, shown)
        self.plots["trace"].yaxis.axis_label = f"{what.capitalize()} ({unit})"
        # There is no energy, so no well for the dot.
        self.wells = np.full(2, np.nan), np.full(2, np.nan)
        self.update()

    def roots(self) -> dict[str, Any]:
        """Return the parts that the page embeds, by name."""
        every = super().roots()
        return {k: v for k, v in every.items() if k not in ("landscape", "slopes", "spectrum")}

    def change(self, values: Mapping[str, Any]) -> None:
        """Apply the values of the sliders."""
        self.pace = values.get("pace", self.pace)
        self.drive = float(values.get("drive", self.drive * self.scale)) / self.scale
        self.update()

    def act(self, action: str) -> None:
        """Perform the action of a button; the card as it is needs no saving."""

    def shown(self) -> dict[str, float]:
        """Return the value of the slider in its display unit."""
        return {"drive": self.drive * self.scale}

    def averaged(self, occupancy: Floats) -> Floats:
        """Return readings that average over both states, in the unit of the plot."""
        if self.card.levels is None:
            return super().averaged(occupancy)
        now = self.now
        return now.resistance_low + (now.resistance_high - now.resistance_low) * occupancy

    def update(self) -> None:
        """Recompute and redraw all curves."""
        point = self.card.under_bias()
        _, unit, shown = LEVELS[self.card.observable]
        high, low = (convert(float(level), unit, shown) for level in point.levels(self.drive))
        log_high, log_low = (float(log) for log in point.log_dwell_times(self.drive))
        p = float(point.switching_probability(self.drive))
        now: Any = MeasuredState(log_high, log_low, p, high, low)
        curve = point.switching_probability(self.fields)
        charts.put(self.sources["p0"], x=self.fields * self.scale, y=curve)
        charts.put(self.sources["here"], x=[self.drive * self.scale], y=[p])
        self.table.object = rows_as_html(_numbers(self.card, point, now))
        self.show_readings_of(now)


def require_telegraph_noise(card: BehaviouralCard) -> None:
    """Raise an error that names what is missing if a card lacks levels or dwell times."""
    names = []
    if card.levels is None:
        names += ["behaviour.resistance_high", "behaviour.resistance_low"]
    if card.behaviour.dwell_time_high is None:
        names.append("behaviour.dwell_time")
    card.require(*names)


def _numbers(card: BehaviouralCard, point: MeasuredPoint, now: MeasuredState) -> list[Number]:
    rows = [row for row in point.derived() if row.symbol in ("w", "x_s")]
    what, (letter, _, shown) = card.observable, LEVELS[card.observable]
    unit = {"ohm": "Ω", "uA": "µA"}.get(shown, shown)
    return [
        *(Number(row.name.capitalize(), row.symbol, row.text.replace("-", "−")) for row in rows),
        Number("Occupancy of the high state", "P", f"{now.probability:.4f}"),
        Number("Dwell time high", "τ_high", time_text(now.log_dwell_high)),
        Number("Dwell time low", "τ_low", time_text(now.log_dwell_low)),
        Number(f"{what.capitalize()} high", f"{letter}_high", f"{now.resistance_high:.5g} {unit}"),
        Number(f"{what.capitalize()} low", f"{letter}_low", f"{now.resistance_low:.5g} {unit}"),
        Number("Temperature", "T", f"{card.temperature:g} K"),
    ]

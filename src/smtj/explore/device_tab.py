"""The device tab: sliders, what follows from them, and the telegraph noise."""

# Panel leaves its constructors without types.
# mypy: disallow-untyped-calls=False

import html
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from bokeh.models import DataRange1d
from bokeh.models.annotations import Span

from smtj.card import Card, as_device
from smtj.errors import SmtjError
from smtj.explore import charts, curves, stream
from smtj.explore.components import Controls, choice, slider, symbol, symbols, text_pane
from smtj.explore.controls import card_to_save, sliders, values_of_card
from smtj.explore.numbers import Number, number_rows
from smtj.physics.resistance import averaged_at_voltage
from smtj.typing import Floats
from smtj.units import Oe, convert

FRAME = 50
"""Time between frames of the trace, in ms."""
PER_FRAME = 3
"""Readings per frame; they cross the screen in 8 s."""
TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
PACES = {"auto": "at the device’s pace", "real": "in real time"}
FIELDS, VOLTAGES = 161, 33
"""Points of P(H) and of w(V)."""
STEADY = 5.0
"""Factor by which the best time base must change before the one on screen does."""


class DeviceTab:
    """The device of one session; every plot has its own data source."""

    def __init__(self, card: Card, seed: int) -> None:
        self.on_update: Callable[[], None] = lambda: None
        self.pace, self.screen = "auto", 0.0
        self.trace, self.readings = stream.StreamState(seed), np.empty(0)
        self.controls = Controls(sizing_mode="stretch_width", margin=0)
        self.controls.connect(self.change, self.act)
        self.message, self.table = text_pane(), text_pane()
        self._make_plots()
        self.use(card)
        # A plot needs data from the start to know its range.
        self.step()

    def use(self, card: Card) -> None:
        """Show another card, which has the physics of its device."""
        card = as_device(card)
        self.card, self.values = card, values_of_card(card)
        self.units = {
            control.name: (control.unit.replace("°", "deg"), control.si_unit)
            for control in sliders(card)
        }
        field = sliders(card)[0]
        self.fields = np.linspace(field.start, field.end, FIELDS) * Oe
        items = [
            slider(k.name, k.label, k.unit, k.start, k.end, k.step, k.value) for k in sliders(card)
        ]
        self.controls.items = [*items, choice("pace", "Trace", PACES, self.pace)]
        self.controls.actions = [["reset", "Reset"], ["save", "Save the card"]]
        self.update()

    def roots(self) -> dict[str, Any]:
        """Return the parts that the page embeds, by name."""
        plots = {name: charts.pane(plot) for name, plot in self.plots.items()}
        return {
            "controls": self.controls,
            "device_message": self.message,
            "numbers": self.table,
            **plots,
        }

    def change(self, values: Mapping[str, Any]) -> None:
        """Apply the values of the sliders."""
        self.pace = values.get("pace", self.pace)
        set_ = {
            name: convert(float(values[name]), *units)
            for name, units in self.units.items()
            if name in values
        }
        own = values_of_card(self.card)
        # A slider at rest may differ from the card's value by its step.
        at_rest = {item["name"]: item["value"] for item in self.controls.items}
        for name in set_:
            if abs(float(values[name]) - at_rest[name]) < 1e-9 * max(1.0, abs(at_rest[name])):
                set_[name] = getattr(own, name)
        before = self.values
        self.values = replace(self.values, **set_)
        try:
            self.update()
        except SmtjError as error:
            self.values = before
            self.message.object = f'<p class="alert">{html.escape(str(error))}</p>'

    def act(self, action: str) -> None:
        """Perform the action of a button."""
        if action == "save":
            card = card_to_save(self.card, self.values)
            self.controls.download(f"{card.name}.toml", card.to_toml())

    def update(self) -> None:
        """Recompute and redraw all curves."""
        values, limit = self.values, float(self.card.switching.voltage_limit)
        seen = curves.view(self.card, values, self.fields, limit, VOLTAGES)
        # Everything is computed before anything is drawn, so invalid values change nothing.
        now, valley, lines = seen.present, seen.landscape, seen.spectrum
        oersted, millivolt = self.fields / Oe, np.linspace(-limit, limit, VOLTAGES) * 1e3
        for number, model in enumerate(curves.MODELS):
            p = seen.probability.get(model, np.full(oersted.size, np.nan))
            w = seen.slope.get(model, np.full(VOLTAGES, np.nan))
            charts.put(self.sources[f"p{number}"], x=oersted, y=p)
            charts.put(self.sources[f"w{number}"], x=millivolt, y=w * Oe)
        here = values.field_out_of_plane / Oe
        charts.put(self.sources["here"], x=[here], y=[now.probability])
        charts.put(self.sources["w_here"], x=[values.voltage * 1e3], y=[now.slope * Oe])
        charts.put(self.sources["energy"], x=np.degrees(valley.angle), y=valley.energy)
        self.wells = np.degrees(valley.well_angle), valley.well_energy
        microvolt = {"y": lines.total * 1e6, "high": lines.high * 1e6, "low": lines.low * 1e6}
        charts.put(self.sources["spectrum"], x=lines.frequency / 1e9, **microvolt)
        self.table.object = rows_as_html(number_rows(seen.card, values, now, lines))
        doubts = curves.doubts(now, valley)
        self.message.object = doubts and f'<p class="doubt">{symbols(doubts)}</p>'
        self.show_readings_of(now)

    def show_readings_of(self, now: curves.Present) -> None:
        """Restart the trace with the dwell times and resistances of now."""
        self.readings = np.empty(0)
        self.now = now
        ends = sorted((now.resistance_low, now.resistance_high))
        room = 0.08 * (ends[1] - ends[0]) or 0.01 * ends[1]
        self.plots["trace"].y_range.update(start=ends[0] - room, end=ends[1] + room)
        self._set_time_base()
        self.on_update()

    def title(self) -> str:
        """Return the card's title, with what the sliders changed."""
        items = {item["name"]: item for item in self.controls.items}
        changed = [
            # A half is rounded away from zero, as the browser does.
            f"{items[name]['label']} = {at + math.copysign(1e-9, at):.{items[name]['digits']}f}"
            f"\u202f{items[name]['unit']}"
            for name, at in self.shown().items()
            if abs(at - items[name]["value"]) > 1e-9 * max(1.0, abs(at))
        ]
        return "; ".join([self.card.title, *([", ".join(changed)] if changed else [])]).replace(
            "= -", "= −"
        )

    def shown(self) -> dict[str, float]:
        """Return the values of the sliders in their display units."""
        return {
            name: convert(getattr(self.values, name), own, unit)
            for name, (unit, own) in self.units.items()
        }

    def step(self) -> None:
        """Draw the next frame of the trace."""
        now, interval = self.now, self.screen / stream.POINTS
        first = self.trace.reading
        self.trace, occupancy = stream.advance(
            self.trace, now.log_dwell_high, now.log_dwell_low, interval, PER_FRAME
        )
        ohm = self.averaged(occupancy)
        time = (np.arange(PER_FRAME) + 1.0 + first) * interval / self.time_scale
        if first:
            self.sources["trace"].stream({"x": time, "y": ohm}, rollover=stream.POINTS)
        else:
            charts.put(self.sources["trace"], x=time, y=ohm)
        well = 1 - int(self.trace.state or 0)
        angles, energies = self.wells
        charts.put(self.sources["ball"], x=angles[[well]], y=energies[[well]])
        self.readings = np.concatenate([self.readings, occupancy])[-stream.POINTS :]
        if self.trace.frame % 4 == 0 or self.readings.size == PER_FRAME:
            self._show_occupancy()

    def averaged(self, occupancy: Floats) -> Floats:
        """Return readings that average over both states, in the unit of the plot."""
        now = self.now
        return np.asarray(averaged_at_voltage(occupancy, now.resistance_high, now.resistance_low))

    def _show_occupancy(self) -> None:
        mean = float(self.readings.mean())
        length = self.readings.size * self.screen / stream.POINTS
        sigma = stream.spread_of_mean(self.now.log_dwell_high, self.now.log_dwell_low, length)
        here = self.sources["here"].data["x"][0]
        low, high = max(mean - sigma, 0.0), min(mean + sigma, 1.0)
        charts.put(self.sources["occupancy"], x=[here], y=[mean], low=[low], high=[high])

    def _set_time_base(self) -> None:
        best = stream.screen_of(self.now.log_dwell_high, self.now.log_dwell_low)
        if self.pace == "real":
            best = stream.POINTS * FRAME * 1e-3 / PER_FRAME
        elif 1 / STEADY < best / (self.screen or best * 10) < STEADY:
            best = self.screen
        if best == self.screen:
            return
        self.screen = best
        self.time_scale, unit = next(
            (scale for scale in TIME_UNITS if best >= 2 * scale[0]), TIME_UNITS[-1]
        )
        # The new screen continues from the last state of the old one.
        self.trace = replace(self.trace, reading=0)
        self.readings = np.empty(0)
        plot = self.plots["trace"]
        plot.xaxis.axis_label = f"Time ({unit})"
        plot.x_range.follow_interval = plot.x_range.default_span = best / self.time_scale

    def _make_plots(self) -> None:
        two = ("x", "y")
        names = ("trace", "here", "p0", "p1", "energy", "ball", "w0", "w1", "w_here")
        self.sources: dict[str, Any] = {name: charts.source(name, *two) for name in names}
        self.sources["occupancy"] = charts.source("occupancy", "x", "y", "low", "high")
        self.sources["spectrum"] = charts.source("spectrum", "x", "y", "high", "low")
        s = self.sources
        trace = charts.chart(
            "Time (s)",
            "Resistance (Ω)",
            250,
            x_range=DataRange1d(follow="end", range_padding=0),
            y_range=charts.between(0, 1),
        )
        trace.step("x", "y", source=s["trace"], mode="before", line_width=1.5, color=charts.BLUE)
        p = charts.chart("Field H⊥ (Oe)", "P(high)", y_range=charts.between(-0.03, 1.03))
        w = charts.chart("Bias voltage V (mV)", "Slope w (1/Oe)")
        for number, colour in enumerate((charts.BLUE, charts.ORANGE)):
            dash = "solid" if number == 0 else "dashed"
            for plot, name in ((p, "p"), (w, "w")):
                plot.line(
                    "x", "y", source=s[f"{name}{number}"], line_width=2.2, color=colour,
                    line_dash=dash,
                )  # fmt: skip
        p.add_layout(charts.whiskers(s["occupancy"], charts.GREEN))
        p.scatter(
            "x", "y", source=s["occupancy"], marker="x", size=10, color=charts.GREEN, line_width=2
        )
        ring = {"size": 13, "fill_alpha": 0, "line_width": 3, "line_color": charts.BLUE}
        p.scatter("x", "y", source=s["here"], **ring)
        w.scatter("x", "y", source=s["w_here"], **ring)
        energy = charts.chart("Angle from the normal (°)", "Energy / kT")
        energy.x_range = charts.between(-90, 270)
        energy.xaxis.ticker = [-90, 0, 90, 180, 270]
        energy.line("x", "y", source=s["energy"], line_width=2.2, color=charts.GREY)
        energy.scatter("x", "y", source=s["ball"], size=15, color=charts.BLUE)
        rf = charts.chart("Frequency (GHz)", "Rectified voltage (µV)")
        rf.add_layout(Span(location=0, dimension="width", line_color=charts.GREY, line_width=1))
        for name, colour in (("high", charts.BLUE), ("low", charts.ORANGE)):
            rf.line("x", name, source=s["spectrum"], color=colour, line_width=2, line_dash="dashed")
        rf.line("x", "y", source=s["spectrum"], color=charts.GREY, line_width=2.6)
        self.plots = {
            "trace": trace, "probability": p, "landscape": energy, "slopes": w, "spectrum": rf,
        }  # fmt: skip


def rows_as_html(rows: list[Number]) -> str:
    """Return rows as an HTML table in three columns."""

    def table(some: list[Number]) -> str:
        body = "".join(
            f'<tr><th scope="row">{row.name}</th><td><i>{symbol(row.symbol)}</i></td>'
            f"<td>{_power(row.value)}</td></tr>"
            for row in some
        )
        return f"<table>{body}</table>"

    third = -(-len(rows) // 3)
    parts = "".join(table(rows[at : at + third]) for at in range(0, len(rows), third))
    return f'<div class="columns">{parts}</div>'


def _power(text: str) -> str:
    if not text.startswith("10^"):
        return html.escape(text)
    exponent, _, rest = text[3:].partition(" ")
    return f"10<sup>{exponent}</sup> {rest}"

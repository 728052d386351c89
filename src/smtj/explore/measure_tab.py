"""The measurement tab: a dropped file is fitted and becomes a card."""

# Panel leaves its constructors without types.
# mypy: disallow-untyped-calls=False

import base64
import html
import re
from collections.abc import Callable
from threading import Thread
from typing import Any

import panel as pn

from smtj.analysis.result import HEAD, sentences
from smtj.card import Card
from smtj.errors import SmtjError
from smtj.explore import charts
from smtj.explore.components import Controls, symbol, text_pane, web
from smtj.explore.upload import MAX_BYTES, SAMPLE, FileResult, Segments, examine, sample

CHUNK = 2_000_000
"""Bytes of a file per message."""
HINT = "<h3>Nothing measured yet</h3><p>Drop a file, or use the simulated trace.</p>"


class MeasureTab:
    """The measurement of one session."""

    def __init__(self, card: Card, use: Callable[[Card], None]) -> None:
        self.card, self.use_card = card, use
        self.result: FileResult | None = None
        self.number = 0
        self.drop = pn.Column(self._dropper(), sizing_mode="stretch_width", margin=0)
        self.controls = Controls(sizing_mode="stretch_width", margin=(14, 0, 0, 0))
        self.controls.connect(act=self.act)
        self.said, self.results = text_pane(HINT), text_pane()
        self._make_plot()
        self._offer()

    def roots(self) -> dict[str, Any]:
        """Return the parts that the page embeds, by name."""
        return {
            "drop": self.drop, "measure_actions": self.controls, "measure_title": self.said,
            "segments": self.pane, "results": self.results,
        }  # fmt: skip

    def act(self, action: str) -> None:
        """Perform the action of a button."""
        card = None if self.result is None else self.result.card
        if action == "sample":
            # An empty one, as the old one may hold a refused file with its error.
            document: Any = pn.state.curdoc
            document.add_next_tick_callback(
                lambda: setattr(self.drop, "objects", [self._dropper()])
            )
            self.examine(SAMPLE, lambda: sample(self.card))
        elif card is not None and action == "card":
            self.controls.download(f"{card.name}.toml", card.to_toml())
        elif card is not None and action == "use":
            self.use_card(card)
            name = html.escape(card.name)
            self.said.object += f"<p>Device and Network now show {name}.</p>"

    def _dropper(self) -> Any:
        drop = pn.widgets.FileDropper(
            max_file_size=f"{MAX_BYTES // 1_000_000}MB", chunk_size=CHUNK, previews=[],
            sizing_mode="stretch_width", margin=0, stylesheets=[web("drop.css")],
        )  # fmt: skip
        drop.param.watch(self._dropped, "value")
        return drop

    def examine(self, name: str, content: Callable[[], bytes]) -> None:
        """Fit a file in its own thread, so other sessions need not wait."""
        self.said.object = f"<h3>Fitting {html.escape(name)} …</h3>"
        self.result, self.results.object, self.pane.visible = None, "", False
        for source in (self.dots, self.lines):
            source.data = {name: [] for name in source.data}
        self._offer()
        document: Any = pn.state.curdoc
        self.number += 1
        number = self.number

        def work() -> None:
            try:
                found: FileResult | SmtjError = examine(name, content(), self.card)
            except SmtjError as error:
                found = error
            document.add_next_tick_callback(lambda: self._found(number, found))

        # A pending fit must not keep the server from stopping.
        Thread(target=work, daemon=True).start()

    def _found(self, number: int, found: FileResult | SmtjError) -> None:
        if number != self.number:
            return  # superseded by another file
        if isinstance(found, SmtjError):
            advice = in_page_words(str(found))
            self.said.object = f'<p class="alert" role="alert">{html.escape(advice)}</p>'
            return
        self.result = found
        self._show(found)
        self._offer()

    def _dropped(self, event: Any) -> None:
        if not event.new:
            return
        name, content = list(event.new.items())[-1]
        raw = content.encode() if isinstance(content, str) else bytes(content)
        self.examine(name, lambda: raw)

    def _show(self, result: FileResult) -> None:
        seen = result.segments
        if seen is not None:
            self.dots.data = {"x": seen.time, "y": seen.resistance}
            self.lines.data = {"x": seen.time, "y": seen.states, "low": seen.low, "high": seen.high}
            low, high = float(seen.resistance.min()), float(seen.resistance.max())
            self.plot.x_range.end = float(seen.time[-1])
            self.plot.y_range.update(
                start=low - 0.05 * (high - low), end=high + 0.05 * (high - low)
            )
            self.pane.visible = True
        self.results.object = _as_html(result)
        self.said.object = f"<h3>{html.escape(result.fit.each[0].title)}</h3>"

    def _offer(self) -> None:
        actions = [["sample", "Use a simulated trace"]]
        if self.result is not None and self.result.card is not None:
            actions += [["card", "Download the card"], ["use", "Explore this device"]]
        self.controls.actions = actions

    def _make_plot(self) -> None:
        self.dots = charts.source("readings", "x", "y")
        self.lines = charts.source("states", "x", "y", "low", "high")
        plot = charts.chart(
            "Time (s)", "Resistance (Ω)", 300, x_range=charts.between(0, 1),
            y_range=charts.between(0, 1),
        )  # fmt: skip
        plot.scatter("x", "y", source=self.dots, size=3, color=charts.BLUE, alpha=0.6)
        for level in ("low", "high"):
            plot.line("x", level, source=self.lines, color=charts.GREY, line_width=1.5)
        plot.step("x", "y", source=self.lines, mode="after", color=charts.ORANGE, line_width=1.3)
        self.plot = plot
        self.pane = charts.pane(plot)
        self.pane.visible = False


def in_page_words(text: str) -> str:
    """Return advice without the spelling of Python, and where the options that it names are."""
    text = re.sub(r"\b\w+= \((--[^()]*)\)", r"\1", text)
    text = re.sub(r"(--[\w-]+)(, \w+=| \(\w+=\))", r"\1", text)
    if not re.search(r"(?<!\w)--\w", text):
        return text
    return f"{text}. This page has no such option: write it into the file, or use smtj fit"


def _as_html(result: FileResult) -> str:
    pieces = []
    for number, part in enumerate(result.fit.each):
        caption = "" if part.picture is None else part.picture.caption
        if number:
            pieces.append(f"<h3>{html.escape(part.title)}</h3>")
        if result.pictures:
            picture = base64.b64encode(result.pictures[number]).decode()
            alt = html.escape(caption, quote=True)
            pieces.append(
                f'<div class="picture"><img alt="{alt}" src="data:image/svg+xml;base64,{picture}">'
                "</div>"
            )
        caption = caption if result.segments is None else _caption(result.segments)
        pieces.append(f'<p class="quiet">{html.escape(caption)}</p>')
        head = "".join(f'<th scope="col">{cell}</th>' for cell in HEAD)
        body = "".join(
            f'<tr><th scope="row">{html.escape(cells[0])}</th>'
            + f"<td><i>{symbol(cells[1])}</i></td>"
            + "".join(f"<td>{_typeset(cell)}</td>" for cell in cells[2:])
            + "</tr>"
            for cells in (estimate.row() for estimate in part.estimates)
        )
        pieces.append(
            f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
            "</div>"
        )
        pieces.append(_list(sentences(part.remarks)))
    if result.fit.parts:
        pieces.append(_list(sentences(result.fit.remarks)))
    return "".join(pieces)


def _caption(seen: Segments) -> str:
    shown = seen.time.size
    cut = f"the first {shown} of " if shown < seen.total else ""
    return (
        f"Blue: {cut}{seen.total} readings. Grey: the two levels. Orange: the most probable "
        "states of a two-state process with noise, drift and outliers, fitted by maximum "
        "likelihood."
    )


def _typeset(text: str) -> str:
    return html.escape(text.replace("-", "−").replace("e−", "e-").replace("ohm", "Ω"))


def _list(sentences: Any) -> str:
    items = "".join(f"<li>{html.escape(in_page_words(each))}</li>" for each in sentences)
    return f"<ul>{items}</ul>" if items else ""

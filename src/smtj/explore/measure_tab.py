"""The tab of the measurement: a file is dropped, fitted, and becomes a card."""

import asyncio
import base64
import html
from collections.abc import Callable
from typing import Any

import panel as pn

from smtj.analysis.telling import HEAD, as_sentences, row
from smtj.card import DeviceCard
from smtj.card.document import to_toml
from smtj.errors import SmtjError
from smtj.explore import charts
from smtj.explore.components import Controls, web, words
from smtj.explore.upload import LARGEST, SAMPLE, Finding, examine, sample

CHUNK = 2_000_000
"""Bytes of a file in one message."""
HINT = "<h3>Nothing measured yet</h3><p>Drop a file on the left, or take the simulated trace.</p>"


class MeasureTab:
    """One session's measurement."""

    def __init__(self, card: DeviceCard, use: Callable[[DeviceCard], None]) -> None:
        self.card, self.use_card = card, use
        self.finding: Finding | None = None
        self.drop = pn.widgets.FileDropper(
            max_file_size=f"{LARGEST // 1_000_000}MB", chunk_size=CHUNK, previews=[],
            sizing_mode="stretch_width", margin=0, stylesheets=[web("drop.css")],
        )  # fmt: skip
        self.drop.param.watch(self._dropped, "value")
        self.controls = Controls(sizing_mode="stretch_width", margin=(14, 0, 0, 0))
        self.controls.connect(act=self.act)
        self.said, self.results = words(HINT), words()
        self._make_plot()
        self._offer()

    def roots(self) -> dict[str, Any]:
        """Return what the page embeds."""
        return {
            "drop": self.drop, "measure_actions": self.controls, "finding": self.said,
            "segments": self.pane, "results": self.results,
        }  # fmt: skip

    async def act(self, action: str) -> None:
        """Do what a button says."""
        if action == "sample":
            await self.examine(SAMPLE, lambda: sample(self.card))
        elif self.finding is not None and action == "card":
            self.controls.download(f"{self.finding.card.name}.toml", to_toml(self.finding.card))
        elif self.finding is not None and action == "use":
            self.use_card(self.finding.card)

    async def examine(self, name: str, content: Callable[[], bytes]) -> None:
        """Fit a file in a thread of its own, so that no other session waits for it."""
        self.said.object = f"<h3>Fitting {html.escape(name)} …</h3>"
        self.finding, self.results.object, self.pane.visible = None, "", False
        try:
            self.finding = await asyncio.to_thread(lambda: examine(name, content(), self.card))
        except SmtjError as error:
            self.said.object = f'<p class="alert">{html.escape(str(error))}</p>'
        else:
            self._show(self.finding)
        self._offer()

    async def _dropped(self, event: Any) -> None:
        if not event.new:
            return
        name, content = list(event.new.items())[-1]
        raw = content.encode() if isinstance(content, str) else bytes(content)
        await self.examine(name, lambda: raw)

    def _show(self, finding: Finding) -> None:
        first, *_ = finding.parts
        self.said.object = f"<h3>{html.escape(first.title)}</h3>"
        seen = finding.segments
        if seen is not None:
            self.dots.data = {"x": seen.time, "y": seen.resistance}
            self.lines.data = {"x": seen.time, "y": seen.states, "low": seen.low, "high": seen.high}
            self.pane.visible = True
        self.results.object = _as_html(finding)

    def _offer(self) -> None:
        actions = [["sample", "Take a simulated trace"]]
        if self.finding is not None:
            actions += [["card", "Download the card"], ["use", "Explore this device"]]
        self.controls.actions = actions

    def _make_plot(self) -> None:
        self.dots = charts.source("x", "y")
        self.lines = charts.source("x", "y", "low", "high")
        plot = charts.chart("Time (s)", "Resistance (Ω)", 300)
        plot.scatter("x", "y", source=self.dots, size=3, color=charts.BLUE, alpha=0.6)
        for level in ("low", "high"):
            plot.line("x", level, source=self.lines, color=charts.GREY, line_width=1.5)
        plot.step("x", "y", source=self.lines, mode="after", color=charts.ORANGE, line_width=1.3)
        self.plot = plot
        self.pane = charts.pane(plot)
        self.pane.visible = False


def _as_html(finding: Finding) -> str:
    pieces = []
    for number, part in enumerate(finding.parts):
        if number:
            pieces.append(f"<h3>{html.escape(part.title)}</h3>")
        if finding.pictures:
            picture = base64.b64encode(finding.pictures[number]).decode()
            alt = html.escape(part.caption, quote=True)
            pieces.append(
                f'<div class="picture"><img alt="{alt}" src="data:image/svg+xml;base64,{picture}">'
                "</div>"
            )
        pieces.append(f'<p class="quiet">{html.escape(part.caption)}</p>')
        head = "".join(f'<th scope="col">{cell}</th>' for cell in HEAD)
        body = "".join(
            f'<tr><th scope="row">{html.escape(cells[0])}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells[1:])
            + "</tr>"
            for cells in map(row, part.estimates)
        )
        pieces.append(
            f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
            "</div>"
        )
        pieces.append(_list(as_sentences(part.remarks)))
    pieces.append(_list(finding.remarks))
    return "".join(pieces)


def _list(sentences: Any) -> str:
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""

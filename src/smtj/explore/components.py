"""Building blocks of the page besides plots: native inputs, a drawing board, text."""

# Panel leaves its constructors without types.
# mypy: disallow-untyped-calls=False

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import panel as pn
import param
from panel.custom import JSComponent

WEB = Path(__file__).parent / "web"


def web(name: str) -> str:
    """Return the text of a file sent to the browser."""
    return (WEB / name).read_text(encoding="utf-8")


class Controls(JSComponent):
    """A form of sliders and choices with buttons below.

    The browser sends one change at a time and waits for the answer, so slow answers never queue.
    """

    items = param.List(doc="Sliders and choices, see slider() and choice().")
    actions = param.List(doc="Buttons: name and text of each.")
    answered = param.Integer(default=0, doc="Number of the last answered change.")

    _esm = web("controls.js")
    _stylesheets = [web("controls.css")]  # noqa: RUF012  (Panel reads it from the class)

    def connect(
        self,
        change: Callable[[dict[str, Any]], None] | None = None,
        act: Callable[[str], None] | None = None,
    ) -> "Controls":
        """Set the functions to call with changed values, and with the name of a pressed button."""

        def heard(event: Any) -> None:
            said = event.data
            # Changes made together reach the browser together, which then draws once.
            with pn.io.hold():
                if "action" in said:
                    if act is not None:
                        act(said["action"])
                    return
                try:
                    if change is not None:
                        change(said["values"])
                finally:
                    self.answered = said["number"]

        self.on_msg(heard)
        return self

    def download(self, name: str, text: str) -> None:
        """Make the browser save a text file."""
        self._send_msg({"name": name, "text": text})


class Board(JSComponent):
    """A square to draw on."""

    ink = param.List(doc="Lines, each a list of points in [0, 1], y downwards.")

    _esm = web("board.js")
    _stylesheets = [web("board.css")]  # noqa: RUF012


class Bridge(JSComponent):
    """Reports which tab is shown, and shows which device."""

    tab = param.String(default="device")
    card = param.String(doc="Name of the device's card.")
    title = param.String(doc="What the device is, with what the sliders change.")

    _esm = web("bridge.js")


def slider(
    name: str, label: str, unit: str, start: float, end: float, step: float, value: float
) -> dict[str, Any]:
    """Return a slider of :class:`Controls`; its value shows as many digits as its step."""
    digits = max(0, -int(f"{step:e}".partition("e")[2]) + (len(f"{step:g}".strip("0.")) > 1))
    return {
        "kind": "slider", "name": name, "label": label, "unit": unit, "start": start, "end": end,
        "step": step, "value": value, "digits": digits,
    }  # fmt: skip


def choice(name: str, label: str, options: dict[str, str], value: str) -> dict[str, Any]:
    """Return a choice of :class:`Controls`; options map values to labels."""
    options_ = [list(option) for option in options.items()]
    return {"kind": "choice", "name": name, "label": label, "options": options_, "value": value}


def text_pane(text: str = "") -> pn.pane.HTML:
    """Return a pane of HTML in the style of the page."""
    return pn.pane.HTML(text, stylesheets=[web("text.css")], sizing_mode="stretch_width", margin=0)


def symbol(text: str) -> str:
    """Return a symbol as HTML, with the part after an underscore as a subscript."""
    parts = []
    for part in html.escape(text).split("/"):
        base, _, low = part.partition("_")
        parts.append(f"{base}<sub>{low}</sub>" if low else base)
    return "/".join(parts).replace("<sub>BT</sub>", "<sub>B</sub>T")


def symbols(text: str) -> str:
    """Return a sentence as HTML, with E_b and k_BT as symbols."""
    safe = html.escape(text).replace("E_b", "<i>E</i><sub>b</sub>")
    return safe.replace("k_BT", "<i>k</i><sub>B</sub><i>T</i>")

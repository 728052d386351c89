"""The network tab: a digit, the neurons during the reading, and their answer."""

# Panel leaves its constructors without types.
# mypy: disallow-untyped-calls=False

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.card import Card, DeviceCard
from smtj.errors import SmtjError
from smtj.explore import charts
from smtj.explore.components import Board, Controls, slider, text_pane
from smtj.explore.controls import sliders
from smtj.explore.ink import image_of

if TYPE_CHECKING:
    from smtj.explore.chip import Evaluation, Outputs

FRAME = 100
"""Time between reads, in ms."""
COLUMNS = 10
"""Hidden neurons per row of the plot."""
NO_TORCH = (
    "The network needs PyTorch: install it with <code>pip install 'smtj[nn]'</code>, "
    "then start <code>smtj explore</code> again."
)


class NetworkTab:
    """The chip and drawing of one session."""

    def __init__(self, card: Card, seed: int) -> None:
        self.card, self.seed = card, seed
        self.image = image_of([])
        self.network: Any = None
        self.running: Evaluation | None = None
        self.frame = 0
        self.board = Board(sizing_mode="stretch_width", margin=0)
        self.board.param.watch(lambda event: self.draw(event.new), "ink")
        self.controls = Controls(sizing_mode="stretch_width", margin=0)
        self.controls.connect(self.change)
        self.message, self.answer = text_pane(), text_pane()
        self._make_plots()
        self.use(card)

    def use(self, card: Card) -> None:
        """Build the chip from another card's devices."""
        self.card = card
        self.values: dict[str, float] = {
            "reads": 16, "voltage": 1e3 * card.bias_voltage, "temperature": card.temperature,
            "chip": 0,
        }  # fmt: skip
        conditions = []
        if isinstance(card, DeviceCard):
            # Measured behaviour is that of one voltage and one temperature.
            voltage, temperature = (sliders(card)[n] for n in (2, 3))
            ends = voltage.start, voltage.end, voltage.step
            conditions = [
                slider("voltage", "Bias voltage V", "mV", *ends, 0.0),
                slider("temperature", "Temperature T", "K", *temperature[4:]),
            ]
        self.controls.items = [
            slider("reads", "Reads per neuron", "", 1, 100, 1, 16),
            *conditions,
            slider("chip", "Chip seed", "", 0, 99, 1, 0),
        ]
        self.controls.actions = [["clear", "Clear"], ["reset", "Reset sliders"]]
        if self.network is not None:
            self.network = None
            self.open()

    def roots(self) -> dict[str, Any]:
        """Return the parts that the page embeds, by name."""
        return {
            "board": self.board, "network_controls": self.controls, "network_message": self.message,
            "answer": self.answer, "hidden": charts.pane(self.hidden),
            "outputs": charts.pane(self.outputs),
        }  # fmt: skip

    def open(self) -> None:
        """Load the network when the tab is first shown, as PyTorch takes seconds to import."""
        if self.network is not None:
            return
        try:
            from smtj.explore import chip
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            self.message.object = f'<p class="alert">{NO_TORCH}</p>'
            return
        self.chip = chip
        self._try(self._build)

    def change(self, values: Mapping[str, Any]) -> None:
        """Apply the values of the sliders."""
        other_chip = values["chip"] != self.values["chip"]
        self.values |= {name: float(value) for name, value in values.items()}
        if self.network is not None:
            self._try(self._build if other_chip else self._set)

    def draw(self, ink: Any) -> None:
        """Show the network another drawing."""
        try:
            self.image = image_of(ink)
        except SmtjError as error:
            self.message.object = f'<p class="alert">{html.escape(str(error))}</p>'
            return
        if self.network is not None:
            self._try(self._show_answer)

    def step(self) -> None:
        """Show the next read of every neuron."""
        if self.network is None or self.running is None:
            return
        reads = len(self.running.hidden)
        read = self.frame % reads
        hidden = self.running.hidden
        self.states.data = {
            **self.places,
            "state": hidden[read],
            "mean": hidden[: read + 1].mean(0),
        }
        self.dots.data = {"x": np.arange(10), "y": self.running.outputs[read]}
        self.frame += 1
        if self.frame % reads == 0:
            self._begin()

    def _try(self, do: Any) -> None:
        try:
            do()
            self.message.object = ""
        except SmtjError as error:
            self.message.object = f'<p class="alert">{html.escape(str(error))}</p>'

    def _build(self) -> None:
        self.network = self.chip.build_chip(self.card, int(self.values["chip"]))
        self._set()

    def _set(self) -> None:
        from smtj.nn import set_conditions

        voltage, temperature = self.values["voltage"] * 1e-3, self.values["temperature"]
        set_conditions(self.network, bias_voltage=voltage, temperature=temperature)
        self._show_answer()

    def _show_answer(self) -> None:
        reads = int(self.values["reads"])
        found = self.chip.answer(self.network, self.image, reads, self.seed)
        low, high = found.mean - found.spread, found.mean + found.spread
        self.bars.data = {
            "x": np.arange(10), "y": found.mean, "low": np.clip(low, 0, 1),
            "high": np.clip(high, 0, 1),
        }  # fmt: skip
        self._begin()
        self.answer.object = self._sentence(found)

    def _begin(self) -> None:
        self.frame = 0
        self.seed += 1
        self.running = self.chip.evaluate_slowly(
            self.network, self.image, int(self.values["reads"]), self.seed
        )

    def _sentence(self, found: "Outputs") -> str:
        if not self.image.any():
            return '<div class="answer">Draw a digit<small>and the network names it.</small></div>'
        if not found.is_digit:
            return (
                '<div class="answer">It is <b>no digit</b><small>The reads name none: the entropy '
                f"of what they say is {found.entropy:.2f} nats. A guess has 2.30, a digit at most "
                "1.15.</small></div>"
            )
        chosen = found.chosen
        best, second = np.argsort(chosen)[::-1][:2]
        rest = "" if chosen[best] > 0.995 else f"; {chosen[second]:.0%} say {second}"
        article = "an" if best == 8 else "a"
        return (
            f'<div class="answer">It is {article} <b>{best}</b><small>{chosen[best]:.0%} of '
            f"{self.chip.EVALUATIONS} evaluations agree{rest}.</small></div>"
        )

    def _make_plots(self) -> None:
        self.states = charts.source("hidden", "x", "y", "state", "mean")
        self.bars = charts.source("outputs", "x", "y", "low", "high")
        self.dots = charts.source("evaluation", "x", "y")
        number = np.arange(COLUMNS**2)
        self.places = {"x": number % COLUMNS, "y": COLUMNS - 1 - number // COLUMNS}
        hidden = charts.chart(
            "", "", 350, x_range=charts.between(-0.6, 9.6), y_range=charts.between(-0.6, 9.6),
            match_aspect=True,
        )  # fmt: skip
        hidden.axis.visible = hidden.grid.visible = False
        hidden.rect(
            "x", "y", 0.92, 0.92, source=self.states, fill_color=charts.BLUE, fill_alpha="mean",
            line_color=charts.GREY, line_alpha=0.35, border_radius=4,
        )  # fmt: skip
        hidden.scatter(
            "x", "y", source=self.states, size=11, fill_color=charts.ORANGE, fill_alpha="state",
            line_alpha=0,
        )  # fmt: skip
        outputs = charts.chart(
            "Output neuron", "Mean of its reads", 300, x_range=charts.between(-0.6, 9.6),
            y_range=charts.between(-0.02, 1.02),
        )  # fmt: skip
        outputs.xaxis.ticker = list(range(10))
        outputs.xgrid.visible = False
        outputs.vbar(
            x="x", top="y", width=0.66, source=self.bars, color=charts.BLUE, fill_alpha=0.75,
            line_alpha=0,
        )  # fmt: skip
        outputs.add_layout(charts.whiskers(self.bars, charts.GREY))
        outputs.scatter("x", "y", source=self.dots, size=9, color=charts.ORANGE)
        self.hidden, self.outputs = hidden, outputs

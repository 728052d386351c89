"""The ladder from Boltzmann to the sigmoid: every theory of a device against the next."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtj import plot, provenance
from smtj.card import CardLike, DeviceCard, as_device
from smtj.files import write_text
from smtj.tables import Table, Tabular
from smtj.validity.comparison import Comparison, table
from smtj.validity.formulas import compare_formulas
from smtj.validity.limits import Limits, find_limits, safe_ranges
from smtj.validity.low_barrier import (
    LOW_BARRIER,
    Progress,
    compare_low_barrier,
    with_low_barrier,
)
from smtj.validity.plots import caption, plot_ladder
from smtj.validity.torque import compare_torque, has_torque, simulate_torque, torque_remark
from smtj.writers import holding

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False, eq=False)
class Ladder(Tabular):
    """Every result for a device next to an independent one."""

    card: DeviceCard
    formulas: list[Comparison]
    """At the card's own barrier."""
    low_barrier: list[Comparison]
    """Simulated motion at a low barrier."""
    limits: Limits
    torque: str = ""
    """Where the compact law of spin torque holds; empty without a torque."""

    @property
    def remarks(self) -> list[str]:
        """Where the formulas are safe."""
        return [*safe_ranges(self.limits), *([self.torque] if self.torque else [])]

    def table(self) -> Table:
        """Return every comparison, and where the formulas are safe."""
        axis = "in the plane" if self.limits.easy_plane else "upright"
        title = f"{self.card.name} at Δ = {self.limits.delta:.3g} ({axis}), then at a low barrier"
        return table(title, [*self.formulas, *self.low_barrier], self.remarks)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as plain types, with the figure's caption."""
        return {
            "card": self.card.name,
            "formulas": [found.to_dict() for found in self.formulas],
            "low_barrier": [found.to_dict() for found in self.low_barrier],
            "remarks": self.remarks,
            "stability_factor_upright": self.limits.delta,
            "caption": caption(self.limits),
        }

    def plot(self, axes: "Sequence[Axes] | None" = None) -> "Sequence[Axes]":
        """Plot times against Δ, field and in-plane field, and the z-scores, on four axes."""
        if axes is None:
            from matplotlib import pyplot

            _, panels = pyplot.subplots(2, 2, figsize=(7.0, 5.2), layout="constrained")
            axes = list(panels.ravel())
        plot_ladder(axes, self.limits, self.low_barrier)
        return axes

    def save(self, folder: Path) -> list[Path]:
        """Write ladder.json and ladder.png (and .svg) into a folder; return the paths."""
        content = {**self.to_dict(), "versions": provenance.versions()}
        content["command"] = provenance.command()
        text = json.dumps(content, indent=1) + "\n"
        with (
            holding(folder, provenance.command()),
            plot.figure(7.0, 5.2, nrows=2, ncols=2) as (fig, panels),
        ):
            self.plot(panels.ravel())
            pictures = plot.save(fig, folder / "ladder")
            return [write_text(folder / "ladder.json", text), *pictures]


def compare(
    card: CardLike,
    voltage: float = 0.0,
    temperature: float | None = None,
    seed: int = 0,
    *,
    low_barrier: float = LOW_BARRIER,
    progress: Progress | None = None,
) -> Ladder:
    """Compare every theory of a device with the next.

    Parameters
    ----------
    card
        The device, its name or its path.
    voltage, temperature
        Bias in V, and T in K; the card's own temperature by default.
    seed
        Seed of everything random.
    low_barrier
        Stability factor at which the motion is simulated, unless the card's own is lower.
    progress
        Called with the name of a step and (done, total).

    Raises
    ------
    CardError, SmtjError
        The card has no barrier there, or one that takes too long to calculate.
    """

    def calculated(done: int, total: int) -> None:
        if progress is not None:
            progress("exact times", done, total)

    card = as_device(card)
    calculated(0, 1)
    formulas = compare_formulas(card, voltage, temperature, seed)
    limits = find_limits(card, voltage, temperature, calculated)
    low = with_low_barrier(card, voltage, temperature, low_barrier)
    simulated = compare_low_barrier(low, voltage, temperature, seed, progress)
    if not has_torque(card):
        return Ladder(card, formulas, simulated, limits)

    def simulating(done: int, total: int) -> None:
        if progress is not None:
            progress("spin torque", done, total)

    formulas += compare_torque(card, temperature)
    simulated += simulate_torque(low, temperature, seed, simulating)
    return Ladder(card, formulas, simulated, limits, torque_remark(card, temperature))

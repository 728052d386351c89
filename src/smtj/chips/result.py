"""The result of a study: it prints, plots, serialises and saves itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot, provenance
from smtj.chips.conditions import QUANTITIES
from smtj.chips.plan import Study
from smtj.chips.plots import (
    format_value,
    plot_accuracy,
    plot_yield,
    save_accuracy_plot,
    save_yield_plot,
)
from smtj.chips.summary import StudySummary, summarise, varied
from smtj.files import write_text
from smtj.tables import Table, Tabular
from smtj.units import round_to_error

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

THRESHOLD = 0.95
"""Default accuracy that a good chip reaches."""
MAX_ROWS = 30
"""Conditions in the printed table; the files have all."""
MAX_COLUMNS = 3
"""Quantities with a column each; more share one."""


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult(Tabular):
    """The accuracy of all chips under all conditions."""

    study: Study
    frame: "pd.DataFrame"
    """One row per chip and condition; see :meth:`smtj.chips.plan.Study.frame`."""
    own: Mapping[str, float]
    """The model's own value of every quantity that can be varied, in SI units."""
    images: int
    """Number of test images."""

    @property
    def varied(self) -> list[str]:
        """Quantities with at least two finite values, in the order they were named."""
        finite = {name: np.isfinite(self.frame[name].unique()) for name in varied(self.frame)}
        return [name for name, values in finite.items() if values.sum() > 1]

    def summary(self, threshold: float = THRESHOLD) -> StudySummary:
        """Return distributions, yields and sensitivities; see :func:`smtj.chips.summarise`."""
        return summarise(self.frame, threshold)

    def table(self, threshold: float = THRESHOLD) -> Table:
        """Return accuracy and yield by condition, and the sensitivities as notes."""
        summary = self.summary(threshold)
        names = [name for name in varied(self.frame) if self.frame[name].nunique(dropna=False) > 1]
        constant = [name for name in varied(self.frame) if name not in names]
        rows = []
        for entry in summary.distributions[:MAX_ROWS]:
            low, high = entry.yield_interval
            mean, error = round_to_error(entry.mean, entry.standard_error, "", "%")
            rows.append(
                (
                    *self._condition(entry.condition, names),
                    f"{mean} ± {error} %" if error else f"{100 * entry.mean:.2f} %",
                    f"{100 * entry.standard_deviation:.2g} %",
                    f"{100 * entry.quantiles[0]:.1f} %",
                    f"{100 * entry.yield_:.1f} % ({100 * low:.1f} to {100 * high:.1f})",
                )
            )
        notes = [
            "sd: from chip to chip; 5 %: one chip in twenty lies below; yield: with 95 % interval"
        ]
        if constant:
            fixed = summary.distributions[0].condition
            notes.append(f"In all: {_listed(fixed, constant)}")
        more = len(summary.distributions) - MAX_ROWS
        if more > 0:
            notes.append(f"{more} more conditions in the files")
        for item in summary.sensitivities:
            slope, error = round_to_error(100 * item.slope, 100 * item.standard_error)
            notes.append(
                f"{QUANTITIES[item.name].doc}: {slope}{error and f' ± {error}'} points of accuracy "
                f"per {item.per}"
            )
        told = {item.name for item in summary.sensitivities}
        untold = [QUANTITIES[name].doc for name in names if name not in told]
        if untold:
            notes.append(f"no slope, as varied together or without end: {', '.join(untold)}")
        apart = len(names) <= MAX_COLUMNS
        head = [name.replace("_", " ") for name in names] if apart else ["condition"]
        return Table(
            f"{self.study.chips:,} chips, {self.images:,} images",
            (*head, "mean accuracy", "sd", "5 %", f"yield at {100 * threshold:.4g} %"),
            rows,
            notes,
        )

    def _condition(self, condition: Mapping[str, float], names: list[str]) -> list[str]:
        """Return the cells that name a condition: one per quantity, or one for all of them.

        One cell holds only what differs from the model itself, so many quantities leave room for
        the accuracy.
        """
        if len(names) <= MAX_COLUMNS:
            return [format_value(name, condition[name]) for name in names]
        other = [name for name in names if condition[name] != self.own.get(name)]
        return [_listed(condition, other) or "as trained"]

    def plot(self, quantity: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Plot accuracy in % against a quantity, by default the first that varies, else the yield.

        See :func:`smtj.chips.plots.plot_accuracy`; returns the axes.
        """
        if quantity is None and not self.varied:
            return self.plot_yield(ax=ax)
        with plot.axes(ax, 3.6, 2.8) as axes:
            plot_accuracy(axes, self.frame, quantity or self.varied[0], self.own)
        return axes

    def plot_yield(self, threshold: float = THRESHOLD, ax: "Axes | None" = None) -> "Axes":
        """Plot the yield in % against the required accuracy and return the axes."""
        with plot.axes(ax, 4.4, 3.2) as axes:
            plot_yield(axes, self.frame, threshold)
        return axes

    def to_dict(self, threshold: float = THRESHOLD) -> dict[str, Any]:
        """Return settings, distributions and sensitivities as plain JSON types."""
        return {
            "chips": self.study.chips,
            "seed": self.study.seed,
            "images": self.images,
            "units": self.frame.attrs.get("units", {}),
            **self.summary(threshold).to_dict(),
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row per chip and condition, with quantities in SI units."""
        return self.frame.copy()

    def save(self, out: Path | str, threshold: float = THRESHOLD) -> list[Path]:
        """Write the figures and ``summary.json`` into a folder and return their paths.

        There is one figure of accuracy per varied quantity, and the yield curve.
        """
        out = Path(out)
        written: list[Path] = []
        for name in self.varied:
            written += save_accuracy_plot(out / f"accuracy_{name}", self.frame, name, self.own)
        written += save_yield_plot(out / "yield", self.frame, threshold)
        record = {
            **self.to_dict(threshold),
            "command": provenance.command(),
            "versions": provenance.versions(),
        }
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        return [*written, write_text(out / "summary.json", text + "\n")]


def _listed(condition: Mapping[str, float], names: list[str]) -> str:
    """Return quantities with their values as text."""
    return ", ".join(
        f"{QUANTITIES[name].doc} {format_value(name, condition[name])}" for name in names
    )

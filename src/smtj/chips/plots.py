"""Figures of a study: accuracy against what was varied, and yield against required accuracy."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from smtj import plot
from smtj.chips.conditions import QUANTITIES
from smtj.chips.summary import QUANTILES, varied, yield_of
from smtj.units import convert

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLOURS = (plot.BLUE, plot.RED, plot.GREEN, plot.ORANGE, plot.GREY)
STEPS = 200
"""Thresholds of a yield curve."""


def save_accuracy_plot(
    path: Path, frame: "pd.DataFrame", name: str, own: Mapping[str, float]
) -> list[Path]:
    """Write :func:`plot_accuracy` as PNG and SVG; ``path`` has no ending."""
    with plot.figure(3.6, 2.8) as (fig, axes):
        plot_accuracy(axes, frame, name, own)
        return plot.save(fig, path)


def plot_accuracy(axes: "Axes", frame: "pd.DataFrame", name: str, own: Mapping[str, float]) -> None:
    """Plot accuracy against one quantity: median, and bands of half and nine tenths of the chips.

    ``frame`` is from :meth:`smtj.chips.plan.Study.frame`, ``name`` the quantity on the abscissa,
    and ``own`` holds the model's own values.  Another quantity with up to five values gets one line
    per value; the rest is held at the model's own value, or the middle one.
    """
    series, held = _choose_series(frame, name, own)
    rows = frame
    for other, value in held.items():
        rows = rows[rows[other] == value]
    fixed = [
        f"{_words(other)} {format_value(other, value)}"
        for other, value in held.items()
        if frame[other].nunique() > 1
    ]
    values = sorted(rows[series].unique()) if series else [None]
    for value, colour in zip(values, COLOURS, strict=False):
        part = rows if value is None else rows[rows[series] == value]
        label = f"{_words(series)} {format_value(series, value)}" if series else None
        _plot_bands(axes, part, name, colour, label)
    axes.set_xlabel(QUANTITIES[name].label)
    axes.set_ylabel("Accuracy (%)")
    if name in ("reads", "age") and (rows[name] > 0).all():
        axes.set_xscale("log")
    if name == "reads":
        ticks = sorted(v for v in rows[name].unique() if np.isfinite(v))
        axes.set_xticks(ticks, [f"{v:.0f}" for v in ticks])
        axes.minorticks_off()
    if series:
        axes.legend()
    if fixed:
        axes.set_title("at " + ", ".join(fixed), loc="left")


def save_yield_plot(path: Path, frame: "pd.DataFrame", threshold: float) -> list[Path]:
    """Write :func:`plot_yield` as PNG and SVG; ``path`` has no ending."""
    with plot.figure(4.4, 3.2) as (fig, axes):
        plot_yield(axes, frame, threshold)
        return plot.save(fig, path)


def plot_yield(axes: "Axes", frame: "pd.DataFrame", threshold: float) -> None:
    """Plot yield against required accuracy, with 95 % intervals, for up to five conditions.

    A dotted line marks the threshold.
    """
    numbers = np.unique(frame["condition"])
    chosen = numbers[np.unique(np.linspace(0, len(numbers) - 1, len(COLOURS)).round().astype(int))]
    rows = frame[frame["condition"].isin(chosen)]
    names, accuracy = [name for name in varied(frame) if rows[name].nunique() > 1], rows["accuracy"]
    room = 0.05 * max(float(np.ptp(accuracy)), 0.004)
    worst, best = float(accuracy.min()), float(accuracy.max())
    ends = min(worst, threshold) - room, max(best, threshold) + room
    for number, colour in zip(chosen, COLOURS, strict=False):
        part = frame[frame["condition"] == number]
        accuracies = part["accuracy"].to_numpy()
        own = np.linspace(accuracies.min() - room / 5, accuracies.max() + room / 5, STEPS)
        curve = 100 * np.array([yield_of(accuracies, t) for t in own]).T
        label = ", ".join(
            f"{_words(name)} {format_value(name, part.iloc[0][name])}" for name in names
        )
        line = [ends[0], *own, ends[1]], [100.0, *curve[0], 0.0]
        axes.plot(100 * np.array(line[0]), line[1], color=colour, label=label or None)
        axes.fill_between(100 * own, curve[1], curve[2], color=colour, alpha=0.2, linewidth=0)
    axes.axvline(100 * threshold, color=plot.GREY, linestyle=":", linewidth=1)
    axes.set_xlabel("Required accuracy (%)")
    axes.set_ylabel("Yield (% of chips)")
    axes.set_ylim(0, 103)
    axes.set_xlim(100 * max(0.0, ends[0]), 100 * min(1.0, ends[1]))
    if len(chosen) < len(numbers):
        axes.set_title(f"{len(chosen)} of {len(numbers)} conditions", loc="right", fontsize=7)
    if names:
        # Above the axes, since curves may lie anywhere inside.
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, fontsize=7)


def _plot_bands(
    axes: "Axes", part: "pd.DataFrame", name: str, colour: str, label: str | None
) -> None:
    part = part[np.isfinite(part[name])]
    quantiles = 100 * part.groupby(name)["accuracy"].quantile(np.array(QUANTILES)).unstack()
    quantity = QUANTITIES[name]
    x = np.array([convert(float(v), quantity.unit, quantity.show) for v in quantiles.index])
    low, lower, middle, upper, high = quantiles.to_numpy().T
    axes.plot(x, middle, "o-", color=colour, label=label)
    axes.fill_between(x, lower, upper, color=colour, alpha=0.3, linewidth=0)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def _choose_series(
    frame: "pd.DataFrame", name: str, own: Mapping[str, float]
) -> tuple[str | None, dict[str, float]]:
    """Choose a second quantity to plot as series, and the values at which the rest is held.

    The choice shows most conditions; among equals, it is nearest to the model's own values.
    """
    others = [other for other in varied(frame) if other != name]
    conditions = frame.drop_duplicates("condition")
    found: list[tuple[int, int, str | None, dict[str, float]]] = []
    for series in (None, *others):
        held = [other for other in others if other != series]
        groups = conditions.groupby(held) if held else [((), conditions)]
        for key, part in groups:
            if series and not 2 <= part[series].nunique() <= len(COLOURS):
                continue
            at = dict(zip(held, cast(tuple[float, ...], key), strict=True))
            own_ones = sum(value == own.get(other) for other, value in at.items())
            # Conditions that were not crossed make no second line.
            whole = part.groupby(series)[name].nunique().min() if series else part[name].nunique()
            count = len(part) if whole > 1 or not series else 0
            found.append((count, own_ones, series, at))
    best = max(found, key=lambda entry: entry[:2])
    return best[2], best[3]


def format_value(name: str, value: float) -> str:
    """Format a value of a study's table with its unit."""
    if name == "reads":
        return "expected" if np.isinf(value) else f"{value:.0f}"
    return QUANTITIES[name].format(float(value)).replace("-", "−")


def _words(name: str) -> str:
    return name.replace("_", " ")

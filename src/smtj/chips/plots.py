"""Figures of a study: accuracy against what was varied, and the yield against the threshold."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from smtj import plot
from smtj.chips.conditions import QUANTITIES
from smtj.chips.summary import QUANTILES, varied, yield_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

COLOURS = (plot.BLUE, plot.RED, plot.GREEN, plot.ORANGE, plot.GREY)
STEPS = 200
"""Thresholds of a yield curve."""


def save_accuracy_plot(
    path: Path, table: "pd.DataFrame", name: str, own: "Mapping[str, float]"
) -> list[Path]:
    """Draw accuracy against one quantity: median, and bands of half and nine tenths of the chips.

    Where another quantity has up to five values, each has a line of its own; all else is held at
    the model's own value, or the middle one.

    Parameters
    ----------
    path
        Of the figure, without ending.
    table
        Of :meth:`smtj.chips.plan.Study.frame`.
    name
        What stands on the axis.
    own
        The model's own values.

    Returns
    -------
    list of Path
        The PNG and the SVG.
    """
    with plot.figure(3.6, 2.8) as (fig, axes):
        plot_accuracy(axes, table, name, own)
        return plot.save(fig, path)


def plot_accuracy(
    axes: "Axes", table: "pd.DataFrame", name: str, own: "Mapping[str, float]"
) -> None:
    """Draw into axes what :func:`save_accuracy_plot` draws."""
    series, held = _together(table, name, own)
    rows = table
    for other, value in held.items():
        rows = rows[rows[other] == value]
    fixed = [
        f"{_words(other)} {text_of(other, value)}"
        for other, value in held.items()
        if table[other].nunique() > 1
    ]
    values = sorted(rows[series].unique()) if series else [None]
    for value, colour in zip(values, COLOURS, strict=False):
        part = rows if value is None else rows[rows[series] == value]
        label = f"{_words(series)} {text_of(series, value)}" if series else None
        _bands(axes, part, name, colour, label)
    quantity = QUANTITIES[name]
    axes.set_xlabel(quantity.label)
    axes.set_ylabel("Accuracy (%)")
    if name in ("reads", "age") and (rows[name] > 0).all():
        axes.set_xscale("log")
    if name == "reads":
        shown = sorted(v for v in rows[name].unique() if np.isfinite(v))
        axes.set_xticks(shown, [f"{v:.0f}" for v in shown])
        axes.minorticks_off()
    if series:
        axes.legend()
    if fixed:
        axes.set_title("at " + ", ".join(fixed), loc="left")


def save_yield_plot(path: Path, table: "pd.DataFrame", threshold: float) -> list[Path]:
    """Draw the yield against the threshold, with its interval of 95 %, for up to five conditions.

    Parameters
    ----------
    path
        Of the figure, without ending.
    table
        Of :meth:`smtj.chips.plan.Study.frame`.
    threshold
        Accuracy that a good chip reaches; marked.
    """
    with plot.figure(4.4, 3.2) as (fig, axes):
        plot_yield(axes, table, threshold)
        return plot.save(fig, path)


def plot_yield(axes: "Axes", table: "pd.DataFrame", threshold: float) -> None:
    """Draw into axes what :func:`save_yield_plot` draws."""
    numbers = np.unique(table["condition"])
    chosen = numbers[np.unique(np.linspace(0, len(numbers) - 1, len(COLOURS)).round().astype(int))]
    rows = table[table["condition"].isin(chosen)]
    names, shown = [name for name in varied(table) if rows[name].nunique() > 1], rows["accuracy"]
    room = 0.05 * max(float(np.ptp(shown)), 0.004)
    ends = min(float(shown.min()), threshold) - room, max(float(shown.max()), threshold) + room
    for number, colour in zip(chosen, COLOURS, strict=False):
        part = table[table["condition"] == number]
        accuracies = part["accuracy"].to_numpy()
        own = np.linspace(accuracies.min() - room / 5, accuracies.max() + room / 5, STEPS)
        curve = 100 * np.array([yield_of(accuracies, t) for t in own]).T
        label = ", ".join(f"{_words(name)} {text_of(name, part.iloc[0][name])}" for name in names)
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
        # Above the axes, since curves may be anywhere within.
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, fontsize=7)


def _bands(axes: "Axes", part: "pd.DataFrame", name: str, colour: str, label: str | None) -> None:
    part = part[np.isfinite(part[name])]
    grouped = part.groupby(name)["accuracy"]
    quantiles = 100 * grouped.quantile(np.array(QUANTILES)).unstack()
    x = np.array([_shown(name, value) for value in quantiles.index])
    low, lower, middle, upper, high = quantiles.to_numpy().T
    axes.plot(x, middle, "o-", color=colour, label=label)
    axes.fill_between(x, lower, upper, color=colour, alpha=0.3, linewidth=0)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def _together(
    table: "pd.DataFrame", name: str, own: "Mapping[str, float]"
) -> tuple[str | None, dict[str, float]]:
    """Find what was varied together with a quantity: a second one, and where the rest was held.

    Of all ways to show a part of the study, it is the one that shows most conditions; of equals,
    the one nearest to the model's own values.
    """
    others = [other for other in varied(table) if other != name]
    conditions = table.drop_duplicates("condition")
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


def _shown(name: str, value: float) -> float:
    from smtj.units import convert

    quantity = QUANTITIES[name]
    return convert(float(value), quantity.unit, quantity.show)


def text_of(name: str, value: float) -> str:
    """A value of the table of a study, for people."""
    if name == "reads":
        return "expected" if np.isinf(value) else f"{value:.0f}"
    return QUANTITIES[name].shown(float(value)).replace("-", "−")


def _words(name: str) -> str:
    return name.replace("_", " ")

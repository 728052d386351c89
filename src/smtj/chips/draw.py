"""Figures of a study: accuracy against what was varied, and the yield against the threshold."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def draw_accuracy(
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
        Of :meth:`smtj.chips.study.Study.table`.
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
        accuracy_axes(axes, table, name, own)
        return plot.save(fig, path)


def accuracy_axes(
    axes: "Axes", table: "pd.DataFrame", name: str, own: "Mapping[str, float]"
) -> None:
    """Draw into axes what :func:`draw_accuracy` draws."""
    others = [other for other in varied(table) if other != name]
    counts = {other: table[other].nunique() for other in others}
    series = next((o for o in others if 1 < counts[o] <= len(COLOURS)), None)
    rows, fixed = table, []
    for other in others:
        if other != series or _alone(table, name, other):
            value = _chosen(table[other], own.get(other))
            rows = rows[rows[other] == value]
            if counts[other] > 1:
                fixed.append(f"{_words(other)} {_text(other, value)}")
    values = sorted(rows[series].unique()) if series else [None]
    for value, colour in zip(values, COLOURS, strict=False):
        part = rows if value is None else rows[rows[series] == value]
        label = f"{_words(series)} {_text(series, value)}" if series else None
        _bands(axes, part, name, colour, label if len(values) > 1 else None)
    quantity = QUANTITIES[name]
    axes.set_xlabel(quantity.label)
    axes.set_ylabel("Accuracy (%)")
    if name in ("reads", "age") and (rows[name] > 0).all():
        axes.set_xscale("log")
    if name == "reads":
        shown = sorted(v for v in rows[name].unique() if np.isfinite(v))
        axes.set_xticks(shown, [f"{v:.0f}" for v in shown])
        axes.minorticks_off()
    if len(values) > 1:
        axes.legend()
    if fixed:
        axes.set_title("at " + ", ".join(fixed), loc="left")


def draw_yield(path: Path, table: "pd.DataFrame", threshold: float) -> list[Path]:
    """Draw the yield against the threshold, with its interval of 95 %, for up to five conditions.

    Parameters
    ----------
    path
        Of the figure, without ending.
    table
        Of :meth:`smtj.chips.study.Study.table`.
    threshold
        Accuracy that a good chip reaches; marked.
    """
    with plot.figure(3.6, 2.8) as (fig, axes):
        yield_axes(axes, table, threshold)
        return plot.save(fig, path)


def yield_axes(axes: "Axes", table: "pd.DataFrame", threshold: float) -> None:
    """Draw into axes what :func:`draw_yield` draws."""
    names = [name for name in varied(table) if table[name].nunique() > 1]
    numbers = np.unique(table["condition"])
    chosen = numbers[np.unique(np.linspace(0, len(numbers) - 1, len(COLOURS)).round().astype(int))]
    shown = table[table["condition"].isin(chosen)]["accuracy"]
    room = 0.05 * max(float(np.ptp(shown)), 0.004)
    ends = min(float(shown.min()), threshold) - room, max(float(shown.max()), threshold) + room
    thresholds = np.linspace(max(0.0, ends[0]), min(1.0, ends[1]), STEPS)
    for number, colour in zip(chosen, COLOURS, strict=False):
        part = table[table["condition"] == number]
        curve = np.array([yield_of(part["accuracy"].to_numpy(), t) for t in thresholds]).T
        first = part.iloc[0]
        label = ", ".join(f"{_words(name)} {_text(name, first[name])}" for name in names)
        axes.plot(100 * thresholds, 100 * curve[0], color=colour, label=label or None)
        axes.fill_between(
            100 * thresholds, 100 * curve[1], 100 * curve[2], color=colour, alpha=0.2, linewidth=0
        )
    axes.axvline(100 * threshold, color=plot.GREY, linestyle=":", linewidth=1)
    axes.set_xlabel("Accuracy that a good chip reaches (%)")
    axes.set_ylabel("Yield (% of chips)")
    axes.set_ylim(0, 103)
    if names:
        axes.legend(fontsize=7)


def _bands(axes: "Axes", part: "pd.DataFrame", name: str, colour: str, label: str | None) -> None:
    part = part[np.isfinite(part[name])]
    grouped = part.groupby(name)["accuracy"]
    quantiles = 100 * grouped.quantile(np.array(QUANTILES)).unstack()
    x = np.array([_shown(name, value) for value in quantiles.index])
    low, lower, middle, upper, high = quantiles.to_numpy().T
    axes.plot(x, middle, "o-", color=colour, label=label)
    axes.fill_between(x, lower, upper, color=colour, alpha=0.3, linewidth=0)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def _alone(table: "pd.DataFrame", name: str, other: str) -> bool:
    """Whether two quantities were varied one after the other, never together."""
    pairs = table[[name, other]].drop_duplicates()
    return len(pairs) < table[name].nunique() * table[other].nunique()


def _chosen(values: "pd.Series[Any]", own: float | None) -> float:
    found = np.sort(values.unique())
    if own is not None and (found == own).any():
        return own
    return float(found[len(found) // 2])


def _shown(name: str, value: float) -> float:
    from smtj.units import convert

    quantity = QUANTITIES[name]
    return convert(float(value), quantity.unit, quantity.show)


def _text(name: str, value: float) -> str:
    if name == "reads":
        return "expected" if np.isinf(value) else f"{value:.0f}"
    return QUANTITIES[name].shown(float(value)).replace("-", "−")


def _words(name: str) -> str:
    return name.replace("_", " ")

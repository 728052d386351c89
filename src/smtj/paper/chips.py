"""Beyond Fig. 3(b): the accuracy of chips, against the spread of their devices.

The paper measured one device; a chip needs to know how far devices may differ.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from smtj import plot
from smtj.chips.conditions import QUANTITIES, ConditionValue
from smtj.chips.plots import plot_accuracy, plot_yield
from smtj.chips.run import Progress, study
from smtj.chips.summary import Distribution
from smtj.datasets import ImageDataset
from smtj.nn.training.trainer import as_tensors, scaled
from smtj.paper.texts import figure
from smtj.report.figure import FigureResult
from smtj.units import Oe

if TYPE_CHECKING:
    import pandas as pd

SLOPE_SPREADS = (0.0, 0.05, 0.1, 0.2, 0.3)
OFFSET_SPREADS = (0.0, Oe, 2 * Oe, 4 * Oe, 8 * Oe)
BELOW_BEST = 0.005
"""A good chip is at most this far below the mean of chips without spread."""


def make(
    network: nn.Module,
    images: ImageDataset,
    out: Path,
    *,
    chips: int = 20,
    workers: int | None = 0,
    progress: Progress | None = None,
) -> FigureResult:
    """Sample many chips for a trained network; report how spread costs accuracy and yield.

    Parameters
    ----------
    network
        A trained network of junctions; see :func:`smtj.nn.training.network.load_network`.
    images
        The data set it was trained on; its test images are used.
    workers, progress
        As of :func:`smtj.chips.study`.
    """
    tensors = as_tensors(images)
    vary: list[Mapping[str, list[ConditionValue]]] = [
        {"slope_spread": list(SLOPE_SPREADS)},
        {"offset_spread": list(OFFSET_SPREADS)},
    ]
    result = study(
        network,
        scaled(tensors.test_images),
        tensors.test_labels,
        chips=chips,
        vary=vary,
        workers=workers,
        progress=progress,
    )
    table = result.frame
    first = table[table["condition"] == 0]["accuracy"]
    threshold = round(max(0.0, float(first.mean()) - BELOW_BEST), 3)
    summary = result.summary(threshold)
    costs = " and ".join(
        f"{abs(100 * item.slope):.2g} ± {100 * item.standard_error:.1g} points per {item.per} of "
        f"{QUANTITIES[item.name].doc}"
        for item in summary.sensitivities
    )
    return figure(
        "chips",
        _draw(out / "chips", table, result.own, threshold),
        {
            "table": _table(summary.distributions),
            **summary.to_dict(),
            "chips": chips,
            "images": result.images,
        },
        [],
        chips=result.study.chips,
        count=result.images,
        images=images.title,
        threshold=100 * threshold,
        costs=f" Over the range shown, it loses {costs}." if costs else "",
    )


def _draw(
    path: Path, table: "pd.DataFrame", own: Mapping[str, float], threshold: float
) -> list[Path]:
    with plot.figure(7.2, 2.6, ncols=3) as (fig, (left, middle, right)):
        plot_accuracy(left, table, "slope_spread", own)
        plot_accuracy(middle, table, "offset_spread", own)
        # The slope's conditions come first.
        in_turn = table[table["condition"] >= len(SLOPE_SPREADS)]
        plot_yield(right, in_turn, threshold)
        handles, labels = right.get_legend_handles_labels()
        # Name the quantity once, which keeps the legend narrow.
        short = [label.removeprefix("offset spread ") for label in labels]
        right.legend(handles, short, title="spread", loc="lower left", fontsize=7, title_fontsize=7)
        low = min(axes.get_ylim()[0] for axes in (left, middle))
        high = max(axes.get_ylim()[1] for axes in (left, middle))
        for axes, letter in ((left, "a"), (middle, "b")):
            axes.set_ylim(low, high)
            axes.set_title(f"({letter})", loc="left")
        right.set_title("(c)", loc="left")
        return plot.save(fig, path)


def _table(distributions: tuple[Distribution, ...]) -> dict[str, Any]:
    names = ("slope_spread", "offset_spread")
    rows = []
    for entry in distributions:
        low, high = entry.yield_interval
        rows.append(
            [
                *(QUANTITIES[name].format(entry.condition[name]) for name in names),
                f"{100 * entry.mean:.2f} ± {100 * entry.standard_error:.2f} %",
                f"{100 * entry.standard_deviation:.2f} %",
                f"{100 * entry.yield_:.0f} % ({100 * low:.0f} to {100 * high:.0f})",
            ]
        )
    head = ["slope spread", "offset spread", "mean accuracy", "from chip to chip", "yield"]
    return {"head": head, "rows": rows}

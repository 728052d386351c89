"""The look of the page's plots: transparent, so they suit light and dark themes."""

# Panel leaves its constructors without types.
# mypy: disallow-untyped-calls=False

from typing import Any

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.models.annotations import Whisker
from bokeh.plotting import figure

BLUE, ORANGE, GREEN, GREY = "#2f7fdd", "#d9730d", "#219a63", "#8a94a6"
"""Legible on a light and on a dark background."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"


def chart(x_label: str, y_label: str, height: int = 260, hover: str = "", **more: Any) -> Any:
    """Return an empty plot that leaves touch and wheel to the page."""
    make: Any = figure
    plot = make(
        height=height, sizing_mode="stretch_width", toolbar_location=None, tools="",
        background_fill_color=None, border_fill_color=None, outline_line_color=None,
        min_border_right=14, **more,
    )  # fmt: skip
    plot.xaxis.axis_label, plot.yaxis.axis_label = x_label, y_label
    for axis in plot.axis:
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size, axis.major_label_text_font_size = "13.5px", "12.5px"
        axis.minor_tick_line_color = None
        axis.major_tick_in = 0
    if hover:
        plot.add_tools(HoverTool(tooltips=hover, mode="mouse"))
    return plot


def between(start: float, end: float) -> Any:
    """Return a fixed range of an axis."""
    return Range1d(start=start, end=end)


def whiskers(data: Any, colour: str) -> Any:
    """Return error bars at ``x`` from ``low`` to ``high``."""
    bars: Any = Whisker(
        base="x", lower="low", upper="high", source=data, line_color=colour, line_width=2
    )
    for head in (bars.upper_head, bars.lower_head):
        head.update(line_color=colour)
    return bars


def source(name: str, *columns: str) -> Any:
    """Return a data source with empty columns, called ``"<name> data"`` in the browser."""
    return ColumnDataSource({column: [] for column in columns}, name=f"{name} data")


def put(data: Any, **columns: Any) -> None:
    """Replace the columns of a data source, unless they are unchanged."""
    have = data.data
    if not all(np.array_equal(have[name], values) for name, values in columns.items()):
        data.data = columns


def pane(plot: Any) -> Any:
    """Return a plot as a root of the page."""
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)

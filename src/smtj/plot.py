"""The look of every figure: legible in a paper, data as points, fits as lines, axes with units."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtj.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["accuracy_axes", "axes", "figure", "save", "shown_figure", "signed", "style"]
__dir__ = __all__.copy

BLUE, RED, GREEN, ORANGE, GREY = "#1f5fa8", "#c8342c", "#2c8a4b", "#d97f0e", "#6b6b6b"
STYLE: Any = {
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.5,
    "lines.markersize": 4,
    "svg.hashsalt": "smtj",
    "savefig.dpi": 200,
}


@contextmanager
def style() -> Iterator[None]:
    """Give everything drawn in the context the look of smtj."""
    import matplotlib as mpl

    # Not rc_context, which would also undo that a notebook's backend, loaded meanwhile, becomes
    # interactive; later figures would then not be shown.
    before = {name: mpl.rcParams[name] for name in STYLE}
    mpl.rcParams.update(STYLE)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


@contextmanager
def figure(width: float = 3.4, height: float = 2.6, **subplots: Any) -> Iterator[tuple[Any, Any]]:
    """Open a figure of a size in inches (3.4 is one column) and close it afterwards.

    Yields the figure and its axes; further arguments go to ``Figure.subplots``.
    """
    from matplotlib.figure import Figure

    with style():
        fig = Figure(figsize=(width, height), layout="constrained")
        yield fig, fig.subplots(**subplots)


@contextmanager
def axes(ax: "Axes | None" = None, width: float = 3.4, height: float = 2.6) -> Iterator["Axes"]:
    """Yield axes in the look of smtj: the given ones, or those of a new pyplot figure."""
    with style():
        yield shown_figure(width, height).subplots() if ax is None else ax


def shown_figure(width: float, height: float) -> "Figure":
    """Return a new pyplot figure, which a notebook displays."""
    from matplotlib import pyplot

    return pyplot.figure(figsize=(width, height), layout="constrained")


def save(fig: "Figure", path: Path) -> list[Path]:
    """Write a figure as PNG and SVG next to each other, each atomically.

    Parameters
    ----------
    fig
        The figure.
    path
        Path without ending.

    Returns
    -------
    list of Path
        The PNG and the SVG.
    """
    written = []
    for ending in ("png", "svg"):
        content = BytesIO()
        # Without a date the same figure is the same file.
        fig.savefig(content, format=ending, metadata={"Date": None} if ending == "svg" else None)
        # The places of the first drawing hold for the second, and take as long as to draw it.
        fig.set_layout_engine(None)
        target = path.with_name(f"{path.name}.{ending}")
        written.append(write_bytes(target, content.getvalue()))
    return written


def signed(value: float, unit: str) -> str:
    """Return a whole number as the axes write theirs, with a minus sign and no hyphen."""
    return f"{value:.0f} {unit}".replace("-", "−")


def accuracy_axes(axes: "Axes", epochs: float) -> None:
    """Label axes as accuracy against training epochs, as Fig. 3(b) has them."""
    axes.set_xlabel("Training epochs")
    axes.set_ylabel("Accuracy (%)")
    axes.set_xlim(0, 1.03 * epochs)  # the last marker is whole
    axes.locator_params(axis="x", integer=True)

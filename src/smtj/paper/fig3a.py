"""Fig. 3(a): the network of stochastic neurons, from an image to a class."""

from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.card import DeviceCard
from smtj.paper.texts import check, figure
from smtj.physics.device import vcma_point
from smtj.report.figure import FigureResult
from smtj.typing import Floats
from smtj.units import convert

SIDE, HIDDEN, CLASSES = 28, 400, 10
"""Pixels along an image, hidden neurons, output neurons (Sec. III)."""
_DIGIT = 5


def make(card: DeviceCard, out: Path) -> FigureResult:
    """Draw the network, and one of its neurons with the card's own response."""
    pixels = SIDE * SIDE
    weights = pixels * HIDDEN + HIDDEN * CLASSES
    point = vcma_point(card, card.electrical.read_voltage)
    return figure(
        "fig3a",
        _draw(out / "fig3a", point),
        {
            "inputs": pixels,
            "hidden": HIDDEN,
            "outputs": CLASSES,
            "weights": weights,
            "neurons": HIDDEN + CLASSES,
        },
        [check("fig3a.inputs", "agrees" if pixels == 784 else "differs", side=SIDE, pixels=pixels)],
        pixels=pixels,
        hidden=HIDDEN,
        classes=CLASSES,
        weights=weights,
        card=card.name,
    )


def drawn_digit(digit: int, side: int) -> Floats:
    """Return a digit as a square grey image in [0, 1], each pixel its covered fraction.

    Parameters
    ----------
    digit
        0 to 9.
    side
        Pixels along the image; the digit fills 20/28 of its height, as in MNIST.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    fine = 4
    path = TextPath((0, 0), str(digit), size=1, prop=FontProperties(family="DejaVu Sans"))
    box = path.get_extents()
    scale = box.height * 28 / 20 / side
    offsets = ((np.arange(side * fine) + 0.5) / fine - side / 2) * scale
    x, y = np.meshgrid(box.x0 + box.width / 2 + offsets, box.y0 + box.height / 2 - offsets)
    inside = path.contains_points(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    return np.asarray(inside.reshape(side, fine, side, fine).mean(axis=(1, 3)), dtype=np.float64)


def _draw(path: Path, point: Any) -> list[Path]:
    with plot.figure(7.0, 4.9) as (fig, axes):
        axes.remove()
        grid = fig.add_gridspec(2, 1, height_ratios=(1.7, 1))
        _draw_network(fig.add_subplot(grid[0]))
        _draw_neuron(fig.add_subplot(grid[1]), point)
        return plot.save(fig, path)


def _draw_network(axes: Any) -> None:
    axes.set_title("(a)  Network", loc="left")
    image = drawn_digit(_DIGIT, SIDE)
    axes.imshow(image, cmap="gray_r", extent=(0, 2.4, -1.2, 1.2), interpolation="nearest", zorder=2)
    axes.plot([0, 2.4, 2.4, 0, 0], [-1.2, -1.2, 1.2, 1.2, -1.2], color="black", lw=0.8, zorder=3)
    axes.text(1.2, -1.35, f"{SIDE} × {SIDE} pixels", ha="center", va="top", fontsize=8)
    columns = (4.3, 8.4, 12.5)
    heights = (_column(7, 1.9), _column(6, 1.75), _column(CLASSES, 1.95, gap=False))
    for left, right in ((0, 1), (1, 2)):
        _weights(axes, columns[left], heights[left], columns[right], heights[right])
    for y in heights[0]:
        axes.plot(columns[0], y, "o", ms=6, mfc="white", mec="black", mew=0.8, zorder=4)
    for y in heights[1]:
        _junction(axes, columns[1], y, 0.3)
    for digit, y in enumerate(heights[2][::-1]):
        _junction(axes, columns[2], y, 0.17)
        chosen = digit == _DIGIT
        axes.text(
            columns[2] + 0.42, y, str(digit), va="center", fontsize=8,
            color=plot.RED if chosen else "black", fontweight="bold" if chosen else "normal",
        )  # fmt: skip
    for x in columns[:2]:
        axes.text(x, 0, "⋮", ha="center", va="center", fontsize=12)
    axes.annotate(
        "", xy=(3.95, 0), xytext=(2.55, 0), arrowprops={"arrowstyle": "-|>", "color": "black"}
    )
    names = (
        f"input layer\n{SIDE * SIDE} pixels",
        f"hidden layer\n{HIDDEN} junctions",
        f"output layer\n{CLASSES} junctions",
    )
    for x, name in zip(columns, names, strict=True):
        axes.text(x, -2.3, name, ha="center", va="top", fontsize=8)
    for x, count in zip(
        (6.35, 10.45), (SIDE * SIDE * HIDDEN, HIDDEN * CLASSES), strict=True
    ):  # fmt: skip
        axes.text(x, 2.2, f"{count:,} weights", ha="center", fontsize=8, color=plot.GREY)
    axes.set_xlim(-0.2, 13.9)
    axes.set_ylim(-3.1, 2.5)
    axes.set_aspect("equal")
    axes.set_anchor("W")
    axes.axis("off")


def _column(count: int, reach: float, *, gap: bool = True) -> list[float]:
    """Return heights of neurons from -reach to reach, with a gap for dots in the middle."""
    heights = np.linspace(-reach, reach, count + 1 if gap and count % 2 == 0 else count)
    return [float(y) for y in heights if not gap or abs(y) > 1e-9]


def _weights(axes: Any, x_0: float, from_y: list[float], x_1: float, to_y: list[float]) -> None:
    from matplotlib.collections import LineCollection

    lines = [[(x_0, a), (x_1, b)] for a in from_y for b in to_y]
    axes.add_collection(LineCollection(lines, colors="#c4ccd6", linewidths=0.5, zorder=1))


def _junction(axes: Any, x: float, y: float, height: float) -> None:
    """Draw a junction: free layer, barrier, reference layer."""
    from matplotlib.patches import Rectangle

    width = 0.42
    for start, thickness, colour in (
        (0, 0.4, "#9cc3ea"),
        (0.4, 0.2, "#f3e6b3"),
        (0.6, 0.4, "#f0b3ab"),
    ):
        corner = (x - width / 2, y - height / 2 + start * height)
        axes.add_patch(
            Rectangle(corner, width, thickness * height, fc=colour, ec="black", lw=0.6, zorder=4)
        )


def _draw_neuron(axes: Any, point: Any) -> None:
    axes.set_title("One neuron", loc="left")
    axes.set_xlim(0, 11.2)
    axes.set_ylim(-1.3, 1.35)
    axes.axis("off")
    boxes = (
        (0.95, 1.5, "weighted sum\n" + r"$s=\sum_i w_i x_i$"),
        (3.35, 1.9, "linear\ntransformation\n" + r"$H_\perp=H_0+g\,s$"),
    )
    for x, width, text in boxes:
        _box(axes, x, width, text)
    _arrow(axes, 1.75, 2.35)
    _arrow(axes, 4.35, 4.95)
    axes.text(4.65, 0.32, "field", ha="center", fontsize=8, color=plot.GREEN)
    _junction_large(axes, 5.5)
    _arrow(axes, 6.1, 6.75)
    _response(axes.inset_axes((7.25, -0.72, 1.85, 1.6), transform=axes.transData), point)
    _arrow(axes, 9.25, 9.8)
    axes.text(
        9.9,
        0,
        "output in [0, 1]:\nfraction of high\nreadings, to the\nnext layer",
        va="center",
        fontsize=8,
    )


def _box(axes: Any, x: float, width: float, text: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0.05,rounding_size=0.12"
    corner, height = (x - width / 2, -0.62), 1.24
    axes.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle=style, fc="#f4f6f8", ec="black", lw=0.8)
    )
    axes.text(x, 0, text, ha="center", va="center", fontsize=8)


def _junction_large(axes: Any, x: float) -> None:
    from matplotlib.patches import Rectangle

    parts = (
        (-0.75, 0.5, "#9cc3ea", "free"),
        (-0.25, 0.22, "#f3e6b3", ""),
        (-0.03, 0.78, "#f0b3ab", "ref."),
    )
    for y, height, colour, name in parts:
        axes.add_patch(Rectangle((x - 0.45, y), 0.9, height, fc=colour, ec="black", lw=0.8))
        axes.text(x, y + height / 2, name, ha="center", va="center", fontsize=7)
    axes.text(x, 0.86, "MTJ", ha="center", va="bottom", fontsize=8)


def _response(axes: Any, point: Any) -> None:
    """Draw P(high | H⊥) over eight widths of it."""
    h_s, width = float(point.offset_field), 1 / abs(float(point.slope))
    field = h_s + width * np.linspace(-8, 8, 161)
    shown = field * convert(1, "A/m", "Oe")
    axes.plot(shown, point.switching_probability(field), color=plot.RED)
    axes.set_xlabel(r"$H_\perp$ (Oe)", fontsize=8, labelpad=1)
    axes.set_ylabel("$P$(high)", fontsize=8, labelpad=1)
    axes.set_yticks([0, 1])
    axes.locator_params(axis="x", nbins=3)
    axes.tick_params(labelsize=7)


def _arrow(axes: Any, x_0: float, x_1: float) -> None:
    axes.annotate(
        "", xy=(x_1, 0), xytext=(x_0, 0), arrowprops={"arrowstyle": "-|>", "color": "black"}
    )

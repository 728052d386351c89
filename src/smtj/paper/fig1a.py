"""Fig. 1(a): the layer stack, and the axes, angles and signs behind everything else."""

import math
from pathlib import Path
from typing import Any, NamedTuple

from smtj import plot
from smtj.card import DeviceCard
from smtj.paper.findings import wells
from smtj.paper.texts import check, figure
from smtj.report.figure import FigureResult
from smtj.units import convert

FREE, BARRIER, REFERENCE, OTHER, PIN = "#9cc3ea", "#f3e6b3", "#f0b3ab", "#dddddd", "#c9b8d8"


class Layer(NamedTuple):
    """A layer of the stack, as Sec. II lists it."""

    material: str
    thickness: float
    """In nm."""
    role: str
    colour: str


def stack(card: DeviceCard) -> list[Layer]:
    """Return the layers from the bottom; the two that the physics needs are the card's."""
    free = convert(card.geometry.free_layer_thickness, "m", "nm")
    oxide = convert(card.geometry.tunnel_barrier_thickness, "m", "nm")
    return [
        Layer("Co$_{20}$Fe$_{60}$B$_{20}$", free, "free layer", FREE),
        Layer("MgO", oxide, "tunnel barrier", BARRIER),
        Layer("Co$_{40}$Fe$_{40}$B$_{20}$", 2.4, "reference layer", REFERENCE),
        Layer("Ru", 0.85, "antiferromagnetic coupling", OTHER),
        Layer("CoFe", 2.3, "pinned layer", REFERENCE),
        Layer("PtMn", 15.0, "antiferromagnet", PIN),
    ]


def make(card: DeviceCard, out: Path) -> FigureResult:
    """Draw the stack to scale, the ellipse, and the plane of easy axis and film normal."""
    layers, rest = stack(card), sorted(wells(card), key=math.cos, reverse=True)
    tilt = math.degrees(card.magnetism.easy_axis_tilt)
    reference = math.degrees(card.magnetism.reference_layer_angle)
    contrast = math.sin(rest[0]) - math.sin(rest[-1])
    rises = contrast * math.cos(math.radians(reference)) < 0
    goes = "up" if math.cos(math.radians(reference)) < 0 else "down"
    return figure(
        "fig1a",
        _draw(out / "fig1a", card, layers, rest),
        {
            "layers": [{"material": la.material, "nm": la.thickness} for la in layers],
            "length_nm": convert(card.geometry.length, "m", "nm"),
            "width_nm": convert(card.geometry.width, "m", "nm"),
            "tilt_deg": tilt,
            "reference_deg": reference,
            "wells_deg": [math.degrees(theta) for theta in rest],
            "difference_of_m_x": contrast,
        },
        [
            check(
                "fig1a.signs",
                "consistent" if rises and contrast > 0 else "differs",
                well="+z" if rises else "-z",
                angle=reference,
                goes=goes,
            )
        ],
        tilt=tilt,
        high=math.degrees(rest[0]),
        low=math.degrees(rest[-1]),
    )


def _draw(path: Path, card: DeviceCard, layers: list[Layer], rest: list[float]) -> list[Path]:
    with plot.figure(7.0, 4.2) as (fig, axes):
        axes.remove()
        grid = fig.add_gridspec(2, 2, width_ratios=(1.15, 1), height_ratios=(0.8, 1.6))
        _draw_stack(
            fig.add_subplot(grid[:, 0]), layers, float(card.magnetism.reference_layer_angle)
        )
        _draw_ellipse(fig.add_subplot(grid[0, 1]), card)
        _draw_angles(fig.add_subplot(grid[1, 1]), card, rest)
        return plot.save(fig, path)


def _draw_stack(axes: Any, layers: list[Layer], reference: float) -> None:
    from matplotlib.patches import Rectangle

    width, shown = 10.0, 4.6  # the antiferromagnet is cut short
    axes.set_title("(a)  Stack, thickness to scale", loc="left")
    electrode, y = 1.1, 0.0
    _electrode(axes, Rectangle, -electrode, width, electrode, "bottom electrode")
    for layer in layers:
        height = min(layer.thickness, shown)
        axes.add_patch(Rectangle((0, y), width, height, fc=layer.colour, ec="black", lw=0.8))
        middle = y + height / 2
        size = 8 if height > 1 else 7
        name = f"{layer.material}  {layer.thickness:g} nm"
        axes.text(width / 2, middle, name, ha="center", va="center", fontsize=size)
        bold = "bold" if layer.role in ("free layer", "reference layer") else "normal"
        axes.text(width + 0.4, middle, layer.role, va="center", fontsize=8, fontweight=bold)
        _magnetisation(axes, layer.role, 0.91 * width, y, height, math.cos(reference))
        if layer.thickness > shown:
            _break(axes, width, y + 0.76 * height)
        y += height
    _electrode(axes, Rectangle, y, width, electrode, "top electrode")
    axes.set_xlim(-0.2, 18.2)
    axes.set_ylim(-electrode - 0.2, y + electrode + 0.2)
    axes.axis("off")


def _electrode(axes: Any, rectangle: Any, y: float, width: float, height: float, name: str) -> None:
    axes.add_patch(rectangle((0, y), width, height, fc="#b9b9b9", ec="black", lw=0.8, hatch="///"))
    box = {"facecolor": "#b9b9b9", "edgecolor": "none", "pad": 1.5}
    axes.text(width / 2, y + height / 2, name, ha="center", va="center", fontsize=8, bbox=box)


def _magnetisation(
    axes: Any, role: str, x: float, y: float, height: float, reference: float
) -> None:
    """Draw a layer's magnetisation; ``reference`` is the cosine of the reference layer."""
    if role == "free layer":
        _arrow(axes, (x, y + 0.1 * height), (x, y + 0.9 * height), plot.BLUE, both=True)
    elif role in ("reference layer", "pinned layer"):
        half = math.copysign(0.65, reference if role == "reference layer" else -reference)
        middle = y + height / 2
        _arrow(axes, (x - half, middle), (x + half, middle), plot.RED, width=1.6)


def _break(axes: Any, width: float, y: float) -> None:
    """Mark that a part is left out."""
    x = [-0.3 + (width + 0.6) * i / 24 for i in range(25)]
    lower = [y + 0.16 * (-1) ** i for i in range(25)]
    axes.fill_between(x, lower, [v + 0.3 for v in lower], color="white", lw=0)
    for shift in (0.0, 0.3):
        axes.plot(x, [v + shift for v in lower], color="black", lw=0.8)


def _draw_ellipse(axes: Any, card: DeviceCard) -> None:
    from matplotlib.patches import Ellipse

    length = convert(card.geometry.length, "m", "nm")
    width = convert(card.geometry.width, "m", "nm")
    angle = float(card.magnetism.reference_layer_angle)
    axes.set_title("Seen from above, to scale", loc="left")
    axes.add_patch(Ellipse((0, 0), length, width, fc=FREE, ec="black", lw=0.8))
    reach = 0.38 * length
    tip = (reach * math.cos(angle), reach * math.sin(angle))
    _arrow(axes, (-tip[0], -tip[1]), tip, plot.RED)
    axes.text(0, 0.1 * width, "reference layer", color=plot.RED, ha="center", fontsize=8)
    low, side = -0.78 * width, 0.62 * length
    _arrow(axes, (-length / 2, low), (length / 2, low), "black", both=True)
    axes.text(0, low - 5, f"{length:g} nm", ha="center", va="top", fontsize=8)
    _arrow(axes, (-side, -width / 2), (-side, width / 2), "black", both=True)
    axes.text(-side - 6, 0, f"{width:g} nm", ha="right", va="center", fontsize=8)
    corner = 0.68 * length
    _arrow(axes, (corner, -0.3 * width), (corner + 45, -0.3 * width), "black")
    _arrow(axes, (corner, -0.3 * width), (corner, -0.3 * width + 45), "black")
    axes.text(corner + 48, -0.3 * width, r"$x$, $+H_\parallel$", va="center", fontsize=8)
    axes.text(corner, -0.3 * width + 50, "$y$", ha="center", va="bottom", fontsize=8)
    axes.set_xlim(-0.9 * length, 1.18 * length)
    axes.set_ylim(-1.25 * width, 1.0 * width)
    axes.set_aspect("equal")
    axes.axis("off")


def _draw_angles(axes: Any, card: DeviceCard, rest: list[float]) -> None:
    tilt = float(card.magnetism.easy_axis_tilt)
    axes.set_title("In the x–z plane, angles true", loc="left")
    axes.plot([0, 0], [-1.05, 1.05], color="black", lw=0.6)
    axes.plot([-1.05, 1.05], [0, 0], color="black", lw=0.6)
    _arrow(axes, (0, 1.0), (0, 1.22), "black")
    _arrow(axes, (1.0, 0), (1.22, 0), "black")
    axes.text(-0.05, 1.16, r"$z$, $+H_\perp$", ha="right", va="center", fontsize=8)
    axes.text(1.25, 0, r"$x$, $+H_\parallel$", va="center", fontsize=8)
    s, c = 1.1 * math.sin(tilt), 1.1 * math.cos(tilt)
    axes.plot([-s, s], [-c, c], color=plot.GREY, ls="--", lw=1)
    axes.text(-s - 0.05, -c, "easy axis", color=plot.GREY, ha="right", va="center", fontsize=8)
    axes.text(
        s + 0.06, c + 0.06, f"{math.degrees(tilt):g}°", color=plot.GREY, va="center", fontsize=8
    )
    names = ("high-resistance well", "low-resistance well")
    reference = math.cos(float(card.magnetism.reference_layer_angle))
    if reference * (math.sin(rest[0]) - math.sin(rest[-1])) > 0:
        names = names[::-1]
    for theta, name in zip((rest[0], rest[-1]), names, strict=True):
        tip = (0.92 * math.sin(theta), 0.92 * math.cos(theta))
        _arrow(axes, (0, 0), tip, plot.BLUE, width=2)
        label = f"{name}, {math.degrees(theta):.0f}°"
        axes.text(tip[0] + 0.1, tip[1] - 0.06, label, color=plot.BLUE, fontsize=8, va="center")
    h_in = convert(card.magnetism.in_plane_bias_field, "A/m", "mT")
    _arrow(axes, (0.3, -0.28), (0.8, -0.28), plot.GREEN, width=1.6)
    axes.text(
        0.86, -0.28, rf"$\mu_0H_\mathrm{{in}}$ = {h_in:.3g} mT",
        color=plot.GREEN, va="center", fontsize=8,
    )  # fmt: skip
    half = math.copysign(0.25, reference)
    _arrow(axes, (-0.8 - half, 0.18), (-0.8 + half, 0.18), plot.RED, width=1.6)
    axes.text(-1.1, 0.36, "reference layer", color=plot.RED, fontsize=8)
    axes.set_xlim(-1.45, 1.95)
    axes.set_ylim(-1.2, 1.3)
    axes.set_aspect("equal")
    axes.axis("off")


def _arrow(
    axes: Any,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    *,
    width: float = 1.2,
    both: bool = False,
) -> None:
    style = {
        "arrowstyle": "<|-|>" if both else "-|>",
        "color": colour,
        "lw": 0.8 if both else width,
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 8,
    }
    axes.annotate("", xy=end, xytext=start, arrowprops=style)

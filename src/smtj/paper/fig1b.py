"""Fig. 1(b): resistance against field in the plane, and along the normal (inset), at 10 µA."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.loop import fit_loop
from smtj.inference.loop.result import LoopFit
from smtj.lab import Instrument, field_sweep
from smtj.paper.texts import check, figure, instrument_text
from smtj.physics.free_layer import macrospin
from smtj.physics.magnetics.wells import find_wells
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import Oe

if TYPE_CHECKING:
    import xarray as xr

CURRENT = 10e-6
"""In A (the paper: "at a bias current of I_dc = 10 µA")."""
REACH = 650
"""In Oe (the paper: "from -650 to +650 Oe")."""
STEP = 5
"""In Oe, ours."""
NOISE = 0.5
"""Standard deviation of a reading in ohm, ours."""
PAPER_TILT = 9.0
"""In degrees."""

DIRECTIONS = ("in_plane", "out_of_plane")


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Sweep the field along both directions, up and down, and draw the resistance."""
    field = np.arange(-REACH, REACH + STEP, STEP) * Oe
    lab = Instrument(noise=NOISE)
    parallel = field_sweep(card, 0.0, field, current=CURRENT, instrument=lab, seed=seed)
    perpendicular = field_sweep(card, field, current=CURRENT, instrument=lab, seed=seed + 1)
    numbers = _numbers(card, parallel, perpendicular)
    fit = _fit(card, parallel, perpendicular)
    images = _draw(out / "fig1b", parallel, perpendicular, fit)
    checks = [*_checks(card, numbers), _check_of_angle(card, fit)]
    return figure(
        "fig1b", images, numbers, checks, step=STEP, instrument=instrument_text(card, NOISE)
    )


def in_plane_component(card: DeviceCard, field_in_plane: Floats) -> Floats:
    """Return m_x at rest in the deepest well, at H_∥ in A/m."""
    wells = find_wells(macrospin(card), field_in_plane, 0.0, 0.0)
    return np.asarray(wells.global_minimum[..., 0])


def largest_jump(card: DeviceCard) -> float:
    """Return the largest fraction of the change of m_x over ±650 Oe made by one field step."""
    field = np.asarray(np.arange(-REACH, REACH + STEP, STEP) * Oe, dtype=np.float64)
    m_x = in_plane_component(card, field)
    return float(np.abs(np.diff(m_x)).max() / np.ptp(m_x))


def _numbers(
    card: DeviceCard, parallel: "xr.Dataset", perpendicular: "xr.Dataset"
) -> dict[str, Any]:
    up = parallel.resistance.values[0]
    middle = (up[:10].mean() + up[-10:].mean()) / 2
    field = parallel.field_in_plane.values / Oe
    mean = parallel.resistance.values.mean(axis=0)
    half = float(np.interp(middle, _rising(mean), field))
    steps = np.abs(np.diff(_smooth(mean)))
    ends = in_plane_component(card, np.array([-REACH * Oe, REACH * Oe]))
    return {
        "current_A": CURRENT,
        "field_Oe": field.tolist(),
        "resistance_parallel_ohm": parallel.resistance.values.tolist(),
        "resistance_perpendicular_ohm": perpendicular.resistance.values.tolist(),
        "resistance_at_minus_650_Oe": float(up[:3].mean()),
        "resistance_at_plus_650_Oe": float(up[-3:].mean()),
        "half_way_Oe": half,
        "largest_smooth_step_fraction": float(steps.max() / np.ptp(_smooth(mean))),
        "m_x_at_ends": ends.tolist(),
    }


def _fit(
    card: DeviceCard, parallel: "xr.Dataset", perpendicular: "xr.Dataset"
) -> LoopFit | SmtjError:
    """Fit both loops, or return the error: a card may have its easy axis in the plane."""
    loops = (parallel, perpendicular)
    field, other = (
        np.broadcast_to(loop[f"field_{direction}"].values, loop.resistance.shape).ravel()
        for loop, direction in zip(loops, DIRECTIONS, strict=True)
    )
    x, z = np.append(field, 0 * other), np.append(0 * field, other)
    resistance = np.concatenate([loop.resistance.values.ravel() for loop in loops])
    try:
        return fit_loop(x, z, resistance, card, current=CURRENT)
    except SmtjError as error:
        return error


def _smooth(resistance: Floats, width: int = 21) -> Floats:
    """Return a running mean over 100 Oe, which averages out telegraph noise."""
    return np.convolve(resistance, np.ones(width) / width, mode="valid")


def _rising(values: Floats) -> Floats:
    return np.maximum.accumulate(values)


def _draw(
    path: Path, parallel: "xr.Dataset", perpendicular: "xr.Dataset", fit: LoopFit | SmtjError
) -> list[Path]:
    with plot.figure(5.0, 3.4) as (fig, axes):
        inset = axes.inset_axes((0.13, 0.6, 0.34, 0.36))
        panels = zip((axes, inset), (parallel, perpendicular), DIRECTIONS, strict=True)
        for number, (panel, found, direction) in enumerate(panels):
            _loop(panel, found, direction)
            if isinstance(fit, LoopFit):
                own = slice(number * parallel.resistance.size, None)
                _wells(panel, found[f"field_{direction}"].values / Oe, fit, own)
        axes.set_xlabel(r"In-plane field $H_\parallel$ (Oe)")
        axes.set_ylabel(r"Resistance $R$ (kΩ)")
        axes.set_title("(b)  $I_\\mathrm{dc}$ = 10 µA", loc="left")
        axes.legend(loc="lower right")
        inset.set_xlabel(r"$H_\perp$ (Oe)", fontsize=8)
        inset.set_ylabel(r"$R$ (kΩ)", fontsize=8)
        inset.tick_params(labelsize=7)
        return plot.save(fig, path)


def _loop(axes: Any, found: "xr.Dataset", direction: str) -> None:
    field = found[f"field_{direction}"].values / Oe
    up, down = found.resistance.values / 1e3
    axes.plot(field, up, "o", color=plot.BLUE, markersize=2.5, label="rising field")
    axes.plot(field, down, "o", color=plot.RED, markersize=2.5, mfc="none", label="falling field")


def _wells(axes: Any, field: Floats, fit: LoopFit, own: slice) -> None:
    limits = axes.get_ylim()
    for well, label in ((fit.best.up, "fit, both states"), (fit.best.down, None)):
        line = well[own][: field.size] / 1e3
        axes.plot(field, line, color=plot.GREY, linewidth=1, label=label, zorder=1)
    axes.set_ylim(limits)


def _checks(card: DeviceCard, numbers: dict[str, Any]) -> list[Check]:
    low, high = numbers["resistance_at_minus_650_Oe"], numbers["resistance_at_plus_650_Oe"]
    left, right = numbers["m_x_at_ends"]
    fraction = numbers["largest_smooth_step_fraction"]
    flat = card.replace(
        {
            "magnetism.anisotropy_field": -float(card.magnetism.anisotropy_field or Oe * 560),
            "magnetism.interface_anisotropy": None,
            "magnetism.in_plane_anisotropy_field": "60 mT",
            "magnetism.easy_axis_tilt": 0.0,
        }
    )
    upright = card.replace({"magnetism.easy_axis_tilt": 0.0, "magnetism.in_plane_bias_field": 0.0})
    return [
        check(
            "fig1b.gradual",
            "agrees" if high > low and fraction < 0.05 else "differs",
            low=low / 1e3,
            high=high / 1e3,
            step=STEP,
            percent=100 * fraction,
            left=left,
            right=right,
        ),
        check(
            "fig1b.confirms",
            "consistent",
            flat=100 * largest_jump(flat),
            own=100 * largest_jump(card),
            tilted=_pair(card),
            upright=_pair(upright),
        ),
    ]


def _check_of_angle(card: DeviceCard, fit: LoopFit | SmtjError) -> Check:
    if isinstance(fit, SmtjError):
        return check("fig1b.angle", "not tested", ours=str(fit), how="fit of both loops")
    found, error = math.degrees(fit.tilted.angle.value), math.degrees(fit.tilted.angle.error)
    return check(
        "fig1b.angle",
        "consistent" if abs(found - PAPER_TILT) < max(4 * error, 0.5) else "differs",
        found=found,
        error=error,
        conclusion=fit.verdict,
        tilt=math.degrees(card.magnetism.easy_axis_tilt),
        ambiguity=fit.ambiguity,
    )


def _pair(card: DeviceCard) -> str:
    low, high = in_plane_component(card, np.array([-300 * Oe, 300 * Oe]))
    return f"{low:+.2f} and {high:+.2f}"

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
    """Sweep the field along both directions, up and down, and draw the resistance.

    Parameters
    ----------
    card
        The device.
    out
        Folder of the figure.
    seed
        Seed of the device's history and of the instrument.
    """
    field = np.arange(-REACH, REACH + STEP, STEP) * Oe
    lab = Instrument(noise=NOISE)
    parallel, perpendicular = (
        field_sweep(card, *steps, current=CURRENT, instrument=lab, seed=seed + number)
        for number, steps in enumerate(((0.0, field), (field, 0.0)))
    )
    numbers = _numbers(card, parallel, perpendicular)
    fit = _fit(card, parallel, perpendicular)
    return FigureResult(
        name="fig1b",
        title="Fig. 1(b): resistance against field in the plane and along the normal",
        caption=_caption(card),
        images=_draw(out / "fig1b", parallel, perpendicular, fit),
        numbers=numbers,
        checks=[*_checks(card, numbers), _check_of_angle(card, fit)],
    )


def in_plane_component(card: DeviceCard, field_in_plane: Floats) -> Floats:
    """m_x at rest in the deepest well, at H_∥ in A/m."""
    wells = find_wells(macrospin(card), field_in_plane, 0.0, 0.0)
    return np.asarray(wells.global_minimum[..., 0])


def largest_jump(card: DeviceCard) -> float:
    """Share of the change of m_x from -650 to +650 Oe that one step of the field makes."""
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
        "largest_smooth_step_share": float(steps.max() / np.ptp(_smooth(mean))),
        "m_x_at_ends": ends.tolist(),
    }


def _fit(
    card: DeviceCard, parallel: "xr.Dataset", perpendicular: "xr.Dataset"
) -> LoopFit | SmtjError:
    """Fit both loops, or return why they cannot be: a card may have its easy axis in the plane."""
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
    """Return a running mean, which leaves what is gradual over 100 Oe and evens out telegraphs."""
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


def _caption(card: DeviceCard) -> str:
    timing = card.switching
    return (
        f"Points: readings of the virtual instrument at a constant current of 10 µA, {STEP} Oe and "
        f"{timing.sampling_interval * 1e3:g} ms apart, each averaging over "
        f"{timing.integration_time * 1e3:g} ms, with {NOISE:g} Ω of noise; card {card.name}. "
        "Inset: along the film normal. R follows from the angle between the layers, "
        "1/R = (1/R_P + 1/R_AP)/2 + (1/R_P − 1/R_AP)/2 cos θ, at the rest position of the free "
        "layer in either well, as the lines are that are fitted to the points; near zero field it "
        "switches between both. R_P and TMR are assumed: the paper's text gives neither, and "
        "its points are not published."
    )


def _checks(card: DeviceCard, numbers: dict[str, Any]) -> list[Check]:
    low, high = numbers["resistance_at_minus_650_Oe"], numbers["resistance_at_plus_650_Oe"]
    left, right = numbers["m_x_at_ends"]
    share = numbers["largest_smooth_step_share"]
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
        Check(
            claim="From −650 to +650 Oe the resistance changes gradually from low to high",
            paper="«changes gradually from a low-resistance state to a high-resistance state»",
            ours=(
                f"from {low / 1e3:.3f} to {high / 1e3:.3f} kΩ; no {STEP} Oe of the running mean "
                f"over 100 Oe make more than {100 * share:.1f} % of it"
            ),
            verdict="agrees" if high > low and share < 0.05 else "differs",
            how=(
                f"swept at 10 µA; m_x goes from {left:+.2f} to {right:+.2f}, against the "
                "anisotropy field of 560 Oe"
            ),
        ),
        Check(
            claim="The gradual change confirms that the free layer is tilted out of the plane",
            paper="«confirms that the free layer is tilted out-of-plane from the easy axis»",
            ours=(
                f"an easy axis in the plane would make {100 * largest_jump(flat):.0f} % of the "
                f"change in one jump, the card's makes {100 * largest_jump(card):.1f} %; but m_x "
                f"at ±300 Oe is {_pair(card)} with the card's 9°, {_pair(upright)} with 0°"
            ),
            verdict="consistent",
            how=(
                "rest positions in steps of 5 Oe; gradual means perpendicular, by how many degrees "
                "the curve says less well"
            ),
        ),
    ]


def _check_of_angle(card: DeviceCard, fit: LoopFit | SmtjError) -> Check:
    claim = "At zero field the free layer is tilted by 9° from the normal"
    paper = (
        "«a small tilting angle (θ) from the out-of-plane configuration is estimated to be 9° "
        "through the resistance vs magnetic field relationship»"
    )
    if isinstance(fit, SmtjError):
        return Check(claim, paper, ours=str(fit), verdict="not tested", how="fit of both loops")
    tilt = fit.tilted.angle
    found, error = math.degrees(tilt.value), math.degrees(tilt.error)
    return Check(
        claim=claim,
        paper=paper,
        ours=f"both loops give {found:.3f} ± {error:.3f}°; {fit.verdict}",
        verdict="consistent" if abs(found - PAPER_TILT) < max(4 * error, 0.5) else "differs",
        how=(
            f"fitted as measured ones would be; the card has "
            f"{math.degrees(card.magnetism.easy_axis_tilt):g}°; {fit.ambiguity}"
        ),
    )


def _pair(card: DeviceCard) -> str:
    low, high = in_plane_component(card, np.array([-300 * Oe, 300 * Oe]))
    return f"{low:+.2f} and {high:+.2f}"

"""Fig. 2(a) and 2(b): minor loops in steps of 1 Oe at 1 mV, where the telegraph noise shows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from smtj import plot
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.sigmoid import SigmoidFit, estimate_inflation, fit_sigmoid
from smtj.lab import Instrument, field_sweep
from smtj.paper.texts import check, figure, instrument_text
from smtj.physics.junction import state_resistances
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import Oe, mV

if TYPE_CHECKING:
    import xarray as xr

STEP = 1
"""In Oe (the paper: "a small step ΔH = 1 Oe")."""
Direction = Literal["in_plane", "out_of_plane"]

REACH: dict[Direction, float] = {"in_plane": 200, "out_of_plane": 80}
"""In Oe, ours: far enough to see the noise end on both sides."""
SWEEPS = 10
"""Five up and five down; the first two are drawn."""
NOISE = 1.0
"""Standard deviation of a reading in ohm, ours."""


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Sweep both directions up and down at the read voltage, and find where the device switches."""
    loops = {
        direction: _sweep(card, direction, seed + number) for number, direction in enumerate(REACH)
    }
    states = {direction: decoded(card, loop, direction) for direction, loop in loops.items()}
    fits = {d: _fit(_field(loop, d), states[d]) for d, loop in loops.items()}
    numbers: dict[str, Any] = {
        direction: {
            "field_Oe": _field(loop, direction).tolist(),
            "resistance_ohm": loop.resistance.values[:2].tolist(),
            "switches": int(_switches(states[direction]).sum()),
            "slope_per_Oe": fits[direction].slope,
            "slope_standard_error": fits[direction].slope_error,
            "offset_Oe": fits[direction].offset_field,
            "offset_standard_error": fits[direction].offset_error,
        }
        for direction, loop in loops.items()
    }
    return figure(
        "fig2ab",
        _draw(out / "fig2ab", loops),
        numbers,
        _checks(loops, states, fits),
        millivolts=card.electrical.read_voltage / mV,
        step=STEP,
        instrument=instrument_text(card, NOISE),
    )


def decoded(card: DeviceCard, loop: "xr.Dataset", direction: Direction) -> NDArray[np.bool_]:
    """Return which readings of a sweep are nearer to the high state's resistance."""
    field = loop[f"field_{direction}"].values
    fields = (field, 0.0) if direction == "in_plane" else (0.0, field)
    levels = state_resistances(card, fields[0], 0.0, fields[1], float(loop.voltage))
    nearer: NDArray[np.bool_] = loop.resistance.values > (levels.high + levels.low) / 2
    return nearer


def _sweep(card: DeviceCard, direction: Direction, seed: int) -> "xr.Dataset":
    field = np.arange(-REACH[direction], REACH[direction] + STEP, STEP) * Oe
    steps = (field, 0.0) if direction == "out_of_plane" else (0.0, field)
    return field_sweep(card, *steps, sweeps=SWEEPS, instrument=Instrument(noise=NOISE), seed=seed)


def _field(loop: "xr.Dataset", direction: Direction) -> Floats:
    return np.asarray(loop[f"field_{direction}"].values / Oe)


def _fit(field: Floats, states: NDArray[np.bool_]) -> SigmoidFit:
    # Successive readings of a sweep are at successive fields; their correlation is that in order.
    in_order = states.copy()
    in_order[1::2] = in_order[1::2, ::-1]
    inflation = float(estimate_inflation(in_order.reshape(-1, 1))[0]) if states.any() else 1.0
    try:
        return fit_sigmoid(field, states.sum(axis=0), len(states), inflation)
    except SmtjError as error:
        raise SmtjError(f"Fig. 2(a), 2(b): {error}") from None


def _switches(states: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(states[:, 1:] != states[:, :-1])


def plot_loop(axes: Any, field: Floats, loop: "xr.Dataset") -> None:
    """Plot the first two sweeps, up and down, in kΩ against a field in Oe."""
    styles = ((plot.BLUE, "rising field"), (plot.RED, "falling field"))
    for row, (colour, label) in zip(loop.resistance.values, styles, strict=False):
        axes.plot(field, row / 1e3, ".-", color=colour, linewidth=0.6, markersize=2, label=label)
    axes.set_xlim(field[0], field[-1])


def _draw(path: Path, loops: "dict[Direction, xr.Dataset]") -> list[Path]:
    symbols = {"in_plane": r"H_\parallel", "out_of_plane": r"H_\perp"}
    with plot.figure(7.0, 2.8, ncols=2) as (fig, panels):
        for letter, axes, (direction, loop) in zip("ab", panels, loops.items(), strict=True):
            plot_loop(axes, _field(loop, direction), loop)
            axes.set_xlabel(rf"${symbols[direction]}$ (Oe)")
            axes.set_ylabel(r"Resistance $R$ (kΩ)")
            axes.set_title(f"({letter})  $V_\\mathrm{{bias}}$ = 1 mV", loc="left")
        panels[0].legend(loc="upper left")
        return plot.save(fig, path)


def _checks(
    loops: "dict[Direction, xr.Dataset]",
    states: dict[Direction, NDArray[np.bool_]],
    fits: dict[Direction, SigmoidFit],
) -> list[Check]:
    spans = {}
    for direction, loop in loops.items():
        field = _field(loop, direction)
        at = np.broadcast_to((field[1:] + field[:-1]) / 2, (len(states[direction]), field.size - 1))
        spans[direction] = np.quantile(at[_switches(states[direction])], (0.05, 0.5, 0.95))
    along, across = spans["in_plane"], spans["out_of_plane"]
    strong, weak = fits["out_of_plane"], fits["in_plane"]
    near_zero = across[0] < 0 < across[2] and along[0] < 0 < along[2]
    return [
        check(
            "fig2ab.near_zero",
            "agrees" if near_zero else "differs",
            across=across,
            along=along,
            sweeps=SWEEPS,
        ),
        check(
            "fig2ab.in_plane",
            "agrees" if weak.slope > 5 * weak.slope_error else "differs",
            weak=weak,
            strong=strong,
        ),
    ]

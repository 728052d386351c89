"""Fig. 2(a) and 2(b): minor loops in steps of 1 Oe at 1 mV, where the telegraph noise shows."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from smtj import plot
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.sigmoid import SigmoidFit, estimate_inflation, fit_sigmoid
from smtj.lab import Instrument, field_sweep
from smtj.physics.junction import state_resistances
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import Oe

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
    """Sweep both directions up and down at the read voltage and see where the device switches.

    Parameters
    ----------
    card
        The device.
    out
        Folder of the figure.
    seed
        Seed of the device's history and of the instrument.
    """
    loops = {
        direction: _sweep(card, direction, seed + number) for number, direction in enumerate(REACH)
    }
    states = {direction: decoded(card, loop, direction) for direction, loop in loops.items()}
    fits = {d: _fit(_field(loop, d), states[d]) for d, loop in loops.items()}
    return FigureResult(
        name="fig2ab",
        title="Fig. 2(a), 2(b): minor loops in steps of 1 Oe at 1 mV",
        caption=_caption(card),
        images=_draw(out / "fig2ab", loops),
        numbers={
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
        },
        checks=_checks(loops, states, fits),
    )


def decoded(card: DeviceCard, loop: "xr.Dataset", direction: Direction) -> NDArray[np.bool_]:
    """Return which readings of a sweep are nearer to the high state's resistance at their field."""
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


def _draw(path: Path, loops: "dict[Direction, xr.Dataset]") -> list[Path]:
    symbols = {"in_plane": r"H_\parallel", "out_of_plane": r"H_\perp"}
    with plot.figure(7.0, 2.8, ncols=2) as (fig, panels):
        for letter, axes, (direction, loop) in zip("ab", panels, loops.items(), strict=True):
            field = _field(loop, direction)
            styles = ((plot.BLUE, "rising field"), (plot.RED, "falling field"))
            for row, (colour, label) in zip(loop.resistance.values, styles, strict=False):
                style = {"color": colour, "linewidth": 0.6, "markersize": 2, "label": label}
                axes.plot(field, row / 1e3, ".-", **style)
            axes.set_xlabel(rf"${symbols[direction]}$ (Oe)")
            axes.set_ylabel(r"Resistance $R$ (kΩ)")
            axes.set_title(f"({letter})  $V_\\mathrm{{bias}}$ = 1 mV", loc="left")
            axes.set_xlim(field[0], field[-1])
        panels[0].legend(loc="upper left")
        return plot.save(fig, path)


def _caption(card: DeviceCard) -> str:
    timing = card.switching
    return (
        f"Readings of the virtual instrument at {card.electrical.read_voltage * 1e3:g} mV in steps "
        f"of {STEP} Oe, {timing.sampling_interval * 1e3:g} ms apart, each averaging over "
        f"{timing.integration_time * 1e3:g} ms, with {NOISE:g} Ω of noise; card {card.name}. "
        "(a) Field along the long axis, (b) along the film normal. Nothing but the dwell times "
        "of Eq. (3), (4) and (6) at each field decides where the device switches: the field's "
        "part along the easy axis stands in Eq. (3) and (4), its part across in Eq. (6). "
        "The range is ours: the paper's text gives the step alone."
    )


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
    w, weak = fits["out_of_plane"], fits["in_plane"]
    return [
        Check(
            claim="Telegraphic switching appears near zero field",
            paper="«telegraphic switching appears near zero field», Fig. 2(a), 2(b)",
            ours=(
                f"90 % of the switches lie at H⊥ from {across[0]:.0f} to {across[2]:.0f} Oe and at "
                f"H∥ from {along[0]:.0f} to {along[2]:.0f} Oe"
            ),
            verdict="agrees"
            if across[0] < 0 < across[2] and along[0] < 0 < along[2]
            else "differs",
            how=f"readings nearer to either state, {SWEEPS} sweeps; centred on H_s, not on 0",
        ),
        Check(
            claim="An in-plane field tunes the switching probability",
            paper="«the switching probability can be tuned by an in-plane magnetic field»",
            ours=(
                f"P(high) rises with H∥ by w = {weak.slope:.4f} ± {weak.slope_error:.4f} Oe⁻¹, "
                f"with H⊥ by {w.slope:.3f} ± {w.slope_error:.3f} Oe⁻¹"
            ),
            verdict="agrees" if weak.slope > 5 * weak.slope_error else "differs",
            how=(
                "sigmoid through the readings; of H∥ the part tan 9° = 0.16 acts along the tilted "
                "axis, so that nothing would come without tilt; the rest lowers the barrier"
            ),
        ),
    ]

"""Fig. 4(a): minor loops at bias voltages from -200 to 200 mV."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.card import DeviceCard
from smtj.lab import Instrument, field_sweep
from smtj.paper.fig2ab import NOISE, SWEEPS, plot_loop
from smtj.paper.texts import check, figure, instrument_text
from smtj.physics.device import vcma_point
from smtj.physics.junction import state_resistances
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import Oe, format_scaled, mV

if TYPE_CHECKING:
    import xarray as xr

VOLTAGES = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
"""In V; the paper gives the ends."""
MIN_VOLTAGE = 1e-3
"""Applied instead of 0 V, so that there is a current to read."""
REACH, STEP = 80, 1
"""In Oe; the step is the paper's."""
NEAR = 0.1
"""Distance from a level, in separations, that counts as on it."""


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Sweep the perpendicular field up and down at each voltage, as the paper did."""
    field = np.arange(-REACH, REACH + STEP, STEP) * Oe
    loops = [
        field_sweep(
            card,
            field,
            voltage=float(voltage) or MIN_VOLTAGE,
            sweeps=SWEEPS,
            instrument=Instrument(noise=NOISE),
            seed=seed + number,
        )
        for number, voltage in enumerate(VOLTAGES)
    ]
    between = [two_level_fraction(card, loop) for loop in loops]
    spans = [_span(card, loop) for loop in loops]
    return figure(
        "fig4a",
        _draw(out / "fig4a", loops),
        {
            "voltage_V": VOLTAGES.tolist(),
            "field_Oe": (field / Oe).tolist(),
            "resistance_ohm": [loop.resistance.values[:2].tolist() for loop in loops],
            "two_level_fraction": between,
            "span_Oe": spans,
        },
        _checks(card, between, spans),
        step=STEP,
        instrument=instrument_text(card, NOISE),
        lowest=MIN_VOLTAGE / mV,
    )


def position_between_levels(card: DeviceCard, loop: "xr.Dataset") -> Floats:
    """Return where each reading lies between the low (0) and the high level (1) at its field."""
    field = loop.field_out_of_plane.values
    levels = state_resistances(card, 0.0, 0.0, field, float(loop.voltage))
    g_high, g_low = 1 / levels.high, 1 / levels.low
    return np.asarray((1 / loop.resistance.values - g_low) / (g_high - g_low))


def two_level_fraction(card: DeviceCard, loop: "xr.Dataset") -> float:
    """Return the fraction of readings on either level, at fields where neither state prevails."""
    point = vcma_point(card, float(loop.voltage))
    p = np.asarray(point.switching_probability(loop.field_out_of_plane.values))
    position = position_between_levels(card, loop)[:, (p > 0.1) & (p < 0.9)]
    return float(np.mean((position < NEAR) | (position > 1 - NEAR)))


def _span(card: DeviceCard, loop: "xr.Dataset") -> float:
    """Return the width in Oe of the middle 90 % of fields where readings jump by half a step."""
    position = position_between_levels(card, loop)
    field = loop.field_out_of_plane.values / Oe
    at = np.broadcast_to((field[1:] + field[:-1]) / 2, (len(position), field.size - 1))
    return float(np.ptp(np.quantile(at[np.abs(np.diff(position)) > 0.5], (0.05, 0.95))))


def _draw(path: Path, loops: "list[xr.Dataset]") -> list[Path]:
    with plot.figure(7.0, 2.4, ncols=len(loops), sharey=True) as (fig, panels):
        for axes, loop, voltage in zip(panels, loops, VOLTAGES, strict=True):
            plot_loop(axes, loop.field_out_of_plane.values / Oe, loop)
            axes.set_title(plot.signed(1e3 * voltage, "mV"))
        panels[0].set_ylabel(r"Resistance $R$ (kΩ)")
        panels[0].legend(loc="upper left", handlelength=1.2)
        fig.supxlabel(r"Perpendicular field $H_\perp$ (Oe)", fontsize=9)
        return plot.save(fig, path)


def _checks(card: DeviceCard, between: list[float], spans: list[float]) -> list[Check]:
    tau = [
        float(point.dwell_times(point.offset_field)[0])
        for point in (vcma_point(card, float(v)) for v in VOLTAGES)
    ]
    return [
        check(
            "fig4a.suppressed",
            "agrees" if all(np.diff(between[1:]) < 0) and between[-1] < 0.5 else "differs",
            percent=_list(100 * fraction for fraction in between),
            millivolts=_list(VOLTAGES / mV),
            near=NEAR,
        ),
        check(
            "fig4a.faster",
            "consistent" if all(np.diff(tau) < 0) else "differs",
            tau=", ".join(format_scaled(t, "s") for t in tau),
            spans=_list(spans),
        ),
    ]


def _list(values: Any) -> str:
    return " / ".join(f"{value:.0f}" for value in values)

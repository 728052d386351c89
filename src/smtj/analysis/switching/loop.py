"""Findings of resistance loops: R_P, TMR, H_K1, and one angle by two interpretations."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.context import Conditions, Setting, conditions_of
from smtj.analysis.finding import Part
from smtj.card import DeviceCard, Value
from smtj.errors import SmtjError
from smtj.inference.loop.fit import fit_loop
from smtj.inference.loop.result import LoopFit
from smtj.inference.stats.estimate import Estimate
from smtj.measurement import measured_bias, table
from smtj.measurement.conditions import SAME
from smtj.units import Oe

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

FIELDS = {
    "field_in_plane": r"In-plane field $H_\parallel$ (Oe)",
    "field_out_of_plane": r"Perpendicular field $H_\perp$ (Oe)",
}


def loop_part(loops: "list[xr.Dataset]", setting: Setting) -> Part:
    """Fit one or two loops, R(H_∥) and R(H_⊥), at the same bias.

    Raises
    ------
    SmtjError
        The loops were taken at different biases, or leave R_P, TMR or H_K1 undetermined.
    """
    tables = [_table(loop, setting) for loop in loops]
    conditions, remarks, current = _bias(loops, tables, setting)
    along, normal, resistance = (
        np.concatenate([rows[name].to_numpy() for rows in tables])
        for name in ("field_in_plane", "field_out_of_plane", "resistance")
    )
    try:
        bias = {"voltage": conditions.voltage} if current is None else {"current": current}
        fit = fit_loop(along, normal, resistance, setting.card, **bias)
    except SmtjError as error:
        raise SmtjError(f"{setting.source}: {error}") from None
    best = fit.best
    return Part(
        name="loop",
        title=f"{setting.source}: resistance against field, {resistance.size} readings",
        estimates=best.estimates,
        remarks=(
            f"interpreted as {best.name}: {fit.verdict}",
            fit.ambiguity,
            *best.remarks,
            *remarks,
        ),
        caption=(
            "Points: readings. Lines: resistance of both states at rest, 1/R linear in cos θ, "
            f"fitted with {best.name}; a reading may have caught either or an average."
        ),
        draw=lambda path: _draw(path, tables, fit),
        onto=lambda card: _onto(card, fit, setting.source),
    )


def _table(loop: "xr.Dataset", setting: Setting) -> "pd.DataFrame":
    """Return the readings as rows, with both fields, and of voltage and current what was held."""
    rows = table(loop).drop(columns=measured_bias(loop) or [])
    for name in FIELDS:
        if name not in rows:
            rows[name] = setting.conditions.get(name, 0.0)
    return rows


def _bias(
    loops: "list[xr.Dataset]", tables: "list[pd.DataFrame]", setting: Setting
) -> tuple[Conditions, tuple[str, ...], float | None]:
    """Return the conditions, and the current where one was held."""
    held = {"current" in rows and "voltage" not in rows for rows in tables}
    if len(held) > 1:
        raise SmtjError(
            f"{setting.source}: one loop was taken at a constant current and another at a "
            "constant voltage, so that their readings differ by more than the field; fit them one "
            "by one"
        )
    known: dict[str, float] = {}
    for name in ("voltage", "current", "temperature"):
        values = [float(v) for rows in tables if name in rows for v in rows[name].unique()]
        if values and np.ptp(values) > SAME * np.abs(values).max():
            raise SmtjError(
                f"{setting.source}: {name} varies over the loops; fit loops of one bias and one "
                "temperature at a time"
            )
        if values:
            known[name] = float(np.median(values))
    known["field_in_plane"] = known["field_out_of_plane"] = 0.0
    conditions, remarks = conditions_of(known, loops[0], setting)
    given = {**setting.conditions, **known}
    return conditions, remarks, given.get("current") if conditions.at_current else None


def _onto(card: DeviceCard, fit: LoopFit, source: str) -> DeviceCard:
    best = fit.best

    def measured(estimate: Estimate) -> Value:
        error = estimate.error if math.isfinite(estimate.error) else None
        return Value(estimate.value, "measured", f"loops of {source}", error)

    changes: dict[str, Any] = {
        "electrical.parallel_resistance": measured(best.parallel_resistance),
        "electrical.resistance_area_product": None,
        "electrical.tmr": measured(best.tmr),
        "magnetism.anisotropy_field": measured(best.anisotropy_field),
        "magnetism.interface_anisotropy": None,
    }
    if best is fit.tilted:
        changes["magnetism.easy_axis_tilt"] = measured(best.angle)
    else:
        changes["magnetism.easy_axis_tilt"] = Value(0.0, "assumed", f"reading of {source}")
        changes["magnetism.in_plane_bias_field"] = measured(best.angle)
    return card.replace(changes)


def _draw(path: Path, tables: "list[pd.DataFrame]", fit: LoopFit) -> list[Path]:
    with plot.figure(3.6 * len(tables), 2.8, ncols=len(tables), squeeze=False) as (fig, panels):
        first = 0
        for axes, rows in zip(panels[0], tables, strict=True):
            own = slice(first, first + len(rows))
            first += len(rows)
            swept = max(FIELDS, key=lambda name: np.ptp(rows[name].to_numpy()))
            field = rows[swept].to_numpy() / Oe
            order = np.argsort(field)
            axes.plot(field, rows["resistance"], ".", color=plot.BLUE, markersize=3)
            for well, colour in ((fit.best.up, plot.RED), (fit.best.down, plot.ORANGE)):
                axes.plot(field[order], well[own][order], color=colour, linewidth=1)
            axes.set_xlabel(FIELDS[swept])
            axes.set_ylabel(r"Resistance $R$ (Ω)")
        return plot.save(fig, path)

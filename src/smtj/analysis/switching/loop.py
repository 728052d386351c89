"""Resistance loops: R_P, TMR, H_K1, and one angle with two interpretations."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import measured
from smtj.analysis.context import Context, OperatingConditions, conditions_of
from smtj.analysis.result import FitResult, Picture, Verdict
from smtj.card import DeviceCard, Value
from smtj.errors import SmtjError
from smtj.inference.loop.fit import fit_loop
from smtj.inference.loop.result import UNDECIDED, LoopFit
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


@dataclass(frozen=True, eq=False)
class FittedLoops:
    """Loops with their fit."""

    tables: "list[pd.DataFrame]"
    """Readings of each loop, with both fields."""
    fit: LoopFit
    """Its arrays hold the readings of all loops one after the other."""


def loop_result(loops: "list[xr.Dataset]", context: Context) -> FitResult:
    """Fit one or two loops, R(H_∥) and R(H_⊥), at the same bias."""
    tables = [_table(loop, context) for loop in loops]
    conditions, remarks, current = _bias(loops, tables, context)
    along, normal, resistance = (
        np.concatenate([rows[name].to_numpy() for rows in tables])
        for name in ("field_in_plane", "field_out_of_plane", "resistance")
    )
    bias = {"voltage": conditions.voltage} if current is None else {"current": current}
    fit = fit_loop(along, normal, resistance, context.card, **bias)
    best = fit.best
    verdict: Verdict = "tilted easy axis" if best is fit.tilted else "in-plane field"
    return context.result(
        "loop",
        f"resistance against field, {resistance.size} readings",
        FittedLoops(tables, fit),
        best.estimates,
        (f"interpreted as {best.name}: {fit.verdict}", fit.ambiguity, *best.remarks, *remarks),
        Picture(
            tuple(partial(plot_loop, number=number) for number in range(len(tables))),
            "Points: readings. Lines: resistance of both states at rest, 1/R linear in cos θ, "
            f"fitted with {best.name}; a reading may have caught either or an average.",
            width=3.6 * len(tables),
        ),
        verdict=verdict if abs(fit.difference) >= UNDECIDED else "undecided",
        update=_update,
    )


def _table(loop: "xr.Dataset", context: Context) -> "pd.DataFrame":
    """Return the readings as rows with both fields, and voltage or current if it was held."""
    rows = table(loop).drop(columns=measured_bias(loop) or [])
    for name in FIELDS:
        if name not in rows:
            rows[name] = context.conditions.get(name, 0.0)
    return rows


def _bias(
    loops: "list[xr.Dataset]", tables: "list[pd.DataFrame]", context: Context
) -> tuple[OperatingConditions, tuple[str, ...], float | None]:
    """Return the conditions, remarks, and the current if one was held."""
    if len({"current" in rows and "voltage" not in rows for rows in tables}) > 1:
        raise SmtjError(
            "one loop was taken at a constant current and another at a constant voltage, so their "
            "readings differ by more than the field; fit them one by one"
        )
    known: dict[str, float] = {}
    for name in ("voltage", "current", "temperature"):
        values = [float(v) for rows in tables if name in rows for v in rows[name].unique()]
        if values and np.ptp(values) > SAME * np.abs(values).max():
            raise SmtjError(
                f"{name} varies over the loops; fit loops of one bias and temperature at a time"
            )
        if values:
            known[name] = float(np.median(values))
    known["field_in_plane"] = known["field_out_of_plane"] = 0.0
    conditions, remarks = conditions_of(known, loops[0], context)
    given = {**context.conditions, **known}
    return conditions, remarks, given.get("current") if conditions.at_current else None


def _update(card: DeviceCard, found: FittedLoops, source: str) -> DeviceCard:
    best, text = found.fit.best, f"loops of {source}"
    angle = measured(best.angle).on_card(text)
    changes: dict[str, Any] = {
        "electrical.parallel_resistance": measured(best.parallel_resistance).on_card(text),
        "electrical.resistance_area_product": None,
        "electrical.tmr": measured(best.tmr).on_card(text),
        "magnetism.anisotropy_field": measured(best.anisotropy_field).on_card(text),
        "magnetism.interface_anisotropy": None,
    }
    if best is found.fit.tilted:
        changes["magnetism.easy_axis_tilt"] = angle
    else:
        changes["magnetism.easy_axis_tilt"] = Value(0.0, "assumed", f"interpretation of {source}")
        changes["magnetism.in_plane_bias_field"] = angle
    return card.replace(changes)


def plot_loop(axes: Any, found: FittedLoops, number: int = 0) -> None:
    """Plot one of the loops with the resistances of both states."""
    rows = found.tables[number]
    first = sum(map(len, found.tables[:number]))
    own = slice(first, first + len(rows))
    swept = max(FIELDS, key=lambda name: np.ptp(rows[name].to_numpy()))
    field = rows[swept].to_numpy() / Oe
    order = np.argsort(field)
    axes.plot(field, rows["resistance"], ".", color=plot.BLUE, markersize=3)
    for well, colour in ((found.fit.best.up, plot.RED), (found.fit.best.down, plot.ORANGE)):
        axes.plot(field[order], well[own][order], color=colour, linewidth=1)
    axes.set_xlabel(FIELDS[swept])
    axes.set_ylabel(r"Resistance $R$ (Ω)")

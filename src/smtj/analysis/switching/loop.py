"""Resistance loops and sweeps of the angle: R_P, R_AP, TMR and switching fields without a model.

With the card of the device, its model adds H_K1 and one angle with two interpretations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from smtj import plot
from smtj.analysis.card_check import Measurement, Sweep, Symbol
from smtj.analysis.card_update import measured
from smtj.analysis.context import Context, OperatingConditions, conditions_of
from smtj.analysis.result import FitResult, Picture, Verdict
from smtj.analysis.switching.behaviour import (
    ASSUMED_TEMPERATURE,
    Entries,
    direction_on_card,
    limit_on_card,
)
from smtj.card import DeviceCard, Value
from smtj.errors import SmtjError
from smtj.inference.loop.angle import AngleFit, fit_angles
from smtj.inference.loop.fit import fit_loop
from smtj.inference.loop.model_free import FreeLoop, fit_free_loop
from smtj.inference.loop.result import UNDECIDED, LoopFit
from smtj.inference.stats.estimate import DECADE
from smtj.measurement import field_direction_stated, measured_bias, source_of, table
from smtj.measurement.conditions import SAME, direction_stated
from smtj.measurement.format.header import split_header
from smtj.measurement.format.messages import quoted
from smtj.typing import Floats
from smtj.units import Oe, format_quantity

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_KNOWN = {"voltage", "temperature"}
FIELDS = {
    "field_in_plane": r"In-plane field $H_\parallel$ (Oe)",
    "field_out_of_plane": r"Perpendicular field $H_\perp$ (Oe)",
}
NAMES = {"field_in_plane": "H_∥", "field_out_of_plane": "H_⊥"}
UNKNOWN_TIME = 1.0
"""Time at each field in s, within a decade, if a loop has no times: as source meters sweep."""
NO_MODEL = (
    "resistances are those at the bias of the measurement; the card of the device, e.g. "
    "--base my_card.toml, adds a model with H_K1 and the tilt or H_in"
)


@dataclass(frozen=True, eq=False)
class FittedLoops:
    """Loops with their fit."""

    tables: "list[pd.DataFrame]"
    """Readings of each loop, with both fields."""
    fit: LoopFit
    """Its arrays hold the readings of all loops one after the other."""
    known: Mapping[str, float]
    """SI values of voltage and temperature."""


@dataclass(frozen=True, eq=False)
class FittedFreeLoop:
    """A loop with its levels and switching fields."""

    along: str
    """Of :data:`FIELDS`."""
    field: Floats
    """In A/m, in the order of measurement."""
    resistance: Floats
    """In ohm."""
    fit: FreeLoop
    known: Mapping[str, float]
    """SI values of voltage and temperature, if they are known."""
    direction_stated: bool
    """Whether the direction of the field is known."""
    time: float | None = None
    """Spent at each field, in s, if it is known."""


@dataclass(frozen=True, eq=False)
class FittedAngles:
    """A sweep of the angle with its fit."""

    angle: Floats
    """In rad."""
    resistance: Floats
    """In ohm."""
    fit: AngleFit
    known: Mapping[str, float]
    """SI values of voltage and temperature, if they are known."""


def loop_results(loops: "list[xr.Dataset]", context: Context) -> list[FitResult]:
    """Fit loops without a model, or with the card of the device by its model too.

    The model fits one or two loops, R(H_∥) and R(H_⊥), at the same bias.
    """
    tables = [_table(loop, context) for loop in loops]
    if not context.has_base:
        return _free_results(loops, tables, context)
    conditions, remarks, current = _bias(loops, tables, context)
    try:
        return [_model_result(tables, conditions, remarks, current, context)]
    except SmtjError as error:
        if len(loops) > 1:
            raise
        reason = f"the model of card {context.card.name} is left out: {error}"
    try:
        return [_free_result(loops[0], tables[0], context, reason)]
    except SmtjError:
        raise SmtjError(reason) from None


def _free_results(
    loops: "list[xr.Dataset]", tables: "list[pd.DataFrame]", context: Context
) -> list[FitResult]:
    """Fit loops one by one; of several, those that are none are left out with the reason."""
    if len(loops) == 1:
        return [_free_result(loops[0], tables[0], context)]
    names = [Path(source_of(loop)).name for loop in loops]
    if len({*names}) < len(names):
        names = [f"loop {number}" for number in range(1, len(loops) + 1)]
    results, failed = [], []
    for name, loop, rows in zip(names, loops, tables, strict=True):
        try:
            one = _free_result(loop, rows, context)
        except SmtjError as reason:
            failed.append(f"{name} is left out: {reason}")
            continue
        results.append(replace(one, condition=f"of {name}", update=None, behaviour=None))
    if not results:
        raise SmtjError("; ".join(failed))
    return [replace(results[0], remarks=(*results[0].remarks, *failed)), *results[1:]]


def _free_result(
    loop: "xr.Dataset", rows: "pd.DataFrame", context: Context, *notes: str
) -> FitResult:
    along = max(FIELDS, key=lambda name: np.ptp(rows[name].to_numpy()))
    field, resistance = rows[along].to_numpy(), rows["resistance"].to_numpy()
    fit = fit_free_loop(field, resistance)
    sense = {True: "rises", False: "falls", None: "both rises and falls"}[fit.rises]
    remarks = [f"the resistance {sense} with the field", *fit.remarks, *notes]
    stated = direction_stated(loop, along)
    if not context.has_base:
        remarks.append(NO_MODEL)
    elif fit.square:
        held = ", but the card is held against them" if stated else ""
        remarks.append(
            f"no card with physics has H_c and H_off as entries{held}; without --base (base=) a "
            "card holds them"
        )
        if stated and _seconds(rows) is None:
            remarks.append(
                "for how long each field was held is not stated; the card is swept with 1 s within "
                "a factor of 10, unless a column of times or interval= (--interval) gives it"
            )
    if not stated:
        header = str(loop[along].encoding.get("header", along))
        remarks.append(
            f"the direction of the field {quoted(header)} is not stated; columns= gives it "
            f'(--column "field_out_of_plane={split_header(header)[0]}", or field_in_plane)'
        )
    return context.result(
        "loop",
        f"resistance against field, {resistance.size} readings",
        FittedFreeLoop(
            along,
            field,
            resistance,
            fit,
            _known(rows, context),
            field_direction_stated(loop),
            _seconds(rows),
        ),
        fit.estimates,
        remarks,
        Picture(
            (plot_free_loop,),
            "Points: readings. Lines: levels of a square loop, or the curve fitted to a rounded "
            "one, for each sweep.",
        ),
        verdict="square" if fit.square else "rounded",
        # The states of a card's model are those in a field of known direction.
        update=_update_levels if stated else None,
        behaviour=loop_behaviour,
        measured=loop_measured,
    )


def _seconds(rows: "pd.DataFrame") -> float | None:
    """Return the median time from reading to reading, if the loop has times."""
    if "time" not in rows:
        return None
    return float(np.median(np.diff(rows["time"].to_numpy()))) or None


def loop_measured(found: FittedFreeLoop) -> list[Measurement]:
    """Levels of a square loop, its coercive field and its offset."""
    fit = found.fit
    by_symbol = {estimate.symbol: estimate for estimate in fit.estimates}
    offset = by_symbol.get("H_off")
    if not fit.square or fit.rises is None or offset is None or not found.direction_stated:
        return []
    known = dict(found.known)
    at = {**known, found.along: offset.value}
    levels: list[Measurement] = []
    for symbol, name in (("R_high", "R_AP"), ("R_low", "R_P")):
        level = by_symbol[name]
        levels.append(
            Measurement(cast(Symbol, symbol), level.value, level.error, "loop", found.along, at)
        )
    return levels + _loop_fields(fit, found.along, found.field, known, found.time, "loop")


def _loop_fields(
    fit: FreeLoop,
    along: str,
    field: Floats,
    known: Mapping[str, float],
    time: float | None,
    where: str,
) -> list[Measurement]:
    """Coercive field and offset of a square loop, with the steps that led to them."""
    if not fit.square or fit.rises is None:
        return []
    error = 0.0 if time is not None else DECADE
    sweep = Sweep(tuple(np.unique(field).tolist()), time or UNKNOWN_TIME, error)
    return [
        Measurement(cast(Symbol, own.symbol), own.value, own.error, where, along, known, sweep)
        for own in fit.estimates
        if own.symbol in ("H_c", "H_off")
    ]


def _known(rows: "pd.DataFrame", context: Context) -> dict[str, float]:
    """Return the voltage and the temperature, if they are known and stay."""
    found = {
        name: float(rows[name].median())
        for name in ("voltage", "temperature")
        if name in rows and np.ptp(rows[name].to_numpy()) <= SAME * rows[name].abs().max()
    }
    stated = {name: value for name, value in context.conditions.items() if name in _KNOWN}
    return stated | found


def loop_behaviour(found: FittedFreeLoop, source: str) -> Entries:
    """Levels, and the fields at which the resistance switches, as far as the loop has them."""
    fit = found.fit
    by_symbol = {estimate.symbol: estimate for estimate in fit.estimates}
    entries = levels_behaviour(found, source)
    offset = by_symbol.get("H_off") or by_symbol.get("H_half")
    if offset is None or fit.rises is None:
        return entries
    entries |= {
        **direction_on_card(found.along, found.direction_stated, "loop"),
        "loop.shape": "square" if fit.square else "rounded",
        "loop.sense": "rises" if fit.rises else "falls",
        "loop.offset_field": measured(offset).on_card(source),
        **limit_on_card("loop", found.field, source),
    }
    if "H_c" in by_symbol:
        entries["loop.coercive_field"] = measured(by_symbol["H_c"]).on_card(source)
    return entries


def levels_behaviour(found: FittedFreeLoop | FittedAngles, source: str) -> Entries:
    """The resistances of both states, their noise, and the conditions."""
    by_symbol = {estimate.symbol: estimate for estimate in found.fit.estimates}
    entries: Entries = {
        f"behaviour.resistance_{state}": measured(by_symbol[symbol]).on_card(source)
        for state, symbol in (("high", "R_AP"), ("low", "R_P"))
    }
    for state in ("high", "low"):
        entries[f"behaviour.noise_{state}"] = measured(by_symbol["σ"]).on_card(source)
    entries["behaviour.temperature"] = ASSUMED_TEMPERATURE
    for name, value in found.known.items():
        key = "read_voltage" if name == "voltage" else name
        entries[f"behaviour.{key}"] = Value(value, "measured", source)
    return entries


def angle_result(dataset: "xr.Dataset", context: Context) -> FitResult:
    """Fit the resistance against the angle of a field in the plane."""
    rows = table(dataset)
    angle, resistance = rows["angle"].to_numpy(), rows["resistance"].to_numpy()
    fit = fit_angles(angle, resistance)
    return context.result(
        "angle",
        f"resistance against the angle of the field, {resistance.size} readings",
        FittedAngles(angle, resistance, fit, _known(rows, context)),
        fit.estimates,
        (*fit.remarks, "the free layer is taken to follow the field"),
        Picture((plot_angles,), "Points: readings. Line: R or 1/R nearly linear in cos(φ − φ_P)."),
        update=_update_levels,
        behaviour=levels_behaviour,
    )


def _update_levels(
    card: DeviceCard, found: FittedFreeLoop | FittedAngles, source: str
) -> DeviceCard:
    by_symbol = {estimate.symbol: estimate for estimate in found.fit.estimates}
    return card.replace(
        {
            "electrical.parallel_resistance": measured(by_symbol["R_P"]).on_card(source),
            "electrical.resistance_area_product": None,
            "electrical.tmr": measured(by_symbol["TMR"]).on_card(source),
        }
    )


def plot_free_loop(axes: Any, found: FittedFreeLoop) -> None:
    """Plot readings and fitted resistance of each sweep."""
    field = found.field
    if not found.fit.branches[0].ordered:
        order = np.argsort(field, kind="stable")
        field, resistance = field[order], found.resistance[order]
    else:
        resistance = found.resistance
    axes.plot(field / Oe, resistance, ".", color=plot.BLUE, markersize=3, label="readings")
    for branch, curve in zip(found.fit.branches, found.fit.curves, strict=True):
        colour, name = (plot.RED, "rising") if branch.rising else (plot.ORANGE, "falling")
        label = f"fit, {name} field" if branch.ordered else "fit"
        axes.plot(field[branch.readings] / Oe, curve, color=colour, linewidth=1, label=label)
    axes.set_xlabel(FIELDS[found.along] if found.direction_stated else "Field $H$ (Oe)")
    axes.set_ylabel(r"Resistance $R$ (Ω)")
    axes.legend()


def plot_angles(axes: Any, found: FittedAngles) -> None:
    """Plot readings and the fitted resistance against the angle."""
    fine = np.linspace(found.angle.min(), found.angle.max(), 200)
    axes.plot(np.degrees(found.angle), found.resistance, ".", color=plot.BLUE, markersize=3)
    axes.plot(np.degrees(fine), found.fit.resistance(fine), color=plot.RED, linewidth=1)
    axes.set_xlabel(r"Angle of the field $\varphi$ (°)")
    axes.set_ylabel(r"Resistance $R$ (Ω)")


def _model_result(
    tables: "list[pd.DataFrame]",
    conditions: OperatingConditions,
    remarks: tuple[str, ...],
    current: float | None,
    context: Context,
) -> FitResult:
    along, normal, resistance = (
        np.concatenate([rows[name].to_numpy() for rows in tables])
        for name in ("field_in_plane", "field_out_of_plane", "resistance")
    )
    bias = {"voltage": conditions.voltage} if current is None else {"current": current}
    fit = fit_loop(along, normal, resistance, context.card, **bias)
    best = fit.best
    known = {name: value for name, value in conditions.known().items() if name in _KNOWN}
    verdict: Verdict = "tilted easy axis" if best is fit.tilted else "in-plane field"
    return context.result(
        "loop",
        f"resistance against field, {resistance.size} readings",
        FittedLoops(tables, fit, known),
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
        measured=model_measured,
    )


def model_measured(found: FittedLoops) -> list[Measurement]:
    """Levels that the model has at the ends and in the middle of each loop, and H_c and H_off of
    the square ones."""
    best, first = found.fit.best, 0
    errors = best.antiparallel_resistance.error, best.parallel_resistance.error
    levels: list[Measurement] = []
    fields: list[Measurement] = []
    for number, rows in enumerate(found.tables, start=1):
        along = max(FIELDS, key=lambda name: np.ptp(rows[name].to_numpy()))
        steps, own = rows[along].to_numpy(), slice(first, first + len(rows))
        first += len(rows)
        wells = np.sort(np.stack([best.down[own], best.up[own]]), axis=0)[::-1]
        for at in (steps.min(), np.median(steps), steps.max()):
            reading = int(np.abs(steps - at).argmin())
            conditions = {**found.known, **{n: float(rows[n].iloc[reading]) for n in FIELDS}}
            at = 0.0 if abs(at) < 1e-9 * np.ptp(steps) else float(at)
            where = f"{NAMES[along]} {format_quantity(at, 'A/m', 'Oe', 4)}"
            for symbol, level, error in zip(("R_high", "R_low"), wells, errors, strict=True):
                value = float(level[reading])
                levels.append(
                    Measurement(cast(Symbol, symbol), value, error, where, along, conditions)
                )
        try:
            free = fit_free_loop(steps, rows["resistance"].to_numpy())
        except SmtjError:
            continue
        place = "loop" if len(found.tables) == 1 else f"loop {number}"
        fields += _loop_fields(free, along, steps, {**found.known}, _seconds(rows), place)
    return levels + fields


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
    axes.plot(field, rows["resistance"], ".", color=plot.BLUE, markersize=3, label="readings")
    best = found.fit.best
    for well, colour, name in ((best.up, plot.RED, "up"), (best.down, plot.ORANGE, "down")):
        axes.plot(field[order], well[own][order], color=colour, linewidth=1, label=f"fit, {name}")
    axes.set_xlabel(FIELDS[swept])
    axes.set_ylabel(r"Resistance $R$ (Ω)")
    axes.legend()

"""Dwell times against a drive: from a table, or from traces at several values of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_check import Measurement, Symbol
from smtj.analysis.card_update import Measured, measured, with_barrier_and_attempt_time
from smtj.analysis.context import Context, conditions_of, constants_in
from smtj.analysis.formatting import scatter_for_errors
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching import arrhenius
from smtj.analysis.switching.behaviour import (
    ASSUMED_TEMPERATURE,
    SECTIONS,
    SEEN,
    direction_on_card,
    levels_along,
    log_time_along,
    measured_of_trace,
    range_on_card,
)
from smtj.analysis.switching.dwell_pair import pair_result
from smtj.analysis.switching.relaxation import (
    DwellsOfRelaxation,
    dwells_of_relaxation,
    relaxation_result,
)
from smtj.analysis.switching.trace import attempt_time
from smtj.card import DeviceCard, Value
from smtj.errors import DataError, SmtjError
from smtj.inference.barrier import BarrierFit, fit_barrier
from smtj.inference.barrier.drive import MIN_DRIVES, DriveFit, fit_drive
from smtj.inference.stats.least_squares import UNLIKELY
from smtj.measurement import field_direction_stated, require, source_of, table
from smtj.measurement.conditions import direction_needed, settled
from smtj.measurement.format.schema import FIELDS
from smtj.typing import Floats
from smtj.units import convert, format_quantity

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from smtj.analysis.switching.trace import FittedTrace

DRIVES = {
    "voltage": ("V", "mV", "V", "Voltage (mV)"),
    "current": ("A", "uA", "I", "Current (µA)"),
    "field_out_of_plane": ("A/m", "Oe", "H", "Field (Oe)"),
    "field_in_plane": ("A/m", "Oe", "H", "Field (Oe)"),
}
"""SI unit, unit on the axis, letter and axis of each drive."""


ROUNDS = 4
"""Fits of the barrier, each with the scatter about the one before as its error."""


@dataclass(frozen=True, eq=False)
class FittedDrive:
    """Dwell times against a drive with their lines."""

    along: str
    """Of :data:`DRIVES`."""
    drive: Floats
    """SI values, shape (n,)."""
    log_dwell_times: Floats
    """ln(τ/s) of the high and the low state, shape (n, 2)."""
    errors: Floats | None
    """Of :attr:`log_dwell_times`; None if the data state none."""
    fit: DriveFit
    traces: "tuple[FittedTrace, ...]" = ()
    """The traces they are from, if they are not from a table."""
    covariance: Floats | None = None
    """Of both states, shape (n, 2, 2), where their errors depend on each other."""
    direction_stated: bool = True
    """Whether the direction of a field is known."""
    barrier: BarrierFit | None = None
    """Δ and H_k,eff with the τ0 of a base card, of a table against the field out of plane."""
    scatter: float | None = None
    """Standard deviation of ln τ about Eq. 3 and 4, if :attr:`barrier` is known."""
    voltage: float = 0.0
    temperature: float = math.nan
    """Bias in V and temperature in K, if :attr:`barrier` is known."""


def table_result(dataset: "xr.Dataset", context: Context) -> FitResult:
    """Fit a table of dwell times of both states against a field, a bias or the temperature."""
    rows = settled(table(dataset))
    if not is_relaxation(rows):
        require(dataset, "dwell_time_high", "dwell_time_low")
    allowed = (*DRIVES, "temperature")
    varied = varied_in(rows)
    if varied == ["temperature"]:
        return arrhenius.table_result(dataset, context)
    times = None
    if is_relaxation(rows):
        axis = DRIVES[varied[0]]
        if not {"probability", "high"} & set(rows):
            found = relaxation_result(rows, varied[0], axis, dataset, context)
            return _with_direction(found, varied[0], dataset)
        times = dwells_of_relaxation(rows, varied[0], dataset)
        logs = times.logs
        errors: Floats | None = np.sqrt(np.diagonal(times.covariance, axis1=1, axis2=2))
    else:
        logs, errors = log_times_in(rows, dataset)
    if not varied and len(rows) == 1 and errors is not None:
        return pair_result(logs[0], errors[0], dataset, context)
    if len(varied) != 1:
        raise SmtjError(
            f"dwell times need exactly one varying column among {', '.join(allowed)}, but "
            f"{len(varied)} vary; name the columns by columns= (--column), or leave some out "
            "(--ignore)"
        )
    along = varied[0]
    result = _result(along, rows[along].to_numpy(), logs, errors, context, times=times)
    stated = _is_stated(along, dataset)
    result = replace(result, fit=replace(result.fit, direction_stated=stated))
    if not stated:
        return _with_direction(result, along, dataset)
    if not context.has_base:
        return result
    if along in ("voltage", "current"):
        return result  # what the bias does is a fit of its own
    if along != "field_out_of_plane":
        return replace(
            result,
            remarks=(
                *result.remarks,
                context.not_on_base(f"dwell times against the {_called(along)} change"),
            ),
        )
    return _with_barrier(result, dataset, context)


def is_relaxation(rows: "pd.DataFrame") -> bool:
    """Whether a table has the relaxation time of both states in place of a time of each."""
    return "relaxation_time" in rows and "dwell_time_high" not in rows


def _is_stated(along: str, dataset: "xr.Dataset") -> bool:
    return along not in FIELDS or field_direction_stated(dataset)


def _with_direction(result: FitResult, along: str, dataset: "xr.Dataset") -> FitResult:
    """Say of a field without a direction that it has none."""
    if _is_stated(along, dataset):
        return result
    return replace(
        result,
        title=result.title.replace(_called(along), "field"),
        remarks=(*result.remarks, direction_needed(dataset, along)),
    )


def log_times_in(rows: "pd.DataFrame", dataset: "xr.Dataset") -> tuple[Floats, Floats | None]:
    """Return ln(τ/s) of the high and the low state in a table, shape (n, 2), and their standard
    errors; None if it states none.

    Raises DataError if a dwell time is 0.
    """
    names = ["dwell_time_high", "dwell_time_low"]
    times, errors = rows[names].to_numpy(), [f"{name}_error" for name in names]
    if (times <= 0).any():
        raise DataError(f"{source_of(dataset)}: a dwell time is 0: leave its row out")
    if not set(errors) <= set(rows):
        return np.log(times), None
    return np.log(times), rows[errors].to_numpy() / times


def varied_in(rows: "pd.DataFrame") -> list[str]:
    """Return which field, bias or temperature varies in a table."""
    allowed = (*DRIVES, "temperature")
    return [name for name in allowed if name in rows and rows[name].nunique() > 1]


def _with_barrier(result: FitResult, dataset: "xr.Dataset", context: Context) -> FitResult:
    """Return a result with Δ and H_k,eff by the τ0 of the base card, and what changes that card."""
    found: FittedDrive = result.fit
    known = constants_in(dataset, "voltage", "temperature", "field_in_plane")
    conditions, assumed = conditions_of({**known, found.along: 0.0}, dataset, context)
    attempt = attempt_time(context.card)
    stated = found.errors
    # Errors that are not stated are all equal, and then of this size.
    size = found.fit.scatter if stated is None else 1.0
    each = np.ones_like(found.log_dwell_times) if stated is None else stated
    spread = each[..., None] ** 2 * np.eye(2) if found.covariance is None else found.covariance
    high, low = found.log_dwell_times.T
    try:
        for _ in range(ROUNDS):
            # That about the lines includes the curvature of the model.
            barrier = fit_barrier(found.drive, high, low, size**2 * spread, *attempt)
            if stated is not None and not barrier.p_value < UNLIKELY:
                break
            size *= math.sqrt(barrier.chi_squared / barrier.degrees_of_freedom)
    except SmtjError as reason:
        said = f"the dwell times give no stability factor, so the card is not changed: {reason}"
        return replace(result, remarks=(*result.remarks, said))
    voltage, temperature = conditions.voltage, conditions.temperature
    bounded = barrier.stability_factor.bounded
    if not bounded:
        assumed = (*assumed, "its error has no upper bound, so the card is not changed")
    return replace(
        result,
        fit=replace(
            found,
            barrier=barrier,
            scatter=size if stated is None else None,
            errors=None if stated is None else size * stated,
            voltage=voltage,
            temperature=temperature,
        ),
        estimates=(*result.estimates, barrier.stability_factor, barrier.effective_field),
        remarks=(*result.remarks, *barrier.remarks, *assumed),
        update=_update if bounded else None,
    )


def _update(card: DeviceCard, found: FittedDrive, source: str) -> DeviceCard:
    assert found.barrier is not None
    b = found.barrier
    return with_barrier_and_attempt_time(
        card,
        measured(b.slope),
        measured(b.offset_field),
        measured(b.stability_factor),
        measured(b.log_attempt_time),
        found.voltage,
        found.temperature,
        source,
    )


def traces_result(
    traces: "Sequence[FittedTrace]", drive: Floats, along: str, context: Context
) -> FitResult:
    """Fit the dwell times of traces that were taken at several values of a drive."""
    shown = [n for n, trace in enumerate(traces) if np.isfinite(trace.fit.dwell_high)]
    if len(shown) < MIN_DRIVES:
        raise SmtjError(
            f"dwell times are known at {len(shown)} values of the {_called(along)}; "
            f"{MIN_DRIVES} are needed for a line"
        )
    fits = [traces[n].fit for n in shown]
    logs = np.log([[fit.dwell_high, fit.dwell_low] for fit in fits])
    errors = np.sqrt([np.diag(fit.log_covariance) for fit in fits])
    remarks = [remark for n in shown for remark in traces[n].remarks]
    kept = tuple(traces[n] for n in shown)
    return _result(along, drive[shown], logs, errors, context, remarks, kept)


def _result(
    along: str,
    drive: Floats,
    logs: Floats,
    errors: Floats | None,
    context: Context,
    remarks: Sequence[str] = (),
    traces: "tuple[FittedTrace, ...]" = (),
    times: DwellsOfRelaxation | None = None,
) -> FitResult:
    unit, shown, symbol, _ = DRIVES[along]
    fit = fit_drive(drive, logs, errors) if times is None else times.fit
    found = list(() if times is None else times.remarks)
    if errors is None:
        found.append(scatter_for_errors("lines", fit.scatter))
    return context.result(
        "dwell",
        f"dwell times at {drive.size} values of the {_called(along)}",
        FittedDrive(
            along,
            drive,
            logs,
            errors,
            fit,
            traces,
            None if times is None else times.covariance,
            all(trace.conditions.direction_stated for trace in traces),
        ),
        fit.estimates(unit, shown, symbol),
        (*found, *fit.high.scatter.remarks, *fit.low.scatter.remarks, *remarks),
        Picture(
            (plot_dwell_times,),
            "Points: dwell times of both states. Lines: ln τ fitted to each state by a straight "
            "line, the first order in the drive.",
        ),
        measured=dwell_measured,
        behaviour=dwell_behaviour if abs(fit.slope[0]) > fit.quantile * fit.slope[1] else None,
    )


def _called(along: str) -> str:
    return along.replace("_", " ")


def dwell_behaviour(found: FittedDrive, source: str) -> "dict[str, Value | str]":
    """The response to the drive, and the dwell times at its middle."""
    fit, section = found.fit, SECTIONS[found.along]
    middle, slope = Measured(*fit.crossing), Measured(*fit.slope)
    log_time = Measured(*fit.log_time_at_crossing)
    if found.traces:
        # Of a trace it is known how the errors of both dwell times go together.
        log_time = log_time_along(list(found.traces), found.drive, middle) or log_time
    tau = math.exp(log_time.value)
    asymmetry, doubt = fit.asymmetry
    entries: dict[str, Value | str] = {
        f"{section}.slope": slope.on_card(source),
        f"{section}.midpoint": middle.on_card(source),
        **range_on_card(section, found.drive, source),
        "behaviour.dwell_time": Measured(tau, tau * log_time.error).on_card(source),
        "behaviour.temperature": ASSUMED_TEMPERATURE,
    }
    # Where P and a relaxation time were fitted together, the midpoint goes with it.
    if abs(asymmetry) > SEEN * doubt or found.covariance is not None:
        entries["behaviour.dwell_asymmetry"] = Measured(asymmetry, doubt).on_card(source)
    entries |= direction_on_card(found.along, found.direction_stated)
    if found.traces:
        traces = list(found.traces)
        entries |= levels_along(traces, found.drive, middle.value, found.along, source)
    return entries


def dwell_measured(found: FittedDrive) -> list[Measurement]:
    """Levels and dwell times of the traces, or the dwell times of the table."""
    unit, shown, *_ = DRIVES[found.along]
    every: list[Measurement] = []
    scatter = found.fit.scatter if found.scatter is None else found.scatter
    errors = np.full_like(found.log_dwell_times, scatter)
    if found.errors is not None:
        # Once the barrier is known, they are as far as the times scatter about it.
        lines = (found.fit.high, found.fit.low) if found.barrier is None else ()
        wider = [math.sqrt(line.scatter.factor) for line in lines] or 1.0
        errors = found.errors * wider
    for n, x in enumerate(found.drive):
        at, where = {found.along: float(x)}, format_quantity(float(x), unit, shown, 4)
        if found.traces:
            own = measured_of_trace(found.traces[n], where)
            every += [replace(m, conditions={**(m.conditions or {}), **at}) for m in own]
            continue
        symbols: tuple[Symbol, Symbol] = ("τ_high", "τ_low")
        for symbol, log, error in zip(symbols, found.log_dwell_times[n], errors[n], strict=True):
            tau = math.exp(float(log))
            every.append(Measurement(symbol, tau, float(error), where, conditions=at))
    return every


def plot_dwell_times(axes: Any, found: FittedDrive) -> None:
    """Plot dwell times against the drive with both lines."""
    unit, shown, _, label = DRIVES[found.along]
    scale = convert(1.0, unit, shown)
    fine = np.linspace(found.drive.min(), found.drive.max(), 100)
    rows = (("high", plot.BLUE, found.fit.high), ("low", plot.ORANGE, found.fit.low))
    for row, (state, colour, line) in enumerate(rows):
        tau = np.exp(found.log_dwell_times[:, row])
        name = rf"$\tau_\mathrm{{{state}}}$"
        reach = None
        if found.errors is not None:
            error = found.errors[:, row]
            reach = [tau * (1 - np.exp(-error)), tau * (np.exp(error) - 1)]
        axes.errorbar(scale * found.drive, tau, reach, fmt="o", color=colour, label=name)
        axes.plot(scale * fine, np.exp(line.at(fine)), color=colour)
    axes.set_yscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel(r"Dwell time $\tau$ (s)")
    axes.legend()

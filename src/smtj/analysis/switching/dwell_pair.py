"""Mean dwell times of both states under one condition, with their errors."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_check import Measurement, Symbol
from smtj.analysis.card_update import Measured
from smtj.analysis.context import Context, OperatingConditions, conditions_of, constants_in
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import Entries, conditions_on_card
from smtj.inference.stats.estimate import NORMAL_95, Estimate
from smtj.typing import Floats
from smtj.units import suitable_unit

if TYPE_CHECKING:
    import xarray as xr

STATES = ("high", "low")
_TIMES: tuple[Symbol, Symbol] = ("τ_high", "τ_low")


@dataclass(frozen=True, eq=False)
class FittedPair:
    """Dwell times of both states, and where they were measured."""

    log_times: Floats
    """ln(τ/s) of the high and the low state, shape (2,)."""
    errors: Floats
    """Their standard errors, shape (2,)."""
    conditions: OperatingConditions


def pair_result(logs: Floats, errors: Floats, dataset: "xr.Dataset", context: Context) -> FitResult:
    """Return ln τ of both states, shape (2,), with their errors, and P(high) that follows."""
    names = ("field_out_of_plane", "field_in_plane", "voltage", "current", "temperature")
    conditions, remarks = conditions_of(constants_in(dataset, *names), dataset, context)
    times = np.exp(logs)
    estimates = [
        Estimate(
            f"dwell time {state}",
            symbol,
            float(tau),
            float(tau * error),
            (float(tau * math.exp(-NORMAL_95 * error)), float(tau * math.exp(NORMAL_95 * error))),
            "s",
            suitable_unit(float(tau), "s") or "s",
        )
        for state, symbol, tau, error in zip(STATES, _TIMES, times, errors, strict=True)
    ]
    odds, error = float(logs[0] - logs[1]), math.hypot(*errors)
    low, p, high = (
        1 / (1 + math.exp(-o)) for o in (odds - NORMAL_95 * error, odds, odds + NORMAL_95 * error)
    )
    occupancy = Estimate(
        "occupancy of the high state", "P", p, p * (1 - p) * error, (low, high), "", ""
    )
    refused = (
        [context.not_on_base("dwell times under one condition change")] if context.has_base else []
    )
    return context.result(
        "dwell",
        "dwell times under one condition",
        FittedPair(logs, errors, conditions),
        [*estimates, occupancy],
        [*remarks, *refused],
        Picture((plot_pair,), "Dwell times of both states with their standard errors."),
        behaviour=pair_behaviour,
        measured=pair_measured,
    )


def pair_behaviour(found: FittedPair, source: str) -> Entries:
    """Both dwell times, and under which conditions."""
    entries = conditions_on_card(found.conditions, "", source)
    for state, log, error in zip(STATES, found.log_times, found.errors, strict=True):
        tau = math.exp(float(log))
        entries[f"behaviour.dwell_time_{state}"] = Measured(tau, tau * float(error)).on_card(source)
    return entries


def pair_measured(found: FittedPair) -> list[Measurement]:
    """Both dwell times."""
    known = found.conditions.known()
    return [
        Measurement(symbol, math.exp(float(log)), float(error), "table", conditions=known)
        for symbol, log, error in zip(_TIMES, found.log_times, found.errors, strict=True)
    ]


def plot_pair(axes: Any, found: FittedPair) -> None:
    """Plot both dwell times with their errors."""
    tau = np.exp(found.log_times)
    reach = [tau * (1 - np.exp(-found.errors)), tau * (np.exp(found.errors) - 1)]
    axes.errorbar([0, 1], tau, reach, fmt="o", color=plot.BLUE)
    axes.set_xticks([0, 1], ["high", "low"])
    axes.set_xlim(-0.5, 1.5)
    axes.set_xlabel("State")
    axes.set_ylabel(r"Dwell time $\tau$ (s)")

"""Traces at several temperatures: τ(T), and from it the barrier and the attempt time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_check import Measurement, Symbol
from smtj.analysis.card_update import (
    Measured,
    dwell_times_to_barrier,
    measured,
    with_attempt_time,
    with_barrier,
)
from smtj.analysis.context import Context
from smtj.analysis.formatting import scatter_for_errors
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import (
    Entries,
    conditions_on_card,
    levels_on_card,
    measured_of_trace,
    noise_on_card,
    timing_on_card,
)
from smtj.analysis.switching.trace import FittedTrace
from smtj.card import DeviceCard, Value
from smtj.errors import SmtjError
from smtj.inference.barrier.arrhenius import ArrheniusFit, fit_arrhenius
from smtj.inference.stats.distributions import chi_squared_p_value
from smtj.inference.stats.least_squares import UNLIKELY
from smtj.measurement import table
from smtj.physics.constants import BOLTZMANN
from smtj.typing import Floats

if TYPE_CHECKING:
    import xarray as xr

MIN_TEMPERATURES = 3
_TIMES: tuple[Symbol, Symbol] = ("τ_high", "τ_low")
MIN_SCATTER = 1e-9
"""Scatter of ln τ that a table without any is given."""


@dataclass(frozen=True, eq=False)
class FittedTemperatures:
    """Dwell times against temperature, with their Arrhenius lines."""

    temperature: Floats
    """In K, shape (traces,)."""
    log_dwell_times: Floats
    """ln(τ/s) of the high and the low state, shape (traces, 2)."""
    covariance: Floats
    """Of :attr:`log_dwell_times`, shape (traces, 2, 2)."""
    high: ArrheniusFit
    low: ArrheniusFit
    mean: ArrheniusFit
    """Fit of the mean of both logarithms."""
    traces: tuple[FittedTrace, ...]
    """The traces they are from, if they are not from a table."""
    middle: int
    """Number of the temperature nearest to that of the base card, or to 300 K."""


def arrhenius_result(traces: list[FittedTrace], context: Context) -> FitResult:
    """Fit dwell times against temperature, from traces at equal field and bias.

    ln τ_high and ln τ_low are fitted separately; their mean, from which the field drops out to
    first order, gives the τ0 of the card.
    """
    known = [trace for trace in traces if math.isfinite(trace.fit.dwell_high)]
    if len(known) < MIN_TEMPERATURES:
        raise SmtjError(
            f"dwell times are known at {len(known)} temperatures, but an Arrhenius plot needs "
            f"{MIN_TEMPERATURES}; measure at more temperatures, or for longer"
        )
    logs = np.log([[trace.fit.dwell_high, trace.fit.dwell_low] for trace in known])
    spread = np.array([trace.fit.log_covariance for trace in known])
    temperature = np.array([trace.conditions.temperature for trace in known])
    remarks = [remark for trace in known for remark in trace.remarks]
    return _result(temperature, logs, spread, tuple(known), context, remarks)


def table_result(dataset: "xr.Dataset", context: Context) -> FitResult:
    """Fit a table of dwell times of both states against temperature.

    If the table states no errors, those of ln τ are their scatter about both lines.
    """
    from scipy.special import stdtrit

    from smtj.analysis.switching.dwell import log_times_in

    rows = table(dataset)
    logs, errors = log_times_in(rows, dataset)
    temperature = rows["temperature"].to_numpy()
    if np.unique(temperature).size < MIN_TEMPERATURES:
        raise SmtjError(
            f"the table has dwell times at {np.unique(temperature).size} temperatures, but an "
            f"Arrhenius plot needs {MIN_TEMPERATURES}; measure at more temperatures"
        )
    stated = errors is not None
    each = errors if errors is not None else np.ones_like(logs)
    lines = [fit_arrhenius(temperature, *pair) for pair in zip(logs.T, each.T, strict=True)]
    freedom = 2 * (len(rows) - 2)
    chi_squared = sum(line.chi_squared for line in lines)
    scatter = math.sqrt(chi_squared / freedom)
    remarks = []
    if not stated:
        # The intervals take errors as known: Student's quantile makes up for few points.
        wider = max(scatter * float(stdtrit(freedom, 0.975)) / 1.96, MIN_SCATTER)
        remarks.append(scatter_for_errors("lines", scatter))
    elif chi_squared_p_value(chi_squared, freedom) < UNLIKELY:
        wider = scatter
        remarks.append(
            f"the dwell times scatter {scatter:.1f} times as far about the lines as their errors "
            "allow; the errors are widened by that"
        )
    else:
        wider = 1.0
    spread = (wider * each)[..., None] ** 2 * np.eye(2)
    return _result(temperature, logs, spread, (), context, remarks)


def _result(
    temperature: Floats,
    logs: Floats,
    spread: Floats,
    traces: tuple[FittedTrace, ...],
    context: Context,
    remarks: Sequence[str],
) -> FitResult:
    usual = float(context.card.thermal.temperature)
    middle = int(np.argmin(np.abs(temperature - usual)))
    # Without a base, at a temperature that was measured.
    reference = usual if context.has_base else float(temperature[middle])
    high, low = (
        fit_arrhenius(temperature, logs[:, row], np.sqrt(spread[:, row, row]), reference)
        for row in (0, 1)
    )
    error = np.sqrt(spread.sum(axis=(1, 2))) / 2
    mean = fit_arrhenius(temperature, logs.mean(axis=1), error, reference)
    first = (
        "fitted to the mean of ln τ_high and ln τ_low; separately they give E_b/k_BT = "
        f"{high.stability_factor.value:.2f} and {low.stability_factor.value:.2f} at "
        f"{reference:g} K"
    )
    return context.result(
        "arrhenius",
        f"dwell times at {len(temperature)} temperatures",
        FittedTemperatures(temperature, logs, spread, high, low, mean, traces, middle),
        mean.estimates,
        (first, *mean.remarks, *remarks),
        Picture(
            (plot_dwell_times,),
            "Points: dwell times with their standard errors. Lines: ln τ = ln τ0 + E_b/(k_BT), "
            "fitted to each state separately.",
        ),
        update=_update if traces else None,
        behaviour=arrhenius_behaviour,
        measured=arrhenius_measured,
    )


def arrhenius_behaviour(fit: FittedTemperatures, source: str) -> Entries:
    """Dwell times at a measured temperature with their barriers, and the levels there."""
    at = float(fit.temperature[fit.middle])
    gradient = np.array([1 / (BOLTZMANN * at), 1.0])
    entries: Entries = {}
    if fit.traces:
        nearest = fit.traces[fit.middle]
        entries |= conditions_on_card(nearest.conditions, "", source)
        entries |= timing_on_card(nearest, source) | noise_on_card([nearest], source)
        levels = {state: nearest.level(state) for state in ("high", "low")}
        entries |= levels_on_card(levels, source)
    for state, line in (("high", fit.high), ("low", fit.low)):
        tau = math.exp(float(line.log_dwell_time(at)))
        error = math.sqrt(float(gradient @ line.covariance @ gradient))
        entries[f"behaviour.dwell_time_{state}"] = Measured(tau, tau * error).on_card(source)
        factor = Measured(*(n / (BOLTZMANN * at) for n in (line.barrier.value, line.barrier.error)))
        entries[f"temperature_response.stability_factor_{state}"] = factor.on_card(source)
    log0 = measured(fit.mean.log_attempt_time)
    tau0 = math.exp(log0.value)
    return entries | {
        "behaviour.temperature": Value(at, "measured", source),
        "temperature_response.lowest": Value(float(fit.temperature.min()), "measured", source),
        "temperature_response.highest": Value(float(fit.temperature.max()), "measured", source),
        "temperature_response.attempt_time": Measured(tau0, tau0 * log0.error).on_card(source),
    }


def arrhenius_measured(fit: FittedTemperatures) -> list[Measurement]:
    """Dwell times at every temperature, and the levels at that of the card."""
    found = []
    for number, at in enumerate(fit.temperature):
        where, known = f"{at:.4g} K", {"temperature": float(at)}
        errors = np.sqrt(np.diag(fit.covariance[number]))
        for symbol, log, error in zip(_TIMES, fit.log_dwell_times[number], errors, strict=True):
            tau = math.exp(float(log))
            found.append(Measurement(symbol, tau, float(error), where, conditions=known))
    if fit.traces:
        here = measured_of_trace(fit.traces[fit.middle], f"{fit.temperature[fit.middle]:.4g} K")
        found += [one for one in here if one.symbol not in _TIMES]
    return found


def _update(card: DeviceCard, fit: FittedTemperatures, source: str) -> DeviceCard:
    attempt = measured(fit.mean.log_attempt_time)
    card = with_attempt_time(card, attempt, f"τ(T) of {source}")
    nearest = fit.traces[fit.middle]
    trace, c = nearest.fit, nearest.conditions
    barrier, _ = dwell_times_to_barrier(
        math.log(trace.dwell_high), math.log(trace.dwell_low), trace.log_covariance, attempt
    )
    return with_barrier(card, barrier, c.voltage, c.temperature, source)


def plot_dwell_times(axes: Any, fit: FittedTemperatures) -> None:
    """Plot dwell times against 1/T with both lines."""
    fine = np.linspace(fit.temperature.min(), fit.temperature.max(), 100)
    rows = (("high", plot.BLUE, fit.high), ("low", plot.ORANGE, fit.low))
    for row, (state, colour, line) in enumerate(rows):
        tau = np.exp(fit.log_dwell_times[:, row])
        error = np.sqrt(fit.covariance[:, row, row])
        reach = [tau * (1 - np.exp(-error)), tau * (np.exp(error) - 1)]
        label = rf"$\tau_\mathrm{{{state}}}$"
        axes.errorbar(1e3 / fit.temperature, tau, reach, fmt="o", color=colour, label=label)
        axes.plot(1e3 / fine, np.exp(line.log_dwell_time(fine)), color=colour)
    axes.set_yscale("log")
    axes.set_xlabel(r"$1000/T$ (K$^{-1}$)")
    axes.set_ylabel(r"Dwell time $\tau$ (s)")
    axes.legend()

"""Traces at several temperatures: τ(T), and from it the barrier and the attempt time."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import (
    dwell_times_to_barrier,
    measured,
    with_attempt_time,
    with_barrier,
)
from smtj.analysis.context import Context
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.trace import FittedTrace
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.barrier.arrhenius import ArrheniusFit, fit_arrhenius
from smtj.typing import Floats

MIN_TEMPERATURES = 3


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
    nearest: FittedTrace
    """The trace nearest to the card's temperature."""


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
    reference = float(context.card.thermal.temperature)
    temperature = np.array([trace.conditions.temperature for trace in known])
    logs = np.log([[trace.fit.dwell_high, trace.fit.dwell_low] for trace in known])
    spread = np.array([trace.fit.log_covariance for trace in known])
    high, low = (
        fit_arrhenius(temperature, logs[:, row], np.sqrt(spread[:, row, row]), reference)
        for row in (0, 1)
    )
    error = np.sqrt(spread.sum(axis=(1, 2))) / 2
    mean = fit_arrhenius(temperature, logs.mean(axis=1), error, reference)
    nearest = known[int(np.argmin(np.abs(temperature - reference)))]
    remarks = (
        "fitted to the mean of ln τ_high and ln τ_low; separately they give E_b/k_BT = "
        f"{high.stability_factor.value:.2f} and {low.stability_factor.value:.2f} at "
        f"{reference:g} K",
        *mean.remarks,
        *(remark for trace in known for remark in trace.remarks),
    )
    return context.result(
        "arrhenius",
        f"dwell times at {len(known)} temperatures",
        FittedTemperatures(temperature, logs, spread, high, low, mean, nearest),
        mean.estimates,
        remarks,
        Picture(
            (plot_dwell_times,),
            "Points: dwell times with their standard errors. Lines: ln τ = ln τ0 + E_b/(k_BT), "
            "fitted to each state separately.",
        ),
        update=_update,
    )


def _update(card: DeviceCard, fit: FittedTemperatures, source: str) -> DeviceCard:
    attempt = measured(fit.mean.log_attempt_time)
    card = with_attempt_time(card, attempt, f"τ(T) of {source}")
    trace, c = fit.nearest.fit, fit.nearest.conditions
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

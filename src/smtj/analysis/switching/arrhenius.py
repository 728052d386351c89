"""Findings of traces at several temperatures: τ(T), from it the barrier and the attempt time."""

import math
from pathlib import Path

import numpy as np

from smtj import plot
from smtj.analysis.card_update.switching import (
    Measured,
    dwell_times_to_barrier,
    with_attempt_time,
    with_barrier,
)
from smtj.analysis.context import Setting
from smtj.analysis.finding import Part
from smtj.analysis.switching.trace import TraceResult
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.barrier.arrhenius import ArrheniusFit, fit_arrhenius
from smtj.typing import Floats

MIN_TEMPERATURES = 3


def arrhenius_part(traces: list[TraceResult], setting: Setting) -> Part:
    """Say what dwell times against temperature show.

    ln τ_high and ln τ_low are fitted apart; their mean, of which the field drops out to first
    order, gives the τ0 of the card.

    Parameters
    ----------
    traces
        At three temperatures or more, field and bias being the same.
    setting
        What the data are called, and the card to start from.

    Raises
    ------
    SmtjError
        The dwell times are known at fewer than three temperatures.
    """
    known = [trace for trace in traces if math.isfinite(trace.fit.dwell_high)]
    reference = float(setting.card.thermal.temperature)
    temperature = np.array([trace.conditions.temperature for trace in known])
    logs = np.log([[trace.fit.dwell_high, trace.fit.dwell_low] for trace in known] or [[1.0, 1.0]])
    spread = np.array([trace.fit.log_covariance for trace in known])
    if len(known) < MIN_TEMPERATURES:
        raise SmtjError(
            f"{setting.source}: dwell times are known at {len(known)} temperatures, and an "
            f"Arrhenius plot needs {MIN_TEMPERATURES}; measure at more, or for longer"
        )
    high, low = (
        fit_arrhenius(temperature, logs[:, row], np.sqrt(spread[:, row, row]), reference)
        for row in (0, 1)
    )
    error = np.sqrt(spread.sum(axis=(1, 2))) / 2
    mean = fit_arrhenius(temperature, logs.mean(axis=1), error, reference)
    nearest = known[int(np.argmin(np.abs(temperature - reference)))]

    def onto(card: DeviceCard) -> DeviceCard:
        attempt = Measured(mean.log_attempt_time.value, mean.log_attempt_time.error)
        card = with_attempt_time(card, attempt, f"τ(T) of {setting.source}")
        fit, c = nearest.fit, nearest.conditions
        barrier, _ = dwell_times_to_barrier(
            math.log(fit.dwell_high), math.log(fit.dwell_low), fit.log_covariance, attempt
        )
        return with_barrier(card, barrier, c.voltage, c.temperature, setting.source)

    return Part(
        name="arrhenius",
        title=f"{setting.source}: dwell times at {len(known)} temperatures",
        estimates=mean.estimates,
        remarks=tuple(
            dict.fromkeys(
                (
                    "fitted to the mean of ln τ_high and ln τ_low; apart they give "
                    f"E_b/k_BT = {high.stability_factor.value:.2f} and "
                    f"{low.stability_factor.value:.2f} at {reference:g} K",
                    *mean.remarks,
                    *(remark for trace in known for remark in trace.remarks),
                )
            )
        ),
        caption=(
            "Points: dwell times with their standard errors. Lines: ln τ = ln τ0 + E_b/(k_BT), "
            "fitted to each state apart."
        ),
        draw=lambda path: _draw(path, temperature, logs, spread, (high, low)),
        onto=onto,
    )


def _draw(
    path: Path,
    temperature: Floats,
    logs: Floats,
    spread: Floats,
    fits: tuple[ArrheniusFit, ArrheniusFit],
) -> list[Path]:
    fine = np.linspace(temperature.min(), temperature.max(), 100)
    with plot.figure(3.4, 2.8) as (fig, axes):
        rows = zip((0, 1), ("high", "low"), (plot.BLUE, plot.ORANGE), fits, strict=True)
        for row, state, colour, fit in rows:
            tau, error = np.exp(logs[:, row]), np.sqrt(spread[:, row, row])
            reach = [tau * (1 - np.exp(-error)), tau * (np.exp(error) - 1)]
            label = rf"$\tau_\mathrm{{{state}}}$"
            axes.errorbar(1e3 / temperature, tau, reach, fmt="o", color=colour, label=label)
            axes.plot(1e3 / fine, np.exp(fit.log_dwell_time(fine)), color=colour)
        axes.set_yscale("log")
        axes.set_xlabel(r"$1000/T$ (K$^{-1}$)")
        axes.set_ylabel(r"Dwell time $\tau$ (s)")
        axes.legend()
        return plot.save(fig, path)

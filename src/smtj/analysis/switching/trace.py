"""Resistance traces: states, levels, dwell times, and the barrier behind them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import (
    Measured,
    dwell_times_to_barrier,
    with_barrier,
    with_levels,
    with_log_odds,
)
from smtj.analysis.context import Context, OperatingConditions, conditions_of, integration_time
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import trace_behaviour, trace_measured
from smtj.analysis.switching.conductance import FittedSignal, fit_resistance
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.barrier.neel_brown import DECADE
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.telegraph.diagnostics import (
    autocorrelation_time,
    corner_frequency,
    exponential_test,
)
from smtj.inference.telegraph.fit import MIN_SWITCHES, sample_states
from smtj.inference.telegraph.result import TraceFit
from smtj.measurement import increasing_time, require
from smtj.physics.resistance import resistance_of
from smtj.typing import Floats
from smtj.units import format_scaled

if TYPE_CHECKING:
    import xarray as xr

NOT_EXPONENTIAL = 0.001
"""p below which dwells are called not exponential."""
MAX_SHOWN = 4000
"""Readings that are plotted."""
NO_ATTEMPT_TIME = (
    "no stability factor is given: it rests on τ0, which the data do not determine; name the "
    "card of the device, e.g. --base my_card.toml"
)
HINTS = {
    "more than two levels": (
        "; if the resistance jumps as a whole at times, fit the stretches between them one by one"
    ),
    "faster than the sampling": "; sample faster, or measure at several fields for P(high | H)",
}
"""Remedies by verdict."""


@dataclass(frozen=True, eq=False)
class FittedTrace:
    """A trace with its fit."""

    conditions: OperatingConditions
    time: Floats
    """In s."""
    resistance: Floats
    """In ohm."""
    fit: TraceFit
    """Fit of :attr:`signal`."""
    signal: FittedSignal
    """What was fitted: the resistance, or the conductance."""
    integration_time: float
    """Time over which a reading averages, in s."""
    assumptions: tuple[str, ...]
    """Remarks on what the file does not state."""
    barrier: Measured | None = None
    """Δ for the τ0 of the base card; None where a scan or τ(T) gives it."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user of the numbers should know."""
        return (*self.assumptions, *self.fit.warnings)

    def level(self, state: str) -> Measured:
        """Mean resistance of the ``"high"`` or the ``"low"`` level in ohm."""
        row = 0 if state == "low" else 1
        level = float(np.mean(self.fit.low if state == "low" else self.fit.high))
        middle = self.signal.middle
        value = float(resistance_of(level, middle))
        slope = 1.0 if middle == 0 else (value / middle) ** 2
        return Measured(value, slope * math.sqrt(self.fit.level_covariance[row, row]))

    def levels(self, shown: slice = slice(None)) -> tuple[Floats, Floats]:
        """Low and high level at each reading as resistances in ohm."""
        low, high = (
            self.signal.resistance(level)[shown] for level in (self.fit.low, self.fit.high)
        )
        return low, high

    def on_card(self, card: DeviceCard, source: str) -> DeviceCard:
        """Give a card the levels of this trace."""
        c = self.conditions
        fields = (c.field_in_plane, c.field_out_of_plane)
        return with_levels(card, self.level("high"), self.level("low"), c.voltage, *fields, source)


def fit_readings(
    known: Mapping[str, float],
    dataset: "xr.Dataset",
    context: Context,
    min_switches: int = MIN_SWITCHES,
) -> FittedTrace:
    """Fit readings with ``time`` and ``resistance``, taken under the ``known`` conditions.

    Raises DataError if a column is missing or time does not increase, and SmtjError if the trace is
    too short or has fewer than ``min_switches``.
    """
    require(dataset, "time", "resistance")
    increasing_time(dataset)
    conditions, remarks = conditions_of(known, dataset, context)
    average, assumed = integration_time(dataset, context)
    time, resistance = dataset["time"].values, dataset["resistance"].values
    fit, signal = fit_resistance(time, resistance, average, conditions.at_current, min_switches)
    assumptions = (*remarks, *assumed)
    return FittedTrace(conditions, time, resistance, fit, signal, average, assumptions)


def trace_result(known: Mapping[str, float], dataset: "xr.Dataset", context: Context) -> FitResult:
    """Fit a trace on its own, which must show two levels with visible switches in between."""
    trace = fit_readings(known, dataset, context)
    fit = trace.fit
    if fit.verdict != "two levels":
        raise SmtjError(
            "the trace does not show two levels with dwell times between them: "
            f"{fit.evidence.sentence}{HINTS.get(fit.verdict, '')}"
        )
    barrier, remarks = _barrier(trace, context)
    checks, seen = _independent_checks(trace)
    occupancy = ("occupancy of the high state", "P", fit.occupancy, fit.occupancy_error)
    estimates = [
        *_dwell_times(fit),
        Estimate(*occupancy, fit.occupancy_interval(), "", ""),
        *(
            normal_estimate(f"{state} level", f"R_{state}", *trace.level(state), "ohm", "ohm")
            for state in ("high", "low")
        ),
        *checks,
    ]
    if barrier is not None:
        estimates.append(normal_estimate("stability factor", "E_b/k_BT", *barrier))
    cut = f"the first {MAX_SHOWN} of " if trace.time.size > MAX_SHOWN else ""
    return context.result(
        "trace",
        f"telegraph noise, {fit.switches} switches seen",
        replace(trace, barrier=barrier),
        estimates,
        (fit.evidence.sentence, *seen, *trace.remarks, *remarks),
        Picture(
            panels=(plot_trace, plot_histogram),
            caption=(
                f"Dots: {cut}{trace.time.size} readings. Lines: levels and most probable states by "
                "maximum likelihood of a two-state process that is sampled, or averaged over the "
                "integration time of a reading, with noise, drift and outliers. Right: histogram "
                "of all readings."
            ),
            width=7.0,
            subplots={"width_ratios": (3, 1), "sharey": True},
        ),
        verdict="two levels",
        update=_update,
        behaviour=trace_behaviour,
        measured=trace_measured,
    )


def _update(card: DeviceCard, trace: FittedTrace, source: str) -> DeviceCard:
    c = trace.conditions
    if trace.barrier is not None:
        card = with_barrier(card, trace.barrier, c.voltage, c.temperature, source)
        odds = Measured(trace.fit.log_odds, math.sqrt(trace.fit.log_odds_variance))
        where = (c.voltage, c.temperature, c.field_out_of_plane, c.field_in_plane)
        card = with_log_odds(card, odds, *where, source)
    return trace.on_card(card, source)


def _independent_checks(trace: FittedTrace) -> tuple[list[Estimate], tuple[str, ...]]:
    """Check without the likelihood of the fit: are dwells exponential, how long do readings
    correlate?  What cannot be estimated is left out with the reason."""
    fit, time, signal = trace.fit, trace.time, trace.signal.signal
    p = exponential_test(sample_states(fit, time, signal, trace.integration_time)).p_value
    law = "not exponentially distributed" if p < NOT_EXPONENTIAL else "consistent with exponential"
    remarks = [f"dwells are {law} (p = {p:.2g})"]
    estimates = []
    for estimate in (autocorrelation_time, corner_frequency):
        try:
            estimates.append(estimate(time, signal, fit.low))
        except SmtjError as error:
            remarks.append(str(error))
    if estimates:
        relaxation = fit.relaxation_time
        remarks.append(
            f"the fitted dwell times imply a relaxation time of {relaxation:.3g} s and a corner "
            f"frequency of {1 / (2 * math.pi * relaxation):.3g} Hz"
        )
    return estimates, tuple(dict.fromkeys(remarks))


def _dwell_times(fit: TraceFit) -> list[Estimate]:
    return [
        Estimate(f"dwell time {state}", f"τ_{state}", tau, tau * error, interval, "s", "s")
        for state, tau, error, interval in zip(
            ("high", "low"),
            (fit.dwell_high, fit.dwell_low),
            np.sqrt(np.diag(fit.log_covariance)),
            fit.intervals(),
            strict=True,
        )
    ]


def _barrier(trace: FittedTrace, context: Context) -> tuple[Measured | None, tuple[str, ...]]:
    """Return Δ from both dwell times and the card's τ0, with a remark on what it rests on."""
    if not context.has_base:
        return None, (NO_ATTEMPT_TIME,)
    attempt = attempt_time(context.card)
    logs = (math.log(trace.fit.dwell_high), math.log(trace.fit.dwell_low))
    try:
        barrier, _ = dwell_times_to_barrier(*logs, trace.fit.log_covariance, attempt)
    except SmtjError as error:
        return None, (str(error),)
    return barrier, (
        f"the stability factor assumes τ0 = {format_scaled(math.exp(attempt.value), 's')} (card "
        f"{context.card.name}), known within a factor of {math.exp(attempt.error):.3g}; traces at "
        "several fields or temperatures would determine both",
    )


def attempt_time(card: DeviceCard) -> Measured:
    """Return ln(τ0/s) of a card; without a standard error it is known to a decade."""
    value = card.thermal.attempt_time
    error = value.standard_error / value if value.standard_error else DECADE
    return Measured(math.log(value), error)


def plot_trace(axes: Any, trace: FittedTrace) -> None:
    """Plot readings, levels and states against time."""
    shown = slice(0, MAX_SHOWN)
    low, high = trace.levels(shown)
    time = trace.time[shown] - trace.time[0]
    axes.plot(time, trace.resistance[shown], ".", color=plot.BLUE, ms=2, label="readings")
    axes.plot(time, low, color=plot.GREY, linewidth=1)
    axes.plot(time, high, color=plot.GREY, linewidth=1, label="levels")
    states = np.where(trace.fit.states[shown] > 0, high, low)
    axes.step(time, states, where="post", color=plot.RED, linewidth=0.7, label="states")
    axes.set_xlabel("Time (s)")
    axes.set_ylabel(r"Resistance $R$ (Ω)")
    axes.legend(loc="lower left", ncols=3, bbox_to_anchor=(0, 1))


def plot_histogram(axes: Any, trace: FittedTrace) -> None:
    """Plot the histogram of all readings, sideways."""
    axes.hist(trace.resistance, bins=60, orientation="horizontal", color=plot.BLUE)
    axes.set_xlabel("Readings")

"""Findings of a resistance trace: states, levels, dwell times, and the barrier behind them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj import plot
from smtj.analysis.card_update.switching import (
    Measured,
    dwell_times_to_barrier,
    with_barrier,
    with_levels,
)
from smtj.analysis.context import (
    Conditions,
    Setting,
    conditions_of,
    integration_time,
)
from smtj.analysis.finding import Part
from smtj.analysis.switching.conductance import ReadingsInShare, fit_resistance
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

if TYPE_CHECKING:
    import xarray as xr

NOT_EXPONENTIAL = 0.001
"""p below which dwells are called not exponential."""
SHOWN = 4000
"""Readings that are drawn at most."""
HINTS = {
    "more than two levels": (
        "; if the resistance jumps as a whole now and then, fit the stretches between one by one"
    ),
    "faster than the sampling": "; sample faster, or measure at several fields for P(high | H)",
}
"""What may be done about a verdict."""


@dataclass(frozen=True, eq=False)
class TraceResult:
    """A trace with its fit."""

    conditions: Conditions
    time: Floats
    """In s."""
    resistance: Floats
    """In ohm."""
    fit: TraceFit
    """Of ``readings``."""
    readings: ReadingsInShare
    """What was fitted: the resistance, or the conductance."""
    window: float
    """Time over which a reading averages, in s."""
    remarks: tuple[str, ...]

    def level(self, state: str) -> Measured:
        """Mean resistance of the ``"high"`` or the ``"low"`` level in ohm."""
        row = 0 if state == "low" else 1
        level = float(np.mean(self.fit.low if state == "low" else self.fit.high))
        middle = self.readings.middle
        value = float(resistance_of(level, middle))
        slope = 1.0 if middle == 0 else (value / middle) ** 2
        return Measured(value, slope * math.sqrt(self.fit.level_covariance[row, row]))


def trace_of(
    known: Mapping[str, float],
    dataset: "xr.Dataset",
    setting: Setting,
    min_switches: int = MIN_SWITCHES,
) -> TraceResult:
    """Fit a trace.

    Parameters
    ----------
    known
        Conditions that the file says.
    dataset
        Readings with ``time`` and ``resistance``.
    setting
        What stands for what the file does not say.
    min_switches
        A trace with fewer is refused.

    Raises
    ------
    DataError
        A column is missing or time does not increase.
    SmtjError
        The trace is too short, or switches too rarely.
    """
    require(dataset, "time", "resistance")
    increasing_time(dataset)
    conditions, remarks = conditions_of(known, dataset, setting)
    window, window_remarks = integration_time(dataset, setting)
    time, resistance = dataset["time"].values, dataset["resistance"].values
    try:
        fit, readings = fit_resistance(
            time, resistance, window, conditions.at_current, min_switches
        )
    except SmtjError as error:
        raise SmtjError(f"{setting.source}: {error}") from None
    every = (*remarks, *window_remarks, *fit.warnings)
    return TraceResult(conditions, time, resistance, fit, readings, window, every)


def trace_part(result: TraceResult, setting: Setting) -> Part:
    """Say what a trace shows.

    Raises
    ------
    SmtjError
        It has not two levels between which it switches visibly.
    """
    fit = result.fit
    if fit.verdict != "two levels":
        raise SmtjError(
            f"{setting.source}: the trace does not show two levels with dwell times between them: "
            f"{fit.evidence.sentence}{HINTS.get(fit.verdict, '')}"
        )
    barrier, remarks = _barrier(result, setting)
    checks, seen = _independent_checks(result)
    levels = {state: result.level(state) for state in ("high", "low")}
    estimates = [
        *_dwell_times(fit),
        Estimate(
            "share of time high", "P", fit.occupancy, fit.occupancy_error,
            fit.occupancy_interval(), "", "",
        ),
        *(
            normal_estimate(f"{state} level", f"R_{state}", *level, "ohm", "ohm")
            for state, level in levels.items()
        ),
    ]  # fmt: skip
    estimates += checks
    if barrier is not None:
        estimates.append(normal_estimate("barrier", "E_b/k_BT", *barrier))
    c = result.conditions

    def onto(card: DeviceCard) -> DeviceCard:
        if barrier is not None:
            card = with_barrier(card, barrier, c.voltage, c.temperature, setting.source)
        return with_levels(
            card,
            levels["high"],
            levels["low"],
            c.voltage,
            c.field_in_plane,
            c.field_out_of_plane,
            setting.source,
        )

    return Part(
        name="trace",
        title=f"{setting.source}: telegraph noise, {fit.switches} switches seen",
        estimates=tuple(estimates),
        remarks=(fit.evidence.sentence, *seen, *result.remarks, *remarks),
        caption=_caption(result),
        draw=lambda path: _draw(path, result),
        onto=onto,
    )


def _independent_checks(result: TraceResult) -> tuple[list[Estimate], tuple[str, ...]]:
    """Look at the trace without the likelihood of the fit: are dwells exponential, how long do
    readings correlate?  What cannot be estimated is left out with the reason."""
    fit, time, signal = result.fit, result.time, result.readings.signal
    states = sample_states(fit, time, signal, result.window)
    p = exponential_test(states).p_value
    remarks = [
        f"dwells {'are not' if p < NOT_EXPONENTIAL else 'may be'} exponentially distributed "
        f"(p = {p:.2g})"
    ]
    estimates = []
    for estimate in (autocorrelation_time, corner_frequency):
        try:
            estimates.append(estimate(time, signal, fit.low))
        except SmtjError as error:
            remarks.append(str(error))
    if estimates:
        remarks.append(
            f"the dwell times of the fit make a correlation time of {fit.relaxation_time:.3g} s "
            f"and a corner frequency of {1 / (2 * math.pi * fit.relaxation_time):.3g} Hz"
        )
    return estimates, tuple(dict.fromkeys(remarks))


def _dwell_times(fit: TraceFit) -> list[Estimate]:
    high, low = fit.intervals()
    errors = np.sqrt(np.diag(fit.log_covariance))
    return [
        Estimate(
            "dwell time high", "τ_high", fit.dwell_high, fit.dwell_high * errors[0], high, "s", "s"
        ),
        Estimate(
            "dwell time low", "τ_low", fit.dwell_low, fit.dwell_low * errors[1], low, "s", "s"
        ),
    ]


def _barrier(result: TraceResult, setting: Setting) -> tuple[Measured | None, tuple[str, ...]]:
    """Return Δ from both dwell times and the card's τ0, with a remark on what it rests on."""
    attempt = attempt_time(setting.card)
    logs = (math.log(result.fit.dwell_high), math.log(result.fit.dwell_low))
    try:
        barrier, _ = dwell_times_to_barrier(*logs, result.fit.log_covariance, attempt)
    except SmtjError as error:
        return None, (str(error),)
    factor = math.exp(attempt.error)
    return barrier, (
        f"the barrier rests on τ0 = {math.exp(attempt.value):.3g} s of card {setting.card.name}, "
        f"taken to be known within a factor of {factor:.3g}; traces at several fields or "
        "temperatures would tell both",
    )


def attempt_time(card: DeviceCard) -> Measured:
    """Return ln(τ0/s) of a card; its error is a decade where the card says none."""
    value = card.thermal.attempt_time
    error = value.standard_error / value if value.standard_error else DECADE
    return Measured(math.log(value), error)


def _draw(path: Path, result: TraceResult) -> list[Path]:
    fit, shown = result.fit, slice(0, SHOWN)
    low, high = (result.readings.resistance(level)[shown] for level in (fit.low, fit.high))
    time = result.time[shown] - result.time[0]
    with plot.figure(7.0, 2.8, ncols=2, width_ratios=(3, 1), sharey=True) as (fig, (left, right)):
        left.plot(time, result.resistance[shown], ".", color=plot.BLUE, ms=2, label="readings")
        left.plot(time, low, color=plot.GREY, linewidth=1)
        left.plot(time, high, color=plot.GREY, linewidth=1, label="levels")
        states = np.where(fit.states[shown] > 0, high, low)
        left.step(time, states, where="post", color=plot.RED, linewidth=0.7, label="states")
        left.set_xlabel("Time (s)")
        left.set_ylabel(r"Resistance $R$ (Ω)")
        left.legend(loc="lower left", ncols=3, bbox_to_anchor=(0, 1))
        right.hist(result.resistance, bins=60, orientation="horizontal", color=plot.BLUE)
        right.set_xlabel("Readings")
        return plot.save(fig, path)


def _caption(result: TraceResult) -> str:
    cut = f"the first {SHOWN} of " if result.time.size > SHOWN else ""
    return (
        f"Dots: {cut}{result.time.size} readings. Lines: levels and most probable states by "
        "maximum likelihood of a two-state process that is sampled, or averaged over the "
        "integration time of a reading, with noise, drift and outliers. Right: histogram of all "
        "readings."
    )

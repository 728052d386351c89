"""Resistance traces: states, levels, dwell times, and the barrier behind them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import (
    Levels,
    Measured,
    dwell_times_to_barrier,
    with_barrier,
    with_levels,
    with_log_odds,
)
from smtj.analysis.context import Context, OperatingConditions, averaging, conditions_of
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import trace_behaviour, trace_measured
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.stats.estimate import DECADE, Estimate, normal_estimate
from smtj.inference.stats.logistic import agreement
from smtj.inference.telegraph.checks.told import CONTRADICTED
from smtj.inference.telegraph.diagnostics import (
    autocorrelation_time,
    corner_frequency,
    exponential_test,
)
from smtj.inference.telegraph.fit import fit_trace, sample_states
from smtj.inference.telegraph.remarks import NOISE_OF_HIGH
from smtj.inference.telegraph.result import Level, Times, TraceFit
from smtj.measurement import increasing_time, require
from smtj.measurement.conditions import SAME
from smtj.physics.resistance import linear_in_occupancy
from smtj.typing import Floats
from smtj.units import format_scaled, suitable_unit

if TYPE_CHECKING:
    import xarray as xr

NOT_EXPONENTIAL = 0.001
"""p below which dwells are called not exponential."""
MIN_SWITCHES = 10
"""Below which blocks of a trace tell nothing of its memory."""
MAX_CHECKED = 1 << 17
"""Readings of which the memory and the spectrum are estimated."""
WORTH_SHOWING = 0.05
"""By how much times between crossings must be shorter than dwell times to be shown beside them."""
MAX_SHOWN = 4000
"""Readings that are plotted."""
NO_ATTEMPT_TIME = (
    "no stability factor is given: it rests on τ0, which the data do not determine; name the "
    "card of the device, e.g. --base my_card.toml"
)


@dataclass(frozen=True, eq=False)
class FittedTrace:
    """A trace with its fit."""

    conditions: OperatingConditions
    time: Floats
    """In s."""
    resistance: Floats
    """In ohm."""
    fit: TraceFit
    """In ohm; of readings of a current, on the scale of :attr:`signal`."""
    assumptions: tuple[str, ...]
    """Remarks on what the file does not state."""
    middle: float | None = None
    """R0 in ohm, if the readings are those of a current at a held voltage."""
    barrier: Measured | None = None
    """Δ for the τ0 of the base card; None where a scan or τ(T) gives it."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user of the numbers should know."""
        return (*self.assumptions, *self.fit.remarks, *self.fit.warnings)

    @cached_property
    def signal(self) -> Floats:
        """What was fitted, in ohm: R, or 2R0 - R0²/R, which is linear in the current, as are its
        noise and the response of its readout."""
        return _signal(self.resistance, self.middle)

    def in_ohm(self, signal: Floats) -> Floats:
        """Return the resistance at values of :attr:`signal`."""
        return signal if self.middle is None else self.middle**2 / (2 * self.middle - signal)

    def _stretch(self, value: float) -> float:
        """Return the slope of the resistance by :attr:`signal` at a value of it."""
        return 1.0 if self.middle is None else self.middle**2 / (2 * self.middle - value) ** 2

    @property
    def low(self) -> Floats:
        """Low level at each reading."""
        return self.in_ohm(self.fit.low)

    @property
    def high(self) -> Floats:
        """High level at each reading."""
        return self.in_ohm(self.fit.high)

    @property
    def levels(self) -> tuple[Level, ...]:
        """All levels, the lowest first."""
        return tuple(
            replace(
                level,
                value=float(self.in_ohm(np.array(level.value))),
                noise=level.noise * self._stretch(level.value),
            )
            for level in self.fit.levels
        )

    def level(self, state: str) -> Measured:
        """Mean resistance of the ``"high"`` or the ``"low"`` level in ohm."""
        row = 0 if state == "low" else 1
        level = self.fit.low if state == "low" else self.fit.high
        error = math.sqrt(self.fit.level_covariance[row, row])
        stretched = error * self._stretch(float(np.mean(level)))
        return Measured(float(np.mean(self.in_ohm(level))), stretched)

    @property
    def bias(self) -> float:
        """The voltage or the current that was held."""
        c = self.conditions
        return c.voltage / float(np.median(self.resistance)) if c.at_current else c.voltage

    @property
    def state_levels(self) -> Levels:
        """The levels of both states, and where they were measured."""
        c = self.conditions
        fields = (c.field_in_plane, c.field_out_of_plane)
        return Levels(self.level("high"), self.level("low"), c.voltage, *fields)


def with_levels_near(
    card: DeviceCard, traces: Sequence[FittedTrace], middle: FittedTrace, source: str
) -> DeviceCard:
    """Give a card the levels of all traces at the bias of one of them that show two."""
    alike = [
        trace
        for trace in traces
        if trace.fit.verdict == "two levels"
        and math.isclose(trace.bias, middle.bias, rel_tol=SAME)
        and all(0 < trace.level(state).error < math.inf for state in ("high", "low"))
    ]
    return with_levels(card, [one.state_levels for one in alike or [middle]], source)


def fit_readings(
    known: Mapping[str, float],
    dataset: "xr.Dataset",
    context: Context,
    progress: Callable[[int, int], None] | None = None,
) -> FittedTrace:
    """Fit readings with ``time`` and ``resistance``, taken under the ``known`` conditions.

    Raises DataError if a column is missing or time does not increase, and SmtjError if the trace is
    too short.
    """
    require(dataset, "time", "resistance")
    increasing_time(dataset)
    conditions, remarks = conditions_of(known, dataset, context)
    average, assumed = averaging(dataset, context)
    time, resistance = dataset["time"].values, dataset["resistance"].values
    is_positive = bool(np.nanmin(resistance) > 0)
    middle = None
    if is_positive and _is_read_as_current(dataset, conditions):
        middle = float(np.nanmedian(resistance))
    fitted = partial(
        fit_trace,
        time,
        _signal(resistance, middle),
        bandwidth=context.bandwidth,
        # At a constant voltage the current averages over a reading, which is V over its mean.
        averages_inverse=middle is None and is_positive and not conditions.at_current,
        progress=progress,
    )
    fit = fitted(integration_time=average)
    if average is not None and assumed and any(w.startswith(CONTRADICTED) for w in fit.warnings):
        # Nobody gave it: that of a card must not bend the levels of a file that shows its own.
        fit = fitted(integration_time=None)
        assumed = (
            f"the file states no integration time, and {CONTRADICTED} the {1e3 * average:g} ms of "
            f"card {context.card.name}, so it was sought in them (--integration-time gives it)",
        )
    if middle is not None:
        said = [
            one.replace(NOISE_OF_HIGH, f"in the current, {NOISE_OF_HIGH}") for one in fit.remarks
        ]
        fit = replace(fit, remarks=tuple(said))
    return FittedTrace(conditions, time, resistance, fit, (*remarks, *assumed), middle)


def _signal(resistance: Floats, middle: float | None) -> Floats:
    """Return readings on the scale on which they are fitted (:attr:`FittedTrace.signal`)."""
    return resistance if middle is None else linear_in_occupancy(resistance, False, middle)


def _is_read_as_current(dataset: "xr.Dataset", conditions: OperatingConditions) -> bool:
    """Whether a voltage was held, and the resistances were calculated from readings of a current
    or a conductance."""
    made = dataset.attrs.get("resistance_from")
    is_held = not conditions.at_current and "voltage" not in conditions.assumed
    return made == "1 / conductance" or (made == "voltage / current" and is_held)


def trace_result(
    known: Mapping[str, float],
    dataset: "xr.Dataset",
    context: Context,
    progress: Callable[[int, int], None] | None = None,
) -> FitResult:
    """Fit a trace on its own, which must show levels."""
    trace = fit_readings(known, dataset, context, progress)
    fit = trace.fit
    if not fit.levels:
        raise SmtjError(fit.warnings[0])
    estimates, remarks = _levels(trace), [*trace.remarks]
    if len(fit.levels) == 2:
        estimates.insert(0, _occupancy(fit))
    barrier = None
    if fit.has_dwell_times:
        checks, seen = _independent_checks(trace)
        estimates = [*dwell_times(fit), *estimates, *checks]
        remarks = [*seen, *remarks]
    if fit.verdict == "two levels":
        barrier, said = _barrier(trace, context)
        remarks += said
    if barrier is not None:
        estimates.append(normal_estimate("stability factor", "E_b/k_BT", *barrier))
    cut = f"the first {MAX_SHOWN} of " if trace.time.size > MAX_SHOWN else ""
    return context.result(
        "trace",
        f"telegraph noise, {fit.switches} switches seen",
        replace(trace, barrier=barrier),
        estimates,
        (fit.evidence.sentence, *remarks),
        Picture(
            panels=(plot_trace, plot_histogram),
            caption=(
                f"Dots: {cut}{trace.time.size} readings. Lines: levels and most probable states by "
                "maximum likelihood of a Markov chain with noise, response and baseline as the "
                "readings show them. Right: histogram of all readings."
            ),
            width=7.0,
            subplots={"width_ratios": (3, 1), "sharey": True},
        ),
        verdict=fit.verdict,
        update=_update if fit.verdict == "two levels" else None,
        behaviour=trace_behaviour if fit.verdict == "two levels" else None,
        measured=trace_measured if fit.verdict == "two levels" else None,
    )


def _update(card: DeviceCard, trace: FittedTrace, source: str) -> DeviceCard:
    c = trace.conditions
    if trace.barrier is not None:
        card = with_barrier(card, trace.barrier, c.voltage, c.temperature, source)
        odds = Measured(trace.fit.log_odds, math.sqrt(trace.fit.log_odds_variance))
        where = (c.voltage, c.temperature, c.field_out_of_plane, c.field_in_plane)
        card = with_log_odds(card, odds, *where, source)
    return with_levels(card, [trace.state_levels], source)


def _independent_checks(trace: FittedTrace) -> tuple[list[Estimate], tuple[str, ...]]:
    """Check without the likelihood of the fit: are dwells exponential, how long do readings
    correlate?  What cannot be estimated is left out with the reason."""
    fit, time, signal = trace.fit, trace.time, trace.signal
    if fit.verdict != "two levels":
        return [], ()
    p = exponential_test(sample_states(fit, time, signal)).p_value
    law = (
        "not exponentially distributed"
        if p < NOT_EXPONENTIAL
        else f"{agreement(p)} with exponential"
    )
    remarks = [f"dwells are {law} (p = {p:.2g})"]
    estimates = []
    # The spectrum of a response or of noise with a memory has corners of its own.
    is_plain = not math.isfinite(fit.bandwidth) and fit.chain is not None and not fit.chain.order
    part = slice(0, MAX_CHECKED)
    wanted = (autocorrelation_time, corner_frequency)[: 2 if is_plain else 1]
    for estimate in wanted if fit.switches >= MIN_SWITCHES else ():
        try:
            estimates.append(estimate(time[part], signal[part], fit.low[part]))
        except SmtjError as error:
            remarks.append(str(error))
    if estimates:
        relaxation = fit.relaxation_time
        remarks.append(
            f"the fitted dwell times imply a relaxation time of {format_scaled(relaxation, 's')} "
            f"and a corner frequency of {format_scaled(1 / (2 * math.pi * relaxation), 'Hz')}"
        )
    return estimates, tuple(dict.fromkeys(remarks))


def _occupancy(fit: TraceFit) -> Estimate:
    return Estimate(
        "occupancy of the high state", "P", fit.occupancy, fit.occupancy_error,
        fit.occupancy_interval(), "", "",
    )  # fmt: skip


def _levels(trace: FittedTrace) -> list[Estimate]:
    """Return the two levels with their errors, or those of several with their dwell times."""
    if len(trace.fit.levels) == 2:
        return [
            normal_estimate(f"{state} level", f"R_{state}", *trace.level(state), "ohm", "ohm")
            for state in ("high", "low")
        ]
    found = []
    for number, level in enumerate(trace.levels, 1):
        error = level.noise / math.sqrt(max(level.occupancy * trace.time.size, 1.0))
        found += [
            normal_estimate(f"level {number}", f"R_{number}", level.value, error, "ohm", "ohm"),
            Estimate(f"dwell time at level {number}", f"τ_{number}", level.dwell,
                     level.dwell * math.log(level.dwell_interval[1] / level.dwell) / 1.96,
                     level.dwell_interval, "s", suitable_unit(level.dwell, "s") or "s"),
        ]  # fmt: skip
    return found


def dwell_times(fit: TraceFit) -> list[Estimate]:
    """Return the dwell times, those of each fluctuator, and the times between crossings."""
    if fit.fluctuators:
        return [
            estimate
            for number, times in enumerate(fit.fluctuators, 1)
            for estimate in _pair(
                times, f"dwell time {{}} of fluctuator {number}", f"{{}},{number}"
            )
        ]
    if fit.verdict != "two levels":
        return []
    found = _pair(fit.dwells, "dwell time {}", "{}")
    if fit.events.relaxation_time < (1 - WORTH_SHOWING) * fit.dwells.relaxation_time:
        found += _pair(fit.events, "time between crossings, {}", "crossing,{}")
    return found


def _pair(times: Times, name: str, symbol: str) -> list[Estimate]:
    return [
        Estimate(
            name.format(state),
            f"τ_{symbol.format(state)}",
            tau,
            tau * error,
            interval,
            "s",
            suitable_unit(tau, "s") or "s",
        )
        for state, tau, error, interval in zip(
            ("high", "low"),
            (times.high, times.low),
            np.sqrt(np.diag(times.log_covariance)),
            times.intervals(),
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
    low, time = trace.fit.low[shown], trace.time[shown] - trace.time[0]
    values = np.array([level.value for level in trace.fit.levels])
    heights = values - values[0]
    # As pixels, as thousands of dots make a large and slow drawing.
    dots = {"color": plot.BLUE, "ms": 2, "rasterized": True}
    axes.plot(time, trace.resistance[shown], ".", label="readings", **dots)
    for height in heights:
        label = "levels" if height == 0 else None
        axes.plot(time, trace.in_ohm(low + height), color=plot.GREY, linewidth=1, label=label)
    states = trace.in_ohm(low + heights[trace.fit.states[shown]])
    axes.step(time, states, where="post", color=plot.RED, linewidth=0.7, label="states")
    axes.set_xlabel("Time (s)")
    axes.set_ylabel(r"Resistance $R$ (Ω)")
    axes.legend(loc="lower left", ncols=3, bbox_to_anchor=(0, 1))


def plot_histogram(axes: Any, trace: FittedTrace) -> None:
    """Plot the histogram of all readings, sideways."""
    # Counted here, as Matplotlib copies every reading.
    counts, edges = np.histogram(trace.resistance[np.isfinite(trace.resistance)], bins=60)
    axes.stairs(counts, edges, orientation="horizontal", fill=True, color=plot.BLUE)
    axes.set_xlabel("Readings")

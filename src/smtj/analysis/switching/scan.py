"""Traces at several fields: the sigmoid P(high | H), and ln τ(H) behind it.

Where a trace shows its levels, its hidden Markov fit gives the log-odds and their error.  Where
one state is visited rarely or for less than the integration time, its levels come from the other
fields, and the mean reading gives the occupancy.  Where no trace shows its levels, the mean
readings of all fields are fitted together (:mod:`smtj.inference.sigmoid.from_means`).
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj import plot
from smtj.analysis.card_update import measured, with_barrier_and_attempt_time, with_sigmoid
from smtj.analysis.context import Context
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import scan_behaviour, scan_measured
from smtj.analysis.switching.trace import (
    NO_ATTEMPT_TIME,
    FittedTrace,
    attempt_time,
    dwell_times,
    with_levels_near,
)
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.barrier.neel_brown import BarrierFit, fit_barrier
from smtj.inference.sigmoid.fit import SigmoidFit
from smtj.inference.sigmoid.from_means import MeanScanFit, fit_scan_of_means, mean_with_error
from smtj.inference.sigmoid.from_traces import fit_scan
from smtj.inference.stats.estimate import Estimate
from smtj.measurement.format.messages import listed, quoted
from smtj.physics.resistance import linear_in_occupancy
from smtj.typing import Floats
from smtj.units import Oe, format_quantity, format_with_error

LISTED = 12
"""Fields up to which the dwell times of each are printed; the picture and a card have all."""
MIN_SWITCHES = 20
"""A trace with fewer contributes only its occupancy to P(H), and nothing to ln τ(H)."""


@dataclass(frozen=True, eq=False)
class FittedScan:
    """Traces at several fields under otherwise equal conditions, with the sigmoid."""

    traces: tuple[FittedTrace, ...]
    along: str
    """``"field_out_of_plane"`` or ``"field_in_plane"``."""
    field: Floats
    """In A/m."""
    log_odds: Floats
    """ln(τ_high/τ_low) at each field; NaN where too few switches were seen."""
    variance: Floats
    occupancy: Floats
    """Fraction of time in the high state at each field."""
    sigmoid: SigmoidFit | MeanScanFit
    barrier: BarrierFit | None
    """From the dwell times; None if they do not determine it."""
    remarks: tuple[str, ...]

    @property
    def shown(self) -> list[int]:
        """Numbers of the traces that show both levels and how they switch."""
        return (
            [i for i, trace in enumerate(self.traces) if _conclusive(trace)]
            if self.resolved
            else []
        )

    @property
    def resolved(self) -> bool:
        """Whether the sigmoid is that of dwell times, not of mean readings."""
        return isinstance(self.sigmoid, SigmoidFit)

    @property
    def voltage(self) -> float:
        """Bias in V."""
        return float(np.mean([trace.conditions.voltage for trace in self.traces]))

    @property
    def temperature(self) -> float:
        """T in K."""
        return self.traces[0].conditions.temperature


def fit_traces(traces: list[FittedTrace], context: Context) -> FittedScan:
    """Fit P(high | H) to traces at several fields, and the barrier if their dwell times allow it.

    Raises SmtjError if both fields vary, or if the traces do not form a sigmoid.
    """
    fields = {
        name: np.array([getattr(trace.conditions, name) for trace in traces])
        for name in ("field_out_of_plane", "field_in_plane")
    }
    varied = [name for name, values in fields.items() if np.ptp(values) > 0]
    if len(varied) != 1:
        raise SmtjError(
            f"a scan varies one field, out of plane or in plane, but here {len(varied)} vary"
        )
    field = fields[varied[0]]
    order = np.argsort(field, kind="stable")
    traces, field = [traces[i] for i in order], field[order]
    shown = np.array([_conclusive(trace) for trace in traces])
    sigmoid: SigmoidFit | MeanScanFit
    notes: tuple[str, ...] = ()
    if _resolved(traces, shown):
        odds, variance, occupancy, sigmoid, notes = _from_traces(traces, field, shown, context)
        barrier, remarks = _barrier(traces, field, context)
        notes = (*notes, *_without_dwell_times(traces, field))
    else:
        odds, variance, occupancy, sigmoid = _from_means(traces, field, context)
        # The few fields whose dwell times seem long enough to be seen are so by chance.
        barrier, remarks = (
            None,
            ("the readings show no dwell times, so no stability factor follows",),
        )
    every = dict.fromkeys(remark for trace in traces for remark in trace.assumptions)
    return FittedScan(
        traces=tuple(traces),
        along=varied[0],
        field=field,
        log_odds=odds,
        variance=variance,
        occupancy=occupancy,
        sigmoid=sigmoid,
        barrier=barrier,
        remarks=(*every, *notes, *remarks),
    )


def scan_result(scan: FittedScan, context: Context) -> FitResult:
    """Report a scan."""
    sigmoid, barrier = scan.sigmoid, scan.barrier
    estimates = [*sigmoid.estimates, *(sigmoid.plateaus if isinstance(sigmoid, SigmoidFit) else ())]
    remarks = [sigmoid.verdict, *scan.remarks]
    if barrier is not None:
        estimates += [barrier.stability_factor, barrier.effective_field]
        remarks += barrier.remarks
    estimates += _dwell_times(scan)
    drives = scan.along == context.card.drive_condition
    if not drives and context.has_base:
        plane = "an in-plane" if scan.along == "field_in_plane" else "a perpendicular"
        remarks.append(
            f"card {context.card.name} has no w and H_s of {plane} field, so it is not changed"
        )
    conditions = scan.traces[0].conditions
    known = f", {conditions.text()}" if conditions.text() else ""
    return context.result(
        "scan",
        f"P(high | H) at {len(scan.field)} fields{known}",
        scan,
        estimates,
        remarks,
        Picture((plot_occupancy, plot_dwell_times), _caption(scan), 7.0, 2.9),
        verdict="not a sigmoid" if sigmoid.not_a_sigmoid else "sigmoid",
        update=_update if drives else None,
        behaviour=scan_behaviour,
        measured=scan_measured,
        condition=f"at {conditions.shown_voltage}" if conditions.shown_voltage else "",
    )


def _dwell_times(scan: FittedScan) -> list[Estimate]:
    """Return the dwell times at each field, if they are not too many to be read."""
    if len(scan.shown) > LISTED:
        return []
    conditions = scan.traces[0].conditions
    bias = f", {conditions.shown_voltage}" if conditions.shown_voltage else ""
    return [
        replace(estimate, condition=f"at {round(scan.field[i] / Oe, 9) + 0.0:.4g} Oe{bias}")
        for i in scan.shown
        for estimate in dwell_times(scan.traces[i].fit)
    ]


def _update(card: DeviceCard, scan: FittedScan, source: str) -> DeviceCard:
    w, h_s = (measured(estimate) for estimate in scan.sigmoid.estimates)
    where = (scan.voltage, scan.temperature, source)
    if scan.barrier is not None and scan.barrier.stability_factor.bounded:
        b = scan.barrier
        delta, attempt = measured(b.stability_factor), measured(b.log_attempt_time)
        card = with_barrier_and_attempt_time(card, w, h_s, delta, attempt, *where)
    else:
        card = with_sigmoid(card, w, h_s, *where)
    middle = scan.traces[int(np.argmin(np.abs(scan.field - scan.sigmoid.offset_field)))]
    if middle.fit.verdict != "two levels":
        return card
    return with_levels_near(card, scan.traces, middle, source)


def _without_dwell_times(traces: list[FittedTrace], field: Floats) -> tuple[str, ...]:
    """Say at which fields no dwell times are known, and why."""
    reasons: dict[str, list[str]] = {}
    for trace, h in zip(traces, field, strict=True):
        fit = trace.fit
        if fit.verdict == "two levels" and _conclusive(trace):
            continue
        if fit.verdict == "faster than the sampling":
            reason = "as the device switches faster than it is read"
        elif fit.verdict not in ("one level", "two levels"):
            reason = f"where the trace is judged {quoted(fit.verdict)}"
        elif fit.verdict == "one level" or fit.switches < MIN_SWITCHES:
            reason = f"as fewer than {MIN_SWITCHES} switches are seen"
        else:
            reason = "as a state lasts no longer than a reading averages"
        reasons.setdefault(reason, []).append(format_quantity(h, "A/m", "Oe", 4))
    said = []
    for reason, fields in reasons.items():
        one = list(dict.fromkeys(fields))
        where = listed(one) if len(one) <= LISTED else f"{len(fields)} of {field.size} fields"
        said.append(f"at {where}, {reason}")
    every = "; nor ".join(said)
    return (f"no dwell times are given {every}; P(H) is fitted there, too",) if said else ()


def _conclusive(trace: FittedTrace) -> bool:
    """Whether a trace alone shows both levels and how it switches between them."""
    fit = trace.fit
    if fit.verdict == "faster than the sampling":
        return math.isfinite(fit.log_odds)
    # Visits shorter than a reading show no level, only its product with their length.
    seen = fit.verdict == "two levels" and fit.switches >= MIN_SWITCHES
    return seen and min(fit.dwell_high, fit.dwell_low) > fit.integration_time


def _resolved(traces: list[FittedTrace], shown: NDArray[np.bool_]) -> bool:
    """Whether two traces or more show their levels, one of them near the middle of the sigmoid."""
    return int(shown.sum()) >= 2 and any(
        abs(trace.fit.log_odds) < 1 for trace, ok in zip(traces, shown, strict=True) if ok
    )


def _from_traces(
    traces: list[FittedTrace], field: Floats, shown: NDArray[np.bool_], context: Context
) -> tuple[Floats, Floats, Floats, SigmoidFit, tuple[str, ...]]:
    odds = np.where(shown, [trace.fit.log_odds for trace in traces], math.nan)
    variance = np.where(shown, [trace.fit.log_odds_variance for trace in traces], math.nan)
    occupancy = _occupancies(traces, field, shown)
    duration = [trace.time[-1] - trace.time[0] for trace in traces]
    found = fit_scan(field, odds, variance, occupancy, duration)
    return odds, variance, occupancy, found.sigmoid, found.remarks


def _from_means(
    traces: list[FittedTrace], field: Floats, context: Context
) -> tuple[Floats, Floats, Floats, MeanScanFit]:
    # One scale for all fields, or their means would not lie on one curve.
    middle = float(np.median([np.median(trace.resistance) for trace in traces]))
    signals = [linear_in_occupancy(t.resistance, t.conditions.at_current, middle) for t in traces]
    means = np.array([mean_with_error(signal) for signal in signals])
    try:
        fit = fit_scan_of_means(field, means[:, 0], means[:, 1])
    except SmtjError as error:
        raise SmtjError(
            f"fewer than {MIN_SWITCHES} switches between two visible levels at nearly all of the "
            f"{len(traces)} fields, and {error}"
        ) from None
    occupancy = np.clip(fit.occupancy(field, means[:, 0]), 1e-6, 1 - 1e-6)
    spread = means[:, 1] / (fit.separation[0] + fit.separation[1] * field)
    variance = (spread / (occupancy * (1 - occupancy))) ** 2
    return np.log(occupancy / (1 - occupancy)), variance, occupancy, fit


def _occupancies(traces: list[FittedTrace], field: Floats, shown: NDArray[np.bool_]) -> Floats:
    """Return the occupancy from the fit, or if it sees a single level, from the mean reading.

    A trace that stays at one level except for a few visits, shorter than the time between readings,
    looks like one with outliers.  The levels at the other fields say which level it is, and how far
    a visit reaches.
    """
    low, high = (
        np.interp(
            field,
            field[shown],
            [t.level(state).value for t, ok in zip(traces, shown, strict=True) if ok],
        )
        for state in ("low", "high")
    )
    occupancies = np.empty(field.size)
    for i, trace in enumerate(traces):
        if shown[i]:
            occupancies[i] = trace.fit.occupancy
        else:
            stays_high = float(np.median(trace.resistance)) > (low[i] + high[i]) / 2
            # Its level is its own; the other fields supply the distance of the other level.
            own = trace.high if stays_high and trace.fit.separation > 0 else trace.low
            away = (trace.resistance - own) / (high[i] - low[i])
            # An outlier counts no more than a visit.
            occupancies[i] = min(max(float(np.clip(away, -1, 1).mean()) + stays_high, 0.0), 1.0)
    return occupancies


def _barrier(
    traces: list[FittedTrace], field: Floats, context: Context
) -> tuple[BarrierFit | None, tuple[str, ...]]:
    known = [i for i, t in enumerate(traces) if _conclusive(t) and math.isfinite(t.fit.dwell_high)]
    if len(known) < 2:
        return None, (
            "dwell times are known at fewer than two fields, so no stability factor follows",
        )
    if not context.has_base:
        return None, (NO_ATTEMPT_TIME,)
    fits = [traces[i].fit for i in known]
    attempt = attempt_time(context.card)
    try:
        barrier = fit_barrier(
            field[known],
            [math.log(fit.dwell_high) for fit in fits],
            [math.log(fit.dwell_low) for fit in fits],
            np.array([fit.log_covariance for fit in fits]),
            attempt.value,
            attempt.error,
        )
    except SmtjError as error:
        return None, (f"the dwell times give no stability factor: {error}",)
    return barrier, ()


def plot_occupancy(axes: Any, scan: FittedScan) -> None:
    """Plot occupancy against field with the sigmoid."""
    fine = np.linspace(scan.field[0], scan.field[-1], 300)
    error = np.nan_to_num(np.sqrt(scan.variance) * scan.occupancy * (1 - scan.occupancy))
    bars = {"fmt": "o", "elinewidth": 1, "color": plot.BLUE}
    axes.errorbar(scan.field / Oe, scan.occupancy, error, **bars)
    axes.plot(fine / Oe, scan.sigmoid.probability(fine), color=plot.RED)
    axes.set_xlabel(_field_label(scan))
    axes.set_ylabel(r"Switching probability $P$(high)")


def plot_dwell_times(axes: Any, scan: FittedScan) -> None:
    """Plot dwell times against field with the barrier model."""
    known = [i for i, trace in enumerate(scan.traces) if _conclusive(trace)]
    fits = [scan.traces[i].fit for i in known]
    for row, (state, colour) in enumerate((("high", plot.BLUE), ("low", plot.ORANGE))):
        tau = np.array([fit.dwell_high if row == 0 else fit.dwell_low for fit in fits])
        error = np.sqrt([fit.log_covariance[row, row] for fit in fits])
        seen = np.isfinite(tau) & np.isfinite(error)
        if seen.any():
            tau, error, field = tau[seen], error[seen], scan.field[known][seen] / Oe
            reach = [tau * (1 - np.exp(-error)), tau * (np.exp(error) - 1)]
            label = rf"$\tau_\mathrm{{{state}}}$"
            axes.errorbar(field, tau, reach, fmt="o", color=colour, elinewidth=1, label=label)
    barrier = scan.barrier
    if barrier is not None:
        fine = np.linspace(scan.field[0], scan.field[-1], 300)
        h = np.clip((fine - barrier.offset_field.value) / barrier.effective_field.value, -1, 1)
        for sign in (1, -1):
            log_tau = barrier.log_attempt_time.value + barrier.stability_factor.value * (
                (1 + sign * h) ** 2
            )
            axes.plot(fine / Oe, np.exp(log_tau), color=plot.RED, linewidth=1)
    axes.set_yscale("log")
    axes.set_xlabel(_field_label(scan))
    axes.set_ylabel(r"Dwell time $\tau$ (s)")
    if axes.get_legend_handles_labels()[0]:
        axes.legend()


def _field_label(scan: FittedScan) -> str:
    symbol = r"H_\perp" if scan.along == "field_out_of_plane" else r"H_\parallel"
    if not all(trace.conditions.direction_stated for trace in scan.traces):
        symbol = "H"
    return rf"${symbol}$ (Oe)"


def _caption(scan: FittedScan) -> str:
    fit = scan.sigmoid
    text = (
        "Left: occupancy of the high state at each field with its standard error, and "
        "P(high | H) = 1/{1 + exp[−w (H − H_s)]} by maximum likelihood, "
        f"w = {format_with_error(fit.slope * Oe, fit.slope_error * Oe)} Oe⁻¹, "
        f"H_s = {format_with_error(fit.offset_field / Oe, fit.offset_error / Oe)} Oe. "
        "Right: dwell times of the traces"
    )
    if scan.barrier is None:
        return text + "."
    delta = scan.barrier.stability_factor
    return (
        f"{text}; lines: τ = τ0 exp[Δ (1 ± h)²], h = (H − H_s)/H_k,eff, with "
        f"Δ = {format_with_error(delta.value, delta.error)}."
    )

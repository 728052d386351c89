"""Findings of traces at several fields: the sigmoid P(high | H), and ln τ(H) behind it.

Where a trace shows its levels, its hidden Markov fit gives the log-odds and their error.  Where
one state is visited rarely or for less than the time of a reading, its levels come from the other
fields, and the mean reading gives the share of time.  Where no trace shows its levels, the mean
readings of all fields are fitted together (:mod:`smtj.inference.sigmoid.from_means`).
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smtj import plot
from smtj.analysis.card_update.switching import (
    Measured,
    with_levels,
    with_sigmoid,
    with_sigmoid_and_barrier,
)
from smtj.analysis.context import Setting
from smtj.analysis.finding import Part, unchanged
from smtj.analysis.switching.trace import TraceResult, attempt_time
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.barrier.neel_brown import BarrierFit, fit_barrier
from smtj.inference.sigmoid.fit import SigmoidFit
from smtj.inference.sigmoid.from_means import MeanScanFit, fit_scan_of_means, mean_with_error
from smtj.inference.sigmoid.from_traces import fit_scan
from smtj.physics.resistance import linear_in_occupancy
from smtj.typing import Floats
from smtj.units import Oe, convert

MIN_SWITCHES = 20
"""A trace with fewer enters P(H) by its share of time alone, and ln τ(H) not at all."""


@dataclass(frozen=True, eq=False)
class ScanResult:
    """Traces at several fields under otherwise equal conditions, with the sigmoid."""

    traces: tuple[TraceResult, ...]
    along: str
    """``"field_out_of_plane"`` or ``"field_in_plane"``."""
    field: Floats
    """In A/m."""
    log_odds: Floats
    """ln(τ_high/τ_low) at each field; NaN where too few switches were seen."""
    variance: Floats
    share: Floats
    """Share of time high at each field."""
    sigmoid: SigmoidFit | MeanScanFit
    barrier: BarrierFit | None
    """From the dwell times; None where they do not tell."""
    remarks: tuple[str, ...]

    @property
    def voltage(self) -> float:
        """Bias in V."""
        return float(np.mean([trace.conditions.voltage for trace in self.traces]))

    @property
    def temperature(self) -> float:
        """T in K."""
        return self.traces[0].conditions.temperature


def scan_of(traces: list[TraceResult], setting: Setting) -> ScanResult:
    """Fit P(high | H), and where the dwell times allow it the barrier, to traces at fields.

    Parameters
    ----------
    traces
        Fitted without a least number of switches, at three fields or more.
    setting
        What the data are called, and the card whose τ0 counts.

    Raises
    ------
    SmtjError
        Both fields vary, or the traces do not make a sigmoid.
    """
    fields = {
        name: np.array([getattr(trace.conditions, name) for trace in traces])
        for name in ("field_out_of_plane", "field_in_plane")
    }
    varied = [name for name, values in fields.items() if np.ptp(values) > 0]
    if len(varied) != 1:
        raise SmtjError(
            f"{setting.source}: a scan varies one field, along the normal or in the plane, and "
            f"here {'both' if varied else 'none'} does"
        )
    field = fields[varied[0]]
    order = np.argsort(field, kind="stable")
    traces, field = [traces[i] for i in order], field[order]
    told = np.array([_tells(trace) for trace in traces])
    sigmoid: SigmoidFit | MeanScanFit
    notes: tuple[str, ...] = ()
    if _resolved(traces, told):
        odds, variance, share, sigmoid, notes = _from_traces(traces, field, told, setting)
        barrier, remarks = _barrier(traces, field, setting.card)
    else:
        odds, variance, share, sigmoid = _from_means(traces, field, setting)
        # The few fields whose dwell times seem long enough to be seen are those of a lucky draw.
        barrier, remarks = None, ("its readings tell no dwell times, so no barrier follows",)
    every = dict.fromkeys(
        remark for trace in traces for remark in trace.remarks if "does not say" in remark
    )
    return ScanResult(
        traces=tuple(traces),
        along=varied[0],
        field=field,
        log_odds=odds,
        variance=variance,
        share=share,
        sigmoid=sigmoid,
        barrier=barrier,
        remarks=(*every, *notes, *remarks),
    )


def scan_part(result: ScanResult, setting: Setting) -> Part:
    """Say what a scan shows."""
    sigmoid, barrier = result.sigmoid, result.barrier
    w, h_s = (Measured(e.value, e.error) for e in sigmoid.estimates)
    estimates = list(sigmoid.estimates)
    remarks = [sigmoid.verdict, *result.remarks]
    if barrier is not None:
        estimates += [barrier.stability_factor, barrier.effective_field]
        remarks += barrier.remarks
    perpendicular = result.along == "field_out_of_plane"
    if not perpendicular:
        remarks.append(
            "w and H_s are those of H_par, which a card does not have; it stays as it is"
        )
    middle = result.traces[int(np.argmin(np.abs(result.field - sigmoid.offset_field)))]

    def onto(card: DeviceCard) -> DeviceCard:
        v, t = result.voltage, result.temperature
        if barrier is not None and barrier.stability_factor.bounded:
            delta = Measured(barrier.stability_factor.value, barrier.stability_factor.error)
            card = with_sigmoid_and_barrier(card, w, h_s, delta, v, t, setting.source)
        else:
            card = with_sigmoid(card, w, h_s, v, t, setting.source)
        if middle.fit.verdict != "two levels":
            return card
        c = middle.conditions
        levels = (middle.level("high"), middle.level("low"))
        fields = (c.field_in_plane, c.field_out_of_plane)
        return with_levels(card, *levels, c.voltage, *fields, setting.source)

    return Part(
        name="scan",
        title=(
            f"{setting.source}: P(high | H) at {len(result.field)} fields, "
            f"{convert(result.voltage, 'V', 'mV'):.4g} mV, {result.temperature:g} K"
        ),
        estimates=tuple(estimates),
        remarks=tuple(dict.fromkeys(remarks)),
        caption=_caption(result),
        draw=lambda path: _draw(path, result),
        onto=onto if perpendicular else unchanged,
    )


def _tells(trace: TraceResult) -> bool:
    """Whether a trace shows both levels and how it switches between them by itself."""
    fit = trace.fit
    if fit.verdict == "faster than the sampling":
        return math.isfinite(fit.log_odds)
    # Visits shorter than a reading show no level, only its product with their length.
    seen = fit.verdict == "two levels" and fit.switches >= MIN_SWITCHES
    return seen and min(fit.dwell_high, fit.dwell_low) > trace.window


def _resolved(traces: list[TraceResult], told: NDArray[np.bool_]) -> bool:
    """Whether the traces that show their levels are where the sigmoid is, at two fields or more."""
    return int(told.sum()) >= 2 and any(
        abs(trace.fit.log_odds) < 1 for trace, ok in zip(traces, told, strict=True) if ok
    )


def _from_traces(
    traces: list[TraceResult], field: Floats, told: NDArray[np.bool_], setting: Setting
) -> tuple[Floats, Floats, Floats, SigmoidFit, tuple[str, ...]]:
    odds = np.array(
        [t.fit.log_odds if ok else math.nan for t, ok in zip(traces, told, strict=True)]
    )
    variance = np.array(
        [t.fit.log_odds_variance if ok else math.nan for t, ok in zip(traces, told, strict=True)]
    )
    share = _shares(traces, field, told)
    duration = [trace.time[-1] - trace.time[0] for trace in traces]
    try:
        found = fit_scan(field, odds, variance, share, duration)
    except SmtjError as error:
        raise SmtjError(f"{setting.source}: {error}") from None
    return odds, variance, share, found.sigmoid, found.remarks


def _from_means(
    traces: list[TraceResult], field: Floats, setting: Setting
) -> tuple[Floats, Floats, Floats, MeanScanFit]:
    # One scale for all fields, or their means would not lie on one curve.
    middle = float(np.median([np.median(trace.resistance) for trace in traces]))
    signals = [linear_in_occupancy(t.resistance, t.conditions.at_current, middle) for t in traces]
    means = np.array([mean_with_error(signal) for signal, _ in signals])
    try:
        fit = fit_scan_of_means(field, means[:, 0], means[:, 1])
    except SmtjError as error:
        raise SmtjError(
            f"{setting.source}: fewer than {MIN_SWITCHES} switches between two visible levels "
            f"at nearly all of the {len(traces)} fields, and {error}"
        ) from None
    share = np.clip(fit.occupancy(field, means[:, 0]), 1e-6, 1 - 1e-6)
    spread = means[:, 1] / (fit.separation[0] + fit.separation[1] * field)
    variance = (spread / (share * (1 - share))) ** 2
    return np.log(share / (1 - share)), variance, share, fit


def _shares(traces: list[TraceResult], field: Floats, told: NDArray[np.bool_]) -> Floats:
    """Return the share of time high: from the fit, or where it sees one level, from that level.

    A trace that stays at one level but for a few visits, shorter than the time between readings,
    cannot be told from one with outliers.  The levels of the other fields say which level it is,
    and how far a visit would reach.
    """
    low, high = (
        np.interp(
            field,
            field[told],
            [t.level(state).value for t, ok in zip(traces, told, strict=True) if ok],
        )
        for state in ("low", "high")
    )
    shares = np.empty(field.size)
    for i, trace in enumerate(traces):
        if told[i]:
            shares[i] = trace.fit.occupancy
        else:
            stays_high = float(np.median(trace.resistance)) > (low[i] + high[i]) / 2
            # The level at which it stays is its own; of the other one only the distance is used.
            own = trace.fit.high if stays_high and trace.fit.separation > 0 else trace.fit.low
            level = trace.readings.resistance(own)
            away = (trace.resistance - level) / (high[i] - low[i])
            # An outlier reaches no further than a visit.
            shares[i] = min(max(float(np.clip(away, -1, 1).mean()) + stays_high, 0.0), 1.0)
    return shares


def _barrier(
    traces: list[TraceResult], field: Floats, card: DeviceCard
) -> tuple[BarrierFit | None, tuple[str, ...]]:
    known = [i for i, t in enumerate(traces) if _tells(t) and math.isfinite(t.fit.dwell_high)]
    if len(known) < 2:
        return None, ("the dwell times are known at fewer than two fields, so no barrier follows",)
    fits = [traces[i].fit for i in known]
    attempt = attempt_time(card)
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
        return None, (f"no barrier follows from the dwell times: {error}",)
    return barrier, ()


def _draw(path: Path, result: ScanResult) -> list[Path]:
    field = result.field / Oe
    fit = result.sigmoid
    fine = np.linspace(result.field[0], result.field[-1], 300)
    error = np.sqrt(result.variance) * result.share * (1 - result.share)
    with plot.figure(7.0, 2.9, ncols=2) as (fig, (left, right)):
        bars = {"fmt": "o", "elinewidth": 1}
        left.errorbar(field, result.share, np.nan_to_num(error), color=plot.BLUE, **bars)
        left.plot(fine / Oe, fit.probability(fine), color=plot.RED)
        left.set_ylabel(r"Switching probability $P$(high)")
        for state, colour in (("high", plot.BLUE), ("low", plot.ORANGE)):
            _draw_dwell_times(right, result, state, colour)
        if result.barrier is not None:
            _draw_model(right, result.barrier, fine)
        right.set_yscale("log")
        right.set_ylabel(r"Dwell time $\tau$ (s)")
        if right.get_legend_handles_labels()[0]:
            right.legend()
        symbol = r"H_\perp" if result.along == "field_out_of_plane" else r"H_\parallel"
        for axes in (left, right):
            axes.set_xlabel(rf"${symbol}$ (Oe)")
        return plot.save(fig, path)


def _draw_dwell_times(axes: object, result: ScanResult, state: str, colour: str) -> None:
    row = 0 if state == "high" else 1
    known = [i for i, t in enumerate(result.traces) if _tells(t)]
    fits = [result.traces[i].fit for i in known]
    tau = np.array([fit.dwell_high if row == 0 else fit.dwell_low for fit in fits])
    error = np.sqrt([fit.log_covariance[row, row] for fit in fits])
    seen = np.isfinite(tau) & np.isfinite(error)
    if seen.any():
        field = result.field[known][seen] / Oe
        reach = [tau[seen] * (1 - np.exp(-error[seen])), tau[seen] * (np.exp(error[seen]) - 1)]
        label = rf"$\tau_\mathrm{{{state}}}$"
        axes.errorbar(field, tau[seen], reach, fmt="o", color=colour, elinewidth=1, label=label)  # type: ignore[attr-defined]


def _draw_model(axes: object, barrier: BarrierFit, fine: Floats) -> None:
    h = np.clip((fine - barrier.offset_field.value) / barrier.effective_field.value, -1, 1)
    for sign in (1, -1):
        log_tau = barrier.log_attempt_time.value + barrier.stability_factor.value * (
            (1 + sign * h) ** 2
        )
        axes.plot(fine / Oe, np.exp(log_tau), color=plot.RED, linewidth=1)  # type: ignore[attr-defined]


def _caption(result: ScanResult) -> str:
    fit = result.sigmoid
    text = (
        "Left: share of time in the high state at each field with its standard error, and "
        "P(high | H) = 1/{1 + exp[−w (H − H_s)]} by maximum likelihood, "
        f"w = {fit.slope * Oe:.4f} ± {fit.slope_error * Oe:.4f} Oe⁻¹, "
        f"H_s = {fit.offset_field / Oe:.2f} ± {fit.offset_error / Oe:.2f} Oe. "
        "Right: dwell times of the traces"
    )
    if result.barrier is None:
        return text + "."
    delta = result.barrier.stability_factor
    return (
        f"{text}; lines: τ = τ0 exp[Δ (1 ± h)²], h = (H − H_s)/H_k,eff, with "
        f"Δ = {delta.value:.1f} ± {delta.error:.1f}."
    )

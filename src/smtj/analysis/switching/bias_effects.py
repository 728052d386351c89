"""What a bias does: VCMA, spin torque and heat from dwell times, or P, at several biases.

With a base card by its own law, :class:`smtj.inference.bias.card_law.CardLaw`, and onto it; without
one by the compact law, from dwell times alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import (
    Measured,
    measured,
    with_attempt_time,
    with_barrier,
    with_barrier_and_attempt_time,
    with_coefficient,
)
from smtj.analysis.context import Context, conditions_of
from smtj.analysis.formatting import scatter_for_errors
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.dwell import DRIVES, FittedDrive, log_times_in
from smtj.analysis.switching.trace import with_levels_near
from smtj.card import DeviceCard, Value
from smtj.errors import SmtjError
from smtj.inference.bias.card_estimates import card_estimates
from smtj.inference.bias.card_law import CardLaw, card_law, polarisation
from smtj.inference.bias.compact_law import compact_estimates, compact_law
from smtj.inference.bias.conditions import BiasConditions, bias_conditions
from smtj.inference.bias.joint import JointFit, fit_jointly
from smtj.inference.bias.observed import DwellTimes, HighCounts, Observed, dwell_times, high_counts
from smtj.inference.stats.estimate import Estimate
from smtj.measurement.format.schema import BIASES
from smtj.units import convert, format_scaled

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from smtj.analysis.switching.trace import FittedTrace

MIN_BIASES = 3
FINE = 101
"""Biases at which a fitted curve of P is plotted."""


@dataclass(frozen=True, eq=False)
class FittedEffects:
    """Dwell times or counts under bias with the law that was fitted."""

    conditions: BiasConditions
    observed: Observed
    fit: JointFit
    estimates: tuple[Estimate, ...]
    traces: "tuple[FittedTrace, ...]" = ()
    """The traces they are from, if they are."""

    def estimate(self, symbol: str) -> Measured | None:
        """Return value and error by symbol, None if it was not fitted."""
        return next((measured(e) for e in self.estimates if e.symbol == symbol), None)


def effects_of_traces(
    traces: "Sequence[FittedTrace]", known: "Sequence[Mapping[str, float]]", context: Context
) -> list[FitResult]:
    """Fit what the bias does to the dwell times of traces under different conditions.

    ``known`` are the conditions that their files state.  Returns nothing if their biases are too
    few; and a trace whose dwell times are unknown is left out.
    """
    kinds = {"current" if trace.conditions.at_current else "voltage" for trace in traces}
    shown = [n for n, trace in enumerate(traces) if _has_times(trace)]
    if len(kinds) > 1 or any(traces[n].conditions.direction_stated is False for n in shown):
        return []
    [kind] = kinds
    stated = [known[n].get(kind, context.conditions.get(kind, math.nan)) for n in shown]
    bias = np.array(stated)
    if np.unique(bias[np.isfinite(bias)]).size < MIN_BIASES or not np.isfinite(bias).all():
        return []
    used = [traces[n] for n in shown]
    fits = [trace.fit for trace in used]
    observed = dwell_times(
        np.log([fit.dwell_high for fit in fits]),
        np.log([fit.dwell_low for fit in fits]),
        [fit.log_covariance for fit in fits],
        counted=True,
    )
    levels = np.array([[trace.level(state).value for state in ("high", "low")] for trace in used])
    conditions = bias_conditions(
        kind,
        bias,
        field_in_plane=[trace.conditions.field_in_plane for trace in used],
        field_out_of_plane=[trace.conditions.field_out_of_plane for trace in used],
        temperature=[trace.conditions.temperature for trace in used],
        resistance=levels if np.isfinite(levels).all() and (levels > 0).all() else None,
    )
    return [_result(observed, conditions, context, tuple(used))]


def effects_of_table(
    rows: "pd.DataFrame",
    dataset: "xr.Dataset",
    context: Context,
    times: FittedDrive | None = None,
) -> FitResult:
    """Fit what the bias does to a table of dwell times of both states; ``times`` are these where
    the table has P and a relaxation time."""
    if times is None:
        logs, errors = log_times_in(rows, dataset)
        spread = None if errors is None else errors[..., None] ** 2 * np.eye(2)
    else:
        logs, spread = times.log_dwell_times, times.covariance
    observed = dwell_times(logs[:, 0], logs[:, 1], spread, counted=spread is not None)
    return _result(observed, _conditions(rows, dataset, context), context)


def effects_of_counts(rows: "pd.DataFrame", dataset: "xr.Dataset", context: Context) -> FitResult:
    """Fit what the bias does to P(high), of rows with ``probability`` and ``reads``.

    Raises SmtjError without a base card.
    """
    reads = rows["reads"].to_numpy()
    observed = high_counts(np.round(rows["probability"].to_numpy() * reads), reads)
    return _result(observed, _conditions(rows, dataset, context), context)


def biases_in(rows: "pd.DataFrame") -> str | None:
    """Return which bias has values enough for a fit of what it does."""
    enough = [name for name in BIASES if name in rows and rows[name].nunique() >= MIN_BIASES]
    return enough[0] if len(enough) == 1 else None


def _has_times(trace: "FittedTrace") -> bool:
    return trace.fit.has_dwell_times and math.isfinite(float(trace.fit.log_covariance.sum()))


def _conditions(rows: "pd.DataFrame", dataset: "xr.Dataset", context: Context) -> BiasConditions:
    kind = biases_in(rows)
    if kind is None:
        raise SmtjError(
            f"{MIN_BIASES} voltages or currents are needed for a fit of what the bias does"
        )
    columns = ("field_in_plane", "field_out_of_plane", "temperature")
    stated = {name: rows[name].to_numpy() for name in columns if name in rows}
    first = {name: float(values[0]) for name, values in stated.items()}
    usual, _ = conditions_of({**first, kind: 0.0, "voltage": 0.0}, dataset, context)
    filled = {name: stated.get(name, getattr(usual, name)) for name in columns}
    return bias_conditions(kind, rows[kind].to_numpy(), **filled)


def _result(
    observed: Observed,
    conditions: BiasConditions,
    context: Context,
    traces: "tuple[FittedTrace, ...]" = (),
) -> FitResult:
    if context.has_base:
        fit = fit_jointly(observed, card_law(context.card, conditions, observed))
        estimates = card_estimates(fit)
    else:
        fit = fit_jointly(observed, compact_law(conditions, observed))
        estimates = compact_estimates(fit)
    found = FittedEffects(conditions, observed, fit, estimates, traces)
    many = np.unique(conditions.bias).size
    return context.result(
        "effects",
        f"what the {conditions.kind} does, at {many} values of it",
        found,
        estimates,
        (fit.verdict(), *fit.reasons(), *_rests_on(found, context), *fit.remarks),
        _picture(found),
        update=update_effects if context.has_base else None,
    )


def _rests_on(found: FittedEffects, context: Context) -> list[str]:
    """Return what the fit takes for granted."""
    fit, said = found.fit, []
    if fit.scatter is not None:
        said.append(scatter_for_errors("law", fit.scatter))
    if fit.seen("heat") and fit.values["heat"] < 0:
        said.append(
            "R_th below 0 is no heating: an even part of VCMA, or a torque that bends ln τ more "
            "than the law has it, raises ln τ for both signs of the bias"
        )
    if not context.has_base:
        if fit.error("attempt") >= 1:
            said.append(
                "the barrier, and with it all that is relative to it, assumes an attempt time of "
                "1 ns within a decade; several temperatures would determine it"
            )
        said.append(
            "the compact law Δ(1 ∓ V/V_c) is to first order that of a layer in the plane; with "
            "layer and reference along the normal its V_c is half the voltage at which the well "
            "loses its damping, and what the law misses can pass for VCMA or heating; that of a "
            "card (--base, base=) does not"
        )
        if fit.law.conditions.resistance is None:  # type: ignore[attr-defined]
            said.append("R_th is per squared bias, as no resistances are known")
        return said
    law = fit.law
    assert isinstance(law, CardLaw)
    if law.form:
        said.append(
            f"the data refute the law of card {context.card.name} in a field; what fits has "
            f"{law.form}, which a card does not follow"
        )
    if isinstance(found.observed, DwellTimes) and fit.error("attempt") >= 1:
        tau = format_scaled(float(context.card.thermal.attempt_time), "s")
        said.append(
            f"the barrier assumes τ0 = {tau} (card {context.card.name}) within a factor of "
            f"{math.exp(fit.error('attempt')):.2g}"
        )
    if isinstance(found.observed, HighCounts):
        said.append(
            "P gives the ratio of the dwell times alone: what is not freed, such as the barrier, "
            f"is that of card {context.card.name}, and its errors are not in those here"
        )
    if "torque" in fit.freed:
        said.append(
            f"h_DL and V_c are those for the damping ({float(context.card.magnetism.damping):g}), "
            "the angles and a field-like torque of the card"
        )
    if fit.seen("heat"):
        said.append("an even part of VCMA would look like heating, but for R of both states")
    return said


def update_effects(card: DeviceCard, found: FittedEffects, source: str) -> DeviceCard:
    """Give a card what was fitted."""
    law, fit = found.fit.law, found.fit
    assert isinstance(law, CardLaw)
    delta, offset = found.estimate("E_b/k_BT"), found.estimate("H_s")
    slope = found.estimate("w")
    attempt = None
    if "attempt" in fit.freed:
        attempt = Measured(fit.values["attempt"], fit.error("attempt"))
    if delta is not None and slope is not None and offset is not None and attempt is not None:
        card = with_barrier_and_attempt_time(
            card, slope, offset, delta, attempt, 0.0, law.reference, source
        )
    elif delta is not None:
        own = math.log(card.thermal.attempt_time)
        if attempt is not None and attempt.error < 1:
            card = with_attempt_time(card, attempt, f"ln τ(V) of {source}")
        elif attempt is not None:
            # The sum of Δ and ln τ0 is what was measured.
            delta = Measured(delta.value + attempt.value - own, delta.error)
        card = with_barrier(card, delta, 0.0, law.reference, source)
    if offset is not None:
        text = f"{'ln τ(V)' if isinstance(found.observed, DwellTimes) else 'P(V)'} of {source}"
        card = card.replace({"switching.offset_field": offset.on_card(text)})
    if (xi := found.estimate("ξ")) is not None:
        card = with_coefficient(card, xi, f"ln τ(V) of {source}")
    torque = found.estimate("h_DL")
    if torque is not None and (fit.seen("torque") or card.spin_torque is not None):
        changes = {"spin_torque.damping_like_field_per_volt": torque.on_card(source)}
        if card.spin_torque is None:
            text = "Jullière with the TMR of the card; of no effect beside the field per volt"
            own = Value(polarisation(card), "derived", text)
            changes["spin_torque.polarisation"] = own
        card = card.replace(changes)
    heat = found.estimate("R_th")
    if heat is not None and (fit.seen("heat") or card.thermal.thermal_resistance is not None):
        value = Measured(max(heat.value, 0.0), heat.error)
        card = card.replace({"thermal.thermal_resistance": value.on_card(source)})
    if found.traces:
        middle = int(np.argmin(np.abs(found.conditions.bias)))
        card = with_levels_near(card, found.traces, found.traces[middle], source)
    return card


def _picture(found: FittedEffects) -> Picture:
    if isinstance(found.observed, DwellTimes):
        return Picture(
            (plot_times,),
            "Points: dwell times of both states. Crosses: the law that was fitted, with VCMA, spin "
            "torque and heat, as far as the data determine them.",
        )
    return Picture(
        (plot_counts,),
        "Points: fraction of high reads. Crosses: the law that was fitted, with spin torque, VCMA "
        "and heat, as far as the data determine them.",
    )


def plot_times(axes: Any, found: FittedEffects) -> None:
    """Plot dwell times against bias with the fitted law."""
    assert isinstance(found.observed, DwellTimes)
    x, label = _axis(found)
    for state, name, colour in ((0, "high", plot.BLUE), (1, "low", plot.ORANGE)):
        tau = np.exp(found.observed.log_times[:, state])
        axes.plot(x, tau, "o", color=colour, label=rf"$\tau_\mathrm{{{name}}}$")
        axes.plot(x, np.exp(found.fit.fitted[:, state]), "x", color=colour)
    axes.set_yscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel(r"Dwell time $\tau$ (s)")
    axes.legend()


def plot_counts(axes: Any, found: FittedEffects) -> None:
    """Plot P against bias with the fitted law."""
    assert isinstance(found.observed, HighCounts)
    x, label = _axis(found)
    axes.plot(x, found.observed.high / found.observed.total, "o", color=plot.BLUE)
    odds = found.fit.fitted[:, 0] - found.fit.fitted[:, 1]
    axes.plot(x, 1 / (1 + np.exp(-odds)), "x", color=plot.RED)
    axes.set_xlabel(label)
    axes.set_ylabel("P(high)")


def _axis(found: FittedEffects) -> tuple[Any, str]:
    unit, shown, _, label = DRIVES[found.conditions.kind]
    return found.conditions.bias * convert(1.0, unit, shown), label

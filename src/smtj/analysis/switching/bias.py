"""Scans at several voltages: w(V), the switching model that it supports, and ξ."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import measured, with_coefficient
from smtj.analysis.context import Context
from smtj.analysis.result import FitResult, Picture, Verdict
from smtj.analysis.switching.behaviour import bias_behaviour
from smtj.analysis.switching.scan import FittedScan
from smtj.card import DeviceCard, Value
from smtj.inference.bias.comparison import BiasComparison, compare_bias_models
from smtj.inference.bias.fit import BiasFit
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.typing import Floats
from smtj.units import Oe

MIN_VOLTAGES = 3
CURVE_POINTS = 41
"""Voltages at which the models are plotted."""


@dataclass(frozen=True, eq=False)
class ScansAtVoltages:
    """Scans at several voltages."""

    scans: tuple[FittedScan, ...]

    @property
    def voltage(self) -> Floats:
        """In V, shape (scans,)."""
        return np.array([scan.voltage for scan in self.scans])

    @property
    def slope(self) -> Floats:
        """w and its standard error in 1/(A/m), shape (2, scans)."""
        return np.array([[s.sigmoid.slope, s.sigmoid.slope_error] for s in self.scans]).T


@dataclass(frozen=True, eq=False)
class FittedBias(ScansAtVoltages):
    """Scans at several voltages with the models of w(V)."""

    models: BiasComparison
    coefficient: Estimate | None
    """ξ of the card's own switching model, if it was fitted."""


def bias_result(scans: list[FittedScan], context: Context) -> FitResult:
    """Fit w(V) of scans at one temperature by both models; the card's own model gives ξ.

    Without a base card, w(V) and H_s(V) are straight lines.
    """
    if not context.has_base:
        return _straight_result(scans, context)
    voltage = [scan.voltage for scan in scans]
    slope, error = zip(*((s.sigmoid.slope, s.sigmoid.slope_error) for s in scans), strict=True)
    models = compare_bias_models(voltage, slope, error, context.card, scans[0].temperature)
    own: dict[Verdict, BiasFit] = {
        "cai2019": models.cai2019,
        "self-consistent": models.self_consistent,
    }
    fit = own[context.card.switching.model]
    coefficient = next((e for e in fit.estimates if e.symbol == "ξ"), None)
    return context.result(
        "bias",
        f"slope against bias at {len(scans)} voltages",
        FittedBias(tuple(scans), models, coefficient),
        fit.estimates,
        (
            models.verdict,
            f"model {fit.model}: fitted {', '.join(fit.freed)}; "
            f"from the card: {', '.join(fit.taken_from_card) or 'nothing'}",
            *fit.remarks,
        ),
        Picture((plot_slopes,), caption(models)),
        verdict=next((name for name, model in own.items() if model is models.best), "undecided"),
        update=_update,
        behaviour=bias_behaviour,
    )


def _straight_result(scans: list[FittedScan], context: Context) -> FitResult:
    fit = ScansAtVoltages(tuple(scans))
    lines = bias_behaviour(fit, context.source)
    rows = (
        ("slope at the smallest bias", "w", "slope", "m/A", "1/Oe"),
        ("change of w", "dw/dV", "slope_per_volt", "m/A/V", "1/Oe/V"),
        ("offset field at the smallest bias", "H_s", "midpoint", "A/m", "Oe"),
        ("change of H_s", "dH_s/dV", "midpoint_per_volt", "A/m/V", "Oe/V"),
        ("change of ln τ at H_s", "d ln τ/dV", "log_dwell_time_per_volt", "1/V", "1/V"),
    )
    estimates = []
    for name, symbol, key, *units in rows:
        value = lines.get(f"field_response.{key}")
        if isinstance(value, Value) and value.standard_error is not None:
            estimates.append(
                normal_estimate(name, symbol, float(value), value.standard_error, *units)
            )
    return context.result(
        "bias",
        f"slope against bias at {len(scans)} voltages",
        fit,
        estimates,
        ("no ξ follows without the barrier and the stack of a card: name it by --base (base=)",),
        Picture(
            (plot_line,),
            "Points: slope w of the sigmoid at each voltage with its standard error. Dotted: a "
            "straight line.",
        ),
        behaviour=bias_behaviour,
    )


def _update(card: DeviceCard, fit: FittedBias, source: str) -> DeviceCard:
    if fit.coefficient is None or not fit.coefficient.bounded:
        return card
    return with_coefficient(card, measured(fit.coefficient), f"w(V) of {source}")


def plot_line(axes: Any, fit: ScansAtVoltages) -> None:
    """Plot w against voltage with a straight line."""
    voltage, (slope, error) = fit.voltage, fit.slope * Oe
    axes.errorbar(1e3 * voltage, slope, error, fmt="o", color=plot.BLUE, elinewidth=1)
    line = np.polyval(np.polyfit(voltage, slope, 1, w=1 / error), voltage)
    axes.plot(1e3 * voltage, line, color=plot.GREY, linestyle=":", label="straight line")
    _label_slopes(axes)


def plot_slopes(axes: Any, fit: FittedBias) -> None:
    """Plot w against voltage with both models and a straight line."""
    voltage, (slope, error) = fit.voltage, fit.slope * Oe
    axes.errorbar(1e3 * voltage, slope, error, fmt="o", color=plot.BLUE, elinewidth=1, zorder=5)
    fine = np.linspace(voltage.min(), voltage.max(), CURVE_POINTS)
    for model, colour, style, label in (
        (fit.models.cai2019, plot.RED, "-", "Eq. (5), (6), $H_{k,eff}$ held"),
        (fit.models.self_consistent, plot.GREEN, "--", "self-consistent"),
    ):
        axes.plot(1e3 * fine, model.curve(fine) * Oe, color=colour, linestyle=style, label=label)
    ends = [int(voltage.argmin()), int(voltage.argmax())]
    line = fit.models.line.fitted[ends] * Oe
    axes.plot(1e3 * voltage[ends], line, color=plot.GREY, linestyle=":", label="straight line")
    _label_slopes(axes)


def _label_slopes(axes: Any) -> None:
    axes.set_xlabel(r"Bias voltage $V_\mathrm{bias}$ (mV)")
    axes.set_ylabel(r"Slope $w$ (Oe$^{-1}$)")
    axes.legend()


def caption(models: BiasComparison) -> str:
    """Return the caption of the plot of w(V)."""
    fits = (models.cai2019, models.self_consistent)
    p = " and ".join(f"{fit.p_value:.2g} ({fit.model})" for fit in fits)
    return (
        "Points: slope w of the sigmoid at each voltage with its standard error. Red: "
        "w = 4E_b(V)/(k_BT H_k,eff) with E_b of Eq. (6) and H_k,eff held. Green: exact Boltzmann "
        "occupancy of the same macrospin, in which the barrier drops out. Dotted: a straight "
        f"line. p-values of the models: {p}."
    )

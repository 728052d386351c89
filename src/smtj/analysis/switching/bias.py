"""Findings of scans at several voltages: w(V), which switching model it supports, and ξ."""

from pathlib import Path

import numpy as np

from smtj import plot
from smtj.analysis.card_update.switching import Measured, with_coefficient
from smtj.analysis.context import Setting
from smtj.analysis.finding import Part
from smtj.analysis.switching.scan import ScanResult
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.bias.comparison import BiasComparison, compare_bias_models
from smtj.units import Oe

MIN_VOLTAGES = 3
COEFFICIENT = "ξ"
FINE = 41
"""Voltages at which the models are drawn."""


def bias_of(scans: list[ScanResult], card: DeviceCard, source: str) -> BiasComparison:
    """Fit w(V) by both switching models.

    Parameters
    ----------
    scans
        At three voltages or more, and the temperature of the first.
    card
        Where what w(V) does not tell comes from.
    source
        What the data are called.

    Raises
    ------
    SmtjError
        The slopes cannot be fitted.
    """
    fits = [scan.sigmoid for scan in scans]
    try:
        return compare_bias_models(
            [scan.voltage for scan in scans],
            [fit.slope for fit in fits],
            [fit.slope_error for fit in fits],
            card,
            scans[0].temperature,
        )
    except SmtjError as error:
        raise SmtjError(f"{source}: {error}") from None


def bias_part(scans: list[ScanResult], setting: Setting) -> Part:
    """Say what w(V) shows; the card's own switching model decides what it makes of ξ."""
    found = bias_of(scans, setting.card, setting.source)
    own = {"cai2019": found.cai2019, "self-consistent": found.self_consistent}
    fit = own[setting.card.switching.model]
    coefficient = next((e for e in fit.estimates if e.symbol == COEFFICIENT), None)

    def onto(card: DeviceCard) -> DeviceCard:
        if coefficient is None or not coefficient.bounded:
            return card
        return with_coefficient(
            card, Measured(coefficient.value, coefficient.error), f"w(V) of {setting.source}"
        )

    return Part(
        name="bias",
        title=f"{setting.source}: slope against bias at {len(scans)} voltages",
        estimates=tuple(fit.estimates),
        remarks=(
            found.verdict,
            f"model {fit.model}: freed {', '.join(fit.freed)}; "
            f"taken from the card: {', '.join(fit.taken_from_card) or 'nothing'}",
            *fit.remarks,
        ),
        caption=caption(found),
        draw=lambda path: draw(path, scans, found),
        onto=onto,
    )


def draw(path: Path, scans: list[ScanResult], found: BiasComparison) -> list[Path]:
    """Draw w against voltage with both models and the straight line."""
    voltage = np.array([scan.voltage for scan in scans])
    fine = np.linspace(voltage.min(), voltage.max(), FINE)
    fits = [scan.sigmoid for scan in scans]
    slope = np.array([fit.slope for fit in fits]) * Oe
    error = np.array([fit.slope_error for fit in fits]) * Oe
    with plot.figure(3.4, 2.8) as (fig, axes):
        axes.errorbar(1e3 * voltage, slope, error, fmt="o", color=plot.BLUE, elinewidth=1, zorder=5)
        for model, colour, style, label in (
            (found.cai2019, plot.RED, "-", "Eq. (5), (6), $H_{k,eff}$ held"),
            (found.self_consistent, plot.GREEN, "--", "self-consistent"),
        ):
            w = model.curve(fine) * Oe
            axes.plot(1e3 * fine, w, color=colour, linestyle=style, label=label)
        ends = [int(voltage.argmin()), int(voltage.argmax())]
        line = found.line.fitted[ends] * Oe
        axes.plot(1e3 * voltage[ends], line, color=plot.GREY, linestyle=":", label="straight line")
        axes.set_xlabel(r"Bias voltage $V_\mathrm{bias}$ (mV)")
        axes.set_ylabel(r"Slope $w$ (Oe$^{-1}$)")
        axes.legend()
        return plot.save(fig, path)


def caption(found: BiasComparison) -> str:
    """Say what the picture of w(V) shows."""
    fits = (found.cai2019, found.self_consistent)
    p = " and ".join(f"{fit.p_value:.2g} ({fit.model})" for fit in fits)
    return (
        "Points: slope w of the sigmoid at each voltage with its standard error. Red: "
        "w = 4E_b(V)/(k_BT H_k,eff) with E_b of Eq. (6) and H_k,eff held. Green: exact Boltzmann "
        "occupation of the same macrospin, in which the barrier drops out. Dotted: a straight "
        f"line. p-values of the models: {p}."
    )

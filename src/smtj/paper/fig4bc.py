"""Fig. 4(b) and 4(c): P(high | H) at bias voltages from -200 to 200 mV, and the slope w(V)."""

from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis.context import Setting
from smtj.analysis.switching.bias import FINE, bias_of
from smtj.analysis.switching.bias import caption as caption_of_models
from smtj.analysis.switching.scan import ScanResult, scan_of
from smtj.analysis.switching.trace import trace_of
from smtj.card import DeviceCard
from smtj.inference.bias.comparison import BiasComparison
from smtj.lab import Instrument, voltage_scan
from smtj.measurement import groups
from smtj.physics.device import operating_point
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import Oe

VOLTAGES = np.array([-0.2, -0.1, 0.001, 0.1, 0.2])
"""In V; the paper gives the ends.  For 0 V, 1 mV is applied, so that there is a current to read."""
FIELDS = np.arange(-70, 51, 10.0)
"""H_⊥ in Oe, ours."""
SAMPLES = 1000
"""Readings at each field, as for Fig. 2(c)."""
NOISE = 5.0
"""Standard deviation of a reading in ohm, ours."""


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Scan the field at each voltage, fit the sigmoids, and fit their slopes by both models.

    Parameters
    ----------
    card
        The device.
    out
        Folder of the figure.
    seed
        Seed of the device's history and of the instrument.
    """
    lab = Instrument(noise=NOISE)
    data = voltage_scan(card, VOLTAGES, FIELDS * Oe, SAMPLES, instrument=lab, seed=seed)
    setting = Setting(card, "Fig. 4(b)")
    traces = [trace_of(known, part, setting, 0) for known, part in groups(data)]
    each = len(FIELDS)
    scans = [scan_of(traces[i : i + each], setting) for i in range(0, len(traces), each)]
    naive = [_threshold_slope(card, scan) for scan in scans]
    models = bias_of(scans, card, "Fig. 4(c)")
    return FigureResult(
        name="fig4bc",
        title="Fig. 4(b), 4(c): switching probability and its slope against bias voltage",
        caption=_caption(card, models),
        images=_draw(out / "fig4bc", scans, naive, models),
        numbers=_numbers(scans, naive, models),
        checks=_checks(card, scans, naive, models),
    )


def _threshold_slope(card: DeviceCard, scan: ScanResult) -> float:
    """Return w in 1/Oe of readings counted as high above the middle of the levels."""
    from smtj.inference.sigmoid import fit_sigmoid
    from smtj.physics.junction import state_resistances

    levels = state_resistances(card, 0.0, 0.0, scan.field, scan.voltage)
    middle = (levels.high + levels.low) / 2
    high = [int((t.resistance > m).sum()) for t, m in zip(scan.traces, middle, strict=True)]
    return fit_sigmoid(scan.field, high, SAMPLES).slope * Oe


def _slopes(scans: list[ScanResult]) -> tuple[Floats, Floats]:
    """Return w and its standard error in 1/Oe."""
    fits = [scan.sigmoid for scan in scans]
    return (
        np.array([fit.slope for fit in fits]) * Oe,
        np.array([fit.slope_error for fit in fits]) * Oe,
    )


def _numbers(scans: list[ScanResult], naive: list[float], models: BiasComparison) -> dict[str, Any]:
    slope, error = _slopes(scans)
    return {
        "voltage_V": VOLTAGES.tolist(),
        "field_Oe": FIELDS.tolist(),
        "share_high": [scan.share.tolist() for scan in scans],
        "slope_per_Oe": slope.tolist(),
        "slope_standard_error": error.tolist(),
        "slope_by_threshold_per_Oe": naive,
        "models": {
            fit.model: {
                "freed": list(fit.freed),
                "taken_from_card": list(fit.taken_from_card),
                "estimates": {e.symbol: [e.value, e.error, e.unit] for e in fit.estimates},
                "chi_squared": fit.chi_squared,
                "degrees_of_freedom": fit.degrees_of_freedom,
                "aic": fit.aic,
            }
            for fit in (models.cai2019, models.self_consistent)
        },
        "straight_line_aic": models.line.aic,
        "curvature_p_value": models.curvature_p_value,
    }


def _draw(
    path: Path, scans: list[ScanResult], naive: list[float], models: BiasComparison
) -> list[Path]:
    import matplotlib as mpl

    slope, error = _slopes(scans)
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.85, len(scans)))
    fine = np.linspace(FIELDS[0], FIELDS[-1], 300)
    with plot.figure(7.0, 3.0, ncols=2) as (fig, (left, right)):
        for scan, colour, voltage in zip(scans, colours, VOLTAGES, strict=True):
            spread = np.nan_to_num(np.sqrt(scan.variance) * scan.share * (1 - scan.share))
            left.errorbar(FIELDS, scan.share, spread, fmt="o", color=colour, elinewidth=1)
            line = scan.sigmoid.probability(fine * Oe)
            left.plot(fine, line, color=colour, label=plot.signed(1e3 * round(voltage, 2), "mV"))
        left.set_xlabel(r"Perpendicular field $H_\perp$ (Oe)")
        left.set_ylabel(r"Switching probability $P$(high)")
        left.set_title("(b)", loc="left")
        left.legend(loc="lower right")
        millivolts, between = 1e3 * VOLTAGES, np.linspace(VOLTAGES[0], VOLTAGES[-1], FINE)
        right.errorbar(millivolts, slope, error, fmt="o", color=plot.BLUE, zorder=5, label="fits")
        right.plot(millivolts, naive, "x", color=plot.GREY, label="by threshold")
        for model, colour, style, label in (
            (models.cai2019, plot.RED, "-", "Eq. (5), (6)"),
            (models.self_consistent, plot.GREEN, "--", "self-consistent"),
        ):
            w = model.curve(between) * Oe
            right.plot(1e3 * between, w, color=colour, linestyle=style, label=label)
        right.set_xlabel(r"Bias voltage $V_\mathrm{bias}$ (mV)")
        right.set_ylabel(r"Slope $w$ (Oe$^{-1}$)")
        right.set_title("(c)", loc="left")
        right.legend()
        return plot.save(fig, path)


def _caption(card: DeviceCard, models: BiasComparison) -> str:
    return (
        f"(b) Share of time in the high state from {SAMPLES} readings at each field, "
        f"{card.switching.sampling_interval * 1e3:g} ms apart and each averaging over "
        f"{card.switching.integration_time * 1e3:g} ms, with {NOISE:g} Ω of noise; card "
        f"{card.name}, switching model {card.switching.model}. Lines: sigmoids by maximum "
        f"likelihood. (c) {caption_of_models(models)} Crosses: readings counted by a threshold, "
        "which makes w too steep where the device switches within a reading."
    )


def _checks(
    card: DeviceCard, scans: list[ScanResult], naive: list[float], models: BiasComparison
) -> list[Check]:
    slope, error = _slopes(scans)
    true = np.array([float(operating_point(card, v).slope) * Oe for v in VOLTAGES])
    z = (slope - true) / error
    pairs = " / ".join(f"{w:.3f} ± {e:.3f}" for w, e in zip(slope, error, strict=True))
    xi = next((e for e in models.cai2019.estimates if e.symbol == "ξ"), None)
    shown = (
        f"ξ = {xi.value * 1e15:.1f} ± {xi.error * 1e15:.1f} fJ/(V m), " if xi is not None else ""
    )
    return [
        Check(
            claim="The slope changes with the bias voltage",
            paper="Fig. 4(b), 4(c), no number and no direction in the text",
            ours=f"w = {pairs} Oe⁻¹ at −200 / −100 / 0 / 100 / 200 mV",
            verdict="agrees" if np.abs(z).max() < 4 and abs(models.difference) > 2 else "differs",
            how=(
                f"measured and fitted; {' / '.join(f'{v:+.1f}' for v in z)} standard errors from "
                f"the card's own values; follows the card's model, {card.switching.model}"
            ),
        ),
        Check(
            claim="w(V) «can be well fitted by Eq. (6)»",
            paper="Fig. 4(c)",
            ours=(
                f"p = {models.cai2019.p_value:.2f}; {shown}H_in and E_b taken from the card: w(V) "
                "alone gives their combination only"
            ),
            verdict="consistent" if models.cai2019.p_value > 0.01 else "differs",
            how=f"{models.verdict}",
        ),
        Check(
            claim="w(V) is «nonlinear»",
            paper="Fig. 4(c)",
            ours=f"quadratic term: p = {models.curvature_p_value:.2f}",
            verdict="not supported" if models.curvature_p_value > 0.01 else "agrees",
            how="straight line against parabola through the fitted slopes",
        ),
        Check(
            claim="What counting averaged readings by a threshold does",
            paper="the paper does not say how its readings were counted",
            ours=(
                f"at +200 mV w = {naive[-1]:.3f} instead of {true[-1]:.3f} Oe⁻¹, which would turn "
                "the fall of w(V) into a rise"
                if naive[-1] > true[0]
                else f"at +200 mV w = {naive[-1]:.3f} instead of {true[-1]:.3f} Oe⁻¹"
            ),
            verdict="not tested",
            how="the same readings, high where above the middle of the two levels",
        ),
    ]

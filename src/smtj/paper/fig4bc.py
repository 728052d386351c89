"""Fig. 4(b) and 4(c): P(high | H) at bias voltages from -200 to 200 mV, and the slope w(V)."""

from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis import fit
from smtj.analysis.switching.bias import FittedBias, plot_slopes
from smtj.analysis.switching.bias import caption as caption_of_models
from smtj.analysis.switching.scan import FittedScan
from smtj.card import DeviceCard
from smtj.lab import Instrument, voltage_scan
from smtj.paper.texts import check, figure, instrument_text
from smtj.physics.device import vcma_point
from smtj.report.figure import Check, FigureResult
from smtj.units import Oe

VOLTAGES = np.array([-0.2, -0.1, 0.001, 0.1, 0.2])
"""In V; the paper gives the ends.  1 mV is applied instead of 0 V, to have a current to read."""
FIELDS = np.arange(-70, 51, 10.0)
"""H_⊥ in Oe, ours."""
SAMPLES = 1000
"""Readings at each field, as for Fig. 2(c)."""
NOISE = 5.0
"""Standard deviation of a reading in ohm, ours."""


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Scan the field at each voltage, fit the sigmoids, and fit their slopes by both models."""
    lab = Instrument(noise=NOISE)
    data = voltage_scan(card, VOLTAGES, FIELDS * Oe, SAMPLES, instrument=lab, seed=seed)
    bias: FittedBias = fit(data, card, source="Fig. 4").parts[-1].fit
    naive = [_threshold_slope(card, scan) for scan in bias.scans]
    return figure(
        "fig4bc",
        _draw(out / "fig4bc", bias, naive),
        _numbers(bias, naive),
        _checks(card, bias, naive),
        samples=SAMPLES,
        instrument=instrument_text(card, NOISE),
        model=card.switching.model,
        models=caption_of_models(bias.models),
    )


def _threshold_slope(card: DeviceCard, scan: FittedScan) -> float:
    """Return w in 1/Oe if readings above the middle of the levels count as high."""
    from smtj.inference.sigmoid import fit_sigmoid
    from smtj.physics.junction import state_resistances

    levels = state_resistances(card, 0.0, 0.0, scan.field, scan.voltage)
    middle = (levels.high + levels.low) / 2
    high = [int((t.resistance > m).sum()) for t, m in zip(scan.traces, middle, strict=True)]
    return fit_sigmoid(scan.field, high, SAMPLES).slope * Oe


def _numbers(bias: FittedBias, naive: list[float]) -> dict[str, Any]:
    models, (slope, error) = bias.models, bias.slope * Oe
    return {
        "voltage_V": VOLTAGES.tolist(),
        "field_Oe": FIELDS.tolist(),
        "occupancy": [scan.occupancy.tolist() for scan in bias.scans],
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


def _draw(path: Path, bias: FittedBias, naive: list[float]) -> list[Path]:
    import matplotlib as mpl

    colours = mpl.colormaps["viridis"](np.linspace(0, 0.85, len(bias.scans)))
    fine = np.linspace(FIELDS[0], FIELDS[-1], 300)
    with plot.figure(7.0, 3.0, ncols=2) as (fig, (left, right)):
        for scan, colour, voltage in zip(bias.scans, colours, VOLTAGES, strict=True):
            p = scan.occupancy
            spread = np.nan_to_num(np.sqrt(scan.variance) * p * (1 - p))
            left.errorbar(FIELDS, p, spread, fmt="o", color=colour, elinewidth=1)
            line = scan.sigmoid.probability(fine * Oe)
            left.plot(fine, line, color=colour, label=plot.signed(1e3 * round(voltage, 2), "mV"))
        left.set_xlabel(r"Perpendicular field $H_\perp$ (Oe)")
        left.set_ylabel(r"Switching probability $P$(high)")
        left.set_title("(b)", loc="left")
        left.legend(loc="lower right")
        plot_slopes(right, bias)
        right.plot(1e3 * VOLTAGES, naive, "x", color=plot.GREY, label="by threshold")
        right.set_title("(c)", loc="left")
        right.legend()
        return plot.save(fig, path)


def _checks(card: DeviceCard, bias: FittedBias, naive: list[float]) -> list[Check]:
    models, (slope, error) = bias.models, bias.slope * Oe
    true = np.array([float(vcma_point(card, v).slope) * Oe for v in VOLTAGES])
    z = (slope - true) / error
    pairs = " / ".join(f"{w:.3f} ± {e:.3f}" for w, e in zip(slope, error, strict=True))
    xi = next((e for e in models.cai2019.estimates if e.symbol == "ξ"), None)
    shown = (
        f"ξ = {xi.value * 1e15:.1f} ± {xi.error * 1e15:.1f} fJ/(V m), " if xi is not None else ""
    )
    turn = ", which would turn the fall of w(V) into a rise" if naive[-1] > true[0] else ""
    return [
        check(
            "fig4bc.changes",
            "agrees" if np.abs(z).max() < 4 and abs(models.difference) > 2 else "differs",
            slopes=pairs,
            z=" / ".join(f"{v:+.1f}" for v in z),
            model=card.switching.model,
        ),
        check(
            "fig4bc.eq_6",
            "consistent" if models.cai2019.p_value > 0.01 else "differs",
            p=models.cai2019.p_value,
            xi=shown,
            conclusion=models.verdict,
        ),
        check(
            "fig4bc.nonlinear",
            "not supported" if models.curvature_p_value > 0.01 else "agrees",
            p=models.curvature_p_value,
        ),
        check("fig4bc.threshold", "not tested", naive=naive[-1], true=true[-1], turn=turn),
    ]

"""Fig. 2(d): switching probability against perpendicular field, measured and fitted by a sigmoid.

The virtual instrument reads the device as the paper did, 1000 times in 2 min at every field.  The
hidden Markov fit of each trace gives its log-odds, and those the sigmoid; nothing is taken from
the formula that is to be tested.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis import fit
from smtj.analysis.switching.scan import FittedScan
from smtj.card import DeviceCard
from smtj.inference.sigmoid import variance_inflation
from smtj.lab import Instrument, scan
from smtj.paper.texts import check, figure, instrument_text
from smtj.physics.device import OperatingPoint, vcma_point
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import Oe, mV

SAMPLES = 1000
"""Reads at each field (the paper: "sampling 1000 times in 2 min")."""
FIELDS = np.linspace(-60, 40, 21)
"""H_⊥ in Oe."""
NOISE = 5.0
"""Standard deviation of a reading in ohm, ours."""
PRINTED, CONSISTENT = "cai2019", "self-consistent"


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Measure P(high | H_⊥), fit it, and draw both beside the two switching models."""
    data = scan(card, FIELDS * Oe, SAMPLES, instrument=Instrument(noise=NOISE), seed=seed)
    result: FittedScan = fit(data, card, source="Fig. 2(d)").fit
    models = {name: _model(card, name) for name in _models(card)}
    return figure(
        "fig2d",
        _draw(out / "fig2d", card, result, models),
        _numbers(card, result, models, seed),
        _checks(card, result),
        samples=SAMPLES,
        instrument=instrument_text(card, NOISE),
        model=card.switching.model,
        fit=_fitted(result),
    )


def _fitted(result: FittedScan) -> tuple[float, float, float, float]:
    """Return w and its error in 1/Oe, H_s and its error in Oe."""
    fit = result.sigmoid
    return (fit.slope * Oe, fit.slope_error * Oe, fit.offset_field / Oe, fit.offset_error / Oe)


def _models(card: DeviceCard) -> tuple[str, ...]:
    """Return the switching models that the card has the numbers for."""
    has_field = card.switching.effective_anisotropy_field is not None
    return (PRINTED, CONSISTENT) if has_field else (CONSISTENT,)


def _model(card: DeviceCard, name: str) -> OperatingPoint:
    return vcma_point(card.replace({"switching.model": name}), card.electrical.read_voltage)


def _numbers(
    card: DeviceCard, result: FittedScan, models: dict[str, OperatingPoint], seed: int
) -> dict[str, Any]:
    w, w_error, h_s, h_s_error = _fitted(result)
    return {
        "seed": seed,
        "model": card.switching.model,
        "samples": SAMPLES,
        "field_Oe": FIELDS.tolist(),
        "occupancy": result.occupancy.tolist(),
        "log_odds_variance": [v if math.isfinite(v) else None for v in result.variance.tolist()],
        "fit": {
            "slope_per_Oe": w,
            "slope_standard_error": w_error,
            "offset_Oe": h_s,
            "offset_standard_error": h_s_error,
            "p_value": result.sigmoid.p_value,
        },
        "models": {
            name: {
                "slope_per_Oe": float(point.slope) * Oe,
                "offset_Oe": float(point.offset_field) / Oe,
            }
            for name, point in models.items()
        },
    }


def _draw(
    path: Path, card: DeviceCard, result: FittedScan, models: dict[str, OperatingPoint]
) -> list[Path]:
    occupancy, fit = result.occupancy, result.sigmoid
    w, w_error, _, _ = _fitted(result)
    known = np.isfinite(result.variance)
    odds_error = np.sqrt(np.where(known, result.variance, 0))
    fine = np.linspace(FIELDS[0] - 5, FIELDS[-1] + 5, 400)
    field = fine * Oe
    styles = {
        PRINTED: (plot.GREY, "-", "Eq. (5) as printed"),
        CONSISTENT: (plot.GREEN, "--", "self-consistent"),
    }
    with plot.figure(7.0, 3.0, ncols=2) as (fig, (left, right)):
        for name, point in models.items():
            colour, line, label = styles[name]
            p = np.asarray(point.switching_probability(field))
            wide = {"color": colour, "linestyle": line, "linewidth": 3 if line == "-" else 1.5}
            shown = {**wide, "alpha": 0.45 if line == "-" else 1}
            left.plot(fine, p, label=label, **shown)
            right.plot(
                fine, _log_odds(p), label=f"$w$ = {float(point.slope) * Oe:.3f} Oe⁻¹", **shown
            )
        fitted = fit.probability(field)
        left.plot(fine, fitted, color=plot.RED, linewidth=1.2, label="sigmoid fit")
        right.plot(
            fine,
            _log_odds(fitted),
            color=plot.RED,
            linewidth=1.2,
            label=f"$w$ = {w:.3f} ± {w_error:.3f} Oe⁻¹",
        )
        bars = {"fmt": "o", "color": plot.BLUE, "elinewidth": 1, "capsize": 0, "zorder": 5}
        error = odds_error * occupancy * (1 - occupancy)
        left.errorbar(FIELDS, occupancy, error, label=f"{SAMPLES} reads per field", **bars)
        odds = result.log_odds[known]
        right.errorbar(FIELDS[known], odds, odds_error[known], **bars)
        left.set_ylabel(r"Switching probability $P$(high)")
        right.set_ylabel(r"Log-odds $\ln[P/(1-P)]$")
        left.legend(loc="lower right", bbox_to_anchor=(1.02, 0.05), handlelength=1.8)
        right.legend(loc="upper left", handlelength=1.8)
        right.set_ylim(-10, 11)
        right.yaxis.get_major_locator().set_params(integer=True)
        voltage = card.electrical.read_voltage / mV
        left.set_title(f"(d)  $V_\\mathrm{{bias}}$ = {voltage:g} mV", loc="left")
        right.set_title("the same, as straight lines", loc="left")
        for axes in (left, right):
            axes.set_xlabel(r"Perpendicular field $H_\perp$ (Oe)")
            axes.set_xlim(fine[0], fine[-1])
        return plot.save(fig, path)


def _log_odds(p: Floats) -> Floats:
    return np.log(p) - np.log1p(-p)


def _checks(card: DeviceCard, result: FittedScan) -> list[Check]:
    truth = vcma_point(card, card.electrical.read_voltage)
    fit, fitted = result.sigmoid, _fitted(result)
    w, h_s = float(truth.slope) * Oe, float(truth.offset_field) / Oe
    z_w, z_h = (fitted[0] - w) / fitted[1], (fitted[2] - h_s) / fitted[3]
    high, low = truth.dwell_times(result.field)
    interval = card.switching.sampling_interval
    expected = variance_inflation(np.exp(-interval * (1 / high + 1 / low)))
    at_zero = float(fit.probability(0.0))
    return [
        check("fig2d.sigmoid", "consistent" if fit.p_value > 0.01 else "differs", p=fit.p_value),
        check(
            "fig2d.recovered",
            "agrees" if max(abs(z_w), abs(z_h)) < 3 else "differs",
            fit=fitted,
            w=w,
            h_s=h_s,
            z_w=z_w,
            z_h=z_h,
        ),
        check(
            "fig2d.near_zero",
            "consistent" if fit.slope > 0 and 0.01 < at_zero < 0.99 else "differs",
            p=at_zero,
            h_s=h_s,
        ),
        check(
            "fig2d.enough",
            "consistent",
            minutes=SAMPLES * interval / 60,
            least=SAMPLES / expected.max(),
            most=SAMPLES / expected.min(),
            percent=100 * fitted[1] / abs(fitted[0]),
        ),
    ]

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
from smtj.analysis.context import Setting
from smtj.analysis.switching.scan import ScanResult, scan_of
from smtj.analysis.switching.trace import trace_of
from smtj.card import DeviceCard
from smtj.inference.sigmoid import variance_inflation
from smtj.lab import Instrument, scan
from smtj.measurement import groups
from smtj.physics.device import OperatingPoint, operating_point
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import Oe, convert

SAMPLES = 1000
"""Reads at each field (the paper: "sampling 1000 times in 2 min")."""
FIELDS = np.linspace(-60, 40, 21)
"""H_⊥ in Oe."""
NOISE = 5.0
"""Standard deviation of a reading in ohm, ours."""
PRINTED, CONSISTENT = "cai2019", "self-consistent"


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Measure P(high | H_⊥), fit it, and draw both beside the two switching models.

    Parameters
    ----------
    card
        The device.
    out
        Folder of the figure.
    seed
        Seed of the device's history and of the instrument.
    """
    data = scan(card, FIELDS * Oe, SAMPLES, instrument=Instrument(noise=NOISE), seed=seed)
    setting = Setting(card, "Fig. 2(d)")
    result = scan_of([trace_of(*group, setting, 0) for group in groups(data)], setting)
    models = {name: _model(card, name) for name in _models(card)}
    return FigureResult(
        name="fig2d",
        title="Fig. 2(d): switching probability against perpendicular field",
        caption=_caption(card, result),
        images=_draw(out / "fig2d", card, result, models),
        numbers=_numbers(card, result, models, seed),
        checks=_checks(card, result),
    )


def _fitted(result: ScanResult) -> tuple[float, float, float, float]:
    """Return w and its error in 1/Oe, H_s and its error in Oe."""
    fit = result.sigmoid
    return (
        fit.slope * Oe,
        fit.slope_error * Oe,
        fit.offset_field / Oe,
        fit.offset_error / Oe,
    )


def _models(card: DeviceCard) -> tuple[str, ...]:
    """Return the switching models that the card has the numbers for."""
    has_field = card.switching.effective_anisotropy_field is not None
    return (PRINTED, CONSISTENT) if has_field else (CONSISTENT,)


def _model(card: DeviceCard, name: str) -> OperatingPoint:
    return operating_point(card.replace({"switching.model": name}), card.electrical.read_voltage)


def _slope(point: OperatingPoint) -> float:
    """Return w in 1/Oe."""
    return float(point.slope) * convert(1, "Oe", "A/m")


def _offset(point: OperatingPoint) -> float:
    """Return H_s in Oe."""
    return convert(float(point.offset_field), "A/m", "Oe")


def _numbers(
    card: DeviceCard, result: ScanResult, models: dict[str, OperatingPoint], seed: int
) -> dict[str, Any]:
    w, w_error, h_s, h_s_error = _fitted(result)
    return {
        "seed": seed,
        "model": card.switching.model,
        "samples": SAMPLES,
        "field_Oe": FIELDS.tolist(),
        "share_high": result.share.tolist(),
        "log_odds_variance": [v if math.isfinite(v) else None for v in result.variance.tolist()],
        "fit": {
            "slope_per_Oe": w,
            "slope_standard_error": w_error,
            "offset_Oe": h_s,
            "offset_standard_error": h_s_error,
            "p_value": result.sigmoid.p_value,
        },
        "models": {
            name: {"slope_per_Oe": _slope(point), "offset_Oe": _offset(point)}
            for name, point in models.items()
        },
    }


def _draw(
    path: Path, card: DeviceCard, result: ScanResult, models: dict[str, OperatingPoint]
) -> list[Path]:
    share, fit = result.share, result.sigmoid
    w, w_error, _, _ = _fitted(result)
    known = np.isfinite(result.variance)
    odds_error = np.sqrt(np.where(known, result.variance, 0))
    fine = np.linspace(FIELDS[0] - 5, FIELDS[-1] + 5, 400)
    field = fine * convert(1, "Oe", "A/m")
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
            right.plot(fine, _log_odds(p), label=f"$w$ = {_slope(point):.3f} Oe⁻¹", **shown)
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
        error = odds_error * share * (1 - share)
        left.errorbar(FIELDS, share, error, label=f"{SAMPLES} reads a field", **bars)
        odds = result.log_odds[known]
        right.errorbar(FIELDS[known], odds, odds_error[known], **bars)
        left.set_ylabel(r"Switching probability $P$(high)")
        right.set_ylabel(r"Log-odds $\ln[P/(1-P)]$")
        left.legend(loc="lower right", bbox_to_anchor=(1.02, 0.05), handlelength=1.8)
        right.legend(loc="upper left", handlelength=1.8)
        right.set_ylim(-10, 11)
        right.yaxis.get_major_locator().set_params(integer=True)
        voltage = convert(card.electrical.read_voltage, "V", "mV")
        left.set_title(f"(d)  $V_\\mathrm{{bias}}$ = {voltage:g} mV", loc="left")
        right.set_title("the same, as straight lines", loc="left")
        for axes in (left, right):
            axes.set_xlabel(r"Perpendicular field $H_\perp$ (Oe)")
            axes.set_xlim(fine[0], fine[-1])
        return plot.save(fig, path)


def _log_odds(p: Floats) -> Floats:
    return np.log(p) - np.log1p(-p)


def _caption(card: DeviceCard, result: ScanResult) -> str:
    w, w_error, h_s, h_s_error = _fitted(result)
    return (
        f"Points: share of time in the high state, from {SAMPLES} readings of the virtual "
        f"instrument at each field, {card.switching.sampling_interval * 1e3:g} ms apart, each "
        f"averaging over {card.switching.integration_time * 1e3:g} ms, with {NOISE:g} Ω of noise; "
        f"card {card.name}, switching model {card.switching.model}; bars: one standard error of "
        "the hidden Markov fit, serial correlation included. Red line: "
        "P(high | H⊥) = 1/{1 + exp[−w (H⊥ − H_s)]} fitted by maximum likelihood, with "
        f"w = {w:.4f} ± {w_error:.4f} Oe⁻¹ and H_s = {h_s:.2f} ± {h_s_error:.2f} Oe. "
        "Solid grey line: Eq. (5) as printed, w = 4E_b/(k_BT H_k,eff). Dashed line: exact "
        "Boltzmann occupation of the same macrospin, in which the barrier drops out of w. "
        "Right: log-odds, of which w is the slope. The paper gives no number for w or H_s, and its "
        "points are not published, so that only shape and trend can be compared."
    )


def _checks(card: DeviceCard, result: ScanResult) -> list[Check]:
    truth = operating_point(card, card.electrical.read_voltage)
    fit, fitted = result.sigmoid, _fitted(result)
    w, h_s = _slope(truth), _offset(truth)
    z_w, z_h = (fitted[0] - w) / fitted[1], (fitted[2] - h_s) / fitted[3]
    duration = SAMPLES * card.switching.sampling_interval / 60
    high, low = truth.dwell_times(result.field)
    correlation = np.exp(-card.switching.sampling_interval * (1 / high + 1 / low))
    expected = variance_inflation(correlation)
    at_zero = float(fit.probability(0.0))
    return [
        Check(
            claim="P(high) against H⊥ follows a sigmoid",
            paper="«can be described» by Eq. (5); line of Fig. 2(d)",
            ours=f"p = {fit.p_value:.2f}",
            verdict="consistent" if fit.p_value > 0.01 else "differs",
            how="measured and fitted; our device follows Eq. (2)-(4), so this tests lab and fit",
        ),
        Check(
            claim="The fit gives the slope and offset back",
            paper="no number for w or H_s",
            ours=(
                f"w = {fitted[0]:.4f} ± {fitted[1]:.4f} Oe⁻¹ (true {w:.4f}), H_s = "
                f"{fitted[2]:.2f} ± {fitted[3]:.2f} Oe (true {h_s:.2f})"
            ),
            verdict="agrees" if max(abs(z_w), abs(z_h)) < 3 else "differs",
            how=f"{z_w:+.1f} and {z_h:+.1f} standard errors from the card's own values",
        ),
        Check(
            claim="P(high) rises with H⊥, and both states occur near zero field",
            paper="Fig. 2(b) and 2(d), «appears near zero field»",
            ours=f"w > 0, P(high) = {at_zero:.2f} at zero field, one half at {h_s:.1f} Oe",
            verdict="consistent" if fit.slope > 0 and 0.01 < at_zero < 0.99 else "differs",
            how="the sign is that of the reference layer on the card, chosen to suit the figure",
        ),
        Check(
            claim="1000 readings are enough",
            paper="«sampling 1000 times in 2 min»",
            ours=(
                f"{duration:.1f} min a field; worth {SAMPLES / expected.max():.0f} to "
                f"{SAMPLES / expected.min():.0f} independent reads; w to "
                f"{100 * fitted[1] / abs(fitted[0]):.1f} %"
            ),
            verdict="consistent",
            how=("correlation exp[−Δt(1/τ_high + 1/τ_low)] of successive reads, Eq. (3) and (4)"),
        ),
    ]

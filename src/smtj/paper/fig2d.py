"""Fig. 2(d): switching probability against perpendicular field, sampled and fitted by a sigmoid.

The reads are drawn as the paper took them, 1000 in 2 min at every field, from the two-state
process with the dwell times of Eq. 3 and 4 (:mod:`smtj.paper.scan`).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj import plot
from smtj.card import DeviceCard
from smtj.fit import (
    SigmoidFit,
    estimated_inflation,
    fit_sigmoid,
    inflation_of_correlation,
    wilson_interval,
)
from smtj.paper.figure import Check, FigureResult
from smtj.paper.scan import Scan, scan
from smtj.physics.device import OperatingPoint, operating_point
from smtj.units import convert

SAMPLES = 1000
"""Reads at each field (the paper: "sampling 1000 times in 2 min")."""
FIELDS = np.linspace(-60, 40, 21)
"""H_⊥ in Oe."""
PRINTED, CONSISTENT = "cai2019", "self-consistent"

Floats = NDArray[np.float64]


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Sample P(high | H_⊥), fit it, and draw both beside the two switching models.

    Parameters
    ----------
    card
        The device.
    out
        Folder of the figure.
    seed
        Seed of the reads.
    """
    reads = scan(card, FIELDS * convert(1, "Oe", "A/m"), SAMPLES, seed)
    inflation = estimated_inflation(reads.states)
    # In Oe, in which everyone reads the numbers.
    fit = fit_sigmoid(FIELDS, reads.high, SAMPLES, inflation)
    models = {name: _model(card, name) for name in _models(card)}
    return FigureResult(
        name="fig2d",
        title="Fig. 2(d): switching probability against perpendicular field",
        caption=_caption(card, fit),
        images=_draw(out / "fig2d", card, reads, inflation, fit, models),
        numbers=_numbers(card, reads, inflation, fit, models, seed),
        checks=_checks(card, reads, inflation, fit),
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
    card: DeviceCard,
    reads: Scan,
    inflation: Floats,
    fit: SigmoidFit,
    models: dict[str, OperatingPoint],
    seed: int,
) -> dict[str, Any]:
    return {
        "seed": seed,
        "model": card.switching.model,
        "samples": SAMPLES,
        "field_Oe": FIELDS.tolist(),
        "high": reads.high.tolist(),
        "variance_inflation": inflation.tolist(),
        "fit": {
            "slope_per_Oe": fit.slope,
            "slope_standard_error": fit.slope_error,
            "offset_Oe": fit.offset_field,
            "offset_standard_error": fit.offset_error,
            "deviance": fit.deviance,
            "degrees_of_freedom": fit.degrees_of_freedom,
            "p_value": fit.p_value,
        },
        "models": {
            name: {"slope_per_Oe": _slope(point), "offset_Oe": _offset(point)}
            for name, point in models.items()
        },
    }


def _draw(
    path: Path,
    card: DeviceCard,
    reads: Scan,
    inflation: Floats,
    fit: SigmoidFit,
    models: dict[str, OperatingPoint],
) -> list[Path]:
    share = reads.high / SAMPLES
    low, high = wilson_interval(reads.high, SAMPLES, inflation)
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
        fitted = fit.probability(fine)
        left.plot(fine, fitted, color=plot.RED, linewidth=1.2, label="sigmoid fit")
        right.plot(
            fine,
            _log_odds(fitted),
            color=plot.RED,
            linewidth=1.2,
            label=f"$w$ = {fit.slope:.3f} ± {fit.slope_error:.3f} Oe⁻¹",
        )
        bars = {"fmt": "o", "color": plot.BLUE, "elinewidth": 1, "capsize": 0, "zorder": 5}
        # Rounding can put a Wilson bound 1e-17 on the wrong side of a share of 0 or 1.
        reach = np.clip([share - low, high - share], 0, None)
        left.errorbar(FIELDS, share, reach, label=f"{SAMPLES} reads a field", **bars)
        inner = (reads.high > 0) & (reads.high < SAMPLES)
        odds = _log_odds(share[inner])
        below, above = odds - _log_odds(low[inner]), _log_odds(high[inner]) - odds
        right.errorbar(FIELDS[inner], odds, [below, above], **bars)
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


def _caption(card: DeviceCard, fit: SigmoidFit) -> str:
    interval = card.switching.sampling_interval
    return (
        f"Points: share of high readings among {SAMPLES} at each field, {interval * 1e3:g} ms "
        f"apart, simulated from the card {card.name} (switching model {card.switching.model}); "
        "bars: one standard error, serial correlation of the reads included. Red line: "
        "P(high | H⊥) = 1/{1 + exp[−w (H⊥ − H_s)]} fitted by maximum likelihood, with "
        f"w = {fit.slope:.4f} ± {fit.slope_error:.4f} Oe⁻¹ and "
        f"H_s = {fit.offset_field:.2f} ± {fit.offset_error:.2f} Oe. "
        "Solid grey line: Eq. (5) as printed, w = 4E_b/(k_BT H_k,eff). Dashed line: exact "
        "Boltzmann occupation of the same macrospin, in which the barrier drops out of w. "
        "Right: log-odds, of which w is the slope. The paper gives no number for w or H_s, and its "
        "points are not published, so that only shape and trend can be compared."
    )


def _checks(card: DeviceCard, reads: Scan, inflation: Floats, fit: SigmoidFit) -> list[Check]:
    truth = operating_point(card, card.electrical.read_voltage)
    w, h_s = _slope(truth), _offset(truth)
    z_w, z_h = (fit.slope - w) / fit.slope_error, (fit.offset_field - h_s) / fit.offset_error
    duration = SAMPLES * card.switching.sampling_interval / 60
    expected = inflation_of_correlation(reads.correlation)
    at_zero = float(fit.probability(0.0))
    return [
        Check(
            claim="P(high) against H⊥ follows a sigmoid",
            paper="«can be described» by Eq. (5); line of Fig. 2(d)",
            ours=(
                f"deviance {fit.deviance:.1f} for {fit.degrees_of_freedom} degrees of freedom "
                f"(p = {fit.p_value:.2f})"
            ),
            verdict="consistent" if fit.p_value > 0.01 else "differs",
            how="our points come from Eq. (2)-(4), so this tests the algebra and the fit",
        ),
        Check(
            claim="The fit gives the slope and offset back",
            paper="no number for w or H_s",
            ours=(
                f"w = {fit.slope:.4f} ± {fit.slope_error:.4f} Oe⁻¹ (true {w:.4f}), H_s = "
                f"{fit.offset_field:.2f} ± {fit.offset_error:.2f} Oe (true {h_s:.2f})"
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
                f"{100 * fit.slope_error / abs(fit.slope):.1f} %"
            ),
            verdict="consistent",
            how=(
                "correlation exp[−Δt(1/τ_high + 1/τ_low)] of successive reads, Eq. (3) and (4); "
                "reads taken as instantaneous"
            ),
        ),
    ]

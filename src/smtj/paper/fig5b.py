"""Fig. 5(b): first- and second-order anisotropy fields against bias, and what Eq. 7 leaves out."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis.resonance.anisotropy import plot_fields
from smtj.card import DeviceCard
from smtj.inference.resonance.wells.from_lines import Points, fit_points
from smtj.inference.resonance.wells.model import EQ_7, FixedFields, well_resonances
from smtj.inference.stats.estimate import normal_estimate
from smtj.paper.spectra import FIELDS, PAPER_FIELD, Resonances, resonances
from smtj.paper.texts import check, figure, recovered
from smtj.physics.free_layer import factors, macrospin
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats
from smtj.units import GHz, Oe, mT


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Fit anisotropy fields to virtual spectra at several fields, against the bias."""
    found = resonances(card, seed)
    every = found.fields.voltages
    numbers = {
        "voltage_V": [at.voltage for at in every],
        "field_Oe": FIELDS.tolist(),
        "H_K1_mT": [at.general.anisotropy_field / mT for at in every],
        "H_K1_standard_error_mT": [at.general.error / mT for at in every],
        "H_K2_mT": [at.general.second_order_field / mT for at in every],
        "H_K2_standard_error_mT": [math.sqrt(at.general.covariance[1, 1]) / mT for at in every],
        "H_K1_by_eq_7_at_one_field_mT": [
            at.single.anisotropy_field / mT for at in found.at_one_field
        ],
        "H_K1_by_eq_7_at_all_fields_mT": [at.single.anisotropy_field / mT for at in every],
        "frequency_at_110_Oe_GHz": {
            name: f / GHz for name, f in frequencies_at_paper_field(card).items()
        },
    }
    return figure(
        "fig5b",
        _draw(out / "fig5b", card, found),
        numbers,
        checks(card, found),
        fields=", ".join(f"{h:.0f}" for h in FIELDS),
        shape=in_plane_anisotropy(card) / mT,
        card=card.name,
    )


def frequencies_at_paper_field(card: DeviceCard) -> dict[str, float]:
    """Return f_r in Hz of the deeper well at 110 Oe and 0 V, by Eq. 7 and with what it omits."""
    spin = macrospin(card)
    h_in, tilt = float(spin.in_plane_bias_field), float(spin.easy_axis_tilt)
    fixed = {
        "Eq. (7)": EQ_7,
        "with tilt": FixedFields(0.0, 0.0, tilt),
        "with tilt and H_in": FixedFields(0.0, h_in, tilt),
        "with in-plane anisotropy": FixedFields(in_plane_anisotropy(card), 0.0, 0.0),
    }
    return {name: float(_deepest(card, terms, [110.0])[0]) for name, terms in fixed.items()}


def in_plane_anisotropy(card: DeviceCard) -> float:
    """Return (N_y - N_x) M_s of the card's ellipse in A/m, whatever the card states."""
    n_x, n_y, _ = (float(n) for n in factors(card))
    return (n_y - n_x) * float(card.magnetism.saturation_magnetisation)


def bias_of_eq_7(card: DeviceCard, fixed: FixedFields) -> float:
    """Return the error in A/m of H_K1 by Eq. 7 from the deeper well at the paper's field.

    Without noise, and with the card's H_K2.
    """
    x = np.array([PAPER_FIELD * Oe])
    frequency = _deepest(card, fixed, [PAPER_FIELD])
    near = float(macrospin(card).anisotropy_field)
    second = float(macrospin(card).second_order_field)
    points = Points(x, np.zeros(1), frequency, np.array([1e-6 * float(frequency[0])]))
    fit = fit_points(points, EQ_7, near)
    return fit.anisotropy_field - (near - fit.ratio * second)


def _deepest(card: DeviceCard, fixed: FixedFields, fields: Any) -> Floats:
    """Return f_r in Hz of the deeper well at H∥ in Oe and 0 V."""
    spin, x = macrospin(card), np.asarray(fields) * Oe
    wells = well_resonances(
        float(spin.anisotropy_field), float(spin.second_order_field), fixed, x, np.zeros_like(x)
    )
    return wells.of_deepest(wells.frequency)


def _draw(path: Path, card: DeviceCard, found: Resonances) -> list[Path]:
    with plot.figure(7.0, 3.0, ncols=2) as (fig, (left, right)):
        plot_fields(left, found.fields)
        if not found.at_one_field[0].fixed.is_eq_7:
            left.plot(
                [1e3 * at.voltage for at in found.at_one_field],
                [at.single.anisotropy_field / mT for at in found.at_one_field],
                "s",
                color=plot.GREY,
                markerfacecolor="none",
                label="Eq. (7), −110 Oe alone",
            )
        left.legend(loc="center left")
        left.set_title("(b)", loc="left")
        _draw_models(right, card, found)
        return plot.save(fig, path)


def _draw_models(axes: Any, card: DeviceCard, found: Resonances) -> None:
    """Plot f_r against the field at 0 V: single lines, the fit, and what Eq. 7 leaves out."""
    zero = min(found.fields.voltages, key=lambda at: abs(at.voltage))
    fine = np.linspace(-1000, 1000, 801)
    shape = FixedFields(in_plane_anisotropy(card), 0.0, 0.0)
    for fixed, colour, style, label in (
        (zero.fixed, plot.RED, "-", "fit"),
        (EQ_7, plot.GREY, "--", "Eq. (7)"),
        (shape, plot.GREEN, ":", "Eq. (7) with in-plane anisotropy"),
    ):
        first, second = (
            zero.general.anisotropy_field,
            np.nan_to_num(zero.general.second_order_field),
        )
        wells = well_resonances(first, second, fixed, fine * Oe, np.zeros_like(fine))
        f = wells.of_deepest(wells.frequency)
        axes.plot(fine, f / GHz, style, color=colour, linewidth=1.2, label=label)
    axes.errorbar(
        zero.field_x / Oe,
        zero.points.points.frequency / GHz,
        zero.points.points.error / GHz,
        fmt="o",
        color=plot.BLUE,
        label="single lines, 0 mV",
    )
    axes.set_ylim(0, 3.2)
    axes.set_xlabel(r"In-plane field $H_\parallel$ (Oe)")
    axes.set_ylabel(r"Resonance frequency $f_r$ (GHz)")
    axes.legend(fontsize=7, loc="upper center", ncols=2)


def checks(card: DeviceCard, found: Resonances) -> list[Check]:
    """Compare the paper's statements on Fig. 5(b) with fits of virtual spectra."""
    every = found.fields.voltages
    first, second = found.fields.first, found.fields.second
    assert second is not None  # several fields separate H_K1 and H_K2
    zero = normal_estimate("", "", first.intercept, math.sqrt(first.covariance[0, 0]), "A/m", "mT")
    slope_error = math.sqrt(second.covariance[1, 1])
    z = second.slope / slope_error
    ends = [every[i].general.anisotropy_field / mT for i in (0, -1)]
    source = f"fit of {len(every) * len(FIELDS)} noisy virtual spectra"
    return [
        check(
            "fig5b.decreases",
            "consistent" if first.slope < 0 else "differs",
            first=ends[0],
            last=ends[1],
            source=source,
        ),
        recovered("fig5b.zero", zero, source=source),
        recovered("fig5b.modulation", found.result["-dH_K1/dV"], source=source),
        recovered("fig5b.coefficient", found.result["ξ"], source=source),
        check(
            "fig5b.second",
            "consistent" if abs(z) < 3 else "differs",
            value=second.intercept / mT,
            error=math.sqrt(second.covariance[0, 0]) / mT,
            slope=second.slope / mT,
            slope_error=slope_error / mT,
            source=source,
        ),
        *_eq_7(card, found),
        _shape(card),
    ]


def _eq_7(card: DeviceCard, found: Resonances) -> list[Check]:
    """Check how the tilt affects a fit by Eq. 7."""
    zero, alone = (
        min(some, key=lambda at: abs(at.voltage))
        for some in (found.fields.voltages, found.at_one_field)
    )
    if zero.fixed.is_eq_7:
        return []
    truth = float(macrospin(card).anisotropy_field)
    p = zero.single.p_value
    return [
        check(
            "fig5b.eq_7",
            "not supported",
            found=(alone.single.anisotropy_field - truth) / mT,
            error=alone.single.error / mT,
            both=bias_of_eq_7(card, zero.fixed) / mT,
            tilt=bias_of_eq_7(card, FixedFields(0.0, 0.0, zero.fixed.easy_axis_tilt)) / mT,
            p=f"= {p:.1g}" if p > 1e-12 else "< 1e-12",
            general=(zero.general.anisotropy_field - truth) / mT,
            general_error=zero.general.error / mT,
        )
    ]


def _shape(card: DeviceCard) -> Check:
    frequency = {name: f / GHz for name, f in frequencies_at_paper_field(card).items()}
    printed, shaped = frequency["Eq. (7)"], frequency["with in-plane anisotropy"]
    return check(
        "fig5b.shape",
        "not supported" if abs(shaped / printed - 1) > 0.05 else "consistent",
        printed=printed,
        shaped=shaped,
        shape=in_plane_anisotropy(card) / mT,
        tilted=frequency["with tilt"],
    )

"""ST-FMR of a device: H_K1 and H_K2 at each bias, mT/V and the VCMA coefficient."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import (
    measured,
    with_anisotropy,
    with_damping,
    with_field_per_volt,
)
from smtj.analysis.context import Context, show_voltage
from smtj.analysis.resonance.device import AtVoltage
from smtj.analysis.result import FitResult, Picture
from smtj.card import DeviceCard
from smtj.inference.resonance.coefficients import vcma_estimates
from smtj.inference.resonance.wells.model import well_resonances
from smtj.inference.resonance.wells.result import combination
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.line import LineFit, fit_line
from smtj.typing import Floats
from smtj.units import Oe, format_quantity, mT

MIN_SEPARATE = 3
"""Voltages of which a straight line says more than of all, some with one combination only."""
FREE_ELECTRON = (
    "γ is that of the free electron, 28.02 GHz/T; one that is higher by 1 % lowers the fields by "
    "about 1 %, which the intervals do not include"
)
NO_STACK = (
    "ξ is not given: it needs M_s, t and t_MgO of the device; name its card, e.g. "
    "--base my_card.toml"
)


@dataclass(frozen=True, eq=False)
class FittedFields:
    """Anisotropy fields against voltage (Fig. 5(b)), with straight lines."""

    voltages: tuple[AtVoltage, ...]
    """By rising voltage."""
    first: LineFit
    """H_K1, or the combination that the data fix, in A/m against V."""
    second: LineFit | None
    """H_K2 in A/m against V, if the data separate the two."""
    field_per_volt: Estimate | None
    """-dH_K1/dV, likewise."""
    coefficient: Estimate | None
    """ξ, likewise."""


def device_results(found: list[AtVoltage], context: Context) -> list[FitResult]:
    """Report the resonance at each voltage, and its change with voltage if there are several."""
    result = _resonance_result(found, context)
    if len(found) == 1:
        return [result]
    return [replace(result, update=_update_damping), vcma_result(found, context)]


def _resonance_result(found: list[AtVoltage], context: Context) -> FitResult:
    estimates = tuple(
        replace(estimate, condition=f"at {show_voltage(at.voltage)}")
        for at in found
        for estimate in (*at.general.estimates, *at.damping)
    )
    whole = found[0].whole is not None
    fixed = found[0].fixed
    model = "Eq. (7)"
    if not fixed.is_eq_7:
        model = (
            f"the general resonance with the card's tilt {math.degrees(fixed[2]):.3g}°, "
            f"μ0H_in {fixed[1] / mT:.3g} mT and in-plane anisotropy {fixed[0] / mT:.3g} mT"
        )
    lines = (
        "fitted to whole spectra; dashed if a well is not the deeper one."
        if whole
        else "the deeper well; dashed the other."
    )
    return context.result(
        "resonance",
        "anisotropy fields from resonance",
        tuple(found),
        estimates,
        (
            *_models(found, model, whole),
            FREE_ELECTRON,
            *_below_saturation(found),
            *_once(at.general.remarks for at in found),
            *_once(at.damping_remarks for at in found),
        ),
        Picture(
            (plot_resonance,),
            "Points: frequencies of single lines with their standard errors. "
            f"Lines: {model}, {lines}",
            3.6,
            2.9,
        ),
        verdict="ok" if all(at.general.separable for at in found) else "one combination",
        update=_update,
    )


def vcma_result(found: list[AtVoltage], context: Context) -> FitResult:
    """Fit how the anisotropy fields follow the voltage; two voltages or more."""
    found, left_out = _that_separate(found)
    first, second, per_volt, xi = _line(found, 0), None, None, None
    if all(at.general.separable for at in found):
        second = _line(found, 1)
        per_volt, xi = vcma_estimates(first, context.card)
        estimates = [
            _intercept("anisotropy field at zero bias", "H_K1(0)", first),
            per_volt,
            *([xi] if context.has_base else []),
            _intercept("second-order field at zero bias", "H_K2(0)", second),
            _slope("change of the second-order field", "dH_K2/dV", second, 1),
        ]
        stack = _stack_errors(context.card) if context.has_base else (NO_STACK,)
        remarks = (*left_out, *stack, *first.scatter.remarks, *_constancy(second))
    elif (symbol := _together(found)) == combination(0.0):
        per_volt, xi = vcma_estimates(first, context.card)
        estimates = [
            _intercept("anisotropy field at zero bias", "H_K1(0)", first),
            per_volt,
            *([xi] if context.has_base else []),
        ]
        stack = _stack_errors(context.card) if context.has_base else (NO_STACK,)
        remarks = ("the fields do not determine H_K2", *stack, *first.scatter.remarks)
    else:
        estimates = [
            _intercept(f"{symbol} at zero bias", f"({symbol})(0)", first),
            _slope(f"fall of {symbol} per volt", f"-d({symbol})/dV", first, -1),
        ]
        remarks = (
            f"the fields determine only {symbol}, so neither -dH_K1/dV nor ξ is given; if H_K2 "
            f"does not depend on the voltage, the slope of {symbol} is that of H_K1",
            *first.scatter.remarks,
        )
    return context.result(
        "vcma",
        f"anisotropy fields against bias at {len(found)} voltages",
        FittedFields(tuple(found), first, second, per_volt, xi),
        estimates,
        remarks,
        Picture(
            (plot_fields,),
            "Points: anisotropy fields with their standard errors. Lines: straight lines. "
            "ξ = ½ μ0 M_s (−dH_K1/dV) t t_MgO.",
        ),
        verdict="one combination" if per_volt is None else "ok",
        update=_update_vcma,
    )


def _that_separate(found: list[AtVoltage]) -> tuple[list[AtVoltage], tuple[str, ...]]:
    """Return the voltages whose data separate H_K1 and H_K2, with what is to be said of the others;
    all of them if too few do for a straight line."""
    separate = [at for at in found if at.general.separable]
    others = [at for at in found if not at.general.separable]
    if not others or len(separate) < MIN_SEPARATE:
        return found, ()
    named = ", ".join(show_voltage(at.voltage) for at in others)
    return separate, (
        f"at {named} the lines do not separate H_K1 from H_K2, so "
        f"{'it is' if len(others) == 1 else 'they are'} left out here",
    )


def _together(found: Sequence[AtVoltage]) -> str:
    """Return the symbol of what the data of some voltages fix."""
    return combination(float(np.mean([at.general.ratio for at in found])))


def _nearest(found: Iterable[AtVoltage]) -> AtVoltage:
    """Return the voltage nearest to zero."""
    return min(found, key=lambda at: abs(at.voltage))


def _update(card: DeviceCard, found: tuple[AtVoltage, ...], source: str) -> DeviceCard:
    at = _nearest(found)
    if at.general.separable:
        first, second = map(measured, at.general.estimates[:2])
        card = with_anisotropy(card, first, second, at.voltage, source)
    return _update_damping(card, found, source)


def _update_damping(card: DeviceCard, found: tuple[AtVoltage, ...], source: str) -> DeviceCard:
    return with_damping(card, measured(_nearest(found).damping[0]), f"linewidths of {source}")


def _update_vcma(card: DeviceCard, fit: FittedFields, source: str) -> DeviceCard:
    if fit.field_per_volt is None or fit.coefficient is None:
        return card
    card = with_field_per_volt(
        card, measured(fit.field_per_volt), measured(fit.coefficient), source
    )
    if fit.second is None:
        return card
    first, second = (measured(_intercept("", "", line)) for line in (fit.first, fit.second))
    return with_anisotropy(card, first, second, 0.0, source)


def _fields(found: Iterable[AtVoltage], row: int) -> tuple[Floats, Floats]:
    """Return H_K1 (row 0) or H_K2 (row 1) and standard errors in A/m, shape (voltages,)."""
    fits = [at.general for at in found]
    values = [(fit.anisotropy_field, fit.second_order_field)[row] for fit in fits]
    return np.array(values), np.sqrt([fit.covariance[row, row] for fit in fits])


def _line(found: list[AtVoltage], row: int) -> LineFit:
    """Fit H_K1 (row 0) or H_K2 (row 1) in A/m against voltage in V."""
    voltages = [at.voltage for at in found]
    values, errors = _fields(found, row)
    # The error of the drive moves all voltages together, so it is no scatter about the line.
    count = min(len(at.drive_changes) for at in found)
    shared = np.array([[c[row] for c in at.drive_changes[:count]] for at in found])
    own = np.sqrt(errors**2 - (shared**2).sum(axis=1))
    name = f"H_K{row + 1}(V)"
    line = fit_line(voltages, values, own, name)
    covariance = line.covariance
    for change in shared.T:
        moved = fit_line(voltages, values + change, own, name)
        both = np.array([moved.intercept - line.intercept, moved.slope - line.slope])
        covariance = covariance + np.outer(both, both)
    return replace(line, covariance=covariance)


def _intercept(name: str, symbol: str, line: LineFit) -> Estimate:
    error = math.sqrt(line.covariance[0, 0])
    return normal_estimate(name, symbol, line.intercept, error, "A/m", "mT")


def _slope(name: str, symbol: str, line: LineFit, sign: int) -> Estimate:
    error = math.sqrt(line.covariance[1, 1])
    return normal_estimate(name, symbol, sign * line.slope, error, "A/m/V", "mT/V")


def plot_resonance(axes: Any, found: tuple[AtVoltage, ...]) -> None:
    """Plot frequencies against field, by voltage."""
    import matplotlib as mpl

    colours = mpl.colormaps["viridis"](np.linspace(0, 0.85, len(found)))
    for at, colour in zip(found, colours, strict=True):
        field, points = _signed(at), at.points.points
        label = f"{1e3 * at.voltage:.4g} mV"
        bars = {"fmt": "o", "color": colour, "label": label}
        axes.errorbar(field / Oe, points.frequency / 1e9, points.error / 1e9, **bars)
        _plot_model(axes, at, field, colour)
    axes.set_xlabel(r"Field $H_\mathrm{ext}$ (Oe)")
    axes.set_ylabel(r"Resonance frequency $f_r$ (GHz)")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7)


def plot_fields(axes: Any, fit: FittedFields) -> None:
    """Plot H_K1 and H_K2 against voltage, as in Fig. 5(b)."""
    volts = np.array([at.voltage for at in fit.voltages])
    fine = np.linspace(volts.min(), volts.max(), 50)
    label = "combination" if fit.second is None else r"$\mu_0H_\mathrm{K1}$"
    rows = [(fit.first, plot.BLUE, label), (fit.second, plot.RED, r"$\mu_0H_\mathrm{K2}$")]
    for row, (line, colour, label) in enumerate(rows):
        if line is not None:
            values, errors = _fields(fit.voltages, row)
            bars = {"fmt": "o", "color": colour, "label": label}
            axes.errorbar(1e3 * volts, values / mT, errors / mT, **bars)
            axes.plot(1e3 * fine, line.at(fine) / mT, color=colour)
    axes.set_xlabel(r"Bias voltage $V_\mathrm{bias}$ (mV)")
    axes.set_ylabel("Anisotropy field (mT)")
    axes.legend()


def _plot_model(axes: Any, at: AtVoltage, field: Floats, colour: Any) -> None:
    """Plot both wells over the range of the fields, taken along the largest of them."""
    fit = at.general
    vectors = np.stack([at.field_x, at.field_z], axis=-1)
    largest = np.argmax(np.hypot(at.field_x, at.field_z))
    along = vectors[largest] / np.linalg.norm(vectors[largest])
    along = along if max(along, key=abs) > 0 else -along
    ends = np.array([field.min(), field.max()])
    reach = 0.04 * max(np.ptp(ends), 0.2 * np.abs(ends).max())
    fine = np.linspace(ends[0] - reach, ends[1] + reach, 400)
    second = fit.second_order_field if fit.separable else 0.0
    x, z = fine * along[0], fine * along[1]
    wells = well_resonances(fit.anisotropy_field, second, at.fixed, x, z)
    deepest = wells.of_deepest(wells.frequency) / 1e9
    other = 1 - wells.deepest
    there = wells.exists[np.arange(fine.size), other]
    rest = np.where(there, wells.frequency[np.arange(fine.size), other] / 1e9, np.nan)
    axes.plot(fine / Oe, deepest, color=colour, linewidth=1)
    axes.plot(fine / Oe, rest, color=colour, linewidth=0.8, linestyle="--")


def _signed(at: AtVoltage) -> Floats:
    """Return the field in A/m along its larger component, less a fitted offset."""
    size = np.hypot(at.field_x, at.field_z)
    larger = at.field_x if np.abs(at.field_x).sum() >= np.abs(at.field_z).sum() else at.field_z
    offset = 0.0 if at.general.offset is None else at.general.offset[0]
    return np.where(larger < 0, -size, size) - offset


def _models(found: list[AtVoltage], model: str, whole: bool) -> tuple[str, ...]:
    if found[0].fixed.is_eq_7:
        return (f"fitted by {model}, which is exact for an upright axis",)
    printed = ", ".join(f"{at.single.anisotropy_field / mT:.4g}" for at in found)
    named = "H_K1" if all(at.single.separable for at in found) else "H_K1 less part of H_K2"
    p_values = [at.single.p_value for at in found if math.isfinite(at.single.p_value)]
    fit = f" with p = {min(p_values):.1g}" if p_values else ""
    return (
        f"fitted by {model}" + (", to both wells of whole spectra" if whole else ""),
        f"Eq. (7) as printed, with one line per spectrum, gives {named} = {printed} mT{fit}",
    )


def _below_saturation(found: list[AtVoltage]) -> tuple[str, ...]:
    """Warn of field sweeps that pass more resonances than the one that is fitted."""
    saturation = max(abs(at.general.anisotropy_field) for at in found)
    swept = [line.sweep for at in found for line in at.lines if line.sweep.swept == "field"]
    if all(np.abs(sweep.x).min() >= saturation for sweep in swept):
        return ()
    field = format_quantity(1.2 * saturation, "A/m", "Oe", 2)
    return (
        "the field sweeps include fields at which the layer is not saturated, where a device has "
        "several resonances and its line changes with the field, so the results may be off by more "
        f"than their errors; sweep above {field} only, or sweep the frequency",
    )


def _stack_errors(card: DeviceCard) -> tuple[str, ...]:
    named = {
        "M_s": card.magnetism.saturation_magnetisation,
        "t": card.geometry.free_layer_thickness,
        "t_MgO": card.geometry.tunnel_barrier_thickness,
    }
    missing = [name for name, value in named.items() if value.standard_error is None]
    if not missing:
        return ()
    return (
        f"the error of ξ does not include {', '.join(missing)}, for which card {card.name} states "
        "no standard error",
    )


def _constancy(second: LineFit) -> tuple[str, ...]:
    z = second.slope / math.sqrt(second.covariance[1, 1])
    verdict = "does not change with the voltage within its error" if abs(z) < 2 else "changes"
    return (f"H_K2 {verdict}: its slope is {z:+.1f} standard errors from 0",)


def _once(remarks: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return remarks that differ only in their numbers once, as first met."""
    first: dict[str, str] = {}
    for remark in (remark for some in remarks for remark in some):
        first.setdefault(re.sub(r"[\d.]+", "0", remark), remark)
    return tuple(first.values())

"""Findings of ST-FMR of a device: H_K1 and H_K2 at each bias, mT/V and the VCMA coefficient."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update.resonance import with_anisotropy, with_damping, with_field_per_volt
from smtj.analysis.card_update.switching import Measured
from smtj.analysis.context import Setting
from smtj.analysis.finding import Part
from smtj.analysis.resonance.device import AtVoltage
from smtj.card import DeviceCard
from smtj.inference.resonance.coefficients import vcma_estimates
from smtj.inference.resonance.wells.model import well_resonances
from smtj.inference.resonance.wells.result import combination
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.line import LineFit, fit_line
from smtj.typing import Floats
from smtj.units import Oe, format_quantity, mT


def kittel_parts(found: list[AtVoltage], setting: Setting) -> list[Part]:
    """Say what the resonance shows at each voltage, and of two voltages or more how it moves.

    Parameters
    ----------
    found
        By rising voltage, one or more.
    setting
        What the data are called, and the card to start from.
    """
    parts = [_anisotropy_part(found, setting)]
    if len(found) > 1:
        parts = [replace(parts[0], onto=_damping_onto(found, setting)), vcma_part(found, setting)]
    return parts


def _anisotropy_part(found: list[AtVoltage], setting: Setting) -> Part:
    estimates = tuple(
        estimate
        for at in found
        for estimate in _renamed((*at.general.estimates, *at.damping), _where(at))
    )
    general = not found[0].fixed.is_eq_7
    whole = found[0].whole is not None
    nearest = min(found, key=lambda at: abs(at.voltage))

    def onto(card: DeviceCard) -> DeviceCard:
        fit = nearest.general
        if fit.separable:
            first, second = (Measured(e.value, e.error) for e in fit.estimates[:2])
            card = with_anisotropy(card, first, second, nearest.voltage, setting.source)
        return _damping_onto(found, setting)(card)

    model = (
        f"the general resonance with the card's tilt {math.degrees(found[0].fixed[2]):.3g}°, "
        f"μ0H_in {found[0].fixed[1] / mT:.3g} mT and in-plane anisotropy "
        f"{found[0].fixed[0] / mT:.3g} mT"
        if general
        else "Eq. (7)"
    )
    return Part(
        name="resonance",
        title=f"{setting.source}: anisotropy fields from resonance",
        estimates=estimates,
        remarks=(
            *_models(found, model, whole),
            *_below_saturation(found),
            *_once(at.general.remarks for at in found),
            *_once(at.damping_remarks for at in found),
        ),
        caption=(
            f"Points: frequencies of single lines with their standard errors. Lines: {model}, "
            + (
                "fitted to whole spectra; dashed where a well is not the deeper one."
                if whole
                else "the deeper well; dashed the other."
            )
        ),
        draw=lambda path: draw_resonance(path, found),
        onto=onto,
    )


def vcma_part(found: list[AtVoltage], setting: Setting) -> Part:
    """Say how the anisotropy fields follow the voltage (Fig. 5(b)); two voltages or more."""
    line = field_line(found)
    separable = all(at.general.separable for at in found)
    card = setting.card
    estimates: list[Estimate]
    if separable:
        second = second_line(found)
        per_volt, xi = vcma_estimates(line, card)
        estimates = [
            normal_estimate(
                "anisotropy field at zero bias", "H_K1(0)", *_at_zero(line), "A/m", "mT"
            ),
            per_volt,
            xi,
            normal_estimate(
                "second-order field at zero bias", "H_K2(0)", *_at_zero(second), "A/m", "mT"
            ),
            normal_estimate(
                "its change",
                "dH_K2/dV",
                second.slope,
                math.sqrt(second.covariance[1, 1]),
                "A/m/V",
                "mT/V",
            ),
        ]
        remarks = (*_stack_errors(card), *line.scatter.remarks, *_constancy(second))
    else:
        symbol = combination(float(np.mean([at.general.ratio for at in found])))
        estimates = [
            normal_estimate(f"{symbol} at zero bias", "", *_at_zero(line), "A/m", "mT"),
            normal_estimate(
                "its fall per volt",
                "",
                -line.slope,
                math.sqrt(line.covariance[1, 1]),
                "A/m/V",
                "mT/V",
            ),
        ]
        remarks = (
            f"{symbol} is all that the fields fix, so neither -dH_K1/dV nor ξ is given; if H_K2 "
            "does not follow the voltage, its fall per volt is that of H_K1",
            *line.scatter.remarks,
        )

    def onto(card: DeviceCard) -> DeviceCard:
        if not separable:
            return card
        field, per_volt, xi, second = (Measured(e.value, e.error) for e in estimates[:4])
        card = with_field_per_volt(card, per_volt, xi, setting.source)
        return with_anisotropy(card, field, second, 0.0, setting.source)

    return Part(
        name="vcma",
        title=f"{setting.source}: anisotropy fields against bias at {len(found)} voltages",
        estimates=tuple(estimates),
        remarks=remarks,
        caption=(
            "Points: anisotropy fields with their standard errors. Lines: straight lines. "
            "ξ = ½ μ0 M_s (−dH_K1/dV) t t_MgO."
        ),
        draw=lambda path: draw_fields(path, found),
        onto=onto,
    )


def field_line(found: list[AtVoltage]) -> LineFit:
    """H_K1, or what the data fix of it, in A/m against voltage in V."""
    return fit_line(
        [at.voltage for at in found],
        [at.general.anisotropy_field for at in found],
        [at.general.error for at in found],
        "H_K1(V)",
    )


def second_line(found: list[AtVoltage]) -> LineFit:
    """H_K2 in A/m against voltage in V."""
    return fit_line(
        [at.voltage for at in found],
        [at.general.second_order_field for at in found],
        [math.sqrt(at.general.covariance[1, 1]) for at in found],
        "H_K2(V)",
    )


def draw_resonance(path: Path, found: list[AtVoltage]) -> list[Path]:
    """Draw frequencies against the field, by voltage."""
    with plot.figure(3.6, 2.9) as (fig, axes):
        for at, colour in zip(found, _colours(len(found)), strict=True):
            field = _signed(at)
            label = f"{1e3 * at.voltage:.4g} mV"
            axes.errorbar(
                field / Oe,
                at.points.points.frequency / 1e9,
                at.points.points.error / 1e9,
                fmt="o",
                color=colour,
                label=label,
            )
            _draw_model(axes, at, field, colour)
        axes.set_xlabel(r"Field $H_\mathrm{ext}$ (Oe)")
        axes.set_ylabel(r"Resonance frequency $f_r$ (GHz)")
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=7)
        return plot.save(fig, path)


def draw_fields(path: Path, found: list[AtVoltage]) -> list[Path]:
    """Draw H_K1 and H_K2 against voltage, as Fig. 5(b)."""
    with plot.figure(3.4, 2.8) as (fig, axes):
        fields_axes(axes, found)
        return plot.save(fig, path)


def fields_axes(axes: Any, found: list[AtVoltage]) -> None:
    """Draw H_K1 and H_K2 against voltage into given axes."""
    volts = np.array([at.voltage for at in found])
    fine = np.linspace(volts.min(), volts.max(), 50)
    separable = all(at.general.separable for at in found)
    rows = [
        (
            field_line(found),
            [at.general.error for at in found],
            plot.BLUE,
            r"$\mu_0H_\mathrm{K1}$" if separable else "combination",
            [at.general.anisotropy_field for at in found],
        )
    ]
    if separable:
        rows.append(
            (
                second_line(found),
                [math.sqrt(at.general.covariance[1, 1]) for at in found],
                plot.RED,
                r"$\mu_0H_\mathrm{K2}$",
                [at.general.second_order_field for at in found],
            )
        )
    for line, error, colour, label, values in rows:
        axes.errorbar(
            1e3 * volts,
            np.array(values) / mT,
            np.array(error) / mT,
            fmt="o",
            color=colour,
            label=label,
        )
        axes.plot(1e3 * fine, line.at(fine) / mT, color=colour)
    axes.set_xlabel(r"Bias voltage $V_\mathrm{bias}$ (mV)")
    axes.set_ylabel("Anisotropy field (mT)")
    axes.legend()


def _draw_model(axes: Any, at: AtVoltage, field: Floats, colour: Any) -> None:
    """Draw both wells over the range of the fields, if these lie along one line."""
    fit = at.general
    vectors = np.stack([at.field_x, at.field_z], axis=-1)
    along = vectors[np.argmax(np.abs(field))] / field[np.argmax(np.abs(field))]
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
    """The field in A/m along its larger component."""
    size = np.hypot(at.field_x, at.field_z)
    larger = at.field_x if np.abs(at.field_x).sum() >= np.abs(at.field_z).sum() else at.field_z
    return np.where(larger < 0, -size, size)


def _colours(count: int) -> Any:
    import matplotlib as mpl

    return mpl.colormaps["viridis"](np.linspace(0, 0.85, count))


def _where(at: AtVoltage) -> str:
    # What rounding leaves of a voltage that is none is none.
    return f" at {format_quantity(round(at.voltage, 9), 'V', 'mV', 4)}"


def _renamed(estimates: tuple[Estimate, ...], where: str) -> list[Estimate]:
    return [replace(e, name=f"{e.name}{where}") for e in estimates]


def _at_zero(line: LineFit) -> tuple[float, float]:
    return line.intercept, math.sqrt(line.covariance[0, 0])


def _damping_onto(found: list[AtVoltage], setting: Setting) -> Callable[[DeviceCard], DeviceCard]:
    nearest = min(found, key=lambda at: abs(at.voltage)).damping[0]
    measured = Measured(nearest.value, nearest.error)
    return lambda card: with_damping(card, measured, f"linewidths of {setting.source}")


def _models(found: list[AtVoltage], model: str, whole: bool) -> tuple[str, ...]:
    if found[0].fixed.is_eq_7:
        return (f"fitted by {model}, which the card's upright axis makes exact",)
    printed = ", ".join(f"{at.single.anisotropy_field / mT:.4g}" for at in found)
    named = "H_K1" if all(at.single.separable for at in found) else "H_K1 less a share of H_K2"
    p_values = [at.single.p_value for at in found if math.isfinite(at.single.p_value)]
    fit = f" with p = {min(p_values):.1g}" if p_values else ""
    return (
        f"fitted by {model}" + (", to both wells of whole spectra" if whole else ""),
        f"Eq. (7) as printed, each spectrum taken for one line, gives {named} = {printed} mT{fit}",
    )


def _below_saturation(found: list[AtVoltage]) -> tuple[str, ...]:
    """Warn of sweeps of the field that pass more than the one resonance that is fitted."""
    saturation = max(abs(at.general.anisotropy_field) for at in found)
    swept = [line.sweep for at in found for line in at.lines if line.sweep.swept == "field"]
    if all(np.abs(sweep.x).min() >= saturation for sweep in swept):
        return ()
    field = format_quantity(1.2 * saturation, "A/m", "Oe", 2)
    return (
        "the field is swept through values at which the layer is not saturated, where a device "
        "passes several resonances and its line changes with the field: what follows may be off by "
        f"more than its errors; sweep above {field} only, or sweep the frequency",
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
        f"the error of ξ holds none of {', '.join(missing)}, for which card {card.name} states "
        "no standard error",
    )


def _constancy(second: LineFit) -> tuple[str, ...]:
    z = second.slope / math.sqrt(second.covariance[1, 1])
    verdict = "does not change with the voltage within its error" if abs(z) < 2 else "changes"
    return (f"H_K2 {verdict}: its slope is {z:+.1f} standard errors from 0",)


def _once(remarks: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return remarks that differ in their numbers alone once, as first met."""
    first: dict[str, str] = {}
    for remark in (remark for some in remarks for remark in some):
        first.setdefault(re.sub(r"[\d.]+", "0", remark), remark)
    return tuple(first.values())

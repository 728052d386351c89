"""Tables of probabilities: P(high | H), or P against the voltage of a pulse."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import measured, with_sigmoid
from smtj.analysis.context import Context, OperatingConditions, conditions_of
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import SECTIONS, curve_behaviour, curve_measured
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.sigmoid import FractionFit, detect_quantisation, fit_fractions
from smtj.inference.stats.distributions import wilson_interval
from smtj.measurement import LABELS, require, table, unique_fields
from smtj.typing import Floats
from smtj.units import convert, format_quantity

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

AXES = {
    "field_out_of_plane": ("A/m", "Oe", r"Perpendicular field $H_\perp$ (Oe)"),
    "field_in_plane": ("A/m", "Oe", r"In-plane field $H_\parallel$ (Oe)"),
    "voltage": ("V", "V", "Voltage (V)"),
}


@dataclass(frozen=True, eq=False)
class FittedCurve:
    """Probabilities with their sigmoid."""

    along: str
    """Of :data:`AXES`."""
    x: Floats
    """SI values of :attr:`along`, shape (points,)."""
    curve: FractionFit
    conditions: OperatingConditions


def probability_results(dataset: "xr.Dataset", context: Context) -> list[FitResult]:
    """Fit a sigmoid to every branch of a table: rows with equal labels and pulse length."""
    unique_fields(dataset)
    rows = table(dataset)
    if "probability" not in rows:
        rows["probability"] = rows["high"] / rows["reads"]
    require(dataset, "probability" if "probability" in dataset else "high", "reads")
    along = _axis(rows)
    grain = detect_quantisation(rows["probability"].to_numpy(), int(rows["reads"].iloc[0]))
    labels = [name for name in LABELS if name in rows]
    if "pulse_length" in rows and rows["pulse_length"].nunique() > 1:
        labels.append("pulse_length")
    branches = rows.groupby(labels, sort=False) if labels else [((), rows)]
    results = []
    for names, branch in branches:
        called = " ".join(_called(*pair) for pair in zip(labels, names, strict=True))
        x = branch[along].to_numpy()
        try:
            fit = fit_fractions(x, branch["probability"].to_numpy(), grain, unit=AXES[along][0])
        except SmtjError as error:
            raise SmtjError(f"{called}: {error}" if called else str(error)) from None
        results.append(_result(dataset, x, fit, along, called, context))
    if len(results) == 1:
        return results
    # A card has one sigmoid, and the data do not say which branch it should have.
    note = f"{len(results)} branches in one file, so the card is not changed"
    return [replace(r, remarks=(*r.remarks, note), update=None, behaviour=None) for r in results]


def _called(label: str, name: object) -> str:
    if label == "pulse_length":
        return format_quantity(float(str(name)), "s", "ns", 4)
    return str(name)


def _axis(rows: "pd.DataFrame") -> str:
    varied = [name for name in AXES if name in rows and rows[name].nunique() > 1]
    if len(varied) != 1:
        raise SmtjError(
            f"a probability curve needs exactly one varying column among {', '.join(AXES)}, but "
            f"{len(varied)} vary; name the columns by columns= (--column)"
        )
    return varied[0]


def _result(
    dataset: "xr.Dataset", x: Floats, curve: FractionFit, along: str, called: str, context: Context
) -> FitResult:
    known = {
        name: float(dataset[name].values)
        for name in ("voltage", "temperature", "field_in_plane")
        if name in dataset and dataset[name].ndim == 0 and name != along
    }
    if along == "voltage":
        known["voltage"] = float(np.median(x))
    conditions, assumed = conditions_of(known, dataset, context)
    remarks = [curve.verdict, *curve.quantisation.remarks]
    to_card = along == "field_out_of_plane"
    remarks += assumed
    if not to_card and context.has_base:
        remarks.append(
            f"P against {along} changes nothing on a card with physics; without --base (base=) a "
            "card holds it"
        )
    return context.result(
        "probability",
        f"P(high) {called}".strip(),
        FittedCurve(along, x, curve, conditions),
        curve.sigmoid.estimates,
        remarks,
        Picture(
            (plot_probability,),
            "Points: fraction of high readings, bars: one standard error with "
            f"{curve.quantisation.likely} reads each. Line: 1/{{1 + exp[−w (x − x_s)]}} by maximum "
            f"likelihood; {curve.sigmoid.verdict}.",
        ),
        verdict="not a sigmoid" if curve.sigmoid.not_a_sigmoid else "sigmoid",
        update=_update if to_card else None,
        behaviour=curve_behaviour if along in SECTIONS else None,
        measured=curve_measured,
        condition=called,
    )


def _update(card: DeviceCard, found: FittedCurve, source: str) -> DeviceCard:
    w, h_s = (measured(estimate) for estimate in found.curve.sigmoid.estimates)
    c = found.conditions
    return with_sigmoid(card, w, h_s, c.voltage, c.temperature, source)


def plot_probability(axes: Any, found: FittedCurve) -> None:
    """Plot probabilities with the sigmoid, dashed if it does not fit."""
    unit, shown_unit, label = AXES[found.along]
    scale, x, fit = convert(1, unit, shown_unit), found.x, found.curve.sigmoid
    fraction = fit.counts.high / fit.counts.total
    low, high = wilson_interval(fit.counts.high, fit.counts.total)
    reach = np.clip([fraction - low, high - fraction], 0, None)
    axes.errorbar(x * scale, fraction, reach, fmt="o", color=plot.BLUE, elinewidth=1)
    fine = np.linspace(x.min(), x.max(), 300)
    style = "--" if fit.not_a_sigmoid else "-"
    axes.plot(fine * scale, fit.probability(fine), color=plot.RED, linestyle=style)
    axes.set_xlabel(label)
    axes.set_ylabel(r"Switching probability $P$")

"""Tables of probabilities: P against a field, a voltage, a current or the length of a pulse."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import measured, with_sigmoid
from smtj.analysis.context import Context, OperatingConditions, conditions_of, constants_in
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import SECTIONS, curve_behaviour, curve_measured
from smtj.analysis.switching.bias_effects import biases_in, effects_of_counts
from smtj.analysis.switching.pulses import is_against_length, pulse_results
from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.sigmoid import (
    FractionFit,
    Quantisation,
    detect_quantisation,
    fit_fractions,
    reads_of_fractions,
)
from smtj.inference.stats.distributions import wilson_interval
from smtj.measurement import LABELS, field_direction_stated, require, table, unique_fields
from smtj.measurement.conditions import direction_needed, settled
from smtj.measurement.format.messages import listed
from smtj.measurement.format.schema import BIASES, FIELDS, QUANTITIES
from smtj.typing import Floats
from smtj.units import convert, format_quantity

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

AXES = {
    "field_out_of_plane": ("A/m", "Oe", r"Perpendicular field $H_\perp$ (Oe)"),
    "field_in_plane": ("A/m", "Oe", r"In-plane field $H_\parallel$ (Oe)"),
    "voltage": ("V", "V", "Voltage (V)"),
    "current": ("A", "uA", "Current (µA)"),
}
"""SI unit, unit on the axis and axis of the drives of a sigmoid."""
MIN_VALUES = 3
"""Fewest values of a drive at which P makes a curve."""
_HELD = ("voltage", "temperature", *FIELDS)


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
    """Fit a sigmoid to every branch of a table: rows with equal labels and pulse length.

    Against the length of a pulse it is :func:`smtj.inference.sigmoid.fit_pulse_law`.
    """
    unique_fields(dataset)
    require(dataset, "probability" if "probability" in dataset else "high")
    if "probability" not in dataset:
        require(dataset, "high", "reads")
    rows = settled(table(dataset))
    if "probability" not in rows:
        rows["probability"] = rows["high"] / rows["reads"]
    labels = [name for name in LABELS if name in rows]
    if is_against_length(rows):
        return pulse_results(rows, labels, context)
    along = _axis(rows)
    held = [n for n in (*AXES, "temperature", "pulse_length") if n != along and n in rows]
    labels += [name for name in held if rows[name].nunique() > 1]
    found = None
    if "reads" not in rows:
        curve = rows.groupby(labels, sort=False).ngroup().to_numpy() if labels else 0
        p = rows["probability"].to_numpy()
        found = reads_of_fractions(rows[along].to_numpy(), p, curve)
        rows["reads"] = float(found.reads)
    reads = int(rows["reads"].iloc[0])
    alike = rows["reads"].nunique() == 1
    # Of points with numbers of their own no grain is expected.
    fractions = rows["probability"].to_numpy()
    grain = detect_quantisation(fractions, reads) if alike else Quantisation(reads, reads, 1.0, ())
    branches = rows.groupby(labels, sort=False) if labels else [((), rows)]
    results = []
    for names, branch in branches:
        called = " ".join(_called(*pair) for pair in zip(labels, names, strict=True))
        x = branch[along].to_numpy()
        try:
            p, own_reads = branch["probability"].to_numpy(), branch["reads"].to_numpy()
            fit = fit_fractions(x, p, grain, unit=AXES[along][0], reads=own_reads)
        except SmtjError as error:
            raise SmtjError(f"{called}: {error}" if called else str(error)) from None
        own = {n: float(branch[n].iloc[0]) for n in _HELD if n in branch and n != along}
        one = _result(dataset, x, fit, along, called, own, context)
        if found is not None:
            one = replace(one, remarks=(found.remark, *one.remarks))
            if along in BIASES and context.has_base:
                said = f"P against {along} without its number of reads changes"
                one = replace(one, remarks=(*one.remarks, context.not_on_base(said, "it")))
        results.append(one)
    if len(results) == 1:
        # Counts need their number, and P after a pulse is not that of a stationary device.
        counted = along in BIASES and found is None and "pulse_length" not in rows
        return results + (_effects(rows, dataset, context) if counted else [])
    first = branches[0][0] if isinstance(branches, list) else next(iter(branches))[0]
    shown = _called(labels[0], first[0])
    # A card has one sigmoid, and the data do not say which branch it should have.
    note = (
        f"{len(results)} branches in one file, so no card is made or changed, as it has one "
        f'sigmoid; only= (--only "{labels[0]}={shown}") fits one alone'
    )
    results = [replace(r, remarks=(*r.remarks, note), update=None, behaviour=None) for r in results]
    biased = found is None and "pulse_length" not in rows and {*BIASES} & {*labels}
    return results + (_effects(rows, dataset, context) if biased else [])


def _effects(rows: "pd.DataFrame", dataset: "xr.Dataset", context: Context) -> list[FitResult]:
    """Return what the bias does to P, nothing without a base card or at too few biases."""
    if not context.has_base or biases_in(rows) is None:
        return []
    return [effects_of_counts(rows, dataset, context)]


def _called(label: str, name: object) -> str:
    if label in LABELS:
        return str(name)
    quantity = QUANTITIES[label]
    return format_quantity(float(str(name)), quantity.unit, quantity.display_unit, 4)


def _axis(rows: "pd.DataFrame") -> str:
    """The drive that was swept, with the most values; others are those of a branch each."""
    varied = {n: rows[n].nunique() for n in AXES if n in rows and rows[n].nunique() > 1}
    if not varied:
        raise SmtjError(
            f"a probability curve needs one varying column among {', '.join(AXES)}, but none "
            "varies; name the columns by columns= (--column)"
        )
    along = max(varied, key=varied.__getitem__)
    others = [name for name in varied if name != along]
    if others and rows.groupby(others)[along].nunique().min() < MIN_VALUES:
        raise SmtjError(
            f"{listed(varied)} vary together, with fewer than {MIN_VALUES} values of {along} where "
            f"{listed(others)} stay{'s' if len(others) == 1 else ''}, so that P has no curve "
            "against one of them; leave a column out (--ignore), or choose readings by only= "
            "(--only)"
        )
    return along


def _result(
    dataset: "xr.Dataset",
    x: Floats,
    curve: FractionFit,
    along: str,
    called: str,
    own: Mapping[str, float],
    context: Context,
) -> FitResult:
    known = constants_in(dataset, "voltage", "temperature", *FIELDS)
    known |= {name: value for name, value in own.items() if name in _HELD}
    if along == "voltage":
        known["voltage"] = float(np.median(x))
    if along in FIELDS:
        known[along] = 0.0
    conditions, assumed = conditions_of(known, dataset, context)
    stated = field_direction_stated(dataset)
    remarks = [curve.verdict, *curve.quantisation.remarks]
    to_card = along == context.card.drive_condition and stated
    if along in FIELDS and not stated:
        remarks.append(direction_needed(dataset, along))
    remarks += assumed
    if along not in (context.card.drive_condition, *BIASES) and context.has_base:
        remarks.append(context.not_on_base(f"P against {along} changes", "it"))
    return context.result(
        "probability",
        f"P(high) {called}".strip(),
        FittedCurve(along, x, curve, conditions),
        (*curve.sigmoid.estimates, *curve.sigmoid.plateaus),
        remarks,
        Picture(
            (plot_probability,),
            "Points: fraction of high readings, bars: one standard error with "
            f"{curve.reads} reads each. Line: 1/{{1 + exp[−w (x − x_s)]}} by maximum "
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
    if found.along in FIELDS and not found.conditions.direction_stated:
        label = "Field $H$ (Oe)"
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

"""Findings of a table of probabilities: P(high | H), or P against the voltage of a pulse."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj import plot
from smtj.analysis.card_update.switching import Measured, with_sigmoid
from smtj.analysis.context import Setting, conditions_of
from smtj.analysis.finding import Part, unchanged
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


def curve_parts(dataset: "xr.Dataset", setting: Setting) -> list[Part]:
    """Fit a sigmoid to every branch of a table, a branch being what shares its labels and the
    length of its pulses.

    Raises
    ------
    SmtjError
        A column is missing, two rows have the same conditions, or a branch makes no sigmoid.
    """
    unique_fields(dataset)
    rows = table(dataset)
    if "probability" not in rows:
        rows["probability"] = rows["high"] / rows["reads"]
    require(dataset, "probability" if "probability" in dataset else "high", "reads")
    axis = _axis(rows, setting)
    reads = int(rows["reads"].iloc[0])
    grain = detect_quantisation(rows["probability"].to_numpy(), reads)
    labels = [name for name in LABELS if name in rows]
    if "pulse_length" in rows and rows["pulse_length"].nunique() > 1:
        labels.append("pulse_length")
    branches = rows.groupby(labels, sort=False) if labels else [((), rows)]
    parts = []
    for names, branch in branches:
        called = " ".join(_called(*pair) for pair in zip(labels, names, strict=True))
        x = branch[axis].to_numpy()
        try:
            fit = fit_fractions(x, branch["probability"].to_numpy(), grain, unit=AXES[axis][0])
        except SmtjError as error:
            raise SmtjError(f"{setting.source} {called}: {error}") from None
        parts.append(_part(dataset, x, fit, axis, called, grain.remarks, setting))
    if len(parts) == 1:
        return parts
    # A card has one sigmoid; which of several branches it is to have is not for us to say.
    note = f"{len(parts)} branches in one file: the card stays as it is"
    return [
        Part(p.name, p.title, p.estimates, (*p.remarks, note), p.caption, p.draw, unchanged)
        for p in parts
    ]


def _called(label: str, name: object) -> str:
    if label == "pulse_length":
        return format_quantity(float(str(name)), "s", "ns", 4)
    return str(name)


def _axis(rows: "pd.DataFrame", setting: Setting) -> str:
    varied = [name for name in AXES if name in rows and rows[name].nunique() > 1]
    if len(varied) != 1:
        raise SmtjError(
            f"{setting.source}: a probability curve needs one column that varies among "
            f"{', '.join(AXES)}, and here {len(varied)} do; map a header by --column"
        )
    return varied[0]


def _part(
    dataset: "xr.Dataset",
    x: Floats,
    found: FractionFit,
    axis: str,
    called: str,
    remarks: tuple[str, ...],
    setting: Setting,
) -> Part:
    estimates = found.sigmoid.estimates
    known = {
        name: float(dataset[name].values)
        for name in ("voltage", "temperature", "field_in_plane")
        if name in dataset and dataset[name].ndim == 0 and name != axis
    }
    conditions, assumed = conditions_of(known, dataset, setting)
    measured = [Measured(e.value, e.error) for e in estimates]

    def onto(card: DeviceCard) -> DeviceCard:
        v, t = conditions.voltage, conditions.temperature
        return with_sigmoid(card, measured[0], measured[1], v, t, setting.source)

    to_card = axis == "field_out_of_plane"
    kept = () if to_card else (f"P against {axis} is no property of a card; it stays as it is",)
    name = "".join(c if c.isalnum() else "-" for c in f"curve-{called}").strip("-").lower()
    return Part(
        name=name,
        title=f"{setting.source}: P(high) {called}".strip(),
        estimates=estimates,
        remarks=(found.verdict, *remarks, *(assumed if to_card else ()), *kept),
        caption=(
            f"Points: share of high readings, bars: one standard error with "
            f"{found.quantisation.likely} reads each. Line: 1/{{1 + exp[−w (x − x_s)]}} by maximum "
            f"likelihood; {found.sigmoid.verdict}."
        ),
        draw=lambda path: _draw(path, x, found, axis),
        onto=onto if to_card else unchanged,
    )


def _draw(path: Path, x: Floats, found: FractionFit, axis: str) -> list[Path]:
    unit, shown_unit, label = AXES[axis]
    scale = convert(1, unit, shown_unit)
    counts = found.sigmoid.counts
    share = counts.high / counts.total
    low, high = wilson_interval(counts.high, counts.total)
    reach = np.clip([share - low, high - share], 0, None)
    fine = np.linspace(x.min(), x.max(), 300)
    with plot.figure(3.4, 2.8) as (fig, axes):
        axes.errorbar(x * scale, share, reach, fmt="o", color=plot.BLUE, elinewidth=1)
        style = "--" if found.sigmoid.not_a_sigmoid else "-"
        axes.plot(fine * scale, found.sigmoid.probability(fine), color=plot.RED, linestyle=style)
        axes.set_xlabel(label)
        axes.set_ylabel(r"Switching probability $P$")
        return plot.save(fig, path)

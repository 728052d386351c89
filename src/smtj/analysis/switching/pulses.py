"""P against the length of a pulse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.card_update import measured
from smtj.analysis.context import Context
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import ASSUMED_TEMPERATURE, Entries
from smtj.card import Value
from smtj.errors import SmtjError
from smtj.inference.sigmoid import PulseFit, fit_pulse_law, reads_of_pulses
from smtj.inference.stats.distributions import wilson_interval
from smtj.units import convert, format_quantity

if TYPE_CHECKING:
    import pandas as pd

DRIVES = {
    "voltage": ("V", "V"),
    "current": ("A", "uA"),
    "field_out_of_plane": ("A/m", "Oe"),
    "field_in_plane": ("A/m", "Oe"),
}
"""Units of what may differ from branch to branch."""

ONE_STATE = (
    "τ is the dwell time, during the pulse, of the state that it leaves; a neuron would need those "
    "of both states, or P against a drive"
)


@dataclass(frozen=True, eq=False)
class FittedPulses:
    """P against the length of a pulse, with its law."""

    curve: PulseFit
    drive: Mapping[str, float]
    """Known SI values of the voltage or current of the pulses."""
    temperature: float | None
    """In K, if known."""


def is_against_length(rows: "pd.DataFrame") -> bool:
    """Whether a table of probabilities has more lengths of the pulse than values of a drive."""
    if "pulse_length" not in rows:
        return False
    drives = [rows[name].nunique() for name in DRIVES if name in rows]
    return bool(rows["pulse_length"].nunique() > max([1, *drives]))


def pulse_results(rows: "pd.DataFrame", labels: Sequence[str], context: Context) -> list[FitResult]:
    """Fit every branch of a table, rows with equal labels and drives, against the pulse length."""
    names = [*labels, *(n for n in DRIVES if n in rows and rows[n].nunique() > 1)]
    branches = rows.groupby(names, sort=False) if names else [((), rows)]
    results = []
    for values, branch in branches:
        called = " ".join(_called(*pair) for pair in zip(names, values, strict=True))
        length, fractions = (branch[n].to_numpy() for n in ("pulse_length", "probability"))
        try:
            found = None if "reads" in branch else reads_of_pulses(length, fractions)
            reads = branch["reads"].to_numpy() if found is None else float(found.reads)
            fit = fit_pulse_law(length, fractions * reads, reads)
        except SmtjError as error:
            raise SmtjError(f"{called}: {error}" if called else str(error)) from None
        known = {
            name: float(branch[name].iloc[0])
            for name in ("voltage", "current", "temperature")
            if name in branch and branch[name].nunique() == 1
        }
        one = _result(fit, {**context.conditions, **known}, called, context)
        said = () if found is None else (found.remark,)
        results.append(replace(one, remarks=(*said, *one.remarks)))
    if len(results) == 1:
        return results
    note = (
        f"no card is made of {len(results)} branches, as a card has one kind of pulse; only= "
        f'(--only "{names[0]}={_called(names[0], next(iter(branches))[0][0])}") fits one alone'
    )
    return [replace(one, remarks=(*one.remarks, note), behaviour=None) for one in results]


def pulse_behaviour(found: FittedPulses, source: str) -> Entries:
    """The law of P against the length, and what the pulses were."""
    fit, section = found.curve, "pulse_response"
    by_symbol = {estimate.symbol: measured(estimate) for estimate in fit.estimates}
    t = found.temperature
    entries: Entries = {
        "behaviour.temperature": ASSUMED_TEMPERATURE if t is None else Value(t, "measured", source),
        f"{section}.dwell_time": by_symbol["τ"].on_card(source),
        f"{section}.longest": Value(float(fit.length.max()), "measured", f"range of {source}"),
    }
    if "β" in by_symbol:
        entries[f"{section}.shape"] = by_symbol["β"].on_card(source)
    for name, value in found.drive.items():
        entries[f"{section}.{name}"] = Value(value, "measured", source)
    return entries


def _result(fit: PulseFit, known: Mapping[str, float], called: str, context: Context) -> FitResult:
    drive = {name: known[name] for name in ("voltage", "current") if name in known}
    remarks = [fit.verdict, ONE_STATE]
    if context.has_base:
        remarks.append(context.not_on_base("P against the length of a pulse changes", "it"))
    return context.result(
        "probability",
        f"P against pulse length {called}".strip(),
        FittedPulses(fit, drive, known.get("temperature")),
        fit.estimates,
        remarks,
        Picture(
            (plot_pulses,),
            "Points: fraction of pulses that switched, bars: one standard error. Line: 1 − "
            "exp[−(t/τ)^β] by maximum likelihood.",
        ),
        verdict="not of this law" if fit.rejected else "constant rate" if fit.exponential else "ok",
        behaviour=None if fit.rejected else pulse_behaviour,
        condition=called,
    )


def _called(name: str, value: object) -> str:
    if name not in DRIVES:
        return str(value)
    return format_quantity(float(str(value)), *DRIVES[name], 4)


def plot_pulses(axes: Any, found: FittedPulses) -> None:
    """Plot P against the length of the pulse with its law."""
    fit, scale = found.curve, convert(1.0, "s", "ns")
    fraction = fit.high / fit.total
    low, high = wilson_interval(fit.high, fit.total)
    reach = np.clip([fraction - low, high - fraction], 0, None)
    axes.errorbar(scale * fit.length, fraction, reach, fmt="o", color=plot.BLUE, elinewidth=1)
    fine = np.geomspace(fit.length.min(), fit.length.max(), 300)
    axes.plot(scale * fine, fit.probability(fine), color=plot.RED)
    axes.set_xscale("log")
    axes.set_xlabel("Pulse length (ns)")
    axes.set_ylabel(r"Switching probability $P$")

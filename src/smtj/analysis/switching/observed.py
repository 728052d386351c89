"""Traces of a voltage, a current or a signal, fitted in their own unit.

At a constant current the voltage, and at a constant voltage the current, is linear in the occupancy
of the states, so that the fit of a resistance holds as it stands; only its levels are in another
unit.  The high state is that of the higher resistance.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.analysis.card_check import Measurement, Symbol
from smtj.analysis.context import Context
from smtj.analysis.result import BehaviourWriter, FitResult, MeasurementsOf
from smtj.analysis.switching.loop import FittedFreeLoop, plot_free_loop
from smtj.analysis.switching.trace import FittedTrace, plot_histogram, plot_trace
from smtj.card import Value
from smtj.errors import DataError
from smtj.inference.stats.estimate import Estimate
from smtj.measurement import observable_of, source_of
from smtj.units import convert, suitable_unit

if TYPE_CHECKING:
    import xarray as xr

UNITS = {
    "relative_resistance": ("", "", "r"),
    "voltage": ("V", "mV", "V"),
    "current": ("A", "uA", "I"),
    "signal": ("V", "V", "S"),
    "channel_x": ("V", "V", "X"),
}
"""SI unit, unit in tables and letter of each quantity."""

_OTHER = {"voltage": "current", "current": "voltage"}
SECTIONS = {
    "voltage": "voltage_levels",
    "signal": "voltage_levels",
    "channel_x": "voltage_levels",
    "current": "current_levels",
}
"""The section of a behavioural card for the levels of each quantity."""
_RENAMED = {
    "resistance_high": "high",
    "resistance_low": "low",
    "noise_high": "noise_high",
    "noise_low": "noise_low",
    "high_gradient": "high_per_log_odds",
    "low_gradient": "low_per_log_odds",
}
"""Entries of levels in such a section, by their name for resistances."""


@dataclass(frozen=True)
class Observed:
    """Which quantity stands in for the resistance."""

    name: str
    sign: float
    """Of the resistance relative to it."""
    arbitrary: bool = False
    """Whether its unit is arbitrary."""


def as_resistance(dataset: "xr.Dataset", context: Context) -> tuple["xr.Dataset", Observed | None]:
    """Return traces with their observable under the name of the resistance.

    The second value says which it is; None if it is the resistance, or if that follows from the
    bias that the context states.
    """
    name = observable_of(dataset)
    if name is None or name == "resistance":
        return dataset, None
    values = np.asarray(dataset[name].values)
    bias = _OTHER.get(name, "")
    if context.conditions.get(bias):
        held = context.conditions[bias]
        ratio = values / held if name == "voltage" else held / np.where(values, values, np.nan)
        known = dataset.assign(resistance=(dataset[name].dims, ratio, {"units": "ohm"}))
        known[bias] = ((), held, {"units": UNITS[bias][0]})
        if not (ratio > 0).all():
            raise DataError(
                f"{source_of(dataset)}: with {bias} {held:g} {UNITS[bias][0]} some resistances are "
                f"not positive: check the sign of {bias}= (--{bias}), or leave it out"
            )
        return known, None
    # Across a junction at a negative bias, and through one at any, less is more resistance.
    negative = name in ("voltage", "current") and float(values.max()) < 0
    sign = -1.0 if negative != (name == "current") else 1.0
    arbitrary = name in dataset.attrs.get("arbitrary_units", ())
    observed = Observed(name, sign, arbitrary)
    others = {"relative_resistance", "signal", "channel_x", "channel_y", name} & {
        str(n) for n in dataset.data_vars
    }
    replaced = dataset.drop_vars(others)
    replaced["resistance"] = (dataset[name].dims, sign * values, {"units": UNITS[name][0]})
    return replaced.assign_attrs(observable=name), observed


def in_own_unit(result: FitResult, observed: Observed) -> FitResult:
    """Return the result of a trace or a scan with levels in the unit of what was measured."""
    unit, shown, letter = UNITS[observed.name]
    estimates = tuple(_level(e, observed, letter, unit, shown) for e in result.estimates)
    what = observed.name.replace("_", " ")
    remark = f"the levels are those of the {what}; no resistance follows"
    if observed.name in _OTHER:
        bias = _OTHER[observed.name]
        remark += f" unless the {bias} is stated by {bias}= (--{bias})"
    elif observed.name == "relative_resistance":
        remark = "the levels are resistances over R_P, 1 + TMR; a card leaves them out"
    else:
        remark += (
            " unless its column is named as that of a voltage or a current by columns= "
            '(--column "voltage=HEADER [V]")'
        )
    if observed.sign < 0:
        remark += f"; the high state is that of the higher resistance, so its {what} is the smaller"
    if observed.arbitrary:
        remark += "; as their unit is arbitrary, a card leaves them out"
    elif observed.name in SECTIONS:
        remark += "; a card keeps them as they are"
    picture = result.picture
    if picture is not None and isinstance(result.fit, FittedTrace):
        panels = (partial(_in_own_unit, plot_trace, observed), plot_histogram)
        picture = replace(picture, panels=panels)
    if picture is not None and isinstance(result.fit, FittedFreeLoop):
        picture = replace(picture, panels=(partial(_in_own_unit, plot_free_loop, observed),))
    return replace(
        result,
        title=result.title.replace("resistance against", f"{what} against"),
        estimates=estimates,
        remarks=tuple(dict.fromkeys((*result.remarks, remark))),
        picture=picture,
        update=None,
        behaviour=result.behaviour and partial(_behaviour, result.behaviour, observed),
        measured=result.measured and partial(_measured, result.measured, observed),
    )


def _behaviour(
    of_result: BehaviourWriter, observed: Observed, fit: Any, source: str
) -> dict[str, Value | str]:
    """What a card holds: levels in their own unit, unless that is arbitrary, and no resistances."""
    section = SECTIONS.get(observed.name, "")
    entries: dict[str, Value | str] = {}
    found = of_result(fit, source)
    if any(key.startswith(("voltage_response", "current_response")) for key in found):
        section = ""  # the bias is the drive, so levels of one bias say little
    slope = next((float(str(v)) for key, v in found.items() if key.endswith(".slope")), 1.0)
    for key, value in found.items():
        name = key.partition(".")[2]
        new, scale = _RENAMED.get(name, ""), observed.sign
        if name.endswith("_gradient"):
            scale /= slope
        elif name.startswith("noise"):
            scale = 1.0
        if not new:
            if name != "read_voltage":
                entries[key] = value
        elif isinstance(value, Value) and section and not observed.arbitrary:
            error = value.standard_error
            entries[f"{section}.{new}"] = Value(
                scale * value, value.provenance, source, error and abs(scale) * error
            )
    return entries


def _measured(of_result: MeasurementsOf, observed: Observed, fit: Any) -> list[Measurement]:
    found = []
    for one in of_result(fit):
        if not one.symbol.startswith("R_"):
            found.append(one)
        elif observed.name in _OTHER:
            symbols: dict[str, Symbol] = {
                "R_high": "V_high" if observed.name == "voltage" else "I_high",
                "R_low": "V_low" if observed.name == "voltage" else "I_low",
            }
            value = observed.sign * one.value
            found.append(replace(one, symbol=symbols[one.symbol], value=value))
    return found


def _level(estimate: Estimate, observed: Observed, letter: str, unit: str, shown: str) -> Estimate:
    if estimate.unit != "ohm":
        return estimate
    own = estimate.symbol.startswith("R_")
    ends = [(observed.sign if own else 1.0) * end for end in estimate.interval]
    return replace(
        estimate,
        name=estimate.name.replace("resistance", observed.name.replace("_", " ")),
        symbol=f"{letter}_{estimate.symbol[2:]}" if own else estimate.symbol,
        value=observed.sign * estimate.value if own else estimate.value,
        interval=(min(ends), max(ends)),
        unit=unit,
        display_unit=shown,
    )


def _in_own_unit(
    panel: Callable[[Any, Any], None], observed: Observed, axes: Any, found: Any
) -> None:
    """Draw a panel with what was measured, in its own sign and unit, on its vertical axis."""
    panel(axes, found)
    unit = "a.u." if observed.arbitrary else UNITS[observed.name][0]
    largest = max(map(abs, axes.get_ylim()))
    own = observed.arbitrary or not unit
    shown = unit if own else suitable_unit(largest, unit) or unit
    scale = observed.sign * (1.0 if own else convert(1.0, unit, shown))
    axes.yaxis.set_major_formatter(lambda value, _: f"{scale * value:.6g}".replace("-", "−"))
    name = observed.name.replace("_", " ").capitalize()
    axes.set_ylabel(f"{name} ({shown})" if shown else name)

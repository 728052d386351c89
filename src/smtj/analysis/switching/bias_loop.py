"""Resistance against a voltage or a current that switches the device."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from smtj import plot
from smtj.analysis.card_check import Measurement, Symbol
from smtj.analysis.card_update import measured
from smtj.analysis.context import Context
from smtj.analysis.result import FitResult, Picture
from smtj.analysis.switching.behaviour import ASSUMED_TEMPERATURE, Entries
from smtj.card import DeviceCard, Value
from smtj.errors import SmtjError
from smtj.inference.loop.bias_loop import BiasLoop, fit_bias_loop
from smtj.inference.stats.estimate import Estimate
from smtj.measurement import swept_bias, table
from smtj.typing import Floats
from smtj.units import convert

if TYPE_CHECKING:
    import xarray as xr

UNITS = {"voltage": ("V", "V", "mV"), "current": ("I", "A", "uA")}
"""Symbol, SI and display unit."""


@dataclass(frozen=True, eq=False)
class FittedBiasLoop:
    """A loop against voltage or current with its fit."""

    along: str
    """``"voltage"`` or ``"current"``."""
    bias: Floats
    """In V or A, in the order of measurement."""
    resistance: Floats
    """In ohm."""
    fit: BiasLoop
    known: Mapping[str, float]
    """SI value of the temperature, if it is known."""


def bias_loop_result(dataset: "xr.Dataset", context: Context) -> FitResult:
    """Fit the resistance against voltage or current.

    Raises SmtjError, which says what was understood and what would do, where nothing switches.
    """
    along = cast(str, swept_bias(dataset))
    rows = table(dataset)
    bias, resistance = rows[along].to_numpy(), rows["resistance"].to_numpy()
    weight = np.ones(bias.size)
    if "resistance_from" in dataset.attrs:
        # A voltage has the same noise at any current.
        weight = np.abs(rows["current"].to_numpy())
        weight = weight / weight.max()
    try:
        fit = fit_bias_loop(bias, resistance, weight)
    except SmtjError as error:
        raise SmtjError(
            f"it holds {bias.size} resistances against the {along}, but no loop of two states: "
            f"{error}"
        ) from None
    known = {
        name: value
        for name, value in context.conditions.items()
        if name in ("temperature", "field_in_plane", "field_out_of_plane")
    }
    for name in ("temperature", "field_in_plane", "field_out_of_plane"):
        if name in rows and rows[name].nunique() == 1:
            known[name] = float(rows[name].iloc[0])
    state = "low" if fit.rises else "high"
    return context.result(
        "loop",
        f"resistance against {along}, {bias.size} readings",
        FittedBiasLoop(along, bias, resistance, fit, known),
        [_in_unit(estimate, along) for estimate in fit.estimates],
        (
            f"the state of {state} resistance is left at a rising {along}; resistances are those "
            "at zero bias",
            f"no card holds the {along} at which the device switches once; P against it, from many "
            "sweeps or pulses, or traces make a card that a neuron can use",
        ),
        Picture((plot_bias_loop,), "Points: readings. Lines: parabolas fitted to both states."),
        verdict="square",
        update=_update,
        behaviour=_behaviour,
        measured=_measured,
    )


def _in_unit(estimate: Estimate, along: str) -> Estimate:
    """Return a switching value in the unit of the bias."""
    if estimate.unit != "A/m":
        return estimate
    letter, unit, shown = UNITS[along]
    return replace(
        estimate,
        name=estimate.name.replace("field", along),
        symbol=letter + estimate.symbol[1:],
        unit=unit,
        display_unit=shown,
    )


def _behaviour(found: FittedBiasLoop, source: str) -> Entries:
    """The resistances of both states, their noise, and the conditions."""
    by_symbol = {estimate.symbol: measured(estimate) for estimate in found.fit.estimates}
    entries: Entries = {"behaviour.temperature": ASSUMED_TEMPERATURE}
    for state, symbol in (("high", "R_AP"), ("low", "R_P")):
        entries[f"behaviour.resistance_{state}"] = by_symbol[symbol].on_card(source)
        entries[f"behaviour.noise_{state}"] = by_symbol["σ"].on_card(source)
    for name, value in found.known.items():
        entries[f"behaviour.{name}"] = Value(value, "measured", source)
    return entries


def _update(card: DeviceCard, found: FittedBiasLoop, source: str) -> DeviceCard:
    by_symbol = {estimate.symbol: measured(estimate) for estimate in found.fit.estimates}
    return card.replace(
        {
            "electrical.parallel_resistance": by_symbol["R_P"].on_card(source),
            "electrical.resistance_area_product": None,
            "electrical.tmr": by_symbol["TMR"].on_card(source),
        }
    )


def _measured(found: FittedBiasLoop) -> list[Measurement]:
    """Resistances of both states at zero bias."""
    by_symbol = {estimate.symbol: estimate for estimate in found.fit.estimates}
    known = {**found.known, "voltage": 0.0}
    return [
        Measurement(cast(Symbol, symbol), own.value, own.error, "zero bias", conditions=known)
        for symbol, name in (("R_high", "R_AP"), ("R_low", "R_P"))
        for own in (by_symbol[name],)
    ]


def plot_bias_loop(axes: Any, found: FittedBiasLoop) -> None:
    """Plot readings and the parabola of each state."""
    letter, unit, shown = UNITS[found.along]
    bias = convert(1.0, unit, shown) * found.bias
    axes.plot(bias, found.resistance, ".", color=plot.BLUE, markersize=3)
    for state, colour in ((False, plot.RED), (True, plot.ORANGE)):
        own = np.flatnonzero(found.fit.is_high == state)
        order = own[np.argsort(bias[own], kind="stable")]
        axes.plot(bias[order], found.fit.resistance[order], color=colour, linewidth=1)
    axes.set_xlabel(f"{found.along.capitalize()} ${letter}$ ({shown.replace('u', 'µ')})")
    axes.set_ylabel(r"Resistance $R$ (Ω)")

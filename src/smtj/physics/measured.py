"""The operating point of a behavioural card: the laws of what was measured, evaluated.

With u = w (x - x_s) of a drive x,

    ln τ_high = ln τ + (½ + a) u + c u²,   ln τ_low = ln τ - (½ - a) u + c u².

a = 0 and c = 1/16Δ are Eq. 3 and 4; a = ±½ is a drive that acts on one state alone.  Beyond
|u| = 1/4c, where Eq. 3 and 4 end, the relaxation time stays, and the dwell times follow from it and
P(high).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from smtj.card import BehaviouralCard
from smtj.card.laws import TemperatureResponse
from smtj.card.responses import CurrentResponse, VoltageResponse
from smtj.errors import CardError, SmtjError
from smtj.physics.arrays import Array, as_arrays
from smtj.physics.point import SwitchingPoint, plain
from smtj.physics.states import Derived, StateResistances
from smtj.physics.switching import log_odds
from smtj.tables import Table
from smtj.typing import Floats
from smtj.units import format_quantity

LEVELS = {
    "resistance": ("R", "ohm", "ohm"),
    "voltage": ("V", "V", "mV"),
    "current": ("I", "A", "uA"),
}
"""Letter, SI unit and display unit of the levels of each observable."""
BARRIERLESS = 1e-12
"""Curvature below which the law is taken as exponential."""


@dataclass(frozen=True, repr=False)
class MeasuredPoint(SwitchingPoint):
    """What a behavioural card gives at a drive and a bias; see :class:`SwitchingPoint`."""

    card: BehaviouralCard
    voltage: Array
    field: Array
    temperature: Array
    slope: Array
    offset_field: Array
    log_dwell_time: Array
    """ln(τ/s) at the middle of the response; NaN if it is unknown."""

    def log_dwell_times(self, field: Array | None = None) -> tuple[Array, Array]:
        """ln(τ_high/s) and ln(τ_low/s)."""
        b = self.card.behaviour
        if b.dwell_time_high is None:
            self.card.require("behaviour.dwell_time")
        a, c = float(b.dwell_asymmetry or 0.0), float(b.dwell_curvature or 0.0)
        odds = log_odds(self._at(field), self.slope, self.offset_field)
        xp, (u, middle) = as_arrays(odds, self.log_dwell_time)
        near = u
        if abs(c) > BARRIERLESS:
            # |h| = 1 of Eq. 3 and 4.
            near = xp.clip(u, -1 / (4 * abs(c)), 1 / (4 * abs(c)))
        # 1/τ_r = 1/τ_high + 1/τ_low, and τ_high = τ_r/P(low).
        relaxation = middle + a * near + c * near**2 - xp.logaddexp(near / 2, -near / 2)
        zero = xp.zeros_like(u)
        return relaxation + xp.logaddexp(u, zero), relaxation + xp.logaddexp(-u, zero)

    def dwell_times(self, field: Array | None = None) -> tuple[Array, Array]:
        """τ_high and τ_low in s; infinite where a float cannot hold them."""
        xp, logs = as_arrays(*self.log_dwell_times(field))
        with np.errstate(over="ignore"):
            return xp.exp(logs[0]), xp.exp(logs[1])

    def levels(self, field: Array | None = None) -> tuple[Floats, Floats]:
        """Levels of the high and the low state in the unit of what the card's measurement reads.

        They are straight lines in the drive if that was seen.
        """
        own = self.card.levels
        if own is None:
            found = self.resistances(field)
            return found.high, found.low
        odds = log_odds(self._at(field), self.slope, self.offset_field)
        u = np.asarray(plain(odds), dtype=np.float64)
        return (
            float(own.high) + float(own.high_per_log_odds or 0.0) * u,
            float(own.low) + float(own.low_per_log_odds or 0.0) * u,
        )

    def resistances(self, field: Array | None = None) -> StateResistances:
        """Resistances of both states in ohm; they follow the drive as far as that was seen."""
        levels = self.card.require("behaviour.resistance_high", "behaviour.resistance_low")
        high, low = (np.asarray(level, dtype=np.float64) for level in levels)
        x = np.asarray(plain(self._at(field)), dtype=np.float64)
        away = x - np.asarray(plain(self.offset_field), dtype=np.float64)
        response = self.card.response
        if response is not None:
            high = high + float(response.high_gradient or 0.0) * away
            low = low + float(response.low_gradient or 0.0) * away
        if isinstance(response, VoltageResponse | CurrentResponse):
            high = high + float(response.high_curvature or 0.0) * away**2
            low = low + float(response.low_curvature or 0.0) * away**2
        bias = np.asarray(plain(self.voltage), dtype=np.float64)
        rows = np.broadcast_arrays(high, low, bias, bias)
        return StateResistances(*(np.array(row) for row in rows))

    @property
    def has_resistances(self) -> bool:
        """Whether levels were measured."""
        return self.card.behaviour.resistance_high is not None

    def derived(self) -> list[Derived]:
        """What is known at this point, row by row."""
        drive, behaviour = self.card.drive, self.card.behaviour
        per = {"A/m": ("m/A", "1/Oe"), "V": ("1/V", "1/mV"), "A": ("1/A", "1/uA")}
        rows = []
        if drive.unit:
            rows += [
                Derived("slope", "w", self.slope, *per[drive.unit], "card"),
                Derived("midpoint", "x_s", self.offset_field, drive.unit, drive.show, "card"),
            ]
        rows.append(Derived("occupancy, high", "P(high)", self.switching_probability(), "", "", ""))
        if behaviour.dwell_time is not None or behaviour.dwell_time_high is not None:
            high, low = self.dwell_times()
            rows += [
                Derived("dwell time, high", "τ_high", high, "s", "s", "card"),
                Derived("dwell time, low", "τ_low", low, "s", "s", "card"),
            ]
        if self.has_resistances or self.card.levels is not None:
            what, (letter, unit, shown) = self.card.observable, LEVELS[self.card.observable]
            for state, level in zip(("high", "low"), self.levels(), strict=True):
                symbol = f"{letter}_{state}"
                rows.append(Derived(f"{what}, {state}", symbol, level, unit, shown, "card"))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Every known quantity in SI units, as plain numbers and lists."""
        rows = {row.symbol: plain(row.value) for row in self.derived()}
        return {"card": self.card.name, "drive": plain(self.field), **rows}

    def table(self) -> Table:
        """Return what is known at this point."""
        drive = self.card.drive
        shown = Derived("", "", self.field, drive.unit, drive.show, "").text
        at = f"drive {shown}" if drive.name == "none" else f"{drive.name} {shown}"
        return Table(
            f"{self.card.name} at {at}",
            ("quantity", "symbol", "value", "from"),
            [(row.name, row.symbol, row.text, row.source) for row in self.derived()],
        )


def measured_quantities(card: BehaviouralCard) -> list[Derived]:
    """What follows from a card where it was measured, row by row, as far as it is known."""
    rows = card.under_bias().derived() if card.switches else []
    if card.behaviour.resistance_high is not None:
        high, low = card.require("behaviour.resistance_high", "behaviour.resistance_low")
        rows.append(Derived("TMR where it was measured", "TMR", high / low - 1, "", "%", ""))
    loop = card.loop
    if loop is not None and loop.coercive_field is not None:
        offset, half = float(loop.offset_field), float(loop.coercive_field)
        for sense, sign in (("rising", 1), ("falling", -1)):
            name, symbol = f"switching field, {sense} field", f"H_{sense}"
            rows.append(Derived(name, symbol, offset + sign * half, "A/m", "Oe", ""))
    return rows


def measured_point(
    card: BehaviouralCard, voltage: Any, field: Any, current: Any, temperature: Any
) -> MeasuredPoint:
    """Evaluate a card at a drive; see :meth:`smtj.card.BehaviouralCard.at`."""
    drive, own = card.drive.name, card.behaviour
    given = {"voltage": voltage, "field": field, "current": current}
    x = given.pop(drive, None)
    if given.get("field") is not None:
        _unchanged(card, "a field", given["field"], own.field_out_of_plane, "A/m", "Oe")
    if given.get("current") is not None:
        _unchanged(card, "a current", given["current"], None, "A", "uA")
    bias = given.get("voltage")
    return measured_response(card, 0.0 if x is None else x, bias, temperature)


def measured_response(
    card: BehaviouralCard, drive: Any, voltage: Any, temperature: Any
) -> MeasuredPoint:
    """Evaluate a card at a drive in its SI unit, a bias in V and a temperature in K.

    Raises
    ------
    CardError
        The bias or the temperature is not that of the measurement, and the card does not know what
        another one changes.
    """
    behaviour, response = card.behaviour, card.response
    t = card.temperature if temperature is None else temperature
    law = card.temperature_response
    if law is None:
        _unchanged(card, "a temperature", t, behaviour.temperature, "K", "K")
    v = card.bias_voltage if voltage is None else voltage
    if response is None:
        log_high, log_low = (
            math.log(tau)
            for tau in card.require("behaviour.dwell_time_high", "behaviour.dwell_time_low")
        )
        # The drive counts from the state of the measurement, in units of ln odds.
        slope: Any = 1.0
        middle: Any = log_low - log_high
        log_time: Any = (log_high + log_low) / 2
        if law is not None:
            away = _colder(card, law, t)
            high, low = float(law.stability_factor_high), float(law.stability_factor_low)
            # log_high + high * away, and so for the low state.
            middle, log_time = middle + (low - high) * away, log_time + (high + low) / 2 * away
    else:
        slope, middle = float(response.slope), float(response.midpoint)
        log_time = math.nan if behaviour.dwell_time is None else math.log(behaviour.dwell_time)
    per_volt = getattr(response, "slope_per_volt", None)
    if per_volt is None:
        known = None if card.drive.name == "voltage" else behaviour.read_voltage
        _unchanged(card, "a bias", v, known, "V", "mV")
        return MeasuredPoint(card, v, drive, t, slope, middle, log_time)
    away = v - card.read_voltage

    def moved(value: float, name: str) -> Any:
        return value + float(getattr(response, name) or 0.0) * away

    return MeasuredPoint(
        card,
        v,
        drive,
        t,
        moved(slope, "slope_per_volt"),
        moved(middle, "midpoint_per_volt"),
        moved(log_time, "log_dwell_time_per_volt"),
    )


def _colder(card: BehaviouralCard, law: TemperatureResponse, temperature: Any) -> Any:
    """Return T_m/T - 1; raises CardError at temperatures beyond those that were measured."""
    values = np.asarray(plain(temperature), dtype=np.float64)
    within = (float(law.lowest) - 1e-6 <= values) & (values <= float(law.highest) + 1e-6)
    if not within.all():
        worst = float(np.ravel(values)[int(np.ravel(~within).argmax())])
        raise CardError(
            f"card {card.name} was measured from {float(law.lowest):g} to {float(law.highest):g} "
            f"K, and holds nothing of {worst:g} K; measure there and fit all together"
        )
    return card.temperature / temperature - 1


def measured_states(
    card: BehaviouralCard,
    field_in_plane: Floats,
    field_out_of_plane: Floats,
    kind: str,
    bias: Floats,
    temperature: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Levels and ln(τ/s) of the high and of the low state, under conditions as rows.

    Levels are resistances in ohm, or in the unit of the card's observable.  Arguments and errors
    are those of :func:`measured_at`, and the card must have levels.
    """
    point = measured_at(card, field_in_plane, field_out_of_plane, kind, bias, temperature)
    rows = (*point.levels(), *point.log_dwell_times())
    return tuple(np.broadcast_to(np.asarray(r), bias.shape) for r in rows)  # type: ignore[return-value]


def measured_at(
    card: BehaviouralCard,
    field_in_plane: Floats,
    field_out_of_plane: Floats,
    kind: str,
    bias: Floats,
    temperature: Floats,
) -> MeasuredPoint:
    """Evaluate a card under conditions as rows.

    ``kind`` says whether the bias is a ``"voltage"`` in V or a ``"current"`` in A.  Raises
    CardError if a condition other than the drive is not that of the measurement.
    """
    own, response = card.behaviour, card.field_response
    along = None if response is None else response.component
    if along != "out_of_plane":
        _unchanged(card, "H_⊥", field_out_of_plane, own.field_out_of_plane, "A/m", "Oe")
    if along != "in_plane":
        _unchanged(card, "H_∥", field_in_plane, own.field_in_plane, "A/m", "Oe")
    voltage: Any = None
    if card.drive.name == kind:
        drive = bias
    elif kind == "current" or card.drive.name in ("voltage", "current"):
        if card.drive.name == "none":
            raise SmtjError(
                f"card {card.name} holds no response to a {kind}; leave out --{kind} ({kind}=), or "
                f"fit traces at several values of the {kind}"
            )
        raise SmtjError(
            f"card {card.name} is driven by a {card.drive.name}, not biased by a {kind}"
        )
    else:
        drive = np.zeros_like(bias)
        if along is not None:
            drive = field_in_plane if along == "in_plane" else field_out_of_plane
        if card.levels is None:
            voltage = bias
        else:
            # They hold at a constant bias that nobody knows.
            _unchanged(card, "a bias", bias, None, "V", "mV")
    return measured_response(card, drive, voltage, temperature)


def _unchanged(
    card: BehaviouralCard, name: str, given: Any, own: float | None, unit: str, shown: str
) -> None:
    """Raise an error if a condition is not that of the measurement."""
    values = np.ravel(np.asarray(plain(given), dtype=np.float64))
    usual = 0.0 if own is None else float(own)
    different = values[~np.isclose(values, usual, rtol=1e-6, atol=1e-9)]
    if different.size:
        at = "" if own is None else f" at {format_quantity(usual, unit, shown, 4)}"
        raise CardError(
            f"card {card.name} holds what was measured{at}, and no law for {name} of "
            f"{format_quantity(float(different[0]), unit, shown, 4)}; measure there and fit all "
            "together"
        )

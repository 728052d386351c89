"""A card held against the measurement it came from: z-scores, and what no junction has."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from smtj.card import BehaviouralCard, Card, DeviceCard
from smtj.card.base import FIELD
from smtj.errors import SmtjError
from smtj.measurement.format.schema import BIASES, FIELDS
from smtj.physics.measured import measured_at
from smtj.tables import Table, Tabular
from smtj.units import format_quantity, format_with_error

MAX_Z = 3.0
"""Standard errors by which a card may miss a measured number before that is said."""
SAME = 1e-6
"""Relative difference up to which a card, whose values are rounded, has a measured number."""
MANY = 10
"""Numbers above which the limit rises, so that chance alone passes it as rarely as with this many:
in one measurement of 37."""
MAX_TMR = 6.0
"""TMR above which it is said that hardly a junction has it: the record at room temperature is 631 %
(T. Scheike et al., arXiv:2202.07847, doi:10.48550/arXiv.2202.07847)."""

Symbol = Literal[
    "R_high", "R_low", "V_high", "V_low", "I_high", "I_low", "τ_high", "τ_low", "w", "x_s", "P",
    "H_c", "H_off",
]  # fmt: skip


@dataclass(frozen=True)
class Sweep:
    """Steps of a field, by which a card gives the coercive field and the offset of a loop."""

    field: tuple[float, ...]
    """Rising, in A/m."""
    time: float
    """At each, in s."""
    log_error: float = 0.0
    """Standard error of its logarithm; a decade if it is a guess."""


@dataclass(frozen=True)
class Measurement:
    """One measured number and the conditions under which a card should give it."""

    symbol: Symbol
    value: float
    """SI; w and x_s are those of the drive that was swept."""
    error: float
    """Standard error; of a dwell time that of its logarithm."""
    where: str = ""
    """The condition in words, e.g. ``"-14 Oe"``."""
    along: str = "field_out_of_plane"
    """What was swept for w and x_s."""
    conditions: Mapping[str, float] | None = None
    """Known SI values of field_out_of_plane, field_in_plane, voltage, temperature, current."""
    sweep: Sweep | None = None
    """Of H_c and H_off."""


@dataclass(frozen=True)
class Comparison:
    """A measured number beside that of the card."""

    measured: Measurement
    card: float
    """The card's value."""

    @property
    def z(self) -> float:
        """The card's value less the measured one, in standard errors."""
        m = self.measured
        away = math.log(self.card / m.value) if m.symbol[0] == "τ" else self.card - m.value
        if abs(away) <= SAME * abs(m.value):
            return 0.0
        error = m.error
        if m.symbol == "P" and 0 < self.card < 1:
            # A count scatters by the card's P: near 0 and 1 its own error is too small.
            spread = max(m.value * (1 - m.value), m.error)
            error *= math.sqrt(max(self.card * (1 - self.card) / spread, 1.0))
        return away / error if error > 0 else math.copysign(math.inf, away)

    def text(self, drive_unit: str, drive_show: str) -> str:
        """Return both values in a sentence."""
        m = self.measured
        units = {
            "R": ("ohm", "ohm"),
            "V": ("V", "mV"),
            "I": ("A", "uA"),
            "τ": ("s", "ms"),
            "x": (drive_unit, drive_show),
            "H": ("A/m", "Oe"),
        }
        unit, shown = units.get(m.symbol[0], ("", ""))
        error = m.error * m.value if m.symbol[0] == "τ" else m.error
        if not unit:
            return f"{self.card:.4g} for {m.value:.4g} ± {error:.2g}"
        own = format_quantity(self.card, unit, shown, 4)
        return f"{own} for {format_with_error(m.value, error, unit, shown)}"


@dataclass(frozen=True, repr=False)
class CardCheck(Tabular):
    """A card held against its measurement; prints as a table of z-scores."""

    card: Card
    comparisons: tuple[Comparison, ...]
    remarks: tuple[str, ...]
    """What a user of the card must know: what it misses, and what no junction has."""

    def table(self) -> Table:
        """Return a row of z-scores per condition."""
        given = {one.measured.symbol for one in self.comparisons}
        symbols = [symbol for symbol in get_args(Symbol) if symbol in given]
        rows: dict[str, dict[str, str]] = {}
        for one in self.comparisons:
            row = rows.setdefault(one.measured.where, {})
            row[one.measured.symbol] = f"{one.z:+.1f}" if abs(one.z) >= 0.05 else "0.0"
        return Table(
            f"Card {self.card.name} less measurement, in standard errors (z)",
            ("condition", *symbols),
            [(where, *(row.get(s, "") for s in symbols)) for where, row in rows.items()],
            [f"{remark[0].upper()}{remark[1:]}." for remark in self.remarks],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return every comparison as plain JSON types, in SI units."""
        return {
            "card": self.card.name,
            "z": [
                {
                    "symbol": one.measured.symbol,
                    "condition": one.measured.where,
                    "measured": one.measured.value,
                    "standard_error": one.measured.error,
                    "card": one.card,
                    "z": one.z if math.isfinite(one.z) else None,
                }
                for one in self.comparisons
            ],
            "remarks": list(self.remarks),
        }


def check_card(card: Card, measurements: Sequence[Measurement]) -> CardCheck:
    """Hold a card against measured numbers, as far as it has a value for them."""
    comparisons = [c for m in measurements if (c := _compared(card, m)) is not None]
    return CardCheck(card, tuple(comparisons), (*_misses(card, comparisons), *_tmr(card)))


def _compared(card: Card, measured: Measurement) -> Comparison | None:
    try:
        if measured.sweep is not None:
            return _of_loop(card, measured, measured.sweep)
        value = _value(card, measured)
    except SmtjError:
        return None  # the card has no such number
    return Comparison(measured, value) if math.isfinite(value) else None


def _of_loop(card: Card, measured: Measurement, sweep: Sweep) -> Comparison | None:
    """Compare coercive field or offset, whose scatter from sweep to sweep the card states."""
    is_width = measured.symbol == "H_c"
    if isinstance(card, BehaviouralCard):
        if card.loop is None:
            return None
        own = card.loop.coercive_field if is_width else card.loop.offset_field
        return None if own is None else Comparison(measured, float(own))
    # Imported here as it brings dynamics, which measured behaviour does not need.
    from smtj.lab.switching_fields import switching_fields

    times = sweep.time * np.exp(np.array([0.0, -1.0, 1.0]) * sweep.log_error)
    field, known = sweep.field, measured.conditions
    found = [switching_fields(card, field, float(t), measured.along, known) for t in times]
    value, *others = (one.coercive if is_width else one.offset for one in found)
    error = math.hypot(measured.error, found[0].spread, (others[1] - others[0]) / 2)
    if not math.isfinite(value + error):
        return None
    return Comparison(replace(measured, error=error), value)


def _value(card: Card, measured: Measurement) -> float:
    given = dict(measured.conditions or {})
    own = card.conditions
    if isinstance(card, BehaviouralCard):
        # What is not the drive, nor in a law, was the same in the whole measurement.
        known = {"voltage", "temperature"} if card.follows_bias else set()
        known |= {"temperature"} if card.temperature_response is not None else set()
        known |= {card.drive_condition} if card.drive_condition else set()
        given = {name: value for name, value in given.items() if name in known}
    given = {**own, **given}
    voltage, temperature = given.get("voltage"), given.get("temperature", card.temperature)
    if measured.symbol == "P" and isinstance(card, DeviceCard) and measured.along in BIASES:
        at = {name: given[name] for name in (measured.along, *FIELDS, "temperature")}
        return float(np.asarray(card.at(**at).switching_probability()))
    if measured.symbol in ("w", "x_s", "P"):
        if card.drive_condition != measured.along:
            return math.nan
        as_bias = None if card.drive.name == "voltage" else voltage
        point = card.under_bias(as_bias, temperature)
        if measured.symbol == "P":
            return float(point.switching_probability(given[measured.along]))
        return float(point.slope if measured.symbol == "w" else point.offset_field)
    at_current = card.drive.name == "current" or (
        isinstance(card, DeviceCard) and "current" in given
    )
    kind: Literal["voltage", "current"] = "current" if at_current else "voltage"
    row = [given.get(name, 0.0) for name in ("field_in_plane", "field_out_of_plane", kind)]
    rows = np.array([[*row, temperature]])
    states: tuple[Any, ...]
    if isinstance(card, BehaviouralCard):
        in_plane, out_of_plane, bias, kelvin = rows.T
        point = measured_at(card, in_plane, out_of_plane, kind, bias, kelvin)
        # A card may have dwell times without levels, and levels without dwell times.
        if measured.symbol[0] == "τ":
            states = (math.nan, math.nan, *point.log_dwell_times())
        else:
            states = (*point.levels(), math.nan, math.nan)
    else:
        # Imported here as it brings dynamics, which measured behaviour does not need.
        from smtj.lab.readings import two_states

        states = two_states(card, kind, rows)
    high, low, log_high, log_low = (float(np.ravel(entry)[0]) for entry in states)
    letter = {"resistance": "R", "voltage": "V", "current": "I"}[card.observable]
    times = np.exp(np.minimum((log_high, log_low), 700.0))
    found = {f"{letter}_high": high, f"{letter}_low": low, "τ_high": times[0], "τ_low": times[1]}
    return float(found.get(measured.symbol, math.nan))


def _misses(card: Card, comparisons: Iterable[Comparison]) -> list[str]:
    every = list(comparisons)
    if not every:
        return []
    limit = max_z(len(every))
    worst = max(every, key=lambda one: abs(one.z))
    if abs(worst.z) <= MAX_Z:
        return []
    at = f" ({worst.measured.where})" if worst.measured.where else ""
    drive = card.drive if card.drive.unit else FIELD
    by = f"{abs(worst.z):.1f}" if math.isfinite(worst.z) else "far more than 3"
    off = (
        f"{worst.measured.symbol}{at} by {by} standard errors "
        f"({worst.text(drive.unit, drive.show)})"
    )
    chance = f"chance alone reaches {limit:.2g} among {len(every)} numbers"
    if abs(worst.z) <= limit:
        return [f"the card's largest miss is {off}, which may be chance: {chance}"]
    missed = sum(abs(one.z) > limit for one in every)
    told = "" if limit == MAX_Z else f" ({chance})"
    return [
        f"the card misses its data: {off}, and {missed} of {len(every)} numbers by more than "
        f"{limit:.2g}{told}"
    ]


def max_z(count: int) -> float:
    """Return the standard errors by which one of several numbers may be missed by chance."""
    from scipy.special import ndtr, ndtri

    if count <= MANY:
        return MAX_Z
    # From the lower tail, where nothing is lost by rounding.
    return float(-ndtri(ndtr(-MAX_Z) * MANY / count))


def _tmr(card: Card) -> list[str]:
    if isinstance(card, DeviceCard):
        tmr = float(card.electrical.tmr)
        cause = (
            "it follows from the levels by the angles of the base card, which are then hardly "
            "those of the device: give it these, or check levels and offset of the data"
        )
    elif isinstance(card, BehaviouralCard) and card.behaviour.resistance_low is not None:
        high, low = card.require("behaviour.resistance_high", "behaviour.resistance_low")
        tmr = high / low - 1
        cause = "check levels and offset of the data"
    else:
        return []
    if tmr <= MAX_TMR:
        return []
    return [
        f"a TMR of {100 * tmr:.0f} % is one that hardly a junction has (the record at room "
        f"temperature is 631 %, T. Scheike et al., arXiv:2202.07847): {cause}"
    ]

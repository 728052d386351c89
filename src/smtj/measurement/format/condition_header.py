"""Headers that hold a condition: ``R (-20 Oe)``, ``R_H=-20Oe (ohm)``, ``tau_AP @ 100 mV [ms]``."""

import re
from typing import NamedTuple

from smtj.errors import UnitError
from smtj.measurement.format.header import split_header, unit_named
from smtj.measurement.format.schema import (
    FIELDS,
    QUANTITIES,
    is_count_with_p,
    is_time_with_p,
    name_of,
)
from smtj.units import convert

CONDITIONS = (*FIELDS, "voltage", "current", "temperature", "frequency", "pulse_length")
"""Quantities that a header may state beside its own."""

_BY_UNIT = {
    **dict.fromkeys(("Oe", "kOe", "mT", "T", "uT", "G", "kG"), FIELDS[0]),
    **dict.fromkeys(("V", "mV"), "voltage"),
    **dict.fromkeys(("A", "mA", "uA", "nA"), "current"),
    **dict.fromkeys(("GHz", "MHz"), "frequency"),
    **dict.fromkeys(("ns", "ps"), "pulse_length"),
    "K": "temperature",
}
_PLACE = re.compile(
    r"(?:(?P<name>[^\W\d][\w.⊥∥∕/]*?)\s*(?P<equal>[=:≈]\s*)?|(?<![\w.]))_?"
    # In names, m15 is -15 and 1p5 is 1.5.
    r"(?P<sign>[+\-−–]\s?|minus|neg|m(?=\d)|plus|p(?=\d))?"
    r"(?P<number>\d+(?:[.,p]\d+)?(?:[eE][+-]?\d+)?)"
    r"(?:\s*_?(?P<unit>[A-Za-zµμ]{1,3}(?![A-Za-z0-9])))?(?![A-Za-z0-9.]|\s*=)",
)
_MINUS = ("-", "−", "–", "minus", "neg", "m")
_JOINTS = re.compile(
    r"[\s_@,;:|(\[/-]*(?:\b(?:at|for|with|bei|für|à|pour|@))?[\s_@,;:|(\[/-]*$", re.I
)


class Conditioned(NamedTuple):
    """What a header holds."""

    quantity: str
    """In the column; "" if the header names none."""
    unit: str | None
    """Of the numbers in it."""
    condition: str
    value: float
    """SI."""
    header: str
    """What the condition is called."""
    has_unit: bool
    """Whether the condition has a unit; else it is taken for one in SI."""


def conditioned(header: str) -> Conditioned | None:
    """Split a header into its quantity and the condition that it states; None if it has none.

    A condition without a name is known by its unit.
    """
    for place in _PLACE.finditer(header):
        found = _condition(place)
        if found is None:
            continue
        name, value, called, begin, is_stated = found
        before = _JOINTS.sub("", header[:begin])
        after = re.sub(r"^[\s_)\],;:]+", "", header[place.end() :])
        text, unit = split_header(f"{before} {after}".strip() if before else "")
        # Several columns per condition count both states.
        quantity = "low" if is_count_with_p(text) else name_of(text) if text else ""
        if not before and after:
            unit = unit_named(after)
        if quantity is None or quantity == name or quantity in CONDITIONS[:1]:
            return None
        return Conditioned(quantity, unit, name, value, called, is_stated)
    return None


def _condition(place: re.Match[str]) -> tuple[str, float, str, int, bool] | None:
    """Quantity, SI value and name of a condition, where it begins in its header, and whether it has
    a unit."""
    unit = unit_named(place["unit"] or "")
    known, begin, called = None, place.start(), ""
    words = place["name"] or ""
    starts = [0, *(m.end() for m in re.finditer("_", words))] if words else []
    for start in starts:
        word = words[start:].strip("_")
        name = "pulse_length" if is_time_with_p(word) else name_of(word)
        if name in CONDITIONS:
            known, called, begin = name, word, place.start() + start
            break
    if known is None and words and (place["equal"] or "")[:1] in ("=", "≈"):
        return None
    if known is None:
        known = _BY_UNIT.get(unit or "")
        called = "H" if known in FIELDS else known or ""
        begin = place.end("name") if words else place.start()
    if known is None or (unit is None and not (place["equal"] and called)):
        return None
    number = float(place["number"].replace("p", ".").replace(",", "."))
    sign = -1.0 if (place["sign"] or "").strip() in _MINUS else 1.0
    own = QUANTITIES[known].unit
    try:
        value = convert(sign * number, unit or own, own)
    except UnitError:
        return None
    return known, value, called, begin, unit is not None

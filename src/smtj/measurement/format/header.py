"""Name and unit in a header: ``name``, ``name [unit]``, ``(unit)``, ``/unit`` or ``_unit``."""

import re
from functools import cache

from smtj.errors import DataError, UnitError
from smtj.measurement.format.logarithms import Logarithm, logarithm
from smtj.measurement.format.messages import quoted
from smtj.measurement.format.schema import (
    LABELS,
    MAY_BE_ARBITRARY,
    QUANTITIES,
    is_count_with_p,
    name_of,
)
from smtj.units import convert

_SQUARE = re.compile(r"(.*?)\s*\[([^\]]*)\]", re.DOTALL)
_ROUND = re.compile(r"(.*?)\s*\(([^)]*)\)", re.DOTALL)
_CLOCK = re.compile(r"(?=.*[:/.-])[hmsdyf:/. -]{4,}", re.I)
_IN = re.compile(r"(.*?)\s*\b(?:in|en|em) (\S+)")
_COUNTS = ("#", "count", "counts")
_PLAIN = ("1", "-", *_COUNTS)
# Spellings of instruments, by their letters in lower case.
_WORDS = {
    **dict.fromkeys(
        (
            "volt",
            "volts",
            "voltdc",
            "voltac",
            "vdc",
            "vac",
            "voltsdc",
            "伏",
            "伏特",
            "ボルト",
            "볼트",
        ),
        "V",
    ),
    **dict.fromkeys(("millivolt", "millivolts"), "mV"),
    **dict.fromkeys(
        (
            "amp",
            "amps",
            "ampdc",
            "ampac",
            "ampere",
            "amperes",
            "adc",
            "安",
            "安培",
            "アンペア",
            "암페어",
        ),
        "A",
    ),
    **dict.fromkeys(
        ("ohm", "ohms", "ohmdc", "ohm4w", "ohm2w", "欧", "欧姆", "歐姆", "オーム", "옴"), "ohm"
    ),
    **dict.fromkeys(("kohm", "kohms"), "kohm"),
    **dict.fromkeys(("mohm", "mohms", "megaohm", "megaohms", "megohm"), "Mohm"),
    **dict.fromkeys(("sec", "secs", "second", "seconds", "sekunde", "sekunden", "秒", "초"), "s"),
    **dict.fromkeys(("msec", "millisecond", "milliseconds", "毫秒", "ミリ秒", "밀리초"), "ms"),
    **dict.fromkeys(
        ("usec", "µsec", "microsecond", "microseconds", "微秒", "マイクロ秒", "마이크로초"), "us"
    ),
    **dict.fromkeys(("nsec", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("mins", "minutes"), "min"),
    **dict.fromkeys(("hours", "hr", "hrs"), "h"),
    **dict.fromkeys(("days", "tage"), "day"),
    **dict.fromkeys(("kelvin", "kelvins", "degk"), "K"),
    **dict.fromkeys(
        ("oe", "oersted", "oersteds", "奥斯特", "奧斯特", "エルステッド", "에르스텟"), "Oe"
    ),
    **dict.fromkeys(("koe", "kilooersted"), "kOe"),
    **dict.fromkeys(("gauss",), "G"),
    **dict.fromkeys(("tesla",), "T"),
    **dict.fromkeys(("millitesla",), "mT"),
    **dict.fromkeys(("degree", "degrees", "degs"), "deg"),
    **dict.fromkeys(("radian", "radians"), "rad"),
    **dict.fromkeys(("hertz", "hz"), "Hz"),
    **dict.fromkeys(("khz",), "kHz"),
    **dict.fromkeys(("mhz",), "MHz"),
    **dict.fromkeys(("ghz",), "GHz"),
    **dict.fromkeys(("percent", "pct"), "%"),
}
# Of Russian files.
_WORDS |= {
    **{"с": "s", "сек": "s", "мс": "ms", "мкс": "us", "в": "V", "мв": "mV", "мкв": "uV"},
    **{"а": "A", "ма": "mA", "мка": "uA", "ом": "ohm", "ком": "kohm", "э": "Oe"},
    **{"тл": "T", "мтл": "mT", "к": "K"},
}
_BASES = {"e": "log_", "10": "log10_", "": ""}
"""Beginning of the names of logarithms by their base."""
_DECIBELS = ("dB", "dBm", "dbm", "db")
# Of P, in brackets behind it.
READS = re.compile(r"[nN]\s*=\s*(\d+)(?:\s+[a-z]+)?")
# What a preamble writes in capitals.
_CAPITALS = {"S": "s"}
CELSIUS = "degC"
"""Unit of temperatures that are counted from 273.15 K."""
_CELSIUS = re.compile(r"(?:[°º]|deg\.?|degrees?)\s*C(?:elsius)?|celsius|℃", re.I)
# The letters of "a.u.", "arb. u.", "Arb" and "arbitrary units".
_ARBITRARY = ("au", "arb", "arbu", "arbunit", "arbunits", "arbitrary", "arbitraryunits")


def split_header(header: str) -> tuple[str, str | None]:
    """Split a header into name and unit, which may be None.

    Square brackets always hold a unit; parentheses, or the text after a slash, only if smtj knows
    the unit: ``"field (perp)"`` and ``"P->AP / AP->P"`` are names.  The last word after an
    underscore is a unit if it is one of the quantity named before it, as in ``"time_ms"``.
    """
    text = header.strip()
    square = _SQUARE.fullmatch(text)
    if square and (_CLOCK.fullmatch(square[2]) or READS.fullmatch(square[2].strip())):
        return square[1], None
    if square:
        return square[1], square[2].strip() or None
    bracketed = _ROUND.fullmatch(text)
    if bracketed:
        name, unit = bracketed[1], bracketed[2].strip()
        if _CLOCK.fullmatch(unit) or READS.fullmatch(unit):
            return name, None
        # An unknown unit of a known quantity is an error, not part of the name.
        misspelt = name_of(name) in QUANTITIES and name_of(text) is None
        is_count = unit.casefold() in _COUNTS and bool(name_of(name) or is_count_with_p(name))
        is_unit = misspelt or is_count or _is_unit(_respelled(unit)) or is_arbitrary(unit)
        return (name, unit or None) if is_unit else (text, None)
    if name_of(text) == "inverse_temperature":
        return text, None  # T is no tesla
    name, _, unit = (part.strip() for part in text.partition("/"))
    is_unit = _is_unit(_respelled(unit)) or is_arbitrary(unit)
    if name and unit and is_unit:
        return name, unit
    return _split_at_word(text) or (text, None)


def _split_at_word(text: str) -> tuple[str, str] | None:
    """Split ``"time_ms"``, ``"R kOhm"`` and ``"time, ms"``, and ``"C1 in V"`` as Rohde & Schwarz
    writes it."""
    given = _IN.fullmatch(text)
    if given is not None and _is_unit(_respelled(given[2])):
        return given[1], given[2]
    name, _, unit = (part.strip() for part in text.rpartition(","))
    if name_of(name) in QUANTITIES and unit and _is_unit(_respelled(unit)):
        return name, unit
    name, _, unit = text.rpartition(" ")
    if max(len(name), len(unit)) > 1 and measures(unit, name_of(name) or ""):
        return name, unit
    name, _, unit = text.rpartition("_")
    known = name_of(name) if name and name_of(text) is None else None
    if known is None or known not in QUANTITIES or not _is_unit(_respelled(unit)):
        return None
    try:
        convert(1.0, _respelled(unit), QUANTITIES[known].unit)
    except UnitError:
        return None
    return name, unit


def unit_named(text: str) -> str | None:
    """Return the unit that a text beside a name means, as in ``"(Ohms)"``; None if it is none."""
    plain = text.strip()
    for opening, closing in ("[]", "()"):
        if plain.startswith(opening) and plain.endswith(closing):
            plain = plain[1:-1].strip()
    if _CELSIUS.fullmatch(plain) is not None:
        return CELSIUS
    plain = _CAPITALS.get(plain, plain)
    spelled = _respelled(plain)
    if spelled and (_is_unit(spelled) or is_arbitrary(plain)):
        return spelled if _is_unit(spelled) else plain
    return None


def is_arbitrary(unit: str) -> bool:
    """Whether a unit is arbitrary, such as ``"a.u."`` and ``"arb. units"``."""
    return re.sub(r"[\W_]", "", unit).casefold() in _ARBITRARY


def recognised(header: str) -> tuple[str, str | None] | None:
    """Return name and unit of the quantity or label in a header; None if it is unknown.

    Words for a signal have other meanings: ``"X [mm]"`` is a position and ``"amplitude [Oe]"`` a
    field's, so with another unit they are unknown; ``"X"`` and ``"Y"`` must have a signal's unit.
    A bias is a current if its unit is that of one.
    """
    found = logarithm(header)
    if found is not None and found.base != "?" and _is_unit_of(found):
        return f"{_BASES[found.base]}{found.of.replace('rate', 'dwell_time')}", None
    text, unit = split_header(header)
    name = name_of(text) or _fraction(text)
    if unit is not None and name in QUANTITIES and QUANTITIES[str(name)].unit == "s":
        unit = _CAPITALS.get(unit, unit)
    if name in ("signal", "channel_x") and unit in _DECIBELS:
        return "decibels", None
    if name == "voltage" and "bias" in text.casefold() and measures(unit, "current"):
        return "current", unit
    if name is None or (name in MAY_BE_ARBITRARY and not _can_be_signal(name, text, unit)):
        return None
    return name, unit


def _fraction(text: str) -> str | None:
    """P of either state in a header such as ``"n_switched/n_trials"``."""
    counted, _, reads = (name_of(part) for part in text.partition("/"))
    which = {"high": "probability", "switched": "probability", "low": "probability_low"}
    return which.get(counted or "") if reads == "reads" else None


def _is_unit_of(found: Logarithm) -> bool:
    """Whether a time or a rate has a unit of one, if it has any."""
    return not found.unit or measures(found.unit, found.of)


def measures(unit: str | None, name: str) -> bool:
    """Whether a unit is one of a quantity."""
    try:
        return unit is not None and convert(1.0, _respelled(unit), QUANTITIES[name].unit) > 0
    except (UnitError, KeyError):
        return False


def unit_in_file(name: str, unit: str | None, header: str, file: str) -> str | None:
    """Return the unit of a column's numbers, by default the SI unit; None for a label.

    Raises DataError, which names ``file`` and ``header``, if the unit is unknown or does not
    measure the quantity.
    """
    if name in LABELS:
        return None
    quantity = QUANTITIES[name]
    if unit is None or (not quantity.unit and unit in _PLAIN):
        return quantity.unit
    if name in MAY_BE_ARBITRARY and is_arbitrary(unit):
        return quantity.unit
    if name == "temperature" and (unit == "C" or _CELSIUS.fullmatch(unit) is not None):
        return CELSIUS
    spelled = _respelled(unit)
    right = f"{name} [{quantity.display_unit}]" if quantity.unit else f"{name} or {name} [%]"
    if not _is_unit(spelled):
        raise DataError(
            f"{file}: column {quoted(header)} has the unknown unit {quoted(unit)}: give it as e.g. "
            f'"{right}"'
        )
    try:
        convert(1.0, spelled, quantity.unit)
    except UnitError:
        raise DataError(
            f"{file}: column {quoted(header)} is read as {quantity.meaning}, which is not measured "
            f'in {unit}: give it as e.g. "{right}", or say which column is meant '
            f"by columns= (--column {name}=HEADER)"
        ) from None
    return spelled


def _can_be_signal(name: str, text: str, unit: str | None) -> bool:
    if text.strip().casefold() == name:
        return True
    if unit is None or is_arbitrary(unit):
        return len(text) > 1 or unit is not None
    if not _is_unit(_respelled(unit)):
        # Misspelt and so an error, unless the name is but a letter.
        return len(text) > 1
    return measures(unit, name)


def _respelled(unit: str) -> str:
    """A unit as :mod:`smtj.units` spells it, if it is one of the usual words."""
    plain = unit.replace("\N{OHM SIGN}", "Ω")
    # mOhm and MOhm differ, so a spelling that is right already is kept.
    if _is_unit(plain):
        return plain
    return _WORDS.get(re.sub(r"[\W_]", "", plain).casefold(), plain)


@cache
def _is_unit(text: str) -> bool:
    try:
        convert(1.0, text, text)
    except UnitError:
        return False
    return True

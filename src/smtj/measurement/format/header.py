"""Name and unit in a header: ``name``, ``name [unit]``, ``name (unit)`` or ``name/unit``."""

import re
from functools import cache

from smtj.errors import DataError, UnitError
from smtj.measurement.format.messages import quoted
from smtj.measurement.format.schema import LABELS, MAY_BE_ARBITRARY, QUANTITIES, name_of
from smtj.units import convert

_SQUARE = re.compile(r"(.*?)\s*\[([^\]]*)\]", re.DOTALL)
_ROUND = re.compile(r"(.*?)\s*\(([^)]*)\)", re.DOTALL)
_PLAIN = ("1", "-", "#", "count", "counts")
# The letters of "a.u.", "arb. u.", "Arb" and "arbitrary units".
_ARBITRARY = ("au", "arb", "arbu", "arbunit", "arbunits", "arbitrary", "arbitraryunits")


def split_header(header: str) -> tuple[str, str | None]:
    """Split a header into name and unit, which may be None.

    Square brackets always hold a unit; parentheses, or the text after a slash, only if smtj knows
    the unit: ``"field (perp)"`` and ``"P->AP / AP->P"`` are names.
    """
    text = header.strip()
    square = _SQUARE.fullmatch(text)
    if square:
        return square[1], square[2].strip() or None
    bracketed = _ROUND.fullmatch(text)
    if bracketed:
        name, unit = bracketed[1], bracketed[2].strip()
        # An unknown unit of a known quantity is an error, not part of the name.
        misspelt = name_of(name) in QUANTITIES and name_of(text) is None
        is_unit = misspelt or _is_unit(unit) or is_arbitrary(unit)
        return (name, unit or None) if is_unit else (text, None)
    name, _, unit = (part.strip() for part in text.partition("/"))
    is_unit = _is_unit(unit) or is_arbitrary(unit)
    return (name, unit) if name and unit and is_unit else (text, None)


def is_arbitrary(unit: str) -> bool:
    """Whether a unit is arbitrary, such as ``"a.u."`` and ``"arb. units"``."""
    return re.sub(r"[\W_]", "", unit).casefold() in _ARBITRARY


def recognised(header: str) -> tuple[str, str | None] | None:
    """Return name and unit of the quantity or label in a header; None if it is unknown.

    Words for a signal have other meanings: ``"X [mm]"`` is a position and ``"amplitude [Oe]"`` a
    field's, so with another unit they are unknown; ``"X"`` and ``"Y"`` must have a signal's unit.
    """
    text, unit = split_header(header)
    name = name_of(text)
    if name is None or (name in MAY_BE_ARBITRARY and not _can_be_signal(name, text, unit)):
        return None
    return name, unit


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
            f'in {unit}: give it as e.g. "{right}", or say which column is meant, '
            f"--column {name}=HEADER"
        ) from None
    return spelled


def _can_be_signal(name: str, text: str, unit: str | None) -> bool:
    if text.strip().casefold() == name:
        return True
    if unit is None or is_arbitrary(unit):
        return len(text) > 1 or unit is not None
    if not _is_unit(unit):
        # Misspelt and so an error, unless the name is but a letter.
        return len(text) > 1
    try:
        convert(1.0, _respelled(unit), QUANTITIES[name].unit)
    except UnitError:
        return False
    return True


def _respelled(unit: str) -> str:
    return unit.replace("\N{OHM SIGN}", "Ω")


@cache
def _is_unit(text: str) -> bool:
    try:
        convert(1.0, _respelled(text), _respelled(text))
    except UnitError:
        return False
    return True

"""What the lines above a table say: sampling, units of the axes, and other pairs."""

import math
import re
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from smtj.errors import UnitError
from smtj.measurement.format.header import split_header, unit_named
from smtj.measurement.format.messages import is_number
from smtj.units import convert

INTERVALS = (
    *("sampleinterval", "samplinginterval", "samplingperiod", "sampleperiod", "timestep"),
    *("increment", "xincrement", "xinc", "deltax", "deltat", "dt", "wfincrement", "timeincrement"),
    *("tinterval", "interval", "sampletime", "samplingtime", "ts", "samplespacing"),
)
"""Keys of the time between readings, by their letters."""
RATES = ("samplerate", "samplingrate", "samplingfrequency", "samplefrequency", "fs")
"""Keys of its inverse."""
STARTS = ("start", "tstart", "x0", "xorigin", "xorg", "xzero", "wfstartoffset")
"""Keys of the time of the first reading."""
HORIZONTAL = ("horizontalunits", "xunits", "xunit", "horizontalunit")
"""Keys of the unit of times."""
VERTICAL = ("verticalunits", "yunits", "yunit", "verticalunit", "yunitlabel")
"""Keys of the unit of readings."""

_PAIR = re.compile(r"\s*([^:=]{1,60}?)\s*[:=]\s*(.*?)\s*")
_BETWEEN = re.compile(r"[,;|]\s+")
_MARKS = "#%;!*/\"' "
"""What lines of comments begin with."""
_QUANTITY = re.compile(r"(?:[A-Za-z][\w ]*:)?\s*([+-]?[\d.]+(?:e[+-]?\d+)?)\s*(.*)", re.I)

_UNIT_OF = re.compile(r"(.+)units?")
"""By the letters of a key, what a unit is of."""
_SAMPLES = re.compile(r"([kMG]?)(?:S|Sa|samples|pts)\s*/\s*s(?:ec)?", re.I)

Pairs = Sequence[tuple[str, tuple[str, ...]]]
"""Keys, and the cells beside each."""


class Sampling(NamedTuple):
    """Times that are not in a table, in s."""

    interval: float
    start: float = 0.0


def pairs_of(rows: Iterable[Sequence[str]], comments: Iterable[str]) -> Pairs:
    """Return the pairs of key and values in the rows above a table and in comments."""
    found: list[tuple[str, tuple[str, ...]]] = []
    lines: list[Sequence[str]] = [*rows, *([comment] for comment in comments)]
    for cells in lines:
        filled = [cell for cell in cells if cell]
        filled[:1] = [filled[0].lstrip(_MARKS)] if filled else []
        several = _several(filled)
        if several:
            found += several
            continue
        if len(filled) == 1 and (match := _PAIR.fullmatch(filled[0])) is not None:
            filled = [match[1], match[2]]
        elif len(filled) == 1 and "," in filled[0]:
            filled = [cell.strip() for cell in filled[0].split(",") if cell.strip()]
        if len(filled) > 1:
            found.append((filled[0], tuple(filled[1:])))
    return found


def _several(cells: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The pairs in one line, as in ``"run 7, T = 300 K; I = 10 uA"``; empty if there is but one."""
    pieces = [piece for cell in cells for piece in _BETWEEN.split(cell)]
    matches = [_PAIR.fullmatch(piece) for piece in pieces]
    whole = len(cells) == 1 or all(match is not None and "=" in match[0] for match in matches)
    if len(pieces) < 2 or not whole:
        return []
    return [(match[1], (match[2],)) for match in matches if match is not None]


def with_their_units(pairs: Pairs) -> Pairs:
    """Put units with a key of their own, as ``temperature_unit``, beside what they are of."""
    keys = {_key(key) for key, _ in pairs}
    units = {
        match[1]: values[0]
        for key, values in pairs
        if values and (match := _UNIT_OF.fullmatch(_key(key))) is not None and match[1] in keys
    }
    return [
        (key, (values[0], units[_key(key)]) if len(values) == 1 and _key(key) in units else values)
        for key, values in pairs
        if (match := _UNIT_OF.fullmatch(_key(key))) is None or match[1] not in units
    ]


def is_sampling(key: str) -> bool:
    """Whether a key is one of the sampling or of the units of the axes."""
    known = (*INTERVALS, *RATES, *STARTS, *HORIZONTAL, *VERTICAL)
    return _key(key) in known or _key(split_header(key)[0]) in known


def sampling_of(pairs: Pairs) -> Sampling | None:
    """Return the sampling that a preamble states; None if it states none."""
    pairs = with_their_units(pairs)
    interval = _first(pairs, INTERVALS)
    if interval is None:
        rate = _first(pairs, RATES, "Hz")
        interval = 1 / rate if rate else None
    if interval is None or not 0 < interval < math.inf:
        return None
    return Sampling(interval, _first(pairs, STARTS) or 0.0)


def axis_units(pairs: Pairs) -> tuple[str | None, str | None]:
    """Return the units of times and of readings that a preamble states."""
    units = []
    for keys in (HORIZONTAL, VERTICAL):
        texts = [values[0].rpartition(":")[2] for key, values in pairs if _key(key) in keys]
        units.append(next((unit for text in texts if (unit := unit_named(text))), None))
    return units[0], units[1]


def _key(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _first(pairs: Pairs, keys: Container[str], unit: str = "s") -> float | None:
    """The first number under one of the keys, in ``unit``."""
    for key, values in pairs:
        name, beside = split_header(key)
        if _key(key) not in keys and _key(name) not in keys:
            continue
        # The unit may have a cell of its own, or stand with the key.
        own = len(values) > 1 and _is_unit_cell(values[1])
        match = _QUANTITY.fullmatch(" ".join(values[: 2 if own else 1]).strip())
        if match is None or not is_number(match[1]):
            continue
        try:
            return float(match[1]) * _factor(match[2].strip() or beside or "", unit)
        except UnitError:
            continue
    return None


def _is_unit_cell(cell: str) -> bool:
    return unit_named(cell) is not None or _SAMPLES.fullmatch(cell) is not None


def _factor(text: str, unit: str) -> float:
    """Factor from the unit in a text to another; raises UnitError if it is none of that kind."""
    if not text:
        return 1.0
    rate = _SAMPLES.fullmatch(text)
    given = f"{rate[1]}Hz" if rate is not None else unit_named(text)
    if given is None:
        raise UnitError(f"{text} is no unit")
    return convert(1.0, given, unit)

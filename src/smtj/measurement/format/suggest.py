"""Columns whose header is no name, but has a word of one and its unit."""

import re
from collections.abc import Collection, Mapping
from itertools import pairwise

from smtj.errors import DataError, UnitError
from smtj.measurement.format.header import split_header, unit_named
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.schema import QUANTITIES, SIGNALS, name_of
from smtj.units import convert

MEASURED = ("resistance", "voltage", "current")
"""Quantities that a trace may be of."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GENERIC = _words(
    "reading readings value measured measurement measure data sample ampl amplitude channel ch "
    "trace untitled state states wfm waveform y axis analog input source level output volt "
    "volts second seconds sec ohm ohms amp amps x dmm keithley daq a b c d chan math probe "
    "digitizer digitiser scope oscilloscope voltmeter multimeter nanovoltmeter"
)
# With these, a column is what was set, and another of its quantity what was measured.
SET = _words("source src set force forced applied programmed")
MEASURED_WORDS = _words("meas measured sense sensed")
_ADJECTIVES = _words("setpoint bias sample stage dc nominal constant fixed measurement actual")
_STATED = ("voltage", "current", "temperature", "field_out_of_plane", "field_in_plane")
_LETTER = re.compile(
    r"\b([VUIRHB])(?=(?:meas|measured|sense|sensed|source|src|set|force|read|mtj|dut|smu|b)\b)",
    re.A,
)
_LETTERS = _words("V U I T")
_BIAS = _words("b bias")
"""Words of a voltage or a current that was held."""
# With these, a column is something else of the same unit.
_OTHERS = _words(
    "std dev stdev deviation error err sigma noise uncertainty rms limit compliance range setpoint "
    "target gate offset scale phase reference ref trigger zero variance sd se coil magnet tau τ "
    "dwell lifetime modulation excitation stamp delay width period duration heater"
)
_MAGNET = _words("magnet coil")
_QUANTITIES = (
    *("time", "resistance", "voltage", "current", "temperature", "field_out_of_plane"),
    *("frequency", "angle"),
)

_SHOWS_STATE = {*MEASURED, *SIGNALS, "probability", "high", "dwell_time_high", "frequency"}

Found = tuple[str, str | None]


_CONDITION = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s*[^\W\d]+")


def suggested(headers: Mapping[int, str], known: set[str], file: str) -> dict[int, Found]:
    """Return name and unit by position of the columns that their unit explains.

    ``headers`` are those not understood by position; ``known`` are the quantities of the others.  A
    header must have the unit of a quantity that no other column has, and either a word for that
    quantity, as in ``"Bridge 1 Resistance (Ohms)"``, or only words that any quantity may have, as
    in ``"CH1 [V]"``.

    Raises DataError if there are several for one quantity, and nothing else was measured.
    """
    found: dict[int, Found] = {}
    # "1 ns" is a condition of its column, and the unit not that of its numbers.
    headers = {p: h for p, h in headers.items() if not _CONDITION.fullmatch(h.strip())}
    for quantity in _QUANTITIES:
        if quantity in known or (quantity == "field_out_of_plane" and "field_in_plane" in known):
            continue
        fits = {p: rank for p, h in headers.items() if (rank := _rank(h, quantity)) > 0}
        best = [p for p, rank in fits.items() if rank == max(fits.values())]
        if len(best) == 1:
            found[best[0]] = (quantity, _unit(headers[best[0]]))
        elif len(best) > 1 and quantity in MEASURED and not known - {"time"}:
            names = [headers[p] for p in best]
            raise DataError(
                f"{file}: {listed(map(quoted, names))} may each be the {quantity}: choose one by "
                f'columns= (--column "{quantity}={names[0]}")'
            )
    every = known | {name for name, _ in found.values()}
    if "time" in every and not every & _SHOWS_STATE:
        found |= _only_one(headers, file)
    return found


def _only_one(headers: Mapping[int, str], file: str) -> dict[int, Found]:
    """Return the only column in volts or amperes beside times, whatever it is called."""
    fits: dict[int, str] = {}
    for position, header in headers.items():
        unit = _unit(header)
        # Dev1 is a device of National Instruments, no deviation.
        words = words_of(re.sub(r"\bDev\d+", "", header))
        if unit is None or split_header(header)[1] is None or words & _OTHERS:
            continue
        for quantity in ("voltage", "current"):
            if _measures(unit, quantity):
                fits[position] = quantity
    if len(fits) > 1:
        names = [headers[p] for p in fits]
        each = [f'--column "{quantity}={headers[p]}"' for p, quantity in fits.items()]
        raise DataError(
            f"{file}: {listed(map(quoted, names))} may each show the state of the device: choose "
            f"by columns= ({listed(dict.fromkeys(each), 'or')})"
        )
    return {position: (name, _unit(headers[position])) for position, name in fits.items()}


def unnamed_signal(
    headers: Mapping[int, str], known: set[str], texts: Collection[int], file: str
) -> dict[int, Found]:
    """Return the only column beside times that may be a signal, though nothing says its unit.

    ``headers`` are those not understood by position, ``known`` the quantities of the others, and
    ``texts`` the positions of columns of text.  Raises DataError if there are several.
    """
    if "time" not in known or known & {*MEASURED, *SIGNALS, "probability", "high", "frequency"}:
        return {}
    found = {
        position: ("signal", "a.u.")
        for position, header in headers.items()
        if position not in texts and split_header(header)[1] is None and _is_generic(header)
    }
    measured = {p: signal for p, signal in found.items() if not words_of(headers[p]) & SET}
    if len(measured) == 1:
        return dict(measured)
    if len(found) > 1:
        names = [headers[position] for position in found]
        raise DataError(
            f"{file}: {listed(map(quoted, names))} may each be the signal: choose one by columns= "
            f'(--column "voltage={names[0]} [V]")'
        )
    return dict(found)


def _is_generic(header: str) -> bool:
    words = words_of(header)
    return bool(words) and words <= _GENERIC - {"x", "sample"}


def condition_in(key: str) -> str | None:
    """Return the quantity in a key such as ``"Source current"``, all of whose other words say that
    it was set; None if there is none."""
    words = _split(key)
    phrases = {" ".join(words[a:b]): (a, b) for a in range(len(words)) for b in range(a + 1, a + 3)}
    for phrase, (a, b) in phrases.items():
        name = name_of(phrase)
        rest = {word.casefold() for word in (*words[:a], *words[b:])}
        # A letter alone may be anything, but Vb and "T stage" are no others.
        plain = len(phrase) > 1 or (rest and phrase in _LETTERS)
        if name in _STATED and plain and rest <= SET | _ADJECTIVES | _BIAS:
            return name
    return None


def condition_of(header: str) -> str | None:
    """Return which condition a header that is not understood may name, by its unit or a word."""
    name, own = split_header(header)
    words, unit = _split(name), None if own is None else unit_named(own)
    if words_of(header) & _OTHERS:
        return None
    if unit is not None:
        return next((q for q in _STATED if _measures(unit, q)), None)
    named = (name_of(word) for word in words if {w.casefold() for w in words} & SET)
    return next((q for q in named if q in _STATED), None)


def words_of(header: str) -> set[str]:
    """Return the words of a header in lower case; ``"Imeas"`` has two, and ``"AnodeI"``."""
    return {word.casefold() for word in _split(header)}


def _split(header: str) -> list[str]:
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[\W_\d]+", " ", header))
    return _LETTER.sub(r"\1 ", parts).split()


def _rank(header: str, quantity: str) -> int:
    """0 for headers of other quantities.

    A word of the quantity, as in ``"Vsource (V)"``, counts more than words of any, and among these
    what was measured more than what was set.
    """
    name, _ = split_header(header)
    unit = _unit(header)
    if unit is None or not _measures(unit, quantity):
        return 0
    words = _split(name)
    plain = words_of(name)
    # A magnet has a current, but its field is the device's.
    if plain & _OTHERS - (_MAGNET if quantity == "field_out_of_plane" else set()):
        return 0
    is_measured = not plain & (SET | _BIAS)
    phrases = [*words, *(" ".join(pair) for pair in pairwise(words))]
    if any(name_of(phrase) == quantity for phrase in phrases):
        return 3 + is_measured
    # Whatever its words, nothing else in a file is in seconds or in ohms.
    if quantity in ("time", "resistance") or (plain <= _GENERIC and quantity in MEASURED):
        return 1 + is_measured
    return 0


def _unit(header: str) -> str | None:
    """The unit in a header, or the header itself if it is but a unit."""
    name, unit = split_header(header)
    return unit_named(unit) if unit is not None else unit_named(name)


def _measures(unit: str, quantity: str) -> bool:
    try:
        convert(1.0, unit, QUANTITIES[quantity].unit)
    except UnitError:
        return False
    return True

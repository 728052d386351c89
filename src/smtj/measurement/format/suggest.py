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
    "volts second seconds sec ohm ohms amp amps x dmm keithley daq a b c d chan math probe"
)
# With these, a column is something else of the same unit.
_OTHERS = _words(
    "std dev stdev deviation error err sigma noise uncertainty rms limit compliance range setpoint "
    "target gate offset scale phase reference ref trigger zero variance sd se coil magnet tau τ "
    "dwell lifetime modulation excitation stamp delay width period duration heater"
)
_QUANTITIES = (
    *("time", "resistance", "voltage", "current", "temperature", "field_out_of_plane"),
    *("frequency", "angle"),
)

_SHOWS_STATE = {*MEASURED, *SIGNALS, "probability", "high", "dwell_time_high", "frequency"}

Found = tuple[str, str | None]


def suggested(headers: Mapping[int, str], known: set[str], file: str) -> dict[int, Found]:
    """Return name and unit by position of the columns that their unit explains.

    ``headers`` are those not understood by position; ``known`` are the quantities of the others.  A
    header must have the unit of a quantity that no other column has, and either a word for that
    quantity, as in ``"Bridge 1 Resistance (Ohms)"``, or only words that any quantity may have, as
    in ``"CH1 [V]"``.

    Raises DataError if there are several for one quantity, and nothing else was measured.
    """
    found: dict[int, Found] = {}
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
        words = _plain(re.sub(r"\bDev\d+", "", header))
        if unit is None or split_header(header)[1] is None or words & _OTHERS:
            continue
        for quantity in ("voltage", "current"):
            if _measures(unit, quantity):
                fits[position] = quantity
    if len(fits) > 1:
        names = [headers[p] for p in fits]
        quantity = next(iter(fits.values()))
        raise DataError(
            f"{file}: {listed(map(quoted, names))} may each show the state of the device: choose "
            f'one by columns= (--column "{quantity}={names[0]}")'
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
    if len(found) > 1:
        names = [headers[position] for position in found]
        raise DataError(
            f"{file}: {listed(map(quoted, names))} may each be the signal: choose one by columns= "
            f'(--column "voltage={names[0]} [V]")'
        )
    return dict(found)


def _is_generic(header: str) -> bool:
    words = _plain(header)
    return bool(words) and words <= _GENERIC - {"x", "sample"}


def _plain(header: str) -> set[str]:
    return {word.casefold() for word in re.split(r"[\W_\d]+", header) if word}


def _rank(header: str, quantity: str) -> int:
    """2 for a word of this quantity, 1 for words of any quantity, 0 for other headers."""
    name, _ = split_header(header)
    unit = _unit(header)
    if unit is None or not _measures(unit, quantity):
        return 0
    words = [word for word in re.split(r"[\W_\d]+", name) if word]
    plain = {word.casefold() for word in words}
    if plain & _OTHERS:
        return 0
    phrases = [*words, *(" ".join(pair) for pair in pairwise(words))]
    if any(name_of(phrase) == quantity for phrase in phrases):
        return 2
    # Whatever its words, nothing else in a file is in seconds or in ohms.
    return int(quantity in ("time", "resistance") or (plain <= _GENERIC and quantity in MEASURED))


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

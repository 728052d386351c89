"""Which quantity is in which column of a file."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from smtj.errors import DataError, UnitError
from smtj.measurement.format.header import (
    is_arbitrary,
    measures,
    recognised,
    split_header,
    unit_in_file,
    unit_named,
)
from smtj.measurement.format.limits import limit_columns
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.schema import (
    FIELDS,
    MAY_BE_ARBITRARY,
    NAMES,
    QUANTITIES,
    SIGNALS,
    has_no_direction,
    is_count_with_p,
    is_time_with_p,
)
from smtj.measurement.format.suggest import (
    MEASURED_WORDS,
    SET,
    suggested,
    unnamed_signal,
    words_of,
)
from smtj.measurement.format.uncertainty import error_column
from smtj.units import convert

_PROBABILITIES = {
    *("probability", "probability_low", "high", "low", "switched"),
    *("odds", "log_odds", "log10_odds"),
}
_SHOWN = {
    *(*_PROBABILITIES, *SIGNALS, "resistance", "relative_resistance", "conductance"),
    *("magnetoresistance", "resistance_after", "frequency", "dwell_time_high", "dwell_time_low"),
    *("rate_high", "rate_low", "log_dwell_time_high", "log_dwell_time_low"),
    *("odds", "log_odds", "log10_odds"),
}
"""Quantities beside which a state says nothing else."""
_STATES = ("to", "level", "status", "configuration", "config", "magnetization", "magnetisation")
"""What columns of words may be called that hold states."""
_TICKS = ("ticks", "tick", "samples", "sample", "cycles", "clocks", "counts")
_COUNTS = ("count", "counts", "number", "anzahl")
"""What a user may call a count, by the letters, without saying of what."""
_BIASES_TOO = ("vdc", "amplitude")
"""Headers, by their letters, of a signal or a bias."""
_PAIR = {"AP": "high", "P": "low"}
"""What columns hold that are called by a state alone, each beside the other."""
_POLAR = ("r", "theta", "θ", "phase")
FIELD = "field"
"""Name by which a user names a field without saying its direction."""

_CHOICES = [name for name in NAMES if not name.endswith(("_upper", "_lower"))]
_NUMBERED = re.compile(r"#(\d{1,4})")


@dataclass(frozen=True)
class Column:
    """A recognised column."""

    position: int
    """Its position in the file, from 0."""
    header: str
    """As in the file."""
    name: str
    """Name of the quantity or label."""
    unit: str | None
    """The unit of its numbers; None for a label."""
    asked_for: bool = False
    """Whether the user named it."""


@dataclass(frozen=True)
class Match:
    """The recognised columns of a file."""

    columns: tuple[Column, ...]
    """In the order of the file."""
    ignored: tuple[str, ...]
    """Headers of the other columns."""
    assumed: tuple[str, ...]
    """Quantities in SI by assumption: their header has no unit, or an arbitrary one."""
    arbitrary: tuple[str, ...] = ()
    """Those of them with an arbitrary unit."""
    by_unit: tuple[str, ...] = ()
    """Headers that were understood by their unit and a word in them."""

    def without(self, name: str) -> "Match":
        """Return the match without a quantity, unless the user named its column."""
        kept = tuple(c for c in self.columns if c.name != name or c.asked_for)
        assumed = tuple(n for n in self.assumed if n in {c.name for c in kept})
        return replace(self, columns=kept, assumed=assumed)


def parse_columns(options: Sequence[str]) -> dict[str, str]:
    """Read options such as ``"resistance=R_meas"`` into the mapping that :func:`load` takes.

    Parameters
    ----------
    options
        Each ``NAME=HEADER`` or ``NAME=HEADER [UNIT]``.

    Returns
    -------
    dict
        Header by name.

    Raises
    ------
    DataError
        An option is not a pair, or its name is unknown or comes twice.
    """
    columns: dict[str, str] = {}
    for option in options:
        name, _, header = (part.strip() for part in option.partition("="))
        if not (name and header):
            raise DataError(
                f'"{option}" does not name a column: write NAME=HEADER, e.g. resistance=R_meas'
            )
        if name in columns:
            raise DataError(
                f'{name} is given as both "{columns[name]}" and "{header}": give one of them'
            )
        columns[name] = header
    _check_names(columns)
    return columns


def match_columns(
    headers: Sequence[str],
    columns: Mapping[str, str] | None,
    file: str,
    ignore: Sequence[str] = (),
    texts: Collection[int] = (),
    timed: bool = False,
) -> Match:
    """Recognise the columns of a file by their headers.

    A header is ``name``, ``name [unit]``, ``name (unit)`` or ``name/unit``.  ``columns`` gives
    headers by name, where smtj would not recognise them; a unit given with one overrides the unit
    in the file, and ``#3`` is the third column.  Those in ``ignore`` are left out.  A header that
    is no name but contains one, such as ``"Keithley V [mV]"``, is understood if its unit fits and
    no other column does.  Of two headers for one quantity, one of a column of text, at the
    positions ``texts``, is left out: it is a date or a clock's time.  ``timed`` says that the times
    of readings are known without a column.

    Raises DataError, which names ``file``, if two mean the same, none is recognised, a requested
    one is missing, or a unit is unknown or of another dimension.
    """
    found = _asked_for(headers, columns or {}, file)
    asked_for = {name for name, _ in found.values()}
    left_out = {_position("--ignore", header, headers, file) for header in ignore}
    left_out |= _amplitude_and_phase(headers)
    in_pairs = limit_columns(headers)
    found |= {p: known for p, known in in_pairs.items() if p not in found and p not in left_out}
    open_ = [p for p in range(len(headers)) if p not in found and p not in left_out]
    for position in open_:
        known = _known(headers, position)
        if known is not None and known[0] == "time" and (known[1] or "").casefold() in _TICKS:
            if timed:
                continue
            raise DataError(
                f"{file}: column {quoted(headers[position])} counts {known[1]}, whose rate it does "
                "not say: give the time between readings by interval= (--interval)"
            )
        if known is None and position in texts and _plain(headers[position]) in _STATES:
            known = ("state", None)
        if known is not None and known[0] not in asked_for:
            found[position] = known
    numbers = {name for position, (name, _) in found.items() if position not in texts}
    for position in set(texts) & set(found):
        if found[position][0] in numbers and found[position][0] in QUANTITIES:
            del found[position]
    _leave_out_states(found, asked_for)
    _leave_out_set(headers, found, asked_for)
    _check_same_meaning(headers, found, file)
    clock = {"time"} if timed else set()
    known_names = clock | {name for name, _ in found.values()}
    more = suggested({p: headers[p] for p in open_ if p not in found}, known_names, file)
    found |= more
    rest = {p: headers[p] for p in open_ if p not in found and headers[p].strip()}
    known_names |= {name for name, _ in found.values()}
    unnamed = unnamed_signal(rest, known_names, texts, file)
    more, found = more | unnamed, found | unnamed
    if not found and all(header.startswith("#") for header in headers):
        raise DataError(
            f"{file} has columns without names, {listed(headers)}: name "
            'them by their position, e.g. --column "time=#1 [s]" --column "resistance=#2 [ohm]"'
        )
    if not found:
        raise DataError(
            f"{file} has no column that smtj recognises, only {listed(map(quoted, headers))}: call "
            'one e.g. "resistance [ohm]", or name it by columns= (--column resistance=HEADER, or '
            "probability=HEADER, or high=HEADER and reads=HEADER)"
        )
    in_order = [
        (position, headers[position], name, unit or _unit_word(name, headers[position]))
        for position, (name, unit) in sorted(found.items())
    ]
    for _, header, name, unit in in_order:
        if unit is None and name in FIELDS and header.strip() != name:
            asked = FIELD if has_no_direction(split_header(header)[0]) else name
            raise DataError(
                f"{file}: column {quoted(header)} is a field without a unit: state it by columns= "
                f'(--column "{asked}={header.strip()} [Oe]", or [mT])'
            )
    arbitrary = tuple(
        name
        for _, _, name, unit in in_order
        if unit is not None and name in MAY_BE_ARBITRARY and is_arbitrary(unit)
    )
    return Match(
        tuple(
            Column(
                position,
                header,
                name,
                unit_in_file(name, unit, header, file),
                name in asked_for and not (name in FIELDS and FIELD in (columns or {})),
            )
            for position, header, name, unit in in_order
        ),
        tuple(h.strip() for p, h in enumerate(headers) if p not in found and h.strip()),
        tuple(
            name
            for _, _, name, unit in in_order
            if name in arbitrary or (unit is None and name in QUANTITIES and QUANTITIES[name].unit)
        ),
        arbitrary,
        tuple(headers[position] for position in sorted(more)),
    )


def _unit_word(name: str, header: str) -> str | None:
    """The unit of a column whose header is but that, as ``"Volt"`` and ``"second"``."""
    unit = unit_named(header) if len(header.strip()) > 1 else None
    if unit is None or name not in QUANTITIES or not QUANTITIES[name].unit or is_arbitrary(unit):
        return None
    try:
        convert(1.0, unit, QUANTITIES[name].unit)
    except UnitError:
        return None
    return unit


def _amplitude_and_phase(headers: Sequence[str]) -> set[int]:
    """Positions of R in volts and θ beside the channels X and Y of a lock-in amplifier."""
    names = {found[0] for header in headers if (found := recognised(header)) is not None}
    if not {"channel_x", "channel_y"} <= names:
        return set()
    split = [split_header(header) for header in headers]
    return {
        position
        for position, (name, unit) in enumerate(split)
        if name.casefold() in _POLAR
        and unit is not None
        and not unit.casefold().endswith(("ohm", "ohms", "ω"))
    }


def _known(headers: Sequence[str], position: int) -> tuple[str, str | None] | None:
    """Name and unit in a header, given those beside it."""
    bare = [split_header(header)[0] for header in headers]
    unit = split_header(headers[position])[1]
    # Beside Q, I is the other channel of a lock-in amplifier.
    is_channel = {"I", "Q"} <= set(bare) and bare[position] in ("I", "Q")
    if is_channel and (unit is None or is_arbitrary(unit) or unit.endswith("V")):
        has_signal = any((r := recognised(h)) is not None and r[0] in SIGNALS for h in headers)
        channel = "channel_x" if bare[position] == "I" else "channel_y"
        return None if has_signal else (channel, unit)
    if is_time_with_p(bare[position]) and unit is not None:
        beside = {r[0] for header in headers if (r := recognised(header)) is not None}
        if "dwell_time_high" in beside:
            return "dwell_time_low", unit
        if beside & _PROBABILITIES:
            return "pulse_length", unit
    if unit is not None and _plain(bare[position]) == "duration":
        beside = {r[0] for header in headers if (r := recognised(header)) is not None}
        if beside & _PROBABILITIES:
            return "pulse_length", unit
    own = recognised(headers[position])
    if own is None or own[0] == "probability_error":
        own = error_column(headers, position) or own
    if own is not None and own[0] == "signal" and _plain(bare[position]) in _BIASES_TOO:
        # A bias where something else was measured, and rectified where a microwave is.
        beside = {r[0] for header in headers if (r := recognised(header)) is not None}
        if beside & {*_PROBABILITIES, "resistance", "dwell_time_high", "rate_high"}:
            return "voltage", unit
    if bare[position].strip() == "k" and own is None:
        beside = {r[0] for header in headers if (r := recognised(header)) is not None}
        return ("high", unit) if "reads" in beside else None
    if _is_pair_of_states(headers) and bare[position] in _PAIR:
        of_times = measures(unit, "time")
        return (f"dwell_time_{_PAIR[bare[position]]}" if of_times else _PAIR[bare[position]]), unit
    if is_count_with_p(bare[position]):
        beside = {r[0] for header in headers if (r := recognised(header)) is not None}
        of_state = any(name.upper().endswith("AP") for name in bare)
        return ("low" if "high" in beside and of_state else "reads"), unit
    return own


def _is_pair_of_states(headers: Sequence[str]) -> bool:
    """Whether columns are called AP and P, both in a unit of time or none, where nothing else shows
    the state."""
    split = [split_header(header) for header in headers]
    others = {
        r[0]
        for h, (n, _) in zip(headers, split, strict=True)
        if n not in _PAIR and (r := recognised(h))
    }
    units = [unit for name, unit in split if name in _PAIR]
    alike = sorted(name for name, _ in split if name in _PAIR) == sorted(_PAIR)
    is_time = all(measures(unit, "time") for unit in units)
    return alike and (is_time or units == [None, None]) and not others & _SHOWN


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _check_names(columns: Mapping[str, str]) -> None:
    for name in columns:
        if name not in (*NAMES, FIELD):
            meant = recognised(name) or error_column([name], 0)
            near = [meant[0]] if meant is not None else get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"choose {listed(_CHOICES, 'or')}"
            if _plain(name) in _COUNTS:
                hint = "did you mean high, the number of high reads, or reads, that of all?"
            raise DataError(f'unknown quantity "{name}": {hint}')


def _leave_out_states(found: dict[int, tuple[str, str | None]], asked_for: Collection[str]) -> None:
    """Leave out states beside what they were concluded from, and single dwell times without."""
    names = {name for name, _ in found.values()}
    biased = "time" in names and names & {"voltage", "current"}
    drop = {"state"} if names & _SHOWN or biased or {"voltage", "current"} <= names else set()
    drop |= {"dwell_time"} if "state" not in names - drop else set()
    for position, (name, _) in list(found.items()):
        if name in drop - set(asked_for):
            del found[position]


def _leave_out_set(
    headers: Sequence[str], found: dict[int, tuple[str, str | None]], asked_for: Collection[str]
) -> None:
    """Leave out a voltage or current that was set, as ``"Vsource"``, where one was measured."""
    for name in {"voltage", "current"} - set(asked_for):
        alike = {p: words_of(headers[p]) for p, (own, _) in found.items() if own == name}
        if sum(bool(words & MEASURED_WORDS) for words in alike.values()) == 1:
            for position in (p for p, words in alike.items() if words & SET):
                del found[position]


def _check_same_meaning(
    headers: Sequence[str], found: Mapping[int, tuple[str, str | None]], file: str
) -> None:
    first: dict[str, int] = {}
    for position in sorted(found):
        name = found[position][0]
        if name in first:
            one, other = headers[first[name]], headers[position]
            both = f"{quoted(one)} and {quoted(other)}"
            if one == other:
                both = f"{first[name] + 1} and {position + 1}, {quoted(one)},"
            raise DataError(
                f"{file}: columns {both} both mean {name}: choose one by columns= (--column "
                f'"{name}=#{first[name] + 1}"), or leave one out (--ignore HEADER)'
            )
        first[name] = position


def _asked_for(
    headers: Sequence[str], columns: Mapping[str, str], file: str
) -> dict[int, tuple[str, str | None]]:
    _check_names(columns)
    found: dict[int, tuple[str, str | None]] = {}
    for given, wanted in columns.items():
        position = _position(given, wanted, headers, file)
        name = FIELDS[0] if given == FIELD else given
        if position in found:
            raise DataError(
                f"{file}: column {quoted(headers[position])} cannot be both {found[position][0]} "
                f"and {name}: give each its own column"
            )
        unit = split_header(wanted)[1] or split_header(headers[position])[1]
        # What stands beside a logarithm is the unit of what it is of.
        found[position] = (name, None if name.startswith("log") else unit)
    return found


def _position(name: str, wanted: str, headers: Sequence[str], file: str) -> int:
    """Position of the header that a user names: an exact match, or else one by name."""
    numbered = _NUMBERED.fullmatch(split_header(wanted)[0])
    if numbered is not None and 0 < int(numbered[1]) <= len(headers):
        return int(numbered[1]) - 1
    alike = [p for p, header in enumerate(headers) if header.strip() == wanted.strip()]
    if not alike:
        bare = split_header(wanted)[0]
        alike = [p for p, header in enumerate(headers) if split_header(header)[0] == bare]
    if len(alike) != 1:
        lacks = "no" if not alike else "more than one"
        choose = "" if not alike else f", choose one by its position, e.g. #{alike[0] + 1}"
        raise DataError(
            f"{file} has {lacks} column {quoted(wanted)} for {name}: its columns are "
            f"{listed(map(quoted, headers))}{choose}"
        )
    return alike[0]

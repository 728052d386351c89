"""Which column of a file is which quantity."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from smtj.errors import DataError
from smtj.measurement.format.header import is_arbitrary, recognised, split_header, unit_in_file
from smtj.measurement.format.schema import MAY_BE_ARBITRARY, NAMES, QUANTITIES
from smtj.measurement.format.wording import listed, quoted


@dataclass(frozen=True)
class Column:
    """A column that smtj knows."""

    position: int
    """Its place in the file, from 0."""
    header: str
    """As the file has it."""
    name: str
    """The quantity or the label."""
    unit: str | None
    """The unit of its numbers; None for a label."""
    asked_for: bool = False
    """Whether the user said what it is."""


@dataclass(frozen=True)
class Match:
    """What the columns of a file are."""

    columns: tuple[Column, ...]
    """Those that smtj knows, in the order of the file."""
    ignored: tuple[str, ...]
    """Headers of the others."""
    assumed: tuple[str, ...]
    """Quantities of which the header gives no unit, or an arbitrary one, so that the SI unit is
    assumed."""
    arbitrary: tuple[str, ...] = ()
    """Those of them whose unit is an arbitrary one."""


def parse_columns(options: Sequence[str]) -> dict[str, str]:
    """Read options such as ``"resistance=R_meas"`` as the mapping that :func:`load` takes.

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
        An option is no pair, its name is none that smtj knows, or a name comes twice.
    """
    columns: dict[str, str] = {}
    for option in options:
        name, _, header = (part.strip() for part in option.partition("="))
        if not (name and header):
            raise DataError(
                f'"{option}" does not say which column is meant: give e.g. resistance=R_meas'
            )
        if name in columns:
            raise DataError(
                f'{name} is said to be both "{columns[name]}" and "{header}": give one of them'
            )
        columns[name] = header
    _check_names(columns)
    return columns


def match_columns(headers: Sequence[str], columns: Mapping[str, str] | None, file: str) -> Match:
    """Tell which column is which quantity.

    Parameters
    ----------
    headers
        ``name``, ``name [unit]``, ``name (unit)`` or ``name/unit``.
    columns
        Headers by name where they differ from what smtj expects; a unit given with one goes
        before the unit in the file.
    file
        What messages call the file.

    Returns
    -------
    Match
        What the columns are.

    Raises
    ------
    DataError
        A header stands twice, two mean the same, none is known, one that is asked for is not
        there, or a unit is unknown or of another dimension.
    """
    _check_twice(headers, file)
    found = _asked_for(headers, columns or {}, file)
    asked_for = {name for name, _ in found.values()}
    for position, header in enumerate(headers):
        known = recognised(header)
        if position not in found and known is not None and known[0] not in asked_for:
            found[position] = known
    _check_same_meaning(headers, found, file)
    if not found:
        raise DataError(
            f"{file} has no column that smtj knows, only {listed(map(quoted, headers))}: call one "
            'e.g. "resistance [ohm]", or say which is meant, --column resistance=HEADER'
        )
    in_order = [(position, headers[position], *found[position]) for position in sorted(found)]
    arbitrary = tuple(
        name
        for _, _, name, unit in in_order
        if unit is not None and name in MAY_BE_ARBITRARY and is_arbitrary(unit)
    )
    return Match(
        tuple(
            Column(
                position, header, name, unit_in_file(name, unit, header, file), name in asked_for
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
    )


def _check_names(columns: Mapping[str, str]) -> None:
    for name in columns:
        if name not in NAMES:
            near = get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it knows {listed(NAMES)}"
            raise DataError(f'smtj knows no quantity "{name}": {hint}')


def _check_twice(headers: Sequence[str], file: str) -> None:
    for header, times in Counter(h.strip() for h in headers if h.strip()).items():
        if times > 1:
            raise DataError(
                f"{file} has {times} columns {quoted(header)}: give each column a name of its own"
            )


def _check_same_meaning(
    headers: Sequence[str], found: Mapping[int, tuple[str, str | None]], file: str
) -> None:
    first: dict[str, int] = {}
    for position in sorted(found):
        name = found[position][0]
        if name in first:
            both = f"{quoted(headers[first[name]])} and {quoted(headers[position])}"
            raise DataError(
                f"{file}: columns {both} both mean {name}: rename one of them, or say which is "
                f"meant, --column {name}=HEADER"
            )
        first[name] = position


def _asked_for(
    headers: Sequence[str], columns: Mapping[str, str], file: str
) -> dict[int, tuple[str, str | None]]:
    _check_names(columns)
    found: dict[int, tuple[str, str | None]] = {}
    for name, wanted in columns.items():
        position = _position(name, wanted, headers, file)
        if position in found:
            raise DataError(
                f"{file}: column {quoted(headers[position])} cannot be both {found[position][0]} "
                f"and {name}: give each a column of its own"
            )
        unit = split_header(wanted)[1] or split_header(headers[position])[1]
        found[position] = (name, unit)
    return found


def _position(name: str, wanted: str, headers: Sequence[str], file: str) -> int:
    """Where the header is that a user means: the very one, else that of the same name."""
    alike = [p for p, header in enumerate(headers) if header.strip() == wanted.strip()]
    if not alike:
        bare = split_header(wanted)[0]
        alike = [p for p, header in enumerate(headers) if split_header(header)[0] == bare]
    if len(alike) != 1:
        lacks = "no" if not alike else "more than one"
        raise DataError(
            f"{file} has {lacks} column {quoted(wanted)} to take for {name}: its columns are "
            f"{listed(map(quoted, headers))}"
        )
    return alike[0]

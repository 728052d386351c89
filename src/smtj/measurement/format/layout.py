"""Where the table is in the rows of a file: preamble, names, units, readings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from smtj.measurement.format.condition_row import with_conditions
from smtj.measurement.format.header import recognised, split_header, unit_named
from smtj.measurement.format.messages import is_missing, is_number
from smtj.measurement.format.schema import LABELS, name_of

MAX_GAP = 3
"""Most rows that interrupt a table, such as wrong ones, which then are reported."""

Kinds = tuple[str, ...]
NUMBER, TEXT, BLANK = "nt "
"""Kinds of cells."""


class Row(NamedTuple):
    """A row that is neither blank nor a comment."""

    number: int
    """In the file, from 1."""
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Where a table is."""

    headers: tuple[str, ...]
    """``name [unit]``, one per column."""
    header_rows: tuple[Row, ...]
    """The rows of names, units and conditions; empty if the header is missing."""
    first: int
    """Position among the rows of the first reading."""
    readings: int
    """Number of rows in succession that look like readings."""
    numeric: float
    """Fraction of their cells that are numbers."""
    kinds: Kinds = ()
    """Of each column, :data:`NUMBER`, :data:`TEXT` or :data:`BLANK`; empty if unknown."""


def find_layout(rows: Sequence[Row], is_number: Callable[[str], bool] = is_number) -> Layout | None:
    """Find the longest block of rows with numbers in the same columns, and the header above it.

    The header is the row of texts above the block; if all of its cells are units and there is
    another row of texts above, that one has the names.  Returns None if no row holds a number.
    """
    blocks = _blocks(rows, is_number)
    if not blocks:
        return None
    best = max(blocks, key=lambda block: (block.last - block.first, -block.first))
    first = best.first
    for block in reversed(blocks[: blocks.index(best)]):
        gap = rows[block.last + 1 : first]
        if len(gap) > MAX_GAP or any(_is_header(row, best.kinds) for row in gap):
            break
        if _merged(block.kinds, best.kinds) is not None:
            first = block.first
    first = _before_faults(rows, first, best.kinds)
    names, units = _header(rows[:first], best.kinds)
    headers = _joined(names, units, best.kinds, rows[first])
    header_rows = [row for row in (names, units) if row is not None]
    others = [row for row in rows[:first][::-1] if row not in header_rows][:MAX_GAP]
    headers, given = with_conditions(headers, [row.cells for row in others])
    if given is not None:
        header_rows.append(others[given])
    filled = [kind for kind in best.kinds if kind != BLANK]
    return Layout(
        headers=headers,
        header_rows=tuple(header_rows),
        first=first,
        readings=best.last - best.first + 1,
        numeric=filled.count(NUMBER) / len(filled),
        kinds=best.kinds,
    )


def with_unit(name: str, unit: str | None) -> str:
    """Return a header; a unit in the name itself counts more than one beside it."""
    plain = None if unit is None else unit_named(unit)
    return name if plain is None or split_header(name)[1] is not None else f"{name} [{plain}]"


class _Block(NamedTuple):
    first: int
    last: int
    kinds: Kinds


def _kinds(cells: Sequence[str], is_number: Callable[[str], bool]) -> Kinds:
    return tuple(
        BLANK if not cell or is_missing(cell) else NUMBER if is_number(cell) else TEXT
        for cell in cells
    )


def _merged(one: Kinds, other: Kinds) -> Kinds | None:
    """Kinds of the cells of two rows of one table; None if they are not."""
    if len(one) != len(other):
        return None
    pairs = list(zip(one, other, strict=True))
    if any(a != b and BLANK not in (a, b) for a, b in pairs):
        return None
    merged = tuple(a if a != BLANK else b for a, b in pairs)
    shared = any(a == b == NUMBER for a, b in pairs)
    return merged if shared else None


def _blocks(rows: Sequence[Row], is_number: Callable[[str], bool]) -> list[_Block]:
    """Successive rows alike, with a number in each."""
    blocks: list[_Block] = []
    for position, row in enumerate(rows):
        kinds = _kinds(row.cells, is_number)
        if NUMBER not in kinds:
            continue
        last = blocks[-1] if blocks else None
        merged = _merged(last.kinds, kinds) if last and last.last == position - 1 else None
        if last is not None and merged is not None:
            blocks[-1] = _Block(last.first, position, merged)
        else:
            blocks.append(_Block(position, position, kinds))
    return blocks


def _is_header(row: Row, kinds: Kinds) -> bool:
    """Whether a row may name the columns of a table."""
    if len(row.cells) != len(kinds):
        return False
    named = [cell for cell, kind in zip(row.cells, kinds, strict=True) if kind == NUMBER]
    return any(named) and not any(is_number(cell) for cell in named)


def _before_faults(rows: Sequence[Row], first: int, kinds: Kinds) -> int:
    """Take wrong rows right below a header into the table, where they are reported.

    Rows without any number, such as units and remarks, are none of the readings.
    """
    for position in range(first - 1, max(-1, first - 1 - MAX_GAP), -1):
        if _names_columns(rows[position], kinds):
            wrong = (n for n in range(position + 1, first) if any(map(is_number, rows[n].cells)))
            return next(wrong, first)
    return first


def _header(above: Sequence[Row], kinds: Kinds) -> tuple[Row | None, Row | None]:
    """The rows of names and of units above a table."""
    if not above:
        return None, None
    last = above[-1]
    for position in range(len(above) - 1, max(-1, len(above) - 1 - MAX_GAP), -1):
        if _names_columns(above[position], kinds):
            # Below the names there may be units, and then remarks.
            below = above[position + 1] if position + 1 < len(above) else None
            return above[position], below if below and _are_units(below.cells) else None
    if len(above) > 1 and _are_units(last.cells) and _names_for(above[-2], kinds):
        return above[-2], last
    return (last, None) if _names_for(last, kinds) else (None, None)


def _names_for(row: Row, kinds: Kinds) -> bool:
    return _names_columns(row, kinds) or (
        _is_header(row, kinds) and not any(map(is_number, row.cells))
    )


def _names_columns(row: Row, kinds: Kinds) -> bool:
    """Whether a row has the name of a quantity, and no number.

    What stands above blank columns, beside the table, does not count.
    """
    beside = zip_longest(row.cells, kinds, fillvalue="")
    cells = [cell for cell, kind in beside if kind != BLANK]
    return any(recognised(cell) for cell in cells) and not any(map(is_number, cells))


def _are_units(cells: Sequence[str]) -> bool:
    """Whether a row holds units and nothing else."""
    # Origin begins the row with what it is.
    own = cells[1:] if cells and cells[0].casefold().rstrip(":") in ("unit", "units") else cells
    filled = [cell for cell in own if cell not in ("", "-", "--")]
    return bool(filled) and all(unit_named(cell) is not None for cell in filled)


def _joined(names: Row | None, units: Row | None, kinds: Kinds, first: Row) -> tuple[str, ...]:
    """Headers with their units; empty for columns without values."""
    if names is None:
        return ()
    texts = list(names.cells)
    # A separator at the end of some rows makes no column.
    while len(texts) > len(kinds) and not texts[-1]:
        texts.pop()
    if all(kind == BLANK for kind in kinds[len(texts) :]):
        texts += [""] * (len(kinds) - len(texts))
    given = units.cells if units is not None else ()
    padded = [*given, *[""] * (len(texts) - len(given))]
    headers = [with_unit(n, u or None) for n, u in zip(texts, padded, strict=False)]
    alike = len(headers) == len(kinds)
    return tuple(
        "" if alike and kinds[n] == BLANK and not _is_label(header, first, n) else header
        for n, header in enumerate(headers)
    )


def _is_label(header: str, first: Row, position: int) -> bool:
    """Whether a column is one of labels, among which "NA" is a word like any other."""
    cell = first.cells[position] if position < len(first.cells) else ""
    return bool(cell) and name_of(header) in LABELS

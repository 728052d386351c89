"""How a text file is written: its encoding, separator, decimal sign, preamble and header."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from smtj.errors import DataError
from smtj.measurement.format.header import CELSIUS, is_arbitrary, measures, recognised, unit_named
from smtj.measurement.format.layout import TEXT, Layout, Row, find_layout, with_unit
from smtj.measurement.format.messages import is_grouped, is_number, quoted
from smtj.measurement.format.preamble import Sampling
from smtj.measurement.format.schema import QUANTITIES
from smtj.measurement.format.text.encoding import detect_encoding
from smtj.measurement.format.text.instruments import instrument_table
from smtj.measurement.format.values import split_value

BLANKS = r"\s+"
"""The separator of columns that are any number of blanks apart."""

MAX_PREAMBLE = 5_000
"""Lines among which the table must begin."""

_SEPARATORS = ("\t", ";", ",", "|", BLANKS)
_BLANK_HEADER = re.compile(r"[^\s\[(]+(?:\s*(?:\[[^\]]*\]|\([^)]*\)))?")
_UNIT_COLUMN = re.compile(r"(.*?)[\s_]*units?", re.I)
_DECIMAL_COMMA = re.compile(r"\d,\d")
_QUOTED = 3
_QUOTED_COMMA = re.compile(r'"[+-]?\d+,\d+"')
# Lines that are looked at; more only if no table is among them.
_LINES = (400, MAX_PREAMBLE)
_ENOUGH = 20
_MAX_LINE = 1 << 17
# The second is that of MATLAB; below the header only the first begins a comment.
_COMMENTS = ("#", "%")


@dataclass(frozen=True)
class Dialect:
    """How a text file is written, as found at its top."""

    comments: tuple[str, ...]
    """The comment lines, without a commented header."""
    headers: tuple[str, ...]
    """``name [unit]``, one per column; empty for columns without use."""
    separator: str
    """A character, or :data:`BLANKS`."""
    lines: int
    """Number of lines above the first reading."""
    encoding: str
    """As Python names it."""
    decimal: str = "."
    """Decimal sign."""
    preamble: tuple[tuple[str, ...], ...] = ()
    """Cells of the rows above the header."""
    sampling: Sampling | None = None
    """Of an instrument that writes it in place of times."""
    instrument: str = ""
    """Whose layout it is, if that is known."""
    ticks: float | None = None
    """Ticks of a clock of unknown rate between readings, where these stand in place of times."""
    texts: frozenset[int] = frozenset()
    """Positions of columns of text."""
    grouped: bool = False
    """Whether numbers have signs between their thousands."""


def read_dialect(path: Path, skip_rows: int = 0, nameless: bool = False) -> Dialect:
    """Detect how a text file is written, leaving out the first ``skip_rows`` lines.

    ``nameless`` says that columns are known by their position, ``#1`` and so on, so that the file
    needs no header.  Raises DataError if the file is not text, is empty, or has no header or no
    row below it.
    """
    encoding = detect_encoding(path)
    _reject_json(path, encoding)
    found = None
    for limit in _LINES:
        head = _read_head(path, encoding, skip_rows, limit)
        found = _best(head.lines) if head.lines else None
        if found is not None and found.layout.readings >= _ENOUGH:
            break
    if not head.lines:
        raise DataError(f"{path} is empty: expected a header and one row per reading")
    dialect = None if found is None else _dialect(encoding, head, found, nameless)
    return dialect or _without_numbers(path, encoding, head)


def _reject_json(path: Path, encoding: str) -> None:
    with path.open(encoding=encoding, errors="replace") as file:
        start = file.read(100).lstrip("\ufeff \t\r\n")
    if re.match(r"\{\s*(?:\"|\}|$)|\[\s*[\[{]", start):
        raise DataError(f"{path} is JSON, which has no columns: save its table as CSV")


def split(line: str, separator: str, is_header: bool = False) -> list[str]:
    """Split a line of a table; in a header, a blank before a unit does not separate."""
    if separator == BLANKS:
        return _BLANK_HEADER.findall(line) if is_header else split_at_blanks(line)
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        cells = line.split(separator)
    return [cell.strip() for cell in cells]


def split_at_blanks(line: str) -> list[str]:
    """Split a line at the characters that pandas takes for blanks; Python knows more."""
    return re.split(r"[ \t]+", line.strip(" \t\r\n"))


@dataclass(frozen=True)
class _Head:
    """The beginning of a file."""

    lines: list[tuple[int, str]]
    """Those that are neither blank nor comments, with their number from 1."""
    comments: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Found:
    separator: str
    decimal: str
    rows: list[Row]
    layout: Layout
    sampling: Sampling | None
    instrument: str
    ticks: float | None = None


def _read_head(path: Path, encoding: str, skip_rows: int, limit: int) -> _Head:
    head = _Head([])
    for number, line in _lines(path, encoding):
        if number <= skip_rows:
            continue
        if line.lstrip().startswith(_COMMENTS):
            head.comments.append((number, line.strip()))
        elif line.strip():
            head.lines.append((number, line))
        if len(head.lines) >= limit:
            break
    return head


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), ""), 1):
            if len(line) == _MAX_LINE:
                raise DataError(f"{path} is not a table: its line {number} never ends")
            yield number, line


def _best(lines: Sequence[tuple[int, str]]) -> _Found | None:
    """The separator and decimal sign that make the best table; None if none makes one."""
    commas = any(_DECIMAL_COMMA.search(line) for _, line in lines)
    every = [(separator, ".") for separator in _SEPARATORS]
    if commas:
        within = sum(_QUOTED_COMMA.search(line) is not None for _, line in lines) >= _QUOTED
        every += [(separator, ",") for separator in _SEPARATORS if separator != "," or within]
    # A blank may stand between a number and its unit, where tabs separate.
    units = sum(any(split_value(cell) for cell in line.split("\t")[1:]) for _, line in lines)
    if 2 * units > len(lines):
        every = [pair for pair in every if pair[0] != BLANKS]
    best: _Found | None = None
    score: tuple[float, ...] = ()
    for separator, decimal in every:
        if separator != BLANKS and not any(separator in line for _, line in lines):
            continue
        found = _table(lines, separator, decimal)
        if found is None or (best is not None and _splits_at_tabs(best, found)):
            continue
        headers = found.layout.headers
        known = len(set(map(_measurable, headers)) - {None})
        if separator == BLANKS and len(headers) != len(found.rows[found.layout.first].cells):
            known = 0  # blanks stand within the names, and commas between numbers
        # A column of blanks apart is the last resort, as for a file of one column.
        own = (known, bool(headers), found.layout.readings, found.layout.numeric)
        if own > score:
            best, score = found, own
    return best


def _measurable(header: str) -> str | None:
    """The quantity in a header, unless its unit is that of another: ``"I/V"`` is no current."""
    name, unit = recognised(header) or (None, None)
    known = unit_named(unit) if unit is not None else None
    if known is None or name is None or name not in QUANTITIES:
        return name
    if is_arbitrary(known) or known == CELSIUS:
        return name
    return name if measures(known, name) else None


def _splits_at_tabs(best: _Found, found: _Found) -> bool:
    """Whether tabs make a table already, so that blanks stand within its cells."""
    one, other = best.layout, found.layout
    within = best.separator == "\t" and found.separator == BLANKS
    return within and (one.readings, one.numeric) >= (other.readings, other.numeric)


def _table(lines: Sequence[tuple[int, str]], separator: str, decimal: str) -> _Found | None:
    def number(cell: str) -> bool:
        return is_number(cell, decimal) or is_grouped(cell, decimal)

    # A header may be written otherwise than the readings, in which its separator does not occur.
    most = max(1, len(lines) // 10)
    others = [
        one
        for one in _SEPARATORS
        if one not in (separator, BLANKS) and 0 < sum(one in line for _, line in lines) <= most
    ]
    rows = [Row(n, tuple(_cells(line, separator, number, others))) for n, line in lines]
    rows = _with_states_named(rows, number)
    known = instrument_table(rows, number)
    if known is not None:
        return _Found(
            separator, decimal, rows, known.layout, known.sampling, known.instrument, known.ticks
        )
    start = next((n for n, row in enumerate(rows) if _begins_data(row)), -1) + 1
    layout = find_layout(rows[start:], number)
    if layout is None:
        return None
    layout = replace(layout, first=layout.first + start)
    return _Found(separator, decimal, rows, layout, None, "")


def _with_states_named(rows: list[Row], number: Callable[[str], bool]) -> list[Row]:
    """Rows in which a header of states, ``"V (mV),1,0"``, says that these are counted."""
    for position, row in enumerate(rows[:-1]):
        digits = [cell for cell in row.cells if number(cell)]
        names = [cell for cell in row.cells if cell and not number(cell)]
        below = rows[position + 1].cells
        if sorted(digits) != ["0", "1"] or not any(map(_measurable, names)):
            continue
        if len(below) == len(row.cells) and all(map(number, below)):
            named = tuple(f"n_{cell}" if number(cell) else cell for cell in row.cells)
            return [*rows[:position], Row(row.number, named), *rows[position + 1 :]]
    return rows


def _cells(
    line: str, separator: str, number: Callable[[str], bool], others: Sequence[str]
) -> list[str]:
    cells = split(line, separator)
    named = _names_apart(line, others, cells) if others and not any(map(number, cells)) else []
    if named:
        return named
    # Only a row without numbers can be a header, in which blanks stand before units.
    if separator == BLANKS and not any(map(number, cells)):
        return split(line, separator, is_header=True) or cells
    return cells


def _names_apart(line: str, others: Sequence[str], cells: Sequence[str]) -> list[str]:
    """The cells of a header whose separator is not that of the readings; empty if it is none."""
    if sum(recognised(cell) is not None for cell in cells) > 1:
        return []
    for other in others:
        found = [cell for cell in split(line, other) if cell]
        if len(found) > 1 and sum(recognised(cell) is not None for cell in found) > 1:
            return found
    return []


def _begins_data(row: Row) -> bool:
    return row.cells[0].casefold() == "[data]"


def _dialect(encoding: str, head: _Head, found: _Found, nameless: bool) -> Dialect | None:
    """The dialect of a table; None if nothing names its columns."""
    layout, rows = found.layout, found.rows
    headers, comments = layout.headers, head.comments
    if not headers:
        headers, comments = _commented_header(head, found)
    if nameless and not headers:
        headers = tuple(f"#{n}" for n in range(1, len(rows[layout.first].cells) + 1))
    if not headers:
        return None
    first = rows[layout.first]
    names = {row.number for row in layout.header_rows}
    preamble = [row for row in rows[: layout.first] if row.number not in names]
    return Dialect(
        comments=tuple(text for _, text in comments),
        headers=_with_unit_columns(headers, first),
        separator=found.separator,
        lines=first.number - 1,
        encoding=encoding,
        decimal=found.decimal,
        preamble=tuple(
            (" ".join(row.cells),) if found.separator == BLANKS else row.cells for row in preamble
        ),
        sampling=found.sampling,
        instrument=found.instrument,
        ticks=found.ticks,
        texts=frozenset(n for n, kind in enumerate(layout.kinds) if kind == TEXT),
    )


def _with_unit_columns(headers: Sequence[str], first: Row) -> tuple[str, ...]:
    """Headers in which a column of units has become the unit of the column before it, which
    ``"Source Unit"`` has to name."""
    found = list(headers)
    for position, header in enumerate(headers):
        of = _UNIT_COLUMN.fullmatch(header)
        if of is None or not 0 < position < len(first.cells):
            continue
        if of[1] and not headers[position - 1].casefold().startswith(of[1].casefold()):
            continue
        if unit_named(first.cells[position]) is not None:
            found[position - 1] = with_unit(found[position - 1], first.cells[position])
        found[position] = ""
    return tuple(found)


def _commented_header(head: _Head, found: _Found) -> tuple[tuple[str, ...], list[tuple[int, str]]]:
    """The header in the last comments above a table, and the comments before it.

    NumPy's savetxt writes it so; a second comment may hold the units, and QCoDeS adds the number
    of readings.
    """
    first = found.rows[found.layout.first]
    above = [item for item in head.comments if item[0] < first.number]
    while above and len(first.cells) > 1 and is_number(above[-1][1].lstrip("#% ")):
        above.pop()
    for depth in (1, 2):
        if len(above) < depth:
            break
        names, *units = (
            split(text.lstrip("#% "), found.separator, is_header=True)
            for _, text in above[len(above) - depth :]
        )
        if len(names) != len(first.cells) or not any(map(recognised, names)):
            continue
        if units and len(units[0]) == len(names):
            names = [with_unit(n, u) for n, u in zip(names, units[0], strict=True)]
        elif units:
            continue
        kept = [item for item in head.comments if item not in above[len(above) - depth :]]
        return tuple(names), kept
    return (), head.comments


def _without_numbers(path: Path, encoding: str, head: _Head) -> Dialect:
    """The dialect of a file without a table: a header and rows that are wrong, or an error."""
    number, line = head.lines[0]
    counts = {separator: len(split(line, separator, True)) for separator in _SEPARATORS}
    second = head.lines[1][1] if len(head.lines) > 1 else None
    several = [separator for separator, cells in counts.items() if cells > 1]
    alike = [s for s in several if second is not None and len(split(second, s)) == counts[s]]
    separator = next(iter([*alike, *several]), ",")
    headers = split(line, separator, is_header=True)
    if len(headers) == 1 and is_number(headers[0]):
        raise DataError(
            f"{path} has no header but begins with {quoted(line)}: name its one column and the "
            'time between readings, e.g. --column "resistance=#1 [ohm]" --interval "2 us"'
        )
    if any(map(is_number, headers)):
        raise DataError(
            f"{path} has no header but begins with {quoted(line)}: name the columns in the first "
            'row, e.g. "time [s],resistance [ohm]", or by their position by columns= (--column '
            '"time=#1 [s]" --column "resistance=#2 [ohm]", or "voltage=#2 [V]")'
        )
    if second is None:
        raise DataError(f"{path} has a header but no rows: expected one row per reading")
    comments = tuple(text for _, text in head.comments)
    return Dialect(comments, tuple(headers), separator, number, encoding)

"""How a text file is written: its encoding, separator and header."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from smtj.errors import DataError
from smtj.measurement.format.header import recognised
from smtj.measurement.format.messages import is_number, quoted

BLANKS = r"\s+"
"""The separator of columns that are any number of blanks apart."""

_SEPARATORS = ("\t", ";", ",", BLANKS)
_BLANK_HEADER = re.compile(r"[^\s\[(]+(?:\s*(?:\[[^\]]*\]|\([^)]*\)))?")

_SAMPLE = 1 << 16
_MAX_LINE = 1 << 17
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))


@dataclass(frozen=True)
class Dialect:
    """How a text file is written, as found at its top."""

    comments: tuple[str, ...]
    """The comment lines, without a commented header."""
    headers: tuple[str, ...]
    """One per column."""
    separator: str
    """A character, or :data:`BLANKS`."""
    lines: int
    """Number of lines up to and including the header."""
    encoding: str
    """As Python names it."""


def read_dialect(path: Path) -> Dialect:
    """Find out how a text file is written.

    Raises DataError if the file is not text, is empty, or has no header or no row below it.
    """
    encoding = _encoding(path)
    comments, table, numbers = _first_lines(path, encoding)
    if not table:
        raise DataError(f"{path} is empty: expected a header and one row per reading")
    separator = _separator(table)
    headers = split(table[0], separator, is_header=True)
    lines = numbers[0]
    if any(map(is_number, headers)):
        # NumPy's savetxt writes the header as a comment.
        comments, headers = comments[:-1], _commented_header(comments, separator, len(headers))
        lines -= 1
        if not headers:
            raise DataError(
                f"{path} has no header but begins with {quoted(table[0])}: name the columns in the "
                'first row, e.g. "time [s],resistance [ohm]"'
            )
    elif len(table) == 1:
        raise DataError(f"{path} has a header but no rows: expected one row per reading")
    return Dialect(tuple(comments), tuple(headers), separator, lines, encoding)


def split(line: str, separator: str, is_header: bool = False) -> list[str]:
    """Split a line of a table; in a header, a blank before a unit does not separate."""
    if separator == BLANKS:
        return _BLANK_HEADER.findall(line) if is_header else split_at_blanks(line)
    cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    return [cell.strip() for cell in cells]


def split_at_blanks(line: str) -> list[str]:
    """Split a line at the characters that pandas takes for blanks; Python knows more."""
    return re.split(r"[ \t]+", line.strip(" \t\r\n"))


def _encoding(path: Path) -> str:
    """UTF-8 if the file's beginning is valid UTF-8, else Latin-1, in which instruments write µ."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    if len(sample.translate(None, _CONTROLS)) != len(sample):
        raise DataError(
            f"{path} is not a text file: expected CSV or TSV text, or the suffix .xlsx or .nc"
        )
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # The sample may end inside a character.
        if len(sample) < _SAMPLE or error.reason != "unexpected end of data":
            return "latin-1"
    return "utf-8-sig"


def _first_lines(path: Path, encoding: str) -> tuple[list[str], list[str], list[int]]:
    """The comments, the first two other lines, and their line numbers from 1."""
    comments: list[str] = []
    table: list[str] = []
    numbers: list[int] = []
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), ""), 1):
            if len(line) == _MAX_LINE:
                raise DataError(f"{path} is not a table: its line {number} never ends")
            if line.lstrip().startswith("#"):
                comments.append(line.strip())
            elif line.strip():
                table.append(line)
                numbers.append(number)
            if len(table) == 2:
                break
    return comments, table, numbers


def _separator(table: Sequence[str]) -> str:
    """The first that splits header and first row alike; else the first that splits the header."""
    counts = {
        separator: [len(split(line, separator, line is table[0])) for line in table]
        for separator in _SEPARATORS
    }
    several = [separator for separator, cells in counts.items() if cells[0] > 1]
    alike = [separator for separator in several if len(set(counts[separator])) == 1]
    return next(iter([*alike, *several]), ",")


def _commented_header(comments: Sequence[str], separator: str, columns: int) -> list[str]:
    """The header in the last comment; empty if it is not one of so many columns."""
    if not comments:
        return []
    headers = split(comments[-1].lstrip("# "), separator, is_header=True)
    return headers if len(headers) == columns and any(map(recognised, headers)) else []

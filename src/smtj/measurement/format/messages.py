"""Pieces of error messages about data files."""

import re
from collections.abc import Iterable

_MAX_TEXT = 40
_MAX_WORDS = 12
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+|inf|infinity)(?:e[+-]?\d+)?", re.I | re.A)
# A group ends in a blank or an apostrophe without doubt, but in a comma only before a fraction.
_GROUPED = {
    ".": re.compile(
        r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:[ \u00a0\u202f\u2009'’]\d{3})+(?:\.\d*)?)"
    ),
    ",": re.compile(r"[+-]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:[ \u00a0\u202f\u2009'’]\d{3})+(?:,\d*)?)"),
}
_BETWEEN = re.compile(r"(?<=\d)[ \u00a0\u202f\u2009'’](?=\d{3}(?!\d))")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}")
MISSING = ("nan", "na", "n/a", "#n/a", "null", "none", "--", "---")
"""What stands for a value that is missing, without sign and in any case."""
OVERFLOWS = (
    *("ovld", "ovl", "ovf", "ovfl", "ofl", "ovrflw", "overflow", "overload", "overrange", "∞"),
)
"""What instruments write for a value beyond their range, likewise."""


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as ``a, b and c``; a long list is cut short."""
    every = list(words)
    if len(every) > _MAX_WORDS:
        every = [*every[:_MAX_WORDS], f"{len(every) - _MAX_WORDS} more"]
    return f" {last} ".join([*filter(None, [", ".join(every[:-1])]), *every[-1:]])


def quoted(text: str) -> str:
    """Return text from a file in quotation marks, shortened and on one line."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _MAX_TEXT else f'"{line[: _MAX_TEXT - 3]}..."'


def is_grouped(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is a number with signs between its thousands, as ``"1,234.5"``, ``"1 234"``.

    ``"1,234"`` is not, as it may be a number with a decimal comma.
    """
    return _GROUPED[decimal].fullmatch(cell) is not None


def ungrouped(text: str) -> str:
    """Return a text without the blanks and apostrophes between the thousands of its numbers."""
    return _BETWEEN.sub("", text)


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether the text of a cell is a number, finite or infinite, without such signs."""
    if decimal != ".":
        if "." in cell:
            return False
        cell = cell.replace(decimal, ".", 1)
    return _NUMBER.fullmatch(cell) is not None


def is_date(cell: str) -> bool:
    """Whether the text of a cell looks like a date, or the time of a clock."""
    return _DATE.search(cell) is not None


def is_missing(cell: str) -> bool:
    """Whether the text of a cell stands for a missing value; a blank cell does."""
    plain = cell.strip().casefold()
    return not plain or plain in MISSING or plain.lstrip("+-") in (*MISSING, *OVERFLOWS)


def wrong_cell(header: str, cell: str) -> str:
    """Describe a cell that is blank, or text where a number belongs."""
    column = f"column {quoted(header)}"
    if not cell.strip():
        return f"{column} is blank: fill it in, or delete the row (times need not be regular)"
    if header and cell == header:
        return f"{column} begins another table: give each its own file"
    if is_missing(cell):
        return f"{column} is {cell}: delete the row (times need not be regular)"
    if header and is_date(cell):
        return (
            f"{column} is {quoted(cell)}, not a number of seconds: give the time between readings "
            "by interval= (--interval)"
        )
    if "," in cell and is_number(cell.replace(",", ".", 1)):
        return f"{column} is {quoted(cell)}: write numbers with a decimal point"
    if is_number(re.sub("[dD]", "e", cell)):
        return f"{column} is {quoted(cell)}: write exponents with an e"
    return f"{column} is {quoted(cell)}: expected a number"


def wrong_width(cells: int, columns: int) -> str:
    """Describe a row whose cells do not match the columns."""
    return (
        f"it has {cells} cell{'s' if cells > 1 else ''} where the header has {columns}: give every "
        "row one cell per column"
    )

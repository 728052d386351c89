"""What one cell of a table may be."""

import re

from smtj.measurement.format.wording import quoted

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+|inf|infinity)(?:e[+-]?\d+)?", re.I | re.A)
_MISSING = ("nan", "na", "n/a", "#n/a", "null", "none")


def is_number(cell: str) -> bool:
    """Whether the text of a cell is a number, an infinite one included."""
    return _NUMBER.fullmatch(cell) is not None


def wrong_cell(header: str, cell: str) -> str:
    """Say what is wrong with a cell that is blank or, where a number is due, is none."""
    column = f"column {quoted(header)}"
    if not cell.strip():
        return f"{column} is blank: fill it in, or delete the row (times need not be regular)"
    if cell.strip().lstrip("+-").casefold() in _MISSING:
        return f"{column} is {cell}: delete the row (times need not be regular)"
    if is_number(cell.replace(",", ".", 1)):
        return f"{column} is {quoted(cell)}: write numbers with a decimal point"
    return f"{column} is {quoted(cell)}: a number is due there"


def wrong_width(cells: int, columns: int) -> str:
    """Say that a row has other than one cell a column."""
    return (
        f"it has {cells} cell{'s' if cells > 1 else ''} where the header has {columns}: give every "
        "row one cell a column"
    )

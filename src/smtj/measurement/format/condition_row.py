"""A second row of headers, which gives the condition of each of several columns alike.

``Time (s), R (ohm), R (ohm)`` under ``H (Oe), -20, -10``, or over ``, -20 Oe, -10 Oe``, reads as
``Time (s), R (H=-20 Oe) [ohm], R (H=-10 Oe) [ohm]``.
"""

import re
from collections.abc import Sequence

from smtj.measurement.format.header import recognised, split_header, unit_named
from smtj.measurement.format.messages import is_number

_WITH_UNIT = re.compile(r"(?:\w+\s*=\s*)?[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?\s*([A-Za-zµμ]+)")


def with_conditions(
    headers: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], int | None]:
    """Return headers in which columns of one name differ by their condition.

    Parameters
    ----------
    headers
        ``name [unit]``, one per column.
    rows
        Cells of other rows near the header, in the order in which they are tried.

    Returns
    -------
    headers, position
        The headers, and which of the rows gave the conditions; None if none does.
    """
    alike = [n for n, header in enumerate(headers) if header and headers.count(header) > 1]
    for position, cells in enumerate(rows) if alike else ():
        values = _conditions(cells, alike)
        if values:
            named = (_named(h, values[n]) if n in values else h for n, h in enumerate(headers))
            return tuple(named), position
    return tuple(headers), None


def _conditions(cells: Sequence[str], alike: Sequence[int]) -> dict[int, str]:
    """Return conditions in words by column; empty if these cells are none.

    A merged cell stands above its first column.
    """
    beside = [cell for n, cell in enumerate(cells) if n not in alike and recognised(cell)]
    name, unit = split_header(beside[0]) if beside else ("", None)
    found: dict[int, str] = {}
    last = ""
    for n in alike:
        last = (cells[n] if n < len(cells) else "") or last
        given = _WITH_UNIT.fullmatch(last)
        if given is not None and unit_named(given[1]) is not None:
            found[n] = last
        elif unit is not None and is_number(last):
            found[n] = f"{name}={last} {unit}"
        else:
            return {}
    return found if len(set(found.values())) > 1 else {}


def _named(header: str, condition: str) -> str:
    name, unit = split_header(header)
    return f"{name} ({condition})" + (f" [{unit}]" if unit else "")

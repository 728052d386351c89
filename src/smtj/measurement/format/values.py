"""Numbers in other units, and attributes as text: between a file and a data set."""

import json
import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from smtj.errors import UnitError
from smtj.measurement.format.header import CELSIUS, recognised, split_header, unit_named
from smtj.measurement.format.messages import is_number
from smtj.measurement.format.schema import ERRORS
from smtj.typing import Floats
from smtj.units import convert

_VALUE = re.compile(r"([+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?)\s*([^\W\d]\w*|[%°℃]\w*)")
_PAIR = re.compile(
    r"\(?([+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?)\s*(?:±|\+/-|\+-)\s*"
    r"(\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?)\)?(\s*[^\d\s]\S*)?"
)
_CONCISE = re.compile(r"([+-]?\d+(?:[.,](\d+))?)\((\d+)\)(\s*[^\d\s]\S*)?")
ICE_POINT = 273.15
"""0 °C, in K."""
_WITH_ERROR = re.compile(r"\s*(?:±|\+/?-)\s*[^\[(]*")


def scaled(values: Floats, from_unit: str, to_unit: str) -> Floats:
    """Convert an array between units of one quantity, B and H through μ0; exact to 2 ulp."""
    if from_unit == to_unit:
        return values
    if from_unit == CELSIUS:
        return np.asarray(values + ICE_POINT)
    inverse = convert(1.0, to_unit, from_unit)
    # 820 mV are 820 / 1000 V, the float 0.82, while 820 * 0.001 is the float beside it.
    if inverse > 1 and inverse.is_integer():
        return np.asarray(values / inverse)
    return np.asarray(values * convert(1.0, from_unit, to_unit))


def split_value(cell: str) -> tuple[str, str] | None:
    """Split ``"5.2 kΩ"`` into its number and unit; None if a cell is anything else."""
    found = _VALUE.fullmatch(cell.strip())
    unit = unit_named(found[2]) if found is not None else None
    return None if found is None or unit is None else (found[1].replace(",", "."), unit)


def split_error(cell: str) -> tuple[str, str] | None:
    """Split ``"5.2 ± 0.3 ms"``, or ``"5.2(3) ms"``, into ``"5.2 ms"`` and ``"0.3 ms"``; None if it
    is anything else."""
    concise = _CONCISE.fullmatch(cell.strip())
    if concise is not None:
        unit, decimals = concise[4] or "", len(concise[2] or "")
        error = f"{int(concise[3]) / 10**decimals:.{decimals}f}"
        return concise[1].replace(",", ".") + unit, error + unit
    found = _PAIR.fullmatch(cell.strip())
    if found is None:
        return None
    value, error = (found[n].replace(",", ".") + (found[3] or "") for n in (1, 2))
    return value, error


def without_errors(cells: Sequence[str], paired: Collection[int]) -> tuple[str, ...]:
    """Return cells with the errors in those at the positions ``paired`` appended."""
    split = {n: split_error(cells[n]) or (cells[n], "") for n in paired if n < len(cells)}
    values = (split[n][0] if n in split else cell for n, cell in enumerate(cells))
    return (*values, *(split[n][1] for n in split))


def with_errors_of_cells(
    headers: Sequence[str], first: Sequence[str]
) -> tuple[list[str], tuple[int, ...]]:
    """Return headers with those of the errors in the cells of the first reading appended, and the
    positions of these cells."""
    found, paired = list(headers), []
    for position, (header, cell) in enumerate(zip(headers, first, strict=False)):
        if split_error(cell) is None:
            continue
        # The header may say that an error follows, as "P ± SE" does.
        header = found[position] = _WITH_ERROR.sub("", header)
        known = recognised(header)
        if known is not None and known[0] in ERRORS:
            name, unit = split_header(header)
            found.append(f"{name} ±" + (f" [{unit}]" if unit else ""))
            paired.append(position)
    return found, tuple(paired)


def with_units_of_cells(headers: Sequence[str], first: Sequence[str]) -> list[str]:
    """Return headers of known quantities with the units in the cells of the first reading."""
    found = list(headers)
    for position, (header, cell) in enumerate(zip(headers, first, strict=False)):
        value = split_value(cell)
        if value is not None and recognised(header) and split_header(header)[1] is None:
            found[position] = f"{header} [{value[1]}]"
    return found


def in_unit(cell: str, unit: str) -> float | None:
    """Return the number in a cell, converted if the cell has a unit; None if it is neither."""
    if is_number(cell):
        return float(cell)
    number, own = split_value(cell) or ("nan", "")
    try:
        return float(number) * (1.0 if own == unit else convert(1.0, own, unit)) if own else None
    except UnitError:
        return None


def to_lines(attrs: Mapping[Hashable, Any]) -> list[str]:
    """Return attributes as lines ``# key: value``; :func:`from_lines` reads them."""
    return [f"# {key}: {to_text(value)}" for key, value in attrs.items()]


def from_lines(lines: Iterable[str]) -> dict[str, Any]:
    """Read attributes from comment lines; lines without a colon are skipped."""
    pairs = (line.lstrip("#% ").partition(":") for line in lines)
    return {key.strip(): from_text(text) for key, colon, text in pairs if colon and key.strip()}


def to_text(value: Any) -> str:
    """Return an attribute as one line: plain text unchanged, all else as JSON."""
    if isinstance(value, str) and value.isprintable() and from_text(value) == value:
        return value
    return json.dumps(value, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v))


def from_text(text: str) -> Any:
    """Read an attribute from JSON, or as plain text."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()

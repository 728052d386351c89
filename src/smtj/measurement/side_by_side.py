"""Readings of one quantity in several columns beside a field: repeats, and both directions."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.measurement.conditions import MIN_READINGS
from smtj.measurement.format.columns import FIELD
from smtj.measurement.format.header import split_header
from smtj.measurement.format.schema import FIELDS, QUANTITIES, has_no_direction, name_of
from smtj.measurement.locations import READING
from smtj.measurement.stated import remark

if TYPE_CHECKING:
    import xarray as xr

Loader = Callable[[Mapping[str, str], Sequence[str]], "xr.Dataset"]
"""Reads a file with headers by quantity, and others ignored."""

_NUMBERED = re.compile(r"(.*?)[\s_#.-]*(\d+)")
_DIRECTED = re.compile(
    r"(.*?)[\s_.(-]*(up|forward|fwd|rising|inc|trace|down|backward|bwd|falling|dec|retrace)\)?",
    re.I,
)
_RISES = ("up", "forward", "fwd", "rising", "inc", "trace")
_REPEATS = ("read", "reading", "sample", "trial", "shot", "run", "sweep", "loop", "repeat", "cycle")


MAX_SUM = 0.02
"""Distance from 1 up to which two probabilities add up to it."""
MAX_RATIO = 2.0
"""Of the ranges of columns that are repeats, and not of several devices."""


class Beside(NamedTuple):
    """A column of several alike."""

    position: int
    header: str
    quantity: str
    unit: str | None
    rises: bool | None
    """Whether the field rose; None of repeats."""


def beside(headers: Sequence[str]) -> list[Beside]:
    """Return the columns of repeats, or of both directions of a sweep; empty if there are none."""
    for pattern in (_DIRECTED, _NUMBERED):
        found = [one for n, header in enumerate(headers) if (one := _of(n, header, pattern))]
        kinds = {(one.quantity, one.unit) for one in found}
        directions = {one.rises for one in found}
        is_pair = pattern is _DIRECTED and len(found) == 2 and directions == {True, False}
        is_repeat = pattern is _NUMBERED and len(found) >= 2
        if len(kinds) == 1 and (is_pair or is_repeat):
            return found
    return []


def _of(position: int, header: str, pattern: re.Pattern[str]) -> Beside | None:
    name, unit = split_header(header)
    match = pattern.fullmatch(name.strip())
    if match is None:
        return None
    quantity = name_of(match[1]) if match[1] else None
    if quantity is None and match[1].casefold() in _REPEATS:
        quantity = "resistance"
    if quantity not in ("resistance", "probability"):
        return None
    rises = match[2].casefold() in _RISES if pattern is _DIRECTED else None
    return Beside(position, header, quantity, unit, rises)


def blocks(headers: Sequence[str]) -> list[dict[int, str]]:
    """Return the tables of the same headers side by side, empty if there is but one: the positions
    of their columns, and what each is called apart from its direction or number.

    Columns without a header may stand between them.
    """
    named = [n for n, header in enumerate(headers) if header.strip()]
    for called in (str.strip, _apart):
        plain = [called(headers[n]) for n in named]
        for width in range(2, len(plain) // 2 + 1):
            is_table = len({*plain[:width]}) == width
            if is_table and plain == plain[:width] * (len(plain) // width):
                each = dict(zip(named, plain, strict=True))
                parts = (named[n : n + width] for n in range(0, len(named), width))
                return [{n: each[n] for n in part} for part in parts]
    return []


def _apart(header: str) -> str:
    """A header without its direction or number, if what is left is that of a quantity."""
    name, unit = split_header(header)
    for pattern in (_DIRECTED, _NUMBERED):
        match = pattern.fullmatch(name.strip())
        if match is not None and name_of(match[1].strip()) in QUANTITIES:
            return f"{match[1].strip()} [{unit}]" if unit else match[1].strip()
    return header.strip()


def load_blocks(
    found: Sequence[Mapping[int, str]], headers: Sequence[str], load: Loader
) -> "xr.Dataset | None":
    """Return the sweeps in tables side by side one after the other; None if they are no sweeps."""
    parts = []
    for block in found:
        others = [f"#{n + 1}" for other in found if other is not block for n in other]
        own: dict[str, str] = {}
        for n, called in block.items():
            name, unit = split_header(called)
            if called != headers[n].strip():
                quantity = FIELD if has_no_direction(name) else str(name_of(name))
                own[quantity] = f"#{n + 1}" + (f" [{unit}]" if unit else "")
        parts.append(load(own, others))
    along = [name for name in FIELDS if name in parts[0].variables]
    if "time" in parts[0].variables or len(along) != 1 or "resistance" not in parts[0].variables:
        return None
    columns = [
        [np.asarray(part[name].values, dtype=np.float64) for part in parts]
        for name in (along[0], "resistance")
    ]
    whole = _joined(parts[0], along[0], *columns)
    remark(whole, f"{len(found)} sweeps stand side by side")
    return whole


def load_beside(columns: Sequence[Beside], load: Loader) -> "xr.Dataset | None":
    """Return the readings of all columns one below the other; None if times stand beside them.

    Repeats of ten or more at fields that rise or fall throughout are readings of each field, and
    fewer are sweeps.
    """
    parts = [_one(column, columns, load) for column in columns]
    for part in parts:
        if columns[0].quantity in part.variables:
            ends = f"{columns[0].header} … {columns[-1].header}"
            part[columns[0].quantity].encoding["header"] = ends
    first, along = parts[0], [name for name in FIELDS if name in parts[0].variables]
    if "time" in first.variables or len(along) != 1 or columns[0].quantity not in first.variables:
        return None
    fields = [np.asarray(part[along[0]].values, dtype=np.float64) for part in parts]
    if columns[0].quantity == "probability":
        both = [np.asarray(part["probability"].values) for part in parts]
        if columns[0].rises is not None and np.abs(both[0] + both[1] - 1).max() < MAX_SUM:
            # Not directions but states, of which one says all.
            high = parts[0] if columns[0].rises else parts[1]
            remark(high, "the columns of P add up to 1, so they are of both states")
            return _as(high, high)
        return _branches(columns, parts)
    values = [np.asarray(part["resistance"].values, dtype=np.float64) for part in parts]
    one_way = len({float(sign) for sign in np.sign(np.diff(fields[0]))} - {0.0}) == 1
    if columns[0].rises is not None:
        order = [
            np.argsort(field if column.rises else -field, kind="stable")
            for field, column in zip(fields, columns, strict=True)
        ]
        up_first = sorted(range(2), key=lambda n: not columns[n].rises)
        found = _joined(first, along[0], [fields[n][order[n]] for n in up_first],
                        [values[n][order[n]] for n in up_first])  # fmt: skip
        remark(found, "both directions of a sweep stand side by side")
        return found
    if one_way and len(columns) >= MIN_READINGS:
        rows = [np.full(len(columns), field) for field in fields[0]]
        found = _joined(first, along[0], rows, list(np.stack(values, axis=-1)))
        remark(found, f"{len(columns)} readings of each field stand side by side")
        return found
    if not _of_one_device(values):
        return None
    found = _joined(first, along[0], fields, values)
    remark(found, f"{len(columns)} sweeps stand side by side")
    return found


def _of_one_device(values: Sequence[NDArray[np.float64]]) -> bool:
    """Whether the ranges of columns are alike, as those of one device are."""
    low, high = np.quantile(np.stack(values), [0.05, 0.95], axis=1)
    spans = high - low
    return bool(low.max() < high.min() and spans.max() <= MAX_RATIO * spans.min())


def _one(column: Beside, columns: Sequence[Beside], load: Loader) -> "xr.Dataset":
    unit = column.unit or QUANTITIES[column.quantity].unit
    wanted = f"#{column.position + 1}" + (f" [{unit}]" if unit else "")
    ignored = [other.header for other in columns if other is not column]
    return load({column.quantity: wanted}, ignored)


def _joined(
    first: "xr.Dataset",
    along: str,
    fields: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
) -> "xr.Dataset":
    held = [name for name in first.variables if not first[name].ndim]
    found = first[held].assign(
        {
            along: (READING, np.concatenate(list(fields)), first[along].attrs),
            "resistance": (READING, np.concatenate(list(values)), first["resistance"].attrs),
        }
    )
    found[along].encoding |= first[along].encoding
    found["resistance"].encoding |= first["resistance"].encoding
    return _as(found, first)


def _branches(columns: Sequence[Beside], parts: "Sequence[xr.Dataset]") -> "xr.Dataset":
    import xarray as xr

    named = [
        part.assign(branch=(READING, np.full(part.sizes[READING], column.header)))
        for column, part in zip(columns, parts, strict=True)
    ]
    found = xr.concat(named, READING, data_vars="minimal", coords="minimal", compat="override")
    for name in parts[0].variables:
        found[name].encoding |= parts[0][name].encoding
    return _as(found, parts[0])


def _as(found: "xr.Dataset", first: "xr.Dataset") -> "xr.Dataset":
    found.attrs = {k: v for k, v in first.attrs.items() if k != "ignored_columns"}
    # Rows of the file no longer number the readings.
    found.encoding = {**first.encoding, "readings": None}
    return found

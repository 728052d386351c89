"""States in words: AP and P, high and low, up and down, yes and no."""

import re
from collections.abc import Iterable

import numpy as np

from smtj.measurement.format.messages import is_missing, is_number
from smtj.typing import Floats

WORDED = ("state", "switched", "probability", "high")
"""Quantities whose columns may hold words."""

_COUNT_OF = re.compile(r"(\d+)\s*(?:/|of)\s*(\d+)")
_HIGH = (
    "ap anti antiparallel high hi h up upper u rhigh rap hrs on 1 yes y true t switched switch sw "
    "success successful flipped flip hoch oben haut alto ja oui si sí да 高 反平行 是"
)
_LOW = (
    "p parallel low lo l down lower d rlow rp lrs off 0 no n false f notswitched noswitch "
    "unswitched nonswitched fail failed failure notflipped noflip none tief unten niedrig bas bajo "
    "nein non нет 低 平行 否"
)
_STATES = {
    **dict.fromkeys(_HIGH.split(), 1.0),
    **dict.fromkeys(_LOW.split(), 0.0),
}


def state_of(cell: str) -> float | None:
    """Return 1 for the high state, or what has switched, and 0 for the other; None if a cell is
    neither, and NaN if it is missing."""
    plain = re.sub(r"[\W_]", "", cell).casefold().removesuffix("state")
    if plain in _STATES:
        return _STATES[plain]
    if is_number(cell.strip()):
        return float(cell)
    return float("nan") if is_missing(cell) else None


def states_of(cells: Iterable[str]) -> Floats | None:
    """As :func:`state_of`, for a column; None if a word is unknown."""
    cells = list(cells)
    known = {cell: state_of(cell) for cell in set(cells)}
    if None in known.values():
        return None
    return np.array([known[cell] for cell in cells], dtype=np.float64)


def unknown_state(header: str, cell: str) -> str:
    """Describe a word that is no state."""
    if (count := _COUNT_OF.fullmatch(cell.strip())) is not None:
        return (
            f'column "{header}" is "{cell}", {count[1]} of {count[2]} in one cell: give a column '
            'of each, e.g. "high,reads"'
        )
    return (
        f'column "{header}" is "{cell}", which is no state: write AP and P, high and low, up and '
        "down, yes and no, or 1 and 0"
    )

"""Numbers in other units, and attributes as text: between a file and a data set."""

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np

from smtj.measurement.format.header import CELSIUS
from smtj.typing import Floats
from smtj.units import convert

ICE_POINT = 273.15
"""0 °C, in K."""


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

"""Quantities and lists of them on the command line: ``"-60:40:5 Oe"`` or ``"-200,0,200 mV"``."""

import math
from typing import TYPE_CHECKING, Any

from smtj.errors import SmtjError
from smtj.units import parse_quantity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_STEPS = 1_000_000

UNITS = {
    "field": "A/m",
    "field_in_plane": "A/m",
    "voltage": "V",
    "current": "A",
    "temperature": "K",
    "settling": "s",
}
"""SI units of the options that :func:`parse_options` reads."""


def parse_range(option: str, text: str, unit: str) -> "NDArray[np.float64]":
    """Read ``START:STOP:STEP UNIT`` (both ends included) or ``A,B,C UNIT`` as floats in SI.

    Parameters
    ----------
    option
        Name of the option for error messages.
    text
        The list.
    unit
        SI unit of the result.

    Raises
    ------
    SmtjError
        It is not such a list, or has another unit.
    """
    import numpy as np

    numbers, _, shown_unit = text.strip().partition(" ")
    separator = ":" if ":" in numbers else ","
    values = [
        parse_option(option, f"{number} {shown_unit}", unit) or 0.0
        for number in numbers.split(separator)
    ]
    if separator == ",":
        return np.array(values)
    if len(values) != 3 or values[2] == 0 or (values[1] - values[0]) / values[2] < 0:
        raise SmtjError(
            f'{option} is "{text}"; a range is START:STOP:STEP UNIT with a step that leads from '
            'start to stop, e.g. "-60:40:5 Oe"'
        )
    start, stop, step = values
    count = math.floor((stop - start) / step * (1 + 1e-12) + 1e-9) + 1
    if count > MAX_STEPS:
        raise SmtjError(f'{option} is "{text}", which is {count} steps; the limit is {MAX_STEPS}')
    found = np.asarray(start + step * np.arange(count), dtype=np.float64)
    # Of -60:40:5 Oe one is 0, not what rounding leaves.
    found[np.abs(found) < 1e-9 * abs(step)] = 0.0
    return found


def parse_sizes(option: str, text: str, example: str) -> tuple[int, ...]:
    """Read numbers of neurons, layer by layer: ``784,400,10``.

    Raises
    ------
    SmtjError
        A number is not a positive integer; the message shows ``example``.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) >= 1 for part in parts):
        raise SmtjError(f"{option} is {text!r}; it must be numbers of neurons: {example}")
    return tuple(int(part) for part in parts)


def parse_option(option: str, text: str | None, unit: str) -> float | None:
    """Read an optional quantity; errors name the option.

    Raises
    ------
    SmtjError
        It is not a quantity of that unit.
    """
    if text is None:
        return None
    try:
        return parse_quantity(text, unit)
    except SmtjError as error:
        raise SmtjError(f"{option}: {error}") from None


def parse_options(**texts: str | None) -> dict[str, Any]:
    """Read optional quantities by the names of their options, in the :data:`UNITS` of each."""
    return {
        name: parse_option(f"--{name.replace('_', '-')}", text, UNITS[name])
        for name, text in texts.items()
    }

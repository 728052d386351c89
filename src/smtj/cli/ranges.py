"""Lists of quantities on the command line: ``"-60:40:5 Oe"`` or ``"-200,0,200 mV"``."""

import math
from typing import TYPE_CHECKING

from smtj.errors import SmtjError
from smtj.units import parse_quantity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_STEPS = 1_000_000


def parse_range(option: str, text: str, unit: str) -> "NDArray[np.float64]":
    """Read ``START:STOP:STEP UNIT`` (both ends included) or ``A,B,C UNIT`` as floats in SI.

    Parameters
    ----------
    option
        What an error message calls the option.
    text
        The list.
    unit
        SI unit of the result.

    Raises
    ------
    SmtjError
        It is no such list, or its quantities are not of that unit.
    """
    import numpy as np

    numbers, _, shown_unit = text.strip().partition(" ")
    separator = ":" if ":" in numbers else ","
    try:
        values = [
            parse_quantity(f"{number} {shown_unit}", unit) for number in numbers.split(separator)
        ]
    except SmtjError as error:
        raise SmtjError(f"{option}: {error}") from None
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
        raise SmtjError(f'{option} is "{text}", which is {count} steps; {MAX_STEPS} are possible')
    return np.asarray(start + step * np.arange(count), dtype=np.float64)


def parse_sizes(option: str, text: str, example: str) -> tuple[int, ...]:
    """Read numbers of neurons, layer by layer: ``784,400,10``.

    Raises
    ------
    SmtjError
        One is no whole number from 1; ``example`` says what would do.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) >= 1 for part in parts):
        raise SmtjError(f"{option} is {text!r}; it must be numbers of neurons: {example}")
    return tuple(int(part) for part in parts)


def parse_option(option: str, text: str | None, unit: str) -> float | None:
    """Read an optional quantity; its error names the option.

    Raises
    ------
    SmtjError
        It is no quantity of that unit.
    """
    if text is None:
        return None
    try:
        return parse_quantity(text, unit)
    except SmtjError as error:
        raise SmtjError(f"{option}: {error}") from None

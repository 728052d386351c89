"""Numbers of a column from one unit to another."""

import numpy as np

from smtj.typing import Floats
from smtj.units import convert


def scaled(values: Floats, from_unit: str, to_unit: str) -> Floats:
    """Convert an array from one unit to another.

    Parameters
    ----------
    values
        In ``from_unit``, any shape.
    from_unit, to_unit
        Units that measure the same, B and H taken for each other through μ0.

    Returns
    -------
    Floats
        In ``to_unit``; at most 2 ulp from the exact product.
    """
    if from_unit == to_unit:
        return values
    inverse = convert(1.0, to_unit, from_unit)
    # 820 mV are 820 / 1000 V, the float 0.82, while 820 * 0.001 is the float beside it.
    if inverse > 1 and inverse.is_integer():
        return np.asarray(values / inverse)
    return np.asarray(values * convert(1.0, from_unit, to_unit))

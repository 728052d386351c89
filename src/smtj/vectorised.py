"""Compiled arithmetic that the compiler can vectorise, as calls of a library would not be."""

import math
from typing import Any

from numba import float32, float64, int32, int64, njit, types
from numba.extending import intrinsic

FUSED: dict[str, Any] = {"error_model": "numpy", "cache": True, "fastmath": {"contract"}}
"""Options of functions that add what they multiply in one instruction."""
ROUNDER = 1.5 * 2.0**52
"""Added to a float64, it rounds to a whole number and leaves that in the lowest bits."""
LOG2E, LN2 = 1 / math.log(2), math.log(2)
LEAST = -700.0
"""Exponent below which the exponential is 0; the next numbers would be subnormal, and slow."""
_OF_BITS = {float32: int32, float64: int64}
_E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9, _E10, _E11, _E12 = (
    1 / math.factorial(n) for n in range(2, 13)
)


def _cast(result: types.Type, argument: types.Type) -> Any:
    """Return signature and code of the same bits as another type."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

    return result(argument), generate


@intrinsic
def bits_of(_, x):
    """Return the bits of a float32 or float64 as an integer."""
    return _cast(_OF_BITS[x], x)


@intrinsic
def float_of(_, x):
    """Return the float that has the bits of an int32 or int64."""
    return _cast(next(own for own, bits in _OF_BITS.items() if bits == x), x)


@njit(forceinline=True, **FUSED)
def exp(x):
    """e^x for x ≤ 700, to 1e-15 (2e-14 far from 0): e^x = 2^n e^r with |r| ≤ ln(2)/2."""
    rounded = (x if x > LEAST else LEAST) * LOG2E + ROUNDER
    r = (x if x > LEAST else LEAST) - (rounded - ROUNDER) * LN2
    # Estrin's order of the series, which leaves the processor more to do at a time than Horner's.
    r2 = r * r
    r4 = r2 * r2
    first = (1.0 + r) + r2 * (_E2 + r * _E3)
    second = (_E4 + r * _E5) + r2 * (_E6 + r * _E7)
    third = (_E8 + r * _E9) + r2 * (_E10 + r * _E11) + r4 * _E12
    power = float_of(int64(int64(bits_of(rounded) + int64(1023)) << int64(52)))
    return power * (first + r4 * (second + r4 * third)) if x > LEAST else 0.0

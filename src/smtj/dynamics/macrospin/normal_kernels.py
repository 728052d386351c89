"""Compiled normal numbers for lanes that run side by side, by Box and Muller's method.

Each lane has its own generator.  Sums of products are fused multiply-adds, which round once
and in one way, so a lane's numbers are bit-identical however the compiler arranges them
and whatever the other lanes do.  Logarithm, sine and cosine are polynomials, which
vectorise.  They have single precision even in double-precision runs: no average over trajectories
can distinguish 24 random bits from 53.
"""

import math
from typing import Any

import numpy as np
from numba import float32, int32, njit, uint32
from numba.extending import intrinsic

from smtj.streams import LANES, next_word
from smtj.vectorised import bits_of, float_of

WORDS = 6
"""Random words, and normal numbers, per lane and call."""
MAX_NORMAL = math.sqrt(2 * 31 * math.log(2))
"""The largest normal number, 6.56; one in 1.9e10 would exceed it."""

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}

# Minimax polynomials: ln(1 + t) = t - t²/2 + t³ P(t) for √½ ≤ 1 + t < √2 to 6e-8, and sin(y)/√2,
# cos(y)/√2 for |y| ≤ π/4 to 2e-8.
_L0, _L1, _L2, _L3 = (np.float32(c) for c in (0.333334032, -0.250011289, 0.199862379, -0.165834504))
_L4, _L5, _L6 = (np.float32(c) for c in (0.146461044, -0.142018582, 0.0950130391))
_S0, _S1 = np.float32(0.707106779), np.float32(-0.117851017)
_S2, _S3 = np.float32(0.00589163978), np.float32(-0.000137914262)
_C0, _C1 = np.float32(0.707106762), np.float32(-0.353552377)
_C2, _C3 = np.float32(0.029454552), np.float32(-0.000960668803)
_ZERO, _HALF, _ONE, _MINUS_TWO = (np.float32(c) for c in (0.0, 0.5, 1.0, -2.0))
_LN2, _TO_ANGLE = np.float32(math.log(2)), np.float32(math.pi / 4 * 2.0**-31)
_BITS_OF_ROOT_HALF = np.int32(0x3F3504F3)
_SIGN = np.uint32(0x80000000)


@intrinsic
def fma(_, a, b, c):
    """Return a b + c, rounded once."""

    def generate(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return a(a, b, c), generate


@intrinsic
def _root(_, x):
    """Return the square root by the processor's own instruction."""

    def generate(context, builder, signature, arguments):
        root = builder.module.declare_intrinsic("llvm.sqrt", [arguments[0].type])
        return builder.call(root, arguments)

    return x(x), generate


@njit(forceinline=True, **_options)
def _radius(word):
    """√(-2 ln u) of a number u in (0, 1] that 30 bits of a word decide."""
    number = float32(int32(uint32(uint32(word >> uint32(1)) | uint32(1))))
    bits = bits_of(number)
    exponent = int32(int32(bits - _BITS_OF_ROOT_HALF) >> int32(23))
    t = float_of(int32(bits - int32(exponent << int32(23)))) - _ONE
    square = t * t
    high = fma(_L6, square, fma(_L5, t, _L4))
    series = fma(fma(high, square, fma(_L3, t, _L2)), square, fma(_L1, t, _L0))
    # u = 2^(exponent - 31) (1 + t): near u = 1 the exponent's part is 0 and nothing cancels.
    log = fma(series * t, square, fma(-_HALF, square, t))
    log = fma(float32(int32(exponent - int32(31))), _LN2, log)
    return _root(max(_MINUS_TWO * log, _ZERO))


@njit(forceinline=True, **_options)
def _pair(word, angle):
    """Turn two random words into two independent normal numbers."""
    radius = _radius(word)
    # The angle runs over a quadrant, from its middle; two bits that the radius left say which one.
    y = float32(int32(angle)) * _TO_ANGLE
    square = y * y
    fourth = square * square
    sine = fma(fma(_S3, square, _S2), fourth, fma(_S1, square, _S0)) * y
    cosine = fma(fma(_C3, square, _C2), fourth, fma(_C1, square, _C0))
    first, second = bits_of(radius * (cosine - sine)), bits_of(radius * (cosine + sine))
    first = int32(first ^ int32(uint32(word << uint32(31))))
    second = int32(second ^ int32(uint32(uint32(word << uint32(30)) & _SIGN)))
    return float_of(first), float_of(second)


@njit(**_options)
def fill_words(generators, words, lanes):
    """Fill ``WORDS`` rows of LANES random words of uint32 from the generators of each lane."""
    for i in range(lanes):
        a, b = generators[i], generators[LANES + i]
        c, d = generators[2 * LANES + i], generators[3 * LANES + i]
        words[i], a, b, c, d = next_word(a, b, c, d)
        words[LANES + i], a, b, c, d = next_word(a, b, c, d)
        words[2 * LANES + i], a, b, c, d = next_word(a, b, c, d)
        words[3 * LANES + i], a, b, c, d = next_word(a, b, c, d)
        words[4 * LANES + i], a, b, c, d = next_word(a, b, c, d)
        words[5 * LANES + i], a, b, c, d = next_word(a, b, c, d)
        generators[i], generators[LANES + i] = a, b
        generators[2 * LANES + i], generators[3 * LANES + i] = c, d


@njit(**_options)
def fill_normals(words, normals, lanes):
    """Turn the words of each lane into as many normal numbers, float32 in the same order."""
    for k in range(WORDS // 2):
        one, other = 2 * k * LANES, (2 * k + 1) * LANES
        for i in range(lanes):
            normals[one + i], normals[other + i] = _pair(words[one + i], words[other + i])

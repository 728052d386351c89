"""Compiled random streams: counters seed generators, so work can be divided in any way.

Philox4x32-10 (J. K. Salmon et al., SC '11, doi:10.1145/2063384.2063405) turns a key and a counter
into random words.  Where many are needed, it seeds xoshiro128++ generators (D. Blackman and
S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021), doi:10.1145/3460772), of which 64 run side by side.
"""

import math
from typing import Any

import numpy as np
from numba import njit, uint32, uint64

LANES = 64
"""Generators that run side by side."""

_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(forceinline=True, **_options)
def philox(c0, c1, k0, k1):
    """Return four random words for a counter of two words and a key of two words."""
    a, b, c, d = c0, c1, uint32(0), uint32(0)
    for _ in range(10):
        left, right = uint64(a) * _MULTIPLIER_0, uint64(c) * _MULTIPLIER_1
        a, b, c, d = (
            uint32(uint32(right >> uint64(32)) ^ b ^ k0),
            uint32(right),
            uint32(uint32(left >> uint64(32)) ^ d ^ k1),
            uint32(left),
        )
        k0, k1 = uint32(k0 + _WEYL_0), uint32(k1 + _WEYL_1)
    return a, b, c, d


@njit(forceinline=True, **_options)
def seed_lanes(state, chunk, k0, k1):
    """Seed the generators, shape (4, LANES) of uint32, of a chunk of the work from a key."""
    for i in range(LANES):
        a, b, c, d = philox(uint32(i), uint32(chunk), k0, k1)
        # A state of all zeros would stay there.
        state[0, i], state[1, i], state[2, i], state[3, i] = a | uint32(1), b, c, d


@njit(forceinline=True, **_options)
def rotate(x, k):
    """Rotate a word left by k bits."""
    return uint32(uint32(x << uint32(k)) | uint32(x >> uint32(32 - k)))


@njit(forceinline=True, **_options)
def next_word(a, b, c, d):
    """One step of xoshiro128++: a random word and the new state."""
    word = uint32(rotate(uint32(a + d), 7) + a)
    t = uint32(b << uint32(9))
    c, d = uint32(c ^ a), uint32(d ^ b)
    b, a = uint32(b ^ c), uint32(a ^ d)
    return word, a, b, uint32(c ^ t), rotate(d, 11)


@njit(**_options)
def seed_generator(generator, index, k0, k1):
    """Seed one generator, shape (4,) of uint32, from its index and a key."""
    a, b, c, d = philox(uint32(index), uint32(0), k0, k1)
    generator[0], generator[1], generator[2], generator[3] = a | uint32(1), b, c, d


@njit(**_options)
def uniform(generator):
    """Sample from (0, 1), multiples of 2^-53; never 0 or 1, so logarithms are finite."""
    a, b, c, d = generator[0], generator[1], generator[2], generator[3]
    high, a, b, c, d = next_word(a, b, c, d)
    low, a, b, c, d = next_word(a, b, c, d)
    generator[0], generator[1], generator[2], generator[3] = a, b, c, d
    # 52 random bits and a half: a float64 holds the sum exactly.
    return (float(high) * 2.0**20 + float(low >> uint32(12)) + 0.5) * 2.0**-52


@njit(**_options)
def exponential(generator):
    """Sample the exponential distribution of mean 1."""
    return -math.log(uniform(generator))


@njit(**_options)
def normal(generator):
    """Sample the standard normal distribution, by the polar Box-Muller method."""
    while True:
        x, y = 2.0 * uniform(generator) - 1.0, 2.0 * uniform(generator) - 1.0
        square = x * x + y * y
        if square < 1.0:
            return x * math.sqrt(-2.0 * math.log(square) / square)


@njit(**_options)
def _log_remainder(x):
    """ln(1 + x) less the first three terms of its series, without cancellation at small x."""
    if abs(x) > 0.05:
        return math.log1p(x) - x * (1.0 - x * (1.0 / 2 - x * (1.0 / 3)))
    tail = 1.0 / 7 - x * (1.0 / 8 - x * (1.0 / 9 - x * (1.0 / 10 - x * (1.0 / 11))))
    return -(x**4) * (1.0 / 4 - x * (1.0 / 5 - x * (1.0 / 6 - x * tail)))


@njit(**_options)
def gamma(generator, shape):
    """Sample the gamma distribution of scale 1: a sum of ``shape`` ≥ 1 exponential numbers.

    G. Marsaglia and W. W. Tsang, ACM Trans. Math. Softw. 26, 363 (2000),
    doi:10.1145/358407.358414.  Their test ln u < x²/2 + d (1 - v + ln v), with v = (1 + y)³ and
    9 d y² = x², is ln u < 3 d (ln(1 + y) - y + y²/2 - y³/3); so written it holds at any shape.
    Since ln u < u - 1, most proposals pass it without a logarithm.
    """
    d = shape - 1.0 / 3
    slope = 1.0 / (3.0 * math.sqrt(d))
    while True:
        y = slope * normal(generator)
        if y > -1.0:
            u, limit = uniform(generator), 3.0 * d * _log_remainder(y)
            if u - 1.0 < limit or math.log(u) < limit:
                return d * (1.0 + y) ** 3

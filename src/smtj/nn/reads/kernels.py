"""Compiled neurons: response, noise and exact binomial reads, the same for any number of threads.

Neurons are processed in fixed chunks, each with its own random streams seeded from (key, chunk), so
any thread may take any chunk.  A chunk runs 64 xoshiro128++ generators side by side
(D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021), doi:10.1145/3460772), seeded by
Philox4x32-10 (J. K. Salmon et al., SC '11, doi:10.1145/2063384.2063405).

Binomial samples are bit-sliced: 16 reads of a neuron are the 16 bits of one word.  A read is high
when a random binary fraction lies below the probability; comparing all 16 reads digit by digit from
the least significant takes one random word and one majority vote a digit, and the number of high
reads is a population count.  Two neurons share a 32-bit word.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias

import numba
import numpy as np
import torch
from numba import int32, int64, njit, prange, uint32
from numpy.typing import NDArray

from smtj.streams import LANES, next_word, seed_lanes

BLOCK = 2 * LANES
CHUNK = 4096
DIGITS = 16
"""Probabilities are rounded to 2^-16."""
SUMMED = 256
"""Rows of gradients that are summed in single precision."""
PARALLEL_FROM = 200_000
"""Number of devices from which threads pay off."""

_ZERO, _HALF, _1 = np.float32(0), np.float32(0.5), np.float32(1)
_ONE = np.float32(2**DIGITS)
_UNIT = np.float32(2**-24)
_QUARTER_TURN = np.float32(math.pi / 2)
_LN2, _LOG2E = np.float32(math.log(2)), np.float32(1 / math.log(2))
# ln 2 as a short number and the rest, so that n ln 2 loses nothing.
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(math.log(2) - 0.693359375)
_TINY = np.float32(1e-38)
_LARGEST, _ROUNDER = np.float32(87), np.float32(1.5 * 2**23)
_L0, _L1, _L2, _L3, _L4, _L5 = (np.float32(2 / (2 * n + 1)) for n in range(6))
_S1, _S2, _S3, _S4 = (np.float32((-1) ** n / math.factorial(2 * n + 1)) for n in range(1, 5))
_C1, _C2, _C3, _C4 = (np.float32((-1) ** n / math.factorial(2 * n)) for n in range(1, 5))
_E2, _E3, _E4, _E5, _E6 = (np.float32(1 / math.factorial(n)) for n in range(2, 7))

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}
Floats: TypeAlias = NDArray[np.float32]


@njit(forceinline=True, **_options)
def copy(to, source):
    """Fill ``to`` with the beginning of ``source``.

    Unlike an assignment of slices, it takes no seconds to compile: no message about shapes.
    """
    for i in range(to.shape[0]):
        to[i] = source[i]


@njit(forceinline=True, **_options)
def _vote(x, word, pair, digit):
    """One binary digit of the comparison: majority of the verdict so far, the word, the digit."""
    low = uint32(uint32(pair >> uint32(digit)) & uint32(0x00010001))
    mask = uint32(uint32(low << uint32(16)) - low)
    return uint32(x ^ uint32(uint32(x ^ word) & uint32(x ^ mask)))


@njit(forceinline=True, **_options)
def _count_pairs(x):
    """Population counts of both halves of a word, in the halves."""
    x = uint32(x - uint32(uint32(x >> uint32(1)) & uint32(0x55555555)))
    x = uint32(uint32(x & uint32(0x33333333)) + uint32(uint32(x >> uint32(2)) & uint32(0x33333333)))
    x = uint32(uint32(x + uint32(x >> uint32(4))) & uint32(0x0F0F0F0F))
    return uint32(uint32(x + uint32(x >> uint32(8))) & uint32(0x001F001F))


@njit(forceinline=True, **_options)
def _read_block_once(state, block):
    """Replace the probabilities of a block by single reads; each compares one 16-bit number."""
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    for i in range(LANES):
        word, s0[i], s1[i], s2[i], s3[i] = next_word(s0[i], s1[i], s2[i], s3[i])
        low = int32(block[i] * _ONE + _HALF)
        high = int32(block[i + LANES] * _ONE + _HALF)
        block[i] = np.float32(int32(word & uint32(0xFFFF)) < low)
        block[i + LANES] = np.float32(int32(word >> uint32(16)) < high)


@njit(forceinline=True, **_options)
def _read_block(state, block, reads, words):
    """Replace the probabilities of a block by fractions of high reads."""
    if reads == 1:
        _read_block_once(state, block)
        return
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    pair, certain, verdict, counts = words[0], words[1], words[2], words[3]
    taken_in_all = np.float32(reads)
    for i in range(LANES):
        low = uint32(int32(block[i] * _ONE + _HALF))
        high = uint32(int32(block[i + LANES] * _ONE + _HALF))
        pair[i] = uint32(uint32(low & uint32(0xFFFF)) | uint32(high << uint32(16)))
        # A probability of one needs a 17th digit: every read is high.
        certain[i] = uint32(
            uint32(uint32(low >> uint32(16)) * uint32(0xFFFF))
            | uint32(uint32(uint32(high >> uint32(16)) * uint32(0xFFFF)) << uint32(16))
        )
        counts[i] = uint32(0)
    for done in range(0, reads, 16):
        verdict[:] = uint32(0)
        for digit in range(0, DIGITS, 2):
            for i in range(LANES):
                a, b, c, d, x = s0[i], s1[i], s2[i], s3[i], verdict[i]
                word, a, b, c, d = next_word(a, b, c, d)
                x = _vote(x, word, pair[i], digit)
                word, a, b, c, d = next_word(a, b, c, d)
                x = _vote(x, word, pair[i], digit + 1)
                s0[i], s1[i], s2[i], s3[i], verdict[i] = a, b, c, d, x
        taken = uint32(uint32(1) << uint32(min(16, reads - done))) - uint32(1)
        both = uint32(taken | uint32(taken << uint32(16)))
        for i in range(LANES):
            counts[i] = uint32(
                counts[i] + _count_pairs(uint32(uint32(verdict[i] | certain[i]) & both))
            )
    for i in range(LANES):
        # Not times 1/reads, which would make 41/41 a little less than 1.
        block[i] = np.float32(int32(counts[i] & uint32(0xFFFF))) / taken_in_all
        block[i + LANES] = np.float32(int32(counts[i] >> uint32(16))) / taken_in_all


@njit(forceinline=True, **_options)
def _between(low, x, high):
    """Limit x to a range; two selects, which vectorise where min and max do not."""
    x = x if x > low else low
    return x if x < high else high


@njit(forceinline=True, **_options)
def _log_of_mantissa(m):
    """ln m of a float32 in [1, 2], to rounding: the series of 2 artanh((m - 1)/(m + 1))."""
    z = (m - _1) / (m + _1)
    y = z * z
    return z * (_L0 + y * (_L1 + y * (_L2 + y * (_L3 + y * (_L4 + y * _L5)))))


@njit(forceinline=True, **_options)
def _normal_block(state, block, words):
    """Fill a block with normal numbers, Box and Muller's pairs, each from two words."""
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    radius_bits, direction = words[0], words[1]
    radius = radius_bits.view(np.float32)
    for i in range(LANES):
        a, b, c, d = s0[i], s1[i], s2[i], s3[i]
        word, a, b, c, d = next_word(a, b, c, d)
        direction[i], s0[i], s1[i], s2[i], s3[i] = next_word(a, b, c, d)
        radius[i] = np.float32(int32(word >> uint32(8))) + _1
    for i in range(LANES):
        bits = radius_bits[i]
        # 24 is the exponent of the largest radius, whose logarithm is zero.
        block[i] = np.float32(int32(bits >> uint32(23)) - int32(127 + 24))
        radius_bits[i] = uint32(uint32(bits & uint32(0x007FFFFF)) | uint32(0x3F800000))
    for i in range(LANES):
        log = block[i] * _LN2 + _log_of_mantissa(radius[i])
        square = np.float32(-2) * log
        length = np.sqrt(square if square > _ZERO else _ZERO)
        word = direction[i]
        # An eighth of a turn to either side, then one of the four quarters by two more bits.
        angle = (np.float32(int32(word >> uint32(8))) * _UNIT - _HALF) * _QUARTER_TURN
        y = angle * angle
        sine = angle * (_1 + y * (_S1 + y * (_S2 + y * (_S3 + y * _S4))))
        cosine = _1 + y * (_C1 + y * (_C2 + y * (_C3 + y * _C4)))
        swap = np.float32(int32(word & uint32(1))) * (sine - cosine)
        sign = np.float32(1 - int32(word & uint32(2)))
        block[i] = length * sign * (cosine + swap)
        block[i + LANES] = length * sign * (sine - swap)


@njit(forceinline=True, **_options)
def _logistic_block(block, power, power_bits):
    """Replace log-odds by probabilities, to 2e-7: e^-x = 2^n e^r with |r| <= ln(2)/2."""
    for i in range(BLOCK):
        x = _between(-_LARGEST, -block[i], _LARGEST)
        # Adding and subtracting 1.5 · 2^23 rounds to a whole number, and vectorises.
        whole = (x * _LOG2E + _ROUNDER) - _ROUNDER
        r = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
        power_bits[i] = uint32(uint32(int32(whole) + int32(127)) << uint32(23))
        block[i] = _1 + r * (_1 + r * (_E2 + r * (_E3 + r * (_E4 + r * (_E5 + r * _E6)))))
    for i in range(BLOCK):
        block[i] = _1 / (_1 + block[i] * power[i])


@njit(**_options)
def _read_chunk(probability, reads, k0, k1, out, chunk):
    first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, probability.shape[0])
    state, words = np.empty((4, LANES), np.uint32), np.empty((4, LANES), np.uint32)
    seed_lanes(state, chunk, k0, k1)
    block = np.empty(BLOCK, np.float32)
    for start in range(first, last, BLOCK):
        size = min(BLOCK, last - start)
        block[size:] = _ZERO
        copy(block[:size], probability[start : start + size])
        _read_block(state, block, reads, words)
        for i in range(size):
            p = probability[start + i]
            out[start + i] = block[i] if p == p else p


@njit(**_options)
def _normal_chunk(k0, k1, out, chunk):
    first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, out.shape[0])
    state, words = np.empty((4, LANES), np.uint32), np.empty((4, LANES), np.uint32)
    seed_lanes(state, chunk, k0, k1)
    block = np.empty(BLOCK, np.float32)
    for start in range(first, last, BLOCK):
        _normal_block(state, block, words)
        size = min(BLOCK, last - start)
        copy(out[start : start + size], block)


@njit(**_options)
def _periodic(response):
    """Continue the rows past the last neuron, so that a block can start anywhere."""
    rows, features = response.shape
    table = np.empty((rows, features + BLOCK), np.float32)
    for row in range(rows):
        k = 0
        for column in range(features + BLOCK):
            table[row, column] = response[row, k]
            k = k + 1 if k + 1 < features else 0
    return table


@njit(**_options)
def _respond_chunk(x, table, noisy, reads, k0, k1, out, probability, chunk):
    first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, x.shape[0])
    features = table.shape[1] - BLOCK
    state, words = np.empty((4, LANES), np.uint32), np.empty((4, LANES), np.uint32)
    seed_lanes(state, chunk, k0, k1)
    block, noise = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    undefined = np.empty(BLOCK, np.float32)
    bits = np.empty(BLOCK, np.uint32)
    power = bits.view(np.float32)
    for start in range(first, last, BLOCK):
        size, column = min(BLOCK, last - start), start % features
        copy(block[:size], x[start : start + size])
        gain, shift = table[0, column : column + BLOCK], table[1, column : column + BLOCK]
        low, high = table[2, column : column + BLOCK], table[3, column : column + BLOCK]
        for i in range(BLOCK):
            odds = shift[i] + gain[i] * block[i]
            # Limiting turns NaN into a number; adding this at the end restores it.
            undefined[i] = _ZERO if odds == odds else odds
            block[i] = _between(low[i], odds, high[i])
        if noisy:
            _normal_block(state, noise, words)
            scale = table[4, column : column + BLOCK]
            for i in range(BLOCK):
                block[i] += scale[i] * noise[i]
        _logistic_block(block, power, bits)
        for i in range(size):
            probability[start + i] = block[i] + undefined[i]
        _read_block(state, block, reads, words)
        for i in range(size):
            out[start + i] = block[i] + undefined[i]


@njit(**_options)
def _respond_serial(x, response, noisy, reads, k0, k1, out, probability):
    table = _periodic(response)
    for chunk in range((x.shape[0] + CHUNK - 1) // CHUNK):
        _respond_chunk(x, table, noisy, reads, k0, k1, out, probability, chunk)


@njit(parallel=True, **_options)
def _respond_parallel(x, response, noisy, reads, k0, k1, out, probability):
    table = _periodic(response)
    for chunk in prange((x.shape[0] + CHUNK - 1) // CHUNK):
        # The type of the serial loop: prange's own would compile everything again.
        _respond_chunk(x, table, noisy, reads, k0, k1, out, probability, int64(chunk))


@njit(**_options)
def _gradient(upstream, x, probability, response, out):
    table = _periodic(response)
    features = response.shape[1]
    for start in range(0, x.shape[0], BLOCK):
        size, column = min(BLOCK, x.shape[0] - start), start % features
        gain, shift = table[0, column : column + BLOCK], table[1, column : column + BLOCK]
        low, high = table[2, column : column + BLOCK], table[3, column : column + BLOCK]
        p, g = probability[start : start + size], upstream[start : start + size]
        inputs, result = x[start : start + size], out[start : start + size]
        for i in range(size):
            odds = shift[i] + gain[i] * inputs[i]
            here = p[i] * (_1 - p[i]) * gain[i]
            # Compared this way round, NaN stays NaN.
            here = _ZERO if odds < low[i] else here
            result[i] = g[i] * (_ZERO if odds > high[i] else here)


@njit(forceinline=True, **_options)
def _log_odds_row(p, odds, odds_bits, exponent):
    """Put ln(p/(1 - p)) into ``odds``, any finite number where p is 0 or 1."""
    for k in range(p.shape[0]):
        high = p[k] if p[k] > _TINY else _TINY
        low = _1 - p[k] if _1 - p[k] > _TINY else _TINY
        odds[k] = high / low
    for k in range(p.shape[0]):
        bits = odds_bits[k]
        exponent[k] = np.float32(int32(bits >> uint32(23)) - int32(127))
        odds_bits[k] = uint32(uint32(bits & uint32(0x007FFFFF)) | uint32(0x3F800000))
    for k in range(p.shape[0]):
        odds[k] = exponent[k] * _LN2 + _log_of_mantissa(odds[k])


@njit(forceinline=True, **_options)
def _move(sums, total):
    """Add sums in single precision to those in double precision, and begin new ones."""
    for i in range(sums.shape[0]):
        for k in range(sums.shape[1]):
            total[i, k] += sums[i, k]
            sums[i, k] = _ZERO


@njit(**_options)
def _gradients(upstream, x, probability, response, noisy, of_input, of_response):
    rows, features = response.shape
    gain, shift, low, high, scale = response[0], response[1], response[2], response[3], response[4]
    total, sums = np.zeros((rows, features), np.float64), np.zeros((rows, features), np.float32)
    of_gain, of_shift, of_low, of_high, of_noise = sums[0], sums[1], sums[2], sums[3], sums[4]
    spread, value = np.empty(features, np.float32), np.empty(features, np.float32)
    inside = np.empty(features, np.float32)
    odds, exponent = np.empty(features, np.float32), np.empty(features, np.float32)
    bits = odds.view(np.uint32)
    for row in range(x.shape[0]):
        g, p, inputs, out = upstream[row], probability[row], x[row], of_input[row]
        # Short loops, since loops over many arrays do not vectorise.
        for k in range(features):
            value[k] = shift[k] + gain[k] * inputs[k]
            spread[k] = p[k] * (_1 - p[k])
        for k in range(features):
            # Compared this way round, NaN stays NaN.
            here = _ZERO if value[k] < low[k] else spread[k]
            inside[k] = _ZERO if value[k] > high[k] else here
        for k in range(features):
            out[k] = g[k] * (inside[k] * gain[k])
        for k in range(features):
            of_shift[k] += g[k] * inside[k]
        for k in range(features):
            # Beyond the field range inputs may be infinite.
            of_gain[k] += _ZERO if inside[k] == _ZERO else g[k] * inside[k] * inputs[k]
        for k in range(features):
            of_low[k] += g[k] * spread[k] if value[k] < low[k] else _ZERO
        for k in range(features):
            of_high[k] += g[k] * spread[k] if value[k] > high[k] else _ZERO
        if noisy:
            # The sampled noise follows from its effect on P(high).
            _log_odds_row(p, odds, bits, exponent)
            for k in range(features):
                odds[k] -= _between(low[k], value[k], high[k])
            for k in range(features):
                of_noise[k] += g[k] * spread[k] * odds[k]
        if (row + 1) % SUMMED == 0:
            _move(sums, total)
    _move(sums, total)
    for k in range(features):
        total[4, k] = total[4, k] / scale[k] if scale[k] > _ZERO else _ZERO
    for i in range(rows):
        copy(of_response[i], total[i])


@njit(**_options)
def _read_serial(probability, reads, k0, k1, out):
    for chunk in range((out.shape[0] + CHUNK - 1) // CHUNK):
        _read_chunk(probability, reads, k0, k1, out, chunk)


@njit(parallel=True, **_options)
def _read_parallel(probability, reads, k0, k1, out):
    for chunk in prange((out.shape[0] + CHUNK - 1) // CHUNK):
        _read_chunk(probability, reads, k0, k1, out, int64(chunk))


@njit(**_options)
def _normal_serial(k0, k1, out):
    for chunk in range((out.shape[0] + CHUNK - 1) // CHUNK):
        _normal_chunk(k0, k1, out, chunk)


@cache
def start_threads() -> None:
    """Start Numba's threads, once, without changing PyTorch's number of threads.

    Numba's OpenMP layer sets the number for the whole process when it starts, which would change
    the rounding of PyTorch's sums during a training.
    """
    threads = torch.get_num_threads()
    numba.get_num_threads()
    torch.set_num_threads(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch on one thread, and this process's other users of it one at a time.

    Matrix products round differently on another number of threads; neurons do not.
    """
    with _ALONE:
        start_threads()
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


_ALONE = threading.RLock()
"""PyTorch's number of threads is global to the process."""


def fill_reads(probability: Floats, reads: int, key: int, out: Floats) -> None:
    """Fill ``out``, shape (n,), with the fraction of high reads from P(high), shape (n,).

    ``reads`` is 1 to 65,535; a 64-bit key decides the outcome.
    """
    fill = _read_serial
    if out.size >= PARALLEL_FROM:
        start_threads()
        fill = _read_parallel
    fill(probability, reads, *_words(key), out)


def fill_normal(key: int, out: Floats) -> None:
    """Fill ``out``, shape (n,), with standard normal numbers decided by a 64-bit key."""
    _normal_serial(*_words(key), out)


def fill_responses(
    x: Floats,
    response: Floats,
    noisy: bool,
    reads: int,
    key: int,
    out: Floats,
    probability: Floats,
) -> None:
    """Evaluate neurons: limited log-odds from the input, noise on them, P(high), reads.

    ``x`` are summed inputs, shape (n,), in rows of one per neuron; ``out`` and ``probability``
    receive read-outs and P(high).  Other arguments as in :func:`smtj.nn.reads.independent.respond`.
    """
    fill = _respond_serial
    if out.size >= PARALLEL_FROM:
        start_threads()
        fill = _respond_parallel
    fill(x, response, noisy, reads, *_words(key), out, probability)


def fill_gradient(
    upstream: Floats, x: Floats, probability: Floats, response: Floats, out: Floats
) -> None:
    """Fill ``out`` with the gradient of P(high) at the inputs times the upstream gradient."""
    _gradient(upstream, x, probability, response, out)


def fill_gradients(
    upstream: Floats,
    x: Floats,
    probability: Floats,
    response: Floats,
    noisy: bool,
    of_input: Floats,
    of_response: Floats,
) -> None:
    """Fill the gradients at the inputs and, summed over rows, at the response, shape (5, features).

    ``upstream`` (gradient at the read-outs), ``x`` and ``probability`` have shape (rows, features).
    """
    _gradients(upstream, x, probability, response, noisy, of_input, of_response)


def _words(key: int) -> tuple[np.uint32, np.uint32]:
    return np.uint32(key & 0xFFFFFFFF), np.uint32(key >> 32)

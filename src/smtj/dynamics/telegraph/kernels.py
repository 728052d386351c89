"""Compiled telegraph states at given times, the same for any number of threads.

Every device has its own random stream, seeded by Philox from (key, device index), so its history
depends neither on threads nor on other devices.
Devices run side by side in blocks.
A step takes one random word per device and flips the state if the word lies below a
threshold; flips of probability 0 never happen, all others are multiples of 2^-32.
"""

import math
from typing import Any, TypeAlias

import numpy as np
from numba import int32, int64, njit, prange, uint8, uint32
from numpy.typing import NDArray

from smtj.streams import next_word, seed_generator, uniform
from smtj.typing import Floats
from smtj.vectorised import LN2, LOG2E, ROUNDER, bits_of, float_of

BLOCK = 1024
"""Devices of a block at uniform spacing: its numbers fit the first cache."""
BLOCK_AT = 512
"""Devices of a block at any spacing, which needs twice as many numbers."""
PARALLEL_FROM = 2_000_000
"""Samples from which threads pay."""

BYTES = np.uint32(1) << (8 * np.arange(4, dtype=np.uint32))
"""The bit that each of four devices has in a word of bytes, the least significant first."""
BITS = np.uint32(1) << (np.arange(32, dtype=np.uint32) ^ np.uint32(7))
"""The bit that each of 32 devices has in a word packed like ``np.packbits``."""

_MAX_DECAY = 40.0
_SCALE, _BIAS = 2.0**32 - 1, 2.0**31
_E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9 = (1 / math.factorial(n) for n in range(2, 10))

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}
# Multiplication and addition in one instruction; its rounding is far below 2^-32.
_fused: dict[str, Any] = {**_options, "fastmath": {"contract"}}
Thresholds: TypeAlias = NDArray[np.int32]
States: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint32]


def thresholds(probability: Floats) -> Thresholds:
    """Return for each probability what a random word, read as a signed number, must lie below."""
    return (np.rint(probability * _SCALE) - _BIAS).astype(np.int32)


@njit(forceinline=True, **_options)
def _flip(a, b, c, d, high, low_threshold, change):
    """One step: the new state of the generator and, as a mask of 32 bits, of the device."""
    word, a, b, c, d = next_word(a, b, c, d)
    threshold = int32(uint32(low_threshold ^ uint32(change & high)))
    return a, b, c, d, uint32(high ^ uint32(-int32(int32(word) < threshold)))


@njit(**_options)
def _begin(generator, begin, device, k0, k1):
    """Seed the generator of a device and sample its initial state."""
    seed_generator(generator, device, k0, k1)
    return uint32(uniform(generator) < begin)


@njit(**_options)
def _copy(to, source):
    """Fill ``to`` with the beginning of ``source``; unlike slices, compiled to wide moves."""
    for i in range(to.shape[0]):
        to[i] = source[i]


@njit(**_options)
def _sample_block(leave_low, leave_high, begin, k0, k1, bits, out, block):
    """Fill the columns of one block.

    A word of the result holds the states of ``bits.size`` devices.  Lane i·q + j has the i-th
    device of word j, so that one bit serves all the lanes of an inner loop.  A lane without a
    device draws only zeros, which are not below its threshold, and stays low.
    """
    per_word, devices = bits.shape[0], leave_low.shape[0]
    first = block * BLOCK
    size, q = min(BLOCK, devices - first), BLOCK // per_word
    state = np.zeros((4, BLOCK), np.uint32)
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    low, change = np.zeros(BLOCK, np.uint32), np.zeros(BLOCK, np.uint32)
    high = np.zeros(BLOCK, np.uint32)
    generator = np.empty(4, np.uint32)
    for i in range(size):
        device, lane = first + i, i % per_word * q + i // per_word
        high[lane] = uint32(-int32(_begin(generator, begin[device], device, k0, k1)))
        for k in range(4):
            state[k, lane] = generator[k]
        low[lane] = uint32(leave_low[device])
        change[lane] = uint32(uint32(leave_low[device]) ^ uint32(leave_high[device]))
    words = (size + per_word - 1) // per_word
    if words > 8:
        # Whole vectors with idle lanes are faster than lane by lane.
        words = min((words + 31) // 32 * 32, q)
    rows = np.empty((4, q), np.uint32)
    r0, r1, r2, r3 = rows[0], rows[1], rows[2], rows[3]
    row_bytes = rows.view(np.uint8)
    per_byte = per_word // 4
    left, right = first // per_byte, (first + size + per_byte - 1) // per_byte
    for t in range(0, out.shape[0], 4):
        rows[:] = uint32(0)
        for i in range(min(per_word, size)):
            bit = bits[i]
            for j in range(words):
                lane = i * q + j
                a, b, c, d, h = s0[lane], s1[lane], s2[lane], s3[lane], high[lane]
                a, b, c, d, h = _flip(a, b, c, d, h, low[lane], change[lane])
                r0[j] |= uint32(h & bit)
                a, b, c, d, h = _flip(a, b, c, d, h, low[lane], change[lane])
                r1[j] |= uint32(h & bit)
                a, b, c, d, h = _flip(a, b, c, d, h, low[lane], change[lane])
                r2[j] |= uint32(h & bit)
                a, b, c, d, h = _flip(a, b, c, d, h, low[lane], change[lane])
                r3[j] |= uint32(h & bit)
                s0[lane], s1[lane], s2[lane], s3[lane], high[lane] = a, b, c, d, h
        for k in range(min(4, out.shape[0] - t)):
            _copy(out[t + k, left:right], row_bytes[k])


@njit(**_options)
def _sample_serial(leave_low, leave_high, begin, k0, k1, bits, out):
    for block in range((leave_low.shape[0] + BLOCK - 1) // BLOCK):
        _sample_block(leave_low, leave_high, begin, k0, k1, bits, out, block)


@njit(parallel=True, **_options)
def _sample_parallel(leave_low, leave_high, begin, k0, k1, bits, out):
    for block in prange((leave_low.shape[0] + BLOCK - 1) // BLOCK):
        # The type of the serial loop: prange's own would compile everything again.
        _sample_block(leave_low, leave_high, begin, k0, k1, bits, out, int64(block))


@njit(forceinline=True, **_fused)
def _decay(x):
    """1 - e^x for -40 ≤ x ≤ 0, to 1e-11: e^x = 2^n e^r with |r| ≤ ln(2)/2; vectorises."""
    rounded = x * LOG2E + ROUNDER
    r = x - (rounded - ROUNDER) * LN2
    # Estrin's order of the series, which leaves the processor more to do at a time than Horner's.
    r2 = r * r
    r4 = r2 * r2
    fourth = (_E4 + r * _E5) + r2 * (_E6 + r * _E7) + r4 * (_E8 + r * _E9)
    power = float_of(int64(int64(bits_of(rounded) + int64(1023)) << int64(52)))
    return 1.0 - power * ((1.0 + r) + r2 * (_E2 + r * _E3) + r4 * fourth)


@njit(**_fused)
def _sample_block_at(occupancy, rate, gaps, begin, k0, k1, out, block):
    """Fill the columns of one block; like :func:`_sample_block`, but a threshold for each step."""
    first = block * BLOCK_AT
    size = min(BLOCK_AT, rate.shape[0] - first)
    state, high = np.zeros((4, BLOCK_AT), np.uint32), np.zeros(BLOCK_AT, np.uint32)
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    speed, fraction = np.zeros(BLOCK_AT), np.zeros(BLOCK_AT)
    decay, threshold = np.empty(BLOCK_AT), np.empty(BLOCK_AT, np.int32)
    row = np.empty(BLOCK_AT, np.uint8)
    generator = np.empty(4, np.uint32)
    for i in range(size):
        device = first + i
        high[i] = _begin(generator, begin[device], device, k0, k1)
        for k in range(4):
            state[k, i] = generator[k]
        speed[i], fraction[i] = rate[device], occupancy[device]
    for t in range(out.shape[0]):
        gap = gaps[t]
        for i in range(BLOCK_AT):
            x = -gap * speed[i]
            decay[i] = _decay(x if x > -_MAX_DECAY else -_MAX_DECAY)
        for i in range(BLOCK_AT):
            # P(high) is the probability to flip from low, 1 - P(high) from high.
            flip = abs(float(int32(high[i])) - fraction[i]) * decay[i]
            threshold[i] = int32(bits_of(flip * _SCALE + (ROUNDER - _BIAS)))
        for i in range(BLOCK_AT):
            word, s0[i], s1[i], s2[i], s3[i] = next_word(s0[i], s1[i], s2[i], s3[i])
            high[i] ^= uint32(int32(word) < threshold[i])
        for i in range(BLOCK_AT):
            row[i] = uint8(high[i])
        _copy(out[t, first : first + size], row)


@njit(**_options)
def _sample_serial_at(occupancy, rate, gaps, begin, k0, k1, out):
    for block in range((rate.shape[0] + BLOCK_AT - 1) // BLOCK_AT):
        _sample_block_at(occupancy, rate, gaps, begin, k0, k1, out, block)


@njit(parallel=True, **_options)
def _sample_parallel_at(occupancy, rate, gaps, begin, k0, k1, out):
    for block in prange((rate.shape[0] + BLOCK_AT - 1) // BLOCK_AT):
        _sample_block_at(occupancy, rate, gaps, begin, k0, k1, out, int64(block))


def fill_samples(
    leave_low: Thresholds,
    leave_high: Thresholds,
    begin: Floats,
    key: Words,
    bits: Words,
    out: States,
) -> None:
    """Fill ``out`` with the states of devices after one step, after two, and so on.

    ``leave_low`` and ``leave_high`` are thresholds of the chance to be in the other state a step
    later, ``begin`` the chance to be high at the beginning, shape (devices,).  The two words of
    ``key`` and the number of a device decide its history.  ``bits``, ``BYTES`` or ``BITS``, says
    how states are put into words: ``out`` is (steps, devices) of bytes, or (steps, devices/8
    rounded up) of bits.
    """
    work = out.shape[0] * leave_low.size
    fill = _sample_serial if work < PARALLEL_FROM else _sample_parallel
    fill(leave_low, leave_high, begin, *key, bits, out)


def fill_samples_at(
    occupancy: Floats,
    rate: Floats,
    gaps: Floats,
    begin: Floats,
    key: Words,
    out: States,
) -> None:
    """Fill ``out``, shape (times, devices), with the states of devices after each gap of time.

    ``occupancy`` is P(high) in equilibrium, ``rate`` 1/τ_high + 1/τ_low in 1/s, shape (devices,);
    ``gaps`` are in s, the first from the beginning, shape (times,); the rest as in
    :func:`fill_samples`.
    """
    fill = _sample_serial_at if out.size < PARALLEL_FROM else _sample_parallel_at
    fill(occupancy, rate, gaps, begin, *key, out)

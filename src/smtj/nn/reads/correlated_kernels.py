"""Compiled repeated snapshots of telegraph devices, the same for any number of threads.

A read finds the device in the other state than the previous one with probability P (1 - e^-y) from
low and (1 - P)(1 - e^-y) from high, y being the interval over τ_r at the device's own field.  Every
read takes one random word and one comparison; 64 neurons are processed side by side, with the
chunks, streams and blocks of :mod:`smtj.nn.reads.kernels`.

Fresh neurons start in equilibrium, and rows are independent.  In a stream, the rows reach the same
devices in turn: a block of neurons is followed through all rows, and threads share the blocks.
"""

from typing import Any, TypeAlias

import numpy as np
from numba import int32, int64, njit, prange, uint32
from numpy.typing import NDArray

from smtj.nn.reads.kernels import (
    BLOCK,
    CHUNK,
    PARALLEL_FROM,
    Floats,
    _between,
    _words,
    copy,
    start_threads,
)
from smtj.streams import LANES, next_word, seed_lanes

UNKNOWN = 2
"""State of an unread device, which will be sampled from equilibrium."""

_UNKNOWN, _LOW = np.int32(UNKNOWN), np.int32(0)
_ZERO, _HALF, _1 = np.float32(0), np.float32(0.5), np.float32(1)
_LARGEST, _ROUNDER = np.float32(87), np.float32(1.5 * 2**23)
_LOG2E, _LN2 = np.float32(1 / np.log(2)), np.float32(np.log(2))
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(np.log(2) - 0.693359375)
_E2, _E3, _E4, _E5, _E6 = (np.float32(1 / x) for x in (2, 6, 24, 120, 720))
_SERIES = np.float32(0.1)
"""y below which 1 - e^-y is a series, to a float32's relative precision."""
_GRAIN = np.float32(2**30)
"""Probabilities are rounded to 2^-30."""

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}
States: TypeAlias = NDArray[np.uint8]


@njit(forceinline=True, **_options)
def _exponential_block(block, power, bits):
    """Replace x by e^x, x limited to ±87: 2^n e^r with |r| <= ln(2)/2."""
    for i in range(BLOCK):
        x = _between(-_LARGEST, block[i], _LARGEST)
        # Adding and subtracting 1.5 · 2^23 rounds to a whole number, and vectorises.
        whole = (x * _LOG2E + _ROUNDER) - _ROUNDER
        r = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
        bits[i] = uint32(uint32(int32(whole) + int32(127)) << uint32(23))
        block[i] = _1 + r * (_1 + r * (_E2 + r * (_E3 + r * (_E4 + r * (_E5 + r * _E6)))))
    for i in range(BLOCK):
        block[i] *= power[i]


@njit(forceinline=True, **_options)
def _chances_block(work, integers, power, bits):
    """Replace log-odds by P(high), and find the probabilities to leave low and high between reads.

    Rows of ``work`` are the log-odds, two for scratch, and those of :func:`_table`, in one array so
    that the compiler sees no overlap.  ``integers`` receives P and both probabilities times 2^30.
    """
    for i in range(BLOCK):
        size = abs(work[0, i])
        work[1, i] = -size
        # u = 2Δh, which is half the log-odds as long as |h| <= 1.
        u = _HALF * size
        u = u if u < work[4, i] else work[4, i]
        work[2, i] = work[3, i] + u * (_1 - u * work[5, i])
    _exponential_block(work[1], power, bits)
    _exponential_block(work[2], power, bits)
    for i in range(BLOCK):
        # cosh u = e^u (1 + e^-2u)/2
        small, least = work[1, i], work[6, i]
        work[2, i] *= _1 + (small if small > least else least)
        one = _1 / (_1 + small)
        other = small * one
        positive = work[0, i] > _ZERO
        work[1, i] = other if positive else one
        work[0, i] = one if positive else other
        work[3, i] = -work[2, i]
    _exponential_block(work[3], power, bits)
    for i in range(BLOCK):
        y = work[2, i]
        near = y * (_1 - y * (_E2 - y * (_E3 - y * _E4)))
        forgotten = _GRAIN * (near if y < _SERIES else _1 - work[3, i])
        integers[0, i] = int32(work[0, i] * _GRAIN + _HALF)
        integers[1, i] = int32(work[0, i] * forgotten + _HALF)
        integers[2, i] = int32(work[1, i] * forgotten + _HALF)


@njit(forceinline=True, **_options)
def _switch(now, word, leave_low, leave_high):
    """Return the state after a read, from a random word and the probabilities to leave a state."""
    chance = leave_high if now else leave_low
    return int32(now ^ int32(int32(word >> uint32(2)) < chance))


@njit(forceinline=True, **_options)
def _read_block(lanes, work, state, reads, integers, power, bits):
    """Replace log-odds by P(high) and initial by final states; count high reads."""
    _chances_block(work, integers, power, bits)
    begin, leave_low, leave_high, counts = integers[0], integers[1], integers[2], integers[3]
    s0, s1, s2, s3 = lanes[0], lanes[1], lanes[2], lanes[3]
    for i in range(BLOCK):
        # Unknown states are sampled as for a low device after infinite time.
        unknown = state[i] == _UNKNOWN
        counts[i] = begin[i] if unknown else leave_low[i]
        state[i] = _LOW if unknown else state[i]
    for half in range(0, BLOCK, LANES):
        for i in range(LANES):
            a, b, c, d, j = s0[i], s1[i], s2[i], s3[i], half + i
            word, s0[i], s1[i], s2[i], s3[i] = next_word(a, b, c, d)
            now = _switch(state[j], word, counts[j], leave_high[j])
            state[j] = now
            counts[j] = now
        # Two at a time, which halves the memory traffic of the lanes.
        for _ in range((reads - 1) // 2):
            for i in range(LANES):
                a, b, c, d, j = s0[i], s1[i], s2[i], s3[i], half + i
                low, high, now = leave_low[j], leave_high[j], state[j]
                word, a, b, c, d = next_word(a, b, c, d)
                now = _switch(now, word, low, high)
                once = now
                word, a, b, c, d = next_word(a, b, c, d)
                now = _switch(now, word, low, high)
                s0[i], s1[i], s2[i], s3[i], state[j] = a, b, c, d, now
                counts[j] = int32(counts[j] + int32(once + now))
        if reads % 2 == 0:
            for i in range(LANES):
                a, b, c, d, j = s0[i], s1[i], s2[i], s3[i], half + i
                word, s0[i], s1[i], s2[i], s3[i] = next_word(a, b, c, d)
                now = _switch(state[j], word, leave_low[j], leave_high[j])
                state[j] = now
                counts[j] = int32(counts[j] + now)


@njit(forceinline=True, **_options)
def _load_block(source, work, undefined):
    """Load log-odds, replacing NaN by 0 and marking it."""
    copy(work[0, : source.shape[0]], source)
    for i in range(BLOCK):
        odds = work[0, i]
        undefined[i] = _ZERO if odds == odds else odds
        limited = _between(-_LARGEST, odds, _LARGEST)
        work[0, i] = limited if odds == odds else _ZERO


@njit(forceinline=True, **_options)
def _store_block(work, counts, undefined, taken, out, probability):
    """Store P(high) and fractions of high reads."""
    for i in range(BLOCK):
        work[0, i] += undefined[i]
        work[1, i] = np.float32(counts[i]) / taken + undefined[i]
    copy(probability, work[0])
    copy(out, work[1])


@njit(**_options)
def _fresh_chunk(odds, table, reads, k0, k1, out, probability, chunk):
    first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, odds.shape[0])
    features, taken = table.shape[1] - BLOCK, np.float32(reads)
    # Created here, so that the compiler sees no overlap.
    lanes, bits = np.empty((4, LANES), np.uint32), np.empty(BLOCK, np.uint32)
    work, power = np.zeros((7, BLOCK), np.float32), bits.view(np.float32)
    state, integers = np.zeros(BLOCK, np.int32), np.empty((4, BLOCK), np.int32)
    undefined = np.zeros(BLOCK, np.float32)
    seed_lanes(lanes, chunk, k0, k1)
    for start in range(first, last, BLOCK):
        end, column = min(start + BLOCK, last), start % features
        _load_block(odds[start:end], work, undefined)
        state[:] = UNKNOWN
        for i in range(4):
            copy(work[3 + i], table[i, column : column + BLOCK])
        _read_block(lanes, work, state, reads, integers, power, bits)
        here, mean = out[start:end], probability[start:end]
        _store_block(work, integers[3], undefined, taken, here, mean)


@njit(**_options)
def _stream_block(odds, table, reads, k0, k1, known, out, probability, number):
    rows, features = odds.shape
    first, last = number * BLOCK, min((number + 1) * BLOCK, features)
    size, taken = last - first, np.float32(reads)
    # Created here, so that the compiler sees no overlap.
    lanes, bits = np.empty((4, LANES), np.uint32), np.empty(BLOCK, np.uint32)
    work, power = np.zeros((7, BLOCK), np.float32), bits.view(np.float32)
    state, integers = np.zeros(BLOCK, np.int32), np.empty((4, BLOCK), np.int32)
    undefined = np.zeros(BLOCK, np.float32)
    seed_lanes(lanes, number, k0, k1)
    for i in range(size):
        state[i] = known[first + i]
    for row in range(rows):
        _load_block(odds[row, first:last], work, undefined)
        for i in range(4):
            copy(work[3 + i], table[i, first : first + BLOCK])
        _read_block(lanes, work, state, reads, integers, power, bits)
        here, mean = out[row, first:last], probability[row, first:last]
        _store_block(work, integers[3], undefined, taken, here, mean)
    if rows:
        for i in range(size):
            known[first + i] = state[i]


@njit(**_options)
def _table(relaxation, log_interval):
    """Return ln(y/2) at H_s, 2Δ, 1/4Δ and e^-4Δ of every device.

    Rows continue past the last neuron, so that a block can start anywhere.
    """
    features = relaxation.shape[1]
    table = np.empty((4, features + BLOCK), np.float32)
    for column in range(features + BLOCK):
        k = column % features
        delta = relaxation[1, k]
        table[0, column] = log_interval + relaxation[0, k] - _LN2
        table[1, column] = np.float32(2) * delta
        # Without a barrier, the rate does not depend on the field.
        table[2, column] = _1 / (np.float32(4) * delta) if delta > _ZERO else _ZERO
        table[3, column] = np.exp(np.float32(-4) * delta)
    return table


@njit(**_options)
def _fresh_serial(odds, relaxation, log_interval, reads, k0, k1, out, probability):
    table = _table(relaxation, log_interval)
    for chunk in range((odds.shape[0] + CHUNK - 1) // CHUNK):
        _fresh_chunk(odds, table, reads, k0, k1, out, probability, chunk)


@njit(parallel=True, **_options)
def _fresh_parallel(odds, relaxation, log_interval, reads, k0, k1, out, probability):
    table = _table(relaxation, log_interval)
    for chunk in prange((odds.shape[0] + CHUNK - 1) // CHUNK):
        # The type of the serial loop: prange's own would compile everything again.
        _fresh_chunk(odds, table, reads, k0, k1, out, probability, int64(chunk))


@njit(**_options)
def _stream_serial(odds, relaxation, log_interval, reads, k0, k1, known, out, probability):
    table = _table(relaxation, log_interval)
    for number in range((odds.shape[1] + BLOCK - 1) // BLOCK):
        _stream_block(odds, table, reads, k0, k1, known, out, probability, number)


@njit(parallel=True, **_options)
def _stream_parallel(odds, relaxation, log_interval, reads, k0, k1, known, out, probability):
    table = _table(relaxation, log_interval)
    for number in prange((odds.shape[1] + BLOCK - 1) // BLOCK):
        _stream_block(odds, table, reads, k0, k1, known, out, probability, int64(number))


def fill_fresh(
    odds: Floats,
    relaxation: Floats,
    interval: float,
    reads: int,
    key: int,
    out: Floats,
    probability: Floats,
) -> None:
    """Read devices that start in equilibrium, ``reads`` times at an interval in s.

    ``odds`` are log-odds of P(high), shape (rows, features); ``relaxation`` holds ln(1/τ_r) at H_s
    and Δ, shape (2, features); a 64-bit key decides the outcome.  ``out`` and ``probability``
    receive the fractions of high reads and P(high), shape (rows, features).
    """
    flat, fraction, mean = odds.reshape(-1), out.reshape(-1), probability.reshape(-1)
    fill = _fresh_serial
    if odds.size >= PARALLEL_FROM:
        start_threads()
        fill = _fresh_parallel
    if odds.size:
        fill(flat, relaxation, np.float32(np.log(interval)), reads, *_words(key), fraction, mean)


def fill_stream(
    odds: Floats,
    relaxation: Floats,
    interval: float,
    reads: int,
    key: int,
    state: States,
    out: Floats,
    probability: Floats,
) -> None:
    """Read devices that rows reach in turn; other arguments as in :func:`fill_fresh`.

    ``state`` are initial states, 0, 1 or :data:`UNKNOWN`, shape (features,), replaced by the final
    ones.
    """
    fill = _stream_serial
    if odds.size >= PARALLEL_FROM:
        start_threads()
        fill = _stream_parallel
    if odds.size:
        log_interval = np.float32(np.log(interval))
        fill(odds, relaxation, log_interval, reads, *_words(key), state, out, probability)

"""Compiled counts over packed bits, the first bit in the highest place of the first byte."""

import math
from typing import Any

import numpy as np
from numba import njit, uint64

from smtj.streams import uniform

_options: dict[str, Any] = {"error_model": "numpy", "cache": True, "nogil": True}

REACH = 9
"""Farthest level of the walk that is counted."""
INNER = 4
"""Farthest level whose visits are counted cycle by cycle."""
VISITS = 6
"""0 to 4 visits in a cycle, and 5 or more."""
PATTERN = 16
"""Bits of the overlapping patterns."""
RUN = 9
"""Length of the templates."""


@njit(**_options)
def _bit(data, i):
    return (data[i >> 3] >> (7 - (i & 7))) & 1


@njit(**_options)
def walk(data, n, totals, levels, visits):
    """Follow the walk of ±1.

    ``totals`` takes ones, runs, the walk's largest and smallest value (0 included, the end not),
    its end and its cycles; ``levels`` visits of -9 to 9; ``visits``, shape (9, 6), in how many
    cycles each level from -4 to 4 is visited that often.
    """
    inner = np.zeros(2 * INNER + 1, np.int64)
    ones, runs, s, most, least, cycles = 0, 0, 0, 0, 0, 0
    before = 2
    for i in range(n):
        most, least = max(most, s), min(least, s)
        b = _bit(data, i)
        ones += b
        runs += b != before
        before = b
        s += 2 * b - 1
        if s == 0 or i == n - 1:
            if s != 0 and -REACH <= s <= REACH:
                levels[s + REACH] += 1
                if -INNER <= s <= INNER:
                    inner[s + INNER] += 1
            cycles += 1
            for k in range(2 * INNER + 1):
                visits[k, min(inner[k], VISITS - 1)] += 1
                inner[k] = 0
        elif -REACH <= s <= REACH:
            levels[s + REACH] += 1
            if -INNER <= s <= INNER:
                inner[s + INNER] += 1
    totals[0], totals[1], totals[2], totals[3] = ones, runs, most, least
    totals[4], totals[5] = s, cycles
    # The largest and smallest value with the end, for the walk from the front.
    totals[6], totals[7] = max(most, s), min(least, s)


@njit(**_options)
def ones_of_blocks(data, n, length, counts):
    """Count the ones of each whole block."""
    for k in range(n // length):
        found = 0
        for i in range(k * length, (k + 1) * length):
            found += _bit(data, i)
        counts[k] = found


@njit(**_options)
def longest_runs(data, n, length, histogram):
    """Count whole blocks by the length of their longest run of ones; the last bin takes more."""
    last = histogram.size - 1
    for k in range(n // length):
        longest, run = 0, 0
        for i in range(k * length, (k + 1) * length):
            run = run + 1 if _bit(data, i) else 0
            longest = max(longest, run)
        histogram[min(longest, last)] += 1


@njit(**_options)
def ranks(data, n, histogram):
    """Count 32 × 32 matrices, row by row, by their rank over GF(2), at places 0 to 32."""
    rows = np.zeros(32, np.uint32)
    for k in range(n // 1024):
        for r in range(32):
            start = k * 128 + 4 * r
            rows[r] = (
                (np.uint32(data[start]) << 24)
                | (np.uint32(data[start + 1]) << 16)
                | (np.uint32(data[start + 2]) << 8)
                | np.uint32(data[start + 3])
            )
        rank = 0
        for place in range(32):
            mask = np.uint32(1) << np.uint32(31 - place)
            pivot = -1
            for r in range(rank, 32):
                if rows[r] & mask:
                    pivot = r
                    break
            if pivot < 0:
                continue
            rows[pivot], rows[rank] = rows[rank], rows[pivot]
            for r in range(rank + 1, 32):
                if rows[r] & mask:
                    rows[r] ^= rows[rank]
            rank += 1
        histogram[rank] += 1


@njit(**_options)
def patterns(data, n, counts):
    """Count the overlapping patterns of 16 bits of a sequence closed to a ring."""
    mask = (1 << PATTERN) - 1
    value = 0
    for i in range(PATTERN - 1):
        value = (value << 1) | _bit(data, i)
    for i in range(n):
        j = i + PATTERN - 1
        value = ((value << 1) | _bit(data, j if j < n else j - n)) & mask
        counts[value] += 1


@njit(**_options)
def templates(data, n, which, blocks, counts):
    """Count each template without overlaps in each of equal blocks.

    ``which`` has the number of the template of each pattern of 9 bits, or -1; ``counts`` has the
    shape (blocks, templates).
    """
    length = n // blocks
    free = np.zeros(counts.shape[1], np.int64)
    for k in range(blocks):
        free[:] = 0
        value = 0
        start = k * length
        for i in range(length):
            value = ((value << 1) | _bit(data, start + i)) & ((1 << RUN) - 1)
            t = which[value]
            if t >= 0 and i >= RUN - 1 and i >= free[t]:
                counts[k, t] += 1
                free[t] = i + RUN
    return counts


@njit(**_options)
def overlapping_ones(data, n, length, histogram):
    """Count whole blocks by how often nine ones stand in a row, overlaps included."""
    last = histogram.size - 1
    for k in range(n // length):
        found, run = 0, 0
        for i in range(k * length, (k + 1) * length):
            run = run + 1 if _bit(data, i) else 0
            found += run >= RUN
        histogram[min(found, last)] += 1


@njit(**_options)
def log_distances(data, n, width, first):
    """Sum of log2 of the distance to the last equal block, over the blocks after the first ones.

    Returns the sum, the sum of squares and the number of blocks.
    """
    seen = np.zeros(1 << width, np.int64)
    total, squares = 0.0, 0.0
    whole = n // width
    for k in range(whole):
        value = 0
        for i in range(k * width, (k + 1) * width):
            value = (value << 1) | _bit(data, i)
        if k >= first:
            step = np.log2(k + 1 - seen[value])
            total += step
            squares += step * step
        seen[value] = k + 1
    return total, squares, whole - first


@njit(**_options)
def complexities(data, n, length, out):
    """The linear complexity of each whole block, by Berlekamp and Massey on words of 64 bits."""
    words = (length + 64) // 64 + 1
    c, b, t = np.zeros(words, np.uint64), np.zeros(words, np.uint64), np.zeros(words, np.uint64)
    seen = np.zeros(words, np.uint64)  # the sequence, the newest bit lowest
    for k in range(n // length):
        for w in range(words):
            c[w], b[w], seen[w] = uint64(0), uint64(0), uint64(0)
        c[0], b[0] = uint64(1), uint64(1)
        order, last = 0, -1
        for i in range(length):
            carry = uint64(_bit(data, k * length + i))
            used = order // 64 + 1
            wrong = uint64(0)
            for w in range(words):
                high = seen[w] >> uint64(63)
                seen[w] = (seen[w] << uint64(1)) | carry
                carry = high
                if w < used:
                    wrong ^= c[w] & seen[w]
            wrong ^= wrong >> uint64(32)
            wrong ^= wrong >> uint64(16)
            wrong ^= wrong >> uint64(8)
            wrong ^= wrong >> uint64(4)
            wrong ^= wrong >> uint64(2)
            wrong ^= wrong >> uint64(1)
            if wrong & uint64(1):
                for w in range(words):
                    t[w] = c[w]
                shift = i - last
                whole, part = shift // 64, uint64(shift % 64)
                for w in range(words - 1, whole - 1, -1):
                    moved = b[w - whole] << part
                    if part and w > whole:
                        moved |= b[w - whole - 1] >> (uint64(64) - part)
                    c[w] ^= moved
                if 2 * order <= i:
                    order, last = i + 1 - order, i
                    for w in range(words):
                        b[w] = t[w]
        out[k] = order


@njit(**_options)
def feedback(generator, odds, kept, gain, out):
    """Read a device whose drive is lowered by each 1 and raised by each 0."""
    # The controller starts from nothing: its first bits still settle.
    state, shift = 1 if uniform(generator) < 0.5 else 0, 0.0
    for i in range(out.size):
        p = 1.0 / (1.0 + math.exp(-(odds + shift)))
        state = 1 if uniform(generator) < p + kept * (state - p) else 0
        shift -= gain * (state - 0.5)
        out[i] = state

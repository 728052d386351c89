"""Compiled predictors and counts of SP 800-90B on bits, a byte each.

Each predictor returns how many of its guesses were right, and the longest run of these.
"""

from typing import Any

import numpy as np
from numba import njit

_options: dict[str, Any] = {"error_model": "numpy", "cache": True, "nogil": True}

DEPTH = 16
"""Bits of the longest pattern that predicts the next bit."""
MAX_ENTRIES = 100_000
MAX_DICTIONARY = 65_536
LAGS = 128
WINDOWS = (63, 255, 1023, 4095)


@njit(**_options)
def most_common_in_window(s):
    """Guess the most common bit in the last 63 to 4095, by the best window so far (6.3.7)."""
    widths = np.array([63, 255, 1023, 4095])
    ones, score = np.zeros(4, np.int64), np.zeros(4, np.int64)
    winner, right, run, longest = 0, 0, 0, 0
    for i in range(s.size):
        if i >= widths[0]:
            best = winner
            hit = False
            for j in range(4):
                if i >= widths[j]:
                    # Widths are odd, so no window is a tie.
                    guess = 1 if 2 * ones[j] > widths[j] else 0
                    if guess == s[i]:
                        hit |= j == best
                        score[j] += 1
                        if score[j] >= score[winner]:
                            winner = j
            if hit:
                right += 1
                run += 1
                longest = max(longest, run)
            else:
                run = 0
        for j in range(4):
            ones[j] += s[i]
            if i >= widths[j]:
                ones[j] -= s[i - widths[j]]
    return right, longest


@njit(**_options)
def lagged(s):
    """Guess the bit 1 to 128 places before, by the best lag so far (6.3.8)."""
    score = np.zeros(LAGS, np.int64)
    winner, right, run, longest = 0, 0, 0, 0
    for i in range(1, s.size):
        if s[i] == s[i - 1 - winner]:
            right += 1
            run += 1
            longest = max(longest, run)
        else:
            run = 0
        bit = s[i]
        best, most = winner, score[winner]
        for lag in range(min(i, LAGS)):
            score[lag] += s[i - 1 - lag] == bit
        # Of those that rose, the last to reach the highest score.
        most = score[winner]
        for lag in range(min(i, LAGS)):
            if s[i - 1 - lag] == bit and score[lag] >= most:
                best, most = lag, score[lag]
        winner = best
    return right, longest


@njit(**_options)
def by_markov_chains(s):
    """Guess by what followed the last 1 to 16 bits most often, the best length so far (6.3.9)."""
    counts = np.zeros((DEPTH, 1 << DEPTH, 2), np.int64)
    entries, score = np.zeros(DEPTH, np.int64), np.zeros(DEPTH, np.int64)
    value = 0
    for d in range(DEPTH):
        value = (value << 1) | s[d]
        counts[d, value, s[d + 1]] = 1
        entries[d] = 1
    winner, right, run, longest = 0, 0, 0, 0
    for i in range(2, s.size):
        best, value, known = winner, 0, True
        for d in range(min(DEPTH, i - 1)):
            value |= np.int64(s[i - d - 1]) << d
            zero, one = counts[d, value, 0], counts[d, value, 1]
            if known:
                known = zero > 0 or one > 0
            if known:
                guess = 0 if zero > one else 1
                if guess == s[i]:
                    score[d] += 1
                    if score[d] >= score[winner]:
                        winner = d
                    if d == best:
                        right += 1
                        run += 1
                        longest = max(longest, run)
                elif d == best:
                    run = 0
            if known and counts[d, value, s[i]] > 0:
                counts[d, value, s[i]] += 1
            elif entries[d] < MAX_ENTRIES:
                counts[d, value, s[i]] = 1
                entries[d] += 1
    return right, longest


@njit(**_options)
def by_dictionary(s):
    """Guess by the most frequent pattern of 1 to 16 bits in a dictionary that fills (6.3.10)."""
    counts = np.zeros((DEPTH, 1 << DEPTH, 2), np.int64)
    entries, value = 0, 0
    for j in range(DEPTH):
        value |= np.int64(s[DEPTH - j - 1]) << j
        counts[j, value, s[DEPTH]] = 1
        entries += 1
    right, run, longest = 0, 0, 0
    for i in range(DEPTH + 1, s.size):
        value = 0
        for j in range(DEPTH):
            value |= np.int64(s[i - j - 1]) << j
        guess, most = 2, 0
        for j in range(DEPTH - 1, -1, -1):
            value &= (1 << (j + 1)) - 1
            zero, one = counts[j, value, 0], counts[j, value, 1]
            if zero > 0 or one > 0:
                if max(zero, one) > most:
                    most, guess = max(zero, one), (0 if zero > one else 1)
                counts[j, value, s[i]] += 1
            elif entries < MAX_DICTIONARY:
                counts[j, value, s[i]] = 1
                entries += 1
        if guess == s[i]:
            right += 1
            run += 1
            longest = max(longest, run)
        else:
            run = 0
    return right, longest


@njit(**_options)
def collisions(s):
    """Count the waits of two and of three bits until one value has come twice (6.3.2)."""
    two, three, i = 0, 0, 0
    while i + 1 < s.size:
        if s[i] == s[i + 1]:
            two += 1
            i += 2
        elif i + 2 < s.size:
            three += 1
            i += 3
        else:
            break
    return two, three


@njit(**_options)
def common_prefixes(s, order):
    """Lengths of the common prefixes of neighbours in a suffix array (Kasai et al. 2001)."""
    n = s.size
    place = np.empty(n, np.int64)
    for k in range(n):
        place[order[k]] = k
    lengths = np.zeros(n + 1, np.int64)
    h = 0
    for i in range(n):
        if place[i] > 0:
            j = order[place[i] - 1]
            while i + h < n and j + h < n and s[i + h] == s[j + h]:
                h += 1
            lengths[place[i]] = h
            if h > 0:
                h -= 1
        else:
            h = 0
    return lengths


@njit(**_options)
def repeats(lengths, most, pairs):
    """Of substrings of each length: the most occurrences of one, and equal pairs of all.

    ``lengths`` are those of common prefixes, with 0 at both ends; every interval of them is a
    substring that cannot be extended without losing an occurrence.
    """
    starts, heights = np.empty(lengths.size, np.int64), np.empty(lengths.size, np.int64)
    depth = 0
    for k in range(1, lengths.size):
        start = k - 1
        while depth > 0 and heights[depth - 1] > lengths[k]:
            depth -= 1
            height, start = heights[depth], starts[depth]
            count = k - start
            outer = lengths[k]
            if depth > 0:
                outer = max(outer, heights[depth - 1])
            most[height] = max(most[height], count)
            pairs[outer + 1] += count * (count - 1) // 2
            pairs[height + 1] -= count * (count - 1) // 2
        if lengths[k] > 0 and (depth == 0 or heights[depth - 1] < lengths[k]):
            starts[depth], heights[depth] = start, lengths[k]
            depth += 1
    for t in range(1, most.size):
        pairs[t] += pairs[t - 1]
    for t in range(most.size - 2, 0, -1):
        most[t] = max(most[t], most[t + 1])

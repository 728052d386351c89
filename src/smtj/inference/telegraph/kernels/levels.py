"""Compiled forward-backward recursion of a chain of a few levels, from reading to reading."""

from typing import Any

import numpy as np
from numba import njit

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(**_options)
def level_sums(alone, between, moves, pairs, settled):
    """Return the log-likelihood; fill expected pairs of levels and the chances of each reading.

    Parameters
    ----------
    alone
        Densities of the readings if one level alone is seen, (readings, levels).
    between
        Densities if the level changes within the window, by the levels before and after it,
        (readings, levels, levels); without readings if these are instantaneous.
    moves
        Chances of going from a level to another from reading to reading, (levels, levels).
    pairs
        Where Σ P(level before, level after | all readings) goes, (levels, levels).
    settled
        Where P(level after, and it alone is seen | all readings) goes, (readings, levels).
    """
    n, m = alone.shape
    blurred = between.shape[0] > 0
    ahead, norms = np.empty((n, m)), np.empty(n)
    total = 0.0
    for i in range(n):
        norm = 0.0
        for b in range(m):
            value = 0.0
            for a in range(m):
                if i == 0:
                    value += alone[0, b] / m if a == b else 0.0
                else:
                    seen = between[i, a, b] if blurred and a != b else alone[i, b]
                    value += ahead[i - 1, a] * moves[a, b] * seen
            ahead[i, b] = value
            norm += value
        for b in range(m):
            ahead[i, b] /= norm
        norms[i] = norm
        total += np.log(norm)
    future, before = np.ones(m), np.empty(m)
    pairs[:] = 0.0
    for i in range(n - 1, 0, -1):
        settled[i] = 0.0
        for a in range(m):
            before[a] = 0.0
            for b in range(m):
                seen = between[i, a, b] if blurred and a != b else alone[i, b]
                behind = moves[a, b] * seen * future[b] / norms[i]
                chance = ahead[i - 1, a] * behind
                pairs[a, b] += chance
                before[a] += behind
                if a == b or not blurred:
                    settled[i, b] += chance
        future[:] = before
    for b in range(m):
        settled[0, b] = ahead[0, b] * future[b]
    return total

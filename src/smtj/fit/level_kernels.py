"""Compiled forward-backward recursion of a chain of a few levels, from reading to reading."""

from typing import Any

import numpy as np
from numba import njit

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(**_options)
def level_sums(densities, chances, moves, pairs, posterior):
    """Return the log-likelihood; fill expected pairs of levels and the chances of each reading.

    Parameters
    ----------
    densities
        Of the readings in each level, (readings, levels).
    chances, moves
        Of the levels at the first reading, (levels,), and from one to the next, (levels, levels).
    pairs
        Where Σ P(level now, level next | all readings) goes, (levels, levels).
    posterior
        Where P(level | all readings) goes, (readings, levels).
    """
    n, m = densities.shape
    norms = np.empty(n)
    now = chances.copy()
    total = 0.0
    for i in range(n):
        norm = 0.0
        for b in range(m):
            value = 0.0
            if i == 0:
                value = now[b]
            else:
                for a in range(m):
                    value += posterior[i - 1, a] * moves[a, b]
            value *= densities[i, b]
            posterior[i, b] = value
            norm += value
        for b in range(m):
            posterior[i, b] /= norm
        norms[i] = norm
        total += np.log(norm)
    future, before = np.ones(m), np.empty(m)
    pairs[:] = 0.0
    for i in range(n - 1, 0, -1):
        for b in range(m):
            future[b] *= densities[i, b] / norms[i]
        for a in range(m):
            before[a] = 0.0
            for b in range(m):
                ahead = moves[a, b] * future[b]
                pairs[a, b] += posterior[i - 1, a] * ahead
                before[a] += ahead
        for b in range(m):
            future[b] = before[b]
            posterior[i - 1, b] *= before[b]
    return total

"""Compiled recursions along a chain of states: readings with white noise, and the ways back.

Metastates are those of :mod:`~smtj.inference.telegraph.kernels.switching`.
"""

from typing import Any

import numpy as np
from numba import njit

_options: dict[str, Any] = {
    "error_model": "numpy",
    "cache": True,
    "nogil": True,
    "fastmath": {"contract", "reassoc", "arcp", "nsz", "afn"},
}

NEGLIGIBLE = 1e-13
"""Chance of a path below which it is left out; an outlier raises none by more than 1e6."""


@njit(**_options)
def white_filter(densities, kinds, atoms, spread, rows, weight, gains):
    """Filter a stretch of readings with white noise and without a pole.

    As the switching filter, but ``densities`` holds those of each reading: a row for each state,
    then one for each part of the averages that end in j from ``rows[j]`` on, (rows, n).
    ``gains`` are filled with likelihoods: NumPy takes all their logarithms at once, faster.
    """
    count, parts = weight.shape[0], spread.shape[3] if densities.shape[0] > weight.shape[0] else 0
    new = np.empty(count)
    before = 1.0
    for t in range(densities.shape[1]):
        c = kinds[t]
        total = 0.0
        for j in range(count):
            chance = 0.0
            for i in range(count):
                chance += weight[i] * atoms[c, i, j]
            value = chance * densities[j, t]
            for n in range(parts):
                chance = 0.0
                for i in range(count):
                    chance += weight[i] * spread[c, i, j, n]
                value += chance * densities[rows[j] + n, t]
            new[j] = value
            total += value
        gains[t] = total / before
        # A division less on the way from reading to reading.
        share, before = (1.0, total) if t % 8 else (1 / total, 1.0)
        for j in range(count):
            weight[j] = new[j] * share
    for j in range(count):
        weight[j] /= before


@njit(**_options)
def instant_filter(densities, kinds, atoms, weight, gains, steps):
    """As :func:`white_filter` for instantaneous readings, and keep what leads back in ``steps``."""
    count = weight.shape[0]
    new = np.empty(count)
    for t in range(densities.shape[1]):
        total = 0.0
        for j in range(count):
            new[j] = 0.0
            for i in range(count):
                chance = weight[i] * atoms[kinds[t], i, j]
                own = 0.0 if chance < NEGLIGIBLE else chance * densities[j, t]
                steps[t, j, i] = own
                new[j] += own
            total += new[j]
        gains[t] = total
        share = 1 / total
        for j in range(count):
            weight[j] = new[j] * share
            for i in range(count):
                steps[t, j, i] *= share


@njit(**_options)
def smooth(steps, xs, inliers, count, after, high, response, inlier):
    """Go back over a filtered stretch (Kim's smoother).

    ``after`` holds the chances of the metastates at its last reading, and then of those before its
    first.  Filled for each reading: the chances of the states but the lowest, the response, and the
    chance that it is no outlier.
    """
    size = steps.shape[1]
    stride = size // count
    before = np.empty(size)
    for t in range(steps.shape[0] - 1, -1, -1):
        for j in range(1, count):
            high[t, j - 1] = 0.0
        x, good = 0.0, 0.0
        before[:] = 0.0
        for q in range(size):
            chance = after[q]
            if chance <= 0:
                continue
            if q % count > 0:
                high[t, q % count - 1] += chance
            x += chance * xs[t, q]
            good += chance * inliers[t, q]
            total = 0.0
            for o in range(count):
                total += steps[t, q, o]
            for o in range(count):
                before[q // count + o * stride] += chance * steps[t, q, o] / total
        response[t], inlier[t] = x, good
        for q in range(size):
            after[q] = before[q]


@njit(**_options)
def best_forward(steps, filtered, best, came):
    """Viterbi's recursion over a filtered stretch.

    ``filtered`` are the chances of the metastates before it, then after it; ``best`` the logarithms
    of the best path to each, and ``came`` is filled with the best predecessors.
    """
    size, count = steps.shape[1], steps.shape[2]
    stride = size // count
    new, total = np.empty(size), np.empty(size)
    for t in range(steps.shape[0]):
        top = -np.inf
        for q in range(size):
            new[q], total[q] = -np.inf, 0.0
            for o in range(count):
                r = q // count + o * stride
                joint = steps[t, q, o]
                total[q] += joint
                if joint > 0 and filtered[r] > 0:
                    value = best[r] + np.log(joint / filtered[r])
                    if value > new[q]:
                        new[q] = value
                        came[t, q] = o
            top = max(top, new[q])
        for q in range(size):
            best[q] = new[q] - top
            filtered[q] = total[q]


@njit(**_options)
def best_backward(came, count, last, states):
    """Fill the states of the best path that ends in metastate ``last``; returns where it began."""
    size = came.shape[1]
    q = last
    for t in range(came.shape[0] - 1, -1, -1):
        states[t] = q % count
        q = q // count + came[t, q] * (size // count)
    return q


@njit(**_options)
def sample_backward(steps, count, last, uniform, states):
    """Fill states sampled given the metastate ``last`` at the end; returns the one before."""
    size = steps.shape[1]
    q = last
    for t in range(steps.shape[0] - 1, -1, -1):
        states[t] = q % count
        total = 0.0
        for o in range(count):
            total += steps[t, q, o]
        left, chosen = uniform[t] * total, 0
        for o in range(count):
            left -= steps[t, q, o]
            chosen = o
            if left <= 0:
                break
        q = q // count + chosen * (size // count)
    return q

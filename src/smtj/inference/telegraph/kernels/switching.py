"""Compiled switching filter: a chain of states seen through a slow, noisy readout.

A reading is z_t = x_t + n_t.  The response x_t relaxes towards the level of the state (or averages
it over the interval), n_t is autoregressive noise whose innovation has a scale and a skewness for
each state.  The filter carries metastates, the last ``m`` states in base K with the newest as the
last digit; in each it keeps mean and variance of x_t and the last noise values, and merges those
that differ only in what it forgets (a generalised pseudo-Bayesian filter of order m).

From one reading to the next each metastate has K predecessors, and each of these branches one or
several parts of its chance.  All parts are lanes of arrays, on which the compiler vectorises: a
branch's first part has the branch's own lane, o M + q for predecessor o of metastate q.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from smtj.vectorised import exp

_options: dict[str, Any] = {
    "error_model": "numpy",
    "cache": True,
    "nogil": True,
    "fastmath": {"contract", "reassoc", "arcp", "nsz", "afn"},
}

SMALLEST_TAIL = 1e-4
"""1/ν below which the noise is Gaussian."""
LAW, WORK, MERGED = 8, 10, 4
"""Rows of the lanes' law and of what is worked out in them, and of a metastate's."""


@njit(**_options)
def _lay_out(
    atoms, spread, means, variances, decay, levels, scales, skews, shift, cell, law, source, target
):  # fmt: skip
    """Fill the lanes for a kind of interval; returns their number.

    ``law``: chance, drive of the response and its variance, variance of an innovation, what
    stretches it above and below its mode, the mode's distance from the mean, and the reading's from
    its place in the ``cell`` of what is rounded to it.  ``source`` and
    ``target``: the metastate before, and the branch.
    """
    count, parts = levels.shape[0], spread.shape[2]
    places = cell.shape[0]
    width = source.shape[0] // ((1 + parts) * places)
    size = width // count
    lanes = width
    for branch in range(width):
        o, q = branch // size, branch % size
        before = q // count + o * (size // count)
        i, j = before % count, q % count
        lane = branch
        for n in range(-1, parts):
            chance = atoms[i, j] if n < 0 else spread[i, j, n]
            # A branch without any chance keeps its lane.
            if chance == 0 and not (lane == branch and n == parts - 1):
                continue
            for place in range(places):
                source[lane], target[lane] = before, branch
                law[0, lane] = chance / places
                law[1, lane] = (1 - decay) * (levels[j] if n < 0 else means[i, j, n])
                law[2, lane] = 0.0 if n < 0 else (1 - decay) ** 2 * variances[i, j, n]
                law[3, lane] = scales[j] ** 2
                law[4, lane], law[5, lane] = 1 / (1 + skews[j]), 1 / (1 - skews[j])
                law[6, lane], law[7, lane] = 2 * shift * skews[j], cell[place]
                lanes += lane != branch
                lane = lanes
    return lanes


@njit(forceinline=True, **_options)
def _update(reading, a, h, lanes, law, tail, fraction, floor, work):
    """See a reading in each lane.

    ``work`` holds the reading less the noise foreseen, what the response keeps and the variance of
    that; then likelihood and its products with the chance to be no outlier, mean and variance of
    the response, and the place in the cell.
    """
    kappa, _, norm = tail
    norm *= 1 - fraction
    for n in range(lanes):
        e = work[0, n] + law[7, n] - work[1, n] - law[1, n]
        inverse = 1 / math.sqrt(law[3, n] + h * h * work[2, n] + law[2, n])
        u = e * inverse + law[6, n]
        v = u * (law[4, n] if u > 0 else law[5, n])
        work[0, n], work[3, n], work[4, n], work[5, n] = e, inverse, -0.5 * v * v, 1.0
    if kappa >= SMALLEST_TAIL:
        for n in range(lanes):
            robust = 1 / (1 - 2 * kappa * work[4, n])
            work[4, n] = 0.5 * (1 / kappa + 1) * np.log(robust)
            work[5, n] = min((1 + kappa) * robust, 1.0)
    for n in range(lanes):
        e, inverse, before, extra = work[0, n], work[3, n], work[2, n], law[2, n]
        density = norm * inverse * exp(work[4, n])
        likely = density + floor
        good = density / likely
        likely *= law[0, n]
        shared = a * h * before + extra
        pull = good * work[5, n] * shared * inverse * inverse
        work[0, n] = likely
        work[3, n] = likely * (a * a * before + extra - pull * shared)
        work[2, n] = likely * (work[1, n] + law[1, n] + pull * e)
        work[1, n] = likely * good
        work[4, n] = likely * law[7, n]


@njit(forceinline=True, **_options)
def _merge(reading, count, order, lanes, source, target, work, old, new, merged):
    """Merge parts to branches, and branches to metastates; returns the likelihood of the reading.

    ``work`` holds what :func:`_update` left and the noise foreseen and the chance of the metastate
    before; then the chance of each branch.  ``new`` are the sums over branches of the noise, and
    ``merged`` of the chance, and its mean chance to be no outlier, response and variance.
    """
    size = merged.shape[1]
    width = size * count
    for n in range(width, lanes):
        for row in range(5):
            work[row, target[n]] += work[row, n]
    for n in range(width):
        likely = work[0, n]
        share = 1 / likely if likely > 0 else 0.0
        foreseen, mean, good = work[6, n], work[2, n] * share, work[1, n] * share
        seen = reading + work[4, n] * share
        work[0, n] = likely * work[7, n]
        work[1, n], work[2, n] = good, mean
        work[3, n] *= share
        work[4, n] = foreseen + good * (seen - mean - foreseen)
    merged[:] = 0.0
    for o in range(count):
        for q in range(size):
            chance = work[0, o * size + q]
            merged[0, q] += chance
            merged[1, q] += chance * work[1, o * size + q]
            merged[2, q] += chance * work[2, o * size + q]
    total = 0.0
    for q in range(size):
        total += merged[0, q]
        share = 1 / merged[0, q] if merged[0, q] > 0 else 0.0
        merged[1, q] *= share
        merged[2, q] *= share
    for o in range(count):
        for q in range(size):
            off = work[2, o * size + q] - merged[2, q]
            merged[3, q] += work[0, o * size + q] * (work[3, o * size + q] + off * off)
    new[:] = 0.0
    for k in range(order):
        for o in range(count):
            for q in range(size):
                n = o * size + q
                new[k, q] += work[0, n] * (work[4, n] if k == 0 else old[k - 1, source[n]])
    return total


@njit(**_options)
def switching_filter(
    z, kinds, atoms, spread, means, variances, decay, fresh, levels, scales, skews,
    tail, outliers, phi, stationary, cell, weight, x, p, noise, gains, steps, xs, inliers,
):  # fmt: skip
    """Filter a stretch of readings; fill the log-likelihood gained at each.

    Parameters
    ----------
    z, kinds
        Readings less baseline, and the kind of the interval before each, (n,).
    atoms
        For each kind and pair of states: chance of the pair while the response sees the new state
        alone, (kinds, K, K).
    spread, means, variances
        The rest of its chance, in parts, and mean and variance of the driving level in each;
        (kinds, K, K, parts).
    decay, fresh
        For each kind: what the response keeps, and whether the memory of the noise is lost.
    levels, scales, skews
        For each state.
    tail
        1/ν, mean of |t|, normalisation.
    outliers
        Fraction of outliers and its product with their density.
    phi, stationary
        Autoregression of the noise, and its standard deviation over that of an innovation.
    cell
        What may have been rounded to 0, evenly.
    weight, x, p, noise
        Metastates before the first reading, and then after the last: (M,), (M,), (M,), (M, order).
    gains
        Filled, (n,).
    steps, xs, inliers
        Filled unless empty: chance of each predecessor and metastate, response, weight of the
        reading; (n, M, K), (n, M), (n, M).
    """
    count, size, order = levels.shape[0], weight.shape[0], phi.shape[0]
    most = size * count * (1 + spread.shape[3]) * cell.shape[0]
    source, target = np.zeros(most, np.int64), np.zeros(most, np.int64)
    law, work = np.zeros((LAW, most)), np.zeros((WORK, most))
    merged, foreseen = np.zeros((MERGED, size)), np.zeros(size)
    old, new = np.zeros((max(order, 1), size)), np.zeros((max(order, 1), size))
    for q in range(size):
        for k in range(order):
            old[k, q] = noise[q, k]
    kind, lanes = -1, 0
    for t in range(z.shape[0]):
        c, reading = kinds[t], z[t]
        a, lost = decay[c], fresh[c]
        if c != kind:
            kind = c
            lanes = _lay_out(
                atoms[c], spread[c], means[c], variances[c], a, levels,
                scales * (stationary if lost else 1.0), skews, tail[1], cell, law, source, target,
            )  # fmt: skip
        foreseen[:] = 0.0
        if lost:
            old[:] = 0.0
        for k in range(order):
            for q in range(size):
                foreseen[q] += phi[k] * old[k, q]
        for n in range(lanes):
            r = source[n]
            work[0, n], work[1, n], work[2, n] = reading - foreseen[r], a * x[r], p[r]
            work[6, n], work[7, n] = foreseen[r], weight[r]
        h = a if lost or order == 0 else a - phi[0]
        _update(reading, a, h, lanes, law, tail, outliers[0], outliers[1], work)
        total = _merge(reading, count, order, lanes, source, target, work, old, new, merged)
        gains[t] = np.log(total)
        share = 1 / total
        for q in range(size):
            likely = merged[0, q]
            inverse = 1 / likely if likely > 0 else 0.0
            weight[q], p[q] = likely * share, merged[3, q] * inverse
            x[q] = merged[2, q] if likely > 0 else levels[q % count]
            for k in range(order):
                old[k, q] = new[k, q] * inverse
        if steps.shape[0] > 0:
            for q in range(size):
                xs[t, q] = x[q]
                inliers[t, q] = merged[1, q] if merged[0, q] > 0 else 1.0
                for o in range(count):
                    steps[t, q, o] = work[0, o * size + q] * share
    for q in range(size):
        for k in range(order):
            noise[q, k] = old[k, q]

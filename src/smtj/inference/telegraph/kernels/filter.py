"""Compiled recursions of a switching filter: a chain of states seen through a slow, noisy readout.

A reading is z_t = x_t + n_t.  The response x_t relaxes towards the level of the state (or averages
it over the interval), n_t is autoregressive noise whose innovation has a scale and a skewness for
each state.  The filter carries metastates, the last ``m`` states in base K with the newest as the
last digit; in each it keeps mean and variance of x_t and the last noise values, and merges those
that differ only in what it forgets (a generalised pseudo-Bayesian filter of order m).
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

SMALLEST_TAIL = 1e-4
"""1/ν below which the noise is Gaussian."""
NEGLIGIBLE = 1e-13
"""Chance of a path below which it is left out; an outlier raises none by more than 1e6."""


@njit(forceinline=True, **_options)
def _density(e, scale, skew, kappa, shift, norm):
    """Two-piece Student density of mean 0, and the weight of the reading in an update."""
    u = e / scale + 2 * skew * shift
    v = u / (1 + skew) if u > 0 else u / (1 - skew)
    if kappa < SMALLEST_TAIL:
        return norm * np.exp(-0.5 * v * v) / scale, 1.0
    w = 1 / (1 + kappa * v * v)
    return norm * np.exp(0.5 * (1 / kappa + 1) * np.log(w)) / scale, min((1 + kappa) * w, 1.0)


@njit(**_options)
def switching_filter(
    z, kinds, atoms, spread, means, variances, decay, fresh, levels, scales, skews,
    tail, outliers, phi, stationary, weight, x, p, noise, gains, steps, xs, inliers,
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
    weight, x, p, noise
        Metastates before the first reading, and then after the last: (M,), (M,), (M,), (M, order).
    gains
        Filled, (n,).
    steps, xs, inliers
        Filled unless empty: chance of each predecessor and metastate, response, weight of the
        reading; (n, M, K), (n, M), (n, M).
    """
    count, size, order = levels.shape[0], weight.shape[0], phi.shape[0]
    stride = size // count
    kappa, shift, norm = tail
    fraction, floor = outliers
    keep = steps.shape[0] > 0
    new_w, new_x, new_p = np.empty(size), np.empty(size), np.empty(size)
    new_n, ahead = np.empty((size, max(order, 1))), np.empty(size)
    branch, branch_x = np.empty(count), np.empty(count)
    branch_p, branch_n, branch_in = np.empty(count), np.empty(count), np.empty(count)
    first_phi = phi[0] if order > 0 else 0.0
    for t in range(z.shape[0]):
        c = kinds[t]
        a, lost = decay[c], fresh[c]
        for q in range(size):
            value = 0.0
            if not lost:
                for k in range(order):
                    value += phi[k] * noise[q, k]
            ahead[q] = value
        total = 0.0
        for q in range(size):
            j = q % count
            base = q // count
            scale0 = scales[j] * stationary if lost else scales[j]
            likely = 0.0
            for o in range(count):
                r = base + o * stride
                i = r % count
                w = weight[r]
                before = p[r]
                h = a if lost else a - first_phi
                own = h * h * before
                got, got_x, got_p, got_in = 0.0, 0.0, 0.0, 0.0
                for part in range(-1, spread.shape[3]):
                    chance = atoms[c, i, j] if part < 0 else spread[c, i, j, part]
                    if chance * w < NEGLIGIBLE:
                        continue
                    drive = levels[j] if part < 0 else means[c, i, j, part]
                    extra = 0.0 if part < 0 else (1 - a) * (1 - a) * variances[c, i, j, part]
                    guess = a * x[r] + (1 - a) * drive
                    e = z[t] - guess - ahead[r]
                    var = own + extra
                    scale = scale0 if var == 0 else np.sqrt(scale0 * scale0 + var)
                    density, robust = _density(e, scale, skews[j], kappa, shift, norm)
                    density *= 1 - fraction
                    good = density / (density + floor)
                    f = chance * (density + floor)
                    pull = (a * h * before + extra) / (scale * scale)
                    got += f
                    got_x += f * (guess + good * robust * pull * e)
                    got_in += f * good
                    got_p += f * (
                        a * a * before + extra - good * robust * pull * pull * scale * scale
                    )
                branch[o] = w * got
                if got > 0:
                    branch_x[o], branch_p[o] = got_x / got, got_p / got
                    branch_in[o] = got_in / got
                    n = z[t] - branch_x[o]
                    branch_n[o] = ahead[r] + branch_in[o] * (n - ahead[r])
                else:
                    branch_x[o], branch_p[o], branch_in[o], branch_n[o] = levels[j], 0.0, 1.0, 0.0
                likely += branch[o]
            new_w[q] = likely
            total += likely
            if likely > 0:
                mean, good = 0.0, 0.0
                for o in range(count):
                    branch[o] /= likely
                    mean += branch[o] * branch_x[o]
                    good += branch[o] * branch_in[o]
                var = 0.0
                for o in range(count):
                    var += branch[o] * (branch_p[o] + (branch_x[o] - mean) ** 2)
                new_x[q], new_p[q] = mean, var
                for k in range(order):
                    value = 0.0
                    for o in range(count):
                        r = base + o * stride
                        value += branch[o] * (
                            branch_n[o] if k == 0 else (0.0 if lost else noise[r, k - 1])
                        )
                    new_n[q, k] = value
            else:
                new_x[q], new_p[q], good = levels[j], 0.0, 1.0
                for k in range(order):
                    new_n[q, k] = 0.0
            if keep:
                xs[t, q] = new_x[q]
                inliers[t, q] = good
                for o in range(count):
                    steps[t, q, o] = branch[o] * likely
        gains[t] = np.log(total)
        for q in range(size):
            weight[q], x[q], p[q] = new_w[q] / total, new_x[q], new_p[q]
            for k in range(order):
                noise[q, k] = new_n[q, k]
        if keep:
            for q in range(size):
                for o in range(count):
                    steps[t, q, o] /= total


@njit(**_options)
def white_filter(densities, kinds, atoms, spread, rows, weight, gains):
    """Filter a stretch of readings with white noise and without a pole.

    As :func:`switching_filter`, but ``densities`` holds those of each reading: a row for each
    state, then one for each part of the averages that end in j from ``rows[j]`` on, (rows, n).
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

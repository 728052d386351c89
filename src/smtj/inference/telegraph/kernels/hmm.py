"""Compiled recursions over a telegraph trace: the two-state chain and instantaneous readings.

Everything rests on a matrix a reading, M_i(a, b) = p(reading i, state b after it | state a after
the one before); state 0 is low, 1 is high.  ``instant_steps`` and, for readings that average over a
window, :mod:`smtj.inference.telegraph.kernels.window` fill these matrices for a stretch of the
trace; the forward and backward recursions, the most probable path and a random path are the same
for both.
"""

from typing import Any

import numpy as np
from numba import njit

from smtj.inference.telegraph.kernels.spline import add_regression

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}

SUMS = 9
"""Score of ln τ_high and of ln τ_low, transitions out of high and out of low that count, weight of
the ordinary readings, and their sums of g, g², g z and z² (z: reading less drift, g: its height
between the levels)."""


@njit(forceinline=True, **_options)
def exchange(dt, rate_high, rate_low):
    """Probabilities low to high and high to low within a time, and e^(-dt/t_c)."""
    total = rate_high + rate_low
    moved = -np.expm1(-total * dt)
    return rate_low / total * moved, rate_high / total * moved, 1 - moved


@njit(forceinline=True, **_options)
def exchange_slopes(dt, rate_high, rate_low):
    """Derivatives of the two probabilities by ln τ_high and by ln τ_low."""
    total = rate_high + rate_low
    p = rate_low / total
    q = 1 - p
    moved = -np.expm1(-total * dt)
    spread, kept = p * q * moved, dt * (1 - moved)
    return (
        spread - p * kept * rate_high,
        -spread - q * kept * rate_high,
        -spread - p * kept * rate_low,
        spread - q * kept * rate_low,
    )


@njit(**_options)
def add_interval(dt, xi, rate_high, rate_low, sums):
    """Add unobserved intervals of one length to the sums; ``xi`` holds E[pairs]/P(pair), (2, 2).

    The transitions that count towards the step of the rates are those of the complete data times
    e^(-dt/t_c): what happens in a long interval leaves no trace, and counting it would stall EM.
    """
    up, down, kept = exchange(dt, rate_high, rate_low)
    up_h, down_h, up_l, down_l = exchange_slopes(dt, rate_high, rate_low)
    sums[0] += up_h * (xi[0, 1] - xi[0, 0]) + down_h * (xi[1, 0] - xi[1, 1])
    sums[1] += up_l * (xi[0, 1] - xi[0, 0]) + down_l * (xi[1, 0] - xi[1, 1])
    total = rate_high + rate_low
    p = rate_low / total
    q = 1 - p
    once, twice = (1 - kept) / total, dt * kept
    high = (
        xi[0, 0] * p * q * (dt - 2 * once + twice)
        + xi[0, 1] * p * (p * dt + (q - p) * once - q * twice)
        + xi[1, 0] * q * (p * dt + (q - p) * once - q * twice)
        + xi[1, 1] * (p * p * dt + 2 * p * q * once + q * q * twice)
    )
    weight = xi[0, 0] * (1 - up) + xi[0, 1] * up + xi[1, 0] * down + xi[1, 1] * (1 - down)
    sums[2] += kept * high * rate_high
    sums[3] += kept * (weight * dt - high) * rate_low


@njit(**_options)
def add_start(low, high, rate_high, rate_low, sums):
    """Add the score of the stationary start, given the chances of having started low and high."""
    slope = (high * rate_high - low * rate_low) / (rate_high + rate_low)
    sums[0] += slope
    sums[1] -= slope


@njit(**_options)
def instant_steps(time, first, low, high, rate_high, rate_low, steps):
    """Fill M for the readings from ``first`` on, given their densities in either state."""
    up, down, known = 0.0, 0.0, 0.0
    for k in range(low.shape[0]):
        i = first + k
        if i == 0:
            steps[0, 0, 0], steps[0, 0, 1], steps[0, 1, 0], steps[0, 1, 1] = low[0], 0, 0, high[0]
            continue
        dt = time[i] - time[i - 1]
        if abs(dt - known) > 1e-9 * known:
            up, down, _ = exchange(dt, rate_high, rate_low)
            known = dt
        steps[k, 0, 0], steps[k, 0, 1] = (1 - up) * low[k], up * high[k]
        steps[k, 1, 0], steps[k, 1, 1] = down * low[k], (1 - down) * high[k]


@njit(**_options)
def instant_sums(
    time,
    first,
    basis,
    z,
    low,
    high,
    other,
    rate_high,
    rate_low,
    pairs,
    sums,
    gram,
    cross,
    right,
    fraction,
):
    """Add the readings from ``first`` on to all sums.

    ``z`` is the reading less drift, ``low`` and ``high`` its densities in either state, of which
    ``other`` is the outliers', ``pairs`` what :func:`backward` found.
    """
    start, width, degree, intervals = basis
    xi = np.zeros((2, 2))
    ll, lh, hl, hh = 0.0, 0.0, 0.0, 0.0
    up, down, known = 0.0, 0.0, 0.0
    weight, total, total_z, total_z2 = 0.0, 0.0, 0.0, 0.0
    for k in range(z.shape[0]):
        i = first + k
        w_ll, w_lh, w_hl, w_hh = pairs[k, 0, 0], pairs[k, 0, 1], pairs[k, 1, 0], pairs[k, 1, 1]
        if i == 0:
            into_low, into_high = w_ll, w_hh
            add_start(w_ll * low[0], w_hh * high[0], rate_high, rate_low, sums)
        else:
            dt = time[i] - time[i - 1]
            if abs(dt - known) > 1e-9 * known:
                xi[0, 0], xi[0, 1], xi[1, 0], xi[1, 1] = ll, lh, hl, hh
                add_interval(known, xi, rate_high, rate_low, sums)
                ll, lh, hl, hh = 0.0, 0.0, 0.0, 0.0
                up, down, _ = exchange(dt, rate_high, rate_low)
                known = dt
            ll += w_ll * low[k]
            lh += w_lh * high[k]
            hl += w_hl * low[k]
            hh += w_hh * high[k]
            into_low = w_ll * (1 - up) + w_hl * down
            into_high = w_lh * up + w_hh * (1 - down)
        if fraction.shape[0] > 0:
            fraction[i] = into_high * high[k]
        f = into_high * (high[k] - other)
        r = into_low * (low[k] - other) + f
        weight += r
        total += f
        total_z += f * z[k]
        total_z2 += r * z[k] * z[k]
        add_regression(time[i], start, width, degree, intervals, r, f, r * z[k], gram, cross, right)
    xi[0, 0], xi[0, 1], xi[1, 0], xi[1, 1] = ll, lh, hl, hh
    add_interval(known, xi, rate_high, rate_low, sums)
    sums[4] += weight
    sums[5] += total
    sums[6] += total
    sums[7] += total_z
    sums[8] += total_z2


@njit(**_options)
def forward(steps, chances, before):
    """Filter a stretch, whose log-likelihood is returned.

    ``chances`` are those of the states before it, and then after it; ``steps`` are divided by each
    reading's likelihood, and so are the chances ``before`` each reading.
    """
    low, high = chances[0], chances[1]
    total, product = 0.0, 1.0
    for i in range(steps.shape[0]):
        next_low = low * steps[i, 0, 0] + high * steps[i, 1, 0]
        next_high = low * steps[i, 0, 1] + high * steps[i, 1, 1]
        norm = next_low + next_high
        # A logarithm for eight readings, each of which is at least as likely as an outlier.
        product *= norm
        if i % 8 == 7:
            total += np.log(product)
            product = 1.0
        inverse = 1 / norm
        before[i, 0], before[i, 1] = low * inverse, high * inverse
        low, high = next_low * inverse, next_high * inverse
        steps[i, 0, 0] *= inverse
        steps[i, 0, 1] *= inverse
        steps[i, 1, 0] *= inverse
        steps[i, 1, 1] *= inverse
    chances[0], chances[1] = low, high
    return total + np.log(product)


@njit(**_options)
def backward(steps, before, future, pairs):
    """Go back over a filtered stretch: pairs[i, a, b] M_i(a, b), M unscaled, is a pair's chance."""
    low, high = future[0], future[1]
    for i in range(steps.shape[0] - 1, -1, -1):
        pairs[i, 0, 0], pairs[i, 0, 1] = before[i, 0] * low, before[i, 0] * high
        pairs[i, 1, 0], pairs[i, 1, 1] = before[i, 1] * low, before[i, 1] * high
        low, high = (
            steps[i, 0, 0] * low + steps[i, 0, 1] * high,
            steps[i, 1, 0] * low + steps[i, 1, 1] * high,
        )
    future[0], future[1] = low, high


@njit(**_options)
def best_forward(steps, best, came):
    """Viterbi's recursion; bit b of ``came`` says from which state state b is best reached."""
    low, high = best[0], best[1]
    for i in range(steps.shape[0]):
        stay, fall = low * steps[i, 0, 0], high * steps[i, 1, 0]
        rise, keep = low * steps[i, 0, 1], high * steps[i, 1, 1]
        came[i] = (1 if fall > stay else 0) | (2 if keep >= rise else 0)
        low, high = max(stay, fall), max(rise, keep)
        inverse = 1 / (low + high)
        low, high = low * inverse, high * inverse
    best[0], best[1] = low, high


@njit(**_options)
def best_backward(came, last):
    """Replace what :func:`best_forward` noted by the most probable states."""
    state = last
    for i in range(came.shape[0] - 1, -1, -1):
        note = came[i]
        came[i] = state
        state = (note >> state) & 1


@njit(**_options)
def sample_backward(steps, before, state, uniform, out):
    """Draw the states of a filtered stretch given the state after it; returns the one before."""
    for i in range(steps.shape[0] - 1, -1, -1):
        out[i] = state
        low = before[i, 0] * steps[i, 0, state]
        high = before[i, 1] * steps[i, 1, state]
        state = 1 if uniform[i] * (low + high) < high else 0
    return state

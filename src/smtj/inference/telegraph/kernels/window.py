"""Compiled matrices of readings that average over a window: the filtered telegraph.

The noise is convolved with the law of a reading's height g on its nodes, of which only those within
REACH standard deviations of a reading count; the normal density goes from node to node by two
products.
"""

from typing import Any

import numpy as np
from numba import njit

from smtj.inference.telegraph.kernels.hmm import add_interval, add_start, exchange
from smtj.inference.telegraph.kernels.spline import add_regression

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}

REACH = 6.0


@njit(forceinline=True, **_options)
def _first_node(u, s, nodes):
    """First and last node within reach, the density there, its ratio to the next, and its fall."""
    first, last = np.ceil((u - REACH * s) * nodes), np.floor((u + REACH * s) * nodes)
    first, last = max(first, 0.0), min(last, float(nodes))
    # Also where a reading is not a number.
    if not first <= last:
        return 0, -1, 0.0, 0.0, 0.0
    h = 1 / nodes
    d = u - first * h
    s2 = s * s
    density = np.exp(-0.5 * d * d / s2)
    return int(first), int(last), density, np.exp((d - 0.5 * h) * h / s2), np.exp(-h * h / s2)


@njit(**_options)
def window_steps(
    time,
    first,
    z,
    rate_high,
    rate_low,
    separation,
    noise,
    outliers,
    other,
    window,
    law,
    atoms,
    totals,
    inner,
    steps,
):
    """Fill the matrices of the windows from ``first`` on alone, ``inner``, and with the gap before.

    ``z`` is the reading less drift, ``other`` the density of outliers times their fraction.
    """
    nodes = law.shape[0] - 1
    s = noise / separation
    scale = (1 - outliers) / (noise * np.sqrt(2 * np.pi))
    up, down, known = 0.0, 0.0, 0.0
    for n in range(z.shape[0]):
        i = first + n
        u = z[n] / separation
        k, end, density, ratio, fall = _first_node(u, s, nodes)
        ll, lh, hl, hh = 0.0, 0.0, 0.0, 0.0
        while k <= end:
            ll += density * law[k, 0]
            lh += density * law[k, 1]
            hl += density * law[k, 2]
            hh += density * law[k, 3]
            density *= ratio
            ratio *= fall
            k += 1
        ll += atoms[0] * np.exp(-0.5 * (u / s) ** 2)
        hh += atoms[1] * np.exp(-0.5 * ((u - 1) / s) ** 2)
        ll, lh = scale * ll + other * totals[0], scale * lh + other * totals[1]
        hl, hh = scale * hl + other * totals[2], scale * hh + other * totals[3]
        inner[n, 0, 0], inner[n, 0, 1], inner[n, 1, 0], inner[n, 1, 1] = ll, lh, hl, hh
        if i > 0:
            dt = max(time[i] - time[i - 1] - window, 0.0)
            if abs(dt - known) > 1e-9 * window:
                up, down, _ = exchange(dt, rate_high, rate_low)
                known = dt
        steps[n, 0, 0], steps[n, 0, 1] = (1 - up) * ll + up * hl, (1 - up) * lh + up * hh
        steps[n, 1, 0], steps[n, 1, 1] = down * ll + (1 - down) * hl, down * lh + (1 - down) * hh


@njit(**_options)
def window_sums(
    time,
    first,
    basis,
    z,
    rate_high,
    rate_low,
    separation,
    noise,
    outliers,
    other,
    window,
    law,
    atoms,
    totals,
    inner,
    pairs,
    sums,
    gram,
    cross,
    right,
    fraction,
):
    """Add the windows from ``first`` on to all sums; ``pairs`` from the backward recursion."""
    start, width, degree, intervals = basis
    nodes = law.shape[0] - 1
    s = noise / separation
    scale = (1 - outliers) / (noise * np.sqrt(2 * np.pi))
    h = 1 / nodes
    xi = np.zeros((2, 2))
    up, down, known = 0.0, 0.0, 0.0
    slope_high, slope_low, high_time = 0.0, 0.0, 0.0
    weight, total, total2, total_z, total_z2 = 0.0, 0.0, 0.0, 0.0, 0.0
    for n in range(z.shape[0]):
        i = first + n
        w_ll, w_lh, w_hl, w_hh = pairs[n, 0, 0], pairs[n, 0, 1], pairs[n, 1, 0], pairs[n, 1, 1]
        g_ll, g_lh, g_hl, g_hh = inner[n, 0, 0], inner[n, 0, 1], inner[n, 1, 0], inner[n, 1, 1]
        from_ll, from_lh = w_ll * g_ll + w_lh * g_lh, w_ll * g_hl + w_lh * g_hh
        from_hl, from_hh = w_hl * g_ll + w_hh * g_lh, w_hl * g_hl + w_hh * g_hh
        if i > 0:
            dt = max(time[i] - time[i - 1] - window, 0.0)
            if abs(dt - known) > 1e-9 * window:
                add_interval(known, xi, rate_high, rate_low, sums)
                xi[:] = 0.0
                up, down, _ = exchange(dt, rate_high, rate_low)
                known = dt
            xi[0, 0] += from_ll
            xi[0, 1] += from_lh
            xi[1, 0] += from_hl
            xi[1, 1] += from_hh
        else:
            add_start(from_ll, from_hh, rate_high, rate_low, sums)
        # Weights of the window's own matrix, state at its start against state at its end.
        ll, lh = (1 - up) * w_ll + down * w_hl, (1 - up) * w_lh + down * w_hh
        hl, hh = up * w_ll + (1 - down) * w_hl, up * w_lh + (1 - down) * w_hh
        u = z[n] / separation
        k, end, density, ratio, fall = _first_node(u, s, nodes)
        r, f, f2, spent, by_high, by_low = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        while k <= end:
            x = k * h
            v = ll * law[k, 0] + lh * law[k, 1] + hl * law[k, 2] + hh * law[k, 3]
            d_h = ll * law[k, 4] + lh * law[k, 5] + hl * law[k, 6] + hh * law[k, 7]
            d_l = ll * law[k, 8] + lh * law[k, 9] + hl * law[k, 10] + hh * law[k, 11]
            v *= density
            by_high += density * d_h
            by_low += density * d_l
            r += v
            f += x * v
            f2 += x * x * v
            spent += law[k, 12] * v
            density *= ratio
            ratio *= fall
            k += 1
        at_low, at_high = np.exp(-0.5 * (u / s) ** 2), np.exp(-0.5 * ((u - 1) / s) ** 2)
        v = hh * atoms[1] * at_high
        r, f, f2 = scale * (r + ll * atoms[0] * at_low + v), scale * (f + v), scale * (f2 + v)
        t = totals
        slope_high += scale * (by_high + hh * atoms[3] * at_high)
        slope_high += other * (ll * t[4] + lh * t[5] + hl * t[6] + hh * t[7])
        slope_low += scale * (by_low + ll * atoms[2] * at_low)
        slope_low += other * (ll * t[8] + lh * t[9] + hl * t[10] + hh * t[11])
        mean = scale * (spent + v) + other * (ll * t[12] + lh * t[13] + hl * t[14] + hh * t[15])
        if fraction.shape[0] > 0:
            fraction[i] = mean
        high_time += mean
        weight += r
        total += f
        total2 += f2
        total_z += f * z[n]
        total_z2 += r * z[n] * z[n]
        add_regression(time[i], start, width, degree, intervals, r, f, r * z[n], gram, cross, right)
    add_interval(known, xi, rate_high, rate_low, sums)
    sums[0] += slope_high
    sums[1] += slope_low
    sums[2] += high_time * window * rate_high
    sums[3] += (z.shape[0] - high_time) * window * rate_low
    sums[4] += weight
    sums[5] += total
    sums[6] += total2
    sums[7] += total_z
    sums[8] += total_z2

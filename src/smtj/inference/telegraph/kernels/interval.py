"""Compiled law of what a reading sees of a chain of states during the interval before it."""

from typing import Any

import numpy as np
from numba import njit

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}

NODES = 12
"""Moments of the interval at which the chain is looked at, of equal weight in the response."""


@njit(**_options)
def chances_after(rates, time):
    """Matrix exponential of ``rates`` times a time, by scaling, a Taylor series and squaring."""
    k = rates.shape[0]
    if k == 2:
        up, down = rates[0, 1], rates[1, 0]
        moved = -np.expm1(-(up + down) * time) / (up + down)
        out = np.empty((2, 2))
        out[0, 1], out[1, 0] = up * moved, down * moved
        out[0, 0], out[1, 1] = 1 - out[0, 1], 1 - out[1, 0]
        return out
    largest = 0.0
    for i in range(k):
        largest = max(largest, -rates[i, i] * time)
    halvings = 0
    while largest > 0.25:
        largest, halvings = largest / 2, halvings + 1
    if halvings > 60:
        halvings = 60
    step = rates * (time / 2.0**halvings)
    term, out = np.eye(k), np.eye(k)
    for n in range(1, 11):
        term = term @ step / n
        out = out + term
    for _ in range(halvings):
        out = out @ out
    return out


@njit(**_options)
def interval_law(rates, levels, time, window, pole, bend, atoms, spread, means, variances):
    """Fill the law of one interval for all pairs of states before and after it.

    Parameters
    ----------
    rates, levels
        Generator of the chain, (K, K), and level of each state, (K,).
    time, window, pole
        Length of the interval, its last part over which a reading averages (0: none), and the time
        constant of a pole (0: none); a window and a pole exclude each other.
    bend
        ρ where the inverse of the signal averages: separation of the levels over the lowest; or 0.
    atoms, spread
        Filled with the chance of each pair if the response sees the new state alone, and otherwise.
    means, variances
        Filled with mean and variance of the driving level in the second case.
    """
    k = levels.shape[0]
    spread[:] = 0.0
    means[:] = 0.0
    variances[:] = 0.0
    whole = chances_after(rates, time)
    if window <= 0 and pole <= 0:
        atoms[:] = whole
        return
    seen = min(window, time) if window > 0 else time
    before = chances_after(rates, time - seen)
    zero, one, two = np.eye(k), np.zeros((k, k)), np.zeros((k, k))
    elapsed = 0.0
    step, known = np.eye(k), -1.0
    for s in range(NODES + 1):
        if s == NODES:
            moment = seen
        elif window > 0:
            moment = seen * (s + 0.5) / NODES
        else:
            part = (s + 0.5) / NODES
            moment = max(seen + pole * np.log(part + (1 - part) * np.exp(-seen / pole)), 0.0)
        gap = moment - elapsed
        elapsed = moment
        if abs(gap - known) > 1e-12 * seen:
            step, known = chances_after(rates, gap), gap
        zero, one, two = zero @ step, one @ step, two @ step
        if s < NODES:
            for i in range(k):
                for j in range(k):
                    u = levels[j] / NODES
                    two[i, j] += 2 * u * one[i, j] + u * u * zero[i, j]
                    one[i, j] += u * zero[i, j]
    for i in range(k):
        stay = np.exp(rates[i, i] * seen)
        zero[i, i] = max(zero[i, i] - stay, 1e-15)
        one[i, i] -= stay * levels[i]
        two[i, i] -= stay * levels[i] ** 2
    zero, one, two = before @ zero, before @ one, before @ two
    lowest, highest = levels.min(), levels.max()
    span = highest - lowest
    for i in range(k):
        for j in range(k):
            atoms[i, j] = before[i, j] * np.exp(rates[j, j] * seen)
            spread[i, j] = max(whole[i, j] - atoms[i, j], 0.0)
            mean = one[i, j] / zero[i, j]
            var = max(two[i, j] / zero[i, j] - mean * mean, 0.0)
            mean = min(max(mean, lowest), highest)
            var = min(var, 0.25 * span * span)
            if bend > 0 and span > 0:
                f = (mean - lowest) / span
                slope = (1 + bend) / (1 + bend * (1 - f)) ** 2
                mean, var = lowest + span * f / (1 + bend * (1 - f)), var * slope * slope
            means[i, j], variances[i, j] = mean, var

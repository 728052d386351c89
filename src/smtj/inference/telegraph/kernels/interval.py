"""Compiled law of what a reading sees of a chain of states during the interval before it."""

from typing import Any

import numpy as np
from numba import njit

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}

NODES = 12
"""Moments of the interval at which the chain is looked at, of equal weight in the response."""
SMALL, TERMS, MAX_HALVINGS = 0.25, 10, 60
"""Largest exponent for which so many terms of a series suffice, and how often it is halved."""


@njit(forceinline=True, **_options)
def _copy(to, source):
    """Fill a matrix with another; unlike an assignment, it takes no seconds to compile."""
    for i in range(to.shape[0]):
        for j in range(to.shape[1]):
            to[i, j] = source[i, j]


@njit(**_options)
def _multiply(left, right, out):
    """Fill ``out`` with the product of two small matrices, neither of which it may be."""
    k = left.shape[0]
    for i in range(k):
        for j in range(k):
            value = 0.0
            for m in range(k):
                value += left[i, m] * right[m, j]
            out[i, j] = value


@njit(**_options)
def fill_chances(rates, time, out, spare):
    """Fill ``out`` with the exponential of ``rates`` times a time; ``spare`` is (2, K, K)."""
    k = rates.shape[0]
    if k == 2:
        up, down = rates[0, 1], rates[1, 0]
        moved = -np.expm1(-(up + down) * time) / (up + down)
        out[0, 1], out[1, 0] = up * moved, down * moved
        out[0, 0], out[1, 1] = 1 - out[0, 1], 1 - out[1, 0]
        return
    largest = 0.0
    for i in range(k):
        largest = max(largest, -rates[i, i] * time)
    halvings = 0
    while largest > SMALL and halvings < MAX_HALVINGS:
        largest, halvings = largest / 2, halvings + 1
    step = time / 2.0**halvings
    term, other = spare[0], spare[1]
    term[:] = 0.0
    for i in range(k):
        term[i, i] = 1.0
    _copy(out, term)
    for n in range(1, TERMS + 1):
        _multiply(term, rates, other)
        for i in range(k):
            for j in range(k):
                term[i, j] = other[i, j] * step / n
                out[i, j] += term[i, j]
    for _ in range(halvings):
        _multiply(out, out, other)
        _copy(out, other)


@njit(**_options)
def _fill_moments(rates, levels, seen, window, pole, moments, step, spare):
    """Fill the chance of each pair of states at the ends of a stretch of length ``seen``, and that
    times the mean and the mean square of the driving level; paths without a switch are left out.
    """
    k = levels.shape[0]
    moments[:] = 0.0
    for i in range(k):
        moments[0, i, i] = 1.0
    elapsed, known = 0.0, -1.0
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
            fill_chances(rates, gap, step, spare)
            known = gap
        for n in range(3):
            _multiply(moments[n], step, spare[0])
            _copy(moments[n], spare[0])
        if s < NODES:
            for i in range(k):
                for j in range(k):
                    u = levels[j] / NODES
                    moments[2, i, j] += 2 * u * moments[1, i, j] + u * u * moments[0, i, j]
                    moments[1, i, j] += u * moments[0, i, j]
    for i in range(k):
        stay = np.exp(rates[i, i] * seen)
        moments[0, i, i] = max(moments[0, i, i] - stay, 1e-15)
        moments[1, i, i] -= stay * levels[i]
        moments[2, i, i] -= stay * levels[i] ** 2


@njit(**_options)
def _fill_counts(rates, seen, counts, step, spare):
    """Fill the chance of each pair of states of a chain of two, jointly with the number of the
    NODES midpoints of the stretch between them at which it is high, (2, 2, NODES + 1).
    """
    counts[:] = 0.0
    for i in range(2):
        counts[i, i, 0] = 1.0
    for s in range(NODES + 1):
        gap = seen / NODES * (0.5 if s == 0 or s == NODES else 1.0)
        if s < 2 or s == NODES:
            fill_chances(rates, gap, step, spare)
        for i in range(2):
            for n in range(s, -1, -1):
                low = counts[i, 0, n] * step[0, 0] + counts[i, 1, n] * step[1, 0]
                high = counts[i, 0, n] * step[0, 1] + counts[i, 1, n] * step[1, 1]
                counts[i, 0, n], counts[i, 1, n] = low, high
            if s < NODES:
                for n in range(s + 1, 0, -1):
                    counts[i, 1, n] = counts[i, 1, n - 1]
                counts[i, 1, 0] = 0.0
    # Paths that do not switch are left out.
    counts[0, 0, 0] = max(counts[0, 0, 0] - np.exp(rates[0, 0] * seen), 0.0)
    counts[1, 1, NODES] = max(counts[1, 1, NODES] - np.exp(rates[1, 1] * seen), 0.0)


@njit(**_options)
def _bent(fraction, bend):
    """Return the height of a reading of which the inverse averages, and its slope."""
    fall = 1 + bend * (1 - fraction)
    return fraction / fall, (1 + bend) / fall**2


@njit(**_options)
def interval_laws(rates, levels, times, window, pole, bend, atoms, spread, means, variances):
    """Fill the law of each kind of interval for all pairs of states before and after it.

    Parameters
    ----------
    rates, levels
        Generator of the chain, (K, K), and level of each state, (K,).
    times
        Length of each kind of interval, (kinds,).
    window, pole
        The last part of an interval over which a reading averages (0: none), and the time constant
        of a pole (0: none); they exclude each other.
    bend
        ρ where the inverse of the signal averages: separation of the levels over the lowest; or 0.
    atoms
        Filled with the chance of each pair if the response sees the new state alone,
        (kinds, K, K).
    spread, means, variances
        Filled with the chance otherwise, and mean and variance of the driving level then, in one
        part, or in NODES + 1 for a window and two states, (kinds, K, K, parts).
    """
    k = levels.shape[0]
    spread[:] = 0.0
    means[:] = 0.0
    variances[:] = 0.0
    whole, before, step = np.empty((k, k)), np.empty((k, k)), np.empty((k, k))
    moments, inside = np.empty((3, k, k)), np.empty((3, k, k))
    spare, counts = np.empty((2, k, k)), np.empty((2, 2, NODES + 1))
    lowest = highest = levels[0]
    for i in range(1, k):
        lowest, highest = min(lowest, levels[i]), max(highest, levels[i])
    span = highest - lowest
    parts = spread.shape[3]
    known = -1.0
    for c in range(times.shape[0]):
        time = times[c]
        fill_chances(rates, time, whole, spare)
        if window <= 0 and pole <= 0:
            _copy(atoms[c], whole)
            continue
        seen = min(window, time) if window > 0 else time
        if seen != known:
            if parts > 1:
                _fill_counts(rates, seen, counts, step, spare)
            else:
                _fill_moments(rates, levels, seen, window, pole, inside, step, spare)
            known = seen
        fill_chances(rates, time - seen, before, spare)
        for i in range(k):
            for j in range(k):
                atoms[c, i, j] = before[i, j] * np.exp(rates[j, j] * seen)
        if parts > 1:
            for i in range(2):
                for j in range(2):
                    for n in range(parts):
                        spread[c, i, j, n] = (
                            before[i, 0] * counts[0, j, n] + before[i, 1] * counts[1, j, n]
                        )
                        # At the ends the state seen elsewhere fills half a step at most.
                        fraction = min(max(n / NODES, 0.25 / NODES), 1 - 0.25 / NODES)
                        height, slope = _bent(fraction, bend)
                        means[c, i, j, n] = lowest + span * height
                        width = span * slope / NODES * (1.0 if 0 < n < NODES else 0.5)
                        variances[c, i, j, n] = width * width / 12
            continue
        for n in range(3):
            _multiply(before, inside[n], moments[n])
        for i in range(k):
            for j in range(k):
                spread[c, i, j, 0] = max(whole[i, j] - atoms[c, i, j], 0.0)
                mean = moments[1, i, j] / moments[0, i, j]
                var = max(moments[2, i, j] / moments[0, i, j] - mean * mean, 0.0)
                mean = min(max(mean, lowest), highest)
                var = min(var, 0.25 * span * span)
                if bend > 0 and span > 0:
                    height, slope = _bent((mean - lowest) / span, bend)
                    mean, var = lowest + span * height, var * slope * slope
                means[c, i, j, 0], variances[c, i, j, 0] = mean, var


@njit(**_options)
def pole_response(when, high, time, last, pole):
    """Return the response of a single pole to a state that is ``high`` from ``when`` on, at each
    time; ``last`` is the number of the last switch before it."""
    value = np.empty(when.shape[0])
    value[0] = 1.0 if high[0] else 0.0
    for k in range(1, when.shape[0]):
        drive = 1.0 if high[k - 1] else 0.0
        value[k] = drive + (value[k - 1] - drive) * np.exp(-(when[k] - when[k - 1]) / pole)
    out = np.empty(time.shape[0])
    for t in range(time.shape[0]):
        k = last[t]
        drive = 1.0 if high[k] else 0.0
        out[t] = drive + (value[k] - drive) * np.exp(-(time[t] - when[k]) / pole)
    return out

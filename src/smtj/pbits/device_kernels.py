"""Compiled machines of telegraph junctions: in continuous time, or read at the ticks of a clock.

Between two events all rates of a machine are constant, so that the next flip is exponential and its
junction found by a tree of sums (D. T. Gillespie, J. Phys. Chem. 81, 2340 (1977),
doi:10.1021/j100540a008).  Times are in relaxation times of the nominal junction at P = 1/2, and
logarithms of dwell times relative to it.  The key and the number of a machine decide its
history.
"""

import math
from typing import Any

import numpy as np
from numba import int64, njit

from smtj.streams import exponential, seed_generator, uniform

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(**_options)
def _log_dwell(x, i, chip, table, grid):
    """ln τ_high and ln τ_low of junction i at an input x, in nominal log-odds.

    ``chip`` are factors of the log-odds, shifts of x, and factors of the barrier; ``table`` the
    mean and the difference of ln τ_high and ln τ_low on a uniform grid of x; ``grid`` its first
    point, its spacing, the limits of the drive, and ln τ0.
    """
    gains, shifts, barriers = chip
    first, spacing, low, high, log_attempt = grid
    x = min(max(x, low), high) - shifts[i]
    place = (x - first) / spacing
    place = min(max(place, 0.0), table.shape[1] - 1.000001)
    k = int64(place)
    part = place - k
    mean = table[0, k] + part * (table[0, k + 1] - table[0, k])
    odds = gains[i] * (table[1, k] + part * (table[1, k + 1] - table[1, k]))
    mean = log_attempt + barriers[i] * (mean - log_attempt)
    return mean + odds / 2, mean - odds / 2


@njit(**_options)
def _rate(x, high, i, chip, table, grid):
    """Rate at which junction i leaves its state."""
    log_high, log_low = _log_dwell(x, i, chip, table, grid)
    return math.exp(-log_high) if high > 0 else math.exp(-log_low)


@njit(**_options)
def _slope(i, spins, graph):
    """-2 ∂E/∂s of spin i: its input at β = 1."""
    fields, starts, neighbours, weights, products = graph
    term_starts, coefficients, factor_starts, factors = products
    total = fields[i]
    for k in range(starts[i], starts[i + 1]):
        total += weights[k] * spins[neighbours[k]]
    for k in range(term_starts[i], term_starts[i + 1]):
        product = coefficients[k]
        for m in range(factor_starts[k], factor_starts[k + 1]):
            product *= spins[factors[m]]
        total += product
    return -total


@njit(**_options)
def _set_leaf(tree, leaves, i, rate):
    """Give junction i a rate, and correct the sums above it."""
    node = leaves + i
    tree[node] = rate
    node >>= 1
    while node > 0:
        tree[node] = tree[2 * node] + tree[2 * node + 1]
        node >>= 1


@njit(**_options)
def _chosen(tree, leaves, mark):
    """The junction in whose part of the sum of all rates a number falls."""
    node = 1
    while node < leaves:
        node *= 2
        if mark >= tree[node] and tree[node + 1] > 0.0:
            mark -= tree[node]
            node += 1
    return node - leaves


@njit(**_options)
def _spread_news(j, new, seen, slopes, spins, beta, graph, chip, table, grid, tree, leaves):
    """Let the neighbours of junction j see its new state."""
    _, starts, neighbours, weights, products = graph
    term_starts, coefficients, factor_starts, factors = products
    seen[j] = new
    for k in range(starts[j], starts[j + 1]):
        i = neighbours[k]
        slopes[i] -= 2.0 * weights[k] * new
        rate = _rate(beta * slopes[i], spins[i], i, chip, table, grid)
        _set_leaf(tree, leaves, i, rate)
    for k in range(term_starts[j], term_starts[j + 1]):
        whole = coefficients[k] * new
        for m in range(factor_starts[k], factor_starts[k + 1]):
            whole *= seen[factors[m]]
        for m in range(factor_starts[k], factor_starts[k + 1]):
            i = factors[m]
            # The product without s_i is the whole product times s_i; it was the opposite.
            slopes[i] -= 2.0 * whole * seen[i]
            rate = _rate(beta * slopes[i], spins[i], i, chip, table, grid)
            _set_leaf(tree, leaves, i, rate)


@njit(**_options)
def _run(graph, chip, tables, grid, timing, betas, which, spins, key, number, out):
    """Run one machine, fill ``out`` with its states at uniform times, and return its flips."""
    step, every, delay, update = timing
    n = spins.shape[0]
    generator = np.empty(4, np.uint32)
    seed_generator(generator, number, key[0], key[1])
    leaves = 1
    while leaves < n:
        leaves *= 2
    tree = np.zeros(2 * leaves)
    seen, arrived, slopes = spins.copy(), spins.copy(), np.empty(n)
    on_way, when = np.empty(1024, np.int64), np.empty(1024)
    head, waiting = 0, 0
    now, flips, record, steps = 0.0, 0, 0, betas.shape[0]
    next_tick = update if update > 0.0 else math.inf
    ticks = 1
    for t in range(steps):
        beta, table = betas[t], tables[which[t]]
        # Sums afresh at every step, so that rounding does not grow.
        for i in range(n):
            slopes[i] = _slope(i, seen, graph)
            tree[leaves + i] = _rate(beta * slopes[i], spins[i], i, chip, table, grid)
        for node in range(leaves - 1, 0, -1):
            tree[node] = tree[2 * node] + tree[2 * node + 1]
        end = (t + 1) * step
        while True:
            gap = exponential(generator) / tree[1] if tree[1] > 0.0 else math.inf
            arrival = when[head] if waiting > 0 else math.inf
            next_record = (record + 1) * every if record < out.shape[0] else math.inf
            stop = min(min(end, next_record), min(next_tick, arrival))
            if now + gap < stop:
                now += gap
                j = _chosen(tree, leaves, uniform(generator) * tree[1])
                spins[j] = -spins[j]
                flips += 1
                rate = _rate(beta * slopes[j], spins[j], j, chip, table, grid)
                _set_leaf(tree, leaves, j, rate)
                if delay > 0.0:
                    size = when.shape[0]
                    if waiting == size:
                        more, later = np.empty(2 * size, np.int64), np.empty(2 * size)
                        for k in range(size):
                            more[k], later[k] = on_way[(head + k) % size], when[(head + k) % size]
                        on_way, when, head = more, later, 0
                    k = (head + waiting) % when.shape[0]
                    on_way[k], when[k] = j, now + delay
                    waiting += 1
                elif update > 0.0:
                    arrived[j] = spins[j]
                else:
                    _spread_news(
                        j,
                        spins[j],
                        seen,
                        slopes,
                        spins,
                        beta,
                        graph,
                        chip,
                        table,
                        grid,
                        tree,
                        leaves,
                    )
                continue
            now = stop
            if stop == arrival:
                # Each flip on the way is the opposite of what has arrived.
                j = on_way[head]
                head = (head + 1) % when.shape[0]
                waiting -= 1
                arrived[j] = -arrived[j]
                if update == 0.0:
                    _spread_news(
                        j,
                        arrived[j],
                        seen,
                        slopes,
                        spins,
                        beta,
                        graph,
                        chip,
                        table,
                        grid,
                        tree,
                        leaves,
                    )
            elif stop == next_record:
                for i in range(n):
                    out[record, i] = 1 if spins[i] > 0.0 else -1
                record += 1
            elif stop == next_tick:
                ticks += 1
                next_tick = ticks * update
                for j in range(n):
                    if arrived[j] != seen[j]:
                        _spread_news(
                            j,
                            arrived[j],
                            seen,
                            slopes,
                            spins,
                            beta,
                            graph,
                            chip,
                            table,
                            grid,
                            tree,
                            leaves,
                        )
            else:
                break
    # The last record falls on the end, where rounding may put it a little later.
    while record < out.shape[0]:
        for i in range(n):
            out[record, i] = 1 if spins[i] > 0.0 else -1
        record += 1
    return flips


@njit(nogil=True, **_options)
def run_machines(graph, chips, tables, grid, timing, betas, which, spins, key, first, out, flips):
    """Run machines side by side.

    Parameters
    ----------
    graph
        As in :func:`smtj.pbits.ideal_kernels.sweep`, in double precision and int64.
    chips
        Factors of the log-odds, shifts of the input and factors of the barrier, each of shape
        (machines, n).
    tables
        Mean and difference of the logarithms of the dwell times, shape (tables, 2, points).
    grid
        As in ``_log_dwell``.
    timing
        Length of a step, time between records, delay and update interval.
    betas, which
        β of each step and the number of its table, shape (steps, machines).
    spins, key, first
        Initial states ±1 (machines, n), changed in place; two words; number of the first machine.
    out, flips
        States (machines, records, n) and flips (machines,), filled.
    """
    for m in range(spins.shape[0]):
        chip = (chips[0][m], chips[1][m], chips[2][m])
        steps = betas[:, m], which[:, m]
        flips[m] = _run(graph, chip, tables, grid, timing, *steps, spins[m], key, first + m, out[m])


@njit(**_options)
def _evolve(high, x, duration, i, chip, table, grid, generator):
    """The state of junction i after a time at a constant input, by the exact propagator."""
    log_high, log_low = _log_dwell(x, i, chip, table, grid)
    up, down = math.exp(-log_low), math.exp(-log_high)
    other = down / (up + down) if high > 0.0 else up / (up + down)
    chance = -other * math.expm1(-(up + down) * duration)
    return -high if uniform(generator) < chance else high


@njit(**_options)
def _run_clocked(graph, chip, tables, grid, timing, betas, which, colours, spins, key, number, out):
    """Run one clocked machine: each step sets, waits for and reads the junctions of a colour."""
    interval, error = timing
    order, order_starts = colours
    n, groups = spins.shape[0], order_starts.shape[0] - 1
    generator = np.empty(4, np.uint32)
    seed_generator(generator, number, key[0], key[1])
    latched, inputs = spins.copy(), np.empty(n)
    for i in range(n):
        inputs[i] = betas[0] * _slope(i, latched, graph)
    flips, steps, records = 0, betas.shape[0], out.shape[0]
    record = 0
    for t in range(steps):
        table = tables[which[t]]
        for g in range(groups):
            members = order[order_starts[g] : order_starts[g + 1]]
            for i in members:
                # Meanwhile it went on under its last input.
                if groups > 1:
                    rest = (groups - 1) * interval
                    spins[i] = _evolve(spins[i], inputs[i], rest, i, chip, table, grid, generator)
                inputs[i] = betas[t] * _slope(i, latched, graph)
            for i in members:
                spins[i] = _evolve(spins[i], inputs[i], interval, i, chip, table, grid, generator)
                seen = spins[i]
                if error > 0.0 and uniform(generator) < error:
                    seen = -seen
                flips += seen != latched[i]
                latched[i] = seen
        while record < records and (record + 1) * steps <= (t + 1) * records:
            for i in range(n):
                out[record, i] = 1 if latched[i] > 0.0 else -1
            record += 1
    for i in range(n):
        spins[i] = latched[i]
    return flips


@njit(nogil=True, **_options)
def run_clocked(
    graph, chips, tables, grid, timing, betas, which, colours, spins, key, first, out, flips
):
    """Run clocked machines; arguments as in :func:`run_machines`.

    ``timing`` is the interval between ticks and the error rate of a read; ``colours`` are the spins
    in the order of their groups, and where each group begins.  Flips are those that were read.
    """
    for m in range(spins.shape[0]):
        chip = (chips[0][m], chips[1][m], chips[2][m])
        flips[m] = _run_clocked(
            graph,
            chip,
            tables,
            grid,
            timing,
            betas[:, m],
            which[:, m],
            colours,
            spins[m],
            key,
            first + m,
            out[m],
        )

"""Compiled reads that average a telegraph device over an integration time, exactly.

Dwells and averages are those of :mod:`smtj.dynamics.telegraph.window_kernels`.  Every neuron of
every row has its own generator, in a stream every neuron one for all rows, so results do not depend
on threads.
"""

import math
from typing import Any

import numpy as np
from numba import int64, njit, prange, uint8
from numpy.typing import NDArray

from smtj.dynamics.telegraph.window_kernels import MARGIN, MAX_SIMULATED_SWITCHES, read_window, wait
from smtj.nn.reads.correlated_kernels import UNKNOWN, States
from smtj.nn.reads.kernels import Floats, _words, start_threads
from smtj.streams import normal, seed_generator, uniform

PARALLEL_FROM = 5_000
"""Number of devices from which threads pay off."""
_FASTEST = 650.0
"""Maximum logarithm of a rate; so fast a device averages out in any integration time."""

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(**_options)
def _dwell_times(odds, rate, stability):
    """P(high), τ_high and τ_low in s from log-odds, ln(1/τ_r) at H_s, and Δ."""
    u = abs(min(max(0.5 * odds, -2.0 * stability), 2.0 * stability))
    bent = u * u / (4.0 * stability) if stability > 0.0 else 0.0
    log_rate = rate - bent + u + math.log1p(math.exp(-2.0 * u)) - math.log(2.0)
    tau = math.exp(-min(max(log_rate, -_FASTEST), _FASTEST))
    # ln of 1/P and of 1/(1 - P), which float64 can hold at any log-odds given in float32.
    high = 1.0 / (1.0 + math.exp(-odds))
    return high, tau * (1.0 + math.exp(odds)), tau * (1.0 + math.exp(-odds))


@njit(**_options)
def _read(generator, high, device, timing, noise, above, reads):
    """Return the mean of ``reads`` readings of a device, and its final state.

    ``device`` is P(high), τ_high and τ_low, ``timing`` the time before the first average, between
    averages, and the integration time; with ``above`` a reading is whether the average lies above
    the middle.
    """
    _, dwell_high, dwell_low = device
    first, between, integration_time = timing
    total = 0.0
    for n in range(reads):
        gap = between if n else first
        if gap > 0.0:
            high = wait(generator, high, gap, dwell_high, dwell_low)
        mean_state, high = read_window(
            generator, high, integration_time, dwell_high, dwell_low, MAX_SIMULATED_SWITCHES, MARGIN
        )
        if above:
            level = mean_state + noise * normal(generator) if noise > 0.0 else mean_state
            total += 1.0 if level > 0.5 else 0.0
        else:
            total += mean_state
    mean = total / reads
    if noise > 0.0 and not above:
        # The summed noise of N readings.
        mean += noise / math.sqrt(reads) * normal(generator)
    return mean, high


@njit(**_options)
def _fresh(odds, relaxation, timing, noise, above, reads, k0, k1, out, probability, row):
    generator = np.empty(4, np.uint32)
    features = odds.shape[1]
    for i in range(features):
        a = float(odds[row, i])
        if a != a:
            out[row, i] = probability[row, i] = odds[row, i]
            continue
        seed_generator(generator, row * features + i, k0, k1)
        device = _dwell_times(min(max(a, -87.0), 87.0), relaxation[0, i], relaxation[1, i])
        high = uniform(generator) < device[0]
        now = (0.0, timing[1], timing[2])
        mean, _ = _read(generator, high, device, now, noise, above, reads)
        out[row, i], probability[row, i] = mean, device[0]


@njit(**_options)
def _stream(odds, relaxation, timing, noise, above, reads, k0, k1, known, out, probability, i):
    generator = np.empty(4, np.uint32)
    seed_generator(generator, i, k0, k1)
    for row in range(odds.shape[0]):
        a = float(odds[row, i])
        if a != a:
            out[row, i] = probability[row, i] = odds[row, i]
            continue
        device = _dwell_times(min(max(a, -87.0), 87.0), relaxation[0, i], relaxation[1, i])
        high = known[i] == 1
        if known[i] == UNKNOWN:
            high = uniform(generator) < device[0]
        mean, high = _read(generator, high, device, timing, noise, above, reads)
        known[i] = uint8(high)
        out[row, i], probability[row, i] = mean, device[0]


@njit(**_options)
def _fresh_serial(odds, relaxation, timing, noise, above, reads, k0, k1, out, probability):
    for row in range(odds.shape[0]):
        _fresh(odds, relaxation, timing, noise, above, reads, k0, k1, out, probability, row)


@njit(parallel=True, **_options)
def _fresh_parallel(odds, relaxation, timing, noise, above, reads, k0, k1, out, probability):
    for row in prange(odds.shape[0]):
        # The type of the serial loop: prange's own would compile everything again.
        _fresh(odds, relaxation, timing, noise, above, reads, k0, k1, out, probability, int64(row))


@njit(**_options)
def _stream_serial(odds, relaxation, timing, noise, above, reads, k0, k1, known, out, probability):
    for i in range(odds.shape[1]):
        _stream(odds, relaxation, timing, noise, above, reads, k0, k1, known, out, probability, i)


@njit(parallel=True, **_options)
def _stream_parallel(
    odds, relaxation, timing, noise, above, reads, k0, k1, known, out, probability
):
    for i in prange(odds.shape[1]):
        _stream(
            odds, relaxation, timing, noise, above, reads, k0, k1, known, out, probability, int64(i)
        )


def fill_averaged(
    odds: Floats,
    relaxation: NDArray[np.float64],
    timing: tuple[float, float],
    noise: float,
    above: bool,
    reads: int,
    key: int,
    state: States | None,
    out: Floats,
    probability: Floats,
) -> None:
    """Read devices by averages over an integration time; other arguments as in ``fill_fresh``.

    ``timing`` is the interval between reads and the integration time at its end, in s; ``noise``
    that of a reading, relative to the level separation.  A reading is the average itself or, with
    ``above``, whether it lies above the middle of the levels.  ``state`` are initial states,
    replaced by the final ones; None for devices that start in equilibrium at every row.
    """
    interval, integration_time = timing
    gap = max(interval - integration_time, 0.0)
    parallel = odds.size >= PARALLEL_FROM
    if parallel:
        start_threads()
    words, times = _words(key), (gap, gap, integration_time)
    given = (odds, relaxation, times, float(noise), above, reads, *words)
    if state is None:
        fresh = _fresh_parallel if parallel else _fresh_serial
        fresh(*given, out, probability)
    else:
        stream = _stream_parallel if parallel else _stream_serial
        stream(*given, state, out, probability)

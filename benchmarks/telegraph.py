"""Telegraph samples a second against plain NumPy, both sides in turn in one process, one thread.

NumPy's side is the fastest of the simple versions that were tried: a loop over the times,
vectorised over the devices, in single precision (24 bits of a chance, not 32), with
``state · difference`` instead of ``np.where``, and no new arrays in the loop.  Results of both
sides are new arrays.  Time is that of the processor, so that what else runs on the machine counts
less; a ratio is the median over the rounds of the ratios within a round, so that a slow spell falls
on both sides.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from smtj.dynamics import occupancy, packed_samples, samples, samples_at
from smtj.dynamics.telegraph import propagator
from smtj.dynamics.telegraph.propagator import relaxation_rate

Floats = NDArray[np.float32]
Result = NDArray[np.bool_] | NDArray[np.uint8]

INTERVAL = 1.0


def loop_uniform(low: Floats, high: Floats, share: Floats, count: int) -> NDArray[np.bool_]:
    """Return samples at uniform spacing from the chances to be high after low and after high."""
    rng = np.random.default_rng(0)
    out = np.empty((count, low.size), np.bool_)
    state, difference = rng.random(low.size, dtype=np.float32) < share, high - low
    chance, u = np.empty_like(low), np.empty_like(low)
    for row in out:
        rng.random(out=u, dtype=np.float32)
        np.multiply(difference, state, out=chance)
        np.add(chance, low, out=chance)
        state = np.less(u, chance, out=row)
    return out


def loop_packed(low: Floats, high: Floats, share: Floats, count: int) -> NDArray[np.uint8]:
    """Return the same, packed row by row."""
    rng = np.random.default_rng(0)
    out = np.empty((count, (low.size + 7) // 8), np.uint8)
    state, difference = rng.random(low.size, dtype=np.float32) < share, high - low
    chance, u = np.empty_like(low), np.empty_like(low)
    for row in out:
        rng.random(out=u, dtype=np.float32)
        np.multiply(difference, state, out=chance)
        np.add(chance, low, out=chance)
        np.less(u, chance, out=state)
        row[:] = np.packbits(state)
    return out


def loop_at(rate: Floats, share: Floats, gaps: Floats) -> NDArray[np.bool_]:
    """Return samples after each gap of time, by P + (state - P) exp(-gap · rate)."""
    rng = np.random.default_rng(0)
    out = np.empty((gaps.size, rate.size), np.bool_)
    state = rng.random(rate.size, dtype=np.float32) < share
    decay, chance, u = np.empty_like(rate), np.empty_like(rate), np.empty_like(rate)
    for row, gap in zip(out, gaps, strict=True):
        rng.random(out=u, dtype=np.float32)
        np.exp(np.multiply(rate, -gap, out=decay), out=decay)
        np.subtract(state, share, out=chance)
        np.multiply(chance, decay, out=chance)
        np.add(chance, share, out=chance)
        state = np.less(u, chance, out=row)
    return out


def contestants(devices: int, count: int) -> dict[str, tuple[Callable[[], Result], ...]]:
    """Return for each task NumPy's side and ours; dwell times of 0.1 to 10 intervals."""
    rng = np.random.default_rng(1)
    log_high, log_low = rng.uniform(np.log(0.1), np.log(10.0), (2, devices))
    low, high = (x.astype(np.float32) for x in propagator(log_high, log_low, INTERVAL))
    share = occupancy(log_high, log_low).astype(np.float32)
    rate = relaxation_rate(log_high, log_low).astype(np.float32)
    times = np.cumsum(rng.uniform(0.5, 1.5, count)) * INTERVAL
    gaps = np.diff(times, prepend=0.0).astype(np.float32)
    return {
        "uniform spacing, a byte each": (
            lambda: loop_uniform(low, high, share, count),
            lambda: samples(log_high, log_low, INTERVAL, count, 0),
        ),
        "uniform spacing, a bit each": (
            lambda: loop_packed(low, high, share, count),
            lambda: packed_samples(log_high, log_low, INTERVAL, count, 0),
        ),
        "any spacing, a byte each": (
            lambda: loop_at(rate, share, gaps),
            lambda: samples_at(log_high, log_low, times, 0),
        ),
    }


def main() -> None:
    """Time everybody in turn and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=10_000)
    arguments = parser.parse_args()
    numba.set_num_threads(1)
    for pair in contestants(2048, 2048).values():
        for compiled in pair:
            compiled()
    tasks = contestants(arguments.devices, arguments.times)
    seconds: dict[str, tuple[list[float], ...]] = {name: ([], []) for name in tasks}
    for _ in track(range(arguments.rounds), "rounds"):
        for name, pair in tasks.items():
            for side, record in zip(pair, seconds[name], strict=True):
                begin = time.process_time()
                side()
                record.append(time.process_time() - begin)
    total = arguments.devices * arguments.times
    table = Table(
        f"{arguments.devices} devices, {arguments.times} times", "NumPy", "smtj", "ratio", "best"
    )
    for name, (numpy_seconds, our_seconds) in seconds.items():
        ratios = [a / b for a, b in zip(numpy_seconds, our_seconds, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        table.add_row(
            name,
            f"{total / statistics.median(numpy_seconds) / 1e6:.0f} M/s",
            f"{total / statistics.median(our_seconds) / 1e6:.0f} M/s",
            f"{middle:.1f} ({low:.1f} to {high:.1f})",
            f"{min(numpy_seconds) / min(our_seconds):.1f}",
        )
    console = Console()
    console.print(table)
    console.print(
        f"{arguments.rounds} rounds, one thread; samples a second of processor time, medians, and "
        "ratios with their quartiles; last, the ratio of the fastest rounds"
    )


if __name__ == "__main__":
    main()

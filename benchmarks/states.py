"""How long it takes to find the states and dwell times of telegraph traces, and how much memory.

Processor time of one thread after compilation; the fastest of the rounds counts, as what else runs
on the machine can only add to it.  Fitting a long trace ends with the states of all its readings.
"""

import argparse
import time
import tracemalloc

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from smtj.fit.telegraph import fit_trace

Floats = NDArray[np.float64]

DWELLS = (5.0, 3.0)
"""τ_high and τ_low in readings."""
NOISE, DRIFT = 0.2, 1.0
SHORT = 2000


def trace(readings: int, window: float, seed: int) -> tuple[Floats, Floats]:
    """Return time and signal: two levels, noise, a drift of one separation."""
    rng = np.random.default_rng(seed)
    count = int(2.2 * readings / sum(DWELLS)) + 200
    dwells = rng.exponential(np.resize(DWELLS, count))
    ends = np.cumsum(dwells)
    high = np.arange(count) % 2 == 0
    when = np.arange(1.0, readings + 1)
    if window == 0:
        share = high[np.searchsorted(ends, when)].astype(np.float64)
    else:
        so_far = np.concatenate([[0.0], np.cumsum(dwells * high)])
        knots = np.concatenate([[0.0], ends])
        share = (np.interp(when, knots, so_far) - np.interp(when - window, knots, so_far)) / window
    drift = DRIFT * when / readings
    return when, share + drift + NOISE * rng.standard_normal(readings)


def fastest(readings: int, window: float, rounds: int) -> float:
    """Return the processor time of a fit in s, of traces that all differ."""
    times = []
    for seed in range(rounds):
        when, signal = trace(readings, window, seed)
        begin = time.process_time()
        fit_trace(when, signal, window)
        times.append(time.process_time() - begin)
    return min(times)


def memory(readings: int) -> float:
    """Return the most memory that a fit takes beside the trace itself, in bytes a reading."""
    when, signal = trace(readings, 0.0, 0)
    tracemalloc.start()
    fit_trace(when, signal)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / readings


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--long", type=int, default=10_000_000)
    options = parser.parse_args()
    for window in (0.0, 1.0):
        fastest(SHORT, window, 2)
    table = Table("readings", "window", "fit and states", "a reading")
    planned = [
        (SHORT, 0.0, options.rounds),
        (SHORT, 1.0, options.rounds),
        (100_000, 0.0, 3),
        (options.long, 0.0, 2),
    ]
    for readings, window, rounds in track(planned, "fits"):
        seconds = fastest(readings, window, rounds)
        table.add_row(
            f"{readings:,}",
            f"{window:g}",
            f"{1e3 * seconds:,.0f} ms",
            f"{1e9 * seconds / readings:,.0f} ns",
        )
    console = Console()
    console.print(table)
    console.print(
        f"memory beside the trace: {memory(options.long):.1f} bytes a reading of {options.long:,}"
    )


if __name__ == "__main__":
    main()

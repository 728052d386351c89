"""Time to fit a resonance spectrum, and which of its parts takes how much, one thread.

Parts are timed in turn on the same spectra, and the whole beside them.  Time is that of the
processor, so that what else runs on the machine counts less; the figures are medians over the
rounds with their quartiles.
"""

import argparse
import os

# Before NumPy, whose matrix products are too small here to be worth a second thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from smtj.inference.resonance import Shape, fit_spectra
from smtj.inference.resonance.lines.errors import errors
from smtj.inference.resonance.lines.model import FUNCTIONS, checked
from smtj.inference.resonance.lines.search import refined, starts

Floats = NDArray[np.float64]
T = TypeVar("T")

LINES = ((4.6e9, 3e8, 4e-5, 1e-5), (5.35e9, 2e8, 2e-5, -1e-5))
NOISE = 4e-6
TASKS: tuple[tuple[Shape, int], ...] = (
    ("lorentzian", 1),
    ("derivative", 1),
    ("exact", 1),
    ("exact", 2),
)


def spectra(shape: Shape, lines: int, count: int, points: int) -> list[tuple[Floats, Floats]]:
    """Return noisy spectra of some lines on a slope."""
    rng = np.random.default_rng(0)
    x = np.linspace(2e9, 8e9, points)
    signal = 1e-5 * (x - 5e9) / 3e9
    for position, width, s, a in LINES[:lines]:
        symmetric, antisymmetric = FUNCTIONS[shape](x, position, width)
        signal = signal + s * symmetric + a * antisymmetric
    return [(x, signal + NOISE * rng.standard_normal(points)) for _ in range(count)]


def timed(make: Callable[[], T]) -> tuple[float, T]:
    """Return the processor's time in s and what was made."""
    begin = time.process_time()
    made = make()
    return time.process_time() - begin, made


def parts(some: list[tuple[Floats, Floats]], shape: Shape, lines: int) -> Iterator[float]:
    """Yield the seconds that the start, the refinement, the errors and the whole take."""
    problems = [checked(x, signal, shape, lines, None, 1) for x, signal in some]
    seconds, first = timed(lambda: [starts(problem, lines) for problem in problems])
    yield seconds
    tasks = list(zip(problems, first, strict=True))
    seconds, found = timed(lambda: [refined(problem, start) for problem, start in tasks])
    yield seconds
    results = list(zip(problems, found, strict=True))
    yield timed(lambda: [errors(problem, *each, False) for problem, each in results])[0]
    yield timed(lambda: fit_spectra(some, shape, lines=lines))[0]


def main() -> None:
    """Time all parts in turn and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--spectra", type=int, default=50)
    parser.add_argument("--points", type=int, default=1000)
    arguments = parser.parse_args()
    data = {task: spectra(*task, arguments.spectra, arguments.points) for task in TASKS}
    for task, some in data.items():
        fit_spectra(some[:2], task[0], lines=task[1])
    rows: dict[tuple[Shape, int], list[list[float]]] = {task: [] for task in TASKS}
    for _ in track(range(arguments.rounds), "rounds"):
        for task, some in data.items():
            rows[task].append([1e3 * s / arguments.spectra for s in parts(some, *task)])
    table = Table(
        f"{arguments.points} points", "start", "refinement", "errors", "whole", "a second"
    )
    for (shape, lines), rounds in rows.items():
        columns = list(zip(*rounds, strict=True))
        low, whole, high = statistics.quantiles(columns[-1], n=4)
        table.add_row(
            f"{shape}, {lines} line{'s' if lines > 1 else ''}",
            *(f"{statistics.median(column):.2f} ms" for column in columns[:-1]),
            f"{whole:.2f} ({low:.2f} to {high:.2f}) ms",
            f"{1e3 / whole:.0f}",
        )
    console = Console()
    console.print(table)
    console.print(
        f"{arguments.rounds} rounds of {arguments.spectra} spectra, one thread; processor time a "
        "spectrum, medians, of the whole with its quartiles"
    )


if __name__ == "__main__":
    main()

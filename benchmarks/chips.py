"""Chips evaluated a second, beside the matrix products of a full forward pass for every chip.

Both sides run in turn in one process, on one thread each, as the workers of a study do.  A ratio is
the median over the rounds of the ratios within a round, so that a slow spell of the machine falls
on both sides.  Synthetic images of MNIST's size do, since time does not depend on what they show.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numba
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from smtj.card import load_card
from smtj.chips.evaluate import Evaluator, Task
from smtj.nn.training.network import NetworkSettings, build_network

SIZES = (784, 400, 10)
IMAGES = 10_000
READS = (1, 16)


def products(images: torch.Tensor) -> Callable[[int], object]:
    """Return the matrix products of one chip and nothing else."""
    first, second = torch.rand(SIZES[1], SIZES[0]), torch.rand(SIZES[2], SIZES[1])
    hidden, sums = torch.empty(IMAGES, SIZES[1]), torch.empty(IMAGES, SIZES[2])

    def one(_: int) -> None:
        torch.mm(images, first.t(), out=hidden)
        torch.mm(hidden, second.t(), out=sums)

    return one


def main() -> None:
    """Time both in turn and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=41)
    rounds = parser.parse_args().rounds
    numba.set_num_threads(1)
    torch.set_num_threads(1)
    network = build_network(NetworkSettings(SIZES), load_card("cai2019"), seed=0)
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(IMAGES, SIZES[0], generator=generator)
    labels = torch.randint(SIZES[-1], (IMAGES,), generator=generator)
    evaluator = Evaluator(Task(network, images, labels, seed=0))

    def chip(reads: int) -> Callable[[int], object]:
        return lambda number: evaluator.accuracy(number, {"reads": reads})

    contestants = {"matrix products alone": products(images)}
    contestants |= {f"chips, {reads} reads": chip(reads) for reads in READS}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in track(range(rounds + 1), "rounds"):
        for name, one in contestants.items():
            begin = time.perf_counter()
            one(number)
            # The first round compiles.
            if number:
                times[name].append(time.perf_counter() - begin)
    table = Table(
        f"{'-'.join(map(str, SIZES))}, {IMAGES:,} images", "chips a second", "over products"
    )
    alone = times["matrix products alone"]
    for name, seconds in times.items():
        ratios = [a / b for a, b in zip(alone, seconds, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        table.add_row(
            name, f"{1 / statistics.median(seconds):.1f}", f"{middle:.2f} ({low:.2f} to {high:.2f})"
        )
    console = Console()
    console.print(table)
    console.print(f"{rounds} rounds on one thread; medians, and ratios with their quartiles")


if __name__ == "__main__":
    main()

"""What a network of junctions costs over one of sigmoids, both sides in turn in one process.

Each round trains a sixth of an epoch of every contestant; a ratio is the median over the rounds of
the ratios within a round, so that a slow spell of the machine falls on both sides.  Synthetic
images of MNIST's size do, since time does not depend on what they show.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import nn
from torch.nn import functional

from smtj.card import load_card
from smtj.nn.training.network import NetworkSettings, build_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Images, Trainer

SIZES = (784, 400, 10)
EPOCH, BATCH = 60_000, 100
IMAGES = EPOCH // 6


def images() -> Images:
    """Return random images and labels."""
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 256, (IMAGES, SIZES[0]), dtype=np.uint8))
    labels = torch.from_numpy(rng.integers(0, SIZES[-1], IMAGES))
    return Images(pixels, labels, pixels[:0], labels[:0])


def plain_pytorch(data: Images) -> Callable[[], None]:
    """Return an epoch of the sigmoid network as anybody would write it."""
    network = nn.Sequential(nn.Linear(*SIZES[:2]), nn.Sigmoid(), nn.Linear(*SIZES[1:]))
    optimiser = torch.optim.SGD(network.parameters(), 0.1, 0.9)
    floats, labels = data.train_images.to(torch.float32) / 255, data.train_labels

    def epoch() -> None:
        for batch in torch.randperm(IMAGES).split(BATCH):
            loss = functional.cross_entropy(network(floats[batch]), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return epoch


def matrix_products() -> Callable[[], None]:
    """Return the matrix products of an epoch and nothing else."""
    x, h, z = torch.rand(BATCH, SIZES[0]), torch.rand(BATCH, SIZES[1]), torch.rand(BATCH, SIZES[2])
    first, second = torch.rand(SIZES[1], SIZES[0]), torch.rand(SIZES[2], SIZES[1])
    outs = [torch.empty(shape) for shape in (h.shape, z.shape, second.shape, h.shape, first.shape)]

    def epoch() -> None:
        for _ in range(IMAGES // BATCH):
            torch.mm(x, first.t(), out=outs[0])
            torch.mm(h, second.t(), out=outs[1])
            torch.mm(z.t(), h, out=outs[2])
            torch.mm(z, second, out=outs[3])
            torch.mm(h.t(), x, out=outs[4])

    return epoch


def ours(data: Images, **settings: object) -> Callable[[], object]:
    """Return an epoch of one of our networks."""
    network = NetworkSettings(SIZES, readout="linear", coupling="matched", **settings)  # type: ignore[arg-type]
    built = build_network(network, load_card("cai2019"), seed=0)
    return Trainer(built, data, TrainingSettings(0.1, batch_size=BATCH)).train_epoch


def main() -> None:
    """Time everybody in turn and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=41)
    rounds = parser.parse_args().rounds
    data = images()
    nominal = {"noise": False, "eval_reads": 16}
    contestants = {
        "plain PyTorch, sigmoid": plain_pytorch(data),
        "sigmoid": ours(data, neuron="sigmoid"),
        "MTJ, expected value": ours(data, reads="expected", noise=False),
        "MTJ, 1 read": ours(data, reads=1, **nominal),
        "MTJ, 16 reads": ours(data, reads=16, **nominal),
        "MTJ, 16 reads, magnetic noise": ours(data, reads=16),
        "matrix products alone": matrix_products(),
    }
    for epoch in contestants.values():
        epoch()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in track(range(rounds), "rounds"):
        for name, epoch in contestants.items():
            begin = time.perf_counter()
            epoch()
            times[name].append(time.perf_counter() - begin)
    table = Table("an epoch of 784-400-10", "seconds", "over plain PyTorch", "over products")
    for name, seconds in times.items():
        table.add_row(
            name,
            f"{statistics.median(seconds) * EPOCH / IMAGES:.2f}",
            _ratio(seconds, times["plain PyTorch, sigmoid"]),
            _ratio(seconds, times["matrix products alone"]),
        )
    console = Console()
    console.print(table)
    console.print(
        f"{rounds} rounds, {torch.get_num_threads()} threads, device variation on in every MTJ "
        "network; medians, and ratios with their quartiles"
    )


def _ratio(these: list[float], those: list[float]) -> str:
    low, middle, high = statistics.quantiles(
        [a / b for a, b in zip(these, those, strict=True)], n=4
    )
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()

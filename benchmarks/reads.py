"""What 16 reads as they are cost over 16 independent ones, both sides in turn in one process.

A round trains a sixth of an epoch of 784-400-10 with every kind of read, and evaluates a layer of
400 neurons for 100 images; a ratio is the median over the rounds of the ratios within a round, so
that a slow spell of the machine falls on both sides.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from training import BATCH, IMAGES, SIZES, images

from smtj.card import load_card
from smtj.nn import AnalogueReads, DigitalReads, MTJNeuron, ReadScheme, set_readout
from smtj.nn.training.network import NetworkSettings, build_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Images, Trainer

READS = 16
LAYERS = 50
CARD = load_card("cai2019")
SCHEMES: dict[str, ReadScheme | None] = {
    "independent": None,
    "correlated": DigitalReads(0.12),
    "correlated, streaming": DigitalReads(0.12, streaming=True),
    "averaged over the card's 20 ms": AnalogueReads.of_card(CARD),
}
TRAINED = ("independent", "correlated", "correlated, streaming")
"""Averages over windows are for evaluation; training on them takes minutes an epoch."""


def layer(scheme: ReadScheme | None) -> Callable[[], object]:
    """Return evaluations of a layer alone."""
    neuron = MTJNeuron(CARD, SIZES[1], reads=READS, scheme=scheme, noise=False).eval()
    x = 3 * torch.randn(BATCH, SIZES[1], generator=torch.Generator().manual_seed(0))

    def several() -> None:
        with torch.no_grad():
            for _ in range(LAYERS):
                neuron(x)

    return several


def training(data: Images, scheme: ReadScheme | None) -> Callable[[], object]:
    """Return a sixth of an epoch of training."""
    network = NetworkSettings(SIZES, readout="linear", coupling="matched", noise=False)
    built = build_network(network, CARD, seed=0)
    if scheme is not None:
        set_readout(built, scheme=scheme)
    return Trainer(built, data, TrainingSettings(0.1, batch_size=BATCH)).train_epoch


def main() -> None:
    """Time everybody in turn and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    data = images()
    tasks = {
        "a layer, ns a neuron": (
            {name: layer(scheme) for name, scheme in SCHEMES.items()},
            1e9 / (LAYERS * BATCH * SIZES[1]),
        ),
        "an epoch of training, s": (
            {name: training(data, SCHEMES[name]) for name in TRAINED},
            60_000 / IMAGES,
        ),
    }
    everybody = [
        (task, name, run) for task, (runs, _) in tasks.items() for name, run in runs.items()
    ]
    for _, _, run in everybody:
        run()
    times: dict[tuple[str, str], list[float]] = {(task, name): [] for task, name, _ in everybody}
    for _ in track(range(rounds), "rounds"):
        for task, name, run in everybody:
            begin = time.perf_counter()
            run()
            times[task, name].append(time.perf_counter() - begin)
    console = Console()
    for task, (runs, scale) in tasks.items():
        table = Table(task, "median", "over independent", "fastest over fastest")
        reference = times[task, "independent"]
        for name in runs:
            seconds = times[task, name]
            low, middle, high = statistics.quantiles(
                [a / b for a, b in zip(seconds, reference, strict=True)], n=4
            )
            table.add_row(
                name,
                f"{statistics.median(seconds) * scale:.3g}",
                f"{middle:.2f} ({low:.2f} to {high:.2f})",
                f"{min(seconds) / min(reference):.2f}",
            )
        console.print(table)
    console.print(
        f"{READS} reads, {rounds} rounds, {torch.get_num_threads()} threads; ratios with quartiles"
    )


if __name__ == "__main__":
    main()

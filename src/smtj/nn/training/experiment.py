"""A training run on disk: network, checkpoint, metrics and plot, each kept as it comes."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from smtj import plot, provenance
from smtj.card import DeviceCard
from smtj.card.document import to_toml
from smtj.errors import CheckpointError
from smtj.files import write_text
from smtj.nn.training.network import NetworkSettings, build_network, save_network
from smtj.nn.training.trainer import Epoch, Images, Trainer, TrainingSettings


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a trained network, apart from the images and the number of epochs."""

    card: DeviceCard
    network: NetworkSettings
    training: TrainingSettings
    dataset: str

    def title(self) -> str:
        """Return one line that says what is trained."""
        net, train = self.network, self.training
        neuron = f"{self.card.name} neurons" if net.neuron == "mtj" else "sigmoid neurons"
        reads = f", {net.reads} reads" if net.neuron == "mtj" else ""
        bias = f", a bias voltage per {net.adaptive}" if net.adaptive else ""
        return (
            f"{'-'.join(map(str, net.sizes))}, {neuron}{reads}{bias}, {net.readout} read-out, "
            f"{net.coupling} coupling, learning rate {train.learning_rate:g}, seed {train.seed}"
        )

    def describe(self) -> dict[str, Any]:
        """Return the settings as JSON holds them."""
        return {
            "card": self.card.name,
            "dataset": self.dataset,
            "network": asdict(self.network),
            "training": asdict(self.training),
        }

    def start(self, images: Images) -> Trainer:
        """Return the run at its beginning."""
        network = build_network(self.network, self.card, self.training.seed)
        return Trainer(network, images, self.training)


def run(
    experiment: Experiment, images: Images, epochs: int, out: Path, resume: bool = False
) -> Iterator[Epoch]:
    """Train, and keep everything after every epoch.

    Parameters
    ----------
    experiment
        What to train.
    images
        The data.
    epochs
        Train until this epoch, counted from 1.
    out
        Folder for ``checkpoint.pt`` (to go on), ``network.pt`` (to use), ``metrics.json`` and,
        at the end, ``accuracy.png`` and ``.svg``.
    resume
        Go on from the folder's checkpoint; the outcome is the same to the bit as without the
        interruption.

    Yields
    ------
    Epoch
        Each epoch, those before the checkpoint too, once it is safely on disk.

    Raises
    ------
    CheckpointError
        There is nothing to go on from, or it is of other settings; or the folder holds a run and
        ``resume`` is off.
    """
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists() and not resume:
        raise CheckpointError(
            f"{out} already holds a run; go on from it with --resume, or give another --out"
        )
    if resume and not checkpoint.exists():
        raise CheckpointError(f"{out} holds no run to go on from; leave out --resume to begin one")
    about = json.dumps({**experiment.describe(), "card": to_toml(experiment.card)})
    # Asked once: git answers too slowly for every epoch.
    made_with = provenance.versions()
    training = experiment.start(images)
    if resume:
        training.resume(checkpoint, about)
    # What cannot be written is better known now than after an epoch.
    out.mkdir(parents=True, exist_ok=True)
    yield from list(training.history)
    for epoch in training.epochs(epochs):
        save_network(out / "network.pt", training.network, experiment.network, experiment.card)
        _save_metrics(out / "metrics.json", experiment, training.history, made_with)
        # Last, so that a checkpoint never tells of results that are not there.
        training.save(checkpoint, about)
        yield epoch
    _plot(out / "accuracy", experiment, training.history)


def _save_metrics(
    path: Path, experiment: Experiment, history: list[Epoch], made_with: dict[str, str | None]
) -> None:
    content = {
        "test_accuracy": [epoch.test_accuracy for epoch in history],
        "train_loss": [epoch.train_loss for epoch in history],
        "seed": experiment.training.seed,
        "settings": experiment.describe(),
        "versions": made_with,
        "command": provenance.command(),
    }
    write_text(path, json.dumps(content, indent=1) + "\n")


def _plot(path: Path, experiment: Experiment, history: list[Epoch]) -> None:
    with plot.figure() as (fig, axes):
        axes.plot(
            [epoch.number for epoch in history],
            [100 * epoch.test_accuracy for epoch in history],
            "o-",
            color=plot.BLUE,
            markersize=2,
        )
        plot.accuracy_axes(axes, history[-1].number)
        neurons = experiment.card.name if experiment.network.neuron == "mtj" else "sigmoid"
        axes.set_title(f"{neurons} on {experiment.dataset}", loc="left")
        plot.save(fig, path)

"""Train a network, save it after every epoch, resume it, and show the result."""

import json
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from torch import nn

from smtj import plot, provenance
from smtj.card import CardLike, as_card
from smtj.datasets import ImageDataset, load_dataset
from smtj.errors import CheckpointError, DataError, SmtjError
from smtj.files import write_text
from smtj.nn.layer.adaptive import Per
from smtj.nn.layer.neuron import neurons_of
from smtj.nn.reads.scheme import Reads
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings, save_network
from smtj.nn.training.trainer import Epoch, Images, TrainingSettings, as_tensors
from smtj.tables import Table, Tabular
from smtj.units import format_with_error
from smtj.writers import holding

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MAX_ROWS = 10
"""Epochs in the printed table; ``to_dataframe`` returns all."""

CHECKPOINT = "checkpoint.pt"

DatasetLike: TypeAlias = ImageDataset | str | Path | Sequence[Any]
"""A data set, its name, a folder of IDX files, or four arrays: training images and labels, test
images and labels; images of bytes, or of floats in [0, 1]."""


@dataclass(frozen=True, eq=False, repr=False)
class TrainingRun(Tabular):
    """A training: its settings, the network, and the loss and accuracy of every epoch."""

    experiment: Experiment
    network: nn.Sequential
    """The trained network, in evaluation mode."""
    history: Sequence[Epoch]
    test_images: int
    """Number of test images."""

    @property
    def accuracy(self) -> float:
        """Fraction of test images classified correctly after the last epoch; NaN before any."""
        return self.history[-1].test_accuracy if self.history else math.nan

    @property
    def bias_voltages(self) -> dict[str, str]:
        """Learnt bias voltages by layer, as text; empty where none is learnt."""
        if self.experiment.network.adaptive is None:
            return {}
        return {name: part.format_voltage() for name, part in neurons_of(self.network).items()}

    def table(self) -> Table:
        """Return loss and accuracy by epoch, at most :data:`MAX_ROWS` of them."""
        count = len(self.history)
        shown = np.unique(np.linspace(0, count - 1, min(count, MAX_ROWS)).round().astype(int))
        p = self.accuracy
        error = math.sqrt(p * (1 - p) / self.test_images) if count else None
        experiment = self.experiment
        notes = [
            experiment.title(),
            f"Accuracy on {self.test_images:,} test images: {format_with_error(p, error, '', '%')}",
        ]
        if self.bias_voltages:
            notes.append(f"Learnt bias voltages by layer: {', '.join(self.bias_voltages.values())}")
        return Table(
            f"Training of {'-'.join(map(str, experiment.network.sizes))} on {experiment.dataset}",
            ("epoch", "loss (nats per image)", "test accuracy (%)"),
            [
                (str(epoch.number), f"{epoch.train_loss:.3g}", f"{100 * epoch.test_accuracy:.2f}")
                for epoch in (self.history[k] for k in shown)
            ],
            notes,
        )

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot test accuracy in % against epoch and return the axes."""
        with plot.axes(ax) as axes:
            _plot(axes, self)
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return accuracies, losses and settings as plain JSON types."""
        return {
            "test_accuracy": [epoch.test_accuracy for epoch in self.history],
            "train_loss": [epoch.train_loss for epoch in self.history],
            "seed": self.experiment.training.seed,
            "settings": self.experiment.to_dict(),
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row per epoch: its number, loss in nats per image, and test accuracy."""
        import pandas as pd

        return pd.DataFrame(self.history, columns=Epoch._fields)

    def save(self, folder: Path | str) -> list[Path]:
        """Write ``network.pt``, ``metrics.json``, ``accuracy.png`` and ``accuracy.svg``."""
        folder = Path(folder)
        return [*_save_results(self, folder, provenance.versions()), *_save_plot(self, folder)]


def train(
    data: DatasetLike,
    card: CardLike = "cai2019",
    *,
    hidden: int | Sequence[int] = 400,
    epochs: int = 100,
    neuron: Literal["mtj", "sigmoid"] = "mtj",
    readout: Literal["device", "linear"] = "device",
    coupling: Literal["calibrated", "matched"] | None = None,
    drive: Literal["field", "voltage"] = "field",
    drive_field: float = 0.0,
    reads: Reads = 16,
    eval_reads: Reads | None = None,
    noise: bool = True,
    variation: bool = True,
    fresh_chips: bool = False,
    adaptive: Per | None = None,
    interval: float | None = None,
    learning_rate: float = 0.1,
    batch_size: int = 100,
    momentum: float = 0.9,
    seed: int = 0,
    chip_seed: int | None = None,
    out: Path | str | None = None,
    resume: bool = False,
    progress: Callable[[TrainingRun], object] | None = None,
) -> TrainingRun:
    """Train a fully connected network of a card's devices to classify images.

    Parameters
    ----------
    data
        The name of a data set (``"mnist"``, ``"fashion-mnist"``, ``"digits"``), a folder of IDX
        files, an :class:`smtj.datasets.ImageDataset`, or four arrays: training images and labels,
        test images and labels.
    card
        The device: a card, its name or its path.
    hidden
        Number of hidden neurons, or one number per hidden layer.
    epochs
        Epochs to train, those of a resumed run included.
    neuron
        MTJ neurons, or plain sigmoids for comparison.
    readout
        Whether the output neurons are devices too, or the largest sum decides.
    coupling
        How sums become fields or voltages; by default calibrated for MTJ neurons and matched for
        sigmoids.
    drive
        Whether sums set the field at each junction or the voltage across it.
    drive_field
        Constant field in A/m at junctions that voltages drive, along the card's drive.
    reads, eval_reads
        Reads per neuron in training and in evaluation (default: the same), or ``"expected"``.
    noise, variation
        Whether magnetic noise acts, and whether devices differ.
    fresh_chips
        Whether to sample new devices for every batch.
    adaptive
        Whether to learn one bias voltage per network, layer or neuron; by default none.
    interval
        Time between reads in s, of devices that remember the last image; by default every image
        finds them in equilibrium, however slow a voltage makes them.
    learning_rate, batch_size, momentum
        Of stochastic gradient descent.
    seed
        Decides initial weights, batches and reads.
    chip_seed
        Decides the devices; by default the seed.
    out
        Folder that receives checkpoint, network and metrics after every epoch, and a plot at the
        end; by default nothing is written.
    resume
        Continue from the checkpoint in ``out``; the result is bit-identical to an uninterrupted
        run.
    progress
        Called with the run before the first epoch and after every epoch.

    Returns
    -------
    TrainingRun
        Network and history; it prints as a table.

    Raises
    ------
    SmtjError
        An option is out of range, or the training diverges.
    CheckpointError
        The folder holds a run and ``resume`` is off, or the checkpoint is missing or has other
        settings or images.

    Examples
    --------
    >>> from smtj import nn
    >>> run = nn.train("digits", "cai2019", hidden=32, epochs=2)
    >>> run.accuracy > 0.5
    True
    >>> len(run.to_dict()["test_accuracy"])
    2
    """
    images = as_dataset(data)
    if fresh_chips and (neuron == "sigmoid" or not variation):
        raise SmtjError("fresh_chips needs MTJ neurons and variation, since it samples new devices")
    network = NetworkSettings(
        sizes=(images.pixels, *np.atleast_1d(hidden).tolist(), images.classes),
        neuron=neuron,
        readout=readout,
        coupling=coupling or ("calibrated" if neuron == "mtj" else "matched"),
        drive=drive,
        drive_field=drive_field,
        reads=reads,
        eval_reads=reads if eval_reads is None else eval_reads,
        noise=noise,
        variation=variation,
        chip_seed=seed if chip_seed is None else chip_seed,
        adaptive=adaptive,
        interval=interval,
    )
    settings = TrainingSettings(learning_rate, seed, batch_size, momentum, fresh_chips)
    experiment = Experiment(as_card(card), network, settings, images.name)
    return run_experiment(experiment, as_tensors(images), epochs, out, resume, progress)


def as_dataset(data: DatasetLike) -> ImageDataset:
    """Return a data set unchanged, load it by name or folder, or build it from four arrays.

    Raises DataError if the name is unknown, or the arrays do not form a data set.
    """
    if isinstance(data, ImageDataset):
        return data
    if isinstance(data, str | Path):
        is_folder = Path(data).is_dir()
        return load_dataset("idx", Path(data)) if is_folder else load_dataset(str(data))
    arrays = [np.asarray(part) for part in data]
    counts = [len(part) if part.ndim else -1 for part in arrays]
    if len(arrays) != 4 or counts[::2] != counts[1::2] or min(counts) < 1:
        raise DataError(
            f"a data set of arrays has lengths {counts}; give train_images, train_labels, "
            "test_images and test_labels, one label per image"
        )
    for images in arrays[::2]:
        if images.dtype != np.uint8 and not (images.min() >= 0 and images.max() <= 1):
            raise DataError("images must be uint8 from 0 to 255, or floats from 0 to 1")
    x, labels, test, test_labels = arrays
    return ImageDataset("arrays", "arrays", x, labels, test, test_labels, False, "memory")


def run_experiment(
    experiment: Experiment,
    images: Images,
    epochs: int,
    out: Path | str | None = None,
    resume: bool = False,
    progress: Callable[[TrainingRun], object] | None = None,
) -> TrainingRun:
    """Run an experiment; other arguments, result and errors as in :func:`train`."""
    folder = None if out is None else Path(out)
    if resume and not (folder and (folder / CHECKPOINT).exists()):
        raise CheckpointError(f"{folder} holds no run to resume; start one without resume")
    with nullcontext() if folder is None else holding(folder, provenance.command()):
        return _run(experiment, images, epochs, folder, resume, progress)


def _run(
    experiment: Experiment,
    images: Images,
    epochs: int,
    folder: Path | None,
    resume: bool,
    progress: Callable[[TrainingRun], object] | None,
) -> TrainingRun:
    checkpoint = Path() if folder is None else folder / CHECKPOINT
    if folder and checkpoint.exists() and not resume:
        raise CheckpointError(
            f"{folder} already holds a run; resume it, or give another folder (out)"
        )
    about = json.dumps({**experiment.to_dict(), "card": experiment.card.to_toml()})
    # Called once: git answers too slowly for every epoch.
    versions = provenance.versions()
    trainer = experiment.start(images)
    if resume:
        trainer.resume(checkpoint, about)
    run = TrainingRun(experiment, trainer.network, trainer.history, len(images.test_labels))
    if progress:
        progress(run)
    for _ in trainer.epochs(epochs):
        if folder:
            _save_results(run, folder, versions)
            # Last, so that a checkpoint never refers to results that are missing.
            trainer.save(checkpoint, about)
        if progress:
            progress(run)
    trainer.network.eval()
    if folder:
        _save_plot(run, folder)
    return run


def _save_results(run: TrainingRun, folder: Path, versions: dict[str, str | None]) -> list[Path]:
    network = save_network(
        folder / "network.pt", run.network, run.experiment.network, run.experiment.card
    )
    metrics = {**run.to_dict(), "versions": versions, "command": provenance.command()}
    return [network, write_text(folder / "metrics.json", json.dumps(metrics, indent=1) + "\n")]


def _save_plot(run: TrainingRun, folder: Path) -> list[Path]:
    with plot.figure() as (fig, axes):
        _plot(axes, run)
        return plot.save(fig, folder / "accuracy")


def _plot(axes: "Axes", run: TrainingRun) -> None:
    epochs = [epoch.number for epoch in run.history]
    accuracies = [100 * epoch.test_accuracy for epoch in run.history]
    axes.plot(epochs, accuracies, "o-", color=plot.BLUE, markersize=2)
    plot.accuracy_axes(axes, max(epochs, default=1))
    neurons = run.experiment.card.name if run.experiment.network.neuron == "mtj" else "sigmoid"
    axes.set_title(f"{neurons} on {run.experiment.dataset}", loc="left")

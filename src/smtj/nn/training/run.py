"""Train a network, save it after every epoch, resume it, and show the result."""

import json
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
from torch import Tensor, nn
from torch.utils.data import Dataset

from smtj import plot, provenance
from smtj.card import CardLike, as_card
from smtj.datasets import ImageDataset, load_dataset
from smtj.datasets.own import checked_parts, with_test_set
from smtj.errors import CheckpointError, DataError, SmtjError
from smtj.files import write_text
from smtj.nn.layer.adaptive import Per
from smtj.nn.layer.neuron import neurons_of
from smtj.nn.reads.scheme import Reads
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings, save_network
from smtj.nn.training.progress import training_progress
from smtj.nn.training.settings import OptimizerLike, ScheduleLike, TrainingSettings
from smtj.nn.training.trainer import Epoch, Images, Trainer, as_tensors, best_epoch
from smtj.tables import Table, Tabular
from smtj.units import format_with_error
from smtj.writers import holding

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MAX_ROWS = 10
"""Epochs in the printed table; ``to_dataframe`` returns all."""

CHECKPOINT = "checkpoint.pt"
WRITTEN = ("network.pt", "metrics.json", "history.csv", "accuracy.png", "accuracy.svg")
"""Files of a finished training, apart from the checkpoint."""

DatasetLike: TypeAlias = ImageDataset | str | Path | Dataset[Any] | Sequence[Any]
"""A data set; its name; the path of a folder of IDX files, of an .npz file or of a folder of images
by class; four arrays: training images and labels, test images and labels, images of bytes or of
floats of order one; PyTorch's Dataset of (image, class), or two, for training and test."""


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
    def best(self) -> Epoch | None:
        """The epoch whose network is kept: the best on held-out images, else the last."""
        return best_epoch(self.history)

    @property
    def accuracy(self) -> float:
        """Fraction of test images classified correctly by the kept network; NaN before any."""
        return self.best.test_accuracy if self.best else math.nan

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
        if self.best and self.best.validation_accuracy is not None:
            notes.append(
                f"The network is that of epoch {self.best.number} of {count}, the best on held-out "
                f"training images: {100 * self.best.validation_accuracy:.2f} %"
            )
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
        held = [epoch.validation_accuracy for epoch in self.history]
        return {
            "test_accuracy": [epoch.test_accuracy for epoch in self.history],
            "train_loss": [epoch.train_loss for epoch in self.history],
            **({} if None in held else {"validation_accuracy": held}),
            "seed": self.experiment.training.seed,
            "settings": self.experiment.to_dict(),
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row per epoch: number, loss in nats per image, test and held-out accuracy."""
        import pandas as pd

        return pd.DataFrame(self.history, columns=Epoch._fields)

    def save(self, folder: Path | str) -> list[Path]:
        """Write network, metrics, history and plot to the files named in :data:`WRITTEN`."""
        folder = Path(folder)
        return [
            _save_network(self, folder),
            *_save_metrics(self, folder, provenance.versions()),
            *_save_plot(self, folder),
        ]


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
    learning_rate: float | None = None,
    batch_size: int = 100,
    momentum: float = 0.9,
    optimizer: OptimizerLike = "sgd",
    weight_decay: float | None = None,
    schedule: ScheduleLike = "cosine",
    warmup_epochs: int = 0,
    first_reads: int | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    validation_fraction: float | None = None,
    patience: int | None = None,
    seed: int = 0,
    chip_seed: int | None = None,
    out: Path | str | None = None,
    resume: bool = False,
    progress: Callable[[TrainingRun], object] | bool | None = None,
    callbacks: Sequence[Callable[[TrainingRun], object]] = (),
) -> TrainingRun:
    """Train a fully connected network of a card's devices to classify images.

    Parameters
    ----------
    data
        The name of a data set (``"mnist"``, ``"fashion-mnist"``, ``"digits"``); the path of a
        folder of IDX files, of an ``.npz`` file with arrays x and y or x_train, y_train, x_test and
        y_test, or of a folder of images by class; an :class:`smtj.datasets.ImageDataset`; four
        arrays: training images and labels, test images and labels; or a
        ``torch.utils.data.Dataset`` of (image, class), or two, for training and test.  Every
        Dataset is read once, so put random transforms into ``augment``.  Without a test set a sixth
        becomes one, as many of each class as there are.
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
    learning_rate
        By default 0.1 for "sgd", and 0.001 for other optimisers.
    batch_size, momentum
        Images per step, and the momentum of "sgd".
    optimizer
        ``"sgd"``, ``"adam"``, ``"adamw"``, a class of ``torch.optim`` or what makes an optimiser of
        (parameters, lr=…).
    weight_decay
        By default that of the optimiser: 0.01 for AdamW, else 0.
    schedule
        Of the learning rate: ``"constant"``; ``"step"``, a tenth after half of the epochs and a
        hundredth after three quarters; ``"cosine"`` to zero; ``"one-cycle"``, with the learning
        rate as its maximum; or a function of the optimiser and the number of batches in all that
        returns a schedule of ``torch.optim.lr_scheduler``, stepped after every batch.
    warmup_epochs
        Epochs in which the learning rate rises linearly to where the schedule has it.
    first_reads
        Reads in the first epoch, if they go to ``reads`` geometrically over the epochs.
    augment
        Applied to every batch of training images, floats in [0, 1] of shape (batch, channels,
        height, width), for example :class:`smtj.nn.RandomAffine` or a transform of torchvision.
    validation_fraction
        Fraction of the training images that are held out, as many of each class as there are; the
        network of the epoch that is best on them is kept.  By default 0, and 0.1 with a patience.
    patience
        Epochs without a gain on the held-out images after which the training ends.
    seed
        Decides initial weights, batches and reads.
    chip_seed
        Decides the devices; by default the seed.
    out
        Folder that receives checkpoint, network, metrics and history.csv after every epoch, and a
        plot at the end; by default nothing is written.  Ctrl-C ends the batch and saves what is
        done of the epoch.
    resume
        Continue from the checkpoint in ``out``; the result is bit-identical to an uninterrupted
        run.
    progress
        True shows a bar in a terminal, and in a notebook the table of the run, which grows.  A
        function is called with the run before the first epoch and after every epoch.
    callbacks
        Called with the run after every epoch: ``run.history[-1]`` is its result.

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
    if learning_rate is None:
        learning_rate = 0.1 if optimizer == "sgd" else 0.001
    if validation_fraction is None:
        validation_fraction = 0.0 if patience is None else 0.1
    settings = TrainingSettings(
        learning_rate,
        seed,
        batch_size,
        momentum,
        fresh_chips,
        optimizer,
        weight_decay,
        schedule,
        warmup_epochs,
        epochs if schedule != "constant" or warmup_epochs or first_reads else None,
        first_reads,
        augment,
        _shape(images) if augment else None,
        validation_fraction,
        patience,
    )
    experiment = Experiment(as_card(card), network, settings, images.name)
    shown = training_progress(epochs) if progress is True else nullcontext(progress or None)
    with shown as show:
        tensors = as_tensors(images)
        return run_experiment(experiment, tensors, epochs, out, resume, show, callbacks)


def _shape(images: ImageDataset) -> tuple[int, int, int]:
    """Return channels, height and width; raises DataError if the images have none."""
    shape = images.train_images.shape[1:]
    if len(shape) not in (2, 3):
        raise DataError(
            f"augment needs images of height and width, but those of {images.title} have shape "
            f"{shape}; leave it out"
        )
    return (1, *shape) if len(shape) == 2 else shape


def as_dataset(data: DatasetLike) -> ImageDataset:
    """Return a data set unchanged, load it by name or path, or build it from arrays or Datasets.

    Raises DataError if the name is unknown, or the arrays do not form a data set.
    """
    if isinstance(data, ImageDataset):
        return data
    if isinstance(data, str | Path):
        return load_dataset(str(data))
    if isinstance(data, Dataset):
        parts = with_test_set(*checked_parts(_arrays(data) * 2, "the Dataset")[:2])
        return ImageDataset("dataset", "a Dataset", *parts, False, "memory")
    if not isinstance(data, tuple | list):
        raise DataError(f"data is {type(data).__name__}; give a name, a path, arrays or Datasets")
    if len(data) == 2 and all(isinstance(part, Dataset) for part in data):
        data = [array for part in data for array in _arrays(cast("Dataset[Any]", part))]
    if len(data) != 4:
        raise DataError(
            f"a data set of {len(data)} arrays; give train_images, train_labels, test_images and "
            "test_labels, one label per image, or a Dataset for training and one for test"
        )
    parts = checked_parts([np.asarray(part) for part in data], "a data set of arrays")
    return ImageDataset("arrays", "arrays", *parts, False, "memory")


def _arrays(data: "Dataset[Any]") -> tuple[Any, Any]:
    """Return the images and labels of a Dataset."""
    try:
        pairs = [data[k] for k in range(len(data))]  # type: ignore[arg-type]
        images, labels = zip(*pairs, strict=True)
        return np.stack([np.asarray(image) for image in images]), np.array(list(map(int, labels)))
    except (TypeError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{type(data).__name__} is no data set of (image, class) with a length and images of "
            f"one size ({' '.join(str(error).split())}); give such a one"
        ) from error


def run_experiment(
    experiment: Experiment,
    images: Images,
    epochs: int,
    out: Path | str | None = None,
    resume: bool = False,
    progress: Callable[[TrainingRun], object] | None = None,
    callbacks: Sequence[Callable[[TrainingRun], object]] = (),
) -> TrainingRun:
    """Run an experiment; other arguments, result and errors as in :func:`train`."""
    folder = None if out is None else Path(out)
    if resume and not (folder and (folder / CHECKPOINT).exists()):
        raise CheckpointError(f"{folder} holds no run to resume; start one without resume")
    with nullcontext() if folder is None else holding(folder, provenance.command()):
        return _run(experiment, images, epochs, folder, resume, progress, callbacks)


def _run(
    experiment: Experiment,
    images: Images,
    epochs: int,
    folder: Path | None,
    resume: bool,
    progress: Callable[[TrainingRun], object] | None,
    callbacks: Sequence[Callable[[TrainingRun], object]],
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

    def save() -> None:
        if folder is None:
            return
        if run.history:
            if run.best == run.history[-1]:
                _save_network(run, folder)
            _save_metrics(run, folder, versions)
        # Last, so that a checkpoint never refers to results that are missing.
        trainer.save(checkpoint, about)

    if progress:
        progress(run)
    try:
        for _ in trainer.epochs(epochs):
            save()
            for call in (*([progress] if progress else []), *callbacks):
                call(run)
    except KeyboardInterrupt:
        if folder and trainer.is_whole:
            save()
        raise KeyboardInterrupt(_where(trainer, folder)) from None
    trainer.keep_best()
    trainer.network.eval()
    if folder:
        _save_plot(run, folder)
    return run


def _where(trainer: Trainer, folder: Path | None) -> str:
    """Return where a training stopped and what is kept of it."""
    done = f"Stopped after {len(trainer.history)} epoch{'s' if len(trainer.history) != 1 else ''}"
    if trainer.partial:
        done += f" and {trainer.partial['batches']} of {trainer.batches} batches"
    if folder and (trainer.is_whole or (folder / CHECKPOINT).exists()):
        kept = "all of it" if trainer.is_whole else "every finished epoch"
        return f"{done}; {kept} is saved in {folder}. Resume it to continue."
    return f"{done}; nothing was saved."


def _save_network(run: TrainingRun, folder: Path) -> Path:
    path, experiment = folder / "network.pt", run.experiment
    return save_network(path, run.network, experiment.network, experiment.card)


def _save_metrics(run: TrainingRun, folder: Path, versions: dict[str, str | None]) -> list[Path]:
    metrics = {**run.to_dict(), "versions": versions, "command": provenance.command()}
    return [
        write_text(folder / "metrics.json", json.dumps(metrics, indent=1) + "\n"),
        write_text(folder / "history.csv", run.to_dataframe().to_csv(index=False)),
    ]


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

"""Back-propagation on a data set in memory, one epoch at a time."""

import hashlib
import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from smtj.datasets import ImageDataset
from smtj.errors import CheckpointError, SmtjError
from smtj.files import write_whole
from smtj.nn.checkpoint import FORMAT, read_saved, understanding
from smtj.nn.drive.coupling import CalibratedCoupling, Standardised
from smtj.nn.layer.chip import chip_of, install, sample_chip
from smtj.nn.layer.configure import reset_state, set_readout
from smtj.nn.layer.neuron import neurons_of
from smtj.nn.reads.independent import sample_key
from smtj.nn.reads.kernels import start_threads
from smtj.nn.training.network import logits_and_outputs
from smtj.nn.training.smooth_reads import normal_reads

EVALUATION_BATCH = 2000


class Images(NamedTuple):
    """A data set as tensors: one image per row, one byte per pixel, and labels."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def as_tensors(data: ImageDataset) -> Images:
    """Return a data set as tensors that share its memory."""

    def rows(images: Any) -> Tensor:
        return torch.from_numpy(images).reshape(len(images), -1)

    def classes(labels: Any) -> Tensor:
        return torch.from_numpy(labels).to(torch.int64)

    return Images(
        rows(data.train_images),
        classes(data.train_labels),
        rows(data.test_images),
        classes(data.test_labels),
    )


def held_out(images: Images) -> Images:
    """Return the training images only, with the last sixth as a test set for tuning."""
    count = len(images.train_labels) * 5 // 6
    return Images(
        images.train_images[:count],
        images.train_labels[:count],
        images.train_images[count:],
        images.train_labels[count:],
    )


def check_sum(images: Images) -> str:
    """Return the SHA-256 of all pixels and labels."""
    digest = hashlib.sha256()
    for part in images:
        digest.update(str(tuple(part.shape)).encode())
        digest.update(part.contiguous().numpy().data)
    return digest.hexdigest()


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained: stochastic gradient descent with momentum."""

    learning_rate: float = 0.1
    """The default is best on held-out images for both kinds of neuron; see the validation page."""
    seed: int = 0
    """Decides initial weights, batches and reads; the chip has its own seed."""
    batch_size: int = 100
    momentum: float = 0.9
    fresh_chips: bool = False
    """Whether to sample new devices for every batch, so that the weights suit any chip; evaluation
    uses the network's own chip."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (self.learning_rate > 0 and self.batch_size >= 1 and 0 <= self.momentum < 1):
            raise SmtjError(
                f"learning_rate {self.learning_rate}, batch_size {self.batch_size} and momentum "
                f"{self.momentum} must be positive, at least 1 and in [0, 1)"
            )


class Epoch(NamedTuple):
    """The result of an epoch."""

    number: int
    """Counted from 1."""
    train_loss: float
    """Mean cross-entropy over the epoch, in nats per image."""
    test_accuracy: float
    """Fraction of test images classified correctly."""


class Trainer:
    """Trains a sequential network that ends with a linear layer or a layer of neurons.

    Holds the network, its optimiser and its random streams.  Raises SmtjError if a batch would hold
    a single image, which cannot be standardised.
    """

    def __init__(self, network: nn.Sequential, images: Images, settings: TrainingSettings) -> None:
        count, size = len(images.train_labels), settings.batch_size
        needs_spread = (CalibratedCoupling, Standardised)
        if (size == 1 or count % size == 1) and any(
            isinstance(module, needs_spread) for module in network.modules()
        ):
            raise SmtjError(
                f"batch_size {size} leaves one of {count} images alone in a batch, which a "
                "calibrated coupling cannot standardise; change it, or use matched coupling"
            )
        self.network = network
        self.images = images
        self.settings = settings
        self.history: list[Epoch] = []
        self._optimiser = torch.optim.SGD(
            network.parameters(), settings.learning_rate, settings.momentum, fused=True
        )
        self._weights = list(network.parameters())
        # Before the first epoch, so that all epochs use the same number of threads.
        start_threads()
        self._check_sum = check_sum(images)
        self._pixels = scaled(images.train_images)
        self._shuffled = torch.empty_like(self._pixels)
        self._order = torch.Generator().manual_seed(settings.seed)
        self._sampling = torch.Generator().manual_seed(settings.seed)
        self._own_chip = chip_of(network) if settings.fresh_chips else None
        # Sampled reads hide from a voltage that it makes its device slow.
        self._smooth = any(n.bias is not None and n.scheme for n in neurons_of(network).values())

    def epochs(self, until: int) -> Iterator[Epoch]:
        """Train until an epoch, counted from 1, and yield each when it ends."""
        while len(self.history) < until:
            loss = self.train_epoch()
            number = len(self.history) + 1
            accuracy = evaluate(self.network, self.images, seed=self.settings.seed + number)
            self.history.append(Epoch(number, loss, accuracy))
            yield self.history[-1]

    def train_epoch(self) -> float:
        """Train one epoch and return its mean loss in nats per image."""
        self.network.train()
        reset_state(set_readout(self.network, generator=self._sampling))
        order = torch.randperm(len(self.images.train_labels), generator=self._order)
        # Shuffled once per epoch into the same memory, so batches are views.
        torch.index_select(self._pixels, 0, order, out=self._shuffled)
        labels = self.images.train_labels[order]
        total = torch.zeros(())
        size = self.settings.batch_size
        reads = normal_reads(self.network, self._sampling) if self._smooth else nullcontext()
        with reads:
            for pixels, classes in zip(self._shuffled.split(size), labels.split(size), strict=True):
                total.add_(self._step(pixels, classes), alpha=len(classes))
        if self._own_chip is not None:
            install(self._own_chip, self.network)
        if not math.isfinite(total):
            raise SmtjError(
                f"the training diverged in epoch {len(self.history) + 1}; use a learning rate "
                f"below {self.settings.learning_rate:g}"
            )
        return float(total) / len(labels)

    def _step(self, pixels: Tensor, classes: Tensor) -> Tensor:
        """Take one step and return the loss of the batch."""
        if self._own_chip is not None:
            install(sample_chip(self.network, sample_key(self._sampling)), self.network)
        sums, outputs = logits_and_outputs(self.network, pixels)
        loss = cross_entropy(sums, outputs, classes)
        # As zero_grad does, without its hooks, which take 4 % of a small network's step.
        for weight in self._weights:
            weight.grad = None
        loss.backward()
        self._optimiser.step()
        return loss.detach()

    def save(self, path: Path, about: str) -> Path:
        """Write a checkpoint; :meth:`resume` accepts it only with the same text ``about``."""
        content = {
            "format": FORMAT,
            "about": about,
            "settings": asdict(self.settings),
            "history": [tuple(epoch) for epoch in self.history],
            "images": self._check_sum,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "order": self._order.get_state(),
            "sampling": self._sampling.get_state(),
        }
        return write_whole(path, lambda file: torch.save(content, file))

    def resume(self, path: Path, about: str) -> None:
        """Continue from a checkpoint, as if there had been no interruption.

        Raises CheckpointError if the file is missing, damaged, or has other settings or images.
        """
        entries = (
            *("about", "settings", "history", "images"),
            *("network", "optimiser", "order", "sampling"),
        )
        content = read_saved(path, "a checkpoint", entries)
        if content["about"] != about or content["settings"] != asdict(self.settings):
            raise CheckpointError(
                f"{path} is from a run with other settings; repeat those, or start a new run"
            )
        if content["images"] != self._check_sum:
            raise CheckpointError(
                f"{path} is from a run on other images; use those, or start a new run"
            )
        with understanding(path, "a checkpoint"):
            self.network.load_state_dict(content["network"])
            self._optimiser.load_state_dict(content["optimiser"])
            self._order.set_state(content["order"])
            self._sampling.set_state(content["sampling"])
            self.history = [Epoch(*epoch) for epoch in content["history"]]


def scaled(pixels: Tensor) -> Tensor:
    """Return pixels as floats in [0, 1]: bytes are divided by 255, floats stay as they are."""
    floats = pixels.to(torch.float32, copy=True)
    return floats.mul_(1 / 255) if pixels.dtype == torch.uint8 else floats


def cross_entropy(sums: Tensor, outputs: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of a batch: the mean over images of the cross-entropy, in nats.

    For a linear read-out (``sums is outputs``) it is the cross-entropy of the softmax over the
    sums; for neurons with outputs in [0, 1], that of each output neuron, summed over them.  Its
    gradient at a neuron's summed input is read-out minus target: exact for a sigmoid, and for a
    device an estimate from the actual reads.  A squared error would have the factor p(1 - p), which
    vanishes where an output is saturated and wrong.  Sums and outputs have shape (batch, classes),
    labels (batch,).
    """
    if outputs is sums:
        return functional.cross_entropy(sums, labels)
    targets = functional.one_hot(labels, sums.shape[1]).to(sums.dtype)
    value = functional.binary_cross_entropy_with_logits(sums.detach(), targets, reduction="sum")
    error = ((outputs.detach() - targets) * sums).sum()
    return (value + error - error.detach()) / len(labels)


def count_correct(outputs: Tensor, labels: Tensor, generator: torch.Generator) -> int:
    """Count the images whose highest output is their class.

    Ties, frequent with N reads, are decided at random by the generator, on the CPU.  ``outputs``
    has shape (images, classes), ``labels`` shape (images,).
    """
    exact = outputs.to(torch.float64)
    ties = 1e-9 * torch.rand(exact.shape, generator=generator, dtype=torch.float64)
    return int(((exact + ties).argmax(-1) == labels).sum())


def evaluate(network: nn.Sequential, images: Images, seed: int) -> float:
    """Return the fraction of test images classified correctly; leaves the evaluation mode set.

    The seed decides the reads and ties.
    """
    network.eval()
    generator = torch.Generator().manual_seed(seed)
    reset_state(set_readout(network, generator=generator))
    right = 0
    with torch.no_grad():
        for pixels, labels in zip(
            images.test_images.split(EVALUATION_BATCH),
            images.test_labels.split(EVALUATION_BATCH),
            strict=True,
        ):
            right += count_correct(network(scaled(pixels)), labels, generator)
    return right / len(images.test_labels)

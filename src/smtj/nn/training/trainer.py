"""Back-propagation on a data set in memory, one epoch at a time."""

import copy
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from smtj.datasets import ImageDataset
from smtj.datasets.own import split_by_class
from smtj.errors import CheckpointError, SmtjError
from smtj.files import write_whole
from smtj.nn.checkpoint import FORMAT, read_saved, understanding
from smtj.nn.drive.coupling import CalibratedCoupling, Standardised
from smtj.nn.layer.chip import chip_of, install, sample_chip
from smtj.nn.layer.configure import reset_state, set_readout
from smtj.nn.layer.neuron import neurons_of
from smtj.nn.reads.independent import sample_key
from smtj.nn.reads.kernels import start_threads
from smtj.nn.training.interrupt import deferred_interrupt
from smtj.nn.training.network import logits_and_outputs
from smtj.nn.training.settings import TrainingSettings, make_optimizer, make_scheduler
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


def held_out(images: Images, fraction: float = 1 / 6, seed: int | None = None) -> Images:
    """Return the training images only, a part of them as a test set.

    By default the last ones; with a seed random ones, as many of each class as there are.  Raises
    DataError if a class has too few images to be split.
    """
    if seed is None:
        count = len(images.train_labels)
        kept = count - round(count * fraction)
        first, last = torch.arange(count).tensor_split([kept])
    else:
        parts = split_by_class(images.train_labels.numpy(), fraction, seed)
        first, last = map(torch.from_numpy, parts)
    return Images(
        images.train_images[first],
        images.train_labels[first],
        images.train_images[last],
        images.train_labels[last],
    )


def check_sum(images: Images) -> str:
    """Return the SHA-256 of all pixels and labels."""
    digest = hashlib.sha256()
    for part in images:
        digest.update(str(tuple(part.shape)).encode())
        digest.update(part.contiguous().numpy().data)
    return digest.hexdigest()


class Epoch(NamedTuple):
    """The result of an epoch."""

    number: int
    """Counted from 1."""
    train_loss: float
    """Mean cross-entropy over the epoch, in nats per image."""
    test_accuracy: float
    """Fraction of test images classified correctly."""
    validation_accuracy: float | None = None
    """Fraction of the held-out images classified correctly, if any are held out."""


class Trainer:
    """Trains a sequential network that ends with a linear layer or a layer of neurons.

    Holds the network, its optimiser and its random streams.  Raises SmtjError if a batch would hold
    a single image, which cannot be standardised.
    """

    def __init__(self, network: nn.Sequential, images: Images, settings: TrainingSettings) -> None:
        self._held_out = None
        self.images = images
        if settings.validation_fraction:
            self._held_out = held_out(images, settings.validation_fraction, settings.seed)
            train_images, train_labels, _, _ = self._held_out
            self.images = images._replace(train_images=train_images, train_labels=train_labels)
        count, size = len(self.images.train_labels), settings.batch_size
        needs_spread = (CalibratedCoupling, Standardised)
        if (size == 1 or count % size == 1) and any(
            isinstance(module, needs_spread) for module in network.modules()
        ):
            raise SmtjError(
                f"batch_size {size} leaves one of {count} images alone in a batch, which a "
                "calibrated coupling cannot standardise; change it, or use matched coupling"
            )
        self.network = network
        self.settings = settings
        self.history: list[Epoch] = []
        self.batches = math.ceil(count / size)
        """Batches of an epoch."""
        self.partial: dict[str, Any] | None = None
        """An epoch that was interrupted between two batches, and is continued by the next."""
        self.is_whole = True
        """Whether no batch was interrupted."""
        self._optimiser = make_optimizer(settings, network.parameters())
        self._scheduler = make_scheduler(settings, self._optimiser, self.batches)
        self._weights = list(network.parameters())
        self._neurons = list(neurons_of(network).values())
        self._reads = [neuron.reads for neuron in self._neurons]
        if settings.first_reads and not (
            self._reads and all(isinstance(reads, int) for reads in self._reads)
        ):
            raise SmtjError("first_reads needs MTJ neurons with a number of reads")
        # Before the first epoch, so that all epochs use the same number of threads.
        start_threads()
        self._check_sum = check_sum(images)
        self._pixels = scaled(self.images.train_images)
        self._shuffled = torch.empty_like(self._pixels)
        self._order = torch.Generator().manual_seed(settings.seed)
        self._sampling = torch.Generator().manual_seed(settings.seed)
        self._own_chip = chip_of(network) if settings.fresh_chips else None
        self._best: dict[str, Tensor] | None = None
        self._is_interrupted: Callable[[], bool] = lambda: False
        # Sampled reads hide from a voltage that it makes its device slow.
        self._smooth = any(n.bias is not None and n.scheme for n in self._neurons)

    def epochs(self, until: int) -> Iterator[Epoch]:
        """Train until an epoch, counted from 1, and yield each when it ends.

        Ctrl-C waits for the batch to end, or for the evaluation, so that :meth:`save` keeps it.
        """
        while len(self.history) < until and not self.is_over:
            number = len(self.history) + 1
            seed = self.settings.seed + number
            with deferred_interrupt() as self._is_interrupted:
                loss = self.train_epoch()
                accuracy = evaluate(self.network, self.images, seed)
                held = self._held_out and evaluate(self.network, self._held_out, seed)
                self.history.append(Epoch(number, loss, accuracy, held))
                if held is not None and self.best == self.history[-1]:
                    self._best = copy.deepcopy(self.network.state_dict())
            yield self.history[-1]

    @property
    def best(self) -> Epoch | None:
        """The epoch whose network is kept: the best on held-out images, else the last."""
        return best_epoch(self.history)

    @property
    def is_over(self) -> bool:
        """Whether the held-out images have gained nothing for as long as there was patience."""
        patience, best = self.settings.patience, self.best
        return bool(patience and best and len(self.history) - best.number >= patience)

    def keep_best(self) -> None:
        """Give the network the weights of the epoch that was best on held-out images, if any."""
        if self._best is not None:
            self.network.load_state_dict(self._best)

    def train_epoch(self) -> float:
        """Train one epoch, or the rest of one, and return its mean loss in nats per image.

        Raises KeyboardInterrupt between two batches.
        """
        self.is_whole = False
        self.network.train()
        reset_state(set_readout(self.network, generator=self._sampling))
        self._set_reads()
        total, done = torch.zeros(()), 0
        if self.partial:
            total, done = self.partial["total"], self.partial["batches"]
            self._order.set_state(self.partial["order"])
            for neuron, state in zip(self._neurons, self.partial["states"], strict=True):
                neuron.read_state.copy_(state)
            self.partial = None
        before = self._order.get_state()
        order = torch.randperm(len(self.images.train_labels), generator=self._order)
        # Shuffled once per epoch into the same memory, so batches are views.
        torch.index_select(self._pixels, 0, order, out=self._shuffled)
        labels = self.images.train_labels[order]
        size = self.settings.batch_size
        batches = zip(self._shuffled.split(size), labels.split(size), strict=True)
        reads = normal_reads(self.network, self._sampling) if self._smooth else nullcontext()
        with reads:
            for pixels, classes in islice(batches, done, None):
                total.add_(self._step(pixels, classes), alpha=len(classes))
                done += 1
                if self._is_interrupted():
                    states = [neuron.read_state.clone() for neuron in self._neurons]
                    self.partial = {
                        "order": before, "batches": done, "total": total, "states": states
                    }  # fmt: skip
                    break
        if self._own_chip is not None:
            install(self._own_chip, self.network)
        self.is_whole = True
        if self.partial:
            raise KeyboardInterrupt
        if not math.isfinite(total):
            raise SmtjError(
                f"the training diverged in epoch {len(self.history) + 1}; use a learning rate "
                f"below {self.settings.learning_rate:g}"
            )
        return float(total) / len(labels)

    def _set_reads(self) -> None:
        """Set the reads of the epoch, which go geometrically from the first to the last number."""
        first, epochs = self.settings.first_reads, self.settings.epochs
        if first is None or epochs is None:
            return
        done = min(1.0, len(self.history) / max(1, epochs - 1))
        for neuron, last in zip(self._neurons, self._reads, strict=True):
            neuron.reads = round(first ** (1 - done) * float(last) ** done)

    def _augmented(self, pixels: Tensor) -> Tensor:
        """Return a batch changed at random, as the training's own random numbers say."""
        augment, shape = self.settings.augment, self.settings.image_shape
        if augment is None:
            return pixels
        if shape is None:
            raise SmtjError("augment needs image_shape: channels, height and width")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(sample_key(self._sampling))
            changed = augment(pixels.unflatten(1, shape))
        if not isinstance(changed, Tensor):
            raise SmtjError(f"augment makes {type(changed).__name__} of a batch, no tensor")
        changed = changed.flatten(1)
        if changed.shape != pixels.shape or changed.dtype != pixels.dtype:
            raise SmtjError(
                f"augment makes {changed.dtype} of shape {tuple(changed.shape)} of a batch of "
                f"{pixels.dtype} and shape {tuple(pixels.shape)}; it must keep both"
            )
        return changed

    def _step(self, pixels: Tensor, classes: Tensor) -> Tensor:
        """Take one step and return the loss of the batch."""
        if self._own_chip is not None:
            install(sample_chip(self.network, sample_key(self._sampling)), self.network)
        sums, outputs = logits_and_outputs(self.network, self._augmented(pixels))
        loss = cross_entropy(sums, outputs, classes)
        # As zero_grad does, without its hooks, which take 4 % of a small network's step.
        for weight in self._weights:
            weight.grad = None
        loss.backward()
        self._optimiser.step()
        if self._scheduler is not None:
            self._scheduler.step()
        return loss.detach()

    def save(self, path: Path, about: str) -> Path:
        """Write a checkpoint; :meth:`resume` accepts it only with the same text ``about``."""
        content = {
            "format": FORMAT,
            "about": about,
            "settings": self.settings.to_dict(),
            "history": [tuple(epoch) for epoch in self.history],
            "images": self._check_sum,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "scheduler": self._scheduler and self._scheduler.state_dict(),
            "best": self._best,
            "partial": self.partial,
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
            *("network", "optimiser", "scheduler", "best", "partial", "order", "sampling"),
        )
        content = read_saved(path, "a checkpoint", entries)
        settings = self.settings.to_dict()
        if content["about"] != about or content["settings"] != settings:
            changed = [
                f"{name} {value}"
                for name, value in content["settings"].items()
                if settings.get(name) != value
            ]
            named = f" ({', '.join(changed)})" if changed else ""
            if changed == [f"epochs {content['settings']['epochs']}"]:
                raise CheckpointError(
                    f"{path} is of a run of {content['settings']['epochs']} epochs, over which its "
                    "learning rate or its reads change; start a new run of as many as you need "
                    "(with the schedule constant, a run can go on at any time)"
                )
            raise CheckpointError(
                f"{path} is from a run with other settings{named}; repeat those, or start a new run"
            )
        if content["images"] != self._check_sum:
            raise CheckpointError(
                f"{path} is from a run on other images; use those, or start a new run"
            )
        with understanding(path, "a checkpoint"):
            self.network.load_state_dict(content["network"])
            self._optimiser.load_state_dict(content["optimiser"])
            if self._scheduler is not None:
                self._scheduler.load_state_dict(content["scheduler"])
            self._best, self.partial = content["best"], content["partial"]
            self._order.set_state(content["order"])
            self._sampling.set_state(content["sampling"])
            self.history = [Epoch(*epoch) for epoch in content["history"]]


def best_epoch(history: Sequence[Epoch]) -> Epoch | None:
    """Return the first of the epochs best on held-out images; without these, the last."""
    if not history or history[-1].validation_accuracy is None:
        return history[-1] if history else None
    return max(history, key=lambda epoch: epoch.validation_accuracy or 0.0)


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

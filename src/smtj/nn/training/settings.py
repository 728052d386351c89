"""How a network is trained: optimiser, schedule, augmentation and when to stop."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.optimizer import Optimizer

from smtj.errors import SmtjError

OPTIMIZERS: dict[str, str] = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}
SCHEDULES = ("constant", "step", "cosine", "one-cycle")

OptimizerLike: TypeAlias = Literal["sgd", "adam", "adamw"] | Callable[..., Optimizer]
"""A name, or what makes an optimiser of (parameters, lr=…), as the classes of torch.optim do."""
ScheduleLike: TypeAlias = (
    Literal["constant", "step", "cosine", "one-cycle"] | Callable[[Optimizer, int], LRScheduler]
)
"""A name, or what makes a schedule of an optimiser and the number of batches in all, which is
stepped after every batch."""


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; the defaults are plain stochastic gradient descent."""

    learning_rate: float = 0.1
    """The default is best on held-out images for both kinds of neuron; see the validation page."""
    seed: int = 0
    """Decides initial weights, batches and reads; the chip has its own seed."""
    batch_size: int = 100
    momentum: float = 0.9
    """Of "sgd"."""
    fresh_chips: bool = False
    """Whether to sample new devices for every batch, so that the weights suit any chip; evaluation
    uses the network's own chip."""
    optimizer: OptimizerLike = "sgd"
    weight_decay: float | None = None
    """By default that of the optimiser: 0.01 for AdamW, else 0."""
    schedule: ScheduleLike = "constant"
    """Of the learning rate over the batches: "step" divides it by ten after a half and after three
    quarters of all; "cosine" takes it to zero along half a cosine; "one-cycle" is PyTorch's
    OneCycleLR with the learning rate as its maximum."""
    warmup_epochs: int = 0
    """Epochs over which the learning rate rises linearly to where the schedule has it."""
    epochs: int | None = None
    """Epochs in all, which whatever changes over the training needs."""
    first_reads: int | None = None
    """Reads in the first epoch, from which those in training go geometrically to their number in
    the last; by default they are constant."""
    augment: Callable[[Tensor], Tensor] | None = None
    """Applied to every batch, of shape (batch, channels, height, width)."""
    image_shape: tuple[int, ...] | None = None
    """Channels, height and width, which ``augment`` needs."""
    validation_fraction: float = 0.0
    """Fraction of the training images that are held out; the network of the epoch that is best on
    them is kept."""
    patience: int | None = None
    """Epochs without a gain on the held-out images after which the training ends."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (self.learning_rate > 0 and self.batch_size >= 1 and 0 <= self.momentum < 1):
            raise SmtjError(
                f"learning_rate {self.learning_rate}, batch_size {self.batch_size} and momentum "
                f"{self.momentum} must be positive, at least 1 and in [0, 1)"
            )
        for name, known in (("optimizer", tuple(OPTIMIZERS)), ("schedule", SCHEDULES)):
            value = getattr(self, name)
            if not callable(value) and value not in known:
                raise SmtjError(
                    f"{name} is {value!r}; it must be {', '.join(known)} or what makes one"
                )
        if self.weight_decay is not None and not 0 <= self.weight_decay < float("inf"):
            raise SmtjError(f"weight_decay is {self.weight_decay}; it must be 0 or more")
        for name, least in (("warmup_epochs", 0), ("first_reads", 1), ("patience", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SmtjError(f"{name} is {value}; it must be {least} or more")
        if not 0 <= self.validation_fraction < 1:
            raise SmtjError(
                f"validation_fraction is {self.validation_fraction}; it must be in [0, 1)"
            )
        if self.patience is not None and not self.validation_fraction:
            raise SmtjError("patience needs held-out images; give validation_fraction")
        if self.epochs is None and self.changes:
            raise SmtjError("a schedule, warmup_epochs and first_reads need the number of epochs")
        if self.epochs is not None and self.warmup_epochs >= max(self.epochs, 1):
            raise SmtjError(
                f"warmup_epochs is {self.warmup_epochs}; it must be less than the {self.epochs} "
                "epochs in all"
            )

    @property
    def changes(self) -> bool:
        """Whether anything changes over the epochs, so that their number is a setting."""
        return bool(self.schedule != "constant" or self.warmup_epochs or self.first_reads)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain types; functions by their names."""
        return {part.name: _plain(getattr(self, part.name)) for part in fields(self)}

    def title(self) -> str:
        """Return the optimiser and its learning rate in a line."""
        words = [] if self.optimizer == "sgd" else [_plain(self.optimizer)]
        words.append(f"learning rate {self.learning_rate:g}")
        if self.weight_decay:
            words.append(f"weight decay {self.weight_decay:g}")
        if self.schedule != "constant":
            words.append(f"schedule {_plain(self.schedule)}")
        return ", ".join(words)


def _plain(value: Any) -> Any:
    if not callable(value):
        return list(value) if isinstance(value, tuple) else value
    name = getattr(value, "__qualname__", None)
    return f"{value.__module__}.{name}" if name else repr(value)


def make_optimizer(settings: TrainingSettings, parameters: Iterable[Tensor]) -> Optimizer:
    """Return the optimiser of the settings; raises SmtjError if it cannot be made."""
    options: dict[str, Any] = {"lr": settings.learning_rate}
    if settings.weight_decay is not None:
        options["weight_decay"] = settings.weight_decay
    factory = settings.optimizer
    if isinstance(factory, str):
        factory = partial(getattr(torch.optim, OPTIMIZERS[factory]), fused=True)
        if settings.optimizer == "sgd":
            options["momentum"] = settings.momentum
    try:
        optimizer = factory(list(parameters), **options)
        inspect.signature(optimizer.step).bind()
    except (AttributeError, TypeError, ValueError) as error:
        raise SmtjError(
            f"optimizer {_plain(settings.optimizer)} cannot be used: {error}; give a class of "
            "torch.optim, or a function of (parameters, lr=…) that returns one"
        ) from error
    return optimizer


def make_scheduler(
    settings: TrainingSettings, optimizer: Optimizer, batches: int
) -> LRScheduler | None:
    """Return the schedule of the learning rate, stepped after each of a number of batches an epoch.

    None for a constant rate.  Raises SmtjError if it cannot be made.
    """
    total, warm = (settings.epochs or 0) * batches, settings.warmup_epochs * batches
    schedules: list[LRScheduler] = []
    match settings.schedule:
        case "one-cycle":
            # It begins with a warm-up of its own.
            start = warm / total if warm else 0.3
            return lr_scheduler.OneCycleLR(
                optimizer, settings.learning_rate, total, pct_start=start, cycle_momentum=False
            )
        case "step":
            milestones = [total // 2, total * 3 // 4]
            schedules.append(lr_scheduler.MultiStepLR(optimizer, milestones))
        case "cosine":
            schedules.append(lr_scheduler.CosineAnnealingLR(optimizer, total))
        case "constant":
            pass
        case factory:
            try:
                schedules.append(factory(optimizer, total))
                inspect.signature(schedules[0].step).bind()
            except (AttributeError, TypeError, ValueError) as error:
                raise SmtjError(
                    f"schedule {_plain(factory)} cannot be used: {error}; give a function of the "
                    "optimizer and the number of batches that returns a schedule of "
                    "torch.optim.lr_scheduler"
                ) from error
    if warm:
        schedules.append(lr_scheduler.LinearLR(optimizer, 1 / (warm + 1), total_iters=warm))
    return lr_scheduler.ChainedScheduler(schedules, optimizer) if schedules else None

"""The accuracy of one chip under one condition, on images whose part that all share is done."""

import copy
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from smtj.chips.conditions import QUANTITIES, Condition
from smtj.chips.replay import Replay
from smtj.errors import SmtjError
from smtj.nn.layer.chip import install, junction_layers_by_name, sample_chip
from smtj.nn.layer.configure import reset_state, set_conditions, set_readout
from smtj.nn.layer.neuron import MTJNeuron
from smtj.nn.reads.kernels import PARALLEL_FROM
from smtj.nn.reads.scheme import DigitalReads
from smtj.nn.training.trainer import count_correct

KEPT_BYTES = 2**30
"""Most memory that the shared part of all images may take; beyond, it is computed anew."""
_CONDITIONS = ("bias_voltage", "temperature", "age", "field_limit")
_ALONE = threading.RLock()
"""PyTorch's number of threads belongs to the process."""


@dataclass(frozen=True)
class Task:
    """What is needed to evaluate any chip of a study; travels to the workers."""

    model: nn.Module
    images: Tensor
    labels: Tensor
    seed: int


class Workpiece:
    """A model whose chip and conditions are changed, and which knows its own.

    Raises
    ------
    SmtjError
        The model has no junctions.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.layers = junction_layers_by_name(model)
        self._variability = {name: m.variability for name, m in self.layers.items()}
        self._own = {name: _snapshot(m) for name, m in self.layers.items()}

    def become(self, chip_seed: int, condition: Condition) -> None:
        """Draw a chip, put it in, and set what a condition names; all else is the model's own.

        Raises
        ------
        SmtjError
            The condition is not possible for the model's card.
        """
        self._restore()
        scales = _scales(condition)
        drawn_from = {name: v.scaled(**scales) for name, v in self._variability.items()}
        install(sample_chip(self.model, chip_seed, drawn_from), self.model)
        settings = {name: float(condition[name]) for name in _CONDITIONS if name in condition}
        if settings:
            set_conditions(self.model, **settings)
        if "reads" in condition:
            set_readout(self.model, eval_reads=condition["reads"])  # type: ignore[arg-type]
        if "noise_correlation_time" in condition:
            for module in self.layers.values():
                module.noise_correlation_time = float(condition["noise_correlation_time"])
        if "read_interval" in condition:
            interval = float(condition["read_interval"])
            for module in self.layers.values():
                own = module.scheme or DigitalReads(interval)
                module.scheme = replace(own, interval=interval)

    def _restore(self) -> None:
        for name, module in self.layers.items():
            own = self._own[name]
            coupling: Any = module.coupling
            if "limit" in own:
                coupling.limit = own["limit"]
            module.eval_reads = own["eval_reads"]
            module.noise_correlation_time = own["noise_correlation_time"]
            module.scheme = own["scheme"]
            module.set_bias(own["bias_voltage"], own["temperature"], own["age"])


def check_conditions(model: nn.Module, conditions: Iterable[Condition]) -> None:
    """Refuse conditions that are not possible for a model, before any is evaluated.

    Raises
    ------
    SmtjError
        One is not.
    """
    piece = Workpiece(copy.deepcopy(model))
    for condition in conditions:
        piece.become(0, condition)


class Evaluator:
    """Evaluates chips of one network, one after the other.

    Parameters
    ----------
    task
        A network in evaluation mode on the CPU, which is changed, its test images, shape
        (count, ...), and labels, shape (count,), and the seed of the study.

    Raises
    ------
    SmtjError
        The network has no junctions, or images and labels do not go together.

    Notes
    -----
    Results do not depend on the number of threads: matrix products run on one, since otherwise
    their rounding would change with it, and batches are small enough that a layer's junctions do,
    too.
    """

    def __init__(self, task: Task) -> None:
        self._seed = task.seed
        self._piece = Workpiece(task.model.eval())
        if len(task.images) != len(task.labels) or not len(task.labels):
            raise SmtjError(
                f"there are {len(task.images)} images and {len(task.labels)} labels; give as many "
                "of both, at least one"
            )
        self._generator = torch.Generator()
        set_readout(task.model, generator=self._generator)
        largest = max(module.features for module in self._piece.layers.values())
        size = max(1, (PARALLEL_FROM - 1) // largest)
        self._labels = torch.split(task.labels, size)
        self._images = torch.split(task.images, size)
        with _one_thread(), torch.no_grad():
            self._replay = Replay(task.model, task.images, self._generator)
            self._kept: list[tuple[Any, ...]] | None = None
            one = self._replay.before(self._images[0])
            if _bytes(one) * len(self._images) <= KEPT_BYTES:
                self._kept = [one, *(self._replay.before(part) for part in self._images[1:])]

    @property
    def shares_work(self) -> bool:
        """Whether what stands before the junctions is computed once for all chips."""
        return self._replay.shared

    def own_accuracy(self) -> float:
        """Return the share of images that the chip which the network has recognises."""
        with _one_thread(), torch.no_grad():
            self._generator.manual_seed(_key(self._seed, 0, "own chip"))
            return self._recognised()

    def accuracy(self, chip: int, condition: Condition) -> float:
        """Return the share of images that a chip recognises under a condition.

        Parameters
        ----------
        chip
            Number of the chip, from 0; under all conditions it has the same random numbers.
        condition
            What differs from the model's own variability, conditions and reads.

        Raises
        ------
        SmtjError
            The condition is not possible for the model's card.
        """
        with _one_thread(), torch.no_grad():
            self._piece.become(_key(self._seed, chip, "chip"), condition)
            self._generator.manual_seed(_key(self._seed, chip, _named(condition)))
            return self._recognised()

    def _recognised(self) -> float:
        # A stream of images begins anew on every chip.
        reset_state(self._piece.model)
        right = 0
        batches = self._kept or (self._replay.before(part) for part in self._images)
        for values, labels in zip(batches, self._labels, strict=True):
            right += count_correct(self._replay.after(values), labels, self._generator)
        return right / sum(map(len, self._labels))


def _snapshot(module: MTJNeuron) -> dict[str, Any]:
    limit = {"limit": module.coupling.limit} if hasattr(module.coupling, "limit") else {}
    return {
        "bias_voltage": module.bias_voltage.clone(),
        "temperature": float(module.temperature),
        "age": float(module.age),
        "eval_reads": module.eval_reads,
        "noise_correlation_time": module.noise_correlation_time,
        "scheme": module.scheme,
        **limit,
    }


def _scales(condition: Condition) -> dict[str, float]:
    """Entries of a variability that a condition changes."""
    scales = {
        name: float(value)
        for name, value in condition.items()
        if QUANTITIES[name].source and name != "stuck_fraction"
    }
    if "stuck_fraction" in condition:
        half = float(condition["stuck_fraction"]) / 2
        scales |= {"stuck_high": half, "stuck_low": half}
    return scales


def _named(condition: Condition) -> str:
    return ",".join(f"{name}={condition[name]!r}" for name in sorted(condition))


def _key(seed: int, chip: int, name: str) -> int:
    """A number of its own for every chip and purpose, of 63 bits as PyTorch takes it."""
    words = np.random.SeedSequence([seed, chip, *name.encode()]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def _bytes(values: tuple[Any, ...]) -> int:
    return sum(v.numel() * v.element_size() for v in values if isinstance(v, Tensor))


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread for PyTorch, and no other thread of this process in between."""
    with _ALONE:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

"""The accuracy of one chip under one condition."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from smtj.card import Card
from smtj.chips.conditions import QUANTITIES, READ_SOURCES, Condition
from smtj.chips.replay import Replay
from smtj.errors import SmtjError
from smtj.nn.devices.variation import Variability
from smtj.nn.layer.chip import install, sample_chip
from smtj.nn.layer.configure import reset_state, set_conditions, set_readout
from smtj.nn.layer.neuron import MTJNeuron, junction_layers
from smtj.nn.reads.kernels import PARALLEL_FROM, one_thread
from smtj.nn.reads.scheme import DigitalReads
from smtj.nn.training.trainer import count_correct
from smtj.physics.readout.signal import read_signal
from smtj.physics.readout.spread import stuck_fractions

CACHE_BYTES = 2**30
"""Maximum memory for the shared part of all images; beyond, it is recomputed."""
_CONDITIONS = ("bias_voltage", "temperature", "age", "field_limit")


@dataclass(frozen=True)
class Task:
    """Network and test images of a study, as sent to the workers."""

    model: nn.Module
    images: Tensor
    labels: Tensor
    seed: int


class ConfigurableModel:
    """A model whose chip and conditions can be changed and then restored."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.layers = junction_layers(model)
        self._variability = {name: m.variability for name, m in self.layers.items()}
        self._own = {name: _snapshot(m) for name, m in self.layers.items()}

    def configure(self, chip_seed: int, condition: Condition) -> None:
        """Install a sampled chip and apply a condition; all else is the model's own."""
        self._restore()
        scales = _scales(condition)
        variability = {
            name: _with_missed_thresholds(v.scaled(**scales), self.layers[name].card, condition)
            for name, v in self._variability.items()
        }
        install(sample_chip(self.model, chip_seed, variability), self.model)
        changes = {name: float(condition[name]) for name in _CONDITIONS if name in condition}
        if changes:
            set_conditions(self.model, **changes)
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
    """Raise an error if a condition is impossible for a model, before any is evaluated."""
    piece = ConfigurableModel(copy.deepcopy(model))
    for condition in conditions:
        piece.configure(0, condition)


class Evaluator:
    """Evaluates chips of one network in turn; the network, on the CPU, is modified.

    Results do not depend on the number of threads: matrix products run on one thread, since their
    rounding depends on the number, and batches are small enough that junctions do, too.
    """

    def __init__(self, task: Task) -> None:
        self._seed = task.seed
        self._piece = ConfigurableModel(task.model.eval())
        if len(task.images) != len(task.labels) or not len(task.labels):
            raise SmtjError(
                f"there are {len(task.images)} images and {len(task.labels)} labels; "
                "give one label per image, and at least one image"
            )
        self._generator = torch.Generator()
        set_readout(task.model, generator=self._generator)
        largest = max(module.features for module in self._piece.layers.values())
        size = max(1, (PARALLEL_FROM - 1) // largest)
        self._labels = torch.split(task.labels, size)
        self._images = torch.split(task.images, size)
        with one_thread(), torch.no_grad():
            self._replay = Replay(task.model, task.images, self._generator)
            self._cached: list[tuple[Any, ...]] | None = None
            one = self._replay.before(self._images[0])
            if _bytes(one) * len(self._images) <= CACHE_BYTES:
                self._cached = [one, *(self._replay.before(part) for part in self._images[1:])]

    @property
    def shares_work(self) -> bool:
        """Whether the part before the junctions is computed once for all chips."""
        return self._replay.shared

    def accuracy(self, chip: int, condition: Condition) -> float:
        """Return the fraction of images that a chip classifies correctly under a condition.

        ``chip`` counts from 0 and has the same random numbers under all conditions; ``condition``
        names what differs from the model's own variability, conditions and reads.
        """
        with one_thread(), torch.no_grad():
            self._piece.configure(_key(self._seed, chip, "chip"), condition)
            self._generator.manual_seed(_key(self._seed, chip, _text(condition)))
            return self._accuracy()

    def _accuracy(self) -> float:
        # Every chip starts a new stream of images.
        reset_state(self._piece.model)
        right = 0
        batches = self._cached or (self._replay.before(part) for part in self._images)
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
    """Return the entries of a variability that a condition changes."""
    scales = {
        name: float(value)
        for name, value in condition.items()
        if QUANTITIES[name].source and name not in ("stuck_fraction", *READ_SOURCES)
    }
    if "stuck_fraction" in condition:
        half = float(condition["stuck_fraction"]) / 2
        scales |= {"stuck_high": half, "stuck_low": half}
    return scales


def _with_missed_thresholds(
    variability: Variability, card: Card, condition: Condition
) -> Variability:
    """Return a variability whose stuck devices include those that miss the reads' threshold."""
    spreads = [float(condition.get(name, 0.0)) for name in READ_SOURCES]
    if not any(spreads):
        return variability
    high, low = stuck_fractions(read_signal(card, card.read_voltage), *spreads)
    working = 1 - variability.stuck_high - variability.stuck_low
    return variability.scaled(
        stuck_high=variability.stuck_high + working * float(high),
        stuck_low=variability.stuck_low + working * float(low),
    )


def _text(condition: Condition) -> str:
    return ",".join(f"{name}={condition[name]!r}" for name in sorted(condition))


def _key(seed: int, chip: int, name: str) -> int:
    """Return a 63-bit seed for a chip and a purpose."""
    words = np.random.SeedSequence([seed, chip, *name.encode()]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def _bytes(values: tuple[Any, ...]) -> int:
    return sum(v.numel() * v.element_size() for v in values if isinstance(v, Tensor))

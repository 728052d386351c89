"""A study: the chips, the conditions, and the table of their accuracies."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from smtj.chips.conditions import READ_SOURCES, Condition, Vary, grid, quantity_of
from smtj.errors import SmtjError
from smtj.nn.devices.distributions import Source
from smtj.nn.devices.variation import SOURCE_TARGETS, Variability
from smtj.nn.layer.neuron import MTJNeuron, neurons_of

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 16
"""Evaluations that are run and saved together."""


@dataclass(frozen=True)
class Study:
    """Every chip from 0 under every condition; the same seed gives the same table."""

    chips: int
    conditions: tuple[Condition, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (isinstance(self.chips, int) and self.chips >= 1):
            raise SmtjError(f"chips is {self.chips}; it must be a whole number from 1")
        if not (isinstance(self.seed, int) and self.seed >= 0):
            raise SmtjError(f"seed is {self.seed}; it must be a whole number from 0")

    @classmethod
    def of(cls, chips: int, vary: Vary | None = None, seed: int = 0) -> "Study":
        """Return the study of so many chips under the conditions of a grid."""
        return cls(chips, tuple(grid(vary or {})), seed)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the varied quantities, in order."""
        return tuple(dict.fromkeys(name for part in self.conditions for name in part))

    @property
    def evaluations(self) -> int:
        """Chips times conditions."""
        return self.chips * len(self.conditions)

    @property
    def blocks(self) -> int:
        """Blocks of evaluations."""
        return -(-self.evaluations // BLOCK)

    def block(self, number: int) -> list[tuple[int, Condition]]:
        """Return the evaluations of a block, chip and condition; conditions run fastest."""
        first = number * BLOCK
        numbers = range(first, min(first + BLOCK, self.evaluations))
        count = len(self.conditions)
        return [(k // count, self.conditions[k % count]) for k in numbers]

    def frame(self, accuracies: Sequence[float], own: Mapping[str, float]) -> "pd.DataFrame":
        """Return the table of a study from the accuracies of all evaluations in order.

        Columns are ``chip`` and ``condition``, counted from 0, one column per varied quantity in SI
        units (reads are infinite for the expected value; ``own`` where a condition does not name
        the quantity), and ``accuracy``.  The units are in ``attrs["units"]``.
        """
        import pandas as pd

        count = len(self.conditions)
        columns: dict[str, Any] = {
            "chip": [k // count for k in range(self.evaluations)],
            "condition": [k % count for k in range(self.evaluations)],
        }
        for name in self.names:
            values = [_number(part.get(name, own.get(name, math.nan))) for part in self.conditions]
            columns[name] = values * self.chips
        table = pd.DataFrame({**columns, "accuracy": list(accuracies)})
        table.attrs["units"] = {name: quantity_of(name).unit for name in self.names}
        return table


def own_values(model: nn.Module) -> dict[str, float]:
    """Return a model's value of every quantity that can be varied, NaN where layers differ."""
    values: dict[str, set[float]] = {}
    for module in neurons_of(model).values():
        for name, value in _own(module).items():
            values.setdefault(name, set()).add(value)
    return {name: v.pop() if len(v) == 1 else math.nan for name, v in values.items()}


def _own(module: MTJNeuron) -> dict[str, float]:
    spread = module.variability
    stuck = spread.stuck_high, spread.stuck_low
    voltage = module.bias_voltage
    tau = module.noise_correlation_time
    limit = getattr(module.coupling, "limit", math.nan)
    return {
        **{name: getattr(spread, name).scale for name in SOURCE_TARGETS},
        "magnetic_noise": spread.magnetic_noise,
        "stuck_high": stuck[0],
        "stuck_low": stuck[1],
        **dict.fromkeys(READ_SOURCES, 0.0),
        "stuck_fraction": sum(stuck) if stuck[0] == stuck[1] else math.nan,
        "temperature": float(module.temperature),
        "bias_voltage": float(voltage) if voltage.numel() == 1 else math.nan,
        "age": float(module.age),
        "field_limit": float(limit) if not isinstance(limit, Tensor) else math.nan,
        "noise_correlation_time": math.inf if tau is None else tau,
        "reads": _number(module.eval_reads),
        "read_interval": math.inf if module.scheme is None else module.scheme.interval,
    }


def _number(value: float | str) -> float:
    """Return a value as a number."""
    return math.inf if value == "expected" else float(value)


def fingerprint(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, str]:
    """Return check sums of a network and its test images, which identify a study."""
    network = hashlib.sha256(f"{model}{sorted(own_values(model).items())}".encode())
    for name, values in model.state_dict().items():
        network.update(name.encode())
        if isinstance(values, Tensor):
            network.update(_content(values))
    for module in neurons_of(model).values():
        network.update(module.card.to_toml().encode())
        network.update(_text(module.variability).encode())
    data = hashlib.sha256(_content(images))
    data.update(_content(labels))
    return {"network": network.hexdigest(), "images": data.hexdigest()}


def _text(variability: Variability) -> str:
    parts = []
    for entry in fields(variability):
        value = getattr(variability, entry.name)
        shown = (value.law, value.scale) if isinstance(value, Source) else value
        parts.append(f"{entry.name}={shown!r}")
    return ",".join(parts)


def _content(values: Tensor) -> bytes:
    plain = values.detach().cpu().contiguous().reshape(-1)
    head = f"{values.dtype}{tuple(values.shape)}".encode()
    return head + plain.view(torch.uint8).numpy().tobytes()

"""A layer of junctions in place of an activation function, scaled to answer as that one did."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from smtj.card import DeviceCard
from smtj.nn.layer.neuron import MTJNeuron


@dataclass(frozen=True)
class ScaledSigmoid:
    """base + height · σ(gain · x + shift), with σ(x) = 1/(1 + e^-x): what stands for an activation.

    The junctions give σ; gain and shift belong to their drive, height and base to what follows.
    """

    gain: float = 1.0
    shift: float = 0.0
    height: float = 1.0
    base: float = 0.0

    def __str__(self) -> str:
        x = "x" if self.gain == 1 else f"{self.gain:.3g} x"
        x += f" {_signed(self.shift)}" if self.shift else ""
        text = f"σ({x})" if self.height == 1 else f"{self.height:.3g} σ({x})"
        return text + (f" {_signed(self.base)}" if self.base else "")


def _signed(number: float) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number):.3g}"


EXACT: dict[type[nn.Module], ScaledSigmoid] = {
    nn.Sigmoid: ScaledSigmoid(),
    # tanh(x) = 2 σ(2x) - 1
    nn.Tanh: ScaledSigmoid(gain=2.0, height=2.0, base=-1.0),
}
"""Activations that are a scaled sigmoid."""

ACTIVATIONS: dict[type[nn.Module], ScaledSigmoid] = {
    **EXACT,
    # Of the same value and slope at zero; up to 0.12 apart, at the corners of the straight line.
    nn.Hardsigmoid: ScaledSigmoid(gain=2 / 3),
}
"""Activations that conversion replaces unasked: those above, and what stands for a sigmoid."""


@dataclass(frozen=True)
class Unconverted:
    """An activation that conversion did not replace."""

    name: str
    """Where it is in the model."""
    what: str
    """Its kind."""
    why: str
    """The reason."""


@dataclass(frozen=True)
class Conversion:
    """What a conversion did not do."""

    left: tuple[Unconverted, ...] = ()
    note: str = ""
    """A sentence on what became of the model as a whole, if there is something to say."""


class MTJActivation(MTJNeuron):
    """Junctions in place of an activation function; :func:`smtj.nn.convert` makes them.

    Parameters
    ----------
    card, features
        As of :class:`smtj.nn.MTJNeuron`.
    digital
        The activation module that it replaces; :func:`smtj.nn.to_digital` puts it back.
    scaled
        What stands for the activation.
    options
        Further keywords of :class:`smtj.nn.MTJNeuron`.
    """

    def __init__(
        self,
        card: DeviceCard,
        features: int | tuple[int, ...],
        digital: nn.Module,
        scaled: ScaledSigmoid,
        **options: Any,
    ) -> None:
        super().__init__(card, features, **options)
        self.digital = digital
        self.scaled = scaled
        self.conversion = Conversion()
        """What else became of the model."""

    def forward(self, x: Tensor) -> Tensor:
        """Return base + height · read-outs, for inputs of shape (..., features)."""
        s = self.scaled
        if s.gain != 1 or s.shift != 0:
            x = s.gain * x + s.shift
        outputs = super().forward(x)
        return outputs if s.height == 1 and s.base == 0 else s.base + s.height * outputs

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows of this layer."""
        return f"{super().extra_repr()}, answers {self.scaled}"


class Probe(nn.Module):
    """An activation in a model that is about to be converted: works as ever, and takes notes."""

    def __init__(self, digital: nn.Module) -> None:
        super().__init__()
        self.digital = digital
        self.calls = 0
        self.why_left = ""
        """A reason not to replace it, if there is one."""
        self.shape = torch.Size()
        self.like = torch.empty(0)

    @property
    def inplace(self) -> bool:
        """Whether the activation overwrites its input."""
        return bool(getattr(self.digital, "inplace", False))

    def forward(self, x: Tensor) -> Tensor:
        """Return what the activation returns."""
        self.calls += 1
        self.shape, self.like = x.shape, x.new_empty(0)
        outputs: Tensor = self.digital(x)
        return outputs

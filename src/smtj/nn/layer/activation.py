"""A layer of junctions in place of an activation function, scaled to match it."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from smtj.card import CardLike
from smtj.nn.layer.neuron import MTJNeuron


@dataclass(frozen=True)
class ScaledSigmoid:
    """base + height · σ(gain · x + shift), with σ(x) = 1/(1 + e^-x): replaces an activation.

    The junctions provide σ; gain and shift belong to their drive, height and base are digital.

    Examples
    --------
    >>> print(ScaledSigmoid(gain=2, height=2, base=-1))  # tanh
    2 σ(2 x) - 1
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
    # Same value and slope at zero; up to 0.12 apart, at the corners of the straight line.
    nn.Hardsigmoid: ScaledSigmoid(gain=2 / 3),
}
"""Activations that conversion replaces by default."""


@dataclass(frozen=True)
class Unconverted:
    """An activation that was not replaced."""

    name: str
    """Its name in the model."""
    kind: str
    reason: str


@dataclass(frozen=True)
class Conversion:
    """What a conversion left unconverted."""

    left: tuple[Unconverted, ...] = ()
    note: str = ""
    """A sentence about the model as a whole, if needed."""


class MTJActivation(MTJNeuron):
    """base + height · P(high) at gain · x + shift: junctions in place of an activation function.

    Input and output have the shape of the activation's; :func:`smtj.nn.convert` inserts them.

    Parameters
    ----------
    card, features, options
        As in :class:`smtj.nn.MTJNeuron`.
    digital
        The activation module that it replaces; :func:`smtj.nn.to_digital` restores it.
    scaled
        The scaled sigmoid in place of the activation.

    Examples
    --------
    >>> tanh = ScaledSigmoid(gain=2, height=2, base=-1)
    >>> ideal = {"reads": "expected", "noise": False, "chip_seed": None}
    >>> layer = MTJActivation("cai2019", 3, nn.Tanh(), tanh, **ideal)
    >>> x = torch.randn(5, 3)
    >>> torch.allclose(layer(x), torch.tanh(x), atol=1e-5)
    True
    """

    def __init__(
        self,
        card: CardLike,
        features: int | tuple[int, ...],
        digital: nn.Module,
        scaled: ScaledSigmoid,
        **options: Any,
    ) -> None:
        super().__init__(card, features, **options)
        self.digital = digital
        self.scaled = scaled
        self.conversion = Conversion()
        """What the conversion left unconverted."""

    def forward(self, x: Tensor) -> Tensor:
        """Return base + height · read-outs, for inputs of shape (..., features)."""
        s = self.scaled
        if s.gain != 1 or s.shift != 0:
            x = s.gain * x + s.shift
        outputs = super().forward(x)
        return outputs if s.height == 1 and s.base == 0 else s.base + s.height * outputs

    def extra_repr(self) -> str:
        """Return the text of ``print(model)``."""
        return f"{super().extra_repr()}, answers {self.scaled}"


class Probe(nn.Module):
    """An activation in a model that is being converted: works as before and records its calls."""

    def __init__(self, digital: nn.Module) -> None:
        super().__init__()
        self.digital = digital
        self.calls = 0
        self.reason = ""
        """The reason not to replace it, if any."""
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

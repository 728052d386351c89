"""What of a model is junctions, and what is not."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn
from torch.nn.modules import activation

from smtj.nn.layer.activation import EXACT, Conversion, MTJActivation, Unconverted
from smtj.nn.layer.neuron import MTJNeuron
from smtj.nn.reads.scheme import Reads

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class LayerOfDevices:
    """One layer of junctions."""

    name: str
    replaces: str
    """The activation it stands for; empty if it was there from the start."""
    answers: str
    """What it answers with the nominal device and many reads, ≈ where that is another function."""
    shape: tuple[int, ...]
    """Last dimensions of its input, a device for every entry."""
    devices: int
    card: str
    reads: Reads
    """Reads of every device in training."""
    eval_reads: Reads
    """Reads of every device in evaluation."""
    voltage: str
    """Bias voltage for people, its range where neurons differ."""


@dataclass(frozen=True)
class ConversionSummary:
    """The junctions of a model and the activations without; ``print`` shows it as tables."""

    layers: tuple[LayerOfDevices, ...]
    left: tuple[Unconverted, ...]
    note: str
    """A sentence on what became of the model, if there is something to say."""

    @property
    def devices(self) -> int:
        """Devices of all layers."""
        return sum(layer.devices for layer in self.layers)

    @property
    def reads(self) -> int:
        """Reads for one input in training; expected values count as none."""
        return _total(self.layers, [layer.reads for layer in self.layers])

    @property
    def eval_reads(self) -> int:
        """Reads for one input in evaluation; expected values count as none."""
        return _total(self.layers, [layer.eval_reads for layer in self.layers])

    def __rich__(self) -> "RenderableType":
        """Return the tables that Rich prints."""
        from rich import box
        from rich.console import Group
        from rich.markup import escape
        from rich.table import Table

        made = Table(
            title="Layers of devices", title_justify="left", box=box.SIMPLE_HEAD, show_footer=True
        )
        made.add_column("name", "total", overflow="fold")
        made.add_column("for")
        made.add_column("answers")
        made.add_column("card")
        made.add_column("shape", justify="right")
        made.add_column("devices", f"{self.devices:,}", justify="right")
        made.add_column("reads", f"{self.reads:,}", justify="right")
        made.add_column("eval reads", f"{self.eval_reads:,}", justify="right")
        made.add_column("bias")
        for layer in self.layers:
            made.add_row(
                escape(layer.name),
                escape(layer.replaces),
                layer.answers,
                layer.card,
                "×".join(str(size) for size in layer.shape),
                f"{layer.devices:,}",
                str(layer.reads),
                str(layer.eval_reads),
                layer.voltage,
            )
        parts: list[RenderableType] = [made]
        if self.left:
            rest = Table(title="Left as it was", title_justify="left", box=box.SIMPLE_HEAD)
            for column in ("name", "activation", "why"):
                rest.add_column(column, overflow="fold")
            for part in self.left:
                rest.add_row(escape(part.name), escape(part.what), escape(part.why))
            parts.append(rest)
        if self.note:
            parts.append(escape(self.note))
        return Group(*parts)

    def __str__(self) -> str:
        """Return the tables as text."""
        from rich.console import Console

        console = Console(file=io.StringIO(), width=120)
        console.print(self)
        assert isinstance(console.file, io.StringIO)
        return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def summary(model: nn.Module) -> ConversionSummary:
    """List a model's layers of junctions, and its activations that are none.

    Parameters
    ----------
    model
        A converted model or any other.

    Returns
    -------
    ConversionSummary
        Layers with devices and reads counted; activations that were left, and why.  Calls of
        activation functions are known of a converted model alone.
    """
    layers, conversion = [], Conversion()
    for name, module in model.named_modules():
        if not isinstance(module, MTJNeuron):
            continue
        replaces, answers = "", "σ(x)"
        if isinstance(module, MTJActivation):
            conversion = module.conversion
            kind = type(module.digital)
            replaces = kind.__name__
            answers = f"{'' if EXACT.get(kind) == module.scaled else '≈ '}{module.scaled}"
        layers.append(
            LayerOfDevices(
                name,
                replaces,
                answers,
                module.shape,
                module.features,
                module.card.name,
                module.reads,
                module.eval_reads,
                module.format_voltage(),
            )
        )
    known = {part.name for part in conversion.left}
    others = (part for part in without_devices(model) if part.name not in known)
    return ConversionSummary(tuple(layers), (*conversion.left, *others), conversion.note)


def without_devices(module: nn.Module, name: str = "") -> Iterator[Unconverted]:
    """Find PyTorch's activation modules, and layers that have activations inside."""
    kind = type(module)
    if isinstance(module, MTJNeuron):
        return
    if isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
        yield Unconverted(name, kind.__name__, "has its activations inside")
    elif kind in EXACT:
        yield Unconverted(name, kind.__name__, "not converted")
    elif kind.__module__ == activation.__name__ and kind is not nn.MultiheadAttention:
        yield Unconverted(name, kind.__name__, "not like a sigmoid")
    for attribute, child in module.named_children():
        yield from without_devices(child, f"{name}.{attribute}" if name else attribute)


def _total(layers: tuple[LayerOfDevices, ...], reads: list[Reads]) -> int:
    return sum(
        layer.devices * count
        for layer, count in zip(layers, reads, strict=True)
        if count != "expected"
    )

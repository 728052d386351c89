"""List a model's layers of junctions and its unconverted activations."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn
from torch.nn.modules import activation

from smtj.nn.layer.activation import EXACT, Conversion, MTJActivation, Unconverted
from smtj.nn.layer.neuron import MTJNeuron
from smtj.nn.reads.scheme import Reads
from smtj.tables import Table, Tabular


@dataclass(frozen=True)
class DeviceLayer:
    """One layer of junctions."""

    name: str
    replaces: str
    """The activation it replaces; empty if the layer was not converted."""
    response: str
    """The ideal response of the nominal device, with ≈ if it differs from the activation."""
    shape: tuple[int, ...]
    """Last dimensions of its input, one device per entry."""
    devices: int
    card: str
    reads: Reads
    """Reads per device in training."""
    eval_reads: Reads
    """Reads per device in evaluation."""
    voltage: str
    """Bias voltage as text, a range if neurons differ."""


@dataclass(frozen=True, repr=False)
class ConversionSummary(Tabular):
    """The junctions of a model and its other activations; it prints as a table."""

    layers: tuple[DeviceLayer, ...]
    left: tuple[Unconverted, ...]
    note: str
    """A sentence about the model as a whole, if needed."""

    @property
    def devices(self) -> int:
        """Number of devices."""
        return sum(layer.devices for layer in self.layers)

    @property
    def reads(self) -> int:
        """Reads per input in training; expected values count as none."""
        return sum(part.devices * part.reads for part in self.layers if part.reads != "expected")

    @property
    def eval_reads(self) -> int:
        """Reads per input in evaluation; expected values count as none."""
        return sum(
            part.devices * part.eval_reads for part in self.layers if part.eval_reads != "expected"
        )

    def table(self) -> Table:
        """Return one row per layer of junctions; notes name the unconverted activations."""
        rows = [
            (
                layer.name,
                layer.replaces,
                layer.response,
                layer.card,
                "×".join(map(str, layer.shape)),
                f"{layer.devices:,}",
                str(layer.reads),
                str(layer.eval_reads),
                layer.voltage,
            )
            for layer in self.layers
        ]
        total = (f"{self.devices:,}", f"{self.reads:,}", f"{self.eval_reads:,}", "")
        rows.append(("total", "", "", "", "", *total))
        notes = [f"not converted: {part.kind} {part.name}, {part.reason}" for part in self.left]
        head = (
            "name",
            "for",
            "response",
            "card",
            "shape",
            "devices",
            "reads",
            "eval reads",
            "bias",
        )
        return Table("Layers of devices", head, rows, [*notes, *filter(None, [self.note])])

    def to_dict(self) -> dict[str, Any]:
        """Return layers and unconverted activations as plain JSON types."""
        record = asdict(self)
        for layer in record["layers"]:
            layer["shape"] = list(layer["shape"])
        return {**record, "layers": list(record["layers"]), "left": list(record["left"])}


def summary(model: nn.Module) -> ConversionSummary:
    """List a model's layers of junctions and its other activations.

    Calls of activation functions are known only for a converted model.
    """
    layers, conversion = [], Conversion()
    for name, module in model.named_modules():
        if not isinstance(module, MTJNeuron):
            continue
        replaces, response = "", "σ(x)"
        if isinstance(module, MTJActivation):
            conversion = module.conversion
            kind = type(module.digital)
            replaces = kind.__name__
            response = f"{'' if EXACT.get(kind) == module.scaled else '≈ '}{module.scaled}"
        layers.append(
            DeviceLayer(
                name,
                replaces,
                response,
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
    """Find PyTorch's activation modules, and layers that contain activations."""
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

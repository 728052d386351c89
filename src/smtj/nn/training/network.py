"""The networks of Fig. 3(a): fully connected, with junctions or sigmoids as neurons."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from smtj.card import Card, load_card_text
from smtj.errors import SmtjError
from smtj.files import write_whole
from smtj.nn.checkpoint import FORMAT, read_saved, require_finite, understanding
from smtj.nn.drive.coupling import Standardised, calibrated, matched
from smtj.nn.drive.voltage import voltage_coupling
from smtj.nn.layer.adaptive import Per, make_adaptive
from smtj.nn.layer.neuron import MTJNeuron
from smtj.nn.reads.scheme import DigitalReads, Reads
from smtj.physics.voltage_response import occupancies, voltage_response
from smtj.units import format_quantity

MIN_SWING = 0.25
"""Least change of P(high) by the voltage that drives a network."""
_CHOICES = {
    "neuron": ("mtj", "sigmoid"),
    "readout": ("device", "linear"),
    "coupling": ("calibrated", "matched"),
    "drive": ("field", "voltage"),
}


@dataclass(frozen=True)
class NetworkSettings:
    """The architecture of a network, apart from the device."""

    sizes: tuple[int, ...]
    """Neurons per layer, inputs first; (784, 400, 10) in the paper."""
    neuron: Literal["mtj", "sigmoid"] = "mtj"
    readout: Literal["device", "linear"] = "device"
    """Whether output neurons are devices too, as in the paper, or the largest sum decides."""
    coupling: Literal["calibrated", "matched"] = "calibrated"
    """Coupling of hidden neurons; output neurons are always matched."""
    drive: Literal["field", "voltage"] = "field"
    """What the sums set: the field at each junction, or the voltage across it."""
    drive_field: float = 0.0
    """Constant field in A/m where voltages drive them, along the card's drive."""
    reads: Reads = 16
    """Reads in training."""
    eval_reads: Reads = 16
    """Reads in evaluation."""
    noise: bool = True
    """Whether magnetic noise acts."""
    variation: bool = True
    """Whether devices differ."""
    chip_seed: int = 0
    """Seed of the chip, if devices differ."""
    adaptive: Per | None = None
    """What learns its own bias voltage."""
    interval: float | None = None
    """Time between reads in s, of devices that remember the last image; None for devices in
    equilibrium, however long that takes."""

    def __post_init__(self) -> None:
        """Check sizes and options."""
        if len(self.sizes) < 2 or not all(
            isinstance(size, int) and size >= 1 for size in self.sizes
        ):
            raise SmtjError(f"sizes is {self.sizes}; it must be two or more positive integers")
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise SmtjError(
                    f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(values)}"
                )
        if self.adaptive is not None and self.neuron != "mtj":
            raise SmtjError("adaptive needs MTJ neurons; a sigmoid has no bias voltage")
        if self.drive == "voltage" and (self.adaptive is not None or self.neuron != "mtj"):
            raise SmtjError(
                "drive is voltage, which needs MTJ neurons and leaves no bias voltage to learn; "
                "leave adaptive out"
            )
        if self.interval is not None and self.neuron != "mtj":
            raise SmtjError("interval needs MTJ neurons; a sigmoid is not read")
        if self.drive != "voltage" and self.drive_field:
            raise SmtjError("drive_field is the constant field of drive=voltage; leave it out")

    @classmethod
    def from_mapping(cls, data: dict[str, Any]) -> Self:
        """Return the settings of a mapping from JSON."""
        return cls(**{**data, "sizes": tuple(data["sizes"])})


def build_network(settings: NetworkSettings, card: Card, seed: int) -> nn.Sequential:
    """Build a network with PyTorch's default initial weights from a seed.

    Networks that differ only in their neurons get the same weights.  The last layer is linear, or a
    layer of neurons for a device read-out; a sigmoid network ignores the card.
    """
    layers: list[nn.Module] = []
    # Layers use the global generator; a fork leaves the caller's stream unchanged.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pairs = list(zip(settings.sizes, settings.sizes[1:], strict=False))
        for index, (inputs, outputs) in enumerate(pairs):
            layers.append(nn.Linear(inputs, outputs))
            last = index == len(pairs) - 1
            if not (last and settings.readout == "linear"):
                layers.extend(_neurons(settings, card, outputs, index, last))
    network = nn.Sequential(*layers)
    if settings.adaptive is not None:
        make_adaptive(network, settings.adaptive)
    return network


def _neurons(
    settings: NetworkSettings, card: Card, features: int, layer: int, last: bool
) -> list[nn.Module]:
    centred = settings.coupling == "calibrated" and not last
    if settings.neuron == "sigmoid":
        return [Standardised(features), nn.Sigmoid()] if centred else [nn.Sigmoid()]
    coupling: nn.Module
    if settings.drive == "voltage":
        coupling = _by_voltage(card, features, settings.drive_field, centred)
    else:
        coupling = calibrated(card, features) if centred else matched(card, features)
    return [
        MTJNeuron(
            card,
            features,
            coupling=coupling,
            reads=settings.reads,
            scheme=None if settings.interval is None else stream_of_reads(settings.interval),
            eval_reads=settings.eval_reads,
            noise=settings.noise,
            # Each layer of a chip has its own devices.
            chip_seed=settings.chip_seed * 1000 + layer if settings.variation else None,
        )
    ]


def stream_of_reads(interval: float) -> DigitalReads:
    """Return snapshots, an interval in s apart, of devices that remember the last image."""
    return DigitalReads(interval=interval, streaming=True)


def _by_voltage(card: Card, features: int, field: float, centred: bool) -> nn.Module:
    """Return a coupling by voltage; raise SmtjError if it moves P(high) too little to learn."""
    coupling = voltage_coupling(card, features, field=field, calibrated=centred)
    low, high = occupancies(voltage_response(card, field))
    if high - low < MIN_SWING:
        raise SmtjError(
            f"the voltage of card {card.name} moves P(high) from {low:.2g} to {high:.2g} only, at "
            f"{format_quantity(field, 'A/m', 'Oe', 3)}, so neurons driven by it hardly learn; give "
            "another constant field (drive_field), a larger switching.voltage_limit, or a card "
            "with a spin torque"
        )
    return coupling


def logits_and_outputs(network: nn.Sequential, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the last layer's summed inputs and the network's outputs; equal if it is linear.

    If the last layer learns its bias voltage, the gradient at its sums reaches the voltage, too.
    """
    *hidden, last = network
    if isinstance(last, nn.Linear):
        outputs = network(x)
        return outputs, outputs
    for layer in hidden:
        x = layer(x)
    outputs = last(x)
    if isinstance(last, MTJNeuron) and last.bias is not None and last.bias.learns:
        odds = last.log_odds(x.detach())
        x = x + (odds - odds.detach())
    return x, outputs


def save_network(path: Path, network: nn.Module, settings: NetworkSettings, card: Card) -> Path:
    """Write network, chip and card to one file; see :func:`load_network`."""
    content = {
        "format": FORMAT,
        "settings": json.dumps(asdict(settings)),
        "card": card.to_toml(),
        "state": network.state_dict(),
    }
    return write_whole(path, lambda file: torch.save(content, file))


def load_network(path: Path | str) -> tuple[nn.Sequential, NetworkSettings, Card]:
    """Read a network from :func:`save_network`: the same weights, chip and card.

    Parameters
    ----------
    path
        The file, or the folder of a training.

    Returns
    -------
    tuple
        The network in evaluation mode, its settings and its card.

    Raises
    ------
    CheckpointError
        The file is missing, damaged or of another kind.
    """
    path = Path(path) / "network.pt" if Path(path).is_dir() else Path(path)
    content = read_saved(path, "a trained network", ("settings", "card", "state"))
    with understanding(path, "a trained network"):
        settings = NetworkSettings.from_mapping(json.loads(content["settings"]))
        card = load_card_text(content["card"], f"in {path}")
        _check_weights(settings, content["state"])
        network = build_network(settings, card, seed=0)
        network.load_state_dict(content["state"])
        require_finite(path, network)
    return network.eval(), settings, card


def _check_weights(settings: NetworkSettings, state: dict[str, Tensor]) -> None:
    """Raise SmtjError if sizes are not those of the weights, before they take memory."""
    # A coupling by voltage has a table of P(V).
    weights = (values for name, values in state.items() if ".coupling." not in name)
    found = [tuple(values.shape) for values in weights if values.ndim == 2]
    wanted = list(zip(settings.sizes[1:], settings.sizes, strict=False))
    if found[: len(wanted)] != wanted and sorted(found) != sorted(wanted):
        raise SmtjError(f"its weights have shapes {found}, its settings want {wanted}")

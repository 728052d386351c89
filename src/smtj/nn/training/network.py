"""The networks of Fig. 3(a): fully connected, with junctions or sigmoids as neurons."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from smtj.card import DeviceCard, load_card_text
from smtj.errors import SmtjError
from smtj.files import write_whole
from smtj.nn.checkpoint import FORMAT, read_saved
from smtj.nn.drive.coupling import Standardised, calibrated, matched
from smtj.nn.layer.adaptive import Per, make_adaptive
from smtj.nn.layer.neuron import MTJNeuron
from smtj.nn.reads.scheme import Reads


@dataclass(frozen=True)
class NetworkSettings:
    """What a network is made of, apart from the device itself."""

    sizes: tuple[int, ...]
    """Neurons of each layer, inputs first; (784, 400, 10) in the paper."""
    neuron: Literal["mtj", "sigmoid"] = "mtj"
    readout: Literal["device", "linear"] = "device"
    """Whether output neurons are devices too, as in the paper, or the class is the largest sum."""
    coupling: Literal["calibrated", "matched"] = "calibrated"
    """How hidden neurons are driven; output neurons are always matched."""
    reads: Reads = 16
    """Reads in training."""
    eval_reads: Reads = 16
    """Reads in evaluation."""
    noise: bool = True
    """Whether magnetic noise acts."""
    variation: bool = True
    """Whether the devices of the chip differ."""
    chip_seed: int = 0
    """Seed of the chip, if its devices differ."""
    adaptive: Per | None = None
    """What learns a bias voltage of its own."""

    def __post_init__(self) -> None:
        """Refuse what no network can have."""
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise SmtjError(f"sizes is {self.sizes}; it must be two or more positive numbers")
        if self.adaptive is not None and self.neuron != "mtj":
            raise SmtjError("adaptive needs neuron mtj; a sigmoid has no bias voltage")

    @classmethod
    def from_mapping(cls, data: dict[str, Any]) -> Self:
        """Make settings of what :func:`dataclasses.asdict` gave, after a trip through JSON."""
        return cls(**{**data, "sizes": tuple(data["sizes"])})


def build_network(settings: NetworkSettings, card: DeviceCard, seed: int) -> nn.Sequential:
    """Build a network with weights drawn from a seed.

    Networks that differ only in their neurons get the same weights from the same seed.

    Parameters
    ----------
    settings
        Its make-up.
    card
        The device; a sigmoid network does not use it.
    seed
        Seed of the initial weights, PyTorch's default uniform ones.

    Returns
    -------
    nn.Sequential
        Layers in turn; the last is a neuron layer for a device read-out.
    """
    layers: list[nn.Module] = []
    # The layers draw from the global generator; a fork leaves the caller's stream alone.
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
    settings: NetworkSettings, card: DeviceCard, features: int, layer: int, last: bool
) -> list[nn.Module]:
    centred = settings.coupling == "calibrated" and not last
    if settings.neuron == "sigmoid":
        return [Standardised(features), nn.Sigmoid()] if centred else [nn.Sigmoid()]
    return [
        MTJNeuron(
            card,
            features,
            coupling=calibrated(card, features) if centred else matched(card, features),
            reads=settings.reads,
            eval_reads=settings.eval_reads,
            noise=settings.noise,
            # One chip holds several layers, each with devices of its own.
            chip_seed=settings.chip_seed * 1000 + layer if settings.variation else None,
        )
    ]


def logits_and_outputs(network: nn.Sequential, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the last layer's summed inputs and the network's outputs; equal if it is linear.

    Where the last layer learns its bias voltage, the gradient at its sums reaches that too, as it
    does at its log-odds.
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


def save_network(
    path: Path, network: nn.Module, settings: NetworkSettings, card: DeviceCard
) -> Path:
    """Write network, chip and card to one file, whole or not at all; see :func:`load_network`."""
    content = {
        "format": FORMAT,
        "settings": json.dumps(asdict(settings)),
        "card": card.to_toml(),
        "state": network.state_dict(),
    }
    return write_whole(path, lambda file: torch.save(content, file))


def load_network(path: Path) -> tuple[nn.Sequential, NetworkSettings, DeviceCard]:
    """Read a network as :func:`save_network` wrote it: the same weights, chip and card.

    Returns
    -------
    tuple
        The network in evaluation mode, its settings and its card.

    Raises
    ------
    CheckpointError
        The file is missing, damaged or of another kind.
    """
    content = read_saved(path, "a trained network", ("settings", "card", "state"))
    settings = NetworkSettings.from_mapping(json.loads(content["settings"]))
    card = load_card_text(content["card"], f"in {path}")
    network = build_network(settings, card, seed=0)
    network.load_state_dict(content["state"])
    return network.eval(), settings, card

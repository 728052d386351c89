"""How well a trained network recognises when its reads are few, correlated or wrong.

The only part of the cost that needs PyTorch.  Reads with a bit error rate ε are reads of
P' = ε + (1 - 2ε) P, and correlated reads count as N_eff independent ones, so that one small table
of accuracy over reads and errors answers for every scheme.  The trained weights are left as they
are, although a designer could fold the known ε into them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from smtj.card import DeviceCard
from smtj.energy.costs import Workload
from smtj.errors import SmtjError
from smtj.inference.stats.distributions import wilson_interval
from smtj.nn.layer.neuron import MTJNeuron, neurons_of
from smtj.nn.reads.independent import normal, read, sample_key
from smtj.nn.training.network import load_network
from smtj.nn.training.trainer import EVALUATION_BATCH, Images, count_correct, scaled
from smtj.physics.readout.noise import probability_with_bit_errors
from smtj.typing import Floats

READS = (1, 2, 3, 4, 6, 8, 16, 64)
ERRORS = (0.0, 1e-2, 3e-2, 0.1)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Accuracy:
    """Share of test images recognised, over independent reads and bit error rates."""

    reads: tuple[int, ...]
    errors: tuple[float, ...]
    table: Floats
    """Shape (reads, errors)."""
    achievable: float
    """With the expected values of all devices, as after endless reads without errors."""
    images: int
    work: Workload
    """What the network asks of its devices, its fields and occupation as measured."""

    def at(self, effective_reads: ArrayLike, error_rate: ArrayLike) -> Floats:
        """Accuracy between the points of the table, linear in ln N_eff and √ε, held beyond it."""
        from scipy.interpolate import RegularGridInterpolator

        x, y = np.log(np.array(self.reads)), np.sqrt(np.array(self.errors))
        n, e = np.broadcast_arrays(np.asarray(effective_reads), np.asarray(error_rate))
        at = np.stack([np.clip(np.log(n), x[0], x[-1]), np.clip(np.sqrt(e), y[0], y[-1])], axis=-1)
        return np.asarray(RegularGridInterpolator((x, y), self.table)(at)).reshape(n.shape)

    def interval(self, accuracy: ArrayLike) -> tuple[Floats, Floats]:
        """The 95 % interval of an accuracy that so many images can give (Wilson's)."""
        return wilson_interval(np.asarray(accuracy) * self.images, self.images, level=0.95)


def trained_network(path: str | Path) -> tuple[nn.Sequential, DeviceCard]:
    """Read a network of devices from its file, or from the folder that it was trained into.

    Raises
    ------
    CheckpointError
        The file is missing, damaged or of another kind.
    SmtjError
        The network has no devices, or devices with a bias voltage.
    """
    given = Path(path)
    file = given / "network.pt" if given.is_dir() else given
    network, _, card = load_network(file)
    layers = neurons_of(network).values()
    if not layers:
        raise SmtjError(f"{file} is a network without devices; train one with --neuron mtj")
    voltages = [v for layer in layers for v in _ends(layer)]
    if any(voltages):
        raise SmtjError(
            f"{file} has bias voltages from {1e3 * min(voltages):.0f} to {1e3 * max(voltages):.0f} "
            "mV, and costs are those of devices at 0 V, which dwell otherwise; give a network "
            "trained without --adaptive"
        )
    return network, card


def _ends(layer: MTJNeuron) -> tuple[float, float]:
    return float(layer.bias_voltage.min()), float(layer.bias_voltage.max())


def measure_accuracy(
    network: nn.Sequential,
    images: Images,
    seed: int = 0,
    reads: Sequence[int] = READS,
    errors: Sequence[float] = ERRORS,
    progress: Progress | None = None,
) -> Accuracy:
    """Evaluate a network at every number of reads and every bit error rate of a small grid.

    What comes before the first reads is the same for all of them and is evaluated once, the
    magnetic noise of the first devices with it.

    Parameters
    ----------
    network
        Layers in turn, with devices among them; see :func:`trained_network`.
    images
        The data, of which the test images are used.
    seed
        Of noise and reads.
    reads, errors
        The grid, rising.
    progress
        Told how much is done, and of how much.

    Raises
    ------
    SmtjError
        The images do not fit the network.
    """
    generator = torch.Generator().manual_seed(seed)
    network.eval()
    table = np.zeros((len(reads), len(errors)))
    with torch.no_grad():
        first, rest = _split(network)
        sums = _first_sums(network, first, images)
        device = network[first]
        assert isinstance(device, MTJNeuron)
        odds = device.log_odds(sums)
        shares = torch.sigmoid(_with_noise(device, odds, generator))
        spread, share, achievable = _expected(device, rest, odds, images.test_labels)
        total = table.size
        for row, count in enumerate(reads):
            for column, error in enumerate(errors):
                outputs = _outputs(rest, shares, count, error, generator)
                right = count_correct(outputs, images.test_labels, generator)
                table[row, column] = right / len(images.test_labels)
                if progress is not None:
                    progress(row * len(errors) + column + 1, total)
    work = Workload(_devices(network), _synapses(network), spread, share)
    return Accuracy(tuple(reads), tuple(errors), table, achievable, len(images.test_labels), work)


def _split(network: nn.Sequential) -> tuple[int, list[nn.Module]]:
    """Return where the first devices are, and the layers after them."""
    first = next(i for i, layer in enumerate(network) if isinstance(layer, MTJNeuron))
    return first, list(network)[first + 1 :]


def _first_sums(network: nn.Sequential, first: int, images: Images) -> Tensor:
    before = nn.Sequential(*list(network)[:first])
    pixels = images.test_images
    weights = next((p for p in before.parameters() if p.ndim == 2), None)
    if weights is not None and weights.shape[1] != pixels.shape[1]:
        raise SmtjError(
            f"the network has {weights.shape[1]} inputs and the images have {pixels.shape[1]} "
            "pixels; give the data set that it was trained on"
        )
    return torch.cat([before(scaled(part)) for part in torch.split(pixels, EVALUATION_BATCH)])


def _with_noise(device: MTJNeuron, odds: Tensor, generator: torch.Generator) -> Tensor:
    if not device.noise:
        return odds
    deviation = device.slope * device.variability.magnetic_noise
    return torch.addcmul(odds, deviation.expand_as(odds), normal(odds, sample_key(generator)))


def _outputs(
    rest: list[nn.Module], shares: Tensor, reads: int, error: float, generator: torch.Generator
) -> Tensor:
    def read_out(probability: Tensor) -> Tensor:
        seen = probability_with_bit_errors(probability, error)
        return read(seen, reads, sample_key(generator))

    x = read_out(shares)
    for layer in rest:
        if isinstance(layer, MTJNeuron):
            odds = _with_noise(layer, layer.log_odds(x), generator)
            x = read_out(torch.sigmoid(odds))
        else:
            x = layer(x)
    return x


def _expected(
    first: MTJNeuron, rest: list[nn.Module], odds: Tensor, labels: Tensor
) -> tuple[float, float, float]:
    """Return the rms of the log-odds, the mean P(high), and the accuracy, without any noise."""
    x, driven, shares = torch.sigmoid(odds), [_driven(first, odds)], [torch.sigmoid(odds)]
    for layer in rest:
        if isinstance(layer, MTJNeuron):
            odds = layer.log_odds(x)
            x = torch.sigmoid(odds)
            driven.append(_driven(layer, odds))
            shares.append(x)
        else:
            x = layer(x)
    right = float((x.argmax(1) == labels).double().mean())
    return math.sqrt(_mean([part**2 for part in driven])), _mean(shares), right


def _driven(device: MTJNeuron, odds: Tensor) -> Tensor:
    """Log-odds of the devices that a field moves: those of a stuck one are no field's."""
    return odds[..., device.stuck == 0]


def _mean(parts: list[Tensor]) -> float:
    return sum(float(part.sum()) for part in parts) / sum(part.numel() for part in parts)


def _devices(network: nn.Sequential) -> tuple[int, ...]:
    return tuple(layer.features for layer in neurons_of(network).values())


def _synapses(network: nn.Sequential) -> int:
    return sum(layer.weight.numel() for layer in network if isinstance(layer, nn.Linear))

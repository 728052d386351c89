"""Accuracy of a trained network whose reads are few, correlated or wrong; needs PyTorch.

Reads with a bit error rate ε are reads of P' = ε + (1 - 2ε) P, and correlated reads count as N_eff
independent ones, so one small table of accuracy against reads and errors serves every read plan.
The trained weights stay, although a designer could fold the known ε into them.
"""

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from smtj import plot
from smtj.card import Card
from smtj.energy.workloads import Workload
from smtj.errors import SmtjError
from smtj.inference.stats.distributions import wilson_interval
from smtj.nn.devices.variation import layer_seed
from smtj.nn.drive.voltage import VoltageCoupling
from smtj.nn.layer.chip import install, sample_chip
from smtj.nn.layer.configure import set_readout
from smtj.nn.layer.neuron import MTJNeuron, neurons_of
from smtj.nn.reads.independent import normal, read, sample_key
from smtj.nn.reads.kernels import one_thread
from smtj.nn.training.network import load_network
from smtj.nn.training.trainer import EVALUATION_BATCH, Images, count_correct, scaled
from smtj.physics.readout.noise import probability_with_bit_errors
from smtj.tables import Table, Tabular
from smtj.typing import Floats

READS = (1, 2, 3, 4, 6, 8, 16, 64)
ERRORS = (0.0, 1e-2, 3e-2, 0.1)
REPLICAS = 8
"""Chips that give the intervals of joules."""
REPLICA_ERRORS = (0.0, 1e-2)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, repr=False)
class Accuracy(Tabular):
    """Fraction of test images classified correctly, against independent reads and bit errors."""

    reads: tuple[int, ...]
    errors: tuple[float, ...]
    values: Floats
    """Shape (reads, errors)."""
    achievable: float
    """With the expected value of every device: infinitely many reads, no errors."""
    images: int
    workload: Workload
    """Of the network, its log-odds and occupancy as measured."""

    def at(self, effective_reads: ArrayLike, error_rate: ArrayLike) -> Floats:
        """Interpolate the accuracy, linear in ln N_eff and √ε, constant beyond the table."""
        from scipy.interpolate import RegularGridInterpolator

        x, y = np.log(np.array(self.reads)), np.sqrt(np.array(self.errors))
        n, e = np.broadcast_arrays(np.asarray(effective_reads), np.asarray(error_rate))
        at = np.stack([np.clip(np.log(n), x[0], x[-1]), np.clip(np.sqrt(e), y[0], y[-1])], axis=-1)
        return np.asarray(RegularGridInterpolator((x, y), self.values)(at)).reshape(n.shape)

    def interval(self, accuracy: ArrayLike) -> tuple[Floats, Floats]:
        """Return the 95 % interval of an accuracy on so many images (Wilson's)."""
        return wilson_interval(np.asarray(accuracy) * self.images, self.images, level=0.95)

    def table(self) -> Table:
        """Return accuracy by reads (rows) and bit error rate (columns)."""
        head = ("reads", *(f"ε = {error:g}" for error in self.errors))
        rows = [
            [str(count), *(f"{100 * value:.2f} %" for value in row)]
            for count, row in zip(self.reads, self.values, strict=True)
        ]
        note = f"{100 * self.achievable:.2f} % with endless reads; {self.images:,} test images"
        return Table("Accuracy by reads and bit error rate", head, rows, [note])

    def plot(self, ax: Any = None) -> Any:
        """Plot accuracy against reads, one line per bit error rate."""
        with plot.axes(ax) as axes:
            for error, column in zip(self.errors, self.values.T, strict=True):
                axes.plot(self.reads, 100 * column, "o-", label=f"$\\varepsilon$ = {error:g}")
            axes.set_xscale("log", base=2)
            axes.set_xlabel("Independent reads")
            axes.set_ylabel("Accuracy (%)")
            axes.legend()
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return the table as plain numbers."""
        return {
            "reads": list(self.reads),
            "bit_error_rate": list(self.errors),
            "accuracy": self.values.tolist(),
            "images": self.images,
        }


def trained_network(path: str | Path) -> tuple[nn.Sequential, Card]:
    """Load a network of devices from its file, or from the folder it was trained into.

    Raises
    ------
    CheckpointError
        The file is missing, damaged or of another kind.
    SmtjError
        The network has no devices.
    """
    given = Path(path)
    file = given / "network.pt" if given.is_dir() else given
    network, _, card = load_network(file)
    if not neurons_of(network):
        raise SmtjError(f"{file} is a network without devices; train one with --neuron mtj")
    return network, card


def network_workload(model: nn.Module, inputs: Tensor | None, log_odds_spread: float) -> Workload:
    """Return the workload of a model; see :func:`smtj.energy.workload`."""
    layers = neurons_of(model)
    if not layers:
        raise SmtjError("the model has no MTJ neurons; make them with smtj.nn.convert")
    by_voltage = [n.coupling for n in layers.values() if isinstance(n.coupling, VoltageCoupling)]
    field = by_voltage[0].field if by_voltage else 0.0
    weighted = [part for part in model.modules() if isinstance(part, _WEIGHTED)]
    if inputs is None:
        if any(not isinstance(part, nn.Linear) for part in weighted):
            raise SmtjError("a model with convolutions needs inputs=..., to count multiplications")
        synapses = sum(part.weight.numel() for part in weighted)
        features = tuple(n.features for n in layers.values())
        held = _bias_voltages(layers.values())
        return Workload(features, synapses, log_odds_spread, 0.5, field, held)
    copied = set_readout(copy.deepcopy(model), eval_reads="expected", noise=False).eval()
    devices: list[int] = []
    driven: list[Tensor] = []
    occupied: list[Tensor] = []
    products = [0]

    def neuron_read(neuron: MTJNeuron, given: tuple[Tensor, ...], answers: Tensor) -> None:
        odds = neuron.log_odds(given[0].reshape(-1, neuron.features))
        devices.append(answers[0].numel())
        driven.append(_driven(neuron, odds))
        occupied.append(answers)

    def weights_used(part: nn.Linear, given: tuple[Tensor, ...], outputs: Tensor) -> None:
        products[0] += outputs[0].numel() * part.weight[0].numel()

    for part in copied.modules():
        if isinstance(part, MTJNeuron):
            part.register_forward_hook(neuron_read)
        elif isinstance(part, _WEIGHTED):
            part.register_forward_hook(weights_used)
    with torch.no_grad():
        copied(inputs)
    spread = math.sqrt(_mean([part**2 for part in driven]))
    held = _bias_voltages(layers.values())
    return Workload(tuple(devices), products[0], spread, _mean(occupied), field, held)


def _bias_voltages(layers: Iterable[MTJNeuron]) -> tuple[float, ...]:
    """Return every neuron's bias voltage in V, or nothing if all have the card's own."""
    found = [float(v) for n in layers for v in n.bias_voltage.expand(n.features)]
    own = [n.card.bias_voltage for n in layers for _ in range(n.features)]
    alike = all(math.isclose(a, b, rel_tol=1e-6) for a, b in zip(found, own, strict=True))
    return () if alike else tuple(found)


_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def measure_accuracy(
    network: nn.Sequential,
    images: Images,
    seed: int = 0,
    reads: Sequence[int] = READS,
    errors: Sequence[float] = ERRORS,
    progress: Progress | None = None,
) -> Accuracy:
    """Evaluate a network at every number of reads and every bit error rate of a small grid.

    Everything before the first reads, the magnetic noise of the first devices included, is the
    same for all of them and is evaluated once.  The result does not depend on the number of
    threads.

    Parameters
    ----------
    network
        Layers in turn, with devices among them; see :func:`trained_network`.
    images
        The data; its test images are used.
    seed
        Of noise and reads.
    reads, errors
        The grid, rising.
    progress
        Called with (done, total).

    Raises
    ------
    SmtjError
        The images do not fit the network.
    """
    generator = torch.Generator().manual_seed(seed)
    network.eval()
    values = np.zeros((len(reads), len(errors)))
    # Matrix products round differently on another number of threads.
    with one_thread(), torch.no_grad():
        first, rest = _split(network)
        sums = _first_sums(network, first, images)
        device = network[first]
        assert isinstance(device, MTJNeuron)
        odds = device.log_odds(sums)
        first_p = torch.sigmoid(_with_noise(device, odds, generator))
        spread, occupancy, achievable = _expected(device, rest, odds, images.test_labels)
        total = values.size
        for row, count in enumerate(reads):
            for column, error in enumerate(errors):
                outputs = _outputs(rest, first_p, count, error, generator)
                right = count_correct(outputs, images.test_labels, generator)
                values[row, column] = right / len(images.test_labels)
                if progress is not None:
                    progress(row * len(errors) + column + 1, total)
    plain = network_workload(network, None, spread)
    work = replace(plain, occupancy=occupancy)
    return Accuracy(tuple(reads), tuple(errors), values, achievable, len(images.test_labels), work)


def measure_replicas(
    networks: Sequence[nn.Sequential],
    images: Images,
    count: int = REPLICAS,
    seed: int = 0,
    reads: Sequence[int] = READS,
    errors: Sequence[float] = REPLICA_ERRORS,
    progress: Progress | None = None,
) -> list[Accuracy]:
    """Measure accuracies again, each with a new chip, new reads, and the next of some networks.

    Parameters
    ----------
    networks
        Networks that are used in turn, e.g. of several seeds; each keeps its own chip.
    images, reads, errors
        As in :func:`measure_accuracy`.
    count
        Number of replicas.
    seed
        Of chips, noise and reads.
    progress
        Called with (done, total).
    """
    found = []
    for number in range(count):
        network = copy.deepcopy(networks[number % len(networks)])
        chip = layer_seed(seed, f"replica {number}")
        install(sample_chip(network, chip), network)
        found.append(measure_accuracy(network, images, chip, reads, errors))
        if progress is not None:
            progress(number + 1, count)
    return found


def _split(network: nn.Sequential) -> tuple[int, list[nn.Module]]:
    """Return the index of the first layer of devices, and the layers after it."""
    first = next(i for i, layer in enumerate(network) if isinstance(layer, MTJNeuron))
    return first, list(network)[first + 1 :]


def _first_sums(network: nn.Sequential, first: int, images: Images) -> Tensor:
    before = nn.Sequential(*list(network)[:first])
    pixels = images.test_images
    weights = next((p for p in before.parameters() if p.ndim == 2), None)
    if weights is not None and weights.shape[1] != pixels.shape[1]:
        raise SmtjError(
            f"the network has {weights.shape[1]} inputs and the images have {pixels.shape[1]} "
            "pixels; give the data set it was trained on (--dataset)"
        )
    return torch.cat([before(scaled(part)) for part in torch.split(pixels, EVALUATION_BATCH)])


def _with_noise(device: MTJNeuron, odds: Tensor, generator: torch.Generator) -> Tensor:
    if not device.noise:
        return odds
    deviation = device.slope * device.variability.magnetic_noise
    return torch.addcmul(odds, deviation.expand_as(odds), normal(odds, sample_key(generator)))


def _outputs(
    rest: list[nn.Module], first_p: Tensor, reads: int, error: float, generator: torch.Generator
) -> Tensor:
    def read_out(probability: Tensor) -> Tensor:
        seen = probability_with_bit_errors(probability, error)
        return read(seen, reads, sample_key(generator))

    x = read_out(first_p)
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
    """Return the rms log-odds, the mean P(high), and the accuracy, all without noise."""
    x, driven, occupied = torch.sigmoid(odds), [_driven(first, odds)], [torch.sigmoid(odds)]
    for layer in rest:
        if isinstance(layer, MTJNeuron):
            odds = layer.log_odds(x)
            x = torch.sigmoid(odds)
            driven.append(_driven(layer, odds))
            occupied.append(x)
        else:
            x = layer(x)
    right = float((x.argmax(1) == labels).double().mean())
    return math.sqrt(_mean([part**2 for part in driven])), _mean(occupied), right


def _driven(device: MTJNeuron, odds: Tensor) -> Tensor:
    """Return the log-odds that devices of the card's own slope have in the fields that are made.

    Stuck devices respond to no field.
    """
    own = float(np.asarray(device.card.under_bias().slope))
    return (odds * (own / device.slope))[..., device.stuck == 0]


def _mean(parts: list[Tensor]) -> float:
    return sum(float(part.sum()) for part in parts) / sum(part.numel() for part in parts)

"""The stochastic neuron: a layer of junctions that stands where a sigmoid stood."""

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.nn.devices.variation import Variability, chip_temperature, limited, with_stuck
from smtj.nn.drive.coupling import Drive, fold, matched
from smtj.nn.layer.junctions import Junctions
from smtj.nn.reads.correlated import read_by_scheme
from smtj.nn.reads.correlated_kernels import UNKNOWN
from smtj.nn.reads.independent import (
    limited_log_odds,
    normal,
    read,
    respond,
    respond_traced,
    sample_key,
    sample_key_tensor,
)
from smtj.nn.reads.relaxation import layer_relaxation
from smtj.nn.reads.scheme import Reads, ReadScheme, checked_reads


class MTJNeuron(Junctions):
    """A layer of stochastic junctions: summed input → field → P(high) → mean of N reads, in [0, 1].

    One line in a ``Sequential``::

        nn.Sequential(nn.Linear(784, 400), MTJNeuron(card, 400), nn.Linear(400, 10))

    Parameters
    ----------
    card
        The device.
    features
        Number of neurons, the last dimension of the input; or the last dimensions of the input,
        with a neuron for each of their entries: ``(channels, height, width)`` after a convolution.
    coupling
        How summed inputs become fields; by default :func:`smtj.nn.drive.coupling.matched`, under
        which the nominal device answers as a sigmoid does.
    reads, eval_reads
        Reads an evaluation in training and in evaluation mode (by default the same), or
        ``"expected"``.
    scheme
        How reads follow one another; None for independent ones.  ``"expected"`` is the ideal
        read-out with any scheme.
    noise
        Whether the card's magnetic noise acts: a normal field of its own on every junction,
        constant over one evaluation of N reads and fresh at the next.
    noise_correlation_time
        In s; with it the noise wanders during an evaluation as well, as an Ornstein-Uhlenbeck
        process over reads that are the card's sampling interval apart, or the scheme's.
    chip_seed
        Seed from which the devices of this layer are drawn, once; None for nominal devices.
    bias_voltage
        V in V, within the card's limit.
    temperature
        In K; the card's own by default.
    adaptive
        Whether the bias voltage is learnt, one for the ``"layer"`` or one a ``"neuron"``; see
        :func:`smtj.nn.make_adaptive`.
    generator
        Where the randomness of reads and noise comes from; PyTorch's global generator by default.
    variability
        What devices are drawn from, and the rms of the noise; by default the card's own.

    Raises
    ------
    SmtjError
        A number of neurons, of reads, a voltage or a correlation time is out of range.

    Notes
    -----
    The devices, their operating point and the bias voltage are buffers, so that ``state_dict``
    holds the chip and nothing is redrawn when it is loaded; the devices are in the order of the
    flattened input.  A chip whose voltage was learnt loads as one of fixed voltage, and the other
    way round.  The gradient of sampled reads is that of their mean;
    :func:`smtj.nn.reads.independent.read` says what bias that has downstream.  The ideal neuron is
    ``reads="expected", noise=False, chip_seed=None``.  ``torch.compile`` keeps the layer in one
    graph, unless it has a generator of its own or wandering noise.
    """

    read_state: Tensor
    """State that a stream left every device in: 0, 1, or 2 for unknown; not part of the chip."""
    _folded: Tensor
    _folded_stamp: tuple[object, ...] = ()
    _folded_state: tuple[object, ...] = ()

    def __init__(
        self,
        card: DeviceCard,
        features: int | tuple[int, ...],
        *,
        coupling: nn.Module | None = None,
        reads: Reads = 16,
        eval_reads: Reads | None = None,
        scheme: ReadScheme | None = None,
        noise: bool = True,
        noise_correlation_time: float | None = None,
        chip_seed: int | None = 0,
        bias_voltage: float = 0.0,
        temperature: float | None = None,
        adaptive: Literal["layer", "neuron"] | None = None,
        generator: torch.Generator | None = None,
        variability: Variability | None = None,
    ) -> None:
        shape = (features,) if isinstance(features, int) else tuple(features)
        if not all(isinstance(size, int) and size >= 1 for size in shape):
            raise SmtjError(
                f"features is {features!r}; it must be a positive whole number, or several"
            )
        features = math.prod(shape)
        super().__init__(
            card, features, chip_seed, bias_voltage, temperature, adaptive, variability
        )
        self.shape = shape
        """Last dimensions of the input, an entry a neuron."""
        self.coupling = matched(card, features) if coupling is None else coupling
        self.reads = checked_reads(reads)
        self.eval_reads = self.reads if eval_reads is None else checked_reads(eval_reads)
        self.scheme = scheme
        self.register_buffer(
            "read_state", torch.full((features,), UNKNOWN, dtype=torch.uint8), persistent=False
        )
        self.noise = noise
        if noise_correlation_time is not None and not noise_correlation_time > 0:
            raise SmtjError("noise_correlation_time must be positive, in s, or None")
        self.noise_correlation_time = noise_correlation_time
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        """Return the read-outs, in [0, 1], for summed inputs of shape (..., features)."""
        if len(self.shape) == 1:
            if x.shape[-1:] != self.shape:
                raise SmtjError(self._unfit(x))
            return self._evaluate(x)
        batch = x.shape[: x.ndim - len(self.shape)]
        if x.shape[len(batch) :] != self.shape:
            raise SmtjError(self._unfit(x))
        return self._evaluate(x.reshape(*batch, self.features)).reshape(x.shape)

    def _unfit(self, x: Tensor) -> str:
        must = (
            f"dimension must be {self.features}"
            if len(self.shape) == 1
            else f"dimensions must be {self.shape}"
        )
        return f"the input has shape {tuple(x.shape)}; for {self.features} neurons its last {must}"

    def _evaluate(self, x: Tensor) -> Tensor:
        x, drive = self.coupling(x)
        reads = self.reads if self.training else self.eval_reads
        response = self._response(drive)
        count = 0 if reads == "expected" else reads
        if count and self.scheme is not None:
            odds = limited_log_odds(x, response)
            return read_neurons(self, self.scheme, odds, response[4], count)
        if count and self.noise and self.noise_correlation_time is not None:
            return self._read_under_wandering_noise(limited_log_odds(x, response), response, count)
        random = count > 0 or self.noise
        if torch.compiler.is_compiling():
            # A graph keeps a number for ever, but draws a tensor anew.
            key = sample_key_tensor(self.generator) if random else None
            return respond_traced(x, response, self.noise, count, key)
        return respond(x, response, self.noise, count, self._key() if random else 0)

    def log_odds(self, x: Tensor) -> Tensor:
        """Return ln(P/(1 - P)) without noise, for summed inputs of shape (..., features)."""
        x, drive = self.coupling(x)
        return limited_log_odds(x, self._response(drive))

    def _response(self, drive: Drive) -> Tensor:
        """Return what :func:`smtj.nn.drive.coupling.fold` makes, shape (5, features).

        Folding beforehand is what keeps a network of junctions nearly as fast as one of sigmoids;
        it is done again only when one of the numbers has changed.
        """
        # A fused optimiser changes a voltage without counting that as a change.
        if torch.compiler.is_compiling() or self.bias is not None:
            return self._fold(drive)
        noise = self.variability.magnetic_noise
        state = (*drive, self.slope, self.offset_field, self.limit_factor, self.stuck, noise)
        # What inference mode made keeps no count of its changes, and cannot be used in training.
        stamp = (torch.is_inference_mode_enabled(), *(_stamp(part) for part in state))
        if stamp != self._folded_stamp:
            self._folded = self._fold(drive)
            # The numbers are kept, so that none can be replaced by another at the same address.
            self._folded_stamp, self._folded_state = stamp, state
        return self._folded

    def _fold(self, drive: Drive) -> Tensor:
        devices, noise = self.devices, self.variability.magnetic_noise
        nominal = fold(limited(drive, devices), *self.operating_state(), noise)
        return with_stuck(nominal, devices)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the fold behind: a copy makes its own, and a file need not hold it."""
        return {name: v for name, v in self.__dict__.items() if not name.startswith("_folded")}

    def _read_under_wandering_noise(self, odds: Tensor, response: Tensor, reads: int) -> Tensor:
        assert self.noise_correlation_time is not None
        kept = math.exp(-self.card.switching.sampling_interval / self.noise_correlation_time)
        fresh = math.sqrt(1 - kept**2)
        deviation = normal(odds, self._key())
        total = torch.zeros_like(odds)
        for _ in range(reads):
            probability = torch.sigmoid(torch.addcmul(odds, response[4], deviation))
            total = total + read(probability, 1, self._key())
            deviation = kept * deviation + fresh * normal(odds, self._key())
        return total / reads

    def _key(self) -> int:
        return sample_key(self.generator)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows of this layer."""
        arranged = self.features if len(self.shape) == 1 else self.shape
        bias = "" if self.bias_voltage.is_meta else f", bias_voltage={self.format_voltage()}"
        return (
            f"{arranged}, card={self.card.name}, reads={self.reads}, "
            f"eval_reads={self.eval_reads}, noise={self.noise}{bias}"
            + ("" if self.scheme is None else f", scheme={self.scheme}")
        )


def neurons_of(model: nn.Module) -> dict[str, MTJNeuron]:
    """Return the junction layers of a model by name, each once; empty if there are none."""
    return {name: part for name, part in model.named_modules() if isinstance(part, MTJNeuron)}


def _stamp(part: object) -> object:
    """Return what is equal as long as a number has not changed."""
    if not isinstance(part, Tensor):
        return part
    return object() if part.is_inference() else (id(part), part._version)


def read_neurons(
    neuron: MTJNeuron, scheme: ReadScheme, odds: Tensor, field_noise: Tensor, reads: int
) -> Tensor:
    """Read the devices of a layer as a scheme says, and note how a stream left them.

    Parameters
    ----------
    neuron
        The layer: its devices, where they are, and where their randomness comes from.
    scheme
        How they are read.
    odds
        ln(P/(1 - P)) without magnetic noise, shape (..., features).
    field_noise
        Standard deviation of the noise of the log-odds, shape (features,).
    reads
        N, 1 or more.

    Returns
    -------
    Tensor
        Means of the readings, of the shape and type of ``odds``.
    """
    noise = 0.0
    if scheme.amplifier is not None:
        surroundings = float(neuron.temperature)
        temperature = chip_temperature(neuron.card, neuron.devices, surroundings)
        noise = scheme.relative_noise(neuron.card, temperature)
    state = neuron.read_state if scheme.streaming else None
    means, after = read_by_scheme(
        odds,
        layer_relaxation(
            scheme,
            neuron.card,
            neuron.devices,
            neuron.slope,
            neuron.bias_voltage,
            neuron.temperature,
        ),
        scheme,
        reads,
        lambda: sample_key_tensor(neuron.generator),
        reading_noise=noise,
        field_noise=field_noise if neuron.noise else None,
        field_correlation_time=neuron.noise_correlation_time,
        state=state,
    )
    if state is not None and after is not None:
        state.copy_(after)
    return means

"""The stochastic neuron: a layer of junctions in place of a sigmoid."""

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

from smtj.card import CardLike, as_card
from smtj.errors import SmtjError
from smtj.nn.devices.variation import Variability, chip_temperature, limit_drive, with_stuck
from smtj.nn.drive.coupling import Drive, fold, matched
from smtj.nn.drive.voltage import VoltageCoupling
from smtj.nn.layer.junctions import Junctions
from smtj.nn.reads.correlated import read_by_scheme
from smtj.nn.reads.correlated_kernels import UNKNOWN
from smtj.nn.reads.independent import (
    is_transformed,
    limited_log_odds,
    normal,
    plain_normal,
    plain_read,
    read,
    respond,
    respond_plainly,
    respond_traced,
    sample_key,
    sample_key_tensor,
)
from smtj.nn.reads.relaxation import driven_log_rate, layer_relaxation
from smtj.nn.reads.scheme import Reads, ReadScheme, checked_reads

DRIVEN_BY_VOLTAGE = (
    "a neuron driven by the voltage across its junction has no bias voltage besides; leave "
    "bias_voltage and adaptive out, and let the layer before it add a bias"
)


class MTJNeuron(Junctions):
    """P(high) = 1/(1 + e^{-w (H_⊥ - H_s)}) with H_⊥ from the summed input; the mean of N reads.

    Input and output have shape (..., features), or (..., channels, height, width) with one device
    per entry; outputs are in [0, 1].

    Parameters
    ----------
    card
        The device: a card, its name or its path.
    features
        Number of neurons, the last dimension of the input, or its last dimensions:
        ``(channels, height, width)`` after a convolution.
    coupling
        Maps summed inputs to fields; by default :func:`smtj.nn.matched`, under which the nominal
        device responds as a sigmoid.
    reads, eval_reads
        Reads per evaluation in training and in evaluation mode (default: the same), or
        ``"expected"``.
    scheme
        Timing of the reads (:class:`smtj.nn.ReadScheme`); None for independent reads.
        ``"expected"`` is the ideal read-out with any scheme.
    noise
        Whether the card's magnetic noise acts: a normal field, independent on every junction,
        constant during the N reads of one evaluation.
    noise_correlation_time
        In s; the noise then also varies during an evaluation, as an Ornstein-Uhlenbeck process
        over reads that are the sampling interval of the card or the scheme apart.
    chip_seed
        Seed from which the devices are sampled, once; None for nominal devices.
    bias_voltage
        V in V, within the card's limit; by default none, or that of a behavioural card's
        measurement.
    temperature
        T in K; by default the card's.
    adaptive
        Whether to learn a bias voltage per ``"layer"`` or per ``"neuron"``; see
        :func:`smtj.nn.make_adaptive`.
    generator
        Source of randomness of reads and noise; by default PyTorch's global generator.
    variability
        Distribution of the devices, and the rms of the noise; by default the card's.

    Raises
    ------
    SmtjError
        An argument is out of range.

    Notes
    -----
    Devices, operating point and bias voltage are buffers, in the order of the flattened input, so
    ``state_dict`` holds the chip and loading it resamples nothing.  A chip with learnt voltages
    loads into a layer of fixed ones and vice versa.  The gradient of sampled reads is that of their
    mean; :func:`smtj.nn.reads.independent.read` describes the bias downstream.  The ideal neuron is
    ``reads="expected", noise=False, chip_seed=None``.  ``torch.compile`` keeps the layer in one
    graph, except with its own generator or varying noise.

    Examples
    --------
    >>> layer = MTJNeuron("cai2019", 400, reads=16, chip_seed=1)
    >>> network = nn.Sequential(nn.Linear(784, 400), layer, nn.Linear(400, 10))
    >>> network(torch.rand(8, 784)).shape
    torch.Size([8, 10])
    >>> ideal = MTJNeuron("cai2019", 1, reads="expected", noise=False, chip_seed=None)
    >>> float(ideal(torch.tensor([1.0])))  # a sigmoid
    0.7311
    """

    read_state: Tensor
    """State of every device after a stream: 0, 1, or 2 for unknown; not part of the chip."""
    _folded: Tensor
    _folded_stamp: tuple[object, ...] = ()
    _folded_state: tuple[object, ...] = ()

    def __init__(
        self,
        card: CardLike,
        features: int | tuple[int, ...],
        *,
        coupling: nn.Module | None = None,
        reads: Reads = 16,
        eval_reads: Reads | None = None,
        scheme: ReadScheme | None = None,
        noise: bool = True,
        noise_correlation_time: float | None = None,
        chip_seed: int | None = 0,
        bias_voltage: float | None = None,
        temperature: float | None = None,
        adaptive: Literal["layer", "neuron"] | None = None,
        generator: torch.Generator | None = None,
        variability: Variability | None = None,
    ) -> None:
        shape = (features,) if isinstance(features, int) else tuple(features)
        if not all(isinstance(size, int) and size >= 1 for size in shape):
            raise SmtjError(f"features is {features!r}; it must be one or more positive integers")
        features = math.prod(shape)
        super().__init__(
            as_card(card), features, chip_seed, bias_voltage, temperature, adaptive, variability
        )
        self.shape = shape
        """Last dimensions of the input, one neuron per entry."""
        self.coupling = matched(self.card, features) if coupling is None else coupling
        if isinstance(self.coupling, VoltageCoupling):
            self.set_bias(None, temperature)
            if adaptive is not None:
                raise SmtjError(DRIVEN_BY_VOLTAGE)
        self.reads = checked_reads(reads)
        self.eval_reads = self.reads if eval_reads is None else checked_reads(eval_reads)
        self.scheme = scheme
        self.register_buffer(
            "read_state", torch.full((features,), UNKNOWN, dtype=torch.uint8), persistent=False
        )
        self.noise = noise
        if noise_correlation_time is not None and not noise_correlation_time > 0:
            raise SmtjError("noise_correlation_time must be positive (in s) or None")
        self.noise_correlation_time = noise_correlation_time
        self.generator = generator

    def set_bias(
        self,
        voltage: float | Tensor | None = None,
        temperature: float | None = None,
        age: float | None = None,
    ) -> None:
        """Set bias voltage, temperature and age of all devices; see :class:`Junctions`.

        A neuron driven by the voltage has none besides.
        """
        super().set_bias(voltage, temperature, age)
        coupling = getattr(self, "coupling", None)
        if isinstance(coupling, VoltageCoupling):
            if bool((self.bias_voltage != 0).any()):
                self.bias_voltage.zero_()
                super().set_bias(0.0, temperature, age)
                raise SmtjError(DRIVEN_BY_VOLTAGE)
            own = chip_temperature(self.card, self.devices, float(self.temperature))
            coupling.set_temperature(own)

    def forward(self, x: Tensor) -> Tensor:
        """Return the read-outs, in [0, 1], for summed inputs of shape (..., features)."""
        x = _floating(x)
        if x.shape[max(0, x.ndim - len(self.shape)) :] != self.shape:
            one = len(self.shape) == 1
            must = (
                f"dimension must be {self.features}" if one else f"dimensions must be {self.shape}"
            )
            raise SmtjError(
                f"the input has shape {tuple(x.shape)}; for {self.features} neurons its last {must}"
            )
        if len(self.shape) == 1:
            return self._evaluate(x)
        batch = x.shape[: x.ndim - len(self.shape)]
        return self._evaluate(x.reshape(*batch, self.features)).reshape(x.shape)

    def _evaluate(self, x: Tensor) -> Tensor:
        given = x
        x, drive = self.coupling(x)
        reads = self.reads if self.training else self.eval_reads
        response = self._response(drive)
        count = 0 if reads == "expected" else reads
        if count and self.scheme is not None:
            odds = limited_log_odds(x, response)
            return self._read_by_scheme(self.scheme, given, odds, response[4], count)
        if count and self.noise and self.noise_correlation_time is not None:
            return self._read_under_varying_noise(limited_log_odds(x, response), response, count)
        if is_transformed(x, response):
            return respond_plainly(x, response, self.noise, count, self.generator)
        random = count > 0 or self.noise
        if torch.compiler.is_compiling():
            # A graph would freeze a number, but samples a tensor again.
            key = sample_key_tensor(self.generator) if random else None
            return respond_traced(x, response, self.noise, count, key)
        return respond(x, response, self.noise, count, self._key() if random else 0)

    def log_odds(self, x: Tensor) -> Tensor:
        """Return ln(P/(1 - P)) without noise, for summed inputs of shape (..., features)."""
        x, drive = self.coupling(_floating(x))
        return limited_log_odds(x, self._response(drive))

    def _response(self, drive: Drive) -> Tensor:
        """Return the cached result of :func:`smtj.nn.drive.coupling.fold`, shape (5, features).

        Folding makes a network of junctions nearly as fast as one of sigmoids; it is repeated only
        when an input has changed.
        """
        # A fused optimiser changes a voltage without raising its version.
        if torch.compiler.is_compiling() or self.bias is not None:
            return self._fold(drive)
        noise = self.variability.magnetic_noise
        state = (*drive, self.slope, self.offset_field, self.limit_factor, self.stuck, noise)
        # Inference tensors have no version and cannot be used in training.
        stamp = (torch.is_inference_mode_enabled(), *(_stamp(part) for part in state))
        if stamp != self._folded_stamp:
            self._folded = self._fold(drive)
            # Keep the inputs alive, so no other tensor can take the address of one.
            self._folded_stamp, self._folded_state = stamp, state
        return self._folded

    def _fold(self, drive: Drive) -> Tensor:
        devices, noise = self.devices, self.variability.magnetic_noise
        nominal = fold(limit_drive(drive, devices), *self.operating_state(), noise)
        return with_stuck(nominal, devices)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cache; a copy makes its own."""
        return {name: v for name, v in self.__dict__.items() if not name.startswith("_folded")}

    def _read_by_scheme(
        self, scheme: ReadScheme, x: Tensor, odds: Tensor, field_noise: Tensor, reads: int
    ) -> Tensor:
        """Read the devices by a scheme and store the states after a stream."""
        noise = 0.0
        if scheme.amplifier is not None:
            temperature = chip_temperature(self.card, self.devices, float(self.temperature))
            noise = scheme.relative_noise(self.card, temperature)
        state = self.read_state if scheme.streaming else None
        rate, table = None, torch.zeros(2, self.features)
        if isinstance(self.coupling, VoltageCoupling) and scheme.relaxation_time is None:
            own = self.coupling.log_rate(x)
            rate = driven_log_rate(own, self.card, self.devices, self.temperature)
        else:
            table = layer_relaxation(
                scheme, self.card, self.devices, self.slope, self.bias_voltage, self.temperature
            )
        means, after = read_by_scheme(
            odds,
            table,
            scheme,
            reads,
            lambda: sample_key_tensor(self.generator),
            reading_noise=noise,
            field_noise=field_noise if self.noise else None,
            field_correlation_time=self.noise_correlation_time,
            state=state,
            log_rate=rate,
        )
        if state is not None and after is not None:
            state.copy_(after)
        return means

    def _read_under_varying_noise(self, odds: Tensor, response: Tensor, reads: int) -> Tensor:
        assert self.noise_correlation_time is not None
        decay = math.exp(-self.card.sampling_interval / self.noise_correlation_time)
        fresh = math.sqrt(1 - decay**2)
        plain = is_transformed(odds)

        def deviate() -> Tensor:
            return plain_normal(odds, self.generator) if plain else normal(odds, self._key())

        def once(p: Tensor) -> Tensor:
            return plain_read(p, 1, self.generator) if plain else read(p, 1, self._key())

        deviation = deviate()
        total = torch.zeros_like(odds)
        for _ in range(reads):
            total = total + once(torch.sigmoid(torch.addcmul(odds, response[4], deviation)))
            deviation = decay * deviation + fresh * deviate()
        return total / reads

    def _key(self) -> int:
        return sample_key(self.generator)

    def extra_repr(self) -> str:
        """Return the text of ``print(model)``."""
        arranged = self.features if len(self.shape) == 1 else self.shape
        bias = "" if self.bias_voltage.is_meta else f", bias_voltage={self.format_voltage()}"
        return (
            f"{arranged}, card={self.card.name}, reads={self.reads}, "
            f"eval_reads={self.eval_reads}, noise={self.noise}{bias}"
            + ("" if self.scheme is None else f", scheme={self.scheme}")
        )


def _floating(x: Tensor) -> Tensor:
    """Return whole numbers as PyTorch's default floats, as a sigmoid takes them."""
    return x if x.is_floating_point() or x.is_complex() else x.to(torch.get_default_dtype())


def neurons_of(model: nn.Module) -> dict[str, MTJNeuron]:
    """Return the junction layers of a model by name, each once; empty if there are none."""
    return {name: part for name, part in model.named_modules() if isinstance(part, MTJNeuron)}


def junction_layers(model: nn.Module) -> dict[str, MTJNeuron]:
    """Return the junction layers of a model by name, or raise an error if there are none."""
    found = neurons_of(model)
    if not found:
        raise SmtjError("the model has no junctions (MTJNeuron); smtj.nn.convert inserts them")
    return found


def _stamp(part: object) -> object:
    """Return a value that is equal as long as an input has not changed."""
    if not isinstance(part, Tensor):
        return part
    return object() if part.is_inference() else (id(part), part._version)

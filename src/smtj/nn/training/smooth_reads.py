"""Differentiable reads: the mean of N reads as a normal number of the same mean and variance.

The gradient of sampled reads is that of their mean only, and expected values have no spread, but a
bias voltage affects both: a steeper neuron is less noisy.  A normal number, mean plus standard
deviation times noise, passes both to the gradient.  Under a read scheme it passes the relaxation
time too, which a voltage changes twentyfold while it changes w by a sixth: reads of a slow device
repeat one another and, in a stream, the last image.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional

from smtj.nn.layer.activation import MTJActivation
from smtj.nn.layer.neuron import MTJNeuron, junction_layers
from smtj.nn.reads.independent import normal, sample_key
from smtj.nn.reads.relaxation import log_rate_at_odds, relaxation_at_bias
from smtj.nn.reads.scheme import Reads, ReadScheme

LOGISTIC = 1.702
"""Φ(z) equals the logistic function of 1.702 z within 0.01."""
MAX_SMOOTHED_READS = 1000
"""Number of reads that replaces expected values where a spread is needed."""
MIN_CARRIED = 1e-7
"""Fraction of an earlier state below which it counts as forgotten."""
MIN_LAG = 1e-5
"""Interval over relaxation time below which reads count as equal."""


_variances: "WeakKeyDictionary[nn.Module, Tensor]" = WeakKeyDictionary()
"""Variance of the last outputs of layers that are read by a scheme."""


def margin_loss(
    probability: Tensor, labels: Tensor, reads: Reads, variance: Tensor | None = None
) -> Tensor:
    """Return the loss for the right output having most high reads: the mean over images, in nats.

    The difference of two outputs of N reads is approximately normal, so the right one wins with
    Φ(z), z = (p - p')/√[(p(1 - p) + p'(1 - p'))/N + 1/(4N²)]; half a read decides ties.  The loss
    is the cross-entropy of a softmax over -z, which for two outputs is -ln Φ(z).  ``probability``
    is P(high), shape (images, classes); ``labels`` has shape (images,).  ``variance`` is that of
    the mean of the reads, of the shape of ``probability``; by default p(1 - p)/N.
    """
    count = MAX_SMOOTHED_READS if reads == "expected" else reads
    if variance is None:
        variance = probability * (1 - probability) / count
    right = labels[:, None]
    p, own = probability.gather(1, right), variance.gather(1, right)
    z = (p - probability) / torch.sqrt(own + variance + 1 / (4 * count**2))
    return torch.logsumexp(-LOGISTIC * z, 1).mean()


def loss_of(model: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """Return :func:`margin_loss` for a model that ends with devices, else the cross-entropy."""
    last = output_layer(model)
    if last is None:
        return functional.cross_entropy
    reads = last.eval_reads
    return lambda outputs, labels: margin_loss(outputs, labels, reads, _variances.get(last))


def output_layer(model: nn.Module) -> MTJNeuron | None:
    """Return the layer of devices at the end of a sequential network, if any."""
    while isinstance(model, nn.Sequential) and len(model):
        model = model[-1]
    return model if type(model) is MTJNeuron else None


@contextmanager
def normal_reads(model: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Let the junctions of a model return N reads as normal numbers.

    They have mean and variance of the reads of the layer's scheme, or of independent ones; a read
    counts as a snapshot without error.  Output devices return the mean itself, for
    :func:`margin_loss`.
    """
    layers, last, hooks = list(junction_layers(model).values()), output_layer(model), []
    before = [(layer.reads, layer.eval_reads) for layer in layers]
    try:
        for layer, (training, evaluation) in zip(layers, before, strict=True):
            reads = training if layer.training else evaluation
            if reads != "expected" and not (layer is last and layer.scheme is None):
                spread = None if layer is last else generator
                hooks.append(layer.register_forward_hook(_spread(layer, reads, spread)))
            layer.reads = layer.eval_reads = "expected"
        yield
    finally:
        _variances.clear()
        for hook in hooks:
            hook.remove()
        for layer, (training, evaluation) in zip(layers, before, strict=True):
            layer.reads, layer.eval_reads = training, evaluation


def _spread(
    junctions: MTJNeuron, reads: int, generator: torch.Generator | None
) -> Callable[..., Tensor]:
    def add(layer: nn.Module, _: Any, outputs: Tensor) -> Tensor:
        base, height = 0.0, 1.0
        if isinstance(layer, MTJActivation):
            base, height = layer.scaled.base, layer.scaled.height
        if junctions.scheme is None:
            variance = (outputs - base) * (base + height - outputs) / reads
        else:
            found = _moments_by_scheme(
                junctions, (outputs - base) / height, junctions.scheme, reads
            )
            outputs, variance = base + height * found[0], height**2 * found[1]
        if generator is None:
            _variances[layer] = variance
            return outputs
        # The root has no slope at zero.
        deviation = torch.sqrt(variance.clamp(min=1e-9 * height**2))
        return outputs + deviation * normal(outputs, sample_key(generator))

    return add


def _moments_by_scheme(
    layer: MTJNeuron, probability: Tensor, scheme: ReadScheme, reads: int
) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the reads of a layer by its scheme, with the gradient of τ_r."""
    shape = probability.shape
    p = probability.reshape(-1, layer.features).double()
    table = relaxation_at_bias(
        scheme, layer.card, layer.devices, layer.current_voltage(), float(layer.temperature)
    ).double()
    odds = torch.logit(p, eps=1e-7)
    lag = scheme.interval * torch.exp(log_rate_at_odds(odds, table))
    before = p
    if scheme.streaming:
        # A stream begins in equilibrium.
        before = torch.cat((p[:1], states_after(p, torch.exp(-reads * lag))[:-1]))
    mean, variance = read_moments(p, before, lag, reads)
    return mean.to(probability).reshape(shape), variance.to(probability).reshape(shape)


def read_moments(p: Tensor, before: Tensor, lag: Tensor, reads: int) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the mean of N snapshots of two states.

    Read k is high with q_k = p + (q_0 - p) d^k, d = e^-lag, and two reads m apart have the
    covariance d^m q_j (1 - q_j), j being the earlier.

    Parameters
    ----------
    p
        P(high) in equilibrium.
    before
        q_0: P(high) one interval before the first read; p for devices in equilibrium.
    lag
        Interval over relaxation time.
    reads
        N.
    """
    if reads == 1:
        only = p + (before - p) * torch.exp(-lag)
        return only, only * (1 - only)
    lag = lag.clamp(min=MIN_LAG)
    d, gone = torch.exp(-lag), -torch.expm1(-lag)
    # Sums of d^k and d^2k over the reads.
    once = d * -torch.expm1(-reads * lag) / gone
    twice = d**2 * -torch.expm1(-2 * reads * lag) / -torch.expm1(-2 * lag)
    # Read j counts 1 + 2(d + … + d^(N - j)) = a - b d^-j times.
    a, b = (1 + d) / gone, 2 * torch.exp(-(reads + 1) * lag) / gone
    still = a * reads - 2 * once / gone
    linear = a * once - reads * b
    square = a * twice - b * once
    delta = before - p
    total = p * (1 - p) * still + delta * (1 - 2 * p) * linear - delta**2 * square
    return p + delta * once / reads, total / reads**2


def states_after(p: Tensor, kept: Tensor) -> Tensor:
    """Return P(high) of devices after each row of a stream that begins in equilibrium.

    A row takes them from q to p + kept (q - p); both have shape (rows, features).  The rows are
    combined by doubling, in log2(rows) steps.
    """
    first = torch.zeros_like(kept[:1])
    carried, level = torch.cat((first, kept[1:])), torch.cat((p[:1], (p * (1 - kept))[1:]))
    shift = 1
    # Further rows are forgotten.
    while shift < len(p) and float(carried.detach().max()) > MIN_CARRIED:
        nothing = torch.zeros_like(p[:shift])
        level = level + carried * torch.cat((nothing, level[:-shift]))
        carried = carried * torch.cat((nothing, carried[:-shift]))
        shift *= 2
    return level

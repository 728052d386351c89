"""Differentiable reads: the mean of N reads as a normal number of the same mean and variance.

The gradient of sampled reads is that of their mean only, and expected values have no spread, but a
bias voltage affects both: a steeper neuron is less noisy.  A normal number, mean plus standard
deviation times noise, passes both to the gradient.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from smtj.nn.layer.activation import MTJActivation
from smtj.nn.layer.neuron import MTJNeuron, junction_layers
from smtj.nn.reads.independent import normal, sample_key
from smtj.nn.reads.scheme import Reads

LOGISTIC = 1.702
"""Φ(z) equals the logistic function of 1.702 z within 0.01."""
MANY = 1000
"""Number of reads that replaces expected values where a spread is needed."""


def margin_loss(probability: Tensor, labels: Tensor, reads: Reads) -> Tensor:
    """Return the loss for the right output having most high reads: the mean over images, in nats.

    The difference of two outputs of N reads is approximately normal, so the right one wins with
    Φ(z), z = (p - p')/√[(p(1 - p) + p'(1 - p'))/N + 1/(4N²)]; half a read decides ties.  The loss
    is the cross-entropy of a softmax over -z, which for two outputs is -ln Φ(z).  ``probability``
    is P(high), shape (images, classes); ``labels`` has shape (images,).
    """
    count = MANY if reads == "expected" else reads
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
    return lambda outputs, labels: margin_loss(outputs, labels, reads)


def output_layer(model: nn.Module) -> MTJNeuron | None:
    """Return the layer of devices at the end of a sequential network, if any."""
    while isinstance(model, nn.Sequential) and len(model):
        model = model[-1]
    return model if type(model) is MTJNeuron else None


@contextmanager
def normal_reads(model: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Let the junctions of a model in evaluation mode return N reads as normal numbers.

    Output devices return P(high) itself, for :func:`margin_loss`.
    """
    layers, last, hooks = list(junction_layers(model).values()), output_layer(model), []
    before = [layer.eval_reads for layer in layers]
    try:
        for layer, reads in zip(layers, before, strict=True):
            if reads != "expected" and layer is not last:
                hooks.append(layer.register_forward_hook(_spread(reads, generator)))
            layer.eval_reads = "expected"
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for layer, reads in zip(layers, before, strict=True):
            layer.eval_reads = reads


def _spread(reads: int, generator: torch.Generator) -> Callable[..., Tensor]:
    def add(layer: nn.Module, _: Any, outputs: Tensor) -> Tensor:
        base, height = 0.0, 1.0
        if isinstance(layer, MTJActivation):
            base, height = layer.scaled.base, layer.scaled.height
        variance = (outputs - base) * (base + height - outputs) / reads
        # The root has no slope at zero.
        deviation = torch.sqrt(variance.clamp(min=1e-9 * height**2))
        return outputs + deviation * normal(outputs, sample_key(generator))

    return add

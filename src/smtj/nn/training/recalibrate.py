"""Recalibration: bias voltages trained alone, to win back what spread or temperature has cost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from smtj.errors import SmtjError
from smtj.nn.devices.bias import BiasVoltage
from smtj.nn.layer.adaptive import Per, fix_bias, junction_layers, make_adaptive
from smtj.nn.layer.neuron import MTJNeuron, neurons_of
from smtj.nn.training.smooth_reads import loss_of, smooth_reads
from smtj.nn.training.trainer import count_correct

BATCH = 500
"""Images of one step at most."""
EVALUATION_BATCH = 2000
AT_LIMIT = 0.99
"""Share of the limit from which a voltage counts as at it."""
PRIOR = 5.0
"""Standard deviation that θ is taken to have before an image was seen; on held-out images 3 to 10
were alike, 1 let each neuron learn next to nothing from 500 images."""

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From outputs and labels of a batch to the mean loss of an image."""


class Step(NamedTuple):
    """How far a recalibration is."""

    number: int
    """Counted from 1."""
    steps: int
    loss: float
    """Loss of the images of the step, in nats an image."""


@dataclass(frozen=True)
class Recalibration:
    """What a recalibration did; ``print`` shows it."""

    images: int
    """How many it was given."""
    loss_before: float
    """In nats an image, on the given images, with N reads taken as normal numbers."""
    loss_after: float
    accuracy_before: float
    """Share of the given images that are recognised, read as in evaluation, once."""
    accuracy_after: float
    voltages: dict[str, Tensor]
    """V in V by layer, shape () or (features,)."""
    trained: int
    """How many voltages were trained; layers may share one."""
    at_limit: int
    """How many of these lie within 1 % of the limit."""

    def __str__(self) -> str:
        """Return the result for people."""
        lines = [
            f"Recalibrated {self.trained} bias voltages on {self.images} images: loss "
            f"{self.loss_before:.4f} → {self.loss_after:.4f} nats, {self.accuracy_before:.2%} → "
            f"{self.accuracy_after:.2%} of them recognised; {self.at_limit} at the limit"
        ]
        for name, values in self.voltages.items():
            low, mean, high = (1e3 * float(v) for v in (values.min(), values.mean(), values.max()))
            one = values.ndim == 0
            span = f"{mean:.0f} mV" if one else f"{low:.0f} to {high:.0f} mV, mean {mean:.0f} mV"
            lines.append(f"  layer {name or '(the model)'}: {span}")
        return "\n".join(lines)


def recalibrate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    per: Per = "neuron",
    steps: int = 200,
    learning_rate: float = 0.05,
    prior: float = PRIOR,
    loss: Loss | None = None,
    seed: int = 0,
    progress: Callable[[Step], None] | None = None,
) -> Recalibration:
    """Train the bias voltages of a model's junctions alone, from a few labelled images.

    Weights, couplings and digital parts stay as they are; the chip and its temperature are those
    the model is set to, and the reads those of its evaluation.

    Parameters
    ----------
    model
        Any module with junction layers; its voltages are changed, from where they are.  If they
        were fixed they are so afterwards; if they learn, ``per`` must be what they learn by.
    images
        Inputs of the model, the images first.
    labels
        Classes, shape (images,).
    per
        One voltage for the network, for each layer or for each neuron.
    steps
        Steps of Adam, each on up to 500 images.
    learning_rate
        Of θ, where V = V_limit tanh θ; it falls to zero over the second half of the steps.
    prior
        Standard deviation that the two parts of θ are taken to have before any image is seen, that
        which a layer has in common and that of each neuron: the fewer the images, the nearer
        voltages stay to 0 V and to each other.
    loss
        From outputs and labels to the mean loss; by default that of
        :func:`smtj.nn.training.smooth_reads.margin_loss` for a sequential network that ends
        with devices, and else the cross-entropy of a softmax over the outputs.
    seed
        Decides batches and noise.
    progress
        Called after every step.

    Returns
    -------
    Recalibration
        What it did; voltages that lowered no loss are taken back.

    Raises
    ------
    SmtjError
        There is no junction layer, no image, or not a label an image; or the model learns its
        voltages by something else than ``per``.
    KeyboardInterrupt
        If interrupted; the model then keeps the voltages of the last step.

    Notes
    -----
    Reads are trained on as normal numbers (:mod:`smtj.nn.training.smooth_reads`), since a steeper
    neuron is also a quieter one, which neither expected values nor sampled reads tell a gradient.
    A read scheme (:class:`smtj.nn.ReadScheme`) counts for the accuracies; steps take its N reads
    as independent and free of error.
    """
    layers = junction_layers(model)
    if len(images) != len(labels) or len(labels) == 0 or labels.ndim != 1 or steps < 1:
        raise SmtjError(
            f"there are {len(images)} images, labels of shape {tuple(labels.shape)} and {steps} "
            "steps; a label an image is needed, and one of each at least"
        )
    fixed = all(layer.bias is None for layer in layers)
    if fixed:
        make_adaptive(model, per)
    biases = _biases(layers, per)
    generator = torch.Generator().manual_seed(seed)
    chosen = loss_of(model) if loss is None else loss
    with _at_work(model, layers, biases, generator):
        try:
            start = [bias.theta.detach().clone() for bias in biases]
            before = _assess(model, images, labels, chosen, seed)
            _descend(model, images, labels, chosen, biases, steps, learning_rate, prior, progress)
            after = _assess(model, images, labels, chosen, seed)
            if not after[0] < before[0]:
                # Nothing was won, so that the voltages had better stay.
                with torch.no_grad():
                    for bias, theta in zip(biases, start, strict=True):
                        bias.theta.copy_(theta)
                after = before
            values = [bias().detach() for bias in biases]
            voltages = {
                name: layer.bias().detach().clone()
                for name, layer in neurons_of(model).items()
                if layer.bias is not None
            }
        finally:
            if fixed:
                fix_bias(model)
    return Recalibration(
        images=len(labels),
        loss_before=before[0],
        loss_after=after[0],
        accuracy_before=before[1],
        accuracy_after=after[1],
        voltages=voltages,
        trained=sum(v.numel() for v in values),
        at_limit=sum(
            int((v.abs() > AT_LIMIT * bias.limit).sum())
            for v, bias in zip(values, biases, strict=True)
        ),
    )


def _biases(layers: list[MTJNeuron], per: Per) -> list[BiasVoltage]:
    """Return what learns, each once, or refuse a model that learns otherwise."""
    found = list({id(layer.bias): layer.bias for layer in layers if layer.bias}.values())
    sizes = {
        "network": [1],
        "layer": [1] * len(layers),
        "neuron": [layer.features for layer in layers],
    }
    if [bias.theta.numel() for bias in found] != sizes[per]:
        raise SmtjError(
            f"the model learns its bias voltages by something else than per={per!r}; give what it "
            "was made adaptive with, or fix_bias(model) first"
        )
    return found


@contextmanager
def _at_work(
    model: nn.Module,
    layers: list[MTJNeuron],
    biases: list[BiasVoltage],
    generator: torch.Generator,
) -> Iterator[None]:
    """Freeze all but the voltages, in evaluation mode, and restore everything in the end."""
    learning = {id(bias.theta) for bias in biases}
    modes = [(module, module.training) for module in model.modules()]
    wanted = [(weight, weight.requires_grad) for weight in model.parameters()]
    generators = [layer.generator for layer in layers]
    # Devices that remember the image before are left in the states that they were in.
    states = [layer.read_state.clone() for layer in layers]
    try:
        model.eval()
        for weight, _ in wanted:
            weight.requires_grad_(id(weight) in learning)
        for layer in layers:
            layer.generator = generator
        yield
    finally:
        for module, training in modes:
            module.training = training
        for weight, required in wanted:
            weight.requires_grad_(required)
        for layer, own, state in zip(layers, generators, states, strict=True):
            layer.generator, layer.read_state = own, state


def _descend(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    loss: Loss,
    biases: list[BiasVoltage],
    steps: int,
    learning_rate: float,
    prior: float,
    progress: Callable[[Step], None] | None,
) -> None:
    """Descend by Adam on the loss less the logarithm of the prior of θ."""
    generator = junction_layers(model)[0].generator
    assert generator is not None
    thetas = [bias.theta for bias in biases]
    # θ = common + own: what all neurons of a layer ask for is heard although each alone is noisy.
    common = [nn.Parameter(theta.detach().mean()) for theta in thetas]
    own = [nn.Parameter(theta.detach() - theta.detach().mean()) for theta in thetas]
    optimiser = torch.optim.Adam([*common, *own], learning_rate, betas=(0.9, 0.99))
    weight = 1 / (prior**2 * len(labels))
    with smooth_reads(model, generator), torch.enable_grad():
        for number in range(1, steps + 1):
            for group in optimiser.param_groups:
                group["lr"] = learning_rate * min(1.0, 2 * (1 - (number - 1) / steps))
            batch = torch.randperm(len(labels), generator=generator)[:BATCH]
            value = loss(model(images[batch]), labels[batch])
            gradients = torch.autograd.grad(value, thetas, allow_unused=True)
            for gradient, mean, rest in zip(gradients, common, own, strict=True):
                total = torch.zeros_like(rest) if gradient is None else gradient
                mean.grad = total.sum() + weight * mean.detach()
                rest.grad = total + weight * rest.detach()
            optimiser.step()
            with torch.no_grad():
                for theta, mean, rest in zip(thetas, common, own, strict=True):
                    theta.copy_(mean + rest)
            if progress is not None:
                progress(Step(number, steps, float(value.detach())))


def _assess(
    model: nn.Module, images: Tensor, labels: Tensor, loss: Loss, seed: int
) -> tuple[float, float]:
    """Return the smooth loss in nats an image and the share that is recognised."""
    generator = torch.Generator().manual_seed(seed)
    for layer in junction_layers(model):
        layer.generator = generator
    parts = list(zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True))
    with torch.no_grad():
        with smooth_reads(model, generator):
            total = sum(float(loss(model(x), y)) * len(y) for x, y in parts)
        right = sum(count_correct(model(x), y, generator) for x, y in parts)
    return total / len(labels), right / len(labels)

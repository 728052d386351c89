"""Recalibration: train the bias voltages only, to recover from spread or temperature."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from smtj.errors import SmtjError
from smtj.nn.devices.bias import BiasVoltage
from smtj.nn.layer.adaptive import Per, fix_bias, make_adaptive
from smtj.nn.layer.neuron import MTJNeuron, junction_layers, neurons_of
from smtj.nn.training.smooth_reads import loss_of, normal_reads
from smtj.nn.training.trainer import EVALUATION_BATCH, count_correct
from smtj.tables import Table, Tabular

BATCH = 500
"""Maximum images per step."""
AT_LIMIT = 0.99
"""Fraction of the limit from which a voltage counts as at the limit."""
PRIOR = 5.0
"""Prior standard deviation of θ; on held-out images 3 to 10 were alike, and 1 let each neuron learn
next to nothing from 500 images."""

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Maps outputs and labels of a batch to the mean loss per image."""


class Step(NamedTuple):
    """The progress of a recalibration."""

    number: int
    """Counted from 1."""
    steps: int
    loss: float
    """Loss of the step in nats per image."""


@dataclass(frozen=True, eq=False, repr=False)
class Recalibration(Tabular):
    """The result of a recalibration; it prints as a table."""

    images: int
    """Number of images."""
    loss_before: float
    """In nats per image, on the given images, with N reads as normal numbers."""
    loss_after: float
    accuracy_before: float
    """Fraction of the given images classified correctly, in one evaluation."""
    accuracy_after: float
    voltages: dict[str, Tensor]
    """V in V by layer, shape () or (features,)."""
    trained: int
    """Number of voltages trained; layers may share one."""
    at_limit: int
    """Number of these within 1 % of the limit."""

    def table(self) -> Table:
        """Return the voltages by layer, with loss and accuracy before and after."""
        rows = []
        for name, values in self.voltages.items():
            low, mean, high = (1e3 * float(v) for v in (values.min(), values.mean(), values.max()))
            rows.append((name or "(the model)", f"{mean:.0f}", f"{low:.0f}", f"{high:.0f}"))
        notes = (
            f"{self.trained} bias voltages, {self.images} images; {self.at_limit} at the limit",
            f"loss {self.loss_before:.4f} → {self.loss_after:.4f} nats per image",
            f"accuracy on these images {100 * self.accuracy_before:.2f} → "
            f"{100 * self.accuracy_after:.2f} %",
        )
        head = ("layer", "mean (mV)", "lowest (mV)", "highest (mV)")
        return Table("Recalibration of bias voltages", head, rows, notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON types; voltages in V."""
        voltages = {name: values.tolist() for name, values in self.voltages.items()}
        return {
            **{entry.name: getattr(self, entry.name) for entry in fields(self)},
            "voltages": voltages,
        }


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
    """Train only the bias voltages of a model's junctions, from a few labelled images.

    Weights, couplings and digital parts stay; chip, temperature, evaluation reads and read scheme
    are the model's current ones.

    Parameters
    ----------
    model
        Any module with junction layers; its voltages are modified.  Fixed voltages are fixed again
        afterwards; learnable ones must match ``per``.
    images
        Inputs of the model, the images first.
    labels
        Classes, shape (images,).
    per
        One voltage for the network, per layer or per neuron.
    steps
        Steps of Adam, each on up to 500 images.
    learning_rate
        Of θ, where V = V_limit tanh θ; it falls to zero over the second half of the steps.
    prior
        Prior standard deviation of the two parts of θ, the one common to a layer and the one of
        each neuron: the fewer the images, the closer voltages stay to 0 V and to each other.
    loss
        Maps outputs and labels to the mean loss; by default
        :func:`smtj.nn.training.smooth_reads.margin_loss` for a sequential network that ends with
        devices, else the cross-entropy of a softmax over the outputs.
    seed
        Decides batches and noise.
    progress
        Called after every step.

    Returns
    -------
    Recalibration
        The result; voltages that did not lower the loss are reverted.

    Raises
    ------
    SmtjError
        The model has no junctions, an image lacks a label, or learnable voltages do not match
        ``per``.

    Notes
    -----
    Steps treat the N reads as normal numbers (:mod:`smtj.nn.training.smooth_reads`), since a
    steeper neuron is also less noisy, which neither expected values nor sampled reads tell the
    gradient.  Steps know the read scheme (:class:`smtj.nn.ReadScheme`): its interval against the
    relaxation time at every voltage, and the last image in a stream; they take a read as a snapshot
    free of error.  Without a scheme every image waits for equilibrium, so a voltage that makes the
    device slow costs nothing.  After an interrupt, the model keeps the voltages of the last
    step.

    Examples
    --------
    >>> from smtj.nn import set_conditions
    >>> network = nn.Sequential(nn.Linear(8, 16), MTJNeuron("cai2019", 16), nn.Linear(16, 4))
    >>> images, labels = torch.rand(200, 8), torch.randint(4, (200,))
    >>> result = recalibrate(set_conditions(network, temperature=360.0), images, labels, steps=5)
    >>> result.loss_after <= result.loss_before
    True
    """
    layers = list(junction_layers(model).values())
    if len(images) != len(labels) or len(labels) == 0 or labels.ndim != 1 or steps < 1:
        raise SmtjError(
            f"there are {len(images)} images, labels of shape {tuple(labels.shape)} and {steps} "
            "steps; give one label per image, and at least one image and one step"
        )
    fixed = all(layer.bias is None for layer in layers)
    if fixed:
        make_adaptive(model, per)
    biases = _biases(layers, per)
    generator = torch.Generator().manual_seed(seed)
    chosen = loss_of(model) if loss is None else loss
    with _only_voltages(model, layers, biases, generator):
        try:
            start = [bias.theta.detach().clone() for bias in biases]
            before = _assess(model, images, labels, chosen, seed)
            _descend(model, images, labels, chosen, biases, steps, learning_rate, prior, progress)
            after = _assess(model, images, labels, chosen, seed)
            if not after[0] < before[0]:
                # No improvement: revert.
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
    """Return the learnable voltages, each once; raise an error if they do not match ``per``."""
    found = list({id(layer.bias): layer.bias for layer in layers if layer.bias}.values())
    sizes = {
        "network": [1],
        "layer": [1] * len(layers),
        "neuron": [layer.features for layer in layers],
    }
    if [bias.theta.numel() for bias in found] != sizes[per]:
        raise SmtjError(
            f"the model's learnable bias voltages do not match per={per!r}; repeat the per of "
            "make_adaptive, or call fix_bias(model) first"
        )
    return found


@contextmanager
def _only_voltages(
    model: nn.Module,
    layers: list[MTJNeuron],
    biases: list[BiasVoltage],
    generator: torch.Generator,
) -> Iterator[None]:
    """Freeze all but the voltages, in evaluation mode; restore everything at the end."""
    learning = {id(bias.theta) for bias in biases}
    modes = [(module, module.training) for module in model.modules()]
    wanted = [(weight, weight.requires_grad) for weight in model.parameters()]
    generators = [layer.generator for layer in layers]
    # Devices that remember the last image keep their states.
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
    """Minimise the loss minus the log prior of θ by Adam."""
    generator = next(iter(junction_layers(model).values())).generator
    assert generator is not None
    thetas = [bias.theta for bias in biases]
    # θ = common + own: the common gradient of a layer stands out although each alone is noisy.
    common = [nn.Parameter(theta.detach().mean()) for theta in thetas]
    own = [nn.Parameter(theta.detach() - theta.detach().mean()) for theta in thetas]
    optimiser = torch.optim.Adam([*common, *own], learning_rate, betas=(0.9, 0.99))
    weight = 1 / (prior**2 * len(labels))
    with normal_reads(model, generator), torch.enable_grad():
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
    """Return the loss in nats per image and the accuracy."""
    generator = torch.Generator().manual_seed(seed)
    for layer in junction_layers(model).values():
        layer.generator = generator
    parts = list(zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True))
    with torch.no_grad():
        with normal_reads(model, generator):
            total = sum(float(loss(model(x), y)) * len(y) for x, y in parts)
        right = sum(count_correct(model(x), y, generator) for x, y in parts)
    return total / len(labels), right / len(labels)

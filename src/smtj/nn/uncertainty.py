"""How sure a network is, by the random reads of its own devices."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from scipy.stats import rankdata
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from smtj.errors import SmtjError
from smtj.nn.layer.activation import MTJActivation
from smtj.nn.layer.configure import reset_state, set_readout
from smtj.nn.layer.neuron import MTJNeuron
from smtj.tables import Table, Tabular

LOWEST = 1e-7
"""Probability that a negative log-likelihood takes for any smaller one: reads give zeros."""


@dataclass(frozen=True, eq=False, repr=False)
class Prediction(Tabular):
    """Class probabilities of images, averaged over samples of a network, and how these differ."""

    probabilities: Tensor
    """Predictive mean p: the mean over the samples, shape (images, classes)."""
    entropy: Tensor
    """H(p) = -Σ p ln p in nats, shape (images,): the whole uncertainty."""
    mutual_information: Tensor
    """H(p) less the mean entropy of the samples, in nats, shape (images,): the part of the
    uncertainty on which the samples disagree; 0 for one sample."""
    samples: int

    @property
    def classes(self) -> Tensor:
        """The most probable class of each image, shape (images,)."""
        return self.probabilities.argmax(1)

    def table(self) -> Table:
        """Return mean and range of what is known of the images."""
        rows = {
            "probability of the class": self.probabilities.max(1).values,
            "entropy (nats)": self.entropy,
            "mutual information (nats)": self.mutual_information,
        }
        samples = f"{self.samples} sample{'s' if self.samples > 1 else ''}"
        return Table(
            f"Prediction for {len(self.entropy):,} images from {samples} of the network",
            ("", "mean", "lowest", "highest"),
            [
                (name, *(f"{float(x):.3g}" for x in (values.mean(), values.min(), values.max())))
                for name, values in rows.items()
            ],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "probabilities": self.probabilities.tolist(),
            "entropy": self.entropy.tolist(),
            "mutual_information": self.mutual_information.tolist(),
            "samples": self.samples,
        }


@torch.no_grad()
def predict(
    model: nn.Module,
    x: Tensor,
    samples: int = 16,
    *,
    activation: Callable[[Tensor], Tensor] | None = None,
    dropout: bool = False,
    generator: torch.Generator | None = None,
    batch_size: int = 2000,
) -> Prediction:
    """Evaluate a network several times; each time its devices are read anew.

    A sample is one forward pass in evaluation mode, with the ``eval_reads`` of every layer, so an
    image takes ``samples`` × ``eval_reads`` reads of each device.  The chip stays the same.

    Parameters
    ----------
    model
        Any module; left as it was.
    x
        Inputs of the model, first dimension images.
    samples
        Forward passes.
    activation
        Makes class probabilities of outputs, both of shape (batch, classes).  By default the
        softmax; for a ``Sequential`` that ends with devices or sigmoids, whose outputs are one
        probability per class, these divided by their sum, and equal ones if all are zero.
    dropout
        Whether dropout layers are active, for Monte Carlo dropout (Gal and Ghahramani,
        arXiv:1506.02142).
    generator
        Source of the reads; by default what the layers have, PyTorch's own at first.
    batch_size
        Images at once.

    Returns
    -------
    Prediction
        Probabilities, entropies and mutual information (Depeweg et al., arXiv:1710.07283, Eq. 4).

    Raises
    ------
    SmtjError
        ``samples`` is below 1, or the outputs are not classes.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 4), MTJNeuron("cai2019", 4, reads=1), nn.Linear(4, 2))
    >>> predict(model, torch.rand(5, 3), samples=16).probabilities.shape
    torch.Size([5, 2])
    """
    if samples < 1:
        raise SmtjError(f"samples is {samples}; it must be 1 or more")
    activation = activation or _activation_of(model)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    for module, _ in modes:
        if dropout and isinstance(module, _DropoutNd):
            module.train()
    set_readout(model, generator=generator)
    try:
        total, within = torch.zeros(()), torch.zeros(())
        for _ in range(samples):
            # A stream of images begins anew.
            reset_state(model)
            outputs = [model(part) for part in x.split(batch_size)]
            p = torch.cat([_checked(output, activation) for output in outputs]).double()
            total, within = total + p, within + _entropy(p)
    finally:
        for module, mode in modes:
            module.training = mode
    mean = total / samples
    entropy = _entropy(mean)
    # Rounding may leave less than nothing where all samples agree.
    mutual = (entropy - within / samples).clamp(min=0.0)
    return Prediction(mean, entropy, mutual, samples)


def _activation_of(model: nn.Module) -> Callable[[Tensor], Tensor]:
    last = model[-1] if isinstance(model, nn.Sequential) and len(model) else None
    return _shares if isinstance(last, MTJNeuron | MTJActivation | nn.Sigmoid) else _softmax


def _softmax(outputs: Tensor) -> Tensor:
    return torch.softmax(outputs.double(), 1)


def _shares(outputs: Tensor) -> Tensor:
    outputs = outputs.double()
    total = outputs.sum(1, keepdim=True)
    return torch.where(total > 0, outputs / total, 1 / outputs.shape[1])


def _checked(outputs: Any, activation: Callable[[Tensor], Tensor]) -> Tensor:
    if not isinstance(outputs, Tensor) or outputs.ndim != 2:
        shape = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise SmtjError(f"the model's output is {shape}; it must be a tensor (images, classes)")
    return activation(outputs)


def _entropy(p: Tensor) -> Tensor:
    return torch.sum(torch.special.entr(p), 1)


def negative_log_likelihood(probabilities: Tensor, labels: Tensor, lowest: float = LOWEST) -> float:
    """Return the mean of -ln p of the true class, in nats.

    Parameters
    ----------
    probabilities
        Shape (images, classes).
    labels
        Classes, shape (images,).
    lowest
        Taken for smaller probabilities, which a finite number of reads cannot tell from it.
    """
    p = probabilities.gather(1, labels[:, None].long()).double()
    return float(-p.clamp(min=lowest).log().mean())


def expected_calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Return the mean distance of confidence and accuracy over bins of confidence.

    Σ_b n_b/n |accuracy_b - confidence_b| over bins of equal width (Guo et al., arXiv:1706.04599,
    Eq. 3).  It is positive even for a calibrated network, by about √(bins/n).

    Parameters
    ----------
    probabilities
        Shape (images, classes).
    labels
        Classes, shape (images,).
    bins
        Their number between 0 and 1.
    """
    confidence, chosen = probabilities.double().max(1)
    excess = (chosen == labels).double() - confidence
    number = (confidence * bins).ceil().long().clamp(1, bins) - 1
    sums = torch.zeros(bins, dtype=torch.float64).index_add_(0, number, excess)
    return float(sums.abs().sum() / len(labels))


def auroc(inside: Tensor, outside: Tensor) -> float:
    """Return the area under the receiver operating characteristic of a score.

    The probability that an image from outside scores higher than one from inside, ties counting
    half; 0.5 for a score that tells nothing.

    Parameters
    ----------
    inside, outside
        The score, entropy for example, of images like those of the training and of others; shapes
        (images,) and (others,).
    """
    ranks = rankdata(torch.cat((outside, inside)).double().numpy())[: len(outside)]
    pairs = len(outside) * len(inside)
    return float((ranks.sum() - len(outside) * (len(outside) + 1) / 2) / pairs)

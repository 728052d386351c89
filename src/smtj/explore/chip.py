"""The network of the page: trained weights on a chip of the card's devices; needs PyTorch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import entr
from torch import Tensor, nn

from smtj.card import Card
from smtj.explore.shipping import SHIPPED
from smtj.nn import set_readout
from smtj.nn.training.network import NetworkSettings, build_network, load_network
from smtj.typing import Floats

EVALUATIONS = 200
"""Evaluations of a digit that give the spread of its outputs."""
LEARNED = ("weight", "bias", "coupling.mean", "coupling.variance")
"""Suffixes of trained parameters; the rest of a network's state is its chip."""


@dataclass(frozen=True)
class Outputs:
    """Read-outs of the output neurons for one digit, over many evaluations."""

    mean: Floats
    """Mean read-out of each class, shape (10,)."""
    spread: Floats
    """Standard deviation from one evaluation to the next, same shape."""
    chosen: Floats
    """Fraction of evaluations in which a class is the highest, ties split; same shape."""
    entropy: float
    """Of the class that a single read of all output neurons names, in nats: 0 for always the same,
    ln 10 for a blind guess, which a read with no neuron high is."""

    @property
    def is_digit(self) -> bool:
        """Whether the reads lie closer to one class than to a guess: H below half of ln 10.

        With the shipped network and 16 reads this holds for 94 % of 500 of MNIST's test digits (one
        read: 73 %), but not for crosses, squares and most letters.  What looks to it like a digit,
        a level bar for example, passes.
        """
        return self.entropy < math.log(self.mean.size) / 2


@dataclass(frozen=True)
class Evaluation:
    """One evaluation, read by read."""

    hidden: NDArray[np.uint8]
    """State of every hidden neuron at every read, shape (reads, neurons)."""
    outputs: Floats
    """Read-outs of the output neurons after each read, shape (reads, 10)."""


def build_chip(card: Card, seed: int) -> nn.Sequential:
    """Build the shipped network from a card's devices.

    The trained weights stay, as does what the calibrated coupling learned about the inputs; its
    drive of the devices follows from the card, so any card will do.

    ``seed`` is that of the device variation.

    Raises
    ------
    SmtjError
        The card's device has no barrier, or the seed is negative.
    """
    learned, settings = _shipped()
    network = build_network(replace(settings, chip_seed=seed), card, seed=0)
    network.load_state_dict({**network.state_dict(), **learned})
    return network.eval()


def answer(network: nn.Sequential, image: Floats, reads: int, seed: int) -> Outputs:
    """Show a digit many times and return the read-outs.

    ``image`` is ink in [0, 1] of shape (28, 28), ``reads`` is per neuron and evaluation, and
    ``seed`` is that of reads and magnetic noise.
    """
    set_readout(network, eval_reads=reads, noise=True, generator=_generator(seed))
    with torch.no_grad():
        outputs = network(_batch(image).expand(EVALUATIONS, -1)).double().numpy()
    highest = outputs == outputs.max(axis=1, keepdims=True)
    chosen = (highest / highest.sum(axis=1, keepdims=True)).mean(axis=0)
    return Outputs(outputs.mean(axis=0), outputs.std(axis=0), chosen, _entropy(outputs))


def _entropy(outputs: Floats) -> float:
    """Return the entropy in nats of the class that one read names; shape (evaluations, classes).

    The neurons are independent within an evaluation.  A read with several high names any of them,
    one with none any of all.
    """
    # A class k is high with B others and named with chance 1/(1 + B), whose mean is the integral
    # of the product of 1 - p_j + p_j t over all j but k; exact with these nodes.
    classes = outputs.shape[1]
    nodes, weights = np.polynomial.legendre.leggauss(classes // 2)
    lacking = 1 - outputs[:, None] * ((1 - nodes) / 2)[:, None]
    others = lacking.prod(axis=2, keepdims=True) / lacking
    named = outputs * np.tensordot(others, weights / 2, axes=(1, 0))
    silent = np.prod(1 - outputs, axis=1, keepdims=True)
    p = (named + silent / classes).mean(axis=0)
    return float(entr(p).sum())


def evaluate_slowly(network: nn.Sequential, image: Floats, reads: int, seed: int) -> Evaluation:
    """Evaluate a digit once and return every read: the hidden neurons first, then the outputs.

    The magnetic noise is constant within an evaluation, so the reads of a neuron are independent
    at its P(high).  Arguments as in :func:`answer`.
    """
    rng = np.random.default_rng(seed)
    set_readout(network, eval_reads="expected", noise=True, generator=_generator(seed))
    *before, first, last_sum, last = network
    with torch.no_grad():
        hidden = _reads(rng, nn.Sequential(*before, first)(_batch(image)), reads)
        mean = torch.from_numpy(hidden.mean(axis=0, dtype=np.float32))[None]
        outputs = _reads(rng, last(last_sum(mean)), reads)
    count = np.arange(1, reads + 1)[:, None]
    return Evaluation(hidden, np.cumsum(outputs, axis=0) / count)


def hidden_neurons() -> int:
    """Return the number of hidden neurons of the shipped network."""
    _, settings = _shipped()
    return settings.sizes[1]


@cache
def _shipped() -> tuple[Mapping[str, Tensor], NetworkSettings]:
    network, settings, _ = load_network(SHIPPED)
    learned = {k: v for k, v in network.state_dict().items() if k.endswith(LEARNED)}
    return learned, settings


def _reads(rng: np.random.Generator, probability: Tensor, reads: int) -> NDArray[np.uint8]:
    p = probability.double().numpy()[0]
    return np.asarray(rng.random((reads, p.size)) < p, dtype=np.uint8)


def _batch(image: Floats) -> Tensor:
    return torch.from_numpy(np.asarray(image, dtype=np.float32).reshape(1, -1))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)

"""Boltzmann machines that learn, on ideal p-bits or on a chip whose junctions differ.

A restricted machine has visible and hidden bits, and couplings between the two kinds alone, all or
a random part of them.  A controller sets and reads one kind after the other and waits until the
junctions have forgotten, so that each answers with its own P(high) at its input.  Contrastive
divergence (G. E. Hinton, Neural Comput. 14, 1771 (2002), doi:10.1162/089976602760128018) compares
what the machine samples beside data with what it samples a step later: learnt on a chip, it takes
the chip's junctions as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.pbits.samplers import Machine
from smtj.typing import Floats

Bits: TypeAlias = NDArray[np.float32]
"""0 or 1, shape (cases, bits)."""


@dataclass(frozen=True)
class Layer:
    """How the bits of one kind answer: the log-odds of each at its input."""

    inputs: Floats
    odds: Floats
    limits: tuple[float, float]
    gains: Floats
    shifts: Floats

    def __call__(self, wanted: Bits) -> Bits:
        """Return the log-odds that junctions have where these are wanted."""
        x = np.clip(wanted, *self.limits) - self.shifts
        return np.asarray(self.gains * np.interp(x, self.inputs, self.odds), np.float32)


@dataclass(frozen=True, eq=False)
class RestrictedMachine:
    """A restricted Boltzmann machine: P(v, h) ~ exp(v·W·h + b·v + c·h) of ideal bits 0 and 1."""

    weights: Bits
    """W, shape (visible, hidden)."""
    visible_bias: Bits
    """b; the labels, one bit a class, are the last."""
    hidden_bias: Bits
    """c."""
    classes: int
    """Number of labels."""
    layers: tuple[Layer, Layer] | None = None
    """Junctions of the visible and the hidden bits; None for ideal ones."""
    accuracies: list[float] = field(default_factory=list)
    """Of the test after every epoch of learning, if there was one."""

    def on(self, machine: Machine | None) -> "RestrictedMachine":
        """Return the same weights on the junctions of a chip, or on ideal bits."""
        if machine is None:
            return replace(self, layers=None)
        return replace(self, layers=layers_of(machine, *self.weights.shape))

    def sample_hidden(self, visible: Bits, rng: np.random.Generator) -> Bits:
        """Sample the hidden bits beside visible ones."""
        return self._answer(visible @ self.weights + self.hidden_bias, 1, rng)

    def sample_visible(self, hidden: Bits, rng: np.random.Generator) -> Bits:
        """Sample the visible bits beside hidden ones."""
        return self._answer(hidden @ self.weights.T + self.visible_bias, 0, rng)

    def _answer(self, wanted: Bits, kind: int, rng: np.random.Generator) -> Bits:
        odds = wanted if self.layers is None else self.layers[kind](wanted)
        uniform = rng.random(odds.shape, np.float32)
        # u < 1/(1 + e^-a), without a division.
        with np.errstate(over="ignore"):
            return (uniform + uniform * np.exp(-odds) < 1).astype(np.float32)

    def classify(self, images: ArrayLike, sweeps: int = 30, seed: int = 0) -> NDArray[np.int64]:
        """Return the class of each image: the image is held, and the label most often high wins.

        Parameters
        ----------
        images
            0 to 1, of which those above one half are high, shape (images, pixels).
        sweeps
            Of which the first third is not counted.
        seed
            Determines the samples.
        """
        rng = np.random.default_rng(seed)
        pixels = _binary(images)
        count = self.visible_bias.size - self.classes
        if pixels.shape[1] != count:
            raise SmtjError(f"images have {pixels.shape[1]} pixels; the machine learnt {count}")
        upper, bias = self.weights[count:], self.visible_bias[count:]
        held = pixels @ self.weights[:count] + self.hidden_bias
        labels = np.zeros((len(pixels), self.classes), np.float32)
        votes = np.zeros_like(labels)
        part = None if self.layers is None else _part(self.layers[0], count)
        for sweep in range(sweeps):
            hidden = self._answer(held + labels @ upper, 1, rng)
            odds = hidden @ upper.T + bias
            odds = odds if part is None else part(odds)
            uniform = rng.random(odds.shape, np.float32)
            labels = (uniform + uniform * np.exp(-odds) < 1).astype(np.float32)
            if sweep >= sweeps // 3:
                votes += labels
        return np.asarray(votes.argmax(axis=1), np.int64)

    def generate(
        self, label: int, count: int = 10, sweeps: int = 500, seed: int = 0
    ) -> NDArray[np.float32]:
        """Return images of a class, each of its own run with the label held: (count, pixels)."""
        rng = np.random.default_rng(seed)
        pixels = self.visible_bias.size - self.classes
        visible = (rng.random((count, self.visible_bias.size)) < 0.1).astype(np.float32)
        for _ in range(sweeps):
            visible[:, pixels:] = 0
            visible[:, pixels + label] = 1
            visible = self.sample_visible(self.sample_hidden(visible, rng), rng)
        return visible[:, :pixels]

    def accuracy(self, images: ArrayLike, labels: ArrayLike, sweeps: int = 30) -> float:
        """Return the fraction of images that :meth:`classify` names right."""
        return float((self.classify(images, sweeps) == np.asarray(labels)).mean())


def layers_of(machine: Machine, visible: int, hidden: int) -> tuple[Layer, Layer]:
    """Return the junctions of a machine's chip, first those of the visible bits."""
    own, chip = machine.response, machine.chip(visible + hidden, 1)
    shared: dict[str, Any] = {"inputs": own.inputs, "odds": own.odds, "limits": own.limits}
    first, second = slice(0, visible), slice(visible, None)
    return (
        Layer(**shared, gains=chip.gains[0, first], shifts=chip.shifts[0, first]),
        Layer(**shared, gains=chip.gains[0, second], shifts=chip.shifts[0, second]),
    )


def learn(
    images: ArrayLike,
    labels: ArrayLike,
    machine: Machine | None = None,
    *,
    hidden: int = 400,
    density: float = 1.0,
    epochs: int = 10,
    batch: int = 100,
    rate: float = 0.05,
    momentum: float = 0.8,
    decay: float = 2e-4,
    start: RestrictedMachine | None = None,
    test: tuple[ArrayLike, ArrayLike] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> RestrictedMachine:
    """Teach a restricted Boltzmann machine images with their labels, by contrastive divergence.

    Parameters
    ----------
    images, labels
        0 to 1, shape (images, pixels), and whole numbers from 0.
    machine
        Chip on which it learns, with its junctions as they are; None for ideal bits.
    hidden, density
        Hidden bits, and the fraction of couplings that there are.
    epochs, batch
        Passes over the images, and images between two changes of the weights.
    rate, momentum, decay
        Of the weights; the rate falls along a line to a tenth.
    start
        Weights to begin with; by default small random ones.
    test
        Images and labels to classify after every epoch.
    seed
        Determines weights, order and samples.
    progress
        Called with (done, total) batches.

    Raises
    ------
    SmtjError
        Numbers of images and labels differ, or the density is not above 0 and at most 1.
    """
    pixels, names = _binary(images), np.asarray(labels, np.int64)
    if len(pixels) != len(names) or names.min(initial=0) < 0:
        raise SmtjError(f"{len(pixels)} images have {len(names)} labels; give one each, from 0")
    if not 0 < density <= 1:
        raise SmtjError(f"density is {density:g}; it must be above 0 and at most 1")
    rng = np.random.default_rng(seed)
    classes = int(names.max()) + 1 if start is None else start.classes
    data = np.concatenate([pixels, np.eye(classes, dtype=np.float32)[names]], axis=1)
    visible = data.shape[1]
    if start is None:
        mean = np.clip(data.mean(axis=0), 0.01, 0.99)
        known = RestrictedMachine(
            0.01 * rng.standard_normal((visible, hidden), np.float32),
            np.log(mean / (1 - mean)).astype(np.float32),
            np.zeros(hidden, np.float32),
            classes,
        )
    else:
        known = replace(start, weights=start.weights.copy(), accuracies=[])
    known = known.on(machine)
    mask = (rng.random(known.weights.shape) < density).astype(np.float32)
    known.weights[:] *= mask
    w, b, c = known.weights, known.visible_bias.copy(), known.hidden_bias.copy()
    known = replace(known, visible_bias=b, hidden_bias=c)
    steps = [np.zeros_like(part) for part in (w, b, c)]
    batches = len(data) // batch
    for epoch in range(epochs):
        order = rng.permutation(len(data))
        for k in range(batches):
            here = data[order[k * batch : (k + 1) * batch]]
            first = known.sample_hidden(here, rng)
            later = known.sample_visible(first, rng)
            second = known.sample_hidden(later, rng)
            done = epoch * batches + k
            pace = rate * (1 - 0.9 * done / (epochs * batches))
            gradient = (here.T @ first - later.T @ second) / batch - decay * w
            slopes = (gradient * mask, (here - later).mean(axis=0), (first - second).mean(axis=0))
            for part, step, slope in zip((w, b, c), steps, slopes, strict=True):
                step *= momentum
                step += pace * slope
                part += step
            if progress is not None:
                progress(done + 1, epochs * batches)
        if test is not None:
            known.accuracies.append(known.accuracy(*test))
    return known


def _part(layer: Layer, first: int) -> Layer:
    return replace(layer, gains=layer.gains[first:], shifts=layer.shifts[first:])


def _binary(images: ArrayLike) -> Bits:
    given = np.asarray(images, np.float32)
    return (given.reshape(len(given), -1) > 0.5).astype(np.float32)

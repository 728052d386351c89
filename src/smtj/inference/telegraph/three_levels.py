"""Description of a trace by three levels, which two levels have to beat."""

import math
from dataclasses import dataclass

import numpy as np

from smtj.inference.telegraph.kernels.levels import level_sums
from smtj.inference.telegraph.likelihood import Model, Trace
from smtj.inference.telegraph.optimise import MIN_NOISE
from smtj.typing import Floats

STEPS, FIRST_STEPS, GAIN = 40, 2, 0.1
GUESSES = (
    (0.0, 1.0, -0.7),
    (0.0, 1.0, 0.3),
    (0.0, 1.0, 0.5),
    (0.0, 1.0, 0.7),
    (0.0, 1.0, 1.7),
    (-0.25, 0.25, 1.0),
    (0.0, 0.75, 1.25),
)
"""Three levels over the separation of two."""


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels under the drift of a two-level description."""

    log_likelihood: float
    values: Floats
    """Above the drift, in no order, (levels,)."""
    moves: Floats
    """Chances of going from one to another from reading to reading, (levels, levels)."""
    noise: float
    outliers: float

    @property
    def fractions(self) -> Floats:
        """Shares of the time spent in the levels, (levels,)."""
        matrix = np.vstack([self.moves.T - np.eye(self.values.size), np.ones(self.values.size)])
        right = np.append(np.zeros(self.values.size), 1.0)
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0])


def three_levels(trace: Trace, model: Model) -> Levels:
    """Return the best description by three levels, from several guesses of the third.

    Levels, noise and the chances of going from one level to another between readings are free; the
    drift is that of ``model``.  A window within which the level changes is taken to average to
    anything between the two levels alike, as it does if it is short against the dwells.
    """
    z = trace.signal - model.drift.values(trace.time, model.low)
    moves = np.full((3, 3), 0.05) + 0.85 * np.eye(3)
    is_averaged, density = trace.window > 0, model.outlier_density
    tried = []
    for guess in GUESSES:
        values = model.separation * np.array(guess)
        three = Levels(-math.inf, values, moves, model.noise, model.outliers)
        tried.append(_fit_em(z, is_averaged, three, density, FIRST_STEPS))
    best = max(tried, key=lambda three: three.log_likelihood)
    return _fit_em(z, is_averaged, best, density, STEPS)


def _fit_em(z: Floats, is_averaged: bool, found: Levels, density: float, steps: int) -> Levels:
    """Improve a description by steps of the EM algorithm."""
    size = found.values.size
    pairs, settled = np.empty((size, size)), np.empty((z.size, size))
    for _ in range(steps):
        rest = (z[:, None] - found.values) / found.noise
        scale = (1 - found.outliers) / (found.noise * math.sqrt(2 * math.pi))
        own = scale * np.exp(-0.5 * rest**2)
        other = found.outliers * density
        between = np.empty((0, size, size))
        if is_averaged:
            between = (1 - found.outliers) * _between(rest, found) + other
        likelihood = level_sums(own + other, between, found.moves, pairs, settled)
        gained = likelihood - found.log_likelihood
        weight = settled * own / (own + other)
        total = weight.sum(axis=0) + 1e-9
        values = z @ weight / total
        variance = float((weight * (z[:, None] - values) ** 2).sum() / total.sum())
        outliers = 1 - float(total.sum() / settled.sum())
        found = Levels(
            likelihood,
            values,
            (pairs + 1e-3) / (pairs + 1e-3).sum(axis=1, keepdims=True),
            max(math.sqrt(variance), MIN_NOISE),
            max(outliers, 0.5 / z.size),
        )
        if gained < GAIN:
            break
    return found


def _between(rest: Floats, found: Levels) -> Floats:
    """Return the densities of readings that lie anywhere between two levels alike, with noise."""
    from scipy.special import ndtr

    below = ndtr(rest)
    span = np.abs(found.values[:, None] - found.values)
    difference = np.abs(below[:, :, None] - below[:, None, :])
    return np.asarray(difference / np.maximum(span, 1e-3 * found.noise))

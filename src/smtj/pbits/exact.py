"""Exact probabilities of small problems, by enumeration of all states."""

import numpy as np

from smtj.errors import SmtjError
from smtj.pbits.formats import ProblemLike, as_problem
from smtj.pbits.problem import Problem, Spins
from smtj.typing import Floats

MAX_SPINS = 24
"""Most spins that are enumerated: 2^24 states take 400 MB."""
_ROWS = 1 << 16


def all_states(spins: int) -> Spins:
    """Return all states, shape (2^spins, spins); spin i of state k is +1 where k has the bit i."""
    _check_enumerable(spins)
    numbers = np.arange(2**spins)[:, None]
    return (2 * (numbers >> np.arange(spins) & 1) - 1).astype(np.int8)


def state_numbers(states: Spins) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the number of each state, shape (...) of (..., spins), as in :func:`all_states`."""
    _check_enumerable(states.shape[-1])
    return np.asarray((states > 0) @ (1 << np.arange(states.shape[-1], dtype=np.int64)))


def all_energies(problem: ProblemLike) -> Floats:
    """Return E of all states, shape (2^spins,)."""
    known: Problem = as_problem(problem)
    _check_enumerable(known.size)
    out = np.empty(2**known.size)
    for first in range(0, out.size, _ROWS):
        numbers = np.arange(first, min(first + _ROWS, out.size))[:, None]
        out[first : first + _ROWS] = known.energies(2 * (numbers >> np.arange(known.size) & 1) - 1)
    return out


def boltzmann(problem: ProblemLike, beta: float = 1.0) -> Floats:
    """Return P ~ exp(-β E) of all states, in the order of :func:`all_states`.

    Raises
    ------
    SmtjError
        The problem has more than 24 spins.
    """
    weights = -beta * all_energies(problem)
    weights = np.exp(weights - weights.max())
    return np.asarray(weights / weights.sum())


def total_variation(one: Floats, other: Floats) -> float:
    """Return half the sum of the differences of two distributions, 0 to 1."""
    return 0.5 * float(np.abs(one - other).sum())


def _check_enumerable(spins: int) -> None:
    if spins > MAX_SPINS:
        raise SmtjError(
            f"{spins} spins have 2^{spins} states; enumerate problems of {MAX_SPINS} or fewer"
        )

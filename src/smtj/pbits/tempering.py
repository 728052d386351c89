"""Parallel tempering: replicas at several β trade places, so that cold ones escape.

K. Hukushima and K. Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996), doi:10.1143/JPSJ.65.1604.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.pbits.formats import ProblemLike, as_problem
from smtj.pbits.samplers import Progress, Sampler
from smtj.pbits.samples import Samples
from smtj.typing import Floats


@dataclass(frozen=True)
class Tempering:
    """What parallel tempering found."""

    samples: Samples
    """States of the coldest replica of each copy after every round."""
    acceptance: Floats
    """Fraction of exchanges done between each replica and the next colder, (replicas - 1,)."""


def temper(
    sampler: Sampler,
    problem: ProblemLike,
    values: ArrayLike,
    *,
    rounds: int = 100,
    sweeps: int = 10,
    copies: int = 8,
    seed: int = 0,
    progress: Progress | None = None,
) -> Tempering:
    """Sample replicas at several β, which trade places after every round.

    Parameters
    ----------
    sampler, problem
        The machine, whose knob is turned, and the problem.
    values
        β, or the values of the machine's knob, from hot to cold, shape (replicas,).
    rounds, sweeps
        Rounds, and sweeps in each.
    copies
        Independent sets of replicas.
    seed, progress
        As in :meth:`Sampler.sample`.

    Raises
    ------
    SmtjError
        There are fewer than two replicas, or β does not rise.
    """
    known, knob = as_problem(problem), np.asarray(values, float)
    if knob.ndim != 1 or knob.size < 2:
        raise SmtjError("parallel tempering needs the values of two replicas or more, in a row")
    betas = sampler.effective_beta(knob)
    if not (np.diff(betas) > 0).all():
        raise SmtjError("the values of replicas must go from hot to cold, so that β rises")
    rng = np.random.default_rng([seed, 2])
    replicas = knob.size
    # Which replica each machine is: machines keep their states and trade their β.
    place = np.tile(np.arange(replicas), (copies, 1))
    done, tried = np.zeros(replicas - 1), np.zeros(replicas - 1)
    kept, state, last = [], None, None
    flips = np.zeros(copies * replicas, np.int64)
    rows = np.arange(copies)
    for turn in range(rounds):
        words = np.random.SeedSequence([seed, turn]).generate_state(1, np.uint64)
        last = sampler.sample(
            known,
            sweeps,
            chains=copies * replicas,
            beta=knob[place].reshape(1, -1),
            records=1,
            seed=int(words[0]),
            start=state,
        )
        state = last.states[-1]
        energies = last.energies[-1].reshape(copies, replicas)
        flips += 0 if last.flips is None else last.flips
        machine = np.argsort(place, axis=1)
        kept.append(state.reshape(copies, replicas, -1)[rows, machine[:, -1]])
        for k in range(turn % 2, replicas - 1, 2):
            hot, cold = machine[:, k], machine[:, k + 1]
            gain = (betas[k + 1] - betas[k]) * (energies[rows, cold] - energies[rows, hot])
            swap = np.log(rng.random(copies)) < gain
            place[rows[swap], hot[swap]] = k + 1
            place[rows[swap], cold[swap]] = k
            done[k] += swap.sum()
            tried[k] += copies
        if progress is not None:
            progress(turn + 1, rounds)
    if last is None:
        raise SmtjError(f"rounds is {rounds}; give 1 or more")
    samples = Samples(
        known,
        np.stack(kept),
        sweeps * np.arange(1.0, rounds + 1),
        np.full((rounds, copies), betas[-1]),
        last.sweep_time,
        None if last.flips is None else flips.reshape(copies, replicas).mean(axis=1).astype(int),
        last.sampler,
    )
    return Tempering(samples, done / np.maximum(tried, 1))

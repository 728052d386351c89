"""What a machine of differing, late or clocked junctions samples in place of Boltzmann, exactly.

The matrix of all transitions of a small machine is written down, and its left null vector solved
for: another route to the same distribution than sampling it.
"""

import numpy as np

from smtj.errors import SmtjError
from smtj.pbits.exact import all_states
from smtj.pbits.formats import ProblemLike, as_problem
from smtj.pbits.problem import Problem
from smtj.pbits.samplers import Clocked, Junctions, Machine
from smtj.typing import Floats

MAX_STATES = 1 << 10
"""Most states of a matrix that is solved densely."""


def stationary(machine: Machine, problem: ProblemLike, beta: float = 1.0) -> Floats:
    """Return the distribution that a machine reaches, in the order of :func:`all_states`.

    Parameters
    ----------
    machine
        :class:`Junctions`, of which a delay counts to first order: inputs then follow the outputs
        with an exponential lag of that mean; with an update interval, the states at its ticks.  Or
        :class:`Clocked` with all junctions together.  The noise in the field is that of run 0 of
        seed 0.
    problem
        Up to 10 spins, 5 with a delay.
    beta
        β, or the knob's value.

    Raises
    ------
    SmtjError
        The problem is too large, or the machine's order or reads have no such matrix.
    """
    known = as_problem(problem)
    late = isinstance(machine, Junctions) and machine.delay > 0
    if 2 ** (known.size * (2 if late else 1)) > MAX_STATES:
        raise SmtjError(
            f"{known.size} p-bits are too many for a matrix of all states; give 10 or fewer, or 5 "
            "with a delay"
        )
    states = all_states(known.size).astype(np.float64)
    up, down = _rates(machine, known, states, beta)
    unit = machine.response.relaxation_time
    if isinstance(machine, Clocked):
        if machine.order != "together" or machine.read_error > 0:
            raise SmtjError(
                "a matrix is known for clocked machines whose junctions are read together and "
                "without errors; leave out order and read_error"
            )
        interval = 3.0 if machine.interval is None else machine.interval / unit
        return _fixed_point(_ticks(states, up, down, interval) - np.eye(len(states)))
    if isinstance(machine, Junctions) and machine.update_interval > 0:
        if late:
            raise SmtjError("a delay and an update interval have no such matrix; give one of them")
        interval = machine.update_interval / unit
        return _fixed_point(_ticks(states, up, down, interval) - np.eye(len(states)))
    if isinstance(machine, Junctions) and late:
        return _lagging(states, up, down, machine.delay / unit)
    leave = np.where(states > 0, down, up)
    generator = np.zeros((len(states),) * 2)
    numbers = np.arange(len(states))
    for i in range(known.size):
        generator[numbers, numbers ^ 1 << i] = leave[:, i]
    return _fixed_point(generator - np.diag(leave.sum(axis=1)))


def _rates(
    machine: Machine, problem: Problem, states: Floats, beta: float
) -> tuple[Floats, Floats]:
    """Rates up and down of each junction whose inputs come of each state, per relaxation time."""
    tables, _, scale = machine.tables(np.array([[float(beta)]]))
    own, chip = machine.response, machine.chip(problem.size, 1)
    x = machine.effective(problem).inputs(states, float(scale[0, 0]))
    x = np.clip(x, *own.limits) - chip.shifts[0]
    mean, odds = (np.interp(x, own.inputs, row) for row in tables[0])
    mean = own.log_attempt_time + chip.barriers[0] * (mean - own.log_attempt_time)
    odds = odds * chip.gains[0]
    return np.exp(-mean + odds / 2), np.exp(-mean - odds / 2)


def _ticks(states: Floats, up: Floats, down: Floats, interval: float) -> Floats:
    """Probability to go from each state to each other one in an interval at constant inputs."""
    decay = np.exp(-(up + down) * interval)
    high = up / (up + down)
    stays = high + ((states > 0) - high) * decay
    matrix = np.ones((len(states),) * 2)
    for i in range(states.shape[1]):
        matrix *= np.where(states[:, i] > 0, stays[:, i, None], 1 - stays[:, i, None])
    return matrix


def _lagging(states: Floats, up: Floats, down: Floats, lag: float) -> Floats:
    """States of junctions of which others see what follows at the rate 1/lag."""
    count = len(states)
    numbers = np.arange(count)
    # State (s, seen) has the number s · count + seen.
    generator = np.zeros((count, count, count, count))
    for i in range(states.shape[1]):
        leave = np.where(states[:, None, i] > 0, down[None, :, i], up[None, :, i])
        for seen in numbers:
            generator[numbers, seen, numbers ^ 1 << i, seen] = leave[:, seen]
        for s in numbers:
            behind = numbers[states[numbers, i] != states[s, i]]
            generator[s, behind, s, behind ^ 1 << i] = 1 / lag
    flat = generator.reshape(count**2, count**2)
    both = _fixed_point(flat - np.diag(flat.sum(axis=1)))
    return np.asarray(both.reshape(count, count).sum(axis=1))


def _fixed_point(generator: Floats) -> Floats:
    """Return π of π G = 0, Σ π = 1."""
    equations = generator.T.copy()
    equations[-1] = 1.0
    right = np.zeros(len(equations))
    right[-1] = 1.0
    return np.asarray(np.linalg.solve(equations, right))

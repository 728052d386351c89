"""Time to solution with its interval, and what a flip costs."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj import pbits
from smtj.pbits.costs import Success


def test_time_to_solution_is_that_of_runs_one_after_another():
    half = Success(50, 100, 2.0)
    assert half.time == close_to(2.0 * math.log(0.01) / math.log(0.5))
    assert Success(100, 100, 2.0).time == 2.0
    assert Success(0, 100, 2.0).time == math.inf
    low, high = Success(0, 100, 2.0).time_interval
    # The rule of three: no success in n runs leaves 1 - (1 - p)^n = 0.975 at the upper end.
    assert 1 - (1 - Success(0, 100, 2.0).interval[1]) ** 100 == close_to(0.975)
    assert low < high == math.inf


@pytest.mark.parametrize("probability", [0.03, 0.5, 0.97])
def test_its_interval_covers_the_truth_at_least_as_often_as_it_says(probability):
    runs = 60
    found = np.arange(runs + 1)
    weight = np.array([math.comb(runs, k) for k in found]) * probability**found
    weight *= (1 - probability) ** (runs - found)
    truth = Success(1, 1, 1.0)._time(probability)
    covered = 0.0
    for k, w in zip(found.tolist(), weight, strict=True):
        low, high = Success(k, runs, 1.0).time_interval
        covered += w * (low <= truth <= high)
    assert 0.95 <= covered < 0.995


def test_a_machine_spends_what_its_reads_flips_and_wires_take():
    from smtj.randomness import read_energy

    problem = pbits.as_problem(pbits.adder(2)).clamp({"s": 5})
    machine = pbits.Junctions("mizrahi2018", spread=0, delay=1e-7)
    samples = machine.sample(problem, 200, beta=pbits.anneal(200, 0.5, 3), chains=30, seed=1)
    cost = pbits.machine_cost(machine, samples, target=0.0)
    assert cost.read_out == close_to(problem.size * read_energy(machine.device, 1e-7) / 1e-7)
    assert cost.energy_per_flip == close_to(cost.power / samples.flips_per_second)
    degree = np.diff(problem.matrix.indptr).mean()
    assert cost.synapses == close_to(samples.flips_per_second * degree * 230e-15)
    assert cost.solved.found > 15
    assert cost.energy_per_solution == close_to(cost.power * cost.solved.time)
    assert "time to solution" in str(cost)


def test_a_spread_spoils_a_problem_by_and_by():
    problem = pbits.as_problem(pbits.multiplier(2, 3)).clamp({"p": 15})
    found = pbits.spoiling(
        lambda spread: pbits.Junctions(spread=spread),
        [0.0, 1.0, 20.0],
        problem,
        0.0,
        schedule=pbits.anneal(100, 0.5, 4),
        seed=2,
    )
    chances = [row.solved.probability for row in found]
    assert chances[0] > 0.5
    assert chances[2] < chances[0] - 0.2

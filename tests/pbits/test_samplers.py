"""Machines against enumeration: what leaves Boltzmann alone, and what shifts it by how much."""

import numba
import numpy as np
import pytest
from scipy.stats import chi2

from closeness import close_to
from smtj import SmtjError, load_card, pbits


def random_problem(seed, spins, higher=False):
    rng = np.random.default_rng(seed)
    energy = pbits.Expression({})
    for i in range(spins):
        energy += 0.4 * rng.normal() * pbits.spin(i)
        for j in range(i):
            if rng.random() < 0.6:
                energy += 1.4 / np.sqrt(spins) * rng.normal() * pbits.spin(i) * pbits.spin(j)
    if higher:
        energy += 0.7 * pbits.spin(0) * pbits.spin(2) * pbits.spin(4) * pbits.spin(1)
        energy -= 0.9 * pbits.spin(1) * pbits.spin(3) * pbits.spin(4)
    return pbits.Problem.of_expression(energy, range(spins))


def p_value(samples, expected):
    """Of Pearson's test, of states that are independent: the last of each run."""
    numbers = pbits.state_numbers(samples.states[-1])
    counts = np.bincount(numbers, minlength=expected.size)
    mean = counts.sum() * expected
    rare = mean < 5
    counts = np.append(counts[~rare], counts[rare].sum())
    mean = np.append(mean[~rare], mean[rare].sum())
    used = mean > 0
    statistic = ((counts - mean)[used] ** 2 / mean[used]).sum()
    return chi2.sf(statistic, used.sum() - 1)


def without_noise(**changes):
    """A card of which every spread but the given is 0."""
    spreads = ("slope_spread", "offset_spread", "barrier_spread", "magnetic_noise")
    nothing = {f"variability.{name}": 0.0 for name in spreads}
    return load_card("cai2019").replace({**nothing, **changes})


# In the self-consistent model the barrier sets dwell times, here over a decade, and no slope.
DWELLS = without_noise(**{"switching.model": "self-consistent", "variability.barrier_spread": 0.06})
SLOPES = without_noise(**{"variability.slope_spread": 0.4})
OFFSETS = without_noise(**{"variability.offset_spread": 6 * 79.577})
EXACT = {
    "ideal": pbits.Ideal(),
    "continuous": pbits.Junctions(spread=0),
    "dwell times that differ": pbits.Junctions(DWELLS),
    "clocked by colours": pbits.Clocked(spread=0, order="colours", interval=1.0),
}
UNIT = pbits.Junctions(spread=0).response.relaxation_time
SHIFTED = {
    "slopes": (pbits.Junctions(SLOPES), 0.02),
    "offsets": (pbits.Junctions(OFFSETS), 0.02),
    "updates": (pbits.Junctions(spread=0, update_interval=2 * UNIT), 0.02),
    "ticks": (pbits.Clocked(spread=0, interval=UNIT), 0.02),
    "clocked slopes": (pbits.Clocked(SLOPES, interval=0.5 * UNIT), 0.02),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("higher", [False, True])
def test_samples_are_boltzmanns(name, higher):
    problem = random_problem(1, 6, higher)
    samples = EXACT[name].sample(problem, 40, chains=6000, records=1, seed=3)
    exact = pbits.boltzmann(problem)
    assert p_value(samples, exact) > 1e-3
    # Pure noise of 6000 samples.
    noise = np.sqrt(exact * (1 - exact) / 6000 * 2 / np.pi).sum() / 2
    assert samples.distance() < 1.5 * noise


@pytest.mark.proof
@pytest.mark.parametrize("name", EXACT)
def test_samples_of_many_problems_are_boltzmanns(name):
    """Twenty problems of up to 16 spins; the p-values themselves are uniform."""
    found = []
    for seed in range(20):
        problem = random_problem(seed + 10, 6 + seed // 2, higher=seed % 2 == 1)
        samples = EXACT[name].sample(problem, 300, chains=5000, records=1, seed=seed)
        found.append(p_value(samples, pbits.boltzmann(problem)))
    assert min(found) > 1e-3 / 20
    assert np.mean(found) == close_to(0.5, abs=4 / np.sqrt(12 * 20))


@pytest.mark.parametrize("name", SHIFTED)
def test_what_spoils_boltzmann_shifts_it_as_predicted(name):
    machine, least = SHIFTED[name]
    problem = random_problem(2, 5)
    predicted, exact = pbits.stationary(machine, problem), pbits.boltzmann(problem)
    assert pbits.total_variation(predicted, exact) > least
    samples = machine.sample(problem, 40, chains=6000, records=1, seed=4)
    assert p_value(samples, predicted) > 1e-3
    assert p_value(samples, exact) < 1e-6


def test_the_prediction_without_faults_is_boltzmann():
    problem = random_problem(2, 5)
    for machine in (pbits.Junctions(spread=0), pbits.Junctions(DWELLS)):
        exact = pbits.boltzmann(problem)
        np.testing.assert_allclose(pbits.stationary(machine, problem), exact, rtol=1e-5)


def test_a_delay_shifts_the_odds_in_proportion():
    """Of two coupled p-bits: the first order of the shift is that of an exponential lag."""
    problem = pbits.ising({}, {("a", "b"): -1.0})
    exact = pbits.boltzmann(problem)
    agree = exact[0] + exact[3]
    shifts = []
    for delay in (0.05, 0.1):
        machine = pbits.Junctions(spread=0, delay=delay * UNIT)
        predicted = pbits.stationary(machine, problem)
        expected = predicted[0] + predicted[3] - agree
        samples = machine.sample(problem, 2000, chains=1000, records=500, seed=5)
        found = samples.distribution()
        shifts.append(found[0] + found[3] - agree)
        assert expected < -0.01
        # Deterministic and exponential delays part in the second order.
        assert shifts[-1] == close_to(expected, abs=0.003 + 2 * expected**2)
    assert shifts[1] / shifts[0] == close_to(2.0, abs=0.35)


def test_runs_depend_neither_on_threads_nor_on_other_runs(monkeypatch):
    monkeypatch.setattr("smtj.pbits.ideal_kernels.PARALLEL_FROM", 0)
    problem = random_problem(7, 6, higher=True)
    before = numba.get_num_threads()
    for machine in (pbits.Ideal(), pbits.Junctions(), pbits.Clocked()):
        few = machine.sample(problem, 30, chains=5, records=30, seed=9)
        try:
            monkeypatch.setattr("numba.get_num_threads", lambda: 3)
            many = machine.sample(problem, 30, chains=70, records=30, seed=9)
        finally:
            monkeypatch.setattr("numba.get_num_threads", lambda: before)
        np.testing.assert_array_equal(many.states[:, :5], few.states)
        other = machine.sample(problem, 30, chains=5, records=30, seed=10)
        assert (other.states != few.states).any()


def test_junctions_flip_as_often_as_their_dwell_times_say():
    free = pbits.ising({"a": 0.0, "b": 0.5}, {})
    machine = pbits.Junctions(spread=0)
    samples = machine.sample(free, 2000, chains=100, seed=2)
    point = load_card("cai2019").under_bias()
    # b has the log-odds -1: the drive lies 1/w below the middle.
    drives = point.offset_field - np.array([0.0, 1.0]) / point.slope
    high, low = point.dwell_times(drives)
    expected = float((2 / (high + low)).sum())
    assert samples.flips_per_second == close_to(expected, rel=0.01)


def test_a_circuit_finds_the_inputs_of_its_output():
    problem = pbits.as_problem(pbits.multiplier(3)).clamp({"p": 35})
    for machine in (pbits.Ideal(), pbits.Junctions()):
        samples = machine.sample(problem, 400, chains=40, beta=pbits.anneal(400, 0.5, 4), seed=1)
        bits, energy = samples.best()
        assert energy == close_to(0.0, abs=1e-9)
        assert bits["p[0]"] == bits["p[1]"] == 1
        best = np.unravel_index(np.argmin(samples.energies), samples.energies.shape)
        assert {int(samples.number(name)[best]) for name in "ab"} == {5, 7}


def test_parallel_tempering_crosses_what_a_cold_chain_does_not():
    """Two wells of 8 spins, 28 apart from each other, of which one is twice as probable."""
    wells = {(i, j): -1.0 for i in range(8) for j in range(i)}
    problem = pbits.ising(dict.fromkeys(range(8), -np.log(2) / 16), wells)
    found = pbits.temper(
        pbits.Ideal(), problem, np.geomspace(0.1, 1, 8), rounds=400, copies=64, seed=1
    )
    high = (found.samples.states[100:].sum(axis=-1) > 0).mean()
    assert high == close_to(2 / 3, abs=0.05)
    assert (found.acceptance > 0.05).all()
    cold = pbits.Ideal().sample(problem, 4000, beta=1.0, seed=1)
    crossings = (np.diff(np.sign(cold.states.sum(axis=-1)), axis=0) != 0).sum()
    assert crossings < 10


def test_temperature_is_a_knob():
    machine = pbits.Junctions(spread=0, knob="temperature")
    problem = random_problem(3, 4)
    samples = machine.sample(problem, 60, chains=3000, beta=320.0, records=1, seed=1)
    assert p_value(samples, pbits.boltzmann(problem, samples.betas[0, 0])) > 1e-3
    assert samples.betas[0, 0] == close_to(300 / 320, rel=1e-3)


def test_few_bits_of_the_couplings_are_multiples_of_one_step():
    problem = random_problem(3, 6)
    rounded = pbits.quantised(problem, 4)
    largest = max(np.abs(problem.fields).max(), np.abs(problem.couplings).max())
    step = largest / 7
    steps = np.concatenate([rounded.fields, rounded.couplings]) / step
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert np.abs(rounded.couplings - problem.couplings).max() <= step / 2 + 1e-12
    with pytest.raises(SmtjError, match="coupling_bits is 1"):
        pbits.quantised(problem, 1)


def test_dimod_programs_run_on_every_machine():
    dimod = pytest.importorskip("dimod")
    from smtj.pbits import dimod_samplers as samplers

    model = dimod.generators.gnm_random_bqm(8, 14, "BINARY", random_state=1)
    least = dimod.ExactSolver().sample(model).first.energy
    for sampler in (samplers.IdealSampler(), samplers.JunctionSampler(), samplers.ClockedSampler()):
        dimod.testing.assert_sampler_api(sampler)
        found = sampler.sample(model, num_reads=20, num_sweeps=300, seed=1)
        assert found.vartype is dimod.BINARY
        assert found.first.energy == close_to(least, abs=1e-9)
        dimod.testing.assert_response_energies(found, model)


def test_impossible_settings_are_refused_in_a_sentence():
    problem = random_problem(1, 4)
    with pytest.raises(SmtjError, match="records = 5"):
        pbits.Ideal().sample(problem, 4, records=5)
    with pytest.raises(SmtjError, match="beta has the shape"):
        pbits.Ideal().sample(problem, 10, beta=[1.0, 2.0], records=1)
    with pytest.raises(SmtjError, match="delay is -1 s"):
        pbits.Junctions(delay=-1).sample(problem, 10, records=1)

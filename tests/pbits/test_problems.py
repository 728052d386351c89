"""Problems against the energies that their authors' formats define, and circuits against logic."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from closeness import close_to
from smtj import SmtjError, pbits


def ground_states(problem):
    """All states of least energy as bits by label, and the gap to the next energy."""
    energies = pbits.all_energies(problem)
    states = pbits.all_states(problem.size)[np.isclose(energies, energies.min(), atol=1e-9)]
    above = energies[~np.isclose(energies, energies.min(), atol=1e-9)]
    bits = (states > 0).astype(int).tolist()
    rows = [dict(zip(problem.labels, row, strict=True)) for row in bits]
    return rows, above.min() - energies.min()


def value(bits, name):
    own = {str(label): bit for label, bit in bits.items() if str(label).startswith(name + "[")}
    return sum(bit << int(label[2:-1]) for label, bit in own.items())


GATES = {
    "not": (pbits.not_gate, 1, lambda a: 1 - a),
    "and": (pbits.and_gate, 2, lambda a, b: a & b),
    "or": (pbits.or_gate, 2, lambda a, b: a | b),
    "xor": (pbits.xor_gate, 2, lambda a, b: a ^ b),
}


@pytest.mark.parametrize("name", GATES)
def test_a_gates_ground_states_are_its_truth_table(name):
    gate, inputs, logic = GATES[name]
    problem = pbits.as_problem(gate(*"ab"[:inputs], "out"))
    rows, gap = ground_states(problem)
    found = {tuple(row[label] for label in [*"ab"[:inputs], "out"]) for row in rows}
    assert found == {(*x, logic(*x)) for x in product((0, 1), repeat=inputs)}
    assert len(rows) == 2**inputs
    assert gap == close_to(1.0)


def test_an_adder_and_a_multiplier_hold_for_every_pair_of_numbers():
    add = pbits.as_problem(pbits.adder(3))
    rows, gap = ground_states(add)
    assert gap == close_to(1.0)
    assert {(value(r, "a"), value(r, "b"), value(r, "s")) for r in rows} == {
        (a, b, a + b) for a in range(8) for b in range(8)
    }
    assert len(rows) == 64
    multiply = pbits.as_problem(pbits.multiplier(2, 3))
    rows, gap = ground_states(multiply)
    assert {(value(r, "a"), value(r, "b"), value(r, "p")) for r in rows} == {
        (a, b, a * b) for a in range(4) for b in range(8)
    }
    assert len(rows) == 32
    assert gap == close_to(1.0)


def test_clamped_circuits_run_backwards():
    problem = pbits.as_problem(pbits.multiplier(2, 3)).clamp({"p": 15})
    rows, _ = ground_states(problem)
    assert {(value(r, "a"), value(r, "b")) for r in rows} == {(3, 5)}
    with pytest.raises(SmtjError, match=r"a = 9 does not fit into 2 bits"):
        pbits.as_problem(pbits.multiplier(2, 3)).clamp({"a": 9})
    with pytest.raises(SmtjError, match="no free bit or register 'q'"):
        problem.clamp({"q": 1})


@pytest.mark.parametrize("number", [15, 77, 899])
def test_the_ground_states_of_a_factoring_problem_are_the_factors(number):
    problem = pbits.factoring(number, 5, 5)
    assert problem.size == 8
    rows, _ = ground_states(problem)
    odd = range(1, 32, 2)
    assert {pbits.factors(r) for r in rows} == {(x, y) for x in odd for y in odd if x * y == number}


def test_every_way_to_clamp_keeps_the_energies():
    rng = np.random.default_rng(1)
    energy = pbits.Expression({})
    for i, j, k in rng.integers(0, 6, (20, 3)):
        energy += pbits.spin(i) * (rng.normal() * pbits.spin(j) * pbits.spin(k) + rng.normal())
    problem = pbits.Problem.of_expression(energy, range(6))
    states, energies = pbits.all_states(6), pbits.all_energies(problem)
    for state, e in zip(states, energies, strict=True):
        assert e == close_to(energy.value(dict(enumerate((state > 0).astype(int)))), abs=1e-12)
    held = problem.clamp({4: 1, 0: 0})
    match = (states[:, 4] == 1) & (states[:, 0] == -1)
    np.testing.assert_allclose(pbits.all_energies(held), energies[match], atol=1e-12)
    assert held.clamped == {4: 1, 0: -1}
    # The input of a spin is the log-odds of its two states.
    flipped = states.copy()
    flipped[:, 3] *= -1
    odds = -(problem.energies(states) - problem.energies(flipped)) * states[:, 3]
    np.testing.assert_allclose(problem.inputs(states)[:, 3], odds, atol=1e-12)


def test_a_qubo_matrix_means_what_it_says():
    q = np.random.default_rng(0).normal(size=(5, 5))
    bits = (pbits.all_states(5) > 0).astype(float)
    expected = np.einsum("si,ij,sj->s", bits, q, bits)
    np.testing.assert_allclose(pbits.all_energies(pbits.qubo(q)), expected, atol=1e-12)
    by_name = {(i, j): q[i, j] for i in range(5) for j in range(5)}
    np.testing.assert_allclose(pbits.all_energies(pbits.qubo(by_name)), expected, atol=1e-12)


def test_dimod_and_networkx_problems_keep_their_energies():
    dimod = pytest.importorskip("dimod")
    nx = pytest.importorskip("networkx")
    model = dimod.generators.gnm_random_bqm(6, 9, "BINARY", random_state=3)
    problem = pbits.as_problem(model)
    bits = (pbits.all_states(6) > 0).astype(int)
    np.testing.assert_allclose(
        pbits.all_energies(problem), model.energies((bits, problem.labels)), atol=1e-12
    )
    graph = nx.gnm_random_graph(6, 9, seed=4)
    cuts = [nx.cut_size(graph, np.flatnonzero(row)) for row in bits]
    np.testing.assert_allclose(pbits.all_energies(pbits.max_cut(graph)), np.negative(cuts))


def test_a_gset_file_is_read_and_a_damaged_one_refused(tmp_path: Path):
    path = tmp_path / "G0.txt"
    path.write_text("3 2\n1 2 1\n2 3 -2\n")
    problem = pbits.max_cut(path)
    assert problem.labels == (1, 2, 3)
    assert problem.energies([1, -1, -1]) == close_to(-1.0)
    assert problem.energies([1, -1, 1]) == close_to(1.0)
    path.write_text("3 3\n1 2 1\n2 3 -2\n")
    with pytest.raises(SmtjError, match="says 3 edges of 3 vertices"):
        pbits.max_cut(path)
    path.write_text("3 1\n1 4 1\n")
    with pytest.raises(SmtjError, match="between vertices 1 and 4"):
        pbits.max_cut(path)


def test_no_two_spins_of_a_colour_are_coupled():
    rng = np.random.default_rng(5)
    pairs = np.array([p for p in rng.integers(0, 200, (600, 2)) if p[0] != p[1]])
    edges = {tuple(sorted(map(int, p))): 1.0 for p in pairs}
    problem = pbits.ising({}, edges)
    assert (problem.colours[problem.pairs[:, 0]] != problem.colours[problem.pairs[:, 1]]).all()
    assert problem.colours.max() + 1 <= np.diff(problem.matrix.indptr).max() + 1

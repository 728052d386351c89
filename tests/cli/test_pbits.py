"""`smtj pbits`, as a user types it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from closeness import close_to
from smtj.cli import app
from smtj.errors import SmtjError


def smtj(*arguments):
    return CliRunner().invoke(app, ["pbits", *map(str, arguments)], catch_exceptions=False)


def test_a_gate_is_sampled_and_drawn_beside_boltzmann(tmp_path):
    done = smtj("sample", "and", "--beta", 2, "--sweeps", 500, "--spread", 0, "--out", tmp_path)
    assert "least energy" in done.stdout
    record = json.loads((tmp_path / "result.json").read_text())
    assert record["total_variation"] < 0.03
    assert (tmp_path / "histogram.png").stat().st_size > 5000


def test_a_qubo_matrix_is_annealed_to_its_ground_state(tmp_path):
    q = np.random.default_rng(2).normal(size=(6, 6))
    np.savetxt(tmp_path / "q.csv", q, delimiter=",")
    bits = np.arange(64)[:, None] >> np.arange(6) & 1
    least = np.einsum("si,ij,sj->s", bits, q, bits).min()
    done = smtj("anneal", tmp_path / "q.csv", "--sweeps", 200, "--json")
    record = json.loads(done.stdout)
    assert record["best_energy"] == close_to(least, abs=1e-9)
    assert record["energy_per_solution"] == close_to(record["power"] * record["time_to_solution"])


def test_a_number_is_factored_and_a_prime_is_not():
    record = json.loads(smtj("factor", 899, "--sweeps", 300, "--json").stdout)
    bits = record["best_bits"]
    x, y = (1 + sum(bits[f"{name}[{k}]"] << k for k in range(1, 5)) for name in "xy")
    assert {x, y} == {29, 31}
    with pytest.raises(SmtjError, match="no run found factors of 101 in 4 bits"):
        smtj("factor", 101, "--sweeps", 100, "--machine", "ideal")


def test_a_machine_learns_and_draws_what_it_learnt(tmp_path):
    words = ("--hidden", 40, "--epochs", 10, "--rate", 0.1, "--out", tmp_path)
    record = json.loads(smtj("learn", "digits", *words, "--json").stdout)
    assert record["chip_accuracy"] > 0.7
    assert (tmp_path / "generated.png").stat().st_size > 5000
    assert np.load(tmp_path / "machine.npz")["weights"].shape == (74, 40)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sample", "nand"), '"nand" is no problem'),
        (("sample", "adder"), "lacks a number of bits"),
        (("sample", "and", "--clamp", "a"), "--clamp"),
        (("sample", "missing.csv"), "missing.csv does not exist"),
        (("sample", "and", "--interval", "1 ms"), "--interval is of a clocked machine"),
    ],
)
def test_what_cannot_be_run_is_refused(words, message):
    with pytest.raises(SmtjError, match=message):
        smtj(*words)

"""``smtj cost``: what is printed, written and refused."""

import json
import sys

import pytest

from closeness import close_to
from smtj.cli import BAD_INPUT, main


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["smtj", "cost", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    printed = capsys.readouterr()
    return exit_.value.code or 0, printed.out, printed.err


@pytest.fixture
def smtj_cost(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run(monkeypatch, capsys, *arguments)


def test_without_a_network_it_gives_the_costs_alone(smtj_cost, tmp_path):
    code, out, _ = smtj_cost("--out", "costs")
    assert code == 0
    assert "TrueNorth" in out and "A low power is not a low energy" in " ".join(out.split())
    record = json.loads((tmp_path / "costs" / "cost.json").read_text())
    assert record["accuracy_achievable"] is None and record["best"] == {}
    assert record["as_stated"]["reads"] == 16
    assert record["as_stated"]["energy_neurons"]["oersted"] > 0.01
    assert (tmp_path / "costs" / "cost.png").exists()


def test_json_alone_on_standard_output(smtj_cost):
    _, out, _ = smtj_cost("--json", "--assume", "comparator_energy=1 pJ")
    record = json.loads(out)
    assert record["assumptions"]["comparator_energy"]["source"] == "set by the user"
    spent = record["gated"]["energy"]["strain"]["comparator"]
    assert spent == close_to(410 * 16 * 1e-12)


def test_the_table_of_assumptions(smtj_cost, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = smtj_cost("--list-assumptions")
    assert code == 0
    assert "amplifier_noise" in out and "assumed" in out and "doi:" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--card", "nowhere"), "there is no card nowhere"),
        (("--network", "nowhere"), "nowhere does not exist"),
        (("--sizes", "784,x"), "--sizes is"),
        (("--sizes", "784"), "a layer of devices"),
        (("--assume", "nothing=1 J"), "nothing is unknown"),
        (("--assumptions", "no.toml"), "no.toml cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(smtj_cost, arguments, sentence):
    code, out, err = smtj_cost(*arguments)
    assert code == BAD_INPUT and out == ""
    assert err.startswith("Error: ") and err.count("\n") == 1
    assert sentence in err


def test_a_folder_that_cannot_be_written(smtj_cost, tmp_path):
    (tmp_path / "taken").write_text("")
    code, _, err = smtj_cost("--out", "taken")
    assert code == BAD_INPUT and "taken" in err and "Traceback" not in err


MEASURED = """
name = "mine"
title = "measured"
[behaviour]
dwell_time_high = { value = "400 us", provenance = "measured" }
dwell_time_low = { value = "600 us", provenance = "measured" }
resistance_high = { value = "6.5 kohm", provenance = "measured" }
resistance_low = { value = "5 kohm", provenance = "measured" }
read_voltage = { value = "50 mV", provenance = "measured" }
temperature = { value = "300 K", provenance = "measured" }
integration_time = { value = "0 ms", provenance = "assumed" }
sampling_interval = { value = "%s", provenance = "measured" }
"""


@pytest.mark.parametrize(
    ("measured", "read", "said"),
    [
        ("2 us", 1.5 * (400e-6 * 600e-6) ** 0.5, "repeat one another"),
        ("1 ms", 1e-3, "are instants"),
    ],
)
def test_reads_of_a_measured_trace_wait_until_they_are_independent(
    smtj_cost, tmp_path, measured, read, said
):
    (tmp_path / "mine.toml").write_text(MEASURED % measured)
    _, out, _ = smtj_cost("--card", "mine.toml", "--json")
    record = json.loads(out)
    assert record["interval"] == close_to(read, rel=1e-9)
    assert record["bias_time"] == close_to(read, rel=1e-9)
    assert said in smtj_cost("--card", "mine.toml")[1]


def test_all_that_a_measured_card_lacks_is_named_at_once(smtj_cost, tmp_path):
    kept = [line for line in (MEASURED % "1 s").splitlines() if "resist" not in line]
    (tmp_path / "mine.toml").write_text("\n".join(one for one in kept if "sampling" not in one))
    code, _, err = smtj_cost("--card", "mine.toml")
    assert code == BAD_INPUT
    assert all(name in err for name in ("sampling_interval", "resistance_high", "resistance_low"))

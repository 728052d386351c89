"""`smtj simulate`, as a user types it."""

import json

import pytest
from typer.testing import CliRunner

from smtj.cli import app
from smtj.errors import SmtjError
from smtj.measurement import load


def smtj(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


def test_a_map_of_switching_is_written_and_drawn(tmp_path):
    out = tmp_path / "map.csv"
    done = smtj(
        *("simulate", "switching", "--voltage", "0,1.65 V", "--length", "1,2 ns"),
        *("--trajectories", "100", "--out", out),
    )
    assert done.exit_code == 0
    assert "switches at 1.65 V for 2 ns" in done.stdout
    assert "voltage_limit" in done.stderr
    assert load(out)["probability"].size == 4
    assert out.with_suffix(".png").stat().st_size > 10_000


def test_a_sequence_of_pulses_is_followed(tmp_path):
    out = tmp_path / "response.nc"
    done = smtj(
        *("simulate", "pulses", "--pulse", "0 V, 1 ns", "--pulse", "1.65 V, 2 ns"),
        *("--pulse", "0 V, 2 ns", "--trajectories", "100", "--samples", "50", "--out", out),
    )
    assert done.exit_code == 0
    assert "on the other side at the end" in done.stdout
    assert load(out)["magnetisation_z"].size == 50
    assert out.with_suffix(".svg").exists()


def test_a_trace_of_the_motion_is_a_trace(tmp_path):
    out = tmp_path / "trace.csv"
    done = smtj("simulate", "trace", "--samples", "100", "--interval", "0.1 ns", "--out", out)
    assert done.exit_code == 0
    assert "100 readings of cai2019" in done.stdout
    assert load(out)["resistance"].size == 100


def test_a_summary_is_printed_as_json(tmp_path):
    out = tmp_path / "map.nc"
    done = smtj(
        *("simulate", "switching", "--voltage", "1.65 V", "--length", "1,2 ns", "--json"),
        *("--field-in-plane", "10 Oe", "--trajectories", "50", "--out", out),
    )
    found = json.loads(done.stdout)
    p = load(out)["probability"]
    assert found["probability"]["max"] == float(p.max())
    assert found["sizes"] == {"voltage": 1, "pulse_length": 2}
    assert (found["file"], found["kind"]) == (str(out), "switching_map")


def test_measurements_print_json_too(tmp_path):
    for command in (("scan", "--field", "-20:0:10 Oe"), ("spectra", "--field", "-110 Oe")):
        done = smtj("measure", *command, "--json", "--out", tmp_path / "a.nc")
        found = json.loads(done.stdout)
        assert found["card"] == "cai2019"
        name, unit = ("resistance", "ohm") if command[0] == "scan" else ("signal", "V")
        assert found[name]["unit"] == unit
        assert found[name]["min"] < found[name]["mean"] < found[name]["max"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pulses", "--pulse", "1.6 V"), "a voltage and a length"),
        (("pulses", "--pulse", "1.6 V, 2 Oe"), "--pulse"),
        (("switching", "--voltage", "1 V", "--length", "0 ns"), "longer than 0 s"),
        (("switching", "--voltage", "1 T", "--length", "1 ns"), "--voltage"),
        (("trace", "--interval", "1 h", "--samples", "10"), "too long"),
    ],
)
def test_impossible_simulations_are_one_sentence(tmp_path, arguments, words):
    with pytest.raises(SmtjError, match=words):
        smtj("simulate", *arguments, "--out", tmp_path / "x.csv")
    assert not list(tmp_path.iterdir())

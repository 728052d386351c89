"""`smtj simulate`, as a user types it."""

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
    assert "voltage_limit" in done.stdout
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

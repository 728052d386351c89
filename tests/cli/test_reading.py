"""`smtj data`, and `smtj fit` of files as laboratories have them."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from smtj.cli import main


class Done(NamedTuple):
    code: int
    out: str
    err: str


def smtj(*arguments: object, cwd: Path) -> Done:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setenv("COLUMNS", "120")
        patch.setattr(sys, "argv", ["smtj", *map(str, arguments)])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of traces that are named after their fields."""
    found = tmp_path_factory.mktemp("perfield")
    rng = np.random.default_rng(2)
    for field in range(-35, 10, 5):
        odds = np.exp((field + 14) / 7)
        rates = np.array([odds, 1.0]) / (20 * np.sqrt(odds))
        state, now = np.empty(700), 0
        draws = rng.random(700)
        for n in range(700):
            now = 1 - now if draws[n] < rates[now] else now
            state[n] = now
        resistance = 500 + 200 * state + 10 * rng.standard_normal(700)
        rows = "".join(f"{0.01 * n:.2f},{r:.3f}\n" for n, r in enumerate(resistance))
        (found / f"RTN_H={field:+d}Oe.csv").write_text("t/s,R/kOhm\n" + rows, encoding="utf-8")
    return found


@pytest.mark.slow
def test_a_folder_of_files_named_after_their_fields_is_a_scan(folder: Path) -> None:
    done = smtj("fit", folder, cwd=folder.parent)
    assert done.code == 0, done.err
    assert "P(high | H) at 9 fields" in done.out
    assert "From the names of the files: field" in " ".join(done.out.split())
    assert "direction of the field" in done.out
    pattern = "RTN_H={field_out_of_plane:Oe}.csv"
    done = smtj("fit", folder, "--from-name", pattern, "--out", "mine.toml", cwd=folder.parent)
    assert done.code == 0, done.err
    assert "direction of the field" not in done.out
    assert (folder.parent / "mine.toml").exists()


def test_data_shows_what_is_understood_and_what_comes_next(folder: Path) -> None:
    done = smtj("data", "RTN_H=+5Oe.csv", "--interval", "20 ms", cwd=folder)
    assert done.code == 0, done.err
    for part in ("a trace", "700 readings, 20 ms apart", "R/kOhm", "5 Oe"):
        assert part in done.out
    assert "Next: smtj fit RTN_H=+5Oe.csv --interval '20 ms'" in done.err


def test_data_says_what_is_not_understood(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("alpha,beta\n" + "1,2\n" * 9, encoding="utf-8")
    done = smtj("data", "odd.csv", cwd=tmp_path)
    assert done.code == 2
    assert "alpha" in done.out
    assert done.err.startswith("Error: odd.csv has no column that smtj recognises")
    done = smtj("data", "absent.csv", cwd=tmp_path)
    assert done.code == 2
    assert "absent.csv does not exist" in done.err


def test_the_next_command_is_one_that_works(tmp_path: Path) -> None:
    (tmp_path / "pulse.csv").write_text("pulse width (ns),P\n2,0.065\n10,0.2\n50,0.7\n90,0.9\n")
    done = smtj("data", "pulse.csv", cwd=tmp_path)
    assert "Next: smtj fit pulse.csv --reads N, with N the number" in done.err
    (tmp_path / "p.csv").write_text("V (mV),P\n" + "".join(f"{n},0.{n}1\n" for n in range(9)))
    assert "--reads" not in smtj("data", "p.csv", cwd=tmp_path).err

"""`smtj chips`, as a user types it."""

import json
import os
import signal
import subprocess
import sys
import time
from inspect import signature
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from closeness import close_to
from smtj.chips import StudyResult
from smtj.cli import app
from smtj.cli.chips import chips
from smtj.errors import SmtjError

VARY = ("--vary", "temperature=300:360:2,reads=1,16", "--vary", "offset_spread=0,4 Oe")

# A process that a shell started in the background ignores Ctrl-C, and so do its children.
HEEDS_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from smtj.cli import main; main()"
)


def smtj(*arguments):
    return CliRunner().invoke(
        app, list(map(str, arguments)), catch_exceptions=False, env={"COLUMNS": "100"}
    )


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("networks") / "digits"
    done = smtj("train", "--dataset", "digits", "--hidden", "24", "--epochs", "4", "--out", out)
    assert done.exit_code == 0
    return out


@pytest.mark.slow
def test_a_study_is_shown_written_and_drawn(network: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    command = ("chips", "--network", network, "--chips", 12, *VARY, "--threshold", 0.8)
    done = smtj(*command, "--workers", 0, "--out", out)
    assert done.exit_code == 0
    for words in ("24-10, devices of cai2019; 297 test images", "12 chips, 297 images"):
        assert words in done.output
    assert "yield at 80 %" in done.stdout and "points of accuracy per 1 K" in done.stdout
    written = {path.name for path in out.iterdir()}
    pictures = {f"accuracy_{n}" for n in ("temperature", "reads", "offset_spread")} | {"yield"}
    assert written == {"chips.parquet", "study.json", "summary.json"} | {
        f"{name}.{ending}" for name in pictures for ending in ("png", "svg")
    }
    assert (out / "yield.png").stat().st_size > 10_000

    table = pl.read_parquet(out / "chips.parquet")
    assert len(table) == 12 * 6
    record = json.loads((out / "summary.json").read_text())
    assert record["threshold"] == 0.8 and record["chips"] == 12
    for number, entry in enumerate(record["distributions"]):
        own = table.filter(pl.col("condition") == number)["accuracy"].to_numpy()
        assert entry["mean"] == close_to(own.mean())
        assert entry["yield"] == close_to((own >= 0.8).mean())
        low, high = entry["yield_interval"]
        assert low <= entry["yield"] <= high
    slopes = {entry["name"]: entry["slope"] for entry in record["sensitivities"]}
    assert set(slopes) == {"temperature", "reads", "offset_spread"}
    assert slopes["reads"] < 0 and slopes["temperature"] < 0

    # The same command finds everything done.
    again = smtj(*command, "--workers", 0, "--out", out)
    assert again.exit_code == 0
    assert pl.read_parquet(out / "chips.parquet").equals(table)


def test_json_is_the_summary_that_is_written(network: Path, tmp_path: Path) -> None:
    done = smtj(
        *("chips", "--network", network, "--chips", 2, "--images", 20, "--json"),
        *("--workers", 0, "--out", tmp_path),
    )
    written = json.loads((tmp_path / "summary.json").read_text())
    shown = json.loads(done.stdout)
    assert shown["chips"] == 2 and shown == {name: written[name] for name in shown}


def test_without_anything_varied_there_is_one_distribution(network: Path, tmp_path: Path) -> None:
    done = smtj(
        *("chips", "--network", network / "network.pt", "--chips", 3, "--reads", "expected"),
        *("--images", 50, "--workers", 0, "--out", tmp_path / "study"),
    )
    assert done.exit_code == 0
    assert "3 chips, 50 images" in done.stdout
    assert len(json.loads((tmp_path / "study" / "summary.json").read_text())["distributions"]) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--vary", "slope=1"), '"slope" cannot be varied; choose from slope_spread, '),
        (("--vary", "temperature=280:360"), "a range is START:STOP:COUNT"),
        (("--vary", "bias_voltage=1 V"), "allows at most"),
        (("--vary", "offset_spread=0:4:3"), "has no unit"),
        (("--vary", "slope_spread=10"), "write 10 % or 0.1"),
        (("--reads", "none"), "--reads"),
        (("--network", "nothing.pt"), "does not exist; give the path of a trained network"),
        (("--dataset", "mnist"), "MNIST has 784 pixels and 10 classes, but"),
        (("--workers", "2", "--scheduler", "tcp://x:1"), "leave it out with --scheduler"),
    ],
)
def test_wrong_commands_are_one_sentence_and_leave_nothing(
    network: Path, tmp_path: Path, arguments, words: str
) -> None:
    if "mnist" in arguments and "SMTJ_DATA_DIR" not in os.environ:
        pytest.skip("needs MNIST")
    out = tmp_path / "study"
    with pytest.raises(SmtjError) as caught:
        smtj("chips", "--network", network, "--chips", 1, "--out", out, *arguments)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert not out.exists()


def test_the_command_and_python_ask_the_same_of_a_good_chip() -> None:
    asked = signature(chips).parameters["threshold"].default
    ours = (signature(getattr(StudyResult, name)) for name in ("save", "summary", "table"))
    assert {one.parameters["threshold"].default for one in ours} == {asked}


def test_a_network_of_sigmoids_has_no_chips(tmp_path: Path) -> None:
    options = ("--dataset", "digits", "--hidden", "4", "--epochs", "1", "--neuron", "sigmoid")
    smtj("train", *options, "--out", tmp_path / "net")
    with pytest.raises(SmtjError, match="is a network of sigmoids, which has no chips"):
        smtj("chips", "--network", tmp_path / "net", "--out", tmp_path / "study")


def running(group: int) -> list[int]:
    """Processes of a group that still do something."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, own_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(own_group) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.proof
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("number", "to", "code"), [(signal.SIGINT, os.killpg, 130), (signal.SIGTERM, os.kill, 143)]
)
def test_a_stop_keeps_what_is_done_and_leaves_no_process(
    network: Path, tmp_path: Path, number, to, code
) -> None:
    """On two workers, stopped in the middle; then to the end on none, as if nothing had been."""
    out, other = tmp_path / "study", tmp_path / "other"
    command = ["chips", "--network", str(network), "--chips", "160", "--vary", "reads=1,16"]
    process = subprocess.Popen(
        [sys.executable, "-c", HEEDS_CTRL_C, *command, "--workers", "2", "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 180
    while not list(out.glob("parts/*.parquet")):
        assert process.poll() is None and time.monotonic() < until, process.communicate()
        time.sleep(0.02)
    # A terminal sends Ctrl-C to the whole group, workers included.
    to(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "Stopped; finished chips are saved in" in errors
    assert "Traceback" not in errors and "leaked" not in errors
    assert sorted(path.name for path in out.iterdir()) == ["parts", "study.json"]
    limit = time.monotonic() + 10
    while running(process.pid) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not running(process.pid)
    done = len(list(out.glob("parts/*.parquet")))
    assert 0 < done < 20
    for folder in (out, other):
        assert smtj(*command, "--workers", 0, "--out", folder).exit_code == 0
    tables = [pl.read_parquet(folder / "chips.parquet") for folder in (out, other)]
    assert tables[0].equals(tables[1])


@pytest.mark.proof
def test_costs_find_the_data_set_of_the_training_too(network: Path, tmp_path: Path) -> None:
    done = smtj("cost", "--network", network, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["accuracy_achievable"] > 0.5

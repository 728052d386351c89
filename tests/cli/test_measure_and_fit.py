"""`smtj measure` and `smtj fit`, as a user types them."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from closeness import close_to
from smtj import lab, load_card
from smtj.cli import main
from smtj.measurement import load


def smtj(*arguments, cwd):
    """Run the command line in this process: starting one takes longer than most commands."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setenv("COLUMNS", "120")
        patch.setattr(sys, "argv", ["smtj", *map(str, arguments)])
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a trace and a scan as the command line writes them."""
    folder = tmp_path_factory.mktemp("measured")
    done = smtj("measure", "trace", "--out", "trace.csv", "--noise", "5 ohm", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "1000 readings of cai2019" in done.stdout
    assert "smtj fit trace.csv --base cai2019" in done.stderr
    done = smtj(
        *("measure", "scan", "--field", "-60:40:10 Oe", "--samples", "500", "--seed", "1"),
        *("--noise", "5 ohm", "--out", "scan.nc"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        (("sweep", "--field", "-60:60:20 Oe", "--out", "a.csv"), 14),
        (("sweep", "--field-in-plane", "-60:60:20 Oe", "--current", "10 uA",
          "--sweeps", "1", "--out", "a.xlsx"), 7),
        (("bias", "--voltage", "-2,0,2 mV", "--samples", "5", "--out", "a.csv"), 15),
        (("bias", "--current", "-1,1 uA", "--samples", "5", "--out", "a.csv"), 10),
        (("voltages", "--field", "-20:0:10 Oe", "--voltage", "-100,100 mV", "--samples", "5",
          "--out", "a.csv"), 30),
        (("temperatures", "--temperature", "280:300:10 K", "--samples", "7", "--out", "a.nc"), 21),
    ],
)  # fmt: skip
def test_every_instrument_writes_a_file_that_loads(tmp_path, arguments, sizes):
    done = smtj("measure", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (written,) = tmp_path.iterdir()
    assert load(written)["resistance"].size == sizes


def test_fit_prints_numbers_and_writes_card_and_report(folder):
    done = smtj("fit", "trace.csv", "--out", "mine.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    for words in ("dwell time high", "τ_low", "95 % interval"):
        assert words in done.stdout
    assert "mine-fit/report.html" in done.stderr
    card = load_card(folder / "mine.toml")
    assert card.name == "mine"
    volume = card.geometry.activation_volume
    assert volume.provenance == "derived"
    assert volume.standard_error > 0
    assert abs(volume - 3254e-27) < 3 * volume.standard_error
    # The text of the card is rounded by the error, and is that of the user's device.
    text = (folder / "mine.toml").read_text(encoding="utf-8")
    assert re.search(
        r'activation_volume = \{value = "\d{4} nm\^3".* standard_error = "\d{3} nm', text
    )
    assert card.title.startswith("fitted to trace.csv (trace), based on card cai2019")
    assert card.base == "cai2019"
    assert "values not fitted to trace.csv are from: J. Cai et al." in card.reference
    assert "free layer is taken to be" not in card.notes
    report = (folder / "mine-fit" / "report.html").read_text(encoding="utf-8")
    assert "data:image/svg+xml" in report
    assert "trace.csv" in report
    record = json.loads((folder / "mine-fit" / "report.json").read_text(encoding="utf-8"))
    assert record["figures"][0]["numbers"]["estimates"]


def test_fit_prints_json(folder):
    done = smtj("fit", "scan.nc", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    w = next(e for e in json.loads(done.stdout)["estimates"] if e["symbol"] == "w")
    low, high = w["interval_95"]
    assert low < 0.1317 / 79.577 < high
    assert w["unit"] == "m/A"


@pytest.mark.slow
def test_the_fitted_card_trains(folder):
    smtj("fit", "scan.nc", "--out", "chip.toml", cwd=folder)
    done = smtj(
        *("train", "--card", "chip.toml", "--dataset", "digits", "--epochs", "1"),
        *("--hidden", "16", "--out", "run"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "run" / "network.pt").exists()


def test_columns_may_be_called_otherwise(folder, tmp_path):
    text = (folder / "trace.csv").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    table = np.array([[float(x) for x in row.split(",")] for row in rows[1:]])
    lines = ["elapsed (s);Rmeas"] + [f"{row[0]};{row[-1] / 1e3}" for row in table]
    (tmp_path / "lab.txt").write_text("\n".join(lines), encoding="utf-8")
    done = smtj(
        *("fit", "lab.txt", "--column", "resistance=Rmeas [kohm]", "--integration-time", "20 ms"),
        *("--field-out-of-plane", "0 Oe", "--base", "cai2019", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    own = json.loads(smtj("fit", "trace.csv", "--json", cwd=folder).stdout)
    for mine, theirs in zip(json.loads(done.stdout)["estimates"], own["estimates"], strict=True):
        assert mine["value"] == close_to(theirs["value"], rel=1e-6)


@pytest.mark.slow
def test_the_measured_sot_junctions(tmp_path):
    """Two branches are logistic, two are not, and the reads were rather 50 than 100."""
    data = os.environ.get("SMTJ_DATA_DIR")
    if data is None:
        pytest.skip("set SMTJ_DATA_DIR to the folder that holds measured/sot_mtj_switching")
    file = Path(data) / "measured" / "sot_mtj_switching" / "psw_0p75ns.csv"
    columns = ("--column", "branch=direction", "--column", "device=device_id")
    done = smtj("fit", file, *columns, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    parts = json.loads(done.stdout)["parts"]
    assert len(parts) == 4
    for part in parts:
        said = " ".join(part["remarks"])
        assert "multiple of 0.02" in said
        assert "50 reads" in said
        logistic = "P->AP" in part["title"] and "AP->P" not in part["title"].replace("P->AP", "")
        assert ("is not a sigmoid" in said) != logistic
    logistic = [
        {e["symbol"]: e["value"] for e in part["estimates"]}
        for part in parts
        if "is not a sigmoid" not in " ".join(part["remarks"])
    ]
    assert sorted(found["w"] for found in logistic) == close_to([41, 76], abs=3)
    assert [found["V_s"] for found in logistic] == close_to([0.90, 0.90], abs=0.005)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("time [s],resistance [ohm]\n", "header"),
        ("time [s],temperature [K]\n0,1\n1,2\n", "resistance"),
        ("time [s],Rx\n0,1\n1,2\n", '"Rx" is not understood: name it by columns= (--column'),
        ("time [s],resistance [mT]\n0,1\n1,2\n", "mT"),
        ("time [s],resistance [ohm]\n0,1\n1,nan\n2,3\n", "row"),
        ("time [s],resistance [ohm]\n0,1\n1,\n2,3\n", "row"),
        ("time [s],resistance [ohm]\n0,1\n2,1\n1,3\n", "time"),
        (
            "field_out_of_plane [Oe],probability,reads,x\n0,0.1,50,1\n0,0.2,50,2\n5,0.9,50,1\n",
            "repeats",
        ),
    ],
)
def test_wrong_files_are_one_sentence_and_exit_2(tmp_path, content, says):
    (tmp_path / "wrong.csv").write_text(content, encoding="utf-8")
    done = smtj("fit", "wrong.csv", "--out", "card.toml", cwd=tmp_path)
    refused(done, "wrong.csv", says)
    assert not (tmp_path / "card.toml").exists()


def test_traces_are_fitted_as_far_as_they_tell_and_else_refused_in_one_sentence(tmp_path):
    rng = np.random.default_rng(0)
    time_s = np.arange(1200) * 0.1
    noise = rng.normal(size=1200)
    telegraph = np.repeat(np.arange(400) % 2, rng.geometric(0.2, 400))[:1200]
    for name, r, says in (
        ("one.csv", noise[:300], "one level only"),
        ("short.csv", noise[:20], "50 readings"),
        ("few.csv", 200 * (time_s % 8 > 4)[:300] + noise[:300], "only 7 switches"),
        ("fast.csv", 10 * rng.integers(0, 2, 1200) + noise, "sample faster to measure them"),
        ("jumps.csv", 10 * telegraph + 27 * (time_s // 40) + noise, "jumps at 40 s, 80 s"),
    ):
        rows = [f"{t},{1000 + x}" for t, x in zip(time_s, r, strict=False)]
        (tmp_path / name).write_text("\n".join(["time [s],resistance [ohm]", *rows]))
        done = smtj("fit", name, "--integration-time", "0 s", cwd=tmp_path)
        if name in ("one.csv", "short.csv"):
            refused(done, name, says)
        else:
            assert says in " ".join(done.stdout.split())


def test_a_file_of_a_gigabyte_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "huge.csv").open("wb") as file:
        file.write(b"time [s],resistance [ohm]\n")
        file.truncate(10**9)
    refused(smtj("fit", "huge.csv", cwd=tmp_path), "huge.csv", "MB")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("trace", "--out", "a.pdf"), ".csv"),
        (("trace", "--out", "a.csv", "--noise", "3 mT"), "--noise"),
        (("trace", "--out", "a.csv", "--voltage", "1 mV", "--current", "1 uA"), "current"),
        (("sweep", "--out", "a.csv", "--field", "10:0:1 Oe"), "START:STOP:STEP"),
        (("trace", "--out", "a.csv", "--card", "nothing.toml"), "nothing.toml"),
        (("trace", "--out", "trace.csv/a.csv"), "trace.csv"),
    ],
)
def test_impossible_measurements_are_one_sentence_and_exit_2(tmp_path, arguments, says):
    (tmp_path / "trace.csv").write_text("a file, not a folder")
    refused(smtj("measure", *arguments, cwd=tmp_path), "", says)
    assert [path.name for path in tmp_path.iterdir()] == ["trace.csv"]


def refused(done, name, says):
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("Error: ")
    assert name in sentence
    assert says in sentence


@pytest.mark.proof
def test_a_killed_measurement_leaves_nothing(tmp_path):
    command = [
        *(sys.executable, "-m", "smtj", "measure", "trace"),
        *("--samples", "20000000", "--out", "big.csv"),
    ]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        time.sleep(4)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_a_measurement_and_writes_nothing(tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "trace", interrupted)
    done = smtj("measure", "trace", "--out", "a.csv", cwd=tmp_path)
    assert done.returncode == 130
    assert "Stopped; nothing was written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_fit_that_no_card_can_have_is_shown_and_reported(tmp_path):
    """It ended in the reason alone."""
    fields = np.arange(-40, 41, 10)
    high = np.round(1000 / (1 + np.exp(-0.13 * fields))).astype(int)
    rows = "".join(f"{h},{n},1000\n" for h, n in zip(fields, high, strict=True))
    (tmp_path / "p.csv").write_text("field_out_of_plane [Oe],high,reads\n" + rows)
    done = smtj("fit", "p.csv", "--base", "funatsu2022", "--out", "mine.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "slope" in done.stdout and "1/Oe" in done.stdout
    assert "no card was written: no geometry.activation_volume" in " ".join(done.stderr.split())
    assert (tmp_path / "mine-fit" / "report.html").exists()
    assert not (tmp_path / "mine.toml").exists()


def test_counts_under_bias_are_fitted_without_an_option(tmp_path):
    taken = ("bias", "--voltage", "-200:200:100 mV", "--counts", "--field", "20 Oe")
    taken = (*taken, "--card", "funatsu2022", "--seed", "1")
    done = smtj("measure", *taken, "--out", "p.csv", cwd=tmp_path)
    assert done.returncode == 0 and "5 probabilities of funatsu2022" in done.stdout, done.stderr
    fitted = smtj("fit", "p.csv", "--json", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    found = {one["symbol"]: one for one in json.loads(fitted.stdout)["estimates"]}
    # With the VCMA of the card, of which alone P(V) tells nothing, no torque is left.
    low, high = found["h_DL"]["interval_95"]
    assert low < 0 < high and "ξ" not in found
    assert [part["kind"] for part in json.loads(fitted.stdout)["parts"]] == [
        "probability",
        "effects",
    ]

"""``smtj train`` as it is used: what it writes, prints, refuses and survives."""

import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import requests
import torch

from smtj import load_card
from smtj.cli import main
from smtj.datasets import load_dataset, loading
from smtj.datasets.mirrors import PUBLISHED, DownloadError
from smtj.nn.training.network import load_network
from smtj.nn.training.run import WRITTEN
from smtj.nn.training.trainer import as_tensors, evaluate

SMALL = ("--dataset", "digits", "--hidden", "16")


class Outcome(NamedTuple):
    code: object
    out: str
    err: str


Command = Callable[..., Outcome]


def write_idx(folder: Path, seed: int) -> None:
    """Four IDX files of 30 and 10 random images of 4 × 4 pixels in ten classes."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for part, count in (("train", 30), ("t10k", 10)):
        images = rng.integers(0, 256, (count, 4, 4), np.uint8).tobytes()
        labels = (np.arange(count) % 10).astype(np.uint8).tobytes()
        header = struct.pack(">4B3I", 0, 0, 8, 3, count, 4, 4)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(header + images)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">4BI", 0, 0, 8, 1, count) + labels
        )


@pytest.fixture
def smtj(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["smtj", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Outcome(ended.value.code or 0, *capsys.readouterr())

    return run


def refusal(outcome: Outcome) -> str:
    """The one sentence that a refused command ends with."""
    assert outcome.code == 2, outcome
    *notes, last = outcome.err.splitlines()
    assert "Traceback" not in outcome.err and not any(line.startswith("Error") for line in notes)
    assert last.startswith("Error: ")
    return last.removeprefix("Error: ")


def test_training_writes_what_it_prints(smtj: Command, tmp_path: Path) -> None:
    out = tmp_path / "a folder with a rather long name, so that its lines are wide" / "run [one]"
    outcome = smtj("train", *SMALL, "--epochs", "2", "--seed", "3", "--out", str(out))
    assert outcome.code == 0
    lines = [line.strip() for line in outcome.err.splitlines()]
    assert lines[0] == "scikit-learn's 8×8 digits from scikit-learn"
    assert lines[1].startswith("64-16-10, cai2019 neurons, 16 reads, device read-out")
    for name in WRITTEN:
        assert str(out / name) in lines
        assert (out / name).stat().st_size > 100
    metrics = json.loads((out / "metrics.json").read_text())
    assert len(metrics["test_accuracy"]) == 2
    assert f"Test accuracy: {100 * metrics['test_accuracy'][-1]:.2f} %" in outcome.out
    assert metrics["seed"] == 3
    assert metrics["settings"]["network"]["chip_seed"] == 3
    assert metrics["command"].startswith("smtj train --dataset digits --hidden 16")
    network, _, _ = load_network(out / "network.pt")
    images = as_tensors(load_dataset("digits"))
    assert evaluate(network, images, seed=3 + 2) == metrics["test_accuracy"][-1]


@pytest.mark.slow
def test_every_option_reaches_the_network(smtj: Command, tmp_path: Path) -> None:
    load_card("cai2019").replace({"name": "mine"}).save("mine.toml")
    outcome = smtj(
        "train", "--card", "mine.toml", "--dataset", "digits", "--hidden", "12, 8",
        "--readout", "linear", "--coupling", "matched", "--reads", "4",
        "--eval-reads", "expected", "--no-noise", "--no-variation", "--epochs", "2",
        "--optimizer", "adamw", "--weight-decay", "0.02", "--schedule", "one-cycle",
        "--warmup-epochs", "1", "--first-reads", "2", "--rotate", "5", "--shift", "1",
        "--validation-fraction", "0.2", "--patience", "4",
        "--learning-rate", "0.05", "--batch-size", "30", "--momentum", "0.5",
        "--seed", "2", "--chip-seed", "9", "--adaptive", "neuron", "--drive", "field",
        "--interval", "120 ms", "--out", "run",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    settings = json.loads(Path("run/metrics.json").read_text())["settings"]
    assert settings == {
        "card": "mine",
        "dataset": "digits",
        "network": {
            "sizes": [64, 12, 8, 10], "neuron": "mtj", "readout": "linear",
            "coupling": "matched", "reads": 4, "eval_reads": "expected", "noise": False,
            "variation": False, "chip_seed": 9, "adaptive": "neuron", "drive": "field",
            "drive_field": 0.0, "interval": 0.12,
        },
        "training": {
            "learning_rate": 0.05, "seed": 2, "batch_size": 30, "momentum": 0.5,
            "fresh_chips": False, "optimizer": "adamw", "weight_decay": 0.02,
            "schedule": "one-cycle", "warmup_epochs": 1, "epochs": 2, "first_reads": 2,
            "augment": "RandomAffine(degrees=5.0, translate=(0.125, 0.125))",
            "image_shape": [1, 8, 8], "validation_fraction": 0.2, "patience": 4,
        },
    }  # fmt: skip
    assert load_network(Path("run/network.pt"))[2].name == "mine"
    short = (*SMALL, "--epochs", "1")
    fresh = smtj("train", *short, "--fresh-chips", "--adaptive", "layer", "--out", "fresh")
    training = json.loads(Path("fresh/metrics.json").read_text())["settings"]["training"]
    assert training["fresh_chips"] and "Learnt bias voltages" in fresh.out
    for wrong in (("--neuron", "sigmoid"), ("--no-variation",)):
        refused = smtj("train", *short, "--fresh-chips", *wrong, "--out", "wrong")
        assert refused.code == 2 and "needs MTJ neurons and variation" in refused.err
    plain = smtj("train", *short, "--neuron", "sigmoid", "--out", "plain")
    assert "64-16-10, sigmoid neurons, device read-out, matched coupling" in plain.err


def test_json_and_quiet_leave_only_the_numbers(smtj: Command) -> None:
    outcome = smtj("train", *SMALL, "--epochs", "1", "--out", "run", "--json", "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    record = json.loads(outcome.out)
    assert (
        record["test_accuracy"] == json.loads(Path("run/metrics.json").read_text())["test_accuracy"]
    )


@pytest.mark.proof
def test_going_on_gives_what_an_uninterrupted_run_gives(smtj: Command) -> None:
    assert smtj("train", *SMALL, "--epochs", "2", "--out", "straight").code == 0
    assert smtj("train", *SMALL, "--epochs", "1", "--out", "parts").code == 0
    again = smtj("train", *SMALL, "--epochs", "2", "--out", "parts")
    assert refusal(again) == ("parts already holds a run; resume it, or give another folder (out)")
    assert smtj("train", *SMALL, "--epochs", "2", "--out", "parts", "--resume").code == 0
    one, other = (json.loads(Path(p, "metrics.json").read_text()) for p in ("straight", "parts"))
    assert one["test_accuracy"] == other["test_accuracy"]
    assert one["train_loss"] == other["train_loss"]
    changed = smtj("train", *SMALL, "--epochs", "3", "--out", "parts", "--resume", "--reads", "8")
    assert "is from a run with other settings; repeat those" in refusal(changed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--card", "nowhere"), "there is no card nowhere"),
        (("--card", "flat.toml"), "card cai2019 has no energy barrier"),
        (("--dataset", "cifar"), "unknown data set 'cifar'"),
        (("--data", "nowhere"), 'comes with scikit-learn and takes no path: use "idx"'),
        (("--dataset", "mnist", "--data", "nowhere"), "nowhere"),
        (("--dataset", "idx"), "needs a path"),
        (("--hidden", "0"), "--hidden is '0'; it must be numbers of neurons: 400 or 400,100"),
        (("--hidden", "4,,4"), "--hidden is '4,,4'"),
        (("--hidden", "many"), "--hidden is 'many'"),
        (("--hidden", ""), "--hidden is ''"),
        (("--reads", "0"), "--reads is '0'; it must be 1 to 65535 or \"expected\""),
        (("--reads", "65536"), "--reads is '65536'; it must be 1 to 65535 or \"expected\""),
        (("--eval-reads", "2.5"), "--eval-reads is '2.5'"),
        (("--learning-rate", "0"), "learning_rate 0.0"),
        (("--learning-rate", "nan"), "learning_rate nan"),
        (
            ("--learning-rate", "1e37"),
            "the training diverged in epoch 1; use a learning rate",
        ),
        (("--momentum", "1"), "momentum 1.0"),
        (("--batch-size", "1"), "batch_size 1 leaves one of 1500 images alone in a batch"),
        (("--resume",), "run holds no run to resume; start one without resume"),
        (("--out", "flat.toml"), "flat.toml"),
        (("--out", "flat.toml/run"), "flat.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_options_are_refused_in_a_sentence(
    smtj: Command, options: tuple[str, ...], sentence: str
) -> None:
    load_card("cai2019").replace({"magnetism.in_plane_bias_field": "60 mT"}).save("flat.toml")
    outcome = smtj("train", *SMALL, "--epochs", "1", "--out", "run", *options)
    assert sentence in refusal(outcome)
    assert not Path("run").exists() or "diverged" in sentence


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--epochs", "0"), "'--epochs'"),
        (("--epochs", "x"), "'--epochs'"),
        (("--neuron", "relu"), "'mtj', 'sigmoid'"),
        (("--readout", "softmax"), "'device', 'linear'"),
        (("--coupling", "none"), "'calibrated', 'matched'"),
        (("--batch-size", "0"), "'--batch-size'"),
        (("--seed", "-1"), "'--seed'"),
        (("--seed", "99999999999999999999"), "'--seed'"),
        (("--chip-seed", "99999999999999999999"), "'--chip-seed'"),
        (("--nonsense",), "--nonsense"),
        (("--seed",), "'--seed'"),
        (("surplus",), "surplus"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_options_of_the_wrong_kind_are_refused_in_a_sentence(
    smtj: Command, options: tuple[str, ...], said: str
) -> None:
    sentence = refusal(smtj("train", *SMALL, "--epochs", "1", *options))
    assert said in sentence
    assert not any(Path().iterdir())


def test_unknown_commands_are_refused_and_none_is_help(smtj: Command) -> None:
    sentence = refusal(smtj("tarin"))
    assert "'tarin'" in sentence
    assert sentence.endswith("--help)")
    assert "card" in refusal(smtj("card", "show"))
    outcome = smtj()
    assert outcome.code == 2
    assert "reproduce" in outcome.out
    assert not outcome.err
    assert smtj("train", "--help").code == 0


def test_going_on_with_another_folder_of_images_is_refused(smtj: Command, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "same", "other")]
    for folder, seed in zip(folders, (0, 0, 1), strict=True):
        write_idx(folder, seed)
    short = ("--dataset", "idx", "--hidden", "4", "--batch-size", "10", "--out", "run")
    short = (*short, "--schedule", "constant")
    assert smtj("train", *short, "--data", str(folders[0]), "--epochs", "1").code == 0
    before = Path("run/checkpoint.pt").read_bytes()
    refused = smtj("train", *short, "--data", str(folders[2]), "--epochs", "2", "--resume")
    assert "is from a run on other images" in refusal(refused)
    assert Path("run/checkpoint.pt").read_bytes() == before
    assert smtj("train", *short, "--data", str(folders[1]), "--epochs", "2", "--resume").code == 0


def test_mnist_that_is_nowhere_is_refused_with_where_to_put_it(
    smtj: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blocked(url: str, *_: object, **__: object) -> bytes:
        raise OSError(f"no route to {url}")

    monkeypatch.delenv("SMTJ_DATA_DIR", raising=False)
    monkeypatch.setattr(loading, "cache_folder", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr(requests, "get", blocked)
    assert issubclass(DownloadError, ValueError)
    sentence = refusal(smtj("train", "--dataset", "mnist", "--epochs", "1"))
    assert sentence.startswith("MNIST is neither in SMTJ_DATA_DIR, which is not set, nor in ")
    assert all(mirror in sentence for mirror in PUBLISHED["mnist"].mirrors)
    assert sentence.endswith("set the environment variable SMTJ_DATA_DIR to its parent folder")


def test_a_full_disk_is_told_in_a_sentence(smtj: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    sentence = refusal(smtj("train", *SMALL, "--epochs", "1", "--out", "run"))
    assert sentence == "run/network.pt: No space left on device; nothing was left half-written"
    assert not list(Path("run").glob("*"))


# Ctrl-C


# A process that a shell started in the background ignores Ctrl-C, and so do its children.
HEEDS_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from smtj.cli import main; main()"
)


def interrupted(smtj_out: Path, *options: str) -> Outcome:
    """Send Ctrl-C to a training process in its first epoch."""
    process = subprocess.Popen(
        [sys.executable, "-c", HEEDS_CTRL_C, "train", *SMALL,
         "--epochs", "100000", "--out", str(smtj_out), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        while "read-out" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    return Outcome(process.returncode, out, err)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing on Windows")
def test_ctrl_c_in_the_first_epoch_keeps_its_batches_and_the_run_goes_on(
    smtj: Command, tmp_path: Path
) -> None:
    out, small = tmp_path / "run", ("--batch-size", "2", "--schedule", "constant")
    outcome = interrupted(out, *small)
    assert outcome.code == 130, outcome.err
    said = re.search(
        rf"Stopped after 0 epochs and (\d+) of 750 batches; all of it is saved in {out}\.",
        outcome.err,
    )
    assert said and "Traceback" not in outcome.err
    assert {path.name for path in out.iterdir()} == {"checkpoint.pt"}
    kept = torch.load(out / "checkpoint.pt", weights_only=True)["partial"]
    assert 0 < kept["batches"] == int(said[1])
    small = (*SMALL, *small, "--epochs", "1", "--out", str(out), "--resume")
    assert smtj("train", *small).code == 0
    assert len(json.loads((out / "metrics.json").read_text())["test_accuracy"]) == 1


def test_ctrl_c_in_the_midst_of_a_batch_saves_nothing_of_the_epoch(
    smtj: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> torch.Tensor:
        raise KeyboardInterrupt

    monkeypatch.setattr("smtj.nn.training.trainer.Trainer._step", stop)
    outcome = smtj("train", *SMALL, "--out", "run")
    assert outcome.code == 130
    assert "Stopped after 0 epochs; nothing was saved." in outcome.err
    assert not Path("run").exists()


@pytest.mark.slow
@pytest.mark.skipif(
    "SMTJ_DATA_DIR" not in os.environ,
    reason="SMTJ_DATA_DIR does not name a folder with MNIST's files",
)
def test_mnist_is_found_and_trained(smtj: Command) -> None:
    outcome = smtj(
        "train", "--hidden", "16", "--epochs", "1", "--batch-size", "2000", "--out", "run"
    )
    assert outcome.code == 0, outcome.err
    assert outcome.err.startswith("MNIST from ")
    assert json.loads(Path("run/metrics.json").read_text())["test_accuracy"][0] > 0.3


def test_a_drive_that_was_not_applied_far_enough_is_said(smtj: Command) -> None:
    def line(name: str, value: str) -> str:
        return f'{name} = {{ value = "{value}", provenance = "measured" }}\n'

    card = (
        f'name = "mine"\ntitle = "a scan"\n[behaviour]\n{line("temperature", "300 K")}'
        f"[field_response]\n{line('slope', '0.1 1/Oe')}{line('midpoint', '-6 Oe')}"
    )
    said = []
    for limit in ("40 Oe", "80 Oe"):
        Path("mine.toml").write_text(card + line("limit", limit))
        found = smtj("train", "--card", "mine.toml", *SMALL, "--epochs", "1", "--out", limit[:2])
        assert not found.code
        said.append(found.err)
    assert "driven up to 40 Oe only, where P(high) goes from 0.032 to 0.99;" in said[0]
    assert "measure to 58.9 Oe or more" in said[0]
    assert "driven up to" not in said[1]

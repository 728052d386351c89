"""A run on disk: what is there after every epoch, and that nothing is ever lost."""

import json
import pathlib
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from smtj import DeviceCard
from smtj.datasets import load_dataset
from smtj.errors import CheckpointError, DataError
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings, load_network
from smtj.nn.training.run import TrainingRun, run_experiment, train
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Epoch, Images, Trainer, as_tensors, evaluate

KEPT = ("checkpoint.pt", "network.pt", "metrics.json", "history.csv")


@pytest.fixture(scope="module")
def digits() -> Images:
    return as_tensors(load_dataset("digits"))


@pytest.fixture
def experiment(card: DeviceCard) -> Experiment:
    return Experiment(
        card, NetworkSettings(sizes=(64, 16, 10)), TrainingSettings(0.1, seed=3), "digits"
    )


def history(*args: Any, **options: Any) -> list[Epoch]:
    return list(run_experiment(*args, **options).history)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*")}


def test_everything_is_there_after_every_epoch(
    experiment: Experiment, digits: Images, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "run"
    seen: list[int] = []

    def look(run: TrainingRun) -> None:
        seen.append(len(run.history))
        if not run.history:
            assert not files(out)
            return
        assert sorted(files(out)) == sorted(KEPT)
        metrics = json.loads((out / "metrics.json").read_text())
        assert metrics["test_accuracy"] == [epoch.test_accuracy for epoch in run.history]
        network, settings, card = load_network(out / "network.pt")
        assert (settings, card) == (experiment.network, experiment.card)
        assert evaluate(network, digits, seed=3 + len(run.history)) == run.accuracy

    run_experiment(experiment, digits, 2, out, progress=look)
    assert seen == [0, 1, 2]
    assert sorted(files(out)) == sorted((*KEPT, "accuracy.png", "accuracy.svg"))
    assert not list(out.glob(".*"))
    assert (out / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (out / "accuracy.svg").read_text()


def test_the_metrics_say_what_made_them(
    experiment: Experiment, digits: Images, tmp_path: Path
) -> None:
    epochs = history(experiment, digits, 2, tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["test_accuracy"] == [epoch.test_accuracy for epoch in epochs]
    assert metrics["train_loss"] == [epoch.train_loss for epoch in epochs]
    assert metrics["seed"] == 3
    settings = metrics["settings"]
    assert settings["card"] == "cai2019"
    assert settings["dataset"] == "digits"
    assert settings["network"]["sizes"] == [64, 16, 10]
    assert settings["training"]["learning_rate"] == 0.1
    versions = metrics["versions"]
    assert torch.__version__.startswith(versions["torch"])
    assert set(versions) >= {"smtj", "git_revision", "python", "numpy", "numba", "platform"}
    assert metrics["command"].startswith("smtj")


def test_a_folder_that_holds_a_run_is_not_overwritten(
    experiment: Experiment, digits: Images, tmp_path: Path
) -> None:
    history(experiment, digits, 1, tmp_path)
    before = files(tmp_path)
    with pytest.raises(CheckpointError, match="already holds a run; resume it"):
        history(experiment, digits, 1, tmp_path)
    assert files(tmp_path) == before


@pytest.mark.slow
def test_going_on_is_as_if_nothing_had_happened(
    experiment: Experiment, digits: Images, tmp_path: Path
) -> None:
    straight = history(experiment, digits, 3, tmp_path / "straight")
    history(experiment, digits, 1, tmp_path / "parts")
    assert history(experiment, digits, 3, tmp_path / "parts", resume=True) == straight
    states = [load_network(tmp_path / name / "network.pt")[0] for name in ("straight", "parts")]
    for one, other in zip(*(state.state_dict().values() for state in states), strict=True):
        assert torch.equal(one, other)
    # With nothing left to do, the history is told again.
    assert history(experiment, digits, 3, tmp_path / "parts", resume=True) == straight


def test_going_on_with_something_else_is_refused(
    experiment: Experiment, digits: Images, tmp_path: Path
) -> None:
    history(experiment, digits, 1, tmp_path)
    before = files(tmp_path)
    network = experiment.network
    for other in (
        replace(experiment, training=TrainingSettings(0.2, seed=3)),
        replace(experiment, network=replace(network, reads=8)),
        replace(experiment, network=replace(network, chip_seed=1)),
        replace(experiment, card=experiment.card.replace({"variability.slope_spread": 0.06})),
        replace(experiment, dataset="idx"),
    ):
        with pytest.raises(CheckpointError, match="is from a run with other settings"):
            history(other, digits, 2, tmp_path, resume=True)
    assert files(tmp_path) == before
    with pytest.raises(CheckpointError, match="holds no run to resume; start one without resume"):
        history(experiment, digits, 1, tmp_path / "elsewhere", resume=True)
    assert not (tmp_path / "elsewhere").exists()


def test_going_on_with_other_images_is_refused(
    experiment: Experiment, digits: Images, tmp_path: Path
) -> None:
    history(experiment, digits, 1, tmp_path)
    before = files(tmp_path)
    for part in range(4):
        changed = list(digits)
        changed[part] = digits[part].clone()
        changed[part].view(-1)[0] += 1
        with pytest.raises(CheckpointError, match="is from a run on other images; use those"):
            history(experiment, Images(*changed), 2, tmp_path, resume=True)
    assert files(tmp_path) == before
    copies = Images(*(part.clone() for part in digits))
    assert len(history(experiment, copies, 2, tmp_path, resume=True)) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "failing", [KEPT[0], *(pytest.param(name, marks=pytest.mark.proof) for name in KEPT[1:])]
)
def test_a_failed_write_leaves_the_last_epoch_whole(
    experiment: Experiment,
    digits: Images,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    out = tmp_path / "run"
    history(experiment, digits, 1, out)
    for plot in out.glob("accuracy.*"):
        plot.unlink()
    before = files(out)
    real = pathlib.Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == failing:
            raise OSError(28, "No space left on device", str(target))
        return real(self, target)

    monkeypatch.setattr(pathlib.Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        history(experiment, digits, 3, out, resume=True)
    monkeypatch.undo()
    after = files(out)
    assert set(after) == set(KEPT)  # no temporary file is left
    assert after[failing] == before[failing]
    assert after["checkpoint.pt"] == before["checkpoint.pt"]
    load_network(out / "network.pt")
    straight = history(experiment, digits, 2, tmp_path / "straight")
    assert history(experiment, digits, 2, out, resume=True) == straight


def test_a_folder_that_cannot_be_is_refused_before_the_training(
    experiment: Experiment, digits: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(Trainer, "train_epoch", lambda *_: pytest.fail("it trained"))
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(OSError, match="file"):
            history(experiment, digits, 1, out)


def test_the_title_says_what_is_trained(experiment: Experiment) -> None:
    assert experiment.title() == (
        "64-16-10, cai2019 neurons, 16 reads, device read-out, calibrated coupling, "
        "learning rate 0.1, seed 3"
    )
    rival = replace(experiment, network=replace(experiment.network, neuron="sigmoid"))
    assert rival.title().startswith("64-16-10, sigmoid neurons, device read-out")


def test_data_are_taken_by_name_as_an_object_or_as_arrays() -> None:
    data = load_dataset("digits")
    arrays = (data.train_images, data.train_labels, data.test_images, data.test_labels)
    floats = (arrays[0] / 255, arrays[1], torch.from_numpy(arrays[2]), arrays[3])
    runs = [train(given, hidden=8, epochs=1) for given in ("digits", data, arrays, floats)]
    assert all(run.history == runs[0].history for run in runs)
    for wrong in (arrays[:3], (*arrays[:3], arrays[3][:5])):
        with pytest.raises(DataError, match="one label per image"):
            train(wrong, epochs=1)
    with pytest.raises(DataError, match="neither whole numbers from 0 to 255 nor floats"):
        train((arrays[0] * 1.0, *arrays[1:]), epochs=1)


def test_callbacks_see_every_epoch_and_a_notebook_a_table_that_grows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Epoch] = []
    options = {
        "hidden": 8,
        "out": tmp_path,
        "schedule": "constant",
        "callbacks": [lambda run: seen.append(run.history[-1])],
    }
    first = train("digits", epochs=1, **options)
    shown: list[str] = []

    class Handle:
        def update(self, run: TrainingRun) -> None:
            shown.append(run._repr_html_())

    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda display_id: Handle())
    run = train("digits", epochs=3, resume=True, progress=True, **options)
    assert seen == run.history and len(seen) == 3 and seen[0] == first.history[0]
    assert [page.count("<tr>") - 1 for page in shown] == [1, 2, 3]
    rows = [line.split(",") for line in (tmp_path / "history.csv").read_text().splitlines()]
    assert rows[0] == ["number", "train_loss", "test_accuracy", "validation_accuracy"]
    assert [(int(row[0]), *map(float, row[1:3])) for row in rows[1:]] == [e[:3] for e in seen]


@pytest.mark.slow
def test_a_run_prints_plots_and_serialises(tmp_path: Path) -> None:
    run = train("digits", "cai2019", hidden=8, epochs=12, adaptive="layer")
    text = repr(run)
    assert "64-8-10, cai2019 neurons" in text and "loss (nats per image)" in text
    assert f"{100 * run.accuracy:.1f}" in text and "Learnt bias voltages by layer" in text
    assert sum(line.split()[:1] == ["12"] for line in text.splitlines()) == 1
    assert "<td>12</td>" in run._repr_html_()
    axes = run.plot()
    assert axes.get_xlabel() == "Training epochs" and axes.get_ylabel().endswith("(%)")
    assert run.plot(axes) is axes
    assert json.loads(json.dumps(run.to_dict()))["test_accuracy"][-1] == run.accuracy
    assert run.to_dataframe()["number"].tolist() == list(range(1, 13))
    assert {path.name for path in run.save(tmp_path)} == {
        "network.pt", "metrics.json", "history.csv", "accuracy.png", "accuracy.svg"
    }  # fmt: skip
    assert (
        evaluate(load_network(tmp_path / "network.pt")[0], as_tensors(load_dataset("digits")), 12)
        == run.accuracy
    )
    assert repr(pickle.loads(pickle.dumps(run))) == text

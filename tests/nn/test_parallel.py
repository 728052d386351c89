"""Several experiments at once."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numba
import pytest
import torch

from smtj import DeviceCard
from smtj.datasets import load_dataset
from smtj.errors import CheckpointError
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings, load_network
from smtj.nn.training.parallel import Job, run_all
from smtj.nn.training.run import run_experiment
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import as_tensors, held_out


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    yield
    torch.set_num_threads(before[0])
    numba.set_num_threads(before[1])


@pytest.mark.proof
@pytest.mark.usefixtures("one_thread")
def test_workers_train_as_this_process_does_and_their_errors_arrive(
    card: DeviceCard, tmp_path: Path
) -> None:
    images = load_dataset("digits")
    tensors = as_tensors(images)
    one = Experiment(
        card, NetworkSettings(sizes=(64, 16, 10)), TrainingSettings(0.1, seed=1), "digits"
    )
    two = replace(one, training=replace(one.training, seed=2))
    expected = {
        "one": list(run_experiment(one, tensors, 2, tmp_path / "own one").history),
        "two": list(run_experiment(two, held_out(tensors), 1, tmp_path / "own two").history),
        # What is on disk is told again and not repeated.
        "old": list(run_experiment(two, tensors, 1, tmp_path / "old").history),
    }
    stamp = (tmp_path / "old" / "checkpoint.pt").stat().st_mtime_ns
    jobs = [
        Job("one", one, 2, tmp_path / "one"),
        Job("two", two, 1, tmp_path / "two", held_out=True),
        Job("old", two, 1, tmp_path / "old"),
    ]
    told = list(run_all(jobs, images, workers=2))
    for name, epochs in expected.items():
        assert [epoch for job, epoch in told if job.name == name] == epochs
    assert (tmp_path / "old" / "checkpoint.pt").stat().st_mtime_ns == stamp
    for left, right in (("one", "own one"), ("two", "own two")):
        states = (load_network(tmp_path / name / "network.pt")[0] for name in (left, right))
        for a, b in zip(*(state.state_dict().values() for state in states), strict=True):
            assert torch.equal(a, b)

    clash = Job("clash", two, 1, tmp_path / "one")
    with pytest.raises(CheckpointError, match="is from a run with other settings"):
        list(run_all([clash], images))
    assert not multiprocessing.active_children()


def test_nothing_to_train_is_nothing_to_wait_for() -> None:
    assert list(run_all([], load_dataset("digits"))) == []

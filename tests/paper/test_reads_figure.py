"""The figure of realistic reads, for a small network."""

from pathlib import Path

import numpy as np
import pytest

from closeness import close_to
from smtj import DeviceCard
from smtj.datasets import ImageDataset, load_dataset
from smtj.errors import SmtjError
from smtj.nn.training.network import NetworkSettings, build_network, save_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Trainer, as_tensors
from smtj.paper import reads

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits() -> ImageDataset:
    return load_dataset("digits")


def saved(card: DeviceCard, digits: ImageDataset, path: Path, **changes: object) -> Path:
    settings = NetworkSettings((digits.pixels, 30, digits.classes), **changes)
    network = build_network(settings, card, 0)
    run = Trainer(network, as_tensors(digits), TrainingSettings())
    list(run.epochs(3))
    return save_network(path, network, settings, card)


def test_correlated_reads_lose_accuracy(
    card: DeviceCard, digits: ImageDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "READS", (1, 16))
    monkeypatch.setattr(reads, "INTERVALS", (0.05, 100.0))
    network = saved(card, digits, tmp_path / "network.pt")
    reported: list[tuple[int, int]] = []
    result = reads.make(network, digits, tmp_path, progress=lambda *at: reported.append(at))
    assert reported == [(n, 10) for n in range(1, 11)]
    assert all(path.exists() for path in result.images)
    independent = np.array(result.numbers["independent_percent"])
    fresh, stream = (np.array(result.numbers[f"{k}_percent"]) for k in ("equilibrium", "stream"))
    error = 100 * 0.5 * np.sqrt(2 / len(digits.test_labels))
    # Far apart, reads are independent, and an image leaves nothing behind.
    assert np.abs(fresh[:, 1] - independent).max() < 4 * error
    assert np.abs(stream[:, 1] - independent).max() < 4 * error
    # Close together, 16 reads are hardly better than one, and images are taken for those before.
    assert fresh[1, 0] < independent[1] - 4 * error
    assert stream[0, 0] < 20
    assert result.numbers["relaxation_time_s"] == close_to(0.0526, rel=1e-3)
    (check,) = result.checks
    assert "81 %" in check.ours and check.verdict == "consistent"


def test_a_network_for_other_images_is_rejected(
    card: DeviceCard, digits: ImageDataset, tmp_path: Path
) -> None:
    network = saved(card, digits, tmp_path / "network.pt", neuron="sigmoid")
    with pytest.raises(SmtjError, match="64-30-10 network of sigmoid neurons; reads need mtj"):
        reads.make(network, digits, tmp_path)

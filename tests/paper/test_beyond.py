"""What the report shows beyond the paper, on a small network."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from smtj import DeviceCard
from smtj.cli import app
from smtj.datasets import load_dataset
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings
from smtj.nn.training.run import run_experiment
from smtj.nn.training.trainer import TrainingSettings, as_tensors
from smtj.paper import beyond

pytestmark = pytest.mark.slow

SETTINGS = NetworkSettings((64, 16, 10))


@pytest.fixture(scope="module")
def folder(card: DeviceCard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = load_dataset("digits")
    experiment = Experiment(card, SETTINGS, TrainingSettings(batch_size=50), images.name)
    out = tmp_path_factory.mktemp("beyond")
    run_experiment(experiment, as_tensors(images), 5, out / "runs" / "mtj-0")
    return out


@pytest.mark.proof
def test_every_part_makes_its_figures_and_reports_progress(folder: Path, card: DeviceCard) -> None:
    reported: list[str] = []
    network = folder / "runs" / "mtj-0" / "network.pt"
    made = list(
        beyond.make(beyond.PARTS, card, load_dataset("digits"), network, folder, reported.append)
    )
    assert [figure.name for figure in made] == [
        "reads",
        "adaptive_training",
        "adaptive_recalibration",
        "chips",
        "neuron-cost",
    ]
    for figure in made:
        assert all(path.stat().st_size > 1000 for path in figure.images), figure.name
    for words in ("realistic reads", "adaptive neuron", "chips", "cost"):
        assert any(text.startswith(words) for text in reported), words


def test_a_report_beyond_the_paper_needs_the_network_of_the_paper(tmp_path: Path) -> None:
    arguments = ["reproduce", "--only", "chips", "--dataset", "digits", "--out", str(tmp_path)]
    outcome = CliRunner().invoke(app, arguments)
    assert "add fig3b to --only" in str(outcome.exception)
    assert not (tmp_path / "report.html").exists()

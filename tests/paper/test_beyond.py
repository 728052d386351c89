"""What the report shows beyond the paper, on a small network."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closeness import close_to
from smtj import DeviceCard, circuits, load_card
from smtj.card import as_device
from smtj.cli import app
from smtj.datasets import load_dataset
from smtj.errors import SmtjError
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings
from smtj.nn.training.run import run_experiment
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import as_tensors
from smtj.paper import beyond, voltage
from smtj.units import Oe

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
        "voltage",
        "chips",
        "neuron-cost",
        "circuit",
        "random-bits",
    ]
    for figure in made:
        assert all(path.stat().st_size > 1000 for path in figure.images), figure.name
    for words in ("realistic reads", "adaptive neuron", "voltage", "chips", "cost", "random bits"):
        assert any(text.startswith(words) for text in reported), words


@pytest.mark.proof
def test_the_voltage_as_input_costs_far_less_than_wires(tmp_path: Path) -> None:
    """An upright card: the same network learns by either drive."""
    made = voltage.make(as_device(voltage.UPRIGHT), load_dataset("digits"), tmp_path)
    (found,) = made.numbers.values()
    accuracy, drive = found["test_accuracy"], found["energy_of_drive_J"]
    assert accuracy["voltage"][-1] == close_to(accuracy["field"][-1], abs=0.03)
    assert accuracy["voltage"][-1] > 0.5
    assert drive["voltage"] < 1e-3 * drive["field"]
    assert made.checks[0].claim == "A voltage can be the input of the neuron"
    assert all(path.stat().st_size > 1000 for path in made.images)


@pytest.mark.proof
def test_what_needs_the_card_alone_is_reported_without_a_network(tmp_path: Path) -> None:
    arguments = ["reproduce", "--only", "circuit,random", "--dataset", "digits"]
    outcome = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path)])
    assert outcome.exit_code == 0, outcome.exception
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    circuit, random = (figure["numbers"] for figure in told["figures"])
    assert circuit["ln_dwell_time_error"] < 1e-6
    for run in circuit["ngspice"]:
        drive, bias = run["drive"] * Oe, run["voltage_v"]
        p = float(load_card("cai2019").at(bias, drive).switching_probability())
        assert abs(run["p_high"] - p) < 4 * (2 * p * (1 - p) / 400) ** 0.5
    assert random["passes"] and random["correction"] == "extractor"


def test_a_card_that_no_netlist_can_hold_leaves_that_section_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(card: object) -> None:
        raise SmtjError("no short formula follows it")

    monkeypatch.setattr(circuits, "circuit_law", refuse)
    arguments = ["reproduce", "--only", "circuit", "--dataset", "digits", "--out", str(tmp_path)]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.exception
    assert "section on circuits is left out: no short formula" in outcome.output
    assert not json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["figures"]


def test_a_report_beyond_the_paper_needs_the_network_of_the_paper(tmp_path: Path) -> None:
    arguments = ["reproduce", "--only", "chips", "--dataset", "digits", "--out", str(tmp_path)]
    outcome = CliRunner().invoke(app, arguments)
    assert "add fig3b to --only" in str(outcome.exception)
    assert not (tmp_path / "report.html").exists()

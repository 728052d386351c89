"""The two figures of the adaptive neuron, on small images."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from closeness import close_to
from smtj.card import load_card
from smtj.datasets import load_dataset
from smtj.nn.training.network import NetworkSettings, build_network, load_network, save_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Trainer, as_tensors
from smtj.paper import adaptive
from smtj.report.figure import FigureResult

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    card, images = load_card("cai2019"), as_tensors(load_dataset("digits"))
    settings = NetworkSettings((64, 40, 10))
    run = Trainer(build_network(settings, card, 0), images, TrainingSettings(batch_size=50))
    list(run.epochs(8))
    path = tmp_path_factory.mktemp("trained") / "network.pt"
    return save_network(path, run.network, settings, card)


@pytest.fixture(scope="module")
def results(network: Path, tmp_path_factory: pytest.TempPathFactory) -> list[FigureResult]:
    reported: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HIDDEN": (20, 10), "EPOCHS": 2, "STEPS": 40, "FEW": 200}.items():
            patch.setattr(adaptive, name, value)
        found = adaptive.make(
            load_card("cai2019"),
            load_dataset("digits"),
            network,
            tmp_path_factory.mktemp("figures"),
            progress=reported.append,
        )
    assert len(reported) == len(adaptive.KINDS) * adaptive.TRAINING_SEEDS * 2 + 2 * len(
        adaptive.TEMPERATURES
    )
    return found


@pytest.mark.slow
def test_both_figures_are_written_with_their_numbers(results: list[FigureResult]) -> None:
    assert [result.name for result in results] == ["adaptive_training", "adaptive_recalibration"]
    for result in results:
        assert [path.suffix for path in result.images] == [".png", ".svg"]
        assert all(path.stat().st_size > 20_000 for path in result.images)
        assert result.caption.endswith(".")
        assert result.checks
        json.dumps(result.numbers, allow_nan=False)


def test_voltages_are_learnt_and_fixed_ones_are_not(results: list[FigureResult]) -> None:
    voltages = results[0].numbers["mean_voltage_V"]
    assert voltages[adaptive.NONE] == [[0.0, 0.0]] * 2
    assert voltages[adaptive.CONSTANT][-1] == close_to([-0.2, -0.2])
    assert all(abs(v) > 1e-4 for v in voltages["one voltage per layer"][-1])


def test_heat_costs_accuracy_and_voltage_recovers_it_in_the_papers_model(
    results: list[FigureResult],
) -> None:
    curves = results[1].numbers["test_accuracy"]
    recovered = {}
    for model, found in curves.items():
        cold, hot = (sum(found["left at 0 V"][i]) for i in (1, -1))
        assert cold > hot
        # Without an image, the steepest device does as well, at 300 K too.
        for temperature in (1, -1):
            constant = sum(found[adaptive.STEEP][temperature])
            assert constant > sum(found[adaptive.ZERO][temperature]) - 0.01
        assert sum(found[adaptive.STEEP][-1]) == close_to(sum(found["recalibrated"][-1]), abs=0.04)
        recovered[model] = (sum(found["recalibrated"][-1]) - hot) / (cold - hot)
    assert recovered["cai2019"] > recovered["self-consistent"] + 0.2
    assert [check.verdict for check in results[1].checks][1] == "not supported"


def test_learnt_voltages_must_beat_a_constant_to_agree() -> None:
    gain, nothing = np.array([1.0, 1.1, 0.9, 1.0]), np.array([0.1, -0.1, 0.1, -0.1])
    assert adaptive._better(gain, gain) == "agrees"
    assert adaptive._better(nothing, gain) == "consistent"
    assert adaptive._better(-gain, nothing) == "not supported"


def test_another_card_gets_its_own_coupling_and_the_same_answers(network: Path) -> None:
    trained, settings, card = load_network(network)
    other = card.replace(
        {
            "switching.model": "self-consistent",
            "switching.effective_anisotropy_field": None,
            "variability.magnetic_noise": 0,
            "switching.field_limit": "1 kOe",
        }
    )
    same = card.replace({"variability.magnetic_noise": 0, "switching.field_limit": "1 kOe"})
    x = torch.rand(5, 64, generator=torch.Generator().manual_seed(0))
    answers = []
    for own in (same, other):
        model = adaptive.on_card(trained, settings, own)
        for layer in (model[1], model[3]):
            layer.eval_reads = "expected"
            # Shifts of H_s are in A/m and do not scale with 1/w.
            layer.offset_shift.zero_()
            layer.set_bias(0.0)
        with torch.no_grad():
            answers.append(model(x))
    torch.testing.assert_close(*answers, rtol=1e-4, atol=1e-5)

"""The figure of whole chips: plotted, numeric and reproducible."""

import json

import pytest

from smtj.card import load_card
from smtj.datasets import load_dataset
from smtj.nn.training.network import NetworkSettings, build_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Trainer, as_tensors
from smtj.paper import chips

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network():
    data = as_tensors(load_dataset("digits"))
    built = build_network(NetworkSettings((64, 24, 10)), load_card("cai2019"), 1)
    for _ in Trainer(built, data, TrainingSettings()).epochs(4):
        pass
    return built


@pytest.mark.slow
def test_the_figure_shows_accuracy_and_yield_and_is_reproducible(network, tmp_path) -> None:
    images = load_dataset("digits")
    found = chips.make(network, images, tmp_path, chips=8)
    assert [path.name for path in found.images] == ["chips.png", "chips.svg"]
    svg = found.images[1].read_text()
    for label in ("Slope spread (%)", "Offset spread (Oe)", "Required accuracy (%)", "(c)"):
        assert f"<!-- {label} -->" in svg
    json.dumps(found.numbers, allow_nan=False)
    rows = found.numbers["table"]["rows"]
    assert len(rows) == 10 and all(len(row) == len(found.numbers["table"]["head"]) for row in rows)
    # The widest spread of the offsets costs something.
    means = [entry["mean"] for entry in found.numbers["distributions"]]
    errors = [entry["standard_error"] for entry in found.numbers["distributions"]]
    assert means[5] - means[9] > 2 * (errors[5] ** 2 + errors[9] ** 2) ** 0.5
    assert "points per 1 Oe of offset spread" in found.caption and found.caption.endswith(".")
    again = chips.make(network, images, tmp_path, chips=8)
    assert again.numbers == found.numbers

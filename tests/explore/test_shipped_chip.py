"""The network that comes with the page, on chips of any seed and card."""

import math
import subprocess
import sys

import numpy as np
import pytest
from drawn_digits import DIGITS

from closeness import close_to
from smtj import DeviceCard
from smtj.explore.chip import (
    EVALUATIONS,
    _entropy,
    answer,
    build_chip,
    evaluate_slowly,
    hidden_neurons,
)
from smtj.explore.ink import image_of
from smtj.explore.network_tab import COLUMNS, NetworkTab
from smtj.explore.shipping import SHIPPED
from smtj.nn import set_conditions

pytestmark = pytest.mark.slow

MAX_KB = 300
NO_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == 'torch':
            raise ModuleNotFoundError("No module named 'torch'", name='torch')
sys.meta_path.insert(0, NoTorch())
from smtj import load_card
from smtj.explore.network_tab import NetworkTab
tab = NetworkTab(load_card('cai2019'), 0)
tab.open()
tab.draw([[[0.1, 0.2], [0.3, 0.4]]])
tab.step()
print(tab.message.object)
"""


def test_the_shipped_network_is_small() -> None:
    assert SHIPPED.stat().st_size < 1000 * MAX_KB
    assert hidden_neurons() == COLUMNS**2


ODD = {
    "cross": [[(0.1, 0.1), (0.9, 0.9)], [(0.9, 0.1), (0.1, 0.9)]],
    "square": [[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2)]],
    "W": [[(0.1, 0.2), (0.3, 0.8), (0.5, 0.3), (0.7, 0.8), (0.9, 0.2)]],
    "dot": [[(0.5, 0.5)]],
}


def test_what_is_no_digit_is_told_by_the_entropy_of_its_reads(card: DeviceCard) -> None:
    tab = NetworkTab(card, 0)
    tab.open()
    for name, lines in ODD.items():
        tab.draw([[list(point) for point in line] for line in lines])
        assert "no digit" in tab.answer.object, name
    for digit, lines in DIGITS.items():
        tab.draw(lines)
        assert f"<b>{digit}</b>" in tab.answer.object
    tab.draw([])
    assert "Draw a digit" in tab.answer.object
    assert not answer(tab.network, tab.image, 16, seed=1).is_digit


def test_the_entropy_is_that_of_single_reads_drawn_one_by_one() -> None:
    rng = np.random.default_rng(0)
    outputs = rng.random((4, 10)) ** 4
    counts = np.zeros(10)
    for evaluation in outputs:
        reads = rng.random((100_000, 10)) < evaluation
        # Any of those that are high, or of all if none is.
        chance = np.where(reads.any(axis=1, keepdims=True), reads, True) * rng.random(reads.shape)
        counts += np.bincount(chance.argmax(axis=1), minlength=10)
    p = counts / counts.sum()
    assert _entropy(outputs) == close_to(-np.sum(p * np.log(p)), abs=0.01)


@pytest.mark.parametrize("seed", [0, 7])
def test_drawn_digits_are_recognised(card: DeviceCard, seed: int) -> None:
    network = build_chip(card, seed)
    found = {
        digit: int(answer(network, image_of(ink), 16, seed=1).mean.argmax())
        for digit, ink in DIGITS.items()
    }
    assert sum(found[digit] == digit for digit in DIGITS) >= 9


def test_another_card_drives_its_devices_by_its_own_slope(card: DeviceCard) -> None:
    # The devices of this card need three times the field; its coupling gives it to them.
    weaker = card.replace(
        {
            "switching.effective_anisotropy_field": 3 * card.switching.effective_anisotropy_field,
            "switching.field_limit": 3 * card.switching.field_limit,
            "variability.magnetic_noise": 3 * card.variability.magnetic_noise,
            "variability.offset_spread": 3 * card.variability.offset_spread,
            "magnetism.in_plane_bias_field": 0.0,
            "switching.offset_field": 0.0,
        }
    )
    image = image_of(DIGITS[2])
    assert answer(build_chip(weaker, 0), image, 16, seed=1).mean.argmax() == 2


def test_chips_differ_by_their_seed_alone(card: DeviceCard) -> None:
    image = image_of(DIGITS[5])
    one, same, other = (answer(build_chip(card, seed), image, 4, seed=3) for seed in (1, 1, 2))
    assert (one.mean == same.mean).all()
    assert (one.mean != other.mean).any()


def test_fewer_reads_spread_more(card: DeviceCard) -> None:
    network, image = build_chip(card, 0), 0.6 * image_of(DIGITS[9])
    few, many = (answer(network, image, reads, seed=0).spread.sum() for reads in (1, 64))
    assert few > many


def test_one_evaluation_is_one_of_the_many(card: DeviceCard) -> None:
    network, image, reads = build_chip(card, 0), 0.5 * image_of(DIGITS[4]), 8
    many = answer(network, image, reads, seed=0)
    slow = [evaluate_slowly(network, image, reads, seed) for seed in range(300)]
    assert slow[0].hidden.shape == (reads, hidden_neurons())
    assert slow[0].outputs.shape == (reads, 10)
    ends = np.array([one.outputs[-1] for one in slow])
    error = np.hypot(many.spread / math.sqrt(EVALUATIONS), ends.std(axis=0) / math.sqrt(len(ends)))
    # A class that no evaluation chose has no spread; a single read in one of them is then no news.
    assert (np.abs(ends.mean(axis=0) - many.mean) < 4 * error + 0.005).all()


def test_a_bias_voltage_makes_the_sigmoid_flatter(card: DeviceCard) -> None:
    network = build_chip(card, 0)
    slopes = []
    for voltage in (-0.2, 0.2):
        set_conditions(network, bias_voltage=voltage, temperature=300.0)
        slopes.append(float(network[1].slope.mean()))
    assert slopes[0] > slopes[1]


@pytest.mark.slow
def test_without_pytorch_the_tab_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_TORCH], capture_output=True, text=True, check=False, timeout=60
    )
    assert "pip install 'smtj[nn]'" in done.stdout
    assert done.stderr == ""

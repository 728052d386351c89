"""One chip under one condition: the same as the model itself would answer, and cheaper."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from closeness import close_to
from smtj import DeviceCard, load_card
from smtj.chips.evaluate import ConfigurableModel, Evaluator, Task, check_conditions
from smtj.chips.plan import _text, own_values
from smtj.chips.replay import Replay
from smtj.errors import SmtjError
from smtj.nn import (
    DigitalReads,
    MTJNeuron,
    convert,
    install,
    sample_chip,
    set_conditions,
    set_readout,
)
from smtj.nn.layer.neuron import neurons_of
from smtj.physics.readout.signal import read_signal
from smtj.physics.readout.spread import stuck_fractions


def evaluator(trained, count: int | None = None) -> Evaluator:
    model, images, labels = trained
    return Evaluator(Task(copy.deepcopy(model), images[:count], labels[:count], seed=3))


class Branching(nn.Module):
    """Something before, beside and behind the junctions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.gain = nn.Parameter(torch.tensor(1.3))
        self.out = nn.Linear(3 * 6 * 6 + 64, 5)

    def forward(self, x: Tensor) -> Tensor:
        sums = self.gain * self.conv(x)
        y = torch.sigmoid(sums) + 0.1 * torch.relu(sums)
        y = torch.cat((y.flatten(1), x.flatten(1)), 1)
        return self.out(functional.dropout(y, 0.5, self.training)) * self.gain


class Deciding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.act = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x) if float(x.sum()) > 1e9 else self.act(2 * x)


def test_a_cut_model_answers_as_the_whole(card: DeviceCard) -> None:
    torch.manual_seed(0)
    x = torch.randn(7, 1, 8, 8)
    model = convert(Branching(), card, x[:2], reads=3).eval()
    generator = torch.Generator()
    set_readout(model, generator=generator)
    with torch.no_grad():
        replay = Replay(model, x, generator)
        assert replay.shared
        values = replay.before(x)
        for seed in (4, 5):
            install(sample_chip(model, seed), model)
            set_conditions(model, temperature=350.0)
            generator.manual_seed(seed)
            expected = model(x)
            generator.manual_seed(seed)
            assert torch.equal(replay.after(values), expected)
        # What is kept is what stands before the junctions, which work on sums and images.
        assert {tuple(v.shape) for v in values} >= {(7, 3, 6, 6)}


def test_a_model_that_cannot_be_recorded_is_evaluated_as_a_whole(card: DeviceCard) -> None:
    x = torch.randn(4, 6)
    model = convert(Deciding(), card, x).eval()
    generator = torch.Generator()
    set_readout(model, generator=generator)
    with torch.no_grad():
        replay = Replay(model, x, generator)
        assert not replay.shared
        generator.manual_seed(1)
        expected = model(x)
        generator.manual_seed(1)
        assert torch.equal(replay.after(replay.before(x)), expected)


def test_without_noise_it_is_the_accuracy_of_the_model(trained) -> None:
    model = copy.deepcopy(trained.model)
    ours = evaluator(trained)
    assert ours.shares_work
    quiet = {"reads": "expected", "magnetic_noise": 0.0, "slope_spread": 0.0, "offset_spread": 0.0}
    set_readout(model, eval_reads="expected", noise=False)
    for layer in model.modules():
        if isinstance(layer, MTJNeuron):
            layer.slope_factor.fill_(1.0)
            layer.offset_shift.fill_(0.0)
    for temperature in (300.0, 500.0):
        set_conditions(model, temperature=temperature)
        expected = (model(trained.images).argmax(1) == trained.labels).float().mean()
        found = ours.accuracy(0, {**quiet, "temperature": temperature})
        assert found == close_to(float(expected), abs=0.002)
    assert found < 0.99


def test_nothing_is_left_over_from_another_condition(trained) -> None:
    conditions = [
        {}, {"temperature": 420.0, "reads": 1}, {"field_limit": 500.0, "age": 1e5},
        {"stuck_fraction": 0.3}, {"resistance_spread": 0.05},
        {"noise_correlation_time": 0.1, "bias_voltage": 0.1}, {"read_interval": 1e-4},
    ]  # fmt: skip
    alone = [evaluator(trained).accuracy(2, condition) for condition in conditions]
    one = evaluator(trained)
    for _ in range(2):
        assert [one.accuracy(2, condition) for condition in conditions] == alone
    assert len(set(alone)) == len(alone)


def test_a_network_goes_back_to_the_conditions_it_came_with(trained) -> None:
    model = set_conditions(copy.deepcopy(trained.model), temperature=380.0)
    first, second = neurons_of(model).values()
    first.noise_correlation_time = second.noise_correlation_time = 3.0
    set_readout(model, scheme=DigitalReads(0.02))
    own = own_values(model)
    assert (own["temperature"], own["read_interval"]) == (380.0, 0.02)
    assert own["noise_correlation_time"] == 3.0
    changed = {"temperature": 300.0, "read_interval": 0.1, "noise_correlation_time": 1.0}
    piece = ConfigurableModel(model)
    for condition in (changed, {}):
        piece.configure(0, condition)
        assert own_values(model) == {**own, **condition}
    # A network is known again in another process, where no function has the same address.
    assert "0x" not in _text(first.variability)


def test_devices_that_miss_the_threshold_are_stuck(trained) -> None:
    ours, card = evaluator(trained), load_card("cai2019")
    high, low = stuck_fractions(read_signal(card, 1e-3), 0.04, 0.1, 5e-6)
    spreads = {"resistance_spread": 0.04, "tmr_spread": 0.1, "read_offset": 5e-6}
    stuck = {"stuck_high": float(high), "stuck_low": float(low)}
    # The same devices; only the reads' random numbers follow the name of a condition.
    found, expected = (
        np.mean([ours.accuracy(chip, {**c, "reads": "expected"}) for chip in range(6)])
        for c in (spreads, stuck)
    )
    assert found == close_to(expected, abs=0.01)
    assert found < ours.accuracy(0, {"reads": "expected"}) - 0.02


def test_a_stream_of_images_begins_anew_on_every_chip(trained) -> None:
    model = copy.deepcopy(trained.model)
    set_readout(model, scheme=DigitalReads(1e-3, streaming=True))
    streaming = trained._replace(model=model)
    alone = [evaluator(streaming).accuracy(chip, {}) for chip in (0, 1)]
    one = evaluator(streaming)
    assert [one.accuracy(chip, {}) for chip in (0, 1)] == alone
    # Devices that still are where the image before left them recognise less.
    assert max(alone) < min(one.accuracy(chip, {"read_interval": 1.0}) for chip in (0, 1))


def test_threads_change_nothing(trained) -> None:
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append([evaluator(trained).accuracy(chip, {}) for chip in range(3)])
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_more_spread_costs_more(trained) -> None:
    ours = evaluator(trained)
    means = [
        np.mean([ours.accuracy(chip, {"offset_spread": s, "reads": 64}) for chip in range(12)])
        for s in (0.0, 400.0, 1600.0)
    ]
    assert means[0] > means[1] + 0.01 > means[2] + 0.02


def test_impossible_conditions_and_data_are_refused(trained) -> None:
    model, images, labels = trained
    with pytest.raises(SmtjError, match=r"bias_voltage is 1 V; card cai2019 allows at most 0\.2 V"):
        check_conditions(model, [{}, {"bias_voltage": 1.0}])
    with pytest.raises(SmtjError, match="there are 500 images and 3 labels"):
        Evaluator(Task(copy.deepcopy(model), images, labels[:3], 0))
    with pytest.raises(SmtjError, match="the model has no junctions"):
        Evaluator(Task(nn.Linear(8, 4), images, labels, 0))

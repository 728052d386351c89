"""Images that come one after another to the same devices, which remember the one before."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from smtj import DeviceCard, operating_point
from smtj.nn import AnalogueReads, DigitalReads, MTJNeuron, reset_state, set_readout
from smtj.nn.reads.correlated_kernels import UNKNOWN


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    """With fixed samples, statistical limits cannot fail by chance."""
    torch.manual_seed(0)


def relaxation_time(card: DeviceCard, odds: float = 0.0) -> float:
    """τ_r in s of the nominal device where the log-odds are ``odds``."""
    point = operating_point(card)
    high, low = point.dwell_times(float(point.offset_field) + odds / float(point.slope))
    return 1 / (1 / high + 1 / low)


def streamed(card: DeviceCard, features: int, interval: float, **options: object) -> MTJNeuron:
    """Nominal devices without noise, an interval in relaxation times at H_s."""
    scheme = DigitalReads(interval * relaxation_time(card), streaming=True)
    settings = {"reads": 1, "noise": False, "chip_seed": None, "scheme": scheme, **options}
    return MTJNeuron(card, features, **settings)


@pytest.mark.parametrize("interval", [0.1, 0.7, 3.0])
@pytest.mark.parametrize("kind", [DigitalReads, AnalogueReads])
@pytest.mark.parametrize("reads", [1, 3])
def test_a_device_relaxes_from_where_the_image_before_left_it(
    card: DeviceCard, interval: float, kind: type, reads: int
) -> None:
    """P(high) at each read by the master equation, dP/dt = (P_∞ - P)/τ_r, images alternating."""
    step = interval * relaxation_time(card)
    window = 0.4 * step if kind is AnalogueReads else 0.0
    scheme = kind(step, window, streaming=True)
    inputs, devices = (2.0, -1.5, -1.5, 1.0, 0.0), 40_000
    neuron = streamed(card, devices, 1.0, scheme=scheme, reads=reads)
    x = torch.tensor(inputs)[:, None].expand(-1, devices)
    means = neuron(x).double().numpy()
    p = 1 / (1 + np.exp(-inputs[0]))
    for row, odds in zip(means, inputs, strict=True):
        tau, limit = relaxation_time(card, odds), 1 / (1 + np.exp(-odds))
        expected = 0.0
        for _ in range(reads):
            before = limit + (p - limit) * np.exp(-(step - window) / tau)
            p = limit + (p - limit) * np.exp(-step / tau)
            # The mean of an exponential over the window.
            x0 = window / tau
            inside = -np.expm1(-x0) / x0 if window else 1.0
            expected += (limit + (before - limit) * inside) / reads
        assert abs(row.mean() - expected) < 4 * row.std() / np.sqrt(devices)


def test_devices_remember_from_batch_to_batch(card: DeviceCard) -> None:
    neuron = streamed(card, 500, 1e-9)
    first = neuron(torch.full((3, 500), 1.0))
    assert 0.5 < float(first.mean()) < 0.9  # from equilibrium
    assert torch.equal(first[0], first[2])
    # Far within a relaxation time nothing changes, whatever the image.
    second = neuron.eval()(torch.full((2, 500), -8.0))
    assert torch.equal(second[1], first[2])
    assert torch.equal(neuron.read_state, first[2].to(torch.uint8))
    reset_state(nn.Sequential(neuron))
    assert bool((neuron.read_state == UNKNOWN).all())
    assert float(neuron(torch.full((1, 500), -8.0)).mean()) < 0.02


def test_splitting_a_batch_changes_nothing_but_the_draws(card: DeviceCard) -> None:
    x = torch.tensor([3.0, -3.0, 3.0, -3.0])[:, None].expand(-1, 40_000)
    whole, halves = streamed(card, 40_000, 0.3), streamed(card, 40_000, 0.3)
    one = whole(x)
    other = torch.cat([halves(x[:1]), halves(x[1:3]), halves(x[3:])])
    difference = (one - other).double().mean(dim=1)
    error = torch.sqrt((one.double().var(dim=1) + other.double().var(dim=1)) / 40_000)
    assert float((difference / error).abs().max()) < 4


def test_a_slow_stream_is_as_good_as_independent_images(card: DeviceCard) -> None:
    neuron = streamed(card, 4000, 1e4)
    x = torch.tensor([3.0, -3.0])[:, None].expand(-1, 4000).repeat(10, 1)
    p = torch.sigmoid(x.double())
    z = (neuron(x).double() - p).sum(dim=1) / torch.sqrt((p * (1 - p)).sum(dim=1))
    assert float(z.abs().max()) < 4


@pytest.mark.parametrize("kind", [DigitalReads, AnalogueReads])
def test_blocks_of_neurons_do_not_know_of_one_another(card: DeviceCard, kind: type) -> None:
    """What other neurons see changes nothing; nor does a number of neurons that fills no block."""
    step = 0.5 * relaxation_time(card)
    scheme = kind(step, 0.3 * step if kind is AnalogueReads else 0.0, streaming=True)
    x = torch.randn(700, 300)
    results = []
    for change in (0.0, 5.0):
        neuron = streamed(card, 300, 1.0, scheme=scheme, reads=2)
        neuron.generator = torch.Generator().manual_seed(3)
        y = x.clone()
        y[:, 40:60] += change
        results.append(neuron(y))
    first, second = results
    assert torch.equal(first[:, :40], second[:, :40])
    assert torch.equal(first[:, 60:], second[:, 60:])
    assert not torch.equal(first[:, 40:60], second[:, 40:60])
    correlation = np.corrcoef(first.numpy().T)
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 0.3


def test_a_stream_trains(card: DeviceCard) -> None:
    network = nn.Sequential(nn.Linear(4, 30), streamed(card, 30, 1.0), nn.Linear(30, 2))
    x = torch.rand(50, 4)
    for mode in (True, False):
        network.train(mode)
        network(x).square().sum().backward()
    assert network[0].weight.grad is not None
    assert bool((network[0].weight.grad != 0).any())


def test_the_state_is_no_part_of_the_chip_but_of_a_copy(card: DeviceCard) -> None:
    neuron = streamed(card, 50, 1.0)
    neuron(torch.zeros(3, 50))
    assert "read_state" not in neuron.state_dict()
    assert torch.equal(copy.deepcopy(neuron).read_state, neuron.read_state)
    assert neuron.to(torch.float64).read_state.dtype == torch.uint8
    before = neuron.read_state.clone()
    neuron(torch.zeros(0, 50, dtype=torch.float64))
    assert torch.equal(neuron.read_state, before)
    set_readout(neuron, scheme=DigitalReads(1.0))
    assert bool((neuron.read_state == UNKNOWN).all())


def test_a_compiled_stream_remembers(card: DeviceCard) -> None:
    neuron = streamed(card, 200, 1e-9)
    compiled = torch.compile(neuron, backend="aot_eager", fullgraph=True)
    first = compiled(torch.zeros(2, 200))
    second = compiled(torch.full((2, 200), 9.0))
    assert torch.equal(first[1], second[0])

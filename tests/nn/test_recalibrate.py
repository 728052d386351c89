"""Recalibration: what it wins back, what it leaves alone, how it ends."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from closeness import close_to
from smtj import DeviceCard, load_card
from smtj.datasets import load_dataset
from smtj.errors import SmtjError
from smtj.nn import DigitalReads, MTJNeuron, convert, make_adaptive, recalibrate, set_readout
from smtj.nn.layer.neuron import junction_layers
from smtj.nn.training.network import NetworkSettings, build_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.smooth_reads import margin_loss, normal_reads
from smtj.nn.training.trainer import Trainer, as_tensors, evaluate, scaled

DIGITS = as_tensors(load_dataset("digits"))
PER = ("network", "layer", "neuron")


@pytest.fixture(scope="module")
def trained() -> nn.Sequential:
    """Return a small network that recognises digits with one read."""
    settings = NetworkSettings((64, 40, 10), readout="linear", reads=1, eval_reads=1)
    network = build_network(settings, load_card("cai2019"), 0)
    list(Trainer(network, DIGITS, TrainingSettings(batch_size=50)).epochs(12))
    return network.eval()


def hot(network: nn.Sequential, temperature: float = 360) -> nn.Sequential:
    network = copy.deepcopy(network)
    for layer in junction_layers(network).values():
        layer.set_bias(temperature=temperature)
    return network


def few(count: int) -> tuple[Tensor, Tensor]:
    return scaled(DIGITS.train_images[:count]), DIGITS.train_labels[:count]


def accuracies(network: nn.Sequential) -> np.ndarray:
    return np.array([evaluate(network, DIGITS, seed) for seed in range(40)])


def state_of(model: nn.Module) -> dict[str, Tensor]:
    return copy.deepcopy(model.state_dict())


@pytest.mark.proof
def test_a_warm_network_wins_back_most_of_its_loss(trained: nn.Sequential) -> None:
    cold, warm = accuracies(trained), accuracies(hot(trained))
    network = hot(trained)
    result = recalibrate(network, *few(200), per="network", steps=60)
    after = accuracies(network)
    lost, won = (cold - warm).mean(), (after - warm).mean()
    error = (after - warm).std() / np.sqrt(len(after))
    assert lost > 0
    assert won > 3 * error
    # Lower voltages raise the barrier, and with it w.
    assert float(result.voltages["1"]) < -0.1
    assert result.loss_after < result.loss_before
    assert float(network[1].temperature) == 360


def test_the_self_consistent_model_has_nothing_to_win(trained: nn.Sequential) -> None:
    card = load_card("cai2019").replace(
        {"switching.model": "self-consistent", "switching.effective_anisotropy_field": None}
    )
    network = hot(trained)
    network[1].card = card
    network[1].set_bias(temperature=360)
    slope = network[1].slope.clone()
    recalibrate(network, *few(100), steps=20)
    np.testing.assert_allclose(network[1].slope / slope, 1, atol=0.015)


@pytest.mark.parametrize("per", PER)
@pytest.mark.parametrize("adaptive", [False, True])
def test_nothing_but_voltages_changes(trained: nn.Sequential, per: str, adaptive: bool) -> None:
    network = hot(trained)
    if adaptive:
        make_adaptive(network, per)
    network.train()
    network[0].weight.requires_grad_(False)
    before, wanted = state_of(network), [p.requires_grad for p in network.parameters()]
    parameters = [id(p) for p in network.parameters()]
    generator = network[1].generator
    result = recalibrate(network, *few(50), per=per, steps=10, seed=3)
    moved = {
        name
        for name, values in network.state_dict().items()
        if values.shape != before[name].shape or not torch.equal(values, before[name])
    }
    assert moved <= {f"1.{n}" for n in ("bias_voltage", "slope", "offset_field", "bias.theta")}
    assert "1.slope" in moved
    assert [p.requires_grad for p in network.parameters()] == wanted
    assert [id(p) for p in network.parameters()] == parameters
    assert network.training
    assert network[1].training
    assert (network[1].eval_reads, network[1].generator) == (1, generator)
    assert not network[1]._forward_hooks
    assert (network[1].bias is not None) == adaptive
    assert result.trained == (40 if per == "neuron" else 1)
    np.testing.assert_allclose(result.voltages["1"], network[1].bias_voltage)


def test_a_seed_decides_the_outcome(trained: nn.Sequential) -> None:
    torch.manual_seed(1)
    first = recalibrate(hot(trained), *few(50), steps=10, seed=1)
    torch.manual_seed(2)
    again = recalibrate(hot(trained), *few(50), steps=10, seed=1)
    other = recalibrate(hot(trained), *few(50), steps=10, seed=2)
    assert torch.equal(first.voltages["1"], again.voltages["1"])
    assert not torch.equal(first.voltages["1"], other.voltages["1"])
    assert str(first) == str(again)


@pytest.mark.proof
def test_few_images_and_a_narrow_prior_leave_the_voltages_near_zero(
    trained: nn.Sequential,
) -> None:
    def size(count: int, prior: float) -> float:
        result = recalibrate(hot(trained), *few(count), steps=60, prior=prior)
        return float(result.voltages["1"].abs().mean())

    assert size(20, 0.2) < 0.5 * size(20, 5.0)
    assert size(20, 0.2) < size(400, 0.2)


def test_an_interruption_keeps_what_was_reached(trained: nn.Sequential) -> None:
    network = hot(trained)

    def stop(step: object) -> None:
        if step.number == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recalibrate(network, *few(100), per="network", steps=200, progress=stop)
    assert float(network[1].bias_voltage) < -0.05
    assert network[1].bias is None
    assert network[0].weight.requires_grad
    assert network[1].eval_reads == 1


def test_progress_is_reported_and_the_result_prints(trained: nn.Sequential) -> None:
    steps = []
    result = recalibrate(hot(trained), *few(30), steps=5, progress=steps.append)
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]
    assert all(step.steps == 5 and step.loss > 0 for step in steps)
    shown = str(result)
    assert "40 bias voltages, 30 images" in shown and "mean (mV)" in shown
    assert len(result.to_dict()["voltages"]["1"]) == result.voltages["1"].numel()


def test_converted_models_and_their_output_ranges(card: DeviceCard) -> None:
    digital = nn.Sequential(nn.Linear(64, 20), nn.Tanh(), nn.Linear(20, 10))
    images, labels = few(40)
    model = convert(digital, card, images[:2], reads=4).eval()
    result = recalibrate(model, images, labels, steps=5)
    assert result.voltages["1"].shape == (20,)
    # As normal numbers, its outputs have the mean and variance of reads.
    set_readout(model, noise=False)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 64, generator=generator).expand(20_000, 64)
    with torch.no_grad():
        set_readout(model, generator=generator)
        sampled = model[:2](x)
        with normal_reads(model, generator):
            smooth = model[:2](x)
    for moment in (lambda t: t.mean(0), lambda t: t.var(0)):
        np.testing.assert_allclose(moment(smooth), moment(sampled), atol=0.03)


@pytest.mark.parametrize(("streaming", "reads"), [(False, 5), (True, 1), (True, 4)])
def test_normal_reads_have_the_moments_of_a_stream_of_simulated_devices(
    streaming: bool, reads: int
) -> None:
    # Ten images one after the other, seen by many copies of four devices.
    copies = 5000
    layer = MTJNeuron("cai2019", 4 * copies, reads=reads, noise=False, chip_seed=None).eval()
    layer.barrier_factor.copy_(torch.tensor([0.9, 1.0, 1.0, 1.1]).repeat(copies))
    layer.set_bias(-0.06)
    layer.scheme = DigitalReads(interval=0.04, streaming=streaming)
    generator = layer.generator = torch.Generator().manual_seed(5)
    images = 2 * torch.randn(10, 4, generator=generator).repeat(1, copies)
    with torch.no_grad():
        sampled = layer(images).reshape(10, copies, 4)
        with normal_reads(nn.Sequential(layer, nn.Identity()), generator):
            smooth = layer(images).reshape(10, copies, 4)
    for moment, tolerance in ((torch.mean, 0.035), (torch.std, 0.025)):
        np.testing.assert_allclose(moment(smooth, 1), moment(sampled, 1), atol=tolerance)


def test_a_voltage_learns_what_a_slow_device_costs(trained: nn.Sequential) -> None:
    """Where every image finds equilibrium a high barrier pays; in a stream a low one does."""
    mean = {}
    for interval in (None, 0.02):
        network = hot(trained, 300)
        if interval is not None:
            set_readout(network, scheme=DigitalReads(interval=interval, streaming=True))
        result = recalibrate(network, *few(200), per="network", steps=30)
        mean[interval] = float(result.voltages["1"])
    assert mean[None] < -0.05
    assert mean[0.02] > 0.02


def test_the_recognition_loss_is_that_of_binomial_outputs() -> None:
    generator = torch.Generator().manual_seed(0)
    p = torch.tensor([[0.7, 0.45]], dtype=torch.float64)
    for reads in (16, 64):
        counts = torch.binomial(
            torch.full((200_000, 2), float(reads)),
            p.expand(200_000, 2).float(),
            generator=generator,
        )
        wins = (counts[:, 0] > counts[:, 1]) + 0.5 * (counts[:, 0] == counts[:, 1])
        loss = margin_loss(p, torch.tensor([0]), reads)
        assert float(torch.exp(-loss)) == close_to(float(wins.double().mean()), abs=0.015)


def test_what_cannot_be_is_refused(trained: nn.Sequential) -> None:
    images, labels = few(10)
    with pytest.raises(SmtjError, match="there are 10 images"):
        recalibrate(hot(trained), images, labels[:5])
    with pytest.raises(SmtjError, match="there are 0 images"):
        recalibrate(hot(trained), images[:0], labels[:0])
    with pytest.raises(SmtjError, match="has no junctions"):
        recalibrate(nn.Sequential(nn.Linear(64, 10)), images, labels)
    with pytest.raises(SmtjError, match="do not match per='neuron'"):
        recalibrate(make_adaptive(hot(trained), "layer"), images, labels)
    with pytest.raises(SmtjError, match="per is 'chip'"):
        recalibrate(hot(trained), images, labels, per="chip")


def test_a_device_output_is_recalibrated_too(card: DeviceCard) -> None:
    network = build_network(NetworkSettings((64, 20, 10), reads=1, eval_reads=1), card, 0)
    images, labels = few(100)
    result = recalibrate(network, images, labels, steps=20)
    assert set(result.voltages) == {"1", "3"}
    assert all(float(v.abs().max()) > 0.01 for v in result.voltages.values())
    assert isinstance(network[3], MTJNeuron)


def test_the_documentation_of_learnt_voltages_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "neuron.md").read_text()
    programs = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (program,) = (text for text in programs if "recalibrate(" in text)
    exec(program, {})
    assert "32 bias voltages, 200 images" in capsys.readouterr().out


def test_devices_that_remember_an_image_keep_their_state(trained: nn.Sequential) -> None:
    network = hot(trained)
    set_readout(network, scheme=DigitalReads(interval=1e-3, streaming=True))
    images, labels = few(20)
    with torch.no_grad():
        network(images)
    state = network[1].read_state.clone()
    result = recalibrate(network, images, labels, steps=3)
    assert torch.equal(network[1].read_state, state)
    assert result.loss_before > 0


def test_one_step_moves_every_voltage_down_its_own_slope(card: DeviceCard) -> None:
    """Adam's first step is the sign of a gradient, here of finite differences of the loss.

    θ = common + own, so a voltage moves by two steps or by none.
    """
    torch.manual_seed(4)
    layer = MTJNeuron(card, 8, reads="expected", noise=False, chip_seed=3)
    model = nn.Sequential(nn.Linear(6, 8), layer, nn.Linear(8, 3)).double()
    x, y = torch.randn(200, 6, dtype=torch.float64), torch.randint(3, (200,))

    def loss(volts: torch.Tensor) -> float:
        layer.set_bias(volts)
        with torch.no_grad():
            return float(nn.functional.cross_entropy(model(x), y))

    step = 1e-3 * torch.eye(8, dtype=torch.float64)
    slopes = torch.tensor([loss(one) - loss(-one) for one in step])
    assert (slopes > 0).any() and (slopes < 0).any()
    layer.set_bias(torch.zeros(8, dtype=torch.float64))
    found = recalibrate(model, x, y, steps=1, learning_rate=0.05, prior=1e6)
    moved = torch.atanh(found.voltages["1"] / card.voltage_limit) / 0.05
    expected = -(slopes.sign() + slopes.sum().sign())
    np.testing.assert_allclose(moved, expected, atol=1e-3)

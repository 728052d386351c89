"""A bias voltage that learns: its physics, its gradient, its bookkeeping."""

import copy
import io
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from closeness import close_to
from smtj import DeviceCard, operating_point
from smtj.datasets import load_dataset
from smtj.errors import SmtjError
from smtj.nn import (
    MTJNeuron,
    calibrated,
    convert,
    fix_bias,
    make_adaptive,
    reset_state,
    set_readout,
    summary,
    to_digital,
)
from smtj.nn.devices.bias import bias_curve, follow
from smtj.nn.devices.variation import no_variation, slope_and_offset
from smtj.nn.reads.independent import respond, respond_traced
from smtj.nn.training.network import (
    NetworkSettings,
    build_network,
    load_network,
    logits_and_outputs,
    save_network,
)
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Trainer, as_tensors, cross_entropy, scaled

MODELS = ("cai2019", "self-consistent")
PER = ("network", "layer", "neuron")


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def of_model(card: DeviceCard, model: str, **changes: object) -> DeviceCard:
    """Return the card with a switching model, and a voltage that moves H_s as well."""
    given = {"switching.model": model, "switching.offset_field_per_volt": "20 Oe/V"}
    if model == "self-consistent":
        given["switching.effective_anisotropy_field"] = None
    return card.replace({**given, **changes})


def network(card: DeviceCard, per: str | None = None, **options: object) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Linear(12, 7),
            MTJNeuron(card, 7, chip_seed=1, **options),
            nn.Linear(7, 3),
            MTJNeuron(card, 3, chip_seed=2, **options),
        )
    return model if per is None else make_adaptive(model, per)


def thetas(model: nn.Module) -> list[Tensor]:
    return [weight for name, weight in model.named_parameters() if name.endswith("theta")]


# Physics


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("temperature", [300.0, 360.0])
def test_the_curve_is_the_switching_model(card: DeviceCard, model: str, temperature: float) -> None:
    card = of_model(card, model)
    voltage = np.linspace(-0.2, 0.2, 331)
    slope, offset = follow(bias_curve(card, temperature), torch.from_numpy(voltage), card)
    point = operating_point(card, voltage, temperature)
    np.testing.assert_allclose(slope.numpy(), point.slope, rtol=1e-9)
    np.testing.assert_allclose(offset.numpy(), point.offset_field, rtol=1e-9)


def test_the_curve_bends_where_a_barrier_vanishes(card: DeviceCard) -> None:
    card = card.replace({"switching.voltage_limit": "2 V"})
    voltage = np.linspace(-2, 2, 4001)
    slope, _ = follow(bias_curve(card, 300.0), torch.from_numpy(voltage), card)
    exact = operating_point(card, voltage).slope
    assert exact.min() == 0
    assert np.abs(slope.numpy() - exact).max() < 1e-3 * float(operating_point(card).slope)


@pytest.mark.parametrize("model", MODELS)
def test_the_curve_has_the_models_own_gradient(card: DeviceCard, model: str) -> None:
    card = of_model(card, model)
    voltage = torch.tensor([-0.19, -0.05, 0.0, 0.121], dtype=torch.float64)
    gradients = []
    for law in (
        lambda v: follow(bias_curve(card, 300.0), v, card),
        lambda v: slope_and_offset(card, no_variation(4), v, 300.0),
    ):
        leaf = voltage.clone().requires_grad_()
        slope, offset = law(leaf)
        gradients.append(
            [
                torch.autograd.grad(part.sum(), leaf, retain_graph=True)[0]
                for part in (slope, offset)
            ]
        )
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("voltage", [-0.2, 0.0, 0.13, 0.2])
def test_an_adaptive_neuron_answers_as_a_fixed_one(
    card: DeviceCard, model: str, voltage: float
) -> None:
    card = of_model(card, model, **{"variability.barrier_spread": "10 %"})
    options = {"bias_voltage": voltage, "temperature": 330.0, "reads": "expected", "noise": False}
    x = 2 * torch.randn(20, 9, generator=seeded(0))
    fixed = MTJNeuron(card, 9, **options)(x)
    for per in ("layer", "neuron"):
        adaptive = MTJNeuron(card, 9, adaptive=per, **options)
        np.testing.assert_allclose(adaptive(x).detach(), fixed, rtol=2e-6)


def test_every_voltage_acts_on_its_own_neuron(card: DeviceCard) -> None:
    voltages = torch.tensor([-0.2, 0.0, 0.1])
    x = torch.randn(5, 3, generator=seeded(0))
    options = {"chip_seed": None, "reads": "expected", "noise": False}
    together = MTJNeuron(card, 3, **options)
    together.set_bias(voltages)
    for column, voltage in enumerate(voltages.tolist()):
        alone = MTJNeuron(card, 3, bias_voltage=voltage, **options)(x)
        np.testing.assert_allclose(together(x)[:, column], alone[:, column], rtol=1e-6)


@pytest.mark.slow
def test_the_voltage_stays_within_the_cards_limit(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 4, adaptive="neuron")
    with torch.no_grad():
        neuron.bias.theta.copy_(torch.tensor([-1e6, -3.0, 3.0, 1e6]))
    neuron(torch.zeros(1, 4))
    assert float(neuron.bias_voltage.abs().max()) == close_to(0.2)
    assert neuron.slope.isfinite().all()
    neuron(torch.ones(1, 4)).sum().backward()
    assert neuron.bias.theta.grad.isfinite().all()


def test_temperature_and_learnt_voltage_are_set_apart(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 4, chip_seed=None, adaptive="layer", bias_voltage=0.1)
    neuron.set_bias(temperature=360)
    slope, _ = slope_and_offset(card, no_variation(4), 0.1, 360.0)
    np.testing.assert_allclose(neuron.slope, slope, rtol=1e-6)
    assert float(neuron.temperature) == 360
    neuron.set_bias(-0.2)
    assert float(neuron.bias().detach()) == close_to(-0.2, rel=1e-5)
    assert float(neuron.temperature) == 300


@pytest.mark.slow
def test_the_coupling_knows_nothing_of_the_voltage(card: DeviceCard) -> None:
    model = nn.Sequential(MTJNeuron(card, 3), MTJNeuron(card, 3, coupling=calibrated(card, 3)))
    before = copy.deepcopy([layer.coupling.state_dict() for layer in model])
    make_adaptive(model, "neuron")
    optimiser = torch.optim.SGD(model.parameters(), 10.0)
    model.eval()(torch.ones(5, 3)).sum().backward()
    optimiser.step()
    for layer, state in zip(model, before, strict=True):
        assert float(layer.bias().detach().abs().max()) > 1e-3
        for name, values in layer.coupling.state_dict().items():
            assert torch.equal(values, state[name])


# The gradient at the response


def random_response(features: int) -> Tensor:
    """Return gains of both signs, and ends that inputs reach."""
    gain, shift, low, high, noise = torch.rand(
        5, features, generator=seeded(features), dtype=torch.float64
    )
    rows = ((0.5 + gain) * torch.tensor([1, -1])[torch.arange(features) % 2], shift - 0.5)
    return torch.stack((*rows, -1.5 - low, 1.5 + high, 0.1 + noise))


@pytest.mark.parametrize("noisy", [False, True])
def test_expected_values_have_the_gradient_of_finite_differences(noisy: bool) -> None:
    x = 2 * torch.randn(6, 5, generator=seeded(0), dtype=torch.float64).requires_grad_()
    response = random_response(5).requires_grad_()
    odds = response[1] + response[0] * x
    assert (odds < response[2]).any()
    assert (odds > response[3]).any()
    assert torch.autograd.gradcheck(lambda x, r: respond(x, r, noisy, 0, 5), (x, response))


@pytest.mark.parametrize("shape", [(3, 1), (100, 37), (2, 3, 200), (64, 400), (0, 10)], ids=str)
@pytest.mark.parametrize("noisy", [False, True])
def test_the_compiled_gradient_is_that_of_double_precision(
    shape: tuple[int, ...], noisy: bool
) -> None:
    x = 2 * torch.randn(shape, generator=seeded(0))
    response, upstream = random_response(shape[-1]).float(), torch.randn(shape, generator=seeded(1))
    _, probability = torch.ops.smtj.respond(x, response, noisy, 3, 5)
    compiled = torch.ops.smtj.respond_gradients(upstream, x, probability, response, noisy)
    exact = torch.ops.smtj.respond_gradients(
        *(part.double() for part in (upstream, x, probability, response)), noisy
    )
    alone = torch.ops.smtj.respond_gradient(upstream, x, probability, response)
    assert torch.equal(compiled[0], alone)
    for one, other in zip(compiled, exact, strict=True):
        np.testing.assert_allclose(one.double(), other, rtol=1e-4, atol=2e-5)


def test_infinite_inputs_leave_the_gradient_at_the_response_finite() -> None:
    x = torch.tensor([[math.inf, 0.5], [-math.inf, 1.0]])
    for dtype in (torch.float32, torch.float64):
        response = random_response(2).to(dtype).requires_grad_()
        respond(x.to(dtype), response, True, 4, 1).sum().backward()
        assert response.grad.isfinite().all()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("per", PER)
@pytest.mark.parametrize("noise", [False, True])
def test_the_loss_has_the_gradient_of_finite_differences_at_every_voltage(
    card: DeviceCard, model: str, per: str, noise: bool
) -> None:
    card = of_model(card, model, **{"switching.field_limit": "30 Oe"})
    chain = network(card, per, reads="expected", noise=noise).double()
    x = 6 * torch.randn(40, 12, generator=seeded(3), dtype=torch.float64)
    parameters = thetas(chain)
    with torch.no_grad():
        for theta in parameters:
            theta.add_(0.3)
    generator = torch.Generator()
    set_readout(chain, generator=generator)

    def loss() -> Tensor:
        generator.manual_seed(7)  # the same noise at every evaluation
        return (chain(x) ** 2 * torch.arange(1, 4)).sum()

    loss().backward()
    step = 1e-4
    for theta in parameters:
        analytic = theta.grad.reshape(-1)
        for index in range(theta.numel()):
            ends = []
            for sign in (1, -1):
                with torch.no_grad():
                    theta.view(-1)[index] += sign * step
                    ends.append(float(loss()))
                    theta.view(-1)[index] -= sign * step
            numeric = (ends[0] - ends[1]) / (2 * step)
            assert float(analytic[index]) == close_to(numeric, rel=1e-5, abs=1e-7)


def test_sampled_reads_have_the_gradient_of_their_mean(card: DeviceCard) -> None:
    x = torch.randn(50, 4, generator=seeded(0))
    upstream = torch.randn(50, 4, generator=seeded(1))
    neuron = MTJNeuron(card, 4, adaptive="neuron", reads=2, noise=True, bias_voltage=0.05)
    found = []
    for seed in range(400):
        set_readout(neuron, generator=seeded(seed))
        neuron.bias.theta.grad = None
        (neuron(x) * upstream).sum().backward()
        found.append(neuron.bias.theta.grad.double())
    samples = torch.stack(found)
    # The mean over noise by Gauss and Hermite, differentiated by PyTorch.
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    neuron.bias.theta.grad = None
    odds = neuron.log_odds(x).double()
    # Without noise the log-odds are linear in the field, whose noise is the same for all devices.
    per_input = neuron.log_odds(torch.ones(4)) - neuron.log_odds(torch.zeros(4))
    scale = per_input.double() * card.variability.magnetic_noise * operating_point(card).slope
    mean = sum(
        weight / math.sqrt(2 * math.pi) * torch.sigmoid(odds + node * scale)
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True)
    )
    (mean * upstream).sum().backward()
    error = samples.std(0) / math.sqrt(len(samples))
    z = (samples.mean(0) - neuron.bias.theta.grad) / error
    assert float(z.abs().max()) < 4


def test_a_fixed_voltage_asks_for_no_gradient(card: DeviceCard) -> None:
    x = torch.randn(5, 3).requires_grad_()
    plain = MTJNeuron(card, 3)
    outputs = plain(x)
    assert not plain.log_odds(x.detach()).requires_grad
    outputs.sum().backward()
    frozen = MTJNeuron(card, 3, adaptive="layer").requires_grad_(False)
    assert not frozen.log_odds(x.detach()).requires_grad


def test_the_output_layer_learns_by_the_cross_entropy_of_its_log_odds(card: DeviceCard) -> None:
    ideal = {"reads": "expected", "eval_reads": "expected", "noise": False}
    settings = NetworkSettings((12, 7, 3), adaptive="neuron", **ideal)
    chain = build_network(settings, card, 0).double().eval()
    x = torch.randn(20, 12, generator=seeded(0), dtype=torch.float64)
    labels = torch.randint(3, (20,), generator=seeded(1))
    cross_entropy(*logits_and_outputs(chain, x), labels).backward()
    found = chain[-1].bias.theta.grad
    chain[-1].bias.theta.grad = None
    targets = nn.functional.one_hot(labels, 3).double()
    nn.functional.binary_cross_entropy(chain(x), targets, reduction="sum").div(20).backward()
    np.testing.assert_allclose(found, chain[-1].bias.theta.grad, rtol=1e-6)


# torch.compile


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reads", "noise"),
    [
        pytest.param(16, True, marks=pytest.mark.proof),
        ("expected", True),
        pytest.param("expected", False, marks=pytest.mark.proof),
    ],
)
def test_one_graph_gives_the_same_answers_and_gradients(
    card: DeviceCard, reads: int | str, noise: bool
) -> None:
    torch.compiler.reset()
    chain = network(card, "neuron", reads=reads, noise=noise)
    x = torch.randn(20, 12, generator=seeded(0))
    compiled = torch.compile(chain, fullgraph=True, backend="aot_eager")
    gradients, answers = [], []
    for run in (chain, compiled):
        torch.manual_seed(5)
        for theta in thetas(chain):
            theta.grad = None
        outputs = run(x)
        outputs.square().sum().backward()
        answers.append(outputs.detach())
        gradients.append([theta.grad.clone() for theta in thetas(chain)])
    np.testing.assert_allclose(*answers, rtol=1e-5, atol=1e-6)
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert all(float(theta.grad.abs().sum()) > 0 for theta in thetas(chain))


def test_the_traced_operator_has_the_same_gradient_at_the_response() -> None:
    x, key = torch.randn(20, 5, generator=seeded(0)), 77
    found = []
    for run in (
        lambda r: respond(x, r, True, 4, key),
        lambda r: respond_traced(x, r, True, 4, torch.tensor(key)),
    ):
        response = random_response(5).float().requires_grad_()
        run(response).square().sum().backward()
        found.append(response.grad)
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-6)


# Bookkeeping


@pytest.mark.parametrize("per", PER)
def test_a_model_becomes_adaptive_and_fixed_again(card: DeviceCard, per: str) -> None:
    model = network(card, reads="expected", noise=False)
    x = torch.randn(20, 12, generator=seeded(0))
    with torch.no_grad():
        before = model(x)
        make_adaptive(model, per)
        np.testing.assert_allclose(model(x), before, rtol=2e-6)
        assert [theta.numel() for theta in thetas(model)] == {
            "network": [1],
            "layer": [1, 1],
            "neuron": [7, 3],
        }[per]
        for theta in thetas(model):
            theta.add_(torch.linspace(-1, 1, theta.numel()).view_as(theta) + 0.1)
        moved = model(x)
        assert not torch.equal(moved, before)
        fix_bias(model)
        assert torch.equal(model(x), moved)
        assert not thetas(model)
        np.testing.assert_allclose(make_adaptive(model, per)(x), moved, rtol=1e-5)


def test_training_changes_what_is_evaluated(card: DeviceCard) -> None:
    model = network(card, "layer", reads="expected", noise=False)
    optimisers = {"fused": True}, {"foreach": True}, {"foreach": False}
    x = torch.randn(20, 12, generator=seeded(0))
    for options in optimisers:
        step = torch.optim.SGD(thetas(model), 1.0, **options)
        with torch.no_grad():
            before = model.eval()(x)
        model.train()(x).sum().backward()
        step.step()
        with torch.no_grad():
            assert not torch.equal(model.eval()(x), before)


@pytest.mark.parametrize("per", PER)
def test_state_dict_is_the_chip_with_its_voltages(card: DeviceCard, per: str) -> None:
    model = network(card, per)
    with torch.no_grad():
        for theta in thetas(model):
            theta.add_(0.4)
    for layer in (model[1], model[3]):
        layer.set_bias(temperature=350)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    # What is saved is consistent although nothing was evaluated since.
    assert float(state["1.bias_voltage"].mean()) == close_to(0.2 * math.tanh(0.4))
    x = torch.randn(20, 12, generator=seeded(0))

    def answers(of: nn.Module) -> Tensor:
        with torch.no_grad():
            return set_readout(of, generator=seeded(3))(x)

    fixed = fix_bias(copy.deepcopy(model))
    for target in (network(card, per), network(card), fix_bias(network(card, per))):
        target.load_state_dict(state)
        assert torch.equal(answers(target), answers(model))
        assert float(target[1].temperature) == 350
        assert len(thetas(target)) in (0, len(thetas(model)))
    # A fixed voltage is where learning begins.
    back = network(card, per)
    back.load_state_dict(fixed.state_dict())
    np.testing.assert_allclose(answers(back), answers(fixed), atol=1e-6)


def test_a_chip_saved_before_temperature_was_kept_still_loads(card: DeviceCard) -> None:
    state = {
        name: values
        for name, values in MTJNeuron(card, 5, chip_seed=4).state_dict().items()
        if name != "temperature"
    }
    for adaptive in (None, "neuron"):
        neuron = MTJNeuron(card, 5, adaptive=adaptive)
        neuron.load_state_dict(state)
        assert float(neuron.temperature) == 300
        np.testing.assert_allclose(neuron.slope, state["slope"], rtol=1e-6)


@pytest.mark.parametrize("per", PER)
def test_copies_are_equal_and_independent(card: DeviceCard, per: str) -> None:
    model = network(card, per)
    x = torch.randn(20, 12, generator=seeded(0))
    model(x)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(
            set_readout(other, generator=seeded(1))(x), set_readout(model, generator=seeded(1))(x)
        )
        assert len(thetas(other)) == len(thetas(model))  # what was shared still is
        with torch.no_grad():
            thetas(other)[0].add_(1)
        assert float(thetas(model)[0].detach().abs().max()) == 0


def test_double_precision_and_parameter_groups(card: DeviceCard) -> None:
    model = network(card, "neuron", reads="expected").double()
    weights = [w for name, w in model.named_parameters() if not name.endswith("theta")]
    optimiser = torch.optim.SGD(
        [{"params": weights, "lr": 0.0}, {"params": thetas(model), "lr": 1.0}]
    )
    before = [w.clone() for w in weights]
    outputs = model(torch.randn(9, 12, dtype=torch.float64))
    assert outputs.dtype == torch.float64
    outputs.sum().backward()
    optimiser.step()
    assert all(torch.equal(w, old) for w, old in zip(weights, before, strict=True))
    assert all(float(theta.detach().abs().sum()) > 0 for theta in thetas(model))


def test_converted_models_adapt(card: DeviceCard) -> None:
    digital = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(32, 3))
    images = torch.randn(5, 1, 6, 6, generator=seeded(0))
    model = make_adaptive(convert(digital, card, images), "neuron")
    model(images).sum().backward()
    assert thetas(model)[0].shape == (32,)
    assert float(thetas(model)[0].grad.abs().min()) > 0
    assert not thetas(to_digital(model))


def test_what_is_shown_has_the_voltage(card: DeviceCard) -> None:
    model = network(card, "neuron")
    model[1].set_bias(torch.linspace(-0.1, 0.2, 7))
    assert "bias_voltage=-0.1 to 0.2 V, learnt" in repr(model)
    assert "-0.1 to 0.2 V, learnt" in str(summary(model))
    assert "bias_voltage=0.1 V\n" in repr(MTJNeuron(card, 3, bias_voltage=0.1))


def test_what_cannot_be_is_refused(card: DeviceCard) -> None:
    with pytest.raises(SmtjError, match="has no junctions"):
        make_adaptive(nn.Linear(2, 2))
    with pytest.raises(SmtjError, match="per is 'device'"):
        make_adaptive(MTJNeuron(card, 3), "device")
    with pytest.raises(SmtjError, match="adaptive is 'network'"):
        MTJNeuron(card, 3, adaptive="network")
    neuron = MTJNeuron(card, 3, adaptive="neuron")
    with pytest.raises(SmtjError, match=r"bias_voltage has shape \(2,\)"):
        neuron.set_bias(torch.zeros(2))
    with pytest.raises(SmtjError, match=r"bias_voltage is 0.3 V"):
        neuron.set_bias(torch.tensor([0.0, 0.3, 0.0]))
    with pytest.raises(SmtjError, match="a sigmoid has no bias voltage"):
        NetworkSettings((4, 2), neuron="sigmoid", adaptive="layer")


def test_one_voltage_respects_the_lowest_limit(card: DeviceCard) -> None:
    low = card.replace({"switching.voltage_limit": "100 mV"})
    model = make_adaptive(nn.Sequential(MTJNeuron(card, 3), MTJNeuron(low, 3)), "network")
    assert model[0].bias is model[1].bias
    assert model[0].bias.limit == close_to(0.1)


# Training


@pytest.mark.slow
@pytest.mark.parametrize(
    "per", [PER[0], *(pytest.param(p, marks=pytest.mark.proof) for p in PER[1:])]
)
def test_a_resumed_training_is_the_same_to_the_bit(
    card: DeviceCard, per: str, tmp_path: Path
) -> None:
    digits = as_tensors(load_dataset("digits"))
    settings = NetworkSettings((64, 16, 10), adaptive=per, interval=0.02)

    def start() -> Trainer:
        training = TrainingSettings(batch_size=50)
        return Trainer(build_network(settings, card, 0), digits, training)

    whole, first, second = start(), start(), start()
    list(whole.epochs(3))
    list(first.epochs(2))
    first.save(tmp_path / "checkpoint.pt", "digits")
    second.resume(tmp_path / "checkpoint.pt", "digits")
    list(second.epochs(3))
    for name, values in whole.network.state_dict().items():
        assert torch.equal(values, second.network.state_dict()[name]), name
    assert all(float(theta.detach().abs().max()) > 1e-4 for theta in thetas(whole.network))
    save_network(tmp_path / "network.pt", whole.network, settings, card)
    loaded, again, _ = load_network(tmp_path / "network.pt")
    assert again == settings
    x = scaled(digits.test_images[:20])
    with torch.no_grad():
        assert torch.equal(
            set_readout(loaded, generator=seeded(0))(x),
            reset_state(set_readout(whole.network.eval(), generator=seeded(0)))(x),
        )

"""The neuron as a module: its physics, its chip, its noise, its bookkeeping."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from closeness import close_to
from smtj import DeviceCard, load_card, operating_point
from smtj.errors import SmtjError
from smtj.nn import MTJNeuron, calibrated, matched, no_variation, sample_variation, set_readout


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    """With fixed samples, statistical limits cannot fail by chance."""
    torch.manual_seed(0)


def ideal(card: DeviceCard, features: int = 1, **changes: object) -> MTJNeuron:
    settings = {"reads": "expected", "noise": False, "chip_seed": None, **changes}
    return MTJNeuron(card, features, **settings)


def log_odds_per_unit(neuron: MTJNeuron) -> float:
    with torch.no_grad():
        one, none = (float(torch.logit(neuron(torch.tensor([[v]])))) for v in (1.0, 0.0))
    return one - none


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Physics


def test_the_ideal_neuron_is_a_sigmoid_within_the_field_range(card: DeviceCard) -> None:
    neuron = ideal(card, 10)
    drive = neuron.coupling.drive
    edges = [float((side * drive.limit - drive.offset[0]) / drive.gain[0]) for side in (-1, 1)]
    x = torch.linspace(edges[0], edges[1], 500)[:, None].repeat(1, 10)
    np.testing.assert_allclose(neuron(x).numpy(), torch.sigmoid(x).numpy(), atol=1e-6)
    beyond = neuron(torch.tensor([[edges[0] - 5], [edges[1] + 5]]).repeat(1, 10))
    ends = torch.sigmoid(torch.tensor(edges))
    np.testing.assert_allclose(beyond[:, 0].numpy(), ends.numpy(), rtol=1e-5)


def test_the_response_is_the_physics_of_the_card(card: DeviceCard) -> None:
    point = operating_point(card)
    neuron = ideal(card, 3)
    drive = neuron.coupling.drive
    for field in (-60.0, -14.0, 0.0, 35.0):
        field *= 1e3 / (4 * np.pi)
        x = (field - drive.offset) / drive.gain
        expected = float(point.switching_probability(field))
        np.testing.assert_allclose(neuron(x[None]).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("model", ["cai2019", "self-consistent"])
def test_voltage_and_temperature_move_slope_and_offset_as_the_card_says(
    card: DeviceCard, model: str
) -> None:
    changes = {"switching.model": model, "switching.offset_field_per_volt": "20 Oe/V"}
    if model == "self-consistent":
        changes["switching.effective_anisotropy_field"] = None
    card = card.replace(changes)
    for voltage, temperature in (
        (0.0, None),
        (0.2, None),
        (-0.2, None),
        (0.1, 350.0),
        (0.0, 250.0),
    ):
        neuron = ideal(card, bias_voltage=voltage, temperature=temperature)
        here, nominal = operating_point(card, voltage, temperature), operating_point(card)
        ratio = float(here.slope) / float(nominal.slope)
        assert log_odds_per_unit(neuron) == close_to(ratio, rel=1e-4)
        shift = float(here.slope) * (float(nominal.offset_field) - float(here.offset_field))
        at_zero = float(torch.logit(neuron(torch.zeros(1, 1))))
        assert at_zero == close_to(shift, abs=1e-5)
    low, high = (log_odds_per_unit(ideal(card, bias_voltage=v)) for v in (0.2, -0.2))
    # The paper's model has the slope follow the barrier; in the other the barrier drops out.
    assert (high / low > 1.3) == (model == "cai2019")
    hot = log_odds_per_unit(ideal(card, temperature=400.0))
    assert hot == close_to(300 / 400, rel=0.02)


@pytest.mark.parametrize("model", ["cai2019", "self-consistent"])
def test_barriers_vary_the_slope_in_the_papers_model_alone(card: DeviceCard, model: str) -> None:
    changes = {"switching.model": model, "variability.barrier_spread": 0.3}
    if model == "self-consistent":
        changes["switching.effective_anisotropy_field"] = None
    card = card.replace({**changes, "variability.slope_spread": 0.0})
    neuron = MTJNeuron(card, 500, chip_seed=3)
    spread = float(torch.log(neuron.slope).std())
    assert spread == close_to(0.3 if model == "cai2019" else 0.0, rel=0.1, abs=1e-6)


def test_set_bias_changes_what_the_neuron_answers(card: DeviceCard) -> None:
    neuron = ideal(card)
    before = log_odds_per_unit(neuron)
    neuron.set_bias(0.2)
    assert log_odds_per_unit(neuron) < 0.9 * before
    assert float(neuron.bias_voltage) == close_to(0.2)
    neuron.set_bias(0.0, temperature=600.0)
    assert log_odds_per_unit(neuron) == close_to(0.5 * before, rel=1e-3)
    neuron.set_bias(0.0)
    assert log_odds_per_unit(neuron) == before


@pytest.mark.parametrize("voltage", [0.21, -0.3, float("nan")])
def test_a_voltage_beyond_the_cards_limit_is_refused(card: DeviceCard, voltage: float) -> None:
    message = f"bias_voltage is {voltage:g} V; card cai2019 allows at most 0.2 V"
    with pytest.raises(SmtjError, match=message):
        MTJNeuron(card, 3, bias_voltage=voltage)
    neuron = MTJNeuron(card, 3)
    slope = neuron.slope.clone()
    with pytest.raises(SmtjError, match=message):
        neuron.set_bias(voltage)
    assert torch.equal(neuron.slope, slope)


# The chip


def test_a_chip_has_the_spreads_of_its_card(card: DeviceCard) -> None:
    card = card.replace({"variability.barrier_spread": 0.2, "variability.slope_spread": 0.1})
    n = 20_000
    chip = sample_variation(card, n, 5)
    shifts = chip.offset_shift / float(card.variability.offset_spread)
    for standard in (
        torch.log(chip.slope_factor) / 0.1,
        torch.log(chip.barrier_factor) / 0.2,
        shifts,
    ):
        assert abs(float(standard.mean())) * np.sqrt(n) < 4.5
        assert abs(float(standard.std()) - 1) * np.sqrt(2 * n) < 4.5
    assert float(chip.slope_factor.min()) > 0
    pairs = torch.corrcoef(torch.stack((chip.slope_factor, chip.offset_shift, chip.barrier_factor)))
    assert float((pairs - torch.eye(3)).abs().max()) * np.sqrt(n) < 4.5


def test_a_seed_is_a_chip(card: DeviceCard) -> None:
    one, same, other = (MTJNeuron(card, 50, chip_seed=seed) for seed in (1, 1, 2))
    for name, values in one.state_dict().items():
        assert torch.equal(values, same.state_dict()[name])
    assert not torch.equal(one.slope, other.slope)
    nominal = MTJNeuron(card, 50, chip_seed=None)
    assert len(nominal.slope.unique()) == len(nominal.offset_field.unique()) == 1
    usual = [[1.0], [0.0], [1.0], [0.0], [1.0], [0.0], [0.0]]
    assert [part.unique().tolist() for part in no_variation(4)] == usual


def test_a_chip_is_drawn_once(card: DeviceCard) -> None:
    torch.manual_seed(0)
    neuron = MTJNeuron(card, 50)
    state = copy.deepcopy(neuron.state_dict())
    for _ in range(3):
        neuron.train()(torch.zeros(2, 50))
        neuron.eval()(torch.zeros(2, 50))
    for name, values in neuron.state_dict().items():
        assert torch.equal(values, state[name])
    torch.manual_seed(0)
    first = torch.rand(1)
    torch.manual_seed(0)
    MTJNeuron(card, 50)
    assert torch.equal(torch.rand(1), first)  # building a chip leaves PyTorch's stream alone


def test_a_saved_chip_loads_as_that_chip(card: DeviceCard) -> None:
    saved = MTJNeuron(card, 50, chip_seed=1, bias_voltage=0.1, coupling=calibrated(card, 50))
    saved.train()(3 * torch.randn(200, 50, generator=seeded(0)) + 1)
    file = io.BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    loaded = MTJNeuron(card, 50, chip_seed=2, coupling=calibrated(card, 50))
    x = torch.randn(20, 50, generator=seeded(1))
    loaded.eval()(x)  # what was folded of the other chip must not survive
    loaded.load_state_dict(torch.load(file, weights_only=True))
    assert float(loaded.bias_voltage) == close_to(0.1)
    for neuron in (saved, loaded):
        neuron.generator = seeded(4)
    assert torch.equal(saved.eval()(x), loaded.eval()(x))
    # Its devices go to another operating point as those of the saved chip do.
    for neuron in (saved, loaded):
        neuron.set_bias(-0.2)
    assert torch.equal(saved.slope, loaded.slope)
    assert torch.equal(saved.offset_field, loaded.offset_field)


@pytest.mark.parametrize("generator", [None, 7])
def test_copies_are_equal_and_independent(card: DeviceCard, generator: int | None) -> None:
    original = MTJNeuron(card, 50, generator=generator and seeded(generator))
    x = torch.randn(20, 50, generator=seeded(0))
    original(x)
    copies = [copy.deepcopy(original), pickle.loads(pickle.dumps(original))]
    for neuron in copies:
        set_readout(neuron, generator=seeded(3))
        set_readout(original, generator=seeded(3))
        assert torch.equal(neuron(x), original(x))
        neuron.set_bias(0.2)
        assert not torch.equal(neuron(x), original(x))
    assert float(original.bias_voltage) == 0


# What is folded beforehand follows every change


def test_every_change_reaches_the_answer(card: DeviceCard) -> None:
    neuron = ideal(card, 10)
    x = torch.linspace(-2, 2, 10)[None]

    def answer() -> Tensor:
        return neuron(x).double()

    reference = torch.sigmoid(x.double())
    np.testing.assert_allclose(answer(), reference, atol=1e-6)
    with torch.no_grad():
        neuron.slope.mul_(2)
        np.testing.assert_allclose(answer(), torch.sigmoid(2 * x.double()), atol=1e-6)
        neuron.slope.mul_(0.5)
        neuron.coupling.gain.mul_(3)
        np.testing.assert_allclose(answer(), torch.sigmoid(3 * x.double()), atol=1e-6)
        neuron.coupling.gain.div_(3)
        neuron.offset_field.sub_(1 / neuron.slope)
        np.testing.assert_allclose(answer(), torch.sigmoid(x.double() + 1), atol=1e-6)
    neuron.load_state_dict(ideal(card, 10).state_dict())
    np.testing.assert_allclose(answer(), reference, atol=1e-6)
    neuron.coupling.limit = 0.0
    assert answer().std() == 0
    neuron.coupling = matched(card, 10)
    np.testing.assert_allclose(answer(), reference, atol=1e-6)
    neuron.slope = 4 * neuron.slope
    np.testing.assert_allclose(answer(), torch.sigmoid(4 * x.double()), atol=1e-6)


def test_devices_are_folded_once_while_nothing_changes(
    card: DeviceCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds = []
    state = MTJNeuron.operating_state
    monkeypatch.setattr(
        MTJNeuron, "operating_state", lambda neuron: folds.append(1) or state(neuron)
    )
    neuron = MTJNeuron(card, 10)
    neuron(torch.zeros(2, 10))
    once = len(folds)
    assert once
    neuron.eval()(torch.ones(2, 10))
    assert len(folds) == once
    neuron.set_bias(temperature=310)
    neuron(torch.ones(2, 10))
    assert len(folds) > once


def test_double_precision_gives_double_precision(card: DeviceCard) -> None:
    neuron = ideal(card, 10)
    x = torch.linspace(-2, 2, 10, dtype=torch.float64)[None]
    neuron(x.float())
    neuron.to(torch.float64)
    outputs = neuron(x)
    assert outputs.dtype == torch.float64
    neuron.set_bias(0.0)
    # The coupling was rounded to single precision before.
    np.testing.assert_allclose(neuron(x), torch.sigmoid(x), atol=2e-7)
    assert torch.autograd.gradcheck(neuron, x.clone().requires_grad_())
    neuron.to(torch.float32)
    np.testing.assert_allclose(neuron(x.float()), torch.sigmoid(x), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_other_types_train_too(card: DeviceCard, dtype: torch.dtype) -> None:
    neuron = MTJNeuron(card, 10).to(dtype)
    x = torch.zeros(400, 10, dtype=dtype, requires_grad=True)
    outputs = neuron(x)
    outputs.sum().backward()
    assert outputs.dtype == dtype
    assert float(outputs.detach().double().mean()) == close_to(0.5, abs=0.05)
    assert x.grad is not None
    assert float(x.grad.double().mean()) == close_to(0.25, abs=0.02)


def test_automatic_mixed_precision_works(card: DeviceCard) -> None:
    network = nn.Sequential(nn.Linear(4, 10), MTJNeuron(card, 10))
    with torch.autocast("cpu", torch.bfloat16):
        network(torch.rand(3, 4)).sum().backward()
    assert network[0].weight.grad is not None
    assert bool((network[0].weight.grad != 0).any())


@pytest.mark.parametrize("kind", [matched, calibrated])
def test_inference_mode_leaves_nothing_behind(card: DeviceCard, kind: object) -> None:
    neuron = MTJNeuron(card, 10, coupling=kind(card, 10), generator=seeded(0))
    x = torch.randn(30, 10, generator=seeded(1))
    neuron.eval()
    with torch.no_grad():
        expected = neuron(x)
    neuron.generator = seeded(0)
    with torch.inference_mode():
        assert torch.equal(neuron(x), expected)
    leaf = x.clone().requires_grad_()
    for training in (False, True):
        neuron.train(training)(leaf).sum().backward()
    assert leaf.grad is not None


# Reads


def test_training_and_evaluation_read_as_they_are_told(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 400, reads=4, eval_reads=5)
    x = torch.zeros(10, 400)
    for reads, outputs in ((4, neuron.train()(x)), (5, neuron.eval()(x))):
        counts = outputs.double() * reads
        np.testing.assert_allclose(counts, counts.round(), atol=1e-5)
        assert len(counts.round().unique()) == reads + 1
    assert MTJNeuron(card, 3, reads=7).eval_reads == 7
    set_readout(neuron, eval_reads="expected", noise=False)
    assert torch.equal(neuron.eval()(x), neuron(x))
    assert not torch.equal(neuron.train()(x), neuron(x))
    set_readout(neuron, reads="expected")
    assert torch.equal(neuron.train()(x), neuron.eval()(x))
    set_readout(neuron, noise=True)
    assert not torch.equal(neuron(x), neuron(x))


@pytest.mark.parametrize("reads", [0, -3, 65_536, 2.5, "many", None])
def test_impossible_reads_are_refused(card: DeviceCard, reads: object) -> None:
    message = r'it must be 1 to 65535 or "expected"'
    with pytest.raises(SmtjError, match=message):
        MTJNeuron(card, 3, reads=reads)
    if reads is not None:
        with pytest.raises(SmtjError, match=message):
            set_readout(nn.Sequential(MTJNeuron(card, 3)), eval_reads=reads)


def test_generators_reproduce(card: DeviceCard) -> None:
    x = torch.zeros(5, 40)
    draws = []
    for _ in range(2):
        generator = seeded(9)
        neuron = MTJNeuron(card, 40, generator=generator)
        draws.append(torch.stack([neuron(x) for _ in range(3)]))
    assert torch.equal(*draws)
    assert not torch.equal(draws[0][0], draws[0][1])
    plain = MTJNeuron(card, 40)
    torch.manual_seed(9)
    one = plain(x)
    torch.manual_seed(9)
    assert torch.equal(plain(x), one)
    # The layers of a network share a generator and still differ.
    network = set_readout(nn.Sequential(MTJNeuron(card, 40), nn.Identity()), generator=seeded(9))
    assert torch.equal(network(x), draws[0][0])


def test_the_gradient_of_reads_is_that_of_the_expected_value(card: DeviceCard) -> None:
    x = torch.linspace(-3, 3, 40)[None].repeat(6, 1)
    gradients = []
    for reads in ("expected", 1, 16):
        neuron = MTJNeuron(card, 40, reads=reads, noise=False)
        leaf = x.clone().requires_grad_()
        neuron(leaf).backward(torch.ones_like(x))
        gradients.append(leaf.grad)
    for gradient in gradients[1:]:
        np.testing.assert_allclose(gradient, gradients[0], rtol=1e-5, atol=1e-7)


def test_wrong_shapes_are_refused(card: DeviceCard) -> None:
    for kind in (matched, calibrated):
        neuron = MTJNeuron(card, 10, coupling=kind(card, 10))
        for shape in ((4, 7), (4, 1), (20, 5)):
            for training in (True, False):
                with pytest.raises(SmtjError, match="its last dimension must be 10"):
                    neuron.train(training)(torch.zeros(shape))
    neuron = MTJNeuron(card, 10)
    assert neuron(torch.zeros(10)).shape == (10,)
    assert neuron(torch.zeros(2, 3, 10)).shape == (2, 3, 10)
    assert neuron(torch.zeros(0, 10)).shape == (0, 10)


@pytest.mark.parametrize("shape", [(3, 4, 5), (60,), ()], ids=str)
def test_neurons_may_be_arranged_in_any_shape(card: DeviceCard, shape: tuple[int, ...]) -> None:
    flat, arranged = (MTJNeuron(card, part, chip_seed=2) for part in (int(np.prod(shape)), shape))
    assert (arranged.features, arranged.shape) == (flat.features, shape)
    for name, values in flat.state_dict().items():
        assert torch.equal(arranged.state_dict()[name], values)
    x = torch.randn(7, 2, *shape, generator=seeded(1))
    for training in (True, False):
        results = []
        for neuron, inputs in ((flat, x.reshape(7, 2, flat.features)), (arranged, x)):
            neuron.train(training).generator = seeded(3)
            leaf = inputs.clone().requires_grad_()
            outputs = neuron(leaf)
            outputs.sum().backward()
            results += [outputs.reshape(x.shape), leaf.grad.reshape(x.shape)]
        assert torch.equal(results[0], results[2]) and torch.equal(results[1], results[3])
    # After a convolution memory may run channel by channel.
    if len(shape) == 3:
        image = x[:, 0]
        arranged.generator = seeded(4)
        expected = arranged(image)
        arranged.generator = seeded(4)
        assert torch.equal(arranged(image.to(memory_format=torch.channels_last)), expected)
        assert "(3, 4, 5), card=cai2019" in str(arranged)


def test_wrong_arrangements_are_refused(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, (3, 4))
    for shape in ((12,), (2, 4, 3), (4,), (2, 12)):
        with pytest.raises(SmtjError, match=r"for 12 neurons its last dimensions must be \(3, 4\)"):
            neuron(torch.zeros(shape))
    for features in (0, (3, 0), -1, (2.5,)):
        with pytest.raises(SmtjError, match="one or more positive integers"):
            MTJNeuron(card, features)


def test_copies_leave_the_fold_behind(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 1000)
    size = len(pickle.dumps(neuron))
    neuron(torch.zeros(2, 1000))
    assert len(pickle.dumps(neuron)) == size


# Magnetic noise


def noisy_card(card: DeviceCard, log_odds: float) -> DeviceCard:
    """The card with a noise of a standard deviation in log-odds."""
    return card.replace(
        {"variability.magnetic_noise": log_odds / float(operating_point(card).slope)}
    )


def moments(log_odds: float, powers: tuple[int, ...] = (1, 2)) -> list[float]:
    """Moments of P(high) about one half, under normal noise on the log-odds."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    p = 1 / (1 + np.exp(-log_odds * nodes))
    return [float(np.average((p - 0.5) ** n, weights=weights)) for n in powers]


def assert_variance(outputs: Tensor, expected: float) -> None:
    values = outputs.double().numpy().ravel() - 0.5
    error = np.sqrt(((values**4).mean() - (values**2).mean() ** 2) / len(values))
    assert abs((values**2).mean() - expected) < 4.5 * error


def test_noise_on_the_log_odds_is_slope_times_field(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 400, reads="expected", chip_seed=3)
    x = torch.zeros(500, 400)
    set_readout(neuron, noise=False)
    quiet = torch.logit(neuron(x).double())
    set_readout(neuron, noise=True)
    deviation = torch.logit(neuron(x).double()) - quiet
    expected = neuron.slope.double() * float(card.variability.magnetic_noise)
    ratio = deviation.std(0) / expected
    assert float((ratio - 1).abs().max()) < 5 / np.sqrt(2 * 500)
    assert abs(float(ratio.mean()) - 1) < 4.5 / np.sqrt(2 * 500 * 400)


@pytest.mark.slow
@pytest.mark.parametrize("reads", [2, 16])
def test_constant_noise_adds_its_own_variance_to_that_of_the_reads(
    card: DeviceCard, reads: int
) -> None:
    strong = noisy_card(card, 1.0)
    x = torch.zeros(500, 400)
    for noise in (False, True):
        neuron = MTJNeuron(strong, 400, reads=reads, noise=noise, chip_seed=None)
        (between,) = moments(1.0, (2,)) if noise else (0.0,)
        # E[p(1 - p)]/N + Var(p); more reads do not average the second away.
        assert_variance(neuron(x), (0.25 - between) / reads + between)


def test_noise_is_fresh_at_every_evaluation(card: DeviceCard) -> None:
    neuron = MTJNeuron(noisy_card(card, 1.0), 400, reads="expected", chip_seed=None)
    x = torch.zeros(100, 400)
    first, second = (neuron(x).double().numpy().ravel() - 0.5 for _ in range(2))
    assert abs(np.corrcoef(first, second)[0, 1]) * np.sqrt(first.size) < 4.5


@pytest.mark.parametrize(
    ("correlation_time", "share_of_between"),
    [(1e-6, 1 / 16), (1e9, 1.0), (None, 1.0)],
    ids=["averages out", "constant", "by default"],
)
def test_the_correlation_time_decides_what_reads_average_away(
    card: DeviceCard, correlation_time: float | None, share_of_between: float
) -> None:
    neuron = MTJNeuron(
        noisy_card(card, 1.5), 400, reads=16, chip_seed=None,
        noise_correlation_time=correlation_time,
    )  # fmt: skip
    (between,) = moments(1.5, (2,))
    expected = (0.25 - between) / 16 + share_of_between * between
    assert_variance(neuron(torch.zeros(200, 400)), expected)


def test_noise_of_a_few_reads_correlation_lies_between_the_limits(card: DeviceCard) -> None:
    interval = float(card.switching.sampling_interval)
    neuron = MTJNeuron(
        noisy_card(card, 1.5), 400, reads=8, chip_seed=None, noise_correlation_time=2 * interval
    )
    # The covariance of P(high) at two reads, whose noise correlates as exp(-lag/2).
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    one, other = np.meshgrid(nodes, nodes, indexing="ij")
    covariance = np.zeros(8)
    for lag in range(8):
        kept = np.exp(-lag / 2)
        second = kept * one + np.sqrt(1 - kept**2) * other
        p, q = (1 / (1 + np.exp(-1.5 * z)) - 0.5 for z in (one, second))
        covariance[lag] = weights @ (p * q) @ weights
    lags = np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    expected = (0.25 - covariance[0]) / 8 + covariance[lags].sum() / 64
    assert_variance(neuron(torch.zeros(300, 400)), expected)


def test_wandering_noise_has_the_gradient_of_the_reads_it_made(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 40, reads=4, noise_correlation_time=1.0, generator=seeded(1))
    x = torch.zeros(50, 40, requires_grad=True)
    outputs = neuron(x)
    outputs.sum().backward()
    counts = 4 * outputs.detach()
    assert torch.equal(counts, counts.round())
    assert x.grad is not None
    gain = neuron.slope * neuron.coupling.gain
    np.testing.assert_allclose((x.grad / gain).mean(), 0.25, rtol=0.02)
    neuron.generator = seeded(1)
    assert torch.equal(neuron(x), outputs)


@pytest.mark.parametrize("time", [0.0, -1.0, float("nan")])
def test_impossible_correlation_times_are_refused(card: DeviceCard, time: float) -> None:
    with pytest.raises(SmtjError, match="noise_correlation_time must be positive"):
        MTJNeuron(card, 3, noise_correlation_time=time)


def test_a_printed_model_says_what_it_is(card: DeviceCard) -> None:
    text = str(nn.Sequential(nn.Linear(4, 10), MTJNeuron(card, 10, eval_reads="expected")))
    assert "MTJNeuron(\n" in text
    assert "10, card=cai2019, reads=16, eval_reads=expected, noise=True, bias_voltage=0 V" in text
    assert "(coupling): AffineCoupling()" in text


@pytest.mark.parametrize("make", [matched, calibrated])
def test_a_device_whose_probability_falls_with_the_field_makes_the_same_neuron(make) -> None:
    """With the reference layer turned round, w is negative; a coupling turns it back."""
    usual = load_card("cai2019")
    turned = usual.replace({"magnetism.reference_layer_angle": 0.0})
    # Within the field limit, which H_s lets the two reach on different sides.
    x = torch.linspace(-2.5, 2.5, 41)[:, None]
    one, other = (ideal(card, coupling=make(card, 1)).eval()(x) for card in (usual, turned))
    assert (other.diff(dim=0) > 0).all()
    torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    driven = ideal(turned, reads=16, coupling=make(turned, 1)).train()(x)
    assert driven[0] < 0.2 < 0.8 < driven[-1]

"""Reads of telegraph devices: their law, their correlations, and their limits."""

import copy
import io
import pickle

import numba
import numpy as np
import pytest
import torch
from scipy.stats import binom, chi2
from torch import Tensor, nn

from smtj import DeviceCard, operating_point
from smtj.errors import SmtjError
from smtj.nn import (
    AnalogueReads,
    DigitalReads,
    MTJNeuron,
    ReadScheme,
    convert,
    no_variation,
    set_readout,
)
from smtj.nn.reads.averaged_kernels import fill_averaged
from smtj.nn.reads.correlated_kernels import UNKNOWN, fill_fresh, fill_stream
from smtj.nn.reads.relaxation import at_offset_field, constant_relaxation, relaxation
from smtj.physics.readout.noise import Amplifier, bit_error_rate
from smtj.physics.readout.repeated import comparator_probability, effective_reads
from smtj.physics.readout.signal import read_signal

DELTA, LOG_ATTEMPT = 6.0, np.log(1e-9)
ODDS = np.array([-6.0, -1.5, 0.0, 0.7, 4.0], dtype=np.float32)


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    """With fixed samples, statistical limits cannot fail by chance."""
    torch.manual_seed(0)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def table(features: int, delta: float = DELTA) -> np.ndarray:
    return at_offset_field(torch.full((features,), delta), LOG_ATTEMPT).numpy()


def relaxation_times(odds: np.ndarray, delta: float = DELTA) -> np.ndarray:
    """τ_r by Eq. 3 and 4, with P(high) of Eq. 5 where a barrier is gone."""
    h = np.clip(odds.astype(float) / (4 * delta), -1, 1)
    return np.exp(LOG_ATTEMPT) / (np.exp(-delta * (1 + h) ** 2) + np.exp(-delta * (1 - h) ** 2))


def p_high(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds.astype(float)))


def fresh(odds, interval, reads, window=0.0, noise=0.0, above=True, key=1, relaxed=None):
    """Mean readings of devices that start from equilibrium, and P(high)."""
    odds = np.atleast_2d(odds).astype(np.float32)
    relaxed = table(odds.shape[1]) if relaxed is None else relaxed
    out, probability = np.empty_like(odds), np.empty_like(odds)
    if window == 0:
        fill_fresh(odds, relaxed, interval, reads, key, out, probability)
    else:
        times, numbers = (interval, window), relaxed.astype(float)
        fill_averaged(odds, numbers, times, noise, above, reads, key, None, out, probability)
    return out, probability


def relaxation_of(neuron: MTJNeuron) -> Tensor:
    """ln(1/τ_r) at H_s, and Δ, of a layer as it is."""
    return relaxation(
        neuron.card, neuron.devices, neuron.slope, neuron.bias_voltage, neuron.temperature
    )


def many(count: int) -> np.ndarray:
    return np.repeat(ODDS[None], count, axis=0)


# The physics behind


@pytest.mark.parametrize("model", ["cai2019", "self-consistent"])
@pytest.mark.parametrize("turned", [False, True], ids=["rising", "falling"])
def test_devices_relax_by_the_dwell_times_of_their_field(
    card: DeviceCard, model: str, turned: bool
) -> None:
    changes = {"switching.model": model}
    if model == "self-consistent":
        changes["switching.effective_anisotropy_field"] = None
    if turned:
        changes["magnetism.reference_layer_angle"] = 0.0
    card = card.replace(changes)
    for voltage in (-0.15, 0.0, 0.2):
        point = operating_point(card, voltage)
        w = torch.full((1,), float(point.slope), dtype=torch.float64)
        rate, delta = relaxation(card, no_variation(1), w, voltage).double().numpy()
        np.testing.assert_allclose(delta, float(point.stability_factor), rtol=1e-6)
        for field in np.array([-90.0, -14.0, 0.0, 70.0]) * 1e3 / (4 * np.pi):
            odds = float(point.slope) * (field - float(point.offset_field))
            h = odds / (4 * delta)
            assert abs(h) < 1
            high, low = point.dwell_times(field)
            ours = np.exp(rate - delta * h**2) * np.cosh(2 * delta * h)
            np.testing.assert_allclose(ours, 1 / high + 1 / low, rtol=2e-5)
            # Inside the range the dwell times have the P(high) of Eq. 5.
            np.testing.assert_allclose(high / (high + low), 1 / (1 + np.exp(-odds)), rtol=1e-9)


def test_factors_of_barrier_and_slope_move_the_right_numbers(card: DeviceCard) -> None:
    spread = card.replace({"variability.barrier_spread": 0.1, "variability.slope_spread": 0.1})
    neuron = MTJNeuron(spread, 300, scheme=DigitalReads(0.1), chip_seed=4)
    delta = relaxation_of(neuron)[1]
    nominal = float(operating_point(card).stability_factor)
    np.testing.assert_allclose(delta, nominal * neuron.barrier_factor, rtol=1e-5)
    assert float(neuron.barrier_factor.std()) > 0.05


def test_bias_moves_the_relaxation_time(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 2, scheme=DigitalReads(0.1), chip_seed=None)
    for voltage in (0.0, 0.2, -0.2):
        neuron.set_bias(voltage)
        point = operating_point(card, voltage)
        high, low = point.dwell_times(point.offset_field)
        rate = relaxation_of(neuron)[0]
        np.testing.assert_allclose(rate.double().exp(), 1 / high + 1 / low, rtol=1e-5)


def test_exact_dwell_times_are_refused(card: DeviceCard) -> None:
    neuron = MTJNeuron(card.replace({"switching.dwell_times": "exact"}), 2)
    neuron(torch.zeros(1, 2))
    set_readout(neuron, scheme=DigitalReads(0.1))
    with pytest.raises(SmtjError, match=r"switching.dwell_times = exact.*Eq. 3 and 4"):
        neuron(torch.zeros(1, 2))


# The law of the reads


@pytest.mark.proof
@pytest.mark.parametrize("window", [0.0, 1e-7], ids=["snapshots", "windows"])
@pytest.mark.parametrize("interval", [2e-8, 1.5e-7, 1e-6])
def test_reads_correlate_as_theory_says(interval: float, window: float) -> None:
    window = min(window, interval)
    # Of states that are hardly ever seen, products are far from normal.
    shown = np.clip(ODDS, -2.5, 2.5)
    reads, odds = 4, np.repeat(shown[None], 60_000, axis=0)
    every = np.empty((reads, *odds.shape), np.float32)
    probability = np.empty_like(odds)
    state = np.full(odds.size, UNKNOWN, np.uint8)
    flat, relaxed = odds.reshape(1, -1), np.tile(table(5), 60_000)
    for k in range(reads):
        now, p = every[k].reshape(1, -1), probability.reshape(1, -1)
        if window == 0:
            fill_stream(flat, relaxed, interval, 1, 7 + k, state, now, p)
        else:
            times = (interval, window)
            fill_averaged(flat, relaxed.astype(float), times, 0.0, False, 1, k, state, now, p)
    tau, p = relaxation_times(shown), p_high(shown)
    x = window / tau
    shape = np.divide(2 * np.sinh(x / 2), x, out=np.ones_like(x), where=x > 0) ** 2
    deviation = every.astype(float) - p
    for lag in (1, 2, 3):
        product = deviation[lag:] * deviation[: reads - lag]
        # Products of one device are not independent of one another.
        per_device = product.mean(axis=0)
        error = per_device.std(axis=0, ddof=1) / np.sqrt(len(per_device))
        expected = p * (1 - p) * shape * np.exp(-lag * interval / tau)
        assert np.abs((per_device.mean(axis=0) - expected) / error).max() < 4


@pytest.mark.proof
@pytest.mark.parametrize(
    ("interval", "window", "reads"),
    [(3e-8, 0.0, 16), (2e-7, 0.0, 5), (2e-7, 2e-7, 5), (1e-7, 4e-8, 16), (2e-9, 1e-9, 3)],
)
def test_the_mean_is_as_uncertain_as_effective_reads_say(
    interval: float, window: float, reads: int
) -> None:
    out, probability = fresh(many(100_000), interval, reads, window, above=False)
    p = p_high(ODDS)
    np.testing.assert_allclose(probability[0], p, rtol=1e-5)
    deviation = out.astype(float) - p
    error = deviation.std(axis=0) / np.sqrt(len(out))
    assert np.abs(deviation.mean(axis=0) / error).max() < 4
    square = deviation**2
    expected = p * (1 - p) / effective_reads(reads, interval, relaxation_times(ODDS), window)
    error = square.std(axis=0) / np.sqrt(len(out))
    assert np.abs((square.mean(axis=0) - expected) / error).max() < 4


@pytest.mark.parametrize(
    "reads", [2, *(pytest.param(n, marks=pytest.mark.proof) for n in (1, 3, 8))]
)
def test_counts_have_the_law_of_the_markov_chain(reads: int) -> None:
    interval, devices = 1e-7, 100_000
    out, _ = fresh(many(devices), interval, reads, key=reads)
    counts = np.rint(out * reads).astype(int)
    for column, (p, tau) in enumerate(zip(p_high(ODDS), relaxation_times(ODDS), strict=True)):
        kept = np.exp(-interval / tau)
        step = np.array([[1 - p * (1 - kept), p * (1 - kept)], [0, 0]])
        step[1] = [(1 - p) * (1 - kept), 1 - (1 - p) * (1 - kept)]
        law = np.zeros((reads + 1, 2))
        law[0, 0], law[1, 1] = 1 - p, p
        for _ in range(reads - 1):
            before, law = law, np.zeros_like(law)
            law[:, 0] = before @ step[:, 0]
            law[1:, 1] = (before @ step[:, 1])[:-1]
        assert_law(counts[:, column], law.sum(axis=1))


def test_reads_far_apart_are_independent() -> None:
    out, _ = fresh(many(100_000), 1.0, 8)
    counts = np.rint(out * 8).astype(int)
    for column, p in enumerate(p_high(ODDS)):
        assert_law(counts[:, column], binom.pmf(np.arange(9), 8, p))


def assert_law(counts: np.ndarray, law: np.ndarray) -> None:
    expected = law * len(counts)
    found = np.bincount(counts, minlength=len(law))
    common = expected > 10
    # What is rare is one class.
    pairs = [(found[common], expected[common])]
    if expected[~common].sum() > 10:
        pairs.append((found[~common].sum()[None], expected[~common].sum()[None]))
    score = sum(((f - e) ** 2 / e).sum() for f, e in pairs)
    classes = sum(len(e) for _, e in pairs)
    assert chi2.sf(score, max(classes - 1, 1)) > 1e-4


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_comparator_after_a_window_has_its_closed_form(noise: float) -> None:
    window, devices = 3e-7, 40_000
    out, _ = fresh(many(devices), 1e-2, 1, window, noise)
    expected = comparator_probability(p_high(ODDS), window, relaxation_times(ODDS), noise)
    z = (out.mean(axis=0, dtype=float) - expected) / np.sqrt(expected * (1 - expected) / devices)
    assert np.abs(z).max() < 4


def test_a_converter_adds_its_noise_to_every_reading() -> None:
    out, _ = fresh(np.full((1, 40_000), 80.0), 1e-6, 4, 1e-8, noise=0.2, above=False)
    deviation = out.astype(float) - 1
    assert abs(deviation.mean()) < 4 * 0.1 / np.sqrt(deviation.size)
    assert abs(deviation.std() / 0.1 - 1) < 4 / np.sqrt(2 * deviation.size)


@pytest.mark.slow
def test_many_reads_give_the_expected_value() -> None:
    out, probability = fresh(many(4), 1e-4, 60_000)
    np.testing.assert_allclose(out, probability, atol=5 * 0.5 / np.sqrt(60_000))


@pytest.mark.parametrize("delta", [0.0, 0.3, 2.0])
def test_where_a_barrier_is_gone_the_mean_stays_that_of_eq_5(delta: float) -> None:
    odds = np.repeat([[-3.0, 0.5, 6.0]], 60_000, axis=0)
    relaxed = table(3, delta)
    for window in (0.0, 2e-10):
        out, _ = fresh(odds, 3e-10, 2, window, above=False, relaxed=relaxed)
        p = p_high(odds[0])
        tau = relaxation_times(odds[0], delta) if delta else np.full(3, 0.5e-9)
        variance = p * (1 - p) / effective_reads(2, 3e-10, tau, window)
        deviation = out.astype(float) - p
        assert np.abs(deviation.mean(axis=0) / np.sqrt(variance / len(odds))).max() < 4
        square = deviation**2
        error = square.std(axis=0) / np.sqrt(len(odds))
        assert np.abs((square.mean(axis=0) - variance) / error).max() < 4


@pytest.mark.parametrize("window", [0.0, 1e-8])
def test_edges_are_certain_and_nan_stays(window: float) -> None:
    odds = np.array([[np.nan, np.inf, -np.inf, 200.0, -200.0, 0.0]] * 300, np.float32)
    for reads in (1, 2, 7):
        out, probability = fresh(odds, 1e-7, reads, window)
        for values in (out, probability):
            assert np.isnan(values[:, 0]).all()
            np.testing.assert_array_equal(values[:, 1], 1)
            np.testing.assert_allclose(values[:, 2], 0, atol=1e-30)
            np.testing.assert_array_equal(values[:, 3], 1)
            assert np.isfinite(values[:, 5]).all()
        assert 0 < out[:, 5].mean() < 1


def test_slow_devices_keep_their_state_and_start_from_equilibrium() -> None:
    out, _ = fresh(many(20_000), 1e-30, 9)
    assert set(np.unique(out)) == {0.0, 1.0}
    p = p_high(ODDS)
    z = (out.mean(axis=0, dtype=float) - p) / np.sqrt(p * (1 - p) / len(out))
    assert np.abs(z).max() < 4


@pytest.mark.parametrize("window", [0.0, 2e-8])
def test_threads_change_nothing(window: float) -> None:
    odds = np.random.default_rng(0).normal(0, 3, (600, 500)).astype(np.float32)
    results = []
    threads = numba.get_num_threads()
    try:
        for number in (1, threads):
            numba.set_num_threads(number)
            results.append(fresh(odds, 1e-7, 3, window)[0])
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(*results)
    assert not np.array_equal(fresh(odds, 1e-7, 3, window, key=2)[0], results[0])


def test_one_relaxation_time_holds_at_every_field() -> None:
    relaxed = constant_relaxation(5, 2.0).numpy()
    out, _ = fresh(many(100_000), 1.0, 2, relaxed=relaxed)
    p = p_high(ODDS)
    square = (out.astype(float) - p) ** 2
    expected = p * (1 - p) / effective_reads(2, 1.0, 2.0)
    error = square.std(axis=0) / np.sqrt(len(out))
    assert np.abs((square.mean(axis=0) - expected) / error).max() < 4


# The neuron


def schemes(card: DeviceCard) -> list[ReadScheme]:
    quiet = Amplifier(5e-9, 1e-13)
    return [
        DigitalReads(0.05),
        DigitalReads.of_card(card, amplifier=quiet),
        AnalogueReads.of_card(card),
        AnalogueReads.of_card(card, streaming=True),
        DigitalReads(0.05, streaming=True),
    ]


def test_a_card_says_how_it_is_read(card: DeviceCard) -> None:
    scheme = DigitalReads.of_card(card)
    assert scheme == DigitalReads(0.12, 0.02, 1e-3)
    assert AnalogueReads.of_card(card, interval=1.0, streaming=True) == AnalogueReads(
        1.0, 0.02, 1e-3, None, True
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"interval": 0.0}, "interval is 0 s; it must be above 0"),
        ({"interval": float("nan")}, "interval is nan s"),
        ({"interval": 1.0, "integration_time": 2.0}, "reads cannot overlap"),
        ({"interval": 1.0, "amplifier": Amplifier(1e-9, 0.0)}, "needs an integration_time"),
        ({"interval": 1.0, "read_voltage": 0.0}, "read_voltage is 0 V; it must not be 0"),
        ({"interval": 1.0, "relaxation_time": -1.0}, "relaxation_time is -1 s"),
    ],
)
def test_impossible_schemes_are_refused(given: dict, message: str) -> None:
    with pytest.raises(SmtjError, match=message):
        DigitalReads(**given)


def test_noise_of_the_amplifier_flips_reads_as_read_noise_says(card: DeviceCard) -> None:
    loud = Amplifier(3e-8, 0.0)
    # Reads of 20 ns, on which devices of 50 ms keep still.
    scheme = DigitalReads(1e-6, 2e-8, 3e-3, loud)
    signal = read_signal(card, 3e-3)
    error = float(bit_error_rate(signal.difference, *signal.densities(loud), 2e-8))
    assert 0.01 < error < 0.4
    neuron = MTJNeuron(card, 400, scheme=scheme, reads=1, noise=False, chip_seed=None)
    x = torch.full((200, 400), -0.5)
    expected = error + (1 - 2 * error) * float(torch.sigmoid(torch.tensor(-0.5)))
    found = float(neuron(x).double().mean())
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / x.numel())
    with pytest.raises(SmtjError, match="have the same resistance"):
        MTJNeuron(card.replace({"magnetism.easy_axis_tilt": 0.0}), 2, scheme=scheme)(x[:, :2])


@pytest.mark.slow
def test_the_gradient_is_that_of_the_expected_value(card: DeviceCard) -> None:
    x = torch.linspace(-3, 3, 40)[None].repeat(6, 1)
    gradients = []
    for scheme in (None, *schemes(card)):
        reads = "expected" if scheme is None else 4
        neuron = MTJNeuron(card, 40, reads=reads, scheme=scheme, noise=False)
        leaf = x.clone().requires_grad_()
        neuron(leaf).backward(torch.ones_like(x))
        gradients.append(leaf.grad)
    for gradient in gradients[1:]:
        np.testing.assert_allclose(gradient, gradients[0], rtol=1e-5, atol=1e-7)


def test_without_a_scheme_nothing_changes(card: DeviceCard) -> None:
    x = torch.randn(20, 50)
    plain, read = MTJNeuron(card, 50), MTJNeuron(card, 50, scheme=DigitalReads(0.1))
    results = []
    for neuron in (plain, set_readout(read, scheme="independent")):
        set_readout(neuron, generator=seeded(3))
        results.append(neuron(x))
    assert torch.equal(*results)
    assert read.scheme is None
    assert plain.state_dict().keys() == read.state_dict().keys()
    for reads in ("expected",):
        set_readout(read, scheme=DigitalReads(0.1), reads=reads, noise=False)
        set_readout(plain, reads=reads, noise=False)
        assert torch.equal(read(x), plain(x))


def test_a_long_interval_gives_independent_reads(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 400, reads=4, scheme=DigitalReads(1e3), noise=False, chip_seed=None)
    counts = (4 * neuron(torch.full((500, 400), 0.3))).round().int().numpy().ravel()
    assert_law(counts, binom.pmf(np.arange(5), 4, p_high(np.array(0.3))))


def test_magnetic_noise_is_constant_over_an_evaluation(card: DeviceCard) -> None:
    """Of a device that keeps its state for ever, noise changes P(high) and nothing else."""
    strong = card.replace({"variability.magnetic_noise": 1 / float(operating_point(card).slope)})
    neuron = MTJNeuron(strong, 400, scheme=DigitalReads(1e3), reads=16, chip_seed=None)
    outputs = neuron(torch.zeros(300, 400)).double().numpy().ravel() - 0.5
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    between = np.average((p_high(nodes) - 0.5) ** 2, weights=weights)
    expected = (0.25 - between) / 16 + between
    error = (outputs**2).std() / np.sqrt(outputs.size)
    assert abs((outputs**2).mean() - expected) < 4.5 * error


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("correlation_time", "share"), [(1e-3, 1 / 8), (1e12, 1.0)], ids=["averages out", "constant"]
)
def test_wandering_noise_is_seen_by_every_read(
    card: DeviceCard, correlation_time: float, share: float, streaming: bool
) -> None:
    strong = card.replace({"variability.magnetic_noise": 1.5 / float(operating_point(card).slope)})
    neuron = MTJNeuron(
        strong, 400, scheme=DigitalReads(1e3, streaming=streaming), reads=8, chip_seed=None,
        noise_correlation_time=correlation_time,
    )  # fmt: skip
    outputs = neuron(torch.zeros(100, 400)).double().numpy().ravel() - 0.5
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    between = np.average((p_high(1.5 * nodes) - 0.5) ** 2, weights=weights)
    expected = (0.25 - between) / 8 + share * between
    error = (outputs**2).std() / np.sqrt(outputs.size)
    assert abs((outputs**2).mean() - expected) < 4.5 * error


def test_wandering_noise_does_not_loosen_the_correlation_of_reads(card: DeviceCard) -> None:
    scheme = DigitalReads(1e-9)  # far within a relaxation time of 50 ms
    neuron = MTJNeuron(card, 400, scheme=scheme, reads=5, noise_correlation_time=1.0)
    assert set(neuron(torch.zeros(20, 400)).unique().tolist()) == {0.0, 1.0}


def test_neurons_of_any_type_and_shape_are_read(card: DeviceCard) -> None:
    for scheme in schemes(card):
        for dtype in (torch.float64, torch.bfloat16):
            neuron = MTJNeuron(card, (3, 4), scheme=scheme, reads=2).to(dtype)
            x = torch.zeros(50, 3, 4, dtype=dtype, requires_grad=True)
            outputs = neuron(x)
            outputs.sum().backward()
            assert outputs.dtype == dtype and outputs.shape == x.shape
            assert x.grad is not None and float(x.grad.double().mean()) > 0.2
        neuron = MTJNeuron(card, 5, scheme=scheme)
        for shape in ((5,), (0, 5), (2, 3, 5)):
            assert neuron(torch.zeros(shape)).shape == shape
        with torch.inference_mode():
            neuron(torch.zeros(2, 5))
        neuron(torch.zeros(2, 5))


def copies(neuron: MTJNeuron) -> list[MTJNeuron]:
    file = io.BytesIO()
    torch.save(neuron, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    return [copy.deepcopy(neuron), pickle.loads(pickle.dumps(neuron)), loaded]


def test_copies_read_alike(card: DeviceCard) -> None:
    x = torch.randn(20, 30)
    for scheme in schemes(card):
        neuron = MTJNeuron(card, 30, scheme=scheme, reads=3)
        neuron(x)
        for other in copies(neuron):
            state = neuron.read_state.clone()
            results = []
            for each in (neuron, other):
                each.generator = seeded(5)
                results.append(each(x))
            assert torch.equal(*results)
            neuron.read_state.copy_(state)
        fresh_one = MTJNeuron(card, 30, chip_seed=9)
        fresh_one.load_state_dict(neuron.state_dict())
        assert "scheme=" in str(neuron) and "scheme" not in str(fresh_one)


def test_a_seed_decides(card: DeviceCard) -> None:
    x = torch.zeros(5, 40)
    for scheme in schemes(card):
        draws = []
        for _ in range(2):
            neuron = MTJNeuron(card, 40, scheme=scheme, generator=seeded(9))
            draws.append(torch.stack([neuron(x) for _ in range(3)]))
        assert torch.equal(*draws)
        assert not torch.equal(draws[0][0], draws[0][1])


def test_a_converted_model_is_read_by_a_scheme(card: DeviceCard) -> None:
    model = nn.Sequential(nn.Linear(6, 20), nn.Sigmoid(), nn.Linear(20, 2))
    converted = convert(model, card, torch.zeros(3, 6), reads=2, chip_seed=1)
    set_readout(converted, scheme=DigitalReads(1e-6))
    hidden: list[Tensor] = []
    converted[1].register_forward_hook(lambda _, __, out: hidden.append(out))
    converted(torch.rand(50, 6)).sum().backward()
    assert set(hidden[0].unique().tolist()) == {0.0, 1.0}


def test_a_compiled_model_is_read_too(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 30, scheme=DigitalReads(1e3), reads=4, noise=False)
    compiled = torch.compile(neuron, backend="aot_eager", fullgraph=True)
    x = torch.zeros(2000, 30, requires_grad=True)
    outputs = compiled(x)
    outputs.sum().backward()
    assert abs(float(outputs.detach().mean()) - float(neuron(x).detach().mean())) < 0.01
    assert not torch.equal(compiled(x), outputs)
    assert x.grad is not None and float(x.grad.mean()) > 0.2

"""Every source of variation does what its name says, in its unit."""

import math

import numpy as np
import pytest
import torch
from scipy import constants, stats

from closeness import close_to
from smtj import DeviceCard, load_card
from smtj.errors import CardError, SmtjError
from smtj.nn import (
    MTJNeuron,
    Source,
    Variability,
    heavy_tailed,
    log_normal,
    matched,
    normal,
    sample_variation,
    set_conditions,
    set_readout,
    uniform,
)
from smtj.nn.devices.variation import SOURCE_TARGETS, slope_and_offset
from smtj.nn.training.network import NetworkSettings, build_network

N = 40_000
NOTHING = Variability()


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def ideal(card: DeviceCard, features: int, variability: Variability, seed: int = 1) -> MTJNeuron:
    return MTJNeuron(
        card, features, reads="expected", noise=False, chip_seed=seed, variability=variability
    )


def z_of_mean(values: np.ndarray, expected: float) -> float:
    return float((values.mean() - expected) / values.std() * math.sqrt(values.size))


# Distributions


@pytest.mark.parametrize(
    ("law", "exact"),
    [
        (normal, stats.norm()),
        (uniform, stats.uniform(-math.sqrt(3), 2 * math.sqrt(3))),
        (heavy_tailed, stats.t(3, scale=1 / math.sqrt(3))),
    ],
)
def test_a_distribution_has_its_scale_as_standard_deviation(law, exact) -> None:
    standard = np.random.default_rng(3).standard_normal(N)
    drawn = Source(law, 2.0, "A/m").sample(5.0, standard)
    assert stats.kstest((drawn - 5) / 2, exact.cdf).pvalue > 1e-4
    assert exact.std() == close_to(1, rel=1e-12)
    # The device that is far out stays far out.
    assert np.array_equal(np.argsort(drawn), np.argsort(standard))


def test_a_log_normal_factor_has_its_scale_in_the_logarithm() -> None:
    standard = np.random.default_rng(3).standard_normal(N)
    drawn = Source(log_normal, 0.3).sample(1.0, standard)
    np.testing.assert_allclose(np.log(drawn), 0.3 * standard, atol=1e-14)
    with pytest.raises(SmtjError, match="a nominal value of zero stays zero"):
        Source(log_normal, 0.3).sample(0.0, standard)


def test_heavy_tails_are_finite_and_true_far_out() -> None:
    drawn = Source(heavy_tailed, 1.0).sample(0.0, np.array([-8.0, 8.0]))
    exact = stats.t.isf(stats.norm.sf(8.0), 3) / math.sqrt(3)
    np.testing.assert_allclose(drawn, [-exact, exact], rtol=1e-9)


def test_a_distribution_of_ones_own_is_a_function(card: DeviceCard) -> None:
    def two_batches(nominal: float, scale: float, standard: np.ndarray) -> np.ndarray:
        return nominal + scale * np.sign(standard)

    made_of = Variability.of_card(card, offset_spread=Source(two_batches, 80.0, "A/m"))
    assert set(made_of.sample(100, 1).offset_shift.tolist()) == {-80.0, 80.0}


@pytest.mark.parametrize("scale", [-1.0, math.nan, math.inf])
def test_impossible_scales_are_refused(scale: float) -> None:
    with pytest.raises(SmtjError, match="it must be 0 or more"):
        Source(normal, scale)


# Sources


def test_the_seeds_of_old_mean_the_same_devices(card: DeviceCard) -> None:
    card = card.replace({"variability.barrier_spread": 0.2})
    rng = np.random.default_rng(5)
    slope, offset, barrier = rng.standard_normal((3, 60))
    spread = card.variability
    drawn = sample_variation(card, 60, 5)
    for ours, old in (
        (drawn.slope_factor, np.exp(spread.slope_spread * slope)),
        (drawn.offset_shift, spread.offset_spread * offset),
        (drawn.barrier_factor, np.exp(spread.barrier_spread * barrier)),
    ):
        assert torch.equal(ours, torch.from_numpy(old.astype(np.float32)))
    others = drawn[3:]
    usual = [0.0, 1.0, 0.0, 0.0]
    assert [set(part.reshape(-1).tolist()) for part in others] == [{value} for value in usual]


def test_sources_have_random_numbers_of_their_own() -> None:
    scales = dict.fromkeys(SOURCE_TARGETS, 0.1)
    drawn = NOTHING.scaled(**scales, stuck_high=0.2, stuck_low=0.2).sample(N, 7)
    columns = [part.double().numpy() for part in drawn if part.ndim]
    correlations = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlations).max() * math.sqrt(N) < 4.5
    # More of one source leaves the draws of the others.
    more = NOTHING.scaled(**{**scales, "offset_drift": 7.0}).sample(N, 7)
    np.testing.assert_allclose(more.drift_rate, 70 * drawn.drift_rate, rtol=1e-6)
    assert torch.equal(more.offset_shift, drawn.offset_shift)
    assert torch.equal(more.limit_factor, drawn.limit_factor)


def test_a_cards_section_names_all_of_them(card: DeviceCard) -> None:
    changes = {
        "slope_spread": 0.1, "offset_spread": 50.0, "barrier_spread": 0.05, "offset_drift": 3.0,
        "field_limit_spread": 0.2, "temperature_spread": 4.0, "stuck_high": 0.01,
        "stuck_low": 0.02, "magnetic_noise": 20.0,
    }  # fmt: skip
    made_of = Variability.of_card(card.replace({f"variability.{n}": v for n, v in changes.items()}))
    for name, value in changes.items():
        own = getattr(made_of, name)
        assert (own.scale if isinstance(own, Source) else own) == value
    assert made_of == Variability.of_card(card).scaled(**changes)


def test_drift_moves_the_offset_by_decades(card: DeviceCard) -> None:
    neuron = ideal(card, N, NOTHING.scaled(offset_drift=30.0))
    fresh = neuron.offset_field.double()
    assert len(fresh.unique()) == 1
    set_conditions(neuron, age=999.0)
    shift = (neuron.offset_field.double() - fresh).numpy()
    assert abs(z_of_mean(shift, 0.0)) < 4.5
    # Three decades of 30 A/m.
    assert abs(shift.std() / 90 - 1) * math.sqrt(2 * N) < 4.5
    set_conditions(neuron, age=0.0)
    assert torch.equal(neuron.offset_field.double(), fresh)
    with pytest.raises(SmtjError, match="the age is -1 s; it must be 0 s or more"):
        set_conditions(neuron, age=-1.0)


@pytest.mark.parametrize("reads", ["expected", 1, 16])
def test_stuck_devices_answer_alike_whatever_comes(card: DeviceCard, reads) -> None:
    made_of = Variability.of_card(card).scaled(stuck_high=0.2, stuck_low=0.3, magnetic_noise=1e3)
    neuron = MTJNeuron(card, 2000, reads=reads, chip_seed=4, variability=made_of)
    high, low = neuron.stuck == 1, neuron.stuck == -1
    for count, share in ((int(high.sum()), 0.2), (int(low.sum()), 0.3)):
        assert abs(count - 2000 * share) < 4.5 * math.sqrt(2000 * share * (1 - share))
    x = (20 * torch.randn(30, 2000)).requires_grad_()
    outputs = neuron(x)
    outputs.sum().backward()
    assert x.grad is not None
    assert (outputs[:, high] == 1).all() and (outputs[:, low] == 0).all()
    assert (x.grad[:, high | low] == 0).all()
    assert not (x.grad[:, ~(high | low)] == 0).all()


def test_a_larger_share_has_the_same_devices_stuck_and_more() -> None:
    few, more = (NOTHING.scaled(stuck_high=s, stuck_low=s).sample(N, 2).stuck for s in (0.05, 0.1))
    assert torch.equal(more[few != 0], few[few != 0])
    assert int((more != 0).sum()) > int((few != 0).sum())


def test_a_field_range_of_each_device_limits_what_it_answers(card: DeviceCard) -> None:
    neuron = ideal(card, 500, NOTHING.scaled(field_limit_spread=0.2))
    odds = torch.logit(neuron(torch.full((1, 500), 1e4)).double())[0]
    limit = float(card.switching.field_limit) * neuron.limit_factor.double()
    expected = neuron.slope.double() * (limit - neuron.offset_field.double())
    np.testing.assert_allclose(torch.sigmoid(odds), torch.sigmoid(expected), rtol=1e-6)
    spread = float(torch.log(neuron.limit_factor.double()).std())
    assert abs(spread / 0.2 - 1) * math.sqrt(2 * 500) < 4.5
    set_conditions(neuron, field_limit=0.0)
    assert neuron(torch.randn(9, 500)).std(0).max() == 0


def test_a_chips_own_temperature_is_that_of_the_physics(card: DeviceCard) -> None:
    made_of = NOTHING.scaled(temperature_spread=10.0)
    devices = made_of.sample(3, seed=5, chip_seed=11)
    assert torch.equal(devices.temperature_shift, made_of.sample(9, 6, 11).temperature_shift)
    warmer = float(devices.temperature_shift)
    assert warmer != 0
    slope, _ = slope_and_offset(card, devices, 0.0, 320.0)
    nominal, _ = slope_and_offset(card, NOTHING.sample(3, 5), 0.0, 320.0 + warmer)
    assert torch.equal(slope, nominal)
    shifts = [float(made_of.sample(1, seed).temperature_shift) for seed in range(400)]
    assert abs(np.std(shifts) / 10 - 1) * math.sqrt(2 * 400) < 4.5


def test_temperature_and_voltage_enter_as_the_barrier_says(card: DeviceCard) -> None:
    """Eq. 5 and 6 from the card's numbers, beside what the neuron answers."""
    magnetism, geometry = card.magnetism, card.geometry
    h_k, h_in = float(magnetism.anisotropy_field), float(magnetism.in_plane_bias_field)
    m_s, volume = float(magnetism.saturation_magnetisation), float(geometry.activation_volume)
    energy = 0.5 * constants.mu_0 * m_s * h_k
    per_volt = float(card.vcma.coefficient) / (
        float(geometry.tunnel_barrier_thickness) * float(geometry.free_layer_thickness)
    )
    offset = -h_in * math.tan(float(magnetism.easy_axis_tilt))
    neuron = ideal(card, 41, NOTHING)
    fields = torch.linspace(-5000, 5000, 41, dtype=torch.float64)
    nominal = neuron.slope.double() * (fields - neuron.offset_field.double())
    for temperature in (250.0, 300.0, 360.0, 420.0):
        for voltage in (-0.2, 0.0, 0.1):
            set_conditions(neuron, temperature=temperature, bias_voltage=voltage)
            k_eff = energy - per_volt * voltage
            field = 2 * k_eff / (constants.mu_0 * m_s)
            barrier = k_eff * (1 - h_in / field) ** 2 * volume
            slope = 4 * barrier / (constants.k * temperature)
            slope /= float(card.switching.effective_anisotropy_field)
            expected = 1 / (1 + np.exp(-slope * (fields.numpy() - offset)))
            np.testing.assert_allclose(neuron(nominal.float()[None])[0], expected, atol=2e-6)


def test_conditions_that_are_left_out_stay(card: DeviceCard) -> None:
    model = torch.nn.Sequential(ideal(card, 5, NOTHING), ideal(card, 6, NOTHING))
    set_conditions(model, temperature=330.0, bias_voltage=0.2)
    set_conditions(model, age=10.0)
    slopes = [layer.slope.clone() for layer in model]
    for layer in model:
        found = [float(v) for v in (layer.temperature, layer.bias_voltage, layer.age)]
        assert found == close_to([330.0, 0.2, 10.0])
    with pytest.raises(SmtjError, match=r"allows at most 0\.2 V"):
        set_conditions(model, temperature=300.0, bias_voltage=0.3)
    assert all(torch.equal(layer.slope, slope) for layer, slope in zip(model, slopes, strict=True))
    with pytest.raises(SmtjError, match="it must be 0 A/m or more"):
        set_conditions(model, field_limit=-1.0)


def test_without_any_source_the_network_is_the_sigmoid_network(card: DeviceCard) -> None:
    settings = NetworkSettings((20, 30, 10), neuron="sigmoid", coupling="matched")
    digital = build_network(settings, card, 3).eval()
    made = build_network(NetworkSettings((20, 30, 10), coupling="matched"), card, 3).eval()
    for k in (1, 3):
        features = made[k].features
        made[k] = ideal(card, features, NOTHING).eval()
        made[k].coupling = matched(card, features)
    set_conditions(made, field_limit=math.inf)
    set_readout(made, noise=True)
    x = 3 * torch.randn(50, 20)
    np.testing.assert_allclose(made(x).detach(), digital(x).detach(), atol=3e-6)
    set_conditions(made, field_limit=0.2 * float(card.switching.field_limit))
    assert not torch.allclose(made(x), digital(x), atol=1e-3)


def test_files_from_before_load_as_chips_without_the_new_sources(card: DeviceCard) -> None:
    new = MTJNeuron(card, 8, chip_seed=3)
    old = {
        name: values
        for name, values in new.state_dict().items()
        if name.rpartition(".")[2] not in
        ("drift_rate", "limit_factor", "stuck", "temperature_shift", "temperature", "age")
    }  # fmt: skip
    other = ideal(card, 8, NOTHING.scaled(stuck_high=1.0, offset_drift=3.0), seed=4)
    other.load_state_dict(old, strict=True)
    for name, values in new.state_dict().items():
        assert torch.equal(values, other.state_dict()[name])


# Refusals


def test_wrong_units_and_fractions_are_refused(card: DeviceCard) -> None:
    with pytest.raises(SmtjError, match="offset_spread has the unit ''; its scale must be in A/m"):
        Variability(offset_spread=Source(normal, 1.0))
    with pytest.raises(SmtjError, match="together at most 1"):
        Variability(stuck_high=0.6, stuck_low=0.6)
    with pytest.raises(SmtjError, match="magnetic_noise is -1; it must be 0 A/m or more"):
        Variability(magnetic_noise=-1.0)
    with pytest.raises(SmtjError, match="there is no source 'slope'; choose from slope_spread, "):
        NOTHING.scaled(slope=0.1)
    with pytest.raises(CardError, match=r"variability\.stuck_high \(60 %\).*more than 100 %"):
        card.replace({"variability.stuck_high": 0.6, "variability.stuck_low": 0.6})


def test_a_bias_with_torque_and_heat_moves_the_midpoint_of_every_device():
    card = load_card("funatsu2022").replace(
        {"spin_torque.polarisation": 0.1, "thermal.thermal_resistance": "1 K/uW"}
    )
    layer = MTJNeuron(card, 3, chip_seed=None, bias_voltage=0.002)
    point = card.at(voltage=0.002)
    assert float(point.offset_field) > 20
    torch.testing.assert_close(layer.offset_field, torch.full((3,), float(point.offset_field)))
    torch.testing.assert_close(layer.slope, torch.full((3,), float(point.slope)))

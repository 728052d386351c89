"""Neurons driven by the voltage across their own junction."""

import numpy as np
import pytest
import torch
from torch import nn

import smtj
from closeness import close_to
from smtj import load_card
from smtj.card import as_device
from smtj.errors import SmtjError
from smtj.nn import (
    DigitalReads,
    MTJNeuron,
    convert,
    set_conditions,
    train,
    voltage_coupling,
)
from smtj.nn.training.network import NetworkSettings, build_network, load_network, save_network
from smtj.physics import voltage_response as response_table
from smtj.physics.voltage_response import voltage_response
from smtj.units import Oe, mV

TORQUE = load_card("funatsu2022").replace({"spin_torque.polarisation": 0.6})
VCMA = load_card("cai2019")
IDEAL = {"reads": "expected", "noise": False, "chip_seed": None}


def odds(point):
    high, low = point.log_dwell_times()
    return np.asarray(high - low)


def test_a_torque_along_the_normal_makes_a_sigmoid_of_a_millivolt():
    coupling = voltage_coupling(TORQUE, 5)
    layer = MTJNeuron(TORQUE, 5, coupling=coupling, **IDEAL)
    x = torch.linspace(-5, 5, 5)[None]
    np.testing.assert_allclose(layer(x), torch.sigmoid(x), atol=2e-3)
    volts = coupling.drive(x)[0].numpy()
    assert np.abs(volts).max() < 5 * mV
    expected = 1 / (1 + np.exp(-odds(TORQUE.at(voltage=volts.astype(float)))))
    np.testing.assert_allclose(layer(x)[0], expected, atol=1e-4)


def test_vcma_in_a_field_answers_as_the_card_whatever_the_shape():
    """P(V) = 1/(1 + exp[-w(V) (H - H_s)]), with its gradient."""
    field = 30 * Oe
    coupling = voltage_coupling(VCMA, 1, field=field)
    layer = MTJNeuron(VCMA, 1, coupling=coupling, **IDEAL).double()
    assert voltage_response(VCMA, field).centre == 0.0  # it is one half nowhere
    x = torch.linspace(-0.9, 0.9, 7, dtype=torch.float64)[:, None].requires_grad_()
    found = layer(x)
    volts = coupling.drive(x.detach())[:, 0].numpy()
    assert np.ptp(volts) > 0.1
    expected = VCMA.at(voltage=volts, field=field).switching_probability()
    np.testing.assert_allclose(found.detach()[:, 0], expected, atol=1e-6)
    (gradient,) = torch.autograd.grad(found.sum(), x)
    step = 1e-4
    apart = layer(x.detach() + step) - layer(x.detach() - step)
    np.testing.assert_allclose(gradient, apart / (2 * step), rtol=2e-3)


def test_the_range_ends_where_p_of_v_turns():
    """H_K1 - 34 mT/V V - 170 mT/V² V² is largest at -0.1 V."""
    card = VCMA.replace({"vcma.anisotropy_field_per_volt_squared": "170 mT/V^2"})
    turning = voltage_response(card, 30 * Oe)
    assert (turning.low, turning.high) == close_to((-0.1, 0.2), abs=1e-3)
    assert np.all(np.diff(turning.log_odds) < 0)
    whole = voltage_response(card, 30 * Oe, monotonic=False)
    assert (whole.low, whole.high) == close_to((-0.2, 0.2))
    expected = odds(card.at(voltage=0.15, field=30 * Oe))
    volts = np.linspace(turning.low, turning.high, len(turning.log_odds))
    assert float(np.interp(0.15, volts, turning.log_odds)) == close_to(expected, abs=1e-3)


def test_the_voltage_stays_within_the_card_s_limit():
    coupling = voltage_coupling(VCMA, 1, field=30 * Oe)
    volts = coupling.drive(torch.tensor([[-1e3], [1e3]]))
    assert sorted(volts.flatten().tolist()) == close_to([-0.2, 0.2])
    layer = MTJNeuron(VCMA, 1, coupling=coupling, **IDEAL)
    assert torch.isfinite(layer(torch.tensor([[-1e3], [1e3]]))).all()


def test_where_both_states_are_as_likely_vcma_drives_nothing():
    centre = float(VCMA.at().offset_field)
    with pytest.raises(SmtjError, match="so it cannot drive a neuron; give another field"):
        voltage_coupling(VCMA, 3, field=centre)


def test_a_bias_voltage_besides_is_refused():
    for options in ({"bias_voltage": 0.001}, {"adaptive": "layer"}):
        with pytest.raises(SmtjError, match="has no bias voltage besides"):
            MTJNeuron(TORQUE, 2, coupling=voltage_coupling(TORQUE, 2), **options)
    layer = MTJNeuron(TORQUE, 2, coupling=voltage_coupling(TORQUE, 2))
    with pytest.raises(SmtjError, match="has no bias voltage besides"):
        set_conditions(layer, bias_voltage=0.001)
    assert float(layer.bias_voltage) == 0


def test_the_response_follows_the_temperature():
    coupling = voltage_coupling(TORQUE, 1)
    layer = MTJNeuron(TORQUE, 1, coupling=coupling, **IDEAL)
    set_conditions(layer, temperature=360.0)
    volts = float(coupling.drive(torch.tensor([[2.0]])))
    expected = odds(TORQUE.at(voltage=volts, temperature=360.0))
    assert float(torch.logit(layer(torch.tensor([[2.0]])))) == close_to(expected, abs=5e-3)


def test_devices_differ_as_they_do_under_a_field():
    """An offset of H_s moves ln odds by w times itself, a slope's factor multiplies them."""
    coupling = voltage_coupling(TORQUE, 1)
    layer = MTJNeuron(TORQUE, 1, coupling=coupling, **IDEAL)
    layer.offset_shift.fill_(100.0)
    layer.slope_factor.fill_(1.1)
    layer.set_bias()
    found = torch.logit(layer(torch.tensor([[1.0]])))
    w = float(TORQUE.at().slope)
    assert float(found) == close_to(1.1 * (1.0 - w * 100.0), abs=5e-3)


def test_the_power_is_that_of_the_current_in_both_states():
    coupling = voltage_coupling(TORQUE, 2)
    x = torch.tensor([[0.0, 3.0]])
    volts = coupling.drive(x)[0, 1].item()
    states = TORQUE.at(voltage=volts).resistances()
    p = torch.sigmoid(torch.tensor(3.0)).item()
    expected = 1.2 * abs(volts) * (p / float(states.high) + (1 - p) / float(states.low))
    assert coupling.power(x).tolist() == close_to([0.0, expected], rel=0.05, abs=1e-13)


@pytest.mark.parametrize("streaming", [False, True])
def test_correlated_reads_have_the_relaxation_time_at_their_own_voltage(streaming):
    """VCMA changes τ by far more than the field does that has the same log-odds."""
    torch.manual_seed(0)
    field, devices = 0.0, 40_000
    coupling = voltage_coupling(VCMA, devices, field=field)
    x = torch.full((2, devices), -0.2)
    volts = coupling.drive(x)[0, 0].item()
    point = VCMA.at(voltage=volts, field=field)
    tau = float(np.exp(point.log_relaxation_time()))
    by_field = float(np.exp(VCMA.at(field=field).log_relaxation_time()))
    assert abs(np.log(tau / by_field)) > 0.3
    scheme = DigitalReads(interval=tau, integration_time=0.0, streaming=streaming)
    options = {**IDEAL, "reads": 1 if streaming else 2, "scheme": scheme}
    answers = MTJNeuron(VCMA, devices, coupling=coupling, **options)(x)
    p = float(point.switching_probability())
    assert float(answers.mean()) == close_to(p, abs=0.02)
    # Either two reads of an evaluation, or one of each of two that follow each other.
    mean = answers.mean(dim=0) if streaming else answers[0]
    found = float(mean.var()) / (p * (1 - p) / 2) - 1
    assert found == close_to(np.exp(-1), abs=0.05)


def test_a_model_is_converted_to_it():
    digital = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    model = convert(digital, TORQUE, torch.rand(2, 4), coupling=voltage_coupling, **IDEAL)
    x = torch.rand(6, 4)
    torch.testing.assert_close(model(x), digital(x), atol=0.02, rtol=0)


def test_a_saved_network_is_loaded(tmp_path):
    settings = NetworkSettings((4, 3, 2), drive="voltage")
    network = build_network(settings, TORQUE, seed=0)
    loaded, again, _ = load_network(save_network(tmp_path / "x.pt", network, settings, TORQUE))
    assert again == settings
    assert torch.equal(loaded[1].coupling.coefficients, network[1].coupling.coefficients)


@pytest.mark.slow
def test_a_network_trains():
    run = train("digits", TORQUE, hidden=24, epochs=3, drive="voltage", schedule="constant")
    assert run.accuracy > 0.8
    assert "driven by voltage" in run.experiment.title()


@pytest.mark.parametrize("name", ["cai2019", "reiss2019"])
def test_a_voltage_that_hardly_moves_p_trains_nothing(name):
    """VCMA at no field, and a torque at a field without high states."""
    card = load_card(name).replace(
        {} if name == "cai2019" else {"spin_torque.polarisation": 0.6, "vcma.coefficient": 0.0}
    )
    with pytest.raises(SmtjError, match="hardly learn; give another constant field"):
        train("digits", card, hidden=8, epochs=1, drive="voltage")


def test_a_constant_field_takes_the_device_to_where_a_voltage_drives_it():
    card = load_card("reiss2019").replace({"spin_torque.polarisation": 0.6})
    settings = NetworkSettings((4, 3, 2), drive="voltage", drive_field=170 * Oe)
    network = build_network(settings, card, seed=0)
    volts = network[-1].coupling.drive(torch.zeros(1, 2)).detach().numpy().astype(float)
    found = card.at(voltage=volts, field=170 * Oe).switching_probability()
    np.testing.assert_allclose(found, 0.5, atol=1e-3)
    assert smtj.energy.workload(network).drive_field == close_to(170 * Oe)
    with pytest.raises(SmtjError, match="leave it out"):
        NetworkSettings((4, 3, 2), drive_field=170 * Oe)


@pytest.mark.parametrize(
    ("slope", "parts"), [(30.0, [1 / 64, 1]), (420.0, [1 / 64, 1 / 16, 1 / 4])]
)
def test_a_range_is_sought_in_steps_that_matter(monkeypatch, slope, parts):
    """ln odds of slope V: a small part of the range says where the next one may saturate."""
    card, tried = as_device("funatsu2022"), []

    def straight(card, volts, field, temperature):
        tried.append(volts[1])
        return slope * volts, 0 * volts

    monkeypatch.setattr(response_table, "_log_odds_and_rate", straight)
    limit = card.voltage_limit
    assert response_table._reach(card, 0.0, 300.0)[1] == parts[-1] * limit
    assert [volts / limit for volts in tried] == close_to(parts)

"""Couplings through a wire and through strain."""

import numpy as np
import pytest
import torch

from closeness import close_to
from smtj import DeviceCard, operating_point
from smtj.energy import Assumptions, Workload, cost
from smtj.energy.parts import Reach, film, strain_energy, wire
from smtj.errors import SmtjError
from smtj.nn import (
    DrivenCoupling,
    MTJNeuron,
    calibrated,
    set_conditions,
    strain_coupling,
    tilt_coupling,
    wire_coupling,
)
from smtj.physics.coupling.oersted import OerstedWire
from smtj.physics.coupling.strain import Ferroelectric


def ideal(card: DeviceCard, coupling: torch.nn.Module, features: int = 3) -> MTJNeuron:
    return MTJNeuron(
        card, features, coupling=coupling, reads="expected", noise=False, chip_seed=None
    ).eval()


def test_a_wire_with_a_strong_driver_is_the_abstract_coupling(card: DeviceCard) -> None:
    strong = OerstedWire(largest_current=1.0)
    x = torch.linspace(-4, 4, 9)[:, None].repeat(1, 3)
    outputs = ideal(card, wire_coupling(card, 3, strong))(x)
    np.testing.assert_allclose(outputs, torch.sigmoid(x), atol=1e-6)


def test_a_weak_driver_limits_the_field(card: DeviceCard) -> None:
    wire = OerstedWire(largest_current=1e-3)
    coupling = wire_coupling(card, 3, wire)
    point, reach = operating_point(card), 1e-3 * wire.field_per_drive
    outputs = ideal(card, coupling)(torch.tensor([[-50.0] * 3, [50.0] * 3]))
    ends = [float(point.switching_probability(field)) for field in (-reach, reach)]
    np.testing.assert_allclose(outputs[:, 0], ends, rtol=1e-5)
    np.testing.assert_allclose(coupling.drive(torch.full((1, 3), 50.0)), 1e-3, rtol=1e-6)


def test_a_static_field_moves_the_range(card: DeviceCard) -> None:
    point, wire = operating_point(card), OerstedWire(largest_current=1e-3)
    middle = float(point.offset_field)
    outputs = ideal(card, wire_coupling(card, 3, wire, static_field=middle))(
        torch.tensor([[-50.0] * 3, [0.0] * 3, [50.0] * 3])
    )[:, 0]
    assert outputs[1] == close_to(0.5, abs=1e-6)
    assert outputs[0] + outputs[2] == close_to(1, abs=1e-6)


def test_the_current_per_unit_decides_the_slope_and_the_power(card: DeviceCard) -> None:
    wire = OerstedWire()
    coupling = wire_coupling(card, 2, wire, current_per_unit=1e-4, static_field=-1000.0)
    x = torch.tensor([[0.0, 1.0], [1.0, 2.0]])
    base = (float(operating_point(card).offset_field) + 1000.0) / wire.field_per_drive
    drive = base + 1e-4 * x.double()
    np.testing.assert_allclose(coupling.drive(x), drive, rtol=1e-4)
    np.testing.assert_allclose(coupling.power(x), 1.2 * drive.abs().mean(0), rtol=1e-4)


def test_a_field_limit_can_be_set_on_a_driven_layer(card: DeviceCard) -> None:
    neuron = ideal(card, wire_coupling(card, 3))
    set_conditions(neuron, field_limit=0.0)
    at_rest = operating_point(card).switching_probability(0.0)
    np.testing.assert_allclose(neuron(torch.randn(2, 3)), float(at_rest), rtol=1e-5)


def test_a_driver_carries_a_calibrated_map(card: DeviceCard) -> None:
    wire = OerstedWire()
    coupling = DrivenCoupling(calibrated(card, 4), wire, wire.field_per_drive)
    neuron = MTJNeuron(card, 4, coupling=coupling)
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    assert neuron(x).shape == (50, 4)
    assert coupling.map.mean.abs().max() > 0
    assert (coupling.drive(x).abs() <= wire.largest_drive * (1 + 1e-6)).all()


def test_strain_as_a_field_reaches_further_than_strain_as_a_tilt(card: DeviceCard) -> None:
    field, tilt = strain_coupling(card, 2), tilt_coupling(card, 2)
    assert field.reach > 10 * tilt.reach
    film = Ferroelectric()
    # H_in tan(9°) K_me/K_eff with K_eff = μ0 H_K1 M_s/2.
    k_me, k_eff = 1.5 * 30e-6 * 160e9 * 8.2e-4 * film.largest_voltage, 0.056 * 1.18e6 / 2
    expected = 8.76e-3 / (4e-7 * np.pi) * np.tan(np.radians(9)) * k_me / k_eff
    assert tilt.reach == close_to(expected, rel=2e-3)
    assert float(tilt.drive(torch.zeros(1, 2)).abs().max()) < 1e-6


def test_couplings_and_costs_assume_the_same_wire_and_film(card: DeviceCard) -> None:
    table = Assumptions()
    strain = strain_coupling(card, 2)
    assert wire(table) == OerstedWire() and film(table) == Ferroelectric()
    assert strain.field_per_drive == close_to(float(table.strain_field_per_volt), rel=2e-3)
    joules = float(strain.driver.power(torch.tensor(0.5), 1.0))
    assert joules == close_to(
        strain_energy(table, Reach(0.5 * strain.field_per_drive, 0.0)), rel=2e-3
    )


def test_a_neuron_and_a_cost_give_one_power_for_wire_and_film(card: DeviceCard) -> None:
    """Inputs of a spread of 3 as they come, against the formula for normal fields."""
    x = 3 * torch.randn(20_000, 1, generator=torch.Generator().manual_seed(3))
    work = Workload((1,), 0, log_odds_spread=3.0)
    price = cost(work, card)
    far = OerstedWire(largest_current=1.0)
    watts = float(wire_coupling(card, 1, far).power(x))
    assert watts * float(price.latency) == close_to(float(price.wire), rel=0.02)
    film = strain_coupling(card, 1, Ferroelectric(largest_voltage=10.0))
    assert float(film.power(x, 1.0)) == close_to(float(price.strain), rel=0.02)


def test_without_a_tilt_strain_favours_no_state(card: DeviceCard) -> None:
    upright = card.replace({"magnetism.easy_axis_tilt": "0 deg"})
    with pytest.raises(SmtjError, match="favours neither state"):
        tilt_coupling(upright, 2)

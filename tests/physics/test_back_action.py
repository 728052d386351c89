"""What reading does to a device, and what there is to read."""

import math

import numpy as np
import pytest
from spherical_harmonics import log_times

from closeness import close_to
from smtj import load_card
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.device import vcma_point
from smtj.physics.dwell import card_log_dwell_times, state_temperatures
from smtj.physics.free_layer import macrospin, reference_direction
from smtj.physics.junction import card_wells, state_resistances, with_stray_field
from smtj.physics.magnetics.equilibrium import reduced_energy
from smtj.physics.magnetics.frame import frame
from smtj.physics.readout.back_action import (
    back_action,
    critical_voltages,
    log_dwell_times_under_bias,
    voltage_limit,
)
from smtj.physics.readout.signal import read_signal
from smtj.physics.torque.fields import torque_fields


@pytest.fixture(scope="module")
def with_torque(card):
    return card.replace({"spin_torque.polarisation": "0.6"})


def test_the_signal_is_that_of_the_wells_and_not_the_tmr(card):
    signal = read_signal(card, np.array([1e-3, 0.2]))
    assert signal.contrast[0] < 0.15 < float(card.electrical.tmr)
    # G is linear in cos θ, and the reference lies along -x.
    wells = card_wells(card, 0.0, 0.0, float(vcma_point(card).offset_field))
    change = abs(wells.up[0] - wells.down[0])
    assert change == close_to(0.31, abs=0.03)
    g_p, tmr = 1e-3, float(card.electrical.tmr)
    expected = 1e-3 * g_p * (1 - 1 / (1 + tmr)) / 2 * change
    assert signal.difference[0] == close_to(expected, rel=2e-3)
    # The TMR falls with bias.
    assert signal.contrast[1] < signal.contrast[0]


def test_the_power_is_weighted_by_the_states(card):
    signal = read_signal(card, 0.01)
    assert float(signal.power(1.0)) == close_to(1e-4 / float(signal.high))
    assert float(signal.power(0.0)) == close_to(1e-4 / float(signal.low))


def test_vcma_alone_changes_the_slope_by_what_eq_5_says(card):
    action = back_action(card, np.array([0.0, 0.05]))
    assert action.shift[0] == 0 and action.dwell_ratio[0] == 1
    slope, rest = (float(vcma_point(card, v).slope) for v in (0.05, 0.0))
    x = np.linspace(-8, 8, 4001)
    expected = np.abs(1 / (1 + np.exp(-x * slope / rest)) - 1 / (1 + np.exp(-x))).max()
    assert action.shift[1] == close_to(expected, rel=1e-2)


def test_a_voltage_that_is_seldom_on_disturbs_less(card):
    shifts = back_action(card, 0.1, np.array([0.0, 0.01, 0.1, 1.0])).shift
    assert shifts[0] == close_to(0, abs=1e-12)
    assert np.all(np.diff(shifts) > 0)


def test_the_limit_is_where_the_shift_reaches_its_tolerance(card):
    limit = voltage_limit(card, 0.01)
    assert back_action(card, limit).shift <= 0.01 < back_action(card, 1.04 * limit).shift
    assert voltage_limit(card, 0.5) == float(card.switching.voltage_limit)
    assert voltage_limit(card, 0.01, duty=0.05) > limit


def test_without_a_section_there_is_no_spin_torque(card):
    assert critical_voltages(card) == (math.inf, math.inf)


def change_in_harmonics(card, field, voltage):
    """Change of ln τ_high in a field along the normal, from spherical harmonics."""
    spin, own = macrospin(card, voltage), macrospin(card)
    axes = frame(spin)
    x, z = with_stray_field(card, 0.0, field, voltage)
    energy = reduced_energy(spin, x, 0.0, z)
    per_field = float(own.moment) * VACUUM_PERMEABILITY / (BOLTZMANN * 300.0)
    pull = torque_fields(card).damping_like * voltage * per_field
    torque = [
        pull * sum(float(a) * b for a, b in zip(axis, reference_direction(card), strict=True))
        for axis in axes[:3]
    ]
    h = (float(energy.across), 0.0, float(energy.along))
    k = (0.0, 0.0, float(energy.first))
    alpha = float(card.magnetism.damping)
    pushed = log_times(h, k, torque, alpha, 60)
    return float((pushed - log_times(h, k, (0.0, 0.0, 0.0), alpha, 60))[0])


@pytest.mark.proof
def test_spin_torque_favours_the_well_it_pulls_to(card, with_torque):
    high, low = critical_voltages(with_torque)
    # A positive voltage pulls towards the reference layer, away from the high state.
    assert high < 0 and abs(high) < abs(low)
    offset = float(vcma_point(card).offset_field)
    plain, _ = log_dwell_times_under_bias(card, offset, 0.02)
    pulled, _ = log_dwell_times_under_bias(with_torque, offset, 0.02)
    expected = change_in_harmonics(with_torque, offset, 0.02)
    assert float(pulled - plain) == close_to(expected, rel=0.01)
    # Δ (1 + V/V_c) takes the bottom of the well for all of it.
    delta = float(plain - math.log(card.thermal.attempt_time))
    assert expected < 1.4 * delta * 0.02 / high < 0
    assert voltage_limit(with_torque, 0.01) == close_to(0.75e-3, rel=0.03)


def test_along_the_normal_a_torque_is_a_field_and_twice_the_compact_law():
    """ln odds of a device in the normal change by w h_DL V/α; Δ (1 + V/V_c) has half of that."""
    card = load_card("funatsu2022")
    with_torque = card.replace({"spin_torque.polarisation": 0.6})
    volts = 0.002
    high, low = log_dwell_times_under_bias(with_torque, 0.0, volts)
    pull = torque_fields(with_torque).damping_like * volts / float(card.magnetism.damping)
    # The reference layer lies along -z.
    shifted = vcma_point(card).slope * -pull
    assert float(high - low) == close_to(float(shifted), rel=2e-3)
    v_c, _ = critical_voltages(with_torque)
    delta = float(vcma_point(card).stability_factor)
    assert float(high - low) == close_to(2 * 2 * delta * volts / v_c, rel=0.06)


def test_heat_shortens_both_dwell_times():
    """By Δ and T alone, as nothing else depends on T without a Curie temperature."""
    card = load_card("cai2019")
    heated = card.replace({"thermal.thermal_resistance": "20 K/mW"})
    offset, volts = float(vcma_point(card).offset_field), 0.1
    fields = (0.0, 0.0, offset)
    found = state_temperatures(heated, *fields, volts)
    states = state_resistances(card, *fields, volts)
    assert float(found[0]) == close_to(300 + 2e4 * volts**2 / float(states.high))
    assert found[1] > found[0] > 300
    hot = card_log_dwell_times(heated, *fields, volts)
    for state, kelvin in enumerate(found):
        expected = card_log_dwell_times(card, *fields, volts, float(kelvin))[state]
        assert float(hot[state]) == close_to(float(expected), rel=1e-12)


def test_the_even_part_of_vcma_acts_alike_at_both_signs(card):
    even = card.replace({"vcma.anisotropy_field_per_volt_squared": "50 mT/V^2"})
    both = vcma_point(even, np.array([-0.2, 0.2])).energy_density
    plain = vcma_point(card, np.array([-0.2, 0.2])).energy_density
    lost = 0.5 * float(card.magnetism.saturation_magnetisation) * 0.05 * 0.04
    np.testing.assert_allclose(plain - both, lost, rtol=1e-9)


def test_a_torque_that_outweighs_the_barrier_leaves_both_states_to_be_read():
    """R_P, and R_P [1 + TMR/(1 + (V/V_half)²)], of states along and against the reference."""
    card = load_card("funatsu2022").replace({"spin_torque.polarisation": 0.6})
    assert 3 * abs(critical_voltages(card)[0]) < 0.2
    signal = read_signal(card, 0.2)
    r_p = card.electrical.resistance_area_product / (math.pi / 4 * card.geometry.length**2)
    tmr = card.electrical.tmr / (1 + (0.2 / card.electrical.tmr_half_voltage) ** 2)
    assert float(signal.low) == close_to(r_p, rel=1e-9)
    assert float(signal.high) == close_to(r_p * (1 + tmr), rel=1e-9)

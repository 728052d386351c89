"""Dwell times of a card by exact escape rates, alone, along sweeps, and in the laboratory."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj.card import load_card
from smtj.errors import CardError
from smtj.lab.readings import two_states
from smtj.physics.device import log_dwell_times_in_field, vcma_point
from smtj.physics.dwell import card_log_dwell_times, exact_log_dwell_times
from smtj.physics.escape import sweep
from smtj.physics.escape.relaxation import log_dwell_times
from smtj.physics.free_layer import macrospin
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights
from smtj.units import Oe

CARD = load_card("cai2019").replace({"magnetism.damping": 0.1})
UPRIGHT = CARD.replace({"magnetism.easy_axis_tilt": 0.0, "magnetism.in_plane_bias_field": 0.0})
EXACT = CARD.replace({"switching.dwell_times": "exact"})


def test_a_card_gives_the_dwell_times_of_its_macrospin():
    field, voltage = 30 * Oe, 0.1
    expected = log_dwell_times(macrospin(CARD, voltage), 100.0, 50.0, field, 0.1)
    found = exact_log_dwell_times(CARD, 100.0, 50.0, field, voltage)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.proof
def test_a_sweep_is_interpolated_to_its_tolerance(monkeypatch):
    # A damping of its own, so that no rate is cached yet.
    card, damping = CARD.replace({"magnetism.damping": 0.11}), 0.11
    field = np.linspace(-80, 80, 161) * Oe
    solved = []
    solve = sweep.log_rate_on_sphere
    monkeypatch.setattr(
        sweep, "log_rate_on_sphere", lambda *given: solved.append(given) or solve(*given)
    )
    high, low = exact_log_dwell_times(card, 0.0, 0.0, field)
    assert len(solved) <= 17
    for place in (3, 77, 124):
        expected = log_dwell_times(macrospin(card), 0.0, 0.0, field[place], damping)
        np.testing.assert_allclose((high[place], low[place]), expected, atol=2e-5)
    weights = log_weights(macrospin(card), field)
    np.testing.assert_allclose(high - low, weights[0] - weights[1], atol=1e-9)
    before = len(solved)
    exact_log_dwell_times(card, 0.0, 0.0, field[::-1].reshape(7, 23))
    assert len(solved) == before


@pytest.mark.proof
def test_a_sweep_of_voltage_follows_the_barrier():
    voltage = np.linspace(-0.2, 0.2, 21)
    field = vcma_point(CARD).offset_field
    high, low = exact_log_dwell_times(CARD, 0.0, 0.0, field, voltage)
    np.testing.assert_allclose(high, low, atol=1e-9)
    law, _ = log_dwell_times_in_field(CARD, 0.0, 0.0, field, voltage)
    assert np.all(np.diff(high) < 0)
    # τ0 = 1 ns is within a factor of four of the macrospin's own prefactor.
    assert abs(high - law).max() < math.log(4)
    one = log_dwell_times(macrospin(CARD, 0.07), 0.0, 0.0, field, 0.1)[0]
    assert np.interp(0.07, voltage, high) == close_to(float(one), abs=5e-3)


def test_an_upright_card_is_a_quadrature():
    field = np.linspace(-400, 400, 41) * Oe
    found = exact_log_dwell_times(UPRIGHT, 0.0, 0.0, field)
    expected = log_dwell_times(macrospin(UPRIGHT), 0.0, 0.0, field, 0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.proof
def test_times_go_on_where_a_well_is_gone():
    """The relaxation is held there and the weights share it out; nothing jumps."""
    field = np.linspace(-500, -150, 36) * Oe
    card = CARD.replace({"magnetism.damping": 0.5})
    high, low = exact_log_dwell_times(card, 0.0, 0.0, field)
    assert np.all(np.isfinite(high)) and np.all(np.isfinite(low))
    assert abs(np.diff(high)).max() < 1.2
    assert np.all(np.diff(low) < 0)
    up, down = log_weights(macrospin(CARD), field)
    np.testing.assert_allclose(high - low, up - down, atol=1e-9)


def test_more_damping_switches_sooner_up_to_a_point():
    times = [
        float(exact_log_dwell_times(CARD.replace({"magnetism.damping": a}), 0.0, 0.0, 0.0)[0])
        for a in (0.05, 0.2, 1.0)
    ]
    assert times[0] > times[1]
    assert times[2] > times[1] - 0.5


def test_turning_the_reference_layer_swaps_the_names():
    turned = CARD.replace({"magnetism.reference_layer_angle": 0.0})
    high, low = exact_log_dwell_times(CARD, 0.0, 0.0, 500.0)
    assert exact_log_dwell_times(turned, 0.0, 0.0, 500.0) == (low, high)


def test_an_offset_field_of_the_card_moves_the_midpoint():
    moved = CARD.replace({"switching.offset_field": "12 Oe"})
    high, low = exact_log_dwell_times(moved, 0.0, 0.0, 12 * Oe)
    assert high == close_to(float(low), abs=1e-9)


def test_the_card_chooses_the_law():
    given = (0.0, 0.0, 300.0, 0.05)
    assert CARD.switching.dwell_times == "neel-brown"
    np.testing.assert_array_equal(
        card_log_dwell_times(CARD, *given), log_dwell_times_in_field(CARD, *given)
    )
    np.testing.assert_array_equal(
        card_log_dwell_times(EXACT, *given), exact_log_dwell_times(EXACT, *given)
    )
    with pytest.raises(CardError, match=r"switching\.dwell_times"):
        CARD.replace({"switching.dwell_times": "arrhenius"})


def test_the_laboratory_switches_by_the_law_of_the_card():
    setting = np.array([[0.0, 300.0, 0.05, 300.0], [0.0, 300.0, 0.1, 300.0]])
    for card in (CARD, EXACT):
        *_, high, low = two_states(card, "voltage", setting)
        expected = card_log_dwell_times(card, 0.0, 0.0, 300.0, np.array([0.05, 0.1]))
        np.testing.assert_allclose((high, low), expected, rtol=1e-12)
    # They are two laws indeed.
    law, exact = (two_states(card, "voltage", setting)[3] for card in (CARD, EXACT))
    assert np.all(abs(exact - law) > 0.1)


def test_points_off_a_line_are_solved_one_by_one():
    rng = np.random.default_rng(3)
    low, high = [-1, 2, 0, 30, 0, 0, 0, 0], [1, 3, 1, 31, 0, 0, 0, 2]
    energy = ReducedEnergy(*rng.uniform(low, high, (10, 8)).T)
    found = sweep.log_rates(energy, 0.3)
    one = ReducedEnergy(*(entry[4:5] for entry in energy))
    assert found[4] == sweep.log_rates(one, 0.3)[0]

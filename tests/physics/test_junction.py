"""The two states of a card: their resistances, labels, and bias that moves the wells."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from closeness import close_to
from smtj.card import load_card
from smtj.errors import SmtjError
from smtj.physics.device import log_dwell_times_in_field, vcma_point
from smtj.physics.free_layer import stray_field
from smtj.physics.junction import (
    card_wells,
    parallel_resistance,
    state_resistances,
    state_resistances_at_current,
)
from smtj.units import Oe

CARD = load_card("cai2019")
MICROAMPERE = 1e-6


def turned(card, degrees, polar=90.0):
    """The card with its reference layer in another direction."""
    return card.replace(
        {
            "magnetism.reference_layer_angle": math.radians(degrees),
            "magnetism.reference_layer_polar_angle": math.radians(polar),
        }
    )


def angle(well):
    """From z towards +x, in degrees."""
    return np.degrees(np.arctan2(well[..., 0], well[..., 2])) % 360


def test_wells_of_the_paper_s_device():
    """Near 18° and 180°, and so far from the full change of resistance."""
    wells = card_wells(CARD, 0.0, 0.0, 0.0)
    assert angle(wells.up) == close_to(17.67, abs=0.01)
    assert angle(wells.down) == close_to(179.88, abs=0.01)
    assert wells.up[0] - wells.down[0] == close_to(0.31, abs=0.01)
    states = state_resistances(CARD, 0.0, 0.0, 0.0, 1e-3)
    # By hand: R_P = 1 kohm, TMR = 80 %, reference along -x, bias negligible.
    for found, degrees in ((states.high, 17.6716), (states.low, 179.8843)):
        cosine = -math.sin(math.radians(degrees))
        by_hand = 1 / ((1 + 1 / 1.8) / 2 + (1 - 1 / 1.8) / 2 * cosine) * 1e3
        assert found == close_to(by_hand, rel=5e-5)
    assert states.high / states.low == close_to(1.094, abs=1e-3)
    assert states.voltage_high == states.voltage_low == 1e-3


@pytest.mark.parametrize(
    ("degrees", "polar", "up_is_high"),
    [(180, 90, True), (0, 90, False), (0, 0, False), (0, 180, True), (170, 70, False)],
)
@pytest.mark.parametrize("model", ["cai2019", "self-consistent"])
def test_high_is_the_state_of_higher_resistance_and_switching_agrees(
    degrees, polar, up_is_high, model
):
    card = turned(CARD, degrees, polar).replace({"switching.model": model})
    states = state_resistances(card, 0.0, 0.0, 0.0, 1e-3)
    assert states.high > states.low
    wells = card_wells(card, 0.0, 0.0, 0.0, 1e-3)
    p = np.array(
        [
            math.sin(math.radians(polar)) * math.cos(math.radians(degrees)),
            math.sin(math.radians(polar)) * math.sin(math.radians(degrees)),
            math.cos(math.radians(polar)),
        ]
    )
    assert (wells.up @ p < wells.down @ p) == up_is_high
    # The high state is the one that a field along its well fills.
    sign = 1 if up_is_high else -1
    assert np.sign(vcma_point(card).slope) == sign
    high, low = log_dwell_times_in_field(card, 0.0, 0.0, sign * 100 * Oe)
    assert high > low


def test_a_perpendicular_reference_gives_nearly_the_full_change():
    card = turned(CARD, 0.0, 0.0).replace({"magnetism.easy_axis_tilt": 0.0})
    states = state_resistances(card, -card.magnetism.in_plane_bias_field, 0.0, 0.0, 0.0)
    assert states.low == close_to(1000, rel=1e-12)
    assert states.high == close_to(1800, rel=1e-12)


def test_a_turned_reference_turns_resistance_against_field():
    field = np.linspace(-650, 650, 14) * Oe
    one = state_resistances(CARD, field, 0.0, 0.0, 1e-3)
    other = state_resistances(turned(CARD, 0.0), field, 0.0, 0.0, 1e-3)
    assert one.high.shape == (14,)
    # The same wells with the other name, and 1/R mirrored about its mean.
    middle = 0.5e-3 * (1 + 1 / (1 + 0.8 / (1 + (1e-3 / 0.5) ** 2)))
    np.testing.assert_allclose(1 / one.high - middle, middle - 1 / other.low, atol=1e-15)
    np.testing.assert_allclose(1 / one.low - middle, middle - 1 / other.high, atol=1e-15)


def test_resistance_rises_gradually_with_the_in_plane_field():
    """Fig. 1(b): from the low to the high state over ±650 Oe, along the deeper well."""
    field = np.arange(-650, 651, 10) * Oe
    states = state_resistances_at_current(CARD, field, 0.0, 0.0, 10 * MICROAMPERE)
    wells = card_wells(CARD, field, 0.0, 0.0, 0.01)
    on_top = (wells.global_minimum == wells.up).all(axis=-1)
    curve = np.where(on_top, states.high, states.low)
    assert (np.diff(curve) > 0).all()
    assert curve[0] == close_to(1000, rel=0.03)
    assert curve[-1] == close_to(1800, rel=0.03)
    assert states.high[0] == states.low[0]
    assert states.high[-1] == states.low[-1]


def test_constant_current_is_constant_voltage_at_the_voltage_it_makes():
    field = np.array([-100.0, 0.0, 150.0]) * Oe
    current = np.array([[-150.0], [10.0], [150.0]]) * MICROAMPERE
    at_current = state_resistances_at_current(CARD, field, 0.0, 20.0, current)
    for name in ("high", "low"):
        ohm, volt = getattr(at_current, name), getattr(at_current, f"voltage_{name}")
        assert ohm.shape == (3, 3)
        np.testing.assert_allclose(volt, ohm * current, rtol=1e-12)
        at_voltage = state_resistances(CARD, field, 0.0, 20.0, volt)
        np.testing.assert_allclose(getattr(at_voltage, name), ohm, rtol=1e-9)
    # By another route: one root of I = V/R(V) for one state.
    voltage = brentq(
        lambda v: v / float(state_resistances(CARD, field[2], 0.0, 20.0, v).high) - 150e-6,
        0.1,
        0.3,
        xtol=1e-14,
    )
    assert at_current.voltage_high[2, 2] == close_to(voltage, rel=1e-9)
    # Two signs of current are two anisotropies.
    assert abs(at_current.high[0, 1] / at_current.high[2, 1] - 1) > 1e-3


def test_no_current_reads_at_zero_bias():
    at_current = state_resistances_at_current(CARD, 0.0, 0.0, 0.0, 0.0)
    at_voltage = state_resistances(CARD, 0.0, 0.0, 0.0, 0.0)
    assert at_current.high == close_to(float(at_voltage.high), rel=1e-14)
    assert at_current.voltage_low == 0


def test_a_well_that_its_own_voltage_undoes_is_no_trouble():
    """Near 211 Oe the low well goes at its own voltage and comes back at the other's."""
    field = np.linspace(209, 214, 26) * Oe
    states = state_resistances_at_current(CARD, field, 0.0, 0.0, 260 * MICROAMPERE)
    at_voltage = state_resistances(CARD, field, 0.0, 0.0, states.voltage_low)
    undecided = np.abs(at_voltage.low / states.low - 1) > 1e-6
    assert 0 < undecided.sum() < 10
    np.testing.assert_allclose(states.voltage_low, states.low * 260e-6, rtol=1e-12)
    gone = ~card_wells(CARD, field, 0.0, 0.0, states.voltage_low).down_exists
    settled = gone & ~undecided
    assert settled.sum() > 5
    np.testing.assert_allclose(states.low[settled], states.high[settled], rtol=1e-9)


def test_voltage_moves_the_wells_through_the_anisotropy():
    voltage = np.array([-0.2, 0.0, 0.2])
    wells = card_wells(CARD, 0.0, 0.0, 0.0, voltage)
    h_k = 56 - 34 * voltage

    def torque(degrees):
        theta, tilt = np.radians(degrees), math.radians(9)
        return 8.76 * np.cos(theta) - h_k * np.sin(theta - tilt) * np.cos(theta - tilt)

    # 26 fJ/(V m) on the card is 34 mT/V within 0.12 %.
    np.testing.assert_allclose(torque(angle(wells.up)), 0, atol=2e-3)
    assert (np.diff(angle(wells.up)) > 0.5).all()


def test_temperature_changes_what_the_card_says_it_does():
    warm = CARD.replace({"thermal.curie_temperature": 1120.0})
    own = state_resistances(warm, 0.0, 0.0, 0.0, 1e-3)
    both = state_resistances(warm, 0.0, 0.0, 0.0, 1e-3, np.array([300.0, 380.0]))
    assert both.high.shape == (2,)
    assert both.high[0] == close_to(float(own.high), rel=1e-12)
    # A weaker anisotropy lets H_in turn the up well further.
    assert both.high[1] > both.high[0]
    at_current = state_resistances_at_current(
        warm, 0.0, 0.0, 0.0, 1e-8, np.array([[300.0], [380.0]])
    )
    np.testing.assert_allclose(at_current.high[:, 0], both.high, rtol=1e-4)
    with pytest.raises(SmtjError, match="below its Curie temperature"):
        state_resistances_at_current(warm, 0.0, 0.0, 0.0, 1e-5, 2000.0)


def test_a_given_offset_is_a_stray_field_along_the_axis():
    assert stray_field(CARD, 0.1) == 0
    card = CARD.replace(
        {"switching.offset_field": "20 Oe", "switching.offset_field_per_volt": "50 Oe/V"}
    )
    tilt, h_in = math.radians(9), float(card.magnetism.in_plane_bias_field)
    for voltage in (0.0, 0.2):
        h_s = float(vcma_point(card, voltage).offset_field)
        stray = float(stray_field(card, voltage))
        # At H_perp = H_s nothing is left along the axis, so that the wells mirror each other.
        along = h_in * math.sin(tilt) + h_s * math.cos(tilt) + stray
        assert along == close_to(0, abs=1e-9)
        wells = card_wells(card, 0.0, 0.0, h_s, voltage)
        n = np.array([math.sin(tilt), 0.0, math.cos(tilt)])
        assert wells.up @ n == close_to(-(wells.down @ n), abs=1e-9)
        shifted = card_wells(
            CARD, stray * math.sin(tilt), 0.0, h_s + stray * math.cos(tilt), voltage
        )
        np.testing.assert_allclose(wells.up, shifted.up, atol=1e-12)


def test_resistance_follows_from_the_product_and_the_ellipse():
    card = CARD.replace(
        {
            "electrical.parallel_resistance": None,
            "electrical.resistance_area_product": "10 ohm um^2",
            "electrical.tmr_half_voltage": None,
        }
    )
    r_p = 10e-12 / (math.pi / 4 * 210e-9 * 60e-9)
    assert parallel_resistance(card) == close_to(r_p, rel=1e-12)
    assert parallel_resistance(CARD) == 1000
    found = state_resistances(card, 1e7, 0.0, 0.0, 0.4)
    assert found.high == close_to(1.8 * r_p, rel=1e-4)
    at_current = state_resistances_at_current(card, 1e7, 0.0, 0.0, 1e-4)
    assert at_current.high == close_to(float(found.high), rel=1e-4)

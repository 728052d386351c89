"""An operating point at any field, voltage or current, with torque and heat."""

import json
import math

import numpy as np
import pytest

from closeness import close_to
from smtj import load_card, operating_point
from smtj.errors import SmtjError
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.derived import derived_quantities
from smtj.physics.device import OperatingPoint, vcma_point
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.free_layer import boltzmann_occupancy
from smtj.physics.junction import parallel_resistance
from smtj.physics.torque.fields import torque_fields
from smtj.units import Oe, convert, mV, uA

UPRIGHT = load_card("funatsu2022").replace({"vcma.coefficient": 0.0})
TORQUE = UPRIGHT.replace({"spin_torque.polarisation": 0.6})
HEAT = UPRIGHT.replace({"thermal.thermal_resistance": "20 K/uW"})
IN_PLANE = load_card("mizrahi2018")


def test_without_torque_and_heat_it_is_the_point_of_eq_3_to_6():
    assert isinstance(load_card("cai2019").at(voltage=0.1), OperatingPoint)


def test_a_perpendicular_torque_is_a_field():
    """P(high) at V is that at no voltage in a field of h_DL V/α along the reference layer."""
    field = np.array([-30.0, 0.0, 30.0]) * Oe
    volts = 2 * mV
    pull = -torque_fields(TORQUE).damping_like * volts / float(TORQUE.magnetism.damping)
    found = TORQUE.at(voltage=volts, field=field).switching_probability()
    exact, _ = boltzmann_occupancy(UPRIGHT, 0.0, 0.0, field + pull)
    np.testing.assert_allclose(found, exact, atol=2e-3)
    point = TORQUE.at(voltage=volts)
    assert float(point.offset_field) == close_to(-pull, rel=2e-3)
    assert float(point.slope) == close_to(float(UPRIGHT.at().slope), rel=2e-3)


def test_a_field_like_torque_is_a_field_too():
    card = UPRIGHT.replace(
        {
            "spin_torque.polarisation": 0.0,
            "spin_torque.field_like_field_per_volt": convert(3.0, "mT/V", "A/m/V"),
        }
    )
    pushed = card.at(voltage=0.5)
    shift = -convert(1.5, "mT", "A/m")
    high, low = (float(log) for log in pushed.log_dwell_times())
    expected = [float(log) for log in UPRIGHT.at(field=shift).log_dwell_times()]
    assert (high, low) == close_to(expected, rel=1e-9)


def test_at_a_constant_current_each_state_has_its_own_voltage():
    current = 20 * uA
    point = IN_PLANE.replace({"thermal.thermal_resistance": "10 K/mW"}).at(current=current)
    states = point.resistances()
    for state in ("high", "low"):
        volts, ohm = getattr(states, f"voltage_{state}"), getattr(states, state)
        assert float(volts) == close_to(current * float(ohm), rel=1e-9)
    hot, other = point.state_temperatures()
    assert float(hot) == close_to(300 + 1e4 * current**2 * float(states.high), rel=1e-9)
    # At a constant current the state of more resistance is the hotter one.
    assert hot > other
    expected = card_log_dwell_times(point.card, 0.0, 0.0, 0.0, states.voltage_high)[0]
    assert float(point.log_dwell_times()[0]) == close_to(float(expected), rel=1e-12)


def test_a_field_across_the_drive_lowers_the_barrier():
    rest, across = UPRIGHT.at(), UPRIGHT.at(field_in_plane=100 * Oe, field_across=50 * Oe)
    size = math.hypot(100, 50) * Oe
    h_k = float(UPRIGHT.magnetism.anisotropy_field)
    delta = float(rest.stability_factor)
    lost = float(rest.log_dwell_times()[0] - across.log_dwell_times()[0])
    assert lost == close_to(delta * (1 - (1 - size / h_k) ** 2), rel=1e-6)
    assert float(across.switching_probability()) == close_to(0.5)


def test_the_component_of_the_drive_may_be_named():
    by_name, by_drive = UPRIGHT.at(field_out_of_plane=20 * Oe), UPRIGHT.at(field=20 * Oe)
    assert float(by_name.switching_probability()) == float(by_drive.switching_probability())
    with pytest.raises(SmtjError, match="field and field_out_of_plane are the same"):
        UPRIGHT.at(field=1.0, field_out_of_plane=1.0)


def test_heat_flattens_the_response_and_shortens_both_dwell_times():
    cold, hot = HEAT.at(voltage=0.0), HEAT.at(voltage=0.1)
    rise = float(hot.state_temperatures()[0]) - 300
    assert rise > 10
    assert float(hot.dwell_times()[0]) < float(cold.dwell_times()[0])
    assert float(hot.slope) < float(cold.slope)


def test_a_voltage_and_a_current_exclude_each_other():
    with pytest.raises(SmtjError, match="a voltage and a current; hold one of them"):
        UPRIGHT.at(voltage=0.1, current=1e-6)


def test_it_prints_and_serialises():
    card = HEAT.replace({"spin_torque.polarisation": 0.0})
    point = card.at(voltage=50 * mV, field=10 * Oe, field_in_plane=20 * Oe)
    text = str(point)
    assert "H_x = 20 Oe" in text and "T_high" in text and "VCMA, torque, heat" in text
    content = json.loads(json.dumps(point.to_dict()))
    p = content["probability_high"]
    high, low = content["dwell_time_high"], content["dwell_time_low"]
    assert p == close_to(high / (high + low))
    assert content["temperature_high"] > 300


def test_conditions_may_be_arrays():
    point = TORQUE.at(voltage=np.array([0.0, 1e-3]), field=np.zeros((3, 1)))
    assert np.shape(point.switching_probability()) == (3, 2)
    assert "…" in str(point)


@pytest.mark.proof
def test_the_front_door_has_all_that_a_voltage_or_a_current_does():
    """``smtj.operating_point`` leaves no torque and no heat out that the card has."""
    card = IN_PLANE.replace(
        {"spin_torque.polarisation": 0.6, "thermal.thermal_resistance": "10 K/mW"}
    )
    for drive in ({"voltage": 20 * mV}, {"current": 20 * uA}):
        found = operating_point(card, field=10 * Oe, field_across=20 * Oe, **drive)
        other = card.at(field=10 * Oe, field_across=20 * Oe, **drive)
        assert found.to_dict() == other.to_dict()
        rest = operating_point(IN_PLANE, field=10 * Oe, field_across=20 * Oe)
        assert abs(float(found.log_dwell_times()[0] - rest.log_dwell_times()[0])) > 0.1


DISC = load_card("schnitzspan2023").replace(
    {"magnetism.in_plane_anisotropy_field": 0.0, "magnetism.damping": 0.1, "name": "disc"}
)


@pytest.mark.parametrize("law", ["neel-brown", "exact"])
def test_a_disc_without_a_barrier_is_occupied_as_boltzmann_says(law):
    """P = ∫ e^{a cos φ} over cos φ > 0, whatever else the card has, and τ_high/τ_low its odds."""
    phi = np.linspace(-math.pi / 2, math.pi / 2, 2001)
    moment = DISC.magnetism.saturation_magnetisation * DISC.geometry.activation_volume
    field = 500.0
    a = VACUUM_PERMEABILITY * moment * field / (BOLTZMANN * 300.0)
    odds = np.exp(a * np.cos(phi)).sum() / np.exp(-a * np.cos(phi)).sum()
    for more in ({}, {"spin_torque.polarisation": 1e-9}):
        card = DISC.replace({"switching.dwell_times": law, **more})
        point = card.at(field=field)
        high, low = point.dwell_times()
        assert float(point.switching_probability()) == close_to(odds / (1 + odds), abs=3e-3)
        # Eq. 5 is a straight line of ln odds.
        assert float(high / low) == close_to(odds, rel=1e-3 if law == "exact" else 0.02)


def test_past_the_loss_of_a_well_the_odds_go_on():
    """Three k_B T, a field in the plane that takes most of them, and one beyond H_k."""
    card = load_card("schnitzspan2023").replace({"spin_torque.polarisation": 1e-9})
    fields = {"field_in_plane": 3000.0, "field_across": 2000.0, "field_out_of_plane": 1000.0}
    found = float(card.at(**fields).switching_probability())
    expected, _ = boltzmann_occupancy(card, 3000.0, 2000.0, 1000.0)
    assert expected > 0.999
    assert found == close_to(float(expected), abs=2e-3)


def test_a_card_of_exact_times_gives_them_with_and_without_a_torque():
    """Eq. 3 with 1 ns is a third of them."""
    card = UPRIGHT.replace({"switching.dwell_times": "exact"})
    alone = float(card.at().dwell_times()[0])
    pushed = card.replace({"spin_torque.polarisation": 1e-9}).at().dwell_times()[0]
    assert alone == close_to(float(pushed), rel=1e-6)
    shown = {row.symbol: row for row in derived_quantities(card)}
    assert shown["τ_high"].value == close_to(alone, rel=1e-9)
    assert "exact" in shown["τ_high"].source
    assert float(vcma_point(card).dwell_times()[0]) < 0.3 * alone


def test_the_states_of_a_disc_are_halves_of_its_circle():
    """⟨m·p⟩ = ±2/π without a field, so the resistances differ, though there is no well."""
    states = DISC.at().resistances()
    tmr, r_p = DISC.electrical.tmr, parallel_resistance(DISC)
    for found, cosine in ((states.high, -2 / math.pi), (states.low, 2 / math.pi)):
        middle, swing = (1 + 1 / (1 + tmr)) / 2, (1 - 1 / (1 + tmr)) / 2
        # The plane is not quite flat: ⟨sin θ⟩ is a part in a thousand below 1.
        assert float(found) == close_to(r_p / (middle + swing * cosine), rel=1e-3)

"""A card at work: known numbers, both switching models, fields, thickness."""

import json
import math
from types import ModuleType

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import constants

from closeness import close_to
from smtj.card import load_card
from smtj.errors import CardError, SmtjError
from smtj.physics.derived import derived_quantities
from smtj.physics.device import (
    barrier_and_reduced_field,
    log_dwell_times_in_field,
    vcma_point,
    with_stability_factor,
)
from smtj.physics.free_layer import (
    anisotropy_terms,
    barrier_against_thickness,
    factors,
    high_state_is_up,
    macrospin,
    reference_direction,
    vcma_coefficient,
)
from smtj.physics.junction import state_resistances
from smtj.physics.magnetics.demagnetisation import demagnetising_factors
from smtj.physics.magnetics.equilibrium import log_weights
from smtj.units import Oe, T, convert, mT

CARD = load_card("cai2019")
SELF_CONSISTENT = CARD.replace({"switching.model": "self-consistent"})
UPRIGHT = CARD.replace({"magnetism.easy_axis_tilt": 0.0})
VOLTAGES = np.array([-0.2, 0.0, 0.2])
both_models = pytest.mark.parametrize(
    "card", [CARD, SELF_CONSISTENT], ids=["cai2019", "self-consistent"]
)


def test_barriers_and_dwell_times_of_the_paper():
    """21.6, 18.5, 15.4 k_B T; 2.3, 0.105, 0.005 s where both states are equal."""
    point = vcma_point(CARD, VOLTAGES)
    assert point.stability_factor == close_to([21.6, 18.5, 15.4], abs=0.06)
    high, low = point.dwell_times(point.offset_field)
    assert high == close_to([2.3, 0.105, 0.005], rel=0.02)
    assert low == close_to(high, rel=1e-12)
    by_hand = 1e-9 * np.exp(
        (56 - 34 * VOLTAGES)
        / 2e3
        * 1.18e6
        * (1 - 8.76 / (56 - 34 * VOLTAGES)) ** 2
        * 3.254e-24
        / (constants.k * 300)
    )
    # 26 fJ/(V m) on the card is 34 mT/V within 0.12 %.
    assert high == close_to(by_hand, rel=0.01)


def test_slopes_of_both_models():
    """In 1/Oe at -200, 0 and +200 mV."""
    assert vcma_point(CARD, VOLTAGES).slope * Oe == close_to([0.154, 0.132, 0.110], abs=5e-4)
    assert vcma_point(SELF_CONSISTENT, VOLTAGES).slope * Oe == close_to(
        [0.178, 0.177, 0.176], abs=6e-4
    )
    upright = SELF_CONSISTENT.replace({"magnetism.easy_axis_tilt": 0.0})
    assert vcma_point(upright, VOLTAGES).slope * Oe == close_to([0.180, 0.179, 0.178], abs=6e-4)


def test_offset_of_the_tilted_axis():
    """-13.9 Oe; a card's own offset and its voltage dependence come first."""
    for card in (CARD, SELF_CONSISTENT):
        offset = vcma_point(card).offset_field
        assert offset / Oe == close_to(-13.9, abs=0.05)
    given = CARD.replace(
        {"switching.offset_field": "3 Oe", "switching.offset_field_per_volt": "10 Oe/V"}
    )
    found = vcma_point(given, VOLTAGES).offset_field
    assert found / Oe == close_to([1, 3, 5], rel=1e-12)


@both_models
def test_both_models_obey_eq_5(card):
    point = vcma_point(card, VOLTAGES)
    field = np.array([[-50.0], [0.0], [70.0]]) * Oe
    h = (field - point.offset_field) / point.effective_field
    odds = 4 * point.stability_factor * h
    assert point.switching_probability(field) == close_to(1 / (1 + np.exp(-odds)), abs=1e-12)
    high, low = point.log_dwell_times(field)
    assert high - low == close_to(odds, abs=1e-11)


# The reference layer decides which well is the high state.

TURNED = CARD.replace({"magnetism.reference_layer_angle": 0.0})


@pytest.mark.parametrize(
    ("degrees", "polar", "tilt", "up"),
    [
        (180, 90, 9, True),
        (0, 90, 9, False),
        (90, 90, 9, True),
        (100, 90, 9, True),
        (80, 90, 9, False),
        (0, 0, 9, False),
        (0, 180, 9, True),
        (180, 80, 9, False),
        (180, 82, 9, True),
        # An axis across the reference layer: by convention, in spite of rounding.
        (180, 90, 0, True),
        (0, 90, 0, True),
    ],
)
def test_the_well_that_points_away_from_the_reference_is_high(degrees, polar, tilt, up):
    card = CARD.replace(
        {
            "magnetism.reference_layer_angle": f"{degrees} deg",
            "magnetism.reference_layer_polar_angle": f"{polar} deg",
            "magnetism.easy_axis_tilt": f"{tilt} deg",
        }
    )
    assert high_state_is_up(card) == up
    expected = [
        math.sin(math.radians(polar)) * math.cos(math.radians(degrees)),
        math.sin(math.radians(polar)) * math.sin(math.radians(degrees)),
        math.cos(math.radians(polar)),
    ]
    assert reference_direction(card) == close_to(expected, abs=1e-12)
    assert (vcma_point(card).effective_field > 0) == up
    assert (vcma_point(card).slope > 0) == up


@both_models
def test_the_opposite_reference_turns_switching_round(card):
    turned = card.replace({"magnetism.reference_layer_angle": 0.0})
    one, other = vcma_point(card, VOLTAGES), vcma_point(turned, VOLTAGES)
    for name in ("slope", "effective_field"):
        assert getattr(other, name) == close_to(-np.asarray(getattr(one, name)), rel=1e-14)
    for name in ("barrier", "stability_factor", "offset_field"):
        assert getattr(other, name) == close_to(getattr(one, name), rel=1e-14)
    field = np.array([[-3000.0], [0.0], [500.0]])
    p = one.switching_probability(field)
    assert other.switching_probability(field) == close_to(1 - p, abs=1e-14)
    assert (np.diff(other.switching_probability(field), axis=0) < 0).all()
    high, low = one.log_dwell_times(field)
    np.testing.assert_allclose(other.log_dwell_times(field), (low, high), rtol=1e-14)
    delta, h = barrier_and_reduced_field(card, 100.0, 200.0, field, 0.1)
    np.testing.assert_allclose(
        barrier_and_reduced_field(turned, 100.0, 200.0, field, 0.1), (delta, -h), rtol=1e-14
    )
    high, low = log_dwell_times_in_field(card, 100.0, 200.0, field, 0.1)
    np.testing.assert_allclose(
        log_dwell_times_in_field(turned, 100.0, 200.0, field, 0.1), (low, high), rtol=1e-14
    )


@pytest.mark.parametrize("degrees", [0, 180])
def test_probability_is_the_exact_weight_of_the_high_well(degrees):
    card = SELF_CONSISTENT.replace({"magnetism.reference_layer_angle": math.radians(degrees)})
    point = vcma_point(card)
    field = point.offset_field + np.linspace(-30, 30, 13) * Oe
    up, down = log_weights(macrospin(card), field)
    # The half of the sphere away from the reference layer is the high state.
    odds = up - down if degrees == 180 else down - up
    p = 1 / (1 + np.exp(-odds))
    assert (p[-1] - p[0] > 0.98) == (degrees == 180)
    assert abs(p[-1] - p[0]) > 0.98
    assert point.switching_probability(field) == close_to(p, abs=1e-3)


def test_gradients_flow_where_the_slope_is_negative(torch):
    voltage = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    for card in (TURNED, TURNED.replace({"switching.model": "self-consistent"})):
        p = vcma_point(card, voltage).switching_probability(500.0)
        (gradient,) = torch.autograd.grad(p, voltage)
        assert 0 < float(p.detach()) < 0.5
        assert float(gradient) > 0


def test_macrospin_carries_the_card_s_numbers():
    spin = macrospin(CARD, VOLTAGES)
    assert spin.anisotropy_field / mT == close_to([62.8, 56, 49.2], abs=0.02)
    assert spin.moment == close_to(1.18e6 * 3.254e-24)
    assert spin.in_plane_bias_field == CARD.magnetism.in_plane_bias_field
    assert spin.temperature == 300
    hot = CARD.replace({"thermal.curie_temperature": 1120.0})
    assert float(macrospin(hot, 0.0, 400.0).anisotropy_field) < 56 * mT


def test_slope_against_voltage_is_straight():
    """To 0.1 % over ±200 mV; visible curvature needs an H_in of 35 to 40 mT."""

    def curvature(millitesla):
        card = UPRIGHT.replace({"magnetism.in_plane_bias_field": millitesla * mT})
        low, middle, high = vcma_point(card, VOLTAGES).slope
        return abs((low + high) / 2 / middle - 1)

    assert curvature(8.76) < 1e-3
    assert curvature(20.0) < 0.01
    assert curvature(35.0) > 0.02
    assert curvature(40.0) > 0.05
    slopes = vcma_point(CARD, np.linspace(-0.2, 0.2, 41)).slope
    line = np.polynomial.Polynomial.fit(np.linspace(-0.2, 0.2, 41), slopes, 1)
    assert line(np.linspace(-0.2, 0.2, 41)) == close_to(slopes, rel=1e-3)


def test_no_barrier_past_the_anisotropy_field():
    """Eq. 6 is a square and ends at H_k."""
    strong = CARD.replace({"magnetism.in_plane_bias_field": "57 mT"})
    assert vcma_point(strong).barrier == 0
    easy_plane = CARD.replace({"magnetism.anisotropy_field": "-5 mT"})
    assert vcma_point(easy_plane).barrier == 0
    against = CARD.replace({"magnetism.in_plane_bias_field": "-8.76 mT"})
    assert vcma_point(against).barrier == vcma_point(CARD).barrier
    assert vcma_point(against).offset_field == -vcma_point(CARD).offset_field


@both_models
@pytest.mark.parametrize("oersted", [-1e9, 0.0, 1e9])
def test_everything_is_finite_at_huge_fields_and_voltages(card, oersted):
    point = vcma_point(card, np.array([-10.0, 0.0, 0.9, 1.3, 10.0]))
    field = oersted * Oe
    p = point.switching_probability(field)
    assert ((p >= 0) & (p <= 1)).all()
    for logarithm in point.log_dwell_times(field):
        assert np.isfinite(logarithm).all()
    assert not np.isnan(point.dwell_times(field)).any()


@both_models
def test_tensors_keep_shape_type_and_gradient(card, torch):
    voltage = torch.tensor([[-0.1], [0.1]], requires_grad=True)
    point = vcma_point(card, voltage)
    assert point.slope.shape == (2, 1)
    assert point.slope.dtype == torch.float32
    p = point.switching_probability(torch.zeros(3))
    assert p.shape == (2, 3)
    p.sum().backward()
    assert (voltage.grad != 0).all()


@both_models
def test_gradient_of_the_slope_is_its_difference_quotient(card, torch):
    voltage = torch.tensor(0.05, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(vcma_point(card, voltage).slope, voltage)
    up, down = (vcma_point(card, 0.05 + step).slope for step in (1e-4, -1e-4))
    assert float(gradient) == close_to((up - down) / 2e-4, rel=1e-6)


def test_vcma_coefficient_is_given_or_derived():
    """26 fJ/(V m) from 34 mT/V."""
    assert vcma_coefficient(CARD) == 26e-15
    derived = CARD.replace({"vcma.coefficient": None})
    assert vcma_coefficient(derived) == close_to(26e-15, rel=2e-3)


def test_upright_rule_is_the_printed_formula():
    """At no tilt the rule gives Eq. 3-6, with an in-plane field adding to H_in."""
    field = np.linspace(-700, 700, 9) * Oe
    for card in (UPRIGHT, SELF_CONSISTENT.replace({"magnetism.easy_axis_tilt": 0.0})):
        point = vcma_point(card, 0.1)
        expected = point.log_dwell_times(field)
        found = log_dwell_times_in_field(card, 0.0, 0.0, field, 0.1)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    more = UPRIGHT.replace({"magnetism.in_plane_bias_field": "12 mT"})
    np.testing.assert_allclose(
        log_dwell_times_in_field(UPRIGHT, 3.24 * mT, 0.0, field),
        log_dwell_times_in_field(more, 0.0, 0.0, field),
        rtol=1e-12,
    )


@both_models
def test_a_field_along_the_normal_gives_the_printed_equations(card):
    """Whatever the tilt, so that the neuron's sigmoid is the measured one."""
    field = np.linspace(-200, 200, 41) * Oe
    for voltage in (-0.2, 0.0, 0.2):
        point = vcma_point(card, voltage)
        printed = point.log_dwell_times(field)
        found = log_dwell_times_in_field(card, 0.0, 0.0, field, voltage)
        assert found[0] == close_to(printed[0], rel=1e-12)
        assert found[1] == close_to(printed[1], rel=1e-12)


def test_a_field_along_x_acts_by_the_tangent_of_the_tilt():
    tilt = math.radians(9)
    size = 40 * Oe
    _, h = barrier_and_reduced_field(CARD, size, 0.0, 0.0)
    _, same = barrier_and_reduced_field(CARD, 0.0, 0.0, size * math.tan(tilt))
    assert h == close_to(same, rel=1e-12)


def test_self_consistent_slope_is_the_same_for_the_rule():
    point = vcma_point(SELF_CONSISTENT)
    for distance in (-3000.0, 1000.0, 8000.0):
        high, low = log_dwell_times_in_field(
            SELF_CONSISTENT, 0.0, 0.0, point.offset_field + distance
        )
        assert high - low == close_to(point.slope * distance, rel=1e-9)


def test_the_field_in_the_plane_lowers_the_barrier():
    h_in = 8.76 * mT
    delta_0, h_0 = barrier_and_reduced_field(CARD, -h_in, 0.0, 0.0)
    # H_in is cancelled: the full barrier, and the offset acts alone.
    assert delta_0 == close_to(33040 * 3.254e-24 / (constants.k * 300), rel=1e-9)
    assert h_0 == close_to(0, abs=1e-12)
    sideways, h = barrier_and_reduced_field(CARD, -h_in, 56 * mT / 2, 0.0)
    assert sideways == close_to(delta_0 / 4, rel=1e-6)
    assert h == close_to(0, abs=1e-12)


def test_in_plane_field_moves_the_state():
    """Fig. 2(a): a field along +x raises P(high) on the tilted axis, and lowers the barrier."""
    field = np.array([-50.0, 0.0, 50.0]) * Oe
    high, low = log_dwell_times_in_field(CARD, field, 0.0, 0.0)
    assert (np.diff(high - low) > 0).all()
    delta, _ = barrier_and_reduced_field(CARD, field, 0.0, 0.0)
    assert (np.diff(delta) < 0).all()
    assert np.shape(barrier_and_reduced_field(CARD, field, 0.0, 0.0, VOLTAGES[:, None])) == (
        2,
        3,
        3,
    )


def test_barrier_falls_through_zero_with_thickness():
    """The barrier falls through zero with the thickness."""
    thickness = np.linspace(1.3e-9, 2.0e-9, 71)
    found = barrier_against_thickness(CARD, thickness)
    own = float(barrier_against_thickness(CARD, 1.62e-9))
    assert own == close_to(float(vcma_point(CARD).barrier), rel=1e-9)
    falling = found > 0
    assert falling[0]
    assert not falling[-1]
    assert (np.diff(found[falling]) < 0).all()
    # By hand: K_eff = K_i/t - ½ μ0 M_s² (N_z - N_x), less the half Zeeman energy of H_in.
    by_hand = []
    for t in thickness:
        n_x, _, n_z = demagnetising_factors(210e-9, 60e-9, t)
        k_eff = 1.378078e-3 / t - 0.5 * constants.mu_0 * 1.18e6**2 * (n_z - n_x)
        depth = max(k_eff - 8.76e-3 * 1.18e6 / 2, 0)
        by_hand.append(depth**2 / k_eff * 3254e-27 * t / 1.62e-9)
    assert found == close_to(by_hand, rel=1e-3, abs=1e-24)


def test_given_factors_are_used_and_move_with_thickness():
    names = [f"geometry.demagnetising_factor_{axis}" for axis in "xyz"]
    given = CARD.replace(dict(zip(names, (0.02, 0.06, 0.92), strict=True)))
    assert factors(given) == (0.02, 0.06, 0.92)
    assert factors(given, 1.62e-9) == close_to((0.02, 0.06, 0.92), abs=1e-12)
    assert sum(factors(given, 2e-9)) == close_to(1, abs=1e-12)
    assert factors(CARD) == demagnetising_factors(210e-9, 60e-9, 1.62e-9)
    # K_⊥ makes up for whatever Eq. 1's other terms are, since H_K1 is given.
    assert vcma_point(given).barrier == close_to(vcma_point(CARD).barrier, rel=1e-9)
    assert float(barrier_against_thickness(given, 1.62e-9)) == close_to(
        float(vcma_point(given).barrier), rel=1e-9
    )


def test_interface_anisotropy_may_stand_for_the_field():
    k_i = anisotropy_terms(CARD)[1] * 1.62e-9
    card = CARD.replace({"magnetism.interface_anisotropy": k_i, "magnetism.anisotropy_field": None})
    assert vcma_point(card).energy_density == close_to(33040, rel=1e-9)
    both = CARD.replace({"magnetism.interface_anisotropy": 1.01 * k_i})
    assert vcma_point(both).energy_density == close_to(33040, rel=1e-9)


def test_contradictory_interface_anisotropy_is_refused():
    card = CARD.replace({"magnetism.interface_anisotropy": "1 mJ/m^2"})
    message = (
        r"card cai2019: magnetism.interface_anisotropy is 1 mJ/m\^2, but Eq. 1 needs "
        r"1.378 mJ/m\^2 for magnetism.anisotropy_field; make them agree within 2 %, or leave one"
    )
    for ask in (vcma_point, anisotropy_terms, derived_quantities):
        with pytest.raises(CardError, match=message):
            ask(card)


def test_temperature_changes_only_kt_without_a_curie_temperature():
    cold, warm = (vcma_point(CARD, temperature=t) for t in (150.0, 300.0))
    assert cold.barrier == warm.barrier
    assert cold.slope == close_to(2 * warm.slope, rel=1e-12)
    assert vcma_point(CARD).slope == warm.slope


@both_models
def test_temperature_weakens_the_anisotropy_below_a_curie_temperature(card):
    card = card.replace({"thermal.curie_temperature": 1120.0})
    reference = vcma_point(card)
    assert reference.energy_density == close_to(33040, rel=1e-12)
    temperature = np.array([280.0, 300.0, 320.0])
    point = vcma_point(card, temperature=temperature)
    bloch = (1 - (temperature / 1120) ** 1.5) / (1 - (300 / 1120) ** 1.5)
    assert point.saturation_magnetisation == close_to(1.18e6 * bloch, rel=1e-12)
    # With K_i ~ M_s² all three terms of Eq. 1, and so K_eff, go with M_s².
    assert point.energy_density == close_to(33040 * bloch**2, rel=1e-12)
    assert (np.diff(point.stability_factor) < 0).all()
    assert point.slope.shape == (3,)
    assert float(point.slope[1]) == close_to(float(reference.slope), rel=1e-12)


def test_in_plane_shape_anisotropy_follows_the_magnetisation():
    """(N_y - N_x) M_s as a field: a card that is warm from the start has the same slope."""
    card = SELF_CONSISTENT.replace(
        {"thermal.curie_temperature": 1120.0, "magnetism.in_plane_anisotropy_field": "60 mT"}
    )
    point = vcma_point(card, temperature=400.0)
    ratio = float(point.saturation_magnetisation) / 1.18e6
    assert ratio < 0.95
    h_k1 = 2 * float(point.energy_density) / (constants.mu_0 * 1.18e6 * ratio)
    warm = SELF_CONSISTENT.replace(
        {
            "thermal.temperature": 400.0,
            "magnetism.saturation_magnetisation": 1.18e6 * ratio,
            "magnetism.anisotropy_field": h_k1,
            "magnetism.in_plane_anisotropy_field": 60 * mT * ratio,
            "vcma.anisotropy_field_per_volt": None,
        }
    )
    assert float(point.slope) == close_to(float(vcma_point(warm).slope), rel=1e-9)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, np.array([300.0, 2000.0])])
def test_impossible_temperature_is_refused(temperature):
    card = CARD.replace({"thermal.curie_temperature": 1120.0})
    with pytest.raises(SmtjError, match="above 0 K and below its Curie temperature, 1120 K"):
        vcma_point(card, temperature=temperature)


def test_table_of_derived_quantities():
    rows = {row.symbol: row for row in derived_quantities(CARD)}
    expected = {
        "A": 9.896e-15,
        "V": 1.6032e-23,
        "V*/V": 0.203,
        "(N_y-N_x)M_s": 60.3 * mT,
        "K_eff": 0.5 * 56e-3 * 1.18e6,
        "K_i": 1.378e-3,
        "H_K1": 56 * mT,
        "ξ": 26e-15,
        "E_b/k_BT": 18.47,
        "H_k,eff": 560 * Oe,
        "w": 0.1319 / Oe,
        "H_s": -13.87 * Oe,
        "τ_high": 0.2657,
        "τ_low": 0.0426,
    }
    for symbol, value in expected.items():
        assert rows[symbol].value == close_to(value, rel=1e-3), symbol
    assert rows["K_shape"].value + rows["K_⊥"].value - rows["K_d"].value == close_to(
        rows["K_eff"].value, rel=1e-9
    )
    assert rows["N_x"].value + rows["N_y"].value + rows["N_z"].value == close_to(1)
    assert rows["E_b"].value == close_to(rows["E_b/k_BT"].value * constants.k * 300)
    for row in rows.values():
        assert type(row.value) is float
        assert convert(1.0, row.unit, row.display_unit) > 0
    assert {row.symbol: row for row in derived_quantities(SELF_CONSISTENT)}[
        "w"
    ].value * Oe == close_to(0.177, abs=6e-4)


def test_a_device_remembers_as_long_as_both_rates_together_let_it(card) -> None:
    point = vcma_point(card)
    for field in (-8000.0, float(point.offset_field), 3000.0):
        high, low = point.dwell_times(field)
        assert np.exp(point.log_relaxation_time(field)) == close_to(1 / (1 / high + 1 / low))


@both_models
def test_an_operating_point_prints_and_serialises_what_it_holds(card) -> None:
    point = vcma_point(card, -0.2, 310.0, -500.0)
    plain = json.loads(json.dumps(point.to_dict()))
    assert plain["card"] == "cai2019"
    assert plain["field"] == -500.0
    assert plain["slope"] == float(point.slope)
    assert plain["dwell_time_high"] == float(point.dwell_times(-500.0)[0])
    states = state_resistances(card, 0.0, 0.0, -500.0, -0.2, 310.0)
    assert plain["resistance_low"] == float(states.low)
    assert "V = -200 mV" in str(point)
    for symbol in ("E_b", "w", "H_s", "τ_high", "P(high)", "R_high"):
        assert symbol in str(point)
        assert f"<td>{symbol}</td>" in point._repr_html_()


def test_an_array_of_operating_points_shows_its_range(torch: ModuleType) -> None:
    point = vcma_point("cai2019", torch.tensor([-0.2, 0.0, 0.2], requires_grad=True))
    assert "15.41 … 21.55" in str(point)
    assert len(point.to_dict()["slope"]) == 3
    axes = point.plot(Figure().subplots())
    assert len(axes.get_lines()) == 4
    # Both resistances of every curve, at its own fields.
    dotted = axes.figure.axes[1].get_lines()
    field = dotted[0].get_xdata() * Oe
    shown = [curve.get_ydata() * 1e3 for curve in dotted]
    expected = [
        np.broadcast_to(ohm, field.shape)
        for states in (vcma_point("cai2019", v).resistances(field) for v in (-0.2, 0.0, 0.2))
        for ohm in (states.low, states.high)
    ]
    np.testing.assert_allclose(np.sort(shown, 0), np.sort(expected, 0), rtol=1e-6)


def test_a_barrier_is_set_by_the_volume() -> None:
    card = with_stability_factor("cai2019", 7.0)
    assert float(vcma_point(card).stability_factor) == close_to(7.0)
    with pytest.raises(SmtjError, match="must be above 0"):
        with_stability_factor(CARD, 0.0)


def test_a_field_across_the_ellipse_of_an_upright_axis_lowers_the_barrier_as_the_energy_says():
    """H_K1 of 30 mT, 40 mT in the plane: against the lowest pass of the energy over a grid."""
    card = CARD.replace(
        {
            "magnetism.anisotropy_field": 30 * mT,
            "magnetism.in_plane_anisotropy_field": 40 * mT,
            "magnetism.in_plane_bias_field": 0.0,
            "magnetism.easy_axis_tilt": 0.0,
            "switching.model": "self-consistent",
        }
    )
    phi = np.linspace(0, 2 * np.pi, 20001)
    theta = np.linspace(0, np.pi / 2, 2001)[:, None]
    m_s, volume = card.magnetism.saturation_magnetisation, card.geometry.activation_volume
    for x, y in ((0.0, 10 * mT), (8 * mT, 0.0), (4 * mT, 6 * mT)):

        def energy(theta, phi, x=x, y=y):
            """Over M_s in T: the plane mirrors the wells, so the pass lies in it."""
            m_x, m_y = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi)
            uniaxial = -30e-3 / 2 * np.cos(theta) ** 2 + 40e-3 / 2 * m_y**2
            return uniaxial - (m_x * x + m_y * y) / T

        expected = energy(np.pi / 2, phi).min() - energy(theta, phi[::20]).min()
        delta, _ = barrier_and_reduced_field(card, x, y, 0.0)
        kelvin = m_s * volume / (constants.k * 300.0)
        assert float(delta) == close_to(expected * kelvin, rel=0.02)

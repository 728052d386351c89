"""Eq. 1 and 6: the square, its cases and limits, and the numbers of the paper's device."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants
from scipy.optimize import minimize_scalar

from closeness import close_to
from smtj.card import load_card
from smtj.card.consistency import ellipse_volume, vcma_coefficient
from smtj.physics import barrier
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.free_layer import anisotropy_terms, factors
from smtj.physics.magnetics import anisotropy
from smtj.units import convert

M_S, VOLUME = 1.18e6, 3.254e-24
densities = st.floats(1e2, 1e6)
shares = st.floats(0, 1)


def _h_k(k_eff):
    return 2 * k_eff / (constants.mu_0 * M_S)


def test_constants_are_those_of_scipy_and_of_the_units():
    assert constants.k == BOLTZMANN
    # The relative uncertainty of μ0; SciPy before 1.15 has CODATA 2018.
    assert close_to(constants.mu_0, rel=1e-9) == VACUUM_PERMEABILITY
    assert close_to(convert(1.0, "A/m", "T"), rel=1e-9) == VACUUM_PERMEABILITY


@settings(deadline=None)
@given(densities, shares)
def test_square_is_the_printed_polynomial_up_to_h_k(k_eff, share):
    field = share * _h_k(k_eff)
    square = barrier.energy_barrier(k_eff, M_S, field, VOLUME)
    printed = barrier.printed_energy_barrier(k_eff, M_S, field, VOLUME)
    assert square == close_to(printed, rel=1e-12, abs=1e-14 * k_eff * VOLUME)


@settings(deadline=None)
@given(densities, shares)
def test_sign_of_the_in_plane_field_does_not_matter(k_eff, share):
    field = share * _h_k(k_eff)
    forward, backward = (
        barrier.energy_barrier(k_eff, M_S, sign * field, VOLUME) for sign in (1, -1)
    )
    assert forward == backward


@settings(deadline=None)
@given(densities, st.floats(1.0001, 100))
def test_no_barrier_past_h_k_where_the_printed_one_rises_again(k_eff, multiple):
    field = multiple * _h_k(k_eff)
    assert barrier.energy_barrier(k_eff, M_S, field, VOLUME) == 0
    further = barrier.printed_energy_barrier(k_eff, M_S, 1.1 * field, VOLUME)
    assert further > barrier.printed_energy_barrier(k_eff, M_S, field, VOLUME) >= 0


@pytest.mark.parametrize("k_eff", [0.0, -1e-300, -1e4])
@pytest.mark.parametrize("field", [0.0, 1e3, -1e3])
def test_no_barrier_without_perpendicular_anisotropy(k_eff, field):
    assert barrier.energy_barrier(k_eff, M_S, field, VOLUME) == 0


@settings(deadline=None)
@given(densities, st.floats(0, 0.99))
def test_square_is_the_climb_from_well_to_saddle(k_eff, share):
    """Independent route: minimum and maximum of the energy over the angle in the x-z plane."""

    def energy(angle):  # in units of K_eff, from a macrospin with a field along x
        return math.sin(angle) ** 2 - 2 * share * math.sin(angle)

    well = minimize_scalar(energy, bounds=(0, math.pi / 2), options={"xatol": 1e-9}).fun
    saddle = energy(math.pi / 2)
    found = barrier.energy_barrier(k_eff, M_S, share * _h_k(k_eff), VOLUME)
    assert found == close_to((saddle - well) * k_eff * VOLUME, rel=1e-6, abs=1e-9 * k_eff * VOLUME)


@settings(deadline=None)
@given(densities, st.floats(1e-3, 1))
def test_linear_limit_falls_short_by_the_quadratic_term(k_eff, share):
    field = share * _h_k(k_eff)
    exact = barrier.energy_barrier(k_eff, M_S, field, VOLUME)
    linear = (k_eff - constants.mu_0 * M_S * field) * VOLUME
    quadratic = (constants.mu_0 * M_S * field) ** 2 / (4 * k_eff) * VOLUME
    assert exact - linear == close_to(quadratic, rel=1e-7, abs=1e-12 * k_eff * VOLUME)


@settings(deadline=None)
@given(densities)
def test_field_and_energy_density_are_inverse(k_eff):
    field = anisotropy.anisotropy_field(k_eff, M_S)
    assert anisotropy.energy_density_of_field(field, M_S) == close_to(k_eff, rel=1e-14)


def test_vcma_coefficient_of_the_paper_is_that_of_the_thin_layer():
    """34 mT/V is 26 fJ/(V m) for 1.62 nm; 2.4 nm would need 0.80 MA/m."""
    per_volt = convert(34, "mT/V", "A/m/V")
    xi = vcma_coefficient(per_volt, 1.18e6, 1.62e-9, 0.8e-9)
    assert xi == close_to(26e-15, rel=2e-3)
    by_hand = 0.5 * 1.18e6 * 34e-3 * 1.62e-9 * 0.8e-9
    assert xi == close_to(by_hand, rel=1e-12)
    assert 0.8e6 * xi / vcma_coefficient(per_volt, 0.8e6, 2.4e-9, 0.8e-9) == close_to(
        0.80e6, rel=5e-3
    )
    # The same in the house's physics: the field that a volt takes from H_K1.
    taken = anisotropy.voltage_energy_density(xi, 1.0, 0.8e-9, 1.62e-9)
    assert anisotropy.anisotropy_field(taken, 1.18e6) == close_to(per_volt, rel=1e-12)


def test_the_whole_ellipse_is_not_superparamagnetic():
    """128 k_B T."""
    k_eff = anisotropy.energy_density_of_field(convert(56, "mT", "A/m"), M_S)
    volume = ellipse_volume(210e-9, 60e-9, 1.62e-9)
    delta = barrier.stability_factor(barrier.energy_barrier(k_eff, M_S, 0.0, volume), 300.0)
    assert delta == close_to(128, abs=0.5)


def test_arguments_broadcast():
    k_eff = np.array([[3e4], [-1.0]])
    field = np.array([0.0, 1e3, 1e9])
    found = barrier.energy_barrier(k_eff, M_S, field, VOLUME)
    assert found.shape == (2, 3)
    assert found[0, 0] == close_to(3e4 * VOLUME)
    assert (found[1] == 0).all()
    assert found[0, 2] == 0


def test_shape_and_interface_of_the_card_add_up():
    """Eq. 1 by hand with N from the card's ellipse: 850.7 kJ/m³ of interface needed."""
    card = load_card("cai2019")
    n_x, _, n_z = factors(card)
    half = 0.5 * constants.mu_0 * M_S**2
    assert anisotropy_terms(card) == close_to(
        (half * n_x, 0.5 * M_S * 56e-3 + half * (n_z - n_x), half * n_z), rel=1e-9
    )


@pytest.mark.parametrize("field", [0.0, 2e5])
def test_vcma_moves_the_barrier_of_a_layer_in_the_plane_as_its_landscape_says(field):
    """A field along the normal lifts wells and pass out of the plane, by what VCMA changes; without
    one both lie in it, where the anisotropy along the normal has no energy."""
    xi, volts = 200e-15, np.array([-0.2, 0.0, 0.2])
    card = load_card("mizrahi2018").replace({"vcma.coefficient": xi})
    own, stack = card.magnetism, card.geometry
    m_s, volume = own.saturation_magnetisation, stack.activation_volume
    along_z = constants.mu_0 * m_s * own.anisotropy_field / 2 - xi * volts / (
        stack.tunnel_barrier_thickness * stack.free_layer_thickness
    )

    def lowest(across, k):
        """Of all heights of m at one direction in the plane, in k_B T."""

        def u(z):
            y = across * math.sqrt(1 - z * z)
            in_plane = own.in_plane_anisotropy_field * y * y / 2
            energy = -k * z * z + constants.mu_0 * m_s * (in_plane - field * z)
            return volume * energy / (constants.k * 300)

        return minimize_scalar(u, bounds=(-0.9, 0.9), method="bounded").fun

    expected = [lowest(1.0, k) - lowest(0.0, k) for k in along_z]
    times = card_log_dwell_times(card, 0.0, 0.0, field, volts, 300.0, law="neel-brown")
    found = np.array(times) - math.log(card.thermal.attempt_time)
    assert found == close_to(np.stack([expected, expected]), abs=1e-6)
    assert (np.ptp(expected) > 0.04) == (field > 0)

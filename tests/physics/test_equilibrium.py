"""Boltzmann integration against another parametrisation, and the slope against differences."""

import math

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import dblquad

from closeness import close_to
from smtj.physics.magnetics.equilibrium import log_odds_slope, log_weights, sigmoid_of_equilibrium
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.units import convert

MOMENT = 1.18e6 * 3.254e-24
H_K1 = convert(56, "mT", "A/m")
PAPER = Macrospin(MOMENT, H_K1, 0.0, 0.0, convert(8.76, "mT", "A/m"), math.radians(9), 300.0)
SPINS = {
    "paper": PAPER,
    "upright": PAPER._replace(easy_axis_tilt=0.0, in_plane_bias_field=0.0),
    "shape": PAPER._replace(in_plane_anisotropy_field=48020.0, second_order_field=4e3),
    "easy plane": PAPER._replace(anisotropy_field=-0.3 * H_K1),
    "free": PAPER._replace(anisotropy_field=0.0, in_plane_bias_field=0.0),
    "large": PAPER._replace(moment=4 * MOMENT),
}
every_spin = pytest.mark.parametrize("spin", SPINS.values(), ids=SPINS)


def _log_weight(spin, field_z, high):
    """ln Z with y as the polar axis: m_y = v, and ψ turns from the easy axis in the x-z plane."""
    scale = constants.mu_0 * spin.moment / (constants.k * spin.temperature)
    tilt = spin.easy_axis_tilt

    def exponent(psi, v):
        radius = math.sqrt(1 - v * v)
        m_x, m_z = radius * math.sin(tilt + psi), radius * math.cos(tilt + psi)
        along = radius * math.cos(psi)
        return scale * (
            field_z * m_z
            + spin.in_plane_bias_field * m_x
            + spin.anisotropy_field * along**2 / 2
            - spin.second_order_field * along**4 / 4
            - spin.in_plane_anisotropy_field * v**2 / 2
        )

    centre = 0.0 if high else math.pi
    top = max(
        exponent(centre + psi, v)
        for psi in np.linspace(-math.pi / 2, math.pi / 2, 41)
        for v in np.linspace(-0.999, 0.999, 41)
    )
    # The energy is even in v, so half of it is enough.
    total, _ = dblquad(
        lambda psi, v: math.exp(exponent(psi, v) - top),
        0,
        1,
        centre - math.pi / 2,
        centre + math.pi / 2,
        epsabs=0,
        epsrel=1e-9,
    )
    return top + math.log(2 * total)


@every_spin
@pytest.mark.parametrize("field_z", [-2000.0, 700.0])
def test_weights_are_those_of_another_parametrisation(spin, field_z):
    high, low = log_weights(spin, field_z)
    assert high == close_to(_log_weight(spin, field_z, True), abs=1e-8)
    assert low == close_to(_log_weight(spin, field_z, False), abs=1e-8)


@every_spin
@pytest.mark.parametrize("field_z", [-3000.0, -1104.0, 0.0, 2e4])
def test_slope_is_the_difference_quotient_of_the_log_odds(spin, field_z):
    step = 1.0
    (high_up, low_up), (high_down, low_down) = (
        log_weights(spin, field_z + sign * step) for sign in (1, -1)
    )
    quotient = ((high_up - low_up) - (high_down - low_down)) / (2 * step)
    assert log_odds_slope(spin, field_z) == close_to(quotient, rel=1e-7)


@every_spin
def test_states_weigh_the_same_at_the_midpoint(spin):
    slope, midpoint = sigmoid_of_equilibrium(spin)
    high, low = log_weights(spin, midpoint)
    assert high == close_to(low, abs=1e-12)
    assert slope == log_odds_slope(spin, midpoint)
    assert midpoint == close_to(
        -spin.in_plane_bias_field * math.tan(spin.easy_axis_tilt), rel=1e-14
    )


def test_slope_of_a_free_moment_is_elementary():
    """Without energy ⟨m·n⟩ over a half sphere is ½, on either side."""
    spin = SPINS["free"]._replace(easy_axis_tilt=0.0)
    expected = constants.mu_0 * MOMENT / (constants.k * 300)
    assert log_odds_slope(spin, 0.0) == close_to(expected, rel=1e-9)


def test_slope_of_a_deep_barrier_is_twice_the_moment():
    """w → 2 μ0 M_s V*/(k_B T); ⟨m_z⟩ falls short of 1 by 1/(2Δ)."""
    spin = SPINS["upright"]
    limit = 2 * constants.mu_0 * MOMENT / (constants.k * 300)
    for multiple in (10, 40):
        deep = spin._replace(anisotropy_field=multiple * H_K1)
        delta = constants.mu_0 * MOMENT * multiple * H_K1 / 2 / (constants.k * 300)
        assert log_odds_slope(deep, 0.0) / limit == close_to(1 - 1 / (2 * delta), abs=1 / delta**2)


@pytest.mark.parametrize(
    ("tilt", "slopes"), [(0.0, (0.180, 0.179, 0.178)), (9.0, (0.178, 0.177, 0.176))]
)
def test_barrier_drops_out_of_the_slope(tilt, slopes):
    """Exact Boltzmann integration at -200, 0 and +200 mV, in 1/Oe."""
    spin = PAPER._replace(
        easy_axis_tilt=math.radians(tilt),
        anisotropy_field=H_K1 - convert(34, "mT/V", "A/m/V") * np.array([-0.2, 0, 0.2]),
    )
    found, _ = sigmoid_of_equilibrium(spin)
    assert convert(1, "Oe", "A/m") * found == close_to(slopes, abs=6e-4)


def test_arguments_broadcast():
    spin = PAPER._replace(anisotropy_field=np.array([[3e4], [4e4], [5e4]]))
    high, low = log_weights(spin, np.array([-100.0, 100.0]))
    assert high.shape == low.shape == (3, 2)
    assert log_odds_slope(spin, 0.0).shape == (3, 1)

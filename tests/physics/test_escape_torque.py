"""Escape under spin torque: against spherical harmonics, a field, and simulated motion."""

import numpy as np
import pytest
from spherical_harmonics import log_times

from closeness import close_to
from smtj.dynamics.macrospin.driven import DrivenMacrospin
from smtj.dynamics.macrospin.passages import first_passage_times
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.escape.relaxation import log_rate_on_sphere
from smtj.physics.escape.torque import log_changes
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights, macrospin_of
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.torque.fields import TorqueFields


def expected(energy, torque, damping, degree):
    along, across, sideways, first, second, shape, over_a, over_b = energy
    given = ((across, sideways, along), (0.0, -shape, first))
    still, pushed = (
        log_times(*given, push, damping, degree, (over_a, over_b, second))
        for push in ((0.0, 0.0, 0.0), torque)
    )
    if second or over_a or over_b:  # without the torque, times are those of exact rates
        spin, x, y, z = macrospin_of(energy)
        both = np.array(log_weights(spin, z, x, y))
        exact = np.logaddexp(*both) - both[::-1] - log_rate_on_sphere(energy, damping)
        np.testing.assert_allclose(still, exact, atol=1e-6)
    return pushed - still


@pytest.mark.parametrize("part", [-0.5, -0.2, 0.2, 0.5])
def test_along_the_axis_a_torque_is_a_field(part):
    """Δ = 4, 6 and 8 at V/V_c = ±0.2 and ±0.5, V_c = α H_k/h_DL."""
    for delta in (4.0, 6.0, 8.0):
        energy = ReducedEnergy(0.3, 0.0, 0.0, 2 * delta, 0.0, 0.0)
        torque = (0.0, 0.0, part * 0.05 * 2 * delta)
        found = log_changes(energy, torque, 0.05)
        np.testing.assert_allclose(found, expected(energy, torque, 0.05, 40), rtol=1e-6)


@pytest.mark.parametrize(
    ("energy", "torque", "damping", "degree"),
    [
        (ReducedEnergy(0.0, 1.8, 0.0, 11.2, 0.0, 0.0), (-0.14, 0.0, -0.02), 0.02, 40),
        pytest.param(
            ReducedEnergy(0.0, 3.0, 0.4, 16.0, 0.0, 4.0),
            (0.2, 0.1, -0.15),
            0.02,
            44,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ReducedEnergy(0.0, 0.0, 0.0, 12.0, 0.0, 60.0),
            (0.0, 0.0, -0.4),
            0.05,
            44,
            marks=pytest.mark.proof,
        ),
        (ReducedEnergy(0.0, 5.0, 0.0, 16.0, 0.0, 0.0), (0.0, 0.0, 1.0), 0.3, 40),
        (ReducedEnergy(0.5, 0.0, 0.0, 6.2, 0.0, 40.0), (0.0, 0.0, -0.4), 0.05, 30),
        # H_K2 about the hard axis, about the middle one, and cones of two wells a state.
        (ReducedEnergy(-0.3, 0.2, 0.0, 10.0, 0.0, 7.0, 0.0, 15.0), (0.0, 0.0, 0.1), 0.3, 32),
        (ReducedEnergy(0.7, 0.0, 0.5, 12.0, 0.0, 9.0, -7.0, 0.0), (0.1, 0.0, 0.1), 0.3, 28),
        (ReducedEnergy(0.5, 0.0, 0.2, 25.0, 31.0, 3.0), (0.02, 0.0, 0.05), 0.3, 30),
    ],
    ids=[
        "tilted",
        "no symmetry",
        "in a plane",
        "high damping",
        "low barrier",
        "H_K2 in a plane",
        "H_K2 across",
        "cone",
    ],
)
def test_without_symmetry_it_is_what_spherical_harmonics_give(energy, torque, damping, degree):
    for sign in (1.0, -1.0):
        turned = tuple(sign * entry for entry in torque)
        found = log_changes(energy, turned, damping)
        np.testing.assert_allclose(found, expected(energy, turned, damping, degree), atol=2e-3)


def test_in_a_disc_the_occupancy_is_what_spherical_harmonics_give():
    energy, torque = ReducedEnergy(0.5, 0.0, 0.0, 0.0, 0.0, 40.0), (0.1, 0.0, -0.4)
    up, down = log_changes(energy, torque, 0.05)
    of_up, of_down = expected(energy, torque, 0.05, 30)
    assert up - down == close_to(of_up - of_down, abs=1e-3)


@pytest.mark.slow
def test_a_torque_that_empties_a_state_is_continued_from_smaller_volumes():
    """Rounding hides a state as rare as e^-62; along the axis a quadrature tells how rare."""
    cone = ReducedEnergy(0.0, 0.0, 0.0, 16.0, 24.0, 0.0)
    upright = log_changes(cone, (0.0, 0.0, 1.2), 0.02)
    nearly = log_changes(cone._replace(across=0.1), (0.0, 0.0, 1.2), 0.02)
    assert nearly[0] - nearly[1] == close_to(upright[0] - upright[1], rel=0.02)


def test_a_torque_along_the_axis_without_and_with_a_trace_of_tilt_is_the_same():
    upright = ReducedEnergy(0.0, 0.0, 0.0, 16.0, 0.0, 0.0)
    tilted = upright._replace(across=1e-4)
    torque = (0.0, 0.0, 0.1)
    np.testing.assert_allclose(
        log_changes(upright, torque, 0.05), log_changes(tilted, torque, 0.05), atol=2e-3
    )


@pytest.mark.proof
def test_high_barriers_are_extrapolated():
    """The torque here lowers both barriers of 22 k_B T, so that harmonics still reach them."""
    energy = ReducedEnergy(0.0, 11.0, 0.0, 65.0, 0.0, 0.0)
    torque = (-0.4, 0.0, -0.06)
    assert (energy.first - energy.across) ** 2 / (2 * energy.first) > 20
    found = log_changes(energy, torque, 0.02)
    np.testing.assert_allclose(found, expected(energy, torque, 0.02, 60), atol=0.05)
    assert found[0] < -3


@pytest.mark.proof
def test_simulated_passages_are_as_fast_as_the_torque_makes_them():
    """First passages under a torque over those under the field that it is in this symmetry."""
    temperature, moment, damping, delta = 300.0, 2e-18, 0.2, 3.0
    unit = BOLTZMANN * temperature / (VACUUM_PERMEABILITY * moment)
    spin = Macrospin(moment, 2 * delta * unit, 0.0, 0.0, 0.0, 0.0, temperature)
    pull = 0.2 * 2 * delta * unit
    driven = DrivenMacrospin(
        spin, damping, voltage=1.0, torques=TorqueFields(0.0, 0.0, -damping * pull)
    )
    pushed = DrivenMacrospin(spin, damping, field=(0.0, 0.0, -pull))
    means = []
    for system in (driven, pushed):
        times = first_passage_times(system, (np.sqrt(0.75), 0.0, 0.5), -0.5, 1000, 3)
        means.append((times.mean(), times.std() / np.sqrt(times.size)))
    (torque, error), (field, other) = means
    assert abs(torque - field) < 3 * np.hypot(error, other)
    assert error < 0.05 * torque

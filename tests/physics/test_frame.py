"""Axes of a macrospin: the same physics wherever its easy axis lies."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj.errors import SmtjError
from smtj.physics.barrier import biaxial_energy_barrier
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.escape.axial import log_axial_relaxation_rate
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.escape.relaxation import log_relaxation_rate
from smtj.physics.escape.stationary import stationary_points
from smtj.physics.magnetics.equilibrium import (
    ReducedEnergy,
    boltzmann_averages,
    log_odds_slope,
    log_weights,
    reduced_energy,
    sigmoid_of_equilibrium,
)
from smtj.physics.magnetics.frame import along, axial, frame
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import energy, find_wells
from smtj.units import convert

MOMENT = 1.1e6 * 1.645e-24
SCALE = VACUUM_PERMEABILITY * MOMENT / (BOLTZMANN * 300)


def spin(first, sideways, tilt=0.0, in_plane=1.0, bias=0.0):
    """A macrospin with H_K1 and H_shape in mT."""
    h_k1, h_shape = (convert(value, "mT", "A/m") for value in (first, sideways))
    return Macrospin(MOMENT, h_k1, 0.0, h_shape, bias, tilt, 300.0, in_plane)


KINDS = {
    "upright": spin(40, 25, 0.0, 0.0),
    "tilted": spin(40, 25, 0.3, 0.0, 2e3),
    "in plane": spin(-200, 40),
    "in plane, tilted": spin(-200, 40, 0.2, 1.0, 3e3),
    "in plane, narrow": spin(-30, 60),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_energy_is_that_of_the_lab_in_right_handed_axes(kind):
    axes = frame(kind)
    rows = np.array([axes.across, axes.hard, axes.easy], dtype=float)
    np.testing.assert_allclose(rows @ rows.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(rows) == close_to(1.0)
    assert axes.first > 0 and axes.shape >= 0
    m = np.random.default_rng(1).normal(size=(40, 3))
    m /= np.linalg.norm(m, axis=1, keepdims=True)
    field = 4e3, -7e3, 2e3
    seen = (along(axis, *m.T) for axis in axes[:3])
    difference = reduced_energy(kind, *field)(*seen) - SCALE * energy(kind, m, *field)
    assert np.ptp(difference) < 1e-10


def turned(kind):
    """The same macrospin in other axes: x' = y, y' = z, z' = x, so that it is an upright one."""
    normal = -float(kind.anisotropy_field) - float(kind.in_plane_anisotropy_field)
    return Macrospin(
        kind.moment, kind.in_plane_anisotropy_field, 0.0, normal, 0.0, 0.0, kind.temperature
    )


def test_a_layer_in_the_plane_is_an_upright_one_in_other_axes():
    """Wells, weights, averages and rates, in any field; H_in is a field along its easy axis."""
    kind = KINDS["in plane"]
    biased = kind._replace(in_plane_bias_field=1.5e3)
    x, y, z = 2e3, 5e3, -2e4
    own = log_weights(biased, z, x, y)
    other = log_weights(turned(kind), x + 1.5e3, y, z)
    assert own[0] - own[1] == close_to(float(other[0] - other[1]), rel=1e-9)
    found = boltzmann_averages(biased, x, y, z)
    expected = boltzmann_averages(turned(kind), y, z, x + 1.5e3)
    np.testing.assert_allclose(found.mean, expected.mean[[2, 0, 1]], atol=1e-9)
    wells, same = find_wells(biased, x, y, z), find_wells(turned(kind), y, z, x + 1.5e3)
    np.testing.assert_allclose(wells.up, same.up[[2, 0, 1]], atol=1e-9)
    np.testing.assert_allclose(wells.down, same.down[[2, 0, 1]], atol=1e-9)
    rates = (
        log_relaxation_rate(biased, x, y, z, 0.1),
        log_relaxation_rate(turned(kind), y, z, x + 1.5e3, 0.1),
    )
    assert rates[0] == close_to(float(rates[1]), abs=1e-9)


def test_averages_are_derivatives_of_the_weights_in_a_tilted_plane():
    """⟨m⟩ of the whole sphere is that of ln Z by the field, whatever the axes."""
    kind, at, step = KINDS["in plane, tilted"], np.array([1e3, -2e3, 3e3]), 1.0

    def log_sum(field):
        return float(np.logaddexp(*log_weights(kind, field[2], field[0], field[1])))

    moved = [
        (log_sum(at + step * unit) - log_sum(at - step * unit)) / (2 * step) for unit in np.eye(3)
    ]
    found = boltzmann_averages(kind, *at)
    np.testing.assert_allclose(found.mean, np.array(moved) / SCALE, atol=1e-7)
    assert 0 < found.mean_square_z < 0.2


def test_a_layer_in_the_plane_is_balanced_where_its_bias_field_is_undone():
    kind = KINDS["in plane, tilted"]
    slope, middle = sigmoid_of_equilibrium(kind)
    assert middle == -kind.in_plane_bias_field
    up, down = log_weights(kind, 0.0, middle)
    assert up - down == close_to(0.0, abs=1e-9)
    odds = [np.subtract(*log_weights(kind, 0.0, middle + step)) for step in (-20.0, 20.0)]
    assert slope == close_to((odds[1] - odds[0]) / 40, rel=1e-6)
    assert log_odds_slope(kind, 0.0, middle) == slope


def test_an_axis_in_the_plane_alone_has_the_rate_of_an_axial_layer():
    """Where the normal is no harder than y there is no easy plane."""
    kind = spin(-60, 60)
    expected = log_axial_relaxation_rate(reduced_energy(axial(kind), 0.0, 0.0, 0.0))
    found = log_relaxation_rate(kind, 0.0, 0.0, 0.0, 0.1) - log_diffusion(kind, 0.1)
    assert found == close_to(float(expected), abs=1e-12)
    hardly = kind._replace(anisotropy_field=kind.anisotropy_field * (1 + 1e-7))
    near = log_relaxation_rate(hardly, 0.0, 0.0, 0.0, 0.1) - log_diffusion(kind, 0.1)
    assert near == close_to(float(expected), abs=1e-6)


@pytest.mark.parametrize(
    ("across", "hard"), [(0.0, 0.0), (0.3, 0.0), (0.0, 1.5), (0.0, 4.0), (1.2, 0.0)]
)
def test_the_barrier_of_a_field_across_is_that_of_the_stationary_points(across, hard):
    """H_a and H_b in units of H_1, with H_s = 3 H_1."""
    k_1 = 30.0
    seen = ReducedEnergy(0.0, across * k_1, hard * k_1, k_1, 0.0, 3 * k_1)
    points = stationary_points(seen)
    saddles = points.saddles.energy
    wells = len(points.minima.energy)
    expected = saddles[0] - points.minima.energy[0] if wells == 2 and saddles.size else 0.0
    thermal = BOLTZMANN * 300
    found = biaxial_energy_barrier(
        k_1 / SCALE, 3 * k_1 / SCALE, 1.1e6, across * k_1 / SCALE, hard * k_1 / SCALE, 1.645e-24
    )
    assert float(found) / thermal == close_to(expected, rel=1e-9, abs=1e-9)


def test_a_disc_without_an_axis_has_equal_states_and_no_barrier():
    disc = spin(-1000, 0)
    up, down = log_weights(disc, 0.0)
    assert up == close_to(float(down), abs=1e-12)
    assert boltzmann_averages(disc, 0.0, 0.0, 0.0).mean_square_z < 0.01
    assert float(biaxial_energy_barrier(0.0, 8e5, 1.1e6, 0.0, 0.0, 1.645e-24)) == 0
    with pytest.raises(SmtjError, match="no barrier"):
        log_relaxation_rate(disc, 0.0, 0.0, 0.0, 0.1)
    slope, _ = sigmoid_of_equilibrium(disc)
    # Half circles of a rotor: ⟨cos φ⟩ = ±2/π.
    assert slope == close_to(SCALE * 4 / math.pi, rel=0.01)

"""Resonance: Eq. 7 against the general route, that against the energy and free precession."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from closeness import close_to
from smtj.physics.constants import GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import all_minima, energy, find_wells
from smtj.physics.resonance.frequency import (
    FREQUENCY_PER_FIELD,
    in_plane_film_frequency,
    printed_frequency,
    resonance_frequency,
    stiffness,
)
from smtj.physics.resonance.rectification import driven_lines
from smtj.physics.torque.fields import TorqueFields

TESLA = 1 / VACUUM_PERMEABILITY
SEEDS = range(20)


def spin_of(k1, k2=0.0, shape=0.0, bias=0.0, tilt=0.0):
    """Return a macrospin, fields in tesla."""
    return Macrospin(1.0, k1 * TESLA, k2 * TESLA, shape * TESLA, bias * TESLA, tilt, 300.0)


def random_fields(rng, count):
    """Return field magnitudes in A/m and angles from the normal over the whole half circle."""
    return rng.uniform(0.001, 0.3, count) * TESLA, rng.uniform(-math.pi, math.pi, count)


def general(spin, x, y, z):
    """Return the frequencies of all minima, shape (fields, minima)."""
    minima = all_minima(spin, x, y, z)
    fields = (np.asarray(entry)[..., None] for entry in (x, y, z))
    entries = Macrospin(*(np.asarray(entry)[..., None] for entry in spin))
    matrix = stiffness(entries, minima.directions, *fields).matrix
    return minima, matrix, resonance_frequency(matrix)


@pytest.mark.parametrize("k1", [0.056, 0.2, -0.17])
@pytest.mark.parametrize("k2", [0.0, 0.015, -0.02])
def test_the_general_route_agrees_with_eq_7_wherever_that_applies(k1, k2):
    """Global and metastable minima, fields of any angle, to 1e-9."""
    h, angle = random_fields(np.random.default_rng(1), 300)
    x, z = h * np.sin(angle), h * np.cos(angle)
    minima, _, f = general(spin_of(k1, k2), x, 0.0, z)
    theta = np.arctan2(minima.directions[..., 0], minima.directions[..., 2])
    printed = printed_frequency(h[:, None], angle[:, None], theta, k1 * TESLA, k2 * TESLA)
    there = np.isfinite(minima.energies)
    assert there.sum() > 300 or k1 < 0
    # Soft modes vanish at a well's end; a relative 1e-9 of the field's own frequency is asked.
    scale = np.maximum(f, FREQUENCY_PER_FIELD * h[:, None])[there]
    np.testing.assert_array_less(np.abs(f - printed)[there] / scale, 1e-9)


def test_eq_7_along_the_normal_and_in_the_plane_beyond_saturation():
    """Where the formula is one line."""
    h = np.array([0.01, 0.05]) * TESLA
    k1, k2 = 0.056 * TESLA, 0.01 * TESLA
    np.testing.assert_allclose(
        printed_frequency(h, 0.0, 0.0, k1, k2), FREQUENCY_PER_FIELD * (h + k1 - k2), rtol=1e-14
    )
    h = np.array([0.1, 0.4]) * TESLA
    flat = printed_frequency(h, math.pi / 2, math.pi / 2, k1, k2)
    np.testing.assert_allclose(flat, FREQUENCY_PER_FIELD * np.sqrt(h * (h - k1)), rtol=1e-12)
    np.testing.assert_allclose(flat, in_plane_film_frequency(h, -k1), rtol=1e-12)


def test_eq_7_of_a_direction_that_is_no_minimum_is_nan():
    """In the plane below saturation."""
    assert np.isnan(printed_frequency(0.01 * TESLA, math.pi / 2, math.pi / 2, 0.056 * TESLA, 0.0))


def test_the_numbers_of_the_paper():
    """1.54 GHz at 110 Oe without and 2.22 GHz with the shape anisotropy of the ellipse."""
    h = 0.011 * TESLA
    for shape, expected in ((0.0, 1.54e9), (0.06, 2.22e9)):
        _, _, f = general(spin_of(0.056, shape=shape), np.array([-h]), 0.0, 0.0)
        assert f[0, 0] == close_to(expected, rel=4e-3)
    tilted = spin_of(0.056, tilt=math.radians(9))
    _, _, f = general(tilted, np.array([-h]), 0.0, 0.0)
    np.testing.assert_allclose(f[0], [1.590e9, 1.488e9], rtol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_second_derivatives_are_those_of_the_energy(seed):
    """Differences along great circles, a tilted axis, shape, bias and a field in any direction."""
    rng = np.random.default_rng(seed)
    spin = spin_of(0.05, 0.01, 0.06, 0.009, rng.uniform(0, 0.5))
    field = rng.uniform(-0.1, 0.1, 3) * TESLA
    m = all_minima(spin, *field).directions[0]
    found = stiffness(spin, m, *field)
    frame = np.stack([found.first, found.second, m])
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(np.cross(m, found.first), found.second, atol=1e-14)
    step = 2e-4

    def at(one, two):
        tangent = one * found.first + two * found.second
        size = np.linalg.norm(tangent)
        turned = m * math.cos(size) + tangent * (math.sin(size) / size if size else 1.0)
        return float(energy(spin, turned, *field))

    middle = at(0, 0)
    expected = np.empty((2, 2))
    expected[0, 0] = (at(step, 0) - 2 * middle + at(-step, 0)) / step**2
    expected[1, 1] = (at(0, step) - 2 * middle + at(0, -step)) / step**2
    corners = at(step, step) - at(step, -step) - at(-step, step) + at(-step, -step)
    expected[0, 1] = expected[1, 0] = corners / (4 * step**2)
    np.testing.assert_allclose(found.matrix, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_released_magnetisation_rings_at_the_frequency_and_width(seed):
    """Free decay of the nonlinear equation, against f0 and Γ; an independent route to both."""
    rng = np.random.default_rng(100 + seed)
    alpha = rng.uniform(0.005, 0.05)
    spin = spin_of(0.05, 0.01, rng.choice([0.0, 0.06]), 0.009, rng.uniform(0, 0.3))
    field = np.array([rng.uniform(-0.03, 0.03), 0.0, rng.uniform(-0.03, 0.03)]) * TESLA
    m0 = find_wells(spin, *field).global_minimum
    found = stiffness(spin, m0, *field)
    f0 = float(resonance_frequency(found.matrix)) / math.sqrt(1 + alpha**2)
    lines = driven_lines(spin, m0, found, (1.0, 0.0, 0.0), alpha, TorqueFields(1.0, 0.0, 0.0))
    width = 2 * float(lines.half_width)
    axis = np.array([math.sin(spin.easy_axis_tilt), 0.0, math.cos(spin.easy_axis_tilt)])

    def slope(_, m):
        along = m @ axis
        h = field + np.array([spin.in_plane_bias_field, 0, 0])
        h = h + (spin.anisotropy_field * along - spin.second_order_field * along**3) * axis
        h = h - np.array([0, spin.in_plane_anisotropy_field * m[1], 0])
        torque = np.cross(m, h)
        rate = -GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY / (1 + alpha**2)
        return rate * (torque + alpha * np.cross(m, torque))

    start = m0 + 1e-4 * found.first
    times = np.linspace(0, 12 / f0, 1200)
    run = solve_ivp(
        slope, (0, times[-1]), start / np.linalg.norm(start), t_eval=times, rtol=1e-10, atol=1e-13
    )
    x = found.first @ run.y
    # A damped oscillation obeys x'' + 2πΓ x' + (2πf0)² x = 0; both follow by least squares.
    step = times[1] - times[0]
    second, first = np.gradient(np.gradient(x, step), step)[4:-4], np.gradient(x, step)[4:-4]
    (ring, square), *_ = np.linalg.lstsq(np.stack([-first, -x[4:-4]], 1), second, rcond=None)
    assert math.sqrt(square) / (2 * math.pi) == close_to(f0, rel=2e-3)
    assert ring / (2 * math.pi) == close_to(width, rel=2e-2)

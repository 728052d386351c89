"""The wells against a search of the whole sphere, Stoner and Wohlfarth's closed forms, Eq. 7."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial import cKDTree

from closeness import close_to
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import all_minima, energy, find_wells
from smtj.units import convert

H_K1 = convert(56, "mT", "A/m")
UPRIGHT = Macrospin(1.0, H_K1, 0.0, 0.0, 0.0, 0.0, 300.0)
PAPER = UPRIGHT._replace(
    in_plane_bias_field=convert(8.76, "mT", "A/m"), easy_axis_tilt=math.radians(9)
)


def spin(first, second=0.0, shape=0.0, h_in=0.0, tilt=0.0):
    return Macrospin(1.0, first, second, shape, h_in, tilt, 300.0)


# Any minimum, by brute force.


def _sphere(count):
    """Fibonacci's lattice, and each point's nearest neighbours."""
    n = np.arange(count) + 0.5
    z, turn = 1 - 2 * n / count, math.pi * (1 + math.sqrt(5)) * n
    radius = np.sqrt(1 - z**2)
    points = np.stack([radius * np.cos(turn), radius * np.sin(turn), z], axis=-1)
    return points, cKDTree(points).query(points, k=13)[1][:, 1:]


POINTS, NEIGHBOURS = _sphere(2500)


def _tangents(m):
    first = np.cross(m, np.eye(3)[np.argmin(np.abs(m))])
    first /= np.linalg.norm(first)
    return first, np.cross(m, first)


def _around(spin, field, m, p):
    first, second = _tangents(m)
    v = m + p[0] * first + p[1] * second
    return v / np.linalg.norm(v)


def _search(spin, field):
    """Local minima of the lattice, each followed downhill; may miss a shallow one."""
    e = energy(spin, POINTS, *field)
    found = []
    for m in POINTS[(e[:, None] < e[NEIGHBOURS]).all(axis=1)]:
        for _ in range(2):
            end = minimize(
                lambda p, m=m: float(energy(spin, _around(spin, field, m, p), *field)),
                [0.0, 0.0],
                method="BFGS",
                options={"gtol": 1e-9},
            )
            m = _around(spin, field, m, end.x)
        if not any(m @ other > 1 - 1e-5 for other in found):
            found.append(m)
    return np.array(found)


def _gradient(spin, field, m):
    """In x, y, z, written out, less its part along m."""
    n = np.array([math.sin(spin.easy_axis_tilt), 0, math.cos(spin.easy_axis_tilt)])
    g = -np.array(field) - [spin.in_plane_bias_field, 0, 0]
    g = g - (spin.anisotropy_field * (m @ n) - spin.second_order_field * (m @ n) ** 3) * n
    g = g + np.array([0, spin.in_plane_anisotropy_field * m[1], 0])
    return g - (g @ m) * m


def _curvatures(spin, field, m):
    """Eigenvalues of the second derivatives, from differences of the gradient."""
    first, second = _tangents(m)
    step, rows = 1e-5, []
    for t in (first, second):
        ends = [(m + sign * step * t) / np.linalg.norm(m + step * t) for sign in (1, -1)]
        slope = (_gradient(spin, field, ends[0]) - _gradient(spin, field, ends[1])) / (2 * step)
        rows.append([slope @ first, slope @ second])
    return np.linalg.eigvalsh((np.array(rows) + np.transpose(rows)) / 2)


def _random_problem(rng):
    second = 1.5 * rng.normal() * rng.integers(2)
    shape = abs(rng.normal()) * rng.integers(2)
    tilt = rng.uniform(0, 1.5) * rng.integers(2)
    field = rng.normal(size=3) * rng.choice([0.05, 0.2, 0.8])
    return spin(rng.normal(), second, shape, 0.2 * rng.normal(), tilt), field


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_minima_are_those_of_a_search_of_the_sphere(seed):
    rng = np.random.default_rng(seed)
    for _ in range(15):
        problem, field = _random_problem(rng)
        minima = all_minima(problem, *field)
        ours = minima.directions[np.isfinite(minima.energies)]
        for m in _search(problem, field):
            assert (ours @ m).max() > 1 - 1e-6, (problem, field)
        for m in ours:
            assert m @ m == close_to(1, abs=1e-14)
            assert np.abs(_gradient(problem, field, m)).max() < 1e-11
            assert _curvatures(problem, field, m).min() > -1e-8
        gaps = ours @ ours.T - 2 * np.eye(len(ours))
        assert gaps.max() < 1 - 1e-8
        assert (np.diff(minima.energies) >= 0).all()


@pytest.mark.parametrize(
    ("problem", "field", "directions"),
    [
        (spin(1.0), (0, 0, 0), [(0, 0, 1), (0, 0, -1)]),
        (spin(1.0, shape=0.5), (0, 0, 0), [(0, 0, 1), (0, 0, -1)]),
        (spin(-1.0, shape=0.5), (0, 0, 0), [(1, 0, 0), (-1, 0, 0)]),
        (spin(1.0), (0, 0.6, 0), [(0, 0.6, 0.8), (0, 0.6, -0.8)]),
        # A field along y on an easy axis along x: the two wells lean over.
        (spin(-2.0, shape=1.0), (0, 0.6, 0), [(0.8, 0.6, 0), (-0.8, 0.6, 0)]),
        # H_K2 with the opposite sign keeps axis and plane apart: four.
        (spin(-1.0, -3.0, 1.0), (0, 0, 0), [(0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0)]),
        # Between them H_K1 and H_K2 make a cone at cos² = H_K1/H_K2, of which x is the easiest.
        (
            spin(0.64, 1.0, 0.5),
            (0, 0, 0),
            [(0.6, 0, 0.8), (-0.6, 0, 0.8), (0.6, 0, -0.8), (-0.6, 0, -0.8)],
        ),
        (spin(0.64, 1.0, 0.0), (1e-9, 0, 0), [(0.6, 0, 0.8), (0.6, 0, -0.8)]),
        (spin(0.0), (2, -1, 2), [(2 / 3, -1 / 3, 2 / 3)]),
        (spin(0.0, shape=1.0), (0, 2, 0), [(0, 1, 0)]),
    ],
)
def test_minima_of_closed_form(problem, field, directions):
    minima = all_minima(problem, *field)
    found = minima.directions[np.isfinite(minima.energies)]
    assert len(found) == len(directions)
    for m in np.array(directions, dtype=float):
        assert np.abs(found - m).max(axis=1).min() < 1e-8


# Stoner and Wohlfarth.


def test_a_field_along_the_hard_axis_tilts_both_wells_alike():
    strength = np.array([0.0, 0.1, 0.5, 0.9, 0.999])
    for turn in (0.0, 0.7, 3.0):
        wells = find_wells(
            UPRIGHT, strength * H_K1 * math.cos(turn), strength * H_K1 * math.sin(turn), 0.0
        )
        for well, sign in ((wells.up, 1), (wells.down, -1)):
            across = well[:, 0] * math.cos(turn) + well[:, 1] * math.sin(turn)
            np.testing.assert_allclose(across, strength, atol=1e-12)
            np.testing.assert_allclose(well[:, 2], sign * np.sqrt(1 - strength**2), atol=1e-12)
        assert wells.up_exists.all()
        assert wells.down_exists.all()
    beyond = find_wells(UPRIGHT, 1.001 * H_K1, 0.0, 0.0)
    np.testing.assert_allclose([beyond.up, beyond.down], [[1, 0, 0]] * 2, atol=1e-12)
    assert beyond.up_exists != beyond.down_exists


@pytest.mark.parametrize("degrees", [0.0, 0.3, 5.0, 30.0, 45.0, 70.0, 89.0])
@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_a_well_vanishes_on_the_astroid(degrees, tilt):
    psi, turn = math.radians(degrees), 1.1
    switching = H_K1 * (math.cos(psi) ** (2 / 3) + math.sin(psi) ** (2 / 3)) ** -1.5
    across = np.array(
        [math.cos(tilt) * math.cos(turn), math.sin(turn), -math.sin(tilt) * math.cos(turn)]
    )
    along = np.array([math.sin(tilt), 0.0, math.cos(tilt)])
    # Just inside and just outside.
    strength = switching * np.array([0.999, 1.001])
    field = strength * (math.cos(psi) * along + math.sin(psi) * across)[:, None]
    wells = find_wells(UPRIGHT._replace(easy_axis_tilt=tilt), *field)
    assert wells.up_exists.tolist() == [True, True]
    assert wells.down_exists.tolist() == [True, False]
    np.testing.assert_array_equal(wells.down[1], wells.up[1])
    np.testing.assert_array_equal(wells.global_minimum, wells.up)


@pytest.mark.parametrize(("first", "shape"), [(-1.0, 0.6), (-0.4, 1.0)])
def test_a_well_in_the_plane_turns_over_the_lower_of_two_ways(first, shape):
    """Against -x: through y at H_shape, through z at |H_K1|."""
    limit = min(shape, -first)
    problem = spin(first, shape=shape)
    for strength, count in ((0.999 * limit, 2), (1.001 * limit, 1)):
        assert np.isfinite(all_minima(problem, -strength, 0.0, 0.0).energies).sum() == count


# Eq. 7, and a real device.


def test_energy_is_that_of_eq_7_in_the_x_z_plane():
    theta = np.linspace(0, 2 * math.pi, 721)
    m = np.stack([np.sin(theta), np.zeros_like(theta), np.cos(theta)], axis=-1)
    problem = PAPER._replace(second_order_field=7e3)
    h_x, h_z, tilt = 3e3 + PAPER.in_plane_bias_field, -8e3, math.radians(9)
    cos = np.cos(theta - tilt)
    eq_7 = -h_x * np.sin(theta) - h_z * np.cos(theta) - H_K1 / 2 * cos**2 + 7e3 / 4 * cos**4
    np.testing.assert_allclose(energy(problem, m, 3e3, 0.0, h_z), eq_7, rtol=1e-12, atol=1e-8)
    turned = np.stack([np.zeros_like(theta), np.sin(theta), np.cos(theta)], axis=-1)
    hard = energy(problem._replace(in_plane_anisotropy_field=5e3), turned, 0, 1e3, 0)
    np.testing.assert_allclose(
        hard - energy(problem, turned, 0, 1e3, 0), 2.5e3 * np.sin(theta) ** 2, atol=1e-8
    )


def test_wells_stand_where_a_fine_scan_of_eq_7_has_them():
    theta = np.linspace(0, 2 * math.pi, 400_001)
    for oersted in (-300.0, 0.0, 200.0):
        h_x = convert(oersted, "Oe", "A/m")
        m = np.stack([np.sin(theta), np.zeros_like(theta), np.cos(theta)], axis=-1)
        e = energy(PAPER, m, h_x, 0.0, 0.0)
        lowest = theta[1:-1][(e[1:-1] < e[:-2]) & (e[1:-1] < e[2:])]
        wells = find_wells(PAPER, h_x, 0.0, 0.0)
        both = np.arctan2([wells.up[0], wells.down[0]], [wells.up[2], wells.down[2]])
        np.testing.assert_allclose(np.sort(both % (2 * math.pi)), lowest, atol=1e-5)


def test_a_well_moves_continuously_as_long_as_it_exists():
    turn = np.linspace(0, 2 * math.pi, 721)[:, None]
    strength = np.array([0.1, 0.4, 0.8, 1.3]) * H_K1
    problem = PAPER._replace(in_plane_anisotropy_field=0.3 * H_K1)
    direction = (np.cos(turn), 0.3 * np.sin(2 * turn), np.sin(turn))
    wells = find_wells(problem, *(strength * part for part in direction))
    assert wells.up.shape == (721, 4, 3)
    for well, exists in ((wells.up, wells.up_exists), (wells.down, wells.down_exists)):
        stays = exists[1:] & exists[:-1]
        assert stays.any()
        jump = np.linalg.norm(np.diff(well, axis=0), axis=-1)[stays]
        # Half a degree of field; a well about to vanish moves fastest, as a square root.
        assert jump.max() < 0.2
        assert np.quantile(jump, 0.9) < 0.03


def test_the_global_minimum_is_the_deepest_point_of_the_sphere():
    rng = np.random.default_rng(5)
    for _ in range(20):
        problem, field = _random_problem(rng)
        wells = find_wells(problem, *field)
        deepest = float(energy(problem, wells.global_minimum, *field))
        assert deepest <= energy(problem, POINTS, *field).min() + 1e-12
        for well in (wells.up, wells.down):
            assert float(energy(problem, well, *field)) >= deepest


def test_fields_and_spins_broadcast():
    several = PAPER._replace(anisotropy_field=H_K1 * np.array([[1.0], [0.8], [-0.2]]))
    fields = np.linspace(-0.3, 0.3, 5000) * H_K1
    wells = find_wells(several, fields, 0.0, 100.0)
    assert wells.up.shape == wells.down.shape == wells.global_minimum.shape == (3, 5000, 3)
    assert wells.up_exists.shape == (3, 5000)
    for row, column in ((0, 0), (1, 4999), (2, 2500)):
        alone = find_wells(
            several._replace(anisotropy_field=several.anisotropy_field[row, 0]),
            fields[column],
            0.0,
            100.0,
        )
        np.testing.assert_array_equal(wells.up[row, column], alone.up)
        np.testing.assert_array_equal(wells.down[row, column], alone.down)
    assert all_minima(PAPER, np.empty(0), 0.0, 0.0).directions.shape == (0, 1, 3)


# Directions that are all alike.


@pytest.mark.parametrize(
    ("problem", "field", "lowest"),
    [
        (spin(0.0), (0, 0, 0), 0.0),
        (spin(-1.0), (0, 0, 0), 0.0),
        (spin(-1.0, tilt=0.3), (0, 0, 0), 0.0),
        (spin(-1.0), (0, 0, 0.5), -0.125),
        (spin(0.5, 1.0), (0, 0, 0), -1 / 16),
        (spin(0.0, shape=1.0), (0, 0, 0), 0.0),
        (spin(1.0, shape=1.0), (0, 2.0, 0), -1.5),
        (spin(1.0), (1.0, 0, 0), -1.0),
        (spin(1.0), (0, 0, -1.0), -1.5),
        (spin(1.0), (0, 0, -1e9), -1e9 - 0.5),
    ],
)
def test_a_ring_or_a_flat_bottom_gives_one_of_its_directions(problem, field, lowest):
    wells = find_wells(problem, *field)
    for m in (wells.up, wells.down, wells.global_minimum):
        assert np.linalg.norm(m) == close_to(1, abs=1e-14)
        assert np.abs(_gradient(problem, field, m)).max() < 1e-7 * max(1, abs(lowest))
    assert float(energy(problem, wells.global_minimum, *field)) == close_to(lowest, abs=1e-12)
    assert wells.up_exists or wells.down_exists

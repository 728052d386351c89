"""Escape without symmetry: spherical harmonics, the axial quadrature, Langer's limit, symmetry."""

import math

import numpy as np
import pytest
from scipy import constants
from scipy.sparse import csc_array, diags_array, eye_array
from scipy.sparse.linalg import splu

from closeness import close_to
from smtj.errors import SmtjError
from smtj.physics.escape import relaxation
from smtj.physics.escape.asymptotes import (
    brown_log_dwell_times,
    langer_log_dwell_times,
    neel_log_dwell_times,
)
from smtj.physics.escape.axial import log_axial_relaxation_rate
from smtj.physics.escape.relaxation import (
    log_dwell_times,
    log_rate_on_sphere,
    log_relaxation_rate,
)
from smtj.physics.escape.stationary import stationary_points
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import all_minima
from smtj.units import convert

MOMENT = 1.18e6 * 3.254e-24
H_K1 = convert(56, "mT", "A/m")
PAPER = Macrospin(MOMENT, H_K1, 0.0, 0.0, convert(8.76, "mT", "A/m"), math.radians(9), 300.0)


def _harmonics(order):
    """cosθ, e^{iφ} sinθ, L_z and L_+ between spherical harmonics up to an order."""
    pairs = [(n, m) for n in range(order + 1) for m in range(-n, n + 1)]
    place = {pair: i for i, pair in enumerate(pairs)}

    def matrix(entry):
        rows, columns, values = [], [], []
        for (n, m), column in place.items():
            for target, value in entry(n, m):
                if target in place and value:
                    rows.append(place[target])
                    columns.append(column)
                    values.append(value)
        return csc_array((values, (rows, columns)), shape=(len(pairs), len(pairs)))

    def up(n, m):
        return math.sqrt(((n + 1) ** 2 - m**2) / ((2 * n + 1) * (2 * n + 3)))

    def plus(n, m):
        yield (
            (n + 1, m + 1),
            -math.sqrt((n + m + 1) * (n + m + 2) / ((2 * n + 1) * (2 * n + 3))),
        )
        if n:
            yield (n - 1, m + 1), math.sqrt((n - m) * (n - m - 1) / ((2 * n - 1) * (2 * n + 1)))

    cosine = matrix(lambda n, m: [((n + 1, m), up(n, m)), ((n - 1, m), up(n - 1, m) if n else 0)])
    raised = matrix(lambda n, m: [((n, m + 1), math.sqrt(n * (n + 1) - m * (m + 1)))])
    degree = np.array([n for n, _ in pairs], dtype=float)
    order_of = np.array([m for _, m in pairs], dtype=float)
    return cosine, matrix(plus), diags_array(order_of), raised, degree


def rate_of_harmonics(energy, damping, order):
    """λ1/D as the smallest eigenvalue of -L, L built of m and the angular momentum i L = m × ∇.

    L f = Δf + i g·(m × Λf) - (i/α) g·Λf with g = ∂U/∂m and Λ = -i m × ∇.
    """
    c, plus, l_z, l_plus, degree = _harmonics(order)
    a, b = (plus + plus.T) / 2, (plus - plus.T) / 2j
    l_x, l_y = (l_plus + l_plus.T) / 2, (l_plus - l_plus.T) / 2j
    one = eye_array(len(degree))
    g = (
        -energy.across * one,
        -energy.sideways * one + energy.shape * b,
        -energy.along * one - energy.first * c + energy.second * c @ c @ c,
    )
    cross = (b @ l_z - c @ l_y, c @ l_x - a @ l_z, a @ l_y - b @ l_x)
    operator = diags_array(-degree * (degree + 1)).astype(complex)
    for field, turned, momentum in zip(g, cross, (l_x, l_y, l_z), strict=True):
        operator = operator + 1j * field @ turned - 1j / damping * field @ momentum
    # Without the constant, which L takes to zero, inverse iteration finds the slowest mode.
    rest = csc_array(-operator)[1:, 1:]
    factors, f, rate = splu(rest.tocsc()), np.random.default_rng(1).normal(size=len(degree) - 1), 0
    f = f * np.exp(-degree[1:])
    for _ in range(60):
        new = factors.solve(f.astype(complex))
        before, rate = rate, np.vdot(f, f) / np.vdot(f, new)
        f = new / np.linalg.norm(new)
        if abs(rate - before) < 1e-11 * abs(rate):
            break
    assert abs(rate.imag) < 1e-7 * abs(rate)
    return rate.real


CASES = {
    "tilt": (ReducedEnergy(1.27, 3.0, 0.0, 12.0, 0.0, 0.0), 0.1),
    "low damping": (ReducedEnergy(1.0, 3.0, 0.0, 14.0, 0.0, 0.0), 0.02),
    "any field": (ReducedEnergy(-2.0, 3.0, 4.0, 24.0, 0.0, 0.0), 0.3),
    "shape": (ReducedEnergy(1.0, 1.5, -2.0, 20.0, 0.0, 14.0), 0.05),
    "second order": (ReducedEnergy(1.5, 4.0, 1.0, 26.0, 8.0, 5.0), 1.5),
    "weak": (ReducedEnergy(0.3, 0.8, 0.2, 4.0, 0.0, 0.0), 0.1),
}


@pytest.mark.slow
@pytest.mark.parametrize(("energy", "damping"), CASES.values(), ids=CASES)
def test_rate_is_that_of_spherical_harmonics(energy, damping):
    expected = rate_of_harmonics(energy, damping, 64)
    assert expected == close_to(rate_of_harmonics(energy, damping, 54), rel=1e-7)
    assert np.exp(log_rate_on_sphere(energy, damping)) == close_to(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("delta", "along", "second", "damping"),
    [(1.5, 0.0, 0.0, 0.1), (4.0, 1.0, 0.0, 0.1), (25.0, 5.0, 10.0, 0.05), (60.0, 30.0, 0.0, 0.02)],
)
def test_elements_agree_with_the_axial_quadrature(delta, along, second, damping):
    """One route knows of precession and all directions, the other of neither."""
    energy = ReducedEnergy(along, 0.0, 0.0, 2 * delta, second, 0.0)
    expected = float(log_axial_relaxation_rate(energy))
    assert log_rate_on_sphere(energy, damping) == close_to(expected, abs=1e-8)


def test_a_field_a_hair_off_the_axis_changes_nothing():
    spin, field = PAPER._replace(easy_axis_tilt=0.0, in_plane_bias_field=0.0), 2000.0
    axial = log_dwell_times(spin, 0.0, 0.0, field, 0.1)
    np.testing.assert_allclose(log_dwell_times(spin, 1e-3, 0.0, field, 0.1), axial, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("damping", [0.2, 1.0])
def test_langer_is_the_limit_of_a_high_barrier(damping):
    """What is left falls as 1/Δ, at 15, 30 and 60 k_B T."""
    field, rest = (0.0, 1000.0, -500.0), []
    for multiple in (0.8, 1.6, 3.2):
        spin = PAPER._replace(moment=multiple * MOMENT)
        exact = np.array(log_dwell_times(spin, *field, damping))
        rest.append((np.array(langer_log_dwell_times(spin, *field, damping)) - exact) * multiple)
    assert abs(rest[2]).max() < 0.1
    np.testing.assert_allclose(rest[1], rest[2], atol=0.2 * abs(rest[2]).max())


def test_time_of_a_barrier_of_60_is_settled(monkeypatch):
    """A far finer grid than the one chosen gives the same."""
    energy = ReducedEnergy(4.0, 8.0, 4.0, 140.0, 0.0, 0.0)
    chosen = log_rate_on_sphere(energy, 0.1)
    assert chosen < -45
    monkeypatch.setattr(relaxation, "REFINEMENT", 1.9)
    assert log_rate_on_sphere(energy, 0.1) == close_to(chosen, abs=1e-7)


def test_dwell_times_have_the_ratio_of_boltzmann():
    fields = np.array([-3000.0, -1104.0, 500.0])
    up, down = log_dwell_times(PAPER, 0.0, 200.0, fields, 0.1)
    weights = log_weights(PAPER, fields, 0.0, 200.0)
    np.testing.assert_allclose(up - down, weights[0] - weights[1], atol=1e-9)
    rate = log_relaxation_rate(PAPER, 0.0, 200.0, fields, 0.1)
    np.testing.assert_allclose(np.logaddexp(-up, -down), rate, atol=1e-12)
    assert up.shape == (3,)


def test_wells_of_the_same_weight_mirror_each_other():
    """At H_s the field lies across the easy axis; H_y → -H_y only reverses the precession."""
    middle = -PAPER.in_plane_bias_field * math.tan(PAPER.easy_axis_tilt)
    up, down = log_dwell_times(PAPER, 0.0, 0.0, middle, 0.1)
    assert up == close_to(float(down), abs=1e-9)
    one, other = (log_relaxation_rate(PAPER, 0.0, s * 2000.0, 300.0, 0.1) for s in (1, -1))
    assert one == close_to(float(other), abs=1e-7)


def test_precession_matters_across_the_axis_only():
    """At a weak field across, rates go as α/(1 + α²); at a strong one low damping is faster."""
    alpha = np.array([0.1, 1.0])

    def excess(bias):
        spin = PAPER._replace(easy_axis_tilt=0.0, in_plane_bias_field=bias)
        rate = log_relaxation_rate(spin, 0.0, 0.0, 0.0, alpha) - np.log(alpha / (1 + alpha**2))
        return rate[0] - rate[1]

    assert abs(excess(20.0)) < 0.01
    assert excess(8000.0) > 0.5


def test_barriers_are_those_of_the_closed_forms():
    """Δ (1 - H/H_k)² for a field across, Δ (1 ± h)² for one along (Eq. 3, 4 and 6)."""
    delta = constants.mu_0 * MOMENT * H_K1 / 2 / (constants.k * 300)
    spin = PAPER._replace(easy_axis_tilt=0.0)
    across = neel_log_dwell_times(spin, 0.0, 0.0, 0.0, 0.0)
    expected = delta * (1 - spin.in_plane_bias_field / H_K1) ** 2
    np.testing.assert_allclose(across, [expected, expected], rtol=1e-9)
    upright = spin._replace(in_plane_bias_field=0.0)
    along = neel_log_dwell_times(upright, 0.0, 0.0, 0.2 * H_K1, math.log(1e-9))
    expected = math.log(1e-9) + delta * np.array([1.2**2, 0.8**2])
    np.testing.assert_allclose(along, expected, rtol=1e-9)


def test_stationary_points_have_the_number_of_a_sphere_and_the_minima_of_the_scan():
    rng = np.random.default_rng(7)
    scale = constants.mu_0 * MOMENT / (constants.k * 300)
    for _ in range(20):
        h = rng.normal(scale=0.3 * H_K1, size=3)
        spin = PAPER._replace(
            easy_axis_tilt=0.0,
            in_plane_bias_field=0.0,
            in_plane_anisotropy_field=rng.uniform(0, H_K1),
        )
        energy = ReducedEnergy(
            *(scale * h[[2, 0, 1]]), scale * H_K1, 0.0, scale * spin.in_plane_anisotropy_field
        )
        points = stationary_points(energy)
        tops = points.of(points.curvature[:, 1] < 0)
        count = len(points.minima.energy) - len(points.saddles.energy) + len(tops.energy)
        assert count == 2
        scan = all_minima(spin, *h)
        np.testing.assert_allclose(points.minima.energy, scale * scan.energies, rtol=1e-9)
        np.testing.assert_allclose(points.minima.direction, scan.directions, atol=1e-6)


@pytest.mark.parametrize(
    ("spin", "field", "damping", "sentence"),
    [
        (PAPER, (0.0, 0.0, 2 * H_K1), 0.1, "has one well at this field"),
        (PAPER._replace(anisotropy_field=0.0), (0.0, 0.0, 0.0), 0.1, "has one well at this field"),
        (
            PAPER._replace(
                anisotropy_field=-H_K1, in_plane_anisotropy_field=H_K1, in_plane_bias_field=0.0
            ),
            (0.0, 0.0, 100.0),
            0.1,
            "lie on one side",
        ),
        (
            PAPER._replace(second_order_field=3 * H_K1, in_plane_anisotropy_field=0.5 * H_K1),
            (-PAPER.in_plane_bias_field, 0.0, 0.0),
            0.1,
            "has more",
        ),
        (PAPER, (0.0, 0.0, 0.0), -0.1, "damping of an escape"),
        (PAPER._replace(moment=80 * MOMENT), (0.0, 0.0, 0.0), 0.1, "too high"),
        (PAPER._replace(moment=8 * MOMENT), (0.0, 0.0, 0.0), 1e-6, "give a larger damping"),
    ],
)
def test_what_has_no_two_wells_is_refused_in_a_sentence(spin, field, damping, sentence):
    with pytest.raises(SmtjError, match=sentence):
        log_dwell_times(spin, *field, damping)


def test_asymptotes_refuse_what_they_are_not_for():
    upright = PAPER._replace(easy_axis_tilt=0.0, in_plane_bias_field=0.0)
    with pytest.raises(SmtjError, match="take Brown's asymptote"):
        langer_log_dwell_times(upright, 0.0, 0.0, 0.0, 0.1)
    with pytest.raises(SmtjError, match="leave the tilt"):
        brown_log_dwell_times(PAPER, 0.0, 0.0, 0.0, 0.1)
    for times in (langer_log_dwell_times, neel_log_dwell_times):
        with pytest.raises(SmtjError, match="has one well"):
            times(PAPER, 0.0, 0.0, 3 * H_K1, 0.1)

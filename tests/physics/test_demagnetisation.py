"""Demagnetising factors against an integral in real space, limits and symmetry."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from closeness import close_to
from smtj.physics.magnetics.demagnetisation import demagnetising_factors


def _by_overlap(length, width, thickness, angles=64):
    """Factors from the overlap of the body with a shifted copy of itself, without Fourier space.

    The demagnetising energy of a uniform magnetisation is that of C(r), the overlap volume at the
    shift r, with a dipole's field: N_zz = 1/(4πV) ∮ charges on the two faces, and N_xx likewise
    after an integration by parts.  For an ellipse C is closed: with s = |(x/a, y/b)|, the overlap
    area is ab (2 arccos(s/2) - s/2 sqrt(4 - s²)), of which the derivative is -ab sqrt(4 - s²).
    """
    a, b, t = length / 2, width / 2, thickness
    volume = math.pi * a * b * t
    n_x = n_y = n_z = 0.0
    for angle in (np.arange(angles) + 0.5) * (math.pi / 2 / angles):
        scale = 1 / math.hypot(math.cos(angle) / a, math.sin(angle) / b)

        def wall(s, scale=scale):  # √(ρ²+t²) - ρ, without cancellation
            rho = s * scale
            return math.sqrt(4 - s * s) * t * t / (math.hypot(rho, t) + rho)

        def face(s, scale=scale):
            rho = s * scale
            overlap = 2 * math.acos(s / 2) - s / 2 * math.sqrt(4 - s * s)
            return overlap * (1 - rho / math.hypot(rho, t))

        breaks = {"points": [min(1.0, t / scale), min(1.5, 10 * t / scale)], "epsrel": 1e-11}
        wall_integral = quad(wall, 0, 2, limit=200, **breaks)[0] * a * b * scale**2
        n_x += wall_integral * (math.cos(angle) / a) ** 2
        n_y += wall_integral * (math.sin(angle) / b) ** 2
        n_z += quad(face, 0, 2, limit=200, **breaks)[0] * a * b * scale
    share = 4 * (math.pi / 2 / angles) / (2 * math.pi * volume)
    return n_x * share, n_y * share, n_z * share


@pytest.mark.parametrize(
    "sizes", [(210.0, 60.0, 1.62), (50.0, 50.0, 1.1), (3.0, 2.0, 1.0), (100.0, 40.0, 80.0)]
)
def test_factors_are_those_of_the_overlap_integral(sizes):
    expected = _by_overlap(*sizes)
    # All three are integrated on their own, so that their sum checks the integral.
    assert sum(expected) == close_to(1, abs=1e-8)
    assert demagnetising_factors(*sizes) == close_to(expected, abs=1e-8)


sizes = st.floats(1e-9, 1e-6)


@settings(deadline=None)
@given(sizes, st.floats(0.1, 1), sizes)
def test_factors_are_ordered_and_sum_to_one(length, ratio, thickness):
    n_x, n_y, n_z = demagnetising_factors(length, ratio * length, thickness)
    assert n_x + n_y + n_z == close_to(1, abs=1e-15)
    assert 0 < n_x <= n_y + 1e-11
    assert -1e-12 < n_z < 1


@settings(deadline=None)
@given(sizes, st.floats(0.1, 1), st.floats(0.01, 10))
def test_only_the_shape_matters_and_not_which_axis_is_long(length, ratio, share):
    small = demagnetising_factors(length, ratio * length, share * length)
    large = demagnetising_factors(1.0, ratio, share)
    turned = demagnetising_factors(ratio, 1.0, share)
    assert small == close_to(large, rel=1e-9)
    assert turned == close_to((large[1], large[0], large[2]), rel=1e-9)


def test_limits():
    assert demagnetising_factors(1.0, 1.0, 1e-7) == close_to((0, 0, 1), abs=2e-6)
    assert demagnetising_factors(1.0, 1.0, 1e4) == close_to((0.5, 0.5, 0), abs=1e-4)
    # An infinite elliptic cylinder: N_x = b/(a + b).
    assert demagnetising_factors(3.0, 1.0, 1e5) == close_to((0.25, 0.75, 0), abs=1e-4)


def test_a_cylinder_about_as_high_as_wide_is_like_a_sphere():
    """A known number: N_z = 1/3 at a height of 0.9065 diameters."""
    assert demagnetising_factors(1.0, 1.0, 0.9065) == close_to((1 / 3,) * 3, abs=2e-5)


def test_in_plane_shape_anisotropy_of_the_papers_device():
    """N_y - N_x is about 0.041, a field of about 60 mT, as large as H_K1."""
    n_x, n_y, _ = demagnetising_factors(210e-9, 60e-9, 1.62e-9)
    assert n_y - n_x == close_to(0.041, abs=5e-4)
    assert 4e-7 * math.pi * 1.18e6 * (n_y - n_x) == close_to(60e-3, abs=1e-3)


def test_factors_broadcast():
    thickness = np.array([1.0, 2.0, 3.0])[:, None] * 1e-9
    width = np.array([50.0, 60.0]) * 1e-9
    for factor in demagnetising_factors(210e-9, width, thickness):
        assert factor.shape == (3, 2)

"""Escape within a strong easy plane, against a pendulum in powers and waves."""

import math

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import splu

from closeness import close_to
from smtj.physics.escape.relaxation import log_rate_on_sphere, log_relaxation_rate
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.units import convert


def rate_of_pendulum(first, shape, damping, powers, waves):
    """λ1/D without a field, f in Hermite polynomials of m out of the plane and waves in it.

    With b out of the plane and φ in it, (1 - b²) L is a polynomial in b, ∂_b, e^{iφ} and ∂_φ, a
    band of blocks as in a matrix continued fraction.  The slowest mode has odd waves.
    """
    scale = math.sqrt(shape + first / 2)
    k = np.arange(-waves, waves + 1)
    k = k[k % 2 == 1]
    root = np.sqrt(np.arange(1, powers))
    b = sparse.diags_array([root, root], offsets=[1, -1]) / scale
    of_b, of_phi = sparse.eye_array(powers), sparse.eye_array(k.size)
    raised = sparse.diags_array([np.ones(k.size - 1)], offsets=[-1])
    cos, sin = (raised + raised.T) / 2, (raised - raised.T) / 2j
    left = of_b - b @ b
    inside = sparse.kron(left, of_phi)
    d_b = sparse.kron(sparse.diags_array([root], offsets=[1]) * scale, of_phi)
    d_phi = sparse.kron(of_b, sparse.diags_array([1j * k], offsets=[0]))
    u_b = sparse.kron(b, shape * of_phi + first * (of_phi + cos) / 2)
    u_phi = sparse.kron(left, first * sin / 2)
    operator = (
        inside @ (d_b @ inside @ d_b - inside @ u_b @ d_b)
        + (d_phi - u_phi) @ d_phi
        + inside @ (u_b @ d_phi - u_phi @ d_b) / damping
    )
    factors = splu((-operator).tocsc())
    f = np.kron(np.eye(powers)[0], np.abs(k) == 1).astype(complex)
    rate = 0.0
    for _ in range(60):
        new = factors.solve(inside @ f)
        before, rate = rate, (np.vdot(f, f) / np.vdot(f, new)).real
        f = new / np.linalg.norm(new)
        if abs(rate - before) < 1e-12 * abs(rate):
            break
    return rate


@pytest.mark.parametrize(
    ("delta", "shape", "damping", "powers", "waves", "tolerance"),
    [
        (3.0, 1703.5, 0.02, 40, 31, 1e-6),
        (6.0, 100.0, 0.1, 50, 37, 1e-7),
        (0.2, 536.0, 0.02, 40, 15, 1e-6),
        pytest.param(8.87, 536.0, 0.02, 100, 41, 3e-6, marks=pytest.mark.slow),
    ],
)
def test_the_rate_of_an_easy_plane_is_that_of_a_pendulum(
    delta, shape, damping, powers, waves, tolerance
):
    """Up to the in-plane junctions of the gallery, 1.2 T against some 40 or 4 mT."""
    expected = rate_of_pendulum(2 * delta, shape, damping, powers, waves)
    found = log_rate_on_sphere(ReducedEnergy(0.0, 0.0, 0.0, 2 * delta, 0.0, shape), damping)
    assert found == close_to(math.log(expected), abs=tolerance)


@pytest.mark.proof
def test_a_disc_forgets_as_a_free_rotor_does():
    """Without a barrier, 1 over the integral of the correlation of sign cos φ, friction or none.

    φ turns at the speed b/α of an Ornstein-Uhlenbeck process: a square wave of odd k, each with
    exp[-k² D_φ (t - (1 - e^{-k_s t})/k_s)], D_φ = 1/α², and k² t of its own noise.
    """
    for shape, damping in ((2000.0, 0.02), (536.0, 0.05)):
        t = np.linspace(0, 40 * (1 / shape + damping**2), 100001)
        turned = (t - (1 - np.exp(-shape * t)) / shape) / damping**2 + t
        k = np.arange(1, 40, 2)[:, None]
        correlation = np.sum(8 / (np.pi * k) ** 2 * np.exp(-(k**2) * turned), axis=0)
        expected = -math.log(np.trapezoid(correlation, t))
        found = log_rate_on_sphere(ReducedEnergy(0.0, 0.0, 0.0, 0.0, 0.0, shape), damping)
        assert found == close_to(expected, abs=2e-3)


IN_PLANE = Macrospin(
    moment=1.1e6 * 1.645e-24,
    anisotropy_field=convert(40.6, "mT", "A/m"),
    second_order_field=0.0,
    in_plane_anisotropy_field=convert(1227, "mT", "A/m"),
    in_plane_bias_field=0.0,
    easy_axis_tilt=0.0,
    temperature=300.0,
)


def test_a_field_favours_a_well_of_an_easy_plane_in_either_direction_alike():
    """m_y → -m_y turns the precession round, and m → -m swaps the wells: the rate stays."""
    spin = IN_PLANE._replace(moment=0.6 * IN_PLANE.moment)
    one, other, turned = (
        float(log_relaxation_rate(spin, x, y, z, 0.1))
        for x, y, z in ((300.0, 4e3, 900.0), (-300.0, -4e3, -900.0), (300.0, -4e3, 900.0))
    )
    assert one == close_to(other, abs=1e-7) and one == close_to(turned, abs=1e-7)


def test_a_small_field_does_not_change_the_rate_at_which_an_easy_plane_is_left():
    """λ1 is even in the field along the easy axis, and grows by what the rarer well weighs less."""
    up, down = log_weights(IN_PLANE, 800.0)
    tilted, level = (float(log_relaxation_rate(IN_PLANE, 0.0, 0.0, z, 0.1)) for z in (800.0, 0.0))
    # The flux over the saddle hardly changes; both wells' weights do.
    sharing = float(np.logaddexp(up, down) - (up + down) / 2) - math.log(2)
    assert tilted - level == close_to(sharing, rel=0.1, abs=0.01)

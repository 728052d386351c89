"""Boltzmann averages in a field of any direction: SciPy's quadrature, free moments, symmetry."""

import math

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import nquad

from closeness import close_to
from smtj.physics.magnetics.equilibrium import (
    AZIMUTHAL_NODES,
    POLAR_NODES,
    boltzmann_averages,
    log_odds_slope,
    log_weights,
    reduced_energy,
)
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import energy
from smtj.units import convert

MOMENT = 1.18e6 * 3.254e-24
H_K1 = convert(56, "mT", "A/m")
PAPER = Macrospin(MOMENT, H_K1, 0.0, 0.0, convert(8.76, "mT", "A/m"), math.radians(9), 300.0)
KT = constants.mu_0 * MOMENT / (constants.k * 300)
CASES = {
    "paper": (PAPER, (2e3, -3e3, -900.0)),
    "shape": (
        PAPER._replace(in_plane_anisotropy_field=48020.0, second_order_field=9e3),
        (4e3, 8e3, 2e3),
    ),
    "deep": (PAPER._replace(moment=3 * MOMENT), (1e3, 5e3, -2e3)),
    "easy plane": (PAPER._replace(anisotropy_field=-2 * H_K1), (1e3, 2e3, 3e3)),
}


def _by_scipy(spin, field):
    """Z and the moments, with y as the polar axis, m_y = v; relative to the largest e^-U."""
    scale = constants.mu_0 * spin.moment / (constants.k * spin.temperature)

    def direction(psi, v):
        radius, angle = math.sqrt(1 - v * v), spin.easy_axis_tilt + psi
        return radius * math.sin(angle), v, radius * math.cos(angle)

    def minus_u(psi, v):
        x, y, z = direction(psi, v)
        along = math.sqrt(1 - v * v) * math.cos(psi)
        return scale * (
            (field[0] + spin.in_plane_bias_field) * x
            + field[1] * y
            + field[2] * z
            + spin.anisotropy_field * along**2 / 2
            - spin.second_order_field * along**4 / 4
            - spin.in_plane_anisotropy_field * y**2 / 2
        )

    grid = [(p, v) for p in np.linspace(-math.pi, math.pi, 121) for v in np.linspace(-1, 1, 61)]
    best = max(grid, key=lambda point: minus_u(*point))
    low = minus_u(*best)

    def integral(weight, start):
        options = {"epsabs": 1e-12, "epsrel": 1e-10, "limit": 400}
        inside = [best[0]] if start < best[0] < start + math.pi else []
        value, _ = nquad(
            lambda psi, v: weight(direction(psi, v)) * math.exp(minus_u(psi, v) - low),
            [(start, start + math.pi), (-1, 1)],
            opts=[options | {"points": inside}, options | {"points": [best[1]]}],
        )
        return value

    up, down = (integral(lambda m: 1.0, start) for start in (-math.pi / 2, math.pi / 2))
    return low, up, down, integral


@pytest.mark.parametrize(("spin", "field"), CASES.values(), ids=CASES)
def test_weights_agree_with_quadrature_of_scipy(spin, field):
    low, up, down, _ = _by_scipy(spin, field)
    x, y, z = field
    found = log_weights(spin, z, x, y)
    assert found[0] - low == close_to(math.log(up), abs=1e-9)
    if down > 1e-4 * up:
        assert found[1] - low == close_to(math.log(down), abs=1e-9)


def test_averages_agree_with_quadrature_of_scipy():
    spin, field = CASES["paper"]
    _, up, down, integral = _by_scipy(spin, field)
    found = boltzmann_averages(spin, *field)
    total = up + down
    assert float(found.probability_up) == close_to(up / total, rel=1e-9)
    halves = (-math.pi / 2, math.pi / 2)
    for axis in range(3):
        moment = sum(integral(lambda m, i=axis: m[i], start) for start in halves)
        assert found.mean[axis] == close_to(moment / total, abs=1e-9)
    square = sum(integral(lambda m: m[2] ** 2, start) for start in halves)
    assert float(found.mean_square_z) == close_to(square / total, abs=1e-9)


@pytest.mark.parametrize("delta", [60, 120, 500, 3000])
def test_more_nodes_change_nothing(delta, monkeypatch):
    """The nodes follow the energy, so that deep wells in strong fields stay exact."""
    moment = delta / (constants.mu_0 * H_K1 / 2 / (constants.k * 300))
    spin = PAPER._replace(
        moment=moment, in_plane_anisotropy_field=0.5 * H_K1, second_order_field=0.2 * H_K1
    )
    field = (0.5 * H_K1, 0.3 * H_K1, -0.2 * H_K1)
    coarse, found = log_weights(spin, field[2], *field[:2]), boltzmann_averages(spin, *field)
    monkeypatch.setattr("smtj.physics.magnetics.equilibrium.POLAR_NODES", 6 * POLAR_NODES)
    monkeypatch.setattr("smtj.physics.magnetics.equilibrium.AZIMUTHAL_NODES", 8 * AZIMUTHAL_NODES)
    np.testing.assert_allclose(log_weights(spin, field[2], *field[:2]), coarse, atol=3e-11)
    for fine, rough in zip(boltzmann_averages(spin, *field), found, strict=True):
        np.testing.assert_allclose(fine, rough, atol=1e-10)


def test_a_free_moment_follows_langevin():
    spin = PAPER._replace(anisotropy_field=0.0, in_plane_bias_field=0.0)
    field = np.array([3e3, -4e3, 5e3])
    size = np.linalg.norm(field)
    x = KT * size
    found = boltzmann_averages(spin, *field)
    langevin = 1 / math.tanh(x) - 1 / x
    assert found.mean == close_to(langevin * field / size, abs=1e-12)
    along = 1 - 2 * langevin / x
    cosine = field[2] / size
    expected = along * cosine**2 + (1 - along) / 2 * (1 - cosine**2)
    assert float(found.mean_square_z) == close_to(expected, abs=1e-12)


def test_mean_is_the_derivative_of_the_free_energy():
    spin, field = CASES["shape"]
    step = 1.0
    found = boltzmann_averages(spin, *field)
    for axis in range(3):
        ln_z = []
        for sign in (1, -1):
            moved = np.array(field)
            moved[axis] += sign * step
            ln_z.append(np.logaddexp(*log_weights(spin, moved[2], moved[0], moved[1])))
        assert found.mean[axis] == close_to((ln_z[0] - ln_z[1]) / (2 * step * KT), abs=1e-7)


def test_slope_in_a_field_across_is_the_difference_quotient():
    spin, (x, y, z) = CASES["shape"]
    up, down = log_weights(spin, z + np.array([1.0, -1.0]), x, y)
    odds = up - down
    assert log_odds_slope(spin, z, x, y) == close_to((odds[0] - odds[1]) / 2, rel=1e-7)


def test_mirroring_the_field_mirrors_the_average():
    spin, (x, y, z) = CASES["shape"]
    one, other = boltzmann_averages(spin, x, y, z), boltzmann_averages(spin, x, -y, z)
    assert one.probability_up == other.probability_up
    np.testing.assert_allclose(other.mean, one.mean * [1, -1, 1], rtol=1e-14)
    assert abs(one.mean[1]) > 0.01


def test_reduced_energy_is_the_energy_over_kt():
    spin, field = CASES["shape"]
    m = np.random.default_rng(5).normal(size=(20, 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    sin, cos = math.sin(spin.easy_axis_tilt), math.cos(spin.easy_axis_tilt)
    a, c = m[:, 0] * cos - m[:, 2] * sin, m[:, 0] * sin + m[:, 2] * cos
    found = reduced_energy(spin, *field)(a, m[:, 1], c)
    np.testing.assert_allclose(found, KT * energy(spin, m, *field), rtol=1e-9)


def test_tensors_agree_and_carry_gradients(torch):
    spin, field = CASES["shape"]
    given = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in field]
    found, expected = boltzmann_averages(spin, *given), boltzmann_averages(spin, *field)
    for tensor, array in zip(found, expected, strict=True):
        np.testing.assert_allclose(tensor.detach().numpy(), array, rtol=1e-12)
    # dP/dH is the covariance of m with the state: P (⟨m⟩_up - ⟨m⟩).
    (gradient,) = torch.autograd.grad(found.probability_up, given[1])
    step = 1.0
    p = [boltzmann_averages(spin, field[0], field[1] + s * step, field[2])[0] for s in (1, -1)]
    assert float(gradient) == close_to(float(p[0] - p[1]) / (2 * step), rel=1e-5)


def test_fields_broadcast():
    found = boltzmann_averages(PAPER, np.zeros((3, 1)), 0.0, np.zeros(2))
    assert found.probability_up.shape == found.mean_square_z.shape == (3, 2)
    assert found.mean.shape == (3, 2, 3)

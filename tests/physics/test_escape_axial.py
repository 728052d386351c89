"""Axial escape: known numbers, closed forms, scaling, and another eigensolver."""

import math

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad
from scipy.linalg import eigh_tridiagonal

from closeness import close_to
from smtj.errors import SmtjError
from smtj.physics.escape import axial
from smtj.physics.escape.asymptotes import brown_log_dwell_times
from smtj.physics.escape.axial import log_axial_relaxation_rate, log_first_passage_time
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.escape.relaxation import log_dwell_times, log_relaxation_rate
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights
from smtj.physics.magnetics.macrospin import Macrospin

KT = constants.k * 300
DISC = 1.2 / constants.mu_0 * math.pi * 25e-9**2 * 1.1e-9
"""Moment of a disc of 50 nm and 1.1 nm with μ0 M_s = 1.2 T."""
NONE = (0.0, 0.0)


def disc(delta, **changes):
    spin = Macrospin(DISC, 2 * delta * KT / (constants.mu_0 * DISC), 0.0, 0.0, 0.0, 0.0, 300.0)
    return spin._replace(**changes)


def field_of(h, delta):
    return h * disc(delta).anisotropy_field


def reduced(delta, h=0.0, k2=0.0):
    return ReducedEnergy(2.0 * delta * h, 0.0, 0.0, 2.0 * delta, k2, 0.0)


def test_times_of_the_design_notes():
    """173 ns, 220 ns, 188 ns at Δ = 4, α = 0.1, γ = 1.7609e11 rad/(s T)."""
    spin = disc(4.0)
    brown = brown_log_dwell_times(spin, *NONE, 0.0, 0.1)
    assert np.exp(brown) == close_to([173e-9, 173e-9], rel=5e-3)
    up, down = np.exp(log_dwell_times(spin, *NONE, 0.0, 0.1))
    assert (up, down) == (close_to(220e-9, rel=5e-3), close_to(220e-9, rel=5e-3))
    assert 2 / np.exp(log_relaxation_rate(spin, *NONE, 0.0, 0.1)) == close_to(up, rel=1e-12)
    passage = np.exp(log_first_passage_time(spin, *NONE, 0.0, 0.1, -0.5, 0.5))
    assert passage == close_to(188e-9, rel=5e-3)


@pytest.mark.parametrize("delta", [3.0, 4.0, 5.0, 6.0])
def test_brown_is_a_fifth_short_at_low_barriers(delta):
    spin = disc(delta)
    brown, exact = (
        times(spin, *NONE, 0.0, 0.1)[0] for times in (brown_log_dwell_times, log_dwell_times)
    )
    assert 0.15 < 1 - np.exp(brown - exact) < 0.24


@pytest.mark.parametrize(
    ("h", "k2"), [(0.0, 0.0), (0.2, 0.0), (-0.3, 0.0), (0.1, -0.8), (0.1, 1.5)]
)
def test_brown_is_the_limit_of_a_high_barrier(h, k2):
    """The difference falls as 1/Δ, over four decades; of a cone too, at H_K2 = 1.5 H_K1."""
    rest = []
    for delta in (60.0, 600.0, 6000.0):
        spin, field = disc(delta), field_of(h, delta)
        spin = spin._replace(second_order_field=k2 * spin.anisotropy_field)
        brown = np.array(brown_log_dwell_times(spin, *NONE, field, 0.1))
        rest.append((np.array(log_dwell_times(spin, *NONE, field, 0.1)) - brown) * delta)
    assert abs(rest[0]).max() < 3
    np.testing.assert_allclose(rest[1], rest[2], atol=0.02 * abs(rest[2]).max())


@pytest.mark.parametrize("delta", [0.0, 0.7, 4.0, 12.0])
@pytest.mark.parametrize(("h", "k2"), [(0.0, 0.0), (0.3, 0.0), (-0.2, 6.0), (1.7, -3.0)])
def test_rate_is_that_of_a_chebyshev_collocation(delta, h, k2):
    """Eigenvalues of (1 - c²) f'' - [2c + (1 - c²) U'] f' at 60 points, as it stands."""
    n = 60
    c = np.cos(np.pi * np.arange(n + 1) / n)
    factor = np.r_[2, np.ones(n - 1), 2] * (-1) ** np.arange(n + 1)
    derivative = np.outer(factor, 1 / factor) / (c[:, None] - c + np.eye(n + 1))
    derivative -= np.diag(derivative.sum(axis=1))
    slope = -(2 * delta * (h + c) - k2 * c**3)
    operator = (1 - c**2)[:, None] * derivative @ derivative
    operator -= (2 * c + (1 - c**2) * slope)[:, None] * derivative
    expected = np.sort(-np.linalg.eigvals(operator).real)[1]
    found = np.exp(log_axial_relaxation_rate(reduced(delta, h, k2)))
    assert found == close_to(expected, rel=1e-8)


def test_a_free_moment_relaxes_at_twice_its_diffusion():
    spin = disc(0.0)
    assert log_axial_relaxation_rate(reduced(0.0)) == close_to(math.log(2), abs=1e-12)
    alpha = 0.3
    expected = alpha / (1 + alpha**2) * 1.76085962784e11 * KT / DISC
    assert np.exp(log_diffusion(spin, alpha)) == close_to(expected, rel=1e-12)


def test_a_free_moment_passes_in_a_logarithm():
    """T = (1/D) ∫ (1 + c)/(1 - c²) dc = (1/D) ln((1 - a)/(1 - b)); down likewise."""
    spin = disc(0.0)
    log_d = log_diffusion(spin, 0.1)
    for a, b in ((-0.5, 0.5), (-1.0, 0.9), (0.3, 0.35)):
        expected = math.log(math.log((1 - a) / (1 - b))) - log_d
        for sign in (1, -1):
            found = log_first_passage_time(spin, *NONE, 0.0, 0.1, sign * a, sign * b)
            assert found == close_to(expected, abs=1e-12)


@pytest.mark.parametrize(("delta", "h", "k2"), [(3.0, 0.2, 0.0), (9.0, -0.1, 4.0)])
def test_passage_is_the_double_integral_of_scipy(delta, h, k2):
    scale = constants.mu_0 * DISC / KT
    spin = disc(delta, second_order_field=k2 / scale)
    energy = reduced(delta, h, k2)

    def u(c):
        return float(energy(0.0, 0.0, c))

    def outer(c):
        inner, _ = quad(lambda x: math.exp(u(c) - u(x)), -1, c, epsrel=1e-11)
        return inner / (1 - c * c)

    expected, _ = quad(outer, -0.6, 0.7, epsrel=1e-10)
    found = log_first_passage_time(spin, *NONE, field_of(h, delta), 0.1, -0.6, 0.7)
    assert found + log_diffusion(spin, 0.1) == close_to(math.log(expected), abs=1e-9)


def test_passages_add_up_to_the_dwell_times_of_a_high_barrier():
    """From well to well each way: 1/T_up + 1/T_down → λ1, with the ratio of the weights."""
    delta, h = 60.0, 0.1
    spin, field = disc(delta), field_of(0.1, 60.0)
    down_to_up = log_first_passage_time(spin, *NONE, field, 0.1, -1.0, 0.9)
    up_to_down = log_first_passage_time(spin, *NONE, field, 0.1, 1.0, -0.9)
    rate = np.logaddexp(-down_to_up, -up_to_down)
    assert rate == close_to(float(log_relaxation_rate(spin, *NONE, field, 0.1)), abs=1e-9)
    up, down = log_weights(spin, field)
    assert up_to_down - down_to_up == close_to(float(up - down), abs=1e-9)
    assert up - down == close_to(4 * delta * h, rel=0.02)


@pytest.mark.parametrize("delta", [4.0, 60.0, 400.0])
def test_dwell_times_have_the_ratio_of_boltzmann(delta):
    field = field_of(np.array([-0.3, 0.0, 0.05, 0.2]), delta)
    spin = disc(delta)
    up, down = log_dwell_times(spin, *NONE, field, 0.1)
    weights = log_weights(spin, field)
    np.testing.assert_allclose(up - down, weights[0] - weights[1], atol=1e-9)
    rate = log_relaxation_rate(spin, *NONE, field, 0.1)
    np.testing.assert_allclose(np.logaddexp(-up, -down), rate, atol=1e-11 * delta)


def test_rates_go_as_damping_over_one_plus_its_square():
    alpha = np.array([1e-3, 0.1, 1.0, 10.0])
    rate = log_relaxation_rate(disc(20.0), *NONE, 500.0, alpha)
    assert np.ptp(rate - np.log(alpha / (1 + alpha**2))) < 1e-12


def test_turning_the_field_swaps_the_wells():
    spin, field = disc(8.0), 3000.0
    up, down = log_dwell_times(spin, *NONE, field, 0.1)
    assert log_dwell_times(spin, *NONE, -field, 0.1) == (close_to(down), close_to(up))


def test_a_field_along_a_tilted_axis_is_axial():
    spin, tilt, field = disc(15.0), 0.3, 2000.0
    x, z = field * math.sin(tilt), field * math.cos(tilt)
    found = log_dwell_times(spin._replace(easy_axis_tilt=tilt), x, 0.0, z, 0.1)
    np.testing.assert_allclose(found, log_dwell_times(spin, *NONE, field, 0.1), rtol=1e-9)


def test_more_nodes_change_nothing(monkeypatch):
    energy = ReducedEnergy(np.linspace(-150, 150, 31), 0.0, 0.0, np.full(31, 120.0), 15.0, 0.0)
    coarse = log_axial_relaxation_rate(energy)
    monkeypatch.setattr(axial, "STEP", 2.0)
    np.testing.assert_allclose(log_axial_relaxation_rate(energy), coarse, atol=1e-11)


def test_rates_are_continuous_where_a_well_goes():
    """No jump to another mode: with a field, λ1 of Δ = 60 rises smoothly past H = H_K1."""
    h = np.linspace(0.1, 1.5, 281)
    rate = log_axial_relaxation_rate(reduced(60.0 + 0 * h, h))
    steps = np.diff(rate)
    assert np.all(steps > 0)
    assert abs(np.diff(steps)).max() < 0.03


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda s: log_dwell_times(s, *NONE, 2 * s.anisotropy_field, 0.1), "has one well"),
        (lambda s: log_dwell_times(s, *NONE, 0.0, 0.0), "damping of an escape must be"),
        (lambda s: log_dwell_times(s, *NONE, 0.0, math.nan), "damping of an escape must be"),
        (lambda s: brown_log_dwell_times(s, *NONE, 1e9, 0.1), "has one well"),
        (lambda s: brown_log_dwell_times(s, 1e3, 0.0, 0.0, 0.1), "leave the tilt"),
        (lambda s: log_first_passage_time(s, 1e3, 0.0, 0.0, 0.1, -0.5, 0.5), "leave the tilt"),
        (lambda s: log_first_passage_time(s, *NONE, 0.0, 0.1, -0.5, 1.0), "two different thresh"),
        (lambda s: log_first_passage_time(s, *NONE, 0.0, 0.1, 0.5, 0.5), "two different thresh"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, sentence):
    with pytest.raises(SmtjError, match=sentence):
        call(disc(5.0))


def test_fields_and_dampings_broadcast():
    spin = disc(np.array([[4.0], [5.0]]))
    up, _ = log_dwell_times(spin, *NONE, np.zeros(3), 0.1)
    assert up.shape == (2, 3)
    passage = log_first_passage_time(spin, *NONE, 0.0, 0.1, -0.5, np.array([0.2, 0.5, 0.7]))
    assert passage.shape == (2, 3)


@pytest.mark.parametrize(
    ("h", "k1", "k2", "apart"),
    [
        (-24.232232831607377, 32.71994741963187, 47.73455574730803, 1.13),
        (-21.720391283190416, 29.802571884428122, 43.608175824038234, 1.01),
        (-39.52435828416972, 29.35626359027772, 43.608175824038234, 1.43),
    ],
)
def test_a_second_mode_about_as_slow_as_the_first_is_told_from_it(h, k1, k2, apart):
    """Past the loss of a cone's well; by differences of 4000 cells."""
    energy = ReducedEnergy(h, 0.0, 0.0, k1, k2, 0.0)
    c = np.linspace(-1, 1, 4001)
    weight = np.exp(-np.asarray(energy(0.0, 0.0, (c[1:] + c[:-1]) / 2)))
    flow = (1 - c[1:-1] ** 2) * np.exp(-np.asarray(energy(0.0, 0.0, c[1:-1]))) / (c[1] - c[0]) ** 2
    diagonal = (np.append(flow, 0) + np.append(0, flow)) / weight
    rates = eigh_tridiagonal(
        diagonal, -flow / np.sqrt(weight[1:] * weight[:-1]), select="i", select_range=(1, 2)
    )[0]
    assert rates[1] < apart * rates[0]
    assert np.exp(float(log_axial_relaxation_rate(energy))) == close_to(rates[0], rel=1e-4)

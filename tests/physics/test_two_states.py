"""The rate of two states from a barrier to none: continuous, and right at both ends."""

import numpy as np
import pytest
from scipy.ndimage import label

from closeness import close_to
from smtj.physics.escape.axial import log_axial_rate_of_halves, log_axial_relaxation_rate
from smtj.physics.escape.relaxation import log_rate_on_sphere
from smtj.physics.escape.ridge import barrier_without_bias
from smtj.physics.escape.two_states import (
    log_axial_two_state_rates,
    log_two_state_rate,
)
from smtj.physics.magnetics.equilibrium import ReducedEnergy

DISC = ReducedEnergy(0.0, 0.0, 0.0, 0.0, 0.0, 10.0)


def rate_by_volumes(along: float, first: float, cells: int = 4000) -> float:
    """1 over the integral of the correlation of c > 0, from finite volumes in c = cos θ."""
    edge = np.linspace(-1, 1, cells + 1)
    c = (edge[1:] + edge[:-1]) / 2

    def density(at: np.ndarray) -> np.ndarray:
        return np.exp(along * at + first * at**2 / 2)

    weight = density(c) / density(c).sum()
    conductance = (1 - edge[1:-1] ** 2) * density(edge[1:-1]) / density(c).sum() * (cells / 2) ** 2
    up = weight[c > 0].sum()
    flux = np.cumsum(weight * ((c > 0) - up))[:-1]
    return up * (1 - up) / (flux**2 / conductance).sum()


@pytest.mark.parametrize(("along", "first"), [(0, 0), (0, 4), (3.6, 12), (-5, 6), (4, -3)])
def test_the_correlation_of_halves_is_what_finite_volumes_give(along, first):
    energy = ReducedEnergy(*(np.array([v], float) for v in (along, 0, 0, first, 0, 0)))
    found = float(np.exp(log_axial_rate_of_halves(energy)[0]))
    assert found == close_to(rate_by_volumes(along, first), rel=2e-5)


def test_the_barrier_without_bias_is_that_of_the_ring_across_the_axis():
    assert barrier_without_bias(DISC) == 0
    field = DISC._replace(first=4.0, along=1.0)
    assert barrier_without_bias(field) == close_to(2, rel=1e-9)
    assert barrier_without_bias(field._replace(across=-1.0)) == close_to(9 / 8, rel=1e-9)
    assert barrier_without_bias(field._replace(across=5.0)) == close_to(0, abs=1e-9)
    general = ReducedEnergy(0.7, 1.0, 2.0, 9.0, 1.0, 6.0)
    theta, phi = np.linspace(0, np.pi, 1001)[:, None], np.linspace(0, 2 * np.pi, 2001)
    sin = np.sin(theta)
    level = general._replace(along=0.0)
    u = level(sin * np.cos(phi), sin * np.sin(phi), np.cos(theta))
    assert barrier_without_bias(general) == close_to(u[500].min() - u.min(), abs=1e-4)


def flooded(energy: ReducedEnergy) -> float:
    """The barrier between the deepest points of both halves of a lattice, by raising a flood."""
    theta, phi = np.linspace(0, np.pi, 121)[:, None], np.arange(240) * np.pi / 120
    u = energy(np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0 * phi)
    low, high = u.min(), u.max()
    up, down = (int(np.argmin(half)) for half in (u[:60], u[61:]))
    while high - low > 1e-4:
        middle = (low + high) / 2
        lakes, _ = label(np.tile(u <= middle, 2), np.ones((3, 3)))
        # Once around twice, so that a lake is whole; the poles are one point.
        north, south = lakes[0, 0], lakes[-1, 0]
        one = {lakes[up // 240, up % 240], lakes[up // 240, up % 240 + 240]} - {0}
        other = {lakes[61 + down // 240, down % 240 + k] for k in (0, 240)} - {0}
        joined = bool(one & other) and not (north == south == -1)
        low, high = (low, middle) if joined else (middle, high)
    return high - u.min()


@pytest.mark.parametrize(
    "energy",
    [
        ReducedEnergy(0.0, 0.0, 0.0, 30.0, 45.0, 0.0),  # a cone
        ReducedEnergy(0.0, 2.0, 0.0, 30.0, 45.0, 4.0),  # of four wells
        ReducedEnergy(0.0, 0.0, 0.0, -8.0, -60.0, 0.0),  # a ring of wells between two
        ReducedEnergy(0.0, 1.0, 0.5, -8.0, -60.0, 3.0),
        ReducedEnergy(0.0, 0.0, 0.0, 13.0, 0.0, 31.0, 0.0, -70.0),  # wells along the normal
        ReducedEnergy(0.0, 0.5, 1.0, 13.0, 0.0, 20.0, -9.0, 0.0),
    ],
)
def test_the_barrier_with_h_k2_is_that_of_a_flood(energy):
    assert float(barrier_without_bias(energy)) == close_to(flooded(energy), abs=0.02)


def test_a_disc_loses_its_barrier_without_a_jump():
    barriers = np.array([0, 0.02, 1.2, 2.1, 2.95, 3.05])
    rates = [log_two_state_rate(DISC._replace(first=2 * b), 0.2, 1e-3) for b in barriers]
    slopes = np.diff(rates) / np.diff(barriers)
    assert np.all((slopes > -1.3) & (slopes < -0.7)), slopes


def test_behind_a_barrier_it_is_the_slowest_mode():
    upright = ReducedEnergy(*(np.array([v]) for v in (3.0, 0.0, 0.0, 6.1, 0.0, 0.0)))
    found, slowest = log_axial_two_state_rates(upright), log_axial_relaxation_rate(upright)
    assert found.tolist() == slowest.tolist()
    plane = DISC._replace(first=6.1, along=1.0)
    assert log_two_state_rate(plane, 0.1, 1e-3) == log_rate_on_sphere(plane, 0.1, 1e-3)


@pytest.mark.parametrize("first", [1.0, 4.0])
def test_a_trace_of_a_field_across_an_upright_axis_changes_nothing(first):
    upright = ReducedEnergy(0.5, 0.0, 0.0, first, 0.0, 0.0)
    alone = log_axial_two_state_rates(ReducedEnergy(*(np.array([v]) for v in upright)))[0]
    assert log_two_state_rate(upright._replace(across=1e-6), 0.1, 1e-6) == close_to(alone, abs=1e-4)

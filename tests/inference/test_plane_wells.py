"""The compiled wells in the plane beside the physics that holds for any field."""

import numpy as np
import pytest

from closeness import close_to
from smtj.inference.resonance.wells.model import EQ_7, FixedFields, well_resonances
from smtj.physics.constants import VACUUM_PERMEABILITY
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import find_wells
from smtj.physics.resonance.frequency import FREQUENCY_PER_FIELD, resonance_frequency, stiffness

TESLA = 1 / VACUUM_PERMEABILITY


def by_physics(first, second, fixed, x, z):
    """Return frequencies, traces and existence of both wells, shape (n, 2)."""
    wells = find_wells(Macrospin(1.0, first, second, *fixed, 300.0), x, 0.0, z)
    both = np.stack([wells.up, wells.down], axis=-2)
    spins = Macrospin(1.0, first[:, None], second[:, None], *fixed, 300.0)
    matrix = stiffness(spins, both, x[:, None], 0.0, z[:, None]).matrix
    trace = FREQUENCY_PER_FIELD * (matrix[..., 0, 0] + matrix[..., 1, 1])
    exists = np.stack([wells.up_exists, wells.down_exists], axis=-1)
    deepest = np.where((wells.global_minimum == wells.up).all(axis=-1), 0, 1)
    return np.nan_to_num(resonance_frequency(matrix)), trace, exists, deepest


@pytest.mark.slow
@pytest.mark.parametrize("tilted", [False, True])
@pytest.mark.parametrize("oblique", [False, True])
def test_wells_in_the_plane_are_those_of_any_field(tilted, oblique):
    """H_K1 of either sign, H_K2, tilt, H_in and H_shape at random."""
    rng = np.random.default_rng([tilted, oblique])
    for _ in range(10):
        first, second, x, z = rng.uniform(-1, 1, (4, 200)) * TESLA
        first, second, x, z = 0.1 * first, 0.02 * second, 0.15 * x, 0.1 * oblique * z
        fixed = EQ_7
        if tilted:
            given = rng.uniform([0, -0.02, 0], [0.05, 0.02, 0.5])
            fixed = FixedFields(given[0] * TESLA, given[1] * TESLA, given[2])
        frequency, trace, exists, deepest = by_physics(first, second, fixed, x, z)
        found = well_resonances(first, second, fixed, x, z)
        np.testing.assert_array_equal(found.exists, exists)
        np.testing.assert_allclose(found.frequency, frequency, rtol=1e-9, atol=1.0)
        np.testing.assert_allclose(found.trace, trace, rtol=1e-9)
        rows = np.arange(x.size)
        np.testing.assert_allclose(
            found.frequency[rows, found.deepest], frequency[rows, deepest], rtol=1e-9, atol=1.0
        )


@pytest.mark.parametrize("along", [0.009, 0.04, -0.009, -0.04])
def test_a_field_along_the_axis_hides_no_well(along):
    """The magnetisation then rests at an angle of exactly 0."""
    found = well_resonances(0.026 * TESLA, 0.002 * TESLA, EQ_7, 0.0, along * TESLA)
    assert found.exists.tolist() == [True, True] if abs(along) < 0.02 else [along > 0, along < 0]
    deepest = found.of_deepest(found.frequency)
    expected = FREQUENCY_PER_FIELD * (0.026 - 0.002 + abs(along)) * TESLA
    assert float(deepest) == close_to(expected, rel=1e-9)


def test_wells_have_the_shape_of_what_is_asked_for():
    """Broadcast as NumPy does."""
    h = np.array([0.01, 0.03, 0.08]) * TESLA
    first = np.array([0.04, 0.06])[:, None] * TESLA
    found = well_resonances(first, 0.0, EQ_7, h, 0.0)
    assert found.frequency.shape == found.exists.shape == (2, 3, 2)
    assert found.deepest.shape == (2, 3)
    one = well_resonances(first[1, 0], 0.0, EQ_7, h[2], 0.0)
    np.testing.assert_array_equal(one.frequency, found.frequency[1, 2])

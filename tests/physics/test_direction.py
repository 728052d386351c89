"""The rule for a field in any direction."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from closeness import close_to
from smtj.physics.magnetics import direction
from smtj.units import convert

components = st.floats(-1e6, 1e6)
tilts = st.floats(0, 1.5)


@settings(deadline=None)
@given(components, components, components, tilts)
def test_the_perpendicular_field_has_the_same_part_along_the_axis(x, y, z, tilt):
    axis = np.array([math.sin(tilt), 0, math.cos(tilt)])
    normal, in_plane = direction.perpendicular_and_in_plane(x, y, z, tilt)
    size = np.linalg.norm([x, y, z]) + 1
    assert normal * axis[2] == close_to(np.array([x, y, z]) @ axis, abs=1e-14 * size)
    assert in_plane == close_to(math.hypot(x, y), rel=1e-14, abs=1e-150)


@settings(deadline=None)
@given(components, tilts)
def test_a_field_along_the_normal_is_the_printed_one(z, tilt):
    assert direction.perpendicular_and_in_plane(0.0, 0.0, z, tilt) == (z, 0)


@settings(deadline=None)
@given(components, tilts)
def test_at_the_offset_nothing_is_left_along_the_axis(h_in, tilt):
    h_s = direction.offset_field(h_in, tilt)
    normal, in_plane = direction.perpendicular_and_in_plane(h_in, 0.0, h_s, tilt)
    assert normal == close_to(0, abs=1e-9)
    assert in_plane == close_to(abs(h_in), rel=1e-12, abs=1e-12)


def test_numbers_of_the_papers_device():
    """H_in = H_K1 sin 9° = 8.76 mT and H_s = -13.9 Oe."""
    h_in = convert(56, "mT", "A/m") * math.sin(math.radians(9))
    assert convert(h_in, "A/m", "mT") == close_to(8.76, abs=5e-3)
    h_s = direction.offset_field(h_in, math.radians(9))
    assert convert(float(h_s), "A/m", "Oe") == close_to(-13.9, abs=0.05)

"""The parameters of a macrospin."""

from typing import NamedTuple

from smtj.physics.arrays import Array


class Macrospin(NamedTuple):
    """The parameters of a macrospin's energy; SI units, broadcast together.

    e = -μ0 M_s [H·m + ½ H_K1 (m·n)² - ¼ H_K2 (m·n)⁴ - ½ H_shape m_y²] with the axis n in the x-z
    plane.  x lies along the ellipse, y across it in the plane, z along the normal of the film.
    """

    moment: Array
    """Magnetic moment M_s V* in A m²."""
    anisotropy_field: Array
    """H_K1 in A/m, about n; negative where n is harder than the plane across it."""
    second_order_field: Array
    """H_K2 in A/m, with the sign of Eq. 7."""
    in_plane_anisotropy_field: Array
    """(N_y - N_x) M_s in A/m; x is the easier of the two."""
    in_plane_bias_field: Array
    """H_in in A/m, along +x."""
    easy_axis_tilt: Array
    """Tilt of n from z towards +x, in rad."""
    temperature: Array
    """T in K."""
    states_in_plane: Array = 0.0
    """1 where the two states lie across n in the x-z plane, 0 where they lie along n."""

"""A field in any direction, seen from a tilted easy axis.

z is the film normal, x the long axis of the ellipse; the easy axis lies in the x-z plane, tilted
from z towards +x.  The paper gives one number, 9°, which one measurement cannot tell apart from
the effect of an in-plane coupling field; here tilt and in-plane field are two numbers.

The rule: of the total field, the part along the easy axis takes the place of H_⊥ - H_s in Eq. 3-5
and the part across it that of H_in in Eq. 6.  Without tilt these are the printed equations.  With
a tilt, H_⊥ and H_in alone are H_⊥ - H_s = H_⊥ + H_in tan(tilt) times cos(tilt) along the axis, and
H_in/cos(tilt) across it at the midpoint H_⊥ = H_s.  On the paper's device at 9° this makes w
smaller than the printed, scalar formula by 1.2 % (the cosine) and another 0.5 % (the lower
barrier).
"""

from smtj.physics.arrays import Array, as_arrays


def along_and_across(
    field_x: Array, field_y: Array, field_z: Array, easy_axis_tilt: Array
) -> tuple[Array, Array]:
    """Parts of a field along the easy axis (signed) and across it (magnitude), in A/m.

    Parameters
    ----------
    field_x, field_y, field_z
        Components of the total field in A/m, the in-plane bias field included.
    easy_axis_tilt
        Angle of the easy axis from the film normal, in rad, towards +x.

    Returns
    -------
    tuple
        Both in A/m, broadcast together; the gradient of the magnitude is 0 where it is 0.
    """
    xp, (x, y, z, tilt) = as_arrays(field_x, field_y, field_z, easy_axis_tilt)
    along = z * xp.cos(tilt) + x * xp.sin(tilt)
    squared = (x * xp.cos(tilt) - z * xp.sin(tilt)) ** 2 + y**2
    # The root has no gradient at zero, not even in a branch that is thrown away.
    root = xp.sqrt(xp.where(squared > 0, squared, xp.ones_like(squared)))
    return along, xp.where(squared > 0, root, xp.zeros_like(root))


def offset_field(in_plane_bias_field: Array, easy_axis_tilt: Array) -> Array:
    """H_s = -H_in tan(tilt) in A/m: the perpendicular field at which both states weigh the same.

    There the total field has no part along the easy axis, so the two wells mirror each other.

    Parameters
    ----------
    in_plane_bias_field
        H_in in A/m, along +x.
    easy_axis_tilt
        Angle of the easy axis from the film normal, in rad, towards +x; below π/2.
    """
    xp, (h_in, tilt) = as_arrays(in_plane_bias_field, easy_axis_tilt)
    return -h_in * xp.tan(tilt)

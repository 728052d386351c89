"""A field in any direction, seen from a tilted easy axis.

z is the film normal, x the long axis of the ellipse; the easy axis lies in the x-z plane, tilted
from z towards +x.  The paper gives one number, 9°, which a single measurement cannot
distinguish from an in-plane coupling field; here tilt and in-plane field are separate.

The rule: a field enters Eq. 3-5 as the H_⊥ with the same part along the easy axis, and its in-plane
part, H_in included, is the H_in of Eq. 6.  A field along the normal thus gives the
printed equations whatever the tilt, with H_s = -H_in tan(tilt); a field along x acts in Eq. 3-5
by its tan(tilt).

Splitting the field at right angles to the easy axis instead would put the cosine of the tilt into
H_k,eff and let H_⊥ itself lower the barrier a little: w of the paper's device would be 1.7 % below
Eq. 5, and P(high | H_⊥) would not follow the w on the card.
"""

from smtj.physics.arrays import Array, as_arrays


def perpendicular_and_in_plane(
    field_x: Array, field_y: Array, field_z: Array, easy_axis_tilt: Array
) -> tuple[Array, Array]:
    """The H_⊥ with the same easy-axis component as a field, and the field's in-plane magnitude.

    Parameters
    ----------
    field_x, field_y, field_z
        Components of the total field in A/m, the in-plane bias field included.
    easy_axis_tilt
        Angle of the easy axis from the film normal, in rad, towards +x; below π/2.

    Returns
    -------
    tuple
        Both in A/m, broadcast together; the gradient of the size is 0 where it is 0.
    """
    xp, (x, y, z, tilt) = as_arrays(field_x, field_y, field_z, easy_axis_tilt)
    squared = x**2 + y**2 + 0 * z
    # The root has no gradient at zero, not even in a branch that is thrown away.
    root = xp.sqrt(xp.where(squared > 0, squared, xp.ones_like(squared)))
    return z + x * xp.tan(tilt), xp.where(squared > 0, root, xp.zeros_like(root))


def offset_field(
    in_plane_bias_field: Array, easy_axis_tilt: Array, states_in_plane: Array = 0.0
) -> Array:
    """H_s in A/m, the field of equal occupancy: -H_in tan(tilt) along the normal.

    There the total field has no part along the easy axis, so the two wells mirror each other.
    Where the states lie in the plane the field is one along x, and H_s = -H_in.  H_in in A/m along
    +x, the tilt in rad as in :func:`perpendicular_and_in_plane`, 1 where the states lie in the
    plane.
    """
    xp, (h_in, tilt, turned) = as_arrays(in_plane_bias_field, easy_axis_tilt, states_in_plane)
    return -h_in * xp.where(turned > 0.5, xp.ones_like(tilt), xp.tan(tilt))

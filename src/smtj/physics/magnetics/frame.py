"""The axes of a macrospin's energy: where its two states lie, and what it must cross.

Without a field the energy of Eq. 7 is, apart from H_K2, a quadratic form whose axes are the axis n
of H_K1, along which H_K2 acts too, the y axis and e = y × n.  If n is the easiest the states lie
along n; if it is harder than the plane, as in a layer magnetised in its plane, they lie along e,
which is the long axis of the ellipse where n is upright.  Seen from its easy axis every such energy
is the same,

  e/(μ0 M_s) = -½ H_1 c² + ½ H_s b² + const.,

with the hardest direction along b.
"""

from typing import NamedTuple

from smtj.physics.arrays import Array, as_arrays
from smtj.physics.magnetics.macrospin import Macrospin

Vector = tuple[Array, Array, Array]
"""x, y and z."""


class Frame(NamedTuple):
    """Right-handed axes, a × b = c, and the anisotropy seen in them; broadcast together."""

    across: Vector
    """a: the direction across the easy axis that is the easier of the two."""
    hard: Vector
    """b: the hardest direction."""
    easy: Vector
    """c: the easy axis, along which the up state lies."""
    first: Array
    """H_1 in A/m: the field that holds the magnetisation along c against a."""
    second: Array
    """H_K2 in A/m where n is the easy axis, else 0."""
    shape: Array
    """H_s in A/m: the field by which b is harder than a."""
    second_across: Array
    """H_K2 in A/m where n lies along a, else 0."""
    second_hard: Array
    """H_K2 in A/m where n lies along b, else 0."""


def frame(spin: Macrospin) -> Frame:
    """The axes of a macrospin and its anisotropy fields about them; H_K2 does not turn them.

    Examples
    --------
    >>> layer = Macrospin(1e-18, -8e5, 0.0, 3e4, 0.0, 0.0, 300.0, 1.0)
    >>> found = frame(layer)
    >>> [float(entry) for entry in (*found.easy, found.first, found.shape)]
    [1.0, 0.0, 0.0, 30000.0, 770000.0]
    """
    xp, values = as_arrays(*spin)
    _, normal, second, sideways, _, tilt, _, in_plane = xp.broadcast_arrays(*values)
    sin, cos = xp.sin(tilt), xp.cos(tilt)
    nothing = xp.zeros_like(tilt)
    turned = in_plane > 0.5
    # Of a layer in the plane: n and y against e, the harder of them being b.
    normal_is_hard = turned & (-normal >= sideways)

    def choose(upright: Array, n_hard: Array, y_hard: Array) -> Array:
        return xp.where(turned, xp.where(normal_is_hard, n_hard, y_hard), upright)

    def vector(upright: Vector, n_hard: Vector, y_hard: Vector) -> Vector:
        x, y, z = (choose(*parts) for parts in zip(upright, n_hard, y_hard, strict=True))
        return x, y, z

    n, y, e = (sin, nothing, cos), (nothing, nothing + 1, nothing), (cos, nothing, -sin)
    minus_n = (-sin, nothing, -cos)
    return Frame(
        across=vector(e, y, minus_n),
        hard=vector(y, n, y),
        easy=vector(n, e, e),
        first=choose(normal, sideways, -normal),
        second=choose(second, nothing, nothing),
        shape=choose(sideways, -normal - sideways, sideways + normal),
        second_across=choose(nothing, nothing, second),
        second_hard=choose(nothing, second, nothing),
    )


def along(vector: Vector, x: Array, y: Array, z: Array) -> Array:
    """The component of (x, y, z) along a unit vector."""
    return x * vector[0] + y * vector[1] + z * vector[2]


def axial(spin: Macrospin) -> Macrospin:
    """The macrospin that is left without the second axis: upright, with H_1 and H_K2 alone."""
    found = frame(spin)
    return spin._replace(
        anisotropy_field=found.first,
        second_order_field=found.second,
        in_plane_anisotropy_field=0.0,
        in_plane_bias_field=0.0,
        easy_axis_tilt=0.0,
        states_in_plane=0.0,
    )

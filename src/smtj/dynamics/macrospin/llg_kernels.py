"""Compiled steps of the stochastic Landau-Lifshitz-Gilbert equation, for lanes side by side.

With fields in units of 1/(γ' Δt), γ' = γμ0/(1 + α²), a step of length Δt solves

    dm/dt = -m × (h + m × (α h + q)),

h the effective field less α times the damping-like one, q that one times 1 + α², by Heun's method
in Stratonovich's reading: the same thermal field acts at the beginning and at the end of a step.
The drive is constant over two steps, whose random numbers are generated together.

A block is up to LANES trajectories in an array that holds row after row of LANES numbers.  Rows of
one array are known not to overlap, which lets the compiler vectorise.  Sums of products are fused,
for the reason that :mod:`.normal_kernels` gives.
"""

from typing import Any

from numba import int32, njit
from numba.extending import intrinsic

from smtj.dynamics.macrospin.normal_kernels import fma
from smtj.streams import LANES, seed_generator

# Rows of a block: state, constants, drive, and the watched threshold.
X, Y, Z, ALONG = 0, 1, 2, 3
"""m, a unit vector, and m·n if watched."""
NOISE, DAMPING, SECOND, SHAPE, AXIS_X, AXIS_Z = 4, 5, 6, 7, 8, 9
"""Thermal field, α, H_K2, H_shape, and the easy axis n."""
FIELD_X, FIELD_Y, FIELD_Z, FIRST, PULL_X, PULL_Y, PULL_Z = 10, 11, 12, 13, 14, 15, 16
"""Added to h, H_K1, and added to q."""
SIDE, LIMIT = 17, 18
"""A lane is reported if side · m·n > limit, side being 1, -1, or 0 for never."""
ROWS = 19

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@intrinsic
def like(_, number, other):
    """Return a number in the precision of another."""

    def generate(context, builder, signature, arguments):
        return context.cast(builder, arguments[0], signature.args[0], signature.return_type)

    return other(number, other), generate


@njit(forceinline=True, **_options)
def _cross(ax, ay, az, bx, by, bz):
    return fma(ay, bz, -(az * by)), fma(az, bx, -(ax * bz)), fma(ax, by, -(ay * bx))


@njit(forceinline=True, **_options)
def _change(b, i, x, y, z, field_x, field_y, field_z):
    """Change of m in a step, in the field given and the anisotropies of lane i."""
    n_x, n_z, alpha = b[AXIS_X * LANES + i], b[AXIS_Z * LANES + i], b[DAMPING * LANES + i]
    along = fma(x, n_x, z * n_z)
    third = b[SECOND * LANES + i] * along
    strength = fma(-third, along * along, b[FIRST * LANES + i] * along)
    h_x, h_z = fma(strength, n_x, field_x), fma(strength, n_z, field_z)
    h_y = fma(-b[SHAPE * LANES + i], y, field_y)
    q_x = fma(alpha, h_x, b[PULL_X * LANES + i])
    q_y = fma(alpha, h_y, b[PULL_Y * LANES + i])
    q_z = fma(alpha, h_z, b[PULL_Z * LANES + i])
    u_x, u_y, u_z = _cross(x, y, z, q_x, q_y, q_z)
    return _cross(h_x + u_x, h_y + u_y, h_z + u_z, x, y, z)


@njit(forceinline=True, **_options)
def _step(b, i, x, y, z, first, second, third):
    """One step of lane i with three normal numbers."""
    noise = b[NOISE * LANES + i]
    f_x = fma(noise, like(first, x), b[FIELD_X * LANES + i])
    f_y = fma(noise, like(second, x), b[FIELD_Y * LANES + i])
    f_z = fma(noise, like(third, x), b[FIELD_Z * LANES + i])
    d_x, d_y, d_z = _change(b, i, x, y, z, f_x, f_y, f_z)
    p_x, p_y, p_z = x + d_x, y + d_y, z + d_z
    e_x, e_y, e_z = _change(b, i, p_x, p_y, p_z, f_x, f_y, f_z)
    # Twice the new m, before its length is set to 1.
    x, y, z = p_x + (x + e_x), p_y + (y + e_y), p_z + (z + e_z)
    # 1/√(4 + e) to second order; e itself is of fourth order in what a step changes.
    e = fma(x, x, fma(y, y, fma(z, z, like(-4.0, x))))
    r = fma(e, fma(e, like(3 / 256, x), like(-1 / 16, x)), like(0.5, x))
    return x * r, y * r, z * r


@njit(**_options)
def step(b, normals, k, lanes):
    """Take step k, 0 or 1, of the two that the normal numbers are for."""
    first, second, third = 3 * k * LANES, (3 * k + 1) * LANES, (3 * k + 2) * LANES
    for i in range(lanes):
        x, y, z = b[X * LANES + i], b[Y * LANES + i], b[Z * LANES + i]
        x, y, z = _step(b, i, x, y, z, normals[first + i], normals[second + i], normals[third + i])
        b[X * LANES + i], b[Y * LANES + i], b[Z * LANES + i] = x, y, z


@njit(**_options)
def reports(b, lanes):
    """Compute m·n and return the number of lanes to report."""
    number = int32(0)
    for i in range(lanes):
        z = b[Z * LANES + i] * b[AXIS_Z * LANES + i]
        along = fma(b[X * LANES + i], b[AXIS_X * LANES + i], z)
        b[ALONG * LANES + i] = along
        number += int32(b[SIDE * LANES + i] * along > b[LIMIT * LANES + i])
    return number


@njit(**_options)
def seed_lane(generators, i, trajectory, k0, k1):
    """Seed lane i with the stream of a trajectory."""
    generator = generators[: 4 * LANES].reshape(4, LANES)[:, i]
    seed_generator(generator, trajectory, k0, k1)

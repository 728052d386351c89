# mypy: disallow-untyped-defs=False, disallow-untyped-decorators=False
"""Compiled wells and second derivatives of the energy for fields in the x-z plane.

A fit needs them some hundred times.  The magnetisation then rests in the plane, so
:mod:`smtj.physics.magnetics.wells` and :mod:`smtj.physics.resonance.frequency`, which hold for any
field, reduce to one angle u from the easy axis: e = -(H_a cos u + H_b sin u) - ½ H_K1 cos²u + ¼
H_K2 cos⁴u, with H_a along the axis and H_b across it.
"""

import math
from typing import Any

import numpy as np
from numba import njit

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}

STEPS = 360
"""Of the scan around the circle."""
MAX_ROUNDS = 60
"""Of Newton's method, each round no worse than a bisection."""
IN_PLANE = 1e-9
"""|cos u| below which a minimum lies across the easy axis and belongs to either side."""
_ANGLE = np.linspace(0.0, 2 * math.pi, STEPS + 1)
# At the last angle those of the first to the bit, or a minimum at 0 escapes the scan.
_COS, _SIN = (f(np.append(_ANGLE[:-1], 0.0)) for f in (np.cos, np.sin))


@njit(forceinline=True, **_options)
def _slope(cos, sin, along, across, first, second):
    """de/du in A/m."""
    return along * sin - across * cos + (first - second * cos * cos) * cos * sin


@njit(forceinline=True, **_options)
def _derivatives(cos, sin, along, across, first, second, shape):
    """d²e/du², and d²e/dφ² along y, in A/m."""
    c2 = cos * cos
    zeeman = along * cos + across * sin
    in_plane = zeeman + first * (2 * c2 - 1) - second * c2 * (4 * c2 - 3)
    return in_plane, zeeman + (first - second * c2) * c2 + shape


@njit(forceinline=True, **_options)
def _sharpened(low, high, along, across, first, second):
    """The angle between two of the scan where de/du turns from falling to rising."""
    u = (low + high) / 2
    for _ in range(MAX_ROUNDS):
        cos, sin = math.cos(u), math.sin(u)
        slope = _slope(cos, sin, along, across, first, second)
        if slope < 0:
            low = u
        else:
            high = u
        curvature, _ = _derivatives(cos, sin, along, across, first, second, 0.0)
        step = u - slope / curvature if curvature > 0 else low
        if not low < step < high:
            step = (low + high) / 2
        if abs(step - u) < 1e-16 or step in (low, high):
            break
        u = step
    return u


@njit(**_options)
def plane_wells(along, across, first, second, shape, stiffness, exists, is_up):
    """Second derivatives of the energy in both wells, up and down, of n problems.

    The total field ``along`` and ``across`` the easy axis, H_K1 ``first`` and H_K2 ``second`` have
    shape (n,); these and H_shape ``shape`` are in A/m.  Fills ``stiffness``, shape (n, 2, 2), with
    the second derivatives in the plane and across it in A/m, those of the other well where one has
    vanished; ``exists``, shape (n, 2), with whether the wells exist; and ``is_up``, shape (n,),
    with whether up is the deeper.
    """
    for i in range(along.size):
        a, b, h_1, h_2 = along[i], across[i], first[i], second[i]
        room = -1e-12 * (abs(a) + abs(b) + abs(h_1) + abs(h_2) + shape)
        depth = np.full(2, np.inf)
        exists[i, :] = False
        before = _slope(_COS[0], _SIN[0], a, b, h_1, h_2)
        for step in range(STEPS):
            after = _slope(_COS[step + 1], _SIN[step + 1], a, b, h_1, h_2)
            if before < 0 <= after:
                u = _sharpened(_ANGLE[step], _ANGLE[step + 1], a, b, h_1, h_2)
                cos, sin = math.cos(u), math.sin(u)
                inside, outside = _derivatives(cos, sin, a, b, h_1, h_2, shape)
                c2 = cos * cos
                energy = -(a * cos + b * sin) - h_1 * c2 / 2 + h_2 * c2 * c2 / 4
                well = 0 if cos >= -IN_PLANE else 1
                if outside >= room and energy < depth[well]:
                    depth[well] = energy
                    exists[i, well] = True
                    stiffness[i, well, 0], stiffness[i, well, 1] = inside, outside
            before = after
        is_up[i] = depth[0] <= depth[1]
        for well in range(2):
            if not exists[i, well]:
                stiffness[i, well, 0] = stiffness[i, 1 - well, 0]
                stiffness[i, well, 1] = stiffness[i, 1 - well, 1]

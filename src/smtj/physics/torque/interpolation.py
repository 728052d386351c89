"""Polynomials in two conditions, for quantities that cost a sparse solve at every point."""

from collections.abc import Callable

import numpy as np
from scipy.interpolate import BarycentricInterpolator

from smtj.typing import Floats

FIRST = 2
"""Intervals between Chebyshev points along a condition, at first."""

Function = Callable[[Floats, Floats], Floats]
"""Values, shape (n, values), of two conditions of shape (n,)."""


def interpolated(
    function: Function, first: Floats, second: Floats, tolerance: float, most: int
) -> Floats:
    """Values of a smooth function of two conditions at many points, shape (n, values).

    It is solved at Chebyshev points of the range of either condition.  Their number follows from a
    line along each through the far end of the other, where twice as many points must change nothing
    by more than the tolerance, relative to the largest value beyond 1.

    Parameters
    ----------
    function
        The function.
    first, second
        The conditions, shape (n,).
    tolerance
        Absolute error of values up to 1.
    most
        Intervals between points along either condition at most.
    """
    ends = [(float(entry.min()), float(entry.max())) for entry in (first, second)]
    far = [max(end, key=abs) for end in ends]
    along_first = _nodes(lambda t: function(t, np.full(t.size, far[1])), ends[0], tolerance, most)
    along_second = _nodes(lambda t: function(np.full(t.size, far[0]), t), ends[1], tolerance, most)
    a, b = np.meshgrid(along_first, along_second, indexing="ij")
    values = function(a.ravel(), b.ravel()).reshape(*a.shape, -1)
    found = np.einsum(
        "ni,nj,ijv->nv",
        _basis(along_first, first),
        _basis(along_second, second),
        values,
        optimize=True,
    )
    return np.asarray(found, dtype=np.float64)


def _nodes(
    function: Callable[[Floats], Floats], ends: tuple[float, float], tol: float, most: int
) -> Floats:
    """Return enough Chebyshev points of a range."""
    low, high = ends
    if low == high:
        return np.array([low])

    def chebyshev(intervals: int) -> Floats:
        return low + (high - low) * (1 - np.cos(np.pi * np.arange(intervals + 1) / intervals)) / 2

    intervals, t = FIRST, chebyshev(FIRST)
    values = function(t)
    while intervals < most:
        finer = chebyshev(2 * intervals)
        new = function(finer[1::2])
        error = np.abs(_basis(t, finer[1::2]) @ values - new).max()
        if error <= tol * max(1.0, float(np.abs(new).max())):
            break
        both = np.empty((finer.size, values.shape[1]))
        both[::2], both[1::2] = values, new
        intervals, t, values = 2 * intervals, finer, both
    return t


def _basis(nodes: Floats, at: Floats) -> Floats:
    """Return the polynomials that are 1 at one node and 0 at the others, shape (n, nodes)."""
    if nodes.size == 1:
        return np.ones((at.size, 1))
    found = BarycentricInterpolator(nodes, np.eye(nodes.size))(at)
    return np.asarray(found, dtype=np.float64)

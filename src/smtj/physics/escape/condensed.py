"""Linear systems on spectral elements: the points inside each element are eliminated first."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from smtj.physics.escape.elements import POINTS, Elements
from smtj.typing import Floats

CORRECTIONS = 2
"""Steps of iterative refinement."""

Integers = NDArray[np.intp]


class Condensed(NamedTuple):
    """-L/D between the points on the edges of elements, and the way to the points inside."""

    skeleton: Integers
    """Numbers of the points on edges, shape (n,)."""
    matrix: sparse.csc_array
    """Shape (n, n)."""
    edge: Integers
    """Place in the skeleton of the points around each element, shape (E, e)."""
    inside: Integers
    """Numbers of the points inside each element, shape (E, i)."""
    inverse: Floats
    """Of the block of the points inside, shape (E, i, i)."""
    outward: Floats
    """Contribution of a source inside to the points around, shape (E, e, i)."""
    inward: Floats
    """Values inside from those around, shape (E, i, e)."""


class Factored(NamedTuple):
    """A condensed system with the values at some points held."""

    system: Condensed
    factors: SuperLU
    free: Integers
    """Places in the skeleton whose values are not held."""


def condense(elements: Elements) -> Condensed:
    """Eliminate the points inside every element."""
    local = np.arange(POINTS * POINTS).reshape(POINTS, POINTS)
    inner = local[1:-1, 1:-1].ravel()
    around = np.setdiff1d(local, inner)
    s, point = elements.stiffness, elements.point
    inverse = np.asarray(np.linalg.inv(s[:, inner[:, None], inner]), dtype=np.float64)
    inward = -inverse @ s[:, inner[:, None], around]
    to_edge = s[:, around[:, None], inner]
    block = s[:, around[:, None], around] + to_edge @ inward
    skeleton, place = np.unique(point[:, around], return_inverse=True)
    edge = place.reshape(len(point), -1)
    rows = np.repeat(edge, edge.shape[1], axis=1).ravel()
    columns = np.tile(edge, edge.shape[1]).ravel()
    matrix = sparse.coo_array((block.ravel(), (rows, columns))).tocsc()
    return Condensed(skeleton, matrix, edge, point[:, inner], inverse, -(to_edge @ inverse), inward)


def factor(system: Condensed, held: tuple[int, ...]) -> Factored:
    """Prepare to solve with the values at one or two skeleton nodes held fixed."""
    free = np.setdiff1d(np.arange(len(system.skeleton)), held)
    return Factored(system, splu(system.matrix[free][:, free].tocsc()), free)


def solve(problem: Factored, source: Floats, held: int, value: float) -> Floats:
    """Solve (-L/D) f = source, each row times e^U, with f held at some nodes and 0 at all but one.

    ``source`` is the right-hand side at all points, shape (N,); ``held`` is the index in the
    skeleton at which f is ``value``.
    """
    system = problem.system
    f = np.zeros(source.shape)
    inside = source[system.inside]
    pushed = np.einsum("eij,ej->ei", system.outward, inside)
    right = source[system.skeleton] + np.bincount(
        system.edge.ravel(), pushed.ravel(), len(system.skeleton)
    )
    on_edges = np.zeros(len(system.skeleton))
    on_edges[held] = value
    right -= system.matrix @ on_edges
    on_edges[problem.free] = problem.factors.solve(right[problem.free])
    f[system.skeleton] = on_edges
    f[system.inside] = np.einsum("eij,ej->ei", system.inward, on_edges[system.edge]) + np.einsum(
        "eij,ej->ei", system.inverse, inside
    )
    return f


def left_null_vector(problem: Factored, points: int, held: int) -> Floats:
    """The row vector y with y (-L/D) = 0, rows times e^U, shape (points,); the held node has 1."""
    system, free = problem.system, problem.free
    on_edges = np.zeros(len(system.skeleton))
    on_edges[held] = 1.0
    columns = system.matrix.T.tocsr()
    # The corrections give small densities their relative precision.
    for _ in range(1 + CORRECTIONS):
        residual = (columns @ on_edges)[free]
        on_edges[free] -= problem.factors.solve(residual, "T")  # type: ignore[call-overload]
    y = np.empty(points)
    y[system.skeleton] = on_edges
    y[system.inside] = np.einsum("ej,eji->ei", on_edges[system.edge], system.outward)
    return y

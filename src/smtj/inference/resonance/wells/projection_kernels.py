# mypy: disallow-untyped-defs=False, disallow-untyped-decorators=False
"""Compiled linear least squares of many spectra with lines at given positions."""

from typing import Any

import numpy as np
from numba import njit

# The compiler may reorder sums, to add several terms at once.
_options: dict[str, Any] = {
    "error_model": "numpy",
    "cache": True,
    "fastmath": {"reassoc", "contract"},
}

COLUMNS = 6
"""Baseline and slope, then symmetric and antisymmetric part of the up and of the down well."""
NOTHING_NEW = 1e-7
"""Fraction of a column outside those before it below which it is dependent on them."""


@njit(**_options)
def project(columns, data, edges, lines, expected, basis, residual, ranks):
    """Subtract from every spectrum what its columns explain, by Gram and Schmidt, twice each.

    ``columns``, shape (COLUMNS, points of all spectra), and ``data``, shape (points,), are in units
    of the points' standard error.  ``edges``, shape (spectra + 1,), says where each spectrum
    begins, and the number of points; ``lines``, shape (spectra, 2), whether each well has a line.
    ``expected``, shape (spectra, 2), divides the heights of the up and the down well, whose
    difference is a datum that should be 0; it is infinite where their ratio is free.  ``basis`` is
    room for the orthonormal columns, shape (COLUMNS, most points of a spectrum + 2).

    Fills ``residual``, shape (points + 2 spectra,), where two expectations, of the symmetric and of
    the antisymmetric parts, follow the points of each spectrum; and ``ranks``, shape (spectra,),
    with the number of independent columns.
    """
    for s in range(edges.size - 1):
        first, n = edges[s], edges[s + 1] - edges[s]
        left = residual[first + 2 * s : first + 2 * s + n + 2]
        for i in range(n):
            left[i] = data[first + i]
        left[n:] = 0.0
        rank = 0
        for c in range(COLUMNS):
            well = c // 2 - 1
            if well >= 0 and not lines[s, well]:
                continue
            q = basis[rank]
            for i in range(n):
                q[i] = columns[c, first + i]
            q[n : n + 2] = 0.0
            if well >= 0 and lines[s, 0] and lines[s, 1]:
                q[n + c % 2] = (1.0 - 2.0 * well) / expected[s, well]
            whole = 0.0
            for i in range(n + 2):
                whole += q[i] * q[i]
            for _ in range(2):
                for k in range(rank):
                    part = 0.0
                    for i in range(n + 2):
                        part += q[i] * basis[k, i]
                    for i in range(n + 2):
                        q[i] -= part * basis[k, i]
            new = 0.0
            for i in range(n + 2):
                new += q[i] * q[i]
            if not new > NOTHING_NEW**2 * whole:
                continue
            scale, part = 1 / np.sqrt(new), 0.0
            for i in range(n + 2):
                q[i] *= scale
                part += q[i] * left[i]
            for i in range(n + 2):
                left[i] -= part * q[i]
            rank += 1
        ranks[s] = rank

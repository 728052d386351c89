"""Polynomials that stand for a smooth function of a bias and a drive, within a stated error.

A netlist can hold sums and products, not a search for wells.  What a card computes by such a search
is interpolated at Chebyshev points (L. N. Trefethen, *Approximation Theory and Approximation
Practice*, SIAM 2013), with as few terms as keep within the tolerance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from smtj.typing import Floats

MAX_DEGREE = 16
POINTS = 40
"""Along each axis of the grid on which the error is measured."""

Function = Callable[[Floats, Floats], Floats]
"""Of arrays of one shape, a bias in V and a drive."""


@dataclass(frozen=True)
class Surface:
    """Σ c_ij s^i y^j with s = bias/bias_limit and y = drive/drive_limit."""

    coefficients: Floats
    error: float
    """Largest deviation from the function on a grid of the whole range."""

    def expression(self, s: str, y: str) -> str:
        """Write the polynomial by Horner's rule in the names ``s`` and ``y``."""
        return _horner([_horner([f"{c:.10g}" for c in row], y) for row in self.coefficients], s)


def fit_surface(
    function: Function, bias_limit: float, drive_limit: float, tolerances: Sequence[float]
) -> Surface | None:
    """Return a short polynomial within the first tolerance that can be met, or None.

    Parameters
    ----------
    function
        Smooth for |bias| up to ``bias_limit`` in V and |drive| up to ``drive_limit``; a limit of 0
        leaves out that dependence.
    tolerances
        Largest deviations, the smallest first.
    """
    limits = (bias_limit, drive_limit)
    degrees = [MAX_DEGREE if limit else 0 for limit in limits]
    nodes = [chebyshev.chebpts1(d + 1) for d in degrees]
    values = _on(function, nodes, limits)
    left, right = (
        np.linalg.inv(chebyshev.chebvander(n, d)) for n, d in zip(nodes, degrees, strict=True)
    )
    found = left @ values @ right.T
    grid = [np.linspace(-1, 1, POINTS) if limit else np.zeros(1) for limit in limits]
    wanted = _on(function, grid, limits)
    for tolerance in tolerances:
        powers = _powers(_shortened(found, tolerance / 2))
        error = float(np.abs(_value(powers, grid) - wanted).max())
        if error <= tolerance:
            return Surface(powers, error)
    return None


def _shortened(coefficients: Floats, spare: float) -> Floats:
    """Leave out the smallest terms: none exceeds its coefficient, so all err by their sum."""
    sizes = np.sort(np.abs(coefficients), axis=None)
    small = sizes[np.cumsum(sizes) <= spare]
    kept = np.where(np.abs(coefficients) <= (small[-1] if small.size else 0.0), 0.0, coefficients)
    rows, columns = (np.flatnonzero(kept.any(axis=k)) for k in (1, 0))
    return kept[: 1 + max(rows, default=0), : 1 + max(columns, default=0)]


def _on(function: Function, axes: list[Floats], limits: tuple[float, float]) -> Floats:
    s, y = np.meshgrid(*axes, indexing="ij")
    return np.asarray(function(s * limits[0], y * limits[1]))


def _powers(coefficients: Floats) -> Floats:
    """Return the coefficients of powers, shape as those of Chebyshev polynomials."""
    left, right = (
        np.array([np.pad(p, (0, n - p.size)) for p in map(_monomials, range(n))])
        for n in coefficients.shape
    )
    return np.asarray(left.T @ coefficients @ right)


def _monomials(degree: int) -> Floats:
    return np.asarray(chebyshev.cheb2poly(np.eye(degree + 1)[degree]))


def _value(powers: Floats, axes: list[Floats]) -> Floats:
    return np.asarray(np.polynomial.polynomial.polygrid2d(axes[0], axes[1], powers))


def _horner(terms: list[str], name: str) -> str:
    while len(terms) > 1 and terms[-1] == "0":
        terms = terms[:-1]
    text = terms[-1]
    for term in reversed(terms[:-1]):
        text = f"{name}*({text})" if term == "0" else f"{term} + {name}*({text})"
    return text

"""The least sum of squares of a spectrum, from the best of its starts, by MINPACK."""

import numpy as np

from smtj.inference.resonance.lines.model import Projection, Spectrum, project
from smtj.typing import Floats

TOLERANCE, ROUGH = 1e-9, 1e-2
"""Relative change of the sum of squares and of the parameters at which the search ends, and at
which it is known which of several starts is the best."""
MAX_EVALUATIONS = 60
"""Of the model from one start; a line that is there takes about ten."""
_INSIDE = 0.01
"""Distance from a bound, in intervals between bounds, at least at which a search starts."""


def refined(spectrum: Spectrum, starts: list[Floats]) -> tuple[Floats, Projection]:
    """Return the parameters with the least sum of squares and the fit there.

    Parameters
    ----------
    spectrum
        What is fitted.
    starts
        Positions and ln(half widths) to start from.
    """
    best = starts[0]
    if len(starts) > 1:
        found = [_searched(spectrum, start, ROUGH) for start in starts]
        best, _ = min(found, key=lambda each: float(each[1].residual @ each[1].residual))
    return _searched(spectrum, best, TOLERANCE)


def _searched(spectrum: Spectrum, start: Floats, tolerance: float) -> tuple[Floats, Projection]:
    """Return the minimum near a start.

    A sine of an angle stays between the bounds, so that MINPACK, several times quicker than a
    search that knows bounds, needs none.
    """
    # SciPy's optimisers take a moment to import; whoever fits nothing does without them.
    from scipy.optimize import leastsq

    low, high = spectrum.bounds(start.size // 2)
    middle, half = (low + high) / 2, (high - low) / 2
    seen: dict[bytes, Projection] = {}

    def at(angle: Floats) -> Projection:
        key = angle.tobytes()
        if key not in seen:
            seen.clear()
            seen[key] = project(spectrum, middle + half * np.sin(angle))
        return seen[key]

    def residual(angle: Floats) -> Floats:
        return at(angle).residual

    def jacobian(angle: Floats) -> Floats:
        return (at(angle).jacobian * (half * np.cos(angle))).T

    first = np.clip((start - middle) / half, -1 + _INSIDE, 1 - _INSIDE)
    angle, *_ = leastsq(
        residual,
        np.arcsin(first, dtype=np.float64),
        Dfun=jacobian,
        col_deriv=True,
        full_output=True,
        ftol=tolerance,
        xtol=tolerance,
        maxfev=MAX_EVALUATIONS,
        factor=1.0,
    )
    return middle + half * np.sin(angle), at(angle)

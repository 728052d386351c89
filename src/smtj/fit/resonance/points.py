"""H_K1 and H_K2 from resonances at several fields: the fit of Eq. 7, and the general one.

One field fixes one combination of the two, not both (along the normal H_K1 - H_K2, in the plane
beyond saturation H_K1 alone); a fit that cannot tell them apart reports that combination.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smtj.errors import SmtjError
from smtj.fit.least_squares import Minimum, minimise
from smtj.fit.resonance.anisotropy import (
    AnisotropyFit,
    conclude,
    conclude_together,
    ratio_of,
    several_fields,
    tells_apart,
)
from smtj.fit.resonance.model import FixedFields, well_resonances
from smtj.physics.resonance import FREQUENCY_PER_FIELD
from smtj.units import format_quantity

Floats = NDArray[np.float64]

STARTS = 61
"""Values of H_K1 of which the best starts the fit, between minus and plus ..."""
FARTHEST = 2.0
"""... this many times the largest field that field and frequency speak of."""
TRIED = 3
"""Of the best of them."""
REFINEMENTS = 2
"""Of the grid about each, so that the fit starts well within its minimum."""
EQUALLY_GOOD = 10.8
"""χ² that a value may have above the best before it is out of question (p = 0.001)."""
FIT = "the fit of H_K1 and H_K2"


@dataclass(frozen=True, eq=False)
class Points:
    """Resonances at n fields in the x-z plane, one line each; SI units, shape (n,)."""

    field_x: Floats
    """H_x in A/m."""
    field_z: Floats
    """H_z in A/m."""
    frequency: Floats
    """f_r in Hz, freed of damping: f0 √(1 + α²)."""
    error: Floats
    """Its standard error in Hz."""


def fit_points(points: Points, fixed: FixedFields, near: float) -> AnisotropyFit:
    """Fit H_K1 and H_K2, the magnetisation resting in its deepest well at every field.

    Parameters
    ----------
    points
        Of one bias voltage.
    fixed
        What the resonance depends on beside them; :data:`smtj.fit.resonance.model.EQ_7` for the
        paper's formula.
    near
        H_K1 in A/m that is expected; it decides where several fit equally well.

    Returns
    -------
    AnisotropyFit
        Both, or the one combination that the fields fix.

    Raises
    ------
    SmtjError
        There is no point, or no H_K1 gives such frequencies.
    """
    if points.frequency.size == 0:
        raise SmtjError("the resonance fit has no line to fit; give spectra that show one")
    typical = float(np.median(points.frequency)) / FREQUENCY_PER_FIELD
    scale = max(typical, float(np.hypot(points.field_x, points.field_z).max()))

    def frequencies(p: Mapping[str, float]) -> Floats:
        second = p.get("second", 0.0)
        found = well_resonances(
            p["first"] * scale, second * scale, fixed, points.field_x, points.field_z
        )
        return found.frequency[np.arange(points.frequency.size), found.deepest]

    def residuals(p: Mapping[str, float]) -> Floats:
        return (points.frequency - frequencies(p)) / points.error

    start, rivals = _start(points, fixed, scale, near / scale)
    several = several_fields(points.field_x, points.field_z)
    both = _both(residuals, start) if several else None
    if both is not None and tells_apart(both, scale, typical):
        found = conclude(both, scale, fitted=frequencies(both.values))
    else:
        one = minimise(residuals, {"first": start}, FIT)
        ratio = ratio_of(residuals, one.values)
        found = conclude_together(one, scale, ratio, fitted=frequencies(one.values))
    others = [r * scale for r in rivals]
    return replace(found, remarks=(*found.remarks, *_ambiguity(others, near)))


def _both(residuals: Callable[[Mapping[str, float]], Floats], first: float) -> Minimum | None:
    """Fit H_K1 and H_K2; None where the data fix one combination and no more."""
    try:
        return minimise(residuals, {"first": first, "second": 0.0}, FIT)
    except SmtjError:
        return None


def _start(
    points: Points, fixed: FixedFields, scale: float, near: float
) -> tuple[float, tuple[float, ...]]:
    """Return H_K1 to start from, and others that fit as well with H_K2 = 0, in units of ``scale``.

    Close to saturation the frequency falls to 0 and rises again, so that one field can belong to
    two values; several fields rarely leave a choice.
    """
    starts, width = np.linspace(-FARTHEST, FARTHEST, STARTS), 2 * FARTHEST / (STARTS - 1)
    squares = _squares(points, fixed, scale, starts)
    lowest = np.r_[True, squares[1:] < squares[:-1]] & np.r_[squares[:-1] <= squares[1:], True]
    candidates = starts[lowest][np.argsort(squares[lowest])][:TRIED]
    for _ in range(REFINEMENTS):
        fine = candidates[:, None] + width * np.linspace(-1, 1, STARTS)
        found = _squares(points, fixed, scale, fine)
        best = np.argmin(found, axis=1)
        rows = np.arange(candidates.size)
        candidates, squares = fine[rows, best], found[rows, best]
        width *= 2 / (STARTS - 1)
    good = candidates[squares <= squares.min() + EQUALLY_GOOD]
    first = good[np.argmin(np.abs(good - near))]
    return float(first), tuple(float(g) for g in good if abs(g - first) > 100 * width)


def _squares(points: Points, fixed: FixedFields, scale: float, first: Floats) -> Floats:
    """χ² of values of H_K1 with H_K2 = 0, of any shape."""
    found = well_resonances(first[..., None] * scale, 0.0, fixed, points.field_x, points.field_z)
    frequency = np.take_along_axis(found.frequency, found.deepest[..., None], axis=-1)[..., 0]
    return np.asarray((((points.frequency - frequency) / points.error) ** 2).sum(axis=-1))


def _ambiguity(others: list[float], near: float) -> tuple[str, ...]:
    if not others:
        return ()
    listed = " or ".join(format_quantity(other, "A/m", "mT", 3) for other in others)
    return (
        f"H_K1 of {listed} fits as well; the one that is nearest to the card's, "
        f"{format_quantity(near, 'A/m', 'mT', 3)}, is taken, and another field would decide",
    )

"""H_K1 and H_K2 from resonances at several fields: the fit of Eq. 7, and the general one.

One field fixes one combination of the two, not both (along the normal H_K1 - H_K2, in the plane
beyond saturation H_K1 alone); a fit that cannot separate them reports that combination.

By Eq. 7 a device resonates alike in opposite fields.  Where there are lines at both signs, an
offset of the field, as of a magnet's remanence, is fitted too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.resonance.wells.model import FixedFields, well_resonances
from smtj.inference.resonance.wells.result import (
    AnisotropyFit,
    anisotropy_fit,
    is_separable,
    ratio_of,
    several_fields,
)
from smtj.inference.stats.checks import checked_points, guarded
from smtj.inference.stats.least_squares import UNLIKELY, Minimum, minimise
from smtj.physics.resonance.frequency import FREQUENCY_PER_FIELD
from smtj.typing import Floats
from smtj.units import format_quantity

FIRSTS, SECONDS = 61, 13
"""Values of H_K1 and of H_K2 on the grid whose best ones start the fit; it reaches ..."""
REACH = (2.0, 0.3)
"""... these times the largest field of the data or of their frequencies to either side, ..."""
FINE_REACH = (0.15, 0.15)
"""... and so far about the first fit where that is bad."""
ROUGH, ROUGH_FINE, ROUGH_FIT = 0.05, 0.02, 0.005
"""Least errors of a line, as fractions of its frequency, on either grid and in a first fit from
each of the best: a line near saturation, where the frequency is steep, would hide all but one."""
MAX_DEVIATION = 3.0
"""Such errors beyond which a line counts no more, since it may be of something else."""
MAX_STARTS = 4
REFINEMENTS = 2
"""Of the grid about each, so the fit starts well within its minimum."""
SAME = 1e-4
"""Difference of H_K1 or H_K2, in the same unit, below which two fits are the same."""
EQUALLY_GOOD = 10.8
"""Rise of χ² over the best at which a value is excluded (p = 0.001)."""
MIN_LINES_PER_SIDE = 2
"""Lines at either sign of the field that determine its offset."""
OBLIQUE = 1e-3
"""Component across the largest field, as a fraction, from which a field is not along it."""
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


@guarded(FIT)
def fit_points(
    points: Points,
    fixed: FixedFields,
    near: float,
    start: tuple[float, float] | None = None,
) -> AnisotropyFit:
    """Fit H_K1 and H_K2 with the magnetisation in its deepest well at every field.

    All points are of one bias voltage.  ``fixed`` holds the other fields that the resonance depends
    on, :data:`smtj.inference.resonance.wells.model.EQ_7` for the paper's formula.  ``near`` is the
    expected H_K1 in A/m and decides where several fit equally well; ``start`` is a pair of H_K1 and
    H_K2 in A/m close to the best, by default from a search.  Returns both, or the one combination
    that the fields fix.  Raises SmtjError if there is no point or no H_K1 gives such frequencies.
    """
    if points.frequency.size == 0:
        raise SmtjError("the resonance fit has no line; give spectra that show one")
    for field in (points.field_x, points.field_z):
        checked_points(field, points.frequency, points.error, "fields", "frequencies")
    typical = float(np.median(points.frequency)) / FREQUENCY_PER_FIELD
    scale = _scale(points)
    along = _one_axis(points) if fixed.is_eq_7 else None
    more = {} if along is None else {"offset": 0.0}

    def frequencies(p: Mapping[str, float]) -> Floats:
        second = p.get("second", 0.0)
        x, z = points.field_x, points.field_z
        if along is not None:
            offset = p.get("offset", 0.0) * scale
            x, z = x - offset * along[0], z - offset * along[1]
        found = well_resonances(p["first"] * scale, second * scale, fixed, x, z)
        return found.of_deepest(found.frequency)

    def residuals(p: Mapping[str, float]) -> Floats:
        return (points.frequency - frequencies(p)) / points.error

    if several_fields(points.field_x, points.field_z):
        starts = starting_fields(points, fixed) if start is None else [start]
        both = _both(points, frequencies, starts, near, scale, more)
        if start is None and both and both[0].p_value < UNLIKELY:
            middle = (both[0].values["first"] * scale, both[0].values["second"] * scale)
            closer = starting_fields(points, fixed, middle)
            both = _both(points, frequencies, [middle, *closer], near, scale, more)
        if both and is_separable(both[0], scale, typical):
            found = anisotropy_fit(both[0], scale, frequencies(both[0].values))
            others = [minimum.values["first"] * scale for minimum in both[1:]]
            return replace(found, remarks=(*found.remarks, *_ambiguity(others, near)))
    first, rivals = _start(points, fixed, scale, near / scale)
    one = minimise(residuals, {"first": first, **more}, FIT)
    ratio = ratio_of(residuals, one.values)
    found = anisotropy_fit(one, scale, frequencies(one.values), ratio)
    others = [r * scale for r in rivals]
    return replace(found, remarks=(*found.remarks, *_ambiguity(others, near)))


def starting_fields(
    points: Points, fixed: FixedFields, middle: tuple[float, float] | None = None
) -> list[tuple[float, float]]:
    """Return pairs of H_K1 and H_K2 in A/m that roughly explain the lines, the best first.

    A line may be of either well, and one far from anything may be of neither.  The search is finer
    about ``middle``, such a pair, and goes everywhere without it.
    """
    scale = _scale(points)
    reach, rough = (REACH, ROUGH) if middle is None else (FINE_REACH, ROUGH_FINE)
    axes = [
        at + scale * far * np.linspace(-1, 1, count)
        for at, far, count in zip(middle or (0.0, 0.0), reach, (FIRSTS, SECONDS), strict=True)
    ]
    first, second = np.meshgrid(*axes, indexing="ij")
    found = well_resonances(
        first[..., None], second[..., None], fixed, points.field_x, points.field_z
    )
    error = np.hypot(points.error, rough * points.frequency)[:, None]
    off = np.abs(points.frequency[:, None] - found.frequency) / error
    off = np.where(found.exists, off, MAX_DEVIATION).min(axis=-1)
    squares = np.square(np.minimum(off, MAX_DEVIATION)).sum(axis=-1)
    around = np.pad(squares, 1, constant_values=np.inf)
    neighbours = [
        around[1 + i : squares.shape[0] + 1 + i, 1 + j : squares.shape[1] + 1 + j]
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    ]
    lowest = squares <= np.min(neighbours, axis=0)
    order = np.argsort(squares[lowest])[:MAX_STARTS]
    return [
        (float(a), float(b))
        for a, b in zip(first[lowest][order], second[lowest][order], strict=True)
    ]


def axis_of(field_x: Floats, field_z: Floats) -> tuple[float, float] | None:
    """Return the axis of all fields, towards the positive ones; None if they have several."""
    size = np.hypot(field_x, field_z)
    largest = int(size.argmax())
    if not size[largest] > 0:
        return None
    x, z = float(field_x[largest] / size[largest]), float(field_z[largest] / size[largest])
    across = np.abs(field_z * x - field_x * z)
    if bool(np.any(across > OBLIQUE * size[largest])):
        return None
    # A positive offset is one towards the positive field, whichever sign the largest one has.
    return (x, z) if max(x, z, key=abs) > 0 else (-x, -z)


def _one_axis(points: Points) -> tuple[float, float] | None:
    """Return the axis of all fields if there are enough lines at both signs of it, else None."""
    axis = axis_of(points.field_x, points.field_z)
    if axis is None:
        return None
    sign = points.field_x * axis[0] + points.field_z * axis[1]
    sides = min(int((sign > 0).sum()), int((sign < 0).sum()))
    return axis if sides >= MIN_LINES_PER_SIDE else None


def _scale(points: Points) -> float:
    """Return the largest field in A/m, applied or of the frequencies."""
    typical = float(np.median(points.frequency)) / FREQUENCY_PER_FIELD
    return max(typical, float(np.hypot(points.field_x, points.field_z).max()))


def _both(
    points: Points,
    frequencies: Callable[[Mapping[str, float]], Floats],
    starts: Sequence[tuple[float, float]],
    near: float,
    scale: float,
    more: Mapping[str, float],
) -> list[Minimum]:
    """Return equally good fits of H_K1 and H_K2, the one nearest to the expected first.

    None where the data fix only one combination.  Starts and ``near`` are in A/m, the fits in
    units of ``scale``; ``more`` are starts of further parameters.
    """
    rough = np.hypot(points.error, ROUGH_FIT * points.frequency)
    first = [{"first": one / scale, "second": other / scale, **more} for one, other in starts]
    close = _minima(points.frequency, frequencies, rough, first)
    every = _minima(points.frequency, frequencies, points.error, [m.values for m in close])
    best = [m for m in every if m.chi_squared <= every[0].chi_squared + EQUALLY_GOOD]
    return sorted(best, key=lambda found: abs(found.values["first"] * scale - near))


def _minima(
    data: Floats,
    frequencies: Callable[[Mapping[str, float]], Floats],
    error: Floats,
    starts: Sequence[Mapping[str, float]],
) -> list[Minimum]:
    """Return the different minima reached from some starts, the deepest first."""
    different: list[Minimum] = []
    for start in starts:
        try:
            found = minimise(lambda p: (data - frequencies(p)) / error, start, FIT)
        except SmtjError:
            continue
        if not any(_alike(found.values, other.values) for other in different):
            different.append(found)
    return sorted(different, key=lambda found: found.chi_squared)


def _alike(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(abs(one[name] - other[name]) < SAME for name in one)


def _start(
    points: Points, fixed: FixedFields, scale: float, near: float
) -> tuple[float, tuple[float, ...]]:
    """Return H_K1 to start from, and others that fit as well with H_K2 = 0, in units of ``scale``.

    Close to saturation the frequency falls to 0 and rises again, so one field can belong to two
    values; several fields rarely leave a choice.
    """
    far = REACH[0]
    starts, width = np.linspace(-far, far, FIRSTS), 2 * far / (FIRSTS - 1)
    squares = _squares(points, fixed, scale, starts)
    lowest = np.r_[True, squares[1:] < squares[:-1]] & np.r_[squares[:-1] <= squares[1:], True]
    candidates = starts[lowest][np.argsort(squares[lowest])][:MAX_STARTS]
    for _ in range(REFINEMENTS):
        fine = candidates[:, None] + width * np.linspace(-1, 1, FIRSTS)
        found = _squares(points, fixed, scale, fine)
        best = np.argmin(found, axis=1)
        rows = np.arange(candidates.size)
        candidates, squares = fine[rows, best], found[rows, best]
        width *= 2 / (FIRSTS - 1)
    good = candidates[squares <= squares.min() + EQUALLY_GOOD]
    first = good[np.argmin(np.abs(good - near))]
    return float(first), tuple(float(g) for g in good if abs(g - first) > 100 * width)


def _squares(points: Points, fixed: FixedFields, scale: float, first: Floats) -> Floats:
    """χ² of values of H_K1 with H_K2 = 0, of any shape."""
    found = well_resonances(first[..., None] * scale, 0.0, fixed, points.field_x, points.field_z)
    frequency = found.of_deepest(found.frequency)
    return np.asarray((((points.frequency - frequency) / points.error) ** 2).sum(axis=-1))


def _ambiguity(others: list[float], near: float) -> tuple[str, ...]:
    if not others:
        return ()
    listed = " or ".join(format_quantity(other, "A/m", "mT", 3) for other in others)
    return (
        f"H_K1 of {listed} fits as well; the one nearest to the card's, "
        f"{format_quantity(near, 'A/m', 'mT', 3)}, is taken, and another field would decide",
    )

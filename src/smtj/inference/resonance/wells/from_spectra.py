"""H_K1, H_K2 and damping from whole spectra: a device that switches shows the lines of both wells.

With a tilted easy axis the two wells resonate at frequencies that differ by less than a linewidth,
so single lines cannot be read off a spectrum.  Here the anisotropy fields place all lines of all
spectra of a bias voltage at once; the heights of both parts of each line and a straight baseline
follow from the data by linear least squares at every step (G. H. Golub and V. Pereyra, Inverse
Problems 19, R1 (2003), doi:10.1088/0266-5611/19/2/201).

Two lines that nearly coincide could fit anything by large heights of opposite sign.  Their expected
ratio therefore counts as a datum, with an error of 100 %.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.resonance.wells.model import FixedFields, WellResonances, well_resonances
from smtj.inference.resonance.wells.projection import WellSpectrum, curves, joined, projected, sizes
from smtj.inference.resonance.wells.result import (
    AnisotropyFit,
    anisotropy_fit,
    is_separable,
    ratio_of,
    several_fields,
)
from smtj.inference.stats.checks import guarded, require_finite
from smtj.inference.stats.least_squares import Minimum, covariance_over_errors, minimise
from smtj.physics.resonance.frequency import FREQUENCY_PER_FIELD
from smtj.typing import Floats

Residuals = Callable[[Mapping[str, float], Floats | None], Floats]

FIT = "the fit of spectra by both wells"
REACH = 3.0
"""Range of the search for H_K1 on either side of a start, in full linewidths."""
STEPS = 25
"""Values tried there."""
MAX_STARTS = 2
"""Different starts that are refined."""
ROUNDS = 2
"""In which the size of the lines, which weighs their expected ratio, is updated."""
EQUALLY_GOOD = 10.8
"""Rise of χ² over the best at which a minimum is excluded (p = 0.001)."""
SAME = 1e-3
"""Fraction of the largest field by which starts differ."""


@dataclass(frozen=True, eq=False)
class SpectraFit:
    """The fit of all spectra of a bias voltage."""

    anisotropy: AnisotropyFit
    resonances: WellResonances
    """Of both wells at each spectrum's field, shape (spectra, 2)."""
    curves: tuple[Floats, ...]
    """The fitted signal of each spectrum in V."""


@guarded(FIT)
def fit_spectra_of_wells(
    spectra: Sequence[WellSpectrum],
    fixed: FixedFields,
    starts: Sequence[tuple[float, float]],
    damping: float,
    reach: float = REACH,
) -> SpectraFit:
    """Fit the spectra of one bias voltage, at one field or several.

    ``fixed`` holds the other fields that the resonance depends on.  ``starts`` are pairs of H_K1
    and H_K2 in A/m, one of them within ``reach`` full linewidths of the truth; of several that fit
    equally well the first counts.  The search for H_K1 covers ``reach`` on either side of each;
    with 0 the fit starts from them directly.  ``damping`` is the initial α.  Raises SmtjError if
    there is no spectrum or no minimum is found.
    """
    if not spectra:
        raise SmtjError(f"{FIT} has no spectrum; give spectra that show a line")
    x, z = (np.array([getattr(s, name) for s in spectra]) for name in ("field_x", "field_z"))
    data = joined(spectra)
    require_finite(f"the data of {FIT}", x, z, data.frequency, data.data, data.baseline)
    begin = well_resonances(*starts[0], fixed, x, z)
    typical = float(np.median(begin.frequency)) / FREQUENCY_PER_FIELD
    scale = max(typical, float(np.hypot(x, z).max()))

    def wells_at(p: Mapping[str, float]) -> WellResonances:
        return well_resonances(p["first"] * scale, p.get("second", 0.0) * scale, fixed, x, z)

    def residuals(p: Mapping[str, float], size: Floats | None) -> Floats:
        return projected(data, wells_at(p), math.exp(p["log_damping"]), size).residual

    def size_at(p: Mapping[str, float]) -> Floats:
        return sizes(data, wells_at(p), math.exp(p["log_damping"]))

    tried = _near(
        residuals, starts, reach * 2 * damping * typical / scale, scale, math.log(damping)
    )
    best = _best(residuals, size_at, tried, True) if several_fields(x, z) else None
    apart = best is not None and is_separable(best[0], scale, typical)
    if best is None or not apart:
        best = _best(residuals, size_at, tried, False)
    if best is None:
        raise SmtjError(f"{FIT} finds no minimum; the data may not follow this model")
    minimum, size = best
    wells = wells_at(minimum.values)
    found = projected(data, wells, math.exp(minimum.values["log_damping"]), size)
    # The heights are fitted numbers too.
    freedom = minimum.degrees_of_freedom - found.heights
    minimum = replace(
        minimum,
        degrees_of_freedom=freedom,
        covariance=covariance_over_errors(_of_size(residuals, size), minimum),
    )
    deepest = wells.of_deepest(wells.frequency)
    ratio = 0.0 if apart else ratio_of(_of_size(residuals, size), minimum.values)
    anisotropy = anisotropy_fit(minimum, scale, deepest, ratio)
    return SpectraFit(anisotropy, wells, curves(data, found))


def _near(
    residuals: Residuals,
    starts: Sequence[tuple[float, float]],
    reach: float,
    scale: float,
    log_damping: float,
) -> list[dict[str, float]]:
    """Return the best values of H_K1 about each start with its H_K2, the best first.

    Fields are in units of ``scale``.
    """
    steps = reach * np.linspace(-1, 1, STEPS) if reach > 0 else [0.0]
    tried = []
    for first, second in starts:
        line = [
            {"first": first / scale + step, "second": second / scale, "log_damping": log_damping}
            for step in steps
        ]
        squares = [float(np.square(residuals(p, None)).sum()) for p in line]
        tried.append((min(squares), line[int(np.argmin(squares))]))
    good = min(least for least, _ in tried) + EQUALLY_GOOD
    # The sort is stable: of starts that are equally good the first comes first.
    tried.sort(key=lambda each: max(each[0], good))
    chosen: list[dict[str, float]] = []
    for _, start in tried:
        if not any(_alike(start, other) for other in chosen):
            chosen.append(start)
    return chosen[:MAX_STARTS]


def _alike(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(abs(one[name] - other[name]) < SAME for name in ("first", "second"))


def _best(
    residuals: Residuals,
    size_at: Callable[[Mapping[str, float]], Floats],
    starts: Sequence[Mapping[str, float]],
    both: bool,
) -> tuple[Minimum, Floats] | None:
    """Return the deepest of the minima near some starts and the sizes of lines there.

    Of equally deep ones the one of the first start, as a line may be of either well.  None where
    the data leave a parameter undetermined.
    """
    names = ("first", "second", "log_damping") if both else ("first", "log_damping")
    every = []
    for start in starts:
        at = {name: start[name] for name in names}
        for _ in range(ROUNDS):
            size = size_at(at)
            try:
                found = minimise(_of_size(residuals, size), at, FIT)
            except SmtjError:
                break
            at = dict(found.values)
        else:
            every.append((found, size))
    least = min((found.chi_squared for found, _ in every), default=math.nan)
    return next((e for e in every if e[0].chi_squared <= least + EQUALLY_GOOD), None)


def _of_size(residuals: Residuals, size: Floats) -> Callable[[Mapping[str, float]], Floats]:
    return lambda p: residuals(p, size)

"""H_K1, H_K2 and damping from whole spectra: a device that switches shows the lines of both wells.

With a tilted easy axis the two wells resonate at frequencies that differ by less than a linewidth,
so that no line can be read off a spectrum.  Here the anisotropy fields place all lines of all
spectra of a bias voltage at once; the heights of both parts of each line and a straight baseline
follow from the data by linear least squares at every step (G. H. Golub and V. Pereyra, Inverse
Problems 19, R1 (2003), doi:10.1088/0266-5611/19/2/201).
"""

import math
from collections.abc import Callable, Mapping, Sequence
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
from smtj.fit.resonance.model import FixedFields, WellResonances, well_resonances
from smtj.physics.line_shapes import driven_oscillator
from smtj.physics.resonance import FREQUENCY_PER_FIELD

Floats = NDArray[np.float64]

FIT = "the fit of spectra by both wells"
REACH = 3.0
"""Full linewidths on either side of the start in which H_K1 is sought ..."""
STARTS = 25
"""... at so many values."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A spectrum in frequency at one field in the x-z plane; SI units."""

    frequency: Floats
    """f in Hz, shape (n,)."""
    signal: Floats
    """In V, shape (n,)."""
    error: float
    """Standard error of a point in V, widened where points are not independent."""
    field_x: float
    field_z: float


@dataclass(frozen=True, eq=False)
class SpectraFit:
    """The fit of all spectra of a bias voltage."""

    anisotropy: AnisotropyFit
    resonances: WellResonances
    """Of both wells at each spectrum's field, shape (spectra, 2)."""
    curves: tuple[Floats, ...]
    """The fitted signal of each spectrum in V."""


def fit_spectra_of_wells(
    spectra: Sequence[Spectrum],
    fixed: FixedFields,
    start: tuple[float, float],
    damping: float,
) -> SpectraFit:
    """Fit the spectra of one bias voltage.

    Parameters
    ----------
    spectra
        At one field or several.
    fixed
        What the resonance depends on beside H_K1 and H_K2.
    start
        H_K1 and H_K2 in A/m within :data:`REACH` linewidths of the truth, as the fit of single
        lines gives them.
    damping
        α to start from.

    Raises
    ------
    SmtjError
        There is no spectrum, or no minimum is found.
    """
    if not spectra:
        raise SmtjError(f"{FIT} has none to fit; give spectra that show a line")
    x, z = (np.array([getattr(s, name) for s in spectra]) for name in ("field_x", "field_z"))
    begin = well_resonances(*start, fixed, x, z)
    typical = float(np.median(begin.frequency)) / FREQUENCY_PER_FIELD
    scale = max(typical, float(np.hypot(x, z).max()))

    def projected(p: Mapping[str, float]) -> list[tuple[Floats, int]]:
        """Each spectrum's fitted curve in V and the number of heights that made it."""
        wells = well_resonances(p["first"] * scale, p.get("second", 0.0) * scale, fixed, x, z)
        alpha = math.exp(p["log_damping"])
        return [_projected(s, wells, number, alpha) for number, s in enumerate(spectra)]

    def residuals(p: Mapping[str, float]) -> Floats:
        found = projected(p)
        return np.concatenate(
            [(s.signal - curve) / s.error for s, (curve, _) in zip(spectra, found, strict=True)]
        )

    linewidth = 2 * damping * typical
    first, second = _near(residuals, start, linewidth, scale, damping)
    log_damping = math.log(damping)
    both = _both(residuals, first, second, log_damping) if several_fields(x, z) else None
    apart = both is not None and tells_apart(both, scale, typical)
    if both is not None and apart:
        minimum = both
    else:
        minimum = minimise(residuals, {"first": first, "log_damping": log_damping}, FIT)
    found = projected(minimum.values)
    # The heights are fitted numbers too.
    heights = sum(count for _, count in found)
    minimum = replace(minimum, degrees_of_freedom=minimum.degrees_of_freedom - heights)
    wells = well_resonances(
        minimum.values["first"] * scale, minimum.values.get("second", 0.0) * scale, fixed, x, z
    )
    deepest = wells.frequency[np.arange(x.size), wells.deepest]
    anisotropy = (
        conclude(minimum, scale, deepest)
        if apart
        else conclude_together(minimum, scale, ratio_of(residuals, minimum.values), deepest)
    )
    return SpectraFit(anisotropy, wells, tuple(curve for curve, _ in found))


def _projected(
    spectrum: Spectrum, wells: WellResonances, number: int, damping: float
) -> tuple[Floats, int]:
    """Return the curve of the lines at these places that is nearest to a spectrum."""
    f = spectrum.frequency
    position = wells.frequency[number] / math.sqrt(1 + damping**2)
    half_width = damping * wells.trace[number] / (2 * (1 + damping**2))
    there = wells.exists[number]
    parts = driven_oscillator(f[:, None], position[there], half_width[there])
    middle, half = (f[0] + f[-1]) / 2, np.ptp(f) / 2
    basis = np.column_stack([*parts, np.ones(f.size), (f - middle) / half])
    # Lines that coincide leave their heights undetermined, but not their sum.
    left, values, _ = np.linalg.svd(basis, full_matrices=False)
    left = left[:, values > 1e-9 * values[0]]
    return left @ (left.T @ spectrum.signal), left.shape[1]


def _near(
    residuals: Callable[[Mapping[str, float]], Floats],
    start: tuple[float, float],
    linewidth: float,
    scale: float,
    damping: float,
) -> tuple[float, float]:
    """Return the best of several H_K1 about the start, and its H_K2, in units of ``scale``."""
    second = start[1] / scale
    tried = (start[0] + REACH * linewidth * np.linspace(-1, 1, STARTS)) / scale
    squares = [
        np.square(residuals({"first": t, "second": second, "log_damping": math.log(damping)})).sum()
        for t in tried
    ]
    return float(tried[int(np.argmin(squares))]), second


def _both(
    residuals: Callable[[Mapping[str, float]], Floats],
    first: float,
    second: float,
    log_damping: float,
) -> Minimum | None:
    """Fit both fields; None where the data fix one combination and no more."""
    start = {"first": first, "second": second, "log_damping": log_damping}
    try:
        return minimise(residuals, start, FIT)
    except SmtjError:
        return None

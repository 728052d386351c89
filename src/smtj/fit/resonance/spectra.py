"""H_K1, H_K2 and damping from whole spectra: a device that switches shows the lines of both wells.

With a tilted easy axis the two wells resonate at frequencies that differ by less than a linewidth,
so that no line can be read off a spectrum.  Here the anisotropy fields place all lines of all
spectra of a bias voltage at once; the heights of both parts of each line and a straight baseline
follow from the data by linear least squares at every step (G. H. Golub and V. Pereyra, Inverse
Problems 19, R1 (2003), doi:10.1088/0266-5611/19/2/201).

Two lines that nearly coincide could make up for anything by large heights of opposite sign.  What
is expected of their ratio therefore counts as a datum, one with an error of 100 %.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

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
LEAST_SHARE = 0.1
"""Height of a line relative to the other below which nothing is expected of it."""


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
    expected: tuple[float, float]
    """Heights of the lines of the up and of the down well that are expected, in any unit: the
    shares of time times what each well rectifies."""


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

    def wells_at(p: Mapping[str, float]) -> WellResonances:
        return well_resonances(p["first"] * scale, p.get("second", 0.0) * scale, fixed, x, z)

    def residuals(p: Mapping[str, float], sizes: Sequence[float] | None = None) -> Floats:
        wells, alpha = wells_at(p), math.exp(p["log_damping"])
        sizes = (math.inf,) * len(spectra) if sizes is None else sizes
        return np.concatenate(
            [
                _projected(s, _lines(s, wells, i, alpha), size).residual
                for i, (s, size) in enumerate(zip(spectra, sizes, strict=True))
            ]
        )

    first, second = _near(residuals, start, 2 * damping * typical, scale, damping)
    begin_at = {"first": first, "second": second, "log_damping": math.log(damping)}
    begin = wells_at(begin_at)
    sizes = [_size(s, _lines(s, begin, i, damping)) for i, s in enumerate(spectra)]

    def weighed(p: Mapping[str, float]) -> Floats:
        return residuals(p, sizes)

    both = _both(weighed, begin_at) if several_fields(x, z) else None
    apart = both is not None and tells_apart(both, scale, typical)
    if both is not None and apart:
        minimum = both
    else:
        one = {name: begin_at[name] for name in ("first", "log_damping")}
        minimum = minimise(weighed, one, FIT)
    wells, alpha = wells_at(minimum.values), math.exp(minimum.values["log_damping"])
    found = [_projected(s, _lines(s, wells, i, alpha), sizes[i]) for i, s in enumerate(spectra)]
    # The heights are fitted numbers too.
    heights = sum(part.heights for part in found)
    minimum = replace(minimum, degrees_of_freedom=minimum.degrees_of_freedom - heights)
    deepest = wells.frequency[np.arange(x.size), wells.deepest]
    anisotropy = (
        conclude(minimum, scale, deepest)
        if apart
        else conclude_together(minimum, scale, ratio_of(weighed, minimum.values), deepest)
    )
    return SpectraFit(anisotropy, wells, tuple(part.curve for part in found))


class _Projection(NamedTuple):
    """The heights and the baseline that bring given lines nearest to a spectrum."""

    curve: Floats
    """In V, shape (n,)."""
    residual: Floats
    """In standard errors, shape (n + 2,); the last two are of the expected heights."""
    heights: int
    """Fitted numbers."""


def _lines(
    spectrum: Spectrum, wells: WellResonances, number: int, damping: float
) -> list[tuple[Floats, Floats]]:
    """Both parts of the lines of the wells that there are, shape (n,) each."""
    position = wells.frequency[number] / math.sqrt(1 + damping**2)
    half_width = damping * wells.trace[number] / (2 * (1 + damping**2))
    return [
        driven_oscillator(spectrum.frequency, position[well], half_width[well])
        for well in (0, 1)
        if wells.exists[number, well]
    ]


def _projected(spectrum: Spectrum, lines: list[tuple[Floats, Floats]], size: float) -> _Projection:
    """Fit heights and baseline; ``size`` is that of the lines in units of what is expected."""
    f = spectrum.frequency
    middle, half = (f[0] + f[-1]) / 2, np.ptp(f) / 2
    columns = [*(part for line in lines for part in line), np.ones(f.size), (f - middle) / half]
    expectation = np.zeros((2, len(columns)))
    if len(lines) == 2:
        up, down = _expected(spectrum)
        # Rows: symmetric and antisymmetric part, of which the ratio up/down is expected.
        for row in (0, 1):
            expectation[row, [row, 2 + row]] = 1 / (up * size), -1 / (down * size)
    basis = np.vstack([np.stack(columns, axis=1) / spectrum.error, expectation])
    data = np.append(spectrum.signal / spectrum.error, [0.0, 0.0])
    # Lines that coincide leave their heights undetermined, but not their sum.
    left, values, _ = np.linalg.svd(basis, full_matrices=False)
    left = left[:, values > 1e-9 * values[0]]
    fitted = left @ (left.T @ data)
    return _Projection(fitted[:-2] * spectrum.error, data - fitted, left.shape[1])


def _size(spectrum: Spectrum, lines: list[tuple[Floats, Floats]]) -> float:
    """The size of a spectrum's lines in units of what is expected, their ratio being as expected.

    At least what noise makes of it.
    """
    weights = _expected(spectrum) if len(lines) == 2 else (1.0,)
    parts = [
        sum(weight * line[part] for weight, line in zip(weights, lines, strict=True))
        for part in (0, 1)
    ]
    basis = np.stack([*parts, np.ones(spectrum.frequency.size)], axis=1)
    heights = np.linalg.lstsq(basis, spectrum.signal, rcond=None)[0][:2]
    return max(math.hypot(*heights), spectrum.error / max(weights))


def _expected(spectrum: Spectrum) -> tuple[float, float]:
    """Return the expected heights, no line being thought less than a tenth of the other."""
    up, down = (abs(height) for height in spectrum.expected)
    least = LEAST_SHARE * max(up, down)
    return max(up, least), math.copysign(
        max(down, least), spectrum.expected[0] * spectrum.expected[1]
    )


def _near(
    residuals: Callable[[Mapping[str, float]], Floats],
    start: tuple[float, float],
    linewidth: float,
    scale: float,
    damping: float,
) -> tuple[float, float]:
    """Return the best of several H_K1 about the start, and its H_K2, in units of ``scale``."""
    second, log_damping = start[1] / scale, math.log(damping)
    tried = (start[0] + REACH * linewidth * np.linspace(-1, 1, STARTS)) / scale
    squares = [
        np.square(residuals({"first": t, "second": second, "log_damping": log_damping})).sum()
        for t in tried
    ]
    return float(tried[int(np.argmin(squares))]), second


def _both(
    residuals: Callable[[Mapping[str, float]], Floats], start: Mapping[str, float]
) -> Minimum | None:
    """Fit both fields; None where the data fix one combination and no more."""
    try:
        return minimise(residuals, start, FIT)
    except SmtjError:
        return None

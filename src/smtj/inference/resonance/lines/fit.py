"""Fits of a single resonance spectrum: positions, widths and heights of its lines, with errors.

Errors are those of least squares with correlated noise, so a lock-in amplifier with a long time
constant does not count for more points than it read.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import DataError, SmtjError
from smtj.inference.resonance.lines.errors import Errors, errors
from smtj.inference.resonance.lines.glitches import alone, suspects
from smtj.inference.resonance.lines.model import (
    FUNCTIONS,
    Projection,
    Shape,
    Spectrum,
    baseline_powers,
    checked,
)
from smtj.inference.resonance.lines.search import refined, starts
from smtj.inference.stats.checks import guarded, require_finite
from smtj.inference.stats.distributions import chi_squared_p_value
from smtj.typing import Floats

Progress: TypeAlias = Callable[[int, int], None]
Data: TypeAlias = Sequence[ArrayLike]
"""x and signal of a spectrum, and the standard errors of its points where known."""

MAX_SIGNIFICANCE = 0.01
"""Chance that noise looks as much like a line above which a line is not significant."""
GLITCH = 6.0
"""Distance from the lines over the noise from which a point far from its neighbours is a glitch."""
MIN_POINTS = 3
"""Points within two half widths of a line; fewer may be a glitch."""
MAX_FLANK = 0.1
"""Error of the half width over it above which a line at an end of the sweep may be beyond it."""
BAD_CHI_SQUARED = 1e-4
"""Chance of χ² below which the standard errors of the points are implausible."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line of a spectrum."""

    position: float
    """In the unit of the data: Hz or A/m."""
    half_width: float
    """Half of the full width at half height, in the unit of the data, above 0."""
    symmetric: float
    """Factor S of the symmetric part, in V; see :mod:`smtj.physics.resonance.line_shapes`."""
    antisymmetric: float
    """Factor A of the antisymmetric part, in V."""
    covariance: Floats
    """Of the four above in that order, shape (4, 4); infinite where data leave one undetermined."""

    @property
    def position_error(self) -> float:
        """Standard error of the position."""
        return math.sqrt(self.covariance[0, 0])

    @property
    def half_width_error(self) -> float:
        """Standard error of the half width."""
        return math.sqrt(self.covariance[1, 1])


@dataclass(frozen=True, eq=False)
class SpectrumFit:
    """Lines and a baseline fitted to a spectrum."""

    lines: tuple[Line, ...]
    """By their position, the lowest first."""
    shape: Shape
    baseline: Floats
    """Coefficients in V of the powers 0, 1, ... of x scaled to -1 ... 1 over :attr:`span`."""
    span: tuple[float, float]
    """Lowest and highest x of the data."""
    noise: float
    """Standard deviation of the residuals in V, corrected for what the fit took away."""
    inflation: float
    """Factor by which correlated noise inflates the variances of the lines' parameters, which
    contain it: the geometric mean over them; 1 for white noise."""
    chi_squared: float
    """Of the residuals in units of ``sigma``; NaN where none was given."""
    degrees_of_freedom: int
    """Points less parameters."""
    log_likelihood: float
    """Of normal noise, every point counted as independent."""
    baseline_log_likelihood: float
    """The same without a line."""
    significance: float
    """Chance that noise alone looks as much like these lines, anywhere in the spectrum."""
    remarks: tuple[str, ...]
    """Caveats, in sentences."""
    usable: bool
    """Whether there is a line within the data, of a width that they determine."""

    @property
    def gain(self) -> float:
        """Log-likelihood gained by the lines, reduced for correlated points."""
        return (self.log_likelihood - self.baseline_log_likelihood) / self.inflation

    def baseline_at(self, x: ArrayLike) -> Floats:
        """Return the baseline in V at any x, of the shape of ``x``."""
        at = np.asarray(x, dtype=np.float64)
        powers = baseline_powers(at.ravel(), *self.span, self.baseline.size - 1)
        return (powers @ self.baseline).reshape(at.shape)

    def signal(self, x: ArrayLike) -> Floats:
        """Return baseline and lines in V at any x, of the shape of ``x``."""
        at, total = np.asarray(x, dtype=np.float64), self.baseline_at(x)
        for line in self.lines:
            symmetric, antisymmetric = FUNCTIONS[self.shape](at, line.position, line.half_width)
            total = total + line.symmetric * symmetric + line.antisymmetric * antisymmetric
        return total


@guarded("the fit of a spectrum")
def fit_spectrum(
    x: ArrayLike,
    signal: ArrayLike,
    shape: Shape,
    *,
    lines: int = 1,
    sigma: ArrayLike | None = None,
    baseline_degree: int = 1,
    start: Sequence[tuple[float, float]] | None = None,
) -> SpectrumFit:
    """Fit one or two lines on a polynomial baseline to a spectrum.

    ``x`` is frequency in Hz or field in A/m, of any spacing, and ``signal`` is in V; both have
    shape (points,) and the order of the measurement, which shows the correlation of the noise.
    ``shape`` is ``"exact"`` for sweeps of the frequency, ``"lorentzian"``, or ``"derivative"`` for
    the signal of a lock-in amplifier with a modulated field or frequency.  ``baseline_degree`` is
    0, 1 or 2.

    ``sigma``, the standard error in V of each point or of all, makes the covariance absolute; by
    default the residuals give the noise.  ``start`` holds the approximate position and half width
    of each line, in the unit of the data; by default a search finds them.  Remarks tell if there is
    no line, or none whose parameters the data determine.

    Raises SmtjError for another shape, number of lines or degree, or where lines lack a start;
    DataError if arrays differ in length or are not finite, the signal is 0 throughout, a standard
    error is not above 0, a frequency of the exact shape is below 0, or there are fewer different x
    than parameters and 3 more.

    Examples
    --------
    >>> f = np.linspace(1e9, 3e9, 101)
    >>> rng = np.random.default_rng(0)
    >>> signal = 1e-5 / (1 + ((f - 1.8e9) / 1e8) ** 2) + 1e-7 * rng.normal(size=f.size)
    >>> line = fit_spectrum(f, signal, "lorentzian").lines[0]
    >>> print(f"{line.position / 1e9:.3f} ± {line.position_error / 1e9:.3f} GHz")
    1.800 ± 0.001 GHz
    """
    if start is not None and len(start) != lines:
        raise SmtjError(f"a fit of {lines} lines needs a start of {lines} pairs, not {len(start)}")
    absolute = sigma is not None

    def fit(chosen: NDArray[np.bool_] | None = None) -> SpectrumFit:
        at, seen, own = (x, signal, sigma) if chosen is None else _chosen(x, signal, sigma, chosen)
        spectrum = checked(at, seen, shape, lines, own, baseline_degree)
        begin = starts(spectrum, lines) if start is None else [_scaled(spectrum, start)]
        parameters, found = refined(spectrum, begin)
        require_finite("the fit of a spectrum", parameters, found.residual, found.amplitudes)
        judged = errors(spectrum, parameters, found, absolute)
        return _result(spectrum, parameters, found, judged, absolute)

    whole = fit()
    far = suspects(np.asarray(signal, dtype=np.float64))
    if not far.any():
        return whole
    # The line that the other points show says whether the far ones are of it.
    rest = fit(~far)
    off = np.abs(np.asarray(signal) - rest.signal(x))
    glitches = far & alone(off > GLITCH * rest.noise)
    if not rest.usable or not glitches.any():
        return whole
    without = fit(~glitches)
    number = int(glitches.sum())
    are = "point is a glitch" if number == 1 else "points are glitches"
    return replace(
        without, remarks=(*without.remarks, f"{number} {are}, far off its neighbours and left out")
    )


def fit_spectra(
    spectra: Iterable[Data],
    shape: Shape,
    *,
    lines: int = 1,
    baseline_degree: int = 1,
    progress: Progress | None = None,
) -> list[SpectrumFit]:
    """Fit many spectra, each by itself and as :func:`fit_spectrum` does.

    Each is (x, signal) or (x, signal, sigma).  ``progress`` receives (done, total) after each.
    SmtjError and DataError name the number of the spectrum, counted from 1.
    """
    every, fits = list(spectra), []
    for number, data in enumerate(every, start=1):
        if len(data) not in (2, 3):
            raise SmtjError(f"spectrum {number} must be (x, signal) or (x, signal, sigma)")
        sigma = data[2] if len(data) == 3 else None
        try:
            fit = fit_spectrum(
                data[0], data[1], shape, lines=lines, sigma=sigma, baseline_degree=baseline_degree
            )
        except DataError as error:
            raise DataError(f"spectrum {number} of {len(every)}: {error}") from error
        fits.append(fit)
        if progress is not None:
            progress(number, len(every))
    return fits


def _chosen(
    x: ArrayLike, signal: ArrayLike, sigma: ArrayLike | None, chosen: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats | None]:
    """Return some points of a spectrum."""
    of_points = sigma is not None and np.ndim(sigma) > 0
    error = np.asarray(sigma, dtype=np.float64) if sigma is not None else None
    return (
        np.asarray(x, dtype=np.float64)[chosen],
        np.asarray(signal, dtype=np.float64)[chosen],
        error[chosen] if error is not None and of_points else error,
    )


def _scaled(spectrum: Spectrum, start: Sequence[tuple[float, float]]) -> Floats:
    """Positions and ln(half widths) in the units of the fit, shape (2 lines,)."""
    pairs = [(at / spectrum.unit, math.log(width / spectrum.unit)) for at, width in start]
    return np.array(pairs).ravel()


def _result(
    spectrum: Spectrum, parameters: Floats, found: Projection, judged: Errors, absolute: bool
) -> SpectrumFit:
    """Return the fit in the units of the data, with remarks."""
    unit, squares = spectrum.unit, float(found.residual @ found.residual)
    freedom = spectrum.x.size - 2 * parameters.size - spectrum.degree - 1
    scale = np.array([unit, unit, 1.0, 1.0])
    lines = []
    for i, (position, log_width) in enumerate(parameters.reshape(-1, 2)):
        own = slice(4 * i, 4 * i + 4)
        covariance = judged.covariance[own, own] * np.outer(scale, scale)
        width = unit * math.exp(log_width)
        s, a = found.amplitudes[2 * i : 2 * i + 2].tolist()
        lines.append(Line(unit * float(position), width, s, a, covariance))
    lines.sort(key=lambda line: line.position)
    residual = found.residual / spectrum.weight
    effective = squares / judged.variance if not absolute else freedom
    noise = math.sqrt(float(residual @ residual) / max(effective, 1.0))
    problems = _problems(spectrum, lines, judged)
    other = _doubts(squares, freedom, judged.inflation) if absolute else ()
    return SpectrumFit(
        lines=tuple(lines),
        shape=spectrum.shape,
        baseline=judged.baseline,
        span=(spectrum.low * unit, spectrum.high * unit),
        noise=noise,
        inflation=judged.inflation,
        chi_squared=squares if absolute else math.nan,
        degrees_of_freedom=freedom,
        log_likelihood=judged.log_likelihood,
        baseline_log_likelihood=judged.baseline_log_likelihood,
        significance=judged.significance,
        remarks=(*problems, *other),
        usable=not problems,
    )


def _problems(spectrum: Spectrum, lines: Sequence[Line], judged: Errors) -> tuple[str, ...]:
    """Return why a fit is unusable, in sentences."""
    unit, problems = spectrum.unit, []
    low, high, width = spectrum.low * unit, spectrum.high * unit, 2 * unit
    if judged.significance > MAX_SIGNIFICANCE:
        problems.append(
            "no significant line: noise alone looks as much like one with a chance of "
            f"{judged.significance:.2g}"
        )
    if not np.isfinite(judged.covariance).all():
        problems.append("the data leave a parameter of a line undetermined")
    for number, line in enumerate(lines, 1):
        name = "the line" if len(lines) == 1 else f"line {number} of {len(lines)}"
        near = np.abs(spectrum.x * unit - line.position) <= 2 * line.half_width
        if not low <= line.position <= high:
            problems.append(f"{name} lies outside the data")
        elif _is_flank(line, low, high):
            problems.append(f"{name} may lie beyond the end of the sweep, which shows one flank")
        elif np.count_nonzero(near) < MIN_POINTS:
            problems.append(f"{name} is narrower than the steps of the sweep")
        if line.half_width > width:
            problems.append(f"{name} is wider than the swept range")
        elif np.isfinite(line.covariance).all() and line.half_width_error > line.half_width / 2:
            problems.append(f"{name} cannot be separated from the baseline: its width is uncertain")
    return tuple(problems)


def _is_flank(line: Line, low: float, high: float) -> bool:
    """Whether a line at an end of the sweep may be the flank of one beyond, so uncertain is it."""
    at_end = min(line.position - low, high - line.position) < line.half_width
    known = np.isfinite(line.covariance).all()
    return bool(at_end and known and line.half_width_error > MAX_FLANK * line.half_width)


def _doubts(chi_squared: float, freedom: int, inflation: float) -> tuple[str, ...]:
    """Return a remark if the known standard errors of the points are implausible."""
    effective = max(round(freedom / inflation), 1)
    if chi_squared_p_value(chi_squared / freedom * effective, effective) > BAD_CHI_SQUARED:
        return ()
    return (
        f"χ² is {chi_squared:.4g} for {freedom} degrees of freedom: the standard errors of the "
        "points are too small, or the lines have another shape",
    )

"""Lines on a baseline: a least-squares problem with only positions and widths nonlinear.

Amplitudes and baseline are linear and are solved for at every step (variable projection; Golub and
Pereyra, https://doi.org/10.1137/0710036, with Kaufman's Jacobian,
https://doi.org/10.1007/BF01932995).  Derivatives of the shapes are complex steps, exact to
rounding, without repeating a formula of :mod:`smtj.physics.resonance.line_shapes`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from smtj.errors import DataError, SmtjError
from smtj.physics.resonance.line_shapes import driven_oscillator, lorentzian, lorentzian_derivative
from smtj.typing import Floats

Shape: TypeAlias = Literal["exact", "lorentzian", "derivative"]
"""Line of a linear oscillator in frequency, its narrow limit, and what a lock-in makes of that."""

FUNCTIONS: dict[Shape, Callable[[Any, Any, Any], tuple[Any, Any]]] = {
    "exact": driven_oscillator,
    "lorentzian": lorentzian,
    "derivative": lorentzian_derivative,
}
SPARE_POINTS = 3
"""Points needed beyond the number of parameters."""
MIN_WIDTH, MAX_WIDTH = 0.1, 2.0
"""Bounds of a half width, in steps and in ranges of the sweep; beyond, nothing changes."""
MARGIN = 0.5
"""How far outside the data a position may lie, in ranges of the sweep."""
MIN_FREQUENCY = 1e-3
"""Lowest position of the exact shape, which has none at 0, in units of the highest frequency."""
_STEP = 1e-30
"""Of complex steps, whose square is negligible beside 1."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A checked spectrum in the units that the fit works in."""

    shape: Shape
    x: Floats
    """In units of :attr:`unit`, in the order of the measurement; shape (points,)."""
    unit: float
    """Half of the swept range, in the unit of the data."""
    weight: Floats
    """1/(standard error) of each point, or 1 where none is known; shape (points,)."""
    signal: Floats
    """Weighted signal without its baseline, shape (points,)."""
    baseline: Floats
    """Orthonormal basis of weighted baselines, shape (points, degree + 1)."""
    raw_signal: Floats
    """Signal as measured, in V."""
    degree: int
    step: float
    """Median step between neighbours, in units of :attr:`unit`."""

    @property
    def low(self) -> float:
        """Lowest x."""
        return float(self.x.min())

    @property
    def high(self) -> float:
        """Highest x; 2 above the lowest."""
        return float(self.x.max())

    def bounds(self, lines: int) -> tuple[Floats, Floats]:
        """Lowest and highest of positions and logarithms of half widths, each (2 lines,)."""
        reach = MARGIN * (self.high - self.low)
        lowest = self.low - reach
        if self.shape == "exact":
            lowest = max(lowest, MIN_FREQUENCY * self.high)
        widest = MAX_WIDTH * (self.high - self.low)
        low = np.array([lowest, np.log(MIN_WIDTH * self.step)])
        high = np.array([self.high + reach, np.log(widest)])
        return np.tile(low, lines), np.tile(high, lines)


@dataclass(frozen=True, eq=False)
class Projection:
    """The best amplitudes at given positions and widths, and the residual."""

    amplitudes: Floats
    """Symmetric and antisymmetric of each line in turn, shape (2 lines,)."""
    residual: Floats
    """Weighted, shape (points,)."""
    jacobian: Floats
    """Of the residual by position and ln(half width) of each line, shape (points, 2 lines)."""


def baseline_powers(x: Floats, low: float, high: float, degree: int) -> Floats:
    """Powers 0 to ``degree`` of x scaled to -1 at ``low`` and 1 at ``high``; (points, powers)."""
    return np.vander((2 * x - low - high) / (high - low), degree + 1, increasing=True)


def checked(
    x: Any, signal: Any, shape: Shape, lines: int, sigma: Any, baseline_degree: int
) -> Spectrum:
    """Check a spectrum and convert it to the units of the fit.

    Arguments, SmtjError and DataError are those of :func:`smtj.inference.resonance.fit_spectrum`.
    """
    if shape not in FUNCTIONS:
        raise SmtjError(f"the shape of a line is one of {', '.join(get_args(Shape))}, not {shape}")
    if lines not in (1, 2) or baseline_degree not in (0, 1, 2):
        raise SmtjError("a spectrum is fitted with 1 or 2 lines on a baseline of degree 0, 1 or 2")
    at, values = (np.asarray(a, dtype=np.float64) for a in (x, signal))
    errors = np.ones_like(at) if sigma is None else np.asarray(sigma, dtype=np.float64)
    if at.ndim != 1 or values.shape != at.shape or errors.shape not in (at.shape, ()):
        raise DataError(
            "x, signal and sigma of a spectrum must be lists of the same length, not of shapes "
            f"{at.shape}, {values.shape} and {errors.shape}"
        )
    if not all(np.isfinite(a).all() for a in (at, values, errors)):
        raise DataError("a spectrum must have finite numbers only; leave out NaN and inf")
    if not (errors > 0).all():
        raise DataError("the standard errors of a spectrum's points must be above 0")
    least = 4 * lines + baseline_degree + 1 + SPARE_POINTS
    different = np.unique(at)
    if different.size < least:
        raise DataError(
            f"a spectrum with {different.size} different x is too short for a fit of {lines} "
            f"line{'s' if lines > 1 else ''}; it needs at least {least}"
        )
    if shape == "exact" and at.min() < 0:
        raise DataError("the exact shape is a function of frequency, which must not be below 0")
    if not values.any():
        raise DataError("every point of a spectrum is 0; it has neither a line nor noise")
    unit = float(np.ptp(at)) / 2
    weight = 1 / np.broadcast_to(errors, at.shape)
    powers = baseline_powers(at, float(at.min()), float(at.max()), baseline_degree)
    basis = np.linalg.qr(weight[:, None] * powers)[0]
    weighted = weight * values
    return Spectrum(
        shape=shape,
        x=at / unit,
        unit=unit,
        weight=weight,
        signal=weighted - basis @ (basis.T @ weighted),
        baseline=basis,
        raw_signal=values,
        degree=baseline_degree,
        step=float(np.median(np.diff(different))) / unit,
    )


def line_columns(spectrum: Spectrum, position: float, log_width: float) -> tuple[Floats, ...]:
    """Weighted parts of one line, and their derivatives by position and ln(half width).

    Returns both parts, both by position, both by ln(half width), each of shape (points, 2).
    """
    shape, width = FUNCTIONS[spectrum.shape], float(np.exp(log_width))
    moved = np.stack(shape(spectrum.x, position + _STEP * 1j, width), axis=1)
    widened = np.stack(shape(spectrum.x, position, width * (1 + _STEP * 1j)), axis=1)
    weight = spectrum.weight[:, None]
    return weight * moved.real, weight / _STEP * moved.imag, weight / _STEP * widened.imag


def project(spectrum: Spectrum, parameters: Floats) -> Projection:
    """Solve for amplitudes and baseline.

    ``parameters`` are position and ln(half width) of each line in turn, in units of
    ``spectrum.unit``.
    """
    pairs = parameters.reshape(-1, 2)
    parts, slopes = [], []
    for position, log_width in pairs:
        both, *by = line_columns(spectrum, position, log_width)
        parts.append(both)
        slopes.append(by)
    columns = np.hstack(parts)
    columns -= spectrum.baseline @ (spectrum.baseline.T @ columns)
    q, r = np.linalg.qr(columns)
    parts_of_signal = q.T @ spectrum.signal
    amplitudes = np.linalg.lstsq(r, parts_of_signal, rcond=1e-13)[0]
    jacobian = -np.stack(
        [
            by @ pair
            for pair, pieces in zip(amplitudes.reshape(-1, 2), slopes, strict=True)
            for by in pieces
        ],
        axis=1,
    )
    for basis in (spectrum.baseline, q):
        jacobian -= basis @ (basis.T @ jacobian)
    return Projection(amplitudes, spectrum.signal - q @ parts_of_signal, jacobian)


def design(spectrum: Spectrum, parameters: Floats, amplitudes: Floats) -> Floats:
    """Weighted derivatives of the model with respect to all fitted parameters.

    Shape (points, 4 lines + degree + 1): by position, half width, symmetric and antisymmetric
    amplitude of each line in turn, then by the coefficients of the baseline.
    """
    columns = []
    pairs = zip(parameters.reshape(-1, 2), amplitudes.reshape(-1, 2), strict=True)
    for (position, log_width), pair in pairs:
        both, by_position, by_log_width = line_columns(spectrum, position, log_width)
        by_width = by_log_width / np.exp(log_width)
        columns += [by_position @ pair, by_width @ pair, *both.T]
    powers = baseline_powers(spectrum.x, spectrum.low, spectrum.high, spectrum.degree)
    return np.column_stack([*columns, spectrum.weight[:, None] * powers])

"""Lines that lean, as those of a strong drive do: what a linear fit hides, and how far it is off.

A drive that is strong enough to be seen well often moves the line it drives
(:mod:`smtj.physics.resonance.softening`).  Here a line that was fitted without it is fitted again,
with its lean free, which tells how strong the drive is, or with a given one, which gives the
frequency at vanishing drive.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.resonance.lines.errors import noise_of
from smtj.inference.resonance.lines.fit import Line, SpectrumFit
from smtj.inference.resonance.lines.model import Spectrum, checked
from smtj.inference.stats.checks import guarded, require_finite
from smtj.physics.resonance.softening import MAX_LEAN, softened_oscillator
from smtj.typing import Floats

FIT = "the fit of a leaning line"


@dataclass(frozen=True)
class Lean:
    """How far a line leans, in half widths towards higher frequencies."""

    value: float
    error: float


def fit_lean(
    frequency: ArrayLike, signal: ArrayLike, linear: SpectrumFit, sigma: ArrayLike | None = None
) -> Lean:
    """Fit the lean of a line, whose fit without it is ``linear``.

    Frequencies are in Hz and the signal in V, shape (points,), as in
    :func:`smtj.inference.resonance.fit_spectrum`, with the standard errors ``sigma`` if known.
    Raises SmtjError for a fit of several lines or of another shape than ``"exact"``, and where no
    lean up to :data:`smtj.physics.resonance.softening.MAX_LEAN` fits.
    """
    spectrum = _checked(frequency, signal, linear, sigma)
    line = linear.lines[0]
    at, covariance = _least(spectrum, line.position, line.half_width, None, sigma is not None)
    return Lean(float(at[2]), math.sqrt(covariance[2, 2]))


def with_lean(
    frequency: ArrayLike,
    signal: ArrayLike,
    linear: SpectrumFit,
    lean: float,
    sigma: ArrayLike | None = None,
) -> SpectrumFit:
    """Return a fit whose line leans as given, so its position is that at vanishing drive.

    Arguments and errors as in :func:`fit_lean`.  Errors of heights, baseline and likelihood stay
    those of the linear fit.
    """
    spectrum = _checked(frequency, signal, linear, sigma)
    line = linear.lines[0]
    at, own = _least(spectrum, line.position, line.half_width, lean, sigma is not None)
    scale = np.array([line.half_width, line.half_width * math.exp(at[1])])
    covariance = line.covariance.copy()
    covariance[:2, :2] = own * np.outer(scale, scale)
    covariance[:2, 2:] = covariance[2:, :2] = 0.0
    position, half_width = line.position + float(at[0]) * line.half_width, float(scale[1])
    columns = _columns(spectrum, position, half_width, lean)
    symmetric, antisymmetric = np.linalg.lstsq(columns, spectrum.signal, rcond=None)[0]
    moved = Line(position, half_width, float(symmetric), float(antisymmetric), covariance)
    return replace(linear, lines=(moved,))


def _checked(
    frequency: ArrayLike, signal: ArrayLike, linear: SpectrumFit, sigma: ArrayLike | None
) -> Spectrum:
    if len(linear.lines) != 1 or linear.shape != "exact":
        raise SmtjError(f"{FIT} needs a spectrum with one line of the exact shape")
    return checked(frequency, signal, "exact", 1, sigma, linear.baseline.size - 1)


@guarded(FIT)
def _least(
    spectrum: Spectrum, position: float, half_width: float, lean: float | None, absolute: bool
) -> tuple[Floats, Floats]:
    """Return shift in half widths, ln of the ratio of half widths and lean that fit best.

    With them comes their covariance.
    """
    from scipy.optimize import least_squares

    scale = max(float(np.abs(spectrum.signal).max()), np.finfo(float).tiny)

    def parts(at: Floats) -> Floats:
        columns = _columns(
            spectrum,
            position + at[0] * half_width,
            half_width * math.exp(at[1]),
            float(at[2]) if lean is None else lean,
        )
        return np.asarray(np.linalg.qr(columns)[0])

    def residual(at: Floats) -> Floats:
        basis = parts(at)
        return np.asarray((spectrum.signal - basis @ (basis.T @ spectrum.signal)) / scale)

    reach = np.array([3.0, 1.0, MAX_LEAN][: 3 if lean is None else 2])
    start = np.zeros(reach.size) if lean is None else np.array([-0.9 * lean, 0.0])
    found = least_squares(residual, start, bounds=(-reach, reach), xtol=1e-9, ftol=1e-10)
    if spectrum.x.size - reach.size - 3 - spectrum.degree < 1 or not found.success:
        raise SmtjError(f"{FIT} finds no minimum; give more points")
    jacobian = np.asarray(found.jac, dtype=np.float64)
    linear = np.hstack([spectrum.baseline, parts(found.x)])
    covariance = _covariance(found.fun, jacobian, linear, 1 / scale**2 if absolute else None)
    # A parameter that the data leave open has a variance of any size and sign.
    require_finite(FIT, found.x, np.sqrt(np.diag(covariance)))
    return np.asarray(found.x, dtype=np.float64), covariance


def _columns(spectrum: Spectrum, position: float, half_width: float, lean: float) -> Floats:
    """Return both parts of a line, weighted and without what a baseline holds, (points, 2)."""
    both = softened_oscillator(spectrum.x * spectrum.unit, position, half_width, lean)
    columns = spectrum.weight[:, None] * np.stack(both, axis=1)
    columns -= spectrum.baseline @ (spectrum.baseline.T @ columns)
    return np.asarray(columns)


def _covariance(
    residual: Floats, jacobian: Floats, linear: Floats, variance: float | None
) -> Floats:
    """Return the covariance of parameters under noise that may be correlated.

    ``jacobian`` is orthogonal to the orthonormal columns ``linear`` of amplitudes and baseline, and
    ``variance`` is that of the residuals if known.
    """
    own, triangle = np.linalg.qr(jacobian)
    basis = np.hstack([linear, own])
    noise = noise_of(residual, basis)
    between = own.T @ noise.applied(own)
    if variance is None:
        lost = float(np.trace(basis.T @ noise.applied(basis)))
        variance = float(residual @ residual) / max(residual.size - lost, 1.0)
    back = np.linalg.inv(triangle)
    return np.asarray(variance * back @ between @ back.T)

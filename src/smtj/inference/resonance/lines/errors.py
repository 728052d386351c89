"""Errors of a spectrum's fit, its likelihood, and the chance that it has no line at all."""

import math
from dataclasses import dataclass

import numpy as np

from smtj.inference.resonance.lines.model import Projection, Spectrum, design
from smtj.inference.resonance.lines.noise import noise_of
from smtj.typing import Floats

CELLS_PER_POINT = 1.0
"""Places and widths, by points, at which noise can look like a line independently."""
_SINGULAR = 1e-12
"""Ratio of singular values below which the data leave a parameter undetermined."""


@dataclass(frozen=True, eq=False)
class Errors:
    """What the residuals say about a fit."""

    covariance: Floats
    """Of position, half width and both amplitudes of each line in turn, in the units of the fit."""
    baseline: Floats
    """Coefficients of the baseline, in V."""
    variance: float
    """Of weighted residuals: 1 where standard errors were given, else that of the noise in V²."""
    inflation: float
    """As in :class:`smtj.inference.resonance.SpectrumFit`."""
    log_likelihood: float
    baseline_log_likelihood: float
    significance: float


def errors(spectrum: Spectrum, parameters: Floats, found: Projection, absolute: bool) -> Errors:
    """Judge a fit.

    Parameters
    ----------
    spectrum, parameters, found
        What was fitted, where the sum of squares is least, and the fit there.
    absolute
        Whether the weights are those of known standard errors.
    """
    lines, n = parameters.size // 2, spectrum.x.size
    model = design(spectrum, parameters, found.amplitudes)
    size = np.linalg.norm(model, axis=0)
    basis, triangle = np.linalg.qr(model / np.where(size > 0, size, 1))
    turn, singular, right = np.linalg.svd(triangle)
    left = basis @ turn
    squares = float(found.residual @ found.residual)
    noise = noise_of(found.residual, left)
    between = left.T @ noise.applied(left)
    plain = 1.0 if absolute else squares / (n - size.size)
    variance = 1.0 if absolute else squares / (n - float(np.trace(between)))
    back = right.T / np.maximum(singular, _SINGULAR) / np.where(size > 0, size, 1)[:, None]
    white, covariance = plain * back @ back.T, variance * back @ between @ back.T
    growth = np.sqrt(np.maximum(np.diag(white) / np.diag(covariance), 1.0))
    covariance *= np.outer(growth, growth)
    told = slice(0, 4 * lines)
    ratio = np.diag(covariance)[told] / np.diag(white)[told]
    inflation = float(np.exp(np.mean(np.log(ratio))))
    if singular[-1] < _SINGULAR * singular[0] or not size.all():
        covariance = np.full_like(covariance, math.inf)
    amplitudes = (model[:, 4 * i + 2 : 4 * i + 4] for i in range(lines))
    lineless = spectrum.weight * spectrum.raw_signal - sum(
        both @ pair for both, pair in zip(amplitudes, found.amplitudes.reshape(-1, 2), strict=True)
    )
    baseline = np.linalg.lstsq(model[:, told.stop :], lineless, rcond=None)[0]
    whole = float(spectrum.signal @ spectrum.signal)
    return Errors(
        covariance=covariance[told, told],
        baseline=np.asarray(baseline, dtype=np.float64),
        variance=variance,
        inflation=inflation,
        log_likelihood=_log_likelihood(spectrum, squares, absolute),
        baseline_log_likelihood=_log_likelihood(spectrum, whole, absolute),
        significance=_significance(
            whole - squares, squares, lines, n, n - size.size, inflation, absolute
        ),
    )


def _log_likelihood(spectrum: Spectrum, squares: float, absolute: bool) -> float:
    """Return that of normal noise, of the variance that suits best where none is known."""
    n, own = spectrum.x.size, float(np.sum(np.log(spectrum.weight)))
    if absolute:
        return own - squares / 2 - n / 2 * math.log(2 * math.pi)
    # A fit without any residuals is as good as numbers of 16 digits can be.
    rounding = n * (np.finfo(float).eps * float(np.abs(spectrum.raw_signal).max())) ** 2
    variance = max(squares, rounding, np.finfo(float).tiny) / n
    return own - n / 2 * (math.log(2 * math.pi * variance) + 1)


def _significance(
    gain: float,
    squares: float,
    lines: int,
    points: int,
    freedom: int,
    inflation: float,
    absolute: bool,
) -> float:
    """Return the chance that noise looks as much like a line, wherever it is looked for.

    The chance at one place and width is that of an F-test (of χ² where the noise is known) with
    the four parameters of a line; that of the best place is at most so many times more as there
    are places (see Davies, https://doi.org/10.1093/biomet/74.1.33, for two free parameters).
    """
    # Of scipy.special, since distributions of scipy.stats take longer than all the rest here.
    from scipy.special import chdtrc, fdtrc

    tried, cells = 4 * lines, (CELLS_PER_POINT * points) ** lines
    if absolute:
        chance = float(chdtrc(tried, gain / inflation))
    elif squares <= 0:
        chance = 0.0 if gain > 0 else 1.0
    else:
        effective = max(freedom / inflation, 1.0)
        chance = float(fdtrc(tried, effective, gain / squares * freedom / inflation / tried))
    return min(1.0, cells * chance)

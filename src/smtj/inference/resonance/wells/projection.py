"""Residuals of many spectra from the lines of both wells, with heights and baselines solved for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.inference.resonance.wells.model import WellResonances
from smtj.inference.resonance.wells.projection_kernels import COLUMNS, project
from smtj.inference.stats.checks import require_finite
from smtj.physics.resonance.line_shapes import driven_oscillator
from smtj.typing import Floats

MIN_RELATIVE_HEIGHT = 0.5
"""Least expected height of a line relative to the other: the occupancy of the shallow well depends
on the barrier, which a card hardly knows."""


@dataclass(frozen=True, eq=False)
class WellSpectrum:
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
    """Expected heights of the lines of the up and of the down well, in any unit: the occupancies
    times what each well rectifies."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Concatenated spectra, N points in all."""

    frequency: Floats
    """In Hz, shape (N,)."""
    data: Floats
    """Signals in standard errors, shape (N,)."""
    error: Floats
    """In V, shape (spectra,)."""
    number: NDArray[np.intp]
    """Of the spectrum that a point belongs to, shape (N,)."""
    edges: NDArray[np.int64]
    """Where each begins, and N; shape (spectra + 1,)."""
    baseline: Floats
    """1 and the frequency from -1 to 1, in standard errors; shape (2, N)."""
    expected: Floats
    """Of the up and of the down well, each at least half of the other; shape (spectra, 2)."""


@dataclass(frozen=True, eq=False)
class Projection:
    """The best heights and baselines of given lines."""

    residual: Floats
    """In standard errors, shape (N + 2 spectra,); the last two of each are of the expected
    heights."""
    heights: int
    """Fitted numbers."""


def joined(spectra: Sequence[WellSpectrum]) -> Joined:
    """Concatenate spectra."""
    counts = [s.frequency.size for s in spectra]
    error, number = np.array([s.error for s in spectra]), np.repeat(np.arange(len(spectra)), counts)
    scaled = [(2 * s.frequency - s.frequency[0] - s.frequency[-1]) for s in spectra]
    slope = np.concatenate([x / np.ptp(s.frequency) for x, s in zip(scaled, spectra, strict=True)])
    return Joined(
        frequency=np.concatenate([s.frequency for s in spectra]),
        data=np.concatenate([s.signal / s.error for s in spectra]),
        error=error,
        number=number,
        edges=np.concatenate([[0], np.cumsum(counts)]),
        baseline=np.stack([np.ones(number.size), slope]) / error[number],
        expected=np.array([_expected(s) for s in spectra]),
    )


def projected(
    spectra: Joined, wells: WellResonances, damping: float, size: Floats | None
) -> Projection:
    """Fit heights and baselines of the lines of ``wells``, at the field of each spectrum.

    ``damping`` is α.  ``size``, shape (spectra,), is that of the lines of each spectrum in units of
    the expected heights; None leaves their ratio free.
    """
    count = spectra.error.size
    columns = np.concatenate([spectra.baseline, _parts(spectra, wells, damping)])
    scale = np.full(count, math.inf) if size is None else size
    residual, ranks = np.empty(spectra.data.size + 2 * count), np.empty(count, dtype=np.int64)
    basis = np.empty((COLUMNS, int(np.diff(spectra.edges).max()) + 2))
    project(
        columns,
        spectra.data,
        spectra.edges,
        np.ascontiguousarray(wells.exists),
        spectra.expected * scale[:, None],
        basis,
        residual,
        ranks,
    )
    return Projection(residual, int(ranks.sum()))


def curves(spectra: Joined, found: Projection) -> tuple[Floats, ...]:
    """The fitted signal of each spectrum in V."""
    return tuple(
        error * (spectra.data[first:last] - found.residual[first + 2 * i : last + 2 * i])
        for i, (error, first, last) in enumerate(
            zip(spectra.error, spectra.edges[:-1], spectra.edges[1:], strict=True)
        )
    )


def sizes(spectra: Joined, wells: WellResonances, damping: float) -> Floats:
    """Size of each spectrum's lines in units of the expected heights, with the expected ratio, and
    at least that of noise; shape (spectra,)."""
    parts = _parts(spectra, wells, damping).reshape(2, 2, -1)
    weight = np.where(wells.exists.all(axis=1, keepdims=True), spectra.expected, wells.exists)
    sums = np.einsum("wpn,nw->pn", parts, weight[spectra.number])
    found = []
    for i, (first, last) in enumerate(zip(spectra.edges[:-1], spectra.edges[1:], strict=True)):
        basis = np.stack([*sums[:, first:last], spectra.baseline[0, first:last]], axis=1)
        require_finite("the lines of both wells", basis)
        heights = np.linalg.lstsq(basis, spectra.data[first:last], rcond=None)[0][:2]
        found.append(max(math.hypot(*heights), spectra.error[i] / float(weight[i].max())))
    return np.array(found)


def _parts(spectra: Joined, wells: WellResonances, damping: float) -> Floats:
    """Both parts of the up and of the down well's lines in standard errors, shape (4, N)."""
    position = wells.frequency / math.sqrt(1 + damping**2)
    half_width = damping * wells.trace / (2 * (1 + damping**2))
    weight = 1 / spectra.error[spectra.number]
    parts: list[Floats] = []
    for well in (0, 1):
        at, width = position[:, well][spectra.number], half_width[:, well][spectra.number]
        parts += [weight * part for part in driven_oscillator(spectra.frequency, at, width)]
    return np.stack(parts)


def _expected(spectrum: WellSpectrum) -> tuple[float, float]:
    up, down = (abs(height) for height in spectrum.expected)
    least = MIN_RELATIVE_HEIGHT * max(up, down)
    return max(up, least), math.copysign(
        max(down, least), spectrum.expected[0] * spectrum.expected[1]
    )

"""The search for the lines of a spectrum: starts on a grid, refined by MINPACK.

The grid is one of positions and half widths, with amplitudes solved for.  At each node the gain
says by how much the sum of squares falls with a line there.  With both parts free, a line half a
half width off, or wider by 1.4, still explains more than nine tenths of what the right one does, so
the grid may be coarse.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.errors import SmtjError
from smtj.inference.resonance.lines.model import FUNCTIONS, Projection, Spectrum, project
from smtj.typing import Floats

Singles = NDArray[np.float32]

MAX_BINS = 256
"""Points of the spectrum on the grid; neighbours are averaged where there are more."""
SPACING, RATIO = 1.5, 2.0
"""Of positions in half widths, and of successive half widths."""
RIVAL = 0.7
"""Fraction of the best gain from which another node is tried too."""
MAX_STARTS, MAX_CANDIDATES = 3, 8
"""Starts that are refined, and first lines for which a second one is searched."""
NODES_AT_ONCE = 32
TOLERANCE, ROUGH = 1e-9, 1e-2
"""Relative change of the sum of squares and of the parameters at which the refinement ends, and at
which it is clear which of several starts is the best."""
MAX_EVALUATIONS = 60
"""Of the model from one start; a real line takes about ten."""
_DEGENERATE = 1e-4
"""Part of a column's square outside the baseline (and the first line) from which it is a line."""
_INSIDE = 0.01
"""Least distance of a start from a bound, in intervals between bounds."""


@dataclass(frozen=True, eq=False)
class _Grid:
    """Lines at all nodes on the binned spectrum, in single precision."""

    position: Floats
    log_width: Floats
    x: Floats
    weight: Floats
    """Of the bins, which both parts contain."""
    symmetric: Singles
    """Shape (nodes, bins)."""
    antisymmetric: Singles
    squares: tuple[Singles, Singles, Singles]
    """Of the symmetric part, of both and of the antisymmetric part, each (nodes,)."""
    basis: Singles
    """Orthonormal basis of the baseline, (bins, powers)."""
    signal: Singles
    """Binned signal without baseline, (bins,)."""


def starts(spectrum: Spectrum, lines: int) -> list[Floats]:
    """Return initial positions and ln(half widths), the best first; each of shape (2 lines,)."""
    grid = _grid(spectrum)
    gain = _gain(grid, grid.basis)
    if lines == 1:
        return [_node(grid, i) for i in _distinct(grid, gain, MAX_STARTS, RIVAL)]
    # The residual of a broad line between two nodes may exceed a narrow one, so refine the best.
    alone, _ = refined(spectrum, [_node(grid, int(gain.argmax()))])
    firsts = [alone, *(_node(grid, i) for i in _best_of_widths(grid, gain))]
    pairs: list[tuple[float, Floats]] = []
    for first in firsts:
        basis = _with_line(grid, spectrum, first)
        more = _gain(grid, basis)
        left = grid.signal - basis @ (basis.T @ grid.signal)
        for j in _distinct(grid, more, 2, RIVAL):
            remains = float(left @ left - more[j])
            pairs.append((remains, np.concatenate([first, _node(grid, j)])))
    pairs.sort(key=lambda pair: pair[0])
    return [start for _, start in pairs[:MAX_STARTS]]


def refined(spectrum: Spectrum, starts: list[Floats]) -> tuple[Floats, Projection]:
    """Return the parameters with the least sum of squares and the fit there.

    ``starts`` are initial positions and ln(half widths).
    """
    if not starts:
        raise SmtjError("the spectrum has no point at which a line could be; check its units")
    best = starts[0]
    if len(starts) > 1:
        found = [_search(spectrum, start, ROUGH) for start in starts]
        best, _ = min(found, key=lambda each: float(each[1].residual @ each[1].residual))
    return _search(spectrum, best, TOLERANCE)


def _search(spectrum: Spectrum, start: Floats, tolerance: float) -> tuple[Floats, Projection]:
    """Return the minimum near a start.

    The sine of an angle stays between the bounds, so MINPACK, several times faster than a bounded
    search, needs none.
    """
    from scipy.optimize import leastsq

    low, high = spectrum.bounds(start.size // 2)
    middle, half = (low + high) / 2, (high - low) / 2
    seen: dict[bytes, Projection] = {}

    def at(angle: Floats) -> Projection:
        key = angle.tobytes()
        if key not in seen:
            seen.clear()
            seen[key] = project(spectrum, middle + half * np.sin(angle))
        return seen[key]

    def residual(angle: Floats) -> Floats:
        return at(angle).residual

    def jacobian(angle: Floats) -> Floats:
        return (at(angle).jacobian * (half * np.cos(angle))).T

    first = np.clip((start - middle) / half, -1 + _INSIDE, 1 - _INSIDE)
    angle, *_ = leastsq(
        residual,
        np.arcsin(first, dtype=np.float64),
        Dfun=jacobian,
        col_deriv=True,
        full_output=True,
        ftol=tolerance,
        xtol=tolerance,
        maxfev=MAX_EVALUATIONS,
        factor=1.0,
    )
    return middle + half * np.sin(angle), at(angle)


def _binned(spectrum: Spectrum) -> tuple[Floats, Floats, Floats]:
    """Return x, weighted signal and weight of bins with equally many points."""
    order = np.argsort(spectrum.x, kind="stable")
    weight = spectrum.weight[order]
    size = -(-order.size // MAX_BINS)
    edges = np.arange(0, order.size, size)
    total = np.add.reduceat(weight**2, edges)
    x = np.add.reduceat(weight**2 * spectrum.x[order], edges) / total
    signal = np.add.reduceat(weight * spectrum.signal[order], edges) / np.sqrt(total)
    return x, signal, np.sqrt(total)


def _nodes(spectrum: Spectrum, x: Floats) -> tuple[Floats, Floats]:
    """Return positions and half widths, from one bin to the range; positions where data are."""
    narrowest, widest = float(np.median(np.diff(x))), spectrum.high - spectrum.low
    positions, widths = [], []
    count = int(np.ceil(np.log(widest / narrowest) / np.log(RATIO))) + 1
    for width in widest / RATIO ** np.arange(count):
        cells = np.floor((x - spectrum.low) / (SPACING * width))
        cells = cells[np.diff(cells, prepend=-1) > 0]
        positions.append(spectrum.low + (cells + 0.5) * SPACING * width)
        widths.append(np.full(cells.size, width))
    return np.concatenate(positions), np.concatenate(widths)


def _grid(spectrum: Spectrum) -> _Grid:
    x, signal, weight = _binned(spectrum)
    position, width = _nodes(spectrum, x)
    shape = FUNCTIONS[spectrum.shape]
    symmetric, antisymmetric = np.empty((2, position.size, x.size), np.float32)
    scale = weight / weight.max()
    # In double precision, since x may be large compared with a width, and a few nodes at a time,
    # which fit into the processor's cache.
    for i in range(0, position.size, NODES_AT_ONCE):
        some = slice(i, i + NODES_AT_ONCE)
        parts = shape(x, position[some, None], width[some, None])
        np.multiply(parts[0], scale, out=symmetric[some], casting="same_kind")
        np.multiply(parts[1], scale, out=antisymmetric[some], casting="same_kind")
    powers = np.vander(x - (spectrum.low + spectrum.high) / 2, spectrum.degree + 1)
    basis = np.linalg.qr(weight[:, None] * powers)[0]
    rest = signal - basis @ (basis.T @ signal)
    squares = (
        np.einsum("ij,ij->i", symmetric, symmetric),
        np.einsum("ij,ij->i", symmetric, antisymmetric),
        np.einsum("ij,ij->i", antisymmetric, antisymmetric),
    )
    largest = float(np.abs(rest).max()) or 1.0
    return _Grid(
        position,
        np.log(width),
        x,
        scale,
        symmetric,
        antisymmetric,
        squares,
        basis.astype(np.float32),
        (rest / largest).astype(np.float32),
    )


def _gain(grid: _Grid, basis: Singles) -> Floats:
    """Return by how much a line at each node lowers the sum of squares left by a basis."""
    right = np.column_stack([grid.signal - basis @ (basis.T @ grid.signal), basis])
    even, odd = grid.symmetric @ right, grid.antisymmetric @ right
    ss = grid.squares[0] - np.einsum("ij,ij->i", even[:, 1:], even[:, 1:])
    sa = grid.squares[1] - np.einsum("ij,ij->i", even[:, 1:], odd[:, 1:])
    aa = grid.squares[2] - np.einsum("ij,ij->i", odd[:, 1:], odd[:, 1:])
    s, a = even[:, 0], odd[:, 0]
    determinant = ss * aa - sa**2
    plain = determinant > _DEGENERATE * grid.squares[0] * grid.squares[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = (s**2 * aa - 2 * s * a * sa + a**2 * ss) / determinant
    return np.where(plain, gain, 0.0).astype(np.float64)


def _with_line(grid: _Grid, spectrum: Spectrum, line: Floats) -> Singles:
    """Return an orthonormal basis of the baseline and both parts of a line."""
    parts = FUNCTIONS[spectrum.shape](grid.x, line[0], np.exp(line[1]))
    columns = grid.weight[:, None] * np.stack(parts, axis=1)
    return np.linalg.qr(np.hstack([grid.basis, columns]))[0].astype(np.float32)


def _node(grid: _Grid, index: int) -> Floats:
    return np.array([grid.position[index], grid.log_width[index]])


def _distinct(grid: _Grid, gain: Floats, most: int, rival: float) -> list[int]:
    """Return the best node and nearly as good ones of other lines, the best first."""
    left = np.where(gain >= rival * gain.max(), gain, -np.inf)
    width = np.exp(grid.log_width)
    found: list[int] = []
    while len(found) < most and left.max() > -np.inf:
        best = int(left.argmax())
        found.append(best)
        apart = np.abs(grid.position - grid.position[best]) > 2 * (width + width[best])
        unlike = np.abs(grid.log_width - grid.log_width[best]) > np.log(5)
        left = np.where(apart | unlike, left, -np.inf)
    return found


def _best_of_widths(grid: _Grid, gain: Floats) -> list[int]:
    """Return the best node of each half width, the best first; two lines may look like one."""
    found: list[int] = []
    for log_width in np.unique(grid.log_width):
        of_width = np.where(grid.log_width == log_width, gain, -np.inf)
        found.append(int(of_width.argmax()))
    return sorted(found, key=lambda i: -gain[i])[:MAX_CANDIDATES]

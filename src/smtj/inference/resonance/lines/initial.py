"""Where the fit of a spectrum starts: a grid of positions and half widths, amplitudes solved for.

At each node the gain is told, by which the sum of squares falls if a line stands there.  With both
parts free a line that is half a half width off, or wider by 1.4, still explains more than nine
tenths of what the right one does, so that the grid may be coarse and nothing between is missed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.inference.resonance.lines.model import FUNCTIONS, Spectrum
from smtj.inference.resonance.lines.refine import refined
from smtj.typing import Floats

Singles = NDArray[np.float32]

BINS = 256
"""Most points that the grid is evaluated on; neighbours are averaged where there are more."""
SPACING, RATIO = 1.5, 2.0
"""Of positions in half widths, and of successive half widths."""
RIVAL = 0.7
"""Share of the best gain from which another node is tried too."""
MAX_STARTS, MAX_CANDIDATES = 3, 8
"""Starts that are refined, and first lines to which a second one is sought."""
NODES_AT_ONCE = 32
_DEGENERATE = 1e-4
"""Part of a column's square outside the baseline (and the first line) from which it is a line."""


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
    """Positions and ln(half widths) to start from, the best first; each of shape (2 lines,)."""
    grid = _grid(spectrum)
    gain = _gain(grid, grid.basis)
    if lines == 1:
        return [_node(grid, i) for i in _distinct(grid, gain, MAX_STARTS, RIVAL)]
    # What a broad line between two nodes leaves may exceed a narrow one, so the best is refined.
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


def _binned(spectrum: Spectrum) -> tuple[Floats, Floats, Floats]:
    """Return x, weighted signal and weight, of equally many neighbours in x each."""
    order = np.argsort(spectrum.x, kind="stable")
    weight = spectrum.weight[order]
    size = -(-order.size // BINS)
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
    # In double precision, since x may be large beside a width, and a few nodes at a time, which
    # the processor's cache holds.
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
    """Return by how much a line at each node lowers the sum of squares beside a basis."""
    right = np.column_stack([grid.signal - basis @ (basis.T @ grid.signal), basis])
    shares, others = grid.symmetric @ right, grid.antisymmetric @ right
    ss = grid.squares[0] - np.einsum("ij,ij->i", shares[:, 1:], shares[:, 1:])
    sa = grid.squares[1] - np.einsum("ij,ij->i", shares[:, 1:], others[:, 1:])
    aa = grid.squares[2] - np.einsum("ij,ij->i", others[:, 1:], others[:, 1:])
    s, a = shares[:, 0], others[:, 0]
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
    """Return the best node and others nearly as good that are another line, the best first."""
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

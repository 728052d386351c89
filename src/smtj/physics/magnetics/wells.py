"""All minima of the macrospin energy, in a field of any direction.

Eq. 7 follows from this energy, written in units of a field (e/(μ0 M_s)):
e = -[H·m + ½ H_K1 (m·n)² - ¼ H_K2 (m·n)⁴ - ½ H_shape m_y²], n the tilted axis of H_K1.

A minimum is one in both angles, u from the easy axis and φ around it.  At given u the energy has at
most two minima in φ: one on the side of the transverse field and, with an in-plane anisotropy, one
on the other side.  Along these two lines the minima are where de/du turns from falling to rising.
A scan brackets them and bisection refines them, so no starting point is needed; only a well within
about 1e-4 of the field at which it vanishes can be missed.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.physics.magnetics.frame import along, frame
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats

STEPS = 180
"""Steps of the scan from one end of the easy axis to the other."""
HALVINGS = 52
"""Bisections that refine a step of the scan to the last digit of a float."""
CHUNK = 4096
"""Fields scanned at a time, to limit memory."""
TINY = 1e-100
"""Replaces a field of 0 A/m in a denominator."""
ACROSS = 1e-9
"""Component along the easy axis below which a minimum lies across it, and is of either side."""


@dataclass(frozen=True)
class Minima:
    """All minima of the energy, deepest first; a field with fewer than another is padded."""

    directions: Floats
    """Unit vectors (x, y, z), shape (..., minima, 3); nan where there is none."""
    energies: Floats
    """e/(μ0 M_s) in A/m, shape (..., minima); infinite where there is none."""


@dataclass(frozen=True)
class Wells:
    """The two states of a macrospin, at fields of any shape; unit vectors (..., 3)."""

    up: Floats
    """The deepest minimum on the side of the easy axis; the other where it is gone."""
    down: Floats
    """The deepest minimum on the opposite side; the other where it is gone."""
    up_exists: NDArray[np.bool_]
    down_exists: NDArray[np.bool_]
    global_minimum: Floats
    """The deepest of all."""


def find_wells(
    spin: Macrospin, field_x: ArrayLike, field_y: ArrayLike, field_z: ArrayLike
) -> Wells:
    """The two wells of a macrospin, and which of them exist.

    A well keeps its side of the easy axis until the field along the axis changes sign, so each well
    is followed continuously.  A minimum exactly across the axis counts as *up*.

    Parameters
    ----------
    spin
        The macrospin, of numbers or NumPy arrays; its easy axis is that of
        :func:`smtj.physics.magnetics.frame.frame`.
    field_x, field_y, field_z
        Applied field in A/m, without the spin's in-plane bias field; all broadcast together.
    """
    minima = all_minima(spin, field_x, field_y, field_z)
    easy = (np.asarray(part)[..., None] for part in frame(spin).easy)
    side: Floats = np.sum([part * minima.directions[..., k] for k, part in enumerate(easy)], axis=0)
    # Comparison with the nan of the padding is false.
    is_up, is_down = side >= -ACROSS, side < -ACROSS
    # The minima are sorted, so the first of a kind is its deepest, and the first of all where
    # there is none of the kind.
    return Wells(
        up=_pick(minima.directions, is_up),
        down=_pick(minima.directions, is_down),
        up_exists=np.asarray(is_up.any(axis=-1)),
        down_exists=np.asarray(is_down.any(axis=-1)),
        global_minimum=minima.directions[..., 0, :],
    )


def all_minima(
    spin: Macrospin, field_x: ArrayLike, field_y: ArrayLike, field_z: ArrayLike
) -> Minima:
    """Every minimum of the energy over the sphere; arguments as in :func:`find_wells`.

    Where a ring of directions has the same energy, one of them stands for all.
    """
    given = (field_x, field_y, field_z, *spin)
    entries = np.broadcast_arrays(*(np.asarray(entry, dtype=np.float64) for entry in given))
    shape, flat = entries[0].shape, [entry.reshape(-1) for entry in entries]
    chunks = [
        _minima(*(entry[start : start + CHUNK] for entry in flat))
        for start in range(0, flat[0].size, CHUNK)
    ]
    width = max((chunk.energies.shape[1] for chunk in chunks), default=1)
    directions = np.full((flat[0].size, width, 3), np.nan)
    energies = np.full((flat[0].size, width), np.inf)
    for number, chunk in enumerate(chunks):
        count, found = chunk.energies.shape
        rows = slice(number * CHUNK, number * CHUNK + count)
        directions[rows, :found], energies[rows, :found] = chunk.directions, chunk.energies
    return Minima(directions.reshape(*shape, width, 3), energies.reshape(*shape, width))


def energy(
    spin: Macrospin,
    direction: ArrayLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
) -> Floats:
    """Energy of a macrospin as a field, e/(μ0 M_s) in A/m; see the head of this module.

    Parameters
    ----------
    spin
        The macrospin, of numbers or NumPy arrays.
    direction
        Unit vectors m, shape (..., 3).
    field_x, field_y, field_z
        Applied field in A/m, without the spin's in-plane bias field; broadcast with the vectors.
    """
    m_x, m_y, m_z = np.moveaxis(np.asarray(direction, dtype=np.float64), -1, 0)
    tilt = np.asarray(spin.easy_axis_tilt, dtype=np.float64)
    along = m_x * np.sin(tilt) + m_z * np.cos(tilt)
    zeeman = (np.asarray(field_x) + spin.in_plane_bias_field) * m_x + field_y * m_y + field_z * m_z
    return np.asarray(
        -zeeman
        - spin.anisotropy_field * along**2 / 2
        + spin.second_order_field * along**4 / 4
        + spin.in_plane_anisotropy_field * m_y**2 / 2
    )


class _Frame(NamedTuple):
    """The problem seen from the easy axis, mirrored so that the field across it is not negative.

    Without anisotropy in the plane it is also turned about the axis, so that the field across it
    lies along x and the minima with it.
    """

    along: Any
    """Field along the easy axis in A/m."""
    across: Any
    """Field across it in the x-z plane, in A/m."""
    sideways: Any
    """Field along y in A/m."""
    first: Any
    """H_K1 in A/m."""
    second: Any
    """H_K2 in A/m."""
    shape: Any
    """H_shape in A/m."""

    def at(self, index: Any) -> "_Frame":
        """The problems of that index."""
        return _Frame(*(entry[index] for entry in self))


def _minima(field_x: Floats, field_y: Floats, field_z: Floats, *entries: Floats) -> Minima:
    """Return the minima of n problems; the entries are those of a macrospin, all of shape (n,)."""
    # Seen from n, about which H_K2 acts; minima across it are as good as those along it.
    spin = Macrospin(*entries)._replace(states_in_plane=np.zeros(len(field_x)))
    axes = frame(spin)
    shape = axes.shape
    field = (field_x + spin.in_plane_bias_field, field_y, field_z)
    # Adding 0 turns -0 into 0; the arc tangent of -0 would be half a turn.
    across, sideways = along(axes.across, *field) + 0.0, along(axes.hard, *field) + 0.0
    turn = np.where(shape == 0, np.arctan2(sideways, across), 0.0)
    across = np.where(shape == 0, np.hypot(across, sideways), across)
    sideways = np.where(shape == 0, 0.0, sideways)
    seen = _Frame(
        along(axes.easy, *field),
        np.abs(across),
        np.abs(sideways),
        axes.first,
        axes.second,
        shape,
    )
    index, u, psi, side = _lines(seen)
    # Back from the angles to x, y, z.
    c = np.cos(u)
    a = side * np.sin(u) * np.cos(psi) * np.where(across < 0, -1, 1)[index]
    b = np.sin(u) * np.sin(psi) * np.where(sideways < 0, -1, 1)[index]
    turn = turn[index]
    a, b = a * np.cos(turn) - b * np.sin(turn), b * np.cos(turn) + a * np.sin(turn)
    parts = zip(axes.across, axes.hard, axes.easy, strict=True)
    directions = np.stack(
        [
            a * along_a[index] + b * along_b[index] + c * along_c[index]
            for along_a, along_b, along_c in parts
        ],
        axis=-1,
    )
    own = Macrospin(*(entry[index] for entry in entries))
    energies = energy(own, directions, field_x[index], field_y[index], field_z[index])
    return _sorted(index, directions, energies, len(field_x))


def _lines(frame: _Frame) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
    """Return the minima on both lines: the problem each belongs to, u, ψ and the line's side.

    ψ is the angle φ from the x-z plane, counted from the side of the field (+1) or the other (-1).
    """
    # Without anisotropy in the plane there is no minimum on the far side.
    sides = (1.0, -1.0) if frame.shape.any() else (1.0,)
    parts = [_one_line(frame, side) for side in sides]
    index, u, psi, side = (np.concatenate(part) for part in zip(*parts, strict=True))
    return index, u, psi, side


def _one_line(frame: _Frame, side: float) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
    u = np.linspace(0.0, math.pi, STEPS + 1)
    falls = _falls(frame.at((slice(None), None)), u, side)
    # From a pole the energy falls towards the field and rises on the other side, be it ever so
    # weakly; so a well at the pole itself belongs to the first line, and to it alone.
    falls[:, 0], falls[:, -1] = side > 0, side < 0
    index, step = np.nonzero(falls[:, :-1] & ~falls[:, 1:])
    low, high = u[step], u[step + 1]
    own = frame.at(index)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        still = _falls(own, middle, side)
        low, high = np.where(still, middle, low), np.where(still, high, middle)
    kept = slice(None) if side > 0 else own.shape * np.sin(low) > _critical(own)
    index, u = index[kept], low[kept]
    return index, u, _azimuth(frame.at(index), u, side), np.full(u.shape, side)


def _falls(frame: _Frame, u: Floats, side: float) -> Any:
    """Whether the energy falls with u along a line.

    On the line, where de/dφ = 0, the parts of m across the axis are H_across/μ and
    H_y/(μ + H_shape), with the μ that makes their squares add up to sin²u; and de/du is
    (λ - μ) sin u cos u with λ = H_along/cos u + H_K1 - H_K2 cos²u.  The sum of squares falls with
    |μ|, so comparing it at λ tells which is the larger without solving for μ.
    """
    cos, sin = np.cos(u), np.sin(u)
    # No float is π/2 exactly, so the cosine is never 0.
    at = frame.along / cos + frame.first - frame.second * cos**2
    size = side * at
    rest = np.maximum(frame.shape + at, TINY)
    squares = (frame.across / np.maximum(size, TINY)) ** 2 + (frame.sideways / rest) ** 2
    # On the far side μ is negative and |μ| goes no further than where the line ends.
    end = np.inf if side > 0 else _end(frame)
    size_is_less = (size < 0) | ((size < end) & (squares > sin**2))
    size_is_more = (size > end) | ((size > 0) & (squares < sin**2))
    return np.where(side * cos > 0, size_is_less, size_is_more)


def _end(frame: _Frame) -> Any:
    """The largest |μ| on the far side, in A/m."""
    across, sideways = np.cbrt(frame.across) ** 2, np.cbrt(frame.sideways) ** 2
    return frame.shape * across / np.maximum(across + sideways, TINY)


def _critical(frame: _Frame) -> Any:
    """H_shape sin u above which the far side has a minimum in φ: the astroid, in A/m."""
    return (np.cbrt(frame.across) ** 2 + np.cbrt(frame.sideways) ** 2) ** 1.5


def _azimuth(frame: _Frame, u: Floats, side: float) -> Floats:
    """Return ψ in [0, π/2] of the minimum in φ on a side.

    It is where (± H_across + H_shape sin u cos ψ) sin ψ - H_y cos ψ turns positive.
    """
    strength = frame.shape * np.sin(u)
    low = np.zeros(u.shape)
    if not frame.sideways.any():
        return low
    last = np.arctan2(np.cbrt(frame.sideways), np.cbrt(frame.across))
    high = low + math.pi / 2 if side > 0 else last
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        cos, sin = np.cos(middle), np.sin(middle)
        before = (side * frame.across + strength * cos) * sin < frame.sideways * cos
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return high


def _sorted(index: NDArray[np.intp], directions: Floats, energies: Floats, count: int) -> Minima:
    """Return a list of minima as arrays with one row a problem, deepest first."""
    order = np.lexsort((energies, index))
    index, directions, energies = index[order], directions[order], energies[order]
    rank = np.arange(index.size) - np.searchsorted(index, index)
    width = int(rank.max(initial=0)) + 1
    rows, row_energies = np.full((count, width, 3), np.nan), np.full((count, width), np.inf)
    rows[index, rank], row_energies[index, rank] = directions, energies
    return Minima(rows, row_energies)


def _pick(directions: Floats, wanted: NDArray[np.bool_]) -> Floats:
    """Return the first wanted direction of each field, the very first where none is wanted."""
    first = np.argmax(wanted, axis=-1)[..., None, None]
    return np.take_along_axis(directions, first, axis=-2)[..., 0, :]

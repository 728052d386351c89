"""A drawing in MNIST format: 20 × 20 pixels of ink, centred by its centre of mass."""

import math
from collections.abc import Sequence

import numpy as np

from smtj.errors import SmtjError
from smtj.typing import Floats

Line = Sequence[Sequence[float]]
"""Points (x, y) of the pen, x to the right and y downwards."""

SIDE = 28
"""Pixels of a side of the image."""
BOX = 20.0
"""Pixels of a side of the box that the ink fills."""
PEN = 1.25
"""Half the width of a line in pixels of the image, about MNIST's."""
EDGE = 1.3
"""Pixels over which the edge of a line fades."""
MAX_POINTS = 20_000


def image_of(drawn: Sequence[Line]) -> Floats:
    """Render lines like MNIST's digits (Y. LeCun et al., Proc. IEEE 86, 2278 (1998)).

    The lines are scaled to a box of 20 × 20 pixels, keeping proportions, and shifted until the
    centre of mass is that of the image.  The width of the line is MNIST's, whatever the size of
    the drawing.

    Parameters
    ----------
    drawn
        Lines of any scale and position; a line of one point is a dot.

    Returns
    -------
    NDArray
        Ink in [0, 1], shape (28, 28), rows from the top; 0 where nothing is drawn.

    Raises
    ------
    SmtjError
        A line is not a list of pairs of finite numbers, or there are too many points.
    """
    lines = [_checked(line) for line in drawn if len(line)]
    if not lines:
        return np.zeros((SIDE, SIDE))
    if sum(len(line) for line in lines) > MAX_POINTS:
        raise SmtjError(f"the drawing has more than {MAX_POINTS} points; clear it and draw anew")
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    size = float((high - low).max())
    scale = (BOX - 2 * PEN) / size if size > 0 else 0.0
    middle = (low + high) / 2
    placed = [(line - middle) * scale + (SIDE - 1) / 2 for line in lines]
    # Ink beyond the edge is cut off, so one shift is not quite enough; three are.
    for _ in range(3):
        image = _ink(placed)
        shift = (SIDE - 1) / 2 - centre_of_mass(image)
        placed = [line + shift for line in placed]
    return _ink(placed)


def centre_of_mass(image: Floats) -> Floats:
    """Return (x, y) of the centre of the ink, in pixels from the centre of the first."""
    rows, columns = np.indices(image.shape)
    return np.asarray([(image * columns).sum(), (image * rows).sum()]) / float(image.sum())


def _checked(line: Line) -> Floats:
    try:
        points = np.asarray(line, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise SmtjError("a line must be a list of points (x, y)")
    return points


def _ink(lines: list[Floats]) -> Floats:
    """Return the ink of each pixel, by its distance from the nearest line."""
    rows, columns = np.indices((SIDE, SIDE))
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2).astype(np.float64)
    nearest = np.full(SIDE * SIDE, math.inf)
    for line in lines:
        begin, end = (line[:-1], line[1:]) if len(line) > 1 else (line, line)
        along = end - begin
        length = (along**2).sum(axis=-1)
        fraction = ((pixels - begin) * along).sum(axis=-1) / np.where(length > 0, length, 1.0)
        foot = begin + np.clip(fraction, 0.0, 1.0)[..., None] * along
        squared = ((pixels - foot) ** 2).sum(axis=-1)
        nearest = np.minimum(nearest, np.sqrt(squared.min(axis=-1)))
    return np.clip((PEN - nearest) / EDGE + 0.5, 0.0, 1.0).reshape(SIDE, SIDE)

"""A drawing as MNIST has its digits: 20 × 20 pixels of ink, centred by its centre of mass."""

import math
from collections.abc import Sequence

import numpy as np

from smtj.errors import SmtjError
from smtj.typing import Floats

Stroke = Sequence[Sequence[float]]
"""Points (x, y) that the pen went through, x to the right and y downwards."""

SIDE = 28
"""Pixels of a side of the image."""
BOX = 20.0
"""Pixels of a side of the box that the ink fills."""
PEN = 1.25
"""Half of the width of a line in pixels of the image, about MNIST's."""
EDGE = 1.3
"""Pixels over which a line fades, on either side of its edge together."""
MAX_POINTS = 20_000


def image_of(strokes: Sequence[Stroke]) -> Floats:
    """Draw strokes as MNIST's digits are drawn (Y. LeCun et al., Proc. IEEE 86, 2278 (1998)).

    Strokes are scaled, their proportions kept, until the ink fits a box of 20 × 20 pixels, and
    moved until its centre of mass is that of the image.  The width of the line is MNIST's,
    whatever the size of the drawing.

    Parameters
    ----------
    strokes
        Of any scale and place; a stroke of one point is a dot.

    Returns
    -------
    NDArray
        Ink in [0, 1], shape (28, 28), rows from the top; 0 where nothing is drawn.

    Raises
    ------
    SmtjError
        A stroke is no list of pairs of finite numbers, or there are too many.
    """
    lines = [_checked(stroke) for stroke in strokes if len(stroke)]
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
    # One shift is not quite enough, for ink that leaves no room is cut off; three are.
    for _ in range(3):
        image = _ink(placed)
        shift = (SIDE - 1) / 2 - centre_of_mass(image)
        placed = [line + shift for line in placed]
    return _ink(placed)


def centre_of_mass(image: Floats) -> Floats:
    """Return (x, y) of the centre of the ink, in pixels from the first one's middle."""
    rows, columns = np.indices(image.shape)
    return np.asarray([(image * columns).sum(), (image * rows).sum()]) / float(image.sum())


def _checked(stroke: Stroke) -> Floats:
    try:
        points = np.asarray(stroke, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise SmtjError("a stroke must be a list of points (x, y)")
    return points


def _ink(lines: list[Floats]) -> Floats:
    """Ink by the distance of each pixel from the nearest line, at places in pixels."""
    rows, columns = np.indices((SIDE, SIDE))
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2).astype(np.float64)
    nearest = np.full(SIDE * SIDE, math.inf)
    for line in lines:
        begin, end = (line[:-1], line[1:]) if len(line) > 1 else (line, line)
        along = end - begin
        length = (along**2).sum(axis=-1)
        share = ((pixels - begin) * along).sum(axis=-1) / np.where(length > 0, length, 1.0)
        foot = begin + np.clip(share, 0.0, 1.0)[..., None] * along
        squared = ((pixels - foot) ** 2).sum(axis=-1)
        nearest = np.minimum(nearest, np.sqrt(squared.min(axis=-1)))
    return np.clip((PEN - nearest) / EDGE + 0.5, 0.0, 1.0).reshape(SIDE, SIDE)

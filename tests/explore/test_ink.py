"""A drawing becomes an image in MNIST format."""

import numpy as np
import pytest

from closeness import close_to
from smtj.errors import SmtjError
from smtj.explore.ink import BOX, MAX_POINTS, SIDE, centre_of_mass, image_of

SEVEN = [[[0.2, 0.15], [0.8, 0.13], [0.45, 0.92]]]


def test_ink_fills_the_box_and_is_centred() -> None:
    image = image_of(SEVEN)
    rows, columns = (np.flatnonzero(image.max(axis=axis) > 0.5) for axis in (1, 0))
    assert image.shape == (SIDE, SIDE)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == close_to(BOX, abs=1)
    assert centre_of_mass(image) == close_to([(SIDE - 1) / 2] * 2, abs=0.05)
    assert image.min() == 0
    assert image.max() == 1


@pytest.mark.parametrize("scale", [0.01, 3.0, 500.0])
def test_size_and_place_of_the_drawing_do_not_matter(scale: float) -> None:
    moved = [[[scale * x - 7, scale * y + 40] for x, y in line] for line in SEVEN]
    assert image_of(moved) == close_to(image_of(SEVEN), abs=1e-9)


def test_a_digit_has_about_as_much_ink_as_one_of_mnist() -> None:
    # The mean over MNIST's test images is 104 pixels' worth.
    ring = [[[np.cos(t), 1.4 * np.sin(t)] for t in np.linspace(0, 2 * np.pi, 40)]]
    assert 60 < image_of(ring).sum() < 150


def test_a_dot_is_a_dot_and_nothing_is_nothing() -> None:
    dot = image_of([[[0.3, 0.3]]])
    assert 0 < dot.sum() < 12
    assert centre_of_mass(dot) == close_to([(SIDE - 1) / 2] * 2, abs=0.05)
    assert image_of([]).sum() == 0
    assert image_of([[]]).sum() == 0


@pytest.mark.parametrize("ink", [[[1.0, 2.0]], [[[0.0, float("nan")]]], [[["a", "b"]]]])
def test_an_invalid_line_is_rejected(ink: list) -> None:
    with pytest.raises(SmtjError, match="list of points"):
        image_of(ink)


def test_too_many_points_are_rejected() -> None:
    with pytest.raises(SmtjError, match="clear it"):
        image_of([[[0.0, 0.0]] * (MAX_POINTS + 1)])

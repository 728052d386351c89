"""Normal numbers: against the formula in double precision, and against their law."""

import numpy as np
from numba import njit
from scipy import stats

from closeness import close_to
from smtj.dynamics.macrospin import normal_kernels
from smtj.dynamics.macrospin.normal_kernels import MAX_NORMAL, WORDS
from smtj.streams import LANES

RNG = np.random.default_rng(5)


@njit(error_model="numpy")
def fill(words, normals):
    """Turn rows of words into rows of numbers."""
    for row in range(words.shape[0]):
        normal_kernels.fill_normals(words[row], normals[row], LANES)


def normals_of(words: np.ndarray) -> np.ndarray:
    out = np.empty(words.shape, np.float32)
    fill(words, out)
    return out.reshape(-1, WORDS // 2, 2, LANES)


def test_numbers_are_those_of_the_formula() -> None:
    words = RNG.integers(0, 2**32, (200, WORDS * LANES), dtype=np.uint32)
    # The extremes of both words of a pair.
    words[0, :8] = 0, 1, 2, 3, 2**32 - 1, 2**32 - 2, 2**31, 2**31 - 1
    words[0, LANES : LANES + 4] = 0, 2**31, 2**31 - 1, 2**32 - 1
    first, second = np.moveaxis(words.reshape(-1, WORDS // 2, 2, LANES), 2, 0)
    u = ((first >> 1) | 1) / 2.0**31
    angle = np.pi / 4 * (1 + second.view(np.int32) / 2.0**31)
    radius = np.sqrt(-2 * np.log(u))
    one = radius * np.cos(angle) * np.where(first & 1, -1, 1)
    other = radius * np.sin(angle) * np.where(first & 2, -1, 1)
    found = np.moveaxis(normals_of(words), 2, 0)
    # A u within 2^-24 of 1 is rounded to that, which moves a radius of 3e-4 by as much.
    assert found == close_to(np.stack([one, other]), abs=4e-4)
    assert np.abs(found - [one, other])[:, u < 0.999].max() < 2e-6
    assert np.abs(found).max() <= np.float32(MAX_NORMAL)


def test_numbers_are_normal_and_independent() -> None:
    words = RNG.integers(0, 2**32, (3000, WORDS * LANES), dtype=np.uint32)
    found = normals_of(words).astype(np.float64)
    assert stats.kstest(found.ravel(), "norm").pvalue > 1e-3
    n = found.size
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((found**power).mean() - mean) * np.sqrt(n / variance) < 4
    one, other = np.moveaxis(found, 2, 0)
    for product, variance in ((one * other, 1.0), ((one**2 - 1) * (other**2 - 1), 4.0)):
        assert abs(product.mean()) * np.sqrt(product.size / variance) < 4

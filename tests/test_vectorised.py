"""Arithmetic that vectorises, against NumPy's."""

import numpy as np
from numba import njit

from closeness import close_to
from smtj.vectorised import bits_of, exp, float_of


@njit
def _exponentials(x, out):
    for i in range(x.size):
        out[i] = exp(x[i])


def test_exponentials_are_those_of_numpy() -> None:
    x = np.concatenate([-np.geomspace(1e-18, 50, 1999), np.linspace(-1, 50, 1999), [0.0]])
    found = np.empty(x.size)
    _exponentials(x, found)
    assert np.abs(found / np.exp(x) - 1).max() < 3e-15
    far = np.array([-600.0, 600.0, -701.0, -1e300, -np.inf])
    found = np.empty(far.size)
    _exponentials(far, found)
    assert found[:2] == close_to(np.exp(far[:2]), rel=1e-13)
    assert not found[2:].any()


def test_bits_are_those_of_numpy() -> None:
    for kind, bits in ((np.float32, np.int32), (np.float64, np.int64)):
        x = np.array([-1.5, 0.1, 3e30], kind)
        there = njit(lambda x: bits_of(x))
        back = njit(lambda x: float_of(x))
        found = np.array([there(one) for one in x])
        assert found.tolist() == x.view(bits).tolist()
        assert [back(bits(one)) for one in found] == x.tolist()

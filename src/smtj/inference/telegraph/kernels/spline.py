"""Compiled uniform B-splines: the slow drift of a trace, and its regression on readings."""

from typing import Any

import numpy as np
from numba import njit

_options: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(forceinline=True, **_options)
def spline_weights(t, start, width, degree, intervals):
    """First index and the four weights of the uniform B-spline (degree 1 or 3) at a time."""
    u = (t - start) / width
    j = int(u)
    j = 0 if j < 0 else (intervals - 1 if j >= intervals else j)
    x = u - j
    y = 1 - x
    if degree == 1:
        return j, y, x, 0.0, 0.0
    return (
        j,
        y * y * y / 6,
        (4 - 6 * x * x + 3 * x * x * x) / 6,
        (4 - 6 * y * y + 3 * y * y * y) / 6,
        x * x * x / 6,
    )


@njit(**_options)
def fill_spline(time, start, width, degree, intervals, coefficients, out):
    """Fill ``out`` with the spline at every time."""
    for i in range(time.shape[0]):
        j, w0, w1, w2, w3 = spline_weights(time[i], start, width, degree, intervals)
        value = w0 * coefficients[j] + w1 * coefficients[j + 1]
        if degree == 3:
            value += w2 * coefficients[j + 2] + w3 * coefficients[j + 3]
        out[i] = value


@njit(forceinline=True, **_options)
def add_regression(t, start, width, degree, intervals, w, f, z, gram, cross, right):
    """Add a reading's weight ``w``, w f and w z to the normal equations (upper half alone)."""
    j, w0, w1, w2, w3 = spline_weights(t, start, width, degree, intervals)
    cross[j] += w0 * f
    cross[j + 1] += w1 * f
    right[j] += w0 * z
    right[j + 1] += w1 * z
    v0, v1 = w * w0, w * w1
    gram[j, j] += v0 * w0
    gram[j, j + 1] += v0 * w1
    gram[j + 1, j + 1] += v1 * w1
    if degree == 3:
        cross[j + 2] += w2 * f
        cross[j + 3] += w3 * f
        right[j + 2] += w2 * z
        right[j + 3] += w3 * z
        gram[j, j + 2] += v0 * w2
        gram[j, j + 3] += v0 * w3
        gram[j + 1, j + 2] += v1 * w2
        gram[j + 1, j + 3] += v1 * w3
        gram[j + 2, j + 2] += w * w2 * w2
        gram[j + 2, j + 3] += w * w2 * w3
        gram[j + 3, j + 3] += w * w3 * w3


@njit(**_options)
def mirror(gram):
    """Copy the upper half of a matrix to the lower."""
    for m in range(gram.shape[0]):
        for n in range(m):
            gram[m, n] = gram[n, m]


@njit(**_options)
def fill_regression(time, value, weight, start, width, degree, intervals, gram, right):
    """Fill the normal equations of a weighted regression of ``value`` on the spline."""
    unused = np.zeros_like(right)
    for i in range(time.shape[0]):
        w = weight[i]
        add_regression(
            time[i], start, width, degree, intervals, w, 0.0, w * value[i], gram, unused, right
        )
    mirror(gram)

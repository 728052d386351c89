"""Fits of long traces: start from a subsample, finish on all readings."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smtj.inference.telegraph.likelihood import Trace, expectation, nodes_of
from smtj.inference.telegraph.optimise import (
    Maximum,
    difference_steps,
    free_parameters,
    moved,
    score,
    stepped,
)

LONG = 1 << 15
"""Readings of a longer trace from which its fit starts."""
STRETCHES = 32
MAX_PASSES = 6
SETTLED_GAIN = 0.02
AFRESH = [0, 1, 4]
"""Parameters of which the curvature is taken anew: dwell times and fraction of outliers."""


def thinned(trace: Trace, size: int = LONG) -> Trace:
    """Return at most ``size`` readings of a trace.

    Half of them are evenly spread, which slow switching needs, and half in stretches, which fast
    switching needs; as the likelihood is exact for any times, they make one trace.
    """
    n = trace.time.size
    if n <= size:
        return trace
    evenly = np.linspace(0, n - 1, size // 2).astype(np.intp)
    length = size // 2 // STRETCHES
    starts = np.linspace(0, n - length, STRETCHES).astype(np.intp)
    return trace.part(np.union1d(evenly, (starts[:, None] + np.arange(length)).ravel()))


def maximum_of_long(
    trace: Trace, top: Maximum, readings: int, fraction: NDArray[np.float32]
) -> Maximum:
    """Return the maximum over a whole trace, by Newton's method from that of some of its readings.

    The curvature is that of the part times as many readings as there are more, but for the rows
    and columns of the dwell times and of the outliers, which are taken by differences over the
    whole trace.

    Parameters
    ----------
    trace
        All readings.
    top, readings
        Maximum for some of them, and how many these were.
    fraction
        Filled with the expected fraction of each reading spent high.
    """
    model = top.model
    nodes = nodes_of(trace, model)
    found = expectation(trace, model, nodes, fraction)
    slope = score(model, found)
    curvature = top.curvature * (trace.time.size / readings)
    for j, length in zip(AFRESH, difference_steps(model, found)[AFRESH], strict=True):
        step = np.zeros(slope.size)
        step[j] = length
        ahead = moved(model, step)
        row = (slope - score(ahead, expectation(trace, ahead, nodes))) / length
        curvature[j, :] = curvature[:, j] = row
    whole = replace(
        top, curvature=(curvature + curvature.T) / 2, free=free_parameters(model, found)
    )
    for _ in range(MAX_PASSES):
        step, gain = whole.newton_step(model, slope)
        if gain < SETTLED_GAIN:
            break
        model, found = stepped(trace, model, found, step, nodes, fraction)
        slope = score(model, found)
    return replace(
        whole, model=model, log_likelihood=found.log_likelihood, is_regular=gain < SETTLED_GAIN
    )

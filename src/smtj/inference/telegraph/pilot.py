"""Long traces: the part of them on which a model is found."""

from dataclasses import dataclass, replace

import numpy as np

from smtj.inference.telegraph.readings import Readings
from smtj.inference.telegraph.start import best_guess, winsorised

LONG = 1 << 15
"""Readings of a longer trace on a part of which its model is found."""
START = 1 << 13
"""Readings among which starting values are sought."""
STRETCHES = 16
ENOUGH = 12.0
"""Readings per shorter dwell that a thinned trace keeps at least."""


@dataclass(frozen=True, eq=False)
class Thinned:
    """Every ``stride``-th reading of a trace, and stretches of these."""

    every: Readings
    """Equals the trace for stride 1."""
    pilot: Readings
    start: Readings
    """Fewer of the pilot's, for starting values."""
    stride: int


def thinned(readings: Readings) -> Thinned:
    """Thin a long trace as far as its dwell times allow, and take stretches for a pilot."""
    n = readings.size
    if n <= LONG:
        return Thinned(readings, readings, readings, 1)
    stride = max(n // LONG, 1)
    while stride > 1 and readings.is_regular:
        sparse = _every(readings, stride)
        dwell = _shorter_dwell(sparse)
        if dwell >= ENOUGH:
            break
        stride = max(min(int(stride * max(dwell, 1.0) / ENOUGH), stride // 2), 1)
    every = _every(readings, stride) if readings.is_regular else readings
    return Thinned(
        every,
        _stretches(every, LONG),
        _stretches(every, START),
        stride if readings.is_regular else 1,
    )


def _every(readings: Readings, stride: int) -> Readings:
    if stride == 1:
        return readings
    time = np.ascontiguousarray(readings.time[::stride])
    kinds = np.ones(time.size, np.int32)
    steps = np.diff(time) / (readings.interval * stride)
    odd = np.flatnonzero(np.abs(steps - 1) > 1e-3)
    lengths, which = np.unique(np.round(steps[odd], 2), return_inverse=True)
    kinds[0], kinds[odd + 1] = 0, which + 2
    return replace(
        readings, time=time, signal=np.ascontiguousarray(readings.signal[::stride]), kinds=kinds,
        intervals=np.concatenate([[1e9, 1.0], lengths]), interval=readings.interval * stride,
        used=None, remarks=(),
    )  # fmt: skip


def _stretches(readings: Readings, size: int) -> Readings:
    """Return stretches of a trace with the gaps between them."""
    n = readings.size
    if n <= size:
        return readings
    length = size // STRETCHES
    starts = np.linspace(0, n - length, STRETCHES).astype(np.intp)
    index = (starts[:, None] + np.arange(length)).ravel()
    kinds = readings.kinds[index]
    gaps = (readings.time[starts[1:]] - readings.time[starts[:-1] + length - 1]) / readings.interval
    kinds[0] = 0
    kinds[length::length] = readings.intervals.size + np.arange(gaps.size)
    return replace(
        readings, time=readings.time[index], signal=readings.signal[index], kinds=kinds,
        intervals=np.concatenate([readings.intervals, gaps]), used=None, remarks=(),
    )  # fmt: skip


def _shorter_dwell(readings: Readings) -> float:
    """Return the shorter mean dwell in readings, roughly."""
    part = readings.part(slice(0, min(readings.size, LONG // 2)))
    clipped = winsorised(part.signal)
    model, _ = best_guess(part, clipped - clipped.mean())
    return float(np.exp(model.get("time")).min())

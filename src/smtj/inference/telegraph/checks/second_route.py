"""The relaxation time without the likelihood: crossings of thresholds, and the signal's memory.

A path through two thresholds switches where the signal has crossed both.  Of its crossings those of
dwells that end between two readings, or before the response has followed, are missing; the count is
corrected for them (dead time, as for ion channels: Colquhoun and Sigworth in Single-Channel
Recording (1995), doi:10.1007/978-1-4419-1229-9_19).
"""

import math
from dataclasses import dataclass

import numpy as np

from smtj.errors import SmtjError
from smtj.inference.telegraph.checks.passages import simulate
from smtj.inference.telegraph.diagnostics import autocorrelation_time
from smtj.inference.telegraph.model import Model
from smtj.inference.telegraph.readings import Readings
from smtj.inference.telegraph.start import hysteresis
from smtj.typing import Floats

MEMORY = "autocorrelation"
LOWER, UPPER = 0.3, 0.7
MAX_NOISE = 0.15
"""Noise over the separation up to which thresholds count."""
SIMULATED, MIN_SIMULATED, MAX_SIMULATED = 10, 1 << 16, 1 << 18
"""Readings of a simulation over those of the trace, and in all."""
TOLERANCE, ERRORS = 0.15, 3.0
"""Logarithm and standard errors by which two routes may differ."""


@dataclass(frozen=True)
class Route:
    """A relaxation time, in intervals, with the standard error of its logarithm."""

    name: str
    relaxation_time: float
    error: float

    def contradicts(self, other: float, other_error: float) -> bool:
        """Whether it is further from another one than chance and its own crudeness allow.

        Within an interval nothing but the likelihood resolves it.
        """
        if max(self.relaxation_time, other) < 1:
            return False
        apart = abs(math.log(self.relaxation_time / other))
        return apart > TOLERANCE + ERRORS * math.hypot(self.error, other_error)


def routes(readings: Readings, z: Floats, model: Model) -> tuple[Route, ...]:
    """Return the relaxation times of the routes that a trace of two levels allows.

    Behind a response, or beside noise with a memory, they are those over what the same route gives
    for a simulation of the model.
    """
    found = _routes(readings.time, z, model, readings.is_regular)
    if not readings.is_regular or (model.is_instant and not model.order):
        return tuple(found)
    size = int(np.clip(SIMULATED * z.size, MIN_SIMULATED, MAX_SIMULATED))
    simulated = simulate(model, size, 0).signal
    usual = {one.name: one for one in _routes(np.arange(float(size)), simulated, model, True)}
    own = 1 / float(-np.trace(model.rates))
    return tuple(
        Route(
            one.name,
            one.relaxation_time * own / usual[one.name].relaxation_time,
            math.hypot(one.error, usual[one.name].error),
        )
        for one in found
        if one.name in usual
    )


def _routes(time: Floats, z: Floats, model: Model, is_regular: bool) -> list[Route]:
    found = [_crossings(z, model)]
    if is_regular:
        try:
            memory = autocorrelation_time(time, z)
        except SmtjError:
            memory = None
        if memory is not None:
            low, high = memory.interval
            error = math.log(high / low) / (2 * 1.96) if low > 0 else math.inf
            found.append(Route(MEMORY, memory.value / float(time[1] - time[0]), error))
    return [route for route in found if route is not None]


def _crossings(z: Floats, model: Model) -> Route | None:
    low, high = model.levels
    gap = float(high - low)
    if float(model.spread.max()) > MAX_NOISE * gap:
        return None
    is_high = hysteresis(z, low + LOWER * gap, low + UPPER * gap)
    crossings = int(np.count_nonzero(is_high[1:] != is_high[:-1]))
    p = float(is_high.mean())
    if crossings < 10 or not 0 < p < 1:
        return None
    time = _corrected(2 * p * (1 - p) * z.size / crossings, model)
    if time is None:
        return None
    return Route("threshold crossings", time, math.sqrt(2 / crossings))


def _corrected(counted: float, model: Model) -> float | None:
    """Return the relaxation time for one that was counted in a path with missed dwells.

    ``counted`` is 1/(1/mean high + 1/mean low) of the path, in intervals.
    """
    changed = 1 / counted
    if changed >= 1:
        return None
    time = sampled = -1 / math.log1p(-changed)
    dead = float(model.get("pole")[0]) * -math.log(1 - UPPER) + 0.5 * float(model.get("window")[0])
    for _ in range(50):
        time = sampled * math.exp(-dead / time)
        if time < dead:
            return None
    return time

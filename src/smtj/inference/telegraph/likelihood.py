"""The exact likelihood of a telegraph trace, with all expectations that a fit needs.

Reading i is y_i = b(t_i) + D g_i + σ ε_i, with g_i the state at t_i or, for a window of length T
that ends at t_i, the height that follows from the fraction f_i of the window spent high, g_i = f_i
for a signal that averages (:mod:`smtj.inference.telegraph.window_law`); a small fraction of the
readings are outliers, of one constant density.  The states follow the two-state process between
and within the windows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtj.inference.telegraph.drift import Drift
from smtj.inference.telegraph.kernels import hmm as kernels
from smtj.inference.telegraph.kernels import window as window_kernels
from smtj.inference.telegraph.kernels.spline import mirror
from smtj.inference.telegraph.window_law import FractionLaw, fraction_law, node_count
from smtj.typing import Floats

MAX_NODES = 4000
"""A model for which the fraction of a window needs more is out of the question: no noise to speak
of asks for them, but switching thousands of times within a window, which leaves one level."""
OUTLIER_RANGE, BULK = 5.0, (0.02, 0.98)
CHUNK = 1 << 15
"""Readings worked on at a time; bounds the memory that a trace of any length takes."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Readings: when each ends, its value, and the time it averages over (0: none), in s."""

    time: Floats
    signal: Floats
    window: float

    def part(self, index: NDArray[np.intp]) -> "Trace":
        """Return some of the readings, in order."""
        return Trace(self.time[index], self.signal[index], self.window)


@dataclass(frozen=True, eq=False)
class Model:
    """All parameters of a trace."""

    dwell_high: float
    dwell_low: float
    separation: float
    """D, high level less low level, in the unit of the signal."""
    noise: float
    """σ, in the unit of the signal."""
    outliers: float
    """Share of readings that are outliers."""
    outlier_density: float
    """One over the range that outliers come from (:func:`density_of_outliers`)."""
    drift: Drift
    low: Floats
    """Coefficients of the low level b(t)."""
    bend: float = 0.0
    """ρ of :mod:`smtj.inference.telegraph.window_law`; 0 where the signal averages."""

    @property
    def occupancy(self) -> float:
        """Share of the time spent high."""
        return self.dwell_high / (self.dwell_high + self.dwell_low)

    @property
    def relaxation_time(self) -> float:
        """t_c in s, 1/t_c = 1/τ_high + 1/τ_low."""
        return self.dwell_high * self.dwell_low / (self.dwell_high + self.dwell_low)


@dataclass(frozen=True, eq=False)
class Expectation:
    """What the readings say of the hidden states, given a model."""

    readings: int
    log_likelihood: float
    dwell_score: Floats
    """Slope of the log-likelihood by ln τ_high and ln τ_low."""
    switches: Floats
    """Expected transitions out of high and out of low that leave a trace in the readings."""
    weight: float
    """Expected number of readings that are no outliers; their sums follow."""
    fraction: float
    """Σ g."""
    fraction2: float
    """Σ g²."""
    fraction_signal: float
    """Σ g z, with z the reading less drift."""
    signal2: float
    """Σ z²."""
    gram: Floats
    """Σ B B', with B the drift basis at a reading, (size, size)."""
    cross: Floats
    """Σ B g."""
    right: Floats
    """Σ B z."""


def expectation(
    trace: Trace,
    model: Model,
    nodes: int | None = None,
    fraction: NDArray[np.float32] | None = None,
) -> Expectation:
    """Return the log-likelihood of a trace, its slopes, and the sums that a better model rests on.

    Parameters
    ----------
    trace, model
        Readings and parameters.
    nodes
        Parts into which the fraction of a window is divided; by default as many as the noise needs.
        Held fixed where derivatives are taken by differences.
    fraction
        Filled, where given, with the expected fraction of each reading spent high.
    """
    law = _law(trace, model, nodes)
    entered, log_likelihood = [], 0.0
    chances = np.array([1 - model.occupancy, model.occupancy])
    for first in _firsts(trace):
        entered.append(chances.copy())
        chunk = _chunk(trace, model, law, first)
        log_likelihood += kernels.forward(chunk.steps, chances, chunk.before)
    size = model.drift.size
    sums, gram = np.zeros(kernels.SUMS), np.zeros((size, size))
    cross, right, future = np.zeros(size), np.zeros(size), np.ones(2)
    out = np.empty(0, np.float32) if fraction is None else fraction
    for first, chances in zip(reversed(_firsts(trace)), reversed(entered), strict=True):
        if first != chunk.first:
            chunk = _chunk(trace, model, law, first)
            kernels.forward(chunk.steps, chances, chunk.before)
        pairs = np.empty_like(chunk.steps)
        kernels.backward(chunk.steps, chunk.before, future, pairs)
        chunk.add(pairs, sums, gram, cross, right, out)
    mirror(gram)
    if law is not None and nodes_of(trace, model) > MAX_NODES:
        log_likelihood = -math.inf
    weight, fraction_sum, fraction2, fraction_signal, signal2 = sums[4:].tolist()
    return Expectation(
        readings=trace.time.size,
        log_likelihood=log_likelihood,
        dwell_score=sums[:2],
        switches=sums[2:4],
        weight=weight,
        fraction=fraction_sum,
        fraction2=fraction2,
        fraction_signal=fraction_signal,
        signal2=signal2,
        gram=gram,
        cross=cross,
        right=right,
    )


def most_probable_states(trace: Trace, model: Model) -> NDArray[np.uint8]:
    """Return the most probable path of states, 1 for high, at the readings' times (Viterbi)."""
    law = _law(trace, model, None)
    states = np.empty(trace.time.size, np.uint8)
    best = np.array([1 - model.occupancy, model.occupancy])
    for first in _firsts(trace):
        chunk = _chunk(trace, model, law, first)
        kernels.best_forward(chunk.steps, best, states[first : first + CHUNK])
    kernels.best_backward(states, int(best[1] > best[0]))
    return states


def sample_paths(trace: Trace, model: Model, seed: int) -> NDArray[np.uint8]:
    """Return a path of states, 1 for high, drawn at random from those that the readings allow."""
    law = _law(trace, model, None)
    entered = []
    chances = np.array([1 - model.occupancy, model.occupancy])
    for first in _firsts(trace):
        entered.append(chances.copy())
        chunk = _chunk(trace, model, law, first)
        kernels.forward(chunk.steps, chances, chunk.before)
    rng = np.random.default_rng(seed)
    states = np.empty(trace.time.size, np.uint8)
    state = int(rng.random() < chances[1])
    for first, chances in zip(reversed(_firsts(trace)), reversed(entered), strict=True):
        chunk = _chunk(trace, model, law, first)
        kernels.forward(chunk.steps, chances, chunk.before)
        out = states[first : first + CHUNK]
        state = kernels.sample_backward(chunk.steps, chunk.before, state, rng.random(out.size), out)
    return states


@dataclass(frozen=True, eq=False)
class _Chunk:
    """The matrices of some readings, and how these add to the sums."""

    first: int
    steps: Floats
    before: Floats
    add: Callable[..., None]


def _firsts(trace: Trace) -> range:
    return range(0, trace.time.size, CHUNK)


def nodes_of(trace: Trace, model: Model) -> int:
    """Return into how many parts the fraction of a window is to be divided."""
    dwells = (trace.window, model.dwell_high, model.dwell_low)
    if trace.window == 0:
        return 0
    return node_count(*dwells, model.noise / model.separation, model.bend)


def _law(trace: Trace, model: Model, nodes: int | None) -> FractionLaw | None:
    if trace.window == 0:
        return None
    nodes = min(nodes or nodes_of(trace, model), MAX_NODES)
    return fraction_law(trace.window, model.dwell_high, model.dwell_low, nodes, model.bend)


def _chunk(trace: Trace, model: Model, law: FractionLaw | None, first: int) -> _Chunk:
    drift, part = model.drift, slice(first, first + CHUNK)
    z = trace.signal[part] - drift.values(trace.time[part], model.low)
    steps, before = np.empty((z.size, 2, 2)), np.empty((z.size, 2))
    rates = (1 / model.dwell_high, 1 / model.dwell_low)
    other = model.outliers * model.outlier_density
    basis = (drift.start, drift.width, drift.degree, drift.intervals)
    if law is None:
        scale = (1 - model.outliers) / (model.noise * math.sqrt(2 * math.pi))
        low, high = (
            scale * np.exp(-0.5 * (rest / model.noise) ** 2) + other
            for rest in (z, z - model.separation)
        )
        kernels.instant_steps(trace.time, first, low, high, *rates, steps)
        known = (trace.time, first, basis, z, low, high, other, *rates)
        return _Chunk(first, steps, before, partial(kernels.instant_sums, *known))
    numbers = (*rates, model.separation, model.noise, model.outliers, other)
    table = (trace.window, law.table, law.atoms, law.totals)
    inner = np.empty_like(steps)
    window_kernels.window_steps(trace.time, first, z, *numbers, *table, inner, steps)
    windows = (trace.time, first, basis, z, *numbers, *table, inner)
    return _Chunk(first, steps, before, partial(window_kernels.window_sums, *windows))


def density_of_outliers(signal: Floats) -> float:
    """Return the density of outliers, in one over the unit of the signal.

    Outliers come from the whole range of the signal, and from OUTLIER_RANGE times the range of its
    bulk where none lies far off: were it the bulk's own range, outliers would look like readings
    that average over a switch, and with gaps between the windows they would take these away from
    the dwell times (20 % too long at dwell times of two windows and gaps of five).
    """
    low, high = np.quantile(signal, BULK)
    return 1 / max(float(np.ptp(signal)), OUTLIER_RANGE * float(high - low))

"""Passages from level to level, and crossings that turn back (recrossings).

The magnetisation of a junction with a low barrier or low damping often crosses to the other side
and turns back at once, or dwells in between.  The likelihood counts every crossing; what a neuron
sees is the passage from one level to the other, whose rate is that of the slowest decay of the
signal's memory.  What memory and thresholds show in telegraph noise that is nothing else, with this
noise and this response, a simulation says.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.errors import SmtjError
from smtj.inference.stats.estimate import NORMAL_95
from smtj.inference.telegraph.diagnostics import autocorrelation_time
from smtj.inference.telegraph.kernels.interval import pole_response
from smtj.inference.telegraph.model import Model
from smtj.inference.telegraph.start import hysteresis
from smtj.typing import Floats

CORE = 0.2
"""Distance of the thresholds from the levels, over the separation."""
MAX_NOISE = 0.15
"""Noise over the separation up to which thresholds count."""
MIN_PASSAGES, MIN_CYCLES = 10, 20.0
SIMULATED = (1 << 16, 1 << 19)
"""Readings of the simulation."""
MIN_EXCESS, ERRORS_COUNTED, ERRORS_ALONE = 1.05, 3.0, 4.0
"""Ratio, and standard errors, from which thresholds, or memory alone, show recrossings."""
CRUDE = 0.05
"""Of ln of the time between thresholds, which are not quite the levels."""
MAX_ERROR = 0.2
"""Error of ln of the memory above which thresholds are preferred."""


@dataclass(frozen=True)
class Passages:
    """The relaxation time from level to level over that of all crossings."""

    ratio: float
    error: float
    """Standard error of the logarithm of that relaxation time."""
    turns_back: bool
    """Whether the ratio is more than chance."""


def passages(z: Floats, states: NDArray[np.uint8], model: Model, seed: int = 0) -> Passages | None:
    """Return how much longer passages take than crossings; None where neither can be counted.

    Parameters
    ----------
    z
        Signal less baseline, evenly spaced.
    states
        Sampled states at each reading.
    model
        Two levels with noise and response.
    seed
        Of the simulation.
    """
    cycle = float(np.exp(model.get("time")).sum())
    if z.size < MIN_CYCLES * cycle:
        return None
    simulated, true_states = simulate(model, int(np.clip(10 * z.size, *SIMULATED)), seed)
    memory = _memory(z, simulated)
    counted = _counted(z, states, simulated, true_states, model)
    if memory is None or memory.error > MAX_ERROR:
        return counted
    if counted is None:
        return memory
    weights = np.array([memory.error, counted.error]) ** -2.0
    mean = weights @ np.log([memory.ratio, counted.ratio]) / weights.sum()
    return Passages(math.exp(mean), float(weights.sum() ** -0.5), counted.turns_back)


def _memory(z: Floats, simulated: Floats) -> Passages | None:
    """Compare the autocorrelation time with that of telegraph noise."""
    try:
        ours, theirs = (autocorrelation_time(np.arange(float(y.size)), y) for y in (z, simulated))
    except SmtjError:
        return None
    # Of Student's t, as there are few blocks.
    error = math.log(ours.interval[1] / ours.value) / NORMAL_95
    ratio = ours.value / theirs.value
    return Passages(ratio, error, ratio > math.exp(ERRORS_ALONE * error))


def _counted(
    z: Floats,
    states: NDArray[np.uint8],
    simulated: Floats,
    true_states: NDArray[np.bool_],
    model: Model,
) -> Passages | None:
    """Compare crossings with passages between thresholds."""
    low, high = model.levels
    if float(model.spread.max()) > MAX_NOISE * (high - low):
        return None
    passed, expected = _passed(z, model), _passed(simulated, model)
    if min(passed, expected) < MIN_PASSAGES:
        return None
    crossings, usual = _switches(states), _switches(true_states) / expected
    excess = crossings / (usual * passed)
    # Each that turns back makes two.
    chance = math.sqrt(2 * max(crossings - passed, 0) + 1) / (usual * passed)
    ratio = (expected / simulated.size) / (passed / z.size)
    turns_back = excess > max(MIN_EXCESS, 1 + ERRORS_COUNTED * chance)
    return Passages(ratio, math.hypot(math.sqrt(2 / passed), CRUDE), turns_back)


def simulate(model: Model, size: int, seed: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return evenly spaced readings of a two-level model, and the state at each."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(seed)
    dwell_low, dwell_high = np.exp(model.get("time"))
    pole, window = float(model.get("pole")[0]), float(model.get("window")[0])
    begin = 2 + 20 * pole
    cycles = (begin + size) / (dwell_low + dwell_high)
    pairs = math.ceil(cycles + 6 * math.sqrt(cycles) + 10)
    when = np.cumsum(rng.standard_exponential((pairs, 2)) * (dwell_high, dwell_low))
    when, high = np.append(0.0, when), np.arange(2 * pairs + 1) % 2 == 0
    time = begin + np.arange(size)
    last = np.searchsorted(when, time, side="right") - 1
    states = high[last]
    if window > 0:
        so_far = np.concatenate([[0.0], np.cumsum(np.diff(when) * high[:-1])])
        seen = (np.interp(time, when, so_far) - np.interp(time - window, when, so_far)) / window
    elif pole > 0:
        seen = pole_response(when, high, time, last, pole)
    else:
        seen = states.astype(np.float64)
    phi, gain = model.autoregression
    noise = rng.standard_normal(size) * np.where(states, *(model.spread[::-1] / gain))
    noise = lfilter([1.0], np.append(1.0, -phi), noise)
    return np.asarray(model.levels[0] + (model.levels[1] - model.levels[0]) * seen + noise), states


def _passed(z: Floats, model: Model) -> int:
    """Return how often the signal passes from level to level."""
    low, high = model.levels
    margin = CORE * (high - low)
    return _switches(hysteresis(z, low + margin, high - margin))


def _switches(states: NDArray[np.bool_] | NDArray[np.uint8]) -> int:
    return int(np.count_nonzero(states[1:] != states[:-1]))

"""Passages from level to level, and crossings that turn back (recrossings).

The magnetisation of a junction with a low barrier or low damping often crosses to the other side
and turns back at once, or dwells in between.  The likelihood counts every crossing; what a neuron
sees is the passage from one level to the other, whose rate is that of the slowest decay of the
signal's memory.  Thresholds near the levels and the signal's memory both see passages; how they
scatter in telegraph noise that is nothing else, with this noise and this response, a simulation
says.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.errors import SmtjError
from smtj.inference.telegraph.diagnostics import memory_time
from smtj.inference.telegraph.kernels.interval import pole_response
from smtj.inference.telegraph.model import Model, expectation
from smtj.inference.telegraph.readings import Readings
from smtj.inference.telegraph.start import hysteresis
from smtj.typing import Floats

CORE = 0.2
"""Distance of the thresholds from the levels, over the separation."""
MAX_NOISE = 0.2
"""Noise over the separation up to which thresholds count."""
MIN_PASSAGES, MIN_CYCLES = 5, 20.0
"""In a block."""
BLOCKS, SIMULATED = 24, (1 << 16, 1 << 19)
"""Blocks of the simulation, as long as the trace if that is not too much, and readings in all."""
INTERIOR = 50
"""Readings within dwells of a state that are enough to take its noise from them."""
CRUDE = 0.02
"""Of ln of the time between thresholds or of the memory, by what the simulation leaves out."""
PRIORS, USUAL = (0.02, 0.2), 0.3
"""Chance of recrossings before they are sought, in traces of levels and white noise alone and in
others, and how large they then are (half normal)."""
SAME_MEMORY = 0.05
"""Difference of the noise's memory from that of the pole up to which the noise has passed it."""
FURTHER, BEYOND = 0.5, np.linspace(0, 3, 61)
"""How many turn back beyond the thresholds, in ln of the ratio over that of those which do between
them (half normal)."""
ALONE = 0.1
"""How often all do beyond them."""
DOUBT = 0.05
"""Chance of recrossings from which a fitted response is doubted."""
ON_THE_WAY, SPARE, TOO_FAR = 0.15, 2.0, 2.0
"""Distance from the levels, over the separation, from which a reading is on the way between them;
how many of them for each switch show the way; standard errors by which they may leave it."""
GRID = np.linspace(0, 2, 201)
"""ln of passages' relaxation time over that of crossings."""


@dataclass(frozen=True)
class Passages:
    """How much longer passages from level to level take than crossings."""

    log_ratio: float
    """Mean of ln of the ratio of the relaxation times, 0 if no crossing turns back."""
    variance: float
    chance: float
    """That some turn back."""


def passages(
    readings: Readings,
    z: Floats,
    states: NDArray[np.uint8],
    model: Model,
    has_memory: bool,
    seed: int = 0,
) -> Passages | None:
    """Return how much longer passages take than crossings; None where neither can be counted.

    Parameters
    ----------
    readings, z
        The trace, evenly spaced, and its signal less the baseline.
    states
        Sampled states at each reading.
    model
        Two levels with noise and response.
    has_memory
        Whether the memory of the states is theirs, not that of a baseline that jumps.
    seed
        Of the simulation.
    """
    cycle = float(np.exp(model.get("time")).sum())
    total = int(np.clip(BLOCKS * z.size, *SIMULATED))
    longest = max(total // BLOCKS, math.ceil(MIN_CYCLES * cycle))
    # All of the trace counts, as the model's rates are those of all of it.
    length = z.size // math.ceil(z.size / longest)
    if length < MIN_CYCLES * cycle / 2:
        return None
    noise = _interior(z, states, model)

    def excess(null: Model) -> dict[str, tuple[float, float]]:
        """Return ln of the ratio that each route has more than a model, and its variance."""
        simulated = simulate(null, max(total, BLOCKS * length), seed, noise)
        seen = _routes(z, states, length, null, None)
        usual = _routes(simulated.signal, simulated.states, length, null, simulated.switches)
        out = {}
        for route in (name for name in seen if name in usual):
            scatter = float(np.var(usual[route], ddof=1))
            variance = scatter * (length / z.size + 1 / usual[route].size) + CRUDE**2
            out[route] = float(seen[route].mean() - usual[route].mean()), variance
        return out

    found = excess(model)
    if model.order or not has_memory:
        # Noise with a memory of its own hides that of the states.
        found.pop("memory", None)
    if not found:
        return None
    prior = PRIORS[not (model.is_plain or _is_of_readout(model))]
    moments, chance = _weighed(found, prior)
    fitted = model.free[np.isin(model.layout.names, ("pole", "window"))].any()
    if chance > DOUBT and fitted and _follows_response(readings, z, model):
        moments, chance = _weighed(found, PRIORS[0])
    elif chance > DOUBT and fitted:
        # The motion between the levels may be what was taken for the response.
        instant = excess(model.with_values(pole=0.0, window=0.0))
        for route in (name for name in found if name in instant):
            mean, variance = found[route]
            half = (instant[route][0] - mean) / 2
            found[route] = mean + half, variance + half**2
        moments, _ = _weighed(found, prior)
    mean, square = chance * moments
    return Passages(float(mean), float(square - mean**2), chance)


def _is_of_readout(model: Model) -> bool:
    """Whether the noise has passed the same pole as the states, so that both are the readout's."""
    pole, memory = float(model.get("pole")[0]), model.autoregression[0]
    if pole == 0 or memory.size != 1:
        return False
    return abs(float(memory[0]) - math.exp(-1 / pole)) < SAME_MEMORY


def _follows_response(readings: Readings, z: Floats, model: Model) -> bool:
    """Whether enough readings are seen on the way between the levels, and none but noise takes them
    off the way of the response, of which each switch fits one time."""
    found = expectation(readings, z, model)
    low, high = model.levels
    part = (found.response - low) / (high - low)
    is_on_the_way = (np.minimum(part, 1 - part) > ON_THE_WAY) & (found.inlier > 0.5)
    switches = 2 * model.occupancy[0] * -model.rates[0, 0] * z.size
    number = np.count_nonzero(is_on_the_way)
    if number < SPARE * switches:
        return False
    spread = np.interp(found.occupied[:, 0], (0, 1), model.spread)
    square = np.square((z - found.response) / spread)
    usual = square[~is_on_the_way & (found.inlier > 0.5)]
    expected = (number - switches) * usual.mean()
    return bool(square[is_on_the_way].sum() < expected + TOO_FAR * usual.std() * math.sqrt(number))


def _weighed(found: dict[str, tuple[float, float]], prior: float) -> tuple[Floats, float]:
    """Return mean and mean square of ln of the ratio if crossings turn back, and its chance.

    What turns back beyond the thresholds lengthens the memory alone.
    """
    # How many turn back: between the thresholds, and beyond them; then beyond them alone.
    between = np.concatenate([np.repeat(GRID, BEYOND.size), np.zeros(GRID.size)])
    beyond = np.concatenate([np.outer(GRID, BEYOND).ravel(), GRID])
    alone = np.exp(-0.5 * (GRID / USUAL) ** 2)
    both = np.outer(alone, np.exp(-0.5 * (BEYOND / FURTHER) ** 2)).ravel()
    weight = np.concatenate([(1 - ALONE) * both / both.sum(), ALONE * alone / alone.sum()])
    log_likelihood = np.zeros(weight.size)
    for route, (excess, variance) in found.items():
        there = between + beyond if route == "memory" else between
        log_likelihood -= 0.5 * ((excess - there) ** 2 - excess**2) / variance
    highest = max(float(log_likelihood.max()), 0.0)
    weight = prior * weight * np.exp(log_likelihood - highest)
    total = float(weight.sum())
    moments = np.stack([between + beyond, (between + beyond) ** 2]) @ weight / total
    return moments, total / (total + (1 - prior) * math.exp(-highest))


def _routes(
    signal: Floats,
    states: NDArray[np.uint8],
    length: int,
    model: Model,
    switches: NDArray[np.intp] | None,
) -> dict[str, Floats]:
    """Return ln of the relaxation time of passages and of the memory over that of switches, in
    blocks, where every block has enough of them.

    ``switches`` is their number up to each reading; by default as many as the model expects.
    """
    low, high = model.levels
    gap = float(high - low)
    blocks = signal[: signal.size // length * length].reshape(-1, length)
    occupancy = float(model.occupancy[1])
    if switches is None:
        count = np.full(len(blocks), 2 * (1 - occupancy) * -model.rates[0, 0] * length)
        high_part = np.full(len(blocks), occupancy)
    else:
        ends = np.append(switches[::length][: len(blocks)], switches[len(blocks) * length - 1])
        count = np.maximum(np.diff(ends), 1).astype(np.float64)
        high_part = np.clip(states[: blocks.size].reshape(blocks.shape).mean(axis=1), 0.01, 0.99)
    out: dict[str, Floats] = {}
    if float(model.spread.max()) <= MAX_NOISE * gap:
        margin = CORE * gap
        is_high = [hysteresis(block, low + margin, high - margin) for block in blocks]
        passed = np.array([np.count_nonzero(one[1:] != one[:-1]) for one in is_high])
        if passed.min() >= MIN_PASSAGES:
            # A model's switches are spread evenly, so that its blocks do not stand alone.
            each = count / passed if switches is not None else [count.sum() / passed.sum()]
            out["passages"] = np.log(each)
    try:
        # That of the states: what is left of drift and jumps has a memory, too.
        rows = states[: blocks.size].reshape(blocks.shape).astype(np.float64)
        memory = np.array([memory_time(row) for row in rows])
    except SmtjError:
        return out
    out["memory"] = np.log(memory * count / (2 * high_part * (1 - high_part) * length))
    return out


def _interior(
    z: Floats, states: NDArray[np.uint8], model: Model
) -> tuple[Floats | None, Floats | None]:
    """Return the noise of each state within its dwells, where it has no memory."""
    inside = np.ones(z.size, bool)
    switched = np.flatnonzero(states[1:] != states[:-1])
    for shift in (-1, 0, 1, 2):
        inside[np.clip(switched + shift, 0, z.size - 1)] = False
    noise = [z[inside & (states == k)] - model.levels[k] for k in (0, 1)]
    low, high = (
        one if one.size >= INTERIOR and model.order == 0 and model.is_instant else None
        for one in noise
    )
    return low, high


@dataclass(frozen=True, eq=False)
class Simulated:
    """Evenly spaced readings of a two-level model."""

    signal: Floats
    states: NDArray[np.uint8]
    switches: NDArray[np.intp]
    """Number of switches before each reading."""


def simulate(
    model: Model, size: int, seed: int, noise: tuple[Floats | None, Floats | None] = (None, None)
) -> Simulated:
    """Simulate a two-level model; draw the noise of a state from ``noise`` where it is given."""
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
    made = rng.standard_normal(size) * np.where(states, *(model.spread[::-1] / gain))
    for k in (0, 1):
        own = noise[k]
        if own is not None:
            here = states == bool(k)
            made[here] = rng.choice(own, int(here.sum()))
    if phi.size:
        # Not imported for white noise, as it brings much with it.
        from scipy.signal import lfilter

        made = lfilter([1.0], np.append(1.0, -phi), made)
    signal = model.levels[0] + (model.levels[1] - model.levels[0]) * seen + made
    return Simulated(np.asarray(signal), states.astype(np.uint8), last)

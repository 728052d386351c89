"""One likelihood for telegraph noise as laboratories record it.

A reading is baseline + x + n.  The states follow a continuous-time chain.  The response x is the
level of the state, or relaxes towards it behind a single pole, or averages it over a window.  The
noise n is autoregressive (Qin, Auerbach and Sachs, Biophys. J. 79, 1928 (2000),
doi:10.1016/S0006-3495(00)76442-3); its innovations have a scale and a skewness for each state and
tails of a common Student t (two-piece: Fernández and Steel, J. Am. Stat. Assoc. 93, 359 (1998),
doi:10.1080/01621459.1998.10474117).  A small fraction of the readings are outliers of a constant
density.  Everything left at its neutral value costs nothing: clean readings have Gaussian white
noise.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.inference.telegraph.kernels import filter as kernels
from smtj.inference.telegraph.kernels.interval import NODES, interval_laws
from smtj.inference.telegraph.kernels.switching import SMALLEST_TAIL, switching_filter
from smtj.inference.telegraph.readings import LOST, Readings
from smtj.typing import Floats

ORDERS = 4
"""Highest order of the autoregression."""
BLOCK = 1 << 13
"""Readings whose densities stay in the processor's cache."""
CHUNK = 1 << 15
"""Readings worked on at a time where each leaves something in memory."""
_NOTHING = np.empty((0, 0, 0)), np.empty((0, 0)), np.empty((0, 0))


@dataclass(frozen=True)
class Layout:
    """Where the parameters of a kind of chain stand in their vector.

    ``states`` levels, any of which may follow any other; or, for ``is_pair``, two independent
    fluctuators of two levels each, with four levels in all.
    """

    states: int
    is_pair: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Kind of each parameter; times and distances of levels as logarithms."""
        times = 4 if self.is_pair else self.states * (self.states - 1)
        gaps = 2 if self.is_pair else self.states - 1
        return (
            *("time",) * times, "offset", *("gap",) * gaps, "scale",
            *("ratio",) * (self.states - 1), "outliers", *("memory",) * ORDERS, "pole", "window",
            *("skew",) * self.states, "tail",
        )  # fmt: skip

    def where(self, name: str) -> NDArray[np.intp]:
        """Return the indices of the parameters of a kind."""
        return np.array([i for i, own in enumerate(self.names) if own == name], dtype=np.intp)

    @cached_property
    def index(self) -> dict[str, NDArray[np.intp]]:
        """Indices by kind."""
        return {name: self.where(name) for name in dict.fromkeys(self.names)} | (
            {"time": np.empty(0, np.intp), "gap": np.empty(0, np.intp),
             "ratio": np.empty(0, np.intp)} if self.states == 1 else {}
        )  # fmt: skip

    def column(self, what: dict[str, float]) -> Floats:
        """Return a vector with a value for each kind of parameter."""
        return np.array([what[name] for name in self.names])

    @cached_property
    def moves(self) -> tuple[tuple[int, int], ...]:
        """State before and after for each time, but of a pair."""
        k = range(self.states)
        return tuple((i, j) for i in k for j in k if i != j)

    def rates(self, theta: Floats) -> Floats:
        """Return the generator of the chain, in 1/interval."""
        rate = np.exp(-theta[self.index["time"]])
        matrix = np.zeros((self.states, self.states))
        if self.is_pair:
            # State a + 2 b; times of a: out of low, out of high; then of b.
            for b in (0, 1):
                matrix[2 * b, 2 * b + 1], matrix[2 * b + 1, 2 * b] = rate[0], rate[1]
            for a in (0, 1):
                matrix[a, a + 2], matrix[a + 2, a] = rate[2], rate[3]
        else:
            for (i, j), value in zip(self.moves, rate, strict=True):
                matrix[i, j] = value
        matrix[np.diag_indices(self.states)] = -matrix.sum(axis=1)
        return matrix

    def levels(self, theta: Floats) -> Floats:
        """Return the level of each state."""
        offset, gaps = theta[self.index["offset"]], np.exp(theta[self.index["gap"]])
        if self.is_pair:
            return np.asarray(offset + np.array([0, gaps[0], gaps[1], gaps[0] + gaps[1]]))
        return np.asarray(offset + np.concatenate([[0.0], np.cumsum(gaps)]))


LOWEST = {
    "time": -4.0, "offset": -60.0, "gap": -4.0, "scale": -6.0, "ratio": -3.0, "outliers": 1e-5,
    "memory": -0.97, "pole": 0.0, "window": 0.0, "skew": -0.8, "tail": 0.0,
}  # fmt: skip
HIGHEST = {
    "time": 20.0, "offset": 60.0, "gap": 4.0, "scale": 3.0, "ratio": 3.0, "outliers": 0.3,
    "memory": 0.995, "pole": 100.0, "window": 1.0, "skew": 0.8, "tail": 0.4,
}  # fmt: skip
"""Bounds of the parameters."""


@dataclass(frozen=True, eq=False)
class Model:
    """Parameters of a trace, in units of interval and spread, and which of them are free."""

    layout: Layout
    theta: Floats
    free: NDArray[np.bool_]
    bend: float = 0.0
    """ρ where the inverse of the signal averages: separation over the low level; else 0."""
    is_rough: bool = False
    """Whether metastates hold two states at most, which is nearly twice as fast and good enough
    for a search."""

    def get(self, name: str) -> Floats:
        """Return the parameters of a kind."""
        return self.theta[self.layout.index[name]]

    def with_values(self, **values: ArrayLike) -> "Model":
        """Return a model with other values of some kinds of parameters."""
        theta = self.theta.copy()
        for name, value in values.items():
            theta[self.layout.index[name]] = value
        return replace(self, theta=theta)

    @cached_property
    def rates(self) -> Floats:
        """Generator of the chain."""
        return self.layout.rates(self.theta)

    @cached_property
    def levels(self) -> Floats:
        """Level of each state above the baseline."""
        return self.layout.levels(self.theta)

    @cached_property
    def scales(self) -> Floats:
        """Scale of an innovation in each state."""
        return np.asarray(np.exp(self.get("scale")[0] + np.concatenate([[0.0], self.get("ratio")])))

    @cached_property
    def occupancy(self) -> Floats:
        """Stationary chance of each state."""
        k = self.layout.states
        matrix = np.vstack([self.rates.T, np.ones(k)])
        return np.asarray(np.linalg.lstsq(matrix, np.append(np.zeros(k), 1.0), rcond=None)[0])

    @cached_property
    def order(self) -> int:
        """Order of the autoregression."""
        return int(np.flatnonzero(self.get("memory")).max(initial=-1)) + 1

    @cached_property
    def is_instant(self) -> bool:
        """Whether a reading sees the state at its time alone."""
        return float(self.get("pole")[0]) <= 0 and float(self.get("window")[0]) <= 0

    @cached_property
    def is_plain(self) -> bool:
        """Whether only levels and white Gaussian noise are fitted."""
        shapes = ("memory", "pole", "window", "skew", "tail")
        return not self.free[np.isin(self.layout.names, shapes)].any()

    @cached_property
    def depth(self) -> int:
        """Number of states that a metastate holds."""
        if self.layout.states == 1:
            return 1
        longest = 3 if self.layout.states == 2 and not self.is_rough else 2
        if float(self.get("pole")[0]) > 0:
            return longest
        return min(self.order + 1, longest)

    @cached_property
    def autoregression(self) -> tuple[Floats, float]:
        """Coefficients from the partial autocorrelations, and stationary over innovation scale."""
        phi, gain = np.zeros(0), 1.0
        for r in self.get("memory")[: self.order]:
            phi, gain = np.concatenate([phi - r * phi[::-1], [r]]), gain / (1 - r * r)
        return phi, math.sqrt(gain)

    @cached_property
    def tail(self) -> Floats:
        """1/ν, mean of |t| and normalisation of the innovations' law."""
        inverse = float(self.get("tail")[0])
        if inverse < SMALLEST_TAIL:
            return np.array([0.0, math.sqrt(2 / math.pi), 1 / math.sqrt(2 * math.pi)])
        nu = 1 / inverse
        half = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi)
        return np.array([inverse, 2 * math.exp(half) * nu / (nu - 1), math.exp(half)])

    @cached_property
    def spread(self) -> Floats:
        """Standard deviation of the noise in each state (for tails without variance, 5 scales)."""
        inverse, mean, _ = self.tail
        skew2 = self.get("skew") ** 2
        second = 1 / (1 - 2 * inverse) if inverse < 0.48 else 25.0
        variance = second * (1 + 3 * skew2) - 4 * skew2 * mean**2
        return np.asarray(self.scales * np.sqrt(variance) * self.autoregression[1])


@dataclass(frozen=True, eq=False)
class Expectation:
    """The hidden states given all readings."""

    occupied: NDArray[np.float32]
    """Chance of each state but the lowest at each reading, (readings, states - 1)."""
    response: Floats
    """Expected response at each reading."""
    inlier: NDArray[np.float32]
    """Chance of each reading to be no outlier."""
    log_likelihood: float


class _Filter:
    """A filter on its way through a trace."""

    def __init__(self, readings: Readings, model: Model) -> None:
        self.model, self.cell, self.scales = model, readings.cell, model.scales
        if self.cell.size > 1:
            # A narrower law would be seen at one of the places alone.
            sharper = 1 - np.abs(model.get("skew"))
            self.scales = np.maximum(self.scales, readings.min_noise / sharper)
        k, size = model.layout.states, model.layout.states**model.depth
        pole, window = float(model.get("pole")[0]), float(model.get("window")[0])
        parts = NODES + 1 if window > 0 and k == 2 else 1
        atoms = np.zeros((readings.intervals.size, k, k))
        law = [atoms, *(np.zeros((*atoms.shape, parts)) for _ in range(3))]
        for kinds, ends in ((slice(1), (0.0, 0.0)), (slice(1, None), (window, pole))):
            # The first reading has no interval before it.
            own = (part[kinds] for part in law)
            interval_laws(
                model.rates, model.levels, readings.intervals[kinds], *ends, model.bend, *own
            )
        decay = np.exp(-readings.intervals / pole) if pole > 0 else 0 * readings.intervals
        lost = (readings.intervals > LOST) | (not readings.is_regular)
        outliers = float(model.get("outliers")[0])
        phi, stationary = model.autoregression
        self.outliers = np.array([outliers, outliers * readings.outlier_density])
        self.law = (
            *law, decay, lost, model.levels, self.scales, model.get("skew").copy(), model.tail,
            self.outliers, phi, stationary, self.cell,
        )  # fmt: skip
        self.averages = law[2][-1, 0], law[3][-1, 0]
        self.is_white = phi.size == 0 and (model.is_instant or parts > 1)
        self.parts = parts if parts > 1 else 0
        newest = np.arange(size) % k
        self.weight = np.full(size, 1 / size)
        self.state = (
            model.levels[newest].copy(),
            np.zeros(size),
            np.zeros((size, max(phi.size, 1))),
        )

    def through(
        self,
        z: Floats,
        kinds: NDArray[np.int32],
        gains: Floats,
        into: tuple[Floats, ...] = _NOTHING,
    ) -> None:
        """Filter a stretch."""
        if self.is_white and not (self.parts and into[0].size):
            for first in range(0, z.size, BLOCK):
                part = slice(first, first + BLOCK)
                self._through_white(z[part], kinds[part], gains[part], *(one[part] for one in into))
            with np.errstate(divide="ignore"):
                np.log(gains, out=gains)
            return
        switching_filter(z, kinds, *self.law, self.weight, *self.state, gains, *into)

    def _through_white(
        self,
        z: Floats,
        kinds: NDArray[np.int32],
        gains: Floats,
        steps: Floats,
        xs: Floats,
        inliers: Floats,
    ) -> None:
        """Fill the likelihoods of readings with white noise, and what leads back unless empty."""
        densities, rows = self._densities(z)
        if steps.size == 0:
            law = self.law[:2]
            kernels.white_filter(densities, kinds, *law, rows, self.weight, gains)
            return
        kernels.instant_filter(densities, kinds, self.law[0], self.weight, gains, steps)
        floor = self.outliers[1]
        xs[:] = self.model.levels
        inliers[:] = 1 - floor / densities.T if floor else 1.0

    def _densities(self, z: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """Return the densities of readings by white noise in each state, then in each part of the
        averages that end in it; and the row where those of each state begin."""
        model, (means, variances), parts = self.model, self.averages, self.parts
        levels, scales, skews = model.levels, self.scales, model.get("skew")
        states, (fraction, floor) = levels.size, self.outliers
        centres, widths, bends = [levels], [scales], [skews]
        rows = np.full(states, states)
        for j in range(states) if parts else ():
            # States with the same noise give the parts the same densities.
            if j and (scales[j], skews[j]) == (scales[j - 1], skews[j - 1]):
                continue
            rows[j:] = states + parts * (len(centres) - 1)
            centres.append(means[j])
            widths.append(np.sqrt(scales[j] ** 2 + variances[j]))
            bends.append(np.full(parts, skews[j]))
        centre, width, bend = (np.concatenate(each)[:, None] for each in (centres, widths, bends))
        share = (1 - fraction) / self.cell.size
        out = _density(z + self.cell[0], centre, width, bend, model.tail, share)
        for place in self.cell[1:]:
            out += _density(z + place, centre, width, bend, model.tail, share)
        out += floor
        return out, rows

    def copied(self) -> tuple[Floats, ...]:
        """Return the metastates as they are now."""
        return tuple(part.copy() for part in (self.weight, *self.state))

    def at(self, copied: tuple[Floats, ...]) -> None:
        """Go back to metastates that were copied."""
        for part, value in zip((self.weight, *self.state), copied, strict=True):
            part[:] = value


def _density(
    z: Floats, centre: Floats, scale: Floats, skew: Floats, tail: Floats, weight: float
) -> Floats:
    """Return ``weight`` times the two-piece Student density of mean ``centre``."""
    inverse, shift, norm = tail
    out = z - centre
    out *= 1 / scale
    if skew.any():
        out += 2 * skew * shift
        out /= np.where(out > 0, 1 + skew, 1 - skew)
    out *= out
    if inverse < SMALLEST_TAIL:
        out *= -0.5
    else:
        out *= inverse
        np.log1p(out, out=out)
        out *= -0.5 * (1 / inverse + 1)
    np.exp(out, out=out)
    out *= weight * norm / scale
    return out


def gains(readings: Readings, z: Floats, model: Model) -> Floats:
    """Return the log-likelihood that each reading adds.

    Parameters
    ----------
    readings, z
        The trace, and its signal less baseline.
    model
        Parameters.
    """
    out = np.empty(z.size)
    _Filter(readings, model).through(z, readings.kinds, out)
    return out


def expectation(readings: Readings, z: Floats, model: Model) -> Expectation:
    """Return what all readings say of the states, in linear time and memory."""
    parts = [found for _, found in expectations(readings, z, model)][::-1]
    return Expectation(
        np.concatenate([part.occupied for part in parts]),
        np.concatenate([part.response for part in parts]),
        np.concatenate([part.inlier for part in parts]),
        sum(part.log_likelihood for part in reversed(parts)),
    )


def expectations(
    readings: Readings, z: Floats, model: Model
) -> Iterator[tuple[slice, Expectation]]:
    """Yield what all readings say of the states in each stretch, from the last to the first."""
    k, last = model.layout.states, np.empty(0)
    for chunk in _chunks(readings, z, model):
        if chunk.is_last:
            last = chunk.filter.weight.copy()
        n = chunk.into[0].shape[0]
        high = np.empty((n, max(k - 1, 1)), np.float32)
        response, inlier = np.empty(n), np.empty(n, np.float32)
        kernels.smooth(*chunk.into, k, last, high, response, inlier)
        yield chunk.part, Expectation(high, response, inlier, chunk.log_likelihood)


def most_probable_states(readings: Readings, z: Floats, model: Model) -> NDArray[np.uint8]:
    """Return the most probable path (Viterbi), 0 for the lowest level."""
    k, size = model.layout.states, model.layout.states**model.depth
    came = np.zeros((z.size, size), np.uint8)
    states = np.empty(z.size, np.uint8)
    run, best = _Filter(readings, model), np.zeros(size)
    for first in range(0, z.size, CHUNK):
        part = slice(first, first + CHUNK)
        filtered = run.weight.copy()
        into = _storage(z[part].size, size, k)
        run.through(z[part], readings.kinds[part], np.empty(z[part].size), into)
        kernels.best_forward(into[0], filtered, best, came[part])
    kernels.best_backward(came, k, int(best.argmax()), states)
    return states


def sample_path(readings: Readings, z: Floats, model: Model, seed: int) -> NDArray[np.uint8]:
    """Return a path of states sampled from those that the readings allow."""
    rng = np.random.default_rng(seed)
    states = np.empty(z.size, np.uint8)
    state = -1
    for chunk in _chunks(readings, z, model):
        if chunk.is_last:
            state = int(rng.choice(chunk.filter.weight.size, p=chunk.filter.weight))
        out = states[chunk.part]
        uniform = rng.random(out.size)
        state = kernels.sample_backward(chunk.into[0], model.layout.states, state, uniform, out)
    return states


@dataclass(frozen=True, eq=False)
class _Chunk:
    part: slice
    filter: _Filter
    into: tuple[Floats, ...]
    log_likelihood: float
    is_last: bool


def _chunks(readings: Readings, z: Floats, model: Model) -> Iterator[_Chunk]:
    """Yield filtered stretches from the last to the first."""
    run, entered = _Filter(readings, model), []
    firsts = range(0, z.size, CHUNK)
    for first in firsts:
        entered.append(run.copied())
        if first != firsts[-1]:
            part = slice(first, first + CHUNK)
            run.through(z[part], readings.kinds[part], np.empty(z[part].size))
    size = run.weight.size
    for first, before in zip(reversed(firsts), reversed(entered), strict=True):
        part = slice(first, first + CHUNK)
        run.at(before)
        into = _storage(z[part].size, size, model.layout.states)
        gained = np.empty(z[part].size)
        run.through(z[part], readings.kinds[part], gained, into)
        yield _Chunk(part, run, into, float(gained.sum()), first == firsts[-1])


def _storage(readings: int, size: int, states: int) -> tuple[Floats, ...]:
    return (
        np.empty((readings, size, states)),
        np.empty((readings, size)),
        np.empty((readings, size)),
    )

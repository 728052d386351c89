"""Dwell times of states that simulated motion visits rarely, by splitting trajectories.

Every trajectory is labelled by the well whose core it was in last.  On each step of the energy, and
for each label, as many are kept as on any other, each with a weight; they are copied and dropped at
random so that weights are right on average (G. A. Huber and S. Kim, Biophys. J. 70, 97 (1996),
doi:10.1016/S0006-3495(96)79552-8).  One that reaches the other core counts as flux, and goes on
where others come back from there (a steady state in which both labels weigh 1).  With k the flux of
a label and f the weight of it on the up side,

    P_up/P_down = (f_0/k_0 + f_1/k_1)/((1 - f_0)/k_0 + (1 - f_1)/k_1),

an identity for any two cores.  The relaxation rate λ1 is that with which the occupancy of the
state that is left faster decays, followed without splitting; 1/τ_up + 1/τ_down = λ1 and
τ_up/τ_down = P_up/P_down then give both times, as the exact ones are defined, by nothing but the
equation of motion.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.dynamics.macrospin.driven import DrivenMacrospin
from smtj.dynamics.macrospin.simulate import final_state
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.magnetics.frame import along, frame
from smtj.physics.magnetics.wells import energy, find_wells
from smtj.typing import Floats

WIDTH = 0.4
"""Steps of the energy in k_B T uphill."""
DOWNHILL = 2.0
"""Those beyond the saddle."""
CORE = 1.0
"""Energy in k_B T above the bottom of a well up to which a direction is in its core."""
REPLICAS, PER_STEP = 16, 8
"""Independent ensembles, and trajectories on a step of each."""
LOOKS, APART = 32, 0.9
POOL = 4096
"""Latest directions at which a core was entered."""

Move = Callable[[Floats, float], Floats]
"""Directions after a time in s."""


class Landscape(NamedTuple):
    """Energies in k_B T and sides of a macrospin's two wells; 0 is up, 1 down."""

    energy: Callable[[Floats], Floats]
    side: Callable[[Floats], NDArray[np.int64]]
    bottoms: Floats
    """Directions, shape (2, 3)."""
    depths: Floats
    """Energies there, shape (2,)."""
    top: float
    """Energy of the saddle."""

    def core(self, m: Floats) -> NDArray[np.int64]:
        """Number of the well in whose core a direction is, -1 outside both."""
        side = self.side(m)
        return np.where(self.energy(m) < self.depths[side] + CORE, side, -1)

    def step(self, m: Floats, label: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the step of trajectories with a label."""
        u = np.minimum(self.energy(m), self.top)
        up = (u - self.depths[label]) // WIDTH
        return np.where(self.side(m) == label, up, 100 + (self.top - u) // DOWNHILL).astype(int)


def landscape(system: DrivenMacrospin) -> Landscape:
    """Return the landscape of a macrospin's energy without the torque."""
    spin, field = system.spin, tuple(float(np.asarray(part)) for part in system.field)
    wells, axes = find_wells(spin, *field), frame(spin)
    scale = VACUUM_PERMEABILITY * float(spin.moment) / (BOLTZMANN * float(spin.temperature))

    def of(m: Floats) -> Floats:
        return scale * np.asarray(energy(spin, m, *field))

    def side(m: Floats) -> NDArray[np.int64]:
        return (along(axes.easy, *np.moveaxis(m, -1, 0)) < 0).astype(int)

    around = np.linspace(0, 2 * np.pi, 721)[:, None]
    across, hard = (np.array([float(part) for part in axis]) for axis in (axes.across, axes.hard))
    bottoms = np.stack([wells.up, wells.down])
    ring = np.cos(around) * across + np.sin(around) * hard
    return Landscape(of, side, bottoms, of(bottoms), float(of(ring).min()))


def mover(system: DrivenMacrospin, seed: int) -> Move:
    """Return the motion of trajectories; every call has other random numbers."""
    calls = iter(range(1 << 31))

    def move(m: Floats, duration: float) -> Floats:
        number = (seed << 31) + next(calls)
        end = final_state(system, m, duration, len(m), number, dtype=np.float32).astype(float)
        # Single precision leaves the sphere by rounding.
        return np.asarray(end / np.linalg.norm(end, axis=1, keepdims=True))

    return move


class Passages(NamedTuple):
    """What an ensemble found; shape (2, replicas), by label."""

    flux: Floats
    """k in 1/s."""
    up: Floats
    """Mean weight on the up side."""
    entries: tuple[Floats, Floats]
    """Where the cores were entered, shape (n, 3) each."""

    def odds(self) -> Floats:
        """P_up/P_down of every replica left out in turn; the last entry is that of all."""

        def of(keep: NDArray[np.bool_]) -> float:
            k, f = self.flux[:, keep].mean(axis=1), self.up[:, keep].mean(axis=1)
            return float((f / k).sum() / ((1 - f) / k).sum())

        return np.array([of(keep) for keep in _left_out(self.flux.shape[1])])

    def rates(self) -> Floats:
        """k_0 + k_1, likewise."""
        return np.array([self.flux[:, k].mean(axis=1).sum() for k in _left_out(self.flux.shape[1])])


def _left_out(replicas: int) -> NDArray[np.bool_]:
    return np.concatenate([~np.eye(replicas, dtype=bool), np.ones((1, replicas), dtype=bool)])


def jackknife(values: Floats) -> float:
    """Standard error of the last entry from those with one replica left out."""
    without = values[:-1]
    n = len(without)
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))


def split_passages(
    move: Move,
    land: Landscape,
    resampling: float,
    burn_in: int,
    rounds: tuple[int, int],
    tolerance: float,
    seed: int,
) -> Passages:
    """Follow a weighted ensemble of both labels, resampled at an interval in s.

    It ends when the error of ln(P_up/P_down) is below the tolerance, looked at after every
    ``rounds[0]`` intervals, or after ``rounds[1]``.
    """
    rng = np.random.default_rng(seed)
    groups = 2 * REPLICAS
    m = np.repeat(land.bottoms[np.arange(groups) % 2], PER_STEP, axis=0)
    group = np.repeat(np.arange(groups), PER_STEP)
    weight = np.full(len(m), 1 / PER_STEP)
    pools = [bottom[None] for bottom in land.bottoms]
    flux, up = np.zeros(groups), np.zeros(groups)
    for number in range(-burn_in, rounds[1]):
        m = move(m, resampling)
        label = group % 2
        there = land.core(m) == 1 - label
        if number >= 0:
            flux += np.bincount(group[there], weight[there], groups)
            up += np.bincount(group, weight * (land.side(m) == 0), groups)
        for which in (0, 1):
            left = np.flatnonzero(there & (label == which))
            if left.size:
                pools[1 - which] = np.concatenate([pools[1 - which], m[left]])[-POOL:]
                m[left] = pools[which][rng.integers(len(pools[which]), size=left.size)]
        keys = group * 1000 + land.step(m, label)
        chosen, weight = resampled(keys, weight, PER_STEP, rng)
        m, group = m[chosen], group[chosen]
        seen = number + 1
        if seen > 0 and seen % rounds[0] == 0:
            means = (flux / (seen * resampling), up / seen)
            found = Passages(*(entry.reshape(-1, 2).T for entry in means), (pools[0], pools[1]))
            if jackknife(np.log(found.odds())) < tolerance:
                break
    return found


def resampled(
    keys: NDArray[np.int64], weights: Floats, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Return the numbers of ``count`` trajectories of each key, and their weights.

    They are drawn systematically in proportion to their weights, so that every weight is right on
    average, and that of a key exactly.
    """
    order = np.argsort(keys, kind="stable")
    _, first, group = np.unique(keys[order], return_index=True, return_inverse=True)
    last = np.append(first[1:], len(order)) - 1
    sums = np.add.reduceat(weights[order], first)
    share = weights[order] / sums[group]
    running = np.cumsum(share)
    before = (running - share)[first][group]
    # Each key has its own unit interval.
    ends = group + np.minimum(running - before, 1.0)
    ends[last] = np.arange(len(first)) + 1.0
    points = (
        np.arange(len(first))[:, None] + (np.arange(count) + rng.random((len(first), 1))) / count
    )
    chosen = np.searchsorted(ends, points.ravel(), side="right")
    return order[np.minimum(chosen, np.repeat(last, count))], np.repeat(sums / count, count)


def followed(
    move: Move, land: Landscape, about: float, size: int
) -> tuple[float, float, float, float]:
    """λ1 in 1/s with its relative error, and ln(P_up/P_down) with its error, without splitting.

    From the occupancy and its correlation at one and two intervals of 0.9 relaxation times, after
    which faster modes are gone; ``about`` is about λ1 and decides on the interval alone.
    """
    m, looks = move(np.repeat(land.bottoms, size // 2, axis=0), 5 / about), []
    for _ in range(LOOKS):
        m = move(m, APART / about)
        looks.append(land.side(m) == 0)
    up = np.array(looks, dtype=float)

    def estimate(chosen: Floats) -> tuple[float, float]:
        p = float(chosen.mean())
        away = chosen - p
        near, far = ((away[k:] * away[:-k]).mean() for k in (1, 2))
        return float(np.log(near / far)) * about / APART, float(np.log(p / (1 - p)))

    groups = np.array_split(np.arange(size), REPLICAS)
    values = np.array([*(estimate(np.delete(up, g, axis=1)) for g in groups), estimate(up)])
    rate, odds = values[-1]
    return float(rate), jackknife(values[:, 0]) / float(rate), float(odds), jackknife(values[:, 1])


def relaxation_rate(
    move: Move,
    land: Landscape,
    entries: Floats,
    occupied: float,
    rate: float,
    settling: float,
    size: int,
    seed: int,
) -> tuple[float, float]:
    """λ1 in 1/s and its relative error, from the decay of an occupancy that begins with 1.

    ``entries`` are directions in the core of the state, ``occupied`` its occupancy in the end,
    ``rate`` about λ1 and ``settling`` a time in s within which a well comes to rest.  It is looked
    at after five of these and a tenth of a relaxation time, and again 1.6 relaxation times later.
    """
    rng = np.random.default_rng(seed)
    m = entries[rng.integers(len(entries), size=size)]
    which = int(land.side(m[:1])[0])
    early, late = 5 * settling + 0.1 / rate, 1.6 / rate
    m = move(m, early)
    first = (land.side(m) == which).astype(float)
    second = (land.side(move(m, late)) == which).astype(float)
    a, b = first.mean() - occupied, second.mean() - occupied
    found = -np.log(b / a) / late
    spread = np.std(second / b - first / a) / np.sqrt(size)
    return float(found), float(spread / late / found)

"""The search for the cheapest reads: voltage, time, bit errors, reads, interval and barrier.

The barrier is changed by the activation volume: another device of the same stack.  Wells and
resistances stay, and in both switching models the slope w goes with the barrier, so a lower
barrier needs fields larger by as much for the same P(high).  The fields are scaled that way,
beyond the range of the card's coupling: the network computes the same, and the coupling pays, as
far as its driver reaches.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj import plot
from smtj.card import CardLike, as_device
from smtj.energy.assumptions import Assumptions
from smtj.energy.costs import (
    COUPLING_NAMES,
    COUPLINGS,
    Cost,
    Coupling,
    cost,
    density,
    described_reads,
    joules,
    seconds,
)
from smtj.energy.plans import ReadPlan, gated_plan, relaxation_time
from smtj.energy.workloads import WorkloadLike, workload
from smtj.physics.device import vcma_point, with_stability_factor
from smtj.tables import Table, Tabular
from smtj.typing import Floats

if TYPE_CHECKING:
    import pandas as pd

BARRIERS = 14
VOLTAGES = np.geomspace(1e-3, 0.2, 20)
"""Read voltages in V."""
TIMES = np.geomspace(1, 1e4, 17)
"""Integration times, over the shortest that circuits allow."""
ERRORS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1)
READS = tuple(range(1, 33))
INTERVALS = (0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0)
"""From read to read, in relaxation times."""
LEAST_ACCURACY = 0.5
"""Accuracy below which points are left out."""


@dataclass(frozen=True, repr=False)
class Point(Tabular):
    """One way to read one device, and what it costs."""

    coupling: Coupling
    barrier: float
    """E_b/k_BT."""
    voltage: float
    """Read voltage in V."""
    reads: int
    integration_time: float
    """Of a read in s."""
    interval: float
    """From read to read in s."""
    amplifier_noise: float
    """e_n in V/√Hz."""
    error_rate: float
    """Bit error rate."""
    accuracy: float
    energy: float
    """Of all neurons for one input, in J."""
    latency: float
    """In s."""
    parts: dict[str, float]
    """Energy by the part that spends it, in J."""
    power_density: float
    """In W/m²."""
    exceeded: tuple[str, ...] = ()
    """Limits of the drivers that it exceeds; empty if it can be built."""

    @property
    def dominant(self) -> str:
        """The part that spends most."""
        return max(self.parts, key=lambda name: self.parts[name])

    def described(self) -> dict[str, str]:
        """Return what a person reads, by name."""
        time = self.integration_time
        plan = ReadPlan(self.reads, self.voltage, self.interval, time, time, self.amplifier_noise)
        return {
            **described_reads(self.barrier, plan, self.error_rate),
            "accuracy": f"{100 * self.accuracy:.2f} %",
            **{name: joules(energy) for name, energy in self.parts.items()},
            f"sum, {self.coupling}": joules(self.energy),
            "latency": seconds(self.latency),
            f"power density, {self.coupling}": density(self.power_density),
        }

    def table(self) -> Table:
        """Return how the device is read and what each part spends."""
        title = f"Reads driven by {COUPLING_NAMES[self.coupling]}"
        return Table(title, ("quantity", "value"), [list(row) for row in self.described().items()])

    def to_dict(self) -> dict[str, Any]:
        """Return every field, in SI units."""
        return asdict(self)


@dataclass(frozen=True, repr=False)
class Search(Tabular):
    """The best of everything that was tried with one coupling."""

    coupling: Coupling
    points: list[Point]
    """The Pareto front in accuracy, energy and latency, cheapest first."""
    tried: int
    possible: int
    """Of those, which keep all limits."""
    beyond: list[Point] = field(default_factory=list)
    """The front without the limits of the drivers."""

    def cheapest(self, accuracy: float, beyond: bool = False) -> Point | None:
        """Return the cheapest point that is at least that accurate, or None.

        ``beyond`` disregards the limits of the drivers; the point names those that it exceeds.
        """
        tried = self.beyond if beyond else self.points
        good = [point for point in tried if point.accuracy >= accuracy]
        return min(good, key=lambda point: (point.energy, point.latency), default=None)

    def table(self) -> Table:
        """Return the cheapest point of every whole per cent of accuracy."""
        best: dict[int, Point] = {}
        for point in self.points:
            best.setdefault(int(100 * point.accuracy), point)
        head = ("accuracy", "energy", "latency", "stability factor", "read voltage", "reads")
        rows = [
            [f"{100 * p.accuracy:.1f} %", joules(p.energy), seconds(p.latency)]
            + [p.described()[name] for name in head[3:]]
            for _, p in sorted(best.items(), reverse=True)
        ]
        title = f"Cheapest reads driven by {COUPLING_NAMES[self.coupling]}"
        note = f"{self.possible:,} of {self.tried:,} tried can be built"
        return Table(title, head, rows, [note])

    def plot(self, ax: Any = None) -> Any:
        """Plot accuracy against energy."""
        with plot.axes(ax) as axes:
            energy, accuracy = (
                [getattr(p, n) for p in self.points] for n in ("energy", "accuracy")
            )
            axes.plot(energy, 100 * np.array(accuracy), ".", label=COUPLING_NAMES[self.coupling])
            axes.set_xscale("log")
            axes.set_xlabel("Energy of all neurons per input (J)")
            axes.set_ylabel("Accuracy (%)")
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return the points and how many were tried."""
        points = [point.to_dict() for point in self.points]
        return {
            "coupling": self.coupling,
            "points": points,
            "tried": self.tried,
            "possible": self.possible,
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row per point, in SI units."""
        import pandas as pd

        return pd.json_normalize([point.to_dict() for point in self.points], sep=", ")


def barriers(card: CardLike, assumptions: Assumptions | None = None) -> Floats:
    """Return stability factors from the smallest that is assumed to the card's own, included."""
    own = float(vcma_point(as_device(card)).stability_factor)
    least = float((assumptions or Assumptions()).smallest_barrier)
    return np.array([own]) if own <= least else np.linspace(least, own, BARRIERS)


def search(
    network: WorkloadLike,
    card: CardLike,
    accuracy: Callable[[Any, Any], Floats],
    *,
    assumptions: Assumptions | None = None,
    stability_factors: Sequence[float] | Floats | None = None,
    voltages: Sequence[float] | Floats = VOLTAGES,
    times: Sequence[float] | Floats = TIMES,
    errors: Sequence[float] = ERRORS,
    reads: Sequence[int] = READS,
    intervals: Sequence[float] = INTERVALS,
) -> dict[Coupling, Search]:
    """Try every stability factor, voltage, time, bit error rate, number of reads and interval.

    Both couplings are searched.  Reads are those of :func:`smtj.energy.gated_plan`: an amplifier is
    as noisy as the bit error rate allows.  What :attr:`smtj.energy.Cost.possible` rejects is left
    out, and so is what exceeds the limits of the drivers, except in :attr:`Search.beyond`.

    Parameters
    ----------
    network, card, assumptions
        As in :func:`smtj.energy.cost`.
    accuracy
        Function of N_eff and the bit error rate, e.g. :meth:`smtj.energy.accuracy.Accuracy.at`.
    stability_factors
        E_b/k_BT.  Default: those of :func:`barriers`.
    voltages, times, errors, reads, intervals
        Read voltages in V, integration times over the shortest that circuits allow, bit error
        rates, N, and intervals in relaxation times; voltages beyond the card's limit are left out.
    """
    card, assumed = as_device(card), assumptions or Assumptions()
    work = workload(network, assumed)
    limit = card.voltage_limit * (1 + 1e-12)
    volts = np.array([v for v in np.asarray(voltages, dtype=np.float64) if abs(v) <= limit])
    lasting = float(assumed.shortest_read) * np.asarray(times, dtype=np.float64)
    chosen = [
        float(d)
        for d in (barriers(card, assumed) if stability_factors is None else stability_factors)
    ]
    fronts: dict[Coupling, list[dict[str, Floats]]] = {c: [] for c in COUPLINGS}
    limits: dict[Coupling, list[tuple[str, ...]]] = {c: [] for c in COUPLINGS}
    built, tried = dict.fromkeys(COUPLINGS, 0), 0
    for delta in chosen:
        device = with_stability_factor(card, delta)
        fits = lasting <= float(assumed.longest_read) * relaxation_time(device) * 1.5
        if not fits.any():
            continue
        axes = (volts, lasting[fits], np.array(errors), np.array(intervals))
        voltage, time, error, apart = np.ix_(*axes)
        one = gated_plan(device, voltage, 1, error, time, apart, assumed)
        chosen_reads = _cheapest_reads(cost(work, device, one, assumptions=assumed), error)
        plan = replace(chosen_reads, reads=np.array(reads))
        found = cost(work, device, plan, assumptions=assumed)
        reached = accuracy(found.effective_reads, found.error_rate)
        tried += math.prod(map(len, axes)) * len(reads)
        kept = found.possible & (reached >= LEAST_ACCURACY)
        for coupling in COUPLINGS:
            over = [limit for limit in found.drive_limits(coupling) if not np.all(limit.kept)]
            built[coupling] += 0 if over else int(found.possible.sum())
            fronts[coupling].append(_front(_columns(found, delta, reached, coupling, kept)))
            limits[coupling].append(tuple(limit.described() for limit in over))
    return {
        coupling: Search(
            coupling,
            _points(coupling, fronts[coupling], limits[coupling], within=True),
            tried,
            built[coupling],
            _points(coupling, fronts[coupling], limits[coupling], within=False),
        )
        for coupling in COUPLINGS
    }


def _cheapest_reads(found: Cost, rate: Floats) -> ReadPlan:
    """Return the voltage and time of the cheapest single read for each error rate and interval.

    More reads, waiting and driving cost the same whatever these are.  Entries of the plan have
    shape (rates and intervals, 1); where no read is possible, an impossible one stays.
    """
    parts = [found.junction, found.source, found.amplifier, found.comparator, found.counter]
    energy = np.where(found.possible & (found.error_rate <= rate * (1 + 1e-6)), sum(parts), np.inf)
    shape, ways = energy.shape, energy.shape[0] * energy.shape[1]
    best = energy.reshape(ways, -1).argmin(axis=0)

    def chosen(value: ArrayLike) -> Floats:
        every = np.broadcast_to(np.asarray(value, dtype=np.float64), shape).reshape(ways, -1)
        return np.asarray(np.take_along_axis(every, best[None], axis=0).T)

    return ReadPlan(**{name: chosen(value) for name, value in vars(found.plan).items()})


def _points(
    coupling: Coupling,
    fronts: list[dict[str, Floats]],
    limits: list[tuple[str, ...]],
    within: bool,
) -> list[Point]:
    """Return the front of all devices, or of those that keep the limits, cheapest first."""
    used = [i for i, over in enumerate(limits) if not (within and over)]
    if not used:
        return []
    sizes = [len(fronts[i]["energy"]) for i in used]
    joined = {name: np.concatenate([fronts[i][name] for i in used]) for name in fronts[used[0]]} | {
        "device": np.repeat(np.array(used, dtype=np.float64), sizes)
    }
    points = []
    joined = _front(joined)
    for index in range(len(joined["energy"])):
        row = {name: float(values[index]) for name, values in joined.items()}
        parts = {name[5:]: row.pop(name) for name in list(row) if name.startswith("part ")}
        reads, over = round(row.pop("reads")), limits[round(row.pop("device"))]
        points.append(Point(coupling, **row, reads=reads, parts=parts, exceeded=over))
    return sorted(points, key=lambda point: point.energy)


def _front(columns: dict[str, Floats]) -> dict[str, Floats]:
    """Return the rows that no other row beats in accuracy, energy and latency."""
    beaten = non_dominated(
        np.stack([-columns["accuracy"], columns["energy"], columns["latency"]], axis=1)
    )
    return {name: values[beaten] for name, values in columns.items()}


def non_dominated(costs: Floats) -> NDArray[np.intp]:
    """Return the indices of the rows that no other row beats.

    A row beats another if it is nowhere larger and somewhere smaller; equal rows all stay.

    Parameters
    ----------
    costs
        Shape (points, objectives), all to be minimised.
    """
    order = np.lexsort(costs.T[::-1])
    rows, index = costs[order], 0
    # In this order no later row beats an earlier one, so each is settled when it is reached.
    while index < len(rows):
        beaten = (rows >= rows[index]).all(axis=1) & (rows > rows[index]).any(axis=1)
        rows, order = rows[~beaten], order[~beaten]
        index += 1
    return np.sort(order)


def _columns(
    found: Cost, delta: float, reached: Floats, coupling: Coupling, kept: NDArray[np.bool_]
) -> dict[str, Floats]:
    """Return the points of one device that are kept, flattened."""
    shape, plan = found.latency.shape, found.plan
    columns = {
        "barrier": np.full(shape, delta),
        "voltage": plan.voltage,
        "reads": plan.reads,
        "integration_time": plan.integration_time,
        "interval": plan.interval,
        "amplifier_noise": plan.amplifier_noise,
        "error_rate": found.error_rate,
        "accuracy": reached,
        "energy": found.neurons(coupling),
        "latency": found.latency,
        "power_density": found.power_density(coupling),
        **{f"part {name}": part for name, part in found.parts(coupling).items()},
    }
    return {
        name: np.broadcast_to(np.asarray(values, dtype=np.float64), shape)[kept]
        for name, values in columns.items()
    }

"""The search for the cheapest reads: voltage, bit errors, amplifier, reads and stability factor.

The barrier is changed by the activation volume: another device of the same stack.  Wells and
resistances stay, and in both switching models the slope w goes with the barrier, so a lower
barrier needs fields larger by as much for the same P(high).  The fields are scaled that way,
beyond the range of the card's coupling: the network computes the same, and the coupling pays.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtj import plot
from smtj.card import CardLike, as_device
from smtj.energy.assumptions import Assumptions
from smtj.energy.costs import (
    COUPLING_NAMES,
    COUPLINGS,
    Cost,
    Coupling,
    ReadPlan,
    cost,
    density,
    described_reads,
    gated_plan,
    joules,
    seconds,
)
from smtj.energy.workloads import WorkloadLike, workload
from smtj.physics.device import vcma_point, with_stability_factor
from smtj.tables import Table, Tabular
from smtj.typing import Floats

if TYPE_CHECKING:
    import pandas as pd

MIN_BARRIER = 5.0
"""Smallest stability factor; below it Néel-Brown with a fixed τ0 is meaningless."""
BARRIERS = 14
VOLTAGES = np.geomspace(1e-3, 0.2, 24)
"""Read voltages in V."""
ERRORS = (1e-4, 1e-3, 1e-2, 3e-2, 0.1)
NOISIER = (1, 2, 4, 8)
"""Factors by which an amplifier may be noisier than assumed, to need less power."""
READS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128)


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

    def cheapest(self, accuracy: float) -> Point | None:
        """Return the cheapest point that is at least that accurate, or None."""
        good = [point for point in self.points if point.accuracy >= accuracy]
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
        note = f"{self.possible:,} of {self.tried:,} tried are possible"
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


def barriers(card: CardLike) -> Floats:
    """Return stability factors from :data:`MIN_BARRIER` to the card's own, included."""
    own = float(vcma_point(as_device(card)).stability_factor)
    if own <= MIN_BARRIER:
        return np.array([own])
    return np.linspace(MIN_BARRIER, own, BARRIERS)


def search(
    network: WorkloadLike,
    card: CardLike,
    accuracy: Callable[[Any, Any], Floats],
    *,
    assumptions: Assumptions | None = None,
    stability_factors: Sequence[float] | Floats | None = None,
    voltages: Sequence[float] | Floats = VOLTAGES,
    errors: Sequence[float] = ERRORS,
    reads: Sequence[int] = READS,
) -> dict[Coupling, Search]:
    """Try every stability factor, read voltage, bit error rate, amplifier and number of reads.

    Both couplings are searched.  Reads are those of :func:`smtj.energy.gated_plan`, with amplifiers
    up to :data:`NOISIER` than assumed.  What :meth:`smtj.energy.Cost.possible` rejects is left out.

    Parameters
    ----------
    network, card, assumptions
        As in :func:`smtj.energy.cost`.
    accuracy
        Function of N_eff and the bit error rate, e.g. :meth:`smtj.energy.accuracy.Accuracy.at`.
    stability_factors
        E_b/k_BT.  Default: those of :func:`barriers`.
    voltages, errors, reads
        Read voltages in V, bit error rates, and N; voltages beyond the card's limit are left out.
    """
    card, assumed = as_device(card), assumptions or Assumptions()
    work = workload(network, assumed)
    limit = card.voltage_limit * (1 + 1e-12)
    volts = np.array([v for v in np.asarray(voltages, dtype=np.float64) if abs(v) <= limit])
    quiet = float(assumed.amplifier_noise) * np.array(NOISIER)
    voltage, error, noise, count = np.ix_(volts, np.array(errors), quiet, np.array(reads))
    chosen = [
        float(d) for d in (barriers(card) if stability_factors is None else stability_factors)
    ]
    costs = []
    for delta in chosen:
        device = with_stability_factor(card, delta)
        plan = gated_plan(device, voltage, count, error, noise, assumed)
        costs.append(cost(work, device, plan, assumptions=assumed))
    accuracies = [accuracy(c.effective_reads, c.error_rate) for c in costs]
    tried = sum(found.latency.size for found in costs)
    return {
        coupling: _front(
            coupling,
            [
                _columns(found, delta, reached, coupling, assumed)
                for delta, found, reached in zip(chosen, costs, accuracies, strict=True)
            ],
            tried,
        )
        for coupling in COUPLINGS
    }


def _front(coupling: Coupling, columns: list[dict[str, Floats]], tried: int) -> Search:
    """Return the front of everything possible."""
    joined = {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}
    front = non_dominated(
        np.stack([-joined["accuracy"], joined["energy"], joined["latency"]], axis=1)
    )
    points = []
    for index in front:
        row = {name: float(values[index]) for name, values in joined.items()}
        parts = {name[5:]: row.pop(name) for name in list(row) if name.startswith("part ")}
        reads = round(row.pop("reads"))
        points.append(Point(coupling, **row, reads=reads, parts=parts))
    points.sort(key=lambda point: point.energy)
    return Search(coupling, points, tried, joined["energy"].size)


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
    found: Cost, delta: float, reached: Floats, coupling: Coupling, assumed: Assumptions
) -> dict[str, Floats]:
    """Return the possible points of one device, flattened."""
    shape, possible, plan = found.latency.shape, found.possible(assumed), found.plan
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
        name: np.broadcast_to(np.asarray(values, dtype=np.float64), shape)[possible]
        for name, values in columns.items()
    }

"""The search for the cheapest reads: voltage, bit errors, amplifier, reads and barrier height.

The barrier is changed by the activation volume: another device of the same stack.  Wells and
resistances stay as they are, and the slope w goes with the barrier in both switching models, so
that a lower barrier needs fields larger by as much for the same P(high).  The fields are scaled
that way, beyond the range that the card's coupling has, so that the network computes the same and
the coupling pays for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtj.card import DeviceCard
from smtj.energy.assumptions import Assumptions
from smtj.energy.costs import COUPLINGS, Cost, Coupling, Workload, cost, gated_scheme
from smtj.physics.device import operating_point, with_stability_factor
from smtj.typing import Floats

MIN_BARRIER = 5.0
"""In k_BT; below it the Néel-Brown law with its τ0 says nothing of use."""
BARRIERS = 14
VOLTAGES = np.geomspace(1e-3, 0.2, 24)
"""Read voltages in V."""
ERRORS = (1e-4, 1e-3, 1e-2, 3e-2, 0.1)
NOISIER = (1, 2, 4, 8)
"""How much noisier than the table's an amplifier may be, to need less power."""
READS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128)


@dataclass(frozen=True)
class Point:
    """One way to read one device, and what it costs."""

    barrier: float
    """E_b/k_BT."""
    voltage: float
    """Read voltage in V."""
    reads: int
    duration: float
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


@dataclass(frozen=True)
class Search:
    """Everything that was tried and is possible, in columns of equal length."""

    coupling: Coupling
    points: list[Point]
    """Those that no other beats in accuracy, energy and latency at once, cheapest first."""
    tried: int
    possible: int

    def cheapest(self, accuracy: float) -> Point | None:
        """The point of least energy that is at least that accurate; None where none is."""
        good = [point for point in self.points if point.accuracy >= accuracy]
        return min(good, key=lambda point: (point.energy, point.latency), default=None)


def barriers(card: DeviceCard) -> Floats:
    """Barriers in k_BT from :data:`MIN_BARRIER` to the card's own, which is among them."""
    own = float(operating_point(card).stability_factor)
    if own <= MIN_BARRIER:
        return np.array([own])
    return np.linspace(MIN_BARRIER, own, BARRIERS)


def search(
    card: DeviceCard,
    work: Workload,
    table: Assumptions,
    accuracy: Callable[[Any, Any], Floats],
    *,
    stability_factors: Sequence[float] | Floats | None = None,
    voltages: Sequence[float] | Floats = VOLTAGES,
    errors: Sequence[float] = ERRORS,
    reads: Sequence[int] = READS,
) -> dict[Coupling, Search]:
    """Try every barrier, read voltage, bit error rate, amplifier and number of reads.

    Both couplings are searched.  Reads last as long as their bit error rate needs, and follow each
    other after three relaxation times.  An amplifier may be noisier than the table's, by
    :data:`NOISIER`.  Left out is what :meth:`smtj.energy.cost.Cost.possible` calls impossible.

    Parameters
    ----------
    card
        The device.
    work
        What an inference asks of it.
    table
        Assumptions.
    accuracy
        Of N_eff and the bit error rate, e.g. :meth:`smtj.energy.accuracy.Accuracy.at`.
    stability_factors
        E_b/k_BT; by default those of :func:`barriers`.
    voltages, errors, reads
        Read voltages in V, bit error rates, and N; a voltage beyond the card's limit is left out.
    """
    limit = float(card.switching.voltage_limit) * (1 + 1e-12)
    volts = np.array([v for v in np.asarray(voltages, dtype=np.float64) if abs(v) <= limit])
    quiet = float(table.amplifier_noise) * np.array(NOISIER)
    voltage, error, noise, count = np.ix_(volts, np.array(errors), quiet, np.array(reads))
    chosen = barriers(card) if stability_factors is None else stability_factors
    costs = []
    for delta in chosen:
        device = with_stability_factor(card, float(delta))
        scheme = gated_scheme(device, table, voltage, count, error, noise)
        costs.append(cost(device, work, scheme, table))
    accuracies = [accuracy(c.effective_reads, c.error_rate) for c in costs]
    return {
        coupling: _search(
            coupling,
            [
                _columns(found, float(delta), reached, coupling, table)
                for delta, found, reached in zip(chosen, costs, accuracies, strict=True)
            ],
            sum(found.latency.size for found in costs),
        )
        for coupling in COUPLINGS
    }


def _search(coupling: Coupling, columns: list[dict[str, Floats]], tried: int) -> Search:
    """Return the front of all that is possible."""
    joined = {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}
    front = non_dominated(
        np.stack([-joined["accuracy"], joined["energy"], joined["latency"]], axis=1)
    )
    rows = sorted((_point(joined, int(i)) for i in front), key=lambda point: point.energy)
    return Search(coupling, rows, tried, joined["energy"].size)


def non_dominated(costs: Floats) -> NDArray[np.intp]:
    """Indices of the rows that no other row beats.

    A row beats another if it is nowhere larger and somewhere smaller; of equal rows all stay.

    Parameters
    ----------
    costs
        Shape (points, objectives), all to be small.
    """
    order = np.lexsort(costs.T[::-1])
    rows, index = costs[order], 0
    # In this order no row is beaten by a later one, so each is settled when it is reached.
    while index < len(rows):
        beaten = (rows >= rows[index]).all(axis=1) & (rows > rows[index]).any(axis=1)
        rows, order = rows[~beaten], order[~beaten]
        index += 1
    return np.sort(order)


def _columns(
    found: Cost,
    delta: float,
    reached: Floats,
    coupling: Coupling,
    table: Assumptions,
) -> dict[str, Floats]:
    """Return the possible points of one device, flattened."""
    shape, keep = found.latency.shape, found.possible(table)
    scheme = found.scheme
    columns = {
        "barrier": np.full(shape, delta),
        "voltage": scheme.voltage,
        "reads": scheme.reads,
        "duration": scheme.duration,
        "interval": scheme.interval,
        "amplifier_noise": scheme.amplifier_noise,
        "error_rate": found.error_rate,
        "accuracy": reached,
        "energy": found.neurons(coupling),
        "latency": found.latency,
        "power_density": found.power_density(coupling),
        **{f"part {name}": part for name, part in found.parts(coupling).items()},
    }
    return {
        name: np.broadcast_to(np.asarray(values, dtype=np.float64), shape)[keep]
        for name, values in columns.items()
    }


def _point(columns: dict[str, Floats], index: int) -> Point:
    row = {name: float(values[index]) for name, values in columns.items()}
    parts = {name[5:]: row.pop(name) for name in list(row) if name.startswith("part ")}
    reads = round(row.pop("reads"))
    return Point(**row, reads=reads, parts=parts)

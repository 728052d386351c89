"""What a card's neurons cost as the paper reads them, and as they are read best."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.energy.assumptions import Assumptions
from smtj.energy.costs import COUPLINGS, Cost, Coupling, Workload, card_scheme, cost, gated_scheme
from smtj.energy.pareto import Point, Search, search
from smtj.energy.published import PUBLISHED
from smtj.physics.device import operating_point
from smtj.physics.readout.back_action import voltage_limit

if TYPE_CHECKING:
    from smtj.energy.accuracy import Accuracy

SHARE = 0.98
"""Of the achievable accuracy that a scheme must reach."""
ERROR_RATE = 1e-3
"""Bit error rate of a read that is shown by itself."""
READS = 16
"""Reads where no network says how many are needed."""
COUNTS = np.arange(1, 257)
"""Reads among which the fewest are sought."""
VOLTAGES = np.geomspace(3e-4, 0.2, 60)


@dataclass(frozen=True)
class Survey:
    """A card's costs."""

    card: DeviceCard
    table: Assumptions
    work: Workload
    stated: Cost
    """The card's own scheme, its voltage on all the time: 1 mV and 120 ms in the paper."""
    gated: Cost
    """The same voltage, on only while a read lasts that errs once in a thousand."""
    curve: Cost
    """Such reads at :data:`VOLTAGES`."""
    continuous_limit: float
    """Largest read voltage in V that may be on all the time."""
    accuracy: "Accuracy | None"
    searches: dict[Coupling, Search]
    best: dict[Coupling, Point]
    """The cheapest that reach the target, by coupling; empty where none does."""

    @property
    def target(self) -> float | None:
        """The accuracy that is asked for."""
        return None if self.accuracy is None else SHARE * self.accuracy.achievable

    def accuracy_of(self, found: Cost) -> float | None:
        """Accuracy with the reads of a cost."""
        if self.accuracy is None:
            return None
        return float(self.accuracy.at(found.effective_reads, found.error_rate))


def survey(
    card: DeviceCard, table: Assumptions, work: Workload, accuracy: "Accuracy | None" = None
) -> Survey:
    """Cost a card as it says it is read, gated, and, where an accuracy is known, at its best.

    Parameters
    ----------
    card
        The device.
    table
        Assumptions.
    work
        What an inference asks of the devices.
    accuracy
        Of the network, from :func:`smtj.energy.accuracy.measure_accuracy`.

    Raises
    ------
    SmtjError
        The card has no barrier.
    """

    def stated(reads: ArrayLike) -> Cost:
        return cost(card, work, card_scheme(card, table, reads), table)

    def gated(reads: ArrayLike) -> Cost:
        voltage = float(card.electrical.read_voltage)
        return cost(card, work, gated_scheme(card, table, voltage, reads, ERROR_RATE), table)

    searches: dict[Coupling, Search] = {}
    best: dict[Coupling, Point] = {}
    if accuracy is not None:
        searches = search(card, work, table, accuracy.at)
        target = SHARE * accuracy.achievable
        cheapest = {coupling: tried.cheapest(target) for coupling, tried in searches.items()}
        best = {coupling: point for coupling, point in cheapest.items() if point is not None}
    return Survey(
        card=card,
        table=table,
        work=work,
        stated=stated(_reads_for(stated, accuracy)),
        gated=gated(_reads_for(gated, accuracy)),
        curve=cost(card, work, gated_scheme(card, table, VOLTAGES, READS, ERROR_RATE), table),
        continuous_limit=voltage_limit(card, float(table.largest_shift)),
        accuracy=accuracy,
        searches=searches,
        best=best,
    )


def _reads_for(costs: Callable[[ArrayLike], Cost], accuracy: "Accuracy | None") -> int:
    """Fewest reads of a scheme that reach the target; the most that are tried if none do."""
    if accuracy is None:
        return READS
    found = costs(COUNTS)
    reached = accuracy.at(found.effective_reads, found.error_rate)
    good = reached >= SHARE * accuracy.achievable
    return int(COUNTS[good.argmax()]) if good.any() else int(COUNTS[-1])


def as_record(found: Survey) -> dict[str, Any]:
    """A survey as JSON holds it; SI units, energies of all neurons for one input."""
    return {
        "card": found.card.name,
        "stability_factor": float(operating_point(found.card).stability_factor),
        "devices": list(found.work.devices),
        "synapses": found.work.synapses,
        "log_odds_spread": found.work.log_odds_spread,
        "accuracy_achievable": None if found.accuracy is None else found.accuracy.achievable,
        "accuracy_target": found.target,
        "accuracy_table": None
        if found.accuracy is None
        else {
            "reads": list(found.accuracy.reads),
            "bit_error_rate": list(found.accuracy.errors),
            "accuracy": found.accuracy.table.tolist(),
            "images": found.accuracy.images,
        },
        "as_stated": _cost_record(found, found.stated),
        "gated": _cost_record(found, found.gated),
        "best": {name: asdict(point) for name, point in found.best.items()},
        "front": {
            name: [asdict(point) for point in tried.points]
            for name, tried in found.searches.items()
        },
        "continuous_voltage_limit": found.continuous_limit,
        "assumptions": {
            name: {
                "value": quantity.text(value, 6),
                "provenance": value.provenance,
                "source": value.source,
                "what": quantity.doc,
            }
            for name, value, quantity in found.table.rows()
        },
        "published": [asdict(line) for line in PUBLISHED],
    }


def _cost_record(found: Survey, one: Cost) -> dict[str, Any]:
    scheme = one.scheme
    return {
        "reads": int(np.asarray(scheme.reads)),
        "voltage": float(np.asarray(scheme.voltage)),
        "interval": float(np.asarray(scheme.interval)),
        "duration": float(np.asarray(scheme.duration)),
        "bias_time": float(np.asarray(scheme.bias_time)),
        "amplifier_noise": float(np.asarray(scheme.amplifier_noise)),
        "resistance_high": float(one.signal.high),
        "resistance_low": float(one.signal.low),
        "current_difference": float(one.signal.difference),
        "bit_error_rate": float(one.error_rate),
        "effective_reads": float(one.effective_reads),
        "accuracy": found.accuracy_of(one),
        "energy": {c: {n: float(e) for n, e in one.parts(c).items()} for c in COUPLINGS},
        "energy_neurons": {c: float(one.neurons(c)) for c in COUPLINGS},
        "energy_synapses": float(one.synapses),
        "latency": float(one.latency),
        "area": one.area,
        "power_density": {c: float(one.power_density(c)) for c in COUPLINGS},
        "shift_of_probability": float(one.shift),
        "read_over_relaxation_time": float(one.blur),
        "wire_current_density": float(one.wire_current_density),
    }

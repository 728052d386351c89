"""Cost of a card's neurons: the paper's reads and the cheapest reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, DeviceCard, as_device
from smtj.energy.assumptions import Assumptions
from smtj.energy.costs import Cost, Coupling, cost
from smtj.energy.literature import published
from smtj.energy.pareto import Point, Search, search
from smtj.energy.plans import READS, card_plan, gated_plan
from smtj.energy.workloads import Workload, WorkloadLike, workload
from smtj.physics.readout.back_action import voltage_limit
from smtj.tables import Table, Tabular

if TYPE_CHECKING:
    import pandas as pd

    from smtj.energy.accuracy import Accuracy

COUNTS = np.arange(1, 257)
"""Candidate numbers of reads; the smallest that suffices is used."""
VOLTAGES = np.geomspace(3e-4, 0.2, 60)


@dataclass(frozen=True, repr=False)
class Survey(Tabular):
    """A card's costs; prints as a table whose notes say what they mean."""

    card: DeviceCard
    assumptions: Assumptions
    workload: Workload
    stated: Cost
    """The card's own reads, its voltage always on: 1 mV and 120 ms in the paper."""
    gated: Cost
    """The same voltage, on only during a read, with the assumed bit error rate."""
    curve: Cost
    """Such reads at :data:`VOLTAGES`."""
    continuous_limit: float
    """Largest read voltage in V that may always be on."""
    accuracy: "Accuracy | None"
    searches: dict[Coupling, Search]
    best: dict[Coupling, Point]
    """The cheapest that reach the target, by coupling; only those that can be built."""
    beyond: dict[Coupling, Point]
    """The same without the limits of the drivers, where that is cheaper."""
    intervals: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    """95 % prediction intervals of energies in J over chips, reads and networks, by column and
    part; see :func:`smtj.energy.intervals`."""

    @property
    def target(self) -> float | None:
        """The accuracy to reach."""
        if self.accuracy is None:
            return None
        return float(self.assumptions.accuracy_fraction) * self.accuracy.achievable

    @property
    def remarks(self) -> list[str]:
        """What the costs mean, in sentences."""
        from smtj.energy.report import remarks

        return remarks(self)

    def accuracy_of(self, found: Cost) -> float | None:
        """Return the accuracy with the reads of a cost."""
        if self.accuracy is None:
            return None
        return float(self.accuracy.at(found.effective_reads, found.error_rate))

    def table(self) -> Table:
        """Return the card's own reads, the same voltage gated, and the cheapest reads."""
        from smtj.energy.report import cost_table

        return cost_table(self)

    def plot(self, ax: Any = None) -> Any:
        """Plot accuracy against energy, or, without an accuracy, a read against its voltage."""
        from smtj.energy.plots import plot_front, plot_reads

        return (plot_reads if self.accuracy is None else plot_front)(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """Return everything in SI units; energies of all neurons for one input."""
        accuracy = self.accuracy
        return {
            "card": self.card.name,
            "stability_factor": float(self.card.under_bias().stability_factor),
            "devices": list(self.workload.devices),
            "synapses": self.workload.synapses,
            "log_odds_spread": self.workload.log_odds_spread,
            "accuracy_achievable": None if accuracy is None else accuracy.achievable,
            "accuracy_target": self.target,
            "accuracy_table": None if accuracy is None else accuracy.to_dict(),
            "as_stated": self.stated.to_dict() | {"accuracy": self.accuracy_of(self.stated)},
            "gated": self.gated.to_dict() | {"accuracy": self.accuracy_of(self.gated)},
            "best": {name: point.to_dict() for name, point in self.best.items()},
            "beyond": {name: point.to_dict() for name, point in self.beyond.items()},
            "front": {
                name: [point.to_dict() for point in tried.points]
                for name, tried in self.searches.items()
            },
            "continuous_voltage_limit": self.continuous_limit,
            "intervals": {c: dict(parts) for c, parts in self.intervals.items()},
            "assumptions": self.assumptions.to_dict(),
            "published": [asdict(entry) for entry in published()],
            "remarks": self.remarks,
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """Return the reads of the table, one row per way to read, in SI units."""
        import pandas as pd

        costs = {"as stated": self.stated, "gated": self.gated}
        rows = [
            one.to_dataframe().assign(reads_as=name, accuracy=self.accuracy_of(one))
            for name, one in costs.items()
        ]
        rows += [
            pd.DataFrame([{**point.to_dict(), **point.parts}])
            .drop(columns=["parts", "coupling"])
            .assign(reads_as=f"{way}, {name}", exceeded="; ".join(point.exceeded))
            .rename(columns={"energy": f"sum, {name}"})
            for way, points in (("best", self.best), ("beyond limits", self.beyond))
            for name, point in points.items()
        ]
        return pd.concat(rows).set_index("reads_as")


def survey(
    network: WorkloadLike,
    card: CardLike,
    accuracy: "Accuracy | None" = None,
    *,
    assumptions: Assumptions | None = None,
    stability_factors: Sequence[float] | None = None,
) -> Survey:
    """Return the cost of a card's own reads, of gated ones, and of the cheapest.

    Parameters
    ----------
    network, card, assumptions
        As in :func:`smtj.energy.cost`.
    accuracy
        Accuracy of the network, from :func:`smtj.energy.accuracy.measure_accuracy`; the search for
        the cheapest reads needs it.
    stability_factors
        E_b/k_BT of the devices that the search tries; by default as :func:`smtj.energy.search`.

    Raises
    ------
    SmtjError
        The card has no barrier, or only measured behaviour: other voltages and barriers need the
        physics.
    """
    card, assumed = as_device(card), assumptions or Assumptions()
    work = workload(network, assumed)
    voltage = card.read_voltage

    def stated(reads: ArrayLike) -> Cost:
        return cost(work, card, card_plan(card, reads, assumed), assumptions=assumed)

    def gated(reads: ArrayLike, volts: ArrayLike = voltage) -> Cost:
        plan = gated_plan(card, volts, reads, assumptions=assumed)
        return cost(work, card, plan, assumptions=assumed)

    searches: dict[Coupling, Search] = {}
    best: dict[Coupling, Point] = {}
    beyond: dict[Coupling, Point] = {}
    target = 0.0
    if accuracy is not None:
        searches = search(
            work, card, accuracy.at, assumptions=assumed, stability_factors=stability_factors
        )
        target = float(assumed.accuracy_fraction) * accuracy.achievable
        for coupling, tried in searches.items():
            within, free = tried.cheapest(target), tried.cheapest(target, beyond=True)
            if within is not None:
                best[coupling] = within
            if free is not None and free.exceeded:
                beyond[coupling] = free
    return Survey(
        card=card,
        assumptions=assumed,
        workload=work,
        stated=stated(_reads_for(stated, accuracy, target)),
        gated=gated(_reads_for(gated, accuracy, target)),
        curve=gated(READS, VOLTAGES),
        continuous_limit=voltage_limit(card, float(assumed.largest_shift)),
        accuracy=accuracy,
        searches=searches,
        best=best,
        beyond=beyond,
    )


def _reads_for(
    costs: Callable[[ArrayLike], Cost], accuracy: "Accuracy | None", target: float
) -> int:
    """Return the fewest reads that reach the target, or the most tried if none do."""
    if accuracy is None:
        return READS
    found = costs(COUNTS)
    good = accuracy.at(found.effective_reads, found.error_rate) >= target
    return int(COUNTS[good.argmax()]) if good.any() else int(COUNTS[-1])

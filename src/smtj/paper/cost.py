"""What the paper's «ultralow energy» means: joules per recognised digit, and what spends them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from smtj.card import DeviceCard
from smtj.datasets import ImageDataset
from smtj.energy import Survey, caption, save_plots, survey
from smtj.energy.costs import joules, seconds
from smtj.energy.report import with_interval
from smtj.paper.fig3a import CLASSES, HIDDEN, SIDE
from smtj.paper.texts import check, figure
from smtj.report.figure import Check, FigureResult

SAMPLES = 1000
"""Of Fig. 2(c), in 2 min."""


def make(
    card: DeviceCard,
    out: Path,
    network: Path | None = None,
    images: ImageDataset | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FigureResult:
    """Cost the paper's network as the paper reads its device, and with the cheapest reads.

    Without a trained network, or without images, the costs come without an accuracy.
    """
    if network is None or images is None:
        found = survey((SIDE * SIDE, HIDDEN, CLASSES), card)
    else:
        from smtj.energy import intervals, measure_accuracy, measure_replicas, trained_network
        from smtj.nn.training.trainer import as_tensors

        trained, _ = trained_network(network)
        data = as_tensors(images)
        accuracy = measure_accuracy(trained, data, progress=progress)
        found = survey(accuracy.workload, card, accuracy)
        replicas = measure_replicas([trained], data, progress=progress)
        found = replace(found, intervals=intervals(found, replicas))
    table, record = found.table(), found.to_dict()
    # The front's thousands of points serve `smtj cost`, not a report.
    del record["front"]
    return figure(
        "neuron-cost",
        save_plots(found, out / "neuron-cost"),
        {**record, "table": {"head": table.head, "rows": table.rows}},
        [_ultralow(found), _no_write(found)],
        caption=f"{caption(found)} {' '.join(found.remarks)}",
    )


def _ultralow(found: Survey) -> Check:
    stated, reached = found.stated, found.accuracy_of(found.stated)
    read = float(stated.per_read(stated.junction))
    at = "" if reached is None else f" recognised with {100 * reached:.1f} % accuracy"
    best = min(found.best.values(), key=lambda point: point.energy, default=None)
    cheapest = (
        ""
        if best is None
        else f"; at {1e3 * best.voltage:.3g} mV and a barrier of {best.barrier:.1f} k_BT the same "
        f"accuracy takes {_energy(found, f'best, {best.coupling}', best.coupling, best.energy)}, "
        "if strain acted as a field"
    )
    return check(
        "cost.ultralow",
        "not supported",
        read=joules(read),
        trace=joules(SAMPLES * read),
        samples=SAMPLES,
        at=at,
        junctions=joules(stated.junction),
        supply=joules(stated.junction + stated.source),
        volts=f"{float(found.assumptions.supply_voltage):g}",
        strain=_energy(found, "as stated", "strain", float(stated.neurons("strain"))),
        oersted=_energy(found, "as stated", "oersted", float(stated.neurons("oersted"))),
        shortest=seconds(found.gated.plan.integration_time),
        cheapest=cheapest,
    )


def _energy(found: Survey, column: str, coupling: str, energy: float) -> str:
    """Return a sum with its interval, if it has one."""
    around = found.intervals.get(column, {}).get(f"sum, {coupling}")
    return joules(energy) if around is None else with_interval(energy, *around)


def _no_write(found: Survey) -> Check:
    stated = found.stated
    drive, rest = float(stated.wire), float(stated.neurons("oersted") - stated.wire)
    beyond = [limit.described() for limit in stated.drive_limits("oersted") if not limit.kept]
    built = "" if not beyond else f", and no wire stands it: {' and '.join(beyond)}"
    return check(
        "cost.no_write",
        "differs" if drive > rest else "consistent",
        drive=joules(drive),
        rest=joules(rest),
        strain=joules(stated.strain),
        built=built,
    )

"""What the paper's «ultralow energy» means: joules per recognised digit, and what spends them."""

from collections.abc import Callable
from pathlib import Path

from smtj.card import DeviceCard
from smtj.datasets import ImageDataset
from smtj.energy import Survey, caption, save_plots, survey
from smtj.energy.costs import joules, seconds
from smtj.paper.fig3a import CLASSES, HIDDEN, SIDE
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
    """Cost the paper's network as the paper reads its device, and as it is read best.

    Parameters
    ----------
    card
        The device.
    out
        Folder of the figure.
    network
        A network of such devices as written by ``smtj train``; without it, or without images, the
        costs come without an accuracy.
    images
        Data set whose test images evaluate it.
    progress
        Called with (done, total).
    """
    if network is None or images is None:
        found = survey((SIDE * SIDE, HIDDEN, CLASSES), card)
    else:
        from smtj.energy import measure_accuracy, trained_network
        from smtj.nn.training.trainer import as_tensors

        trained, _ = trained_network(network)
        accuracy = measure_accuracy(trained, as_tensors(images), progress=progress)
        found = survey(accuracy.workload, card, accuracy)
    table, record = found.table(), found.to_dict()
    # The front's thousands of points serve `smtj cost`, not a report.
    del record["front"]
    return FigureResult(
        name="neuron-cost",
        title="What a neuron costs: energy of reads, and of a recognised digit",
        caption=f"{caption(found)} {' '.join(found.remarks)}",
        images=save_plots(found, out / "neuron-cost"),
        numbers={**record, "table": {"head": table.head, "rows": table.rows}},
        checks=[_ultralow(found), _no_write(found)],
    )


def _ultralow(found: Survey) -> Check:
    stated, reached = found.stated, found.accuracy_of(found.stated)
    read = float(stated.per_read(stated.junction))
    at = "" if reached is None else f" recognised with {100 * reached:.1f} % accuracy"
    best = min(found.best.values(), key=lambda point: point.energy, default=None)
    cheapest = (
        "."
        if best is None
        else f"; at {1e3 * best.voltage:.3g} mV and a barrier of {best.barrier:.1f} k_BT the same "
        f"accuracy takes {joules(best.energy)}."
    )
    return Check(
        claim="A bias of 1 mV reveals an ultralow energy",
        paper="«ultralow bias (V = 1 mV), revealing the ultralow energy performance», Sec. III",
        ours=(
            f"{joules(read)} per read in the junction, {joules(SAMPLES * read)} for the {SAMPLES} "
            f"samples of Fig. 2(c); a digit{at} costs {joules(stated.junction)} in the junctions, "
            f"{joules(stated.neurons('strain'))} with read-out, "
            f"{joules(stated.neurons('oersted'))} with Oersted wires as well. Noise would allow "
            f"{seconds(found.gated.plan.integration_time)} per read{cheapest}"
        ),
        verdict="not supported",
        how=(
            "the paper gives a voltage but neither a resistance nor an energy; R_P, TMR and "
            "integration time are the card's and assumed, the circuits are in the table of "
            "assumptions. The power is low; the time makes the energy"
        ),
    )


def _no_write(found: Survey) -> Check:
    stated = found.stated
    drive, rest = float(stated.wire), float(stated.neurons("oersted") - stated.wire)
    return Check(
        claim="No write is needed, only reads of low energy",
        paper="«no write operations are required and only low-energy readout», Sec. I",
        ours=(
            f"holding the fields of the next neurons by Oersted wires takes {joules(drive)} per "
            f"digit, everything else {joules(rest)}; strain instead takes {joules(stated.strain)}"
        ),
        verdict="differs" if drive > rest else "consistent",
        how=(
            "true of a source of random bits, but a neuron must hold its input while it is read. "
            "Wire and ferroelectric are assumed; that strain, which favours neither well by "
            "itself, acts as a field is taken from the paper"
        ),
    )

"""What the paper's «ultralow energy» means: joules for a recognised digit, and what spends them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from smtj.card import DeviceCard
from smtj.datasets import ImageDataset
from smtj.energy.assumptions import Assumptions
from smtj.energy.costs import workload
from smtj.energy.design_space import Survey, as_record, survey
from smtj.energy.plots import caption, draw
from smtj.energy.report import cost_table, in_words, joules, seconds
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
        A network of such devices as ``smtj train`` writes it; without it, or without images,
        costs are given without accuracy.
    images
        Data set on whose test images it is evaluated.
    progress
        Told how much of the evaluation is done, and of how much.
    """
    table = Assumptions()
    if network is None or images is None:
        work = workload((SIDE * SIDE, HIDDEN, CLASSES), table)
        found = survey(card, table, work)
    else:
        from smtj.energy.accuracy import measure_accuracy, trained_network
        from smtj.nn.training.trainer import as_tensors

        trained, _ = trained_network(network)
        accuracy = measure_accuracy(trained, as_tensors(images), progress=progress)
        found = survey(card, table, accuracy.work, accuracy)
    head, rows = cost_table(found)
    record = as_record(found)
    # Thousands of points are of use in `smtj cost`, not in a report.
    del record["front"]
    return FigureResult(
        name="neuron-cost",
        title="What a neuron costs: energy of reads, and of a recognised digit",
        caption=f"{caption(found)} {' '.join(in_words(found))}",
        images=draw(out / "neuron-cost", found),
        numbers={**record, "table": {"head": head, "rows": rows}},
        checks=[_ultralow(found), _no_write(found)],
    )


def _ultralow(found: Survey) -> Check:
    stated, neurons = found.stated, found.work.neurons
    reads = int(np.asarray(stated.scheme.reads))
    read = float(stated.junction) / (neurons * reads)
    reached = found.accuracy_of(stated)
    at = "" if reached is None else f" recognised with {100 * reached:.1f} %"
    return Check(
        claim="A bias of 1 mV reveals an ultralow energy",
        paper="«ultralow bias (V = 1 mV), revealing the ultralow energy performance», Sec. III",
        ours=(
            f"{joules(read)} a read in the junction, {joules(SAMPLES * read)} for the {SAMPLES} "
            f"samples of Fig. 2(c); a digit{at} costs {joules(float(stated.junction))} in the "
            f"junctions, {joules(float(stated.neurons('strain')))} with read-out, "
            f"{joules(float(stated.neurons('oersted')))} with Oersted wires as well. Noise would "
            f"allow {seconds(float(np.asarray(found.gated.scheme.duration)))} a read" + _best(found)
        ),
        verdict="not supported",
        how=(
            "the paper gives a voltage, neither a resistance nor an energy; R_P, TMR and "
            "integration time are the card's and assumed, the circuits are in the table of "
            "assumptions. The power is low; the time makes the energy"
        ),
    )


def _best(found: Survey) -> str:
    if not found.best:
        return "."
    best = min(found.best.values(), key=lambda point: point.energy)
    return (
        f"; at {1e3 * best.voltage:.3g} mV and a barrier of {best.barrier:.1f} k_BT the same "
        f"accuracy takes {joules(best.energy)}."
    )


def _no_write(found: Survey) -> Check:
    stated = found.stated
    drive, rest = float(stated.wire), float(stated.neurons("oersted") - stated.wire)
    return Check(
        claim="No write is needed, only reads of low energy",
        paper="«no write operations are required and only low-energy readout», Sec. I",
        ours=(
            f"holding the fields of the next neurons by Oersted wires takes {joules(drive)} a "
            f"digit, all else {joules(rest)}; strain instead takes "
            f"{joules(float(stated.strain))}"
        ),
        verdict="differs" if drive > rest else "consistent",
        how=(
            "true of a source of random bits; a neuron must hold its input while it is read. Wire "
            "and ferroelectric are assumed; that strain, which favours neither well by itself, "
            "acts as a field is taken from the paper"
        ),
    )

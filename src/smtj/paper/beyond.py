"""Beyond the paper: the network of Fig. 3(b) as hardware, one section of the report per part."""

from collections.abc import Callable, Iterator
from pathlib import Path

from smtj.card import DeviceCard
from smtj.datasets import ImageDataset
from smtj.report.figure import FigureResult

PARTS = ("reads", "adaptive", "voltage", "chips", "cost", "circuit", "random")
"""Parts in the order of the report."""
OF_CARD = ("voltage", "circuit", "random")
"""Those that need no trained network."""


def make(
    parts: tuple[str, ...],
    card: DeviceCard,
    images: ImageDataset,
    network: Path,
    out: Path,
    report: Callable[[str], None],
) -> Iterator[FigureResult]:
    """Make sections of the report, each when it is asked for.

    Parameters
    ----------
    parts
        Some of :data:`PARTS`.
    card
        The device.
    images
        The data set.
    network
        ``network.pt`` of a network of such devices trained on it.
    out
        Folder of the figures.
    report
        Called with a few words on what is being done.
    """

    def count(task: str) -> Callable[[int, int], None]:
        return lambda done, total: report(f"{task}: {done} of {total}")

    if "reads" in parts:
        from smtj.paper import reads

        yield reads.make(network, images, out, progress=count("realistic reads, evaluation"))
    if "adaptive" in parts:
        from smtj.paper import adaptive

        yield from adaptive.make(
            card, images, network, out, progress=lambda done: report(f"adaptive neuron, {done}")
        )
    if "voltage" in parts:
        from smtj.paper import voltage

        yield voltage.make(card, images, out, progress=report)
    if "chips" in parts:
        from smtj.nn.training.network import load_network
        from smtj.paper import chips

        trained, _, _ = load_network(network)
        evaluated = count("chips, evaluation")
        yield chips.make(trained, images, out, progress=lambda done, n, _: evaluated(done, n))
    if "cost" in parts:
        from smtj.paper import cost

        yield cost.make(card, out, network, images, count("cost, few and faulty reads"))
    if "circuit" in parts:
        from smtj.paper import circuit

        report("the device in a netlist")
        yield circuit.make(card, out)
    if "random" in parts:
        from smtj.paper import random_bits

        report("random bits")
        yield random_bits.make(card, out)

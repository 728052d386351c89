"""Beyond the paper: the network of Fig. 3(b) as hardware, one section of the report a part."""

from collections.abc import Callable, Iterator
from pathlib import Path

from smtj.card import DeviceCard
from smtj.datasets import ImageDataset
from smtj.report.figure import FigureResult

PARTS = ("reads", "adaptive", "chips", "cost")
"""Of the report, in its order; all need the trained network."""

Told = Callable[[str], None]
"""Is told in a few words what is being done."""


def make(
    parts: tuple[str, ...],
    card: DeviceCard,
    images: ImageDataset,
    network: Path,
    out: Path,
    told: Told,
) -> Iterator[FigureResult]:
    """Make sections of the report, each as it is asked for.

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
    told
        Is told what is being done.
    """
    for part in PARTS:
        if part in parts:
            yield from _MAKERS[part](card, images, network, out, told)


def _of(part: str, told: Told) -> Callable[[int, int], None]:
    def count(done: int, total: int) -> None:
        told(f"{part}: {done} of {total}")

    return count


def _reads(
    card: DeviceCard, images: ImageDataset, network: Path, out: Path, told: Told
) -> list[FigureResult]:
    from smtj.paper import reads

    return [reads.make(network, images, out, progress=_of("reads as they are, evaluation", told))]


def _adaptive(
    card: DeviceCard, images: ImageDataset, network: Path, out: Path, told: Told
) -> list[FigureResult]:
    from smtj.paper import adaptive

    return adaptive.make(
        card, images, network, out, progress=lambda done: told(f"adaptive neuron, {done}")
    )


def _chips(
    card: DeviceCard, images: ImageDataset, network: Path, out: Path, told: Told
) -> list[FigureResult]:
    from smtj.nn.training.network import load_network
    from smtj.paper import chips

    trained, _, _ = load_network(network)
    count = _of("chips, evaluation", told)
    return [chips.make(trained, images, out, progress=lambda done, total, _: count(done, total))]


def _cost(
    card: DeviceCard, images: ImageDataset, network: Path, out: Path, told: Told
) -> list[FigureResult]:
    from smtj.paper import cost

    count = _of("cost, few and faulty reads", told)
    return [cost.make(card, out, network, images, count)]


_MAKERS = {"reads": _reads, "adaptive": _adaptive, "chips": _chips, "cost": _cost}

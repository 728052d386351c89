"""``smtj train``."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smtj.cli.exits import INTERRUPTED
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from smtj.card import DeviceCard

MAX_SEED = 2**32 - 1


class Neuron(StrEnum):
    """Choices of ``--neuron``."""

    mtj = "mtj"
    sigmoid = "sigmoid"


class Readout(StrEnum):
    """Choices of ``--readout``."""

    device = "device"
    linear = "linear"


class Coupling(StrEnum):
    """Choices of ``--coupling``."""

    calibrated = "calibrated"
    matched = "matched"


class Adaptive(StrEnum):
    """Choices of ``--adaptive``."""

    network = "network"
    layer = "layer"
    neuron = "neuron"


def train(
    card: Annotated[str, typer.Option(help="Shipped card or path of a card file.")] = "cai2019",
    dataset: Annotated[
        str, typer.Option(help="mnist, fashion-mnist, digits, or idx for any folder of IDX files.")
    ] = "mnist",
    data: Annotated[
        Path | None, typer.Option(help="Folder of the data set; else it is looked for.")
    ] = None,
    neuron: Annotated[Neuron, typer.Option(help="Junctions, or their rival.")] = Neuron.mtj,
    hidden: Annotated[str, typer.Option(help="Hidden neurons; several layers by comma.")] = "400",
    readout: Annotated[
        Readout, typer.Option(help="Output neurons are devices too, or the largest sum wins.")
    ] = Readout.device,
    coupling: Annotated[
        Coupling | None,
        typer.Option(help="How sums become fields; calibrated for mtj, matched for sigmoid."),
    ] = None,
    reads: Annotated[str, typer.Option(help='Reads in training, or "expected".')] = "16",
    eval_reads: Annotated[
        str | None, typer.Option(help='Reads in evaluation, or "expected"; else as in training.')
    ] = None,
    noise: Annotated[bool, typer.Option(help="Magnetic noise.")] = True,
    variation: Annotated[bool, typer.Option(help="Device-to-device variation.")] = True,
    fresh_chips: Annotated[
        bool, typer.Option(help="New devices for every batch, so that no chip is learnt by heart.")
    ] = False,
    adaptive: Annotated[
        Adaptive | None, typer.Option(help="What learns a bias voltage of its own; else none.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 100,
    learning_rate: float = 0.1,
    batch_size: Annotated[int, typer.Option(min=1)] = 100,
    momentum: float = 0.9,
    seed: Annotated[
        int, typer.Option(help="Weights, order of images, reads.", min=0, max=MAX_SEED)
    ] = 0,
    chip_seed: Annotated[
        int | None, typer.Option(help="Devices of the chip; else the seed.", min=0, max=MAX_SEED)
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("results"),
    resume: Annotated[bool, typer.Option(help="Go on from the last epoch in --out.")] = False,
) -> None:
    """Train a network of a card's devices and write it with its metrics and a plot."""
    from rich.console import Console

    from smtj.card import load_card
    from smtj.cli.progress import shown
    from smtj.cli.ranges import parse_sizes
    from smtj.datasets import load_dataset
    from smtj.nn.reads.scheme import parse_reads
    from smtj.nn.training.experiment import Experiment, run
    from smtj.nn.training.network import NetworkSettings
    from smtj.nn.training.trainer import TrainingSettings, as_tensors

    # Paths are printed as they are: neither broken over lines nor read as markup.
    console = Console(soft_wrap=True, markup=False, highlight=False)
    device = load_card(card)
    images = load_dataset(dataset, data)
    if coupling is None:
        coupling = Coupling.calibrated if neuron is Neuron.mtj else Coupling.matched
    network = NetworkSettings(
        sizes=(images.pixels, *parse_sizes("--hidden", hidden, "400 or 400,100"), images.classes),
        neuron=neuron.value,
        readout=readout.value,
        coupling=coupling.value,
        reads=parse_reads("--reads", reads),
        eval_reads=parse_reads("--eval-reads", reads if eval_reads is None else eval_reads),
        noise=noise,
        variation=variation,
        chip_seed=seed if chip_seed is None else chip_seed,
        adaptive=None if adaptive is None else adaptive.value,
    )
    if fresh_chips and (neuron is Neuron.sigmoid or not variation):
        raise SmtjError(
            "--fresh-chips draws devices that differ; it needs --neuron mtj and --variation"
        )
    training = TrainingSettings(learning_rate, seed, batch_size, momentum, fresh_chips)
    experiment = Experiment(device, network, training, images.name)
    console.print(f"{images.title} from {images.origin}")
    console.print(experiment.title())
    if neuron is Neuron.mtj and (waiting := _waiting(device)):
        console.print(waiting)
    try:
        steps = run(experiment, as_tensors(images), epochs, out, resume)
        history = list(shown(steps, epochs))
    except KeyboardInterrupt:
        kept = (out / "checkpoint.pt").exists()
        console.print(
            f"\nStopped; every finished epoch is kept in {out}. Go on with --resume."
            if kept
            else "\nStopped before the first epoch ended; nothing is kept."
        )
        raise typer.Exit(INTERRUPTED) from None
    if adaptive is not None:
        console.print(f"Learnt bias voltages by layer: {_voltages(out)}")
    console.print(f"Recognises {history[-1].test_accuracy:.2%} of the test images. Written:")
    for name in ("network.pt", "metrics.json", "accuracy.png", "accuracy.svg"):
        console.print(f"  {out / name}")


def _voltages(out: Path) -> str:
    from smtj.nn.layer.neuron import neurons_of
    from smtj.nn.training.network import load_network

    network, _, _ = load_network(out / "network.pt")
    return ", ".join(m.format_voltage() for m in neurons_of(network).values())


def _waiting(card: "DeviceCard") -> str:
    """Say how far apart independent reads are where the card reads faster; else nothing."""
    import math

    from smtj.physics.device import operating_point
    from smtj.units import format_quantity

    point = operating_point(card)
    dwell = max(float(t) for t in point.dwell_times(point.offset_field))
    interval = float(card.switching.sampling_interval)
    if dwell <= 2 * interval:
        return ""
    stays = f"{dwell:.3g} s" if math.isfinite(dwell) else "longer than a float can say"
    return (
        f"Reads are taken as independent, but {card.name} stays in a state for {stays} at H_s and "
        f"is read every {format_quantity(interval, 's', 's', 3)}: a chip of it has to wait that "
        "long from read to read."
    )

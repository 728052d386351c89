"""``smtj train``."""

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smtj.cli.output import INTERRUPTED, is_quiet, note, print_json
from smtj.errors import CardError, SmtjError

if TYPE_CHECKING:
    from smtj.card import Card
    from smtj.datasets import ImageDataset
    from smtj.nn import TrainingRun

FAR = 0.005
"""P(high), or P(low), that a neuron should reach; 8×8 digits lose 2 % of accuracy at 0.007, and 7 %
at 0.014."""
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


class DrivenBy(StrEnum):
    """Choices of ``--drive``."""

    field = "field"
    voltage = "voltage"


class Optimizer(StrEnum):
    """Choices of ``--optimizer``."""

    sgd = "sgd"
    adam = "adam"
    adamw = "adamw"


class Schedule(StrEnum):
    """Choices of ``--schedule``."""

    constant = "constant"
    step = "step"
    cosine = "cosine"
    one_cycle = "one-cycle"


class Adaptive(StrEnum):
    """Choices of ``--adaptive``."""

    network = "network"
    layer = "layer"
    neuron = "neuron"


def train(
    card: Annotated[str, typer.Option(help="Shipped card or path of a card file.")] = "cai2019",
    dataset: Annotated[
        str | None,
        typer.Option(
            help="mnist, fashion-mnist, digits, or idx for any folder of IDX files. Default: "
            "mnist, or your own --data."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the data set (default: search for it); or your own: an .npz file with "
            "x and y or x_train, y_train, x_test, y_test, or a folder of images by class."
        ),
    ] = None,
    neuron: Annotated[Neuron, typer.Option(help="MTJ neurons or plain sigmoids.")] = Neuron.mtj,
    hidden: Annotated[
        str, typer.Option(help="Hidden neurons; several layers separated by commas.")
    ] = "400",
    readout: Annotated[
        Readout, typer.Option(help="Output neurons are devices too, or the largest sum decides.")
    ] = Readout.device,
    coupling: Annotated[
        Coupling | None,
        typer.Option(
            help="How sums become fields or voltages. Default: calibrated for mtj, else matched."
        ),
    ] = None,
    drive: Annotated[
        DrivenBy, typer.Option(help="Sums set the field at a junction, or the voltage across it.")
    ] = DrivenBy.field,
    drive_field: Annotated[
        str | None,
        typer.Option(help='Constant field at junctions driven by voltage, e.g. "170 Oe".'),
    ] = None,
    reads: Annotated[str, typer.Option(help='Reads in training, or "expected".')] = "16",
    eval_reads: Annotated[
        str | None,
        typer.Option(help='Reads in evaluation, or "expected". Default: as in training.'),
    ] = None,
    noise: Annotated[bool, typer.Option(help="Magnetic noise.")] = True,
    variation: Annotated[bool, typer.Option(help="Device-to-device variation.")] = True,
    fresh_chips: Annotated[
        bool, typer.Option(help="Sample new devices for every batch, so the weights suit any chip.")
    ] = False,
    adaptive: Annotated[
        Adaptive | None,
        typer.Option(help="Learn one bias voltage per network, layer or neuron. Default: none."),
    ] = None,
    interval: Annotated[
        str | None,
        typer.Option(
            help='Time between reads, e.g. "120 ms"; devices then remember the last image. '
            "Default: every image finds them in equilibrium."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 100,
    learning_rate: Annotated[
        float | None, typer.Option(help="Default: 0.1 for sgd, 0.001 for the others.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1)] = 100,
    momentum: Annotated[float, typer.Option(help="Of sgd.")] = 0.9,
    optimizer: Annotated[Optimizer, typer.Option(help="Of torch.optim.")] = Optimizer.sgd,
    weight_decay: Annotated[
        float | None, typer.Option(help="Default: 0.01 for adamw, else 0.", show_default=False)
    ] = None,
    schedule: Annotated[
        Schedule,
        typer.Option(
            help="Of the learning rate: a tenth after half of the epochs and again after three "
            "quarters (step), to zero (cosine), up and down (one-cycle)."
        ),
    ] = Schedule.cosine,
    warmup_epochs: Annotated[
        int, typer.Option(help="Epochs in which the learning rate rises.", min=0)
    ] = 0,
    first_reads: Annotated[
        int | None,
        typer.Option(help="Reads in the first epoch, if they go to --reads until the last.", min=1),
    ] = None,
    rotate: Annotated[
        float, typer.Option(help="Rotate training images by up to so many degrees.", min=0, max=180)
    ] = 0.0,
    shift: Annotated[
        float, typer.Option(help="Shift training images by up to so many pixels.", min=0)
    ] = 0.0,
    validation_fraction: Annotated[
        float | None,
        typer.Option(
            help="Hold out this part of the training images and keep the network that is best on "
            "them. Default: 0, or 0.1 with --patience."
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="End after so many epochs without a gain on held-out images.", min=1),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Weights, order of images, reads.", min=0, max=MAX_SEED)
    ] = 0,
    chip_seed: Annotated[
        int | None, typer.Option(help="Devices of the chip. Default: seed.", min=0, max=MAX_SEED)
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results"),
    resume: Annotated[bool, typer.Option(help="Continue from the last epoch in --out.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print settings and accuracies as JSON.")
    ] = False,
) -> None:
    """Train a network of a card's devices; write the network, its metrics and a plot."""
    from smtj import nn
    from smtj.card import load_card
    from smtj.cli.ranges import parse_option, parse_sizes
    from smtj.nn.reads.scheme import parse_reads
    from smtj.nn.training.progress import training_progress
    from smtj.nn.training.run import WRITTEN

    constant = parse_option("--drive-field", drive_field, "A/m") or 0.0
    device, images = load_card(card), _load(dataset, data)
    augment = None
    if rotate or shift:
        height, width = (images.train_images.shape[-2:] * 2)[:2]
        augment = nn.RandomAffine(rotate, (min(1.0, shift / width), min(1.0, shift / height)))
    begun = False

    def show(run: "TrainingRun") -> None:
        nonlocal begun
        if not begun:
            note(f"{images.title} from {images.origin}\n{run.experiment.title()}")
            reach = _short_reach(device)
            if drive is DrivenBy.voltage:
                reach = _short_reach_of_voltage(device, constant)
            slow = _slow_reads(device) if interval is None else ""
            warnings = [slow, reach] if neuron is Neuron.mtj else []
            for warning in filter(None, warnings):
                note(warning)
        begun = True
        update(run)

    try:
        with training_progress(epochs, is_quiet()) as update:
            run = nn.train(
                images,
                device,
                hidden=parse_sizes("--hidden", hidden, "400 or 400,100"),
                epochs=epochs,
                neuron=neuron.value,
                readout=readout.value,
                coupling=None if coupling is None else coupling.value,
                drive=drive.value,
                drive_field=constant,
                reads=parse_reads("--reads", reads),
                eval_reads=None if eval_reads is None else parse_reads("--eval-reads", eval_reads),
                noise=noise,
                variation=variation,
                fresh_chips=fresh_chips,
                adaptive=None if adaptive is None else adaptive.value,
                interval=parse_option("--interval", interval, "s"),
                learning_rate=learning_rate,
                batch_size=batch_size,
                momentum=momentum,
                optimizer=optimizer.value,
                weight_decay=weight_decay,
                schedule=schedule.value,
                warmup_epochs=warmup_epochs,
                first_reads=first_reads,
                augment=augment,
                validation_fraction=validation_fraction,
                patience=patience,
                seed=seed,
                chip_seed=chip_seed,
                out=out,
                resume=resume,
                progress=show,
            )
    except KeyboardInterrupt as stopped:
        note(f"\n{stopped or 'Stopped before the first epoch; nothing was saved.'}")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(run.to_dict())
    else:
        if run.bias_voltages:
            typer.echo(f"Learnt bias voltages by layer: {', '.join(run.bias_voltages.values())}")
        typer.echo(f"Test accuracy: {100 * run.accuracy:.2f} %")
    note("\n".join(["Written:", *(f"  {out / name}" for name in WRITTEN)]))


def _load(dataset: str | None, data: Path | None) -> "ImageDataset":
    """Load a data set by name, or the user's own by its path."""
    from smtj.datasets import load_dataset
    from smtj.datasets.own import is_own

    if data is not None and is_own(data):
        if dataset is not None:
            raise SmtjError(
                f"--data {data} is a data set of its own; leave out --dataset {dataset}"
            )
        return load_dataset(str(data))
    return load_dataset(dataset or "mnist", data, progress=not is_quiet())


def _slow_reads(card: "Card") -> str:
    """Return a warning if independent reads take longer than the card's reads, else nothing."""
    from smtj.units import format_scaled

    try:
        point = card.under_bias()
        dwell = max(float(t) for t in point.dwell_times(point.offset_field))
        interval = card.sampling_interval
    except CardError:
        return ""  # P(high) alone was measured
    if dwell <= 2 * interval:
        return ""
    stays = f"for {format_scaled(dwell, 's')}" if math.isfinite(dwell) else "for ever"
    at = {"field": " at H_s", "none": ""}.get(card.drive.name, " where both are equally likely")
    return (
        f"Reads are modelled as independent, but {card.name} stays in a state {stays}{at} "
        f"and is read every {format_scaled(interval, 's')}: a real chip must wait that "
        "long between reads."
    )


def _short_reach(card: "Card") -> str:
    """Return a warning if the drive was not applied as far as neurons need it, else nothing."""
    from smtj.card import BehaviouralCard
    from smtj.units import format_quantity

    if not isinstance(card, BehaviouralCard) or card.response is None:
        return ""
    limit, point = card.drive_limit, card.under_bias()
    ends = sorted(float(point.switching_probability(end)) for end in (-limit, limit))
    if ends[0] < FAR and ends[1] > 1 - FAR:
        return ""
    unit, shown = card.drive.unit, card.drive.show
    middle, slope = float(point.offset_field), abs(float(point.slope))
    enough = abs(middle) + math.log(1 / FAR - 1) / slope
    return (
        f"Card {card.name} was driven up to {format_quantity(limit, unit, shown, 3)} only, where "
        f"P(high) goes from {ends[0]:.2g} to {ends[1]:.3g}; neurons stop there, which costs "
        f"accuracy: measure to {format_quantity(enough, unit, shown, 3)} or more, or set "
        f"{card.drive.name}_response.limit in the card to what you can apply."
    )


def _short_reach_of_voltage(card: "Card", field: float) -> str:
    """Return a warning if the voltage does not take P(high) as far as neurons need it."""
    from smtj.physics.voltage_response import occupancies, voltage_response
    from smtj.units import format_quantity

    response = voltage_response(card, field)
    low, high = occupancies(response)
    if low < FAR and high > 1 - FAR:
        return ""
    ends = " to ".join(format_quantity(end, "V", "mV", 3) for end in (response.low, response.high))
    return (
        f"From {ends} P(high) of {card.name} goes from {low:.2g} to {high:.3g}; neurons stop "
        "there, which costs accuracy: give a larger switching.voltage_limit, or another "
        "--drive-field."
    )

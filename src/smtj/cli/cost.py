"""``smtj cost``: energy, latency and area of a card's neurons, with the accuracy."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.output import (
    INTERRUPTED,
    is_quiet,
    note,
    notes_console,
    print_json,
    progress,
    writing,
)
from smtj.errors import SmtjError
from smtj.writers import holding

if TYPE_CHECKING:
    from smtj.card import BehaviouralCard, Card
    from smtj.energy import Accuracy, Assumptions, ReadPlan, Sensitivity, Survey, Workload

PAPER_SIZES = "784,400,10"
NEEDED = ("sampling_interval", "integration_time", "read_voltage", "resistance_high",
          "resistance_low")  # fmt: skip
"""What a card of measured behaviour must hold for the cost of its reads."""


def cost(
    card: Annotated[
        str | None, typer.Option(help="Shipped card or path. Default: the network's, or cai2019.")
    ] = None,
    network: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder or file of a network that `smtj train` wrote; repeatable: the first is "
            "priced, all give the intervals."
        ),
    ] = None,
    chips: Annotated[
        int,
        typer.Option(min=0, help="Chips with new devices and reads, which give the intervals."),
    ] = 8,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity", help="Move every assumption by itself; one to three minutes."
        ),
    ] = False,
    sizes: Annotated[
        str, typer.Option(help="Layer sizes, inputs first, if no network is given.")
    ] = PAPER_SIZES,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Data set whose test images evaluate the network. Default: that of its training."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the data set. Default: the usual places.")
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(help='NAME=VALUE, e.g. "amplifier_noise=2 nV/Hz^0.5"; repeatable.'),
    ] = None,
    assumptions: Annotated[Path | None, typer.Option(help="TOML file of assumptions.")] = None,
    list_assumptions: Annotated[
        bool, typer.Option("--list-assumptions", help="Print the assumptions and exit.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise and reads.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for cost.json and the plot.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show what an inference costs, what dominates the cost, and the cheapest way to read."""
    from rich.console import Console

    from smtj.card import BehaviouralCard, as_card
    from smtj.cli.ranges import parse_sizes
    from smtj.energy import intervals, load_assumptions, published_table, survey, workload
    from smtj.provenance import command, versions

    console = Console()
    assumed = load_assumptions(assumptions, assume or ())
    if list_assumptions:
        if as_json:
            print_json(assumed.to_dict())
        else:
            typer.echo(assumed.table().text(console.width))
        return
    if network and sizes != PAPER_SIZES:
        raise SmtjError("--sizes and --network exclude each other: a network has its own sizes")
    device: Card | str = card or "cai2019"
    accuracy: Accuracy | None = None
    replicas: list[Accuracy] = []
    if not network:
        work = workload(parse_sizes("--sizes", sizes, PAPER_SIZES), assumed)
    else:
        trained_on, accuracy, replicas = _evaluate(network, dataset, data, seed, chips)
        device, work = card or trained_on, accuracy.workload
    device = as_card(device)
    if isinstance(device, BehaviouralCard):
        _reads_alone(device, work, accuracy, assumed, out, as_json)
        return
    with notes_console().status("searching read voltage, bit errors, reads and stability factor"):
        found = survey(work, device, accuracy, assumptions=assumed)
        if replicas:
            found = replace(found, intervals=intervals(found, replicas))
    record = {**found.to_dict(), "versions": versions(), "command": command()}
    moved = _sensitivity(found) if sensitivity else None
    if moved is not None:
        record["sensitivity"] = moved.to_dict()
    if as_json:
        print_json(record)
    else:
        typer.echo(found.table().text(console.width))
        if moved is not None:
            typer.echo(moved.table().text(console.width))
        typer.echo(published_table().text(console.width))
        for remark in found.remarks:
            console.print(f"• {remark}", highlight=False, markup=False)
    if out is not None:
        _write(out, found, moved, record)
        note(f"Written: {out / 'cost.json'}, {out / 'cost.png'}")
    elif not as_json:
        note("Nothing was written; --out FOLDER saves the numbers and the plot.")


def _reads_alone(
    card: "BehaviouralCard",
    work: "Workload",
    accuracy: "Accuracy | None",
    assumed: "Assumptions",
    out: Path | None,
    as_json: bool,
) -> None:
    """Print what the reads of a behavioural card cost; others would need its physics."""
    from rich.console import Console

    from smtj import plot
    from smtj.energy import cost as cost_of
    from smtj.files import write_text
    from smtj.provenance import command, versions

    plan, said = _plan_of(card, assumed)
    found = cost_of(work, card, plan, assumptions=assumed)
    rate = None
    if accuracy is not None:
        rate = float(accuracy.at(found.effective_reads, found.error_rate))
    record = {**found.to_dict(), "accuracy": rate, "versions": versions(), "command": command()}
    if as_json:
        print_json(record)
    else:
        typer.echo(found.table().text(Console().width))
        if rate is not None:
            typer.echo(f"• Accuracy with these reads: {100 * rate:.2f} %")
        if said:
            typer.echo(f"• {said}")
        typer.echo(
            f"• Card {card.name} holds measured behaviour: the search for other read voltages and "
            "barriers needs the physics of the device"
        )
    if out is not None:
        with writing(out), holding(out, command()):
            with plot.figure(3.6, 3.0) as (figure, axes):
                found.plot(axes)
                plot.save(figure, out / "cost")
            write_text(out / "cost.json", json.dumps(record, indent=1, allow_nan=False) + "\n")
        note(f"Written: {out / 'cost.json'}, {out / 'cost.png'}")
    elif not as_json:
        note("Nothing was written; --out FOLDER saves the numbers and the plot.")


def _plan_of(card: "BehaviouralCard", assumed: "Assumptions") -> "tuple[ReadPlan | None, str]":
    """Return how to read a card, and a remark if that is not how it was measured.

    A measurement reads much faster than the device switches, as its readings need not be
    independent; those of a neuron are.  None means as on the card.
    """
    from smtj.energy import gated_plan
    from smtj.units import format_scaled

    card.require(*(f"behaviour.{name}" for name in NEEDED))
    plan = gated_plan(card, card.read_voltage, assumptions=assumed)
    apart = float(plan.interval)  # type: ignore[arg-type]  # of one plan
    if card.sampling_interval < apart:
        own, needed = format_scaled(card.sampling_interval, "s"), format_scaled(apart, "s")
        # What was measured with the voltage on says nothing of the device without it.
        return replace(plan, bias_time=plan.interval), (
            f"The card's readings, {own} apart, repeat one another; reads here are {needed} apart, "
            "three times the relaxation time, and take as long as one bit error in a thousand needs"
        )
    instants = "The card's readings are instants; a read here takes as long as one bit error in "
    return None, f"{instants}a thousand needs" if card.integration_time == 0 else ""


def _sensitivity(found: "Survey") -> "Sensitivity":
    from smtj.energy import sensitivity

    try:
        with progress("one assumption at a time") as report:
            return sensitivity(found, report)
    except KeyboardInterrupt:
        note("Stopped; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None


def _evaluate(
    paths: list[Path], dataset: str | None, data: Path | None, seed: int, chips: int
) -> tuple["Card", "Accuracy", list["Accuracy"]]:
    """Return the first network's card and accuracy, and those of new chips of all networks."""
    from smtj.cli.chips import trained_on
    from smtj.datasets import load_dataset
    from smtj.energy import measure_accuracy, measure_replicas, trained_network
    from smtj.nn.training.trainer import as_tensors

    networks, cards = zip(*map(trained_network, paths), strict=True)
    path, card = paths[0], cards[0]
    for other, name in zip(cards, paths, strict=True):
        if other != card:
            raise SmtjError(
                f"{name} was trained on another card than {path}; intervals need networks of one"
            )
    chosen = dataset or trained_on(path / "network.pt" if path.is_dir() else path)
    images = as_tensors(load_dataset(chosen, data, progress=not is_quiet()))
    try:
        with progress("accuracy against reads and bit errors") as report:
            accuracy = measure_accuracy(networks[0], images, seed, progress=report)
        with progress("the same on new chips") as report:
            replicas = measure_replicas(networks, images, chips, seed, progress=report)
            return card, accuracy, replicas
    except KeyboardInterrupt:
        note("Stopped; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None


def _write(out: Path, found: "Survey", moved: "Sensitivity | None", record: dict[str, Any]) -> None:
    from smtj import plot
    from smtj.energy import caption, save_plots
    from smtj.files import write_text
    from smtj.provenance import command

    with writing(out), holding(out, command()):
        save_plots(found, out / "cost")
        if moved is not None:
            with plot.figure(6.0, 3.4) as (figure, axes):
                moved.plot(axes)
                plot.save(figure, out / "sensitivity")
        text = json.dumps({**record, "caption": caption(found)}, indent=1, allow_nan=False)
        write_text(out / "cost.json", text + "\n")

"""``smtj cost``: energy, latency and area of a card's neurons, beside the accuracy."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.exits import INTERRUPTED
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from smtj.card import DeviceCard
    from smtj.energy.accuracy import Accuracy
    from smtj.energy.assumptions import Assumptions
    from smtj.energy.design_space import Survey

PAPER_SIZES = "784,400,10"


def cost(
    card: Annotated[
        str | None, typer.Option(help="Shipped card or path; else the network's, or cai2019.")
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(help="Folder or file of a network that `smtj train` wrote."),
    ] = None,
    sizes: Annotated[
        str, typer.Option(help="Layers, inputs first, where no network is given.")
    ] = PAPER_SIZES,
    dataset: Annotated[
        str, typer.Option(help="Whose test images the network is evaluated on.")
    ] = "mnist",
    data: Annotated[
        Path | None, typer.Option(help="Folder of the data set; else it is looked for.")
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(help='NAME=VALUE, e.g. "amplifier_noise=2 nV/Hz^0.5"; may be repeated.'),
    ] = None,
    assumptions: Annotated[Path | None, typer.Option(help="TOML file of assumptions.")] = None,
    list_assumptions: Annotated[
        bool, typer.Option("--list-assumptions", help="Print the table of assumptions, and stop.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of noise and reads.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for cost.json and the picture.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Say what an inference costs, what dominates it, and how the device is read best."""
    from rich.console import Console

    from smtj.card import load_card
    from smtj.cli.ranges import parse_sizes
    from smtj.energy.assumptions import load_assumptions
    from smtj.energy.costs import workload
    from smtj.energy.design_space import as_record, survey
    from smtj.energy.report import in_words
    from smtj.provenance import command, versions

    console, screen = Console(), Console(stderr=True)
    table = load_assumptions(assumptions, assume or ())
    if list_assumptions:
        console.print(_assumptions(table))
        return
    accuracy: Accuracy | None = None
    if network is not None and sizes != PAPER_SIZES:
        raise SmtjError("--sizes is for costs without --network, which has sizes of its own")
    if network is None:
        device = load_card(card or "cai2019")
        work = workload(parse_sizes("--sizes", sizes, PAPER_SIZES), table)
    else:
        own, accuracy = _evaluated(screen, network, dataset, data, seed)
        device, work = (own if card is None else load_card(card)), accuracy.work
    with screen.status("searching read voltage, bit errors, reads and barrier"):
        found = survey(device, table, work, accuracy)
    words = in_words(found)
    record = {**as_record(found), "in_words": words, "versions": versions(), "command": command()}
    if as_json:
        typer.echo(json.dumps(record, indent=1, allow_nan=False))
    else:
        console.print(_costs(found))
        console.print(_published(found))
        for sentence in words:
            console.print(f"• {sentence}", highlight=False)
    if out is not None:
        _write(out, found, record)
        typer.echo(f"Written: {out / 'cost.json'}, {out / 'cost.png'}", err=as_json)
    elif not as_json:
        typer.echo("Nothing was written; --out FOLDER keeps the numbers and draws the picture")


def _evaluated(
    screen: "Console", path: Path, dataset: str, data: Path | None, seed: int
) -> tuple["DeviceCard", "Accuracy"]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from smtj.datasets import load_dataset
    from smtj.energy.accuracy import measure_accuracy, trained_network
    from smtj.nn.training.trainer import as_tensors

    network, card = trained_network(path)
    images = as_tensors(load_dataset(dataset, data))
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task("accuracy against reads and bit errors", total=None)
            accuracy = measure_accuracy(
                network,
                images,
                seed,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except KeyboardInterrupt:
        screen.print("Stopped; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    return card, accuracy


def _assumptions(table: "Assumptions") -> "Table":
    made = _table("What is assumed", ("name", "value", "what it is", "provenance", "source"))
    # Names are typed after --assume, so that none is broken over lines.
    made.columns[0].no_wrap = True
    for name, value, quantity in table.rows():
        made.add_row(name, quantity.text(value, 6), quantity.doc, value.provenance, value.source)
    return made


def _costs(found: "Survey") -> "Table":
    from smtj.energy.report import cost_table, joules

    head, rows = cost_table(found)
    title = f"One inference of {found.work.neurons} neurons, card {found.card.name}"
    made = _table(title, tuple(head))
    for column in made.columns[1:]:
        column.justify = "right"
    for row in rows:
        made.add_row(*row)
    made.caption = (
        f"synapses, in no sum: {joules(float(found.stated.synapses))}; "
        f"area {found.stated.area * 1e6:.3g} mm²"
    )
    made.caption_justify = "left"
    return made


def _published(found: "Survey") -> "Table":
    from smtj.energy.published import PUBLISHED
    from smtj.units import format_quantity

    made = _table("Published, for comparison", ("what", "cost", "note", "source"))
    for line in PUBLISHED:
        low, high = (
            format_quantity(end, line.unit, line.display_unit, 3) for end in (line.low, line.high)
        )
        shown = low if line.low == line.high else f"{low} to {high}"
        made.add_row(line.name, f"{shown}, {line.quantity}", line.note, line.source)
    return made


def _table(title: str, columns: tuple[str, ...]) -> "Table":
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def _write(out: Path, found: "Survey", record: dict[str, Any]) -> None:
    from smtj.energy.plots import caption, draw
    from smtj.files import write_text

    try:
        out.mkdir(parents=True, exist_ok=True)
        draw(out / "cost", found)
        text = json.dumps({**record, "caption": caption(found)}, indent=1, allow_nan=False)
        write_text(out / "cost.json", text + "\n")
    except OSError as error:
        raise SmtjError(f"{out} cannot be written: {error.strerror}; give another --out") from error

"""``smtj ladder``: every theory of a device, from Boltzmann to the sigmoid, against the next."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smtj.cli.ranges import parse_option
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smtj.validity.low_barrier import Progress


def ladder(
    card: Annotated[str, typer.Argument(help="Shipped card or path of a card file.")] = "cai2019",
    delta: Annotated[
        float | None,
        typer.Option(help="Barrier in k_BT, set by the activation volume. Default: the card's."),
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(help="Gilbert damping. Default: the card's.")
    ] = None,
    low_barrier: Annotated[
        float, typer.Option(help="Barrier in k_BT at which the motion is simulated.")
    ] = 5.0,
    voltage: Annotated[str, typer.Option(help="Bias voltage.")] = "0 V",
    temperature: Annotated[
        str | None, typer.Option(help="Temperature. Default: the card's.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for ladder.json and the picture.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Compare every theory of a device with the next, and show where the formulas are safe."""
    from rich.console import Console

    from smtj.card import load_card
    from smtj.physics.device import with_stability_factor
    from smtj.validity import compare

    volts = parse_option("--voltage", voltage, "V") or 0.0
    kelvin = parse_option("--temperature", temperature, "K")
    device = load_card(card)
    if alpha is not None:
        device = device.replace({"magnetism.damping": alpha})
    if delta is not None:
        device = with_stability_factor(device, delta, volts, kelvin)
    with _bar() as progress:
        found = compare(device, volts, kelvin, seed, low_barrier=low_barrier, progress=progress)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1))
    else:
        table, console = found.table(), Console()
        console.print(table.rich())
        for note in table.notes:
            console.print(f"• {note}", highlight=False)
    if out is None:
        return
    try:
        written = found.save(out)
    except OSError as error:
        raise SmtjError(f"{out} cannot be written: {error.strerror}; give another --out") from error
    typer.echo(f"Written: {', '.join(map(str, written))}", err=as_json)


@contextmanager
def _bar() -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )

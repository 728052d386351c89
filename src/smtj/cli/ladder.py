"""``smtj ladder``: the ladder from Boltzmann to the sigmoid, for a card."""

import json
import math
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.ranges import parse_option
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from smtj.validity import Limits, Rung
    from smtj.validity.low_barrier import Progress


def validate(
    card: Annotated[str, typer.Argument(help="Shipped card or path of a card file.")] = "cai2019",
    delta: Annotated[
        float | None, typer.Option(help="Barrier in k_BT, by another activation volume.")
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="Gilbert damping instead of the card's.")] = (
        None
    ),
    shallow: Annotated[
        float, typer.Option(help="Barrier in k_BT at which the motion is followed.")
    ] = 5.0,
    voltage: Annotated[str, typer.Option(help="Bias voltage.")] = "0 V",
    temperature: Annotated[str | None, typer.Option(help="Else the card's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for ladder.json and the picture.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the ladder as JSON.")] = False,
) -> None:
    """Compare every rung of the theory with the next, and say where the formulas are safe."""
    from rich.console import Console

    from smtj.card import load_card
    from smtj.physics.device import with_stability_factor
    from smtj.validity import (
        compare_formulas,
        compare_low_barrier,
        find_limits,
    )
    from smtj.validity.limits import in_words

    volts = parse_option("--voltage", voltage, "V") or 0.0
    kelvin = parse_option("--temperature", temperature, "K")
    device = load_card(card)
    if alpha is not None:
        device = device.replace({"magnetism.damping": alpha})
    if delta is not None:
        device = with_stability_factor(device, delta, volts, kelvin)
    screen = Console(stderr=True)
    with _bars(screen) as tell:
        tell("exact times and formulas", 0, 1)
        own = compare_formulas(device, volts, kelvin, seed)
        limits = find_limits(
            device, volts, kelvin, lambda n, of: tell("fields in the plane", n, of)
        )
        followed = with_stability_factor(device, shallow, volts, kelvin)
        simulated = compare_low_barrier(followed, volts, kelvin, seed, tell)
    words = in_words(limits)
    content = _content(own, simulated, words, limits)
    if as_json:
        typer.echo(json.dumps(content, indent=1))
    else:
        console = Console()
        console.print(_table(f"{device.name} at Δ = {limits.delta:.3g} (upright)", own))
        console.print(_table(f"{device.name} at Δ = {shallow:g}, by another volume", simulated))
        for sentence in words:
            console.print(f"• {sentence}", highlight=False)
    if out is not None:
        _write(out, content, limits, simulated)
        typer.echo(f"Written: {out / 'ladder.json'}, {out / 'ladder.png'}", err=as_json)
    elif not as_json:
        typer.echo("Nothing was written; --out FOLDER keeps the numbers and draws the picture")


@contextmanager
def _bars(screen: "Console") -> "Iterator[Progress]":
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield tell


def _table(title: str, rungs: "list[Rung]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("quantity", "route", "value", "±", "against the reference"):
        table.add_column(column, overflow="fold", max_width=32)
    last = ""
    for rung in rungs:
        shown = "" if rung.quantity == last else rung.quantity
        table.add_row(shown, rung.route, *_numbers(rung), _verdict(rung))
        last = rung.quantity
    return table


def _numbers(rung: "Rung") -> tuple[str, str]:
    from smtj.units import convert, format_quantity

    value = format_quantity(rung.value, rung.unit, rung.display_unit, 5)
    if not rung.error > 0:
        return value, ""
    return value, f"{convert(rung.error, rung.unit, rung.display_unit):.2g}"


def _verdict(rung: "Rung") -> str:
    colour = "" if not rung.against else ("green" if rung.agrees else "yellow")
    return f"[{colour}]{rung.verdict}[/]" if colour else rung.verdict


def _content(
    own: "list[Rung]", simulated: "list[Rung]", words: list[str], limits: "Limits"
) -> dict[str, Any]:
    from smtj.provenance import command, versions

    def row(rung: "Rung") -> dict[str, Any]:
        return {
            "quantity": rung.quantity,
            "route": rung.route,
            "value": rung.value,
            "standard_error": rung.error,
            "unit": rung.unit,
            "against": rung.against,
            "expected": rung.expected,
            "z": rung.z if math.isfinite(rung.z) else None,
            "verdict": rung.verdict,
        }

    return {
        "own_barrier": [row(rung) for rung in own],
        "shallow_barrier": [row(rung) for rung in simulated],
        "safe": words,
        "stability_factor_upright": limits.delta,
        "versions": versions(),
        "command": command(),
    }


def _write(out: Path, content: dict[str, Any], limits: "Limits", simulated: "list[Rung]") -> None:
    from smtj.files import write_text
    from smtj.validity.plots import caption, draw

    try:
        out.mkdir(parents=True, exist_ok=True)
        draw(out / "ladder", limits, simulated)
        text = json.dumps({**content, "caption": caption(limits)}, indent=1)
        write_text(out / "ladder.json", text + "\n")
    except OSError as error:
        raise SmtjError(f"{out} cannot be written: {error.strerror}; give another --out") from error

"""``smtj card``: look at a device card, check one, begin a new one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from smtj.card import DeviceCard, Quantity, Value

app = typer.Typer(help="Show, check and begin device cards.", no_args_is_help=True)


@app.command()
def show(
    card: Annotated[str, typer.Argument(help="Name of a shipped card, or path of a card file.")],
) -> None:
    """Print a card: every value with its provenance, and what follows from them."""
    from rich.console import Console
    from rich.text import Text

    from smtj.card import load_card

    loaded = load_card(card)
    tables = (*_sections(loaded), _derived(loaded))
    console = Console()
    for line in (loaded.name, loaded.title, loaded.reference, loaded.notes):
        if line:
            console.print(Text(line, style="bold" if line == loaded.name else ""))
    for table in tables:
        console.print()
        console.print(table)


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="Path of a card file, or name of a shipped card.")],
) -> None:
    """Say whether a card is valid, and if not what would be right."""
    from smtj.card import load_card

    card = load_card(file)
    count = sum(1 for _ in card.values())
    typer.echo(
        f"{file} is a valid card ({card.name}, {count} values); see it: smtj card show {file}"
    )


@app.command()
def new(
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default the card is printed.")
    ] = None,
) -> None:
    """Write a commented card to start from."""
    from smtj.card.template import template
    from smtj.errors import CardError
    from smtj.files import write_text

    if out is None:
        typer.echo(template(), nl=False)
        return
    if out.exists():
        raise CardError(f"{out} exists and is not overwritten; give another --out")
    try:
        write_text(out, template())
    except OSError as error:
        raise CardError(f"{out} cannot be written: {error.strerror}; give another --out") from error
    typer.echo(f"Wrote {out}; fill it in, then: smtj card check {out}")


def _sections(card: "DeviceCard") -> "list[Table]":
    """One table a section, in the card's order."""
    tables: dict[str, Table] = {}
    texts = {
        "geometry": ("shape", card.geometry.shape),
        "switching": ("model", card.switching.model),
    }
    for dotted, value, quantity in card.values():
        section, _, field = dotted.partition(".")
        if section not in tables:
            tables[section] = _table(section, "value", "provenance", "±", "source")
            if section in texts:
                tables[section].add_row(*texts[section], "", "", "")
        tables[section].add_row(*_row(field, value, quantity))
    return list(tables.values())


def _row(field: str, value: "Value", quantity: "Quantity") -> "list[str]":
    """A value as people see it."""
    from rich.markup import escape

    error = value.standard_error
    spread = "" if error is None else quantity.text(error, 3)
    return [field, quantity.text(value, 6), value.provenance, spread, escape(value.source)]


def _derived(card: "DeviceCard") -> "Table":
    """What follows from the card's values."""
    from rich.markup import escape

    from smtj.physics.derived import derived_quantities
    from smtj.units import format_quantity

    table = _table("Derived", "symbol", "value", "source")
    for row in derived_quantities(card):
        value = format_quantity(row.value, row.unit, row.display_unit, 4)
        table.add_row(escape(row.name), escape(row.symbol), value, escape(row.source))
    return table


def _table(title: str, *columns: str) -> "Table":
    """An empty table whose first column is the name and whose last one may wrap."""
    from rich import box
    from rich.table import Table

    table = Table("", title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column == "value", overflow="fold")
    return table

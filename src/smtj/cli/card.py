"""``smtj card``: show, check and create device cards."""

from pathlib import Path
from typing import Annotated

import typer

from smtj.cli.output import note, print_json, writing

app = typer.Typer(help="Show, check and create device cards.", no_args_is_help=True)


@app.command()
def show(
    card: Annotated[str, typer.Argument(help="Name of a shipped card, or path of a card file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Print all values of a card with their provenance, and what follows from them."""
    from rich.console import Console

    from smtj.card import BehaviouralCard, load_card
    from smtj.physics.derived import derived_quantities
    from smtj.physics.measured import measured_quantities
    from smtj.tables import Table

    loaded = load_card(card)
    if isinstance(loaded, BehaviouralCard):
        derived = measured_quantities(loaded)
    else:
        derived = derived_quantities(loaded)
    if as_json:
        found = {row.symbol: {"value": float(row.value), "unit": row.unit} for row in derived}
        print_json({"card": loaded.to_dict(), "derived": found})
        return
    rows = [(row.name, row.symbol, row.text, row.source) for row in derived]
    width = Console().width
    typer.echo(loaded.table().text(width))
    at_rest = isinstance(loaded, BehaviouralCard) and loaded.switches
    if rows:
        head = "\nAt no drive" if at_rest else "\nDerived"
        typer.echo(Table(head, ("", "symbol", "value", "source"), rows).text(width))


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="Path of a card file, or name of a shipped card.")],
) -> None:
    """Check a card; if it is not valid, say why and how to correct it."""
    from smtj.card import load_card
    from smtj.errors import CardError

    try:
        card = load_card(file)
    except CardError as error:
        if len(error.errors) == 1:
            raise
        every = "".join(f"\n  {one}" for one in error.errors)
        raise CardError(f"card {file} has {len(error.errors)} errors:{every}") from None
    count = sum(1 for _ in card.values())
    typer.echo(f"{file} is valid ({card.name}, {count} values); see it: smtj card show {file}")


@app.command()
def new(
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default the card is printed.")
    ] = None,
    measured: Annotated[
        bool, typer.Option("--measured", help="A card of measured behaviour, without physics.")
    ] = False,
) -> None:
    """Write a commented card to start from."""
    from smtj.card import BehaviouralCard, DeviceCard
    from smtj.card.template import template
    from smtj.errors import CardError
    from smtj.files import write_text

    text = template(BehaviouralCard if measured else DeviceCard)
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists():
        raise CardError(f"{out} already exists; give another --out")
    with writing(out):
        write_text(out, text)
    note(f"Wrote {out}; fill it in, then run: smtj card check {out}")

"""``smtj export``: a card as a model for a circuit simulator, alone or in a test bench."""

from pathlib import Path
from typing import Annotated

import typer

from smtj.cli.output import note, writing
from smtj.cli.ranges import parse_option
from smtj.errors import SmtjError


def export(
    card: Annotated[str, typer.Argument(help="Shipped card or path of a card file.")],
    out: Annotated[Path, typer.Option(help="File to write, e.g. junction.lib.")],
    format: Annotated[str, typer.Option(help="ngspice or verilog-a.")] = "ngspice",
    bench: Annotated[
        str | None,
        typer.Option(help="Write a whole circuit instead: junction, read, pbit, neuron or and."),
    ] = None,
    temperature: Annotated[
        str | None, typer.Option(help="Temperature. Default: the card's.")
    ] = None,
    voltage: Annotated[
        str | None, typer.Option(help="Bias of the junction. Default: the card's read voltage.")
    ] = None,
    drive: Annotated[
        float | None,
        typer.Option(
            help="Of a bench, in the unit of the netlist. Default: where P(high) is one half."
        ),
    ] = None,
    relaxations: Annotated[
        float, typer.Option(min=1, help="Length of a bench, in relaxation times.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=1, help="Seed of a bench.")] = 1,
) -> None:
    """Write a card as a model for a circuit simulator, with the card's own statistics."""
    from smtj import circuits
    from smtj.files import write_text

    kelvin = parse_option("--temperature", temperature, "K")
    volts = parse_option("--voltage", voltage, "V")
    if bench is None:
        given = {"--voltage": voltage, "--drive": drive}
        extra = [name for name, value in given.items() if value is not None]
        if extra:
            raise SmtjError(f"{extra[0]} needs --bench; choose one, or leave it out")
        text = circuits.export(card, format, temperature=kelvin)
        hint = "Include it in a netlist (.include); its first lines say how to use it."
    else:
        if format != "ngspice":
            raise SmtjError(f"a test bench is an ngspice netlist; leave out --format {format}")
        built = circuits.bench(
            card,
            bench,
            temperature=kelvin,
            voltage=volts,
            drive=drive,
            relaxations=relaxations,
        )
        text, hint = built.text(seed), f"Run it: ngspice -b {out}"
    with writing(out):
        write_text(out, text)
    typer.echo(f"Wrote {out}")
    note(hint)

"""``smtj random``: what a device's bits are worth, corrected and tested."""

from pathlib import Path
from typing import Annotated

import typer

from smtj.cli.output import note, print_json, writing
from smtj.cli.ranges import parse_option
from smtj.cli.reading import Reading, read_files, with_reading
from smtj.errors import SmtjError


@with_reading
def random(
    trace: Annotated[
        Path | None, typer.Argument(help="A measured trace; without one, a card's device is read.")
    ] = None,
    *,
    card: Annotated[str, typer.Option(help="Shipped card or path of a card file.")] = "cai2019",
    read_interval: Annotated[
        str | None,
        typer.Option(help='From read to read, e.g. "1 ms". Default: the relaxation time.'),
    ] = None,
    drive: Annotated[
        str | None,
        typer.Option(help='Of the device, e.g. "-14 Oe". Default: where P(high) is one half.'),
    ] = None,
    voltage: Annotated[
        str | None, typer.Option(help="Bias voltage. Default: the card's read voltage.")
    ] = None,
    temperature: Annotated[
        str | None, typer.Option(help="Temperature. Default: the card's.")
    ] = None,
    bits: Annotated[int, typer.Option(min=1024, help="Bits to deliver and test.")] = 1_000_000,
    correction: Annotated[
        str | None,
        typer.Option(
            help="none, wait, feedback, xor, von-neumann or extractor. Default: the fastest that "
            "leaves nothing to see."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of device and extractor.")] = 0,
    reading: Reading,
    out: Annotated[
        Path | None, typer.Option(help="Folder for bits.bin, report.html and report.json.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Make random bits of a device or a trace: entropy, corrections, and the tests of NIST."""
    from rich.console import Console

    from smtj.card import load_card
    from smtj.randomness import card_source, random_study, trace_source
    from smtj.randomness.choice import proposals_table
    from smtj.randomness.study import CAVEAT

    if trace is None:
        device = load_card(card)
        source = card_source(
            device,
            parse_option("--read-interval", read_interval, "s"),
            parse_option("--drive", drive, device.drive.unit),
            parse_option("--voltage", voltage, "V"),
            parse_option("--temperature", temperature, "K"),
        )
    else:
        given = {
            "--read-interval": read_interval,
            "--drive": drive,
            "--voltage": voltage,
            "--temperature": temperature,
        }
        extra = [name for name, value in given.items() if value is not None]
        if extra:
            raise SmtjError(f"{extra[0]} is of a card's device; a trace was read as it was")
        tables = read_files([trace], reading)
        if len(tables) != 1:
            raise SmtjError(f"{trace} holds {len(tables)} tables; give a file with one trace")
        source = trace_source(tables[0], trace.name)
    chosen = None if correction is None else correction.replace("-", " ")
    study = random_study(source, bits, seed, chosen)
    if as_json:
        print_json(study.to_dict())
    else:
        width = Console().width
        shown = [study.table(), proposals_table(study.choices, study.delivered.size)]
        shown += [study.tests_table()]
        shown += [study.estimates_table()] if study.raw_estimates else []
        for table in shown:
            typer.echo(table.text(width))
        note(CAVEAT)
    if out is not None:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            written = study.report(out)
        note(f"Written: {written} and bits.bin, {study.delivered.size} bits")

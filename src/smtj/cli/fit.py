"""``smtj fit``: from measured files to a card, with the interval of every number."""

from pathlib import Path
from typing import Annotated

import typer

from smtj.cli.memory import drop_compiler, load_compiler
from smtj.cli.output import note, print_json, progress, writing
from smtj.cli.ranges import parse_option
from smtj.cli.reading import Reading, read_files, with_reading
from smtj.errors import SmtjError

LONG = 1 << 13
"""Readings above which data with times are a trace, which compiled functions fit."""

Condition = Annotated[
    str | None, typer.Option(help="Used if the file has no such column. Default: that of --base.")
]
Field = Annotated[
    str | None, typer.Option(help="Used if the file has no such column. Default: 0 Oe.")
]


@with_reading
def fit(
    files: Annotated[
        list[Path],
        typer.Argument(help="Traces, scans, loops, tables of P(H), spectra of ST-FMR or FMR."),
    ],
    *,
    base: Annotated[
        str | None,
        typer.Option(
            help="Card of the device, a shipped name or a file, for what the data do not state. "
            "Without it nothing is taken from a card, and --out writes what was measured."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Card to write; a report goes into a folder next to it.")
    ] = None,
    reading: Reading,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help='Fit these readings alone, e.g. "voltage=0.8 V", "time=2:30 s" or '
            '"branch=P->AP"; repeatable.'
        ),
    ] = None,
    integration_time: Annotated[
        str | None, typer.Option(help='Averaging time of a reading, e.g. "20 ms" or "0 s".')
    ] = None,
    bandwidth: Annotated[
        str | None, typer.Option(help='Of the readout, e.g. "10 kHz"; by default sought.')
    ] = None,
    field_out_of_plane: Field = None,
    field_in_plane: Field = None,
    frequency: Annotated[
        str | None, typer.Option(help="Of spectra swept in field, if the file has no such column.")
    ] = None,
    voltage: Condition = None,
    current: Condition = None,
    temperature: Condition = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every fitted number with its interval as JSON.")
    ] = False,
) -> None:
    """Fit measured files and write the results to a card."""
    from rich.console import Console

    from smtj.analysis import fit as fit_files
    from smtj.card import BehaviouralCard
    from smtj.measurement import field_direction_stated, parse_only

    chosen = parse_only(only or [])
    with progress("reading", "MB") as report:
        data = read_files(files, reading, report)
    if any("time" in one and one["time"].size > LONG for one in data):
        load_compiler()
    with progress("fitting", "steps") as report:
        result = fit_files(
            data,
            base,
            only=chosen,
            integration_time=parse_option("--integration-time", integration_time, "s"),
            bandwidth=parse_option("--bandwidth", bandwidth, "Hz"),
            field_out_of_plane=parse_option("--field-out-of-plane", field_out_of_plane, "A/m"),
            field_in_plane=parse_option("--field-in-plane", field_in_plane, "A/m"),
            frequency=parse_option("--frequency", frequency, "Hz"),
            voltage=parse_option("--voltage", voltage, "V"),
            current=parse_option("--current", current, "A"),
            temperature=parse_option("--temperature", temperature, "K"),
            progress=report,
        )
    if as_json:
        print_json(result.to_dict())
    else:
        typer.echo(result.text(Console().width))
    if out is None:
        what = "a card and a report" if result.has_card else "a report"
        note(f"Nothing was written; --out my_card.toml writes {what}")
        return
    drop_compiler()
    card, impossible = None, None
    try:
        card = result.card(name=out.stem) if result.has_card else None
    except SmtjError as reason:
        impossible = reason
    with writing(out):
        page = result.write_report(out.with_name(f"{out.stem}-fit"), str(out) if card else "")
        note(f"Report: {page}")
        if impossible is not None:
            raise SmtjError(f"no card was written: {impossible}")
        if card is None:
            undirected = base is not None and not all(map(field_direction_stated, data))
            why = (
                "the direction of the field is not stated, which a card with physics needs"
                if undirected
                else "nothing that was fitted belongs on one"
            )
            note(f"No card was written: {why}")
        else:
            card.save(out)
            trains = not isinstance(card, BehaviouralCard) or card.switches
            more = f", or smtj train --card {out}" if trains else ""
            note(f"Card: {out}\nNext: smtj card show {out}{more}")

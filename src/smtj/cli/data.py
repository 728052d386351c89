"""``smtj data``: what is understood of measured files, and the command that fits them."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from smtj.cli.output import note
from smtj.cli.reading import Reading, data_files, with_reading


@with_reading
def data(
    files: Annotated[list[Path], typer.Argument(help="Files of a laboratory, or folders of them.")],
    reading: Reading,
) -> None:
    """Show what is understood of measured files, what is not, and how to fit them."""
    from rich.console import Console

    from smtj.errors import DataError
    from smtj.measurement import describe, numbers_in_names

    problems, needs_reads, every = [], False, data_files(files)
    are_traces = True
    for number, file in enumerate(every):
        found = describe(file, **reading)
        typer.echo(("\n" if number else "") + found.table().text(Console().width))
        problems += [found.problem] if found.problem else []
        needs_reads |= found.needs_reads
        are_traces &= found.kind.startswith("a trace")
    if problems:
        raise DataError("; ".join(problems))
    unexplained = numbers_in_names(every) if are_traces else None
    if unexplained:
        note(f"{unexplained[0].upper()}{unexplained[1:]}")
    given = [part for part in sys.argv[2:] if part != "--quiet"]
    reads = " --reads N, with N the number of reads behind each P" if needs_reads else ""
    note(f"Next: smtj fit {shlex.join(given)}{reads}")

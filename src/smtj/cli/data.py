"""``smtj data``: what is understood of measured files, and the command that fits them."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from smtj.cli.output import note
from smtj.cli.ranges import parse_option
from smtj.cli.reading import (
    Column,
    FromName,
    Ignore,
    Interval,
    Reads,
    Sheet,
    SkipRows,
    listed_files,
)


def data(
    files: Annotated[list[Path], typer.Argument(help="Files of a laboratory, or folders of them.")],
    column: Column = None,
    ignore: Ignore = None,
    skip_rows: SkipRows = 0,
    sheet: Sheet = None,
    reads: Reads = None,
    interval: Interval = None,
    from_name: FromName = None,
) -> None:
    """Show what is understood of measured files, what is not, and how to fit them."""
    from rich.console import Console

    from smtj.errors import DataError
    from smtj.measurement import describe, parse_columns

    columns = parse_columns(column or [])
    spacing = parse_option("--interval", interval, "s")
    problems = []
    for number, file in enumerate(listed_files(files)):
        found = describe(
            file,
            columns,
            skip_rows=skip_rows,
            sheet=sheet,
            ignore=ignore or (),
            reads=reads,
            interval=spacing,
            from_name=from_name,
        )
        typer.echo(("\n" if number else "") + found.table().text(Console().width))
        problems += [found.problem] if found.problem else []
    if problems:
        raise DataError("; ".join(problems))
    given = [part for part in sys.argv[2:] if part != "--quiet"]
    note(f"Next: smtj fit {shlex.join(given)}")

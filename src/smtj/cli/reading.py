"""Options that say how files are read, of every command that reads measured files."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.memory import free_at_once, import_pandas
from smtj.cli.output import Report, note
from smtj.cli.ranges import parse_option

if TYPE_CHECKING:
    import xarray as xr

Reading = Mapping[str, Any]
"""Arguments of :func:`smtj.measurement.load` and :func:`smtj.measurement.describe`."""

Column = Annotated[
    list[str] | None,
    typer.Option(
        help='Maps a header or a position, e.g. "resistance=R_meas \\[kohm]" or "time=#1 \\[s]"; '
        "repeatable."
    ),
]
Ignore = Annotated[
    list[str] | None, typer.Option(help="Header of a column to leave out; repeatable.")
]
SkipRows = Annotated[int, typer.Option(min=0, help="Lines at the top of a file to leave out.")]
Sheet = Annotated[
    str | None,
    typer.Option(help="Sheet of a workbook, or group of an HDF5, TDMS or MATLAB file."),
]
Reads = Annotated[
    int | None, typer.Option(min=1, help="Reads behind each probability, if not in a column.")
]
Interval = Annotated[
    str | None, typer.Option(help='Time between readings, e.g. "0.1 ms", for the times in files.')
]
FromName = Annotated[
    str | None,
    typer.Option(
        help='Conditions in the names of files, e.g. "RTN_H={field_out_of_plane:Oe}*.csv".'
    ),
]


def with_reading(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of :func:`_reading` in place of its parameter ``reading``."""
    every = inspect.signature(command).parameters
    shared = inspect.signature(_reading).parameters

    def run(**options: Any) -> None:
        chosen = {name: options.pop(name) for name in shared}
        command(reading=_reading(**chosen), **options)

    parameters: list[inspect.Parameter] = []
    for name, parameter in every.items():
        parameters += shared.values() if name == "reading" else [parameter]
    by_name = [p.replace(kind=p.KEYWORD_ONLY) for p in parameters]
    vars(run)["__signature__"] = inspect.Signature(by_name)
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _reading(
    column: Column = None,
    ignore: Ignore = None,
    skip_rows: SkipRows = 0,
    sheet: Sheet = None,
    reads: Reads = None,
    interval: Interval = None,
    from_name: FromName = None,
) -> Reading:
    from smtj.measurement import parse_columns

    return {
        "columns": parse_columns(column or []),
        "ignore": ignore or (),
        "skip_rows": skip_rows,
        "sheet": sheet,
        "reads": reads,
        "interval": parse_option("--interval", interval, "s"),
        "from_name": from_name,
    }


def data_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of data among files and folders, and note those that are left out."""
    from smtj.measurement import files_in, left_out
    from smtj.measurement.format.messages import listed

    if others := left_out(paths):
        note(f"Not read: {listed(others)}")
    return files_in(paths)


def read_files(
    files: Sequence[Path], reading: Reading, progress: Report | None = None
) -> "list[xr.Dataset]":
    """Read measured files as the options say."""
    from smtj.measurement import load_tables

    free_at_once()
    import_pandas()
    files = data_files(files)

    def report(number: int) -> Report | None:
        if progress is None:
            return None
        # In MB, and at least one, so that small files show too.
        return lambda done, total: progress(
            number * _megabytes(total) + _megabytes(done), len(files) * _megabytes(total)
        )

    every = (load_tables(f, progress=report(number), **reading) for number, f in enumerate(files))
    return list(chain.from_iterable(every))


def _megabytes(size: int) -> int:
    return max(1, round(size / 1e6))

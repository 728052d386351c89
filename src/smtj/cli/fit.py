"""``smtj fit``: from measured files to a card, with every number's interval."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.ranges import parse_option
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from smtj.analysis import Part
    from smtj.card import DeviceCard

Condition = Annotated[str | None, typer.Option(help="Where no column says it; else the card's.")]
Field = Annotated[str | None, typer.Option(help="Where no column says it; else 0 Oe.")]


def fit(
    files: Annotated[
        list[Path],
        typer.Argument(help="Traces, scans, loops, tables of P(H), spectra of ST-FMR or FMR."),
    ],
    onto: Annotated[str, typer.Option(help="Card to start from: shipped, or a file.")] = "cai2019",
    out: Annotated[
        Path | None, typer.Option(help="Card to write; its report goes beside it.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help='Which header is what, e.g. "resistance=R_meas \\[kohm]"; repeatable.'),
    ] = None,
    integration_time: Annotated[
        str | None, typer.Option(help='Over which a reading averages, e.g. "20 ms" or "0 s".')
    ] = None,
    perpendicular: Field = None,
    parallel: Field = None,
    frequency: Annotated[
        str | None, typer.Option(help="Of spectra swept in field, where no column says it.")
    ] = None,
    voltage: Condition = None,
    temperature: Condition = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every fitted number with its interval as JSON.")
    ] = False,
) -> None:
    """Fit measured files and write what they say of the device into a card."""
    from rich.console import Console

    from smtj.analysis import Setting, analyse
    from smtj.analysis.formatting import measured_card, named, remarks_of_files
    from smtj.card import load_card
    from smtj.measurement import load, parse_columns

    base = load_card(onto)
    given = {
        "field_out_of_plane": parse_option("--perpendicular", perpendicular, "A/m"),
        "field_in_plane": parse_option("--parallel", parallel, "A/m"),
        "frequency": parse_option("--frequency", frequency, "Hz"),
        "voltage": parse_option("--voltage", voltage, "V"),
        "temperature": parse_option("--temperature", temperature, "K"),
    }
    setting = Setting(
        card=base,
        source=named([file.name for file in files]),
        integration_time=parse_option("--integration-time", integration_time, "s"),
        conditions={name: value for name, value in given.items() if value is not None},
    )
    datasets = [load(file, parse_columns(column or [])) for file in files]
    console = Console(stderr=as_json, soft_wrap=False)
    with _shown(console) as progress:
        parts = analyse(datasets, setting, progress)
    remarks = remarks_of_files(datasets)
    card = base if out is None else measured_card(base, parts, out.name)
    if as_json:
        typer.echo(json.dumps(_record(parts, remarks), indent=1, ensure_ascii=False))
    else:
        for part in parts:
            _print(console, part)
        for remark in remarks:
            console.print(f"• {remark}", markup=False, highlight=False)
    if out is not None:
        _write(console, card, parts, remarks, out, base)
    elif not as_json:
        console.print("Nothing was written; --out my_card.toml writes a card and a report")


@contextmanager
def _shown(console: "Console") -> "Iterator[Callable[[int, int], None]]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("fitting", BarColumn(), MofNCompleteColumn(), "fits", TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(console: "Console", part: "Part") -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from smtj.analysis.formatting import HEAD, row

    table = Table(
        "", title=escape(part.title), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False
    )
    for column in HEAD[1:]:
        table.add_column(column, no_wrap=column != "")
    for estimate in part.estimates:
        table.add_row(*map(escape, row(estimate)))
    console.print(table)
    for remark in part.remarks:
        console.print(f"• {remark}", markup=False, highlight=False)
    console.print()


def _record(parts: "list[Part]", remarks: list[str]) -> dict[str, Any]:
    def finite(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    return {
        "parts": [
            {
                "name": part.name,
                "title": part.title,
                "estimates": [
                    {
                        "name": e.name,
                        "symbol": e.symbol,
                        "value": finite(e.value),
                        "standard_error": finite(e.error),
                        "interval_95": [finite(end) for end in e.interval],
                        "unit": e.unit,
                    }
                    for e in part.estimates
                ],
                "remarks": list(part.remarks),
            }
            for part in parts
        ],
        "remarks": remarks,
    }


def _table(part: "Part") -> dict[str, Any]:
    """Return the numbers of a part as a table for people."""
    from smtj.analysis.formatting import HEAD, row

    return {"head": list(HEAD), "rows": [row(estimate) for estimate in part.estimates]}


def _write(
    console: "Console",
    card: "DeviceCard",
    parts: "list[Part]",
    remarks: list[str],
    out: Path,
    base: "DeviceCard",
) -> None:
    from smtj.analysis.formatting import as_sentences
    from smtj.report.figure import FigureResult
    from smtj.report.html import write_report

    folder = out.with_name(f"{out.stem}-fit")
    try:
        figures = [
            FigureResult(
                name=f"{number}-{part.name}",
                title=part.title,
                caption=" ".join((part.caption, *as_sentences(part.remarks))),
                images=part.draw(folder / f"{number}-{part.name}"),
                numbers={**_record([part], []), "table": _table(part)},
            )
            for number, part in enumerate(parts, start=1)
        ]
        title = f"smtj: card {card.name}, from measurements"
        about = f"Fitted onto card {base.name}; values with standard errors and 95 % intervals."
        context = {"card": str(out), "base": base.name, "remarks": remarks}
        report = write_report(folder, title, figures, [], context, about)
        written = card.save(out)
    except OSError as error:
        raise SmtjError(f"{out} cannot be written: {error.strerror}; give another --out") from error
    console.print(
        f"Card: {written}\nReport: {report}\nNext: smtj card show {written}, or "
        f"smtj train --card {written}",
        soft_wrap=True,
        highlight=False,
    )

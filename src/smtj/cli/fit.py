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
    from smtj.fit.estimate import Estimate

MOST_NAMED = 4
"""Files that are counted instead of named."""

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
    from smtj.card import load_card
    from smtj.measurement import load, parse_columns

    base = load_card(onto)
    given = {
        "field_perpendicular": parse_option("--perpendicular", perpendicular, "A/m"),
        "field_parallel": parse_option("--parallel", parallel, "A/m"),
        "frequency": parse_option("--frequency", frequency, "Hz"),
        "voltage": parse_option("--voltage", voltage, "V"),
        "temperature": parse_option("--temperature", temperature, "K"),
    }
    setting = Setting(
        card=base,
        source=_called(files),
        integration_time=parse_option("--integration-time", integration_time, "s"),
        conditions={name: value for name, value in given.items() if value is not None},
    )
    datasets = [load(file, parse_columns(column or [])) for file in files]
    console = Console(stderr=as_json, soft_wrap=False)
    with _shown(console) as progress:
        parts = analyse(datasets, setting, progress)
    remarks = _remarks_of_files(datasets)
    card = _onto(base, parts, out)
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


def _remarks_of_files(datasets: list[Any]) -> list[str]:
    """Say what was taken for granted when the files were read."""
    from smtj.measurement import source_of

    found: dict[str, list[str]] = {}
    for dataset in datasets:
        remarks = [
            f"{column} has no unit in its header; SI is taken"
            for column in dataset.attrs.get("assumed_units", ())
            if column not in dataset.attrs.get("arbitrary_units", ())
        ]
        remarks += [
            f"{column} is in arbitrary units; they are called V"
            for column in dataset.attrs.get("arbitrary_units", ())
        ]
        ignored = dataset.attrs.get("ignored_columns", ())
        if ignored:
            remarks.append(f"not used: {', '.join(str(column) for column in ignored)}")
        if "resistance_from" in dataset.attrs:
            remarks.append(f"resistance is {dataset.attrs['resistance_from']}")
        for remark in remarks:
            found.setdefault(remark, []).append(Path(source_of(dataset)).name)
    return [f"{_named(names)}: {remark}" for remark, names in found.items()]


def _called(files: list[Path]) -> str:
    """What the data are called: a file's name, or how many there are."""
    return _named([file.name for file in files])


def _named(names: list[str]) -> str:
    return ", ".join(names) if len(names) < MOST_NAMED else f"{len(names)} files"


def _onto(card: "DeviceCard", parts: "list[Part]", out: Path | None) -> "DeviceCard":
    from smtj.card import load_card

    if out is None:
        return card
    for part in parts:
        card = part.onto(card)
    stem = "".join(c if c.isalnum() else "_" for c in out.stem)
    name = stem if stem[:1].isalpha() or stem[:1] == "_" else f"_{stem}"
    taken = load_card(card.name).name if card.name == name else None
    return card if taken else card.replace({"name": name})


def _print(console: "Console", part: "Part") -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        "", title=escape(part.title), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False
    )
    for column in ("symbol", "value", "±", "95 % interval"):
        table.add_column(column, no_wrap=column != "")
    for estimate in part.estimates:
        table.add_row(*map(escape, _row(estimate)))
    console.print(table)
    for remark in part.remarks:
        console.print(f"• {remark}", markup=False, highlight=False)
    console.print()


def _text(estimate: "Estimate") -> str:
    from smtj.units import format_quantity

    return format_quantity(estimate.value, estimate.unit, estimate.display_unit, 5)


def _number(value: float, estimate: "Estimate", digits: int = 4) -> str:
    from smtj.units import format_quantity

    text = format_quantity(value, estimate.unit, estimate.display_unit, digits)
    return text.removesuffix(estimate.display_unit).strip() if estimate.display_unit else text


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
    return {
        "head": ["", "symbol", "value", "±", "95 % interval"],
        "rows": [_row(estimate) for estimate in part.estimates],
    }


def _row(estimate: "Estimate") -> list[str]:
    low, high = (_number(end, estimate) for end in estimate.interval)
    error = _number(estimate.error, estimate, 2)
    return [estimate.name, estimate.symbol, _text(estimate), error, f"{low} … {high}"]


def _write(
    console: "Console",
    card: "DeviceCard",
    parts: "list[Part]",
    remarks: list[str],
    out: Path,
    base: "DeviceCard",
) -> None:
    from smtj.paper.figure import FigureResult
    from smtj.paper.report import write_report

    folder = out.with_name(f"{out.stem}-fit")
    try:
        figures = [
            FigureResult(
                name=f"{number}-{part.name}",
                title=part.title,
                caption=" ".join((part.caption, *_as_sentences(part.remarks))),
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


def _as_sentences(remarks: tuple[str, ...]) -> list[str]:
    return [f"{remark[:1].upper()}{remark[1:]}." for remark in remarks]

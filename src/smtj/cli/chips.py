"""``smtj chips``: many virtual chips of one trained network."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtj.cli.exits import INTERRUPTED
from smtj.errors import CheckpointError, SmtjError

if TYPE_CHECKING:
    from rich.console import Console

    from smtj.chips.result import StudyResult
    from smtj.chips.summary import StudySummary

MAX_ROWS = 30
"""Rows of the table on the screen; the files have all."""

Vary = Annotated[
    list[str] | None,
    typer.Option(
        help='What is varied, e.g. "temperature=280:360:9,reads=1,4,16" (every combination); '
        "START:STOP:COUNT or a list, with a unit at its end. Given again: one "
        "after the other."
    ),
]


def chips(
    network: Annotated[
        Path, typer.Option(help="Folder that `smtj train` wrote, or its network.pt.")
    ],
    chips: Annotated[int, typer.Option(min=1, help="Chips, each with devices of its own.")] = 100,
    vary: Vary = None,
    reads: Annotated[
        str | None, typer.Option(help='Reads of every evaluation, or "expected"; else as trained.')
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Accuracy that a good chip reaches.")
    ] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Devices of all chips, and reads.")] = 0,
    dataset: Annotated[
        str | None, typer.Option(help="Test images; else those of the training.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the data set; else it is looked for.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="Only so many test images, from the first.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes; else one a core. 0: none but this one.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:port.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where results go; a study goes on from there.")] = Path(
        "chips"
    ),
) -> None:
    """Draw chip after chip for a trained network: accuracy, yield, and what spoils them."""
    from rich.console import Console

    from smtj.chips.conditions import parse_vary
    from smtj.chips.run import study
    from smtj.chips.store import TABLE
    from smtj.cli.progress import evaluations
    from smtj.nn.layer.configure import set_readout
    from smtj.nn.reads.scheme import parse_reads

    console = Console(soft_wrap=True, markup=False, highlight=False)
    if workers and scheduler:
        raise SmtjError("--workers is for a cluster of its own; leave it out with --scheduler")
    wanted = [parse_vary("--vary", text) for text in vary or []]
    model, about, inputs, labels = _trained(network, dataset, data, images)
    if reads is not None:
        set_readout(model, eval_reads=parse_reads("--reads", reads))
    console.print(about)
    try:
        with evaluations() as progress:
            result = study(
                model,
                inputs,
                labels,
                chips=chips,
                vary=wanted,
                seed=seed,
                workers=workers,
                scheduler=scheduler,
                out=out,
                progress=progress,
            )
    except KeyboardInterrupt:
        console.print(
            f"\nStopped; what is done is kept in {out}. The same command goes on from it."
        )
        raise typer.Exit(INTERRUPTED) from None
    written = result.save(out, threshold)
    _show(console, result, threshold)
    console.print("Written:")
    for path in (out / TABLE, *written):
        if path.suffix != ".svg":
            console.print(f"  {path}")


def _trained(
    network: Path, dataset: str | None, folder: Path | None, count: int | None
) -> tuple[Any, str, Any, Any]:
    """Return network, a line about it, and the images and labels of its test."""
    from smtj.datasets import load_dataset
    from smtj.nn.training.network import load_network
    from smtj.nn.training.trainer import as_tensors, scaled

    path = network / "network.pt" if network.is_dir() else network
    model, settings, card = load_network(path)
    if settings.neuron != "mtj":
        raise CheckpointError(f"{path} is a network of sigmoids, which has no chips")
    data = load_dataset(dataset or _dataset_of(path), folder)
    if data.pixels != settings.sizes[0] or data.classes != settings.sizes[-1]:
        raise SmtjError(
            f"{data.title} has {data.pixels} pixels and {data.classes} classes, but {path} is "
            f"{'-'.join(map(str, settings.sizes))}; give the --dataset it was trained on"
        )
    tensors = as_tensors(data)
    pixels, labels = tensors.test_images[:count], tensors.test_labels[:count]
    sizes = "-".join(map(str, settings.sizes))
    about = f"{path}: {sizes}, devices of {card.name}; {len(labels):,} test images of {data.title}"
    return model, about, scaled(pixels), labels


def _dataset_of(path: Path) -> str:
    """The data set that a network was trained on, as the file beside it tells."""
    metrics = path.with_name("metrics.json")
    try:
        return str(json.loads(metrics.read_text())["settings"]["dataset"])
    except (OSError, ValueError, KeyError, TypeError):
        raise SmtjError(
            f"{metrics} does not tell what {path} was trained on; give --dataset"
        ) from None


def _show(console: "Console", result: "StudyResult", threshold: float) -> None:
    """Print distributions and sensitivities."""
    from rich import box
    from rich.table import Table

    from smtj.chips.conditions import QUANTITIES
    from smtj.chips.plots import text_of
    from smtj.chips.summary import varied

    summary: StudySummary = result.summary(threshold)
    names = varied(result.frame)
    table = Table(
        title=f"{result.study.chips:,} chips, {result.images:,} images", box=box.SIMPLE_HEAD,
        title_justify="left",
    )  # fmt: skip
    for name in names:
        show = QUANTITIES[name].show
        words = [*name.split("_"), *([f"({show})"] if show else [])]
        table.add_column("\n".join(words), justify="right", no_wrap=True)
    for column in ("mean", "sd", "5 %", f"yield at {100 * threshold:.4g} %"):
        table.add_column(column, justify="right", no_wrap=True)
    for entry in summary.distributions[:MAX_ROWS]:
        low, high = entry.yield_interval
        table.add_row(
            *(text_of(name, entry.condition[name]).split(" ")[0] for name in names),
            f"{entry.mean:.2%}",
            f"{entry.standard_deviation:.2%}",
            f"{entry.quantiles[0]:.2%}",
            f"{100 * entry.yield_:.1f} % ({100 * low:.1f}-{100 * high:.1f})",
        )
    console.print(table)
    console.print(
        "sd: from chip to chip; 5 %: one chip in twenty is below; yield with its 95 % interval"
    )
    more = len(summary.distributions) - MAX_ROWS
    if more > 0:
        console.print(f"and {more} conditions more, in the files")
    if not summary.sensitivities:
        return
    table = Table(
        title="Mean change of accuracy over what was varied", box=box.SIMPLE_HEAD,
        title_justify="left",
    )  # fmt: skip
    for column in ("quantity", "points", "± standard error", "per"):
        table.add_column(column, justify="left" if column in ("quantity", "per") else "right")
    for item in summary.sensitivities:
        table.add_row(
            QUANTITIES[item.name].doc,
            f"{100 * item.slope:+.3g}",
            f"{100 * item.standard_error:.2g}",
            item.per,
        )
    console.print(table)

"""``smtj reproduce``: the paper's figures, claims and numbers, and a report of what agrees."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smtj import provenance
from smtj.cli.output import INTERRUPTED, is_quiet, note, notes_console
from smtj.errors import SmtjError
from smtj.writers import holding

if TYPE_CHECKING:
    from smtj.card import DeviceCard
    from smtj.datasets import ImageDataset
    from smtj.paper.fig3b import TrainingPlan
    from smtj.report.figure import FigureResult

CARD_FIGURES = (
    "fig1a", "fig1b", "fig2ab", "fig2c", "fig2d", "fig3a", "fig4a", "fig4bc", "fig5a", "fig5b",
)  # fmt: skip
"""Figures that need only a card."""
BEYOND = ("reads", "adaptive", "voltage", "chips", "cost", "circuit", "random")
"""Sections beyond the paper; most need the trained network of Fig. 3(b)."""
PARTS = (*CARD_FIGURES, "fig3b", *BEYOND, "audit")


def reproduce(
    only: Annotated[
        str | None, typer.Option(help=f"Comma-separated parts of {','.join(PARTS)}. Default: all.")
    ] = None,
    card: Annotated[str, typer.Option(help="Shipped card or path of a card file.")] = "cai2019",
    dataset: Annotated[
        str | None,
        typer.Option(
            help="mnist, fashion-mnist or digits. Default: mnist, or digits if unavailable."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of Fig. 3(b).")] = 100,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of Fig. 3(b).")] = 1,
    ablation_epochs: Annotated[int, typer.Option(min=1, help="Epochs of the ablations.")] = 10,
    out: Annotated[Path, typer.Option(help="Folder of figures and report.")] = Path("reproduction"),
) -> None:
    """Reproduce the paper: its figures, claims and numbers, with a report of what agrees."""
    from smtj.card import as_device

    chosen, device = _parts(only), as_device(card)
    plan = epochs, ablation_epochs, seeds
    with holding(out, provenance.command()):
        report = _reproduce(chosen, device, dataset, plan, out)
    typer.echo(f"Report: {report}")


def _reproduce(
    parts: tuple[str, ...],
    device: "DeviceCard",
    dataset: str | None,
    plan: tuple[int, int, int],
    out: Path,
) -> Path:
    """Make the parts and return the report; ``plan`` is that of Fig. 3(b)."""
    from smtj.paper import PAPER
    from smtj.paper.audit import audit_rows
    from smtj.report.html import write_report

    figures: list[FigureResult] = []
    context: dict[str, object] = {"card": device.name, "parts": list(parts)}
    for name in CARD_FIGURES:
        if name in parts:
            with notes_console().status(f"{name}: measuring, fitting and plotting"):
                figures.append(import_module(f"smtj.paper.{name}").make(device, out))
            _announce(figures[-1])
    beyond = tuple(part for part in BEYOND if part in parts)
    if beyond or "fig3b" in parts:
        from smtj.datasets import load_dataset

        images = load_dataset(
            dataset or "mnist", allow_stand_in=dataset is None, progress=not is_quiet()
        )
        if images.stand_in:
            note(
                "MNIST is not available and cannot be downloaded; continuing with scikit-learn's "
                "8×8 digits as a stand-in. The results are not the paper's."
            )
        context |= {"dataset": images.title, "origin": images.origin, "stand_in": images.stand_in}
    if "fig3b" in parts:
        from smtj.paper.fig3b import TrainingPlan

        figures.append(_train(device, images, TrainingPlan(*plan), out))
    # In the order of the paper, whatever took longest.
    figures.sort(key=lambda figure: figure.name)
    if beyond:
        figures += _beyond(beyond, device, images, out)
    checks = audit_rows(device) if "audit" in parts else []
    title = f"smtj: reproduction of Cai et al. (2019), card {device.name}"
    report = write_report(out, title, figures, checks, context, about=PAPER, summary=True)
    _summary(figures)
    return report


def _announce(figure: "FigureResult") -> None:
    note(f"{figure.title}: {figure.images[0]}")


def _parts(only: str | None) -> tuple[str, ...]:
    if only is None:
        return PARTS
    chosen = tuple(part.strip() for part in only.split(","))
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise SmtjError(
            f"--only has the unknown part {unknown[0]!r}; choose from {', '.join(PARTS)}"
        )
    return chosen


def _beyond(
    parts: tuple[str, ...], device: "DeviceCard", images: "ImageDataset", out: Path
) -> "list[FigureResult]":
    from smtj.paper import beyond

    network = out / "runs" / "mtj-0" / "network.pt"
    needing = [part for part in parts if part not in beyond.OF_CARD]
    if needing and not network.exists():
        raise SmtjError(
            f"{', '.join(needing)} need the network of Fig. 3(b), but {network} does not exist; "
            "add fig3b to --only"
        )
    if "circuit" in parts:
        from smtj.circuits import circuit_law

        try:
            circuit_law(device)
        except SmtjError as error:
            note(f"The section on circuits is left out: {error}")
            parts = tuple(part for part in parts if part != "circuit")
    figures = []
    with notes_console().status("") as status:
        for figure in beyond.make(parts, device, images, network, out, status.update):
            _announce(figure)
            figures.append(figure)
    return figures


def _train(
    device: "DeviceCard", images: "ImageDataset", plan: "TrainingPlan", out: Path
) -> "FigureResult":
    from smtj.cli.progress import all_shown
    from smtj.paper import fig3b

    planned = fig3b.jobs(device, images, plan, out)
    note(f"Fig. 3(b): training {len(planned)} networks on {images.title} from {images.origin}")
    begun = sum((job.out / "checkpoint.pt").exists() for job in planned)
    if begun:
        note(
            f"{begun} of them continue from their last epoch in {out / 'runs'}; delete that folder "
            "to start over"
        )
    try:
        with all_shown(planned) as progress:
            return fig3b.make(device, images, plan, out, progress)
    except KeyboardInterrupt:
        note("\nStopped; every finished epoch is saved. The same command continues from there.")
        raise typer.Exit(INTERRUPTED) from None


def _summary(figures: "list[FigureResult]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What the paper claims, and what we find", show_lines=True)
    for column in ("claim", "ours", "verdict"):
        table.add_column(column)
    for figure in figures:
        for check in figure.checks:
            table.add_row(check.claim, check.ours, check.verdict)
    if table.row_count:
        Console().print(table)

"""``smtj reproduce``."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smtj.cli.exits import INTERRUPTED
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from rich.console import Console

    from smtj.report.figure import FigureResult

DRAWN = ("fig1a", "fig1b", "fig2ab", "fig2c", "fig2d", "fig3a", "fig4a", "fig4bc", "fig5a", "fig5b")
"""Figures that need nothing but a card."""
BEYOND = ("reads", "adaptive", "chips", "cost")
"""What the trained network of Fig. 3(b) shows beyond the paper."""
PARTS = (*DRAWN, "fig3b", *BEYOND, "audit")


def reproduce(
    only: Annotated[
        str | None, typer.Option(help=f"Some of {','.join(PARTS)}, by comma; else all.")
    ] = None,
    card: Annotated[str, typer.Option(help="Shipped card or path of a card file.")] = "cai2019",
    dataset: Annotated[
        str | None,
        typer.Option(help="mnist, fashion-mnist, digits; else mnist, or digits where it is not."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of Fig. 3(b).")] = 100,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of Fig. 3(b).")] = 1,
    ablation_epochs: Annotated[
        int, typer.Option(min=1, help="Epochs of the networks that answer why.")
    ] = 10,
    out: Annotated[Path, typer.Option(help="Where figures and report go.")] = Path("reproduction"),
) -> None:
    """Reproduce the paper: its figures, its claims, its numbers, and a report of what agrees."""
    from rich.console import Console

    from smtj.card import load_card
    from smtj.paper import PAPER
    from smtj.paper.audit import audit
    from smtj.report.html import write_report

    console = Console()
    parts = _parts(only)
    device = load_card(card)
    figures: list[FigureResult] = []
    context: dict[str, object] = {"card": device.name, "parts": list(parts)}
    for name in DRAWN:
        if name in parts:
            with console.status(f"{name}: measuring, fitting and drawing"):
                figures.append(import_module(f"smtj.paper.{name}").make(device, out))
            console.print(f"{figures[-1].title}: {figures[-1].images[0]}")
    if _needs_images(parts):
        from smtj.datasets import load_dataset

        images = load_dataset(dataset or "mnist", allow_stand_in=dataset is None)
        if images.stand_in:
            console.print(
                "[bold yellow]MNIST is not here and cannot be downloaded: going on with "
                "scikit-learn's 8×8 digits as a stand-in.[/] The results are not the paper's."
            )
        context |= {
            "dataset": images.title,
            "origin": images.origin,
            "stand_in": images.stand_in,
        }
    if "fig3b" in parts:
        from smtj.paper.fig3b import Plan

        figures.append(_train(console, device, images, Plan(epochs, ablation_epochs, seeds), out))
    # In the order of the paper, whatever took longest.
    figures.sort(key=lambda figure: figure.name)
    wanted = tuple(part for part in BEYOND if part in parts)
    if wanted:
        figures += _beyond(console, wanted, device, images, out)
    checks = audit(device) if "audit" in parts else []
    title = f"smtj: reproduction of Cai et al. (2019), card {device.name}"
    report = write_report(out, title, figures, checks, context, about=PAPER, summary=True)
    _summary(console, figures)
    console.print(f"Report: {report}")


def _parts(only: str | None) -> tuple[str, ...]:
    if only is None:
        return PARTS
    chosen = tuple(part.strip() for part in only.split(","))
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise SmtjError(f"--only names {unknown[0]!r}; choose from {', '.join(PARTS)}")
    return chosen


def _needs_images(parts: tuple[str, ...]) -> bool:
    return "fig3b" in parts or any(part in parts for part in BEYOND)


def _beyond(console: "Console", parts, device, images, out: Path) -> "list[FigureResult]":  # type: ignore[no-untyped-def]
    from smtj.paper import beyond

    network = out / "runs" / "mtj-0" / "network.pt"
    if not network.exists():
        raise SmtjError(
            f"{', '.join(parts)} of the report need the network of Fig. 3(b), and {network} is not "
            "there; add fig3b to --only"
        )
    figures = []
    with console.status("") as status:
        for figure in beyond.make(parts, device, images, network, out, status.update):
            console.print(f"{figure.title}: {figure.images[0]}")
            figures.append(figure)
    return figures


def _train(console: "Console", device, images, plan, out: Path) -> "FigureResult":  # type: ignore[no-untyped-def]
    from smtj.cli.progress import all_shown
    from smtj.paper import fig3b

    planned = fig3b.jobs(device, images, plan, out)
    console.print(
        f"Fig. 3(b): training {len(planned)} networks on {images.title} from {images.origin}"
    )
    begun = sum((job.out / "checkpoint.pt").exists() for job in planned)
    if begun:
        console.print(
            f"{begun} of them go on from their last epoch in {out / 'runs'}; "
            "delete that folder to train anew"
        )
    try:
        with all_shown(planned) as progress:
            return fig3b.make(device, images, plan, out, progress)
    except KeyboardInterrupt:
        console.print("\nStopped; every finished epoch is kept. The same command goes on from it.")
        raise typer.Exit(INTERRUPTED) from None


def _summary(console: "Console", figures: "list[FigureResult]") -> None:
    from rich.table import Table

    table = Table(title="What the paper claims, and what we find", show_lines=True)
    for column in ("claim", "ours", "verdict"):
        table.add_column(column)
    for figure in figures:
        for check in figure.checks:
            table.add_row(check.claim, check.ours, check.verdict)
    if table.row_count:
        console.print(table)

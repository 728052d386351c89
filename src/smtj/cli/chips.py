"""``smtj chips``: many virtual chips of one trained network."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from smtj.cli.output import exit_code, note, print_json, sigterm_as_ctrl_c
from smtj.errors import CheckpointError, SmtjError

Vary = Annotated[
    list[str] | None,
    typer.Option(
        help='What to vary, e.g. "temperature=280:360:9,reads=1,4,16" (every combination): '
        "START:STOP:COUNT or a list, with a unit at the end. Repeat the option to vary one thing "
        "after the other."
    ),
]


def chips(
    network: Annotated[Path, typer.Option(help="Folder from `smtj train`, or its network.pt.")],
    chips: Annotated[int, typer.Option(min=1, help="Number of chips.")] = 100,
    vary: Vary = None,
    reads: Annotated[
        str | None,
        typer.Option(help='Reads per evaluation, or "expected". Default: as trained.'),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Accuracy that a good chip reaches.")
    ] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Devices of all chips, and reads.")] = 0,
    dataset: Annotated[
        str | None, typer.Option(help="Test images. Default: those of the training.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the data set. Default: search for it.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="Use only the first N test images.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes. Default: one per core. 0: only this one.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:port.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the results; an interrupted study resumes from there.")
    ] = Path("chips"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Sample many chips of a trained network; report accuracy, yield and sensitivities."""
    from smtj.chips import parse_vary, study
    from smtj.chips.store import TABLE
    from smtj.cli.progress import evaluations
    from smtj.nn import set_readout
    from smtj.nn.reads.scheme import parse_reads

    if workers and scheduler:
        raise SmtjError("--workers is for a local cluster; leave it out with --scheduler")
    conditions = [parse_vary("--vary", text) for text in vary or []]
    model, about, inputs, labels = _trained(network, dataset, data, images)
    if reads is not None:
        set_readout(model, eval_reads=parse_reads("--reads", reads))
    note(about)
    try:
        with sigterm_as_ctrl_c(), evaluations() as progress:
            result = study(
                model,
                inputs,
                labels,
                chips=chips,
                vary=conditions,
                seed=seed,
                workers=workers,
                scheduler=scheduler,
                out=out,
                progress=progress,
            )
    except KeyboardInterrupt as stopped:
        note(f"\nStopped; finished chips are saved in {out}; repeat to resume.")
        raise typer.Exit(exit_code(stopped)) from None
    written = [out / TABLE, *result.save(out, threshold)]
    if as_json:
        print_json(result.to_dict(threshold))
        return
    typer.echo(result.table(threshold).text())
    typer.echo("Written:")
    for path in written:
        if path.suffix != ".svg":
            typer.echo(f"  {path}")


def _trained(
    network: Path, dataset: str | None, folder: Path | None, count: int | None
) -> tuple[Any, str, Any, Any]:
    """Return the network, a line about it, and its test images and labels."""
    from smtj.datasets import load_dataset
    from smtj.nn import load_network
    from smtj.nn.training.trainer import as_tensors, scaled

    path = network / "network.pt" if network.is_dir() else network
    model, settings, card = load_network(path)
    if settings.neuron != "mtj":
        raise CheckpointError(f"{path} is a network of sigmoids, which has no chips")
    data = load_dataset(dataset or trained_on(path), folder)
    sizes = "-".join(map(str, settings.sizes))
    if data.pixels != settings.sizes[0] or data.classes != settings.sizes[-1]:
        raise SmtjError(
            f"{data.title} has {data.pixels} pixels and {data.classes} classes, but {path} is "
            f"{sizes}; give the --dataset it was trained on"
        )
    tensors = as_tensors(data)
    pixels, labels = tensors.test_images[:count], tensors.test_labels[:count]
    about = f"{path}: {sizes}, devices of {card.name}; {len(labels):,} test images of {data.title}"
    return model, about, scaled(pixels), labels


def trained_on(path: Path) -> str:
    """Return the data set of a network's training, from the metrics beside its file."""
    metrics = path.with_name("metrics.json")
    try:
        return str(json.loads(metrics.read_text())["settings"]["dataset"])
    except (OSError, ValueError, KeyError, TypeError):
        raise SmtjError(f"{metrics} does not name the data set of {path}; give --dataset") from None

"""``smtj ladder``: every theory of a device, from Boltzmann to the sigmoid, against the next."""

from pathlib import Path
from typing import Annotated

import typer

from smtj.cli.output import note, print_json, progress_bars, writing
from smtj.cli.ranges import parse_option


def ladder(
    card: Annotated[str, typer.Argument(help="Shipped card or path of a card file.")] = "cai2019",
    delta: Annotated[
        float | None,
        typer.Option(help="Barrier in k_BT, set by the activation volume. Default: the card's."),
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(help="Gilbert damping. Default: the card's.")
    ] = None,
    low_barrier: Annotated[
        float, typer.Option(help="Barrier in k_BT at which the motion is simulated.")
    ] = 5.0,
    voltage: Annotated[str, typer.Option(help="Bias voltage.")] = "0 V",
    temperature: Annotated[
        str | None, typer.Option(help="Temperature. Default: the card's.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for ladder.json and the picture.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Compare every theory of a device with the next, and show where the formulas are safe."""
    from rich.console import Console
    from rich.progress import BarColumn, TimeRemainingColumn

    from smtj.card import load_card
    from smtj.physics.device import with_stability_factor
    from smtj.validity import compare

    volts = parse_option("--voltage", voltage, "V") or 0.0
    kelvin = parse_option("--temperature", temperature, "K")
    device = load_card(card)
    if alpha is not None:
        device = device.replace({"magnetism.damping": alpha})
    if delta is not None:
        device = with_stability_factor(device, delta, volts, kelvin)
    with progress_bars("{task.description}", BarColumn(), TimeRemainingColumn()) as bars:
        bar = bars.add_task("", total=None)
        found = compare(
            device,
            volts,
            kelvin,
            seed,
            low_barrier=low_barrier,
            progress=lambda what, done, total: bars.update(
                bar, description=what, completed=done, total=total
            ),
        )
    if as_json:
        print_json(found.to_dict())
    else:
        typer.echo(found.table().text(Console().width))
    if out is not None:
        with writing(out):
            written = found.save(out)
        note(f"Written: {', '.join(map(str, written))}")

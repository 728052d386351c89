"""``smtj explore``: a local page to play with a device, a measurement and a network."""

import contextlib
import webbrowser
from typing import Annotated

import typer

from smtj.errors import SmtjError

MISSING = ("panel", "bokeh")


def explore(
    card: Annotated[str, typer.Argument(help="Shipped card, or path of a card file.")] = "cai2019",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the page; 0 for any free one.")
    ] = 5006,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Explore a device, your measurement and a network on a local page."""
    from smtj.card import load_card

    device = load_card(card)
    try:
        from smtj.explore.server import ADDRESS, make_server
    except ModuleNotFoundError as error:
        if error.name not in MISSING:
            raise
        raise SmtjError(
            'smtj explore needs Panel and Bokeh: install them with pip install "smtj[explore]"'
        ) from error
    listening = make_server(device, port)
    address = f"http://{ADDRESS}:{listening.port}/"
    typer.echo(f"smtj explore shows {device.name} at {address}\nStop it with Ctrl-C.")
    if browser and not webbrowser.open(address):
        typer.echo("No browser opened; open the address yourself.")
    listening.start()
    with contextlib.suppress(KeyboardInterrupt):
        listening.io_loop.start()
    listening.stop()
    typer.echo("Stopped.")

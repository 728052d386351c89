"""The server behind the page: on this machine alone, and nothing from elsewhere."""

import errno
from typing import Any

import panel as pn

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.explore.measure_tab import CHUNK
from smtj.explore.page import page

ADDRESS = "127.0.0.1"


def server(card: DeviceCard, port: int) -> Any:
    """Return a server that listens but does not answer yet; ``run_until_shutdown`` starts it.

    Parameters
    ----------
    card
        The device to begin with.
    port
        0 for any that is free.

    Raises
    ------
    SmtjError
        The port is in use, or this user may not take it.
    """
    pn.extension("filedropper", notifications=False)
    try:
        return pn.io.server.get_server(
            {"/": lambda: page(card)},
            port=port,
            address=ADDRESS,
            websocket_origin=_origins(port),
            title={"/": f"smtj explore: {card.name}"},
            show=False,
            start=False,
            # A file comes in pieces; a single message need not be larger than one.
            websocket_max_message_size=4 * CHUNK,
        )
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "is in use" if error.errno == errno.EADDRINUSE else "is not for this user to take"
        raise SmtjError(
            f"port {port} {why}; give another, e.g. --port {port + 1}, or --port 0 for a free one"
        ) from None


def _origins(port: int) -> list[str]:
    """Whose pages may talk to the server; at a free port it is not known before."""
    return [f"{ADDRESS}:{port}", f"localhost:{port}"] if port else [f"{ADDRESS}:*", "localhost:*"]

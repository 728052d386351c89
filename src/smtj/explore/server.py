"""The server behind the page: on this machine alone, and nothing from elsewhere."""

import errno
import logging
import socket
from typing import Any

import pandas  # noqa: F401  (Bokeh trips over it where a thread is just importing it)
import panel as pn

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.explore.measure_tab import CHUNK
from smtj.explore.page import page

ADDRESS = "127.0.0.1"


def server(card: DeviceCard, port: int) -> Any:
    """Return a server that listens but does not answer before it is started.

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
    port = port or _free_port()
    title = f"smtj explore: {card.name}"

    # That a browser was closed is no news.
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)

    def session() -> Any:
        document: Any = pn.state.curdoc
        # Bokeh would else look through all models again at each root.
        with document.models.freeze():
            page(card).server_doc(document, title)

    try:
        return pn.io.server.get_server(
            {"/": session},
            port=port,
            address=ADDRESS,
            # No other page that the browser shows may talk to this server.
            websocket_origin=[f"{ADDRESS}:{port}", f"localhost:{port}"],
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


def _free_port() -> int:
    """A port that is free now: a page's origin must be known before the server listens."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])

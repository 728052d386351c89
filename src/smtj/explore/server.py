"""The server behind the page: on this machine alone, and nothing from elsewhere."""

import errno
import logging
import socket
from typing import Any

import pandas  # noqa: F401  (Bokeh trips over it where a thread is just importing it)
import panel as pn
from tornado.websocket import WebSocketClosedError

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
        The port cannot be taken.
    """
    port = _free_port(port)
    pn.extension("filedropper", notifications=False)
    # That a browser was closed is no news.
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)
    logging.getLogger("asyncio").addFilter(_is_news)
    title = f"smtj explore: {card.name}"

    def session() -> Any:
        document: Any = pn.state.curdoc
        # Bokeh would else look through all models again at each root.
        with document.models.freeze():
            page(card).server_doc(document, title)

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


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a message is of anything but a browser that closed while it was being told."""
    return not (record.exc_info and isinstance(record.exc_info[1], WebSocketClosedError))


def _free_port(port: int) -> int:
    """The port, or any free one for 0: a page's origin must be known before the server listens."""
    with socket.socket() as probe:
        # A port that a server has just left is free to the next one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else "cannot be taken"
            raise SmtjError(
                f"port {port} {why}; give another --port, or --port 0 for a free one"
            ) from None
        return int(probe.getsockname()[1])

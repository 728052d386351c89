"""The server of the page: reachable from this machine alone, and loading nothing from others."""

import errno
import logging
import socket
from http import HTTPStatus
from typing import Any

import pandas  # noqa: F401  (Bokeh fails if a thread is just importing it)
import panel as pn
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router
from tornado.web import Application, ErrorHandler
from tornado.websocket import WebSocketClosedError

from smtj.card import BehaviouralCard, Card
from smtj.errors import SmtjError
from smtj.explore.behaviour_tab import require_telegraph_noise
from smtj.explore.measure_tab import CHUNK
from smtj.explore.page import build_page

ADDRESS = "127.0.0.1"


def make_server(card: Card, port: int) -> Any:
    """Return a server that listens and answers once started; port 0 takes any free one.

    Raises
    ------
    SmtjError
        The port is not available.
    """
    if isinstance(card, BehaviouralCard):
        require_telegraph_noise(card)
    port = _free_port(port)
    pn.extension("filedropper", notifications=False)
    # A closed browser is not worth a message.
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)
    logging.getLogger("asyncio").addFilter(_is_relevant)
    title = f"smtj explore: {card.name}"

    def session() -> Any:
        document: Any = pn.state.curdoc
        # Otherwise Bokeh searches all models again at each root.
        with document.models.freeze():
            build_page(card).server_doc(document, title)

    hosts = [f"{ADDRESS}:{port}", f"localhost:{port}"]
    server = pn.io.server.get_server(
        {"/": session},
        port=port,
        address=ADDRESS,
        # No other page in the browser may talk to this server.
        websocket_origin=hosts,
        show=False,
        start=False,
        # Files arrive in chunks, so no message is larger than a few.
        websocket_max_message_size=4 * CHUNK,
    )
    server._http.request_callback = _OwnHosts(server._tornado, hosts)
    return server


class _OwnHosts(Router):
    """Refuses requests to any other host name.

    A page of another site may point its own name to this machine (DNS rebinding); the browser then
    takes this server for that site, but still tells the name.
    """

    def __init__(self, application: Application, hosts: list[str]) -> None:
        self.application, self.hosts = application, hosts

    def find_handler(
        self, request: HTTPServerRequest, **options: Any
    ) -> HTTPMessageDelegate | None:
        """Return what answers a request."""
        if request.host.lower() in self.hosts:
            return self.application.find_handler(request, **options)
        status = {"status_code": HTTPStatus.FORBIDDEN}
        return self.application.get_handler_delegate(request, ErrorHandler, status)


def _is_relevant(record: logging.LogRecord) -> bool:
    """Return whether a log message is about more than a closed browser."""
    return not (record.exc_info and isinstance(record.exc_info[1], WebSocketClosedError))


def _free_port(port: int) -> int:
    """Return the port, or a free one for 0: the origin must be known before the server listens."""
    with socket.socket() as probe:
        # A port that a server has just left is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else "is not available"
            raise SmtjError(
                f"port {port} {why}; give another --port, or --port 0 for a free one"
            ) from None
        return int(probe.getsockname()[1])

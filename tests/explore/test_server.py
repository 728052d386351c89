"""The server answers to its own name alone, whatever a page of another site makes of it."""

import asyncio
import base64
import socket
import threading
from collections.abc import Iterator

import pytest

from smtj import DeviceCard
from smtj.explore.server import make_server


@pytest.fixture(scope="module")
def port(card: DeviceCard) -> Iterator[int]:
    # Of Python 3.12 on, a thread has no event loop of its own.
    asyncio.set_event_loop(asyncio.new_event_loop())
    server = make_server(card, 0)
    thread = threading.Thread(target=server.io_loop.start, daemon=True)
    server.start()
    thread.start()
    yield server.port
    server.io_loop.add_callback(server.io_loop.stop)
    thread.join(10)


def status(port: int, path: str, host: str, *more: str) -> int:
    """The answer to a client that says what it likes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        head = [f"GET {path} HTTP/1.1", f"Host: {host}", *more, "", ""]
        client.sendall("\r\n".join(head).encode())
        return int(client.recv(64).split()[1])


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", 200), ("LOCALHOST", 200), ("rebound.example", 403), ("127.0.0.1.nip.io", 403)],
)
def test_pages_are_for_the_own_name_only(port: int, host: str, answer: int) -> None:
    assert status(port, "/", f"{host}:{port}", "Connection: close") == answer


@pytest.mark.parametrize(
    ("host", "origin", "answer"),
    [
        ("127.0.0.1", "127.0.0.1", 101),
        ("rebound.example", "rebound.example", 403),
        ("127.0.0.1", "rebound.example", 403),
        ("rebound.example", "127.0.0.1", 403),
    ],
)
def test_sessions_are_for_the_own_name_only(port: int, host: str, origin: str, answer: int) -> None:
    key = base64.b64encode(bytes(16)).decode()
    more = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Origin: http://{origin}:{port}",
    ]
    found = status(port, "/ws", f"{host}:{port}", *more)
    # Bokeh itself asks for a token after the upgrade.
    assert found == answer

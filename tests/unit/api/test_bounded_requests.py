"""What a request holds back before anybody sees it is bounded, whatever part of it goes on without end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lib.api import bound_requests
from lib.api.bounded_requests import MOST_BYTES
from tests.support.waiting import PATIENCE

_BLOCK = 8192
_START = b"POST / HTTP/1.1\r\nHost: here\r\n"
_CHUNKED = _START + b"Transfer-Encoding: chunked\r\n\r\n"


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how long the head and the body of a request were."""
    if scope["type"] != "http":
        return
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    said = f"{sum(len(value) for _, value in scope['headers'])} {length}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """A server as uvicorn makes it where httptools is installed."""
    config = uvicorn.Config(_echo, lifespan="off", log_config=None)
    config.load()
    assert config.http_protocol_class is HttpToolsProtocol, "httptools is not installed"
    bound_requests(config)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield listening.getsockname()
        server.should_exit = True
        thread.join(PATIENCE)


def _sent_without_end(address: tuple[str, int], start: bytes, block: bytes) -> tuple[int, bytes]:
    """How much of a request that never ends was taken, and what was answered."""
    taken = 0
    with socket.create_connection(address, timeout=PATIENCE) as sender:
        sender.sendall(start)
        try:
            while taken < 100 * MOST_BYTES:
                sender.sendall(block)
                taken += len(block)
        except OSError:
            pass  # it is closed
        try:
            return taken, sender.recv(4096)
        except ConnectionResetError:
            return taken, b""


@pytest.mark.parametrize(
    ("start", "block"),
    [
        (b"", b"G" * _BLOCK),
        (b"GET /", b"a" * _BLOCK),
        (_START, b"a" * _BLOCK),
        (_START + b"a: ", b"a" * _BLOCK),
        (_START, b"a: b\r\n" * (_BLOCK // 6)),
        (_CHUNKED, b"0" * _BLOCK),
        (_CHUNKED + b"1;", b"a" * _BLOCK),
        (_CHUNKED + b"0\r\n", b"a: b\r\n" * (_BLOCK // 6)),
        (_CHUNKED + b"0\r\na: ", b"a" * _BLOCK),
    ],
    ids=["method", "path", "name", "value", "headers", "chunk length", "chunk extension", "trailers", "trailer"],
)
def test_what_never_ends_is_refused(address: tuple[str, int], start: bytes, block: bytes) -> None:
    taken, answer = _sent_without_end(address, start, block)
    # What the system holds between the two is taken too.
    assert taken < 90 * MOST_BYTES
    assert not answer or answer.startswith(b"HTTP/1.1 400 "), answer


def test_a_long_head_and_a_long_body_are_read(address: tuple[str, int]) -> None:
    body = b"x" * (20 * MOST_BYTES)
    with socket.create_connection(address, timeout=PATIENCE) as sender:
        for _ in range(3):  # one after the other on a connection that is kept
            sender.sendall(_START + b"a: " + b"y" * (MOST_BYTES // 2) + b"\r\nContent-Length: %d\r\n\r\n" % len(body))
            sender.sendall(body)
            answer = sender.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b" %d" % len(body)), answer


def test_a_body_in_pieces_is_read(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as sender:
        sender.sendall(_CHUNKED)
        for _ in range(40):
            sender.sendall(b"%x\r\n%b\r\n" % (_BLOCK, b"x" * _BLOCK))
        sender.sendall(b"0\r\n\r\n")
        answer = sender.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b" %d" % (40 * _BLOCK)), answer

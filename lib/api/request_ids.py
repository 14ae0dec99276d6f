"""An id for each request: the caller's own if it gives a good one, else a new one. The answer and the log have it."""

from __future__ import annotations

import re
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.telemetry import context

HEADER = "X-Request-Id"
_NAME = HEADER.lower().encode()
#: What an id may look like: enough for all that proxies make, and nothing that means something elsewhere.
_GOOD = re.compile(r"[A-Za-z0-9._:@+=-]{1,128}")
_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class RequestIds:
    """Gives each request its id: X-Request-Id, else the trace of its traceparent, else a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = id_of(Headers(scope=scope))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [header for header in message.get("headers", ()) if header[0] != _NAME]
                message["headers"] = [*others, (_NAME, request_id.encode())]
            await send(message)

        with context.about(request_id=request_id):
            await self._app(scope, receive, send_with_id)


def id_of(headers: Headers) -> str:
    """The id of a request with these headers."""
    given = headers.getlist(HEADER)
    if len(given) == 1 and _GOOD.fullmatch(given[0]):
        return given[0]
    if traced := _TRACE_PARENT.fullmatch(headers.get("traceparent", "")):
        return traced[1]
    return uuid4().hex

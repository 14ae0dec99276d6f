"""What is answered while the application comes up (docs/decisions/0117).

The server takes connections before. A browser would wait for its first page without a word, and whoever watches the
process would take it for dead.
"""

from __future__ import annotations

from pathlib import Path

from anyio import sleep
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lib.operations import startup

# What needs nothing that is yet to come.
_ANSWERED = ("/healthz", "/readyz")
_LOOK_SECONDS = 0.05
_PAGE = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")


class WhileStarting:
    """Until everything is up, pages say so and come again by themselves, probes are answered, and all else waits."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if startup.is_under_way() and scope["type"] in ("http", "websocket"):
            if _asks_for_a_page(scope):
                again = {"Retry-After": "2", "Cache-Control": "no-store"}
                await HTMLResponse(_PAGE, status_code=503, headers=again)(scope, receive, send)
                return
            while startup.is_under_way() and scope["path"] not in _ANSWERED:
                await sleep(_LOOK_SECONDS)
        await self._app(scope, receive, send)


def _asks_for_a_page(scope: Scope) -> bool:
    """Whether somebody looks at it in a browser, which names this kind first where it opens an address."""
    return (
        scope["type"] == "http" and scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
    )

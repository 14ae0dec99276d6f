"""The API as an ASGI application, and the middleware that puts it in front of Streamlit.

In front, and not among Streamlit's routes: so a request neither passes its cookie session nor its path
check, which would answer in plain text (docs/decisions/0021).
"""

from __future__ import annotations

import functools
from contextlib import suppress
from pathlib import Path

import yaml
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib import telemetry
from lib.api import catalog, events, exports, probes, problems
from lib.api.gate import Gate
from lib.api.json_response import Json
from lib.api.problems import Problem
from lib.errors import CatalogError
from lib.settings import settings

_PROBES = ("/healthz", "/readyz", "/metrics")
_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class ApiMiddleware:
    """Answers what is addressed to the API, and passes on everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    @functools.cached_property
    def _api(self) -> ASGIApp:
        # At the first request: settings that do not fit are reported by the start of the app, not here.
        return application(per_second=settings().api_rate_per_second, burst=settings().api_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_ours(scope):
            await self._api(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def application(*, per_second: float, burst: int) -> ASGIApp:
    """The API with every route, answering each error with a problem; limits are per token."""
    gate = Gate(per_second=per_second, burst=burst)
    routes = [
        gate.route("/api/v2/events", events.post, method="POST", permission="manage"),
        gate.route("/api/v2/events/{event_id}", events.get, method="GET", permission="read"),
        gate.route("/api/v2/catalog", catalog.list_entries, method="GET", permission="read"),
        gate.route("/api/v2/catalog/{event_type}/schema", catalog.schema, method="GET", permission="read"),
        Route("/api/v2/exports/{ticket}", exports.get),
        Route("/api/openapi.json", _openapi),
        Route("/healthz", probes.healthz),
        Route("/readyz", probes.readyz),
        Route("/metrics", probes.metrics),
    ]
    handlers = dict.fromkeys((Problem, CatalogError, HTTPException, ClientDisconnect, Exception), _refuse)
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return _Envelope(app)


class _Envelope:
    """Puts headers on every response, counts it, and lets no error out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_SECURITY_HEADERS)
                telemetry.response_sent(message["status"])
            await send(message)

        # What no handler has caught was answered and logged by _refuse all the same, and is raised once more.
        with suppress(Exception):
            await self._app(scope, receive, send_with_headers)


async def _refuse(_: Request, error: Exception) -> Response:
    return problems.of(error).response()


@functools.cache
def document() -> dict[str, object]:
    """The OpenAPI description of all this."""
    text = (Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, object] = yaml.safe_load(text)
    return loaded


async def _openapi(_: Request) -> Response:
    return Json(document())


def is_ours(scope: Scope) -> bool:
    """Whether the API answers a request. /metrics is the metrics page for whoever wants HTML, as browsers do."""
    path: str = scope["path"]
    if path == "/metrics" and "text/html" in Headers(scope=scope).get("accept", ""):
        return False
    return path in _PROBES or path == "/api" or path.startswith("/api/")

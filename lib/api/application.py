"""The API as an ASGI application, and the middleware that puts it in front of Streamlit.

In front, and not among Streamlit's routes: so a request neither passes its cookie session nor its path
check, which would answer in plain text (docs/decisions/0021).
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable
from contextlib import suppress
from inspect import iscoroutinefunction
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib import telemetry
from lib.api import probes, problems
from lib.api.exports import Presented
from lib.api.gate import TokenGate, TokenRoute
from lib.api.problems import ApiProblem
from lib.api.traced_requests import TracedRequests
from lib.errors import CatalogError
from lib.settings import settings

_PROBES = frozenset(route.path for route in probes.ROUTES)
_SECURITY_HEADERS = {
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}


class ApiMiddleware:
    """Answers what is addressed to the API, and passes on everything else.

    `presented` tells whom a browser proves to be signed in, for what a person fetches by a link.
    """

    def __init__(self, app: ASGIApp, *, presented: Presented | None = None) -> None:
        self._app = app
        self._presented = presented

    @functools.cached_property
    def _api(self) -> ASGIApp:
        # At the first request: settings that do not fit are reported by the start of the app, not here.
        per_second, burst = settings().api_rate_per_second, settings().api_burst
        return application(per_second=per_second, burst=burst, presented=self._presented)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_ours(scope):
            await self._api(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def application(*, per_second: float, burst: int, presented: Presented | None = None) -> ASGIApp:
    """The API with every route. It answers each error with a problem; the limits are per token."""
    gate = TokenGate(per_second=per_second, burst=burst)
    served = [gate.guard(route) if isinstance(route, TokenRoute) else route for route in routes()]
    handlers = dict.fromkeys((ApiProblem, CatalogError, HTTPException, ClientDisconnect, Exception), _refuse)
    app = Starlette(routes=served, exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.state.presented = presented
    return _Responses(TracedRequests(_Direct(app, served), untold=_PROBES))


def routes() -> list[Route | TokenRoute]:
    """What the modules of this package declare as ROUTES. openapi.yaml describes the same routes."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = [importlib.import_module(f"lib.api.{name}") for name in names]
    return [route for module in modules for route in getattr(module, "ROUTES", ())]


class _Direct:
    """Calls the endpoint of a route without parameters at once; all other requests go the long way to the same answer.

    The long way tries one route after the other, and costs a request four more layers.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[Route]) -> None:
        self._app = app
        plain = [route for route in routes if "{" not in route.path and iscoroutinefunction(route.endpoint)]
        self._endpoints = {(method, route.path): route.endpoint for route in plain for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get((scope["method"], scope["path"]))
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            response = await _refuse(request, error)
        await response(scope, receive, send)


class _Responses:
    """Adds the security headers to each response of the API, counts it, and lets no error out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message.get("headers", ()) if header[0] not in _SECURITY_HEADERS]
                message["headers"] = kept + list(_SECURITY_HEADERS.items())
                telemetry.response_sent(message["status"])
            await send(message)

        # Starlette raises an unexpected error again after _refuse has logged and answered it.
        with suppress(Exception):
            await self._app(scope, receive, send_with_headers)


async def _refuse(_: Request, error: Exception) -> Response:
    return problems.of(error).response()


def is_ours(scope: Scope) -> bool:
    """Whether the API answers a request. /metrics is the metrics page for whoever wants HTML, as browsers do.

    Each Accept header counts, as for the proxy in front of it.
    """
    path: str = scope["path"]
    if path == "/metrics" and any("text/html" in one for one in Headers(scope=scope).getlist("accept")):
        return False
    return path in _PROBES or path == "/api" or path.startswith("/api/")

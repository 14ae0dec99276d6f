"""A span for each request of the API, in the trace of its caller if it names one."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.telemetry import context, traces


class TracedRequests:
    """Puts each request into a span, if traces are on. Paths in `untold` are asked for all the time, and left out."""

    def __init__(self, app: ASGIApp, *, untold: frozenset[str]) -> None:
        self._app = app
        self._untold = untold

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not traces.is_on() or scope["path"] in self._untold:
            await self._app(scope, receive, send)
            return
        method, parent = scope["method"], Headers(scope=scope).get("traceparent")
        with traces.span(method, context.ids(), parent=parent, serves=True) as span:
            span.tell({"http.request.method": method})

            async def send_and_tell(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.tell({"http.response.status_code": message["status"]})
                    if message["status"] >= 500:
                        span.fail(str(message["status"]))
                await send(message)

            await self._app(scope, receive, send_and_tell)

"""/healthz, /readyz and /metrics: for whoever runs the server, without a token and without tenants' data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.api import problems
from lib.api.json_response import Json
from lib.operations import prometheus, readiness
from lib.runs import engine
from lib.settings import settings

_SECONDS = 4
# Apart from the API's threads: a probe must be answered above all when those are busy.
_threads = CapacityLimiter(4)

T = TypeVar("T")


async def healthz(_: Request) -> Response:
    """The process is alive."""
    return Json({"status": "ok"})


async def readyz(_: Request) -> Response:
    """Whether the process may be sent requests: it is not stopping, its database answers and its engine works."""
    reason, state = await _in_time(_readiness) or (readiness.NO_DATABASE, None)
    if reason:
        raise problems.unavailable(reason)
    return Json({"status": "ready", "database": "up", "engine": state})


def _readiness() -> tuple[str | None, str | None]:
    """Why the process is not ready, or else how its engine is."""
    reason = readiness.reason_against(settings())
    return reason, None if reason else engine.health().state


async def metrics(_: Request) -> Response:
    """Counts and gauges in the Prometheus text format."""
    text = await _in_time(prometheus.text)
    if text is None:
        raise problems.unavailable(readiness.NO_DATABASE)
    return Response(text, media_type="text/plain; version=0.0.4")


async def _in_time(work: Callable[[], T]) -> T | None:
    """What the work returns, or None if it takes too long; it is then left to itself."""
    with move_on_after(_SECONDS):
        return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=_threads)
    return None


ROUTES = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]

"""GET /api/v2/exports/{ticket}: the events that the activity page's filters let through, as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lib.api.problems import ApiProblem
from lib.errors import NotFound
from lib.events import export as event_export

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


async def get(request: Request) -> Response:
    """The file of a ticket, which stands for whoever was given it. Sent as it is read."""
    try:
        asked = event_export.of_ticket(request.path_params["ticket"])
    except NotFound as error:
        raise ApiProblem("not-found", str(error)) from None  # a person reads it, who followed a link of ours
    name = f"activity-{datetime.now(UTC):%Y-%m-%d}.{asked.form}"
    pieces = event_export.chunks(event_export.lines(asked.actor, filters=asked.filters, form=asked.form))
    first = await run_in_threadpool(next, pieces, b"")  # what is wrong with the filters is said before a file begins
    return StreamingResponse(
        iterate_in_threadpool(chain([first], pieces)),
        media_type=_TYPES[asked.form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


ROUTES = [Route("/api/v2/exports/{ticket}", get)]

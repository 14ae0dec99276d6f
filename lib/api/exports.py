"""GET /api/v2/exports/{ticket}: the rows that a page's filters let through, as a file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lib import database
from lib.api.problems import ApiProblem
from lib.auth import downloads
from lib.auth.actors import Actor
from lib.auth.downloads import Download, FileFormat
from lib.errors import NotFound

_TYPES: dict[FileFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "yaml": "application/yaml",
    "zip": "application/zip",
}


async def get(request: Request) -> Response:
    """The file of a ticket, which stands for whoever was given it. Sent as it is read."""
    try:
        asked = downloads.of_ticket(request.path_params["ticket"])
    except NotFound as error:
        raise ApiProblem("not-found", str(error)) from None  # a person reads it, who followed a link of ours
    name = f"{asked.name}-{datetime.now(UTC):%Y-%m-%d}.{asked.form}"
    pieces = downloads.chunks(asked.lines())
    # What is wrong with the filters is said before a file begins.
    first = await run_in_threadpool(next, pieces, b"")
    who = replace(asked.actor, address=request.client.host if request.client else None)
    await run_in_threadpool(_begin, who, asked)
    return StreamingResponse(
        iterate_in_threadpool(chain([first], pieces)),
        media_type=_TYPES[asked.form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _begin(who: Actor, asked: Download) -> None:
    with database.write(who) as conn:
        downloads.begun(conn, who, download=asked)


ROUTES = [Route("/api/v2/exports/{ticket}", get)]

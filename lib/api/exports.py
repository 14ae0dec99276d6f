"""GET /api/v2/exports/{ticket}: the rows that a page's filters let through, as a file, to whoever asked for them, once.

What looks at a link ahead of a person does not use it up: HEAD, and what a browser fetches in case it is needed.
Parts of a file are not served, so a download that broke off needs a new link (decision 0094).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from lib import database
from lib.api import problems
from lib.api.problems import ApiProblem
from lib.auth import audit_export, downloads, sessions
from lib.auth.actors import Actor, Membership
from lib.auth.downloads import Download, DownloadKind, FileFormat, Ticket
from lib.auth.sessions import Identity
from lib.catalog import exports as catalog_export
from lib.errors import DownloadEnded, SignInRefused, SignInUnavailable
from lib.events import export as event_export
from lib.settings import settings

#: Whom a request's browser proves to be signed in; None for nobody. Raises SignInRefused and SignInUnavailable.
Presented = Callable[[Request], Identity | None]

_TYPES: dict[FileFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "yaml": "application/yaml",
    "zip": "application/zip",
}
_LINES: dict[DownloadKind, Callable[[Actor, Download], Iterator[str | bytes]]] = {
    "events": lambda actor, download: event_export.asked_lines(actor, download=download),
    "catalog": lambda actor, download: catalog_export.asked_lines(actor, download=download),
    "audit": lambda actor, download: audit_export.asked_lines(actor, download=download),
}
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")


async def get(request: Request) -> Response:
    """The file of a ticket, which ends with that. Sent as it is read."""
    try:
        return await _file(request)
    except DownloadEnded as error:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return PlainTextResponse(str(error), status_code=problems.STATUS["gone"])  # a person followed the link


async def _file(request: Request) -> Response:
    if any("prefetch" in request.headers.get(name, "") for name in _AHEAD):
        raise ApiProblem("not-possible-now", "A file is sent to whoever follows its link, and not ahead of that.")
    ticket = await run_in_threadpool(downloads.of_ticket, request.path_params["ticket"])
    who = await run_in_threadpool(_person, request, ticket)
    asked = ticket.download
    name = f"{asked.name}-{datetime.now(UTC):%Y-%m-%d}.{asked.form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Accept-Ranges": "none"}
    if request.method == "HEAD":
        return Response(media_type=_TYPES[asked.form], headers=headers)
    pieces = downloads.chunks(_LINES[asked.kind](who, asked))
    # What is wrong with the filters is said before a file begins, and while the ticket is still good.
    first = await run_in_threadpool(next, pieces, b"")
    await run_in_threadpool(_begin, who, ticket)
    body = iterate_in_threadpool(chain([first], pieces))
    return StreamingResponse(body, media_type=_TYPES[asked.form], headers=headers)


def _person(request: Request, ticket: Ticket) -> Actor:
    """Who asked for the file, once their browser shows that it is they who fetch it."""
    person = ticket.person
    if settings().auth in ("oidc", "proxy"):
        presented: Presented | None = request.app.state.presented
        try:
            identity = presented(request) if presented else None
        except SignInUnavailable as error:
            raise problems.unavailable(str(error)) from None
        except SignInRefused:
            identity = None
        found = identity and _standing(identity, ticket)
        if not found or found.user_id != person.user_id:
            raise ApiProblem("permission-denied", "This link is for whoever asked for it, while they are signed in.")
    return person.actor(address=request.client.host if request.client else None)


def _standing(identity: Identity, ticket: Ticket) -> Membership | None:
    tenant = ticket.person.tenant
    with database.write(sessions.NOBODY) as conn:
        sign_in = sessions.signed_in(conn, proof=identity.proof, tenant=tenant, in_use=True, settings=settings())
    return sign_in.standing_in(tenant) if sign_in else None


def _begin(who: Actor, ticket: Ticket) -> None:
    with database.write(who) as conn:
        downloads.begin(conn, who, ticket=ticket)


ROUTES = [Route("/api/v2/exports/{ticket}", get)]

"""GET /api/v2/catalog lists event types; GET /api/v2/catalog/{event_type}/schema is the schema of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from lib import database
from lib.api import problems
from lib.api.gate import Caller, TokenRoute
from lib.api.json_response import Json
from lib.api.problems import ApiProblem
from lib.auth.actors import Actor
from lib.catalog import entries as catalog
from lib.errors import InvalidInput, printable
from lib.serialization import strict_json

_PAGE_SIZE = 100
_LARGEST_PAGE = 500
_PARAMETERS = {"search", "category", "status", "source", "page", "pageSize"}


async def list_entries(request: Request, caller: Caller) -> Response:
    """One page of the catalog as the caller's tenant sees it."""
    filters = _filters(request.query_params.multi_items())
    return Json(await caller.run(lambda: _page(caller.actor, filters)))


async def schema(request: Request, caller: Caller) -> Response:
    """The JSON Schema of an event type's payload."""
    event_type = request.path_params["event_type"]
    found = await caller.run(lambda: _schema(caller.actor, event_type))
    return Response(found, media_type="application/schema+json")


def _filters(written: list[tuple[str, str]]) -> catalog.CatalogFilters:
    names = [name for name, _ in written]
    if unknown := [name for name in names if name not in _PARAMETERS]:
        shown = printable(unknown[0][:80]) or "a parameter without a name"
        raise InvalidInput(shown, f"is not a parameter; known are {', '.join(sorted(_PARAMETERS))}")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidInput(twice, "is given more than once")
    given = dict(written)
    search = given.get("search", "")
    if len(search) > catalog.LONGEST_SEARCH or len(search.split()) > catalog.MOST_WORDS:
        most = f"{catalog.MOST_WORDS} words and {catalog.LONGEST_SEARCH} characters"
        raise InvalidInput("search", f"must be at most {most} long")
    return catalog.CatalogFilters(
        search=search,
        category=given.get("category"),
        status=_one_of(given, "status", get_args(catalog.EntryStatus)),
        source=_one_of(given, "source", get_args(catalog.EntrySource)),
        page=_whole_number(given, "page", 1, 1_000_000),
        page_size=_whole_number(given, "pageSize", _PAGE_SIZE, _LARGEST_PAGE),
        with_deprecated=True,  # their events are taken in, so whoever copies the catalog has to know of them
    )


def _one_of(given: dict[str, str], name: str, choices: tuple[Any, ...]) -> Any:
    value = given.get(name)
    if value is not None and value not in choices:
        raise InvalidInput(name, f"must be one of {', '.join(choices)}")
    return value


def _whole_number(given: dict[str, str], name: str, default: int, largest: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= largest):
        raise InvalidInput(name, f"must be a whole number from 1 to {largest:,}")
    return int(text)


def _page(actor: Actor, filters: catalog.CatalogFilters) -> dict[str, Any]:
    with database.read(actor) as conn:
        page = catalog.page(conn, tenant=actor.tenant, filters=filters, now=datetime.now(UTC))
    # A category that no event has narrows nothing on a page. A caller would take all events for those of it.
    is_there = filters.category is None or filters.category in page.categories
    # Past the end the catalog gives the first page. A caller that counts pages up would never finish.
    entries = page.entries if is_there and page.page == filters.page else []
    return {
        "entries": [_entry(entry) for entry in entries],
        "total": page.total if is_there else 0,
        "page": filters.page,
        "pages": page.pages if is_there else 1,
        "categories": page.categories,
    }


def _entry(entry: catalog.EntrySummary) -> dict[str, Any]:
    return {
        "eventType": entry.event_type,
        "name": entry.name,
        "description": entry.description,
        "category": entry.category,
        "status": entry.status,
        "source": entry.source,
        "schemaRef": entry.payload_schema_ref,
        "schemaState": entry.schema_state,
        "attachedWorkflows": entry.attached,
        "links": {"schema": f"/api/v2/catalog/{quote(entry.event_type, safe='')}/schema"},
    }


def _schema(actor: Actor, event_type: str) -> bytes:
    with database.read(actor) as conn:
        entry = catalog.entry(conn, tenant=actor.tenant, event_type=event_type)
    if entry is None or entry.event_type != event_type:
        raise problems.not_found()
    if entry.schema is None:
        raise ApiProblem("not-found", "This event type has no schema in the registry.")
    return strict_json.dumps(entry.schema).encode()


ROUTES = [
    TokenRoute("GET", "/api/v2/catalog", list_entries, "read"),
    TokenRoute("GET", "/api/v2/catalog/{event_type:path}/schema", schema, "read"),
]

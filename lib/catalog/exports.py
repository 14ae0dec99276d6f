"""The catalog as a file: all of it, or what some filters let through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal
from uuid import UUID

from pydantic import TypeAdapter

from lib import database
from lib.auth import downloads
from lib.auth.actors import Actor
from lib.auth.downloads import Download, FileFormat
from lib.catalog import entries
from lib.catalog.entries import CatalogFilters
from lib.catalog.interchange import writing
from lib.catalog.interchange.writing import ExportedEntry
from lib.database import Connection, named_queries
from lib.metrics.time_window import end_of_this_minute
from lib.serialization import strict_json

CatalogForm = Literal["asyncapi", "json schemas", "yaml", "csv"]
#: What a file is called, and its kind.
_FILES: dict[CatalogForm, tuple[str, FileFormat]] = {
    "asyncapi": ("asyncapi", "yaml"),
    "json schemas": ("catalog-schemas", "zip"),
    "yaml": ("catalog", "yaml"),
    "csv": ("catalog", "csv"),
}
_NARROWING = ("search", "category", "status", "source", "owner", "tag", "traffic")
_MOST = 100_000
_TITLE = "Workflow Event Catalog"
_FILTERS = TypeAdapter(CatalogFilters | None)

queries = named_queries.of(__name__)


def read(conn: Connection, *, tenant: UUID, event_types: Sequence[str] | None = None) -> list[ExportedEntry]:
    """Entries with their schemas as the tenant sees them; all, or those of these types."""
    row = {"tenant": tenant, "event_types": None if event_types is None else list(event_types)}
    return [
        ExportedEntry(
            **{
                **found,
                "tags": tuple(found["tags"]),
                "correlation_paths": tuple(found["correlation_paths"]),
                "example": strict_json.loads(found["example"]) if found["example"] else None,
                "schema": strict_json.loads(found["schema"]) if found["schema"] else None,
            }
        )
        for found in conn.execute(queries["entries"], row).mappings()
    ]


def ticket(conn: Connection, actor: Actor, *, form: CatalogForm, filters: CatalogFilters | None = None) -> str:
    """A ticket for the file: what the filters let through on all their pages, or without them the whole catalog."""
    name, extension = _FILES[form]
    narrowed = {} if filters is None else _narrowed(filters)
    return downloads.ticket(conn, actor, kind="catalog", name=name, form=extension, narrowed=narrowed, filters=filters)


def _narrowed(filters: CatalogFilters) -> dict[str, object]:
    """What the audit trail says of the filters. Some entries are left out only where nothing else is narrowed."""
    narrowed: dict[str, object] = {one: getattr(filters, one) for one in _NARROWING}
    if not any(narrowed.values()):
        narrowed["events without traffic"] = "left out" if filters.fold_without_traffic else None
        narrowed["deprecated events"] = None if filters.with_deprecated else "left out"
    return narrowed


def asked_lines(actor: Actor, *, download: Download) -> Iterator[str | bytes]:
    """The file that a ticket is for."""
    form = next(form for form, file in _FILES.items() if file == (download.name, download.form))
    return lines(actor, form=form, filters=_FILTERS.validate_python(download.filters))


def lines(actor: Actor, *, form: CatalogForm, filters: CatalogFilters | None = None) -> Iterator[str | bytes]:
    """The file, piece by piece."""
    with database.read(actor) as conn:
        types = None
        if filters is not None:
            asked = replace(filters, page=1, page_size=_MOST)
            found = entries.page(conn, tenant=actor.tenant, filters=asked, now=end_of_this_minute())
            types = [entry.event_type for entry in found.entries]
        given = read(conn, tenant=actor.tenant, event_types=types)
    if form == "csv":
        yield from writing.csv(given)
    elif form == "json schemas":
        yield writing.json_schemas(given)
    else:
        yield writing.asyncapi(given, title=_TITLE) if form == "asyncapi" else writing.yaml(given)

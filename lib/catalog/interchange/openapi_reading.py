"""Reads the webhooks of OpenAPI 3.1: every operation of a webhook that sends JSON is an event."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lib.catalog import event_types
from lib.catalog.interchange import event_fields
from lib.catalog.interchange.documents import EXTENSION, Document, ImportedEvent, Unreadable, shown
from lib.catalog.interchange.standalone import DocumentPlace, Library
from lib.schemas import dialects

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_JSON = re.compile(r"application/(json|[\w.+-]+\+json)\s*(;.*)?", re.IGNORECASE)


def read(library: Library, file: str) -> Document:
    """The events of one document."""
    root = library.root(file)
    version = str(root.value.get("openapi"))
    if not re.fullmatch(r"3\.[12](\.\d+.*)?", version):
        said = f"{file}: OpenAPI {shown(version)} has no webhooks that could be read; 3.1 has."
        return Document(problems=(said,))
    if not isinstance((root / "webhooks").value, Mapping):
        return Document(problems=(f"{file}: This OpenAPI document has no webhooks.",))
    dialect = event_fields.text((root / "jsonSchemaDialect").value)
    # OpenAPI's own is what its schemas are written in anyway. One that is not known is told of each event.
    draft = None if dialect and dialects.is_of_openapi(dialect) else dialect
    events = [
        event
        for name, webhook in (root / "webhooks").members()
        for event in _of_webhook(library, name, webhook, draft=draft)
    ]
    return Document(event_fields.text((root / "info" / "title").value) or "", tuple(events))


def _of_webhook(library: Library, name: str, place: DocumentPlace, *, draft: str | None) -> Iterator[ImportedEvent]:
    try:
        webhook = library.followed_for_event(place)
        if not isinstance(webhook.value, Mapping):
            raise Unreadable("is no webhook: it must be an object")
    except Unreadable as error:
        yield ImportedEvent(event_types.made_of(name), str(place), problem=str(error))
        return
    methods = [method for method in _METHODS if isinstance(webhook.value.get(method), Mapping)]
    if not methods:
        yield ImportedEvent(event_types.made_of(name), str(place), problem="has no operation")
    for method in methods:
        named = event_types.made_of(name if len(methods) == 1 else f"{name}_{method}")
        yield _event(library, named, webhook / method, draft=draft)


def _event(library: Library, event_type: str, operation: DocumentPlace, *, draft: str | None) -> ImportedEvent:
    given = operation.value
    try:
        media = _media(library, operation)
    except Unreadable as error:
        return ImportedEvent(event_type, str(operation), problem=str(error))
    said = {
        "name": event_fields.text(given.get("summary")) if len(str(given.get("summary"))) <= 80 else None,
        "description": event_fields.text(given.get("description")) or event_fields.text(given.get("summary")),
        "tags": event_fields.tags(given.get("tags")),
        "status": "deprecated" if given.get("deprecated") is True else None,
        "example": _example(library, media) if media else None,
    }
    return event_fields.event(
        library,
        operation,
        event_type=event_type,
        said=said,
        schema=lambda: event_fields.schema_at(library, media / "schema", draft=draft) if media else None,
        extension=given.get(EXTENSION),
    )


def _media(library: Library, operation: DocumentPlace) -> DocumentPlace | None:
    """What an operation sends as JSON; None where it sends nothing."""
    body = operation / "requestBody"
    if body.value is None:
        return None
    content = library.followed_for_event(body) / "content"
    kinds = [kind for kind, _ in content.members()]
    found = next((kind for kind in kinds if _JSON.fullmatch(kind)), None)
    if found is None:
        sent = ", ".join(map(shown, kinds[:3])) or "nothing"
        raise Unreadable(f"sends {sent}, which is not JSON")
    return content / found


def _example(library: Library, media: DocumentPlace) -> Any:
    if (media / "example").value is not None:
        return (media / "example").value
    for _, place in (media / "examples").members():
        try:
            return (library.followed_for_event(place) / "value").value
        except Unreadable:
            return None
    return None

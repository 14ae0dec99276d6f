"""What documents of others say of an event, in our fields; and what our own documents add to that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lib.catalog.definitions import LONGEST_DESCRIPTION, LONGEST_PATH, LONGEST_TAG, MOST_TAGS
from lib.catalog.entries import ENTRY_STATUSES
from lib.catalog.event_types import LONGEST_NAME
from lib.catalog.interchange.documents import EXTENSION, FIELDS, ImportedEvent, Unreadable, shown
from lib.catalog.interchange.standalone import DocumentPlace, Library, taken_out
from lib.serialization import json_pointer

#: What beside FIELDS stands under EXTENSION.
TYPE, REF, SOURCE, SCHEMA = "event_type", "payload_schema_ref", "source", "schema"
_KNOWN = frozenset((*FIELDS, TYPE, REF, SOURCE, SCHEMA))
_GUESSED = frozenset({"example", "correlation_paths"})
_LONGEST = {"name": LONGEST_NAME, "description": LONGEST_DESCRIPTION}
_PAYLOAD = "$message.payload#"
#: What is longer can be no correlation path of an entry, however it is written.
_LONGEST_LOCATION = len(_PAYLOAD) + 10 * LONGEST_PATH


def event(
    library: Library,
    place: DocumentPlace,
    *,
    event_type: str,
    said: Mapping[str, Any],
    schema: Callable[[], Any],
    extension: Any = None,
) -> ImportedEvent:
    """An event with what a document says of it. `schema` may raise Unreadable; then the event tells why."""
    problem, found, ref = None, None, None
    fields = {name: _fitted(name, value) for name, value in said.items() if value is not None}
    try:
        own = own_words(extension)
        event_type, ref = own.pop(TYPE, event_type), own.pop(REF, None)
        fields |= own
        found = schema()
    except Unreadable as error:
        problem = str(error)
    if not event_type:
        problem = "has no name from which an event type could be made"
    guessed = _GUESSED & fields.keys() if extension is None else frozenset()
    return ImportedEvent(event_type, str(place), fields, ref, found, problem, guessed)


def _fitted(name: str, value: Any) -> Any:
    """A text of others as long as an entry may have it."""
    if name == "tags":
        return [tag for tag in value if len(tag) <= LONGEST_TAG][:MOST_TAGS]
    longest = _LONGEST.get(name)
    if longest is None or len(value) <= longest:
        return value
    return f"{value[: longest - 1].rstrip()}…"


def own_words(extension: Any) -> dict[str, Any]:
    """What our own documents say of an event: fields of the entry, its type and its ref. Raises Unreadable."""
    if extension is None:
        return {}
    if not isinstance(extension, Mapping):
        raise Unreadable(f"has {EXTENSION}, which must be an object")
    if unknown := extension.keys() - _KNOWN:
        raise Unreadable(f"has the field {shown(min(unknown))}, which no entry has; known are {', '.join(FIELDS)}")
    for name, value in extension.items():
        if problem := _problem(name, value):
            raise Unreadable(f"has {name}, which {problem}")
    return {name: value for name, value in extension.items() if name not in (SOURCE, SCHEMA)}


def _problem(name: str, value: Any) -> str | None:
    if name in ("tags", "correlation_paths"):
        is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return None if is_list else "must be a list of texts"
    if name == "status" and value not in ENTRY_STATUSES:
        return f"must be one of {', '.join(ENTRY_STATUSES)}"
    if name in ("example", SCHEMA) or (value is None and name in ("owner", REF)):
        return None
    return None if isinstance(value, str) else "must be text"


def text(value: Any) -> str | None:
    """A text, None for anything else and for nothing but spaces."""
    return value.strip() if isinstance(value, str) and value.strip() else None


def tags(value: Any) -> list[str] | None:
    """The names of the tags that AsyncAPI and OpenAPI list, None where there are none."""
    given = value if isinstance(value, list) else []
    names = [text(one.get("name") if isinstance(one, Mapping) else one) for one in given]
    return list(dict.fromkeys(name for name in names if name)) or None


def correlation_path(location: Any) -> str | None:
    """$message.payload#/client/id is client.id. No path leads into headers, nor to a name with a dot."""
    if not isinstance(location, str) or len(location) > _LONGEST_LOCATION or not location.startswith(f"{_PAYLOAD}/"):
        return None
    names = json_pointer.split(location.removeprefix(_PAYLOAD))
    return None if any("." in name for name in names) else ".".join(names) or None


def correlation_location(path: str) -> str:
    """The other way round."""
    return _PAYLOAD + json_pointer.join(path.split("."))


def schema_at(library: Library, place: DocumentPlace, *, draft: str | None = None) -> Any:
    """The schema at a place, None where there is nothing."""
    return None if place.value is None else taken_out(library, place, draft=draft)

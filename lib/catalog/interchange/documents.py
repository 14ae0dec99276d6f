"""What an imported document comes to: events with what it says of each, and schemas by ref."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lib.catalog.system import DIALECT
from lib.schemas import JsonSchema
from lib.serialization import strict_json

#: Of one file, of all files of one import together, and of an archive when unpacked.
MAX_BYTES = 16 * 1024 * 1024
MOST_EVENTS = 5000
#: Documents are nested deeper than payloads: a schema of 64 levels stands some levels down in them.
MAX_DEPTH = 200

#: The fields of an entry that a document can say something about, in the order in which people read them.
FIELDS = ("name", "description", "category", "status", "owner", "tags", "correlation_paths", "example")
#: The key under which our own documents say of an event what their format has no place for.
EXTENSION = "x-event-catalog"

_LONGEST_SHOWN = 80


class Unreadable(Exception):
    """Something of a document that cannot be read; str() of it says why, as the end of a sentence about the event."""


@dataclass(frozen=True)
class ImportedEvent:
    """One event of a document. `said` holds only what the document says, by the names in FIELDS."""

    event_type: str
    #: Where it stands: file and JSON pointer.
    place: str
    said: Mapping[str, Any] = field(default_factory=dict)
    schema_ref: str | None = None
    #: The schema with all that it refers to; None where the document gives none.
    schema: JsonSchema | None = None
    #: Why it cannot be imported.
    problem: str | None = None
    #: Fields that are our reading of another format's words: what of them does not fit an entry is left out.
    guessed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Document:
    """What one import holds. `problems` are sentences about whole files."""

    title: str = ""
    events: tuple[ImportedEvent, ...] = ()
    schemas: Mapping[str, JsonSchema] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def shown(text: str, longest: int = _LONGEST_SHOWN) -> str:
    """A name of others in a sentence of ours: no longer than a line."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def joined(documents: Iterable[Document]) -> Document:
    """Several documents as one. What they say differently about one thing is told."""
    given = list(documents)
    events = [event for document in given for event in document.events]
    problems = [problem for document in given for problem in document.problems]
    if len(events) > MOST_EVENTS:
        problems.append(f"There are {len(events):,} events; at most {MOST_EVENTS:,} are taken at once, the first ones.")
        del events[MOST_EVENTS:]
    schemas = _Schemas()
    for document in given:
        for ref, schema in document.schemas.items():
            if not schemas.agree(ref, schema):
                problems.append(f"The schema {shown(ref)} is given twice, and differently; the first one is taken.")
    titles = {document.title for document in given if document.title}
    told = tuple(_told_apart(events, schemas))
    return Document(titles.pop() if len(titles) == 1 else "", told, schemas.by_ref, tuple(problems))


def same(one: JsonSchema | None, other: JsonSchema | None) -> bool:
    """Whether two schemas say the same in the same words; one that names no draft is of the newest."""
    return one is other or _canonical(one) == _canonical(other)


def _canonical(schema: JsonSchema | None) -> bytes:
    return strict_json.canonical({"$schema": DIALECT, **schema} if isinstance(schema, dict) else schema)


class _Schemas:
    """The schema of each ref: the first one that is given."""

    def __init__(self) -> None:
        self.by_ref: dict[str, JsonSchema] = {}
        # Many documents and events may name one ref: its schema is written once for all of them.
        self._written: dict[str, bytes] = {}

    def agree(self, ref: str, schema: JsonSchema) -> bool:
        """Whether a ref has this very schema, which it gets if it has none."""
        first = self.by_ref.setdefault(ref, schema)
        if first is schema:
            return True
        if ref not in self._written:
            self._written[ref] = _canonical(first)
        return self._written[ref] == _canonical(schema)


def _told_apart(events: Iterable[ImportedEvent], schemas: _Schemas) -> Iterator[ImportedEvent]:
    """The events, of which only the first of each type can be imported, each with the schema of its ref."""
    first: dict[str, ImportedEvent] = {}
    for event in events:
        if event.problem is None:
            other = first.setdefault(event.event_type, event)
            if other is not event and other.place == event.place:
                continue  # two documents refer to it
            if other is not event:
                event = replace(event, problem=f"comes twice: {shown(other.place)} is {event.event_type} too")
            elif event.schema_ref and event.schema is None:
                event = replace(event, schema=schemas.by_ref.get(event.schema_ref))
            elif event.schema_ref and event.schema is not None and not schemas.agree(event.schema_ref, event.schema):
                event = replace(event, problem=f"has another schema {shown(event.schema_ref)} than an event before it")
        yield event

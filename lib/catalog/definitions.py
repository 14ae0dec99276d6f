"""What a tenant's own event is to be, as somebody wrote it, and everything that is wrong with it, each in a sentence.

Nothing is stored here. lib/workflows/own_events.py is the door to that, and asks here first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from uuid import UUID

from lib.catalog import event_types, own_entries, schema_registry
from lib.catalog.entries import ENTRY_STATUSES, EntryStatus
from lib.catalog.nearest import did_you_mean
from lib.database import Connection
from lib.errors import InvalidInput
from lib.sandbox import metaschema, validation
from lib.schemas import JsonSchema, fields
from lib.schemas.outline import SchemaField, outline
from lib.serialization import naming, strict_json
from lib.serialization.strict_json import JsonValue

LONGEST_DESCRIPTION: Final = 2000
LONGEST_CATEGORY: Final = 60
LONGEST_OWNER: Final = 120
LONGEST_TAG: Final = 40
MOST_TAGS: Final = 20
LONGEST_PATH: Final = 200
MOST_PATHS: Final = 10

#: What a correlation key can be made of.
_KEYS = frozenset({"string", "integer", "number"})

DefinitionField = Literal[
    "event type", "name", "description", "category", "status", "owner", "tags", "correlation paths", "example", "schema"
]


@dataclass(frozen=True)
class EntryDefinition:
    """An entry of the catalog as somebody wrote it.

    Its schema has a ref in the registry or is given inline, as a value or as the text that its author wrote; without
    either, payloads may hold anything.
    """

    event_type: str
    name: str
    description: str = ""
    category: str = ""
    status: EntryStatus = "active"
    owner: str | None = None
    tags: tuple[str, ...] = ()
    correlation_paths: tuple[str, ...] = ()
    example: JsonValue = None
    payload_schema_ref: str | None = None
    payload_schema: JsonSchema | str | None = None


@dataclass(frozen=True)
class DefinitionProblem:
    """Why a definition cannot be saved: the field, a sentence, and for a schema that was typed the line."""

    field: DefinitionField
    message: str
    line: int | None = None


def problems(
    conn: Connection, *, tenant: UUID, definition: EntryDefinition, changes: str | None = None
) -> list[DefinitionProblem]:
    """Everything that is wrong with a definition at once, in the order of its fields.

    `changes` is the event type of the entry that it is to replace; None for a new entry.
    """
    definition = cleaned(definition)
    found = [*_type_problems(conn, tenant, definition, changes), *_text_problems(definition)]
    schema, of_schema = _schema(conn, tenant, definition)
    found += _path_problems(definition.correlation_paths, schema)
    found += of_schema
    found += _example_problems(definition.example, schema)
    return found


def cleaned(definition: EntryDefinition) -> EntryDefinition:
    """The definition without blanks around its texts, and with each tag and path once."""
    return replace(
        definition,
        event_type=_stripped(definition.event_type),
        name=_stripped(definition.name),
        description=_stripped(definition.description),
        category=_stripped(definition.category),
        owner=_stripped(definition.owner) or None,
        tags=_once(definition.tags),
        correlation_paths=_once(definition.correlation_paths),
    )


def read_schema(definition: EntryDefinition) -> JsonSchema | None:
    """The inline schema of a definition without problems, None if it has none."""
    given = definition.payload_schema
    if isinstance(given, str):
        read: JsonSchema = strict_json.parse(given, field="schema")
        return read
    return given


def usable_schema(conn: Connection, *, tenant: UUID, definition: EntryDefinition) -> JsonSchema | None:
    """The schema that payloads would have, None while there is none or something is wrong with it."""
    return _schema(conn, tenant, cleaned(definition))[0]


def path_suggestions(schema: Any) -> list[str]:
    """The fields of a schema that a correlation path can lead to, the outer ones first; to a dotted name leads none."""
    found: list[str] = []

    def add(some: Iterable[SchemaField], level: int) -> None:
        inner = []
        for one in some:
            if one.path.count(".") > level:
                continue
            if one.types & _KEYS and "[]" not in one.path:
                found.append(one.path)
            inner += one.children
        if inner:
            add(inner, level + 1)

    add(outline(schema), 0)
    return found


def _stripped(text: Any) -> Any:
    return naming.stripped(text) if isinstance(text, str) else text


def _once(texts: Any) -> Any:
    if not isinstance(texts, list | tuple) or not all(isinstance(one, str) for one in texts):
        return texts
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(naming.stripped(text).casefold(), naming.stripped(text))
    return tuple(found.values())


def _type_problems(
    conn: Connection, tenant: UUID, definition: EntryDefinition, changes: str | None
) -> Iterator[DefinitionProblem]:
    event_type = definition.event_type
    if problem := _unstorable(event_type, "event type") or event_types.problem(event_type):
        yield DefinitionProblem("event type", problem)
    elif changes is not None and event_type != changes:
        message = f"The event type {changes} cannot be changed, as events of it were recorded; copy the event instead."
        yield DefinitionProblem("event type", message)
    elif changes is None and own_entries.get(conn, tenant=tenant, event_type=event_type) is not None:
        yield DefinitionProblem("event type", f"There is an event {event_type} of your own already; edit that one.")


def _text_problems(definition: EntryDefinition) -> Iterator[DefinitionProblem]:
    one_line: tuple[tuple[DefinitionField, Any, int, bool], ...] = (
        ("name", definition.name, event_types.LONGEST_NAME, True),
        ("category", definition.category, LONGEST_CATEGORY, True),
        ("owner", definition.owner or "", LONGEST_OWNER, False),
    )
    for field, text, longest, needed in one_line:
        if problem := _unstorable(text, field) or _line_problem(text, f"The {field}", longest, needed=needed):
            yield DefinitionProblem(field, problem)
    description = definition.description
    if problem := _unstorable(description, "description"):
        yield DefinitionProblem("description", problem)
    elif len(description) > LONGEST_DESCRIPTION:
        message = f"The description has {len(description)} characters; at most {LONGEST_DESCRIPTION} are accepted."
        yield DefinitionProblem("description", message)
    if definition.status not in ENTRY_STATUSES:
        yield DefinitionProblem("status", f"The status must be one of {', '.join(ENTRY_STATUSES)}.")
    yield from _tag_problems(definition.tags)


def _tag_problems(tags: Any) -> Iterator[DefinitionProblem]:
    if not isinstance(tags, tuple):
        yield DefinitionProblem("tags", "The tags must be a list of words.")
        return
    if len(tags) > MOST_TAGS:
        yield DefinitionProblem("tags", f"There are {len(tags)} tags; at most {MOST_TAGS} are accepted.")
    for tag in tags:
        if problem := _unstorable(tag, "tag") or _line_problem(tag, f"The tag {_short(tag)}", LONGEST_TAG, needed=True):
            yield DefinitionProblem("tags", problem)


def _line_problem(text: str, what: str, longest: int, *, needed: bool) -> str | None:
    if not text:
        return f"{what.strip()} must not be empty." if needed else None
    if len(text) > longest:
        return f"{what} has {len(text)} characters; at most {longest} are accepted."
    why = naming.why_unreadable(text)
    return why and f"{what.strip()} {why}."


def _unstorable(text: Any, field: str) -> str | None:
    if not isinstance(text, str):
        return f"The {field} must be text."
    try:
        strict_json.check_text(text, field=f"the {field}")
    except InvalidInput as error:
        return error.sentence
    return None


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _path_problems(paths: Any, schema: JsonSchema | None) -> Iterator[DefinitionProblem]:
    if not isinstance(paths, tuple):
        yield DefinitionProblem("correlation paths", "The correlation paths must be a list of texts.")
        return
    if len(paths) > MOST_PATHS:
        message = f"There are {len(paths)} correlation paths; at most {MOST_PATHS} are accepted."
        yield DefinitionProblem("correlation paths", message)
    known = fields.read(schema) if schema is not None and paths else None
    for path in paths:
        if problem := _path_problem(path, known, schema):
            yield DefinitionProblem("correlation paths", problem)


def _path_problem(path: Any, known: fields.Field | None, schema: JsonSchema | None) -> str | None:
    if problem := _unstorable(path, "correlation path"):
        return problem
    names = path.split(".")
    if not path or not all(name.strip() for name in names):
        return f"The correlation path “{_short(path)}” must name fields with dots between them, as in device.id."
    if len(path) > LONGEST_PATH:
        return f"A correlation path has {len(path)} characters; at most {LONGEST_PATH} are accepted."
    if known is None:
        return None
    place = known.at(names, through_lists=False)
    if place is None or not place.types:
        near = did_you_mean(path, path_suggestions(schema))
        return f"The schema has no field {_short(path)} for a correlation path.{near}"
    if not place.types & _KEYS:
        return f"The correlation path {_short(path)} leads to no text and no number, so it gives no key."
    return None


def _schema(
    conn: Connection, tenant: UUID, definition: EntryDefinition
) -> tuple[JsonSchema | None, list[DefinitionProblem]]:
    """The schema that payloads will have as far as it can be used, and what is wrong with what names or gives it."""
    ref, given = definition.payload_schema_ref, definition.payload_schema
    if ref is not None and given is not None:
        return None, [
            DefinitionProblem("schema", "The schema must be a ref of the registry or given inline, not both.")
        ]
    if given is not None:
        found = [DefinitionProblem("schema", sentence, line) for line, sentence in metaschema.schema_problems(given)]
        return (None if found else read_schema(definition)), found
    if ref is None:
        return None, []
    if problem := _unstorable(ref, "schema ref"):
        return None, [DefinitionProblem("schema", problem)]
    of_event = own_entries.inline_of(conn, tenant=tenant, ref=ref)
    if of_event is not None and of_event != definition.event_type:
        message = f"The schema {_short(ref)} belongs to {of_event} alone; give a copy of it inline."
        return None, [DefinitionProblem("schema", message)]
    schema = schema_registry.schema(conn, tenant=tenant, ref=ref)
    if schema is None:
        near = did_you_mean(ref, schema_registry.refs(conn, tenant=tenant))
        return None, [DefinitionProblem("schema", f"The registry has no schema {_short(ref)}.{near}")]
    return schema, []


def _example_problems(example: JsonValue, schema: JsonSchema | None) -> Iterator[DefinitionProblem]:
    if example is None:
        return
    try:
        strict_json.check(example, field="example")
    except InvalidInput as error:
        yield DefinitionProblem("example", f"The {error.field} {error.cause}.")
        return
    for one in validation.violations(schema, example).violations if schema is not None else ():
        place = f"at {one.pointer} " if one.pointer else ""
        yield DefinitionProblem(
            "example", f"The example does not fit the schema {place}: {one.message}".replace(" :", ":")
        )

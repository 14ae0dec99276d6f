"""What an imported document does to a tenant's catalog: first said, then done for what was chosen.

A plan writes nothing. Applying it goes through own_events, so whatever holds for one event holds for each of an import;
it is all or nothing, and the audit trail has a line of the import beside the line of each entry.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.catalog import definitions, event_types, schema_registry
from lib.catalog.definitions import EntryDefinition
from lib.catalog.interchange.documents import FIELDS, Document, ImportedEvent, same, shown
from lib.database import Connection, named_queries
from lib.errors import Conflict, InvalidInput, NotFound
from lib.schemas import JsonSchema, compatibility
from lib.schemas.compatibility import Verdict
from lib.serialization import strict_json
from lib.workflows import own_events

ChangeKind = Literal["new", "changed", "unchanged", "invalid"]
CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
#: The category of new events whose document names neither one nor has a title.
CATEGORY = "Imported"

_LISTS = ("tags", "correlation_paths")
_SCHEMA = "schema"
_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(EntryDefinition)}
#: A field of a definition by what problems call it.
_NAMES = {"correlation paths": "correlation_paths"}

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class PlannedChange:
    """What becomes of one event, or of one schema of the registry."""

    kind: ChangeKind
    subject: Literal["event", "schema"]
    #: The event type, or the ref.
    name: str
    place: str = ""
    title: str = ""
    #: What changes, by name; which readers a changed schema serves; why it is invalid, or what was left out.
    changes: tuple[str, ...] = ()
    verdict: Verdict | None = None
    reason: str = ""
    definition: EntryDefinition | None = None
    #: The version of the tenant's own entry that is replaced; None if the tenant has none.
    version: int | None = None
    #: The ref that the event names. Its schema is given inline for as long as nobody registers it.
    ref: str | None = None
    schema: JsonSchema | None = None

    @property
    def key(self) -> str:
        """By what a change is chosen."""
        return f"{self.subject} {self.name}"

    @property
    def can_be_chosen(self) -> bool:
        """Whether there is anything to do."""
        return self.kind in ("new", "changed")


@dataclass(frozen=True)
class ImportResult:
    """What an import did: event types that are new and changed, and refs."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Present:
    """An entry as the tenant sees it now."""

    definition: EntryDefinition
    schema: JsonSchema | None
    version: int | None


def plan(conn: Connection, *, tenant: UUID, document: Document, category: str = "") -> list[PlannedChange]:
    """What applying a document would do, events first in their order, then schemas by ref. Writes nothing.

    `category` is for new events that name none.
    """
    refs = {event.schema_ref for event in document.events if event.schema_ref} | document.schemas.keys()
    storable = [ref for ref in refs if _is_storable(ref)]
    registered = schema_registry.exact(conn, tenant=tenant, refs=storable)
    present = _present(conn, tenant, document.events)
    category = (category.strip() or document.title or CATEGORY)[: definitions.LONGEST_CATEGORY].strip()
    planner = _Planner(conn, tenant, registered, category)
    events = [planner.event(event, present.get(event.event_type)) for event in document.events]
    return events + _schemas(conn, tenant, document.schemas, registered)


def apply(
    conn: Connection, actor: Actor, *, plan: Sequence[PlannedChange], chosen: Collection[str], source: str
) -> ImportResult:
    """Do what was chosen of a plan, by the keys of its changes, all or nothing; `source` is what was imported.

    Events need manage, schemas of the registry admin. Raises PermissionDenied, and InvalidInput or Conflict naming the
    event that does not fit the catalog any more; the transaction is then to be given up.
    """
    actor.require("manage", acts.CatalogImported, on=shown(source))
    asked = [change for change in plan if change.key in chosen and change.can_be_chosen]
    schemas = {one.name: one.schema for one in asked if one.subject == "schema" and one.schema is not None}
    registered = tuple(schema_registry.register(conn, actor, schemas=schemas)) if schemas else ()
    done: dict[str, list[str]] = {"new": [], "changed": []}
    for change in asked:
        if change.subject == "event":
            _apply(conn, actor, change, schemas)
            done[change.kind].append(change.name)
    result = ImportResult(tuple(done["new"]), tuple(done["changed"]), registered)
    if asked:
        counts = {"new": len(result.new), "changed": len(result.changed), "registered": len(registered)}
        audit.record(conn, actor, acts.CatalogImported(target_id=shown(source), **counts))
    return result


def _apply(conn: Connection, actor: Actor, change: PlannedChange, schemas: Mapping[str, JsonSchema]) -> None:
    definition = change.definition
    if definition is None:
        return
    if change.ref in schemas:
        definition = replace(definition, payload_schema_ref=change.ref, payload_schema=None)
    try:
        if change.version is None:
            own_events.create(conn, actor, definition=definition)
        else:
            own_events.change(
                conn, actor, event_type=change.name, definition=definition, expected_version=change.version
            )
    except InvalidInput as error:
        raise InvalidInput(change.name, f"{error.cause} Nothing was imported") from None
    except (Conflict, NotFound) as error:
        raise Conflict(f"{change.name}: {error} Nothing was imported.") from None


class _Planner:
    """Compares events of a document with what a tenant has."""

    def __init__(self, conn: Connection, tenant: UUID, registered: Mapping[str, JsonSchema], category: str) -> None:
        self.conn, self.tenant, self.registered, self.category = conn, tenant, registered, category

    def event(self, event: ImportedEvent, now: _Present | None) -> PlannedChange:
        """What becomes of one event."""
        told = PlannedChange(
            "invalid",
            "event",
            event.event_type,
            event.place,
            str(event.said.get("name") or event_types.name_of(event.event_type)),
        )
        if event.problem is not None:
            return replace(told, reason=_sentence(event.problem))
        known = self.registered.get(event.schema_ref or "")
        if known is not None and event.schema is not None and not same(known, event.schema):
            free = f"{schema_registry.family_of(event.schema_ref or '')} is to get another version for it"
            return replace(told, reason=f"The ref {event.schema_ref} is registered with another schema; {free}.")
        definition = self._definition(event, now, event.said)
        told = replace(told, definition=definition, version=now.version if now else None, ref=event.schema_ref)
        told = replace(told, changes=_changes(now, definition, known or event.schema), title=definition.name)
        if now is not None and not told.changes:
            return replace(told, kind="unchanged")
        return self._checked(event, now, told)

    def _checked(self, event: ImportedEvent, now: _Present | None, told: PlannedChange) -> PlannedChange:
        """The same if it can be done. What was only guessed from other words is left out where it does not fit."""
        left_out: dict[str, str] = {}
        for _ in range(2):
            said = {name: value for name, value in event.said.items() if name not in left_out}
            definition = self._definition(event, now, said)
            changes = told.name if now and now.version is not None else None
            found = definitions.problems(self.conn, tenant=self.tenant, definition=definition, changes=changes)
            names = [_NAMES.get(problem.field, problem.field) for problem in found]
            if not found or not set(names) <= event.guessed:
                break
            left_out = {name: problem.message for name, problem in zip(names, found, strict=True)}
        if found:
            more = f" And {len(found) - 1} more." if len(found) > 1 else ""
            return replace(told, reason=f"{found[0].message}{more}")
        reason = " ".join(f"Left out: {message}" for message in left_out.values())
        schema = self.registered.get(event.schema_ref or "") or event.schema
        changes_left = _changes(now, definition, schema)
        kind: ChangeKind = "new" if now is None else "changed" if changes_left else "unchanged"
        verdict = None
        if now is not None and _SCHEMA in changes_left and now.schema is not None and schema is not None:
            verdict = compatibility.compare(now.schema, schema).verdict()
        return replace(
            told, kind=kind, changes=changes_left if now else (), reason=reason, verdict=verdict, definition=definition
        )

    def _definition(self, event: ImportedEvent, now: _Present | None, said: Mapping[str, Any]) -> EntryDefinition:
        """The entry that an event makes: what is said, else what it is now, else what a new one has."""
        new = {**_DEFAULTS, "name": event_types.name_of(event.event_type), "category": self.category}
        values: dict[str, Any] = {name: getattr(now.definition, name) if now else new[name] for name in FIELDS}
        values |= said
        values |= {name: tuple(values[name]) for name in _LISTS}
        ref, schema = self._schema(event, now)
        definition = EntryDefinition(event.event_type, **values, payload_schema_ref=ref, payload_schema=schema)
        return definitions.cleaned(definition)

    def _schema(self, event: ImportedEvent, now: _Present | None) -> tuple[str | None, JsonSchema | None]:
        """The ref or the inline schema that an event is to have."""
        if event.schema_ref is not None and (event.schema_ref in self.registered or event.schema is None):
            return event.schema_ref, None
        if now is not None and (event.schema is None or same(now.schema, event.schema)):
            return now.definition.payload_schema_ref, now.definition.payload_schema  # type: ignore[return-value]
        return None, event.schema


def _schemas(
    conn: Connection, tenant: UUID, schemas: Mapping[str, JsonSchema], registered: Mapping[str, JsonSchema]
) -> list[PlannedChange]:
    """What becomes of the schemas that a document has by ref."""
    fresh = {ref: one for ref, one in schemas.items() if ref not in registered}
    problems = schema_registry.problems(conn, schemas=fresh)
    before = _before(conn, tenant, {ref: one for ref, one in fresh.items() if ref not in problems})
    found = []
    for ref, schema in sorted(schemas.items()):
        change = PlannedChange("new", "schema", ref, title="Schema of the registry", schema=schema)
        if ref in registered:
            if same(registered[ref], schema):
                change = replace(change, kind="unchanged")
            else:
                change = replace(
                    change, kind="invalid", reason="It is registered with another schema; a ref never changes."
                )
        elif ref in problems:
            change = replace(change, kind="invalid", reason=problems[ref])
        elif ref in before:
            old_ref, old = before[ref]
            change = replace(
                change, changes=(f"since {old_ref}",), verdict=compatibility.compare(old, schema).verdict()
            )
        found.append(change)
    return found


def _before(conn: Connection, tenant: UUID, fresh: Mapping[str, JsonSchema]) -> dict[str, tuple[str, JsonSchema]]:
    """The schema that each of these new ones is compared with, by its ref: the newest of the family.

    That is the registered one, until the document has a newer one. The first schema of a family has none.
    """
    if not fresh:
        return {}
    family_of, version_of = schema_registry.family_of, schema_registry.version_of
    registered = schema_registry.newest(conn, tenant=tenant, families={family_of(ref) for ref in fresh})
    schemas = {**fresh, **schema_registry.exact(conn, tenant=tenant, refs=registered.values())}
    newest, found = dict(registered), dict[str, tuple[str, JsonSchema]]()
    for ref in sorted(fresh, key=version_of):
        family = family_of(ref)
        if family in newest:
            found[ref] = newest[family], schemas[newest[family]]
        newest[family] = max(newest.get(family, ref), ref, key=version_of)
    return found


def _present(conn: Connection, tenant: UUID, events: Sequence[ImportedEvent]) -> dict[str, _Present]:
    types = [event.event_type for event in events if event.problem is None and _is_storable(event.event_type)]
    found = {}
    for row in conn.execute(queries["present"], {"tenant": tenant, "event_types": types}).mappings():
        schema = strict_json.loads(row["schema"]) if row["schema"] else None
        values = {name: row[name] for name in FIELDS} | {name: tuple(row[name]) for name in _LISTS}
        values["example"] = strict_json.loads(row["example"]) if row["example"] else None
        ref = row["payload_schema_ref"]
        inline = schema if ref is None else None
        definition = EntryDefinition(row["event_type"], **values, payload_schema_ref=ref, payload_schema=inline)
        found[row["event_type"]] = _Present(definitions.cleaned(definition), schema, row["version"])
    return found


def _changes(now: _Present | None, definition: EntryDefinition, schema: JsonSchema | None) -> tuple[str, ...]:
    """The names of what an entry says differently than now."""
    if now is None:
        return ()
    found = [name for name in FIELDS if not _alike(getattr(now.definition, name), getattr(definition, name))]
    if schema is not None and not same(now.schema, schema):
        found.append(_SCHEMA)
    elif definition.payload_schema_ref != now.definition.payload_schema_ref:
        found.append("schema ref")
    return tuple(found)


def _alike(one: Any, other: Any) -> bool:
    return bool(one == other) if isinstance(one, tuple) else strict_json.canonical(one) == strict_json.canonical(other)


def _is_storable(text: str) -> bool:
    try:
        strict_json.check_text(text, field="text")
    except InvalidInput:
        return False
    return True


def _sentence(problem: str) -> str:
    return f"It {problem}."

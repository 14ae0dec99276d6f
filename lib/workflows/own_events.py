"""A tenant's own events: the only door through which a person defines, changes, deletes and restores one.

Only here it is known whom such a change affects: `effects` says so before it is made. Every act locks the entry first
and names the version at which its author looked, so two people never overwrite each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.auth.acts import Act
from lib.catalog import definitions, entries, event_types, own_entries
from lib.catalog.definitions import EntryDefinition
from lib.catalog.entries import ENTRY_STATUSES, EntryStatus
from lib.catalog.own_entries import OwnEntry
from lib.database import Connection, named_queries
from lib.errors import Conflict, InvalidInput, NotFound
from lib.metrics import rollups
from lib.schemas import JsonSchema
from lib.serialization import strict_json
from lib.workflows import gate, schema_impact
from lib.workflows.gate import Gate
from lib.workflows.schema_impact import WorkflowImpact

queries = named_queries.of(__name__)

_NONE = "There is no such event of your own in this catalog."
_NONE_DELETED = "No event of this type was deleted in the last 7 days."
_SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Effects:
    """What saving a definition means: the schema that the event carries before and after, and to each workflow."""

    before: JsonSchema | None
    after: JsonSchema | None
    attached: tuple[WorkflowImpact, ...]
    #: How the latest real events do with the schema after, where that is another one than before.
    gate: Gate = field(default_factory=lambda: Gate(None))

    @property
    def is_told(self) -> bool:
        """Whether there is something that the author should see before saving."""
        return bool(self.attached or self.gate.failures)

    @property
    def broken(self) -> tuple[WorkflowImpact, ...]:
        """The workflows that read something which would be gone or of another type."""
        return tuple(one for one in self.attached if one.reads)


@dataclass(frozen=True)
class EntryUse:
    """Who uses an own event. `overrides` says that the system has an event of this type too."""

    attached: tuple[WorkflowImpact, ...]
    #: Names of published workflows with a step that waits for it, and how many runs wait for it now.
    awaited_by: tuple[str, ...]
    waiting_runs: int
    #: Live events ever, and in the last 7 days.
    events: int
    recent_events: int
    overrides: bool

    @property
    def keeps_it(self) -> bool:
        """Whether deleting deprecates the entry. Of an override nothing is lost: the system's entry takes its place."""
        return not self.overrides and bool(self.attached or self.awaited_by or self.waiting_runs or self.events)


def create(conn: Connection, actor: Actor, *, definition: EntryDefinition) -> None:
    """Define an event of the tenant's own; one of a type that the system has takes its place.

    Raises PermissionDenied, InvalidInput naming the first problem, Conflict when somebody defined it meanwhile.
    """
    actor.require("manage", acts.EntryDefined, on=definition.event_type)
    definition = _checked(conn, actor, definition, changes=None)
    schema = definitions.read_schema(definition)
    inline_ref = own_entries.next_inline_ref(conn, tenant=actor.tenant, event_type=definition.event_type)
    ref = definition.payload_schema_ref if schema is None else inline_ref
    own_entries.add(conn, tenant=actor.tenant, user_id=actor.user_id, fields=_fields(definition, ref))
    if schema is not None:
        _register(conn, actor, definition.event_type, inline_ref, schema)
    made = _own(conn, actor, definition.event_type)
    audit.record(conn, actor, acts.EntryDefined(target_id=made.event_type, after=_audited(made)))


def change(
    conn: Connection, actor: Actor, *, event_type: str, definition: EntryDefinition, expected_version: int
) -> int:
    """Replace what the tenant's own event is; its new version, the same if nothing changed.

    A changed inline schema becomes the next one of the event's. Raises PermissionDenied, NotFound, InvalidInput naming
    the first problem, Conflict naming who changed it meanwhile.
    """
    before = _expect(conn, actor, event_type, expected_version, to=acts.EntryChanged)
    definition = _checked(conn, actor, definition, changes=event_type)
    schema = definitions.read_schema(definition)
    ref = definition.payload_schema_ref if schema is None else _ref_of(conn, actor, before, schema)
    fields = _fields(definition, ref)
    if _is_same(before, fields):
        return before.version
    if schema is not None and ref is not None and ref != before.payload_schema_ref:
        _register(conn, actor, event_type, ref, schema)
    version = own_entries.put(conn, tenant=actor.tenant, user_id=actor.user_id, event_id=before.event_id, fields=fields)
    audit.record(conn, actor, _changed(before, _own(conn, actor, event_type)))
    return version


def set_status(conn: Connection, actor: Actor, *, event_type: str, status: EntryStatus, expected_version: int) -> int:
    """Give the tenant's own event another status, such as deprecated; its new version.

    Raises PermissionDenied, NotFound, InvalidInput, Conflict naming who changed it meanwhile.
    """
    before = _expect(conn, actor, event_type, expected_version, to=acts.EntryStatusChanged)
    if status not in ENTRY_STATUSES:
        raise InvalidInput("status", f"must be one of {', '.join(ENTRY_STATUSES)}")
    return _set_status(conn, actor, before, status)


def delete(
    conn: Connection, actor: Actor, *, event_type: str, expected_version: int
) -> Literal["deleted", "deprecated"]:
    """Take the tenant's own event away, or deprecate it if somebody uses it or events of it came; which of the two.

    Raises PermissionDenied, NotFound, Conflict naming who changed it meanwhile.
    """
    before = _expect(conn, actor, event_type, expected_version, to=acts.EntryDeleted)
    if use(conn, tenant=actor.tenant, event_type=event_type, now=datetime.now(UTC)).keeps_it:
        _set_status(conn, actor, before, "deprecated")
        return "deprecated"
    own_entries.delete(conn, tenant=actor.tenant, user_id=actor.user_id, event_id=before.event_id)
    audit.record(conn, actor, acts.EntryDeleted(target_id=event_type, before=_audited(before)))
    return "deleted"


def restore(conn: Connection, actor: Actor, *, event_type: str) -> None:
    """Bring back the event of this type that was deleted last, within entries.DELETED_FOR.

    Raises PermissionDenied, NotFound, Conflict when there is another one of this type by now.
    """
    actor.require("manage", acts.EntryRestored, on=event_type)
    since = datetime.now(UTC) - entries.DELETED_FOR
    if not _is_type(event_type):
        raise NotFound(_NONE_DELETED)
    if not own_entries.bring_back(conn, tenant=actor.tenant, user_id=actor.user_id, event_type=event_type, since=since):
        if own_entries.get(conn, tenant=actor.tenant, event_type=event_type):
            raise Conflict(f"{event_type} is in the catalog already: somebody brought it back, or defined it anew.")
        raise NotFound(_NONE_DELETED)
    restored = _own(conn, actor, event_type)
    audit.record(conn, actor, acts.EntryRestored(target_id=event_type, after=_audited(restored)))


def effects(conn: Connection, *, tenant: UUID, definition: EntryDefinition) -> Effects:
    """Whom saving a definition without problems affects; nobody, for an event that is not in the catalog yet."""
    definition = definitions.cleaned(definition)
    now = entries.entry(conn, tenant=tenant, event_type=definition.event_type)
    if now is None:
        return Effects(None, None, ())
    ref, schema = definition.payload_schema_ref, definitions.read_schema(definition)
    if schema is not None:
        ref = own_entries.next_inline_ref(conn, tenant=tenant, event_type=definition.event_type)
    elif ref is not None:
        text = own_entries.schema_text(conn, tenant=tenant, ref=ref)
        schema = strict_json.loads(text) if text else None
    found = _effects(conn, tenant, now, ref, schema)
    if schema is None or schema == now.schema:
        return found
    # What maps nothing takes the event's own payload: so it is tried by the schema alone.
    tried = gate.check(conn, tenant=tenant, definition={}, event_type=definition.event_type, schema=schema)
    return replace(found, gate=tried)


def use(conn: Connection, *, tenant: UUID, event_type: str, now: datetime) -> EntryUse:
    """Who uses the tenant's own event. Raises NotFound."""
    entry = own_entries.get(conn, tenant=tenant, event_type=event_type)
    present = entries.entry(conn, tenant=tenant, event_type=event_type)
    if entry is None or present is None:
        raise NotFound(_NONE)
    awaited = conn.execute(queries["awaited"], {"tenant": tenant, "event_type": event_type}).one()
    boundaries = [_SINCE_EVER, now - entries.ACTIVITY_SPAN, now]
    counts = rollups.events(conn, tenant=tenant, names=[event_type], boundaries=boundaries).get(event_type, {})
    system = conn.execute(queries["overridden"], {"tenant": tenant, "event_type": event_type}).one_or_none()
    then = (system.payload_schema_ref, strict_json.loads(system.schema) if system.schema else None) if system else None
    ref, schema = then or (None, None)
    return EntryUse(
        attached=_effects(conn, tenant, present, ref, schema).attached,
        awaited_by=tuple(awaited.awaited_by),
        waiting_runs=awaited.waiting_runs,
        events=sum(slice_.total for slice_ in counts.values()),
        recent_events=counts[1].total if 1 in counts else 0,
        overrides=system is not None,
    )


def _effects(
    conn: Connection, tenant: UUID, now: entries.CatalogEntry, ref: str | None, schema: JsonSchema | None
) -> Effects:
    attached = schema_impact.impacts_of_change(
        conn, tenant=tenant, event_type=now.event_type, before=now.schema, now_ref=ref, now=schema
    )
    return Effects(now.schema, schema, tuple(attached))


def _expect(conn: Connection, actor: Actor, event_type: str, version: int, *, to: type[Act]) -> OwnEntry:
    """The tenant's own entry, locked, if it is still the one that was looked at."""
    actor.require("manage", to, on=event_type)
    if not _is_type(event_type):
        raise NotFound(_NONE)
    own_entries.lock(conn, tenant=actor.tenant, event_type=event_type)
    # Read after the lock is there, in a statement of its own: it then sees what the one before us committed.
    entry = _own(conn, actor, event_type)
    if entry.version != version:
        who = entry.updated_by or "Someone else"
        raise Conflict(f"{who} changed {event_type} meanwhile; nothing of yours was saved. Look at it again.")
    return entry


def _own(conn: Connection, actor: Actor, event_type: str) -> OwnEntry:
    entry = own_entries.get(conn, tenant=actor.tenant, event_type=event_type)
    if entry is not None:
        return entry
    since = datetime.now(UTC) - entries.DELETED_FOR
    if gone := own_entries.deleted(conn, tenant=actor.tenant, event_type=event_type, since=since):
        who = gone.deleted_by or "somebody"
        raise NotFound(f"{gone.name} was deleted by {who}, so nothing was changed. Its page offers to undo that.")
    raise NotFound(_NONE)


def _is_type(event_type: str) -> bool:
    """Whether a text can be the type of an event at all: others cannot even be looked for."""
    return event_types.problem(event_type) is None


def _checked(conn: Connection, actor: Actor, definition: EntryDefinition, *, changes: str | None) -> EntryDefinition:
    """The definition cleaned, without a problem. Raises InvalidInput."""
    found = definitions.problems(conn, tenant=actor.tenant, definition=definition, changes=changes)
    if found:
        more = f" And {len(found) - 1} more." if len(found) > 1 else ""
        raise InvalidInput(found[0].field, f"{found[0].message}{more}")
    return definitions.cleaned(definition)


def _fields(definition: EntryDefinition, ref: str | None) -> dict[str, Any]:
    """What of an entry is stored."""
    return {
        "event_type": definition.event_type,
        "name": definition.name,
        "description": definition.description,
        "category": definition.category,
        "status": definition.status,
        "owner": definition.owner,
        "tags": definition.tags,
        "correlation_paths": definition.correlation_paths,
        "example": definition.example,
        "payload_schema_ref": ref,
    }


def _register(conn: Connection, actor: Actor, event_type: str, ref: str, schema: JsonSchema) -> None:
    own_entries.add_inline_schema(
        conn, tenant=actor.tenant, user_id=actor.user_id, event_type=event_type, ref=ref, schema=schema
    )


def _ref_of(conn: Connection, actor: Actor, before: OwnEntry, schema: JsonSchema) -> str:
    """The ref of an inline schema: the present one, unless the schema differs from it."""
    if before.is_inline and before.payload_schema_ref:
        known = own_entries.schema_text(conn, tenant=actor.tenant, ref=before.payload_schema_ref)
        if known is not None and strict_json.dumps(strict_json.loads(known)) == strict_json.dumps(schema):
            return before.payload_schema_ref
    return own_entries.next_inline_ref(conn, tenant=actor.tenant, event_type=before.event_type)


def _is_same(before: OwnEntry, fields: Mapping[str, Any]) -> bool:
    """Whether an entry says this already. Examples are compared as JSON, in which 1 and true differ."""
    if before.holds_schema or strict_json.dumps(before.example) != strict_json.dumps(fields["example"]):
        return False
    return all(getattr(before, name) == value for name, value in fields.items() if name != "example")


def _set_status(conn: Connection, actor: Actor, before: OwnEntry, status: EntryStatus) -> int:
    if before.status == status:
        return before.version
    version = own_entries.set_status(
        conn, tenant=actor.tenant, user_id=actor.user_id, event_id=before.event_id, status=status
    )
    made = acts.EntryStatusChanged(target_id=before.event_type, previous_status=before.status, status=status)
    audit.record(conn, actor, made)
    return version


def _audited(entry: OwnEntry) -> dict[str, Any]:
    """An entry as the audit trail has it: without its example, which is a payload."""
    return {
        "name": entry.name,
        "description": entry.description,
        "category": entry.category,
        "status": entry.status,
        "owner": entry.owner,
        "tags": list(entry.tags),
        "correlationPaths": list(entry.correlation_paths),
        "payloadSchemaRef": entry.payload_schema_ref,
        "example": None if entry.example is None else "given",
    }


def _changed(before: OwnEntry, after: OwnEntry) -> acts.EntryChanged:
    old, new = _audited(before), _audited(after)
    if strict_json.dumps(before.example) != strict_json.dumps(after.example) and old["example"] == new["example"]:
        new["example"] = "another one"
    names = [name for name in old if old[name] != new[name]]
    return acts.EntryChanged(
        target_id=after.event_type,
        before={name: old[name] for name in names},
        after={name: new[name] for name in names},
    )

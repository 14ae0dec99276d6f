"""What a change of an event's schema means to the workflows attached to it.

A workflow names the schema its trigger was made for. When the event's catalog entry names another one, the two
schemas are compared. That finds the mappings which read a removed or changed field. The definition is then validated
against the new schema.

A person changes what an event carries through lib.workflows.own_events, which asks here first whom that affects.
Schemas that come with a release (lib.catalog.system) are new refs, so they break nothing that is attached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from lib.catalog import schema_registry
from lib.database import Connection, named_queries
from lib.mapping import expressions
from lib.schemas import JsonSchema, fields
from lib.schemas.fields import Field
from lib.schemas.outline import SchemaField, outline
from lib.serialization import strict_json
from lib.workflows import validation as workflow_validation
from lib.workflows.validation import Surroundings, TriggerEvent

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class BrokenRead:
    """A mapping that reads a field which the new schema lacks or gives another type."""

    target: str
    field: str
    change: Literal["removed", "changed in type"]


@dataclass(frozen=True)
class Impact:
    """How a workflow made for one schema does with the one that the event carries now."""

    made_for: str | None
    now: str | None
    reads: tuple[BrokenRead, ...]
    problems: tuple[str, ...]

    @property
    def still_valid(self) -> bool:
        """Whether the published definition could be published again today."""
        return not self.problems


def impacts(conn: Connection, *, tenant: UUID, event_type: str) -> dict[UUID, Impact]:
    """The event's attached workflows that were made for another schema than it carries now, by id."""
    found = {}
    for row in conn.execute(queries["outdated"], {"tenant": tenant, "event_type": event_type}):
        definition = strict_json.loads(row.definition)
        around = workflow_validation.surroundings(conn, tenant=tenant, definition=definition)
        before = strict_json.loads(row.made_for_schema) if row.made_for_schema else None
        found[row.workflow_id] = _impact(definition, row.made_for, before, around)
    return found


@dataclass(frozen=True)
class WorkflowImpact:
    """What a change of an event's schema that is not made yet means to one of its attached workflows."""

    workflow_id: UUID
    name: str
    version: int
    is_system: bool
    is_paused: bool
    reads: tuple[BrokenRead, ...]
    problems: tuple[str, ...]


def impacts_of_change(
    conn: Connection,
    *,
    tenant: UUID,
    event_type: str,
    before: JsonSchema | None,
    now_ref: str | None,
    now: JsonSchema | None,
) -> list[WorkflowImpact]:
    """What it would mean to each attached workflow if the event carried the schema `now`; `before` is what it carries.

    A workflow without a mapping takes the payload as it is, so it reads every field.
    """
    found = []
    for row in conn.execute(queries["attached"], {"tenant": tenant, "event_type": event_type}):
        definition = strict_json.loads(row.definition)
        around = workflow_validation.surroundings(conn, tenant=tenant, definition=definition)
        schemas = around.schemas if now_ref is None or now is None else {**around.schemas, now_ref: now}
        around = replace(around, event=TriggerEvent(event_type, now_ref, now), schemas=schemas)
        given = definition["trigger"].get("payloadMapping")
        reads = _broken_reads(given, before, now) if isinstance(given, dict) else _broken_fields(before, now)
        errors = workflow_validation.errors(workflow_validation.check(definition, around))
        found.append(
            WorkflowImpact(
                workflow_id=row.workflow_id,
                name=row.name,
                version=row.version,
                is_system=row.is_system,
                is_paused=row.is_paused,
                reads=tuple(reads),
                problems=tuple(problem.message for problem in errors),
            )
        )
    return found


def impact_of_draft(conn: Connection, *, tenant: UUID, definition: Mapping[str, Any]) -> Impact | None:
    """The same for a draft; None when it was made for the event's present schema, or has no such trigger."""
    around = workflow_validation.surroundings(conn, tenant=tenant, definition=definition)
    trigger = definition.get("trigger")
    if around.event is None or not isinstance(trigger, dict):
        return None
    made_for = trigger.get("sourcePayloadSchemaRef")
    if made_for == around.event.schema_ref or not isinstance(made_for, str | None):
        return None
    return _impact(definition, made_for, around.schemas.get(made_for or ""), around)


@dataclass(frozen=True)
class BrokenMapping:
    """A published workflow whose mapping reads what another version of its event's schema lacks or changes."""

    workflow_id: UUID
    name: str
    event_type: str
    reads: tuple[BrokenRead, ...]


def broken_mappings(
    conn: Connection, *, tenant: UUID, old_ref: str, new_ref: str | None = None, new: JsonSchema | None = None
) -> list[BrokenMapping]:
    """The published workflows that map from one schema and would break on another, by name.

    The other one is registered as `new_ref`, or is `new`, which is not registered yet.
    """
    schemas = schema_registry.exact(conn, tenant=tenant, refs=[ref for ref in (old_ref, new_ref) if ref])
    old, new = schemas.get(old_ref), schemas.get(new_ref or "", new)
    if old is None or new is None:
        return []
    found = []
    for row in conn.execute(queries["mapped_from"], {"tenant": tenant, "ref": old_ref}):
        given = strict_json.loads(row.mapping)
        reads = tuple(_broken_reads(given, old, new)) if isinstance(given, dict) else ()
        if reads:
            found.append(BrokenMapping(row.workflow_id, row.name, row.event_type, reads))
    return found


def _impact(
    definition: Mapping[str, Any], made_for: str | None, before: JsonSchema | None, around: Surroundings
) -> Impact:
    event = around.event
    given = definition["trigger"].get("payloadMapping")
    reads = list(_broken_reads(given, before, event.schema)) if event and isinstance(given, dict) else []
    errors = workflow_validation.errors(workflow_validation.check(definition, around))
    return Impact(
        made_for, event.schema_ref if event else None, tuple(reads), tuple(problem.message for problem in errors)
    )


def _broken_reads(given: Mapping[str, Any], before: JsonSchema | None, now: JsonSchema | None) -> Iterator[BrokenRead]:
    if before is None or now is None:
        return
    old, new = fields.read(before), fields.read(now)
    for target, value in given.items():
        if not expressions.is_expression(value) or not isinstance(value[expressions.EXPRESSION], str):
            continue
        for names in sorted(expressions.fields_read(value[expressions.EXPRESSION])):
            if change := _change(old.at(names), new.at(names)):
                yield BrokenRead(target, ".".join(names), change)


def _broken_fields(before: JsonSchema | None, now: JsonSchema | None) -> Iterator[BrokenRead]:
    """What a workflow that takes the payload as it is reads in vain. What is inside a removed field is not told."""
    if before is None or now is None:
        return
    old, new = fields.read(before), fields.read(now)
    waiting: list[tuple[SchemaField, tuple[str, ...]]] = [(one, (one.name,)) for one in outline(before)]
    for field, names in waiting:  # level by level
        place = ".".join(names)
        if change := _change(old.at(names), new.at(names)):
            yield BrokenRead(place, place, change)
        else:
            waiting += [(child, (*names, child.name)) for child in field.children]


def _change(old: Field | None, new: Field | None) -> Literal["removed", "changed in type"] | None:
    if old is None:
        return None
    if new is None:
        return "removed"
    return None if new.types <= old.types else "changed in type"

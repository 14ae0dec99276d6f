"""What is wrong with a workflow definition: all of it at once, each with its place.

An error keeps a definition from being published, because it could not run or no event would fit it. A warning is
probably a mistake. lib.steps checks the steps, lib.mapping.check the trigger's mapping. This module checks the rest,
and finds what both need to know of the tenant's events and schemas.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lib.catalog import entries, schema_registry
from lib.catalog.nearest import did_you_mean
from lib.database import Connection, named_queries
from lib.mapping import check as mapping_check
from lib.schemas import JsonSchema
from lib.serialization import json_pointer, naming, strict_json
from lib.steps import Problem, check_definition, config_of, each_step, type_of
from lib.workflows import data_flow
from lib.workflows.records import LONGEST_NAME

queries = named_queries.of(__name__)

_FIELDS = {"id", "version", "name", "description", "payloadSchemaRef", "trigger", "steps"}
_TRIGGER_FIELDS = {"type", "eventName", "sourcePayloadSchemaRef", "payloadMapping"}


@dataclass(frozen=True)
class TriggerEvent:
    """What a trigger's check needs of its event: the schema ref and schema of its catalog entry."""

    event_type: str
    schema_ref: str | None
    schema: JsonSchema | None


@dataclass(frozen=True)
class Surroundings:
    """The part of a tenant's catalog and registry that a definition refers to."""

    event: TriggerEvent | None = None
    schemas: Mapping[str, JsonSchema] = field(default_factory=dict)
    #: Events that steps wait for, and whether a correlation key can be derived from their payloads.
    awaited: Mapping[str, bool] = field(default_factory=dict)
    #: What stands behind the sentence about a name that does not exist: “ Did you mean …?”
    meant: Mapping[str, str] = field(default_factory=dict)


def validate(conn: Connection, *, tenant: UUID, definition: Any) -> list[Problem]:
    """Every problem of the definition as this tenant would publish it now, errors first within a section."""
    return check(definition, surroundings(conn, tenant=tenant, definition=definition))


def surroundings(conn: Connection, *, tenant: UUID, definition: Any) -> Surroundings:
    """What this tenant knows of the events and schemas that the definition names."""
    if not isinstance(definition, dict):
        return Surroundings()
    trigger = definition.get("trigger")
    trigger = trigger if isinstance(trigger, dict) else {}
    entry = None
    if isinstance(trigger.get("eventName"), str):
        entry = entries.entry(conn, tenant=tenant, event_type=trigger["eventName"])
    named = [definition.get("payloadSchemaRef"), trigger.get("sourcePayloadSchemaRef")]
    named.append(entry.payload_schema_ref if entry else None)
    refs = sorted({ref for ref in named if isinstance(ref, str)})
    rows = conn.execute(queries["schemas"], {"tenant": tenant, "refs": refs}).all()
    waits = sorted({name for _, name in _awaited(definition)})
    awaited = conn.execute(queries["known_events"], {"tenant": tenant, "event_types": waits}).all()
    schemas = {row.schema_ref: strict_json.loads(row.schema) for row in rows}
    event_types = {row.event_type: bool(row.has_key) for row in awaited}
    lost_refs, lost_events = set(refs) - schemas.keys(), set(waits) - event_types.keys()
    if entry is None and isinstance(trigger.get("eventName"), str):
        lost_events.add(trigger["eventName"])
    return Surroundings(
        event=TriggerEvent(entry.event_type, entry.payload_schema_ref, entry.schema) if entry else None,
        schemas=schemas,
        awaited=event_types,
        meant=_meant(conn, tenant, lost_events, lost_refs),
    )


def _meant(conn: Connection, tenant: UUID, event_types: Collection[str], refs: Collection[str]) -> dict[str, str]:
    found = dict[str, str]()
    if event_types:
        known = [event_type for event_type, _ in entries.event_types(conn, tenant=tenant)]
        found |= {name: did_you_mean(name, known) for name in event_types}
    if refs:
        registered = schema_registry.refs(conn, tenant=tenant)
        found |= {name: did_you_mean(name, registered) for name in refs}
    return found


def check(definition: Any, around: Surroundings) -> list[Problem]:
    """Every problem of the definition, in its order: details, schema, trigger, mapping, steps."""
    if not isinstance(definition, dict):
        return [Problem("", "The definition must be an object.")]
    found = [*_details(definition), *_payload_schema(definition, around), *_trigger(definition, around)]
    found += check_definition(definition)
    ref = definition.get("payloadSchemaRef")
    payload = around.schemas.get(ref) if isinstance(ref, str) else None
    found += data_flow.check(definition, payload=payload)
    return [*found, *_waits(definition, around), *_refused(definition)]


def errors(problems: list[Problem]) -> list[Problem]:
    """Those that keep the definition from being published."""
    return [problem for problem in problems if problem.severity == "error"]


def _details(definition: Mapping[str, Any]) -> Iterator[Problem]:
    name = definition.get("name")
    if not isinstance(name, str) or not naming.can_be_seen(name) or len(name.strip()) > LONGEST_NAME:
        yield Problem("/name", f"The workflow needs a name of 1 to {LONGEST_NAME} characters.")
    elif why := naming.why_unreadable(naming.stripped(name)):
        yield Problem("/name", f"The name {why}.")
    if not isinstance(definition.get("description", ""), str):
        yield Problem("/description", "The description must be text.")
    for key in sorted(definition.keys() - _FIELDS):
        yield Problem(json_pointer.join([key]), f"A definition has no field {key!r}.")


def _payload_schema(definition: Mapping[str, Any], around: Surroundings) -> Iterator[Problem]:
    ref = definition.get("payloadSchemaRef")
    if ref is None:
        yield Problem("/payloadSchemaRef", "Choose a schema for the workflow's payload.")
    elif not isinstance(ref, str):
        yield Problem("/payloadSchemaRef", "The payload schema must be the ref of a registered schema.")
    elif ref not in around.schemas:
        yield Problem("/payloadSchemaRef", f"The schema {ref} is not in the registry.{around.meant.get(ref, '')}")


def _trigger(definition: Mapping[str, Any], around: Surroundings) -> Iterator[Problem]:
    trigger = definition.get("trigger")
    if trigger is None:
        yield Problem("/trigger", "The workflow has no trigger: nothing will start it.", "warning")
        return
    if not isinstance(trigger, dict):
        yield Problem("/trigger", "The trigger must be an object with type and eventName.")
        return
    if trigger.get("type") != "event":
        yield Problem("/trigger/type", f"A trigger's type is event, not {trigger.get('type')!r}.")
    for key in sorted(trigger.keys() - _TRIGGER_FIELDS):
        yield Problem(json_pointer.join(["trigger", key]), f"A trigger has no field {key!r}.")
    name = trigger.get("eventName")
    if not isinstance(name, str) or not name:
        yield Problem("/trigger/eventName", "The trigger must name an event.")
        return
    if around.event is None:
        yield Problem("/trigger/eventName", f"The catalog has no event {name}.{around.meant.get(name, '')}")
        return
    yield from _source_schema(trigger, around.event, around)
    yield from _mapping(definition, trigger, around.event, around)


def _source_schema(trigger: Mapping[str, Any], event: TriggerEvent, around: Surroundings) -> Iterator[Problem]:
    ref = trigger.get("sourcePayloadSchemaRef")
    if ref is not None and not isinstance(ref, str):
        yield Problem("/trigger/sourcePayloadSchemaRef", "The source schema must be the ref of a schema.")
    elif ref is not None and ref not in around.schemas:
        meant = around.meant.get(ref, "")
        yield Problem("/trigger/sourcePayloadSchemaRef", f"The trigger's schema {ref} is not in the registry.{meant}")
    elif ref != event.schema_ref:
        now = event.schema_ref or "no schema"
        yield Problem(
            "/trigger/sourcePayloadSchemaRef",
            f"{event.event_type} carries {now} now; the mapping was made for {ref or 'no schema'}.",
            "warning",
        )


def _mapping(
    definition: Mapping[str, Any], trigger: Mapping[str, Any], event: TriggerEvent, around: Surroundings
) -> Iterator[Problem]:
    ref, given = definition.get("payloadSchemaRef"), trigger.get("payloadMapping")
    if given is None:
        if isinstance(ref, str) and ref != event.schema_ref:
            yield Problem(
                "/trigger/payloadMapping",
                f"The event carries {event.schema_ref or 'no schema'} and the workflow takes {ref}, "
                "so it needs a mapping from one to the other.",
            )
    elif not isinstance(given, dict):
        yield Problem("/trigger/payloadMapping", "The mapping must be an object of targets and values.")
    else:
        target = around.schemas.get(ref) if isinstance(ref, str) else None
        for finding in mapping_check.check(given, target=target, source=event.schema):
            path = json_pointer.join(["trigger", "payloadMapping", *([finding.target] if finding.target else [])])
            yield Problem(path, finding.message, finding.severity)


def _waits(definition: Mapping[str, Any], around: Surroundings) -> Iterator[Problem]:
    for path, name in _awaited(definition):
        if name and name not in around.awaited:
            meant = around.meant.get(name, "")
            yield Problem(path, f"The catalog has no event {name} to wait for.{meant}", "warning")
        elif name and not around.awaited[name]:
            yield Problem(
                path,
                f"Nothing would end a wait for {name}: its catalog entry has no correlation paths, so no key can be "
                "derived from its payloads.",
            )


def _awaited(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(JSON pointer, event type) wherever a step names an event."""
    for path, step in each_step(definition):
        kind, config = type_of(step), config_of(step)
        for name in kind.event_fields if kind else ():
            if isinstance(config.get(name), str):
                yield f"{path}/config{json_pointer.join([name])}", config[name]


def _refused(definition: Mapping[str, Any]) -> Iterator[Problem]:
    """The steps that would fail whatever a run holds."""
    for path, step in each_step(definition):
        kind = type_of(step)
        if kind and (fault := kind.refusal(config_of(step))):
            where = f"{path}/config{json_pointer.join(fault.field)}"
            yield Problem(where, f"Runs will fail at this step: {fault.message}", "warning")

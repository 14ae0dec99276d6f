"""The demo's workflows, published as the designer would publish them, and what people did to them since."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid5

import yaml

from lib.catalog import system as system_catalog
from lib.database import Connection, named_queries

_FILE = Path(__file__).with_name("workflows.yaml")

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class WorkflowChange:
    """What somebody did to a workflow during the month."""

    at: datetime
    by: str
    did: Literal["published", "detached", "reattached", "paused", "resumed"]
    note: str = ""
    #: The version that came of it; of what makes none, the one that it found.
    version: int = 1


@dataclass(frozen=True)
class DemoWorkflow:
    """What the invented history needs to know of a published workflow."""

    workflow_id: UUID
    name: str
    event_type: str
    changes: tuple[WorkflowChange, ...]
    #: How the event's payload becomes the workflow's, and the schema of that; None when it takes the event's own.
    mapping: dict[str, Any] | None
    schema: dict[str, Any] | None
    #: Typical run time in seconds, and the share of runs that fail.
    duration: float
    failing: float
    failing_step: str
    failure_message: str
    steps: list[dict[str, Any]]

    def before(self, at: datetime) -> list[WorkflowChange]:
        """What was done to it until then."""
        return [one for one in self.changes if one.at <= at]

    def version_at(self, at: datetime) -> int | None:
        """The version that reacted to events then; None while it was attached to none."""
        is_detached, version = False, 1
        for one in self.before(at):
            version = one.version
            is_detached = one.did == "detached" or (is_detached and one.did != "reattached")
        return None if is_detached else version

    def is_paused_at(self, at: datetime) -> bool:
        """Whether it started no runs then."""
        switched = [one.did for one in self.before(at) if one.did in ("paused", "resumed")]
        return switched[-1:] == ["paused"]


def schema_refs() -> list[str]:
    """The schemas that the demo's workflows need beside those of events."""
    return list(_document()["schemas"])


def publish(conn: Connection, *, tenant: UUID, tenant_name: str, now: datetime) -> list[DemoWorkflow]:
    """Publish this tenant's demo workflows with all their versions, and the schemas they need."""
    document = _document()
    schemas = {ref: {"$schema": system_catalog.DIALECT, **schema} for ref, schema in document["schemas"].items()}
    conn.execute(queries["add_schemas"], {"tenant": tenant, "schemas": json.dumps(schemas)})
    workflows = []
    for entry in document["tenants"][tenant_name]:
        workflow_id = uuid5(tenant, entry["name"])
        definition = _definition(workflow_id, entry)
        workflow = DemoWorkflow(
            workflow_id=workflow_id,
            name=entry["name"],
            event_type=entry["event"],
            changes=_changes(entry, now),
            mapping=entry.get("mapping"),
            schema=schemas.get(definition["payloadSchemaRef"]),
            duration=entry["duration"],
            failing=entry["failing"],
            failing_step=entry["failure"]["step"],
            failure_message=entry["failure"]["message"],
            steps=entry["steps"],
        )
        _add(conn, tenant, workflow, definition, entry, now)
        workflows.append(workflow)
    return workflows


def _add(
    conn: Connection,
    tenant: UUID,
    workflow: DemoWorkflow,
    definition: dict[str, Any],
    entry: dict[str, Any],
    now: datetime,
) -> None:
    """Write the workflow as it is now, and each version as it was published."""
    described = [one["description_before"] for one in entry.get("changes", ()) if "description_before" in one]
    version = workflow.changes[-1].version if workflow.changes else 1
    keys = {"tenant": tenant, "workflow_id": workflow.workflow_id}
    row = {
        "is_system": entry.get("is_system", False),
        "is_paused": workflow.is_paused_at(now),
        "version": version,
        "definition": json.dumps({**definition, "version": version}),
    }
    conn.execute(queries["add_workflow"], keys | row)
    first = {**definition, "description": described[0]} if described else definition
    conn.execute(
        queries["add_version"],
        keys | {"version": 1, "definition": json.dumps(first), "note": "First version", "by": None, "at": None},
    )
    for one in workflow.changes:
        if one.did in ("published", "detached", "reattached"):
            then = {**definition, "version": one.version} | ({"trigger": None} if one.did == "detached" else {})
            made = {"definition": json.dumps(then), "note": one.note, "by": one.by, "at": one.at}
            conn.execute(queries["add_version"], keys | {"version": one.version} | made)


def _changes(entry: dict[str, Any], now: datetime) -> tuple[WorkflowChange, ...]:
    """The changes of a workflow in order of time, each with its version."""
    notes = {"detached": f"Detached from {entry['event']}", "reattached": f"Attached to {entry['event']} again"}
    version, made = 1, []
    for one in sorted(entry.get("changes", ()), key=lambda one: -one["days_ago"]):
        version += one["did"] in ("published", *notes)
        at = now - timedelta(days=one["days_ago"])
        made.append(WorkflowChange(at, one["by"], one["did"], one.get("note") or notes.get(one["did"], ""), version))
    return tuple(made)


def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return document


def _definition(workflow_id: UUID, entry: dict[str, Any]) -> dict[str, Any]:
    source_ref = system_catalog.schema_ref(entry["event"])
    trigger: dict[str, Any] = {
        "type": "event",
        "eventName": entry["event"],
        "sourcePayloadSchemaRef": source_ref,
    }
    if mapping := entry.get("mapping"):
        trigger["payloadMapping"] = mapping
    return {
        "id": str(workflow_id),
        "version": 1,
        "name": entry["name"],
        "description": entry["description"],
        "payloadSchemaRef": entry.get("payload_schema_ref", source_ref),
        "trigger": trigger,
        "steps": entry["steps"],
    }

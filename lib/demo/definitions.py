"""The demo's workflows, published as the designer would publish them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml

from lib.catalog import system as system_catalog
from lib.database import Connection, named_queries

_FILE = Path(__file__).with_name("workflows.yaml")

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class DemoWorkflow:
    """What the invented history needs to know of a published workflow."""

    workflow_id: UUID
    name: str
    event_type: str
    is_paused: bool
    #: How the event's payload becomes the workflow's, and the schema of that; None when it takes the event's own.
    mapping: dict[str, Any] | None
    schema: dict[str, Any] | None
    #: Typical run time in seconds, and the share of runs that fail.
    duration: float
    failing: float
    failing_step: str
    failure_message: str
    steps: list[dict[str, Any]]


def publish(conn: Connection, *, tenant: UUID, tenant_name: str) -> list[DemoWorkflow]:
    """Publish this tenant's demo workflows at version 1, with the schemas they need."""
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    schemas = {ref: {"$schema": system_catalog.DIALECT, **schema} for ref, schema in document["schemas"].items()}
    conn.execute(queries["add_schemas"], {"tenant": tenant, "schemas": json.dumps(schemas)})
    workflows = []
    for entry in document["tenants"][tenant_name]:
        workflow_id = uuid5(tenant, entry["name"])
        definition = _definition(workflow_id, entry)
        conn.execute(
            queries["add_workflow"],
            {
                "tenant": tenant,
                "workflow_id": workflow_id,
                "is_system": entry.get("is_system", False),
                "is_paused": entry.get("is_paused", False),
                "definition": json.dumps(definition),
            },
        )
        workflows.append(
            DemoWorkflow(
                workflow_id=workflow_id,
                name=entry["name"],
                event_type=entry["event"],
                is_paused=entry.get("is_paused", False),
                mapping=entry.get("mapping"),
                schema=schemas.get(definition["payloadSchemaRef"]),
                duration=entry["duration"],
                failing=entry["failing"],
                failing_step=entry["failure"]["step"],
                failure_message=entry["failure"]["message"],
                steps=entry["steps"],
            )
        )
    return workflows


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

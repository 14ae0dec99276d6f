"""An event's schema changes: which workflows' mappings read what is gone, and whether they still validate."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.workflows import schema_impact
from lib.workflows import validation as workflow_validation
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import attach, edit, publish
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import log_step

V1 = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "total": {"type": "integer"}, "note": {"type": "string"}},
}
TARGET = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "total": {"type": "integer"}, "note": {"type": "string"}},
}


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory) -> Actor:
    actor = new_actor()
    add_schema(db, actor.tenant, "made.v1", V1)
    add_schema(db, actor.tenant, "mine.v1", TARGET)
    add_entry(db, actor.tenant, "MADE", ref="made.v1")
    return actor


def carry(db: Database, actor: Actor, ref: str, schema: Any) -> None:
    add_schema(db, actor.tenant, ref, schema)
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE event_catalog SET payload_schema_ref = :r"), {"r": ref})


def mapped(actor: Actor) -> UUID:
    workflow = attach(actor, "Mapped", "MADE")
    names = ("id", "total", "note")
    trigger = {
        "type": "event",
        "eventName": "MADE",
        "sourcePayloadSchemaRef": "made.v1",
        "payloadMapping": {name: {"$expr": f"event.payload.{name}"} for name in names},
    }
    edit(actor, workflow, payloadSchemaRef="mine.v1", trigger=trigger, steps=[log_step("note")])
    publish(actor, workflow)
    return workflow


def impacts(actor: Actor) -> dict[UUID, schema_impact.Impact]:
    with database.read(actor) as conn:
        return schema_impact.impacts(conn, tenant=actor.tenant, event_type="MADE")


def test_nothing_changed_nothing_said(actor: Actor) -> None:
    mapped(actor)
    assert impacts(actor) == {}


def test_removed_and_changed_fields_are_named_with_who_reads_them(db: Database, actor: Actor) -> None:
    workflow = mapped(actor)
    fields = {"id": {"type": "string"}, "total": {"type": "string"}}
    carry(db, actor, "made.v2", {"type": "object", "properties": fields})
    impact = impacts(actor)[workflow]
    assert (impact.made_for, impact.now) == ("made.v1", "made.v2")
    assert {(read.target, read.field, read.change) for read in impact.reads} == {
        ("note", "note", "removed"),
        ("total", "total", "changed in type"),
    }
    assert not impact.still_valid and any("total takes integer" in problem for problem in impact.problems)


def test_a_change_that_no_mapping_reads_is_harmless(db: Database, actor: Actor) -> None:
    workflow = mapped(actor)
    carry(db, actor, "made.v2", {"type": "object", "properties": {**V1["properties"], "more": {}}})  # type: ignore[dict-item]
    impact = impacts(actor)[workflow]
    assert impact.reads == () and impact.still_valid


def test_a_workflow_that_takes_the_payload_as_it_comes_needs_a_mapping_now(db: Database, actor: Actor) -> None:
    workflow = attach(actor, "Identity", "MADE")
    edit(actor, workflow, steps=[log_step("note")])
    publish(actor, workflow)
    carry(db, actor, "made.v2", V1)
    impact = impacts(actor)[workflow]
    assert not impact.still_valid and any("needs a mapping" in problem for problem in impact.problems)


def test_validation_knows_the_tenants_own_catalog(actor: Actor, new_actor: ActorFactory) -> None:
    definition = {
        "name": "X",
        "payloadSchemaRef": "made.v1",
        "steps": [log_step("a")],
        "trigger": {"type": "event", "eventName": "MADE", "sourcePayloadSchemaRef": "made.v1"},
    }
    with database.read(actor) as conn:
        assert workflow_validation.validate(conn, tenant=actor.tenant, definition=definition) == []
    stranger = new_actor()
    with database.read(stranger) as conn:
        found = workflow_validation.validate(conn, tenant=stranger.tenant, definition=definition)
    assert {problem.path for problem in found} >= {"/payloadSchemaRef", "/trigger/eventName"}

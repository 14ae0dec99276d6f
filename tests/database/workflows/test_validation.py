"""What publishing asks the tenant's own catalog and registry."""

from __future__ import annotations

from typing import Any

import pytest

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import InvalidInput
from lib.workflows import validation, versions
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import attach, edit, get
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import log_step, step


def problems(actor: Actor, **changes: Any) -> list[tuple[str, str, str]]:
    definition: dict[str, Any] = {
        "name": "Work",
        "payloadSchemaRef": "payload.TicketCreated.v1",
        "trigger": {
            "type": "event",
            "eventName": "TICKET_CREATED",
            "sourcePayloadSchemaRef": "payload.TicketCreated.v1",
        },
        "steps": [log_step("note")],
    }
    with database.read(actor) as conn:
        found = validation.validate(conn, tenant=actor.tenant, definition={**definition, **changes})
    return [(one.path, one.severity, one.message) for one in found]


def wait(event_type: str) -> dict[str, Any]:
    return step("answer", "event.wait", eventName=event_type, correlationKey="k")


def test_the_nearest_names_are_the_tenants_own(db: Database, new_actor: ActorFactory) -> None:
    actor, other = new_actor(), new_actor()
    add_entry(db, actor.tenant, "DEVICE_OFFLINE", paths=["deviceId"])
    add_schema(db, actor.tenant, "own.Device.v1", {})
    assert problems(actor) == []
    trigger = {"type": "event", "eventName": "DEVICE_OFLINE"}
    refs = {"payloadSchemaRef": "own.Devise.v1"}
    said = {message for _, _, message in problems(actor, trigger=trigger, steps=[wait("DEVICE_OFLINE")], **refs)}
    assert said >= {
        "The catalog has no event DEVICE_OFLINE. Did you mean DEVICE_OFFLINE?",
        "The catalog has no event DEVICE_OFLINE to wait for. Did you mean DEVICE_OFFLINE?",
        "The schema own.Devise.v1 is not in the registry. Did you mean own.Device.v1?",
    }
    theirs = {message for _, _, message in problems(other, trigger=trigger, steps=[wait("DEVICE_OFLINE")], **refs)}
    assert "OFFLINE" not in str(theirs) and "own.Device.v1" not in str(theirs)


def test_a_wait_that_nothing_ends_is_not_published(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "ANSWER", paths=["id"])
    add_entry(db, actor.tenant, "KEYLESS")
    assert problems(actor, steps=[wait("ANSWER")]) == []
    assert [(path, severity) for path, severity, _ in problems(actor, steps=[wait("KEYLESS")])] == [
        ("/steps/0/config/eventName", "error")
    ]
    workflow = attach(actor)
    edit(actor, workflow, steps=[wait("KEYLESS")])
    draft = get(actor, workflow).draft_version
    with pytest.raises(InvalidInput, match="Nothing would end a wait for KEYLESS"), database.write(actor) as conn:
        versions.publish(conn, actor, workflow_id=workflow, expected_draft_version=draft, expected_version=None)

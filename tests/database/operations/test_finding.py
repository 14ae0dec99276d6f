"""Anything is found by what one has of it, in one's own tenant and as far as one may see."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lib import database
from lib.auth import members
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import InvalidInput
from lib.operations import finding
from lib.operations.finding import MOST, FoundMore, FoundThing
from tests.conftest import ActorFactory
from tests.database.events.test_activity import add
from tests.database.events.test_ingestion import submit
from tests.support.tenant_catalog import add_entry
from tests.support.workflow_runs import log_step, publish, start_run


def sought(actor: Actor, text: str) -> list[FoundThing | FoundMore]:
    with database.read(actor) as conn:
        return finding.find(conn, actor, text=text, now=datetime.now(UTC))


def found(actor: Actor, text: str) -> list[tuple[str, str]]:
    return [(one.kind, one.target) for one in sought(actor, text) if isinstance(one, FoundThing)]


def more(actor: Actor, text: str) -> list[tuple[str, int | None]]:
    return [(one.kind, one.number) for one in sought(actor, text) if isinstance(one, FoundMore)]


def test_each_kind_is_found_by_what_names_it(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    add_entry(db, actor.tenant, "DEVICE_OFFLINE", name="Device offline")
    event = add(db, actor.tenant, event_name="DEVICE_OFFLINE", correlation_key="device-7")
    workflow = publish(actor.tenant, [log_step("log")], name="Tell the graveyard shift")
    run = start_run(actor, workflow)
    assert found(actor, " device  OFFline ") == [("event type", "DEVICE_OFFLINE")]
    assert found(actor, "graveyard") == [("workflow", str(workflow))]
    assert found(actor, str(event)) == [("event", str(event))]
    assert found(actor, str(run).upper()) == [("run", str(run))]
    assert found(actor, "device-7") == [("correlation key", "device-7")]
    assert ("person", str(actor.user_id)) in found(actor, actor.email)
    assert found(actor, "  ") == [] and found(actor, "zzqx") == []


def test_of_each_kind_it_is_said_how_many_more_there_are(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    for number in range(MOST + 2):
        add_entry(db, actor.tenant, f"QUOKKA_{number}", name=f"Quokka {number}")
        publish(actor.tenant, [log_step("log")], name=f"Feed quokka {number}")
        with database.write(actor) as conn:
            members.add(conn, actor, email=f"quokka{number}@acme.example", name=f"Quokka {number}", permission="read")
    assert more(actor, "quokka") == [("event type", 2), ("workflow", 2), ("person", 2)]
    assert len(found(actor, "quokka")) == 3 * MOST
    assert more(actor, "quokka 1") == []


def test_of_events_under_one_id_it_is_said_that_there_are_more(new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    for number in range(MOST + 1):
        submit(actor, source=f"sender {number}", submission_id="4711")
    assert more(actor, "4711") == [("event", None)]


def test_people_are_for_admins(db: Database, new_actor: ActorFactory) -> None:
    reader = new_actor("read")
    assert found(reader, reader.email) == []


def test_another_tenant_s_things_are_not_found(db: Database, new_actor: ActorFactory) -> None:
    owner, stranger = new_actor("admin"), new_actor("admin")
    add_entry(db, owner.tenant, "DEVICE_OFFLINE", name="Device offline")
    event = add(db, owner.tenant, event_name="DEVICE_OFFLINE", correlation_key="device-7")
    workflow = publish(owner.tenant, [log_step("log")], name="Tell the graveyard shift")
    run = start_run(owner, workflow)
    for text in ("Device offline", "graveyard", str(event), str(run), "device-7", owner.email):
        assert found(stranger, text) == []


@pytest.mark.parametrize(
    "text", ["%", "_", "'; DROP TABLE tenants; --", '"', "\\", "🙂", "a" * 200, "1b4e28ba-2fa1-41d2-883f-0016d3cca427"]
)
def test_signs_mean_themselves(text: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    add_entry(db, actor.tenant, "DEVICE_OFFLINE", name="Device offline")
    assert [one for one in found(actor, text) if one[1] == "DEVICE_OFFLINE" and text != "_"] == []


@pytest.mark.parametrize(
    ("text", "cause"), [("a" * 201, "200 characters"), ("a\0b", ""), ("\ud800", "")], ids=["long", "NUL", "surrogate"]
)
def test_what_can_name_nothing_is_said(text: str, cause: str, db: Database, new_actor: ActorFactory) -> None:
    with pytest.raises(InvalidInput, match=f"search.*{cause}"):
        found(new_actor("read"), text)

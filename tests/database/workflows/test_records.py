"""Attaching, drafting, publishing, rolling back, detaching and undoing: what happens, and who may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import CatalogError, Conflict, InvalidInput, NotFound, PermissionDenied
from lib.events import ingestion
from lib.events.submission import Submission
from lib.workflows import backfill
from lib.workflows import changes as workflow_changes
from lib.workflows import records as workflow_records
from lib.workflows import versions as workflow_versions
from lib.workflows.records import WorkflowFilters
from tests.conftest import ActorFactory
from tests.support.locks import await_waiting
from tests.support.tenant_catalog import add_entry
from tests.support.workflow_runs import log_step

EVENT = "TICKET_CREATED"
REF = "payload.TicketCreated.v1"


def attach(actor: Actor, name: str | None = None, event_type: str = EVENT) -> UUID:
    with database.write(actor) as conn:
        return workflow_changes.create_for_event(conn, actor, event_type=event_type, name=name)


def get(actor: Actor, workflow: UUID) -> workflow_records.Workflow:
    with database.read(actor) as conn:
        return workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow)


def edit(actor: Actor, workflow: UUID, **changes: Any) -> int:
    now = get(actor, workflow)
    with database.write(actor) as conn:
        return workflow_changes.save_draft(
            conn,
            actor,
            workflow_id=workflow,
            definition={**now.draft, **changes},
            expected_draft_version=now.draft_version,
        )


def publish(actor: Actor, workflow: UUID, note: str = "") -> int:
    now = get(actor, workflow)
    with database.write(actor) as conn:
        return workflow_versions.publish(
            conn,
            actor,
            workflow_id=workflow,
            expected_draft_version=now.draft_version,
            expected_version=now.published_version,
            change_note=note,
            publish_anyway=True,  # tests/database/workflows/test_gate.py is about that
        )


def published(actor: Actor, name: str | None = None) -> UUID:
    workflow = attach(actor, name)
    edit(actor, workflow, steps=[log_step("note")])
    assert publish(actor, workflow) == 1
    return workflow


def detach(
    actor: Actor, workflow: UUID, version: int, event_type: str = EVENT, *, expected_changes: bool = True
) -> int:
    with database.write(actor) as conn:
        return workflow_versions.detach(
            conn,
            actor,
            workflow_id=workflow,
            event_type=event_type,
            expected_version=version,
            expected_changes=expected_changes,
        )


def undo_detach(actor: Actor, workflow: UUID, version: int) -> int:
    with database.write(actor) as conn:
        return workflow_versions.undo_detach(conn, actor, workflow_id=workflow, detached_version=version)


def audited(db: Database, workflow: UUID) -> list[str]:
    with db.owner.connect() as conn:
        query = text("SELECT action FROM audit_logs WHERE target_id = :w ORDER BY audit_id")
        return list(conn.execute(query, {"w": str(workflow)}).scalars())


def versions(db: Database, workflow: UUID) -> list[int]:
    with db.owner.connect() as conn:
        query = text("SELECT version FROM workflow_definition_versions WHERE workflow_id = :w ORDER BY version")
        return list(conn.execute(query, {"w": workflow}).scalars())


def make_system(db: Database, workflow: UUID) -> None:
    with db.owner.begin() as conn:
        statement = text("UPDATE workflow_definitions SET is_system = true WHERE workflow_id = :w")
        conn.execute(statement, {"w": workflow})


def would_start(actor: Actor, payload: Any) -> Submission:
    with database.write(actor) as conn:
        return ingestion.decide(conn, actor, event_type=EVENT, payload=payload)


def example(db: Database) -> Any:
    with db.owner.connect() as conn:
        return conn.execute(
            text("SELECT example FROM system_event_catalog WHERE event_type = :e"), {"e": EVENT}
        ).scalar_one()


def test_attaching_makes_a_draft_with_the_events_trigger_and_schema(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = get(actor, attach(actor))
    assert workflow.name == "Workflow: Ticket Created" and workflow.status == "draft"
    assert workflow.draft["trigger"] == {"type": "event", "eventName": EVENT, "sourcePayloadSchemaRef": REF}
    assert workflow.draft["payloadSchemaRef"] == workflow.payload_schema_ref == REF
    assert workflow.trigger is None and workflow.draft_differs and workflow.published_version is None
    assert audited(db, workflow.workflow_id) == ["workflow.created"]


def test_an_event_without_a_schema_leaves_the_choice_open_and_cannot_be_published(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "BARE")
    workflow = attach(actor, "Mine", "BARE")
    assert get(actor, workflow).draft["payloadSchemaRef"] is None
    edit(actor, workflow, steps=[log_step("note")])
    with pytest.raises(InvalidInput, match="Choose a schema"):
        publish(actor, workflow)


def test_an_unknown_event_or_an_empty_name_is_refused(new_actor: ActorFactory) -> None:
    actor = new_actor()
    with pytest.raises(NotFound, match="no event NOPE"):
        attach(actor, event_type="NOPE")
    for name in ("", " ", "x" * 121):
        with pytest.raises(InvalidInput, match="name"):
            attach(actor, name)


def test_publish_starts_runs_and_detach_ends_that_and_undo_brings_it_back(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    payload = example(db)
    workflow = attach(actor)
    edit(actor, workflow, steps=[log_step("note")])
    assert would_start(actor, payload).matches[0].reason == "no_workflow"
    assert publish(actor, workflow, "First") == 1
    assert would_start(actor, payload).status == "matched"
    assert detach(actor, workflow, 1) == 2
    assert would_start(actor, payload).matches[0].reason == "no_workflow"
    assert get(actor, workflow).trigger is None and not get(actor, workflow).draft_differs
    with database.write(actor) as conn:
        assert workflow_versions.undo_detach(conn, actor, workflow_id=workflow, detached_version=2) == 3
    assert would_start(actor, payload).status == "matched"
    assert audited(db, workflow) == [
        f"workflow.{verb}" for verb in ("created", "draft_saved", "published", "detached", "reattached")
    ]
    with database.read(actor) as conn:
        first = workflow_versions.definition(conn, tenant=actor.tenant, workflow_id=workflow, version=1)
        third = workflow_versions.definition(conn, tenant=actor.tenant, workflow_id=workflow, version=3)
        listed = workflow_versions.list_versions(conn, tenant=actor.tenant, workflow_id=workflow)
    assert {**first, "version": 3} == third
    assert [(v.version, v.event_type, v.published_by) for v in listed] == [
        (3, EVENT, actor.email),
        (2, None, actor.email),
        (1, EVENT, actor.email),
    ]


def test_a_draft_with_changes_survives_detach_and_undo_but_not_its_trigger(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    edit(actor, workflow, description="Half done", steps=[log_step("note"), log_step("more")])
    detach(actor, workflow, 1)
    draft = get(actor, workflow).draft
    assert draft["description"] == "Half done" and len(draft["steps"]) == 2 and draft["trigger"] is None
    undo_detach(actor, workflow, 2)
    draft = get(actor, workflow).draft
    assert draft["description"] == "Half done" and draft["trigger"]["eventName"] == EVENT


@pytest.mark.parametrize("edited_too", [False, True], ids=["mapping alone", "and more"])
def test_anothers_mapping_in_the_draft_is_back_after_detach_and_undo(edited_too: bool, new_actor: ActorFactory) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow = published(one)
    mapping = {"ticketId": {"$expr": "event.payload.ticketId"}}
    edit(two, workflow, trigger={**get(one, workflow).draft["trigger"], "payloadMapping": mapping})
    if edited_too:
        edit(two, workflow, description="Half done")
    detach(one, workflow, 1)
    assert get(one, workflow).draft["trigger"] is None
    if edited_too:
        edit(two, workflow, steps=[log_step("note"), log_step("while detached")])
    undo_detach(one, workflow, 2)
    now = get(one, workflow)
    assert now.draft["trigger"]["payloadMapping"] == mapping and now.draft_differs
    assert now.trigger and "payloadMapping" not in now.trigger, "what is published is as before"
    assert len(now.draft["steps"]) == 1 + edited_too


def test_changes_of_the_draft_that_came_after_the_look_refuse_a_detach(new_actor: ActorFactory) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow = published(one)
    with database.read(one) as conn:
        preview = workflow_versions.preview_detach(
            conn, tenant=one.tenant, workflow_id=workflow, event_type=EVENT, now=datetime.now(UTC)
        )
    assert not preview.workflow.draft_differs
    edit(two, workflow, description="Theirs")
    with pytest.raises(Conflict, match=f"{two.email} changed the draft of .* meanwhile. Nothing was changed"):
        detach(one, workflow, 1, expected_changes=False)
    assert get(one, workflow).draft_updated_by == two.email
    assert detach(one, workflow, 1, expected_changes=True) == 2


def test_a_conflict_names_who_published_not_who_edited_since(new_actor: ActorFactory) -> None:
    one = new_actor()
    two, three = new_actor(tenant=one.tenant), new_actor(tenant=one.tenant)
    workflow = published(one)
    edit(two, workflow, description="By two")
    publish(two, workflow)
    edit(three, workflow, description="Edited later")
    with pytest.raises(Conflict, match=f"^{two.email} published version 2 of"):
        detach(one, workflow, 1)
    with database.write(one) as conn:
        workflow_changes.set_paused(conn, one, workflow_id=workflow, paused=True)
        with pytest.raises(Conflict, match=f"^{three.email} changed this draft meanwhile"):
            workflow_changes.save_draft(
                conn, two, workflow_id=workflow, definition={"name": "X"}, expected_draft_version=1
            )


def detached(actor: Actor, now: datetime) -> list[workflow_versions.Detached]:
    with database.read(actor) as conn:
        return workflow_versions.detached(conn, tenant=actor.tenant, event_type=EVENT, now=now)


def test_a_detach_is_found_with_its_event_until_something_else_is_published(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow, now = published(actor, "Desk"), datetime.now(UTC) + timedelta(minutes=1)
    assert detached(actor, now) == []
    detach(actor, workflow, 1)
    (found,) = detached(actor, now)
    assert (found.workflow_id, found.name, found.version, found.detached_by) == (workflow, "Desk", 2, actor.email)
    assert detached(actor, now + workflow_versions.UNDONE_WITHIN) == [], "after a week it is history"
    assert detached(new_actor(), now) == [], "another tenant's"
    undo_detach(actor, workflow, 2)
    assert detached(actor, now) == []
    detach(actor, workflow, 3)
    edit(actor, workflow, description="Without a trigger for good")
    publish(actor, workflow)
    assert detached(actor, now) == []


def test_undo_refuses_what_no_longer_validates_and_says_what_to_do(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "OURS", ref=REF)
    workflow = attach(actor, "Desk", "OURS")
    edit(actor, workflow, steps=[log_step("note")])
    publish(actor, workflow)
    detach(actor, workflow, 1, "OURS")
    with db.owner.begin() as conn:
        conn.execute(text("DELETE FROM event_catalog WHERE event_type = 'OURS'"))
    with pytest.raises(Conflict, match=r"Desk cannot be attached to OURS as it was: .*OURS.* fix that"):
        undo_detach(actor, workflow, 2)
    with database.write(actor) as conn, pytest.raises(Conflict, match=r"^Version 1 of Desk cannot .*: .*OURS"):
        workflow_versions.roll_back(conn, actor, workflow_id=workflow, to_version=1, expected_version=2)
    assert get(actor, workflow).trigger is None and versions(db, workflow) == [1, 2]


def test_detach_refuses_another_events_workflow_one_twice_and_a_stale_look(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    with pytest.raises(Conflict, match=f"reacts to {EVENT} now, not to EMAIL_BOUNCED"):
        detach(actor, workflow, 1, "EMAIL_BOUNCED")
    edit(actor, workflow, description="Changed")
    publish(actor, workflow)
    with pytest.raises(Conflict, match=r"published version 2 .*meanwhile, and you looked at version 1"):
        detach(actor, workflow, 1)
    assert detach(actor, workflow, 2) == 3
    with pytest.raises(Conflict, match="reacts to no event now"):
        detach(actor, workflow, 3)


def test_undo_refuses_when_someone_published_meanwhile_or_nothing_was_detached(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    with database.write(actor) as conn, pytest.raises(NotFound):
        workflow_versions.undo_detach(conn, actor, workflow_id=workflow, detached_version=1)
    detach(actor, workflow, 1)
    edit(actor, workflow, description="Another")
    publish(actor, workflow)
    with database.write(actor) as conn, pytest.raises(Conflict, match="published version 3"):
        workflow_versions.undo_detach(conn, actor, workflow_id=workflow, detached_version=2)
    with database.write(actor) as conn, pytest.raises(Conflict, match="did not detach it"):
        workflow_versions.undo_detach(conn, actor, workflow_id=workflow, detached_version=3)


def test_rolling_back_publishes_the_old_version_as_the_next(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    edit(actor, workflow, steps=[log_step("other")])
    publish(actor, workflow)
    with database.write(actor) as conn:
        version = workflow_versions.roll_back(conn, actor, workflow_id=workflow, to_version=1, expected_version=2)
    assert version == 3 and versions(db, workflow) == [1, 2, 3]
    assert get(actor, workflow).draft["steps"][0]["id"] == "note"
    with database.write(actor) as conn, pytest.raises(Conflict):
        workflow_versions.roll_back(conn, actor, workflow_id=workflow, to_version=1, expected_version=2)


def test_a_draft_saved_by_someone_else_is_not_overwritten(new_actor: ActorFactory) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow = attach(one)
    seen = get(one, workflow)
    edit(two, workflow, description="Two was here")
    with database.write(one) as conn, pytest.raises(Conflict, match=f"{two.email} changed this draft meanwhile"):
        workflow_changes.save_draft(
            conn,
            one,
            workflow_id=workflow,
            definition={**seen.draft, "description": "One"},
            expected_draft_version=seen.draft_version,
        )
    assert get(one, workflow).draft["description"] == "Two was here"


def test_publishing_needs_the_draft_that_was_looked_at_and_something_new(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    with pytest.raises(Conflict, match="Version 1 already says"):
        publish(actor, workflow)
    before = get(actor, workflow).draft_version
    edit(actor, workflow, description="Newer")
    with database.write(actor) as conn, pytest.raises(Conflict, match="changed the draft meanwhile"):
        workflow_versions.publish(conn, actor, workflow_id=workflow, expected_draft_version=before, expected_version=1)


def test_an_existing_workflow_gets_the_event_as_its_drafts_trigger(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    with database.write(actor) as conn:
        workflow_changes.attach_existing(
            conn, actor, workflow_id=workflow, event_type="EMAIL_BOUNCED", expected_draft_version=2
        )
    now = get(actor, workflow)
    assert now.event_type == EVENT, "what is published stays until the draft is"
    assert now.draft["trigger"]["eventName"] == "EMAIL_BOUNCED" and now.draft["trigger"]["payloadMapping"] == {}
    with pytest.raises(InvalidInput, match="is required by the workflow's schema and is not mapped"):
        publish(actor, workflow)


def attach_existing(actor: Actor, workflow: UUID, event_type: str, seen: int | None = None) -> int:
    seen = get(actor, workflow).draft_version if seen is None else seen
    with database.write(actor) as conn:
        return workflow_changes.attach_existing(
            conn, actor, workflow_id=workflow, event_type=event_type, expected_draft_version=seen
        )


def test_attaching_to_the_same_event_keeps_the_mapping(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    mapped = {**get(actor, workflow).draft["trigger"], "payloadMapping": {"ticketId": "T-1"}}
    edit(actor, workflow, trigger=mapped)
    attach_existing(actor, workflow, EVENT)
    assert get(actor, workflow).draft["trigger"] == mapped, "the draft's own"
    as_published = get(actor, workflow).trigger
    attach_existing(actor, workflow, "EMAIL_BOUNCED")
    attach_existing(actor, workflow, EVENT)
    assert get(actor, workflow).draft["trigger"] == as_published, "once the draft's is gone, the published one's"


def test_attaching_refuses_a_draft_that_changed_since_it_was_looked_at(new_actor: ActorFactory) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow = published(one, "Desk")
    seen = get(one, workflow).draft_version
    edit(two, workflow, description="Theirs")
    with pytest.raises(Conflict, match=f"{two.email} changed the draft of Desk meanwhile; look at it again"):
        attach_existing(one, workflow, "EMAIL_BOUNCED", seen)
    assert get(one, workflow).draft["trigger"]["eventName"] == EVENT


def test_pausing_archiving_and_bringing_back(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=True)
    assert would_start(actor, example(db)).matches[0].reason == "paused"
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=False)
        workflow_changes.set_archived(conn, actor, workflow_id=workflow, archived=True)
    assert would_start(actor, example(db)).matches[0].reason == "no_workflow"
    with pytest.raises(Conflict, match="is archived"):
        edit(actor, workflow, description="No")
    with database.write(actor) as conn:
        workflow_changes.set_archived(conn, actor, workflow_id=workflow, archived=False)
    assert would_start(actor, example(db)).status == "matched"
    assert audited(db, workflow)[-4:] == [f"workflow.{v}" for v in ("paused", "resumed", "archived", "restored")]


#: Everything that changes a workflow, as (name, what it does).
ACTS: dict[str, Callable[[database.Connection, Actor, UUID], object]] = {
    "attach": lambda c, a, w: workflow_changes.create_for_event(c, a, event_type=EVENT),
    "attach existing": lambda c, a, w: workflow_changes.attach_existing(
        c, a, workflow_id=w, event_type=EVENT, expected_draft_version=2
    ),
    "save": lambda c, a, w: workflow_changes.save_draft(
        c, a, workflow_id=w, definition={"name": "X"}, expected_draft_version=1
    ),
    "delete draft": lambda c, a, w: workflow_changes.delete_draft(c, a, workflow_id=w, expected_draft_version=2),
    "pause": lambda c, a, w: workflow_changes.set_paused(c, a, workflow_id=w, paused=True),
    "resume": lambda c, a, w: workflow_changes.set_paused(c, a, workflow_id=w, paused=False),
    "archive": lambda c, a, w: workflow_changes.set_archived(c, a, workflow_id=w, archived=True),
    "restore": lambda c, a, w: workflow_changes.set_archived(c, a, workflow_id=w, archived=False),
    "publish": lambda c, a, w: workflow_versions.publish(
        c, a, workflow_id=w, expected_draft_version=1, expected_version=1
    ),
    "roll back": lambda c, a, w: workflow_versions.roll_back(c, a, workflow_id=w, to_version=1, expected_version=1),
    "detach": lambda c, a, w: workflow_versions.detach(
        c, a, workflow_id=w, event_type=EVENT, expected_version=1, expected_changes=False
    ),
    "undo": lambda c, a, w: workflow_versions.undo_detach(c, a, workflow_id=w, detached_version=1),
    "backfill": lambda c, a, w: backfill.start(
        c, a, workflow_id=w, since=datetime.now(UTC) - timedelta(days=1), now=datetime.now(UTC)
    ),
    "end backfill": lambda c, a, w: backfill.cancel(c, a, workflow_id=w),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_reader_may_do_none_of_it(act: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    reader = new_actor("read", tenant=actor.tenant)
    before = audited(db, workflow)
    with database.write(reader) as conn, pytest.raises(PermissionDenied, match=r"You have read permission; .* manage"):
        ACTS[act](conn, reader, workflow)
    assert audited(db, workflow) == before and versions(db, workflow) == [1]


@pytest.mark.parametrize("act", [act for act in ACTS if act != "attach"])
def test_a_system_workflow_needs_admin(act: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Guarded")
    make_system(db, workflow)
    refused = "Guarded is a system workflow: changing it needs admin permission, and you have manage."
    with database.write(actor) as conn, pytest.raises(PermissionDenied, match=refused):
        ACTS[act](conn, actor, workflow)
    assert versions(db, workflow) == [1]
    admin = new_actor("admin", tenant=actor.tenant)
    assert detach(admin, workflow, 1) == 2


@pytest.mark.parametrize("act", [act for act in ACTS if act != "attach"])
def test_another_tenants_workflow_does_not_exist(act: str, new_actor: ActorFactory) -> None:
    workflow = published(new_actor())
    stranger = new_actor("admin")
    with database.write(stranger) as conn, pytest.raises(NotFound):
        ACTS[act](conn, stranger, workflow)


def test_published_versions_cannot_be_changed_by_the_application(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor)
    for change in ("UPDATE workflow_definition_versions SET version = 9", "DELETE FROM workflow_definition_versions"):
        with pytest.raises(Exception, match="permission denied"), database.write(actor) as conn:
            conn.execute(text(f"{change} WHERE workflow_id = :w"), {"w": workflow})


def test_two_people_publish_and_detach_at_once_and_exactly_one_wins(db: Database, new_actor: ActorFactory) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow = published(one)
    expected, told = 1, []
    for round_number in range(100):
        if get(one, workflow).trigger is None:
            with database.write(one) as conn:
                expected = workflow_versions.undo_detach(conn, one, workflow_id=workflow, detached_version=expected)
        edit(one, workflow, description=f"Round {round_number}")
        draft_version = get(one, workflow).draft_version
        first = ("publish", "detach")[round_number] if round_number < 2 else None  # else it is left to chance
        start, outcomes = threading.Barrier(1 if first else 2), dict[str, object]()

        def act(
            name: str, do: Callable[[database.Connection], int], go: threading.Barrier, out: dict[str, object]
        ) -> None:
            go.wait()
            try:
                with database.write(one) as conn:
                    out[name] = do(conn)
            except CatalogError as error:
                out[name] = error

        def publishes(conn: database.Connection, seen: int = expected, draft: int = draft_version) -> int:
            return workflow_versions.publish(
                conn, one, workflow_id=workflow, expected_draft_version=draft, expected_version=seen
            )

        def detaches(conn: database.Connection, seen: int = expected) -> int:
            return workflow_versions.detach(
                conn, two, workflow_id=workflow, event_type=EVENT, expected_version=seen, expected_changes=True
            )

        acts = {"publish": publishes, "detach": detaches}
        threads = {n: threading.Thread(target=act, args=(n, f, start, outcomes)) for n, f in acts.items()}
        with db.owner.begin() as conn:
            if first:
                keys = {"t": one.tenant, "w": workflow}
                conn.execute(
                    text("SELECT FROM workflow_definitions WHERE tenant = :t AND workflow_id = :w FOR UPDATE"), keys
                )
                threads[first].start()
                await_waiting(db)
            for name in threads.keys() - {first}:
                threads[name].start()
        for thread in threads.values():
            thread.join()
        won = [name for name, outcome in outcomes.items() if outcome == expected + 1]
        lost = [outcome for outcome in outcomes.values() if isinstance(outcome, Conflict)]
        assert len(won) == 1 and len(lost) == 1, outcomes
        assert "meanwhile" in str(lost[0])
        told.append(won[0])
        expected += 1
        assert get(one, workflow).draft["description"] == f"Round {round_number}", "the edit is not lost"
    assert versions(db, workflow) == list(range(1, expected + 1))
    assert {"publish", "detach"} == set(told), "both won at least once"


def test_everything_at_once_leaves_gapless_versions_and_only_refusals(db: Database, new_actor: ActorFactory) -> None:
    """Six people publish, detach, undo, attach, pause and archive one workflow; each is done, or told why not."""
    owner = new_actor()
    workflow = published(owner)
    unexpected: list[BaseException] = []
    won: list[int] = []

    def publishes(conn: database.Connection, who: Actor, now: workflow_records.Workflow) -> int:
        definition = {**now.draft, "description": str(uuid4())}
        saved = workflow_changes.save_draft(
            conn, who, workflow_id=workflow, definition=definition, expected_draft_version=now.draft_version
        )
        return workflow_versions.publish(
            conn, who, workflow_id=workflow, expected_draft_version=saved, expected_version=now.published_version
        )

    def detaches(conn: database.Connection, who: Actor, now: workflow_records.Workflow) -> int:
        return workflow_versions.detach(
            conn,
            who,
            workflow_id=workflow,
            event_type=EVENT,
            expected_version=now.published_version or 0,
            expected_changes=now.draft_differs,
        )

    def undoes(conn: database.Connection, who: Actor, now: workflow_records.Workflow) -> int:
        version = now.published_version or 0
        return workflow_versions.undo_detach(conn, who, workflow_id=workflow, detached_version=version)

    def attaches(conn: database.Connection, who: Actor, now: workflow_records.Workflow) -> None:
        workflow_changes.attach_existing(
            conn, who, workflow_id=workflow, event_type=EVENT, expected_draft_version=now.draft_version
        )

    def pauses(conn: database.Connection, who: Actor, now: workflow_records.Workflow) -> None:
        workflow_changes.set_paused(conn, who, workflow_id=workflow, paused=not now.is_paused)

    def archives(conn: database.Connection, who: Actor, now: workflow_records.Workflow) -> None:
        workflow_changes.set_archived(conn, who, workflow_id=workflow, archived=now.status != "archived")

    def acts(act: Callable[[database.Connection, Actor, workflow_records.Workflow], int | None], who: Actor) -> None:
        for _ in range(20):
            seen = get(who, workflow)
            try:
                with database.write(who) as conn:
                    version = act(conn, who, seen)
            except CatalogError:
                continue
            except BaseException as error:
                unexpected.append(error)
            else:
                won.extend([version] if version else [])

    everything = (publishes, detaches, undoes, attaches, pauses, archives)
    threads = [threading.Thread(target=acts, args=(act, new_actor(tenant=owner.tenant))) for act in everything]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert unexpected == []
    assert sorted(won) == list(range(2, len(won) + 2)), "each version was made once, and each has its author told so"
    assert versions(db, workflow) == list(range(1, len(won) + 2))
    now = get(owner, workflow)
    with database.read(owner) as conn:
        latest = workflow_versions.definition(
            conn, tenant=owner.tenant, workflow_id=workflow, version=now.published_version or 0
        )
    assert now.trigger == latest["trigger"]


def test_the_list_filters_and_counts_runs(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    first, second = published(actor, "Alpha"), attach(actor, "Beta 100%_", "EMAIL_BOUNCED")
    make_system(db, second)
    with db.owner.begin() as conn:
        for status in ("SUCCEEDED", "SUCCEEDED", "FAILED", "RUNNING"):
            conn.execute(
                text(
                    "INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, status, event_type)"
                    " VALUES (:t, :w, 1, :s, :e)"
                ),
                {"t": actor.tenant, "w": first, "s": status, "e": EVENT},
            )
    published(new_actor(), "Alpha of another tenant")

    def names(**filters: Any) -> list[str]:
        with database.read(actor) as conn:
            page = workflow_records.list_workflows(conn, tenant=actor.tenant, filters=WorkflowFilters(**filters))
        assert page.total == len(page.workflows)
        return [w.name for w in page.workflows]

    assert names() == ["Alpha", "Beta 100%_"]
    assert names(search="100%_") == names(event_type="EMAIL_BOUNCED") == names(is_system=True) == ["Beta 100%_"]
    assert names(status="published") == names(search="ticket_created") == ["Alpha"]
    assert names(is_paused=True) == names(status="archived") == []
    with database.read(actor) as conn:
        alpha = workflow_records.list_workflows(conn, tenant=actor.tenant, filters=WorkflowFilters()).workflows[0]
    assert (alpha.runs, alpha.succeeded, alpha.failed, alpha.open) == (4, 2, 1, 1) and alpha.success_rate == 0.5


def test_the_preview_of_a_detach_counts_what_would_go_unmatched(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    alone, other = published(actor, "Alone"), None
    payload = example(db)
    for index in range(3):
        if index == 2:
            other = published(actor, "Other")
        with database.write(actor) as conn:
            ingestion.submit_event(conn, actor, event_type=EVENT, payload=payload)
    with database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type=EVENT, payload=payload, origin="simulated")
    with database.read(actor) as conn:
        preview = workflow_versions.preview_detach(
            conn, tenant=actor.tenant, workflow_id=alone, event_type=EVENT, now=datetime.now(UTC)
        )
    assert (preview.started, preview.alone) == (3, 2)
    assert [w.workflow_id for w in preview.others] == [other]
    assert preview.before["trigger"]["eventName"] == EVENT and preview.after["trigger"] is None
    assert preview.after["version"] == 2


def test_the_preview_counts_only_what_the_others_attached_now_would_still_match(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    mine, others = published(actor, "Mine"), {name: published(actor, name) for name in ("A", "B", "C")}
    with database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type=EVENT, payload=example(db))

    def alone() -> int:
        with database.read(actor) as conn:
            return workflow_versions.preview_detach(
                conn, tenant=actor.tenant, workflow_id=mine, event_type=EVENT, now=datetime.now(UTC)
            ).alone

    detach(actor, others["A"], 1)
    with database.write(actor) as conn:
        workflow_changes.set_archived(conn, actor, workflow_id=others["B"], archived=True)
    assert alone() == 0, "C is still there"
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=others["C"], paused=True)
    assert alone() == 1, "a paused one starts nothing"


def test_an_unknown_workflow_is_not_found(new_actor: ActorFactory) -> None:
    with pytest.raises(NotFound):
        get(new_actor(), uuid4())


def test_of_two_who_save_one_draft_at_once_the_second_waits_and_is_told(db: Database, new_actor: ActorFactory) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow = attach(one)
    seen, outcome = get(one, workflow), list[object]()

    def save(conn: database.Connection, actor: Actor) -> int:
        return workflow_changes.save_draft(
            conn,
            actor,
            workflow_id=workflow,
            definition={**seen.draft, "description": actor.email},
            expected_draft_version=seen.draft_version,
        )

    def second() -> None:
        try:
            with database.write(two) as conn:
                outcome.append(save(conn, two))
        except CatalogError as error:
            outcome.append(error)

    thread = threading.Thread(target=second)
    with database.write(one) as conn:
        save(conn, one)
        thread.start()
        await_waiting(db)
    thread.join()
    assert isinstance(outcome[0], Conflict), outcome
    assert get(one, workflow).draft["description"] == one.email


def test_a_copy_says_what_the_draft_says_and_leaves_the_original(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Desk")
    edit(actor, workflow, description="Not published yet")
    before = get(actor, workflow)
    with database.write(actor) as conn:
        copy = workflow_changes.duplicate(conn, actor, workflow_id=workflow)
    made = get(actor, copy)
    assert (made.name, made.status, made.published_version, made.trigger) == ("Copy of Desk", "draft", None, None)
    assert made.draft == {**before.draft, "id": str(copy), "name": "Copy of Desk"}
    assert get(actor, workflow) == before and audited(db, copy) == ["workflow.duplicated"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "nul\0", "\ud800"])
def test_a_copy_needs_a_name_that_can_be_kept(name: str, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Desk")
    with pytest.raises(InvalidInput), database.write(actor) as conn:
        workflow_changes.duplicate(conn, actor, workflow_id=workflow, name=name)
    long = published(actor, "x" * 120)
    with database.write(actor) as conn:
        copy = workflow_changes.duplicate(conn, actor, workflow_id=long)
    assert get(actor, copy).name == ("Copy of " + "x" * 120)[:120]


def test_a_deleted_draft_says_again_what_is_published(db: Database, new_actor: ActorFactory) -> None:
    actor, other = (one := new_actor()), new_actor(tenant=one.tenant)
    workflow = published(actor, "Desk")
    was = get(actor, workflow)
    seen = edit(actor, workflow, description="Other words", name="Other name")
    edit(other, workflow, description="Theirs")
    with pytest.raises(Conflict, match=f"{other.email} changed the draft of Desk meanwhile"):
        delete_draft(actor, workflow, seen)
    assert get(actor, workflow).draft["description"] == "Theirs"
    delete_draft(actor, workflow, seen + 1)
    now = get(actor, workflow)
    assert now.draft == was.draft and not now.draft_differs and not now.changed_since_validated
    assert now.published_version == 1 and now.trigger == was.trigger
    assert audited(db, workflow)[-1] == "workflow.draft_deleted"


def test_what_was_never_published_has_no_draft_to_delete(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Desk")
    with pytest.raises(Conflict, match=r"Desk was never published.*Archive it instead\."):
        delete_draft(actor, workflow, 1)


def delete_draft(actor: Actor, workflow: UUID, seen: int) -> None:
    with database.write(actor) as conn:
        workflow_changes.delete_draft(conn, actor, workflow_id=workflow, expected_draft_version=seen)

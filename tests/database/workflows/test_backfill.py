"""Replaying unmatched events to a workflow attached later: counted, bounded, once each, and cancellable."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from lib import database, telemetry
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import CatalogError, Conflict, PermissionDenied
from lib.events import ingestion
from lib.events.submission import Submission
from lib.operations.upkeep import Upkeep
from lib.settings import Settings
from lib.workflows import backfill, versions
from lib.workflows import changes as workflow_changes
from lib.workflows import records as workflow_records
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import EVENT, attach, audited, detach, edit, example, get, publish
from tests.support.waiting import wait_for
from tests.support.workflow_runs import log_step

pytestmark = pytest.mark.own_database


@pytest.fixture(autouse=True)
def whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine too."""
    monkeypatch.setattr(backfill, "BATCH_SECONDS", 60.0)


def submit(actor: Actor, payload: Any, *, origin: Any = "live", key: str | None = None) -> Submission:
    with database.write(actor) as conn:
        return ingestion.submit_event(
            conn, actor, event_type=EVENT, payload=payload, origin=origin, correlation_key=key
        )


def attached(actor: Actor) -> UUID:
    workflow = attach(actor, "Late")
    edit(actor, workflow, steps=[log_step("note")])
    publish(actor, workflow)
    return workflow


def begin(actor: Actor, workflow: UUID, days: int = 7) -> backfill.Backfill:
    now = datetime.now(UTC)
    with database.write(actor) as conn:
        return backfill.start(conn, actor, workflow_id=workflow, since=now - timedelta(days=days), now=now)


def count(actor: Actor, workflow: UUID) -> int:
    now = datetime.now(UTC)
    with database.read(actor) as conn:
        return backfill.count(
            conn,
            tenant=actor.tenant,
            workflow=workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow),
            since=now - timedelta(days=7),
            until=now,
        )


def finish(db: Database, actor: Actor, one: backfill.Backfill) -> backfill.Backfill:
    """Drive the backfill to its end; the pause between batches is turned back, not slept through."""
    for _ in range(100):
        with database.write(actor) as conn:
            after = backfill.advance(conn, actor, backfill_id=one.backfill_id)
        if after and after.status == "done":
            return after
        due(db)
    raise AssertionError("the backfill did not end")


def runs(db: Database, workflow: UUID) -> list[Any]:
    with db.owner.connect() as conn:
        query = text(
            "SELECT r.origin, r.input_json, r.correlation_key, e.parent_event_id, e.source FROM workflow_runs r"
            " JOIN workflow_runtime_events e ON e.event_id = r.trigger_event_id WHERE r.workflow_id = :w"
        )
        return list(conn.execute(query, {"w": workflow}))


def test_unmatched_live_events_are_replayed_once_with_their_raw_payload(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    payload = {**example(db), "title": "Call bob@example.com"}
    sent = [submit(actor, payload, key=f"key-{n}").event_id for n in range(45)]
    submit(actor, payload, origin="simulated")
    workflow = attached(actor)
    submit(actor, payload)  # matched: not to be replayed
    assert count(actor, workflow) == 45
    done = finish(db, actor, begin(actor, workflow))
    assert (done.total, done.started, done.skipped, done.failed) == (45, 45, 0, 0)
    replayed = [row for row in runs(db, workflow) if row.origin == "replay"]
    assert {row.parent_event_id for row in replayed} == set(sent) and len(replayed) == 45
    assert {json.dumps(row.input_json, sort_keys=True) for row in replayed} == {json.dumps(payload, sort_keys=True)}
    assert {row.correlation_key for row in replayed} == {f"key-{n}" for n in range(45)}
    assert count(actor, workflow) == 0
    with pytest.raises(Conflict, match="no unmatched event"):
        begin(actor, workflow)
    assert "workflow.backfill_started" in audited(db, workflow)


def test_what_a_payload_hides_has_no_say_in_what_counts_as_replayed(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attached(actor)
    pause(actor, workflow, paused=True)  # so that what comes now starts nothing
    secrets = ("backfill", "TicketCreated", str(workflow))
    sent = {submit(actor, {**example(db), "password": secret}).event_id for secret in secrets}
    pause(actor, workflow, paused=False)
    done = finish(db, actor, begin(actor, workflow))
    assert (done.started, done.reasons) == (3, {})
    assert {(row.parent_event_id, row.source) for row in runs(db, workflow)} == {(one, "backfill") for one in sent}
    assert count(actor, workflow) == 0, "or they would be replayed again and again"


def pause(actor: Actor, workflow: UUID, *, paused: bool) -> None:
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=paused)


def test_what_the_workflow_cannot_take_is_skipped_with_its_reason_and_can_be_taken_later(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    payload = example(db)
    submit(actor, payload)
    submit(actor, {**payload, "ticketId": 5})
    submit(actor, {**payload, "ticketId": 6})
    workflow = attached(actor)
    before = events(db)
    done = finish(db, actor, begin(actor, workflow))
    assert (done.started, done.skipped, done.failed) == (1, 2, 0)
    assert done.reasons == {"The payload does not fit the workflow's schema at /ticketId: Must be text.": 2}
    assert events(db) == before + 1, "a replay that starts nothing leaves no event"
    assert count(actor, workflow) == 2, "only what started a run counts as replayed"
    edit(actor, workflow, trigger={**get(actor, workflow).draft["trigger"], "payloadMapping": payload})
    publish(actor, workflow)
    done = finish(db, actor, begin(actor, workflow))
    assert (done.total, done.started, done.skipped, done.reasons) == (2, 2, 0, {})
    assert len(runs(db, workflow)) == 3 and count(actor, workflow) == 0


def events(db: Database) -> int:
    with db.owner.connect() as conn:
        return int(conn.execute(text("SELECT count(*) FROM workflow_runtime_events")).scalar_one())


def advance_at(actor: Actor, one: backfill.Backfill, now: datetime) -> backfill.Backfill | None:
    """Ask for the next batch at that moment."""
    with database.write(actor) as conn:
        conn.execute(text("SELECT set_config('app.now', :now, true)"), {"now": now.isoformat()})
        return backfill.advance(conn, actor, backfill_id=one.backfill_id)


def due(db: Database) -> None:
    """Turn back the pause between batches, rather than sleeping through it."""
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE workflow_backfills SET updated_at = updated_at - interval '2 seconds'"))


def test_only_what_was_stored_is_counted_as_ingested(db: Database, new_actor: ActorFactory) -> None:
    def counted(outcome: str) -> float:
        labels = {"outcome": outcome, "origin": "replay"}
        return telemetry.registry.get_sample_value("event_catalog_events_ingested_total", labels) or 0.0

    actor = new_actor()
    submit(actor, {"ticketId": 5})
    submit(actor, example(db))
    submit(actor, {"ticketId": 5})
    before = {outcome: counted(outcome) for outcome in ("matched", "unmatched")}
    finish(db, actor, begin(actor, attached(actor)))
    assert {outcome: counted(outcome) - n for outcome, n in before.items()} == {"matched": 1, "unmatched": 0}


def test_a_batch_ends_in_time_for_whoever_waits_for_it(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "BATCH_SECONDS", -1.0)
    actor = new_actor()
    for _ in range(3):
        submit(actor, example(db))
    one = begin(actor, attached(actor))
    with database.write(actor) as conn:
        after = backfill.advance(conn, actor, backfill_id=one.backfill_id)
    assert after and (after.replayed, after.status) == (1, "running")
    assert finish(db, actor, one).started == 3


def test_pausing_the_workflow_holds_its_backfill_and_resuming_goes_on(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    for _ in range(backfill.BATCH + 1):
        submit(actor, example(db))
    workflow = attached(actor)
    one = begin(actor, workflow)
    with database.write(actor) as conn:
        assert backfill.advance(conn, actor, backfill_id=one.backfill_id)
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=True)
    due(db)
    with database.write(actor) as conn:
        assert backfill.advance(conn, actor, backfill_id=one.backfill_id) is None
        held = backfill.latest(conn, tenant=actor.tenant, workflow_id=workflow)
        assert held and held.is_held and (held.status, held.replayed) == ("running", backfill.BATCH)
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=False)
    done = finish(db, actor, one)
    assert (done.started, done.skipped, done.is_held) == (backfill.BATCH + 1, 0, False)


END = {
    "the workflow was archived": lambda c, a, w: workflow_changes.set_archived(c, a, workflow_id=w, archived=True),
    "the workflow was detached from TICKET_CREATED": lambda c, a, w: versions.detach(
        c, a, workflow_id=w, event_type=EVENT, expected_version=1, expected_changes=False
    ),
    "it was canceled by hand": lambda c, a, w: backfill.cancel(c, a, workflow_id=w),
}


@pytest.mark.parametrize("reason", END)
def test_what_takes_the_workflow_away_ends_its_backfill_with_the_reason(
    reason: str, db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    submit(actor, example(db))
    workflow = attached(actor)
    one = begin(actor, workflow)
    with database.write(actor) as conn:
        END[reason](conn, actor, workflow)
        ended = backfill.latest(conn, tenant=actor.tenant, workflow_id=workflow)
        assert ended and (ended.status, ended.ended_because) == ("canceled", reason)
        assert backfill.advance(conn, actor, backfill_id=one.backfill_id) is None
    assert audited(db, workflow).count("workflow.backfill_canceled") == 1 and runs(db, workflow) == []


def test_moving_the_workflow_to_another_event_ends_its_backfill(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    submit(actor, example(db))
    workflow = attached(actor)
    begin(actor, workflow)
    trigger = {"type": "event", "eventName": "TICKET_CLOSED", "sourcePayloadSchemaRef": "payload.TicketClosed.v1"}
    edit(actor, workflow, trigger=trigger, payloadSchemaRef="payload.TicketClosed.v1")
    publish(actor, workflow)
    assert ended(actor, workflow).ended_because == "the workflow was moved to TICKET_CLOSED"


def test_no_event_starts_the_workflow_twice_whatever_happens_at_once(db: Database, new_actor: ActorFactory) -> None:
    """Batches, cancels, new backfills, pauses, detaches and undos from six connections; then one that ends."""
    actor = new_actor()
    sent = [submit(actor, example(db)).event_id for _ in range(60)]
    workflow = attached(actor)
    unexpected: list[BaseException] = []

    def advance(conn: database.Connection) -> None:
        now = backfill.latest(conn, tenant=actor.tenant, workflow_id=workflow)
        if now:
            backfill.advance(conn, actor, backfill_id=now.backfill_id)

    def begin_again(conn: database.Connection) -> None:
        now = datetime.now(UTC)
        backfill.start(conn, actor, workflow_id=workflow, since=now - timedelta(days=7), now=now)

    def pause(conn: database.Connection) -> None:
        paused = workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow).is_paused
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=not paused)

    def detach_or_undo(conn: database.Connection) -> None:
        now = workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow)
        version = now.published_version or 0
        if now.trigger is None:
            versions.undo_detach(conn, actor, workflow_id=workflow, detached_version=version)
        else:
            versions.detach(
                conn, actor, workflow_id=workflow, event_type=EVENT, expected_version=version, expected_changes=False
            )

    def act(seed: int) -> None:
        chance = random.Random(seed)
        acts = [advance] * 8 + [begin_again] * 6 + [pause, detach_or_undo, detach_or_undo]
        acts.append(lambda conn: backfill.cancel(conn, actor, workflow_id=workflow))
        for _ in range(25):
            try:
                with database.write(actor) as conn:
                    chance.choice(acts)(conn)
            except CatalogError:
                pass  # the others were first, and this one was told
            except BaseException as error:
                unexpected.append(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backfill, "BATCH", 3)
        patch.setattr(backfill, "PAUSE_SECONDS", 0.0)
        threads = [threading.Thread(target=act, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert unexpected == []
    now = get(actor, workflow)
    with database.write(actor) as conn:
        if now.is_paused:
            workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=False)
        if now.trigger is None:
            version = now.published_version or 0
            versions.undo_detach(conn, actor, workflow_id=workflow, detached_version=version)
        latest = backfill.latest(conn, tenant=actor.tenant, workflow_id=workflow)
    taken = [row.parent_event_id for row in runs(db, workflow)]
    assert len(set(taken)) == len(taken)
    if latest and latest.status == "running":
        finish(db, actor, latest)
    if count(actor, workflow):
        finish(db, actor, begin(actor, workflow))
    assert sorted(row.parent_event_id for row in runs(db, workflow)) == sorted(sent)


def test_batches_keep_their_pace_and_cancel_stops_them(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    for _ in range(backfill.BATCH + 5):
        submit(actor, example(db))
    workflow = attached(actor)
    one = begin(actor, workflow)
    with pytest.raises(Conflict, match="are being replayed"):
        begin(actor, workflow)
    with database.write(actor) as conn:
        conn.exec_driver_sql("SELECT now()")  # the transaction has begun
        with db.owner.connect() as other:
            later = other.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        first = backfill.advance(conn, actor, backfill_id=one.backfill_id)
    assert first is not None and first.replayed == backfill.BATCH
    with db.owner.connect() as conn:
        ended = conn.exec_driver_sql("SELECT updated_at FROM workflow_backfills").scalar_one()
    assert ended > later, "the pause begins at the end of the batch"
    pause = timedelta(seconds=backfill.PAUSE_SECONDS)
    assert advance_at(actor, one, ended + pause - timedelta(microseconds=1)) is None, "the next batch is not due yet"
    with database.write(actor) as conn:
        backfill.cancel(conn, actor, workflow_id=workflow)
    assert advance_at(actor, one, ended + pause) is None
    assert len(runs(db, workflow)) == backfill.BATCH
    again = finish(db, actor, begin(actor, workflow))
    assert again.total == again.started == 5, "a new one goes on with the rest"


@pytest.fixture
def chores() -> Iterator[None]:
    running = Upkeep(Settings(database_url="postgresql://unused"), seconds=0.05)
    running.start()
    yield
    running.stop()


def ended(actor: Actor, workflow: UUID) -> backfill.Backfill:
    found: list[backfill.Backfill] = []

    def has_ended() -> bool:
        with database.read(actor) as conn:
            latest = backfill.latest(conn, tenant=actor.tenant, workflow_id=workflow)
        found.extend([latest] if latest and latest.status != "running" else [])
        return bool(found)

    wait_for(has_ended)
    return found[0]


def test_a_backfill_goes_on_without_anybody_watching(new_actor: ActorFactory, db: Database, chores: None) -> None:
    one, other = new_actor(), new_actor()
    submit(other, example(db))
    for _ in range(backfill.BATCH + 1):
        submit(one, example(db))
    late = {actor: attached(actor) for actor in (one, other)}
    for actor, workflow in late.items():
        begin(actor, workflow)
    for actor, number in ((one, backfill.BATCH + 1), (other, 1)):
        done = ended(actor, late[actor])
        assert (done.status, done.started) == ("done", number)
        assert [run.origin for run in runs(db, late[actor])] == ["replay"] * number


def test_a_backfill_that_cannot_go_on_stops_no_other(
    new_actor: ActorFactory, db: Database, chores: None, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = new_actor(), new_actor()
    for actor in (broken, fine):
        submit(actor, example(db))
    late = {actor: attached(actor) for actor in (broken, fine)}
    with db.owner.begin() as conn:  # more were replayed than fit into its count
        statement = text(
            "INSERT INTO workflow_backfills (tenant, workflow_id, event_type, since, until, total, started, created_by)"
            " VALUES (:t, :w, :e, now() - interval '1 day', now(), 9, 2147483647, :u)"
        )
        row = {"t": broken.tenant, "w": late[broken], "e": EVENT, "u": broken.user_id}
        conn.execute(statement, row)
    begin(fine, late[fine])
    assert ended(fine, late[fine]).started == 1
    assert "could not go on" in caplog.text


def test_a_backfill_ends_when_who_began_it_may_not_go_on(
    new_actor: ActorFactory, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    actor = new_actor()
    submit(actor, example(db))
    workflow = attached(actor)
    begin(actor, workflow)
    with database.operate() as conn:
        assert [asked for _, asked in backfill.under_way(conn)] == [replace(actor, origin="engine")]
        conn.execute(text("UPDATE memberships SET permission = 'read' WHERE user_id = :u"), {"u": actor.user_id})
        assert backfill.under_way(conn) == []
    after = ended(actor, workflow)
    assert (after.status, after.ended_because) == ("canceled", "who began it may not replay events any more")
    assert runs(db, workflow) == []
    assert "may not replay events any more" in caplog.text


def test_only_one_process_replays_a_batch(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    submit(actor, example(db))
    one = begin(actor, attached(actor))
    with database.write(actor) as first:
        assert backfill.advance(first, actor, backfill_id=one.backfill_id) is not None
        with database.write(actor) as second:
            assert backfill.advance(second, actor, backfill_id=one.backfill_id) is None


def test_who_may_and_when(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    submit(actor, example(db))
    workflow = attached(actor)
    reader = new_actor("read", tenant=actor.tenant)
    with pytest.raises(PermissionDenied):
        begin(reader, workflow)
    one = begin(actor, workflow)
    for act in (
        lambda c: backfill.advance(c, reader, backfill_id=one.backfill_id),
        lambda c: backfill.cancel(c, reader, workflow_id=workflow),
    ):
        with database.write(reader) as conn, pytest.raises(PermissionDenied):
            act(conn)
    finish(db, actor, one)
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=True)
    with pytest.raises(Conflict, match="is paused"):
        begin(actor, workflow)
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=False)
    detach(actor, workflow, get(actor, workflow).published_version or 0)
    with pytest.raises(Conflict, match="not attached"):
        begin(actor, workflow)


def test_raw_payloads_are_given_only_for_a_running_backfill_of_ones_own(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    submit(actor, example(db))
    one = begin(actor, attached(actor))
    asked = text("SELECT count(*) FROM app_backfill_events(CAST(:t AS uuid), CAST(:b AS uuid), 10)")
    keys = {"t": actor.tenant, "b": one.backfill_id}

    def seen(who: Actor) -> int:
        with database.read(who) as conn:
            return int(conn.execute(asked, keys).scalar_one())

    assert seen(actor) == 1
    assert seen(new_actor("admin")) == 0, "another tenant"
    finish(db, actor, one)
    assert seen(actor) == 0
    with pytest.raises(Exception, match="permission denied"), database.read(actor) as conn:
        conn.execute(text("SELECT payload FROM workflow_runtime_events"))

"""The whole life of one thing: every event, run and wait with its key, once, in order, and no other tenant's."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.database.paging import Cursor
from lib.errors import InvalidInput
from lib.events import timeline
from lib.events.timeline import TimelineEntry, TimelinePage
from tests.conftest import ActorFactory
from tests.database.events.test_activity import START, add
from tests.support import workflow_runs


def page(actor: Actor, key: str, **options: Any) -> TimelinePage:
    with database.read(actor) as conn:
        return timeline.page(conn, tenant=actor.tenant, key=key, **options)


def total(actor: Actor, key: str) -> str:
    with database.read(actor) as conn:
        return str(timeline.how_many(conn, tenant=actor.tenant, key=key))


def add_run(workflow: UUID, event: UUID, key: str, minutes: float, status: str = "SUCCEEDED") -> UUID:
    """A run of the event, that many minutes after the start, which took one."""
    run = uuid4()
    with database.operate() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, status, event_type,"
                " trigger_event_id, triggered_at, completed_at, correlation_key) SELECT tenant, :r, workflow_id, 1, :s,"
                " 'TICKET_CREATED', :e, CAST(:at AS timestamptz), CASE WHEN :s = 'SUCCEEDED' THEN"
                " CAST(:at AS timestamptz) + interval '1 minute' END, :k FROM workflow_definitions"
                " WHERE workflow_id = :w"
            ),
            {"r": run, "w": workflow, "s": status, "e": event, "at": START + timedelta(minutes=minutes), "k": key},
        )
    return run


def add_wait(run: UUID, key: str, minutes: float, ended_by: UUID | None = None) -> UUID:
    wait = uuid4()
    with database.operate() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_run_waits (tenant, wait_id, run_id, step_path, wait_type, event_name, key,"
                " status, created_at, resolved_at, resolved_by_event_id)"
                " SELECT tenant, :w, run_id, 'wait', 'event', 'REPLY', :k, CASE WHEN CAST(:e AS uuid) IS NULL THEN"
                " 'WAITING' ELSE 'RESUMED' END, CAST(:at AS timestamptz), CASE"
                " WHEN CAST(:e AS uuid) IS NOT NULL THEN CAST(:at AS timestamptz) + interval '5 minutes' END,"
                " CAST(:e AS uuid) FROM workflow_runs WHERE run_id = :r"
            ),
            {"w": wait, "r": run, "k": key, "at": START + timedelta(minutes=minutes), "e": ended_by},
        )
    return wait


def test_a_life_is_told_in_order_with_its_ends(db: Database, new_actor: ActorFactory) -> None:
    actor, stranger = new_actor(), new_actor()
    workflow = workflow_runs.publish(actor.tenant, [workflow_runs.log_step("one")], name="Triage")
    first = add(db, actor.tenant, correlation_key="T-1", created_at=START)
    run = add_run(workflow, first, "T-1", 0, "WAITING")
    reply = add(db, actor.tenant, correlation_key="T-1", event_name="REPLY", created_at=START + timedelta(minutes=7))
    ended = add_wait(run, "T-1", 2, reply)
    still = add_wait(run, "T-1", 8)
    for other in (actor, stranger):
        add(db, other.tenant, correlation_key="T-2" if other is actor else "T-1")
    found = page(actor, "T-1")
    assert [(e.kind, e.id) for e in found.entries] == [
        ("event", first),
        ("run", run),
        ("wait", ended),
        ("event", reply),
        ("wait", still),
    ]
    assert (found.newer, found.older) == (None, None) and total(actor, "T-1") == "5"
    by_id = {entry.id: entry for entry in found.entries}
    assert (by_id[run].name, by_id[run].status, by_id[run].event_id) == ("Triage", "WAITING", first)
    assert (by_id[ended].status, by_id[ended].event_id, by_id[ended].run_id) == ("RESUMED", reply, run)
    assert by_id[ended].seconds == 300 and by_id[still].ended_at is None and by_id[still].step_path == "wait"
    assert by_id[first].status == "unmatched"
    assert len(page(stranger, "T-1").entries) == 1 and page(stranger, "T-2").entries == ()


def test_pages_hold_each_entry_once_there_and_back(db: Database, new_actor: ActorFactory) -> None:
    actor, chance = new_actor(), random.Random(4)
    workflow = workflow_runs.publish(actor.tenant, [workflow_runs.log_step("one")])
    made = []
    for _ in range(20):
        minutes = chance.randrange(8)  # several at one moment
        event = add(db, actor.tenant, correlation_key="k", created_at=START + timedelta(minutes=minutes))
        run = add_run(workflow, event, "k", minutes)
        made += [event, run, add_wait(run, "k", minutes)]
    pages = [page(actor, "k", limit=7)]
    while older := pages[-1].older:
        assert Cursor.parse(str(older)) == older
        pages.append(page(actor, "k", older_than=older, limit=7))
    seen: list[TimelineEntry] = [entry for one in reversed(pages) for entry in one.entries]
    assert sorted(entry.id for entry in seen) == sorted(made)
    assert [entry.at for entry in seen] == sorted(entry.at for entry in seen)
    back = pages[-1]
    for there in reversed(pages[:-1]):
        assert back.newer
        back = page(actor, "k", newer_than=back.newer, limit=7)
        if back.newer:
            assert {entry.id for entry in back.entries} == {entry.id for entry in there.entries}


@pytest.mark.parametrize("key", ["", "%", "' OR 1=1 --", "<script>alert(1)</script>", "😀", "x" * 10_000, "a\nb"])
def test_any_key_is_looked_up_as_it_is(key: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(db, actor.tenant, correlation_key="k")
    assert page(actor, key).entries == () and total(actor, key) == "0"
    event = add(db, actor.tenant, correlation_key=key[:500])
    assert [entry.id for entry in page(actor, key[:500]).entries] == [event]


def test_a_key_that_cannot_be_stored_is_refused_by_name(new_actor: ActorFactory) -> None:
    actor = new_actor()
    for ask in (page, total):
        with pytest.raises(InvalidInput, match="Correlation key"):
            ask(actor, "a\0b")


def test_a_timeline_reads_no_more_than_a_page_of_each(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = workflow_runs.publish(actor.tenant, [workflow_runs.log_step("one")])
    with db.owner.begin() as conn:
        keys = {"t": actor.tenant, "w": workflow, "at": START}
        for statement in (
            "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload, correlation_key,"
            " created_at) SELECT :t, 'E', '{}', '{}', CASE WHEN n % 2 = 0 THEN 'many' ELSE 'k' || n END,"
            " CAST(:at AS timestamptz) + n * interval '1 second' FROM generate_series(1, 10000) n",
            "INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, triggered_at, correlation_key)"
            " SELECT :t, :w, 1, created_at, correlation_key FROM workflow_runtime_events WHERE tenant = :t",
            "INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type, key, created_at)"
            " SELECT tenant, run_id, 'wait', 'event', correlation_key, triggered_at FROM workflow_runs"
            " WHERE tenant = :t",
        ):
            conn.execute(text(statement), keys)
    with db.owner.connect() as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    counted = text(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE relname ~ '^workflow_'"
    )
    middle = Cursor(START + timedelta(seconds=5000), UUID(int=0))
    for options in ({}, {"older_than": middle}, {"newer_than": middle}):
        with database.read(actor) as conn:
            before = conn.execute(counted).scalar_one()
            timeline.page(conn, tenant=actor.tenant, key="many", **options)  # type: ignore[arg-type]
            assert 0 < conn.execute(counted).scalar_one() - before < 500, options
    with database.read(actor) as conn:
        before = conn.execute(counted).scalar_one()
        assert str(timeline.how_many(conn, tenant=actor.tenant, key="many")) == "1,000+"
        assert conn.execute(counted).scalar_one() - before < 5000

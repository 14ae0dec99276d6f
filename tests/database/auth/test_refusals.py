"""What is refused is in the audit trail too: who tried what, on what, and from where. Nobody can flood it."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, text

from lib import database
from lib.auth import audit, downloads, members, saved_views, sessions, tokens
from lib.auth.actors import Actor
from lib.auth.acts import ACTS, ActRefused, sentence
from lib.database import Database
from lib.errors import PermissionDenied
from lib.events import activity, saved_cases, simulation
from lib.events.simulation import EventDraft
from lib.runs import records as run_records
from lib.workflows import backfill, changes, own_events
from tests.conftest import ActorFactory
from tests.database.auth.test_acts import RECORDED
from tests.database.workflows.test_records import EVENT, published
from tests.support.api_client import ApiClient

ROOT = Path(__file__).resolve().parents[3]
#: Acts that ask for no permission themselves: one needs a ticket, the others a workflow or a sign-in.
OPEN = {downloads.begin, changes.end_backfill, sessions.enter}


def refused(db: Database, actor: Actor) -> list[Row[Any]]:
    """What the trail says that this person, or token, was refused."""
    statement = text("SELECT * FROM audit_logs WHERE user_id = :u ORDER BY audit_id")
    with db.owner.connect() as conn:
        found = list(conn.execute(statement, {"u": actor.user_id}))
    assert {row.action for row in found} <= {ActRefused.action}
    return found


#: Acts that make something: what they are refused on is there before them, or nothing is.
MAKING: dict[Any, tuple[str | None, str | None]] = {
    changes.create_for_event: ("event_type", EVENT),
    simulation.send: ("event_type", EVENT),
    saved_cases.save: ("event_type", EVENT),
    tokens.create_token: (None, None),
    members.add: (None, None),
    saved_views.save: (None, None),
}


@pytest.mark.parametrize(
    ("function", "action"),
    [one for one in RECORDED if one[0] not in OPEN],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_each_act_that_is_refused_is_kept_and_changes_nothing(
    function: Any, action: str, db: Database, new_actor: ActorFactory
) -> None:
    admin = new_actor("admin")
    reader = replace(new_actor("read", tenant=admin.tenant), origin="command", address="192.0.2.7")
    call = RECORDED[function, action](admin)
    with pytest.raises(PermissionDenied), database.write(reader) as conn:
        call(conn, reader)
    [row] = refused(db, reader)
    assert row.detail["permission"] in ("manage", "admin")
    assert (row.email, row.origin, row.address) == (reader.email, "command", "192.0.2.7")
    assert sentence(row.action, who="Ada", target_id=row.target_id, detail=row.detail).startswith("Ada was refused ")
    # What was refused is what is recorded when it is allowed: the same act on the same object.
    with database.write(admin) as conn:
        call(conn, admin)
    with db.owner.connect() as conn:
        query = text("SELECT * FROM audit_logs WHERE user_id = :u ORDER BY audit_id DESC LIMIT 1")
        done = conn.execute(query, {"u": admin.user_id}).one()
    tried, kind, target = done.action, done.target_type, done.target_id
    if function in MAKING:
        kind, target = MAKING[function]
    elif function is tokens.revoke_of_person:  # refused before one knows of which tokens
        kind, target = "member", str(reader.user_id)
    elif function is changes.duplicate:  # what is there before is the workflow that would be copied
        target = done.detail["original"]
    elif function is own_events.delete:  # refused before one knows whether it is deprecated instead
        tried = "event_type.deleted"
    assert (row.detail["tried"], row.detail["objectKind"], row.target_id) == (tried, kind, target or tried)


def test_a_kind_that_a_refusal_names_is_one_of_the_kinds_of_objects() -> None:
    kinds, named = {act.target_type for act in ACTS.values()}, 0
    for path in (ROOT / "lib").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(("actor.require", "actor.denied")):
                for given in call.keywords:
                    if given.arg == "kind":
                        named += 1
                        assert ast.literal_eval(given.value) in kinds, (path, call.lineno)
    assert named >= 5


def test_what_it_was_tried_on_is_its_object(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    reader = new_actor("read", tenant=admin.tenant)
    workflow = published(admin)
    tries: list[tuple[Callable[[Any], Any], str, str | None]] = [
        (lambda conn: changes.set_paused(conn, reader, workflow_id=workflow, paused=True), str(workflow), "workflow"),
        (lambda conn: run_records.cancel(conn, reader, run_id=UUID(int=5)), str(UUID(int=5)), "run"),
        (
            lambda conn: activity.reveal_payload(conn, reader, event_id=UUID(int=6), reason="why"),
            str(UUID(int=6)),
            "event",
        ),
        (lambda conn: simulation.send(conn, reader, draft=EventDraft(EVENT, {})), EVENT, "event_type"),
        (lambda conn: tokens.tokens(conn, reader), "the list of API tokens", None),
    ]
    for call, *_ in tries:
        with pytest.raises(PermissionDenied), database.read(reader) as conn:
            call(conn)
    found = [(row.target_id, row.detail["objectKind"]) for row in refused(db, reader)]
    assert found == [(target, kind) for _, target, kind in tries]


def test_a_system_workflow_is_refused_to_a_manager(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    manager = new_actor("manage", tenant=admin.tenant)
    workflow = published(admin)
    with database.operate() as conn:
        conn.execute(text("UPDATE workflow_definitions SET is_system = true WHERE workflow_id = :w"), {"w": workflow})
    with pytest.raises(PermissionDenied, match="system workflow"), database.write(manager) as conn:
        changes.set_paused(conn, manager, workflow_id=workflow, paused=True)
    [row] = refused(db, manager)
    assert (row.detail["permission"], row.target_id) == ("admin", str(workflow))


def test_not_more_than_so_many_a_minute_of_one_person(db: Database, new_actor: ActorFactory) -> None:
    one = new_actor("read")
    other = new_actor("read", tenant=one.tenant)

    def hammer() -> None:
        for _ in range(6):
            with pytest.raises(PermissionDenied), database.write(one) as conn:
                changes.set_paused(conn, one, workflow_id=UUID(int=1), paused=True)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused(db, one)) == audit.MOST_REFUSED
    with pytest.raises(PermissionDenied), database.write(other) as conn:
        changes.set_paused(conn, other, workflow_id=UUID(int=1), paused=True)
    assert len(refused(db, other)) == 1
    with db.owner.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.execute(text("UPDATE audit_logs SET at = at - interval '1 minute' WHERE user_id = :u"), {"u": one.user_id})
    hammer()
    assert len(refused(db, one)) == audit.MOST_REFUSED + 6, "a minute later there is room again"


def test_a_refusal_needs_one_connection_at_a_time(db: Database, new_actor: ActorFactory) -> None:
    reader = new_actor("read")
    url = db.app.url.render_as_string(hide_password=False)
    small = database.app_engine(url)
    small.pool._max_overflow, small.pool._pool.maxsize = 0, 1  # type: ignore[attr-defined]
    database.use(replace(db, app=small))
    with pytest.raises(PermissionDenied), database.write(reader) as conn:
        changes.set_paused(conn, reader, workflow_id=UUID(int=1), paused=True)
    small.dispose()
    assert len(refused(db, reader)) == 1


def test_a_token_that_may_not_is_kept_with_its_address(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    with database.write(admin) as conn:
        token = tokens.create_token(conn, admin, name="reader", permission="read")
    client = ApiClient(token)
    for _ in range(2):
        assert client.http.post("/api/v2/events", headers={"Authorization": f"Bearer {token}"}).status_code == 403
    holder = tokens.actor_for_token(token)
    assert holder
    first, _ = refused(db, holder)
    assert (first.origin, first.address, first.email) == ("api", "testclient", "API token reader")
    assert first.target_id == first.detail["tried"] == "POST /api/v2/events"


def test_a_refusal_that_cannot_be_kept_is_still_a_refusal(
    db: Database, new_actor: ActorFactory, caplog: pytest.LogCaptureFixture
) -> None:
    reader = new_actor("read")
    nowhere = database.owner_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(PermissionDenied), database.write(reader) as conn:
        database.use(replace(db, app=nowhere))
        changes.set_paused(conn, reader, workflow_id=UUID(int=1), paused=True)
    assert "is not in the audit trail" in caplog.text


def test_a_replay_that_the_engine_ends_is_its_act(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    call = RECORDED[backfill.start, "workflow.backfill_started"](admin)
    with database.write(admin) as conn:
        call(conn, admin)
    with database.operate() as conn:
        conn.execute(text("UPDATE memberships SET permission = 'read' WHERE user_id = :u"), {"u": admin.user_id})
        assert admin.user_id not in [actor.user_id for _, actor in backfill.under_way(conn)]
    with db.owner.connect() as conn:
        statement = text(
            "SELECT action, email, origin FROM audit_logs WHERE tenant = :t ORDER BY audit_id DESC LIMIT 1"
        )
        last = conn.execute(statement, {"t": admin.tenant}).one()
    assert tuple(last) == ("workflow.backfill_canceled", "engine", "engine")


def test_only_an_actor_refuses() -> None:
    """So that no refusal is forgotten: the error that an actor makes keeps itself."""
    for path in (ROOT / "lib").rglob("*.py"):
        made = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("PermissionDenied")
        ]
        allowed = path.name in ("actors.py", "problems.py")  # the latter matches on it
        assert not made or allowed, (path, made)


def test_nobody_waits_for_ever_for_the_end_of_the_chain(
    db: Database, new_actor: ActorFactory, caplog: pytest.LogCaptureFixture
) -> None:
    reader = new_actor("read")
    with db.owner.begin() as conn:
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:t, 28))"), {"t": str(reader.tenant)})
        with pytest.raises(PermissionDenied), database.write(reader) as other:
            changes.set_paused(other, reader, workflow_id=UUID(int=1), paused=True)
    assert refused(db, reader) == []
    assert "is not in the audit trail" in caplog.text and "lock timeout" in caplog.text

"""What was done, for the marks on charts: everybody learns what and when, and nobody more than the trail shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth import acts, audit, changes
from lib.auth.actors import Actor
from lib.auth.changes import Change, Subjects
from lib.database import Database
from lib.workflows import records
from tests.conftest import ActorFactory
from tests.database.metrics.test_rows_read import rows_read
from tests.support import workflow_runs

NOW = datetime.now(UTC)
DAY = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(seconds=1)}
WORKFLOW = uuid4()
TOKEN = {"name": "ci", "permission": "manage"}


def did(actor: Actor, act: acts.Act, *, minutes_ago: float = 1) -> None:
    with database.write(actor) as conn:
        conn.execute(text("SELECT set_config('app.now', :at, true)"), {"at": str(NOW - timedelta(minutes=minutes_ago))})
        audit.record(conn, actor, act)


def paused(workflow: object = WORKFLOW, name: str = "Escalate") -> acts.Act:
    return acts.WorkflowPaused(target_id=str(workflow), name=name)


def found(actor: Actor, subjects: Subjects | None = None, **ends: datetime) -> list[Change]:
    with database.read(actor) as conn:
        return changes.changes(conn, actor, **{**DAY, **ends}, subjects=subjects)


@pytest.fixture
def ada(new_actor: ActorFactory) -> Actor:
    return new_actor("admin")


@pytest.mark.parametrize("permission", ["read", "manage"])
def test_who_did_it_and_its_line_are_for_those_who_may_read_it(
    permission: str, ada: Actor, new_actor: ActorFactory
) -> None:
    ben = new_actor(permission, tenant=ada.tenant)
    did(ada, paused(), minutes_ago=2)
    did(ben, acts.WorkflowResumed(target_id=str(WORKFLOW), name="Escalate"))
    assert [(one.words, one.who) for one in found(ada)] == [
        ("Workflow Escalate resumed", ben.email),
        ("Workflow Escalate paused", ada.email),
    ]
    assert all(one.audit_id for one in found(ada))
    mine, hers = found(ben)
    assert (mine.who, mine.words) == (ben.email, "Workflow Escalate resumed") and mine.audit_id
    assert hers == Change(hers.at, "Workflow Escalate paused", None, None)
    assert found(new_actor("admin")) == [], "another tenant's"


@pytest.mark.parametrize("permission", ["read", "manage"])
@pytest.mark.parametrize("subjects", [None, Subjects("TICKET_CREATED")])
def test_acts_on_tokens_and_members_are_for_admins(
    permission: str, subjects: Subjects | None, ada: Actor, new_actor: ActorFactory
) -> None:
    ben = new_actor(permission, tenant=ada.tenant)
    did(ada, acts.TokenRevoked(target_id=str(uuid4()), **TOKEN), minutes_ago=2)
    did(ada, acts.MemberRemoved(target_id=str(uuid4()), email="x@y.z", permission="read", ended_tokens=[]))
    assert [one.words for one in found(ada, subjects)] == ["Member x@y.z removed", "API token ci revoked"]
    assert found(ben, subjects) == []


def test_every_act_that_can_change_traffic_has_its_words(ada: Actor) -> None:
    """And no sentence is built of anything but the name of what was changed."""
    told = [act for act in acts.ACTS.values() if act.action in changes._WORDS]
    assert {act.target_type for act in told} == {
        "api_token",
        "catalog",
        "event_type",
        "member",
        "schema",
        "workflow",
    }
    drafts = {
        "workflow.created",
        "workflow.duplicated",
        "workflow.attach_drafted",
        "workflow.draft_saved",
        "workflow.draft_deleted",
        "workflow.backfill_canceled",
    }
    unsaid = {act.action for act in acts.ACTS.values() if act.target_type == "workflow"} - changes._WORDS.keys()
    assert unsaid == drafts, "what is only drafted changes nothing yet"


def test_an_event_has_the_changes_of_its_entry_its_schema_and_its_workflows(ada: Actor) -> None:
    for target in ("TICKET_CREATED", "*", "TICKET_CLOSED"):
        did(ada, acts.RedactedFieldsChanged(target_id=target, before=[], after=["/a"]), minutes_ago=4)
    for ref in ("a/v1", "b/v1"):
        did(ada, acts.SchemaRegistered(target_id=ref, inline_of=None), minutes_ago=3)
    for workflow, name in ((WORKFLOW, "{Escalate}"), (uuid4(), "Other")):
        did(ada, paused(workflow, name), minutes_ago=2)
    did(ada, acts.WorkflowPaused(target_id="TICKET_CREATED", name="of another kind"))
    of_event = found(ada, Subjects("TICKET_CREATED", ["a/v1"], [WORKFLOW]))
    assert {one.words for one in of_event} == {
        "Workflow {Escalate} paused",
        "Schema a/v1 registered",
        "Redacted fields of TICKET_CREATED changed",
        "Redacted fields of every event changed",
    }
    assert len(found(ada)) == 8


def test_a_range_is_half_open_and_has_the_latest(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for minutes in (5, 4, 3, 2):
        did(ada, paused(name=str(minutes)), minutes_ago=minutes)
    ends = {"since": NOW - timedelta(minutes=4), "until": NOW - timedelta(minutes=2)}
    names = [one.words.split()[1] for one in found(ada, **ends)]
    assert names == ["3", "4"]
    monkeypatch.setattr(changes, "MOST", 2)
    for subjects in (None, Subjects("X", workflow_ids=[WORKFLOW])):
        assert [one.words.split()[1] for one in found(ada, subjects)] == ["2", "3"]


def test_workflows_are_found_that_an_event_started_once(ada: Actor, new_actor: ActorFactory) -> None:
    def publish(actor: Actor, event: str) -> UUID:
        return workflow_runs.publish(actor.tenant, [], trigger={"type": "event", "eventName": event})

    wanted = {publish(ada, "TICKET_CREATED") for _ in range(3)}
    publish(ada, "TICKET_CLOSED")
    publish(new_actor(), "TICKET_CREATED")
    with database.operate() as conn:
        conn.execute(text("UPDATE workflow_definitions SET trigger = NULL WHERE tenant = :t"), {"t": ada.tenant})
    with database.read(ada) as conn:
        assert set(records.ever_attached(conn, tenant=ada.tenant, event_type="TICKET_CREATED")) == wanted


FILL = """
    INSERT INTO audit_logs (tenant, user_id, email, action, target_type, target_id, detail, origin, at)
    SELECT :t, :u, 'x', action, 'workflow', :w, '{"name": "Escalate"}', 'page', :now - n * interval '1 s'
    FROM generate_series(1, :each) n
    CROSS JOIN unnest('{workflow.draft_saved,workflow.paused,workflow.published,run.canceled}'::text[]) action
"""


@pytest.mark.own_database
def test_rows_read_do_not_grow_with_the_trail(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST", 20)
    few, many = new_actor("admin"), new_actor("admin")
    for actor, each in ((few, 100), (many, 2000)):
        row = {"t": actor.tenant, "u": actor.user_id, "w": str(WORKFLOW), "each": each, "now": NOW}
        with db.owner.begin() as conn:
            conn.execute(text(FILL), row)
    with database.operate_outside_transaction() as conn:
        conn.exec_driver_sql("VACUUM (ANALYZE)")

    def ask(actor: Actor, subjects: Subjects | None) -> int:
        def marks(conn: Any, _: UUID) -> None:
            changes.changes(conn, actor, **DAY, subjects=subjects)

        return sum(rows_read(db, actor, marks).values())

    for subjects in (None, Subjects("TICKET_CREATED", ["a/v1"], [WORKFLOW])):
        less, more = ask(few, subjects), ask(many, subjects)
        assert 40 <= less <= more <= less + 10, (less, more)

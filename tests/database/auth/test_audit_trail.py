"""The audit trail is read by whoever may: an admin all of the tenant's, everybody else their own acts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth import acts, audit, audit_export, audit_trail
from lib.auth.actors import Actor
from lib.auth.audit_trail import AuditEntry, AuditFilters
from lib.database import Database
from lib.database.paging import Cursor
from lib.errors import InvalidInput, NotFound
from tests.conftest import ActorFactory
from tests.support.api_client import ApiClient

NOW = datetime.now(UTC)


def did(actor: Actor, act: acts.Act, *, minutes_ago: int = 0, origin: Any = "page") -> None:
    with database.write(Actor(actor.tenant, actor.user_id, actor.email, "admin", origin=origin)) as conn:
        conn.execute(text("SELECT set_config('app.now', :at, true)"), {"at": str(NOW - timedelta(minutes=minutes_ago))})
        audit.record(conn, Actor(actor.tenant, actor.user_id, actor.email, "admin", origin=origin), act)


def paused(workflow: str = "w", name: str = "Escalate") -> acts.Act:
    return acts.WorkflowPaused(target_id=workflow, name=name)


def read(actor: Actor, limit: int = 50, **filters: Any) -> list[AuditEntry]:
    with database.read(actor) as conn:
        return list(audit_trail.page(conn, actor, filters=AuditFilters(**filters), limit=limit).rows)


def count(actor: Actor, **filters: Any) -> int:
    with database.read(actor) as conn:
        found = audit_trail.count(conn, actor, filters=AuditFilters(**filters))
    assert found.is_complete
    return found.number


@pytest.fixture
def ada(new_actor: ActorFactory) -> Actor:
    return new_actor("admin")


@pytest.mark.parametrize("permission", ["read", "manage"])
def test_an_admin_sees_all_and_everybody_else_their_own(permission: str, ada: Actor, new_actor: ActorFactory) -> None:
    ben = new_actor(permission, tenant=ada.tenant)
    stranger = new_actor("admin")
    for person in (ada, ben, stranger):
        did(person, paused())
    mine, [his], [theirs] = read(ada), read(ben), read(stranger)
    assert {one.email for one in mine} == {ada.email, ben.email}
    assert (his.email, theirs.email) == (ben.email, stranger.email)
    assert (count(ada), count(ben)) == (2, 1)
    assert read(ben, person=ada.user_id) == [] and count(ben, person=ada.user_id) == 0
    for who, seen in ((ada, {ada.email, ben.email}), (ben, {ben.email})):
        with database.read(who) as conn:
            assert {one.email for one in audit_trail.people(conn, who)} == seen
    [hers] = [one for one in mine if one.email == ada.email]
    for who, others in ((ben, hers), (ada, theirs), (stranger, hers)):
        with pytest.raises(NotFound, match=r"There is no such act\."), database.read(who) as conn:
            audit_trail.get(conn, who, audit_id=str(others.audit_id))
    with database.read(ada) as conn:
        assert audit_trail.get(conn, ada, audit_id=f" {hers.audit_id} ") == hers
        for nonsense in ("", "x", str(uuid4())):
            with pytest.raises(NotFound):
                audit_trail.get(conn, ada, audit_id=nonsense)


def test_each_filter_narrows(ada: Actor, new_actor: ActorFactory) -> None:
    ben = new_actor("manage", tenant=ada.tenant)
    did(ada, paused("w-1", "Über 100 %_"), minutes_ago=50)
    did(ben, paused("w-2"), minutes_ago=40, origin="api")
    did(ben, acts.RunCanceled(target_id="r-1", previous_status="QUEUED"), minutes_ago=30, origin="command")
    did(
        ben,
        acts.ActRefused(target_id="w-1", tried="workflow.published", permission="admin", object_kind="workflow"),
        minutes_ago=20,
    )
    assert [one.object_id for one in read(ada)] == ["w-1", "r-1", "w-2", "w-1"]
    narrowed: dict[str, tuple[dict[str, Any], int]] = {
        "person": ({"person": ben.user_id}, 3),
        "act": ({"action": "workflow.paused"}, 2),
        "kind": ({"object_kind": "run"}, 1),
        "object": ({"object_id": " w-1 "}, 2),
        "origin": ({"origin": "api"}, 1),
        "refused": ({"refused": True}, 1),
        "since": ({"since": NOW - timedelta(minutes=30)}, 2),
        "until": ({"until": NOW - timedelta(minutes=30)}, 2),
        "search name": ({"search": "üBER 100 %_"}, 1),
        "search object": ({"search": "R-1"}, 1),
        "search mail": ({"search": ben.email.upper()}, 3),
        "nothing": ({"search": "%"}, 1),
        "several": ({"person": ben.user_id, "origin": "api", "search": "escal"}, 1),
        "none": ({"person": ada.user_id, "origin": "api"}, 0),
    }
    for name, (filters, number) in narrowed.items():
        assert (len(read(ada, **filters)), count(ada, **filters)) == (number, number), name
    with pytest.raises(InvalidInput, match="search"):
        read(ada, search="\0")
    with pytest.raises(InvalidInput, match="object id"):
        count(ada, object_id="\ud800")


def test_what_was_refused_is_found_by_what_was_tried_and_on_what(ada: Actor) -> None:
    did(ada, paused("w-1"))
    tried = [
        ("w-1", "workflow.paused", "workflow"),
        ("w-2", "workflow.paused", "workflow"),
        ("r-1", "run.canceled", "run"),
        ("TICKET_CREATED", "workflow.created", "event_type"),
        ("", "the list of members", None),
    ]
    for minutes, (on, act, kind) in enumerate(tried):
        refusal = acts.ActRefused(target_id=on, tried=act, permission="admin", object_kind=kind)
        did(ada, refusal, minutes_ago=9 - minutes)
    narrowed: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {on for on, _, _ in tried}),
        ({"action": "workflow.paused"}, {"w-1", "w-2"}),
        ({"object_kind": "run"}, {"r-1"}),
        ({"action": "workflow.created", "object_kind": "event_type"}, {"TICKET_CREATED"}),
        ({"action": "workflow.created", "object_kind": "workflow"}, set()),
        ({"action": "workflow.paused", "object_id": "w-2"}, {"w-2"}),
        ({"object_kind": "workflow", "search": "W-1"}, {"w-1"}),
        ({"action": "run.retried"}, set()),
    ]
    for filters, objects in narrowed:
        found = read(ada, refused=True, **filters)
        assert {one.object_id for one in found} == objects and all(one.was_refused for one in found), filters
        assert count(ada, refused=True, **filters) == len(found) == len(objects), filters
        content = "".join(audit_export.lines(ada, filters=AuditFilters(refused=True, **filters)))
        assert len(list(csv.reader(io.StringIO(content)))) == 1 + len(objects), filters
    [done] = read(ada, action="workflow.paused")
    assert not done.was_refused, "what was done is found by what was done alone"


def test_pages_go_on_where_the_one_before_ends(ada: Actor) -> None:
    for n in range(7):
        did(ada, paused(f"w-{n}"), minutes_ago=3 if n % 2 else 4)
    seen: list[UUID] = []
    cursor: Cursor | None = None
    while True:
        with database.read(ada) as conn:
            page = audit_trail.page(conn, ada, filters=AuditFilters(), older_than=cursor, limit=3)
        seen += [one.audit_id for one in page.rows]
        if (cursor := page.older) is None:
            break
    assert seen == [one.audit_id for one in read(ada)] and len(seen) == 7
    with database.read(ada) as conn:
        newer = audit_trail.page(conn, ada, filters=AuditFilters(), newer_than=page.newer, limit=3)
    assert [one.audit_id for one in newer.rows] == seen[3:6]


def test_an_act_tells_who_what_and_how_it_was(ada: Actor, db: Database) -> None:
    act = acts.RedactedFieldsChanged(target_id="TICKET_CREATED", before=["/a"], after=["/a", "/b"])
    did(ada, act)
    [entry] = read(ada)
    assert entry.sentence == f"{ada.email} changed which fields of TICKET_CREATED are redacted."
    assert (entry.before, entry.after) == ({"before": ["/a"]}, {"after": ["/a", "/b"]})
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE users SET name = 'Ada Admin' WHERE user_id = :u"), {"u": ada.user_id})
        conn.execute(
            text("INSERT INTO audit_logs (tenant, action, target_type, target_id) VALUES (:t, 'x.flown', 'x', 'y')"),
            {"t": ada.tenant},
        )
    old, entry = sorted(read(ada), key=lambda one: one.action, reverse=True)
    assert entry.sentence.startswith("Ada Admin changed ")
    assert (old.sentence, old.before, old.after, old.origin) == ("Someone did x.flown to y.", {}, {}, None)


def test_no_more_are_counted_than_matter(ada: Actor, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "MOST_COUNTED", 3)
    for _ in range(6):
        did(ada, paused())
    assert count(ada) == 4


def test_a_search_reads_so_many_acts_and_goes_on_from_there(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every match is on one page, from either end, however few acts one search looks at."""
    monkeypatch.setattr(audit_trail, "MOST_SEARCHED", 4)
    for n in range(23):
        did(ada, paused(f"w-{n}", "found" if n in (0, 1, 2, 9, 22) else "other"), minutes_ago=n // 2)
    for limit in (1, 2, 50):
        pages: list[audit_trail.AuditPage] = []
        cursor: Cursor | None = None
        while not pages or cursor:
            with database.read(ada) as conn:
                asked = AuditFilters(search="found")
                pages.append(audit_trail.page(conn, ada, filters=asked, older_than=cursor, limit=limit))
            cursor = pages[-1].older
        ids = [one.object_id for page in pages for one in page.rows]
        assert ids == [one.object_id for one in read(ada) if one.detail["name"] == "found"] and len(ids) == 5
        assert all(page.searched_to for page in pages if not page.rows and page.older)
        assert any(not page.rows for page in pages), "a page may be empty, and the trail goes on"
        back: list[str] = []
        newer = pages[-1].newer
        while newer:
            with database.read(ada) as conn:
                page = audit_trail.page(conn, ada, filters=asked, newer_than=newer, limit=limit)
            here = [one.object_id for one in page.rows]
            back = here + [one for one in back if one not in here]  # the latest page is full, and overlaps
            newer = page.newer
        assert back == ids[: len(back)] and len(back) >= 4
    with database.read(ada) as conn:
        found = audit_trail.count(conn, ada, filters=AuditFilters(search="found"))
    assert found == audit_trail.ActCount(3, is_complete=False)
    assert "".join(audit_export.lines(ada, filters=AuditFilters(search="found"))).count("paused found.") == 5


def test_the_file_has_what_the_filters_let_through(ada: Actor, new_actor: ActorFactory) -> None:
    ben = new_actor("read", tenant=ada.tenant)
    for n in range(5):
        did(ada, paused(f"w-{n}", '=HYPERLINK("x")'), minutes_ago=9 - n)
    did(ben, paused("ben"))
    content = "".join(audit_export.lines(ada, filters=AuditFilters(person=ada.user_id), limit=3))
    *rows, note = csv.reader(io.StringIO(content.removeprefix("\ufeff")))
    assert [row[7] for row in rows[1:]] == ["w-4", "w-3", "w-2"] and "the latest 3 acts" in note[0]
    assert json.loads(rows[1][10]) == {"name": '=HYPERLINK("x")'}
    [header, *own] = csv.reader(io.StringIO("".join(audit_export.lines(ben, filters=AuditFilters()))))
    assert [row[header.index("object_id")] for row in own] == ["ben"], "their own acts alone"


def test_fetching_the_file_is_an_act(ada: Actor) -> None:
    did(ada, paused())
    with database.write(ada) as conn:
        ticket = audit_export.ticket(conn, ada, filters=AuditFilters(origin="page", search="esc"))
    answer = ApiClient(None).http.get(f"/api/v2/exports/{ticket}")
    assert answer.status_code == 200 and "Escalate" in answer.text
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-2')
    entry = read(ada)[0]
    assert entry.sentence == f"{ada.email} exported audit as csv, origin page, search esc."
    assert (entry.address, entry.origin) == ("testclient", "page")


# What each filter is to cost, however long the trail is: rows read for a page of fifty.
NARROW: dict[str, dict[str, Any]] = {
    "none": {},
    "person": {"person": UUID(int=17)},
    "nobody": {"person": UUID(int=7)},
    "rare act": {"action": "workflow.archived"},
    "unknown act": {"action": "never.done"},
    "kind": {"object_kind": "run"},
    "rare kind": {"object_kind": "api_token"},
    "object": {"object_id": "t-77"},
    "unknown object": {"object_id": "none"},
    "rare origin": {"origin": "command"},
    "unknown origin": {"origin": "engine"},
    "refused": {"refused": True},
    "refused act": {"refused": True, "action": "workflow.published", "object_kind": "workflow"},
    "a day": {"since": NOW - timedelta(days=30), "until": NOW - timedelta(days=29)},
}


@pytest.fixture(scope="module")
def long_trail(module_database: Database) -> tuple[Actor, Actor]:
    """40,000 acts of an admin's tenant, and somebody in it who has few of them."""
    tenant, few = uuid4(), uuid4()
    with module_database.owner.begin() as conn:
        conn.execute(text("INSERT INTO tenants (tenant, name) VALUES (:t, 'Long')"), {"t": tenant})
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")  # without links, which take a while
        conn.execute(
            text("""
            INSERT INTO audit_logs (tenant, at, user_id, email, action, target_type, target_id, origin)
            SELECT :t, now() - n * interval '2 minutes',
                   CASE WHEN n % 5000 = 1 THEN :few
                        ELSE CAST('00000000-0000-0000-0000-' || lpad(to_hex(n % 30 + 16), 12, '0') AS uuid) END,
                   'x', CASE WHEN n % 9000 = 2 THEN 'workflow.archived' WHEN n % 7000 = 3 THEN 'act.refused'
                             WHEN n % 3 = 0 THEN 'run.canceled' ELSE 'event.simulated' END,
                   CASE WHEN n % 8000 = 4 THEN 'api_token' WHEN n % 3 = 0 THEN 'run' ELSE 'event' END, 't-' || n,
                   CASE WHEN n % 6000 = 5 THEN 'command' ELSE 'page' END
            FROM generate_series(1, 40000) n
            """),
            {"t": tenant, "few": few},
        )
    with module_database.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE audit_logs")
    return Actor(tenant, uuid4(), "a", "admin"), Actor(tenant, few, "f", "read")


def rows_read(actor: Actor, ask: Callable[..., Any] = audit_trail.page, **filters: Any) -> int:
    """Rows of the trail that a page, or a count, reads, those that it throws away included."""
    asked = AuditFilters(**filters)
    seen = 0
    with database.read(actor) as conn:
        execute = conn.execute

        def explained(statement: Any, parameters: Any = None) -> Any:
            nonlocal seen
            if "audit_logs" in str(statement):
                plan = execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), parameters).scalar_one()
                seen += _read(plan[0]["Plan"])
            return execute(statement, parameters)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conn, "execute", explained)
            ask(conn, actor, filters=asked)
    return seen


def _read(node: dict[str, Any]) -> int:
    here = 0
    if node.get("Relation Name") == "audit_logs":
        here = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        here += node.get("Rows Removed by Index Recheck", 0)
    return int(here) + sum(map(_read, node.get("Plans", ())))


@pytest.mark.parametrize("name", NARROW)
def test_a_page_reads_no_more_than_it_shows(name: str, db: Database, long_trail: tuple[Actor, Actor]) -> None:
    assert rows_read(long_trail[0], **NARROW[name]) <= audit_trail.PAGE_SIZE + 1


def test_ones_own_few_acts_are_found_among_many(db: Database, long_trail: tuple[Actor, Actor]) -> None:
    assert 0 < rows_read(long_trail[1]) <= 8


@pytest.mark.parametrize("ask", [audit_trail.page, audit_trail.count])
@pytest.mark.parametrize("search", ["run", "t-39999", "never said"])
def test_a_search_reads_no_more_than_its_bound(
    search: str, ask: Callable[..., Any], db: Database, long_trail: tuple[Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail, "MOST_SEARCHED", 2000)
    read_rows = rows_read(long_trail[0], ask, search=search)
    assert 0 < read_rows <= 2000
    if search == "run" and ask is audit_trail.page:
        assert read_rows <= 200, "a page that is full looks no further"
    assert rows_read(long_trail[1], ask, search=search) <= 8, "of one's own few acts"

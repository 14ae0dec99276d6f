"""Finding events by each filter and by what they carried, one event in full, the audited look, and the files."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import runpy
import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.auth import downloads
from lib.auth.actors import Actor
from lib.database import Database
from lib.database.paging import Cursor
from lib.errors import InvalidInput, NotFound, PermissionDenied
from lib.events import activity
from lib.events import export as event_export
from lib.events import search as payload_search
from lib.events.activity import EventFilters, EventSummary
from lib.metrics.rollups import EVENT_STATUSES, ORIGINS
from lib.operations import retention
from lib.operations.upkeep import Upkeep
from lib.serialization import json_pointer, tables
from lib.settings import Settings
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import REF, TICKET, publish, submit
from tests.support import workflow_runs
from tests.support.waiting import wait_for

START = datetime(2026, 3, 1, tzinfo=UTC)
MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations" / "versions"


def add(db: Database, tenant: UUID, redacted: Any = None, **columns: Any) -> UUID:
    """An event as it is stored, with this redacted payload."""
    row: dict[str, Any] = {"tenant": tenant, "event_id": uuid4(), "event_name": "TICKET_CREATED", "created_at": START}
    row |= {"payload": "{}", "redacted_payload": json.dumps({} if redacted is None else redacted)} | columns
    values = ", ".join(f"CAST(:{n} AS jsonb)" if n.endswith("payload") else f":{n}" for n in row)
    with db.owner.begin() as conn:
        conn.execute(text(f"INSERT INTO workflow_runtime_events ({', '.join(row)}) VALUES ({values})"), row)
    return UUID(str(row["event_id"]))


RUN_STATUSES = ("QUEUED", "RUNNING", "WAITING", "SUCCEEDED", "FAILED", "CANCELED")


def add_run(db: Database, workflow: UUID, event: UUID, status: str, repeats: UUID | None = None) -> UUID:
    """A run that the event started, or that a person had repeat such a run days later."""
    run = uuid4()
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, status, event_type,"
                " trigger_event_id, triggered_at, event_at, retry_of)"
                " SELECT e.tenant, coalesce(:id, app_uuidv7()), :w, 1, :s, e.event_name, e.event_id,"
                " e.created_at + CASE WHEN :o IS NULL THEN interval '0' ELSE interval '3 days' END,"
                " CASE WHEN :o IS NOT NULL THEN e.created_at END, :o FROM workflow_runtime_events e"
                " WHERE e.event_id = :e RETURNING run_id"
            ).bindparams(bindparam("o", type_=Uuid()), bindparam("id", type_=Uuid())),
            {"id": None if repeats else run, "w": workflow, "s": status, "e": event, "o": repeats},
        )
        row = conn.execute(
            text("SELECT max(CAST(run_id AS text)) FROM workflow_runs WHERE retry_of = :o"), {"o": repeats}
        )
        return UUID(row.scalar_one()) if repeats else run


def total_of(actor: Actor, **filters: Any) -> str:
    with database.read(actor) as conn:
        return str(activity.how_many(conn, tenant=actor.tenant, filters=EventFilters(**filters)))


def find(actor: Actor, limit: int = 1000, **filters: Any) -> list[UUID]:
    with database.read(actor) as conn:
        page = activity.page(conn, tenant=actor.tenant, filters=EventFilters(**filters), limit=limit)
    return [event.event_id for event in page.events]


def index_payloads(db: Database) -> None:
    """What the worker does within seconds of an insert."""
    taken = 1
    while taken:
        with db.owner.begin() as conn:
            taken = payload_search.index(conn)


def walk(
    actor: Actor, filters: EventFilters, limit: int, between: Callable[[], Any] = lambda: None
) -> list[EventSummary]:
    """All pages to the oldest; and back again, which shows the same."""
    found: list[EventSummary] = []
    cursor: Cursor | None = None
    while True:
        with database.read(actor) as conn:
            page = activity.page(conn, tenant=actor.tenant, filters=filters, older_than=cursor, limit=limit)
        assert bool(page.newer) == bool(cursor and page.events)
        found += page.events
        if page.older is None:
            break
        cursor = Cursor.parse(str(page.older))
        assert cursor == page.older
        between()
    back = list(page.events)
    while page.newer:
        with database.read(actor) as conn:
            page = activity.page(conn, tenant=actor.tenant, filters=filters, newer_than=page.newer, limit=limit)
        if page.newer is None:  # the latest page, which overlaps unless it happens to end where this one begins
            page_ids = {event.event_id for event in back}
            back = [event for event in page.events if event.event_id not in page_ids] + back
        else:
            back = [*page.events, *back]
    assert [event.event_id for event in back][-len(found) :] == [event.event_id for event in found]
    return found


def test_every_mix_of_filters_finds_what_a_plain_look_finds(db: Database, new_actor: ActorFactory) -> None:
    ours, theirs = new_actor(), new_actor()
    chance = random.Random(7)
    names, keys = ["TICKET_CREATED", "TAG_APPLIED", "OUR_OWN"], ["k1", "k2", None]
    events = []
    for tenant in (ours.tenant, theirs.tenant):
        workflow = workflow_runs.publish(tenant, [workflow_runs.log_step("one")])
        for _ in range(150):
            event = {
                "event_name": chance.choice(names),
                "origin": chance.choice(ORIGINS),
                "correlation_key": chance.choice(keys),
                "created_at": START + timedelta(hours=chance.randrange(40)),
                "matched_run_id": chance.choice([None, uuid4()]),
                "error_message": chance.choice([None, None, "broken"]),
            }
            payload = {"n": chance.randrange(3), "o": {"s": chance.choice("ab")}}
            event["event_id"] = add(db, tenant, payload, **event)
            statuses = [chance.choice(RUN_STATUSES) for _ in range(chance.choice([0, 0, 1, 3]))]
            for status in statuses:
                add_run(db, workflow, event["event_id"], status)
            events.append({**event, "tenant": tenant, "payload": payload, "runs": statuses})
            if len(events) == 200:  # what comes later waits to be indexed
                index_payloads(db)
    for _ in range(120):
        chosen = chance.sample(names, chance.randrange(3))
        since, until = (chance.choice([None, START + timedelta(hours=chance.randrange(40))]) for _ in range(2))
        path, value = chance.choice([(None, None), ("n", "1"), ("o.s", "a"), ("o.s", "c")])
        filters = EventFilters(
            event_types=tuple(chosen),
            status=chance.choice([None, *EVENT_STATUSES]),
            origin=chance.choice([None, *ORIGINS]),
            since=since,
            until=until,
            correlation_key=chance.choice(keys),
            path=path,
            value=value,
            run_status=chance.choice([None, *RUN_STATUSES]),
        )
        wanted = [
            e
            for e in events
            if e["tenant"] == ours.tenant
            and (not chosen or e["event_name"] in chosen)
            and filters.status in (None, _status(e))
            and filters.origin in (None, e["origin"])
            and (since is None or e["created_at"] >= since)
            and (until is None or e["created_at"] < until)
            and filters.correlation_key in (None, e["correlation_key"])
            and (filters.run_status is None or filters.run_status in e["runs"])
            and (path is None or value == (str(e["payload"]["n"]) if path == "n" else e["payload"]["o"]["s"]))
        ]
        wanted.sort(key=lambda e: (e["created_at"], e["event_id"]), reverse=True)
        found = walk(ours, filters, 7)
        assert [e.event_id for e in found] == [e["event_id"] for e in wanted], filters
        assert [e.status for e in found] == [_status(e) for e in wanted]
        assert [e.runs for e in found] == [Counter(e["runs"]) for e in wanted]
        with database.read(ours) as conn:
            assert str(activity.how_many(conn, tenant=ours.tenant, filters=filters)) == str(len(wanted)), filters


def _status(event: dict[str, Any]) -> str:
    return "error" if event["error_message"] else "matched" if event["matched_run_id"] else "unmatched"


def test_pages_neither_repeat_nor_miss_while_events_arrive(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    there = [add(db, actor.tenant) for _ in range(25)]  # all at one moment: the id decides
    found = walk(actor, EventFilters(), 4, between=lambda: add(db, actor.tenant, created_at=START + timedelta(days=1)))
    assert [e.event_id for e in found] == sorted(there, reverse=True)


def test_a_run_that_was_run_again_counts_by_its_latest_repeat(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = workflow_runs.publish(actor.tenant, [workflow_runs.log_step("one")])
    event = add(db, actor.tenant)
    first = add_run(db, workflow, event, "FAILED")

    def runs() -> dict[str, int]:
        with database.read(actor) as conn:
            [found] = activity.page(conn, tenant=actor.tenant, filters=EventFilters()).events
        assert [s for s in RUN_STATUSES if find(actor, run_status=s)] == sorted(found.runs, key=RUN_STATUSES.index)
        assert [s for s in RUN_STATUSES if total_of(actor, run_status=s) == "1"] == [
            s for s in RUN_STATUSES if s in found.runs
        ]
        return dict(found.runs)

    assert runs() == {"FAILED": 1}
    add_run(db, workflow, event, "CANCELED", repeats=first)
    assert runs() == {"FAILED": 1}, "a repeat that was canceled changes nothing"
    second = add_run(db, workflow, event, "FAILED", repeats=first)
    add_run(db, workflow, event, "SUCCEEDED")
    assert runs() == {"FAILED": 1, "SUCCEEDED": 1}
    add_run(db, workflow, event, "RUNNING", repeats=second)
    assert runs() == {"RUNNING": 1, "SUCCEEDED": 1}
    assert [one["runs"] for one in csv.DictReader(exported(actor))] == ["1 running, 1 succeeded"], "in a file, too"
    add_run(db, workflow, event, "SUCCEEDED", repeats=first)
    assert runs() == {"RUNNING": 1, "SUCCEEDED": 1 + 1}
    assert find(actor, run_status="FAILED", since=START, until=START + timedelta(seconds=1)) == []
    assert find(actor, run_status="RUNNING", since=START, until=START + timedelta(seconds=1)) == [event], (
        "an event stands at its own time, whenever its run was repeated"
    )


def test_an_unmatched_event_was_skipped_or_had_no_workflow(new_actor: ActorFactory) -> None:
    actor = new_actor()
    submit(actor)
    publish(actor, "Unmapped", ref="payload.NoteCreated.v1")
    submit(actor)
    publish(actor, "Triage")
    submit(actor)
    with database.read(actor) as conn:
        page = activity.page(conn, tenant=actor.tenant, filters=EventFilters())
    assert [(e.status, e.fate) for e in page.events] == [
        ("matched", "matched"),
        ("unmatched", "skipped"),
        ("unmatched", "no_workflow"),
    ]


def test_a_total_is_exact_or_says_that_there_are_more(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    fill = text(
        "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload, correlation_key,"
        " created_at) SELECT :t, 'E' || n % 2, '{}', jsonb_build_object('same', 1), CASE WHEN n <= 1000 THEN 'k'"
        " ELSE 'l' END, :at + n * interval '1 second' FROM generate_series(1, 2500) n"
    )
    with db.owner.begin() as conn:
        conn.execute(fill, {"t": actor.tenant, "at": START})
    assert total_of(actor) == "2,500" and total_of(actor, event_types=("E0",), origin="live") == "1,250"
    assert total_of(actor, since=START, until=START + timedelta(seconds=101)) == "100"
    assert total_of(actor, status="error") == "0"
    assert total_of(actor, correlation_key="k") == "1,000" and total_of(actor, correlation_key="l") == "1,000+"
    assert total_of(actor, correlation_key="l", event_types=("E0",)) == "750"
    assert total_of(actor, path="same", value="1") == "1,000+"
    with pytest.raises(InvalidInput, match="Payload value"):
        total_of(actor, path="same")


# -- values in payloads -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "path", "value"),
    [
        ({"ticketId": "A-1"}, "ticketId", "A-1"),
        ({"ticketId": "A-1"}, "payload.ticketId", "A-1"),
        ({"ticketId": "A-1"}, "$.ticketId", "A-1"),
        ({"ticketId": "A-1"}, "/ticketId", "A-1"),
        ({"n": 42}, "n", "42"),
        ({"n": "42"}, "n", "42"),
        ({"n": 1.10}, "n", "1.1"),
        ({"n": -0.5}, "n", "-0.5"),
        ({"b": True}, "b", "true"),
        ({"b": "true"}, "b", "true"),
        ({"o": {"status": "open"}}, "o.status", "open"),
        ({"o": {"status": "open"}}, "/o/status", "open"),
        ({"tags": ["x", "y"]}, "tags", "y"),
        ({"tags": ["x", "y"]}, "tags[1]", "y"),
        ({"a.b": "dot"}, "/a.b", "dot"),
        ({"a/b": {"~": "odd"}}, "/a~1b/~0", "odd"),
        ({"ключ 'x'\"\\": "значение 😀"}, "ключ 'x'\"\\", "значение 😀"),
        ({"x": "'; DROP TABLE tenants --"}, "x", "'; DROP TABLE tenants --"),
        ({"x": "y" * 5000}, "x", "y" * 5000),
        ({"x": ""}, "x", None),
        ({"x": "[1]"}, "x", "[1]"),
        ({"items": [{"sku": "A"}, {"sku": "B"}]}, "items.sku", "B"),
        ({"items": [{"sku": "A"}, {"sku": "B"}]}, "items[*].sku", "B"),
        ({"items": [{"sku": "A"}, {"sku": "B"}]}, "items[].sku", "B"),
        ({"items": [{"sku": "A"}, {"sku": "B"}]}, "$.items[1].sku", "B"),
        ({"items": [{"sku": "A"}, {"sku": "B"}]}, "items.1.sku", "B"),
        ({"items": [{"sku": "A"}, {"sku": "B"}]}, "/items/1/sku", "B"),
        ({"items": [[{"sku": "A"}], [[{"sku": "B"}]]]}, "items.sku", "B"),
        ({"m": [[1, 2], [3, [4]]]}, "m", "4"),
        ({"m": [[1, 2], [3, [4]]]}, "m[1]", "4"),
        ({"m": [[1, 2], [3, [4]]]}, "m[1][1][0]", "4"),
        ([{"sku": "A"}], "sku", "A"),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": "deep"}}}}}}}}, "a.b.c.d.e.f.g.h", "deep"),
        ({"lines": {"7": {"sku": "A"}}}, "lines.7.sku", "A"),
        ({"a.b": {"c[0]": "odd"}}, '["a.b"]["c[0]"]', "odd"),
        ({"n": 100.0}, "n", "100"),
        ({"n": 100}, "n", "100.0"),
        ({"n": 100}, "n", "1e2"),
        ({"n": "1e2"}, "n", "1e2"),
        ({"n": -0.0}, "n", "0"),
        ({"n": 12345678901234567890123}, "n", "12345678901234567890123"),
    ],
)
def test_a_value_is_found_where_it_stands_and_only_there(
    payload: Any, path: str, value: str | None, db: Database, new_actor: ActorFactory
) -> None:
    ours, theirs = new_actor(), new_actor()
    wanted = add(db, ours.tenant, payload)
    add(db, ours.tenant, {"elsewhere": payload})
    add(db, theirs.tenant, payload)
    if value is None:
        with pytest.raises(InvalidInput, match="Payload value"):
            find(ours, path=path, value="")
        return
    for _ in range(2):  # before it is indexed, and after
        assert find(ours, path=path, value=value) == [wanted]
        assert find(ours, path=path, value=f"{value}x") == []
        assert find(ours, path="other", value=value) == []
        index_payloads(db)


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("items.sku", "A", True),
        ("items[0].sku", "A", True),
        ("items[1].sku", "A", False),
        ("items[0].sku", "B", False),
        ("items.0.sku", "B", False),
        ("/items/1/sku", "A", False),
        ("items", "A", False),
        ("sku", "A", False),
        ("one[0].sku", "A", False),
        ("one.sku", "A", True),
        ("tags[0]", "y", False),
        ("tags[1]", "y", True),
        ("items.n", "100.0", True),
        ("items.n", "100.1", False),
        ("items.text", "100", False),
        ("items.text", "100.0", True),
        ("one[0]", "x", False),
        ("items[0][0].sku", "A", False),
    ],
)
def test_a_place_in_a_list_is_that_place(
    path: str, value: str, found: bool, db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    items = [{"sku": "A", "n": 1e2}, {"sku": "B", "text": "100.0"}]
    add(db, actor.tenant, {"items": items, "one": {"sku": "A"}, "tags": ["x", "y"]})
    for _ in range(2):
        assert bool(find(actor, path=path, value=value)) == found
        index_payloads(db)


def test_an_event_that_is_found_twice_is_shown_once(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    event = add(db, actor.tenant, {"items": [{"n": "1e2"}, {"n": 100}, {"n": 100.0}, {"0": {"n": 100}}]})
    index_payloads(db)
    assert find(actor, path="items.n", value="1e2") == [event]
    assert find(actor, path="items.n", value="100") == [event]


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
SCALARS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12),
    st.integers(-(10**12), 10**12),
    st.booleans(),
)
HELD = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


def leaves(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for name, member in members for leaf in leaves(member, (*place, name))]
    return [(place, value)]


@pytest.mark.hypothesis
def test_whatever_a_payload_holds_is_found_by_its_pointer(db: Database, new_actor: ActorFactory) -> None:
    actor, chance = new_actor(), random.Random(3)

    @settings(suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(NAMES, HELD, min_size=1, max_size=4))
    def check(payload: dict[str, Any]) -> None:
        event = add(db, actor.tenant, payload)
        if chance.random() < 0.5:
            index_payloads(db)
        for place, value in leaves(payload):
            words = value if isinstance(value, str) else json.dumps(value)
            if len(place) <= payload_search.DEEPEST and words != "[redacted]":
                for path in (place, [part for part in place if isinstance(part, str)]):
                    assert event in find(actor, path=json_pointer.join(path), value=words), (path, words)

    check()


@pytest.mark.own_database
def test_what_is_redacted_or_tells_nothing_apart_is_not_searched(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(db, actor.tenant, {"s": "[redacted]", "at": "2026-01-01T00:00:00Z", "tenantId": str(actor.tenant), "n": None})
    for value, cause in {
        "[redacted]": "secrets are not searched",
        "2026-01-01T00:00:00Z": "time range",
        str(actor.tenant): "own id",
    }.items():
        with pytest.raises(InvalidInput, match=f"^Payload value: .*{cause}"):
            find(actor, path="s", value=value)
    for path, cause in {
        "a.b.c.d.e.f.g.h.i": "9 levels deep, but values are searched 8",
        "a..b": "cannot be read from ..b on",
        "a[x]": "cannot be read from",
        '["a': "cannot be read from",
        "[0]": "names no field",
        "a.": "cannot be read",
    }.items():
        with pytest.raises(InvalidInput, match=f"^Payload field: .*{cause}"):
            find(actor, path=path, value="1")
    for half, missing in (({"path": "a"}, "value"), ({"value": "1"}, "field")):
        with pytest.raises(InvalidInput, match=f"Payload {missing}: is missing"):
            find(actor, **half)
    with pytest.raises(InvalidInput, match="event id"):
        find(actor, event_id="\0")
    index_payloads(db)
    with db.owner.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM event_payload_values").scalar_one() == 0


@pytest.mark.own_database
def test_the_worker_indexes_what_waits(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    event = add(db, actor.tenant, {"items": [{"sku": "A"}]})
    upkeep = Upkeep(Settings(database_url="postgresql://unused"), seconds=0.05)
    upkeep.start()
    with db.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        wait_for(lambda: not conn.exec_driver_sql("SELECT count(*) FROM event_payload_pending").scalar_one())
        assert conn.exec_driver_sql("SELECT event_id FROM event_payload_values").scalars().all() == [event]
    upkeep.stop()
    assert find(actor, path="items.sku", value="A") == [event]


@pytest.mark.own_database
def test_older_events_are_indexed_anew_and_found_meanwhile(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    events = [add(db, actor.tenant, {"a": 1}, created_at=START + timedelta(days=day)) for day in range(3)]
    index_payloads(db)
    with db.owner.begin() as conn:
        conn.exec_driver_sql("UPDATE event_payload_values SET value_hash = 0")  # as older rules had it
        conn.exec_driver_sql(runpy.run_path(f"{MIGRATIONS}/0013_payload_search.py")["INDEX_ANEW"])
    for _ in range(2):
        assert find(actor, path="a", value="1.0") == events[::-1]
        index_payloads(db)


@pytest.mark.own_database
def test_a_huge_payload_is_indexed_up_to_a_bound(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(db, actor.tenant, {f"k{n}": n for n in range(5000)})
    add(db, actor.tenant, [1, 2])
    add(db, actor.tenant, "text")
    index_payloads(db)
    with db.owner.connect() as conn:
        count = conn.exec_driver_sql("SELECT count(*) FROM event_payload_values").scalar_one()
    assert count == payload_search.MOST_VALUES


def test_who_finds_an_event_by_hash_still_looks_at_it(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    event = add(db, actor.tenant, {"a": "1"})
    index_payloads(db)
    with db.owner.begin() as conn:
        conn.execute(
            text("INSERT INTO event_payload_values SELECT :t, app_payload_value_hash(ARRAY['b'], '2'), :at, :e"),
            {"t": actor.tenant, "at": START, "e": event},
        )
    assert find(actor, path="b", value="2") == []


def test_pages_may_only_read_the_hashes(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(db, actor.tenant, {"a": "1"})
    for statement in (
        "INSERT INTO event_payload_values SELECT * FROM event_payload_values",
        "DELETE FROM event_payload_values",
        "SELECT app_index_payload_values()",
        "INSERT INTO event_payload_pending SELECT * FROM event_payload_pending",
        "DELETE FROM event_payload_pending",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            with database.write(actor) as conn:
                conn.exec_driver_sql(statement)


@pytest.mark.own_database
def test_hashes_go_with_the_month_and_stay_with_errors_that_stay(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    old = datetime(2025, 1, 15, tzinfo=UTC)
    gone = add(db, actor.tenant, {"a": "1"}, created_at=old)
    kept = add(db, actor.tenant, {"a": "1"}, created_at=old, error_message="broken")
    newer = add(db, actor.tenant, {"a": "1"})
    index_payloads(db)
    with db.owner.begin() as conn:
        conn.execute(text("DELETE FROM workflow_runtime_events WHERE event_id = :e"), {"e": gone})
        conn.exec_driver_sql("INSERT INTO dropped_event_months (month) VALUES ('2025-01-01')")
        left = conn.exec_driver_sql("SELECT event_id FROM event_payload_values ORDER BY created_at").scalars().all()
    assert left == [kept, newer]


@pytest.mark.own_database
def test_events_that_were_dropped_are_not_said_to_be_on_further_pages(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    old = datetime(2025, 1, 15, tzinfo=UTC)
    for error in (None, None, None, "broken"):
        add(db, actor.tenant, {}, created_at=old, error_message=error)
    add(db, actor.tenant, {}, created_at=datetime.now(UTC))
    assert total_of(actor) == "5"
    with db.owner.begin() as conn:
        while retention.drop_events(conn, retention.Kept(days=30, error_days=36_500)):
            pass  # a month at a time
    for filters, number in (
        ({}, 2),
        ({"status": "unmatched"}, 1),
        ({"status": "error", "event_types": ("TICKET_CREATED",)}, 1),
        ({"until": old + timedelta(days=1)}, 1),
        ({"since": datetime.now(UTC) - timedelta(days=1)}, 1),
    ):
        with database.read(actor) as conn:
            listed = activity.page(conn, tenant=actor.tenant, filters=EventFilters(**filters)).events  # type: ignore[arg-type]
        assert (total_of(actor, **filters), len(listed)) == (str(number), number), filters


def test_searching_reads_no_event_that_does_not_match(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    fill = text(
        "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload, correlation_key,"
        " origin, error_message, created_at) SELECT :t, 'E' || n % 5, '{}',"
        " jsonb_build_object('id', n, 'same', 1, 'items', jsonb_build_array(jsonb_build_object('sku', n))),"
        " 'k' || n, CASE WHEN n % 1000 = 1 THEN 'replay' ELSE 'live' END, CASE WHEN n % 1000 = 2 THEN 'broken' END,"
        " :at + n * interval '1 second' FROM generate_series(1, 20000) n"
    )
    with db.owner.begin() as conn:
        conn.execute(fill, {"t": actor.tenant, "at": START})
    workflow = workflow_runs.publish(actor.tenant, [workflow_runs.log_step("one")])
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, status, event_type,"
                " trigger_event_id, triggered_at) SELECT e.tenant, :w, 1, CASE WHEN e.error_message IS NULL THEN"
                " 'SUCCEEDED' ELSE 'FAILED' END, e.event_name, e.event_id, e.created_at"
                " FROM workflow_runtime_events e, generate_series(1, 2) WHERE e.tenant = :t"
            ),
            {"w": workflow, "t": actor.tenant},
        )
    index_payloads(db)
    with db.owner.connect() as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    for filters in (
        EventFilters(run_status="FAILED"),
        EventFilters(run_status="SUCCEEDED"),
        EventFilters(run_status="SUCCEEDED", until=START + timedelta(hours=1)),
        EventFilters(run_status="FAILED", event_types=("E2",)),
        EventFilters(run_status="SUCCEEDED", path="same", value="1"),
        EventFilters(path="id", value="77"),
        EventFilters(path="same", value="1"),
        EventFilters(path="items.sku", value="77.0"),
        EventFilters(path="items[0].sku", value="77"),
        EventFilters(correlation_key="k77"),
        EventFilters(status="error"),
        EventFilters(origin="replay"),
        EventFilters(event_types=("E1", "E2")),
        EventFilters(),
    ):
        read = [_rows_read(actor, filters) for _ in range(12)]  # PostgreSQL would soon plan for any filters
        assert 0 < max(read) < 500, filters


def _rows_read(actor: Actor, filters: EventFilters) -> int:
    """How many rows finding a page touched."""
    counted = text(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE relname ~ '^(workflow_runtime_events|event_payload|workflow_runs)'"
    )
    with database.read(actor) as conn:
        before = conn.execute(counted).scalar_one()
        activity.page(conn, tenant=actor.tenant, filters=filters)
        return int(conn.execute(counted).scalar_one() - before)


# -- one event ----------------------------------------------------------------------------------------


def test_an_event_is_found_by_our_id_and_by_its_senders(new_actor: ActorFactory) -> None:
    actor, other = new_actor(), new_actor()
    uuid = str(uuid4())
    for person in (actor, other):
        for source, sender_id in (("psa", "4711"), ("crm", "4711"), ("psa", uuid), ("psa", "token=Zq7Xv9Kp2Rm4")):
            submit(person, source=source, submission_id=sender_id)
    found = find(actor, event_id=" 4711 ")
    assert len(found) == 2 and len(find(actor, event_id=uuid)) == 1 and not find(actor, event_id="471")
    assert find(actor, event_id=str(found[0])) == [found[0]], "ours"
    assert len(find(actor, event_id="4711", event_types=("TICKET_CREATED",), origin="live")) == 2
    assert find(actor, event_id="4711", event_types=("TICKET_CLOSED",)) == []
    assert len(find(actor, event_id="4711", path="ticketId", value=TICKET["ticketId"])) == 2
    assert find(actor, event_id="token=Zq7Xv9Kp2Rm4") == [], "a guess is not answered"
    with database.read(actor) as conn:
        latest = activity.page(conn, tenant=actor.tenant, filters=EventFilters()).events
        senders = [activity.record(conn, tenant=actor.tenant, event_id=str(e.event_id)).sender_id for e in latest]
    assert senders[1:] == [uuid, "4711", "4711"] and re.fullmatch("redacted:[a-p]{16}", senders[0] or "")


def test_a_senders_id_is_looked_up_in_an_index(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO event_submissions (tenant, source, submission_id, event_id, content_hash)"
                " SELECT :t, 's', n::text, gen_random_uuid(), '' FROM generate_series(1, 20000) n"
            ),
            {"t": actor.tenant},
        )
        conn.exec_driver_sql("ANALYZE event_submissions")
    for column, value in (("submission_id", "'17'"), ("event_id", f"'{uuid4()}'")):
        with database.read(actor) as conn:
            asked = f"EXPLAIN SELECT FROM event_submissions WHERE tenant = '{actor.tenant}' AND {column} = {value}"
            plan = "\n".join(conn.exec_driver_sql(asked).scalars())
        assert "Index Cond" in plan and f"{column} = " in plan and "Seq Scan" not in plan, plan


def test_the_record_tells_what_came_of_an_event_and_why(new_actor: ActorFactory) -> None:
    actor = new_actor()
    publish(actor, "Triage")
    publish(actor, "Unmapped", ref="payload.NoteCreated.v1")
    before = submit(actor)
    done = submit(actor, {**TICKET, "ticketId": TICKET["ticketId"], "tenantId": 5}, source="psa", schema_ref=REF)
    after = submit(actor)
    with database.read(actor) as conn:
        record = activity.record(conn, tenant=actor.tenant, event_id=str(done.event_id))
    assert (record.event_type, record.origin, record.source) == ("TICKET_CREATED", "live", "psa")
    assert record.submitted_by == actor.email and record.schema_ref == REF
    assert record.schema_status == "invalid" and record.schema_errors[0]["path"] == "/tenantId"
    outcomes = {t.match.workflow_name: (t.match.outcome, t.match.reason, t.run_status) for t in record.trace}
    assert outcomes["Unmapped"] == ("skipped", "no_mapping", None)
    assert outcomes["Triage"] == ("skipped", "payload_invalid", None)
    messages = [t.match.message for t in record.trace]
    assert any("payload.NoteCreated.v1" in m for m in messages) and any("/tenantId" in m for m in messages)
    assert record.previous and record.previous.event_id == before.event_id
    assert record.next and record.next.event_id == after.event_id
    with database.read(actor) as conn:
        first = activity.record(conn, tenant=actor.tenant, event_id=str(before.event_id))
        summary = activity.page(conn, tenant=actor.tenant, filters=EventFilters(event_id=str(before.event_id))).events[
            0
        ]
    assert first.previous is None and first.trace[0].run_status == "QUEUED"
    assert (summary.started, summary.status, summary.schema_status) == (1, "matched", "valid")


def test_an_unknown_a_foreign_and_a_senseless_id_read_the_same(db: Database, new_actor: ActorFactory) -> None:
    ours, theirs = new_actor(), new_actor()
    foreign = add(db, theirs.tenant)
    said = set()
    for event_id in (str(foreign), str(uuid4()), "42", "", "😀", "x" * 5000, "\0"):
        with pytest.raises(NotFound) as raised, database.read(ours) as conn:
            activity.record(conn, tenant=ours.tenant, event_id=event_id)
        said.add(str(raised.value))
    assert said == {"There is no such event."}


def test_a_revealed_payload_leaves_a_line_in_the_audit_trail(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    event = add(db, admin.tenant, {"password": "[redacted]"}, payload='{"password": "hunter2"}')
    with database.write(admin) as conn:
        revealed = activity.reveal_payload(conn, admin, event_id=event, reason="  Ticket 42: customer asks  ")
    assert revealed == {"password": "hunter2"}
    with db.owner.connect() as conn:
        line = conn.exec_driver_sql("SELECT * FROM audit_logs").mappings().one()
    assert (line["action"], line["target_type"], line["target_id"]) == ("event.payload_revealed", "event", str(event))
    assert line["user_id"] == admin.user_id and line["detail"] == {"reason": "Ticket 42: customer asks"}


@pytest.mark.own_database
def test_nobody_else_sees_a_raw_payload_and_none_without_a_line(db: Database, new_actor: ActorFactory) -> None:
    admin, stranger = new_actor("admin"), new_actor("admin")
    event = add(db, admin.tenant)

    def reveal(actor: Actor, reason: str = "because of a ticket") -> None:
        with database.write(actor) as conn:
            activity.reveal_payload(conn, actor, event_id=event, reason=reason)

    for permission in ("read", "manage"):
        with pytest.raises(PermissionDenied):
            reveal(new_actor(permission, tenant=admin.tenant))
    for reason in ("", "    x    ", "y" * 501, "with a \0 in it"):
        with pytest.raises(InvalidInput, match="reason"):
            reveal(admin, reason)
    with pytest.raises(NotFound, match="no such event"):
        reveal(stranger)
    ask = text("SELECT app_reveal_payload(:t, :e)")
    keys = {"t": admin.tenant, "e": event}
    for actor in (admin, stranger):
        with pytest.raises(DBAPIError, match="audited request only"), database.write(actor) as conn:
            conn.execute(ask, keys)
    with db.owner.connect() as conn:
        assert conn.exec_driver_sql("SELECT DISTINCT action FROM audit_logs").scalars().all() == ["act.refused"]
    reveal(admin)
    with pytest.raises(DBAPIError, match="audited request only"), database.write(admin) as conn:
        conn.execute(ask, keys)  # the line of an earlier look does not serve for another


# -- files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text_", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\0x", "＝1", "plain", 'a"b,c\nd', ""])
def test_no_cell_is_a_formula_and_every_cell_comes_back(text_: str) -> None:
    file = "".join(tables.csv_lines(["a", "b"], [[text_, 5]]))
    assert file.startswith(tables.BOM)
    rows = list(csv.reader(io.StringIO(file.removeprefix(tables.BOM), newline="")))
    expected = text_ if not text_ or text_[0] in 'pa"' else f"'{text_}"
    assert rows == [["a", "b"], [expected, "5"]]


def test_json_files_are_one_array() -> None:
    assert json.loads("".join(tables.json_items([]))) == []
    assert json.loads("".join(tables.json_items([{"a": 1}, {"b": [None]}]))) == [{"a": 1}, {"b": [None]}]


def test_all_filtered_events_are_read_up_to_the_limit(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    fill = text(
        "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload)"
        " SELECT :t, 'E' || n % 2, '{}', '{}' FROM generate_series(1, 2500) n"
    )
    with db.owner.begin() as conn:
        conn.execute(fill, {"t": actor.tenant})
    everything = list(csv.DictReader(exported(actor)))
    assert len({e["event_id"] for e in everything}) == 2500
    assert len(list(csv.DictReader(exported(actor, event_types=("E1",))))) == 1250
    *capped, said = csv.DictReader(exported(actor, limit=1200))
    assert capped == everything[:1200]
    assert said["event_id"] == "These are the latest 1,200 events, which is the most that one file has; there are more."
    assert not said["event_name"]
    *items, note = json.loads("".join(event_export.lines(actor, filters=EventFilters(), form="json", limit=1200)))
    assert [i["event_id"] for i in items] == [e["event_id"] for e in capped]
    assert note == {"note": said["event_id"]}
    assert everything[0]["created_at"].endswith("+00:00")


def test_a_file_gives_a_reason_for_what_was_skipped_alone(new_actor: ActorFactory) -> None:
    """Beside a match it would say why another workflow did not start, and be counted as a skip by whoever sums up."""
    actor = new_actor("manage")
    publish(actor, "Triage")
    publish(actor, "Paused", paused=True)
    publish(actor, "Paused alone", event="TICKET_CLOSED", paused=True)
    for event in ("TICKET_CREATED", "TICKET_CLOSED"):
        submit(actor, event=event)
    rows = {row["event_name"]: row for row in csv.DictReader(exported(actor))}
    assert rows["TICKET_CREATED"]["reason"] == "" and rows["TICKET_CLOSED"]["reason"] == "paused"
    assert [rows["TICKET_CREATED"][name] for name in ("workflows_started", "workflows_resumed")] == ["1", "0"]


def exported(actor: Actor, *, limit: int = event_export.LIMIT, **filters: Any) -> io.StringIO:
    lines = event_export.lines(actor, filters=EventFilters(**filters), form="csv", limit=limit)
    return io.StringIO("".join(lines).removeprefix(tables.BOM), newline="")


@pytest.mark.slow
def test_a_file_is_never_in_memory_as_a_whole(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    fill = text(
        "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload, created_at)"
        " SELECT :t, 'E', '{}', jsonb_build_object('note', repeat('x', 1000)), :at + n * interval '1 second'"
        " FROM generate_series(1, 50000) n"
    )
    with db.owner.begin() as conn:
        conn.execute(fill, {"t": actor.tenant, "at": START})
    pieces = downloads.chunks(event_export.lines(actor, filters=EventFilters(), form="csv"))
    size = len(next(pieces))
    tracemalloc.start()
    try:
        size += sum(map(len, pieces))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 50_000_000 and peak < 10_000_000

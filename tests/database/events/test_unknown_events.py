"""Events of unknown types: counted exactly and within bounds, redacted, and no trouble to anybody who sends events."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import NotFound, PermissionDenied
from lib.events import unknown_events
from lib.events.judging import SentEvent
from lib.events.unknown_events import MOST_SAMPLES, MOST_SOURCES, MOST_TYPES, UnknownType, UnknownTypes
from lib.operations.upkeep import Upkeep
from lib.redaction import REDACTED
from lib.sandbox.validation import violations
from lib.settings import Settings
from tests.conftest import ActorFactory
from tests.support.statements import counted_statements
from tests.support.tenant_catalog import add_entry
from tests.support.waiting import wait_for


def sent(event_type: str = "DEVICE_OFFLINE", payload: Any = None, source: str = "/rmm") -> SentEvent:
    return SentEvent(event_type, {"deviceId": "d-1"} if payload is None else payload, source)


def add(actor: Actor, *events: SentEvent, now: str | None = None) -> None:
    with database.write(actor) as conn:
        if now:
            conn.execute(text("SELECT set_config('app.now', :now, true)"), {"now": now})
        unknown_events.add(conn, actor, sent=events)


def listed(actor: Actor, **options: Any) -> UnknownTypes:
    with database.read(actor) as conn:
        return unknown_events.list_types(conn, tenant=actor.tenant, **options)


def only(actor: Actor) -> UnknownType:
    [found] = listed(actor).types
    return found


def scalars(db: Database, statement: str, **parameters: Any) -> list[Any]:
    with db.owner.begin() as conn:
        return list(conn.execute(text(statement), parameters).scalars())


def samples(db: Database, actor: Actor) -> list[Any]:
    return scalars(db, "SELECT payload FROM unknown_event_samples WHERE tenant = :t ORDER BY sample_no", t=actor.tenant)


def test_they_are_counted_by_type_and_source(new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(actor, sent(), sent(source="/other"), now="2026-03-01T10:00:00Z")
    add(actor, sent(), sent("ORDER_PLACED", {"n": 1}), sent(payload={"deviceId": "d-2"}), now="2026-03-02T10:00:00Z")
    found = listed(actor)
    assert [(one.event_type, one.events) for one in found.types] == [("DEVICE_OFFLINE", 4), ("ORDER_PLACED", 1)]
    assert (found.total, found.dismissed, found.others) == (2, 0, 0)
    device = found.types[0]
    assert device.sources == (("/rmm", 3), ("/other", 1)) and device.from_others == 0
    assert (device.first_at.day, device.last_at.day) == (1, 2)
    assert device.sample == {"deviceId": "d-2"}
    assert [one.event_type for one in listed(actor, search="order").types] == ["ORDER_PLACED"]
    assert listed(actor, search="%").types == []


def test_four_who_send_at_once_are_all_counted(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    names = [f"TYPE_{n}" for n in range(20)]

    def send(number: int) -> None:
        for turn in range(25):
            order = names if (number + turn) % 2 else names[::-1]
            unknown_events.count(actor, [sent(name, {"n": turn}, f"/{number % 2}") for name in order])

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = listed(actor).types
    assert {one.event_type: one.events for one in found} == dict.fromkeys(names, 100)
    assert {one.sources for one in found} == {(("/0", 50), ("/1", 50))}


def test_four_who_send_new_types_at_once_keep_the_bound(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_events, "MOST_TYPES", 30)
    actor = new_actor()

    def send(number: int) -> None:
        for turn in range(10):
            unknown_events.count(actor, [sent(f"T{number}_{turn}_{n}") for n in range(3)])

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = listed(actor, limit=100)
    assert (len(found.types), found.total, found.others) == (30, 30, 90)


def test_a_flood_of_types_and_sources_is_bounded_in_rows(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    for start in range(0, 1500, 500):
        add(actor, *(sent(f"FLOOD_{n}") for n in range(start, start + 500)))
    found = listed(actor)
    assert (found.total, found.others) == (MOST_TYPES, 500)
    add(actor, sent("FLOOD_1"), sent("FLOOD_1499"))
    assert listed(actor).others == 501, "a type that has room goes on being counted, another does not get any"
    add(actor, *(sent("FLOOD_1", source=f"/{n}") for n in range(100)))
    first = only_of(actor, "FLOOD_1")
    assert (len(first.sources), first.from_others, first.events) == (MOST_SOURCES, 100 - MOST_SOURCES + 1, 102)
    rows = scalars(
        db,
        "SELECT count(*) FROM unknown_event_types WHERE tenant = :t UNION ALL"
        " SELECT count(*) FROM unknown_event_sources WHERE tenant = :t",
        t=actor.tenant,
    )
    assert rows == [MOST_TYPES + 1, MOST_TYPES + MOST_SOURCES + 1]


def only_of(actor: Actor, event_type: str) -> UnknownType:
    with database.read(actor) as conn:
        return unknown_events.get(conn, tenant=actor.tenant, event_type=event_type)


def test_a_flood_takes_the_statements_of_one(new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(actor, sent("FIRST"))
    with counted_statements() as alone:
        add(actor, sent("ALONE"))
    with counted_statements() as many:
        add(actor, *(sent(f"MANY_{n}", source=f"/{n}") for n in range(500)))
    assert len(alone) == len(many)


def test_the_latest_samples_are_kept_and_renewed_once_a_minute(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(actor, *(sent(payload={"n": n}) for n in range(25)), now="2026-03-01T10:00:00Z")
    assert sorted(one["n"] for one in samples(db, actor)) == list(range(15, 25))
    add(actor, sent(payload={"n": 100}), now="2026-03-01T10:00:30Z")
    assert all(one["n"] < 100 for one in samples(db, actor))
    add(actor, sent(payload={"n": 101}), sent(payload={"n": 102}), now="2026-03-01T10:01:00Z")
    assert sorted(one["n"] for one in samples(db, actor)) == [*range(16, 25), 102]
    assert only(actor).sample == {"n": 102}
    assert len(samples(db, actor)) == MOST_SAMPLES


def test_a_large_payload_is_counted_and_leaves_no_sample(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(actor, sent(payload={"a": "x" * 17_000}), sent(payload={"a": 1}), sent(payload={"a": "ü" * 9000}))
    assert only(actor).events == 3 and samples(db, actor) == [{"a": 1}]


def test_samples_and_names_are_redacted_as_events_are(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with db.owner.begin() as conn:
        for event_type, pointers in (("*", ["/everywhere"]), ("DEVICE_OFFLINE", ["/here"]), ("ELSE", ["/deviceId"])):
            conn.execute(
                text("INSERT INTO redacted_fields (tenant, event_type, pointers) VALUES (:t, :e, :p)"),
                {"t": actor.tenant, "e": event_type, "p": pointers},
            )
    payload = {"deviceId": "d-1", "password": "hunter2hunter2", "everywhere": "one-secret", "here": ["another-secret"]}
    add(actor, sent(payload=payload, source="/rmm/hunter2hunter2"), sent("4111 1111 1111 1111", {}))
    found = only(actor)
    assert found.sample == {"deviceId": "d-1", "password": REDACTED, "everywhere": REDACTED, "here": REDACTED}
    assert found.sources == ((f"/rmm/{REDACTED}", 1),)
    assert listed(actor).others == 1, "a type that is a secret is counted without its name"
    for table in ("types", "sources", "samples"):
        rows = scalars(
            db, f"SELECT CAST(to_jsonb(k) AS text) FROM unknown_event_{table} k WHERE tenant = :t", t=actor.tenant
        )
        assert rows and not any(secret in row for row in rows for secret in ("hunter2", 'secret"', "4111"))


def test_a_type_that_is_defined_is_listed_no_more(db: Database, new_actor: ActorFactory) -> None:
    actor, other = new_actor(), new_actor()
    for one in (actor, other):
        add(one, sent())
    add_entry(db, actor.tenant, "DEVICE_OFFLINE")
    assert listed(actor).types == [] and len(listed(other).types) == 1
    with pytest.raises(NotFound), database.read(actor) as conn:
        unknown_events.get(conn, tenant=actor.tenant, event_type="DEVICE_OFFLINE")


def test_others_see_nothing_and_can_change_nothing(new_actor: ActorFactory) -> None:
    actor, other = new_actor(), new_actor()
    add(actor, sent())
    assert listed(other) == UnknownTypes([], 0, 0, 0)
    for act in (unknown_events.dismiss, unknown_events.bring_back):
        with pytest.raises(NotFound), database.write(other) as conn:
            act(conn, other, event_type="DEVICE_OFFLINE")
    with database.read(other) as conn:
        for table in ("types", "sources", "samples"):
            assert conn.execute(text(f"SELECT count(*) FROM unknown_event_{table}")).scalar_one() == 0


def test_a_dismissed_type_stays_away_and_can_be_brought_back(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    reader = new_actor("read", tenant=actor.tenant)
    add(actor, sent(), sent())
    for act in (unknown_events.dismiss, unknown_events.bring_back):
        with pytest.raises(PermissionDenied), database.write(reader) as conn:
            act(conn, reader, event_type="DEVICE_OFFLINE")
    for _ in range(2):  # the second time changes nothing and leaves no line
        with database.write(actor) as conn:
            unknown_events.dismiss(conn, actor, event_type="DEVICE_OFFLINE")
    add(actor, sent())
    found = listed(actor)
    assert (found.types, found.total, found.dismissed) == ([], 0, 1)
    assert listed(actor, is_dismissed=True).types[0].events == 3
    with database.write(actor) as conn:
        unknown_events.bring_back(conn, actor, event_type="DEVICE_OFFLINE")
    assert only(actor).events == 3
    lines = scalars(
        db,
        "SELECT action || ' ' || target_id || detail FROM audit_logs"
        " WHERE tenant = :t AND action <> 'act.refused' ORDER BY audit_id",
        t=actor.tenant,
    )
    assert lines == ['event_type.dismissed DEVICE_OFFLINE{"events": 2}', "event_type.brought_back DEVICE_OFFLINE{}"]


@pytest.mark.own_database
def test_after_a_month_nothing_is_left(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(actor, sent("OLD"), now="2026-03-01T10:00:00Z")
    add(actor, sent("OLD_AND_NEW", source="/gone"), now="2026-03-01T10:00:00Z")
    add(actor, sent("OLD_AND_NEW"), now="2026-03-30T10:00:00Z")
    add(actor, sent("DEFINED"), now="2026-03-30T10:00:00Z")
    add_entry(db, actor.tenant, "DEFINED")
    with db.owner.begin() as conn:
        conn.execute(text("SELECT set_config('app.now', '2026-04-01T10:00:00Z', true)"))
        assert unknown_events.forget(conn) == 2
    assert [(one.event_type, one.sources) for one in listed(actor).types] == [("OLD_AND_NEW", (("/rmm", 1),))]
    with db.owner.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM unknown_event_samples")).scalar_one() == 1
        conn.execute(text("SELECT set_config('app.now', '2026-06-01T10:00:00Z', true)"))
        assert unknown_events.forget(conn) == 1
        assert conn.execute(text("SELECT count(*) FROM unknown_event_sources")).scalar_one() == 0


@pytest.mark.own_database
def test_upkeep_forgets_what_is_defined_by_now(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(actor, sent("DEFINED"), sent("UNKNOWN"))
    add_entry(db, actor.tenant, "DEFINED")
    left = "SELECT event_type FROM unknown_event_types"
    assert len(scalars(db, left)) == 2
    upkeep = Upkeep(Settings(database_url="postgresql://unused"), seconds=0.05)
    upkeep.start()
    try:
        wait_for(lambda: scalars(db, left) == ["UNKNOWN"])
    finally:
        upkeep.stop()


def test_a_fault_is_logged_and_nobody_hears_of_it(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    actor = new_actor()
    monkeypatch.setattr(unknown_events, "MOST_TYPES", "no number")
    unknown_events.count(actor, [sent(payload={"password": "hunter2hunter2"})])
    assert "1 events of unknown types could not be counted" in caplog.text and "hunter2" not in caplog.text
    assert listed(actor).types == []


def test_what_came_suggests_a_definition(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    payloads = [
        {
            "tenantId": f"7c1d0f5e-3f43-4c0e-9a0e-2f6a4f1b9c{n:02}",
            "alertId": n,
            "deviceId": f"device-{n}",
            "since": f"2026-03-02T10:00:{n:02}Z",
            "state": ["down", "unknown"][n % 2],
            "note": None if n % 2 else "a b",
            "secret": n,
            **({"ip": "10.0.0.1"} if n else {}),
        }
        for n in range(10)
    ]
    add(actor, *(sent(payload=one) for one in payloads))
    with database.read(actor) as conn:
        found = unknown_events.suggestion(conn, tenant=actor.tenant, event_type="DEVICE_OFFLINE")
    assert found.correlation_paths == ("deviceId",)
    properties = found.payload_schema["properties"]
    assert properties["since"]["format"] == "date-time" and properties["ip"]["format"] == "ipv4"
    assert properties["state"]["enum"] == ["down", "unknown"] and properties["note"]["type"] == ["string", "null"]
    assert properties["secret"] == {"x-sensitive": True}
    assert set(payloads[0]) == set(found.payload_schema["required"])
    assert found.example["secret"] == REDACTED
    assert all(violations(found.payload_schema, one).valid for one in payloads)
    with pytest.raises(NotFound), database.read(actor) as conn:
        unknown_events.suggestion(conn, tenant=actor.tenant, event_type="TICKET_CREATED")
    with pytest.raises(NotFound), database.read(actor) as conn:
        unknown_events.suggestion(conn, tenant=actor.tenant, event_type="\0")


@pytest.mark.parametrize("event_type", ["DEVICE_OFFLINE", "com.acme.orderPlaced2", "☃ 😀"])
def test_payloads_without_fields_suggest_no_correlation_path(new_actor: ActorFactory, event_type: str) -> None:
    actor = new_actor()
    add(actor, sent(event_type, json.loads("[1]")))
    with database.read(actor) as conn:
        found = unknown_events.suggestion(conn, tenant=actor.tenant, event_type=event_type)
    assert (found.example, found.correlation_paths) == ([1], ())

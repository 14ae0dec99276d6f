"""Search, ranking and activity of the catalog."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.catalog.entries import CatalogFilters
from lib.database import Database
from lib.errors import InvalidInput
from tests.conftest import ActorFactory
from tests.support.hostile_texts import TEXTS
from tests.support.tenant_catalog import add_entry

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def found(actor: Actor, **filters: Any) -> list[str]:
    with database.read(actor) as conn:
        page = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(**filters), now=NOW)
    return [entry.event_type for entry in page.entries]


def test_exact_type_before_name_before_the_rest(new_actor: ActorFactory) -> None:
    actor = new_actor()
    assert found(actor, search="ticket created") == found(actor, search=" Created   TICKET ")
    assert found(actor, search="ticket created")[0] == "TICKET_CREATED"
    assert found(actor, search="note_created")[0] == "NOTE_CREATED"
    ranked = found(actor, search="ticket", page_size=200)
    named = [t for t in ranked if t.startswith("TICKET")]
    assert ranked[: len(named)] == named and len(ranked) > len(named), "names first, descriptions after"


def test_every_word_must_be_somewhere(new_actor: ActorFactory) -> None:
    actor = new_actor()
    assert found(actor, search="invoice overdue billing")[:1] == ["INVOICE_OVERDUE"]
    assert found(actor, search="invoice zebra") == []


def test_what_is_searched_stands_for_itself(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "DISCOUNT", name="50% off_\\")
    for search in ("50% off_\\", "50%", "off_", "\\", "_\\"):
        assert found(actor, search=search, source="tenant") == ["DISCOUNT"], search
    for search in ("5%", "5_%", "of__", "%%", "\\\\"):
        assert found(actor, search=search, source="tenant") == [], search


@given(
    search=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80),
    page=st.integers(-5, 10**12),
)
def test_any_search_and_page_gives_an_answer(search: str, page: int, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with database.read(actor) as conn:
        answer = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(search=search, page=page), now=NOW)
    assert len(answer.entries) == min(answer.total - answer.first + 1, 24) if answer.total else answer.entries == []
    assert 1 <= answer.page <= answer.pages


@pytest.mark.parametrize("given", TEXTS.values(), ids=TEXTS)
def test_a_search_for_what_cannot_be_stored_is_refused(given: str, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with pytest.raises(InvalidInput, match="cannot be stored") as refused:
        found(actor, search=given)
    assert refused.value.field == "search"


def add_event(db: Database, tenant: UUID, name: str, at: datetime, origin: str = "live") -> UUID:
    event_id = uuid4()
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runtime_events (tenant, event_id, event_name, origin, payload,"
                " redacted_payload, created_at) VALUES (:t, :e, :n, :o, '{}', '{}', :at)"
            ),
            {"t": tenant, "e": event_id, "n": name, "o": origin, "at": at},
        )
    return event_id


def add_run(db: Database, tenant: UUID, event: str, at: datetime, status: str, seconds: float | None) -> None:
    workflow = uuid4()
    done = at + timedelta(seconds=seconds) if seconds is not None else None
    with db.owner.begin() as conn:
        conn.execute(
            text("INSERT INTO workflow_definitions (tenant, workflow_id, name) VALUES (:t, :w, 'w')"),
            {"t": tenant, "w": workflow},
        )
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, status, event_type,"
                " triggered_at, started_at, completed_at) VALUES (:t, :w, 1, :s, :e, :at, :at, :done)"
            ),
            {"t": tenant, "w": workflow, "s": status, "e": event, "at": at, "done": done},
        )


def test_activity_counts_live_events_and_their_runs_in_the_last_week(db: Database, new_actor: ActorFactory) -> None:
    actor, other = new_actor(), new_actor()
    for hours in (0.5, 1, 7, 167.9):
        add_event(db, actor.tenant, "TAG_APPLIED", NOW - timedelta(hours=hours))
    add_event(db, actor.tenant, "TAG_APPLIED", NOW - timedelta(hours=168.1))
    add_event(db, actor.tenant, "TAG_APPLIED", NOW)  # the range is half open
    add_event(db, actor.tenant, "TAG_APPLIED", NOW - timedelta(hours=2), origin="simulated")
    add_event(db, other.tenant, "TAG_APPLIED", NOW - timedelta(hours=2))
    for status, seconds in (("SUCCEEDED", 2.0), ("SUCCEEDED", 4.0), ("FAILED", 9.0), ("RUNNING", None)):
        add_run(db, actor.tenant, "TAG_APPLIED", NOW - timedelta(hours=1), status, seconds)
    with database.read(actor) as conn:
        got = entries.activity(conn, tenant=actor.tenant, event_types=["TAG_APPLIED", "TAG_REMOVED"], now=NOW)
    activity = got["TAG_APPLIED"]
    assert activity.executions == 4 == sum(activity.by_slice)
    assert activity.by_slice[-1] == 2 and activity.by_slice[-2] == 1 and activity.by_slice[0] == 1
    assert (activity.runs, activity.succeeded, activity.still_running) == (4, 2, 1)
    assert activity.success_rate == 0.5
    assert activity.average_seconds == pytest.approx(5.0)
    assert "TAG_REMOVED" not in got


def test_most_active_first(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    for name, number in (("TAG_REMOVED", 3), ("NOTE_CREATED", 2), ("TAG_APPLIED", 1)):
        for minutes in range(number):
            add_event(db, actor.tenant, name, NOW - timedelta(minutes=minutes + 1))
    assert found(actor, by_activity=True)[:4] == ["TAG_REMOVED", "NOTE_CREATED", "TAG_APPLIED", "ASSET_ASSIGNED"]


def test_schema_known_unknown_missing(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    rows = [("A", "payload.TagApplied.v1", None), ("B", "payload.Lost.v1", None), ("C", None, None), ("D", None, {})]
    for event_type, ref, schema in rows:
        add_entry(db, actor.tenant, event_type, name=event_type, ref=ref, schema=schema)
    with database.read(actor) as conn:
        page = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(source="tenant"), now=NOW)
    assert [e.schema_state for e in page.entries] == ["known", "unknown", "missing", "known"]


def test_nearest_names_forgive_a_typo(new_actor: ActorFactory) -> None:
    actor = new_actor()
    with database.read(actor) as conn:
        assert entries.nearest(conn, tenant=actor.tenant, event_type="TICKET_CRATED")[0][0] == "TICKET_CREATED"
        assert entries.nearest(conn, tenant=actor.tenant, event_type="ticket created")[0][0] == "TICKET_CREATED"
        assert entries.nearest(conn, tenant=actor.tenant, event_type="\0\ud800" * 9) == []


def test_owner_and_tags_narrow_and_are_found(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "ONE", owner="Field team", tags=["hardware", "urgent"])
    add_entry(db, actor.tenant, "TWO", owner="Back office", tags=["urgent"])
    assert found(actor, owner="Field team") == ["ONE"] and found(actor, tag="urgent") == ["ONE", "TWO"]
    assert found(actor, owner="Back office", tag="hardware") == []
    assert found(actor, search="field hardware") == ["ONE"] and found(actor, search="urgent") == ["ONE", "TWO"]
    assert found(actor, owner="Nobody", tag="none") == found(actor), "what nobody has narrows nothing"
    with database.read(actor) as conn:
        page = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(search="urgent"), now=NOW)
        entry = entries.entry(conn, tenant=actor.tenant, event_type="ONE")
    assert (page.owners, page.tags) == (["Back office", "Field team"], ["hardware", "urgent"])
    assert (page.entries[0].owner, page.entries[0].tags) == ("Field team", ["hardware", "urgent"])
    assert entry is not None and (entry.owner, entry.tags) == ("Field team", ["hardware", "urgent"])


def test_deprecated_events_are_folded_while_nothing_is_narrowed_and_else_last(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "AAA_OLD", status="deprecated", tags=["x"])
    add_entry(db, actor.tenant, "AAA_NEW", tags=["x"])
    everything = found(actor, page_size=200)
    assert "AAA_OLD" not in everything and len(everything) == 155
    shown = found(actor, page_size=200, with_deprecated=True)
    assert len(shown) == 157 and set(shown[-2:]) == {"AAA_OLD", "PROJECT_TASK_DEPENDENCY_UNBLOCKED"}
    for narrowed in ({"search": "aaa"}, {"category": "Own"}, {"source": "tenant"}, {"tag": "x"}):
        assert found(actor, **narrowed) == ["AAA_NEW", "AAA_OLD"], narrowed
    assert found(actor, status="deprecated", source="tenant") == ["AAA_OLD"]
    assert found(actor, search="aaa_old")[0] == "AAA_OLD"
    with database.read(actor) as conn:
        for filters, count in (
            (CatalogFilters(), 2),
            (CatalogFilters(with_deprecated=True), 2),
            (CatalogFilters("a"), 0),
        ):
            assert entries.page(conn, tenant=actor.tenant, filters=filters, now=NOW).deprecated == count

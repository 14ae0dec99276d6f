"""What the catalog sorts by and sums up: figures of all types, over all pages."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries, traffic
from lib.catalog.entries import CatalogFilters, CatalogPage
from lib.catalog.traffic import Traffic
from lib.database import Database
from lib.metrics.rollups import EventCounts
from tests.conftest import ActorFactory
from tests.database.catalog.test_entries import NOW, add_event, add_run
from tests.support.tenant_catalog import add_entry


def page(actor: Actor, **filters: Any) -> CatalogPage:
    """The page, which is the same whether all traffic is known before or no more of it is read than it needs."""
    asked = CatalogFilters(**filters)
    with database.read(actor) as conn:
        known = entries.page(conn, tenant=actor.tenant, filters=asked, now=NOW, traffic=read(actor))
        found = entries.page(conn, tenant=actor.tenant, filters=asked, now=NOW)
    assert found == known
    return found


def types(actor: Actor, **filters: Any) -> list[str]:
    return [entry.event_type for entry in page(actor, **filters).entries]


def read(actor: Actor) -> Traffic:
    with database.read(actor) as conn:
        return traffic.read(conn, tenant=actor.tenant, now=NOW)


def publish(db: Database, actor: Actor, event_type: str) -> UUID:
    """A published workflow that reacts to the type, as a row: no gate asks whether events of it would start."""
    insert = (
        "INSERT INTO workflow_definitions (tenant, name, status, published_version, trigger) VALUES (:t, 'w',"
        " 'published', 1, jsonb_build_object('type', 'event', 'eventName', CAST(:e AS text))) RETURNING workflow_id"
    )
    with db.owner.begin() as conn:
        return UUID(str(conn.execute(text(insert), {"t": actor.tenant, "e": event_type}).scalar_one()))


def add_match(db: Database, actor: Actor, event_id: Any, number: int, reason: str, workflow: UUID | None) -> None:
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_event_matches (tenant, event_id, match_no, workflow_id, workflow_version,"
                " outcome, reason, detail) VALUES (:t, :e, :n, :w, 1, 'skipped', :r, '{}')"
            ),
            {"t": actor.tenant, "e": event_id, "n": number, "w": workflow, "r": reason},
        )


@pytest.fixture
def busy(db: Database, new_actor: ActorFactory) -> Actor:
    """Four system types with traffic: three events, two, one; and one that stopped."""
    actor = new_actor()
    for count, event_type in ((3, "TAG_APPLIED"), (2, "NOTE_CREATED"), (1, "TICKET_CLOSED")):
        for hours in range(count):
            add_event(db, actor.tenant, event_type, NOW - timedelta(hours=hours + 1))
    add_event(db, actor.tenant, "TAG_REMOVED", NOW - timedelta(days=9))
    add_event(db, actor.tenant, "NOTE_CREATED", NOW - timedelta(days=8))
    at = NOW - timedelta(hours=1)
    for event_type, status, seconds in (
        ("TAG_APPLIED", "SUCCEEDED", 0.9),
        ("TAG_APPLIED", "FAILED", 0.9),
        ("NOTE_CREATED", "SUCCEEDED", 10.0),
        ("TICKET_CLOSED", "FAILED", 2.0),
    ):
        add_run(db, actor.tenant, event_type, at, status, seconds)
    add_run(db, actor.tenant, "TAG_APPLIED", NOW - timedelta(days=8), "FAILED", 1.0)
    return actor


@pytest.mark.parametrize(
    ("sort", "descending", "first"),
    [
        ("executions", True, ["TAG_APPLIED", "NOTE_CREATED", "TICKET_CLOSED"]),
        ("success", False, ["TICKET_CLOSED", "TAG_APPLIED", "NOTE_CREATED"]),
        ("success", True, ["NOTE_CREATED", "TAG_APPLIED", "TICKET_CLOSED"]),
        # As numbers: as words, 10 s would come before 900 ms and after 2 s.
        ("average", False, ["TAG_APPLIED", "TICKET_CLOSED", "NOTE_CREATED"]),
        ("average", True, ["NOTE_CREATED", "TICKET_CLOSED", "TAG_APPLIED"]),
    ],
)
def test_figures_sort_all_pages_as_numbers(sort: str, descending: bool, first: list[str], busy: Actor) -> None:
    every = types(busy, sort=sort, descending=descending, page_size=500)
    assert every[:3] == first
    parts = [types(busy, sort=sort, descending=descending, page=n, page_size=50) for n in (1, 2, 3, 4)]
    assert list(chain.from_iterable(parts)) == every and len(every) == 154


def test_the_least_active_have_nothing_and_come_first(busy: Actor) -> None:
    every = types(busy, sort="executions", page_size=500)
    assert every[-3:] == ["TICKET_CLOSED", "NOTE_CREATED", "TAG_APPLIED"]


def test_the_number_of_workflows_sorts(db: Database, busy: Actor) -> None:
    for event_type in ("USER_INVITED", "TICKET_CLOSED", "TICKET_CLOSED"):
        publish(db, busy, event_type)
    assert types(busy, sort="workflows", descending=True)[0] == "TICKET_CLOSED"
    assert types(busy, sort="workflows", page_size=500)[-1] == "TICKET_CLOSED"


@pytest.mark.parametrize("sort", ["name", "type", "category", "status", "source"])
def test_words_sort_all_pages_both_ways(sort: Any, db: Database, busy: Actor) -> None:
    add_entry(db, busy.tenant, "OWN_ONE", name="aaa first", status="beta")
    there = page(busy, sort=sort, page_size=500).entries
    back = page(busy, sort=sort, descending=True, page_size=500).entries

    def words(found: list[Any]) -> list[str]:
        return [
            e.name.lower() if sort == "name" else e.event_type if sort == "type" else getattr(e, sort) for e in found
        ]

    assert words(back) == words(there)[::-1]
    assert len(set(words(there))) > 1 and {e.event_type for e in there} == {e.event_type for e in back}
    if sort == "name":
        assert there[0].event_type == "OWN_ONE", "in any case of letters"


def test_what_has_no_traffic_is_folded_where_nothing_is_narrowed(busy: Actor) -> None:
    folded = page(busy, by_activity=True, fold_without_traffic=True)
    assert [e.event_type for e in folded.entries] == ["TAG_APPLIED", "NOTE_CREATED", "TICKET_CLOSED"]
    assert (folded.total, folded.without_traffic, folded.deprecated) == (3, 151, 1)
    narrowed = page(busy, by_activity=True, fold_without_traffic=True, category="Tags")
    assert narrowed.entries[0].event_type == "TAG_APPLIED" and narrowed.total == 4
    assert narrowed.without_traffic == 0


def test_where_nothing_has_traffic_nothing_is_folded(new_actor: ActorFactory) -> None:
    every = page(new_actor(), by_activity=True, fold_without_traffic=True)
    assert (every.total, every.without_traffic) == (154, 0)


def test_traffic_narrows(busy: Actor) -> None:
    assert types(busy, traffic="with", by_activity=True) == ["TAG_APPLIED", "NOTE_CREATED", "TICKET_CLOSED"]
    assert types(busy, traffic="stopped") == ["TAG_REMOVED"]
    without = page(busy, traffic="without", page_size=500)
    assert without.total == 152, "with the deprecated one, as it is narrowed"
    assert not {"TAG_APPLIED", "NOTE_CREATED", "TICKET_CLOSED"} & {e.event_type for e in without.entries}


def test_the_sums_are_those_of_the_tenant(db: Database, busy: Actor, new_actor: ActorFactory) -> None:
    add_event(db, new_actor().tenant, "TAG_APPLIED", NOW - timedelta(hours=1))
    found = read(busy)
    assert found.events.total == 6 and found.events_before.total == 2
    assert (found.runs.runs, found.runs.failed, found.runs_before.failed) == (4, 2, 1)
    assert sorted(found.busy) == ["NOTE_CREATED", "TAG_APPLIED", "TICKET_CLOSED"] and found.stopped == ["TAG_REMOVED"]
    assert found.by_type["TAG_APPLIED"].events == EventCounts(3, 0, 3, 0)


def test_skipped_are_events_that_a_workflow_did_not_take(db: Database, busy: Actor) -> None:
    workflow = publish(db, busy, "TAG_APPLIED")
    one, two, three, old = (
        add_event(db, busy.tenant, "TAG_APPLIED", at)
        for at in (
            NOW - timedelta(hours=2),
            NOW - timedelta(hours=3),
            NOW - timedelta(hours=4),
            NOW - timedelta(days=8),
        )
    )
    add_match(db, busy, one, 1, "paused", workflow)
    add_match(db, busy, one, 2, "no_mapping", workflow)  # counts once
    add_match(db, busy, two, 1, "paused", workflow)
    add_match(db, busy, three, 1, "no_workflow", None)  # nothing was attached yet
    add_match(db, busy, old, 1, "paused", workflow)
    assert read(busy).skipped == {"no_mapping": 1, "paused": 1}


def test_a_tenant_without_anything_has_no_traffic(new_actor: ActorFactory) -> None:
    found = read(new_actor())
    assert found == Traffic() and found.events.total == 0 and found.runs.success_rate is None

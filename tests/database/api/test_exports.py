"""A link to a file is good for one download within minutes, in any process, to the person who asked for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import text
from starlette.requests import Request
from starlette.testclient import TestClient

from lib import api, database
from lib.api import exports
from lib.auth import downloads, sessions
from lib.auth.actors import Actor
from lib.auth.audit_trail import AuditFilters
from lib.auth.sessions import Identity
from lib.catalog.entries import CatalogFilters
from lib.database import Database
from lib.errors import SignInRefused, SignInUnavailable
from lib.events.activity import EventFilters
from lib.settings import settings
from tests.conftest import ActorFactory
from tests.database.auth.test_sessions import begin, enter, identity_of
from tests.support.api_client import check_described
from tests.support.tickets import event_ticket
from tests.support.waiting import PATIENCE

GONE = "Open Export again"


def client(presented: exports.Presented | None = None) -> TestClient:
    """A web process: what it keeps in memory is its own."""
    return TestClient(api.application(per_second=1e6, burst=1, presented=presented))


def exported(db: Database, actor: Actor) -> int:
    count = text("SELECT count(*) FROM audit_logs WHERE tenant = :t AND action = 'export.started'")
    with db.owner.connect() as conn:
        return int(conn.execute(count, {"t": actor.tenant}).scalar_one())


def kept(db: Database, actor: Actor) -> int:
    with db.owner.connect() as conn:
        count = text("SELECT count(*) FROM export_tickets WHERE tenant = :t")
        return int(conn.execute(count, {"t": actor.tenant}).scalar_one())


def test_a_link_is_good_for_one_download_whichever_process_answers(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    link = f"/api/v2/exports/{event_ticket(actor)}"
    assert client().get(link).status_code == 200
    for _ in range(2):
        again = client().get(link)
        check_described("GET", "/api/v2/exports/{ticket}", again)
        assert again.status_code == 410 and GONE in again.json()["detail"]
        person = client().get(link, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        check_described("GET", "/api/v2/exports/{ticket}", person)
        assert person.status_code == 410 and person.text == again.json()["detail"]
    assert exported(db, actor) == 1 and kept(db, actor) == 0


def test_of_many_at_the_same_moment_one_gets_the_file(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    link = f"/api/v2/exports/{event_ticket(actor)}"
    together = threading.Barrier(8)

    def fetch(_: int) -> int:
        together.wait(PATIENCE)
        return client().get(link).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(fetch, range(8)))
    assert statuses == [200] + [410] * 7 and exported(db, actor) == 1


@pytest.mark.parametrize("other", ["%20", "x" * 43, f"{'0' * 32}_{'x' * 43}", "%00", "é", "a" * 5000])
def test_what_is_no_ticket_reads_the_same(other: str, db: Database) -> None:
    response = client().get(f"/api/v2/exports/{other}")
    assert response.status_code == 410 and GONE in response.json()["detail"]


def test_another_tenants_name_on_a_ticket_finds_nothing(new_actor: ActorFactory) -> None:
    ours, theirs = new_actor("read"), new_actor("read")
    secret = event_ticket(ours).partition("_")[2]
    assert client().get(f"/api/v2/exports/{theirs.tenant.hex}_{secret}").status_code == 410


def test_a_ticket_ends_and_is_removed(db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = new_actor("read")
    monkeypatch.setattr(downloads, "GOOD_FOR", timedelta(seconds=-1))
    ended = event_ticket(actor)
    monkeypatch.undo()
    good = event_ticket(actor)
    assert client().get(f"/api/v2/exports/{ended}").status_code == 410
    with database.operate() as conn:
        downloads.forget_ended(conn)
    assert kept(db, actor) == 1 and client().get(f"/api/v2/exports/{good}").status_code == 200


def test_looking_at_a_link_does_not_use_it_up(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    link = f"/api/v2/exports/{event_ticket(actor)}"
    head = client().head(link)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["accept-ranges"] == "none" and "attachment" in head.headers["content-disposition"]
    for ahead in ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}):
        assert client().get(link, headers=ahead).status_code == 503
    assert exported(db, actor) == 0
    whole = client().get(link, headers={"Range": "bytes=1-5"})
    assert whole.status_code == 200 and "event_id,event_name" in whole.text
    assert client().head(link).status_code == 410


def test_filters_that_cannot_be_used_leave_the_link_good(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    link = f"/api/v2/exports/{event_ticket(actor, EventFilters(path='a..b', value='1'))}"
    for _ in range(2):
        assert client().get(link).status_code == 400
    assert exported(db, actor) == 0 and kept(db, actor) == 1


@given(st.builds(EventFilters) | st.builds(AuditFilters) | st.builds(CatalogFilters) | st.none())
def test_a_ticket_keeps_its_filters_as_they_are(new_actor: ActorFactory, filters: object) -> None:
    actor = new_actor("read")
    with database.write(actor) as conn:
        given = downloads.ticket(
            conn, actor, kind="events", name="a", form="csv", narrowed={"path": "a"}, filters=filters
        )
    asked = downloads.of_ticket(given)
    assert TypeAdapter(type(filters) if filters else None).validate_python(asked.download.filters) == filters
    assert (asked.person.user_id, asked.download.narrowed) == (actor.user_id, "path a")


def test_a_person_who_left_gets_nothing(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    link = f"/api/v2/exports/{event_ticket(actor)}"
    with db.owner.begin() as conn:
        conn.execute(text("DELETE FROM memberships WHERE user_id = :u"), {"u": actor.user_id})
    assert client().get(link).status_code == 410


@pytest.fixture
def signing_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings(), "auth", "oidc")
    yield


@pytest.mark.usefixtures("signing_in")
def test_only_the_person_who_asked_gets_it_while_they_are_signed_in(db: Database, new_actor: ActorFactory) -> None:
    ada = new_actor("read")
    ben = new_actor("admin", tenant=ada.tenant)
    hers, hers_elsewhere, his, unknown = (identity_of(one) for one in (ada, ada, ben, ada))
    for person, identity in ((ada, hers), (ada, hers_elsewhere), (ben, his)):
        begin(identity)
        enter(person, identity)
    link = f"/api/v2/exports/{event_ticket(ada)}"
    for nobody in (None, his, unknown):
        refused = client(lambda _, nobody=nobody: nobody).get(link)  # type: ignore[misc]
        check_described("GET", "/api/v2/exports/{ticket}", refused)
        assert refused.status_code == 403 and "whoever asked for it" in refused.json()["detail"]
    assert client().get(link).status_code == 403, "nothing tells who is signed in"
    assert client(raising(SignInRefused())).get(link).status_code == 403
    assert client(raising(SignInUnavailable())).get(link).status_code == 503
    with database.operate() as conn:
        sessions.sign_out(conn, proof=hers_elsewhere.proof)
    assert client(lambda _: hers_elsewhere).get(link).status_code == 403
    assert exported(db, ada) == 0
    assert client(lambda _: hers).get(link).status_code == 200
    assert client(lambda _: hers).get(link).status_code == 410


@pytest.mark.usefixtures("signing_in")
def test_a_session_that_an_admin_ended_gets_nothing(new_actor: ActorFactory) -> None:
    ada = new_actor("read")
    ben = new_actor("admin", tenant=ada.tenant)
    begin(identity := identity_of(ada))
    session = enter(ada, identity)
    link = f"/api/v2/exports/{event_ticket(ada)}"
    with database.write(ben) as conn:
        sessions.end(conn, ben, session=session)
    assert client(lambda _: identity).get(link).status_code == 403


def raising(error: Exception) -> exports.Presented:
    def presented(_: Request) -> Identity:
        raise error

    return presented

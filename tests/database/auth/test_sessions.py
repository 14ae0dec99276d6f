"""A sign-in stands until it is signed out of, ended, too old or unused for long; what is in one tenant stays there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.auth import sessions
from lib.auth.actors import Actor
from lib.auth.sessions import Identity, Session, SignIn
from lib.database import Connection, Database
from lib.errors import NotFound, PermissionDenied
from lib.settings import Settings
from tests.conftest import ActorFactory
from tests.support.waiting import PATIENCE

SETTINGS = Settings(session_hours=12, session_idle_hours=2)


def identity_of(actor: Actor, **other: Any) -> Identity:
    given = Identity(
        proof=uuid4().bytes, email=actor.email, is_verified=True, name="Ada Admin", issued_at=datetime.now(UTC)
    )
    return replace(given, **other)


def begin(identity: Identity) -> None:
    with database.operate() as conn:
        sessions.begin(conn, identity=identity, settings=SETTINGS)


def stands(identity: Identity, *, tenant: UUID | None = None, in_use: bool = True, later: str = "") -> SignIn | None:
    with database.write(sessions.NOBODY) as conn:
        _go_on(conn, later)
        return sessions.signed_in(conn, proof=identity.proof, tenant=tenant, in_use=in_use, settings=SETTINGS)


def state(identity: Identity, **how: Any) -> str | None:
    found = stands(identity, **how)
    return found and found.state


def _go_on(conn: Connection, later: str) -> None:
    if later:
        conn.execute(text("SELECT set_config('app.now', (now() + CAST(:l AS interval))::text, true)"), {"l": later})


def enter(actor: Actor, identity: Identity) -> Session:
    with database.write(actor) as conn:
        found = stands(identity)
        assert found
        sessions.enter(conn, actor, sign_in=found, address="203.0.113.7", browser="Firefox on Linux")
    return next(one for one in listed(actor, user_id=actor.user_id) if one.sign_in_id == found.sign_in_id)


def listed(actor: Actor, *, user_id: UUID | None = None) -> list[Session]:
    with database.read(actor) as conn:
        return sessions.sessions(conn, actor, settings=SETTINGS, user_id=user_id)


def end(actor: Actor, session: Session) -> None:
    with database.write(actor) as conn:
        sessions.end(conn, actor, session=session)


def end_own(actor: Actor, session: Session) -> None:
    with database.operate() as conn:
        sessions.end_own(conn, actor, session=session)


def trail(db: Database, tenant: UUID) -> list[str]:
    with db.owner.connect() as conn:
        statement = text("SELECT action || ' by ' || email FROM audit_logs WHERE tenant = :t ORDER BY audit_id")
        return list(conn.execute(statement, {"t": tenant}).scalars())


@pytest.fixture
def ada(new_actor: ActorFactory) -> Actor:
    return new_actor("admin", name="Acme")


@pytest.fixture
def signed(ada: Actor) -> Identity:
    identity = identity_of(ada)
    begin(identity)
    return identity


def also_in_another_tenant(db: Database, actor: Actor, permission: str = "read") -> Actor:
    tenant = uuid4()
    with db.owner.begin() as conn:
        conn.execute(text("INSERT INTO tenants (tenant, name) VALUES (:t, 'Elsewhere')"), {"t": tenant})
        conn.execute(
            text("INSERT INTO memberships (tenant, user_id, permission) VALUES (:t, :u, :p)"),
            {"t": tenant, "u": actor.user_id, "p": permission},
        )
    return replace(actor, tenant=tenant, permission=permission)


def test_a_verified_address_of_a_member_begins_a_sign_in(ada: Actor) -> None:
    identity = identity_of(ada)
    assert stands(identity) is None
    begin(identity)
    found = stands(identity)
    assert found and found.state == "open"
    assert [(one.actor(), one.tenant_name) for one in found.memberships] == [(ada, "Acme")]
    assert not found.closed and not found.entered


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("ada@example.com", "ADA@Example.com"),
        ("ADA@example.com", "ada@example.com"),
        ("Zo\u00eb@example.com", "zoe\u0308@EXAMPLE.com"),  # composed, and e with a diaeresis of its own
    ],
)
@pytest.mark.own_database
def test_an_address_is_the_same_in_any_case_and_composition(
    db: Database, new_actor: ActorFactory, stored: str, said: str
) -> None:
    actor = new_actor("read")
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE users SET email = :e WHERE user_id = :u"), {"e": stored, "u": actor.user_id})
    identity = identity_of(actor, email=said)
    begin(identity)
    assert state(identity) == "open"


def test_nobody_else_begins_one(db: Database, ada: Actor) -> None:
    unknown = identity_of(ada, email="stranger@example.com")
    unverified = identity_of(ada, is_verified=False)
    without_tenant = identity_of(ada, email=f"{uuid4()}@example.com")
    with db.owner.begin() as conn:
        conn.execute(text("INSERT INTO users (email, name) VALUES (:e, 'x')"), {"e": without_tenant.email})
    for identity in (unknown, unverified, without_tenant, identity_of(ada, email="")):
        begin(identity)
        assert stands(identity) is None


def test_an_invited_person_gets_the_name_that_their_provider_knows(db: Database, ada: Actor, signed: Identity) -> None:
    found = stands(signed)
    assert found and found.memberships[0].name == "Ada Admin"
    begin(identity_of(ada, name="Somebody Else"))
    found = stands(signed)
    assert found and found.memberships[0].name == "Ada Admin"


def test_a_sign_in_is_over_after_its_hours_and_when_unused(signed: Identity) -> None:
    assert state(signed, later="119 minutes", in_use=False) == "open"
    assert state(signed, later="2 hours", in_use=False) == "idle"
    for hours in range(1, 12):
        assert state(signed, later=f"{hours} hours") == "open"  # and it counts as used
    assert state(signed, later="12 hours") == "expired"
    assert state(signed, later="13 hours") == "expired"


def test_what_is_drawn_by_itself_does_not_count_as_use(signed: Identity) -> None:
    for minutes in (30, 60, 90):
        assert state(signed, later=f"{minutes} minutes", in_use=False) == "open"
    assert state(signed, later="2 hours", in_use=False) == "idle"


def test_a_cookie_is_dead_after_signing_out(signed: Identity) -> None:
    with database.operate() as conn:
        sessions.sign_out(conn, proof=signed.proof)
    begin(signed)
    assert state(signed) == "ended"


def test_a_cookie_that_was_kept_begins_nothing(db: Database, ada: Actor) -> None:
    old = identity_of(ada, issued_at=datetime.now(UTC) - timedelta(hours=2, seconds=1))
    begin(old)
    assert stands(old) is None
    begin(identity := identity_of(ada, issued_at=datetime.now(UTC) - timedelta(hours=1, minutes=59)))
    assert state(identity) == "open"


def test_what_a_proxy_issued_before_a_sign_in_was_ended_begins_nothing(ada: Actor) -> None:
    hours_ago = datetime.now(UTC) - timedelta(hours=9)
    first = identity_of(ada, is_reissued=True, issued_at=hours_ago)
    begin(first)
    assert state(first) == "open"  # the proxy's token is good for as long as it says
    with database.operate() as conn:
        sessions.sign_out(conn, proof=first.proof)
    begin(again := replace(first, proof=uuid4().bytes))
    assert stands(again) is None
    begin(later := identity_of(ada, is_reissued=True, issued_at=datetime.now(UTC) + timedelta(seconds=1)))
    assert state(later) == "open"


def test_a_changed_permission_and_a_lost_membership_are_told_at_once(
    db: Database, ada: Actor, signed: Identity
) -> None:
    change = text("UPDATE memberships SET permission = 'read' WHERE user_id = :u")
    with db.owner.begin() as conn:
        conn.execute(change, {"u": ada.user_id})
    found = stands(signed)
    assert found and [one.permission for one in found.memberships] == ["read"]
    with db.owner.begin() as conn:
        conn.execute(text("DELETE FROM memberships WHERE user_id = :u"), {"u": ada.user_id})
    found = stands(signed)
    assert found and found.memberships == ()


def test_an_admin_ends_a_session_in_their_tenant_alone(db: Database, new_actor: ActorFactory, ada: Actor) -> None:
    person = new_actor("read", tenant=ada.tenant)
    elsewhere = also_in_another_tenant(db, person)
    begin(identity := identity_of(person))
    here, there = enter(person, identity), enter(elsewhere, identity)
    end(ada, here)
    found = stands(identity)
    assert found and found.state == "open" and found.closed == {ada.tenant}
    assert listed(ada) == [] and listed(elsewhere, user_id=person.user_id) == [there]
    assert trail(db, ada.tenant)[-1] == f"session.ended by {ada.email}"
    with pytest.raises(NotFound):
        end(ada, here)


def test_ones_own_session_ends_with_the_sign_in_everywhere(db: Database, ada: Actor, signed: Identity) -> None:
    elsewhere = also_in_another_tenant(db, ada)
    here = enter(ada, signed)
    enter(elsewhere, signed)
    end_own(ada, here)
    assert state(signed) == "ended"
    assert listed(ada) == listed(elsewhere, user_id=ada.user_id) == []
    for tenant in (ada.tenant, elsewhere.tenant):
        assert trail(db, tenant) == [f"session.started by {ada.email}", f"session.ended by {ada.email}"]
    with pytest.raises(NotFound):
        end_own(ada, here)


def test_signing_out_is_told_in_the_trail_of_each_tenant(db: Database, ada: Actor, signed: Identity) -> None:
    elsewhere = also_in_another_tenant(db, ada)
    enter(ada, signed)
    enter(elsewhere, signed)
    with database.operate() as conn:
        sessions.sign_out(conn, proof=signed.proof)
        sessions.sign_out(conn, proof=signed.proof)
    for tenant in (ada.tenant, elsewhere.tenant):
        assert trail(db, tenant) == [f"session.started by {ada.email}", f"session.ended by {ada.email}"]


def test_sessions_of_others_are_for_admins_and_of_their_tenant(new_actor: ActorFactory, ada: Actor) -> None:
    reader, stranger = new_actor("read", tenant=ada.tenant), new_actor("admin", name="Beta")
    begin(identity := identity_of(reader))
    session = enter(reader, identity)
    assert listed(ada) == listed(ada, user_id=reader.user_id) == listed(reader, user_id=reader.user_id) == [session]
    assert (session.address, session.browser, session.email) == ("203.0.113.7", "Firefox on Linux", reader.email)
    assert listed(stranger) == listed(stranger, user_id=reader.user_id) == []
    with pytest.raises(PermissionDenied):
        listed(reader)
    other = new_actor("manage", tenant=ada.tenant)
    with pytest.raises(PermissionDenied):
        end(other, session)
    with pytest.raises(NotFound):
        end(stranger, session)
    assert state(identity) == "open"


def test_who_claims_a_session_as_their_own_ends_nothing(new_actor: ActorFactory, ada: Actor) -> None:
    reader, other = new_actor("read", tenant=ada.tenant), new_actor("read", tenant=ada.tenant)
    begin(identity := identity_of(reader))
    session = enter(reader, identity)
    with pytest.raises(NotFound):
        end_own(other, replace(session, user_id=other.user_id))
    assert state(identity) == "open" and listed(ada) == [session]


def test_a_removed_member_has_no_session_and_gets_another_when_they_are_back(
    db: Database, ada: Actor, signed: Identity
) -> None:
    first = enter(ada, signed)
    with db.owner.begin() as conn:
        conn.execute(text("DELETE FROM memberships WHERE user_id = :u"), {"u": ada.user_id})
        conn.execute(
            text("INSERT INTO memberships (tenant, user_id, permission) VALUES (:t, :u, 'admin')"),
            {"t": ada.tenant, "u": ada.user_id},
        )
    assert listed(ada) == []
    assert enter(ada, signed).session_id != first.session_id


def test_several_tabs_begin_one_sign_in_and_one_session(ada: Actor) -> None:
    identity = identity_of(ada)
    ready = threading.Barrier(4)
    failed: list[BaseException] = []

    def open_tab() -> None:
        try:
            ready.wait(PATIENCE)
            begin(identity)
            enter(ada, identity)
        except BaseException as error:
            failed.append(error)

    tabs = [threading.Thread(target=open_tab) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join(PATIENCE)
    assert not failed
    assert len(listed(ada)) == 1


def test_pages_cannot_read_sign_ins_or_change_sessions(ada: Actor, signed: Identity) -> None:
    enter(ada, signed)
    for statement in (
        "SELECT count(*) FROM sign_ins",
        "UPDATE sign_ins SET ended_at = NULL",
        "UPDATE sessions SET ended_at = NULL",
        "DELETE FROM sessions",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), database.write(ada) as conn:
            conn.exec_driver_sql(statement)


@contextmanager
def statements_counted(db: Database) -> Iterator[list[str]]:
    """The statements of pages meanwhile, without what begins a transaction."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(db.app, "before_cursor_execute", note)
    yield seen
    event.remove(db.app, "before_cursor_execute", note)


def test_a_look_is_one_statement_and_writes_once_a_minute(db: Database, ada: Actor, signed: Identity) -> None:
    session = enter(ada, signed)

    def written() -> tuple[Any, ...]:
        with db.owner.connect() as conn:
            statement = text("SELECT xmin::text, (SELECT xmin::text FROM sessions WHERE session_id = :s) FROM sign_ins")
            return tuple(conn.execute(text(f"{statement} WHERE sign_in_id = :i"), _ids(session)).one())

    with statements_counted(db) as seen:
        stands(signed, tenant=ada.tenant)
    assert len(seen) == 1
    before = written()
    for _ in range(5):
        stands(signed, tenant=ada.tenant, later="30 seconds")
    assert written() == before
    stands(signed, tenant=ada.tenant, later="61 seconds")
    assert all(old != new for old, new in zip(before, written(), strict=True))


def _ids(session: Session) -> dict[str, UUID]:
    return {"s": session.session_id, "i": session.sign_in_id}

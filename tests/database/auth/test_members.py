"""Members: who is let in, what they may, that a tenant keeps an admin, and that nobody reaches into another tenant."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from lib import database
from lib.auth import actors, members, preferences, tokens
from lib.auth.actors import Actor, Permission
from lib.database import Connection, Database
from lib.errors import CatalogError, ChangedMeanwhile, Conflict, InvalidInput, NotFound, PermissionDenied
from tests.conftest import ActorFactory
from tests.support.locks import await_waiting
from tests.support.waiting import PATIENCE


@pytest.fixture
def boss(new_actor: ActorFactory) -> Actor:
    return new_actor("admin", name="Acme")


def add(actor: Actor, email: str, *, name: str = "Someone", permission: Permission = "read") -> members.Member:
    with database.write(actor) as conn:
        return members.add(conn, actor, email=email, name=name, permission=permission)


def listed(actor: Actor) -> dict[str, members.Member]:
    with database.read(actor) as conn:
        return {one.email: one for one in members.members(conn, actor)}


def permissions(db: Database, tenant: UUID) -> list[str]:
    with db.owner.connect() as conn:
        query = text("SELECT permission FROM memberships WHERE tenant = :t ORDER BY permission")
        return list(conn.execute(query, {"t": tenant}).scalars())


def unique(local: str = "ada") -> str:
    return f"{local}-{uuid4().hex}@example.com"


def test_a_person_is_added_before_they_ever_sign_in(boss: Actor) -> None:
    email = unique()
    added = add(boss, f"  {email.upper()} ", name=" Ada Lovelace ", permission="manage")
    assert (added.email, added.name, added.permission, added.added_by) == (email, "Ada Lovelace", "manage", boss.email)
    assert added.added_at and listed(boss)[email] == added
    with pytest.raises(Conflict, match="belongs to this tenant already"):
        add(boss, email.capitalize(), permission="admin")
    assert listed(boss)[email].permission == "manage"


def test_one_address_is_one_person_however_it_is_typed(db: Database, boss: Actor, new_actor: ActorFactory) -> None:
    email = f"jos\N{LATIN SMALL LETTER E WITH ACUTE}-{uuid4().hex}@example.com"
    decomposed = email.replace("\N{LATIN SMALL LETTER E WITH ACUTE}", "e\N{COMBINING ACUTE ACCENT}")
    there = new_actor("admin")
    found = {add(boss, email).user_id, add(there, decomposed.upper()).user_id}
    assert len(found) == 1
    old = unique("Mixed.Case")  # from before addresses were folded
    with db.owner.begin() as conn:
        conn.execute(text("INSERT INTO users (email, name) VALUES (:e, 'Old')"), {"e": old})
    assert (add(boss, old.lower()).email, add(there, old.upper()).name) == (old, "Old")


def test_who_is_known_elsewhere_keeps_their_name(boss: Actor, new_actor: ActorFactory) -> None:
    email, there = unique(), new_actor("admin")
    add(there, email, name="Ada Lovelace")
    assert add(boss, email, name="Renamed").name == "Ada Lovelace"
    assert listed(there)[email].name == "Ada Lovelace"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"email": ""}, "e-mail"),
        ({"email": "ada"}, "e-mail"),
        ({"email": "ada@example"}, "e-mail"),
        ({"email": "a b@example.com"}, "e-mail"),
        ({"email": "Ada <ada@example.com>"}, "e-mail"),
        ({"email": "a@example.com, b@example.com"}, "e-mail"),
        ({"email": "a\0@example.com"}, "e-mail"),
        ({"email": f"{'a' * 250}@example.com"}, "e-mail"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"permission": "owner"}, "permission"),
    ],
)
def test_what_is_no_member_is_refused_by_its_name(options: dict[str, Any], field: str, boss: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(boss, **{"email": unique(), **options})
    assert refused.value.field == field
    assert len(listed(boss)) == 1


def test_a_removed_member_is_gone_with_what_they_preferred(db: Database, boss: Actor) -> None:
    member = add(boss, unique(), permission="admin")
    person = Actor(boss.tenant, member.user_id, member.email, "admin")
    with database.write(person) as conn:
        preferences.put(conn, person, name="view", value="list")
        token = tokens.create_token(conn, person, name="Desk", permission="read")
        kept = tokens.create_token(conn, boss, name="Other", permission="read")
    with database.write(boss) as conn:
        members.remove(conn, boss, user_id=member.user_id, end_tokens=True)
    assert member.email not in listed(boss)
    assert tokens.actor_for_token(token) is None and tokens.actor_for_token(kept)
    with db.owner.connect() as conn:
        query = text("SELECT detail FROM audit_logs WHERE tenant = :t AND action = 'member.removed'")
        [detail] = conn.execute(query, {"t": boss.tenant}).scalars()
    assert (detail["email"], detail["permission"], len(detail["endedTokens"])) == (member.email, "admin", 1)
    with pytest.raises(NotFound), database.write(boss) as conn:
        members.remove(conn, boss, user_id=member.user_id, end_tokens=True)


def test_tokens_of_a_removed_member_go_on_when_that_is_wanted(boss: Actor) -> None:
    member = add(boss, unique(), permission="admin")
    person = Actor(boss.tenant, member.user_id, member.email, "admin")
    with database.write(person) as conn:
        token = tokens.create_token(conn, person, name="Desk", permission="read")
    with database.write(boss) as conn:
        members.remove(conn, boss, user_id=member.user_id, end_tokens=False)
    assert tokens.actor_for_token(token)


# Never the last admin.

Act = Callable[[Connection, Actor, UUID], None]


def _demote(conn: Connection, actor: Actor, user_id: UUID) -> None:
    members.change_permission(conn, actor, user_id=user_id, permission="read")


def _remove(conn: Connection, actor: Actor, user_id: UUID) -> None:
    members.remove(conn, actor, user_id=user_id, end_tokens=True)


@pytest.mark.parametrize("act", [_demote, _remove])
def test_a_tenant_keeps_its_last_admin(act: Act, db: Database, boss: Actor, new_actor: ActorFactory) -> None:
    new_actor("manage", tenant=boss.tenant)
    operator = Actor(boss.tenant, actors.OPERATOR, "operator", "admin")
    for who in (boss, operator):
        with pytest.raises(Conflict, match="last admin"), database.write(who) as conn:
            act(conn, who, boss.user_id)
    second = add(boss, unique(), permission="admin")
    with database.write(boss) as conn:
        act(conn, boss, boss.user_id)
    assert permissions(db, boss.tenant).count("admin") == 1
    assert [one.user_id for one in _admin_rows(second, boss)] == [second.user_id]


def _admin_rows(member: members.Member, boss: Actor) -> list[members.Member]:
    person = Actor(boss.tenant, member.user_id, member.email, "admin")
    return [one for one in listed(person).values() if one.permission == "admin"]


@pytest.mark.parametrize("second_act", [_demote, _remove])
@pytest.mark.parametrize("first_act", [_demote, _remove])
def test_two_admins_cannot_end_each_other_at_once(
    first_act: Act, second_act: Act, db: Database, boss: Actor, new_actor: ActorFactory
) -> None:
    other = new_actor("admin", tenant=boss.tenant)
    with ThreadPoolExecutor(1) as pool:
        with database.write(boss) as conn:
            first_act(conn, boss, other.user_id)
            late = pool.submit(_tried, other, second_act, boss.user_id)
            await_waiting(db)
        refused = late.result(PATIENCE)
    assert isinstance(refused, PermissionDenied) and "no longer an admin" in str(refused)
    assert permissions(db, boss.tenant).count("admin") == 1


def test_two_admins_cannot_both_leave_at_once(db: Database, boss: Actor, new_actor: ActorFactory) -> None:
    other = new_actor("admin", tenant=boss.tenant)
    with ThreadPoolExecutor(1) as pool:
        with database.write(boss) as conn:
            _remove(conn, boss, boss.user_id)
            late = pool.submit(_tried, other, _remove, other.user_id)
            await_waiting(db)
        assert isinstance(late.result(PATIENCE), Conflict)
    assert permissions(db, boss.tenant) == ["admin"]


def _tried(actor: Actor, act: Act, user_id: UUID) -> CatalogError | None:
    try:
        with database.write(actor) as conn:
            act(conn, actor, user_id)
    except CatalogError as error:
        return error
    return None


# Walls.


def test_a_permission_that_is_another_than_was_looked_at_stays(boss: Actor) -> None:
    ada = add(boss, unique(), name="Ada")
    with database.write(boss) as conn:
        members.change_permission(conn, boss, user_id=ada.user_id, permission="admin")
    with pytest.raises(ChangedMeanwhile, match=r"^What Ada may do was changed"), database.write(boss) as conn:
        members.change_permission(conn, boss, user_id=ada.user_id, permission="manage", expected="read")
    assert listed(boss)[ada.email].permission == "admin"
    with database.write(boss) as conn:
        members.change_permission(conn, boss, user_id=ada.user_id, permission="manage", expected="admin")
    assert listed(boss)[ada.email].permission == "manage"


def test_only_an_admin_sees_and_changes_members(boss: Actor, new_actor: ActorFactory) -> None:
    for permission in ("read", "manage"):
        person = new_actor(permission, tenant=boss.tenant)
        for call in (
            lambda conn, who: members.members(conn, who),
            lambda conn, who: members.add(conn, who, email=unique(), name="x", permission="read"),
            lambda conn, who: _demote(conn, who, boss.user_id),
            lambda conn, who: _remove(conn, who, boss.user_id),
        ):
            with pytest.raises(PermissionDenied, match="you need admin"), database.write(person) as conn:
                call(conn, person)
        stale = Actor(person.tenant, person.user_id, person.email, "admin")  # of a session from before
        with pytest.raises(PermissionDenied, match="no longer an admin"), database.write(stale) as conn:
            _demote(conn, stale, boss.user_id)


@pytest.mark.parametrize("act", [_demote, _remove])
def test_another_tenants_member_is_no_member(act: Act, db: Database, boss: Actor, new_actor: ActorFactory) -> None:
    there = new_actor("admin")
    new_actor("admin", tenant=there.tenant)
    said = []
    for wanted in (there.user_id, uuid4()):
        with pytest.raises(NotFound) as refused, database.write(boss) as conn:
            act(conn, boss, wanted)
        said.append(str(refused.value))
    assert said[0] == said[1] and permissions(db, there.tenant) == ["admin", "admin"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO users (email, name) VALUES ('x@example.com', 'x')",
        "UPDATE users SET name = 'x'",
        "DELETE FROM users",
        "INSERT INTO memberships (tenant, user_id, permission) SELECT tenant, user_id, 'admin' FROM memberships",
        "UPDATE memberships SET user_id = gen_random_uuid()",
        "UPDATE memberships SET tenant = gen_random_uuid()",
        "SELECT app_add_member('x@example.com', 'x', 'owner', NULL)",
        "UPDATE api_tokens SET token_hash = 'x'",
        "UPDATE api_tokens SET created_by = gen_random_uuid()",
        "DELETE FROM api_tokens",
    ],
)
def test_the_pages_role_has_no_further_power_over_people(statement: str, db: Database, boss: Actor) -> None:
    with pytest.raises((ProgrammingError, IntegrityError)), database.write(boss) as conn:
        conn.execute(text(statement))


def test_the_pages_role_changes_its_own_tenants_members_alone(
    db: Database, boss: Actor, new_actor: ActorFactory
) -> None:
    there = new_actor("admin")
    with database.write(boss) as conn:
        conn.execute(text("UPDATE memberships SET permission = 'read'"))
        conn.execute(text("DELETE FROM memberships"))
        conn.execute(text("SELECT app_add_member('own@example.com', 'x', 'read', NULL)"))
    assert permissions(db, there.tenant) == ["admin"] and permissions(db, boss.tenant) == ["read"]
    nobody = Actor(uuid4(), uuid4(), "x", "admin")
    with pytest.raises(IntegrityError), database.write(nobody) as conn:
        conn.execute(text("SELECT app_add_member('own@example.com', 'x', 'read', NULL)"))


# Whom to ask.


def test_a_refusal_names_whom_to_ask(boss: Actor, new_actor: ActorFactory) -> None:
    for number in range(4):
        add(boss, unique(), name=f"Admin {number}", permission="admin")
    reader = new_actor("read", tenant=boss.tenant)
    with database.read(reader) as conn:
        found = members.admins(conn, tenant=reader.tenant)
        foreign = members.admins(conn, tenant=new_actor("admin").tenant)
    assert found.sentence == "Ask an admin of Acme (Admin 0, Admin 1, Admin 2 and 2 more)."
    assert foreign == members.Admins("this tenant", ())
    asking = Actor(reader.tenant, reader.user_id, reader.email, "read", ask=found.sentence)
    assert asking == reader, "whom to ask is no part of who somebody is"
    with pytest.raises(PermissionDenied, match=r"you need admin\. Ask an admin of Acme \(Admin 0"):
        asking.require("admin", "a test")
    assert get_args(Permission) == ("read", "manage", "admin")

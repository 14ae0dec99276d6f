"""Permissions are ranked, and a refusal is a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from lib import database
from lib.auth import __main__ as command
from lib.auth import actors, members, preferences, tokens
from lib.auth.actors import Actor, Permission
from lib.database import Database
from lib.errors import CatalogError, PermissionDenied
from tests.conftest import ActorFactory

RANKS = ("read", "manage", "admin")


@pytest.mark.parametrize("has", RANKS)
@pytest.mark.parametrize("needs", RANKS)
def test_read_before_manage_before_admin(has: Permission, needs: Permission) -> None:
    assert get_args(Permission) == RANKS
    actor = Actor(actors.UUID(int=1), actors.UUID(int=2), "x@example.com", has)
    if RANKS.index(has) >= RANKS.index(needs):
        actor.require(needs, "a test")
    else:
        with pytest.raises(PermissionDenied, match=f"You have {has} permission; to .* you need {needs}"):
            actor.require(needs, "a test")


def test_preferences_are_each_persons_own(new_actor: ActorFactory) -> None:
    one = new_actor("read")
    other = new_actor("read", tenant=one.tenant)
    with database.write(one) as conn:
        preferences.put(conn, one, name="view", value="list")
        preferences.put(conn, one, name="view", value={"now": 1})
    with database.read(one) as conn:
        assert preferences.get(conn, one, name="view") == {"now": 1}
        assert preferences.get(conn, other, name="view", default="grid") == "grid"


@pytest.mark.own_database
def test_what_the_command_changes_is_in_the_trail(db: Database, repository: object) -> None:
    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lib.auth", *arguments],
            cwd=str(repository),
            env={"DATABASE_URL": db.owner.url.render_as_string(hide_password=False), "AUTH": "off", "PATH": ""},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    command("tenant", "Acme Ltd", "Boss@Acme.example", "--time-zone", "Europe/Berlin")
    with database.operate() as conn:
        added = actors.memberships(conn)
    assert [(m.tenant_name, m.email, m.permission) for m in added] == [("Acme Ltd", "boss@acme.example", "admin")]
    command("token", "--tenant", "Acme Ltd", "--permission", "read", "--name", "one")
    command("rotate", "--tenant", "Acme Ltd", "--name", "one", "--overlap", "0h")
    command("revoke", "--tenant", "Acme Ltd", "--name", "one")
    with db.owner.connect() as conn:
        rows = conn.exec_driver_sql("SELECT * FROM audit_logs ORDER BY audit_id").all()
    assert [row.action for row in rows] == [
        "tenant.added",
        "member.added",
        "api_token.created",
        "api_token.rotated",
        "api_token.revoked",
    ]
    assert {(row.tenant, row.email, row.origin) for row in rows} == {(added[0].tenant, "operator", "command")}
    assert rows[0].detail == {"name": "Acme Ltd", "timeZone": "Europe/Berlin"}
    assert (rows[1].target_id, rows[1].detail["email"]) == (str(added[0].user_id), "boss@acme.example")
    assert command("verify") == "Acme Ltd: 5 rows, sound.\n"


def test_a_token_that_nobody_gets_to_see_is_not_made(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = new_actor("admin")
    with database.write(boss) as conn:
        tokens.create_token(conn, boss, name="Desk", permission="manage")
    monkeypatch.setattr(database, "start", lambda settings: db)
    monkeypatch.setattr(database, "stop", lambda: None)
    for arguments in (["token", "--send-only"], ["rotate", "--name", "Desk"]):
        with Path("/dev/full").open("w") as full, monkeypatch.context() as patched, pytest.raises(SystemExit) as end:
            patched.setattr(sys, "stdout", full)
            command.main([*arguments, "--tenant", str(boss.tenant)])
        assert end.value.code == 2
    with database.read(boss) as conn:
        [kept] = tokens.tokens(conn, boss)
    assert kept.name == "Desk" and kept.terms.expires_at is None


@pytest.mark.own_database
def test_a_tenant_gets_a_name_of_its_own_and_an_address_to_sign_in_with(db: Database) -> None:
    def added(name: str, email: str, **given: str) -> str:
        with database.operate() as conn:
            try:
                members.add_tenant(conn, name=name, email=email, by=actors.operator, **({"time_zone": "UTC"} | given))
            except CatalogError as error:
                return str(error)
        return ""

    assert added("Acme Ltd", "boss@acme.example") == ""
    for refused, why in (
        (added(" ", "boss@acme.example"), "name: must have 1 to 100 characters"),
        (added("N" * 101, "boss@acme.example"), "name: must have 1 to 100 characters"),
        (added("Be\nta", "boss@acme.example"), "name: must be on one line, without control characters"),
        (added("\u200b", "boss@acme.example"), "name: must have a character that can be seen"),
        (added("Beta", "boss"), "e-mail: must be an address such as ada@example.com"),
        (added(" acme LTD", "boss@acme.example"), "There is a tenant acme LTD already."),
        (added("Beta", "boss@acme.example", time_zone="Mars"), "time-zone: must be an IANA name"),
    ):
        assert why in refused
    with database.operate() as conn:
        assert [(m.tenant_name, m.email) for m in actors.memberships(conn)] == [("Acme Ltd", "boss@acme.example")]


@pytest.mark.own_database
def test_the_first_admin_of_another_tenant_keeps_their_name(db: Database) -> None:
    with database.operate() as conn:
        first = actors.add_tenant(conn, name="First")
        actors.add_member(conn, tenant=first, email="ada@acme.example", name="Ada Admin", permission="admin")
        members.add_tenant(conn, name="Second", email="Ada@acme.example", time_zone="UTC", by=actors.operator)
        assert [m.name for m in actors.memberships(conn)] == ["Ada Admin", "Ada Admin"]

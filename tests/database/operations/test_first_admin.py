"""Somebody is there to begin with: the first admin where people sign in, and somebody to act as where nobody does."""

from __future__ import annotations

from typing import Any

import pytest

from lib import database
from lib.auth import actors
from lib.database import Database
from lib.operations import startup
from lib.settings import Settings

pytestmark = pytest.mark.own_database

BOSS = "boss@example.com"


def people(**given: Any) -> list[tuple[str, str, str]]:
    """Who is there after a start with these settings."""
    with database.operate() as conn:
        startup._add_first_admin(conn, Settings(_env_file=None, **given))  # type: ignore[call-arg]
        return [(one.tenant_name, one.email, one.permission) for one in actors.memberships(conn)]


def member(tenant: str, email: str, *, is_demo: bool = False) -> None:
    with database.operate() as conn:
        made = actors.add_tenant(conn, name=tenant, is_demo=is_demo)
        actors.add_member(conn, tenant=made, email=email, name=email, permission="admin")


@pytest.mark.parametrize("auth", ["oidc", "proxy"])
def test_the_first_admin_gets_a_tenant_once(db: Database, auth: str) -> None:
    expected = [("My workspace", BOSS, "admin")]
    assert people(auth=auth, first_admin=BOSS) == people(auth=auth, first_admin=BOSS) == expected
    assert people(auth=auth, first_admin="another@example.com") == expected


def test_invented_people_do_not_count_and_stay_alone(db: Database) -> None:
    member("Invented", "ada@invented.example", is_demo=True)
    found = people(auth="oidc", first_admin=BOSS)
    assert set(found) == {("Invented", "ada@invented.example", "admin"), ("My workspace", BOSS, "admin")}


def test_nobody_is_added_where_there_is_an_admin(db: Database) -> None:
    member("Acme", "ada@example.com")
    assert people(auth="oidc", first_admin=BOSS) == [("Acme", "ada@example.com", "admin")]


def test_the_first_admin_takes_over_what_was_tried_without_sign_in(db: Database) -> None:
    assert people() == [("My workspace", "admin@localhost", "admin")]
    assert set(people(auth="oidc", first_admin=BOSS)) == {
        ("My workspace", "admin@localhost", "admin"),
        ("My workspace", BOSS, "admin"),
    }


def test_without_a_first_admin_the_log_says_how_to_begin(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    assert people(auth="oidc") == []
    assert "FIRST_ADMIN" in caplog.text
    assert people(auth="off", database_url="postgresql://db.example.com/x") == []

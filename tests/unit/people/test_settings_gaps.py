"""What is not set up is said, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from lib.auth.members import Member
from lib.auth.tokens import Token, TokenTerms
from lib.settings import Settings
from lib.ui.people.settings_gaps import gaps

NOW = datetime.now(UTC)
DONE: dict[str, Any] = {"database_url": None, "auth": None, "egress_allow": "x.example", "retention_days": 9}


def member(permission: Any) -> Member:
    return Member(uuid4(), "a@example.com", "A", permission, None, None)


def token(**state: Any) -> Token:
    return Token(
        **{
            "token_id": uuid4(),
            "terms": TokenTerms("x", "read"),
            "created_at": NOW,
            "created_by": None,
            "created_by_id": None,
            "last_used_at": None,
            "revoked_at": None,
            "replaces": None,
            "has_expired": False,
            **state,
        }
    )


def titles(people: list[Member], made: list[Token], **settings: Any) -> list[str]:
    return [gap.title for gap in gaps(people, made, Settings(**{**DONE, **settings}), now=NOW)]


def test_nothing_is_said_where_all_is_set_up() -> None:
    people = [member("admin"), member("admin")]
    assert titles(people, [token()]) == []
    assert titles(people, [token()], auth="off") == [], "the embedded database is for trials"
    assert titles(people, [token()], auth="off", database_url="postgresql://h/d") == ["No sign-in."]
    assert titles(people, [token()], egress_allow=" ", retention_days=None) == ["No egress.", "No retention."]


@pytest.mark.parametrize(
    ("ends_in", "state", "says"),
    [
        (timedelta(days=6, hours=1), {}, "`x` ends in 6 days."),
        (timedelta(days=1, hours=1), {}, "`x` ends in 1 day."),
        (timedelta(hours=3), {}, "`x` ends today."),
        (timedelta(days=15), {}, None),
        (timedelta(days=6), {"last_used_at": None}, None),
        (timedelta(days=6), {"revoked_at": NOW}, None),
        (timedelta(days=-1), {"has_expired": True}, None),
    ],
)
def test_a_token_in_use_that_ends_soon_is_told_of(ends_in: timedelta, state: dict[str, Any], says: str | None) -> None:
    ending = token(**{"terms": TokenTerms("x", "read", expires_at=NOW + ends_in), "last_used_at": NOW, **state})
    people = [member("admin"), member("admin")]
    said = [gap.meaning for gap in gaps(people, [token(), ending], Settings(**DONE), now=NOW)]
    assert [one.partition(" Whoever")[0] for one in said] == ([says] if says else [])


def test_a_lonely_admin_and_ended_tokens_are_said() -> None:
    ended = [token(revoked_at=NOW), token(has_expired=True)]
    assert titles([member("admin")], ended) == ["One admin.", "No other member.", "No API token."]
    assert titles([member("admin"), member("read")], [*ended, token()]) == ["One admin."]

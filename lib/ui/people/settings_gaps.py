"""What an admin might miss: parts that are not set up or will end soon, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lib.auth.members import Member
from lib.auth.tokens import Token
from lib.settings import Settings
from lib.ui.components.text import code, plural

#: A token that was used and ends within this is told of.
_SOON = timedelta(days=14)


@dataclass(frozen=True)
class Gap:
    """Something that is missing or ends soon: what, what it means, and the section with more. Texts are Markdown."""

    title: str
    meaning: str
    section: str | None = None


def gaps(people: Sequence[Member], made: Sequence[Token], settings: Settings, *, now: datetime) -> list[Gap]:
    """What is not set up, the gravest first; before it what ends soon."""
    found = [Gap("A token ends soon.", _ending(one, now), "tokens") for one in made if _ends_soon(one, now)]
    if settings.auth == "off" and not settings.embedded:
        found.append(
            Gap("No sign-in.", "`AUTH=off`: anyone who reaches this address may act as any member.", "sessions")
        )
    if len([one for one in people if one.permission == "admin"]) < 2:
        found.append(Gap("One admin.", "If they leave or lose access, nobody can change these settings.", "members"))
    if len(people) < 2:
        found.append(Gap("No other member.", "Nobody else can look at this tenant.", "members"))
    if not any(one.status == "valid" for one in made):
        found.append(Gap("No API token.", "Events can be simulated, but no system can send any.", "tokens"))
    if not settings.egress_allow.strip():
        found.append(Gap("No egress.", "Workflows reach no other system: each HTTP request is refused.", "egress"))
    if settings.retention_days is None:
        found.append(Gap("No retention.", "Events, their payloads and runs are kept for ever.", "retention"))
    return found


def _ends_soon(token: Token, now: datetime) -> bool:
    ends = token.terms.expires_at
    return token.status == "valid" and token.last_used_at is not None and ends is not None and ends - now < _SOON


def _ending(token: Token, now: datetime) -> str:
    assert token.terms.expires_at is not None
    days = (token.terms.expires_at - now).days
    when = f"in {plural(days, 'day')}" if days > 0 else "today"
    return f"{code(token.name)} ends {when}. Whoever uses it is refused from then on: rotate it before."

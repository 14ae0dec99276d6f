"""What an admin might miss: parts that are not set up, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lib.auth.members import Member
from lib.auth.tokens import Token
from lib.settings import Settings


@dataclass(frozen=True)
class Gap:
    """Something that is not set up: what, what it means, and the section where more is said. Texts are Markdown."""

    title: str
    meaning: str
    section: str | None = None


def gaps(people: Sequence[Member], made: Sequence[Token], settings: Settings) -> list[Gap]:
    """What is not set up, the gravest first."""
    found = []
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

"""What people, tokens and sessions did, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass

from lib.auth.act import Act
from lib.serialization.strict_json import JsonValue


@dataclass(frozen=True, kw_only=True)
class ActRefused(
    Act,
    action="act.refused",
    target="act",
    sentence="was refused {tried} (needs {permission})",
):
    """Someone tried what their permission does not reach; nothing was changed. The object is what it was tried on.

    What was tried is an act, or in words what is no act. Where an object is known, its kind is said beside it.
    """

    tried: str
    permission: str
    object_kind: str | None


@dataclass(frozen=True, kw_only=True)
class ExportStarted(
    Act,
    action="export.started",
    target="export",
    sentence="exported {target_id} as {form}, {narrowed}",
):
    """A file was fetched: what it has rows of, its format, and the filters, without the value of a payload field."""

    form: str
    narrowed: str


@dataclass(frozen=True, kw_only=True)
class TokenCreated(
    Act,
    action="api_token.created",
    target="api_token",
    sentence="created the API token {name} with {permission} permission",
    after=("name", "permission", "send_only", "event_types", "expires_at"),
):
    """A token for the HTTP API was made."""

    name: str
    permission: str
    send_only: bool
    event_types: list[str] | None
    expires_at: str | None


@dataclass(frozen=True, kw_only=True)
class TokenChanged(
    Act,
    action="api_token.changed",
    target="api_token",
    sentence="changed what the API token {name} may do",
    before=("before",),
    after=("after",),
):
    """A token for the HTTP API got other terms."""

    name: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class TokenRotated(
    Act,
    action="api_token.rotated",
    target="api_token",
    sentence="put a new API token in the place of {name}, which ends at {expires_at}",
    before=("previous_expires_at",),
    after=("expires_at",),
):
    """A token for the HTTP API got a successor on the same terms, and ends after an overlap."""

    name: str
    previous_expires_at: str | None
    expires_at: str
    new_token: str
    new_expires_at: str | None


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(
    Act,
    action="api_token.revoked",
    target="api_token",
    sentence="revoked the API token {name}",
    before=("name", "permission"),
):
    """A token for the HTTP API was ended."""

    name: str
    permission: str


@dataclass(frozen=True, kw_only=True)
class TenantAdded(
    Act,
    action="tenant.added",
    target="tenant",
    sentence="added the tenant {name}",
    after=("name", "time_zone"),
):
    """A tenant was begun; its first administrator has a line beside it."""

    name: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class MemberAdded(
    Act,
    action="member.added",
    target="member",
    sentence="added {email} with {permission} permission",
    after=("email", "permission"),
):
    """A person was let into the tenant, perhaps before they first signed in."""

    email: str
    permission: str


@dataclass(frozen=True, kw_only=True)
class MemberChanged(
    Act,
    action="member.changed",
    target="member",
    sentence="gave {email} {permission} permission",
    before=("previous_permission",),
    after=("permission",),
):
    """A person got another permission."""

    email: str
    previous_permission: str
    permission: str


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(
    Act,
    action="member.removed",
    target="member",
    sentence="removed {email} from the tenant",
    before=("email", "permission"),
):
    """A person was taken out of the tenant; the API tokens of theirs which ended with that."""

    email: str
    permission: str
    ended_tokens: list[str]


@dataclass(frozen=True, kw_only=True)
class SessionStarted(
    Act,
    action="session.started",
    target="session",
    sentence="signed in from {address} with {browser}",
    after=("address", "browser"),
):
    """A person came into this tenant with a sign-in."""

    address: str
    browser: str


@dataclass(frozen=True, kw_only=True)
class SessionEnded(
    Act, action="session.ended", target="session", sentence="ended a session of {email}", before=("email",)
):
    """A session was ended, somebody else's or by signing out."""

    email: str

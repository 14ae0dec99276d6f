"""Bearer tokens of the HTTP API. A token acts for one tenant on its terms; only its hash is stored.

`wec_<tenant>_<secret>`: the token names its tenant. So it is looked up behind that tenant's row-level security, and no
query over all tenants is needed to let anyone in.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from lib import database
from lib.auth import actors, acts, audit
from lib.auth.actors import Actor, Permission
from lib.database import Connection, named_queries
from lib.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from lib.serialization import naming, strict_json
from lib.serialization.strict_json import JsonValue

TokenStatus = Literal["valid", "expired", "revoked"]
#: For how long a token that was rotated may go on beside its successor.
LONGEST_OVERLAP = timedelta(days=30)

_TOKEN = re.compile(r"wec_(?P<tenant>[0-9a-f]{32})_[A-Za-z0-9_-]{43,200}")
_SECRET_BYTES = 32
_LONGEST_NAME = 100
_LONGEST_EVENT_TYPE = 256
_MOST_EVENT_TYPES = 200
_NOBODY = UUID(int=0)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class _Claim:
    """The tenant that a token says it is for."""

    tenant: UUID


@dataclass(frozen=True)
class TokenTerms:
    """What a token may, and how long. `event_types` are those that it may send, None for any."""

    name: str
    permission: Permission
    send_only: bool = False
    event_types: tuple[str, ...] | None = None
    expires_at: datetime | None = None

    def audited(self) -> dict[str, JsonValue]:
        """The terms as the audit trail keeps them."""
        return {
            "name": self.name,
            "permission": self.permission,
            "sendOnly": self.send_only,
            "eventTypes": None if self.event_types is None else list(self.event_types),
            "expiresAt": _iso(self.expires_at),
        }


@dataclass(frozen=True)
class Token:
    """What is known of a token. Its secret is not: only who holds the token has that."""

    token_id: UUID
    terms: TokenTerms
    created_at: datetime
    created_by: str | None
    created_by_id: UUID | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    #: The token in whose place it was made.
    replaces: UUID | None
    has_expired: bool

    @property
    def name(self) -> str:
        """What it is for."""
        return self.terms.name

    @property
    def status(self) -> TokenStatus:
        """Whether it still opens anything."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.has_expired else "valid"


def create_token(
    conn: Connection,
    actor: Actor,
    *,
    name: str,
    permission: Permission,
    send_only: bool = False,
    event_types: Iterable[str] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """A new token for the actor's tenant; audited, needs admin. It is shown this once and cannot be read back."""
    actor.require("admin", acts.TokenCreated)
    terms = _checked(name, permission, send_only, event_types, expires_at)
    token, token_id = _made(conn, actor, terms)
    act = acts.TokenCreated(
        target_id=token_id,
        name=terms.name,
        permission=permission,
        send_only=send_only,
        event_types=None if terms.event_types is None else list(terms.event_types),
        expires_at=_iso(expires_at),
    )
    audit.record(conn, actor, act)
    return token


def change(
    conn: Connection,
    actor: Actor,
    *,
    token_id: UUID,
    name: str,
    permission: Permission,
    send_only: bool = False,
    event_types: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    expected: TokenTerms | None = None,
) -> None:
    """Let a token do this from the next event on, and no more; audited, needs admin.

    `expected` are the terms that were looked at, None for whatever they are. Raises NotFound, Conflict when the token
    has ended or has other terms than expected, InvalidInput naming the field.
    """
    actor.require("admin", acts.TokenChanged, on=token_id)
    token = _held(conn, actor, token_id)
    terms = _checked(name, permission, send_only, event_types, expires_at)
    if terms == token.terms:
        return
    if expected is not None and expected != token.terms:
        raise ChangedMeanwhile(f"The token {token.name}")
    conn.execute(queries["change"], _row(terms) | {"tenant": actor.tenant, "token_id": token_id})
    act = acts.TokenChanged(target_id=token_id, name=token.name, before=token.terms.audited(), after=terms.audited())
    audit.record(conn, actor, act)


def rotate(
    conn: Connection, actor: Actor, *, token_id: UUID, overlap: timedelta, expires_at: datetime | None = None
) -> str:
    """A new token that may what this one may; this one ends after the overlap, if it does not do so before.

    Audited, needs admin. Raises NotFound, Conflict when the token has ended, InvalidInput naming the field.
    """
    actor.require("admin", acts.TokenRotated, on=token_id)
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput("overlap", f"must be from 0 to {LONGEST_OVERLAP.days} days")
    old = _held(conn, actor, token_id)
    _check_expiry(expires_at)
    terms = replace(old.terms, expires_at=expires_at)
    token, new_id = _made(conn, actor, terms, replaces=token_id)
    keys = {"tenant": actor.tenant, "token_id": token_id, "seconds": overlap.total_seconds()}
    ends_at = conn.execute(queries["end_after"], keys).scalar_one()
    act = acts.TokenRotated(
        target_id=token_id,
        name=old.name,
        previous_expires_at=_iso(old.terms.expires_at),
        expires_at=str(_iso(ends_at)),
        new_token=str(new_id),
        new_expires_at=_iso(expires_at),
    )
    audit.record(conn, actor, act)
    return token


def tokens(conn: Connection, actor: Actor) -> list[Token]:
    """Every token of the actor's tenant, those that have ended included, latest first; needs admin."""
    actor.require("admin", "the list of API tokens")
    return _tokens(conn, actor)


def own_tokens(conn: Connection, actor: Actor) -> list[Token]:
    """The tokens that the actor made in their tenant, latest first."""
    return [one for one in _tokens(conn, actor) if one.created_by_id == actor.user_id]


def revoke(conn: Connection, actor: Actor, *, token_id: UUID) -> Token:
    """End a token; audited, needs admin. Gives what was ended.

    Waits for events that it is sending. Once this is committed no event of it is taken in, by whichever process.
    Raises NotFound, and Conflict when the token was revoked before.
    """
    actor.require("admin", acts.TokenRevoked, on=token_id)
    token = _held(conn, actor, token_id, may_have_expired=True)
    conn.execute(queries["revoke"], {"tenant": actor.tenant, "token_id": token_id})
    act = acts.TokenRevoked(target_id=token_id, name=token.name, permission=token.terms.permission)
    audit.record(conn, actor, act)
    return token


def revoke_of_person(conn: Connection, actor: Actor, *, user_id: UUID) -> list[Token]:
    """End every token that a person made; audited, needs admin. Gives what was ended."""
    actor.require("admin", acts.TokenRevoked, on=user_id, kind="member")
    made = [one for one in tokens(conn, actor) if one.created_by_id == user_id and one.status == "valid"]
    # In one order, so that two who do this do not wait for each other.
    return [revoke(conn, actor, token_id=one.token_id) for one in sorted(made, key=lambda one: one.token_id)]


def id_of_token(conn: Connection, actor: Actor, *, token: str) -> UUID:
    """The id of a token of the actor's tenant, revoked or not; needs admin. Raises NotFound."""
    actor.require("admin", "the id of an API token")
    keys = {"tenant": actor.tenant, "token_hash": hash_of(token.strip())}
    found: UUID | None = conn.execute(queries["id_by_hash"], keys).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such token.")
    return found


def id_of_name(conn: Connection, actor: Actor, *, name: str) -> UUID:
    """The id of the token of this name that is valid, else of the latest one that was; needs admin.

    Raises NotFound, and Conflict with the ids when several are valid.
    """
    named = [one for one in tokens(conn, actor) if one.name == name.strip()]
    if not named:
        raise NotFound(f"There is no token named {name}.")
    valid = [one for one in named if one.status == "valid"]
    if len(valid) > 1:
        ids = ", ".join(str(one.token_id) for one in valid)
        raise Conflict(f"{len(valid)} tokens are named {name}; give an id: {ids}.")
    return (valid or named)[0].token_id


def tenant_of(token: str) -> UUID:
    """The tenant that a token says it is for. Raises InvalidInput when it is not written as tokens are."""
    match = _TOKEN.fullmatch(token.strip())
    if match is None:
        raise InvalidInput("token", "is not a token, which begins with wec_")
    return UUID(match["tenant"])


def actor_for_token(token: str) -> Actor | None:
    """Who presents this token, or None if nobody may. Their user id is the token's id.

    Opens its own transactions, because only the token says whose tenant they are in. A malformed token, one
    of an unknown tenant and a wrong one cost the same look-up.
    """
    match = _TOKEN.fullmatch(token)
    claim = _Claim(UUID(match["tenant"]) if match else _NOBODY)
    with database.read(claim) as conn:
        keys = {"tenant": claim.tenant, "token_hash": hash_of(token)}
        row = conn.execute(queries["by_hash"], keys).one_or_none()
    if row is None:
        return None
    if row.use_unnoted:
        with database.write(claim) as conn:
            conn.execute(queries["note_use"], {"tenant": claim.tenant, "token_id": row.token_id})
    name, limited = f"API token {row.name}", row.send_only
    return Actor(claim.tenant, row.token_id, name, row.permission, is_token=True, origin="api", send_only=limited)


def operator(conn: Connection, *, tenant_name: str) -> Actor:
    """Whoever runs the server, as an admin of the tenant of this name or id; owner's connection only."""
    found = conn.execute(queries["tenants_named"], {"name": tenant_name}).scalars().all()
    if not found:
        raise NotFound(f"There is no tenant {tenant_name or 'without a name'}.")
    if len(found) > 1:
        raise Conflict(f"{len(found)} tenants are named {tenant_name}; give an id: {', '.join(map(str, found))}.")
    return actors.operator(found[0])


def hash_of(token: str) -> bytes:
    """The hash of a token, which is all of it that is stored."""
    # Plain SHA-256 will do: the secret is 256 random bits, which no dictionary holds.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _made(conn: Connection, actor: Actor, terms: TokenTerms, *, replaces: UUID | None = None) -> tuple[str, UUID]:
    token = f"wec_{actor.tenant.hex}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    row = {"tenant": actor.tenant, "token_hash": hash_of(token), "created_by": actor.user_id, "replaces": replaces}
    return token, conn.execute(queries["create"], _row(terms) | row).scalar_one()


def _row(terms: TokenTerms) -> dict[str, object]:
    row = {one.name: getattr(terms, one.name) for one in fields(terms)}
    return row | {"event_types": None if terms.event_types is None else list(terms.event_types)}


def _tokens(conn: Connection, actor: Actor) -> list[Token]:
    return [_token(dict(row)) for row in conn.execute(queries["list"], {"tenant": actor.tenant}).mappings()]


def _token(row: dict[str, Any]) -> Token:
    given = {one.name: row.pop(one.name) for one in fields(TokenTerms)}
    if given["event_types"] is not None:
        given["event_types"] = tuple(given["event_types"])
    return Token(terms=TokenTerms(**given), **row)


def _held(conn: Connection, actor: Actor, token_id: UUID, *, may_have_expired: bool = False) -> Token:
    """The token, which nobody else changes and which sends nothing before this transaction ends."""
    conn.execute(queries["hold"], {"tenant": actor.tenant, "token_id": token_id})
    token = next((one for one in _tokens(conn, actor) if one.token_id == token_id), None)
    if token is None:
        raise NotFound("There is no such token.")
    if token.revoked_at is not None:
        raise Conflict(f"This token was revoked before, at {_minute(token.revoked_at)}.")
    if token.has_expired and token.terms.expires_at and not may_have_expired:
        raise Conflict(f"This token has expired, at {_minute(token.terms.expires_at)}.")
    return token


def _checked(
    name: str,
    permission: Permission,
    send_only: bool,
    event_types: Iterable[str] | None,
    expires_at: datetime | None,
) -> TokenTerms:
    """The terms. Raises InvalidInput naming the field."""
    name = naming.checked(name, longest=_LONGEST_NAME)
    if send_only and permission != "manage":
        raise InvalidInput("permission", "must be manage for a token that only sends events")
    limited = None if event_types is None else tuple(dict.fromkeys(event_types))
    if limited is not None:
        if permission == "read":
            raise InvalidInput("event types", "mean nothing for a token that may not send events")
        if not 1 <= len(limited) <= _MOST_EVENT_TYPES:
            raise InvalidInput("event types", f"must be 1 to {_MOST_EVENT_TYPES}; leave them out to allow every type")
        for one in limited:
            if not 1 <= len(one) <= _LONGEST_EVENT_TYPE:
                raise InvalidInput("event types", f"must have 1 to {_LONGEST_EVENT_TYPE} characters each")
            strict_json.check_text(one, field="event types")
    _check_expiry(expires_at)
    return TokenTerms(name, permission, send_only, limited, expires_at)


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise InvalidInput("expires", "must be in the future; to end a token now, revoke it")


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

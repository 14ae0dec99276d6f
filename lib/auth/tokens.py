"""Bearer tokens of the HTTP API. A token acts for one tenant with one permission; only its hash is stored.

`wec_<tenant>_<secret>`: the token names its tenant. So it is looked up behind that tenant's row-level security, and no
query over all tenants is needed to let anyone in.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from lib import database
from lib.auth import acts, audit
from lib.auth.actors import Actor, Permission
from lib.database import Connection, named_queries
from lib.errors import Conflict, InvalidInput, NotFound

_TOKEN = re.compile(r"wec_(?P<tenant>[0-9a-f]{32})_[A-Za-z0-9_-]{43,200}")
_SECRET_BYTES = 32
_LONGEST_NAME = 100
_NOBODY = UUID(int=0)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class _Claim:
    """The tenant that a token says it is for."""

    tenant: UUID


@dataclass(frozen=True)
class Token:
    """What is known of a token. Its secret is not: only who holds the token has that."""

    token_id: UUID
    name: str
    permission: Permission
    created_at: datetime
    created_by: str | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def create_token(conn: Connection, actor: Actor, *, name: str, permission: Permission) -> str:
    """A new token for the actor's tenant; needs admin. It is shown this once and cannot be read back."""
    actor.require("admin")
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise InvalidInput("name", f"must have 1 to {_LONGEST_NAME} characters")
    token = f"wec_{actor.tenant.hex}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    row = {
        "tenant": actor.tenant,
        "name": name.strip(),
        "token_hash": hash_of(token),
        "permission": permission,
        "created_by": actor.user_id,
    }
    token_id = conn.execute(queries["create"], row).scalar_one()
    audit.record(conn, actor, acts.TokenCreated(target_id=token_id, name=name.strip(), permission=permission))
    return token


def tokens(conn: Connection, actor: Actor) -> list[Token]:
    """Every token of the actor's tenant, those that were revoked included, latest first; needs admin."""
    actor.require("admin")
    return [Token(**row) for row in conn.execute(queries["list"], {"tenant": actor.tenant}).mappings()]


def revoke(conn: Connection, actor: Actor, *, token_id: UUID) -> Token:
    """End a token at once; needs admin. Gives what was ended.

    Raises NotFound, and Conflict when the token was revoked before.
    """
    actor.require("admin")
    ended = conn.execute(queries["revoke"], {"tenant": actor.tenant, "token_id": token_id}).one_or_none() is not None
    token = next((one for one in tokens(conn, actor) if one.token_id == token_id), None)
    if token is None:
        raise NotFound("There is no such token.")
    if not ended and token.revoked_at is not None:
        raise Conflict(f"This token was revoked before, at {token.revoked_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.")
    act = acts.TokenRevoked(target_id=token_id, name=token.name, permission=token.permission)
    audit.record(conn, actor, act)
    return token


def id_of_token(conn: Connection, actor: Actor, *, token: str) -> UUID:
    """The id of a token of the actor's tenant, revoked or not; needs admin. Raises NotFound."""
    actor.require("admin")
    keys = {"tenant": actor.tenant, "token_hash": hash_of(token.strip())}
    found: UUID | None = conn.execute(queries["id_by_hash"], keys).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such token.")
    return found


def id_of_name(conn: Connection, actor: Actor, *, name: str) -> UUID:
    """The id of the token of this name that is not revoked, else of the latest one that is; needs admin.

    Raises NotFound, and Conflict with the ids when several are not revoked.
    """
    named = [one for one in tokens(conn, actor) if one.name == name.strip()]
    if not named:
        raise NotFound(f"There is no token named {name}.")
    valid = [one for one in named if one.revoked_at is None]
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
    return Actor(claim.tenant, row.token_id, f"API token {row.name}", row.permission, is_token=True, origin="api")


def operator(conn: Connection, *, tenant_name: str) -> Actor:
    """Whoever runs the server, as an admin of the tenant of this name or id; owner's connection only."""
    found = conn.execute(queries["tenants_named"], {"name": tenant_name}).scalars().all()
    if not found:
        raise NotFound(f"There is no tenant {tenant_name}.")
    if len(found) > 1:
        raise Conflict(f"{len(found)} tenants are named {tenant_name}; give an id: {', '.join(map(str, found))}.")
    return Actor(found[0], _NOBODY, "operator", "admin", origin="command")


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    # Plain SHA-256 will do: the secret is 256 random bits, which no dictionary holds.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()

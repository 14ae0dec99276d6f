"""Who is signed in, until when, and where. A row of ours decides that at every rerun.

A *sign-in* is one person's in one browser. What proves it is told by the provider or the proxy, and no other sign-in
has the same; we keep its hash. A *session* is the use of a sign-in in one tenant: the tenant's admins see it and may
end it there, and learn nothing of other tenants. Signing out ends the sign-in, and so all its sessions.

Limits are hours: since the sign-in began, and since it was last used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor, Membership
from lib.database import Connection, named_queries
from lib.errors import NotFound, SignInRefused
from lib.settings import Settings

SignInState = Literal["open", "ended", "expired", "idle"]

_LONGEST_NAME = 200

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class _Nobody:
    """Whoever is not known yet: of no tenant."""

    tenant: UUID


#: Whose transaction asks `signed_in`: the answer says who it is.
NOBODY = _Nobody(UUID(int=0))


@dataclass(frozen=True)
class Identity:
    """A person as a provider or a proxy vouches for them."""

    proof: bytes
    email: str
    is_verified: bool
    name: str
    issued_at: datetime
    #: Whether the same person is vouched for again and again, as proxies do, and not once a sign-in.
    is_reissued: bool = False


@dataclass(frozen=True)
class SignIn:
    """How a sign-in stands, and where its person belongs, the tenant used last first."""

    sign_in_id: UUID
    state: SignInState
    started_at: datetime
    memberships: tuple[Membership, ...]
    #: Tenants in which its session was ended.
    closed: frozenset[UUID]
    #: Tenants in which it has a session already.
    entered: frozenset[UUID]

    def standing_in(self, tenant: UUID) -> Membership | None:
        """The person in that tenant; None when the sign-in, its session there or their membership is over."""
        if self.state != "open" or tenant in self.closed:
            return None
        return next((one for one in self.memberships if one.tenant == tenant), None)


@dataclass(frozen=True)
class Session:
    """The use of one sign-in in one tenant."""

    session_id: UUID
    sign_in_id: UUID
    user_id: UUID
    name: str
    email: str
    signed_in_at: datetime
    last_seen_at: datetime
    address: str
    browser: str


def proof_of(*parts: str) -> bytes:
    """The hash by which a sign-in is found again. No other sign-in has these parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


def moment(seconds: float) -> datetime:
    """The time that a token states in seconds since 1970. Raises SignInRefused for a number that is no time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignInRefused from None


def signed_in(
    conn: Connection, *, proof: bytes, tenant: UUID | None, in_use: bool, settings: Settings
) -> SignIn | None:
    """How the sign-in with this proof stands; None if there is none. One statement.

    With `in_use` it counts as used now, in this tenant. The transaction may be NOBODY's.
    """
    row = {"proof": proof, "tenant": tenant or NOBODY.tenant, "in_use": in_use, **_limits(settings)}
    found = conn.execute(queries["signed_in"], row).all()
    if not found:
        return None
    belongs = [one for one in found if one.tenant is not None]
    return SignIn(
        found[0].sign_in_id,
        found[0].state,
        found[0].started_at,
        tuple(
            Membership(one.tenant, one.tenant_name, one.is_demo, one.user_id, one.email, one.name, one.permission)
            for one in belongs
        ),
        closed=frozenset(one.tenant for one in belongs if one.session == "ended"),
        entered=frozenset(one.tenant for one in belongs if one.session != "none"),
    )


def begin(conn: Connection, *, identity: Identity, settings: Settings) -> None:
    """Begin the sign-in that this identity proves, if its verified e-mail address is a member's.

    Owner's connection only.

    What was issued too long ago, or proved a sign-in before, begins none: a cookie that was kept is worth nothing.
    """
    if not identity.is_verified:
        return
    row = {
        "proof": identity.proof,
        "email": identity.email,
        "issued_at": identity.issued_at,
        "is_reissued": identity.is_reissued,
        "idle_hours": settings.session_idle_hours,
    }
    conn.execute(queries["forget_old"], {"hours": settings.session_hours})
    user_id = conn.execute(queries["begin"], row).scalar_one_or_none()
    if user_id is not None and identity.name.strip():
        conn.execute(queries["name_person"], {"user_id": user_id, "name": identity.name.strip()[:_LONGEST_NAME]})


def enter(conn: Connection, actor: Actor, *, sign_in: SignIn, address: str, browser: str) -> None:
    """Begin the session of a sign-in in the actor's tenant."""
    row = {
        "tenant": actor.tenant,
        "sign_in_id": sign_in.sign_in_id,
        "user_id": actor.user_id,
        "started_at": sign_in.started_at,
        "address": address,
        "browser": browser,
    }
    session_id = conn.execute(queries["enter"], row).scalar_one_or_none()
    if session_id is not None:  # else another tab of the browser was first
        audit.record(conn, actor, acts.SessionStarted(target_id=session_id, address=address, browser=browser))


def belongs(conn: Connection, *, email: str) -> bool:
    """Whether anybody with this e-mail address is a member of a tenant; owner's connection only."""
    return bool(conn.execute(queries["belongs"], {"email": email}).scalar_one())


def sign_out(conn: Connection, *, proof: bytes) -> None:
    """End a sign-in in every tenant, and say so in the audit trail of each; owner's connection only."""
    for ended in conn.execute(queries["sign_out"], {"proof": proof}).all():
        actor = Actor(ended.tenant, ended.user_id, ended.email, "read")
        audit.record(conn, actor, acts.SessionEnded(target_id=ended.session_id, email=ended.email))


def sessions(conn: Connection, actor: Actor, *, settings: Settings, user_id: UUID | None = None) -> list[Session]:
    """Sessions of the actor's tenant that can be used, latest used first; those of others need admin."""
    if user_id != actor.user_id:
        actor.require("admin", "the list of sessions")
    row = {"tenant": actor.tenant, "user_id": user_id, **_limits(settings)}
    return [Session(**found) for found in conn.execute(queries["list"], row).mappings()]


def end(conn: Connection, actor: Actor, *, session: Session) -> None:
    """End somebody's session in this tenant, as an admin. Raises NotFound when there is none to end."""
    actor.require("admin", acts.SessionEnded, on=session.session_id)
    row = {"tenant": actor.tenant, "session_id": session.session_id}
    if conn.execute(queries["end"], row).scalar_one_or_none() != session.user_id:
        raise NotFound("This session was ended before.")
    audit.record(conn, actor, acts.SessionEnded(target_id=session.session_id, email=session.email))


def end_own(conn: Connection, actor: Actor, *, session: Session) -> None:
    """End a session of the actor's own, with its sign-in in every tenant, and say so in the trail of each.

    Owner's connection only. Raises NotFound when there is none to end.
    """
    row = {"tenant": actor.tenant, "session_id": session.session_id, "user_id": actor.user_id}
    ended = conn.execute(queries["end_own"], row).all()
    if not ended:
        raise NotFound("This session was ended before.")
    for one in ended:
        there = replace(actor, tenant=one.tenant)
        audit.record(conn, there, acts.SessionEnded(target_id=one.session_id, email=session.email))


def _limits(settings: Settings) -> dict[str, int]:
    return {"hours": settings.session_hours, "idle_hours": settings.session_idle_hours}

"""The people of a tenant: added by e-mail, perhaps before they first sign in, given another permission, removed.

A tenant is never left without an admin. Those who change members wait for each other, so two admins cannot take the
permission from each other at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from uuid import UUID
from zoneinfo import available_timezones

from lib.auth import actors, acts, audit, tokens
from lib.auth.actors import OPERATOR, Actor, Permission, folded_email
from lib.auth.acts import Act
from lib.database import Connection, named_queries
from lib.errors import ChangedMeanwhile, ConfigurationError, Conflict, InvalidInput, NotFound
from lib.serialization import naming, strict_json
from lib.settings import Settings

_LONGEST_EMAIL, _LONGEST_NAME = 254, 100
# What every address has. Whether a letter arrives is nothing that its form could tell.
_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+")
_MOST_NAMES = 3

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Member:
    """A person of the tenant. `added_at` is None for those who were there before it was kept."""

    user_id: UUID
    email: str
    name: str
    permission: Permission
    added_at: datetime | None
    added_by: str | None


@dataclass(frozen=True)
class Admins:
    """Whom to ask in a tenant."""

    tenant_name: str
    names: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Ask an admin of Northwind IT (Ada Admin)."""
        if not self.names:
            return f"Ask whoever runs the server: {self.tenant_name} has no admin."
        shown = ", ".join(self.names[:_MOST_NAMES])
        more = len(self.names) - _MOST_NAMES
        return f"Ask an admin of {self.tenant_name} ({shown}{f' and {more} more' if more > 0 else ''})."


def members(conn: Connection, actor: Actor) -> list[Member]:
    """Everyone who belongs to the actor's tenant, admins first; needs admin."""
    actor.require("admin", "the list of members")
    return _members(conn, actor)


def admins(conn: Connection, *, tenant: UUID) -> Admins:
    """Whom people of a tenant ask for what they may not do."""
    row = conn.execute(queries["admins"], {"tenant": tenant}).one_or_none()
    return Admins(row.tenant_name, tuple(row.names)) if row else Admins("this tenant", ())


def add(conn: Connection, actor: Actor, *, email: str, name: str, permission: Permission) -> Member:
    """Let the person with this e-mail address in; audited, needs admin.

    They may never have signed in. Someone whom another tenant knows keeps the name that they have there.
    Raises InvalidInput naming the field, Conflict for someone who belongs to the tenant already.
    """
    _hold(conn, actor, to=acts.MemberAdded)
    email, name = _checked_email(email), naming.checked(name, longest=_LONGEST_NAME)
    _check(permission)
    row = {"email": email, "name": name, "permission": permission, "by": _person(actor)}
    user_id = conn.execute(queries["add"], row).scalar_one()
    if user_id is None:
        raise Conflict(f"{email} belongs to this tenant already.")
    member = _member(conn, actor, user_id)
    audit.record(conn, actor, acts.MemberAdded(target_id=user_id, email=member.email, permission=permission))
    return member


def add_tenant(conn: Connection, *, name: str, email: str, time_zone: str, by: Callable[[UUID], Actor]) -> UUID:
    """A new tenant, as somebody asked for it, with its first administrator; see begin_tenant.

    Raises InvalidInput naming the field, Conflict for a name that another tenant has.
    """
    name, email = naming.checked(name, longest=_LONGEST_NAME), _checked_email(email)
    if time_zone not in available_timezones():
        raise InvalidInput("time-zone", "must be an IANA name, such as America/Chicago")
    if conn.execute(queries["is_tenant_name"], {"name": name}).scalar_one():
        raise Conflict(f"There is a tenant {name} already.")
    return begin_tenant(conn, tenant_name=name, email=email, name=email, by=by, time_zone=time_zone)


def begin_tenant(
    conn: Connection,
    *,
    tenant_name: str,
    email: str,
    name: str,
    by: Callable[[UUID], Actor],
    time_zone: str = "UTC",
) -> UUID:
    """A new tenant with its first administrator; audited. Owner's connection only. `by` is who acts in a tenant."""
    tenant = actors.add_tenant(conn, name=tenant_name, time_zone=time_zone)
    act = acts.TenantAdded(target_id=tenant, name=tenant_name, time_zone=time_zone)
    audit.record(conn, by(tenant), act)
    add_admin(conn, by(tenant), email=email, name=name)
    return tenant


def add_admin(conn: Connection, actor: Actor, *, email: str, name: str) -> None:
    """Let an administrator into a tenant that has none; audited. Owner's connection only."""
    user_id = actors.add_member(conn, tenant=actor.tenant, email=email, name=name, permission="admin")
    audit.record(conn, actor, acts.MemberAdded(target_id=user_id, email=folded_email(email), permission="admin"))


def change_permission(
    conn: Connection, actor: Actor, *, user_id: UUID, permission: Permission, expected: Permission | None = None
) -> None:
    """Give a person another permission; audited, needs admin.

    `expected` is the one that was looked at, None for whatever it is. Raises NotFound for who does not belong to the
    tenant, Conflict for its last admin, or for who has another permission than expected.
    """
    held = _hold(conn, actor, to=acts.MemberChanged, on=user_id)
    _check(permission)
    member = _member(conn, actor, user_id)
    if member.permission == permission:
        return
    if expected is not None and expected != member.permission:
        raise ChangedMeanwhile(f"What {member.name} may do")
    _check_not_last(held, member)
    conn.execute(queries["change_permission"], {"tenant": actor.tenant, "user_id": user_id, "permission": permission})
    act = acts.MemberChanged(
        target_id=user_id, email=member.email, previous_permission=member.permission, permission=permission
    )
    audit.record(conn, actor, act)


def remove(conn: Connection, actor: Actor, *, user_id: UUID, end_tokens: bool) -> None:
    """Take a person out of the tenant, with the API tokens that they made if they are to end; audited, needs admin.

    Raises NotFound for who does not belong to the tenant, Conflict for its last admin.
    """
    held = _hold(conn, actor, to=acts.MemberRemoved, on=user_id)
    member = _member(conn, actor, user_id)
    _check_not_last(held, member)
    ended = tokens.revoke_of_person(conn, actor, user_id=user_id) if end_tokens else []
    conn.execute(queries["remove"], {"tenant": actor.tenant, "user_id": user_id})
    act = acts.MemberRemoved(
        target_id=user_id,
        email=member.email,
        permission=member.permission,
        ended_tokens=[str(one.token_id) for one in ended],
    )
    audit.record(conn, actor, act)


def _hold(conn: Connection, actor: Actor, *, to: type[Act], on: UUID | None = None) -> frozenset[UUID]:
    """The admins of the tenant, which nobody else changes before this transaction ends.

    Raises PermissionDenied, too, for a person who was an admin until a moment ago.
    """
    actor.require("admin", to, on=on)
    held = frozenset(conn.execute(queries["hold_admins"], {"tenant": actor.tenant}).scalars())
    if _person(actor) is not None and actor.user_id not in held:
        sentence = "Your permission was changed meanwhile: you are no longer an admin of this tenant."
        raise actor.denied("admin", sentence, to, on=on)
    return held


def _person(actor: Actor) -> UUID | None:
    """The id of the person that acts; None for a token and for whoever runs the server."""
    return None if actor.is_token or actor.user_id == OPERATOR else actor.user_id


def _member(conn: Connection, actor: Actor, user_id: UUID) -> Member:
    found = next((one for one in _members(conn, actor) if one.user_id == user_id), None)
    if found is None:
        raise NotFound("There is no such member; they may have been removed meanwhile.")
    return found


def _members(conn: Connection, actor: Actor) -> list[Member]:
    return [Member(**row) for row in conn.execute(queries["list"], {"tenant": actor.tenant}).mappings()]


def check_first_admin(settings: Settings) -> None:
    """Raise ConfigurationError if FIRST_ADMIN cannot be an address, as nobody could sign in by it."""
    if settings.first_admin is not None:
        try:
            _checked_email(settings.first_admin)
        except InvalidInput as error:
            raise ConfigurationError(f"FIRST_ADMIN {error.cause}.") from None


def _checked_email(email: str) -> str:
    """The address as it is kept. Raises InvalidInput for what cannot be one."""
    email = folded_email(email)
    strict_json.check_text(email, field="e-mail")
    if len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise InvalidInput("e-mail", "must be an address such as ada@example.com")
    return email


def _check(permission: Permission) -> None:
    if permission not in get_args(Permission):
        raise InvalidInput("permission", f"must be one of {', '.join(get_args(Permission))}")


def _check_not_last(admins_held: frozenset[UUID], member: Member) -> None:
    if admins_held == {member.user_id}:
        raise Conflict(f"{member.name} is the last admin; make someone else an admin first.")

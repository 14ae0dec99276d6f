"""Who is looking: an Actor is a person of one tenant with one permission, read < manage < admin.

Domain functions check with `actor.require(...)` themselves; a hidden button is a courtesy, not a check.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.acts import Act
from lib.database import Connection, named_queries
from lib.errors import PermissionDenied

Permission = Literal["read", "manage", "admin"]
#: Where an act comes from.
ActOrigin = Literal["page", "api", "command", "engine"]
#: What an act may ask for: a permission, or no more than what a token has that sends events and does nothing else.
Right = Literal["send", "read", "manage", "admin"]
_RANK: dict[Right, int] = {"read": 1, "send": 2, "manage": 2, "admin": 3}
_WORDS: dict[Right, str] = {
    "read": "view the catalog",
    "send": "send events",
    "manage": "simulate events and change workflows",
    "admin": "administer",
}
#: The user id of whoever runs the server and acts by command.
OPERATOR = UUID(int=0)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Actor:
    """A person, or an API token, acting in a tenant."""

    tenant: UUID
    user_id: UUID
    email: str
    permission: Permission
    #: Whether `user_id` is the id of an API token.
    is_token: bool = False
    origin: ActOrigin = "page"
    #: The network address of the client, where there is one.
    address: str | None = None
    #: Whether it may send events and do nothing else.
    send_only: bool = False
    #: Who could help, as a sentence: “Ask an admin of Northwind IT (Ada Admin).” Empty where nobody looked it up.
    ask: str = field(default="", compare=False)

    def may(self, right: Right) -> bool:
        """Whether the actor's permission reaches that far."""
        if self.send_only:
            return right == "send"
        return _RANK[self.permission] >= _RANK[right]

    def require(self, right: Right, to: type[Act] | str, *, on: object = None, kind: str | None = None) -> None:
        """Raise PermissionDenied, saying which permission is needed and whom to ask, unless the actor has it.

        The audit trail gets to know what was refused: the act, or in words what is no act; `on` the object of this id.
        `kind` says what that object is, if it is not what the act is done to.
        """
        if not self.may(right):
            raise self.denied(right, self.refusal(right), to, on=on, kind=kind)

    def denied(
        self, right: Right, sentence: str, to: type[Act] | str, *, on: object = None, kind: str | None = None
    ) -> PermissionDenied:
        """The error for something that needs more than the actor has; it keeps itself in the audit trail."""
        tried, usual = (to, None) if isinstance(to, str) else (to.action, to.target_type)
        refused = acts.ActRefused(
            target_id=tried if on is None else str(on),
            tried=tried,
            permission=right,
            object_kind=None if on is None else kind or usual,
        )
        return PermissionDenied(sentence, lambda: audit.keep_refused(self, refused))

    def refusal(self, right: Right) -> str:
        """The sentence that says why not, and whom to ask; the same on a disabled button and in an error."""
        if self.send_only:
            return "This token may send events and do nothing else."
        needed = "manage" if right == "send" else right
        return self.with_advice(f"You have {self.permission} permission; to {_WORDS[right]} you need {needed}.")

    def with_advice(self, refusal: str) -> str:
        """A refusal, and whom to ask."""
        return f"{refusal} {self.ask}".rstrip()


@dataclass(frozen=True)
class Membership:
    """One tenant that one person belongs to, for choosing whom to act as."""

    tenant: UUID
    tenant_name: str
    is_demo: bool
    user_id: UUID
    email: str
    name: str
    permission: Permission

    def actor(self, *, address: str | None = None) -> Actor:
        """The actor this membership makes, who comes from that address and acts by pages."""
        return Actor(self.tenant, self.user_id, self.email, self.permission, origin="page", address=address)


def engine(tenant: UUID) -> Actor:
    """The engine, for what it does in a tenant by itself and in nobody's name."""
    return Actor(tenant, UUID(int=0), "engine", "admin", origin="engine")


def operator(tenant: UUID) -> Actor:
    """Whoever runs the server, as an admin of the tenant."""
    return Actor(tenant, OPERATOR, "operator", "admin", origin="command")


def memberships(conn: Connection) -> list[Membership]:
    """Everyone one may act as without sign-in, tenants in order of creation; owner's connection only."""
    return [Membership(**row) for row in conn.execute(queries["memberships"]).mappings()]


def add_tenant(conn: Connection, *, name: str, time_zone: str = "UTC", is_demo: bool = False) -> UUID:
    """A new tenant; owner's connection only."""
    row = {"name": name, "time_zone": time_zone, "is_demo": is_demo}
    return UUID(str(conn.execute(queries["add_tenant"], row).scalar_one()))


def add_member(conn: Connection, *, tenant: UUID, email: str, name: str, permission: Permission) -> UUID:
    """Let a person into a tenant, making them known first if they are new; owner's connection only."""
    user_id = conn.execute(queries["upsert_user"], {"email": folded_email(email), "name": name}).scalar_one()
    row = {"tenant": tenant, "user_id": user_id, "permission": permission}
    conn.execute(queries["upsert_membership"], row)
    return UUID(str(user_id))


def folded_email(email: str) -> str:
    """The address as it is kept: an address names one person however it is typed."""
    return unicodedata.normalize("NFC", email.strip()).lower()

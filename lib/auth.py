"""Who is looking: an Actor is a person of one tenant with one permission, read < manage < admin.

Domain functions check with `actor.require(...)` themselves; a hidden button is a courtesy, not a check.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from lib import database, sql
from lib.database import Connection
from lib.errors import CatalogError, ConfigurationError, PermissionDenied
from lib.settings import Settings, settings

Permission = Literal["read", "manage", "admin"]
_RANK: dict[str, int] = {"read": 1, "manage": 2, "admin": 3}
_WORDS = {"read": "view the catalog", "manage": "simulate events and change workflows", "admin": "administer"}

queries = sql.load("auth")


@dataclass(frozen=True)
class Actor:
    """A person acting in a tenant."""

    tenant: UUID
    user_id: UUID
    email: str
    permission: Permission

    def may(self, permission: Permission) -> bool:
        """Whether the actor's permission reaches that far."""
        return _RANK[self.permission] >= _RANK[permission]

    def require(self, permission: Permission) -> None:
        """Raise PermissionDenied, saying which permission is needed, unless the actor has it."""
        if not self.may(permission):
            raise PermissionDenied(self.refusal(permission))

    def refusal(self, permission: Permission) -> str:
        """The sentence that says why not; the same on a disabled button and in an error."""
        return f"You have {self.permission} permission; to {_WORDS[permission]} you need {permission}."


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

    def actor(self) -> Actor:
        """The actor this membership makes."""
        return Actor(self.tenant, self.user_id, self.email, self.permission)


def check_sign_in(settings: Settings) -> None:
    """Raise ConfigurationError if strangers could act as anyone on a database that may hold real data."""
    if settings.auth == "oidc":
        raise ConfigurationError("AUTH=oidc is not available yet; set AUTH=off on purpose, or wait for it.")
    if not settings.embedded and settings.auth != "off":
        raise ConfigurationError(
            "DATABASE_URL is set but no sign-in is configured, so anyone who reaches this address could act as "
            "anyone. Set AUTH=off if that is what you want (behind a proxy that signs people in, or for a trial)."
        )


def memberships(conn: Connection) -> list[Membership]:
    """Everyone one may act as without sign-in, tenants in order of creation; owner's connection only."""
    return [Membership(**row) for row in conn.execute(queries["memberships"]).mappings()]


def add_tenant(conn: Connection, *, name: str, time_zone: str = "UTC", is_demo: bool = False) -> UUID:
    """A new tenant; owner's connection only."""
    row = {"name": name, "time_zone": time_zone, "is_demo": is_demo}
    return UUID(str(conn.execute(queries["add_tenant"], row).scalar_one()))


def add_member(conn: Connection, *, tenant: UUID, email: str, name: str, permission: Permission) -> UUID:
    """Let a person into a tenant, making them known first if they are new; owner's connection only."""
    user_id = conn.execute(queries["upsert_user"], {"email": email, "name": name}).scalar_one()
    row = {"tenant": tenant, "user_id": user_id, "permission": permission}
    conn.execute(queries["upsert_membership"], row)
    return UUID(str(user_id))


def main(arguments: list[str] | None = None) -> None:
    """`python -m lib.auth`: a new tenant with its first administrator, or a token for the HTTP API."""
    given = _arguments().parse_args(arguments)
    try:
        database.start(settings())
        if given.command == "tenant":
            _add_tenant(given)
        else:
            _add_token(given)
    except CatalogError as error:
        sys.exit(str(error))
    finally:
        database.stop()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib.auth")
    commands = parser.add_subparsers(dest="command", required=True)
    tenant = commands.add_parser("tenant", help="add a tenant with its first administrator")
    tenant.add_argument("name")
    tenant.add_argument("email")
    tenant.add_argument("--time-zone", default="UTC", help="IANA name, such as America/Chicago")
    token = commands.add_parser("token", help="make a token for the HTTP API and print it, this once")
    token.add_argument("--tenant", required=True, help="name or id of the tenant it acts for")
    token.add_argument("--permission", required=True, choices=list(_RANK), help="manage may submit events")
    token.add_argument("--name", default="command line", help="what it is for, to recognise it later")
    return parser


def _add_tenant(given: argparse.Namespace) -> None:
    with database.operate() as conn:
        tenant_id = add_tenant(conn, name=given.name, time_zone=given.time_zone)
        add_member(conn, tenant=tenant_id, email=given.email, name=given.email, permission="admin")


def _add_token(given: argparse.Namespace) -> None:
    from lib import auth_tokens  # here, because it builds on this module

    with database.operate() as conn:
        operator = auth_tokens.operator(conn, tenant_name=given.tenant)
    with database.write(operator) as conn:
        token = auth_tokens.create_token(conn, operator, name=given.name, permission=given.permission)
    print(token)


if __name__ == "__main__":
    main()

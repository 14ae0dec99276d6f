"""`python -m lib.auth`: a new tenant with its first administrator, or a token for the HTTP API."""

from __future__ import annotations

import argparse
import sys
from typing import get_args

from lib import database
from lib.auth import actors, tokens
from lib.auth.actors import Permission
from lib.errors import CatalogError
from lib.settings import settings


def main(arguments: list[str] | None = None) -> None:
    """Do what the arguments ask for; an error ends the process with its message."""
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
    token.add_argument("--permission", required=True, choices=get_args(Permission), help="manage may submit events")
    token.add_argument("--name", default="command line", help="what it is for, to recognise it later")
    return parser


def _add_tenant(given: argparse.Namespace) -> None:
    with database.operate() as conn:
        tenant_id = actors.add_tenant(conn, name=given.name, time_zone=given.time_zone)
        actors.add_member(conn, tenant=tenant_id, email=given.email, name=given.email, permission="admin")


def _add_token(given: argparse.Namespace) -> None:
    with database.operate() as conn:
        operator = tokens.operator(conn, tenant_name=given.tenant)
    with database.write(operator) as conn:
        token = tokens.create_token(conn, operator, name=given.name, permission=given.permission)
    print(token)


if __name__ == "__main__":
    main()

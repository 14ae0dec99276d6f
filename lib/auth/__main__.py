"""`python -m lib.auth`: a new tenant with its first administrator; tokens for the HTTP API from first to last.

Also whether the audit trail is whole, and checkpoints of it.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from uuid import UUID

from lib import command_line, database
from lib.auth import actors, audit_chain, members
from lib.auth import tokens as auth_tokens
from lib.auth.actors import Actor, Permission
from lib.catalog import entries
from lib.catalog.nearest import did_you_mean
from lib.database import Connection
from lib.errors import CatalogError, InvalidInput, end_process, printable
from lib.serialization import strict_json
from lib.serialization.counting import plural
from lib.settings import settings

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"(?P<number>[0-9]{1,5})(?P<unit>[mhd])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_EXPIRES = "when it ends: a span such as 90d, or a date such as 2027-03-31, in UTC; without this it does not"

# How `verify` ends; with 3 too when it cannot look.
_ALTERED, _NOT_CHECKED = 1, 2
_VERIFY = "Exits with 1 if the trail was altered, with 2 or 3 if that could not be checked, else with 0."


def main(arguments: list[str] | None = None) -> None:
    """Do what the arguments ask for; an error ends the process with its message."""
    given = _arguments().parse_args(arguments)
    commands = {
        "tenant": _add_tenant,
        "token": _add_token,
        "tokens": _list_tokens,
        "rotate": _rotate,
        "revoke": _revoke,
        "verify": _verify,
        "checkpoint": _checkpoint,
    }
    try:
        for name, value in vars(given).items():
            if isinstance(value, str | list):
                strict_json.check(value, field=name)  # an argument may hold bytes that no text has
        database.start(settings())
        commands[given.command](given)
    except CatalogError as error:
        is_alarm = given.command == "verify" and error.exit_code == _ALTERED
        end_process(error, exit_code=_NOT_CHECKED if is_alarm else None)
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
    may = token.add_mutually_exclusive_group(required=True)
    may.add_argument("--permission", choices=get_args(Permission), help="manage may send events, too")
    may.add_argument("--send-only", action="store_true", help="it may send events and do nothing else")
    token.add_argument("--event-type", action="append", help="it may send events of this type; may be given again")
    token.add_argument("--expires", help=_EXPIRES)
    token.add_argument("--name", default="command line", help="what it is for, to recognise it later")
    rotate = commands.add_parser("rotate", help="print a new token on the terms of an old one, which ends later")
    rotate.add_argument("--tenant", required=True, help="name or id of the tenant")
    old = rotate.add_mutually_exclusive_group(required=True)
    old.add_argument("--id", type=UUID, help="its id, which `tokens` lists")
    old.add_argument("--name", help="what it is for, if no other valid one has the same name")
    rotate.add_argument(
        "--overlap", default="24h", help="for how long the old one goes on: 90m, 24h or 7d; 0h: not at all"
    )
    rotate.add_argument("--expires", help=_EXPIRES)
    listing = commands.add_parser("tokens", help="list the tokens of a tenant, revoked ones too")
    listing.add_argument("--tenant", required=True, help="name or id of the tenant")
    revoke = commands.add_parser("revoke", help="end a token at once, named in one of three ways")
    revoke.add_argument("--tenant", help="name or id of the tenant; the token itself says it")
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("token", nargs="?", help="the token itself")
    which.add_argument("--id", type=UUID, help="its id, which `tokens` lists")
    which.add_argument("--name", help="what it is for, if no other valid one has the same name")
    verify = commands.add_parser(
        "verify", help="find the first altered, missing or inserted row of the audit trail", description=_VERIFY
    )
    verify.add_argument("--tenant", help="name or id of one tenant; otherwise all")
    verify.add_argument("--checkpoint", type=Path, help="file or log with checkpoints, which the trail has to hold")
    checkpoint = commands.add_parser("checkpoint", help="print the end of every tenant's audit trail, to be kept")
    checkpoint.add_argument("--file", type=Path, help="add it to this file instead")
    return parser


def _add_tenant(given: argparse.Namespace) -> None:
    with database.operate() as conn:
        members.add_tenant(conn, name=given.name, email=given.email, time_zone=given.time_zone, by=actors.operator)


def _add_token(given: argparse.Namespace) -> None:
    operator = _operator(given.tenant)
    with database.write(operator) as conn:
        token = auth_tokens.create_token(
            conn,
            operator,
            name=given.name,
            permission=given.permission or "manage",
            send_only=given.send_only,
            event_types=given.event_type,
            expires_at=_moment(given.expires),
        )
        _check_known(conn, operator, given.event_type or [])
        command_line.say(token)


def _check_known(conn: Connection, operator: Actor, event_types: list[str]) -> None:
    """Refuse a type that the catalog does not have, which the form would not offer."""
    known = [event_type for event_type, _ in entries.event_types(conn, tenant=operator.tenant)]
    for one in event_types:
        if one not in known:
            raise InvalidInput("event types", f"the catalog has no event {one[:80]}.{did_you_mean(one, known)}")


def _rotate(given: argparse.Namespace) -> None:
    operator = _operator(given.tenant)
    with database.write(operator) as conn:
        token_id = given.id or auth_tokens.id_of_name(conn, operator, name=given.name)
        overlap, expires_at = _span("overlap", given.overlap), _moment(given.expires)
        token = auth_tokens.rotate(conn, operator, token_id=token_id, overlap=overlap, expires_at=expires_at)
        command_line.say(token)


def _list_tokens(given: argparse.Namespace) -> None:
    operator = _operator(given.tenant)
    with database.read(operator) as conn:
        tokens = auth_tokens.tokens(conn, operator)
    rows = [("ID", "NAME", "PERMISSION", "CREATED (UTC)", "BY", "LAST USED", "EXPIRES", "REVOKED", "EVENT TYPES")]
    rows += [
        (
            str(one.token_id),
            printable(one.name),
            "send only" if one.terms.send_only else one.terms.permission,
            _time(one.created_at),
            printable(one.created_by or "operator"),
            _time(one.last_used_at),
            _time(one.terms.expires_at),
            _time(one.revoked_at),
            "any" if one.terms.event_types is None else printable(", ".join(one.terms.event_types)),
        )
        for one in tokens
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        command_line.say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _revoke(given: argparse.Namespace) -> None:
    if not given.tenant and given.token is None:
        raise InvalidInput("--tenant", "is needed with --id and --name")
    operator = _operator(given.tenant or str(auth_tokens.tenant_of(given.token)))
    with database.write(operator) as conn:
        if given.token is not None:
            token_id = auth_tokens.id_of_token(conn, operator, token=given.token)
        else:
            token_id = given.id or auth_tokens.id_of_name(conn, operator, name=given.name)
        token = auth_tokens.revoke(conn, operator, token_id=token_id)
    command_line.say(f"Revoked the token {printable(token.name)} ({token.terms.permission}), {token.token_id}.")


def _verify(given: argparse.Namespace) -> None:
    checkpoints = audit_chain.read_from(given.checkpoint) if given.checkpoint else []
    with database.operate() as conn:
        verdicts = audit_chain.verify(conn, tenant_name=given.tenant, checkpoints=checkpoints)
    faults = [one for one in verdicts if one.fault]
    for one in verdicts:
        if not one.fault:
            command_line.say(f"{printable(one.tenant_name)}: {plural(one.rows, 'row')}, sound.")
    if faults:
        command_line.complain("\n".join(f"{printable(one.tenant_name)}: {one.fault}." for one in faults))
        sys.exit(_ALTERED)


def _checkpoint(given: argparse.Namespace) -> None:
    with database.operate() as conn:
        checkpoints = audit_chain.checkpoint(conn)
    if given.file:
        audit_chain.append_to(given.file, checkpoints)
    else:
        for one in checkpoints:
            command_line.say(str(one))


def _operator(tenant_name: str) -> Actor:
    with database.operate() as conn:
        return auth_tokens.operator(conn, tenant_name=tenant_name)


def _moment(given: str | None) -> datetime | None:
    """The moment that `--expires` names: a date, a date with a time, or a span from now."""
    if given is None:
        return None
    if _SPAN.fullmatch(given):
        return datetime.now(UTC) + _span("expires", given)
    try:
        if not _DATE.match(given):  # Python reads week dates, too
            raise ValueError
        moment = datetime.fromisoformat(given)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # there is no such day, or none in UTC that Python can name
        raise InvalidInput("expires", "must be a span such as 90d, or a date such as 2027-03-31") from None


def _span(field: str, given: str) -> timedelta:
    if (match := _SPAN.fullmatch(given)) is None:
        raise InvalidInput(field, "must be a number of minutes, hours or days, such as 90m, 24h or 7d")
    return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "-"


if __name__ == "__main__":
    main()

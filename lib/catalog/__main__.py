"""`python -m lib.catalog`, for a team's CI.

`check`: does a changed schema break who reads events made by the old one? `apply`: take events in from documents.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Literal, get_args

from lib import command_line, database
from lib.auth import tokens as auth_tokens
from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.catalog.interchange import reading
from lib.errors import CatalogError, InvalidInput, end_process, printable
from lib.sandbox import metaschema
from lib.schemas import compatibility
from lib.schemas.compatibility import READINGS, Comparison, Reading
from lib.serialization import strict_json
from lib.settings import settings
from lib.workflows import imports
from lib.workflows.imports import PlannedChange

Level = Literal["backward", "forward", "full"]

_CHANGED, _BAD_INPUT = 1, 2
_MOST_TOLD = 100


def main(arguments: list[str] | None = None) -> None:
    """Do what the arguments ask for.

    Ends with 1 for a breaking change or an event that cannot be taken in, with 2 and a sentence for bad input.
    """
    given = _arguments().parse_args(arguments)
    try:
        broken = _check(given) if given.command == "check" else _apply(given)
    except CatalogError as error:
        end_process(error, exit_code=_BAD_INPUT)
    finally:
        database.stop()
    if broken:
        sys.exit(_CHANGED)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib.catalog")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check",
        help="compare schemas: two files OLD NEW, or each other number of files with what is registered",
        description="Exits with 1 on a breaking change, with 2 on bad input, else with 0.",
    )
    check.add_argument("files", nargs="+", metavar="FILE", help="JSON Schema; its $id or its name says its ref")
    check.add_argument("--tenant", help="name or id of the tenant whose registry is meant; needed but for OLD NEW")
    check.add_argument("--reading", choices=READINGS, default=READINGS[0], help="strict: as Confluent's registry reads")
    check.add_argument(
        "--compatibility",
        choices=get_args(Level),
        default="backward",
        help="backward (the default): the new schema takes what the old one does; forward: the old one takes what the "
        "new one does; full: both",
    )
    apply = commands.add_parser(
        "apply",
        help="take in events from JSON Schema, AsyncAPI, OpenAPI or files of ours; only told without --yes",
        description="Exits with 1 if an event cannot be taken in, with 2 on bad input, else with 0.",
    )
    apply.add_argument("files", nargs="+", metavar="FILE", help="documents that belong together")
    apply.add_argument("--tenant", required=True, help="name or id of the tenant")
    apply.add_argument("--category", default="", help="of new events that name none; else the document's title")
    how = apply.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="do it: all that can be taken in, in one transaction")
    how.add_argument("--dry-run", action="store_true", help="only tell what would change, which is the default")
    return parser


def _apply(given: argparse.Namespace) -> bool:
    """Take in what the files hold, or tell what that would change; whether something of them cannot be taken in."""
    document = reading.read({printable(name): _bytes(name) for name in given.files})
    for problem in document.problems:
        command_line.complain(printable(problem))
    if document.problems and not document.events and not document.schemas:
        raise InvalidInput("files", "hold nothing that could be taken in")
    operator = _operator(given.tenant)
    with database.read(operator) as conn:
        plan = imports.plan(conn, tenant=operator.tenant, document=document, category=given.category)
    for change in plan:
        if change.kind != "unchanged":
            command_line.say(printable(_line(change)))
    command_line.say(", ".join(f"{sum(one.kind == kind for one in plan)} {kind}" for kind in imports.CHANGE_KINDS))
    if given.yes:
        with database.write(operator) as conn:
            chosen = [one.key for one in plan]
            imports.apply(conn, operator, plan=plan, chosen=chosen, source=", ".join(map(printable, given.files)))
    elif any(one.can_be_chosen for one in plan):
        command_line.say("Nothing was changed; --yes does it.")
    return bool(document.problems) or any(one.kind == "invalid" for one in plan)


def _line(change: PlannedChange) -> str:
    told = f"{change.kind:9}  {change.name or change.place}"
    if change.changes:
        told += f": {', '.join(change.changes)}"
    return f"{told}{f' ({change.verdict})' if change.verdict else ''}{f'  {change.reason}' if change.reason else ''}"


def _operator(tenant_name: str) -> Actor:
    strict_json.check(tenant_name, field="--tenant")  # an argument may hold bytes that no text has
    database.start(settings())
    with database.operate() as conn:
        return auth_tokens.operator(conn, tenant_name=tenant_name)


def _check(given: argparse.Namespace) -> bool:
    """Compare what is asked for and tell it; whether something breaks."""
    schemas = {name: _read(name) for name in given.files}
    if len(given.files) == 2 and given.tenant is None:
        old, new = given.files
        return _print_comparison(f"{old} → {new}", compatibility.compare(schemas[old], schemas[new]), given)
    if given.tenant is None:
        raise InvalidInput("--tenant", "is needed to compare with what is registered")
    operator = _operator(given.tenant)
    broken = False
    with database.read(operator) as conn:
        for name, schema in schemas.items():
            ref = _ref(name, schema)
            family = schema_registry.family_of(ref)
            known = [one.schema_ref for one in schema_registry.versions(conn, tenant=operator.tenant, family=family)]
            if not known:
                command_line.say(printable(f"{ref}: not registered yet"))
                continue
            old = ref if ref in known else known[0]
            registered = schema_registry.exact(conn, tenant=operator.tenant, refs=[old])[old]
            broken |= _print_comparison(f"{old} → {name}", compatibility.compare(registered, schema), given)
    return broken


def _read(name: str) -> Any:
    """The schema in a file. Raises InvalidInput naming the file and what is wrong with it."""
    shown = printable(name)
    content = _bytes(name)
    schema = strict_json.parse(content, field=shown)
    if not isinstance(schema, dict | bool):
        raise InvalidInput(shown, "is no JSON Schema, which is an object, true or false")
    if isinstance(schema, dict) and (problems := metaschema.schema_problems(content.decode())):
        line, sentence = problems[0]
        raise InvalidInput(shown, f"is no JSON Schema that can be used{f', line {line}' if line else ''}: {sentence}")
    return schema


def _bytes(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        why = f"cannot be read: {getattr(error, 'strerror', None) or 'no such file'}"
        raise InvalidInput(printable(name), why) from None


def _ref(name: str, schema: Any) -> str:
    """The ref that a file is about: the end of its $id, else its name without .json."""
    identifier = schema.get("$id") if isinstance(schema, dict) else None
    named = identifier if isinstance(identifier, str) and identifier else name
    return Path(named.rstrip("#/")).name.removesuffix(".json").removesuffix(".schema")


def _print_comparison(title: str, found: Comparison, given: argparse.Namespace) -> bool:
    reading: Reading = given.reading
    findings = found.of(reading)
    level: Level = given.compatibility
    counted = [one for one in findings if level in ("full", one.breaks)]
    command_line.say(printable(f"{title}: {found.verdict(reading)} ({reading})"))
    for one in [*counted, *(one for one in findings if one not in counted)][:_MOST_TOLD]:
        command_line.say(printable(f"  {one.name} at {one.place or 'the top'}, breaks {one.breaks}: {one.sentence}"))
    if len(findings) > _MOST_TOLD:
        command_line.say(f"  and {len(findings) - _MOST_TOLD} more")
    return bool(counted)


if __name__ == "__main__":
    main()

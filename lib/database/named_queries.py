"""Named SQL statements from queries/<package>/<module>.sql, each file read by the module of its name alone.

A file holds sections of one statement each:

    -- name: list_entries
    -- One page of the catalog, best match first.
    SELECT ...

Loading is strict, because a malformed file would otherwise fail far from its cause: a section without a
purpose or a statement, a name used twice, several statements in one section, and `:x::type` (which
SQLAlchemy does not see as a parameter) are errors with file and line. Comments are stripped, since `:word`
inside one would count as a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

from lib.errors import QueryFileError
from lib.settings import ROOT

QUERIES = ROOT / "queries"

_NAME = re.compile(r"^--\s*name:\s*(?P<name>.*?)\s*$")
_CAST = re.compile(r"(?<![:\w]):[A-Za-z_]\w*::")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
# A quoted literal or a comment; literals are kept, comments go.
_TOKEN = re.compile(rf"{_LITERAL.pattern}|--[^\n]*")


@cache
def of(module: str) -> Mapping[str, TextClause]:
    """The statements of the module, by name, ready for conn.execute(statement, parameters).

    Call it with `__name__`. `lib.runs.engine` owns queries/runs/engine.sql; a package itself, such as `lib.demo`,
    owns the file of its own name, queries/demo/demo.sql.
    """
    parts = module.split(".")[1:]
    path = QUERIES.joinpath(*(parts if len(parts) > 1 else parts * 2)).with_suffix(".sql")
    return {name: text(statement) for name, statement in parse(path).items()}


def parse(path: Path) -> dict[str, str]:
    """Statements of one file by name, comments stripped. Raises QueryFileError with file and line."""
    statements: dict[str, str] = {}
    for name, line, lines in _sections(path):
        where = f"{path.name}:{line}"
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise QueryFileError(f"{where}: a name is lower-case words joined by _, not {name!r}")
        if name in statements:
            raise QueryFileError(f"{where}: the name {name} is used twice")
        if not (lines and lines[0].startswith("--") and lines[0].strip("- ")):
            raise QueryFileError(f"{where}: {name} lacks the comment line that says its purpose")
        for offset, content in enumerate(lines, start=1):
            if _CAST.search(_LITERAL.sub("", _without_comments(content))):
                raise QueryFileError(f"{path.name}:{line + offset}: write CAST(:x AS type), not :x::type")
        statement = _without_comments("\n".join(lines)).strip().removesuffix(";").strip()
        if not statement:
            raise QueryFileError(f"{where}: {name} has no statement")
        if ";" in _LITERAL.sub("", statement):
            raise QueryFileError(f"{where}: {name} holds more than one statement")
        statements[name] = statement
    if not statements:
        raise QueryFileError(f"{path.name}:1: no statement in this file")
    return statements


def _sections(path: Path) -> Iterator[tuple[str, int, list[str]]]:
    """(name, line of the name, lines below it) of each section; anything before the first is an error."""
    name, start, lines = "", 0, list[str]()
    for number, content in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if match := _NAME.match(content):
            if start:
                yield name, start, lines
            name, start, lines = match["name"], number, []
        elif start:
            lines.append(content)
        elif content.strip() and not content.startswith("--"):
            raise QueryFileError(f"{path.name}:{number}: SQL before the first `-- name:`")
    if start:
        yield name, start, lines


def _without_comments(statement: str) -> str:
    return _TOKEN.sub(lambda m: m[0] if m[0].startswith("'") else "", statement)

"""Named SQL statements from queries/<package>/<module>.sql, each file read by the module of its name alone.

A file holds sections of one statement each:

    -- name: list_entries
    -- One page of the catalog, best match first.
    SELECT ...

What several statements of a file share is written once, in a section `-- part: name`. Its text stands wherever
`{name}` is written, in a statement or in another part.

Loading is strict, because a malformed file would otherwise fail far from its cause: a section without a
purpose or a statement, a name used twice, several statements in one section, a part that is missing or unused, and
`:x::type` (which SQLAlchemy does not see as a parameter) are errors with file and line. Comments are stripped, since
`:word` inside one would count as a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

from lib.errors import QueryFileError
from lib.settings import ROOT

QUERIES = ROOT / "queries"

_NAME = re.compile(r"^--\s*(?P<kind>name|part):\s*(?P<name>.*?)\s*$")
_PART = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_CAST = re.compile(r"(?<![:\w]):[A-Za-z_]\w*::")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
# A quoted literal or a comment; literals are kept, comments go.
_TOKEN = re.compile(rf"{_LITERAL.pattern}|--[^\n]*")


@dataclass(frozen=True)
class _Section:
    """A statement, or a part of some, and the line of its name."""

    name: str
    is_part: bool
    line: int
    text: str


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
    sections: dict[str, _Section] = {}
    for section in _sections(path):
        if section.name in sections:
            raise QueryFileError(f"{path.name}:{section.line}: the name {section.name} is used twice")
        sections[section.name] = replace(section, text=_statement(path, section))
    used: set[str] = set()
    statements = {
        name: _filled(path, section, sections, used) for name, section in sections.items() if not section.is_part
    }
    for name, section in sections.items():
        if section.is_part and name not in used:
            raise QueryFileError(f"{path.name}:{section.line}: no statement has the part {name}")
    if not statements:
        raise QueryFileError(f"{path.name}:1: no statement in this file")
    return statements


def _statement(path: Path, section: _Section) -> str:
    """The section's text, checked and without comments."""
    where, lines = f"{path.name}:{section.line}", section.text.split("\n")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", section.name):
        raise QueryFileError(f"{where}: a name is lower-case words joined by _, not {section.name!r}")
    if not (lines[0].startswith("--") and lines[0].strip("- ")):
        raise QueryFileError(f"{where}: {section.name} lacks the comment line that says its purpose")
    for offset, content in enumerate(lines, start=1):
        if _CAST.search(_LITERAL.sub("", _without_comments(content))):
            raise QueryFileError(f"{path.name}:{section.line + offset}: write CAST(:x AS type), not :x::type")
    statement = _without_comments(section.text).strip().removesuffix(";").strip()
    if not statement:
        raise QueryFileError(f"{where}: {section.name} has no statement")
    if ";" in _LITERAL.sub("", statement):
        raise QueryFileError(f"{where}: {section.name} holds more than one statement")
    return statement


def _filled(
    path: Path, section: _Section, sections: Mapping[str, _Section], used: set[str], inside: tuple[str, ...] = ()
) -> str:
    """The section's text with every part in its place; `used` gets their names."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        part = sections.get(name)
        if part is None or not part.is_part or name in inside:
            raise QueryFileError(f"{path.name}:{section.line}: {section.name} cannot have the part {name} in it")
        used.add(name)
        return _filled(path, part, sections, used, (*inside, name))

    return _PART.sub(fill, section.text)


def _sections(path: Path) -> Iterator[_Section]:
    """The sections of a file as they are written; anything before the first is an error."""
    found: re.Match[str] | None = None
    start, lines = 0, list[str]()
    for number, content in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if match := _NAME.match(content):
            if found:
                yield _Section(found["name"], found["kind"] == "part", start, "\n".join(lines))
            found, start, lines = match, number, []
        elif found:
            lines.append(content)
        elif content.strip() and not content.startswith("--"):
            raise QueryFileError(f"{path.name}:{number}: SQL before the first `-- name:`")
    if found:
        yield _Section(found["name"], found["kind"] == "part", start, "\n".join(lines))


def _without_comments(statement: str) -> str:
    return _TOKEN.sub(lambda m: m[0] if m[0].startswith("'") else "", statement)

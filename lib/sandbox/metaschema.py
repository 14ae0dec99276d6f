"""Is a text or a value a JSON Schema? By the metaschema of the draft that it names, with every problem at its line.

A schema may be hostile. It is judged as any other value is, by the one judge of values (lib/sandbox/validation.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from lib import sandbox
from lib.errors import InvalidInput
from lib.sandbox import validation
from lib.schemas import dialects
from lib.serialization import json_pointer, strict_json
from lib.serialization.json_positions import line_of, repeated_keys
from lib.serialization.strict_json import JsonValue

#: A line of the text, None where there is no text or none is to blame, and a sentence.
SchemaProblem = tuple[int | None, str]

_UNSAID = "It cannot be said whether this is a schema."
_TIMEOUT_MS = 1000
_MOST = 50
#: Problems of schemas by their digests, and of how many at most.
_known: dict[bytes, tuple[tuple[str, str], ...]] = {}
_MOST_KNOWN = 10_000
_LINE = re.compile(r"at line (\d+)")
#: The first line of a mapping in YAML: a name without quotes, a colon, and a blank or the end of the line.
_YAML = re.compile(r"(?:\s*(?:#.*|---.*)?\n)*\s*(?:- )?[\w$./-]+:(?:\s|$)")


def schema_problems(given: str | JsonValue) -> list[SchemaProblem]:
    """Every reason why a value, or a text that should be one in JSON, is no JSON Schema that can be used.

    A schema is an object. It names no draft or one from 3 to 2020-12, refers to nothing outside of it, and is at most
    as large as a payload may be. Never raises over what it is given.
    """
    text = given if isinstance(given, str) else None
    try:
        schema = strict_json.parse(text, field="schema") if text is not None else given
        strict_json.check(schema, field="schema")
    except InvalidInput as error:
        return _unreadable(text, error)
    found = [
        (line_of(text, json_pointer.places(pointer)) if text is not None else None, sentence)
        for pointer, sentence in _problems(strict_json.dumps(schema))
    ]
    return sorted(found, key=lambda one: one[0] or 0)


def _unreadable(text: str | None, error: InvalidInput) -> list[SchemaProblem]:
    """What keeps a text from being read at all."""
    if text is None:
        return [(None, error.sentence)]
    if "more than once" in error.cause:
        try:
            return [
                (line, f"The key {strict_json.dumps(name[:80])} stands here again.")
                for line, name in repeated_keys(text)
            ]
        except (IndexError, ValueError):  # something else is wrong with the text as well
            return [(None, error.sentence)]
    if error.cause.startswith("is not JSON") and _YAML.match(text):
        return [(1, "This looks like YAML. Write the schema as JSON, with braces and quotes.")]
    line = _LINE.search(error.cause)
    return [(int(line[1]) if line else None, error.sentence)]


def _problems(text: str) -> tuple[tuple[str, str], ...]:
    """(JSON pointer, sentence) of everything that is wrong with a schema, given as JSON; a schema is judged once.

    An import asks for each of its schemas when it is planned and when it is applied, so many are remembered, and none
    of them is kept for that.
    """
    digest = hashlib.sha256(text.encode()).digest()
    found = _known.get(digest)
    if found is None:
        try:
            found = tuple(_found(text))
        except sandbox.NotTried:  # not remembered: whoever asks next may be told
            return (("", f"{_UNSAID} The processes that check schemas are busy; try again in a moment."),)
        if len(_known) >= _MOST_KNOWN:
            _known.pop(next(iter(_known)), None)
        _known[digest] = found
    return found


def _found(text: str) -> Iterator[tuple[str, str]]:
    schema = strict_json.loads(text)
    if not isinstance(schema, dict):
        yield "", 'The schema must be an object, such as {"type": "object"}.'
    elif (address := dialects.metaschema(schema)) is None:
        yield "/$schema", f"$schema {dialects.unknown(schema)}."
    else:
        yield from _violated(address, schema)
        yield from _broken_references(text)


def _violated(address: str, schema: JsonValue) -> Iterator[tuple[str, str]]:
    verdict = validation.violations({"$schema": address, "$ref": address}, schema, timeout_ms=_TIMEOUT_MS, limit=_MOST)
    if not verdict.was_tried:
        raise sandbox.NotTried
    for one in verdict.violations:
        if one.keyword != "format" or not _leads_inside(schema, one.pointer):
            yield one.pointer, f"{one.pointer or 'The schema'}: {one.message}"
    if verdict.error:
        yield "", f"{_UNSAID} {verdict.error}"


def _leads_inside(schema: JsonValue, pointer: str) -> bool:
    """Whether a reference into the schema itself stands there. It is followed as it is written, be it no URL."""
    path = json_pointer.places(pointer)
    reference = json_pointer.value_at(schema, path)
    return path[-1:] == ("$ref",) and isinstance(reference, str) and reference.startswith("#")


def _broken_references(text: str) -> Iterator[tuple[str, str]]:
    try:
        found = sandbox.run("broken_references", {"schema": text}, timeout_ms=_TIMEOUT_MS)
    except sandbox.NotTried:
        raise
    except sandbox.SandboxError as error:
        yield "", f"Following the references of the schema {error}."
        return
    for pointer, why in found[:_MOST]:
        yield pointer, f"{pointer}: The schema {why}."

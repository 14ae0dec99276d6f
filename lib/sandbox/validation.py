"""Does a value satisfy a JSON Schema? Both may be hostile: what may take long is answered by a child with a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from lib import sandbox
from lib.errors import InvalidInput
from lib.sandbox import schemas
from lib.schemas import cost
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge, unusable_sentences
from lib.serialization import json_pointer, strict_json
from lib.serialization.strict_json import JsonValue

#: Tenths of microseconds that a check in this process may take at most.
MOST_UNITS = 200_000


@dataclass(frozen=True)
class Violation:
    """One place of the value that the schema does not allow. `message` never repeats the value."""

    path: tuple[str | int, ...]
    message: str
    keyword: str

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer; "" is the whole value."""
        return json_pointer.join(self.path)


@dataclass(frozen=True)
class SchemaVerdict:
    """What came out; `error` says why when it is timed_out or schema_error.

    With an error, an invalid value is so by the part of the schema that can be checked.
    """

    status: Literal["valid", "invalid", "timed_out", "schema_error"]
    violations: tuple[Violation, ...] = ()
    error: str | None = None
    #: Not where it is timed_out for want of a free child, or of time in the block around: later it may be checked.
    was_tried: bool = True

    @property
    def error_status(self) -> str:
        """What kind of error it is, of an invalid value too."""
        return "timed_out" if self.status == "timed_out" else "schema_error"

    @property
    def valid(self) -> bool:
        """Whether the value is known to satisfy the schema."""
        return self.status == "valid"


class Checker:
    """A schema, ready to check values. Safe from any thread, and worth keeping for the next value.

    Cheap checks are done in this process, all others in a child with a clock (docs/decisions/0073).
    """

    def __init__(self, schema: JsonValue) -> None:
        self._schema = schema
        self._judge: Judge | None = None
        if cost.is_small(schema):
            self._judge = Judge(SchemaDocument(schema))
            self._bounds = self._judge.bounds()

    def takes_at_most(self, value: JsonValue, units: float) -> bool:
        """Whether checking a value and telling what is wrong surely takes no more than that (lib/schemas/cost.py)."""
        return self._judge is not None and cost.is_affordable(self._bounds, value, units)

    def violations(self, value: JsonValue, *, timeout_ms: int = 1000, limit: int = 50) -> SchemaVerdict:
        """Check a value, at most `limit` violations, in the draft that $schema names (else 2020-12).

        References outside the schema are never fetched. `timeout_ms` is CPU time, for what a child does. Never raises
        over what schema or value hold.
        """
        size = cost.size(value) if self._judge is not None else None
        if self._judge is None or size is None or self._bounds.fits.units(*size) > MOST_UNITS:
            return self._in_child(value, timeout_ms, limit)
        if self._judge.is_valid(self._judge.document.root, value):
            return _verdict((), self._judge.unusable)
        if self._bounds.tells.units(*size) > MOST_UNITS:
            return self._in_child(value, timeout_ms, limit)
        found = schemas.judged(self._judge, value, limit)
        return _verdict(tuple(Violation(one.path, one.message, one.keyword) for one in found), self._judge.unusable)

    def _in_child(self, value: JsonValue, timeout_ms: int, limit: int) -> SchemaVerdict:
        arguments = {"schema": strict_json.dumps(self._schema), "value": strict_json.dumps(value), "limit": limit}
        try:
            result = sandbox.run("validate", arguments, timeout_ms=timeout_ms)
        except sandbox.NotTried as error:
            return SchemaVerdict("timed_out", error=f"The schema check {error}.", was_tried=False)
        except sandbox.TimedOut:
            return SchemaVerdict("timed_out", error=f"The schema check took more than {timeout_ms} ms.")
        except sandbox.SandboxError as error:
            return SchemaVerdict("schema_error", error=f"The schema {error}.")
        found = tuple(Violation(tuple(item["path"]), item["message"], item["keyword"]) for item in result["violations"])
        return _verdict(found, result["unusable"])


@dataclass(frozen=True)
class _Given:
    """A schema, the same one as another of the same text."""

    text: str
    schema: JsonValue = field(compare=False)


def checker(schema: JsonValue) -> Checker:
    """Prepare a schema to check values. A schema that comes again is not prepared again."""
    try:
        return _prepared(_Given(strict_json.dumps(schema), schema))
    except (TypeError, ValueError, InvalidInput):  # what no text can hold, only code
        return Checker(schema)


@lru_cache(maxsize=512)
def _prepared(given: _Given) -> Checker:
    return Checker(given.schema)


def violations(schema: JsonValue, value: JsonValue, *, timeout_ms: int = 1000, limit: int = 50) -> SchemaVerdict:
    """Check one value; see Checker.violations."""
    return checker(schema).violations(value, timeout_ms=timeout_ms, limit=limit)


def _verdict(found: tuple[Violation, ...], unusable: Sequence[str]) -> SchemaVerdict:
    """The rest of a schema is checked too when a part of it cannot be; its violations count."""
    error = unusable_sentences(unusable) if unusable else None
    return SchemaVerdict("invalid" if found else "schema_error" if error else "valid", found, error)

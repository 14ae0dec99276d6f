"""Does a value satisfy a JSON Schema? Both may be hostile, so a child process with a clock answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lib import sandbox
from lib.serialization import json_pointer, strict_json
from lib.serialization.strict_json import JsonValue


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
    """What came out; `error` says why when it is timed_out or schema_error."""

    status: Literal["valid", "invalid", "timed_out", "schema_error"]
    violations: tuple[Violation, ...] = ()
    error: str | None = None

    @property
    def valid(self) -> bool:
        """Whether the value is known to satisfy the schema."""
        return self.status == "valid"


def violations(schema: JsonValue, value: JsonValue, *, timeout_ms: int = 1000, limit: int = 50) -> SchemaVerdict:
    """Check a value, at most `limit` violations, in the draft that $schema names (else 2020-12).

    References outside the schema are refused, never fetched. `timeout_ms` is CPU time. Never raises over
    what schema or value hold; safe from any thread.
    """
    arguments = {"schema": strict_json.dumps(schema), "value": strict_json.dumps(value), "limit": limit}
    try:
        result = sandbox.run("validate", arguments, timeout_ms=timeout_ms)
    except sandbox.TimedOut:
        return SchemaVerdict("timed_out", error=f"The schema check took more than {timeout_ms} ms.")
    except sandbox.SandboxError as error:
        return SchemaVerdict("schema_error", error=f"The schema {error}.")
    if "schema_error" in result:
        return SchemaVerdict("schema_error", error=f"The schema {result['schema_error'].removesuffix('.')}.")
    found = tuple(Violation(tuple(item["path"]), item["message"], item["keyword"]) for item in result["violations"])
    return SchemaVerdict("invalid" if found else "valid", found)

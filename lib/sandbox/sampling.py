"""A sample value for a JSON Schema. The schema may be hostile, so a child process with a clock makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lib import sandbox
from lib.serialization import strict_json
from lib.serialization.json_values import copy
from lib.serialization.strict_json import JsonValue

#: CPU time for a sample, and for the sketch that stands in for it.
TIMEOUT_MS, SKETCH_MS = 2000, 500
#: Samples kept, since a page asks for the same one in each run.
KEPT = 200


@dataclass(frozen=True)
class SchemaSample:
    """What was made. `problem` says why it may not fit its schema, None for a sample that was made to its end."""

    value: JsonValue
    problem: str | None = None


def sample(schema: JsonValue, *, places: Sequence[str] = ("",)) -> SchemaSample:
    """Make a sample, always the same one for the same schema; of one place, where JSON pointers name its schemas.

    Never raises over what the schema holds. Where the time is not enough, a small value with the required fields
    stands in. Safe from any thread.
    """
    try:
        made = _made(strict_json.dumps(schema), tuple(places))
    except sandbox.NotTried as error:  # not kept: whoever asks next may have one
        return SchemaSample({}, f"A sample of this schema {error}.")
    return SchemaSample(copy(made.value), made.problem)


@lru_cache(maxsize=KEPT)
def _made(schema: str, places: tuple[str, ...]) -> SchemaSample:
    arguments: dict[str, Any] = {"schema": schema, "places": list(places)}
    try:
        return SchemaSample(sandbox.run("sample", arguments, timeout_ms=TIMEOUT_MS))
    except sandbox.NotTried:
        raise
    except sandbox.TimedOut:
        problem = f"A sample of this schema takes more than {TIMEOUT_MS / 1000:g} seconds of computing time"
    except sandbox.SandboxError as error:
        problem = f"A sample of this schema {error}"
    return SchemaSample(_sketched(arguments), f"{problem}. This is a value with the required fields, unchecked.")


def _sketched(arguments: dict[str, Any]) -> JsonValue:
    try:
        value: JsonValue = sandbox.run("sketch", arguments, timeout_ms=SKETCH_MS)
    except sandbox.NotTried:
        raise
    except sandbox.SandboxError:
        return {}
    return value

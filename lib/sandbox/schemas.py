"""Jobs about JSON Schemas, done in the child: judging a value at too high a cost for the app, following references."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lib.schemas import references
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge
from lib.schemas.telling import SchemaViolation, first
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue


def validate(schema: str, value: str, limit: int) -> dict[str, Any]:
    """Violations of a schema by a value, both as JSON text, and what of the schema cannot be checked."""
    judge = _judge(schema)
    found = judged(judge, strict_json.loads(value), limit)
    violations = [{"path": list(one.path), "message": one.message, "keyword": one.keyword} for one in found]
    return {"violations": violations, "unusable": judge.unusable}


def judged(judge: Judge, value: JsonValue, limit: int) -> list[SchemaViolation]:
    """At most `limit` violations of a schema by a value."""
    return first(judge.document, judge.breaches(judge.document.root, value), limit)


def broken_references(schema: str) -> list[list[str]]:
    """Pointer and reason of every reference that cannot be followed, in a schema given as JSON text."""
    return [[one.pointer, one.why] for one in references.broken(strict_json.loads(schema))]


def warm_up() -> None:
    """Load all that is loaded late: afterwards no file can be opened."""
    validate('{"$ref":"https://json-schema.org/draft/2020-12/schema"}', "{}", 1)


@lru_cache(maxsize=500)
def _judge(schema: str) -> Judge:
    return Judge(SchemaDocument(strict_json.loads(schema)))

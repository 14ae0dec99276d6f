"""Payloads that a person has at hand, and the schema that they suggest.

They are redacted before anything is made of them: no secret comes into a schema, an example or a log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lib import redaction
from lib.errors import InvalidInput
from lib.redaction import Redacted
from lib.schemas import JsonSchema, inference
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

#: Of a text with payloads.
MOST_BYTES, MOST_EXAMPLES = 1024 * 1024, 1000
_FIELD = "examples"


def read(text: str) -> list[JsonValue]:
    """The payloads in a text: one JSON value, a list of them, or one a line. Of CloudEvents, it is their data.

    Raises InvalidInput, which names the line.
    """
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        raise InvalidInput(_FIELD, f"are longer than {MOST_BYTES // 1024:,} KiB")
    found = [_payload(one) for one in _values(text)]
    if not found:
        raise InvalidInput(_FIELD, "are an empty list")
    if len(found) > MOST_EXAMPLES:
        raise InvalidInput(_FIELD, f"are {len(found):,}; at most {MOST_EXAMPLES:,} are looked at")
    return found


def schema_of(examples: Iterable[JsonValue]) -> JsonSchema:
    """The schema that payloads suggest. All of them fit it, and its draft is 2020-12."""
    return schema_of_redacted(Redacted.of(one).shown for one in examples)


def schema_of_redacted(shown: Iterable[JsonValue]) -> JsonSchema:
    """The same of payloads that were redacted earlier. What they were before fits it too."""
    inferred = inference.infer(shown, hidden_as=redaction.REDACTED)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **inferred}


def _values(text: str) -> Sequence[JsonValue]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2 or not _is_json(lines[0][1]):
        value = strict_json.parse(text, field=_FIELD, max_bytes=MOST_BYTES)
        return value if isinstance(value, list) else [value]
    return [strict_json.parse(line, field=f"line {number}", max_bytes=MOST_BYTES) for number, line in lines]


def _is_json(text: str) -> bool:
    try:
        strict_json.parse(text, max_bytes=MOST_BYTES)
    except InvalidInput:
        return False
    return True


def _payload(value: Any) -> JsonValue:
    is_envelope = isinstance(value, dict) and {"specversion", "type", "source", "data"} <= value.keys()
    return value["data"] if is_envelope else value

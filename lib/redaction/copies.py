"""What was hidden in one value, hidden in others that were made from it under any other name."""

from __future__ import annotations

from lib.payloads import JsonValue
from lib.redaction import REDACTED

#: Shorter texts would match by chance.
_SHORTEST = 4


def hidden(raw: JsonValue, redacted: JsonValue) -> frozenset[str]:
    """The texts and numbers (as text) that redaction took out of a value."""
    return frozenset(_hidden(raw, redacted))


def mask(value: JsonValue, texts: frozenset[str]) -> JsonValue:
    """The value with every occurrence of these texts replaced, inside longer texts too."""
    if not texts:
        return value
    if isinstance(value, dict):
        return {key: mask(member, texts) for key, member in value.items()}
    if isinstance(value, list):
        return [mask(member, texts) for member in value]
    if isinstance(value, str):
        for text in texts:
            value = value.replace(text, REDACTED)
        return value
    is_number = value is not None and not isinstance(value, bool)
    return REDACTED if is_number and str(value) in texts else value


def _hidden(raw: JsonValue, redacted: JsonValue) -> list[str]:
    if isinstance(raw, dict) and isinstance(redacted, dict):
        return [text for key in raw for text in _hidden(raw[key], redacted.get(key))]
    if isinstance(raw, list) and isinstance(redacted, list):
        return [text for pair in zip(raw, redacted, strict=False) for text in _hidden(*pair)]
    if redacted == REDACTED and raw != REDACTED:
        return [text for text in _leaves(raw) if len(text) >= _SHORTEST]
    return []


def _leaves(value: JsonValue) -> list[str]:
    if isinstance(value, dict):
        return [text for member in value.values() for text in _leaves(member)]
    if isinstance(value, list):
        return [text for member in value for text in _leaves(member)]
    return [] if value is None or isinstance(value, bool) else [str(value)]

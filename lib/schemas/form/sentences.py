"""Plain sentences for what jsonschema reports: said to the person who fills in the form."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any

from jsonschema.exceptions import ValidationError

from lib.serialization.json_values import json_text, json_type

TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
FORMAT_NAMES = {
    "date-time": "a date and time with offset, such as 2026-03-02T09:15:30Z",
    "date": "a date, such as 2026-03-02",
    "time": "a time with offset, such as 09:15:30Z",
    "duration": "a duration, such as PT15M",
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "uri": "a full URI, such as https://example.com/a",
    "iri": "a full IRI, such as https://example.com/a",
    "uri-reference": "a URI or a path",
    "hostname": "a host name, such as example.com",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uuid": "a UUID",
    "regex": "a regular expression",
    "json-pointer": "a JSON pointer, such as /a/0",
}


def sentence(error: ValidationError) -> str:
    """Say one error as a sentence without its full stop; unknown keywords keep jsonschema's words."""
    say = _SENTENCES.get(str(error.validator))
    return say(error, error.validator_value) if say else short(error.message, 200)


def short(text: str, width: int = 60) -> str:
    """Cut text that is too long to read in one line."""
    return text if len(text) <= width else text[: width - 1] + "…"


def shown(value: Any) -> str:
    """Write a value as short JSON."""
    return short(json_text(value, None))


def _count(number: Any, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _type(error: ValidationError, wanted: Any) -> str:
    listed = [wanted] if isinstance(wanted, str | dict) else wanted
    names = [TYPE_NAMES.get(one, one) if isinstance(one, str) else "of another kind" for one in listed]
    found = json_type(error.instance)
    inside = f", not {shown(error.instance)}" if found in ("string", "boolean", "number") else ""
    inside = inside or f", not {TYPE_NAMES[found]}"
    return f"Must be {' or '.join(names)}{inside}"


def _length(word: str, one: str, many: str) -> Callable[[ValidationError, Any], str]:
    def say(error: ValidationError, limit: Any) -> str:
        size = len(error.instance) if isinstance(error.instance, Sized) else 0
        return f"Must have {word} {_count(limit, one, many)}, has {size}"

    return say


def _limit(words: str) -> Callable[[ValidationError, Any], str]:
    return lambda error, limit: f"Must be {words} {shown(limit)}"


def _required(error: ValidationError, _: Any) -> str:
    return "Required" if error.message.endswith("is a required property") else error.message


def _enum(error: ValidationError, values: Any) -> str:
    return f"Must be one of {short(', '.join(shown(value) for value in values), 160)}"


_SENTENCES: dict[str, Callable[[ValidationError, Any], str]] = {
    "type": _type,
    "required": _required,
    "enum": _enum,
    "const": lambda error, value: f"Must be {shown(value)}",
    "format": lambda error, name: f"Must be {FORMAT_NAMES.get(name, f'of the format {name}')}",
    "pattern": lambda error, pattern: f"Must match the pattern {pattern}",
    "minimum": _limit("at least"),
    "maximum": _limit("at most"),
    "exclusiveMinimum": _limit("more than"),
    "exclusiveMaximum": _limit("less than"),
    "multipleOf": _limit("a multiple of"),
    "minLength": _length("at least", "character", "characters"),
    "maxLength": _length("at most", "character", "characters"),
    "minItems": _length("at least", "item", "items"),
    "maxItems": _length("at most", "item", "items"),
    "minProperties": _length("at least", "field", "fields"),
    "maxProperties": _length("at most", "field", "fields"),
    "uniqueItems": lambda error, _: "Items must differ from each other",
    "contains": lambda error, _: "No item is of the kind that must be among them",
    "additionalProperties": lambda error, _: "The schema has no such field",
    "propertyNames": lambda error, _: short(f"Field name not allowed: {error.message}", 160),
    "not": lambda error, _: "The schema excludes this value",
    "dependentRequired": lambda error, _: short(error.message, 160),
    "oneOf": lambda error, _: "Fits more than one option, must fit exactly one",
    "anyOf": lambda error, _: "Fits none of the options",
    "if": lambda error, _: short(error.message, 160),
}

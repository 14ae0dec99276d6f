"""What a violation of a JSON Schema means, in one plain sentence.

A sentence never repeats the value that is wrong: it may be a secret, and it stands beside the sentence
wherever the reader is allowed to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jsonschema import SchemaError, ValidationError
from jsonschema.exceptions import best_match

from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_FORMATS = {
    "uri-reference": "a URL or the end of one, such as /a?b",
    "date": "a date, such as 2026-05-17",
    "date-time": "a date and time with offset, such as 2026-05-17T09:30:00Z",
    "time": "a time with offset, such as 09:30:00Z",
    "duration": "a duration, such as P3DT4H",
    "email": "an email address",
    "idn-email": "an email address",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uri": "a URL with its scheme, such as https://example.com/",
    "uuid": "a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
    "regex": "a regular expression",
    "json-pointer": "a JSON pointer, such as /a/b",
}
_LONGEST = 200


def sentence(error: ValidationError | SchemaError) -> str:
    """The violation as a sentence without the path, which is error.absolute_path."""
    explain = _SENTENCES.get(str(error.validator))
    return explain(error) if explain else f"Does not satisfy {error.validator}."


def _required(error: Any) -> str:
    missing = [name for name in error.validator_value if name not in error.instance]
    # One error stands for one name; which one is only in the message, as Python spells it.
    name = next((name for name in missing if error.message.startswith(repr(name))), missing[0])
    return f"{_quoted(name)} is missing."


def _type(error: Any) -> str:
    types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    wanted, given = _either([_TYPES.get(name, str(name)) for name in types]), _kind(error.instance)
    return f"Must be {wanted}." if given == "a number" else f"Must be {wanted}, not {given}."


def _enum(error: Any) -> str:
    return f"Must be {_either([_quoted(value) for value in error.validator_value])}."


def _additional_properties(error: Any) -> str:
    # Which names match no pattern either is only in the message, as Python spells them.
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    extra = [_quoted(name) for name in error.instance if name not in known and repr(name) in error.message]
    return f"{_list(extra, 'and')} {'is' if len(extra) == 1 else 'are'} not allowed here."


def _dependent_required(error: Any) -> str:
    for name, needed in error.validator_value.items():
        missing = [_quoted(other) for other in needed if other not in error.instance]
        if name in error.instance and missing:
            return f"With {_quoted(name)}, {_list(missing, 'and')} must be given as well."
    return "Something that must come with it is missing."


def _forms(error: Any) -> str:
    count = len(error.validator_value)
    if not error.context:
        return f"Fits more than one of the {count} allowed forms; exactly one is wanted."
    closest = best_match([error])
    if closest is error or closest is None:  # no form is closer than the others
        return f"Fits none of the {count} allowed forms."
    inside = list(closest.absolute_path)[len(error.absolute_path) :]
    where = "".join(f"/{part}" for part in inside)
    return f"Fits none of the {count} allowed forms; the closest says{where and f' at {where}'}: {sentence(closest)}"


def _other_format(error: Any) -> str:
    return f"text in the format {error.validator_value}"


def _bound(text: str, unit: str = "", units: str = "") -> Callable[[Any], str]:
    def explain(error: Any) -> str:
        noun = unit if error.validator_value == 1 else units
        return f"{text} {_quoted(error.validator_value)}{f' {noun}' if noun else ''}."

    return explain


_SENTENCES: dict[str, Callable[[Any], str]] = {
    "required": _required,
    "type": _type,
    "enum": _enum,
    "const": lambda error: f"Must be {_quoted(error.validator_value)}.",
    "format": lambda error: f"Must be {_FORMATS.get(error.validator_value, _other_format(error))}.",
    "pattern": lambda error: f"Must match the pattern {_cut(str(error.validator_value))}",
    "minLength": _bound("Must have at least", "character", "characters"),
    "maxLength": _bound("Must have at most", "character", "characters"),
    "minimum": _bound("Must be at least"),
    "maximum": _bound("Must be at most"),
    "exclusiveMinimum": _bound("Must be more than"),
    "exclusiveMaximum": _bound("Must be less than"),
    "multipleOf": _bound("Must be a multiple of"),
    "minItems": _bound("Must have at least", "item", "items"),
    "maxItems": _bound("Must have at most", "item", "items"),
    "minProperties": _bound("Must have at least", "entry", "entries"),
    "maxProperties": _bound("Must have at most", "entry", "entries"),
    "uniqueItems": lambda error: "Must not hold the same item twice.",
    "additionalProperties": _additional_properties,
    "unevaluatedProperties": lambda error: "Holds a key that is not allowed here.",
    "additionalItems": lambda error: "Holds more items than allowed.",
    "unevaluatedItems": lambda error: "Holds more items than allowed.",
    "contains": lambda error: "Must hold at least one item of the wanted kind.",
    "minContains": lambda error: "Holds too few items of the wanted kind.",
    "maxContains": lambda error: "Holds too many items of the wanted kind.",
    "propertyNames": lambda error: "Holds a key whose name is not allowed.",
    "dependentRequired": _dependent_required,
    "anyOf": _forms,
    "oneOf": _forms,
    "not": lambda error: "Has a form that is not allowed.",
    "None": lambda error: "Nothing is allowed here.",  # the schema false
}


def _kind(value: JsonValue) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    kinds = {str: "text", list: "a list", dict: "an object"}
    return next((kind for cls, kind in kinds.items() if isinstance(value, cls)), "a number")


def either(values: Iterable[JsonValue]) -> str:
    """Values as a choice between them."""
    return _either([_quoted(value) for value in values])


def _either(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else ("one of " if len(choices) > 3 else "") + _list(choices, "or")


def _list(names: list[str], last: str) -> str:
    if len(names) > 10:
        names = [*names[:10], f"{len(names) - 10} more"]
        last = "and"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _quoted(value: Any) -> str:
    return _cut(strict_json.dumps(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"

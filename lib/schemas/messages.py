"""What a violation of a JSON Schema means, in one plain sentence, whoever found it and wherever it is shown.

The table is keyed by keyword and speaks of facts, not of a library's errors; lib/schemas/faults.py takes those from
breaches. A sentence never repeats the value that is wrong: it may be a secret, and the sentence is kept where the
value is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lib.serialization import strict_json
from lib.serialization.json_values import is_drawable, json_text
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
    "iri-reference": "a URL or the end of one, such as /a?b",
    "date": "a date, such as 2026-05-17",
    "date-time": "a date and time with offset, such as 2026-05-17T09:30:00Z",
    "time": "a time with offset, such as 09:30:00Z",
    "duration": "a duration, such as P3DT4H",
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "hostname": "a host name",
    "idn-hostname": "a host name",
    "host-name": "a host name",
    "ipv4": "an IPv4 address",
    "ip-address": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uri": "a URL with its scheme, such as https://example.com/",
    "iri": "a URL with its scheme, such as https://example.com/",
    "uuid": "a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
    "regex": "a regular expression",
    "json-pointer": "a JSON pointer, such as /a/b",
    "relative-json-pointer": "a relative JSON pointer, such as 1/a",
    "uri-template": "a URL template, such as https://example.com/{id}",
}
#: Keywords that describe a schema, and forbid nothing.
_NOTES = frozenset({"title", "description", "$comment", "examples", "default", "deprecated"})
#: As they are said of one item.
_VERBS = {"be": "is", "have": "has", "match": "matches"}
_NOTHING = "Nothing is allowed here."
_LONGEST = 200


@dataclass(frozen=True)
class Fault:
    """A violation as facts: the keyword, what it asks for, and what is needed of the value to say it."""

    keyword: str
    wanted: Any = None
    #: In words: "a list", "true". Empty where it does not matter.
    given: str = ""
    #: The members that it is about: missing, or not allowed. `because` is the one that asks for them.
    names: tuple[str, ...] = ()
    because: str = ""
    #: Of several forms, whether more than one fits.
    fits_several: bool = False
    #: Of several missing members, whether one of them is enough.
    is_choice: bool = False
    #: The schema of the items that are counted.
    counted: Any = None


def sentence(fault: Fault) -> str:
    """The violation as a sentence, without the place of the value."""
    return _SENTENCES.get(fault.keyword, _SENTENCES["not"])(fault)


def sentence_of_key(key: str, fault: Fault) -> str:
    """The violation as a sentence about a key of an object."""
    said = sentence(fault)
    if said == _NOTHING:
        return _not_allowed(Fault("propertyNames", names=(key,)))
    return f"The key {_quoted(key)} {said[0].lower()}{said[1:]}"


def kind(value: JsonValue) -> str:
    """What a value is, in words that do not repeat it unless it is true, false or null."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    kinds = {str: "text", list: "a list", dict: "an object"}
    return next((words for cls, words in kinds.items() if isinstance(value, cls)), "a number")


def either(values: Iterable[JsonValue]) -> str:
    """Values as a choice between them."""
    return _either([_quoted(value) for value in values])


def _required(fault: Fault) -> str:
    if not fault.names:
        return "Something must be given here."
    if fault.is_choice and len(fault.names) > 1:
        return f"{_list([_quoted(name) for name in fault.names], 'or')} must be given."
    return f"{_quoted_names(fault.names)} {'is' if len(fault.names) == 1 else 'are'} missing."


def _type(fault: Fault) -> str:
    types = fault.wanted if isinstance(fault.wanted, list) else [fault.wanted]
    if not types:
        return _NOTHING
    wanted = _either([_TYPES.get(one, _cut(one)) if isinstance(one, str) else "of another kind" for one in types])
    return f"Must be {wanted}." if fault.given in ("", "a number") else f"Must be {wanted}, not {fault.given}."


def _enum(fault: Fault) -> str:
    return f"Must be {either(fault.wanted)}." if fault.wanted else _NOTHING


def _not_allowed(fault: Fault) -> str:
    if not fault.names:
        return "Holds a key that is not allowed here."
    return f"{_quoted_names(fault.names)} {'is' if len(fault.names) == 1 else 'are'} not allowed here."


def _dependent(fault: Fault) -> str:
    if not fault.names:
        return "Something that must come with it is missing."
    return f"With {_quoted(fault.because)}, {_quoted_names(fault.names)} must be given as well."


def _forms(fault: Fault) -> str:
    count = len(fault.wanted)
    if fault.fits_several:
        return f"Fits more than one of the {count} allowed forms; exactly one is wanted."
    return f"Fits none of the {count} allowed forms."


def _forbidden(fault: Fault) -> str:
    """What a `not` forbids, where it is one thing. Its values are not repeated, as the wrong one is among them."""
    wanted = fault.wanted if isinstance(fault.wanted, dict) else {"type": fault.wanted}
    says = wanted.keys() - _NOTES
    given: Any = wanted.get("type")
    types: list[Any] = given if isinstance(given, list) else [given]
    if says == {"type"} and types and all(isinstance(one, str) and one in _TYPES for one in types):
        return f"Must not be {_either([_TYPES[one] for one in types])}."
    names = wanted.get("required")
    match sorted(says - {"type"}):
        case ["required"] if isinstance(names, list) and names and all(isinstance(one, str) for one in names):
            return f"{_quoted_names(names)} {'is not allowed here' if len(names) == 1 else 'must not come together'}."
        case ["pattern"] if isinstance(wanted["pattern"], str):
            return f"Must not match the pattern {_cut(wanted['pattern'])}"
        case ["const"] | ["enum"]:
            return "Has a value that is not allowed."
        case ["contains"]:
            return _held("Must hold no", 1, wanted["contains"], is_there=True)
        case [keyword] if keyword in SAYS_MUST and _means(keyword, wanted[keyword]):
            return sentence(Fault(keyword, wanted[keyword])).replace("Must", "Must not", 1)
    return "Has a form that is not allowed."


def _alternatives(fault: Fault) -> str:
    said = {sentence(one): one.keyword for one in fault.wanted}
    # A pattern ends its sentence without a full stop, as it may end with one of its own.
    bare = [text if keyword == "pattern" else text.removesuffix(".") for text, keyword in said.items()]
    ending = "" if [*said.values()][-1] == "pattern" else "."
    return ", or ".join([bare[0], *(text.replace("Must", "must", 1) for text in bare[1:])]) + ending


def _format(fault: Fault) -> str:
    name = str(fault.wanted)
    return f"Must be {_FORMATS.get(name, f'text in the format {_cut(name)}')}."


def _bound(text: str, unit: str = "", units: str = "") -> Callable[[Fault], str]:
    def explain(fault: Fault) -> str:
        noun = unit if fault.wanted == 1 else units
        return f"{text} {_number(fault.wanted) if noun else _quoted(fault.wanted)}{f' {noun}' if noun else ''}."

    return explain


def _too_many(fault: Fault) -> str:
    return f"Must have at most {_items(fault.wanted)}." if fault.wanted else "Must have no items."


def _unevaluated(fault: Fault) -> str:
    return f"Holds {_items(fault.wanted)} that {'is' if fault.wanted == 1 else 'are'} not allowed here."


def _contains(fault: Fault) -> str:
    return _held("Must hold at least one", 1, fault.counted)


def _at_least(fault: Fault) -> str:
    return _held(f"Must hold at least {_number(fault.wanted)}", fault.wanted, fault.counted)


def _at_most(fault: Fault) -> str:
    if fault.wanted == 0:
        return _held("Must hold no", 1, fault.counted, is_there=True)
    return _held(f"Must hold at most {_number(fault.wanted)}", fault.wanted, fault.counted, is_there=True)


def _held(text: str, count: Any, schema: Any, *, is_there: bool = False) -> str:
    """So many items of a kind, which is told by what its schema asks for, as far as that is short to say.

    Of what is there, its values are not repeated.
    """
    noun = "item" if count == 1 else "items"
    if schema is True or schema == {}:
        return f"{text} {noun}."
    facts = list(_facts(schema, is_there)) if isinstance(schema, dict) else []
    if not facts:
        return f"{text} {noun} of {_kind_named(schema)}."
    ending = "" if facts[-1].startswith("matches ") else "."
    return f"{text} {noun} {'that' if count == 1 else 'of which each'} {_list(facts, 'and')}{ending}"


def _facts(schema: dict[str, Any], is_there: bool) -> Iterator[str]:
    """What a schema asks for, each as the end of a sentence about an item: is text, has at most 3 characters."""
    fields = schema.get("properties")
    named = fields.items() if isinstance(fields, dict) else ()
    fixed = {name: one["const"] for name, one in named if isinstance(one, dict) and "const" in one and not is_there}
    names = schema.get("required")
    told = {"type", *SAYS_MUST} & {keyword for keyword, wanted in schema.items() if _means(keyword, wanted)}
    told -= {"const", "enum"} if is_there else set()
    for keyword in sorted(told, key=lambda one: (one == "pattern", one != "type")):
        words = sentence(Fault(keyword, schema[keyword])).removeprefix("Must ")
        verb, _, rest = (words if keyword == "pattern" else words.removesuffix(".")).partition(" ")
        yield f"{_VERBS[verb]} {rest}"
    needed = [one for one in names if isinstance(one, str) and one not in fixed] if isinstance(names, list) else []
    if needed:
        yield f"has {_quoted_names(needed)}"
    yield from (f"has {_quoted(value)} as {_quoted(name)}" for name, value in fixed.items())
    if (told or needed or fixed) and schema.keys() - told - _NOTES - {"required", "properties"}:
        yield "fits the rest of its schema"


def _kind_named(schema: Any) -> str:
    """How a schema calls what it is about."""
    title, reference = (schema.get("title"), schema.get("$ref")) if isinstance(schema, dict) else (None, None)
    name = title if isinstance(title, str) else reference.rpartition("/")[2] if isinstance(reference, str) else ""
    return f"the kind {_quoted(name)}" if name.strip("#") else "the wanted kind"


def _means(keyword: str, wanted: Any) -> bool:
    """Whether a keyword holds what can be put into its sentence."""
    if keyword == "type":
        types = wanted if isinstance(wanted, list) else [wanted]
        return bool(types) and all(isinstance(one, str) for one in types)
    if keyword in ("const", "enum"):
        return keyword == "const" or (isinstance(wanted, list) and bool(wanted))
    if keyword in ("format", "pattern"):
        return isinstance(wanted, str)
    return isinstance(wanted, int | float | Decimal) and not isinstance(wanted, bool)


def _items(count: Any) -> str:
    return f"{_number(count)} {'item' if count == 1 else 'items'}"


def _number(count: Any) -> str:
    """A count, which a schema may write as 3.0."""
    return _quoted(int(count) if _means("minItems", count) and count == count // 1 else count)


def _said(text: str) -> Callable[[Fault], str]:
    return lambda _: text


_SENTENCES: dict[str, Callable[[Fault], str]] = {
    "required": _required,
    "type": _type,
    "enum": _enum,
    "const": lambda fault: f"Must be {_quoted(fault.wanted)}.",
    "format": _format,
    "pattern": lambda fault: f"Must match the pattern {_cut(str(fault.wanted))}",
    "minLength": _bound("Must have at least", "character", "characters"),
    "maxLength": _bound("Must have at most", "character", "characters"),
    "minimum": _bound("Must be at least"),
    "maximum": _bound("Must be at most"),
    "exclusiveMinimum": _bound("Must be more than"),
    "exclusiveMaximum": _bound("Must be less than"),
    "multipleOf": _bound("Must be a multiple of"),
    "divisibleBy": _bound("Must be a multiple of"),
    "minItems": _bound("Must have at least", "item", "items"),
    "maxItems": _bound("Must have at most", "item", "items"),
    "minProperties": _bound("Must have at least", "entry", "entries"),
    "maxProperties": _bound("Must have at most", "entry", "entries"),
    "uniqueItems": _said("Must not hold the same item twice."),
    "additionalProperties": _not_allowed,
    "unevaluatedProperties": _not_allowed,
    "items": _too_many,
    "additionalItems": _too_many,
    "unevaluatedItems": _unevaluated,
    "contains": _contains,
    "minContains": _at_least,
    "maxContains": _at_most,
    "propertyNames": _not_allowed,
    "dependentRequired": _dependent,
    "dependencies": _dependent,
    "dependentSchemas": _not_allowed,
    "either": _alternatives,
    "anyOf": _forms,
    "oneOf": _forms,
    "not": _forbidden,
    "disallow": _forbidden,
    "false": _said(_NOTHING),  # the schema false
    "unfinished": _said("Cannot be checked, because matching the pattern takes too long."),
}
#: Keywords whose sentences say what the value must be, so that several can be joined by “or”.
SAYS_MUST = {"const", "enum", "format", "pattern", "minLength", "maxLength", "multipleOf", "divisibleBy"} | {
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"),
    *("minProperties", "maxProperties"),
}


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else ("one of " if len(choices) > 3 else "") + _list(choices, "or")


def _quoted_names(names: Sequence[str]) -> str:
    return _list([_quoted(name) for name in names], "and")


def _list(names: Sequence[str], last: str) -> str:
    if len(names) > 10:
        names = [*names[:10], f"{len(names) - 10} more"]
        last = "and"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _quoted(value: Any) -> str:
    try:
        text = strict_json.dumps(value)
    except (TypeError, ValueError):  # what a schema in a form may hold, though nothing could store it
        text = json_text(value, None)
    return _cut(text)


def _cut(text: str) -> str:
    text = text if is_drawable(text) else text.encode(errors="backslashreplace").decode()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"

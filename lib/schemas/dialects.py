"""The drafts of JSON Schema: which keywords each one has, and what a keyword may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from lib.schemas import patterns
from lib.schemas.parts import TYPES
from lib.serialization import strict_json
from lib.serialization.json_values import json_type

#: Keywords whose values look like schemas and are none.
NOT_SCHEMAS = ("const", "enum", "default", "examples")
_LARGEST = 1 << 60
NEWEST = 2020
#: What a schema names each draft by, as its `$schema`.
ADDRESSES: Mapping[int, str] = {
    3: "http://json-schema.org/draft-03/schema#",
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    NEWEST: "https://json-schema.org/draft/2020-12/schema",
}
_DRAFTS = {address.rstrip("#"): draft for draft, address in ADDRESSES.items()}
# Many schemas inside of one ask for its draft; a name as long as a document is not read for each of them.
_LONGEST_NAME = 1_000

_DRAFT_3 = frozenset(
    "$ref additionalItems additionalProperties dependencies disallow divisibleBy enum exclusiveMaximum "
    "exclusiveMinimum extends format items maxItems maxLength maximum minItems minLength minimum pattern "
    "patternProperties properties type uniqueItems".split()
)
_DRAFT_4 = (_DRAFT_3 - {"disallow", "divisibleBy", "extends"}) | set(
    "allOf anyOf oneOf not maxProperties minProperties multipleOf required".split()
)
_DRAFT_6 = _DRAFT_4 | {"const", "contains", "propertyNames"}
_DRAFT_7 = _DRAFT_6 | {"if", "then", "else"}
_DRAFT_2019 = (_DRAFT_7 - {"dependencies"}) | set(
    "$recursiveRef dependentRequired dependentSchemas maxContains minContains unevaluatedItems "
    "unevaluatedProperties".split()
)
_DRAFT_2020 = (_DRAFT_2019 - {"$recursiveRef", "additionalItems"}) | {"$dynamicRef", "prefixItems"}
#: The keywords of each draft that a value can fail.
KEYWORDS: Mapping[int, frozenset[str]] = {
    3: _DRAFT_3,
    4: frozenset(_DRAFT_4),
    6: frozenset(_DRAFT_6),
    7: frozenset(_DRAFT_7),
    2019: frozenset(_DRAFT_2019),
    NEWEST: frozenset(_DRAFT_2020),
}
#: Names that draft 3 had for formats.
_FORMATS = {"ip-address": "ipv4", "host-name": "hostname"}


# The dialect of OpenAPI's schemas: the newest draft, with more keywords that describe and forbid nothing.
_OPENAPI = re.compile(r"https?://spec\.openapis\.org/oas/3\.[12]/dialect/(?:base|[0-9]{4}-[0-9]{2}-[0-9]{2})")


def metaschema(schema: Any) -> str | None:
    """The address of the metaschema of the draft that a schema names, the newest one's if it names none.

    None for a draft that is not known.
    """
    named = _named(schema)
    return ADDRESSES[NEWEST] if named is None else _address(named)


def unknown(schema: Any) -> str | None:
    """What is to be said of a schema that names a draft which is not known, without its subject; None of all others."""
    named = _named(schema)
    if named is None or _address(named):
        return None
    return f"names {strict_json.dumps(named)[:120]}, which is none of the drafts 3, 4, 6, 7, 2019-09 and 2020-12"


def is_of_openapi(named: str) -> bool:
    """Whether this names the dialect of OpenAPI's schemas."""
    return _OPENAPI.fullmatch(named.rstrip("#")) is not None


def _named(schema: Any) -> str | None:
    named = schema.get("$schema") if isinstance(schema, Mapping) else None
    return named if isinstance(named, str) else None


def _address(named: str) -> str | None:
    """The address of a draft, as its metaschema has it. Whether it begins with https tells no drafts apart."""
    if len(named) > _LONGEST_NAME:
        return None
    plain = named.rstrip("#")
    if is_of_openapi(plain):
        return ADDRESSES[NEWEST]
    return next(
        (one for one in _DRAFTS if one.partition(":")[2] == plain.removeprefix("https:").removeprefix("http:")), None
    )


class UnusableKeyword(Exception):
    """A keyword that cannot be checked. `why` is a sentence about its value, or all that is said of the schema."""

    def __init__(self, why: str, *, complete: bool = False) -> None:
        super().__init__(why)
        self.why, self.complete = why, complete


def draft_of(schema: Any, otherwise: int = NEWEST) -> int:
    """The draft that a schema names."""
    named = _named(schema)
    address = _address(named) if named is not None else None
    return _DRAFTS[address] if address else otherwise


def read(keyword: str, wanted: Any) -> Any:
    """What a keyword asks for, as the engine takes it. Raises UnusableKeyword for what its draft does not allow."""
    return _READERS[keyword](wanted)


def _count(wanted: Any) -> int:
    if json_type(wanted) not in ("integer", "number") or wanted != wanted or not 0 <= wanted:
        raise UnusableKeyword("Must be a whole number from 0.")
    if wanted < _LARGEST and wanted != int(wanted):
        raise UnusableKeyword("Must be a whole number from 0.")
    return int(min(wanted, _LARGEST))


def _number(wanted: Any) -> Any:
    if json_type(wanted) not in ("integer", "number") or not _is_finite(wanted):
        raise UnusableKeyword("Must be a number.")
    return wanted


def _divisor(wanted: Any) -> Any:
    if _number(wanted) <= 0:
        raise UnusableKeyword("Must be more than 0.")
    return wanted


def _is_finite(number: Any) -> bool:
    return isinstance(number, int) or Decimal(number).is_finite()


def _flag(wanted: Any) -> bool:
    if not isinstance(wanted, bool):
        raise UnusableKeyword("Must be true or false.")
    return wanted


def _pattern(wanted: Any) -> str:
    pattern = _text(wanted)
    if patterns.finder(pattern) is None:
        raise UnusableKeyword("Must be a regular expression.")
    return patterns.written(pattern)


def _format(wanted: Any) -> str:
    name = _text(wanted)
    return _FORMATS.get(name, name)


def _text(wanted: Any) -> str:
    if not isinstance(wanted, str):
        raise UnusableKeyword("Must be text.")
    return wanted


def _names(wanted: Any) -> list[str]:
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise UnusableKeyword("Must be a list of names.")
    return list(dict.fromkeys(wanted))  # some generators write a name twice


def _types(wanted: Any) -> list[str]:
    names = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(names, list) or not names or not all(isinstance(one, str) and one in TYPES for one in names):
        raise UnusableKeyword(f"Must be one or more of {', '.join(TYPES)}.")
    return list(dict.fromkeys(names))


def _list(wanted: Any) -> list[Any]:
    if not isinstance(wanted, list):
        raise UnusableKeyword("Must be a list.")
    return wanted


def _object(wanted: Any) -> dict[str, Any]:
    if not isinstance(wanted, Mapping):
        raise UnusableKeyword("Must be an object.")
    return dict(wanted)


def _names_by_name(wanted: Any) -> dict[str, list[str]]:
    return {name: _names(names) for name, names in _object(wanted).items()}


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys("maxLength minLength maxItems minItems maxProperties minProperties".split(), _count),
    **dict.fromkeys(("maxContains", "minContains"), _count),
    **dict.fromkeys("minimum maximum exclusiveMinimum exclusiveMaximum".split(), _number),
    **dict.fromkeys(("multipleOf", "divisibleBy"), _divisor),
    "uniqueItems": _flag,
    "pattern": _pattern,
    "format": _format,
    "required": _names,
    "dependentRequired": _names_by_name,
    "type": _types,
    "enum": _list,
    "const": lambda wanted: wanted,
    "a list of schemas": _list,
    "schemas by name": _object,
    "an object": _object,
}

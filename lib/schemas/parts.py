"""What one part of a schema says by itself, without what it refers to and without its branches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from referencing.exceptions import Unresolvable

from lib.schemas.patterns import matches
from lib.serialization import json_pointer

if TYPE_CHECKING:
    from referencing._core import Resolver

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")


@dataclass(frozen=True, slots=True)
class Part:
    """One schema together with the resolver that its references need."""

    schema: Any
    resolver: Resolver[Any]


Parts = tuple[Part, ...]


def referred(part: Part, reference: str) -> Part | None:
    """Give the part that a reference leads to, None where it leads to none."""
    try:
        if not _counts_as_pointers_do(part, reference):
            return None
        found = part.resolver.lookup(reference)
    except (Unresolvable, ValueError, TypeError, AttributeError, LookupError):
        return None
    return Part(found.contents, found.resolver)


def _counts_as_pointers_do(part: Part, reference: str) -> bool:
    """Whether the places in lists that a reference names are such: the resolver takes all that int() reads, as -1."""
    url, _, fragment = reference.partition("#")
    if not fragment.startswith("/"):
        return True
    value = part.resolver.lookup(f"{url}#").contents
    for step in json_pointer.split(unquote(fragment)):
        if isinstance(value, list) and not json_pointer.is_place(step):
            return False
        value = value[int(step) if isinstance(value, list) else step]
    return True


def named_types(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """List the types that a schema names, None when it names none; whole numbers are numbers."""
    named = schema.get("type")
    names = {named} if isinstance(named, str) else {one for one in listed(named) if isinstance(one, str)}
    types = frozenset(name for name in TYPES if name in names)
    return (types - {"integer"} if "number" in types else types) or None


def shared_types(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """List the types that two sets share; a whole number is a number."""
    whole = ("number" in one and "integer" in other) or ("integer" in one and "number" in other)
    return (one & other) | ({"integer"} if whole else set())


def listed_values(schema: Mapping[str, Any]) -> list[list[Any]]:
    """List what const and enum allow, each for itself."""
    lists = [[schema["const"]]] if "const" in schema else []
    return [*lists, schema["enum"]] if isinstance(schema.get("enum"), list) else lists


def entries(value: Any) -> dict[str, Any]:
    """List the schemas of a keyword that holds them by name."""
    members = value.items() if isinstance(value, Mapping) else ()
    return {name: child for name, child in members if isinstance(child, Mapping | bool)}


def listed(value: Any) -> list[Any]:
    """List the schemas of a keyword that holds a list of them; none when it holds something else."""
    return value if isinstance(value, list) else []


def required(schema: Mapping[str, Any]) -> set[str]:
    """Name the fields that a schema requires, in the spelling of draft 3 too."""
    properties = entries(schema.get("properties"))
    by_themselves = {
        name for name, one in properties.items() if isinstance(one, Mapping) and one.get("required") is True
    }
    return by_themselves | {name for name in listed(schema.get("required")) if isinstance(name, str)}


def is_sensitive(schema: Any) -> bool:
    """Tell whether a schema marks its place as a secret, which is then redacted."""
    marks = ("x-sensitive", "writeOnly")
    return isinstance(schema, Mapping) and (any(map(schema.get, marks)) or schema.get("format") == "password")


@dataclass(frozen=True)
class NameGate:
    """The names that an object may have: these, and those that a pattern matches."""

    names: frozenset[str]
    patterns: tuple[str, ...]

    def lets_in(self, name: str) -> bool:
        """Tell whether a name is one of them."""
        return name in self.names or any(matches(pattern, name) for pattern in self.patterns)

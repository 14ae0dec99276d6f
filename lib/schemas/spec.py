"""What one place of a document may hold, said in the words a form needs: Spec, read from schema parts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from lib.schemas.conditions import SchemaCondition
from lib.schemas.parts import (
    TYPES,
    Part,
    Parts,
    entries,
    is_sensitive,
    listed_values,
    named_types,
    required,
    shared_types,
)
from lib.schemas.patterns import matches
from lib.serialization.json_values import ABSENT, identity, json_type

#: Keywords that only make sense for one type: they tell it where "type" is missing.
TELLING: dict[str, tuple[str, ...]] = {
    "object": (
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "minProperties",
        "maxProperties",
        "propertyNames",
        "unevaluatedProperties",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
    ),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"),
    "string": ("format", "pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


#: What is settled at a place: by the id of a branch list (or "type") the branch number (or type name), by the key
#: of a condition whether it holds.
Settled = Mapping[Any, int | str]


@dataclass(frozen=True, slots=True)
class Option:
    """One branch of a choice; `number` is its place in the schema's list, or the name of a type."""

    number: int | str
    label: str
    parts: Parts


@dataclass(frozen=True, slots=True)
class SchemaChoice:
    """Branches of which the value follows one. `source` is the key under which a pick is settled."""

    source: Any
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A value that an enumeration allows, with the label that the schema gives it."""

    value: Any
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Branching:
    """What the open oneOf and anyOf of a place amount to: a choice, a list of values, or one type in common
    with some values suggested."""

    choice: SchemaChoice | None = None
    listed: tuple[Listed, ...] = ()
    common: str | None = None
    suggested: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditioned:
    """What the conditions of a place amount to: those still open, whether there are any, what they require, and
    the schemas that they choose between."""

    open: tuple[SchemaCondition, ...] = ()
    any: bool = False
    required: frozenset[str] = frozenset()
    hints: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """What one place may hold. `kind` names the field that fits it:

    object, array, string, integer, number, boolean, null, enum, const, choice, or json for the rest.
    `names` are the properties that get a field: those that are declared and may be there, and those required.
    `conditions` are open, while `conditional` tells whether any holds or could hold.
    """

    kind: str
    parts: Parts
    nullable: bool = False
    title: str | None = None
    description: str | None = None
    default: Any = ABSENT
    examples: tuple[Any, ...] = ()
    format: str | None = None
    options: tuple[Listed, ...] = ()
    option_type: str = "string"
    choice: SchemaChoice | None = None
    conditions: tuple[SchemaCondition, ...] = ()
    conditional: bool = False
    properties: Mapping[str, Parts] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    closed: bool = False
    additional: Parts = ()
    patterns: tuple[tuple[str, Parts], ...] = ()
    prefix: tuple[Parts, ...] = ()
    items: Parts = ()
    unique: bool = False
    read_only: bool = False
    deprecated: bool = False
    sensitive: bool = False

    def keyword(self, name: str) -> list[Any]:
        """List the values that a keyword has at this place, outermost first."""
        return [part.schema[name] for part in self.parts if name in part.schema]

    def number_keyword(self, name: str) -> list[Any]:
        """List the values of a numeric keyword, leaving out what is not a number."""
        return [value for value in self.keyword(name) if json_type(value) in ("integer", "number")]

    def is_map(self) -> bool:
        """Tell whether the object has keys of the user's choice and none of the schema's."""
        return self.kind == "object" and not self.properties and not self.closed

    def child(self, name: str) -> Parts:
        """Give the parts that apply to a property, whether named, matched by a pattern or additional."""
        found = self.properties.get(name, ()) + self.matching(name)
        return found or self.additional

    def matching(self, name: str) -> Parts:
        """Give the parts of the patternProperties that a key matches."""
        return tuple(part for pattern, parts in self.patterns if matches(pattern, name) for part in parts)

    def allows_key(self, name: str) -> bool:
        """Tell whether the schema leaves room for this key."""
        if name in self.properties:
            return not _is_forbidden(self.properties[name])
        return not self.closed or bool(self.matching(name))

    def item(self, place: int) -> Parts:
        """Give the parts that apply to the item at a place of an array."""
        return self.prefix[place] if place < len(self.prefix) else self.items


def conditioned(
    conditions: list[SchemaCondition], settled: Settled, needed: Collection[str] = frozenset()
) -> Conditioned:
    """Sum up the conditions of a place, given what is settled there and what the settled ones require."""
    parts = (part for one in conditions for part in (*one.test, *one.then, *one.otherwise))
    return Conditioned(
        open=tuple(one for one in conditions if one.key not in settled),
        any=bool(conditions),
        required=frozenset(needed),
        hints=tuple(part.schema for part in parts if isinstance(part.schema, Mapping)),
    )


def _is_forbidden(parts: Parts) -> bool:
    return any(part.schema is False for part in parts)


NO_BRANCHING = Branching()
NO_CONDITIONS = Conditioned()


def build_spec(
    parts: list[Part],
    settled: Settled,
    branching: Branching = NO_BRANCHING,
    *,
    conditioned: Conditioned = NO_CONDITIONS,
    allows_null: bool = False,
    unknown: bool = False,
) -> Spec:
    """Read the parts that hold at one place together into a Spec.

    `allows_null` says that one branch was null, `unknown` that some part could not be resolved or allows
    nothing.
    """
    types = _types(parts)
    options = _options(parts) or branching.listed
    by_value = any(option.value is None for option in options) if options else "null" in (types or ())
    nullable = by_value or allows_null or _flag(parts, "nullable")
    if options and nullable and not by_value:
        options = (*options, Listed(None))
    kind, choice = _kind(parts, types, options, settled, branching, conditioned.hints)
    if unknown and (kind == "json" or (len(parts) <= 1 and not types and not options)):
        kind, choice = "json", None
    return Spec(
        kind=kind,
        parts=tuple(parts),
        nullable=nullable,
        options=options,
        option_type=json_type(options[0].value) if options else "string",
        choice=choice,
        conditions=conditioned.open,
        conditional=conditioned.any,
        **_notes(parts, branching.suggested),
        **(_object(parts, conditioned.required) if kind in ("object", "choice") else {}),
        **(_array(parts) if kind == "array" else {}),
    )


def _kind(
    parts: list[Part],
    types: list[str] | None,
    options: tuple[Listed, ...],
    settled: Settled,
    branching: Branching,
    hints: tuple[Mapping[str, Any], ...],
) -> tuple[str, SchemaChoice | None]:
    """Name the field that fits a place, with the choice to be made first where there is one."""
    kinds = [name for name in types or () if name != "null"]
    if settled.get("type") in kinds:
        kinds = [str(settled["type"])]
    if options:
        return "const" if len(options) == 1 else "enum", None
    if branching.choice is not None:
        return "choice", branching.choice
    if types == ["null"]:
        return "null", None
    if len(kinds) > 1:
        return "choice", SchemaChoice("type", tuple(Option(name, name, ()) for name in kinds))
    schemas = [part.schema for part in parts] + [*hints]
    told = (kind for kind, keywords in TELLING.items() for schema in schemas if schema.keys() & set(keywords))
    return next(iter(kinds), None) or (types is None and next(told, None)) or branching.common or "json", None


def _types(parts: list[Part]) -> list[str] | None:
    """Intersect the types that the parts allow; None when no part names any."""
    named = [types for part in parts if (types := named_types(part.schema)) is not None]
    allowed = reduce(shared_types, named) if named else None
    return [name for name in TYPES if name in allowed] if allowed is not None else None


def _options(parts: list[Part]) -> tuple[Listed, ...]:
    """List the values that const and enum leave possible."""
    found: list[Any] | None = None
    for part in parts:
        for values in listed_values(part.schema):
            shared = set(map(identity, values))
            found = [value for value in (values if found is None else found) if identity(value) in shared]
    return tuple(Listed(value) for value in found or ())


def _flag(parts: list[Part], keyword: str) -> bool:
    return any(part.schema.get(keyword) is True for part in parts)


def _notes(parts: list[Part], suggested: tuple[Any, ...]) -> dict[str, Any]:
    """Collect what describes a place without limiting it; the outermost part that says it wins."""

    def text(keyword: str) -> str | None:
        found = (part.schema[keyword] for part in parts if isinstance(part.schema.get(keyword), str))
        return next(found, None)

    return {
        "title": text("title") or None,
        "description": text("description"),
        "format": text("format"),
        "default": next((part.schema["default"] for part in parts if "default" in part.schema), ABSENT),
        "examples": (*_examples(parts), *suggested),
        "read_only": _flag(parts, "readOnly"),
        "deprecated": _flag(parts, "deprecated"),
        "sensitive": any(is_sensitive(part.schema) for part in parts),
    }


def _examples(parts: list[Part]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part.schema.get("examples"), list):
            yield from part.schema["examples"]
        if "example" in part.schema:
            yield part.schema["example"]


def _object(parts: list[Part], asked: frozenset[str]) -> dict[str, Any]:
    properties: dict[str, Parts] = {}
    patterns: list[tuple[str, Parts]] = []
    additional: Parts = ()
    needed = set(asked)
    closed = False
    for part in parts:
        schema = part.schema
        for name, child in entries(schema.get("properties")).items():
            properties[name] = (*properties.get(name, ()), Part(child, part.resolver))
        for pattern, child in entries(schema.get("patternProperties")).items():
            patterns.append((pattern, (Part(child, part.resolver),)))
        needed |= required(schema)
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            closed |= schema.get(keyword) is False
            if isinstance(schema.get(keyword), Mapping):
                additional += (Part(schema[keyword], part.resolver),)
    matched = {name for name in needed for pattern, _ in patterns if matches(pattern, name)}
    undeclared = sorted((matched if closed else needed) - properties.keys())
    return {
        "properties": properties,
        "names": (*(name for name, some in properties.items() if not _is_forbidden(some)), *undeclared),
        "patterns": tuple(patterns),
        "additional": additional,
        "required": frozenset(needed),
        "closed": closed,
    }


def _array(parts: list[Part]) -> dict[str, Any]:
    tuples: list[tuple[list[Parts], Parts]] = []
    for part in parts:
        schema = part.schema
        listed = schema.get("prefixItems", schema.get("items"))
        rest = schema.get("items")
        places: list[Parts] = []
        if isinstance(listed, list):
            places = [(Part(child, part.resolver),) for child in listed]
            rest = schema.get("items") if "prefixItems" in schema else schema.get("additionalItems")
        tuples.append((places, (Part(rest, part.resolver),) if isinstance(rest, Mapping) else ()))
    longest = max((len(places) for places, _ in tuples), default=0)
    prefix = tuple(
        tuple(one for places, rest in tuples for one in (places[at] if at < len(places) else rest))
        for at in range(longest)
    )
    items = tuple(one for _, rest in tuples for one in rest)
    return {"prefix": prefix, "items": items, "unique": _flag(parts, "uniqueItems")}

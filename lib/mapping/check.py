"""Does a mapping lead from an event's schema to a workflow's? Found from the two schemas, without an event.

Also what an editor of a mapping offers: the fields of a schema as expressions, and one that fits a target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lib.catalog.schema_registry import JsonSchema
from lib.errors import MappingError
from lib.mapping import mapping
from lib.sandbox import validation
from lib.schemas import form
from lib.schemas.outline import SchemaField, outline, pointed
from lib.serialization.strict_json import JsonValue

_PAYLOAD = "event.payload"
#: What expressions see of an event.
EVENT_FIELDS = ("name", "correlationKey", "payload", "payloadSchemaRef")
# One path into the payload and nothing else: such an expression's value has the field's own type.
_PLAIN = re.compile(r"event\.payload((?:\.(?:[A-Za-z_]\w*|`[^`]+`))+)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_TYPES = {"string", "number", "integer", "boolean", "object", "array", "null"}


Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """Something wrong with the mapping of a target; "" is the mapping as a whole."""

    target: str
    message: str
    severity: Severity = "error"


@dataclass(frozen=True)
class Target:
    """A field that a mapping can fill: its name as a target, what it holds, whether it must be there."""

    target: str
    field: SchemaField
    types: frozenset[str]


def check(given: Mapping[str, JsonValue], *, target: JsonSchema | None, source: JsonSchema | None) -> list[Finding]:
    """Every problem of a mapping; None for a schema that is not known, about which nothing is then said."""
    found = [Finding(name, f"{name}: {problem.rstrip('.')}.") for name, problem in mapping.check_mapping(given)]
    broken = {finding.target for finding in found}
    fields = {mapping.target_names(place.target): place for place in targets(target)} if target is not None else {}
    for name, value in given.items():
        if name in broken:
            continue
        names = mapping.target_names(name)
        place = fields.get(names)
        if target is not None and place is None and not has_field(target, names):
            severity: Severity = "error" if _forbidden(target, names) else "warning"
            found.append(Finding(name, f"{name}: the workflow's schema has no such field.", severity))
        if mapping.is_expression(value):
            found += _expression(name, value, place, source)
        else:
            found += _literal(name, value, target)
    found += [
        Finding(place.target, f"{place.target} is required by the workflow's schema and is not mapped.")
        for names, place in fields.items()
        if place.field.required and not _covered(names, given)
    ]
    return found


def targets(schema: JsonSchema) -> list[Target]:
    """The fields of a workflow's schema that a mapping can fill, those of nested objects after their object."""
    found: list[Target] = []

    def add(fields: list[SchemaField], names: tuple[str, ...]) -> None:
        for one in fields:
            here = (*names, one.name)
            found.append(Target(mapping.target_of(here), one, field_types(schema, here) or frozenset()))
            if not one.type.startswith("list"):  # a list is mapped as a whole
                add(one.children, here)

    add(outline(schema), ())
    return found


def source_expressions(schema: JsonSchema) -> dict[str, str]:
    """Expressions for the fields of an event's payload, with the type each gives."""
    found: dict[str, str] = {}

    def add(fields: list[SchemaField], above: str) -> None:
        for one in fields:
            name = one.name if _NAME.fullmatch(one.name) else f"`{one.name}`"
            found[f"{above}.{name}"] = one.type
            add(one.children, f"{above}.{name}")

    add(outline(schema), _PAYLOAD)
    return found


def suggest(place: Target, source: JsonSchema) -> str | None:
    """The event's field that most likely belongs to a target: the same name, and a type that fits."""
    for expression in source_expressions(source):
        names = _plain(expression)
        if names and names[-1].casefold() == place.field.name.casefold():
            if _fit(field_types(source, names), place.types):
                return expression
    return None


def has_field(schema: Any, names: tuple[str, ...]) -> bool:
    """Whether a schema declares the field at these names, lists passed through; yes where it declares none."""
    return field_types(schema, names) is not None


def field_types(schema: Any, names: tuple[str, ...]) -> frozenset[str] | None:
    """JSON types the field at these names may have, all of them when the schema does not say; None if it
    declares no such field."""
    nodes = list(_variants(schema, schema, 0))
    for name in names:
        inner = [child for node in nodes for child in _child(node, name, schema)]
        if not inner and not any(_open(node) for node in nodes):
            return None
        nodes = inner
        if not nodes:
            return frozenset(_TYPES)
    types = [_own_types(node) for node in nodes]
    return frozenset().union(*types) if types else frozenset(_TYPES)


def _expression(name: str, value: Any, place: Target | None, source: JsonSchema | None) -> Iterator[Finding]:
    expression = value[mapping.EXPRESSION]
    lacking = [_not_in_event(path) for path in sorted(mapping.paths_read(expression))]
    lacking = [message for message in lacking if message]
    if source is not None:
        for read in sorted(mapping.fields_read(expression)):
            if not has_field(source, read):
                lacking.append(f"{_PAYLOAD}.{'.'.join(read)}, which the event does not have")
    required = place is not None and place.field.required
    severity: Severity = "error" if lacking and required and _gives_nothing(expression, source) else "warning"
    for message in lacking:
        yield Finding(name, f"{name} reads {message}.", severity)
    plain = _plain(expression)
    if source is not None and plain and not lacking and place is not None:
        if required and not always_there(source, plain):
            message = f"{name} is required, and the event may come without {expression.strip()}: then no run starts."
            yield Finding(name, message, "warning")
        given = field_types(source, plain)
        if not _fit(given, place.types):
            kinds = " or ".join(sorted(given or ())), " or ".join(sorted(place.types))
            yield Finding(name, f"{name} takes {kinds[1]}, and {expression} is {kinds[0]}.")


def _not_in_event(path: tuple[str, ...]) -> str | None:
    """What is wrong with a path of a mapping's expression, which sees the event alone; None if nothing is."""
    if not path or path[0] == "event":
        if len(path) < 2 or path[1] in EVENT_FIELDS:
            return None
        return f"{'.'.join(path[:2])}: an event has {', '.join(EVENT_FIELDS)}"
    hint = f"; write event.{'.'.join(path)}" if path[0] == "payload" else ""
    return f"{'.'.join(path)}, and a mapping sees only event{hint}"


def _gives_nothing(expression: str, source: JsonSchema | None) -> bool:
    """Whether an expression that reads something missing gives nothing even for an event with all its fields.

    One with a condition may have been written for two versions of the schema, and is not judged.
    """
    if "?" in expression:
        return False
    payload = form.sample(source) if source is not None else {}
    try:
        return mapping.evaluate(expression, mapping.event_context("EVENT", payload)) is mapping.UNSET
    except MappingError:
        return False  # it does not fit the sample, which says nothing about what is missing


def _literal(name: str, value: JsonValue, target: JsonSchema | None) -> Iterator[Finding]:
    node = _node(target, mapping.target_names(name)) if target is not None else None
    if node is None:
        return
    # The field's schema may refer to definitions of the whole one.
    shared = {key: target[key] for key in ("$schema", "$defs", "definitions") if target and key in target}
    verdict = validation.violations({**shared, **node}, value, limit=1)
    for violation in verdict.violations:
        yield Finding(name, f"{name}: the value {violation.message}")


def _covered(names: tuple[str, ...], given: Mapping[str, JsonValue]) -> bool:
    """Whether a required field gets a value: itself, by one above it or below it, or its object stays away."""
    mapped = [mapping.target_names(target) for target in given]
    if any(names[: len(other)] == other or other[: len(names)] == names for other in mapped):
        return True
    if len(names) == 1:
        return False
    parents = [names[:length] for length in range(1, len(names))]
    present = all(any(other[: len(parent)] == parent for other in mapped) for parent in parents)
    return not present  # the object it is in is not built at all, and is reported itself if it is required


def _plain(expression: Any) -> tuple[str, ...] | None:
    """The names of the payload's field when the expression is nothing but its path."""
    match = _PLAIN.fullmatch(expression.strip()) if isinstance(expression, str) else None
    return tuple(name.strip("`") for name in re.findall(r"`[^`]+`|[A-Za-z_]\w*", match[1])) if match else None


def _fit(given: frozenset[str] | None, wanted: frozenset[str]) -> bool:
    """Whether some value of the given types is of a wanted one. Null alone does not count as fitting."""
    given = given or frozenset(_TYPES)
    wanted = wanted | {"integer"} if "number" in wanted else wanted
    given = given | {"integer"} if "number" in given else given
    return not wanted or bool((given & wanted) - {"null"} or given == {"null"})


def _open(node: Mapping[str, Any]) -> bool:
    """Whether a schema says nothing about its fields, or what others may hold."""
    return (
        "properties" not in node
        or bool(node.get("patternProperties"))
        or isinstance(node.get("additionalProperties"), dict)
    )


def _child(node: Mapping[str, Any], name: str, root: Any) -> Iterator[Mapping[str, Any]]:
    properties = node.get("properties")
    if isinstance(properties, dict) and name in properties:
        yield from _variants(properties[name], root, 0)
    elif isinstance(node.get("items"), dict):
        for item in _variants(node["items"], root, 0):
            yield from _child(item, name, root)


def _variants(schema: Any, root: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The schema and the branches it is made of, local references followed."""
    if not isinstance(schema, dict) or depth > 8:
        return
    if isinstance(ref := schema.get("$ref"), str):
        yield from _variants(pointed(root, ref), root, depth + 1)
        return
    groups = [schema[key] for key in ("allOf", "anyOf", "oneOf") if isinstance(schema.get(key), list)]
    branches = [branch for group in groups for branch in group]
    if not branches or "properties" in schema or "type" in schema:
        yield schema
    for branch in branches:
        yield from _variants(branch, root, depth + 1)


def _node(schema: Any, names: tuple[str, ...]) -> Mapping[str, Any] | None:
    """The field's own schema, where its place is plain."""
    node = schema
    for name in names:
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            node = pointed(schema, node["$ref"])
        node = node.get("properties", {}).get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else None


def _forbidden(schema: Any, names: tuple[str, ...]) -> bool:
    """Whether the object that the field would be in allows no fields but its own."""
    parent = _node(schema, names[:-1])
    return parent is not None and parent.get("additionalProperties") is False


def always_there(schema: Any, names: tuple[str, ...]) -> bool:
    """Whether every value of the schema has the field at these names; yes where a list lies on the way."""
    nodes = list(_variants(schema, schema, 0))
    for name in names:
        holders = [node for node in nodes if name in (node.get("properties") or {})]
        if not holders:
            return True
        if not any(name in (node.get("required") or ()) for node in nodes):
            return False
        nodes = [child for node in holders for child in _child(node, name, schema)]
    return True


def _own_types(node: Mapping[str, Any]) -> frozenset[str]:
    given = node.get("type")
    if isinstance(given, str):
        return frozenset({given})
    if isinstance(given, list):
        return frozenset(kind for kind in given if isinstance(kind, str))
    if "const" in node or "enum" in node:
        return frozenset(_type_of(value) for value in node.get("enum", [node.get("const")]))
    return frozenset({"object"} if "properties" in node else _TYPES)


def _type_of(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object", type(None): "null"}
    return kinds.get(type(value), "number")

"""A JSON Schema as a list of fields to read: what each is called, holds, and means.

For showing, not for validating: a schema is flattened into fields with nested ones below them, local $refs
resolved. Recursion is cut where a definition meets itself again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lib.serialization import json_pointer

_MOST_DEPTH = 8


@dataclass(frozen=True)
class SchemaField:
    """One field; `children` are those of an object, or of the objects in a list."""

    name: str
    path: str
    type: str
    required: bool
    description: str = ""
    example: Any = None
    allowed: tuple[Any, ...] = ()
    sensitive: bool = False
    children: list[SchemaField] = field(default_factory=list)


def outline(schema: Any) -> list[SchemaField]:
    """The fields of an object schema, in its order; empty when it declares none."""
    return _fields(schema, schema, "", ())


def _fields(schema: Any, root: Any, path: str, seen: tuple[str, ...]) -> list[SchemaField]:
    node, seen = _resolved(schema, root, seen)
    required = set(node.get("required", []))
    properties = node.get("properties", {})
    return [
        _field(name, child, root, f"{path}.{name}" if path else name, name in required, seen)
        for name, child in properties.items()
    ]


def _field(name: str, schema: Any, root: Any, path: str, required: bool, seen: tuple[str, ...]) -> SchemaField:
    node, below = _resolved(schema, root, seen)
    inner: Any = node
    items_path = path
    if "items" in node:
        inner, below = _resolved(node["items"], root, below)
        items_path = f"{path}[]"
    deep = len(below) - len(set(below)) > 0 or path.count(".") >= _MOST_DEPTH
    examples = node.get("examples") or ([node["example"]] if "example" in node else [])
    return SchemaField(
        name=name,
        path=path,
        type=_type(node, root),
        required=required,
        description=str(node.get("description", "")),
        example=examples[0] if examples else node.get("default"),
        allowed=tuple(node.get("enum", ()) or (() if "const" not in node else (node["const"],))),
        sensitive=bool(node.get("x-sensitive") or node.get("writeOnly") or node.get("format") == "password"),
        children=[] if deep else _fields(inner, root, items_path, below),
    )


def _resolved(schema: Any, root: Any, seen: tuple[str, ...]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The schema with its local $ref followed (its own keywords win), and the refs met on the way."""
    node: dict[str, Any] = schema if isinstance(schema, dict) else {}
    while isinstance(ref := node.get("$ref"), str):
        target = pointed(root, ref)
        own = {key: value for key, value in node.items() if key != "$ref"}
        if target is None or ref in seen:
            return own, (*seen, ref)
        seen = (*seen, ref)
        node = {**target, **own}
    return node, seen


def pointed(root: Any, ref: str) -> dict[str, Any] | None:
    """The schema that a local $ref ('#/…', a JSON pointer) points to, None when it points to none in this document."""
    if not ref.startswith("#"):
        return None
    node = root
    for key in json_pointer.split(ref):
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else None


def _type(node: dict[str, Any], root: Any) -> str:
    """Words for what a field holds: "uuid", "list of uuid", "integer or null"."""
    if "enum" in node and "type" not in node:
        return "enum"
    kinds = node.get("type", "object" if "properties" in node else "any")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    words = []
    for kind in kinds:
        if kind == "array":
            items, _ = _resolved(node.get("items", {}), root, ())
            words.append(f"list of {_type(items, root)}")
        elif kind == "string" and "format" in node:
            words.append(str(node["format"]))
        else:
            words.append(str(kind))
    if "additionalProperties" in node and isinstance(node["additionalProperties"], dict) and words == ["object"]:
        return "map"
    return " or ".join(words)

"""Entries of a catalog as hypothesis draws them, and those of the system catalog, as they are exported."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lib.catalog import system
from lib.catalog.entries import ENTRY_STATUSES
from lib.catalog.interchange.writing import ExportedEntry
from lib.catalog.system import DIALECT
from lib.serialization import strict_json

_LETTERS = st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"))
_LINE = st.text(_LETTERS, min_size=1, max_size=30).map(str.strip).filter(bool) | st.sampled_from(
    ["=1+1", "'=1", "-1", "@A", "no", "null", "1e3", "a, b", '["x"]', "- x", "# x", "a: b", "{", "*a"]
)
_TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=60).map(str.strip)
_TYPES = st.from_regex(r"[A-Z][A-Za-z0-9]{0,8}([_.:/-][A-Za-z0-9]{1,6}){0,3}", fullmatch=True)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-(10**20), 10**20) | st.decimals(-1000, 1000, places=2) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_LINE, inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(["id", "$ref", "default", "a/b", "~", "x%y", "$id", "ü", "properties", "x-event-catalog", ""])
_REFS = st.sampled_from(["#", "#/$defs/A", "#/$defs/a~1b", "#/$defs/x%25y/items", "#named", "#/$defs/inner"])


def _schema(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    by_name = st.dictionaries(_NAMES, inner, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", ["null", "integer"]]),
            "properties": by_name,
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "$ref": _REFS,
            "const": _JSON | st.fixed_dictionaries({"$ref": _REFS}),
            "default": _JSON,
            "examples": st.lists(_JSON, max_size=2),
            "title": _TEXT,
            "x-sensitive": st.booleans(),
            "discriminator": st.fixed_dictionaries({"propertyName": _LINE}),
        },
    )


def _refers(schema: Any, to: str) -> bool:
    if isinstance(schema, dict):
        return schema.get("$ref") == to or any(_refers(one, to) for one in schema.values())
    return isinstance(schema, list) and any(_refers(one, to) for one in schema)


def _complete(schema: dict[str, Any], extra: dict[str, Any], definition: Any) -> dict[str, Any]:
    """The schema with all that its references lead to."""
    defined = {"A": definition, "a/b": True, "x%y": {"items": definition}, "named": {"$anchor": "named"}}
    inner = {"$id": "inner.json", "$ref": "#/$defs/A", "$defs": {"A": {"type": "null"}}}
    refers = {
        name: _refers([schema, definition], ref) for name, ref in (("inner", "#/$defs/inner"), ("named", "#named"))
    }
    defined = {name: one for name, one in {**defined, "inner": inner}.items() if refers.get(name, True)}
    return {**extra, **schema, "$defs": defined}


_BRANCHES = st.recursive(_schema(st.booleans()), _schema, max_leaves=6)
_EXTRAS: list[dict[str, Any]] = [
    {},
    {"$schema": DIALECT},
    {"$schema": "http://json-schema.org/draft-07/schema#"},
    {"$schema": "http://json-schema.org/draft-04/schema#"},
    {"$id": "https://example.com/a"},
    {"x-event-catalog": {"event_type": "OTHER"}},
]
SCHEMAS: st.SearchStrategy[dict[str, Any]] = _BRANCHES | st.builds(
    _complete, _BRANCHES, st.sampled_from(_EXTRAS), _BRANCHES
)
# A schema that is nothing but a way to itself says nothing, and no file may have one.
SCHEMAS = SCHEMAS.filter(lambda one: ("$defs" in one or "$ref" not in str(one)) and one.get("$ref") != "#")

ENTRIES = st.builds(
    ExportedEntry,
    event_type=_TYPES,
    name=_LINE,
    description=_TEXT,
    category=_LINE,
    status=st.sampled_from(ENTRY_STATUSES),
    source=st.sampled_from(["system", "tenant"]),
    owner=st.none() | _LINE,
    tags=st.lists(_LINE, max_size=3, unique_by=str.casefold).map(tuple),
    correlation_paths=st.lists(_LINE.map(lambda one: one.strip(".")).filter(bool), max_size=2, unique=True).map(tuple),
    example=st.none() | _JSON,
    payload_schema_ref=st.none(),
    schema=st.none() | SCHEMAS,
)


def system_entries() -> list[ExportedEntry]:
    """The whole system catalog."""
    return [
        ExportedEntry(
            event_type=event.event_type,
            name=event.name,
            description=event.description,
            category=event.category,
            status=event.status,  # type: ignore[arg-type]
            source="system",
            owner=None,
            tags=(),
            correlation_paths=tuple(event.correlation_paths),
            example=strict_json.loads(strict_json.dumps(event.example)),
            payload_schema_ref=event.schema_ref,
            schema=strict_json.loads(strict_json.dumps(event.schema)),
        )
        for event in system.read()
    ]

"""Every spelling of a field is a field: in the catalog, in mappings, in redaction, in conformance."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lib.catalog.redacted_fields import suggestions
from lib.mapping import check as mapping_check
from lib.metrics.conformance import unknown
from lib.redaction import REDACTED, redact
from lib.schemas import fields
from lib.schemas.outline import SchemaField, outline

SECRET = {"type": "string", "x-sensitive": True}
#: The objects that stand for a client here: a name that must be there, and a secret.
CLIENT = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "token": SECRET}}

#: Spellings of one schema: an object with a required client, as generators and people write it.
SPELLINGS: dict[str, Any] = {
    "plain": {"type": "object", "required": ["client"], "properties": {"client": CLIENT}},
    "allOf": {"allOf": [{"properties": {"client": CLIENT}}, {"required": ["client"]}]},
    "nested allOf with $ref": {
        "allOf": [{"$ref": "#/$defs/outer"}],
        "$defs": {
            "outer": {"allOf": [{"$ref": "#/$defs/inner"}, {"required": ["client"]}]},
            "inner": {"allOf": [{"properties": {"client": {"$ref": "#/$defs/client"}}}]},
            "client": CLIENT,
        },
    },
    "anyOf with null, as Pydantic writes it": {
        "required": ["client"],
        "properties": {"client": {"anyOf": [{"$ref": "#/$defs/Client"}, {"type": "null"}], "default": None}},
        "$defs": {"Client": CLIENT},
    },
    "oneOf with null": {
        "required": ["client"],
        "properties": {"client": {"oneOf": [{"type": "null"}, CLIENT]}},
    },
    "null as an enum": {"required": ["client"], "properties": {"client": {"oneOf": [{"enum": [None]}, CLIENT]}}},
    "a list of types": {
        "required": ["client"],
        "properties": {"client": {**CLIENT, "type": ["object", "null"]}},
    },
    "nullable, as OpenAPI writes it": {
        "required": ["client"],
        "properties": {"client": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Client"}]}},
        "components": {"schemas": {"Client": CLIENT}},
    },
    "draft-04 definitions": {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "required": ["client"],
        "properties": {"client": {"$ref": "#/definitions/client"}},
        "definitions": {"client": CLIENT},
    },
    "draft 3": {
        "$schema": "http://json-schema.org/draft-03/schema#",
        "properties": {
            "client": {
                "required": True,
                "properties": {"name": {"type": "string", "required": True}, "token": SECRET},
            }
        },
    },
    "an anchor": {
        "required": ["client"],
        "properties": {"client": {"$ref": "#client"}},
        "$defs": {"c": {"$anchor": "client", **CLIENT}},
    },
    "the root as a reference": {
        "$ref": "#/$defs/Event",
        "$defs": {"Event": {"required": ["client"], "properties": {"client": CLIENT}}},
    },
    "the root beside null": {
        "anyOf": [{"type": "object", "required": ["client"], "properties": {"client": CLIENT}}, {"type": "null"}]
    },
    "both branches": {
        "anyOf": [
            {"required": ["client"], "properties": {"client": CLIENT, "kind": {"const": "a"}}},
            {"required": ["client"], "properties": {"client": CLIENT, "kind": {"const": "b"}}},
        ]
    },
}


def by_path(some: list[SchemaField]) -> dict[str, SchemaField]:
    found: dict[str, SchemaField] = {}
    for one in some:
        found |= {one.path: one} | by_path(one.children)
    return found


@pytest.mark.parametrize("schema", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_has_the_same_fields_everywhere(schema: Any) -> None:
    found = by_path(outline(schema))
    client, name, token = found["client"], found["client.name"], found["client.token"]
    assert client.required and name.required and not token.required
    assert name.type == "string" and token.sensitive and not name.sensitive
    assert not client.depends and not name.depends
    assert {"/client", "/client/name", "/client/token"} <= set(suggestions(schema))
    assert {"client", "client.name", "client.token"} <= {one.target for one in mapping_check.targets(schema)}
    assert mapping_check.source_expressions(schema)["event.payload.client.name"] == "string"
    assert unknown(schema, ["client", "client.name", "client.other", "more"]) == ["client.other", "more"]
    assert fields.types_at(schema, ("client", "name")) == {"string"}
    assert fields.types_at(schema, ("client", "other")) is None
    value = {"client": {"name": "x", "token": "plain words"}}
    assert redact(value, schema=schema) == {"client": {"name": "x", "token": REDACTED}}


@pytest.mark.parametrize("schema", SPELLINGS.values(), ids=SPELLINGS)
def test_a_mapping_that_maps_nothing_is_refused_in_every_spelling(schema: Any) -> None:
    found = mapping_check.check({}, target=schema, source={})
    assert [(one.target, one.severity) for one in found] == [("client", "error")]
    inside = mapping_check.check({"client.token": "t"}, target=schema, source={})
    assert [(one.target, one.severity) for one in inside] == [("client.name", "error")]
    whole = mapping_check.check({"client.name": "n"}, target=schema, source={})
    # Without a kind, it fits both branches of a oneOf, which is true of every event.
    assert [one.target for one in whole] == ([""] if "oneOf" in schema else [])
    wrong = mapping_check.check({"client.name": 5}, target=schema, source={})
    assert [(one.target, one.severity) for one in wrong] == [("client.name", "error")]
    source = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
    }
    misfit = mapping_check.check({"client.name": {"$expr": "event.payload.n"}}, target=schema, source=source)
    assert [one.message for one in misfit if one.severity == "error"] == [
        "client.name takes string, and event.payload.n is integer or null."
    ]


LISTS: dict[str, Any] = {
    "items": {"type": "array", "items": CLIENT},
    "items that may be null": {"type": "array", "items": {"anyOf": [CLIENT, {"type": "null"}]}},
    "a list that may be null": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/c"}}, {"type": "null"}]},
    "a nullable list": {"nullable": True, "type": "array", "items": {"allOf": [CLIENT]}},
    "a tuple": {"type": "array", "prefixItems": [CLIENT]},
    "a tuple of draft 7": {"type": ["array", "null"], "items": [CLIENT]},
}


@pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS)
def test_objects_in_lists_have_fields_in_every_spelling(listed: Any) -> None:
    schema = {"properties": {"clients": listed}, "$defs": {"c": CLIENT}}
    found = by_path(outline(schema))
    assert found["clients[].name"].type == "string" and found["clients[].token"].sensitive
    assert found["clients"].type.startswith("list of ")
    assert "/clients/*/token" in suggestions(schema)
    assert unknown(schema, ["clients", "clients[].name", "clients[].other"]) == ["clients[].other"]
    value = {"clients": [{"name": "x", "token": "plain words"}]}
    assert redact(value, schema=schema) == {"clients": [{"name": "x", "token": REDACTED}]}
    # A name below a list gives one value, or a list of them; a mapping cannot fill the items one by one.
    assert fields.types_at(schema, ("clients", "name")) == {"string", "array"}
    assert "clients.name" not in {one.target for one in mapping_check.targets(schema)}
    (refused,) = mapping_check.check({"clients.name": "x"}, target=schema, source={})
    assert (refused.target, refused.severity) == ("clients.name", "error")


def test_fields_of_some_forms_depend_on_the_form() -> None:
    card = {
        "type": "object",
        "required": ["kind", "number"],
        "properties": {"kind": {"const": "card"}, "number": SECRET},
    }
    bank = {"type": "object", "required": ["kind", "iban"], "properties": {"kind": {"const": "bank"}, "iban": {}}}
    schema = {"properties": {"pay": {"anyOf": [card, bank, {"type": "null"}]}}, "required": ["pay"]}
    found = by_path(outline(schema))
    assert {path: (one.required, one.depends) for path, one in found.items()} == {
        "pay": (True, False),
        "pay.kind": (True, False),
        "pay.number": (False, True),
        "pay.iban": (False, True),
    }
    assert found["pay.kind"].allowed == ("card", "bank") and found["pay"].type == "object or null"
    assert redact({"pay": {"number": "12"}}, schema=schema) == {"pay": {"number": REDACTED}}
    lacks = mapping_check.check({"pay.kind": "card"}, target=schema, source={})
    assert [one.severity for one in lacks] == ["error"] and "is required beside the others" in lacks[0].message
    assert mapping_check.check({"pay.kind": "bank", "pay.iban": "x"}, target=schema, source={}) == []
    (apart,) = mapping_check.check({"pay.kind": "card", "pay.iban": "x"}, target=schema, source={})
    assert (apart.target, apart.message) == ("pay", 'pay: "number" is missing.')


CONDITIONS: dict[str, Any] = {
    "then": {"if": {"required": ["a"]}, "then": {"properties": {"b": SECRET}, "required": ["b"]}},
    "else": {"if": {"required": ["a"]}, "else": {"properties": {"b": SECRET}, "required": ["b"]}},
    "dependentSchemas": {"dependentSchemas": {"a": {"properties": {"b": SECRET}, "required": ["b"]}}},
    "dependencies": {"dependencies": {"a": {"properties": {"b": SECRET}, "required": ["b"]}}},
}


@pytest.mark.parametrize("schema", CONDITIONS.values(), ids=CONDITIONS)
def test_fields_under_a_condition_depend_on_it(schema: Any) -> None:
    found = by_path(outline({"properties": {"a": {}}, **schema}))
    assert found["b"].depends and not found["b"].required and found["b"].sensitive and not found["a"].depends
    assert redact({"b": "x"}, schema=schema) == {"b": REDACTED}


def test_a_definition_that_meets_itself_ends() -> None:
    node = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}, "key": SECRET},
    }
    schema = {"properties": {"first": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": node}}
    assert set(by_path(outline(schema))) == {"first", "first.next", "first.key"}
    assert fields.types_at(schema, ("first", *["next"] * 20, "key")) == {"string"}
    value: Any = {"key": "x"}
    for _ in range(30):
        value = {"next": value}
    assert "'x'" not in str(redact({"first": value}, schema=schema))
    for loop in ({"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}):
        assert outline(loop) == [] and fields.types_at(loop, ("a",)) is not None


def _doubling(keyword: str) -> Any:
    """A schema whose branches are two each, all the way down."""
    steps = {f"s{n}": {keyword: [{"$ref": f"#/$defs/s{n + 1}"}, {"$ref": f"#/$defs/s{n + 1}"}]} for n in range(18)}
    end = {"type": "object", "required": ["a"], "properties": {"a": {"enum": list(range(500))}}}
    return {"$ref": "#/$defs/s0", "$defs": {**steps, "s18": end}}


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_branches_that_share_their_parts_are_read_once(keyword: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    own = fields._Reader._own
    monkeypatch.setattr(fields._Reader, "_own", lambda reader, part: read.append(part) or own(reader, part))
    assert [one.path for one in outline(_doubling(keyword))] == ["a"]
    found = mapping_check.check({"b": 1}, target=_doubling(keyword), source=None)
    assert [one.target for one in found] == ["b", "a"]
    assert len(read) < 200  # and not 2^18


def test_a_schema_of_endless_fields_is_cut_level_by_level() -> None:
    names = [f"n{n}" for n in range(25)]
    shapes = {
        name: {"properties": {f"{name}{other}": {"$ref": f"#/$defs/{other}"} for other in names}} for name in names
    }
    started = time.process_time()
    found = outline({"$ref": "#/$defs/n0", "$defs": shapes})
    assert len(found) == 25 and all(len(one.children) == 25 for one in found[1:])
    assert len(by_path(found)) < 1500 and time.process_time() - started < 20


def test_what_is_no_schema_has_no_fields() -> None:
    for schema in (
        None,
        True,
        False,
        [],
        "x",
        {"properties": [1]},
        {"properties": {"a": 5}, "allOf": {"b": 1}, "$ref": 3},
    ):
        assert outline(schema) == []
        assert suggestions(schema) == []

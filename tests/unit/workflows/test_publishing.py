"""What publishing says of a trigger is what happens to an event: no error and its run starts, an error and it does not.

Over the system catalog and generated mappings, with the functions that publish and decide, without a database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from lib.catalog import system as system_catalog
from lib.events import matching
from lib.mapping import check as mapping_check
from lib.mapping import mapping
from lib.redaction import Redacted
from lib.sandbox import validation
from lib.schemas import fields
from lib.schemas.form import sample
from lib.serialization import strict_json
from lib.workflows.validation import Surroundings, TriggerEvent, check, errors

STEP = {"id": "note", "type": "action.call", "config": {"action": "log.write", "input": {"message": "hi"}}}
EVENTS = {event.event_type: event for event in system_catalog.read()}
#: About which value of the right type it is. That differs from event to event, so publishing cannot tell.
VALUE_ONLY = {"format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "enum"}


def client(**changes: Any) -> dict[str, Any]:
    body = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    }
    return {**body, **changes}


#: Spellings that the catalog itself has not, as generators emit them.
GENERATED: dict[str, Any] = {
    "ALL_OF": {"allOf": [{"properties": {"client": client()}}, {"required": ["client"]}]},
    "NULLABLE": {
        "type": "object",
        "required": ["client", "id"],
        "properties": {"client": {"anyOf": [{"$ref": "#/$defs/C"}, {"type": "null"}]}, "id": {"type": "integer"}},
        "$defs": {"C": client()},
    },
    "CLOSED": {"type": "object", "additionalProperties": False, "properties": {"client": client(), "note": {}}},
    "LISTS": {"type": "object", "properties": {"rows": {"type": "array", "items": client(additionalProperties=False)}}},
    "FORMS": {
        "anyOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
            {"type": "object", "required": ["b"], "properties": {"b": client()}},
        ]
    },
    "LEVELS": {"type": "object", "required": ["level"], "properties": {"level": {"enum": ["low", "high"]}}},
    "SIZES": {"type": "object", "required": ["level"], "properties": {"level": {"enum": ["small", "large"]}}},
}
SCHEMAS: dict[str, Any] = {name: event.schema for name, event in EVENTS.items()} | GENERATED
NAMES = st.sampled_from(sorted(EVENTS)) | st.sampled_from(sorted(GENERATED))


@cache
def targets(name: str) -> list[mapping_check.Target]:
    return mapping_check.targets(SCHEMAS[name])


@cache
def expressions(name: str) -> dict[str, frozenset[str]]:
    return {one: frozenset({kind}) for one, kind in mapping_check.source_expressions(SCHEMAS[name]).items()}


@st.composite
def mappings(draw: Any, source: str, target: str) -> dict[str, Any]:
    """A mapping that fills the required fields, mostly, and some others, mostly with what fits."""
    given: dict[str, Any] = {}
    offered = sorted(expressions(source))
    for place in targets(target):
        above = any(place.target.startswith(f"{one}.") for one in given)
        if above or not draw(st.sampled_from([place.field.required or None, True, False])):
            continue
        fitting = mapping_check.suggest(place, SCHEMAS[source])
        literal = sample({**_definitions(target), **_schema(target, place.target)})
        given[place.target] = draw(
            st.sampled_from(
                [
                    literal,
                    {"$expr": fitting} if fitting else literal,
                    {"$expr": draw(st.sampled_from(offered))} if offered else literal,
                    draw(st.sampled_from([5, "text", None, {"$expr": "event.payload.nothingLikeIt"}, literal])),
                ]
            )
        )
        parents = place.target.split(".")[:-1]
        for length in range(1, len(parents) + 1):
            given.pop(".".join(parents[:length]), None)
    if draw(st.integers(0, 9)) == 0:
        given["unheardOf"] = 1
    return given


def _definitions(target: str) -> dict[str, Any]:
    return {key: SCHEMAS[target][key] for key in ("$defs",) if key in SCHEMAS[target]}


def _schema(target: str, name: str) -> dict[str, Any]:
    place = fields.read(SCHEMAS[target]).at(name.split("."), through_lists=False)
    return place.schema() if place is not None else {}


@st.composite
def triggers(draw: Any) -> tuple[str, str, dict[str, Any] | None]:
    source, target = draw(NAMES), draw(NAMES)
    if draw(st.booleans()):
        target = draw(st.sampled_from([source, target]))
    return source, target, draw(st.none() | mappings(source, target))


NOTHING = {"$expr": "event.payload.nothingLikeIt"}


@example(("LISTS", "CLOSED", {"unheardOf": 1}))
@example(("LISTS", "CLOSED", {"client.name": NOTHING, "client.age": NOTHING}))
@example(("LISTS", "LISTS", {"rows.name": "x"}))
@example(("LISTS", "LISTS", {"rows": {"$expr": "event.payload.rows.age"}}))
@example(("LISTS", "FORMS", {"a": 5, "b": "text"}))
@example(("LISTS", "FORMS", {"a": "text", "b": "text"}))
@example(("LISTS", "ALL_OF", {}))
@example(("FORMS", "FORMS", {"b": NOTHING, "unheardOf": 1}))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(triggers())
def test_no_error_means_that_a_run_starts_and_an_error_that_none_does(trigger: tuple[str, str, Any]) -> None:
    source, target, given_mapping = trigger
    definition = {
        "name": "w",
        "payloadSchemaRef": target,
        "trigger": {"type": "event", "eventName": source, "sourcePayloadSchemaRef": source},
        "steps": [STEP],
    }
    if given_mapping is not None:
        definition["trigger"]["payloadMapping"] = given_mapping
    around = Surroundings(event=TriggerEvent(source, source, SCHEMAS[source]), schemas=SCHEMAS)
    found = [problem.message for problem in errors(check(definition, around))]
    matches = [(_decided(definition, source, payload, SCHEMAS[target]), payload) for payload in payloads(source)]
    if found:
        assert any(match.outcome == "skipped" for match, _ in matches), found
    else:
        assert any(
            match.outcome == "started" or _only_by_value(match, definition, payload) for match, payload in matches
        )


@cache
def payloads(source: str) -> list[Any]:
    """Samples with all fields: one, or one of each form; and the same with whole numbers for all numbers."""
    schema = SCHEMAS[source]
    made = [sample({**schema, "anyOf": [form]}) for form in schema["anyOf"]] if "anyOf" in schema else [sample(schema)]
    made += [whole for payload in made if (whole := _whole(payload)) != payload]
    assert all(validation.violations(SCHEMAS[source], payload).valid for payload in made)
    return made


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_whole(member) for member in value]
    return round(value) if isinstance(value, float | Decimal) else value


def _only_by_value(
    match: matching.Match, definition: dict[str, Any], payload: Any, unknown: Collection[str] = ()
) -> bool:
    """Whether an event was skipped for nothing but a value that is of the right type."""
    assert match.reason == "payload_invalid", match.message
    trigger = definition["trigger"]
    context = mapping.event_context(trigger["eventName"], payload, payload_schema_ref=trigger["eventName"])
    mapped = mapping.apply_mapping(trigger["payloadMapping"], context).payload
    verdict = validation.violations(SCHEMAS[definition["payloadSchemaRef"]], mapped)
    open_ = [
        name for name, value in trigger["payloadMapping"].items() if _may_hold_anything(trigger["eventName"], value)
    ]
    said = [one for one in verdict.violations if not _is_told_inside(one, verdict.violations)]
    by_value = VALUE_ONLY | set(unknown)
    return all(one.keyword in by_value or ".".join(map(str, one.path)) in open_ for one in said)


def _is_told_inside(violation: validation.Violation, others: Sequence[validation.Violation]) -> bool:
    """Whether a failed form is told by what is wrong inside of it."""
    depth = len(violation.path)
    inside = (one.path[:depth] == violation.path and len(one.path) > depth for one in others)
    return violation.keyword in ("anyOf", "oneOf") and any(inside)


def _may_hold_anything(source: str, value: Any) -> bool:
    """Whether the type of what a mapping passes on differs from event to event.

    That is so for an object of which the schema does not say what is in it, and for what is inside a list, of which
    there may be one or several.
    """
    if not isinstance(value, dict) or "$expr" not in value:
        return False
    schema, names = fields.read(SCHEMAS[source]), value["$expr"].split(".")[2:]
    place = schema.at(names)
    if place is None:
        return False
    in_list = schema.at(names, through_lists=False) is None
    return in_list or place.child("anything at all") is not None


def _decided(definition: dict[str, Any], source: str, payload: Any, schema: Any) -> matching.Match:
    event = matching.EventFacts(source, Redacted.known(payload, payload), None, source)
    candidate = {
        "workflow_id": uuid4(),
        "name": "w",
        "version": 1,
        "is_paused": False,
        "definition": strict_json.dumps(definition),
        "schema": strict_json.dumps(schema),
    }
    (decision,) = matching.decide(event, [candidate])
    return decision.match


def test_a_workflow_takes_its_own_event_as_it_is() -> None:
    for name, schema in SCHEMAS.items():
        mapped = {
            one.target: {"$expr": f"event.payload.{one.target}"} for one in targets(name) if "." not in one.target
        }
        found = mapping_check.check(mapped, target=schema, source=schema)
        if name != "FORMS":  # whose fields are never all there
            assert [one for one in found if one.severity == "error"] == [], name
            trigger = {"eventName": name, "payloadMapping": mapped}
            match = _decided({"trigger": trigger, "payloadSchemaRef": name}, name, sample(schema), schema)
            assert match.outcome == "started", (name, match.message)


# -- any schema -----------------------------------------------------------------------------------

FIELDS = st.sampled_from(["a", "b", "c", "odd name"])
SCALARS: Any = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": "number"},
        {"type": "boolean"},
        {"enum": ["x", "y"]},
        {"const": "x"},
        {"const": 1},
        {"type": ["string", "null"]},
        {"type": ["integer", "string"]},
        {"type": "string", "nullable": True},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"$ref": "#/$defs/shared"},
        {"allOf": [{"$ref": "#/$defs/shared"}], "nullable": True},
        {},
        True,
    ]
)


@st.composite
def objects(draw: Any, inner: Any) -> dict[str, Any]:
    """An object schema of the kinds that generators emit."""
    schema: dict[str, Any] = {"properties": draw(st.dictionaries(FIELDS, inner, min_size=1, max_size=3))}
    names = sorted(schema["properties"])
    schema["required"] = draw(st.lists(st.sampled_from(names), max_size=2))
    if draw(st.booleans()):
        schema["type"] = draw(st.sampled_from(["object", ["object", "null"]]))
    if draw(st.integers(0, 3)) == 0:
        schema["additionalProperties"] = draw(st.sampled_from([False, {"type": "string"}]))
    if draw(st.integers(0, 2)) == 0:
        name = draw(st.sampled_from(names))
        schema["if"] = {"properties": {name: {"const": draw(st.sampled_from(["x", 1]))}}, "required": [name]}
        schema[draw(st.sampled_from(["then", "else"]))] = {"required": [draw(FIELDS)]}
    return schema


def combined(inner: Any) -> Any:
    whole = objects(inner)
    several = st.lists(whole, min_size=1, max_size=2)
    combinators = st.sampled_from(["allOf", "anyOf", "oneOf"])
    return whole | st.builds(lambda one, keyword, some: {**one, keyword: some}, whole, combinators, several)


PARTS = st.recursive(
    SCALARS,
    lambda inner: combined(inner) | st.builds(lambda one: {"type": "array", "items": one}, inner),
    max_leaves=4,
)
DOCUMENTS = st.builds(
    lambda one, shared: {**one, "type": "object", "$defs": {"shared": shared}},
    combined(PARTS),
    SCALARS.filter(lambda one: "$ref" not in str(one)) | objects(st.just({"type": "string"})),
)


@st.composite
def any_triggers(draw: Any) -> tuple[Any, Any, dict[str, Any] | None]:
    """Two schemas, often the same, and a mapping from one to the other."""
    source = draw(DOCUMENTS)
    target = draw(st.just(source) | DOCUMENTS)
    names = [strict_json.dumps(one) for one in (source, target)]
    SCHEMAS.update(zip(names, (source, target), strict=True))
    return source, target, draw(st.none() | mappings(*names))


#: Each value alone fits one of the forms, and both together fit none.
FORMS_APART = {
    "type": "object",
    "anyOf": [
        {"properties": {"a": {}, "c": {"type": "array"}}},
        {"properties": {"a": {"type": "object", "required": ["a"]}}},
    ],
}
#: One form takes no object in b, and the other nothing beside it.
NO_OBJECT = {
    "type": "object",
    "properties": {"b": {"properties": {"a": {"type": "string"}}}},
    "anyOf": [{"properties": {"b": {"type": "string"}}}, {"properties": {"b": {}}, "additionalProperties": False}],
}


@example(({}, FORMS_APART, {"a": {}, "c": 5}))
@example((NO_OBJECT, NO_OBJECT, {"b.a": {"$expr": "event.payload.b.a"}, "c": 5}))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(any_triggers())
def test_no_error_means_that_a_sample_starts_a_run_over_any_schema(trigger: tuple[Any, Any, Any]) -> None:
    source, target = (strict_json.dumps(one) for one in trigger[:2])
    SCHEMAS.update({source: trigger[0], target: trigger[1]})
    given_mapping = trigger[2]
    definition: dict[str, Any] = {
        "name": "w",
        "payloadSchemaRef": target,
        "trigger": {"type": "event", "eventName": "E", "sourcePayloadSchemaRef": source},
        "steps": [STEP],
    }
    if given_mapping is not None:
        definition["trigger"]["payloadMapping"] = given_mapping
    around = Surroundings(event=TriggerEvent("E", source, trigger[0]), schemas=SCHEMAS)
    if errors(check(definition, around)):
        return
    made = [one for one in samples(trigger[0]) if validation.violations(trigger[0], one).valid]
    made = [one for one in made if _has_all_that_is_read(given_mapping, one)]
    assume(made)
    matches = [(_decided(definition, source, payload, trigger[1]), payload) for payload in made]
    definition["trigger"]["eventName"] = source
    # Whether a condition asks for a field depends on the values of the event.
    unknown = {"required"} & {"required" for key in _keys(trigger[1]) if key in ("then", "else")}
    assert any(
        match.outcome == "started" or (given_mapping and _only_by_value(match, definition, payload, unknown))
        for match, payload in matches
    ), matches


def _has_all_that_is_read(given_mapping: dict[str, Any] | None, payload: Any) -> bool:
    """Whether each expression of a mapping gives something: a sample need not have every optional field."""
    context = mapping.event_context("E", payload)
    return given_mapping is None or not mapping.apply_mapping(given_mapping, context).unset


def _keys(schema: Any) -> Iterator[str]:
    """All keywords of a schema."""
    if isinstance(schema, dict):
        yield from schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _keys(inner)


def samples(schema: Any) -> list[Any]:
    """A sample of each form that the schema has at its top."""
    made = [sample(schema)]
    for keyword in ("anyOf", "oneOf"):
        for form in schema.get(keyword, ()):
            made.append(sample({**schema, "allOf": [*schema.get("allOf", ()), form]}))
    return made

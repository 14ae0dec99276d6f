"""Which definitions are refused and why, and that what the designer makes is not."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import redaction, sandbox
from lib.catalog import system as system_catalog
from lib.errors import InvalidInput
from lib.mapping import check as mapping_check
from lib.serialization import strict_json
from lib.settings import settings as app_settings
from lib.steps import Problem, each_step, offers
from lib.ui.components import diagram
from lib.workflows import definition_text, diff, editing
from lib.workflows.dry_run import dry_run
from lib.workflows.validation import Surroundings, TriggerEvent, check, errors
from tests.support import work

SOURCE = {
    "type": "object",
    "required": ["ticketId", "count"],
    "properties": {
        "ticketId": {"type": "string"},
        "count": {"type": "integer"},
        "late": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "client": {"type": "object", "properties": {"email": {"type": ["string", "null"]}}},
    },
}
TARGET = {
    "type": "object",
    "required": ["id", "amount"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "amount": {"type": "number", "minimum": 0},
        "level": {"enum": ["low", "high"]},
        "to": {"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}},
    },
}
AROUND = Surroundings(
    event=TriggerEvent("MADE", "source.v1", SOURCE),
    schemas={"source.v1": SOURCE, "target.v1": TARGET},
    awaited={"MADE": True},
)


@pytest.fixture(scope="module", autouse=True)
def expressions() -> Iterator[None]:
    sandbox.start()
    yield


def good() -> dict[str, Any]:
    return {
        "id": "w",
        "name": "Good",
        "description": "",
        "payloadSchemaRef": "target.v1",
        "trigger": {
            "type": "event",
            "eventName": "MADE",
            "sourcePayloadSchemaRef": "source.v1",
            "payloadMapping": {"id": {"$expr": "event.payload.ticketId"}, "amount": {"$expr": "event.payload.count"}},
        },
        "steps": [
            {"id": "note", "type": "action.call", "config": {"action": "log.write", "input": {"message": "hi"}}},
        ],
    }


def bad(path: str, value: Any) -> dict[str, Any]:
    """The good definition with the value at a dotted path replaced, or taken out with ..."""
    definition: dict[str, Any] = deepcopy(good())
    node: Any = definition
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in parents:
        node = node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return definition


STEP = {"id": "note", "type": "action.call", "config": {"action": "log.write", "input": {"message": "hi"}}}
MAP = "trigger/payloadMapping"


def step(**changes: Any) -> list[dict[str, Any]]:
    return [{**STEP, **changes}]


def says(expression: str, **changes: Any) -> list[dict[str, Any]]:
    return step(config={"action": "log.write", "input": {"message": {"$expr": expression}}}, **changes)


def assign(*names: str) -> dict[str, Any]:
    return {"id": "set", "type": "transform.assign", "config": {"assign": dict.fromkeys(names, 1)}}


def loop(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"id": "each", "type": "control.forEach", "config": {"items": {"$expr": "[1]"}, "steps": list(steps)}}


#: (what is put where, the place that is named, words that say why)
BAD: list[tuple[str, Any, str, str]] = [
    ("name", "", "/name", "needs a name"),
    ("name", 7, "/name", "needs a name"),
    ("name", "x" * 121, "/name", "1 to 120"),
    ("name", "\u200b", "/name", "needs a name"),
    ("name", "a\nb", "/name", "must be on one line"),
    ("description", ["no"], "/description", "must be text"),
    ("steps2", [], "/steps2", "no field 'steps2'"),
    ("payloadSchemaRef", None, "/payloadSchemaRef", "Choose a schema"),
    ("payloadSchemaRef", 5, "/payloadSchemaRef", "must be the ref"),
    ("payloadSchemaRef", "nope.v1", "/payloadSchemaRef", "nope.v1 is not in the registry"),
    ("trigger", "MADE", "/trigger", "must be an object"),
    ("trigger/type", "cron", "/trigger/type", "not 'cron'"),
    ("trigger/when", 1, "/trigger/when", "no field 'when'"),
    ("trigger/eventName", ..., "/trigger/eventName", "must name an event"),
    ("trigger/sourcePayloadSchemaRef", "gone.v9", "/trigger/sourcePayloadSchemaRef", "gone.v9 is not in the registry"),
    ("trigger/sourcePayloadSchemaRef", 1, "/trigger/sourcePayloadSchemaRef", "must be the ref"),
    (MAP, ..., "/trigger/payloadMapping", "needs a mapping"),
    (MAP, [], "/trigger/payloadMapping", "must be an object"),
    (f"{MAP}/id", ..., "/trigger/payloadMapping/id", "required by the workflow's schema and is not mapped"),
    (f"{MAP}/id", {"$expr": "event.payload.("}, "/trigger/payloadMapping/id", "id: "),
    (f"{MAP}/id", {"$expr": 5}, "/trigger/payloadMapping/id", "$expr must be text"),
    (f"{MAP}/id", {"$expr": "event.payload.nope"}, "/trigger/payloadMapping/id", "event.payload.nope, which the event"),
    (f"{MAP}/id", {"$expr": "$uppercase(event.payload.nope)"}, "/trigger/payloadMapping/id", "event.payload.nope"),
    (f"{MAP}/id", {"$expr": "event.payload.nope ~> $trim()"}, "/trigger/payloadMapping/id", "event.payload.nope"),
    (f"{MAP}/amount", {"$expr": "event.payload.nope * 2"}, "/trigger/payloadMapping/amount", "event.payload.nope"),
    (f"{MAP}/id", {"$expr": "evnt.payload.ticketId"}, "/trigger/payloadMapping/id", "a mapping sees only event"),
    (f"{MAP}/id", {"$expr": "payload.ticketId"}, "/trigger/payloadMapping/id", "write event.payload.ticketId"),
    (f"{MAP}/id", {"$expr": "$string(event.paylod.ticketId)"}, "/trigger/payloadMapping/id", "an event has name"),
    (f"{MAP}/id", {"$expr": "event.payload.count"}, "/trigger/payloadMapping/id", "takes string"),
    (f"{MAP}/id", {"$expr": "event.payload.tags"}, "/trigger/payloadMapping/id", "is array"),
    (f"{MAP}/id", 12, "/trigger/payloadMapping/id", "the value"),
    (f"{MAP}/amount", -1, "/trigger/payloadMapping/amount", "the value"),
    (f"{MAP}/level", "medium", "/trigger/payloadMapping/level", "the value"),
    (f"{MAP}/other", "x", "/trigger/payloadMapping/other", "no such field"),
    (f"{MAP}/to.email.x..y", "x", "/trigger/payloadMapping/to.email.x..y", "empty name"),
    (f"{MAP}/to.cc", "x", "/trigger/payloadMapping/to.email", "to.email is required"),
    (f"{MAP}/id", {"a": {"$expr": "1"}}, "/trigger/payloadMapping/id", "inside a literal"),
    ("steps", [], "/steps", "at least one step"),
    ("steps", "none", "/steps", "at least one step"),
    ("steps", ["no"], "/steps/0", "must be an object"),
    ("steps", [STEP, STEP], "/steps/1/id", "note is used twice"),
    ("steps", step(id="1st"), "/steps/0/id", "a letter followed by"),
    ("steps", step(type="magic"), "/steps/0/type", "unknown type 'magic'"),
    ("steps", step(config=None), "/steps/0/config", "needs a config object"),
    ("steps", step(config={"action": "log.write"}), "/steps/0/config", "Step note, config:"),
    ("steps", step(config={"action": "mail.send", "input": {}}), "/steps/0/config/action", "Step note, action:"),
    ("steps", step(config={"action": "http.request", "input": {}}), "/steps/0/config/input", "Step note, input:"),
    (
        "steps",
        step(config={"action": "log.write", "input": {"message": {"$expr": "1 +"}}}),
        "/steps/0/config/input/message/$expr",
        "Step note, input.message:",
    ),
    ("steps", step(type="control.if", config={"then": []}), "/steps/0/config", "Step note"),
    (
        "steps",
        step(type="control.if", config={"condition": {"$expr": "true"}, "then": [{"id": "x", "type": "no"}]}),
        "/steps/0/config/then/0/type",
        "Step x has the unknown type",
    ),
    (
        "steps",
        step(type="control.forEach", config={"items": {"$expr": "[1]"}, "steps": [STEP]}),
        "/steps/0/config/steps/0/id",
        "used twice",
    ),
    ("steps", step(type="time.wait", config={}), "/steps/0/config", "Step note"),
    ("steps", step(type="time.wait", config={"seconds": -5}), "/steps/0/config/seconds", "seconds"),
    (
        "steps",
        step(type="event.wait", config={"eventName": "", "correlationKey": "k"}),
        "/steps/0/config/eventName",
        "eventName",
    ),
    (
        "steps",
        step(type="event.wait", config={"eventName": "MADE", "correlationKey": {"$expr": "payload.nope"}}),
        "/steps/0/config/correlationKey",
        "Step note, correlationKey: reads payload.nope",
    ),
    (
        "steps",
        step(type="time.wait", config={"until": {"$expr": "evnt.at"}}),
        "/steps/0/config/until",
        "Step note, until: reads evnt.at",
    ),
    ("steps", step(type="transform.assign", config={"assign": {"x": 1}}), "/steps/0/config", "Step note"),
    (
        "steps",
        step(type="control.forEach", config={"items": {"$expr": "[1]"}, "itemName": "vars", "steps": []}),
        "/steps/0/config/itemName",
        "already names something else",
    ),
]


@pytest.mark.parametrize(("path", "value", "place", "words"), BAD, ids=[f"{p}={str(v)[:40]}" for p, v, _, _ in BAD])
def test_a_bad_definition_is_refused_at_its_place(path: str, value: Any, place: str, words: str) -> None:
    found = errors(check(bad(path, value), AROUND))
    said = [(problem.path, problem.message) for problem in found]
    assert any(where.startswith(place) and words in message for where, message in said), said


def test_the_table_is_long_enough_and_the_good_one_is_good() -> None:
    assert len(BAD) >= 30
    assert check(good(), AROUND) == []


def test_an_event_that_the_catalog_lacks_is_an_error() -> None:
    found = check(good(), Surroundings(schemas=AROUND.schemas))
    assert Problem("/trigger/eventName", "The catalog has no event MADE.") in found


def test_waiting_for_an_event_without_correlation_paths_is_an_error() -> None:
    wait = step(type="event.wait", config={"eventName": "LATER", "correlationKey": "k"})
    place = "/steps/0/config/eventName"
    for awaited, severity in (({"LATER": True}, None), ({"LATER": False}, "error"), ({}, "warning")):
        found = check(bad("steps", wait), replace(AROUND, awaited=awaited))
        assert [problem.severity for problem in found if problem.path == place] == [severity] * (severity is not None)
    [error] = errors(check(bad("steps", [loop(*wait)]), replace(AROUND, awaited={"LATER": False})))
    assert error.message.startswith("Nothing would end a wait for LATER: its catalog entry has no correlation paths")


def test_names_that_do_not_exist_come_with_the_nearest() -> None:
    named = {"MADEE": " Did you mean MADE?", "target.v2": " Did you mean target.v1?"}
    around = replace(AROUND, event=None, meant=named)
    trigger = {**good()["trigger"], "eventName": "MADEE", "sourcePayloadSchemaRef": "target.v2"}
    wait = step(type="event.wait", config={"eventName": "MADEE", "correlationKey": "k"})
    definition = {**good(), "trigger": trigger, "payloadSchemaRef": "target.v2", "steps": wait}
    said = [problem.message for problem in check(definition, around)]
    assert "The catalog has no event MADEE. Did you mean MADE?" in said
    assert "The catalog has no event MADEE to wait for. Did you mean MADE?" in said
    assert "The schema target.v2 is not in the registry. Did you mean target.v1?" in said
    source = check({**definition, "trigger": {**trigger, "eventName": "MADE"}}, replace(AROUND, meant=named))
    assert "The trigger's schema target.v2 is not in the registry. Did you mean target.v1?" in [
        problem.message for problem in source
    ]


@pytest.mark.parametrize(
    ("read", "said"),
    [
        ("steps.frist.output", "reads the output of frist, which is no step here. Did you mean first?"),
        ("steps.first.outptu", "of a step there is output and error. Did you mean output?"),
        ("steps.each.output.cuont", "steps.each.output.cuont, which each does not give. Did you mean count?"),
        ("steps.nothing.output", "reads the output of nothing, which is no step here."),
    ],
)
def test_outputs_that_do_not_exist_come_with_the_nearest(read: str, said: str) -> None:
    steps = [{**STEP, "id": "first"}, loop(STEP), *says(read, id="last")]
    [problem] = check(bad("steps", steps), AROUND)
    assert problem.message.endswith(said)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("trigger", None, "nothing will start it"),
        ("trigger/sourcePayloadSchemaRef", "target.v1", "carries source.v1 now"),
        (f"{MAP}/id", {"$expr": "$exists(event.payload.nope) ? event.payload.nope : 'x'"}, "event.payload.nope"),
        ("steps", [{"id": "r", "type": "control.return", "config": {}}, STEP], "never reached"),
        ("steps", step(config={"action": "log.write", "input": {"message": {"$expr": "payload.zip"}}}), "payload.zip"),
        (
            "steps",
            step(config={"action": "log.write", "input": {"message": {"$expr": "steps.gone.output"}}}),
            "Step note, input.message: reads the output of gone, which is no step here",
        ),
        ("steps", says("event.payload.count"), "Step note, input.message: reads event.payload.count, which steps"),
        ("steps", says("event.nme"), "event.nme: of the event, steps see name"),
        ("steps", says("evnt.payload.x"), "reads evnt.payload.x, and there is no evnt here"),
        ("steps", says("item.name"), "there is no item here"),
        ("steps", says("steps.note.output"), "output of note, which has not run by then"),
        ("steps", [*says("steps.after.output"), {**STEP, "id": "after"}], "output of after, which has not run by then"),
        ("steps", [loop(STEP), *says("steps.note.output", id="after")], "output of note, which has not run by then"),
        ("steps", [{**STEP, "id": "first"}, *says("steps.first.result")], "of a step there is output and error"),
        (
            "steps",
            [{**STEP, "id": "first"}, *says("steps.first.output.status")],
            "output.status, which first does not",
        ),
        ("steps", [loop(STEP), *says("steps.each.output.total", id="after")], "output.total, which each does not give"),
        ("steps", says("vars.total"), "vars.total, which no step before it sets"),
        ("steps", [*says("vars.total"), assign("vars.total")], "vars.total, which no step before it sets"),
        ("steps", [loop(*says("itm.name"))], "a step sees payload, event, vars, steps, index, item"),
        (f"{MAP}/level", {"$expr": "payload.ticketId"}, "level reads payload.ticketId"),
        (f"{MAP}/id", {"$expr": "event.payload.client.email"}, "the event may come without event.payload.client.email"),
        ("steps", step(type="event.wait", config={"eventName": "LATER", "correlationKey": "k"}), "no event LATER"),
    ],
)
def test_what_is_probably_a_mistake_is_a_warning(path: str, value: Any, words: str) -> None:
    found = check(bad(path, value), AROUND)
    assert errors(found) == []
    assert any(words in problem.message and problem.severity == "warning" for problem in found), found


@pytest.fixture
def reach_desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("EGRESS_ALLOW", "desk.example")
    app_settings.cache_clear()
    yield
    monkeypatch.undo()
    app_settings.cache_clear()


@pytest.mark.usefixtures("reach_desk")
def test_a_request_that_is_sure_to_be_refused_is_told_before_it_is() -> None:
    def asks(url: Any) -> dict[str, Any]:
        return bad("steps", step(config={"action": "http.request", "input": {"url": url}}))

    payload = {"ticketId": "t", "count": 2}
    for url in ("https://desk.example/hook", {"$expr": "'https://' & payload.id"}):
        assert not [one for one in check(asks(url), AROUND) if "Runs will fail" in one.message], url
        assert dry_run(asks(url), payload=payload, schema=TARGET).failure is None
    for url, why in (("https://else.example/", "else.example are not allowed"), ("ftp://x", "must begin with http")):
        [told] = [one for one in check(asks(url), AROUND) if "Runs will fail" in one.message]
        assert (told.severity, told.path) == ("warning", "/steps/0/config/input/url") and why in told.message
        failed = dry_run(asks(url), payload=payload, schema=TARGET)
        assert why in str(failed.failure) and failed.steps[-1].state == "failed"


@pytest.mark.parametrize(
    "steps",
    [
        says("payload.id & event.name & event.correlationKey & event.id"),
        [assign("vars.total"), *says("vars.total")],
        [assign("vars.a.b"), *says("vars.a"), *says("vars.a.b.c", id="then")],
        [loop(*says("$string(item) & index & vars.total"), assign("vars.total")), *says("vars.total", id="after")],
        [{**STEP, "id": "first"}, *says("steps.first.output.message & steps.first.error.code")],
        [loop({**STEP, "id": "first"}, *says("steps.first.output & steps.each"))],
        [loop(STEP), *says("steps.each.output.failures.message & steps.each.output.count", id="after")],
        [assign("vars.a"), *says("steps.set.output.`vars.a`")],
        says("$map([1], function($one) { $one.anything })"),
        says("payload.to[email = 'x'].email"),
        says("{'a': payload.id}.a"),
        [
            {"id": "if", "type": "control.if", "config": {"condition": {"$expr": "true"}, "then": says("1", id="b")}},
            *says("steps.b.output"),
        ],
    ],
)
def test_what_may_be_there_is_no_problem(steps: list[dict[str, Any]]) -> None:
    assert check(bad("steps", steps), AROUND) == []


def test_every_step_after_a_return_is_named() -> None:
    back = {"id": "r", "type": "control.return", "config": {}}
    found = check(bad("steps", [back, STEP, {**loop({**STEP, "id": "inner"})}, {**back, "id": "r2"}]), AROUND)
    said = [problem.message for problem in found]
    assert said == [f"Step {name} is never reached, because r returns." for name in ("note", "each", "inner", "r2")]


@pytest.mark.parametrize("definition", [None, [], 3, {}, {"trigger": {"payloadMapping": {"": 1}}}, {"steps": [[]]}])
def test_nothing_makes_the_check_itself_fail(definition: Any) -> None:
    assert errors(check(definition, Surroundings()))


def test_suggestions_have_the_name_and_a_type_that_fits() -> None:
    wanted = {"properties": {"ticketId": {"type": "string"}, "count": {"type": "string"}, "email": {"type": "string"}}}
    found = {place.target: mapping_check.suggest(place, SOURCE) for place in mapping_check.targets(wanted)}
    assert found == {"ticketId": "event.payload.ticketId", "count": None, "email": "event.payload.client.email"}


ACTS = st.sampled_from(["add", "delete", "duplicate", "up", "down", "move_to"])


@given(st.lists(st.tuples(ACTS, st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=14))
def test_whatever_one_does_in_the_designer_gives_a_definition_that_is_sound(acts: list[tuple[str, int, int]]) -> None:
    definition = {**good(), "steps": []}
    types = [name for name in offers() if name not in ("event.wait", "http.request")]  # which start with a blank
    for act, first, second in acts:
        before = deepcopy(definition)
        places = [editing.place_of(path) for path, _ in each_step(definition)]
        lists = editing.lists(definition)
        if act == "add" or not places:
            editing.add(definition, lists[first % len(lists)].place, types[second % len(types)])
            definition, place = editing.add(definition, lists[first % len(lists)].place, types[second % len(types)])
            kind, _ = offers()[types[second % len(types)]]
            assert editing.step_at(definition, place)["type"] == kind.type  # type: ignore[index]
            continue
        place = places[first % len(places)]
        chosen = editing.step_at(definition, place)
        if act == "delete":
            definition = editing.delete(definition, place)
        elif act == "duplicate":
            definition, _ = editing.duplicate(definition, place)
        elif act == "move_to":
            definition, now = editing.move_to(definition, place, lists[second % len(lists)].place)
            assert editing.step_at(definition, now) == chosen
            assert sorted(s["id"] for _, s in each_step(definition)) == sorted(s["id"] for _, s in each_step(before))
        else:
            definition, now = editing.move(definition, place, -1 if act == "up" else 1)
            assert editing.step_at(definition, now) == chosen
    assert editing.editable(definition)
    if definition["steps"]:
        assert errors(check(definition, AROUND)) == []
        result = dry_run(definition, payload={"ticketId": "t", "count": 2}, schema=TARGET)
        assert result.start.refusals == () and result.failure is None
    drawn = diagram.of(definition, diagram.Marks())
    assert drawn.paths == {"/trigger", *(path for path, _ in each_step(definition))}
    for language in ("json", "yaml"):
        written = definition_text.write(definition, language)  # type: ignore[arg-type]
        assert definition_text.read(written, language) == definition  # type: ignore[arg-type]


def test_no_example_of_the_catalog_is_refused_for_what_was_redacted_in_it() -> None:
    unchecked = 0
    for event in system_catalog.read():
        shown = redaction.redact(event.example, schema=event.schema)
        mapped = {name: {"$expr": f"event.payload.{name}"} for name in event.schema["properties"]}
        for trigger in ({"eventName": event.event_type}, {"eventName": event.event_type, "payloadMapping": mapped}):
            begun = dry_run({"trigger": trigger, "steps": []}, payload=shown, schema=event.schema).start
            assert begun.refusals == (), event.event_type
            unchecked += bool(begun.unchecked)
    assert unchecked >= 20


def test_only_what_was_redacted_goes_unchecked() -> None:
    schema = {
        "required": ["id", "to"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "token": {"type": "integer"},
            "to": {"anyOf": [{"properties": {"key": {"type": "integer"}}}, {"required": ["other"]}]},
            "count": {"type": "integer"},
        },
    }
    payload = {"id": "[redacted]", "token": "Bearer [redacted]", "to": {"key": "[redacted]"}, "count": "many"}
    begun = dry_run({"steps": []}, payload=payload, schema=schema).start
    assert sorted(begun.unchecked) == ["/id", "/to", "/to/key", "/token"]
    assert begun.refusals == ("/count: Must be a whole number, not text.",)
    gone = dry_run({"steps": []}, payload={"id": "[redacted]"}, schema=schema).start
    assert gone.unchecked == ("/id",) and len(gone.refusals) == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab:#- ,1", max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["name", "steps", "on", "null", "1"]), JSON))
def test_json_and_yaml_give_back_what_was_written(value: dict[str, Any]) -> None:
    for language in ("yaml", "json"):
        again = definition_text.read(definition_text.write(value, language), language)  # type: ignore[arg-type]
        assert strict_json.canonical(again) == strict_json.canonical(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x", "aliases are not accepted at line 2"),
        ("a: 1\na: 2", "comes twice at line 2"),
        ("1: x", "name must be text"),
        ("- 1", "must be an object"),
        ("a: [", "line 1"),
        ("a: !!python/object:os.system {}", "the tag !!python/object:os.system is not accepted at line 1, column 4"),
        ("a: !!map [1]", "the tag !!map is not accepted at line 1, column 4"),
        ("a: !!seq {b: 1}", "the tag !!seq is not accepted"),
        ("a: !!int 0xff", "the tag !!int is not accepted"),
        ("a: !!bool yes", "the tag !!bool is not accepted"),
        ("a: !!float 1_000.5", "the tag !!float is not accepted"),
        ("a: !!str {}", "the tag !!str is not accepted"),
        ("a: !!json x", "the tag !!json is not accepted"),
        ("a: !!timestamp 2026-01-31", "the tag !!timestamp is not accepted"),
        ("a: !!binary AA==", "the tag !!binary is not accepted"),
        ("a: !!set {b}", "the tag !!set is not accepted"),
        ("!!omap [a: 1]", "the tag !!omap is not accepted"),
        ("a: !own x", "the tag !own is not accepted"),
        ("a: ! x", "the tag ! is not accepted"),
        ("%TAG !e! tag:yaml.org,2002:\n--- \na: !e!int 0xff", "the tag !!int is not accepted at line 3"),
        ("!!str a: 1", "the tag !!str is not accepted"),
        ("a: " + "x" * 262_144, "is 262,147 bytes long; at most 262,144 are accepted"),
        ("a: " + "\u00e9" * 131_071, "is 262,145 bytes long"),
        ("a: \ud800", "not YAML that can be read"),
        ("a: .nan\n? {}\n: 1", "name must be text"),
    ],
)
def test_yaml_that_is_no_json_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match="definition") as refused:
        definition_text.read(text, "yaml")
    assert words in str(refused.value)


@given(st.text("abc:-[]{}!&*|>?#%@,\"' \n019.~", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        value = definition_text.read(text, "yaml")
    except InvalidInput:
        return
    strict_json.check(value)


def test_what_is_too_long_is_not_read_at_all() -> None:
    text = "a: [" + "1," * 4_000_000
    refused = list[InvalidInput]()

    def read() -> None:
        try:
            definition_text.read(text, "yaml")
        except InvalidInput as error:
            refused.append(error)

    assert work.calls(read) < 100
    assert "8,000,004 bytes long" in str(refused[0])


def test_two_versions_stand_side_by_side_line_by_line() -> None:
    after = {**good(), "description": "New", "extra": 1}
    parts = diff.side_by_side(good(), after)
    assert all(len(left.split("\n")) == len(right.split("\n")) for left, right in parts)
    left, right = ("\n".join(side) for side in zip(*parts, strict=True))
    assert "- description: ''" in left and "+ description: New" in right and "+ extra: 1" in right
    long = {**good(), "steps": [{**STEP, "id": f"s{number}"} for number in range(9)]}
    (renamed,) = diff.side_by_side(long, {**long, "name": "Better"})
    assert "s8" not in renamed[0], "what is far from any change is left out"
    assert diff.side_by_side(good(), good()) == []
    assert diff.unified(good(), good()) == ""

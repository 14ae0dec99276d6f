"""What the designer makes really runs: every step type as it starts out, published and executed by the engine."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion
from lib.runs import engine
from lib.schemas import form as schema_form
from lib.serialization import strict_json
from lib.settings import Settings
from lib.steps import STEP_TYPES, each_step, offers
from lib.ui.designer.steps_tab import form_schema
from lib.workflows import editing
from lib.workflows import validation as workflow_validation
from lib.workflows.editing import Definition, Place
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import EVENT, attach, edit, example, get, publish
from tests.support.workflow_runs import await_run


@pytest.fixture
def worker(db: Database) -> Iterator[None]:
    engine.start(Settings(), worker=True)
    yield
    engine.stop()


@pytest.mark.usefixtures("worker")
def test_every_step_type_as_the_designer_adds_it_publishes_and_runs(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor)
    definition: dict[str, Any] = {**get(actor, workflow).draft}
    for step_type, (kind, _) in offers().items():
        definition, place = editing.add(definition, editing.TOP, step_type)
        if step_type == "http.request":  # it has no address yet, and nothing answers here
            step = editing.step_at(definition, place)
            assert step is not None
            step["config"]["input"]["url"] = "https://example.com"
            step["config"] |= {"onError": "continue", "retry": {"maxAttempts": 1}}
        if step_type == "event.wait":  # the two blanks that a person has to fill in, kept short
            step = editing.step_at(definition, place)
            assert step is not None
            wait = {"eventName": EVENT, "correlationKey": "none", "timeoutSeconds": 0.1, "onTimeout": "continue"}
            step["config"] = wait
        if step_type == "time.wait":
            step = editing.step_at(definition, place)
            assert step is not None
            step["config"] = {"seconds": 0.1}
        for key in kind.children:
            definition, _ = editing.add(definition, (*place, "config", key), "log.write")
    edit(actor, workflow, **definition)
    publish(actor, workflow)
    with database.write(actor) as conn:
        submission = ingestion.submit_event(conn, actor, event_type=EVENT, payload=example(db), origin="simulated")
    (match,) = submission.of("started")
    assert match.run_id is not None
    row = await_run(match.run_id)
    assert row.status == "SUCCEEDED", row.error_json
    assert row.output_json == example(db)


# What a person may write where a kind of expression belongs; "" is for any other place.
EXPRESSIONS = {
    "condition": ["true", "payload.ticketId = 'x'", "$exists(vars.a)", "vars.nothing"],
    "items": ["[1, 2]", "payload.ticketId", "[]", "$keys({'a': 1, 'b': 2})", "vars.nothing"],
    "correlationKey": ["payload.ticketId", "'none' & $string(payload.ticketId)", "42"],
    "until": ["$now()", "'2020-01-31T09:00:00Z'"],
    "": [
        "payload",
        "payload.ticketId",
        "vars",
        "vars.a",
        "steps",
        "event",
        "event.correlationKey",
        "'text'",
        "1 + 1",
        "[]",
        "{'a': payload.ticketId}",
        "$count(payload)",
        "vars.nothing",
    ],
}
#: What keeps a run short, and lets it go on where nothing outside answers.
SHORT: dict[str, Any] = {"timeoutSeconds": 0.05, "seconds": 0.05, "onTimeout": "continue", "eventName": EVENT}


@st.composite
def configs(draw: st.DrawFn, step_type: str) -> dict[str, Any]:
    """A configuration as the form makes it: sampled, its choices chosen, its expressions written."""
    schema = deepcopy(form_schema(step_type))
    if branches := schema.get("oneOf"):
        schema["oneOf"] = [draw(st.sampled_from(branches))]
        schema["required"] = [*schema.get("required", []), *schema["oneOf"][0].get("required", [])]
    config = schema_form.sample(schema)
    for key in sorted(config.keys() - set(schema["required"])):
        if step_type != "event.wait" and draw(st.booleans()):
            del config[key]
    if step_type == "transform.assign":
        names = draw(st.lists(st.sampled_from(["vars.a", "vars.b.c", "vars.total"]), min_size=1, unique=True))
        config["assign"] = {name: {"$expr": ""} for name in names}
    if config.get("action") == "http.request":  # there is nowhere to send it, which the run is to survive
        config |= {"onError": "continue", "retry": {"maxAttempts": 1}}
    if step_type in ("event.wait", "time.wait"):
        config |= {key: value for key, value in SHORT.items() if key in config}
    return written(draw, config, "")


def written(draw: st.DrawFn, value: Any, name: str) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$expr"}:
            return {"$expr": draw(st.sampled_from(EXPRESSIONS.get(name, EXPRESSIONS[""])))}
        return {key: written(draw, member, key) for key, member in value.items()}
    if name in ("message", "correlationKey", "body", "output") and draw(st.booleans()):
        return {"$expr": draw(st.sampled_from(EXPRESSIONS.get(name, EXPRESSIONS[""])))}
    return value


@st.composite
def definitions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The steps after someone has clicked around in the designer."""
    definition: Definition = {"steps": []}
    kinds_of_acts = ["add", "add", "add", "edit", "duplicate", "delete", "move", "nest", "rename"]
    acts = draw(st.lists(st.sampled_from(kinds_of_acts), min_size=3, max_size=10))
    for act in ["add", *acts, "end"]:
        places = [editing.place_of(path) for path, _ in each_step(definition)]
        if not places or (act == "add" and len(places) < 12):
            definition = added(draw, definition)
        elif act not in ("add", "end"):
            definition = changed(draw, definition, act, draw(st.sampled_from(places)))
    return definition["steps"]  # type: ignore[no-any-return]


def added(draw: st.DrawFn, definition: Definition) -> Definition:
    where = draw(st.sampled_from([one.place for one in editing.lists(definition)]))
    kind = draw(st.sampled_from(list(offers())))
    definition, place = editing.add(definition, where, kind)
    blank = ("event.wait", "time.wait", "http.request")
    return edited(draw, definition, place) if kind in blank or draw(st.booleans()) else definition


def edited(draw: st.DrawFn, definition: Definition, place: Place) -> Definition:
    step = editing.step_at(definition, place)
    assert step is not None
    config = draw(configs(step["type"]))
    offer = STEP_TYPES[step["type"]].offer_of(config)
    shown = {name: value for name, value in config.items() if name not in offer.fixed}
    form = {**offer.fixed, **schema_form.dump(schema_form.load(form_schema(step["type"], offer), shown))}
    assert strict_json.dumps(form) == strict_json.dumps(config), "the form holds it as it is"
    nested = {key: step["config"][key] for key in STEP_TYPES[step["type"]].children if key in step["config"]}
    return editing.replace(definition, place, {**step, "config": {**config, **nested}})


def changed(draw: st.DrawFn, definition: Definition, act: str, place: Place) -> Definition:
    if act == "edit":
        return edited(draw, definition, place)
    if act == "duplicate" and len(list(each_step(definition))) < 8:
        return editing.duplicate(definition, place)[0]
    if act in ("duplicate", "delete"):
        return editing.delete(definition, place)
    if act == "move":
        return editing.move(definition, place, draw(st.sampled_from([-1, 1])))[0]
    if act == "nest":
        to = draw(st.sampled_from([one.place for one in editing.lists(definition)]))
        return editing.move_to(definition, place, to)[0]
    step = editing.step_at(definition, place)
    assert step is not None
    renamed = {**step, "id": editing.fresh_id(definition, "renamed"), "name": "Renamed"}
    return editing.replace(definition, place, renamed)


@pytest.mark.hypothesis
def test_whatever_is_made_in_the_designer_validates_publishes_and_runs(
    db: Database, new_actor: ActorFactory, request: pytest.FixtureRequest
) -> None:
    actor = new_actor()
    made: dict[UUID, list[dict[str, Any]]] = {}

    @settings(suppress_health_check=list(HealthCheck))
    @given(definitions())
    def publishes(steps: list[dict[str, Any]]) -> None:
        made[published_with(actor, steps)] = steps

    publishes()
    # Only now, for hypothesis takes no random numbers of other threads while it makes its examples.
    request.getfixturevalue("worker")
    assert len({kind for steps in made.values() for kind in kinds(steps)}) >= 5
    with database.write(actor) as conn:
        submission = ingestion.submit_event(conn, actor, event_type=EVENT, payload=example(db), origin="simulated")
    started = submission.of("started")
    assert len(started) == len(made)
    for match in started:
        assert match.run_id is not None
        row = await_run(match.run_id)
        assert row.status == "SUCCEEDED", (row.error_json, made[row.workflow_id])


def published_with(actor: Actor, steps: list[dict[str, Any]]) -> UUID:
    workflow = attach(actor)
    edit(actor, workflow, steps=steps)
    with database.read(actor) as conn:
        draft = get(actor, workflow).draft
        found = workflow_validation.validate(conn, tenant=actor.tenant, definition=draft)
    assert workflow_validation.errors(found) == []
    publish(actor, workflow)
    return workflow


def kinds(steps: list[dict[str, Any]]) -> set[str]:
    return {step["type"] for _, step in each_step({"steps": steps})}

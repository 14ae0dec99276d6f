"""A step type that only this test knows: one value in the registry, and the whole product can work with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lib import database
from lib.database import Database
from lib.errors import InvalidInput, StepFailed
from lib.events import ingestion
from lib.runs import engine
from lib.runs import records as run_records
from lib.schemas import form as schema_form
from lib.settings import Settings
from lib.steps import STEP_TYPES, StepType
from lib.steps.execution import Execution, Outcome, Step
from lib.steps.step_type import Config, ConfigFault, StepList, any_or_expression, config_object, nested_steps
from lib.ui.components import diagram
from lib.ui.designer.steps_tab import form_schema
from lib.workflows import definition_text, editing
from lib.workflows import validation as workflow_validation
from lib.workflows.dry_run import dry_run
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import EVENT, REF, attach, edit, example, get, publish
from tests.support.workflow_runs import await_run, expr, log_step, step


def _run(step: Step, run: Execution) -> Outcome:
    times = run.evaluate(step.config["times"])
    if not isinstance(times, int):
        raise StepFailed("not_a_number", f"Step {step.id}: times must give a whole number.")
    for number in range(times):
        run.with_names({step.config["counter"]: number}).run_steps(step.config["do"], f"{step.path}[{number}]/")
    run.set_variable("repeated", times)
    return Outcome({"times": times}, {"times": times})


def _refusal(config: Config) -> ConfigFault | None:
    return ConfigFault(("times",), "nothing is repeated 13 times.") if config.get("times") == 13 else None


def _faults(config: Config) -> Iterator[ConfigFault]:
    if config["counter"] == "payload":
        yield ConfigFault(("counter",), "payload already names something else.")


REPEAT = StepType(
    type="toy.repeat",
    label="Repeat",
    icon=":material/toys:",
    description="Runs the same steps some times.",
    config_schema=config_object(
        {
            "counter": {"type": "string", "title": "Counter", "description": "Its name.", "default": "turn"},
            "times": any_or_expression("Times", "How often."),
            "announces": {"type": "string", "title": "Announces", "description": "An event type."},
            "do": nested_steps("Do", "What to repeat."),
        },
        ["counter", "times", "do"],
    ),
    starter={"counter": "turn", "times": 2, "do": []},
    id_stem="repeat",
    run=_run,
    repeats=True,
    flow="loop",
    shape="loop",
    lists=(StepList("do", "Every time", "again"),),
    output=lambda config: {"type": "object", "properties": {"times": {}}, "additionalProperties": False},
    needs=frozenset({"times"}),
    event_fields=("announces",),
    sets=lambda config: [("repeated",)],
    names=lambda config: [str(config.get("counter"))],
    faults=_faults,
    refusal=_refusal,
)
#: The same with an effect, which a dry run does not carry out.
SEND = StepType(
    type="toy.send",
    label="Send",
    icon=":material/mail:",
    description="Sends something.",
    config_schema=config_object({}, []),
    starter={},
    id_stem="send",
    run=lambda step, run: Outcome({"sent": "for real"}),
    effect="act",
    flow="end",
    shape="stop",
    assumed=lambda config: {"sent": "not yet"},
)


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (REPEAT, SEND):
        monkeypatch.setitem(STEP_TYPES, kind.type, kind)


@pytest.fixture
def worker(db: Database) -> Iterator[None]:
    engine.start(Settings(), worker=True)
    yield
    engine.stop()


def repeat(**changes: Any) -> dict[str, Any]:
    inner = [log_step("note", expr("$string(turn)"))]
    return step("repeat", REPEAT.type, **{"counter": "turn", "times": 2, "do": inner, **changes})


def problems(*steps: dict[str, Any]) -> list[tuple[str, str, str]]:
    definition = {"payloadSchemaRef": REF, "steps": list(steps)}
    found = workflow_validation.check(definition, workflow_validation.Surroundings())
    return [(one.path, one.message, one.severity) for one in found if one.path.startswith("/steps")]


def test_it_is_validated_by_what_it_says_of_itself() -> None:
    assert problems(repeat()) == []
    assert problems(repeat(), log_step("after", expr("vars.repeated & steps.repeat.output.times"))) == []
    for steps, path, words, severity in (
        ([repeat(times=expr("1 +"))], "/steps/0/config/times/$expr", "Step repeat, times", "error"),
        ([repeat(counter=1)], "/steps/0/config/counter", "Step repeat, counter", "error"),
        ([repeat(counter="payload")], "/steps/0/config/counter", "payload already names something else", "error"),
        ([repeat(do=[step("x", "toy.gone")])], "/steps/0/config/do/0/type", "unknown type 'toy.gone'", "error"),
        ([repeat(times=expr("vars.never"))], "/steps/0/config/times", "which no step before it sets", "error"),
        ([repeat(times=13)], "/steps/0/config/times", "Runs will fail at this step: nothing is repeated", "warning"),
        ([repeat(announces="NOBODY_KNOWS")], "/steps/0/config/announces", "no event NOBODY_KNOWS", "warning"),
        ([repeat(), log_step("b", expr("turn"))], "/steps/1/config/input/message", "there is no turn here", "warning"),
        (
            [repeat(), log_step("b", expr("steps.repeat.output.x"))],
            "/steps/1/config/input/message",
            "which repeat does not give",
            "warning",
        ),
        ([step("send", SEND.type), log_step("b")], "/steps/1", "never reached, because send returns", "warning"),
    ):
        found = problems(*steps)
        assert [one for one in found if one[0] == path and words in one[1] and one[2] == severity], (words, found)


def test_it_is_added_moved_and_written_as_text() -> None:
    definition, place = editing.add({"steps": []}, editing.TOP, REPEAT.type)
    assert editing.step_at(definition, place) == {"id": "repeat", "type": REPEAT.type, "config": dict(REPEAT.starter)}
    assert [one.label for one in editing.lists(definition)] == ["Top level", "repeat: Every time"]
    definition, _ = editing.add(definition, (*place, "config", "do"), SEND.type)
    definition, copy = editing.duplicate(definition, place)
    assert editing.place_of_id(definition, "send-2") == (*copy, "config", "do", 0) and editing.editable(definition)
    text = definition_text.write({"config": {"do": [], "times": 1, "counter": "n"}, "type": REPEAT.type}, "yaml")
    assert text == f"type: {REPEAT.type}\nconfig:\n  counter: n\n  times: 1\n  do: []\n"
    assert REPEAT.starter["do"] == [], "a new step's lists are its own"
    assert schema_form.sample(form_schema(REPEAT.type)).keys() >= {"counter"}


def test_it_is_drawn_with_its_shape_and_the_edges_of_its_lists() -> None:
    trigger, loop, send = diagram.of({"steps": [repeat(), step("send", SEND.type)]}, diagram.Marks()).nodes
    assert (loop.title, loop.icon, loop.shape, loop.below) == ("Repeat", "toys", "loop", "repeat")
    (lane,) = loop.lanes
    assert lane.before.words == "again" and len(lane.nodes) == 1 and lane.again and loop.way_out
    assert (trigger.shape, send.title) == ("empty", "Send"), "nothing comes after a step that ends the run"


def test_a_dry_run_carries_it_out_unless_it_has_an_effect() -> None:
    definition = {"payloadSchemaRef": REF, "steps": [repeat(), step("send", SEND.type)]}
    tried = dry_run(definition, payload={}, schema={})
    assert [(one.path, one.state) for one in tried.steps] == [
        ("repeat[0]/note", "assumed"),
        ("repeat[1]/note", "assumed"),
        ("repeat", "done"),
        ("send", "assumed"),
    ]
    assert tried.steps[-1].output == {"sent": "not yet"} and tried.failure is None
    refused = dry_run({"steps": [step("send", "toy.send")]}, payload={}, schema={})
    assert refused.failure is None


@pytest.mark.usefixtures("worker")
def test_it_is_published_and_runs(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor)
    edit(actor, workflow, steps=[repeat(times=1.5)])
    edit(actor, workflow, steps=[repeat(counter="payload")])
    with pytest.raises(InvalidInput, match="payload already names something else"):
        publish(actor, workflow)
    edit(actor, workflow, steps=[repeat(), step("send", SEND.type)])
    assert publish(actor, workflow) == 1 and get(actor, workflow).status == "published"
    with database.write(actor) as conn:
        submission = ingestion.submit_event(conn, actor, event_type=EVENT, payload=example(db), origin="simulated")
    (match,) = submission.of("started")
    assert match.run_id is not None
    row = await_run(match.run_id)
    assert row.status == "SUCCEEDED", row.error_json
    with database.read(actor) as conn:
        run = run_records.get_run(conn, tenant=actor.tenant, run_id=match.run_id)
    assert {one.step_path: one.output for one in run.steps if one.step_type.startswith("toy.")} == {
        "repeat": {"times": 2},
        "send": {"sent": "for real"},
    }
    assert {one.step_path for one in run.steps} == {"repeat", "repeat[0]/note", "repeat[1]/note", "send"}

"""What the designer makes really runs: every step type as it starts out, published and executed by the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lib import database, definition_editing, engine, ingestion
from lib.database import Database
from lib.settings import Settings
from lib.steps import STEP_TYPES
from tests.conftest import ActorFactory
from tests.database.test_workflows import EVENT, attach, edit, example, get, publish
from tests.workflow_runs import await_run


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
    for step_type in STEP_TYPES:
        definition, place = definition_editing.add(definition, definition_editing.TOP, step_type)
        if step_type == "event.wait":  # the two blanks that a person has to fill in, kept short
            step = definition_editing.step_at(definition, place)
            assert step is not None
            wait = {"eventName": EVENT, "correlationKey": "none", "timeoutSeconds": 0.1, "onTimeout": "continue"}
            step["config"] = wait
        if step_type == "time.wait":
            step = definition_editing.step_at(definition, place)
            assert step is not None
            step["config"] = {"seconds": 0.1}
        for key in STEP_TYPES[step_type].children:
            definition, _ = definition_editing.add(definition, (*place, "config", key), "action.call")
    edit(actor, workflow, **definition)
    publish(actor, workflow)
    with database.write(actor) as conn:
        submission = ingestion.submit_event(conn, actor, event_name=EVENT, payload=example(db), origin="simulated")
    (match,) = submission.of("started")
    assert match.run_id is not None
    row = await_run(match.run_id, seconds=40)
    assert row.status == "SUCCEEDED", row.error_json
    assert row.output_json == example(db)

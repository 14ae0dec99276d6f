"""What the designer offers where a step takes an expression: what that step can read, and nothing that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lib import sandbox
from lib.workflows import data_flow

PAYLOAD = {
    "type": "object",
    "properties": {
        "ticketId": {"type": "string"},
        "odd name": {"type": "integer"},
        "client": {"type": "object", "properties": {"email": {"type": "string"}}},
    },
}
REQUEST = {
    "id": "call-it",
    "type": "action.call",
    "config": {"action": "http.request", "input": {"url": "https://example.com"}, "onError": "continue"},
}
SET = {"id": "set", "type": "transform.assign", "config": {"assign": {"vars.total": 1}}}


@pytest.fixture(scope="module", autouse=True)
def expressions() -> Iterator[None]:
    sandbox.start()
    yield


def log(step_id: str) -> dict[str, Any]:
    return {"id": step_id, "type": "action.call", "config": {"action": "log.write", "input": {"message": "hi"}}}


def readable(steps: list[dict[str, Any]], path: str) -> dict[str, str]:
    return data_flow.readable({"payloadSchemaRef": "p.v1", "steps": steps}, path, payload=PAYLOAD)


def test_the_first_step_reads_the_payload_and_the_event_and_no_step() -> None:
    found = readable([log("a"), log("b")], "/steps/0")
    assert found["payload.ticketId"] == "string" and found["payload.`odd name`"] == "integer"
    assert found["payload.client.email"] == "string" and found["event.correlationKey"] == "string"
    assert not [one for one in found if one.startswith(("steps", "vars"))]


def test_a_later_step_reads_what_those_before_it_gave_and_none_behind_it() -> None:
    found = readable([REQUEST, SET, log("a"), log("b")], "/steps/2")
    assert found["steps.`call-it`.output.status"] == "integer" and "steps.`call-it`.output.body" in found
    assert "steps.`call-it`.error" in found and found["vars.total"] == "any"
    assert not [one for one in found if one.startswith(("steps.a", "steps.b"))]


def test_inside_a_loop_the_item_can_be_read_and_outside_it_cannot() -> None:
    each = {
        "id": "each",
        "type": "control.forEach",
        "config": {"items": {"$expr": "[1]"}, "itemName": "tag", "steps": [log("in")]},
    }
    inside, outside = readable([each, log("a")], "/steps/0/config/steps/0"), readable([each, log("a")], "/steps/1")
    assert {"tag", "index"} <= inside.keys() and not {"tag", "index"} & outside.keys()
    assert "steps.in.output" not in outside and "steps.each.output.count" in outside


def test_all_that_is_offered_is_there_by_the_rules_that_check_a_definition() -> None:
    steps = [REQUEST, SET, log("last")]
    for expression in readable(steps, "/steps/2"):
        steps[2]["config"]["input"]["message"] = {"$expr": expression}
        assert data_flow.check({"payloadSchemaRef": "p.v1", "steps": steps}, payload=PAYLOAD) == [], expression

"""Nobody waits for a child without end, and what is done within some seconds takes no more of children's time."""

from __future__ import annotations

from typing import Any

import pytest

from lib import sandbox
from lib.errors import MappingError
from lib.mapping import expressions
from lib.sandbox import sampling
from lib.sandbox.metaschema import schema_problems
from lib.sandbox.validation import SchemaVerdict, violations
from lib.workflows import dry_run
from tests.support.children import anyof_bomb, busy, counted_jobs

BUSY = "was not tried: other work kept all processes busy"
SPENT = "was not tried: what came before it took all of the time"
TIMES_TWO = {"double": {"$expr": "event.payload.n * 2"}}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MOST_WAITING", 0.01)


@pytest.mark.usefixtures("hurried")
def test_a_check_and_an_expression_wait_so_long_for_a_free_child() -> None:
    with busy():
        verdict = violations(anyof_bomb(), 1)
        with pytest.raises(MappingError) as raised:
            expressions.evaluate("1 + 1", {})
    assert verdict == SchemaVerdict("timed_out", (), f"The schema check {BUSY}.", was_tried=False)
    assert raised.value.cause == BUSY
    assert expressions.evaluate("1 + 1", {}) == 2, "and the children are there again"


@pytest.mark.usefixtures("hurried")
def test_what_was_not_tried_is_not_remembered() -> None:
    schema: Any = {"$dynamicAnchor": "n", "type": "object", "properties": {"n": {"const": "not tried"}}}
    with busy():
        sample, problems = sampling.sample(schema), schema_problems(schema)
    assert sample.value == {} and sample.problem == f"A sample of this schema {BUSY}."
    [(_, said)] = problems
    assert said.endswith("The processes that check schemas are busy; try again in a moment.")
    assert sampling.sample(schema).problem is None and schema_problems(schema) == []


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("definition", [{"trigger": {"payloadMapping": TIMES_TWO}}, {}], ids=["mapping", "check"])
def test_what_was_not_tried_is_no_certain_failure(definition: Any) -> None:
    with busy():
        start = dry_run.start(definition, payload={"n": 1}, schema=anyof_bomb())
    [failure] = start.failures
    assert BUSY in failure.message and not failure.is_certain


def test_what_is_done_within_some_seconds_shares_them() -> None:
    with counted_jobs() as asked, sandbox.within(0.5):
        assert violations(anyof_bomb(), 1).was_tried, "which takes a second at least"
        with sandbox.within(60):
            verdict = violations(anyof_bomb(), 1)
        with pytest.raises(MappingError, match=SPENT):
            expressions.evaluate("1 + 1", {})
    assert verdict == SchemaVerdict("timed_out", (), f"The schema check {SPENT}.", was_tried=False)
    assert len(asked) == 1
    assert expressions.evaluate("1 + 1", {}) == 2, "outside, there is no such bound"


def test_waiting_counts_and_time_between_jobs_does_not() -> None:
    with sandbox.within(0.01):
        with busy(), pytest.raises(MappingError, match=BUSY):
            expressions.evaluate("1 + 1", {})
        with pytest.raises(MappingError, match=SPENT):
            expressions.evaluate("1 + 1", {})

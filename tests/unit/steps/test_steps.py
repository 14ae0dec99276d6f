"""Step types, the interpreter and the definition check, with a journal in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.catalog.event_types import LONGEST_KEY, LONGEST_TYPE
from lib.errors import StepFailed
from lib.redaction import Redacted
from lib.serialization.strict_json import JsonValue
from lib.steps import STEP_TYPES, Recorded, RunFacts, Step, check_definition, interpreter, run_definition
from lib.steps.execution import RunInterrupted, Wait, WaitEnd
from lib.workflows import dry_run


class MemoryJournal:
    """A journal that lives as long as the test, ends each wait at once, and stops the run at chosen writes."""

    def __init__(self, *, interrupt_at: frozenset[int] = frozenset(), timed_out: bool = False) -> None:
        self.ended: dict[str, Recorded] = {}
        self.notes: dict[str, JsonValue] = {}
        self.begun: dict[str, int] = {}
        self.waits: dict[str, Wait] = {}
        self.pauses: list[float] = []
        self.redacted = Redacted.of(None)
        self._interrupt_at = interrupt_at
        self._timed_out = timed_out
        self._writes = 0

    def _write(self) -> None:
        self._writes += 1
        if self._writes in self._interrupt_at:
            raise RunInterrupted

    def recorded(self, step: Step) -> Recorded | None:
        return self.ended.get(step.path)

    def begin(self, step: Step, shown_input: JsonValue, result: JsonValue = None) -> int:
        self._write()
        self.notes.setdefault(step.path, result)
        self.begun[step.path] = self.begun.get(step.path, 0) + 1
        return self.begun[step.path]

    def noted(self, step: Step) -> JsonValue:
        return self.notes.get(step.path)

    def succeed(self, step: Step, result: JsonValue, *, shown_input: JsonValue, seconds: float) -> None:
        self._write()
        assert step.path not in self.ended, "a step is recorded once"
        self.ended[step.path] = Recorded(result)

    def fail(self, step: Step, error: Mapping[str, Any], *, seconds: float) -> None:
        self._write()
        assert step.path not in self.ended, "a step is recorded once"
        self.ended[step.path] = Recorded(None, error)

    def wait(self, step: Step, wait: Wait, shown_input: JsonValue) -> None:
        self._write()
        self.waits[step.path] = wait
        raise RunInterrupted

    def waited(self, step: Step) -> WaitEnd | None:
        if step.path not in self.waits:
            return None
        return WaitEnd(timed_out=self._timed_out, payload=None if self._timed_out else {"reply": "yes"})

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def shown(self, value: JsonValue) -> JsonValue:
        return self.redacted.mask(value)

    def sentence(self, text: str) -> str:
        return self.redacted.sentence(text)


def expr(expression: str) -> dict[str, str]:
    return {"$expr": expression}


def step(step_id: str, step_type: str, **config: Any) -> dict[str, Any]:
    return {"id": step_id, "type": step_type, "config": config}


def assign(step_id: str, **values: Any) -> dict[str, Any]:
    return step(step_id, "transform.assign", assign={f"vars.{name}": value for name, value in values.items()})


def returns(output: Any) -> dict[str, Any]:
    return step("end", "control.return", output=output)


def run(steps: list[dict[str, Any]], payload: Any = None, journal: MemoryJournal | None = None) -> JsonValue:
    """The output of a run that goes on after every interruption."""
    journal = journal or MemoryJournal()
    definition = {"steps": steps}
    assert [problem for problem in check_definition(definition) if problem.severity == "error"] == []
    facts = RunFacts("run-1", payload if payload is not None else {}, {"name": "E", "correlationKey": "k"})
    for _ in range(1000):
        try:
            return run_definition(definition, facts, journal)
        except RunInterrupted:
            continue
    raise AssertionError("the run never ends")


def error_of(steps: list[dict[str, Any]], payload: Any = None, journal: MemoryJournal | None = None) -> StepFailed:
    with pytest.raises(StepFailed) as caught:
        run(steps, payload, journal)
    return caught.value


SECRET = 'Zq7"Xv9\nKp2Rm4'
ERRORS = {
    "an error": "$error('of ' & payload.password)",
    "an assertion": "$assert(false, payload.password)",
    "the payload": "$error($string(payload))",
    "a cut one": "$error($pad('', 194, 'x') & payload.password)",
    "a number": "$error('of ' & payload.pin)",
    "a short one": "$error(payload.cvc)",
    "a wrong kind": "$number(payload.password)",
}
PLACES = {
    "assign": lambda value: assign("a", x=value),
    "condition": lambda value: step("i", "control.if", condition=value, then=[]),
    "items": lambda value: step("e", "control.forEach", items=value, steps=[]),
    "items inside": lambda value: step("e", "control.forEach", items=expr("[1]"), steps=[assign("a", x=value)]),
    "key": lambda value: step("w", "event.wait", eventName="E", correlationKey=value),
    "until": lambda value: step("w", "time.wait", until=value),
    "output": returns,
    "action": lambda value: step("a", "action.call", action="http.request", input={"url": value}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", ERRORS)
def test_no_error_says_what_is_hidden(place: str, error: str) -> None:
    payload = {"password": SECRET, "pin": Decimal("47110.50"), "cvc": "Q7x"}
    journal = MemoryJournal()
    journal.redacted = Redacted.of(payload)
    said = f"{error_of([PLACES[place](expr(ERRORS[error]))], payload, journal)} {journal.ended}"
    assert not [part for part in ("Zq7", "Xv9", "Kp2R", "47110.5", "Q7x") if part in said], said


@pytest.mark.parametrize(
    "broken",
    [
        step("w", "time.wait", until=expr("'x' & payload.password")),
        step("w", "time.wait", until=expr("$pad('', 50, 'x') & payload.password")),
        step("a", "action.call", action="http.request", input={"url": expr("'https://' & payload.host")}),
    ],
)
def test_nor_does_an_error_about_a_value(broken: dict[str, Any]) -> None:
    payload = {"password": SECRET, "token": "zq7xv9kp2rm4.example", "host": "zq7xv9kp2rm4.example"}
    journal = MemoryJournal()
    journal.redacted = Redacted.of(payload)
    said = str(error_of([broken], payload, journal)).lower()
    assert "zq7" not in said, said


@pytest.mark.parametrize("error", ERRORS)
def test_no_dry_run_says_what_is_hidden(error: str) -> None:
    payload = {"password": SECRET, "pin": Decimal("47110.50"), "cvc": "Q7x"}
    inside = step(
        "e", "control.forEach", items=expr("[1]"), onItemError="continue", steps=[returns(expr(ERRORS[error]))]
    )
    mapped = {"trigger": {"payloadMapping": {"x": expr(ERRORS[error].replace("payload", "event.payload"))}}}
    for definition in ({"steps": [returns(expr(ERRORS[error]))]}, {"steps": [inside]}, {**mapped, "steps": []}):
        done = dry_run.dry_run(definition, payload=payload, schema={}, correlation_key=None)
        said = f"{done.failure} {done.steps} {done.start.refusals}"
        assert not [part for part in ("Zq7", "Xv9", "Kp2R", "47110.5", "Q7x") if part in said], said
        assert "[redacted]" in said or error == "a wrong kind"


def test_a_log_line_does_not_say_what_is_hidden(caplog: pytest.LogCaptureFixture) -> None:
    payload = {"password": SECRET}
    journal = MemoryJournal()
    journal.redacted = Redacted.of(payload)
    for value in (expr("'of ' & payload.password"), expr("{'a': 'of ' & payload.password}")):
        written = step("l", "action.call", action="log.write", input={"message": value})
        with caplog.at_level("INFO"):
            assert run([written, returns(expr("steps.l.output"))], payload, journal) is not None
    assert "[redacted]" in caplog.text and "Zq7" not in caplog.text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@example("a\rb\x1b[2Jc\u2028d\x85e\u202ef\x7f")
def test_a_log_line_is_one_line_and_prints(message: str) -> None:
    said = list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("lib.steps.log_write")
    logger.addHandler(handler)
    try:
        run([step("l", "action.call", action="log.write", input={"message": message, "level": "error"})])
    finally:
        logger.removeHandler(handler)
    (line,) = said
    assert line.isprintable() and len(line.splitlines()) == 1


def test_values_may_be_literals_expressions_and_objects_of_them() -> None:
    output = {"lit": [1, "x"], "expr": expr("payload.a"), "deep": {"list": [expr("event.name")]}, "gone": expr("nope")}
    assert run([returns(output)], {"a": 2**60}) == {
        "lit": [1, "x"],
        "expr": 2**60,
        "deep": {"list": ["E"]},
        "gone": None,
    }


def test_assigned_variables_nest_and_replace() -> None:
    steps = [assign("one", a=1), step("two", "transform.assign", assign={"vars.a.b": 2, "vars.c.d": expr("vars.a")})]
    assert run([*steps, returns(expr("vars"))]) == {"a": {"b": 2}, "c": {"d": 1}}


OVERWRITES = [
    step("a", "transform.assign", assign={"vars.t": {"x": 1, "in": {}}, "vars.t.z": 0}),
    step("wait", "event.wait", eventName="REPLY", correlationKey="k"),
    assign("reply", r=expr("steps.wait.output")),
    step("b", "transform.assign", assign={"vars.t.y": 2, "vars.t.in.deep": 3, "vars.r.reply": "no"}),
]


@pytest.mark.parametrize("interrupt_at", [frozenset[int](), frozenset(range(1, 9))], ids=["through", "resumed"])
def test_what_a_step_gave_stays_when_a_later_one_changes_the_variable(interrupt_at: frozenset[int]) -> None:
    journal = MemoryJournal(interrupt_at=interrupt_at)
    given = {"vars.t": {"x": 1, "in": {}}, "vars.t.z": 0}
    output = run([*OVERWRITES, returns(expr("{'a': steps.a.output, 'wait': steps.wait.output}"))], journal=journal)
    assert output == {"a": given, "wait": {"reply": "yes"}}
    assert run([*OVERWRITES, returns(expr("vars"))]) == {
        "t": {"x": 1, "in": {"deep": 3}, "z": 0, "y": 2},
        "r": {"reply": "no"},
    }
    assert journal.ended["a"].result == given and journal.ended["wait"].result == {"reply": "yes"}


def test_a_dry_run_shows_what_each_step_gave() -> None:
    done = dry_run.dry_run(
        {"steps": [*OVERWRITES, returns(expr("steps.a.output"))]}, payload={}, schema={}, correlation_key=None
    )
    assert done.output == done.steps[0].output == {"vars.t": {"x": 1, "in": {}}, "vars.t.z": 0}


@pytest.mark.parametrize(("condition", "branch"), [("true", "t"), ("false", "e"), ("payload.missing", "e")])
def test_if_takes_one_branch(condition: str, branch: str) -> None:
    choice = step(
        "if", "control.if", condition=expr(condition), then=[assign("t", x="t")], **{"else": [assign("e", x="e")]}
    )
    assert run([choice, returns(expr("vars.x"))]) == branch


def test_if_refuses_what_is_not_true_or_false() -> None:
    error = error_of([step("check", "control.if", condition=expr("'yes'"), then=[])])
    assert error.code == "not_boolean"
    assert "check" in str(error)


def test_return_ends_the_run_from_anywhere() -> None:
    loop = step("each", "control.forEach", items=expr("[1,2,3]"), steps=[returns(expr("item"))])
    journal = MemoryJournal()
    assert run([loop, assign("never", x=1)], journal=journal) == 1
    assert "never" not in journal.ended


def test_loop_names_its_item_and_keeps_outputs_to_itself() -> None:
    loop = step(
        "each",
        "control.forEach",
        items=expr("payload"),
        itemName="line",
        steps=[assign("inner", all=expr("$append(vars.all, [line * 10 + index])"))],
    )
    output = run(
        [loop, returns(expr("{'all': vars.all, 'inner': steps.inner, 'count': steps.each.output.count}"))], [5, 6]
    )
    assert output == {"all": [50, 61], "count": 2}


def test_loop_over_one_or_no_item() -> None:
    loop = step("each", "control.forEach", items=expr("payload.x"), steps=[])
    count = returns(expr("steps.each.output.count"))
    assert [run([loop, count], {"x": value}) for value in (7, [], [1, 2])] == [1, 0, 2]
    assert run([loop, count], {}) == 0


def test_loop_has_a_limit() -> None:
    error = error_of([step("each", "control.forEach", items=expr("[1..1001]"), steps=[])])
    assert (error.code, "each" in str(error)) == ("too_many_items", True)


def test_failed_item_stops_the_loop_or_is_counted() -> None:
    steps = [assign("calc", x=expr("payload[0].a + item"))]
    loop = {"items": expr("[1, 'x', 3]"), "steps": steps}
    assert "Item 1" in str(error_of([step("each", "control.forEach", **loop)], [{"a": 1}]))
    journal = MemoryJournal()
    output = run(
        [step("each", "control.forEach", onItemError="continue", **loop), returns(expr("steps.each.output"))],
        [{"a": 1}],
        journal,
    )
    assert (output["count"], output["failed"], output["failures"][0]["index"]) == (3, 1, 1)
    assert journal.ended["each[1]/calc"].error is not None


def test_event_wait_asks_for_name_key_and_time() -> None:
    journal = MemoryJournal()
    wait = step("wait", "event.wait", eventName="REPLY", correlationKey=expr("payload.id"), timeoutSeconds=5)
    assert run([wait, returns(expr("steps.wait.output.reply"))], {"id": 17}, journal) == "yes"
    assert journal.waits["wait"] == Wait("REPLY", "17", seconds=5.0)


def test_event_wait_without_a_key_or_in_time_fails() -> None:
    wait = {"eventName": "REPLY", "correlationKey": expr("payload.id")}
    assert error_of([step("wait", "event.wait", **wait)]).code == "no_correlation_key"
    assert (
        error_of([step("wait", "event.wait", **wait)], {"id": "1"}, MemoryJournal(timed_out=True)).code == "timed_out"
    )
    goes_on = [step("wait", "event.wait", onTimeout="continue", **wait), returns(expr("steps.wait.output"))]
    assert run(goes_on, {"id": "1"}, MemoryJournal(timed_out=True)) is None


def test_event_wait_takes_a_key_and_a_name_as_long_as_an_event_can_have() -> None:
    wait = {"eventName": "R" * LONGEST_TYPE, "correlationKey": expr("payload.id")}
    journal = MemoryJournal()
    run([step("wait", "event.wait", **wait)], {"id": "k" * LONGEST_KEY}, journal)
    assert journal.waits["wait"].key == "k" * LONGEST_KEY
    error = error_of([step("wait", "event.wait", **wait)], {"id": "k" * (LONGEST_KEY + 1)})
    assert error.code == "key_too_long" and "correlation key of step wait" in str(error) and "512" in str(error)
    too_long = step("wait", "event.wait", **{**wait, "eventName": "R" * (LONGEST_TYPE + 1)})
    (problem,) = check_definition({"steps": [too_long]})
    assert (problem.path, problem.severity) == ("/steps/0/config/eventName", "error")


NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ((NOW + timedelta(hours=1)).isoformat(), NOW + timedelta(hours=1)),
        ((NOW + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"), NOW + timedelta(hours=1)),
        (NOW.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(), NOW),
        ("2020-02-29", datetime(2020, 2, 29, tzinfo=UTC)),
    ],
    ids=["offset", "Z", "half an hour", "date"],  # not the time itself: each process would name the tests otherwise
)
def test_time_wait_until_an_instant(written: str, instant: datetime) -> None:
    journal = MemoryJournal()
    run([step("nap", "time.wait", until=expr("payload.at"))], {"at": written}, journal)
    assert journal.waits["nap"].until == instant


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("soon", "not_an_instant"),
        (17, "not_an_instant"),
        (None, "not_an_instant"),
        ("0001-01-01T00:00:00+01:00", "not_an_instant"),
        ("0001-01-01T23:59:59Z", "not_an_instant"),
        ("9999-12-31T23:59:59-23:59", "too_long"),
        ((NOW + timedelta(days=400)).isoformat(), "too_long"),
    ],
    ids=["words", "number", "null", "before the first year", "first day of all", "last year of all", "in 400 days"],
)
def test_time_wait_refuses_what_is_no_instant(written: Any, code: str) -> None:
    assert error_of([step("nap", "time.wait", until=expr("payload.at"))], {"at": written}).code == code


def test_log_write_redacts(caplog: pytest.LogCaptureFixture) -> None:
    message = expr("'Bearer abcdef0123456789abcdef ' & payload.a")
    call = step("log", "action.call", action="log.write", input={"level": "warning", "message": message})
    output = run([call, returns(expr("steps.log.output.message"))], {"a": "line\nbreak"})
    assert "abcdef0123456789abcdef" not in output
    assert "abcdef0123456789abcdef" not in caplog.text
    assert "line\\nbreak" in caplog.text


def test_http_request_is_refused_without_permission_and_may_go_on() -> None:
    call = {"action": "http.request", "input": {"url": "http://127.0.0.1:1/"}}
    error = error_of([step("call", "action.call", **call)])
    assert error.code == "refused"
    assert "EGRESS_ALLOW" in str(error)
    goes_on = [step("call", "action.call", onError="continue", **call), returns(expr("steps.call.error.code"))]
    journal = MemoryJournal()
    assert run(goes_on, journal=journal) == "refused"
    assert journal.pauses == []


def test_large_result_fails_its_step() -> None:
    twice = {"x": expr("payload & payload"), "y": expr("payload & payload")}
    assert "262,144" in str(error_of([assign("big", **twice)], "y" * 100_000))


def test_run_has_a_limit_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "MAX_STEPS", 20)
    loop = step("each", "control.forEach", items=expr("payload"), steps=[assign("one", x=1), assign("two", x=1)])
    assert run([loop], [1] * 9) is None
    assert error_of([loop], [1] * 10).code == "too_many_steps"


# Evaluated a second time, $random and $shuffle would give something else.
WORKFLOW = [
    assign("start", sum=0, odd=expr("[]"), order=expr("[]"), token=expr("$random()")),
    step(
        "each",
        "control.forEach",
        items=expr("$shuffle(payload)"),
        onItemError="continue",
        steps=[
            assign("add", sum=expr("vars.sum + item"), order=expr("$append(vars.order, [item])")),
            step(
                "odd",
                "control.if",
                condition=expr("item % 2 = 1"),
                then=[
                    step("pause", "time.wait", seconds=1),
                    assign("note", odd=expr("$append(vars.odd, [item])")),
                ],
            ),
            step("boom", "control.if", condition=expr("item = 4 ? 'no' : false"), then=[]),
        ],
    ),
    step("ask", "event.wait", eventName="REPLY", correlationKey="k"),
    step("log", "action.call", action="log.write", input={"message": expr("steps.ask.output.reply")}),
    returns(expr("$merge([vars, {'failed': steps.each.output.failed}])")),
]


@given(st.lists(st.integers(0, 9), max_size=4), st.frozensets(st.integers(1, 40), max_size=6))
def test_interruptions_change_nothing(payload: list[int], interrupt_at: frozenset[int]) -> None:
    journal = MemoryJournal(interrupt_at=interrupt_at)
    output = run(WORKFLOW, payload, journal)
    assert output["sum"] == sum(payload)
    assert sorted(output["odd"]) == sorted(item for item in payload if item % 2)
    assert output["failed"] == payload.count(4)
    assert output["order"] == journal.notes["each"]["items"]
    assert output["token"] == journal.ended["start"].result["vars.token"]


def test_every_field_of_a_configuration_is_explained() -> None:
    for step_type in STEP_TYPES.values():
        assert step_type.label and step_type.description
        assert step_type.icon.startswith(":material/")
        for path, schema in _fields(step_type.config_schema, step_type.type):
            assert schema.get("title") and schema.get("description"), path


def _fields(schema: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, field in schema.get("properties", {}).items():
        if field.keys() != {"const"}:  # tells the branches of a oneOf apart
            yield f"{path}.{name}", field
        yield from _fields(field, f"{path}.{name}")
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(keyword), dict):
            yield f"{path}.{keyword}", schema[keyword]
            yield from _fields(schema[keyword], f"{path}.{keyword}")
    for keyword in ("anyOf", "oneOf"):
        for index, branch in enumerate(schema.get(keyword, [])):
            yield from _fields(branch, f"{path}.{keyword}[{index}]")


GOOD = assign("fine", a=1)


@pytest.mark.parametrize(
    ("steps", "path", "words"),
    [
        ([], "/steps", "at least one"),
        ([7], "/steps/0", "object"),
        ([step("a", "no.such")], "/steps/0/type", "no.such"),
        ([step("a b", "control.return")], "/steps/0/id", "a b"),
        ([GOOD, GOOD], "/steps/1/id", "fine is used twice"),
        ([{"id": "a", "type": "control.return"}], "/steps/0/config", "config"),
        ([step("a", "transform.assign")], "/steps/0/config", "assign"),
        ([step("a", "transform.assign", assign={"b": 1})], "/steps/0/config/assign", "Step a"),
        ([assign("a", x=expr("1 +"))], "/steps/0/config/assign/vars.x/$expr", "Step a, assign.vars.x"),
        ([assign("a", x={"$expr": 5})], "/steps/0/config/assign/vars.x/$expr", "has to be text"),
        ([assign("a", x=[{"$expr": expr("1")}])], "/steps/0/config/assign/vars.x/0/$expr", "has to be text"),
        ([step("a", "time.wait", seconds=-1)], "/steps/0/config/seconds", "Step a, seconds"),
        ([step("a", "time.wait")], "/steps/0/config", "Step a"),
        ([step("a", "time.wait", seconds=1, until=expr("x"))], "/steps/0/config", "Step a"),
        ([step("a", "action.call", action="rm", input={})], "/steps/0/config/action", "Step a, action"),
        ([step("a", "action.call", action="log.write", input={})], "/steps/0/config/input", "message"),
        (
            [step("a", "action.call", action="http.request", input={"url": "x", "method": "TRACE"})],
            "/steps/0/config/input/method",
            "Step a, input.method",
        ),
        (
            [step("a", "control.forEach", items=expr("x"), itemName="vars", steps=[])],
            "/steps/0/config/itemName",
            "vars",
        ),
        (
            [step("a", "control.if", condition=expr("true"), then=[step("b", "x")])],
            "/steps/0/config/then/0/type",
            "Step b",
        ),
        ([step("a", "control.if", condition=expr("true"), then=[GOOD]), GOOD], "/steps/1/id", "twice"),
    ],
)
def test_problem_names_its_place(steps: list[Any], path: str, words: str) -> None:
    found = [
        (problem.path, problem.message) for problem in check_definition({"steps": steps}) if problem.severity == "error"
    ]
    assert any(place == path and words in message for place, message in found), found


def test_step_after_a_return_is_a_warning() -> None:
    both = step(
        "if",
        "control.if",
        condition=expr("true"),
        then=[{**returns(1), "id": "r1"}],
        **{"else": [{**returns(2), "id": "r2"}]},
    )
    for steps in ([returns(1), GOOD], [both, GOOD]):
        (problem,) = check_definition({"steps": steps})
        assert (problem.severity, problem.path) == ("warning", "/steps/1")


def test_decimals_of_a_stored_definition_are_numbers() -> None:
    assert check_definition({"steps": [step("a", "time.wait", seconds=Decimal("1.5"))]}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["id", "type", "config", "steps", "then", "items", "$expr", "x"]), inner)
    ),
)


@given(JSON)
def test_anything_is_no_definition_and_is_told_where(value: Any) -> None:
    for definition in (value, {"steps": [value, {"id": "a", "type": "control.if", "config": value}]}):
        problems = check_definition(definition)
        assert problems, "no definition of these can run"
        assert all(problem.path == "" or problem.path.startswith("/steps") for problem in problems)


def test_an_error_calls_a_step_by_its_name() -> None:
    nameless = {"id": "pick", "type": "control.if", "config": {"condition": {"$expr": "1"}, "then": [], "else": []}}
    unnamed, named = error_of([nameless]), error_of([{**nameless, "name": "Is it *urgent*?"}])
    assert "step pick must give" in str(unnamed) and "step “Is it *urgent*?” must give" in str(named)

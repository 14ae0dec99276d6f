"""Mappings and expressions: what they give, what they read, and that none of them can hang a caller."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import sandbox
from lib.errors import MappingError
from lib.mapping import expressions, mapping
from lib.mapping.expressions import UNSET
from lib.serialization import strict_json
from lib.serialization.json_values import ABSENT
from tests.support import work
from tests.support.waiting import PATIENCE

PAYLOAD = {
    "id": 9007199254740993,
    "huge": 10**40,
    "price": Decimal("1.10"),
    "long": Decimal("0.1000000000000000055511151231257827"),
    "nothing": None,
    "client": {"email": "a@b.example", "name": "ACME"},
    "items": [{"price": 1, "name": "x", "id": 2**53 + 1}, {"price": 9, "name": "y", "id": 2**53 + 3}],
    "many_as": "a" * 40,
}
PATIENCE_MS = 60_000  # far more than any of these needs, on a busy machine too
CONTEXT = mapping.event_context("TICKET_CREATED", PAYLOAD, correlation_key="k1", payload_schema_ref="payload.T.v1")

ENDLESS = "($f := function($x) { $f($x + 1) }; $f(1))"
SLOW_REGEX = "$match(event.payload.many_as & '!', /^(a+)+$/)"


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    sandbox.start()
    expressions.evaluate("1", {})
    yield
    sandbox.stop()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("event.name", "TICKET_CREATED"),
        ("event.correlationKey", "k1"),
        ("event.payloadSchemaRef", "payload.T.v1"),
        ("event.payload", PAYLOAD),
        ("event.payload.client.email", "a@b.example"),
        ("event.payload.items.name", ["x", "y"]),
        ("event.payload.items[price > 5].name", "y"),
        ("event.payload.items^(>price).name", ["y", "x"]),
        ("event.payload.items[0]", {"price": 1, "name": "x", "id": 2**53 + 1}),
        ("event.payload.client.(name & ' <' & email & '>')", "ACME <a@b.example>"),
        ("{'n': event.payload.client.name, 'l': [1..3]}", {"n": "ACME", "l": [1, 2, 3]}),
        ("event.payload.nothing", None),
        ("null", None),
        ("event.payload.missing", UNSET),
        ("event.payload.items[5]", UNSET),
        ("$sum(event.payload.items.price)", 10),
        ("event.payload.price + 1", Decimal("2.1")),
        ("$exists(event.payload.nothing)", True),
        ("true", True),
    ],
)
def test_values(expression: str, value: Any) -> None:
    result = expressions.evaluate(expression, CONTEXT)
    assert result == value and type(result) is type(value)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("event.payload.id", "9007199254740993"),
        ("event.payload.huge", "1" + "0" * 40),
        ("event.payload.price", "1.10"),
        ("event.payload.long", "0.1000000000000000055511151231257827"),
        ("[event.payload.(id), event.payload.price]", "[9007199254740993,1.10]"),
        ("$lookup(event.payload, 'id')", "9007199254740993"),
        ("$lookup(event.payload, 'price')", "1.10"),
        ("{'id': event.payload.id, 'price': event.payload.price}", '{"id":9007199254740993,"price":1.10}'),
        ("{'id': event.payload.id, 'total': event.payload.price * 2}", '{"id":9007199254740993,"total":2.2}'),
        ("event.payload.items[price > 5].id", "9007199254740995"),
        ("$sort(event.payload.items, function($a, $b) { $a.price < $b.price })[0].id", "9007199254740995"),
        ("$map(event.payload.items, function($i) { $i.id })", "[9007199254740993,9007199254740995]"),
        ("9007199254740993", "9007199254740993"),
        ("-1.10", "-1.10"),
        ("event ~> |payload|{'x': 1}| ~> $lookup('payload') ~> $lookup('price')", "1.10"),
    ],
)
def test_numbers_passed_on_stay_exact(expression: str, text: str) -> None:
    assert strict_json.dumps(expressions.evaluate(expression, CONTEXT)) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("event.payload.id + 0", "9007199254740992"),
        ("$max([event.payload.id, 5])", "9007199254740992"),
        ("$string(event.payload.id)", '"9007199254740992"'),
        ("'T-' & event.payload.id", '"T-9007199254740992"'),
        ("'is ' & event.payload.price", '"is 1.1"'),
        ("event.payload.id = 9007199254740992", "true"),
        ("event.payload.items[id = 9007199254740992].name", '"x"'),
        ("$distinct([event.payload.id, 9007199254740992])", "[9007199254740992]"),
    ],
)
def test_what_is_calculated_is_a_double_as_in_the_reference(expression: str, text: str) -> None:
    assert strict_json.loads(strict_json.dumps(expressions.evaluate(expression, CONTEXT))) == strict_json.loads(text)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=15,
)


@given(json_values)
def test_what_is_only_passed_on_stays_the_same(value: Any) -> None:
    passed = mapping.apply_mapping({"whole": {"$expr": "event.payload"}}, mapping.event_context("E", {"v": value}))
    assert strict_json.dumps(passed.payload["whole"]) == strict_json.dumps({"v": value})


@given(json_values, st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_a_plain_path_gives_what_the_engine_gives(value: Any, names: list[str]) -> None:
    path = ".".join(["v", *names])
    given_plainly = expressions.evaluate(path, {"v": value})
    by_the_engine = expressions.evaluate(f"{path} /* no plain path */", {"v": value}, timeout_ms=PATIENCE_MS)
    if given_plainly is UNSET or by_the_engine is UNSET:
        assert given_plainly is by_the_engine
    else:
        assert strict_json.dumps(given_plainly) == strict_json.dumps(by_the_engine)


@pytest.mark.parametrize("expression", ["event.payload.id", " event.name ", "'a'", '"b"', "1.10", "null"])
def test_a_plain_path_or_literal_needs_no_child(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a child was asked")

    monkeypatch.setattr(sandbox, "run", refuse)
    assert expressions.evaluate(expression, CONTEXT) is not UNSET
    assert expressions.problem(expression) is None
    with pytest.raises(AssertionError):
        expressions.evaluate(f"({expression})", CONTEXT)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("`odd name`.`a.b`", 1),
        ("and.x", UNSET),
        ("in", UNSET),
        ("true", True),
        ("truest", 2),
        ("function", 3),
        ("list.n", [[1], 2, 3]),
        ("list.gone", UNSET),
        ("empty", []),
        ("empty.x", UNSET),
        ("single", [7]),
        ("single.x", UNSET),
        ("toString", UNSET),
        ("nothing.x", UNSET),
    ],
)
def test_names_of_a_plain_path(expression: str, value: Any) -> None:
    context = {
        "odd name": {"a.b": 1},
        "truest": 2,
        "function": 3,
        "nothing": None,
        "list": [{"n": [[1], 2]}, {"n": 3}, {"m": 4}],
        "empty": [],
        "single": [7],
    }
    assert expressions.evaluate(expression, context) == value


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("1 +", "ends where a value is expected, at character 3"),
        ("(", "ends where ) is expected"),
        ("'abc", "has a text without its closing quote"),
        ("  ", "is empty"),
        ("'" + "a" * 10_000 + "'", "is 10,002 characters long; at most 10,000 are accepted"),
        ("event.payload.client + 1", "the left side of the + operator must evaluate to a number"),
        ("$number('hunter2')", "$number cannot make a number of its argument, at character 8"),
        ("$uppercase(1)", "argument 1 of $uppercase is a number, which it does not take, at character 11"),
        ("'hunter2' < 1", "the two sides of the < operator must be of the same kind, at character 11"),
        ("$toMillis('hunter2')", "$toMillis is given something other than an ISO 8601 timestamp"),
        ("{'a': 1, event.name: 2, event.name: 3}", "two keys of an object are the same"),
        ("{event.payload.id: 1}", "a key of an object must be a string, and this one is a number"),
        ("0 / 0", "gives a number that does not exist"),
        ("{'a': [0 / 0]}", "gives a number that does not exist"),
        ("{'a': $sum}", "gives a function, not a value"),
        ("'\\ud800'", "gives half a surrogate pair"),
        ("$nope(1)", "attempted to invoke a non-function"),
        ("$error('Only for ' & 'ACME')", "Only for ACME"),
        ("$error('token=abc123')", "token=[redacted]"),
        ("1 / 0", "the / operator divides by zero"),
        ("1 * event.payload.huge * 1e300", "number"),
        ("function($x) { $x }", "gives a function, not a value"),
        ("[$sum]", "gives a function, not a value"),
        ("/a/", "gives a function, not a value"),
        ("'\\u0000'", "has the character NUL"),
        ("$eval('1')", "uses $eval, which is not available here"),
        ("($e := $eval; $e('1'))", "uses $eval, which is not available here"),
        ("($f := function($x) { 1 + $f($x + 1) }; $f(1))", "recurses too deeply"),
        ("$match('a', /(/)", "regular expression"),
        ("'hunter2' ~> $sum", "argument 1 of $sum must be an array of numbers, at character 17"),
        ("event.payload.id ~> $trim", "argument 1 of $trim is a number, which it does not take, at character 25"),
        ("'~> $abs' & (5 ~> /* ~> $abs */ $trim)", "argument 1 of $trim is a number, which it does not take, at"),
        ("(5 ~> $trim) & (6 ~> $uppercase)", "argument 1 of a function behind ~> is a number, which it does not take"),
        ("'hunter2' ~> |$|{}|", "argument 1 of the transform operator |…|…| is a string, which it does not take"),
        ("(function($x)<n:n> { $x })('hunter2')", "argument 1 of the function is a string, which it does not take"),
        ("true.event", "has the fixed value true as a step of a path, at character 4"),
        ("event.null", "has the fixed value null as a step of a path, at character 10"),
        ("event.1", "has the fixed value 1 as a step of a path, at character 7"),
        ("$error()", "$error is called without a message, at character 7"),
        ("$assert(event.name = 'hunter2')", "what $assert is given is not true, at character 8"),
        ("$assert(false, 'No client')", "No client"),
        ("(" * 2000 + "1" + ")" * 2000, "the expression nests or recurses too deeply, at character"),
        ("$pad('x', 2000000000)", "needs too much memory"),
        ("$pad('x', 300000)", "at most 262,144 are accepted"),
        ("[1..100000]", "at most 262,144 are accepted"),
    ],
)
def test_errors_say_what_is_wrong(expression: str, cause: str) -> None:
    with pytest.raises(MappingError) as caught:
        expressions.evaluate(expression, CONTEXT, timeout_ms=PATIENCE_MS)
    assert caught.value.target == "expression"
    assert cause in caught.value.cause
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        ENDLESS,
        f"[1, {ENDLESS}]",
        f"{{'a': 1, 'b': {ENDLESS}}}",
        f"true and {ENDLESS}",
        SLOW_REGEX,
        "$replace(event.payload.many_as & '!', /^(a|a)+$/, '')",
        "$contains(event.payload.many_as & '!', /(a*)*b/)",
        "$reduce([1..9000000], function($a, $b) { $a + $b })",
        "$join([1..9000000].'x')",
        "$sort([1..2000000], function($a, $b) { $a < $b })",
        "[1..9999999]",
        "$distinct([1..100000])",
        "[1..90000].[1..90000]",
        "$replace($pad('', 200000, 'a'), /a/, $pad('', 200000, 'b'))",
        "($f := function($s) { $f($s & $s) }; $f('x'))",
        "($f := function($a) { $f($append($a, $a)) }; $f([1]))",
    ],
)
def test_a_runaway_is_stopped(expression: str) -> None:
    start = time.monotonic()
    with pytest.raises(MappingError, match=r"took too long and was stopped|too much memory"):
        expressions.evaluate(expression, CONTEXT, timeout_ms=100)
    assert time.monotonic() - start < PATIENCE
    assert expressions.evaluate("1 + 1", {}) == 2


def test_a_variable_does_not_outlive_its_evaluation() -> None:
    assert expressions.evaluate("($before := $kept; $kept := event.payload.id; $before)", CONTEXT) is UNSET
    assert expressions.evaluate("($before := $kept; $kept := event.payload.id; $before)", CONTEXT) is UNSET
    assert expressions.evaluate("$kept", CONTEXT) is UNSET
    for _ in range(2):  # outside of a block, in the outermost scope
        assert expressions.evaluate("[$kept, $kept := event.payload.id]", CONTEXT) == [PAYLOAD["id"]]
    assert expressions.evaluate("($sum := 5; $sum)", CONTEXT) == 5
    assert expressions.evaluate("$sum([1, 2])", CONTEXT) == 3


def test_threads_get_their_own_answers() -> None:
    def ask(number: int) -> Any:
        if number % 20 == 0:
            with pytest.raises(MappingError):
                expressions.evaluate(ENDLESS, {}, timeout_ms=30)
        return expressions.evaluate("n", {"n": number})

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(200))) == list(range(200))


def test_a_mapping_builds_nested_objects() -> None:
    mapped = mapping.apply_mapping(
        {
            "client.contact.email": {"$expr": "event.payload.client.email"},
            "client.name": {"$expr": "event.payload.client.name"},
            "client.missing": {"$expr": "event.payload.missing"},
            "nothing": {"$expr": "event.payload.nothing"},
            "id": {"$expr": "event.payload.id"},
            "a\\.b.c\\\\": 1,
            "literal": {"x": [1, Decimal("1.10"), None], "$expression": "1"},
            "text": "event.payload.id",
            "gone.with.parents": {"$expr": "event.payload.missing"},
        },
        CONTEXT,
    )
    assert mapped.payload == {
        "client": {"contact": {"email": "a@b.example"}, "name": "ACME"},
        "nothing": None,
        "id": 9007199254740993,
        "a.b": {"c\\": 1},
        "literal": {"x": [1, Decimal("1.10"), None], "$expression": "1"},
        "text": "event.payload.id",
    }
    assert mapped.unset == ("client.missing", "gone.with.parents")
    assert mapping.apply_mapping({}, CONTEXT).payload == {}


def test_a_literal_is_not_shared_with_the_mapping() -> None:
    stored: dict[str, Any] = {"a": {}}
    mapped = mapping.apply_mapping(stored, CONTEXT)
    mapped.payload["a"]["x"] = 1
    assert stored == {"a": {}}


@pytest.mark.parametrize(
    ("broken", "target", "cause"),
    [
        ({"a": 1, "a.b": 2}, "a.b", "lies inside a, which is a target as well"),
        ({"a.b.c": 1, "a.b": {"$expr": "1"}}, "a.b.c", "lies inside a.b"),
        ({"a\\.b": 1, "a": 1, "a.b": 2}, "a.b", "lies inside a"),
        ({"a..b": 1}, "a..b", "has an empty name between its dots"),
        ({"a.": 1}, "a.", "has an empty name"),
        ({"": 1}, "", "has an empty name"),
        ({"x": {"$expr": 1}}, "x", "$expr must be text"),
        ({"x": {"y": [{"$expr": "1"}]}}, "x", "has $expr inside a literal"),
        ({"x": {"$expr": "1", "y": 2}}, "x", "has $expr inside a literal"),
        ({"x": {"$expr": "1 +"}}, "x", "ends where a value is expected"),
        ({"ok": {"$expr": "1"}, "bad": {"$expr": "1 + 'x'"}, "worse": {"$expr": "("}}, "bad", "the right side of"),
        ({"ok": {"$expr": "1"}, "bad": {"$expr": ENDLESS}}, "bad", "took too long and was stopped"),
        ({"a": {"$expr": "$pad('x', 200000)"}, "b": {"$expr": "$pad('x', 200000)"}}, "payloadMapping", "bytes"),
    ],
)
def test_a_broken_mapping_names_its_target(broken: dict[str, Any], target: str, cause: str) -> None:
    with pytest.raises(MappingError) as caught:
        mapping.apply_mapping(broken, CONTEXT)
    assert caught.value.target == target
    assert cause in caught.value.cause


def test_check_mapping_finds_everything_at_once() -> None:
    problems = mapping.check_mapping(
        {"a": 1, "a.b": 2, "c": {"$expr": "1 +"}, "d": {"$expr": "ok"}, "e": {"$expr": 5}, "f": {"$expr": SLOW_REGEX}}
    )
    assert [problem.target for problem in problems] == ["e", "a.b", "c"]
    assert mapping.check_mapping({"a": {"$expr": "event.payload.id"}}) == ()


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("event.payload.client.email", {"client.email"}),
        ("event.payload.client.email & event.payload.id", {"client.email", "id"}),
        ("event.payload.items[price > 5].name", {"items.name", "items.price"}),
        ("event.payload.items[0].name", {"items.name"}),
        ("event.payload.(client.email & phone)", {"client.email", "phone"}),
        ("event.payload.items{name: $sum(price)}", {"items.name", "items.price"}),
        ("event.payload.items^(>price).name", {"items.name", "items.price"}),
        ("($p := event.payload; $p.a & $p.b.c)", {"a", "b.c"}),
        ("event.payload.a ? event.payload.b : event.payload.c", {"a", "b", "c"}),
        ("{'x': event.payload.x, 'y': [event.payload.y]}", {"x", "y"}),
        ("event.payload.x ~> $uppercase", {"x"}),
        ("-event.payload.m", {"m"}),
        ("event.payload.`a b`.'c d'", {"a b.c d"}),
        ("$exists(event.payload.q)", {"q"}),
        ("$map(event.payload.items, function($i) { $i.price })", {"items.price"}),
        ("$map([1], function($i) { event.payload.inside })", {"inside"}),
        ("($i := event.payload.a; $map([1], function($i) { $i.b }))", {"a"}),
        ("($f := function($x) { $x & event.payload.a }; $f(event.payload.b.c))", {"a", "b.c"}),
        ("event.payload.items@$i.{'n': $i.name}", {"items.name"}),
        ("event.payload.items#$n.price", {"items.price"}),
        ("event.payload ~> |client|{'x': email}|", {""}),
        ("event.payload.**.id", {""}),
        ("$$.event.payload.x", {"x"}),
        ("event.payload.*", {""}),
        ("event.payload", {""}),
        ("event", {""}),
        ("$string($$)", {""}),
        ("event.name & event.correlationKey", set()),
        ("'event.payload.x'", set()),
        ("payload.x", set()),
        ("1 +", set()),
    ],
)
def test_fields_read(expression: str, paths: set[str]) -> None:
    assert {".".join(path) for path in expressions.fields_read(expression)} == paths


@pytest.mark.parametrize(
    ("expression", "name", "at"),
    [
        ("$upercase(event.payload.id)", "$upercase", 1),
        ("'$x' & $x", "$x", 8),
        ("$map(event.payload.list, function($v) { $v & $w })", "$w", 46),
        ("$now2() & $now()", "$now2", 1),
    ],
)
def test_a_name_that_nothing_defines_is_found_before_it_is_evaluated(expression: str, name: str, at: int) -> None:
    said = f"uses {name}, which is no function of JSONata and gets no value in the expression, at character {at}"
    assert expressions.problem(expression) == said


@pytest.mark.parametrize(
    "expression",
    [
        "($x := 1; $x)",
        "$$.event",
        "$",
        "[1, 2]@$i.$i",
        "event.payload#$n.$n",
        "($f := function($n) { $f($n) }; 1)",
        "$sum([1])",
    ],
)
def test_a_name_that_something_defines_is_no_problem(expression: str) -> None:
    assert expressions.problem(expression) is None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ('"abc', "has a text without its closing quote, at character 4"),
        ("'\\q'", "has the escape \\q in a text, which does not exist, at character 2"),
        ("/* abc", "has a comment without its */"),
        ("event.a event.b", "has event where an operator is expected, or the end, at character 13"),
        ("1 2", "has 2 where an operator is expected, or the end, at character 3"),
        ("(a", "ends where ) is expected, at character 2"),
        ("{'a' 1}", "has 1 where : is expected, at character 6"),
        ("a & & b", "has & where a value is expected, at character 5"),
        ("!a", "uses the operator !, which does not exist, at character 1"),
        ("function(1) {2}", "has a function with a parameter that is no name with a $, at character 10"),
        ("a{'x': 1}{'y': 2}", "groups one step twice, at character 10"),
        ("a := 1", "has something other than a name with a $ to the left of :=, at character 1"),
        ("a.1", "has the fixed value 1 as a step of a path, at character 3"),
        ("a@b", "has no name with a $ behind @, at character 3"),
        ("%", "uses % where there is no parent, at character 1"),
        ("$match('a', /a)", "has a regular expression that is not valid or does not end, at character 15"),
    ],
)
def test_what_is_no_expression_is_told_in_a_sentence_of_ours(expression: str, said: str) -> None:
    assert expressions.problem(expression) == said


@pytest.mark.parametrize("picture", ["0.0.0", "0%%", "", "a0b0", "0,.0", ",,0", "0#", "0.#0", "0e0%", "0;0;0", "0%‰"])
def test_a_picture_that_is_none_is_told_in_a_sentence_of_ours(picture: str) -> None:
    with pytest.raises(MappingError, match=r"the picture given to \$formatNumber has .*, at character 14"):
        expressions.evaluate(f"$formatNumber(1, '{picture}')", CONTEXT)


def test_check_expression() -> None:
    assert expressions.problem("event.payload.id") is None
    assert expressions.problem(ENDLESS) is None
    assert expressions.problem("event.") == "ends where a value is expected, at character 6"
    assert expressions.problem("(" * 5000) is not None


def test_cost_of_a_simple_evaluation() -> None:
    expression = "event.payload.client.email"
    assert expressions.evaluate(expression, CONTEXT, timeout_ms=PATIENCE_MS)  # starts the child
    assert work.calls(lambda: expressions.evaluate(expression, CONTEXT, timeout_ms=PATIENCE_MS)) < 400


def test_what_cannot_be_stored_becomes_an_expression_too() -> None:
    for text in ("\0", "a\0b", "\ud800"):
        assert expressions.carried(text, {}) == {"$expr": json.dumps(text, ensure_ascii=False)}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.booleans() | st.integers(-(2**53), 2**53))
def test_a_value_becomes_the_expression_that_gives_it_and_comes_back(value: Any) -> None:
    expression = expressions.carried(value, {})
    if value == "":
        assert expression == {}
        return
    if "\0" not in str(value):
        assert strict_json.dumps(expressions.evaluate(expression["$expr"], {})) == strict_json.dumps(value)
        assert strict_json.dumps(expressions.carried(expression, ABSENT)) == strict_json.dumps(value)


def test_an_expression_that_is_no_literal_stays_as_text_and_what_is_there_is_not_replaced() -> None:
    assert expressions.carried({"$expr": "payload.a & 'b'"}, ABSENT) == "payload.a & 'b'"
    assert expressions.carried({"$expr": "payload.a"}, "mine") == "mine"
    assert expressions.carried("text", {"$expr": "payload.a"}) == {"$expr": "payload.a"}
    assert expressions.carried({"seconds": 60}, {}) == {}

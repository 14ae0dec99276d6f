"""Verdicts of the schema check, and that no schema and no value can hang it or make it fetch anything."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import sandbox
from lib.catalog import system as system_catalog
from lib.sandbox import schemas
from lib.sandbox.validation import MOST_UNITS, SchemaVerdict, checker, violations
from lib.schemas import cost
from lib.schemas.document import SchemaDocument
from lib.schemas.form import load
from lib.schemas.judge import Judge
from lib.serialization import strict_json
from tests.support import work
from tests.support.children import anyof_bomb
from tests.support.waiting import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[3]


def in_child(schema: Any, value: Any, timeout_ms: int = 1000) -> SchemaVerdict:
    """The verdict of a child, whatever the schema costs: the same, under a reference that may lead anywhere."""
    costly = {"$dynamicAnchor": "any", "anyOf": [schema, {"$dynamicRef": "#any", "not": {}}]}
    return violations(costly, value, timeout_ms=timeout_ms)


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    sandbox.start()
    in_child({}, 1)
    yield
    sandbox.stop()


def found(verdict: SchemaVerdict) -> list[tuple[str, str]]:
    return [(violation.pointer, violation.message) for violation in verdict.violations]


SENTENCES: list[tuple[Any, Any, str, str]] = [
    ({"required": ["b", "a"]}, {"b": 1}, "", '"a" is missing.'),
    ({"type": "string"}, 1, "", "Must be text."),
    ({"type": "integer"}, 1.5, "", "Must be a whole number."),
    ({"type": "number"}, "x", "", "Must be a number, not text."),
    ({"type": ["string", "null"]}, [], "", "Must be text or null, not a list."),
    ({"type": "boolean"}, None, "", "Must be true or false, not null."),
    ({"enum": ["a", 1.5, None]}, "x", "", 'Must be "a", 1.5 or null.'),
    ({"enum": list("abcde")}, "x", "", 'Must be one of "a", "b", "c", "d" or "e".'),
    ({"const": {"a": 1}}, {}, "", 'Must be {"a":1}.'),
    ({"format": "date-time"}, "x", "", "Must be a date and time with offset, such as 2026-05-17T09:30:00Z."),
    ({"format": "email"}, "x", "", "Must be an e-mail address."),
    ({"format": "idn-hostname"}, "a b", "", "Must be a host name."),
    ({"pattern": "^[a-z]+$"}, "A", "", "Must match the pattern ^[a-z]+$"),
    ({"minLength": 1}, "", "", "Must have at least 1 character."),
    ({"maxLength": 2}, "abc", "", "Must have at most 2 characters."),
    ({"minimum": 1.10}, 1, "", "Must be at least 1.1."),
    ({"exclusiveMaximum": 5}, 5, "", "Must be less than 5."),
    ({"multipleOf": 0.01}, Decimal("0.005"), "", "Must be a multiple of 0.01."),
    ({"minItems": 2}, [1], "", "Must have at least 2 items."),
    ({"uniqueItems": True}, [1, 1.0], "", "Must not hold the same item twice."),
    ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 2}, "", '"b" is not allowed here.'),
    ({"additionalProperties": False}, {"b": 2, "c": 3}, "", '"b" and "c" are not allowed here.'),
    (
        {"patternProperties": {"^x": {}}, "additionalProperties": False},
        {"x1": 1, "y": 2},
        "",
        '"y" is not allowed here.',
    ),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "", 'With "a", "b" must be given as well.'),
    ({"not": {}}, 1, "", "Has a form that is not allowed."),
    (False, 1, "", "Nothing is allowed here."),
    ({"oneOf": [{}, {}]}, 1, "", "Fits more than one of the 2 allowed forms; exactly one is wanted."),
    ({"oneOf": [{"type": "string"}, {"type": "null"}]}, 1, "", "Must be text or null."),
    ({"items": {"properties": {"a/b": {"type": "null"}}}}, [{}, {"a/b": 1}], "/1/a~1b", "Must be null."),
]


@pytest.mark.parametrize(("schema", "value", "pointer", "message"), SENTENCES, ids=lambda part: str(part)[:30])
def test_one_sentence_a_violation(schema: Any, value: Any, pointer: str, message: str) -> None:
    verdict = violations(schema, value)
    assert verdict.status == "invalid"
    assert found(verdict) == [(pointer, message)]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"enum": [1]},
        {"const": 1},
        {"pattern": "^x"},
        {"format": "uuid"},
        {"maxLength": 1},
        {"not": {}},
        {"anyOf": [{"type": "null"}, {"maxLength": 1}]},
        {"properties": {}, "type": "object"},
    ],
)
def test_a_message_never_repeats_the_value(schema: Any) -> None:
    verdict = violations(schema, "hunter2")
    assert verdict.status == "invalid"
    assert "hunter2" not in str(verdict)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"multipleOf": 0.01}, Decimal("1.10")),
        ({"multipleOf": 0.01}, Decimal("4.35")),
        ({"multipleOf": Decimal("0.1")}, Decimal("0.3")),
        ({"multipleOf": 1e-300}, Decimal("1e300")),
        ({"multipleOf": 3}, 3 * 10**60),
        ({"type": "integer"}, Decimal("1.0")),
        ({"type": "integer"}, 10**100),
        ({"type": "number"}, Decimal("1.5")),
        ({"maximum": 9007199254740993}, 9007199254740993),
        ({"const": 1}, Decimal("1.0")),
        ({"enum": [1.10]}, Decimal("1.1")),
        ({"uniqueItems": True}, [1, True, "1", Decimal("1.5"), {"a": 1}, {"a": True}]),
        ({"properties": {"n": {"$ref": "#"}, "v": {"type": "integer"}}}, {"n": {"n": {"v": Decimal("2.0")}}}),
        (
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "properties": {"n": {"$ref": "#"}},
                "type": ["object", "integer"],
            },
            {"n": Decimal("2.0")},
        ),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, "x"),
        ({"$ref": "#a", "$defs": {"a": {"$anchor": "a", "type": "string"}}}, "x"),
        ({"$id": "https://x.example/s", "$ref": "/t", "$defs": {"t": {"$id": "/t", "type": "string"}}}, "x"),
        ({"examples": [{"$ref": "http://127.0.0.1:1/"}], "const": {"$ref": "http://x/"}}, {"$ref": "http://x/"}),
        ({"properties": {"$ref": {"type": "string"}}}, {"$ref": "x"}),
        (True, None),
    ],
    ids=lambda part: str(part)[:40],
)
def test_valid(schema: Any, value: Any) -> None:
    assert violations(schema, value) == SchemaVerdict("valid")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"maximum": 5},
        {"multipleOf": 7},
        {"enum": [1, 2]},
        {"const": 1},
        {"anyOf": [{"type": "string"}, {"maximum": 5}]},
        {"const": strict_json.parse("8" * 5000)},
    ],
    ids=str,
)
@pytest.mark.parametrize("digits", [4301, 5000, 131_072])
def test_numbers_of_more_digits_than_python_reads_are_judged(schema: Any, digits: int) -> None:
    value = strict_json.parse('{"a": ' + "9" * digits + "}")
    verdict = violations({"properties": {"a": schema}, "required": ["x"]}, value)
    assert verdict.status == "invalid" and {path for path, _ in found(verdict)} == {"", "/a"}


def test_numbers_that_floats_would_let_pass() -> None:
    assert violations({"maximum": 9007199254740992}, 9007199254740993).status == "invalid"
    assert violations({"const": 9007199254740992}, 9007199254740993).status == "invalid"
    assert violations({"multipleOf": 0.01}, Decimal("1.1000000000000000000001")).status == "invalid"
    assert violations({"type": "integer"}, Decimal("1.0000000000000000000001")).status == "invalid"


@pytest.mark.parametrize(
    ("draft", "schema", "value", "status"),
    [
        ("http://json-schema.org/draft-04/schema#", {"type": "integer"}, Decimal("1.0"), "invalid"),
        ("http://json-schema.org/draft-04/schema#", {"minimum": 1, "exclusiveMinimum": True}, 1, "invalid"),
        ("http://json-schema.org/draft-07/schema#", {"items": [{"type": "null"}]}, [1], "invalid"),
        ("http://json-schema.org/draft-07/schema#", {"prefixItems": [{"type": "null"}]}, [1], "valid"),
        ("https://json-schema.org/draft/2019-09/schema", {"prefixItems": [{"type": "null"}]}, [1], "valid"),
        ("https://json-schema.org/draft/2020-12/schema", {"prefixItems": [{"type": "null"}]}, [1], "invalid"),
        (None, {"prefixItems": [{"type": "null"}]}, [1], "invalid"),
    ],
)
def test_the_draft_that_the_schema_names(draft: str | None, schema: Any, value: Any, status: str) -> None:
    assert violations({**schema, "$schema": draft} if draft else schema, value).status == status


def test_no_more_violations_than_asked_for() -> None:
    assert len(violations({"items": {"type": "null"}}, [1] * 1000).violations) == 50
    assert len(violations({"items": {"type": "null"}}, [1] * 1000, limit=3).violations) == 3


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ([], "must be an object, true or false"),
        ("x", "must be an object, true or false"),
        ({"type": "strin"}, "is not a JSON Schema at /type"),
        ({"pattern": "("}, "is not a JSON Schema at /pattern"),
        ({"multipleOf": 0}, "is not a JSON Schema at /multipleOf"),
        ({"required": "a"}, "is not a JSON Schema at /required"),
        ({"$ref": "file:///etc/hostname"}, "refers to file:///etc/hostname, which is outside of it"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "refers to other.json, which is outside of it"),
        ({"$dynamicRef": "http://127.0.0.1:1/x"}, "which is outside of it"),
        ({"$id": "http://127.0.0.1:1/a", "$ref": "b"}, "refers to b, which is outside of it"),
        ({"$ref": "#/$defs/none"}, "refers to /$defs/none, which is not in it"),
        ({"$ref": "#none"}, "refers to none, which is not in it"),
        ({"$ref": "#"}, "refers to itself without end"),
        (
            {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
            "refers to itself without end",
        ),
    ],
    ids=lambda part: str(part)[:40],
)
def test_unusable_schemas(schema: Any, error: str) -> None:
    verdict = violations(schema, {"a": 1})
    assert verdict.status == "schema_error"
    assert error in (verdict.error or "")


def test_no_reference_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.5)
        url = f"http://127.0.0.1:{canary.getsockname()[1]}/schema.json"
        for schema in ({"$ref": url}, {"$schema": url}, {"$id": url, "$ref": "#/x"}, {"$dynamicRef": url}):
            violations(schema, 1)
        with pytest.raises(TimeoutError):
            canary.accept()


BOMBS: dict[str, tuple[Any, Any, str]] = {
    "pattern": ({"pattern": "^(a+)+$"}, "a" * 40 + "!", "invalid"),
    "patternProperties": ({"patternProperties": {"^(a|a)+$": False}}, {"a" * 40 + "!": 1}, "valid"),
    "uniqueItems": ({"uniqueItems": True}, [{"n": n} for n in range(8000)], "valid"),
    "anyOf": (anyof_bomb(), 1, "timed_out"),
    "format regex": ({"pattern": "(" * 60 + "a*" + ")*" * 60 + "b"}, "a" * 60, "invalid"),
    "huge multipleOf": (
        {"items": {"multipleOf": Decimal("1e-300")}},
        [Decimal("7" * 100_000 + ".3")] * 2,
        "valid timed_out",
    ),
}


@pytest.mark.parametrize(("schema", "value", "outcome"), BOMBS.values(), ids=BOMBS.keys())
def test_bombs_end(schema: Any, value: Any, outcome: str) -> None:
    start = time.monotonic()
    verdict = violations(schema, value, timeout_ms=200)
    assert verdict.status in outcome.split()
    assert time.monotonic() - start < PATIENCE
    assert violations({"type": "string"}, "x").valid


def test_many_iris_are_no_bomb() -> None:
    schema = {"items": {"type": "string", "format": "iri"}}
    fine = [f"https://example.com/{place}?q=a%20b#c" for place in range(200)]
    assert violations(schema, [*fine, "http://例え.jp/ü"]).status == "valid"
    wrong = violations(schema, ["a b", fine[0], "ü b", "http://[x]/"])
    assert [where for where, _ in found(wrong)] == ["/0", "/2", "/3"]


def test_a_timeout_is_told_apart() -> None:
    verdict = violations(anyof_bomb(), 1, timeout_ms=100)
    assert verdict.status == "timed_out" and verdict.error == "The schema check took more than 100 ms."


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5)
        | st.sampled_from(["#", "#/a", "object", "string", "^a"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    "type $ref items properties anyOf allOf not if then enum pattern $schema $id a".split()
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_schema_has_a_verdict(schema: Any) -> None:
    try:
        json.dumps(schema, ensure_ascii=False).encode()
        assert "\x00" not in str(schema) and "\\x00" not in repr(schema)
    except (UnicodeEncodeError, AssertionError):
        return
    assert violations(schema, {"a": [1, "x"]}, timeout_ms=500).status


def child_processes() -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "lib.sandbox" in line]


def test_a_killed_child_is_replaced() -> None:
    for pid in child_processes():
        os.kill(pid, signal.SIGKILL)
    assert in_child({}, 1).status in ("valid", "schema_error")
    assert in_child({}, 1).status in ("valid", "schema_error")
    assert in_child({}, 1).valid


def test_a_child_whose_parent_is_gone_does_not_load_to_the_end() -> None:
    def cpu_used(*, until_loaded: bool) -> float:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                child = subprocess.Popen([sys.executable, "-m", "lib.sandbox"], stdin=theirs, stdout=theirs)
            if until_loaded:
                ours.recv(1)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return used.ru_utime + used.ru_stime

    assert cpu_used(until_loaded=False) < cpu_used(until_loaded=True) / 2


def test_a_child_that_does_not_answer_is_killed() -> None:
    in_child({}, 1)
    for pid in child_processes():
        os.kill(pid, signal.SIGSTOP)
    start = time.monotonic()
    assert in_child({}, 1, timeout_ms=10).status == "timed_out"
    assert time.monotonic() - start < PATIENCE
    sandbox.stop()
    assert in_child({}, 1).valid


def test_threads_share_the_children() -> None:
    def check(number: int) -> bool:
        if number % 25 == 0:
            return violations(anyof_bomb(), 1, timeout_ms=50).status == "timed_out"
        return in_child({"const": number}, number).valid and not in_child({"const": number}, -1).valid

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(check, range(200)))
    assert len(child_processes()) <= sandbox.CHILDREN


def test_children_hold_no_secret_and_open_nothing() -> None:
    os.environ["DATABASE_URL_FOR_TEST"] = "hunter2"
    try:
        sandbox.stop()
        in_child({}, 1)
        (pid, *_) = child_processes()
        assert b"hunter2" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert "Max open files            0" in Path(f"/proc/{pid}/limits").read_text()
        descriptors = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        assert all(name.startswith("socket:") or name == "/dev/null" for name in descriptors)
    finally:
        del os.environ["DATABASE_URL_FOR_TEST"]


@pytest.mark.parametrize("end", ["kill", "exit", "thread"])
def test_children_end_with_their_parent(end: str) -> None:
    program = """
import os, signal, sys, threading
from lib.sandbox.validation import violations
def check():
    assert violations({"$dynamicAnchor": "any", "items": {"$dynamicRef": "#any"}}, "x").valid
    print(os.popen(f"ps -o pid= --ppid {os.getpid()} -C python").read() and "ok", flush=True)
if sys.argv[1] == "thread":
    thread = threading.Thread(target=check); thread.start(); thread.join()
else:
    check()
listed = os.popen(f"ps -o pid=,args= --ppid {os.getpid()}").read().splitlines()
print(*[line.split()[0] for line in listed if "lib.sandbox" in line], flush=True)
if sys.argv[1] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program, end], cwd=ROOT, capture_output=True, text=True, timeout=60)
    pids = [int(pid) for pid in done.stdout.splitlines()[-1].split()]
    assert pids, done.stderr
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_cost_of_a_small_payload() -> None:
    schema = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "at": {"type": "string", "format": "date-time"},
            "total": {"type": "number", "multipleOf": 0.01},
        },
    }
    value = {"id": "123e4567-e89b-12d3-a456-426614174000", "at": "2026-05-17T09:30:00Z", "total": Decimal("1.10")}
    check = checker(schema)
    assert check.violations(value).valid
    assert work.calls(lambda: check.violations(value)) < 100
    arguments = {"schema": strict_json.dumps(schema), "value": strict_json.dumps(value), "limit": 50}
    assert schemas.validate(**arguments) == {"violations": [], "unusable": ()}
    assert work.calls(lambda: schemas.validate(**arguments)) < 200, "in the child"


def test_payloads_of_the_system_catalog_are_checked_in_this_process() -> None:
    places, characters = 100, 4000  # more than most of them have
    for event in system_catalog.read():
        bounds = Judge(SchemaDocument(event.schema)).bounds()
        assert cost.is_small(event.schema), event.event_type
        assert bounds.tells.units(places, characters) <= MOST_UNITS, event.event_type
        assert checker(event.schema).violations(event.example) == SchemaVerdict("valid"), event.event_type


def test_whatever_is_inside_one_another_there_is_a_verdict() -> None:
    chain = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(2500)}
    chained = {"oneOf": [{"$ref": "#/$defs/d0"}, {"const": 1}], "$defs": {**chain, "d2500": {"type": "string"}}}
    nested: Any = {"type": "string"}
    for _ in range(400):
        nested = {"anyOf": [nested, {"const": 1}]}
    for schema in (chained, nested):
        assert violations(schema, "x") == SchemaVerdict("valid")
        assert violations(schema, 5).status == "invalid"


def doubled(keyword: str, levels: int) -> Any:
    steps = {f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**steps, f"d{levels}": {"type": "string"}}}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


TWO_WAYS = {"anyOf": [{"properties": {"a": {"$ref": "#"}}, "required": [name]} for name in ("x", "y")]}
#: What would hold this process up: a schema and a value.
HOSTILE: dict[str, tuple[Any, Any]] = {
    "choices doubled": (doubled("anyOf", 40), 1),
    "conditions doubled": (doubled("allOf", 40), 1),
    "doubled inside items": ({"items": doubled("anyOf", 9), "$defs": doubled("anyOf", 9)["$defs"]}, [1] * 500),
    "two ways back": (TWO_WAYS, deep(60)),
    "a pattern of many states": ({"pattern": r"(\w{100}){100}"}, "xa" * 20_000),
    "states for each character": ({"pattern": r"(\w{50}){50}"}, "xa" * 20_000),
    "a look around": ({"items": {"pattern": "^(a|aa)+(?=b)$"}}, ["a" * 40] * 500),
    "a look around a long text": ({"pattern": "(?:(?=.*y)a)*b(?=c)"}, "a" * 20_000),
    "many patterns": ({"patternProperties": {f"^k{n}(a|b)*$": {} for n in range(1500)}}, {"k1ab": 1}),
    "many values": ({"items": {"enum": [{"n": n} for n in range(2000)]}}, [{"n": -1}] * 2000),
    "a pattern as a value": ({"items": {"format": "regex"}}, [r"\p{L}{500}"] * 20),
    "long numbers": ({"items": {"multipleOf": Decimal("1e-300")}}, [Decimal("7" * 20_000 + ".3")] * 20),
    "a dynamic reference": ({"$dynamicAnchor": "a", "items": {"$dynamicRef": "#a"}}, [[[]]] * 50),
    "many references to nothing": ({"allOf": [{"$ref": f"#/$defs/x{n}"} for n in range(3000)]}, 1),
}


@pytest.mark.parametrize(("schema", "value"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_may_take_long_is_left_to_a_child(schema: Any, value: Any) -> None:
    check = checker(schema)
    assert not check.takes_at_most(value, MOST_UNITS)
    asked: list[str] = []
    ask = sandbox._Child.ask

    def counted(child: Any, request: bytes, timeout_ms: int) -> Any:
        asked.append("ask")
        return ask(child, request, timeout_ms)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox._Child, "ask", counted)
        before = time.process_time()
        check.violations(value, timeout_ms=100)
    assert asked and time.process_time() - before < 1


@pytest.mark.parametrize("name", ["choices doubled", "conditions doubled", "two ways back"])
def test_a_form_is_not_held_up_either(name: str) -> None:
    schema, value = HOSTILE[name]
    before = time.process_time()
    form = load(schema, value)
    list(form.root.choices())
    form.violations()
    assert time.process_time() - before < 5

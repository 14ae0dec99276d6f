"""Expressions give what the reference implementation of JSONata gives, or are refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from lib import sandbox
from lib.errors import MappingError
from lib.mapping import expressions
from lib.mapping.expressions import UNSET
from lib.serialization import strict_json
from tests.support import jsonata_reference

PATIENCE_MS = 60_000
ROWS = jsonata_reference.recorded()

#: Where we give something else on purpose, and why.
OTHERWISE = {
    "$replace(p.word, 'r', p.missing, 1)": "the reference writes the word undefined; nothing is written here",
    "$replace(p.word, 'r', $sum, 1)": "the reference writes its own source text; nothing is written here",
    "$replace(p.word, p.missing, 'R', 1)": "the reference breaks with a TypeError; nothing comes of nothing here",
    "$split(p.day, p.missing, 2)": "the reference breaks with a TypeError; nothing comes of nothing here",
    "$match('a😀b', /./).match": "the reference cuts the character in two halves, which cannot be stored",
    "$split('a😀b', '')": "the reference cuts the character in two halves, which cannot be stored",
}
#: What the reference gives and we refuse, and why.
REFUSED = {
    "$fromMillis(1795858215250, '[Y0001]-[M01]-[D01]', p.word)": "the reference writes NaN",
    "$fromMillis(1795858215250, '[H01]', 'Europe/Zurich')": "the reference writes NaN",
    "$fromMillis(1e300)": "the reference writes NaN",
    "$eval('1 + 1')": "nobody could say beforehand what it reads",
}


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    sandbox.start()
    yield
    sandbox.stop()


def alike(one: Any, other: Any) -> bool:
    """The same JSON value, where numbers are doubles as in JavaScript."""
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return not isinstance(one, dict | list) and not isinstance(other, dict | list) and float(one) == float(other)


def answered(row: dict[str, Any]) -> str | None:
    """What is wrong with our answer to an expression of the table, or None."""
    context = strict_json.loads(strict_json.dumps(jsonata_reference.CONTEXT))
    try:
        given = expressions.evaluate(row["expression"], context, timeout_ms=PATIENCE_MS)
    except MappingError as error:
        is_answered = "error" in row or "no" in row or row["expression"] in REFUSED
        return None if is_answered else f"is refused: {error.cause}"
    if given is UNSET:
        return None if not row.keys() & {"value", "error", "no"} else "gives nothing"
    return None if "value" in row and alike(given, row["value"]) else f"gives {given!r:.80}"


def test_the_table_has_many_expressions_of_every_kind() -> None:
    assert [row["expression"] for row in ROWS] == jsonata_reference.expressions(), "record the answers anew"
    assert len(ROWS) > 600
    assert sum("value" in row for row in ROWS) > 600 and sum("error" in row for row in ROWS) > 600


def test_no_answer_differs_silently_from_the_reference() -> None:
    wrong = {row["expression"]: said for row in ROWS if (said := answered(row))}
    assert wrong.keys() == OTHERWISE.keys(), {one: said for one, said in wrong.items() if one not in OTHERWISE}


def test_each_refusal_names_the_function_and_the_place() -> None:
    for row in ROWS:
        if "error" not in row or row["error"].startswith("S"):
            continue
        try:
            expressions.evaluate(row["expression"], jsonata_reference.CONTEXT, timeout_ms=PATIENCE_MS)
        except MappingError as error:
            where = re.search(r"(\$\w+|operator|function|\bkeys?\b).*, at character \d+$", error.cause)
            if row["error"] in ("D3137", "D3141"):  # of $error and $assert: the author's own words
                continue
            assert where or "$eval" in error.cause, (row, error.cause)
            for secret in ("Zürich", "5.75", "Jörg", "acme"):
                assert secret not in error.cause, row


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("p.hours % 1", "0.75"),
        (
            r'$replace("2026-11-28",/(\d+)-(\d+)-(\d+)/,'
            'function($m){$m.groups[2]&"."&$m.groups[1]&"."&$m.groups[0]})',
            '"28.11.2026"',
        ),
        ("1 in [true]", "false"),
        ("$sort(p.rows, function($l, $r) { $l.p > $r.p }).n", '["a","d","b","c"]'),
        ("""$string({"n":"Jörg"})""", r'"{\"n\":\"Jörg\"}"'),
        ("[1,2,3][-1] ?: 42", "3"),
    ],
)
def test_what_an_earlier_engine_got_wrong(expression: str, right: str) -> None:
    assert strict_json.dumps(expressions.evaluate(expression, jsonata_reference.CONTEXT)) == right

"""What the check of a mapping says before publishing is what happens when the mapping is applied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lib import sandbox
from lib.errors import MappingError
from lib.mapping import check as mapping_check
from lib.mapping import expressions, mapping

TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
# Mostly what splitting treats in its own way.
TARGETS = st.text(st.sampled_from("ab.\\\\\\'\"` \n$/~") | TEXT, max_size=8)
NAMES = st.lists(st.text(st.sampled_from("ab.\\'\"`\n") | TEXT, min_size=1, max_size=3), min_size=1, max_size=3)


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    sandbox.start()
    yield
    sandbox.stop()


def schema_of(*names: str) -> dict[str, Any]:
    """Objects in each other that must have these names and no others; the innermost is a whole number."""
    schema: dict[str, Any] = {"type": "integer"}
    for name in reversed(names):
        schema = {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}
    return schema


def names_in(payload: Any) -> list[str]:
    """The names that lead to the only value of a payload."""
    found = []
    while isinstance(payload, dict):
        ((name, payload),) = payload.items()
        found.append(name)
    return found


@settings(deadline=None)
@given(TARGETS)
@example("a\\")
@example("a\\\\")
@example("a\\\\.b")
@example("a\\.b\\")
@example("a.b\\")
@example("\\")
@example("\\x")
@example("a\\\n")
@example("")
@example(".")
def test_a_target_that_works_is_published_and_one_that_does_not_is_refused(target: str) -> None:
    for value in (1, {"$expr": "1"}):
        try:
            names = names_in(mapping.apply_mapping({target: value}, {}).payload)
        except MappingError as error:
            found = mapping_check.check({target: value}, target=None, source=None)
            assert f"{target}: {error.cause}" in {finding.message.removesuffix(".") for finding in found}
            continue
        assert not mapping_check.check({target: value}, target=schema_of(*names), source=None)
        other = mapping_check.check({target: value}, target=schema_of(*names[:-1], f"{names[-1]}?"), source=None)
        assert {finding.target for finding in other if finding.severity == "error"} >= {target}
        assert mapping_check.check({target: "text"}, target=schema_of(*names), source=None)


@settings(deadline=None)
@given(NAMES)
def test_the_targets_that_are_offered_fill_the_fields_they_are_of(names: list[str]) -> None:
    place = mapping_check.targets(schema_of(*names))[-1]
    assert place.types == {"integer"}
    assert names_in(mapping.apply_mapping({place.target: 1}, {}).payload) == names
    assert not mapping_check.check({place.target: 1}, target=schema_of(*names), source=None)


@settings(deadline=None)
@given(TARGETS)
def test_a_target_keeps_its_meaning_in_our_own_spelling(target: str) -> None:
    names = expressions.names(target)
    assert expressions.names(expressions.target(names)) == names


@pytest.mark.parametrize(("one", "other"), [("a\\", "a\\\\"), ("x\\y", "x\\\\y"), ("b.a\\", "b.a\\\\")])
def test_two_spellings_of_one_target_are_refused_rather_than_one_lost(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        with pytest.raises(MappingError, match="is the same target as") as caught:
            mapping.apply_mapping({first: 1, second: 2}, {})
        assert caught.value.target == second
        found = mapping_check.check({first: 1, second: 2}, target=None, source=None)
        assert [finding.target for finding in found] == [second]


@pytest.mark.parametrize(
    "name", ["true", "null", "in", "and", "function", "λ", "größe", "a b", "2nd", "a.b", "_x1", "$x"]
)
def test_an_expression_that_is_offered_reads_its_field(name: str) -> None:
    (offered,) = mapping_check.source_expressions({"type": "object", "properties": {name: {"type": "integer"}}})
    context = mapping.event_context("E", {name: 2**53 + 1})
    assert expressions.evaluate(offered, context) == 2**53 + 1
    assert expressions.evaluate(f"{offered} = {offered}", context) is True  # the engine reads it so too
    assert expressions.fields_read(offered) == {(name,)}


def test_a_target_inside_of_what_takes_no_object_is_refused_with_what_it_takes() -> None:
    text = {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}}}
    (found,) = mapping_check.check({"a.b.c": {"$expr": "event.name"}}, target=text, source=None)
    assert (found.severity, found.target) == ("error", "a.b.c")
    assert found.message == "a.b.c: a.b takes string, and the mapping builds an object there."

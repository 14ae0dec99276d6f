"""Reasons why a candidate did or did not start: declared in one place, with words for all who show them."""

from __future__ import annotations

import ast
import inspect
import string

import pytest

from lib.events import ingestion, matching
from lib.events.matching import REASONS, Match


def given_reasons() -> set[str]:
    """The codes that matching and ingestion give candidates."""
    found = set()
    for module in (matching, ingestion):
        for call in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("skip", "Match", "failed", "matching.failed"):
                texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                found |= set(texts[-1:]) - {"skipped"}
    return found


def test_every_reason_that_is_given_is_declared() -> None:
    given = given_reasons()
    assert len(given) > 6 and given <= REASONS.keys(), given - REASONS.keys()


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_has_a_few_words_and_a_sentence(code: str) -> None:
    reason = REASONS[code]
    assert 1 <= len(reason.word.split()) <= 4 and reason.sentence[-1] in ".}"
    facts = {name for _, name, _, _ in string.Formatter().parse(reason.sentence) if name}
    told = Match(None, None, None, "skipped", code, dict.fromkeys(facts, "FACT")).message
    assert told.count("FACT") == len(facts) and "{" not in told
    without = Match(None, None, None, "skipped", code).message
    assert "{" not in without, "a fact that was not recorded"


def test_a_reason_that_is_not_known_is_its_code() -> None:
    assert Match(None, None, None, "skipped", "of_later").message == matching.reason_word("of_later") == "of_later"

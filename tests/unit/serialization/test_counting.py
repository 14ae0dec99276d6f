"""Numbers with what they count."""

from __future__ import annotations

import pytest

from lib.serialization.counting import plural


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "event", "0 events"),
        (1, "event", "1 event"),
        (2, "entry", "2 entries"),
        (1, "entry", "1 entry"),
        (1234, "failed run", "1,234 failed runs"),
    ],
)
def test_one_is_singular(number: int, noun: str, said: str) -> None:
    assert plural(number, noun) == said

"""Names that are meant when one is misspelt."""

from __future__ import annotations

import difflib
import random

import pytest

from lib.catalog import system as system_catalog
from lib.catalog.nearest import comparable, did_you_mean, nearest
from tests.support.work import calls

TYPES = ["TICKET_CREATED", "TICKET_CLOSED", "DEVICE_OFFLINE", "INVOICE_PAID"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TICKET_CREATE", " Did you mean TICKET_CREATED?"),
        ("ticket created", " Did you mean TICKET_CREATED?"),
        ("DEVICE_OFLINE", " Did you mean DEVICE_OFFLINE?"),
        ("SOMETHING_ELSE", ""),
        ("", ""),
        ("😀" * 500, ""),
    ],
)
def test_the_nearest_name_is_asked_for(name: str, said: str) -> None:
    assert did_you_mean(name, TYPES) == said


def test_without_names_nothing_is_meant() -> None:
    assert did_you_mean("TICKET_CREATED", []) == ""


def test_among_ten_thousand_names_few_are_compared() -> None:
    words = sorted({word for event in system_catalog.read() for word in event.event_type.split("_")})
    chosen = random.Random(1)
    many = sorted({"_".join(chosen.sample(words, 3)) for _ in range(10_000)})
    assert did_you_mean("DEVICE_OFLINE", [*many, *TYPES]) == " Did you mean DEVICE_OFFLINE?"
    texts = [comparable(one) for one in many]
    found = nearest("DEVICE_TICKET_OFFLINE", texts, limit=3)
    assert found == difflib.get_close_matches("device ticket offline", texts, 3, 0.5)
    # Comparing all of them takes more than 100 calls for each.
    assert calls(lambda: nearest("DEVICE_TICKET_OFFLINE", texts, limit=3)) < 15 * len(texts)
